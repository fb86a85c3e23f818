//! `compact`: fewer files and the same rows, whatever happens in between; old files go after seven days; other programs'
//! commits are refused, or taken over where they changed no row.

mod adopting;
mod moments;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use trailhouse::coverage::StreamState;
use trailhouse::lake::{self, Compacted, Compaction, Draft, Extent, Incoming, Lake, Lock, Withheld};
use trailhouse::ledger::{Counts, Kind};
use trailhouse::record::{Layouts, Record};
use trailhouse::schema::{DAY, Micros, SECOND};
use trailhouse::source::secoda::AUDIT_LOGS;

use crate::environment::{Home, SOURCE};
use crate::steps::{killed_at, passed};

/// A month that has ended whenever the tests run.
const MONTH: &str = "2026-01";

fn at(text: &str) -> Micros {
    text.parse::<Timestamp>().expect("a time").as_microsecond()
}

/// A record of the first hours of the month; `form` makes another content of it.
fn record(number: i64, second: i64, form: u64) -> Record {
    let logged = Timestamp::from_microsecond(at("2026-01-01T00:00:00Z") + second * SECOND).expect("a time");
    let record = json!({
        "id": format!("id-{number}"), "activity_type": "edited", "performer_id": format!("p{}", number % 7),
        "resource_id": format!("r{number}"), "resource_type": "table", "related_resource_ids": ["a", format!("b{number}")],
        "event_blocks": [{"type": "text", "style": "normal", "value": format!("form {form}")}],
        "logged_at": logged.to_string(), "created_at": logged.to_string(), "updated_at": logged.to_string(),
    });
    let read = Layouts::of(&AUDIT_LOGS).read(0, record.to_string().as_bytes(), Micros::MAX);
    read.into_iter()
        .next()
        .expect("a record")
        .unwrap_or_else(|reject| panic!("{}", reject.reason))
}

/// The lake of a home, opened for writing, on threads of its own.
struct Open {
    runtime: Runtime,
    lake: Lake,
    _lock: Lock,
}

fn open(home: &Home) -> Open {
    let runtime = Runtime::new().expect("threads");
    let place = lake::Home::at(&home.data());
    let lock = Lock::take(&place, "a test").expect("nobody else writes");
    let lake = runtime.block_on(Lake::open_for_writing(&place, &lock)).expect("a lake");
    Open {
        runtime,
        lake,
        _lock: lock,
    }
}

impl Open {
    /// Stores what is new of the records, and returns how many that was.
    fn load(&mut self, records: Vec<Record>) -> u64 {
        let received = u64::try_from(records.len()).expect("few");
        let incoming = Incoming {
            source: SOURCE,
            stream: &AUDIT_LOGS,
            records,
            rejects: Vec::new(),
            first_load: self.lake.next_load(),
            withheld: &Withheld::default(),
        };
        let classified = self
            .runtime
            .block_on(self.lake.classify(incoming))
            .expect("they are read");
        let draft = Draft {
            kind: Kind::Sync,
            run_id: "run",
            source: SOURCE,
            stream: &AUDIT_LOGS,
            state_name: AUDIT_LOGS.name,
            started_at: at("2026-02-01T00:00:00Z"),
            at: at("2026-02-01T00:00:00Z"),
            counts: Counts {
                received,
                ..classified.counts
            },
            records: &classified.records,
            rejects: &[],
            state: &StreamState::new("acme"),
        };
        self.runtime.block_on(self.lake.commit(&draft)).expect("a load");
        classified.counts.stored
    }

    fn compact(&mut self, extent: Extent, now: Micros) -> Compacted {
        let task = Compaction {
            run_id: "compaction",
            started_at: now,
            clock: &|| now,
            cancelled: &AtomicBool::new(false),
            sources: &[],
            extent,
        };
        self.runtime
            .block_on(self.lake.compact(&task))
            .expect("the lake can be written")
    }
}

/// A home whose lake has so many loads, which overlap in time and hold a revision now and then.
fn loaded(loads: i64) -> Home {
    let home = Home::new();
    home.write("trailhouse.toml", "");
    let mut open = open(&home);
    for load in 0..loads {
        let records = (0..12).map(|row| {
            let number = load * 10 + row;
            record(number, number * 60 + load % 3, if row == 3 { 2 } else { 1 })
        });
        open.load(records.collect());
    }
    home
}

fn month(home: &Home) -> PathBuf {
    home.data()
        .join(format!("lake/activity_logs/source={SOURCE}/month={MONTH}"))
}

fn data_files(home: &Home) -> BTreeSet<String> {
    let files = fs::read_dir(month(home)).expect("the folder of the month");
    files
        .map(|file| file.expect("a file").file_name().into_string().expect("UTF-8"))
        .collect()
}

