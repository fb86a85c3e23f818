//! Every fault of the network on the way of the resource logs and the notifications: what a user is told, with which exit code,
//! and that the next run has everything.

use std::time::Duration;

use jiff::SignedDuration;
use trailhouse::simulator::faults::{Fault, FaultPlan, RetryAfter, Rule, When};
use trailhouse::simulator::switches::DateHeader;
use trailhouse::simulator::trap::Trap;

use super::{ALL, LOGS, NOTICES, VERSIONS, assert_sound, assert_whole, quick_faults};
use crate::environment::{Home, Service, simulator};

fn status(code: u16, retry_after: Option<RetryAfter>) -> Fault {
    Fault::Status {
        code,
        retry_after,
        body: "{\"detail\":\"no\"}".to_owned(),
    }
}

/// Every answer from the middle of a stream on fails; the next run is without faults.
#[test]
fn a_fault_that_lasts_ends_the_stream_and_the_next_run_has_the_rest() {
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let trap = runtime.block_on(Trap::open()).expect("a trap");
    let now = Some(RetryAfter::Seconds(0));
    let faults = [
        ("401", status(401, None), 2),
        ("403", status(403, None), 2),
        ("429", status(429, now), 3),
        ("500", status(500, None), 3),
        ("503", status(503, now), 3),
        ("HTML", Fault::HtmlWith200, 3),
        ("truncated JSON", Fault::TruncatedJson, 3),
        ("a cut connection", Fault::CutConnection, 3),
        ("a reset", Fault::Reset, 3),
        ("a stall", Fault::Stall(Duration::from_secs(30)), 3),
        ("a redirect", Fault::RedirectTo(trap.base_url()), 3),
    ];
    for (name, fault, code) in faults {
        for list in ["/resource_logs/", "/notification/workspace/"] {
            let mut drawn = simulator(41, 60);
            drawn.switches.notifications.page_size = 10;
            drawn.switches.notifications.page_size_honoured = false;
            let what = format!("{name} of {list}");
            let service = Service::start(drawn);
            let home = Home::new();
            let more = format!("{ALL}\nattempts = 1\nmax_in_flight = 1");
            home.configure(&service.running.base_url(), &more);
            home.ok(&["sync", "acme.audit_logs"]);
            let seen = u64::try_from(service.running.requests().len()).expect("small");
            let is_resource = list == "/resource_logs/";
            // Three resources in a row are the service's fault; of the other list one page is enough.
            let (when, times) = if is_resource {
                (When::From(seen + 12), 4)
            } else {
                (When::Target(format!("{list}?page=2&")), 1)
            };
            let fault = fault.clone();
            service.running.add_fault(Rule { when, fault, times });
            let config = std::fs::read_to_string(home.path().join("trailhouse.toml")).expect("the file");
            home.write(
                "trailhouse.toml",
                &config.replace("timeout = \"5s\"", "timeout = \"300ms\""),
            );
            let sync = home.run(&["sync"]);
            assert_eq!(sync.code, Some(code), "{what}\n{}", sync.stderr);
            let is_said =
                sync.stderr.contains("hint: ") || sync.stderr.contains(" is a gap: page 2 could not be read: ");
            assert!(is_said, "{what}\n{}", sync.stderr);
            // Answers that were under way beside the fault may not have been taken.
            assert_sound(&home, &service, &[LOGS, VERSIONS, NOTICES], &what);
            let mut sync = home.run(&["sync"]);
            for _ in 0..3 {
                if sync.code == Some(0) {
                    break;
                }
                sync = home.run(&["sync"]);
            }
            assert_eq!(sync.code, Some(0), "{what}\n{}", sync.stderr);
            assert_whole(&home, &service, &[LOGS, VERSIONS, NOTICES], &what);
            assert_eq!(home.number("select count(*) from coverage_gaps"), 0, "{what}");
        }
    }
    assert!(!trap.saw_authorization(), "the token was sent to another host");
}

#[test]
fn transient_faults_gzip_and_any_date_change_nothing() {
    let hours = |hours| DateHeader::Skewed(SignedDuration::from_hours(hours));
    let cases = [
        (DateHeader::Clock, true),
        (DateHeader::Absent, false),
        (hours(30), true),
        (hours(-30), false),
    ];
    for (date, gzip) in cases {
        let mut drawn = simulator(42, 150);
        drawn.switches.date = date;
        drawn.switches.gzip = gzip;
        drawn.faults = FaultPlan::transient(7, 30);
        let what = format!("{date:?} gzip {gzip}");
        let service = Service::start(drawn);
        let home = Home::new();
        home.configure(&service.running.base_url(), ALL);
        home.ok(&["sync"]);
        assert_whole(&home, &service, &[LOGS, VERSIONS, NOTICES], &what);
        assert_eq!(home.number("select count(*) from coverage_gaps"), 0, "{what}");
    }
}

#[test]
fn lists_that_fall_behind_when_the_service_slows_them_down_still_end() {
    let mut drawn = simulator(43, 150);
    drawn.switches.resource_logs.page_size = 1;
    drawn.faults = quick_faults(3, 200);
    let service = Service::start(drawn);
    let home = Home::new();
    home.configure(&service.running.base_url(), &format!("{ALL}\nmax_in_flight = 8"));
    home.ok(&["sync"]);
    assert_whole(&home, &service, &[LOGS, VERSIONS, NOTICES], "slowed down");
}
