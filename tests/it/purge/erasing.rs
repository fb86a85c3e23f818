//! A person erased: no byte of the home tells who it was, joins still work, and nothing that comes later brings the person back.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::util::display::array_value_to_string;
use futures::TryStreamExt;
use jiff::SignedDuration;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use serde_json::Value;
use trailhouse::lake::parquet::{Selection, read_columns};
use trailhouse::simulator::listing::Pick;
use trailhouse::simulator::script::Change;
use trailhouse::source::TABLES;

use super::{assert_sound, everything, rows_of, service, synced, total};
use crate::environment::{Account, Home, SOURCE, Service, account, short};
use crate::import::{STREAM, import_from, lines};
use crate::tools;

/// Every file of the home.
fn files(home: &Home) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![home.data()];
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(folder).expect("a folder") {
            let path = item.expect("an item").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Everything in a data file, as text.
fn text_of(path: &Path) -> String {
    let store: Arc<dyn ObjectStore> = Arc::new(LocalFileSystem::new());
    let columns: Vec<&str> = TABLES
        .iter()
        .flat_map(|table| table.columns)
        .map(|column| column.name)
        .chain(["raw"])
        .collect();
    let selection = Selection {
        columns: &columns,
        within: None,
    };
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let batches: Vec<arrow::array::RecordBatch> = runtime.block_on(async {
        let path = object_store::path::Path::from_absolute_path(path).expect("a path");
        let rows = read_columns(store, path, &selection).await.expect("a data file");
        rows.try_collect().await.expect("its rows")
    });
    let mut text = String::new();
    for batch in &batches {
        for column in batch.columns() {
            for row in 0..batch.num_rows() {
                let bytes = column.as_any().downcast_ref::<arrow::array::BinaryArray>();
                match bytes {
                    Some(bytes) => text.push_str(&String::from_utf8_lossy(bytes.value(row))),
                    None => text.push_str(&array_value_to_string(column, row).expect("a text")),
                }
                text.push('\n');
            }
        }
    }
    text
}

/// The files that tell of any of these, each with what it tells.
pub(super) fn traces(home: &Home, told: &[String]) -> Vec<(String, String)> {
    let mut traces = Vec::new();
    for path in files(home) {
        let mut bytes = fs::read(&path).expect("a file");
        if path.extension().is_some_and(|ending| ending == "parquet") && !path.to_string_lossy().contains("_delta_log")
        {
            bytes.extend(text_of(&path).into_bytes());
        }
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        for told in told.iter().filter(|told| text.contains(&told.to_lowercase())) {
            traces.push((path.display().to_string(), told.clone()));
        }
    }
    traces
}

/// The person with most acts that notifications know the address of: identifier, name and address.
fn person(home: &Home) -> [String; 3] {
    let found = home.query(
        "with known as (select performer_id, max(name) as name, max(email) as email from performers group by all) \
         select known.* from known join activity_logs using (performer_id) where name like '% %' and email is not null \
         group by all order by count(*) desc, 1 limit 1",
    );
    ["performer_id", "name", "email"].map(|name| found[0][name].as_str().expect("a text").to_owned())
}

fn acts(home: &Home) -> Vec<i64> {
    let acts = home.query("select count(*) as acts from events group by actor_id order by 1");
    acts.iter().filter_map(|row| row["acts"].as_i64()).collect()
}

fn erased(seed: u64) -> (Service, Home, [String; 3]) {
    let service = service(seed, 200);
    let home = synced(&service, "");
    let told = person(&home);
    (service, home, told)
}

#[test]
fn no_byte_tells_who_was_erased_and_joins_still_work() {
    let (service, home, told) = erased(31);
    let [id, name, _] = &told;
    home.write(
        "reject.jsonl",
        &format!("{{\"performer_id\":\"{id}\",\"text\":\"{name}\"}}\nno JSON of {name}\n"),
    );
    assert_eq!(
        home.run(&["import", STREAM, "reject.jsonl"]).code,
        Some(3),
        "rejects need a look"
    );
    for place in [
        "activity_logs",
        "version_histories",
        "notifications",
        "rejects",
        "warehouse.duckdb",
    ] {
        let is_told = traces(&home, &told).iter().any(|(path, _)| path.contains(place));
        assert!(is_told, "nothing to erase in {place}");
    }
    home.ok(&["compact"]);
    assert!(
        home.number("select count(*) from loads where kind = 'compact'") > 0,
        "old files lie about"
    );
    let before = (acts(&home), everything(&home).len());
    let dry = rows_of(&home.ok(&["purge", "--performer", id, "--dry-run", "--format", "json"]));
    assert!(total(&dry) > 10, "{}", short(&dry));
    assert!(!traces(&home, &told).is_empty(), "a dry run changes nothing");
    let refused = home.run(&["purge", "--performer", id, "--reason", &format!("asked by {name}")]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);

    let done = home.ok(&[
        "purge",
        "--performer",
        id,
        "--by",
        "Ada",
        "--reason",
        "request 7",
        "--format",
        "json",
    ]);
    assert_eq!(total(&rows_of(&done)), total(&dry));
    assert_eq!(traces(&home, &told), []);
    assert_sound(&home);
    assert_eq!(traces(&home, &told), []);
    assert_eq!(acts(&home), before.0, "joins by the identifier");
    assert_eq!(everything(&home).len(), before.1 + 1, "a load more, and no row less");
    let named = home.query("select distinct actor_name, actor_email from events where actor_id like 'erased-%'");
    assert!(
        named.iter().all(|row| row["actor_name"]
            .as_str()
            .is_some_and(|name| name.starts_with("erased-"))),
        "{named:?}"
    );
    let sequence = home.number("select load from loads where kind = 'erase'");
    let entry = fs::read_to_string(home.data().join(format!("lake/_ledger/{sequence:020}.json"))).expect("the entry");
    let entry: Value = serde_json::from_str(&entry).expect("JSON");
    let pseudonym = entry["tombstone"]["erased"]["performer"]
        .as_str()
        .expect("a pseudonym")
        .to_owned();
    assert!(
        home.number(&format!(
            "select count(*) from activity_logs where performer_id = '{pseudonym}'"
        )) > 3
    );
    assert_eq!(entry["tombstone"]["by"], "Ada");

    assert_stays_away(&service, &home, &told);
}

/// What comes again is what the lake has, and what is new tells nothing.
fn assert_stays_away(service: &Service, home: &Home, told: &[String; 3]) {
    let rest = home.dump();
    home.ok(&["sync", "--from", "2024-05-01"]);
    assert_eq!(traces(home, told), []);
    assert_eq!(home.dump(), rest, "what comes again is what the lake has");
    let imported = import_from(home, &["import", STREAM, "-"], lines(service).as_bytes());
    assert!(imported.stderr.contains(": 0 stored"), "{}", imported.stderr);
    assert_eq!(imported.code, Some(0), "{}", imported.stderr);
    let again = home.ok(&["import", STREAM, "reject.jsonl"]);
    assert!(again.stderr.contains("2 known already"), "{}", again.stderr);
    assert_eq!(home.dump(), rest);

    for rank in 0..40 {
        service.running.apply(&Change::Revise(Pick::Rank(rank)));
    }
    service.running.apply(&Change::Advance(SignedDuration::from_hours(3)));
    service.running.arrive(40);
    home.ok(&["sync"]);
    assert!(home.dump() != rest, "something new has come");
    assert_eq!(traces(home, told), []);
    assert_sound(home);
    let already = home.ok(&["purge", "--performer", &told[0], "--source", SOURCE]);
    assert!(already.stderr.contains("erased already"), "{}", already.stderr);
}

#[test]
fn a_person_of_zendesk_is_a_number_and_stays_away() {
    let account = Account::start(account(32, 150));
    let home = Home::of_account(&account, "");
    home.ok(&["sync"]);
    let found = home.query(
        "select actor_id, max(actor_name) as name from zendesk_audit_logs where actor_name like '% %' and actor_id > 0 \
         group by all order by count(*) desc, 1 limit 1",
    );
    let (id, name) = (
        found[0]["actor_id"].to_string(),
        found[0]["name"].as_str().expect("a name").to_owned(),
    );
    let told = [id.clone(), name];
    let before = (acts(&home), traces(&home, &told).len());
    assert!(before.1 > 1);
    home.ok(&["purge", "--performer", &id]);
    assert_eq!(traces(&home, &told), []);
    assert_eq!(acts(&home), before.0);
    assert!(
        home.number("select count(*) from zendesk_audit_logs where actor_id < -1 and actor_name like 'erased-%'") > 1
    );
    assert_sound(&home);
    let rows = home.number("select count(*) from zendesk_audit_logs_revisions");
    home.ok(&["sync", "--from", "2020-01-01"]);
    assert_eq!(home.number("select count(*) from zendesk_audit_logs_revisions"), rows);
    assert_eq!(traces(&home, &told), []);

    let key = home.data().join(".credentials/erasure.key");
    let mode = fs::metadata(&key).expect("the key").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let kept = fs::read_to_string(&key).expect("the key");
    let other = "0123456789abcdef".repeat(4);
    for (text, message) in [
        (None, "the key of the pseudonyms is not in"),
        (Some("no key"), "not a key of pseudonyms"),
        (Some(other.as_str()), "erasure.key: another key than the one"),
    ] {
        fs::remove_file(&key).expect("the key goes");
        if let Some(text) = text {
            home.write("data/.credentials/erasure.key", text);
        }
        for arguments in [&["sync"][..], &["purge", "--performer", "1", "--dry-run"]] {
            let refused = home.run(arguments);
            assert_eq!(refused.code, Some(2), "{}", refused.stderr);
            assert!(
                refused.stderr.contains(message) && refused.stderr.contains("hint:"),
                "{}",
                refused.stderr
            );
        }
        home.write("data/.credentials/erasure.key", &kept);
    }
    home.ok(&["sync"]);
}

#[test]
fn what_others_made_in_the_warehouse_is_not_lost_by_an_erasure() {
    let Some(duckdb) = tools::find("duckdb") else { return };
    let (_service, home, told) = erased(33);
    let warehouse = home.data().join("warehouse.duckdb");
    let made = std::process::Command::new(duckdb)
        .arg(&warehouse)
        .args(["-c", "create view mine as select 1 as one"])
        .status();
    assert!(made.is_ok_and(|made| made.success()));
    let refused = home.run(&["purge", "--performer", &told[0]]);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("would lose view main.mine"),
        "{}",
        refused.stderr
    );
    assert_eq!(home.number("select count(*) from loads where kind = 'erase'"), 0);
    home.ok(&["purge", "--performer", &told[0], "--discard"]);
    assert_eq!(traces(&home, &told), []);
}
