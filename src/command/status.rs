//! `status`: where each stream stands, and when history would be lost at the vendor.

mod picture;

use std::io::{IsTerminal, stdout};

use clap::Args;

use super::output::Output;
use super::standing::{self, Standing};
use super::{Context, DONE, Failure, block_on};
use crate::schema::{Micros, SECOND};
use crate::warehouse::{Cell, Grid, GridColumn};

/// Says per stream what is collected, what is missing, and what the vendor will drop next
///
/// On a terminal each stream has a bar with a character for each of the last 90 days (UTC); the column `last_90_days` is the
/// same in plain characters: # final, ~ provisional, = asserted, x purged, - not offered, ! gap, . not collected yet.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  trailhouse status\n  trailhouse status --format json")]
pub(super) struct Status {
    #[command(flatten)]
    output: Output,
}

const COLUMNS: [(&str, &str); 20] = [
    ("source", "VARCHAR"),
    ("stream", "VARCHAR"),
    ("account", "VARCHAR"),
    ("rows", "BIGINT"),
    ("rejects", "BIGINT"),
    ("covered_from", "TIMESTAMP"),
    ("covered_to", "TIMESTAMP"),
    ("final_to", "TIMESTAMP"),
    ("purged_to", "TIMESTAMP"),
    ("gaps", "BIGINT"),
    ("gap_seconds", "BIGINT"),
    ("lag_seconds", "BIGINT"),
    ("last_walk_at", "TIMESTAMP"),
    ("oldest_offered_at", "TIMESTAMP"),
    ("greatest_lateness_seconds", "BIGINT"),
    ("days_until_loss", "BIGINT"),
    ("warning", "VARCHAR"),
    ("last_load", "BIGINT"),
    ("last_load_at", "TIMESTAMP"),
    ("last_90_days", "VARCHAR"),
];

impl Status {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        let config = context.config()?;
        let now = Context::now();
        let standings = block_on(standing::read(&config))?;
        if standings.is_empty() {
            context.terminal.say(&format!(
                "{}: nothing is collected yet; next: trailhouse sync",
                config.dir.display()
            ));
        }
        let is_for_eyes = self.output.format.is_none() && self.output.output.is_none() && stdout().is_terminal();
        if is_for_eyes && !standings.is_empty() {
            self.output.text(&picture::of(&standings, now))?;
            return Ok(DONE);
        }
        let columns = COLUMNS
            .map(|(name, kind)| GridColumn {
                name: name.to_owned(),
                kind: kind.to_owned(),
            })
            .to_vec();
        let rows = standings.iter().map(|standing| row(standing, now)).collect();
        self.output.grid(&Grid { columns, rows })?;
        Ok(DONE)
    }
}

fn row(standing: &Standing, now: Micros) -> Vec<Cell> {
    let state = &standing.state;
    let text = |text: &str| Cell::Text(text.to_owned());
    let time = |at: Option<Micros>| at.map_or(Cell::Null, Cell::Timestamp);
    let number = |number: Option<i64>| number.map_or(Cell::Null, |number| Cell::Integer(number.into()));
    let (last_load, last_load_at) = standing.last_load;
    vec![
        text(&standing.source),
        text(&standing.stream),
        text(&state.account),
        Cell::Integer(state.rows.into()),
        Cell::Integer(state.rejects.into()),
        time(standing.covered_from()),
        time(standing.covered_to()),
        time(standing.final_to()),
        time(standing.purged_to()),
        Cell::Integer(i128::try_from(standing.gaps().len()).unwrap_or(i128::MAX)),
        number(Some(standing.gap_seconds())),
        number(standing.lag_seconds(now)),
        time(state.last_walk_at),
        time(state.oldest_offered_at),
        number(Some(state.greatest_lateness / SECOND)),
        number(standing.days_until_loss(now)),
        match standing.warnings(now).join("; ") {
            warnings if warnings.is_empty() => Cell::Null,
            warnings => Cell::Text(warnings),
        },
        Cell::Integer(last_load.into()),
        time(last_load_at),
        Cell::Text(picture::bar(standing, now, picture::PLAIN)),
    ]
}
