//! The tables of the warehouse: which columns they have, what they are for, and the statements that make them. Those of the
//! lake derive from the declared columns; the others are declared here. Pure: it writes SQL and runs none.

use std::collections::BTreeSet;

use crate::schema::Table;
use crate::source::TABLES;

use super::files;
use super::observed::OBSERVED;
use super::wordings;

/// A table as it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Definition {
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) columns: Vec<Defined>,
}

/// A column as it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Defined {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) doc: String,
}

/// Name, DuckDB type, doc.
pub(super) type Declared = (&'static str, &'static str, &'static str);

/// A table that is not in the lake: name, doc, columns.
const OWN: &[(&str, &str, &[Declared])] = &[
    (
        "trailhouse",
        "What this file is and how far it has followed the lake; one row.",
        STATE,
    ),
    (
        "loads",
        "One row per load and stream: what it brought. The ledger of the lake holds the original.",
        LOADS,
    ),
    (
        "coverage",
        "For which time each stream is proven collected, and in which sense.",
        COVERAGE,
    ),
    (
        "coverage_gaps",
        "For which time a stream is not collected, and why.",
        GAPS,
    ),
    (
        "vanished_records",
        "Records that a comparison did not find at the service any more, though it should still show them; of each comparison \
         the first thousand.",
        VANISHED,
    ),
    (
        "time_zone_offsets",
        "How far the configured time zone is from UTC, from when until when.",
        OFFSETS,
    ),
    (wordings::NAME, wordings::DOC, wordings::COLUMNS),
];

const STATE: &[Declared] = &[
    ("lake_id", "varchar", "The lake this file was made from."),
    ("sequence", "bigint", "The newest ledger entry whose rows are here."),
    (
        "definitions",
        "varchar",
        "SHA-256 of the texts that views, macros, comments and reference tables were made from.",
    ),
    (
        "objects",
        "varchar[]",
        "The views, macros and reference tables that trailhouse made.",
    ),
    (
        "observed",
        "varchar",
        "SHA-256 of the statements that performers and resources were observed by.",
    ),
];

const LOADS: &[Declared] = &[
    (
        "load",
        "bigint",
        "The number of the load: the sequence of its ledger entry.",
    ),
    ("run_id", "varchar", "The command run that made it."),
    (
        "kind",
        "varchar",
        "What made it: sync, import, compact, purge, silence …",
    ),
    ("source", "varchar", "The configured account."),
    ("stream", "varchar", "The endpoint of the source."),
    ("started_at", "timestamp", "When it began (UTC)."),
    ("finished_at", "timestamp", "When it was committed (UTC)."),
    ("version", "varchar", "The version of trailhouse that made it."),
    ("requests", "bigint", "Requests sent to the service."),
    ("pages", "bigint", "Pages received."),
    (
        "received",
        "bigint",
        "Records received: stored + duplicates + rejects + withheld.",
    ),
    ("stored", "bigint", "Records stored, revisions and drift among them."),
    ("duplicates", "bigint", "Records that were known, and not stored again."),
    (
        "revisions",
        "bigint",
        "Stored records that the service had changed since they were first stored.",
    ),
    (
        "drift",
        "bigint",
        "Stored records that differ from the known ones only in members one of them lacks.",
    ),
    (
        "rejects",
        "bigint",
        "Records that could not be read; the table rejects names them.",
    ),
    ("withheld", "bigint", "Records of a purged time, not stored."),
    ("files", "bigint", "Data files written."),
    ("bytes", "bigint", "Size of those files."),
    (
        "entry_sha256",
        "varchar",
        "SHA-256 of the ledger entry, in hexadecimal.",
    ),
];

const COVERAGE: &[Declared] = &[
    ("source", "varchar", "The configured account."),
    ("stream", "varchar", "The endpoint of the source."),
    ("from_at", "timestamp", "Begin of the interval, itself inside (UTC)."),
    ("to_at", "timestamp", "End of the interval, itself outside (UTC)."),
    (
        "state",
        "varchar",
        "provisional, final, asserted, not_offered or purged.",
    ),
    ("collected_at", "timestamp", "When that was last found to be so (UTC)."),
];

const GAPS: &[Declared] = &[
    ("source", "varchar", "The configured account."),
    ("stream", "varchar", "The endpoint of the source."),
    ("gap_from", "timestamp", "Begin of the gap, itself inside (UTC)."),
    ("gap_to", "timestamp", "End of the gap, itself outside (UTC)."),
    ("reason", "varchar", "Why nothing is proven there."),
];

const VANISHED: &[Declared] = &[
    ("source", "varchar", "The configured account."),
    ("stream", "varchar", "The endpoint of the source."),
    ("table_name", "varchar", "The table that holds the record."),
    ("id", "varchar", "The service's identifier of the record."),
    ("occurred_at", "timestamp", "When it happened (UTC)."),
    ("load", "bigint", "The ledger entry of the comparison."),
    ("observed_at", "timestamp", "When it was not found (UTC)."),
];

const OFFSETS: &[Declared] = &[
    ("zone", "varchar", "IANA name of the zone."),
    (
        "from_at",
        "timestamp",
        "Since when the offset holds, itself inside (UTC).",
    ),
    ("to_at", "timestamp", "Until when, itself outside (UTC)."),
    ("offset_seconds", "integer", "What to add to UTC to get the local time."),
    ("abbreviation", "varchar", "What the zone calls it: EST, EDT …"),
    ("is_dst", "boolean", "Whether it is daylight saving time."),
];

/// The columns of a table that is not in the lake, in the order declared: one that an older program made may have another.
pub(super) fn names(table: &str) -> Vec<&'static str> {
    let own = OWN.iter().filter(|(name, ..)| *name == table);
    own.flat_map(|(.., columns)| columns.iter().map(|(name, ..)| *name))
        .collect()
}

