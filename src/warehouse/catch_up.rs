//! Applying an increment to an open file, in steps of whole loads. Apart from which file that is, so that the file itself and
//! a copy of it are brought up to date by the same code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use duckdb::types::{TimeUnit, Value};
use duckdb::{Connection, ToSql, params};

use super::access::{self, failed};
use super::files::insert_files;
use super::tables::{self, is_revised};
use super::{
    CoverageRow, DataFile, GapRow, Increment, LoadRow, Reread, VanishedRow, WarehouseError, Workplace, objects,
    observed, revisions, wordings,
};
use crate::atomic::steps;
use crate::schema::{Micros, Table};
use crate::source;

/// Files that one statement reads at most.
const FILES_AT_ONCE: usize = 48;

/// Rows of loads after `after` and up to `until`; of what is read again, all up to `until`.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    after: i64,
    until: i64,
    is_first: bool,
    is_last: bool,
}

/// Applies `increment` to the file in steps of about `step_rows` rows, and leaves no `.wal`.
pub(super) fn apply(
    connection: &Connection,
    path: &Path,
    workplace: &Workplace,
    (increment, step_rows): (&Increment, u64),
) -> Result<(), WarehouseError> {
    let applied = access::following(connection, path)?;
    if applied.lake_id != increment.lake_id {
        return Err(WarehouseError::OtherLake {
            path: path.to_path_buf(),
            found: applied.lake_id,
            wanted: increment.lake_id.clone(),
        });
    }
    if applied.sequence > increment.sequence {
        return Err(WarehouseError::Ahead {
            path: path.to_path_buf(),
            found: applied.sequence,
            newest: increment.sequence,
        });
    }
    objects::refresh(connection, path, workplace)?;
    let number =
        |sequence: u64| i64::try_from(sequence).map_err(|error| failed(path, "its sequence is no load", error));
    let (after, until) = (number(applied.sequence)?, number(increment.sequence)?);
    if after < until || !increment.reread.is_empty() {
        for step in steps_of(&increment.files, (after, until), step_rows) {
            within_transaction(connection, || take(connection, increment, &step)).map_err(|error| {
                failed(
                    path,
                    format!("loads {} to {} cannot be applied", step.after + 1, step.until),
                    error,
                )
            })?;
            steps::reached("after a step of the warehouse");
        }
    }
    connection
        .execute_batch("checkpoint")
        .map_err(|error| failed(path, "cannot be written out", error))
}

/// Runs `work` as one transaction: all of it or nothing.
pub(super) fn within_transaction<T>(
    connection: &Connection,
    work: impl FnOnce() -> duckdb::Result<T>,
) -> duckdb::Result<T> {
    let transaction = connection.unchecked_transaction()?;
    let done = work()?;
    steps::reached("before a step of the warehouse is committed");
    transaction.commit()?;
    Ok(done)
}

/// Cuts the loads into steps of about `step_rows` rows, judged by where files end; the last one always ends at `until`.
fn steps_of(files: &[DataFile], (after, until): (i64, i64), step_rows: u64) -> Vec<Step> {
    let mut rows_by_load: BTreeMap<i64, u64> = BTreeMap::new();
    for file in files.iter().filter(|file| file.max_load > after) {
        let rows = rows_by_load.entry(file.max_load.min(until)).or_default();
        *rows = file.rows.saturating_add(*rows);
    }
    let mut ends = Vec::new();
    let mut rows = 0_u64;
    for (load, more) in rows_by_load {
        rows = rows.saturating_add(more);
        if rows >= step_rows && load < until {
            ends.push(load);
            rows = 0;
        }
    }
    ends.push(until);
    let last = ends.len() - 1;
    let mut after = after;
    let step = |(at, until): (usize, i64)| Step {
        after: std::mem::replace(&mut after, until),
        until,
        is_first: at == 0,
        is_last: at == last,
    };
    ends.into_iter().enumerate().map(step).collect()
}

