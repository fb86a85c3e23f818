//! Numbered pages under every order of events: arrivals, revisions, deletions, late rows, expiry, changed sizes, caps, pages
//! that cannot be read and ties that change places, each with its sentence.

use jiff::SignedDuration;
use trailhouse::pull::{DateFilter, PullError, Trust};
use trailhouse::simulator::Simulator;
use trailhouse::simulator::faults::{Fault, FaultPlan, When};
use trailhouse::simulator::listing::Pick;
use trailhouse::simulator::script::{Change, Script};
use trailhouse::simulator::switches::{
    BeyondCap, Cap, DateOperators, Order, PastTheEnd, Switches, Tally, Ties, UnknownOperator,
};

use crate::environment::{Service, simulator};
use crate::walking::{Way, every, listed, walk};

fn pages_of(seed: u64, events: usize, size: usize) -> Simulator {
    let mut drawn = simulator(seed, events);
    drawn.switches.page_size = size;
    drawn
}

fn in_flight(in_flight: usize) -> Way {
    Way {
        in_flight,
        ..Way::default()
    }
}

/// Small numbers that repeat with the seed.
fn draw(seed: u64, among: &[usize]) -> usize {
    let mixed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
    among[usize::try_from(mixed).expect("64 bits") % among.len()]
}

#[test]
fn arrivals_revisions_and_late_rows_lose_nothing() {
    for seed in 1..=60 {
        let mut drawn = pages_of(seed, 600, draw(seed, &[5, 7, 20]));
        drawn.script = Script::drawn(seed, 90, false);
        let service = Service::start(drawn);
        let walked = walk(&service, &in_flight(draw(seed / 3, &[1, 4, 8])));
        walked.assert_sound(&service, &format!("seed {seed}"));
    }
}

#[test]
fn deletions_lose_nothing() {
    for seed in 1..=60 {
        let mut drawn = pages_of(seed, 600, draw(seed, &[5, 7, 20]));
        let mut script = Script::none();
        for request in 2..80 {
            let depth = u16::try_from(draw(seed * 100 + request, &[1, 50, 200, 400, 600, 800, 950])).expect("small");
            let change = match draw(seed * 71 + request, &[0, 1, 2, 3, 4, 5]) {
                0 => Change::Delete(Pick::Depth(depth)),
                1 => Change::Revise(Pick::Depth(depth)),
                2 => Change::Arrive(1),
                _ => continue,
            };
            script = script.before(request, change);
        }
        drawn.script = script;
        let service = Service::start(drawn);
        let walked = walk(&service, &in_flight(draw(seed / 3, &[1, 4, 8])));
        walked.assert_sound(&service, &format!("seed {seed}"));
    }
}

#[test]
fn rows_that_expire_at_the_tail_during_the_walk_make_no_gap() {
    for per_flight in [1, 8] {
        let mut drawn = pages_of(3, 800, 10);
        drawn.switches.retention_days = Some(25);
        drawn.script = every(Script::none(), 2..=60, &Change::Advance(SignedDuration::from_mins(7)));
        let service = Service::start(drawn);
        let walked = walk(&service, &in_flight(per_flight));
        walked.assert_complete(&service, &format!("{per_flight} in flight"));
    }
}

#[test]
fn a_list_that_stands_still_is_proven_still_with_few_requests() {
    let service = Service::start(pages_of(1, 2_000, 10));
    let walked = walk(&service, &in_flight(8));
    walked.assert_complete(&service, "still");
    assert!(walked.proven.iter().all(|(_, trust)| *trust == Trust::Still));
    assert!(walked.requests <= 215, "{}", walked.story());
}

#[test]
fn what_is_joined_one_by_one_while_the_list_moves_is_proven_provisionally() {
    let mut drawn = pages_of(2, 300, 10);
    drawn.script = Script::none().before(3, Change::Arrive(1));
    let service = Service::start(drawn);
    let walked = walk(&service, &in_flight(1));
    walked.assert_complete(&service, "one arrival");
    let moving = walked.proven.iter().filter(|(_, trust)| *trust == Trust::Moving);
    assert!(moving.count() > 20);
}

