//! One record: from the bytes a service sent to the declared columns of its table, or a reject with its reason. Pure, so
//! that a record read again tomorrow, or from a saved page, flattens to the same row.
//!
//! Only what identity and order need can reject a record; any other field of a wrong type becomes null and its value goes
//! to `extra`, for an event must not vanish over an icon.

mod json;
mod row;

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::schema::{EARLIEST, Micros, Table, format_time};
use crate::source::Stream;
use json::{Member, Nulls};
use row::Row;

/// Deepest nesting of a record that is read.
const MAX_DEPTH: usize = 64;

/// One value of a declared column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Null,
    Text(String),
    Integer(i64),
    Boolean(bool),
    Timestamp(Micros),
    TextList(Vec<String>),
    Blocks(Vec<Block>),
}

/// One piece of an activity's wording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    pub kind: Option<String>,
    pub style: Option<String>,
    pub value: Option<String>,
}

/// A record in the columns of its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub id: String,
    pub event_at: Micros,
    pub order_at: Micros,
    pub stable_hash: [u8; 16],
    /// One value per declared column of the table, in its order.
    pub values: Vec<Value>,
    /// The JSON exactly as received.
    pub raw: String,
    /// Fields of a wrong type, kept in `extra`.
    pub wrong_types: u64,
}

/// A record that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    pub reason: String,
    pub bytes: Vec<u8>,
}

impl Reject {
    /// What makes two rejects the same: the first 16 bytes of the SHA-256 of their bytes.
    pub fn hash(&self) -> [u8; 16] {
        short_hash(&self.bytes)
    }
}

/// How the records of one stream are read; made once, used for every record.
#[derive(Debug)]
pub struct Layout {
    table: &'static Table,
    id: usize,
    event: usize,
    order: usize,
    extra: Option<usize>,
    members: HashMap<&'static str, Place>,
    volatile: &'static [&'static str],
}

#[derive(Debug)]
enum Place {
    Columns(Vec<usize>),
    Group(HashMap<&'static str, Inner>),
}

#[derive(Debug, Clone, Copy)]
enum Inner {
    Column(usize),
    /// Kept only where it differs from this column.
    Echo(usize),
}

impl Layout {
    /// Panics when a stream names a column its table does not declare: the declarations are constants, checked by a test.
    pub fn of(stream: &Stream) -> Self {
        let table = stream.table;
        let mut members = HashMap::new();
        for (index, column) in table
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| !column.path.is_empty())
        {
            place(&mut members, column.path, index, Inner::Column(index));
        }
        for (path, column) in table.echoes {
            let index = position(table, column);
            place(&mut members, path, index, Inner::Echo(index));
        }
        Self {
            table,
            id: position(table, "id"),
            event: position(table, table.event_time),
            order: position(table, stream.order_key),
            extra: table.position("extra"),
            members,
            volatile: stream.volatile,
        }
    }

