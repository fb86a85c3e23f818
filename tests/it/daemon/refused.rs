//! Schedules that cannot be: each is refused before anything is due, with its line and what to do.

use super::entry;
use crate::environment::Home;

/// Lines of an entry, and what is said of them.
const FAULTS: &[(&str, &str)] = &[
    (
        "name = \"a\"\ncron = \"0 6 * *\"\nrun = \"sync\"",
        "3:1: schedule.cron: `0 6 * *` is no cron expression: it has 4 fields",
    ),
    (
        "name = \"a\"\ncron = \"0 6 L * *\"\nrun = \"sync\"",
        "3:1: schedule.cron: `0 6 L * *` is no cron expression: `L` is not understood",
    ),
    (
        "name = \"a\"\ncron = \"0 25 * * *\"\nrun = \"sync\"",
        "3:1: schedule.cron: `0 25 * * *` is no cron expression: a value is out of its range",
    ),
    (
        "name = \"a\"\ncron = \"0 6 31 2 *\"\nrun = \"sync\"",
        "3:1: schedule.cron: `0 6 31 2 *` is no cron expression: there is no such day",
    ),
    (
        "name = \"a\"\ncron = \"0 6 * * *\"\nzone = \"Europe/Berlim\"\nrun = \"sync\"",
        "4:1: schedule.zone: unknown time zone `Europe/Berlim`\nhint: did you mean `Europe/Berlin`?",
    ),
    (
        "name = \"a\"\ncron = \"0 6 * * *\"\nrun = \"sinc\"",
        "4:1: schedule.run: unknown command `sinc`\nhint: did you mean `sync`?",
    ),
    (
        "name = \"a\"\ncron = \"0 6 * * *\"\nrun = \"sync\"\nsourcez = \"x\"",
        "5:1: schedule: unknown key `sourcez`\nhint: did you mean `sources`?",
    ),
    (
        "name = \"a\"\ncron = \"0 6 * * *\"\nrun = \"compact\"\ndeep = true",
        "5:1: schedule: unknown key `deep`",
    ),
    (
        "name = \"a\"\ncron = \"0 6 * * *\"\nrun = \"sync\"\ntime_limit = \"0s\"",
        "5:1: schedule.time_limit: `0s` is too short",
    ),
    (
        "name = \"A b\"\ncron = \"0 6 * * *\"\nrun = \"sync\"",
        "2:1: schedule.name: `A b` is not a name",
    ),
    (
        "cron = \"0 6 * * *\"\nrun = \"sync\"",
        "1:1: schedule: an entry without a name",
    ),
    ("name = \"a\"\nrun = \"sync\"", "1:1: schedule: says not when"),
    (
        "name = \"a\"\ncron = \"0 6 * * *\"",
        "1:1: schedule: says not what to run",
    ),
    (
        "name = \"a\"\ncron = \"0 6 * * *\"\nrun = \"sync\"\nfrom = \"2026-01-01\"",
        "5:1: schedule.from: `2026-01-01` does not move with the schedule",
    ),
    (
        "name = \"a\"\ncron = \"0 6 * * *\"\nrun = \"report\"\noutput = \"x\"",
        "4:1: schedule: says not which reports",
    ),
    (
        "name = \"a\"\ncron = \"0 6 * * *\"\nrun = \"report\"\nreports = \"coverage\"",
        "1:1: schedule: says not where it goes",
    ),
    (
        "name = \"a\"\ncron = \"0 6 * * *\"\nrun = \"report\"\nreports = [\"a\", \"b\"]\noutput = \"x\"",
        "6:1: schedule.output: 2 reports would take turns in one file",
    ),
    (
        "name = \"a\"\ncron = \"0 6 * * *\"\nrun = \"report\"\nreports = \"a\"\noutput = \"{datum}\"",
        "6:1: schedule.output: nothing is known to stand for `{datum}`\nhint: did you mean `date`?",
    ),
    (
        "name = \"a\"\ncron = \"0 6 * * *\"\nrun = \"report\"\nreports = \"a\"\noutput = \"x\"\nperiod = \"last-moon\"",
        "7:1: schedule.period: `last-moon` is no period",
    ),
    (
        "name = \"a\"\ncron = \"0 6 * * *\"\nrun = \"evidence\"\nframework = \"soc1\"\noutput = \"x\"",
        "5:1: schedule.framework: unknown framework `soc1`\nhint: did you mean `soc2`?",
    ),
    (
        "name = \"a\"\ncron = \"0 6 * * *\"\nrun = \"evidence\"\nframework = \"soc2\"\nperiod = \"last-month\"\noutput = \"packs/{report}.zip\"",
        "7:1: schedule.output: `{report}` stands for a report, and a pack holds many",
    ),
];

