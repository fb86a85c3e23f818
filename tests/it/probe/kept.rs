//! What a probe leaves for a sync: a list that stops before its end is read in full by an operator that was found to work, and
//! a file that is not sound is not believed.

use std::path::PathBuf;

use serde_json::{Value, json};
use trailhouse::simulator::switches::{BeyondCap, Cap, UnknownOperator};

use super::{Probed, UNKNOWN, capped, operators};
use crate::environment::{Home, SOURCE, Service};

const ROWS: &str = "select count(*) from activity_logs";

pub(super) fn kept(home: &Home) -> PathBuf {
    home.data().join("probes").join(format!("{SOURCE}.json"))
}

/// The one thing a probe is for that nothing else does.
#[test]
fn below_a_cap_a_sync_goes_on_by_what_a_probe_has_found() {
    for beyond in [BeyondCap::BadRequest, BeyondCap::Empty] {
        for (before, after) in [("lt", "gte"), ("before", "on_or_after")] {
            let mut drawn = capped(beyond);
            drawn.switches.date_operators = Some(operators(before, after));
            let service = Service::start(drawn);
            let home = Home::of(&service);
            let without = home.run(&["sync"]);
            assert_eq!((without.code, home.number(ROWS)), (Some(3), 200), "{}", without.stderr);
            assert!(home.number("select count(*) from coverage_gaps") > 0);
            assert_eq!(Probed::of(&home).ended.code, Some(0));
            home.ok(&["sync"]);
            assert_eq!(home.number(ROWS), 700);
            assert_eq!(home.number("select count(*) from coverage_gaps"), 0);
            let fresh = Home::of(&service);
            assert_eq!(Probed::of(&fresh).ended.code, Some(0));
            fresh.ok(&["sync"]);
            assert_eq!(fresh.number(ROWS), 700);
        }
    }
}

#[test]
fn below_a_cap_the_users_own_filter_holds_as_well() {
    let mut drawn = capped(BeyondCap::Empty);
    drawn.switches.cap = Some(Cap {
        rows: 50,
        beyond: BeyondCap::Empty,
    });
    drawn.switches.date_operators = Some(operators("lt", "gte"));
    let service = Service::start(drawn);
    let filter = format!(
        "[sources.{SOURCE}.filters.audit_logs]\n\
         filter = {{ operator = \"exact\", field = \"performer_type\", value = \"USER\" }}"
    );
    let home = Home::new();
    home.configure(&service.running.base_url(), &filter);
    assert_eq!(Probed::of(&home).ended.code, Some(0));
    let latest = service.running.truth().latest();
    let users = latest.values().filter(|row| row["performer_type"] == "USER").count();
    assert!(users > 100);
    home.ok(&["sync"]);
    assert_eq!(home.number(ROWS), i64::try_from(users).expect("small"));
}

#[test]
fn an_operator_that_is_ignored_is_not_believed() {
    for unknown in UNKNOWN {
        let mut drawn = capped(BeyondCap::Empty);
        drawn.switches.unknown_operator = unknown;
        let service = Service::start(drawn);
        let home = Home::of(&service);
        assert_eq!(Probed::of(&home).ended.code, Some(3));
        let file: Value = serde_json::from_slice(&std::fs::read(kept(&home)).expect("a file")).expect("JSON");
        assert_eq!(file["date_operators"], Value::Null);
        let ended = home.run(&["sync"]);
        assert_eq!(
            (ended.code, home.number(ROWS)),
            (Some(3), 200),
            "{unknown:?}: {}",
            ended.stderr
        );
        assert!(home.number("select count(*) from coverage_gaps") > 0);
        // A service that has unlearned the operator since: what the file says is not believed either.
        write_kept(&home, &service, |_| {});
        let ended = home.run(&["sync"]);
        let is_named = ended.stderr.contains("though the filter asks by `lt`");
        assert_eq!(
            is_named,
            unknown == UnknownOperator::Everything,
            "{unknown:?}: {}",
            ended.stderr
        );
        assert!(home.number("select count(*) from coverage_gaps") > 0);
    }
}

type Turn = fn(&mut Value);

/// A file as a probe would write it, with a change.
fn write_kept(home: &Home, service: &Service, change: Turn) {
    let mut file = json!({
        "format": 1,
        "account": "127.0.0.1",
        "base_url": format!("{}/", service.running.base_url()),
        "probed_at": "2026-06-30T12:00:00Z",
        "date_operators": { "field": "updated_at", "before": "lt", "is_before_inclusive": false, "at_or_after": "gte" }
    });
    change(&mut file);
    write(home, &file.to_string());
}

fn write(home: &Home, text: &str) {
    std::fs::create_dir_all(home.data().join("probes")).expect("a folder");
    home.write(&format!("data/probes/{SOURCE}.json"), text);
}

#[test]
fn a_file_that_is_damaged_or_foreign_is_named_and_not_used() {
    let mut drawn = capped(BeyondCap::Empty);
    drawn.switches.date_operators = Some(operators("lt", "gte"));
    let service = Service::start(drawn);
    let changes: [(Turn, &str); 7] = [
        (|_| {}, ""),
        (|file| file["format"] = json!(2), "is of another version"),
        (|file| file["account"] = json!("other.example"), "is of another account"),
        (
            |file| file["base_url"] = json!("https://other.example/"),
            "is of another account",
        ),
        (
            |file| file["date_operators"]["before"] = json!("\u{1b}[2Jor"),
            "is damaged",
        ),
        (
            |file| file["date_operators"]["field"] = json!("performer_id"),
            "is damaged",
        ),
        (|file| file["date_operators"] = json!(7), "is damaged"),
    ];
    for (change, warning) in changes {
        let home = Home::of(&service);
        write_kept(&home, &service, change);
        let ended = home.run(&["sync"]);
        assert!(ended.stderr.contains(warning), "{warning}: {}", ended.stderr);
        let rows = if warning.is_empty() { 700 } else { 200 };
        assert_eq!(home.number(ROWS), rows, "{warning}");
        assert!(!ended.stderr.contains('\u{1b}'));
    }
    for text in ["", "{", "[]", "null", "\u{0}"] {
        let home = Home::of(&service);
        write(&home, text);
        let ended = home.run(&["sync"]);
        assert!(ended.stderr.contains("is damaged; it is not used"), "{}", ended.stderr);
        assert_eq!(home.number(ROWS), 200);
        assert_eq!(Probed::of(&home).ended.code, Some(0));
        home.ok(&["sync"]);
        assert_eq!(home.number(ROWS), 700);
    }
}

#[test]
fn a_probe_that_could_not_ask_leaves_what_was_found() {
    let mut drawn = capped(BeyondCap::Empty);
    drawn.switches.date_operators = Some(operators("lt", "gte"));
    let service = Service::start(drawn);
    let home = Home::of(&service);
    assert_eq!(Probed::of(&home).ended.code, Some(0));
    let found = std::fs::read(kept(&home)).expect("a file");
    service.running.revoke_key(true);
    assert_eq!(Probed::of(&home).ended.code, Some(2));
    assert_eq!(std::fs::read(kept(&home)).expect("a file"), found);
    service.running.revoke_key(false);
    service.running.turn(|switches| switches.date_operators = None);
    assert_eq!(Probed::of(&home).ended.code, Some(3));
    assert_ne!(std::fs::read(kept(&home)).expect("a file"), found);
}