    /// Reads one record; times must lie between 2000-01-01 and `latest`.
    pub fn read(&self, bytes: &[u8], latest: Micros) -> Result<Record, Reject> {
        let reject = |reason: String| Reject {
            reason,
            bytes: bytes.to_vec(),
        };
        let text = std::str::from_utf8(bytes).map_err(|error| reject(format!("not UTF-8: {error}")))?;
        let members = json::members(text).ok_or_else(|| reject("not an object".to_owned()))?;
        if json::depth(text) > MAX_DEPTH {
            return Err(reject(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        if members
            .iter()
            .any(|member| member.name == "id" && json::is_broken_text(member.value))
        {
            return Err(reject("id is no Unicode text".to_owned()));
        }
        let mut row = Row::new(self.table.columns.len());
        for member in &members {
            self.fill(&mut row, member);
        }
        let id = self.identity(&row).map_err(reject)?;
        let event_at = self.time(&row, self.event, latest).map_err(reject)?;
        let order_at = self.time(&row, self.order, latest).map_err(reject)?;
        if let Some(extra) = self.extra {
            row.values[extra] = row.extra_json();
        }
        let stable_hash = short_hash(json::canonical_members(&members, self.volatile).as_bytes());
        let Row {
            values, wrong_types, ..
        } = row;
        Ok(Record {
            id,
            event_at,
            order_at,
            stable_hash,
            values,
            raw: text.to_owned(),
            wrong_types,
        })
    }

    fn fill(&self, row: &mut Row, member: &Member<'_>) {
        match self.members.get(member.name.as_str()) {
            None => row.keep(&member.name, None, member.value),
            Some(Place::Columns(indexes)) => {
                let well_typed = indexes
                    .iter()
                    .all(|index| row.set(*index, self.table.columns[*index], member.value));
                if !well_typed {
                    row.wrong_types += 1;
                    row.keep(&member.name, None, member.value);
                }
            }
            Some(Place::Group(columns)) => self.fill_group(row, member, columns),
        }
    }

    fn fill_group(&self, row: &mut Row, member: &Member<'_>, columns: &HashMap<&'static str, Inner>) {
        if member.value.get() == "null" {
            return;
        }
        let Some(inner) = json::members(member.value.get()) else {
            row.wrong_types += 1;
            row.keep(&member.name, None, member.value);
            return;
        };
        for part in &inner {
            match columns.get(part.name.as_str()) {
                Some(Inner::Column(index)) if row.set(*index, self.table.columns[*index], part.value) => {}
                Some(Inner::Column(_)) => {
                    row.wrong_types += 1;
                    row.keep(&member.name, Some(&part.name), part.value);
                }
                Some(Inner::Echo(index)) => row.echo(&member.name, &part.name, part.value, *index),
                None => row.keep(&member.name, Some(&part.name), part.value),
            }
        }
    }

    fn identity(&self, row: &Row) -> Result<String, String> {
        match &row.values[self.id] {
            Value::Text(id) if !id.is_empty() => Ok(id.clone()),
            Value::Integer(id) => Ok(id.to_string()),
            _ if row.extra.contains_key("id") => Err("id is of a wrong type".to_owned()),
            _ => Err("no id".to_owned()),
        }
    }

    fn time(&self, row: &Row, index: usize, latest: Micros) -> Result<Micros, String> {
        let name = self.table.columns[index].name;
        match &row.values[index] {
            Value::Timestamp(at) if (EARLIEST..=latest).contains(at) => Ok(*at),
            Value::Timestamp(_) => Err(format!("{name} is outside 2000-01-01 … {}", format_time(latest))),
            _ if row.extra.contains_key(name) => Err(format!("{name} is not a time with an offset")),
            _ => Err(format!("no {name}")),
        }
    }
}

/// Whether two records of one id differ only in top-level members that one of them lacks: the service changed its shape,
/// nobody changed the record.
pub fn is_drift(older: &str, newer: &str, volatile: &[&str]) -> bool {
    let (Some(older), Some(newer)) = (json::members(older), json::members(newer)) else {
        return false;
    };
    let newer: HashMap<&str, String> = newer
        .iter()
        .filter(|member| member.value.get() != "null")
        .map(|member| (member.name.as_str(), json::canonical(member.value, Nulls::Dropped)))
        .collect();
    older
        .iter()
        .filter(|member| !volatile.contains(&member.name.as_str()))
        .filter(|member| member.value.get() != "null")
        .filter_map(|member| newer.get(member.name.as_str()).map(|value| (member, value)))
        .all(|(member, value)| json::canonical(member.value, Nulls::Dropped) == *value)
}

/// First 16 bytes of the SHA-256.
pub fn short_hash(bytes: &[u8]) -> [u8; 16] {
    let digest = Sha256::digest(bytes);
    let mut short = [0; 16];
    short.copy_from_slice(&digest[..16]);
    short
}

#[expect(
    clippy::expect_used,
    reason = "declarations are constants, and a test reads each stream's layout"
)]
fn position(table: &Table, name: &str) -> usize {
    table.position(name).expect("a declared column")
}

fn place(members: &mut HashMap<&'static str, Place>, path: &'static str, index: usize, inner: Inner) {
    match path.split_once('.') {
        None => match members.entry(path).or_insert_with(|| Place::Columns(Vec::new())) {
            Place::Columns(columns) => columns.push(index),
            Place::Group(_) => {}
        },
        Some((group, name)) => {
            if let Place::Group(columns) = members.entry(group).or_insert_with(|| Place::Group(HashMap::new())) {
                columns.insert(name, inner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::secoda::AUDIT_LOGS;

    const LATEST: Micros = 1_800_000_000_000_000;

    fn read(text: &str) -> Result<Record, Reject> {
        Layout::of(&AUDIT_LOGS).read(text.as_bytes(), LATEST)
    }

    fn with(members: &str) -> String {
        let times = r#""logged_at":"2025-07-11T19:38:34Z","updated_at":"2025-07-11T19:38:35Z""#;
        format!(
            r#"{{"id":"a",{times}{}{members}}}"#,
            if members.is_empty() { "" } else { "," }
        )
    }

    fn value(record: &Record, column: &str) -> Value {
        record.values[AUDIT_LOGS.table.position(column).unwrap()].clone()
    }

    #[test]
    fn what_identity_and_order_need_can_reject_a_record_and_nothing_else() {
        let deep = with(&format!(r#""metadata":{}{}"#, "[".repeat(70), "]".repeat(70)));
        let cases = [
            ("[1]", "not an object"),
            ("7", "not an object"),
            ("{}", "no id"),
            (r#"{"id":""}"#, "no id"),
            (r#"{"id":7}"#, "id is of a wrong type"),
            (r#"{"id":"lone\ud800"}"#, "id is no Unicode text"),
            (r#"{"id":"a"}"#, "no logged_at"),
            (
                r#"{"id":"a","logged_at":"2025-07-11T19:38:34"}"#,
                "logged_at is not a time with an offset",
            ),
            (r#"{"id":"a","logged_at":"2025-07-11T19:38:34Z"}"#, "no updated_at"),
            (
                r#"{"id":"a","logged_at":"1891-01-01T00:00:00Z"}"#,
                "logged_at is outside 2000-01-01 … 2027-01-15T08:00:00Z",
            ),
            (deep.as_str(), "nested deeper than 64 levels"),
        ];
        for (text, reason) in cases {
            assert_eq!(read(text).unwrap_err().reason, reason, "{text}");
        }
        assert_eq!(
            Layout::of(&AUDIT_LOGS)
                .read(b"{\"id\":\"\xff\"}", LATEST)
                .unwrap_err()
                .bytes,
            b"{\"id\":\"\xff\"}"
        );
    }

    #[test]
    fn a_wrong_type_becomes_null_and_its_value_stands_in_extra() {
        let record = read(&with(
            r#""activity_type":5,"is_legacy":"yes","performer_metadata":{"id":"p","name":["x"],"new":1e400},"event_blocks":[1],"shape":null"#,
        ))
        .unwrap();
        assert_eq!(record.wrong_types, 4);
        assert_eq!(value(&record, "activity_type"), Value::Null);
        assert_eq!(
            value(&record, "extra"),
            Value::Text(
                r#"{"activity_type":5,"event_blocks":[1],"is_legacy":"yes","performer_metadata":{"id":"p","name":["x"],"new":1e400},"shape":null}"#
                    .to_owned()
            )
        );
    }

    #[test]
    fn an_echo_is_kept_only_where_it_differs() {
        let same = read(&with(r#""performer_metadata":{"id":"p"},"performer_id":"p""#)).unwrap();
        let other = read(&with(r#""performer_metadata":{"id":"q"},"performer_id":"p""#)).unwrap();
        assert_eq!(value(&same, "extra"), Value::Null);
        assert_eq!(
            value(&other, "extra"),
            Value::Text(r#"{"performer_metadata":{"id":"q"}}"#.to_owned())
        );
    }

    #[test]
    fn the_hash_ignores_order_nulls_white_space_and_what_is_volatile() {
        let hash = |members: &str| read(&with(members)).unwrap().stable_hash;
        let base = hash(r#""activity_type":"x","metadata":{"a":1,"b":[1,2]}"#);
        assert_eq!(
            base,
            hash(r#""metadata" : {"b":[1, 2],"a":1,"c":null}, "activity_type":"\u0078","parent_id":null"#)
        );
        assert_eq!(
            base,
            hash(r#""activity_type":"x","metadata":{"a":1,"b":[1,2]},"performer_metadata":{"name":"new"}"#)
        );
        assert_ne!(base, hash(r#""activity_type":"x","metadata":{"a":1.0,"b":[1,2]}"#));
        assert_ne!(base, hash(r#""activity_type":"x","metadata":{"a":1,"b":[2,1]}"#));
        assert_ne!(hash(r#""activity_type":"\ud800""#), hash(r#""activity_type":"\ud801""#));
    }

    #[test]
    fn text_no_reader_likes_is_read() {
        let record = read(&with(r#""activity_type":"a\ud800b\u0000","x\udfff":"\ud83d\ude00""#)).unwrap();
        assert_eq!(
            value(&record, "activity_type"),
            Value::Text("a\u{fffd}\u{fffd}\u{fffd}b\0".to_owned())
        );
        let Value::Text(extra) = value(&record, "extra") else {
            panic!("no extra")
        };
        assert!(extra.contains('😀'));
    }

    #[test]
    fn blocks_join_with_a_space_only_where_neither_side_has_one() {
        let blocks = r#""event_blocks":[{"type":"text","style":"normal","value":"Added teams "},{"type":"text","style":"bold","value":"General"},{"type":"text","style":"normal","value":"and"}]"#;
        let record = read(&with(blocks)).unwrap();
        assert_eq!(
            value(&record, "event_text"),
            Value::Text("Added teams General and".to_owned())
        );
    }

    #[test]
    fn drift_is_a_member_that_one_side_lacks() {
        let volatile = AUDIT_LOGS.volatile;
        let older = with(r#""metadata":{"a":1},"performer_metadata":{"name":"old"}"#);
        assert!(is_drift(
            &older,
            &with(r#""metadata":{"a":1},"source":"new""#),
            volatile
        ));
        assert!(is_drift(&older, &with(""), volatile));
        assert!(!is_drift(&older, &with(r#""metadata":{"a":2}"#), volatile));
    }
}
