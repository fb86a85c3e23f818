//! Which time of a stream is proven collected, and in which sense: sets of half-open intervals over the stream's order key.
//! Pure arithmetic, apart from pulling, so that what is claimed can be checked without a network.

mod borrowed;
mod purged;
mod state;

pub use purged::Purged;
pub use state::{Doubt, FanOut, Place, StreamState, UNTOLD};

use serde::{Deserialize, Serialize};

use crate::schema::{EARLIEST, Micros};

/// In which sense an interval is collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Read, but so recently that late records may still appear in it.
    Provisional,
    /// Read by a walk that began at least `finality` after it.
    Final,
    /// Stated by the user of an import.
    Asserted,
    /// Before the oldest row of the first complete walk: the service had nothing older to give.
    NotOffered,
    /// Removed on purpose.
    Purged,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            State::Provisional => "provisional",
            State::Final => "final",
            State::Asserted => "asserted",
            State::NotOffered => "not_offered",
            State::Purged => "purged",
        }
    }
}

/// Half-open: `from` is inside, `to` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub from: Micros,
    pub to: Micros,
}

impl Span {
    pub fn new(from: Micros, to: Micros) -> Self {
        Self { from, to }
    }

    pub fn is_empty(self) -> bool {
        self.from >= self.to
    }

    pub fn meet(self, other: Span) -> Span {
        Span::new(self.from.max(other.from), self.to.min(other.to))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    #[serde(flatten)]
    pub span: Span,
    pub state: State,
    /// When the newest of the walks behind it began, by the service's clock.
    pub collected_at: Micros,
}

/// Time that is in no state though it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    #[serde(flatten)]
    pub span: Span,
    pub reason: String,
}

/// The reason of a gap that the service no longer offers; a run does not walk it again.
pub const EXPIRED: &str = "expired";
/// The part of what is `wanted` below a key that comes first on the way down: its upper end, or the key itself where that is
/// wanted. `None`: nothing more.
pub fn next_wanted_below(key: Micros, wanted: &[Span]) -> Option<Micros> {
    let below = wanted.iter().filter(|span| span.from < key);
    below.map(|span| span.to.min(key)).max()
}

/// The reason of a gap that nothing else explains.
pub const NOT_COLLECTED: &str = "not collected yet";

/// What is proven of one stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Coverage {
    /// Sorted, disjoint, not empty; neighbours of one state are merged.
    intervals: Vec<Interval>,
    /// Why stretches outside the intervals are missing; kept where they still are.
    reasons: Vec<Gap>,
    /// The greatest `now − settle` of a walk begun: later time is not yet collected, and no gap.
    horizon: Option<Micros>,
}

impl Coverage {
    pub fn intervals(&self) -> &[Interval] {
        &self.intervals
    }

    /// What has this state, oldest first.
    pub fn spans_of(&self, state: State) -> impl Iterator<Item = Span> {
        let of_state = self.intervals.iter().filter(move |interval| interval.state == state);
        of_state.map(|interval| interval.span)
    }

    pub fn horizon(&self) -> Option<Micros> {
        self.horizon
    }

    /// A walk has begun that may claim up to `horizon`: what is not covered before it is a gap from now on.
    pub fn begin(&mut self, horizon: Micros) {
        self.horizon = Some(self.horizon.map_or(horizon, |known| known.max(horizon)));
    }

    /// What was claimed turns out to rest on nothing: as if no walk had begun. What the user stated and what was purged stays.
    pub fn withdraw(&mut self) {
        let is_kept = |interval: &Interval| matches!(interval.state, State::Asserted | State::Purged);
        self.intervals.retain(is_kept);
        self.reasons.clear();
        self.horizon = None;
    }

    /// Claims what a walk that began at `now` has read: final where it is older than `finality`, else provisional. Final
    /// stays final, and purged stays purged.
    pub fn claim(&mut self, span: Span, now: Micros, finality: Micros) {
        let border = now.saturating_sub(finality);
        self.put(span.meet(Span::new(EARLIEST, border)), State::Final, now, |old| {
            old != State::Purged
        });
        let recent = span.meet(Span::new(border.max(EARLIEST), Micros::MAX));
        self.put(recent, State::Provisional, now, |old| {
            old == State::Provisional || old == State::NotOffered
        });
    }

