//! A workspace and its history, drawn from a seed: compact events by place in the cast, ready to be rendered one
//! by one. What is shown when is the listing's business.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use super::acts::{Act, Repertoire};
use super::cast::Cast;
use super::chance::{Purpose, id};
use super::drawing::{draw, staged};
use super::sittings::Sittings;
use super::story;

/// What a workspace is drawn from; equal settings give equal workspaces, whatever the clock on the wall says.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub seed: u64,
    /// Events drawn; the story's come on top.
    pub events: usize,
    /// How many times as many resources there are as events call for.
    pub breadth: usize,
    /// No more resources than this of any kind, but for those that act themselves.
    pub most_of_a_kind: usize,
    /// The length of the drawn history.
    pub days: u32,
    /// Its end: no event is later, and at this instant all of it is visible.
    pub end_at: Timestamp,
    /// Whether the planted story stands in it.
    pub story: bool,
    /// How many of a thousand events become visible late.
    pub late_per_mille: u16,
    /// How late at most.
    pub latest: SignedDuration,
}

impl Settings {
    /// A history without the story, with 20 events of a thousand at most three hours late.
    pub fn new(seed: u64, events: usize, days: u32, end_at: Timestamp) -> Settings {
        let latest = SignedDuration::from_hours(3);
        Settings {
            seed,
            events,
            breadth: 1,
            most_of_a_kind: usize::MAX,
            days,
            end_at,
            story: false,
            late_per_mille: 20,
            latest,
        }
    }
}

/// No place in the cast, no parent.
pub const NONE: u32 = u32::MAX;
/// The `act` of an event whose record is told and not drawn; `resource` is its place among the told.
pub const TOLD: u16 = u16::MAX;

/// One event; times are microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    pub logged_at: i64,
    pub created_at: i64,
    /// The order key, as it stands now.
    pub updated_at: i64,
    /// From when on the service lists it.
    pub visible_at: i64,
    pub resource: u32,
    pub parent: u32,
    /// The event that began the version which this one belongs to; [`NONE`] where it makes no version.
    pub version: u32,
    pub performer: u16,
    pub act: u16,
    /// How often it was revised.
    pub edits: u16,
}

/// A record that is not drawn from the acts.
#[derive(Debug, Clone)]
pub enum Told {
    /// A record of the contract's shape; its times are the event's.
    Record(Value),
    /// Another row's record, sent exactly so.
    Copy(Value),
    /// Sent exactly so, and no event.
    Reject(Value),
}

/// A planned revision: when, and of which event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision {
    pub at: i64,
    pub event: u32,
}

/// The cast and everything that ever happened, oldest first as drawn.
#[derive(Debug)]
pub struct Workspace {
    pub settings: Settings,
    pub cast: Cast,
    pub events: Vec<Event>,
    pub told: Vec<Told>,
    /// Revisions of the drawn history, in order of time.
    pub revisions: Vec<Revision>,
    /// Events before this one are legacy.
    pub legacy_below: u32,
    /// So many events are drawn or of the story; those after them came later.
    pub first_arrival: u32,
    sittings: Sittings,
    rng: fastrand::Rng,
    repertoire: Repertoire,
}

impl Workspace {
    /// Draws all of it; a million events take about a second.
    pub fn draw(settings: &Settings) -> Workspace {
        let cast = Cast::draw(
            settings.seed,
            settings.events,
            (settings.breadth.max(1), settings.most_of_a_kind),
        );
        let repertoire = Repertoire::load();
        let mut rng = fastrand::Rng::with_seed(settings.seed);
        let mut told = Vec::new();
        let mut story = Vec::new();
        if settings.story {
            for (at, record) in story::tell(settings.end_at) {
                story.push(told_event(at, told.len()));
                told.push(Told::Record(record));
            }
        }
        let (events, revisions) = draw(settings, &cast, &repertoire, &mut rng, story);
        let legacy_below = u32::try_from(events.len() / 8).unwrap_or(0);
        let first_arrival = u32::try_from(events.len()).unwrap_or(NONE);
        let settings = settings.clone();
        let mut workspace = Workspace {
            settings,
            cast,
            events,
            told,
            revisions,
            legacy_below,
            first_arrival,
            sittings: Sittings::default(),
            repertoire,
            rng,
        };
        for number in 0..first_arrival {
            workspace.enter(number);
        }
        workspace
    }

    /// The event at `number`, counted in the order of drawing.
    pub fn event(&self, number: u32) -> &Event {
        &self.events[place(number)]
    }

    /// The same, to change it.
    pub fn event_mut(&mut self, number: u32) -> &mut Event {
        &mut self.events[place(number)]
    }

    /// The act of a drawn event; none for a told one.
    pub fn act(&self, event: &Event) -> Option<&Act> {
        self.repertoire.acts.get(usize::from(event.act))
    }

