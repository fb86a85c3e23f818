//! How the rows of a data file become rows of the warehouse: which columns are taken, of which type, and by which expression.
//! Apart from the tables because these statements read the lake. Pure: it writes SQL and runs none.

use crate::schema::{self, Column, Kind, REJECTS, Table};

use super::tables::{Defined, defined, is_revised, quoted};

/// A warehouse column and the expression that makes it from a row `f` of a data file.
struct Sourced {
    defined: Defined,
    expression: String,
}

/// The columns of a lake table in the warehouse: those that place the row, the declared ones, and the hash last.
fn lake_sources(table: &Table) -> Vec<Sourced> {
    let common = |name: &str| schema::COMMON.iter().find(|column| column.name == name).copied();
    let mut columns = Vec::new();
    for name in ["source", "load", "stream", "loaded_at"] {
        columns.extend(common(name).map(|column| sourced(&column)));
    }
    if is_revised(table) {
        let doc = "Which revision of the record this is within its stream, counted from 1.";
        columns.push(Sourced {
            defined: defined("revision", "integer", doc),
            expression: "1".to_owned(),
        });
    }
    columns.extend(table.columns.iter().map(sourced));
    if table.name == REJECTS.name {
        let doc = "Size of the record as received; its bytes stay in the lake.";
        columns.push(Sourced {
            defined: defined("raw_bytes", "bigint", doc),
            expression: "octet_length(f.\"raw\")::bigint".to_owned(),
        });
    }
    for name in ["stable_hash", "stable_version"] {
        columns.extend(common(name).map(|column| sourced(&column)));
    }
    columns
}

fn sourced(column: &Column) -> Sourced {
    let held = format!("f.{}", quoted(column.name));
    let expression = match column.kind {
        _ if column.name == "source" => "$source::varchar".to_owned(),
        // Without ICU a time with a zone can be neither cast nor reckoned with.
        Kind::Timestamp => format!("make_timestamp(epoch_us({held}))"),
        // One bad text must not stop a load; as a JSON string it is kept whole.
        Kind::Json => format!("coalesce(try_cast({held} as json), to_json({held}))"),
        _ => held,
    };
    Sourced {
        defined: defined(column.name, column.kind.duckdb(), column.doc),
        expression,
    }
}

/// The type a column has in a data file.
fn file_type(table: &Table, column: &Column) -> &'static str {
    match column.kind {
        Kind::Timestamp => "timestamptz",
        Kind::Json => "varchar",
        Kind::Text if column.name == "raw" && table.name == REJECTS.name => "blob",
        other => other.duckdb(),
    }
}

/// Adds rows of the files `$paths` whose load is greater than `$after` and at most `$until`, each as if its record had no other.
pub(super) fn insert_files(table: &Table) -> String {
    let sources = lake_sources(table);
    let names = sources
        .iter()
        .map(|source| quoted(&source.defined.name))
        .collect::<Vec<_>>()
        .join(", ");
    let expressions = sources
        .iter()
        .map(|source| source.expression.clone())
        .collect::<Vec<_>>()
        .join(", ");
    format!(
        "insert into main.{} ({names}) select {expressions} {}",
        quoted(table.name),
        from_files(table)
    )
}

/// The rows of the files as `f`, with the columns and types declared now: a file written before a column was has nulls there.
fn from_files(table: &Table) -> String {
    let columns = table.lake_columns();
    let wanted = columns
        .iter()
        .skip(schema::PARTITIONS)
        .filter(|column| column.name != "raw" || table.name == REJECTS.name);
    let typed = wanted.map(|column| format!("null::{} as {}", file_type(table, column), quoted(column.name)));
    format!(
        "from (select {} where false union all by name \
         select * from read_parquet($paths, hive_partitioning = false, union_by_name = true)) as f \
         where f.\"load\" > $after and f.\"load\" <= $until",
        typed.collect::<Vec<_>>().join(", "),
    )
}

/// The columns that a lake table has in the warehouse.
pub(super) fn columns(table: &Table) -> Vec<Defined> {
    lake_sources(table).into_iter().map(|source| source.defined).collect()
}
