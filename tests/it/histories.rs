//! The judge: two simulated years of a service and its loader, drawn from one number. Everything the service showed within
//! reach is in the warehouse exactly once with its revisions, what could not be collected is a named gap and nothing else is,
//! sums agree, and the chain verifies. `TRAILHOUSE_SEEDS=1000..2000` judges other seeds than the usual ones.

pub(crate) mod draw;
mod judge;
mod by_resource;
mod kinds;
mod meeting;
pub(crate) mod run;
mod killed;
mod nature;
mod service;
pub(crate) mod store;
mod words;

use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tokio::runtime::Builder;

use draw::History;
use run::Tale;

/// Seeds that have failed once.
const FAILED_ONCE: &[u64] = &[
    1022, 1061, 1128, 1604, 1762, 1808, 1964, 2032, 2090, 2240, 2526, 2767, 2952, 3239,
];
const USUAL: Range<u64> = 0..200;
const THREADS: usize = 5;
/// A history that takes longer never ends.
const LONGEST: Duration = Duration::from_secs(45);
/// Of so many failing seeds the whole story is told.
const STORIES: usize = 4;

/// A folder in memory where there is such.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        TempDir::new_in(memory).expect("a temporary folder")
    } else {
        TempDir::new().expect("a temporary folder")
    }
}

fn seeds() -> Vec<u64> {
    #[expect(clippy::disallowed_methods, reason = "what the tester asks for")]
    let asked = std::env::var("TRAILHOUSE_SEEDS").ok();
    match asked.as_deref().and_then(|text| text.split_once("..")) {
        Some((from, to)) => (from.parse().expect("a seed")..to.parse().expect("a seed")).collect(),
        None => FAILED_ONCE.iter().copied().chain(USUAL).collect(),
    }
}

/// What is wrong with one history, and its story; else what it came to.
pub(crate) fn judged(history: &History) -> Result<Tale, String> {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("threads");
    let life = async { tokio::time::timeout(LONGEST, run::live(history)).await };
    let lived = std::panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(life)));
    runtime.shutdown_background();
    let tale = lived.map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        format!("panicked: {}\n{history}", text.unwrap_or_default())
    })?;
    let tale = tale.map_err(|elapsed| format!("does not end within {LONGEST:?}: {elapsed}\n{history}"))?;
    let faults = judge::judge(history, &tale);
    if faults.is_empty() {
        return Ok(tale);
    }
    Err(format!(
        "{}\n{history}{}",
        faults.join("\n"),
        judge::told(&tale, &faults)
    ))
}

#[test]
fn histories_of_two_years_are_in_the_warehouse_exactly_once() {
    let seeds = seeds();
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::SeqCst)) {
                    if let Err(story) = judged(&History::draw(*seed)) {
                        failures.lock().expect("no panic").push((*seed, story));
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().expect("no panic");
    failures.sort();
    let names: Vec<u64> = failures.iter().map(|(seed, _)| *seed).collect();
    let first = |story: &String| story.lines().next().unwrap_or_default().to_owned();
    let sums = failures
        .iter()
        .map(|(seed, story)| format!("seed {seed}: {}", first(story)));
    let sums: Vec<String> = sums.collect();
    let stories = failures.iter().take(STORIES);
    let stories: Vec<String> = stories.map(|(seed, story)| format!("SEED {seed}\n{story}")).collect();
    assert!(
        names.is_empty(),
        "{}\n{}\n{} of {} seeds failed: {names:?}",
        stories.join("\n\n"),
        sums.join("\n"),
        names.len(),
        seeds.len()
    );
}
