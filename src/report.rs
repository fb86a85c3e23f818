//! One report from its parameters to its rows, with what must be known to read them: for which time the record is complete,
//! what was rejected, and what the rows were made from. Apart from `render`, which only decides how that looks.
//!
//! Rows stream: each chunk of the query is marked (findings), perhaps drawn from (a sample), and given to every [`Sink`], so
//! that a report of any length feeds several outputs in bounded memory.

mod bind;
mod completeness;
mod exceptions;
mod findings;
mod flow;
mod known;
mod limit;
mod own;
mod period;
mod sample;
mod sink;

use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::ledger::Head;
use crate::schema::{Micros, format_time};
use crate::sql::{self, Report};
use crate::warehouse::{Cell, Grid, Warehouse, WarehouseError};

pub use completeness::{Covered, Gap};
pub use exceptions::{Exceptions, ExceptionsError};
pub use findings::Findings;
pub use own::{OwnFault, check, find_own, own_reports, read_own};
pub use period::{Interval, PeriodError, interval, time};
pub use sample::{Draw, Sample};
pub use sink::{Sink, SinkError};

const KNOWN_SOURCES: &str = "
    select distinct known.source
    from (
        select l.source from loads as l
        union all
        select c.source from coverage as c
        union all
        select g.source from coverage_gaps as g
    ) as known
    where known.source is not null
    order by known.source";

const OPEN_REJECTS: &str = "
    select count(*) as rejects
    from rejects as r
    where
        r.resolved_load is null
        and (cast($source as varchar) is null or r.source = cast($source as varchar))";

/// Gaps after the period of streams that are listed by when a record was changed, as far as the period was not read before them.
const LATER_GAPS: &str = "
    select later.source, later.stream, later.gap_from, later.gap_to, later.reason
    from coverage_gaps as later
    where
        later.gap_from >= cast($until as timestamp)
        and later.stream in ('audit_logs', 'resource_logs')
        and (cast($source as varchar) is null or later.source = cast($source as varchar))
        and later.source not in (select record.source from zendesk_audit_logs as record)
        and later.gap_from < (
            select max(known.collected_at)
            from coverage as known
            where
                known.source = later.source
                and known.stream = later.stream
                and known.from_at < cast($until as timestamp)
                and known.to_at > cast($since as timestamp)
        )
    order by later.source, later.stream, later.gap_from";

/// Name and value of every parameter of a report, in its order; one without a value is null.
pub type Bound = Vec<(String, Option<String>)>;

/// What is asked of a report, as it was typed.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub from: Option<String>,
    pub to: Option<String>,
    pub period: Option<String>,
    /// Name and value of further parameters; `since` and `until` are those of `from` and `to`.
    pub parameters: Vec<(String, String)>,
    /// Leaves out findings that an exception accepts.
    pub new_only: bool,
    pub draw: Option<Draw>,
    /// How long its query may take; without one, as long as it wants.
    pub time_limit: Option<Duration>,
}

/// Under which circumstances a report is made.
#[derive(Debug, Clone)]
pub struct Circumstances {
    pub now: Micros,
    /// Of people: where days begin.
    pub zone: TimeZone,
    /// The ledger entry the warehouse has followed to.
    pub ledger_head: Option<Head>,
    /// Of the program.
    pub version: String,
    /// The findings that somebody has accepted.
    pub exceptions: Exceptions,
    /// The sources of the configuration.
    pub sources: Vec<String>,
}

/// What a report says about itself.
#[derive(Debug, Clone)]
pub struct About {
    pub report: Report,
    pub parameters: Bound,
    pub interval: Interval,
    /// What is known of the period in every stream of the sources asked for, but gaps; `not_yet_collected` among it.
    pub coverage: Vec<Covered>,
    pub gaps: Vec<Gap>,
    /// Records of these sources that could not be read, of any time: an unread record has none.
    pub rejects: u64,
    pub ledger_head: Option<Head>,
    pub made_at: Micros,
    pub version: String,
    /// Known before the first row.
    pub sample: Option<Sample>,
    /// Rows given; known after the last, until then 0.
    pub rows: u64,
    /// Known after the last row; of reports with a severity.
    pub findings: Option<Findings>,
}

