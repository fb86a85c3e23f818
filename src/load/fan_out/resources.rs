//! Which resources a reading concerns, and what the stream that names them has proven: everything the fan-out takes from the
//! lake and the ledger, apart from the asking.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::StreamError;
use super::super::stream::StreamLoad;
use super::{Lists, Reading, fan_out, place};
use crate::coverage::{Place, StreamState};
use crate::lake::Lake;
use crate::ledger::{QuietStream, stream_key};
use crate::schema::{DAY, Micros, parse_time};

/// Among so many loads the newest rows are looked for.
const RECENT_LOADS: u64 = 200;

/// The entry that holds the newest state of the other stream, filtered or not; none where the lake has none of its rows.
pub(super) fn newest(load: &StreamLoad<'_>, of: &str) -> Option<u64> {
    let key = stream_key(&load.task.source.name, of);
    let is_of = |name: &str| {
        name.strip_prefix(&key)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('?'))
    };
    let states = &load.lake.newest()?.entry.states;
    let of = states.iter().filter(|(name, _)| is_of(name));
    of.map(|(_, sequence)| *sequence).max()
}

/// The last entry in `(after, newest]` that is older than `finality`; `after` where none is.
pub(super) async fn settled(load: &StreamLoad<'_>, (after, newest): (u64, u64)) -> Result<u64, StreamError> {
    let border = (load.task.run.clock)() - micros(load.task.source.finality);
    let mut last = after;
    for sequence in after + 1..=newest {
        let sealed = load.lake.entry(sequence).await.map_err(StreamError::Lake)?;
        if parse_time(&sealed.entry.finished_at).is_none_or(|at| at > border) {
            break;
        }
        last = sequence;
    }
    Ok(last)
}

/// The resources still to be listed, in their order.
pub(super) async fn to_list(
    load: &mut StreamLoad<'_>,
    lists: &Lists<'_>,
    reading: Reading,
) -> Result<Vec<String>, StreamError> {
    let failed = fan_out(load).failed.clone();
    if reading == Reading::Again {
        return Ok(failed);
    }
    let source = load.task.source;
    let Place {
        after,
        until,
        last_done,
    } = place(load, reading).clone();
    let mut since = None;
    if reading == Reading::Second && after < until {
        // What was older than `finality` when it was listed first had nothing late to come.
        let state = state_at(load.lake, (&source.name, lists.of), after + 1).await?;
        let horizon = state.and_then(|state| state.coverage.horizon());
        since = horizon.map(|horizon| horizon - micros(source.finality));
    }
    let named = |loads| (source.name.as_str(), lists.of, loads);
    let found = load.lake.resources(named((after, until)), since).await;
    let mut ids = found.map_err(StreamError::Lake)?;
    if reading == Reading::Second && !ids.is_empty() {
        let later = load.lake.resources(named((until, u64::MAX)), None).await;
        for later in later.map_err(StreamError::Lake)? {
            ids.remove(&later);
        }
    }
    let chosen = load.task.filter().and_then(|filter| filter.values("resource_id"));
    let is_chosen = |id: &String| chosen.is_none_or(|chosen| chosen.contains(id));
    let is_left = |id: &String| last_done.as_ref().is_none_or(|done| id > done) && !failed.contains(id);
    ids.retain(|id| is_chosen(id) && is_left(id));
    Ok(ids.into_iter().collect())
}

/// Resources of the other stream's newest rows: the service should show them, whatever else it has dropped.
pub(super) async fn recent(load: &mut StreamLoad<'_>, of: &str) -> Result<BTreeSet<String>, StreamError> {
    let Some(newest) = newest(load, of) else {
        return Ok(BTreeSet::new());
    };
    let source = load.task.source.name.as_str();
    let state = state_at(load.lake, (source, of), newest).await?;
    let since = state.and_then(|state| state.newest_key).map(|newest| newest - DAY);
    let loads = (newest.saturating_sub(RECENT_LOADS), newest);
    let found = load.lake.resources((source, of, loads), since).await;
    found.map_err(StreamError::Lake)
}

/// Every resource named up to an entry is listed: what the other stream had collected by then is collected here too.
pub(super) async fn take_coverage(
    load: &mut StreamLoad<'_>,
    lists: &Lists<'_>,
    (until, newest): (u64, u64),
) -> Result<(), StreamError> {
    let Some(of) = proven(load, lists, (until, newest)).await? else {
        return Ok(());
    };
    let failed = fan_out(load).failed.len();
    if failed > 0 {
        let horizon = of.coverage.horizon();
        horizon
            .into_iter()
            .for_each(|horizon| load.claims.state.coverage.begin(horizon));
        let reason = format!("{failed} resources could not be listed");
        load.claims.explain_rest(&reason);
        return Ok(());
    }
    let state = &mut load.claims.state;
    if lists.is_all {
        state.coverage.follow(&of.coverage);
    } else {
        state.coverage.follow_provisionally(&of.coverage);
    }
    state.oldest_offered_at = of.oldest_offered_at;
    Ok(())
}

/// What is not listed yet of what the other stream has collected is a gap.
pub(super) async fn begin(load: &mut StreamLoad<'_>, lists: &Lists<'_>, newest: u64) -> Result<(), StreamError> {
    let of = proven(load, lists, (newest, newest)).await?;
    let horizon = of.and_then(|of| of.coverage.horizon());
    horizon
        .into_iter()
        .for_each(|horizon| load.claims.state.coverage.begin(horizon));
    Ok(())
}

/// What this run has found out of the other stream since its newest entry; there need be none.
pub(super) fn quiet<'a>(load: &StreamLoad<'_>, lists: &Lists<'a>) -> Option<&'a QuietStream> {
    let source = &load.task.source.name;
    let mut quiet = lists.quiet.iter();
    quiet.find(|quiet| quiet.source == *source && quiet.stream == lists.of)
}

/// The state of the other stream as of an entry, and at its newest what this run has found out since.
async fn proven(
    load: &StreamLoad<'_>,
    lists: &Lists<'_>,
    (until, newest): (u64, u64),
) -> Result<Option<StreamState>, StreamError> {
    let source = &load.task.source.name;
    match quiet(load, lists).filter(|_| until == newest) {
        Some(quiet) => Ok(Some(quiet.state.clone())),
        None => state_at(load.lake, (source, lists.of), until).await,
    }
}

/// The state of a stream as of an entry.
async fn state_at(lake: &Lake, (source, stream): (&str, &str), entry: u64) -> Result<Option<StreamState>, StreamError> {
    let sealed = lake.entry(entry).await.map_err(StreamError::Lake)?;
    let Some(sequence) = sealed.entry.states.get(&stream_key(source, stream)) else {
        return Ok(None);
    };
    let sealed = lake.entry(*sequence).await.map_err(StreamError::Lake)?;
    Ok(sealed.entry.state_of(source, stream).cloned())
}

fn micros(duration: Duration) -> Micros {
    Micros::try_from(duration.as_micros()).unwrap_or(Micros::MAX)
}
