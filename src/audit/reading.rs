//! What the columns of a row must hold, read from the JSON it came as, and the hash that says which record it is. Apart from
//! the files, so that it can be held against the loader's own reading of any JSON.

use std::collections::{BTreeMap, HashMap, HashSet};

use sha2::{Digest, Sha256};

use super::scan::{self, Nulls};
use crate::schema::{Kind, Micros, Table};
use crate::source::{Form, SERVICES};

/// Deeper records are rejects.
const MAX_DEPTH: usize = 64;

/// A value of a column, stored or expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Null,
    Text(String),
    Integer(i64),
    Boolean(bool),
    Timestamp(Micros),
    Texts(Vec<Option<String>>),
    /// Type, style and value of each.
    Blocks(Vec<[Option<String>; 3]>),
    Bytes(Vec<u8>),
}

/// What a record's JSON says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub stable_hash: [u8; 16],
    /// One per declared column of the table, in its order.
    pub values: Vec<Value>,
}

type Path = Vec<&'static str>;

/// How the records of one form are read.
#[derive(Debug)]
pub struct Reader {
    form: &'static Form,
    columns: HashMap<Path, Vec<usize>>,
    echoes: HashMap<Path, usize>,
    /// Every path that leads to another.
    groups: HashSet<Path>,
}

/// Values without a column, at their places.
#[derive(Debug)]
enum Kept {
    Whole(String),
    Inside(BTreeMap<String, Kept>),
}

/// A row while its JSON is walked.
#[derive(Default)]
struct Walk {
    values: Vec<Value>,
    kept: BTreeMap<String, Kept>,
    echoes: Vec<(Vec<String>, String, usize)>,
}

/// The form of which a stream's records of a table are.
pub(super) fn form_of(stream: &str, table: &Table) -> Option<&'static Form> {
    let streams = SERVICES.iter().flat_map(|service| service.streams);
    let named = streams.filter(|known| known.name == stream);
    named
        .flat_map(|known| known.forms)
        .find(|form| form.table.name == table.name)
}

/// The first half of the SHA-256.
pub(super) fn short_hash(bytes: &[u8]) -> [u8; 16] {
    let mut short = [0; 16];
    short
        .iter_mut()
        .zip(Sha256::digest(bytes))
        .for_each(|(to, from)| *to = from);
    short
}

impl Reader {
    pub fn of(form: &'static Form) -> Self {
        Self::without(form, &[])
    }

    /// As a program read that did not know these columns: what belongs to them is kept in `extra`.
    pub(super) fn without(form: &'static Form, unknown: &[&str]) -> Self {
        let table = form.table;
        let (mut columns, mut groups) = (HashMap::new(), HashSet::new());
        let path_of = |path: &'static str| path.split('.').collect::<Path>();
        for (index, column) in table
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| !column.path.is_empty() && !unknown.contains(&column.name))
        {
            columns.entry(path_of(column.path)).or_insert_with(Vec::new).push(index);
        }
        let echoes: HashMap<Path, usize> = table
            .echoes
            .iter()
            .filter_map(|(path, column)| Some((path_of(path), table.position(column)?)))
            .collect();
        for path in columns.keys().chain(echoes.keys()) {
            groups.extend((1..path.len()).map(|length| path.iter().take(length).copied().collect::<Path>()));
        }
        Self {
            form,
            columns,
            echoes,
            groups,
        }
    }

    pub(super) fn stable_version(&self) -> i64 {
        self.form.stable_version
    }

    /// `None` where the text is no object that a record may be.
    pub fn read(&self, raw: &str) -> Option<Reading> {
        let members = scan::members(raw)?;
        let is_record = scan::depth(raw) <= MAX_DEPTH && members.iter().all(|(_, value)| scan::is_valid(value));
        if !is_record {
            return None;
        }
        let mut walk = Walk {
            values: vec![Value::Null; self.form.table.columns.len()],
            ..Walk::default()
        };
        self.walk(&mut walk, &[], &members);
        walk.put_echoes();
        if let Some(extra) = self.form.table.position("extra").filter(|_| !walk.kept.is_empty()) {
            walk.values[extra] = Value::Text(written(&walk.kept));
        }
        Some(Reading {
            stable_hash: short_hash(self.stable(&members).as_bytes()),
            values: walk.values,
        })
    }

    fn walk(&self, walk: &mut Walk, above: &[&str], members: &[(String, &str)]) {
        for (name, value) in members {
            let path: Vec<&str> = above.iter().copied().chain([name.as_str()]).collect();
            if let Some(columns) = self.columns.get(path.as_slice()) {
                self.fill(walk, &path, value, columns);
            } else if let Some(column) = self.echoes.get(path.as_slice()) {
                let names = path.iter().map(|name| (*name).to_owned()).collect();
                walk.echoes
                    .push((names, scan::canonical(value, Nulls::Written), *column));
            } else if !self.groups.contains(path.as_slice()) {
                walk.keep(&path, value);
            } else if *value != "null" {
                match scan::members(value) {
                    Some(inner) => self.walk(walk, &path, &inner),
                    None => walk.keep(&path, value),
                }
            }
        }
    }

    fn fill(&self, walk: &mut Walk, path: &[&str], value: &str, columns: &[usize]) {
        if value == "null" {
            return;
        }
        for column in columns {
            match value_of(self.form.table.columns[*column].kind, value) {
                Some(read) => walk.values[*column] = read,
                None => return walk.keep(path, value),
            }
        }
    }

    /// The canonical JSON of what the record's hash is made of.
    fn stable(&self, members: &[(String, &str)]) -> String {
        let counts = |name: &str, value: &str| value != "null" && !self.form.volatile.contains(&name);
        let mut kept: Vec<(&String, String)> = members
            .iter()
            .filter(|(name, value)| counts(name, value))
            .map(|(name, value)| match scan::elements(value) {
                Some(records) if self.form.nested == Some(name.as_str()) => (name, ids(&records)),
                _ => (name, scan::canonical(value, Nulls::Left)),
            })
            .collect();
        kept.sort_by(|left, right| left.0.cmp(right.0));
        scan::object(kept.into_iter())
    }
}

