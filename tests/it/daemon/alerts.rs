//! Who is told, of what, and what becomes of a message nobody takes.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{ONCE, entry, home_of, jobs, text_of};
use crate::environment::{Ended, Home, Service, ended, simulator};

/// A webhook on this machine that answers with these states, one after the other; without one it keeps silent.
pub(crate) struct Hook {
    port: u16,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Hook {
    pub(crate) fn start(states: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let (kept, mut states) = (bodies.clone(), VecDeque::from(states.to_vec()));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, states.pop_front(), &kept);
            }
        });
        Self { port, bodies }
    }

    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}/services/T0/B0/{SECRET}", self.port)
    }

    pub(crate) fn bodies(&self) -> Vec<String> {
        self.bodies.lock().expect("bodies").clone()
    }
}

pub(crate) const SECRET: &str = "a-path-that-must-appear-nowhere-77cd";

fn serve(mut stream: TcpStream, state: Option<u16>, kept: &Mutex<Vec<String>>) {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    let body = loop {
        let read = stream.read(&mut part).expect("a request");
        bytes.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .to_lowercase()
            .split_once("content-length: ")
            .map_or(0, |(_, rest)| {
                rest.lines().next().expect("a line").trim().parse().expect("a number")
            });
        if body.len() >= length {
            break body.to_owned();
        }
    };
    kept.lock().expect("bodies").push(body);
    match state {
        Some(state) => stream
            .write_all(format!("HTTP/1.1 {state} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").as_bytes())
            .expect("an answer"),
        None => std::thread::sleep(Duration::from_secs(5)),
    }
}

fn run(home: &Home, hook: &Hook, arguments: &[&str]) -> Ended {
    let mut command = home.command(arguments);
    let ended = ended(&command.env("HOOK", hook.address()).output().expect("the binary runs"));
    assert!(
        !ended.stderr.contains(SECRET) && !ended.stdout.contains(SECRET),
        "the address is shown: {ended:?}"
    );
    ended
}

pub(super) const FAILING: &str = "run = \"verify\"\npublic_key = \"<!channel>_@channel_&\"";

#[test]
fn a_failure_is_told_until_it_is_taken_and_calls_nobody() {
    let service = Service::of(5, 60);
    let alert = "[[alert]]\nwebhook = { env = \"HOOK\" }\non = [\"failure\"]\n";
    let home = home_of(
        &service,
        &[entry("wrong", "* * * * *", FAILING), alert.to_owned()].concat(),
    );
    let hook = Hook::start(&[500, 200]);
    let ended = run(&home, &hook, &ONCE);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    let bodies = hook.bodies();
    assert_eq!(bodies.len(), 2, "{bodies:?}");
    assert_eq!(bodies[0], bodies[1]);
    let body: Value = serde_json::from_str(&bodies[0]).expect("JSON");
    let text = body["text"].as_str().expect("a text");
    assert!(
        text.starts_with("trailhouse: wrong failed with exit code 2: "),
        "{text}"
    );
    assert!(
        text.contains("&lt;!channel&gt;") && !text.contains("<!channel>") && !text.contains("@channel"),
        "{text}"
    );
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(1));
    assert!(ended.stderr.contains("alert alert_1: sent"), "{}", ended.stderr);
}

