//! `query`: any SQL that only reads the warehouse.

use std::io::Read;
use std::path::Path;

use clap::Args;

use super::output::{Output, refuse_configured};
use super::{Context, DONE, Failure, home};
use crate::report::ReportError;
use crate::warehouse::Warehouse;

/// Runs SQL on the warehouse, read-only
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  trailhouse query \"select action, count(*) as events from events group by 1 order by 2 desc\"\n  \
trailhouse query \"select * from coverage_gaps\" --format json"
)]
pub(super) struct Query {
    /// The SQL, a file that holds it, or - for standard input
    #[arg(value_name = "SQL|FILE|-")]
    sql: String,
    /// A value for $name in the SQL
    #[arg(long = "param", value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    #[command(flatten)]
    output: Output,
}

impl Query {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        let sql = self.text()?;
        let parameters = self
            .parameters
            .iter()
            .map(|parameter| pair(parameter))
            .collect::<Result<Vec<_>, _>>()?;
        let config = context.config()?;
        (self.output.output.as_deref()).map_or(Ok(()), |path| refuse_configured(&config, path))?;
        let home = home(&config);
        let warehouse = Warehouse::open_read_only(&home.warehouse())?;
        self.output.stream(|sink| {
            let mut has_begun = false;
            warehouse.chunks(&sql, &parameters, &mut |chunk| {
                let chunk = chunk.into_grid();
                if !has_begun {
                    sink.begin(&chunk.columns, None)?;
                }
                has_begun = true;
                Ok::<_, ReportError>(sink.rows(&chunk.rows)?)
            })?;
            Ok(sink.end(None)?)
        })?;
        Ok(DONE)
    }

    fn text(&self) -> Result<String, Failure> {
        if self.sql == "-" {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| Failure::failed(format!("standard input: {error}")))?;
            return Ok(text);
        }
        let path = Path::new(&self.sql);
        if path.is_file() {
            return std::fs::read_to_string(path)
                .map_err(|error| Failure::failed(format!("{}: {error}", path.display())));
        }
        Ok(self.sql.clone())
    }
}

fn pair(parameter: &str) -> Result<(String, Option<String>), Failure> {
    let (name, value) = parameter
        .split_once('=')
        .ok_or_else(|| Failure::usage(format!("--param {parameter}: not of the form NAME=VALUE")))?;
    Ok((name.to_owned(), Some(value.to_owned())))
}
