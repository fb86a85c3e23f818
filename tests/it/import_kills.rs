//! An import killed at every durable step and run again: nothing lost, nothing doubled, nothing claimed too soon.

use std::collections::BTreeSet;

use trailhouse::simulator::bad::Bad;

use crate::environment::{Home, Service};
use crate::import::{STREAM, assert_same, lines, simulator};
use crate::steps::{first_and_last, killed_at, passed};

#[test]
fn killed_at_any_step_and_run_again_nothing_is_lost_doubled_or_claimed_too_soon() {
    let service = Service::start(simulator(13, 120));
    service.running.plant(&Bad::NoId, jiff::SignedDuration::from_hours(50));
    let text = lines(&service);
    let arguments = ["import", STREAM, "all.json", "--covers", "2024-06-01", "2024-06-29"];
    let prepared = || {
        let home = Home::of(&service);
        home.write("all.json", &text);
        home
    };
    let whole = prepared();
    assert_eq!(whole.run(&arguments).code, Some(3));
    let expected = whole.dump();
    let steps = passed(prepared().command(&arguments));
    assert!(steps.iter().collect::<BTreeSet<_>>().len() >= 8, "{steps:?}");
    for step in first_and_last(&steps) {
        let home = prepared();
        let name = killed_at(home.command(&arguments), step).expect("it does not come so far");
        let again = home.run(&arguments);
        assert!(matches!(again.code, Some(0 | 3)), "{name}: {}", again.stderr);
        assert_same(&expected, &home, &name);
        assert_eq!(home.number("select count(*) from coverage where state = 'asserted'"), 1);
        home.ok(&["verify"]);
    }
}

#[test]
fn killed_between_two_loads_the_first_is_kept_and_nothing_is_claimed() {
    let home = Home::new();
    let text: String = (0..6_500)
        .map(|number| {
            let at = "2024-06-01T00:00:00Z";
            format!("{{\"id\":\"{number}\",\"logged_at\":\"{at}\",\"updated_at\":\"{at}\"}}\n")
        })
        .collect();
    home.write("all.json", &text);
    let arguments = [
        "import",
        STREAM,
        "all.json",
        "--kind",
        "secoda",
        "--covers",
        "2024-06-01",
        "2024-06-29",
    ];
    let steps_of_a_load = 6;
    killed_at(home.command(&arguments), steps_of_a_load + 2).expect("it does not come so far");
    home.ok(&["rebuild"]);
    assert_eq!(home.number("select count(*) from activity_logs"), 6_000);
    assert_eq!(home.number("select count(*) from coverage"), 0);
    let again = home.ok(&arguments);
    assert!(
        again.stderr.contains("500 stored, 6000 known already"),
        "{}",
        again.stderr
    );
    assert_eq!(home.number("select count(distinct id) from activity_logs"), 6_500);
    assert_eq!(home.number("select count(*) from coverage"), 1);
}
