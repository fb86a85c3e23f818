//! Finishing what a killed run left: the head, the Delta commits that are behind the ledger, and data files no entry names.
//! Apart from the commit because it must work from the entries alone.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use arrow::array::RecordBatch;
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;

use super::commit::removes_of;
use super::files::{Added, Partition};
use super::parquet::{Selection, read_columns};
use super::statistics::of_rows;
use super::{Lake, blocking};
use crate::atomic::place;
use crate::ledger::{AddedFile, Kind, Sealed};
use crate::schema::Table;

/// An entry that is not in its table yet, and whose files another program has taken out of it meanwhile.
#[derive(Debug, thiserror::Error)]
#[error("ledger entry {sequence} replaces files that another program took out of the table before")]
pub struct Overtaken {
    table: &'static str,
    sequence: u64,
    /// Of the other program's first commit.
    version: u64,
}

impl Overtaken {
    /// What to do about it.
    pub fn hint(&self) -> String {
        format!(
            "put back {}/_delta_log as it was before the other program wrote to it: without the files from version {} on, and \
             without `_last_checkpoint`; the next command then finishes entry {}, and `trailhouse verify` says whether files were \
             deleted as well",
            self.table, self.version, self.sequence
        )
    }
}

impl Lake {
    pub(super) async fn roll_forward(&mut self) -> Result<()> {
        self.finish_signature().await?;
        self.check_logs()?;
        let Some(newest) = self.newest.clone() else {
            return self.remove_unnamed(0, &BTreeSet::new()).await;
        };
        let head = self.ledger.head().await?;
        if head.is_none_or(|head| head.sequence != newest.entry.sequence) {
            tracing::info!("ledger: the head is moved to entry {}", newest.entry.sequence);
            self.ledger.move_head(&newest).await?;
        }
        for (table, last) in &newest.entry.last_changes {
            self.roll_table_forward(table, *last, &newest)
                .await
                .with_context(|| format!("table {table}"))?;
        }
        self.delete(&newest.entry.deleted).await?;
        let named = newest
            .entry
            .tables
            .values()
            .flat_map(|change| &change.added)
            .map(|file| file.path.clone())
            .collect();
        self.remove_unnamed(newest.entry.sequence, &named).await
    }

    async fn roll_table_forward(&mut self, name: &str, last: u64, newest: &Sealed) -> Result<()> {
        let Some(open) = self.tables.get(name) else {
            tracing::warn!("ledger: table {name} is of a newer program and stays as it is");
            return Ok(());
        };
        let (table, id) = (open.table, newest.entry.lake_id.clone());
        let statistics = table.statistics_columns();
        blocking(|| open.delta.create_if_absent(&table.arrow_schema(), &statistics))?;
        let applied = blocking(|| open.delta.transaction_version(&id))?.unwrap_or(0);
        if u64::try_from(applied)? > newest.entry.sequence {
            bail!(
                "it has applied ledger entry {applied}, but the newest is {}",
                newest.entry.sequence
            );
        }
        for sequence in u64::try_from(applied)? + 1..=last {
            let sealed = self.entry(sequence).await?;
            let Some(change) = sealed.entry.tables.get(name) else {
                continue;
            };
            let mut removes = removes_of(&sealed.entry, name);
            let mut adds = Vec::with_capacity(change.added.len());
            if self.is_overtaken(table, &sealed, &removes)? {
                removes.clear();
            } else {
                // What another program added stands in the table already.
                for file in change.added.iter().filter(|_| sealed.entry.kind != Kind::Adopt) {
                    adds.push(self.added_again(file, &statistics).await?);
                }
            }
            tracing::info!("{name}: the Delta commit of load {sequence} is made up for");
            self.commit_table(&sealed, name, (&adds, &removes))?;
        }
        Ok(())
    }

