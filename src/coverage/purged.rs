//! Time whose rows were removed on purpose: what belongs to it, and that it stays so. Apart from the claims of walks, which
//! never touch it.

use super::{Coverage, Span, State};
use crate::schema::{EARLIEST, Micros};

/// Purged time of a source. A row belongs to it when both its event time and its order key lie within: what is younger by
/// either is kept, so that an old event that changed yesterday is as young as yesterday.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Purged {
    /// Sorted and disjoint.
    spans: Vec<Span>,
}

impl Purged {
    pub fn of(coverage: &Coverage) -> Self {
        Self {
            spans: coverage.spans_of(State::Purged).collect(),
        }
    }

    /// Everything before a moment but what is held.
    pub fn before(to: Micros, held: &[Span]) -> Self {
        let mut spans = vec![Span::new(EARLIEST, to)];
        for hold in held {
            let parts = |span: &Span| {
                [
                    Span::new(span.from, span.to.min(hold.from)),
                    Span::new(span.from.max(hold.to), span.to),
                ]
            };
            spans = spans.iter().flat_map(parts).filter(|span| !span.is_empty()).collect();
        }
        spans.sort_by_key(|span| span.from);
        Self { spans }
    }

    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Whether a row with these times belongs to it; a row may have one alone.
    pub fn holds(&self, event_at: Micros, order_at: Micros) -> bool {
        self.holds_instant(event_at) && self.holds_instant(order_at)
    }

    /// Whether all that lies between two instants, both included, is within one stretch.
    pub fn holds_all(&self, from: Micros, to: Micros) -> bool {
        self.spans.iter().any(|span| span.from <= from && to < span.to)
    }

    /// Whether anything between two instants, both included, is within.
    pub fn meets(&self, from: Micros, to: Micros) -> bool {
        self.spans.iter().any(|span| span.from <= to && from < span.to)
    }

    fn holds_instant(&self, at: Micros) -> bool {
        self.holds_all(at, at)
    }
}

impl Coverage {
    /// Marks time as purged, whatever it was before: no gap, and nothing to be read again.
    pub fn purge(&mut self, purged: &Purged, now: Micros) {
        for span in purged.spans() {
            self.put(*span, State::Purged, now, |old| old != State::Purged);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: i64, to: i64) -> Span {
        Span::new(EARLIEST + from, EARLIEST + to)
    }

    fn states(coverage: &Coverage) -> Vec<(i64, i64, State)> {
        let intervals = coverage.intervals().iter();
        let told = intervals.map(|it| (it.span.from - EARLIEST, it.span.to - EARLIEST, it.state));
        told.collect()
    }

    #[test]
    fn a_row_goes_only_when_it_is_old_by_both_its_times_and_by_none_held() {
        let purged = Purged::before(EARLIEST + 100, &[span(40, 50), span(45, 60), span(200, 300)]);
        assert_eq!(purged.spans(), [span(0, 40), span(60, 100)]);
        for (event, order, expected) in [
            (10, 20, true),
            (10, 70, true),
            (99, 99, true),
            (10, 100, false),
            (100, 10, false),
            (45, 70, false),
            (30, 59, false),
        ] {
            let holds = purged.holds(EARLIEST + event, EARLIEST + order);
            assert_eq!(holds, expected, "{event} {order}");
        }
        assert!(purged.holds_all(EARLIEST, EARLIEST + 39) && !purged.holds_all(EARLIEST, EARLIEST + 70));
        assert!(purged.meets(EARLIEST + 50, EARLIEST + 60) && !purged.meets(EARLIEST + 40, EARLIEST + 59));
    }

    #[test]
    fn purged_time_is_no_gap_and_no_walk_reads_or_claims_it_again() {
        let mut coverage = Coverage::default();
        coverage.begin(EARLIEST + 100);
        coverage.fill(span(0, 10), State::NotOffered, 1);
        coverage.claim(span(20, 60), EARLIEST + 100, 10);
        coverage.claim(span(60, 100), EARLIEST + 100, 1_000);
        coverage.explain(span(10, 20), "page 3: 500");
        coverage.purge(&Purged::before(EARLIEST + 80, &[]), EARLIEST + 120);
        assert_eq!(
            states(&coverage),
            [(0, 80, State::Purged), (80, 100, State::Provisional)]
        );
        assert_eq!(coverage.gaps(), []);
        let wanted = coverage.wanted(EARLIEST + 120, 10, 5);
        assert!(wanted.iter().all(|span| span.from >= EARLIEST + 80), "{wanted:?}");
        coverage.claim(span(0, 120), EARLIEST + 130, 0);
        coverage.fill(span(0, 120), State::Asserted, 1);
        assert_eq!(states(&coverage), [(0, 80, State::Purged), (80, 120, State::Final)]);
        coverage.purge(&Purged::before(EARLIEST + 90, &[]), EARLIEST + 140);
        assert_eq!(states(&coverage)[0], (0, 90, State::Purged));
        assert_eq!(Purged::of(&coverage).spans(), [span(0, 90)]);
    }
}
