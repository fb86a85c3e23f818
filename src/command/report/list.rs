//! `report list`, `report show` and `report check`: what reports there are, without their rows.

use std::path::PathBuf;

use clap::Args;

use super::super::output::{Output, print};
use super::super::{Context, DONE, Failure, USAGE};
use super::{check_framework, warehouse};
use crate::config::Config;
use crate::render::visible;
use crate::report::{self, ReportError};
use crate::sql::{self, Report};
use crate::warehouse::{Cell, Grid, GridColumn};

const LIST_COLUMNS: [&str; 7] = ["name", "title", "question", "grain", "params", "severity", "controls"];

#[derive(Debug, Args)]
pub(super) struct List {
    /// Only those that give evidence for this framework: soc2, iso27001, hipaa, gdpr, nist80053 or pcidss
    #[arg(long)]
    framework: Option<String>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    name: String,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl List {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        self.framework.as_deref().map_or(Ok(()), check_framework)?;
        let own = own_reports(context)?;
        let all = sql::reports().iter().chain(&own);
        let rows = all.filter_map(|report| self.row(report)).collect();
        let column = |name: &str| GridColumn {
            name: name.to_owned(),
            kind: "VARCHAR".to_owned(),
        };
        let columns = LIST_COLUMNS.map(column).to_vec();
        self.output.grid(&Grid { columns, rows })?;
        Ok(DONE)
    }

    /// Nothing for a report that is not of the framework.
    fn row(&self, report: &Report) -> Option<Vec<Cell>> {
        let mut controls = sql::controls(&report.name);
        if let Some(framework) = &self.framework {
            controls.retain(|control| control.split(' ').next() == Some(framework));
            if controls.is_empty() {
                return None;
            }
        }
        let params: Vec<&str> = report.params.iter().map(|parameter| parameter.name.as_str()).collect();
        let text = |text: &str| Cell::Text(text.to_owned());
        Some(vec![
            text(&report.name),
            text(&report.title),
            text(&report.question),
            text(&report.grain),
            Cell::Json(serde_json::json!(params)),
            report.severity.map_or(Cell::Null, |severity| text(severity.name())),
            Cell::Json(serde_json::json!(controls)),
        ])
    }
}

/// The user's reports that can be read; of the others it is said why not.
fn own_reports(context: &Context) -> Result<Vec<Report>, Failure> {
    let config = context.config()?;
    let mut reports = Vec::new();
    for file in report::own_reports(&config.reports.directories)? {
        match report::read_own(&file) {
            Ok(report) => reports.push(report),
            Err(error) => context.terminal.warn(&error.to_string()),
        }
    }
    Ok(reports)
}

impl Show {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        let config = context.config()?;
        let report = report::find_own(&config.reports.directories, &self.name)?;
        print(&shown(&report))?;
        Ok(DONE)
    }
}

fn shown(report: &Report) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| text.push_str(&format!("{name}: {}\n", visible(value)));
    line("report", &report.name);
    line("title", &report.title);
    line("question", &report.question);
    line("grain", &report.grain);
    for parameter in &report.params {
        let declared = format!("{} {} = {}", parameter.name, parameter.kind.name(), parameter.default);
        line("parameter", &declared);
    }
    line("reads", &report.reads.join(", "));
    if let Some(severity) = report.severity {
        line("severity", severity.name());
    }
    for (name, value) in [("chart", &report.chart), ("notes", &report.notes)] {
        value.iter().for_each(|value| line(name, value));
    }
    for control in sql::controls(&report.name) {
        line("evidence for", &control);
    }
    if let Some(file) = &report.file {
        line("file", &file.display().to_string());
    }
    let body: Vec<String> = report.text.trim().lines().map(visible).collect();
    format!("{text}\n{}\n", body.join("\n"))
}

impl Check {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        let config = context.config()?;
        let files = if self.files.is_empty() {
            report::own_reports(&config.reports.directories)?
        } else {
            self.files.clone()
        };
        if files.is_empty() {
            context.terminal.say(
                "there is no report of your own: name a file, or a folder in `[reports] directories` of the configuration",
            );
        }
        let mut code = DONE;
        for file in files {
            match checked(&config, &file) {
                Ok(()) => print(&format!("{}: good\n", visible(&file.display().to_string())))?,
                Err(failure) => {
                    code = code.max(failure.code.max(USAGE));
                    context.terminal.fail(&failure);
                }
            }
        }
        Ok(code)
    }
}

fn checked(config: &Config, file: &std::path::Path) -> Result<(), Failure> {
    let report = report::read_own(file)?;
    let warehouse = warehouse(config)?;
    report::check(&warehouse, &report).map_err(|error: ReportError| error.into())
}
