//! One file made of others while it is written: rows go in bit by bit and bytes leave in parts, so that its size costs no
//! memory. Apart from merging and filling, which know rows and no bytes.

use std::sync::Arc;

use anyhow::{Context, Result};
use arrow::array::RecordBatch;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use parquet::arrow::ArrowWriter;
use sha2::{Digest, Sha256};

use crate::lake::parquet::encoder;
use crate::lake::statistics::{self, Statistic, of_rows};
use crate::ledger::hex;
use crate::schema::Table;

/// Bytes that are sent at once; stores take no smaller parts than 5 MiB but for the last.
const PART_BYTES: usize = 8 << 20;

pub(super) struct Output {
    /// Relative to the lake.
    path: String,
    table: &'static Table,
    upload: Box<dyn MultipartUpload>,
    writer: ArrowWriter<Vec<u8>>,
    hasher: Sha256,
    bytes: u64,
    rows: u64,
    statistics: Vec<Statistic>,
}

/// A file that is durable.
pub(super) struct Finished {
    /// Relative to the lake.
    pub(super) path: String,
    pub(super) bytes: u64,
    pub(super) rows: u64,
    pub(super) sha256: String,
    pub(super) statistics: Vec<Statistic>,
}

impl Output {
    pub(super) async fn create(store: &Arc<dyn ObjectStore>, path: String, table: &'static Table) -> Result<Self> {
        let upload = store.put_multipart(&Path::parse(&path)?).await;
        Ok(Self {
            upload: upload.with_context(|| format!("{path} cannot be written"))?,
            writer: encoder(Arc::new(table.file_schema()), &table.statistics_columns())?,
            hasher: Sha256::new(),
            bytes: 0,
            rows: 0,
            statistics: Vec::new(),
            path,
            table,
        })
    }

    pub(super) async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let more = of_rows(std::slice::from_ref(batch), &self.table.statistics_columns())?;
        statistics::add(&mut self.statistics, more);
        self.rows += u64::try_from(batch.num_rows())?;
        self.writer.write(batch)?;
        if self.writer.inner().len() >= PART_BYTES {
            self.send().await?;
        }
        Ok(())
    }

    /// About how large the file would be if it ended here.
    pub(super) fn size(&self) -> usize {
        self.writer.bytes_written() + self.writer.in_progress_size()
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) async fn finish(mut self) -> Result<Finished> {
        self.writer.finish()?;
        self.send().await?;
        let completed = self.upload.complete().await;
        completed.with_context(|| format!("{} cannot be written", self.path))?;
        Ok(Finished {
            path: self.path,
            bytes: self.bytes,
            rows: self.rows,
            sha256: hex(&self.hasher.finalize()),
            statistics: self.statistics,
        })
    }

    async fn send(&mut self) -> Result<()> {
        let part = std::mem::take(self.writer.inner_mut());
        self.hasher.update(&part);
        self.bytes += u64::try_from(part.len())?;
        let sent = self.upload.put_part(PutPayload::from(part)).await;
        sent.with_context(|| format!("{} cannot be written", self.path))
    }
}
