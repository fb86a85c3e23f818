//! Whether what a report without rows was asked of is known at all: a name that was mistyped must not read like somebody who did
//! nothing.

use super::{Bound, ReportError};
use crate::sql::Report;
use crate::warehouse::{Cell, Warehouse, WarehouseError};

/// Parameters of bundled reports that name something, and whether anything of any time is called so.
const NAMING: [(&str, &str); 2] = [
    (
        "actor",
        "select count(*) > 0 as is_known
        from (
            select a.actor_key, a.actor_name, unnest(a.performer_ids) as performer
            from actors as a
        ) as known
        where
            lower($name) in (
                lower(known.actor_key),
                lower(known.actor_name),
                lower(known.performer),
                lower(substr(known.performer, strpos(known.performer, ':') + 1))
            )",
    ),
    (
        "resource",
        "select count(*) > 0 as is_known
        from (
            select 1 as one from resources as r where $name in (r.resource_id, r.name, r.title)
            union all
            select 1 as one from recorded_events as e where e.target_id = $name
            union all
            select 1 as one from related_resources as t where t.related_resource_id = $name
            union all
            select 1 as one from version_histories as v where v.resource_id = $name
        ) as known",
    ),
];

/// Refuses what names nothing.
pub(super) fn check(warehouse: &Warehouse, report: &Report, parameters: &Bound) -> Result<(), ReportError> {
    if report.file.is_some() {
        return Ok(());
    }
    for (kind, sql) in NAMING {
        let named = parameters.iter().find(|(name, _)| name == kind);
        let Some(value) = named.and_then(|(_, value)| value.as_ref()) else {
            continue;
        };
        if !is_known(warehouse, sql, value)? {
            return Err(ReportError::UnknownName {
                report: report.name.clone(),
                kind,
                name: value.clone(),
            });
        }
    }
    Ok(())
}

fn is_known(warehouse: &Warehouse, sql: &str, name: &str) -> Result<bool, WarehouseError> {
    let found = warehouse.query(sql, &[("name".to_owned(), Some(name.to_owned()))])?;
    let cell = found.rows.first().and_then(|row| row.first());
    Ok(cell == Some(&Cell::Boolean(true)))
}
