//! `show`: one record as the service sent it, its revisions, and the ledger entry that proves each.

use clap::Args;

use super::output::Output;
use super::{Context, DONE, Failure, block_on, home};
use crate::lake::{Found, Lake};
use crate::ledger::Sealed;
use crate::render::{Format, visible};
use crate::schema::{Micros, format_time};
use crate::warehouse::{Cell, Grid, GridColumn};

/// Shows a record's JSON as received, its revisions, its load and its ledger entry
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  trailhouse show 5ec0da00-0002-4000-8000-000000000044\n  \
trailhouse show 5ec0da00-0002-4000-8000-000000000044 --format json")]
pub(super) struct Show {
    #[arg(value_name = "EVENT_ID")]
    id: String,
    #[command(flatten)]
    output: Output,
}

const COLUMNS: [(&str, &str); 12] = [
    ("id", "VARCHAR"),
    ("source", "VARCHAR"),
    ("stream", "VARCHAR"),
    ("table", "VARCHAR"),
    ("load", "BIGINT"),
    ("loaded_at", "TIMESTAMP"),
    ("run_id", "VARCHAR"),
    ("entry_sha256", "VARCHAR"),
    ("file", "VARCHAR"),
    ("file_sha256", "VARCHAR"),
    ("stable_hash", "VARCHAR"),
    ("raw", "VARCHAR"),
];

impl Show {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        let home = home(&context.config()?);
        let rows = block_on(async {
            let mut lake = Lake::open(&home).await?;
            let mut rows = Vec::new();
            for found in lake.find(&self.id).await? {
                let sealed = lake.entry(u64::try_from(found.load).unwrap_or_default()).await?;
                rows.push(self.row(&found, &sealed));
            }
            Ok(rows)
        })?;
        if rows.is_empty() {
            let failure = Failure::failed(format!(
                "{}: no record of this id in {}",
                visible(&self.id),
                home.lake().display()
            ));
            return Err(failure.hinted("event ids stand in the column event_id of the view events"));
        }
        let columns = COLUMNS
            .map(|(name, kind)| GridColumn {
                name: name.to_owned(),
                kind: kind.to_owned(),
            })
            .to_vec();
        let grid = Grid { columns, rows };
        match self.output.format()? {
            Format::Table => self.output.text(&cards(&grid))?,
            _ => self.output.grid(&grid)?,
        }
        Ok(DONE)
    }

    fn row(&self, found: &Found, sealed: &Sealed) -> Vec<Cell> {
        let text = |text: &str| Cell::Text(text.to_owned());
        let time = |at: Option<Micros>| at.map_or(Cell::Null, Cell::Timestamp);
        let files = sealed.entry.tables.values().flat_map(|change| &change.added);
        let file = files.into_iter().find(|file| file.path == found.path);
        vec![
            text(&self.id),
            text(&found.source),
            text(&found.stream),
            text(found.table),
            Cell::Integer(found.load.into()),
            time(found.loaded_at),
            text(&sealed.entry.run_id),
            text(&sealed.sha256),
            text(&found.path),
            file.map_or(Cell::Null, |file| text(&file.sha256)),
            text(&found.stable_hash),
            text(&found.raw),
        ]
    }
}

/// One block of lines for each stored form, for a record is too wide for a table.
fn cards(grid: &Grid) -> String {
    let card = |row: &Vec<Cell>| {
        let lines = grid.columns.iter().zip(row).map(|(column, cell)| match cell {
            Cell::Text(text) => format!("{:<13}{}", column.name, visible(text)),
            Cell::Integer(number) => format!("{:<13}{number}", column.name),
            Cell::Timestamp(at) => format!("{:<13}{}", column.name, format_time(*at)),
            _ => format!("{:<13}", column.name).trim_end().to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    grid.rows.iter().map(card).collect::<Vec<_>>().join("\n\n") + "\n"
}
