//! A signed ledger: what `keygen` makes, what each tampering is called, what only a key or a digest kept elsewhere shows, and
//! that a run killed while it signs is finished by the next one and by nobody else.

mod kills;
mod tampering;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use trailhouse::ledger::signature::PublicKey;

use crate::environment::{Ended, Home, Service};

fn ledger(home: &Home) -> PathBuf {
    home.data().join("lake/_ledger")
}

fn entry(home: &Home, sequence: u64) -> PathBuf {
    ledger(home).join(format!("{sequence:020}.json"))
}

fn signature(home: &Home, sequence: u64) -> PathBuf {
    ledger(home).join(format!("{sequence:020}.sig"))
}

#[expect(clippy::disallowed_methods, reason = "a file of the test")]
fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("a file is written");
}

/// A home of an unsigned sync, a key, and as many signed syncs as asked for; and the public key.
fn signed(service: &Service, syncs: usize) -> (Home, String) {
    let home = Home::of(service);
    home.ok(&["sync"]);
    let pem = home.ok(&["ledger", "keygen"]).stdout;
    for _ in 0..syncs {
        service.running.arrive(3);
        home.ok(&["sync"]);
    }
    (home, pem)
}

fn newest(home: &Home) -> u64 {
    let head = fs::read(ledger(home).join("head.json")).expect("the head");
    let head: Value = serde_json::from_slice(&head).expect("JSON");
    head["sequence"].as_u64().expect("a number")
}

/// The first entry that names a key.
fn announced_at(home: &Home) -> u64 {
    let names_key = |number: &u64| {
        let text = fs::read_to_string(entry(home, *number)).expect("an entry");
        text.contains("\"signing_key\"")
    };
    (1..=newest(home)).find(names_key).expect("an entry that names a key")
}

/// The part of a home's private key that no other key has, as it stands in the file.
fn secret(home: &Home) -> String {
    let pem = fs::read_to_string(home.data().join(".credentials/ledger.key")).expect("a key");
    let (_, random) = pem.lines().nth(1).expect("the key's line").split_at(24);
    random.to_owned()
}

fn assert_nowhere(folder: &Path, secret: &str) {
    for item in fs::read_dir(folder).expect("a folder") {
        let path = item.expect("an item").path();
        if path.ends_with(".credentials") {
            continue;
        }
        if path.is_dir() {
            assert_nowhere(&path, secret);
        } else {
            let bytes = fs::read(&path).expect("a file");
            let is_there = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!is_there, "{} holds the key", path.display());
        }
    }
}

fn has_openssl() -> bool {
    let version = Command::new("openssl").arg("version").output();
    version.is_ok_and(|version| version.status.success())
}

/// By openssl where it is installed, else by the program's own library.
fn is_signature(public: &Path, signed: &Path, signature: &Path) -> bool {
    if has_openssl() {
        let mut command = Command::new("openssl");
        command
            .args(["pkeyutl", "-verify", "-rawin", "-pubin", "-inkey"])
            .arg(public);
        command.arg("-in").arg(signed).arg("-sigfile").arg(signature);
        return command.output().expect("openssl runs").status.success();
    }
    let key = PublicKey::read(&fs::read_to_string(public).expect("a key")).expect("a public key");
    key.has_signed(
        &fs::read(signed).expect("an entry"),
        &fs::read(signature).expect("a signature"),
    )
}

/// Kind and object of each finding, and the exit code.
pub(crate) fn verified(home: &Home, arguments: &[&str]) -> (Vec<(String, String)>, i32) {
    let ended = home.run(&[&["verify", "--format", "json"], arguments].concat());
    let told: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let findings = told["findings"].as_array().expect("findings");
    let findings = findings
        .iter()
        .map(|finding| (text(&finding["kind"]), text(&finding["object"])));
    (findings.collect(), ended.code.expect("a code"))
}

fn found(kind: &str, path: &Path) -> (String, String) {
    let name = path.file_name().expect("a name").to_string_lossy();
    (kind.to_owned(), format!("_ledger/{name}"))
}

#[test]
fn a_key_signs_every_entry_from_its_own_on_and_any_tool_can_check_it() {
    let service = Service::of(31, 120);
    let (home, pem) = signed(&service, 2);
    home.write("ledger.pem", &pem);
    let (first, last) = (announced_at(&home), newest(&home));
    assert!(1 < first && first < last, "{first} {last}");
    let public = home.path().join("ledger.pem");
    for number in 1..=last {
        assert_eq!(signature(&home, number).exists(), number >= first, "{number}");
        if number >= first {
            assert_eq!(fs::read(signature(&home, number)).expect("a signature").len(), 64);
            assert!(is_signature(&public, &entry(&home, number), &signature(&home, number)));
            assert!(!is_signature(&public, &entry(&home, 1), &signature(&home, number)));
        }
    }
    let verify = home.ok(&["verify", "--public-key", "ledger.pem"]).stdout;
    assert!(verify.contains(&format!("signs from entry {first} on")), "{verify}");
    let hex = PublicKey::read(&pem).expect("a public key").hex();
    home.ok(&["verify", "--public-key", &hex]);
    let other = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let refused = home.run(&["verify", "--public-key", other]);
    assert_eq!(refused.code, Some(1), "{}", refused.stdout);
    for bad in ["", "nowhere.pem", "trailhouse.toml"] {
        assert_eq!(home.run(&["verify", "--public-key", bad]).code, Some(2), "{bad}");
    }
    assert_eq!(home.number("select count(*) from activity_logs"), 126);
}

