//! A workspace that goes on while it is collected: arrivals between syncs, late logs, and how little an hour without news asks.

use std::time::Duration;

use jiff::SignedDuration;
use trailhouse::simulator::bad::Bad;
use trailhouse::simulator::clock::Clock;
use trailhouse::simulator::listing::Pick;
use trailhouse::simulator::script::Script;
use trailhouse::simulator::service::{AUDIT_LOGS, RESOURCE_LOGS, WORKSPACE_NOTIFICATIONS};

use super::{LOGS, NOTICES, VERSIONS, asked, assert_exact, assert_whole, home, resources_asked};
use crate::environment::{Service, simulator};

#[test]
fn what_comes_and_changes_between_and_during_runs_is_held_once() {
    for seed in 1..=4 {
        let mut drawn = simulator(seed, 250);
        drawn.switches.resource_logs.page_size = 2;
        drawn.script = Script::drawn(seed, 300, seed % 2 == 0);
        let what = format!("seed {seed}");
        let service = Service::start(drawn);
        let home = home(&service, "");
        for _ in 0..3 {
            let sync = home.run(&["sync"]);
            assert!(matches!(sync.code, Some(0 | 3)), "{what}: {}", sync.stderr);
            service.running.arrive(9);
            service.running.revise(&Pick::Rank(3));
            service.running.revise(&Pick::Depth(700));
            service.running.clock().advance(SignedDuration::from_hours(7));
        }
        home.ok(&["sync"]);
        assert_exact(&home, &service, &[LOGS, VERSIONS, NOTICES], &what);
        if seed % 2 == 1 {
            assert_whole(&home, &service, &[LOGS, VERSIONS, NOTICES], &what);
        }
    }
}

#[test]
fn an_hour_without_news_asks_for_almost_nothing() {
    let service = Service::start(simulator(5, 400));
    let home = home(&service, "");
    home.ok(&["sync"]);
    for _ in 0..3 {
        service.running.clock().advance(SignedDuration::from_hours(1));
        let paths = [AUDIT_LOGS, RESOURCE_LOGS, WORKSPACE_NOTIFICATIONS];
        let before = paths.map(|path| asked(&service, path).len());
        home.ok(&["sync"]);
        let after = paths.map(|path| asked(&service, path).len());
        let grown: Vec<usize> = after.iter().zip(before).map(|(after, before)| after - before).collect();
        assert!(grown[0] <= 2 && grown[1] == 0 && grown[2] <= 2, "{grown:?}");
    }
}

#[test]
fn lists_are_asked_for_side_by_side_but_no_more_than_allowed() {
    let latency = Duration::from_millis(40);
    let mut drawn = simulator(6, 60);
    drawn.clock = Clock::following(drawn.workspace.settings.end_at);
    drawn.switches.latency = latency;
    drawn.switches.resource_logs.page_size = 1;
    let service = Service::start(drawn);
    let home = home(&service, "max_in_flight = 3");
    home.ok(&["sync", "acme.audit_logs"]);
    let before = service.running.requests().len();
    home.ok(&["sync", "acme.resource_logs"]);
    let arrivals: Vec<_> = service.running.requests()[before..]
        .iter()
        .map(|request| request.at)
        .collect();
    // A request takes as long as the latency at least: of four that began within that time all were under way at once.
    let latency = SignedDuration::try_from(latency).expect("short");
    let within = |more: usize| {
        (more..arrivals.len())
            .filter(|last| arrivals[*last].duration_since(arrivals[last - more]) < latency)
            .count()
    };
    assert_eq!(within(3), 0);
    assert!(within(1) > 0);
}

#[test]
fn a_resource_is_listed_again_once_its_activity_is_older_than_finality() {
    let service = Service::start(simulator(6, 200));
    let home = home(&service, "finality = \"2s\"");
    home.ok(&["sync"]);
    let first = resources_asked(&service).len();
    let ids = service.running.arrive(6);
    home.ok(&["sync"]);
    let mut active = resources_asked(&service)[first..].to_vec();
    active.sort();
    assert!(!active.is_empty() && active.len() <= ids.len());
    std::thread::sleep(Duration::from_millis(2_100));
    let before = resources_asked(&service).len();
    home.ok(&["sync"]);
    let mut again = resources_asked(&service)[before..].to_vec();
    again.sort();
    assert_eq!(again, active, "those and no others are listed a second time");
    std::thread::sleep(Duration::from_millis(2_100));
    let before = resources_asked(&service).len();
    home.ok(&["sync"]);
    assert_eq!(resources_asked(&service).len(), before, "and never a third time");
}

