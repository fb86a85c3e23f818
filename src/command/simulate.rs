//! `simulate`: the model of the services on a port of this machine, to try things against.

use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::{Context, DONE, Failure, block_on, output};
use crate::simulator::workspace::Settings;
use crate::simulator::zendesk::door::{API_TOKEN, EMAIL};
use crate::simulator::zendesk::oauth::{CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN};
use crate::simulator::{self, TOKEN, zendesk};

/// Serves a simulated workspace on this machine until it is stopped
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  trailhouse simulate --port 8077\n  trailhouse simulate --service zendesk --port 8077 --seed 7 --events 1000000 --days 365"
)]
pub(super) struct Simulate {
    /// Whose API it speaks
    #[arg(long, value_enum, default_value_t = Service::Secoda)]
    service: Service,
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
    /// How many times as many resources as so many events call for
    #[arg(long, default_value_t = 1)]
    breadth: usize,
    /// How many of a thousand requests fail in a way that a client survives
    #[arg(long, default_value_t = 0)]
    faults: u64,
    /// Milliseconds that each answer takes
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Service {
    Secoda,
    Zendesk,
}

impl Simulate {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        let now = Timestamp::from_microsecond(Context::now()).map_err(|error| Failure::failed(error.to_string()))?;
        block_on(async {
            let until = async {
                // Without a signal to wait for it is ended from outside.
                drop(tokio::signal::ctrl_c().await);
            };
            let latency = Duration::from_millis(self.latency_ms);
            let served = match self.service {
                Service::Secoda => {
                    let settings = Settings {
                        breadth: self.breadth,
                        ..Settings::new(self.seed, self.events, self.days, now)
                    };
                    let ready = |running: &simulator::Running| {
                        running.turn(|switches| switches.latency = latency);
                        say(&running.base_url(), &[("token", TOKEN)])
                    };
                    simulator::serve(&settings, self.faults, self.port, ready, until).await
                }
                Service::Zendesk => {
                    let settings = zendesk::history::Settings::new(self.seed, self.events, self.days, now);
                    let ready = |running: &zendesk::Running| {
                        running.turn(|switches| switches.latency = latency);
                        say(&running.base_url(), &ZENDESK)
                    };
                    zendesk::serve(&settings, self.faults, self.port, ready, until).await
                }
            };
            served.map_err(Failure::from)
        })?;
        context.terminal.say("stopped");
        Ok(DONE)
    }
}

const ZENDESK: [(&str, &str); 5] = [
    ("email", EMAIL),
    ("api_token", API_TOKEN),
    ("client_id", CLIENT_ID),
    ("client_secret", CLIENT_SECRET),
    ("refresh_token", REFRESH_TOKEN),
];

/// Where it listens, and what it lets in.
fn say(base_url: &str, credentials: &[(&str, &str)]) {
    let lines = credentials.iter().map(|(name, value)| format!("{name}: {value}\n"));
    let lines = format!("base_url = \"{base_url}\"\n{}", lines.collect::<String>());
    drop(output::print(&lines));
}
