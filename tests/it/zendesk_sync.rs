//! Zendesk's audit logs through the real binary, judged by the simulated account's own truth: every row once, whatever the
//! switches, the faults and the order of arrival, and a coverage that claims no more.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use trailhouse::simulator::faults::FaultPlan;
use trailhouse::simulator::switches::DateHeader;
use trailhouse::simulator::zendesk::history::{self, ABOVE_TWO_TO_53, History, Standing};
use trailhouse::simulator::zendesk::switches::{Bounds, Switches};
use trailhouse::simulator::zendesk::{ZendeskSimulator, script, transient_faults};

use crate::environment::{Account, Home, account, short};
use crate::steps::{first_and_last, killed_at, passed};
use crate::zendesk_truth::{BOTH, SECOND, SETTLE, assert_covered, assert_exact, coverage, expected, held, now};

#[test]
fn any_switches_and_any_transient_faults_give_the_rows_of_the_account() {
    for seed in 0..4 {
        for pagination in BOTH {
            let mut simulator = account(seed, 900);
            simulator.switches = Switches::drawn(seed);
            simulator.faults = FaultPlan::drawn(seed, 100, transient_faults());
            let account = Account::start(simulator);
            let home = Home::of_account(&account, pagination);
            home.ok(&["sync"]);
            let what = format!("seed {seed}, {pagination}");
            assert_exact(&home, &account, &what);
            assert_covered(&home, now(&account));
            home.ok(&["sync"]);
            assert_exact(&home, &account, &what);
            home.ok(&["verify"]);
            let wrong = "select count(*) from loads where received <> stored + duplicates + rejects + withheld";
            assert_eq!(home.number(wrong), 0, "{what}");
        }
    }
}

#[test]
fn rows_that_arrive_in_bursts_and_late_during_the_reading_are_neither_lost_nor_doubled() {
    for seed in 0..4 {
        for pagination in BOTH {
            let mut simulator = account(seed, 500);
            simulator.switches = Switches::drawn(seed);
            simulator.script = script::drawn(seed, 12);
            let account = Account::start(simulator);
            let home = Home::of_account(&account, pagination);
            let what = format!("seed {seed}, {pagination}");
            for hours in [1, 30] {
                let sync = home.run(&["sync"]);
                assert!(matches!(sync.code, Some(0 | 3)), "{what}: {}", sync.stderr);
                account.running.clock().advance(SignedDuration::from_hours(hours));
            }
            home.ok(&["sync"]);
            assert_exact(&home, &account, &what);
            assert_covered(&home, now(&account));
            home.ok(&["verify"]);
        }
    }
}

#[test]
fn a_row_that_becomes_visible_late_before_a_pause_of_a_week_is_found() {
    for (rows, lateness) in [(300, 20), (300, 5), (0, 20), (0, 180)] {
        for standing in [Standing::Lower, Standing::Higher] {
            let account = Account::start(self::account(5, rows));
            account.running.arrive(1);
            let home = Home::of_account(&account, "");
            home.ok(&["sync"]);
            let late = account.running.surface(SignedDuration::from_mins(lateness), standing);
            account.running.clock().advance(SignedDuration::from_hours(7 * 24));
            home.ok(&["sync"]);
            assert!(held(&home).contains_key(&late), "{rows} rows, {lateness} minutes late");
            assert_covered(&home, now(&account));
        }
    }
}

#[test]
fn an_empty_account_is_covered_and_its_first_row_is_found_when_it_comes() {
    for pagination in BOTH {
        let account = Account::start(self::account(1, 0));
        let home = Home::of_account(&account, pagination);
        home.ok(&["sync"]);
        assert_covered(&home, now(&account));
        for _ in 0..3 {
            account.running.clock().advance(SignedDuration::from_hours(1));
            let before = account.running.requests().len();
            home.ok(&["sync"]);
            assert!(account.running.requests().len() <= before + 3);
            assert_covered(&home, now(&account));
        }
        account.running.arrive(1);
        account.running.clock().advance(SignedDuration::from_mins(20));
        for _ in 0..2 {
            home.ok(&["sync"]);
            assert_exact(&home, &account, pagination);
            assert_covered(&home, now(&account));
            account.running.clock().advance(SignedDuration::from_hours(40));
        }
    }
}

