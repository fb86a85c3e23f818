//! Which row of a record is the latest, and which revision each is. Records of the new rows that have other rows too are
//! found by a hash of their identity; their rows are set aside, numbered anew, and put where they belong. All other new rows
//! go straight into their table. So a late older revision costs what its own record costs.

use duckdb::{Connection, params};

use crate::schema::Table;
use crate::source::secoda::AUDIT_LOGS;

use super::Reread;
use super::files::IDENTITY;
use super::tables::{is_revised, quoted, superseded_name};

/// Makes the lists of new and of touched records for one step of one table.
pub(super) fn begin(connection: &Connection) -> duckdb::Result<()> {
    connection.execute_batch(
        "create or replace temp table fresh (identity ubigint); create or replace temp table touched (identity ubigint)",
    )
}

/// Takes the rows of a source's month away, and remembers their records, for a row of one may stand in another month.
pub(super) fn take_away(connection: &Connection, table: &Table, reread: &Reread) -> duckdb::Result<()> {
    let is_in_month = format!("source = ? and strftime({}, '%Y-%m') = ?", quoted(table.event_time));
    let month = params![reread.source, reread.month];
    let mut names = vec![table.name.to_owned()];
    if is_revised(table) {
        names.push(superseded_name(table));
    }
    for name in names.iter().map(|name| quoted(name)) {
        if is_revised(table) {
            connection.execute(
                &format!("insert into touched select {IDENTITY} from main.{name} where {is_in_month}"),
                month,
            )?;
        }
        connection.execute(&format!("delete from main.{name} where {is_in_month}"), month)?;
    }
    Ok(())
}

/// Sets the rows of touched records aside, in the temporary table `again`: those remembered, and those of records in `fresh`
/// that have more than one row, here or there. Says whether there are any.
pub(super) fn set_aside(connection: &Connection, table: &Table) -> duckdb::Result<bool> {
    let (latest, superseded) = (quoted(table.name), quoted(&superseded_name(table)));
    connection.execute_batch(&format!(
        "insert into touched with new as (select distinct identity from fresh), \
         held as (select {IDENTITY} as identity from main.{latest} union all select {IDENTITY} from main.{superseded} \
         union all select identity from fresh) \
         select identity from held semi join new using (identity) group by identity having count(*) > 1; \
         drop table fresh"
    ))?;
    let is_any: bool = connection.query_row("select count(*) > 0 from touched", [], |row| row.get(0))?;
    if is_any {
        let is_touched = format!("{IDENTITY} in (select identity from touched)");
        connection.execute_batch(&format!(
            "create or replace temp table again as select * from main.{latest} where {is_touched} \
             union all by name select * from main.{superseded} where {is_touched}; \
             delete from main.{latest} where {is_touched}; delete from main.{superseded} where {is_touched}"
        ))?;
    }
    Ok(is_any)
}

/// Numbers the rows in `again` and puts them where they belong. Numbers are made from the keys alone, so that wide rows need
/// no sorting.
pub(super) fn put_back(connection: &Connection, table: &Table) -> duckdb::Result<()> {
    let (upward, downward) = match table.column("updated_at").map(|column| quoted(column.name)) {
        Some(column) => (format!("{column} nulls first, "), format!("{column} desc nulls last, ")),
        None => (String::new(), String::new()),
    };
    let preferred = AUDIT_LOGS.name;
    connection.execute_batch(&format!(
        "create or replace temp table places as select rowid as place_of, \
         row_number() over (partition by source, stream, id order by {upward}\"load\", stable_hash)::integer as numbered, \
         row_number() over (partition by source, id order by {downward}(stream = '{preferred}') desc, stream, \
         \"load\" desc, stable_hash desc) as place from again"
    ))?;
    for (name, is_here) in [(table.name.to_owned(), "= 1"), (superseded_name(table), "> 1")] {
        connection.execute_batch(&format!(
            "insert into main.{} by name select again.* replace (places.numbered as revision) \
             from again join places on again.rowid = places.place_of where places.place {is_here}",
            quoted(&name),
        ))?;
    }
    connection.execute_batch("drop table again; drop table places")
}
