//! Pages asked for side by side, so that as many requests as allowed are always under way.
//!
//! Answers come in any order and the list may change between any two of them, so counts alone prove nothing: a page is
//! joined only if the head of the list (its first row and the count) was the same at a look before the page was asked for and
//! at a look asked for after it was answered, for every arrival and every revision changes it. Looks are requests among the
//! others. Where the head has changed, what is not confirmed is read again one by one.

use std::collections::BTreeMap;

use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::chain::Head;
use super::numbered::Walker;
use super::page::{Outline, Page, fetch};
use super::{Event, Flow, PullError};

/// Most pages between two looks at the head.
const LONGEST_STRETCH: u64 = 64;
/// From so many pages between two looks on, requests no longer wait for a look.
const LONG_STRETCH: u64 = 16;

/// Requests side by side: what is asked for next, and what has been answered.
struct Pipeline {
    /// Pages from here on have not been asked for.
    next: u64,
    /// The last page to ask for.
    last: u64,
    stretch: u64,
    asked_since_look: u64,
    /// Answers taken so far: the clock by which a look comes before or after a page.
    clock: u64,
    /// Pages answered and not confirmed, with the clock at their answer.
    pending: BTreeMap<u64, (u64, Outline)>,
    /// Every page answered up to this clock is of the list the chain is of.
    confirmed: u64,
    /// A page that cannot be read.
    failure: Option<(u64, PullError)>,
}

impl Pipeline {
    /// The next page to ask for; 1 is a look at the head. `None`: not before another answer has come.
    fn request(&mut self, in_flight: usize) -> Option<u64> {
        let has_pages = self.next <= self.last;
        if has_pages && self.asked_since_look < self.stretch {
            self.asked_since_look += 1;
            self.next += 1;
            return Some(self.next - 1);
        }
        let is_due = if has_pages {
            self.asked_since_look > 0
        } else {
            in_flight == 0 && !self.pending.is_empty()
        };
        is_due.then(|| {
            self.asked_since_look = 0;
            1
        })
    }

    /// Nothing deeper is asked for any more.
    fn stop_at(&mut self, number: u64) {
        self.last = self.last.min(number.saturating_sub(1));
        self.pending.split_off(&number);
    }

    /// The next page, if it has been confirmed.
    fn confirmed_page(&mut self, number: u64) -> Option<Outline> {
        let (answered, _) = self.pending.get(&number)?;
        if *answered > self.confirmed {
            return None;
        }
        self.pending.remove(&number).map(|(_, outline)| outline)
    }
}

impl<C: AsyncFnMut(Event) -> anyhow::Result<Flow>> Walker<'_, C> {
    /// Reads on side by side, `ahead` pages being left, until the caller has another wish, the head changes, or a page does
    /// not follow.
    pub(super) async fn read_side_by_side(&mut self, ahead: u64) -> Result<(), PullError> {
        let Some(known) = self.chain.head else {
            self.chain.head = self.look(None).await?;
            return self.read_next().await;
        };
        let last = self.chain.last()?.number;
        let stretch = self.stretch.min(LONGEST_STRETCH);
        let length = if stretch >= LONG_STRETCH {
            ahead
        } else {
            stretch.min(ahead)
        };
        let mut pipeline = Pipeline {
            next: last + 1,
            last: last + length,
            stretch,
            asked_since_look: 0,
            clock: 0,
            pending: BTreeMap::new(),
            confirmed: 0,
            failure: None,
        };
        let stood_still = self.run_pipeline(&mut pipeline, known).await?;
        if !stood_still {
            self.chain.has_changed = true;
            self.stretch = (stretch / 2).max(1);
            return if self.flow == Flow::On {
                self.read_next().await
            } else {
                Ok(())
            };
        }
        self.stretch = stretch.saturating_mul(2).min(LONGEST_STRETCH);
        let next = self.chain.last()?.number + 1;
        match pipeline.failure {
            Some((number, error)) if number == next && self.flow == Flow::On => self.pass_over(number, error).await,
            _ if next <= last + length && self.flow == Flow::On => self.read_next().await,
            _ => Ok(()),
        }
    }

    /// Says whether the head stood still and every page followed.
    async fn run_pipeline(&mut self, pipeline: &mut Pipeline, known: Head) -> Result<bool, PullError> {
        let mut in_flight = FuturesUnordered::new();
        loop {
            while in_flight.len() < self.walk.max_in_flight
                && let Some(number) = pipeline.request(in_flight.len())
            {
                let (walk, query, asked_at) = (self.walk, self.query.clone(), pipeline.clock);
                in_flight.push(async move { (number, asked_at, fetch(walk, &query, number).await) });
            }
            let Some((number, asked_at, answer)) = in_flight.next().await else {
                return Ok(true);
            };
            pipeline.clock += 1;
            if number > 1 {
                self.keep(pipeline, number, answer).await?;
                continue;
            }
            let head = self.take_look(answer?, Some(known)).await?;
            self.chain.head = head;
            if head != Some(known) {
                return Ok(false);
            }
            pipeline.confirmed = pipeline.confirmed.max(asked_at);
            if !self.join_confirmed(pipeline).await? {
                return Ok(false);
            }
            if self.flow != Flow::On || self.chain.is_out_of_order() {
                return Ok(true);
            }
        }
    }

    async fn keep(
        &mut self,
        pipeline: &mut Pipeline,
        number: u64,
        answer: Result<Option<Page>, PullError>,
    ) -> Result<(), PullError> {
        match answer {
            Err(error) if error.is_about_page() => {
                pipeline.stop_at(number);
                if pipeline.failure.as_ref().is_none_or(|(failed, _)| number < *failed) {
                    pipeline.failure = Some((number, error));
                }
            }
            answer => match self.take(answer?).await? {
                Some(outline) if number <= pipeline.last => {
                    pipeline.pending.insert(number, (pipeline.clock, outline));
                }
                Some(_) => {}
                None => pipeline.stop_at(number),
            },
        }
        Ok(())
    }

    /// Joins what a look has confirmed; says whether all of it followed.
    async fn join_confirmed(&mut self, pipeline: &mut Pipeline) -> Result<bool, PullError> {
        loop {
            let next = self.chain.last()?.number + 1;
            let Some(outline) = pipeline.confirmed_page(next) else {
                return Ok(true);
            };
            if !self.chain.follows_still(&outline) {
                return Ok(false);
            }
            self.extend(outline, true).await?;
            if self.flow != Flow::On || self.chain.is_out_of_order() {
                return Ok(true);
            }
        }
    }

    /// Asks for the first page to see whether anything has changed; its rows are handed on only if something has.
    pub(super) async fn look(&mut self, known: Option<Head>) -> Result<Option<Head>, PullError> {
        let page = fetch(self.walk, &self.query, 1).await?;
        self.take_look(page, known).await
    }

    async fn take_look(&mut self, page: Option<Page>, known: Option<Head>) -> Result<Option<Head>, PullError> {
        let Some(page) = page else { return Ok(None) };
        let head = Some((page.outline.head, page.outline.count));
        if head != known {
            self.take(Some(page)).await?;
        }
        Ok(head)
    }
}
