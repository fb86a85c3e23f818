//! `rebuild`: the warehouse made anew from the lake, which is all it is ever made of.

use clap::Args;

use super::sync::{Job, bring_up};
use super::{Context, DONE, FAILED, Failure, block_on, home};
use crate::atomic::place;
use crate::lake::{Lake, Lock};
use crate::schema::format_time;
use crate::warehouse;

/// Makes the warehouse anew from the lake
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  trailhouse rebuild\n  trailhouse rebuild --discard")]
pub(super) struct Rebuild {
    /// Also loses the objects in the warehouse that trailhouse did not make
    #[arg(long)]
    discard: bool,
}

impl Rebuild {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        let config = context.config()?;
        let home = home(&config);
        let path = home.warehouse();
        if path.exists() && !self.discard {
            let foreign = warehouse::foreign_objects(&path).map_err(|error| {
                let failure = Failure::from(error);
                failure.hinted("add --discard to make the warehouse anew whatever the file holds")
            })?;
            if !foreign.is_empty() {
                let failure = Failure {
                    code: FAILED,
                    message: format!("{}: a rebuild would lose {}", path.display(), foreign.join(", ")),
                    hint: None,
                };
                return Err(failure.hinted("copy them elsewhere, then run `trailhouse rebuild --discard`"));
            }
        }
        let job = Job {
            home: home.clone(),
            time_zone: config.time_zone.clone(),
            sources: Vec::new(),
            from: None,
            started_at: Context::now(),
        };
        block_on(async {
            let holder = format!(
                "trailhouse rebuild, process {}, since {}",
                std::process::id(),
                format_time(Context::now())
            );
            let lock = Lock::take(&home, &holder)?;
            let mut lake = Lake::open_for_writing(&home, &lock).await?;
            place::remove_file(&path).map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
            bring_up(context, &job, &mut lake).await
        })?;
        context.terminal.say(&format!("{} is made anew", path.display()));
        Ok(DONE)
    }
}
