//! The schedule as it is kept: jobs of the real binary, what is told of them, and what a daemon that was stopped or killed
//! leaves to the next.

pub(crate) mod alerts;
mod again;
mod refused;
mod stopping;

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::environment::{Ended, Home, Service, TOKEN};

/// A home with one source and these further lines.
pub(crate) fn home_of(service: &Service, schedule: &str) -> Home {
    let home = Home::new();
    let base_url = service.running.base_url();
    home.write(
        "trailhouse.toml",
        &format!(
            "time_zone = \"America/Toronto\"\n[sources.acme]\nkind = \"secoda\"\nbase_url = \"{base_url}\"\n\
             token = {{ env = \"ACME_TOKEN\" }}\nstreams = [\"audit_logs\"]\nattempts = 1\nbackoff = \"10ms\"\n{schedule}"
        ),
    );
    home
}

/// An entry, in the zone of the configuration.
pub(crate) fn entry(name: &str, cron: &str, more: &str) -> String {
    format!("[[schedule]]\nname = \"{name}\"\ncron = \"{cron}\"\n{more}\n")
}

/// Lets the schedule of a home have been kept, without anything due, since so many hours ago.
pub(crate) fn kept_for(home: &Home, names: &[&str], hours: i64) {
    #[expect(clippy::disallowed_methods, reason = "the daemon itself lives by the clock")]
    let since = Timestamp::now()
        .checked_sub(SignedDuration::from_hours(hours))
        .expect("a time");
    let entries = names
        .iter()
        .map(|name| ((*name).to_owned(), json!({"since": since, "settled_to": since})));
    let entries: serde_json::Map<String, Value> = entries.collect();
    std::fs::create_dir_all(home.data()).expect("a folder");
    home.write("data/schedule.json", &json!({"entries": entries}).to_string());
}

/// The lines of the log about jobs.
pub(crate) fn jobs(ended: &Ended) -> Vec<Value> {
    let lines = ended
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")));
    lines.filter(|line: &Value| line.get("due_at").is_some()).collect()
}

/// Waits for something that must come soon.
pub(crate) fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    until_within(Duration::from_secs(20), what, look)
}

pub(crate) fn until_within<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < limit, "{what} did not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn text_of(home: &Home, name: &str) -> String {
    std::fs::read_to_string(home.path().join(name)).unwrap_or_default()
}

pub(crate) const ONCE: [&str; 4] = ["--log", "json", "daemon", "--once"];

#[test]
fn what_is_due_runs_once_in_the_words_of_a_command() {
    let service = Service::of(5, 60);
    let schedule = [
        entry("load", "* * * * *", "run = \"sync\""),
        entry(
            "report",
            "* * * * *",
            "run = \"report\"\nreports = [\"coverage\", \"top_actors\"]\nperiod = \"2026-06\"\n\
             output = [\"made/{year}/{report}.csv\", \"made/{year}/{report}.json\"]",
        ),
        entry("check", "* * * * *", "run = \"verify\"\ndeep = true"),
        entry("never", "0 0 29 2 *", "run = \"compact\""),
    ];
    let home = home_of(&service, &schedule.concat());
    let ended = home.run(&ONCE);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let told: Vec<Value> = jobs(&ended);
    let names: Vec<&str> = told.iter().filter_map(|job| job["name"].as_str()).collect();
    assert_eq!(names, ["load", "report", "check"]);
    for job in &told {
        let time = |key: &str| -> Timestamp { job[key].as_str().and_then(|at| at.parse().ok()).expect("a time") };
        assert_eq!(job["exit_code"], 0, "{job}");
        assert!(
            time("due_at") <= time("started_at") && time("started_at") <= time("finished_at"),
            "{job}"
        );
        assert_eq!(time("due_at").as_second() % 60, 0, "{job}");
    }
    assert_eq!(home.number("select count(*) from activity_logs"), 60);
    for name in ["coverage", "top_actors"] {
        let year = told[1]["due_at"]
            .as_str()
            .expect("a time")
            .split('-')
            .next()
            .expect("a year")
            .to_owned();
        let made: Value = serde_json::from_str(&text_of(&home, &format!("made/{year}/{name}.json"))).expect("a report");
        assert_eq!(made["report"], name);
        assert_eq!(
            made["parameters"]["since"], "2026-06-01T04:00:00Z",
            "the month of the zone: {made}"
        );
        assert!(!text_of(&home, &format!("made/{year}/{name}.csv")).is_empty());
    }
    let shown: Vec<Value> =
        serde_json::from_str(&home.ok(&["schedule", "show", "--format", "json"]).stdout).expect("rows");
    let codes: Vec<&Value> = shown.iter().map(|row| &row["last_exit_code"]).collect();
    assert_eq!(codes, [&json!(0), &json!(0), &json!(0), &Value::Null]);
}