    /// As `claim`, but nothing becomes final: for a list whose pages could not be joined beyond doubt.
    pub fn claim_provisionally(&mut self, span: Span, now: Micros) {
        let span = span.meet(Span::new(EARLIEST, Micros::MAX));
        self.put(span, State::Provisional, now, |old| {
            old == State::Provisional || old == State::NotOffered
        });
    }

    /// Gives a state to what has none.
    pub fn fill(&mut self, span: Span, state: State, now: Micros) {
        self.put(span.meet(Span::new(EARLIEST, Micros::MAX)), state, now, |_| false);
    }

    /// The user states that a stretch is complete: so it is where nothing is known of it, or only that the service did not offer
    /// it.
    pub fn assert(&mut self, span: Span, now: Micros) {
        let span = span.meet(Span::new(EARLIEST, Micros::MAX));
        self.put(span, State::Asserted, now, |old| old == State::NotOffered);
    }

    /// Says why what is missing of a stretch is missing; of two reasons for one instant the later said counts.
    pub fn explain(&mut self, span: Span, reason: &str) {
        let mut reasons: Vec<Gap> = Vec::with_capacity(self.reasons.len() + 1);
        for old in std::mem::take(&mut self.reasons) {
            let before = Span::new(old.span.from, old.span.to.min(span.from));
            let after = Span::new(old.span.from.max(span.to), old.span.to);
            let kept = [before, after].into_iter().filter(|part| !part.is_empty());
            reasons.extend(kept.map(|span| Gap {
                span,
                reason: old.reason.clone(),
            }));
        }
        reasons.extend(self.missing(span).into_iter().map(|span| Gap {
            span,
            reason: reason.to_owned(),
        }));
        reasons.sort_by_key(|gap| gap.span.from);
        self.reasons = reasons;
    }

    /// Says why what is missing before the horizon is missing, but for what the service has dropped.
    pub fn explain_rest(&mut self, reason: &str) {
        let gaps = self.gaps();
        for gap in gaps.into_iter().filter(|gap| gap.reason != EXPIRED) {
            self.explain(gap.span, reason);
        }
    }

    /// What has no state between 2000-01-01 and the horizon, oldest first, each with its reason; before the first walk, between
    /// what the user has stated.
    pub fn gaps(&self) -> Vec<Gap> {
        let stated = || {
            let first = self.spans_of(State::Asserted).next()?;
            let last = self.spans_of(State::Asserted).last()?;
            Some(Span::new(first.from, last.to))
        };
        let Some(span) = self.horizon.map(|to| Span::new(EARLIEST, to)).or_else(stated) else {
            return Vec::new();
        };
        let missing = self.missing(span);
        missing.into_iter().flat_map(|span| self.with_reasons(span)).collect()
    }

    /// The parts of a span that have no state.
    pub fn missing(&self, span: Span) -> Vec<Span> {
        let mut missing = Vec::new();
        let mut from = span.from;
        for interval in &self.intervals {
            let part = Span::new(from, interval.span.from.min(span.to));
            if !part.is_empty() {
                missing.push(part);
            }
            from = from.max(interval.span.to);
        }
        let rest = Span::new(from, span.to);
        if !rest.is_empty() {
            missing.push(rest);
        }
        missing
    }

