//! The service's filter language: parsed from its JSON, judged on a record's fields. Knows nothing of lists or
//! events; what a field holds is asked of the caller, so that a million events need no rendering.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::switches::{DateOperators, UnknownOperator};

/// Deeper nesting is refused.
const MAX_DEPTH: usize = 16;

/// A filter as the service understood it.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// True for every row.
    Everything,
    Nothing,
    Exact {
        field: String,
        value: Value,
    },
    In {
        field: String,
        values: Vec<Value>,
    },
    Contains {
        field: String,
        value: String,
    },
    IsSet {
        field: String,
    },
    AtOrAfter {
        field: String,
        at: Timestamp,
    },
    Before {
        field: String,
        at: Timestamp,
    },
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Vec<Filter>),
}

/// Why a filter is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// 400 with this detail.
    BadRequest(String),
    /// 422 with this message.
    Unprocessable(String),
}

/// What the service does with what it does not know.
#[derive(Debug, Clone, Copy)]
pub struct Dialect<'a> {
    pub unknown_operator: UnknownOperator,
    pub date_operators: Option<&'a DateOperators>,
}

impl Filter {
    /// Reads the `filter` parameter.
    pub fn parse(text: &str, dialect: Dialect<'_>) -> Result<Filter, Refusal> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| Refusal::BadRequest(format!("filter is not JSON: {error}")))?;
        parse(&value, dialect, 0)
    }

    /// Whether a row passes; `field` gives what the row holds under a name, dots leading into objects.
    pub fn passes<'a>(&self, field: &dyn Fn(&str) -> Cow<'a, Value>) -> bool {
        match self {
            Filter::Everything => true,
            Filter::Nothing => false,
            Filter::Exact { field: name, value } => *field(name) == *value,
            Filter::In { field: name, values } => values.contains(&field(name)),
            Filter::Contains { field: name, value } => contains(&field(name), value),
            Filter::IsSet { field: name } => !field(name).is_null(),
            Filter::AtOrAfter { field: name, at } => moment(&field(name)).is_some_and(|it| it >= *at),
            Filter::Before { field: name, at } => moment(&field(name)).is_some_and(|it| it < *at),
            Filter::And(operands) => operands.iter().all(|operand| operand.passes(field)),
            Filter::Or(operands) => operands.iter().any(|operand| operand.passes(field)),
            Filter::Not(operands) => !operands.iter().any(|operand| operand.passes(field)),
        }
    }
}

fn parse(value: &Value, dialect: Dialect<'_>, depth: usize) -> Result<Filter, Refusal> {
    if depth > MAX_DEPTH {
        return Err(Refusal::Unprocessable("filter is nested too deeply".to_owned()));
    }
    let operator = value["operator"].as_str().ok_or_else(|| missing("operator"))?;
    let operands = || match value["operands"].as_array() {
        Some(operands) => operands
            .iter()
            .map(|operand| parse(operand, dialect, depth + 1))
            .collect(),
        None => Err(missing("operands")),
    };
    let field = || {
        value["field"]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| missing("field"))
    };
    let held = &value["value"];
    match operator {
        "and" => Ok(Filter::And(operands()?)),
        "or" => Ok(Filter::Or(operands()?)),
        "not" => Ok(Filter::Not(operands()?)),
        "exact" => Ok(Filter::Exact {
            field: field()?,
            value: held.clone(),
        }),
        "in" => {
            let values = held.as_array().cloned().ok_or_else(|| missing("value: an array"))?;
            Ok(Filter::In {
                field: field()?,
                values,
            })
        }
        "contains" => {
            let value = held
                .as_str()
                .map(str::to_lowercase)
                .ok_or_else(|| missing("value: a string"))?;
            Ok(Filter::Contains { field: field()?, value })
        }
        "is_set" => Ok(Filter::IsSet { field: field()? }),
        other => parse_date(other, value, dialect),
    }
}

fn parse_date(operator: &str, value: &Value, dialect: Dialect<'_>) -> Result<Filter, Refusal> {
    let names = dialect.date_operators;
    let is_after = names.is_some_and(|names| names.at_or_after == operator);
    let is_before = names.is_some_and(|names| names.before == operator);
    if is_after || is_before {
        let field = value["field"]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| missing("field"))?;
        let at = moment(&value["value"]).ok_or_else(|| missing("value: a date-time"))?;
        return Ok(if is_after {
            Filter::AtOrAfter { field, at }
        } else {
            Filter::Before { field, at }
        });
    }
    match dialect.unknown_operator {
        UnknownOperator::BadRequest => Err(Refusal::BadRequest(format!("unknown operator {operator:?}"))),
        UnknownOperator::Unprocessable => Err(Refusal::Unprocessable(format!("unknown operator {operator:?}"))),
        UnknownOperator::Nothing => Ok(Filter::Nothing),
        UnknownOperator::Everything => Ok(Filter::Everything),
    }
}

fn missing(what: &str) -> Refusal {
    Refusal::Unprocessable(format!("filter lacks {what}"))
}

fn contains(held: &Value, wanted: &str) -> bool {
    match held {
        Value::String(text) => text.to_lowercase().contains(wanted),
        Value::Array(items) => items.iter().any(|item| contains(item, wanted)),
        Value::Object(members) => members.values().any(|member| contains(member, wanted)),
        _ => false,
    }
}

