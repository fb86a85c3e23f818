//! What a server does not offer, refuses or hides: said once, never taken for silence, and no failure where another stream works.

use trailhouse::simulator::switches::{Notifications, Offer, Switches, UnknownResource};

use super::{NOTICES, asked, assert_exact, assert_whole, home, resources_asked};
use crate::environment::{Home, Service, simulator};

fn with(switches: impl FnOnce(&mut Switches)) -> Service {
    let mut drawn = simulator(21, 200);
    switches(&mut drawn.switches);
    Service::start(drawn)
}

fn nothing_is_claimed(home: &Home, stream: &str) -> bool {
    home.number(&format!("select count(*) from coverage where stream = '{stream}'")) == 0
}

type Turn = fn(&mut Switches);

#[test]
fn streams_that_are_absent_are_said_once_and_are_no_failure() {
    let service = with(|switches| {
        switches.resource_logs.offer = Offer::Absent;
        switches.notifications.workspace = Offer::Absent;
        switches.notifications.resource = Offer::Absent;
    });
    let home = home(&service, "");
    for _ in 0..3 {
        let sync = home.ok(&["sync"]);
        assert_eq!(
            sync.stderr.matches("is not offered by this server").count(),
            2,
            "{}",
            sync.stderr
        );
        assert!(nothing_is_claimed(&home, "resource_logs") && nothing_is_claimed(&home, "notifications"));
        assert_eq!(home.number("select count(*) from coverage_gaps"), 0);
    }
    assert!(resources_asked(&service).len() <= 90);
    for stream in ["acme.resource_logs", "acme.notifications"] {
        let sync = home.run(&["sync", stream]);
        assert_eq!(sync.code, Some(1), "{}", sync.stderr);
    }
    service.running.turn(|switches| {
        switches.resource_logs.offer = Offer::Open;
        switches.notifications.workspace = Offer::Open;
    });
    home.ok(&["sync"]);
    assert_whole(
        &home,
        &service,
        &[super::LOGS, super::VERSIONS, NOTICES],
        "offered after all",
    );
}

