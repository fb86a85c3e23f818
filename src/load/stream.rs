//! One stream of one run: rows are buffered and committed in loads, and what the walk proves is claimed in the same commit.
//! Apart from the run because this is where state and data meet.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::Result;

use super::buffer::{Buffer, Target};
use super::claims::Claims;
use super::reconcile::Comparing;
use super::ways::{Opened, Task};
use super::{Outcome, Progress, StreamError};
use crate::coverage::{Gap, Span, StreamState};
use crate::http::Client;
use crate::lake::{Incoming, Lake, Quiet, Withheld};
use crate::ledger::{Counts, Kind, QuietStream};
use crate::pull::{Event, Flow, Trust};
use crate::record::{Layouts, Record};
use crate::schema::{DAY, Micros, SECOND, format_time};

/// A clock that differs by more is reported.
const CLOCK_TOLERANCE: Micros = 60 * SECOND;
const OUR_CLOCK: &str = "this machine's clock";

pub(super) struct StreamLoad<'a> {
    pub(super) lake: &'a mut Lake,
    pub(super) task: Task<'a>,
    pub(super) client: &'a Arc<Client>,
    pub(super) layouts: Layouts,
    pub(super) claims: Claims,
    /// What the ledger holds of the state.
    pub(super) committed: StreamState,
    pub(super) state_name: String,
    pub(super) buffer: Buffer,
    pub(super) findings: Vec<String>,
    pub(super) warnings: Vec<String>,
    /// Requests of the client that have been counted.
    requests: u64,
    expected: Option<u64>,
    /// A list of the whole stream is being walked, in which rows of the lake should come again.
    has_begun: bool,
    /// Rows that do not meet the filter they were asked for by.
    outside: usize,
    /// The latest time a record may carry.
    pub(super) latest: Micros,
    pub(super) withheld: Withheld,
    /// Where the stream is only compared with the lake: what is read goes there.
    pub(super) comparing: Option<&'a mut Comparing>,
}

impl<'a> StreamLoad<'a> {
    pub(super) fn new(lake: &'a mut Lake, task: &Task<'a>, client: &'a Arc<Client>, opened: Opened) -> Self {
        let Opened {
            state,
            layouts,
            withheld,
        } = opened;
        Self {
            layouts,
            withheld,
            committed: state.clone(),
            claims: Claims::new(state, task.source, task.run.started_at, lake.sequence() + 1),
            requests: client.requests(),
            lake,
            task: *task,
            client,
            state_name: task.state_name(),
            buffer: Buffer::default(),
            findings: Vec::new(),
            warnings: Vec::new(),
            expected: None,
            has_begun: false,
            outside: 0,
            latest: task.run.started_at + DAY,
            comparing: None,
        }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.task.run.cancelled.load(Ordering::SeqCst)
    }

    pub(super) async fn take(&mut self, event: Event) -> Result<Flow> {
        if self.comparing.is_some() {
            return Box::pin(self.compare(event)).await;
        }
        match event {
            Event::Begun {
                service_at,
                newest_key,
                count,
                ..
            } => self.begin(service_at, newest_key, count),
            Event::Rows { page, member, rows } => {
                self.read(page, member, &rows);
                self.flush_if_full().await?;
            }
            Event::Proven { span, trust } => return self.prove(span, trust).await,
            Event::Missing(gap) => self.claims.miss(gap),
            Event::Capped { page, total_pages } => self.warnings.push(format!(
                "the service gives nothing out from page {page} of {total_pages} on; older rows are asked for by date"
            )),
            Event::Ascending => {
                self.claims.is_ascending();
                self.warnings.push(
                    "the service ignores the order asked for; the list is read from its last page to its first"
                        .to_owned(),
                );
            }
            Event::Unordered => {
                self.claims.distrust_order();
                self.warnings
                    .push("the service ignores the order asked for; the list is read in full".to_owned());
            }
            Event::Ended { oldest } => self.end(oldest).await?,
        }
        Ok(if self.is_cancelled() { Flow::Stop } else { Flow::On })
    }

