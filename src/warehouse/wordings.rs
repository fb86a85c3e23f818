//! Wordings: every way in which events are worded, with the action that the rules give it. Kept in step with the tables of the
//! lake, and apart from views, which would have to hold every event against every rule each time they are read.

use duckdb::{Connection, ToSql, params};

use super::tables::Declared;

pub(super) const NAME: &str = "wordings";
pub(super) const DOC: &str =
    "Every way in which events are worded, with what was done by the rules of action_rules; the view events reads it.";
pub(super) const COLUMNS: &[Declared] = &[
    ("source", "varchar", "The configured account."),
    (
        "service",
        "varchar",
        "The kind of the source, by which the rules are chosen.",
    ),
    ("activity_type", "varchar", "What was done, in the service's words."),
    (
        "resource_type",
        "varchar",
        "What kind of thing it was done to, in the service's words.",
    ),
    (
        "wording",
        "varchar",
        "The beginning of the event's text, as far as it tells what was done, without names; null where the type tells enough.",
    ),
    (
        "action",
        "varchar",
        "What was done, in one word; unknown where no rule matches.",
    ),
    (
        "is_by_type",
        "boolean",
        "Whether the activity_type tells enough, so that the text is not looked at.",
    ),
    (
        "ocsf_class_uid",
        "integer",
        "Event class of OCSF 1.8; 0 where the action is unknown.",
    ),
    ("ocsf_category_uid", "integer", "Category of that class."),
    (
        "ocsf_activity_id",
        "integer",
        "Activity of that class; 0 is unknown, 99 is one the class has no number for.",
    ),
];

/// Adds those of the rows that `which` tells, as far as they are not known, and gives them their action. Only rows of which
/// nothing is known yet are held against the rules, so that it costs what the new events cost.
fn add(connection: &Connection, which: &str, parameter: impl ToSql) -> duckdb::Result<()> {
    let added = connection.execute(
        &format!(
            "insert into main.wordings by name \
             select new.* from (select distinct source, service, activity_type, resource_type, wording \
             from main.worded_events where {which}) as new where not exists (select 1 from main.wordings as known \
             where known.source = new.source and known.activity_type is not distinct from new.activity_type \
             and known.resource_type is not distinct from new.resource_type \
             and known.wording is not distinct from new.wording)"
        ),
        params![parameter],
    )?;
    if added > 0 {
        connection.execute_batch(CLASSIFY)?;
    }
    Ok(())
}

const CLASSIFY: &str = "create or replace temp table classified as select * from main.classified_wordings; \
    delete from main.wordings where action is null; \
    insert into main.wordings by name select * from classified; drop table classified";

/// Adds those of the loads after `after`.
pub(super) fn follow(connection: &Connection, after: i64) -> duckdb::Result<()> {
    add(connection, "\"load\" > $1", after)
}

/// Makes those of a source anew, of which rows were taken away.
pub(super) fn make_again(connection: &Connection, source: &str) -> duckdb::Result<()> {
    connection.execute("delete from main.wordings where source = ?", params![source])?;
    add(connection, "source = $1", source)
}

/// Makes all of them anew, by rules that may have changed.
pub(super) fn bring_up(connection: &Connection) -> duckdb::Result<()> {
    connection.execute_batch("delete from main.wordings")?;
    let has_rows: bool = connection.query_row("select sequence > 0 from main.trailhouse", [], |row| row.get(0))?;
    if has_rows { follow(connection, -1) } else { Ok(()) }
}
