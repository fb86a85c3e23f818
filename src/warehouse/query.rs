//! Running one reading statement: parameters bound, results as a grid, and DuckDB's refusals told as what they are. Apart from
//! opening the file, which knows nothing of what is asked.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Field;
use duckdb::{Connection, ToSql};

use super::WarehouseError;
use super::grid::{self, Cell, Grid, GridColumn};
use super::statement::{Statement, classify};

const ONLY_READS: &str =
    "`query` only reads; to keep something, write into a database of your own and attach the warehouse to it";
const STAYS_HOME: &str = "`query` sees the warehouse alone; open it read-only in a DuckDB client to join other files";

/// Runs `sql` with `parameters` bound to `$name`, and hands out its rows bit by bit.
pub(super) fn run<E: From<WarehouseError>>(
    connection: &Connection,
    sql: &str,
    parameters: &[(String, Option<String>)],
    take: &mut dyn FnMut(Chunk) -> Result<(), E>,
) -> Result<(), E> {
    check(sql)?;
    let told = |error| E::from(told(&error));
    let mut statement = connection.prepare(sql).map_err(told)?;
    let columns = begin(&mut statement, parameters).map_err(told)?;
    let inexact = (columns.iter().enumerate()).find(|(at, _)| grid::is_inexact(&statement.column_logical_type(*at)));
    if let Some((_, GridColumn { name, kind })) = inexact {
        let message =
            format!("column `{name}` is of type {kind}, of which only a part would be written; cast it to varchar");
        return Err(WarehouseError::Query { message }.into());
    }
    let mut has_rows = false;
    while let Some(batch) = statement.step().map_err(told)? {
        has_rows = true;
        let (columns, batch) = (columns.clone(), Some(batch.into()));
        take(Chunk { columns, batch })?;
    }
    if !has_rows {
        take(Chunk { columns, batch: None })?;
    }
    Ok(())
}

/// Some rows of a query, as DuckDB hands them out. Made into cells by the thread that uses these, for a thread that drops what
/// another has made waits for it.
#[derive(Debug)]
pub struct Chunk {
    columns: Vec<GridColumn>,
    batch: Option<RecordBatch>,
}

impl Chunk {
    /// The same rows in parts of about so many bytes: a chunk has a number of rows, however long they are.
    pub fn parts(self, bytes: usize) -> Vec<Self> {
        let (columns, batch) = match self {
            Self {
                columns,
                batch: Some(batch),
            } if batch.get_array_memory_size() > bytes => (columns, batch),
            short => return vec![short],
        };
        let rows = batch.num_rows();
        let most = (rows.saturating_mul(bytes) / batch.get_array_memory_size()).max(1);
        let part = |at: usize| Self {
            columns: columns.clone(),
            batch: Some(batch.slice(at, most.min(rows - at))),
        };
        (0..rows).step_by(most).map(part).collect()
    }

    pub fn into_grid(self) -> Grid {
        self.into_roomy_grid(0)
    }

    /// The same, with room in each row for so many more cells.
    pub fn into_roomy_grid(self, room: usize) -> Grid {
        let Self { columns, batch } = self;
        let is_json: Vec<bool> = columns.iter().map(|column| column.kind == "JSON").collect();
        let mut rows = batch.map_or_else(Vec::new, |batch| grid::rows_of(&batch, &is_json, room));
        for (at, _) in columns.iter().enumerate().filter(|(_, column)| column.is_local()) {
            rows.iter_mut().filter_map(|row| row.get_mut(at)).for_each(as_local);
        }
        Grid { columns, rows }
    }
}

/// Makes a macro that lives as long as the connection; the warehouse itself stays as it is.
pub(super) fn define(connection: &Connection, name: &str, parameters: &str, text: &str) -> Result<(), WarehouseError> {
    check(text)?;
    let sql = format!("create or replace temp macro \"{name}\"({parameters}) as table {text}");
    connection.execute_batch(&sql).map_err(|error| told(&error))
}

/// Whether `sql` is exactly one statement that, by its first word, only reads.
fn check(sql: &str) -> Result<(), WarehouseError> {
    match classify(sql) {
        Statement::Reading => Ok(()),
        Statement::Changing(word) => Err(WarehouseError::Refused {
            reason: format!("`{word}` is not a query"),
            hint: ONLY_READS,
        }),
        Statement::None => Err(WarehouseError::Query {
            message: "the query is empty".to_owned(),
        }),
        Statement::Several => Err(WarehouseError::Query {
            message: "the query is more than one statement; give one at a time".to_owned(),
        }),
    }
}

/// Starts a statement; its columns.
fn begin(
    statement: &mut duckdb::Statement<'_>,
    parameters: &[(String, Option<String>)],
) -> duckdb::Result<Vec<GridColumn>> {
    let bound: Vec<(&str, &dyn ToSql)> = parameters
        .iter()
        .map(|(name, value)| (name.as_str(), value as &dyn ToSql))
        .collect();
    let schema = statement.stream_arrow(bound.as_slice())?.get_schema();
    let column = |(at, field): (usize, &Arc<Field>)| GridColumn {
        name: field.name().clone(),
        kind: grid::type_name(&statement.column_logical_type(at)),
    };
    Ok(schema.fields().iter().enumerate().map(column).collect())
}

/// A local time is no instant, and must not be shown as one in UTC.
fn as_local(cell: &mut Cell) {
    if let Cell::Timestamp(at) = cell {
        *cell = Cell::LocalTime(*at);
    }
}

fn told(error: &duckdb::Error) -> WarehouseError {
    let message = error.to_string();
    if message.contains("attached in read-only mode") {
        return WarehouseError::Refused {
            reason: "the statement would change it".to_owned(),
            hint: ONLY_READS,
        };
    }
    let outside = [
        "disabled by configuration",
        "configuration has been locked",
        "disabled through configuration",
    ];
    if outside.iter().any(|sign| message.contains(sign)) {
        return WarehouseError::Refused {
            reason: lowered(&message),
            hint: STAYS_HOME,
        };
    }
    WarehouseError::Query { message }
}

/// DuckDB's first line without its kind of error, as a fragment.
fn lowered(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let text = line.split_once("Error: ").map_or(line, |(_, text)| text);
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_lowercase().chain(letters).collect())
        .unwrap_or_default()
}
