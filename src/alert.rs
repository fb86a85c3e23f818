//! What is told to whom: which events an alert asks for, what its message says, what has been told before, and what still has
//! to be. Pure: sending is the business of `command`.

mod waiting;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::config::{Alert, Kind};
use crate::coverage::{Gap, Span};
use crate::schema::format_time;
use crate::sql::Severity;

pub use waiting::{Noted, Waiting};

/// Lines of one message; what is more is counted.
const MOST_LINES: usize = 20;
/// Characters of a text that came from elsewhere.
const LONGEST: usize = 500;
/// A stream's clock is told at most so often.
const EVERY: SignedDuration = SignedDuration::from_hours(23);
/// An event that is told so much later than it was noted is told with its time.
const LATE: SignedDuration = SignedDuration::from_mins(15);

/// Something that somebody may want to be told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    Failure {
        job: String,
        exit_code: i32,
        message: String,
    },
    Look {
        job: String,
        message: String,
    },
    /// A report without a known severity counts as the most severe.
    Findings {
        job: String,
        report: String,
        severity: Option<Severity>,
    },
    Gap {
        stream: String,
        gap: Gap,
    },
    Retention {
        stream: String,
        days: i64,
    },
    /// Sent by `alert test` alone, to whatever it is asked for.
    Test,
}

impl Event {
    fn is_wanted(&self, alert: &Alert) -> bool {
        alert.on.iter().any(|kind| match (self, kind) {
            (Self::Test, _)
            | (Self::Failure { .. }, Kind::Failure)
            | (Self::Look { .. }, Kind::Look)
            | (Self::Gap { .. }, Kind::Gap) => true,
            (Self::Findings { severity, .. }, Kind::Findings(least)) => {
                severity.is_none_or(|severity| severity >= *least)
            }
            (Self::Retention { days, .. }, Kind::Retention) => *days <= i64::from(alert.retention_days),
            _ => false,
        })
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Failure { .. } => "failure",
            Self::Look { .. } => "look",
            Self::Findings { .. } => "findings",
            Self::Gap { .. } => "gap",
            Self::Retention { .. } => "retention",
            Self::Test => "test",
        }
    }

    /// One line for people. Text that came from elsewhere is cut to one line of plain characters.
    fn text(&self) -> String {
        match self {
            Self::Failure {
                job,
                exit_code,
                message,
            } => {
                format!("{job} failed with exit code {exit_code}: {}", shown(message))
            }
            Self::Look { job, message } => format!("{job} is done, and needs a look: {}", shown(message)),
            Self::Findings { job, report, severity } => {
                let severity = severity.map_or("", Severity::name);
                let severity = if severity.is_empty() {
                    String::new()
                } else {
                    format!(" of severity {severity}")
                };
                format!("{job}: the report {} has findings{severity}", shown(report))
            }
            Self::Gap { stream, gap } => format!(
                "{}: a gap from {} to {}: {}",
                shown(stream),
                format_time(gap.span.from),
                format_time(gap.span.to),
                shown(&gap.reason)
            ),
            Self::Retention { stream, days } if *days <= 0 => {
                format!(
                    "{}: the vendor may have dropped events that are not collected",
                    shown(stream)
                )
            }
            Self::Retention { stream, days } => {
                let days = if *days == 1 {
                    "in 1 day".to_owned()
                } else {
                    format!("in {days} days")
                };
                format!(
                    "{}: {days} the vendor drops events that are not collected",
                    shown(stream)
                )
            }
            Self::Test => "this is a test; alerts arrive here".to_owned(),
        }
    }

    fn json(&self) -> Value {
        let mut value = match self {
            Self::Failure {
                job,
                exit_code,
                message,
            } => {
                json!({"job": job, "exit_code": exit_code, "message": shown(message)})
            }
            Self::Look { job, message } => json!({"job": job, "message": shown(message)}),
            Self::Findings { job, report, severity } => {
                json!({"job": job, "report": report, "severity": severity.map(Severity::name)})
            }
            Self::Gap { stream, gap } => json!({
                "stream": stream,
                "from": format_time(gap.span.from),
                "to": format_time(gap.span.to),
                "reason": shown(&gap.reason),
            }),
            Self::Retention { stream, days } => json!({"stream": stream, "days": days}),
            Self::Test => json!({}),
        };
        value["kind"] = self.kind().into();
        value["text"] = self.text().into();
        value
    }
}

/// What one alert says of these events.
pub struct Message {
    lines: Vec<String>,
    events: Vec<Value>,
}

