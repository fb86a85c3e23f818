//! `purge`: rows taken away by policy or on request, and people erased. Asks nothing: what is to go is said on the command line,
//! and `--dry-run` shows it before.

mod person;
mod told;

use std::collections::BTreeSet;

use clap::Args;
use uuid::Uuid;

use super::output::Output;
use super::{Context, DONE, Failure, block_on, home, loading, require_lake};
use crate::config::Config;
use crate::lake::{Home, Lake, Purge as Rows};
use crate::load::follow;
use crate::report;
use crate::schema::{Micros, format_time};
use crate::warehouse::Cell;

/// Removes rows for good, by `[retention]` or as said here, or replaces all that identifies a person by pseudonyms
///
/// Rows go that are older than the limit by their event and by their last change; a hold in the configuration wins over
/// everything. What went stands in the ledger, and is neither a gap nor collected again.
#[derive(Debug, Args)]
#[command(
    after_help = "Rows go by policy:    trailhouse purge --retention --reason \"yearly\"\n\
Rows go on request:   trailhouse purge secoda_prod --before 2020-01-01\n\
A person is erased:   trailhouse purge --performer 0a1b2c3d --source secoda_prod\n\n\
Examples:\n  trailhouse purge --dry-run\n  trailhouse purge demo_zendesk --before 2020-01-01 --dry-run"
)]
pub(super) struct Purge {
    /// The sources; by default all that `[retention]` limits, or that know the person
    #[arg(value_name = "SOURCE")]
    names: Vec<String>,
    /// Removes what is older than `[retention]` lets it be; also meant where sources are named and nothing else
    #[arg(long, conflicts_with_all = ["before", "all", "performer"])]
    retention: bool,
    /// Removes what is older than this: RFC 3339, a date, or -90d
    #[arg(long, value_name = "T", allow_hyphen_values = true, conflicts_with_all = ["all", "performer"], requires = "names")]
    before: Option<String>,
    /// Removes everything until now
    #[arg(long, conflicts_with = "performer", requires = "names")]
    all: bool,
    /// Replaces what identifies this person, by the service's identifier, wherever it stands, and in all that comes later
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    performer: Option<String>,
    /// Erases the person from this source alone
    #[arg(long, value_name = "SOURCE", requires = "performer", conflicts_with = "names")]
    source: Option<String>,
    /// Only shows what would go, and what a hold keeps back
    #[arg(long)]
    dry_run: bool,
    /// Who removes it [default: the user of the system]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Why, for the ledger
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// After an erasure, also loses the objects in the warehouse that trailhouse did not make
    #[arg(long, requires = "performer")]
    discard: bool,
    #[command(flatten)]
    output: Output,
}

/// One source, and before when its rows go.
struct Limit {
    source: String,
    before: Micros,
    policy: String,
}

/// What every part of the work is given.
struct Work<'a> {
    context: &'a Context,
    config: &'a Config,
    home: Home,
    by: String,
    run_id: String,
    started_at: Micros,
}

