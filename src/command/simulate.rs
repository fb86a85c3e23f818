//! `simulate`: the model of the services on a port of this machine, to try things against.

use std::time::Duration;

use clap::Args;
use jiff::Timestamp;

use super::{Context, DONE, Failure, block_on, output};
use crate::simulator::workspace::Settings;
use crate::simulator::{self, TOKEN};

/// Serves a simulated workspace on this machine until it is stopped
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  trailhouse simulate --port 8077\n  trailhouse simulate --port 8077 --seed 7 --events 1000000 --days 365"
)]
pub(super) struct Simulate {
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 8077)]
    port: u16,
    /// The same number draws the same workspace
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[arg(long, default_value_t = 20_000)]
    events: usize,
    #[arg(long, default_value_t = 180)]
    days: u32,
    /// How many of a thousand requests fail in a way that a client survives
    #[arg(long, default_value_t = 0)]
    faults: u64,
    /// Milliseconds that each answer takes
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
}

impl Simulate {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        let now = Timestamp::from_microsecond(Context::now()).map_err(|error| Failure::failed(error.to_string()))?;
        let settings = Settings::new(self.seed, self.events, self.days, now);
        block_on(async {
            let until = async {
                // Without a signal to wait for it is ended from outside.
                drop(tokio::signal::ctrl_c().await);
            };
            let ready = |running: &simulator::Running| {
                running.turn(|switches| switches.latency = Duration::from_millis(self.latency_ms));
                let lines = format!("base_url = \"{}\"\ntoken: {TOKEN}\n", running.base_url());
                drop(output::print(&lines));
            };
            simulator::serve(&settings, self.port, ready, until)
                .await
                .map_err(Failure::from)
        })?;
        context.terminal.say("stopped");
        Ok(DONE)
    }
}
