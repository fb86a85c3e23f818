//! `purge`: what is old goes for good and nothing else does, a hold wins, what is gone stays gone, and the lake verifies.

mod erasing;
mod hidden;
mod kills;

use jiff::SignedDuration;
use serde_json::{Value, json};
use trailhouse::simulator::bad::Bad;

use crate::environment::{Ended, Home, SOURCE, Service, short};
use crate::import::{STREAM, import_from, lines, simulator};
use crate::streams::ALL;

const BEFORE: &str = "2024-06-16T00:00:00Z";

/// A home with all streams of a service, a reject and revisions among them.
fn synced(service: &Service, more: &str) -> Home {
    let home = Home::new();
    configure(&home, service, more);
    assert_eq!(home.run(&["sync"]).code, Some(3), "a reject needs a look");
    home
}

fn service(seed: u64, events: usize) -> Service {
    let service = Service::start(simulator(seed, events));
    service.running.plant(&Bad::NoId, SignedDuration::from_hours(20 * 24));
    service
}

/// `more` are further tables of the configuration.
fn configure(home: &Home, service: &Service, more: &str) {
    home.configure(
        &service.running.base_url(),
        &format!("{ALL}\nretention_days = 9000\n{more}"),
    );
}

fn rows_of(ended: &Ended) -> Vec<Value> {
    serde_json::from_str(&ended.stdout).expect("a JSON array")
}

fn total(rows: &[Value]) -> i64 {
    let gone = rows.iter().filter(|row| row["held_by"].is_null());
    gone.map(|row| row["rows"].as_i64().expect("a number")).sum()
}

/// Every table of the warehouse, whole.
fn everything(home: &Home) -> Vec<Value> {
    let tables = home.query(
        "select table_name as name from duckdb_tables() where schema_name = 'main' and table_name <> 'trailhouse' order by 1",
    );
    let mut all = Vec::new();
    for table in tables {
        let name = table["name"].as_str().expect("a name");
        all.extend(home.query(&format!("select '{name}' as of, * from {name} order by all")));
    }
    all
}

/// The lake is sound by every check there is, and the warehouse is what a rebuild gives.
#[track_caller]
fn assert_sound(home: &Home) {
    let deep = home.run(&["verify", "--deep"]);
    assert_eq!(deep.code, Some(0), "{}{}", deep.stdout, deep.stderr);
    assert!(!deep.stdout.contains("not compared"), "{}", deep.stdout);
    let followed = everything(home);
    home.ok(&["rebuild"]);
    let rebuilt = everything(home);
    let differs = followed.iter().zip(&rebuilt).find(|(left, right)| left != right);
    assert!(
        followed.len() == rebuilt.len() && differs.is_none(),
        "{}",
        short(&differs)
    );
}

/// Rows of every lake table by event time and order key.
fn old_rows(home: &Home) -> i64 {
    home.number(&format!(
        "select count(*) from (select logged_at as event, updated_at as key from activity_logs union all \
         select logged_at, updated_at from activity_logs_superseded union all \
         select created_at, updated_at from version_histories union all \
         select created_at, updated_at from version_histories_superseded union all \
         select created_at, null from notifications) where greatest(event, coalesce(key, event)) < timestamp '{}'",
        BEFORE.trim_end_matches('Z')
    ))
}

