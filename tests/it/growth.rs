//! A lake of an older program: it opens as it is, verifies, takes new rows, gets the columns it was made without, and has them
//! filled from the JSON kept; what that program could not read is read by this one. And a lake of a newer one is refused.

use std::process::Command;

use serde_json::{Value, json};

use crate::environment::Home;
use crate::steps::{killed_at, passed};

/// Made by a program without the columns `version_history_id` and `related_resource_ids` of activity_logs and `ip_address` of
/// zendesk_audit_logs, which read records of eight levels at most: four rows and a revision of one, and two rejects.
const LAKE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/older_lake");

/// A home with that lake.
fn older() -> Home {
    let home = Home::new();
    home.write(
        "trailhouse.toml",
        "[sources.acme]\nkind = \"secoda\"\nbase_url = \"http://127.0.0.1:1\"\ntoken = { env = \"ACME_TOKEN\" }\n",
    );
    std::fs::create_dir(home.data()).expect("a folder");
    let copied = Command::new("cp")
        .arg("-r")
        .arg(LAKE)
        .arg(home.data().join("lake"))
        .status();
    assert!(copied.expect("cp runs").success());
    home
}

fn filled(home: &Home) -> Vec<Value> {
    home.query(
        "select id, revision, version_history_id, related_resource_ids, extra from activity_logs_revisions
         where id in ('a1', 'a2', 'a3') order by all",
    )
}

fn expected() -> [Value; 4] {
    let row = |id: &str, revision: u8, version: Value, related: Value, extra: Value| json!({ "id": id, "revision": revision, "version_history_id": version, "related_resource_ids": related, "extra": extra });
    [
        row(
            "a1",
            1,
            json!("v1"),
            json!(["r1", "r2"]),
            json!({ "strange": { "x": [1, 2] } }),
        ),
        row("a2", 1, Value::Null, Value::Null, Value::Null),
        row("a2", 2, Value::Null, Value::Null, Value::Null),
        row(
            "a3",
            1,
            Value::Null,
            Value::Null,
            json!({ "related_resource_ids": "not a list" }),
        ),
    ]
}

#[test]
fn a_lake_of_an_older_program_opens_verifies_grows_and_is_filled() {
    let home = older();
    home.ok(&["verify", "--deep"]);
    home.write(
        "new.json",
        r#"{"id":"n1","logged_at":"2025-07-09T10:00:00Z","updated_at":"2025-07-09T10:00:00Z","version_history_id":"v9"}"#,
    );
    home.ok(&["import", "acme.audit_logs", "new.json"]);
    home.ok(&["verify", "--deep"]);
    assert_eq!(
        home.query("select id, version_history_id from activity_logs where version_history_id is not null"),
        [json!({ "id": "n1", "version_history_id": "v9" })]
    );
    // Merged, they could not be told from files of this program any more.
    home.ok(&["compact"]);
    let said = home.ok(&["backfill-columns", "--dry-run"]).stderr;
    assert!(
        said.contains("activity_logs: 4 rows in 3 files lack related_resource_ids, version_history_id"),
        "{said}"
    );
    assert_eq!(home.number("select count(*) from loads"), 4);
    home.ok(&["backfill-columns"]);
    assert_eq!(filled(&home), expected());
    assert_eq!(
        home.query("select id, ip_address, extra from zendesk_audit_logs order by id"),
        [
            json!({ "id": 9_007_199_254_740_993_i64, "ip_address": "192.0.2.1", "extra": null }),
            json!({ "id": 9_007_199_254_740_994_i64, "ip_address": null, "extra": { "ip_address": 7 } })
        ]
    );
    home.ok(&["verify", "--deep"]);
    let dump = home.dump();
    home.ok(&["compact"]);
    assert_eq!(home.number("select count(*) from loads where kind = 'compact'"), 1);
    home.ok(&["verify", "--deep"]);
    home.ok(&["rebuild"]);
    assert_eq!(home.dump(), dump);
    let loads = home.number("select count(*) from loads");
    let said = home.ok(&["backfill-columns"]).stderr;
    assert!(said.contains("every data file has every column"), "{said}");
    assert_eq!(home.number("select count(*) from loads"), loads);
}

/// The number of the first step of each name, but for those of the warehouse, which every load has.
fn steps_of(home: &Home, arguments: &[&str]) -> Vec<u32> {
    let steps = passed(home.command(arguments));
    let is_first = |(at, name): &(usize, &String)| !steps[..*at].contains(name) && !name.contains("warehouse");
    let firsts = steps.iter().enumerate().filter(is_first);
    firsts
        .map(|(at, _)| u32::try_from(at + 1).expect("few steps"))
        .collect()
}

#[test]
fn killed_anywhere_columns_are_filled_by_the_next_run() {
    let steps = steps_of(&older(), &["backfill-columns"]);
    assert!(steps.len() > 6, "{steps:?}");
    for step in steps {
        let home = older();
        let name = killed_at(home.command(&["backfill-columns"]), step).expect("a step");
        assert!(matches!(home.run(&["verify"]).code, Some(0 | 3)), "{name}");
        home.ok(&["backfill-columns"]);
        assert_eq!(filled(&home), expected(), "{name}");
        home.ok(&["verify"]);
    }
}

/// Reason, and whether it is resolved, of every reject.
fn rejects(home: &Home, more: &[&str]) -> Vec<(String, bool)> {
    let listed = home.ok(&[&["rejects", "list", "--format", "json"], more].concat());
    let rows: Vec<Value> = serde_json::from_str(&listed.stdout).expect("JSON");
    let row = |row: &Value| {
        let reason = row["reason"].as_str().expect("a text").to_owned();
        (reason, !row["resolved_load"].is_null())
    };
    rows.iter().map(row).collect()
}

