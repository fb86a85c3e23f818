//! Numbered pages, oldest first: walked from the last page to the first, so that claims still come newest first. Rows arrive
//! behind the last page and shift nothing; what vanishes or is revised shifts all that is newer to lower pages. One request at
//! a time: services that ignore the order asked for are rare, and slowness is better than doubt.

use std::collections::HashSet;

use super::numbered::{JOIN_ATTEMPTS, hand_on};
use super::page::{Asking, Outline, PageOrder, Row, fetch};
use super::{Event, Flow, PullError, Trust, Walk};
use crate::coverage::{Gap, Span};
use crate::schema::Micros;

pub(super) enum Outcome {
    Done,
    Unordered,
}

struct Backward<'w, C> {
    asking: Asking,
    caller: &'w mut C,
    /// The page joined last.
    newer: Outline,
    /// Identities of the joined rows whose key is the oldest joined one.
    tied: HashSet<u64>,
    proven_from: Micros,
    oldest: Option<Micros>,
    size: u64,
    /// Whether the count was exact at the last page: a rounded one stays the same when rows arrive.
    is_counted: bool,
    has_changed: bool,
    failures: u32,
    flow: Flow,
}

/// Whether an older page can be relied on to follow.
enum Join {
    Joined,
    Moved,
    Resized,
    Disorder,
}

pub(super) async fn walk(
    walk: &Walk<'_>,
    first: Outline,
    caller: &mut impl AsyncFnMut(Event) -> anyhow::Result<Flow>,
) -> Result<Outcome, PullError> {
    let Some(total) = first.total_pages else {
        return Ok(Outcome::Unordered);
    };
    let size = first.length();
    let mut backward = Backward {
        asking: Asking::of(walk),
        caller,
        newer: first,
        tied: HashSet::new(),
        proven_from: Micros::MAX,
        oldest: None,
        size,
        is_counted: false,
        has_changed: false,
        failures: 0,
        flow: Flow::On,
    };
    let Some(last) = backward.read_last(total).await?.filter(is_ascending) else {
        return Ok(Outcome::Unordered);
    };
    if last.length() <= size && last.contradicts_end(size) {
        let (page, count) = (last.number, last.count);
        return Err(PullError::Contradiction { page, count });
    }
    backward.is_counted = last.count == Some(last.rows_down_to(size));
    backward.extend(last).await?;
    backward.run().await
}

/// Also where all keys are equal.
fn is_ascending(page: &Outline) -> bool {
    page.order == PageOrder::OldestFirst || page.newest == page.oldest
}

