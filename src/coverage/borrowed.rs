//! What a stream has proven because another one has: for streams that ask for whatever the other one names. Apart from the
//! claims of walks, which know what they have read.

use super::{Coverage, State};

impl Coverage {
    /// Becomes what another stream has proven; what the user stated of this one, or removed from it, stays.
    pub fn follow(&mut self, other: &Coverage) {
        let own = std::mem::replace(self, other.clone());
        for interval in own.intervals {
            let is_purged = interval.state == State::Purged;
            if is_purged || interval.state == State::Asserted {
                self.put(interval.span, interval.state, interval.collected_at, |old| {
                    is_purged || old == State::NotOffered
                });
            }
        }
    }

    /// Claims what another stream has proven, and nothing for good.
    pub fn follow_provisionally(&mut self, other: &Coverage) {
        other.horizon.into_iter().for_each(|horizon| self.begin(horizon));
        for interval in &other.intervals {
            match interval.state {
                State::NotOffered => self.fill(interval.span, State::NotOffered, interval.collected_at),
                _ => self.claim_provisionally(interval.span, interval.collected_at),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Span;
    use super::*;
    use crate::schema::EARLIEST;

    fn span(from: i64, to: i64) -> Span {
        Span::new(EARLIEST + from, EARLIEST + to)
    }

    fn states(coverage: &Coverage) -> Vec<(i64, i64, State)> {
        let intervals = coverage.intervals().iter();
        let told = intervals.map(|it| (it.span.from - EARLIEST, it.span.to - EARLIEST, it.state));
        told.collect()
    }

    #[test]
    fn what_the_user_stated_or_removed_outlives_what_another_stream_proves() {
        let mut other = Coverage::default();
        other.begin(EARLIEST + 50);
        other.fill(span(0, 20), State::NotOffered, 1);
        other.claim(span(20, 40), EARLIEST + 50, 10);
        let mut own = Coverage::default();
        own.fill(span(5, 10), State::Asserted, 1);
        own.fill(span(30, 35), State::Purged, 1);
        own.claim(span(40, 60), EARLIEST + 60, 10);
        let mut followed = own.clone();
        followed.follow(&other);
        let expected = [
            (0, 5, State::NotOffered),
            (5, 10, State::Asserted),
            (10, 20, State::NotOffered),
            (20, 30, State::Final),
            (30, 35, State::Purged),
            (35, 40, State::Final),
        ];
        assert_eq!(states(&followed), expected);
        assert_eq!(followed.horizon(), Some(EARLIEST + 50));
        let mut provisional = Coverage::default();
        provisional.follow_provisionally(&other);
        let expected = [(0, 20, State::NotOffered), (20, 40, State::Provisional)];
        assert_eq!(states(&provisional), expected);
    }
}
