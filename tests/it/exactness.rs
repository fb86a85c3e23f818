//! Nothing lost and nothing doubled, judged by the simulator's own truth: whatever the page size, the order of arrival and
//! the transient faults.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde_json::Value;
use trailhouse::simulator::faults::FaultPlan;
use trailhouse::simulator::listing::Pick;
use trailhouse::simulator::script::{Change, Script};
use trailhouse::simulator::switches::{Order, Switches, Tally};

use crate::environment::{Home, Service, short, simulator};

/// Ids with their `updated_at`, revisions included, as the warehouse has them.
fn held(home: &Home) -> BTreeMap<String, BTreeSet<i64>> {
    let sql = "select id, epoch_us(updated_at) as updated_us from activity_logs_revisions";
    let mut held: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    for row in home.query(sql) {
        let id = row["id"].as_str().expect("an id").to_owned();
        let is_new = held
            .entry(id)
            .or_default()
            .insert(row["updated_us"].as_i64().expect("a time"));
        assert!(is_new, "doubled: {row}");
    }
    held
}

fn by_id(revisions: &BTreeMap<String, Vec<Value>>) -> BTreeMap<String, BTreeSet<i64>> {
    let time = |record: &Value| {
        let text = record["updated_at"].as_str().expect("a time");
        text.parse::<jiff::Timestamp>().expect("a time").as_microsecond()
    };
    revisions
        .iter()
        .map(|(id, records)| (id.clone(), records.iter().map(time).collect()))
        .collect()
}

/// Everything a complete answer held is in the warehouse, and nothing the service never had.
fn assert_exact(home: &Home, service: &Service, what: &str) {
    let held = held(home);
    let (served, shown) = (
        by_id(&service.running.truth_served().revisions),
        by_id(&service.running.truth().revisions),
    );
    for (id, times) in &served {
        let lost: Vec<_> = times
            .difference(held.get(id).unwrap_or(&BTreeSet::new()))
            .copied()
            .collect();
        assert!(lost.is_empty(), "{what}: {id} is lost at {lost:?}");
    }
    for (id, times) in &held {
        let invented: Vec<_> = times
            .difference(shown.get(id).unwrap_or(&BTreeSet::new()))
            .copied()
            .collect();
        assert!(invented.is_empty(), "{what}: {id} was never shown at {invented:?}");
    }
}

#[test]
fn any_page_size_and_any_transient_faults_give_the_same_warehouse() {
    let mut first = None;
    for seed in 1..=6 {
        let mut drawn = simulator(7, 1_500);
        drawn.switches = Switches::drawn(seed);
        drawn.switches.shape = Switches::default().shape;
        drawn.faults = FaultPlan::transient(seed, if seed % 2 == 0 { 150 } else { 0 });
        let what = format!("seed {seed}, pages of {}", drawn.switches.page_size);
        let service = Service::start(drawn);
        let home = Home::of(&service);
        home.ok(&["sync"]);
        assert_exact(&home, &service, &what);
        let dump = home.dump();
        let first = first.get_or_insert_with(|| dump.clone());
        let differs = first.iter().zip(&dump).find(|(left, right)| left != right);
        assert!(
            first.len() == dump.len() && differs.is_none(),
            "{what}: {}",
            short(&differs)
        );
        home.ok(&["verify"]);
    }
}

#[test]
fn rows_that_arrive_move_and_appear_late_during_the_walk_are_neither_lost_nor_doubled() {
    for seed in 1..=8 {
        let mut drawn = simulator(seed, 1_200);
        drawn.switches.page_size = [7, 25, 50][usize::try_from(seed).expect("small") % 3];
        drawn.script = Script::drawn(seed, 24, seed % 2 == 0);
        let what = format!("seed {seed}");
        let service = Service::start(drawn);
        let home = Home::of(&service);
        let sync = home.run(&["sync"]);
        assert!(matches!(sync.code, Some(0 | 3)), "{what}: {}", sync.stderr);
        service.running.clock().advance(SignedDuration::from_hours(30));
        let sync = home.run(&["sync"]);
        assert!(matches!(sync.code, Some(0 | 3)), "{what}: {}", sync.stderr);
        assert_exact(&home, &service, &what);
        let listed: BTreeSet<String> = service.running.ids().into_iter().collect();
        let held: BTreeSet<String> = held(&home).into_keys().collect();
        let missing: Vec<_> = listed.difference(&held).collect();
        assert!(
            missing.is_empty(),
            "{what}: listed and not held: {missing:?}\n{}",
            sync.stderr
        );
        home.ok(&["verify"]);
    }
}

