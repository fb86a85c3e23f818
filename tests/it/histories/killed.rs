//! Histories of the real binary, killed at drawn steps and at drawn moments, then run to the end: all that is listed is
//! there, nothing twice and nothing that was never shown; the chain verifies, and a rebuild gives the same warehouse.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use trailhouse::simulator::listing::Pick;

use crate::environment::{Home, Service, short, simulator};

const SEEDS: u64 = 10;
const SYNCS: usize = 8;

/// `updated_at` of every revision the warehouse has, by id.
fn held(home: &Home) -> BTreeMap<String, BTreeSet<i64>> {
    let mut held: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    for row in home.query("select id, epoch_us(updated_at) as updated_us from activity_logs_revisions") {
        let id = row["id"].as_str().expect("an id").to_owned();
        let is_new = held
            .entry(id)
            .or_default()
            .insert(row["updated_us"].as_i64().expect("a time"));
        assert!(is_new, "doubled: {row}");
    }
    held
}

/// One sync that is killed at a step, or after a while, wherever it stands then.
fn killed_sync(home: &Home, rng: &mut fastrand::Rng) -> String {
    if rng.bool() {
        let step = rng.u32(1..40);
        let mut command = home.command(&["sync"]);
        drop(command.env("TRAILHOUSE_KILL_AT_STEP", step.to_string()).output());
        return format!("killed at step {step}");
    }
    let after = Duration::from_millis(rng.u64(20..600));
    let mut child = home
        .command(&["sync"])
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the binary runs");
    std::thread::sleep(after);
    // It may have ended by itself.
    drop(child.kill());
    child.wait().expect("it ends");
    format!("killed after {after:?}")
}

fn live(seed: u64) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut drawn = simulator(seed, rng.usize(200..900));
    drawn.switches.page_size = rng.usize(10..=100);
    let service = Service::start(drawn);
    let running = &service.running;
    let home = Home::of(&service);
    let mut story = Vec::new();
    for _ in 0..SYNCS {
        story.push(killed_sync(&home, &mut rng));
        running.clock().advance(SignedDuration::from_secs(rng.i64(60..400_000)));
        running.arrive(rng.usize(0..30));
        running.revise(&Pick::Depth(rng.u16(0..=1000)));
        running.surface(SignedDuration::from_secs(rng.i64(1..80_000)));
        if rng.u8(0..3) == 0 {
            story.push(format!("{:?}", home.run(&["sync"]).code));
        }
    }
    for _ in 0..2 {
        running.clock().advance(SignedDuration::from_hours(25));
        let sync = home.run(&["sync"]);
        assert_eq!(sync.code, Some(0), "seed {seed}: {story:?}\n{}", sync.stderr);
    }
    let held = held(&home);
    let truth = running.truth();
    let time = |text: &serde_json::Value| text.as_str().and_then(|at| at.parse::<Timestamp>().ok());
    for id in running.ids() {
        let newest = &truth.revisions[&id].last().expect("a revision")["updated_at"];
        let newest = time(newest).expect("a time").as_microsecond();
        let is_held = held.get(&id).is_some_and(|times| times.contains(&newest));
        assert!(is_held, "seed {seed}: {id} is listed and not held\n{story:?}");
    }
    for id in held.keys() {
        assert!(truth.revisions.contains_key(id), "seed {seed}: {id} was never shown");
    }
    let odd = "select count(*) from loads where received <> stored + duplicates + rejects + withheld";
    assert_eq!(home.number(odd), 0, "seed {seed}");
    assert_eq!(
        home.number("select count(*) from coverage_gaps"),
        0,
        "seed {seed}: {story:?}"
    );
    home.ok(&["verify"]);
    let dump = home.dump();
    home.ok(&["rebuild"]);
    let rebuilt = home.dump();
    let differs = dump.iter().zip(&rebuilt).find(|(left, right)| left != right);
    assert!(
        dump.len() == rebuilt.len() && differs.is_none(),
        "seed {seed}: {story:?}: {}",
        short(&differs)
    );
}

#[test]
fn killed_at_any_moment_the_real_binary_loses_and_doubles_nothing() {
    std::thread::scope(|scope| {
        let lives: Vec<_> = (0..2)
            .map(|half| scope.spawn(move || (0..SEEDS).filter(|seed| seed % 2 == half).for_each(live)))
            .collect();
        for life in lives {
            life.join().expect("every seed is well");
        }
    });
}
