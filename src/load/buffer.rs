//! What was received and is not durable yet, and the commit that makes it so. Apart from the walks and files it comes from,
//! because a record becomes a row in one way.

use anyhow::Result;

use super::Run;
use crate::batch::RejectedRow;
use crate::coverage::StreamState;
use crate::lake::{Classified, Draft, Incoming, Lake, Withheld};
use crate::ledger::{Counts, Kind};
use crate::record::{Record, Reject};
use crate::schema::Micros;
use crate::source::Stream;

/// A load is committed when its buffer holds this many records or bytes.
const LOAD_RECORDS: usize = 6_000;
pub(super) const LOAD_BYTES: usize = 5 << 19;

/// Whose rows they are, and which run brings them.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) kind: Kind,
    pub(super) source: &'a str,
    pub(super) stream: &'static Stream,
    /// The name the stream's state is kept under.
    pub(super) state_name: &'a str,
    /// Every load of this run has at least this number.
    pub(super) first_load: u64,
    pub(super) withheld: &'a Withheld,
}

/// The rows of the next load, and all that was counted.
#[derive(Default)]
pub(super) struct Buffer {
    records: Vec<Record>,
    rejects: Vec<RejectedRow>,
    bytes: usize,
    /// Of what no entry has counted yet.
    pub(super) counts: Counts,
    /// Of what entries have counted.
    pub(super) total: Counts,
    pub(super) loads: Vec<u64>,
}

impl Buffer {
    /// Takes a record of a page, or what could not become one.
    pub(super) fn push(&mut self, read: Result<Record, Reject>, page: u64, seen_at: Micros) {
        self.counts.received += 1;
        match read {
            Ok(record) => {
                self.bytes += record.raw.len();
                self.records.push(record);
            }
            Err(reject) => {
                self.bytes += reject.bytes.len();
                self.rejects.push(RejectedRow { reject, page, seen_at });
            }
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.records.len() >= LOAD_RECORDS || self.bytes >= LOAD_BYTES
    }

    pub(super) fn received(&self) -> u64 {
        self.total.received + self.counts.received
    }

    pub(super) fn pages(&self) -> u64 {
        self.total.pages + self.counts.pages
    }

    /// The greatest order key of what waits and may be stored.
    pub(super) fn newest(&self, withheld: &Withheld) -> Option<Micros> {
        let kept = self.records.iter().filter(|record| !withheld.holds(record));
        kept.map(|record| record.order_at).max()
    }

    /// Empties the buffer, and says what of it is to be stored.
    pub(super) async fn classify(&mut self, lake: &mut Lake, target: &Target<'_>) -> Result<Classified> {
        self.bytes = 0;
        let incoming = Incoming {
            source: target.source,
            stream: target.stream,
            records: std::mem::take(&mut self.records),
            rejects: std::mem::take(&mut self.rejects),
            first_load: target.first_load,
            withheld: target.withheld,
        };
        let classified = lake.classify(incoming).await?;
        self.counts.add(&classified.counts);
        Ok(classified)
    }

    /// Makes what is new durable, with the state after it; says whether there was anything.
    pub(super) async fn commit(
        &mut self,
        lake: &mut Lake,
        (target, run): (&Target<'_>, &Run<'_>),
        new: &Classified,
        state: &StreamState,
    ) -> Result<bool> {
        if new.records.is_empty() && new.rejects.is_empty() {
            return Ok(false);
        }
        let draft = Draft {
            kind: target.kind,
            run_id: &run.run_id,
            source: target.source,
            stream: target.stream,
            state_name: target.state_name,
            started_at: run.started_at,
            at: (run.clock)(),
            counts: self.counts,
            records: &new.records,
            rejects: &new.rejects,
            state,
        };
        self.loads.push(lake.commit(&draft).await?);
        self.note_counted();
        Ok(true)
    }

    /// An entry has counted everything so far.
    pub(super) fn note_counted(&mut self) {
        self.total.add(&std::mem::take(&mut self.counts));
    }
}
