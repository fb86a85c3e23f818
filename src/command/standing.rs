//! Where each stream stands, as the ledger has it: what `status` shows, the daemon measures and alerts are about. Apart from them
//! because the three must never differ.

use std::time::Duration;

use super::{Failure, home};
use crate::config::Config;
use crate::coverage::{EXPIRED, Gap, State, StreamState};
use crate::lake::Lake;
use crate::ledger::stream_key;
use crate::schema::{DAY, EARLIEST, Micros, SECOND, parse_time};

/// One stream.
pub(super) struct Standing {
    pub(super) source: String,
    pub(super) stream: String,
    pub(super) state: StreamState,
    /// Number and time of the newest ledger entry that is about the stream.
    pub(super) last_load: (u64, Option<Micros>),
    /// For how many days the service keeps its log; unknown of what only an import brought, and without end of some services.
    pub(super) kept: Option<i64>,
    finality: Micros,
}

/// All streams of the lake of a home; none where there is no lake yet.
pub(super) async fn read(config: &Config) -> Result<Vec<Standing>, Failure> {
    let lake = Lake::open(&home(config)).await?;
    let mut standings = Vec::new();
    for (source, stream) in lake.streams() {
        let newest = lake
            .newest()
            .and_then(|newest| newest.entry.states.get(&stream_key(&source, &stream)));
        let Some(sequence) = newest else {
            continue;
        };
        let entry = lake.entry(*sequence).await?.entry;
        let Some(state) = entry.state_of(&source, &stream).cloned() else {
            return Err(Failure::failed(format!(
                "ledger entry {sequence} holds no state of {source}.{stream}"
            )));
        };
        let (retention, finality) = promises(config, &source);
        standings.push(Standing {
            last_load: (*sequence, parse_time(&entry.finished_at)),
            kept: retention.filter(|_| state.last_walk_at.is_some()),
            source,
            stream,
            state,
            finality,
        });
    }
    Ok(standings)
}

/// What a source's configuration says of its history; defaults for one that is no longer configured. A service that keeps its
/// log for ever has no days of retention.
fn promises(config: &Config, source: &str) -> (Option<i64>, Micros) {
    let configured = config.sources.iter().find(|configured| configured.name == source);
    let day = Duration::from_secs(86_400);
    let (retention, finality) = configured.map_or((Some(90), day), |source| (source.retention_days, source.finality));
    (
        retention.map(i64::from),
        Micros::try_from(finality.as_micros()).unwrap_or(DAY),
    )
}

impl Standing {
    /// As if an entry of the ledger had brought this state.
    #[cfg(test)]
    pub(super) fn of(source: &str, stream: &str, state: StreamState, kept: Option<i64>) -> Self {
        Self {
            source: source.to_owned(),
            stream: stream.to_owned(),
            state,
            last_load: (1, None),
            kept,
            finality: DAY,
        }
    }

    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.source, self.stream)
    }

    fn ends(&self, is_meant: impl Fn(State) -> bool) -> impl Iterator<Item = Micros> {
        let intervals = self.state.coverage.intervals().iter();
        intervals
            .filter(move |interval| is_meant(interval.state))
            .map(|interval| interval.span.to)
    }

    pub(super) fn covered_from(&self) -> Option<Micros> {
        let intervals = self.state.coverage.intervals().iter();
        let collected = intervals.filter(|interval| is_collected(interval.state));
        collected.map(|interval| interval.span.from).min()
    }

    pub(super) fn covered_to(&self) -> Option<Micros> {
        self.ends(is_collected).max()
    }

    pub(super) fn final_to(&self) -> Option<Micros> {
        self.ends(|state| state == State::Final).max()
    }

    pub(super) fn purged_to(&self) -> Option<Micros> {
        self.ends(|state| state == State::Purged).max()
    }

    pub(super) fn gaps(&self) -> Vec<Gap> {
        self.state.coverage.gaps()
    }

    pub(super) fn gap_seconds(&self) -> i64 {
        let missing: Micros = self.gaps().iter().map(|gap| gap.span.to - gap.span.from).sum();
        missing / SECOND
    }

    pub(super) fn lag_seconds(&self, now: Micros) -> Option<i64> {
        self.covered_to().map(|to| now.saturating_sub(to) / SECOND)
    }

    /// When the vendor begins to drop what is not collected; in the past, it may have. What it has dropped already is lost, and
    /// no clock runs for it.
    pub(super) fn days_until_loss(&self, now: Micros) -> Option<i64> {
        let kept = self.kept?;
        let reached = self.covered_to().max(self.purged_to());
        let gaps = self.gaps().into_iter().filter(|gap| gap.reason != EXPIRED);
        let oldest = gaps.map(|gap| gap.span.from.max(now - kept * DAY));
        let uncollected = oldest.chain(reached).min().unwrap_or(EARLIEST);
        Some(kept - now.saturating_sub(uncollected) / DAY)
    }

    pub(super) fn warnings(&self, now: Micros) -> Vec<String> {
        let mut warnings = Vec::new();
        match self.days_until_loss(now).zip(self.kept) {
            Some((days_left, _)) if days_left <= 0 => {
                warnings.push("the vendor may have dropped history that is not collected: sync now".to_owned());
            }
            Some((days_left, retention)) if days_left <= retention / 2 => warnings.push(format!(
                "the vendor drops history that is not collected in {days_left} days: sync now"
            )),
            _ => {}
        }
        if self.state.greatest_lateness > self.finality / 2 {
            let hours = self.state.greatest_lateness / (3_600 * SECOND);
            warnings.push(format!(
                "records became visible {hours} hours late: raise finality of this source"
            ));
        }
        let filter = self.stream.split_once('?').map(|(_, filter)| filter);
        warnings.extend(filter.map(|filter| format!("only what the filter {filter} lets through is collected")));
        warnings
    }
}

fn is_collected(state: State) -> bool {
    !matches!(state, State::NotOffered | State::Purged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::Span;

    #[test]
    fn a_clock_runs_for_the_oldest_time_that_can_still_be_collected() {
        let now = 20_000 * DAY;
        let of = |claims: &[(i64, i64)], lost: Option<(i64, i64)>| {
            let mut state = StreamState::new("account");
            state.coverage.begin(now);
            for (from, to) in claims {
                let span = Span::new(now - from * DAY, now - to * DAY);
                state.coverage.fill(span, State::Final, now);
            }
            if let Some((from, to)) = lost {
                let span = Span::new(now - from * DAY, now - to * DAY);
                state.coverage.explain(span, EXPIRED);
            }
            Standing::of("acme", "audit_logs", state, Some(90)).days_until_loss(now)
        };
        let all = now / DAY;
        // Collected until ten days ago.
        assert_eq!(of(&[(all, 10)], None), Some(80));
        // A gap that began forty days ago; one that began before the service's memory does.
        assert_eq!(of(&[(all, 40), (30, 1)], None), Some(50));
        assert_eq!(of(&[(30, 1)], None), Some(0));
        // What is lost is lost.
        assert_eq!(of(&[(all, 200), (100, 5)], Some((200, 100))), Some(85));
    }
}
