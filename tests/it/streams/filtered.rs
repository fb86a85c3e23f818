//! What a user narrows a stream to: a coverage of its own that never stands for the whole, and rows that are checked.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::Value;
use trailhouse::simulator::service::{RESOURCE_LOGS, WORKSPACE_NOTIFICATIONS};
use trailhouse::simulator::switches::UnknownOperator;

use super::{ALL, LOGS, NOTICES, asked, assert_exact, home, resources_asked};
use crate::environment::{Home, SOURCE, Service, simulator};

fn filtered(service: &Service, stream: &str, filter: &str) -> Home {
    home(service, &format!("[sources.{SOURCE}.filters.{stream}]\n{filter}"))
}

/// A value of a member of some notification.
fn value_of(service: &Service, pointer: &str) -> String {
    let truth = service.running.truth();
    let mut rows = truth.notifications.values().flatten();
    let value = rows.find_map(|row| row.pointer(pointer)?.as_str());
    value.expect("a value").to_owned()
}

type Meets = fn(&Value) -> bool;

#[test]
fn any_expression_of_the_grammar_narrows_the_audit_logs() {
    let cases: [(&str, Meets); 5] = [
        (
            r#"{ operator = "exact", field = "performer_type", value = "USER" }"#,
            |row| row["performer_type"] == "USER",
        ),
        (
            r#"{ operator = "in", field = "resource_type", value = ["USER", "TEAM"] }"#,
            |row| row["resource_type"] == "USER" || row["resource_type"] == "TEAM",
        ),
        (r#"{ operator = "is_set", field = "parent_id" }"#, |row| {
            !row["parent_id"].is_null()
        }),
        (
            r#"{ operator = "not", operands = [{ operator = "exact", field = "performer_type", value = "USER" }] }"#,
            |row| row["performer_type"] != "USER",
        ),
        (
            r#"{ operator = "or", operands = [{ operator = "contains", field = "activity_type", value = "update" }, { operator = "is_set", field = "version_history_id" }] }"#,
            |row| {
                row["activity_type"]
                    .as_str()
                    .is_some_and(|kind| kind.contains("update"))
                    || !row["version_history_id"].is_null()
            },
        ),
    ];
    let service = Service::start(simulator(31, 300));
    for (filter, is_meant) in cases {
        let home = filtered(&service, "audit_logs", &format!("filter = {filter}"));
        let sync = home.ok(&["sync", "acme.audit_logs"]);
        assert!(!sync.stderr.contains("ignore"), "{filter}: {}", sync.stderr);
        let meant = service
            .running
            .truth()
            .latest()
            .values()
            .filter(|row| is_meant(row))
            .count();
        assert!(meant > 0, "{filter}");
        assert_eq!(
            home.number("select count(*) from activity_logs"),
            i64::try_from(meant).expect("small"),
            "{filter}"
        );
        assert_eq!(
            home.number("select count(*) from coverage where stream = 'audit_logs'"),
            0,
            "{filter}"
        );
        assert!(
            home.number("select count(*) from coverage where stream like 'audit_logs?%'") > 0,
            "{filter}"
        );
    }
}

#[test]
fn what_a_filter_leaves_out_is_a_gap_beside_what_was_collected_whole() {
    let service = Service::start(simulator(35, 120));
    let home = home(&service, "");
    home.ok(&["sync", "acme.audit_logs"]);
    let gaps = "select count(*) from coverage_gaps where stream = 'audit_logs'";
    assert_eq!(home.number(gaps), 0);
    let only = r#"filter = { operator = "exact", field = "performer_type", value = "USER" }"#;
    let narrowed = format!("{ALL}\n[sources.{SOURCE}.filters.audit_logs]\n{only}");
    home.configure(&service.running.base_url(), &narrowed);
    service.running.clock().advance(SignedDuration::from_hours(48));
    home.ok(&["sync", "acme.audit_logs"]);
    let covered = "(select max(to_at) from coverage where stream = 'audit_logs')";
    let told = format!("{gaps} and starts_with(reason, 'only what the filter') and gap_from = {covered}");
    assert_eq!(home.number(&told), 1);
}

#[test]
fn a_service_that_ignores_an_expression_is_named() {
    for unknown_operator in [
        UnknownOperator::Everything,
        UnknownOperator::Nothing,
        UnknownOperator::BadRequest,
    ] {
        let mut drawn = simulator(32, 120);
        drawn.switches.unknown_operator = unknown_operator;
        let service = Service::start(drawn);
        let unknown = r#"filter = { operator = "and", operands = [{ operator = "like", field = "resource_id", value = "x" }, { operator = "exact", field = "performer_type", value = "ROBOT" }] }"#;
        let home = filtered(&service, "audit_logs", unknown);
        let sync = home.run(&["sync", "acme.audit_logs"]);
        match unknown_operator {
            UnknownOperator::BadRequest => assert_eq!(sync.code, Some(1), "{}", sync.stderr),
            _ => assert_eq!(sync.code, Some(0), "{}", sync.stderr),
        }
        assert_eq!(
            home.number("select count(*) from coverage where stream = 'audit_logs'"),
            0
        );
    }
}

