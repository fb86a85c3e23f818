//! The one who keeps a schedule: looks at the clock, runs the job that is due, remembers it, tells of it. Apart from the command
//! line, which only says where and for how long.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use sd_notify::NotifyState;
use serde_json::json;
use tokio::time::Instant;

use super::super::alert::Messengers;
use super::super::{Context, DONE, FAILED, Failure, schedule};
use super::job::{self, Ended, Starter};
use super::kept::{self, Kept};
use super::metrics::{self, Seen, Shared};
use super::stop::Stop;
use crate::alert::Event;
use crate::atomic::place;
use crate::config::{Config, Scheduled};
use crate::schedule::{Begun, Due, Run, first_due};

/// The clock is looked at so often, for it may jump, and the machine may sleep.
const STEP: Duration = Duration::from_secs(1);
/// How often the streams are looked at where nothing else happens.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);
/// At the end, how long messages on the way may take.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// Who stops this process may stop its command as well, and the command may be seen to end first.
const SAME_SIGNAL: Duration = Duration::from_millis(300);

/// The one who keeps the schedule.
pub(super) struct Keeper<'a> {
    pub(super) context: &'a Context,
    pub(super) config: &'a Config,
    starter: Starter,
    pub(super) kept: Kept,
    pub(super) messengers: Messengers<'a>,
    pub(super) seen: Shared,
    pub(super) metrics_file: Option<PathBuf>,
    stop: Stop,
    /// What the commands of the running job are events of.
    pub(super) events: Vec<Event>,
}

/// Exit codes of what a signal has ended.
const KILLED: i32 = 137;
const INTERRUPTED: i32 = 130;
const TERMINATED: i32 = 143;

/// Why a command was asked to end.
enum Cut {
    Stopped,
    Late,
}

/// What became of a job.
enum Outcome {
    Ended(i32),
    Stopped,
}

impl<'a> Keeper<'a> {
    pub(super) fn new(context: &'a Context, config: &'a Config, messengers: Messengers<'a>) -> Result<Self, Failure> {
        let kept = Kept::open(context, config, Context::present())?;
        Ok(Self {
            starter: Starter::new(context)?,
            context,
            config,
            kept,
            messengers,
            seen: Arc::new(Mutex::new(Seen::default())),
            metrics_file: None,
            stop: Stop::new()?,
            events: Vec::new(),
        })
    }

    pub(super) fn seen(&self) -> Shared {
        Arc::clone(&self.seen)
    }

    pub(super) async fn keep(&mut self, is_once: bool) -> u8 {
        self.greet(is_once);
        self.look_at_streams().await;
        let mut looked_at = Context::present();
        let mut open: Vec<Scheduled> = self.config.schedule.clone();
        let mut codes = BTreeSet::new();
        let mut is_stopped = false;
        loop {
            notify(NotifyState::Watchdog);
            self.tell();
            let now = Context::present();
            if self.kept.look(now) {
                self.context
                    .terminal
                    .warn("the clock was put back; what has run does not run again");
            }
            if let Some((entry, due)) = first_due(&open, &self.kept.memory.entries, now) {
                let (entry, due) = (entry.clone(), due);
                match self.run(&entry, &due).await {
                    Outcome::Ended(code) => drop(codes.insert(code)),
                    Outcome::Stopped => {
                        is_stopped = true;
                        break;
                    }
                }
                self.look_at_streams().await;
                looked_at = Context::present();
                if is_once {
                    open.retain(|other| other.name != entry.name);
                }
                continue;
            }
            if is_once {
                break;
            }
            if now.duration_since(looked_at).unsigned_abs() >= LOOK_EVERY {
                self.look_at_streams().await;
                looked_at = now;
            }
            tokio::select! {
                () = tokio::time::sleep(self.until_next(now)) => {}
                () = self.stop.asked() => break,
            }
        }
        self.part(is_once && !is_stopped).await;
        if is_once && !is_stopped {
            job::worst(&codes)
        } else {
            DONE
        }
    }