impl Walk {
    fn keep(&mut self, path: &[&str], value: &str) {
        put(&mut self.kept, path, scan::canonical(value, Nulls::Written));
    }

    fn put_echoes(&mut self) {
        for (path, value, column) in std::mem::take(&mut self.echoes) {
            let is_same = match &self.values[column] {
                Value::Text(text) => scan::quoted(text) == value,
                Value::Integer(number) => number.to_string() == value,
                _ => value == "null",
            };
            if !is_same {
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                put(&mut self.kept, &path, value);
            }
        }
    }
}

fn put(kept: &mut BTreeMap<String, Kept>, path: &[&str], value: String) {
    let Some((name, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        kept.insert((*name).to_owned(), Kept::Whole(value));
        return;
    }
    let place = kept.entry((*name).to_owned());
    if let Kept::Inside(inside) = place.or_insert_with(|| Kept::Inside(BTreeMap::new())) {
        put(inside, rest, value);
    }
}

fn written(kept: &BTreeMap<String, Kept>) -> String {
    scan::object(kept.iter().map(|(name, kept)| match kept {
        Kept::Whole(value) => (name, value.clone()),
        Kept::Inside(inside) => (name, written(inside)),
    }))
}

/// The ids of nested records, sorted; of one without an id the whole.
fn ids(records: &[&str]) -> String {
    let told = |record: &&str| match id(record) {
        Some(id) => scan::quoted(&id),
        None => scan::canonical(record, Nulls::Left),
    };
    let mut told: Vec<String> = records.iter().map(told).collect();
    told.sort_unstable();
    format!("[{}]", told.join(","))
}

fn id(record: &str) -> Option<String> {
    let members = scan::members(record)?;
    let (_, id) = members.iter().find(|(name, _)| name == "id")?;
    scan::text(id).or_else(|| scan::integer(id).map(|id| id.to_string()))
}

/// `None` where the value is of another kind.
fn value_of(kind: Kind, value: &str) -> Option<Value> {
    match kind {
        Kind::Text => scan::text(value).map(Value::Text),
        Kind::Integer => scan::integer(value).map(Value::Integer),
        Kind::Boolean => value.parse().ok().map(Value::Boolean),
        Kind::Timestamp => time(&scan::text(value)?).map(Value::Timestamp),
        Kind::TextList => {
            let texts = scan::elements(value)?.into_iter().map(scan::text);
            texts
                .map(|text| text.map(Some))
                .collect::<Option<_>>()
                .map(Value::Texts)
        }
        Kind::IdList => {
            let ids = scan::elements(value)?.into_iter().map(id);
            ids.map(|id| id.map(Some)).collect::<Option<_>>().map(Value::Texts)
        }
        Kind::Json => Some(Value::Text(scan::canonical(value, Nulls::Written))),
        Kind::Blocks => blocks(value).map(Value::Blocks),
        Kind::BlocksText => blocks(value).map(|blocks| Value::Text(joined(&blocks))),
        Kind::Binary => None,
    }
}

/// ISO 8601 with an offset; what is below a microsecond is cut.
fn time(text: &str) -> Option<Micros> {
    let read = jiff::fmt::temporal::DateTimeParser::new().parse_timestamp(text);
    read.ok().map(|at| at.as_microsecond())
}

fn blocks(value: &str) -> Option<Vec<[Option<String>; 3]>> {
    scan::elements(value)?.into_iter().map(block).collect()
}

fn block(value: &str) -> Option<[Option<String>; 3]> {
    let mut block = [const { None }; 3];
    for (name, value) in scan::members(value)? {
        let place = ["type", "style", "value"].iter().position(|known| *known == name)?;
        if value != "null" {
            block[place] = Some(scan::text(value)?);
        }
    }
    Some(block)
}

/// The values one after another, parted by a space where no white space parts them.
fn joined(blocks: &[[Option<String>; 3]]) -> String {
    let values = blocks.iter().filter_map(|[.., value]| value.as_deref());
    values
        .filter(|value| !value.is_empty())
        .fold(String::new(), |text, value| {
            let is_parted =
                text.is_empty() || text.ends_with(char::is_whitespace) || value.starts_with(char::is_whitespace);
            text + if is_parted { "" } else { " " } + value
        })
}
