//! The ways to sign in to Zendesk, through the real binary: tokens that end, refresh tokens that are good once and kept in
//! the home, and answers that grant nothing.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use trailhouse::simulator::script::Script;
use trailhouse::simulator::zendesk::oauth::{CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, TokenAnswer};
use trailhouse::simulator::zendesk::script::Change;

use crate::environment::{Account, Ended, Home, account, ended};
use crate::zendesk_truth::{assert_covered, assert_exact, now};

/// No granted token lacks it.
const GRANTED: &str = "simulated-access-";
const REFRESHED: &str = "simulated-refresh-0";

#[derive(Clone, Copy, Debug)]
enum Way {
    Client,
    Refresh,
}

impl Way {
    fn home(self, account: &Account) -> Home {
        let home = Home::new();
        let secret = match self {
            Way::Client => "client_secret",
            Way::Refresh => "refresh_token",
        };
        let auth = format!("client_id = \"{CLIENT_ID}\", {secret} = {{ env = \"A_SECRET\" }}");
        home.configure_account(account, &auth, "attempts = 3");
        home
    }

    fn secret(self) -> &'static str {
        match self {
            Way::Client => CLIENT_SECRET,
            Way::Refresh => REFRESH_TOKEN,
        }
    }

    fn sync(self, home: &Home) -> Ended {
        sync(home, self.secret(), None)
    }
}

/// Syncs with a secret, to be killed at a step or not; no token may be shown or left outside of `.credentials/`.
fn sync(home: &Home, secret: &str, kill_at: Option<u32>) -> Ended {
    let mut command = home.command(&["-v", "sync"]);
    command.env("A_SECRET", secret);
    if let Some(step) = kill_at {
        command.env("TRAILHOUSE_KILL_AT_STEP", step.to_string());
    }
    let ended = ended(&command.output().expect("the binary runs"));
    for token in [CLIENT_SECRET, REFRESH_TOKEN, GRANTED, REFRESHED] {
        let is_shown = ended.stdout.contains(token) || ended.stderr.contains(token);
        assert!(!is_shown, "{token} is shown: {ended:?}");
        assert_in_no_file(home.path(), token);
    }
    ended
}

fn assert_in_no_file(folder: &Path, token: &str) {
    for item in std::fs::read_dir(folder).expect("a folder") {
        let path = item.expect("an item of a folder").path();
        if path.ends_with(".credentials") {
            continue;
        }
        if path.is_dir() {
            assert_in_no_file(&path, token);
        } else {
            let bytes = std::fs::read(&path).expect("a file");
            let is_there = bytes.windows(token.len()).any(|window| window == token.as_bytes());
            assert!(!is_there, "{} holds {token}", path.display());
        }
    }
}

fn kept(home: &Home) -> Option<String> {
    let path = home.data().join(".credentials/acme.json");
    let text = std::fs::read_to_string(&path).ok()?;
    let mode = |path: &Path| path.metadata().expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().expect("a folder"))), (0o600, 0o700));
    let file: Value = serde_json::from_str(&text).expect("JSON");
    file["refresh_token"].as_str().map(str::to_owned)
}

fn grants(account: &Account) -> usize {
    let requests = account.running.requests();
    requests.iter().filter(|seen| seen.method == "POST").count()
}

#[test]
fn client_credentials_and_a_refresh_token_let_the_loader_in_again_and_again() {
    for way in [Way::Client, Way::Refresh] {
        let account = Account::start(account(1, 300));
        let home = way.home(&account);
        for run in 1..=3 {
            let sync = way.sync(&home);
            assert_eq!(sync.code, Some(0), "{way:?}: {}", sync.stderr);
            assert_exact(&home, &account, &format!("{way:?}"));
            assert_covered(&home, now(&account));
            assert_eq!(grants(&account), run, "one token a run");
            match way {
                Way::Client => assert_eq!(kept(&home), None),
                Way::Refresh => assert_eq!(kept(&home), account.running.refresh_token()),
            }
        }
    }
}

