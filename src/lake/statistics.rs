//! What the Delta log says of a data file's columns: taken from the rows, written to the log, read back from it. Apart from
//! `delta`, so that the forms a value takes on the way stand next to each other.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, StructArray};
use arrow::compute::{max, max_string, min, min_string};
use arrow::datatypes::{DataType, Field, Int64Type, TimeUnit, TimestampMicrosecondType};
use serde::Deserialize;
use serde_json::Value;

use crate::schema::{Micros, format_time, parse_time};

/// Longer text is cut, as other Delta writers cut it.
const TEXT_CHARS: usize = 32;
/// Other writers cut a greatest time to the millisecond below it.
const CUT: Micros = 999;

/// The least and the greatest value of a column in a file. They may be wider than the values, never narrower.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bounds {
    Long(i64, i64),
    Text(String, String),
    Timestamp(Micros, Micros),
}

/// What a file holds of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statistic {
    pub column: String,
    /// `None` where every value is null.
    pub bounds: Option<Bounds>,
    pub nulls: u64,
}

/// A file's statistics as the log holds them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Logged {
    num_records: u64,
    #[serde(default)]
    min_values: BTreeMap<String, Value>,
    #[serde(default)]
    max_values: BTreeMap<String, Value>,
}

/// Statistics of the named columns over all rows. The columns must be integers, texts or UTC times.
pub fn of_rows(batches: &[RecordBatch], columns: &[&str]) -> Result<Vec<Statistic>> {
    columns.iter().map(|column| of_column(batches, column)).collect()
}

/// Takes the statistics of more rows of the same file to those of the rows before.
pub fn add(all: &mut Vec<Statistic>, more: Vec<Statistic>) {
    if all.is_empty() {
        *all = more;
        return;
    }
    for (sum, more) in all.iter_mut().zip(more) {
        sum.nulls += more.nulls;
        sum.bounds = match (sum.bounds.take(), more.bounds) {
            (Some(all), Some(more)) => Some(Bounds::merge(all, more).shortened()),
            (all, more) => all.or(more),
        };
    }
}

fn of_column(batches: &[RecordBatch], column: &str) -> Result<Statistic> {
    let mut bounds = None;
    let mut nulls = 0;
    for batch in batches {
        let array = batch.column_by_name(column);
        let array = array.with_context(|| format!("column {column}: not among the rows"))?;
        nulls += u64::try_from(array.null_count())?;
        let found = bounds_of(array).with_context(|| format!("column {column}"))?;
        bounds = match (bounds, found) {
            (Some(all), Some(found)) => Some(Bounds::merge(all, found)),
            (all, found) => all.or(found),
        };
    }
    Ok(Statistic {
        column: column.to_owned(),
        bounds: bounds.map(Bounds::shortened),
        nulls,
    })
}

fn bounds_of(array: &dyn Array) -> Result<Option<Bounds>> {
    Ok(match array.data_type() {
        DataType::Int64 => {
            let values = array.as_primitive::<Int64Type>();
            min(values)
                .zip(max(values))
                .map(|(least, greatest)| Bounds::Long(least, greatest))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let values = array.as_primitive::<TimestampMicrosecondType>();
            min(values)
                .zip(max(values))
                .map(|(least, greatest)| Bounds::Timestamp(least, greatest))
        }
        DataType::Utf8 => {
            let values = array.as_string::<i32>();
            let bounds = min_string(values).zip(max_string(values));
            bounds.map(|(least, greatest)| Bounds::Text(least.to_owned(), greatest.to_owned()))
        }
        other => bail!("no statistics are kept of type {other}"),
    })
}

impl Bounds {
    fn merge(self, other: Self) -> Self {
        match (self, other) {
            (Bounds::Long(a, b), Bounds::Long(c, d)) => Bounds::Long(a.min(c), b.max(d)),
            (Bounds::Timestamp(a, b), Bounds::Timestamp(c, d)) => Bounds::Timestamp(a.min(c), b.max(d)),
            (Bounds::Text(a, b), Bounds::Text(c, d)) => Bounds::Text(a.min(c), b.max(d)),
            (bounds, _) => bounds,
        }
    }

