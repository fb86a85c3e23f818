//! One record: from the bytes a service sent to the declared columns of its table, or a reject with its reason. Pure, so
//! that a record read again tomorrow, or from a saved page, flattens to the same row.
//!
//! Only what identity and order need can reject a record; any other field of a wrong type becomes null and its value goes
//! to `extra`, for an event must not vanish over an icon.

pub mod erasure;
mod form;
mod json;
mod row;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::schema::{EARLIEST, Micros, Table, format_time};
use crate::source::{Form, Stream};
use erasure::Erasures;
use json::Member;
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
    /// Which of the stream's forms it is of.
    pub form: usize,
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
    /// What the same bytes were known by before all of those were erased whom they name, the first as they were received.
    pub earlier: Vec<[u8; 16]>,
}

impl Reject {
    /// What makes two rejects the same: the first 16 bytes of the SHA-256 of their bytes.
    pub fn hash(&self) -> [u8; 16] {
        short_hash(&self.bytes)
    }
}

/// How the records of one stream are read; made once, used for every record.
#[derive(Debug)]
pub struct Layouts {
    forms: Vec<Layout>,
    /// Whom no record may bring back.
    erasures: Option<Arc<Erasures>>,
}

/// How the records of one form are read.
#[derive(Debug)]
struct Layout {
    number: usize,
    form: &'static Form,
    id: usize,
    event: usize,
    order: usize,
    extra: Option<usize>,
    members: Places,
}

type Places = HashMap<&'static str, Place>;

/// Where a member of a record belongs.
#[derive(Debug)]
enum Place {
    Columns(Vec<usize>),
    /// Kept only where it differs from this column.
    Echo(usize),
    Group(Places),
}

impl Layouts {
    /// Panics when a stream names a column its table does not declare: the declarations are constants, checked by a test.
    pub fn of(stream: &'static Stream) -> Self {
        let layout = |(number, form)| Layout::of(number, form);
        Self {
            forms: stream.forms.iter().enumerate().map(layout).collect(),
            erasures: None,
        }
    }

    /// The same, with pseudonyms in every record for those who were erased.
    pub fn erasing(mut self, erasures: Option<Arc<Erasures>>) -> Self {
        self.erasures = erasures;
        self
    }

    /// The bytes as they may be kept.
    pub fn kept<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        match &self.erasures {
            Some(erasures) => erasures.apply(bytes),
            None => Cow::Borrowed(bytes),
        }
    }

    /// Reads one record of a form, and after it those nested in it, which are of the first form. Times must lie between
    /// 2000-01-01 and `latest`.
    pub fn read(&self, form: usize, bytes: &[u8], latest: Micros) -> Vec<Result<Record, Reject>> {
        let Some(layout) = self.forms.get(form) else {
            return Vec::new();
        };
        let kept = self.kept(bytes);
        let mut read = vec![layout.read(&kept, latest)];
        if let (Some(member), Some(first)) = (layout.form.nested, self.forms.first()) {
            let nested = nested(&kept, member);
            read.extend(nested.iter().map(|raw| first.read(raw.get().as_bytes(), latest)));
        }
        if let (Cow::Owned(_), true) = (&kept, read.iter().any(Result::is_err)) {
            self.note_earlier(bytes, layout.form.nested, &mut read);
        }
        read
    }

    /// What bytes that are rejected were known by before.
    pub fn earlier(&self, bytes: &[u8]) -> Vec<[u8; 16]> {
        let earlier = self.erasures.iter().flat_map(|erasures| erasures.earlier(bytes));
        earlier.map(|bytes| short_hash(&bytes)).collect()
    }

    /// Notes it in the rejects of a record and those nested in it, which stand at the same places before.
    fn note_earlier(&self, bytes: &[u8], member: Option<&str>, read: &mut [Result<Record, Reject>]) {
        for earlier in self.erasures.iter().flat_map(|erasures| erasures.earlier(bytes)) {
            let nested = member.map(|member| nested(&earlier, member)).unwrap_or_default();
            let all = std::iter::once(earlier.as_slice()).chain(nested.iter().map(|raw| raw.get().as_bytes()));
            for (bytes, read) in all.zip(&mut *read) {
                if let Err(reject) = read {
                    reject.earlier.push(short_hash(bytes));
                }
            }
        }
    }
}

/// The records in a member of a record; none where it is no list.
fn nested<'a>(bytes: &'a [u8], name: &str) -> Vec<&'a RawValue> {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let members = json::members(text).unwrap_or_default();
    let member = members.iter().find(|member| member.name == name);
    member
        .and_then(|member| json::elements(member.value.get()))
        .unwrap_or_default()
}

