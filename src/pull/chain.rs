//! The joined pages of a walk, and when a further page joins them. Pure, so that the rule of joining can be read, and tested,
//! apart from the asking.

use std::collections::{HashSet, VecDeque};

use super::PullError;
use super::page::Outline;
use crate::schema::Micros;

/// Pages whose row identities are remembered; rows arriving faster than this many pages between two answers are not joined.
const REMEMBERED: usize = 128;

/// The first row of the list and its count.
pub(super) type Head = (u64, Option<u64>);

/// The joined pages of one walk.
pub(super) struct Chain {
    pub(super) pages: VecDeque<Outline>,
    /// Everything from here on has been proven.
    pub(super) proven_from: Micros,
    pub(super) oldest: Option<Micros>,
    pub(super) trusted: bool,
    /// What the head was when it was last looked at, if every page joined since is known to be of that list.
    pub(super) head: Option<Head>,
    /// Rows of a page that is not the last, as the newest such page had them.
    size: u64,
    /// How often the walk has stepped back.
    pub(super) steps_back: u64,
}

impl Chain {
    pub(super) fn new(trusted: bool) -> Self {
        Self {
            pages: VecDeque::new(),
            proven_from: Micros::MAX,
            oldest: None,
            trusted,
            head: None,
            size: 0,
            steps_back: 0,
        }
    }

    pub(super) fn last(&self) -> Result<&Outline, PullError> {
        self.pages
            .back()
            .ok_or_else(|| PullError::Caller(anyhow::anyhow!("no page is joined")))
    }

    pub(super) fn ids(&self) -> HashSet<u64> {
        self.pages.iter().flat_map(|page| page.ids.iter().copied()).collect()
    }

    pub(super) fn push(&mut self, outline: Outline) {
        self.trusted &= outline.count.is_some();
        if !outline.is_last() {
            self.size = outline.rows;
        }
        self.pages.push_back(outline);
        if self.pages.len() > REMEMBERED {
            self.pages.pop_front();
        }
    }

    /// Forgets the joined pages from this number on, and takes the page in their place.
    pub(super) fn rewind_to(&mut self, page: Outline) {
        self.pages.retain(|joined| joined.number < page.number);
        self.push(page);
    }

    /// Whether a page answered after the last joined one follows it with nothing between. It must repeat exactly as many rows
    /// as the count has grown, or begin at a key newer than the last one joined: then it overlaps, and rows that share the
    /// border's key are on it in whatever order the service puts them.
    pub(super) fn joins(&self, deeper: &Outline) -> bool {
        let Some(shallower) = self.pages.back() else {
            return true;
        };
        let (true, Some(before), Some(after)) = (self.trusted, shallower.count, deeper.count) else {
            return true;
        };
        let known = self.ids();
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let repeated = number(deeper.ids.iter().filter(|id| known.contains(id)).count());
        let distinct = number(deeper.ids.len());
        let overlaps = repeated > 0
            && deeper
                .newest
                .zip(shallower.oldest)
                .is_some_and(|(deeper, last)| deeper > last);
        let follows = |grown: u64| {
            let expected = grown.min(distinct);
            let is_same_page = grown < distinct && self.repeats_last(deeper);
            (repeated == expected || (overlaps && repeated > expected)) && !is_same_page
        };
        same_size(shallower, deeper) && after.checked_sub(before).is_some_and(follows)
    }

    /// Whether pages read while the head stood still repeat nothing: rows that share a key may change places unseen.
    pub(super) fn brings_no_repeats(&self, outlines: &[Outline]) -> bool {
        let mut known = self.ids();
        outlines
            .iter()
            .flat_map(|outline| &outline.ids)
            .all(|id| known.insert(*id))
    }

    /// Whether a page brings any row that is not joined yet.
    pub(super) fn lacks_some_of(&self, page: &Outline) -> bool {
        let known = self.ids();
        page.ids.iter().any(|id| !known.contains(id))
    }

    /// Whether a page read while the head stood still is of the list the chain is of.
    pub(super) fn is_same_list(&self, outline: &Outline) -> bool {
        let size = self.pages.front().is_none_or(|first| same_size(first, outline));
        size && self.head.is_some_and(|(_, count)| count == outline.count)
    }

    /// Whether the last page says that it ends the list, and tells of more rows than there were.
    pub(super) fn contradicts_end(&self) -> bool {
        self.pages.back().is_some_and(|last| last.contradicts_end(self.size))
    }

    /// Whether a page is the last joined one over again.
    pub(super) fn repeats_last(&self, page: &Outline) -> bool {
        let last = self.pages.back();
        last.is_some_and(|last| page.ids.iter().all(|id| last.ids.binary_search(id).is_ok()))
    }

    /// Judged between the last two joined pages where no row was revised in between.
    pub(super) fn is_out_of_order(&self) -> bool {
        let mut newest_last = self.pages.iter().rev();
        match (newest_last.next(), newest_last.next()) {
            (Some(deeper), Some(shallower)) if deeper.number == shallower.number + 1 => {
                let earlier = || self.pages.iter().filter(|page| page.number < deeper.number);
                let repeats = |id: &u64| earlier().any(|page| page.ids.binary_search(id).is_ok());
                !deeper.ids.iter().any(repeats)
                    && deeper
                        .newest
                        .zip(shallower.oldest)
                        .is_some_and(|(deeper, shallower)| deeper > shallower)
            }
            _ => false,
        }
    }
}

/// Page numbers only mean the same rows while all pages have one size; the last page may be shorter.
fn same_size(shallower: &Outline, deeper: &Outline) -> bool {
    let fits = if deeper.is_last() {
        deeper.rows <= shallower.rows
    } else {
        deeper.rows == shallower.rows
    };
    let ends_well = !deeper.is_last() || deeper.count.is_none() || !deeper.contradicts_end(shallower.rows);
    fits && ends_well && is_sized(shallower) && is_sized(deeper)
}

/// Whether count and number of pages agree with the rows of a page that is not the last.
pub(super) fn is_sized(page: &Outline) -> bool {
    match (page.count, page.total_pages) {
        (Some(count), Some(total)) if total > 1 && !page.is_last() && page.rows > 0 => {
            count.div_ceil(page.rows) == total
        }
        _ => true,
    }
}
