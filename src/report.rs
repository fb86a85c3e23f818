//! One report from its parameters to its rows, with what must be known to read them: for which time the record is complete,
//! what was rejected, and what the rows were made from. Apart from `render`, which only decides how that looks.

mod completeness;
mod period;

use jiff::tz::TimeZone;

use crate::ledger::Head;
use crate::schema::{Micros, format_time};
use crate::sql::{self, Parameter, ParameterKind, Report};
use crate::warehouse::{Cell, Grid, Warehouse, WarehouseError};

pub use completeness::{Covered, Gap};
pub use period::{Interval, PeriodError, interval, time};

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
}

/// A report that has been run.
#[derive(Debug, Clone)]
pub struct ReportResult {
    pub report: &'static Report,
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
    pub rows: Grid,
}

/// Why there is no report. All but `Warehouse` mean that it was asked for wrongly.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error("unknown report `{name}`")]
    UnknownReport { name: String },
    #[error("report {report}: unknown parameter `{name}`")]
    UnknownParameter {
        report: &'static str,
        name: String,
        known: Vec<&'static str>,
    },
    #[error("report {report}: `{name}` is given twice")]
    Twice { report: &'static str, name: String },
    #[error("report {report}: `{value}` is no {kind} for `{name}`")]
    Value {
        report: &'static str,
        name: String,
        value: String,
        kind: &'static str,
    },
    #[error("report {report}: no source `{name}` in the warehouse")]
    UnknownSource {
        report: &'static str,
        name: String,
        known: Vec<String>,
    },
    #[error("{0}")]
    Period(PeriodError),
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
            Self::Twice { .. } | Self::Value { .. } | Self::Period(_) => None,
            Self::Warehouse(error) => error.hint().map(str::to_owned),
        }
    }
}

/// The report of a name.
pub fn find(name: &str) -> Result<&'static Report, ReportError> {
    sql::report(name).ok_or_else(|| ReportError::UnknownReport { name: name.to_owned() })
}

/// Runs a report.
pub fn run(
    warehouse: &Warehouse,
    report: &'static Report,
    request: &Request,
    circumstances: &Circumstances,
) -> Result<ReportResult, ReportError> {
    let (interval, parameters) = bind(report, request, circumstances)?;
    let source = parameters
        .iter()
        .find(|(name, _)| name == "source")
        .and_then(|(_, value)| value.clone());
    if let Some(name) = &source {
        let known = texts(&warehouse.query(KNOWN_SOURCES, &[])?);
        if !known.contains(name) {
            return Err(ReportError::UnknownSource {
                report: &report.name,
                name: name.clone(),
                known,
            });
        }
    }
    let period = [
        ("since".to_owned(), Some(format_time(interval.since))),
        ("until".to_owned(), Some(format_time(interval.until))),
        ("source".to_owned(), source.clone()),
    ];
    let coverage = warehouse.query(&sql::call_sql(find("coverage")?), &period)?;
    let (coverage, gaps) = completeness::read(&coverage);
    let rejects = warehouse.query(OPEN_REJECTS, &[("source".to_owned(), source)])?;
    Ok(ReportResult {
        report,
        rows: warehouse.query(&sql::call_sql(report), &parameters)?,
        parameters,
        interval,
        coverage,
        gaps,
        rejects: rejects.rows.first().and_then(|row| row.first()).map_or(0, count),
        ledger_head: circumstances.ledger_head.clone(),
        made_at: circumstances.now,
        version: circumstances.version.clone(),
    })
}

