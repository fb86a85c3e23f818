//! Numbered pages, newest first, while rows arrive, move to the head and vanish.
//!
//! Two neighbouring pages are *joined* when nothing can lie between them (see [`Chain::joins`]). Pages asked for one after the
//! other are joined by their counts, or because the deeper one begins above the border; pages asked for side by side only
//! while the head of the list stands still (see `pipeline`). What does not join is read again from a page that shows a row
//! already proven; a border that defies three attempts becomes a named gap, and the walk goes on below it.

use super::chain::Chain;
use super::page::{Asking, Outline, Page, PageOrder, fetch};
use super::{Event, Flow, PullError, Walk};
use crate::coverage::{Gap, Span};
use crate::schema::{Micros, format_time};

/// Failed joins without anything newly proven before what lies there becomes a gap.
pub(super) const JOIN_ATTEMPTS: u32 = 3;

pub(super) enum Outcome {
    Done,
    /// The list begins with its oldest rows; the first page is told of.
    OldestFirst(Outline),
    Unordered,
}

/// One walk under way.
pub(super) struct Walker<'w, C> {
    pub(super) walk: &'w Walk<'w>,
    pub(super) caller: &'w mut C,
    pub(super) asking: Asking,
    /// Where the filter sent asks for older rows only: its moment.
    pub(super) before: Option<Micros>,
    pub(super) chain: Chain,
    /// What the caller answered last.
    pub(super) flow: Flow,
    /// Pages asked for side by side between two looks at the head.
    pub(super) stretch: u64,
    /// Failed joins since something was newly proven.
    pub(super) failures: u32,
    /// The key that was looked for in vain.
    pub(super) sought: Option<Micros>,
}

pub(super) async fn walk(
    walk: &Walk<'_>,
    caller: &mut impl AsyncFnMut(Event) -> anyhow::Result<Flow>,
) -> Result<Outcome, PullError> {
    let mut walker = Walker {
        walk,
        caller,
        asking: Asking::of(walk),
        before: None,
        chain: Chain::new(true),
        flow: Flow::On,
        stretch: 1,
        failures: 0,
        sought: None,
    };
    let Some(first) = fetch(&walker.asking, 1).await? else {
        return Err(PullError::Shape {
            page: 1,
            what: "there is no first page".to_owned(),
        });
    };
    let mut outline = first.outline.clone();
    // Nothing follows nothing.
    if outline.rows.is_empty() && outline.is_silent() {
        outline.has_next = Some(false);
    }
    let begun = Event::Begun {
        service_at: first.service_at,
        newest_key: outline.newest,
        count: outline.count,
        total_pages: outline.total_pages,
    };
    walker.tell(begun).await?;
    walker.hand_on(first).await?;
    if outline.order == PageOrder::OldestFirst {
        return Ok(Outcome::OldestFirst(outline));
    }
    walker.begin(outline).await?;
    walker.run().await
}