fn take(connection: &Connection, increment: &Increment, step: &Step) -> duckdb::Result<()> {
    let mut has_rows = false;
    let reread: &[Reread] = if step.is_first { &increment.reread } else { &[] };
    for table in source::TABLES {
        let reread: Vec<&Reread> = reread.iter().filter(|reread| reread.table == table.name).collect();
        revisions::begin(connection)?;
        for reread in &reread {
            revisions::take_away(connection, table, reread)?;
        }
        let readings = readings(table, increment, step);
        let insert = insert_files(table);
        for reading in &readings {
            reading.read(connection, &insert)?;
        }
        if is_revised(table) && !(readings.is_empty() && reread.is_empty()) {
            revisions::number(connection, table, step.after, &reread)?;
        }
        has_rows |= !readings.is_empty();
    }
    if has_rows {
        observed::follow(connection, step.after)?;
        wordings::follow(connection, step.after)?;
    }
    let again: BTreeSet<&str> = reread.iter().map(|reread| reread.source.as_str()).collect();
    if !again.is_empty() {
        observed::observe_again(connection, &again)?;
    }
    for source in again {
        wordings::make_again(connection, source)?;
    }
    connection.execute_batch("drop table touched")?;
    tell(connection, increment, step)
}

/// Files of one source that a step reads with one statement, and which of their rows.
struct Reading<'a> {
    source: &'a str,
    paths: Value,
    after: i64,
    until: i64,
}

/// The files of a table, month by month, as many at once as are opened without much memory: a statement costs more than the
/// rows of a small file.
fn readings<'a>(table: &Table, increment: &'a Increment, step: &Step) -> Vec<Reading<'a>> {
    let is_again = |file: &DataFile| {
        let is_this =
            |reread: &Reread| reread.table == table.name && reread.source == file.source && reread.month == file.month;
        step.is_first && increment.reread.iter().any(is_this)
    };
    let mut paths_of: BTreeMap<(&str, i64), Vec<(&str, Value)>> = BTreeMap::new();
    for file in increment.files.iter().filter(|file| file.table.name == table.name) {
        let after = if is_again(file) { -1 } else { step.after };
        if file.max_load > after && file.min_load <= step.until {
            let path = Value::Text(without_globs(&file.path.to_string_lossy()));
            paths_of
                .entry((&file.source, after))
                .or_default()
                .push((&file.month, path));
        }
    }
    let mut readings = Vec::new();
    for ((source, after), mut paths) in paths_of {
        paths.sort_by_key(|(month, _)| *month);
        for paths in paths.chunks(FILES_AT_ONCE) {
            readings.push(Reading {
                source,
                paths: Value::List(paths.iter().map(|(_, path)| path.clone()).collect()),
                after,
                until: step.until,
            });
        }
    }
    readings
}

impl Reading<'_> {
    fn read(&self, connection: &Connection, sql: &str) -> duckdb::Result<()> {
        let bound: [(&str, &dyn ToSql); 4] = [
            ("source", &self.source),
            ("paths", &self.paths),
            ("after", &self.after),
            ("until", &self.until),
        ];
        connection.execute(sql, bound.as_slice()).map(|_rows| ())
    }
}

/// A path that DuckDB takes as it is: in brackets, the characters of its patterns stand for themselves.
fn without_globs(path: &str) -> String {
    path.chars()
        .fold(String::with_capacity(path.len()), |mut safe, letter| {
            if matches!(letter, '*' | '?' | '[') {
                safe.extend(['[', letter, ']']);
            } else {
                safe.push(letter);
            }
            safe
        })
}

/// Writes what the step leaves to be said about itself.
fn tell(connection: &Connection, increment: &Increment, step: &Step) -> duckdb::Result<()> {
    let loads: Vec<&LoadRow> = increment
        .loads
        .iter()
        .filter(|load| load.load > step.after && load.load <= step.until)
        .collect();
    let mut appender = connection.appender_with_columns("loads", &tables::names("loads"))?;
    for load in loads {
        append_load(&mut appender, load)?;
    }
    appender.flush()?;
    append_vanished(connection, increment, step)?;
    if step.is_last {
        replace_coverage(connection, &increment.coverage, &increment.gaps)?;
    }
    connection
        .execute("update main.trailhouse set sequence = ?", params![step.until])
        .map(|_rows| ())
}

