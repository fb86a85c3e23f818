//! How long rows are kept, and what is held whatever the time: `[retention]` and `[hold]`. Apart from the sources because
//! rows outlive the configuration of the account they came from.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span as Length, Timestamp};
use serde_json::Value;

use super::document::Section;
use super::fault::{ConfigError, shown};
use crate::coverage::Span;
use crate::lake::Hold;
use crate::schema::{EARLIEST, Micros, parse_time};

pub(super) const KEYS_OF_HOLD: &[&str] = &["reason", "sources", "performers", "from", "to"];

const FOREVER: &str = "forever";
const FORM: &str = r#"write it as "7y", "400d" or "forever""#;
/// Longer than any history.
const MOST_DAYS: i32 = 36_500;

/// How long rows are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Retention {
    /// Of every source that is not named; for ever where there is none.
    pub keep: Option<Keep>,
    /// By source; for ever where there is none.
    pub sources: BTreeMap<String, Option<Keep>>,
}

/// A length of time in whole days or calendar years.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    number: i32,
    is_years: bool,
}

impl fmt::Display for Keep {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.number, if self.is_years { "y" } else { "d" })
    }
}

impl Keep {
    fn read(text: &str) -> Option<Self> {
        let unit = text.chars().next_back().filter(|unit| matches!(unit, 'd' | 'y'))?;
        let digits = text.strip_suffix(unit)?;
        let number = digits
            .parse()
            .ok()
            .filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        let is_years = unit == 'y';
        let most = if is_years { MOST_DAYS / 365 } else { MOST_DAYS };
        (1..=most).contains(&number).then_some(Self { number, is_years })
    }

    /// What is older than this goes: the begin of a day in UTC, so that a day goes as a whole and none too soon.
    pub fn before(self, now: Micros) -> Micros {
        let length = if self.is_years {
            Length::new().years(self.number)
        } else {
            Length::new().days(self.number)
        };
        let today = Timestamp::from_microsecond(now).map(|now| now.to_zoned(TimeZone::UTC).date());
        let border = today.and_then(|today| today.checked_sub(length));
        let begin = border.and_then(|border| border.to_zoned(TimeZone::UTC));
        begin.map_or(EARLIEST, |begin| begin.timestamp().as_microsecond().max(EARLIEST))
    }
}

impl Retention {
    /// What is configured for a source.
    pub fn of(&self, source: &str) -> Option<Keep> {
        self.sources.get(source).copied().unwrap_or(self.keep)
    }

    /// Reads the table `retention` of the root.
    pub(super) fn read(root: &Section<'_>) -> Result<Self, ConfigError> {
        let Some(section) = root.table("retention")? else {
            return Ok(Self::default());
        };
        section.check_keys(&["keep", "sources"])?;
        let mut retention = Self {
            keep: keep(&section, "keep")?,
            sources: BTreeMap::new(),
        };
        if let Some(sources) = section.table("sources")? {
            for name in sources.keys() {
                check_source(&sources, name, name)?;
                let Some(source) = sources.table(name)? else { continue };
                source.check_keys(&["keep"])?;
                retention.sources.insert(name.to_owned(), keep(&source, "keep")?);
            }
        }
        Ok(retention)
    }
}

fn keep(section: &Section<'_>, key: &str) -> Result<Option<Keep>, ConfigError> {
    match section.text(key)? {
        None | Some(FOREVER) => Ok(None),
        Some(text) => Keep::read(text).map(Some).ok_or_else(|| {
            let message = format!("`{}` is not a time to keep rows", shown(text, 30));
            section.fault(key, &message).hinted(FORM)
        }),
    }
}

/// Reads the table `hold` of the root, each of whose tables is one hold.
pub(super) fn holds(root: &Section<'_>, zone: &TimeZone) -> Result<Vec<Hold>, ConfigError> {
    let Some(section) = root.table("hold")? else {
        return Ok(Vec::new());
    };
    let keys = section.keys().into_iter();
    keys.map(|name| hold(&section, name, zone)).collect()
}

