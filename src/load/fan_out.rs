//! Streams that ask per resource: which resources have new activity is read from the rows of another stream, each is listed
//! once when its activity is new and once more when late records must have appeared. The place is kept as two positions in
//! the ledger and the last resource done, so that the state stays as small after years as after a day.

use std::time::Duration;

use anyhow::Result;
use futures::{StreamExt, TryStreamExt};

use super::StreamError;
use super::stream::StreamLoad;
use super::ways::{members, reason};
use crate::coverage::{FanOut, Place};
use crate::lake::Lake;
use crate::ledger::{QuietStream, stream_key};
use crate::pull::{List, PullError, Walk};
use crate::schema::{Micros, parse_time};

/// After so many resources the place is kept, whether or not anything new was found.
const KEEP_EVERY: u32 = 1_000;
/// So many lists in a row that cannot be read mean that the service has a fault, and not a resource.
const MOST_FAILED_IN_A_ROW: u32 = 3;
/// So many resources the service does not know, and none that it does, mean that the list is not there.
const MOST_ABSENT: u64 = 20;
/// More resources than this that cannot be read end the stream.
const MOST_FAILED: usize = 100;

/// Where the list of one resource is, and the stream whose rows name the resources.
pub(super) struct Lists<'a> {
    pub(super) path: &'a str,
    pub(super) query: Vec<(String, String)>,
    pub(super) of: &'a str,
    /// States of this run that no entry holds yet.
    pub(super) quiet: &'a [QuietStream],
}

/// Which of the two readings of a resource's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Of resources with new activity.
    First,
    /// Of those whose activity has become older than `finality` and that no later load names.
    Second,
}

/// Lists every resource that the rows of the other stream have named since the last run.
pub(super) async fn follow(load: &mut StreamLoad<'_>, lists: &Lists<'_>) -> Result<(), StreamError> {
    let source = load.task.source;
    let newest = load
        .lake
        .newest()
        .and_then(|newest| newest.entry.states.get(&stream_key(&source.name, lists.of)));
    let Some(newest) = newest.copied() else {
        load.warnings.push(format!(
            "asks per resource, by the rows of {}.{}, and the lake has none yet: sync that stream first",
            source.name, lists.of
        ));
        return Ok(());
    };
    loop {
        let first = place(load, Reading::First);
        if first.is_done() {
            first.until = newest;
        }
        let until = first.until;
        read(load, lists, Reading::First).await?;
        if load.is_cancelled() {
            return Ok(());
        }
        take_coverage(load, lists, (until, newest))
            .await
            .map_err(StreamError::Lake)?;
        if until >= newest {
            break;
        }
    }
    let border = (load.task.run.clock)() - micros(source.finality);
    if place(load, Reading::Second).is_done() {
        let after = place(load, Reading::Second).after;
        place(load, Reading::Second).until = last_entry_before(load.lake, border, (after, newest))
            .await
            .map_err(StreamError::Lake)?;
    }
    read(load, lists, Reading::Second).await
}

/// One reading of all resources it concerns, from the last one done on.
async fn read(load: &mut StreamLoad<'_>, lists: &Lists<'_>, reading: Reading) -> Result<(), StreamError> {
    let resources = resources(load, lists, reading).await.map_err(StreamError::Lake)?;
    let client = load.client;
    let members = members(load.task.stream);
    let walk_of = |id: &str| {
        let mut query = vec![("resource_id".to_owned(), id.to_owned())];
        query.extend(lists.query.iter().filter(|(name, _)| name != "resource_id").cloned());
        Walk {
            client,
            list: List {
                path: lists.path,
                rows: &members,
                order_key: None,
                query,
                dates: None,
            },
            max_in_flight: 1,
        }
    };
    let openings = futures::stream::iter(resources.iter().map(String::as_str))
        .map(async |id| Ok::<_, StreamError>((id, walk_of(id).open().await)))
        .buffered(load.task.source.limits.max_in_flight);
    let mut openings = std::pin::pin!(openings);
    let mut seen = Seen::default();
    while let Some((id, opening)) = openings.try_next().await? {
        let listed = match opening {
            Ok(Some(opening)) => {
                seen.answered += 1;
                if opening.is_whole {
                    load.take_opening(opening).await.map_err(PullError::from)
                } else {
                    walk_of(id).run(&mut async |event| load.take_listed(event).await).await
                }
            }
            Ok(None) => seen.absent(load)?,
            Err(error) => Err(error),
        };
        match listed {
            Ok(()) => seen.read(load, id),
            Err(error) => seen.failed(load, id, error)?,
        }
        place(load, reading).last_done = Some(id.to_owned());
        if seen.is_time_to_keep() {
            load.keep_place().await.map_err(StreamError::Lake)?;
        }
        if load.is_cancelled() {
            return Ok(());
        }
    }
    if seen.absent > 0 && seen.answered == 0 && load.claims.state.rows == 0 && load.claims.state.last_walk_at.is_none()
    {
        return Err(StreamError::NotOffered);
    }
    let place = place(load, reading);
    place.after = place.until;
    place.last_done = None;
    Ok(())
}

/// What became of the resources of one reading so far.
#[derive(Default)]
struct Seen {
    answered: u64,
    absent: u64,
    failed_in_a_row: u32,
    since_kept: u32,
}

