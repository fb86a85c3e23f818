//! Which job is due when, and what its command line is then. Pure: the present is given, and nothing is started here.
//!
//! An entry is due at the latest time of its cron expression that lies between what is settled and now, so that what was missed
//! is caught up once. The wall clock may jump: a time at which a job has run is remembered and never runs again, and when the
//! clock is put back, what it then lies behind counts as not yet settled.

pub mod calendar;
pub mod line;
pub mod units;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, Zoned};
use serde::{Deserialize, Serialize};

use crate::config::{Scheduled, Timing};

/// Times remembered at which an entry has run.
const REMEMBERED: usize = 128;
/// Missed times are counted up to here.
const MOST_COUNTED: u64 = 1_000;
/// An entry seen for the first time is due for the minute that runs: a timer that starts the program at the time of the entry
/// means that time.
const FIRST_LOOK_BACK: SignedDuration = SignedDuration::from_mins(1);

/// What is remembered of one entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The cron expression and the zone it was due by.
    #[serde(default)]
    pub cron: Option<String>,
    /// When the entry was first seen: it is not due for any time before.
    pub since: Timestamp,
    /// Nothing up to here is due any more.
    pub settled_to: Timestamp,
    /// The times it was due at and has run, oldest first.
    #[serde(default)]
    pub runs: Vec<Timestamp>,
    /// The run that has begun and of which no end is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<Begun>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Run>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success_at: Option<Timestamp>,
}

/// A run that has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    pub due_at: Timestamp,
    pub started_at: Timestamp,
}

/// A run that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub due_at: Timestamp,
    pub started_at: Timestamp,
    pub finished_at: Timestamp,
    /// 128 and the number of the signal, where one ended it.
    pub exit_code: i32,
    pub message: String,
}

/// A job that is to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// In the zone of the entry.
    pub at: Zoned,
    /// Earlier times that this one run stands for, counted to a thousand.
    pub missed: u64,
}

impl Record {
    /// Of an entry seen for the first time.
    pub fn new(now: Timestamp) -> Self {
        let since = now.saturating_sub(FIRST_LOOK_BACK).unwrap_or(now);
        Self {
            cron: None,
            since,
            settled_to: since,
            runs: Vec::new(),
            running: None,
            last: None,
            last_success_at: None,
        }
    }

    /// The entry is due by this from now on: where it was due by something else before, it is due for nothing of the past.
    pub fn follow(&mut self, timing: &Timing, now: Timestamp) {
        let cron = format!("{} {}", timing.cron, timing.zone_name);
        if self.cron.as_ref().is_some_and(|before| *before != cron) {
            let new = Self::new(now);
            (self.since, self.settled_to) = (new.since, new.settled_to);
        }
        self.cron = Some(cron);
    }

    /// The clock shows a time: where it was put back, what lies after the last run before that time is open again. Says whether
    /// it was put back.
    pub fn look(&mut self, now: Timestamp) -> bool {
        if now >= self.settled_to {
            return false;
        }
        let before = self.runs.iter().copied().chain([self.since]).filter(|at| *at <= now);
        self.settled_to = before.max().unwrap_or(now);
        self.since = self.since.min(now);
        true
    }

    /// What is due now; nothing while the clock shows a time that is settled.
    pub fn due(&self, timing: &Timing, now: Timestamp) -> Option<Due> {
        let at = timing.latest(now)?;
        if at.timestamp() <= self.settled_to || self.runs.contains(&at.timestamp()) {
            return None;
        }
        let missed = timing.count(self.settled_to, at.timestamp());
        let is_between = |run: &&Timestamp| **run > self.settled_to && **run < at.timestamp();
        let has_run = u64::try_from(self.runs.iter().filter(is_between).count()).unwrap_or_default();
        Some(Due {
            missed: missed.saturating_sub(has_run),
            at,
        })
    }

    /// A run has ended by itself.
    pub fn settle(&mut self, run: Run) {
        self.settled_to = self.settled_to.max(run.due_at);
        self.runs.push(run.due_at);
        let surplus = self.runs.len().saturating_sub(REMEMBERED);
        self.runs.drain(..surplus);
        if run.exit_code == 0 || run.exit_code == 3 {
            self.last_success_at = Some(run.finished_at);
        }
        self.running = None;
        self.last = Some(run);
    }
}

impl Timing {
    /// The latest time it was due at, `now` included.
    pub fn latest(&self, now: Timestamp) -> Option<Zoned> {
        let now = now.to_zoned(self.zone.clone());
        let latest = |pattern: &croner::Cron| {
            let mut latest = pattern.find_previous_occurrence(&now, true).ok()?;
            // Where clocks change, the way back may stop at a time too early.
            while let Some(next) = next_of(pattern, &latest).filter(|next| *next <= now) {
                latest = next;
            }
            Some(latest)
        };
        self.patterns.iter().filter_map(latest).max()
    }

    /// The first time after `now`.
    pub fn next(&self, now: Timestamp) -> Option<Zoned> {
        let now = now.to_zoned(self.zone.clone());
        self.patterns.iter().filter_map(|pattern| next_of(pattern, &now)).min()
    }

    /// How many times lie between two, neither included.
    fn count(&self, after: Timestamp, before: Timestamp) -> u64 {
        let mut count = 0;
        let mut at = after;
        while let Some(next) = self.next(at).filter(|next| next.timestamp() < before) {
            count += 1;
            at = next.timestamp();
            if count == MOST_COUNTED {
                break;
            }
        }
        count
    }
}

fn next_of(pattern: &croner::Cron, after: &Zoned) -> Option<Zoned> {
    pattern
        .find_next_occurrence(after, false)
        .ok()
        .filter(|next| next > after)
}

/// Of all entries the one that has been due for the longest; of two the first in the file.
pub fn first_due<'a>(
    entries: &'a [Scheduled],
    records: &BTreeMap<String, Record>,
    now: Timestamp,
) -> Option<(&'a Scheduled, Due)> {
    let due = entries.iter().filter_map(|entry| {
        let due = records.get(&entry.name)?.due(&entry.timing, now)?;
        Some((entry, due))
    });
    due.min_by_key(|(_, due)| due.at.timestamp())
}

#[cfg(test)]
mod tests;
