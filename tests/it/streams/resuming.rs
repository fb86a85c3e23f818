//! Killed or stopped in the middle of the fan-out and run again: nothing lost, nothing doubled, and only the rest asked for.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use trailhouse::simulator::faults::{Fault, FaultPlan, Rule, When};
use trailhouse::simulator::service;

use super::{LOGS, NOTICES, VERSIONS, asked, assert_whole, home, resources_asked};
use crate::environment::{Home, SOURCE, Service, ended, short, simulator};
use crate::steps::{first_and_last, killed_at, passed};

const RESOURCE_LOGS: &str = "acme.resource_logs";

/// The place of the fan-out as the newest entry with a state of it has it, and the bytes of that state.
fn state(home: &Home) -> (serde_json::Value, usize) {
    let folder = home.data().join("lake/_ledger");
    let entries = std::fs::read_dir(folder).expect("the ledger");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.file_name().is_some_and(|name| name != "head.json"));
    paths.sort();
    for path in paths.iter().rev() {
        let text = std::fs::read_to_string(path).expect("an entry");
        let entry: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let quiet = entry["streams"].as_array().into_iter().flatten();
        let of_quiet = quiet.clone().find(|stream| stream["stream"] == "resource_logs");
        let state = match of_quiet {
            Some(stream) => &stream["state"],
            None if entry["stream"] == "resource_logs" => &entry["state"],
            None => continue,
        };
        return (state.clone(), state.to_string().len());
    }
    panic!("no state of the resource logs");
}

#[test]
fn killed_at_any_step_of_the_fan_out_nothing_is_lost_or_doubled_and_only_the_rest_is_asked_for() {
    let mut drawn = simulator(11, 250);
    drawn.switches.resource_logs.page_size = 50;
    let service = Service::start(drawn);
    // Records of a megabyte make several loads of a few hundred resources.
    for age in 0..4 {
        let bad = trailhouse::simulator::bad::Bad::LongText(1 << 20);
        service.running.plant(&bad, SignedDuration::from_hours(50 + age));
    }
    let whole = home(&service, "");
    whole.ok(&["sync"]);
    let expected = whole.dump();
    let all: BTreeSet<String> = resources_asked(&service).into_iter().collect();
    let synced = || {
        let home = home(&service, "");
        home.ok(&["sync", "acme.audit_logs"]);
        home
    };
    let steps = passed(synced().command(&["sync", RESOURCE_LOGS]));
    assert!(steps.iter().collect::<BTreeSet<_>>().len() >= 7, "{steps:?}");
    let mut is_in_the_middle = false;
    for step in first_and_last(&steps) {
        let home = synced();
        let began = resources_asked(&service).len();
        let name = killed_at(home.command(&["sync", RESOURCE_LOGS]), step).expect("it does not come so far");
        let stopped = resources_asked(&service).len();
        home.ok(&["sync", RESOURCE_LOGS]);
        home.ok(&["sync"]);
        let dump = home.dump();
        let differs = expected.iter().zip(&dump).find(|(left, right)| left != right);
        assert!(
            expected.len() == dump.len() && differs.is_none(),
            "{step} {name}: {}",
            short(&differs)
        );
        assert_whole(&home, &service, &[LOGS, VERSIONS, NOTICES], &name);
        let (before, after) = (
            resources_asked(&service)[began..stopped].to_vec(),
            resources_asked(&service)[stopped..].to_vec(),
        );
        let both: BTreeSet<String> = before.iter().chain(&after).cloned().collect();
        assert!(both.is_superset(&all), "{step} {name}: not all are asked for");
        is_in_the_middle |= after.len() < all.len() && before.len() < all.len();
    }
    assert!(is_in_the_middle);
}