#[test]
fn a_resumed_backfill_finds_its_place_by_halving() {
    for seed in 1..=40 {
        let mut drawn = pages_of(seed, 2_000, 10);
        if seed > 1 {
            drawn.script = Script::drawn(seed, 60, seed % 3 == 0);
        }
        let service = Service::start(drawn);
        let mut keys: Vec<_> = listed(&service).into_values().collect();
        keys.sort_unstable();
        keys.reverse();
        let (from, below) = (keys[20], keys[1_000]);
        let way = Way {
            jump: Some((from, below)),
            ..in_flight(draw(seed, &[1, 4, 8]))
        };
        let walked = walk(&service, &way);
        let lost = walked.lost(&service);
        assert!(lost.is_empty(), "seed {seed}: {lost:?} {}", walked.story());
        let proven_below = walked
            .proven
            .iter()
            .map(|(span, _)| span.to)
            .filter(|to| *to <= from)
            .max();
        assert!(
            proven_below >= Some(below),
            "seed {seed}: the gap is reached from above"
        );
        assert!(
            walked.is_ended && walked.missing.is_empty(),
            "seed {seed}: {}",
            walked.story()
        );
        if seed == 1 {
            assert!(walked.requests <= 100 + 30, "{}", walked.story());
        }
    }
}

#[test]
fn a_page_that_cannot_be_read_is_a_named_gap_and_the_walk_goes_on_below_it() {
    let faults = [
        Fault::Status {
            code: 500,
            retry_after: None,
            body: "oops".to_owned(),
        },
        Fault::TruncatedJson,
        Fault::HtmlWith200,
        Fault::CutConnection,
    ];
    for fault in faults {
        for flight in [1, 8] {
            let mut drawn = pages_of(4, 600, 10);
            drawn.faults = FaultPlan::always(When::Page(37), fault.clone());
            let service = Service::start(drawn);
            let what = format!("{fault:?}, {flight} in flight");
            let walked = walk(&service, &in_flight(flight));
            walked.assert_sound(&service, &what);
            assert!(walked.error.is_none(), "{what}: {}", walked.story());
            let [gap] = walked.missing.as_slice() else {
                panic!("{what}: {}", walked.story())
            };
            assert!(gap.reason.starts_with("page 37 could not be read: "), "{}", gap.reason);
            let unread = walked.unread(&service);
            assert!(unread.len() >= 8, "{what}: {}", unread.len());
            assert!(
                unread.iter().all(|key| gap.span.from <= *key && *key < gap.span.to),
                "{what}"
            );
        }
    }
}

#[test]
fn three_pages_in_a_row_that_cannot_be_read_end_the_walk_with_the_error() {
    let oops = || Fault::Status {
        code: 500,
        retry_after: None,
        body: "oops".to_owned(),
    };
    for (pages, ends) in [
        (vec![20, 21], false),
        (vec![20, 21, 22], true),
        (vec![1], true),
        (vec![60], true),
    ] {
        let mut drawn = pages_of(4, 600, 10);
        for page in &pages {
            drawn.faults = drawn.faults.with(trailhouse::simulator::faults::Rule {
                when: When::Page(*page),
                fault: oops(),
                times: u32::MAX,
            });
        }
        let service = Service::start(drawn);
        let walked = walk(&service, &in_flight(4));
        let error = walked.error.as_ref().map(ToString::to_string).unwrap_or_default();
        assert_eq!(ends, error.contains("500"), "{pages:?}: {}", walked.story());
        assert_eq!(walked.lost(&service), Vec::<String>::new());
        if !ends {
            assert!(
                walked.missing[0]
                    .reason
                    .starts_with("pages 20 to 21 could not be read: 500")
            );
        }
    }
}

#[test]
fn a_list_the_wrong_way_round_is_walked_from_its_last_page() {
    for seed in 1..=30 {
        let mut drawn = pages_of(seed, 400, draw(seed, &[1, 5, 7, 20]));
        drawn.switches.sort_honoured = false;
        drawn.switches.default_order = Order::OldestFirst;
        if seed > 4 {
            drawn.script = Script::drawn(seed, 60, false);
        }
        let service = Service::start(drawn);
        let walked = walk(&service, &Way::default());
        let what = format!("seed {seed}");
        walked.assert_sound(&service, &what);
        if seed <= 4 && draw(seed, &[1, 5, 7, 20]) > 1 {
            walked.assert_complete(&service, &what);
            assert!(walked.is_ascending && !walked.is_unordered, "{what}");
            let tops: Vec<_> = walked.proven.iter().map(|(span, _)| span.to).collect();
            assert!(tops.is_sorted_by(|left, right| left >= right), "{what}: newest first");
            assert!(walked.requests <= 400 / draw(seed, &[1, 5, 7, 20]) + 5);
        }
    }
}

