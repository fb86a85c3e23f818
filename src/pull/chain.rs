//! The joined pages of a walk, and when a further page joins them. Pure, so that the rule of joining can be read, and tested,
//! apart from the asking.

use std::collections::{HashMap, VecDeque};

use super::page::{Outline, PageOrder};
use super::{PullError, Trust};
use crate::coverage::Span;
use crate::schema::Micros;

/// Pages whose row identities are remembered.
const REMEMBERED: usize = 128;

/// The first row of the list and its count.
pub(super) type Head = (u64, Option<u64>);

/// The joined pages of one walk.
pub(super) struct Chain {
    pages: VecDeque<Outline>,
    /// How many of the pages hold a row.
    known: HashMap<u64, u32>,
    /// Rows of this key or a newer one need no proof any more: they are proven, covered from before, or told as a gap.
    pub(super) proven_from: Micros,
    pub(super) oldest: Option<Micros>,
    /// Whether the counts of the answers can be true.
    pub(super) is_counted: bool,
    /// What the head was when it was last looked at, if every page joined since is known to be of that list.
    pub(super) head: Option<Head>,
    /// Whether the list has been seen to change in this walk.
    pub(super) has_changed: bool,
    /// Rows of a page that is not the last, as the newest such page had them; 0 while none has been seen.
    pub(super) size: u64,
    /// Rows from the head to the last one joined, and the count they were part of.
    depth: (u64, Option<u64>),
}

impl Chain {
    pub(super) fn new(is_counted: bool) -> Self {
        Self {
            pages: VecDeque::new(),
            known: HashMap::new(),
            proven_from: Micros::MAX,
            oldest: None,
            is_counted,
            head: None,
            has_changed: false,
            size: 0,
            depth: (0, None),
        }
    }

    pub(super) fn last(&self) -> Result<&Outline, PullError> {
        self.pages
            .back()
            .ok_or_else(|| PullError::Caller(anyhow::anyhow!("no page is joined")))
    }

    pub(super) fn last_mut(&mut self) -> Option<&mut Outline> {
        self.pages.back_mut()
    }

    /// Joins a page, and gives the span that is proven by it: keys newer than its last one, for rows of that very key may
    /// follow.
    pub(super) fn push(&mut self, outline: Outline) -> Option<Span> {
        self.is_counted &= outline.count.is_some();
        if !outline.is_last() && !self.is_cut(&outline) {
            self.size = outline.length();
        }
        if let Some(last) = self.pages.back() {
            self.has_changed |= last.count != outline.count || outline.rows.iter().any(|row| self.knows(row.id));
        }
        let size = self.size.max(outline.length());
        let depth = outline.rows_down_to(size);
        let oldest = outline.oldest;
        for id in outline.ids() {
            *self.known.entry(id).or_default() += 1;
        }
        let count = outline.count;
        self.pages.push_back(outline);
        if self.pages.len() > REMEMBERED {
            self.forget_first();
        }
        let oldest = oldest.filter(|_| !self.is_out_of_order())?;
        self.oldest = Some(self.oldest.map_or(oldest, |known| known.min(oldest)));
        if oldest < self.proven_from {
            self.depth = (depth, count);
        }
        let span = Span::new(oldest.saturating_add(1), self.proven_from);
        if span.is_empty() {
            return None;
        }
        self.proven_from = span.from;
        Some(span)
    }

    fn forget_first(&mut self) {
        let Some(first) = self.pages.pop_front() else {
            return;
        };
        for id in first.ids() {
            if let Some(pages) = self.known.get_mut(&id) {
                *pages -= 1;
                if *pages == 0 {
                    self.known.remove(&id);
                }
            }
        }
    }

    /// Forgets the pages, so that the next one begins the chain anew; what is proven stays so.
    pub(super) fn restart(&mut self) {
        self.pages.clear();
        self.known.clear();
    }

    /// As `restart`, below what is told as a gap or covered from before: nothing is proven across it.
    pub(super) fn restart_below(&mut self, key: Micros) {
        self.restart();
        self.proven_from = self.proven_from.min(key);
    }

