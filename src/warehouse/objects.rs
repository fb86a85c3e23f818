//! What is made from the bundled SQL: views, report macros, reference tables, comments, and what the configuration says of
//! clocks and people. All of it is made anew when a digest of its texts differs from the stored one, so that a newer program brings its
//! own, and an unchanged one touches nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use duckdb::types::Value;
use duckdb::{Connection, appender_params_from_iter, params};
use sha2::{Digest, Sha256};

use super::WarehouseError;
use super::access::failed;
use super::catch_up::{instant, within_transaction};
use super::observed;
use super::tables::{self, comments, literal, quoted};
use super::wordings;
use super::workplace::{SCHEMA, Workplace};
use super::zone::{self, Offset};
use crate::ledger::hex;
use crate::sql::{self, Reference, Report, View};

const KINDS: [&str; 3] = ["macro table", "table", "view"];

/// One object to be made: what it is, the statements that make it, rows for it.
pub(super) struct Object {
    pub(super) kind: &'static str,
    /// With its schema, as SQL.
    pub(super) name: String,
    pub(super) text: String,
    /// What a reference table holds.
    pub(super) rows: Option<Rows>,
}

pub(super) struct Rows {
    pub(super) schema: &'static str,
    pub(super) table: &'static str,
    pub(super) rows: Vec<Vec<Option<String>>>,
}

/// Everything that is made from texts of this program.
struct Wanted<'a> {
    objects: Vec<Object>,
    time_zone: &'a str,
    offsets: Vec<Offset>,
}

fn wanted<'a>(path: &Path, workplace: &'a Workplace) -> Result<Wanted<'a>, WarehouseError> {
    let time_zone = workplace.time_zone.as_str();
    let offsets =
        zone::offsets(time_zone).map_err(|error| failed(path, format!("`{time_zone}` is no time zone"), error))?;
    let bundled = objects().map_err(|error| failed(path, "its reference tables cannot be read", error))?;
    // First, since reports read them.
    let mut objects = workplace.objects();
    objects.extend(bundled);
    Ok(Wanted {
        objects,
        time_zone,
        offsets,
    })
}

/// Whether everything was made from the texts that this program has, for this workplace.
pub(super) fn is_current(connection: &Connection, path: &Path, workplace: &Workplace) -> Result<bool, WarehouseError> {
    let wanted = wanted(path, workplace)?;
    let (held, _) = state(connection).map_err(|error| failed(path, "its table `trailhouse` cannot be read", error))?;
    Ok(held == wanted.digest())
}

/// Makes the tables that are missing, and everything else if any text of it has changed.
pub(super) fn refresh(connection: &Connection, path: &Path, workplace: &Workplace) -> Result<(), WarehouseError> {
    let wanted = wanted(path, workplace)?;
    let digest = wanted.digest();
    let Wanted { objects, offsets, .. } = wanted;
    let refreshed = within_transaction(connection, || {
        let (held, made) = state(connection)?;
        if held == digest {
            return Ok(());
        }
        // First, since what was a view may be a table now.
        drop_former(connection, &made, &objects)?;
        make_tables(connection)?;
        observed::bring_up(connection)?;
        connection.execute_batch(&format!(
            "create schema if not exists reports; create schema if not exists {SCHEMA}"
        ))?;
        for object in &objects {
            make(connection, object)?;
        }
        // By the views and the rules just made.
        wordings::bring_up(connection)?;
        replace_offsets(connection, &workplace.time_zone, &offsets)?;
        let names = Value::List(objects.iter().map(|object| Value::Text(object.told())).collect());
        connection
            .execute(
                "update main.trailhouse set definitions = ?, objects = ?",
                params![digest, names],
            )
            .map(|_rows| ())
    });
    refreshed.map_err(|error| failed(path, "its views cannot be made", error))
}

/// The digest and the objects of the last time.
fn state(connection: &Connection) -> duckdb::Result<(String, Vec<String>)> {
    connection.query_row("select definitions, objects from main.trailhouse", [], |row| {
        let objects = match row.get::<_, Value>(1)? {
            Value::List(names) => names
                .into_iter()
                .filter_map(|name| if let Value::Text(name) = name { Some(name) } else { None })
                .collect(),
            _ => Vec::new(),
        };
        Ok((row.get(0)?, objects))
    })
}

fn make_tables(connection: &Connection) -> duckdb::Result<()> {
    let held = columns(connection)?;
    for definition in tables::definitions() {
        connection.execute_batch(&match held.get(&definition.name) {
            None => definition.create(),
            Some(columns) => definition.complete(columns),
        })?;
        connection.execute_batch(&definition.comments())?;
    }
    Ok(())
}

/// The columns of every table of `main`.
fn columns(connection: &Connection) -> duckdb::Result<BTreeMap<String, BTreeSet<String>>> {
    let sql = "select table_name, column_name from duckdb_columns() \
               where database_name = current_database() and schema_name = 'main' and not internal";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut columns: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        columns.entry(row.get(0)?).or_default().insert(row.get(1)?);
    }
    Ok(columns)
}

fn make(connection: &Connection, object: &Object) -> duckdb::Result<()> {
    connection.execute_batch(&object.text)?;
    let Some(Rows { schema, table, rows }) = &object.rows else {
        return Ok(());
    };
    let mut appender = connection.appender_to_db(table, schema)?;
    for row in rows {
        appender.append_row(appender_params_from_iter(row))?;
    }
    appender.flush()
}

