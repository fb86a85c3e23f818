//! Records to Arrow: one `RecordBatch` per table and month, rows sorted by event time, in the schema of a data file. Pure,
//! so that the same records under another load number give the same rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use arrow::array::{
    ArrayRef, AsArray, BinaryBuilder, BooleanArray, Int64Array, ListBuilder, RecordBatch, StringArray, StringBuilder,
    StructBuilder, TimestampMicrosecondArray,
};
use sha2::{Digest, Sha256};

use crate::record::{Record, Reject, Value};
use crate::schema::{COMMON, Column, Kind, Micros, PARTITIONS, REJECTS, Table, block_fields, month_of};

/// What the loader knows of every row of one load.
#[derive(Debug, Clone)]
pub struct Stamp {
    pub load: i64,
    pub stream: String,
    pub loaded_at: Micros,
    pub stable_version: i64,
}

/// The rows of one load that go to one partition of one table.
#[derive(Debug, Clone)]
pub struct Part {
    pub table: &'static Table,
    pub month: String,
    pub batch: RecordBatch,
    /// SHA-256 over the sorted SHA-256 of `raw`: says which records these are, whatever files they stand in.
    pub digest: [u8; 32],
}

/// A reject and where it was met.
#[derive(Debug, Clone)]
pub struct RejectedRow {
    pub reject: Reject,
    pub page: u64,
    pub seen_at: Micros,
}

/// The records of one table as batches, one per month of their event time, oldest first.
pub fn of_records(table: &'static Table, records: &[&Record], stamp: &Stamp) -> Result<Vec<Part>> {
    let mut months: BTreeMap<String, Vec<&Record>> = BTreeMap::new();
    for record in records {
        months.entry(month_of(record.event_at)).or_default().push(record);
    }
    months
        .into_iter()
        .map(|(month, mut rows)| {
            rows.sort_by(|left, right| (left.event_at, &left.id).cmp(&(right.event_at, &right.id)));
            record_part(table, month, &rows, stamp)
        })
        .collect()
}

/// Rejects as batches, one per month in which they were first seen, oldest first even where the clock was put back between.
pub fn of_rejects(rejects: &[RejectedRow], stamp: &Stamp) -> Result<Vec<Part>> {
    let mut months: BTreeMap<String, Vec<&RejectedRow>> = BTreeMap::new();
    for reject in rejects {
        months.entry(month_of(reject.seen_at)).or_default().push(reject);
    }
    months
        .into_iter()
        .map(|(month, mut rows)| {
            rows.sort_by_key(|row| row.seen_at);
            reject_part(month, &rows, stamp)
        })
        .collect()
}

/// Rows of a data file with all columns of the table: those the file was written without are those of the records, read from
/// the rows' own bytes, and so is `extra`, which held their values before. A row without a record keeps what it has.
pub fn filled(table: &'static Table, rows: &RecordBatch, records: &[Option<Record>]) -> Result<RecordBatch> {
    let schema = Arc::new(table.file_schema());
    let mut arrays = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let known = rows.column_by_name(field.name());
        let array = match (known, table.position(field.name())) {
            (Some(known), Some(index)) if field.name() == "extra" => {
                let known = known.as_string_opt::<i32>().context("column extra is not text")?;
                let kept = records.iter().zip(known).map(|(record, known)| match record {
                    Some(record) => text_of(&record.values[index]),
                    None => known,
                });
                Arc::new(kept.collect::<StringArray>())
            }
            (Some(known), _) => Arc::clone(known),
            (None, Some(index)) => {
                let values = records.iter().map(|record| match record {
                    Some(record) => &record.values[index],
                    None => &Value::Null,
                });
                declared_array(&table.columns[index], values)
            }
            (None, None) => bail!("{}: a data file has no column {}", table.name, field.name()),
        };
        arrays.push(array);
    }
    RecordBatch::try_new(schema, arrays).with_context(|| format!("{}: rows do not fit the table", table.name))
}

/// The digest of a set of records.
pub fn digest<'a>(raws: impl Iterator<Item = &'a [u8]>) -> [u8; 32] {
    digest_of_hashes(raws.map(|raw| Sha256::digest(raw).into()).collect())
}

/// The digest of a set of records whose SHA-256 are known.
pub fn digest_of_hashes(mut hashes: Vec<[u8; 32]>) -> [u8; 32] {
    hashes.sort_unstable();
    let mut all = Sha256::new();
    for hash in &hashes {
        all.update(hash);
    }
    all.finalize().into()
}

fn record_part(table: &'static Table, month: String, rows: &[&Record], stamp: &Stamp) -> Result<Part> {
    let digest = digest(rows.iter().map(|row| row.raw.as_bytes()));
    let batch = rows_of(table, rows, stamp).with_context(|| format!("month {month}"))?;
    Ok(Part {
        table,
        month,
        batch,
        digest,
    })
}