    /// How far what the next page proves can be relied on.
    pub(super) fn trust(&self, stood_still: bool) -> Trust {
        match (self.is_counted, stood_still || !self.has_changed) {
            (false, _) => Trust::Uncounted,
            (true, true) => Trust::Still,
            (true, false) => Trust::Moving,
        }
    }

    pub(super) fn knows(&self, id: u64) -> bool {
        self.known.contains_key(&id)
    }

    /// Whether a page answered after the last joined one follows it with nothing between.
    ///
    /// A page that begins at a key that needs no proof any more overlaps: whatever lies below that key is on it or below it.
    /// Otherwise it must repeat exactly as many rows as the count has grown: rows that share the border's key may change
    /// places, and then repeat without growth. A page of nothing but repeats is believed only where the count has grown by
    /// enough.
    pub(super) fn joins(&self, deeper: &Outline) -> bool {
        let Some(shallower) = self.pages.back() else {
            return true;
        };
        let ids = deeper.ids();
        let repeated = ids.iter().filter(|id| self.knows(**id)).count();
        if repeated == ids.len() && !self.may_repeat(deeper) {
            return false;
        }
        if self.overlaps(deeper) {
            return true;
        }
        let (true, Some(before), Some(after)) = (self.is_counted, shallower.count, deeper.count) else {
            return true;
        };
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        after
            .checked_sub(before)
            .is_some_and(|grown| number(repeated) == grown.min(number(ids.len())))
    }

    pub(super) fn overlaps(&self, deeper: &Outline) -> bool {
        deeper.newest.is_some_and(|newest| newest >= self.proven_from)
    }

    fn may_repeat(&self, deeper: &Outline) -> bool {
        let (depth, before) = self.depth;
        match (self.is_counted, before, deeper.count) {
            (true, Some(before), Some(after)) => deeper.rows_down_to(self.size) + before <= depth + after,
            _ => true,
        }
    }

    /// How many rows lie below the last joined one, by the count.
    pub(super) fn unread(&self) -> Option<u64> {
        let (depth, count) = self.depth;
        count
            .filter(|_| self.is_counted)
            .map(|count| count.saturating_sub(depth))
    }

    /// The page that ought to hold the last joined row in a list of so many rows, in pages of `size`.
    pub(super) fn page_of_last(&self, size: u64, count: Option<u64>) -> u64 {
        let (depth, before) = self.depth;
        let grown = count
            .zip(before)
            .map_or(0, |(after, before)| after.saturating_sub(before));
        let shrunk = count
            .zip(before)
            .map_or(0, |(after, before)| before.saturating_sub(after));
        let position = (depth + grown).saturating_sub(shrunk).saturating_sub(1);
        position / size.max(1) + 1
    }

    /// Whether the key of the last joined row goes on on the page: rows of one key may be in any order.
    pub(super) fn is_tied(&self, deeper: &Outline) -> bool {
        deeper.newest.is_some() && deeper.newest == self.pages.back().and_then(|last| last.oldest)
    }

    /// Whether a page read while the head stood still follows the last one: of that count and size, without any repeat.
    pub(super) fn follows_still(&self, outline: &Outline) -> bool {
        self.head.is_some_and(|(_, count)| count == outline.count)
            && !self.is_resized(outline)
            && !self.is_cut(outline)
            && outline.rows.iter().all(|row| !self.knows(row.id))
            && outline.ids().len() == outline.rows.len()
    }

    /// Whether a page is of another size than the ones before. Page numbers only mean the same rows while all pages have one
    /// size; the last page may be shorter.
    pub(super) fn is_resized(&self, page: &Outline) -> bool {
        if self.size == 0 || page.rows.is_empty() {
            return false;
        }
        let fits = if page.is_last() || self.is_cut(page) {
            page.length() <= self.size
        } else {
            page.length() == self.size
        };
        let contradicts = page.is_last() && self.is_counted && page.contradicts_end(self.size);
        !fits || contradicts || (self.is_counted && !page.is_sized(self.size))
    }

