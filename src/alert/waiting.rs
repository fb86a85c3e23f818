//! What somebody is to be told and has not heard yet. Its own file because this is what outlives a daemon that is killed: an event
//! waits here, on the disk, until its message has arrived.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Event, LATE};
use crate::config::Alert;

/// Events that wait for one alert; what is more is given up at once.
const MOST: usize = 1_000;
/// What nobody has taken for so long is given up.
const LONGEST: SignedDuration = SignedDuration::from_hours(72);

/// An event, and when it was noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    pub at: Timestamp,
    pub event: Event,
}

impl Noted {
    pub(super) fn text(&self, now: Timestamp) -> String {
        let text = self.event.text();
        match now.duration_since(self.at) >= LATE {
            true => format!("{text} (at {})", self.at),
            false => text,
        }
    }

    pub(super) fn json(&self) -> Value {
        let mut value = self.event.json();
        value["at"] = self.at.to_string().into();
        value
    }
}

/// By the name of the alert, the oldest event first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Waiting(BTreeMap<String, Vec<Noted>>);

impl Waiting {
    /// Each of these alerts is to be told what it asks for. Says how many events found no place.
    pub fn add<'a>(&mut self, alerts: impl IntoIterator<Item = &'a Alert>, events: &[Event], at: Timestamp) -> usize {
        let mut surplus = 0;
        for alert in alerts {
            for event in events.iter().filter(|event| event.is_wanted(alert)) {
                let waiting = self.0.entry(alert.name.clone()).or_default();
                if waiting.len() >= MOST {
                    surplus += 1;
                    continue;
                }
                let event = event.clone();
                waiting.push(Noted { at, event });
            }
        }
        surplus
    }

    pub fn of(&self, name: &str) -> &[Noted] {
        self.0.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The oldest so many have arrived.
    pub fn arrived(&mut self, name: &str, count: usize) {
        if let Some(waiting) = self.0.get_mut(name) {
            waiting.drain(..count.min(waiting.len()));
        }
        self.0.retain(|_, waiting| !waiting.is_empty());
    }

    /// Gives up what has waited too long, and what waits for an alert that is not configured any more; not while a message is on
    /// the way. Says how many events of which alert are gone.
    pub fn give_up(
        &mut self,
        alerts: &[&Alert],
        is_tried: impl Fn(&str) -> bool,
        now: Timestamp,
    ) -> Vec<(String, usize)> {
        let mut gone = Vec::new();
        for (name, waiting) in &mut self.0 {
            let is_known = alerts.iter().any(|alert| alert.name == *name);
            let before = waiting.len();
            let is_patient = !is_tried(name);
            waiting.retain(|noted| is_known && (is_patient || now.duration_since(noted.at) < LONGEST));
            gone.push((name.clone(), before - waiting.len()));
        }
        self.0.retain(|_, waiting| !waiting.is_empty());
        gone.retain(|(_, count)| *count > 0);
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::alert;
    use super::*;

    fn failure(job: &str) -> Event {
        Event::Failure {
            job: job.to_owned(),
            exit_code: 1,
            message: "no".to_owned(),
        }
    }

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3_600).unwrap()
    }

    #[test]
    fn an_event_waits_until_it_has_arrived_also_on_the_disk() {
        let (one, other) = (
            alert("name = \"one\"\non = \"failure\""),
            alert("name = \"other\"\non = \"gap\""),
        );
        let mut waiting = Waiting::default();
        for (job, hour) in [("a", 0), ("b", 1), ("c", 2)] {
            assert_eq!(waiting.add([&one, &other], &[failure(job)], at(hour)), 0);
        }
        assert_eq!((waiting.of("one").len(), waiting.of("other").len()), (3, 0));
        let text = serde_json::to_string(&waiting).unwrap();
        let mut waiting: Waiting = serde_json::from_str(&text).unwrap();
        waiting.arrived("one", 2);
        let left = Noted {
            at: at(2),
            event: failure("c"),
        };
        assert_eq!(waiting.of("one"), [left]);
        waiting.arrived("one", 9);
        assert_eq!(waiting, Waiting::default());
    }

    #[test]
    fn nothing_waits_for_ever_or_without_bound() {
        let one = alert("name = \"one\"");
        let mut waiting = Waiting::default();
        waiting.add([&one], &[failure("old")], at(0));
        waiting.add([&one], &[failure("new")], at(1));
        let tried = |_: &str| true;
        assert_eq!(waiting.give_up(&[&one], tried, at(71)), []);
        assert_eq!(
            waiting.give_up(&[&one], |_| false, at(99)),
            [],
            "nobody has tried to send it"
        );
        assert_eq!(waiting.give_up(&[&one], tried, at(72)), [("one".to_owned(), 1)]);
        assert_eq!(waiting.of("one").len(), 1);
        assert_eq!(waiting.give_up(&[], tried, at(72)), [("one".to_owned(), 1)]);
        let many: Vec<Event> = (0..MOST + 2).map(|job| failure(&job.to_string())).collect();
        assert_eq!(waiting.add([&one], &many, at(0)), 2);
        assert_eq!(waiting.of("one").len(), MOST);
    }

    #[test]
    fn what_is_told_late_says_when_it_was() {
        let noted = Noted {
            at: at(0),
            event: Event::Test,
        };
        assert!(!noted.text(at(0)).contains("1970"));
        assert!(noted.text(at(1)).ends_with(" (at 1970-01-01T00:00:00Z)"));
    }
}
