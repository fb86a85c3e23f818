//! What the streams of a source are narrowed to. Its own file because the keys differ from stream to stream, and a misspelt one
//! would silently keep every row.

use std::collections::BTreeMap;

use super::document::Section;
use super::fault::ConfigError;
use super::source::stream_of;
use crate::source::filter::{self, Filter, Form, Key, Term};
use crate::source::{Service, Stream};

/// Reads `[sources.<name>.filters.<stream>]` for each stream.
pub(super) fn read(
    source: &Section<'_>,
    service: &'static Service,
) -> Result<BTreeMap<&'static str, Filter>, ConfigError> {
    let mut filters = BTreeMap::new();
    let Some(section) = source.table("filters")? else {
        return Ok(filters);
    };
    for name in section.keys() {
        let named = stream_of(service, name);
        let stream: &Stream = named.map_err(|(message, hint)| section.fault_of_table(name, &message).hinted(hint))?;
        if let Some(table) = section.table(name)? {
            let keys = filter::keys(service.kind, stream.name);
            if keys.is_empty() {
                return Err(section.fault(name, "this stream cannot be filtered"));
            }
            filters.insert(stream.name, of_stream(&table, keys)?);
        }
    }
    Ok(filters)
}

fn of_stream(table: &Section<'_>, keys: &'static [Key]) -> Result<Filter, ConfigError> {
    let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
    table.check_keys(&names)?;
    let mut filter = Filter::default();
    for key in keys.iter().filter(|key| table.has(key.name)) {
        if let Some(needed) = key.needs.filter(|needed| !table.has(needed)) {
            return Err(table.fault(key.name, &format!("means nothing without `{needed}`")));
        }
        let values = match key.form {
            Form::Text => table.text(key.name)?.map(|text| vec![text.to_owned()]),
            Form::Texts => table.text_or_texts(key.name)?,
            Form::Number => table.number(key.name)?.map(|number| vec![number.to_string()]),
            Form::Count(most) => {
                let count = table.count(key.name, most)?;
                if key.name == "days" {
                    filter.days = count;
                } else {
                    filter.page_size = count;
                }
                None
            }
            Form::Expression => {
                let expression = table.json(key.name)?.map(filter::check_expression).transpose();
                filter.expression = expression.map_err(|message| table.fault(key.name, &message))?;
                None
            }
        };
        filter.terms.extend(values.map(|values| Term { key, values }));
    }
    Ok(filter)
}

#[cfg(test)]
mod tests {
    use super::super::document::Document;
    use super::*;
    use std::path::PathBuf;

    /// What the filter sends, or what is wrong with it.
    fn told(kind: &str, stream: &str, text: &str) -> String {
        let document = Document::parse("t.toml".into(), PathBuf::new(), text).unwrap();
        match of_stream(&document.root(), filter::keys(kind, stream)) {
            Ok(filter) => {
                let sent = filter
                    .query()
                    .into_iter()
                    .map(|(name, value)| format!("{name}={value}"));
                sent.collect::<Vec<_>>().join(" ")
            }
            Err(error) => match error.hint() {
                Some(hint) => format!("{error}; {hint}"),
                None => error.to_string(),
            },
        }
    }

    #[test]
    fn filters_of_zendesk() {
        let cases = [
            ("action = \"login\"", "filter[action]=login"),
            (
                "action = [\"create\", \"update\"]",
                "filter[action][]=create filter[action][]=update",
            ),
            ("actor_id = -1", "filter[actor_id]=-1"),
            ("ip_address = \"10.0.0.1\"", "filter[ip_address]=10.0.0.1"),
            (
                "source_id = 18342096136337\nsource_type = \"user\"",
                "filter[source_type]=user filter[source_id]=18342096136337",
            ),
            ("", ""),
            (
                "source_id = 5",
                "t.toml:1:1: source_id: means nothing without `source_type`",
            ),
            (
                "actions = \"login\"",
                "t.toml:1:1: unknown key `actions`; did you mean `action`?",
            ),
            ("action = []", "t.toml:1:1: action: is empty"),
            (
                "action = 5",
                "t.toml:1:1: action: expected a text or a list of texts, found a whole number",
            ),
            (
                "action = [5]",
                "t.toml:1:1: action: expected a text or a list of texts, found a whole number",
            ),
            (
                "actor_id = \"5\"",
                "t.toml:1:1: actor_id: expected a whole number, found a text",
            ),
            (
                "actor_id = 99999999999999999999",
                "t.toml:1:1: actor_id: 99999999999999999999 is too large a number",
            ),
            (
                "created_at = 5",
                "t.toml:1:1: unknown key `created_at`; known keys: action, actor_id, ip_address, source_type, source_id",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(told("zendesk", "audit_logs", text), expected, "{text}");
        }
    }

    #[test]
    fn filters_of_secoda() {
        let cases = [
            ("notifications", "sender_id = \"u\"\ndays = 30", "sender_id=u days=30"),
            (
                "notifications",
                "resource_id = \"r\"\npage_size = 100",
                "resource_id=r page_size=100",
            ),
            (
                "notifications",
                "days = 0",
                "t.toml:1:1: days: 0 is not a number from 1 to 36500",
            ),
            (
                "notifications",
                "dys = 1",
                "t.toml:1:1: unknown key `dys`; did you mean `days`?",
            ),
            ("resource_logs", "resource_id = [\"a\", \"b\"]", ""),
            (
                "resource_logs",
                "resource_id = \"\"",
                "t.toml:1:1: resource_id: is empty",
            ),
            (
                "audit_logs",
                "filter = { operator = \"and\", operands = [{ operator = \"is_set\", field = \"parent_id\" }, \
                 { operator = \"in\", field = \"x\", value = [1, 0x10, 2.5, true, 2026-01-02] }] }",
                r#"filter={"operands":[{"field":"parent_id","operator":"is_set","value":null},{"field":"x","operator":"in","value":[1,16,2.5,true,"2026-01-02"]}],"operator":"and"}"#,
            ),
            (
                "audit_logs",
                "filter = { operator = \"exact\", field = \"a\" }",
                "t.toml:1:1: filter: `exact` takes a value",
            ),
            (
                "audit_logs",
                "filter = { operator = \"exact\", field = \"a\", value = nan }",
                "t.toml:1:1: filter: holds a number that cannot be sent",
            ),
            (
                "audit_logs",
                "filter = 5",
                "t.toml:1:1: filter: not a table with an operator",
            ),
            (
                "audit_logs",
                "performer_type = \"USER\"",
                "t.toml:1:1: unknown key `performer_type`; known keys: filter",
            ),
        ];
        for (stream, text, expected) in cases {
            assert_eq!(told("secoda", stream, text), expected, "{text}");
        }
    }
}
