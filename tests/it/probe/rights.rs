//! Rights, answers that never come, and answers that mean harm.

use serde_json::json;
use trailhouse::simulator::Simulator;
use trailhouse::simulator::faults::{Fault, FaultPlan, When};
use trailhouse::simulator::switches::{Offer, UnknownResource};

use super::kept::kept;
use super::{Probed, operators, pages_of, probed};
use crate::environment::{Home, SOURCE, Service, TOKEN};

#[test]
fn credentials_that_do_not_suffice_are_told_apart() {
    let turned = |turn: fn(&mut Simulator)| {
        let mut drawn = pages_of(100, 20);
        turn(&mut drawn);
        probed(drawn)
    };
    let cases = [
        turned(|drawn| drawn.switches.forbidden = true),
        turned(|drawn| drawn.faults = FaultPlan::once(When::Request(1), Fault::KeyRevoked)),
    ];
    for (probed, (words, status)) in cases.iter().zip([("no right to it", "403"), ("not let in", "401")]) {
        assert_eq!(probed.ended.code, Some(2), "{:#?}", probed.rows);
        for stream in ["audit_logs", "notifications"] {
            let (finding, level) = probed.rights(stream);
            assert!(
                finding.starts_with(words) && finding.contains(status) && level == "refused",
                "{finding}"
            );
        }
    }
    let nothing = turned(|drawn| drawn.switches.sees_nothing = true);
    assert_eq!((nothing.ended.code, nothing.rights("audit_logs").1), (Some(3), "look"));
    let offers = [
        (Offer::Forbidden, Offer::Absent, "no right to it: 403", "refused", 2),
        (Offer::Absent, Offer::Absent, "not offered: 404", "note", 0),
        (
            Offer::Absent,
            Offer::Open,
            "let in at /notification/workspace/",
            "ok",
            0,
        ),
    ];
    for (workspace, bare, finding, level, code) in offers {
        let mut drawn = pages_of(100, 20);
        let notifications = &mut drawn.switches.notifications;
        (notifications.workspace, notifications.bare, notifications.resource) = (workspace, bare, Offer::Absent);
        let probed = probed(drawn);
        let said = probed.rights("notifications");
        assert!(said.0.starts_with(finding) && said.1 == level, "{said:?}");
        assert_eq!(probed.ended.code, Some(code));
    }
    let per_resource = turned(|drawn| drawn.switches.notifications.workspace = Offer::Forbidden);
    assert!(
        per_resource
            .rights("notifications")
            .0
            .starts_with("let in for single resources")
    );
    let few_days = turned(|drawn| drawn.switches.notifications.most_days = Some(90));
    assert!(few_days.rights("notifications").0.ends_with("for 90 days"));
    let without = turned(|drawn| drawn.switches.resource_logs.offer = Offer::Forbidden);
    assert_eq!(
        (without.ended.code, without.rights("resource_logs").1),
        (Some(2), "refused")
    );
    let unknown = turned(|drawn| drawn.switches.resource_logs.unknown_resource = UnknownResource::NotFound);
    assert_eq!(unknown.rights("resource_logs").1, "ok");
}

#[test]
fn a_service_that_does_not_answer_is_a_failure() {
    let home = Home::new();
    home.configure("http://127.0.0.1:9", "attempts = 1");
    let probed = Probed::of(&home);
    assert_eq!(probed.ended.code, Some(1));
    assert!(
        probed
            .rights("audit_logs")
            .0
            .starts_with("no answer: connection failed")
    );
    assert!(!kept(&home).exists());
    let ended = home.run(&["probe", "elsewhere"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("unknown source `elsewhere`"), "{}", ended.stderr);
}

#[test]
fn hostile_answers_are_harmless_and_show_no_secret() {
    let hostile = format!("\u{1b}]0;title\u{7}\u{202e}{TOKEN}\r\n=cmd()");
    let quoted = json!({ "results": [], "meta": { "page": hostile } }).to_string();
    let bodies = [
        (403, hostile.clone()),
        (401, hostile.clone()),
        (400, hostile),
        (200, quoted),
    ];
    for (code, body) in bodies {
        let mut drawn = pages_of(60, 20);
        drawn.faults = FaultPlan::always(
            When::Always,
            Fault::Status {
                code,
                retry_after: None,
                body,
            },
        );
        let service = Service::start(drawn);
        let home = Home::of(&service);
        for format in ["table", "csv", "json"] {
            let ended = home.run(&["probe", SOURCE, "--format", format]);
            assert!(matches!(ended.code, Some(1 | 2)), "{ended:?}");
            let shown = format!("{}{}", ended.stdout, ended.stderr);
            assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202e}', '\r']), "{shown:?}");
            assert!(!shown.contains(TOKEN));
        }
    }
    let mut drawn = pages_of(60, 20);
    drawn.switches.date_operators = Some(operators("lt", "gte"));
    let service = Service::start(drawn);
    let home = Home::of(&service);
    home.ok(&["probe", SOURCE]);
    let file = std::fs::read_to_string(kept(&home)).expect("a file");
    assert!(!file.contains(TOKEN) && file.contains("\"lt\""), "{file}");
}
