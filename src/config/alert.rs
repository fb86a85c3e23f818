//! Who is told of what: the `[[alert]]` entries. Its own file because the address of a webhook is a secret, and is read only by a
//! command that tells something.

use std::path::PathBuf;
use std::time::Duration;

use super::document::Section;
use super::environment::Environment;
use super::fault::{ConfigError, shown, suggestion};
use super::secret::{self, SecretFrom};
use crate::source::Secret;
use crate::sql::Severity;

const MOST: usize = 50;
pub(super) const KEYS: &[&str] = &["name", "webhook", "command", "on", "retention_days", "timeout"];
const KINDS: &[&str] = &["failure", "look", "findings", "gap", "retention"];
const SEVERITIES: [Severity; 4] = [Severity::Info, Severity::Low, Severity::Medium, Severity::High];
/// How many days before the vendor drops something one is told, unless set.
const RETENTION_DAYS: u32 = 14;
/// How long telling may take in all, unless set.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Somebody who is told.
#[derive(Debug, Clone)]
pub struct Alert {
    pub name: String,
    pub to: To,
    pub on: Vec<Kind>,
    /// Told of the retention clock from so many days on.
    pub retention_days: u32,
    /// For one message, with all that is tried again.
    pub timeout: Duration,
}

/// By which way, as configured.
#[derive(Debug, Clone)]
pub struct To(Way);

#[derive(Debug, Clone)]
enum Way {
    Webhook(SecretFrom),
    Command { program: PathBuf, arguments: Vec<String> },
}

/// By which way, with the address.
#[derive(Debug, Clone)]
pub enum Receiver {
    Webhook(Secret),
    Command { program: PathBuf, arguments: Vec<String> },
}

/// What somebody wants to be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A job ended with 1 or 2, or by a signal that this program did not send.
    Failure,
    /// A job other than a report ended with 3.
    Look,
    /// A report has findings, and is at least as severe.
    Findings(Severity),
    Gap,
    Retention,
}

/// Reads all entries of the root.
pub(super) fn read(root: &Section<'_>) -> Result<Vec<Alert>, ConfigError> {
    let sections = root.tables("alert")?;
    if sections.len() > MOST {
        return Err(root.fault("alert", &format!("more than {MOST} entries")));
    }
    let mut alerts: Vec<Alert> = Vec::with_capacity(sections.len());
    for (section, number) in sections.iter().zip(1..) {
        let alert = Alert::read(section, number)?;
        if alerts.iter().any(|other| other.name == alert.name) {
            let message = format!("`{}` is the name of another entry", alert.name);
            return Err(section.fault_of_table("name", &message));
        }
        alerts.push(alert);
    }
    Ok(alerts)
}

impl Alert {
    /// Without a name it has its number.
    fn read(section: &Section<'_>, number: usize) -> Result<Self, ConfigError> {
        section.check_keys(KEYS)?;
        let webhook = SecretFrom::read(section, "webhook", "SLACK_WEBHOOK")?;
        let way = match (webhook, section.texts("command")?) {
            (Some(address), None) => Way::Webhook(address),
            (None, Some(words)) => {
                let (program, arguments) = secret::program_of(section, &words)?;
                Way::Command { program, arguments }
            }
            _ => {
                let fault = section.fault_of_table("webhook", "needs exactly one of webhook and command");
                return Err(fault.hinted("write webhook = { env = \"SLACK_WEBHOOK\" }, or command = [\"PROGRAM\"]"));
            }
        };
        let name = match section.text("name")? {
            None => format!("alert_{number}"),
            Some(name) if name.chars().count() <= 40 && name.chars().all(is_of_name) => name.to_owned(),
            Some(name) => {
                let fault = section.fault("name", &format!("`{}` is not a name", shown(name, 60)));
                return Err(fault.hinted("at most 40 small letters, digits and underscores"));
            }
        };
        Ok(Self {
            name,
            to: To(way),
            on: kinds_of(section)?,
            retention_days: section.count("retention_days", 3_650)?.unwrap_or(RETENTION_DAYS),
            timeout: section
                .duration("timeout", Duration::from_millis(100))?
                .unwrap_or(TIMEOUT),
        })
    }
}

fn is_of_name(letter: char) -> bool {
    letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_'
}

impl To {
    /// The way with the address of its webhook fetched. Blocks, for a command that prints it at most 30 s.
    pub fn resolve(&self, environment: &Environment) -> Result<Receiver, ConfigError> {
        Ok(match &self.0 {
            Way::Webhook(address) => Receiver::Webhook(address.resolve(environment)?),
            Way::Command { program, arguments } => Receiver::Command {
                program: program.clone(),
                arguments: arguments.clone(),
            },
        })
    }
}

/// Without the key all kinds.
fn kinds_of(section: &Section<'_>) -> Result<Vec<Kind>, ConfigError> {
    let Some(names) = section.text_or_texts("on")? else {
        return Ok(vec![
            Kind::Failure,
            Kind::Look,
            Kind::Findings(Severity::Info),
            Kind::Gap,
            Kind::Retention,
        ]);
    };
    names.iter().map(|name| kind_of(section, name)).collect()
}

fn kind_of(section: &Section<'_>, text: &str) -> Result<Kind, ConfigError> {
    let (name, severity) = text
        .split_once(':')
        .map_or((text, None), |(name, severity)| (name, Some(severity)));
    let kind = match name {
        "failure" => Kind::Failure,
        "look" => Kind::Look,
        "gap" => Kind::Gap,
        "retention" => Kind::Retention,
        "findings" => Kind::Findings(severity_of(section, severity)?),
        _ => {
            let fault = section.fault("on", &format!("unknown kind `{}`", shown(text, 60)));
            return Err(fault.hinted(suggestion(name, "kinds", KINDS)));
        }
    };
    if severity.is_some() && !matches!(kind, Kind::Findings(_)) {
        return Err(section.fault("on", &format!("`{name}` has no severity")));
    }
    Ok(kind)
}

fn severity_of(section: &Section<'_>, name: Option<&str>) -> Result<Severity, ConfigError> {
    let Some(name) = name else {
        return Ok(Severity::Info);
    };
    let found = SEVERITIES.into_iter().find(|severity| severity.name() == name);
    found.ok_or_else(|| {
        let fault = section.fault("on", &format!("unknown severity `{}`", shown(name, 60)));
        fault.hinted(suggestion(name, "severities", &SEVERITIES.map(Severity::name)))
    })
}
