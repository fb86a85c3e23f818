//! What a list of a drawn service is like for who reads it, and so what may be asked of a reading. Apart from the drawing and
//! from the judgement, for it says of every switch what it excuses.

use jiff::SignedDuration;
use trailhouse::simulator::listing::sightings::Sort;
use trailhouse::simulator::switches::{NextPage, Offer, Order, PastTheEnd, Switches, Tally, Ties};

use super::draw::{History, Kind, Turn};

/// So many failed joins make a gap, and one change lets one join fail.
const JOIN_ATTEMPTS: usize = 3;
/// The days that the notifications are asked for first, and where these are refused.
const MOST_DAYS: usize = 3_650;
const FEWER_DAYS: i64 = 90;

/// One list that is walked by its order key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nature {
    /// Whether a full reading of the list, while nothing else happens, is enough to claim it all.
    pub(super) is_readable: bool,
    /// Whether the numbers in the answers say what there is.
    pub(super) is_counted: bool,
    pub(super) is_ordered: bool,
    /// Whether a reading in full that brings nothing new has seen everything: rows that change places may hide from it, and rows
    /// that are held back.
    pub(super) is_steady: bool,
    /// How many changes of a sync may keep it from claiming all; `None`: none does.
    pub(super) changes_withstood: Option<usize>,
}

impl Nature {
    /// Of the log itself, of the list of all notifications, or of the lists of resources.
    pub(super) fn of(history: &History, sort: Sort) -> Nature {
        match &history.kind {
            Kind::Secoda(switches) if sort == Sort::Notices => of_notices(history, switches),
            Kind::Secoda(switches) => {
                let log = of_audit_logs(switches);
                let is_log = sort == Sort::Audit;
                Nature {
                    is_readable: !is_endless(history, switches) && (log.is_readable || !is_log),
                    ..log
                }
            }
            Kind::Zendesk(switches, _) => Nature {
                is_readable: switches.broken_cursor.is_none() && switches.ignored.is_empty(),
                is_counted: true,
                is_ordered: true,
                is_steady: true,
                changes_withstood: None,
            },
        }
    }
}

/// Nothing tells the end, and what is asked for beyond it comes under another number.
fn is_endless(history: &History, switches: &Switches) -> bool {
    let mut turns = history.moments.iter().map(|moment| &moment.turn);
    let is_turned = turns.any(|turn| matches!(turn, Some(Turn::NextPage(next)) if *next != NextPage::Null));
    let is_silent = switches.total_pages == Tally::Zero && (is_turned || switches.next_page != NextPage::Null);
    is_silent && may_repeat_last(history, switches)
}

fn of_audit_logs(switches: &Switches) -> Nature {
    let is_counted = switches.count == Tally::Exact;
    let is_ordered = switches.sort_honoured || switches.default_order == Order::NewestFirst;
    Nature {
        is_readable: switches.ties == Ties::Stable && switches.cap.is_none(),
        is_counted,
        is_ordered,
        // Without a count nothing tells of the rows that a cap keeps off the last page.
        is_steady: is_counted || switches.cap.is_none(),
        changes_withstood: Some(withstood(is_ordered && is_counted)),
    }
}

fn of_notices(history: &History, switches: &Switches) -> Nature {
    // Nothing tells the last page from the others, and it comes again and again.
    let is_endless = switches.next_page == NextPage::Absent && may_repeat_last(history, switches);
    let is_counted = switches.count == Tally::Exact;
    let is_ordered = switches.notifications.order == Order::NewestFirst;
    Nature {
        is_readable: switches.ties == Ties::Stable && (is_counted || !is_endless),
        is_counted,
        is_ordered,
        is_steady: switches.ties == Ties::Stable || (is_ordered && Where::of(history, Sort::Notices) == Where::Whole),
        changes_withstood: Some(withstood(is_ordered && is_counted)),
    }
}

fn withstood(is_joined: bool) -> usize {
    if is_joined { JOIN_ATTEMPTS - 1 } else { 0 }
}

fn may_repeat_last(history: &History, switches: &Switches) -> bool {
    let mut turns = history.moments.iter().map(|moment| &moment.turn);
    let is_turned = turns.any(|turn| matches!(turn, Some(Turn::PastTheEnd(PastTheEnd::RepeatLast))));
    switches.past_the_end == PastTheEnd::RepeatLast || is_turned
}

/// Where the records of a sort are to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Where {
    /// In one list.
    Whole,
    /// In the lists of resources.
    PerResource,
    /// The service shows none.
    Nowhere,
}

impl Where {
    pub(super) fn of(history: &History, sort: Sort) -> Where {
        match &history.kind {
            Kind::Secoda(switches) => Where::under(switches, sort),
            Kind::Zendesk(..) => Where::Whole,
        }
    }

    fn under(switches: &Switches, sort: Sort) -> Where {
        let per_resource = |offer| {
            if offer == Offer::Open {
                Where::PerResource
            } else {
                Where::Nowhere
            }
        };
        let lists = &switches.notifications;
        match sort {
            Sort::Audit => Where::Whole,
            Sort::Logs | Sort::Versions => per_resource(switches.resource_logs.offer),
            Sort::Notices if lists.workspace == Offer::Open || lists.bare == Offer::Open => Where::Whole,
            Sort::Notices => per_resource(lists.resource),
        }
    }
}

/// How old a record may be and still be given out.
pub(super) fn age(switches: &Switches, sort: Sort) -> Option<SignedDuration> {
    let is_refused = switches.notifications.most_days.is_some_and(|most| most < MOST_DAYS);
    let days = if is_refused {
        FEWER_DAYS
    } else {
        i64::try_from(MOST_DAYS).expect("days")
    };
    (sort == Sort::Notices && Where::under(switches, sort) == Where::Whole)
        .then(|| SignedDuration::from_hours(days * 24))
}