#[test]
fn a_list_in_no_order_is_read_until_nothing_new_comes() {
    let mut drawn = pages_of(5, 300, 20);
    drawn.switches.sort_honoured = false;
    drawn.switches.default_order = Order::Unordered;
    drawn.script = Script::none().before(20, Change::Arrive(3));
    let service = Service::start(drawn);
    let walked = walk(&service, &Way::default());
    walked.assert_complete(&service, "unordered");
    assert!(walked.is_unordered);
    let mut drawn = pages_of(5, 300, 20);
    drawn.switches.sort_honoured = false;
    drawn.switches.default_order = Order::Unordered;
    drawn.script = every(Script::none(), 1..=400, &Change::Arrive(1));
    let restless = walk(&Service::start(drawn), &Way::default());
    assert!(
        matches!(restless.error, Some(PullError::Restless { .. })),
        "{}",
        restless.story()
    );
}

#[test]
fn a_list_without_an_order_of_one_page_is_one_request() {
    let service = Service::start(pages_of(5, 12, 20));
    let way = Way {
        is_ordered: false,
        ..Way::default()
    };
    let walked = walk(&service, &way);
    assert_eq!((walked.requests, walked.rows.len(), walked.is_ended), (1, 12, true));
}

#[test]
fn a_page_size_that_changes_loses_nothing_and_costs_few_requests() {
    for (seed, sizes) in [(1, [50, 20]), (2, [10, 90]), (3, [7, 100]), (4, [90, 5]), (5, [21, 19])] {
        for flight in [1, 8] {
            let mut drawn = pages_of(seed, 2_000, 20);
            drawn.script = Script::none()
                .before(30, Change::PageSize(sizes[0]))
                .before(45, Change::PageSize(sizes[1]));
            let service = Service::start(drawn);
            let walked = walk(&service, &in_flight(flight));
            let what = format!("{sizes:?}, {flight} in flight");
            walked.assert_complete(&service, &what);
            let pages = 45 + 2_000 / sizes[1];
            assert!(walked.requests < pages + pages / 5 + 30, "{what}: {}", walked.story());
        }
    }
}

fn capped(seed: u64, beyond: BeyondCap) -> Simulator {
    let mut drawn = pages_of(seed, 700, 10);
    drawn.switches.cap = Some(Cap { rows: 200, beyond });
    drawn
}

fn dates() -> Option<DateFilter> {
    Some(DateFilter {
        field: "updated_at".to_owned(),
        before: "lt".to_owned(),
        is_before_inclusive: false,
        at_or_after: "gte".to_owned(),
        base: None,
    })
}

#[test]
fn a_cap_is_an_error_and_never_the_end() {
    for beyond in [BeyondCap::BadRequest, BeyondCap::Empty] {
        let service = Service::start(capped(6, beyond));
        let walked = walk(&service, &Way::default());
        assert!(
            matches!(
                walked.error,
                Some(PullError::Capped {
                    page: 21,
                    total_pages: 70
                })
            ),
            "{}",
            walked.story()
        );
        assert_eq!(walked.rows.len(), 200);
        assert_eq!(walked.lost(&service), Vec::<String>::new());
    }
}

#[test]
fn below_a_cap_the_walk_goes_on_by_date() {
    for (seed, beyond) in (1..=20).flat_map(|seed| [(seed, BeyondCap::BadRequest), (seed, BeyondCap::Empty)]) {
        let mut drawn = capped(seed, beyond);
        drawn.switches.date_operators = Some(DateOperators {
            at_or_after: "gte".to_owned(),
            before: "lt".to_owned(),
        });
        if seed > 3 {
            drawn.script = Script::drawn(seed, 60, false);
        }
        let service = Service::start(drawn);
        let way = Way {
            dates: dates(),
            ..in_flight(draw(seed, &[1, 4]))
        };
        let walked = walk(&service, &way);
        walked.assert_complete(&service, &format!("seed {seed}, {beyond:?}"));
        assert!(walked.caps.len() >= 3);
    }
}

