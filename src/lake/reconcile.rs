//! Recording that a stretch of a stream was compared with its service. Apart from the loads because it names no files.

use std::collections::BTreeMap;

use anyhow::Result;

use super::{Lake, Rewrite};
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
    /// The stream's state, which the comparison does not move.
    pub state: &'a StreamState,
}

impl Lake {
    /// Records a comparison in an entry of its own, and returns its number.
    pub async fn commit_comparison(&mut self, comparison: &Comparison<'_>, reconciled: &Reconciled) -> Result<u64> {
        let entry = Rewrite {
            kind: Kind::Reconcile,
            run_id: comparison.run_id.to_owned(),
            started_at: comparison.started_at,
            at: comparison.at,
            source: Some(comparison.source.to_owned()),
            stream: Some(comparison.state_name.to_owned()),
            counts: Counts {
                requests: comparison.requests,
                pages: comparison.pages,
                ..Counts::default()
            },
            state: Some(comparison.state.clone()),
            removed: BTreeMap::new(),
            deleted: Vec::new(),
        };
        let reconciled = Some(reconciled.clone());
        self.commit_rewrite(entry, &[], |entry| Entry { reconciled, ..entry })
            .await
    }
}