/// Removes what an older program made and this one does not.
fn drop_former(connection: &Connection, made: &[String], objects: &[Object]) -> duckdb::Result<()> {
    for former in made
        .iter()
        .filter(|former| objects.iter().all(|object| object.told() != **former))
    {
        let named = KINDS
            .iter()
            .find_map(|kind| Some((kind, former.strip_prefix(kind)?.strip_prefix(' ')?)));
        if let Some((kind, name)) = named {
            connection.execute_batch(&format!("drop {kind} if exists {name}"))?;
        }
    }
    Ok(())
}

impl Object {
    /// As the table `trailhouse` holds it: `view main."events"`.
    fn told(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }
}

/// Reference tables first, since views read them, as some do the revisions; and views before reports.
fn objects() -> Result<Vec<Object>, csv::Error> {
    let mut objects = sql::reference_tables()
        .iter()
        .map(reference)
        .collect::<Result<Vec<_>, _>>()?;
    objects.extend(revision_views());
    objects.extend(sql::views().iter().map(view));
    objects.extend(sql::reports().iter().map(report));
    Ok(objects)
}

fn reference(reference: &Reference) -> Result<Object, csv::Error> {
    let columns = reference
        .columns
        .iter()
        .map(|(name, kind, _)| format!("{} {kind}", quoted(name)));
    let docs = reference.columns.iter().map(|(name, _, doc)| (&**name, &**doc));
    let text = format!(
        "create or replace table main.{} ({});\n{}",
        quoted(reference.name),
        columns.collect::<Vec<_>>().join(", "),
        comments("table", ("main", reference.name), reference.doc, docs),
    );
    let mut rows = Vec::new();
    for record in csv::Reader::from_reader(reference.csv.as_bytes()).records() {
        rows.push(
            record?
                .iter()
                .map(|field| (!field.is_empty()).then(|| field.to_owned()))
                .collect(),
        );
    }
    Ok(Object {
        kind: "table",
        name: format!("main.{}", quoted(reference.name)),
        text,
        rows: Some(Rows {
            schema: "main",
            table: reference.name,
            rows,
        }),
    })
}

fn view(view: &View) -> Object {
    let kind = if view.params.is_empty() { "view" } else { "macro table" };
    let docs = view.columns.iter().map(|(name, doc)| (&**name, &**doc));
    Object {
        kind,
        name: format!("main.{}", quoted(&view.name)),
        text: format!(
            "{};\n{}",
            sql::view_sql(view),
            comments(kind, ("main", &view.name), &view.doc, docs)
        ),
        rows: None,
    }
}

fn report(report: &Report) -> Object {
    let name = format!("reports.{}", quoted(&report.name));
    let comment = format!("comment on macro table {name} is {};", literal(&report.question));
    let text = format!("{};\n{comment}\n", sql::macro_sql(report).trim().trim_end_matches(';'));
    Object {
        kind: "macro table",
        name,
        text,
        rows: None,
    }
}

/// A view of all revisions of each table that has any.
fn revision_views() -> Vec<Object> {
    let revised = crate::source::TABLES.iter().filter(|table| tables::is_revised(table));
    let view = |table: &&&crate::schema::Table| {
        let name = format!("{}_revisions", table.name);
        let definitions = tables::definitions();
        let columns = definitions
            .iter()
            .find(|definition| definition.name == table.name)
            .map(|found| found.columns.clone());
        let columns = columns.unwrap_or_default();
        // Qualified, for in a view that a macro reads a parameter shadows a column of its name.
        let listed = columns
            .iter()
            .map(|column| format!("r.{}", quoted(&column.name)))
            .collect::<Vec<_>>()
            .join(", ");
        let doc = format!("All revisions of {}, the superseded ones too.", table.name);
        let is_latest = (
            "is_latest",
            "Whether the row stands in the table itself and is not superseded.",
        );
        let docs = columns
            .iter()
            .map(|column| (column.name.as_str(), column.doc.as_str()))
            .chain([is_latest]);
        let text = format!(
            "create or replace view main.{} as select {listed}, true as is_latest from {} as r \
             union all select {listed}, false as is_latest from {} as r;\n{}",
            quoted(&name),
            quoted(table.name),
            quoted(&tables::superseded_name(table)),
            comments("view", ("main", &name), &doc, docs),
        );
        Object {
            kind: "view",
            name: format!("main.{}", quoted(&name)),
            text,
            rows: None,
        }
    };
    revised.collect::<Vec<_>>().iter().map(view).collect()
}

fn replace_offsets(connection: &Connection, time_zone: &str, offsets: &[Offset]) -> duckdb::Result<()> {
    connection.execute_batch("delete from main.time_zone_offsets")?;
    let names = tables::names("time_zone_offsets");
    let mut appender = connection.appender_with_columns("time_zone_offsets", &names)?;
    for offset in offsets {
        let (from_at, to_at) = (instant(offset.from_at), instant(offset.to_at));
        appender.append_row(params![
            time_zone,
            from_at,
            to_at,
            offset.offset_seconds,
            offset.abbreviation,
            offset.is_dst
        ])?;
    }
    appender.flush()
}

impl Wanted<'_> {
    fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for definition in tables::definitions() {
            hash.update(definition.create());
            hash.update(definition.comments());
        }
        hash.update(observed::digest());
        for object in &self.objects {
            hash.update(&object.text);
            hash.update(format!("{:?}", object.rows.as_ref().map(|held| &held.rows)));
        }
        hash.update(format!("{}{:?}", self.time_zone, self.offsets));
        hex(&hash.finalize())
    }
}
