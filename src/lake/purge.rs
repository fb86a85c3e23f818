//! Taking rows away: which rows of a source are old enough and held by nothing, what it would be to remove them, and the entry
//! that does. Apart from how files are written anew, which is the same for any change of rows.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;

use super::Lake;
use super::files::{LiveFile, Partition};
use super::hold::Hold;
use super::known::{binary, text};
use super::replace::{Changed, Fate, Pass, Replaced, raw_of, times_at};
use super::rewrite::Rewrite;
use super::statistics::Bounds;
use crate::atomic::steps;
use crate::coverage::Purged;
use crate::ledger::tombstone::Tombstone;
use crate::ledger::{Counts, Kind, QuietStream, hex};
use crate::schema::{DAY, Micros, REJECTS, Table};
use crate::source::TABLES;

/// What is to be taken away of one source, and by whom.
#[derive(Debug, Clone, Copy)]
pub struct Purge<'a> {
    pub source: &'a str,
    /// Rows that are older by event time and by order key go.
    pub before: Micros,
    /// The rule, in words.
    pub policy: &'a str,
    pub holds: &'a [Hold],
    pub by: &'a str,
    pub reason: Option<&'a str>,
    pub run_id: &'a str,
    pub started_at: Micros,
    pub at: Micros,
}

/// What goes, or would go, and what is kept back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Going {
    /// By table and stream.
    pub changed: BTreeMap<(&'static str, String), Changed>,
    /// By table, stream and name of the hold, rows that are old enough.
    pub held: BTreeMap<(&'static str, String, String), u64>,
}

impl Going {
    pub fn rows(&self) -> u64 {
        self.changed.values().map(|changed| changed.rows).sum()
    }
}

/// What decides of each row.
struct Judge<'a> {
    purge: &'a Purge<'a>,
    target: Purged,
    /// Holds of the source that are of some people alone.
    of_people: Vec<&'a Hold>,
    of_time: Vec<&'a Hold>,
    held: BTreeMap<(&'static str, String, String), u64>,
    /// Of rejects that go.
    rejects: BTreeSet<String>,
}

impl<'a> Judge<'a> {
    fn new(purge: &'a Purge<'a>) -> Self {
        let holds = purge.holds.iter().filter(|hold| hold.is_of(purge.source));
        let (of_time, of_people): (Vec<_>, Vec<_>) = holds.partition(|hold| hold.performers.is_empty());
        let spans: Vec<_> = of_time.iter().map(|hold| hold.span).collect();
        Self {
            purge,
            target: Purged::before(purge.before, &spans),
            of_people,
            of_time,
            held: BTreeMap::new(),
            rejects: BTreeSet::new(),
        }
    }

    fn change(&mut self, table: &'static Table, batch: &RecordBatch, pass: Pass) -> Result<Option<Fate>> {
        let mut changed = vec![false; batch.num_rows()];
        let latest = self.purge.at + DAY;
        for (row, goes) in changed.iter_mut().enumerate() {
            let (event_at, order_at) = times_at(table, (batch, row), latest)?;
            if event_at.max(order_at) >= self.purge.before {
                continue;
            }
            let raw = raw_of(batch, row)?;
            let mut holds = self.of_time.iter().chain(&self.of_people);
            let hold = holds.find(|hold| hold.keeps(event_at, order_at, raw));
            *goes = hold.is_none() && self.target.holds(event_at, order_at);
            if pass == Pass::Look
                && let Some(hold) = hold
            {
                let stream = text(batch, "stream")?.value(row).to_owned();
                *self.held.entry((table.name, stream, hold.name.clone())).or_default() += 1;
            }
            if *goes && table.name == REJECTS.name {
                self.rejects.insert(hex(binary(batch, "stable_hash")?.value(row)));
            }
        }
        if !changed.contains(&true) {
            return Ok(None);
        }
        let stays: BooleanArray = changed.iter().map(|goes| Some(!goes)).collect();
        let after = filter_record_batch(batch, &stays)?;
        Ok(Some(Fate { after, changed }))
    }
}

impl Lake {
    /// What a purge would take away; changes nothing.
    pub async fn plan_purge(&mut self, purge: &Purge<'_>) -> Result<Going> {
        let mut judge = Judge::new(purge);
        let replaced = self.take_away(&mut judge, true).await?;
        Ok(Going {
            changed: replaced.changed,
            held: judge.held,
        })
    }

    /// Takes the rows away for good, marks their time as purged in every stream of the source, and returns the number of the
    /// entry that says so; none where there is nothing to take.
    pub async fn purge(&mut self, purge: &Purge<'_>) -> Result<(Going, Option<u64>)> {
        let mut judge = Judge::new(purge);
        let replaced = self.take_away(&mut judge, false).await?;
        let going = Going {
            changed: replaced.changed.clone(),
            held: judge.held.clone(),
        };
        if going.rows() == 0 {
            return Ok((going, None));
        }
        let streams = self.states_after(&judge, &going).await?;
        let tombstone = Tombstone {
            by: purge.by.to_owned(),
            reason: purge.reason.map(str::to_owned),
            policy: purge.policy.to_owned(),
            spans: judge.target.spans().to_vec(),
            rows: rows_by_table(&replaced.changed),
            loads: replaced.loads,
            rejects: judge.rejects.into_iter().collect(),
            erased: None,
        };
        let mut deleted = self.left_behind(&replaced.partitions).await?;
        deleted.extend(replaced.removed.values().flatten().cloned());
        let is_asked_later = !tombstone.rejects.is_empty();
        let rewrite = Rewrite {
            kind: Kind::Purge,
            run_id: purge.run_id.to_owned(),
            started_at: purge.started_at,
            at: purge.at,
            source: Some(purge.source.to_owned()),
            stream: None,
            counts: Counts::default(),
            state: None,
            deleted,
            removed: replaced.removed,
        };
        let commit = self.commit_rewrite(rewrite, &replaced.written, |mut entry| {
            entry.streams = streams;
            entry.tombstone = Some(tombstone);
            entry.tombstones.extend(is_asked_later.then_some(entry.sequence));
            entry
        });
        let sequence = commit.await?;
        steps::reached("after the files are deleted");
        Ok((going, Some(sequence)))
    }

    async fn take_away(&mut self, judge: &mut Judge<'_>, is_dry: bool) -> Result<Replaced> {
        let mut replaced = Replaced::default();
        let (source, before, at) = (judge.purge.source, judge.purge.before, judge.purge.at);
        for table in TABLES {
            let files = self.live_files(table)?.iter();
            let old = files.filter(|file| file.partition.source == source && may_be_old(file, table, before));
            let partitions: BTreeSet<Partition> = old.map(|file| file.partition.clone()).collect();
            for partition in partitions {
                let mut change = |table: &'static Table, batch: &RecordBatch, pass| judge.change(table, batch, pass);
                let done = self
                    .replace((table, &partition), (at, is_dry), &mut change, &mut replaced)
                    .await;
                if let Err(error) = done {
                    self.discard(&replaced.written).await;
                    return Err(error);
                }
            }
        }
        Ok(replaced)
    }

    /// The states of all streams of the source once the rows are gone.
    async fn states_after(&self, judge: &Judge<'_>, going: &Going) -> Result<Vec<QuietStream>> {
        let mut gone: BTreeMap<(String, bool), u64> = BTreeMap::new();
        for ((table, stream), changed) in &going.changed {
            *gone.entry((stream.clone(), *table == REJECTS.name)).or_default() += changed.rows;
        }
        let source = judge.purge.source;
        let mut streams = Vec::new();
        for (_, name) in self.streams().into_iter().filter(|(of, _)| of == source) {
            let Some(mut state) = self.state(source, &name).await? else {
                continue;
            };
            let stream = name.split('?').next().unwrap_or_default().to_owned();
            for (is_reject, held) in [(false, &mut state.rows), (true, &mut state.rejects)] {
                if let Some(gone) = gone.get_mut(&(stream.clone(), is_reject)) {
                    let less = (*held).min(*gone);
                    *held -= less;
                    *gone -= less;
                }
            }
            state.coverage.purge(&judge.target, judge.purge.at);
            // Of what is gone nothing can be met again.
            let is_gone = |at: Micros| judge.target.holds(at, at);
            state.newest_key = state.newest_key.filter(|at| !is_gone(*at));
            state.doubt = state.doubt.filter(|doubt| !is_gone(doubt.newest_key));
            streams.push(QuietStream {
                source: source.to_owned(),
                stream: name,
                counts: Counts::default(),
                state,
            });
        }
        Ok(streams)
    }
}

pub(super) fn rows_by_table(changed: &BTreeMap<(&'static str, String), Changed>) -> BTreeMap<String, u64> {
    let mut rows: BTreeMap<String, u64> = BTreeMap::new();
    for ((table, _), changed) in changed {
        *rows.entry((*table).to_owned()).or_default() += changed.rows;
    }
    rows
}

fn may_be_old(file: &LiveFile, table: &Table, before: Micros) -> bool {
    match file.bounds.get(table.event_time) {
        Some(Bounds::Timestamp(least, _)) => *least < before,
        _ => true,
    }
}
