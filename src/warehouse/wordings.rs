//! Wordings: every way in which events are worded, with the action that the rules give it. Kept in step with the tables of the
//! lake, and apart from views, which would have to hold every event against every rule each time they are read.

use duckdb::{Connection, params};

use super::tables::Declared;

pub(super) const NAME: &str = "wordings";
pub(super) const DOC: &str =
    "Every way in which events are worded, with what was done by the rules of action_rules; the view events reads it.";
pub(super) const COLUMNS: &[Declared] = &[
    ("source", "varchar", "The configured account."),
    ("activity_type", "varchar", "What was done, in the service's words."),
    (
        "resource_type",
        "varchar",
        "What kind of thing it was done to, in the service's words.",
    ),
    (
        "wording",
        "varchar",
        "The beginning of the event's text, without names.",
    ),
    (
        "action",
        "varchar",
        "What was done, in one word; unknown where no rule matches.",
    ),
];

/// Those of the rows that `which` tells, as far as they are not known.
fn add(which: &str) -> String {
    format!(
        "insert into main.wordings by name \
         select distinct new.source, new.activity_type, new.resource_type, new.wording, new.action \
         from main.classified_wordings as new where {which} and not exists (select 1 from main.wordings as known \
         where known.source = new.source and known.activity_type is not distinct from new.activity_type \
         and known.resource_type is not distinct from new.resource_type \
         and known.wording is not distinct from new.wording)"
    )
}

/// Adds those of the loads after `after`.
pub(super) fn follow(connection: &Connection, after: i64) -> duckdb::Result<()> {
    connection
        .execute(&add("new.load > $1"), params![after])
        .map(|_rows| ())
}

/// Makes those of a source anew, of which rows were taken away.
pub(super) fn make_again(connection: &Connection, source: &str) -> duckdb::Result<()> {
    connection.execute("delete from main.wordings where source = ?", params![source])?;
    connection
        .execute(&add("new.source = $1"), params![source])
        .map(|_rows| ())
}

/// Makes all of them anew, by rules that may have changed.
pub(super) fn bring_up(connection: &Connection) -> duckdb::Result<()> {
    connection.execute_batch("delete from main.wordings")?;
    let has_rows: bool = connection.query_row("select sequence > 0 from main.trailhouse", [], |row| row.get(0))?;
    if has_rows { follow(connection, -1) } else { Ok(()) }
}
