//! What must not work: a lake that was cut, restored or forged, a service that contradicts itself, a clock that runs ahead.
//! Each was once a way to lose rows or to be told that nothing is missing.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use trailhouse::simulator::listing::Pick;
use trailhouse::simulator::script::{Change, Script};
use trailhouse::simulator::switches::{Tally, Ties};

use crate::environment::{Home, Service, simulator};

const ROWS: &str = "select count(*) from activity_logs";

fn synced(service: &Service) -> Home {
    let home = Home::of(service);
    home.ok(&["sync"]);
    home
}

/// Every file below a folder with this ending.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for item in fs::read_dir(folder).expect("a folder") {
        let path = item.expect("an item").path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for item in fs::read_dir(from).expect("a folder") {
        let item = item.expect("an item");
        let place = to.join(item.file_name());
        if item.path().is_dir() {
            copy(&item.path(), &place);
        } else {
            fs::copy(item.path(), place).expect("a file is copied");
        }
    }
}

#[test]
fn a_lake_without_its_ledger_is_refused_and_nothing_of_it_is_removed() {
    let service = Service::of(1, 300);
    let home = synced(&service);
    let lake = home.data().join("lake");
    fs::remove_dir_all(lake.join("_ledger")).expect("the ledger is removed");
    let before = files(&lake, ".parquet");
    assert_eq!(home.run(&["verify"]).code, Some(1));
    let sync = home.run(&["sync"]);
    assert_eq!(sync.code, Some(1), "{}", sync.stderr);
    assert!(sync.stderr.contains("the ledger is missing"), "{}", sync.stderr);
    assert_eq!(files(&lake, ".parquet"), before);
}

#[test]
fn a_ledger_older_than_the_data_is_refused_and_nothing_is_removed() {
    let service = Service::of(2, 200);
    let home = synced(&service);
    let ledger = home.data().join("lake/_ledger");
    let older = home.path().join("older");
    copy(&ledger, &older);
    service.running.arrive(5);
    home.ok(&["sync"]);
    fs::remove_dir_all(&ledger).expect("the ledger is removed");
    copy(&older, &ledger);
    let before = files(&home.data().join("lake"), ".parquet");
    let sync = home.run(&["sync"]);
    assert_eq!(sync.code, Some(1), "{}", sync.stderr);
    assert_eq!(files(&home.data().join("lake"), ".parquet"), before);
    assert_eq!(home.run(&["verify"]).code, Some(1));
}

#[test]
fn a_restored_lake_does_not_pass_for_the_one_the_warehouse_has_followed() {
    let service = Service::of(3, 200);
    let home = synced(&service);
    let (lake, older) = (home.data().join("lake"), home.path().join("older"));
    copy(&lake, &older);
    service.running.arrive(5);
    home.ok(&["sync"]);
    fs::remove_dir_all(&lake).expect("the lake is removed");
    copy(&older, &lake);
    service.running.arrive(5);
    let sync = home.run(&["sync"]);
    assert_eq!(sync.code, Some(1), "{}", sync.stderr);
    assert!(sync.stderr.contains("trailhouse rebuild"), "{}", sync.stderr);
    home.ok(&["rebuild"]);
    home.ok(&["sync"]);
    assert_eq!(home.number(ROWS), 210);
}

#[test]
fn a_rebuild_that_fails_leaves_the_warehouse_as_it_was() {
    let service = Service::of(4, 200);
    let home = synced(&service);
    let data = files(&home.data().join("lake"), ".parquet");
    let file = fs::OpenOptions::new().write(true).open(&data[0]).expect("a data file");
    file.set_len(100).expect("it is cut");
    assert_eq!(home.run(&["verify"]).code, Some(1));
    assert_eq!(home.run(&["rebuild"]).code, Some(1));
    assert_eq!(home.number(ROWS), 200);
}

#[test]
fn a_forged_delta_commit_is_found_and_not_taken_into_the_ledger() {
    let service = Service::of(5, 100);
    let home = synced(&service);
    let log = home.data().join("lake/activity_logs/_delta_log");
    let newest = files(&log, ".json").pop().expect("a commit");
    let forged = log.join("00000000000000000002.json");
    assert!(newest < forged);
    let info = r#"{"commitInfo":{"timestamp":1,"operation":"WRITE"}}"#;
    #[expect(clippy::disallowed_methods, reason = "a file of the test")]
    fs::write(&forged, format!("{info}\n")).expect("a commit is forged");
    let verify = home.run(&["verify"]);
    assert_eq!(verify.code, Some(1), "{}", verify.stdout);
    assert!(verify.stdout.contains("no ledger entry made it"), "{}", verify.stdout);
    service.running.arrive(3);
    assert_eq!(home.run(&["sync"]).code, Some(1));
    assert_eq!(home.run(&["verify"]).code, Some(1));
}

#[test]
fn a_head_two_entries_behind_is_refused() {
    let service = Service::of(6, 50);
    let home = synced(&service);
    let head = home.data().join("lake/_ledger/head.json");
    let older = fs::read(&head).expect("the head");
    home.ok(&["sync"]);
    home.ok(&["sync"]);
    #[expect(clippy::disallowed_methods, reason = "a file of the test")]
    fs::write(&head, older).expect("the head is set back");
    assert_eq!(home.run(&["verify"]).code, Some(1));
    assert_eq!(home.run(&["sync"]).code, Some(1));
    assert_eq!(home.run(&["verify"]).code, Some(1));
}

