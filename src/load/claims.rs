//! What a walk has proven, and what may be claimed of it. Pure, and apart from the rows: a claim is only ever as good as the
//! commit that carries it.

use crate::coverage::{Coverage, Doubt, EXPIRED, Gap, Span, State, StreamState, next_wanted_below};
use crate::pull::{Flow, Trust};
use crate::schema::{DAY, EARLIEST, Micros, SECOND};
use crate::source::Source;

/// How far before the end of what was collected last every walk reaches back.
const OVERLAP: Micros = 3_600 * SECOND;

/// Why time is not collected that a key was asked for which showed no row of the lake.
const DOUBTED: &str = "no row came again that was collected before";

/// The claims of one walk of one stream.
pub(super) struct Claims {
    pub(super) state: StreamState,
    /// The coverage before this run.
    pub(super) before: Coverage,
    /// The greatest key of the rows of which one has to come again.
    newest_before: Option<Micros>,
    /// The first load whose rows do not count as having come again.
    since_load: u64,
    /// The service's time when the walk began.
    pub(super) now: Micros,
    /// What the walk has to read.
    wanted: Vec<Span>,
    /// Whether a row of the lake has been met again, or the service has shown none yet.
    pub(super) is_met: bool,
    /// Nothing proven ends the walk before its end: of a list in no order, or of windows, which are all wanted.
    goes_on: bool,
    /// This walk has found the list in no order.
    is_disordered: bool,
    /// Nothing is claimed before the end: what stands on a page of a list in no order says nothing of the others.
    waits_for_end: bool,
    /// The coverage is another stream's: a row that appears in it says nothing of lateness.
    pub(super) is_another_streams: bool,
    settle: Micros,
    finality: Micros,
    /// How long the service keeps its log; none for ever.
    retention: Option<Micros>,
    /// What is proven and not claimed yet.
    proven: Vec<(Span, Trust)>,
    untrusted: Vec<Span>,
    /// Everything claimed of this walk.
    claimed: Vec<Span>,
    /// What this walk could not read, and why.
    missing: Vec<Gap>,
}