    fn shortened(self) -> Self {
        match self {
            Bounds::Text(least, greatest) => {
                Bounds::Text(least.chars().take(TEXT_CHARS).collect(), upper_prefix(greatest))
            }
            bounds => bounds,
        }
    }
}

/// A text not below `text`, cut to the length kept.
fn upper_prefix(text: String) -> String {
    match text.char_indices().nth(TEXT_CHARS) {
        None => text,
        Some(_) => text.chars().take(TEXT_CHARS).chain([char::MAX]).collect(),
    }
}

/// A row per file, given as its number of rows and its statistics: `numRecords`, `nullCount`, `minValues`, `maxValues`.
/// Times are texts, because the kernel would cut them to milliseconds.
pub fn to_log(files: &[(u64, &[Statistic])]) -> Result<StructArray> {
    let mut columns = Vec::new();
    for statistic in files.iter().flat_map(|(_, statistics)| *statistics) {
        if !columns.contains(&&statistic.column) {
            columns.push(&statistic.column);
        }
    }
    let (mut nulls, mut least, mut greatest) = (Vec::new(), Vec::new(), Vec::new());
    for column in columns {
        let found = files
            .iter()
            .map(|(_, statistics)| statistics.iter().find(|found| &found.column == column));
        let found = found.collect::<Vec<_>>();
        nulls.push(member(
            column,
            counts(found.iter().map(|statistic| statistic.map(|found| found.nulls)))?,
        ));
        let bounds = found
            .iter()
            .map(|statistic| statistic.and_then(|found| found.bounds.as_ref()));
        if let Some((minima, maxima)) = bound_arrays(&bounds.collect::<Vec<_>>()) {
            least.push(member(column, minima));
            greatest.push(member(column, maxima));
        }
    }
    let mut members = vec![member("numRecords", counts(files.iter().map(|(rows, _)| Some(*rows)))?)];
    for (name, columns) in [("nullCount", nulls), ("minValues", least), ("maxValues", greatest)] {
        if !columns.is_empty() {
            members.push(member(name, Arc::new(StructArray::from(columns))));
        }
    }
    Ok(StructArray::from(members))
}

fn member(name: &str, values: ArrayRef) -> (Arc<Field>, ArrayRef) {
    (Arc::new(Field::new(name, values.data_type().clone(), true)), values)
}

fn counts(values: impl Iterator<Item = Option<u64>>) -> Result<ArrayRef> {
    let values = values
        .map(|value| value.map(i64::try_from).transpose())
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Arc::new(Int64Array::from(values)))
}

fn bound_arrays(bounds: &[Option<&Bounds>]) -> Option<(ArrayRef, ArrayRef)> {
    if let Bounds::Long(..) = bounds.iter().flatten().next()? {
        let ends = bounds.iter().map(|bounds| match bounds {
            Some(Bounds::Long(least, greatest)) => (Some(*least), Some(*greatest)),
            _ => (None, None),
        });
        let (least, greatest): (Vec<_>, Vec<_>) = ends.unzip();
        return Some((Arc::new(Int64Array::from(least)), Arc::new(Int64Array::from(greatest))));
    }
    let ends = bounds.iter().map(|bounds| match bounds {
        Some(Bounds::Text(least, greatest)) => (Some(least.clone()), Some(greatest.clone())),
        Some(Bounds::Timestamp(least, greatest)) => (Some(format_time(*least)), Some(format_time(*greatest))),
        _ => (None, None),
    });
    let (least, greatest): (Vec<_>, Vec<_>) = ends.unzip();
    Some((
        Arc::new(StringArray::from(least)),
        Arc::new(StringArray::from(greatest)),
    ))
}

impl Logged {
    pub fn rows(&self) -> u64 {
        self.num_records
    }

