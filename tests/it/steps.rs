//! The durable steps of one run of the binary: which there are, and ending it at one of them as `kill -9` does.

use std::collections::BTreeMap;
use std::process::Command;

use crate::environment::{Ended, ended};

const KILL_AT: &str = "TRAILHOUSE_KILL_AT_STEP";

/// Runs the command to its end, and names every step it passes, from the first on.
pub(crate) fn passed(mut command: Command) -> Vec<String> {
    let run = ended(
        &command
            .arg("-v")
            .env(KILL_AT, u32::MAX.to_string())
            .output()
            .expect("the binary runs"),
    );
    let lines = run.stderr.lines();
    let steps = lines.filter_map(|line| line.split_once("passes step ")?.1.split_once(": "));
    steps.map(|(_, name)| name.to_owned()).collect()
}

/// The numbers at which a step of each name is passed first and last.
pub(crate) fn first_and_last(steps: &[String]) -> Vec<u32> {
    let mut places: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for (number, name) in (1..).zip(steps) {
        places.entry(name).or_insert((number, number)).1 = number;
    }
    let mut numbers: Vec<u32> = places.into_values().flat_map(|(first, last)| [first, last]).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// Runs the command until the step, and names it; `Err` where it ended by itself before.
pub(crate) fn killed_at(mut command: Command, step: u32) -> Result<String, Ended> {
    let run = ended(
        &command
            .env(KILL_AT, step.to_string())
            .output()
            .expect("the binary runs"),
    );
    match run.stderr.split_once(&format!("as planned, at step {step}: ")) {
        Some((_, name)) if run.code.is_none() => Ok(name.lines().next().unwrap_or_default().to_owned()),
        _ => Err(run),
    }
}
