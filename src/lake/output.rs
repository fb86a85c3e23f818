//! One file made of others while it is written: rows go in bit by bit and bytes leave in parts, so that its size costs no
//! memory. Packing takes a thread of its own, beside which the next rows are read. Apart from merging and filling, which know
//! rows and no bytes.

use std::sync::Arc;

use anyhow::{Context, Result};
use arrow::array::RecordBatch;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use parquet::arrow::ArrowWriter;
use sha2::{Digest, Sha256};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::lake::parquet::encoder;
use crate::lake::statistics::{self, Statistic, of_rows};
use crate::ledger::hex;
use crate::schema::Table;

/// Bytes that are sent at once; stores take no smaller parts than 5 MiB but for the last.
const PART_BYTES: usize = 5 << 20;

/// What packs rows into bytes.
struct Packer {
    writer: ArrowWriter<Vec<u8>>,
    statistics: Vec<Statistic>,
    columns: Vec<&'static str>,
}

pub(super) struct Output {
    /// Relative to the lake.
    path: String,
    upload: Box<dyn MultipartUpload>,
    /// The packer, with the rows it was given last.
    packing: JoinHandle<Result<Packer>>,
    hasher: Sha256,
    bytes: u64,
    rows: u64,
    size: usize,
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

impl Packer {
    fn pack(mut self, batch: &RecordBatch) -> Result<Self> {
        let more = of_rows(std::slice::from_ref(batch), &self.columns)?;
        statistics::add(&mut self.statistics, more);
        self.writer.write(batch)?;
        Ok(self)
    }
}

impl Output {
    pub(super) async fn create(store: &Arc<dyn ObjectStore>, path: String, table: &'static Table) -> Result<Self> {
        let upload = store.put_multipart(&Path::parse(&path)?).await;
        let columns = table.statistics_columns();
        let packer = Packer {
            writer: encoder(Arc::new(table.file_schema()), &columns)?,
            statistics: Vec::new(),
            columns,
        };
        Ok(Self {
            upload: upload.with_context(|| format!("{path} cannot be written"))?,
            packing: spawn_blocking(|| Ok(packer)),
            hasher: Sha256::new(),
            bytes: 0,
            rows: 0,
            size: 0,
            path,
        })
    }

    pub(super) async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        let mut packer = (&mut self.packing).await??;
        self.size = packer.writer.bytes_written() + packer.writer.in_progress_size();
        if packer.writer.inner().len() >= PART_BYTES {
            self.send(std::mem::take(packer.writer.inner_mut())).await?;
        }
        self.rows += u64::try_from(batch.num_rows())?;
        self.packing = spawn_blocking(move || packer.pack(&batch));
        Ok(())
    }

    /// About how large the file would be if it ended before the rows given last.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) async fn finish(mut self) -> Result<Finished> {
        let mut packer = (&mut self.packing).await??;
        let packer = spawn_blocking(move || packer.writer.finish().map(|_| packer)).await;
        let mut packer = packer??;
        self.send(std::mem::take(packer.writer.inner_mut())).await?;
        let completed = self.upload.complete().await;
        completed.with_context(|| format!("{} cannot be written", self.path))?;
        Ok(Finished {
            path: self.path,
            bytes: self.bytes,
            rows: self.rows,
            sha256: hex(&self.hasher.finalize()),
            statistics: packer.statistics,
        })
    }

    async fn send(&mut self, part: Vec<u8>) -> Result<()> {
        self.hasher.update(&part);
        self.bytes += u64::try_from(part.len())?;
        let sent = self.upload.put_part(PutPayload::from(part)).await;
        sent.with_context(|| format!("{} cannot be written", self.path))
    }
}