impl<C: AsyncFnMut(Event) -> anyhow::Result<Flow>> Walker<'_, C> {
    /// The first page of a list.
    pub(super) async fn begin(&mut self, first: Outline) -> Result<(), PullError> {
        self.chain.is_counted = first.count.is_some() && (first.is_last() || first.is_sized(first.length()));
        self.chain.head = Some((first.head, first.count));
        self.extend(first, true).await
    }

    async fn run(&mut self) -> Result<Outcome, PullError> {
        loop {
            if self.chain.is_out_of_order() {
                return Ok(Outcome::Unordered);
            }
            if self.flow == Flow::Stop {
                return Ok(Outcome::Done);
            }
            if let Flow::Below(key) = std::mem::replace(&mut self.flow, Flow::On)
                && self.is_far(key)
            {
                self.go_below(key).await?;
                continue;
            }
            let last = self.chain.last()?;
            if last.is_last() {
                if self.chain.contradicts_end() {
                    return Err(PullError::Contradiction {
                        page: last.number,
                        count: last.count,
                    });
                }
                return self.end().await;
            }
            let ahead = (self.chain.last_page()).map_or(1, |total| total.saturating_sub(last.number));
            if self.chain.is_counted && self.walk.max_in_flight > 1 && self.stretch.min(ahead) >= 2 {
                self.read_side_by_side(ahead).await?;
            } else {
                self.read_next().await?;
                self.stretch = self.stretch.saturating_mul(2);
            }
        }
    }

    /// The end of the list is proven: everything from its oldest row on has been read.
    async fn end(&mut self) -> Result<Outcome, PullError> {
        if let Some(oldest) = self.chain.oldest {
            let span = Span::new(oldest, self.chain.proven_from);
            if !span.is_empty() {
                let trust = self.chain.trust(false);
                self.tell(Event::Proven { span, trust }).await?;
            }
        }
        let oldest = self.chain.oldest;
        self.tell(Event::Ended { oldest }).await?;
        Ok(Outcome::Done)
    }

    /// One page, asked for after the last joined one was answered.
    pub(super) async fn read_next(&mut self) -> Result<(), PullError> {
        let number = self.chain.last()?.number + 1;
        let deeper = match self.read(number).await {
            Err(error) if error.is_about_page() => return self.pass_over(number, error).await,
            Err(error) if error.is_another_page() && self.failures < JOIN_ATTEMPTS => {
                self.failures += 1;
                self.chain.has_changed = true;
                self.chain.head = None;
                return self.anchor(None).await;
            }
            answer => answer?,
        };
        let Some(mut deeper) = deeper else {
            return self.past_the_end(number).await;
        };
        if self.chain.may_end(&deeper) && self.ends_at(&deeper).await? {
            deeper.has_next = Some(false);
        }
        if self.chain.is_past_the_count(&deeper) {
            return self.repeated(&deeper);
        }
        if !self.chain.is_counted && self.chain.repeats_last(&deeper) {
            return self.walk_past(deeper).await;
        }
        let is_resized = self.chain.is_resized(&deeper);
        let mut below = None;
        if self.chain.is_cut(&deeper) {
            below = match self.read(number + 1).await {
                Err(error) if error.is_about_page() => return self.pass_over(number + 1, error).await,
                answer => answer?,
            };
        }
        if !is_resized && below.is_none() && self.chain.joins(&deeper) {
            return self.extend(deeper, false).await;
        }
        self.chain.has_changed = true;
        self.chain.head = None;
        self.failures += 1;
        if self.failures > JOIN_ATTEMPTS {
            return match below {
                Some(below) => self.miss_some_of(&deeper, below).await,
                None => self.give_up_join(deeper).await,
            };
        }
        if is_resized {
            return self.anchor(Some(&deeper)).await;
        }
        if self.failures > 1 && self.chain.is_tied(&deeper) {
            return self.resolve_ties().await;
        }
        self.anchor(None).await
    }

    /// Whether a short page that says nothing of what follows is the last one: by the count, or because none follows. A
    /// count that the page exceeds is none.
    async fn ends_at(&mut self, short: &Outline) -> Result<bool, PullError> {
        let told = short.count.filter(|_| self.chain.is_counted);
        if let Some(told) = told
            && told >= short.rows_down_to(self.chain.size)
        {
            return Ok(self.chain.is_at_the_count(short));
        }
        let is_last = match self.read(short.number + 1).await {
            Err(error) if error.is_about_page() => false,
            answer => answer?.is_none(),
        };
        self.chain.is_counted &= !is_last;
        Ok(is_last)
    }

    /// Three attempts found no join: what may lie between is a named gap, and the walk goes on below it.
    async fn give_up_join(&mut self, deeper: Outline) -> Result<(), PullError> {
        let number = deeper.number;
        if deeper.is_last() && deeper.contradicts_end(self.chain.size) {
            let count = deeper.count;
            return Err(PullError::Contradiction { page: number, count });
        }
        if !self.chain.lacks_some_of(&deeper) {
            return Err(PullError::Repeats { page: number });
        }
        let reason = format!("pages {} and {number} could not be joined", self.chain.last()?.number);
        self.go_on_at(deeper, reason).await
    }

    /// Begins anew at a page that may have unread rows above it, which become a gap.
    pub(super) async fn go_on_at(&mut self, deeper: Outline, reason: String) -> Result<(), PullError> {
        if !self.chain.overlaps(&deeper)
            && let Some(from) = deeper.newest
        {
            let span = Span::new(from, self.chain.proven_from);
            self.tell(Event::Missing(Gap { span, reason })).await?;
            self.chain.restart_below(from);
            self.failures = 0;
        }
        self.chain.restart();
        self.extend(deeper, false).await
    }

    /// Without a count, a page that only repeats the last one may be a burst of arrivals: the page below it tells.
    async fn walk_past(&mut self, repeat: Outline) -> Result<(), PullError> {
        match self.read(repeat.number + 1).await? {
            Some(below) if self.chain.lacks_some_of(&below) => {
                self.extend(repeat, false).await?;
                self.extend(below, false).await
            }
            _ => self.repeated(&repeat),
        }
    }

    /// A page that brings nothing new is the end of the list where no total says otherwise.
    fn repeated(&mut self, deeper: &Outline) -> Result<(), PullError> {
        match self.chain.last_mut() {
            Some(last) if last.total_pages.is_none() && last.has_next != Some(true) => {
                last.has_next = Some(false);
                Ok(())
            }
            _ => Err(PullError::Repeats { page: deeper.number }),
        }
    }

    /// Fetches a page and hands its rows on, whatever becomes of the page. `None` where it holds no rows.
    pub(super) async fn read(&mut self, number: u64) -> Result<Option<Outline>, PullError> {
        let page = fetch(&self.asking, number).await?;
        self.take(page).await
    }

    /// Hands the rows of an answer on.
    pub(super) async fn take(&mut self, page: Option<Page>) -> Result<Option<Outline>, PullError> {
        let Some(page) = page else { return Ok(None) };
        let outline = page.outline.clone();
        self.hand_on(page).await?;
        self.check_filter(&outline)?;
        Ok(Some(outline).filter(|outline| !outline.rows.is_empty()))
    }

    /// A filter is believed only as long as every row passes it.
    fn check_filter(&self, outline: &Outline) -> Result<(), PullError> {
        match (self.before, outline.newest, &self.walk.list.dates) {
            (Some(before), Some(newest), Some(dates)) if newest >= before => Err(PullError::FilterIgnored {
                page: outline.number,
                operator: dates.before.clone(),
                newest: format_time(newest),
            }),
            _ => Ok(()),
        }
    }

    pub(super) async fn hand_on(&mut self, page: Page) -> Result<(), PullError> {
        hand_on(page, self.caller).await?;
        Ok(())
    }

    pub(super) async fn tell(&mut self, event: Event) -> Result<(), PullError> {
        let flow = (self.caller)(event).await?;
        if self.flow != Flow::Stop {
            self.flow = flow;
        }
        Ok(())
    }

    /// Joins a page and says what is proven by it.
    pub(super) async fn extend(&mut self, outline: Outline, stood_still: bool) -> Result<(), PullError> {
        if self.chain.head.is_some_and(|(_, count)| count != outline.count) {
            self.chain.head = None;
        }
        let Some(span) = self.chain.push(outline) else {
            return Ok(());
        };
        self.failures = 0;
        let trust = self.chain.trust(stood_still);
        self.tell(Event::Proven { span, trust }).await
    }
}

/// Hands on every row of an answer; says whether the caller wants no more.
pub(super) async fn hand_on(
    page: Page,
    caller: &mut impl AsyncFnMut(Event) -> anyhow::Result<Flow>,
) -> Result<Flow, PullError> {
    let mut flow = Flow::On;
    for (member, rows) in page.rows.into_iter().enumerate() {
        let page = page.number;
        if caller(Event::Rows { page, member, rows }).await? == Flow::Stop {
            flow = Flow::Stop;
        }
    }
    Ok(flow)
}
