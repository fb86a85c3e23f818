//! Named timelines: what is known to go wrong in loaders, each told step by step and judged as the drawn histories are.
//!
//! Others stand where their subject is: rows that arrive between two pages in flight, a row that appears late before a
//! week's pause and a key demoted to see nothing in `exactness`; a page that fails for ever in `numbered`; an older export
//! imported after a revision in `import`; 12,000 rows in one second, and the defects of other Zendesk loaders, in `zendesk`.

use jiff::SignedDuration;
use trailhouse::coverage::StreamState;
use trailhouse::simulator::script::Change;
use trailhouse::simulator::switches::{DateHeader, NextPage, Notifications, Switches};

use crate::environment::{Home, Service, simulator};
use crate::histories::draw::{History, Kind, Moment, Trouble};
use crate::histories::judged;
use crate::histories::run::Tale;
use crate::histories::store::Mishap;

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn days(days: i32) -> SignedDuration {
    DAY.saturating_mul(days)
}

fn well(history: &History) -> Tale {
    judged(history).unwrap_or_else(|story| panic!("{story}"))
}

fn small_pages() -> Switches {
    Switches {
        page_size: 7,
        ..Switches::default()
    }
}

/// Forty rows of one instant, ten days before the sync that is disturbed, and a day to make up for it.
fn with_a_tie(disturbance: Trouble) -> History {
    let moments = vec![
        Moment::troubled(days(200), Trouble::Revoked).after(vec![Change::Arrive(40)]),
        Moment::troubled(days(10), disturbance),
        Moment::quiet(days(2)),
    ];
    History::told(5, small_pages(), moments)
}

#[test]
fn stopped_or_killed_after_a_page_that_ends_inside_a_tie_the_rest_of_the_tie_is_read() {
    for page in [1, 2, 4, 6] {
        well(&with_a_tie(Trouble::StoppedAt { page }));
        well(&with_a_tie(Trouble::KilledAt { page }));
    }
}

#[test]
fn killed_at_any_write_to_the_store_nothing_is_lost_or_doubled() {
    for at in 1..=8 {
        well(&with_a_tie(Trouble::Mishap(Mishap::DiesBefore(at))));
        well(&with_a_tie(Trouble::Mishap(Mishap::DiesAfter(at))));
    }
}

#[test]
fn a_lost_answer_to_a_commit_that_succeeded_doubles_nothing_and_one_that_failed_loses_nothing() {
    for at in 1..=8 {
        well(&with_a_tie(Trouble::Mishap(Mishap::AnswerLost(at))));
        well(&with_a_tie(Trouble::Mishap(Mishap::Refused(at))));
    }
}

#[test]
fn a_commit_that_fails_is_finished_before_another_stream_commits() {
    for at in 1..=6 {
        for mishap in [Mishap::AnswerLost(at), Mishap::Refused(at)] {
            let moments = vec![
                Moment::quiet(days(200)),
                Moment::troubled(days(10), Trouble::Mishap(mishap)).after(vec![Change::Arrive(20)]),
                Moment::quiet(days(2)),
            ];
            well(&History::told(5, small_pages(), moments).with_all_streams());
        }
    }
}

#[test]
fn an_account_in_which_nothing_has_happened_yet_is_covered_and_needs_no_look() {
    let moments = || {
        vec![
            Moment::quiet(SignedDuration::from_secs(40)),
            Moment::quiet(SignedDuration::from_mins(10)),
            Moment::quiet(days(40)),
            Moment::quiet(days(2)),
        ]
    };
    for next_page in [NextPage::Null, NextPage::Absent] {
        let switches = Switches {
            next_page,
            ..small_pages()
        };
        let mut history = History::told(5, switches, moments()).with_all_streams();
        history.settings.events = 20;
        if let Kind::Secoda(switches) = &mut history.kind {
            switches.notifications = Notifications::default();
        }
        let tale = well(&history);
        assert!(tale.syncs[0].listed.is_empty() && !tale.syncs[3].listed.is_empty());
    }
}

fn horizon(state: Option<&StreamState>) -> i64 {
    state
        .and_then(|state| state.coverage.horizon())
        .expect("a walk has begun")
}

#[test]
fn a_clock_a_day_ahead_claims_no_time_that_has_not_come() {
    for date in [DateHeader::Clock, DateHeader::Absent] {
        let moments = vec![
            Moment::quiet(days(100)),
            Moment::troubled(days(3), Trouble::WrongClock(DAY)).after(vec![Change::Arrive(5)]),
            Moment::quiet(SignedDuration::from_hours(2)).after(vec![Change::Arrive(9)]),
            Moment::quiet(days(2)),
        ];
        let tale = well(&History::told(6, Switches { date, ..small_pages() }, moments));
        for sync in &tale.syncs {
            assert!(horizon(sync.state.as_ref()) < sync.began_at, "{date:?}");
        }
    }
}

#[test]
fn a_clock_a_day_behind_rejects_nothing_and_is_made_up_for() {
    let behind = -SignedDuration::from_secs(86_000);
    for date in [DateHeader::Clock, DateHeader::Absent] {
        let moments = vec![
            Moment::quiet(days(100)),
            Moment::troubled(days(3), Trouble::WrongClock(behind)).after(vec![Change::Arrive(5)]),
            Moment::quiet(SignedDuration::from_hours(2)),
            Moment::quiet(days(2)),
        ];
        let tale = well(&History::told(7, Switches { date, ..small_pages() }, moments));
        assert!(tale.rejects.is_empty(), "{date:?}: {:?}", tale.rejects);
    }
}

#[test]
fn another_account_behind_a_source_is_refused_or_claims_nothing() {
    let service = Service::start(simulator(8, 120));
    let home = Home::of(&service);
    home.ok(&["sync"]);
    let covered = "select max(to_at) as covered_to from coverage";
    let before = home.query(covered);
    service.running.clock().advance(SignedDuration::from_hours(30));
    let base_url = service.running.base_url();
    home.configure(&base_url.replace("127.0.0.1", "localhost"), "");
    let refused = home.run(&["sync"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("belongs to the account"), "{}", refused.stderr);
    home.configure(&base_url, "");
    service.running.apply(&Change::Account(99));
    let unmet = home.run(&["sync"]);
    assert_eq!(unmet.code, Some(3), "{}", unmet.stderr);
    assert!(unmet.stderr.contains("nothing is claimed"), "{}", unmet.stderr);
    assert_eq!(home.query(covered), before);
}
