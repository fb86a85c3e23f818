//! What a stream may be narrowed to: which keys each takes, how they are sent, and whether a record meets them. Pure data, and
//! separate because a service that ignores a filter answers with everything: what comes must be judged here as well.

use std::collections::BTreeMap;

use serde_json::Value;

/// Deeper nesting of an expression is refused.
const DEEPEST: usize = 16;

/// The filter of one stream. A record has to meet all of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    pub terms: Vec<Term>,
    /// Checked by [`check_expression`], and sent as one JSON text.
    pub expression: Option<Value>,
    /// How far back notifications are asked for: of the request, and no filter.
    pub days: Option<u32>,
    /// How many notifications a page is to hold: of the request, and no filter.
    pub page_size: Option<u32>,
}

/// One member that has to be one of some values, of which there is at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    pub key: &'static Key,
    pub values: Vec<String>,
}

/// One key that a filter may hold.
#[derive(Debug, PartialEq)]
pub struct Key {
    pub name: &'static str,
    pub form: Form,
    /// Where records hold it, each a path; the first that is there counts.
    pub members: &'static [&'static str],
    pub sending: Sending,
    /// Another key without which this one means nothing.
    pub needs: Option<&'static str>,
}

/// What a key is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Text,
    /// One text, or a list of them.
    Texts,
    /// A whole number, which may be negative.
    Number,
    /// A whole number of 1 to this.
    Count(u32),
    /// `{ operator, … }`, see [`check_expression`].
    Expression,
}

/// How a key is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sending {
    /// `key=value`.
    Plain,
    /// `filter[key]=value`; several values as `filter[key][]`, repeated.
    Bracketed,
    /// A listing of its own for each value, so that nothing is sent with every request.
    Listings,
}

const fn key(name: &'static str, form: Form, sending: Sending, members: &'static [&'static str]) -> Key {
    Key {
        name,
        form,
        members,
        sending,
        needs: None,
    }
}

/// By kind of service and name of stream. From the vendors' documents.
const KEYS: &[(&str, &str, &[Key])] = &[
    (
        "secoda",
        "audit_logs",
        &[key("filter", Form::Expression, Sending::Plain, &[])],
    ),
    (
        "secoda",
        "resource_logs",
        &[key("resource_id", Form::Texts, Sending::Listings, &[])],
    ),
    (
        "secoda",
        "notifications",
        &[
            key("sender_id", Form::Text, Sending::Plain, &["sender.id"]),
            key("resource_id", Form::Text, Sending::Plain, &["resource_id"]),
            key("days", Form::Count(36_500), Sending::Plain, &[]),
            key("page_size", Form::Count(1_000), Sending::Plain, &[]),
        ],
    ),
    (
        "zendesk",
        "audit_logs",
        &[
            key("action", Form::Texts, Sending::Bracketed, &["action"]),
            key("actor_id", Form::Number, Sending::Bracketed, &["actor_id"]),
            key("ip_address", Form::Text, Sending::Bracketed, &["ip_address"]),
            key("source_type", Form::Text, Sending::Bracketed, &["source_type"]),
            Key {
                needs: Some("source_type"),
                ..key("source_id", Form::Number, Sending::Bracketed, &["source_id"])
            },
        ],
    ),
];

/// The keys that the filter of a stream may hold; none where it cannot be narrowed.
pub fn keys(kind: &str, stream: &str) -> &'static [Key] {
    let found = KEYS.iter().find(|(of, name, _)| (*of, *name) == (kind, stream));
    found.map_or(&[], |(_, _, keys)| keys)
}

impl Filter {
    /// The same text for the same filter, however it is written: coverage is kept by it. Empty for one that keeps every row.
    pub fn canonical(&self) -> String {
        if let Some(expression) = &self.expression {
            return sorted(expression).to_string();
        }
        let mut terms: Vec<String> = self.terms.iter().map(Term::canonical).collect();
        terms.sort();
        terms.join("&")
    }

    /// The parameters to send with each request, not yet encoded.
    pub fn query(&self) -> Vec<(String, String)> {
        let mut query: Vec<(String, String)> = self.terms.iter().flat_map(Term::query).collect();
        if let Some(expression) = &self.expression {
            query.push(("filter".to_owned(), sorted(expression).to_string()));
        }
        for (name, number) in [("days", self.days), ("page_size", self.page_size)] {
            query.extend(number.map(|number| (name.to_owned(), number.to_string())));
        }
        query
    }

