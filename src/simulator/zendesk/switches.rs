//! What is unknown about Zendesk's service, as switches: a client must be right under every setting. Plain data, apart
//! from the code that obeys it, so that a test reads as the list of what it turned.

use std::time::Duration;

use super::super::chance::{Purpose, generator};
use super::super::switches::DateHeader;
use super::door::Access;

/// How the service behaves. `Default` is the service as it is documented.
#[derive(Debug, Clone, PartialEq)]
pub struct Switches {
    pub access: Access,
    pub bounds: Bounds,
    /// The last page of a list still has a cursor and `links.next`.
    pub last_page_goes_on: bool,
    /// An empty list has no cursors; else it repeats the one it was asked with.
    pub empty_without_cursors: bool,
    /// What is wrong with the cursors of pages that are not the last.
    pub broken_cursor: Option<BrokenCursor>,
    /// Pages before the last hold fewer rows than asked for, at least one.
    pub short_pages: bool,
    /// What `links` begin with instead of the address that was asked: another host.
    pub link_base: Option<String>,
    /// With `page[after]` or `page[before]` filters work only in links made by the service.
    pub filters_lost_by_hand: bool,
    /// Names of filters without their brackets, `created_at`, `action` …, or `sort`, that do nothing.
    pub ignored: Vec<&'static str>,
    /// The second of the oldest row that the credentials may see; none for all.
    pub sees_since: Option<i64>,
    /// The volatile fields of a record differ from answer to answer.
    pub labels_change: bool,
    pub shape: Shape,
    /// The depth of offset mode.
    pub cap: Cap,
    pub rate_limit: RateLimit,
    pub date: DateHeader,
    /// Waited before each answer; what the answer holds is fixed before the wait.
    pub latency: Duration,
}

impl Default for Switches {
    fn default() -> Switches {
        Switches {
            access: Access::default(),
            bounds: Bounds {
                start_inclusive: true,
                end_inclusive: true,
            },
            last_page_goes_on: false,
            empty_without_cursors: true,
            broken_cursor: None,
            short_pages: false,
            link_base: None,
            filters_lost_by_hand: false,
            ignored: Vec::new(),
            sees_since: None,
            labels_change: false,
            shape: Shape::default(),
            cap: Cap {
                pages: 100,
                records: 10_000,
            },
            rate_limit: RateLimit {
                per_minute: 700,
                is_enforced: false,
            },
            date: DateHeader::Clock,
            latency: Duration::ZERO,
        }
    }
}

impl Switches {
    /// A setting drawn from `seed`, of those under which a client that follows `links.next` can read a list exactly: no
    /// broken cursors, nothing ignored.
    pub fn drawn(seed: u64) -> Switches {
        let mut rng = generator(seed, Purpose::Order, 1);
        Switches {
            bounds: Bounds {
                start_inclusive: rng.bool(),
                end_inclusive: rng.bool(),
            },
            last_page_goes_on: rng.bool(),
            empty_without_cursors: rng.bool(),
            short_pages: rng.u8(0..3) == 0,
            filters_lost_by_hand: rng.bool(),
            labels_change: rng.bool(),
            shape: Shape {
                unknown_fields: rng.bool(),
                nulls_absent: rng.bool(),
            },
            ..Switches::default()
        }
    }
}

/// Whether rows of exactly a bound's second pass `filter[created_at]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    pub start_inclusive: bool,
    pub end_inclusive: bool,
}

/// A page with `has_more` true that does not lead on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrokenCursor {
    /// `after_cursor` and `links.next` are null.
    Null,
    /// `after_cursor` and `links.next` are those the page was asked with.
    Repeated,
}

/// What a newer server may do to the documented record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shape {
    /// Adds fields that no document names.
    pub unknown_fields: bool,
    /// Leaves out fields that are null.
    pub nulls_absent: bool,
}

/// From here on offset mode answers 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cap {
    pub pages: usize,
    pub records: usize,
}

/// The account's limit, told in headers; a minute is one of the simulator's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    pub per_minute: u32,
    /// Whether requests beyond it are answered 429 with `Retry-After`.
    pub is_enforced: bool,
}