/// What the configuration cannot know is wrong, and the command would say at night.
const UNASKABLE: &[(&str, &str)] = &[
    (
        "run = \"report\"\nreports = \"coverage\"\noutput = \"x.csv\"\nparams = { top = 5 }",
        "report coverage: unknown parameter `top`",
    ),
    (
        "run = \"report\"\nreports = \"top_actors\"\noutput = \"x.csv\"\nparams = { top = \"many\" }",
        "report top_actors: `many` is no integer for `top`",
    ),
    (
        "run = \"report\"\nreports = \"coverage\"\noutput = \"x.exe\"",
        "x.exe: its extension names no format",
    ),
    (
        "run = \"report\"\nreports = \"coverage\"\noutput = \"x.csv\"\nformat = \"yaml\"",
        "unknown format `yaml`",
    ),
    (
        "run = \"evidence\"\nframework = \"soc2\"\noutput = \"trailhouse.toml\"\nperiod = \"last-month\"",
        "trailhouse.toml: is read by this program",
    ),
    ("run = \"sync\"\nsources = [\"akme\"]", "no source is configured"),
];

#[test]
fn a_schedule_that_cannot_be_is_refused_with_its_line() {
    let home = Home::new();
    for (lines, expected) in FAULTS {
        home.write("trailhouse.toml", &format!("[[schedule]]\n{lines}\n"));
        for verb in [&["schedule", "show"][..], &["daemon", "--once"]] {
            let ended = home.run(verb);
            assert_eq!(ended.code, Some(2), "{lines}");
            let expected = format!("trailhouse.toml:{expected}");
            assert!(
                ended.stderr.contains(&expected),
                "{lines}\n{}\nexpected {expected}",
                ended.stderr
            );
        }
    }
    home.write(
        "trailhouse.toml",
        &[
            entry("a", "0 6 * * *", "run = \"sync\""),
            entry("a", "0 7 * * *", "run = \"sync\""),
        ]
        .concat(),
    );
    assert!(
        home.run(&["status"])
            .stderr
            .contains("trailhouse.toml:6:1: schedule.name: `a` is the name of another entry")
    );
    // A report there is none of, and a command line that the command itself refuses.
    home.write(
        "trailhouse.toml",
        &entry(
            "a",
            "0 6 * * *",
            "run = \"report\"\nreports = \"top_actor\"\noutput = \"x.csv\"",
        ),
    );
    let refused = home.run(&["schedule", "show"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("trailhouse.toml:1:1: schedule: a: ") && refused.stderr.contains("`top_actors`"),
        "{}",
        refused.stderr
    );
    for (lines, expected) in UNASKABLE {
        home.write("trailhouse.toml", &entry("a", "0 6 * * *", lines));
        let refused = home.run(&["daemon", "--once"]);
        assert_eq!(refused.code, Some(2), "{lines}");
        assert!(
            refused
                .stderr
                .contains(&format!("trailhouse.toml:1:1: schedule: a: {expected}")),
            "{lines}\n{}",
            refused.stderr
        );
    }
    let wrong = "run = \"compact\"\nsources = [\"--adopted\"]";
    home.write("trailhouse.toml", &entry("a", "0 6 * * *", wrong));
    let refused = home.run(&["schedule", "show"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("trailhouse.toml:1:1: schedule: a: ")
            && refused.stderr.contains("trailhouse compact --adopted"),
        "{}",
        refused.stderr
    );
}

#[test]
fn no_two_entries_write_one_file() {
    let home = Home::new();
    std::fs::create_dir(home.path().join("there")).expect("a folder");
    let reports = |report: &str, framework: &str, file: &str| match file.strip_suffix(".zip") {
        Some(_) => {
            format!("run = \"evidence\"\nframework = \"{framework}\"\nperiod = \"last-month\"\noutput = \"{file}\"")
        }
        None => format!("run = \"report\"\nreports = \"{report}\"\noutput = \"{file}\""),
    };
    let (monday, tuesday) = ("0 6 * * 1", "0 6 * * 2");
    for (file, days, is_one_file) in [
        ("p.zip", [monday, tuesday], true),
        ("{date}.zip", [monday, monday], true),
        ("{date}.zip", [monday, tuesday], false),
        ("{name}.zip", [monday, monday], false),
        // two reports in one folder are two files, whether it is there already or not
        ("there", [monday, monday], false),
        ("new/", [monday, monday], false),
    ] {
        let two = [
            entry("a", days[0], &reports("coverage", "soc2", file)),
            entry("b", days[1], &reports("late_events", "gdpr", file)),
        ];
        home.write("trailhouse.toml", &two.concat());
        let shown = home.run(&["schedule", "show"]);
        assert_eq!(
            shown.code,
            Some(if is_one_file { 2 } else { 0 }),
            "{file}: {}",
            shown.stderr
        );
        assert_eq!(
            shown.stderr.contains(".zip is written by the entry a too"),
            is_one_file,
            "{}",
            shown.stderr
        );
    }
}
