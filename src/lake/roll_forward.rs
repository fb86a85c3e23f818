//! Finishing what a killed run left: the head, the Delta commits that are behind the ledger, and data files no entry names.
//! Apart from the commit because it must work from the entries alone.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;

use super::files::{Added, Partition};
use super::parquet::{Selection, read_columns};
use super::statistics::of_rows;
use super::{Lake, blocking};
use crate::atomic::place;
use crate::ledger::{AddedFile, Kind, Sealed};

impl Lake {
    pub(super) async fn roll_forward(&mut self) -> Result<()> {
        self.finish_signature().await?;
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
            let mut adds = Vec::with_capacity(change.added.len());
            // What another program added stands in the table already.
            for file in change.added.iter().filter(|_| sealed.entry.kind != Kind::Adopt) {
                adds.push(self.added_again(file, &statistics).await?);
            }
            tracing::info!("{name}: the Delta commit of load {sequence} is made up for");
            self.commit_table(&sealed, name, &adds)?;
        }
        Ok(())
    }

    /// What a Delta commit says of a file, read from the file.
    async fn added_again(&self, file: &AddedFile, columns: &[&str]) -> Result<Added> {
        let path = Path::parse(&file.path)?;
        let rows = read_columns(self.store.clone(), path.clone(), &Selection { columns, within: None }).await?;
        let batches: Vec<_> = rows.try_collect().await?;
        let modified = self.store.head(&path).await?.last_modified;
        let (_, relative) = file.path.split_once('/').context("a file without a table")?;
        Ok(Added {
            path: relative.to_owned(),
            partition: Partition::of_path(relative).with_context(|| format!("{}: not a partition", file.path))?,
            size_bytes: file.bytes,
            modified_ms: modified.timestamp_millis(),
            rows: file.rows,
            statistics: of_rows(&batches, columns)?,
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
    use super::*;

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