fn hold(holds: &Section<'_>, name: &str, zone: &TimeZone) -> Result<Hold, ConfigError> {
    if !holds.is_table(name) {
        let fault = holds.fault(name, "is no hold");
        return Err(fault.hinted("give each hold a name: [hold.case_26_114]"));
    }
    let Some(section) = holds.table(name)? else {
        return Err(holds.fault(name, "is missing"));
    };
    section.check_keys(KEYS_OF_HOLD)?;
    let Some(reason) = section.text("reason")? else {
        let fault = section.fault_of_table("reason", "no reason: why must nothing go?");
        return Err(fault.hinted("add reason = \"…\", which is shown where the hold keeps something back"));
    };
    let sources = texts(&section, "sources")?;
    for source in sources.iter().flatten() {
        check_source(&section, "sources", source)?;
    }
    let span = Span::new(
        time(&section, "from", zone)?.unwrap_or(EARLIEST),
        time(&section, "to", zone)?.unwrap_or(Micros::MAX),
    );
    if span.is_empty() {
        return Err(section.fault("from", "is not before `to`"));
    }
    Ok(Hold {
        name: name.to_owned(),
        reason: reason.to_owned(),
        sources: sources.unwrap_or_default(),
        performers: texts(&section, "performers")?.unwrap_or_default(),
        span,
    })
}

/// A list that holds something; an empty one would mean everything or nothing.
fn texts(section: &Section<'_>, key: &str) -> Result<Option<Vec<String>>, ConfigError> {
    match section.texts(key)? {
        Some(texts) if texts.is_empty() => Err(section
            .fault(key, "is empty")
            .hinted("leave it out to hold all of them")),
        texts => Ok(texts.map(|texts| texts.into_iter().map(str::to_owned).collect())),
    }
}

fn time(section: &Section<'_>, key: &str, zone: &TimeZone) -> Result<Option<Micros>, ConfigError> {
    let Some(value) = section.json(key)? else {
        return Ok(None);
    };
    let text = value.as_str().unwrap_or_default();
    let midnight = |date: Date| {
        date.to_zoned(zone.clone())
            .ok()
            .map(|at| at.timestamp().as_microsecond())
    };
    let read = text
        .parse::<Date>()
        .ok()
        .filter(|_| text.len() == 10)
        .and_then(midnight);
    read.or_else(|| parse_time(text)).map(Some).ok_or_else(|| {
        let text = if let Value::String(text) = &value {
            shown(text, 40)
        } else {
            shown(&value.to_string(), 40)
        };
        let fault = section.fault(key, &format!("`{text}` is not a time"));
        fault.hinted("a date, or a time with an offset such as 2026-06-30T12:00:00Z")
    })
}

fn check_source(section: &Section<'_>, key: &str, name: &str) -> Result<(), ConfigError> {
    super::source::name_fault(name).map_or(Ok(()), |(message, hint)| {
        Err(section
            .fault(key, &format!("`{}`: {message}", shown(name, 60)))
            .hinted(hint))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::format_time;

    #[test]
    fn a_length_is_whole_days_or_calendar_years_and_ends_at_the_begin_of_a_day() {
        let now = parse_time("2028-02-29T17:30:00Z").unwrap();
        let cases = [
            ("7y", Some("2021-02-28T00:00:00Z")),
            ("1d", Some("2028-02-28T00:00:00Z")),
            ("400d", Some("2027-01-25T00:00:00Z")),
            ("100y", Some("2000-01-01T00:00:00Z")),
            ("0d", None),
            ("7", None),
            ("7m", None),
            ("-7d", None),
            ("+7d", None),
            ("36501d", None),
            ("y", None),
            ("é", None),
        ];
        for (text, expected) in cases {
            let before = Keep::read(text).map(|keep| format_time(keep.before(now)));
            assert_eq!(before.as_deref(), expected, "{text}");
        }
    }
}
