//! A small lake for the tests of the warehouse: Parquet files as the loader writes them, made by DuckDB itself.

use std::cell::Cell as Counter;
use std::fs;
use std::path::{Path, PathBuf};

use duckdb::types::Value;
use duckdb::{Connection, params};
use tempfile::TempDir;

use super::catch_up::instant;
use super::{Cell, DataFile, Increment, LoadRow, Warehouse, Workplace};
use crate::schema::{Kind, Micros, REJECTS, Table, month_of, parse_time};
use crate::source::secoda::ACTIVITY_LOGS;

pub(super) const LAKE_ID: &str = "0199-lake";
pub(super) const ZONE: &str = "America/Toronto";

/// One activity as the lake holds it.
#[derive(Debug, Clone)]
pub(super) struct Activity {
    pub(super) source: &'static str,
    pub(super) stream: &'static str,
    pub(super) load: i64,
    pub(super) id: String,
    pub(super) hash: u8,
    pub(super) logged_at: Micros,
    pub(super) updated_at: Option<Micros>,
    pub(super) performer_id: Option<String>,
    pub(super) performer_name: Option<String>,
    pub(super) metadata: Option<String>,
    pub(super) event_text: Option<String>,
}

pub(super) fn activity(load: i64, id: &str, hash: u8, updated_at: &str) -> Activity {
    Activity {
        source: "prod",
        stream: "audit_logs",
        load,
        id: id.to_owned(),
        hash,
        logged_at: parse_time("2025-07-11T19:38:34.738001Z").unwrap(),
        updated_at: parse_time(updated_at),
        performer_id: Some("p1".to_owned()),
        performer_name: Some("Ann".to_owned()),
        metadata: None,
        event_text: None,
    }
}

pub(super) struct Lake {
    folder: TempDir,
    /// Below the folder, so that its name can be chosen.
    home: String,
    files: Counter<u32>,
}

impl Lake {
    pub(super) fn new() -> Self {
        Self::at("data")
    }

    pub(super) fn at(home: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join(home).join("lake")).unwrap();
        Self {
            folder,
            home: home.to_owned(),
            files: Counter::new(0),
        }
    }

    pub(super) fn home(&self) -> PathBuf {
        self.folder.path().join(&self.home)
    }

    pub(super) fn warehouse(&self) -> PathBuf {
        self.home().join("warehouse.duckdb")
    }

    /// Writes one file for each source and month among the activities.
    pub(super) fn activities(&self, activities: &[Activity]) -> Vec<DataFile> {
        self.files_of(&ACTIVITY_LOGS, activities)
    }

    /// The same for another table, whose records are made of what the activities hold.
    pub(super) fn files_of(&self, table: &'static Table, records: &[Activity]) -> Vec<DataFile> {
        let key = |record: &Activity| (record.source, month_of(record.logged_at));
        let mut partitions: Vec<_> = records.iter().map(key).collect();
        partitions.sort();
        partitions.dedup();
        let of = |partition: &(&str, String)| {
            records
                .iter()
                .filter(|record| key(record) == *partition)
                .collect::<Vec<_>>()
        };
        partitions
            .iter()
            .map(|partition| self.record_file(table, (partition.0, &partition.1), &of(partition)))
            .collect()
    }

    fn record_file(&self, table: &'static Table, place: (&str, &str), rows: &[&Activity]) -> DataFile {
        let connection = file_table(table);
        connection
            .execute_batch(
                "create table r (load bigint, stream varchar, hash blob, id varchar, logged_at timestamp, updated_at timestamp, \
                 performer_id varchar, performer_name varchar, metadata varchar, event_text varchar)",
            )
            .unwrap();
        let mut insert = connection
            .prepare("insert into r values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .unwrap();
        for row in rows {
            insert
                .execute(params![
                    row.load,
                    row.stream,
                    Value::Blob(vec![row.hash; 16]),
                    row.id,
                    instant(row.logged_at),
                    row.updated_at.map_or(Value::Null, instant),
                    row.performer_id,
                    row.performer_name,
                    row.metadata,
                    row.event_text
                ])
                .unwrap();
        }
        connection
            .execute_batch(&format!(
                "insert into f by name select load, stream, make_timestamp(0)::timestamptz as loaded_at, hash as stable_hash, \
                 1 as stable_version, '{{}}' as raw, {} from r",
                columns_of(table)
            ))
            .unwrap();
        let loads = rows.iter().map(|row| row.load);
        self.write(
            &connection,
            (table, place.0, place.1),
            (loads.clone().min().unwrap(), loads.max().unwrap()),
        )
    }

    /// A file of so many activities, each with a text of so many bytes (a multiple of 32) that cannot be packed.
    pub(super) fn text_file(&self, load: i64, rows: i64, bytes: i64) -> DataFile {
        let connection = file_table(&ACTIVITY_LOGS);
        connection
            .execute(
                "insert into f by name select $1 as load, 'audit_logs' as stream, make_timestamp(0)::timestamptz as loaded_at, \
                 md5($1 || '-' || number)::blob as stable_hash, 1 as stable_version, $3 || '-' || $1 || '-' || number as id, \
                 make_timestamp(1752262714738000 + number)::timestamptz as logged_at, \
                 array_to_string([md5($1 || '-' || number || '-' || part) for part in range($3 // 32)], '') as event_text \
                 from range($2) as rows(number)",
                params![load, rows, bytes],
            )
            .unwrap();
        self.write(&connection, (&ACTIVITY_LOGS, "prod", "2025-07"), (load, load))
    }

    pub(super) fn reject_file(&self, load: i64, bytes: &[u8]) -> DataFile {
        let connection = file_table(&REJECTS);
        connection
            .execute(
                "insert into f (load, stream, loaded_at, stable_hash, raw, reason, page, first_seen_at) values \
                 (?, 'audit_logs', now(), ?, ?, 'no id', 3, make_timestamp(1752262714738000)::timestamptz)",
                params![load, Value::Blob(vec![7; 16]), Value::Blob(bytes.to_vec())],
            )
            .unwrap();
        self.write(&connection, (&REJECTS, "prod", "2025-07"), (load, load))
    }

    fn write(&self, connection: &Connection, place: (&'static Table, &str, &str), loads: (i64, i64)) -> DataFile {
        let (table, source, month) = place;
        let folder = self
            .home()
            .join("lake")
            .join(table.name)
            .join(format!("source={source}"))
            .join(format!("month={month}"));
        fs::create_dir_all(&folder).unwrap();
        self.files.set(self.files.get() + 1);
        let path = folder.join(format!("{}-{}.parquet", loads.1, self.files.get()));
        let quoted = path.to_string_lossy().replace('\'', "''");
        connection
            .execute_batch(&format!("copy f to '{quoted}' (format parquet)"))
            .unwrap();
        let rows: u64 = connection
            .query_row("select count(*) from f", [], |row| row.get(0))
            .unwrap();
        DataFile {
            table,
            path,
            source: source.to_owned(),
            month: month.to_owned(),
            rows,
            min_load: loads.0,
            max_load: loads.1,
        }
    }
}

/// The columns of a table's records, of a row of `r`.
fn columns_of(table: &Table) -> &'static str {
    match table.name {
        "activity_logs" => {
            "id, logged_at::timestamptz as logged_at, updated_at::timestamptz as updated_at, performer_id, performer_name, metadata, \
             event_text, ['r1', null, 'r2'] as related_resource_ids, [{'type': 't', 'style': null, 'value': 'v'}] as event_blocks, event_text as activity_type, \
             'r' || id as resource_id, false as is_legacy"
        }
        "version_histories" => {
            "id, logged_at::timestamptz as created_at, updated_at::timestamptz as updated_at, 'r1' as resource_id, [id, 'a'] as \
             activity_log_ids, '{\"pii\": null}' as previous, '{\"pii\": true}' as current, [performer_name] as snapshot_owners, \
             load % 2 = 0 as snapshot_verified, metadata as extra"
        }
        "notifications" => {
            "id, logged_at::timestamptz as created_at, 'r' || id as resource_id, event_text as resource_title, performer_id as sender_id, \
             performer_name as sender_email, event_text as content, metadata"
        }
        "zendesk_audit_logs" => {
            "9007199254740992 + regexp_extract(id, '\\d+')::bigint as id, logged_at::timestamptz as created_at, \
             regexp_extract(performer_id, '\\d+')::bigint - 1 as actor_id, performer_name as actor_name, 7 as source_id, 'user' as \
             source_type, 'label ' || performer_name as source_label, event_text as change_description, metadata as extra"
        }
        other => panic!("no records of {other} are made here"),
    }
}

