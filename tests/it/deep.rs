//! `verify --deep`: a sound lake of everything that can be received passes, and what another program has changed in a data
//! file or in the warehouse is named.

mod beside;
mod changed;
mod json;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use jiff::SignedDuration;
use serde_json::{Value, json};
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
