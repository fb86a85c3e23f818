//! `rejects`: the records that could not be read, and another attempt at them after an upgrade.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use clap::{Args, Subcommand};
use uuid::Uuid;

use super::output::Output;
use super::{Context, DONE, Failure, block_on, home, import, loading, require_lake};
use crate::config::Config;
use crate::lake::{Home, KeptReject, Lake};
use crate::load::{self, Retried, Run};
use crate::source::{Service, Stream};
use crate::warehouse::{Cell, Grid, GridColumn};

/// So much of a reject is shown.
const MOST_SHOWN: usize = 2_000;

/// Records that could not be read: lists them, or reads them anew after an upgrade
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  trailhouse rejects list\n  trailhouse rejects retry"
)]
pub(super) struct RejectsVerb {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(List),
    Retry(Retry),
}

/// Lists the records that could not be read, with the reason and the begin of their bytes
#[derive(Debug, Args)]
struct List {
    /// Those too that a retry has read since
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    output: Output,
}

/// Reads them again with this program: those that can be read now become rows, the others stay
#[derive(Debug, Args)]
struct Retry {}

impl RejectsVerb {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        let config = context.config()?;
        let home = home(&config);
        require_lake(&home)?;
        match &self.verb {
            Verb::List(list) => list.run(&home),
            Verb::Retry(_) => block_on(async {
                loading::until_signalled(context, async |cancelled| {
                    retry(context, &config, &home, cancelled).await
                })
                .await
            }),
        }
    }
}

const COLUMNS: [(&str, &str); 9] = [
    ("source", "VARCHAR"),
    ("stream", "VARCHAR"),
    ("load", "BIGINT"),
    ("reason", "VARCHAR"),
    ("page", "BIGINT"),
    ("first_seen_at", "TIMESTAMP"),
    ("resolved_load", "BIGINT"),
    ("raw_bytes", "BIGINT"),
    ("raw", "VARCHAR"),
];

impl List {
    fn run(&self, home: &Home) -> Result<u8, Failure> {
        self.output.format()?;
        let rows = block_on(async {
            let mut lake = Lake::open(home).await?;
            let mut rows = Vec::new();
            for file in lake.reject_files()? {
                let rejects = lake.rejects(&file.path).await?;
                let wanted = rejects
                    .iter()
                    .filter(|reject| self.all || reject.resolved_load.is_none());
                rows.extend(wanted.map(|reject| row(&file.source, reject)));
            }
            Ok(rows)
        })?;
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

fn row(source: &str, reject: &KeptReject) -> Vec<Cell> {
    let text = |text: &str| Cell::Text(text.to_owned());
    let shown: String = String::from_utf8_lossy(&reject.bytes)
        .chars()
        .take(MOST_SHOWN)
        .collect();
    vec![
        text(source),
        text(&reject.stream),
        Cell::Integer(reject.load.into()),
        text(&reject.reason),
        Cell::Integer(reject.page.into()),
        Cell::Timestamp(reject.first_seen_at),
        reject
            .resolved_load
            .map_or(Cell::Null, |load| Cell::Integer(load.into())),
        Cell::Integer(i128::try_from(reject.bytes.len()).unwrap_or(i128::MAX)),
        text(&shown),
    ]
}

async fn retry(context: &Context, config: &Config, home: &Home, cancelled: &AtomicBool) -> Result<u8, Failure> {
    let started_at = Context::now();
    let workplace = config.workplace()?;
    let lock = loading::lock(home, "rejects retry", started_at)?;
    let mut lake = loading::open(home, &lock).await?;
    let run = Run {
        run_id: Uuid::now_v7().to_string(),
        started_at,
        clock: &Context::now,
        progress: &|_| {},
        cancelled,
        from: None,
        to: None,
    };
    for (source, name) in waiting(&mut lake).await? {
        let Some(stream) = stream_of(config, home, &source, &name).await? else {
            context.terminal.warn(&format!(
                "{source}.{name}: of which service it is is not known; configure the source"
            ));
            continue;
        };
        // Each retry puts files in the place of others.
        let files = lake.reject_files()?;
        let retried = Box::pin(load::retry(&mut lake, (&source, stream), &files, &run)).await?;
        tell(context, &format!("{source}.{name}"), &retried);
    }
    loading::bring_up(context, home, &workplace, &mut lake).await?;
    Ok(DONE)
}

/// The streams that have rejects nobody has resolved.
async fn waiting(lake: &mut Lake) -> Result<BTreeSet<(String, String)>, Failure> {
    let mut streams = BTreeSet::new();
    for file in lake.reject_files()? {
        let rejects = lake.rejects(&file.path).await?;
        let unresolved = rejects.into_iter().filter(|reject| reject.resolved_load.is_none());
        streams.extend(unresolved.map(|reject| (file.source.clone(), reject.stream)));
    }
    Ok(streams)
}

/// The stream of a source: as configured, else of the service whose rows the lake holds of it.
async fn stream_of(config: &Config, home: &Home, source: &str, name: &str) -> Result<Option<&'static Stream>, Failure> {
    let configured = config.sources.iter().find(|configured| configured.name == source);
    let service: Option<&'static Service> = match configured {
        Some(configured) => Some(configured.service),
        None => import::held(home, source).await?,
    };
    Ok(service.and_then(|service| service.stream(name)))
}

fn tell(context: &Context, name: &str, retried: &Retried) {
    let counts = &retried.counts;
    let mut said = format!(
        "{name}: {} of {} rejects can be read now, {} stored",
        retried.resolved, retried.tried, counts.stored
    );
    if counts.duplicates > 0 {
        said.push_str(&format!(", {} known already", counts.duplicates));
    }
    context.terminal.say(&said);
}
