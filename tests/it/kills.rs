//! Killed at every durable step and run again: nothing lost, nothing doubled, and the chain verifies.

use std::collections::BTreeSet;

use crate::environment::{Home, Service, short, simulator};
use crate::steps::killed_at;

/// Every place a run passes, in its own words.
const STEPS: &[&str] = &[
    "after a data file",
    "before the ledger entry",
    "after the ledger entry",
    "after the head",
    "after the Delta table",
    "after the Delta commit",
    "before the warehouse gets its name",
    "after the warehouse got its name",
    "before a step of the warehouse is committed",
    "after a step of the warehouse",
];

#[test]
fn killed_at_any_step_and_run_again_nothing_is_lost_or_doubled() {
    let mut drawn = simulator(11, 400);
    drawn.switches.page_size = 100;
    drawn.switches.past_the_end = trailhouse::simulator::switches::PastTheEnd::NotFound;
    let service = Service::start(drawn);
    // A record that cannot be read makes the load touch two tables.
    service.running.plant(
        &trailhouse::simulator::bad::Bad::NoId,
        jiff::SignedDuration::from_hours(50),
    );
    let whole = Home::of(&service);
    assert_eq!(whole.run(&["sync"]).code, Some(3));
    let expected = whole.dump();
    let mut hit = BTreeSet::new();
    for step in 1.. {
        let home = Home::of(&service);
        let name = match killed_at(home.command(&["sync"]), step) {
            Ok(name) => name,
            Err(whole) => {
                assert!(matches!(whole.code, Some(0 | 3)), "step {step}: {whole:?}");
                break;
            }
        };
        let verify = home.run(&["verify"]);
        assert!(
            matches!(verify.code, Some(0 | 2 | 3)),
            "{name}: left something invalid\n{}{}",
            verify.stdout,
            verify.stderr
        );
        let again = home.run(&["sync"]);
        assert!(matches!(again.code, Some(0 | 3)), "{name}: {}", again.stderr);
        let dump = home.dump();
        let differs = expected.iter().zip(&dump).find(|(left, right)| left != right);
        assert!(
            expected.len() == dump.len() && differs.is_none(),
            "{name}: {}",
            short(&differs)
        );
        home.ok(&["verify"]);
        assert_eq!(
            home.number("select count(*) from loads where received <> stored + duplicates + rejects + withheld"),
            0
        );
        hit.insert(name);
        assert!(step < 200, "the steps never end");
    }
    let expected: BTreeSet<String> = STEPS.iter().map(|step| (*step).to_owned()).collect();
    assert_eq!(hit, expected);
}
