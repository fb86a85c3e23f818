//! What the rows of one source's month come to, whatever their order: computed here of the lake and by SQL of the warehouse,
//! in one way of writing a row. Apart from the check of each row because it judges the warehouse.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::Finding;
use super::reading::Value;

/// The rows of one month of a source in a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    pub table: String,
    pub source: String,
    /// `2025-07`, in UTC.
    pub month: String,
}

/// Number of rows, and two sums over them: of the first 60 bits of each row's SHA-256, and of the next 60.
///
/// A row is written as its cells, one after another: `stream, load, loaded_at`, the declared columns, `stable_hash,
/// stable_version`. A null is `-`; anything else is its text after the number of its bytes and a colon: `4:true`. Times are
/// microseconds, bytes are hexadecimal. A list is its length and `[`, then its elements, a block being its three members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fingerprint {
    pub rows: u64,
    pub first: i128,
    pub second: i128,
}

/// One row while it is written.
#[derive(Default)]
pub(super) struct Written(String);

impl Written {
    pub(super) fn add(&mut self, value: &Value) {
        match value {
            Value::Null => self.text(None),
            Value::Text(text) => self.text(Some(text)),
            Value::Integer(number) | Value::Timestamp(number) => self.text(Some(&number.to_string())),
            Value::Boolean(truth) => self.text(Some(&truth.to_string())),
            Value::Bytes(bytes) => self.text(Some(&super::hex(bytes))),
            Value::Texts(texts) => {
                self.0.push_str(&format!("{}[", texts.len()));
                texts.iter().for_each(|text| self.text(text.as_deref()));
            }
            Value::Blocks(blocks) => {
                self.0.push_str(&format!("{}[", blocks.len()));
                blocks.iter().flatten().for_each(|text| self.text(text.as_deref()));
            }
        }
    }

    fn text(&mut self, text: Option<&str>) {
        match text {
            None => self.0.push('-'),
            Some(text) => self.0.push_str(&format!("{}:{text}", text.len())),
        }
    }
}

impl Fingerprint {
    pub(super) fn add(&mut self, row: &Written) {
        let digest = Sha256::digest(row.0.as_bytes());
        let digits = super::hex(&digest);
        let sixty_bits = |digits: Option<&str>| digits.and_then(|digits| i128::from_str_radix(digits, 16).ok());
        self.rows += 1;
        self.first += sixty_bits(digits.get(..15)).unwrap_or_default();
        self.second += sixty_bits(digits.get(15..30)).unwrap_or_default();
    }
}

impl std::ops::AddAssign for Fingerprint {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.first += other.first;
        self.second += other.second;
    }
}

/// What of a warehouse is not what the lake holds.
pub fn compare(lake: &BTreeMap<Month, Option<Fingerprint>>, warehouse: &BTreeMap<Month, Fingerprint>) -> Vec<Finding> {
    let months: BTreeSet<&Month> = lake.keys().chain(warehouse.keys()).collect();
    let finding = |month: &Month| {
        let lake = lake.get(month).copied().unwrap_or(Some(Fingerprint::default()))?;
        let warehouse = warehouse.get(month).copied().unwrap_or_default();
        if lake == warehouse {
            return None;
        }
        let (lake, warehouse) = (lake.rows, warehouse.rows);
        let rows = if lake == warehouse {
            format!("{lake} rows, and not all of them are those of the lake")
        } else {
            format!("{warehouse} rows, and the lake has {lake}")
        };
        Some(Finding {
            object: "warehouse.duckdb".to_owned(),
            what: format!("{}: {} {}: {rows}", month.table, month.source, month.month),
        })
    };
    months.into_iter().filter_map(finding).collect()
}
