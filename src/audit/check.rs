//! Every row of one file against the JSON it came as, and against what is said of the file. Apart from reading either, so that
//! what is compared with what stands in one place.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::{Context, Result};

use super::digests::Digests;
use super::fingerprint::{Fingerprint, Written};
use super::reading::{Reader, Value, form_of, short_hash};
use super::rows::{Cells, DataFile, Rows};
use super::tally::Tally;
use super::{FileClaim, LoadClaim, Month, hex};
use crate::schema::{Micros, PARTITIONS, REJECTS, Table};
use crate::source::SERVICES;

/// Checks one file.
pub(super) struct Checker<'a> {
    table: &'static Table,
    pub(super) file: &'a FileClaim,
    /// Those that brought rows to the partition.
    loads: &'a BTreeMap<i64, &'a LoadClaim>,
    /// The month from its begin to its end, where that is a month.
    span: Option<(Micros, Micros)>,
    event_time: Option<usize>,
    /// By column, the least and the greatest time claimed.
    bounds: Vec<Option<(Micros, Micros)>>,
    /// Declared columns that the file was written without.
    unknown: Vec<&'static str>,
    /// By stream; none for one that fills no such table.
    readers: HashMap<String, Option<Reader>>,
    last_event: Micros,
    pub(super) sum: Fingerprint,
    pub(super) tally: Tally,
}

/// The columns of some rows.
struct Columns<'a> {
    load: Cells<'a>,
    stream: Cells<'a>,
    loaded_at: Cells<'a>,
    stable_hash: Cells<'a>,
    stable_version: Cells<'a>,
    raw: Cells<'a>,
    /// The declared ones; none for one that the file was written without, or that is of another type.
    declared: Vec<Option<Cells<'a>>>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(
        table: &'static Table,
        month: &Month,
        file: &'a FileClaim,
        loads: &'a BTreeMap<i64, &'a LoadClaim>,
    ) -> Self {
        let claimed = |name: &str| file.bounds.iter().find(|(column, ..)| column == name);
        let bounds = table.columns.iter().map(|column| claimed(column.name));
        Self {
            table,
            file,
            loads,
            span: span_of(&month.month),
            event_time: table.position(table.event_time),
            bounds: bounds
                .map(|bounds| bounds.map(|(_, least, greatest)| (*least, *greatest)))
                .collect(),
            unknown: Vec::new(),
            readers: HashMap::new(),
            last_event: Micros::MIN,
            sum: Fingerprint::default(),
            tally: Tally::default(),
        }
    }

    /// Reads the file, and takes the hashes of its rows for all digests; `tell` is told of each step how many rows it had.
    pub(super) fn read(
        &mut self,
        path: &Path,
        (digests, parts): (&mut Digests, &mut Digests),
        tell: &mut dyn FnMut(u64),
    ) -> Result<()> {
        let file = DataFile::open(path)?;
        if u64::try_from(file.rows()) != Ok(self.file.rows) {
            let what = format!("{} rows, and the ledger names {}", file.rows(), self.file.rows);
            self.tally.file(what);
        }
        let columns = self.table.lake_columns();
        let declared = self.table.columns.iter().map(|column| column.name);
        self.unknown = declared.filter(|name| !file.has(name)).collect();
        let names: Vec<&str> = columns.iter().skip(PARTITIONS).map(|column| column.name).collect();
        for step in file.steps() {
            let rows = file.read(step, &names)?;
            let columns = self.columns(&file, &rows)?;
            for row in 0..rows.count() {
                let raw = columns.raw.bytes(row).unwrap_or_default();
                let load = columns.load.integer(row).unwrap_or(-1);
                digests.add(load, raw);
                parts.add(load, raw);
                self.check(&columns, row, step.0);
            }
            tell(u64::try_from(rows.count())?);
        }
        Ok(())
    }

    fn columns<'r>(&mut self, file: &DataFile, rows: &'r Rows) -> Result<Columns<'r>> {
        let all = self.table.lake_columns();
        let cells = |name: &str| {
            let column = all.iter().find(|column| column.name == name);
            rows.cells(column.with_context(|| format!("no column {name}"))?)
        };
        let mut declared = Vec::new();
        for column in self.table.columns {
            let cells = rows.cells(column);
            if let (Err(error), true) = (&cells, file.has(column.name)) {
                self.tally.file(format!("{error:#}"));
            }
            declared.push(cells.ok());
        }
        Ok(Columns {
            load: cells("load")?,
            stream: cells("stream")?,
            loaded_at: cells("loaded_at")?,
            stable_hash: cells("stable_hash")?,
            stable_version: cells("stable_version")?,
            raw: cells("raw")?,
            declared,
        })
    }

    fn check(&mut self, columns: &Columns<'_>, row: usize, first: usize) {
        let value = |cells: &Option<Cells<'_>>| cells.as_ref().map_or(Value::Null, |cells| cells.value(row));
        let stored: Vec<Value> = columns.declared.iter().map(value).collect();
        let mut wrong = if self.table.name == REJECTS.name {
            of_reject(columns, row)
        } else {
            self.of_record(columns, row, &stored)
        };
        if !columns
            .load
            .integer(row)
            .is_some_and(|load| self.loads.contains_key(&load))
        {
            wrong.push("column load: no load that brought rows here".to_owned());
        }
        if columns.loaded_at.integer(row).is_none() {
            wrong.push("column loaded_at: null".to_owned());
        }
        wrong.extend(self.of_times(&stored));
        for what in wrong {
            self.tally
                .row(&what, || name_of(self.table, columns, &stored, (row, first + row)));
        }
        self.sum.add(&written(columns, row, &stored));
    }

    /// What of a record's row is not what its JSON says.
    fn of_record(&mut self, columns: &Columns<'_>, row: usize, stored: &[Value]) -> Vec<String> {
        let stream = columns.stream.text(row).unwrap_or_default();
        if !self.readers.contains_key(stream) {
            let reader = form_of(stream, self.table).map(|form| Reader::without(form, &self.unknown));
            self.readers.insert(stream.to_owned(), reader);
        }
        let Some(Some(reader)) = self.readers.get(stream) else {
            return vec!["column stream: no stream of this table".to_owned()];
        };
        let Some(reading) = columns.raw.text(row).and_then(|raw| reader.read(raw)) else {
            return vec!["column raw: no record".to_owned()];
        };
        let mut wrong = Vec::new();
        if columns.stable_version.integer(row) != Some(reader.stable_version()) {
            wrong.push("column stable_version: of no known version".to_owned());
        } else if columns.stable_hash.bytes(row) != Some(&reading.stable_hash) {
            wrong.push("column stable_hash: not the hash of raw".to_owned());
        }
        let declared = self
            .table
            .columns
            .iter()
            .zip(&columns.declared)
            .zip(stored.iter().zip(&reading.values));
        let differ = declared.filter(|((_, cells), (stored, read))| cells.is_some() && stored != read);
        wrong.extend(differ.map(|((column, _), _)| format!("column {}: not what raw says", column.name)));
        wrong
    }

    /// What of a row's times is not as the file claims.
    fn of_times(&mut self, stored: &[Value]) -> Vec<String> {
        let mut wrong = Vec::new();
        for ((column, value), bounds) in self.table.columns.iter().zip(stored).zip(&self.bounds) {
            if let (Value::Timestamp(at), Some((least, greatest))) = (value, bounds)
                && !(least..=greatest).contains(&at)
            {
                wrong.push(format!("column {}: outside the bounds in the Delta log", column.name));
            }
        }
        if let Some(Value::Timestamp(at)) = self.event_time.and_then(|index| stored.get(index)) {
            if self.span.is_some_and(|(begin, end)| !(begin..end).contains(at)) {
                wrong.push(format!("column {}: of another month", self.table.event_time));
            }
            if *at < self.last_event && self.file.is_sorted {
                wrong.push(format!("column {}: not in order", self.table.event_time));
            }
            self.last_event = *at;
        }
        wrong
    }
}