impl Message {
    pub fn of(noted: &[Noted], now: Timestamp) -> Self {
        Self {
            lines: noted.iter().map(|noted| noted.text(now)).collect(),
            events: noted.iter().take(MOST_LINES).map(Noted::json).collect(),
        }
    }

    fn text(&self) -> String {
        let mut lines: Vec<String> = self
            .lines
            .iter()
            .take(MOST_LINES)
            .map(|line| format!("trailhouse: {line}"))
            .collect();
        let more = self.lines.len().saturating_sub(MOST_LINES);
        if more > 0 {
            lines.push(format!("trailhouse: and {more} more"));
        }
        lines.join("\n")
    }

    /// As Slack and what is like it take it. There `&`, `<` and `>` are markup, with which a text could call everybody; others
    /// take a plain `@channel` for that.
    pub fn for_webhook(&self) -> String {
        let mut text = self
            .text()
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        for name in ["channel", "here", "everyone", "all"] {
            text = text.replace(&format!("@{name}"), &format!("@\u{200b}{name}"));
        }
        json!({"text": text}).to_string()
    }

    /// As a command gets it on its standard input: one line.
    pub fn for_command(&self) -> String {
        format!("{}\n", json!({"text": self.text(), "events": self.events}))
    }
}

/// Foreign text as it may stand in a message: one line, short, without control characters and without those that turn the
/// direction of what follows.
fn shown(text: &str) -> String {
    let is_hidden = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut cut: String = line
        .chars()
        .filter(|letter| !is_hidden(*letter))
        .take(LONGEST)
        .collect();
    if line.chars().count() > LONGEST {
        cut.push('…');
    }
    cut
}

/// What has been told, so that it is not told again and again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// Per stream the gaps there were.
    gaps: BTreeMap<String, Vec<Span>>,
    /// Per alert and stream the time its clock was told last.
    clocks: BTreeMap<String, Timestamp>,
}

impl Told {
    /// The gaps of a stream that touch none of those there were: one that only grew is not told again. They count as told from
    /// now on.
    pub fn new_gaps(&mut self, stream: &str, gaps: &[Gap]) -> Vec<Event> {
        let spans = gaps.iter().map(|gap| gap.span).collect();
        let old = self.gaps.insert(stream.to_owned(), spans).unwrap_or_default();
        let is_new = |gap: &&Gap| !old.iter().any(|old| old.from <= gap.span.to && gap.span.from <= old.to);
        let event = |gap: &Gap| Event::Gap {
            stream: stream.to_owned(),
            gap: gap.clone(),
        };
        gaps.iter().filter(is_new).map(event).collect()
    }

    /// Whether the clock of a stream is to be told now: it has run down far enough for the alert, and was not told within a day.
    /// It counts as told from now on.
    pub fn is_clock_due(&mut self, alert: &Alert, stream: &str, days: i64, now: Timestamp) -> bool {
        let is_wanted = alert.on.contains(&Kind::Retention) && days <= i64::from(alert.retention_days);
        let key = format!("{}/{stream}", alert.name);
        if !is_wanted {
            self.clocks.remove(&key);
            return false;
        }
        let is_fresh = self
            .clocks
            .get(&key)
            .is_some_and(|told| *told <= now && now.duration_since(*told) < EVERY);
        if !is_fresh {
            self.clocks.insert(key, now);
        }
        !is_fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Environment, Flags};

    pub(super) fn alert(lines: &str) -> Alert {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("[[alert]]\ncommand = [\"x\"]\n{lines}\n");
        crate::atomic::create_new(&folder.path().join("trailhouse.toml"), text.as_bytes()).unwrap();
        let read = config::load(&Flags::default(), &Environment::from_pairs(folder.path(), &[]));
        read.unwrap().alerts.remove(0)
    }

    fn gap(from: i64, to: i64) -> Gap {
        Gap {
            span: Span::new(from, to),
            reason: "a\u{202e}b\nc\u{1b}[31m".to_owned(),
        }
    }

    fn events() -> Vec<Event> {
        let (job, stream, message) = ("night".to_owned(), "acme.audit_logs".to_owned(), "x".repeat(2_000));
        let findings = |report: &str, severity| Event::Findings {
            job: job.clone(),
            report: report.to_owned(),
            severity,
        };
        vec![
            Event::Failure {
                job: job.clone(),
                exit_code: 1,
                message,
            },
            Event::Look {
                job: job.clone(),
                message: "<b>".to_owned(),
            },
            findings("grave", Some(Severity::High)),
            findings("small", Some(Severity::Low)),
            findings("own", None),
            Event::Gap {
                stream: stream.clone(),
                gap: gap(0, 1_000_000),
            },
            Event::Retention {
                stream: stream.clone(),
                days: 12,
            },
            Event::Retention { stream, days: 40 },
        ]
    }

