//! What a query gives back, as plain values: so that reports and renderers need to know neither DuckDB nor Arrow. Pure, but
//! for reading the shape of DuckDB's types.

use std::fmt;

use arrow::array::{
    Array, AsArray, BinaryArray, Date32Array, Decimal128Array, Float32Array, Float64Array, LargeBinaryArray,
    RecordBatch, StructArray, TimestampMicrosecondArray, TimestampMillisecondArray, TimestampSecondArray, UInt64Array,
};
use arrow::datatypes::{
    DataType, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit, UInt8Type, UInt16Type, UInt32Type,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use duckdb::core::{LogicalTypeHandle, LogicalTypeId};
use serde_json::{Map, Number, Value};

use crate::schema::{Micros, format_time};

/// The rows of one query, in its order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grid {
    pub columns: Vec<GridColumn>,
    /// Each as long as `columns`.
    pub rows: Vec<Vec<Cell>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GridColumn {
    pub name: String,
    /// DuckDB's name of the type: `VARCHAR`, `BIGINT`, `TIMESTAMP`, `JSON`, `VARCHAR[]` …
    pub kind: String,
}

/// Columns of this ending hold the time on people's clocks, not UTC.
const LOCAL: &str = "_local";

impl GridColumn {
    pub fn is_time(&self) -> bool {
        self.kind.starts_with("TIMESTAMP") && !self.kind.ends_with(']')
    }

    /// Whether its times are on people's clocks, and so no instants.
    pub fn is_local(&self) -> bool {
        self.is_time() && self.name.ends_with(LOCAL)
    }
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Null,
    Boolean(bool),
    /// Any integer, and decimals without a fraction.
    Integer(i128),
    /// Also decimals of at most 15 digits, which it holds exactly; longer ones are text.
    Float(f64),
    /// Also every type that has no other form here: times of day, intervals, UUIDs, enumerations.
    Text(String),
    /// Microseconds since 1970, UTC; also of a type with a time zone.
    Timestamp(Micros),
    /// Microseconds on the clocks of people since 1970-01-01 there, which is no instant.
    LocalTime(Micros),
    /// Days since 1970-01-01.
    Date(i32),
    /// Lists, structs, maps, and JSON columns; JSON that cannot be read is a JSON string of its text.
    Json(Value),
    Bytes(Vec<u8>),
}

/// As text: times as RFC 3339 in UTC, lists and structs as JSON, bytes in hexadecimal, nothing for null.
impl fmt::Display for Cell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Boolean(value) => value.fmt(formatter),
            Self::Integer(number) => number.fmt(formatter),
            Self::Float(number) => number.fmt(formatter),
            Self::Text(text) => formatter.write_str(text),
            Self::Timestamp(at) => match infinite(*at, Micros::MAX) {
                Some(word) => formatter.write_str(word),
                None => formatter.write_str(&format_time(*at)),
            },
            Self::LocalTime(at) => match infinite(*at, Micros::MAX) {
                Some(word) => formatter.write_str(word),
                None => formatter.write_str(&local_time(*at)),
            },
            Self::Date(days) => match infinite((*days).into(), i32::MAX.into()) {
                Some(word) => formatter.write_str(word),
                None => formatter.write_str(&date(*days)),
            },
            Self::Json(value) => value.fmt(formatter),
            Self::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(formatter, "{byte:02x}")),
        }
    }
}

/// What DuckDB calls the two times that lie beyond all others, which bear its greatest number.
fn infinite(at: Micros, greatest: Micros) -> Option<&'static str> {
    match at {
        _ if at == greatest => Some("infinity"),
        _ if at == -greatest => Some("-infinity"),
        _ => None,
    }
}

/// The most digits that a 64-bit float holds exactly, whatever they are.
const EXACT_DIGITS: u8 = 15;

/// Turns a batch into rows, each with room for `room` more cells. `is_json` says which columns are of DuckDB's JSON type, which
/// Arrow shows as text.
pub(super) fn rows_of(batch: &RecordBatch, is_json: &[bool], room: usize) -> Vec<Vec<Cell>> {
    let row = |at: usize| {
        let cells = batch.columns().iter().zip(is_json.iter());
        let mut row = Vec::with_capacity(batch.num_columns() + room);
        row.extend(cells.map(|(column, is_json)| cell(column.as_ref(), at, *is_json)));
        row
    };
    (0..batch.num_rows()).map(row).collect()
}

