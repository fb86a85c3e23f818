//! Finding a page by what it shows, in few requests: where a walk begins again after a join that failed or a page size that
//! changed, and where a resumed backfill goes on. Apart from the walking, because nothing is proven here: whatever page is
//! found, the chain begins anew at it.

use super::numbered::Walker;
use super::page::Outline;
use super::{Event, Flow, PullError};
use crate::schema::Micros;

/// Fewer pages than this are read rather than jumped over.
const WORTH_SEEKING: u64 = 8;
/// Most pages looked at to find one.
const MOST_LOOKS: u32 = 64;

impl<C: AsyncFnMut(Event) -> anyhow::Result<Flow>> Walker<'_, C> {
    /// Begins the chain anew at a page that shows a row that needs no proof any more, so that nothing can lie between: the
    /// page where the last joined row should stand now, else ever further back. `resized` has shown the size of pages.
    pub(super) async fn anchor(&mut self, resized: Option<&Outline>) -> Result<(), PullError> {
        let size = resized.map_or(self.chain.size, told_size);
        let count = resized.map_or(self.chain.last()?.count, |page| page.count);
        let mut number = self.chain.page_of_last(size, count);
        let mut back = 1;
        let mut may_go_deeper = true;
        let mut is_size_told = false;
        for _ in 0..MOST_LOOKS {
            let page = match self.read(number).await {
                Err(error) if (error.is_about_page() || error.is_another_page()) && number > 1 => None,
                answer => answer?,
            };
            let found = page.filter(|page| number == 1 || self.chain.overlaps(page));
            let Some(page) = found else {
                if number == 1 {
                    break;
                }
                number = number.saturating_sub(back).max(1);
                back *= 2;
                continue;
            };
            let deeper = self.chain.page_of_last(told_size(&page), page.count);
            if may_go_deeper && back == 1 && deeper > number {
                may_go_deeper = false;
                number = deeper;
                continue;
            }
            // A page that is or may be the last one does not show how many rows the others have; the one before it does.
            if (page.is_silent() || page.is_last()) && number > 1 && !std::mem::replace(&mut is_size_told, true) {
                may_go_deeper = false;
                number -= 1;
                continue;
            }
            if number == 1 {
                self.chain.head = Some((page.head, page.count));
            }
            self.chain.restart();
            return self.extend(page, false).await;
        }
        Err(PullError::Shape {
            page: number,
            what: "no page shows a row read before".to_owned(),
        })
    }

    /// Whether so many pages lie between the last joined one and this key that looking for it saves requests.
    pub(super) fn is_far(&self, key: Micros) -> bool {
        let ahead = || {
            let last = self.chain.last().ok()?.number;
            Some(self.chain.last_page()?.saturating_sub(last))
        };
        let worth = i64::try_from(WORTH_SEEKING).unwrap_or(i64::MAX);
        self.chain.is_counted
            && key < self.chain.proven_from
            && self.sought != Some(key)
            && ahead().is_some_and(|ahead| ahead > WORTH_SEEKING)
            && self.chain.pages_down_to(key).is_some_and(|pages| pages > worth)
    }

    /// Looks for the deepest page that shows a row at or above the key, by halving, and begins the chain anew there: nothing
    /// is proven across the jump. Rows may arrive, move and vanish meanwhile; whatever page is found shows such a row.
    pub(super) async fn go_below(&mut self, key: Micros) -> Result<(), PullError> {
        self.sought = Some(key);
        let first = self.chain.last()?.number;
        let mut low = first;
        let mut high = self.chain.last_page().unwrap_or(low);
        let mut found: Option<Outline> = None;
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            match self.read(middle).await {
                Ok(Some(page)) if page.newest.is_some_and(|newest| newest >= key) => {
                    found = Some(page);
                    low = middle;
                }
                Ok(_) => high = middle - 1,
                Err(error) if error.is_about_page() || error.is_another_page() => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        // A last page of another size would seem to end the list too early.
        if let Some(page) = found.filter(|page| low > first + 1 && !self.chain.is_resized(page))
            && let Some(newest) = page.newest
        {
            self.chain.restart_below(newest);
            self.chain.head = None;
            self.extend(page, false).await?;
        }
        Ok(())
    }
}

/// Rows of a page of the list, as far as one page can tell: the last one may be shorter than the others.
fn told_size(page: &Outline) -> u64 {
    let by_count = match (page.count, page.total_pages) {
        (Some(count), Some(total)) if page.is_last() && total > 1 => count.div_ceil(total),
        _ => 0,
    };
    page.length().max(by_count)
}
