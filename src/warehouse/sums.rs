//! What the rows of each source's month come to, whatever their order and whichever of them are superseded: to be held against
//! the same sums of the lake. Apart from queries because a scan of all rows must not take the memory a query may take.

use std::path::Path;

use crate::schema::{Column, Kind, Table};
use crate::source::TABLES;

use super::access::{self, failed};
use super::tables::{is_revised, quoted, superseded_name};
use super::{Following, WarehouseError};

/// What DuckDB may keep in memory, in bytes.
const MEMORY: u64 = 128_000_000;

/// The rows of one month of a source in a table and its superseded rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthSum {
    pub table: &'static str,
    pub source: String,
    /// `2025-07`, in UTC.
    pub month: String,
    pub rows: u64,
    /// Sum over the rows of the first 60 bits of the SHA-256 of each.
    pub first: i128,
    /// Sum over the rows of the next 60 bits.
    pub second: i128,
}

/// What the warehouse has applied, and the sums of its rows. A row is written as its cells, one after another: `stream, load,
/// loaded_at`, the declared columns, `stable_hash, stable_version`. A null is `-`; anything else is its text after the number
/// of its bytes and a colon: `4:true`. Times are microseconds, bytes are hexadecimal. A list is its length and `[`, then its
/// elements, a block being its three members.
pub fn month_sums(path: &Path) -> Result<(Following, Vec<MonthSum>), WarehouseError> {
    let warehouse = access::open_reading_within(path, MEMORY)?;
    let following = warehouse.following()?;
    let mut sums = Vec::new();
    for table in TABLES {
        let read = || -> duckdb::Result<Vec<MonthSum>> {
            let mut statement = warehouse.connection.prepare(&sum_of(table))?;
            let sums = statement.query_map([], |row| {
                Ok(MonthSum {
                    table: table.name,
                    source: row.get(0)?,
                    month: row.get(1)?,
                    rows: row.get(2)?,
                    first: row.get(3)?,
                    second: row.get(4)?,
                })
            })?;
            sums.collect()
        };
        sums.extend(read().map_err(|error| failed(path, format!("{}: its rows cannot be summed", table.name), error))?);
    }
    Ok((following, sums))
}

fn sum_of(table: &Table) -> String {
    let common = table.lake_columns();
    let named = |name: &str| common.iter().find(|column| column.name == name).copied();
    let before = ["stream", "load", "loaded_at"].into_iter().filter_map(named);
    let after = ["stable_hash", "stable_version"].into_iter().filter_map(named);
    let all = before.chain(table.columns.iter().copied()).chain(after);
    let cells: Vec<String> = all.map(|column| cell(&column)).collect();
    let mut names = vec![table.name.to_owned()];
    names.extend(is_revised(table).then(|| superseded_name(table)));
    let written = names.iter().map(|name| {
        format!(
            "select source, strftime({}, '%Y-%m') as month, sha256({}) as digest from main.{}",
            quoted(table.event_time),
            cells.join(" || "),
            quoted(name)
        )
    });
    format!(
        "with written as ({}) select source, month, count(*)::ubigint, \
         sum(('0x' || substr(digest, 1, 15))::bigint), sum(('0x' || substr(digest, 16, 15))::bigint) \
         from written group by source, month",
        written.collect::<Vec<_>>().join(" union all ")
    )
}

fn cell(column: &Column) -> String {
    let name = quoted(column.name);
    match column.kind {
        Kind::Text | Kind::BlocksText => text(&name),
        Kind::Json | Kind::Integer | Kind::Boolean => text(&format!("{name}::varchar")),
        Kind::Timestamp => text(&format!("epoch_us({name})::varchar")),
        Kind::Binary => text(&format!("lower(hex({name}))")),
        Kind::TextList | Kind::IdList => list(&name, &text("x")),
        Kind::Blocks => {
            let members = ["type", "style", "value"].map(|member| text(&format!("x.{}", quoted(member))));
            list(&name, &members.join(" || "))
        }
    }
}

fn text(expression: &str) -> String {
    format!("coalesce(strlen({expression})::varchar || ':' || {expression}, '-')")
}

fn list(name: &str, element: &str) -> String {
    format!("coalesce(len({name})::varchar || '[' || array_to_string([{element} for x in {name}], ''), '-')")
}
