//! Recording that a stretch of a stream was compared with its service. Apart from the loads because it names no files.

use anyhow::{Result, bail};

use super::Lake;
use super::commit::ATTEMPTS;
use crate::coverage::StreamState;
use crate::ledger::{Counts, Entry, Kind, Reconciled};
use crate::schema::Micros;

/// One comparison, ready to be recorded.
pub struct Comparison<'a> {
    pub run_id: &'a str,
    pub source: &'a str,
    /// The name the stream's state is kept under.
    pub state_name: &'a str,
    pub started_at: Micros,
    /// The moment of the commit, by the caller's clock.
    pub at: Micros,
    pub requests: u64,
    pub pages: u64,
    pub reconciled: &'a Reconciled,
    /// The stream's state, which the comparison does not move.
    pub state: &'a StreamState,
}

impl Lake {
    /// Records a comparison in an entry of its own, and returns its number.
    pub async fn commit_comparison(&mut self, comparison: &Comparison<'_>) -> Result<u64> {
        for _ in 0..ATTEMPTS {
            let entry = Entry {
                kind: Kind::Reconcile,
                source: Some(comparison.source.to_owned()),
                stream: Some(comparison.state_name.to_owned()),
                counts: Counts {
                    requests: comparison.requests,
                    pages: comparison.pages,
                    ..Counts::default()
                },
                state: Some(comparison.state.clone()),
                reconciled: Some(comparison.reconciled.clone()),
                ..self.blank(comparison.run_id, comparison.started_at, comparison.at)?
            };
            if self.seal(entry, &[]).await? {
                return Ok(self.sequence());
            }
            self.follow_another().await?;
        }
        bail!("another writer took the next ledger number {ATTEMPTS} times")
    }
}
