//! `schedule`: what is due when, and the unit files of those who start programs by the clock.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};
use jiff::{Timestamp, Zoned};

use super::output::{Output, print};
use super::report::is_folder;
use super::{Cli, Context, DONE, Failure, daemon};
use crate::config::{Config, Environment, Kind, Scheduled};
use crate::schedule::line::{Step, quoted, steps};
use crate::schedule::units::{self, Call};
use crate::warehouse::{Cell, Grid, GridColumn};

/// Shows the schedule of the configuration
#[derive(Debug, Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "Examples:\n  trailhouse schedule show\n  trailhouse schedule show --cron"
)]
pub(super) struct ScheduleVerb {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Show(Show),
}

/// Lists the entries with their next times and commands, and prints the unit files for cron and systemd
///
/// Each entry is checked as if its command were typed now. Without an option all is printed; with --format or --output the
/// entries alone, with --cron or --systemd that text alone. Both start `trailhouse daemon --once`, or the daemon itself.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  trailhouse schedule show\n  trailhouse schedule show --format json")]
struct Show {
    /// Prints lines for `crontab -e`
    #[arg(long, conflicts_with_all = ["systemd", "format", "output"])]
    cron: bool,
    /// Prints unit files for /etc/systemd/system
    #[arg(long, conflicts_with_all = ["format", "output"])]
    systemd: bool,
    #[command(flatten)]
    output: Output,
}

const COLUMNS: [(&str, &str); 8] = [
    ("name", "VARCHAR"),
    ("cron", "VARCHAR"),
    ("zone", "VARCHAR"),
    ("next_at", "TIMESTAMP"),
    ("after_next_at", "TIMESTAMP"),
    ("last_finished_at", "TIMESTAMP"),
    ("last_exit_code", "BIGINT"),
    ("command", "VARCHAR"),
];

impl ScheduleVerb {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        let Verb::Show(show) = &self.verb;
        show.run(context)
    }
}

impl Show {
    fn run(&self, context: &Context) -> Result<u8, Failure> {
        let config = context.config()?;
        let now = Context::present();
        check(&config, now)?;
        if config.schedule.is_empty() {
            context
                .terminal
                .say("nothing is scheduled; add a [[schedule]] entry to the configuration");
        }
        if self.cron {
            print(&units::crontab(&config.schedule, &call(context, &config)?))?;
            return Ok(DONE);
        }
        if self.systemd {
            print(&units::systemd(&config.schedule, &call(context, &config)?))?;
            return Ok(DONE);
        }
        let grid = entries(context, &config, now);
        if self.output.format.is_some() || self.output.output.is_some() {
            self.output.grid(&grid)?;
            return Ok(DONE);
        }
        let table = Output {
            format: Some("table".to_owned()),
            output: None,
        };
        table.grid(&grid)?;
        if config.schedule.is_empty() {
            return Ok(DONE);
        }
        let call = call(context, &config)?;
        let (cron, systemd) = (
            units::crontab(&config.schedule, &call),
            units::systemd(&config.schedule, &call),
        );
        print(&format!(
            "\n# ---- for cron: lines for `crontab -e`\n\n{cron}\n\
             # ---- for systemd: files for /etc/systemd/system\n\n{systemd}"
        ))?;
        Ok(DONE)
    }
}

/// Checks each entry as its command line would be checked.
pub(super) fn check(config: &Config, now: Timestamp) -> Result<(), Failure> {
    for entry in &config.schedule {
        let fault = |what: &str| Failure::usage(format!("{}: {}: {what}", entry.place, entry.name));
        for step in steps_at(config, entry, &now.to_zoned(entry.timing.zone.clone())) {
            let words = step.arguments.iter().map(String::as_str);
            let line = quoted(["trailhouse"].into_iter().chain(words.clone()));
            let error = match Cli::try_parse_from(["trailhouse"].into_iter().chain(words)) {
                Ok(cli) => {
                    let refused = |failure: Failure| {
                        let hint = failure.hint.unwrap_or_else(|| format!("the entry means: {line}"));
                        fault(&failure.message).hinted(hint)
                    };
                    cli.check(config).map_err(refused)?;
                    continue;
                }
                Err(error) => error,
            };
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            let first = first.strip_prefix("error: ").unwrap_or(first);
            return Err(fault(first).hinted(format!("the entry means: {line}")));
        }
    }
    check_outputs(config, now)
}

