//! Filling columns that were declared after rows were stored, from the JSON kept beside them. Apart from the schema, which
//! grows by itself with the next load.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use anyhow::Result;
use arrow::array::RecordBatch;
use object_store::path::Path;

use super::files::LiveFile;
use super::known::text;
use super::parquet::columns_of;
use super::{Lake, Rewrite};
use crate::batch;
use crate::ledger::{Counts, Kind};
use crate::record::{Layouts, Record};
use crate::schema::{Micros, REJECTS, Table};
use crate::source;

/// A live file that was written without some of the columns declared now.
#[derive(Debug, Clone)]
pub struct Lacking {
    pub table: &'static Table,
    /// Relative to the lake.
    pub path: String,
    pub rows: u64,
    pub bytes: u64,
    pub columns: Vec<&'static str>,
}

/// Which run fills, and when.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'a> {
    pub run_id: &'a str,
    pub started_at: Micros,
    /// The moment of the commit, by the caller's clock.
    pub at: Micros,
}

impl Lake {
    /// Every live file that lacks a column its rows' JSON can fill, by its footer. One with columns that this program does not
    /// know is left as it is: a newer program wrote it.
    pub async fn lacking_columns(&mut self) -> Result<Vec<Lacking>> {
        let mut lacking = Vec::new();
        for table in source::TABLES.iter().filter(|table| table.name != REJECTS.name) {
            for file in self.live_files(table)?.to_vec() {
                let path = format!("{}/{}", table.name, file.path);
                let columns = self.lacking_of(table, &path).await?;
                if !columns.is_empty() {
                    lacking.push(Lacking {
                        table,
                        path,
                        rows: file.rows,
                        bytes: file.size_bytes,
                        columns,
                    });
                }
            }
        }
        Ok(lacking)
    }

    /// The declared columns that a file was written without; none of a file with columns that this program does not know.
    pub(super) async fn lacking_of(&self, table: &'static Table, path: &str) -> Result<Vec<&'static str>> {
        let schema = table.file_schema();
        let held = columns_of(Arc::clone(&self.store), Path::parse(path)?).await?;
        if held.iter().any(|column| schema.field_with_name(column).is_err()) {
            tracing::warn!("{path}: has columns that this program does not know, and stays as it is");
            return Ok(Vec::new());
        }
        let declared = table.columns.iter().map(|column| column.name);
        let is_lacking = |name: &&str| !held.iter().any(|column| column == name);
        Ok(declared.filter(is_lacking).collect())
    }

    /// Leaves out files that were written before a column was declared, for they are known by that: merged, they could not be
    /// filled. Says whether there is still something to merge.
    pub(super) async fn leave_older(&self, table: &'static Table, files: &mut Vec<LiveFile>) -> Result<bool> {
        let all = files.len();
        for file in std::mem::take(files) {
            let path = format!("{}/{}", table.name, file.path);
            if table.name == REJECTS.name || self.lacking_of(table, &path).await?.is_empty() {
                files.push(file);
            }
        }
        Ok(files.len() == all || files.len() > 1)
    }

    /// Writes the files again with all columns, in one entry, and returns its number. One file is held at a time.
    pub async fn backfill(&mut self, files: &[Lacking], filling: &Filling<'_>) -> Result<u64> {
        let mut written = Vec::new();
        let mut removed: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        for file in files {
            let mut readers = Readers::of(file.table);
            let mut fill = |rows: RecordBatch| readers.fill(&rows);
            match self.write_again((file.table, &file.path), filling.at, &mut fill).await {
                Ok(again) => written.push(again),
                Err(error) => {
                    self.discard(&written).await;
                    return Err(error);
                }
            }
            removed.entry(file.table.name).or_default().push(file.path.clone());
        }
        let rewrite = Rewrite {
            kind: Kind::Backfill,
            run_id: filling.run_id.to_owned(),
            started_at: filling.started_at,
            at: filling.at,
            source: None,
            stream: None,
            counts: Counts::default(),
            state: None,
            removed,
            deleted: Vec::new(),
        };
        self.commit_rewrite(rewrite, &written, |entry| entry).await
    }
}

/// How rows of one table are read from their JSON, by stream.
pub(super) struct Readers {
    table: &'static Table,
    layouts: HashMap<String, Option<(Layouts, usize)>>,
}

impl Readers {
    pub(super) fn of(table: &'static Table) -> Self {
        Self {
            table,
            layouts: HashMap::new(),
        }
    }

    /// The rows with all columns of the table, in its order.
    pub(super) fn fill(&mut self, rows: &RecordBatch) -> Result<RecordBatch> {
        let mut declared = self.table.columns.iter();
        if declared.all(|column| rows.column_by_name(column.name).is_some()) {
            return batch::filled(self.table, rows, &vec![None; rows.num_rows()]);
        }
        let (streams, raws) = (text(rows, "stream")?, text(rows, "raw")?);
        let records: Vec<Option<Record>> = (0..rows.num_rows())
            .map(|row| self.read(streams.value(row), raws.value(row)))
            .collect();
        batch::filled(self.table, rows, &records)
    }

    /// `None`: what was a record once cannot be read as one any more.
    fn read(&mut self, stream: &str, raw: &str) -> Option<Record> {
        if !self.layouts.contains_key(stream) {
            let found = source::form_of(stream, self.table);
            let found = found.map(|(_, stream, form)| (Layouts::of(stream), form));
            self.layouts.insert(stream.to_owned(), found);
        }
        let (layouts, form) = self.layouts.get(stream)?.as_ref()?;
        let read = layouts.read(*form, raw.as_bytes(), Micros::MAX).into_iter().next();
        read?.ok()
    }
}
