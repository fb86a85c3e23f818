//! Performers and resources: what was observed of an actor or a thing, one row per distinct set of attributes. Kept in step
//! with the tables of the lake by merging what new rows show into what is known of the same ids, so that it equals what all rows
//! together would give, in whatever order they came.

use std::collections::BTreeSet;

use duckdb::{Connection, params};

use crate::ledger::sha256;
use crate::schema::Table;
use crate::source::secoda::{ACTIVITY_LOGS, NOTIFICATIONS};
use crate::source::zendesk::AUDIT_LOG_TABLE;

use super::tables::{Defined, Definition, quoted, superseded_name};

/// A table of observed attributes.
pub(super) struct Observed {
    name: &'static str,
    doc: &'static str,
    id: &'static str,
    /// The column here, and the column of `ACTIVITY_LOGS` that declares it and shows it.
    attributes: &'static [(&'static str, &'static str)],
    /// The attributes by which people know it.
    names: &'static [&'static str],
    /// Where else the attributes are observed.
    others: &'static [Origin],
}

/// A table that shows some of the attributes.
struct Origin {
    of: &'static Table,
    /// The identifier, as an expression over a row of the table.
    id: &'static str,
    /// The column here, and the expression that shows it.
    shows: &'static [(&'static str, &'static str)],
}

pub(super) const OBSERVED: &[Observed] = &[
    Observed {
        name: "performers",
        doc: "Who acted: one row per distinct set of attributes observed for a performer. What was observed, not what was true at an event.",
        id: "performer_id",
        attributes: &[
            ("performer_type", "performer_type"),
            ("name", "performer_name"),
            ("email", "performer_email"),
            ("first_name", "performer_first_name"),
            ("last_name", "performer_last_name"),
            ("display_name", "performer_display_name"),
            ("icon", "performer_icon"),
            ("src", "performer_src"),
            ("integration_type", "performer_integration_type"),
            ("disabled", "performer_disabled"),
            ("is_service_account", "performer_is_service_account"),
            ("profile_picture", "performer_profile_picture"),
        ],
        names: &["name", "email", "first_name", "last_name", "display_name"],
        others: &[
            Origin {
                of: &NOTIFICATIONS,
                id: "coalesce(sender_id, performer_id)",
                shows: &[
                    ("name", "performer_name"),
                    ("email", "sender_email"),
                    ("first_name", "sender_first_name"),
                    ("last_name", "sender_last_name"),
                ],
            },
            Origin {
                of: &AUDIT_LOG_TABLE,
                id: "actor_id::varchar",
                shows: &[
                    ("performer_type", "if(actor_id = -1, 'SYSTEM', 'USER')"),
                    ("name", "actor_name"),
                ],
            },
        ],
    },
    Observed {
        name: "resources",
        doc: "What was acted on: one row per distinct set of attributes observed for a resource. What was observed, not what was true at an event.",
        id: "resource_id",
        attributes: &[
            ("resource_type", "resource_type"),
            ("name", "resource_name"),
            ("title", "resource_title"),
            ("icon", "resource_icon"),
            ("kind", "resource_kind"),
            ("integration_id", "resource_integration_id"),
        ],
        names: &["name", "title"],
        others: &[
            Origin {
                of: &NOTIFICATIONS,
                id: "resource_id",
                shows: &[("resource_type", "resource_type"), ("title", "resource_title")],
            },
            Origin {
                of: &AUDIT_LOG_TABLE,
                id: "source_id::varchar",
                shows: &[("resource_type", "source_type"), ("name", "source_label")],
            },
        ],
    },
];

impl Observed {
    pub(super) fn definition(&self) -> Definition {
        let own = |name: &str, kind, doc: &str| Defined {
            name: name.to_owned(),
            kind,
            doc: doc.to_owned(),
        };
        let mut columns = vec![own("source", "varchar", "The configured account the record came from.")];
        let pairs = [(self.id, self.id)].into_iter().chain(self.attributes.iter().copied());
        columns.extend(pairs.filter_map(|(name, of)| {
            let column = ACTIVITY_LOGS.column(of)?;
            Some(own(name, column.kind.duckdb(), column.doc))
        }));
        columns.push(own(
            "first_observed_at",
            "timestamp",
            "Time of the earliest event that showed these attributes (UTC).",
        ));
        columns.push(own(
            "last_observed_at",
            "timestamp",
            "Time of the latest event that showed these attributes (UTC).",
        ));
        columns.push(own(
            "is_current",
            "boolean",
            "Whether they are the ones observed latest for the id, of those with a name if any has one.",
        ));
        Definition {
            name: self.name.to_owned(),
            doc: self.doc.to_owned(),
            columns,
        }
    }