/// What of a reject's row is not what its bytes say.
fn of_reject(columns: &Columns<'_>, row: usize) -> Vec<String> {
    let mut wrong = Vec::new();
    let stream = columns.stream.text(row).unwrap_or_default();
    if !SERVICES.iter().any(|service| service.stream(stream).is_some()) {
        wrong.push("column stream: no known stream".to_owned());
    }
    let raw = columns.raw.bytes(row);
    if raw.map(short_hash).as_ref().map(<[u8; 16]>::as_slice) != columns.stable_hash.bytes(row) {
        wrong.push("column stable_hash: not the hash of raw".to_owned());
    }
    wrong
}

/// How a row is named: by its id, else by its hash, else by its number in the file.
fn name_of(table: &Table, columns: &Columns<'_>, stored: &[Value], (row, number): (usize, usize)) -> String {
    let id = table.position("id").and_then(|index| stored.get(index));
    match (id, columns.stable_hash.bytes(row)) {
        (Some(Value::Text(id)), _) => id.clone(),
        (Some(Value::Integer(id)), _) => id.to_string(),
        (None, Some(hash)) => hex(hash),
        _ => format!("row {number} of the file"),
    }
}

fn written(columns: &Columns<'_>, row: usize, stored: &[Value]) -> Written {
    let mut written = Written::default();
    for cells in [&columns.stream, &columns.load, &columns.loaded_at] {
        written.add(&cells.value(row));
    }
    stored.iter().for_each(|value| written.add(value));
    for cells in [&columns.stable_hash, &columns.stable_version] {
        written.add(&cells.value(row));
    }
    written
}

/// Begin and end of a month like `2025-07`, in UTC.
fn span_of(month: &str) -> Option<(Micros, Micros)> {
    let first: jiff::civil::Date = format!("{month}-01").parse().ok()?;
    let begin = |date: jiff::civil::Date| date.to_zoned(jiff::tz::TimeZone::UTC).ok();
    let next = first.checked_add(jiff::Span::new().months(1)).ok()?;
    Some((
        begin(first)?.timestamp().as_microsecond(),
        begin(next)?.timestamp().as_microsecond(),
    ))
}
