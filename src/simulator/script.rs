//! What happens in the workspace while a client reads it: changes before numbered requests, written down or drawn
//! from a seed. Apart from the faults, which change answers and not the workspace.

use jiff::SignedDuration;

use super::bad::Bad;
use super::chance::{Purpose, generator};
use super::listing::Pick;

/// One change of the workspace or its clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// So many new rows at the head.
    Arrive(usize),
    /// A row becomes another and moves to the head.
    Revise(Pick),
    Delete(Pick),
    /// A row becomes visible whose key is this much older than now.
    Surface(SignedDuration),
    /// An odd record with a key this much older than now.
    Plant(Bad, SignedDuration),
    /// The clock moves on.
    Advance(SignedDuration),
    /// Rows older than so many days are no longer listed.
    Retain(Option<u32>),
    /// Another page size from now on.
    PageSize(usize),
    /// Another workspace answers from now on, drawn alike from this seed; the truth is of that one alone.
    Account(u64),
}

/// Changes of one service, each made just before a request; requests are numbered from 1 over all paths.
#[derive(Debug, Clone)]
pub struct Script<C = Change> {
    steps: Vec<(u64, C)>,
}

impl<C> Script<C> {
    /// Nothing happens.
    pub fn none() -> Script<C> {
        Script { steps: Vec::new() }
    }

    /// Adds a change just before request `number`.
    pub fn before(mut self, number: u64, change: C) -> Script<C> {
        self.steps.push((number, change));
        self
    }

    /// The same, its requests counted from the one after request `number`.
    pub fn after(mut self, number: u64) -> Script<C> {
        self.steps.iter_mut().for_each(|(at, _)| *at += number);
        self
    }

    /// The changes due before request `number`; each is given once.
    pub fn due(&mut self, number: u64) -> Vec<C> {
        let due = self.steps.extract_if(.., |(at, _)| *at <= number);
        due.map(|(_, change)| change).collect()
    }
}

impl Script {
    /// Arrivals, revisions and late rows before about a third of the first `requests`, and deletions if wanted.
    pub fn drawn(seed: u64, requests: u64, deletions: bool) -> Script {
        let mut rng = generator(seed, Purpose::Script, requests);
        let kinds = if deletions { 4 } else { 3 };
        let mut script = Script::none();
        for number in 1..=requests {
            if rng.u8(0..3) > 0 {
                continue;
            }
            let depth = Pick::Depth(rng.u16(0..=1000));
            let change = match rng.u8(0..kinds) {
                0 => Change::Arrive(rng.usize(1..=5)),
                1 => Change::Revise(depth),
                2 => Change::Surface(SignedDuration::from_secs(rng.i64(1..12 * 3600))),
                _ => Change::Delete(depth),
            };
            script = script.before(number, change);
        }
        script
    }
}
