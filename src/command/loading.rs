//! What every command that loads does around it: one writer at a time, an end on a signal, the warehouse brought up to the
//! lake, and what it tells of each stream. Apart from the verbs because a load ends alike wherever its rows came from.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::{Context, DONE, FAILED, Failure, NEEDS_A_LOOK, USAGE};
use crate::config::Config;
use crate::lake::{Home, Lake, Lock};
use crate::load::{Outcome, follow};
use crate::schema::{Micros, format_time};
use crate::warehouse::{Warehouse, WarehouseError, Way, Workplace};

/// After a signal, how long the page at hand may take before the command ends without it.
const GRACE: Duration = Duration::from_secs(5);

/// Works to the end, or until a signal asks to stop; the work is told by its flag.
pub(super) async fn until_signalled(
    context: &Context,
    work: impl AsyncFnOnce(&AtomicBool) -> Result<u8, Failure>,
) -> Result<u8, Failure> {
    let cancelled = AtomicBool::new(false);
    let work = work(&cancelled);
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

/// Takes the lock of a home in the name of a verb.
pub(super) fn lock(home: &Home, verb: &str, since: Micros) -> Result<Lock, Failure> {
    let holder = format!(
        "trailhouse {verb}, process {}, since {}",
        std::process::id(),
        format_time(since)
    );
    Ok(Lock::take(home, &holder)?)
}

/// Opens the lake of a home for writing, and finishes what a killed run left.
pub(super) async fn open(home: &Home, lock: &Lock) -> Result<Lake, Failure> {
    Lake::open_for_writing(home, lock).await.map_err(unusable_lake)
}

fn unusable_lake(error: anyhow::Error) -> Failure {
    let failure = Failure::from(error);
    if failure.hint.is_some() {
        return failure;
    }
    failure.hinted("`trailhouse verify` says what is wrong with the lake; nothing was changed")
}

/// Brings the warehouse up to the lake; one that is held follows at the next run.
pub(super) async fn bring_up(
    context: &Context,
    home: &Home,
    workplace: &Workplace,
    lake: &mut Lake,
) -> Result<(), Failure> {
    match follow::bring_up(lake, &home.warehouse(), workplace).await {
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
            Ok(error @ WarehouseError::Failed { .. }) => Err(Failure::from(error).hinted(
                "what was loaded is kept in the lake; mend the cause, and the next command brings the warehouse up to date",
            )),
            Ok(error) => Err(error.into()),
            Err(error) => Err(error.into()),
        },
    }
}

/// Says when people or hours have changed since the warehouse was written: who only reads it changes nothing.
pub(super) fn tell_of_workplace(context: &Context, config: &Config, warehouse: &Warehouse) -> Result<(), Failure> {
    if !warehouse.holds(&config.workplace()?)? {
        context.terminal.warn(
            "warehouse: people or hours of the configuration are newer than those in it; the next sync or `trailhouse rebuild` \
             takes them up",
        );
    }
    Ok(())
}

/// Says what became of a stream; `how` names what was read for it.
pub(super) fn tell(context: &Context, outcome: &Outcome, how: &str) {
    let name = outcome.name();
    let counts = &outcome.counts;
    let mut parts = vec![format!("{} stored", counts.stored - counts.revisions - counts.drift)];
    let more = [
        (counts.revisions, "revised"),
        (counts.drift, "in a new shape"),
        (counts.duplicates, "known already"),
        (counts.withheld, "of purged time"),
        (counts.rejects, "rejected"),
        (counts.wrong_types, "fields of a wrong type"),
    ];
    parts.extend(
        more.iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}")),
    );
    context.terminal.say(&format!("{name}: {} ({how})", parts.join(", ")));
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

/// Whether the service was asked for a stream, and gave it; one that had nothing to ask for says nothing of the service.
fn has_answered(outcome: &Outcome) -> bool {
    outcome.error.is_none() && outcome.counts.requests > 0
}

/// The exit code of a run over these streams.
pub(super) fn code(outcomes: &[Outcome]) -> u8 {
    let errors = || outcomes.iter().filter_map(|outcome| outcome.error.as_ref());
    if errors().any(|error| error.is_configuration()) {
        USAGE
    } else if errors().count() > 0 && !outcomes.iter().any(has_answered) {
        FAILED
    } else if errors().count() > 0 || outcomes.iter().any(Outcome::needs_a_look) {
        NEEDS_A_LOOK
    } else {
        DONE
    }
}
