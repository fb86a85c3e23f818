//! What is asked of a report, made into a value for each of its parameters. Apart from running it, because a request is refused
//! here before the warehouse is asked anything.

use jiff::tz::TimeZone;

use super::period::{Interval, interval, time};
use super::{Bound, ReportError, Request};
use crate::schema::{Micros, format_time};
use crate::sql::{Parameter, ParameterKind, Report};

/// The greatest number of days, events or rows.
const MOST: u32 = 1_000_000_000;

/// The interval, and every parameter of the report with its value.
pub(super) fn bind(
    report: &Report,
    request: &Request,
    (now, zone): (Micros, &TimeZone),
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
            let known = report.params.iter().map(|parameter| parameter.name.clone()).collect();
            return Err(ReportError::UnknownParameter {
                report: report.name.clone(),
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
                report: report.name.clone(),
                name: name.clone(),
            });
        }
    }
    let is_period = request.period.is_some();
    let asked = [
        ("since", request.from.is_some() || is_period),
        ("until", request.to.is_some() || is_period),
    ];
    let lacks = |name: &str| report.params.iter().all(|parameter| parameter.name != name);
    if let Some((name, _)) = asked.into_iter().find(|(name, is_asked)| *is_asked && lacks(name)) {
        let report = report.name.clone();
        return Err(ReportError::NoPeriod { report, name });
    }
    let from = request.from.as_ref().or_else(|| given("since")).map(String::as_str);
    let to = request.to.as_ref().or_else(|| given("until")).map(String::as_str);
    let interval = interval(from, to, request.period.as_deref(), now, zone).map_err(ReportError::Period)?;
    let bound = |parameter: &Parameter| {
        let value = match parameter.name.as_str() {
            "since" => Some(format_time(interval.since)),
            "until" => Some(format_time(interval.until)),
            name => given(name)
                .map(|value| checked(report, parameter, value, (now, zone)))
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
    report: &Report,
    parameter: &Parameter,
    value: &str,
    (now, zone): (Micros, &TimeZone),
) -> Result<String, ReportError> {
    let is_of_kind = match parameter.kind {
        ParameterKind::Timestamp => {
            return time(value, now, zone).map(format_time).map_err(ReportError::Period);
        }
        ParameterKind::Text => true,
        ParameterKind::Integer => value.parse::<i64>().is_ok(),
        ParameterKind::Boolean => matches!(value, "true" | "false"),
    };
    // The integers of bundled reports are numbers of days, events and rows.
    let is_counting = parameter.kind == ParameterKind::Integer && report.file.is_none();
    let kind = if !is_of_kind {
        parameter.kind.name().to_owned()
    } else if is_counting && value.parse::<u32>().map_or(true, |count| count > MOST) {
        format!("number from 0 to {MOST}")
    } else {
        return Ok(value.to_owned());
    };
    Err(ReportError::Value {
        report: report.name.clone(),
        name: parameter.name.clone(),
        value: value.to_owned(),
        kind,
    })
}

/// The value of a default as the header writes it.
fn literal(default: &str) -> Option<String> {
    (default != "null").then(|| default.trim_matches('\'').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql;

    /// 2026-07-15T12:30:00Z
    const NOW: (Micros, &TimeZone) = (1_784_118_600_000_000, &TimeZone::UTC);

    fn request(parameters: &[(&str, &str)]) -> Request {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Request {
            parameters: parameters.iter().map(owned).collect(),
            ..Request::default()
        }
    }

    fn refused(request: &Request) -> (String, Option<String>) {
        let error = bind(sql::report("top_actors").unwrap(), request, NOW).unwrap_err();
        (error.to_string(), error.hint())
    }

    #[test]
    fn every_parameter_is_bound_and_the_rest_are_defaults() {
        let request = Request {
            from: Some("2026-07-01".to_owned()),
            ..request(&[("source", "a'b"), ("top", "5")])
        };
        let (_, bound) = bind(sql::report("top_actors").unwrap(), &request, NOW).unwrap();
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
        let (_, bound) = bind(sql::report("coverage").unwrap(), &Request::default(), NOW).unwrap();
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
        for value in ["-1", "1000000001", "99999999999999"] {
            assert_eq!(
                refused(&request(&[("top", value)])).0,
                format!("report top_actors: `{value}` is no number from 0 to 1000000000 for `top`")
            );
        }
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
}