/// Why there is no report. All but `Warehouse`, `Sink` and `TimeLimit` mean that it was asked for wrongly.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error("unknown report `{name}`")]
    UnknownReport { name: String },
    #[error("report {report}: unknown parameter `{name}`")]
    UnknownParameter {
        report: String,
        name: String,
        known: Vec<String>,
    },
    #[error("report {report} has no period: it has no parameter `{name}`")]
    NoPeriod { report: String, name: &'static str },
    #[error("report {report}: `{name}` is given twice")]
    Twice { report: String, name: String },
    #[error("report {report}: `{value}` is no {kind} for `{name}`")]
    Value {
        report: String,
        name: String,
        value: String,
        kind: String,
    },
    #[error("report {report}: no source `{name}` in the warehouse")]
    UnknownSource {
        report: String,
        name: String,
        known: Vec<String>,
    },
    #[error("report {report}: no {kind} `{name}` is known")]
    UnknownName {
        report: String,
        kind: &'static str,
        name: String,
    },
    #[error("{0}")]
    Period(PeriodError),
    #[error("{}: {fault}", file.display())]
    Own { file: PathBuf, fault: OwnFault },
    #[error("report {report}: not done after {} s", limit.as_secs_f64())]
    TimeLimit { report: String, limit: Duration },
    #[error(transparent)]
    Sink(#[from] SinkError),
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
}

impl ReportError {
    /// What to do about it, for a line of its own below the message.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownReport { name } => {
                let known: Vec<&str> = sql::reports().iter().map(|report| report.name.as_str()).collect();
                let list = "`trailhouse report list` shows all";
                Some(nearest(name, &known).map_or(list.to_owned(), |word| format!("did you mean `{word}`? {list}")))
            }
            Self::UnknownParameter { known, .. } => Some(format!("known parameters: {}", known.join(", "))),
            Self::UnknownSource { known, .. } if known.is_empty() => {
                Some("nothing was collected yet; run `trailhouse sync` first".to_owned())
            }
            Self::UnknownSource { known, .. } => Some(format!("known sources: {}", known.join(", "))),
            Self::Own { fault, .. } => Some(fault.hint()),
            Self::TimeLimit { .. } => Some("ask for a shorter period, or allow more with --time-limit".to_owned()),
            Self::UnknownName { kind, .. } => Some(format!(
                "write its name or identifier as it stands in the view {}",
                match *kind {
                    "actor" => "actors (actor_key, actor_name, performer_ids)",
                    _ => "events (target_id, target_name)",
                }
            )),
            Self::NoPeriod { .. } => {
                Some("leave out --from, --to and --period, or give the report both parameters".to_owned())
            }
            Self::Twice { .. } | Self::Value { .. } | Self::Period(_) | Self::Sink(_) => None,
            Self::Warehouse(error) => error.hint().map(str::to_owned),
        }
    }
}

/// The bundled report of a name.
pub fn find(name: &str) -> Result<&'static Report, ReportError> {
    sql::report(name).ok_or_else(|| ReportError::UnknownReport { name: name.to_owned() })
}

/// Whether a report may be asked so, as far as that can be said without a warehouse.
pub fn check_request(report: &Report, request: &Request, now: Micros, zone: &TimeZone) -> Result<(), ReportError> {
    bind::bind(report, request, (now, zone)).map(drop)
}

