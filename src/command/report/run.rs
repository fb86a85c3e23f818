//! `report run`: one query for each report, and as many outputs as are asked for.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::super::output::{Place, is_closed, refuse_configured};
use super::super::{Context, DONE, Failure, NEEDS_A_LOOK, loading};
use super::places::{Target, beside, make_folders, targets};
use super::{check_framework, circumstances, warehouse};
use crate::config::Config;
use crate::render::{self, Format};
use crate::report::{self, About, Circumstances, Draw, ReportError, Request, Sink};
use crate::sql::{self, Report, Severity};
use crate::warehouse::Warehouse;

/// For a report of the user's, unless another is asked for.
const TIME_LIMIT: Duration = Duration::from_secs(60);

#[derive(Debug, Args)]
pub(super) struct Run {
    #[arg(value_name = "NAME", required_unless_present = "framework")]
    names: Vec<String>,
    /// All reports that give evidence for this framework: soc2, iso27001, hipaa, gdpr, nist80053 or pcidss
    #[arg(long, conflicts_with = "names")]
    framework: Option<String>,
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
    /// How the report is written: table, csv, json, ndjson, markdown, parquet, html or xlsx [default: by the extension of
    /// --output, else table on a terminal and csv into a pipe; html into a folder]
    #[arg(long)]
    format: Option<String>,
    /// Writes to a file, replaced as a whole; more than one writes the report in several formats. Of several reports each
    /// goes to the folder named (a path that ends in /), to the path with its name for {report}, or to one file each in
    /// their order
    #[arg(long, value_name = "PATH")]
    output: Vec<PathBuf>,
    /// Leaves out findings that exceptions.csv accepts
    #[arg(long)]
    new: bool,
    /// Ends with code 3 where there are findings of this severity or above that are not accepted [default: low]
    #[arg(long, value_name = "SEVERITY", num_args = 0..=1, default_missing_value = "low")]
    fail_on_findings: Option<Least>,
    /// Draws so many rows by lot
    #[arg(long, value_name = "ROWS")]
    sample: Option<NonZeroUsize>,
    /// Draws the same sample as before; without it a new one is drawn, and its seed told
    #[arg(long, value_name = "NUMBER", requires = "sample")]
    sample_seed: Option<u64>,
    /// How many seconds a report may take [default: 60 for your own, no limit for the bundled]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    time_limit: Option<u64>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Least {
    Low,
    Medium,
    High,
}

impl From<Least> for Severity {
    fn from(least: Least) -> Self {
        match least {
            Least::Low => Self::Low,
            Least::Medium => Self::Medium,
            Least::High => Self::High,
        }
    }
}

impl Run {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        let config = context.config()?;
        let (reports, request) = (self.asked(&config)?, self.request()?);
        let warehouse = warehouse(&config)?;
        loading::tell_of_workplace(context, &config, &warehouse)?;
        let circumstances = circumstances(context, &config, &warehouse)?;
        make_folders(&self.output)?;
        let mut code = DONE;
        for (report, targets) in &reports {
            let request = Request {
                time_limit: request.time_limit.or(report.file.as_ref().map(|_| TIME_LIMIT)),
                ..request.clone()
            };
            let Some(about) = write(&warehouse, report, &request, &circumstances, targets)? else {
                continue;
            };
            for target in targets.iter().filter(|target| target.format.is_rows_only()) {
                if target.path.is_none() {
                    context.terminal.say(&about_text(&about)?);
                }
            }
            let least = self.fail_on_findings.map(Severity::from);
            let findings = about.findings.zip(least);
            if findings.is_some_and(|(findings, least)| findings.fail(least)) {
                code = NEEDS_A_LOOK;
            }
        }
        Ok(code)
    }

    /// Refuses what can be refused without a warehouse.
    pub(super) fn check(&self, config: &Config) -> Result<(), Failure> {
        let (reports, request) = (self.asked(config)?, self.request()?);
        let check = |(report, _): &(Report, _)| report::check_request(report, &request, Context::now(), &config.zone);
        Ok(reports.iter().try_for_each(check)?)
    }

    /// Which reports are asked for, and where each goes.
    fn asked(&self, config: &Config) -> Result<Vec<(Report, Vec<Target>)>, Failure> {
        let reports = match &self.framework {
            Some(framework) => of_framework(framework)?,
            None => {
                let find = |name: &String| report::find_own(&config.reports.directories, name);
                self.names.iter().map(find).collect::<Result<Vec<_>, _>>()?
            }
        };
        let names: Vec<&str> = reports.iter().map(|report| report.name.as_str()).collect();
        let targets = targets(&names, &self.output, self.format.as_deref())?;
        for path in targets.iter().flatten().flat_map(Target::files) {
            refuse_configured(config, &path)?;
        }
        Ok(reports.into_iter().zip(targets).collect())
    }

    fn request(&self) -> Result<Request, Failure> {
        let pair = |parameter: &String| {
            let pair = parameter
                .split_once('=')
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
            pair.ok_or_else(|| Failure::usage(format!("--param {parameter}: not of the form NAME=VALUE")))
        };
        let seed = || self.sample_seed.unwrap_or_else(|| Context::now().unsigned_abs());
        Ok(Request {
            from: self.from.clone(),
            to: self.to.clone(),
            period: self.period.clone(),
            parameters: self.parameters.iter().map(pair).collect::<Result<_, _>>()?,
            new_only: self.new,
            draw: self.sample.map(|rows| Draw {
                rows: rows.get(),
                seed: seed(),
            }),
            time_limit: self.time_limit.map(Duration::from_secs),
        })
    }
}

/// The reports that give evidence for a framework.
fn of_framework(framework: &str) -> Result<Vec<Report>, Failure> {
    check_framework(framework)?;
    let reports = sql::reports_of(framework).into_iter();
    Ok(reports.cloned().collect())
}

/// Runs a report into its targets, which are replaced all together at the end; nothing where the reader of stdout has gone.
fn write(
    warehouse: &Warehouse,
    report: &Report,
    request: &Request,
    circumstances: &Circumstances,
    targets: &[Target],
) -> Result<Option<About>, Failure> {
    let open = |target: &Target| Place::open(target.path.as_deref(), target.format);
    let places = targets.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let rows_only = targets.iter().filter(|target| target.format.is_rows_only());
    let told = rows_only.filter_map(|target| target.path.as_deref().map(beside));
    let told: Vec<Place> = told
        .map(|path| Place::open(Some(&path), Format::Json))
        .collect::<Result<_, _>>()?;
    let mut sinks = places.iter().map(Place::sink).collect::<Result<Vec<_>, _>>()?;
    let mut given: Vec<&mut dyn Sink> = sinks.iter_mut().map(|sink| sink.as_mut() as &mut dyn Sink).collect();
    let about = match report::run(warehouse, report, request, circumstances, &mut given) {
        Ok(about) => about,
        Err(ReportError::Sink(error)) if is_closed(&error) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    drop(sinks);
    for place in &told {
        place.fill(&about_text(&about)?)?;
    }
    places.into_iter().chain(told).try_for_each(Place::keep)?;
    Ok(Some(about))
}

fn about_text(about: &About) -> Result<String, Failure> {
    render::about(about).map_err(|error| Failure::failed(error.to_string()))
}