#[test]
fn output_never_replaces_what_the_home_keeps() {
    let service = Service::of(7, 20);
    let home = synced(&service);
    for path in [
        "data/lake/_ledger/head.json",
        "data/lake/activity_logs/x.csv",
        "data/warehouse.duckdb",
        "data/.lock",
    ] {
        let query = home.run(&["query", "select 1 as one", "--output", path, "--format", "json"]);
        assert_eq!(query.code, Some(2), "{path}: {}", query.stderr);
    }
    home.ok(&["verify"]);
    assert_eq!(home.number(ROWS), 20);
}

#[test]
fn a_service_whose_clock_was_ahead_hides_nothing_later() {
    let mut drawn = simulator(8, 100);
    drawn.switches.page_size = 10;
    let service = Service::start(drawn);
    let home = Home::of(&service);
    #[expect(clippy::disallowed_methods, reason = "the loader's clock is the machine's")]
    let now = Timestamp::now();
    service.running.clock().set_now(now + SignedDuration::from_hours(2));
    home.ok(&["sync"]);
    service.running.clock().set_now(now);
    let known = service.running.ids().len();
    service.running.arrive(60);
    service.running.revise(&Pick::Rank(65)).expect("a row");
    service.running.clock().advance(SignedDuration::from_secs(1));
    let sync = home.run(&["sync"]);
    assert_eq!(sync.code, Some(0), "{}", sync.stderr);
    assert_eq!(home.number(ROWS), i64::try_from(known + 60).expect("small"));
}

#[test]
fn a_burst_of_arrivals_is_no_disorder() {
    let mut drawn = simulator(9, 600);
    drawn.switches.page_size = 20;
    drawn.script = Script::none()
        .before(5, Change::Arrive(90))
        .before(12, Change::Arrive(45));
    let service = Service::start(drawn);
    let home = Home::of(&service);
    let sync = home.ok(&["sync"]);
    assert!(!sync.stderr.contains("ignores the order"), "{}", sync.stderr);
    home.ok(&["sync"]);
    assert_eq!(home.number(ROWS), 735);
}

#[test]
fn totals_that_contradict_the_rows_prove_no_end() {
    let mut drawn = simulator(10, 300);
    drawn.switches.total_pages = Tally::Zero;
    let service = Service::start(drawn);
    let home = Home::of(&service);
    let sync = home.run(&["sync"]);
    let (rows, gaps) = (home.number(ROWS), home.number("select count(*) from coverage_gaps"));
    assert!(
        rows == 300 || (gaps > 0 && sync.code != Some(0)),
        "{rows} rows, {gaps} gaps\n{}",
        sync.stderr
    );
}

#[test]
fn a_home_whose_name_cannot_hold_a_lake_is_refused_before_anything_is_written() {
    let home = Home::new();
    for dir in ["per%20cent", "what?", "back\\slash"] {
        let demo = home.run(&["--dir", dir, "demo"]);
        assert_eq!(demo.code, Some(2), "{dir}: {}", demo.stderr);
        assert!(!home.path().join(dir).exists(), "{dir}");
    }
}

#[test]
fn rows_of_one_key_that_change_places_are_not_lost_unseen() {
    for (seed, in_flight) in [(1, 1), (2, 4), (3, 8), (4, 1)] {
        let mut drawn = simulator(seed, 400);
        drawn.switches.page_size = 5;
        drawn.switches.ties = Ties::Shuffled;
        let service = Service::start(drawn);
        for _ in 0..12 {
            service.running.arrive(4);
        }
        let home = Home::of(&service);
        home.configure(&service.running.base_url(), &format!("max_in_flight = {in_flight}"));
        let sync = home.run(&["sync"]);
        let missing = i64::try_from(service.running.ids().len()).expect("small") - home.number(ROWS);
        let gaps = home.number("select count(*) from coverage_gaps");
        assert!(
            missing == 0 || (gaps > 0 && sync.code != Some(0)),
            "seed {seed}: {missing} rows\n{}",
            sync.stderr
        );
    }
}

#[test]
fn a_page_size_that_grows_before_the_last_page_loses_nothing() {
    for in_flight in [1, 4] {
        let mut drawn = simulator(11, 130);
        drawn.switches.page_size = 50;
        drawn.script = Script::none().before(2, Change::PageSize(90));
        let service = Service::start(drawn);
        let home = Home::of(&service);
        home.configure(&service.running.base_url(), &format!("max_in_flight = {in_flight}"));
        home.ok(&["sync"]);
        assert_eq!(home.number(ROWS), 130);
    }
}

#[test]
fn without_a_count_a_burst_of_a_page_is_walked_past() {
    let mut drawn = simulator(12, 200);
    drawn.switches.page_size = 10;
    drawn.switches.count = Tally::Zero;
    drawn.script = Script::none().before(3, Change::Arrive(10));
    let service = Service::start(drawn);
    let home = Home::of(&service);
    home.ok(&["sync"]);
    home.ok(&["sync"]);
    assert_eq!(home.number(ROWS), 210);
}
