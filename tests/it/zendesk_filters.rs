//! Zendesk's filters from the configuration, through the real binary: exactly their rows, a coverage of their own, and never
//! a claim to be complete.

use serde_json::Value;
use trailhouse::simulator::zendesk::switches::Switches;

use crate::environment::{Account, Home, account};
use crate::zendesk_truth::{BOTH, EARLIEST, assert_covered, assert_exact, assert_same, coverage, expected, held, now};

fn filtered(pagination: &str, keys: &str) -> String {
    format!("{pagination}\n[sources.acme.filters.audit_logs]\n{keys}")
}

fn streams(home: &Home) -> Vec<String> {
    let rows = home.query("select distinct stream from coverage order by stream");
    let name = |row: &Value| row["stream"].as_str().expect("a name").to_owned();
    rows.iter().map(name).collect()
}

#[test]
fn every_filter_gives_exactly_its_rows_under_a_coverage_of_its_own() {
    let truth = Account::start(account(3, 1_200)).running.truth().records;
    let sample = truth
        .values()
        .find(|row| row["ip_address"].is_string() && row["source_id"].is_i64() && row["source_type"] != "account")
        .expect("a row");
    let one = |column: &'static str| {
        let value = sample[column].clone();
        let keys = format!("{column} = {value}");
        (keys, vec![(column, vec![value])])
    };
    let (kind, id) = (one("source_type"), one("source_id"));
    let both = (format!("{}\n{}", kind.0, id.0), [kind.1.clone(), id.1].concat());
    let cases = [
        one("action"),
        one("actor_id"),
        one("ip_address"),
        kind,
        both,
        ("actor_id = -1".to_owned(), vec![("actor_id", vec![(-1).into()])]),
        (
            "action = [\"login\", \"destroy\"]".to_owned(),
            vec![("action", vec!["login".into(), "destroy".into()])],
        ),
    ];
    for (number, (keys, asked)) in cases.iter().enumerate() {
        let mut simulator = account(3, 1_200);
        simulator.switches = Switches::drawn(u64::try_from(number).expect("small"));
        simulator.switches.shape = Switches::default().shape;
        let account = Account::start(simulator);
        let home = Home::of_account(&account, &filtered(BOTH[number % 2], keys));
        home.ok(&["sync"]);
        let passes = |row: &Value| asked.iter().all(|(column, values)| values.contains(&row[*column]));
        let expected = expected(&account, passes);
        assert!(!expected.is_empty(), "{keys}");
        assert_same(&held(&home), &expected, keys);
        let streams = streams(&home);
        assert!(
            streams.len() == 1 && streams[0].starts_with("audit_logs?"),
            "{streams:?}"
        );
        let gap = home.query("select stream, reason from coverage_gaps");
        assert_eq!((gap.len(), &gap[0]["stream"]), (1, &"audit_logs".into()), "{gap:?}");
        assert!(
            gap[0]["reason"]
                .as_str()
                .is_some_and(|reason| reason.contains("filter")),
            "{gap:?}"
        );
        let report = home.run(&[
            "report",
            "run",
            "activity_summary",
            "--period",
            "2026-06",
            "--format",
            "json",
        ]);
        assert!(report.stdout.contains("only what the filter"), "{}", report.stdout);
        home.ok(&["sync"]);
        assert_same(&held(&home), &expected, keys);
    }
}

#[test]
fn a_filter_that_comes_or_goes_keeps_both_coverages_and_doubles_no_rows() {
    for first in ["", "action = \"login\""] {
        let account = Account::start(account(4, 600));
        let configure = |home: &Home, keys: &str| {
            let auth = "email = \"auditor@northwind.example\", api_token = { env = \"ACME_TOKEN\" }";
            let more = if keys.is_empty() {
                String::new()
            } else {
                filtered("", keys)
            };
            home.configure_account(&account, auth, &more);
        };
        let home = Home::new();
        let second = if first.is_empty() { "action = \"login\"" } else { "" };
        for keys in [first, second, first] {
            configure(&home, keys);
            home.ok(&["sync"]);
            home.ok(&["verify"]);
        }
        assert_exact(&home, &account, first);
        assert_eq!(streams(&home), ["audit_logs", "audit_logs?action=login"]);
        assert_eq!(home.number("select count(*) from coverage_gaps"), 0);
        assert_eq!(
            coverage(&home).iter().filter(|interval| interval.1 == EARLIEST).count(),
            2
        );
        home.ok(&["rebuild"]);
        assert_exact(&home, &account, first);
    }
}

#[test]
fn a_service_that_ignores_a_filter_is_named() {
    let cases = [("action", "action = \"login\""), ("actor_id", "actor_id = -1")];
    for pagination in BOTH {
        for (column, keys) in cases {
            let mut simulator = account(6, 400);
            simulator.switches.ignored = vec![column];
            let account = Account::start(simulator);
            let home = Home::of_account(&account, &filtered(pagination, keys));
            let sync = home.run(&["sync"]);
            assert_eq!(sync.code, Some(1), "{}", sync.stderr);
            let named = format!("the service ignores filter[{column}]");
            assert!(
                sync.stderr.contains(&named) && sync.stderr.contains("hint: "),
                "{}",
                sync.stderr
            );
            assert!(!coverage(&home).iter().any(|interval| interval.0 != "not_offered"));
        }
        let mut simulator = account(6, 400);
        simulator.switches.ignored = vec!["created_at"];
        let account = Account::start(simulator);
        let home = Home::of_account(&account, pagination);
        let sync = home.run(&["sync"]);
        assert_eq!(sync.code, Some(1), "{}", sync.stderr);
        assert!(sync.stderr.contains("ignores filter[created_at]"), "{}", sync.stderr);
        account.running.turn(|switches| switches.ignored.clear());
        home.ok(&["sync"]);
        assert_exact(&home, &account, "once it is honoured again");
        assert_covered(&home, now(&account));
    }
}
