//! How fast the warehouse follows the lake, beside what DuckDB itself needs to insert the same columns of the same files into a
//! table: rows a second of both, in turn, and their ratio; as a rebuild and as after a large import, against DuckDB's own
//! settings, and for fewer rows, with the settings that a load leaves to it, against DuckDB with the same.
//! `cargo bench --bench catch_up`.

#![expect(clippy::print_stdout, reason = "a bench tells what it measured")]

use std::path::Path;
use std::time::{Duration, Instant};

use trailhouse::coverage::StreamState;
use trailhouse::lake::{Draft, Home, Lake, Lock};
use trailhouse::ledger::{Counts, Kind};
use trailhouse::load::follow;
use trailhouse::record::{Layouts, Record};
use trailhouse::schema::{DAY, Micros};
use trailhouse::source::secoda::AUDIT_LOGS;
use trailhouse::warehouse::{self, Increment, Workplace};

const LOADS: i64 = 36;
/// So many of them come beside a load.
const FEW_LOADS: i64 = 12;
const ROWS: i64 = 60_000;
const ROUNDS: usize = 5;
const BEGIN: Micros = 20_000 * DAY;
const LATEST: Micros = 4_000_000_000_000_000;

/// The rows of a month.
fn records(load: i64) -> Vec<Record> {
    let layouts = Layouts::of(&AUDIT_LOGS);
    let record = |row: i64| {
        let at = BEGIN + load * 30 * DAY + row * (30 * DAY / ROWS);
        let at = jiff::Timestamp::from_microsecond(at).expect("a time").to_string();
        let (number, person, thing) = (load * ROWS + row, row * 7_919 % 3_000, row * 104_729 % 200_000);
        let record = serde_json::json!({
            "id": format!("{number:032x}"), "activity_type": "edited", "performer_id": format!("p{person}"),
            "performer_type": "USER", "performer_metadata": {"name": format!("Person {person}")},
            "resource_id": format!("r{thing}"), "resource_type": "table", "logged_at": at, "created_at": at, "updated_at": at,
            "event_blocks": [{"type": "text", "style": "normal", "value": "edited"}, {"type": "text", "style": "bold", "value": format!("{number:x}")}],
        });
        let mut read = layouts.read(0, record.to_string().as_bytes(), LATEST);
        read.remove(0).unwrap_or_else(|reject| panic!("{}", reject.reason))
    };
    (0..ROWS).map(record).collect()
}

async fn lake_of(home: &Home, lock: &Lock) -> Lake {
    let mut lake = Lake::open_for_writing(home, lock).await.expect("a lake");
    for load in 0..LOADS {
        let records = records(load);
        let rows = u64::try_from(records.len()).expect("few");
        let draft = Draft {
            kind: Kind::Sync,
            run_id: "bench",
            source: "bench",
            stream: &AUDIT_LOGS,
            state_name: AUDIT_LOGS.name,
            started_at: BEGIN,
            at: BEGIN,
            counts: Counts {
                received: rows,
                stored: rows,
                ..Counts::default()
            },
            records: &records,
            rejects: &[],
            state: &StreamState::new("bench"),
        };
        lake.commit(&draft).await.expect("a load");
    }
    lake
}

/// How the rows come into the warehouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Rebuild,
    AfterAnImport,
    BesideALoad,
}

fn catch_up(folder: &Path, increment: &Increment, way: Way) -> Duration {
    let path = folder.join("warehouse.duckdb");
    // A warehouse that has every view and no row.
    let empty = Increment {
        lake_id: increment.lake_id.clone(),
        ..Increment::default()
    };
    warehouse::catch_up(&path, &Workplace::of("UTC"), &empty).expect("an empty warehouse");
    let begun = Instant::now();
    match way {
        Way::Rebuild => warehouse::build(&path, &Workplace::of("UTC"), increment).expect("it is built"),
        Way::AfterAnImport | Way::BesideALoad => {
            warehouse::catch_up(&path, &Workplace::of("UTC"), increment).expect("it follows");
        }
    }
    begun.elapsed()
}

/// The columns that the warehouse has as well, into a table of a new file of the same storage version and blocks.
fn insert(folder: &Path, increment: &Increment, way: Way) -> Duration {
    let settings = duckdb::Config::default()
        .with("storage_compatibility_version", "v1.2.0")
        .and_then(|config| match way {
            Way::Rebuild | Way::AfterAnImport => Ok(config),
            Way::BesideALoad => config
                .with("temp_directory", folder.join("spilled").to_string_lossy())
                .and_then(|config| config.with("preserve_insertion_order", "false"))
                .and_then(|config| config.max_memory("28MB"))
                .and_then(|config| config.threads(1)),
        })
        .expect("settings");
    let connection = duckdb::Connection::open_in_memory_with_flags(settings).expect("a connection");
    let file = folder.join("plain.duckdb");
    let paths: Vec<String> = increment
        .files
        .iter()
        .map(|file| format!("'{}'", file.path.display()))
        .collect();
    let rows = format!("select * exclude (raw) from read_parquet([{}])", paths.join(", "));
    connection
        .execute_batch(&format!(
            "set disable_parquet_prefetching = true; attach '{}' as plain (row_group_size 10240); use plain; \
             create table rows as {rows} limit 0",
            file.display()
        ))
        .expect("a table");
    let begun = Instant::now();
    connection
        .execute_batch(&format!("insert into rows {rows}; checkpoint"))
        .expect("they are inserted");
    begun.elapsed()
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::at(folder.path());
    let lock = Lock::take(&home, "bench").expect("a lock");
    let all = runtime.block_on(async {
        let mut lake = lake_of(&home, &lock).await;
        let increment = follow::increment(&mut lake, &home.warehouse(), &Workplace::of("UTC")).await;
        increment.expect("it is read").expect("there are rows")
    });
    for way in [Way::Rebuild, Way::AfterAnImport, Way::BesideALoad] {
        let increment = match way {
            Way::Rebuild | Way::AfterAnImport => all.clone(),
            Way::BesideALoad => first_loads(&all),
        };
        let rows: u64 = increment.files.iter().map(|file| file.rows).sum();
        let rows = f64::from(u32::try_from(rows).expect("few"));
        let mut ratios = Vec::new();
        for _ in 0..ROUNDS {
            let place = tempfile::tempdir_in(folder.path()).expect("a folder");
            let follows = catch_up(place.path(), &increment, way);
            let inserts = insert(place.path(), &increment, way);
            let (follows, inserts) = (rows / follows.as_secs_f64(), rows / inserts.as_secs_f64());
            println!(
                "{way:?}: {follows:.0} rows/s, insert {inserts:.0} rows/s, {:.2}",
                follows / inserts
            );
            ratios.push(follows / inserts);
        }
        ratios.sort_by(f64::total_cmp);
        println!("{way:?}: median of the ratios: {:.2}", ratios[ROUNDS / 2]);
    }
}

/// As it was when only the first loads had come.
fn first_loads(all: &Increment) -> Increment {
    let mut few = all.clone();
    few.sequence = u64::try_from(FEW_LOADS).expect("few");
    few.files.retain(|file| file.max_load <= FEW_LOADS);
    few.loads.retain(|load| load.load <= FEW_LOADS);
    few
}
