//! Parquet: typed columns for programs, zstd, and what the report says about itself as metadata of the file, in keys that
//! begin with `trailhouse.`. Times are UTC instants, those of people's clocks are times without a zone; lists, structs and
//! JSON are JSON texts.

use std::mem;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::error::ArrowError;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::{Out, RenderError, Writer, json};
use crate::report::About;
use crate::warehouse::{Cell, GridColumn};

const PREFIX: &str = "trailhouse.";
/// So few rows, and so many bytes, that one group stays small in memory.
const GROUP_ROWS: usize = 65_536;
const GROUP_BYTES: usize = 32 << 20;
const ZSTD_LEVEL: i32 = 3;
const CREATED_BY: &str = concat!("trailhouse version ", env!("CARGO_PKG_VERSION"));
/// The digits of DuckDB's widest integer that a decimal holds.
const WIDEST: u8 = 38;

/// The file, from its beginning to its footer.
#[expect(clippy::large_enum_variant, reason = "there is one of it")]
enum State<'a> {
    New(Out<'a>),
    Open(ArrowWriter<Out<'a>>),
    Closed,
}

pub(super) struct Parquet<'a> {
    state: State<'a>,
    schema: Arc<Schema>,
}

impl From<ParquetError> for RenderError {
    fn from(error: ParquetError) -> Self {
        Self::Parquet(error.to_string())
    }
}

impl From<ArrowError> for RenderError {
    fn from(error: ArrowError) -> Self {
        Self::Parquet(error.to_string())
    }
}

impl<'a> Parquet<'a> {
    pub(super) fn new(out: Out<'a>) -> Self {
        Self {
            state: State::New(out),
            schema: Arc::new(Schema::empty()),
        }
    }
}

impl Writer for Parquet<'_> {
    fn begin(&mut self, columns: &[GridColumn], _about: Option<&About>) -> Result<(), RenderError> {
        let State::New(out) = mem::replace(&mut self.state, State::Closed) else {
            return Ok(());
        };
        let names = json::names(columns);
        let field = |(column, name): (&GridColumn, String)| Field::new(name, kind_of(column), true);
        let fields: Vec<Field> = columns.iter().zip(names).map(field).collect();
        self.schema = Arc::new(Schema::new(fields));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_created_by(CREATED_BY.to_owned())
            .build();
        let writer = ArrowWriter::try_new(out, Arc::clone(&self.schema), Some(properties))?;
        self.state = State::Open(writer);
        Ok(())
    }

    fn rows(&mut self, rows: &[Vec<Cell>]) -> Result<(), RenderError> {
        let State::Open(writer) = &mut self.state else {
            return Ok(());
        };
        if rows.is_empty() {
            return Ok(());
        }
        let column = |(at, field): (usize, &Arc<Field>)| {
            let cells: Vec<&Cell> = rows.iter().map(|row| row.get(at).unwrap_or(&Cell::Null)).collect();
            array(field.data_type(), &cells)
        };
        let columns = self.schema.fields().iter().enumerate().map(column);
        let columns = columns.collect::<Result<Vec<ArrayRef>, ArrowError>>()?;
        writer.write(&RecordBatch::try_new(Arc::clone(&self.schema), columns)?)?;
        if writer.in_progress_size() > GROUP_BYTES {
            writer.flush()?;
        }
        Ok(())
    }

    fn end(&mut self, about: Option<&About>) -> Result<(), RenderError> {
        let State::Open(mut writer) = mem::replace(&mut self.state, State::Closed) else {
            return Ok(());
        };
        for (key, value) in about.map(metadata).transpose()?.unwrap_or_default() {
            writer.append_key_value_metadata(KeyValue::new(key, value));
        }
        writer.close()?;
        Ok(())
    }
}

/// The members of the report's own object, and the sentence that names its gaps.
fn metadata(about: &About) -> Result<Vec<(String, String)>, RenderError> {
    let told: serde_json::Value = serde_json::from_str(&json::about(about)?)?;
    let members = told.as_object().into_iter().flatten();
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut found: Vec<(String, String)> = members
        .map(|(key, value)| (format!("{PREFIX}{key}"), text(value)))
        .collect();
    found.extend(about.gap_sentence().map(|gaps| (format!("{PREFIX}incomplete"), gaps)));
    Ok(found)
}

