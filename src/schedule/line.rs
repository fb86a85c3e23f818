//! The command lines of an entry: what a user would type at the time it is due. Its own file because the daemon, the table of
//! `schedule show` and the check of the configuration must all mean the same words.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

use crate::config::{Paper, Reported, Scheduled, Task};
use crate::report;
use crate::schema::format_time;

/// One command of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Without the name of the program and its global options.
    pub arguments: Vec<String>,
    /// The report it runs, if it does.
    pub report: Option<String>,
    /// The files it writes.
    pub output: Vec<PathBuf>,
}

/// What an entry runs when it is due, in this order. Each report is a command of its own, so that its exit code is its own.
/// `zone` is that of reports, in which a `period` begins and ends; the rest is by the zone of the entry. `fail_on_findings`
/// applies to reports that say nothing of it.
pub fn steps(entry: &Scheduled, (due, zone): (&Zoned, &TimeZone), fail_on_findings: bool) -> Vec<Step> {
    match &entry.task {
        Task::Sync { names, from } => {
            let from = from.iter().flat_map(|from| ["--from".to_owned(), from.clone()]);
            plain(["sync".to_owned()].into_iter().chain(names.iter().cloned()).chain(from))
        }
        Task::Verify { is_deep, public_key } => {
            let deep = is_deep.then(|| "--deep".to_owned());
            let key = public_key
                .iter()
                .flat_map(|key| ["--public-key".to_owned(), key.clone()]);
            plain(["verify".to_owned()].into_iter().chain(deep).chain(key))
        }
        Task::Compact { sources } => plain(["compact".to_owned()].into_iter().chain(sources.iter().cloned())),
        Task::Evidence { framework, paper } => {
            let begin = ["evidence", "--framework", framework].map(str::to_owned).to_vec();
            vec![printed(begin, paper, None, (entry, due, zone))]
        }
        Task::Report {
            reports,
            paper,
            parameters,
            fail_on_findings: own,
        } => {
            let step = |report: &String| {
                let begin = vec!["report".to_owned(), "run".to_owned(), report.clone()];
                let mut step = printed(begin, paper, Some(report), (entry, due, zone));
                for parameter in parameters {
                    step.arguments.extend(["--param".to_owned(), parameter.clone()]);
                }
                if own.unwrap_or(fail_on_findings) {
                    step.arguments.push("--fail-on-findings".to_owned());
                }
                step
            };
            reports.iter().map(step).collect()
        }
    }
}

fn plain(arguments: impl Iterator<Item = String>) -> Vec<Step> {
    vec![Step {
        arguments: arguments.collect(),
        report: None,
        output: Vec::new(),
    }]
}

fn printed(
    mut arguments: Vec<String>,
    paper: &Paper,
    report: Option<&String>,
    (entry, due, zone): (&Scheduled, &Zoned, &TimeZone),
) -> Step {
    let mut period = String::new();
    match &paper.span {
        Some(Reported::Period(name)) => {
            // By another zone the month might not be over yet.
            period = named(name, due.with_time_zone(zone.clone()).date());
            arguments.extend(["--period".to_owned(), period.clone()]);
        }
        Some(Reported::From(from)) => {
            let until = due.timestamp();
            let since = before(from, until);
            arguments.extend([
                "--from".to_owned(),
                since,
                "--to".to_owned(),
                format_time(until.as_microsecond()),
            ]);
        }
        None => {}
    }
    let format = paper.format.iter();
    arguments.extend(format.flat_map(|format| ["--format".to_owned(), format.clone()]));
    let places = [
        ("{date}", due.strftime("%Y-%m-%d").to_string()),
        ("{month}", due.strftime("%Y-%m").to_string()),
        ("{year}", due.strftime("%Y").to_string()),
        ("{period}", period),
        ("{name}", entry.name.clone()),
        ("{report}", report.cloned().unwrap_or_default()),
    ];
    let output: Vec<PathBuf> = paper.output.iter().map(|path| filled(path, &places)).collect();
    for path in &output {
        arguments.extend(["--output".to_owned(), path.to_string_lossy().into_owned()]);
    }
    Step {
        arguments,
        report: report.cloned(),
        output,
    }
}

fn filled(path: &Path, places: &[(&str, String)]) -> PathBuf {
    let mut path = path.to_string_lossy().into_owned();
    for (place, text) in places {
        path = path.replace(place, text);
    }
    PathBuf::from(path)
}

/// `last-month` and `last-quarter` by their own names, so that a job that is late means the same time.
fn named(period: &str, due: Date) -> String {
    let first = due.first_of_month();
    let named = match period {
        "last-month" => first
            .checked_sub(1.month())
            .map(|month| month.strftime("%Y-%m").to_string()),
        "last-quarter" => first
            .checked_sub(3.months())
            .map(|month| format!("{}-Q{}", month.strftime("%Y"), (month.month() - 1) / 3 + 1)),
        _ => return period.to_owned(),
    };
    named.unwrap_or_else(|_| period.to_owned())
}

/// A time of the form `-7d`, counted from when the entry is due.
fn before(from: &str, due: Timestamp) -> String {
    let at = report::time(from, due.as_microsecond(), &TimeZone::UTC);
    at.map_or_else(|_| from.to_owned(), format_time)
}

/// The line as it may be typed into a shell.
pub fn quoted<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=:,+@".contains(letter);
    let quoted = words.into_iter().map(|word| {
        if !word.is_empty() && word.chars().all(is_plain) {
            word.to_owned()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}