/// The records as rows in the order given, whatever their months.
pub fn rows_of(table: &'static Table, rows: &[&Record], stamp: &Stamp) -> Result<RecordBatch> {
    let hashes = rows.iter().map(|row| row.stable_hash);
    let mut arrays = common_arrays(stamp, rows.len(), hashes);
    arrays.push(Arc::new(StringArray::from_iter_values(
        rows.iter().map(|row| row.raw.as_str()),
    )));
    for (index, column) in table.columns.iter().enumerate() {
        arrays.push(declared_array(column, rows.iter().map(|row| &row.values[index])));
    }
    RecordBatch::try_new(Arc::new(table.file_schema()), arrays)
        .with_context(|| format!("{}: rows do not fit the table", table.name))
}

fn reject_part(month: String, rows: &[&RejectedRow], stamp: &Stamp) -> Result<Part> {
    let mut arrays = common_arrays(stamp, rows.len(), rows.iter().map(|row| row.reject.hash()));
    let mut raw = BinaryBuilder::new();
    rows.iter().for_each(|row| raw.append_value(&row.reject.bytes));
    arrays.push(Arc::new(raw.finish()));
    arrays.push(Arc::new(StringArray::from_iter_values(
        rows.iter().map(|row| row.reject.reason.as_str()),
    )));
    arrays.push(Arc::new(Int64Array::from_iter_values(
        rows.iter().map(|row| i64::try_from(row.page).unwrap_or(i64::MAX)),
    )));
    arrays.push(times(rows.iter().map(|row| Some(row.seen_at))));
    arrays.push(Arc::new(Int64Array::from(vec![None; rows.len()])));
    let digest = digest(rows.iter().map(|row| row.reject.bytes.as_slice()));
    let batch = RecordBatch::try_new(Arc::new(REJECTS.file_schema()), arrays)
        .with_context(|| format!("{}: month {month}: rows do not fit the table", REJECTS.name))?;
    Ok(Part {
        table: &REJECTS,
        month,
        batch,
        digest,
    })
}

/// `load, stream, loaded_at, stable_hash, stable_version`: the columns of `COMMON` between the partitions and `raw`.
fn common_arrays(stamp: &Stamp, rows: usize, hashes: impl Iterator<Item = [u8; 16]>) -> Vec<ArrayRef> {
    debug_assert_eq!(COMMON.len(), PARTITIONS + 6);
    let mut stable_hash = BinaryBuilder::new();
    hashes.for_each(|hash| stable_hash.append_value(hash));
    vec![
        Arc::new(Int64Array::from(vec![stamp.load; rows])),
        Arc::new(StringArray::from_iter_values(std::iter::repeat_n(
            stamp.stream.as_str(),
            rows,
        ))),
        times(std::iter::repeat_n(Some(stamp.loaded_at), rows)),
        Arc::new(stable_hash.finish()),
        Arc::new(Int64Array::from(vec![stamp.stable_version; rows])),
    ]
}

fn times(values: impl Iterator<Item = Option<Micros>>) -> ArrayRef {
    Arc::new(values.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

fn declared_array<'a>(column: &Column, values: impl Iterator<Item = &'a Value>) -> ArrayRef {
    match column.kind {
        Kind::Text | Kind::Json | Kind::BlocksText => Arc::new(values.map(text_of).collect::<StringArray>()),
        Kind::Integer => Arc::new(values.map(integer_of).collect::<Int64Array>()),
        Kind::Boolean => Arc::new(values.map(boolean_of).collect::<BooleanArray>()),
        Kind::Timestamp => times(values.map(time_of)),
        Kind::TextList | Kind::IdList => text_lists(values),
        Kind::Blocks => block_lists(values),
        Kind::Binary => {
            let mut nulls = BinaryBuilder::new();
            values.for_each(|_| nulls.append_null());
            Arc::new(nulls.finish())
        }
    }
}

fn text_of(value: &Value) -> Option<&str> {
    if let Value::Text(text) = value {
        Some(text)
    } else {
        None
    }
}

fn integer_of(value: &Value) -> Option<i64> {
    if let Value::Integer(number) = value {
        Some(*number)
    } else {
        None
    }
}

fn boolean_of(value: &Value) -> Option<bool> {
    if let Value::Boolean(truth) = value {
        Some(*truth)
    } else {
        None
    }
}

fn time_of(value: &Value) -> Option<Micros> {
    if let Value::Timestamp(at) = value {
        Some(*at)
    } else {
        None
    }
}

fn text_lists<'a>(values: impl Iterator<Item = &'a Value>) -> ArrayRef {
    let mut lists = ListBuilder::new(StringBuilder::new()).with_field(element(Kind::TextList));
    for value in values {
        if let Value::TextList(texts) = value {
            texts.iter().for_each(|text| lists.values().append_value(text));
        }
        lists.append(matches!(value, Value::TextList(_)));
    }
    Arc::new(lists.finish())
}

