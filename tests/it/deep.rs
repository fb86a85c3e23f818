//! `verify --deep`: a sound lake of everything that can be received passes, and what another program has changed in a data
//! file or in the warehouse is named.

mod json;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::SignedDuration;
use serde_json::{Value, json};
use trailhouse::audit::{self, Claims, FileClaim, LoadClaim};
use trailhouse::simulator::bad::Bad;
use trailhouse::simulator::listing::Pick;
use trailhouse::simulator::script::Change;
use trailhouse::simulator::zendesk;

use crate::environment::{Account, Ended, Home, Service, account, simulator};
use crate::tools;

/// Records that no tidy reader likes, each an event all the same.
const ODD: &[&str] = &[
    r#""activity_type":"lone \ud800 here \udc00","metadata":{"n":1e400,"z":-0,"a":[1.0,{"b":null,"a":"\ud83d\ude00\u0000"}]}"#,
    r#""x\ud800":1,"x\ud801":{"deep":[[[]]]},"activity_type":5,"event_blocks":[{"type":"t","more":1}],"is_legacy":"yes""#,
    r#""activity_type":"a","activity_type":"b","performer_metadata":{"name":"n"},"performer_metadata":{"email":["e"],"id":"q"}"#,
    r#""performer_metadata.name":"no path","resource_metadata":"x","metadata":"a \"text\"","related_resource_ids":["a",null]"#,
    r#""event_blocks":[{"value":"a"},{"value":" b"},{"value":null},{"type":"\t","style":"s","value":"c"}],"related_resource_ids":[]"#,
    r#""metadata":[null,{"null":null}],"unknown":null,"performer_metadata":null,"performer_id":null,"resource_metadata":{"id":null}"#,
];

fn configure(home: &Home, service: &Service, account: &Account) {
    let (secoda, desk, email) = (
        service.running.base_url(),
        account.running.base_url(),
        zendesk::door::EMAIL,
    );
    let patience = "backoff = \"10ms\"\ntimeout = \"5s\"";
    home.write(
        "trailhouse.toml",
        &format!(
            "time_zone = \"America/Toronto\"\n[sources.acme]\nkind = \"secoda\"\nbase_url = \"{secoda}\"\n\
             token = {{ env = \"ACME_TOKEN\" }}\n{patience}\n[sources.desk]\nkind = \"zendesk\"\nbase_url = \"{desk}\"\n\
             auth = {{ email = \"{email}\", api_token = {{ env = \"ACME_TOKEN\" }} }}\n{patience}\n"
        ),
    );
}

fn odd_records() -> String {
    let times = r#""logged_at":"2026-06-12T10:00:00.123456789+02:00","updated_at":"2026-06-12T10:00:01Z""#;
    let record = |(number, odd): (usize, &&str)| format!("{{\"id\":\"odd-{number}\",{times},{odd}}}\n");
    ODD.iter().enumerate().map(record).collect()
}

/// A home with all streams of both services: revisions, rejects, wrong types, and odd records from a file.
fn full() -> Home {
    let (service, account) = (Service::start(simulator(3, 400)), Account::start(account(3, 150)));
    for (hours, bad) in [
        (30, Bad::NoId),
        (50, Bad::NotAnObject),
        (70, Bad::WrongTypes),
        (90, Bad::NullMetadata),
        (110, Bad::UnknownValues),
        (130, Bad::LongText(200_000)),
    ] {
        service.running.plant(&bad, SignedDuration::from_hours(hours));
    }
    for (hours, bad) in [(40, zendesk::bad::Bad::NoTime), (80, zendesk::bad::Bad::WrongTypes)] {
        account.running.plant(&bad, SignedDuration::from_hours(hours));
    }
    let home = Home::new();
    configure(&home, &service, &account);
    assert_eq!(home.run(&["sync"]).code, Some(3), "rejects need a look");
    for rank in [0, 7, 60] {
        service.running.apply(&Change::Revise(Pick::Rank(rank)));
    }
    service.running.apply(&Change::Advance(SignedDuration::from_hours(2)));
    home.ok(&["sync"]);
    home.write("odd.jsonl", &odd_records());
    home.ok(&["import", "acme.audit_logs", "odd.jsonl"]);
    home
}

/// One stream of one service, so that a month is one file.
fn small() -> Home {
    let service = Service::of(9, 120);
    service.running.plant(&Bad::NoId, SignedDuration::from_hours(60));
    let home = Home::of(&service);
    assert_eq!(home.run(&["sync"]).code, Some(3), "a reject needs a look");
    home
}

fn deep(home: &Home) -> Ended {
    home.run(&["verify", "--deep"])
}

