//! `probe` of a simulated Zendesk account. Apart from the other service because every question is another.

use std::process::Stdio;

use jiff::Timestamp;
use serde_json::Value;
use tokio::runtime::Runtime;
use trailhouse::simulator::zendesk::door::{API_TOKEN, Forbidden};
use trailhouse::simulator::zendesk::history::{self, History};
use trailhouse::simulator::zendesk::switches::{Bounds, BrokenCursor, Switches};
use trailhouse::simulator::zendesk::{Running, ZendeskSimulator};

use super::Probed;
use crate::environment::{Home, SOURCE, ended};

const MOST_REQUESTS: usize = 12;
const BEARER: &str = "auth = { refresh_token = { env = \"SUPPORT\" } }";
const BASIC: &str = "auth = { email = \"auditor@northwind.example\", api_token = { env = \"SUPPORT\" } }";

type Turn = fn(&mut Switches);

struct Account {
    running: Running,
    home: Home,
    _runtime: Runtime,
}

impl Account {
    fn start(events: usize, turn: impl FnOnce(&mut Switches)) -> Self {
        Self::configured(events, turn, BASIC)
    }

    fn configured(events: usize, turn: impl FnOnce(&mut Switches), lines: &str) -> Self {
        let end_at: Timestamp = "2026-06-30T15:00:00Z".parse().expect("a time");
        let mut simulator = ZendeskSimulator::new(History::draw(&history::Settings::new(4, events, 30, end_at)));
        turn(&mut simulator.switches);
        let runtime = Runtime::new().expect("threads");
        let running = runtime.block_on(simulator.start(0)).expect("it listens");
        let home = Home::new();
        home.write(
            "trailhouse.toml",
            &format!(
                "[sources.{SOURCE}]\nkind = \"zendesk\"\nbase_url = \"{}\"\nbackoff = \"10ms\"\n{lines}\n",
                running.base_url()
            ),
        );
        Self {
            running,
            home,
            _runtime: runtime,
        }
    }

    fn run(&self, arguments: &[&str]) -> crate::environment::Ended {
        let mut command = self.home.command(arguments);
        command.env("SUPPORT", API_TOKEN).stdin(Stdio::null());
        let ended = ended(&command.output().expect("the binary runs"));
        assert!(
            !ended.stdout.contains(API_TOKEN) && !ended.stderr.contains(API_TOKEN),
            "{ended:?}"
        );
        ended
    }

    #[track_caller]
    fn probe(&self) -> Probed {
        let ended = self.run(&["probe", SOURCE, "--format", "json"]);
        let rows: Vec<Value> = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
        let requests = self.running.requests();
        assert!(requests.len() <= MOST_REQUESTS, "{} requests", requests.len());
        assert!(
            requests
                .iter()
                .all(|request| request.method == "GET" || request.target.starts_with("/oauth/"))
        );
        Probed { ended, rows }
    }
}

#[test]
fn an_account_is_found_as_it_is_documented() {
    for events in [60, 900] {
        let probed = Account::start(events, |_| {}).probe();
        assert_eq!(probed.ended.code, Some(0), "{:#?}", probed.rows);
        assert_eq!(probed.rights("audit_logs"), ("let in, and shown rows", "ok"));
        let cursor = if events > 100 {
            "leads on"
        } else {
            "the list is one page"
        };
        probed.says("cursor", cursor, "ok");
        probed.says("sort", "honoured both ways by created_at", "ok");
        probed.says("oldest row", "2026-0", "ok");
        probed.says(
            "window of time",
            "honoured: its start is inclusive, its end inclusive",
            "ok",
        );
        probed.says("filter by action", "honoured", "ok");
        probed.says("offset mode", &format!("there, {events} rows"), "ok");
        let (limits, _) = probed.finding("rate limits");
        assert!(limits.contains("x-rate-limit 700"), "{limits}");
        probed.says("credentials", "an e-mail address with an API token", "note");
    }
}

