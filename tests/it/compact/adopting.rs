//! What another program did to a table: refused, named, and taken over only where no row is another.

use std::fs;

use duckdb::Connection;
use serde_json::{Value, json};

use super::{MONTH, data_files, entries, loaded, month, open, rebuilt, record};
use crate::environment::Home;

const LOG: &str = "lake/activity_logs/_delta_log";
const MERGED: &str = "part-00001-0b1c.zstd.parquet";

fn relative(name: &str) -> String {
    format!("source=acme/month={MONTH}/{name}")
}

/// Puts rows of all files of the month into one file, as another program's OPTIMIZE does.
fn optimize(home: &Home, clause: &str) {
    let names = data_files(home);
    let path = month(home).join(MERGED);
    let all = format!(
        "read_parquet('{}/*.parquet', hive_partitioning = false)",
        month(home).display()
    );
    let sql = format!(
        "copy (select * from {all} {clause}) to '{}' (format parquet)",
        path.display()
    );
    let duckdb = Connection::open_in_memory().expect("DuckDB");
    duckdb.execute_batch(&sql).expect("a merged file");
    let count = format!("select count(*) from '{}'", path.display());
    let rows: u64 = duckdb.query_row(&count, [], |row| row.get(0)).expect("a count");
    let partition = json!({"source": "acme", "month": MONTH});
    let mut actions = vec![json!({"commitInfo": {"timestamp": 0, "operation": "OPTIMIZE", "engineInfo": "another"}})];
    actions.extend(names.iter().map(|name| {
        json!({"remove": {"path": relative(name), "dataChange": false, "deletionTimestamp": 0,
            "extendedFileMetadata": true, "partitionValues": partition, "size": 1}})
    }));
    actions.push(
        json!({"add": {"path": relative(MERGED), "dataChange": false, "modificationTime": 0,
        "partitionValues": partition, "size": fs::metadata(&path).expect("its size").len(),
        "stats": json!({"numRecords": rows}).to_string()}}),
    );
    commit(home, &actions);
}

fn commit(home: &Home, actions: &[Value]) {
    let path = |version: u64| home.data().join(LOG).join(format!("{version:020}.json"));
    let version = (0..).find(|version| !path(*version).exists()).expect("a next version");
    let lines: Vec<String> = actions.iter().map(ToString::to_string).collect();
    home.write("commit.json", &lines.join("\n"));
    fs::copy(home.path().join("commit.json"), path(version)).expect("a commit");
}

fn refused(home: &Home, what: &str) {
    let before = entries(home).len();
    let refused = home.run(&["compact", "--adopt"]);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    let is_told = refused.stderr.contains("nothing is adopted: ") && refused.stderr.contains(what);
    assert!(is_told, "{}", refused.stderr);
    assert_eq!(entries(home).len(), before);
}

#[test]
fn a_merge_by_another_program_is_named_refused_and_adopted() {
    let home = loaded(4);
    let before = rebuilt(&home);
    let old = data_files(&home);
    optimize(&home, "order by id desc");
    let verify = home.run(&["verify"]);
    assert_eq!(verify.code, Some(1));
    let named = "unexpected: activity_logs/_delta_log/00000000000000000005.json: no ledger entry made it";
    assert!(verify.stdout.contains(named), "{}", verify.stdout);
    assert!(!verify.stdout.contains("invalid: "), "{}", verify.stdout);
    let refused = home.run(&["compact"]);
    assert_eq!(refused.code, Some(1));
    for said in [
        "00000000000000000005.json: a Delta commit that no ledger entry made",
        "`trailhouse compact --adopt`",
    ] {
        assert!(refused.stderr.contains(said), "{}", refused.stderr);
    }
    let said = home.ok(&["compact", "--adopt"]).stderr;
    let expected = "Delta commits: 1; data files: 1, in place of 4";
    assert!(said.contains(expected), "{said}");
    home.ok(&["verify"]);
    let deep = home.run(&["verify", "--deep"]);
    assert_eq!(deep.code, Some(0), "{}", deep.stdout);
    assert_eq!(rebuilt(&home), before);
    let entry = entries(&home).pop().expect("an entry");
    assert_eq!(entry["kind"], "adopt");
    assert_eq!(entry["adopted"][0]["version"], 5);
    let removed = entry["tables"]["activity_logs"]["removed"].as_array().expect("a list");
    assert_eq!(removed.len(), old.len());
    // Its rows are in no order, and are merged all the same.
    open(&home).load(vec![record(700, 30, 1)]);
    let with_new = rebuilt(&home);
    home.ok(&["compact"]);
    assert_eq!(rebuilt(&home), with_new);
    home.ok(&["verify", "--deep"]);
}

#[test]
fn what_another_program_made_and_a_merge_left_behind_goes_with_its_rows() {
    for arguments in [&["acme", "--before", "2026-01-10"][..], &["--performer", "p1"]] {
        let home = loaded(4);
        optimize(&home, "");
        home.ok(&["compact", "--adopt"]);
        open(&home).load(vec![record(700, 30, 1)]);
        home.ok(&["compact"]);
        assert!(data_files(&home).contains(MERGED), "it is kept for readers");
        home.ok(&[&["purge"], arguments].concat());
        assert!(!data_files(&home).contains(MERGED), "{arguments:?}");
        home.ok(&["verify", "--deep"]);
        let again = home.ok(&["compact"]).stderr;
        assert!(again.contains("nothing to merge"), "{again}");
    }
}

#[test]
fn what_changed_rows_is_not_adopted() {
    let home = loaded(3);
    optimize(&home, "where id <> 'id-7'");
    refused(
        &home,
        "activity_logs: acme 2026-01: the rows of the files that came are not those of the files that went",
    );
    let home = loaded(3);
    optimize(&home, "");
    let first = fs::read_to_string(home.data().join(LOG).join(format!("{:020}.json", 0))).expect("the first commit");
    let mut actions = first
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let metadata = actions
        .find(|action| action.get("metaData").is_some())
        .expect("what the table is");
    commit(&home, &[metadata]);
    refused(&home, "00000000000000000005.json: changes the table itself");
}

#[test]
fn a_merge_and_a_vacuum_by_another_program_are_judged_by_the_digests_alone() {
    let vacuumed = |clause: &str| {
        let home = loaded(3);
        let old = data_files(&home);
        optimize(&home, clause);
        for name in old {
            fs::remove_file(month(&home).join(name)).expect("an old file goes");
        }
        commit(
            &home,
            &[json!({"commitInfo": {"timestamp": 0, "operation": "VACUUM END"}})],
        );
        home
    };
    let home = vacuumed("");
    home.ok(&["compact", "--adopt"]);
    home.ok(&["verify", "--deep"]);
    let entry = entries(&home).pop().expect("an entry");
    assert_eq!(entry["deleted"].as_array().map(Vec::len), Some(3));
    refused(&vacuumed("where id <> 'id-7'"), "load 1 has 11 rows where it had 12");
}
