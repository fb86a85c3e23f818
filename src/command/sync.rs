//! `sync`: everything the sources have that the lake lacks. Also what `demo` runs, on a source of its own.

use std::sync::atomic::AtomicBool;

use clap::Args;
use uuid::Uuid;

use super::{Context, Failure, block_on, compact, home, loading};
use crate::config::Config;
use crate::lake::Home;
use crate::load::{self, Run};
use crate::pull::probe::Kept;
use crate::report;
use crate::schema::Micros;
use crate::source::{DateOperators, Source, Stream};
use crate::warehouse::Workplace;

/// Pulls what is new into the lake, and brings the warehouse up to date
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  trailhouse sync\n  trailhouse sync secoda_prod.audit_logs --from -7d")]
pub(super) struct Sync {
    /// Only these sources, or streams of them
    #[arg(value_name = "SOURCE[.STREAM]")]
    names: Vec<String>,
    /// Reads back to this time, whatever is known already: RFC 3339, a date, or -90d
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    from: Option<String>,
    /// The end of the time asked for, where the service can be asked for one; lists in pages always begin at their newest row
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    to: Option<String>,
}

/// What is to be synchronised.
pub(super) struct Job {
    pub(super) home: Home,
    pub(super) workplace: Workplace,
    pub(super) sources: Vec<(Source, Vec<&'static Stream>)>,
    pub(super) from: Option<Micros>,
    pub(super) to: Option<Micros>,
    pub(super) started_at: Micros,
    /// How far in the past it is played; only the demo's is.
    pub(super) behind: Micros,
}

impl Sync {
    /// Refuses names of sources and streams that the configuration does not know.
    pub(super) fn check(&self, config: &Config) -> Result<(), Failure> {
        config.select(&self.names)?;
        Ok(())
    }

    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        let config = context.config()?;
        let selected = config.select(&self.names)?;
        let now = Context::now();
        let time = |text: &Option<String>, name: &str| {
            let read = |text: &String| report::time(text, now, &config.zone);
            let read = text.as_ref().map(read).transpose();
            read.map_err(|error| Failure::usage(format!("--{name}: {error}")))
        };
        let (from, to) = (time(&self.from, "from")?, time(&self.to, "to")?);
        if from.zip(to).is_some_and(|(from, to)| from >= to) {
            return Err(Failure::usage("--from is not before --to"));
        }
        if from.is_some_and(|from| from >= now) {
            return Err(Failure::usage("--from is in the future"));
        }
        let mut sources = Vec::with_capacity(selected.len());
        let home = home(&config);
        for source in selected {
            let streams = source.streams.clone();
            let mut source = source.resolve(&context.environment)?;
            source.dates = probed(context, &home, &source);
            sources.push((source, streams));
        }
        let job = Job {
            home,
            workplace: config.workplace()?,
            sources,
            from,
            to,
            started_at: now,
            behind: 0,
        };
        block_on(run(context, &job))
    }
}

/// What a probe of the source has found; a file that is not sound is as good as none.
pub(super) fn probed(context: &Context, home: &Home, source: &Source) -> Option<DateOperators> {
    let path = home.probed(&source.name);
    Kept::dates(&path, source).unwrap_or_else(|error| {
        let (path, name) = (path.display(), &source.name);
        context.terminal.warn(&format!(
            "{path}: {error}; it is not used: `trailhouse probe {name}` writes it anew"
        ));
        None
    })
}

/// Runs a job to its end or to a signal.
pub(super) async fn run(context: &Context, job: &Job) -> Result<u8, Failure> {
    loading::until_signalled(context, async |cancelled| work(context, job, cancelled).await).await
}

async fn work(context: &Context, job: &Job, cancelled: &AtomicBool) -> Result<u8, Failure> {
    for (source, _) in &job.sources {
        if let Some(warning) = source.auth.warning() {
            context.terminal.warn(&format!("{}: {warning}", source.name));
        }
    }
    let lock = loading::lock(&job.home, "sync", job.started_at)?;
    let mut lake = loading::open(&job.home, &lock).await?;
    let teller = context.terminal.progress();
    let run = Run {
        run_id: Uuid::now_v7().to_string(),
        started_at: job.started_at,
        clock: &|| Context::now() - job.behind,
        progress: &|progress| teller.tell(progress),
        cancelled,
        from: job.from,
        to: job.to,
    };
    let outcomes = Box::pin(load::sync(&mut lake, &job.sources, &run)).await;
    teller.end();
    let outcomes = outcomes?;
    for outcome in &outcomes {
        loading::tell(context, outcome, &format!("{} requests", outcome.counts.requests));
    }
    compact::after_load(context, &mut lake, (&run.run_id, job.started_at), cancelled).await;
    loading::bring_up(context, &job.home, &job.workplace, &mut lake).await?;
    Ok(loading::code(&outcomes))
}