/// Every entry of a ledger, oldest first.
fn entries(home: &Home) -> Vec<Value> {
    let folder = home.data().join("lake/_ledger");
    let mut names: Vec<PathBuf> = fs::read_dir(folder)
        .expect("a ledger")
        .map(|file| file.expect("a file").path())
        .collect();
    names.retain(|name| name.extension().is_some_and(|ending| ending == "json") && !name.ends_with("head.json"));
    names.sort();
    let read = |name: &PathBuf| serde_json::from_slice(&fs::read(name).expect("an entry")).expect("JSON");
    names.iter().map(read).collect()
}

fn kinds(home: &Home) -> Vec<String> {
    entries(home)
        .iter()
        .map(|entry| entry["kind"].as_str().expect("a kind").to_owned())
        .collect()
}

/// All rows of the warehouse made anew, with the loads that brought them.
fn rebuilt(home: &Home) -> Vec<Value> {
    home.ok(&["rebuild"]);
    let mut rows = home.query("select * from activity_logs order by id");
    rows.extend(home.query("select * from activity_logs_superseded order by id, revision"));
    assert!(!rows.is_empty());
    rows
}

#[test]
fn a_month_that_has_ended_is_merged_and_nothing_but_its_files_changes() {
    let home = loaded(6);
    let before = rebuilt(&home);
    let old = data_files(&home);
    let said = home.ok(&["compact", SOURCE]).stderr;
    assert!(said.contains("6 files are merged into 1"), "{said}");
    assert_eq!(rebuilt(&home), before);
    let deep = home.run(&["verify", "--deep"]);
    assert_eq!(deep.code, Some(0), "{}", deep.stdout);
    assert!(
        deep.stdout.contains("12 digests compared"),
        "of six loads, and of six parts\n{}",
        deep.stdout
    );
    let entries = entries(&home);
    let change = &entries.last().expect("an entry")["tables"]["activity_logs"];
    let loads = change["added"][0]["loads"].as_array().expect("loads");
    let digest_of = |part: &Value| {
        let load = usize::try_from(part["load"].as_u64().expect("a number")).expect("few");
        entries[load - 1]["tables"]["activity_logs"]["added"][0]["digest"].clone()
    };
    assert_eq!(loads.len(), 6);
    assert!(loads.iter().all(|part| part["digest"] == digest_of(part)), "{change}");
    assert_eq!(change["removed"].as_array().map(Vec::len), Some(6));
    assert!(
        data_files(&home).is_superset(&old),
        "readers may still read the old files"
    );
    let log = fs::read_to_string(
        home.data()
            .join("lake/activity_logs/_delta_log/00000000000000000007.json"),
    );
    let log = log.expect("the commit");
    assert!(
        log.contains("\"operation\":\"OPTIMIZE\"") && !log.contains("\"dataChange\":true"),
        "{log}"
    );
    let again = home.ok(&["compact"]).stderr;
    assert!(again.contains("nothing to merge"), "{again}");
    let unknown = home.run(&["compact", "acne"]);
    assert_eq!(unknown.code, Some(2), "{}", unknown.stderr);
    assert!(
        unknown
            .stderr
            .contains("acne: no source of this lake\nhint: it holds acme"),
        "{}",
        unknown.stderr
    );
}

fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for item in fs::read_dir(from).expect("a folder") {
        let path = item.expect("an item").path();
        let place = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copied(&path, &place);
        } else {
            fs::copy(path, place).expect("a file is copied");
        }
    }
}

#[test]
fn killed_at_any_step_the_next_compaction_heals_it() {
    // The files of the first compaction are due to be deleted, and those of the second to be merged.
    let made = loaded(3);
    let mut first = open(&made);
    assert_eq!(first.compact(Extent::Ended, at("2026-03-01T00:00:00Z")).files, 3);
    first.load((0..5).map(|row| record(500 + row, row * 100, 1)).collect());
    drop(first);
    let copy = || {
        let home = Home::new();
        home.write("trailhouse.toml", "");
        copied(&made.data().join("lake"), &home.data().join("lake"));
        home
    };
    let mut steps = passed(copy().command(&["compact"]));
    // What comes after is the warehouse's.
    steps.truncate(
        steps
            .iter()
            .position(|step| step.contains("warehouse"))
            .unwrap_or(steps.len()),
    );
    let expected = [
        "after a merged file",
        "after a month is merged and held against the ledger",
        "before the merged files are committed",
        "before the ledger entry",
        "after the ledger entry",
        "after the head",
        "after the Delta table",
        "after the Delta commit",
        "before a file is deleted",
    ];
    assert_eq!(
        steps.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        expected.into_iter().collect()
    );
    let numbers = (1..).zip(&steps).map(|(number, name)| (name, number));
    // The last of a name, where there are several.
    let numbers: BTreeMap<&String, u32> = numbers.collect();
    for step in numbers.into_values() {
        let home = copy();
        let name = killed_at(home.command(&["compact"]), step).expect("it ends there");
        let verify = home.run(&["verify"]);
        assert!(matches!(verify.code, Some(0 | 3)), "{name}: {}", verify.stdout);
        home.ok(&["compact"]);
        let verify = home.run(&["verify", "--deep"]);
        assert_eq!(verify.code, Some(0), "{name}: {}", verify.stdout);
        assert_eq!(
            data_files(&home).len(),
            3,
            "{name}: the newest file, and two that it took the place of"
        );
    }
}

