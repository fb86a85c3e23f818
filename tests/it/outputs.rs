//! Where output may not go: over what the archive keeps, over the user's own files that the configuration names, and twice to one
//! place.

use crate::environment::{Home, Service};

#[test]
fn output_takes_the_place_of_nothing_that_is_read() {
    let service = Service::of(5, 60);
    let home = Home::of(&service);
    home.ok(&["sync"]);
    let configuration = std::fs::read_to_string(home.path().join("trailhouse.toml")).expect("a configuration");
    let people = "email\na@b.example\n";
    home.write(
        "trailhouse.toml",
        &format!("{configuration}[people]\nfile = \"people.csv\"\n"),
    );
    home.write("people.csv", people);
    home.write("exceptions.csv", "report,key,reason,by,until\n");
    let archive = "belongs to the archive, and is not replaced by output";
    let read = "is read by this program, and is not replaced by output";
    let cases: &[(&[&str], &str)] = &[
        (&["report", "run", "coverage", "--output", "exceptions.csv"], read),
        (&["report", "run", "coverage", "--output", "data/../people.csv"], read),
        (
            &[
                "report",
                "run",
                "coverage",
                "--format",
                "csv",
                "--output",
                "trailhouse.toml",
            ],
            read,
        ),
        (&["query", "select 1", "--output", "people.csv"], read),
        (
            &[
                "evidence",
                "--framework",
                "soc2",
                "--period",
                "2026-06",
                "--output",
                "trailhouse.toml",
            ],
            read,
        ),
        (
            &[
                "evidence",
                "--framework",
                "soc2",
                "--period",
                "2026-06",
                "--output",
                "data/probes/acme.json",
            ],
            archive,
        ),
        (
            &[
                "query",
                "select 1",
                "--format",
                "csv",
                "--output",
                "data/warehouse.duckdb.wal",
            ],
            archive,
        ),
        (
            &[
                "report",
                "run",
                "coverage",
                "--format",
                "csv",
                "--output",
                "data/warehouse.duckdb",
            ],
            archive,
        ),
        (
            &["report", "run", "coverage", "--output", "a.csv", "--output", "./a.csv"],
            "is written twice",
        ),
        (
            &[
                "report",
                "run",
                "coverage",
                "--output",
                "a.csv",
                "--output",
                "a.csv.about.json",
            ],
            "is written twice",
        ),
    ];
    let names = || {
        let folder = std::fs::read_dir(home.path()).expect("the folder");
        let mut names: Vec<_> = folder.map(|entry| entry.expect("an entry").file_name()).collect();
        names.sort();
        names
    };
    let before = names();
    for (arguments, expected) in cases {
        let refused = home.run(arguments);
        assert_eq!(refused.code, Some(2), "{arguments:?}: {}", refused.stderr);
        assert!(refused.stderr.contains(expected), "{arguments:?}: {}", refused.stderr);
        assert_eq!(names(), before, "{arguments:?}");
    }
    assert_eq!(
        std::fs::read_to_string(home.path().join("people.csv")).expect("people"),
        people
    );
    home.ok(&["report", "run", "coverage", "--output", "data/../coverage.csv"]);
    home.ok(&["verify"]);
}
