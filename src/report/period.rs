//! Times and periods as they are typed, made into half-open intervals of instants. Pure: the present and the time zone of
//! people are given.

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::schema::{self, DAY, Micros, SECOND};

/// How far a report looks back where nothing else is asked.
const DEFAULT_LENGTH: Micros = 90 * DAY;

/// The instants from `since`, itself inside, to `until`, itself outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    pub since: Micros,
    pub until: Micros,
}

/// A time or a period that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    #[error(
        "`{0}` is no time: write a date such as 2026-07-01, a time with its offset such as 2026-07-01T09:00:00Z, or -90d"
    )]
    Time(String),
    #[error("`{0}` is too far away: a time lies between -9999-01-03 and 9999-12-30")]
    Beyond(String),
    #[error("`{0}` is no period: write 2026, 2026-Q2, 2026-06, last-month or last-quarter")]
    Period(String),
    #[error("a period says where it begins and ends: give it without the other two")]
    Both,
    #[error("{since} is not before {until}")]
    Empty { since: String, until: String },
}

/// Reads a time: RFC 3339 with an offset, a date (its midnight in `zone`), or so many days or hours before `now`, as `-90d`.
pub fn time(text: &str, now: Micros, zone: &TimeZone) -> Result<Micros, PeriodError> {
    let read = ago(text, now)
        .or_else(|| date(text).and_then(|date| midnight(date, zone)))
        .or_else(|| schema::parse_time(text));
    let is_well_written = date(text).is_some() || amount(text).is_some();
    read.ok_or_else(|| match is_well_written {
        true => PeriodError::Beyond(text.to_owned()),
        false => PeriodError::Time(text.to_owned()),
    })
}

/// What `--from`, `--to` and `--period` mean together. An end that is missing is `now`, a begin 90 days before the end.
pub fn interval(
    from: Option<&str>,
    to: Option<&str>,
    period: Option<&str>,
    now: Micros,
    zone: &TimeZone,
) -> Result<Interval, PeriodError> {
    if let Some(text) = period {
        if from.is_some() || to.is_some() {
            return Err(PeriodError::Both);
        }
        return named(text, now, zone).ok_or_else(|| PeriodError::Period(text.to_owned()));
    }
    let until = to.map_or(Ok(now), |text| time(text, now, zone))?;
    let since = from.map_or(Ok(until.saturating_sub(DEFAULT_LENGTH)), |text| time(text, now, zone))?;
    if since >= until {
        return Err(PeriodError::Empty {
            since: schema::format_time(since),
            until: schema::format_time(until),
        });
    }
    Ok(Interval { since, until })
}

/// The digits of a time such as `-90d`, and what they count.
fn amount(text: &str) -> Option<(&str, Micros)> {
    let amount = text.strip_prefix('-')?;
    let (amount, unit) = match (amount.strip_suffix('d'), amount.strip_suffix('h')) {
        (Some(days), _) => (days, DAY),
        (None, Some(hours)) => (hours, 3_600 * SECOND),
        (None, None) => return None,
    };
    let is_number = !amount.is_empty() && amount.chars().all(|digit| digit.is_ascii_digit());
    is_number.then_some((amount, unit))
}

fn ago(text: &str, now: Micros) -> Option<Micros> {
    let (amount, unit) = amount(text)?;
    let instant = now.checked_sub(amount.parse::<Micros>().ok()?.checked_mul(unit)?)?;
    jiff::Timestamp::from_microsecond(instant).is_ok().then_some(instant)
}

/// A date and nothing more; jiff by itself would also take a time without an offset and drop it.
fn date(text: &str) -> Option<Date> {
    (text.chars().count() == 10).then(|| text.parse().ok())?
}

fn midnight(date: Date, zone: &TimeZone) -> Option<Micros> {
    let start = date.to_zoned(zone.clone()).and_then(|time| time.start_of_day()).ok()?;
    Some(start.timestamp().as_microsecond())
}

fn named(text: &str, now: Micros, zone: &TimeZone) -> Option<Interval> {
    let today = || {
        jiff::Timestamp::from_microsecond(now)
            .ok()
            .map(|now| now.to_zoned(zone.clone()).date())
    };
    let (first, months) = match text {
        "last-month" => (today()?.first_of_month().checked_sub(1.month()).ok()?, 1),
        "last-quarter" => (quarter_of(today()?)?.checked_sub(3.months()).ok()?, 3),
        _ => written(text)?,
    };
    let end = first.checked_add(months.months()).ok()?;
    Some(Interval {
        since: midnight(first, zone)?,
        until: midnight(end, zone)?,
    })
}

/// First day and number of months of `2026`, `2026-Q2` or `2026-06`.
fn written(text: &str) -> Option<(Date, i64)> {
    let (year, part) = text
        .split_once('-')
        .map_or((text, None), |(year, part)| (year, Some(part)));
    let year = number(year, 4)?;
    let (month, months) = match part {
        None => (1, 12),
        Some(part) => match part.strip_prefix('Q') {
            Some(quarter) => (
                number(quarter, 1).filter(|quarter| (1..=4).contains(quarter))? * 3 - 2,
                3,
            ),
            None => (number(part, 2)?, 1),
        },
    };
    Date::new(year, i8::try_from(month).ok()?, 1)
        .ok()
        .map(|first| (first, months))
}

