//! Killed while it signs, or with its number taken: the next run finishes the signature, and no entry stays without one.

use std::collections::BTreeSet;

use trailhouse::lake::{self, KeyError, Lake, Lock, Quiet};

use super::{found, newest, signature, signed, verified};
use crate::environment::{Home, Service};
use crate::steps::{first_and_last, killed_at, passed};

/// The steps that only a signed ledger has, and those around them.
const SIGNING: &[&str] = &[
    "after the next key is kept",
    "after the note of the entry to sign",
    "after the ledger entry",
    "after the signature",
    "after the head",
    "after the next key is in its place",
];

#[test]
fn killed_at_any_step_of_signing_the_next_run_finishes_it() {
    let service = Service::of(39, 80);
    let unsigned = || {
        let home = Home::of(&service);
        home.ok(&["sync"]);
        home
    };
    let with_key = || signed(&service, 0).0;
    let cases: [(&[&str], &dyn Fn() -> Home); 3] = [
        (&["ledger", "keygen"], &unsigned),
        (&["ledger", "keygen"], &with_key),
        (&["sync", "--from", "2026-06-01"], &with_key),
    ];
    let mut hit = BTreeSet::new();
    for (arguments, prepared) in cases {
        let steps = passed(prepared().command(arguments));
        let of_signing = |step: &u32| {
            let place = usize::try_from(*step).expect("small") - 1;
            SIGNING.contains(&steps[place].as_str())
        };
        for step in first_and_last(&steps).into_iter().filter(of_signing) {
            let home = prepared();
            let name = killed_at(home.command(arguments), step).expect("it does not come so far");
            assert_unfinished(&home, &name);
            home.ok(&["sync"]);
            home.ok(&["verify"]);
            home.write("again.pem", &home.ok(&["ledger", "keygen"]).stdout);
            home.ok(&["verify", "--public-key", "again.pem"]);
            assert!(!home.data().join(".credentials/ledger.next.key").exists(), "{name}");
            hit.insert(name);
        }
    }
    assert_eq!(hit, SIGNING.iter().map(|step| (*step).to_owned()).collect());
}

/// What a killed run left is unfinished and nothing worse; an entry without its signature is named.
fn assert_unfinished(home: &Home, step: &str) {
    let (findings, code) = verified(home, &[]);
    let is_unfinished = findings.iter().all(|(kind, _)| kind == "unfinished");
    assert!(matches!(code, 0 | 3) && is_unfinished, "{step}: {findings:?}");
    let unsigned = found("unfinished", &signature(home, newest(home) + 1));
    assert_eq!(
        findings.contains(&unsigned),
        step == "after the ledger entry",
        "{step}: {findings:?}"
    );
}

fn quiet(run_id: &str) -> Quiet<'_> {
    Quiet {
        run_id,
        started_at: 0,
        at: 0,
        streams: Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_taken_by_another_writer_leaves_no_entry_unsigned() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = lake::Home::at(folder.path());
    let lock = Lock::take(&home, "the test").expect("a lock");
    let mut one = Lake::open_for_writing(&home, &lock).await.expect("a lake");
    let (public, _) = one.announce_key("one", 0).await.expect("a key");
    let mut other = Lake::open_for_writing(&home, &lock).await.expect("the same lake");
    for round in 0..3 {
        one.commit_quiet(&quiet("one")).await.expect("an entry");
        other.commit_quiet(&quiet("other")).await.expect("the next entry");
        assert_eq!(other.sequence(), 3 + 2 * round);
    }
    let mut verdict = Lake::open_unchecked(&home)
        .expect("a lake")
        .verify()
        .await
        .expect("checked");
    assert_eq!(verdict.check_public_key(&public), Some(1));
    assert_eq!((verdict.findings, verdict.entries), (Vec::new(), 7));
    one.recover().await.expect("up to date");
    one.announce_key("one", 0).await.expect("another key");
    let refused = other
        .commit_quiet(&quiet("other"))
        .await
        .expect_err("the key is not at hand");
    assert!(refused.downcast_ref::<KeyError>().is_some(), "{refused:#}");
    let verdict = Lake::open_unchecked(&home)
        .expect("a lake")
        .verify()
        .await
        .expect("checked");
    assert_eq!((verdict.findings, verdict.entries), (Vec::new(), 9));
}
