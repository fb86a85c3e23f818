//! A key that sees less than the one before: whatever new rows it shows, it proves no silence until a row comes again that
//! was collected before, or none can be expected any more.

use jiff::SignedDuration;
use trailhouse::simulator::script::Change;
use trailhouse::simulator::zendesk::script::Change as AccountChange;
use trailhouse::simulator::zendesk::switches::Switches;

use crate::environment::{Account, Ended, Home, Service, account};
use crate::zendesk_truth::{BOTH, assert_covered, assert_exact, now};

const COVERED: &str = "select state, from_at, to_at from coverage where state <> 'not_offered' order by from_at";
const GAPS: &str = "select reason from coverage_gaps";

#[track_caller]
fn assert_doubted(sync: &Ended) {
    assert_eq!(sync.code, Some(3), "{}", sync.stderr);
    assert!(sync.stderr.contains("nothing is claimed"), "{}", sync.stderr);
}

/// The workspace goes on for so many days, and the key sees the last one of them only.
fn demote(service: &Service, days: i64) {
    service.running.clock().advance(SignedDuration::from_hours(24 * days));
    service.running.apply(&Change::Retain(Some(1)));
}

fn arrive(service: &Service, rows: usize) {
    service.running.apply(&Change::Arrive(rows));
    service.running.clock().advance(SignedDuration::from_mins(10));
}

#[test]
fn a_key_demoted_to_see_new_rows_alone_proves_nothing_however_often_it_shows_them() {
    let service = Service::of(21, 200);
    let home = Home::of(&service);
    home.ok(&["sync"]);
    let before = home.query(COVERED);
    demote(&service, 3);
    // An empty list, a new row, the same row again, and another one.
    for rows in [0, 1, 0, 1] {
        arrive(&service, rows);
        assert_doubted(&home.run(&["sync"]));
        assert_eq!(home.query(COVERED), before, "after {rows} more rows");
        let gaps = home.query(GAPS);
        assert_eq!(gaps.len(), 1, "{gaps:?}");
        assert_eq!(gaps[0]["reason"], "no row came again that was collected before");
    }
    assert_eq!(
        home.number("select count(*) from activity_logs"),
        202,
        "and yet all is kept"
    );
    service.running.apply(&Change::Retain(None));
    home.ok(&["sync"]);
    assert_eq!(home.query(GAPS), Vec::<serde_json::Value>::new());
    assert_ne!(home.query(COVERED), before);
}

#[test]
fn a_key_that_sees_all_again_brings_what_was_hidden() {
    let service = Service::of(22, 100);
    let home = Home::of(&service);
    home.ok(&["sync"]);
    arrive(&service, 5);
    demote(&service, 3);
    arrive(&service, 2);
    assert_doubted(&home.run(&["sync"]));
    assert_eq!(home.number("select count(*) from activity_logs"), 102);
    service.running.apply(&Change::Retain(None));
    home.ok(&["sync"]);
    assert_eq!(home.number("select count(*) from activity_logs"), 107);
    assert_eq!(home.query(GAPS), Vec::<serde_json::Value>::new());
}

#[test]
fn a_service_that_keeps_its_log_for_less_than_it_is_said_to_is_believed_once_that_is_said() {
    let service = Service::of(23, 200);
    let home = Home::of(&service);
    home.ok(&["sync"]);
    service.running.clock().advance(SignedDuration::from_hours(24 * 40));
    service.running.apply(&Change::Retain(Some(30)));
    arrive(&service, 3);
    let sync = home.run(&["sync"]);
    assert_doubted(&sync);
    assert!(sync.stderr.contains("retention_days"), "{}", sync.stderr);
    home.configure(&service.running.base_url(), "retention_days = 30");
    // What the service has dropped is a new gap, and of that time only.
    let sync = home.run(&["sync"]);
    assert!(!sync.stderr.contains("nothing is claimed"), "{}", sync.stderr);
    let gaps = home.query(GAPS);
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!(gaps[0]["reason"], "expired");
    home.ok(&["sync"]);
}

#[test]
fn what_the_service_has_dropped_by_its_retention_needs_no_word() {
    let service = Service::of(24, 200);
    let home = Home::of(&service);
    home.ok(&["sync"]);
    service.running.clock().advance(SignedDuration::from_hours(24 * 140));
    service.running.apply(&Change::Retain(Some(90)));
    arrive(&service, 3);
    let sync = home.run(&["sync"]);
    assert!(!sync.stderr.contains("nothing is claimed"), "{}", sync.stderr);
    home.ok(&["sync"]);
}

#[test]
fn credentials_of_zendesk_that_see_new_rows_alone_prove_nothing() {
    for (seed, pagination) in (25..).zip(BOTH) {
        let mut simulator = account(seed, 300);
        simulator.switches = Switches::drawn(seed);
        let account = Account::start(simulator);
        let home = Home::of_account(&account, pagination);
        home.ok(&["sync"]);
        let before = home.query(COVERED);
        account.running.clock().advance(SignedDuration::from_hours(50));
        account.running.arrive(2);
        account.running.clock().advance(SignedDuration::from_mins(10));
        account.running.apply(&AccountChange::See(Some(SignedDuration::ZERO)));
        for rows in [0, 1, 0, 1] {
            account.running.arrive(rows);
            account.running.clock().advance(SignedDuration::from_mins(10));
            assert_doubted(&home.run(&["sync"]));
            assert_eq!(home.query(COVERED), before, "{pagination}, after {rows} more rows");
        }
        account.running.apply(&AccountChange::See(None));
        home.ok(&["sync"]);
        assert_exact(&home, &account, pagination);
        assert_covered(&home, now(&account));
    }
}
