//! What of a source was taken away, and is not stored when it comes again. Apart from taking it away, for this is asked by every
//! load.

use std::collections::HashSet;

use anyhow::Result;

use super::{Incoming, Lake};
use crate::coverage::{Coverage, Purged};
use crate::ledger::hex;
use crate::ledger::tombstone::Tombstone;
use crate::record::{Record, Reject};

/// Purged time and taken rejects of a source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Withheld {
    pub purged: Purged,
    /// The hashes they are known by, in hexadecimal.
    pub rejects: HashSet<String>,
}

impl Withheld {
    pub fn holds(&self, record: &Record) -> bool {
        self.purged.holds(record.event_at, record.order_at)
    }

    /// Drops what must not be stored, and counts it.
    pub(super) fn keep_back(&self, incoming: &mut Incoming<'_>) -> u64 {
        let before = incoming.records.len() + incoming.rejects.len();
        incoming.records.retain(|record| !self.holds(record));
        let is_taken = |hash: [u8; 16]| !self.rejects.is_empty() && self.rejects.contains(&hex(&hash));
        // It may have been taken before somebody whom it names was erased.
        let is_known = |reject: &Reject| is_taken(reject.hash()) || reject.earlier.iter().copied().any(is_taken);
        incoming.rejects.retain(|row| !is_known(&row.reject));
        u64::try_from(before - incoming.records.len() - incoming.rejects.len()).unwrap_or(u64::MAX)
    }
}

impl Lake {
    /// What of a source must not be stored again.
    pub async fn withheld(&self, source: &str) -> Result<Withheld> {
        let mut all = Coverage::default();
        for (_, stream) in self.streams().into_iter().filter(|(of, _)| of == source) {
            if let Some(state) = self.state(source, &stream).await? {
                all.purge(&Purged::of(&state.coverage), 0);
            }
        }
        let mut rejects = HashSet::new();
        for tombstone in self.tombstones(source).await? {
            rejects.extend(tombstone.rejects);
        }
        Ok(Withheld {
            purged: Purged::of(&all),
            rejects,
        })
    }

    /// The tombstones of a source by which what arrives later is judged, oldest first.
    pub(super) async fn tombstones(&self, source: &str) -> Result<Vec<Tombstone>> {
        let mut tombstones = Vec::new();
        for sequence in self.newest.iter().flat_map(|newest| &newest.entry.tombstones) {
            let sealed = self.entry(*sequence).await?;
            if sealed.entry.source.as_deref() == Some(source) {
                tombstones.extend(sealed.entry.tombstone);
            }
        }
        Ok(tombstones)
    }
}
