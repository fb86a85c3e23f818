//! Rejects as the lake keeps them, and the entry that says which of them became rows. Apart from the loads because a reject
//! stays in its file and is only marked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context, Result};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, PrimitiveArray, RecordBatch};
use arrow::datatypes::{ArrowPrimitiveType, Int64Type, TimestampMicrosecondType};

use super::commit::Draft;
use super::known::{binary, column, text};
use super::{Lake, Rewrite};
use crate::ledger::Kind;
use crate::schema::{Micros, REJECTS};

/// A reject in the lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptReject {
    pub stream: String,
    pub load: i64,
    pub reason: String,
    pub page: i64,
    pub first_seen_at: Micros,
    /// The load in which a retry read it.
    pub resolved_load: Option<i64>,
    /// First 16 bytes of the SHA-256 of its bytes.
    pub hash: Vec<u8>,
    pub bytes: Vec<u8>,
}

/// A live file of rejects.
#[derive(Debug, Clone)]
pub struct RejectFile {
    pub source: String,
    /// Relative to the lake.
    pub path: String,
}

impl Lake {
    /// The files of rejects, by source and month.
    pub fn reject_files(&mut self) -> Result<Vec<RejectFile>> {
        let mut files: Vec<RejectFile> = self
            .live_files(&REJECTS)?
            .iter()
            .map(|file| RejectFile {
                source: file.partition.source.clone(),
                path: format!("{}/{}", REJECTS.name, file.path),
            })
            .collect();
        files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(files)
    }

    /// The rejects of one file.
    pub async fn rejects(&self, path: &str) -> Result<Vec<KeptReject>> {
        let columns = [
            "stream",
            "load",
            "stable_hash",
            "raw",
            "reason",
            "page",
            "first_seen_at",
            "resolved_load",
        ];
        let mut rejects = Vec::new();
        for batch in self.read(path, &columns, None).await? {
            let (streams, reasons) = (text(&batch, "stream")?, text(&batch, "reason")?);
            let (hashes, raws) = (binary(&batch, "stable_hash")?, binary(&batch, "raw")?);
            let number = |name: &str| numbers::<Int64Type>(&batch, name);
            let (loads, pages, resolved) = (number("load")?, number("page")?, number("resolved_load")?);
            let times = numbers::<TimestampMicrosecondType>(&batch, "first_seen_at")?;
            rejects.extend((0..batch.num_rows()).map(|row| KeptReject {
                stream: streams.value(row).to_owned(),
                load: loads.value(row),
                reason: reasons.value(row).to_owned(),
                page: pages.value(row),
                first_seen_at: times.value(row),
                resolved_load: (!resolved.is_null(row)).then(|| resolved.value(row)),
                hash: hashes.value(row).to_vec(),
                bytes: raws.value(row).to_vec(),
            }));
        }
        Ok(rejects)
    }

    /// Makes the rows of rejects durable that can be read now, and marks these rejects, in one entry. Returns its number.
    pub async fn commit_retry(&mut self, draft: &Draft<'_>, path: &str, resolved: &BTreeSet<Vec<u8>>) -> Result<u64> {
        let load = self.next_load();
        let mut written = Vec::new();
        let marked = i64::try_from(load)?;
        let mut mark = |rows: RecordBatch| marked_by(&rows, draft.stream.name, resolved, marked);
        let made = match self.write_files(draft, load, &mut written).await {
            Ok(()) => self.write_again((&REJECTS, path), draft.at, &mut mark).await,
            Err(error) => Err(error),
        };
        match made {
            Ok(again) => written.push(again),
            Err(error) => {
                self.discard(&written).await;
                return Err(error);
            }
        }
        let rewrite = Rewrite {
            kind: Kind::Retry,
            run_id: draft.run_id.to_owned(),
            started_at: draft.started_at,
            at: draft.at,
            source: Some(draft.source.to_owned()),
            stream: Some(draft.state_name.to_owned()),
            counts: draft.counts,
            state: Some(draft.state.clone()),
            removed: BTreeMap::from([(REJECTS.name, vec![path.to_owned()])]),
            deleted: Vec::new(),
        };
        self.commit_rewrite(rewrite, &written, |entry| entry).await
    }
}

/// The rows with the load that resolved them, where they are of these rejects of a stream.
fn marked_by(rows: &RecordBatch, stream: &str, resolved: &BTreeSet<Vec<u8>>, load: i64) -> Result<RecordBatch> {
    let (streams, hashes) = (text(rows, "stream")?, binary(rows, "stable_hash")?);
    let known = numbers::<Int64Type>(rows, "resolved_load")?;
    let marks: Int64Array = (0..rows.num_rows())
        .map(|row| {
            let is_resolved = streams.value(row) == stream && resolved.contains(hashes.value(row));
            match known.is_null(row) {
                true => is_resolved.then_some(load),
                false => Some(known.value(row)),
            }
        })
        .collect();
    let schema = Arc::new(REJECTS.file_schema());
    let columns = schema.fields().iter().map(|field| match field.name().as_str() {
        "resolved_load" => Ok(Arc::new(marks.clone()) as ArrayRef),
        name => column(rows, name).cloned(),
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    RecordBatch::try_new(schema, columns).context("rejects do not fit their table")
}

fn numbers<'a, T: ArrowPrimitiveType>(batch: &'a RecordBatch, name: &str) -> Result<&'a PrimitiveArray<T>> {
    let numbers = column(batch, name)?.as_primitive_opt::<T>();
    numbers.with_context(|| format!("column {name} is of another type"))
}
