//! `rebuild`: the warehouse made anew from the lake, which is all it is ever made of.

use clap::Args;

use super::{Context, DONE, Failure, block_on, home, require_lake};
use crate::lake::{Home, Lake, Lock};
use crate::load::follow;
use crate::schema::format_time;
use crate::warehouse::{self, WarehouseError, Workplace};

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
        require_lake(&home)?;
        self.check_old(&home)?;
        block_on(rebuild(&home, &config.workplace()?))?;
        context
            .terminal
            .say(&format!("{} is made anew", home.warehouse().display()));
        Ok(DONE)
    }

    /// What stands there must not be in use, and must hold nothing that would be lost.
    fn check_old(&self, home: &Home) -> Result<(), Failure> {
        let path = home.warehouse();
        let foreign = match warehouse::foreign_objects(&path) {
            Ok(foreign) => foreign,
            Err(WarehouseError::Missing { .. }) => return Ok(()),
            Err(held @ WarehouseError::Held { .. }) => return Err(held.into()),
            Err(_) if self.discard => return Ok(()),
            Err(error) => {
                let failure = Failure::from(error);
                return Err(failure.hinted("add --discard to make the warehouse anew whatever the file holds"));
            }
        };
        if foreign.is_empty() || self.discard {
            return Ok(());
        }
        let failure = Failure::failed(format!(
            "{}: a rebuild would lose {}",
            path.display(),
            foreign.join(", ")
        ));
        Err(failure.hinted("copy them elsewhere, then run `trailhouse rebuild --discard`"))
    }
}

/// Makes the new file whole beside the old one, which stays until then.
async fn rebuild(home: &Home, workplace: &Workplace) -> Result<(), Failure> {
    let holder = format!(
        "trailhouse rebuild, process {}, since {}",
        std::process::id(),
        format_time(Context::now())
    );
    let lock = Lock::take(home, &holder)?;
    let mut lake = Lake::open_for_writing(home, &lock).await?;
    Ok(follow::rebuild(&mut lake, &home.warehouse(), workplace).await?)
}
