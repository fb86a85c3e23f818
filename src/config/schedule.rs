//! What is to be done when: the `[[schedule]]` entries. Its own file because an entry is a command of the program written as
//! typed keys, and every fault of it must be found when the file is read, not at night when the entry is due.

use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::document::Section;
use super::fault::{ConfigError, shown, suggestion};
use super::timing::Timing;
use crate::report;
use crate::sql;

/// Most entries of a schedule.
const MOST: usize = 200;
/// Keys that every entry may have.
const KEYS: [&str; 5] = ["name", "cron", "zone", "run", "time_limit"];
/// How long a job may take, unless set: what hangs must not keep all others from running for ever.
const TIME_LIMIT: Duration = Duration::from_secs(24 * 3_600);
/// Places in an output path that an entry fills in.
const PLACES: [&str; 6] = ["date", "month", "year", "period", "name", "report"];
/// A command and when it is due.
#[derive(Debug, Clone)]
pub struct Scheduled {
    pub name: String,
    pub timing: Timing,
    pub task: Task,
    /// The job is stopped when it has taken so long.
    pub time_limit: Duration,
    /// Where the entry stands: `trailhouse.toml:12:1: schedule`.
    pub place: String,
}

/// What an entry does, in the words of the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    Sync {
        names: Vec<String>,
        from: Option<String>,
    },
    Report {
        /// Never empty; those of a framework by their names.
        reports: Vec<String>,
        paper: Paper,
        parameters: Vec<String>,
        fail_on_findings: Option<bool>,
    },
    Evidence {
        framework: String,
        paper: Paper,
    },
    Verify {
        is_deep: bool,
        public_key: Option<String>,
    },
    Compact {
        sources: Vec<String>,
    },
}

/// What time is reported on, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    pub span: Option<Reported>,
    pub format: Option<String>,
    /// Never empty; with places such as `{date}`.
    pub output: Vec<PathBuf>,
}

/// The time reported on, counted from when the entry is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reported {
    Period(String),
    From(String),
}

/// Reads all entries of the root.
pub(super) fn read(root: &Section<'_>, zone: (&str, &TimeZone)) -> Result<Vec<Scheduled>, ConfigError> {
    let sections = root.tables("schedule")?;
    if sections.len() > MOST {
        return Err(root.fault("schedule", &format!("more than {MOST} entries")));
    }
    let mut entries: Vec<Scheduled> = Vec::with_capacity(sections.len());
    for section in sections {
        let entry = Scheduled::read(&section, zone)?;
        if entries.iter().any(|other| other.name == entry.name) {
            let message = format!("`{}` is the name of another entry", entry.name);
            return Err(section.fault("name", &message));
        }
        entries.push(entry);
    }
    Ok(entries)
}

impl Scheduled {
    fn read(section: &Section<'_>, zone: (&str, &TimeZone)) -> Result<Self, ConfigError> {
        let Some(run) = section.text("run")? else {
            let fault = section.fault_of_table("run", "says not what to run");
            return Err(fault.hinted(format!("add run = \"sync\"; known: {}", names_of_tasks().join(", "))));
        };
        let Some((_, known)) = TASKS.iter().find(|(name, _)| *name == run) else {
            let fault = section.fault("run", &format!("unknown command `{}`", shown(run, 60)));
            return Err(fault.hinted(suggestion(run, "commands", &names_of_tasks())));
        };
        section.check_keys(&[&KEYS[..], known].concat())?;
        Ok(Self {
            name: name_of(section)?,
            timing: Timing::read(section, zone)?,
            task: Task::read(section, run)?,
            time_limit: section
                .duration("time_limit", Duration::from_secs(1))?
                .unwrap_or(TIME_LIMIT),
            place: section.place_of_table(),
        })
    }
}

