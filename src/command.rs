//! The command line: what may be typed, which verb it means, what a user is told, and with which code it ends. The only
//! module that reads the clock and writes to the terminal; each verb has a file of its own below.

mod alert;
mod backfill;
mod compact;
mod completions;
mod daemon;
mod demo;
mod describe;
mod evidence;
mod failure;
mod import;
mod init;
mod ledger;
mod loading;
mod output;
mod probe;
mod purge;
mod query;
mod rebuild;
mod reconcile;
mod rejects;
mod report;
mod schedule;
mod show;
mod simulate;
mod standing;
mod status;
mod sync;
mod terminal;
mod verify;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

use crate::config::{self, Config, Environment, Flags};
use crate::lake::Home;
use crate::schema::Micros;
pub use failure::Failure;
use terminal::Terminal;

/// Exit codes; of several that apply the first listed wins.
pub const USAGE: u8 = 2;
pub const FAILED: u8 = 1;
pub const NEEDS_A_LOOK: u8 = 3;
pub const DONE: u8 = 0;

/// Pulls audit trails from SaaS APIs, keeps them for ever as Parquet with a hash-chained ledger, and serves them as a DuckDB
/// warehouse with reports.
#[derive(Debug, Parser)]
#[command(
    name = "trailhouse",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
#[command(after_help = "Examples:\n  trailhouse demo\n  trailhouse init")]
struct Cli {
    /// The configuration [default: ./trailhouse.toml, then the user's configuration directory]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The home directory with lake and warehouse [default: `dir` of the configuration, else ./data]
    #[arg(long, global = true, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// How messages are written to stderr
    #[arg(long, global = true, value_enum, default_value_t = Log::Text)]
    log: Log,
    /// Says more on stderr; twice for every request
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Says only what failed
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    #[command(subcommand)]
    verb: Verb,
}

