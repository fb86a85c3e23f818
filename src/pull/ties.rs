//! Rows of one key whose order changes from answer to answer: one stands on two pages and its neighbour on none. Apart from
//! the joining, because here pages are read again until every place is accounted for.

use std::collections::HashSet;

use super::numbered::Walker;
use super::page::Outline;
use super::{Event, Flow, PullError};
use crate::coverage::{Gap, Span};
use crate::schema::{Micros, format_time};

/// How often the pages of a run of ties are read.
const ROUNDS: u32 = 12;
/// Most pages such a run is followed over.
const LONGEST_RUN: u64 = 256;

/// One reading of all rows of one key.
struct Run {
    ids: Vec<u64>,
    /// What it was read over: readings are united only while this stays.
    place: Place,
    end: Outline,
}

#[derive(PartialEq, Eq)]
struct Place {
    count: Option<u64>,
    first_page: u64,
    /// Rows of the first page before those of the key.
    rows_before: usize,
    rows: usize,
}

impl<C: AsyncFnMut(Event) -> anyhow::Result<Flow>> Walker<'_, C> {
    /// Reads all rows of the key at the border again and again, until as many different ones have been seen as there are
    /// places, and goes on below them; else exactly that key is a gap.
    pub(super) async fn resolve_ties(&mut self) -> Result<(), PullError> {
        let last = self.chain.last()?;
        let (Some(key), mut start) = (last.oldest, last.number) else {
            return self.anchor(None).await;
        };
        let mut seen = HashSet::new();
        let mut place = None;
        let mut end = None;
        for _ in 0..ROUNDS {
            let Some(run) = self.read_ties(key, &mut start).await? else {
                continue;
            };
            if place.as_ref() != Some(&run.place) {
                seen.clear();
            }
            seen.extend(run.ids);
            let is_complete = seen.len() == run.place.rows;
            place = Some(run.place);
            if is_complete {
                self.chain.restart();
                return self.extend(run.end, false).await;
            }
            end = Some(run.end);
        }
        let Some(end) = end else {
            return self.anchor(None).await;
        };
        let span = Span::new(key, key.saturating_add(1).min(self.chain.proven_from));
        if !span.is_empty() {
            let reason = format!(
                "rows of {} change places between answers, or one is listed twice",
                format_time(key)
            );
            self.tell(Event::Missing(Gap { span, reason })).await?;
        }
        self.chain.restart_below(key);
        self.failures = 0;
        self.extend(end, false).await
    }

    /// Reads from a page that shows a newer row than those of the key to one that shows an older one. `None`: the list has
    /// changed meanwhile.
    async fn read_ties(&mut self, key: Micros, start: &mut u64) -> Result<Option<Run>, PullError> {
        let mut page = loop {
            let page = self.read(*start).await?;
            if let Some(page) = page.filter(|page| *start == 1 || page.newest.is_some_and(|newest| newest > key)) {
                break page;
            }
            if *start == 1 {
                return Ok(None);
            }
            *start -= 1;
        };
        let is_tie = |row: &super::page::Row| row.key == Some(key);
        let mut run = Run {
            ids: Vec::new(),
            place: Place {
                count: page.count,
                first_page: *start,
                rows_before: 0,
                rows: 0,
            },
            end: page.clone(),
        };
        loop {
            run.ids
                .extend(page.rows.iter().filter(|row| is_tie(row)).map(|row| row.id));
            run.place.rows = run.ids.len();
            let goes_on = page.oldest.is_none_or(|oldest| oldest >= key) && !page.is_last();
            run.end = page;
            if !goes_on || run.end.number - *start > LONGEST_RUN {
                return Ok(Some(run).filter(|_| !goes_on));
            }
            page = match self.read(run.end.number + 1).await? {
                Some(next) if next.count == run.place.count && !self.chain.is_resized(&next) => next,
                _ => return Ok(None),
            };
        }
    }
}