#[test]
fn old_files_go_after_seven_days_and_an_entry_names_them() {
    let home = loaded(3);
    let mut open = open(&home);
    let old = data_files(&home);
    let day = |days: i64| at("2026-03-01T00:00:00Z") + days * DAY;
    assert_eq!(open.compact(Extent::Ended, day(0)).made, 1);
    assert_eq!(open.compact(Extent::Ended, day(6)).deleted, 0);
    assert!(data_files(&home).is_superset(&old));
    assert_eq!(open.compact(Extent::Ended, day(8)).deleted, 3);
    assert_eq!(
        open.compact(Extent::Ended, day(20)).deleted,
        0,
        "nothing is deleted twice"
    );
    assert!(data_files(&home).is_disjoint(&old));
    drop(open);
    assert_eq!(kinds(&home), ["sync", "sync", "sync", "compact", "vacuum"]);
    let deleted = entries(&home)[4]["deleted"].clone();
    assert_eq!(deleted.as_array().map(Vec::len), Some(3));
    home.ok(&["verify"]);
    let back = home.data().join("lake").join(deleted[0].as_str().expect("a path"));
    home.write("back.parquet", "bytes");
    fs::copy(home.path().join("back.parquet"), back).expect("a file comes back");
    assert_eq!(home.run(&["verify"]).code, Some(3), "the newest entry deletes it again");
    home.ok(&["compact"]);
    home.ok(&["verify"]);
}

#[test]
fn rows_that_are_not_those_of_the_ledger_are_not_merged() {
    let (home, other) = (loaded(3), loaded(2));
    let mut open = open(&other);
    open.load(vec![record(900, 10, 1)]);
    drop(open);
    let name = |home: &Home, load: &str| {
        let files = data_files(home);
        let name = files
            .into_iter()
            .find(|name| name.starts_with(load))
            .expect("a file of the load");
        month(home).join(name)
    };
    // A sound file, of other rows.
    fs::copy(name(&other, "3-"), name(&home, "2-")).expect("a file is swapped");
    let before = data_files(&home);
    let refused = home.run(&["compact"]);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("activity_logs: acme 2026-01: not compacted: "),
        "{}",
        refused.stderr
    );
    assert_eq!(kinds(&home), ["sync", "sync", "sync"]);
    assert_eq!(data_files(&home), before, "nothing is left of it");
}

#[test]
fn a_load_merges_the_small_files_of_a_crowded_month_and_does_not_fail_where_it_cannot() {
    let home = loaded(17);
    let line = |id: &str| {
        let times = r#""logged_at":"2026-01-20T00:00:00Z","updated_at":"2026-01-20T00:00:00Z","created_at":"2026-01-20T00:00:00Z""#;
        format!("{{\"id\":\"{id}\",{times}}}\n")
    };
    home.ok(&["rebuild"]);
    home.write("one.jsonl", &line("one"));
    home.write("two.jsonl", &line("two"));
    let spoilt = data_files(&home)
        .into_iter()
        .find(|name| name.starts_with("3-"))
        .expect("a file");
    let (spoilt, kept) = (month(&home).join(spoilt), home.path().join("kept"));
    fs::rename(&spoilt, &kept).expect("a file is away");
    let stream = format!("{SOURCE}.audit_logs");
    let failed = home.ok(&["import", &stream, "one.jsonl", "--kind", "secoda"]);
    assert!(
        failed.stderr.contains("activity_logs: acme 2026-01: not compacted: "),
        "{}",
        failed.stderr
    );
    fs::rename(&kept, &spoilt).expect("it is back");
    let merged = home.ok(&["import", &stream, "two.jsonl", "--kind", "secoda"]);
    assert!(
        merged.stderr.contains("19 files are merged into 1"),
        "{}",
        merged.stderr
    );
    assert_eq!(
        home.number("select count(*) from activity_logs where id in ('one', 'two')"),
        2
    );
    home.ok(&["verify", "--deep"]);
    let again = home.ok(&["import", &stream, "one.jsonl", "two.jsonl", "--kind", "secoda"]);
    assert!(again.stderr.contains("0 stored, 2 known already"), "{}", again.stderr);
}

/// The rows by id, each with its load and its content.
fn by_id(rows: &[Value]) -> BTreeMap<String, Vec<&Value>> {
    let mut found: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for row in rows {
        found
            .entry(row["id"].as_str().expect("an id").to_owned())
            .or_default()
            .push(row);
    }
    found
}
