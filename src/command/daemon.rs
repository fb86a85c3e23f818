//! `daemon`: runs what is due, one job after the other, and tells what became of it. The commands of a job are processes of
//! their own, so that a job does exactly what a user who typed it would see.

pub(super) mod job;
mod keeper;
mod kept;
mod metrics;
mod stop;
mod telling;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::alert::Messengers;
use super::{Context, DONE, Failure, block_on, schedule};
use crate::config::Config;
use keeper::Keeper;
use kept::Memory;

/// Runs the jobs of the schedule when they are due, until it is stopped
///
/// One job runs at a time. What was missed while nothing ran is caught up: each entry once, for the latest time it was due. A
/// job that was stopped or killed runs again. SIGTERM and Ctrl-C stop the running job as they would stop its command.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code: 0 when it was stopped; of --once, the code of the job that ended worst\n\n\
Examples:\n  trailhouse daemon --once\n  trailhouse --log json daemon --once"
)]
pub(super) struct Daemon {
    /// Runs what is due now, each entry at most once, and ends
    #[arg(long)]
    once: bool,
    /// Keeps a file of metrics in the text format of Prometheus, replaced after each job
    #[arg(long, value_name = "PATH")]
    metrics_file: Option<PathBuf>,
    /// Serves the same metrics at /metrics; the address must be of this machine, such as 127.0.0.1:9187
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "once")]
    metrics_listen: Option<SocketAddr>,
}

/// What is remembered of the schedule of a configuration's home.
pub(super) fn remembered(context: &Context, config: &Config) -> Memory {
    kept::read(context, &config.dir)
}

impl Daemon {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        let config = context.config()?;
        if let Some(address) = self.metrics_listen.filter(|address| !address.ip().is_loopback()) {
            let failure = Failure::usage(format!("--metrics-listen {address}: is not of this machine alone"));
            return Err(failure.hinted("listen on 127.0.0.1, and let a proxy with a password show it to others"));
        }
        schedule::check(&config, Context::present())?;
        if config.schedule.is_empty() {
            if self.once {
                context.terminal.say("nothing is scheduled");
                return Ok(DONE);
            }
            return Err(Failure::usage("nothing is scheduled").hinted(
                "add a [[schedule]] entry to the configuration, and look at it with `trailhouse schedule show`",
            ));
        }
        let Some(_lock) = kept::lock(&config.dir)? else {
            let text = format!(
                "{}: another process keeps the schedule of this home",
                config.dir.display()
            );
            if self.once {
                context.terminal.say(&text);
                return Ok(DONE);
            }
            return Err(Failure::failed(text).hinted("only one daemon runs for a home"));
        };
        let messengers = Messengers::new(context, &config)?;
        block_on(async {
            let mut keeper = Keeper::new(context, &config, messengers)?;
            keeper.metrics_file = self.metrics_file.clone();
            if let Some(address) = self.metrics_listen {
                let bound = metrics::listen(address, keeper.seen()).await?;
                context.terminal.say(&format!("metrics: http://{bound}/metrics"));
            }
            keeper.keep(self.once).await
        })
    }
}
