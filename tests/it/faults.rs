//! What goes wrong, what a user is told, and with which exit code: one table, kept as a snapshot.

use std::time::Duration;

use jiff::SignedDuration;
use trailhouse::simulator::bad::Bad;
use trailhouse::simulator::faults::{Fault, FaultPlan, RetryAfter, When};
use trailhouse::simulator::trap::Trap;

use crate::environment::{Ended, Home, SOURCE, Service, simulator};

/// Messages without what differs from run to run.
fn told(home: &Home, ended: &Ended) -> String {
    let home = home.path().display().to_string();
    let mut text = ended.stderr.replace(&home, "HOME");
    for (pattern, with) in [
        (r"127\.0\.0\.1:\d+", "HOST"),
        (r"process \d+", "process N"),
        (r"PID \d+", "PID N"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
        (r"waited [0-9.]+ m?s", "waited N s"),
        (r"wait=[0-9.]+[mnµ]?s", "wait=N"),
        (r"HOME/data/lake/\S+\.parquet", "FILE"),
    ] {
        text = regex::Regex::new(pattern)
            .expect("a pattern")
            .replace_all(&text, with)
            .into_owned();
    }
    let lines = text
        .lines()
        .filter(|line| !line.starts_with("warning: acme.audit_logs: this machine's clock"));
    format!(
        "exit code {:?}\n{}\n",
        ended.code.expect("a code"),
        lines.collect::<Vec<_>>().join("\n")
    )
}

fn with_fault(fault: Fault) -> String {
    let mut drawn = simulator(1, 120);
    drawn.faults = FaultPlan::always(When::From(2), fault);
    sync(&Service::start(drawn))
}

fn sync(service: &Service) -> String {
    let home = Home::of(service);
    home.configure(&service.running.base_url(), "attempts = 2\nmax_in_flight = 1");
    let text = told(&home, &home.run(&["sync"]));
    let verify = home.run(&["verify"]);
    assert!(matches!(verify.code, Some(0 | 3)), "{}", verify.stdout);
    text
}

fn status(code: u16, retry_after: Option<RetryAfter>, body: &str) -> String {
    with_fault(Fault::Status {
        code,
        retry_after,
        body: body.to_owned(),
    })
}

fn configured(text: &str, arguments: &[&str]) -> String {
    let home = Home::new();
    home.write("trailhouse.toml", text);
    told(&home, &home.run(arguments))
}

fn source(lines: &str) -> String {
    format!("[sources.{SOURCE}]\nkind = \"secoda\"\n{lines}\n")
}

#[test]
fn what_the_network_can_do() {
    let seconds = Some(RetryAfter::Seconds(0));
    let date = Some(RetryAfter::Date(Duration::ZERO));
    let trap_runtime = tokio::runtime::Runtime::new().expect("threads");
    let trap = trap_runtime.block_on(Trap::open()).expect("a trap");
    let cases = [
        ("401", status(401, None, r#"{"detail":"Invalid token."}"#)),
        ("403", status(403, None, r#"{"detail":"You do not have permission."}"#)),
        ("404", status(404, None, "")),
        (
            "422",
            status(422, None, r#"{"detail":[{"loc":["query"],"msg":"bad"}]}"#),
        ),
        ("429 without Retry-After", status(429, None, "slow down")),
        ("429 with seconds", status(429, seconds, "slow down")),
        ("429 with a date", status(429, date, "slow down")),
        ("500", status(500, None, "oops")),
        ("hostile text", status(400, None, "\u{1b}[31mred\u{202e}\r\n\u{0}")),
        ("HTML with 200", with_fault(Fault::HtmlWith200)),
        ("truncated JSON", with_fault(Fault::TruncatedJson)),
        ("a cut connection", with_fault(Fault::CutConnection)),
        ("a reset", with_fault(Fault::Reset)),
        (
            "a redirect to another host",
            with_fault(Fault::RedirectTo(trap.base_url())),
        ),
        ("a key revoked in the middle", with_fault(Fault::KeyRevoked)),
    ];
    assert!(!trap.saw_authorization(), "the token was sent to another host");
    let table: String = cases
        .iter()
        .map(|(name, told)| format!("== {name}\n{told}\n"))
        .collect();
    insta::assert_snapshot!(table);
}

#[test]
fn a_stalled_body_ends() {
    let mut drawn = simulator(1, 120);
    drawn.faults = FaultPlan::always(When::From(2), Fault::Stall(Duration::from_secs(60)));
    let service = Service::start(drawn);
    let home = Home::new();
    let text = format!(
        "[sources.{SOURCE}]\nkind = \"secoda\"\nbase_url = \"{}\"\ntoken = {{ env = \"ACME_TOKEN\" }}\nstreams = [\"audit_logs\"]\ntimeout = \"300ms\"\nattempts = 2\nmax_in_flight = 1\n",
        service.running.base_url()
    );
    home.write("trailhouse.toml", &text);
    insta::assert_snapshot!(told(&home, &home.run(&["sync"])));
}

#[test]
fn records_that_cannot_be_read_are_kept_and_said() {
    let service = Service::of(1, 100);
    let age = SignedDuration::from_hours(30);
    for bad in [
        Bad::NotAnObject,
        Bad::NoId,
        Bad::WrongTypes,
        Bad::AncientTime,
        Bad::NoOrderKey,
        Bad::ImpossibleTime,
    ] {
        service.running.plant(&bad, age);
    }
    let home = Home::of(&service);
    let sync = home.run(&["sync"]);
    let reasons = home.query("select reason, count(*) as records from rejects group by reason order by reason");
    insta::assert_snapshot!(format!("{}{reasons:#?}", told(&home, &sync)));
    assert_eq!(home.ok(&["sync"]).code, Some(0), "the same rejects are no news");
    assert_eq!(
        home.number("select count(*) from rejects"),
        i64::try_from(reasons.len()).expect("small")
    );
}

#[test]
fn what_a_configuration_can_do() {
    let token = "token = { env = \"ACME_TOKEN\" }";
    let service = Service::of(1, 10);
    let cases = [
        (
            "a missing file",
            told_of(&Home::new(), &["--config", "none.toml", "sync"]),
        ),
        ("no source", told_of(&Home::new(), &["sync"])),
        (
            "an unknown key",
            configured(&source(&format!("{token}\nretension_days = 3")), &["sync"]),
        ),
        (
            "a literal secret",
            configured(&source("token = \"s3cret-in-the-file\""), &["sync"]),
        ),
        (
            "plain http",
            configured(
                &source(&format!("{token}\nbase_url = \"http://secoda.acme.example\"")),
                &["sync"],
            ),
        ),
        (
            "a missing variable",
            configured(&source("token = { env = \"NOT_SET\" }"), &["sync"]),
        ),
        (
            "an unknown stream",
            configured(&source(&format!("{token}\nstreams = [\"audit_log\"]")), &["sync"]),
        ),
        ("another account", another_account(&service)),
        ("a second writer", second_writer(&service)),
        (
            "an unknown report",
            told_of(&Home::new(), &["report", "run", "top_actor"]),
        ),
        ("a query that writes", query_that_writes(&service)),
        (
            "a query that is wrong",
            told_of(&synced(&service), &["query", "select nothing from nowhere"]),
        ),
        (
            "a file that is not TOML",
            configured("[sources\ntoken = \"s3cret\"", &["sync"]),
        ),
        ("an unreadable configuration", unreadable()),
        (
            "a directory that cannot be made",
            told_of(&Home::of(&service), &["--dir", "/proc/none", "sync"]),
        ),
        ("no warehouse", told_of(&Home::new(), &["query", "select 1"])),
        ("no lake", told_of(&Home::new(), &["verify"])),
        ("a home that is a file", home_that_is_a_file(&service)),
        ("an unknown record", told_of(&synced(&service), &["show", "none"])),
    ];
    let table: String = cases
        .iter()
        .map(|(name, told)| format!("== {name}\n{told}\n"))
        .collect();
    assert!(!table.contains("s3cret"));
    insta::assert_snapshot!(table);
}

fn told_of(home: &Home, arguments: &[&str]) -> String {
    told(home, &home.run(arguments))
}

fn synced(service: &Service) -> Home {
    let home = Home::of(service);
    home.ok(&["sync"]);
    home
}

fn another_account(service: &Service) -> String {
    let home = synced(service);
    home.configure(&service.running.base_url().replace("127.0.0.1", "localhost"), "");
    told_of(&home, &["sync"])
}

fn second_writer(service: &Service) -> String {
    let home = synced(service);
    let place = trailhouse::lake::Home { dir: home.data() };
    let _lock = trailhouse::lake::Lock::take(&place, "trailhouse sync, process 1, since noon").expect("the lock");
    told_of(&home, &["sync"])
}

fn query_that_writes(service: &Service) -> String {
    let home = synced(service);
    let attempts = [
        "delete from activity_logs",
        "create table mine as select 1",
        "copy events to 'stolen.csv'",
        "attach 'other.duckdb'",
        "select * from read_csv('/etc/passwd')",
        "select 1; select 2",
        "set memory_limit = '1GB'",
    ];
    let told = attempts
        .iter()
        .map(|sql| format!("-- {sql}\n{}", told_of(&home, &["query", sql])));
    let told = told.collect();
    assert!(!home.path().join("stolen.csv").exists() && !home.path().join("other.duckdb").exists());
    told
}

fn unreadable() -> String {
    let home = Home::new();
    std::fs::create_dir(home.path().join("folder.toml")).expect("a folder");
    told_of(&home, &["--config", "folder.toml", "sync"])
}

fn home_that_is_a_file(service: &Service) -> String {
    let home = Home::of(service);
    home.write("data", "not a directory");
    told_of(&home, &["sync"])
}

#[test]
fn a_reader_of_the_warehouse_does_not_stop_a_load() {
    let Some(python) = crate::tools::find("python") else {
        return;
    };
    let service = Service::of(1, 50);
    let home = synced(&service);
    let script = "import duckdb, sys\nheld = duckdb.connect('data/warehouse.duckdb', read_only=True)\nprint('held', flush=True)\nsys.stdin.read()";
    let mut reader = std::process::Command::new(python)
        .args(["-c", script])
        .current_dir(home.path())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("python starts");
    let mut line = String::new();
    let stdout = reader.stdout.as_mut().expect("a pipe");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).expect("a line");
    assert_eq!(line, "held\n");
    service.running.arrive(5);
    service.running.clock().advance(SignedDuration::from_hours(1));
    let sync = home.run(&["sync"]);
    assert_eq!(sync.code, Some(0), "{}", sync.stderr);
    assert!(sync.stderr.contains("warehouse: "), "{}", sync.stderr);
    drop(reader.stdin.take());
    reader.wait().expect("python ends");
    home.ok(&["sync"]);
    assert_eq!(home.number("select count(*) from activity_logs"), 55);
    home.ok(&["verify"]);
}
