//! Which row of a record is the latest, and which revision each is. New rows go into their table as if their records had no
//! others; records that have are found by a hash of their identity, and their rows are set aside, numbered anew, and put where
//! they belong. So a late older revision costs what its own record costs.

use duckdb::{Connection, params};

use crate::schema::Table;
use crate::source::secoda::AUDIT_LOGS;

use super::Reread;
use super::tables::{is_revised, quoted, superseded_name};

/// What records are told apart by, in so few bytes that all new ones fit in memory. Two records that collide are only looked
/// at in vain, since they are numbered by their identity itself.
const IDENTITY: &str = "hash(source, id)";

/// Makes the list of touched records for one step of one table.
pub(super) fn begin(connection: &Connection) -> duckdb::Result<()> {
    connection.execute_batch("create or replace temp table touched (identity ubigint)")
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

/// Numbers the rows of records that have more than one, among them rows of loads after `after` or of what was read again.
pub(super) fn number(connection: &Connection, table: &Table, after: i64, reread: &[&Reread]) -> duckdb::Result<()> {
    find_touched(connection, table, after, reread)?;
    if set_aside(connection, table)? {
        put_back(connection, table)?;
    }
    Ok(())
}

/// Adds the new records that have more than one row, here or there, to `touched`.
fn find_touched(connection: &Connection, table: &Table, after: i64, reread: &[&Reread]) -> duckdb::Result<()> {
    let (latest, superseded) = (quoted(table.name), quoted(&superseded_name(table)));
    connection.execute(
        &format!(
            "create or replace temp table fresh as select {IDENTITY} as identity from main.{latest} where \"load\" > {after}"
        ),
        [],
    )?;
    for reread in reread {
        // By then it may have another identity than what was taken away.
        let again = format!(
            "insert into fresh select {IDENTITY} from main.{latest} where \"load\" <= {after} and source = ? \
             and strftime({}, '%Y-%m') = ?",
            quoted(table.event_time)
        );
        connection.execute(&again, params![reread.source, reread.month])?;
    }
    // Held rows are only looked up among the new ones, never counted: there may be many more of them.
    connection.execute_batch(&format!(
        "insert into touched select identity from fresh group by identity having count(*) > 1 \
         union all select identity from (select {IDENTITY} as identity from main.{latest} where \"load\" <= {after} \
         union all select {IDENTITY} from main.{superseded}) as held semi join fresh using (identity); drop table fresh"
    ))
}

/// Sets the rows of touched records aside, in the temporary table `again`. Says whether there are any.
fn set_aside(connection: &Connection, table: &Table) -> duckdb::Result<bool> {
    let (latest, superseded) = (quoted(table.name), quoted(&superseded_name(table)));
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
fn put_back(connection: &Connection, table: &Table) -> duckdb::Result<()> {
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