fn block_lists<'a>(values: impl Iterator<Item = &'a Value>) -> ArrayRef {
    let mut lists = ListBuilder::new(StructBuilder::from_fields(block_fields(), 0)).with_field(element(Kind::Blocks));
    for value in values {
        if let Value::Blocks(blocks) = value {
            for block in blocks {
                for (position, part) in [&block.kind, &block.style, &block.value].into_iter().enumerate() {
                    if let Some(texts) = lists.values().field_builder::<StringBuilder>(position) {
                        texts.append_option(part.as_deref());
                    }
                }
                lists.values().append(true);
            }
        }
        lists.append(matches!(value, Value::Blocks(_)));
    }
    Arc::new(lists.finish())
}

fn element(kind: Kind) -> Arc<arrow::datatypes::Field> {
    match kind.arrow() {
        arrow::datatypes::DataType::List(field) => field,
        other => Arc::new(arrow::datatypes::Field::new("element", other, true)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Layouts;
    use crate::source::secoda::AUDIT_LOGS;
    use arrow::array::AsArray;
    use arrow::datatypes::Int64Type;

    fn record(id: &str, logged_at: &str) -> Record {
        let text = format!(
            r#"{{"id":"{id}","logged_at":"{logged_at}","updated_at":"{logged_at}","related_resource_ids":["r1","r2"],"event_blocks":[{{"type":"text","value":"x"}}]}}"#
        );
        Layouts::of(&AUDIT_LOGS)
            .read(0, text.as_bytes(), 1_800_000_000_000_000)
            .remove(0)
            .unwrap()
    }

    fn stamp(load: i64) -> Stamp {
        Stamp {
            load,
            stream: "audit_logs".to_owned(),
            loaded_at: 1,
            stable_version: 1,
        }
    }

    #[test]
    fn rows_part_by_month_and_sort_by_event_time() {
        let records = [
            record("b", "2025-08-01T00:00:00Z"),
            record("c", "2025-07-31T23:59:59Z"),
            record("a", "2025-07-01T00:00:00Z"),
        ];
        let parts = of_records(AUDIT_LOGS.main().table, &records.iter().collect::<Vec<_>>(), &stamp(7)).unwrap();
        let months: Vec<_> = parts.iter().map(|part| part.month.as_str()).collect();
        assert_eq!(months, ["2025-07", "2025-08"]);
        let ids = parts[0].batch.column_by_name("id").unwrap().as_string::<i32>();
        assert_eq!(ids.iter().flatten().collect::<Vec<_>>(), ["a", "c"]);
        assert_eq!(
            parts[0]
                .batch
                .column_by_name("load")
                .unwrap()
                .as_primitive::<Int64Type>()
                .value(0),
            7
        );
        let related = parts[0]
            .batch
            .column_by_name("related_resource_ids")
            .unwrap()
            .as_list::<i32>();
        assert_eq!(related.value(0).as_string::<i32>().value(1), "r2");
        let blocks = parts[0].batch.column_by_name("event_blocks").unwrap().as_list::<i32>();
        assert_eq!(blocks.value(0).as_struct().column(2).as_string::<i32>().value(0), "x");
    }

    #[test]
    fn the_digest_says_which_records_not_in_which_load_or_order() {
        let (one, two) = (record("a", "2025-07-01T00:00:00Z"), record("b", "2025-07-02T00:00:00Z"));
        let forward = of_records(AUDIT_LOGS.main().table, &[&one, &two], &stamp(1)).unwrap();
        let backward = of_records(AUDIT_LOGS.main().table, &[&two, &one], &stamp(2)).unwrap();
        assert_eq!(forward[0].digest, backward[0].digest);
        assert_ne!(
            forward[0].digest,
            of_records(AUDIT_LOGS.main().table, &[&one], &stamp(1)).unwrap()[0].digest
        );
    }

    #[test]
    fn rejects_sort_by_the_time_at_which_they_were_seen() {
        let seen = |seen_at: Micros| RejectedRow {
            reject: Reject {
                reason: "no id".to_owned(),
                bytes: seen_at.to_string().into_bytes(),
                earlier: Vec::new(),
            },
            page: 1,
            seen_at,
        };
        let parts = of_rejects(&[3, 1, 2].map(seen), &stamp(1)).unwrap();
        let raws = parts[0].batch.column_by_name("raw").unwrap().as_binary::<i32>();
        assert_eq!(raws.iter().flatten().collect::<Vec<_>>(), [b"1", b"2", b"3"]);
    }

    #[test]
    fn rejects_keep_their_bytes() {
        let reject = Reject {
            reason: "not UTF-8".to_owned(),
            bytes: vec![0xff, 0x00],
            earlier: Vec::new(),
        };
        let parts = of_rejects(
            &[RejectedRow {
                reject,
                page: 3,
                seen_at: 1_752_262_714_000_000,
            }],
            &stamp(1),
        )
        .unwrap();
        assert_eq!(
            parts[0]
                .batch
                .column_by_name("raw")
                .unwrap()
                .as_binary::<i32>()
                .value(0),
            [0xff, 0x00]
        );
        assert_eq!(parts[0].month, "2025-07");
    }
}