#[test]
fn a_row_that_arrives_between_two_pages_in_flight_is_not_lost() {
    let mut drawn = simulator(3, 900);
    drawn.switches.page_size = 10;
    let mut script = Script::none();
    for request in 2..60 {
        script = script
            .before(request, Change::Arrive(1))
            .before(request, Change::Revise(Pick::Depth(900)));
    }
    drawn.script = script;
    let service = Service::start(drawn);
    let home = Home::of(&service);
    home.ok(&["sync"]);
    assert_exact(&home, &service, "arrivals in flight");
    let listed: BTreeSet<String> = service.running.ids().into_iter().collect();
    let held: BTreeSet<String> = held(&home).into_keys().collect();
    // What arrived or moved to the head after the head was read is the next run's.
    assert!(listed.difference(&held).count() <= 2 * 58);
    home.ok(&["sync"]);
    let held: BTreeSet<String> = self::held(&home).into_keys().collect();
    assert_eq!(listed.difference(&held).count(), 0);
}

#[test]
fn a_second_run_adds_nothing_and_still_writes_its_ledger_entry() {
    let service = Service::of(1, 300);
    let home = Home::of(&service);
    home.ok(&["sync"]);
    let (rows, loads) = (
        home.number("select count(*) from activity_logs"),
        home.number("select count(*) from loads"),
    );
    home.ok(&["sync"]);
    assert_eq!(home.number("select count(*) from activity_logs"), rows);
    assert_eq!(home.number("select count(*) from loads"), loads + 1);
    assert_eq!(
        home.number("select count(*) from loads where received <> stored + duplicates + rejects + withheld"),
        0
    );
}

#[test]
fn a_revision_is_stored_numbered_and_reported_and_the_old_form_stays() {
    let service = Service::of(2, 200);
    let home = Home::of(&service);
    home.ok(&["sync"]);
    let id = service.running.revise(&Pick::Rank(20)).expect("a row");
    let sync = home.ok(&["sync"]);
    assert!(sync.stderr.contains("1 revised"), "{}", sync.stderr);
    let revisions = home.query(&format!(
        "select revision, load from activity_logs_revisions where id = '{id}' order by revision"
    ));
    assert_eq!(revisions.len(), 2, "{revisions:?}");
    assert_eq!(
        home.number(&format!("select revision from activity_logs where id = '{id}'")),
        2
    );
    assert_eq!(
        home.number(&format!(
            "select revision from activity_logs_superseded where id = '{id}'"
        )),
        1
    );
    let shown = home.ok(&["show", &id, "--format", "json"]);
    let shown: Vec<Value> = serde_json::from_str(&shown.stdout).expect("JSON");
    assert_eq!(shown.len(), 2);
    let newest: Value = serde_json::from_str(shown[1]["raw"].as_str().expect("text")).expect("the record");
    assert_eq!(newest, service.running.truth().latest()[&id]);
}

#[test]
fn the_warehouse_equals_what_a_rebuild_from_the_lake_gives() {
    let mut drawn = simulator(12, 500);
    drawn.switches.page_size = 30;
    let service = Service::start(drawn);
    let home = Home::of(&service);
    for round in 0..4 {
        service.running.revise(&Pick::Rank(10 + round));
        service.running.revise(&Pick::Rank(40));
        service.running.arrive(7);
        service.running.clock().advance(SignedDuration::from_hours(13));
        home.ok(&["sync"]);
    }
    let dump = home.dump();
    assert!(home.number("select count(*) from activity_logs_superseded") > 0);
    home.ok(&["rebuild"]);
    let rebuilt = home.dump();
    let differs = dump.iter().zip(&rebuilt).find(|(left, right)| left != right);
    assert!(dump.len() == rebuilt.len() && differs.is_none(), "{}", short(&differs));
}

#[test]
fn a_row_that_becomes_visible_late_is_found_by_a_later_run() {
    let service = Service::of(4, 200);
    let home = Home::of(&service);
    home.ok(&["sync"]);
    let late = service.running.surface(SignedDuration::from_mins(20)).expect("a row");
    service.running.clock().advance(SignedDuration::from_hours(7 * 24));
    service.running.arrive(3);
    home.ok(&["sync"]);
    assert_eq!(
        home.number(&format!("select count(*) from activity_logs where id = '{late}'")),
        1
    );
}

#[test]
fn an_order_that_is_ignored_is_read_in_full_and_said() {
    for order in [Order::OldestFirst, Order::Unordered] {
        let mut drawn = simulator(5, 400);
        drawn.switches.sort_honoured = false;
        drawn.switches.default_order = order;
        let service = Service::start(drawn);
        let home = Home::of(&service);
        let sync = home.ok(&["sync"]);
        assert!(sync.stderr.contains("ignores the order"), "{}", sync.stderr);
        assert_exact(&home, &service, "unordered");
        assert_eq!(home.number("select count(*) from coverage_gaps"), 0);
    }
}

