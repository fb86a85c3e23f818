//! Lakes that were tampered with by a script that knows nothing of this program's code: each is caught by name, no command
//! panics over it, and none that writes makes it look sound.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::crashes::{STREAM, copied, empty, record};
use crate::environment::Home;
use crate::signing::verified;
use crate::tools;

/// What the script says of what it did.
struct Told {
    finding: (String, String),
    flags: Vec<String>,
    heals: bool,
    /// The command that would make it look sound.
    then: Vec<String>,
}

fn script(python: &Path, arguments: &[&Path]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tampering/tamper.py");
    let ended = Command::new(python)
        .arg(script)
        .args(arguments)
        .output()
        .expect("python3 runs");
    let errors = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(ended.stdout).expect("UTF-8")
}

fn tampered(python: &Path, way: &str, home: &Home, other: &Home) -> Told {
    let told = script(
        python,
        &[Path::new(way), &home.data().join("lake"), &other.data().join("lake")],
    );
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let text = |name: &str| told[name].as_str().expect("a text").to_owned();
    let texts = |name: &str| {
        let texts = told[name].as_array().expect("a list").iter();
        texts.map(|text| text.as_str().expect("a text").to_owned()).collect()
    };
    Told {
        finding: (text("word"), text("object")),
        flags: texts("flags"),
        heals: told["heals"].as_bool().expect("yes or no"),
        then: texts("then"),
    }
}

/// A lake of twelve loads, and within its home an older copy of it.
fn lake() -> Home {
    let home = empty();
    for load in 0..12 {
        let records: String = (load * 10..load * 10 + 10).map(record).collect();
        home.write("some.jsonl", &records);
        home.ok(&["import", STREAM, "some.jsonl"]);
        if load == 9 {
            let copied = Command::new("cp")
                .args(["-a", "lake", "older"])
                .current_dir(home.data())
                .status();
            assert!(copied.is_ok_and(|status| status.success()), "cp copies a lake");
        }
    }
    home
}

#[test]
fn each_is_caught_and_named_and_no_command_makes_it_look_sound() {
    let Some(python) = tools::find("python") else {
        return;
    };
    let (whole, other) = (lake(), lake());
    assert_eq!(verified(&whole, &["--deep"]), (Vec::new(), 0));
    let anchor = whole.ok(&["ledger", "head"]).stdout;
    let ways = script(&python, &[Path::new("--list")]);
    assert!(ways.lines().count() > 40);
    let mut wrong = Vec::new();
    for way in ways.lines() {
        let home = copied(&whole);
        let told = tampered(&python, way, &home, &other);
        if let Err(why) = caught(&told, &home, anchor.trim()) {
            wrong.push(format!("{way}: {why}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Says what is not as it should be of a home that was tampered with.
fn caught(told: &Told, home: &Home, anchor: &str) -> Result<(), String> {
    let mut flags: Vec<&str> = told.flags.iter().map(String::as_str).collect();
    if flags.contains(&"--against") {
        flags.push(anchor);
    }
    let (findings, code) = verified(home, &flags);
    if !findings.contains(&told.finding) {
        return Err(format!("{:?} is not among {findings:?}", told.finding));
    }
    if code != if told.heals { 3 } else { 1 } {
        return Err(format!("exit code {code}: {findings:?}"));
    }
    let then: Vec<&str> = told.then.iter().map(String::as_str).collect();
    let commands = [then.as_slice(), &["import", STREAM, "more.jsonl"], &["status"]];
    for arguments in commands.into_iter().filter(|arguments| !arguments.is_empty()) {
        let ended = home.run(arguments);
        if ended.code.is_none_or(|code| code > 3) || ended.stderr.contains("panicked") {
            return Err(format!("{arguments:?}: {ended:?}"));
        }
    }
    let code = verified(home, &flags).1;
    if code != i32::from(!told.heals) {
        return Err(format!("after another command it is {code}"));
    }
    Ok(())
}
