//! `reconcile`: what differs between a service and the lake is found and named, mended where it can be, and recorded; a
//! reading that failed says nothing.

use std::process::Command;

use jiff::SignedDuration;
use serde_json::Value;
use trailhouse::simulator::bad::Bad;
use trailhouse::simulator::faults::{Fault, FaultPlan, When};
use trailhouse::simulator::listing::Pick;
use trailhouse::simulator::script::Change;
use trailhouse::simulator::zendesk::history::Standing;

use crate::environment::{Account, Ended, Home, Service, account, simulator};
use crate::steps::killed_at;
use crate::streams;
use crate::zendesk_truth::BOTH;

/// Everything that the simulated services tell of before their last day.
const SPAN: [&str; 4] = ["--from", "2026-05-01T00:00:00Z", "--to", "2026-06-30T00:00:00Z"];

fn reconcile(home: &Home, stream: &str, more: &[&str]) -> Ended {
    let arguments = ["reconcile", stream, "--format", "json"];
    home.run(&[&arguments, &SPAN[..], more].concat())
}

/// How many records of each finding, those of none left out, and the ids named.
fn found(ended: &Ended) -> Vec<(String, i64, Vec<String>)> {
    let rows: Vec<Value> = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
    let finding = |row: &Value| {
        let ids = row["first_ids"].as_array().expect("a list").iter();
        (
            row["finding"].as_str().expect("a word").to_owned(),
            row["records"].as_i64().expect("a number"),
            ids.map(|id| id.as_str().expect("a text").to_owned()).collect(),
        )
    };
    rows.iter().map(finding).filter(|(_, count, _)| *count > 0).collect()
}

fn one(finding: &str, id: &str) -> (String, i64, Vec<String>) {
    (finding.to_owned(), 1, vec![id.to_owned()])
}

fn entries(home: &Home) -> i64 {
    home.number("select coalesce(max(load), 0) from loads")
}

#[test]
fn what_is_missing_changed_and_vanished_is_found_and_mended_where_it_can_be() {
    let service = Service::start(simulator(31, 300));
    let home = Home::of(&service);
    home.ok(&["sync"]);
    let same = reconcile(&home, "acme.audit_logs", &[]);
    assert_eq!((same.code, found(&same)), (Some(0), vec![]), "{}", same.stderr);
    let gone = service.running.delete(&Pick::Depth(500)).expect("a row");
    let changed = service.running.revise(&Pick::Depth(700)).expect("a row");
    let late = service.running.surface(SignedDuration::from_hours(40)).expect("a row");
    service.running.arrive(3);
    let rows = home.number("select count(*) from activity_logs_revisions");
    let expected = vec![one("missing", &late), one("changed", &changed), one("vanished", &gone)];
    let differs = reconcile(&home, "acme.audit_logs", &[]);
    assert_eq!(
        (differs.code, found(&differs)),
        (Some(3), expected.clone()),
        "{}",
        differs.stderr
    );
    assert_eq!(home.number("select count(*) from activity_logs_revisions"), rows);
    let mended = reconcile(&home, "acme.audit_logs", &["--repair"]);
    assert_eq!((mended.code, found(&mended)), (Some(3), expected), "{}", mended.stderr);
    assert_eq!(home.number("select count(*) from activity_logs_revisions"), rows + 2);
    let again = reconcile(&home, "acme.audit_logs", &["--repair"]);
    assert_eq!(
        (again.code, found(&again)),
        (Some(3), vec![one("vanished", &gone)]),
        "{}",
        again.stderr
    );
    assert_eq!(home.number("select count(*) from loads where kind = 'reconcile'"), 4);
    let unbalanced = "select count(*) from loads where received <> stored + duplicates + rejects + withheld";
    assert_eq!(home.number(unbalanced), 0);
    home.ok(&["verify"]);
    let edits = home.query("select distinct edit, id, is_drift from upstream_edits order by all");
    let edit = |edit: &str, id: &str| serde_json::json!({ "edit": edit, "id": id, "is_drift": false });
    assert_eq!(edits, [edit("revised", &changed), edit("vanished", &gone)]);
    home.ok(&["rebuild"]);
    assert_eq!(
        home.query("select distinct edit, id, is_drift from upstream_edits order by all"),
        edits
    );
    // What was stored claims nothing: the next sync reads what it would have read.
    home.ok(&["sync"]);
    assert_eq!(home.number("select count(*) from activity_logs_revisions"), rows + 5);
}

