//! What was done to a lake has its word and its file: to a signature, to all of them, to the lake as a whole, to its folder.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{announced_at, entry, found, ledger, newest, signature, signed, verified, write};
use crate::environment::{Home, Service};

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

/// What it is called, how it is done, and what is to be found.
type Tampering<'a> = (&'static str, &'a dyn Fn(), (String, String));

#[test]
fn what_was_done_to_a_signature_has_its_word_and_its_file() {
    let service = Service::of(33, 60);
    let (home, pem) = signed(&service, 2);
    let (first, last) = (announced_at(&home), newest(&home));
    let whole = home.path().join("whole");
    copy(&home.data(), &whole);
    let other = signature(&home, last);
    let cases: [Tampering<'_>; 6] = [
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
    for bad in ["", "12:34", hash.split_at(60).0, "lake:x:y"] {
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
