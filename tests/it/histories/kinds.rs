//! What a service is like, drawn: every switch of either simulator. Apart from the moments, which need none of it.

use jiff::SignedDuration;
use trailhouse::simulator::switches::{
    BeyondCap, Cap, CountOf, DateHeader, Dialect, NextPage, Notifications, Offer, Order, Paging, PastTheEnd,
    ResourceLogs, Shape, Switches, Tally, Ties, UnknownOperator, UnknownResource,
};
use trailhouse::simulator::zendesk;
use trailhouse::simulator::zendesk::switches::BrokenCursor;
use trailhouse::source::Pagination;

use super::draw::Kind;

pub(super) fn pick<T: Copy>(rng: &mut fastrand::Rng, usual: T, per_hundred: u8, others: &[T]) -> T {
    if rng.u8(0..100) < per_hundred {
        others[rng.usize(0..others.len())]
    } else {
        usual
    }
}

pub(super) fn page_size(rng: &mut fastrand::Rng, events: usize) -> usize {
    rng.usize((events / 50).max(1)..=100)
}

pub(super) fn switches(rng: &mut fastrand::Rng, events: usize) -> Switches {
    let caps = [BeyondCap::BadRequest, BeyondCap::Empty].map(|beyond| {
        Some(Cap {
            rows: events / 3,
            beyond,
        })
    });
    Switches {
        page_size: page_size(rng, events),
        page_size_honoured: rng.bool(),
        past_the_end: pick(
            rng,
            PastTheEnd::Empty,
            60,
            &[PastTheEnd::NotFound, PastTheEnd::RepeatLast],
        ),
        sort_honoured: rng.u8(0..100) >= 15,
        default_order: pick(rng, Order::NewestFirst, 70, &[Order::OldestFirst, Order::Unordered]),
        ties: pick(rng, Ties::Stable, 10, &[Ties::Shuffled]),
        unknown_operator: pick(
            rng,
            UnknownOperator::BadRequest,
            75,
            &[
                UnknownOperator::Unprocessable,
                UnknownOperator::Nothing,
                UnknownOperator::Everything,
            ],
        ),
        next_page: pick(rng, NextPage::Null, 60, &[NextPage::Absent, NextPage::Zero]),
        cap: pick(rng, None, 6, &caps),
        count: pick(rng, Tally::Exact, 12, &[Tally::Zero, Tally::Rounded]),
        total_pages: pick(rng, Tally::Exact, 8, &[Tally::Zero]),
        retention_days: pick(rng, Some(90), 40, &[None, Some(30), Some(365)]),
        slash_redirect: rng.bool(),
        shape: shape(rng),
        gzip: rng.bool(),
        date: match rng.u8(0..16) {
            0 => DateHeader::Absent,
            1 => DateHeader::Skewed(SignedDuration::from_secs(rng.i64(-70_000..70_000))),
            _ => DateHeader::Clock,
        },
        ..Switches::default()
    }
}

pub(super) fn resource_logs(rng: &mut fastrand::Rng) -> ResourceLogs {
    ResourceLogs {
        offer: pick(rng, Offer::Open, 8, &[Offer::Absent, Offer::Forbidden]),
        page_size: rng.usize(1..=20),
        paging: pick(rng, Paging::Merged, 50, &[Paging::SideBySide]),
        count: pick(rng, CountOf::Both, 60, &[CountOf::Versions, CountOf::Logs]),
        unknown_resource: pick(rng, UnknownResource::NotFound, 50, &[UnknownResource::Empty]),
        kept_past_retention: rng.bool(),
        only_here_per_mille: pick(rng, 0, 40, &[100, 300]),
    }
}

pub(super) fn notifications(rng: &mut fastrand::Rng) -> Notifications {
    let elsewhere = [Offer::Absent, Offer::Forbidden];
    Notifications {
        workspace: pick(rng, Offer::Open, 45, &elsewhere),
        bare: pick(rng, Offer::Absent, 30, &[Offer::Open, Offer::Forbidden]),
        resource: pick(rng, Offer::Open, 10, &elsewhere),
        dialect: pick(rng, Dialect::Sender, 50, &[Dialect::Performer]),
        order: pick(rng, Order::NewestFirst, 60, &[Order::OldestFirst, Order::Unordered]),
        page_size: rng.usize(4..=40),
        page_size_honoured: rng.u8(0..3) == 0,
        most_days: pick(rng, None, 50, &[Some(365), Some(90)]),
        link_base: None,
    }
}

pub(super) fn zendesk_of(rng: &mut fastrand::Rng) -> Kind {
    let broken = [BrokenCursor::Null, BrokenCursor::Repeated].map(Some);
    let switches = zendesk::switches::Switches {
        broken_cursor: pick(rng, None, 5, &broken),
        ..zendesk::switches::Switches::drawn(rng.u64(..))
    };
    Kind::Zendesk(switches, pick(rng, Pagination::Cursor, 40, &[Pagination::Offset]))
}

pub(super) fn shape(rng: &mut fastrand::Rng) -> Shape {
    Shape {
        older: rng.u8(0..4) == 0,
        unknown_fields: rng.bool(),
        nulls_absent: rng.bool(),
    }
}