impl Claims {
    /// The claims of a run whose loads have at least this number.
    pub(super) fn new(state: StreamState, source: &Source, now: Micros, first_load: u64) -> Self {
        let doubt = state.doubt;
        Self {
            before: state.coverage.clone(),
            newest_before: doubt.map(|doubt| doubt.newest_key).or(state.newest_key),
            since_load: doubt.map_or(first_load, |doubt| doubt.since_load),
            is_met: state.newest_key.is_none(),
            state,
            now,
            wanted: Vec::new(),
            goes_on: false,
            is_disordered: false,
            waits_for_end: false,
            is_another_streams: false,
            settle: micros(source.settle),
            finality: micros(source.finality),
            retention: source.retention_days.map(|days| i64::from(days) * DAY),
            proven: Vec::new(),
            untrusted: Vec::new(),
            claimed: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// The walk has begun at `now` of the service; `from` is the oldest time the user asks for, `newest` the newest key of the
    /// first page. Says whether the walk goes to the end of the list.
    pub(super) fn begin(&mut self, now: Micros, from: Option<Micros>, newest: Option<Micros>) -> bool {
        self.now = now;
        // Of a list in the order asked for, the newest row stands on the first page, unless it is gone.
        let is_doubted = newest.is_some_and(|newest| self.newest_before.is_some_and(|known| newest < known));
        self.goes_on |= self.state.is_unordered || is_doubted;
        self.waits_for_end = self.state.is_unordered;
        self.state.coverage.begin(now - self.settle);
        self.wanted = match from {
            Some(from) => vec![Span::new(from, Micros::MAX)],
            None => self.state.coverage.wanted(now, self.finality, OVERLAP),
        };
        if from.is_none() && self.newest_before.is_none() {
            // A key that saw nothing said where the list begins: it may see more by now.
            self.wanted.extend(self.state.coverage.spans_of(State::NotOffered));
            self.wanted.sort_by_key(|span| span.from);
        }
        self.goes_on || self.wanted.first().is_none_or(|span| span.from <= EARLIEST)
    }

    /// The service is asked for so many days, and gives out nothing older.
    pub(super) fn reach_back(&mut self, days: u32) {
        let asked = i64::from(days) * DAY;
        self.retention = Some(self.retention.map_or(asked, |retention| retention.min(asked)));
    }

    /// Before it the service keeps nothing.
    pub(super) fn kept_since(&self) -> Micros {
        self.retention.map_or(EARLIEST, |retention| self.now - retention)
    }

    /// What is asked for is all that is read: nothing proven ends the walk before.
    pub(super) fn go_on_to_the_end(&mut self) {
        self.goes_on = true;
    }

    /// What has to be read where the service can be asked for stretches, up to `end`, oldest first.
    pub(super) fn stretches(&self, to: Option<Micros>, end: Micros) -> Vec<Span> {
        let bounds = Span::new(EARLIEST, to.unwrap_or(Micros::MAX).min(end));
        let mut stretches: Vec<Span> = Vec::new();
        for span in self
            .wanted
            .iter()
            .map(|span| span.meet(bounds))
            .filter(|span| !span.is_empty())
        {
            match stretches.last_mut() {
                Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
                _ => stretches.push(span),
            }
        }
        stretches
    }

    /// Takes what is proven, and says what the walk has still to read if it has met a row of the lake.
    pub(super) fn prove(&mut self, span: Span, trust: Trust) -> Flow {
        self.proven.push((span, trust));
        if self.goes_on {
            return Flow::On;
        }
        match next_wanted_below(span.from, &self.wanted) {
            None => Flow::Stop,
            Some(key) if key < span.from => Flow::Below(key),
            Some(_) => Flow::On,
        }
    }

    /// A stretch that could not be read, and why.
    pub(super) fn miss(&mut self, gap: Gap) {
        self.state.coverage.explain(gap.span, &gap.reason);
        self.missing.push(gap);
    }

    /// The walk ended early: what it did not reach has this reason, and what it could not read keeps its own.
    pub(super) fn explain_rest(&mut self, reason: &str) {
        self.state.coverage.explain_rest(reason);
        for gap in &self.missing {
            self.state.coverage.explain(gap.span, &gap.reason);
        }
    }

    /// The list is in no order after all: what its order seemed to prove counts for nothing.
    pub(super) fn distrust_order(&mut self) {
        (self.goes_on, self.waits_for_end, self.is_disordered) = (true, true, true);
        self.state.is_unordered = true;
        self.proven.clear();
        self.claimed.clear();
        self.take_back();
    }

    /// The list comes from its oldest row on: its first page shows no newest one.
    pub(super) fn is_ascending(&mut self) {
        self.goes_on = self.state.is_unordered;
    }

    /// The coverage is what it was before the walk.
    fn take_back(&mut self) {
        let horizon = self.state.coverage.horizon();
        self.state.coverage = self.before.clone();
        horizon
            .into_iter()
            .for_each(|horizon| self.state.coverage.begin(horizon));
    }

    /// The counts that the joins relied on contradict themselves: nothing of this walk is final.
    pub(super) fn distrust_counts(&mut self) {
        self.take_back();
        for span in std::mem::take(&mut self.claimed) {
            self.state.coverage.claim_provisionally(span, self.now);
        }
    }

    /// The first load whose rows do not count as having come again.
    pub(super) fn since_load(&self) -> u64 {
        self.since_load
    }

    /// The greatest key of the rows of which one has to come again, as long as none has.
    pub(super) fn newest_unmet(&self) -> Option<Micros> {
        self.newest_before.filter(|_| !self.is_met)
    }

    /// What is stored of a walk that has met nothing yet must not pass for the lake's own in the next one.
    pub(super) fn note_doubt(&mut self, is_met: bool) {
        self.is_met |= is_met;
        self.state.doubt = self.newest_unmet().map(|newest_key| Doubt {
            since_load: self.since_load,
            newest_key,
        });
    }

    /// Whether rows have not come again that the service should still offer, with `oldest` the oldest that it did; if so,
    /// nothing is claimed.
    pub(super) fn is_doubted(&mut self, oldest: Option<Micros>) -> bool {
        let offered = oldest.map_or(self.kept_since(), |oldest| oldest.min(self.kept_since()));
        let Some(newest) = self.newest_unmet().filter(|newest| *newest >= offered) else {
            self.note_doubt(true);
            return false;
        };
        self.proven.clear();
        let unproven = Span::new(newest, self.now - self.settle);
        self.state.coverage.explain(unproven, DOUBTED);
        true
    }

    /// The end of the list is proven. A weaker key must not prove silence: rows the lake holds and the service ought to offer
    /// still must have been among them. Otherwise nothing is claimed, and the reason is returned.
    pub(super) fn end(&mut self, oldest: Option<Micros>, received: u64) -> Option<&'static str> {
        if oldest.is_none() && received > 0 {
            self.proven.clear();
            return Some("no record has a readable order key: nothing is claimed");
        }
        let reach = oldest.unwrap_or(self.kept_since());
        if self.is_doubted(oldest) {
            return Some(
                "none of the rows it holds came again, though the service should still offer them: nothing is claimed; \
                 check that the token may still see everything, and that `retention_days` is not longer than the service \
                 keeps its log",
            );
        }
        self.waits_for_end = false;
        self.state.is_unordered = self.is_disordered;
        // Rows may still appear before the oldest one where that is young.
        let settled = reach.min(self.now - self.finality);
        let empty_to = if oldest.is_none() { Micros::MAX } else { reach };
        let silence = Span::new(settled, empty_to);
        if oldest.is_none() && self.newest_before.is_none() {
            // A key that may see nothing shows the same: read again until there is a row.
            let silence = Span::new(silence.from, self.now - self.settle);
            self.state.coverage.claim_provisionally(silence, self.now);
        } else {
            self.proven.push((silence, Trust::Still));
        }
        self.claim();
        let older = Span::new(EARLIEST, settled);
        if self.state.complete_walks == 0 {
            self.state.coverage.fill(older, State::NotOffered, self.now);
        } else {
            self.state.coverage.explain(older, EXPIRED);
        }
        self.state.oldest_offered_at = oldest;
        self.state.complete_walks = self.state.complete_walks.saturating_add(1);
        None
    }

    /// Claims what is proven, once a row of the lake has been met again.
    pub(super) fn claim(&mut self) {
        if !self.is_met || self.waits_for_end {
            return;
        }
        let horizon = self.now - self.settle;
        for (span, trust) in std::mem::take(&mut self.proven) {
            let span = Span::new(span.from, span.to.min(horizon));
            self.claimed.push(span);
            if trust == Trust::Still {
                self.state.coverage.claim(span, self.now, self.finality);
                continue;
            }
            self.state.coverage.claim_provisionally(span, self.now);
            if trust == Trust::Moving {
                self.claim_again(span);
            } else {
                self.untrusted.push(span);
            }
        }
    }

    /// What an earlier walk has read too is read twice: what one of them overlooked the other has seen.
    fn claim_again(&mut self, span: Span) {
        let is_read = |state: State| matches!(state, State::Provisional | State::Final);
        for interval in self.before.intervals().iter().filter(|it| is_read(it.state)) {
            let both = Span::new(span.from.max(interval.span.from), span.to.min(interval.span.to));
            if !both.is_empty() {
                self.state.coverage.claim(both, self.now, self.finality);
            }
        }
    }

    /// A list without a count is believed when a second walk over the same time brings no new record.
    pub(super) fn believe_untrusted(&mut self) {
        for span in std::mem::take(&mut self.untrusted) {
            self.claim_again(span);
        }
    }

    /// A row that appears where everything was read before came late, by at least the time since that reading.
    pub(super) fn note_lateness(&mut self, keys: &[Micros]) {
        if self.is_another_streams {
            return;
        }
        for key in keys {
            let covers = |span: Span| span.from <= *key && *key < span.to;
            let covering = self.before.intervals().iter().find(|interval| covers(interval.span));
            if let Some(interval) =
                covering.filter(|interval| matches!(interval.state, State::Provisional | State::Final))
            {
                self.state.greatest_lateness = self.state.greatest_lateness.max(interval.collected_at - key);
            }
        }
    }
}

fn micros(duration: std::time::Duration) -> Micros {
    Micros::try_from(duration.as_micros()).unwrap_or(Micros::MAX)
}
