//! The simulator's own clock: standing still, following elapsed time, or moved by a test. Apart because every
//! answer, arrival and revision takes its time from here and from nowhere else.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

/// A shared handle: clones show the same time.
#[derive(Debug, Clone)]
pub struct Clock {
    face: Arc<Mutex<Face>>,
}

#[derive(Debug)]
struct Face {
    at: Timestamp,
    following: Option<Instant>,
}

impl Clock {
    /// Stands at `at` until it is moved.
    pub fn fixed(at: Timestamp) -> Clock {
        Clock {
            face: Arc::new(Mutex::new(Face { at, following: None })),
        }
    }

    /// Starts at `at` and runs on with real elapsed time.
    pub fn following(at: Timestamp) -> Clock {
        Clock {
            face: Arc::new(Mutex::new(Face {
                at,
                following: Some(Instant::now()),
            })),
        }
    }

    /// The time it shows.
    pub fn now(&self) -> Timestamp {
        self.face().now()
    }

    /// Moves it to `at`; a following clock follows from there. Moving back does not hide what was shown before.
    pub fn set_now(&self, at: Timestamp) {
        let mut face = self.face();
        face.at = at;
        face.following = face.following.map(|_| Instant::now());
    }

    /// Moves it on by `by`, and gives the new time.
    pub fn advance(&self, by: SignedDuration) -> Timestamp {
        let mut face = self.face();
        face.at = face.at.saturating_add(by).unwrap_or(face.at);
        face.now()
    }

    fn face(&self) -> MutexGuard<'_, Face> {
        self.face.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Face {
    fn now(&self) -> Timestamp {
        let elapsed = self.following.map(|since| since.elapsed()).unwrap_or_default();
        self.at.checked_add(elapsed).unwrap_or(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Timestamp {
        "2026-03-02T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_fixed_clock_moves_only_when_moved() {
        let clock = Clock::fixed(noon());
        let other = clock.clone();
        assert_eq!(clock.now(), clock.now());
        assert_eq!(other.advance(SignedDuration::from_mins(5)), clock.now());
        assert_eq!(clock.now(), "2026-03-02T12:05:00Z".parse().unwrap());
        clock.set_now(noon());
        assert_eq!(other.now(), noon());
    }

    #[test]
    fn a_following_clock_runs() {
        let clock = Clock::following(noon());
        let first = clock.now();
        std::thread::sleep(std::time::Duration::from_millis(5));
        assert!(clock.now() > first);
        assert!(clock.now() < noon() + SignedDuration::from_mins(1));
    }
}