/// A connection with an empty table `f` of a data file's columns.
fn file_table(table: &Table) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    let columns = table.lake_columns();
    let typed = columns.iter().skip(crate::schema::PARTITIONS).map(|column| {
        let kind = match column.kind {
            Kind::Timestamp => "timestamptz",
            Kind::Json => "varchar",
            other => other.duckdb(),
        };
        format!("\"{}\" {kind}", column.name)
    });
    connection
        .execute_batch(&format!("create table f ({})", typed.collect::<Vec<_>>().join(", ")))
        .unwrap();
    connection
}

pub(super) fn increment(sequence: u64, files: Vec<DataFile>) -> Increment {
    let load = i64::try_from(sequence).unwrap();
    let loads = vec![LoadRow {
        load,
        run_id: "run".to_owned(),
        source: Some("prod".to_owned()),
        ..LoadRow::default()
    }];
    Increment {
        lake_id: LAKE_ID.to_owned(),
        sequence,
        files,
        loads,
        ..Increment::default()
    }
}

pub(super) fn follow(path: &Path, increment: &Increment) -> super::Way {
    super::catch_up(path, &Workplace::of(ZONE), increment).unwrap()
}

/// The rows of a query.
pub(super) fn rows(path: &Path, sql: &str) -> Vec<Vec<Cell>> {
    Warehouse::open_read_only(path).unwrap().query(sql, &[]).unwrap().rows
}

/// The rows of a query as one text each, fields joined by a bar.
pub(super) fn lines(path: &Path, sql: &str) -> Vec<String> {
    let shown = |cell: Cell| match cell {
        Cell::Null => "-".to_owned(),
        Cell::Boolean(value) => value.to_string(),
        Cell::Integer(value) => value.to_string(),
        Cell::Text(text) => text,
        Cell::Timestamp(at) => crate::schema::format_time(at),
        other => format!("{other:?}"),
    };
    rows(path, sql)
        .into_iter()
        .map(|row| row.into_iter().map(shown).collect::<Vec<_>>().join("|"))
        .collect()
}

/// Every row of the tables that follow the lake, ordered, to be compared with those of another warehouse.
pub(super) fn dump(path: &Path) -> Vec<String> {
    let stored = [
        "activity_logs",
        "version_histories",
        "notifications",
        "zendesk_audit_logs",
    ];
    let stored = stored
        .iter()
        .flat_map(|table| ["", "_superseded", "_revisions"].map(|suffix| format!("{table}{suffix}")));
    let others = [
        "rejects",
        "performers",
        "resources",
        "version_changes",
        "property_changes",
        "wordings",
        "events",
    ];
    stored
        .chain(others.map(str::to_owned))
        .flat_map(|table| {
            lines(
                path,
                &format!("select '{table}', x::varchar from {table} as x order by 2"),
            )
        })
        .collect()
}
