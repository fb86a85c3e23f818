//! When an entry of the schedule is due: a cron expression in a time zone. Its own file because crons differ, and only what all of
//! them understand alike is taken.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::document::Section;
use super::fault::{ConfigError, shown};

const FORM: &str =
    r#"five fields of numbers, names, lists, ranges and steps: minute, hour, day, month, weekday, as "30 6 1 * *""#;
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Times of day that are looked at one by one.
const MOST_TIMES: usize = 48;

/// When an entry is due.
#[derive(Debug, Clone)]
pub struct Timing {
    /// As written.
    pub cron: String,
    /// What it says; a list of hours or minutes is one pattern for each, so that each of them keeps its time when clocks change.
    pub patterns: Vec<Cron>,
    pub zone_name: String,
    pub zone: TimeZone,
}

impl Timing {
    pub(super) fn read(section: &Section<'_>, (zone_name, zone): (&str, &TimeZone)) -> Result<Self, ConfigError> {
        let Some(cron) = section.text("cron")? else {
            let fault = section.fault_of_table("cron", "says not when");
            return Err(fault.hinted(format!("add cron: {FORM}")));
        };
        let (zone_name, zone) = match section.text("zone")? {
            None => (zone_name.to_owned(), zone.clone()),
            Some(_) => super::time_zone_of(section, "zone")?,
        };
        let refused = |why: &str| {
            let message = format!("`{}` is no cron expression{why}", shown(cron, 60));
            section.fault("cron", &message).hinted(FORM)
        };
        let fields: Vec<&str> = cron.split_whitespace().collect();
        if fields.len() != 5 {
            return Err(refused(&format!(": it has {} fields", fields.len())));
        }
        if let Some((field, _)) = fields.iter().zip(0..).find(|(field, place)| !is_plain(field, *place)) {
            return Err(refused(&format!(": `{}` is not understood", shown(field, 30))));
        }
        let whole = parsed(cron).ok_or_else(|| refused(": a value is out of its range"))?;
        let patterns = each_of(&fields, &whole);
        let begin = Timestamp::UNIX_EPOCH.to_zoned(zone.clone());
        if whole.find_next_occurrence(&begin, false).is_err() {
            return Err(refused(": there is no such day"));
        }
        Ok(Self {
            cron: fields.join(" "),
            patterns,
            zone_name,
            zone,
        })
    }
}

/// Whether a field holds only what every cron understands; `place` counts the fields from 0.
fn is_plain(field: &str, place: usize) -> bool {
    let is_word = |word: &str| {
        let word = word.to_ascii_lowercase();
        (place == 3 && MONTHS.contains(&word.as_str())) || (place == 4 && WEEKDAYS.contains(&word.as_str()))
    };
    let is_number =
        |part: &str| !part.is_empty() && part.len() <= 2 && part.chars().all(|digit| digit.is_ascii_digit());
    field.split(',').all(|item| {
        let (range, step) = item
            .split_once('/')
            .map_or((item, None), |(range, step)| (range, Some(step)));
        let is_range = match range.split_once('-') {
            _ if range == "*" => true,
            Some((first, last)) => [first, last].iter().all(|end| is_number(end) || is_word(end)),
            None => step.is_none() && (is_number(range) || is_word(range)),
        };
        is_range && step.is_none_or(is_number)
    })
}

fn parsed(cron: &str) -> Option<Cron> {
    let parser = CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        .build();
    parser.parse(cron).ok()
}

/// One pattern for each time of day where the times are fixed and not many, else the whole.
fn each_of(fields: &[&str], whole: &Cron) -> Vec<Cron> {
    let [minute, hour, days @ ..] = fields else {
        return vec![whole.clone()];
    };
    if minute.contains('*') || hour.contains('*') {
        return vec![whole.clone()];
    }
    let days = days.join(" ");
    let hours = whole.pattern.hours.values();
    if hours.len() * whole.pattern.minutes.values().len() > MOST_TIMES {
        return vec![whole.clone()];
    }
    let times = hours.iter().flat_map(|hour| {
        let minutes = whole.pattern.minutes.values();
        minutes.into_iter().map(move |minute| (minute, *hour))
    });
    times
        .filter_map(|(minute, hour)| parsed(&format!("{minute} {hour} {days}")))
        .collect()
}