#[test]
fn resource_logs_follow_filtered_audit_logs_and_claim_nothing() {
    let service = Service::start(simulator(33, 200));
    let home = filtered(
        &service,
        "audit_logs",
        r#"filter = { operator = "exact", field = "performer_type", value = "USER" }"#,
    );
    home.ok(&["sync"]);
    assert_exact(&home, &service, &[LOGS, NOTICES], "filtered audit logs");
    assert!(home.number("select count(*) from activity_logs_revisions where stream = 'resource_logs'") > 0);
    assert_eq!(
        home.number("select count(*) from coverage where stream = 'resource_logs'"),
        0
    );
}

#[test]
fn chosen_resources_alone_are_listed() {
    let service = Service::start(simulator(34, 200));
    home(&service, "").ok(&["sync"]);
    let all = resources_asked(&service);
    let chosen = [all[3].clone(), all[9].clone()];
    let home = filtered(
        &service,
        "resource_logs",
        &format!("resource_id = [\"{}\", \"{}\"]", chosen[1], chosen[0]),
    );
    home.ok(&["sync"]);
    let asked_for: BTreeSet<String> = resources_asked(&service)[all.len()..].iter().cloned().collect();
    assert_eq!(asked_for, BTreeSet::from(chosen.clone()));
    let others = format!(
        "select count(*) from activity_logs_revisions where stream = 'resource_logs' and resource_id not in ('{}', '{}')",
        chosen[0], chosen[1]
    );
    assert_eq!(home.number(&others), 0);
    assert_eq!(
        home.number("select count(*) from coverage where stream = 'resource_logs'"),
        0
    );
    assert!(home.number("select count(*) from coverage where stream like 'resource_logs?%'") > 0);
    assert!(
        asked(&service, RESOURCE_LOGS)
            .iter()
            .all(|target| !target.contains("page_size"))
    );
}

#[test]
fn notifications_are_asked_for_by_sender_resource_days_and_page_size() {
    let service = Service::start(simulator(35, 300));
    let (sender, resource) = (value_of(&service, "/sender/id"), value_of(&service, "/resource_id"));
    let count = |is_meant: &dyn Fn(&Value) -> bool| {
        let truth = service.running.truth();
        i64::try_from(
            truth
                .notifications
                .values()
                .flatten()
                .filter(|row| is_meant(row))
                .count(),
        )
        .expect("small")
    };
    let recent = (service.running.clock().now() - jiff::SignedDuration::from_hours(24 * 9)).to_string();
    let cases = [
        (
            format!("sender_id = \"{sender}\""),
            count(&|row| row["sender"]["id"] == *sender),
            true,
        ),
        (
            format!("resource_id = \"{resource}\""),
            count(&|row| row["resource_id"] == *resource),
            true,
        ),
        (
            "days = 9".to_owned(),
            count(&|row| row["created_at"].as_str().is_some_and(|at| at >= recent.as_str())),
            false,
        ),
        ("page_size = 3".to_owned(), count(&|_| true), false),
    ];
    for (filter, expected, is_narrowed) in cases {
        let home = filtered(&service, "notifications", &filter);
        let sync = home.ok(&["sync"]);
        assert!(!sync.stderr.contains("ignore"), "{filter}: {}", sync.stderr);
        assert_eq!(home.number("select count(*) from notifications"), expected, "{filter}");
        let whole = home.number("select count(*) from coverage where stream = 'notifications'");
        assert_eq!(whole == 0, is_narrowed, "{filter}");
        home.ok(&["sync"]);
    }
    let sent = asked(&service, WORKSPACE_NOTIFICATIONS).join("\n");
    assert!(
        sent.contains("page_size=3&") || sent.contains("page_size=3\n"),
        "{sent}"
    );
}

#[test]
fn a_filter_that_the_lists_of_resources_ignore_is_named() {
    let mut drawn = simulator(36, 200);
    drawn.switches.notifications.workspace = trailhouse::simulator::switches::Offer::Absent;
    let service = Service::start(drawn);
    let home = filtered(&service, "notifications", "days = 2");
    let sync = home.ok(&["sync"]);
    assert!(
        sync.stderr
            .contains("does not let through: the service seems to ignore it"),
        "{}",
        sync.stderr
    );
}
