//! A home of its own for each test, a simulated service, and the real binary with nothing of the tester's environment.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use jiff::Timestamp;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use trailhouse::simulator::workspace::{Settings, Workspace};
use trailhouse::simulator::zendesk::{self, ZendeskSimulator, history, history::History};
use trailhouse::simulator::{Running, Simulator};

/// The source that `Home::configure` writes.
pub(crate) const SOURCE: &str = "acme";
/// A token that stands nowhere but in the environment of the process.
pub(crate) const TOKEN: &str = "a-token-that-must-appear-nowhere-93ab";

/// A simulated service on its own threads; ends with the value.
pub(crate) struct Service {
    pub(crate) running: Running,
    _runtime: Runtime,
}

impl Service {
    /// Serves a simulator, whose key becomes `TOKEN`.
    pub(crate) fn start(mut simulator: Simulator) -> Self {
        simulator.switches.token = TOKEN.to_owned();
        let runtime = Runtime::new().expect("threads");
        let running = runtime.block_on(simulator.start(0)).expect("the simulator listens");
        Self {
            running,
            _runtime: runtime,
        }
    }

    /// A workspace of so many events over thirty days, all of them settled two days ago.
    pub(crate) fn of(seed: u64, events: usize) -> Self {
        Self::start(simulator(seed, events))
    }
}

/// A simulator whose clock stands at the end of its history.
pub(crate) fn simulator(seed: u64, events: usize) -> Simulator {
    let end_at: Timestamp = "2026-06-30T12:00:00Z".parse().expect("a time");
    Simulator::new(Workspace::draw(&Settings::new(seed, events, 30, end_at)))
}

/// A simulated account of Zendesk on its own threads; ends with the value.
pub(crate) struct Account {
    pub(crate) running: zendesk::Running,
    _runtime: Runtime,
}

impl Account {
    /// Serves an account, which lets `TOKEN` in beside what else it lets in.
    pub(crate) fn start(mut simulator: ZendeskSimulator) -> Self {
        simulator.switches.access.api_token = TOKEN.to_owned();
        let runtime = Runtime::new().expect("threads");
        let running = runtime.block_on(simulator.start(0)).expect("the simulator listens");
        Self {
            running,
            _runtime: runtime,
        }
    }
}

/// An account of so many rows over thirty days, its clock at the end of its history.
pub(crate) fn account(seed: u64, rows: usize) -> ZendeskSimulator {
    let end_at: Timestamp = "2026-06-30T12:00:00Z".parse().expect("a time");
    ZendeskSimulator::new(History::draw(&history::Settings::new(seed, rows, 30, end_at)))
}

/// A home directory with a configuration.
pub(crate) struct Home {
    folder: TempDir,
}