const DEEP: &str = "nested deeper than 8 levels";

#[test]
fn a_reject_that_can_be_read_now_becomes_a_row() {
    let home = older();
    let deep = |resolved| (DEEP.to_owned(), resolved);
    let no_id = ("no id".to_owned(), false);
    assert_eq!(rejects(&home, &[]), [deep(false), no_id.clone()]);
    let said = home.ok(&["rejects", "retry"]).stderr;
    assert!(
        said.contains("acme.audit_logs: 1 of 2 rejects can be read now, 1 stored"),
        "{said}"
    );
    let row = home.query("select load, id, metadata->>'$.a.b.c.d.e.f.g.h.i' as i from activity_logs where id = 'deep'");
    assert_eq!(row, [json!({ "load": 4, "id": "deep", "i": "1" })]);
    assert_eq!(
        home.number("select resolved_load from rejects where reason <> 'no id'"),
        4
    );
    assert_eq!(rejects(&home, &[]), std::slice::from_ref(&no_id));
    assert_eq!(rejects(&home, &["--all"]), [deep(true), no_id]);
    home.ok(&["verify", "--deep"]);
    home.ok(&["rejects", "retry"]);
    assert_eq!(home.number("select max(load) from loads"), 4, "nothing more to read");
    let dump = home.dump();
    home.ok(&["rebuild"]);
    assert_eq!(home.dump(), dump);
}

#[test]
fn a_reject_whose_record_came_meanwhile_is_resolved_without_a_row() {
    let home = older();
    let raw = home.ok(&["rejects", "list", "--format", "json"]).stdout;
    let raws: Vec<Value> = serde_json::from_str(&raw).expect("JSON");
    home.write("deep.json", raws[0]["raw"].as_str().expect("a text"));
    home.ok(&["import", "acme.audit_logs", "deep.json"]);
    let said = home.ok(&["rejects", "retry"]).stderr;
    assert!(
        said.contains("1 of 2 rejects can be read now, 0 stored, 1 known already"),
        "{said}"
    );
    assert_eq!(
        home.number("select count(*) from activity_logs_revisions where id = 'deep'"),
        1
    );
    assert_eq!(
        home.number("select count(*) from rejects where resolved_load is null"),
        1
    );
    home.ok(&["verify", "--deep"]);
}

#[test]
fn killed_anywhere_rejects_are_read_once() {
    let steps = steps_of(&older(), &["rejects", "retry"]);
    assert!(steps.len() > 6, "{steps:?}");
    for step in steps {
        let home = older();
        let name = killed_at(home.command(&["rejects", "retry"]), step).expect("a step");
        assert!(matches!(home.run(&["verify"]).code, Some(0 | 3)), "{name}");
        home.ok(&["rejects", "retry"]);
        assert_eq!(
            home.number("select count(*) from activity_logs_revisions where id = 'deep'"),
            1,
            "{name}"
        );
        assert_eq!(
            home.number("select count(*) from rejects where resolved_load is null"),
            1,
            "{name}"
        );
        home.ok(&["verify"]);
    }
}

/// Every command that looks at a lake, but for those that only write beside it.
const COMMANDS: &[&[&str]] = &[
    &["sync"],
    &["import", "acme.audit_logs", "new.json"],
    &["status"],
    &["show", "a1"],
    &[
        "reconcile",
        "acme.audit_logs",
        "--from",
        "2025-07-01",
        "--to",
        "2025-08-01",
    ],
    &["backfill-columns"],
    &["rejects", "list"],
    &["rejects", "retry"],
    &["rebuild"],
    &["ledger", "head"],
    &["ledger", "keygen"],
    &["verify"],
    &["verify", "--deep"],
];

#[test]
fn a_lake_of_a_newer_program_is_refused_by_every_command() {
    let home = older();
    home.write(
        "new.json",
        r#"{"id":"n1","logged_at":"2025-07-09T10:00:00Z","updated_at":"2025-07-09T10:00:00Z"}"#,
    );
    let newest = home.data().join("lake/_ledger/00000000000000000003.json");
    let text = std::fs::read_to_string(&newest).expect("the newest entry");
    let newer = text.replacen("\"format\": 1", "\"format\": 2", 1);
    let newer = newer.replacen("\"kind\": \"import\"", "\"kind\": \"levitate\"", 1);
    home.write("data/lake/_ledger/00000000000000000003.json", &newer);
    let before = files(&home);
    for command in COMMANDS {
        let ended = home.run(command);
        assert_eq!(ended.code, Some(1), "{command:?}: {}", ended.stderr);
        assert!(
            format!("{}{}", ended.stdout, ended.stderr)
                .contains("entry 3 has format 2, and this program reads 1: a newer one wrote it"),
            "{command:?}: {}{}",
            ended.stdout,
            ended.stderr
        );
        assert!(
            command[0] == "verify" || ended.stderr.contains("use the trailhouse that wrote it"),
            "{command:?}: {}",
            ended.stderr
        );
        assert_eq!(files(&home), before, "{command:?}");
    }
}

/// Every file of the lake, as a listing with sizes.
fn files(home: &Home) -> String {
    let listed = Command::new("ls")
        .arg("-lR")
        .arg(home.data().join("lake"))
        .output()
        .expect("ls runs");
    String::from_utf8(listed.stdout).expect("names are UTF-8")
}
