//! The filters of the list: how they are written in a query, and which rows pass. Apart from paging, which both modes
//! have their own of.

use std::net::IpAddr;
use std::str::FromStr;

use jiff::Timestamp;

use super::history::Facts;
use super::refusal::Refusal;

/// Which rows are asked for; without a condition all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    actions: Option<Vec<String>>,
    actor_ids: Option<Vec<i64>>,
    addresses: Option<Vec<Option<IpAddr>>>,
    source_types: Option<Vec<String>>,
    source_ids: Option<Vec<i64>>,
    /// Start and end in seconds.
    pub window: Option<(i64, i64)>,
}

impl Filter {
    /// Reads `filter[…]` out of the parameters of a query; the `ignored` ones, and those with other names, do nothing.
    pub fn read(parameters: &[(String, String)], ignored: &[&str]) -> Result<Filter, Refusal> {
        let values = |name: &str| {
            if ignored.contains(&name) {
                Vec::new()
            } else {
                named(parameters, name)
            }
        };
        let filter = Filter {
            actions: chosen(values("action")),
            actor_ids: parsed("actor_id", &values("actor_id"))?,
            addresses: chosen(values("ip_address").iter().map(|value| value.parse().ok()).collect()),
            source_types: chosen(values("source_type")),
            source_ids: parsed("source_id", &values("source_id"))?,
            window: if ignored.contains(&"created_at") {
                None
            } else {
                window(parameters)?
            },
        };
        if filter.source_ids.is_some() && filter.source_types.is_none() && !ignored.contains(&"source_type") {
            return Err(Refusal::value(
                "filter[source_id]",
                "it requires filter[source_type] to be set",
            ));
        }
        Ok(filter)
    }

    /// The same, of rows from this second on.
    pub fn since(mut self, second: Option<i64>) -> Filter {
        if let Some(second) = second {
            let (start, end) = self.window.unwrap_or((i64::MIN, i64::MAX));
            self.window = Some((start.max(second), end));
        }
        self
    }

    /// Whether the window is all it asks for.
    pub fn is_window_only(&self) -> bool {
        let window = self.window;
        *self
            == Filter {
                window,
                ..Filter::default()
            }
    }

    /// Whether a row passes; the window is not looked at.
    pub fn passes(&self, facts: &Facts) -> bool {
        let is_among = |chosen: &Option<Vec<String>>, value: &str| {
            chosen.as_ref().is_none_or(|values| values.iter().any(|it| it == value))
        };
        is_among(&self.actions, facts.action)
            && is_among(&self.source_types, facts.source_type)
            && self.actor_ids.as_ref().is_none_or(|ids| ids.contains(&facts.actor_id))
            && self
                .source_ids
                .as_ref()
                .is_none_or(|ids| facts.source_id.is_some_and(|id| ids.contains(&id)))
            && self
                .addresses
                .as_ref()
                .is_none_or(|all| facts.ip_address.is_some() && all.contains(&facts.ip_address))
    }
}

/// The values of a filter: all with brackets, else the last without.
fn named(parameters: &[(String, String)], name: &str) -> Vec<String> {
    let (single, repeated) = (format!("filter[{name}]"), format!("filter[{name}][]"));
    let of = |key: &str| {
        let found = parameters.iter().filter(|(other, _)| other == key);
        found.map(|(_, value)| value.clone()).collect::<Vec<String>>()
    };
    let repeated = of(&repeated);
    if repeated.is_empty() {
        of(&single).pop().into_iter().collect()
    } else {
        repeated
    }
}

fn chosen<T>(values: Vec<T>) -> Option<Vec<T>> {
    (!values.is_empty()).then_some(values)
}

fn parsed<T: FromStr>(name: &str, values: &[String]) -> Result<Option<Vec<T>>, Refusal> {
    let numbers: Option<Vec<T>> = values.iter().map(|value| value.parse().ok()).collect();
    let numbers = numbers.ok_or_else(|| Refusal::value(&format!("filter[{name}]"), "it must be an integer"))?;
    Ok(chosen(numbers))
}

fn window(parameters: &[(String, String)]) -> Result<Option<(i64, i64)>, Refusal> {
    let refused = || {
        Refusal::value(
            "filter[created_at]",
            "it must be given twice, with brackets, as YYYY-MM-DDTHH:MM:SSZ",
        )
    };
    let given = parameters
        .iter()
        .filter(|(name, _)| name.starts_with("filter[created_at]"));
    let given: Vec<&(String, String)> = given.collect();
    match given.as_slice() {
        [] => Ok(None),
        [(one, start), (other, end)] if one == "filter[created_at][]" && other == one => {
            let bounds = second(start).zip(second(end));
            bounds.map(Some).ok_or_else(refused)
        }
        _ => Err(refused()),
    }
}

fn second(text: &str) -> Option<i64> {
    let is_plain = text.len() == 20 && text.ends_with('Z') && text.as_bytes().get(10) == Some(&b'T');
    let at: Timestamp = is_plain.then(|| text.parse().ok()).flatten()?;
    Some(at.as_second())
}