/// Refuses two entries that write one file the next time they are due: the later would take the place of the earlier.
fn check_outputs(config: &Config, now: Timestamp) -> Result<(), Failure> {
    let mut written: BTreeMap<PathBuf, &str> = BTreeMap::new();
    for entry in &config.schedule {
        let steps = entry.timing.next(now).map(|due| steps_at(config, entry, &due));
        let files = steps.into_iter().flatten().flat_map(|step| step.output);
        for file in files.filter(|path| !is_folder(path)) {
            let told = format!(
                "{}: {}: {} is written by the entry",
                entry.place,
                entry.name,
                file.display()
            );
            if let Some(other) = written.insert(file, &entry.name).filter(|other| *other != entry.name) {
                let failure = Failure::usage(format!("{told} {other} too"));
                return Err(failure.hinted("give each a file of its own; {name} in it stands for the entry"));
            }
        }
    }
    Ok(())
}

/// What an entry runs when it is due. Where somebody wants to be told of findings, reports say by their exit code that they have
/// some, unless the entry says otherwise.
pub(super) fn steps_at(config: &Config, entry: &Scheduled, due: &Zoned) -> Vec<Step> {
    let kinds = || config.alerts.iter().flat_map(|alert| &alert.on);
    let fails = kinds().any(|kind| matches!(kind, Kind::Findings(_)));
    steps(entry, (due, &config.zone), fails)
}

fn entries(context: &Context, config: &Config, now: Timestamp) -> Grid {
    let memory = daemon::remembered(context, config);
    let row = |entry: &Scheduled| {
        let next = entry.timing.next(now);
        let after = next.as_ref().and_then(|next| entry.timing.next(next.timestamp()));
        let steps = next
            .as_ref()
            .map(|next| steps_at(config, entry, next))
            .unwrap_or_default();
        let lines = steps.iter().map(|step| {
            let words = step.arguments.iter().map(String::as_str);
            quoted(["trailhouse"].into_iter().chain(words))
        });
        let last = memory.entries.get(&entry.name).and_then(|record| record.last.as_ref());
        let time = |at: Option<Timestamp>| at.map_or(Cell::Null, |at| Cell::Timestamp(at.as_microsecond()));
        let text = |text: &str| Cell::Text(text.to_owned());
        vec![
            text(&entry.name),
            text(&entry.timing.cron),
            text(&entry.timing.zone_name),
            time(next.map(|at| at.timestamp())),
            time(after.map(|at| at.timestamp())),
            time(last.map(|run| run.finished_at)),
            last.map_or(Cell::Null, |run| Cell::Integer(run.exit_code.into())),
            Cell::Text(lines.collect::<Vec<_>>().join("; ")),
        ]
    };
    let columns = COLUMNS.map(|(name, kind)| GridColumn {
        name: name.to_owned(),
        kind: kind.to_owned(),
    });
    Grid {
        columns: columns.to_vec(),
        rows: config.schedule.iter().map(row).collect(),
    }
}

/// How another program starts this one: nothing in it depends on where it stands.
fn call(context: &Context, config: &Config) -> Result<Call, Failure> {
    let absolute = |path: &Path| std::path::absolute(path).map(|path| path.display().to_string());
    let file = config.file.as_deref().map(absolute).transpose()?;
    let mut options: Vec<String> = Vec::new();
    if let Some(file) = &file {
        options.extend(["--config".to_owned(), file.clone()]);
    }
    if context.flags.dir.is_some() {
        options.extend(["--dir".to_owned(), absolute(&config.dir)?]);
    }
    let folder = match file.as_deref().map(Path::new).and_then(Path::parent) {
        Some(folder) => folder.display().to_string(),
        None => absolute(Path::new("."))?,
    };
    Ok(Call {
        program: Environment::program()?.display().to_string(),
        options,
        folder,
        user: context.user(),
    })
}