#[test]
fn tokens_that_end_in_the_middle_are_renewed() {
    for way in [Way::Client, Way::Refresh] {
        let mut by_requests = account(2, 1_500);
        by_requests.switches.access.grants.lives_requests = Some(4);
        let mut by_time = account(2, 1_500);
        let expire = |script: Script<Change>, number| script.before(number, Change::ExpireTokens);
        by_time.script = [4, 14, 25].into_iter().fold(Script::none(), expire);
        let mut at_once = account(2, 1_500);
        at_once.switches.access.grants.lives_seconds = Some(1);
        at_once.switches.latency = Duration::from_millis(300);
        for simulator in [by_requests, by_time, at_once] {
            let account = Account::start(simulator);
            let home = way.home(&account);
            for _ in 0..2 {
                let sync = way.sync(&home);
                let asked = account.running.requests();
                let asked: Vec<_> = asked.iter().map(|seen| (&seen.authorization, seen.status)).collect();
                assert_eq!(sync.code, Some(0), "{way:?}: {}\n{asked:?}", sync.stderr);
                assert_exact(&home, &account, &format!("{way:?}"));
            }
            if matches!(way, Way::Refresh) {
                assert_eq!(kept(&home), account.running.refresh_token());
            }
            assert!(grants(&account) > 2, "{way:?}: {}", grants(&account));
        }
    }
}

#[test]
fn killed_once_a_rotated_token_is_kept_the_next_run_uses_it() {
    let account = Account::start(account(3, 200));
    let home = Way::Refresh.home(&account);
    let killed = sync(&home, REFRESH_TOKEN, Some(1));
    assert!(killed.stderr.contains("after a refresh token is kept"), "{killed:?}");
    assert_eq!(account.running.requests().len(), 1, "the new token has not been used");
    assert_eq!(kept(&home), account.running.refresh_token());
    let again = Way::Refresh.sync(&home);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert_exact(&home, &account, "after the kill");
}

#[test]
fn a_configured_token_that_was_replaced_counts_and_the_kept_one_no_longer() {
    let account = Account::start(account(4, 200));
    let home = Way::Refresh.home(&account);
    assert_eq!(Way::Refresh.sync(&home).code, Some(0));
    // Somebody else uses the token in the meantime: the chain of this home is broken.
    let other = Way::Refresh.home(&account);
    let stolen = kept(&home).expect("a token");
    assert_eq!(sync(&other, &stolen, None).code, Some(0));
    let refused = Way::Refresh.sync(&home);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("hint: "), "{}", refused.stderr);
    let new = account.running.refresh_token().expect("a token");
    for _ in 0..2 {
        let sync = sync(&home, &new, None);
        assert_eq!(sync.code, Some(0), "{}", sync.stderr);
        assert_eq!(kept(&home), account.running.refresh_token());
    }
    assert_exact(&home, &account, "a new token");
}

#[test]
fn what_grants_no_token_ends_the_run_with_a_hint() {
    // An answer that cannot be read is asked for again, and then the refresh token is spent.
    let cases = [
        (TokenAnswer::Refused, [2, 2]),
        (TokenAnswer::Malformed, [1, 2]),
        (TokenAnswer::WithoutToken, [1, 1]),
        (TokenAnswer::Expired, [1, 1]),
    ];
    for (way, place) in [(Way::Client, 0), (Way::Refresh, 1)] {
        for (answer, codes) in cases {
            let code = codes[place];
            let mut simulator = account(5, 100);
            simulator.switches.access.grants.answer = answer;
            let account = Account::start(simulator);
            let home = way.home(&account);
            let sync = way.sync(&home);
            assert_eq!(sync.code, Some(code), "{way:?}, {answer:?}: {}", sync.stderr);
            assert!(sync.stderr.contains("hint: "), "{way:?}, {answer:?}: {}", sync.stderr);
            assert!(account.running.requests().len() < 8, "{way:?}, {answer:?}");
            let rows = home.run(&["query", "select count(*) from zendesk_audit_logs"]);
            assert!(!rows.stdout.contains("100"), "{way:?}, {answer:?}");
        }
        let account = Account::start(account(5, 100));
        let sync = sync(&way.home(&account), "a-secret-of-somebody-else", None);
        assert_eq!(sync.code, Some(2), "{way:?}: {}", sync.stderr);
        assert!(sync.stderr.contains("hint: "), "{way:?}: {}", sync.stderr);
    }
}
