//! Taking what a walk tells in order to compare it with the lake: every record is judged once, whatever page shows it. Apart
//! from the order of the readings because this is what a stream does in place of storing.

use std::collections::HashSet;

use anyhow::Result;

use super::super::Progress;
use super::super::buffer::Target;
use super::super::stream::StreamLoad;
use super::{Finding, Tally, Wish, number};
use crate::coverage::{Gap, Span};
use crate::lake::Incoming;
use crate::lake::census::{Census, Hash, Key, Standing, shortened};
use crate::ledger::Kind;
use crate::pull::{Event, Flow};
use crate::record::{Record, Reject};
use crate::schema::{EARLIEST, Micros};

/// A comparison under way.
pub(in crate::load) struct Comparing {
    pub(super) wish: Wish,
    pub(super) census: Census,
    /// Time whose rows were removed on purpose.
    pub(super) purged: Vec<Span>,
    pub(super) tally: Tally,
    /// Forms that have been judged already: a list shows a record more than once.
    pub(super) judged: HashSet<(Key, Hash)>,
    pub(super) unreadable: HashSet<[u8; 16]>,
    pub(super) withheld: u64,
    pub(super) pages: u64,
    pub(super) rows: u64,
    /// Of one reading: the stretches of the order key that were read in full.
    pub(super) proven: Vec<Span>,
    /// Of one reading: what could not be read.
    pub(super) unread: Option<Gap>,
    pub(super) service_at: Micros,
    /// Before it the service keeps nothing.
    pub(super) kept_since: Micros,
}

impl Comparing {
    pub(super) fn new(wish: Wish, census: Census) -> Self {
        Self {
            wish,
            census,
            purged: Vec::new(),
            tally: Tally::default(),
            judged: HashSet::new(),
            unreadable: HashSet::new(),
            withheld: 0,
            pages: 0,
            rows: 0,
            proven: Vec::new(),
            unread: None,
            service_at: 0,
            kept_since: EARLIEST,
        }
    }

    /// How the lake stands to a record that has not been judged yet; `None` where there is nothing to judge.
    fn judge(&mut self, record: &Record) -> Option<Standing> {
        let (key, hash) = (self.census.key(&record.id), shortened(&record.stable_hash));
        let standing = self.census.standing(&key, hash);
        self.census.see(&key);
        let holds = |span: &Span, at: Micros| span.from <= at && at < span.to;
        let is_outside = standing == Standing::Unknown && !holds(&self.wish.span, record.event_at);
        if standing == Standing::Same || is_outside || !self.judged.insert((key, hash)) {
            return None;
        }
        let is_purged = |at: Micros| self.purged.iter().any(|span| holds(span, at));
        if is_purged(record.event_at) && is_purged(record.order_at) {
            self.withheld += 1;
            return None;
        }
        Some(standing)
    }

    /// A record that cannot be read has not vanished, as far as it tells its id.
    fn take_unreadable(&mut self, reject: &Reject) {
        if let Some(id) = id_of(&reject.bytes) {
            let key = self.census.key(&id);
            self.census.see(&key);
        }
        self.unreadable.insert(reject.hash());
    }
}

