//! Reading a stretch of a stream again and comparing it with the lake: what is missing, what changed, what vanished. The walks
//! are those of a sync; apart from it because nothing is claimed here, and nothing stored unless told to.

mod comparing;
mod tally;

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Result;

use super::stream::StreamLoad;
use super::ways::{self, Task};
use super::{Run, StreamError};
use crate::coverage::{Span, State, StreamState};
use crate::http::{Client, Settings};
use crate::lake::census::Unseen;
use crate::lake::{Comparison, Lake};
use crate::ledger::{Extra, Kind, Reconciled, VanishedRecord};
use crate::pull::PullError;
use crate::schema::{Micros, SECOND};
use crate::source::{Paging, Source, Stream};
pub(super) use comparing::Comparing;
pub use tally::{Finding, Tally};

/// What seems to have vanished is looked for a second time: a row that moves while a list is read can be overlooked once.
const READINGS: u32 = 2;
/// How far below the interval's begin a list is read: a service may date a change a little before what was changed.
const BELOW: Micros = 3_600 * SECOND;
/// So many vanished records are named in the ledger.
const MOST_NAMED: usize = 1_000;

/// What is compared, and whether what is missing or changed is stored.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// Of event time.
    pub span: Span,
    pub is_repaired: bool,
}

/// What a comparison found.
#[derive(Debug)]
pub struct Compared {
    pub reconciled: Reconciled,
    /// The counts once more, each with the first ids.
    pub tally: Tally,
    /// The entry that records it.
    pub entry: u64,
    pub warnings: Vec<String>,
}

/// What the readings of one comparison hand on.
struct Readings {
    comparing: Comparing,
    /// As the ledger holds it after the last of them.
    state: StreamState,
    loads: Vec<u64>,
    stored: u64,
    warnings: Vec<String>,
}

/// What was not shown.
#[derive(Default)]
struct Absent {
    tally: Tally,
    named: Vec<VanishedRecord>,
}

