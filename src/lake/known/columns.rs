//! The columns of a data file's rows, as what they must be. Apart from the looking up because whoever reads data files needs it.

use std::borrow::Cow;
use std::sync::Arc;

use anyhow::{Context, Result};
use arrow::array::{Array, AsArray, BinaryArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;

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
