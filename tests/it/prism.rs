//! `sync` against Prism, a mock server that nobody here wrote, serving the vendor's contract in `tests/contract/`.
//!
//! Its static answer is one row with 0 for every count; its dynamic answers are random values that fit the schema and mean
//! nothing: negative pages, times before 1970, unknown members. The first must load, the second must end and harm nothing.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::{NamedTempFile, TempDir};

use crate::tools;

const CONTRACT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contract/secoda.openapi.json");
const READY: &str = "Prism is listening on http://127.0.0.1:";
const START_WITHIN: Duration = Duration::from_secs(60);
const SYNC_WITHIN: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);
const TOKEN: &str = "prism-takes-any-bearer-token";

/// A running Prism on a port of its own choice; ends with the value.
struct Prism {
    child: Child,
    port: u16,
}

impl Prism {
    fn start(arguments: &[&str]) -> Option<Self> {
        let log = NamedTempFile::new().expect("a temporary file");
        let child = Command::new(tools::find("prism")?)
            .args(["mock", CONTRACT, "--host", "127.0.0.1", "--port", "0"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.reopen().expect("the log"))
            .stderr(log.reopen().expect("the log"))
            .spawn()
            .expect("prism starts");
        let mut prism = Self { child, port: 0 };
        let deadline = Instant::now() + START_WITHIN;
        while prism.port == 0 {
            let said = std::fs::read_to_string(log.path()).expect("the log");
            prism.port = announced_port(&said).unwrap_or(0);
            let ended = prism.child.try_wait().expect("the state of prism");
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "prism is not ready: {ended:?}\n{said}"
            );
            std::thread::sleep(POLL);
        }
        Some(prism)
    }
}

impl Drop for Prism {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        if self.child.kill().is_ok() {
            self.child.wait().expect("the killed prism is gone");
        }
    }
}

/// The port in the line that says so; nothing until the line is complete.
fn announced_port(log: &str) -> Option<u16> {
    let (port, _) = log.split_once(READY)?.1.split_once('\n')?;
    port.trim().parse().ok()
}

/// A home whose one source is the Prism, with the streams given.
fn home_for(prism: &Prism, streams: &str) -> TempDir {
    let home = TempDir::new().expect("a temporary folder");
    let configuration = format!(
        r#"dir = "{}"

[sources.prism]
kind = "secoda"
base_url = "http://127.0.0.1:{}"
token = {{ env = "PRISM_TOKEN" }}
streams = [{streams}]
"#,
        home.path().join("data").display(),
        prism.port
    );
    #[expect(clippy::disallowed_methods, reason = "a file of the test")]
    std::fs::write(home.path().join("trailhouse.toml"), configuration).expect("the configuration is written");
    home
}

struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs the binary in the home with nothing of this environment, and fails when it does not end in time.
fn trailhouse(home: &Path, arguments: &[&str]) -> Ended {
    let output = |name: &str| {
        let path = home.join(name);
        #[expect(clippy::disallowed_methods, reason = "a file of the test")]
        let file = File::create(&path).expect("a file for output");
        (path, file)
    };
    let ((stdout, stdout_file), (stderr, stderr_file)) = (output("stdout"), output("stderr"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_trailhouse"))
        .env_clear()
        .envs([("HOME", home.to_str().expect("a UTF-8 path")), ("PRISM_TOKEN", TOKEN)])
        .current_dir(home)
        .args(["--config", "trailhouse.toml"])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(stdout_file)
        .stderr(stderr_file)
        .spawn()
        .expect("trailhouse starts");
    let deadline = Instant::now() + SYNC_WITHIN;
    let status = loop {
        if let Some(status) = child.try_wait().expect("the state of trailhouse") {
            break Some(status);
        }
        if Instant::now() > deadline {
            child.kill().expect("the late process is killed");
            child.wait().expect("the killed process is gone");
            break None;
        }
        std::thread::sleep(POLL);
    };
    let read = |path| std::fs::read_to_string(path).expect("output is UTF-8");
    let ended = Ended {
        code: status.and_then(|status| status.code()),
        stdout: read(stdout),
        stderr: read(stderr),
    };
    assert!(
        status.is_some(),
        "{arguments:?} did not end within {SYNC_WITHIN:?}:\n{}",
        ended.stderr
    );
    assert!(
        !ended.stdout.contains(TOKEN) && !ended.stderr.contains(TOKEN),
        "{arguments:?} shows the token"
    );
    ended
}

#[test]
fn the_static_answer_is_one_row() {
    let Some(prism) = Prism::start(&[]) else {
        return;
    };
    let home = home_for(&prism, "\"audit_logs\"");
    // The second sync finds the same row, and adds nothing.
    for _ in 0..2 {
        let sync = trailhouse(home.path(), &["sync"]);
        assert_eq!(sync.code, Some(0), "{}", sync.stderr);
        let count = "select count(*) as n from activity_logs";
        let query = trailhouse(home.path(), &["query", count, "--format", "json"]);
        assert_eq!(query.code, Some(0), "{}", query.stderr);
        let rows: serde_json::Value = serde_json::from_str(&query.stdout).expect("query writes JSON");
        assert_eq!(rows, serde_json::json!([{ "n": 1 }]));
    }
    let verify = trailhouse(home.path(), &["verify"]);
    assert_eq!(verify.code, Some(0), "{}", verify.stderr);
}

#[test]
fn dynamic_answers_end_the_sync_with_an_error_and_harm_nothing() {
    // With a seed every answer is the same, without one each differs.
    for seed in [&["--seed", "1"][..], &["--seed", "2"], &[]] {
        let Some(prism) = Prism::start(&[&["--dynamic"], seed].concat()) else {
            return;
        };
        let home = home_for(&prism, "\"audit_logs\"");
        for _ in 0..2 {
            let sync = trailhouse(home.path(), &["sync"]);
            assert!(
                matches!(sync.code, Some(1 | 3)),
                "{seed:?}: {:?}\n{}",
                sync.code,
                sync.stderr
            );
            assert!(sync.stderr.contains("prism.audit_logs"), "{seed:?}:\n{}", sync.stderr);
            let hinted = sync.stderr.lines().any(|line| line.trim_start().starts_with("hint: "));
            assert!(hinted, "{seed:?}:\n{}", sync.stderr);
            let verify = trailhouse(home.path(), &["verify"]);
            assert!(
                matches!(verify.code, Some(0 | 3)),
                "{seed:?}: {:?}\n{}",
                verify.code,
                verify.stderr
            );
        }
    }
}

/// The one number a query gives.
fn number(home: &Path, sql: &str) -> i64 {
    let query = trailhouse(home, &["query", sql, "--format", "json"]);
    assert_eq!(query.code, Some(0), "{}", query.stderr);
    let rows: serde_json::Value = serde_json::from_str(&query.stdout).expect("query writes JSON");
    let row = rows[0].as_object().expect("one row");
    row.values()
        .next()
        .and_then(serde_json::Value::as_i64)
        .expect("a number")
}

#[test]
fn the_resource_logs_of_the_contract_are_read_whatever_is_in_them() {
    for arguments in [
        &[][..],
        &["--dynamic", "--seed", "1"],
        &["--dynamic", "--seed", "2"],
        &["--dynamic"],
    ] {
        let Some(prism) = Prism::start(arguments) else {
            return;
        };
        let home = home_for(&prism, "\"audit_logs\", \"resource_logs\"");
        let log = |number: u32| {
            let at = "2026-06-29T12:00:00Z";
            format!(r#"{{"id":"l{number}","resource_id":"r{number}","logged_at":"{at}","updated_at":"{at}"}}"#)
        };
        #[expect(clippy::disallowed_methods, reason = "a file of the test")]
        std::fs::write(
            home.path().join("logs.jsonl"),
            (0..8).map(log).collect::<Vec<_>>().join("\n"),
        )
        .expect("a file");
        let import = trailhouse(home.path(), &["import", "prism.audit_logs", "logs.jsonl"]);
        assert_eq!(import.code, Some(0), "{}", import.stderr);
        for _ in 0..2 {
            let sync = trailhouse(home.path(), &["sync", "prism.resource_logs"]);
            assert!(
                matches!(sync.code, Some(0 | 1 | 3)),
                "{arguments:?}: {:?}\n{}",
                sync.code,
                sync.stderr
            );
            assert!(
                sync.stderr.contains("prism.resource_logs: "),
                "{arguments:?}:\n{}",
                sync.stderr
            );
            let verify = trailhouse(home.path(), &["verify"]);
            assert!(matches!(verify.code, Some(0 | 3)), "{arguments:?}: {}", verify.stderr);
        }
        let sums = "select count(*) from loads where received <> stored + duplicates + rejects + withheld";
        assert_eq!(number(home.path(), sums), 0, "{arguments:?}");
        let of_list = "select count(*) from activity_logs_revisions where stream = 'resource_logs'";
        if arguments.is_empty() {
            assert!(
                number(home.path(), of_list) > 0 && number(home.path(), "select count(*) from version_histories") > 0
            );
        }
    }
}
