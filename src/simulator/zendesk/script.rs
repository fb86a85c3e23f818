//! What happens in the account while a client reads it: changes before numbered requests, written down or drawn from a
//! seed. Apart from the faults, which change answers and not the account.

use jiff::SignedDuration;

use super::super::chance::{Purpose, generator};
use super::super::script::Script;
use super::bad::Bad;
use super::history::Standing;
use super::switches::BrokenCursor;

/// One change of the account, its clock or its switches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// So many new rows of this second.
    Arrive(usize),
    /// A row becomes visible whose `created_at` is this much older than now.
    Surface(SignedDuration, Standing),
    /// So many new rows in the second that is this much older than now.
    Burst(SignedDuration, usize),
    /// An odd record whose `created_at` would be this much older than now.
    Plant(Bad, SignedDuration),
    /// The clock moves on.
    Advance(SignedDuration),
    /// Cursors lead on again, or no longer.
    BreakCursor(Option<BrokenCursor>),
    /// The credentials see nothing older than this from now on, or all again.
    See(Option<SignedDuration>),
    /// All access tokens granted so far end.
    ExpireTokens,
}

/// Arrivals, late rows, bursts and time before about a third of the first `requests`.
pub fn drawn(seed: u64, requests: u64) -> Script<Change> {
    let mut rng = generator(seed, Purpose::Script, requests);
    let mut script = Script::none();
    for number in 1..=requests {
        if rng.u8(0..3) > 0 {
            continue;
        }
        let age = SignedDuration::from_secs(rng.i64(1..900));
        let standing = if rng.bool() { Standing::Lower } else { Standing::Higher };
        let change = match rng.u8(0..8) {
            0..=2 => Change::Arrive(rng.usize(1..=5)),
            3..=5 => Change::Surface(age, standing),
            6 => Change::Burst(age, rng.usize(2..150)),
            _ => Change::Advance(SignedDuration::from_secs(rng.i64(1..30))),
        };
        script = script.before(number, change);
    }
    script
}
