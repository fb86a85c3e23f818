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
use super::verify::files::hash_of;
use super::{Lake, blocking};
use crate::atomic::steps;
use crate::ledger::AddedFile;
use crate::schema::{Micros, Table};

/// Rows that are read at once: few, for their JSON is wide.
const ROWS: usize = 2_048;

/// A data file whose bytes are not those the ledger names: what is made of it would look sound.
#[derive(Debug, thiserror::Error)]
#[error("{path}: its bytes are not those the ledger names; no other file is made of it")]
pub struct ChangedFile {
    /// Relative to the lake.
    path: String,
}

impl ChangedFile {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        "run `trailhouse verify`, which names every such file, and put back copies of them"
    }
}

impl Lake {
    /// Writes a file again under a name of the next entry, some rows at a time. `change` gives for them as many rows of the same
    /// records.
    pub(super) async fn write_again(
        &self,
        (table, path): (&'static Table, &str),
        at: Micros,
        change: &mut (dyn FnMut(RecordBatch) -> Result<RecordBatch> + Send),
    ) -> Result<Written> {
        let old = self.unchanged(table, path).await?;
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
                loads: old.loads,
            },
        })
    }

    /// As [`Lake::added_file`], and insists that the file has these bytes.
    pub(super) async fn unchanged(&self, table: &Table, path: &str) -> Result<AddedFile> {
        let file = self.added_file(table, path).await?;
        if !self.stands_unchanged(&file).await? {
            bail!("{path}: missing");
        }
        Ok(file)
    }

    /// Whether a file stands there, which then must have the bytes the ledger names.
    pub(super) async fn stands_unchanged(&self, file: &AddedFile) -> Result<bool> {
        let found = hash_of(&*self.store, &file.path).await;
        match found.with_context(|| format!("{} cannot be read", file.path))? {
            None => Ok(false),
            Some((bytes, sha256)) if bytes == file.bytes && sha256 == file.sha256 => Ok(true),
            Some(_) => Err(ChangedFile {
                path: file.path.clone(),
            }
            .into()),
        }
    }

    /// What the ledger says of a live file, with what each load brought to it: in the entry whose number its name begins with; a
    /// file of another program has none, and may be in any.
    pub(super) async fn added_file(&self, table: &Table, path: &str) -> Result<AddedFile> {
        let sequences: Vec<u64> = match load_of(path) {
            Some(sequence) => vec![sequence],
            None => (1..=self.sequence()).rev().collect(),
        };
        for sequence in sequences {
            let entry = self.entry(sequence).await?.entry;
            let added = entry
                .tables
                .get(table.name)
                .into_iter()
                .flat_map(|change| &change.added);
            if let Some(file) = added.into_iter().find(|file| file.path == path) {
                return Ok(AddedFile {
                    loads: file.parts(sequence),
                    ..file.clone()
                });
            }
        }
        bail!("{path}: no ledger entry names it")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use arrow::array::{ArrayRef, StringArray};
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;

    use super::*;
    use crate::coverage::StreamState;
    use crate::lake::parquet::encode;
    use crate::lake::{Compaction, Draft, Extent, Filling, Lacking, Purge};
    use crate::ledger::{Counts, Kind};
    use crate::record::Layouts;
    use crate::schema::SECOND;
    use crate::source::secoda::{ACTIVITY_LOGS, AUDIT_LOGS};

    const BEGIN: Micros = 1_767_225_600 * SECOND;

    /// Two loads into one month.
    async fn lake() -> Lake {
        let mut lake = Lake::open_on(Arc::new(InMemory::new())).await.unwrap();
        for id in ["a", "b"] {
            let text = format!(
                r#"{{"id":"{id}","activity_type":"x","logged_at":"2025-07-11T19:38:34Z","updated_at":"2025-07-11T19:38:34Z"}}"#
            );
            let record = Layouts::of(&AUDIT_LOGS).read(0, text.as_bytes(), Micros::MAX);
            let draft = Draft {
                kind: Kind::Sync,
                run_id: "run",
                source: "a",
                stream: &AUDIT_LOGS,
                state_name: AUDIT_LOGS.name,
                started_at: BEGIN,
                at: BEGIN,
                counts: Counts::default(),
                records: &[record.into_iter().next().unwrap().unwrap()],
                rejects: &[],
                state: &StreamState::new("acme"),
            };
            lake.commit(&draft).await.unwrap();
        }
        lake
    }

    /// Writes a file of the lake with another value in a column, and the JSON as it was.
    async fn forge(lake: &Lake, path: &str) {
        let rows = read_whole(Arc::clone(&lake.store), Path::from(path), ROWS)
            .await
            .unwrap();
        let batches: Vec<RecordBatch> = rows.try_collect().await.unwrap();
        let schema = batches[0].schema();
        let columns = schema.fields().iter().zip(batches[0].columns());
        let columns = columns.map(|(field, values)| match field.name().as_str() {
            "activity_type" => Arc::new(StringArray::from(vec!["forged"])) as ArrayRef,
            _ => Arc::clone(values),
        });
        let forged = RecordBatch::try_new(Arc::clone(&schema), columns.collect()).unwrap();
        let bytes = encode(&[forged], &ACTIVITY_LOGS.statistics_columns()).unwrap();
        lake.store.put(&Path::from(path), bytes.into()).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn no_file_is_made_of_one_that_is_not_as_the_ledger_names_it() {
        let mut lake = lake().await;
        let path = format!("activity_logs/{}", lake.live_files(&ACTIVITY_LOGS).unwrap()[0].path);
        forge(&lake, &path).await;
        let told = format!("{path}: its bytes are not those the ledger names; no other file is made of it");
        let check = |error: anyhow::Error| {
            assert!(error.downcast_ref::<ChangedFile>().is_some(), "{error:#}");
            assert!(format!("{error:#}").ends_with(&told), "{error:#}");
        };

        let lacking = Lacking {
            table: &ACTIVITY_LOGS,
            path: path.clone(),
            rows: 1,
            bytes: 1,
            columns: Vec::new(),
        };
        let filling = Filling {
            run_id: "run",
            started_at: BEGIN,
            at: BEGIN,
        };
        check(lake.backfill(&[lacking], &filling).await.unwrap_err());

        let purge = Purge {
            source: "a",
            before: BEGIN,
            policy: "",
            holds: &[],
            by: "",
            reason: None,
            run_id: "run",
            started_at: BEGIN,
            at: BEGIN,
        };
        assert_eq!(lake.plan_purge(&purge).await.unwrap().rows(), 2);
        check(lake.purge(&purge).await.unwrap_err());

        let compaction = Compaction {
            run_id: "run",
            started_at: BEGIN,
            clock: &|| BEGIN,
            cancelled: &AtomicBool::new(false),
            sources: &[],
            extent: Extent::Ended,
        };
        let mut compacted = lake.compact(&compaction).await.unwrap();
        assert_eq!((compacted.files, compacted.failures.len()), (0, 1));
        check(compacted.failures.remove(0).1);
        assert_eq!(lake.sequence(), 2);
    }
}