#[test]
fn a_date_operator_that_is_ignored_is_named_and_not_believed() {
    use UnknownOperator::{BadRequest, Everything, Nothing, Unprocessable};
    for unknown in [BadRequest, Everything, Nothing, Unprocessable] {
        let mut drawn = capped(7, BeyondCap::Empty);
        drawn.switches.unknown_operator = unknown;
        let service = Service::start(drawn);
        let walked = walk(
            &service,
            &Way {
                dates: dates(),
                ..Way::default()
            },
        );
        let is_ignored = matches!(walked.error, Some(PullError::FilterIgnored { .. }));
        assert_eq!(is_ignored, unknown == Everything, "{unknown:?}: {}", walked.story());
        assert!(
            walked.error.is_some() && !walked.is_ended,
            "{unknown:?}: {}",
            walked.story()
        );
        assert_eq!(walked.lost(&service), Vec::<String>::new());
    }
}

#[test]
fn ties_that_change_places_are_collected_or_their_key_alone_is_a_gap() {
    let (mut resolved, mut gaps) = (0, 0);
    for seed in 1..=60 {
        let mut drawn = pages_of(seed, 150, draw(seed, &[3, 5, 8]));
        drawn.switches.ties = Ties::Shuffled;
        let service = Service::start(drawn);
        for _ in 0..10 {
            service.running.arrive(draw(seed, &[4, 7, 13]));
            service.running.clock().advance(SignedDuration::from_secs(1));
        }
        let walked = walk(&service, &in_flight(draw(seed / 3, &[1, 4, 8])));
        let what = format!("seed {seed}");
        walked.assert_sound(&service, &what);
        assert!(walked.error.is_none(), "{what}: {}", walked.story());
        for gap in &walked.missing {
            assert_eq!(gap.span.to - gap.span.from, 1, "{what}: {}", walked.story());
            gaps += 1;
        }
        let unread = walked.unread(&service);
        let is_told = |key: &i64| walked.missing.iter().any(|gap| gap.span.from == *key);
        assert!(unread.iter().all(is_told), "{what}: {}", walked.story());
        resolved += usize::from(unread.is_empty());
    }
    assert!(resolved >= 58 && gaps <= 3, "{resolved} resolved, {gaps} gaps");
}

#[test]
fn every_setting_of_the_service_that_can_be_read_exactly_is() {
    for seed in 1..=40 {
        let mut drawn = simulator(seed, 500);
        drawn.switches = Switches::drawn(seed);
        drawn.script = Script::drawn(seed, 60, false);
        let service = Service::start(drawn);
        let walked = walk(&service, &in_flight(draw(seed, &[1, 4, 8])));
        walked.assert_sound(&service, &format!("seed {seed}"));
        assert!(walked.error.is_none(), "seed {seed}: {}", walked.story());
    }
}

#[test]
fn a_list_that_becomes_shorter_than_the_page_asked_for_ends_there() {
    for past in [PastTheEnd::Empty, PastTheEnd::NotFound, PastTheEnd::RepeatLast] {
        for flight in [1, 8] {
            let mut drawn = pages_of(8, 205, 10);
            drawn.switches.past_the_end = past;
            drawn.script = (0..15).fold(Script::none(), |script, _| {
                script.before(20, Change::Delete(Pick::Depth(990)))
            });
            let service = Service::start(drawn);
            let walked = walk(&service, &in_flight(flight));
            walked.assert_complete(&service, &format!("{past:?}, {flight} in flight"));
        }
    }
}

#[test]
fn bursts_of_whole_pages_are_walked_past() {
    for seed in 1..=20 {
        let mut drawn = pages_of(seed, 400, 10);
        drawn.script = Script::none()
            .before(5, Change::Arrive(35))
            .before(9, Change::Arrive(draw(seed, &[10, 11, 20, 99])))
            .before(30, Change::Arrive(200));
        let service = Service::start(drawn);
        let walked = walk(&service, &in_flight(draw(seed, &[1, 4, 8])));
        walked.assert_complete(&service, &format!("seed {seed}"));
    }
}

#[test]
fn rounded_or_absent_totals_end_in_the_truth_or_in_an_error() {
    for (count, total) in [
        (Tally::Zero, Tally::Exact),
        (Tally::Zero, Tally::Zero),
        (Tally::Exact, Tally::Zero),
        (Tally::Rounded, Tally::Exact),
    ] {
        let mut drawn = pages_of(9, 330, 10);
        (drawn.switches.count, drawn.switches.total_pages) = (count, total);
        let service = Service::start(drawn);
        let walked = walk(&service, &Way::default());
        let what = format!("{count:?} and {total:?}");
        assert_eq!(walked.lost(&service), Vec::<String>::new(), "{what}");
        assert!(
            walked.unread(&service).is_empty() || walked.error.is_some(),
            "{what}: {}",
            walked.story()
        );
    }
}
