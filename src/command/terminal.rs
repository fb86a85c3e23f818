//! What is written to stderr: messages, failures with their hints, and progress. Text from services never reaches a terminal
//! unescaped.

use std::io::{IsTerminal, Write, stderr};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use serde_json::json;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::{Context, Failure, USAGE};
use crate::load::Progress;
use crate::render::visible;
use crate::schema::format_time;

/// How often a plain progress line is written.
const LINE_EVERY: Duration = Duration::from_secs(10);

pub(super) struct Terminal {
    is_json: bool,
    is_quiet: bool,
}

impl Terminal {
    /// Also starts the log of the inner modules.
    pub(super) fn new(is_json: bool, verbose: u8, is_quiet: bool) -> Self {
        let level = match (is_quiet, verbose) {
            (true, _) => LevelFilter::ERROR,
            (false, 0) => LevelFilter::WARN,
            (false, 1) => LevelFilter::INFO,
            (false, _) => LevelFilter::DEBUG,
        };
        let targets = Targets::new().with_target("trailhouse", level);
        let registry = tracing_subscriber::registry().with(targets);
        let layer = tracing_subscriber::fmt::layer().with_writer(stderr).with_target(false);
        let started = if is_json {
            registry.with(layer.json()).try_init()
        } else {
            registry
                .with(layer.without_time().with_ansi(stderr().is_terminal()))
                .try_init()
        };
        // A second start in one process, as in tests, keeps the first log.
        drop(started);
        Self { is_json, is_quiet }
    }

    /// Something good to know.
    pub(super) fn say(&self, message: &str) {
        if !self.is_quiet {
            self.write("info", message, None);
        }
    }

    pub(super) fn warn(&self, message: &str) {
        self.write("warning", message, None);
    }

    pub(super) fn fail(&self, failure: &Failure) {
        self.write("error", &failure.message, failure.hint.as_deref());
    }

    pub(super) fn error(&self, message: &str, hint: &str) {
        self.write("error", message, Some(hint));
    }

    /// Something that has happened, with more about it than its text says; only a log in JSON shows that.
    pub(super) fn event(&self, level: &str, message: &str, more: serde_json::Map<String, serde_json::Value>) {
        if self.is_quiet && level == "info" {
            return;
        }
        if !self.is_json {
            return self.write(level, message, None);
        }
        let mut line = json!({"at": format_time(Context::now()), "level": level, "message": message});
        more.into_iter().for_each(|(name, value)| line[name] = value);
        // Nobody is left to be told that stderr is closed.
        drop(stderr().write_all(format!("{line}\n").as_bytes()));
    }

    fn write(&self, level: &str, message: &str, hint: Option<&str>) {
        let text = if self.is_json {
            let at = format_time(Context::now());
            let line = match hint {
                Some(hint) => json!({"at": at, "level": level, "message": message, "hint": hint}),
                None => json!({"at": at, "level": level, "message": message}),
            };
            format!("{line}\n")
        } else {
            let level = if level == "info" {
                String::new()
            } else {
                format!("{level}: ")
            };
            let lines: Vec<String> = message.lines().map(visible).collect();
            let hint = hint
                .map(|hint| format!("hint: {}\n", visible(hint)))
                .unwrap_or_default();
            format!("{level}{}\n{hint}", lines.join("\n"))
        };
        // Nobody is left to be told that stderr is closed.
        drop(stderr().write_all(text.as_bytes()));
    }

    /// A teller of progress: a bar on a terminal, else a line now and then.
    pub(super) fn progress(&self) -> Teller<'_> {
        let is_bar = stderr().is_terminal() && !self.is_json && !self.is_quiet;
        let bar = is_bar.then(|| ProgressBar::new_spinner().with_style(spinner()));
        Teller {
            terminal: self,
            bar,
            state: Mutex::new(Told::default()),
        }
    }
}

pub(super) struct Teller<'a> {
    terminal: &'a Terminal,
    bar: Option<ProgressBar>,
    state: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    name: String,
    begun: Option<Instant>,
    last_line: Option<Instant>,
}

impl Teller<'_> {
    pub(super) fn tell(&self, progress: &Progress) {
        let Ok(mut told) = self.state.lock() else { return };
        if told.name != progress.name {
            *told = Told {
                name: progress.name.clone(),
                begun: Some(Instant::now()),
                last_line: Some(Instant::now()),
            };
        }
        let seconds = told.begun.map_or(0.0, |begun| begun.elapsed().as_secs_f64());
        if let Some(bar) = &self.bar {
            bar.set_message(line(progress, seconds));
            bar.tick();
        } else if told.last_line.is_some_and(|last| last.elapsed() >= LINE_EVERY) {
            told.last_line = Some(Instant::now());
            self.terminal.say(&line(progress, seconds));
        }
    }

    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// Pages, rows, rows per second, and how long it may still take.
#[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
fn line(progress: &Progress, seconds: f64) -> String {
    let rate = if seconds > 0.0 {
        progress.rows as f64 / seconds
    } else {
        0.0
    };
    let rest = progress
        .expected
        .filter(|_| rate > 0.0)
        .map(|expected| expected.saturating_sub(progress.rows) as f64 / rate);
    let of = progress
        .expected
        .map(|expected| format!(" of {}", HumanCount(expected)))
        .unwrap_or_default();
    let left = rest
        .map(|seconds| format!(", about {seconds:.0} s left"))
        .unwrap_or_default();
    let (pages, rows) = (HumanCount(progress.pages), HumanCount(progress.rows));
    format!(
        "{}: {pages} pages, {rows}{of} rows, {rate:.0} rows/s{left}",
        progress.name
    )
}

/// clap's own words: help and version go to stdout with code 0.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    // Nobody is left to be told that the terminal is closed.
    drop(error.print());
    if error.use_stderr() {
        ExitCode::from(USAGE)
    } else {
        ExitCode::SUCCESS
    }
}
