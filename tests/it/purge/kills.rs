//! Killed while rows go or a person is erased: the next command finishes it, and nothing is half gone.

use std::collections::BTreeSet;

use super::erasing::traces;
use crate::crashes::copied;
use crate::environment::Home;
use crate::import::STREAM;
use crate::steps::{killed_at, passed};

const ID: &str = "0b7c5a1e-9f61-4d53-8f0e-5b8a7c1d2e3f";

/// Of a purge those places that only it passes; what else it does an erasure does too.
const OF_PURGE: &[&str] = &[
    "after a rewritten data file",
    "before a file is deleted",
    "after the files are deleted",
    "before a step of the warehouse is committed",
];

/// Every place that only a purge or an erasure passes, and those around them.
const STEPS: &[&str] = &[
    "after the key of the pseudonyms is kept",
    "after a rewritten data file",
    "before the ledger entry",
    "after the ledger entry",
    "after the head",
    "after the Delta commit",
    "before a file is deleted",
    "after the files are deleted",
    "before a step of the warehouse is committed",
    "before the rebuilt warehouse gets its name",
    "after the rebuilt warehouse got its name",
];

fn record(number: usize) -> String {
    let at = format!("2024-0{}-{:02}T00:00:00Z", 5 + number % 2, 1 + number);
    let (id, name) = if number.is_multiple_of(3) {
        (ID, "Dana Whitfield")
    } else {
        ("p", "Omar Haddad")
    };
    format!(
        "{{\"id\":\"{number}\",\"activity_type\":\"x\",\"logged_at\":\"{at}\",\"updated_at\":\"{at}\",\"performer_id\":\"{id}\",\
         \"performer_metadata\":{{\"name\":\"{name}\",\"email\":\"{id}@acme.example\"}}}}\n"
    )
}

fn prepared() -> Home {
    let home = Home::new();
    home.write(
        "trailhouse.toml",
        "[sources.acme]\nkind = \"secoda\"\ntoken = { env = \"ACME_TOKEN\" }\n",
    );
    let records = (0..24).map(record).chain(["{\"no\":1}\n".to_owned()]);
    home.write("all.jsonl", &records.collect::<String>());
    assert_eq!(
        home.run(&["import", STREAM, "all.jsonl"]).code,
        Some(3),
        "a reject needs a look"
    );
    home
}

fn counts(home: &Home) -> Vec<serde_json::Value> {
    home.query(
        "select (select count(*) from activity_logs) as rows, (select count(*) from rejects) as rejects, \
         (select count(*) from coverage where state = 'purged') as purged, (select count(*) from performers) as performers",
    )
}

#[test]
fn killed_at_any_step_the_next_command_finishes_what_was_committed_and_nothing_else() {
    let prepared = prepared();
    let told = [ID, "Dana Whitfield"].map(str::to_owned);
    let cases: [(&[&str], &[&str]); 2] = [
        (&["purge", "acme", "--before", "2024-05-12"], OF_PURGE),
        (&["purge", "--performer", ID], STEPS),
    ];
    let mut hit = BTreeSet::new();
    for (arguments, wanted) in cases {
        let whole = copied(&prepared);
        let steps = passed(whole.command(arguments));
        let expected = counts(&whole);
        let mut seen = BTreeSet::new();
        let first = (1..)
            .zip(&steps)
            .filter(|(_, name)| wanted.contains(&name.as_str()) && seen.insert((*name).clone()));
        for (step, name) in first {
            let home = copied(&prepared);
            killed_at(home.command(arguments), step).expect("it does not come so far");
            let verify = home.run(&["verify"]);
            assert!(matches!(verify.code, Some(0 | 3)), "{name}: {}", verify.stdout);
            let again = home.run(arguments);
            assert_eq!(again.code, Some(0), "{name}: {}", again.stderr);
            assert_eq!(counts(&home), expected, "{name}");
            if arguments.contains(&ID) {
                assert_eq!(traces(&home, &told), [], "{name}");
            }
            let deep = home.run(&["verify", "--deep"]);
            assert_eq!(deep.code, Some(0), "{name}: {}", deep.stdout);
            hit.insert(name.clone());
        }
    }
    let missed: Vec<&&str> = STEPS.iter().filter(|step| !hit.contains(**step)).collect();
    assert!(missed.is_empty(), "never hit: {missed:?}");
}