/// The Arrow type of a column by DuckDB's name of its type.
fn kind_of(column: &GridColumn) -> DataType {
    let kind = column.kind.as_str();
    if let Some(inner) = kind.strip_prefix("DECIMAL(").and_then(|rest| rest.strip_suffix(')')) {
        let parts = inner.split_once(',');
        let parsed = parts.and_then(|(digits, scale)| Some((digits.parse().ok()?, scale.parse().ok()?)));
        return parsed.map_or(DataType::Utf8, |(digits, scale)| DataType::Decimal128(digits, scale));
    }
    match kind {
        "BOOLEAN" => DataType::Boolean,
        "TINYINT" => DataType::Int8,
        "SMALLINT" => DataType::Int16,
        "INTEGER" => DataType::Int32,
        "BIGINT" => DataType::Int64,
        "UTINYINT" => DataType::UInt8,
        "USMALLINT" => DataType::UInt16,
        "UINTEGER" => DataType::UInt32,
        "UBIGINT" => DataType::UInt64,
        "HUGEINT" => DataType::Decimal128(WIDEST, 0),
        "FLOAT" => DataType::Float32,
        "DOUBLE" => DataType::Float64,
        "DATE" => DataType::Date32,
        "BLOB" => DataType::Binary,
        _ if column.is_local() => DataType::Timestamp(TimeUnit::Microsecond, None),
        _ if column.is_time() => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        _ => DataType::Utf8,
    }
}

/// Cells of one column. One that does not fit its type is an error, and never silently null.
fn array(kind: &DataType, cells: &[&Cell]) -> Result<ArrayRef, ArrowError> {
    let texts = || {
        cells
            .iter()
            .map(|cell| (**cell != Cell::Null).then(|| cell.to_string()))
    };
    Ok(match kind {
        DataType::Boolean => Arc::new(BooleanArray::from_iter(each(cells, boolean)?)),
        DataType::Float32 | DataType::Float64 => cast(
            &(Arc::new(Float64Array::from_iter(each(cells, float)?)) as ArrayRef),
            kind,
        )?,
        DataType::UInt64 => Arc::new(UInt64Array::from_iter(each(cells, |cell| {
            integer(cell)?.try_into().ok()
        })?)),
        kind if kind.is_integer() => {
            let numbers = Int64Array::from_iter(each(cells, |cell| integer(cell)?.try_into().ok())?);
            cast(&(Arc::new(numbers) as ArrayRef), kind)?
        }
        DataType::Decimal128(digits, scale) => {
            let numbers = each(cells, |cell| scaled(cell, *scale))?;
            Arc::new(Decimal128Array::from_iter(numbers).with_precision_and_scale(*digits, *scale)?)
        }
        DataType::Date32 => Arc::new(Date32Array::from_iter(each(cells, |cell| match cell {
            Cell::Date(days) => Some(*days),
            _ => None,
        })?)),
        DataType::Timestamp(_, zone) => {
            let times = TimestampMicrosecondArray::from_iter(each(cells, instant)?);
            Arc::new(times.with_timezone_opt(zone.clone()))
        }
        DataType::Binary => {
            let bytes = each(cells, |cell| match cell {
                Cell::Bytes(bytes) => Some(bytes.as_slice()),
                _ => None,
            })?;
            Arc::new(BinaryArray::from_iter(bytes))
        }
        _ => Arc::new(StringArray::from_iter(texts())),
    })
}

/// The values of cells that are not null.
fn each<'a, T>(cells: &[&'a Cell], value: impl Fn(&'a Cell) -> Option<T>) -> Result<Vec<Option<T>>, ArrowError> {
    let value = |cell: &&'a Cell| match *cell {
        Cell::Null => Ok(None),
        cell => {
            let value = value(cell);
            let told = || ArrowError::CastError("a value does not fit the type of its column".to_owned());
            value.map(Some).ok_or_else(told)
        }
    };
    cells.iter().map(value).collect()
}

fn boolean(cell: &Cell) -> Option<bool> {
    match cell {
        Cell::Boolean(value) => Some(*value),
        _ => None,
    }
}

fn float(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Float(number) => Some(*number),
        _ => None,
    }
}

fn integer(cell: &Cell) -> Option<i128> {
    match cell {
        Cell::Integer(number) => Some(*number),
        _ => None,
    }
}

fn instant(cell: &Cell) -> Option<i64> {
    match cell {
        Cell::Timestamp(at) | Cell::LocalTime(at) => Some(*at),
        _ => None,
    }
}

/// A decimal as the integer of its last digit.
fn scaled(cell: &Cell, scale: i8) -> Option<i128> {
    let places = usize::try_from(scale).ok()?;
    let text = match cell {
        Cell::Integer(number) => number.to_string(),
        Cell::Float(number) => format!("{number:.places$}"),
        Cell::Text(text) => text.clone(),
        _ => return None,
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    format!("{whole}{fraction:0<places$}").parse().ok()
}