    /// What the rows of loads after `$1` show, or all rows of the sources to be observed again.
    fn seen(&self, is_again: bool) -> String {
        // One or the other, never `or`: only a plain comparison lets DuckDB pass over old rows unread.
        let rows = if is_again {
            "$1::bigint is not null and source in (select source from observe_again)"
        } else {
            "\"load\" > $1"
        };
        let mut parts = Vec::new();
        let all = [(&ACTIVITY_LOGS, self.id, self.attributes)].into_iter();
        for (of, id, shows) in all.chain(self.others.iter().map(|other| (other.of, other.id, other.shows))) {
            let attributes = self.attributes.iter().map(|(name, _)| {
                let shown = shows.iter().find(|(column, _)| column == name);
                format!("{} as {}", shown.map_or("null", |(_, shown)| shown), quoted(name))
            });
            let attributes = attributes.collect::<Vec<_>>().join(", ");
            let time = quoted(of.event_time);
            for table in [of.name.to_owned(), superseded_name(of)] {
                parts.push(format!(
                    "select source, {id} as {}, {attributes}, {time} as seen_at from main.{} where {id} is not null and {rows}",
                    self.id,
                    quoted(&table),
                ));
            }
        }
        format!(
            "create or replace temp table seen as select * exclude (seen_at), min(seen_at) as first_observed_at, \
             max(seen_at) as last_observed_at from ({}) group by all",
            parts.join(" union all "),
        )
    }

    /// Merges `seen` with what is known of the same ids; ties for the latest go by the attributes themselves.
    fn merge(&self) -> String {
        let names = self
            .attributes
            .iter()
            .map(|(name, _)| quoted(name))
            .collect::<Vec<_>>()
            .join(", ");
        let columns = format!("source, {}, {names}, first_observed_at, last_observed_at", self.id);
        let named = self.names.iter().map(|name| format!("nullif({}, '')", quoted(name)));
        let latest = format!(
            "coalesce({}) is null, last_observed_at desc, first_observed_at desc, {}",
            named.collect::<Vec<_>>().join(", "),
            names.replace(", ", " nulls last, ")
        );
        format!(
            "create or replace temp table merged as select source, {id}, {names}, min(first_observed_at) as first_observed_at, \
             max(last_observed_at) as last_observed_at from (select {columns} from seen union all select {columns} \
             from main.{name} semi join seen using (source, {id})) group by all; \
             delete from main.{name} using (select distinct source, {id} from merged) as m \
             where {name}.source = m.source and {name}.{id} = m.{id}; \
             insert into main.{name} ({columns}, is_current) select {columns}, row_number() over \
             (partition by source, {id} order by {latest} nulls last) = 1 from merged; \
             drop table merged; drop table seen",
            id = self.id,
            name = self.name,
        )
    }
}

/// Of the statements that say what is observed, and where.
pub(super) fn digest() -> String {
    let statements: Vec<String> = OBSERVED
        .iter()
        .flat_map(|observed| [observed.seen(false), observed.merge()])
        .collect();
    sha256(statements.concat().as_bytes())
}

/// Observes all rows from nothing where an older program has observed them in another way.
pub(super) fn bring_up(connection: &Connection) -> duckdb::Result<()> {
    let digest = digest();
    let state = "select observed, sequence > 0 from main.trailhouse";
    let (held, has_rows): (Option<String>, bool) =
        connection.query_row(state, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if held.as_ref() == Some(&digest) {
        return Ok(());
    }
    if has_rows {
        for observed in OBSERVED {
            connection.execute_batch(&format!("delete from main.{}", observed.name))?;
        }
        follow(connection, -1)?;
    }
    connection
        .execute("update main.trailhouse set observed = ?", params![digest])
        .map(|_rows| ())
}

/// Brings performers and resources up to the rows of loads after `after`.
pub(super) fn follow(connection: &Connection, after: i64) -> duckdb::Result<()> {
    for observed in OBSERVED {
        connection.execute(&observed.seen(false), params![after])?;
        connection.execute_batch(&observed.merge())?;
    }
    Ok(())
}

/// Observes all rows of the sources of which rows were taken away, from nothing.
pub(super) fn observe_again(connection: &Connection, sources: &BTreeSet<&str>) -> duckdb::Result<()> {
    connection.execute_batch("create or replace temp table observe_again (source varchar)")?;
    for source in sources {
        connection.execute("insert into observe_again values (?)", params![source])?;
    }
    for observed in OBSERVED {
        let forget = format!(
            "delete from main.{} where source in (select source from observe_again)",
            observed.name
        );
        connection.execute(&forget, [])?;
        connection.execute(&observed.seen(true), params![0_i64])?;
        connection.execute_batch(&observed.merge())?;
    }
    connection.execute_batch("drop table observe_again")
}
