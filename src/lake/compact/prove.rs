//! Whether two sets of files hold the same rows: a sum over all columns that no order changes, and digests of each load as the
//! ledger keeps them. Apart from the merge, which must not be its own witness.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use arrow::array::{ArrayRef, AsArray, RecordBatch, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{Int64Type, SchemaRef};
use arrow::row::{RowConverter, SortField};
use futures::TryStreamExt;
use object_store::ObjectStore;
use object_store::path::Path;
use sha2::{Digest, Sha256};

use crate::lake::known::column;
use crate::lake::parquet::{Selection, read_columns, read_whole};
use crate::ledger::{LoadPart, hex, sum};
use crate::schema::Table;

/// Rows that are read at once: wide ones stay small in memory, also where many files are open.
pub(super) const ROWS_AT_ONCE: usize = 1_024;
/// Of loads that lie in several files, so many hashes are held at once, 32 bytes each.
const HELD_ROWS: u64 = 2_000_000;

/// Number of rows, and a sum of the SHA-256 of each row's values in all columns, whatever their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::lake) struct RowSum {
    pub(in crate::lake) rows: u64,
    first: u128,
    second: u128,
}

/// Turns rows of one table into their sum.
pub(in crate::lake) struct RowSums {
    schema: SchemaRef,
    converter: RowConverter,
}

impl RowSums {
    pub(in crate::lake) fn of(table: &Table) -> Result<Self> {
        let schema: SchemaRef = Arc::new(table.file_schema());
        let fields = schema.fields().iter();
        let fields = fields.map(|field| SortField::new(field.data_type().clone())).collect();
        Ok(Self {
            converter: RowConverter::new(fields)?,
            schema,
        })
    }

    /// Adds the rows of a batch, and gives it back in the table's columns.
    pub(in crate::lake) fn add(&self, sum: &mut RowSum, batch: &RecordBatch) -> Result<RecordBatch> {
        let batch = conform(batch, &self.schema)?;
        for row in &self.converter.convert_columns(batch.columns())? {
            let hash = Sha256::digest(row.data());
            let (first, second) = hash.split_at(16);
            sum.rows += 1;
            sum.first = sum.first.wrapping_add(number(first));
            sum.second = sum.second.wrapping_add(number(second));
        }
        Ok(batch)
    }
}

impl std::ops::AddAssign for RowSum {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.first = self.first.wrapping_add(other.first);
        self.second = self.second.wrapping_add(other.second);
    }
}

fn number(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
}

/// The batch in the columns of its table, nulls where the file was written without one. A column that this program does not
/// know would be lost: it is an error.
fn conform(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let found = batch.schema();
    let unknown = found
        .fields()
        .iter()
        .find(|field| schema.field_with_name(field.name()).is_err());
    if let Some(unknown) = unknown {
        anyhow::bail!("column {} is of a newer program", unknown.name());
    }
    let exactly = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    let columns = schema
        .fields()
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
            Some(values) if values.data_type() == field.data_type() => Ok(Arc::clone(values)),
            Some(values) => cast_with_options(values, field.data_type(), &exactly)
                .with_context(|| format!("column {} is of another type", field.name())),
        });
    let columns: Vec<ArrayRef> = columns.collect::<Result<_>>()?;
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// What a file that stands in the store holds.
pub(in crate::lake) struct Held {
    pub(in crate::lake) sum: RowSum,
    /// Of all its records.
    pub(in crate::lake) digest: String,
    pub(in crate::lake) loads: Vec<LoadPart>,
}

/// Reads a whole file of a table.
pub(in crate::lake) async fn held(
    store: &Arc<dyn ObjectStore>,
    path: &str,
    (table, sums): (&Table, &RowSums),
) -> Result<Held> {
    let read = async {
        let mut rows = Box::pin(read_whole(Arc::clone(store), Path::parse(path)?, ROWS_AT_ONCE).await?);
        let (mut sum, mut hashes) = (RowSum::default(), Hashes::default());
        while let Some(batch) = rows.try_next().await? {
            hashes.add(&sums.add(&mut sum, &batch)?, |_| true)?;
        }
        Ok::<_, anyhow::Error>((sum, hashes))
    };
    let (sum, mut hashes) = read.await.with_context(|| format!("{path}: {} rows", table.name))?;
    let loads = hashes.parts();
    Ok(Held {
        sum,
        digest: hashes.digest(),
        loads,
    })
}

/// The SHA-256 of `raw` of rows, by load.
#[derive(Default)]
struct Hashes(BTreeMap<i64, Vec<[u8; 32]>>);

impl Hashes {
    fn add(&mut self, batch: &RecordBatch, is_wanted: impl Fn(i64) -> bool) -> Result<()> {
        let loads = column(batch, "load")?
            .as_primitive_opt::<Int64Type>()
            .context("load is not a number")?;
        let raws = column(batch, "raw")?;
        let (texts, bytes) = (raws.as_string_opt::<i32>(), raws.as_binary_opt::<i32>());
        for row in 0..batch.num_rows() {
            let raw = texts.map(|texts| texts.value(row).as_bytes());
            let raw = raw
                .or_else(|| bytes.map(|bytes| bytes.value(row)))
                .context("raw is neither text nor bytes")?;
            if is_wanted(loads.value(row)) {
                self.0
                    .entry(loads.value(row))
                    .or_default()
                    .push(Sha256::digest(raw).into());
            }
        }
        Ok(())
    }

