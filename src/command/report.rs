//! `report`: reports, the bundled ones and the user's own, listed, shown, checked and run.

mod list;
mod places;
mod run;

use clap::{Args, Subcommand};

pub(super) use places::is_folder;

use super::{Context, FAILED, Failure, USAGE, home};
use crate::config::{Config, Reports};
use crate::ledger::Head;
use crate::render::visible;
use crate::report::{self, Circumstances, Exceptions, ReportError};
use crate::sql;
use crate::warehouse::{Cell, Warehouse};

/// Lists, shows, checks and runs reports, the bundled ones and your own
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  trailhouse report list\n  trailhouse report run top_actors --from -30d")]
pub(super) struct ReportVerb {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists the reports and the question each answers
    #[command(
        after_help = "Examples:\n  trailhouse report list\n  trailhouse report list --framework soc2 --format json"
    )]
    List(list::List),
    /// Shows what a report is: its header, its parameters, the controls it is evidence for, its SQL
    #[command(after_help = "Examples:\n  trailhouse report show top_actors\n  trailhouse report show coverage")]
    Show(list::Show),
    /// Runs one or more reports, or all of a framework
    #[command(
        after_help = "Examples:\n  trailhouse report run access_changes --period last-month\n  \
trailhouse report run activity_summary coverage --format table"
    )]
    Run(run::Run),
    /// Says what is wrong with a report of your own
    ///
    /// Such a report is a SQL file with the header of the bundled ones. Without files, all of the folders that `[reports]
    /// directories` of the configuration names are checked.
    #[command(after_help = "Examples:\n  trailhouse report check\n  trailhouse --dir data report check")]
    Check(list::Check),
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        let has_failed = matches!(
            error,
            ReportError::Warehouse(_) | ReportError::Sink(_) | ReportError::TimeLimit { .. }
        );
        let hint = error.hint();
        Self {
            code: if has_failed { FAILED } else { USAGE },
            message: format!("{:#}", anyhow::Error::from(error)),
            hint,
        }
    }
}

impl ReportVerb {
    /// Refuses what can be refused before it is due.
    pub(super) fn check(&self, config: &Config) -> Result<(), Failure> {
        match &self.verb {
            Verb::Run(run) => run.check(config),
            Verb::List(_) | Verb::Show(_) | Verb::Check(_) => Ok(()),
        }
    }

    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        match &self.verb {
            Verb::List(list) => list.run(context),
            Verb::Show(show) => show.run(context),
            Verb::Run(run) => run.run(context),
            Verb::Check(check) => check.run(context),
        }
    }
}

/// Opens the warehouse to be read.
fn warehouse(config: &Config) -> Result<Warehouse, Failure> {
    Ok(Warehouse::open_read_only(&home(config).warehouse())?)
}

/// What every report of one command is made under.
pub(super) fn circumstances(
    context: &Context,
    config: &Config,
    warehouse: &Warehouse,
) -> Result<Circumstances, Failure> {
    Ok(Circumstances {
        now: Context::now(),
        zone: config.zone.clone(),
        ledger_head: ledger_head(warehouse)?,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        exceptions: exceptions(context, config)?,
        sources: config.sources.iter().map(|source| source.name.clone()).collect(),
    })
}

/// The accepted findings; tells of those that are of no report.
fn exceptions(context: &Context, config: &Config) -> Result<Exceptions, Failure> {
    let Reports {
        exceptions: Some(path),
        has_named_exceptions,
        directories,
    } = &config.reports
    else {
        return Ok(Exceptions::default());
    };
    let read = Exceptions::read(path, *has_named_exceptions);
    let exceptions = read.map_err(|error| Failure::usage(error.to_string()).hinted(error.hint()))?;
    // Where a folder cannot be read, nobody knows which reports there are; who asks for one of them is told.
    let Ok(own) = report::own_reports(directories) else {
        return Ok(exceptions);
    };
    let is_own = |name: &str| own.iter().any(|file| file.file_stem().is_some_and(|stem| stem == name));
    for name in exceptions.reports() {
        if sql::report(name).is_none() && !is_own(name) {
            let told = format!(
                "{}: no report is called `{name}`; what is accepted of it does nothing",
                path.display()
            );
            context.terminal.warn(&visible(&told));
        }
    }
    Ok(exceptions)
}

/// The entry the warehouse has followed to, as it names it itself.
pub(super) fn ledger_head(warehouse: &Warehouse) -> Result<Option<Head>, Failure> {
    let sequence = warehouse.following()?.sequence;
    let newest = [("sequence".to_owned(), Some(sequence.to_string()))];
    let grid = warehouse.query(
        "select entry_sha256 from loads where load = cast($sequence as bigint) limit 1",
        &newest,
    )?;
    let cell = grid.rows.first().and_then(|row| row.first());
    Ok(cell.and_then(|cell| match cell {
        Cell::Text(sha256) => Some(Head {
            sequence,
            sha256: sha256.clone(),
        }),
        _ => None,
    }))
}

/// Refuses a framework that `controls.csv` does not name.
pub(super) fn check_framework(framework: &str) -> Result<(), Failure> {
    let known = sql::frameworks();
    if known.contains(&framework) {
        return Ok(());
    }
    Err(Failure::usage(format!("unknown framework `{framework}`")).hinted(format!("known are {}", known.join(", "))))
}
