//! `status`: where each stream stands, and when history would be lost at the vendor.

use std::time::Duration;

use clap::Args;

use super::output::Output;
use super::{Context, DONE, Failure, block_on, home};
use crate::config::Config;
use crate::coverage::{State, StreamState};
use crate::lake::Lake;
use crate::schema::{DAY, EARLIEST, Micros, SECOND};
use crate::warehouse::{Cell, Grid, GridColumn};

/// Says per stream what is collected, what is missing, and what the vendor will drop next
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  trailhouse status\n  trailhouse status --format json")]
pub(super) struct Status {
    #[command(flatten)]
    output: Output,
}

const COLUMNS: [(&str, &str); 17] = [
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
];

impl Status {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        let config = context.config()?;
        let now = Context::now();
        let rows = block_on(async {
            let lake = Lake::open(&home(&config)).await?;
            let mut rows = Vec::new();
            for (source, stream) in lake.streams() {
                let Some(state) = lake.state(&source, &stream).await? else {
                    continue;
                };
                rows.push(row(&config, &source, &stream, &state, now));
            }
            Ok(rows)
        })?;
        if rows.is_empty() {
            context.terminal.say(&format!(
                "{}: nothing is collected yet; next: trailhouse sync",
                config.dir.display()
            ));
        }
        let columns = COLUMNS
            .map(|(name, kind)| GridColumn {
                name: name.to_owned(),
                kind: kind.to_owned(),
            })
            .to_vec();
        self.output.grid(&Grid { columns, rows })?;
        Ok(DONE)
    }
}

/// What a source's configuration says of its history; defaults for one that is no longer configured. A service that keeps its
/// log for ever has no days of retention.
fn promises(config: &Config, source: &str) -> (Option<i64>, Micros) {
    let configured = config.sources.iter().find(|configured| configured.name == source);
    let day = Duration::from_secs(86_400);
    let (retention, finality) = configured.map_or((Some(90), day), |source| (source.retention_days, source.finality));
    (
        retention.map(i64::from),
        Micros::try_from(finality.as_micros()).unwrap_or(DAY),
    )
}

fn row(config: &Config, source: &str, stream: &str, state: &StreamState, now: Micros) -> Vec<Cell> {
    let (retention, finality) = promises(config, source);
    let collected = || {
        state
            .coverage
            .intervals()
            .iter()
            .filter(|interval| !matches!(interval.state, State::NotOffered | State::Purged))
    };
    let purged = state.coverage.spans_of(State::Purged).map(|span| span.to).max();
    let from = collected().map(|interval| interval.span.from).min();
    let to = collected().map(|interval| interval.span.to).max();
    let settled = collected()
        .filter(|interval| interval.state == State::Final)
        .map(|interval| interval.span.to)
        .max();
    let gaps = state.coverage.gaps();
    let missing: Micros = gaps.iter().map(|gap| gap.span.to - gap.span.from).sum();
    let reached = to.max(purged);
    let uncollected = gaps
        .iter()
        .map(|gap| gap.span.to)
        .chain(reached)
        .min()
        .unwrap_or(EARLIEST);
    // Of what only an import brought nobody knows whether a service keeps it still.
    let kept = retention.filter(|_| state.last_walk_at.is_some());
    let days_left = kept.map(|days| days - (now - uncollected) / DAY);
    let text = |text: &str| Cell::Text(text.to_owned());
    let time = |at: Option<Micros>| at.map_or(Cell::Null, Cell::Timestamp);
    let warnings = warnings(state, days_left.zip(kept), finality);
    vec![
        text(source),
        text(stream),
        text(&state.account),
        Cell::Integer(state.rows.into()),
        Cell::Integer(state.rejects.into()),
        time(from),
        time(to),
        time(settled),
        time(purged),
        Cell::Integer(i128::try_from(gaps.len()).unwrap_or(i128::MAX)),
        Cell::Integer((missing / SECOND).into()),
        to.map_or(Cell::Null, |to| Cell::Integer(((now - to) / SECOND).into())),
        time(state.last_walk_at),
        time(state.oldest_offered_at),
        Cell::Integer((state.greatest_lateness / SECOND).into()),
        days_left.map_or(Cell::Null, |days| Cell::Integer(days.into())),
        told(stream, warnings),
    ]
}

/// The warnings in one text, with what the name of the stream says.
fn told(stream: &str, mut warnings: Vec<String>) -> Cell {
    let filter = stream.split_once('?').map(|(_, filter)| filter);
    warnings.extend(filter.map(|filter| format!("only what the filter {filter} lets through is collected")));
    if warnings.is_empty() {
        Cell::Null
    } else {
        Cell::Text(warnings.join("; "))
    }
}

/// `kept`: for how many days the service still has what is not collected, and for how many it keeps anything.
fn warnings(state: &StreamState, kept: Option<(i64, i64)>, finality: Micros) -> Vec<String> {
    let mut warnings = Vec::new();
    match kept {
        Some((days_left, _)) if days_left <= 0 => {
            warnings.push("the vendor may have dropped history that is not collected: sync now".to_owned());
        }
        Some((days_left, retention)) if days_left <= retention / 2 => warnings.push(format!(
            "the vendor drops history that is not collected in {days_left} days: sync now"
        )),
        _ => {}
    }
    if state.greatest_lateness > finality / 2 {
        let hours = state.greatest_lateness / (3_600 * SECOND);
        warnings.push(format!(
            "records became visible {hours} hours late: raise finality of this source"
        ));
    }
    warnings
}