    /// Whether a record meets the filter, as far as that can be judged from the record: nothing where it lacks a member, or an
    /// operator's meaning is not known.
    pub fn matches(&self, record: &Value) -> Option<bool> {
        let terms = self.terms.iter().map(|term| term.matches(record));
        let expression = self.expression.iter().map(|expression| judged(expression, record));
        all(terms.chain(expression))
    }

    /// The values of a key, where the filter has it.
    pub fn values(&self, key: &str) -> Option<&[String]> {
        let term = self.terms.iter().find(|term| term.key.name == key);
        term.map(|term| term.values.as_slice())
    }
}

impl Term {
    fn canonical(&self) -> String {
        let mut values: Vec<String> = self.values.iter().map(|value| escaped(value)).collect();
        values.sort();
        values.dedup();
        format!("{}={}", self.key.name, values.join(","))
    }

    fn query(&self) -> Vec<(String, String)> {
        let name = match (self.key.sending, self.values.len()) {
            (Sending::Listings, _) => return Vec::new(),
            (Sending::Plain, _) => self.key.name.to_owned(),
            (Sending::Bracketed, 1) => format!("filter[{}]", self.key.name),
            (Sending::Bracketed, _) => format!("filter[{}][]", self.key.name),
        };
        self.values.iter().map(|value| (name.clone(), value.clone())).collect()
    }

    fn matches(&self, record: &Value) -> Option<bool> {
        let held = self.key.members.iter().find_map(|path| member(record, path))?;
        let text = match held {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Null => return Some(false),
            _ => return None,
        };
        Some(self.values.iter().any(|value| is_same_word(value, &text)))
    }
}

/// Case and underscores do not count: one service writes both `apitoken` and `api_token`.
fn is_same_word(one: &str, other: &str) -> bool {
    let plain = |text: &str| text.replace('_', "").to_lowercase();
    plain(one) == plain(other)
}

/// Keeps the signs that part a canonical text out of its values.
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for letter in value.chars() {
        match letter {
            '%' => text.push_str("%25"),
            ',' => text.push_str("%2C"),
            '&' => text.push_str("%26"),
            '=' => text.push_str("%3D"),
            other => text.push(other),
        }
    }
    text
}

/// The same value with the members of every object in the order of their names.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<&String, Value> = members.iter().map(|(name, value)| (name, sorted(value))).collect();
            members.into_iter().map(|(name, value)| (name.clone(), value)).collect()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

fn member<'a>(record: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(record, |value, name| value.get(name))
}

/// Checks an expression of the grammar `{ operator, operands }` or `{ operator, field, value }`: `and`, `or`, `not` over
/// others; `exact`, `in`, `contains`, `is_set` and any other operator over a field. A value of null, which not every format of
/// a configuration can write, is put in where it is meant. An error is a fragment that names the place.
pub fn check_expression(expression: Value) -> Result<Value, String> {
    checked(expression, "", 0)
}

fn checked(expression: Value, place: &str, depth: usize) -> Result<Value, String> {
    let fault = |text: &str| {
        if place.is_empty() {
            text.to_owned()
        } else {
            format!("{place}: {text}")
        }
    };
    let Value::Object(mut members) = expression else {
        return Err(fault("not a table with an operator"));
    };
    if depth > DEEPEST {
        return Err(fault(&format!("nested more than {DEEPEST} deep")));
    }
    let known = ["operator", "operands", "field", "value"];
    if let Some(name) = members.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(fault(&format!(
            "unknown member `{name}`, not one of {}",
            known.join(", ")
        )));
    }
    let Some(operator) = members
        .get("operator")
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
    else {
        return Err(fault("no operator, such as \"exact\""));
    };
    let operator = operator.to_owned();
    let is_over_others = matches!(operator.as_str(), "and" | "or" | "not");
    if is_over_others || members.contains_key("operands") {
        let Some(Value::Array(operands)) = members.remove("operands").filter(|_| members.len() == 1) else {
            return Err(fault(&format!(
                "`{operator}` takes a list of operands and nothing else"
            )));
        };
        if operands.is_empty() {
            return Err(fault(&format!("`{operator}` has no operands")));
        }
        let dot = if place.is_empty() { "" } else { "." };
        let each = operands.into_iter().enumerate();
        let operands = each.map(|(at, operand)| checked(operand, &format!("{place}{dot}operands[{at}]"), depth + 1));
        members.insert("operands".to_owned(), operands.collect::<Result<_, _>>()?);
        return Ok(Value::Object(members));
    }
    if members.get("field").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(fault(&format!("`{operator}` takes a field")));
    }
    match (operator.as_str(), members.get("value")) {
        ("in", Some(Value::Array(values))) if !values.is_empty() => {}
        ("in", _) => return Err(fault("`in` takes a list as its value")),
        ("contains", Some(Value::String(_))) => {}
        ("contains", _) => return Err(fault("`contains` takes a text as its value")),
        ("is_set", None) => drop(members.insert("value".to_owned(), Value::Null)),
        ("exact", None) => return Err(fault("`exact` takes a value")),
        _ => {}
    }
    Ok(Value::Object(members))
}