#[test]
fn an_account_of_one_row_is_complete_at_once() {
    for pagination in BOTH {
        for hours in [0, 10, 100] {
            let account = Account::start(self::account(1, 0));
            account.running.arrive(1);
            account.running.clock().advance(SignedDuration::from_hours(hours));
            let home = Home::of_account(&account, pagination);
            for _ in 0..2 {
                home.ok(&["sync"]);
                assert_exact(&home, &account, pagination);
                assert_covered(&home, now(&account));
            }
        }
    }
}

#[test]
fn rows_younger_than_five_minutes_are_stored_and_not_claimed() {
    let account = Account::start(self::account(2, 100));
    account.running.arrive(3);
    let home = Home::of_account(&account, "");
    home.ok(&["sync"]);
    assert_exact(&home, &account, "young rows");
    assert_eq!(coverage(&home).last().map(|last| last.2), Some(now(&account) - SETTLE));
}

#[test]
fn an_hourly_sync_that_finds_nothing_new_sends_three_small_requests_at_most() {
    for pagination in BOTH {
        let account = Account::start(self::account(3, 400));
        account.running.clock().advance(SignedDuration::from_hours(2));
        let home = Home::of_account(&account, pagination);
        home.ok(&["sync"]);
        for _ in 0..4 {
            account.running.clock().advance(SignedDuration::from_hours(1));
            let before = account.running.requests().len();
            home.ok(&["sync"]);
            let requests = account.running.requests();
            assert!(requests.len() <= before + 3, "{:?}", &requests[before..]);
            assert_covered(&home, now(&account));
        }
        let received = "select max(received) from loads where load > 1 and kind = 'silence'";
        assert!(home.number(received) < 40);
    }
}

#[test]
fn a_resumed_backfill_asks_for_the_missing_windows_only() {
    let whole = Account::start(account(7, 20_000));
    let home = Home::of_account(&whole, "");
    home.ok(&["sync"]);
    let all = whole.running.requests().len();

    let account = Account::start(account(7, 20_000));
    let home = Home::of_account(&account, "");
    killed_at(home.command(&["sync"]), 13).expect("it does not come so far");
    let before = account.running.requests().len();
    account.running.arrive(2);
    home.ok(&["sync"]);
    assert_exact(&home, &account, "resumed");
    assert_covered(&home, now(&account));
    let after = account.running.requests().len() - before;
    assert!(after < all * 3 / 4, "{after} requests of {all} after the kill");
}

#[test]
fn killed_at_any_step_and_run_again_nothing_is_lost_or_doubled() {
    let account = Account::start(account(11, 250));
    account.running.plant(
        &trailhouse::simulator::zendesk::bad::Bad::NoId,
        SignedDuration::from_hours(50),
    );
    let whole = Home::of_account(&account, "");
    assert_eq!(whole.run(&["sync"]).code, Some(3));
    let expected = whole.dump();
    let steps = passed(Home::of_account(&account, "").command(&["sync"]));
    assert!(steps.len() > 8, "{steps:?}");
    for step in first_and_last(&steps) {
        let home = Home::of_account(&account, "");
        killed_at(home.command(&["sync"]), step).expect("it does not come so far");
        let again = home.run(&["sync"]);
        assert!(matches!(again.code, Some(0 | 3)), "step {step}: {}", again.stderr);
        let dump = home.dump();
        let differs = expected.iter().zip(&dump).find(|(left, right)| left != right);
        assert!(
            expected.len() == dump.len() && differs.is_none(),
            "step {step}: {}",
            short(&differs)
        );
        assert_covered(&home, now(&account));
        home.ok(&["verify"]);
    }
}

#[test]
fn a_stretch_that_is_asked_for_is_all_that_is_read_and_claimed() {
    for pagination in BOTH {
        let account = Account::start(account(4, 600));
        let home = Home::of_account(&account, pagination);
        let stretch = ["sync", "--from", "2026-06-10", "--to", "2026-06-12"];
        assert_eq!(home.run(&stretch).code, Some(3));
        let (from, to) = ("2026-06-10T04:00:00Z", "2026-06-12T04:00:00Z");
        let outside = format!(
            "select count(*) from (select created_at, row_number() over (order by created_at) as place from \
             zendesk_audit_logs) where place > 100 and (created_at < '{from}' or created_at >= '{to}')"
        );
        let what = "the rows at the borders, the newest one, and the page that showed where the list begins";
        assert!(home.number(&outside) <= 3, "{what}");
        let at = |text: &str| text.parse::<Timestamp>().expect("a time").as_microsecond();
        let claimed = coverage(&home);
        assert_eq!(claimed.len(), 2, "{claimed:?}");
        assert_eq!(claimed[1], ("final".to_owned(), at(from), at(to)));
        assert_eq!(home.number("select count(*) from coverage_gaps"), 2);
        home.ok(&["sync", "--to", "2026-06-01"]);
        home.ok(&["sync"]);
        assert_exact(&home, &account, pagination);
        assert_covered(&home, now(&account));
        home.ok(&stretch);
        assert_covered(&home, now(&account));
    }
}