impl<C: AsyncFnMut(Event) -> anyhow::Result<Flow>> Backward<'_, C> {
    async fn run(&mut self) -> Result<Outcome, PullError> {
        while self.newer.number > 1 {
            if self.flow == Flow::Stop {
                return Ok(Outcome::Done);
            }
            let Some(older) = self.read(self.newer.number - 1).await? else {
                return Ok(Outcome::Unordered);
            };
            match self.judge(&older).await? {
                Join::Joined => self.extend(older).await?,
                Join::Disorder => return Ok(Outcome::Unordered),
                Join::Moved | Join::Resized if self.failures < JOIN_ATTEMPTS => {
                    self.failures += 1;
                    self.has_changed = true;
                    self.anchor().await?;
                }
                Join::Moved | Join::Resized => self.go_on_at(older).await?,
            }
        }
        if let Some(oldest) = self.oldest {
            let span = Span::new(oldest, self.proven_from);
            self.prove(span).await?;
        }
        let oldest = self.oldest;
        self.tell(Event::Ended { oldest }).await?;
        Ok(Outcome::Done)
    }

    /// The last page, which may have become another one since it was told.
    async fn read_last(&mut self, told: u64) -> Result<Option<Outline>, PullError> {
        let mut number = told;
        for _ in 0..=JOIN_ATTEMPTS {
            let page = self.read(number).await?;
            match page {
                Some(page) if !page.is_last() => number = page.total_pages.unwrap_or(number + 1),
                page => return Ok(page),
            }
        }
        Ok(None)
    }

    /// Whether the page next to the last joined one has its last row right before the first row of that one.
    async fn judge(&mut self, older: &Outline) -> Result<Join, PullError> {
        if !is_ascending(older) {
            return Ok(Join::Disorder);
        }
        if older.length() != self.size || (self.is_counted && !older.is_sized(self.size)) {
            return Ok(Join::Resized);
        }
        self.has_changed |= older.count != self.newer.count;
        let ids = self.newer.ids();
        let is_shared = |row: &Row| ids.contains(&row.id) || self.tied.contains(&row.id);
        let shared = older.rows.iter().filter(|row| is_shared(row)).count();
        if older.newest.is_some_and(|newest| newest >= self.proven_from) {
            return Ok(if shared > 0 { Join::Joined } else { Join::Disorder });
        }
        let repeats_border = shared == 1 && self.tied.len() == 1 && older.newest == self.newer.oldest;
        if repeats_border || (shared == 0 && self.is_counted && older.count == self.newer.count) {
            return Ok(Join::Joined);
        }
        let first = |page: &Outline| page.rows.first().map(|row| (row.id, row.key));
        let again = self.read(self.newer.number).await?;
        let stands = again.is_some_and(|again| first(&again) == first(&self.newer));
        Ok(if shared == 0 && stands {
            Join::Joined
        } else {
            Join::Moved
        })
    }

    /// Begins anew at the lowest page that shows a row that needs no proof any more.
    async fn anchor(&mut self) -> Result<(), PullError> {
        let mut low = 1;
        let Some(first) = self.read(low).await? else {
            return Ok(());
        };
        let mut high = first.total_pages.unwrap_or(self.newer.number);
        self.size = first.length();
        let mut found = None;
        while low < high {
            let middle = low + (high - low) / 2;
            match self.read(middle).await? {
                Some(page) if page.newest.is_some_and(|newest| newest < self.proven_from) => low = middle + 1,
                page => {
                    found = page;
                    high = middle;
                }
            }
        }
        if found.as_ref().is_none_or(|page| page.number != low) {
            found = self.read(low).await?;
        }
        if let Some(page) = found {
            self.tied.clear();
            self.extend(page).await?;
        }
        Ok(())
    }

    /// Three attempts found no join: what may lie between is a named gap, and the walk goes on below it.
    async fn go_on_at(&mut self, older: Outline) -> Result<(), PullError> {
        let from = older.newest.unwrap_or(self.proven_from).min(self.proven_from);
        let span = Span::new(from, self.proven_from);
        if !span.is_empty() {
            let reason = format!("pages {} and {} could not be joined", self.newer.number, older.number);
            self.tell(Event::Missing(Gap { span, reason })).await?;
        }
        self.proven_from = from;
        self.tied.clear();
        self.failures = 0;
        self.extend(older).await
    }

    async fn extend(&mut self, page: Outline) -> Result<(), PullError> {
        if let Some(oldest) = page.oldest {
            if self.newer.oldest != Some(oldest) {
                self.tied.clear();
            }
            let of_border = page.rows.iter().filter(|row| row.key == Some(oldest));
            self.tied.extend(of_border.map(|row| row.id));
            self.oldest = Some(self.oldest.map_or(oldest, |known| known.min(oldest)));
        }
        let from = page.oldest.map(|oldest| oldest.saturating_add(1));
        self.newer = page;
        let Some(span) = from.map(|from| Span::new(from, self.proven_from)) else {
            return Ok(());
        };
        self.prove(span).await
    }

    async fn prove(&mut self, span: Span) -> Result<(), PullError> {
        if span.is_empty() {
            return Ok(());
        }
        self.failures = 0;
        self.proven_from = span.from;
        let trust = match (self.is_counted, self.has_changed) {
            (false, _) => Trust::Uncounted,
            (true, true) => Trust::Moving,
            (true, false) => Trust::Still,
        };
        self.tell(Event::Proven { span, trust }).await
    }

    async fn read(&mut self, number: u64) -> Result<Option<Outline>, PullError> {
        let Some(page) = fetch(&self.asking, number).await? else {
            return Ok(None);
        };
        let outline = page.outline.clone();
        hand_on(page, self.caller).await?;
        Ok(Some(outline).filter(|outline| !outline.rows.is_empty()))
    }

    async fn tell(&mut self, event: Event) -> Result<(), PullError> {
        self.flow = (self.caller)(event).await?;
        Ok(())
    }
}