#[test]
fn a_sound_lake_of_everything_passes_and_its_counts_are_told() {
    let home = full();
    for table in [
        "activity_logs",
        "version_histories",
        "notifications",
        "zendesk_audit_logs",
        "activity_logs_superseded",
        "rejects",
    ] {
        assert!(home.number(&format!("select count(*) from {table}")) > 0, "{table}");
    }
    let text = deep(&home);
    assert_eq!(text.code, Some(0), "{}{}", text.stdout, text.stderr);
    let told: Value =
        serde_json::from_str(&home.ok(&["verify", "--deep", "--format", "json"]).stdout).expect("verify writes JSON");
    let files = lake_files(&home, "").len();
    let stored = home.number("select sum(stored + rejects)::bigint from loads");
    assert_eq!(told["deep"]["files"], json!(files));
    assert_eq!(told["deep"]["rows"], json!(stored));
    assert_eq!(told["deep"]["digests"], json!(files));
    assert!(told["deep"]["warehouse_months"].as_u64() > Some(4), "{told}");
}

fn lake_files(home: &Home, table: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![home.data().join("lake").join(table)];
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(folder).expect("a folder") {
            let path = item.expect("an item").path();
            match path.extension() {
                _ if path.is_dir() && !path.ends_with("_delta_log") => folders.push(path),
                Some(ending) if ending == "parquet" => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// Writes a file anew with Python's `duckdb`, its rows chosen by SQL from `rows`.
fn rewrite(python: &Path, file: &Path, sql: &str) {
    let script = "\
import duckdb, os, sys
path, sql = sys.argv[1:]
connection = duckdb.connect()
connection.execute('create table rows as select * from read_parquet(?, hive_partitioning = false)', [path])
connection.execute(f\"copy ({sql}) to '{path}.new' (format parquet, compression zstd)\")
os.replace(path + '.new', path)
";
    let ended = Command::new(python)
        .args(["-c", script])
        .arg(file)
        .arg(sql)
        .output()
        .expect("python runs");
    assert!(
        ended.status.success(),
        "{sql}: {}",
        String::from_utf8_lossy(&ended.stderr)
    );
}

/// What is done to the rows of a file (`$id` is the second row's), and what must be said of it.
const TAMPERED: &[(&str, &[&str])] = &[
    ("select * from rows", &[]),
    (
        "select * replace (case when id = '$id' then 'forged' else activity_type end as activity_type) from rows",
        &["column activity_type: not what raw says in 1 row: $id"],
    ),
    (
        "select * replace (case when id = '$id' then replace(raw, '\"activity_type\":\"', '\"activity_type\":\"x') else raw end as raw) from rows",
        &[
            "column activity_type: not what raw says in 1 row: $id",
            "column stable_hash: not the hash of raw in 1 row: $id",
            "its records are not those of the ledger's digest",
        ],
    ),
    (
        "select * replace (case when id = '$id' then to_json({id: id, logged_at: '2026-06-12T10:00:00Z'})::varchar else raw end as raw) from rows",
        &[
            "column stable_hash: not the hash of raw",
            "column updated_at: not what raw says",
        ],
    ),
    (
        "select * replace ('\\x00'::blob as stable_hash) from rows",
        &["column stable_hash: not the hash of raw in", " rows, first "],
    ),
    (
        "select * replace (case when id = '$id' then event_blocks[:1] else event_blocks end as event_blocks, \
         case when id = '$id' then '{}' else metadata end as metadata, \
         case when id = '$id' then ['x', null] else related_resource_ids end as related_resource_ids, \
         case when id = '$id' then not is_legacy else is_legacy end as is_legacy) from rows",
        &["column metadata: not", "column related_resource_ids: not"],
    ),
    (
        "select * replace (case when id = '$id' then logged_at + to_microseconds(1) else logged_at end as logged_at) from rows",
        &["column logged_at: not what raw says in 1 row: $id"],
    ),
    (
        "select * replace (case when id = '$id' then make_timestamptz(0) else logged_at end as logged_at) from rows",
        &[
            "column logged_at: outside the bounds in the Delta log in 1 row: $id",
            "column logged_at: of another month in 1 row: $id",
            "column logged_at: not in order in 1 row: $id",
        ],
    ),
    (
        "select * from rows order by logged_at desc",
        &["column logged_at: not in order in"],
    ),
    (
        "select * from rows where id <> '$id'",
        &[
            "rows, and the ledger names",
            "its records are not those of the ledger's digest",
        ],
    ),
    (
        "select * from rows union all select * from rows where id = '$id' order by logged_at",
        &[
            "rows, and the ledger names",
            "its records are not those of the ledger's digest",
        ],
    ),
    (
        "select * replace (case when id = '$id' then 77 else load end as load) from rows",
        &["column load: no load that brought rows here in 1 row: $id"],
    ),
    (
        "select * replace (case when id = '$id' then 'silence' else stream end as stream) from rows",
        &["column stream: no stream of this table in 1 row: $id"],
    ),
    (
        "select * replace (load::varchar as load) from rows",
        &["its rows cannot be read: column load: of type String"],
    ),
    (
        "select * replace (is_legacy::varchar as is_legacy) from rows",
        &["column is_legacy: of type String"],
    ),
    (
        "select * exclude (raw) from rows",
        &["its rows cannot be read: no column raw"],
    ),
];

#[test]
fn what_another_program_changed_in_a_data_file_is_named() {
    let Some(python) = tools::find("python") else { return };
    let home = small();
    home.ok(&["verify", "--deep"]);
    let files = lake_files(&home, "activity_logs");
    let sizes = files.iter().map(|file| fs::metadata(file).expect("a file").len());
    let (_, file) = sizes.zip(&files).max().expect("a file of the lake");
    let name = file.strip_prefix(home.data().join("lake")).expect("below the lake");
    let sound = fs::read(file).expect("a file");
    let rows = home.query(&format!(
        "select id from activity_logs where strftime(logged_at, '%Y-%m') = '{}' order by logged_at, id limit 2",
        month_of(name)
    ));
    let id = rows[1]["id"].as_str().expect("an id");
    for (sql, expected) in TAMPERED {
        rewrite(&python, file, &sql.replace("$id", id));
        let found = deep(&home);
        assert_eq!(found.code, Some(1), "{sql}: {}{}", found.stdout, found.stderr);
        assert!(
            found.stdout.contains("its bytes are not those the ledger names"),
            "{sql}: {}",
            found.stdout
        );
        let begin = format!("invalid: {}: ", name.display());
        for expected in *expected {
            let expected = expected.replace("$id", id);
            let is_named = |line: &str| line.starts_with(&begin) && line.contains(&expected);
            assert!(
                found.stdout.lines().any(is_named),
                "{sql}: {expected}: {}",
                found.stdout
            );
        }
        if expected.is_empty() {
            let lines = found.stdout.lines().filter(|line| line.starts_with("invalid"));
            assert_eq!(lines.count(), 1, "{}", found.stdout);
        }
        #[expect(clippy::disallowed_methods, reason = "a file of the test")]
        fs::write(file, &sound).expect("the file as it was");
    }
    home.ok(&["verify", "--deep"]);
}

fn month_of(name: &Path) -> String {
    let folders = name
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned());
    let mut months = folders.filter_map(|folder| folder.strip_prefix("month=").map(str::to_owned));
    months.next().expect("a month")
}

#[test]
fn a_reject_whose_bytes_were_changed_is_named() {
    let Some(python) = tools::find("python") else { return };
    let home = small();
    let file = &lake_files(&home, "rejects")[0];
    rewrite(&python, file, "select * replace ('{}'::blob as raw) from rows");
    let found = deep(&home);
    assert_eq!(found.code, Some(1));
    assert!(
        found
            .stdout
            .contains("column stable_hash: not the hash of raw in 1 row: "),
        "{}",
        found.stdout
    );
}

/// Whatever byte is flipped: no panic, and plain `verify` finds it as well.
#[test]
fn a_damaged_file_is_a_finding_and_no_panic() {
    let home = small();
    let file = &lake_files(&home, "activity_logs")[0];
    let sound = fs::read(file).expect("a file");
    for part in 1..40 {
        let mut damaged = sound.clone();
        let at = sound.len() * part / 40;
        damaged[at] ^= 0x55;
        #[expect(clippy::disallowed_methods, reason = "a file of the test")]
        fs::write(file, &damaged).expect("a file");
        let found = deep(&home);
        assert_eq!(
            (found.code, found.stderr.as_str()),
            (Some(1), ""),
            "byte {at}: {}",
            found.stdout
        );
    }
    fs::remove_file(file).expect("a file");
    let found = deep(&home);
    assert!(found.stdout.contains("its rows cannot be read"), "{}", found.stdout);
}

#[test]
fn what_was_changed_in_the_warehouse_is_named_by_table_and_month() {
    let Some(duckdb) = tools::find("duckdb") else { return };
    let home = small();
    let warehouse = home.data().join("warehouse.duckdb");
    let sound = fs::read(&warehouse).expect("the warehouse");
    for (sql, expected) in [
        (
            "update activity_logs set performer_name = 'forged' where id = (select min(id) from activity_logs)",
            "not all of them are those of the lake",
        ),
        (
            "update activity_logs set metadata = '{\"forged\":1}' where id = (select min(id) from activity_logs)",
            "not all of them are those of the lake",
        ),
        (
            "update activity_logs set event_blocks = [] where id = (select min(id) from activity_logs where len(event_blocks) > 0)",
            "not all of them are those of the lake",
        ),
        (
            "update activity_logs set loaded_at = loaded_at + to_microseconds(1)",
            "not all of them are those of the lake",
        ),
        (
            "delete from activity_logs where id = (select min(id) from activity_logs)",
            "and the lake has ",
        ),
        (
            "insert into activity_logs_superseded select * from activity_logs limit 1",
            "and the lake has ",
        ),
        ("delete from rejects", ": 0 rows, and the lake has 1"),
        ("update trailhouse set lake_id = 'another'", "follows the lake another"),
        ("update trailhouse set sequence = 99", "has applied entry 99"),
        ("drop table rejects", "its rows cannot be summed"),
    ] {
        let changed = Command::new(&duckdb)
            .arg(&warehouse)
            .args(["-c", sql])
            .output()
            .expect("duckdb runs");
        assert!(
            changed.status.success(),
            "{sql}: {}",
            String::from_utf8_lossy(&changed.stderr)
        );
        let found = deep(&home);
        assert_eq!(found.code, Some(1), "{sql}: {}", found.stdout);
        let is_named = |line: &str| line.starts_with("invalid: warehouse.duckdb: ") && line.contains(expected);
        assert!(found.stdout.lines().any(is_named), "{sql}: {}", found.stdout);
        #[expect(clippy::disallowed_methods, reason = "a file of the test")]
        fs::write(&warehouse, &sound).expect("the warehouse as it was");
    }
    home.ok(&["verify", "--deep"]);
}

#[test]
fn a_warehouse_that_is_behind_or_missing_is_said_and_no_finding() {
    let service = Service::of(9, 60);
    let home = Home::of(&service);
    home.ok(&["sync"]);
    let warehouse = home.data().join("warehouse.duckdb");
    let older = fs::read(&warehouse).expect("the warehouse");
    service.running.apply(&Change::Arrive(3));
    home.ok(&["sync"]);
    home.ok(&["verify", "--deep"]);
    #[expect(clippy::disallowed_methods, reason = "a file of the test")]
    fs::write(&warehouse, older).expect("the warehouse as it was");
    let behind = home.ok(&["verify", "--deep"]);
    assert!(
        behind.stdout.contains("the warehouse was not compared: it is behind"),
        "{}",
        behind.stdout
    );
    fs::remove_file(&warehouse).expect("the warehouse");
    let missing = home.ok(&["verify", "--deep", "--format", "csv"]);
    assert!(
        missing.stderr.contains("the warehouse was not compared: there is none"),
        "{}",
        missing.stderr
    );
}

/// What the ledger's entries say of a table, and its files merged into one, as a compaction would leave them.
fn merged(python: &Path, home: &Home, table: &str) -> Claims {
    let lake = home.data().join("lake");
    let mut claims = Claims {
        folder: lake.clone(),
        ..Claims::default()
    };
    for item in fs::read_dir(lake.join("_ledger")).expect("the ledger") {
        let text = fs::read_to_string(item.expect("an item").path()).expect("an entry");
        let entry: Value = serde_json::from_str(&text).expect("an entry is JSON");
        let added = entry["tables"][table]["added"].as_array().cloned().unwrap_or_default();
        claims.loads.extend(added.iter().map(|file| LoadClaim {
            path: file["path"].as_str().expect("a path").to_owned(),
            load: entry["sequence"].as_i64().expect("a number"),
            rows: file["rows"].as_u64().expect("a number"),
            digest: file["digest"].as_str().expect("a digest").to_owned(),
        }));
    }
    let mut months: BTreeMap<PathBuf, (PathBuf, u64)> = BTreeMap::new();
    for load in &claims.loads {
        let file = PathBuf::from(&load.path);
        let folder = file.parent().expect("a folder").to_path_buf();
        months.entry(folder).or_insert((file, 0)).1 += load.rows;
    }
    for (folder, (file, rows)) in months {
        let sql = format!(
            "select * from read_parquet('{}/*.parquet', hive_partitioning = false) order by logged_at, id",
            lake.join(&folder).display()
        );
        rewrite(python, &lake.join(&file), &sql);
        claims.files.push(FileClaim {
            path: file.to_str().expect("UTF-8").to_owned(),
            rows,
            bounds: Vec::new(),
        });
    }
    claims
}

#[test]
fn digests_hold_of_files_that_were_merged() {
    let Some(python) = tools::find("python") else { return };
    let home = full();
    let mut claims = merged(&python, &home, "activity_logs");
    assert!(claims.loads.len() > claims.files.len(), "{claims:?}");
    let outcome = audit::read(&claims, &mut |_| {});
    assert_eq!(outcome.findings, []);
    assert_eq!(outcome.digests, u64::try_from(claims.loads.len()).expect("few"));
    claims.loads[0].digest = "another".to_owned();
    let outcome = audit::read(&claims, &mut |_| {});
    assert_eq!(outcome.findings.len(), 1, "{:?}", outcome.findings);
}