#[test]
fn logs_that_only_the_listing_of_their_resource_has_are_held() {
    for kept_past_retention in [false, true] {
        let mut drawn = simulator(7, 400);
        drawn.switches.resource_logs.only_here_per_mille = 300;
        drawn.switches.resource_logs.kept_past_retention = kept_past_retention;
        drawn.switches.retention_days = Some(20);
        let service = Service::start(drawn);
        let home = home(&service, "retention_days = 20");
        home.ok(&["sync"]);
        assert_exact(&home, &service, &[LOGS, VERSIONS], "only here");
        let only = "select count(*) from activity_logs_revisions as here where stream = 'resource_logs' and not exists
            (from activity_logs_revisions as there where there.stream = 'audit_logs' and there.id = here.id)";
        assert!(home.number(only) > 30);
        assert!(
            home.number("select count(*) from activity_logs")
                > home.number("select count(distinct id) from activity_logs_revisions where stream = 'audit_logs'")
        );
    }
}

#[test]
fn an_empty_version_is_a_reject_and_harms_nothing() {
    let service = Service::start(simulator(8, 120));
    for rank in [3, 40, 41] {
        service
            .running
            .plant(&Bad::EmptyVersion(Pick::Rank(rank)), SignedDuration::from_hours(30));
    }
    let home = home(&service, "");
    let sync = home.run(&["sync"]);
    assert_eq!(sync.code, Some(3), "{}", sync.stderr);
    assert!(
        sync.stderr.contains("acme.resource_logs: 1 records could not be read"),
        "{}",
        sync.stderr
    );
    assert_whole(&home, &service, &[LOGS, VERSIONS], "empty versions");
    let rejects = home.query("select stream, reason from rejects");
    assert_eq!(
        rejects,
        [serde_json::json!({ "stream": "resource_logs", "reason": "no id" })]
    );
    home.ok(&["sync"]);
}

#[test]
fn coverage_is_that_of_the_audit_logs_and_gaps_are_named_alike() {
    let mut drawn = simulator(9, 300);
    drawn.switches.page_size = 20;
    let service = Service::start(drawn);
    let home = home(&service, "");
    let intervals = |stream: &str| {
        home.query(&format!(
            "select from_at, to_at, state from coverage where stream = '{stream}' order by from_at"
        ))
    };
    let gaps = |stream: &str| {
        home.query(&format!(
            "select gap_from, gap_to, reason from coverage_gaps where stream = '{stream}' order by gap_from"
        ))
    };
    for hours in [0, 5, 40] {
        service.running.clock().advance(SignedDuration::from_hours(hours));
        service.running.arrive(4);
        home.ok(&["sync"]);
        assert!(!intervals("audit_logs").is_empty());
        assert_eq!(intervals("resource_logs"), intervals("audit_logs"));
        assert_eq!(gaps("resource_logs"), gaps("audit_logs"));
    }
    service.running.clock().advance(SignedDuration::from_hours(24 * 60));
    service
        .running
        .apply(&trailhouse::simulator::script::Change::Retain(Some(20)));
    service.running.arrive(4);
    let sync = home.run(&["sync"]);
    assert_eq!(sync.code, Some(3), "{}", sync.stderr);
    assert!(!gaps("audit_logs").is_empty());
    assert_eq!(gaps("resource_logs"), gaps("audit_logs"));
    let status = home.ok(&["status", "--format", "json"]);
    let status: Vec<serde_json::Value> = serde_json::from_str(&status.stdout).expect("JSON");
    let of = |stream: &str| {
        status
            .iter()
            .find(|row| row["stream"] == stream)
            .expect("a row")
            .clone()
    };
    for column in [
        "covered_from",
        "covered_to",
        "final_to",
        "gaps",
        "gap_seconds",
        "oldest_offered_at",
    ] {
        assert_eq!(of("resource_logs")[column], of("audit_logs")[column], "{column}");
    }
    assert!(of("resource_logs")["rows"].as_i64() > Some(0) && of("resource_logs")["greatest_lateness_seconds"] == 0);
}
