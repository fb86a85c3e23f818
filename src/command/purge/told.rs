//! What a purge or an erasure tells: rows of what went or would go, and of what a hold keeps back. Apart from asking for it.

use super::super::Context;
use super::{Limit, Work};
use crate::lake::{Changed, Going, Hold};
use crate::schema::{Micros, format_time};
use crate::warehouse::{Cell, Grid, GridColumn};

const COLUMNS: [(&str, &str); 11] = [
    ("source", "VARCHAR"),
    ("table", "VARCHAR"),
    ("stream", "VARCHAR"),
    ("from_at", "TIMESTAMP"),
    ("to_at", "TIMESTAMP"),
    ("rows", "BIGINT"),
    ("files", "BIGINT"),
    ("bytes", "BIGINT"),
    ("rewritten_files", "BIGINT"),
    ("policy", "VARCHAR"),
    ("held_by", "VARCHAR"),
];

pub(super) fn grid(rows: Vec<Vec<Cell>>) -> Grid {
    let columns = COLUMNS.map(|(name, kind)| GridColumn {
        name: name.to_owned(),
        kind: kind.to_owned(),
    });
    Grid {
        columns: columns.to_vec(),
        rows,
    }
}

pub(super) fn tell(
    context: &Context,
    limit: &Limit,
    going: &Going,
    (is_dry, entry): (bool, Option<u64>),
    holds: &[Hold],
) {
    let (source, before) = (&limit.source, format_time(limit.before));
    let message = match (going.rows(), entry) {
        (0, _) => format!("{source}: no row before {before} to remove ({})", limit.policy),
        (rows, Some(entry)) => format!(
            "{source}: {rows} rows before {before} are gone ({}); ledger entry {entry}",
            limit.policy
        ),
        (rows, None) => format!("{source}: {rows} rows before {before} would go ({})", limit.policy),
    };
    context.terminal.say(&message);
    for hold in holds {
        let of_hold = going.held.iter().filter(|((.., name), _)| *name == hold.name);
        let rows: u64 = of_hold.map(|(_, rows)| rows).sum();
        if rows > 0 {
            let verb = if is_dry { "would stay" } else { "stay" };
            let message = format!(
                "{source}: {rows} rows {verb}, by the hold `{}`: {}",
                hold.name, hold.reason
            );
            context.terminal.say(&message);
        }
    }
}

/// Reports are the user's own, and nobody knows what was done with them.
pub(super) fn tell_reports(work: &Work<'_>) {
    let folder = work.home.dir.join("reports");
    let has_any = std::fs::read_dir(&folder).is_ok_and(|mut reports| reports.next().is_some());
    if has_any {
        work.context.terminal.warn(&format!(
            "{}: reports that were made before stay as they are, and may tell of the person",
            folder.display()
        ));
    }
}

pub(super) fn going_rows(limit: &Limit, going: &Going) -> Vec<Vec<Cell>> {
    let gone = going.changed.iter();
    let gone = gone.map(|((table, stream), changed)| row(&limit.source, (table, stream), changed, &limit.policy));
    let held = going.held.iter().map(|((table, stream, hold), rows)| {
        let changed = Changed {
            rows: *rows,
            ..Changed::default()
        };
        let mut cells = row(&limit.source, (table, stream), &changed, &limit.policy);
        cells.pop();
        cells.push(Cell::Text(hold.clone()));
        cells
    });
    gone.chain(held).collect()
}

pub(super) fn row(source: &str, (table, stream): (&str, &str), changed: &Changed, policy: &str) -> Vec<Cell> {
    let text = |text: &str| Cell::Text(text.to_owned());
    let time = |at: Option<Micros>| at.map_or(Cell::Null, Cell::Timestamp);
    vec![
        text(source),
        text(table),
        text(stream),
        time(changed.from),
        time(changed.to),
        Cell::Integer(changed.rows.into()),
        Cell::Integer(changed.files.into()),
        Cell::Integer(changed.bytes.into()),
        Cell::Integer(changed.rewritten.into()),
        text(policy),
        Cell::Null,
    ]
}
