//! `alert`: whether those who are to be told can be told. Also how the daemon tells them: beside its work, for a limited time, so
//! that nobody who does not listen holds it up.

use std::process::Stdio;
use std::time::Duration;

use clap::{Args, Subcommand};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::task::JoinSet;

use super::{Context, DONE, FAILED, Failure, block_on};
use crate::alert::{Event, Message};
use crate::config::{Alert, Config, Receiver};
use crate::http::Webhook;

/// Messages on their way at once; what is more is counted as failed.
const MOST_ON_THE_WAY: usize = 64;

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
        block_on(async {
            messengers.tell(&[Event::Test]);
            messengers.finish().await;
            Ok(if messengers.failed == 0 { DONE } else { FAILED })
        })
    }
}

/// Everybody who may be told, and what is on the way to them.
pub(super) struct Messengers<'a> {
    context: &'a Context,
    receivers: Vec<(Alert, Receiver)>,
    on_the_way: JoinSet<(String, Result<(), String>)>,
    pub(super) sent: u64,
    pub(super) failed: u64,
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
            sent: 0,
            failed: 0,
        })
    }

    pub(super) fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.receivers.iter().map(|(alert, _)| alert)
    }

    /// Sends each alert what it asks for of these events, and waits for nothing.
    pub(super) fn tell(&mut self, events: &[Event]) {
        for place in 0..self.receivers.len() {
            self.tell_one(place, events);
        }
    }

    /// The same for the alert at a place.
    pub(super) fn tell_one(&mut self, place: usize, events: &[Event]) {
        let Some((alert, receiver)) = self.receivers.get(place) else {
            return;
        };
        let Some(message) = Message::of(alert, events) else {
            return;
        };
        let name = alert.name.clone();
        if self.on_the_way.len() >= MOST_ON_THE_WAY {
            self.ended(&name, Err("too many messages are on the way already".to_owned()));
            return;
        }
        let (receiver, limit) = (receiver.clone(), alert.timeout);
        self.on_the_way.spawn(async move {
            let sent = match receiver {
                Receiver::Webhook(address) => match Webhook::new(&address, limit) {
                    Ok(webhook) => webhook
                        .post(&message.for_webhook())
                        .await
                        .map_err(|error| error.to_string()),
                    Err(error) => Err(error.to_string()),
                },
                Receiver::Command { program, arguments } => {
                    let mut command = Command::new(&program);
                    let said = give(command.args(arguments), &message.for_command(), limit).await;
                    said.map_err(|error| format!("{}: {error}", program.display()))
                }
            };
            (name, sent)
        });
    }

    /// Says what has become of messages that were on the way.
    pub(super) fn look(&mut self) {
        while let Some(ended) = self.on_the_way.try_join_next() {
            self.joined(ended);
        }
    }

    /// Waits for all that is on the way; each message has its limit.
    pub(super) async fn finish(&mut self) {
        while let Some(ended) = self.on_the_way.join_next().await {
            self.joined(ended);
        }
    }

    fn joined(&mut self, ended: Result<(String, Result<(), String>), tokio::task::JoinError>) {
        match ended {
            Ok((name, ended)) => self.ended(&name, ended),
            Err(error) => self.ended("?", Err(error.to_string())),
        }
    }

    fn ended(&mut self, name: &str, ended: Result<(), String>) {
        match ended {
            Ok(()) => {
                self.sent += 1;
                self.context.terminal.say(&format!("alert {name}: sent"));
            }
            Err(error) => {
                self.failed += 1;
                let hint = format!("`trailhouse alert test {name}` tries it again");
                self.context
                    .terminal
                    .error(&format!("alert {name}: not sent: {error}"), &hint);
            }
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
