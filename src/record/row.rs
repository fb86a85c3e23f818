//! A row while it is read: the values of its columns, and what goes to `extra`. Apart from the layout, which says where each
//! member of a record belongs.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::json::{self, Nulls};
use super::{Block, Value};
use crate::schema::{Column, Kind, parse_time};

/// A row while it is read.
pub(super) struct Row {
    pub(super) values: Vec<Value>,
    pub(super) extra: BTreeMap<String, Extra>,
    /// Path, value and the column it may repeat.
    echoes: Vec<(Vec<String>, String, usize)>,
    pub(super) wrong_types: u64,
}

pub(super) enum Extra {
    Whole(String),
    Parts(BTreeMap<String, Extra>),
}

impl Row {
    pub(super) fn new(columns: usize) -> Self {
        Self {
            values: vec![Value::Null; columns],
            extra: BTreeMap::new(),
            echoes: Vec::new(),
            wrong_types: 0,
        }
    }

    /// Whether the value is of the column's kind.
    pub(super) fn set(&mut self, index: usize, column: Column, raw: &RawValue) -> bool {
        if raw.get() == "null" {
            return true;
        }
        let Some(value) = read_value(column.kind, raw) else {
            return false;
        };
        self.values[index] = value;
        true
    }

    pub(super) fn echo(&mut self, path: &[&str], raw: &RawValue, index: usize) {
        let path = path.iter().map(|name| (*name).to_owned()).collect();
        self.echoes.push((path, json::canonical(raw, Nulls::Kept), index));
    }

    /// Keeps a value for `extra`, at its path.
    pub(super) fn keep(&mut self, path: &[&str], raw: &RawValue) {
        put(&mut self.extra, path, json::canonical(raw, Nulls::Kept));
    }

    pub(super) fn extra_json(&mut self) -> Value {
        for (path, value, index) in std::mem::take(&mut self.echoes) {
            let same = match &self.values[index] {
                Value::Text(text) => json::quoted(text) == value,
                Value::Integer(number) => number.to_string() == value,
                _ => value == "null",
            };
            if !same {
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                put(&mut self.extra, &path, value);
            }
        }
        if self.extra.is_empty() {
            return Value::Null;
        }
        Value::Text(object(&self.extra))
    }
}

fn put(parts: &mut BTreeMap<String, Extra>, path: &[&str], value: String) {
    match path {
        [] => {}
        [name] => {
            parts.insert((*name).to_owned(), Extra::Whole(value));
        }
        [name, rest @ ..] => {
            let inner = parts
                .entry((*name).to_owned())
                .or_insert_with(|| Extra::Parts(BTreeMap::new()));
            if let Extra::Parts(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

fn object(parts: &BTreeMap<String, Extra>) -> String {
    json::object(parts.iter().map(|(name, extra)| match extra {
        Extra::Whole(value) => (name, value.clone()),
        Extra::Parts(parts) => (name, object(parts)),
    }))
}

/// `None` when the value is of another kind.
fn read_value(kind: Kind, raw: &RawValue) -> Option<Value> {
    let text = raw.get();
    match kind {
        Kind::Text => json::text(text).map(Value::Text),
        Kind::Integer => serde_json::from_str(text).ok().map(Value::Integer),
        Kind::Boolean => serde_json::from_str(text).ok().map(Value::Boolean),
        Kind::Timestamp => json::text(text).as_deref().and_then(parse_time).map(Value::Timestamp),
        Kind::TextList => json::elements(text)?
            .iter()
            .map(|element| json::text(element.get()))
            .collect::<Option<_>>()
            .map(Value::TextList),
        Kind::IdList => json::elements(text)?
            .iter()
            .map(|element| json::id_of(element))
            .collect::<Option<_>>()
            .map(Value::TextList),
        Kind::Json => Some(Value::Text(json::canonical(raw, Nulls::Kept))),
        Kind::Blocks => read_blocks(text).map(Value::Blocks),
        Kind::BlocksText => read_blocks(text).map(|blocks| Value::Text(join_blocks(&blocks))),
        Kind::Binary => None,
    }
}

fn read_blocks(text: &str) -> Option<Vec<Block>> {
    json::elements(text)?
        .iter()
        .map(|element| read_block(element.get()))
        .collect()
}

fn read_block(text: &str) -> Option<Block> {
    let mut block = Block {
        kind: None,
        style: None,
        value: None,
    };
    for member in json::members(text)? {
        let target = match member.name.as_str() {
            "type" => &mut block.kind,
            "style" => &mut block.style,
            "value" => &mut block.value,
            _ => return None,
        };
        if member.value.get() != "null" {
            *target = Some(json::text(member.value.get())?);
        }
    }
    Some(block)
}

/// The values in their order, with a space only where neither side has one.
fn join_blocks(blocks: &[Block]) -> String {
    let mut joined = String::new();
    for value in blocks
        .iter()
        .filter_map(|block| block.value.as_deref())
        .filter(|value| !value.is_empty())
    {
        let touching =
            !joined.is_empty() && !joined.ends_with(char::is_whitespace) && !value.starts_with(char::is_whitespace);
        if touching {
            joined.push(' ');
        }
        joined.push_str(value);
    }
    joined
}