#[test]
fn a_reading_that_fails_says_nothing() {
    let mut drawn = simulator(32, 300);
    drawn.switches.page_size = 50;
    let service = Service::start(drawn);
    let home = Home::new();
    home.configure(&service.running.base_url(), "attempts = 1");
    home.ok(&["sync"]);
    let before = entries(&home);
    service.running.delete(&Pick::Depth(100));
    service
        .running
        .set_faults(FaultPlan::always(When::Page(3), Fault::TruncatedJson));
    let broken = reconcile(&home, "acme.audit_logs", &[]);
    assert_eq!(broken.code, Some(1), "{}", broken.stderr);
    assert!(broken.stderr.contains("nothing is compared"), "{}", broken.stderr);
    service.running.set_faults(FaultPlan::none());
    service.running.revoke_key(true);
    let refused = reconcile(&home, "acme.audit_logs", &[]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    service.running.revoke_key(false);
    service.running.apply(&Change::Account(77));
    let other = reconcile(&home, "acme.audit_logs", &[]);
    assert_eq!(other.code, Some(1), "{}", other.stderr);
    assert!(
        other.stderr.contains("none of the rows the lake holds came again"),
        "{}",
        other.stderr
    );
    let by_resource = reconcile(&home, "acme.resource_logs", &[]);
    assert_eq!(by_resource.code, Some(2), "{}", by_resource.stderr);
    for ended in [&broken, &refused, &other, &by_resource] {
        assert_eq!(ended.stdout, "");
    }
    home.ok(&["status"]);
    assert_eq!(home.number("select count(*) from loads where kind = 'reconcile'"), 0);
    assert!(entries(&home) >= before);
}

#[test]
fn what_a_service_cannot_be_expected_to_show_has_not_vanished() {
    let service = Service::start(simulator(33, 300));
    let home = Home::of(&service);
    home.ok(&["sync"]);
    service.running.apply(&Change::Retain(Some(20)));
    let base_url = service.running.base_url();
    home.configure(&base_url, "retention_days = 20");
    home.write(
        "old.json",
        r#"{"id":"kept","logged_at":"2026-06-20T10:00:00Z","updated_at":"2026-06-20T10:00:00Z"}"#,
    );
    home.ok(&["import", "acme.audit_logs", "old.json"]);
    let expired = reconcile(&home, "acme.audit_logs", &[]);
    let found = found(&expired);
    assert_eq!(expired.code, Some(0), "{found:?}\n{}", expired.stderr);
    let old = home.number("select count(*) from activity_logs where logged_at < '2026-06-10 12:00:00'");
    assert_eq!(
        found
            .iter()
            .map(|(name, count, _)| (name.as_str(), *count))
            .collect::<Vec<_>>(),
        [("extra", old), ("extra", 1)]
    );
    assert_eq!(found[1].2, ["kept"]);
}

#[test]
fn what_a_filter_keeps_back_has_not_vanished() {
    let service = Service::start(simulator(38, 120));
    let home = Home::of(&service);
    home.ok(&["sync"]);
    let base_url = service.running.base_url();
    let filter = "[sources.acme.filters.audit_logs]\nfilter = { operator = \"exact\", field = \"performer_type\", value = \"USER\" }";
    home.configure(&base_url, filter);
    let ended = reconcile(&home, "acme.audit_logs", &[]);
    let others =
        "select count(*) from activity_logs where logged_at < '2026-06-30' and performer_type is distinct from 'USER'";
    let found = found(&ended)
        .into_iter()
        .map(|(name, count, _)| (name, count))
        .collect::<Vec<_>>();
    assert_eq!(
        (ended.code, found),
        (Some(0), vec![("extra".to_owned(), home.number(others))]),
        "{}",
        ended.stderr
    );
}

#[test]
fn an_account_of_zendesk_is_compared_whichever_way_it_is_read() {
    for pagination in BOTH {
        let account = Account::start(account(34, 300));
        let home = Home::of_account(&account, pagination);
        home.ok(&["sync"]);
        let late = account.running.surface(SignedDuration::from_hours(40), Standing::Lower);
        home.write("old.json", r#"{"id":17,"created_at":"2026-06-20T10:00:00Z"}"#);
        home.ok(&["import", "acme.audit_logs", "old.json"]);
        let differs = reconcile(&home, "acme.audit_logs", &[]);
        let expected = vec![one("missing", &late.to_string()), one("extra", "17")];
        assert_eq!(
            (differs.code, found(&differs)),
            (Some(3), expected),
            "{}",
            differs.stderr
        );
        let mended = reconcile(&home, "acme.audit_logs", &["--repair"]);
        assert_eq!(mended.code, Some(0), "{}", mended.stderr);
        let same = reconcile(&home, "acme.audit_logs", &[]);
        assert_eq!(found(&same), [one("extra", "17")], "{}", same.stderr);
    }
}

#[test]
fn notifications_are_compared_in_whatever_order_they_come() {
    let service = Service::start(simulator(35, 200));
    service
        .running
        .plant(&Bad::EmptyVersion(Pick::Rank(3)), SignedDuration::from_hours(30));
    let home = streams::home(&service, "");
    drop(home.run(&["sync"]));
    let same = reconcile(&home, "acme.notifications", &[]);
    assert_eq!((same.code, found(&same)), (Some(0), vec![]), "{}", same.stderr);
    assert!(same.stderr.contains("as the service has them"), "{}", same.stderr);
}

#[test]
fn killed_anywhere_a_repair_can_be_run_again() {
    let service = Service::start(simulator(36, 120));
    let synced = Home::of(&service);
    synced.ok(&["sync"]);
    let late = service.running.surface(SignedDuration::from_hours(40)).expect("a row");
    for step in 1.. {
        let home = Home::of(&service);
        let copied = Command::new("cp")
            .arg("-r")
            .arg(synced.data())
            .arg(home.data())
            .status();
        assert!(copied.expect("cp runs").success());
        let arguments = [&["reconcile", "acme.audit_logs", "--repair"], &SPAN[..]].concat();
        let name = match killed_at(home.command(&arguments), step) {
            Ok(name) => name,
            Err(whole) => {
                assert_eq!(whole.code, Some(0), "{}", whole.stderr);
                break;
            }
        };
        home.ok(&arguments);
        let rows = format!("select count(*) from activity_logs_revisions where id = '{late}'");
        assert_eq!(home.number(&rows), 1, "{name}");
        home.ok(&["verify"]);
    }
}

/// A record as the lake holds it, with other members.
fn other(home: &Home, id: &str, change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> String {
    let shown = home.ok(&["show", id, "--format", "json"]).stdout;
    let shown: Vec<Value> = serde_json::from_str(&shown).expect("JSON");
    let raw = shown[0]["raw"].as_str().expect("a text");
    let mut record: serde_json::Map<String, Value> = serde_json::from_str(raw).expect("an object");
    change(&mut record);
    serde_json::to_string(&record).expect("JSON")
}

#[test]
fn another_shape_is_no_change_and_an_older_form_is_told_apart() {
    let service = Service::start(simulator(37, 60));
    let home = Home::of(&service);
    home.ok(&["sync"]);
    let ids = home.query("select id from activity_logs where logged_at < '2026-06-29' order by logged_at, id limit 3");
    let ids: Vec<&str> = ids.iter().map(|row| row["id"].as_str().expect("an id")).collect();
    let reverted = other(&home, ids[2], |record| {
        record.insert("activity_type".to_owned(), "unheard of".into());
        record.insert("updated_at".to_owned(), "2026-06-29T23:00:00Z".into());
    });
    home.write("reverted.json", &reverted);
    home.ok(&["import", "acme.audit_logs", "reverted.json"]);
    let ended = reconcile(&home, "acme.audit_logs", &["--repair"]);
    assert_eq!(
        (ended.code, found(&ended)),
        (Some(3), vec![one("reverted", ids[2])]),
        "{}",
        ended.stderr
    );
    // The same service, and a lake that holds of it what somebody kept.
    let kept = Home::of(&service);
    let drift = other(&home, ids[0], |record| {
        drop(record.remove("is_legacy").expect("a member"))
    });
    let changed = other(&home, ids[1], |record| {
        drop(record.insert("activity_type".to_owned(), "other".into()))
    });
    kept.write("kept.json", &format!("{drift}\n{changed}\n"));
    kept.ok(&["import", "acme.audit_logs", "kept.json"]);
    let ended = reconcile(&kept, "acme.audit_logs", &["--repair"]);
    let counts: Vec<(String, i64)> = found(&ended)
        .into_iter()
        .map(|(name, count, _)| (name, count))
        .collect();
    let missing = home.number("select count(*) from activity_logs where logged_at < '2026-06-30'") - 2;
    let expected = [("missing", missing), ("changed", 1), ("drift", 1)].map(|(name, count)| (name.to_owned(), count));
    assert_eq!((ended.code, counts), (Some(0), expected.to_vec()), "{}", ended.stderr);
    assert_eq!(
        kept.number("select drift + revisions from loads where kind = 'sync'"),
        2
    );
    let same = reconcile(&kept, "acme.audit_logs", &[]);
    assert_eq!((same.code, found(&same)), (Some(0), vec![]), "{}", same.stderr);
}