impl Cli {
    /// Refuses of what a schedule may run whatever can be refused before it is due.
    fn check(&self, config: &Config) -> Result<(), Failure> {
        match &self.verb {
            Verb::Sync(sync) => sync.check(config),
            Verb::Report(report) => report.check(config),
            Verb::Evidence(evidence) => evidence.check(config),
            _ => Ok(()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Log {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Demo(demo::Demo),
    Init(init::Init),
    Probe(probe::Probe),
    Sync(sync::Sync),
    Import(import::Import),
    Status(status::Status),
    Query(query::Query),
    Show(show::Show),
    Report(report::ReportVerb),
    Evidence(evidence::EvidenceVerb),
    Verify(verify::Verify),
    Ledger(ledger::LedgerVerb),
    Reconcile(reconcile::Reconcile),
    Compact(compact::Compact),
    Rebuild(rebuild::Rebuild),
    Purge(purge::Purge),
    Rejects(rejects::RejectsVerb),
    BackfillColumns(backfill::BackfillColumns),
    Daemon(daemon::Daemon),
    Schedule(schedule::ScheduleVerb),
    Alert(alert::AlertVerb),
    Describe(describe::Describe),
    Simulate(simulate::Simulate),
    Completions(completions::Completions),
}

/// What every verb is given.
struct Context {
    environment: Environment,
    flags: Flags,
    terminal: Terminal,
    /// How the program was called.
    program: String,
}

impl Context {
    /// The configuration; also opens the home to the group where that is configured.
    fn config(&self) -> Result<Config, Failure> {
        let config = config::load(&self.flags, &self.environment)?;
        if config.share_group {
            rustix::process::umask(rustix::fs::Mode::from_bits_retain(0o027));
        }
        Ok(config)
    }

    #[expect(clippy::disallowed_methods, reason = "the clock is read here and passed on")]
    fn now() -> Micros {
        jiff::Timestamp::now().as_microsecond()
    }

    /// The same, for who counts with calendars.
    fn present() -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(Self::now()).unwrap_or_default()
    }

    /// Who runs the program: by the system's list of users, else by the environment.
    fn user(&self) -> String {
        let uid = rustix::process::getuid().as_raw().to_string();
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let mut fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let user = fields.find(|fields| fields.get(2) == Some(&uid.as_str()));
        let known = user.and_then(|fields| fields.first().map(|name| (*name).to_owned()));
        let told = || self.environment.get("USER").and_then(|name| name.to_str());
        known.unwrap_or_else(|| told().map_or_else(|| format!("uid {uid}"), str::to_owned))
    }
}

/// Runs the command line and returns its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let program = arguments
        .first()
        .map_or("trailhouse".into(), |name| name.to_string_lossy().into_owned());
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return terminal::usage(&error),
    };
    let environment = Environment::of_process();
    daemon::job::end_with_daemon(&environment);
    let terminal = Terminal::new(cli.log == Log::Json, cli.verbose, cli.quiet);
    if let Some(step) = environment
        .get("TRAILHOUSE_KILL_AT_STEP")
        .and_then(|step| step.to_str()?.parse().ok())
    {
        crate::atomic::steps::kill_at(step);
    }
    let flags = Flags {
        config: cli.config,
        dir: cli.dir,
    };
    let context = Context {
        environment,
        flags,
        terminal,
        program,
    };
    let ended = match cli.verb {
        Verb::Demo(_) => demo::Demo::run(&context),
        Verb::Init(_) => init::Init::run(&context),
        Verb::Probe(verb) => verb.run(&context),
        Verb::Sync(verb) => verb.run(&context),
        Verb::Import(verb) => verb.run(&context),
        Verb::Status(verb) => verb.run(&context),
        Verb::Query(verb) => verb.run(&context),
        Verb::Show(verb) => verb.run(&context),
        Verb::Report(verb) => verb.run(&context),
        Verb::Evidence(verb) => verb.run(&context),
        Verb::Verify(verb) => verb.run(&context),
        Verb::Ledger(verb) => verb.run(&context),
        Verb::Reconcile(verb) => verb.run(&context),
        Verb::Compact(verb) => verb.run(&context),
        Verb::Rebuild(verb) => verb.run(&context),
        Verb::Purge(verb) => verb.run(&context),
        Verb::Rejects(verb) => verb.run(&context),
        Verb::BackfillColumns(verb) => verb.run(&context),
        Verb::Daemon(verb) => verb.run(&context),
        Verb::Schedule(verb) => verb.run(&context),
        Verb::Alert(verb) => verb.run(&context),
        Verb::Describe(verb) => verb.run(&context),
        Verb::Simulate(verb) => verb.run(&context),
        Verb::Completions(verb) => verb.run(&context),
    };
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            context.terminal.fail(&failure);
            ExitCode::from(failure.code)
        }
    }
}

/// The command line as clap knows it, for completions.
fn command_line() -> clap::Command {
    Cli::command()
}

/// Threads that wait for a disk. Each thread keeps memory of its own, so that few of them keep the program small.
const BLOCKING_THREADS: usize = 4;

/// Runs what waits for a network or a disk.
fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| Failure::failed(format!("no threads can be started: {error}")))?;
    let ended = runtime.block_on(future);
    runtime.shutdown_background();
    ended
}

/// Insists on a lake to read; one that may not be looked at is not called missing.
fn require_lake(home: &Home) -> Result<(), Failure> {
    let path = home.lake();
    match std::fs::metadata(&path) {
        Ok(found) if found.is_dir() => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            let failure = Failure {
                code: USAGE,
                ..Failure::failed(format!("{}: {error}", path.display()))
            };
            Err(failure.hinted("run it as the owner of the home, or share the home with `share = \"group\"`"))
        }
        _ => {
            let failure = Failure::usage(format!("{}: there is no lake", path.display()));
            Err(failure.hinted("name the home directory with --dir, or run `trailhouse sync` first"))
        }
    }
}

fn home(config: &Config) -> Home {
    Home::at(&config.dir)
}