/// What may be run, each with its keys.
const TASKS: &[(&str, &[&str])] = &[
    ("sync", &["sources", "from"]),
    (
        "report",
        &[
            "reports",
            "framework",
            "period",
            "from",
            "source",
            "params",
            "format",
            "output",
            "fail_on_findings",
        ],
    ),
    ("evidence", &["framework", "period", "from", "output"]),
    ("verify", &["deep", "public_key"]),
    ("compact", &["sources"]),
];

/// Every key there is.
#[cfg(test)]
pub(super) fn keys() -> Vec<&'static str> {
    let of_tasks = TASKS.iter().flat_map(|(_, keys)| keys.iter());
    KEYS.iter().chain(of_tasks).copied().collect()
}

fn names_of_tasks() -> Vec<&'static str> {
    TASKS.iter().map(|(name, _)| *name).collect()
}

impl Task {
    fn read(section: &Section<'_>, run: &str) -> Result<Self, ConfigError> {
        Ok(match run {
            "sync" => Self::Sync {
                names: section.text_or_texts("sources")?.unwrap_or_default(),
                from: from_of(section)?,
            },
            "report" => {
                let reports = reports_of(section)?;
                let paper = Paper::read(section)?;
                check_outputs(section, reports.len(), &paper.output)?;
                Self::Report {
                    reports,
                    paper,
                    parameters: parameters_of(section)?,
                    fail_on_findings: section.boolean("fail_on_findings")?,
                }
            }
            "evidence" => {
                let paper = Paper::read(section)?;
                if paper.output.len() > 1 {
                    return Err(section.fault("output", "a pack is one file"));
                }
                if paper
                    .output
                    .iter()
                    .any(|path| path.to_string_lossy().contains("{report}"))
                {
                    return Err(section.fault("output", "`{report}` stands for a report, and a pack holds many"));
                }
                Self::Evidence {
                    framework: framework_of(section)?,
                    paper,
                }
            }
            "verify" => Self::Verify {
                is_deep: section.boolean("deep")?.unwrap_or_default(),
                public_key: section.text("public_key")?.map(|key| key_of(section, key)),
            },
            _ => Self::Compact {
                sources: section.text_or_texts("sources")?.unwrap_or_default(),
            },
        })
    }
}

/// The key itself as it is, a file relative to the configuration.
fn key_of(section: &Section<'_>, key: &str) -> String {
    let is_key = key.len() == 64 && key.bytes().all(|digit| digit.is_ascii_hexdigit());
    if is_key {
        return key.to_owned();
    }
    section.relative(key).to_string_lossy().into_owned()
}

/// A name stands in files, metrics and paths.
fn name_of(section: &Section<'_>) -> Result<String, ConfigError> {
    let Some(name) = section.text("name")? else {
        let fault = section.fault_of_table("name", "an entry without a name");
        return Err(fault.hinted("add name = \"nightly\", by which the entry is told and remembered"));
    };
    let is_fine = name.chars().count() <= 40
        && name.starts_with(|letter: char| letter.is_ascii_lowercase())
        && (name.chars()).all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    if is_fine {
        return Ok(name.to_owned());
    }
    let fault = section.fault("name", &format!("`{}` is not a name", shown(name, 60)));
    Err(fault.hinted("a small letter, then at most 39 small letters, digits and underscores"))
}

fn reports_of(section: &Section<'_>) -> Result<Vec<String>, ConfigError> {
    let named = section.text_or_texts("reports")?;
    if named.is_some() && section.has("framework") {
        return Err(section.fault("framework", "goes not with `reports`: give one of the two"));
    }
    if let Some(reports) = named {
        return Ok(reports);
    }
    if !section.has("framework") {
        let fault = section.fault_of_table("run", "says not which reports");
        return Err(fault.hinted("add reports = [\"access_changes\"], or framework = \"soc2\""));
    }
    let framework = framework_of(section)?;
    let reports = sql::reports_of(&framework).into_iter();
    Ok(reports.map(|report| report.name.clone()).collect())
}

