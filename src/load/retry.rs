//! Rejects flattened anew, after an upgrade that can read more: what succeeds becomes rows by way of the dedupe, what fails
//! stays. Apart from a load because nothing is received.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use anyhow::Result;

use super::Run;
use crate::coverage::{StreamState, UNTOLD};
use crate::lake::{Draft, Incoming, KeptReject, Lake, RejectFile};
use crate::ledger::{Counts, Kind};
use crate::record::{Layouts, Record};
use crate::schema::{DAY, Micros};
use crate::source::Stream;

/// What became of the rejects of one stream.
#[derive(Debug, Default)]
pub struct Retried {
    pub tried: u64,
    pub resolved: u64,
    pub counts: Counts,
    /// Numbers of the loads it made.
    pub loads: Vec<u64>,
}

/// What of one file's rejects can be read now.
#[derive(Default)]
struct Read {
    tried: u64,
    resolved: BTreeSet<Vec<u8>>,
    records: Vec<Record>,
}

/// Flattens the rejects of one stream of a source anew, file by file.
pub async fn retry(
    lake: &mut Lake,
    (source, stream): (&str, &'static Stream),
    files: &[RejectFile],
    run: &Run<'_>,
) -> Result<Retried> {
    let layouts = lake.layouts(source, stream).await?;
    let withheld = lake.withheld(source).await?;
    let mut retried = Retried::default();
    for file in files.iter().filter(|file| file.source == source) {
        if run.cancelled.load(Ordering::SeqCst) {
            break;
        }
        let kept = lake.rejects(&file.path).await?;
        let read = read(&layouts, stream, &kept, run.started_at + DAY);
        retried.tried += read.tried;
        if read.resolved.is_empty() {
            continue;
        }
        let resolved = u64::try_from(read.resolved.len())?;
        let received = u64::try_from(read.records.len())?;
        let new = lake
            .classify(Incoming {
                source,
                stream,
                records: read.records,
                rejects: Vec::new(),
                first_load: lake.next_load(),
                withheld: &withheld,
            })
            .await?;
        let (state_name, mut state) = state_of(lake, source, stream).await?;
        state.grow(new.counts.stored, 0);
        state.rejects = state.rejects.saturating_sub(resolved);
        let counts = Counts { received, ..new.counts };
        let draft = Draft {
            kind: Kind::Retry,
            run_id: &run.run_id,
            source,
            stream,
            state_name: &state_name,
            started_at: run.started_at,
            at: (run.clock)(),
            counts,
            records: &new.records,
            rejects: &[],
            state: &state,
        };
        retried
            .loads
            .push(lake.commit_retry(&draft, &file.path, &read.resolved).await?);
        retried.resolved += resolved;
        retried.counts.add(&counts);
    }
    Ok(retried)
}

fn read(layouts: &Layouts, stream: &'static Stream, kept: &[KeptReject], latest: Micros) -> Read {
    let mut read = Read::default();
    let waiting = kept
        .iter()
        .filter(|reject| reject.stream == stream.name && reject.resolved_load.is_none());
    for reject in waiting {
        read.tried += 1;
        // Which kind of record it was is not known: a log has what a version lacks, and the other way round.
        let readings = (0..stream.forms.len()).map(|form| layouts.read(form, &reject.bytes, latest));
        let mut readings = readings.filter(|reading| reading.first().is_some_and(Result::is_ok));
        if let Some(reading) = readings.next() {
            read.resolved.insert(reject.hash.clone());
            read.records.extend(reading.into_iter().flatten());
        }
    }
    read
}

/// The state of the stream: of the whole one, else of what a filter lets through.
async fn state_of(lake: &Lake, source: &str, stream: &Stream) -> Result<(String, StreamState)> {
    let mut names = vec![stream.name.to_owned()];
    let is_filtered = |name: &String| name.split_once('?').is_some_and(|(whole, _)| whole == stream.name);
    let known = lake.streams().into_iter().filter(|(known, _)| known == source);
    names.extend(known.map(|(_, name)| name).filter(is_filtered));
    for name in names {
        if let Some(state) = lake.state(source, &name).await? {
            return Ok((name, state));
        }
    }
    Ok((stream.name.to_owned(), StreamState::new(UNTOLD)))
}
