//! What a list refuses: pages that cannot be read, and lists that stop before their end. Apart from the joining, because
//! here the question is what is lost, and what can still be read below.

use super::numbered::{JOIN_ATTEMPTS, Walker};
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