    /// Insists that an entry made every table that has a log: else the ledger is older than the data.
    fn check_logs(&self) -> Result<()> {
        let newest = self.newest.as_ref().map(|newest| &newest.entry);
        for (name, open) in &self.tables {
            let is_named = newest.is_some_and(|newest| newest.last_changes.contains_key(*name));
            if is_named || !blocking(|| open.delta.exists())? {
                continue;
            }
            let applied = match newest {
                Some(newest) => blocking(|| open.delta.transaction_version(&newest.lake_id))?,
                None => None,
            };
            match (applied, newest) {
                (Some(applied), Some(newest)) => bail!(
                    "table {name}: it has applied ledger entry {applied}, but the newest is {}",
                    newest.sequence
                ),
                _ => bail!("table {name}: it has a Delta log, and no ledger entry names a file of it"),
            }
        }
        Ok(())
    }

    /// Whether another program has merged all files that an entry merges too: their rows stand in its files, and are compared when
    /// these are adopted. An error where it took out only some of them, or files whose rows the entry changes.
    fn is_overtaken(&self, table: &'static Table, sealed: &Sealed, removes: &[String]) -> Result<bool> {
        let Some(open) = self.tables.get(table.name).filter(|_| !removes.is_empty()) else {
            return Ok(false);
        };
        let live = blocking(|| open.delta.live_files())?;
        let live: BTreeSet<&str> = live.iter().map(|file| file.path.as_str()).collect();
        let left = removes.iter().filter(|path| live.contains(path.as_str())).count();
        let foreign = self.unrecorded_delta_commits()?.foreign;
        let first = foreign.iter().find(|(file, _)| file.table == table.name);
        match first {
            Some(_) if left == 0 && sealed.entry.kind == Kind::Compact => Ok(true),
            Some((file, _)) if left < removes.len() => Err(Overtaken {
                table: table.name,
                sequence: sealed.entry.sequence,
                version: file.version,
            }
            .into()),
            _ => Ok(false),
        }
    }

    /// What a Delta commit says of a file, read from the file: nothing of columns that it was written without.
    async fn added_again(&self, file: &AddedFile, columns: &[&str]) -> Result<Added> {
        let path = Path::parse(&file.path)?;
        let rows = read_columns(self.store.clone(), path.clone(), &Selection { columns, within: None }).await?;
        let batches: Vec<RecordBatch> = rows.try_collect().await?;
        let is_held = |column: &&str| batches.iter().all(|batch| batch.column_by_name(column).is_some());
        let columns: Vec<&str> = columns.iter().copied().filter(is_held).collect();
        let modified = self.store.head(&path).await?.last_modified;
        let (_, relative) = file.path.split_once('/').context("a file without a table")?;
        Ok(Added {
            path: relative.to_owned(),
            partition: Partition::of_path(relative).with_context(|| format!("{}: not a partition", file.path))?,
            size_bytes: file.bytes,
            modified_ms: modified.timestamp_millis(),
            rows: file.rows,
            statistics: of_rows(&batches, &columns)?,
        })
    }

    /// Removes the data files that a commit wrote and then did not name: only those of the next number, or of the newest
    /// entry's when its number was taken by another, can be such. A file of a later number means that the ledger is older
    /// than the data, and then nothing is touched.
    async fn remove_unnamed(&self, newest: u64, named: &BTreeSet<String>) -> Result<()> {
        let mut unnamed = Vec::new();
        for table in self.tables.keys() {
            let mut listing = self.store.list(Some(&Path::from(*table)));
            while let Some(found) = listing.try_next().await? {
                let path = found.location.to_string();
                match load_of(&path) {
                    Some(load) if load > newest + 1 => bail!("{path} is newer than the newest ledger entry, {newest}"),
                    Some(load) if load >= newest.max(1) && !named.contains(&path) => unnamed.push(found.location),
                    _ => {}
                }
            }
        }
        for path in unnamed {
            tracing::info!("{path}: removed, for no ledger entry names it");
            self.store
                .delete(&path)
                .await
                .with_context(|| format!("{path} cannot be removed"))?;
        }
        Ok(())
    }
}

/// Removes what the store leaves when it is killed while it stages a file (`name#1`), which no listing of its own shows.
pub(super) fn remove_staged(folder: &std::path::Path) -> std::io::Result<()> {
    for item in std::fs::read_dir(folder)? {
        let item = item?;
        let name = item.file_name();
        if item.file_type()?.is_dir() {
            remove_staged(&item.path())?;
        } else if name.to_str().is_some_and(is_staged) {
            place::remove_file(&item.path())?;
        }
    }
    Ok(())
}

