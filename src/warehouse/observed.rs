//! Performers and resources: what was observed of an actor or a thing, one row per distinct set of attributes. Kept in step
//! with the activity logs by merging what new rows show into what is known of the same ids, so that it equals what all rows
//! together would give, in whatever order they came.

use std::collections::BTreeSet;

use duckdb::{Connection, params};

use crate::schema::Table;
use crate::source::secoda::ACTIVITY_LOGS;

use super::tables::{Defined, Definition, quoted, superseded_name};

/// A table of observed attributes.
pub(super) struct Observed {
    name: &'static str,
    doc: &'static str,
    /// Where the attributes are observed.
    of: &'static Table,
    id: &'static str,
    /// The column here, and the declared column of `of`.
    attributes: &'static [(&'static str, &'static str)],
}

pub(super) const OBSERVED: &[Observed] = &[
    Observed {
        name: "performers",
        doc: "Who acted: one row per distinct set of attributes observed for a performer. What was observed, not what was true at an event.",
        of: &ACTIVITY_LOGS,
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
    },
    Observed {
        name: "resources",
        doc: "What was acted on: one row per distinct set of attributes observed for a resource. What was observed, not what was true at an event.",
        of: &ACTIVITY_LOGS,
        id: "resource_id",
        attributes: &[
            ("resource_type", "resource_type"),
            ("name", "resource_name"),
            ("title", "resource_title"),
            ("icon", "resource_icon"),
            ("kind", "resource_kind"),
            ("integration_id", "resource_integration_id"),
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
            let column = self.of.column(of)?;
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
            "Whether they are the ones observed latest for the id.",
        ));
        Definition {
            name: self.name.to_owned(),
            doc: self.doc.to_owned(),
            columns,
        }
    }

    /// What the rows of loads after `$1` show, or all rows of the sources to be observed again.
    fn seen(&self, is_again: bool) -> String {
        let attributes = self
            .attributes
            .iter()
            .map(|(name, of)| format!("{} as {}", quoted(of), quoted(name)));
        let time = quoted(self.of.event_time);
        // One or the other, never `or`: only a plain comparison lets DuckDB pass over old rows unread.
        let rows = if is_again {
            "$1::bigint is not null and source in (select source from observe_again)"
        } else {
            "\"load\" > $1"
        };
        let part = |table: &str| {
            format!(
                "select source, {id}, {attributes}, {time} as seen_at from main.{table} where {id} is not null and {rows}",
                id = self.id,
                attributes = attributes.clone().collect::<Vec<_>>().join(", "),
                table = quoted(table),
            )
        };
        format!(
            "create or replace temp table seen as select * exclude (seen_at), min(seen_at) as first_observed_at, \
             max(seen_at) as last_observed_at from ({} union all {}) group by all",
            part(self.of.name),
            part(&superseded_name(self.of)),
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
        let latest = format!(
            "last_observed_at desc, first_observed_at desc, {}",
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