/// The interval, and every parameter of the report with its value.
fn bind(
    report: &'static Report,
    request: &Request,
    circumstances: &Circumstances,
) -> Result<(Interval, Bound), ReportError> {
    let given = |name: &str| {
        request
            .parameters
            .iter()
            .find(|(given, _)| given == name)
            .map(|(_, value)| value)
    };
    for (place, (name, _)) in request.parameters.iter().enumerate() {
        if report.params.iter().all(|parameter| parameter.name != *name) {
            let known = report.params.iter().map(|parameter| parameter.name.as_str()).collect();
            return Err(ReportError::UnknownParameter {
                report: &report.name,
                name: name.clone(),
                known,
            });
        }
        let is_option = (name == "since" && request.from.is_some()) || (name == "until" && request.to.is_some());
        if is_option
            || request
                .parameters
                .iter()
                .take(place)
                .any(|(earlier, _)| earlier == name)
        {
            return Err(ReportError::Twice {
                report: &report.name,
                name: name.clone(),
            });
        }
    }
    let from = request.from.as_ref().or_else(|| given("since")).map(String::as_str);
    let to = request.to.as_ref().or_else(|| given("until")).map(String::as_str);
    let interval = interval(
        from,
        to,
        request.period.as_deref(),
        circumstances.now,
        &circumstances.zone,
    )
    .map_err(ReportError::Period)?;
    let bound = |parameter: &Parameter| {
        let value = match parameter.name.as_str() {
            "since" => Some(format_time(interval.since)),
            "until" => Some(format_time(interval.until)),
            name => given(name)
                .map(|value| checked(report, parameter, value, circumstances))
                .transpose()?,
        };
        Ok((parameter.name.clone(), value.or_else(|| literal(&parameter.default))))
    };
    Ok((
        interval,
        report.params.iter().map(bound).collect::<Result<_, ReportError>>()?,
    ))
}

/// A value as its kind is bound.
fn checked(
    report: &'static Report,
    parameter: &Parameter,
    value: &str,
    circumstances: &Circumstances,
) -> Result<String, ReportError> {
    let is_of_kind = match parameter.kind {
        ParameterKind::Timestamp => {
            return time(value, circumstances.now, &circumstances.zone)
                .map(format_time)
                .map_err(ReportError::Period);
        }
        ParameterKind::Text => true,
        ParameterKind::Integer => value.parse::<i64>().is_ok(),
        ParameterKind::Boolean => matches!(value, "true" | "false"),
    };
    if is_of_kind {
        return Ok(value.to_owned());
    }
    Err(ReportError::Value {
        report: &report.name,
        name: parameter.name.clone(),
        value: value.to_owned(),
        kind: parameter.kind.name(),
    })
}

/// The value of a default as the header writes it.
fn literal(default: &str) -> Option<String> {
    (default != "null").then(|| default.trim_matches('\'').to_owned())
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

    fn circumstances() -> Circumstances {
        // 2026-07-15T12:30:00Z
        Circumstances {
            now: 1_784_118_600_000_000,
            zone: TimeZone::UTC,
            ledger_head: None,
            version: "0.0.0".to_owned(),
        }
    }

    fn request(parameters: &[(&str, &str)]) -> Request {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Request {
            parameters: parameters.iter().map(owned).collect(),
            ..Request::default()
        }
    }

    fn refused(request: &Request) -> (String, Option<String>) {
        let error = bind(find("top_actors").unwrap(), request, &circumstances()).unwrap_err();
        (error.to_string(), error.hint())
    }

    #[test]
    fn every_parameter_is_bound_and_the_rest_are_defaults() {
        let request = Request {
            from: Some("2026-07-01".to_owned()),
            ..request(&[("source", "a'b"), ("top", "5")])
        };
        let (_, bound) = bind(find("top_actors").unwrap(), &request, &circumstances()).unwrap();
        let expected = [
            ("since", Some("2026-07-01T00:00:00Z")),
            ("until", Some("2026-07-15T12:30:00Z")),
            ("source", Some("a'b")),
            ("top", Some("5")),
        ];
        let bound: Vec<(&str, Option<&str>)> = bound
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_deref()))
            .collect();
        assert_eq!(bound, expected);
        let (_, bound) = bind(find("coverage").unwrap(), &Request::default(), &circumstances()).unwrap();
        assert_eq!(bound.last(), Some(&("source".to_owned(), None)));
    }

    #[test]
    fn wrong_requests_say_what_is_wrong_and_what_is_known() {
        assert_eq!(
            refused(&request(&[("tpo", "5")])),
            (
                "report top_actors: unknown parameter `tpo`".to_owned(),
                Some("known parameters: since, until, source, top".to_owned())
            )
        );
        assert_eq!(
            refused(&request(&[("top", "many")])).0,
            "report top_actors: `many` is no integer for `top`"
        );
        assert_eq!(
            refused(&request(&[("top", "1"), ("top", "2")])).0,
            "report top_actors: `top` is given twice"
        );
        let twice = Request {
            from: Some("-1d".to_owned()),
            ..request(&[("since", "-2d")])
        };
        assert_eq!(refused(&twice).0, "report top_actors: `since` is given twice");
        assert!(
            refused(&request(&[("since", "soon")]))
                .0
                .starts_with("`soon` is no time")
        );
    }

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
