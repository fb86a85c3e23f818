//! How many requests may be under way, and when the next may start. Separate because all requests of a source
//! share it: what one answer says about the server's patience holds for the others.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// So many successes in a row allow one more request at a time.
const SUCCESSES_TO_RAISE: u32 = 16;

pub(super) struct Gate {
    state: Mutex<State>,
    changed: Notify,
    most: usize,
    /// Time from the start of one request to that of the next.
    spacing: Duration,
}

struct State {
    allowed: usize,
    in_flight: usize,
    successes: u32,
    paused_until: Instant,
    next_start: Instant,
}

/// Leave to send one request at a time, given back when dropped.
pub(super) struct Pass<'a>(&'a Gate);

impl Gate {
    pub(super) fn new(max_in_flight: usize, max_per_minute: Option<u32>) -> Self {
        let most = max_in_flight.max(1);
        let now = Instant::now();
        let spacing = max_per_minute.map_or(Duration::ZERO, |most| Duration::from_secs(60) / most.max(1));
        let state = State {
            allowed: most,
            in_flight: 0,
            successes: 0,
            paused_until: now,
            next_start: now,
        };
        Self {
            state: Mutex::new(state),
            changed: Notify::new(),
            most,
            spacing,
        }
    }

    /// Waits until fewer requests than allowed are under way.
    pub(super) async fn enter(&self) -> Pass<'_> {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if self.state().take() {
                return Pass(self);
            }
            changed.await;
        }
    }

    /// Waits for the turn of one request: every request, also the second of a redirect, has its own. A turn that falls into a
    /// pause is lost, so that requests are as far apart after it as before.
    pub(super) async fn turn(&self) {
        loop {
            let start = self.state().reserve(Instant::now(), self.spacing);
            sleep_until(start).await;
            if self.state().paused_until <= Instant::now() {
                return;
            }
        }
    }

    /// The server is asked too much: nothing starts for `wait`, and half as many requests as before go at a
    /// time. Answers to requests that were under way when the pause began are of the same cause and halve
    /// nothing.
    pub(super) fn slow_down(&self, wait: Duration) {
        let now = Instant::now();
        let mut state = self.state();
        if state.paused_until <= now {
            state.allowed = (state.allowed / 2).max(1);
        }
        state.successes = 0;
        state.paused_until = state.paused_until.max(now + wait);
    }

    /// An answer was good.
    pub(super) fn succeeded(&self) {
        let mut state = self.state();
        state.successes += 1;
        if state.successes >= SUCCESSES_TO_RAISE {
            state.successes = 0;
            if state.allowed < self.most {
                state.allowed += 1;
                self.changed.notify_one();
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.0.state().in_flight -= 1;
        self.0.changed.notify_one();
    }
}

impl State {
    fn take(&mut self) -> bool {
        let is_free = self.in_flight < self.allowed;
        if is_free {
            self.in_flight += 1;
        }
        is_free
    }

    fn reserve(&mut self, now: Instant, spacing: Duration) -> Instant {
        let start = self.next_start.max(self.paused_until).max(now);
        self.next_start = start + spacing;
        start
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn allowed(gate: &Gate) -> usize {
        gate.state().allowed
    }

    #[tokio::test]
    async fn a_burst_of_refusals_halves_once_and_successes_raise_again() {
        let gate = Gate::new(8, None);
        gate.slow_down(Duration::from_secs(60));
        gate.slow_down(Duration::from_secs(60));
        assert_eq!(allowed(&gate), 4);
        assert!(gate.turn().now_or_never().is_none(), "a pause holds every request back");
        for _ in 0..SUCCESSES_TO_RAISE * 20 {
            gate.succeeded();
        }
        assert_eq!(allowed(&gate), 8);
        let gate = Gate::new(8, None);
        for _ in 0..9 {
            gate.slow_down(Duration::ZERO);
        }
        assert_eq!(allowed(&gate), 1);
    }

    #[tokio::test]
    async fn no_more_than_allowed_enter_and_each_leaver_lets_one_in() {
        let gate = Gate::new(2, None);
        let (first, second) = (gate.enter().await, gate.enter().await);
        let mut third = Box::pin(gate.enter());
        assert!(third.as_mut().now_or_never().is_none());
        gate.slow_down(Duration::ZERO);
        drop(first);
        assert!(
            third.as_mut().now_or_never().is_none(),
            "one is allowed now, and one is inside"
        );
        drop(second);
        let third = third.await;
        assert_eq!(gate.state().in_flight, 1);
        drop(third);
    }

    #[tokio::test]
    async fn requests_are_as_far_apart_after_a_pause_as_before() {
        let gate = Gate::new(4, Some(1_200));
        let start = Instant::now();
        let turn = async || {
            gate.turn().await;
            start.elapsed()
        };
        let pause = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            gate.slow_down(Duration::from_millis(300));
        };
        let (_, second, third, ()) = futures::join!(turn(), turn(), turn(), pause);
        assert!(second >= Duration::from_millis(320), "{second:?}");
        assert!(third >= Duration::from_millis(370), "{third:?}");
    }

    #[test]
    fn requests_start_a_spacing_apart() {
        let gate = Gate::new(1, Some(120));
        let now = Instant::now();
        let starts: Vec<Duration> = (0..3).map(|_| gate.state().reserve(now, gate.spacing) - now).collect();
        let after_a_rest = gate.state().reserve(now + Duration::from_secs(9), gate.spacing) - now;
        assert_eq!(starts[1] - starts[0], Duration::from_millis(500));
        assert_eq!(starts[2] - starts[1], Duration::from_millis(500));
        assert_eq!(after_a_rest, Duration::from_secs(9));
    }
}
