//! A cron expression in systemd's words, as `OnCalendar` takes them. Its own file because the two languages differ: cron joins
//! the day of the month and the weekday by "or", systemd by "and", so that one expression may become two.

use croner::parser::{CronParser, Seconds, Year};

use crate::config::Timing;

const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/// The events at which an entry is due.
pub fn events(timing: &Timing) -> Vec<String> {
    let parser = CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        .build();
    // The configuration has read it already.
    let Ok(cron) = parser.parse(&timing.cron) else {
        return Vec::new();
    };
    let pattern = &cron.pattern;
    let months = listed(&pattern.months.values(), 12);
    let days = listed(&pattern.days.values(), 31);
    let time = format!(
        "{}:{}:00",
        listed(&pattern.hours.values(), 24),
        listed(&pattern.minutes.values(), 60)
    );
    let mut weekdays: Vec<u16> = pattern.days_of_week.values().into_iter().map(|day| day % 7).collect();
    weekdays.sort_unstable();
    weekdays.dedup();
    let names: Vec<&str> = weekdays
        .iter()
        .filter_map(|day| WEEKDAYS.get(usize::from(*day)).copied())
        .collect();
    let on_weekdays = format!("{} *-{months}-*", names.join(","));
    let on_days = format!("*-{months}-{days}");
    let dates = match (pattern.is_dom_wildcard(), pattern.is_dow_wildcard()) {
        (_, true) => vec![on_days],
        (true, false) => vec![on_weekdays],
        (false, false) => vec![on_days, on_weekdays],
    };
    dates
        .into_iter()
        .map(|date| format!("{date} {time} {}", timing.zone_name))
        .collect()
}

/// `*` where all of `count` values are meant.
fn listed(values: &[u16], count: usize) -> String {
    if values.len() >= count {
        return "*".to_owned();
    }
    values
        .iter()
        .map(|value| format!("{value:02}"))
        .collect::<Vec<_>>()
        .join(",")
}
