//! What another program did to a table: refused, named, and taken over only where no row is another.

use std::collections::BTreeSet;
use std::fs;

use duckdb::Connection;
use serde_json::{Value, json};
use trailhouse::batch::RejectedRow;
use trailhouse::coverage::StreamState;
use trailhouse::lake::{Draft, Extent};
use trailhouse::ledger::{Counts, Kind};
use trailhouse::record::Reject;
use trailhouse::schema::DAY;
use trailhouse::source::secoda::AUDIT_LOGS;

use super::{MONTH, at, data_files, entries, loaded, month, open, rebuilt, record};
use crate::environment::{Home, SOURCE};
use crate::steps::{killed_at, passed};

const LOG: &str = "lake/activity_logs/_delta_log";
const MERGED: &str = "part-00001-0b1c.zstd.parquet";

fn relative(name: &str) -> String {
    format!("source=acme/month={MONTH}/{name}")
}

/// Puts rows of all files of the month into one file, as another program's OPTIMIZE does.
fn optimize(home: &Home, clause: &str) {
    optimize_into(home, (&data_files(home), MERGED), clause);
}

/// Puts rows of some files of the month into one file.
fn optimize_into(home: &Home, (names, made): (&BTreeSet<String>, &str), clause: &str) {
    let path = month(home).join(made);
    let paths = names
        .iter()
        .map(|name| format!("'{}'", month(home).join(name).display()));
    let paths: Vec<String> = paths.collect();
    let all = format!("read_parquet([{}], hive_partitioning = false)", paths.join(", "));
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
        json!({"add": {"path": relative(made), "dataChange": false, "modificationTime": 0,
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

#[test]
fn a_file_that_another_program_made_and_merged_again_goes_with_the_adoption() {
    let home = loaded(4);
    let before = rebuilt(&home);
    optimize(&home, "");
    let made = BTreeSet::from([MERGED.to_owned()]);
    optimize_into(&home, (&made, "part-00002-0b1c.zstd.parquet"), "");
    home.ok(&["compact", "--adopt"]);
    assert!(
        !data_files(&home).contains(MERGED),
        "no table shows it, and no entry adds it"
    );
    let entry = entries(&home).pop().expect("an entry");
    assert_eq!(entry["deleted"], json!([format!("activity_logs/{}", relative(MERGED))]));
    home.ok(&["verify", "--deep"]);
    assert_eq!(rebuilt(&home), before);
}

#[test]
fn of_files_that_are_not_those_the_ledger_names_nothing_is_adopted() {
    let home = loaded(3);
    let name = data_files(&home).pop_first().expect("a file");
    let made = BTreeSet::from([name.clone()]);
    let (path, forged) = (month(&home).join(&name), "part-00009-0b1c.zstd.parquet");
    let log = home.data().join(LOG).join(format!("{:020}.json", 4));
    optimize_into(&home, (&made, forged), "where id <> 'none'");
    fs::remove_file(&log).expect("only its file is wanted");
    fs::rename(month(&home).join(forged), path).expect("the same rows in other bytes");
    optimize(&home, "");
    refused(&home, &format!("{name}: its bytes are not those the ledger names"));
    let hint = home.run(&["compact", "--adopt"]).stderr;
    assert!(hint.contains("run `trailhouse verify`"), "{hint}");
}

#[test]
fn rows_in_another_order_stay_so_where_some_are_taken_away() {
    for arguments in [
        &["acme", "--before", "2026-01-01T00:15:00Z"][..],
        &["--performer", "p1"],
    ] {
        let home = loaded(4);
        optimize(&home, "order by id desc");
        home.ok(&["compact", "--adopt"]);
        home.ok(&[&["purge"], arguments].concat());
        assert!(
            data_files(&home).iter().any(|name| name.starts_with("6-")),
            "{arguments:?}"
        );
        let deep = home.run(&["verify", "--deep"]);
        assert_eq!(deep.code, Some(0), "{arguments:?}: {}", deep.stdout);
    }
}

#[test]
fn rows_of_rejects_that_could_be_read_later_are_among_those_of_the_loads() {
    let home = loaded(2);
    let mut open = open(&home);
    let seen_at = at("2026-01-05T00:00:00Z");
    let reject = Reject {
        reason: "no id".to_owned(),
        bytes: b"not read at first".to_vec(),
        earlier: Vec::new(),
    };
    let resolved = BTreeSet::from([reject.hash().to_vec()]);
    let draft = Draft {
        kind: Kind::Sync,
        run_id: "run",
        source: SOURCE,
        stream: &AUDIT_LOGS,
        state_name: AUDIT_LOGS.name,
        started_at: seen_at,
        at: seen_at,
        counts: Counts {
            received: 1,
            rejects: 1,
            ..Counts::default()
        },
        records: &[],
        rejects: &[RejectedRow {
            reject,
            page: 1,
            seen_at,
        }],
        state: &StreamState::new("acme"),
    };
    open.runtime.block_on(open.lake.commit(&draft)).expect("a load");
    let path = open.lake.reject_files().expect("files").remove(0).path;
    let counts = Counts {
        received: 1,
        stored: 1,
        ..Counts::default()
    };
    let retry = Draft {
        kind: Kind::Retry,
        counts,
        records: &[record(900, 40, 1)],
        rejects: &[],
        ..draft
    };
    open.runtime
        .block_on(open.lake.commit_retry(&retry, &path, &resolved))
        .expect("an entry");
    drop(open);
    let before = rebuilt(&home);
    assert_eq!(before.len(), 24 + 1);
    let old = data_files(&home);
    optimize(&home, "");
    for name in old {
        fs::remove_file(month(&home).join(name)).expect("an old file goes");
    }
    home.ok(&["compact", "--adopt"]);
    home.ok(&["verify", "--deep"]);
    assert_eq!(rebuilt(&home), before);
}

/// A home on which a command was ended once its entry was durable, and before the table followed it.
fn ended_at_its_entry(arguments: &[&str]) -> (Home, BTreeSet<String>) {
    let steps = passed(loaded(4).command(arguments));
    let entry = steps
        .iter()
        .position(|name| name == "after the ledger entry")
        .expect("an entry");
    let home = loaded(4);
    let old = data_files(&home);
    let step = u32::try_from(entry + 1).expect("few steps");
    killed_at(home.command(arguments), step).expect("it is ended");
    (home, old)
}

#[test]
fn a_merge_that_another_program_came_before_is_adopted() {
    let (home, old) = ended_at_its_entry(&["compact"]);
    optimize_into(&home, (&old, MERGED), "");
    let refused = home.run(&["compact"]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("`trailhouse compact --adopt`"),
        "{}",
        refused.stderr
    );
    home.ok(&["compact", "--adopt"]);
    home.ok(&["verify", "--deep"]);
    assert_eq!(rebuilt(&home), rebuilt(&loaded(4)));
    open(&home).load(vec![record(700, 30, 1)]);
    home.ok(&["compact"]);
    home.ok(&["verify", "--deep"]);
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "files are deleted after days of the real clock"
)]
fn files_that_another_program_put_back_are_not_deleted_later() {
    let home = loaded(4);
    let old = data_files(&home);
    home.ok(&["compact"]);
    let log = fs::read_dir(home.data().join(LOG)).expect("a log");
    let lines = log.flat_map(|file| {
        let text = fs::read_to_string(file.expect("a file").path()).expect("a commit");
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    });
    let actions = lines.filter_map(|line| serde_json::from_str::<Value>(&line).ok());
    let restored = actions.filter_map(|mut action| {
        let add = action.get_mut("add")?;
        let is_old = old.iter().any(|name| add["path"] == json!(relative(name)));
        add["dataChange"] = json!(false);
        Some(match is_old {
            true => json!({"add": add}),
            false => json!({"remove": {"path": add["path"], "dataChange": false, "deletionTimestamp": 0}}),
        })
    });
    let restored: Vec<Value> = restored.collect();
    assert_eq!(restored.len(), 5);
    commit(&home, &restored);
    home.ok(&["compact", "--adopt"]);
    let mut open = open(&home);
    let later = jiff::Timestamp::now().as_microsecond() + 30 * DAY;
    let compacted = open.compact(Extent::Crowded, later);
    assert_eq!(compacted.deleted, 1, "the file that had been made of them");
    drop(open);
    assert_eq!(data_files(&home), old);
    home.ok(&["verify", "--deep"]);
}

#[test]
fn what_another_program_came_before_is_finished_once_its_commit_is_gone() {
    undone(&["purge", SOURCE, "--before", "2026-01-01T00:15:00Z"], 4);
    undone(&["compact"], 2);
}

/// Ends a command at its entry, and merges so many files in another program's name.
fn undone(command: &[&str], merged: usize) {
    let (home, old) = ended_at_its_entry(command);
    let some: BTreeSet<String> = old.into_iter().take(merged).collect();
    optimize_into(&home, (&some, MERGED), "");
    for arguments in [&["compact"][..], &["compact", "--adopt"]] {
        let refused = home.run(arguments);
        assert_eq!(refused.code, Some(1));
        for said in [
            "ledger entry 5 replaces files that another program took out of the table before",
            "put back activity_logs/_delta_log as it was before",
            "without the files from version 5 on",
        ] {
            assert!(refused.stderr.contains(said), "{}", refused.stderr);
        }
    }
    fs::remove_file(home.data().join(LOG).join(format!("{:020}.json", 5))).expect("its commit");
    fs::remove_file(month(&home).join(MERGED)).expect("its file");
    home.ok(&["compact"]);
    home.ok(&["verify", "--deep"]);
}
