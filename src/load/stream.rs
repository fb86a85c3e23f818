//! One stream of one run: rows are buffered and committed in loads, and what the walk proves is claimed in the same commit.
//! Apart from the run because this is where state and data meet.

use std::sync::atomic::Ordering;

use anyhow::Result;

use super::{Outcome, Progress, Run, StreamError};
use crate::batch::RejectedRow;
use crate::coverage::{Coverage, EXPIRED, Gap, Span, State, StreamState};
use crate::http::Client;
use crate::lake::{Draft, Incoming, Lake};
use crate::ledger::{Counts, QuietStream};
use crate::pull::{Event, Flow, PullError, Walk};
use crate::record::{Layout, Record};
use crate::schema::{DAY, EARLIEST, Micros, SECOND, format_time};
use crate::source::{Source, Stream};

/// A load is committed when its buffer holds this many records or bytes.
const LOAD_RECORDS: usize = 20_000;
const LOAD_BYTES: usize = 16 << 20;
/// How far before the end of what was collected last every walk reaches back.
const OVERLAP: Micros = 3_600 * SECOND;
/// A clock that differs by more is reported.
const CLOCK_TOLERANCE: Micros = 60 * SECOND;

/// Loads one stream; what is left to be recorded without a load of its own is returned.
pub(super) async fn load(
    lake: &mut Lake,
    source: &Source,
    stream: &'static Stream,
    client: &Client,
    run: &Run<'_>,
    outcome: &mut Outcome,
) -> Option<QuietStream> {
    let state = match lake.state(&source.name, stream.name).await {
        Ok(state) => state.unwrap_or_else(|| StreamState::new(&source.account)),
        Err(error) => {
            outcome.error = Some(StreamError::Lake(error));
            return None;
        }
    };
    if state.account != source.account {
        outcome.error = Some(StreamError::OtherAccount {
            known: state.account,
            given: source.account.clone(),
        });
        return None;
    }
    let mut load = StreamLoad::new(lake, source, stream, run, state, client);
    let walk = Walk {
        client,
        stream,
        max_in_flight: source.limits.max_in_flight,
    };
    let walked = walk.run(&mut async |event| load.take(event).await).await;
    let ended = match walked {
        Err(PullError::Caller(error)) => Err(StreamError::Lake(error)),
        Err(error) => load
            .flush()
            .await
            .map_err(StreamError::Lake)
            .and(Err(StreamError::Pull(error))),
        Ok(()) => load.finish().await.map_err(StreamError::Lake),
    };
    outcome.error = ended.err();
    load.close(outcome)
}

struct StreamLoad<'a> {
    lake: &'a mut Lake,
    source: &'a Source,
    stream: &'static Stream,
    run: &'a Run<'a>,
    client: &'a Client,
    layout: Layout,
    state: StreamState,
    /// What the ledger holds of the state.
    committed: StreamState,
    /// The coverage before this run.
    before: Coverage,
    records: Vec<Record>,
    rejects: Vec<RejectedRow>,
    bytes: usize,
    counts: Counts,
    total: Counts,
    loads: Vec<u64>,
    findings: Vec<String>,
    warnings: Vec<String>,
    requests: u64,
    /// The service's time when the walk began.
    now: Micros,
    /// The walk goes on until everything from here on is proven.
    down_to: Micros,
    expected: Option<u64>,
    /// Whether a row of the lake has been met again, or there was none to meet.
    is_met: bool,
    /// What is proven and not claimed yet, with whether the joins can be trusted.
    proven: Vec<(Span, bool)>,
    untrusted: Vec<Span>,
    is_unordered: bool,
    is_at_end: bool,
}

impl<'a> StreamLoad<'a> {
    fn new(
        lake: &'a mut Lake,
        source: &'a Source,
        stream: &'static Stream,
        run: &'a Run<'a>,
        state: StreamState,
        client: &'a Client,
    ) -> Self {
        Self {
            layout: Layout::of(stream),
            committed: state.clone(),
            before: state.coverage.clone(),
            is_met: state.rows == 0,
            requests: client.requests(),
            state,
            lake,
            source,
            stream,
            run,
            client,
            records: Vec::new(),
            rejects: Vec::new(),
            bytes: 0,
            counts: Counts::default(),
            total: Counts::default(),
            loads: Vec::new(),
            findings: Vec::new(),
            warnings: Vec::new(),
            now: run.started_at,
            down_to: EARLIEST,
            expected: None,
            proven: Vec::new(),
            untrusted: Vec::new(),
            is_unordered: false,
            is_at_end: false,
        }
    }

