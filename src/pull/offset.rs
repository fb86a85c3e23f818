//! One window in offset mode. Pages are numbered, at most 100 of 100 rows, and shift under the reader; so a window is
//! complete only when its count stood still and as many different rows came. One that holds more than can be reached is
//! halved, down to a second, and that is read from both its ends.

use std::collections::HashSet;

use super::desk::{Desk, Halt};
use super::listed::Bounds;
use super::windows::{Fault, PAGE_SIZE, WindowError, Windowed, around, second_of};
use crate::coverage::Span;
use crate::http::HttpErrorKind;
use crate::schema::SECOND;

const MOST_PAGES: u64 = 100;
const MOST_ROWS: u64 = 10_000;
/// Readings of one part that bring nothing new, and readings at all.
const MOST_IDLE_READINGS: u32 = 5;
const MOST_READINGS: u32 = 20;
/// Halvings of one window because it would not stand still: a burst of arrivals should cost no more than its own time.
const MOST_RESTLESS_HALVINGS: u32 = 24;

/// What came of a part of a window.
enum Verdict {
    /// Every row of it has been handed in; trusted where the count says so.
    Whole {
        trusted: bool,
    },
    TooMany {
        count: Option<u64>,
    },
    /// Rows and count never agreed; it may be otherwise with a part of it, if they moved.
    Restless {
        readings: u32,
        has_moved: bool,
    },
    Broken {
        page: u64,
        fault: Fault,
    },
}

/// What came of paging through a part once, from one end.
enum Pass {
    Ended,
    Capped,
    /// The count changed, and with it the places of the rows.
    Changed,
    Broken {
        page: u64,
        fault: Fault,
    },
}

/// The rows seen of a part, over all readings that found the same count.
#[derive(Default)]
struct Tally {
    seen: HashSet<u64>,
    /// `None`: not asked yet.
    count: Option<Option<u64>>,
}

/// What the service is asked for.
#[derive(Clone, Copy)]
struct Part {
    bounds: Bounds,
    /// Whether rows beyond the reach of one end are sought from the other; else they are not read at all.
    from_both_ends: bool,
}

pub(super) async fn read(list: &Windowed, window: Span, desk: &Desk) -> Result<(), Halt> {
    let mut parts = vec![window];
    let mut patience = MOST_RESTLESS_HALVINGS;
    let mut is_inclusive = false;
    while let Some(span) = parts.pop() {
        let halves = halves_of(span);
        let part = Part {
            bounds: around(span),
            from_both_ends: false,
        };
        let mut tally = Tally::default();
        let mut verdict = read_part(list, part, &mut tally, desk).await?;
        if matches!(verdict, Verdict::TooMany { .. }) && halves.is_none() {
            verdict = read_second(list, span, &mut is_inclusive, desk).await?;
        }
        let (page, fault) = match (verdict, halves) {
            (Verdict::Whole { trusted }, _) => {
                desk.sound();
                desk.proven(span, trusted).await?;
                continue;
            }
            (Verdict::TooMany { .. }, Some((older, newer))) => {
                parts.extend([newer, older]);
                continue;
            }
            (Verdict::Restless { has_moved: true, .. }, Some((older, newer))) if patience > 0 => {
                patience -= 1;
                parts.extend([newer, older]);
                continue;
            }
            (Verdict::TooMany { count }, None) => (MOST_PAGES, Fault::Crowded { count }),
            (Verdict::Restless { readings, .. }, _) => (1, Fault::Restless { readings }),
            (Verdict::Broken { page, fault }, _) => (page, fault),
        };
        let window = Some(span);
        desk.broken(span, WindowError { window, page, fault }).await?;
    }
    Ok(())
}

fn halves_of(span: Span) -> Option<(Span, Span)> {
    let middle = second_of(span.from + (span.to - span.from) / 2);
    (middle > span.from).then(|| (Span::new(span.from, middle), Span::new(middle, span.to)))
}

