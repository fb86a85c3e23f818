//! Data files that another program wrote: changed ones are named by file, column and row, merged ones are sound.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use trailhouse::audit::{self, Claims, FileClaim, LoadClaim};

use super::{deep, full, lake_files, small};
use crate::environment::Home;
use crate::tools;

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
    for part in 1..16 {
        let mut damaged = sound.clone();
        let at = sound.len() * part / 16;
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
            loads: Vec::new(),
            is_sorted: true,
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