/// What a run of the binary gave.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self {
            folder: TempDir::new().expect("a temporary folder"),
        }
    }

    /// In a folder that stays.
    pub(crate) fn kept_in(root: &Path) -> Self {
        let mut folder = TempDir::new_in(root).expect("a temporary folder");
        folder.disable_cleanup(true);
        Self { folder }
    }

    /// With one source that pulls from this address without waiting long.
    pub(crate) fn of(service: &Service) -> Self {
        let home = Self::new();
        home.configure(&service.running.base_url(), "");
        home
    }

    /// Writes the configuration; `more` are further lines of the source, which has the stream `audit_logs` alone unless
    /// they name others.
    pub(crate) fn configure(&self, base_url: &str, more: &str) {
        let streams = if more.contains("streams =") {
            ""
        } else {
            "streams = [\"audit_logs\"]\n"
        };
        let text = format!(
            "time_zone = \"America/Toronto\"\n[sources.{SOURCE}]\nkind = \"secoda\"\nbase_url = \"{base_url}\"\n\
             token = {{ env = \"ACME_TOKEN\" }}\nbackoff = \"10ms\"\ntimeout = \"5s\"\n{streams}{more}\n"
        );
        self.write("trailhouse.toml", &text);
    }

    /// With one source that pulls from this account with an API token; `more` are further lines of it.
    pub(crate) fn of_account(account: &Account, more: &str) -> Self {
        let home = Self::new();
        let auth = format!(
            "email = \"{}\", api_token = {{ env = \"ACME_TOKEN\" }}",
            zendesk::door::EMAIL
        );
        home.configure_account(account, &auth, more);
        home
    }

    /// Writes the configuration of an account; `auth` is how to sign in, `more` are further lines of the source.
    pub(crate) fn configure_account(&self, account: &Account, auth: &str, more: &str) {
        let base_url = account.running.base_url();
        let text = format!(
            "time_zone = \"America/Toronto\"\n[sources.{SOURCE}]\nkind = \"zendesk\"\nbase_url = \"{base_url}\"\n\
             auth = {{ {auth} }}\nbackoff = \"10ms\"\ntimeout = \"5s\"\n{more}\n"
        );
        self.write("trailhouse.toml", &text);
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        #[expect(clippy::disallowed_methods, reason = "a file of the test")]
        std::fs::write(self.folder.path().join(name), text).expect("a file is written");
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The binary in this home, with a clean environment and the token.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trailhouse"));
        command
            .env_clear()
            .env("HOME", self.folder.path())
            .env("ACME_TOKEN", TOKEN)
            .current_dir(self.folder.path())
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    #[must_use]
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        ended(&self.command(arguments).output().expect("the binary runs"))
    }

    /// Runs and insists on exit code 0.
    pub(crate) fn ok(&self, arguments: &[&str]) -> Ended {
        let ended = self.run(arguments);
        assert_eq!(ended.code, Some(0), "{arguments:?}\n{}{}", ended.stdout, ended.stderr);
        ended
    }

    /// Rows of a query, as JSON.
    pub(crate) fn query(&self, sql: &str) -> Vec<serde_json::Value> {
        let ended = self.ok(&["query", sql, "--format", "json"]);
        serde_json::from_str(&ended.stdout).expect("query writes a JSON array")
    }

    /// The one number a query gives.
    pub(crate) fn number(&self, sql: &str) -> i64 {
        let rows = self.query(sql);
        let row = rows.first().and_then(serde_json::Value::as_object).expect("one row");
        row.values()
            .next()
            .and_then(serde_json::Value::as_i64)
            .expect("one number")
    }

    /// Everything in the warehouse that depends on the records alone, in a fixed order.
    pub(crate) fn dump(&self) -> Vec<serde_json::Value> {
        let tables = [
            ("activity_logs", "source, stream, id, revision"),
            ("activity_logs_superseded", "source, stream, id, revision"),
            ("zendesk_audit_logs_revisions", "source, id, revision"),
            ("performers", "all"),
            ("resources", "all"),
            ("rejects", "source, stream, reason, stable_hash"),
            ("events", "source, stream, event_id"),
        ];
        let left_out = ["load", "run_id", "loaded_at", "page", "first_seen_at", "resolved_load"];
        let mut dump = Vec::new();
        for (table, order) in tables {
            let mut rows = self.query(&format!("select * from {table} order by {order}"));
            for row in &mut rows {
                let row = row.as_object_mut().expect("an object");
                left_out.iter().for_each(|name| drop(row.remove(*name)));
                row.insert("table".to_owned(), table.into());
            }
            dump.extend(rows);
        }
        dump
    }
}

pub(crate) fn ended(output: &Output) -> Ended {
    let ended = Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout.clone()).expect("stdout is UTF-8"),
        stderr: String::from_utf8(output.stderr.clone()).expect("stderr is UTF-8"),
    };
    assert!(
        !ended.stdout.contains(TOKEN) && !ended.stderr.contains(TOKEN),
        "the token is shown: {ended:?}"
    );
    ended
}

/// The JSON of a value, for messages of failed assertions.
pub(crate) fn short(value: &impl std::fmt::Debug) -> String {
    format!("{value:?}").chars().take(2_000).collect()
}
