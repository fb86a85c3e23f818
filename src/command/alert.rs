//! `alert`: whether those who are to be told can be told. Also how the daemon tells them: beside its work, for a limited time, so
//! that nobody who does not listen holds it up.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::time::Duration;

use clap::{Args, Subcommand};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use super::{Context, DONE, FAILED, Failure, block_on};
use crate::alert::{Event, Message, Waiting};
use crate::config::{Alert, Config, Receiver};
use crate::http::Webhook;

/// After a message was not taken, how long its alert is left alone; doubled each time up to the longest.
const REST: Duration = Duration::from_secs(300);
const LONGEST_REST: Duration = Duration::from_secs(3_600);

/// Tests the alerts of the configuration
#[derive(Debug, Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "Examples:\n  trailhouse alert test\n  trailhouse alert test on_call"
)]
pub(super) struct AlertVerb {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Test(Test),
}

/// Sends a test message to everybody whom an [[alert]] names, and waits until it is taken
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  trailhouse alert test\n  trailhouse alert test on_call")]
struct Test {
    /// Only these alerts, by their names
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

impl AlertVerb {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        let Verb::Test(test) = &self.verb;
        let mut config = context.config()?;
        if config.alerts.is_empty() {
            return Err(Failure::usage("no alert is configured").hinted("add an [[alert]] with a webhook or a command"));
        }
        if let Some(unknown) = test
            .names
            .iter()
            .find(|name| config.alerts.iter().all(|alert| alert.name != **name))
        {
            let known: Vec<&str> = config.alerts.iter().map(|alert| alert.name.as_str()).collect();
            let failure = Failure::usage(format!("{unknown}: no alert has this name"));
            return Err(failure.hinted(format!("known alerts: {}", known.join(", "))));
        }
        config
            .alerts
            .retain(|alert| test.names.is_empty() || test.names.contains(&alert.name));
        let mut messengers = Messengers::new(context, &config)?;
        let mut waiting = Waiting::default();
        waiting.add(&config.alerts, &[Event::Test], Context::present());
        block_on(async {
            messengers.finish(&mut waiting).await;
            Ok(if messengers.failed == 0 { DONE } else { FAILED })
        })
    }
}

/// Everybody who may be told, and what is on the way to them: one message at a time for each.
pub(super) struct Messengers<'a> {
    context: &'a Context,
    receivers: Vec<(Alert, Receiver)>,
    on_the_way: JoinSet<Delivery>,
    /// Alerts to which a message is on the way.
    busy: BTreeSet<String>,
    /// Alerts that did not take one: since when, and for how long they are left alone.
    resting: BTreeMap<String, (Instant, Duration)>,
    pub(super) sent: u64,
    pub(super) failed: u64,
}

/// What became of a message.
struct Delivery {
    name: String,
    /// Events it told.
    events: usize,
    ended: Result<(), String>,
}

impl<'a> Messengers<'a> {
    /// Fetches the addresses: one that cannot be had is found now and not when it is needed.
    pub(super) fn new(context: &'a Context, config: &Config) -> Result<Self, Failure> {
        let mut receivers = Vec::with_capacity(config.alerts.len());
        for alert in &config.alerts {
            let receiver = alert.to.resolve(&context.environment)?;
            if let Receiver::Webhook(address) = &receiver {
                let refused = |error| {
                    Failure::usage(format!("alert {}: its webhook cannot be used: {error}", alert.name))
                        .hinted("give it a whole https:// address; plain http is for this machine only")
                };
                Webhook::new(address, alert.timeout).map_err(refused)?;
            }
            receivers.push((alert.clone(), receiver));
        }
        Ok(Self {
            context,
            receivers,
            on_the_way: JoinSet::new(),
            busy: BTreeSet::new(),
            resting: BTreeMap::new(),
            sent: 0,
            failed: 0,
        })
    }

    /// Sends everybody what waits for them, and waits for nothing.
    pub(super) fn send(&mut self, waiting: &Waiting) {
        for (alert, receiver) in &self.receivers {
            let name = alert.name.clone();
            let noted = waiting.of(&name);
            let resting = self.resting.get(&name);
            let is_resting = resting.is_some_and(|(since, rest)| since.elapsed() < *rest);
            if noted.is_empty() || is_resting || !self.busy.insert(name.clone()) {
                continue;
            }
            let message = Message::of(noted, Context::present());
            let (events, receiver, limit) = (noted.len(), receiver.clone(), alert.timeout);
            self.on_the_way.spawn(async move {
                let ended = deliver(&receiver, &message, limit).await;
                Delivery { name, events, ended }
            });
        }
    }

    /// Whether the last message to an alert did not arrive.
    pub(super) fn has_failed(&self, alert: &str) -> bool {
        self.resting.contains_key(alert)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.on_the_way.is_empty()
    }

    /// Says what has become of messages that were on the way. What has arrived waits no more; says whether anything has.
    pub(super) fn look(&mut self, waiting: &mut Waiting) -> bool {
        let mut has_arrived = false;
        while let Some(delivery) = self.on_the_way.try_join_next() {
            has_arrived |= self.joined(delivery, waiting);
        }
        has_arrived
    }

    /// Sends what waits, and waits for all that is on the way; each message has its limit.
    pub(super) async fn finish(&mut self, waiting: &mut Waiting) {
        self.send(waiting);
        while let Some(delivery) = self.on_the_way.join_next().await {
            self.joined(delivery, waiting);
            self.send(waiting);
        }
    }

    fn joined(&mut self, delivery: Result<Delivery, JoinError>, waiting: &mut Waiting) -> bool {
        let Delivery { name, events, ended } = match delivery {
            Ok(delivery) => delivery,
            Err(error) => {
                self.failed += 1;
                self.busy.clear();
                self.context.terminal.warn(&format!("a message was not sent: {error}"));
                return false;
            }
        };
        self.busy.remove(&name);
        if let Err(error) = &ended {
            self.failed += 1;
            let rest = (self.resting.get(&name)).map_or(REST, |(_, rest)| LONGEST_REST.min(*rest * 2));
            self.resting.insert(name.clone(), (Instant::now(), rest));
            let hint = format!("`trailhouse alert test {name}` shows whether it can be reached");
            self.context
                .terminal
                .error(&format!("alert {name}: not sent: {error}"), &hint);
        } else {
            self.sent += 1;
            self.resting.remove(&name);
            waiting.arrived(&name, events);
            self.context.terminal.say(&format!("alert {name}: sent"));
        }
        ended.is_ok()
    }
}

async fn deliver(receiver: &Receiver, message: &Message, limit: Duration) -> Result<(), String> {
    match receiver {
        Receiver::Webhook(address) => {
            let webhook = Webhook::new(address, limit).map_err(|error| error.to_string())?;
            let posted = webhook.post(&message.for_webhook()).await;
            posted.map_err(|error| error.to_string())
        }
        Receiver::Command { program, arguments } => {
            let mut command = Command::new(program);
            let said = give(command.args(arguments), &message.for_command(), limit).await;
            said.map_err(|error| format!("{}: {error}", program.display()))
        }
    }
}

/// Runs a command with a message on its standard input.
async fn give(command: &mut Command, message: &str, limit: Duration) -> Result<(), String> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| format!("cannot be started: {error}"))?;
    let work = async {
        if let Some(mut stdin) = child.stdin.take() {
            // Who does not read to the end may still end well.
            drop(stdin.write_all(message.as_bytes()).await);
        }
        child.wait().await
    };
    match tokio::time::timeout(limit, work).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("failed ({status})")),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("did not end within {limit:?}")),
    }
}
