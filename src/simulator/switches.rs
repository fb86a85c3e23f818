//! What is unknown about the service, as switches: a client must be right under every setting. Plain data,
//! apart from the code that obeys it, so that a test reads as the list of what it turned.

use std::time::Duration;

use super::TOKEN;
use jiff::SignedDuration;

use super::cast::as_u64;
use super::chance::{Purpose, generator, mix};

/// How the service behaves. `Default` is the service as its contract and the evidence describe it.
#[derive(Debug, Clone, PartialEq)]
pub struct Switches {
    /// The key that is let in.
    pub token: String,
    /// The key is known, but has no right to audit logs: 403.
    pub forbidden: bool,
    /// The key is let in and finds every list empty.
    pub sees_nothing: bool,
    /// Nothing is answered but this.
    pub outage: Option<Outage>,
    /// Rows on a page, 1 to 100.
    pub page_size: usize,
    /// Whether a `page_size` parameter changes it (at most 100).
    pub page_size_honoured: bool,
    pub past_the_end: PastTheEnd,
    /// Whether the `sort` parameter does anything.
    pub sort_honoured: bool,
    /// The order without `sort`, or with one that is ignored.
    pub default_order: Order,
    pub ties: Ties,
    pub unknown_operator: UnknownOperator,
    /// Names under which the filter knows time comparisons; `None`: it knows none.
    pub date_operators: Option<DateOperators>,
    /// So many of the oldest rows that pass a filter are kept back, and not counted.
    pub filter_hides: usize,
    pub next_page: NextPage,
    /// Rows beyond this many over all pages are not given out.
    pub cap: Option<Cap>,
    /// A page of audit logs, by its number, that lacks so many of its last rows, though the count holds them.
    pub short_page: Option<(usize, usize)>,
    pub count: Tally,
    pub total_pages: Tally,
    /// Rows whose order key is older than this are not listed.
    pub retention_days: Option<u32>,
    /// Whether a path without its last slash answers 301.
    pub slash_redirect: bool,
    pub shape: Shape,
    pub resource_logs: ResourceLogs,
    pub notifications: Notifications,
    /// Bodies are in gzip for a client that accepts it.
    pub gzip: bool,
    pub date: DateHeader,
    /// The time from a request to its answer; what the answer holds is fixed before the wait.
    pub latency: Duration,
}

impl Default for Switches {
    fn default() -> Switches {
        Switches {
            token: TOKEN.to_owned(),
            forbidden: false,
            sees_nothing: false,
            outage: None,
            page_size: 50,
            page_size_honoured: false,
            past_the_end: PastTheEnd::Empty,
            sort_honoured: true,
            default_order: Order::NewestFirst,
            ties: Ties::Stable,
            unknown_operator: UnknownOperator::BadRequest,
            date_operators: None,
            filter_hides: 0,
            next_page: NextPage::Null,
            cap: None,
            short_page: None,
            count: Tally::Exact,
            total_pages: Tally::Exact,
            retention_days: None,
            slash_redirect: true,
            shape: Shape::default(),
            resource_logs: ResourceLogs::default(),
            notifications: Notifications::default(),
            gzip: false,
            date: DateHeader::Clock,
            latency: Duration::ZERO,
        }
    }
}

impl Switches {
    /// A setting drawn from `seed`, of those under which the list can be read exactly: no cap, true counts, `sort`
    /// honoured, stable ties, no retention.
    pub fn drawn(seed: u64) -> Switches {
        let mut rng = generator(seed, Purpose::Order, 0);
        let past = [PastTheEnd::Empty, PastTheEnd::NotFound, PastTheEnd::RepeatLast];
        let operators = [
            UnknownOperator::BadRequest,
            UnknownOperator::Unprocessable,
            UnknownOperator::Nothing,
            UnknownOperator::Everything,
        ];
        Switches {
            page_size: rng.usize(1..=100),
            page_size_honoured: rng.bool(),
            past_the_end: past[rng.usize(0..past.len())],
            default_order: if rng.bool() {
                Order::NewestFirst
            } else {
                Order::OldestFirst
            },
            unknown_operator: operators[rng.usize(0..operators.len())],
            next_page: [NextPage::Null, NextPage::Absent, NextPage::Zero][rng.usize(0..3)],
            slash_redirect: rng.bool(),
            resource_logs: ResourceLogs {
                page_size: rng.usize(1..=50),
                paging: [Paging::Merged, Paging::SideBySide][rng.usize(0..2)],
                count: [CountOf::Both, CountOf::Versions, CountOf::Logs][rng.usize(0..3)],
                unknown_resource: [UnknownResource::NotFound, UnknownResource::Empty][rng.usize(0..2)],
                ..ResourceLogs::default()
            },
            notifications: Notifications {
                workspace: [Offer::Open, Offer::Open, Offer::Absent, Offer::Forbidden][rng.usize(0..4)],
                bare: [Offer::Open, Offer::Absent][rng.usize(0..2)],
                dialect: [Dialect::Sender, Dialect::Performer][rng.usize(0..2)],
                order: [Order::NewestFirst, Order::OldestFirst, Order::Unordered][rng.usize(0..3)],
                page_size: rng.usize(1..=60),
                page_size_honoured: rng.bool(),
                most_days: [None, Some(365), Some(90)][rng.usize(0..3)],
                ..Notifications::default()
            },
            shape: Shape {
                older: rng.u8(0..4) == 0,
                unknown_fields: rng.bool(),
                nulls_absent: rng.bool(),
            },
            gzip: rng.bool(),
            ..Switches::default()
        }
    }
}

