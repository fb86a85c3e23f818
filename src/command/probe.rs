//! `probe`: what an account's API can do, and whether the credentials suffice, before a sync relies on either.

use std::sync::Arc;

use clap::Args;

use super::output::Output;
use super::{Context, DONE, FAILED, Failure, NEEDS_A_LOOK, USAGE, block_on, home};
use crate::http::{Client, Settings};
use crate::pull::probe::{self, Dates, Finding, Kept, Level};
use crate::source::Source;
use crate::warehouse::{Cell, Grid, GridColumn};

/// So often at most is a failed request sent: a probe is to be over soon.
const ATTEMPTS: u32 = 3;

/// Finds out what the API of a source can do, and whether its credentials suffice
///
/// Asks some twenty harmless questions and says what to do about the answers. Where an operator for dates is found that truly
/// works, it is noted in the home, and sync asks by it for what lies below a cap of the list.
///
/// The exit code is 2 where the credentials do not suffice for a stream that is configured, 1 where something could not be
/// asked, 3 where a finding is of level `look` (the list is empty, its sort or a filter is ignored, it stops before its end
/// and cannot be asked by date), else 0.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  trailhouse probe secoda_prod\n  trailhouse probe secoda_prod --format json")]
pub(super) struct Probe {
    /// The source, as it is named in the configuration
    #[arg(value_name = "SOURCE")]
    name: String,
    #[command(flatten)]
    output: Output,
}

impl Probe {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        let config = context.config()?;
        let source = config.source(&self.name)?.resolve(&context.environment)?;
        let home = home(&config);
        self.output.format()?;
        home.check().map_err(anyhow::Error::from)?;
        let client = client(&source)?;
        let probed = block_on(async { Ok(probe::probe(&source, &client, &Context::now).await) })?;
        self.output.grid(&grid(&probed.findings))?;
        let dates = match probed.dates {
            Dates::Untold => None,
            Dates::Never => Some(None),
            Dates::By(operators) => Some(Some(operators)),
        };
        if let Some(dates) = dates {
            let path = home.probed(&source.name);
            Kept::new(&source, dates, Context::now()).write(&path)?;
        }
        context
            .terminal
            .say(&format!("{}: {} requests", source.name, client.requests()));
        Ok(code(&probed.findings))
    }
}

fn client(source: &Source) -> Result<Arc<Client>, Failure> {
    let mut settings = Settings::of(source);
    settings.limits.attempts = settings.limits.attempts.min(ATTEMPTS);
    Client::new(settings)
        .map(Arc::new)
        .map_err(|error| Failure::usage(format!("{}: {error}", source.name)).hinted(error.hint()))
}

fn code(findings: &[Finding]) -> u8 {
    match findings.iter().map(|finding| finding.level).max() {
        Some(Level::Refused) => USAGE,
        Some(Level::Failed) => FAILED,
        Some(Level::Look) => NEEDS_A_LOOK,
        Some(Level::Note | Level::Ok) | None => DONE,
    }
}

fn grid(findings: &[Finding]) -> Grid {
    let columns = ["stream", "question", "finding", "advice", "level"].map(|name| GridColumn {
        name: name.to_owned(),
        kind: "VARCHAR".to_owned(),
    });
    let text = |text: &str| Cell::Text(text.to_owned());
    let row = |finding: &Finding| {
        vec![
            finding.stream.map_or(Cell::Null, text),
            text(finding.question),
            text(&finding.finding),
            finding.advice.as_deref().map_or(Cell::Null, text),
            text(finding.level.name()),
        ]
    };
    Grid {
        columns: columns.to_vec(),
        rows: findings.iter().map(row).collect(),
    }
}