#[test]
fn bounds_are_found_under_every_setting() {
    for (start_inclusive, end_inclusive) in [(true, true), (true, false), (false, true), (false, false)] {
        for short_pages in [false, true] {
            let account = Account::start(900, |switches| {
                switches.bounds = Bounds {
                    start_inclusive,
                    end_inclusive,
                };
                switches.short_pages = short_pages;
            });
            let probed = account.probe();
            let word = |inclusive| if inclusive { "inclusive" } else { "exclusive" };
            let finding = format!(
                "honoured: its start is {}, its end {}",
                word(start_inclusive),
                word(end_inclusive)
            );
            let said = probed.finding("window of time").0;
            assert!(
                said == finding || short_pages && said.contains("cannot be told"),
                "{said}, not {finding}"
            );
        }
    }
}

#[test]
fn what_is_ignored_is_found() {
    for (ignored, question, finding, level, code) in [
        (
            "created_at",
            "window of time",
            "ignored: rows came from beyond",
            "look",
            3,
        ),
        ("action", "filter by action", "filter[action] is ignored", "look", 3),
        ("sort", "sort", "ignored: rows come newest first", "note", 0),
    ] {
        let probed = Account::start(900, |switches| switches.ignored = vec![ignored]).probe();
        probed.says(question, finding, level);
        assert_eq!(probed.ended.code, Some(code), "{:#?}", probed.rows);
    }
    for broken in [BrokenCursor::Null, BrokenCursor::Repeated] {
        let probed = Account::start(900, |switches| switches.broken_cursor = Some(broken)).probe();
        assert_eq!(probed.finding("cursor").1, "look", "{broken:?}");
        assert_eq!(probed.ended.code, Some(3));
    }
}

#[test]
fn every_setting_that_can_be_read_exactly_is_found_sound() {
    for seed in 0..12 {
        let probed = Account::start(700, |switches| *switches = Switches::drawn(seed)).probe();
        assert_eq!(probed.ended.code, Some(0), "seed {seed}: {:#?}", probed.rows);
    }
}

#[test]
fn the_cap_of_offset_mode_is_found() {
    let lines = format!("{BASIC}\npagination = \"offset\"");
    let probed = Account::configured(12_000, |_| {}, &lines).probe();
    probed.says("offset mode", "stops after 10000 of 12000 rows (400)", "note");
    let deep = |switches: &mut Switches| (switches.cap.pages, switches.cap.records) = (1_000, 1_000_000);
    Account::start(12_000, deep)
        .probe()
        .says("offset mode", "there, also beyond 10000 of 12000 rows", "ok");
}

#[test]
fn rights_and_scope_are_told_apart() {
    let cases: [(Turn, &str); 3] = [
        (
            |switches| switches.access.forbidden = Some(Forbidden::Plan),
            "no right to it: 403",
        ),
        (
            |switches| switches.access.forbidden = Some(Forbidden::Scope),
            "no right to it: 403",
        ),
        (
            |switches| switches.access.api_token = "another".to_owned(),
            "not let in: 401",
        ),
    ];
    for (turn, finding) in cases {
        let probed = Account::start(100, turn).probe();
        let said = probed.rights("audit_logs");
        assert!(said.0.starts_with(finding) && said.1 == "refused", "{said:?}");
        assert_eq!(probed.ended.code, Some(2));
    }
    let scope = Account::start(100, |switches| switches.access.forbidden = Some(Forbidden::Scope)).probe();
    assert!(
        scope
            .rights("audit_logs")
            .0
            .contains("missing the following required scopes")
    );
    let refused = Account::configured(100, |_| {}, BEARER).probe();
    assert_eq!(
        (refused.ended.code, refused.rights("audit_logs").1),
        (Some(2), "refused")
    );
}

#[test]
fn a_sync_warns_once_of_tokens_that_end() {
    let account = Account::start(100, |_| {});
    let ended = account.run(&["sync"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let warnings = ended.stderr.matches("API tokens stop working on 2027-04-30").count();
    assert_eq!(warnings, 1, "{}", ended.stderr);
}