/// Of a list in no order, the first page may look as if it were in order, and hold nothing new.
#[test]
fn a_list_once_found_in_no_order_is_read_to_its_end_whatever_its_first_page_shows() {
    for seed in 1..=6 {
        let mut drawn = simulator(seed, 30);
        drawn.switches.page_size = 2;
        drawn.switches.sort_honoured = false;
        drawn.switches.default_order = Order::Unordered;
        let service = Service::start(drawn);
        let home = Home::of(&service);
        home.ok(&["sync"]);
        service.running.arrive(5);
        home.ok(&["sync"]);
        assert_exact(&home, &service, &format!("seed {seed}"));
        assert_eq!(home.number("select count(*) from activity_logs"), 35, "seed {seed}");
    }
}

#[test]
fn without_a_true_count_nothing_is_final_until_a_second_walk_brings_nothing_new() {
    let mut drawn = simulator(6, 300);
    drawn.switches.count = Tally::Zero;
    let service = Service::start(drawn);
    let home = Home::of(&service);
    home.ok(&["sync"]);
    assert_eq!(home.number("select count(*) from coverage where state = 'final'"), 0);
    home.ok(&["sync"]);
    assert!(home.number("select count(*) from coverage where state = 'final'") > 0);
    assert_exact(&home, &service, "no count");
}

#[test]
fn a_page_size_that_changes_in_the_middle_loses_nothing() {
    let mut drawn = simulator(8, 1_000);
    drawn.switches.page_size = 20;
    drawn.script = Script::none()
        .before(9, Change::PageSize(50))
        .before(15, Change::PageSize(10));
    let service = Service::start(drawn);
    let home = Home::of(&service);
    home.ok(&["sync"]);
    assert_eq!(home.number("select count(*) from activity_logs"), 1_000);
    assert_exact(&home, &service, "changed page sizes");
}

#[test]
fn a_key_demoted_to_see_nothing_does_not_prove_silence() {
    let service = Service::of(9, 200);
    let home = Home::of(&service);
    home.ok(&["sync"]);
    let covered = "select max(to_at) as covered_to from coverage";
    let before = home.query(covered);
    let ids = service.running.ids();
    for _ in ids {
        service.running.delete(&Pick::Rank(0));
    }
    service.running.clock().advance(SignedDuration::from_hours(5));
    let sync = home.run(&["sync"]);
    assert_eq!(sync.code, Some(3), "{}", sync.stderr);
    assert!(sync.stderr.contains("nothing is claimed"), "{}", sync.stderr);
    assert_eq!(home.query(covered), before);
}

#[test]
fn a_key_that_saw_nothing_at_first_is_not_believed_about_older_time() {
    let service = Service::start(simulator(9, 200));
    service.running.turn(|switches| switches.sees_nothing = true);
    let home = Home::of(&service);
    home.configure(&service.running.base_url(), "retention_days = 10");
    home.ok(&["sync"]);
    let provisional = "select count(*) from coverage where state = 'final'";
    assert_eq!(home.number(provisional), 0);
    service.running.turn(|switches| switches.sees_nothing = false);
    service.running.clock().advance(SignedDuration::from_hours(30));
    home.ok(&["sync"]);
    assert_eq!(home.number("select count(*) from activity_logs"), 200);
    assert_eq!(home.number("select count(*) from coverage_gaps"), 0);
    assert_exact(&home, &service, "a key that sees more than at first");
}

#[test]
fn what_the_service_did_not_offer_is_asserted_by_who_kept_it() {
    let service = Service::start(crate::import::simulator(12, 60));
    let home = Home::of(&service);
    home.ok(&["sync", crate::import::STREAM]);
    let at = "2023-06-01T00:00:00Z";
    home.write(
        "old.jsonl",
        &format!("{{\"id\":\"old\",\"logged_at\":\"{at}\",\"updated_at\":\"{at}\"}}\n"),
    );
    home.ok(&[
        "import",
        crate::import::STREAM,
        "old.jsonl",
        "--covers",
        "2023-01-01",
        "2024-01-01",
    ]);
    for _ in 0..2 {
        let asserted = home.query("select from_at, to_at from coverage where state = 'asserted'");
        assert_eq!(asserted.len(), 1, "{asserted:?}");
        assert_eq!(asserted[0]["from_at"], "2023-01-01T05:00:00Z");
        home.ok(&["sync", crate::import::STREAM]);
    }
}