    async fn take(&mut self, event: Event) -> Result<Flow> {
        match event {
            Event::Begun {
                service_at,
                newest_key,
                count,
                ..
            } => self.begin(service_at, newest_key, count),
            Event::Rows { page, rows } => {
                self.read(page, rows);
                if self.records.len() >= LOAD_RECORDS || self.bytes >= LOAD_BYTES {
                    self.flush().await?;
                }
            }
            Event::Proven { span, trusted } => return self.prove(span, trusted).await,
            Event::Missing(Gap { span, reason }) => {
                self.warnings.push(format!(
                    "{reason}: {} to {} is a gap",
                    format_time(span.from),
                    format_time(span.to)
                ));
                self.state.coverage.explain(span, &reason);
            }
            Event::Unordered => {
                self.is_unordered = true;
                self.warnings
                    .push("the service ignores the order asked for; the list is read in full".to_owned());
            }
            Event::Ended { oldest } => self.end(oldest).await?,
        }
        Ok(if self.run.cancelled.load(Ordering::SeqCst) {
            Flow::Stop
        } else {
            Flow::On
        })
    }

    /// The time of a walk is the service's: without one, the smaller of the loader's clock and the newest key.
    fn begin(&mut self, service_at: Option<Micros>, newest_key: Option<Micros>, count: Option<u64>) {
        let clock = (self.run.clock)();
        self.now = service_at.unwrap_or_else(|| newest_key.map_or(clock, |newest| newest.min(clock)));
        if let Some(service_at) = service_at
            && (service_at - clock).abs() > CLOCK_TOLERANCE
        {
            let (ours, theirs) = (format_time(clock), format_time(service_at));
            self.warnings.push(format!(
                "this machine's clock says {ours}, and the service's {theirs}; the service's counts"
            ));
        }
        let horizon = self.now - micros(self.source.settle);
        self.state.coverage.begin(horizon);
        let wanted = self
            .state
            .coverage
            .walk_down_to(self.now, micros(self.source.finality), OVERLAP);
        self.down_to = self.run.from.or(wanted).unwrap_or(EARLIEST);
        self.expected = count.filter(|_| self.down_to <= EARLIEST);
    }

    fn read(&mut self, page: u64, rows: Vec<Vec<u8>>) {
        self.counts.pages += 1;
        self.total.pages += 1;
        for bytes in rows {
            self.counts.received += 1;
            self.total.received += 1;
            self.bytes += bytes.len();
            match self.layout.read(&bytes, self.now + DAY) {
                Ok(record) => self.records.push(record),
                Err(reject) => self.rejects.push(RejectedRow {
                    reject,
                    page,
                    seen_at: (self.run.clock)(),
                }),
            }
        }
        let name = format!("{}.{}", self.source.name, self.stream.name);
        let progress = Progress {
            name,
            pages: self.total.pages,
            rows: self.total.received,
            expected: self.expected,
        };
        (self.run.progress)(&progress);
    }

    async fn prove(&mut self, span: Span, trusted: bool) -> Result<Flow> {
        self.proven.push((span, trusted));
        if self.run.cancelled.load(Ordering::SeqCst) {
            return Ok(Flow::Stop);
        }
        if self.is_unordered || span.from > self.down_to {
            return Ok(Flow::On);
        }
        if !self.is_met {
            self.flush().await?;
        }
        Ok(if self.is_met { Flow::Stop } else { Flow::On })
    }

    /// The end of the list is proven. A weaker key must not prove silence: rows the lake holds and the service ought to
    /// offer still must have been among them.
    async fn end(&mut self, oldest: Option<Micros>) -> Result<()> {
        self.is_at_end = true;
        if !self.is_met {
            self.flush().await?;
        }
        if oldest.is_none() && self.total.received > 0 {
            self.findings
                .push("no record has a readable order key: nothing is claimed".to_owned());
            return Ok(());
        }
        let retention = i64::from(self.source.retention_days) * DAY;
        let reach = oldest.unwrap_or(self.now - retention);
        if !self.is_met && self.state.newest_key.is_some_and(|newest| newest >= reach) {
            self.proven.clear();
            let finding = "none of the rows it holds came again, though the service should still offer them: nothing is claimed; \
                           check that the token may still see everything";
            self.findings.push(finding.to_owned());
            return Ok(());
        }
        self.is_met = true;
        if oldest.is_none() {
            self.proven.push((Span::new(reach, Micros::MAX), true));
        }
        self.claim();
        let older = Span::new(EARLIEST, reach);
        if self.state.complete_walks == 0 {
            self.state.coverage.fill(older, State::NotOffered, self.now);
        } else {
            self.state.coverage.explain(older, EXPIRED);
        }
        self.state.oldest_offered_at = oldest;
        self.state.complete_walks += 1;
        Ok(())
    }

