//! One stream of one run: rows are buffered and committed in loads, and what the walk proves is claimed in the same commit.
//! Apart from the run because this is where state and data meet.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::Result;

use super::claims::Claims;
use super::{Outcome, Progress, Run, StreamError};
use crate::batch::RejectedRow;
use crate::coverage::{Gap, Span, StreamState};
use crate::http::Client;
use crate::lake::{Draft, Incoming, Lake};
use crate::ledger::{Counts, QuietStream};
use crate::pull::{Event, Flow, List, PullError, Trust, Walk};
use crate::record::{Layout, Record};
use crate::schema::{DAY, Micros, SECOND, format_time};
use crate::source::{Paging, Source, Stream};

/// A load is committed when its buffer holds this many records or bytes.
const LOAD_RECORDS: usize = 6_000;
const LOAD_BYTES: usize = 5 << 19;
/// A clock that differs by more is reported.
const CLOCK_TOLERANCE: Micros = 60 * SECOND;

/// Loads one stream; what is left to be recorded without a load of its own is returned.
pub(super) async fn load(
    lake: &mut Lake,
    task: &Task<'_>,
    client: &Arc<Client>,
    outcome: &mut Outcome,
) -> Option<QuietStream> {
    let Task { source, stream, .. } = *task;
    let state = match lake.state(&source.name, stream.name).await {
        Ok(state) => state.unwrap_or_else(|| StreamState::new(&source.account)),
        Err(error) => {
            outcome.error = Some(StreamError::Lake(error));
            return None;
        }
    };
    if state.account != source.account {
        let given = source.account.clone();
        outcome.error = Some(StreamError::OtherAccount {
            known: state.account,
            given,
        });
        return None;
    }
    let mut load = StreamLoad::new(lake, task, client, state);
    let Paging::Numbered { rows, sort } = stream.paging;
    let walk = Walk {
        client,
        list: List {
            path: stream.path,
            rows: &[rows],
            order_key: Some(stream.order_key),
            query: vec![("sort".to_owned(), sort.to_owned())],
            dates: None,
        },
        max_in_flight: source.limits.max_in_flight,
    };
    let walked = walk.run(&mut async |event| load.take(event).await).await;
    let ended = match walked {
        Err(PullError::Caller(error)) => Err(StreamError::Lake(error)),
        Err(error) => {
            let flushed = load.flush().await.map_err(StreamError::Lake);
            if matches!(error, PullError::Contradiction { .. }) {
                load.claims.distrust_counts();
            }
            load.claims.explain_rest(&reason(&error));
            flushed.and(Err(StreamError::Pull(error)))
        }
        Ok(()) => load.finish().await.map_err(StreamError::Lake),
    };
    outcome.error = ended.err();
    load.close(outcome)
}

/// An error as the reason of a gap: its first words.
fn reason(error: &PullError) -> String {
    let text = error.to_string();
    text.split(" (").next().unwrap_or_default().chars().take(200).collect()
}

/// Which stream is loaded, for which run.
#[derive(Clone, Copy)]
pub(super) struct Task<'a> {
    pub(super) source: &'a Source,
    pub(super) stream: &'static Stream,
    pub(super) run: &'a Run<'a>,
}

struct StreamLoad<'a> {
    lake: &'a mut Lake,
    task: Task<'a>,
    client: &'a Client,
    layout: Layout,
    claims: Claims,
    /// What the ledger holds of the state.
    committed: StreamState,
    records: Vec<Record>,
    rejects: Vec<RejectedRow>,
    bytes: usize,
    /// Of what no entry has counted yet.
    counts: Counts,
    /// Of what entries have counted.
    total: Counts,
    loads: Vec<u64>,
    findings: Vec<String>,
    warnings: Vec<String>,
    /// Requests of the client that have been counted.
    requests: u64,
    expected: Option<u64>,
    /// The latest time a record may carry.
    latest: Micros,
}

impl<'a> StreamLoad<'a> {
    fn new(lake: &'a mut Lake, task: &Task<'a>, client: &'a Client, state: StreamState) -> Self {
        Self {
            layout: Layout::of(task.stream),
            committed: state.clone(),
            claims: Claims::new(state, task.source, task.run.started_at),
            requests: client.requests(),
            lake,
            task: *task,
            client,
            records: Vec::new(),
            rejects: Vec::new(),
            bytes: 0,
            counts: Counts::default(),
            total: Counts::default(),
            loads: Vec::new(),
            findings: Vec::new(),
            warnings: Vec::new(),
            expected: None,
            latest: task.run.started_at + DAY,
        }
    }

    fn is_cancelled(&self) -> bool {
        self.task.run.cancelled.load(Ordering::SeqCst)
    }