/// Runs a report, gives its rows to every sink, and says what it is about. A [`Grid`] is a sink that keeps all rows.
pub fn run(
    warehouse: &Warehouse,
    report: &Report,
    request: &Request,
    circumstances: &Circumstances,
    sinks: &mut [&mut dyn Sink],
) -> Result<About, ReportError> {
    let about = about(warehouse, report, request, circumstances)?;
    own::prepare(warehouse, report)?;
    let parameters = about.parameters.clone();
    let mut flow = flow::Flow::new(about, request, circumstances, sinks);
    limit::within(warehouse, report, request.time_limit, || {
        flow::feed(&mut flow, |take| {
            warehouse.chunks(&sql::call_sql(report), &parameters, take)
        })
    })
    .map_err(|error| named(report, error))?;
    if flow.is_empty() {
        known::check(warehouse, report, &parameters)?;
    }
    flow.end()
}

/// DuckDB's own words with the report they are about, for many may run at once.
fn named(report: &Report, error: ReportError) -> ReportError {
    match error {
        ReportError::Warehouse(WarehouseError::Query { message }) => {
            let message = format!("report {}: {message}", report.name);
            WarehouseError::Query { message }.into()
        }
        other => other,
    }
}

/// Everything that is known before the first row.
fn about(
    warehouse: &Warehouse,
    report: &Report,
    request: &Request,
    circumstances: &Circumstances,
) -> Result<About, ReportError> {
    let (interval, parameters) = bind::bind(report, request, (circumstances.now, &circumstances.zone))?;
    let source = parameters
        .iter()
        .find(|(name, _)| name == "source")
        .and_then(|(_, value)| value.clone());
    let known = texts(&warehouse.query(KNOWN_SOURCES, &[])?);
    if let Some(name) = source.as_ref().filter(|name| !known.contains(name)) {
        return Err(ReportError::UnknownSource {
            report: report.name.clone(),
            name: name.clone(),
            known,
        });
    }
    let period = [
        ("since".to_owned(), Some(format_time(interval.since))),
        ("until".to_owned(), Some(format_time(interval.until))),
        ("source".to_owned(), source.clone()),
    ];
    let coverage = warehouse.query(&sql::call_sql(find("coverage")?), &period)?;
    let (mut coverage, mut gaps) = completeness::read(&coverage);
    gaps.extend(completeness::later_gaps(&warehouse.query(LATER_GAPS, &period)?));
    if source.is_none() {
        let sources = circumstances.sources.iter().filter(|source| !known.contains(source));
        completeness::add_unknown(&mut coverage, &sources.cloned().collect::<Vec<_>>(), interval);
    }
    let source = [("source".to_owned(), source)];
    let rejects = warehouse.query(OPEN_REJECTS, &source)?;
    Ok(About {
        report: report.clone(),
        parameters,
        interval,
        coverage,
        gaps,
        rejects: rejects.rows.first().and_then(|row| row.first()).map_or(0, count),
        ledger_head: circumstances.ledger_head.clone(),
        made_at: circumstances.now,
        version: circumstances.version.clone(),
        sample: None,
        rows: 0,
        findings: None,
    })
}

fn count(cell: &Cell) -> u64 {
    if let Cell::Integer(number) = cell {
        u64::try_from(*number).unwrap_or(0)
    } else {
        0
    }
}

fn texts(grid: &Grid) -> Vec<String> {
    grid.rows
        .iter()
        .filter_map(|row| row.first())
        .map(completeness::text_of)
        .collect()
}

/// The known word that was probably meant.
fn nearest<'a>(given: &str, known: &[&'a str]) -> Option<&'a str> {
    let given: String = given.to_lowercase().chars().take(80).collect();
    let distances = known
        .iter()
        .map(|word| (strsim::damerau_levenshtein(&given, word), *word));
    let (distance, word) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= word.chars().count().div_ceil(3)).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_report_names_the_nearest() {
        let error = find("access_change").unwrap_err();
        assert_eq!(error.to_string(), "unknown report `access_change`");
        assert_eq!(
            error.hint().as_deref(),
            Some("did you mean `access_changes`? `trailhouse report list` shows all")
        );
        assert_eq!(
            find("weather").unwrap_err().hint().as_deref(),
            Some("`trailhouse report list` shows all")
        );
    }
}