/// The answer to a page after the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PastTheEnd {
    Empty,
    NotFound,
    /// The last page again, under its own number.
    RepeatLast,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    NewestFirst,
    OldestFirst,
    /// By nothing a client can see; the same from answer to answer.
    Unordered,
}

/// The order of rows with one order key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ties {
    Stable,
    /// Another order in every answer, so that a row may be on two pages and its neighbour on none.
    Shuffled,
}

/// What an operator which the filter does not know leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownOperator {
    BadRequest,
    Unprocessable,
    /// 200 without rows.
    Nothing,
    /// 200, the condition ignored.
    Everything,
}

/// The names of the time comparisons of the filter: at or after, and before, the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateOperators {
    pub at_or_after: String,
    pub before: String,
}

/// `meta.next_page` on the last page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextPage {
    Null,
    Absent,
    Zero,
}

/// A limit over all pages of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cap {
    pub rows: usize,
    pub beyond: BeyondCap,
}

/// The answer to a page beyond the cap, before the last page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BeyondCap {
    BadRequest,
    Empty,
}

/// How the listings of resources behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourceLogs {
    pub offer: Offer,
    pub page_size: usize,
    pub paging: Paging,
    pub count: CountOf,
    pub unknown_resource: UnknownResource,
    /// Whether logs and versions past retention are still listed; read at the start only.
    pub kept_past_retention: bool,
    /// Of a thousand logs with a resource, how many are listed here and not among the audit logs; read at the start only.
    pub only_here_per_mille: u16,
}

impl Default for ResourceLogs {
    fn default() -> ResourceLogs {
        ResourceLogs {
            offer: Offer::Open,
            page_size: 20,
            paging: Paging::Merged,
            count: CountOf::Both,
            unknown_resource: UnknownResource::NotFound,
            kept_past_retention: false,
            only_here_per_mille: 0,
        }
    }
}

/// How two lists are cut into one row of pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// In one order; a page holds `page_size` of both together.
    Merged,
    /// Each by itself; a page holds up to `page_size` of either.
    SideBySide,
}

/// What `count` counts where there are versions and logs outside of versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountOf {
    Both,
    Versions,
    Logs,
}

/// The answer for a resource that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownResource {
    NotFound,
    Empty,
}

/// How the lists of notifications behave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notifications {
    /// `/api/v1/notification/workspace/`
    pub workspace: Offer,
    /// `/notification/workspace/`
    pub bare: Offer,
    /// `/api/v1/notification/resource/`
    pub resource: Offer,
    pub dialect: Dialect,
    pub order: Order,
    pub page_size: usize,
    /// Whether a `page_size` parameter changes it (at most 100).
    pub page_size_honoured: bool,
    /// Asked for more `days` than this, the list answers 400.
    pub most_days: Option<usize>,
    /// What the links begin with, where it is not the address of the service.
    pub link_base: Option<String>,
}

impl Default for Notifications {
    fn default() -> Notifications {
        Notifications {
            workspace: Offer::Open,
            bare: Offer::Absent,
            resource: Offer::Open,
            dialect: Dialect::Sender,
            order: Order::NewestFirst,
            page_size: 20,
            page_size_honoured: true,
            most_days: None,
            link_base: None,
        }
    }
}

/// Whether there is something under a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    Open,
    /// 404
    Absent,
    /// 403
    Forbidden,
}

/// The two published shapes of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// With `sender`, texts and links.
    Sender,
    /// Six fields, one of them `performer`.
    Performer,
}

/// What takes the place of every answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    Reset,
    /// 503
    Unavailable,
}

/// The header `Date`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateHeader {
    Clock,
    /// This much ahead of the simulator's clock, or behind it.
    Skewed(SignedDuration),
    Absent,
}

/// How true a number in the answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tally {
    Exact,
    Zero,
    /// Rounded down to a whole hundred.
    Rounded,
    /// One too many or too few in every other answer or so.
    Drifting,
}

impl Tally {
    /// The number told for `exact`; `salt` differs from answer to answer.
    pub fn told(self, exact: usize, salt: u64) -> usize {
        match self {
            Tally::Exact => exact,
            Tally::Zero => 0,
            Tally::Rounded => exact - exact % 100,
            Tally::Drifting => match mix(salt, as_u64(exact)) % 4 {
                0 => exact + 1,
                1 => exact.saturating_sub(1),
                _ => exact,
            },
        }
    }
}

/// The published shapes of a record, and what a newer server may do to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shape {
    /// `performer_metadata` of five fields with `email`, `resource_metadata` with `title`, no `metadata`.
    pub older: bool,
    /// Adds top-level and nested fields that no contract names.
    pub unknown_fields: bool,
    /// Leaves out fields that are null, at every level.
    pub nulls_absent: bool,
}

impl Shape {
    /// The shape of the contract, byte for byte.
    pub fn is_contract(self) -> bool {
        self == Shape::default()
    }
}
