//! `backfill-columns`: columns that were declared after rows were stored are filled from the JSON kept beside the rows.

use clap::Args;
use uuid::Uuid;

use super::{Context, DONE, Failure, block_on, home, loading, require_lake};
use crate::lake::{Filling, Lacking, Lake};
use crate::schema::Micros;

/// Files that one entry of the ledger puts in the place of others, at most.
const MOST_FILES: usize = 64;

/// Fills columns that this program knows and an older one did not, from the JSON kept beside the rows
///
/// Data files that lack a column are written again with the same records, and the warehouse reads them again. A lake needs it
/// only once after an upgrade that brings columns, and it can be ended and run again at any time.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  trailhouse backfill-columns --dry-run\n  trailhouse backfill-columns")]
pub(super) struct BackfillColumns {
    /// Says which files lack which columns, and changes nothing
    #[arg(long)]
    dry_run: bool,
}

impl BackfillColumns {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        let config = context.config()?;
        let home = home(&config);
        require_lake(&home)?;
        let started_at = Context::now();
        block_on(async {
            if self.dry_run {
                let mut lake = Lake::open(&home).await?;
                tell(context, &lake.lacking_columns().await?, "lack");
                return Ok(DONE);
            }
            let workplace = config.workplace()?;
            let lock = loading::lock(&home, "backfill-columns", started_at)?;
            let mut lake = loading::open(&home, &lock).await?;
            let lacking = lake.lacking_columns().await?;
            fill(&mut lake, &lacking, started_at).await?;
            tell(context, &lacking, "are filled:");
            loading::bring_up(context, &home, &workplace, &mut lake).await?;
            Ok(DONE)
        })
    }
}

async fn fill(lake: &mut Lake, lacking: &[Lacking], started_at: Micros) -> Result<(), Failure> {
    let run_id = Uuid::now_v7().to_string();
    for files in lacking.chunks(MOST_FILES) {
        let filling = Filling {
            run_id: &run_id,
            started_at,
            at: Context::now(),
        };
        lake.backfill(files, &filling).await?;
    }
    Ok(())
}

/// One line for each table.
fn tell(context: &Context, lacking: &[Lacking], what: &str) {
    let mut tables: Vec<&str> = lacking.iter().map(|file| file.table.name).collect();
    tables.dedup();
    for table in &tables {
        let files = || lacking.iter().filter(|file| file.table.name == *table);
        let rows = files().map(|file| file.rows).fold(0, u64::saturating_add);
        let mut columns: Vec<&str> = files().flat_map(|file| file.columns.iter().copied()).collect();
        columns.sort_unstable();
        columns.dedup();
        let columns = columns.join(", ");
        let count = files().count();
        context
            .terminal
            .say(&format!("{table}: {rows} rows in {count} files {what} {columns}"));
    }
    if tables.is_empty() {
        context.terminal.say("every data file has every column");
    }
}
