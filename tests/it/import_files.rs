//! Files that `import` is given by mistake, by bad luck or by malice: what can be read is kept, the rest is named, and nothing
//! is claimed of it.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::process::Stdio;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use rustix::process::{Pid, Signal, kill_process};

use crate::environment::{Ended, Home};
use crate::import::import_from;

const AUDIT_LOGS: &str = "acme.audit_logs";

fn log(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","activity_type":"x","logged_at":"2024-06-01T00:00:00Z","updated_at":"2024-06-01T00:00:00Z"}}"#
    )
}

fn logs(count: usize) -> String {
    (0..count).map(|number| log(&number.to_string()) + "\n").collect()
}

fn zendesk(id: usize) -> String {
    format!(r#"{{"id":{id},"action":"login","actor_id":5,"ip_address":"1.2.3.4","created_at":"2024-06-01T00:00:00Z"}}"#)
}

fn notification(id: usize) -> String {
    format!(r#"{{"id":"n{id}","created_at":"2024-06-01T00:00:00Z","event":"x","content":"y","sender":{{"id":"s"}}}}"#)
}

fn version(id: usize, log: &str) -> String {
    format!(
        r#"{{"id":"v{id}","created_at":"2024-06-01T00:00:00Z","resource_id":"r","metadata":{{"prev":{{}},"current":{{}}}},"activity_logs":[{log}]}}"#
    )
}

fn gzip(bytes: impl Read) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let mut bytes = bytes;
    std::io::copy(&mut bytes, &mut encoder).expect("memory");
    encoder.finish().expect("memory")
}

fn import(home: &Home, stream: &str, bytes: &[u8]) -> Ended {
    let (source, _) = stream.split_once('.').expect("a stream");
    let kind = if source == "support" { "zendesk" } else { "secoda" };
    let covers = ["--kind", kind, "--covers", "2024-06-01", "2024-07-01"];
    import_from(home, &[&["import", stream, "-"][..], &covers].concat(), bytes)
}

fn count(home: &Home, table: &str) -> i64 {
    if home.data().join("lake/_ledger/00000000000000000001.json").exists() {
        home.number(&format!("select count(*) from {table}"))
    } else {
        0
    }
}

struct Case {
    what: &'static str,
    bytes: Vec<u8>,
    code: i32,
    stored: i64,
    rejects: i64,
    says: &'static str,
}

fn case(what: &'static str, bytes: &[u8], (code, stored, rejects): (i32, i64, i64), says: &'static str) -> Case {
    Case {
        what,
        bytes: bytes.to_vec(),
        code,
        stored,
        rejects,
        says,
    }
}

fn empty_or_cut_off() -> Vec<Case> {
    let two = logs(2);
    let (good, packed) = (two.as_bytes(), gzip(logs(3_000).as_bytes()));
    let half = packed.split_at(packed.len() / 2).0;
    let page = format!("{{\"results\":[{},{}", log("0"), log("1"));
    vec![
        case("nothing", b"", (0, 0, 0), "hold no record"),
        case("blank lines", b"\r\n\n  \r\n", (0, 0, 0), "hold no record"),
        case(
            "a line cut off",
            &[good, b"{\"id\":\"c"].concat(),
            (1, 2, 0),
            "line 3, byte 212: ends in the middle",
        ),
        case(
            "a page cut off",
            page.as_bytes(),
            (1, 2, 0),
            "ends in the middle of a value",
        ),
        case("gzip cut off", half, (1, -1, 0), "ends in the middle of a value"),
        case("an empty file of gzip", &gzip(&b""[..]), (0, 0, 0), "hold no record"),
    ]
}

fn broken() -> Vec<Case> {
    let two = logs(2);
    let good = two.as_bytes();
    let nested = format!(
        "{{\"id\":\"deep\",\"x\":{}1{}}}\n",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let long = log("long").replace("\"x\"", &format!("\"{}\"", "y".repeat(5 << 20)));
    let utf16: Vec<u8> = "\u{feff}[{}]".encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        case(
            "not UTF-8",
            &[good, b"{\"id\":\"\xff\"}\n", log("c").as_bytes()].concat(),
            (3, 3, 1),
            "1 rejected",
        ),
        case(
            "NUL bytes",
            &[good, b"\0\0\0\0\n", log("c").as_bytes()].concat(),
            (3, 3, 1),
            "1 rejected",
        ),
        case(
            "a torn line",
            &[good, b"{\"id\":\"\n", log("c").as_bytes()].concat(),
            (3, 3, 1),
            "1 rejected",
        ),
        case(
            "deep nesting",
            &[good, nested.as_bytes()].concat(),
            (3, 2, 1),
            "1 rejected",
        ),
        case("a long line", &[good, long.as_bytes()].concat(), (0, 3, 0), "3 stored"),
        case("UTF-16", &utf16, (1, 0, 0), "is UTF-16"),
        case("a zip archive", b"PK\x03\x04rest", (1, 0, 0), "is a zip archive"),
        case(
            "packed twice",
            &gzip(gzip(good).as_slice()),
            (1, 0, 0),
            "is packed twice",
        ),
        case(
            "a table",
            "id,action\n1,2\n".repeat(60).as_bytes(),
            (1, 0, 0),
            "none of its first 120 records",
        ),
        case(
            "an answer that is no page",
            br#"{"detail":"Invalid token."}"#,
            (3, 0, 1),
            "1 rejected",
        ),
    ]
}

#[test]
fn what_can_be_read_is_kept_and_the_rest_is_named() {
    for case in empty_or_cut_off().into_iter().chain(broken()) {
        let home = Home::new();
        let what = case.what;
        let ended = import(&home, AUDIT_LOGS, &case.bytes);
        assert_eq!(ended.code, Some(case.code), "{what}: {}", ended.stderr);
        assert!(ended.stderr.contains(case.says), "{what}: {}", ended.stderr);
        assert_eq!(
            ended.stderr.contains("standard input: "),
            case.code == 1,
            "{what}: {}",
            ended.stderr
        );
        assert_eq!(
            ended.stderr.contains("hint: "),
            case.code == 1,
            "{what}: {}",
            ended.stderr
        );
        let stored = count(&home, "activity_logs");
        assert!(
            stored == case.stored || (case.stored < 0 && stored > 0 && stored < 3_000),
            "{what}: {stored}"
        );
        assert_eq!(count(&home, "rejects"), case.rejects, "{what}");
        assert_eq!(
            count(&home, "coverage"),
            i64::from(case.code != 1 && stored > 0),
            "{what}: {}",
            ended.stderr
        );
        if stored > 0 {
            home.ok(&["verify"]);
        }
    }
}

#[test]
fn what_is_of_another_stream_is_named_and_not_stored() {
    let many = |record: &dyn Fn(usize) -> String| (0..150).map(|id| record(id) + "\n").collect::<String>();
    let page = |member: &str, record: String| format!("{{\"meta\":{{}},\"{member}\":[{record}]}}");
    let text_log = |id: usize| log(&id.to_string());
    let cases = [
        ("acme.audit_logs", many(&zendesk), "looks like zendesk audit_logs"),
        ("acme.audit_logs", zendesk(1), "looks like zendesk audit_logs"),
        (
            "acme.audit_logs",
            page("audit_logs", zendesk(1)),
            "`audit_logs`, which is zendesk audit_logs's",
        ),
        (
            "acme.audit_logs",
            many(&notification),
            "looks like secoda notifications",
        ),
        (
            "acme.audit_logs",
            page("results", notification(1)),
            "looks like secoda notifications",
        ),
        ("acme.notifications", many(&text_log), "looks like secoda audit_logs"),
        (
            "acme.notifications",
            page("version_histories", version(1, "")),
            "which is secoda resource_logs's",
        ),
        ("support.audit_logs", many(&text_log), "looks like secoda"),
        (
            "support.audit_logs",
            page("results", log("a")),
            "which is secoda audit_logs or secoda notifications's",
        ),
    ];
    for (stream, text, says) in cases {
        let home = Home::new();
        let ended = import(&home, stream, text.as_bytes());
        assert_eq!(ended.code, Some(1), "{stream}: {says}: {}", ended.stderr);
        assert!(ended.stderr.contains(says), "{stream}: {says}: {}", ended.stderr);
        assert_eq!(count(&home, "loads"), 0, "{stream}: {says}");
    }
}

#[test]
fn every_stream_takes_its_own_records_with_or_without_their_page() {
    let logs = format!("{}\n{}\n", log("a"), version(1, &log("b")));
    let page = format!(
        "{{\"version_histories\":[{}],\"non_versioned_logs\":[{}]}}",
        version(1, &log("b")),
        log("a")
    );
    let zendesk_page = format!("{{\"audit_logs\":[{}],\"links\":{{}}}}", zendesk(1));
    let cases = [
        ("acme.resource_logs", logs, [2, 1, 0, 0]),
        ("acme.resource_logs", page, [2, 1, 0, 0]),
        ("acme.notifications", notification(1), [0, 0, 1, 0]),
        (
            "acme.notifications",
            format!("{{\"count\":1,\"results\":[{}]}}", notification(1)),
            [0, 0, 1, 0],
        ),
        ("support.audit_logs", zendesk(1), [0, 0, 0, 1]),
        ("support.audit_logs", zendesk_page, [0, 0, 0, 1]),
    ];
    for (stream, text, expected) in cases {
        let home = Home::new();
        let ended = import(&home, stream, text.as_bytes());
        assert_eq!(ended.code, Some(0), "{text}: {}", ended.stderr);
        let tables = [
            "activity_logs",
            "version_histories",
            "notifications",
            "zendesk_audit_logs",
        ];
        assert_eq!(
            tables.map(|table| count(&home, table)),
            expected,
            "{text}: {}",
            ended.stderr
        );
    }
    // What both kinds of record could be is neither.
    let home = Home::new();
    let text = format!(
        "{}\n{{\"id\":\"a\",\"created_at\":\"2024-06-01T00:00:00Z\",\"logged_at\":null}}\n",
        log("a")
    );
    let unknown = text.replace("\"logged_at\":null", "\"metadata\":{}");
    let ended = import(&home, "acme.resource_logs", unknown.as_bytes());
    assert_eq!((ended.code, count(&home, "rejects")), (Some(3), 1), "{}", ended.stderr);
}

#[test]
fn a_small_file_of_endless_zeros_is_given_up_and_what_came_before_is_kept() {
    let zeros = |first: &str| gzip(first.as_bytes().chain(std::io::repeat(0).take(1 << 28)));
    for first in [logs(3), logs(3) + "{\"id\":\"", logs(3) + "{\"results\":[\""] {
        let home = Home::new();
        let bomb = zeros(&first);
        assert!(bomb.len() < 2 << 20);
        let ended = import(&home, AUDIT_LOGS, &bomb);
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        assert!(ended.stderr.contains("line 4, byte "), "{}", ended.stderr);
        assert!(
            ended.stderr.contains("a single value of more than 64 MiB"),
            "{}",
            ended.stderr
        );
        assert_eq!(count(&home, "activity_logs"), 3);
        assert_eq!(count(&home, "coverage"), 0);
    }
}

#[test]
fn all_files_are_found_before_anything_is_written_and_one_bad_one_does_not_stop_the_others() {
    let home = Home::new();
    home.configure("https://acme.example", "");
    home.write("first.json", &log("a"));
    home.write("cut.json", &(log("b") + "{"));
    home.write("last.json", &log("c"));
    for missing in ["none.json", "data.json/none.json", "."] {
        let ended = home.run(&["import", AUDIT_LOGS, "first.json", missing]);
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(
            ended.stderr.contains(&format!("{missing}: cannot be read")),
            "{}",
            ended.stderr
        );
        assert!(!home.data().exists());
    }
    for arguments in [&["-", "-"][..], &["--covers", "2024-01-01"], &[]] {
        let ended = home.run(&[&["import", AUDIT_LOGS][..], arguments].concat());
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    }
    for name in ["acme", "acme.none", "none.audit_logs", "demo_secoda.audit_logs"] {
        let ended = home.run(&["import", name, "first.json"]);
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    }
    let reserved = home.run(&["import", "demo_secoda.audit_logs", "first.json", "--kind", "secoda"]);
    assert_eq!(reserved.code, Some(2), "{}", reserved.stderr);
    let files = [
        "first.json",
        "cut.json",
        "last.json",
        "--covers",
        "2024-06-01",
        "2024-07-01",
    ];
    let ended = home.run(&[&["import", AUDIT_LOGS][..], &files].concat());
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("cut.json: line 1, byte "), "{}", ended.stderr);
    assert!(ended.stderr.contains("is not asserted"), "{}", ended.stderr);
    assert_eq!(count(&home, "activity_logs"), 3);
    assert_eq!(count(&home, "coverage"), 0);
}

#[test]
fn a_signal_ends_an_import_that_waits_for_its_input() {
    let home = Home::new();
    let mut command = home.command(&["import", AUDIT_LOGS, "-", "--kind", "secoda"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    let mut input = child.stdin.take().expect("a pipe");
    let mut text = String::new();
    // More than a pipe holds, so that it has been read in part when it is written.
    (0..2_300).for_each(|number| writeln!(text, "{}", log(&number.to_string())).expect("memory"));
    input.write_all(text.as_bytes()).expect("a pipe");
    std::thread::sleep(Duration::from_secs(2));
    let process = Pid::from_raw(i32::try_from(child.id()).expect("a number")).expect("a process");
    kill_process(process, Signal::INT).expect("a signal");
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(130));
    drop(input);
    // What had been handed over is kept; of the rest nobody was told that it was read.
    let kept = count(&home, "activity_logs");
    assert!((500..2_300).contains(&kept), "{kept}");
}
