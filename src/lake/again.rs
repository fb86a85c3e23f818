//! One data file written again with the same records: its rows changed bit by bit, in the place of the old one. Apart from why,
//! which filling columns and retrying rejects each say for themselves.

use std::sync::Arc;

use anyhow::{Context, Result};
use arrow::array::RecordBatch;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use uuid::Uuid;

use super::commit::Written;
use super::files::{Added, Partition};
use super::parquet::{encoder, read_whole};
use super::roll_forward::load_of;
use super::statistics::{self, of_rows};
use super::{Lake, blocking};
use crate::atomic::steps;
use crate::ledger::{AddedFile, LoadPart, sha256};
use crate::schema::{Micros, Table};

/// Rows that are read at once: few, for their JSON is wide.
const ROWS: usize = 2_048;

impl Lake {
    /// Writes a file again under a name of the next entry. `change` gives for some rows the same number of rows of the same
    /// records; one file's packed bytes and these rows are all that is held at a time.
    pub(super) async fn write_again(
        &self,
        (table, path): (&'static Table, &str),
        at: Micros,
        change: &mut (dyn FnMut(RecordBatch) -> Result<RecordBatch> + Send),
    ) -> Result<Written> {
        let old = self.added_file(table, path).await?;
        let columns = table.statistics_columns();
        let mut writer = encoder(Arc::new(table.file_schema()), &columns)?;
        let mut kept = Vec::new();
        let mut batches = std::pin::pin!(read_whole(Arc::clone(&self.store), Path::parse(path)?, ROWS).await?);
        while let Some(batch) = batches.try_next().await? {
            blocking(|| -> Result<()> {
                let rows = change(batch)?;
                statistics::add(&mut kept, of_rows(std::slice::from_ref(&rows), &columns)?);
                Ok(writer.write(&rows)?)
            })
            .with_context(|| path.to_owned())?;
        }
        let bytes = blocking(|| writer.into_inner())?;
        let partition = place(path).with_context(|| format!("{path}: not a partition"))?;
        let number = self.next_load();
        let name = format!(
            "source={}/month={}/{number}-{}.parquet",
            partition.source,
            partition.month,
            Uuid::new_v4()
        );
        let file = AddedFile {
            path: format!("{}/{name}", table.name),
            bytes: u64::try_from(bytes.len())?,
            sha256: sha256(&bytes),
            loads: if old.loads.is_empty() {
                vec![LoadPart {
                    load: load_of(path).with_context(|| format!("{path}: of no load"))?,
                    rows: old.rows,
                    digest: old.digest.clone(),
                }]
            } else {
                old.loads
            },
            rows: old.rows,
            digest: old.digest,
        };
        let added = Added {
            path: name,
            partition,
            size_bytes: file.bytes,
            modified_ms: at / 1_000,
            rows: file.rows,
            statistics: kept,
        };
        let put = self.store.put(&Path::parse(&file.path)?, PutPayload::from(bytes)).await;
        put.with_context(|| format!("{} cannot be written", file.path))?;
        steps::reached("after a data file is written again");
        Ok(Written {
            table: table.name,
            file,
            added,
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

/// The partition of a file, whose path is relative to the lake.
fn place(path: &str) -> Option<Partition> {
    let (_, relative) = path.split_once('/')?;
    Partition::of_path(relative)
}
