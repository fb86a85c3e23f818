//! A list in no order that can be relied on: read in full, again and again, until a full reading brings no new record. Only
//! then is anything claimed.

use std::collections::HashSet;

use super::numbered::hand_on;
use super::page::{Asking, Outline, fetch};
use super::{Event, Flow, PullError, Trust, Walk};
use crate::coverage::Span;
use crate::schema::Micros;

const MOST_PASSES: u32 = 5;
/// So many pages in a row that only repeat rows of the same reading never end.
const MOST_REPEATS: u32 = 20;

/// What one reading has met.
#[derive(Default)]
struct Reading {
    met: HashSet<u64>,
    oldest: Option<Micros>,
    pages: u64,
    /// Rows of the first page, where the numbers of its answer agree with them.
    size: Option<u64>,
    /// Another page came than was asked for, as where pages have become larger meanwhile, or the last one tells of more rows
    /// than there were: some may have been passed over.
    cut: Option<PullError>,
}

impl Reading {
    /// Says whether the page has only shown what the reading had met.
    fn take(&mut self, page: &Outline) -> bool {
        if page.number == 1 {
            self.size = Some(page.length()).filter(|size| page.is_sized(*size));
        }
        if page.is_last()
            && self
                .size
                .is_some_and(|size| page.length() <= size && page.contradicts_end(size))
        {
            let (page, count) = (page.number, page.count);
            self.cut = Some(PullError::Contradiction { page, count });
        }
        self.pages = page.number;
        self.oldest = self.oldest.into_iter().chain(page.oldest).min();
        let met = self.met.len();
        self.met.extend(page.rows.iter().map(|row| row.id));
        self.met.len() == met
    }
}

pub(super) async fn walk(
    walk: &Walk<'_>,
    caller: &mut impl AsyncFnMut(Event) -> anyhow::Result<Flow>,
) -> Result<(), PullError> {
    let asking = Asking::of(walk);
    let mut seen = HashSet::new();
    let mut oldest: Option<Micros> = None;
    let mut is_begun = walk.list.order_key.is_some();
    let mut cut = None;
    for _ in 0..MOST_PASSES {
        let before = seen.len();
        let Some(reading) = read_all(&asking, &mut is_begun, caller).await? else {
            return Ok(());
        };
        seen.extend(reading.met);
        oldest = oldest.into_iter().chain(reading.oldest).min();
        cut = reading.cut;
        if cut.is_some() {
            continue;
        }
        // One answer is of one moment.
        let is_whole = reading.pages == 1 && before == 0;
        if seen.len() == before || is_whole {
            if let Some(oldest) = oldest {
                let span = Span::new(oldest, Micros::MAX);
                let trust = Trust::Still;
                caller(Event::Proven { span, trust }).await?;
            }
            caller(Event::Ended { oldest }).await?;
            return Ok(());
        }
    }
    Err(cut.unwrap_or(PullError::Restless { passes: MOST_PASSES }))
}

/// `None`: the caller stopped it.
async fn read_all(
    asking: &Asking,
    is_begun: &mut bool,
    caller: &mut impl AsyncFnMut(Event) -> anyhow::Result<Flow>,
) -> Result<Option<Reading>, PullError> {
    let mut reading = Reading::default();
    let mut total = None;
    let mut repeats = 0;
    loop {
        let number = reading.pages + 1;
        let page = match fetch(asking, number).await {
            Err(error) if error.is_another_page() && number > 1 => {
                reading.cut = Some(error);
                return Ok(Some(reading));
            }
            answer => answer?,
        };
        let Some(page) = page else {
            break;
        };
        let outline = page.outline.clone();
        if !std::mem::replace(is_begun, true) {
            caller(Event::Begun {
                service_at: page.service_at,
                newest_key: None,
                count: outline.count,
                total_pages: outline.total_pages,
            })
            .await?;
        }
        if hand_on(page, caller).await? == Flow::Stop {
            return Ok(None);
        }
        // A cap may answer so: the page is none, though the list goes on.
        if outline.rows.is_empty() && number > 1 {
            total = outline.total_pages;
            break;
        }
        let is_repeat = reading.take(&outline);
        repeats = if is_repeat { repeats + 1 } else { 0 };
        if repeats > MOST_REPEATS {
            return Err(PullError::Repeats { page: number });
        }
        total = outline.total_pages;
        let is_endless = total.is_none() && outline.has_next.is_none() && is_repeat;
        if outline.is_last() || outline.rows.is_empty() || is_endless {
            break;
        }
    }
    if let Some(total_pages) = total.filter(|total| reading.pages < *total) {
        // The list may have become shorter since.
        let last = fetch(asking, reading.pages.max(1)).await?;
        let mut is_last = false;
        if let Some(last) = last {
            is_last = last.outline.is_last();
            reading.take(&last.outline);
            if hand_on(last, caller).await? == Flow::Stop {
                return Ok(None);
            }
        }
        if !is_last {
            let page = reading.pages + 1;
            return Err(PullError::Capped { page, total_pages });
        }
    }
    Ok(Some(reading))
}