    fn greet(&mut self, is_once: bool) {
        let now = Context::present();
        for entry in &self.config.schedule {
            let record = self.kept.memory.entries.get_mut(&entry.name);
            let killed = record.and_then(|record| Some((record.running.take()?, record.due(&entry.timing, now))));
            if let Some((begun, due)) = killed {
                let again = if due.is_some() { ", and runs again" } else { "" };
                let message = format!("was at work since {} when its daemon was killed", begun.started_at);
                let text = format!("{}: {message}{again}", entry.name);
                self.context.terminal.warn(&text);
                self.events.push(Event::Failure {
                    job: entry.name.clone(),
                    exit_code: KILLED,
                    message,
                });
            }
            if !is_once && let Some(next) = entry.timing.next(now) {
                self.context
                    .terminal
                    .say(&format!("{}: due next at {}", entry.name, next.timestamp()));
            }
        }
        if !self.events.is_empty() {
            self.note_events();
            self.remembered(self.kept.write());
        }
        notify(NotifyState::Ready);
    }

    async fn part(&mut self, is_once: bool) {
        notify(NotifyState::Stopping);
        let telling = self.messengers.finish(&mut self.kept.memory.waiting);
        if is_once {
            telling.await;
        } else {
            self.context.terminal.say("stopping");
            // What has not arrived by then waits for the next start.
            drop(tokio::time::timeout(LAST_WORDS, telling).await);
        }
        self.remembered(self.kept.write());
        self.show();
    }

    fn until_next(&self, now: Timestamp) -> Duration {
        let next = self
            .config
            .schedule
            .iter()
            .filter_map(|entry| entry.timing.next(now))
            .min();
        let until = next.and_then(|next| Duration::try_from(next.timestamp().duration_since(now)).ok());
        until.unwrap_or(STEP).clamp(Duration::from_millis(10), STEP)
    }

    /// Runs a job to its end, and tells of it.
    async fn run(&mut self, entry: &Scheduled, due: &Due) -> Outcome {
        let (name, due_at) = (&entry.name, due.at.timestamp());
        let terminal = &self.context.terminal;
        terminal.say(&format!("{name}: starts; it was due at {due_at}"));
        if due.missed > 0 {
            let times = match due.missed {
                1 => "one time".to_owned(),
                1_000 => "1000 times or more".to_owned(),
                missed => format!("{missed} times"),
            };
            terminal.warn(&format!(
                "{name}: was due {times} before and did not run; this run stands for all"
            ));
        }
        let started_at = Context::present();
        let begun = self.kept.begin(name, Begun { due_at, started_at });
        self.remembered(begun);
        let (worst, cut, is_whole) = self.steps(entry, due).await;
        let is_stopped = matches!(cut, Some(Cut::Stopped));
        let is_done = is_whole && worst.is_done();
        let run = Run {
            due_at,
            started_at,
            finished_at: Context::present(),
            exit_code: worst.exit_code,
            message: if worst.message.is_empty() {
                self.findings()
            } else {
                worst.message
            },
        };
        self.say(name, &run);
        let exit_code = run.exit_code;
        // A command that ended well although it was asked to stop is done.
        if is_stopped && !is_done {
            self.events.clear();
            let stopped = self.kept.stop(name, run);
            self.remembered(stopped);
            return Outcome::Stopped;
        }
        self.note_events();
        let settled = self.kept.settle(name, run);
        self.remembered(settled);
        if is_stopped {
            Outcome::Stopped
        } else {
            Outcome::Ended(exit_code)
        }
    }