impl Purge {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        let config = context.config()?;
        let home = home(&config);
        require_lake(&home)?;
        self.check_asked()?;
        self.output.check()?;
        let by = match &self.by {
            Some(by) if by.trim().is_empty() => return Err(Failure::usage("--by: is empty")),
            Some(by) => by.clone(),
            None => context.user(),
        };
        let work = Work {
            context,
            config: &config,
            home,
            by,
            run_id: Uuid::now_v7().to_string(),
            started_at: Context::now(),
        };
        let rows = block_on(async {
            if self.dry_run {
                let mut lake = Lake::open_with_keys(&work.home).await?;
                return self.work(&work, &mut lake).await;
            }
            let workplace = config.workplace()?;
            let lock = loading::lock(&work.home, "purge", work.started_at)?;
            let mut lake = loading::open(&work.home, &lock).await?;
            if self.performer.is_some() {
                self.check_warehouse(&work.home)?;
            }
            let rows = self.work(&work, &mut lake).await?;
            if self.discard {
                follow::rebuild(&mut lake, &work.home.warehouse(), &workplace).await?;
            }
            loading::bring_up(context, &work.home, &workplace, &mut lake).await?;
            Ok(rows)
        })?;
        if self.performer.is_some() && !self.dry_run {
            told::tell_reports(&work);
        }
        self.output.grid(&told::grid(rows))?;
        Ok(DONE)
    }

    /// Nothing goes that was not asked for; what would go by policy may be looked at any time.
    fn check_asked(&self) -> Result<(), Failure> {
        let is_asked = self.retention || self.performer.is_some() || !self.names.is_empty() || self.dry_run;
        if is_asked {
            return Ok(());
        }
        let failure = Failure::usage("purge: nothing says what is to go");
        Err(failure.hinted("--retention, SOURCE with --before or --all, or --performer; `trailhouse purge --dry-run` shows what --retention would remove"))
    }

    async fn work(&self, work: &Work<'_>, lake: &mut Lake) -> Result<Vec<Vec<Cell>>, Failure> {
        check_holds(work.config, lake)?;
        match &self.performer {
            Some(performer) => self.erase(work, lake, performer).await,
            None => self.take_away(work, lake).await,
        }
    }

    async fn take_away(&self, work: &Work<'_>, lake: &mut Lake) -> Result<Vec<Vec<Cell>>, Failure> {
        let mut rows = Vec::new();
        for limit in self.limits(work, lake)? {
            let purge = Rows {
                source: &limit.source,
                before: limit.before,
                policy: &limit.policy,
                holds: &work.config.holds,
                by: &work.by,
                reason: self.reason.as_deref(),
                run_id: &work.run_id,
                started_at: work.started_at,
                at: Context::now(),
            };
            let (going, entry) = if self.dry_run {
                (lake.plan_purge(&purge).await?, None)
            } else {
                lake.purge(&purge).await?
            };
            told::tell(work.context, &limit, &going, (self.dry_run, entry), &work.config.holds);
            rows.extend(told::going_rows(&limit, &going));
        }
        Ok(rows)
    }

    /// Which rows go of which source.
    fn limits(&self, work: &Work<'_>, lake: &Lake) -> Result<Vec<Limit>, Failure> {
        let known = sources_of(lake);
        for name in &self.names {
            check_source(name, &known)?;
        }
        let before = match (&self.before, self.all) {
            (Some(text), _) => Some(moment(text, work)?),
            (None, true) => Some((work.started_at, "everything".to_owned())),
            (None, false) => None,
        };
        let named: BTreeSet<&String> = if self.names.is_empty() {
            known.iter().collect()
        } else {
            self.names.iter().collect()
        };
        let mut limits = Vec::new();
        for source in named {
            let limit = before.clone().or_else(|| {
                let keep = work.config.retention.of(source)?;
                Some((keep.before(work.started_at), format!("keep {keep}")))
            });
            match limit {
                Some((before, policy)) => limits.push(Limit {
                    source: source.clone(),
                    before,
                    policy,
                }),
                None if self.names.is_empty() => {}
                None => {
                    let failure = Failure::usage(format!("{source}: its rows are kept for ever"));
                    return Err(
                        failure.hinted("say what is to go with --before or --all, or set `keep` in [retention]")
                    );
                }
            }
        }
        if limits.is_empty() && !self.dry_run {
            let failure = Failure::usage("[retention] limits no source of this lake: every row is kept for ever");
            return Err(failure.hinted("set `keep` in [retention], or name a source and --before"));
        }
        Ok(limits)
    }
}

fn moment(text: &str, work: &Work<'_>) -> Result<(Micros, String), Failure> {
    let before = report::time(text, work.started_at, &work.config.zone)
        .map_err(|error| Failure::usage(format!("--before: {error}")))?;
    if before > work.started_at {
        let failure = Failure::usage(format!("--before: {} is in the future", format_time(before)));
        return Err(failure.hinted("what has not happened yet cannot be removed; --all removes everything until now"));
    }
    Ok((before, format!("before {}", format_time(before))))
}

/// A hold of a source that nobody knows would keep nothing back.
fn check_holds(config: &Config, lake: &Lake) -> Result<(), Failure> {
    let mut known = sources_of(lake);
    known.extend(config.sources.iter().map(|source| source.name.clone()));
    for hold in &config.holds {
        if let Some(source) = hold.sources.iter().find(|source| !known.contains(*source)) {
            let failure = Failure::usage(format!("hold `{}`: no source `{source}`", hold.name));
            return Err(failure.hinted(format!("known sources: {}", listed(&known))));
        }
    }
    Ok(())
}

fn check_source(name: &str, known: &BTreeSet<String>) -> Result<(), Failure> {
    if known.contains(name) {
        return Ok(());
    }
    let failure = Failure::usage(format!("{name}: the lake holds nothing of this source"));
    Err(failure.hinted(format!("it holds: {}", listed(known))))
}

fn listed(names: &BTreeSet<String>) -> String {
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.iter().cloned().collect::<Vec<_>>().join(", "),
    }
}

fn sources_of(lake: &Lake) -> BTreeSet<String> {
    lake.streams().into_iter().map(|(source, _)| source).collect()
}
