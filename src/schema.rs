//! The words a column is declared in. Arrow, Delta and DuckDB schemas, the flattening, `describe` and the README's data
//! dictionary all derive from the `Table` constants written with them; nothing else names a column's type.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, TimeUnit};

/// Microseconds since 1970-01-01T00:00:00Z: every instant in the program, as in Arrow, Delta and DuckDB.
pub type Micros = i64;

/// 2000-01-01T00:00:00Z, the earliest time a record may carry.
pub const EARLIEST: Micros = 946_684_800_000_000;
pub const SECOND: Micros = 1_000_000;
pub const DAY: Micros = 86_400 * SECOND;

/// What a value is, from the JSON it is read from to the DuckDB column it ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Integer,
    Boolean,
    /// ISO 8601 with an offset; microseconds in UTC.
    Timestamp,
    TextList,
    /// The `id`s of a list of records, as a list of texts.
    IdList,
    /// Kept as JSON text.
    Json,
    /// A list of `{type, style, value}`.
    Blocks,
    /// The values of a `Blocks` column joined to one text.
    BlocksText,
    Binary,
}

/// One declared column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub name: &'static str,
    /// Where it stands in the record: a member, or members joined by dots. Empty for a column the loader fills.
    pub path: &'static str,
    pub kind: Kind,
    pub doc: &'static str,
}

/// One table of the lake.
#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    pub doc: &'static str,
    /// The declared columns, `id` first; those of every lake table come before them.
    pub columns: &'static [Column],
    /// The column whose month partitions the table and by which files are sorted.
    pub event_time: &'static str,
    /// Pairs of (path, column): the value at the path is kept in `extra` only where it differs from the column.
    pub echoes: &'static [(&'static str, &'static str)],
}

/// The columns every lake table begins with; `source` and `month` are partitions and stand in the path.
pub const COMMON: &[Column] = &[
    column("source", "", Kind::Text, "The configured account the record came from."),
    column("month", "", Kind::Text, "UTC month of the event, as 2025-07."),
    column(
        "load",
        "",
        Kind::Integer,
        "The load that stored the record: the sequence of its ledger entry.",
    ),
    column(
        "stream",
        "",
        Kind::Text,
        "The endpoint of the source the record came from.",
    ),
    column(
        "loaded_at",
        "",
        Kind::Timestamp,
        "When the loader stored the record (UTC).",
    ),
    column(
        "stable_hash",
        "",
        Kind::Binary,
        "First 16 bytes of the SHA-256 of the record without its volatile parts.",
    ),
    column(
        "stable_version",
        "",
        Kind::Integer,
        "Version of the list of volatile parts the hash was made with.",
    ),
    column("raw", "", Kind::Text, "The record's JSON exactly as received."),
];

/// How many of `COMMON` are partitions.
pub const PARTITIONS: usize = 2;

pub const REJECTS: Table = Table {
    name: "rejects",
    doc: "Records that could not be read, kept with their bytes and the reason.",
    columns: &[
        column("reason", "", Kind::Text, "Why the record could not be flattened."),
        column(
            "page",
            "",
            Kind::Integer,
            "Number of the page it stood on; of the line, where it stood alone in an imported file.",
        ),
        column(
            "first_seen_at",
            "",
            Kind::Timestamp,
            "When the loader first met these bytes (UTC).",
        ),
        column(
            "resolved_load",
            "",
            Kind::Integer,
            "The load in which a retry read the record, if one did.",
        ),
    ],
    event_time: "first_seen_at",
    echoes: &[],
};

pub const fn column(name: &'static str, path: &'static str, kind: Kind, doc: &'static str) -> Column {
    Column { name, path, kind, doc }
}

impl Kind {
    pub fn arrow(self) -> DataType {
        match self {
            Kind::Text | Kind::Json | Kind::BlocksText => DataType::Utf8,
            Kind::Integer => DataType::Int64,
            Kind::Boolean => DataType::Boolean,
            Kind::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Kind::TextList | Kind::IdList => DataType::List(Arc::new(Field::new("element", DataType::Utf8, true))),
            Kind::Blocks => DataType::List(Arc::new(Field::new("element", DataType::Struct(block_fields()), true))),
            Kind::Binary => DataType::Binary,
        }
    }

