//! What goes wrong in other loaders of Zendesk's audit logs, each by name, shown to be absent from the real binary. Those
//! that a single window shows are in `zendesk`.

use jiff::{SignedDuration, Timestamp};
use trailhouse::simulator::faults::{Fault, FaultPlan, Rule, When};
use trailhouse::simulator::zendesk::door::Forbidden;
use trailhouse::simulator::zendesk::history::{self, History};
use trailhouse::simulator::zendesk::switches::{BrokenCursor, Switches};
use trailhouse::simulator::zendesk::{ZendeskSimulator, bad::Bad};

use crate::environment::{Account, Home, account};
use crate::zendesk_truth::{
    BOTH, DAY, EARLIEST, SETTLE, assert_covered, assert_exact, assert_same, coverage, expected, held, now,
};

fn oops() -> Fault {
    Fault::Status {
        code: 500,
        retry_after: None,
        body: "{\"errors\":[{\"code\":\"InternalError\"}]}".to_owned(),
    }
}

/// A strict comparison with the newest time of the last run loses what came later in that second.
#[test]
fn the_rest_of_the_last_second_is_read_by_the_next_run() {
    let account = Account::start(account(1, 100));
    account.running.arrive(2);
    let home = Home::of_account(&account, "");
    home.ok(&["sync"]);
    account.running.arrive(3);
    account.running.clock().advance(SignedDuration::from_mins(10));
    home.ok(&["sync"]);
    assert_exact(&home, &account, "the last second");
}

/// With the end of the run as the end of what is collected, a row that becomes visible minutes later is never asked for.
#[test]
fn the_end_of_what_is_claimed_lies_before_the_end_of_what_was_read() {
    let account = Account::start(account(2, 100));
    account.running.arrive(1);
    let home = Home::of_account(&account, "settle = \"10m\"");
    home.ok(&["sync"]);
    assert_exact(&home, &account, "read to the end");
    assert_eq!(
        coverage(&home).last().map(|last| last.2),
        Some(now(&account) - 2 * SETTLE)
    );
}

/// A bookmark that runs ahead of the data, as of a list read newest first: what was read before an end in the middle is
/// claimed, and nothing newer.
#[test]
fn nothing_is_claimed_that_an_interrupted_reading_did_not_reach() {
    for pagination in BOTH {
        for request in [3, 5, 9] {
            let mut simulator = account(3, 1_500);
            simulator.switches = Switches::drawn(request);
            simulator.faults = FaultPlan::once(When::Request(request), Fault::KeyRevoked);
            let account = Account::start(simulator);
            let home = Home::of_account(&account, pagination);
            let sync = home.run(&["sync"]);
            assert_eq!(sync.code, Some(2), "{}", sync.stderr);
            let (held, all) = (held(&home), expected(&account, |_| true));
            for (state, from, to) in coverage(&home).iter().filter(|interval| interval.0 != "not_offered") {
                let inside =
                    |row: &&serde_json::Value| (*from..*to).contains(&row["created_us"].as_i64().expect("a time"));
                let mut lost = all
                    .values()
                    .filter(inside)
                    .filter(|row| !held.contains_key(&row["id"].as_i64().expect("an id")));
                assert_eq!(lost.next(), None, "{state} from {from} to {to}");
            }
            account.running.revoke(false);
            home.ok(&["sync"]);
            assert_exact(&home, &account, pagination);
            assert_covered(&home, now(&account));
        }
    }
}

#[test]
fn an_error_is_no_end_of_the_list() {
    for pagination in BOTH {
        let mut simulator = account(4, 1_000);
        simulator.faults = FaultPlan::always(When::From(5), oops());
        let account = Account::start(simulator);
        let home = Home::of_account(&account, &format!("{pagination}\nattempts = 1"));
        let sync = home.run(&["sync"]);
        assert!(matches!(sync.code, Some(1 | 3)), "{}", sync.stderr);
        assert!(home.number("select count(*) from coverage_gaps where reason like '%500%'") > 0);
    }
}