    /// What a walk beginning at `now` has to read, oldest first: every gap that has not expired, every provisional stretch
    /// older than `finality`, and all from the hour before what was collected last, though no claim reaches beyond the horizon.
    pub fn wanted(&self, now: Micros, finality: Micros, overlap: Micros) -> Vec<Span> {
        let border = now.saturating_sub(finality);
        let gaps = self.gaps().into_iter().filter(|gap| gap.reason != EXPIRED);
        let provisional = (self.intervals.iter()).filter(|interval| interval.state == State::Provisional);
        let ripe = provisional.map(|interval| Span::new(interval.span.from, interval.span.to.min(border)));
        let end = self
            .intervals
            .iter()
            .rev()
            .find(|interval| interval.state != State::NotOffered);
        let recent = end.map(|interval| interval.span.to.min(now).saturating_sub(overlap));
        let newest = recent.into_iter().chain(self.horizon).min();
        let mut wanted: Vec<Span> = gaps.map(|gap| gap.span).chain(ripe).collect();
        wanted.extend(newest.map(|from| Span::new(from, Micros::MAX)));
        wanted.retain(|span| !span.is_empty());
        wanted.sort_by_key(|span| span.from);
        wanted
    }

    fn with_reasons(&self, span: Span) -> Vec<Gap> {
        let mut gaps: Vec<Gap> = Vec::new();
        let mut from = span.from;
        let mut push = |span: Span, reason: &str| {
            if !span.is_empty() {
                gaps.push(Gap {
                    span,
                    reason: reason.to_owned(),
                });
            }
        };
        for known in &self.reasons {
            let part = known.span.meet(Span::new(from, span.to));
            if !part.is_empty() {
                push(Span::new(from, part.from), NOT_COLLECTED);
                push(part, &known.reason);
                from = part.to;
            }
        }
        push(Span::new(from, span.to), NOT_COLLECTED);
        gaps
    }

    /// Writes a state over what has none and over what `replaces` says.
    fn put(&mut self, span: Span, state: State, now: Micros, replaces: impl Fn(State) -> bool) {
        if span.is_empty() {
            return;
        }
        let mut pieces = Vec::with_capacity(self.intervals.len() + 2);
        for old in std::mem::take(&mut self.intervals) {
            let inside = old.span.meet(span);
            if inside.is_empty() || !replaces(old.state) {
                pieces.push(old);
                continue;
            }
            for part in [Span::new(old.span.from, inside.from), Span::new(inside.to, old.span.to)] {
                if !part.is_empty() {
                    pieces.push(Interval { span: part, ..old });
                }
            }
        }
        pieces.sort_by_key(|interval| interval.span.from);
        self.intervals = pieces;
        for part in self.missing(span) {
            self.intervals.push(Interval {
                span: part,
                state,
                collected_at: now,
            });
        }
        self.intervals.sort_by_key(|interval| interval.span.from);
        self.merge();
        let reasons = std::mem::take(&mut self.reasons);
        let still_missing = |gap: Gap| {
            let spans = self.missing(gap.span);
            spans
                .into_iter()
                .map(move |span| Gap {
                    span,
                    reason: gap.reason.clone(),
                })
                .collect::<Vec<_>>()
        };
        self.reasons = reasons.into_iter().flat_map(still_missing).collect();
    }