impl Layout {
    fn of(number: usize, form: &'static Form) -> Self {
        let table = form.table;
        let mut members = HashMap::new();
        for (index, column) in table.columns.iter().enumerate() {
            if column.path.is_empty() {
                continue;
            }
            let (places, name) = group(&mut members, column.path);
            if let Place::Columns(columns) = places.entry(name).or_insert_with(|| Place::Columns(Vec::new())) {
                columns.push(index);
            }
        }
        for (path, column) in table.echoes {
            let (places, name) = group(&mut members, path);
            places.insert(name, Place::Echo(position(table, column)));
        }
        Self {
            number,
            form,
            id: position(table, "id"),
            event: position(table, table.event_time),
            order: position(table, form.order_key.unwrap_or(table.revision_key())),
            extra: table.position("extra"),
            members,
        }
    }

    fn read(&self, bytes: &[u8], latest: Micros) -> Result<Record, Reject> {
        let reject = |reason: String| Reject {
            reason,
            bytes: bytes.to_vec(),
            earlier: Vec::new(),
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
        let mut row = Row::new(self.form.table.columns.len());
        for member in &members {
            self.fill(&mut row, &self.members, &mut Vec::new(), member);
        }
        let id = self.identity(&row).map_err(reject)?;
        let event_at = self.time(&row, self.event, latest).map_err(reject)?;
        let order_at = match (self.time(&row, self.order, latest), self.form.order_key) {
            (Err(reason), Some(_)) => return Err(reject(reason)),
            (order_at, _) => order_at.unwrap_or(event_at),
        };
        if let Some(extra) = self.extra {
            row.values[extra] = row.extra_json();
        }
        let stable_hash = short_hash(json::stable(&members, self.form.volatile, self.form.nested).as_bytes());
        let Row {
            values, wrong_types, ..
        } = row;
        Ok(Record {
            form: self.number,
            id,
            event_at,
            order_at,
            stable_hash,
            values,
            raw: text.to_owned(),
            wrong_types,
        })
    }

    /// Puts a member where it belongs; `path` are the names of the groups it stands in.
    fn fill<'a>(&self, row: &mut Row, places: &Places, path: &mut Vec<&'a str>, member: &'a Member<'_>) {
        path.push(&member.name);
        match places.get(member.name.as_str()) {
            None => row.keep(path, member.value),
            Some(Place::Echo(index)) => row.echo(path, member.value, *index),
            Some(Place::Columns(indexes)) => {
                let columns = self.form.table.columns;
                let set = |row: &mut Row, index: usize| row.set(index, columns[index], member.value);
                if !indexes.iter().all(|index| set(row, *index)) {
                    row.wrong_types += 1;
                    row.keep(path, member.value);
                }
            }
            Some(Place::Group(places)) if member.value.get() != "null" => match json::members(member.value.get()) {
                Some(inner) => inner.iter().for_each(|part| {
                    let mut path = path.clone();
                    self.fill(row, places, &mut path, part);
                }),
                None => {
                    row.wrong_types += 1;
                    row.keep(path, member.value);
                }
            },
            Some(Place::Group(_)) => {}
        }
        path.pop();
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
        let name = self.form.table.columns[index].name;
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
pub fn is_drift(older: &str, newer: &str, form: &Form) -> bool {
    let (Some(older), Some(newer)) = (json::members(older), json::members(newer)) else {
        return false;
    };
    let older = json::stable_values(&older, form.volatile, form.nested);
    let newer: HashMap<_, _> = json::stable_values(&newer, form.volatile, form.nested)
        .into_iter()
        .collect();
    older
        .iter()
        .filter_map(|(name, value)| newer.get(name).map(|newer| (value, newer)))
        .all(|(older, newer)| older == newer)
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

/// The places of the group a path leads to, made where they are missing, and the last name of the path.
fn group<'a>(places: &'a mut Places, path: &'static str) -> (&'a mut Places, &'static str) {
    match path.split_once('.') {
        None => (places, path),
        Some((name, rest)) => match places.entry(name).or_insert_with(|| Place::Group(HashMap::new())) {
            Place::Group(inner) => group(inner, rest),
            Place::Columns(_) | Place::Echo(_) => unreachable!("{path} leads through a column"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::erasure::{Erased, Identity, Key};
    use super::*;
    use crate::source::secoda::{AUDIT_LOGS, RESOURCE_LOGS, VERSION_HISTORIES};
    use crate::source::{SERVICES, zendesk};

    const LATEST: Micros = 1_800_000_000_000_000;

    fn read(text: &str) -> Result<Record, Reject> {
        read_as(&AUDIT_LOGS, 0, text).remove(0)
    }

    fn read_as(stream: &'static Stream, form: usize, text: &str) -> Vec<Result<Record, Reject>> {
        Layouts::of(stream).read(form, text.as_bytes(), LATEST)
    }

    fn with(members: &str) -> String {
        let times = r#""logged_at":"2025-07-11T19:38:34Z","updated_at":"2025-07-11T19:38:35Z""#;
        format!(
            r#"{{"id":"a",{times}{}{members}}}"#,
            if members.is_empty() { "" } else { "," }
        )
    }

    fn value(record: &Record, column: &str) -> Value {
        record.values[AUDIT_LOGS.main().table.position(column).unwrap()].clone()
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
            Layouts::of(&AUDIT_LOGS)
                .read(0, b"{\"id\":\"\xff\"}", LATEST)
                .remove(0)
                .unwrap_err()
                .bytes,
            b"{\"id\":\"\xff\"}"
        );
    }

    #[test]
    fn a_reject_is_known_by_what_its_bytes_were_before_each_erasure() {
        let key = Key::new(&[7; 32]);
        let erased = ["Dana Whitfield", "Omar Haddad"].map(|name| {
            let identity = Identity {
                id: format!("id-of-{name}"),
                names: [name.to_owned()].into(),
            };
            Erased::new(&key, &identity)
        });
        let layouts = |erased: &[Erased]| {
            let erasures = Erasures::new(key.clone(), SERVICES[0].personal, erased);
            Layouts::of(&RESOURCE_LOGS).erasing(Some(Arc::new(erasures)))
        };
        let log = r#"{"no":"Omar Haddad"}"#;
        let text = format!(r#"{{"by":"Dana Whitfield","activity_logs":[{{"no":1}},{log}]}}"#);
        let read = |layouts: Layouts| -> Vec<Reject> {
            let read = layouts.read(1, text.as_bytes(), LATEST).into_iter();
            read.map(|read| read.unwrap_err()).collect()
        };
        let (plain, first) = (read(Layouts::of(&RESOURCE_LOGS)), read(layouts(&erased[..1])));
        let both = read(layouts(&erased));
        assert_eq!(plain[0].earlier, Vec::<[u8; 16]>::new());
        assert_eq!(first[0].earlier, [plain[0].hash()]);
        assert_eq!(both[0].earlier, [plain[0].hash(), first[0].hash()]);
        assert!(both[1].earlier.contains(&both[1].hash()), "it names nobody");
        assert!(both[2].earlier.contains(&plain[2].hash()) && plain[2].bytes == log.as_bytes());
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
        let form = AUDIT_LOGS.main();
        let older = with(r#""metadata":{"a":1},"performer_metadata":{"name":"old"}"#);
        assert!(is_drift(&older, &with(r#""metadata":{"a":1},"source":"new""#), form));
        assert!(is_drift(&older, &with(""), form));
        assert!(!is_drift(&older, &with(r#""metadata":{"a":2}"#), form));
    }

    #[test]
    fn a_version_brings_its_logs_and_counts_only_their_ids() {
        let version = |logs: &str, more: &str| {
            format!(
                r#"{{"id":"v","created_at":"2025-07-11T19:38:34Z","updated_at":"2025-07-11T19:38:35Z","metadata":{{"prev":{{"a":1}},"secoda_entity_property_snapshot":{{"pii":true,"owners":["o"],"new":1}}}},"activity_logs":[{logs}]{more}}}"#
            )
        };
        let read = |text: &str| read_as(&RESOURCE_LOGS, 1, text);
        let log = |name: &str| with(&format!(r#""performer_metadata":{{"name":"{name}"}}"#));
        let both = read(&version(&format!("{},7", log("A")), ""));
        let version_read = both[0].as_ref().unwrap();
        let value = |column: &str| version_read.values[VERSION_HISTORIES.position(column).unwrap()].clone();
        assert_eq!((version_read.form, both[1].as_ref().unwrap().form), (1, 0));
        assert_eq!(both[2].as_ref().unwrap_err().reason, "not an object");
        assert_eq!(
            value("activity_log_ids"),
            Value::Null,
            "a list with a 7 in it is no list of records"
        );
        assert_eq!(value("snapshot_pii"), Value::Boolean(true));
        assert_eq!(value("previous"), Value::Text(r#"{"a":1}"#.to_owned()));
        let Value::Text(extra) = value("extra") else {
            panic!("no extra")
        };
        assert!(
            extra.contains(r#""metadata":{"secoda_entity_property_snapshot":{"new":1}}"#),
            "{extra}"
        );
        let hash = |text: &str| read(text)[0].as_ref().unwrap().stable_hash;
        let base = hash(&version(&log("A"), ""));
        assert_eq!(base, hash(&version(&log("B"), r#","older_than_thirty_days":true"#)));
        assert_ne!(base, hash(&version("", "")));
        assert_eq!(read("{}")[0].as_ref().unwrap_err().reason, "no id");
    }

    #[test]
    fn numbers_are_ids_where_a_table_says_so() {
        let row = r#"{"id":9007199254740993,"created_at":"2023-09-06T11:09:33Z","actor_id":-1,"ip_address":null,"action_label":"x"}"#;
        let other = row.replace(r#""x""#, r#""y""#);
        let read = |text: &str| read_as(&zendesk::AUDIT_LOGS, 0, text).remove(0).unwrap();
        assert_eq!(read(row).id, "9007199254740993");
        assert_eq!(read(row).stable_hash, read(&other).stable_hash);
    }

    #[test]
    fn every_stream_can_be_laid_out() {
        for stream in SERVICES.iter().flat_map(|service| service.streams) {
            assert_eq!(Layouts::of(stream).forms.len(), stream.forms.len());
        }
    }
}