#[test]
fn who_hangs_delays_nobody_and_ends_nothing() {
    let service = Service::of(5, 60);
    let schedule = [
        entry("wrong", "* * * * *", FAILING),
        entry("load", "* * * * *", "run = \"sync\""),
        "[[alert]]\nname = \"deaf\"\nwebhook = { env = \"HOOK\" }\ntimeout = \"1s\"\non = \"failure\"\n".to_owned(),
        "[[alert]]\nname = \"slow\"\ncommand = [\"sleep\", \"9\"]\ntimeout = \"500ms\"\non = [\"look\", \"failure\"]\n".to_owned(),
        "[[alert]]\nname = \"written\"\ncommand = [\"/bin/sh\", \"-c\", \"cat >> told\"]\non = \"failure\"\n".to_owned(),
        "[[alert]]\nname = \"absent\"\ncommand = [\"./no-such-program\"]\non = \"failure\"\n".to_owned(),
        "[[alert]]\nname = \"other\"\ncommand = [\"/bin/sh\", \"-c\", \"cat >> other\"]\non = [\"findings:high\", \"gap\"]\n".to_owned(),
    ];
    let home = home_of(&service, &schedule.concat());
    let hook = Hook::start(&[]);
    let begun = Instant::now();
    let ended = run(&home, &hook, &[&ONCE[..], &["--metrics-file", "m.prom"]].concat());
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    assert_eq!((ended.code, jobs(&ended).len()), (Some(2), 2), "{}", ended.stderr);
    for text in [
        "alert deaf: not sent: ",
        "alert slow: not sent: sleep: did not end",
        "alert written: sent",
        "alert absent: not sent: ",
    ] {
        assert!(ended.stderr.contains(text), "{text}\n{}", ended.stderr);
    }
    let told: Value = serde_json::from_str(text_of(&home, "told").lines().next().expect("a line")).expect("JSON");
    assert_eq!(
        (&told["events"][0]["kind"], &told["events"][0]["job"]),
        (&"failure".into(), &"wrong".into()),
        "{told}"
    );
    assert_eq!(text_of(&home, "other"), "", "it asks for other things");
    assert!(text_of(&home, "m.prom").contains("\ntrailhouse_alerts_failed_total 3\n"));
}

#[test]
fn a_clock_that_runs_down_is_told_once_a_day() {
    let service = Service::of(5, 60);
    let alert = "[[alert]]\nname = \"clock\"\ncommand = [\"/bin/sh\", \"-c\", \"cat >> told\"]\non = \"retention\"\nretention_days = 3650\n";
    let home = home_of(
        &service,
        &[entry("load", "* * * * *", "run = \"sync\""), alert.to_owned()].concat(),
    );
    for _ in 0..2 {
        assert_eq!(home.run(&ONCE).code, Some(0));
    }
    let told = text_of(&home, "told");
    let lines: Vec<Value> = told
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 1, "{told}");
    assert_eq!(lines[0]["events"][0]["stream"], "acme.audit_logs");
    let text = lines[0]["text"].as_str().expect("a text");
    assert!(
        text.contains("the vendor") && text.contains("events that are not collected"),
        "{text}"
    );
}

#[test]
fn a_new_gap_is_told_once() {
    let mut pages = simulator(5, 200);
    pages.switches.page_size = 10;
    let service = Service::start(pages);
    let alert = "[[alert]]\nname = \"gaps\"\ncommand = [\"/bin/sh\", \"-c\", \"cat >> told\"]\non = \"gap\"\n";
    let home = home_of(
        &service,
        &[
            entry("load", "* * * * *", "run = \"sync\"\nfrom = \"-1h\""),
            alert.to_owned(),
        ]
        .concat(),
    );
    // Only the last hour is read: what is before it is missing.
    for _ in 0..2 {
        let ended = home.run(&ONCE);
        assert!(matches!(ended.code, Some(0 | 3)), "{}", ended.stderr);
    }
    let told = text_of(&home, "told");
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(
        told.contains("acme.audit_logs: a gap from 2000-01-01T00:00:00Z to "),
        "{told}"
    );
}

const LOST: &str = "-- title: Lost\n-- question: What was lost?\n-- grain: one row per thing\n\
    -- params: since timestamp = null, until timestamp = null, source text = null\n-- reads: events\n-- severity: SEVERITY\n\n\
    select v.thing_id, 'word' as note\nfrom range(1, 4) as v (thing_id)\norder by v.thing_id\n";

