//! What is told to whom: which events an alert asks for, what its message says, and what has been told before. Pure: sending is
//! the business of `command`.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::config::{Alert, Kind};
use crate::coverage::{Gap, Span};
use crate::schema::format_time;
use crate::sql::Severity;

/// Lines of one message; what is more is counted.
const MOST_LINES: usize = 20;
/// Characters of a text that came from elsewhere.
const LONGEST: usize = 500;
/// A stream's clock is told at most so often.
const EVERY: SignedDuration = SignedDuration::from_hours(23);

/// Something that somebody may want to be told of.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// What one alert says of these events; nothing where it asks for none of them.
pub struct Message {
    lines: Vec<String>,
    events: Vec<Value>,
}

impl Message {
    pub fn of(alert: &Alert, events: &[Event]) -> Option<Self> {
        let wanted: Vec<&Event> = events.iter().filter(|event| event.is_wanted(alert)).collect();
        (!wanted.is_empty()).then(|| Self {
            lines: wanted.iter().map(|event| event.text()).collect(),
            events: wanted.iter().take(MOST_LINES).map(|event| event.json()).collect(),
        })
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