    /// The `id` of the event at `number`; none for a told record without one.
    pub fn event_id(&self, number: u32) -> Option<String> {
        match self.told(self.event(number)) {
            None => Some(id(self.settings.seed, Purpose::Event, u64::from(number)).to_string()),
            Some(Told::Record(record) | Told::Copy(record) | Told::Reject(record)) => {
                Some(record.get("id")?.as_str()?.to_owned())
            }
        }
    }

    /// The `resource_id` of an event that has one.
    pub fn resource_id(&self, event: &Event) -> Option<Uuid> {
        match self.told(event) {
            None => self.cast.resources.get(place(event.resource)).map(|it| it.id),
            Some(Told::Record(record) | Told::Copy(record) | Told::Reject(record)) => {
                record.get("resource_id")?.as_str()?.parse().ok()
            }
        }
    }

    /// The id of the version that the event at `opener` began.
    pub fn version_id(&self, opener: u32) -> Uuid {
        let told = match self.told(self.event(opener)) {
            Some(Told::Record(record)) => record["version_history_id"].as_str().and_then(|it| it.parse().ok()),
            _ => None,
        };
        told.unwrap_or_else(|| id(self.settings.seed, Purpose::Version, u64::from(opener)))
    }

    /// The told record of an event that has one.
    pub fn told(&self, event: &Event) -> Option<&Told> {
        if event.act == TOLD {
            self.told.get(place(event.resource))
        } else {
            None
        }
    }

    /// A new drawn event, visible and keyed at `at`; gives its number.
    pub fn arrive(&mut self, at: i64) -> u32 {
        let act = self.repertoire.draw(&mut self.rng);
        let mut event = staged(&self.cast, &self.repertoire, act, &mut self.rng);
        event.logged_at = at - self.rng.i64(0..2_000_000);
        event.created_at = at;
        event.updated_at = at;
        event.visible_at = at;
        let number = self.push(event);
        self.enter(number);
        number
    }

    /// A new told event, visible and keyed at `at`; gives its number.
    pub fn tell(&mut self, at: i64, told: Told) -> u32 {
        let event = told_event(at, self.told.len());
        self.told.push(told);
        self.push(event)
    }

    /// Finds the version to which an event belongs.
    fn enter(&mut self, number: u32) {
        let event = *self.event(number);
        let version = match (self.told(&event), self.act(&event)) {
            (Some(Told::Record(record)), _) if record["version_history_id"].is_string() => number,
            (None, Some(act)) if act.is_versioned && event.resource != NONE => {
                self.sittings.join(event.resource, number, event.logged_at)
            }
            _ => NONE,
        };
        self.event_mut(number).version = version;
    }

    fn push(&mut self, event: Event) -> u32 {
        let number = u32::try_from(self.events.len()).unwrap_or(NONE);
        self.events.push(event);
        number
    }
}

fn told_event(at: i64, place: usize) -> Event {
    Event {
        logged_at: at,
        created_at: at,
        updated_at: at,
        visible_at: at,
        resource: u32::try_from(place).unwrap_or(NONE),
        parent: NONE,
        version: NONE,
        performer: 0,
        act: TOLD,
        edits: 0,
    }
}

/// A 32-bit number as a place in a list.
pub fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(seed: u64) -> Settings {
        Settings::new(seed, 5_000, 90, "2026-06-30T15:00:00Z".parse().unwrap())
    }

    #[test]
    fn equal_settings_give_equal_histories() {
        let first = Workspace::draw(&settings(4));
        let second = Workspace::draw(&settings(4));
        assert_eq!(first.events, second.events);
        assert_eq!(first.revisions, second.revisions);
        assert_ne!(first.events, Workspace::draw(&settings(5)).events);
    }

    #[test]
    fn times_are_in_order_and_within_the_history() {
        let workspace = Workspace::draw(&settings(4));
        let until = workspace.settings.end_at.as_microsecond();
        assert_eq!(workspace.events.len(), 5_000);
        for event in &workspace.events {
            assert!(event.logged_at <= event.created_at && event.created_at <= event.updated_at);
            assert!(event.updated_at <= event.visible_at && event.visible_at <= until);
        }
        assert!(
            workspace
                .revisions
                .iter()
                .all(|it| it.at > workspace.event(it.event).created_at && it.at < until)
        );
        assert!(workspace.revisions.len() > 200);
    }

    #[test]
    fn there_are_ties_late_rows_and_steps_of_automations() {
        let workspace = Workspace::draw(&settings(4));
        let mut keys: Vec<i64> = workspace.events.iter().map(|event| event.updated_at).collect();
        keys.sort_unstable();
        assert!(keys.windows(2).filter(|pair| pair[0] == pair[1]).count() > 100);
        assert!(
            workspace
                .events
                .iter()
                .filter(|event| event.visible_at > event.updated_at)
                .count()
                > 50
        );
        let steps: Vec<&Event> = workspace.events.iter().filter(|event| event.parent != NONE).collect();
        assert!(steps.len() > 200);
        for step in steps {
            let head = workspace.event(step.parent);
            assert!(workspace.act(head).unwrap().is_parent());
            assert!(head.logged_at <= step.logged_at);
        }
    }
}
