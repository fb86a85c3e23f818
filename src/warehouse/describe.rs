//! What stands in the warehouse: for people, with what it means; and for a rebuild, what of it trailhouse did not make.

use std::collections::BTreeSet;

use duckdb::types::Value;

use super::access::failed;
use super::tables::{self, quoted};
use super::{Warehouse, WarehouseError};

/// A table, a view or a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// `activity_logs`; with its schema where that is not `main`: `ref.people`, `reports.top_actors`.
    pub name: String,
    /// `table`, `view` or `report`.
    pub kind: String,
    pub doc: String,
    /// Empty for a report.
    pub columns: Vec<DescribedColumn>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedColumn {
    pub name: String,
    pub kind: String,
    pub doc: String,
}

/// Tables, then views, then reports; in each the order they were made in.
const DESCRIBED: &str = "
select name, kind, coalesce(doc, '') as doc from (
    select if(schema_name = 'main', '', schema_name || '.') || table_name as name, 'table' as kind, comment as doc,
        if(schema_name = 'main', 1, 2) as rank, table_oid as made
    from duckdb_tables() where schema_name in ('main', 'ref') and not internal and not temporary
    union all
    select view_name, 'view', comment, 3, view_oid
    from duckdb_views() where schema_name = 'main' and not internal and not temporary
    union all
    select 'reports.' || function_name, 'report', comment, 4, function_oid
    from duckdb_functions() where schema_name = 'reports' and function_type = 'table_macro'
)
order by rank, made, name";

const COLUMNS: &str = "
select column_name, data_type, coalesce(comment, '')
from duckdb_columns()
where if(schema_name = 'main', '', schema_name || '.') || table_name = ? and not internal
order by column_index";

const OBJECTS: &str = "
select 'table', schema_name, table_name from duckdb_tables() where not internal and not temporary
union all
select 'view', schema_name, view_name from duckdb_views() where not internal and not temporary
union all
select distinct if(function_type = 'table_macro', 'macro table', 'macro'), schema_name, function_name
from duckdb_functions() where not internal and function_type in ('macro', 'table_macro')
union all
select 'sequence', schema_name, sequence_name from duckdb_sequences() where not temporary
union all
select 'index', schema_name, index_name from duckdb_indexes()
union all
select 'type', schema_name, type_name from duckdb_types() where not internal
union all
select 'schema', schema_name, null from duckdb_schemas() where not internal and schema_name not in ('main', 'ref', 'reports')
order by 1, 2, 3";

pub(super) fn describe(warehouse: &Warehouse) -> Result<Vec<Described>, WarehouseError> {
    let read = || -> duckdb::Result<Vec<Described>> {
        let mut objects = warehouse.connection.prepare(DESCRIBED)?;
        let named = objects.query_map([], |row| {
            Ok(Described {
                name: row.get(0)?,
                kind: row.get(1)?,
                doc: row.get(2)?,
                columns: Vec::new(),
            })
        })?;
        let mut described = named.collect::<duckdb::Result<Vec<_>>>()?;
        let mut columns = warehouse.connection.prepare(COLUMNS)?;
        for object in described.iter_mut().filter(|object| object.kind != "report") {
            let found = columns.query_map([&object.name], |row| {
                Ok(DescribedColumn {
                    name: row.get(0)?,
                    kind: row.get(1)?,
                    doc: row.get(2)?,
                })
            })?;
            object.columns = found.collect::<duckdb::Result<_>>()?;
        }
        Ok(described)
    };
    read().map_err(|error| failed(&warehouse.path, "its tables cannot be listed", error))
}

pub(super) fn foreign_objects(warehouse: &Warehouse) -> Result<Vec<String>, WarehouseError> {
    let unlisted = |error| failed(&warehouse.path, "its tables cannot be listed", error);
    let mut ours: BTreeSet<String> = tables::definitions()
        .iter()
        .map(|definition| format!("table main.{}", quoted(&definition.name)))
        .collect();
    let made: Value = warehouse
        .connection
        .query_row("select objects from main.trailhouse", [], |row| row.get(0))
        .map_err(unlisted)?;
    if let Value::List(names) = made {
        ours.extend(
            names
                .into_iter()
                .filter_map(|name| if let Value::Text(name) = name { Some(name) } else { None }),
        );
    }
    let mut statement = warehouse.connection.prepare(OBJECTS).map_err(unlisted)?;
    let all = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .and_then(|rows| rows.collect::<duckdb::Result<Vec<(String, String, Option<String>)>>>())
        .map_err(unlisted)?;
    let foreign = all.into_iter().filter_map(|(kind, schema, name)| match name {
        Some(name) if ours.contains(&format!("{kind} {schema}.{}", quoted(&name))) => None,
        Some(name) => Some(format!("{kind} {schema}.{name}")),
        None => Some(format!("{kind} {schema}")),
    });
    Ok(foreign.collect())
}