    /// Rows and digest of each load.
    fn parts(&mut self) -> Vec<LoadPart> {
        let part = |(load, hashes): (&i64, &mut Vec<[u8; 32]>)| LoadPart {
            load: u64::try_from(*load).unwrap_or_default(),
            rows: u64::try_from(hashes.len()).unwrap_or_default(),
            digest: digest(hashes),
        };
        self.0.iter_mut().map(part).collect()
    }

    /// Of all rows together.
    fn digest(self) -> String {
        let mut all = Vec::new();
        for hashes in self.0.into_values() {
            if all.is_empty() {
                all = hashes;
            } else {
                all.extend(hashes);
            }
        }
        digest(&mut all)
    }
}

/// SHA-256 over the sorted hashes.
fn digest(hashes: &mut [[u8; 32]]) -> String {
    hashes.sort_unstable();
    hex(&Sha256::digest(hashes.as_flattened()))
}

/// What each load brought to some files: its parts there, and their paths.
#[derive(Debug, Default)]
pub(in crate::lake) struct Parts(BTreeMap<u64, Vec<(String, LoadPart)>>);

impl Parts {
    pub(in crate::lake) fn add(&mut self, path: &str, parts: &[LoadPart]) {
        for part in parts {
            self.0
                .entry(part.load)
                .or_default()
                .push((path.to_owned(), part.clone()));
        }
    }

    /// Insists that the loads of both are the same records. Only of a load that lies in several files of one of the two are
    /// rows read, which then must be there.
    pub(in crate::lake) async fn check_same(&self, store: &Arc<dyn ObjectStore>, other: &Self) -> Result<()> {
        for (load, rows) in other.rows() {
            if !self.0.contains_key(&load) {
                anyhow::bail!("{rows} rows of load {load}, which is not among those before");
            }
        }
        let mut split = BTreeMap::new();
        for ((load, rows), parts) in self.rows().into_iter().zip(self.0.values()) {
            let after = other.0.get(&load).map(Vec::as_slice).unwrap_or_default();
            let rows_after = rows_of(after);
            if rows != rows_after {
                anyhow::bail!("load {load} has {rows_after} rows where it had {rows}");
            }
            match (parts.as_slice(), after) {
                ([(_, before)], [(_, after)]) if before.digest == after.digest => {}
                ([_], [_]) => anyhow::bail!("the records of load {load} are not those of its digest"),
                _ => drop(split.insert(load, rows)),
            }
        }
        for loads in passes(&split) {
            let (before, after) = (self.digests(store, &loads).await?, other.digests(store, &loads).await?);
            if let Some((load, _)) = before.iter().find(|(load, digest)| after.get(load) != Some(digest)) {
                anyhow::bail!("the records of load {load} are not those of its digest");
            }
        }
        Ok(())
    }

    fn rows(&self) -> BTreeMap<u64, u64> {
        self.0.iter().map(|(load, parts)| (*load, rows_of(parts))).collect()
    }

    /// The digest of each of the loads over all files it lies in; read only where there are several.
    async fn digests(&self, store: &Arc<dyn ObjectStore>, loads: &[u64]) -> Result<BTreeMap<u64, String>> {
        let (mut digests, mut files) = (BTreeMap::new(), BTreeMap::<&str, Vec<u64>>::new());
        for load in loads {
            match self.0.get(load).map(Vec::as_slice) {
                Some([(_, part)]) => drop(digests.insert(*load, part.digest.clone())),
                Some(parts) => parts
                    .iter()
                    .for_each(|(path, _)| files.entry(path).or_default().push(*load)),
                None => {}
            }
        }
        let mut hashes = Hashes::default();
        for (path, wanted) in files {
            let selection = Selection {
                columns: &["load", "raw"],
                within: None,
            };
            let mut rows = Box::pin(read_columns(Arc::clone(store), Path::parse(path)?, &selection).await?);
            while let Some(batch) = rows.try_next().await? {
                hashes.add(&batch, |load| {
                    u64::try_from(load).is_ok_and(|load| wanted.contains(&load))
                })?;
            }
        }
        digests.extend(hashes.parts().into_iter().map(|part| (part.load, part.digest)));
        Ok(digests)
    }
}

/// No file has so many rows as the greatest number.
fn rows_of(parts: &[(String, LoadPart)]) -> u64 {
    sum(parts.iter().map(|(_, part)| part.rows)).unwrap_or(u64::MAX)
}

/// Loads whose hashes are held together.
fn passes(rows: &BTreeMap<u64, u64>) -> Vec<Vec<u64>> {
    let (mut passes, mut held) = (Vec::<Vec<u64>>::new(), HELD_ROWS);
    for (load, rows) in rows {
        if rows.saturating_add(held) > HELD_ROWS {
            passes.push(Vec::new());
            held = 0;
        }
        held = rows.saturating_add(held);
        if let Some(pass) = passes.last_mut() {
            pass.push(*load);
        }
    }
    passes
}