fn cell(column: &dyn Array, at: usize, is_json: bool) -> Cell {
    if column.is_null(at) || column.data_type() == &DataType::Null {
        return Cell::Null;
    }
    match column.data_type() {
        DataType::Utf8 => {
            let text = column.as_string::<i32>().value(at);
            if is_json {
                Cell::Json(json_of(text))
            } else {
                Cell::Text(text.to_owned())
            }
        }
        DataType::Boolean => Cell::Boolean(column.as_boolean().value(at)),
        DataType::Float32 => Cell::Float(f64::from(values::<Float32Array>(column).value(at))),
        DataType::Float64 => Cell::Float(values::<Float64Array>(column).value(at)),
        DataType::Date32 => Cell::Date(values::<Date32Array>(column).value(at)),
        DataType::Binary => Cell::Bytes(values::<BinaryArray>(column).value(at).to_vec()),
        DataType::LargeBinary => Cell::Bytes(values::<LargeBinaryArray>(column).value(at).to_vec()),
        DataType::Timestamp(unit, _) => instant(column, *unit, at),
        DataType::Decimal128(digits, scale) => decimal(values::<Decimal128Array>(column), *digits, *scale, at),
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::FixedSizeList(..)
        | DataType::Struct(_)
        | DataType::Map(..) => Cell::Json(nested(column, at)),
        other => match integer(column, at) {
            Some(number) => Cell::Integer(number),
            None => Cell::Text(shown(column, at, other)),
        },
    }
}

fn values<T: Array + 'static>(column: &dyn Array) -> &T {
    column.as_any().downcast_ref().expect("an array is of the type it says")
}

