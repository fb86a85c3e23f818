//! A signed ledger: what `keygen` makes, what each tampering is called, what only a key or a digest kept elsewhere shows, and
//! that a run killed while it signs is finished by the next one and by nobody else.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sha2::{Digest, Sha256};
use trailhouse::ledger::signature::PublicKey;

use crate::environment::{Ended, Home, Service};
use crate::steps::{first_and_last, killed_at, passed};

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

fn replace(from: &Path, to: &Path) {
    fs::copy(from, to).expect("a file is copied");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for item in fs::read_dir(from).expect("a folder") {
        let item = item.expect("an item");
        let place = to.join(item.file_name());
        if item.path().is_dir() {
            copy(&item.path(), &place);
        } else {
            fs::copy(item.path(), place).expect("a file is copied");
        }
    }
}

/// A home of two unsigned entries, a key, and as many signed syncs as asked for; and the public key.
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

/// Kind and object of each finding, and the exit code.
fn verified(home: &Home, arguments: &[&str]) -> (Vec<(String, String)>, i32) {
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

/// Makes the entries from a number on into others, each following the one before, and the head name the last.
fn rechained(home: &Home, from: u64, change: impl Fn(u64, &mut Value)) {
    let mut previous: Option<String> = None;
    let last = newest(home);
    for number in from..=last {
        let text = fs::read(entry(home, number)).expect("an entry");
        let mut value: Value = serde_json::from_slice(&text).expect("JSON");
        if let Some(previous) = &previous {
            value["previous"] = previous.as_str().into();
        }
        change(number, &mut value);
        let bytes = serde_json::to_vec_pretty(&value).expect("JSON");
        previous = Some(trailhouse::ledger::hex(&Sha256::digest(&bytes)));
        write(&entry(home, number), &bytes);
    }
    let head = format!(
        "{{\"sequence\":{last},\"sha256\":\"{}\"}}\n",
        previous.expect("an entry")
    );
    write(&ledger(home).join("head.json"), head.as_bytes());
}

fn unsign(value: &mut Value) {
    value.as_object_mut().expect("an object").remove("signing_key");
}

/// The whole key of a home, as it stands in its file, and in the two other ways it could be written.
fn secrets(home: &Home) -> Vec<Vec<u8>> {
    let pem = fs::read_to_string(home.data().join(".credentials/ledger.key")).expect("a key");
    let line = pem.lines().nth(1).expect("the key's line").to_owned();
    let (_, random) = line.split_at(24);
    vec![random.as_bytes().to_vec()]
}

fn assert_nowhere(folder: &Path, secrets: &[Vec<u8>]) {
    for item in fs::read_dir(folder).expect("a folder") {
        let path = item.expect("an item").path();
        if path.is_dir() {
            if !path.ends_with(".credentials") {
                assert_nowhere(&path, secrets);
            }
            continue;
        }
        let bytes = fs::read(&path).expect("a file");
        for secret in secrets {
            let is_there = bytes.windows(secret.len()).any(|window| window == secret);
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
    let kept = secrets(&home);
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
        for secret in kept.iter().chain(&secrets(&home)) {
            let secret = String::from_utf8_lossy(secret);
            assert!(
                !stdout.contains(&*secret) && !stderr.contains(&*secret),
                "{arguments:?}"
            );
        }
    }
    assert_nowhere(home.path(), &kept);
    assert_nowhere(home.path(), &secrets(&home));
    let output = home.run(&["query", "select 1 as one", "--output", "data/.credentials/ledger.key"]);
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    home.ok(&["sync"]);
}

#[test]
fn what_was_done_to_a_signature_has_its_word_and_its_file() {
    let service = Service::of(33, 60);
    let (home, pem) = signed(&service, 2);
    let (first, last) = (announced_at(&home), newest(&home));
    let whole = home.path().join("whole");
    copy(&home.data(), &whole);
    let other = signature(&home, last);
    let cases: [(&str, &dyn Fn(), (String, String)); 6] = [
        (
            "a flipped bit",
            &|| {
                let mut bytes = fs::read(signature(&home, first)).expect("a signature");
                bytes[20] ^= 1;
                write(&signature(&home, first), &bytes);
            },
            found("invalid", &signature(&home, first)),
        ),
        (
            "cut",
            &|| write(&signature(&home, first), &[7; 63]),
            found("invalid", &signature(&home, first)),
        ),
        (
            "of another entry",
            &|| replace(&other, &signature(&home, first)),
            found("invalid", &signature(&home, first)),
        ),
        (
            "removed",
            &|| fs::remove_file(&other).expect("removed"),
            found("missing", &other),
        ),
        (
            "of an unsigned entry",
            &|| replace(&other, &signature(&home, 1)),
            found("unexpected", &signature(&home, 1)),
        ),
        (
            "of no entry",
            &|| replace(&other, &signature(&home, last + 1)),
            found("unexpected", &signature(&home, last + 1)),
        ),
    ];
    home.write("ledger.pem", &pem);
    for (what, tamper, expected) in cases {
        tamper();
        assert_eq!(
            verified(&home, &["--public-key", "ledger.pem"]),
            (vec![expected], 1),
            "{what}"
        );
        fs::remove_dir_all(home.data()).expect("removed");
        copy(&whole, &home.data());
        home.ok(&["verify"]);
    }
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
fn signatures_taken_off_are_noticed_by_the_key_and_no_writer_goes_on() {
    let service = Service::of(35, 60);
    let (home, pem) = signed(&service, 2);
    home.write("ledger.pem", &pem);
    let first = announced_at(&home);
    rechained(&home, first, |number, value| {
        if number > first {
            unsign(value);
        }
    });
    for number in first + 1..=newest(&home) {
        fs::remove_file(signature(&home, number)).expect("removed");
    }
    let (findings, code) = verified(&home, &[]);
    assert_eq!(code, 1);
    assert!(
        findings.contains(&found("invalid", &entry(&home, first + 1))),
        "{findings:?}"
    );
    assert_eq!(home.run(&["sync"]).code, Some(2));
    rechained(&home, first, |_, value| {
        unsign(value);
        value["kind"] = "silence".into();
    });
    fs::remove_file(signature(&home, first)).expect("removed");
    let signed = |home: &Home| verified(home, &["--public-key", "ledger.pem"]);
    assert!(signed(&home).0.contains(&("invalid".to_owned(), "_ledger".to_owned())));
    assert_eq!(signed(&home).1, 1);
    let requests = service.running.requests().len();
    let refused = home.run(&["sync"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("hint: "), "{}", refused.stderr);
    assert_eq!(service.running.requests().len(), requests, "nothing was asked for");
}

#[test]
fn a_forged_entry_that_is_not_signed_is_signed_by_nobody() {
    let service = Service::of(36, 60);
    let (home, _) = signed(&service, 1);
    let last = newest(&home);
    rechained(&home, last, |_, value| value["run_id"] = "forged".into());
    fs::remove_file(signature(&home, last)).expect("removed");
    let refused = home.run(&["sync"]);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("this home did not write it"),
        "{}",
        refused.stderr
    );
    assert!(!signature(&home, last).exists());
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

#[test]
fn an_older_copy_and_another_history_are_noticed_by_the_digest_kept_elsewhere() {
    let service = Service::of(38, 60);
    let (home, pem) = signed(&service, 0);
    home.write("ledger.pem", &pem);
    let first = home.ok(&["ledger", "head"]).stdout;
    let older = home.path().join("older");
    copy(&home.data(), &older);
    service.running.arrive(3);
    home.ok(&["sync"]);
    let second = home.ok(&["ledger", "head"]).stdout;
    let (first, second) = (first.trim(), second.trim());
    let told: Value = serde_json::from_str(&home.ok(&["ledger", "head", "--format", "json"]).stdout).expect("JSON");
    assert_eq!(told["anchor"], second);
    let hash = second.rsplit(':').next().expect("a hash").to_uppercase();
    for anchor in [first, second, &hash] {
        home.ok(&["verify", "--against", anchor]);
    }
    for bad in ["", "12:34", &hash[..60], "lake:x:y"] {
        assert_eq!(home.run(&["verify", "--against", bad]).code, Some(2), "{bad}");
    }
    let dir = older.to_str().expect("a path");
    let key = home.path().join("ledger.pem");
    home.ok(&["--dir", dir, "verify", "--public-key", key.to_str().expect("a path")]);
    home.ok(&["--dir", dir, "verify", "--against", first]);
    for anchor in [second, &hash] {
        let verify = home.run(&["--dir", dir, "verify", "--against", anchor]);
        assert_eq!(verify.code, Some(1), "{}", verify.stdout);
        assert!(
            verify.stdout.contains("invalid: _ledger") && verify.stdout.contains("older copy"),
            "{}",
            verify.stdout
        );
    }
    service.running.arrive(1);
    home.ok(&["--dir", dir, "sync"]);
    let verify = home.run(&["--dir", dir, "verify", "--against", second]);
    assert_eq!(verify.code, Some(1), "{}", verify.stdout);
    assert!(verify.stdout.contains("another history"), "{}", verify.stdout);
}

#[test]
fn killed_at_any_step_of_signing_the_next_run_finishes_it() {
    let service = Service::of(39, 80);
    let prepared = || {
        let (home, _) = signed(&service, 0);
        home
    };
    let service_after = |home: &Home| {
        home.ok(&["sync"]);
        home.ok(&["verify"]);
    };
    let mut hit = BTreeSet::new();
    let cases: [(&[&str], &dyn Fn() -> Home); 3] = [
        (&["ledger", "keygen"], &|| {
            let home = Home::of(&service);
            home.ok(&["sync"]);
            home
        }),
        (&["ledger", "keygen"], &prepared),
        (&["sync", "--from", "2026-06-01"], &prepared),
    ];
    for (arguments, prepared) in cases {
        let steps = passed(prepared().command(arguments));
        for step in first_and_last(&steps) {
            let home = prepared();
            let name = killed_at(home.command(arguments), step).expect("it does not come so far");
            let (findings, code) = verified(&home, &[]);
            let is_unfinished = findings.iter().all(|(kind, _)| kind == "unfinished");
            assert!(matches!(code, 0 | 3) && is_unfinished, "{name}: {findings:?}");
            if name == "after the ledger entry" {
                let last = newest(&home) + 1;
                assert!(
                    findings.contains(&found("unfinished", &signature(&home, last))),
                    "{findings:?}"
                );
            }
            service_after(&home);
            let again = home.ok(&["ledger", "keygen"]).stdout;
            home.write("again.pem", &again);
            home.ok(&["verify", "--public-key", "again.pem"]);
            assert!(!home.data().join(".credentials/ledger.next.key").exists(), "{name}");
            hit.insert(name);
        }
    }
    for step in [
        "after the next key is kept",
        "after the note of the entry to sign",
        "after the ledger entry",
        "after the signature",
        "after the head",
        "after the next key is in its place",
    ] {
        assert!(hit.contains(step), "{step}: {hit:?}");
    }
}

#[test]
fn whatever_lies_in_the_folder_of_the_lake_is_named() {
    let service = Service::of(40, 60);
    let home = Home::of(&service);
    home.ok(&["sync"]);
    let lake = home.data().join("lake");
    let partition = fs::read_dir(lake.join("activity_logs/source=acme"))
        .expect("a folder")
        .next()
        .expect("a month")
        .expect("an item");
    let partition = format!("activity_logs/source=acme/{}", partition.file_name().to_string_lossy());
    let staged = [
        format!("{partition}/9-a.parquet#1"),
        "_ledger/head.json#7".to_owned(),
        "activity_logs/_delta_log/00000000000000000009.json#2".to_owned(),
    ];
    for path in &staged {
        write(&lake.join(path), b"half");
    }
    let unfinished = |path: &String| ("unfinished".to_owned(), path.clone());
    let (findings, code) = verified(&home, &[]);
    assert_eq!(
        findings.into_iter().collect::<BTreeSet<_>>(),
        staged.iter().map(unfinished).collect()
    );
    assert_eq!(code, 3);
    home.ok(&["sync"]);
    home.ok(&["verify"]);
    let strangers = [
        "note.txt".to_owned(),
        "_ledger/note.txt".to_owned(),
        "_ledger/00000000000000000009.sig".to_owned(),
        "_ledger/deeper/head.json".to_owned(),
        "activity_logs/_delta_log/note.txt".to_owned(),
        "zendesk_audit_logs/_delta_log/00000000000000000000.json".to_owned(),
        format!("{partition}/1-stranger.parquet"),
        format!("{partition}/note#a"),
        "stranger/9-x.parquet".to_owned(),
    ];
    for path in &strangers {
        let path = lake.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        write(&path, b"x");
    }
    let links = [
        "link".to_owned(),
        format!("{partition}/2-link.parquet"),
        "elsewhere".to_owned(),
    ];
    symlink("/etc/hostname", lake.join(&links[0])).expect("a link");
    symlink(home.path().join("trailhouse.toml"), lake.join(&links[1])).expect("a link");
    symlink(home.path(), lake.join(&links[2])).expect("a link");
    let (findings, code) = verified(&home, &[]);
    let expected = strangers
        .iter()
        .chain(&links)
        .map(|path| ("unexpected".to_owned(), path.clone()));
    assert_eq!(findings.into_iter().collect::<BTreeSet<_>>(), expected.collect());
    assert_eq!(code, 1);
}