    pub fn duckdb(self) -> &'static str {
        match self {
            Kind::Text | Kind::BlocksText => "varchar",
            Kind::Integer => "bigint",
            Kind::Boolean => "boolean",
            Kind::Timestamp => "timestamp",
            Kind::TextList | Kind::IdList => "varchar[]",
            Kind::Json => "json",
            Kind::Blocks => "struct(\"type\" varchar, style varchar, \"value\" varchar)[]",
            Kind::Binary => "blob",
        }
    }
}

/// Members of one block of a `Blocks` column.
pub fn block_fields() -> Fields {
    Fields::from(vec![
        Field::new("type", DataType::Utf8, true),
        Field::new("style", DataType::Utf8, true),
        Field::new("value", DataType::Utf8, true),
    ])
}

impl Table {
    /// The columns of the lake table, partitions first; `raw` is binary in `rejects`, whose bytes need not be text.
    pub fn lake_columns(&self) -> Vec<Column> {
        let mut columns = COMMON.to_vec();
        if self.name == REJECTS.name
            && let Some(raw) = columns.last_mut()
        {
            raw.kind = Kind::Binary;
        }
        columns.extend_from_slice(self.columns);
        columns
    }

    /// The lake table's schema with its partition columns; only `load` is never null.
    pub fn arrow_schema(&self) -> Schema {
        let field = |column: &Column| Field::new(column.name, column.kind.arrow(), column.name != "load");
        Schema::new(self.lake_columns().iter().map(field).collect::<Vec<_>>())
    }

    /// The schema of a data file: the lake table without its partitions.
    pub fn file_schema(&self) -> Schema {
        let fields = self
            .arrow_schema()
            .fields
            .iter()
            .skip(PARTITIONS)
            .cloned()
            .collect::<Vec<_>>();
        Schema::new(fields)
    }

    /// The columns Delta keeps statistics of: `load`, the id and the times, so that no personal text lands in the log.
    pub fn statistics_columns(&self) -> Vec<&'static str> {
        let mut names = vec!["load"];
        names.extend(
            self.columns
                .iter()
                .filter(|column| column.name == "id")
                .map(|column| column.name),
        );
        names.extend(
            self.columns
                .iter()
                .filter(|column| column.kind == Kind::Timestamp)
                .map(|column| column.name),
        );
        names
    }

    /// The column that says which of two forms of one record is the later.
    pub fn revision_key(&self) -> &'static str {
        self.column("updated_at").map_or(self.event_time, |column| column.name)
    }

    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Position of a declared column among the table's own.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

/// Reads an ISO 8601 time with an offset; digits below a microsecond are cut. `None` for anything else.
pub fn parse_time(text: &str) -> Option<Micros> {
    text.parse::<jiff::Timestamp>()
        .ok()
        .map(jiff::Timestamp::as_microsecond)
}

/// Writes an instant as RFC 3339 in UTC, with as many digits as it has.
pub fn format_time(at: Micros) -> String {
    match jiff::Timestamp::from_microsecond(at) {
        Ok(time) => time.to_string(),
        Err(_) => format!("{at} µs"),
    }
}

/// The UTC month of an instant, as `2025-07`.
pub fn month_of(at: Micros) -> String {
    format_time(at).chars().take(7).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_any_number_of_digits_and_need_an_offset() {
        let cases = [
            ("2025-07-11T19:38:34.738Z", Some(1_752_262_714_738_000)),
            ("2025-07-11T19:38:34Z", Some(1_752_262_714_000_000)),
            ("2025-07-11T19:38:34.738123Z", Some(1_752_262_714_738_123)),
            ("2025-07-11T21:38:34.738123999+02:00", Some(1_752_262_714_738_123)),
            ("2025-07-11T19:38:34", None),
            ("yesterday", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_time(text), expected, "{text}");
        }
    }

    #[test]
    fn a_month_is_that_of_utc() {
        assert_eq!(month_of(1_752_262_714_738_000), "2025-07");
        assert_eq!(month_of(EARLIEST), "2000-01");
    }

    #[test]
    fn rejects_keep_bytes_and_everything_else_keeps_text() {
        assert_eq!(
            REJECTS.arrow_schema().field_with_name("raw").unwrap().data_type(),
            &DataType::Binary
        );
        assert_eq!(REJECTS.statistics_columns(), ["load", "first_seen_at"]);
    }
}
