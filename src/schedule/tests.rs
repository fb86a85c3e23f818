//! Tables of due times: zones, clocks that change, ends of months, what was missed, and clocks that jump.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::config::{self, Environment, Flags};

fn entries(text: &str) -> Vec<Scheduled> {
    let folder = tempfile::tempdir().unwrap();
    crate::atomic::create_new(&folder.path().join("trailhouse.toml"), text.as_bytes()).unwrap();
    let read = config::load(&Flags::default(), &Environment::from_pairs(folder.path(), &[]));
    read.unwrap_or_else(|error| panic!("{error}\n{text}")).schedule
}

fn entry(cron: &str, zone: &str, more: &str) -> Scheduled {
    let text = format!("[[schedule]]\nname = \"a\"\ncron = \"{cron}\"\nzone = \"{zone}\"\n{more}");
    entries(&text).remove(0)
}

fn timing(cron: &str, zone: &str) -> Timing {
    entry(cron, zone, "run = \"sync\"").timing
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A cron expression, its zone, the present, and what comes before and after it.
const TIMES: &[[&str; 5]] = &[
    // The day on which 02:30 does not exist: the first moment after.
    [
        "30 2 * * *",
        "America/Toronto",
        "2026-03-08T12:00:00Z",
        "2026-03-08T07:00:00Z",
        "2026-03-09T06:30:00Z",
    ],
    [
        "30 2,14 * * *",
        "America/Toronto",
        "2026-03-08T12:00:00Z",
        "2026-03-08T07:00:00Z",
        "2026-03-08T18:30:00Z",
    ],
    // The day on which 01:30 comes twice: the first counts.
    [
        "30 1 * * *",
        "America/Toronto",
        "2026-11-01T06:45:00Z",
        "2026-11-01T05:30:00Z",
        "2026-11-02T06:30:00Z",
    ],
    [
        "30 1,13 * * *",
        "America/Toronto",
        "2026-11-01T06:45:00Z",
        "2026-11-01T05:30:00Z",
        "2026-11-01T18:30:00Z",
    ],
    // Every hour is every hour, on such days too.
    [
        "0 * * * *",
        "America/Toronto",
        "2026-11-01T06:30:00Z",
        "2026-11-01T06:00:00Z",
        "2026-11-01T07:00:00Z",
    ],
    [
        "0 * * * *",
        "America/Toronto",
        "2026-03-08T07:30:00Z",
        "2026-03-08T07:00:00Z",
        "2026-03-08T08:00:00Z",
    ],
    [
        "0 6 1 * *",
        "America/Toronto",
        "2026-11-01T11:00:00Z",
        "2026-11-01T11:00:00Z",
        "2026-12-01T11:00:00Z",
    ],
    [
        "0 6 31 * *",
        "UTC",
        "2026-02-10T00:00:00Z",
        "2026-01-31T06:00:00Z",
        "2026-03-31T06:00:00Z",
    ],
    [
        "0 0 29 feb *",
        "UTC",
        "2026-02-10T00:00:00Z",
        "2024-02-29T00:00:00Z",
        "2028-02-29T00:00:00Z",
    ],
    [
        "0 6 1 */3 *",
        "Europe/Berlin",
        "2026-05-01T00:00:00Z",
        "2026-04-01T04:00:00Z",
        "2026-07-01T04:00:00Z",
    ],
    // A day of the month or a weekday, as every cron has it.
    [
        "0 6 13 * fri",
        "UTC",
        "2026-11-12T00:00:00Z",
        "2026-11-06T06:00:00Z",
        "2026-11-13T06:00:00Z",
    ],
    [
        "0 9-17 * * 1-5",
        "UTC",
        "2026-11-20T17:30:00Z",
        "2026-11-20T17:00:00Z",
        "2026-11-23T09:00:00Z",
    ],
    [
        "*/20 * * * 7",
        "UTC",
        "2026-11-21T00:00:00Z",
        "2026-11-15T23:40:00Z",
        "2026-11-22T00:00:00Z",
    ],
];

#[test]
fn times_are_those_of_the_zone_and_each_counts_once() {
    for [cron, zone, now, latest, next] in TIMES {
        let timing = timing(cron, zone);
        let found = (
            timing.latest(at(now)).unwrap().timestamp(),
            timing.next(at(now)).unwrap().timestamp(),
        );
        assert_eq!(found, (at(latest), at(next)), "{cron} {zone} {now}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn the_latest_time_is_the_last_on_the_way_forward(
        cron in prop::sample::select(vec!["30 2 * * *", "30 1 * * *", "*/15 * * * *", "15 1,2,3 * * 0", "0 3 1 * *", "59 23 * * *"]),
        zone in prop::sample::select(vec!["America/Toronto", "UTC", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu"]),
        // Around the days on which clocks change, of which there are some every month of the year.
        second in 1_767_225_600_i64..1_798_761_600,
    ) {
        let timing = timing(cron, zone);
        let now = Timestamp::from_second(second).unwrap();
        let latest = timing.latest(now).unwrap().timestamp();
        prop_assert!(latest <= now);
        let before = now.checked_sub(SignedDuration::from_hours(24 * 63)).unwrap();
        let mut reached = timing.next(before).unwrap().timestamp();
        while let Some(next) = timing.next(reached).map(|next| next.timestamp()).filter(|next| *next <= now) {
            prop_assert!(next > reached);
            reached = next;
        }
        prop_assert_eq!(latest, reached);
        prop_assert!(timing.next(now).unwrap().timestamp() > now);
    }
}

/// The times an entry runs at while the clock shows these times one after the other, and how many each stands for.
fn ran(cron: &str, clock: &[&str]) -> Vec<(String, u64)> {
    let timing = timing(cron, "UTC");
    let mut record = Record::new(at(clock[0]));
    let mut ran = Vec::new();
    for now in clock.iter().map(|now| at(now)) {
        record.look(now);
        while let Some(due) = record.due(&timing, now) {
            let due_at = due.at.timestamp();
            ran.push((due_at.to_string(), due.missed));
            record.settle(Run {
                due_at,
                started_at: now,
                finished_at: now,
                exit_code: 0,
                message: String::new(),
            });
            assert!(ran.len() < 50, "it never ends: {ran:?}");
        }
    }
    ran
}

const DAILY: &str = "0 6 * * *";

/// What it shows, a cron expression, the times the clock shows, and the runs with the times each stands for besides its own.
type Clock = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [(&'static str, u64)],
);

const CLOCKS: &[Clock] = &[
    (
        "new, nothing of the past",
        DAILY,
        &["2026-05-10T12:00:00Z", "2026-05-10T23:00:00Z"],
        &[],
    ),
    (
        "new, in its minute",
        DAILY,
        &["2026-05-10T06:00:30Z"],
        &[("2026-05-10T06:00:00Z", 0)],
    ),
    (
        "looked at often",
        DAILY,
        &["2026-05-10T05:59:59Z", "2026-05-10T06:00:00Z", "2026-05-10T06:00:01Z"],
        &[("2026-05-10T06:00:00Z", 0)],
    ),
    (
        "asleep for days: once, for the latest",
        DAILY,
        &["2026-05-10T12:00:00Z", "2026-05-14T07:00:00Z", "2026-05-14T08:00:00Z"],
        &[("2026-05-14T06:00:00Z", 3)],
    ),
    (
        "put back by a moment",
        DAILY,
        &[
            "2026-05-10T05:00:00Z",
            "2026-05-10T06:00:00Z",
            "2026-05-10T05:59:58Z",
            "2026-05-10T06:00:00Z",
            "2026-05-11T06:00:00Z",
        ],
        &[("2026-05-10T06:00:00Z", 0), ("2026-05-11T06:00:00Z", 0)],
    ),
    (
        "ahead by years, and back again: what lies between still runs",
        DAILY,
        &[
            "2026-05-10T05:00:00Z",
            "2030-01-01T00:00:00Z",
            "2026-05-10T06:30:00Z",
            "2026-05-11T06:00:00Z",
        ],
        &[
            ("2029-12-31T06:00:00Z", 1_000),
            ("2026-05-10T06:00:00Z", 0),
            ("2026-05-11T06:00:00Z", 0),
        ],
    ),
    (
        "started by a clock that was ahead",
        DAILY,
        &["2030-01-01T12:00:00Z", "2026-05-10T05:00:00Z", "2026-05-10T06:00:00Z"],
        &[("2026-05-10T06:00:00Z", 0)],
    ),
    (
        "put back by two days and caught up: the day between, once",
        DAILY,
        &[
            "2026-05-10T05:00:00Z",
            "2026-05-10T06:00:00Z",
            "2026-05-12T06:00:00Z",
            "2026-05-11T05:00:00Z",
            "2026-05-11T07:00:00Z",
            "2026-05-12T07:00:00Z",
        ],
        &[
            ("2026-05-10T06:00:00Z", 0),
            ("2026-05-12T06:00:00Z", 1),
            ("2026-05-11T06:00:00Z", 0),
        ],
    ),
    (
        "every minute, put back by three",
        "* * * * *",
        &[
            "2026-05-10T06:00:30Z",
            "2026-05-10T06:01:00Z",
            "2026-05-10T06:02:00Z",
            "2026-05-10T05:59:00Z",
            "2026-05-10T06:01:30Z",
            "2026-05-10T06:03:00Z",
        ],
        &[
            ("2026-05-10T06:00:00Z", 0),
            ("2026-05-10T06:01:00Z", 0),
            ("2026-05-10T06:02:00Z", 0),
            ("2026-05-10T06:03:00Z", 0),
        ],
    ),
];

#[test]
fn nothing_is_lost_and_nothing_runs_twice() {
    for (what, cron, clock, expected) in CLOCKS {
        let expected: Vec<(String, u64)> = expected
            .iter()
            .map(|(at, missed)| ((*at).to_owned(), *missed))
            .collect();
        assert_eq!(ran(cron, clock), expected, "{what}");
    }
}

#[test]
fn a_job_longer_than_its_step_runs_once_more_and_not_for_each_step() {
    let timing = timing("* * * * *", "UTC");
    let mut record = Record::new(at("2026-05-10T06:00:00Z"));
    let due = record.due(&timing, at("2026-05-10T06:00:00Z")).unwrap();
    assert_eq!((due.at.timestamp(), due.missed), (at("2026-05-10T06:00:00Z"), 0));
    record.settle(Run {
        due_at: due.at.timestamp(),
        started_at: at("2026-05-10T06:00:00Z"),
        finished_at: at("2026-05-10T06:04:10Z"),
        exit_code: 1,
        message: "no".to_owned(),
    });
    assert_eq!(record.last_success_at, None);
    let due = record.due(&timing, at("2026-05-10T06:04:10Z")).unwrap();
    assert_eq!((due.at.timestamp(), due.missed), (at("2026-05-10T06:04:00Z"), 3));
}

#[test]
fn an_entry_that_is_changed_is_not_due_for_the_past() {
    let (monthly, daily) = (timing("0 6 1 * *", "UTC"), timing("0 6 * * *", "UTC"));
    let (begin, now) = (at("2026-05-01T05:00:00Z"), at("2026-05-15T10:00:00Z"));
    let mut record = Record::new(begin);
    record.follow(&monthly, begin);
    record.follow(&monthly, now);
    assert!(record.due(&monthly, now).is_some());
    record.follow(&daily, now);
    assert_eq!(record.due(&daily, now), None);
    assert!(record.due(&daily, at("2026-05-16T06:00:00Z")).is_some());
}

#[test]
fn what_has_been_due_longest_comes_first_and_then_the_order_of_the_file() {
    let text = |name: &str, cron: &str| format!("[[schedule]]\nname = \"{name}\"\ncron = \"{cron}\"\nrun = \"sync\"\n");
    let file = [
        text("every_minute", "* * * * *"),
        text("at_six", "0 6 * * *"),
        text("also", "0 6 * * *"),
    ]
    .concat();
    let entries = entries(&file);
    let since = at("2026-05-10T05:00:00Z");
    let mut records: BTreeMap<String, Record> = entries
        .iter()
        .map(|entry| (entry.name.clone(), Record::new(since)))
        .collect();
    let mut order = Vec::new();
    let now = at("2026-05-10T06:10:00Z");
    while let Some((entry, due)) = first_due(&entries, &records, now) {
        order.push(entry.name.as_str());
        let run = Run {
            due_at: due.at.timestamp(),
            started_at: now,
            finished_at: now,
            exit_code: 0,
            message: String::new(),
        };
        records.get_mut(&entry.name).unwrap().settle(run);
    }
    assert_eq!(order, ["at_six", "also", "every_minute"]);
}

#[test]
fn a_late_job_means_the_time_it_was_due() {
    let due = |zone: &str| at("2026-07-01T02:30:00Z").to_zoned(jiff::tz::TimeZone::get(zone).unwrap());
    let output = "output = \"r/{year}/{month}/{date}-{period}-{name}-{report}.csv\"";
    let cases = [
        (
            "run = \"sync\"\nsources = [\"acme.audit_logs\", \"b\"]\nfrom = \"-7d\"",
            "UTC",
            "sync acme.audit_logs b --from -7d",
        ),
        ("run = \"verify\"\ndeep = true", "UTC", "verify --deep"),
        ("run = \"compact\"\nsources = \"acme\"", "UTC", "compact acme"),
        (
            "run = \"evidence\"\nframework = \"soc2\"\nperiod = \"last-month\"\noutput = \"{period}.zip\"",
            "UTC",
            "evidence --framework soc2 --period 2026-06 --output DIR/2026-06.zip",
        ),
        (
            "run = \"evidence\"\nframework = \"soc2\"\nperiod = \"last-month\"\noutput = \"{date}.zip\"",
            // There it is still June.
            "America/Toronto",
            "evidence --framework soc2 --period 2026-05 --output DIR/2026-06-30.zip",
        ),
        (
            "run = \"evidence\"\nframework = \"soc2\"\nperiod = \"last-quarter\"\noutput = \"a b.zip\"",
            "America/Toronto",
            "evidence --framework soc2 --period 2026-Q1 --output 'DIR/a b.zip'",
        ),
        (
            &format!(
                "run = \"report\"\nreports = [\"coverage\"]\nsource = \"b\"\nparams = {{ top = 3 }}\nperiod = \"2026\"\n{output}"
            ),
            "UTC",
            "report run coverage --period 2026 --output DIR/r/2026/2026-07/2026-07-01-2026-a-coverage.csv --param source=b --param top=3",
        ),
        (
            "run = \"report\"\nreports = \"x\"\nfrom = \"-24h\"\nformat = \"csv\"\nfail_on_findings = true\noutput = \"x\"",
            "UTC",
            "report run x --from 2026-06-30T02:30:00Z --to 2026-07-01T02:30:00Z --format csv --output DIR/x --fail-on-findings",
        ),
    ];
    for (more, zone, expected) in cases {
        let due = due(zone);
        let steps = line::steps(&entry("* * * * *", zone, more), (&due, due.time_zone()), false);
        let words = steps.iter().flat_map(|step| step.arguments.iter().map(String::as_str));
        let line = line::quoted(words);
        let folder = line.split(['\'', ' ']).find_map(|word| {
            word.split_once("/.tmp")
                .map(|(before, rest)| format!("{before}/.tmp{}", rest.split('/').next().unwrap()))
        });
        let line = folder.map_or(line.clone(), |folder| line.replace(&folder, "DIR"));
        assert_eq!(line, expected);
    }
}

#[test]
fn a_period_is_over_in_the_zone_in_which_it_is_reported() {
    let more = "run = \"evidence\"\nframework = \"soc2\"\nperiod = \"last-month\"\noutput = \"{date}-{period}.zip\"";
    let due = at("2026-08-01T02:00:00Z").to_zoned(jiff::tz::TimeZone::UTC);
    let toronto = jiff::tz::TimeZone::get("America/Toronto").unwrap();
    let steps = line::steps(&entry("0 2 1 * *", "UTC", more), (&due, &toronto), false);
    assert!(steps[0].output[0].ends_with("2026-08-01-2026-06.zip"), "{steps:?}");
    assert!(steps[0].arguments.contains(&"2026-06".to_owned()), "{steps:?}");
}

#[test]
fn each_report_of_a_framework_is_a_command_with_files_of_its_own() {
    let more = "run = \"report\"\nframework = \"soc2\"\noutput = [\"{report}.csv\", \"{report}.json\"]";
    let utc = jiff::tz::TimeZone::UTC;
    let due = at("2026-07-01T00:00:00Z").to_zoned(utc.clone());
    let steps = line::steps(&entry("* * * * *", "UTC", more), (&due, &utc), true);
    assert!(steps.len() > 1);
    for step in steps {
        let report = step.report.unwrap();
        assert_eq!(step.arguments[..3], ["report", "run", report.as_str()]);
        assert!(step.arguments.contains(&"--fail-on-findings".to_owned()));
        let names: Vec<_> = step
            .output
            .iter()
            .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(names, [format!("{report}.csv"), format!("{report}.json")]);
    }
}

#[test]
fn calendars_of_systemd_mean_the_same_times() {
    let cases: &[(&str, &[&str])] = &[
        ("* * * * *", &["*-*-* *:*:00 UTC"]),
        ("*/20 6 * * *", &["*-*-* 06:00,20,40:00 UTC"]),
        ("0 6 1 jan,jul *", &["*-01,07-01 06:00:00 UTC"]),
        ("0 6 * * 7", &["Sun *-*-* 06:00:00 UTC"]),
        ("0 6 * * 1-5", &["Mon,Tue,Wed,Thu,Fri *-*-* 06:00:00 UTC"]),
        ("0 6 13 * 5", &["*-*-13 06:00:00 UTC", "Fri *-*-* 06:00:00 UTC"]),
    ];
    for (cron, expected) in cases {
        assert_eq!(calendar::events(&timing(cron, "UTC")), *expected, "{cron}");
    }
}

#[test]
fn unit_files_quote_what_would_be_read_otherwise() {
    let entries = vec![entry("0 6 1 * *", "Europe/Berlin", "run = \"sync\"")];
    let call = units::Call {
        program: "/opt/a b/trailhouse".to_owned(),
        options: vec!["--config".to_owned(), "/etc/100%$x.toml".to_owned()],
        folder: "/etc".to_owned(),
        user: "ada".to_owned(),
    };
    let cron = units::crontab(&entries, &call);
    let line = cron.lines().find(|line| !line.starts_with('#')).unwrap();
    assert_eq!(
        line,
        r"*/5 * * * * cd /etc && '/opt/a b/trailhouse' --config '/etc/100\%$x.toml' -q daemon --once"
    );
    let systemd = units::systemd(&entries, &call);
    assert!(
        systemd.contains("\nExecStart=\"/opt/a b/trailhouse\" --config /etc/100%%$$x.toml daemon --once\n"),
        "{systemd}"
    );
    assert!(
        systemd.contains("\nOnCalendar=*-*-01 06:00:00 Europe/Berlin\n"),
        "{systemd}"
    );
}