impl Seen {
    fn read(&mut self, load: &mut StreamLoad<'_>, id: &str) {
        self.failed_in_a_row = 0;
        fan_out(load).failed.retain(|failed| failed != id);
    }

    /// The service does not know the resource. One may be gone; where none was ever known, the list itself is not there.
    fn absent(&mut self, load: &StreamLoad<'_>) -> Result<Result<(), PullError>, StreamError> {
        self.absent += 1;
        let is_new = load.claims.state.rows == 0 && load.claims.state.last_walk_at.is_none();
        if is_new && self.answered == 0 && self.absent >= MOST_ABSENT {
            return Err(StreamError::NotOffered);
        }
        Ok(Ok(()))
    }

    /// One resource that cannot be read must not keep the others back: it is remembered, and asked for again by the next run.
    fn failed(&mut self, load: &mut StreamLoad<'_>, id: &str, error: PullError) -> Result<(), StreamError> {
        self.failed_in_a_row += 1;
        let failed = &mut fan_out(load).failed;
        let is_known = failed.iter().any(|known| known == id);
        if !is_about_resource(&error)
            || self.failed_in_a_row >= MOST_FAILED_IN_A_ROW
            || (failed.len() >= MOST_FAILED && !is_known)
        {
            return Err(error.into());
        }
        if !is_known {
            failed.push(id.to_owned());
        }
        load.findings.push(format!(
            "resource {id} could not be listed and will be asked for again: {}",
            reason(&error)
        ));
        Ok(())
    }

    fn is_time_to_keep(&mut self) -> bool {
        self.since_kept += 1;
        let is_time = self.since_kept >= KEEP_EVERY;
        if is_time {
            self.since_kept = 0;
        }
        is_time
    }
}

/// Whether the lists of other resources may still be read.
fn is_about_resource(error: &PullError) -> bool {
    error.is_about_page() || !matches!(error, PullError::Http { .. } | PullError::Caller(_))
}

fn fan_out<'a>(load: &'a mut StreamLoad<'_>) -> &'a mut FanOut {
    load.claims.state.fan_out.get_or_insert_default()
}

fn place<'a>(load: &'a mut StreamLoad<'_>, reading: Reading) -> &'a mut Place {
    match reading {
        Reading::First => &mut fan_out(load).first,
        Reading::Second => &mut fan_out(load).second,
    }
}

/// The resources still to be listed, in their order.
async fn resources(load: &mut StreamLoad<'_>, lists: &Lists<'_>, reading: Reading) -> Result<Vec<String>> {
    let source = &load.task.source.name;
    let Place {
        after,
        until,
        last_done,
    } = place(load, reading).clone();
    let mut ids = load.lake.resources(source, lists.of, (after, until)).await?;
    match reading {
        Reading::First => ids.extend(fan_out(load).failed.iter().cloned()),
        Reading::Second if ids.is_empty() => {}
        Reading::Second => {
            for later in load.lake.resources(source, lists.of, (until, u64::MAX)).await? {
                ids.remove(&later);
            }
        }
    }
    let chosen = load.task.filter().and_then(|filter| filter.values("resource_id"));
    let is_chosen = |id: &String| chosen.is_none_or(|chosen| chosen.contains(id));
    ids.retain(|id| last_done.as_ref().is_none_or(|done| id > done) && is_chosen(id));
    Ok(ids.into_iter().collect())
}

/// Every resource named up to an entry is listed: what the other stream had collected by then is collected here too.
async fn take_coverage(load: &mut StreamLoad<'_>, lists: &Lists<'_>, (until, newest): (u64, u64)) -> Result<()> {
    let source = &load.task.source.name;
    let is_of = |quiet: &&QuietStream| quiet.source == *source && quiet.stream == lists.of;
    let sealed = load.lake.entry(until).await?;
    let later = lists.quiet.iter().find(is_of).filter(|_| until == newest);
    let of = later
        .map(|quiet| &quiet.state)
        .or_else(|| sealed.entry.state_of(source, lists.of));
    let Some(of) = of else { return Ok(()) };
    let failed = fan_out(load).failed.len();
    let state = &mut load.claims.state;
    if failed == 0 {
        state.coverage = of.coverage.clone();
        state.oldest_offered_at = of.oldest_offered_at;
    } else {
        of.coverage
            .horizon()
            .into_iter()
            .for_each(|horizon| state.coverage.begin(horizon));
        state
            .coverage
            .explain_rest(&format!("{failed} resources could not be listed"));
    }
    Ok(())
}

/// The last entry in `(after, newest]` that was finished at or before a moment; `after` where none was.
async fn last_entry_before(lake: &Lake, border: Micros, (after, newest): (u64, u64)) -> Result<u64> {
    let mut last = after;
    for sequence in after + 1..=newest {
        let finished_at = parse_time(&lake.entry(sequence).await?.entry.finished_at);
        if finished_at.is_none_or(|at| at > border) {
            break;
        }
        last = sequence;
    }
    Ok(last)
}

fn micros(duration: Duration) -> Micros {
    Micros::try_from(duration.as_micros()).unwrap_or(Micros::MAX)
}