#[test]
fn the_private_key_is_for_its_owner_alone_and_in_no_other_file_or_output() {
    let service = Service::of(32, 60);
    let (home, _) = signed(&service, 1);
    let key = home.data().join(".credentials/ledger.key");
    let mode = |path: &Path| path.metadata().expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(&key), mode(&home.data().join(".credentials"))), (0o600, 0o700));
    let first = secret(&home);
    let commands: [&[&str]; 6] = [
        &["-vv", "sync"],
        &["-vv", "ledger", "keygen"],
        &["ledger", "head", "--format", "json"],
        &["verify"],
        &["status"],
        &["query", "select * from loads"],
    ];
    for arguments in commands {
        let Ended { stdout, stderr, .. } = home.ok(arguments);
        for secret in [&first, &secret(&home)] {
            assert!(!stdout.contains(secret) && !stderr.contains(secret), "{arguments:?}");
        }
    }
    assert_ne!(first, secret(&home));
    assert_nowhere(home.path(), &first);
    assert_nowhere(home.path(), &secret(&home));
    let output = home.run(&["query", "select 1 as one", "--output", "data/.credentials/ledger.key"]);
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    home.ok(&["sync"]);
}

#[test]
fn a_rotation_is_signed_by_the_key_before_it_and_either_key_verifies() {
    let service = Service::of(34, 60);
    let (home, old) = signed(&service, 1);
    let key = home.data().join(".credentials/ledger.key");
    let before = fs::read(&key).expect("the key");
    home.write("old.pem", &old);
    let rotated = home.ok(&["ledger", "keygen"]);
    home.write("new.pem", &rotated.stdout);
    assert_ne!(old, rotated.stdout);
    assert_ne!(before, fs::read(&key).expect("the key"));
    assert!(!home.data().join(".credentials/ledger.next.key").exists());
    let (announcing, old, new) = (
        newest(&home) - 1,
        home.path().join("old.pem"),
        home.path().join("new.pem"),
    );
    let named = fs::read_to_string(entry(&home, announcing)).expect("an entry");
    assert!(
        named.contains(&PublicKey::read(&rotated.stdout).expect("a key").hex()),
        "{named}"
    );
    assert!(is_signature(
        &old,
        &entry(&home, announcing),
        &signature(&home, announcing)
    ));
    assert!(is_signature(
        &new,
        &entry(&home, announcing + 1),
        &signature(&home, announcing + 1)
    ));
    service.running.arrive(2);
    for key in ["old.pem", "new.pem"] {
        home.ok(&["verify", "--public-key", key]);
    }
    home.ok(&["sync"]);
    for key in ["old.pem", "new.pem"] {
        home.ok(&["verify", "--public-key", key]);
    }
    write(&key, &before);
    let refused = home.run(&["sync"]);
    assert_eq!(refused.code, Some(2), "the old key signs no more: {}", refused.stderr);
}

#[test]
fn without_the_private_key_nothing_is_asked_for_and_nothing_is_written() {
    let service = Service::of(37, 60);
    let (home, pem) = signed(&service, 1);
    let key = home.data().join(".credentials/ledger.key");
    let away = home.path().join("away.key");
    fs::rename(&key, &away).expect("moved");
    let requests = service.running.requests().len();
    let last = newest(&home);
    home.write(
        "more.json",
        "{\"id\":\"x\",\"logged_at\":\"2026-06-01T00:00:00Z\",\"updated_at\":\"2026-06-01T00:00:00Z\"}\n",
    );
    let commands: [&[&str]; 4] = [
        &["sync"],
        &["import", "acme.audit_logs", "more.json"],
        &["ledger", "keygen"],
        &["rebuild"],
    ];
    for arguments in commands {
        let refused = home.run(arguments);
        assert_eq!(refused.code, Some(2), "{arguments:?}: {}", refused.stderr);
        assert!(
            refused.stderr.contains("ledger.key") && refused.stderr.contains("hint: "),
            "{}",
            refused.stderr
        );
    }
    assert_eq!((service.running.requests().len(), newest(&home)), (requests, last));
    home.write("ledger.pem", &pem);
    home.ok(&["verify", "--public-key", "ledger.pem"]);
    home.ok(&["query", "select 1"]);
    write(
        &key,
        b"-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n",
    );
    assert_eq!(home.run(&["sync"]).code, Some(2));
    fs::rename(&away, &key).expect("moved back");
    home.ok(&["sync"]);
    home.ok(&["verify"]);
}
