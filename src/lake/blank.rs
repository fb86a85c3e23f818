//! What every entry begins with: the chain it follows, what stays true, and the Delta commits nobody has recorded yet. Apart from
//! the commits, each of which adds what it is about.

use std::collections::BTreeMap;

use anyhow::Result;
use uuid::Uuid;

use super::adopt::ForeignCommit;
use super::delta::CommitFile;
use super::{Lake, blocking};
use crate::ledger::{Counts, DeltaFile, Entry, FORMAT, Kind};
use crate::schema::{Micros, format_time};

/// Delta commits that no entry records yet.
#[derive(Debug, Default)]
pub(super) struct Unrecorded {
    pub(super) files: Vec<DeltaFile>,
    /// Per table, the newest version recorded with them.
    pub(super) versions: BTreeMap<String, u64>,
    /// Those of other programs.
    pub(super) foreign: Vec<(DeltaFile, CommitFile)>,
}

impl Unrecorded {
    /// Insists that entries made all of them.
    pub(super) fn of_entries(self) -> Result<Self, ForeignCommit> {
        match self.foreign.first() {
            None => Ok(self),
            Some((file, commit)) => Err(ForeignCommit {
                path: format!("{}/{}", file.table, commit.path),
            }),
        }
    }
}

impl Lake {
    /// An entry that follows the newest one and changes nothing yet.
    pub(super) fn blank(&self, run_id: &str, started_at: Micros, at: Micros) -> Result<Entry> {
        let unrecorded = self.unrecorded_delta_commits()?.of_entries()?;
        Ok(self.blank_beside(unrecorded, run_id, (started_at, at)))
    }

    /// As [`Lake::blank`], also where other programs have written to the tables.
    pub(super) fn blank_beside(
        &self,
        unrecorded: Unrecorded,
        run_id: &str,
        (started_at, at): (Micros, Micros),
    ) -> Entry {
        let newest = self.newest.as_ref();
        let follows = |map: fn(&Entry) -> &BTreeMap<String, u64>| {
            newest.map(|newest| map(&newest.entry).clone()).unwrap_or_default()
        };
        Entry {
            format: FORMAT,
            lake_id: newest.map_or_else(|| Uuid::new_v4().to_string(), |newest| newest.entry.lake_id.clone()),
            sequence: self.sequence() + 1,
            previous: newest.map(|newest| newest.sha256.clone()),
            run_id: run_id.to_owned(),
            kind: Kind::Silence,
            started_at: format_time(started_at),
            finished_at: format_time(at),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            source: None,
            stream: None,
            counts: Counts::default(),
            state: None,
            streams: Vec::new(),
            tables: BTreeMap::new(),
            reconciled: None,
            deleted: Vec::new(),
            tombstone: None,
            tombstones: newest.map(|newest| newest.entry.tombstones.clone()).unwrap_or_default(),
            undeleted: newest.map(|newest| newest.entry.undeleted.clone()).unwrap_or_default(),
            adopted: Vec::new(),
            signing_key: newest.and_then(|newest| newest.entry.signing_key.clone()),
            delta_commits: unrecorded.files,
            states: follows(|entry| &entry.states),
            last_changes: follows(|entry| &entry.last_changes),
            delta_versions: unrecorded.versions,
        }
    }

    /// The Delta commits that no entry records yet, and per table the newest version recorded with them.
    pub(super) fn unrecorded_delta_commits(&self) -> Result<Unrecorded> {
        let mut unrecorded = Unrecorded::default();
        let Some(newest) = &self.newest else {
            return Ok(unrecorded);
        };
        unrecorded.versions = newest.entry.delta_versions.clone();
        for name in newest.entry.last_changes.keys() {
            let Some(open) = self.tables.get(name.as_str()) else {
                continue;
            };
            for file in blocking(|| open.delta.commit_files(unrecorded.versions.get(name).copied()))? {
                unrecorded.versions.insert(name.clone(), file.version);
                let recorded = DeltaFile {
                    table: name.clone(),
                    version: file.version,
                    sha256: file.sha256.clone(),
                };
                if file.version > 0 && file.entry.is_none() {
                    unrecorded.foreign.push((recorded.clone(), file));
                }
                unrecorded.files.push(recorded);
            }
        }
        Ok(unrecorded)
    }
}
