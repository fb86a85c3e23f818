//! Pages asked for side by side, so that as many requests as allowed are always under way.
//!
//! Answers come in any order and the list may change between any two of them, so counts alone prove nothing: a page is
//! joined only if the head of the list (its first row and the count) was the same at a look before the page was asked for and
//! at a look asked for after it was answered, for every arrival and every revision changes it. Looks are requests among the
//! others. Where the head has changed, what is not confirmed is read again one by one.

use std::collections::BTreeMap;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::chain::Head;
use super::numbered::Walker;
use super::page::{Asking, Outline, Page, fetch};
use super::{Event, Flow, PullError};

/// Most pages between two looks at the head.
const LONGEST_STRETCH: u64 = 64;
/// From so many pages between two looks on, requests no longer wait for a look.
const LONG_STRETCH: u64 = 32;
/// Answers that may wait for the caller, so that the asking goes on while it makes rows durable.
const MOST_WAITING: usize = 64;

/// What is asked for next.
struct Plan {
    /// Pages from here on have not been asked for.
    next: u64,
    /// The last page to ask for.
    last: u64,
    stretch: u64,
    asked_since_look: u64,
    has_unseen: bool,
}

/// An answer, and how many had come before it was asked for and when it came: by this clock a look comes after a page.
struct Answered {
    number: u64,
    asked_at: u64,
    answered_at: u64,
    answer: Result<Option<Page>, PullError>,
}

impl Plan {
    /// The next page to ask for; 1 is a look at the head. `None`: not before another answer has come.
    fn request(&mut self, in_flight: usize) -> Option<u64> {
        let has_pages = self.next <= self.last;
        if has_pages && self.asked_since_look < self.stretch {
            self.asked_since_look += 1;
            self.has_unseen = true;
            self.next += 1;
            return Some(self.next - 1);
        }
        let is_due = has_pages || (in_flight == 0 && self.has_unseen);
        is_due.then(|| {
            self.asked_since_look = 0;
            self.has_unseen = has_pages;
            1
        })
    }
}

/// Asks for everything planned; ends early at a page that is not there. The client sees to it that no more requests are
/// under way than allowed; twice as many keep it busy while answers are decoded.
async fn ask(asking: Asking, mut plan: Plan, most_in_flight: usize, answers: mpsc::Sender<Answered>) {
    let mut in_flight = FuturesUnordered::new();
    let mut clock = 0;
    loop {
        while in_flight.len() < most_in_flight * 2
            && let Some(number) = plan.request(in_flight.len())
        {
            let (asking, asked_at) = (&asking, clock);
            in_flight.push(async move { (number, asked_at, fetch(asking, number).await) });
        }
        let Some((number, asked_at, answer)) = in_flight.next().await else {
            return;
        };
        clock += 1;
        if !matches!(&answer, Ok(Some(page)) if !page.outline.rows.is_empty()) {
            plan.last = plan.last.min(number.saturating_sub(1));
        }
        let answered = Answered {
            number,
            asked_at,
            answered_at: clock,
            answer,
        };
        if answers.send(answered).await.is_err() {
            return;
        }
    }
}

/// What has been answered and not joined yet.
#[derive(Default)]
struct Pending {
    /// With the clock at their answers.
    pages: BTreeMap<u64, (u64, Outline)>,
    /// Every page answered up to this clock is of the list the chain is of.
    confirmed: u64,
    /// A page that cannot be read.
    failure: Option<(u64, PullError)>,
}

impl Pending {
    /// The next page, if it has been confirmed.
    fn confirmed_page(&mut self, number: u64) -> Option<Outline> {
        let (answered_at, _) = self.pages.get(&number)?;
        if *answered_at > self.confirmed {
            return None;
        }
        self.pages.remove(&number).map(|(_, outline)| outline)
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
        let plan = Plan {
            next: last + 1,
            last: last + length,
            stretch,
            asked_since_look: 0,
            has_unseen: false,
        };
        let mut pending = Pending::default();
        let stood_still = self.read_planned(plan, &mut pending, known).await?;
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
        match pending.failure {
            _ if self.flow != Flow::On || next > last + length => Ok(()),
            Some((number, error)) if number == next => self.pass_over(number, error).await,
            _ => self.read_next().await,
        }
    }

    /// Says whether the head stood still and every page followed.
    async fn read_planned(&mut self, plan: Plan, pending: &mut Pending, known: Head) -> Result<bool, PullError> {
        let (answers, mut answered) = mpsc::channel(MOST_WAITING);
        let mut asking = JoinSet::new();
        asking.spawn(ask(self.asking.clone(), plan, self.walk.max_in_flight, answers));
        while let Some(next) = answered.recv().await {
            if next.number > 1 {
                self.keep(pending, next).await?;
                continue;
            }
            let head = self.take_look(next.answer?, Some(known)).await?;
            self.chain.head = head;
            if head != Some(known) {
                return Ok(false);
            }
            pending.confirmed = pending.confirmed.max(next.asked_at);
            if !self.join_confirmed(pending).await? {
                return Ok(false);
            }
            if self.flow != Flow::On || self.chain.is_out_of_order() {
                break;
            }
        }
        Ok(true)
    }

    async fn keep(&mut self, pending: &mut Pending, answered: Answered) -> Result<(), PullError> {
        let number = answered.number;
        match answered.answer {
            // Pages may have become larger and fewer: asked for again, it tells.
            Err(error) if error.is_another_page() => {}
            Err(error) if error.is_about_page() => {
                if pending.failure.as_ref().is_none_or(|(failed, _)| number < *failed) {
                    pending.failure = Some((number, error));
                }
            }
            answer => {
                if let Some(outline) = self.take(answer?).await? {
                    pending.pages.insert(number, (answered.answered_at, outline));
                }
            }
        }
        Ok(())
    }

    /// Joins what a look has confirmed; says whether all of it followed.
    async fn join_confirmed(&mut self, pending: &mut Pending) -> Result<bool, PullError> {
        loop {
            let next = self.chain.last()?.number + 1;
            let Some(outline) = pending.confirmed_page(next) else {
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
        let page = fetch(&self.asking, 1).await?;
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
