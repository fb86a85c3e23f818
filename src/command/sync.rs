//! `sync`: everything the sources have that the lake lacks. Also what `demo` runs, on a source of its own.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use uuid::Uuid;

use super::{Context, DONE, FAILED, Failure, NEEDS_A_LOOK, USAGE, block_on, home};
use crate::lake::{Home, Lake, Lock};
use crate::load::{self, Outcome, Run, follow};
use crate::report;
use crate::schema::{Micros, format_time};
use crate::source::{Source, Stream};
use crate::warehouse::{self, WarehouseError, Way};

/// After a signal, how long the page at hand may take before the command ends without it.
const GRACE: Duration = Duration::from_secs(5);

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
    pub(super) time_zone: String,
    pub(super) sources: Vec<(Source, Vec<&'static Stream>)>,
    pub(super) from: Option<Micros>,
    pub(super) to: Option<Micros>,
    pub(super) started_at: Micros,
}

impl Sync {
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
        let mut sources = Vec::with_capacity(selected.len());
        for source in selected {
            let streams = source.streams.clone();
            sources.push((source.resolve(&context.environment)?, streams));
        }
        let job = Job {
            home: home(&config),
            time_zone: config.time_zone.clone(),
            sources,
            from,
            to,
            started_at: now,
        };
        block_on(run(context, &job))
    }
}

/// Runs a job to its end or to a signal.
pub(super) async fn run(context: &Context, job: &Job) -> Result<u8, Failure> {
    let cancelled = AtomicBool::new(false);
    let work = work(context, job, &cancelled);
    tokio::pin!(work);
    tokio::select! {
        ended = &mut work => ended,
        code = signalled() => {
            cancelled.store(true, Ordering::SeqCst);
            context.terminal.say("stopping: what was read is committed");
            // Whether it ends in time or not, everything named by the ledger is durable.
            drop(tokio::time::timeout(GRACE, work).await);
            Ok(code)
        }
    }
}

/// Ends with the exit code of the first signal to stop.
async fn signalled() -> u8 {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => 130,
        _ = terminate.recv() => 143,
    }
}

async fn work(context: &Context, job: &Job, cancelled: &AtomicBool) -> Result<u8, Failure> {
    let started_at = job.started_at;
    let holder = format!(
        "trailhouse sync, process {}, since {}",
        std::process::id(),
        format_time(started_at)
    );
    let lock = Lock::take(&job.home, &holder)?;
    let mut lake = Lake::open_for_writing(&job.home, &lock).await.map_err(unusable_lake)?;
    let teller = context.terminal.progress();
    let run = Run {
        run_id: Uuid::now_v7().to_string(),
        started_at,
        clock: &Context::now,
        progress: &|progress| teller.tell(progress),
        cancelled,
        from: job.from,
        to: job.to,
    };
    let outcomes = load::sync(&mut lake, &job.sources, &run).await;
    teller.end();
    let outcomes = outcomes?;
    for outcome in &outcomes {
        tell(context, outcome);
    }
    bring_up(context, job, &mut lake).await?;
    Ok(code(&outcomes))
}

fn unusable_lake(error: anyhow::Error) -> Failure {
    let failure = Failure::from(error);
    if failure.hint.is_some() {
        return failure;
    }
    failure.hinted("`trailhouse verify` says what is wrong with the lake; nothing was changed")
}

/// Brings the warehouse up to the lake; one that is held follows at the next run.
async fn bring_up(context: &Context, job: &Job, lake: &mut Lake) -> Result<(), Failure> {
    match follow(lake, &job.home, &job.time_zone).await {
        Ok(Some(Way::OnCopy)) => {
            context.terminal.say(
                "warehouse: read by another process, and replaced by a newer one; open it again to see the new rows",
            );
            Ok(())
        }
        Ok(_) => Ok(()),
        Err(error) => match error.downcast::<WarehouseError>() {
            Ok(WarehouseError::Held { by, .. }) => {
                context.terminal.warn(&format!(
                    "warehouse: held by {by}; the load is in the lake, and the warehouse follows at the next run"
                ));
                Ok(())
            }
            Ok(error) => Err(error.into()),
            Err(error) => Err(error.into()),
        },
    }
}

async fn follow(lake: &mut Lake, home: &Home, time_zone: &str) -> anyhow::Result<Option<Way>> {
    let path = home.warehouse();
    let Some(increment) = follow::increment(lake, &path).await? else {
        return Ok(None);
    };
    let way = tokio::task::block_in_place(|| warehouse::catch_up(&path, time_zone, &increment))?;
    Ok(Some(way))
}

fn tell(context: &Context, outcome: &Outcome) {
    let name = outcome.name();
    let counts = &outcome.counts;
    let mut parts = vec![format!("{} stored", counts.stored - counts.revisions - counts.drift)];
    let more = [
        (counts.revisions, "revised"),
        (counts.drift, "in a new shape"),
        (counts.duplicates, "known already"),
        (counts.rejects, "rejected"),
        (counts.wrong_types, "fields of a wrong type"),
    ];
    parts.extend(
        more.iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}")),
    );
    context
        .terminal
        .say(&format!("{name}: {} ({} requests)", parts.join(", "), counts.requests));
    for note in &outcome.notes {
        context.terminal.say(&format!("{name}: {note}"));
    }
    for warning in &outcome.warnings {
        context.terminal.warn(&format!("{name}: {warning}"));
    }
    for finding in &outcome.findings {
        context.terminal.warn(&format!("{name}: {finding}"));
    }
    if counts.rejects > 0 {
        let how = "trailhouse query \"select reason, page, first_seen_at from rejects\"";
        context.terminal.warn(&format!(
            "{name}: {} records could not be read and are kept; see: {how}",
            counts.rejects
        ));
    }
    for gap in &outcome.new_gaps {
        let (from, to) = (format_time(gap.span.from), format_time(gap.span.to));
        context
            .terminal
            .warn(&format!("{name}: {from} to {to} is a gap: {}", gap.reason));
    }
    if let Some(error) = &outcome.error {
        context.terminal.error(&format!("{name}: {error}"), &error.hint());
    }
}

fn code(outcomes: &[Outcome]) -> u8 {
    let errors = || outcomes.iter().filter_map(|outcome| outcome.error.as_ref());
    if errors().any(|error| error.is_configuration()) {
        USAGE
    } else if !outcomes.is_empty() && errors().count() == outcomes.len() {
        FAILED
    } else if errors().count() > 0 || outcomes.iter().any(Outcome::needs_a_look) {
        NEEDS_A_LOOK
    } else {
        DONE
    }
}