    fn lines(on: &str) -> Vec<String> {
        let (alert, mut waiting) = (alert(on), Waiting::default());
        waiting.add([&alert], &events(), Timestamp::UNIX_EPOCH);
        Message::of(waiting.of(&alert.name), Timestamp::UNIX_EPOCH).lines
    }

    #[test]
    fn everybody_is_told_what_they_ask_for() {
        let cases: &[(&str, &[&str])] = &[
            ("on = \"look\"", &["night is done, and needs a look: <b>"]),
            (
                "on = \"findings:high\"",
                &[
                    "night: the report grave has findings of severity high",
                    "night: the report own has findings",
                ],
            ),
            (
                "on = \"gap\"",
                &["acme.audit_logs: a gap from 1970-01-01T00:00:00Z to 1970-01-01T00:00:01Z: ab c[31m"],
            ),
            (
                "on = \"retention\"",
                &["acme.audit_logs: in 12 days the vendor drops events that are not collected"],
            ),
        ];
        for (on, expected) in cases {
            assert_eq!(lines(on), *expected, "{on}");
        }
        assert_eq!(lines("").len(), 7);
        let failure = lines("on = \"failure\"").remove(0);
        assert!(
            failure.starts_with("night failed with exit code 1: xxx") && failure.chars().count() < 600,
            "{failure}"
        );
    }

    #[test]
    fn many_events_are_one_message_of_bounded_length() {
        let many = (0..50).map(|job| Noted {
            at: Timestamp::UNIX_EPOCH,
            event: Event::Look {
                job: job.to_string(),
                message: String::new(),
            },
        });
        let message = Message::of(&many.collect::<Vec<_>>(), Timestamp::UNIX_EPOCH);
        let body: Value = serde_json::from_str(&message.for_webhook()).unwrap();
        let text = body["text"].as_str().unwrap();
        assert_eq!(
            (text.lines().count(), text.lines().last()),
            (21, Some("trailhouse: and 30 more"))
        );
        let given: Value = serde_json::from_str(&message.for_command()).unwrap();
        assert_eq!(given["events"].as_array().map(Vec::len), Some(20));
    }

    #[test]
    fn a_gap_is_told_once_and_again_only_where_there_was_none() {
        let mut told = Told::default();
        let mut new = |gaps: &[Gap]| {
            let events = told.new_gaps("a.b", gaps);
            let spans = events.into_iter().map(|event| match event {
                Event::Gap { gap, .. } => (gap.span.from, gap.span.to),
                other => panic!("{other:?}"),
            });
            spans.collect::<Vec<_>>()
        };
        assert_eq!(new(&[gap(10, 20)]), [(10, 20)]);
        assert_eq!(new(&[gap(10, 20)]), []);
        // It grows, and falls into two.
        assert_eq!(new(&[gap(10, 25)]), []);
        assert_eq!(new(&[gap(10, 12), gap(15, 25), gap(30, 40)]), [(30, 40)]);
        assert_eq!(new(&[]), []);
        assert_eq!(new(&[gap(10, 20)]), [(10, 20)]);
    }

    #[test]
    fn a_clock_is_told_once_a_day_to_each_who_asks() {
        let (near, far) = (
            alert("name = \"near\"\nretention_days = 7"),
            alert("name = \"far\"\nretention_days = 30"),
        );
        let mut told = Told::default();
        let at = |hour: i64| Timestamp::from_second(hour * 3_600).unwrap();
        let cases = [
            (&far, 12, 0, true),
            (&near, 12, 0, false),
            (&far, 12, 22, false),
            (&far, 11, 24, true),
            (&near, 7, 30, true),
            // It was mended, and runs down again.
            (&far, 80, 31, false),
            (&far, 30, 32, true),
            // The clock of the machine was put back.
            (&far, 29, 1, true),
        ];
        for (place, (alert, days, hour, expected)) in cases.into_iter().enumerate() {
            assert_eq!(
                told.is_clock_due(alert, "a.b", days, at(hour)),
                expected,
                "case {place}"
            );
        }
        assert!(!told.is_clock_due(&alert("on = \"gap\""), "a.b", 1, at(99)));
    }
}