#[test]
fn a_stream_that_vanishes_is_a_gap_and_taken_up_again_when_it_is_back() {
    let service = with(|_| {});
    let home = home(&service, "");
    home.ok(&["sync"]);
    let hidden: [(&str, Turn); 2] = [
        ("is not offered by this server", |switches| {
            switches.resource_logs.offer = Offer::Absent
        }),
        ("none of its lists shows anything", |switches| {
            switches.resource_logs.unknown_resource = UnknownResource::Empty;
            switches.sees_nothing = true;
        }),
    ];
    for (said, hide) in hidden {
        service.running.arrive(5);
        service.running.clock().advance(jiff::SignedDuration::from_hours(3));
        let sync = home.run(&["sync", "acme.audit_logs"]);
        assert_eq!(sync.code, Some(0), "{}", sync.stderr);
        service.running.turn(hide);
        let sync = home.run(&["sync", "acme.resource_logs"]);
        assert_eq!(sync.code, Some(1), "{}", sync.stderr);
        assert!(sync.stderr.contains(said), "{}", sync.stderr);
        let gaps = home.query("select reason from coverage_gaps where stream = 'resource_logs'");
        assert!(
            gaps.len() == 1
                && gaps[0]["reason"]
                    .as_str()
                    .is_some_and(|reason| reason.starts_with(said)),
            "{gaps:?}"
        );
        service.running.turn(|switches| {
            switches.resource_logs.offer = Offer::Open;
            switches.sees_nothing = false;
        });
        home.ok(&["sync"]);
        assert_whole(&home, &service, &[super::LOGS, super::VERSIONS], said);
        assert_eq!(home.number("select count(*) from coverage_gaps"), 0);
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of addresses")]
fn notifications_come_from_where_they_are() {
    let absent = Notifications {
        workspace: Offer::Absent,
        ..Notifications::default()
    };
    let forbidden = Notifications {
        workspace: Offer::Forbidden,
        ..Notifications::default()
    };
    let cases = [
        (
            "bare",
            Notifications {
                bare: Offer::Open,
                ..absent.clone()
            },
            Some(0),
            true,
        ),
        (
            "bare beside a refused one",
            Notifications {
                bare: Offer::Open,
                ..forbidden.clone()
            },
            Some(0),
            true,
        ),
        ("by resource", absent.clone(), Some(0), false),
        ("by resource beside a refused one", forbidden.clone(), Some(0), false),
        (
            "forbidden everywhere",
            Notifications {
                resource: Offer::Forbidden,
                bare: Offer::Forbidden,
                ..forbidden.clone()
            },
            Some(2),
            false,
        ),
        (
            "forbidden or absent",
            Notifications {
                resource: Offer::Absent,
                ..forbidden
            },
            Some(2),
            false,
        ),
    ];
    for (name, lists, code, is_whole) in cases {
        let service = with(|switches| switches.notifications = lists);
        let home = home(&service, "");
        let sync = home.run(&["sync"]);
        assert_eq!(sync.code, code, "{name}: {}", sync.stderr);
        assert_exact(&home, &service, &[NOTICES], name);
        let rows = home.number("select count(*) from notifications");
        if code == Some(2) {
            assert!(rows == 0 && nothing_is_claimed(&home, "notifications"), "{name}");
            assert!(sync.stderr.contains("403"), "{name}: {}", sync.stderr);
            continue;
        }
        let of_resources = service
            .running
            .truth()
            .notifications
            .values()
            .flatten()
            .filter(|row| row["resource_id"].is_string())
            .count();
        let expected = if is_whole {
            service.running.truth().notifications.len()
        } else {
            of_resources
        };
        assert_eq!(usize::try_from(rows).expect("small"), expected, "{name}");
        let finals = "select count(*) from coverage where stream = 'notifications' and state = 'final'";
        assert_eq!(home.number(finals) > 0, is_whole, "{name}");
    }
}

#[test]
fn without_audit_logs_in_the_lake_nothing_is_asked_and_that_is_said() {
    let service = with(|_| {});
    let home = home(&service, "");
    let sync = home.run(&["sync", "acme.resource_logs"]);
    assert_eq!(sync.code, Some(3), "{}", sync.stderr);
    assert!(
        sync.stderr
            .contains("the lake has none yet: sync acme.audit_logs first"),
        "{}",
        sync.stderr
    );
    assert!(service.running.requests().is_empty());
    // Whatever order they are configured in, the one comes before the other.
    home.configure(
        &service.running.base_url(),
        "streams = [\"resource_logs\", \"audit_logs\"]",
    );
    home.ok(&["sync"]);
    assert_whole(&home, &service, &[super::LOGS, super::VERSIONS], "in any order");
}

#[test]
fn resources_the_service_does_not_know_are_passed_over() {
    for unknown_resource in [UnknownResource::NotFound, UnknownResource::Empty] {
        let service = with(|switches| switches.resource_logs.unknown_resource = unknown_resource);
        let home = home(&service, "");
        let log = |number: u32| {
            let resource = format!("{number:08x}-0000-4000-8000-000000000000");
            let at = "2026-06-29T12:00:00Z";
            serde_json::json!({ "id": format!("gone-{number}"), "resource_id": resource, "logged_at": at, "created_at": at, "updated_at": at, "activity_type": "x" }).to_string()
        };
        home.ok(&["sync", "acme.audit_logs"]);
        home.write("gone.jsonl", &(0..15).map(log).collect::<Vec<_>>().join("\n"));
        home.ok(&["import", "acme.audit_logs", "gone.jsonl"]);
        let sync = home.ok(&["sync"]);
        assert_whole(&home, &service, &[super::LOGS, super::VERSIONS], &sync.stderr);
        assert!(
            asked(
                &service,
                "/api/v1/activity_log/resource_logs/?page=1&resource_id=0000000"
            )
            .len()
                == 15
        );
        assert_eq!(home.number("select count(*) from coverage_gaps"), 0);
        assert_eq!(
            home.number("select count(*) from coverage where stream = 'resource_logs'"),
            home.number("select count(*) from coverage where stream = 'audit_logs'")
        );
    }
}