/// Every table of the warehouse but the reference tables, in the order a reader wants them.
pub(super) fn definitions() -> Vec<Definition> {
    let mut all = Vec::new();
    for table in TABLES {
        all.push(stored(table));
        all.extend(superseded(table));
    }
    all.extend(OBSERVED.iter().map(|observed| observed.definition()));
    all.extend(OWN.iter().map(|(name, doc, columns)| {
        Definition {
            name: (*name).to_owned(),
            doc: (*doc).to_owned(),
            columns: columns
                .iter()
                .map(|(name, kind, doc)| defined(name, kind, doc))
                .collect(),
        }
    }));
    all
}

/// Whether rows of the table are identified by `id`, so that there can be revisions of one.
pub(super) fn is_revised(table: &Table) -> bool {
    table.column("id").is_some()
}

pub(super) fn superseded_name(table: &Table) -> String {
    format!("{}_superseded", table.name)
}

fn superseded(table: &Table) -> Option<Definition> {
    is_revised(table).then(|| Definition {
        name: superseded_name(table),
        doc: format!(
            "Rows of {} that a later revision, or the same record of another stream, has replaced.",
            table.name
        ),
        columns: stored(table).columns,
    })
}

fn stored(table: &Table) -> Definition {
    Definition {
        name: table.name.to_owned(),
        doc: table.doc.to_owned(),
        columns: files::columns(table),
    }
}

pub(super) fn defined(name: &str, kind: &'static str, doc: &str) -> Defined {
    Defined {
        name: name.to_owned(),
        kind,
        doc: doc.to_owned(),
    }
}

impl Definition {
    /// Makes the table, with its columns in order.
    pub(super) fn create(&self) -> String {
        let columns = self
            .columns
            .iter()
            .map(|column| format!("{} {}{}", quoted(&column.name), column.kind, packing(column)));
        let columns = columns.collect::<Vec<_>>().join(", ");
        format!("create table main.{} ({columns});\n", quoted(&self.name))
    }

    /// Adds to a table that is there the columns it lacks.
    pub(super) fn complete(&self, held: &BTreeSet<String>) -> String {
        let missing = self.columns.iter().filter(|column| !held.contains(&column.name));
        let added = missing.map(|column| {
            let (table, column, kind) = (quoted(&self.name), quoted(&column.name), column.kind);
            format!("alter table main.{table} add column {column} {kind};\n")
        });
        added.collect()
    }

    pub(super) fn comments(&self) -> String {
        let columns = self
            .columns
            .iter()
            .map(|column| (column.name.as_str(), column.doc.as_str()));
        comments("table", ("main", &self.name), &self.doc, columns)
    }
}

/// How a column is packed of which it is known beforehand, so that DuckDB does not try all its ways on every block: hashes are
/// random. Only a way that every version of DuckDB takes may stand here, for it comes along when the tables are copied.
fn packing(column: &Defined) -> &'static str {
    match (column.name.as_str(), column.kind) {
        ("stable_hash", "blob") => " using compression uncompressed",
        _ => "",
    }
}

/// Comments on a table or a view of a schema, and on its columns.
pub(super) fn comments<'a>(
    kind: &str,
    (schema, name): (&str, &str),
    doc: &str,
    columns: impl Iterator<Item = (&'a str, &'a str)>,
) -> String {
    let mut sql = format!("comment on {kind} {schema}.{} is {};\n", quoted(name), literal(doc));
    for (column, doc) in columns {
        sql.push_str(&format!(
            "comment on column {schema}.{}.{} is {};\n",
            quoted(name),
            quoted(column),
            literal(doc)
        ));
    }
    sql
}

/// An identifier as SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL, for the statements that take no parameters.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