#[test]
fn findings_are_told_by_their_severity() {
    let service = Service::of(5, 60);
    let report = "run = \"report\"\nreports = [\"grave\", \"small\", \"coverage\"]\noutput = \"{report}.csv\"";
    let schedule = [
        entry("load", "* * * * *", "run = \"sync\""),
        entry("weekly", "* * * * *", report),
        "[reports]\ndirectories = [\"mine\"]\n".to_owned(),
        "[[alert]]\ncommand = [\"/bin/sh\", \"-c\", \"cat >> grave\"]\non = [\"findings:high\", \"look\"]\n".to_owned(),
        "[[alert]]\ncommand = [\"/bin/sh\", \"-c\", \"cat >> any\"]\non = \"findings\"\n".to_owned(),
    ];
    let home = home_of(&service, &schedule.concat());
    std::fs::create_dir(home.path().join("mine")).expect("a folder");
    home.write("mine/grave.sql", &LOST.replace("SEVERITY", "high"));
    home.write("mine/small.sql", &LOST.replace("SEVERITY", "low"));
    let ended = home.run(&ONCE);
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert_eq!(jobs(&ended)[1]["message"], "findings in grave, small");
    let text = |name: &str| -> Vec<String> {
        let told = text_of(&home, name);
        let lines = told
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        lines
            .map(|line| line["text"].as_str().expect("a text").to_owned())
            .collect()
    };
    let (grave, small) = (
        "trailhouse: weekly: the report grave has findings of severity high",
        "trailhouse: weekly: the report small has findings of severity low",
    );
    assert_eq!(text("grave"), [grave]);
    assert_eq!(text("any"), [format!("{grave}\n{small}")]);
}

#[test]
fn everybody_can_be_tried() {
    let home = Home::new();
    let alerts = "[[alert]]\nname = \"a\"\nwebhook = { env = \"HOOK\" }\non = \"gap\"\ntimeout = \"1s\"\n\
                  [[alert]]\nname = \"b\"\ncommand = [\"/bin/sh\", \"-c\", \"cat > told\"]\n";
    home.write("trailhouse.toml", alerts);
    let hook = Hook::start(&[200, 404]);
    assert_eq!(run(&home, &hook, &["alert", "test"]).code, Some(0));
    assert!(text_of(&home, "told").contains("\"kind\":\"test\""));
    let refused = run(&home, &hook, &["alert", "test", "a"]);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(
        refused
            .stderr
            .contains("alert a: not sent: not taken after 1 attempts: 404"),
        "{}",
        refused.stderr
    );
    assert_eq!(run(&home, &hook, &["alert", "test", "c"]).code, Some(2));
    let plain = ended(
        &home
            .command(&["alert", "test"])
            .env("HOOK", format!("http://192.0.2.1/{SECRET}"))
            .output()
            .expect("it runs"),
    );
    assert_eq!(plain.code, Some(2), "{}", plain.stderr);
    assert!(
        plain.stderr.contains("plain http") && !plain.stderr.contains(SECRET),
        "{}",
        plain.stderr
    );
    let unset = home.run(&["alert", "test"]);
    assert_eq!(unset.code, Some(2), "{}", unset.stderr);
    let faults = [
        (
            "webhook = \"https://hooks.example/x\"",
            "1: alert.webhook: a literal secret is refused",
        ),
        ("on = \"gap\"", "alert: needs exactly one of webhook and command"),
        (
            "command = [\"x\"]\non = \"failures\"",
            "alert.on: unknown kind `failures`\nhint: did you mean `failure`?",
        ),
        (
            "command = [\"x\"]\non = \"findings:highx\"",
            "alert.on: unknown severity `highx`\nhint: did you mean `high`?",
        ),
        (
            "command = [\"x\"]\non = \"gap:high\"",
            "alert.on: `gap` has no severity",
        ),
        (
            "kommand = [\"x\"]",
            "alert: unknown key `kommand`\nhint: did you mean `command`?",
        ),
    ];
    for (lines, expected) in faults {
        home.write("trailhouse.toml", &format!("[[alert]]\n{lines}\n"));
        let ended = home.run(&["alert", "test"]);
        assert_eq!(ended.code, Some(2), "{lines}");
        assert!(ended.stderr.contains(expected), "{lines}\n{}", ended.stderr);
    }
}