/// True, false, or not to be told.
fn judged(expression: &Value, record: &Value) -> Option<bool> {
    let operands = || {
        expression
            .get("operands")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    let judged_operands = || operands().map(|operand| judged(operand, record));
    let value = || expression.get("value");
    let field = || member(record, expression.get("field")?.as_str()?);
    match expression.get("operator")?.as_str()? {
        "and" => all(judged_operands()),
        "or" => negated(all(judged_operands().map(negated))),
        // Whether several operands are meant together or each for itself is not told: they have to agree.
        "not" if judged_operands().all(|one| one == Some(true)) => Some(false),
        "not" if judged_operands().all(|one| one == Some(false)) => Some(true),
        "exact" => is_same(field()?, value()?),
        "in" => {
            let (held, values) = (field()?, value()?.as_array()?);
            negated(all(values.iter().map(|value| negated(is_same(held, value)))))
        }
        "contains" => holds(field()?, value()?.as_str()?),
        "is_set" if value()?.is_null() => Some(!field()?.is_null()),
        _ => None,
    }
}

/// Whether all are true: one that is false decides, and else one that cannot be told.
fn all(mut each: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let decided = each.try_fold(Some(true), |all, one| match one {
        Some(false) => Err(Some(false)),
        Some(true) => Ok(all),
        None => Ok(None),
    });
    decided.unwrap_or_else(|decided| decided)
}

fn negated(one: Option<bool>) -> Option<bool> {
    one.map(|one| !one)
}

/// Texts that differ in their case only, and values of two types, may be the same to the service, or not.
fn is_same(held: &Value, wanted: &Value) -> Option<bool> {
    match (held, wanted) {
        _ if held == wanted => Some(true),
        (Value::String(held), Value::String(wanted)) => (held.to_lowercase() != wanted.to_lowercase()).then_some(false),
        (Value::Null, _) | (_, Value::Null) => Some(false),
        (Value::Number(_), Value::Number(_)) | (Value::Bool(_), Value::Bool(_)) => Some(false),
        _ => None,
    }
}

fn holds(held: &Value, wanted: &str) -> Option<bool> {
    match held {
        Value::String(text) if text.contains(wanted) => Some(true),
        Value::String(text) if text.to_lowercase().contains(&wanted.to_lowercase()) => None,
        Value::String(_) | Value::Null => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn term(kind: &str, stream: &str, name: &str, values: &[&str]) -> Term {
        Term {
            key: keys(kind, stream).iter().find(|key| key.name == name).unwrap(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        }
    }

    type Terms = &'static [(&'static str, &'static [&'static str])];

    fn zendesk(terms: &[(&str, &[&str])]) -> Filter {
        let terms = terms
            .iter()
            .map(|(name, values)| term("zendesk", "audit_logs", name, values));
        Filter {
            terms: terms.collect(),
            ..Filter::default()
        }
    }

    fn secoda(expression: Value) -> Filter {
        Filter {
            expression: Some(check_expression(expression).unwrap()),
            ..Filter::default()
        }
    }

    fn query(filter: &Filter) -> String {
        let pairs = filter
            .query()
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_filter_is_named_and_sent_by_what_it_says() {
        let notifications = Filter {
            terms: vec![term("secoda", "notifications", "sender_id", &["u-1"])],
            days: Some(365),
            page_size: Some(100),
            ..Filter::default()
        };
        let resources = Filter {
            terms: vec![term("secoda", "resource_logs", "resource_id", &["r-2", "r-1"])],
            ..Filter::default()
        };
        let settings = Filter {
            days: Some(3),
            ..Filter::default()
        };
        let cases = [
            (Filter::default(), "", ""),
            (settings, "", "days=3"),
            (
                zendesk(&[("action", &["login"])]),
                "action=login",
                "filter[action]=login",
            ),
            (
                zendesk(&[("actor_id", &["-1"]), ("action", &["update", "create", "update"])]),
                "action=create,update&actor_id=-1",
                "filter[actor_id]=-1 filter[action][]=update filter[action][]=create filter[action][]=update",
            ),
            (
                zendesk(&[("source_type", &["a&b=c,d%"])]),
                "source_type=a%26b%3Dc%2Cd%25",
                "filter[source_type]=a&b=c,d%",
            ),
            (notifications, "sender_id=u-1", "sender_id=u-1 days=365 page_size=100"),
            (resources, "resource_id=r-1,r-2", ""),
            (
                secoda(json!({"value": {"b": 1, "a": [null]}, "operator": "exact", "field": "x"})),
                r#"{"field":"x","operator":"exact","value":{"a":[null],"b":1}}"#,
                r#"filter={"field":"x","operator":"exact","value":{"a":[null],"b":1}}"#,
            ),
        ];
        for (filter, canonical, sent) in cases {
            assert_eq!(
                (filter.canonical().as_str(), query(&filter).as_str()),
                (canonical, sent)
            );
        }
    }

    #[test]
    fn records_are_judged_by_the_terms() {
        let record = json!({
            "action": "login", "actor_id": -1, "ip_address": null, "source_type": "apitoken", "source_id": 9007199254740995_u64,
        });
        let cases: [(Terms, Option<bool>); 10] = [
            (&[], Some(true)),
            (&[("action", &["login"])], Some(true)),
            (&[("action", &["create", "login"])], Some(true)),
            (&[("action", &["create"])], Some(false)),
            (&[("actor_id", &["-1"])], Some(true)),
            (&[("actor_id", &["1"])], Some(false)),
            (&[("ip_address", &["10.0.0.1"])], Some(false)),
            (
                &[("source_type", &["api_token"]), ("source_id", &["9007199254740995"])],
                Some(true),
            ),
            (
                &[("source_type", &["api_token"]), ("source_id", &["9007199254740996"])],
                Some(false),
            ),
            (
                &[("source_type", &["user"]), ("source_id", &["9007199254740995"])],
                Some(false),
            ),
        ];
        for (terms, expected) in cases {
            assert_eq!(zendesk(terms).matches(&record), expected, "{terms:?}");
        }
        let lacking = json!({"action": "login", "actor_id": [1]});
        assert_eq!(zendesk(&[("ip_address", &["10.0.0.1"])]).matches(&lacking), None);
        assert_eq!(zendesk(&[("actor_id", &["1"])]).matches(&lacking), None);
        assert_eq!(
            zendesk(&[("ip_address", &["x"]), ("action", &["create"])]).matches(&lacking),
            Some(false)
        );
        let sender = Filter {
            terms: vec![term("secoda", "notifications", "sender_id", &["u-1"])],
            days: Some(1),
            ..Filter::default()
        };
        assert_eq!(sender.matches(&json!({"sender": {"id": "u-1"}})), Some(true));
        assert_eq!(sender.matches(&json!({"sender": {"id": "u-2"}})), Some(false));
        assert_eq!(sender.matches(&json!({"performer": {"id": "u-1"}})), None);
    }

    #[test]
    fn records_are_judged_by_an_expression() {
        let record = json!({
            "performer_type": "USER", "parent_id": null, "n": 5, "ids": ["a"], "performer_metadata": {"name": "Zoë Ito"},
        });
        let exact = |field: &str, value: Value| json!({"operator": "exact", "field": field, "value": value});
        let (yes, no, unknown) = (exact("n", json!(5)), exact("n", json!(6)), exact("absent", json!(1)));
        let over = |operator: &str, operands: &[&Value]| json!({"operator": operator, "operands": operands});
        let cases = [
            (exact("performer_type", json!("USER")), Some(true)),
            (exact("performer_type", json!("API")), Some(false)),
            (exact("performer_type", json!("user")), None),
            (exact("parent_id", Value::Null), Some(true)),
            (exact("parent_id", json!("p-1")), Some(false)),
            (exact("n", json!("5")), None),
            (exact("ids", json!("a")), None),
            (exact("performer_metadata.name", json!("Zoë Ito")), Some(true)),
            (json!({"operator": "in", "field": "n", "value": [1, 5]}), Some(true)),
            (json!({"operator": "in", "field": "n", "value": [1, 2]}), Some(false)),
            (json!({"operator": "in", "field": "absent", "value": [1]}), None),
            (
                json!({"operator": "contains", "field": "performer_metadata.name", "value": "Ito"}),
                Some(true),
            ),
            (
                json!({"operator": "contains", "field": "performer_metadata.name", "value": "ito"}),
                None,
            ),
            (
                json!({"operator": "contains", "field": "performer_metadata.name", "value": "Ann"}),
                Some(false),
            ),
            (json!({"operator": "contains", "field": "ids", "value": "a"}), None),
            (json!({"operator": "is_set", "field": "n"}), Some(true)),
            (
                json!({"operator": "is_set", "field": "parent_id", "value": null}),
                Some(false),
            ),
            (json!({"operator": "is_set", "field": "absent"}), None),
            (json!({"operator": "on_or_after", "field": "n", "value": 5}), None),
            (over("and", &[&yes, &yes]), Some(true)),
            (over("and", &[&unknown, &no]), Some(false)),
            (over("and", &[&unknown, &yes]), None),
            (over("or", &[&no, &no]), Some(false)),
            (over("or", &[&unknown, &yes]), Some(true)),
            (over("or", &[&unknown, &no]), None),
            (over("not", &[&yes]), Some(false)),
            (over("not", &[&no, &no]), Some(true)),
            (over("not", &[&yes, &no]), None),
            (over("not", &[&unknown]), None),
            (over("xor", &[&yes, &no]), None),
        ];
        for (expression, expected) in cases {
            assert_eq!(secoda(expression.clone()).matches(&record), expected, "{expression}");
        }
    }

    #[test]
    fn expressions_that_mean_nothing_are_refused_with_their_place() {
        let deep = (0..18).fold(
            json!({"operator": "is_set", "field": "a"}),
            |inner, _| json!({"operator": "not", "operands": [inner]}),
        );
        let cases = [
            (json!("x"), "not a table with an operator"),
            (json!({"field": "a"}), "no operator, such as \"exact\""),
            (json!({"operator": 5}), "no operator, such as \"exact\""),
            (
                json!({"operator": "exact", "fild": "a"}),
                "unknown member `fild`, not one of operator, operands, field, value",
            ),
            (
                json!({"operator": "and"}),
                "`and` takes a list of operands and nothing else",
            ),
            (
                json!({"operator": "and", "operands": [], "field": "a"}),
                "`and` takes a list of operands and nothing else",
            ),
            (json!({"operator": "or", "operands": []}), "`or` has no operands"),
            (json!({"operator": "exact", "value": 1}), "`exact` takes a field"),
            (json!({"operator": "exact", "field": "a"}), "`exact` takes a value"),
            (
                json!({"operator": "in", "field": "a", "value": 1}),
                "`in` takes a list as its value",
            ),
            (
                json!({"operator": "in", "field": "a", "value": []}),
                "`in` takes a list as its value",
            ),
            (
                json!({"operator": "contains", "field": "a", "value": 1}),
                "`contains` takes a text as its value",
            ),
            (
                json!({"operator": "and", "operands": [{"operator": "not", "operands": [7]}]}),
                "operands[0].operands[0]: not a table with an operator",
            ),
            (
                json!({"operator": "xor", "operands": [7]}),
                "operands[0]: not a table with an operator",
            ),
        ];
        for (expression, expected) in cases {
            assert_eq!(
                check_expression(expression.clone()).unwrap_err(),
                expected,
                "{expression}"
            );
        }
        assert!(
            check_expression(deep)
                .unwrap_err()
                .ends_with("nested more than 16 deep")
        );
    }
}