    fn merge(&mut self) {
        let mut merged: Vec<Interval> = Vec::with_capacity(self.intervals.len());
        for interval in std::mem::take(&mut self.intervals) {
            match merged.last_mut() {
                Some(last) if last.state == interval.state && last.span.to == interval.span.from => {
                    last.span.to = interval.span.to;
                    last.collected_at = last.collected_at.max(interval.collected_at);
                }
                _ => merged.push(interval),
            }
        }
        self.intervals = merged;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LENGTH: i64 = 40;

    fn at(offset: i64) -> Micros {
        EARLIEST + offset
    }

    #[test]
    fn what_is_withdrawn_is_as_if_never_walked_but_for_what_people_said_and_did() {
        let span = |from, to| Span::new(at(from), at(to));
        let mut coverage = Coverage::default();
        coverage.fill(span(0, 5), State::NotOffered, at(30));
        coverage.fill(span(5, 10), State::Purged, at(30));
        coverage.assert(span(10, 15), at(30));
        coverage.claim(span(15, 25), at(30), 10);
        coverage.begin(at(29));
        coverage.explain(span(25, 29), "because");
        coverage.withdraw();
        let kept: Vec<(Span, State)> = coverage
            .intervals()
            .iter()
            .map(|kept| (kept.span, kept.state))
            .collect();
        assert_eq!(kept, [(span(5, 10), State::Purged), (span(10, 15), State::Asserted)]);
        assert_eq!((coverage.gaps(), coverage.horizon()), (Vec::new(), None));
    }

    #[test]
    fn a_hole_between_what_people_stated_is_a_gap() {
        let span = |from, to| Span::new(at(from), at(to));
        let mut coverage = Coverage::default();
        coverage.assert(span(0, 5), at(30));
        assert_eq!(coverage.gaps(), []);
        coverage.assert(span(10, 15), at(30));
        let gaps: Vec<Span> = coverage.gaps().into_iter().map(|gap| gap.span).collect();
        assert_eq!(gaps, [span(5, 10)]);
        coverage.assert(span(5, 10), at(30));
        assert_eq!(coverage.gaps(), []);
        // nobody has stated anything of the time between what was removed
        let mut coverage = Coverage::default();
        coverage.fill(span(0, 5), State::Purged, at(30));
        coverage.fill(span(10, 15), State::Purged, at(30));
        assert_eq!(coverage.gaps(), []);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Begin(i64),
        Claim {
            from: i64,
            to: i64,
            now: i64,
            finality: i64,
        },
        ClaimProvisionally {
            from: i64,
            to: i64,
            now: i64,
        },
        NotOffered {
            from: i64,
            to: i64,
        },
        Explain {
            from: i64,
            to: i64,
            reason: u8,
        },
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let point = || 0..LENGTH;
        let step = prop_oneof![
            point().prop_map(Step::Begin),
            (point(), point(), point(), 0..20i64).prop_map(|(from, to, now, finality)| Step::Claim {
                from,
                to,
                now,
                finality
            }),
            (point(), point(), point()).prop_map(|(from, to, now)| Step::ClaimProvisionally { from, to, now }),
            (point(), point()).prop_map(|(from, to)| Step::NotOffered { from, to }),
            (point(), point(), 0..3u8).prop_map(|(from, to, reason)| Step::Explain { from, to, reason }),
        ];
        prop::collection::vec(step, 0..30)
    }

    /// The same arithmetic, instant by instant.
    struct Model {
        states: Vec<Option<State>>,
        reasons: Vec<Option<u8>>,
        horizon: Option<i64>,
    }

    impl Model {
        fn new() -> Self {
            let length = usize::try_from(LENGTH).unwrap();
            Self {
                states: vec![None; length],
                reasons: vec![None; length],
                horizon: None,
            }
        }

        fn apply(&mut self, step: &Step) {
            for instant in 0..LENGTH {
                let index = usize::try_from(instant).unwrap();
                let state = &mut self.states[index];
                match *step {
                    Step::Begin(to) => self.horizon = self.horizon.max(Some(to)),
                    Step::Claim {
                        from,
                        to,
                        now,
                        finality,
                    } if (from..to).contains(&instant) => {
                        let claimed = if instant < now - finality {
                            State::Final
                        } else {
                            State::Provisional
                        };
                        if !(claimed == State::Provisional && *state == Some(State::Final)) {
                            *state = Some(claimed);
                        }
                    }
                    Step::ClaimProvisionally { from, to, .. } if (from..to).contains(&instant) => {
                        *state = if *state == Some(State::Final) {
                            *state
                        } else {
                            Some(State::Provisional)
                        };
                    }
                    Step::NotOffered { from, to } if (from..to).contains(&instant) => {
                        *state = state.or(Some(State::NotOffered))
                    }
                    Step::Explain { from, to, reason } if (from..to).contains(&instant) && state.is_none() => {
                        self.reasons[index] = Some(reason);
                    }
                    _ => {}
                }
                if self.states[index].is_some() {
                    self.reasons[index] = None;
                }
            }
        }
    }

    fn apply(coverage: &mut Coverage, step: &Step) {
        match *step {
            Step::Begin(to) => coverage.begin(at(to)),
            Step::Claim {
                from,
                to,
                now,
                finality,
            } => coverage.claim(Span::new(at(from), at(to)), at(now), finality),
            Step::ClaimProvisionally { from, to, now } => {
                coverage.claim_provisionally(Span::new(at(from), at(to)), at(now))
            }
            Step::NotOffered { from, to } => coverage.fill(Span::new(at(from), at(to)), State::NotOffered, at(0)),
            Step::Explain { from, to, reason } => coverage.explain(Span::new(at(from), at(to)), &reason.to_string()),
        }
    }

    proptest! {
        #[test]
        fn intervals_are_what_each_instant_says(steps in steps()) {
            let (mut coverage, mut model) = (Coverage::default(), Model::new());
            for step in &steps {
                apply(&mut coverage, step);
                model.apply(step);
            }
            let horizon = model.horizon.unwrap_or(0);
            let gaps = coverage.gaps();
            for instant in 0..LENGTH {
                let index = usize::try_from(instant).unwrap();
                let holds = |span: Span| span.from <= at(instant) && at(instant) < span.to;
                let state = coverage.intervals().iter().find(|interval| holds(interval.span)).map(|interval| interval.state);
                prop_assert_eq!(state, model.states[index]);
                let gap = gaps.iter().find(|gap| holds(gap.span)).map(|gap| gap.reason.clone());
                let expected = (instant < horizon && state.is_none())
                    .then(|| model.reasons[index].map_or(NOT_COLLECTED.to_owned(), |reason| reason.to_string()));
                prop_assert_eq!(gap, expected);
            }
            let neighbours = coverage.intervals().windows(2);
            for pair in neighbours {
                prop_assert!(pair[0].span.to <= pair[1].span.from);
                prop_assert!(pair[0].span.to < pair[1].span.from || pair[0].state != pair[1].state);
            }
        }
    }

    fn down_to(coverage: &Coverage, now: Micros, finality: Micros, overlap: Micros) -> Option<Micros> {
        let wanted = coverage.wanted(now, finality, overlap);
        wanted.first().map(|span| span.from)
    }

    #[test]
    fn a_walk_goes_on_below_what_is_covered_for_good() {
        let wanted = [Span::new(10, 20), Span::new(15, 30), Span::new(50, Micros::MAX)];
        for (key, expected) in [
            (90, Some(90)),
            (51, Some(51)),
            (50, Some(30)),
            (30, Some(30)),
            (20, Some(20)),
            (11, Some(11)),
            (10, None),
        ] {
            assert_eq!(next_wanted_below(key, &wanted), expected, "below {key}");
        }
    }

    #[test]
    fn a_walk_reaches_back_to_every_gap_that_can_still_be_filled() {
        let (day, hour) = (1_000, 40);
        let mut coverage = Coverage::default();
        assert_eq!(down_to(&coverage, at(5_000), day, hour), None);
        coverage.begin(at(5_000));
        assert_eq!(down_to(&coverage, at(5_000), day, hour), Some(EARLIEST));
        coverage.claim(Span::new(at(100), at(5_000)), at(5_000), day);
        coverage.fill(Span::new(EARLIEST, at(100)), State::NotOffered, at(5_000));
        assert_eq!(
            down_to(&coverage, at(5_001), day, hour),
            Some(at(4_000)),
            "provisional time that is now older than a day"
        );
        assert_eq!(
            down_to(&coverage, at(4_990), day, hour),
            Some(at(4_950)),
            "the hour before now, where the end lies in the future"
        );
        let mut expired = Coverage::default();
        expired.begin(at(5_000));
        expired.explain(Span::new(EARLIEST, at(4_900)), EXPIRED);
        expired.claim(Span::new(at(4_900), at(5_000)), at(5_000), day);
        assert_eq!(
            down_to(&expired, at(5_001), day, hour),
            Some(at(4_960)),
            "an expired gap is not walked again"
        );
        assert_eq!(
            coverage.wanted(at(5_001), day, hour),
            [Span::new(at(4_000), at(4_001)), Span::new(at(4_960), Micros::MAX)],
            "what is covered for good between them is not"
        );
    }
}
