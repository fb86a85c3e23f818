//! The one who keeps a schedule: looks at the clock, runs the job that is due, remembers it, tells of it. Apart from the command
//! line, which only says where and for how long.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use sd_notify::NotifyState;
use serde_json::json;

use super::super::alert::Messengers;
use super::super::{Context, DONE, FAILED, Failure, NEEDS_A_LOOK, schedule, standing};
use super::job::{self, Ended, Starter};
use super::kept::Kept;
use super::metrics::{self, Seen, Shared};
use super::stop::Stop;
use crate::alert::Event;
use crate::atomic::place;
use crate::config::{Config, Scheduled};
use crate::report;
use crate::schedule::{Begun, Due, Run, first_due};

/// The clock is looked at so often, for it may jump, and the machine may sleep.
const STEP: Duration = Duration::from_secs(1);
/// How often the streams are looked at where nothing else happens.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);
/// At the end, how long messages on the way may take.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// The one who keeps the schedule.
pub(super) struct Keeper<'a> {
    context: &'a Context,
    config: &'a Config,
    starter: Starter,
    kept: Kept,
    messengers: Messengers<'a>,
    seen: Shared,
    pub(super) metrics_file: Option<PathBuf>,
    stop: Stop,
    /// Events that nobody has been told of yet.
    events: Vec<Event>,
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

    pub(super) async fn keep(&mut self, is_once: bool) -> Result<u8, Failure> {
        self.greet(is_once);
        self.look_at_streams().await?;
        let mut looked_at = Context::present();
        let mut open: Vec<Scheduled> = self.config.schedule.clone();
        let mut codes = BTreeSet::new();
        let mut is_stopped = false;
        loop {
            notify(NotifyState::Watchdog);
            self.messengers.look();
            let now = Context::present();
            if self.kept.look(now) {
                self.context
                    .terminal
                    .warn("the clock was put back; what has run does not run again");
            }
            if let Some((entry, due)) = first_due(&open, &self.kept.memory.entries, now) {
                let (entry, due) = (entry.clone(), due);
                match self.run(&entry, &due).await? {
                    Outcome::Ended(code) => drop(codes.insert(code)),
                    Outcome::Stopped => {
                        is_stopped = true;
                        break;
                    }
                }
                self.look_at_streams().await?;
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
                self.look_at_streams().await?;
                looked_at = now;
            }
            tokio::select! {
                () = tokio::time::sleep(self.until_next(now)) => {}
                () = self.stop.asked() => break,
            }
        }
        self.part(is_once).await;
        Ok(if is_once && !is_stopped {
            job::worst(&codes)
        } else {
            DONE
        })
    }

    fn greet(&mut self, is_once: bool) {
        for entry in &self.config.schedule {
            let record = self.kept.memory.entries.get(&entry.name);
            if let Some(begun) = record.and_then(|record| record.running.as_ref()) {
                self.context.terminal.warn(&format!(
                    "{}: was at work since {} when its daemon was killed, and runs again",
                    entry.name, begun.started_at
                ));
            }
            if !is_once && let Some(next) = entry.timing.next(Context::present()) {
                self.context
                    .terminal
                    .say(&format!("{}: due next at {}", entry.name, next.timestamp()));
            }
        }
        notify(NotifyState::Ready);
    }

    async fn part(&mut self, is_once: bool) {
        notify(NotifyState::Stopping);
        if is_once {
            self.messengers.finish().await;
        } else {
            self.context.terminal.say("stopping");
            // What has not arrived by then is given up.
            drop(tokio::time::timeout(LAST_WORDS, self.messengers.finish()).await);
        }
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
    async fn run(&mut self, entry: &Scheduled, due: &Due) -> Result<Outcome, Failure> {
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
        self.kept.begin(name, Begun { due_at, started_at })?;
        let mut worst = Ended {
            exit_code: 0,
            message: String::new(),
        };
        let mut is_stopped = false;
        for step in schedule::steps_at(self.config, entry, &due.at) {
            if let Err(error) = make_folders(&step.output) {
                worst = worst.or(error);
                continue;
            }
            let ended = self.command(name, &step.arguments, &mut is_stopped).await;
            self.judge(name, step.report.as_deref(), &ended);
            worst = worst.or(ended);
            if is_stopped {
                break;
            }
        }
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
        if is_stopped && exit_code != 0 && exit_code != i32::from(NEEDS_A_LOOK) {
            self.events.clear();
            self.kept.stop(name, run)?;
            return Ok(Outcome::Stopped);
        }
        self.kept.settle(name, run)?;
        Ok(if is_stopped {
            Outcome::Stopped
        } else {
            Outcome::Ended(exit_code)
        })
    }

    /// Runs one command, and meanwhile tells the service manager that this process is alive.
    async fn command(&mut self, name: &str, arguments: &[String], is_stopped: &mut bool) -> Ended {
        let stop = async {
            self.stop.asked().await;
            *is_stopped = true;
            self.context.terminal.say(&format!("{name}: is stopped"));
        };
        let work = self.starter.run(self.context, name, arguments, stop);
        tokio::pin!(work);
        loop {
            tokio::select! {
                ended = &mut work => return ended,
                () = tokio::time::sleep(STEP) => {
                    notify(NotifyState::Watchdog);
                    self.messengers.look();
                }
            }
        }
    }

    /// What the end of a command is an event of.
    fn judge(&mut self, name: &str, report: Option<&str>, ended: &Ended) {
        let (job, message) = (name.to_owned(), ended.message.clone());
        let has_report_findings = report.filter(|_| ended.exit_code == i32::from(NEEDS_A_LOOK));
        if let Some(name) = has_report_findings {
            let found = report::find_own(&self.config.reports.directories, name);
            self.events.push(Event::Findings {
                job,
                report: name.to_owned(),
                severity: found.ok().and_then(|report| report.severity),
            });
        } else if ended.exit_code == i32::from(NEEDS_A_LOOK) {
            self.events.push(Event::Look { job, message });
        } else if ended.exit_code != 0 {
            self.events.push(Event::Failure {
                job,
                exit_code: ended.exit_code,
                message,
            });
        }
    }

    /// Which reports of the job have findings, in words; of one without, nothing.
    fn findings(&self) -> String {
        let reports = self.events.iter().filter_map(|event| match event {
            Event::Findings { report, .. } => Some(report.as_str()),
            _ => None,
        });
        let reports: Vec<&str> = reports.collect();
        if reports.is_empty() {
            return String::new();
        }
        format!("findings in {}", reports.join(", "))
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

    /// Looks at where the streams stand, tells what is new, and shows it all to those who measure.
    async fn look_at_streams(&mut self) -> Result<(), Failure> {
        let standings = match standing::read(self.config).await {
            Ok(standings) => standings,
            Err(failure) => {
                self.context
                    .terminal
                    .warn(&format!("the streams cannot be looked at: {}", failure.message));
                Vec::new()
            }
        };
        let now = Context::present();
        for standing in &standings {
            let new = self.kept.memory.told.new_gaps(&standing.name(), &standing.gaps());
            self.events.extend(new);
        }
        let alerts: Vec<_> = self.messengers.alerts().cloned().collect();
        for (place, alert) in alerts.iter().enumerate() {
            let mut events = self.events.clone();
            for standing in &standings {
                let Some(days) = standing.days_until_loss(now.as_microsecond()) else {
                    continue;
                };
                let stream = standing.name();
                if self.kept.memory.told.is_clock_due(alert, &stream, days, now) {
                    events.push(Event::Retention { stream, days });
                }
            }
            self.messengers.tell_one(place, &events);
        }
        self.events.clear();
        self.kept.write()?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.standings = standings;
        drop(seen);
        self.show();
        Ok(())
    }

    /// Brings the metrics up to date.
    fn show(&mut self) {
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