/// A single second: asked for as tightly as the service allows, for its neighbours may be as full.
async fn read_second(list: &Windowed, second: Span, is_inclusive: &mut bool, desk: &Desk) -> Result<Verdict, Halt> {
    let at = second.from;
    let part = |from, to| Part {
        bounds: Bounds { from, to },
        from_both_ends: true,
    };
    let mut tally = Tally::default();
    let verdict = read_part(list, part(at, at), &mut tally, desk).await?;
    // Equal bounds that hold any row are inclusive; that they hold none says something only once that is known.
    *is_inclusive |= !tally.seen.is_empty() && !matches!(verdict, Verdict::Broken { .. });
    if *is_inclusive {
        return Ok(verdict);
    }
    read_part(list, part(at - SECOND, at + SECOND), &mut Tally::default(), desk).await
}

/// Reads a part until as many different rows have come as it counts.
async fn read_part(list: &Windowed, part: Part, tally: &mut Tally, desk: &Desk) -> Result<Verdict, Halt> {
    let mut idle = 0;
    let mut readings = 0;
    let mut shape = None;
    let mut has_moved = false;
    while idle < MOST_IDLE_READINGS && readings < MOST_READINGS {
        readings += 1;
        let known = tally.seen.len();
        let was_read = tally.count.is_some();
        let mut pass = page_through(list, part, "asc", tally, desk).await?;
        if matches!(pass, Pass::Capped) && part.from_both_ends {
            pass = page_through(list, part, "desc", tally, desk).await?;
        }
        let has_grown = tally.seen.len() > known;
        has_moved |= was_read && has_grown || matches!(pass, Pass::Changed);
        let count = tally.count.flatten();
        match pass {
            _ if tally.is_whole() => return Ok(Verdict::Whole { trusted: true }),
            Pass::Ended if count.is_none() && was_read && !has_grown => {
                return Ok(Verdict::Whole { trusted: false });
            }
            Pass::Capped => return Ok(Verdict::TooMany { count }),
            Pass::Broken { page, fault } if !matches!(fault, Fault::Shape(_)) => {
                return Ok(Verdict::Broken { page, fault });
            }
            Pass::Broken { page, fault } => shape = Some((page, fault)),
            Pass::Changed => *tally = Tally::default(),
            Pass::Ended if count.is_some_and(|count| tally.has_more_than(count)) => *tally = Tally::default(),
            Pass::Ended => {}
        }
        idle += u32::from(!has_grown || tally.count.is_none());
    }
    Ok(match shape {
        Some((page, fault)) => Verdict::Broken { page, fault },
        None => Verdict::Restless { readings, has_moved },
    })
}

async fn page_through(list: &Windowed, part: Part, order: &str, tally: &mut Tally, desk: &Desk) -> Result<Pass, Halt> {
    for page in 1..=MOST_PAGES {
        let number = page.to_string();
        let query = [
            ("sort_by", list.order_key),
            ("sort_order", order),
            ("per_page", PAGE_SIZE),
            ("page", number.as_str()),
        ];
        let listed = match list.ask(Some(part.bounds), &query).await {
            Ok(listed) => listed,
            Err(Fault::Http(error)) if error.kind == HttpErrorKind::Refused && page > 1 => return Ok(Pass::Capped),
            Err(fault) => return Ok(Pass::Broken { page, fault }),
        };
        desk.rows(page, listed.rows).await?;
        if let Some(fault) = listed.stray {
            return Ok(Pass::Broken { page, fault });
        }
        if tally.count.is_some_and(|known| known != listed.count) {
            return Ok(Pass::Changed);
        }
        tally.count = Some(listed.count);
        tally.seen.extend(listed.marks.iter().map(|(id, _)| *id));
        if tally.is_whole() {
            return Ok(Pass::Ended);
        }
        if !part.from_both_ends && listed.count.is_some_and(|count| count >= MOST_ROWS) {
            return Ok(Pass::Capped);
        }
        if !listed.has_next_page || listed.count.is_none() && listed.marks.is_empty() {
            return Ok(Pass::Ended);
        }
    }
    Ok(Pass::Capped)
}

impl Tally {
    fn is_whole(&self) -> bool {
        self.count
            .flatten()
            .is_some_and(|count| u64::try_from(self.seen.len()) == Ok(count))
    }

    fn has_more_than(&self, count: u64) -> bool {
        u64::try_from(self.seen.len()).is_ok_and(|seen| seen > count)
    }
}
