//! Deleting the files that compactions removed from their tables: only after some days, for a reader may still be in the middle
//! of them, and in an entry that names them. Apart from the compaction because it is due at another time.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Lake;
use super::compact::Compaction;
use super::rewrite::Rewrite;
use crate::ledger::{Counts, Entry, Kind};
use crate::schema::{DAY, Micros, parse_time};
use crate::source;

/// How long a removed file is kept, as the tables say to other readers (`delta.deletedFileRetentionDuration`).
const KEPT: Micros = 7 * DAY;

impl Lake {
    /// Deletes what has been removed long enough, in one entry, and returns the number of files. The newest entry says which
    /// ones removed files that are still there, so that nothing is searched.
    pub(super) async fn vacuum(&mut self, task: &Compaction<'_>) -> Result<u64> {
        let at = (task.clock)();
        let undeleted = self
            .newest()
            .map(|newest| newest.entry.undeleted.clone())
            .unwrap_or_default();
        let mut deleted = Vec::new();
        let mut later = undeleted.clone();
        for sequence in undeleted {
            let entry = self.entry(sequence).await?.entry;
            if parse_time(&entry.finished_at).is_none_or(|removed_at| removed_at > at - KEPT) {
                break;
            }
            for path in entry.left_behind() {
                if !self.is_shown(&path)? {
                    deleted.push(path);
                }
            }
            later.retain(|other| *other != sequence);
        }
        let count = u64::try_from(deleted.len())?;
        if count > 0 {
            let rewrite = Rewrite {
                kind: Kind::Vacuum,
                run_id: task.run_id.to_owned(),
                started_at: task.started_at,
                at,
                source: None,
                stream: None,
                state: None,
                counts: Counts::default(),
                removed: BTreeMap::new(),
                deleted,
            };
            let with = |entry| Entry {
                undeleted: later,
                ..entry
            };
            self.commit_rewrite(rewrite, &[], with).await?;
        }
        Ok(count)
    }

    /// Whether a table shows a file that an entry removed from it: one that another program kept was taken back.
    pub(super) fn is_shown(&mut self, path: &str) -> Result<bool> {
        let Some((name, relative)) = path.split_once('/') else {
            return Ok(false);
        };
        let Some(table) = source::table(name) else {
            return Ok(false);
        };
        Ok(self.live_files(table)?.iter().any(|file| file.path == relative))
    }
}
