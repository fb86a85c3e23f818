//! One data file written again with the same records: its rows changed bit by bit, in the place of the old one. Apart from why,
//! which filling columns and retrying rejects each say for themselves.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use arrow::array::RecordBatch;
use futures::TryStreamExt;
use object_store::path::Path;
use uuid::Uuid;

use super::commit::Written;
use super::files::{Added, Partition};
use super::output::Output;
use super::parquet::read_whole;
use super::roll_forward::load_of;
use super::{Lake, blocking};
use crate::atomic::steps;
use crate::ledger::{AddedFile, LoadPart};
use crate::schema::{Micros, Table};

/// Rows that are read at once: few, for their JSON is wide.
const ROWS: usize = 2_048;

impl Lake {
    /// Writes a file again under a name of the next entry, some rows at a time. `change` gives for them as many rows of the same
    /// records.
    pub(super) async fn write_again(
        &self,
        (table, path): (&'static Table, &str),
        at: Micros,
        change: &mut (dyn FnMut(RecordBatch) -> Result<RecordBatch> + Send),
    ) -> Result<Written> {
        let old = self.added_file(table, path).await?;
        let (_, relative) = path.split_once('/').with_context(|| format!("{path}: of no table"))?;
        let partition = Partition::of_path(relative).with_context(|| format!("{path}: not a partition"))?;
        let number = self.next_load();
        let name = format!(
            "source={}/month={}/{number}-{}.parquet",
            partition.source,
            partition.month,
            Uuid::new_v4()
        );
        let mut output = Output::create(&self.store, format!("{}/{name}", table.name), table).await?;
        let mut batches = std::pin::pin!(read_whole(Arc::clone(&self.store), Path::parse(path)?, ROWS).await?);
        while let Some(batch) = batches.try_next().await? {
            let rows = blocking(|| change(batch)).with_context(|| path.to_owned())?;
            output.write(rows).await?;
        }
        let made = output.finish().await?;
        if made.rows != old.rows {
            bail!("{path}: {} rows, and the ledger names {}", made.rows, old.rows);
        }
        let loads = if old.loads.is_empty() {
            vec![LoadPart {
                load: load_of(path).with_context(|| format!("{path}: of no load"))?,
                rows: old.rows,
                digest: old.digest.clone(),
            }]
        } else {
            old.loads
        };
        steps::reached("after a data file is written again");
        Ok(Written {
            table: table.name,
            added: Added {
                path: name,
                partition,
                size_bytes: made.bytes,
                modified_ms: at / 1_000,
                rows: made.rows,
                statistics: made.statistics,
            },
            file: AddedFile {
                path: made.path,
                bytes: made.bytes,
                rows: made.rows,
                sha256: made.sha256,
                digest: old.digest,
                loads,
            },
        })
    }

    /// What the ledger says of a live file: in the entry whose number its name begins with.
    async fn added_file(&self, table: &Table, path: &str) -> Result<AddedFile> {
        let sequence = load_of(path).with_context(|| format!("{path}: of no load"))?;
        let sealed = self.entry(sequence).await?;
        let change = sealed.entry.tables.get(table.name);
        let file = change.and_then(|change| change.added.iter().find(|file| file.path == path));
        file.cloned()
            .with_context(|| format!("ledger entry {sequence} does not name {path}"))
    }
}
