//! Running one reading statement: parameters bound, results as a grid, and DuckDB's refusals told as what they are. Apart from
//! opening the file, which knows nothing of what is asked.

use duckdb::{Connection, ToSql};

use super::WarehouseError;
use super::grid::{self, Cell, Grid, GridColumn};
use super::statement::{Statement, classify};
use crate::schema::format_time;

const ONLY_READS: &str =
    "`query` only reads; to keep something, write into a database of your own and attach the warehouse to it";
const STAYS_HOME: &str = "`query` sees the warehouse alone; open it read-only in a DuckDB client to join other files";

/// Columns of this ending hold the time on people's clocks, not UTC.
const LOCAL: &str = "_local";

/// Runs `sql` with `parameters` bound to `$name`.
pub(super) fn run(
    connection: &Connection,
    sql: &str,
    parameters: &[(String, Option<String>)],
) -> Result<Grid, WarehouseError> {
    match classify(sql) {
        Statement::Reading => {}
        Statement::Changing(word) => {
            return Err(WarehouseError::Refused {
                reason: format!("`{word}` is not a query"),
                hint: ONLY_READS,
            });
        }
        Statement::None => {
            return Err(WarehouseError::Query {
                message: "the query is empty".to_owned(),
            });
        }
        Statement::Several => {
            return Err(WarehouseError::Query {
                message: "the query is more than one statement; give one at a time".to_owned(),
            });
        }
    }
    answer(connection, sql, parameters).map_err(|error| told(&error))
}

fn answer(connection: &Connection, sql: &str, parameters: &[(String, Option<String>)]) -> duckdb::Result<Grid> {
    let mut statement = connection.prepare(sql)?;
    let bound: Vec<(&str, &dyn ToSql)> = parameters
        .iter()
        .map(|(name, value)| (name.as_str(), value as &dyn ToSql))
        .collect();
    let names: Vec<String> = statement
        .stream_arrow(bound.as_slice())?
        .get_schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let kinds: Vec<String> = (0..names.len())
        .map(|at| grid::type_name(&statement.column_logical_type(at)))
        .collect();
    let is_json: Vec<bool> = kinds.iter().map(|kind| kind == "JSON").collect();
    let mut rows = Vec::new();
    while let Some(batch) = statement.step()? {
        rows.extend(grid::rows_of(&batch.into(), &is_json));
    }
    for (at, _) in names.iter().enumerate().filter(|(_, name)| name.ends_with(LOCAL)) {
        rows.iter_mut().filter_map(|row| row.get_mut(at)).for_each(as_local);
    }
    let columns = names
        .into_iter()
        .zip(kinds)
        .map(|(name, kind)| GridColumn { name, kind })
        .collect();
    Ok(Grid { columns, rows })
}

/// A local time is no instant, and must not be shown as one in UTC.
fn as_local(cell: &mut Cell) {
    if let Cell::Timestamp(at) = cell {
        *cell = Cell::Text(format_time(*at).trim_end_matches('Z').to_owned());
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
