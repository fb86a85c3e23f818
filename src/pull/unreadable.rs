//! What a list refuses: pages that cannot be read, and lists that stop before their end. Apart from the joining, because
//! here the question is what is lost, and what can still be read below.

use super::numbered::{JOIN_ATTEMPTS, Walker};
use super::page::Outline;
use super::{Event, Flow, PullError};

/// So many pages in a row that cannot be read end the walk.
const MOST_FAILURES: u64 = 3;

impl<C: AsyncFnMut(Event) -> anyhow::Result<Flow>> Walker<'_, C> {
    /// A page that cannot be read becomes a named gap between its neighbours, and the walk goes on below it.
    pub(super) async fn pass_over(&mut self, number: u64, error: PullError) -> Result<(), PullError> {
        self.chain.head = None;
        for below in number + 1..number + MOST_FAILURES {
            match self.read(below).await {
                Ok(Some(page)) => {
                    let reason = unreadable(number, below - 1, &error);
                    return self.go_on_at(page, reason).await;
                }
                Ok(None) => return Err(error),
                Err(next) if next.is_about_page() => {}
                Err(next) => return Err(next),
            }
        }
        Err(error)
    }

    /// No such page although the last answer named one: the list has become shorter, or the service hides the rest.
    pub(super) async fn past_the_end(&mut self, number: u64) -> Result<(), PullError> {
        let before = self.chain.last()?.number;
        self.chain.head = None;
        if self.stands_at_the_end(before).await? {
            if let Some(last) = self.chain.last_mut() {
                last.has_next = Some(false);
            }
            return Ok(());
        }
        self.failures += 1;
        self.anchor(None).await?;
        let last = self.chain.last()?;
        if last.is_last() || (last.number < before && self.failures <= JOIN_ATTEMPTS) {
            return Ok(());
        }
        match last.total_pages {
            Some(total_pages) => self.go_on_by_date(number, total_pages).await,
            None => {
                if let Some(last) = self.chain.last_mut() {
                    last.has_next = Some(false);
                }
                Ok(())
            }
        }
    }

    /// A page that again and again holds fewer rows than the count says, though the list goes on below it: what may be missing
    /// of it is a named gap.
    pub(super) async fn miss_some_of(&mut self, short: &Outline, below: Outline) -> Result<(), PullError> {
        let (number, rows, size) = (short.number, short.length(), self.chain.size);
        let reason = format!("page {number} gave {rows} rows in place of {size}");
        self.go_on_at(below, reason).await
    }

    /// Whether the last joined page, which says nothing of what follows it, still is what it was now that none follows.
    async fn stands_at_the_end(&mut self, number: u64) -> Result<bool, PullError> {
        let last = self.chain.last()?;
        if !last.is_silent() || (self.chain.is_counted && !self.chain.is_at_the_count(last)) {
            return Ok(false);
        }
        let length = last.length();
        match self.read(number).await {
            Err(error) if error.is_about_page() => Ok(false),
            answer => Ok(answer?
                .is_some_and(|again| again.is_silent() && again.length() == length && self.chain.repeats_last(&again))),
        }
    }
}

fn unreadable(first: u64, last: u64, error: &PullError) -> String {
    let pages = if first == last {
        format!("page {first}")
    } else {
        format!("pages {first} to {last}")
    };
    let what = match error {
        PullError::Http { source, .. } => source.to_string(),
        PullError::Shape { what, .. } => what.clone(),
        error => error.to_string(),
    };
    let what: String = what.split(" (").next().unwrap_or_default().chars().take(160).collect();
    format!("{pages} could not be read: {what}")
}
