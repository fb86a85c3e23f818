//! Where output may not go: over what the archive keeps, over the user's own files that the configuration names, twice to one
//! place; and where there is no room for it.

use std::process::Command;

use crate::environment::{Home, Service, ended};

const ARCHIVE: &str = "belongs to the archive, and is not replaced by output";
const READ: &str = "is read by this program, and is not replaced by output";
const TWICE: &str = "is written twice";
const PEOPLE: &str = "email\na@b.example\n";

/// Commands, and why each is refused.
const REFUSED: &[(&str, &str)] = &[
    ("report run coverage --output exceptions.csv", READ),
    ("report run coverage --output data/../people.csv", READ),
    ("report run coverage --format csv --output trailhouse.toml", READ),
    ("query values(1) --output people.csv", READ),
    (
        "evidence --framework soc2 --period 2026-06 --output trailhouse.toml",
        READ,
    ),
    (
        "evidence --framework soc2 --period 2026-06 --output data/probes/acme.zip",
        ARCHIVE,
    ),
    (
        "query values(1) --format csv --output data/warehouse.duckdb.wal",
        ARCHIVE,
    ),
    (
        "report run coverage --format csv --output data/warehouse.duckdb",
        ARCHIVE,
    ),
    ("report run coverage --output a.csv --output ./a.csv", TWICE),
    ("report run coverage --output a.csv --output a.csv.about.json", TWICE),
];

#[test]
fn output_takes_the_place_of_nothing_that_is_read() {
    let service = Service::of(5, 60);
    let home = Home::of(&service);
    home.ok(&["sync"]);
    let text = |name: &str| std::fs::read_to_string(home.path().join(name)).expect("a file");
    let configuration = text("trailhouse.toml");
    home.write(
        "trailhouse.toml",
        &format!("{configuration}[people]\nfile = \"people.csv\"\n"),
    );
    home.write("people.csv", PEOPLE);
    home.write("exceptions.csv", "report,key,reason,by,until\n");
    let names = || {
        let folder = std::fs::read_dir(home.path()).expect("the folder");
        let mut names: Vec<_> = folder.map(|entry| entry.expect("an entry").file_name()).collect();
        names.sort();
        names
    };
    let before = names();
    for (line, expected) in REFUSED {
        let refused = home.run(&line.split(' ').collect::<Vec<_>>());
        assert_eq!(refused.code, Some(2), "{line}: {}", refused.stderr);
        assert!(refused.stderr.contains(expected), "{line}: {}", refused.stderr);
        assert_eq!(names(), before, "{line}");
    }
    assert_eq!(text("people.csv"), PEOPLE);
    home.ok(&["report", "run", "coverage", "--output", "data/../coverage.csv"]);
    home.ok(&["verify"]);
}

#[test]
fn rows_that_find_no_room_are_told_in_every_format() {
    let home = super::own_reports::home();
    for name in ["many.csv", "many.xlsx", "many.json", "many.parquet"] {
        let line = format!(
            "trap '' XFSZ; ulimit -f 2000; exec {} query \"select number, md5(cast(number as varchar)) as digest \
             from range(200000) as v (number)\" --output {name}",
            env!("CARGO_BIN_EXE_trailhouse")
        );
        let mut shell = Command::new("/bin/sh");
        let full = ended(
            &shell
                .args(["-c", &line])
                .current_dir(home.path())
                .output()
                .expect("a shell"),
        );
        assert_eq!(full.code, Some(1), "{name}: {}", full.stderr);
        assert!(
            full.stderr.contains(&format!("{name}: cannot be written: ")),
            "{name}: {}",
            full.stderr
        );
        assert!(!home.path().join(name).exists(), "{name}");
    }
}
