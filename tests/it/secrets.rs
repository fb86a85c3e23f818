//! A secret appears in no output, log, error or file: not even where the service sends it back in an error.

use std::path::Path;

use tokio::runtime::Runtime;
use trailhouse::simulator::Simulator;
use trailhouse::simulator::faults::{Fault, FaultPlan, Rule, When};

use crate::environment::{Ended, Home, simulator};

/// Signs whose forms in base64, in an address and in JSON differ from it.
const KEY: &str = "k3y+9/zz=with&odd?marks%5e~\"q\\-7f21";

/// Standard base64 without its padding.
fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.as_bytes().chunks(3).flat_map(|bytes| {
        let byte = |place: usize| u32::from(bytes.get(place).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        let digit = move |place: usize| DIGITS[usize::try_from(group >> (18 - 6 * place) & 63).expect("six bits")];
        (0..=bytes.len()).map(digit)
    });
    digits.map(char::from).collect()
}

fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// What a service may write in place of the key.
fn forms() -> Vec<String> {
    let encoded = percent_encoded(KEY);
    vec![
        KEY.to_owned(),
        base64(KEY),
        base64(KEY).replace('+', "-").replace('/', "_"),
        encoded.to_lowercase(),
        encoded,
    ]
}

/// Neither half of any form, so that a key cut in two is found as well.
fn assert_hidden(bytes: &[u8], what: &str) {
    let in_json = serde_json::to_string(KEY).expect("JSON");
    for form in forms().into_iter().chain([in_json.trim_matches('"').to_owned()]) {
        for half in form.as_bytes().chunks(form.len().div_ceil(2)) {
            let is_there = bytes.windows(half.len()).any(|window| window == half);
            assert!(
                !is_there,
                "{what} holds a part of {form}:\n{}",
                String::from_utf8_lossy(bytes)
            );
        }
    }
}

fn assert_hidden_below(folder: &Path) {
    for item in std::fs::read_dir(folder).expect("a folder") {
        let path = item.expect("an item of a folder").path();
        if path.is_dir() {
            assert_hidden_below(&path);
        } else {
            assert_hidden(&std::fs::read(&path).expect("a file"), &path.display().to_string());
        }
    }
}

/// A service whose key is `KEY`, and whose errors repeat it in every form.
fn faulty() -> Simulator {
    let mut drawn = simulator(3, 600);
    drawn.switches.token = KEY.to_owned();
    drawn.switches.page_size = 20;
    let echo = |code| Fault::Status {
        code,
        retry_after: None,
        body: serde_json::json!({ "detail": forms() }).to_string(),
    };
    let rule = |when, code, times| Rule {
        when,
        fault: echo(code),
        times,
    };
    drawn.faults = FaultPlan::transient(3, 200)
        .with(rule(When::Request(3), 500, 1))
        .with(rule(When::Page(9), 502, u32::MAX))
        .with(rule(When::Page(10), 502, u32::MAX))
        .with(rule(When::Page(11), 502, u32::MAX));
    drawn
}

fn run(home: &Home, arguments: &[&str]) -> Ended {
    let loud = ["-vv", "--log", "json"];
    let mut command = home.command(&[arguments, &loud].concat());
    let output = command.env("ACME_TOKEN", KEY).output().expect("the binary runs");
    let ended = crate::environment::ended(&output);
    for text in [&ended.stdout, &ended.stderr] {
        assert_hidden(text.as_bytes(), &format!("{arguments:?}"));
    }
    ended
}

#[test]
fn the_forms_differ_and_are_right() {
    assert_eq!(base64("any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw");
    assert_eq!(percent_encoded("a b+~"), "a%20b%2B~");
    let mut forms = forms();
    forms.sort();
    forms.dedup();
    assert_eq!(forms.len(), 5);
}

#[test]
fn the_key_is_in_no_file_and_no_output() {
    let runtime = Runtime::new().expect("threads");
    let running = runtime.block_on(faulty().start(0)).expect("the simulator listens");
    let home = Home::new();
    home.configure(&running.base_url(), "attempts = 3");
    let sync = run(&home, &["sync"]);
    assert_eq!(sync.code, Some(1), "three pages are never answered: {}", sync.stderr);
    assert!(
        sync.stderr.contains("[redacted]"),
        "the answer is not shown: {}",
        sync.stderr
    );
    for arguments in [
        &["sync"][..],
        &["status"],
        &["verify"],
        &["query", "select * from coverage_gaps"],
        &["query", "select * from loads"],
        &["report", "run", "coverage"],
        &["rebuild"],
    ] {
        run(&home, arguments);
    }
    running.revoke_key(true);
    assert_eq!(run(&home, &["sync"]).code, Some(2));
    assert!(home.data().join("warehouse.duckdb").exists());
    assert_hidden_below(home.path());
}