fn integer(column: &dyn Array, at: usize) -> Option<i128> {
    Some(match column.data_type() {
        DataType::Int8 => column.as_primitive::<Int8Type>().value(at).into(),
        DataType::Int16 => column.as_primitive::<Int16Type>().value(at).into(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(at).into(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(at).into(),
        DataType::UInt8 => column.as_primitive::<UInt8Type>().value(at).into(),
        DataType::UInt16 => column.as_primitive::<UInt16Type>().value(at).into(),
        DataType::UInt32 => column.as_primitive::<UInt32Type>().value(at).into(),
        DataType::UInt64 => values::<UInt64Array>(column).value(at).into(),
        _ => return None,
    })
}

fn instant(column: &dyn Array, unit: TimeUnit, at: usize) -> Cell {
    let micros = match unit {
        TimeUnit::Second => values::<TimestampSecondArray>(column).value(at).checked_mul(1_000_000),
        TimeUnit::Millisecond => values::<TimestampMillisecondArray>(column).value(at).checked_mul(1_000),
        TimeUnit::Microsecond => Some(values::<TimestampMicrosecondArray>(column).value(at)),
        TimeUnit::Nanosecond => None,
    };
    micros.map_or_else(|| Cell::Text(shown(column, at, column.data_type())), Cell::Timestamp)
}

fn decimal(column: &Decimal128Array, digits: u8, scale: i8, at: usize) -> Cell {
    if scale == 0 {
        return Cell::Integer(column.value(at));
    }
    let text = column.value_as_string(at);
    if digits > EXACT_DIGITS {
        return Cell::Text(text);
    }
    text.parse().map_or(Cell::Text(text), Cell::Float)
}

/// What Arrow shows of a value of a type that has no cell of its own.
fn shown(column: &dyn Array, at: usize, kind: &DataType) -> String {
    let formatter = ArrayFormatter::try_new(column, &FormatOptions::default());
    formatter.map_or_else(|_| format!("({kind})"), |formatter| formatter.value(at).to_string())
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

fn nested(column: &dyn Array, at: usize) -> Value {
    match column.data_type() {
        DataType::List(_) => list(column.as_list::<i32>().value(at).as_ref()),
        DataType::LargeList(_) => list(column.as_list::<i64>().value(at).as_ref()),
        DataType::FixedSizeList(..) => list(column.as_fixed_size_list().value(at).as_ref()),
        DataType::Struct(_) => members(column.as_struct(), at),
        DataType::Map(..) => list(&column.as_map().value(at)),
        _ => plain(cell(column, at, false)),
    }
}

fn list(values: &dyn Array) -> Value {
    Value::Array((0..values.len()).map(|at| plain(cell(values, at, false))).collect())
}

fn members(column: &StructArray, at: usize) -> Value {
    let members = column.column_names().into_iter().zip(column.columns());
    Value::Object(
        members
            .map(|(name, values)| (name.to_owned(), plain(cell(values.as_ref(), at, false))))
            .collect::<Map<_, _>>(),
    )
}

/// A cell as a part of a JSON value; what JSON cannot hold becomes text.
fn plain(cell: Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Boolean(value) => Value::Bool(value),
        Cell::Integer(number) => {
            Number::from_i128(number).map_or_else(|| Value::String(number.to_string()), Value::Number)
        }
        Cell::Float(number) => {
            Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number)
        }
        Cell::Text(text) => Value::String(text),
        Cell::Json(value) => value,
        other => Value::String(other.to_string()),
    }
}

/// A time on the clocks of people, as `2025-07-11T09:30:00`.
pub fn local_time(at: Micros) -> String {
    format_time(at).trim_end_matches('Z').to_owned()
}

/// A day counted from 1970-01-01, as `2025-07-11`.
fn date(days: i32) -> String {
    let span = jiff::Span::new().try_days(days);
    let day = span.and_then(|span| jiff::civil::date(1970, 1, 1).checked_add(span));
    day.map_or_else(|_| format!("{days} days"), |day| day.to_string())
}

/// DuckDB's name of a type, as `typeof` gives it.
pub(super) fn type_name(kind: &LogicalTypeHandle) -> String {
    if let Some(alias) = kind.get_alias() {
        return alias;
    }
    match kind.id() {
        LogicalTypeId::SqlNull => "NULL".to_owned(),
        LogicalTypeId::Map => format!("MAP({}, {})", type_name(&kind.child(0)), type_name(&kind.child(1))),
        LogicalTypeId::List | LogicalTypeId::Array => format!("{}[]", type_name(&kind.child(0))),
        LogicalTypeId::Struct => {
            let member = |at| format!("{} {}", kind.child_name(at), type_name(&kind.child(at)));
            format!(
                "STRUCT({})",
                (0..kind.num_children()).map(member).collect::<Vec<_>>().join(", ")
            )
        }
        LogicalTypeId::Decimal => format!("DECIMAL({},{})", kind.decimal_width(), kind.decimal_scale()),
        LogicalTypeId::TimestampTZ => "TIMESTAMP WITH TIME ZONE".to_owned(),
        LogicalTypeId::TimestampS => "TIMESTAMP_S".to_owned(),
        LogicalTypeId::TimestampMs => "TIMESTAMP_MS".to_owned(),
        LogicalTypeId::TimestampNs => "TIMESTAMP_NS".to_owned(),
        other => format!("{other:?}").to_uppercase(),
    }
}

/// Whether Arrow shows less of a value than DuckDB knows: an offset, the length of bits, digits, nanoseconds.
pub(super) fn is_inexact(kind: &LogicalTypeHandle) -> bool {
    match kind.id() {
        LogicalTypeId::TimeTZ
        | LogicalTypeId::Bit
        | LogicalTypeId::UHugeint
        | LogicalTypeId::Bignum
        | LogicalTypeId::TimestampNs => true,
        LogicalTypeId::List | LogicalTypeId::Array => is_inexact(&kind.child(0)),
        LogicalTypeId::Map => is_inexact(&kind.child(0)) || is_inexact(&kind.child(1)),
        LogicalTypeId::Struct | LogicalTypeId::Union => (0..kind.num_children()).any(|at| is_inexact(&kind.child(at))),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::StringArray;

    #[test]
    fn json_that_cannot_be_read_is_kept_as_text() {
        let array = StringArray::from(vec![Some(r#"{"a":[1,null]}"#), Some("{"), None]);
        let cells: Vec<Cell> = (0..3).map(|at| cell(&array, at, true)).collect();
        let expected = [
            Cell::Json(serde_json::json!({"a": [1, null]})),
            Cell::Json(Value::String("{".to_owned())),
            Cell::Null,
        ];
        assert_eq!(cells, expected);
    }

    #[test]
    fn decimals_keep_every_digit() {
        let short = Decimal128Array::from(vec![-105])
            .with_precision_and_scale(15, 2)
            .unwrap();
        let long = Decimal128Array::from(vec![123_456_789_012_345_678])
            .with_precision_and_scale(18, 3)
            .unwrap();
        let whole = Decimal128Array::from(vec![i128::from(u64::MAX)])
            .with_precision_and_scale(38, 0)
            .unwrap();
        assert_eq!(cell(&short, 0, false), Cell::Float(-1.05));
        assert_eq!(cell(&long, 0, false), Cell::Text("123456789012345.678".to_owned()));
        assert_eq!(cell(&whole, 0, false), Cell::Integer(i128::from(u64::MAX)));
    }
}
