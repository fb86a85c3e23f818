//! The rows of a data file, a few thousand at a time, as polars reads them. Apart from what is asked of them, and the one
//! file that names polars.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use polars::prelude::{
    BinaryChunked, BooleanChunked, DataFrame, DataType, Int64Chunked, ListChunked, ParallelStrategy, ParquetReader,
    SerReader, Series, StringChunked, TimeUnit,
};

use super::reading::Value;
use crate::schema::{Column, Kind};

/// Rows read at once: few enough that wide ones stay small in memory.
const STEP_ROWS: usize = 16_384;

/// A data file, of which only the footer has been read.
pub(super) struct DataFile {
    path: PathBuf,
    columns: Vec<String>,
    /// Rows of each row group.
    groups: Vec<usize>,
}

/// Neighbouring rows of one file.
pub(super) struct Rows(DataFrame);

/// One column of some rows.
pub(super) enum Cells<'a> {
    Texts(&'a StringChunked),
    Integers(&'a Int64Chunked),
    Booleans(&'a BooleanChunked),
    Times(&'a Int64Chunked),
    TextLists(&'a ListChunked),
    BlockLists(&'a ListChunked),
    Bytes(&'a BinaryChunked),
}

impl DataFile {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut reader = ParquetReader::new(File::open(path)?);
        let columns = reader.schema()?.iter_names().map(ToString::to_string).collect();
        let groups = reader.get_metadata()?.row_groups.iter();
        Ok(Self {
            path: path.to_path_buf(),
            columns,
            groups: groups.map(|group| group.num_rows()).collect(),
        })
    }

    pub(super) fn rows(&self) -> usize {
        self.groups.iter().sum()
    }

    pub(super) fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|name| name == column)
    }

    /// First row and number of rows of each step; none spans two row groups.
    pub(super) fn steps(&self) -> Vec<(usize, usize)> {
        let mut steps = Vec::new();
        let mut first = 0;
        for rows in &self.groups {
            let within = (0..*rows).step_by(STEP_ROWS);
            steps.extend(within.map(|at| (first + at, STEP_ROWS.min(rows - at))));
            first += rows;
        }
        steps
    }

    /// The named columns of one step.
    pub(super) fn read(&self, step: (usize, usize), columns: &[&str]) -> Result<Rows> {
        let wanted = columns.iter().filter(|name| self.has(name)).map(ToString::to_string);
        let frame = ParquetReader::new(File::open(&self.path)?)
            .with_slice(Some(step))
            .with_columns(Some(wanted.collect()))
            .read_parallel(ParallelStrategy::RowGroups)
            .finish()?;
        if frame.height() != step.1 {
            return Err(anyhow!("{} rows where {} should be", frame.height(), step.1));
        }
        Ok(Rows(frame))
    }
}

impl Rows {
    pub(super) fn count(&self) -> usize {
        self.0.height()
    }

    /// The cells of a column; an error where it is missing or of another type.
    pub(super) fn cells(&self, column: &Column) -> Result<Cells<'_>> {
        let found = self
            .0
            .column(column.name)
            .with_context(|| format!("no column {}", column.name))?;
        let kind = found.dtype();
        let cells = match column.kind {
            Kind::Text | Kind::Json | Kind::BlocksText => found.try_str().map(Cells::Texts),
            Kind::Integer => found.try_i64().map(Cells::Integers),
            Kind::Boolean => found.try_bool().map(Cells::Booleans),
            Kind::Timestamp if matches!(kind, DataType::Datetime(TimeUnit::Microseconds, _)) => {
                found.try_datetime().map(|times| Cells::Times(times.physical()))
            }
            Kind::TextList | Kind::IdList if matches!(kind, DataType::List(inner) if **inner == DataType::String) => {
                found.try_list().map(Cells::TextLists)
            }
            Kind::Blocks if matches!(kind, DataType::List(inner) if is_block(inner)) => {
                found.try_list().map(Cells::BlockLists)
            }
            Kind::Binary => found.try_binary().map(Cells::Bytes),
            _ => None,
        };
        cells.with_context(|| format!("column {}: of type {kind:?}, which is not its own", column.name))
    }
}

fn is_block(kind: &DataType) -> bool {
    let DataType::Struct(fields) = kind else { return false };
    let named = fields.iter().map(|field| (field.name.as_str(), &field.dtype));
    named.eq(["type", "style", "value"].map(|name| (name, &DataType::String)))
}

impl Cells<'_> {
    pub(super) fn value(&self, row: usize) -> Value {
        let value = match self {
            Self::Texts(cells) => cells.get(row).map(|text| Value::Text(text.to_owned())),
            Self::Integers(cells) => cells.get(row).map(Value::Integer),
            Self::Booleans(cells) => cells.get(row).map(Value::Boolean),
            Self::Times(cells) => cells.get(row).map(Value::Timestamp),
            Self::TextLists(cells) => cells.get_as_series(row).map(|texts| Value::Texts(texts_of(&texts))),
            Self::BlockLists(cells) => cells.get_as_series(row).map(|blocks| Value::Blocks(blocks_of(&blocks))),
            Self::Bytes(cells) => cells.get(row).map(|bytes| Value::Bytes(bytes.to_vec())),
        };
        value.unwrap_or(Value::Null)
    }

    /// Text or bytes as they stand there; `None` for null.
    pub(super) fn bytes(&self, row: usize) -> Option<&[u8]> {
        match self {
            Self::Texts(cells) => cells.get(row).map(str::as_bytes),
            Self::Bytes(cells) => cells.get(row),
            _ => None,
        }
    }

    pub(super) fn text(&self, row: usize) -> Option<&str> {
        match self {
            Self::Texts(cells) => cells.get(row),
            _ => None,
        }
    }

    /// An integer, or the microseconds of a time.
    pub(super) fn integer(&self, row: usize) -> Option<i64> {
        match self {
            Self::Integers(cells) | Self::Times(cells) => cells.get(row),
            _ => None,
        }
    }
}

fn texts_of(series: &Series) -> Vec<Option<String>> {
    let texts = series.try_str().into_iter();
    texts
        .flat_map(|texts| (0..texts.len()).map(|at| texts.get(at).map(str::to_owned)))
        .collect()
}

fn blocks_of(series: &Series) -> Vec<[Option<String>; 3]> {
    let members = series
        .try_struct()
        .map(|blocks| blocks.fields_as_series())
        .unwrap_or_default();
    let members: Vec<Vec<Option<String>>> = members.iter().map(texts_of).collect();
    let block = |at: usize| [0, 1, 2].map(|member: usize| members.get(member)?.get(at)?.clone());
    (0..series.len()).map(block).collect()
}