    /// Whether a page that says nothing of what follows is shorter than the others, so that it is the last one unless the
    /// size has changed.
    pub(super) fn may_end(&self, page: &Outline) -> bool {
        page.is_silent() && page.length() < self.size
    }

    /// Whether a page holds the last row of the list by its count.
    pub(super) fn is_at_the_count(&self, page: &Outline) -> bool {
        self.is_counted && page.count == Some(page.rows_down_to(self.size.max(page.length())))
    }

    /// Whether a page is the last joined one over again, though that held the last row by the count: so some services answer
    /// past the end.
    pub(super) fn is_past_the_count(&self, page: &Outline) -> bool {
        let is_the_end = |last: &Outline| last.is_silent() && last.count == page.count && self.is_at_the_count(last);
        self.pages.back().is_some_and(is_the_end) && self.repeats_last(page)
    }

    /// Whether a page that is not the last is short although all are counted in pages of the known size, as where a cap ends
    /// within it. Were they smaller, it would begin above the border.
    pub(super) fn is_cut(&self, page: &Outline) -> bool {
        let is_counted = self.is_counted && page.total_pages.is_some_and(|total| total > 1);
        !page.is_last() && is_counted && page.length() < self.size && page.is_sized(self.size)
    }

    /// Whether the last page says that it ends the list, and tells of more rows than there were.
    pub(super) fn contradicts_end(&self) -> bool {
        let size = |last: &Outline| if self.size == 0 { last.length() } else { self.size };
        self.pages.back().is_some_and(|last| last.contradicts_end(size(last)))
    }

    /// Whether a page is the last joined one over again.
    pub(super) fn repeats_last(&self, page: &Outline) -> bool {
        let last = self.pages.back().map(Outline::ids);
        last.is_some_and(|last| page.rows.iter().all(|row| last.contains(&row.id)))
    }

    /// Whether a page brings any row that is not joined yet.
    pub(super) fn lacks_some_of(&self, page: &Outline) -> bool {
        page.rows.iter().any(|row| !self.knows(row.id))
    }

    /// Judged within the last joined page, and between the last two where no row was revised in between.
    pub(super) fn is_out_of_order(&self) -> bool {
        let mut newest_last = self.pages.iter().rev();
        let deeper = newest_last.next();
        if deeper.is_some_and(|page| page.order != PageOrder::NewestFirst) {
            return true;
        }
        match (deeper, newest_last.next()) {
            (Some(deeper), Some(shallower)) if deeper.number == shallower.number + 1 => {
                let is_new = |id: &u64| self.known.get(id).is_none_or(|pages| *pages == 1);
                let grown =
                    (deeper.count.zip(shallower.count)).map_or(0, |(after, before)| after.saturating_sub(before));
                // After a burst of a page the rows above may be of pages no longer remembered.
                grown < self.size.max(1)
                    && deeper
                        .newest
                        .zip(shallower.oldest)
                        .is_some_and(|(deeper, shallower)| deeper > shallower)
                    && deeper.ids().iter().all(is_new)
            }
            _ => false,
        }
    }

    /// How many pages deeper a key lies, judged by the keys of the pages joined last; `None` where they tell nothing.
    pub(super) fn pages_down_to(&self, key: Micros) -> Option<i64> {
        let newest = self.pages.front()?.newest?;
        let oldest = self.pages.back()?.oldest?;
        let pages = i64::try_from(self.pages.len()).ok()?;
        let per_page = (newest - oldest) / pages;
        (oldest - key).checked_div(per_page)
    }

    /// The number of the last page, as the last answer tells it.
    pub(super) fn last_page(&self) -> Option<u64> {
        let last = self.pages.back()?;
        let by_count = || Some(last.count?.div_ceil(self.size.max(1))).filter(|_| self.size > 0);
        last.total_pages.or_else(by_count)
    }
}