    /// Runs the commands of a job: the end that counts, why they were cut short if they were, and whether all were run.
    async fn steps(&mut self, entry: &Scheduled, due: &Due) -> (Ended, Option<Cut>, bool) {
        let name = &entry.name;
        let mut worst = Ended {
            exit_code: 0,
            message: String::new(),
        };
        let end = Instant::now() + entry.time_limit;
        let mut cut = None;
        let late = || format!("took longer than its time_limit of {:?}", entry.time_limit);
        let mut is_whole = true;
        for step in schedule::steps_at(self.config, entry, &due.at) {
            if cut.is_some() {
                is_whole = false;
                break;
            }
            if let Err(error) = make_folders(&step.output) {
                self.judge(name, None, &error);
                worst = worst.or(error);
                continue;
            }
            let mut ended = self.command(name, &step.arguments, end, &mut cut).await;
            if matches!(cut, Some(Cut::Late)) && !ended.is_done() {
                ended.message = late();
            }
            self.judge(name, step.report.as_deref(), &ended);
            worst = worst.or(ended);
        }
        if matches!(cut, Some(Cut::Late)) && !is_whole && worst.is_done() {
            let ended = Ended {
                exit_code: i32::from(FAILED),
                message: late(),
            };
            self.judge(name, None, &ended);
            worst = worst.or(ended);
        }
        (worst, cut, is_whole)
    }

    /// Runs one command, and meanwhile tells the service manager that this process is alive.
    async fn command(&mut self, name: &str, arguments: &[String], end: Instant, cut: &mut Option<Cut>) -> Ended {
        let ended = {
            let stop = async {
                let why = tokio::select! {
                    () = self.stop.asked() => Cut::Stopped,
                    () = tokio::time::sleep_until(end) => Cut::Late,
                };
                *cut = Some(why);
                self.context.terminal.say(&format!("{name}: is stopped"));
            };
            let work = self.starter.run(self.context, name, arguments, stop);
            tokio::pin!(work);
            loop {
                tokio::select! {
                    ended = &mut work => break ended,
                    () = tokio::time::sleep(STEP) => {
                        notify(NotifyState::Watchdog);
                        if self.messengers.look(&mut self.kept.memory.waiting) {
                            kept::tell_of(self.context, self.kept.write());
                        }
                        self.messengers.send(&self.kept.memory.waiting);
                    }
                }
            }
        };
        let is_signalled = [INTERRUPTED, TERMINATED].contains(&ended.exit_code);
        if is_signalled && cut.is_none() && tokio::time::timeout(SAME_SIGNAL, self.stop.asked()).await.is_ok() {
            *cut = Some(Cut::Stopped);
        }
        ended
    }

    /// The one line of a job.
    fn say(&self, name: &str, run: &Run) {
        let level = match run.exit_code {
            0 => "info",
            3 => "warning",
            _ => "error",
        };
        let took = run.finished_at.duration_since(run.started_at).as_secs();
        let what = if run.message.is_empty() {
            String::new()
        } else {
            format!(": {}", run.message)
        };
        let text = format!("{name}: ended with exit code {} after {took} s{what}", run.exit_code);
        let more = json!({
            "name": name,
            "due_at": run.due_at,
            "started_at": run.started_at,
            "finished_at": run.finished_at,
            "exit_code": run.exit_code,
            "message": run.message,
        });
        if let serde_json::Value::Object(more) = more {
            self.context.terminal.event(level, &text, more);
        }
    }

    /// Brings the metrics up to date.
    pub(super) fn show(&mut self) {
        let page = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let records = &self.kept.memory.entries;
            let jobs = self.config.schedule.iter();
            seen.jobs = jobs
                .filter_map(|entry| Some((entry.clone(), records.get(&entry.name)?.clone())))
                .collect();
            (seen.alerts_sent, seen.alerts_failed) = (self.messengers.sent, self.messengers.failed);
            seen.page(Context::now())
        };
        if let Some(path) = &self.metrics_file
            && let Err(error) = metrics::write(path, &page)
        {
            let error = anyhow::Error::from(error);
            self.context.terminal.warn(&format!("--metrics-file: {error:#}"));
        }
    }
}

fn make_folders(output: &[PathBuf]) -> Result<(), Ended> {
    for folder in output.iter().filter_map(|path| path.parent()) {
        place::create_folder(folder).map_err(|error| Ended {
            exit_code: i32::from(FAILED),
            message: format!("{}: {error}", folder.display()),
        })?;
    }
    Ok(())
}

/// Tells the service manager, where there is one; that nobody listens changes nothing.
fn notify(state: NotifyState<'_>) {
    drop(sd_notify::notify(&[state]));
}