fn moment(value: &Value) -> Option<Timestamp> {
    let text = value.as_str()?;
    let midnight = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok();
    text.parse().ok().or_else(|| Some(midnight()?.timestamp()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn dialect(unknown_operator: UnknownOperator) -> Dialect<'static> {
        Dialect {
            unknown_operator,
            date_operators: None,
        }
    }

    fn judge(filter: &Value, dialect: Dialect<'_>) -> Result<bool, Refusal> {
        let row = json!({
            "performer_type": "USER",
            "parent_id": null,
            "performer_metadata": { "name": "Zoë Ito" },
            "related_resource_ids": ["a", "b"],
            "updated_at": "2026-01-02T00:00:00.5Z"
        });
        let filter = Filter::parse(&filter.to_string(), dialect)?;
        Ok(filter.passes(&|name| {
            let pointer = format!("/{}", name.replace('.', "/"));
            Cow::Owned(row.pointer(&pointer).cloned().unwrap_or_default())
        }))
    }

    fn leaf(operator: &str, field: &str, value: &Value) -> Value {
        json!({ "operator": operator, "field": field, "value": value })
    }

    #[test]
    fn operators_judge_and_nest() {
        let yes = leaf("exact", "performer_type", &json!("USER"));
        let no = leaf("exact", "performer_type", &json!("API"));
        let all = |operator: &str, operands: &[&Value]| json!({ "operator": operator, "operands": operands });
        let cases = [
            (yes.clone(), true),
            (no.clone(), false),
            (leaf("in", "performer_type", &json!(["API", "USER"])), true),
            (leaf("contains", "performer_metadata.name", &json!("zoë")), true),
            (leaf("contains", "related_resource_ids", &json!("b")), true),
            (leaf("is_set", "parent_id", &Value::Null), false),
            (leaf("is_set", "performer_metadata", &Value::Null), true),
            (all("and", &[&yes, &no]), false),
            (all("or", &[&yes, &no]), true),
            (all("not", &[&no]), true),
            (all("and", &[&yes, &all("not", &[&all("or", &[&no])])]), true),
            (leaf("exact", "no_such_field", &json!("x")), false),
        ];
        for (filter, expected) in cases {
            assert_eq!(
                judge(&filter, dialect(UnknownOperator::BadRequest)),
                Ok(expected),
                "{filter}"
            );
        }
    }

    #[test]
    fn unknown_operators_follow_the_switch_and_dates_work_under_their_names() {
        let filter = leaf("gte", "updated_at", &json!("2026-01-01T00:00:00Z"));
        assert!(matches!(
            judge(&filter, dialect(UnknownOperator::BadRequest)),
            Err(Refusal::BadRequest(_))
        ));
        assert!(matches!(
            judge(&filter, dialect(UnknownOperator::Unprocessable)),
            Err(Refusal::Unprocessable(_))
        ));
        assert_eq!(judge(&filter, dialect(UnknownOperator::Nothing)), Ok(false));
        assert_eq!(judge(&filter, dialect(UnknownOperator::Everything)), Ok(true));
        let names = DateOperators {
            at_or_after: "gte".to_owned(),
            before: "lt".to_owned(),
        };
        let dated = Dialect {
            unknown_operator: UnknownOperator::BadRequest,
            date_operators: Some(&names),
        };
        assert_eq!(judge(&filter, dated), Ok(true));
        let nested = |from: &str, until: &str| {
            let stretch = [
                leaf("gte", "updated_at", &json!(from)),
                json!({ "operator": "or", "operands": [leaf("lt", "updated_at", &json!(until))] }),
            ];
            json!({ "operator": "and", "operands": stretch })
        };
        let cases = [
            (leaf("lt", "updated_at", &json!("2026-01-02T00:00:00.5Z")), Ok(false)),
            (
                leaf("lt", "updated_at", &json!("2026-01-02T00:00:00.500001Z")),
                Ok(true),
            ),
            (
                leaf("gte", "updated_at", &json!("2026-01-01T19:00:00.5-05:00")),
                Ok(true),
            ),
            (leaf("gte", "updated_at", &json!("2026-01-03")), Ok(false)),
            (leaf("gte", "performer_type", &json!("2026-01-03")), Ok(false)),
            (nested("2026-01-02", "2026-01-02T00:00:01Z"), Ok(true)),
            (nested("2026-01-02T00:00:01Z", "2026-01-03"), Ok(false)),
        ];
        for (filter, expected) in cases {
            assert_eq!(judge(&filter, dated), expected, "{filter}");
        }
        let refused = judge(&leaf("lt", "updated_at", &json!("yesterday")), dated);
        assert!(matches!(refused, Err(Refusal::Unprocessable(_))));
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for text in [
            "{",
            "[]",
            "{\"operator\":\"and\"}",
            "{\"operator\":\"exact\",\"value\":1}",
            "{\"operator\":\"in\",\"field\":\"a\",\"value\":1}",
        ] {
            assert!(
                Filter::parse(text, dialect(UnknownOperator::Everything)).is_err(),
                "{text}"
            );
        }
    }
}