    /// Bounds of a column of the given type; `None` where the log holds none, or none that is understood.
    pub fn bounds(&self, column: &str, kind: &DataType) -> Option<Bounds> {
        let (least, greatest) = (self.min_values.get(column)?, self.max_values.get(column)?);
        match kind {
            DataType::Int64 => Some(Bounds::Long(least.as_i64()?, greatest.as_i64()?)),
            DataType::Utf8 => Some(Bounds::Text(least.as_str()?.to_owned(), greatest.as_str()?.to_owned())),
            DataType::Timestamp(..) => {
                let greatest = parse_time(greatest.as_str()?)?.saturating_add(CUT);
                Some(Bounds::Timestamp(parse_time(least.as_str()?)?, greatest))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::TimestampMicrosecondArray;

    use super::*;

    fn rows(loads: Vec<Option<i64>>, ids: Vec<Option<&str>>) -> RecordBatch {
        let times = loads.iter().map(|load| load.map(|load| 1_752_262_714_738_000 + load));
        let times = TimestampMicrosecondArray::from_iter(times).with_timezone("UTC");
        let columns: [(&str, ArrayRef); 3] = [
            ("load", Arc::new(Int64Array::from(loads))),
            ("id", Arc::new(StringArray::from(ids))),
            ("logged_at", Arc::new(times)),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    #[test]
    fn bounds_and_nulls_are_those_of_all_batches() {
        let first = rows(vec![Some(7), None], vec![None, None]);
        let second = rows(vec![Some(-3), Some(5)], vec![Some("b"), Some("a")]);
        let found = of_rows(&[first.clone(), second], &["load", "id", "logged_at"]).unwrap();
        let expected = [
            ("load", Some(Bounds::Long(-3, 7)), 1),
            ("id", Some(Bounds::Text("a".to_owned(), "b".to_owned())), 2),
            (
                "logged_at",
                Some(Bounds::Timestamp(1_752_262_714_737_997, 1_752_262_714_738_007)),
                1,
            ),
        ];
        for (statistic, (column, bounds, nulls)) in found.iter().zip(expected) {
            assert_eq!(
                (statistic.column.as_str(), &statistic.bounds, statistic.nulls),
                (column, &bounds, nulls)
            );
        }
        assert_eq!(of_rows(&[first], &["id"]).unwrap()[0].bounds, None);
    }

    #[test]
    fn long_text_is_cut_to_a_prefix_below_and_one_above() {
        let text = "é".repeat(40);
        let batch = rows(vec![Some(1)], vec![Some(&text)]);
        let Some(Bounds::Text(least, greatest)) = of_rows(&[batch], &["id"]).unwrap().remove(0).bounds else {
            panic!("no bounds of a text");
        };
        assert_eq!(least, "é".repeat(32));
        assert!(least < text && text < greatest, "{least} {greatest}");
        assert_eq!(greatest.chars().count(), 33);
    }

    #[test]
    fn a_type_without_statistics_is_refused() {
        let batch = RecordBatch::try_from_iter([(
            "flag",
            Arc::new(arrow::array::BooleanArray::from(vec![true])) as ArrayRef,
        )]);
        let error = of_rows(&[batch.unwrap()], &["flag"]).unwrap_err();
        assert_eq!(
            format!("{error:#}"),
            "column flag: no statistics are kept of type Boolean"
        );
    }

    #[test]
    fn what_other_writers_logged_is_read_no_narrower_than_it_is() {
        let logged = r#"{"numRecords":3,"minValues":{"logged_at":"2025-07-11T19:38:34.738Z","load":1,"id":"a"},
            "maxValues":{"logged_at":"2025-07-11T19:38:34.738Z","load":"nine"}}"#;
        let logged: Logged = serde_json::from_str(logged).unwrap();
        let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        assert_eq!(
            logged.bounds("logged_at", &time),
            Some(Bounds::Timestamp(1_752_262_714_738_000, 1_752_262_714_738_999))
        );
        assert_eq!(logged.bounds("load", &DataType::Int64), None);
        assert_eq!(logged.bounds("id", &DataType::Utf8), None);
        assert_eq!(logged.rows(), 3);
    }
}