impl StreamLoad<'_> {
    /// Takes what a walk tells, to compare it. Claims are followed, for they say how far a walk must go, and are recorded
    /// nowhere.
    pub(in crate::load) async fn compare(&mut self, event: Event) -> Result<Flow> {
        let Some(comparing) = self.comparing.as_deref_mut() else {
            return Ok(Flow::Stop);
        };
        match event {
            Event::Begun {
                service_at,
                newest_key,
                count,
                ..
            } => {
                self.begin(service_at, newest_key, count);
                if let Some(comparing) = self.comparing.as_deref_mut() {
                    comparing.service_at = self.claims.now;
                }
            }
            Event::Rows { page, member, rows } => self.compare_rows(page, member, &rows).await?,
            Event::Proven { span, trust } => {
                comparing.proven.push(span);
                return self.prove(span, trust).await;
            }
            Event::Missing(gap) => comparing.unread = Some(gap),
            Event::Unordered => {
                comparing.proven.clear();
                self.claims.distrust_order();
            }
            Event::Ended { oldest } => {
                let below = Span::new(Micros::MIN, oldest.unwrap_or(Micros::MAX));
                comparing.proven.push(below);
                self.end(oldest).await?;
            }
            Event::Capped { .. } | Event::Ascending => {}
        }
        Ok(if self.is_cancelled() { Flow::Stop } else { Flow::On })
    }

    async fn compare_rows(&mut self, page: u64, member: usize, rows: &[Vec<u8>]) -> Result<()> {
        if !self.claims.is_met && member == 0 {
            self.recognise(rows).await?;
        }
        let read: Vec<_> = rows
            .iter()
            .flat_map(|bytes| self.layouts.read(member, bytes, self.latest))
            .collect();
        for read in read {
            self.compare_record(read, page).await?;
        }
        if let Some(comparing) = self.comparing.as_deref_mut() {
            comparing.pages += u64::from(member == 0);
            comparing.rows += number(rows.len());
            (self.task.run.progress)(&Progress {
                name: format!("{}.{}", self.task.source.name, self.task.stream.name),
                pages: comparing.pages,
                rows: comparing.rows,
                expected: None,
            });
        }
        self.flush_if_full().await
    }

    async fn compare_record(&mut self, read: Result<Record, Reject>, page: u64) -> Result<()> {
        let Some(comparing) = self.comparing.as_deref_mut() else {
            return Ok(());
        };
        let record = match read {
            Ok(record) => record,
            Err(reject) => {
                comparing.take_unreadable(&reject);
                return Ok(());
            }
        };
        let finding = match comparing.judge(&record) {
            None | Some(Standing::Same) => return Ok(()),
            Some(Standing::Unknown) => Finding::Missing,
            Some(Standing::Other) => self.change_of(&record).await?,
        };
        if let Some(comparing) = self.comparing.as_deref_mut() {
            comparing.tally.add(finding, &record.id);
            if comparing.wish.is_repaired && finding != Finding::Reverted {
                self.buffer.push(Ok(record), page, (self.task.run.clock)());
            }
        }
        Ok(())
    }

    /// In which way a record differs from the newest row of its id: as the dedupe of a sync would say it.
    async fn change_of(&mut self, record: &Record) -> Result<Finding> {
        let incoming = Incoming {
            source: &self.task.source.name,
            stream: self.task.stream,
            records: vec![record.clone()],
            rejects: Vec::new(),
            first_load: self.claims.since_load(),
            withheld: &self.withheld,
        };
        let counts = self.lake.classify(incoming).await?.counts;
        Ok(match counts {
            _ if counts.duplicates > 0 => Finding::Reverted,
            _ if counts.drift > 0 => Finding::Drift,
            _ => Finding::Changed,
        })
    }

    /// Makes what is to be repaired durable. The state moves by the rows alone: what was read proves nothing about other time.
    pub(in crate::load) async fn store_repairs(&mut self) -> Result<()> {
        let target = Target {
            kind: Kind::Sync,
            source: &self.task.source.name,
            stream: self.task.stream,
            state_name: &self.state_name,
            first_load: self.claims.since_load(),
            withheld: &self.withheld,
        };
        let new = self.buffer.classify(self.lake, &target).await?;
        let mut state = self.committed.clone();
        state.grow(new.counts.stored, 0);
        let of = (&target, self.task.run);
        if self.buffer.commit(self.lake, of, &new, &state).await? {
            self.committed = state;
        }
        Ok(())
    }
}

/// The id of a record that cannot be read otherwise.
fn id_of(bytes: &[u8]) -> Option<String> {
    let record: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    let id = record.get("id")?;
    id.as_str()
        .map(str::to_owned)
        .or_else(|| id.as_i64().map(|id| id.to_string()))
}