    /// Takes what a walk of the list of one resource tells: its rows, for it has no order and no coverage of its own.
    pub(super) async fn take_listed(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Begun { service_at, .. } => self.claims.now = self.note_time(service_at, None),
            Event::Rows { page, member, rows } => {
                self.read(page, member, &rows);
                self.flush_if_full().await?;
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn begin(&mut self, service_at: Option<Micros>, newest_key: Option<Micros>, count: Option<u64>) {
        let now = self.note_time(service_at, newest_key);
        let is_whole = self.claims.begin(now, self.task.run.from, newest_key);
        self.has_begun = true;
        self.expected = count.filter(|_| is_whole);
    }

    /// The time of a walk is the service's, but no later than the loader's own clock: a claim about the future would hide
    /// what comes until then. Without one it is the smaller of the loader's clock and the newest key.
    pub(super) fn note_time(&mut self, service_at: Option<Micros>, newest_key: Option<Micros>) -> Micros {
        let clock = (self.task.run.clock)();
        let told = service_at.unwrap_or_else(|| newest_key.map_or(clock, |newest| newest.min(clock)));
        let is_said = self.warnings.iter().any(|warning| warning.starts_with(OUR_CLOCK));
        if (told - clock).abs() > CLOCK_TOLERANCE && service_at.is_some() && !is_said {
            let (ours, theirs) = (format_time(clock), format_time(told));
            self.warnings.push(format!(
                "{OUR_CLOCK} says {ours}, and the service's {theirs}; the earlier one counts"
            ));
        }
        // Without the service's time, a row may be newer than all that were known when the walk began.
        self.latest = service_at.unwrap_or(clock) + DAY;
        told.min(clock)
    }

    fn read(&mut self, page: u64, member: usize, rows: &[Vec<u8>]) {
        self.buffer.counts.pages += u64::from(member == 0);
        self.outside += rows.iter().filter(|row| self.is_outside(row)).count();
        for read in rows
            .iter()
            .flat_map(|bytes| self.layouts.read(member, bytes, self.latest))
        {
            let is_too_old = read.as_ref().is_ok_and(|record| self.is_too_old(record));
            self.outside += usize::from(is_too_old);
            self.buffer.push(read, page, (self.task.run.clock)());
        }
        (self.task.run.progress)(&Progress {
            name: format!("{}.{}", self.task.source.name, self.task.stream.name),
            pages: self.buffer.pages(),
            rows: self.received(),
            expected: self.expected,
        });
    }

    /// Whether the service sent a row that the filter ought to have kept back.
    fn is_outside(&self, row: &[u8]) -> bool {
        let judged = self.task.filter().map(|filter| (filter, serde_json::from_slice(row)));
        judged.is_some_and(|(filter, row)| row.is_ok_and(|row| filter.matches(&row) == Some(false)))
    }

    /// Whether a record is older than what the user has asked for, by more than a day of doubt.
    fn is_too_old(&self, record: &Record) -> bool {
        let days = self.task.filter().and_then(|filter| filter.days);
        days.is_some_and(|days| record.order_at < self.latest - (i64::from(days) + 2) * DAY)
    }

    pub(super) fn received(&self) -> u64 {
        self.buffer.received()
    }

    pub(super) async fn prove(&mut self, span: Span, trust: Trust) -> Result<Flow> {
        let mut flow = self.claims.prove(span, trust);
        if flow != Flow::On && !self.claims.is_met {
            self.flush().await?;
            flow = if self.claims.is_met { flow } else { Flow::On };
        }
        Ok(if self.is_cancelled() { Flow::Stop } else { flow })
    }

    pub(super) async fn end(&mut self, oldest: Option<Micros>) -> Result<()> {
        if !self.claims.is_met {
            self.flush().await?;
        }
        self.findings
            .extend(self.claims.end(oldest, self.received()).map(str::to_owned));
        Ok(())
    }

    pub(super) async fn flush_if_full(&mut self) -> Result<()> {
        if self.buffer.is_full() {
            self.flush().await?;
        }
        Ok(())
    }

    /// Makes the state durable also where no row came with it, so that a long run of nothing new can be taken up again.
    pub(super) async fn keep_place(&mut self) -> Result<()> {
        self.flush().await?;
        if self.claims.state == self.committed {
            return Ok(());
        }
        let run = self.task.run;
        let quiet = Quiet {
            run_id: &run.run_id,
            started_at: run.started_at,
            at: (run.clock)(),
            streams: vec![self.quiet()],
        };
        self.lake.commit_quiet(&quiet).await?;
        self.committed = self.claims.state.clone();
        self.buffer.note_counted();
        Ok(())
    }

    /// What no entry has recorded yet.
    fn quiet(&self) -> QuietStream {
        QuietStream {
            source: self.task.source.name.clone(),
            stream: self.state_name.clone(),
            counts: self.buffer.counts,
            state: self.claims.state.clone(),
        }
    }

    /// Looks whether the lake held any of these rows before the run, and does not take them.
    pub(super) async fn recognise(&mut self, rows: &[Vec<u8>]) -> Result<()> {
        let records = rows.iter().flat_map(|row| self.layouts.read(0, row, self.latest));
        let incoming = Incoming {
            source: &self.task.source.name,
            stream: self.task.stream,
            records: records.flatten().collect(),
            rejects: Vec::new(),
            first_load: self.claims.since_load(),
            withheld: &self.withheld,
        };
        self.claims.is_met |= self.lake.classify(incoming).await?.met_known;
        Ok(())
    }

    /// Makes everything received so far durable, with what may be claimed of it.
    pub(super) async fn flush(&mut self) -> Result<()> {
        if self.comparing.is_some() {
            return Box::pin(self.store_repairs()).await;
        }
        let requests = self.client.requests();
        self.buffer.counts.requests += requests - self.requests;
        self.requests = requests;
        let newest = self.buffer.newest(&self.withheld);
        let target = Target {
            kind: Kind::Sync,
            source: &self.task.source.name,
            stream: self.task.stream,
            state_name: &self.state_name,
            first_load: self.claims.since_load(),
            withheld: &self.withheld,
        };
        let new = self.buffer.classify(self.lake, &target).await?;
        let claims = &mut self.claims;
        if self.has_begun {
            claims.note_doubt(new.met_known);
        }
        claims.note_lateness(&new.new_keys);
        claims.claim();
        claims.state.grow(new.counts.stored, new.counts.rejects);
        claims.state.newest_key = claims.state.newest_key.max(newest);
        let of = (&target, self.task.run);
        if self.buffer.commit(self.lake, of, &new, &claims.state).await? {
            self.committed = claims.state.clone();
        }
        Ok(())
    }

    /// The walk ended well, at its end or where it was told to. What an untrusted walk proves depends on whether it brought
    /// anything new, which only the last commit tells.
    pub(super) async fn finish(&mut self) -> Result<()> {
        if !self.is_cancelled() {
            self.claims.state.last_walk_at = Some(self.claims.now);
        }
        self.flush().await?;
        if !self.is_cancelled() && self.buffer.total.stored == 0 {
            self.claims.believe_untrusted();
        }
        Ok(())
    }

    /// What is left to be recorded, and the outcome.
    pub(super) fn close(mut self, outcome: &mut Outcome) -> Option<QuietStream> {
        if !matches!(outcome.error, Some(StreamError::Lake(_))) {
            let counts = self.buffer.counts;
            self.buffer.total.add(&counts);
        }
        outcome.counts = self.buffer.total;
        if self.outside > 0 {
            let what = format!(
                "{} rows came that its filter does not let through: the service seems to ignore it; they are kept",
                self.outside
            );
            self.warnings.push(what);
        }
        outcome.loads.append(&mut self.buffer.loads);
        outcome.findings.append(&mut self.findings);
        outcome.warnings.append(&mut self.warnings);
        let state = &self.claims.state;
        let known = self.claims.before.gaps();
        let is_new = |gap: &Gap| {
            !known
                .iter()
                .any(|old| old.span.from <= gap.span.from && gap.span.to <= old.span.to)
        };
        outcome.new_gaps = state.coverage.gaps().into_iter().filter(is_new).collect();
        let is_recorded = *state == self.committed && self.buffer.counts == Counts::default();
        if is_recorded || matches!(outcome.error, Some(StreamError::Lake(_))) {
            return None;
        }
        Some(self.quiet())
    }
}
