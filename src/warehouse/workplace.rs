//! What the user says of the people whose activity is read: their clocks, their working hours, who they are. It becomes the
//! schema `ref`, apart from `main`, because nothing of it comes from a service or from this program.

use duckdb::Connection;

use super::objects::{Object, Rows};
use super::tables::{Defined, comments, defined, quoted};

/// The schema of the tables.
pub(super) const SCHEMA: &str = "ref";

const PEOPLE: &[(&str, &str, &str)] = &[
    (
        "email",
        "varchar",
        "The e-mail in lower case, which tells who an actor is.",
    ),
    (
        "name",
        "varchar",
        "The name, by which who has no e-mail in an event is found.",
    ),
    ("manager", "varchar", "Who answers for them, in the words of the list."),
    ("employed_from", "date", "The first day of work."),
    ("employed_to", "date", "The last day of work; null while it goes on."),
    ("privileged", "boolean", "Whether they may do what others may not."),
];

const HOURS: &[(&str, &str, &str)] = &[
    ("weekday", "integer", "The day of the week: 1 is Monday, 7 is Sunday."),
    (
        "begins_at",
        "time",
        "When work begins, by the clocks of the configured zone.",
    ),
    ("ends_at", "time", "When it ends, itself outside."),
    (
        "is_assumed",
        "boolean",
        "Whether the configuration says nothing, and these are assumed.",
    ),
];

const HOLIDAYS: &[(&str, &str, &str)] = &[(
    "holiday",
    "date",
    "A day of the week on which nobody works all the same.",
)];

/// What reports know of the people besides what they did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workplace {
    /// An IANA name.
    pub time_zone: String,
    /// Nobody where there is no list.
    pub people: Vec<Person>,
    /// Where there is none, 9:00 to 17:00 of Monday to Friday are assumed.
    pub calendar: Option<Calendar>,
}

/// Someone of the list of people.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    /// In lower case.
    pub email: String,
    pub name: Option<String>,
    pub manager: Option<String>,
    /// `2026-12-24`, as is `employed_to`.
    pub employed_from: Option<String>,
    pub employed_to: Option<String>,
    pub privileged: bool,
}

/// When people work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// `09:00`, as is `ends_at`; both are of one day, and `24:00` is its end.
    pub begins_at: String,
    pub ends_at: String,
    /// Of the week, 1 is Monday.
    pub days: Vec<u8>,
    /// `2026-12-25`.
    pub holidays: Vec<String>,
}

impl Workplace {
    /// One of which only the zone is known.
    pub fn of(time_zone: &str) -> Self {
        Self {
            time_zone: time_zone.to_owned(),
            people: Vec::new(),
            calendar: None,
        }
    }

    pub(super) fn objects(&self) -> Vec<Object> {
        let people = self.people.iter().map(Person::row).collect();
        let assumed = Calendar::assumed();
        let calendar = self.calendar.as_ref().unwrap_or(&assumed);
        vec![
            object(
                "people",
                "Who people are, from the user's own list; empty where there is none.",
                PEOPLE,
                people,
            ),
            object(
                "working_hours",
                "When people work: one row per day of the week on which they do.",
                HOURS,
                calendar.hours(self.calendar.is_none()),
            ),
            object(
                "holidays",
                "Days on which nobody works, from the configuration.",
                HOLIDAYS,
                calendar.holidays.iter().map(|day| vec![Some(day.clone())]).collect(),
            ),
        ]
    }

    /// Whether the warehouse holds what is said here of people and calendar; where nothing is said, it may hold anything.
    pub(super) fn is_held(&self, connection: &Connection) -> duckdb::Result<bool> {
        for object in self.objects() {
            let is_said = match object.rows.as_ref().map(|held| held.table) {
                Some("people") => !self.people.is_empty(),
                _ => self.calendar.is_some(),
            };
            if let Some(Rows { table, rows, .. }) = object.rows.filter(|_| is_said)
                && held(connection, table)? != rows
            {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The rows of a table of the schema, in the order they were put there; none where it is not there.
fn held(connection: &Connection, table: &str) -> duckdb::Result<Vec<Vec<Option<String>>>> {
    let known = "select count(*) from duckdb_tables() where schema_name = ? and table_name = ?";
    if connection.query_row(known, [SCHEMA, table], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(Vec::new());
    }
    let columns = declared(table).iter().map(|(name, kind, _)| match *kind {
        "time" => format!("left(cast({name} as varchar), 5)"),
        _ => format!("cast({name} as varchar)"),
    });
    let columns: Vec<String> = columns.collect();
    let sql = format!(
        "select {} from {SCHEMA}.{} order by rowid",
        columns.join(", "),
        quoted(table)
    );
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map([], |row| (0..columns.len()).map(|place| row.get(place)).collect())?;
    rows.collect()
}

fn declared(table: &str) -> &'static [(&'static str, &'static str, &'static str)] {
    match table {
        "people" => PEOPLE,
        "working_hours" => HOURS,
        _ => HOLIDAYS,
    }
}

impl Person {
    fn row(&self) -> Vec<Option<String>> {
        vec![
            Some(self.email.clone()),
            self.name.clone(),
            self.manager.clone(),
            self.employed_from.clone(),
            self.employed_to.clone(),
            Some(self.privileged.to_string()),
        ]
    }
}

impl Calendar {
    fn assumed() -> Self {
        Self {
            begins_at: "09:00".to_owned(),
            ends_at: "17:00".to_owned(),
            days: (1..=5).collect(),
            holidays: Vec::new(),
        }
    }

    fn hours(&self, is_assumed: bool) -> Vec<Vec<Option<String>>> {
        let hours = |day: &u8| {
            let cells = [
                day.to_string(),
                self.begins_at.clone(),
                self.ends_at.clone(),
                is_assumed.to_string(),
            ];
            cells.map(Some).to_vec()
        };
        self.days.iter().map(hours).collect()
    }
}

fn object(
    table: &'static str,
    doc: &str,
    columns: &[(&str, &'static str, &str)],
    rows: Vec<Vec<Option<String>>>,
) -> Object {
    let columns: Vec<Defined> = columns
        .iter()
        .map(|(name, kind, doc)| defined(name, kind, doc))
        .collect();
    let listed: Vec<String> = columns
        .iter()
        .map(|column| format!("{} {}", quoted(&column.name), column.kind))
        .collect();
    let docs = columns.iter().map(|column| (column.name.as_str(), column.doc.as_str()));
    let name = format!("{SCHEMA}.{}", quoted(table));
    Object {
        kind: "table",
        text: format!(
            "create or replace table {name} ({});\n{}",
            listed.join(", "),
            comments("table", (SCHEMA, table), doc, docs)
        ),
        name,
        rows: Some(Rows {
            schema: SCHEMA,
            table,
            rows,
        }),
    }
}