#[test]
fn what_was_missed_runs_once_for_the_latest_time_and_its_own_period() {
    let service = Service::of(5, 60);
    let more = "run = \"report\"\nreports = [\"coverage\"]\nperiod = \"last-month\"\noutput = \"{date}.json\"";
    let home = home_of(&service, &entry("monthly", "0 6 1 * *", more));
    home.ok(&["sync"]);
    kept_for(&home, &["monthly"], 24 * 75);
    let ended = home.run(&ONCE);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let told = jobs(&ended);
    assert_eq!(told.len(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("this run stands for all"), "{}", ended.stderr);
    let zone = jiff::tz::TimeZone::get("America/Toronto").expect("a zone");
    let due: Timestamp = told[0]["due_at"].as_str().expect("a time").parse().expect("a time");
    let due = due.to_zoned(zone.clone());
    assert_eq!((due.day(), due.hour(), due.minute()), (1, 6, 0));
    let made: Value = serde_json::from_str(&text_of(&home, &format!("{}.json", due.date()))).expect("a report");
    let until: Timestamp = made["parameters"]["until"]
        .as_str()
        .expect("a time")
        .parse()
        .expect("a time");
    assert_eq!(
        until.to_zoned(zone).date(),
        due.date(),
        "the month before it was due: {made}"
    );
    let again = home.run(&ONCE);
    assert_eq!((again.code, jobs(&again).len()), (Some(0), 0), "{}", again.stderr);
}

#[test]
fn the_worst_end_is_that_of_all_and_a_failed_job_stops_no_other() {
    let service = Service::of(5, 60);
    let schedule = [
        entry("wrong", "* * * * *", "run = \"verify\"\npublic_key = \"no_such_key\""),
        entry("load", "* * * * *", "run = \"sync\""),
        entry(
            "unwritable",
            "* * * * *",
            "run = \"report\"\nreports = \"coverage\"\noutput = \"trailhouse.toml/a.csv\"",
        ),
        "[[alert]]\nname = \"ops\"\ncommand = [\"/bin/sh\", \"-c\", \"cat >> told\"]\non = \"failure\"\n".to_owned(),
    ];
    let home = home_of(&service, &schedule.concat());
    let ended = home.run(&ONCE);
    let codes: Vec<i64> = jobs(&ended)
        .iter()
        .filter_map(|job| job["exit_code"].as_i64())
        .collect();
    assert_eq!((ended.code, codes), (Some(2), vec![2, 0, 1]), "{}", ended.stderr);
    let jobs = jobs(&ended);
    assert!(
        jobs[0]["message"]
            .as_str()
            .is_some_and(|message| message.contains("no_such_key")),
        "{}",
        jobs[0]
    );
    assert_eq!(home.number("select count(*) from activity_logs"), 60);
    let told = text_of(&home, "told");
    for job in ["wrong failed with exit code 2", "unwritable failed with exit code 1"] {
        assert!(told.contains(job), "{job}\n{told}");
    }
    kept_for(&home, &["wrong", "load"], 1);
    let quiet = home.run(&["-q", "daemon", "--once"]);
    assert!(
        quiet.stderr.contains("wrong: ended with exit code 2"),
        "{}",
        quiet.stderr
    );
    assert!(!quiet.stderr.contains("load: ended"), "{}", quiet.stderr);
    let kept: Value = serde_json::from_str(&text_of(&home, "data/schedule.json")).expect("JSON");
    assert_eq!(
        kept["entries"]["load"]["last"]["exit_code"], 0,
        "it was due, and ran: {kept}"
    );
}

#[test]
fn metrics_can_be_read_and_name_jobs_and_streams() {
    let service = Service::of(5, 60);
    let home = home_of(&service, &entry("load", "* * * * *", "run = \"sync\""));
    home.ok(&["daemon", "--once", "--metrics-file", "trailhouse.prom"]);
    let page = text_of(&home, "trailhouse.prom");
    let sample =
        regex::Regex::new(r#"^[a-z_]+(\{([a-z_]+="([^"\\]|\\.)*",?)+\})? -?[0-9]+(\.[0-9]+)?$"#).expect("a pattern");
    for line in page.lines() {
        assert!(
            line.starts_with("# HELP trailhouse_") || line.starts_with("# TYPE trailhouse_") || sample.is_match(line),
            "{line}"
        );
    }
    let kinds = page.lines().filter(|line| line.starts_with("# TYPE ")).count();
    let families: std::collections::BTreeSet<&str> = (page.lines())
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['{', ' ']).next())
        .collect();
    assert_eq!(kinds, families.len(), "{page}");
    for line in [
        "trailhouse_job_last_exit_code{job=\"load\"} 0",
        "trailhouse_stream_rows{source=\"acme\",stream=\"audit_logs\"} 60",
        "trailhouse_stream_gap_seconds{source=\"acme\",stream=\"audit_logs\"} 0",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
    for name in [
        "trailhouse_job_last_success_timestamp_seconds{",
        "trailhouse_job_last_duration_seconds{",
        "trailhouse_stream_lag_seconds{",
        "trailhouse_stream_days_until_loss{",
    ] {
        assert!(page.lines().any(|line| line.starts_with(name)), "{name}\n{page}");
    }
    assert!(!page.contains(TOKEN));
    let refused = home.run(&["daemon", "--metrics-listen", "0.0.0.0:9187"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
}

#[test]
fn unit_files_name_this_program_and_these_times() {
    let service = Service::of(5, 60);
    let home = home_of(&service, &entry("monthly", "0 6 1 * *", "run = \"sync\""));
    let shown = home.ok(&["schedule", "show"]).stdout;
    let (cron, systemd) = (
        home.ok(&["schedule", "show", "--cron"]).stdout,
        home.ok(&["schedule", "show", "--systemd"]).stdout,
    );
    assert!(shown.contains(&cron) && shown.contains(&systemd), "{shown}");
    let command = format!(
        "{} --config {}/trailhouse.toml",
        env!("CARGO_BIN_EXE_trailhouse"),
        home.path().display()
    );
    assert!(
        cron.lines()
            .any(|line| line.starts_with("*/5 * * * * cd ") && line.ends_with(&format!("{command} -q daemon --once"))),
        "{cron}"
    );
    assert!(
        systemd.contains(&format!("\nExecStart={command} daemon\n")),
        "{systemd}"
    );
    assert!(
        systemd.contains("\nOnCalendar=*-*-01 06:00:00 America/Toronto\n"),
        "{systemd}"
    );
    // The line of the crontab, as cron's shell runs it.
    let line = cron
        .lines()
        .find_map(|line| line.strip_prefix("*/5 * * * * "))
        .expect("a line");
    let ran = std::process::Command::new("/bin/sh")
        .args(["-c", line])
        .env_clear()
        .status()
        .expect("a shell");
    assert!(ran.success());
    assert!(home.data().join("schedule.json").exists());
}
