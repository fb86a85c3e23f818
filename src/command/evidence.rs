//! `evidence`: one zip for an auditor.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::tz::TimeZone;

use super::{Context, DONE, FAILED, Failure, NEEDS_A_LOOK, block_on, describe, home, loading, report, require_lake};
use crate::atomic::Replacement;
use crate::atomic::place::create_folder;
use crate::config::Config;
use crate::evidence::{Evidence, Packed};
use crate::lake::Lake;
use crate::render::Format;
use crate::report::{Interval, interval};
use crate::schema::parse_time;
use crate::warehouse::Warehouse;

/// Packs the reports of a framework for an auditor, with all that shows what they were made from
///
/// The pack is one zip: an index of the controls with their reports and findings, the population, the coverage and every gap,
/// the queries, the data dictionary, the ledger entries of the period with head and signatures, the SHA-256 of every file, and
/// how to check all of it with sha256sum and a DuckDB shell. Made twice from the same ledger head it is the same file.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  trailhouse evidence --framework soc2 --period last-month --output soc2.zip\n  \
trailhouse evidence --framework iso27001 --from -90d --to -1d --output iso27001.zip"
)]
pub(super) struct EvidenceVerb {
    /// soc2, iso27001, hipaa, gdpr, nist80053 or pcidss
    #[arg(long)]
    framework: String,
    /// 2026-06, 2026-Q2, 2026, last-month or last-quarter
    #[arg(long, conflicts_with_all = ["from", "to"], required_unless_present = "from")]
    period: Option<String>,
    /// The beginning, itself inside: RFC 3339, a date, or -90d before the newest ledger entry
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    from: Option<String>,
    /// The end, itself outside [default: the time of the newest ledger entry]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    to: Option<String>,
    /// The zip, replaced as a whole
    #[arg(long, value_name = "PATH")]
    output: PathBuf,
}

impl EvidenceVerb {
    /// Refuses what can be refused without a lake.
    pub(super) fn check(&self, config: &Config) -> Result<(), Failure> {
        report::check_framework(&self.framework)?;
        if Format::from_path(&self.output).is_ok() {
            let told = format!("{}: a pack is a zip file, whatever it is called", self.output.display());
            return Err(Failure::usage(told).hinted("name it like pack.zip"));
        }
        super::output::refuse_configured(config, &self.output)
    }

    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        let config = context.config()?;
        self.check(&config)?;
        let home = home(&config);
        require_lake(&home)?;
        let warehouse = Warehouse::open_read_only(&home.warehouse())?;
        loading::tell_of_workplace(context, &config, &warehouse)?;
        let circumstances = report::circumstances(context, &config, &warehouse)?;
        let exceptions = config.reports.exceptions.as_deref().filter(|path| path.exists());
        let exceptions = exceptions.map(std::fs::read).transpose()?;
        let lake = block_on(async { Ok(Lake::open(&home).await?) })?;
        check_follows(&warehouse, &lake)?;
        let interval = self.interval(&lake, &config.zone)?;
        make_folder_of(&self.output)?;
        let replacement = Replacement::begin(&self.output).map_err(anyhow::Error::from)?;
        let mut file = replacement.file().map_err(anyhow::Error::from)?;
        let packed = block_on(async {
            let evidence = Evidence {
                warehouse: &warehouse,
                lake: &lake,
                framework: &self.framework,
                interval,
                time_zone: &config.time_zone,
                circumstances,
                dictionary: describe::markdown(&warehouse.describe()?),
                exceptions,
            };
            Ok(evidence.write(&mut file).await?)
        })?;
        replacement.finish().map_err(anyhow::Error::from)?;
        Ok(self.tell(context, &packed))
    }

    /// A named period is meant as of today; other times count from the newest entry, so that the same command gives the same pack
    /// until something is loaded.
    fn interval(&self, lake: &Lake, zone: &TimeZone) -> Result<Interval, Failure> {
        let newest = lake.newest().and_then(|newest| parse_time(&newest.entry.finished_at));
        let now = newest.filter(|_| self.period.is_none()).unwrap_or_else(Context::now);
        let read = interval(
            self.from.as_deref(),
            self.to.as_deref(),
            self.period.as_deref(),
            now,
            zone,
        );
        read.map_err(|error| Failure::usage(error.to_string()))
    }

    fn tell(&self, context: &Context, packed: &Packed) -> u8 {
        let Packed {
            reports,
            open_findings,
            ledger_head,
            gap,
            lacking,
        } = packed;
        context.terminal.say(&format!(
            "{}: {reports} reports, {open_findings} open findings, made from ledger entry {}",
            self.output.display(),
            ledger_head.sequence
        ));
        if let Some(lacking) = lacking {
            context
                .terminal
                .warn(&format!("not all of the period is collected: {lacking}"));
        }
        match gap {
            Some(gap) => {
                context.terminal.warn(gap);
                NEEDS_A_LOOK
            }
            None => DONE,
        }
    }
}

/// A pack names the newest entry, so that the rows it is made of must be those up to that one.
fn check_follows(warehouse: &Warehouse, lake: &Lake) -> Result<(), Failure> {
    let followed = warehouse.following()?.sequence;
    if followed == lake.sequence() {
        return Ok(());
    }
    let message = format!(
        "the warehouse has followed the ledger to entry {followed} of {}",
        lake.sequence()
    );
    let failure = Failure {
        code: FAILED,
        message,
        hint: None,
    };
    Err(failure.hinted("the next `trailhouse sync` brings it up to date; `trailhouse rebuild` makes it anew"))
}

fn make_folder_of(path: &Path) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let made = folder.map_or(Ok(()), create_folder);
    made.map_err(|error| Failure::failed(format!("{}: its folder cannot be made: {error}", path.display())))
}
