//! `reconcile`: a stretch of a stream read again and compared with the lake, and the difference mended when told to.

use std::sync::atomic::AtomicBool;

use clap::Args;
use uuid::Uuid;

use super::output::Output;
use super::{Context, DONE, FAILED, Failure, NEEDS_A_LOOK, USAGE, home, loading, sync};
use crate::coverage::Span;
use crate::lake::Home;
use crate::load::{self, Compared, Finding, Run, Wish};
use crate::report;
use crate::schema::{Micros, format_time};
use crate::source::{Source, Stream};
use crate::warehouse::{Cell, Grid, GridColumn, Workplace};

/// Reads a stretch of a stream again and compares it with the lake
///
/// What is compared are the records whose event time lies between --from and --to, by id and content. A record that was
/// revised later is found as well: lists in the order of change are read from their newest row. What was found is written into
/// the ledger, and without --repair nothing else is.
///
/// The exit code is 0 where nothing differs, 3 where something does or has vanished, 1 or 2 where the stretch could not be read.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  trailhouse reconcile secoda_prod.audit_logs --from 2026-06-01 --to 2026-07-01\n  \
trailhouse reconcile secoda_prod.audit_logs --from -7d --to -1d --repair"
)]
pub(super) struct Reconcile {
    #[arg(value_name = "SOURCE.STREAM")]
    name: String,
    /// Begin of the event time compared, itself inside: RFC 3339, a date, or -90d
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    from: String,
    /// Its end, itself outside
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    to: String,
    /// Stores what is missing or changed
    #[arg(long)]
    repair: bool,
    #[command(flatten)]
    output: Output,
}

/// What is compared with what.
struct Job {
    home: Home,
    workplace: Workplace,
    source: Source,
    stream: &'static Stream,
    wish: Wish,
    started_at: Micros,
}

impl Reconcile {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        let config = context.config()?;
        self.output.check()?;
        if !self.name.contains('.') {
            return Err(Failure::usage(format!("{}: names no stream", self.name)).hinted("name it as SOURCE.STREAM"));
        }
        let now = Context::now();
        let time = |text: &str, name: &str| {
            report::time(text, now, &config.zone).map_err(|error| Failure::usage(format!("--{name}: {error}")))
        };
        let span = Span::new(time(&self.from, "from")?, time(&self.to, "to")?);
        if span.is_empty() {
            return Err(Failure::usage("--from is not before --to"));
        }
        let selected = config.select(std::slice::from_ref(&self.name))?;
        let Some((source, stream)) = selected
            .iter()
            .find_map(|source| Some((source, *source.streams.first()?)))
        else {
            return Err(Failure::usage(format!("{}: is not configured", self.name)));
        };
        let home = home(&config);
        home.check().map_err(anyhow::Error::from)?;
        super::require_lake(&home)?;
        let mut source = source.resolve(&context.environment)?;
        source.dates = sync::probed(context, &home, &source);
        let job = Job {
            home,
            workplace: config.workplace()?,
            source,
            stream,
            wish: Wish {
                span,
                is_repaired: self.repair,
            },
            started_at: now,
        };
        super::block_on(async {
            loading::until_signalled(context, async |cancelled| self.work(context, &job, cancelled).await).await
        })
    }

    async fn work(&self, context: &Context, job: &Job, cancelled: &AtomicBool) -> Result<u8, Failure> {
        let lock = loading::lock(&job.home, "reconcile", job.started_at)?;
        let mut lake = loading::open(&job.home, &lock).await?;
        let teller = context.terminal.progress();
        let run = Run {
            run_id: Uuid::now_v7().to_string(),
            started_at: job.started_at,
            clock: &Context::now,
            progress: &|progress| teller.tell(progress),
            cancelled,
            from: None,
            to: None,
        };
        let compared = Box::pin(load::reconcile(&mut lake, (&job.source, job.stream), job.wish, &run)).await;
        teller.end();
        let name = format!("{}.{}", job.source.name, job.stream.name);
        let compared = match compared {
            Ok(Some(compared)) => compared,
            Ok(None) => {
                loading::bring_up(context, &job.home, &job.workplace, &mut lake).await?;
                return Ok(DONE);
            }
            Err(error) => {
                lake.recover().await?;
                loading::bring_up(context, &job.home, &job.workplace, &mut lake).await?;
                return Err(Failure {
                    code: if error.is_configuration() { USAGE } else { FAILED },
                    message: format!("{name}: {error}"),
                    hint: Some(error.hint()),
                });
            }
        };
        loading::bring_up(context, &job.home, &job.workplace, &mut lake).await?;
        self.output.grid(&grid(&compared))?;
        tell(context, &name, &compared);
        let is_different = compared.reconciled.differs();
        Ok(if is_different { NEEDS_A_LOOK } else { DONE })
    }
}

/// One row for every way to differ, also where none does.
fn grid(compared: &Compared) -> Grid {
    let columns = [
        ("finding", "VARCHAR"),
        ("meaning", "VARCHAR"),
        ("records", "BIGINT"),
        ("first_ids", "VARCHAR[]"),
    ];
    let row = |finding: Finding| {
        let ids = compared.tally.ids(finding).iter();
        vec![
            Cell::Text(finding.name().to_owned()),
            Cell::Text(finding.meaning().to_owned()),
            Cell::Integer(compared.tally.count(finding).into()),
            Cell::Json(ids.map(|id| serde_json::Value::from(id.as_str())).collect()),
        ]
    };
    Grid {
        columns: columns
            .map(|(name, kind)| GridColumn {
                name: name.to_owned(),
                kind: kind.to_owned(),
            })
            .to_vec(),
        rows: Finding::ALL.into_iter().map(row).collect(),
    }
}

fn tell(context: &Context, name: &str, compared: &Compared) {
    let found = &compared.reconciled;
    let (from, to) = (format_time(found.span.from), format_time(found.span.to));
    context.terminal.say(&format!(
        "{name}: {from} to {to}: of {} records in the lake {} are as the service has them; ledger entry {}",
        found.held, found.same, compared.entry
    ));
    for warning in &compared.warnings {
        context.terminal.warn(&format!("{name}: {warning}"));
    }
    if found.unreadable > 0 {
        context.terminal.warn(&format!(
            "{name}: {} records of the service cannot be read, and were not compared",
            found.unreadable
        ));
    }
    if found.withheld > 0 {
        context.terminal.say(&format!(
            "{name}: {} records are of a purged time, and were not compared",
            found.withheld
        ));
    }
    if found.is_repaired {
        context
            .terminal
            .say(&format!("{name}: {} records stored", found.stored));
    } else if found.missing + found.changed > 0 {
        context.terminal.say(&format!(
            "{name}: with --repair, what is missing or changed would be stored"
        ));
    }
}
