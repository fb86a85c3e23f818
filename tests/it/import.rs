//! `import`: what a simulator exported gives the warehouse that a sync of it gives, what is imported does not mislead a later
//! sync, and nothing is claimed but what the user states.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use serde_json::value::RawValue;
use trailhouse::simulator::Simulator;
use trailhouse::simulator::bad::Bad;
use trailhouse::simulator::listing::Pick;
use trailhouse::simulator::workspace::{Settings, Workspace};

use crate::environment::{Ended, Home, SOURCE, Service, TOKEN, ended, short};

pub(crate) const STREAM: &str = "acme.audit_logs";

/// A service whose history ends in 2024, long before any clock that runs this test.
pub(crate) fn simulator(seed: u64, events: usize) -> Simulator {
    let end_at = "2024-06-30T12:00:00Z".parse().expect("a time");
    Simulator::new(Workspace::draw(&Settings::new(seed, events, 30, end_at)))
}

/// A page as the service sends it.
fn page(service: &Service, number: usize) -> String {
    let address = service.running.base_url().replace("http://", "");
    let mut stream = TcpStream::connect(&address).expect("the simulator listens");
    let request = format!(
        "GET /api/v1/activity_log/audit_logs/?page={number} HTTP/1.1\r\nHost: {address}\r\n\
         Authorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer in UTF-8");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    body.to_owned()
}

fn records_of(page: &str) -> Vec<String> {
    let members: std::collections::BTreeMap<&str, &RawValue> = serde_json::from_str(page).expect("an object");
    let records: Vec<&RawValue> = serde_json::from_str(members["results"].get()).expect("a list");
    records.iter().map(|record| record.get().to_owned()).collect()
}

/// Every page there is.
fn pages(service: &Service) -> Vec<String> {
    let pages = (1..).map(|number| page(service, number));
    pages.take_while(|page| !records_of(page).is_empty()).collect()
}