#[test]
fn a_run_stopped_by_a_signal_keeps_its_place() {
    let mut drawn = simulator(12, 300);
    drawn.switches.latency = Duration::from_millis(20);
    let service = Service::start(drawn);
    let home = home(&service, "");
    home.ok(&["sync", "acme.audit_logs"]);
    let mut command = home.command(&["sync", RESOURCE_LOGS]);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let deadline = Instant::now() + Duration::from_secs(60);
    while asked(&service, service::RESOURCE_LOGS).len() < 30 {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(5));
    }
    let killed = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(killed.expect("kill runs").success());
    let stopped = ended(&child.wait_with_output().expect("it ends"));
    assert_eq!(stopped.code, Some(130), "{stopped:?}");
    let first = resources_asked(&service);
    service.running.turn(|switches| switches.latency = Duration::ZERO);
    home.ok(&["sync", RESOURCE_LOGS]);
    let second = resources_asked(&service)[first.len()..].to_vec();
    assert_whole(&home, &service, &[LOGS, VERSIONS], "stopped by SIGINT");
    let again = second.iter().filter(|id| first.contains(id)).count();
    assert!(
        first.len() >= 15 && again <= 10,
        "{again} of {} are asked for again",
        first.len()
    );
}

/// Targets of one resource fail for ever.
fn failing(resource: &str, code: u16) -> Rule {
    let fault = Fault::Status {
        code,
        retry_after: None,
        body: "no".to_owned(),
    };
    let when = When::Target(resource.to_owned());
    Rule {
        when,
        fault,
        times: u32::MAX,
    }
}

#[test]
fn resources_that_cannot_be_listed_do_not_hold_back_the_others() {
    for code in [403, 422, 500, 502] {
        let whole = Service::start(simulator(13, 200));
        home(&whole, "").ok(&["sync"]);
        let resources = resources_asked(&whole);
        let bad: Vec<String> = resources.iter().skip(7).step_by(9).take(6).cloned().collect();
        let mut drawn = simulator(13, 200);
        drawn.faults = bad
            .iter()
            .fold(FaultPlan::none(), |plan, id| plan.with(failing(id, code)));
        let service = Service::start(drawn);
        let home = home(&service, "attempts = 1\nmax_in_flight = 1");
        for run in 0..3 {
            let before = resources_asked(&service).len();
            let sync = home.run(&["sync", SOURCE]);
            assert_eq!(sync.code, Some(3), "{code}: {}", sync.stderr);
            let is_named = |id: &&String| sync.stderr.contains(&format!("resource {id} could not be listed"));
            // Of those that failed before, three in a row are enough for one run, and one more is under way then.
            let expected = if run == 0 { 6 } else { 4 };
            assert_eq!(
                bad.iter().filter(is_named).count(),
                expected,
                "{code} {run}: {}",
                sync.stderr
            );
            let asked = resources_asked(&service).len() - before;
            assert!(
                asked == resources.len() || (run > 0 && asked <= 4),
                "{code} {run}: {asked}"
            );
            assert_eq!(
                home.number("select count(*) from coverage where stream = 'resource_logs'"),
                0
            );
            let gaps = home.query("select reason from coverage_gaps where stream = 'resource_logs'");
            assert_eq!(gaps[0]["reason"], "6 resources could not be listed", "{code}");
        }
        let count = |home: &Home| {
            home.number(
                "select count(distinct resource_id) from activity_logs_revisions where stream = 'resource_logs'",
            )
        };
        assert_eq!(
            count(&home),
            i64::try_from(resources.len() - bad.len()).expect("small"),
            "{code}"
        );
    }
}

#[test]
fn the_state_is_as_small_after_many_runs_as_after_one() {
    let service = Service::start(simulator(14, 150));
    let home = home(&service, "finality = \"1s\"");
    home.ok(&["sync"]);
    let (first, bytes) = state(&home);
    assert!(
        first["fan_out"]["first"]["until"]
            .as_u64()
            .is_some_and(|until| until > 0),
        "{first}"
    );
    for _ in 0..6 {
        service.running.clock().advance(SignedDuration::from_hours(30));
        service.running.arrive(20);
        home.ok(&["sync"]);
    }
    let (last, after) = state(&home);
    assert_eq!(last["fan_out"]["first"]["after"], last["fan_out"]["first"]["until"]);
    assert!(after <= bytes + 200, "{bytes} bytes became {after}: {last}");
}