/// A framework of `controls.csv`.
fn framework_of(section: &Section<'_>) -> Result<String, ConfigError> {
    let known = sql::frameworks();
    match section.text("framework")? {
        Some(name) if known.contains(&name) => Ok(name.to_owned()),
        Some(name) => {
            let fault = section.fault("framework", &format!("unknown framework `{}`", shown(name, 60)));
            Err(fault.hinted(suggestion(name, "frameworks", &known)))
        }
        None => {
            let fault = section.fault_of_table("framework", "says not which framework");
            Err(fault.hinted(format!("known frameworks: {}", known.join(", "))))
        }
    }
}

/// `source` and `params`, each as `name=value`.
fn parameters_of(section: &Section<'_>) -> Result<Vec<String>, ConfigError> {
    let mut parameters = Vec::new();
    parameters.extend(section.text("source")?.map(|source| format!("source={source}")));
    if let Some(table) = section.table("params")? {
        for key in table.keys() {
            let value = match table.json(key)? {
                Some(serde_json::Value::String(text)) => text,
                Some(value) if value.is_number() || value.is_boolean() => value.to_string(),
                _ => return Err(table.fault(key, "is no single value")),
            };
            parameters.push(format!("{key}={value}"));
        }
    }
    Ok(parameters)
}

/// So many days or hours before an entry is due.
fn from_of(section: &Section<'_>) -> Result<Option<String>, ConfigError> {
    let Some(from) = section.text("from")? else {
        return Ok(None);
    };
    if from.starts_with('-') && report::time(from, 0, &TimeZone::UTC).is_ok() {
        return Ok(Some(from.to_owned()));
    }
    let fault = section.fault(
        "from",
        &format!("`{}` does not move with the schedule", shown(from, 30)),
    );
    Err(fault.hinted("write how long before the entry is due, as \"-7d\" or \"-24h\""))
}

impl Paper {
    fn read(section: &Section<'_>) -> Result<Self, ConfigError> {
        let period = match section.text("period")? {
            None => None,
            Some(text) => match report::interval(None, None, Some(text), 0, &TimeZone::UTC) {
                Ok(_) => Some(text.to_owned()),
                Err(error) => return Err(section.fault("period", &error.to_string())),
            },
        };
        let span = match (period, from_of(section)?) {
            (Some(_), Some(_)) => return Err(section.fault("from", "goes not with `period`: give one of the two")),
            (period, from) => period.map(Reported::Period).or(from.map(Reported::From)),
        };
        let Some(output) = section.text_or_texts("output")? else {
            let fault = section.fault_of_table("output", "says not where it goes");
            return Err(fault.hinted("add output = \"reports/{date}/{report}.html\", relative to this file"));
        };
        for path in &output {
            check_places(section, path)?;
        }
        Ok(Self {
            span,
            format: section.text("format")?.map(str::to_owned),
            output: output.iter().map(|path| section.relative(path)).collect(),
        })
    }
}

fn check_places(section: &Section<'_>, path: &str) -> Result<(), ConfigError> {
    for part in path.split('{').skip(1) {
        let place = part.split_once('}').map(|(place, _)| place);
        let Some(place) = place.filter(|place| PLACES.contains(place)) else {
            let named = shown(place.unwrap_or(part), 30);
            let fault = section.fault("output", &format!("nothing is known to stand for `{{{named}}}`"));
            return Err(fault.hinted(suggestion(&named, "places", &PLACES)));
        };
        if place == "period" && !section.has("period") {
            return Err(section.fault("output", "`{period}` stands for `period`, which is not given"));
        }
    }
    Ok(())
}

fn check_outputs(section: &Section<'_>, reports: usize, output: &[PathBuf]) -> Result<(), ConfigError> {
    let is_of_each = |path: &PathBuf| {
        let path = path.to_string_lossy();
        path.contains("{report}") || path.ends_with('/')
    };
    if reports > 1 && !output.iter().all(is_of_each) {
        let fault = section.fault("output", &format!("{reports} reports would take turns in one file"));
        return Err(
            fault.hinted("put {report} into the path, which stands for the name of each, or name a folder by a last /")
        );
    }
    Ok(())
}