#[test]
fn rows_that_are_old_by_both_their_times_go_and_never_come_back() {
    let service = service(21, 200);
    let home = synced(&service, "");
    let old = old_rows(&home);
    assert!(old > 100, "{old}");
    // The e-mail and the kind of an actor may have been observed in rows that go.
    let younger = "select * exclude (actor_email, actor_type) from events order by source, stream, event_id";
    let before = home.query(younger);

    let dry = home.ok(&["purge", SOURCE, "--before", BEFORE, "--dry-run", "--format", "json"]);
    assert!(dry.stderr.contains("would go"), "{}", dry.stderr);
    let planned = rows_of(&dry);
    assert_eq!(total(&planned), old, "{}", short(&planned));
    assert_eq!(old_rows(&home), old, "a dry run changes nothing");
    let done = home.ok(&[
        "purge", SOURCE, "--before", BEFORE, "--by", "Ada", "--reason", "yearly", "--format", "json",
    ]);
    assert_eq!(rows_of(&done), planned);
    assert_eq!(old_rows(&home), 0);
    let after = home.query(younger);
    let is_left = |event: &Value| after.contains(event);
    let lost: Vec<&Value> = before.iter().filter(|event| !is_left(event)).collect();
    let is_old = |event: &&&Value| event["occurred_at"].as_str().expect("a time") < "2024-06-16";
    assert!(
        lost.iter().all(|event| is_old(&event)),
        "{}",
        short(&lost.iter().find(|event| !is_old(event)))
    );
    assert_sound(&home);

    let states = home.query("select distinct from_at, to_at from coverage where state = 'purged'");
    assert_eq!(states, [json!({"from_at": "2000-01-01T00:00:00Z", "to_at": BEFORE})]);
    assert_eq!(home.number("select count(*) from coverage_gaps"), 0);
    let status = rows_of(&home.ok(&["status", "--format", "json"]));
    assert!(
        status.iter().all(|row| row["purged_to"] == BEFORE),
        "{}",
        short(&status)
    );

    let rest = home.dump();
    home.ok(&["sync", "--from", "2024-05-01"]);
    let again = import_from(&home, &["import", STREAM, "-"], lines(&service).as_bytes());
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert!(again.stderr.contains("purged"), "{}", again.stderr);
    assert_eq!(home.dump(), rest);
    assert_eq!(
        home.number("select count(*) from loads where received <> stored + duplicates + rejects + withheld"),
        0
    );
    assert!(home.number("select sum(withheld) from loads") > 100);
    assert_sound(&home);
    let again = home.ok(&["purge", SOURCE, "--before", BEFORE, "--format", "json"]);
    assert_eq!(
        (rows_of(&again), again.stderr.contains("no row before")),
        (Vec::new(), true)
    );
    let entry = home.query("select load, kind from loads where kind = 'purge'");
    assert_eq!(entry.len(), 1, "what has nothing to take makes no entry");
}

#[test]
fn everything_of_a_source_goes_its_rejects_too_and_what_is_new_is_loaded() {
    let service = service(22, 120);
    let home = synced(&service, "");
    let rejects = home.number("select count(*) from rejects");
    assert!(rejects > 0);
    let done = rows_of(&home.ok(&["purge", SOURCE, "--all", "--format", "json"]));
    assert!(done.iter().any(|row| row["table"] == "rejects"), "{}", short(&done));
    for table in [
        "activity_logs",
        "version_histories",
        "notifications",
        "rejects",
        "performers",
        "events",
    ] {
        assert_eq!(home.number(&format!("select count(*) from {table}")), 0, "{table}");
    }
    assert_sound(&home);
    let again = home.ok(&["sync"]);
    assert!(!again.stderr.contains("none of the rows"), "{}", again.stderr);
    assert_eq!(
        home.number("select count(*) from rejects") + home.number("select count(*) from events"),
        0
    );
    let files = std::fs::read_dir(home.data().join("lake/activity_logs/source=acme"))
        .into_iter()
        .flatten();
    for month in files {
        let left = std::fs::read_dir(month.expect("a month").path())
            .expect("a folder")
            .count();
        assert_eq!(left, 0, "old files are deleted at once");
    }
}

#[test]
fn a_hold_wins_over_every_limit() {
    let service = service(23, 200);
    let home = synced(&service, "");
    let performer = home.query(&format!(
        "select performer_id as id, count(*) as acts from activity_logs where logged_at < '{BEFORE}' and updated_at < '{BEFORE}' \
         and performer_id is not null group by all order by 2 desc, 1 limit 1"
    ));
    let performer = performer[0]["id"].as_str().expect("an id").to_owned();
    let holds = format!(
        "[retention]\nkeep = \"30d\"\n[hold.case]\nreason = \"Case 7\"\nsources = [\"acme\"]\nfrom = \"2024-06-05T00:00:00Z\"\n\
         to = \"2024-06-08T00:00:00Z\"\n[hold.person]\nreason = \"Case 8\"\nperformers = [\"{performer}\"]"
    );
    configure(&home, &service, &holds);
    let of_case =
        "select id from activity_logs where logged_at >= '2024-06-05' and logged_at < '2024-06-08' order by id";
    let of_person = format!("select id from activity_logs where performer_id = '{performer}' order by id");
    let held = (home.query(of_case), home.query(&of_person));
    assert!(!held.0.is_empty() && !held.1.is_empty());
    let dry = home.ok(&["purge", "--dry-run", "--format", "json"]);
    let planned = rows_of(&dry);
    for (hold, reason) in [("case", "Case 7"), ("person", "Case 8")] {
        assert!(planned.iter().any(|row| row["held_by"] == hold), "{}", short(&planned));
        assert!(
            dry.stderr.contains(&format!("by the hold `{hold}`: {reason}")),
            "{}",
            dry.stderr
        );
    }
    let done = home.ok(&["purge", "--retention", "--format", "json"]);
    assert_eq!(rows_of(&done), planned);
    assert_eq!((home.query(of_case), home.query(&of_person)), held);
    assert_sound(&home);
    let purged = home.query("select distinct from_at, to_at from coverage where state = 'purged' order by 1");
    assert_eq!(purged.len(), 2, "{purged:?}");
    assert_eq!(
        purged[0],
        json!({"from_at": "2000-01-01T00:00:00Z", "to_at": "2024-06-05T00:00:00Z"})
    );
    let refused = home.run(&["purge", "--performer", &performer]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("the hold `person` keeps it as it is: Case 8"),
        "{}",
        refused.stderr
    );
    let case = home
        .query("select performer_id as id from activity_logs where logged_at between '2024-06-05' and '2024-06-08'");
    let other = case
        .iter()
        .filter_map(|row| row["id"].as_str())
        .find(|id| *id != performer)
        .expect("another");
    let refused = home.run(&["purge", "--performer", other]);
    assert!(
        refused.stderr.contains("the hold `case` keeps it as it is: Case 7"),
        "{}",
        refused.stderr
    );
    assert_eq!((home.query(of_case), refused.code), (held.0, Some(2)));
}