fn number(text: &str, digits: usize) -> Option<i16> {
    let is_number = text.chars().count() == digits && text.chars().all(|digit| digit.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

/// The first day of the quarter of a day.
fn quarter_of(day: Date) -> Option<Date> {
    Date::new(day.year(), (day.month() - 1) / 3 * 3 + 1, 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-07-15T12:30:00Z
    const NOW: Micros = 1_784_118_600_000_000;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn shown(interval: Interval) -> (String, String) {
        (schema::format_time(interval.since), schema::format_time(interval.until))
    }

    #[test]
    fn times_are_read_in_three_forms() {
        let toronto = zone("America/Toronto");
        let cases = [
            ("2026-07-01", Some("2026-07-01T04:00:00Z")),
            ("2026-12-01", Some("2026-12-01T05:00:00Z")),
            ("2026-07-01T09:00:00Z", Some("2026-07-01T09:00:00Z")),
            ("2026-07-01T09:00:00.25+02:00", Some("2026-07-01T07:00:00.25Z")),
            ("-90d", Some("2026-04-16T12:30:00Z")),
            ("-6h", Some("2026-07-15T06:30:00Z")),
            ("-0d", Some("2026-07-15T12:30:00Z")),
            ("2026-07-01T09:00:00", None),
            ("2026-07", None),
            ("20260701", None),
            ("2026-02-30", None),
            ("90d", None),
            ("--1d", None),
            ("-+1d", None),
            ("-d", None),
            ("-1w", None),
            ("-99999999999999999999d", None),
            ("-9999999d", None),
            ("yesterday", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let read = time(text, NOW, &toronto).ok().map(schema::format_time);
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_day_begins_when_its_clocks_do() {
        let read = time("2018-11-04", NOW, &zone("America/Sao_Paulo")).map(schema::format_time);
        assert_eq!(read.as_deref(), Ok("2018-11-04T03:00:00Z"), "that day had no midnight");
    }

    #[test]
    fn periods_are_those_of_the_zone() {
        let toronto = zone("America/Toronto");
        let cases = [
            ("2026", Some(("2026-01-01T05:00:00Z", "2027-01-01T05:00:00Z"))),
            ("2026-Q2", Some(("2026-04-01T04:00:00Z", "2026-07-01T04:00:00Z"))),
            ("2026-Q4", Some(("2026-10-01T04:00:00Z", "2027-01-01T05:00:00Z"))),
            ("2026-03", Some(("2026-03-01T05:00:00Z", "2026-04-01T04:00:00Z"))),
            ("last-month", Some(("2026-06-01T04:00:00Z", "2026-07-01T04:00:00Z"))),
            ("last-quarter", Some(("2026-04-01T04:00:00Z", "2026-07-01T04:00:00Z"))),
            ("2026-Q5", None),
            ("2026-Q0", None),
            ("2026-q1", None),
            ("2026-13", None),
            ("2026-6", None),
            ("26", None),
            ("2026-", None),
            ("2026-06-01", None),
            ("next-month", None),
        ];
        for (text, expected) in cases {
            let read = interval(None, None, Some(text), NOW, &toronto).ok().map(shown);
            assert_eq!(
                read,
                expected.map(|(since, until)| (since.to_owned(), until.to_owned())),
                "{text}"
            );
        }
    }

    #[test]
    fn the_last_month_is_that_of_the_place() {
        let first_of_august = 1_785_542_400_000_000;
        let (utc, toronto) = (TimeZone::UTC, zone("America/Toronto"));
        let month = |zone| shown(interval(None, None, Some("last-month"), first_of_august, zone).unwrap());
        assert_eq!(month(&utc).0, "2026-07-01T00:00:00Z");
        assert_eq!(month(&toronto).0, "2026-06-01T04:00:00Z", "there it is still July");
    }

    #[test]
    fn what_is_missing_is_the_last_ninety_days() {
        let utc = TimeZone::UTC;
        let read = |from, to| interval(from, to, None, NOW, &utc).map(shown);
        let both = |since: &str, until: &str| Ok((since.to_owned(), until.to_owned()));
        assert_eq!(read(None, None), both("2026-04-16T12:30:00Z", "2026-07-15T12:30:00Z"));
        assert_eq!(
            read(Some("2026-07-01"), None),
            both("2026-07-01T00:00:00Z", "2026-07-15T12:30:00Z")
        );
        assert_eq!(
            read(None, Some("2026-01-01")),
            both("2025-10-03T00:00:00Z", "2026-01-01T00:00:00Z")
        );
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let utc = TimeZone::UTC;
        let text = |from, to, period| interval(from, to, period, NOW, &utc).unwrap_err().to_string();
        assert_eq!(
            text(Some("2026-07-01"), Some("2026-07-01"), None),
            "2026-07-01T00:00:00Z is not before 2026-07-01T00:00:00Z"
        );
        assert_eq!(
            text(Some("2027-07-01"), None, None),
            "2027-07-01T00:00:00Z is not before 2026-07-15T12:30:00Z"
        );
        assert_eq!(
            text(Some("-1d"), None, Some("2026")),
            "a period says where it begins and ends: give it without the other two"
        );
        assert!(text(None, Some("soon"), None).starts_with("`soon` is no time: write a date such as"));
        for far in ["9999-12-31", "-99999999999999999999d", "-9999999h999h", "-9999999999h"] {
            let beyond = !far.contains("h9");
            assert_eq!(text(Some(far), None, None).contains("is too far away"), beyond, "{far}");
        }
    }
}
