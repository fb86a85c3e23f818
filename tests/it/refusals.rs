//! What a service refuses, hides or contradicts: pages that cannot be read, caps, sizes and totals that change, lists that
//! end early, each with its sentence.

use trailhouse::pull::{DateFilter, PullError};
use trailhouse::simulator::Simulator;
use trailhouse::simulator::faults::{Fault, FaultPlan, Rule, When};
use trailhouse::simulator::listing::Pick;
use trailhouse::simulator::script::{Change, Script};
use trailhouse::simulator::switches::{BeyondCap, Cap, DateOperators, Order, PastTheEnd, Tally, UnknownOperator};

use crate::environment::Service;
use crate::numbered::{draw, in_flight, pages_of};
use crate::walking::{Way, walk};

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
            drawn.faults = drawn.faults.with(Rule {
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

fn dates() -> DateFilter {
    DateFilter {
        field: "updated_at".to_owned(),
        before: "lt".to_owned(),
        is_before_inclusive: false,
        at_or_after: "gte".to_owned(),
        base: None,
    }
}

#[test]
fn a_page_that_keeps_rows_back_is_a_named_gap_and_the_walk_goes_on_below_it() {
    for flight in [1, 8] {
        let mut drawn = pages_of(4, 600, 10);
        drawn.switches.short_page = Some((37, 4));
        let service = Service::start(drawn);
        let walked = walk(&service, &in_flight(flight));
        assert!(walked.error.is_none(), "{}", walked.story());
        let [gap] = walked.missing.as_slice() else {
            panic!("{}", walked.story())
        };
        assert_eq!(gap.reason, "page 37 gave 6 rows in place of 10");
        let unread = walked.unread(&service);
        assert_eq!(unread.len(), 4, "{}", walked.story());
        assert!(unread.iter().all(|key| gap.span.from <= *key && *key < gap.span.to));
        walked.assert_sound(&service, "a short page");
    }
}

#[test]
fn an_operator_that_shows_fewer_rows_than_are_left_is_not_believed() {
    for is_honest in [true, false] {
        let mut drawn = capped(6, BeyondCap::Empty);
        drawn.switches.date_operators = Some(DateOperators {
            at_or_after: "gte".to_owned(),
            before: "lt".to_owned(),
        });
        drawn.switches.filter_hides = if is_honest { 0 } else { 3 };
        let service = Service::start(drawn);
        let way = Way {
            dates: Some(dates()),
            ..in_flight(1)
        };
        let walked = walk(&service, &way);
        let is_capped = matches!(walked.error, Some(PullError::Capped { .. }));
        assert_eq!(is_capped, !is_honest, "{}", walked.story());
        walked.assert_sound(&service, "an operator");
    }
}

#[test]
fn a_cap_at_the_last_page_is_no_end_in_another_order_either() {
    // Of 70 pages of ten the last is empty, or half of it.
    for (order, rows) in [
        (Order::OldestFirst, 690),
        (Order::OldestFirst, 695),
        (Order::Unordered, 690),
        (Order::Unordered, 695),
    ] {
        let mut drawn = pages_of(6, 700, 10);
        drawn.switches.sort_honoured = false;
        drawn.switches.default_order = order;
        let beyond = BeyondCap::Empty;
        drawn.switches.cap = Some(Cap { rows, beyond });
        let service = Service::start(drawn);
        let walked = walk(&service, &Way::default());
        assert!(walked.error.is_some(), "{order:?}, {rows}: {}", walked.story());
        walked.assert_sound(&service, "a cap at the end");
    }
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
    for (seed, beyond) in (1..=8).flat_map(|seed| [(seed, BeyondCap::BadRequest), (seed, BeyondCap::Empty)]) {
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
            dates: Some(dates()),
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
                dates: Some(dates()),
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