/// The names a store gives to a file while it stages it.
pub(super) fn is_staged(name: &str) -> bool {
    let staged = name
        .rsplit_once('#')
        .is_some_and(|(_, number)| number.parse::<u64>().is_ok());
    staged || name == ".new"
}

/// The load in the name of a data file; `None` for any other file.
pub(super) fn load_of(path: &str) -> Option<u64> {
    let (_, name) = path.rsplit_once('/')?;
    let (load, _) = name.strip_suffix(".parquet")?.split_once('-')?;
    load.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use object_store::memory::InMemory;

    use super::*;
    use crate::batch::RejectedRow;
    use crate::coverage::StreamState;
    use crate::lake::Draft;
    use crate::ledger::{Counts, path};
    use crate::record::{Layouts, Record, Reject};
    use crate::schema::{Micros, SECOND};
    use crate::source::secoda::AUDIT_LOGS;

    const BEGIN: Micros = 1_767_225_600 * SECOND;

    /// Commits a load, and gives the paths of its files.
    async fn load(lake: &mut Lake, records: &[Record], rejects: &[RejectedRow]) -> Vec<AddedFile> {
        let draft = Draft {
            kind: Kind::Sync,
            run_id: "run",
            source: "a",
            stream: &AUDIT_LOGS,
            state_name: AUDIT_LOGS.name,
            started_at: BEGIN,
            at: BEGIN,
            counts: Counts::default(),
            records,
            rejects,
            state: &StreamState::new("acme"),
        };
        lake.commit(&draft).await.unwrap();
        let changes = lake.newest().unwrap().entry.tables.values();
        changes.flat_map(|change| change.added.clone()).collect()
    }

    fn record() -> Record {
        let text = r#"{"id":"a","logged_at":"2025-07-11T19:38:34Z","updated_at":"2025-07-11T19:38:34Z"}"#;
        let read = Layouts::of(&AUDIT_LOGS).read(0, text.as_bytes(), Micros::MAX);
        read.into_iter().next().unwrap().unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_ledger_older_than_the_first_rows_of_a_table_removes_none_of_them() {
        let store = Arc::new(InMemory::new());
        let mut lake = Lake::open_on(store.clone()).await.unwrap();
        load(&mut lake, &[record()], &[]).await;
        let first = lake.newest().unwrap().clone();
        let reject = RejectedRow {
            reject: Reject {
                reason: "no id".to_owned(),
                bytes: b"{}".to_vec(),
                earlier: Vec::new(),
            },
            page: 1,
            seen_at: BEGIN,
        };
        let added = load(&mut lake, &[], &[reject]).await;
        store.delete(&path(2)).await.unwrap();
        lake.ledger.move_head(&first).await.unwrap();
        let error = Lake::open_on(store.clone()).await.err().unwrap();
        let expected = "table rejects: it has applied ledger entry 2, but the newest is 1";
        assert!(format!("{error:#}").ends_with(expected), "{error:#}");
        store.head(&Path::from(added[0].path.as_str())).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_a_column_that_a_file_was_written_without_nothing_is_said() {
        let mut lake = Lake::open_on(Arc::new(InMemory::new())).await.unwrap();
        let added = load(&mut lake, &[record()], &[]).await;
        let again = lake
            .added_again(&added[0], &["load", "declared_later_at", "id"])
            .await
            .unwrap();
        let told: Vec<&str> = again.statistics.iter().map(|told| told.column.as_str()).collect();
        assert_eq!((told, again.rows), (vec!["load", "id"], 1));
    }

    #[test]
    fn only_data_files_have_a_load() {
        assert_eq!(
            load_of("activity_logs/source=a/month=2025-07/42-0a1b.parquet"),
            Some(42)
        );
        assert_eq!(
            load_of("activity_logs/_delta_log/00000000000000000010.checkpoint.parquet"),
            None
        );
        assert_eq!(load_of("activity_logs/_delta_log/00000000000000000010.json"), None);
        let found = Partition::of_path("source=a/month=2025-07/42-0a1b.parquet").unwrap();
        assert_eq!((found.source.as_str(), found.month.as_str()), ("a", "2025-07"));
    }
}