/// A page that fails for ever costs its window from there on, is named, and is asked for again by every run.
#[test]
fn a_page_that_fails_for_ever_is_a_gap_and_no_more() {
    for pagination in BOTH {
        let account = Account::start(account(5, 1_000));
        let poisoned = account.running.ids()[500];
        account.running.add_fault(Rule {
            when: When::Row(poisoned.to_string()),
            fault: oops(),
            times: 12,
        });
        let home = Home::of_account(&account, &format!("{pagination}\nattempts = 1"));
        let sync = home.run(&["sync"]);
        assert_eq!(sync.code, Some(3), "{}", sync.stderr);
        assert!(
            sync.stderr.contains("is a gap") && held(&home).len() > 600,
            "{}",
            sync.stderr
        );
        assert!(!held(&home).contains_key(&poisoned));
        for _ in 0..50 {
            if home.run(&["sync"]).code == Some(0) && held(&home).contains_key(&poisoned) {
                break;
            }
        }
        assert_exact(&home, &account, pagination);
        assert_covered(&home, now(&account));
    }
}

#[test]
fn forbidden_is_not_taken_for_an_empty_account() {
    for forbidden in [Forbidden::Plan, Forbidden::Scope] {
        let mut simulator = account(6, 100);
        simulator.switches.access.forbidden = Some(forbidden);
        let account = Account::start(simulator);
        let home = Home::of_account(&account, "");
        let sync = home.run(&["sync"]);
        assert_eq!(sync.code, Some(2), "{}", sync.stderr);
        assert!(
            sync.stderr.contains("hint: ") && coverage_is_empty(&home),
            "{}",
            sync.stderr
        );
        account.running.turn(|switches| switches.access.forbidden = None);
        home.ok(&["sync"]);
        assert_exact(&home, &account, "once it is let in");
        assert_covered(&home, now(&account));
    }
}

fn coverage_is_empty(home: &Home) -> bool {
    coverage(home).is_empty()
}

/// Credentials that see nothing of what is there: the lake holds rows, and none of them comes again.
#[test]
fn an_account_that_suddenly_has_no_rows_is_not_believed() {
    for pagination in BOTH {
        let account = Account::start(account(7, 300));
        let home = Home::of_account(&account, pagination);
        home.ok(&["sync"]);
        let before = coverage(&home);
        let end_at = account.running.clock().now() + SignedDuration::from_hours(30);
        let mut settings = history::Settings::new(7, 0, 30, end_at);
        settings.first_id = history::ABOVE_TWO_TO_53;
        let other = Account::start(ZendeskSimulator::new(History::draw(&settings)));
        for arrivals in [0, 5] {
            other.running.arrive(arrivals);
            let auth = "email = \"auditor@northwind.example\", api_token = { env = \"ACME_TOKEN\" }";
            home.configure_account(&other, auth, pagination);
            let sync = home.run(&["sync"]);
            assert_eq!(sync.code, Some(3), "{}", sync.stderr);
            assert!(
                sync.stderr.contains("none of the rows it holds came again"),
                "{}",
                sync.stderr
            );
            assert_eq!(coverage(&home), before);
        }
        let ids = expected(&account, |_| true);
        let held = held(&home);
        assert!(ids.keys().all(|id| held.contains_key(id)));
    }
}

/// `has_more` with a cursor that leads nowhere: neither the end, nor the same hundred rows for ever.
#[test]
fn a_null_or_repeated_cursor_is_an_error_and_no_endless_loop() {
    for broken in [BrokenCursor::Null, BrokenCursor::Repeated] {
        let account = Account::start(account(8, 300));
        account
            .running
            .burst("2026-06-20T12:00:00Z".parse().expect("a time"), 350);
        account.running.turn(|switches| switches.broken_cursor = Some(broken));
        let home = Home::of_account(&account, "");
        let sync = home.run(&["sync"]);
        assert_eq!(sync.code, Some(1), "{}", sync.stderr);
        assert!(account.running.requests().len() < 60);
        assert!(home.number("select count(*) from coverage_gaps") > 0);
        account.running.turn(|switches| switches.broken_cursor = None);
        home.ok(&["sync"]);
        assert_exact(&home, &account, "once cursors lead on");
        assert_covered(&home, now(&account));
    }
}

