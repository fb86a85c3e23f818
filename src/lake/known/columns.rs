//! The columns of a data file's rows, as what they must be. Apart from the looking up because whoever reads data files needs it.

use std::borrow::Cow;
use std::sync::Arc;

use anyhow::{Context, Result};
use arrow::array::{Array, AsArray, BinaryArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

use crate::schema::Micros;

/// The ids of a data file's rows, numbers or texts, as texts.
pub(in crate::lake) enum Ids<'a> {
    Texts(&'a StringArray),
    Numbers(&'a Int64Array),
}

impl<'a> Ids<'a> {
    pub(in crate::lake) fn of(batch: &'a RecordBatch) -> Result<Self> {
        let ids = column(batch, "id")?;
        let numbers = || ids.as_primitive_opt::<Int64Type>().map(Ids::Numbers);
        ids.as_string_opt()
            .map(Ids::Texts)
            .or_else(numbers)
            .context("column id is neither text nor number")
    }

    pub(in crate::lake) fn get(&self, row: usize) -> Cow<'a, str> {
        match self {
            Ids::Texts(texts) => Cow::Borrowed(texts.value(row)),
            Ids::Numbers(numbers) => Cow::Owned(numbers.value(row).to_string()),
        }
    }

    pub(in crate::lake) fn is(&self, row: usize, id: &str) -> bool {
        self.get(row) == id
    }
}

pub(in crate::lake) fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a Arc<dyn Array>> {
    batch
        .column_by_name(name)
        .with_context(|| format!("a data file has no column {name}"))
}

pub(in crate::lake) fn text<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a StringArray> {
    column(batch, name)?
        .as_string_opt()
        .with_context(|| format!("column {name} is not text"))
}

pub(in crate::lake) fn binary<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a BinaryArray> {
    column(batch, name)?
        .as_binary_opt()
        .with_context(|| format!("column {name} is not binary"))
}

/// The columns of a data file by which a row is known.
pub(in crate::lake) struct Rows<'a> {
    pub(in crate::lake) ids: Ids<'a>,
    pub(super) streams: &'a StringArray,
    hashes: &'a BinaryArray,
    loads: &'a Int64Array,
    keys: &'a TimestampMicrosecondArray,
}

impl<'a> Rows<'a> {
    pub(in crate::lake) fn of(batch: &'a RecordBatch, key: &str) -> Result<Self> {
        let loads = column(batch, "load")?.as_primitive_opt::<Int64Type>();
        let keys = column(batch, key)?.as_primitive_opt::<TimestampMicrosecondType>();
        Ok(Self {
            ids: Ids::of(batch)?,
            streams: text(batch, "stream")?,
            hashes: binary(batch, "stable_hash")?,
            loads: loads.context("load is not a number")?,
            keys: keys.with_context(|| format!("{key} is not a time"))?,
        })
    }

    /// Hash, order key and load of a row.
    pub(in crate::lake) fn get(&self, row: usize) -> ([u8; 16], Micros, i64) {
        let order_at = if self.keys.is_null(row) {
            Micros::MIN
        } else {
            self.keys.value(row)
        };
        (short(self.hashes.value(row)), order_at, self.loads.value(row))
    }
}

/// Shorter bytes, which no writer of ours leaves, are padded and match nothing.
pub(super) fn short(bytes: &[u8]) -> [u8; 16] {
    let mut hash = [0; 16];
    bytes
        .iter()
        .take(16)
        .enumerate()
        .for_each(|(index, byte)| hash[index] = *byte);
    hash
}