#[test]
fn twelve_thousand_rows_in_one_second_are_complete_in_offset_mode() {
    for inclusive in [true, false] {
        let mut simulator = account(9, 200);
        simulator.switches.bounds = Bounds {
            start_inclusive: inclusive,
            end_inclusive: inclusive,
        };
        let account = Account::start(simulator);
        account
            .running
            .burst("2026-06-20T12:00:00Z".parse().expect("a time"), 12_000);
        let home = Home::of_account(&account, "pagination = \"offset\"");
        home.ok(&["sync"]);
        assert_eq!(home.number("select count(*) from zendesk_audit_logs"), 12_200);
        assert_eq!(home.number("select count(distinct id) from zendesk_audit_logs"), 12_200);
        assert_covered(&home, now(&account));
    }
}

#[test]
fn ids_above_two_to_the_53_are_exact_in_the_warehouse() {
    let end_at = "2026-06-30T12:00:00Z".parse().expect("a time");
    let mut settings = history::Settings::new(8, 300, 30, end_at);
    settings.first_id = ABOVE_TWO_TO_53;
    let account = Account::start(ZendeskSimulator::new(History::draw(&settings)));
    let home = Home::of_account(&account, "");
    home.ok(&["sync"]);
    assert_exact(&home, &account, "great ids");
    let types = home.query("select distinct typeof(id) as id, typeof(actor_id) as actor from zendesk_audit_logs");
    assert_eq!(types, [json!({"id": "BIGINT", "actor": "BIGINT"})]);
    let odd = account.running.ids().iter().filter(|id| **id % 2 == 1).count();
    let held = home.number("select count(*) from events where try_cast(event_id as bigint) % 2 = 1");
    assert_eq!(usize::try_from(held).expect("small"), odd);
}

#[test]
fn labels_that_change_are_no_revisions() {
    let mut simulator = account(10, 200);
    simulator.switches.labels_change = true;
    let account = Account::start(simulator);
    let home = Home::of_account(&account, "");
    home.ok(&["sync"]);
    for _ in 0..2 {
        home.ok(&["sync", "--from", "2026-05-01"]);
    }
    assert_exact(&home, &account, "labels");
    assert_eq!(home.number("select sum(revisions + drift) from loads"), 0);
    assert!(home.number("select sum(duplicates) from loads") >= 400);
}

/// What is claimed follows the earlier of the two clocks, and without a `Date` the newest row.
#[test]
fn clocks_that_are_wrong_or_silent_claim_too_little_and_lose_nothing() {
    #[expect(clippy::disallowed_methods, reason = "the binary reads it too")]
    let real = Timestamp::from_second(Timestamp::now().as_second()).expect("a time");
    for (hours, is_behind) in [(24, true), (-24, false)] {
        let service_at = real + SignedDuration::from_hours(hours);
        let history = History::draw(&history::Settings::new(6, 300, 30, service_at));
        let account = Account::start(ZendeskSimulator::new(history));
        let home = Home::of_account(&account, "");
        let sync = home.ok(&["sync"]);
        assert!(sync.stderr.contains("clock"), "{}", sync.stderr);
        assert_exact(&home, &account, "a wrong clock");
        let end = coverage(&home).last().expect("an interval").2;
        if is_behind {
            assert!((real.as_microsecond() - SETTLE..now(&account) - 20 * 3_600 * SECOND).contains(&end));
        } else {
            assert_covered(&home, now(&account));
        }
    }
    let mut simulator = self::account(6, 300);
    simulator.switches.date = DateHeader::Absent;
    let account = Account::start(simulator);
    let home = Home::of_account(&account, "");
    account.running.clock().advance(SignedDuration::from_hours(50));
    let newest = expected(&account, |_| true)
        .values()
        .filter_map(|row| row["created_us"].as_i64())
        .max();
    for _ in 0..2 {
        home.ok(&["sync"]);
        assert_exact(&home, &account, "no date");
        assert_covered(&home, newest.expect("a row"));
    }
}