#[test]
fn what_cannot_be_meant_is_refused_and_nothing_is_written() {
    let service = service(24, 60);
    let home = synced(&service, "");
    let head = home.ok(&["ledger", "head"]).stdout;
    let cases: &[(&[&str], &str, &str)] = &[
        (&["purge"], "nothing says what is to go", "--dry-run"),
        (&["purge", "--retention"], "every row is kept for ever", "[retention]"),
        (
            &["purge", SOURCE],
            "acme: its rows are kept for ever",
            "--before or --all",
        ),
        (
            &["purge", "other", "--all"],
            "other: the lake holds nothing of this source",
            "it holds: acme",
        ),
        (
            &["purge", SOURCE, "--before", "2999-01-01"],
            "is in the future",
            "--all",
        ),
        (&["purge", SOURCE, "--before", "soon"], "--before", ""),
        (&["purge", "--before", BEFORE], "required", ""),
        (
            &["purge", SOURCE, "--before", BEFORE, "--all"],
            "cannot be used with",
            "",
        ),
        (&["purge", SOURCE, "--all", "--by", " "], "--by: is empty", ""),
        (
            &["purge", SOURCE, "--all", "--format", "nope"],
            "unknown format `nope`",
            "",
        ),
        (&["purge", "--performer", "null"], "no record names this identifier", ""),
        (
            &["purge", "--performer", "nobody"],
            "no record names this identifier",
            "performers",
        ),
        (&["purge", "--performer", "-1"], "is nobody", ""),
        (
            &["purge", "--performer", "x", "--source", "other"],
            "other: the lake holds nothing",
            "it holds: acme",
        ),
    ];
    for (arguments, message, hint) in cases {
        let refused = home.run(arguments);
        assert_eq!(refused.code, Some(2), "{arguments:?}: {}", refused.stderr);
        assert!(
            refused.stderr.contains(message) && refused.stderr.contains(hint),
            "{arguments:?}: {}",
            refused.stderr
        );
    }
    configure(&home, &service, "[hold.case]\nreason = \"r\"\nsources = [\"acm\"]");
    let refused = home.run(&["purge", SOURCE, "--all"]);
    assert!(
        refused.stderr.contains("hold `case`: no source `acm`"),
        "{}",
        refused.stderr
    );
    assert_eq!(home.ok(&["ledger", "head"]).stdout, head);
}

#[test]
fn a_tombstone_that_lies_is_found() {
    let service = service(25, 80);
    let home = synced(&service, "");
    home.ok(&["purge", SOURCE, "--before", BEFORE, "--by", "Ada", "--reason", "yearly"]);
    let sequence = home.number("select load from loads where kind = 'purge'");
    let path = home.data().join(format!("lake/_ledger/{sequence:020}.json"));
    let text = std::fs::read_to_string(&path).expect("the entry");
    let entry: Value = serde_json::from_str(&text).expect("JSON");
    let tombstone = &entry["tombstone"];
    assert_eq!(
        (&tombstone["by"], &tombstone["reason"]),
        (&json!("Ada"), &json!("yearly"))
    );
    assert_eq!(tombstone["policy"], format!("before {BEFORE}"));
    assert!(tombstone["rows"]["activity_logs"].as_u64() > Some(10), "{tombstone}");
    let before = tombstone["loads"][0]["before"].as_str().expect("a digest");
    #[expect(clippy::disallowed_methods, reason = "a file of the test")]
    std::fs::write(&path, text.replace(before, &"0".repeat(64))).expect("the entry");
    let found = home.run(&["verify"]);
    assert_eq!(found.code, Some(1));
    assert!(
        found
            .stdout
            .contains("what it says was before is not what the ledger says"),
        "{}",
        found.stdout
    );
}