    async fn take(&mut self, event: Event) -> Result<Flow> {
        match event {
            Event::Begun {
                service_at,
                newest_key,
                count,
                ..
            } => self.begin(service_at, newest_key, count),
            Event::Rows { page, rows, .. } => {
                self.read(page, rows);
                if self.records.len() >= LOAD_RECORDS || self.bytes >= LOAD_BYTES {
                    self.flush().await?;
                }
            }
            Event::Proven { span, trust } => return self.prove(span, trust).await,
            Event::Missing(gap) => self.claims.miss(gap),
            Event::Capped { page, total_pages } => self.warnings.push(format!(
                "the service gives nothing out from page {page} of {total_pages} on; older rows are asked for by date"
            )),
            Event::Ascending => {
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

    /// The time of a walk is the service's, but no later than the loader's own clock: a claim about the future would hide
    /// what comes until then. Without one it is the smaller of the loader's clock and the newest key.
    fn begin(&mut self, service_at: Option<Micros>, newest_key: Option<Micros>, count: Option<u64>) {
        let clock = (self.task.run.clock)();
        let told = service_at.unwrap_or_else(|| newest_key.map_or(clock, |newest| newest.min(clock)));
        if (told - clock).abs() > CLOCK_TOLERANCE && service_at.is_some() {
            let (ours, theirs) = (format_time(clock), format_time(told));
            self.warnings.push(format!(
                "this machine's clock says {ours}, and the service's {theirs}; the earlier one counts"
            ));
        }
        self.latest = told + DAY;
        let is_whole = self.claims.begin(told.min(clock), self.task.run.from);
        self.expected = count.filter(|_| is_whole);
    }

    fn read(&mut self, page: u64, rows: Vec<Vec<u8>>) {
        self.counts.pages += 1;
        for bytes in rows {
            self.counts.received += 1;
            self.bytes += bytes.len();
            match self.layout.read(&bytes, self.latest) {
                Ok(record) => self.records.push(record),
                Err(reject) => {
                    let seen_at = (self.task.run.clock)();
                    self.rejects.push(RejectedRow { reject, page, seen_at });
                }
            }
        }
        (self.task.run.progress)(&Progress {
            name: format!("{}.{}", self.task.source.name, self.task.stream.name),
            pages: self.total.pages + self.counts.pages,
            rows: self.received(),
            expected: self.expected,
        });
    }

    fn received(&self) -> u64 {
        self.total.received + self.counts.received
    }

    async fn prove(&mut self, span: Span, trust: Trust) -> Result<Flow> {
        let mut flow = self.claims.prove(span, trust);
        if flow != Flow::On && !self.claims.is_met {
            self.flush().await?;
            flow = if self.claims.is_met { flow } else { Flow::On };
        }
        Ok(if self.is_cancelled() { Flow::Stop } else { flow })
    }

    async fn end(&mut self, oldest: Option<Micros>) -> Result<()> {
        if !self.claims.is_met {
            self.flush().await?;
        }
        self.findings
            .extend(self.claims.end(oldest, self.received()).map(str::to_owned));
        Ok(())
    }

    /// Makes everything received so far durable, with what may be claimed of it.
    async fn flush(&mut self) -> Result<()> {
        let requests = self.client.requests();
        self.counts.requests += requests - self.requests;
        self.requests = requests;
        self.bytes = 0;
        let Task { source, stream, run } = self.task;
        let records = std::mem::take(&mut self.records);
        let rejects = std::mem::take(&mut self.rejects);
        let incoming = Incoming {
            source: &source.name,
            stream,
            records,
            rejects,
        };
        let classified = self.lake.classify(incoming).await?;
        self.counts.add(&classified.counts);
        let claims = &mut self.claims;
        claims.is_met |= classified.met_known;
        claims.note_lateness(&classified.new_keys);
        claims.claim();
        claims.state.rows += classified.counts.stored;
        claims.state.rejects += classified.counts.rejects;
        let newest = classified.records.iter().map(|record| record.order_at).max();
        claims.state.newest_key = claims.state.newest_key.max(newest);
        if classified.records.is_empty() && classified.rejects.is_empty() {
            return Ok(());
        }
        let draft = Draft {
            run_id: &run.run_id,
            source: &source.name,
            stream,
            started_at: run.started_at,
            at: (run.clock)(),
            counts: self.counts,
            records: &classified.records,
            rejects: &classified.rejects,
            state: &claims.state,
        };
        self.loads.push(self.lake.commit(&draft).await?);
        self.committed = claims.state.clone();
        self.total.add(&std::mem::take(&mut self.counts));
        Ok(())
    }

    /// The walk ended well, at its end or where it was told to. What an untrusted walk proves depends on whether it brought
    /// anything new, which only the last commit tells.
    async fn finish(&mut self) -> Result<()> {
        if !self.is_cancelled() {
            self.claims.state.last_walk_at = Some(self.claims.now);
        }
        self.flush().await?;
        if !self.is_cancelled() && self.total.stored == 0 {
            self.claims.believe_untrusted();
        }
        Ok(())
    }

    /// What is left to be recorded, and the outcome.
    fn close(mut self, outcome: &mut Outcome) -> Option<QuietStream> {
        if !matches!(outcome.error, Some(StreamError::Lake(_))) {
            self.total.add(&self.counts);
        }
        outcome.counts = self.total;
        outcome.loads = self.loads;
        outcome.findings = self.findings;
        outcome.warnings = self.warnings;
        let state = self.claims.state;
        let known = self.claims.before.gaps();
        let is_new = |gap: &Gap| {
            !known
                .iter()
                .any(|old| old.span.from <= gap.span.from && gap.span.to <= old.span.to)
        };
        outcome.new_gaps = state.coverage.gaps().into_iter().filter(is_new).collect();
        let is_recorded = state == self.committed && self.counts == Counts::default();
        if is_recorded || matches!(outcome.error, Some(StreamError::Lake(_))) {
            return None;
        }
        let (source, stream) = (self.task.source.name.clone(), self.task.stream.name.to_owned());
        Some(QuietStream {
            source,
            stream,
            counts: self.counts,
            state,
        })
    }
}