/// Both times of `filter[created_at][]` arrive, and both values of `filter[action][]`.
#[test]
fn a_doubled_filter_key_is_sent_twice() {
    let account = Account::start(account(9, 300));
    let keys = "[sources.acme.filters.audit_logs]\naction = [\"login\", \"create\"]";
    let home = Home::of_account(&account, keys);
    home.ok(&["sync"]);
    let requests = account.running.requests();
    let windows = requests.iter().filter(|seen| seen.target.contains("created_at%5D"));
    for seen in windows {
        let times = |name: &str| seen.target.matches(name).count();
        assert_eq!(
            (
                times("filter%5Bcreated_at%5D%5B%5D="),
                times("filter%5Baction%5D%5B%5D=")
            ),
            (2, 2),
            "{}",
            seen.target
        );
    }
    let passes = |row: &serde_json::Value| row["action"] == "login" || row["action"] == "create";
    assert_same(&held(&home), &expected(&account, passes), "two actions");
}

#[test]
fn the_first_load_reaches_back_to_the_first_row_of_years_ago() {
    for ignored in [vec![], vec!["sort"]] {
        let end_at: Timestamp = "2026-06-30T12:00:00Z".parse().expect("a time");
        let settings = history::Settings::new(10, 900, 3_000, end_at);
        let mut simulator = ZendeskSimulator::new(History::draw(&settings));
        simulator.switches.ignored = ignored;
        let account = Account::start(simulator);
        let home = Home::of_account(&account, "");
        home.ok(&["sync"]);
        assert_exact(&home, &account, "years");
        assert_covered(&home, now(&account));
        let oldest = "select epoch_us(min(created_at)) from zendesk_audit_logs";
        let begin = coverage(&home)[0].2;
        assert!((0..=1_000_000).contains(&(home.number(oldest) - begin)), "{begin}");
    }
}

#[test]
fn a_quiet_hour_is_no_failure_and_final_a_day_later() {
    for pagination in BOTH {
        let account = Account::start(account(11, 50));
        let home = Home::of_account(&account, pagination);
        for hours in [0, 1, 5, 30, 200] {
            account.running.clock().advance(SignedDuration::from_hours(hours));
            home.ok(&["sync"]);
            assert_covered(&home, now(&account));
        }
        let finals = coverage(&home).into_iter().find(|interval| interval.0 == "final");
        assert_eq!(finals.map(|interval| interval.2), Some(now(&account) - DAY));
    }
}

/// A record that cannot be read is kept and counted wherever it stands, at the ends of the list too.
#[test]
fn odd_records_lose_no_neighbours() {
    for pagination in BOTH {
        let account = Account::start(account(12, 150));
        let odd = [
            Bad::NotAnObject,
            Bad::NoId,
            Bad::NoTime,
            Bad::ImpossibleTime,
            Bad::AncientTime,
            Bad::WrongTypes,
            Bad::LongText(200_000),
            Bad::AllNull,
        ];
        for (number, bad) in odd.iter().enumerate() {
            let hours = i64::try_from(number).expect("small") * 90;
            account.running.plant(bad, SignedDuration::from_hours(hours + 1));
        }
        account.running.plant(&Bad::NoTime, SignedDuration::ZERO);
        account
            .running
            .plant(&Bad::ImpossibleTime, SignedDuration::from_hours(2_000));
        let home = Home::of_account(&account, pagination);
        let sync = home.run(&["sync"]);
        assert_eq!(sync.code, Some(3), "{}", sync.stderr);
        assert_eq!(home.number("select count(*) from rejects"), 7, "{}", sync.stderr);
        let sound: Vec<i64> = account.running.truth().records.into_keys().collect();
        let ids = home.query("select id from zendesk_audit_logs order by id");
        let ids: Vec<i64> = ids.iter().filter_map(|row| row["id"].as_i64()).collect();
        assert_eq!(ids, sound);
        assert_eq!(coverage(&home)[0].1, EARLIEST);
        assert_eq!(home.number("select count(*) from coverage_gaps"), 0);
    }
}
