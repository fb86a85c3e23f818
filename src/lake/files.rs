//! Data files as the Delta log names them: the rows the kernel makes `add` actions of, and those its scan gives back. Apart
//! from `delta`, which knows tables and versions but no columns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, MapArray, MapBuilder, MapFieldNames};
use arrow::array::{RecordBatch, StringArray, StringBuilder, StructArray};
use arrow::datatypes::Schema;

use super::statistics::{self, Bounds, Logged, Statistic};

/// The columns every table is partitioned by.
pub const PARTITIONS: [&str; 2] = ["source", "month"];

/// Where the rows of a file belong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Partition {
    pub source: String,
    /// `2025-07`, in UTC.
    pub month: String,
}

impl Partition {
    /// Of a file whose path is relative to its table: `source=…/month=…/file`.
    pub fn of_path(relative: &str) -> Option<Self> {
        let mut parts = relative.split('/');
        let source = parts.next()?.strip_prefix("source=")?;
        let month = parts.next()?.strip_prefix("month=")?;
        Some(Self {
            source: source.to_owned(),
            month: month.to_owned(),
        })
    }
}

/// A durable data file to be added.
#[derive(Debug, Clone)]
pub struct Added {
    /// Relative to the table; only characters that need no escape in a URL.
    pub path: String,
    pub partition: Partition,
    pub size_bytes: u64,
    pub modified_ms: i64,
    pub rows: u64,
    pub statistics: Vec<Statistic>,
}

/// A data file of the table's newest version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveFile {
    /// Relative to the table.
    pub path: String,
    pub partition: Partition,
    pub size_bytes: u64,
    pub rows: u64,
    /// By column; a column without a value, or without statistics, is missing.
    pub bounds: BTreeMap<String, Bounds>,
}

/// The rows the kernel makes `add` actions of.
pub fn to_log(adds: &[Added]) -> Result<RecordBatch> {
    let names = MapFieldNames {
        entry: "key_value".to_owned(),
        key: "key".to_owned(),
        value: "value".to_owned(),
    };
    let mut partitions = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
    for add in adds {
        for (name, value) in PARTITIONS.iter().zip([&add.partition.source, &add.partition.month]) {
            partitions.keys().append_value(name);
            partitions.values().append_value(value);
        }
        partitions.append(true)?;
    }
    let paths = StringArray::from_iter_values(adds.iter().map(|add| &add.path));
    let sizes = adds
        .iter()
        .map(|add| i64::try_from(add.size_bytes))
        .collect::<Result<Vec<_>, _>>()?;
    let modified = Int64Array::from_iter_values(adds.iter().map(|add| add.modified_ms));
    let logged = adds
        .iter()
        .map(|add| (add.rows, add.statistics.as_slice()))
        .collect::<Vec<_>>();
    let columns: [(&str, ArrayRef); 5] = [
        ("path", Arc::new(paths)),
        ("partitionValues", Arc::new(partitions.finish())),
        ("size", Arc::new(Int64Array::from(sizes))),
        ("modificationTime", Arc::new(modified)),
        ("stats", Arc::new(statistics::to_log(&logged)?)),
    ];
    Ok(RecordBatch::try_from_iter(columns)?)
}

/// Reads the files of one batch of a scan, whose columns are those of the kernel's `scan_row_schema`.
pub fn from_log(rows: &RecordBatch, schema: &Schema, files: &mut Vec<LiveFile>) -> Result<()> {
    let paths = column::<StringArray>(rows, "path")?;
    let sizes = column::<Int64Array>(rows, "size")?;
    let logged = column::<StringArray>(rows, "stats")?;
    let deletions = column::<StructArray>(rows, "deletionVector")?;
    let constants = column::<StructArray>(rows, "fileConstantValues")?;
    let partitions = constants
        .column_by_name("partitionValues")
        .and_then(|values| values.as_map_opt());
    let partitions = partitions.context("no partition values")?;
    for row in 0..rows.num_rows() {
        let path = paths.value(row);
        if deletions.is_valid(row) {
            bail!("{path}: another writer marked rows of it as deleted, which is not supported");
        }
        if logged.is_null(row) {
            bail!("{path}: another writer added it without the number of its rows");
        }
        let logged: Logged = serde_json::from_str(logged.value(row)).with_context(|| format!("{path}: statistics"))?;
        let bounds = schema.fields().iter().filter_map(|field| {
            let bounds = logged.bounds(field.name(), field.data_type())?;
            Some((field.name().clone(), bounds))
        });
        files.push(LiveFile {
            path: path.to_owned(),
            partition: partition_of(partitions, row).with_context(|| format!("{path}: partition"))?,
            size_bytes: u64::try_from(sizes.value(row)).with_context(|| format!("{path}: size"))?,
            rows: logged.rows(),
            bounds: bounds.collect(),
        });
    }
    Ok(())
}

/// Leaves selected of one batch of a scan what is `wanted`, and takes that out of `wanted`.
pub fn select(rows: &RecordBatch, wanted: &mut BTreeSet<&str>, selected: &mut [bool]) -> Result<()> {
    let paths = column::<StringArray>(rows, "path")?;
    for (row, selected) in selected.iter_mut().enumerate() {
        *selected = *selected && wanted.remove(paths.value(row));
    }
    Ok(())
}

fn partition_of(partitions: &MapArray, row: usize) -> Result<Partition> {
    let pairs = partitions.value(row);
    let keys = pairs
        .column(0)
        .as_string_opt::<i32>()
        .context("keys that are no text")?;
    let values = pairs
        .column(1)
        .as_string_opt::<i32>()
        .context("values that are no text")?;
    let value = |name: &str| {
        let at = (0..keys.len()).find(|at| keys.value(*at) == name && values.is_valid(*at));
        at.map(|at| values.value(at).to_owned())
            .with_context(|| format!("no value for {name}"))
    };
    Ok(Partition {
        source: value("source")?,
        month: value("month")?,
    })
}

fn column<'a, T: 'static>(rows: &'a RecordBatch, name: &str) -> Result<&'a T> {
    let found = rows
        .column_by_name(name)
        .and_then(|column| column.as_any().downcast_ref());
    found.with_context(|| format!("the kernel gave no column {name} of the type expected"))
}