/// Reads the interval again and records how it compares; `None` where the run was cancelled before its end.
pub async fn reconcile(
    lake: &mut Lake,
    (source, stream): (&Source, &'static Stream),
    wish: Wish,
    run: &Run<'_>,
) -> Result<Option<Compared>, StreamError> {
    if matches!(stream.paging, Paging::FanOut { .. }) {
        return Err(StreamError::PerResource);
    }
    let client = Client::new(Settings::of(source)).map_err(|error| StreamError::Settings(Arc::new(error)))?;
    let client = Arc::new(client);
    let run = Run {
        run_id: run.run_id.clone(),
        from: Some(wish.span.from.saturating_sub(BELOW)),
        to: Some(wish.span.to),
        ..*run
    };
    let task = Task {
        source,
        stream,
        run: &run,
    };
    let census = lake.census(&source.name, stream, wish.span).await;
    let mut readings = Readings {
        comparing: Comparing::new(wish, census.map_err(StreamError::Lake)?),
        state: StreamState::new(&source.account),
        loads: Vec::new(),
        stored: 0,
        warnings: Vec::new(),
    };
    let mut absent = Absent::default();
    for _ in 0..READINGS {
        if !readings.read(lake, &task, &client).await? {
            return Ok(None);
        }
        let found = absent_of(lake, &task, &readings.comparing).await;
        absent = found.map_err(StreamError::Lake)?;
        if absent.tally.count(Finding::Vanished) == 0 {
            break;
        }
    }
    let recorded = readings.record(lake, &task, absent, client.requests()).await;
    recorded.map(Some).map_err(StreamError::Lake)
}

impl Readings {
    /// Reads the list once; `false` where the run was cancelled.
    async fn read(&mut self, lake: &mut Lake, task: &Task<'_>, client: &Arc<Client>) -> Result<bool, StreamError> {
        self.comparing.proven.clear();
        let opened = ways::open(lake, task).await?;
        let mut load = StreamLoad::new(lake, task, client, opened);
        self.comparing.purged = load.claims.state.coverage.spans_of(State::Purged).collect();
        load.comparing = Some(&mut self.comparing);
        let pulled = ways::pull(&mut load, &[]).await;
        let stored = load.store_repairs().await.map_err(StreamError::Lake);
        let (is_cancelled, is_met) = (load.is_cancelled(), load.claims.is_met);
        let kept_since = load.claims.kept_since();
        self.stored += load.buffer.total.stored;
        self.loads.append(&mut load.buffer.loads);
        for warning in std::mem::take(&mut load.warnings) {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        self.state = load.committed;
        self.comparing.kept_since = kept_since;
        stored?;
        match pulled {
            Err(StreamError::Pull(error @ PullError::Capped { .. })) => {
                let said = error.to_string();
                self.warnings.retain(|warning| *warning != said);
                self.warnings.push(said);
            }
            Err(StreamError::Pull(PullError::Caller(error))) => return Err(StreamError::Lake(error)),
            pulled => pulled?,
        }
        match self.comparing.unread.take() {
            _ if is_cancelled => Ok(false),
            Some(gap) => Err(StreamError::Unread(gap)),
            None if !is_met => Err(StreamError::NothingAgain),
            None => Ok(true),
        }
    }

    /// Writes the entry of the comparison.
    async fn record(self, lake: &mut Lake, task: &Task<'_>, absent: Absent, requests: u64) -> Result<Compared> {
        let Comparing {
            wish,
            census,
            mut tally,
            unreadable,
            withheld,
            pages,
            service_at,
            ..
        } = self.comparing;
        let other = [Finding::Changed, Finding::Drift, Finding::Reverted].map(|finding| tally.count(finding));
        let seen = number(census.held() - census.unseen());
        tally.extend(absent.tally);
        let reconciled = Reconciled {
            span: wish.span,
            service_at,
            held: number(census.held()),
            same: seen.saturating_sub(other.iter().sum()),
            missing: tally.count(Finding::Missing),
            changed: tally.count(Finding::Changed),
            drift: tally.count(Finding::Drift),
            reverted: tally.count(Finding::Reverted),
            vanished: tally.count(Finding::Vanished),
            extra: Extra {
                expired: tally.count(Finding::Expired),
                unreached: tally.count(Finding::Unreached),
                imported: tally.count(Finding::Imported),
                filtered: tally.count(Finding::Filtered),
            },
            unreadable: number(unreadable.len()),
            withheld,
            is_repaired: wish.is_repaired,
            stored: self.stored,
            loads: self.loads,
            vanished_records: absent.named,
        };
        let comparison = Comparison {
            run_id: &task.run.run_id,
            source: &task.source.name,
            state_name: &task.state_name(),
            started_at: task.run.started_at,
            at: (task.run.clock)(),
            requests,
            pages,
            state: &self.state,
        };
        let entry = lake.commit_comparison(&comparison, &reconciled).await?;
        Ok(Compared {
            reconciled,
            tally,
            entry,
            warnings: self.warnings,
        })
    }
}

/// Parts what should have been shown from what could not be expected.
async fn absent_of(lake: &mut Lake, task: &Task<'_>, comparing: &Comparing) -> Result<Absent> {
    let mut imports = BTreeSet::new();
    for load in comparing.census.unseen_loads() {
        if lake.entry(u64::try_from(load)?).await?.entry.kind == Kind::Import {
            imports.insert(load);
        }
    }
    let is_let_through = |raw: &str| match task.filter() {
        Some(filter) => serde_json::from_str(raw).is_ok_and(|record| filter.matches(&record) == Some(true)),
        None => true,
    };
    let is_reached = |at: Micros| comparing.proven.iter().any(|span| span.from <= at && at < span.to);
    let mut absent = Absent::default();
    let mut tell = |record: &Unseen<'_>| {
        let finding = match record {
            _ if imports.contains(&record.load) => Finding::Imported,
            _ if record.event_at < comparing.kept_since => Finding::Expired,
            _ if !is_reached(record.order_at) => Finding::Unreached,
            _ if !is_let_through(record.raw) => Finding::Filtered,
            _ => Finding::Vanished,
        };
        absent.tally.add(finding, record.id);
        if finding == Finding::Vanished && absent.named.len() < MOST_NAMED {
            absent.named.push(VanishedRecord {
                table: task.stream.main().table.name.to_owned(),
                id: record.id.to_owned(),
                occurred_at: record.event_at,
            });
        }
    };
    lake.tell_unseen(&comparing.census, &mut tell).await?;
    Ok(absent)
}

pub(super) fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
