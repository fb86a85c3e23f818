//! Files that take the place of others, in one entry: what merging, filling, taking away and replacing rows have in common.
//! Apart from the commit of a load, whose files are made of records and never of other files.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use super::Lake;
use super::commit::Written;
use crate::coverage::StreamState;
use crate::ledger::{Counts, Entry, Kind, TableChange};
use crate::schema::Micros;

/// An entry about files that are there already.
#[derive(Debug, Clone)]
pub struct Rewrite {
    pub kind: Kind,
    pub run_id: String,
    pub started_at: Micros,
    /// The moment of the commit, by the caller's clock.
    pub at: Micros,
    /// Of which source and stream it is, where it is of one.
    pub source: Option<String>,
    pub stream: Option<String>,
    pub counts: Counts,
    /// The stream's state from now on, where it changes.
    pub state: Option<StreamState>,
    /// By table, live files that their table shows no more; paths are relative to the lake.
    pub removed: BTreeMap<&'static str, Vec<String>>,
    /// Files, relative to the lake, whose bytes go as well.
    pub deleted: Vec<String>,
}

impl Lake {
    /// The number the next entry will have; the names of its data files begin with it.
    pub fn next_load(&self) -> u64 {
        self.sequence() + 1
    }

    /// Makes durable what a rewrite says of files, and returns its number. `written` must be durable and named by
    /// [`Lake::next_load`]. `with` completes the entry. After an error it may still have been committed: opening the lake
    /// again tells, and finishes it.
    pub(super) async fn commit_rewrite(
        &mut self,
        rewrite: Rewrite,
        written: &[Written],
        with: impl FnOnce(Entry) -> Entry,
    ) -> Result<u64> {
        let mut tables: BTreeMap<String, TableChange> = BTreeMap::new();
        for file in written {
            let change = tables.entry(file.table.to_owned()).or_default();
            change.added.push(file.file.clone());
        }
        for (table, removed) in rewrite.removed {
            tables.entry(table.to_owned()).or_default().removed = removed;
        }
        let entry = with(Entry {
            kind: rewrite.kind,
            source: rewrite.source,
            stream: rewrite.stream,
            counts: rewrite.counts,
            state: rewrite.state,
            tables,
            deleted: rewrite.deleted,
            ..self.blank(&rewrite.run_id, rewrite.started_at, rewrite.at)?
        });
        let sequence = entry.sequence;
        // Rows of files that are read again and again are remembered by file.
        self.remembered = super::known::Remembered::default();
        if !Box::pin(self.seal(entry, written)).await? {
            self.discard(written).await;
            bail!("another writer took ledger number {sequence}; nothing was changed");
        }
        Ok(sequence)
    }
}
