//! `report`: the bundled reports, listed and run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::output::{Output, width};
use super::{Context, DONE, FAILED, Failure, USAGE, home, loading};
use crate::ledger::Head;
use crate::render::{self, Format};
use crate::report::{self, Circumstances, ReportError, ReportResult, Request};
use crate::sql;
use crate::warehouse::{Cell, Grid, GridColumn, Warehouse};

/// Lists and runs the bundled reports
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  trailhouse report list\n  trailhouse report run top_actors --from -30d")]
pub(super) struct ReportVerb {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists the reports and the question each answers
    #[command(after_help = "Examples:\n  trailhouse report list\n  trailhouse report list --format json")]
    List(List),
    /// Runs one or more reports
    #[command(
        after_help = "Examples:\n  trailhouse report run access_changes --period last-month\n  \
trailhouse report run activity_summary coverage --format table"
    )]
    Run(Run),
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
struct Run {
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
    /// The beginning, itself inside: RFC 3339, a date, or -90d [default: 90 days before the end]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    from: Option<String>,
    /// The end, itself outside [default: now]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    to: Option<String>,
    /// 2026-06, 2026-Q2, 2026, last-month or last-quarter
    #[arg(long, conflicts_with_all = ["from", "to"])]
    period: Option<String>,
    /// A value for a parameter of the report
    #[arg(long = "param", value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    /// How the report is written [default: by the extension of --output, else table on a terminal and csv into a pipe]
    #[arg(long, value_name = "table|csv|json")]
    format: Option<String>,
    /// Writes to a file, replaced as a whole; once for each report
    #[arg(long, value_name = "PATH")]
    output: Vec<PathBuf>,
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        let code = if matches!(error, ReportError::Warehouse(_)) {
            FAILED
        } else {
            USAGE
        };
        let hint = error.hint();
        Self {
            code,
            message: format!("{:#}", anyhow::Error::from(error)),
            hint,
        }
    }
}

impl ReportVerb {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        match &self.verb {
            Verb::List(list) => list.run(),
            Verb::Run(run) => run.run(context),
        }
    }
}

const LIST_COLUMNS: [&str; 7] = ["name", "title", "question", "grain", "params", "severity", "controls"];

impl List {
    fn run(&self) -> Result<u8, Failure> {
        let columns = LIST_COLUMNS
            .map(|name| GridColumn {
                name: name.to_owned(),
                kind: "VARCHAR".to_owned(),
            })
            .to_vec();
        let text = |text: &str| Cell::Text(text.to_owned());
        let row = |report: &sql::Report| {
            let params: Vec<String> = report.params.iter().map(|parameter| parameter.name.clone()).collect();
            vec![
                text(&report.name),
                text(&report.title),
                text(&report.question),
                text(&report.grain),
                Cell::Json(serde_json::json!(params)),
                report.severity.map_or(Cell::Null, |severity| text(severity.name())),
                Cell::Json(serde_json::json!(sql::controls(&report.name))),
            ]
        };
        self.output.grid(&Grid {
            columns,
            rows: sql::reports().iter().map(row).collect(),
        })?;
        Ok(DONE)
    }
}

impl Run {
    fn run(&self, context: &Context) -> Result<u8, Failure> {
        if !self.output.is_empty() && self.output.len() != self.names.len() {
            let message = format!(
                "{} reports and {} --output: give one for each",
                self.names.len(),
                self.output.len()
            );
            return Err(Failure::usage(message));
        }
        if self.names.len() > 1 && self.output.is_empty() && self.one().format()? != Format::Table {
            let message = format!(
                "{} reports in one stream of csv or json cannot be told apart",
                self.names.len()
            );
            return Err(Failure::usage(message).hinted("give an --output for each, or --format table"));
        }
        let reports = self
            .names
            .iter()
            .map(|name| report::find(name))
            .collect::<Result<Vec<_>, _>>()?;
        let config = context.config()?;
        let warehouse = Warehouse::open_read_only(&home(&config).warehouse())?;
        loading::tell_of_workplace(context, &config, &warehouse)?;
        let circumstances = Circumstances {
            now: Context::now(),
            zone: config.zone.clone(),
            ledger_head: ledger_head(&warehouse)?,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let request = self.request()?;
        for (index, report) in reports.into_iter().enumerate() {
            let result = report::run(&warehouse, report, &request, &circumstances)?;
            self.write(context, &result, self.output.get(index))?;
        }
        Ok(DONE)
    }

    /// Where a report without a file of its own goes.
    fn one(&self) -> Output {
        Output {
            format: self.format.clone(),
            output: None,
        }
    }

    fn request(&self) -> Result<Request, Failure> {
        let pair = |parameter: &String| {
            let pair = parameter
                .split_once('=')
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
            pair.ok_or_else(|| Failure::usage(format!("--param {parameter}: not of the form NAME=VALUE")))
        };
        Ok(Request {
            from: self.from.clone(),
            to: self.to.clone(),
            period: self.period.clone(),
            parameters: self.parameters.iter().map(pair).collect::<Result<_, _>>()?,
        })
    }

    fn write(&self, context: &Context, result: &ReportResult, path: Option<&PathBuf>) -> Result<(), Failure> {
        let output = Output {
            format: self.format.clone(),
            output: path.cloned(),
        };
        let format = output.format()?;
        let unwritable = |error: render::RenderError| Failure::failed(error.to_string());
        output.text(&render::report(result, format, width()).map_err(unwritable)?)?;
        if format == Format::Csv {
            let about = render::about(result).map_err(unwritable)?;
            match path {
                Some(path) => Output {
                    format: None,
                    output: Some(beside(path)),
                }
                .text(&about)?,
                None => context.terminal.say(&about),
            }
        }
        Ok(())
    }
}

/// `<output>.about.json`: what a report whose body is rows only says about itself.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".about.json");
    PathBuf::from(name)
}

/// The entry the warehouse has followed to, as it names it itself.
fn ledger_head(warehouse: &Warehouse) -> Result<Option<Head>, Failure> {
    let sequence = warehouse.following()?.sequence;
    let newest = [("sequence".to_owned(), Some(sequence.to_string()))];
    let grid = warehouse.query(
        "select entry_sha256 from loads where load = cast($sequence as bigint) limit 1",
        &newest,
    )?;
    Ok(grid
        .rows
        .first()
        .and_then(|row| row.first())
        .and_then(|cell| match cell {
            Cell::Text(sha256) => Some(Head {
                sequence,
                sha256: sha256.clone(),
            }),
            _ => None,
        }))
}