pub(crate) fn lines(service: &Service) -> String {
    let lines: Vec<String> = pages(service).iter().flat_map(|page| records_of(page)).collect();
    lines.join("\n") + "\n"
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

pub(crate) fn import_from(home: &Home, arguments: &[&str], bytes: &[u8]) -> Ended {
    let mut command = home.command(arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    let mut input = child.stdin.take().expect("a pipe");
    // Who reads may stop early.
    drop(input.write_all(bytes));
    drop(input);
    ended(&child.wait_with_output().expect("it ends"))
}

#[track_caller]
pub(crate) fn assert_same(expected: &[Value], home: &Home, what: &str) {
    let dump = home.dump();
    let differs = expected.iter().zip(&dump).find(|(left, right)| left != right);
    assert!(
        expected.len() == dump.len() && differs.is_none(),
        "{what}: {}",
        short(&differs)
    );
}

/// The same records as somebody may have kept them.
fn ways(pages: &[String]) -> Vec<(&'static str, Vec<u8>)> {
    let records: Vec<String> = pages.iter().flat_map(|page| records_of(page)).collect();
    let (first, last) = records.split_at(150);
    let parsed = |page: &String| serde_json::from_str::<Value>(page).expect("JSON");
    let pretty = |page: &String| serde_json::to_string_pretty(&parsed(page)).expect("JSON");
    let [one, two] = [first, last].map(|records| records.join("\r\n") + "\r\n");
    let frames = |level| {
        [&one, &two]
            .map(|text| zstd::encode_all(text.as_bytes(), level).expect("memory"))
            .concat()
    };
    vec![
        ("pages one after the other", pages.concat().into_bytes()),
        (
            "pages over many lines",
            pages.iter().map(pretty).collect::<Vec<_>>().join("\n\n").into_bytes(),
        ),
        ("pages in a list", format!("[{}]", pages.join(",\n")).into_bytes()),
        (
            "records in a list",
            format!("[\n{}\n]", records.join(",\n")).into_bytes(),
        ),
        ("lines after a mark", format!("\u{feff}{one}\n\n{two}").into_bytes()),
        (
            "two parts of gzip",
            [gzip(one.as_bytes()), gzip(two.as_bytes())].concat(),
        ),
        ("two frames of zstd", frames(3)),
        ("pages and lines", format!("{}\n{}{two}", pages[0], one).into_bytes()),
    ]
}

#[test]
fn what_a_simulator_exported_gives_the_warehouse_that_a_sync_gives() {
    let service = Service::start(simulator(7, 400));
    service.running.plant(&Bad::NoId, jiff::SignedDuration::from_hours(50));
    service
        .running
        .plant(&Bad::NotAnObject, jiff::SignedDuration::from_hours(90));
    service
        .running
        .plant(&Bad::WrongTypes, jiff::SignedDuration::from_hours(40));
    let synced = Home::of(&service);
    assert_eq!(synced.run(&["sync", STREAM]).code, Some(3));
    let expected = synced.dump();
    let pages = pages(&service);
    for (what, bytes) in ways(&pages) {
        let home = Home::new();
        home.write("trailhouse.toml", "time_zone = \"America/Toronto\"\n");
        let import = import_from(&home, &["import", STREAM, "-", "--kind", "secoda"], &bytes);
        assert_eq!(import.code, Some(3), "{what}: {}", import.stderr);
        assert!(import.stderr.contains("2 rejected"), "{what}: {}", import.stderr);
        assert_eq!(
            import.stderr.contains("are mixed"),
            what == "pages and lines",
            "{what}: {}",
            import.stderr
        );
        if what == "pages over many lines" {
            // Set out anew, what cannot be read has other bytes.
            let readable = |rows: &[Value]| -> Vec<Value> {
                rows.iter().filter(|row| row["table"] != "rejects").cloned().collect()
            };
            assert_eq!(readable(&home.dump()), readable(&expected));
        } else {
            assert_same(&expected, &home, what);
        }
        assert_eq!(home.number("select count(*) from loads where kind = 'import'"), 1);
        assert_eq!(
            home.number("select count(*) from loads where received <> stored + duplicates + rejects + withheld"),
            0
        );
        home.ok(&["verify"]);
    }
    files_of_a_page_each(&service, &pages, &expected);
}

fn files_of_a_page_each(service: &Service, pages: &[String], expected: &[Value]) {
    let home = Home::of(service);
    let mut arguments = vec!["import".to_owned(), STREAM.to_owned()];
    for (number, page) in pages.iter().enumerate() {
        home.write(&format!("{number}.json"), page);
        arguments.push(format!("{number}.json"));
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let import = home.run(&arguments);
    assert_eq!(import.code, Some(3), "{}", import.stderr);
    assert!(
        import.stderr.contains(&format!("({0} files, {0} pages)", pages.len())),
        "{}",
        import.stderr
    );
    assert_same(expected, &home, "a file for each page");
}

#[test]
fn an_import_done_again_adds_nothing_and_a_sync_after_it_claims() {
    let service = Service::start(simulator(8, 300));
    let home = Home::of(&service);
    home.write("all.json", &lines(&service));
    home.ok(&["import", STREAM, "all.json"]);
    assert_eq!(home.number("select count(*) from coverage"), 0);
    let rows = home.number("select count(*) from activity_logs");
    let again = home.ok(&["import", STREAM, "all.json"]);
    assert!(
        again.stderr.contains(&format!("0 stored, {rows} known already")),
        "{}",
        again.stderr
    );
    home.ok(&["sync", STREAM]);
    assert_eq!(home.number("select count(*) from activity_logs"), rows);
    assert_eq!(home.number("select count(*) from coverage_gaps"), 0);
    assert!(home.number("select count(*) from coverage where state = 'final'") > 0);
    home.ok(&["verify"]);
    // What the sync has met counts as seen, though the import had brought it: a key that sees nothing proves no silence.
    for id in service.running.ids() {
        service.running.delete(&Pick::Id(id));
    }
    let blind = home.run(&["sync", STREAM]);
    assert_eq!(blind.code, Some(3), "{}", blind.stderr);
    assert!(
        blind.stderr.contains("none of the rows it holds came again"),
        "{}",
        blind.stderr
    );
}

#[test]
fn rows_that_the_service_never_had_do_not_stop_a_sync_from_claiming() {
    let service = Service::start(simulator(9, 200));
    let home = Home::of(&service);
    let foreign: String = (0..50)
        .map(|day| {
            let at = format!("2024-06-{:02}T03:00:00Z", day % 30 + 1);
            format!("{{\"id\":\"gone-{day}\",\"logged_at\":\"{at}\",\"updated_at\":\"{at}\"}}\n")
        })
        .collect();
    home.write("gone.json", &foreign);
    home.ok(&["import", STREAM, "gone.json"]);
    for _ in 0..2 {
        let sync = home.ok(&["sync", STREAM]);
        assert!(!sync.stderr.contains("came again"), "{}", sync.stderr);
    }
    assert_eq!(home.number("select count(*) from coverage_gaps"), 0);
    assert_eq!(home.number("select count(*) from activity_logs"), 250);
}

#[test]
fn rows_that_nobody_told_the_account_of_become_the_first_ones_and_no_others() {
    let service = Service::start(simulator(10, 60));
    let home = Home::new();
    home.write("all.json", &lines(&service));
    let unknown = home.run(&["import", STREAM, "all.json"]);
    assert_eq!(unknown.code, Some(2), "{}", unknown.stderr);
    assert!(
        unknown.stderr.contains("--kind secoda or --kind zendesk"),
        "{}",
        unknown.stderr
    );
    assert!(!home.data().exists());
    home.ok(&["import", STREAM, "all.json", "--kind", "secoda"]);
    home.ok(&["import", STREAM, "all.json"]);
    let status = home.ok(&["status", "--format", "csv"]).stdout;
    assert!(
        !status.contains("sync now"),
        "nobody knows what that account still has: {status}"
    );
    let other = home.run(&["import", STREAM, "all.json", "--kind", "zendesk"]);
    assert_eq!(other.code, Some(2), "{}", other.stderr);
    home.configure(&service.running.base_url(), "");
    home.ok(&["sync", STREAM]);
    let accounts = home.ok(&["status", "--format", "csv"]).stdout;
    assert!(accounts.contains("127.0.0.1"), "{accounts}");
    home.configure("https://other.example", "");
    for arguments in [&["import", STREAM, "all.json"][..], &["sync", STREAM]] {
        let refused = home.run(arguments);
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(refused.stderr.contains("belongs to the account"), "{}", refused.stderr);
    }
}

#[test]
fn only_the_time_stated_is_asserted_and_the_gap_shrinks() {
    let service = Service::start(simulator(11, 300));
    let home = Home::of(&service);
    assert_eq!(home.run(&["sync", STREAM, "--from", "2024-06-20"]).code, Some(3));
    let gap = || home.query("select gap_from, gap_to from coverage_gaps order by gap_from");
    assert_eq!(gap().len(), 1);
    home.write("all.json", &lines(&service));
    let covers = ["--covers", "2024-06-10", "2024-06-22T00:00:00Z"];
    let import = home.ok(&[&["import", STREAM, "all.json"][..], &covers].concat());
    assert!(
        import.stderr.contains("outside the time of --covers"),
        "{}",
        import.stderr
    );
    // Dates are of the configured zone, four hours behind UTC.
    let from = "2024-06-10T04:00:00Z";
    assert!(
        import
            .stderr
            .contains(&format!("{from} to 2024-06-22T00:00:00Z is asserted")),
        "{}",
        import.stderr
    );
    assert_eq!(gap().len(), 1);
    assert_eq!(gap()[0]["gap_to"], from);
    let asserted = home.query("select from_at from coverage where state = 'asserted'");
    assert_eq!(asserted.len(), 1);
    assert_eq!(asserted[0]["from_at"], from);
    let report = home.run(&[
        "report",
        "run",
        "coverage",
        "--from",
        "2024-06-12",
        "--to",
        "2024-06-14",
        "--format",
        "json",
    ]);
    assert!(
        report.stdout.contains("\"gaps\":[]") || report.stdout.contains("\"gaps\": []"),
        "{}",
        report.stdout
    );
    // A sync reads the gap itself, and believes its own eyes more.
    home.ok(&["sync", STREAM]);
    assert!(gap().is_empty());
    home.ok(&["verify"]);
}

#[test]
fn a_time_that_cannot_be_is_not_asserted() {
    let home = Home::new();
    home.configure("https://acme.example", "");
    home.write("none.json", "\n");
    let cases = [
        (["2024-02-01", "2024-01-01"], "FROM is not before TO"),
        (["2024-02-01", "2024-02-01"], "FROM is not before TO"),
        (["2024-02-01", "2190-01-01"], "is in the future"),
        (["yesterday", "2024-01-01"], "--covers: "),
    ];
    for (covers, what) in cases {
        let ended = home.run(&[&["import", STREAM, "none.json", "--covers"][..], &covers].concat());
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains(what), "{}", ended.stderr);
    }
    assert!(!home.data().exists());
    // That there was nothing can be stated too, but not by a file that may be what a failed download left.
    home.write("empty_page.json", r#"{"results":[],"meta":{"page":1}}"#);
    for (file, asserted) in [("none.json", 0), ("empty_page.json", 1)] {
        let ended = home.ok(&["import", STREAM, file, "--covers", "-90d", "-89d"]);
        assert!(ended.stderr.contains("hold no record"), "{}", ended.stderr);
        assert_eq!(
            ended.stderr.contains("is not asserted"),
            asserted == 0,
            "{}",
            ended.stderr
        );
        let covered = "select count(*) from coverage where state = 'asserted'";
        assert!(asserted == 0 || home.number(covered) == asserted, "{file}");
    }
}

#[test]
fn an_older_export_imported_after_a_revision_leaves_the_newest_form_on_top() {
    let service = Service::start(simulator(12, 100));
    let home = Home::of(&service);
    home.write("old.json", &lines(&service));
    let id = service.running.revise(&Pick::Rank(20)).expect("a row");
    home.ok(&["sync", STREAM]);
    let newest = format!("select updated_at from activity_logs where id = '{id}'");
    let before = home.query(&newest);
    let import = home.ok(&["import", STREAM, "old.json"]);
    assert!(import.stderr.contains("0 stored, 1 revised"), "{}", import.stderr);
    assert_eq!(home.query(&newest), before);
    let sql = format!("select revision, is_latest from activity_logs_revisions where id = '{id}' order by revision");
    let revisions = home.query(&sql);
    assert_eq!(revisions.len(), 2);
    assert_eq!(revisions[1]["is_latest"], Value::Bool(true));
    home.ok(&["import", STREAM, "old.json"]);
    assert_eq!(home.query(&sql), revisions);
}

#[test]
fn one_run_of_several_loads_has_one_id_and_its_lines_are_counted_from_one() {
    let home = Home::new();
    let at = "2024-06-01T00:00:00Z";
    let mut text: String = (0..6_500)
        .map(|number| format!("{{\"id\":\"{number}\",\"logged_at\":\"{at}\",\"updated_at\":\"{at}\"}}\n"))
        .collect();
    text.push_str("{\"id\":7}\n");
    let import = import_from(&home, &["import", STREAM, "-", "--kind", "secoda"], text.as_bytes());
    assert_eq!(import.code, Some(3), "{}", import.stderr);
    assert_eq!(home.number("select count(*) from loads where kind = 'import'"), 2);
    assert_eq!(home.number("select count(distinct run_id) from loads"), 1);
    assert_eq!(home.number("select page from rejects"), 6_501);
    assert_eq!(home.query("select distinct source from loads")[0]["source"], SOURCE);
}
