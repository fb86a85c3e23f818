//! `compact`: fewer and larger files, and no row another. Also what a load does at its end where it left too many files.

use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use uuid::Uuid;

use super::{Context, DONE, FAILED, Failure, block_on, home, loading, require_lake};
use crate::config::Config;
use crate::lake::{Compacted, Compaction, Extent, Home, Lake};
use crate::schema::Micros;

/// Merges the small files of months that have ended, which changes no row
///
/// Files become some 128 MiB large and sorted by event time. What is written is read back and held against the rows before and
/// against the ledger; only then it takes their place, in one entry. The old files are deleted 7 days later, by this command
/// or at the end of a sync, in an entry that names them. `sync` and `import` do the same with the smallest files of any month
/// of which a source has more than 16 files in a table.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  trailhouse compact\n  trailhouse compact --adopt")]
pub(super) struct Compact {
    /// Only these sources
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,
    /// Takes over what another program did to the Delta tables (OPTIMIZE, VACUUM), if no row is another
    ///
    /// Until then nothing is written beside it. The records of each load must be those of its digest in the ledger, and all
    /// columns those of the old files as far as they still stand there.
    #[arg(long, conflicts_with = "sources")]
    adopt: bool,
}

impl Compact {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        let config = context.config()?;
        let home = home(&config);
        require_lake(&home)?;
        let started_at = Context::now();
        block_on(loading::until_signalled(context, async |cancelled| {
            if self.adopt {
                adopt(context, (&home, &config), started_at).await
            } else {
                self.compact(context, (&home, &config), (started_at, cancelled)).await
            }
        }))
    }

    async fn compact(
        &self,
        context: &Context,
        (home, config): (&Home, &Config),
        (started_at, cancelled): (Micros, &AtomicBool),
    ) -> Result<u8, Failure> {
        let workplace = config.workplace()?;
        let lock = loading::lock(home, "compact", started_at)?;
        let mut lake = loading::open(home, &lock).await?;
        self.check_sources(&lake)?;
        let task = Compaction {
            run_id: &Uuid::now_v7().to_string(),
            started_at,
            clock: &Context::now,
            cancelled,
            sources: &self.sources,
            extent: Extent::Ended,
        };
        let compacted = lake.compact(&task).await?;
        tell(context, &compacted);
        if compacted.files == 0 && compacted.failures.is_empty() {
            context.terminal.say("nothing to merge in months that have ended");
        }
        for (month, error) in &compacted.failures {
            context.terminal.error(
                &format!("{month}: not compacted: {error:#}"),
                "its files stay as they are; `trailhouse verify` says what is wrong with them",
            );
        }
        loading::bring_up(context, home, &workplace, &mut lake).await?;
        Ok(if compacted.failures.is_empty() { DONE } else { FAILED })
    }

    fn check_sources(&self, lake: &Lake) -> Result<(), Failure> {
        let mut known: Vec<String> = lake.streams().into_iter().map(|(source, _)| source).collect();
        known.dedup();
        match self.sources.iter().find(|source| !known.contains(source)) {
            None => Ok(()),
            Some(unknown) => {
                let failure = Failure::usage(format!("{unknown}: no source of this lake"));
                Err(failure.hinted(format!("it holds {}", known.join(", "))))
            }
        }
    }
}

async fn adopt(context: &Context, (home, config): (&Home, &Config), started_at: Micros) -> Result<u8, Failure> {
    let workplace = config.workplace()?;
    let lock = loading::lock(home, "compact --adopt", started_at)?;
    let mut lake = Lake::open_for_adoption(home, &lock).await?;
    let run_id = Uuid::now_v7().to_string();
    let adopted = lake.adopt(&run_id, started_at, Context::now()).await.map_err(|error| {
        let failure = Failure::from(error.context("nothing is adopted"));
        if failure.hint.is_some() {
            return failure;
        }
        failure
            .hinted("what the other program did is not what the ledger allows: put back a copy of the lake from before")
    })?;
    match adopted.commits {
        0 => context.terminal.say("no other program has changed the Delta tables"),
        commits => context.terminal.say(&format!(
            "adopted from another program: Delta commits: {commits}; data files: {}, in place of {}, with the same records; \
             `trailhouse verify --deep` holds their columns against them",
            adopted.added, adopted.removed
        )),
    }
    loading::bring_up(context, home, &workplace, &mut lake).await?;
    Ok(DONE)
}

/// After a load: merges what became too many files. A failure is said and changes nothing else.
pub(super) async fn after_load(
    context: &Context,
    lake: &mut Lake,
    (run_id, started_at): (&str, Micros),
    cancelled: &AtomicBool,
) {
    let task = Compaction {
        run_id,
        started_at,
        clock: &Context::now,
        cancelled,
        sources: &[],
        extent: Extent::Crowded,
    };
    if cancelled.load(Ordering::SeqCst) {
        return;
    }
    match lake.compact(&task).await {
        Ok(compacted) => {
            tell(context, &compacted);
            for (month, error) in &compacted.failures {
                let hint = "`trailhouse verify` says what is wrong with its files";
                context
                    .terminal
                    .warn(&format!("{month}: not compacted: {error:#}; {hint}"));
            }
        }
        Err(error) => {
            context
                .terminal
                .warn(&format!("compaction: {error:#}; what was loaded is kept"));
            if let Err(error) = lake.recover().await {
                context.terminal.warn(&format!("compaction: {error:#}"));
            }
        }
    }
}

fn tell(context: &Context, compacted: &Compacted) {
    let (terminal, deleted) = (&context.terminal, compacted.deleted);
    if compacted.files > 0 {
        terminal.say(&format!(
            "compaction: {} files are merged into {}",
            compacted.files, compacted.made
        ));
    }
    if deleted > 0 {
        terminal.say(&format!(
            "compaction: deleted files that were merged more than 7 days ago: {deleted}"
        ));
    }
}