fn append_load(appender: &mut duckdb::Appender<'_>, load: &LoadRow) -> duckdb::Result<()> {
    appender.append_row(params![
        load.load,
        load.run_id,
        load.kind,
        load.source,
        load.stream,
        instant(load.started_at),
        instant(load.finished_at),
        load.version,
        load.requests,
        load.pages,
        load.received,
        load.stored,
        load.duplicates,
        load.revisions,
        load.drift,
        load.rejects,
        load.withheld,
        load.files,
        load.bytes,
        load.entry_sha256,
    ])
}

fn append_vanished(connection: &Connection, increment: &Increment, step: &Step) -> duckdb::Result<()> {
    let is_of_step = |row: &&VanishedRow| row.load > step.after && row.load <= step.until;
    let mut appender = connection.appender_with_columns("vanished_records", &tables::names("vanished_records"))?;
    for row in increment.vanished.iter().filter(is_of_step) {
        appender.append_row(params![
            row.source,
            row.stream,
            row.table_name,
            row.id,
            instant(row.occurred_at),
            row.load,
            instant(row.observed_at)
        ])?;
    }
    appender.flush()
}

fn replace_coverage(connection: &Connection, coverage: &[CoverageRow], gaps: &[GapRow]) -> duckdb::Result<()> {
    connection.execute_batch("delete from main.coverage; delete from main.coverage_gaps")?;
    let mut appender = connection.appender_with_columns("coverage", &tables::names("coverage"))?;
    for row in coverage {
        let (from_at, to_at, collected_at) = (instant(row.from_at), instant(row.to_at), instant(row.collected_at));
        appender.append_row(params![row.source, row.stream, from_at, to_at, row.state, collected_at])?;
    }
    appender.flush()?;
    let mut appender = connection.appender_with_columns("coverage_gaps", &tables::names("coverage_gaps"))?;
    for row in gaps {
        appender.append_row(params![
            row.source,
            row.stream,
            instant(row.gap_from),
            instant(row.gap_to),
            row.reason
        ])?;
    }
    appender.flush()
}

/// An instant as DuckDB's `TIMESTAMP`.
pub(super) fn instant(at: Micros) -> Value {
    Value::Timestamp(TimeUnit::Microsecond, at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::secoda::ACTIVITY_LOGS;

    const MANY: u64 = 1_000;

    fn file(min_load: i64, max_load: i64, rows: u64) -> DataFile {
        DataFile {
            table: &ACTIVITY_LOGS,
            path: "/lake/f.parquet".into(),
            source: "s".to_owned(),
            month: "2025-07".to_owned(),
            rows,
            min_load,
            max_load,
        }
    }

    #[test]
    fn steps_end_with_whole_loads_and_the_last_at_the_end() {
        let ends = |files: &[DataFile]| {
            steps_of(files, (2, 9), MANY)
                .iter()
                .map(|step| (step.after, step.until))
                .collect::<Vec<_>>()
        };
        let many = MANY;
        let cases = [
            (vec![], vec![(2, 9)]),
            (
                vec![file(3, 3, 10), file(4, 4, many), file(5, 5, 1)],
                vec![(2, 4), (4, 9)],
            ),
            (
                vec![file(3, 3, many), file(4, 4, many), file(9, 9, many)],
                vec![(2, 3), (3, 4), (4, 9)],
            ),
            (vec![file(1, 12, many), file(1, 2, many)], vec![(2, 9)]),
        ];
        for (files, expected) in cases {
            assert_eq!(ends(&files), expected);
        }
        let flags: Vec<_> = steps_of(&[file(3, 3, many)], (2, 9), MANY)
            .iter()
            .map(|step| (step.is_first, step.is_last))
            .collect();
        assert_eq!(flags, [(true, false), (false, true)]);
    }

    #[test]
    fn patterns_in_a_path_stand_for_themselves() {
        assert_eq!(without_globs("/a b/it's [x]*?/f"), "/a b/it's [[]x][*][?]/f");
    }
}