    /// Claims what is proven, once a row of the lake has been met again.
    fn claim(&mut self) {
        if !self.is_met {
            return;
        }
        let horizon = self.state.coverage.horizon().unwrap_or(EARLIEST);
        for (span, trusted) in std::mem::take(&mut self.proven) {
            let span = Span::new(span.from, span.to.min(horizon));
            if trusted {
                self.state.coverage.claim(span, self.now, micros(self.source.finality));
            } else {
                self.state.coverage.claim_provisionally(span, self.now);
                self.untrusted.push(span);
            }
        }
    }

    /// Makes everything received so far durable, with what may be claimed of it.
    async fn flush(&mut self) -> Result<()> {
        let requests = self.client.requests();
        self.counts.requests += requests - self.requests;
        self.requests = requests;
        self.bytes = 0;
        let records = std::mem::take(&mut self.records);
        let rejects = std::mem::take(&mut self.rejects);
        let incoming = Incoming {
            source: &self.source.name,
            stream: self.stream,
            records,
            rejects,
        };
        let classified = self.lake.classify(incoming).await?;
        self.is_met |= classified.met_known;
        self.counts.add(&classified.counts);
        self.note_lateness(&classified.new_keys);
        self.claim();
        self.state.rows += classified.counts.stored;
        self.state.rejects += classified.counts.rejects;
        let newest = classified.records.iter().map(|record| record.order_at).max();
        self.state.newest_key = self.state.newest_key.max(newest);
        if classified.records.is_empty() && classified.rejects.is_empty() {
            return Ok(());
        }
        let draft = Draft {
            run_id: &self.run.run_id,
            source: &self.source.name,
            stream: self.stream,
            started_at: self.run.started_at,
            at: (self.run.clock)(),
            counts: self.counts,
            records: &classified.records,
            rejects: &classified.rejects,
            state: &self.state,
        };
        self.loads.push(self.lake.commit(&draft).await?);
        self.committed = self.state.clone();
        let counts = std::mem::take(&mut self.counts);
        self.add_to_total(&counts);
        Ok(())
    }

    /// A row that appears where everything was read before came late, by at least the time since that reading.
    fn note_lateness(&mut self, keys: &[Micros]) {
        for key in keys {
            let covering = self
                .before
                .intervals()
                .iter()
                .find(|interval| interval.span.from <= *key && *key < interval.span.to);
            if let Some(interval) =
                covering.filter(|interval| matches!(interval.state, State::Provisional | State::Final))
            {
                let lateness = interval.collected_at - key;
                self.state.greatest_lateness = self.state.greatest_lateness.max(lateness);
            }
        }
    }

    /// The walk ended well, at its end or where it was told to.
    async fn finish(&mut self) -> Result<()> {
        if self.run.cancelled.load(Ordering::SeqCst) {
            return self.flush().await;
        }
        let records_left = !self.records.is_empty() || !self.rejects.is_empty();
        self.state.last_walk_at = Some(self.now);
        if !records_left {
            self.claim();
            self.settle_untrusted();
            return Ok(());
        }
        // What an untrusted walk proves depends on whether it brought anything new, which only the commit tells.
        self.flush().await?;
        self.settle_untrusted();
        Ok(())
    }

    /// A list without a count is believed when a second walk over the same time brings no new id.
    fn settle_untrusted(&mut self) {
        if self.total.stored + self.counts.stored > 0 {
            return;
        }
        for span in std::mem::take(&mut self.untrusted) {
            for interval in self.before.intervals() {
                let both = Span::new(span.from.max(interval.span.from), span.to.min(interval.span.to));
                if !both.is_empty() {
                    self.state.coverage.claim(both, self.now, micros(self.source.finality));
                }
            }
        }
    }

    /// What is left to be recorded, and the outcome.
    fn close(mut self, outcome: &mut Outcome) -> Option<QuietStream> {
        let counts = std::mem::take(&mut self.counts);
        self.add_to_total(&counts);
        outcome.counts = self.total;
        outcome.loads = self.loads;
        outcome.findings = self.findings;
        outcome.warnings = self.warnings;
        let known = self.before.gaps();
        let is_new = |gap: &Gap| {
            !known
                .iter()
                .any(|old| old.span.from <= gap.span.from && gap.span.to <= old.span.to)
        };
        outcome.new_gaps = self.state.coverage.gaps().into_iter().filter(is_new).collect();
        if matches!(outcome.error, Some(StreamError::Lake(_)))
            || (self.state == self.committed && counts == Counts::default())
        {
            return None;
        }
        let (source, stream) = (self.source.name.clone(), self.stream.name.to_owned());
        Some(QuietStream {
            source,
            stream,
            counts,
            state: self.state,
        })
    }

    /// `pages` and `received` are added as they come.
    fn add_to_total(&mut self, counts: &Counts) {
        self.total.add(&Counts {
            pages: 0,
            received: 0,
            ..*counts
        });
    }
}

fn micros(duration: std::time::Duration) -> Micros {
    Micros::try_from(duration.as_micros()).unwrap_or(Micros::MAX)
}
