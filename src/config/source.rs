//! One configured account: its keys, their defaults and limits, and the `Source` they make. Its own file because a source can
//! be known, listed and imported into without its secret, which is only fetched to talk to the service.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::auth::AuthFrom;
use super::document::Section;
use super::environment::Environment;
use super::fault::{ConfigError, shown, suggestion};
use super::{address, filters};
use crate::source::{Filter, Limits, Pagination, SERVICES, Service, Source, Stream};

pub(super) const KEYS: &[&str] = &[
    "kind",
    "base_url",
    "streams",
    "filters",
    "retention_days",
    "settle",
    "finality",
    "max_in_flight",
    "max_per_minute",
    "timeout",
    "backoff",
    "attempts",
    "ca_file",
    "proxy",
];
/// What else sources of one kind take.
pub(super) const KEYS_OF_KINDS: &[(&str, &[&str])] = &[
    ("secoda", &["region", "domain", "token"]),
    ("zendesk", &["subdomain", "auth", "pagination"]),
];

/// Sources of the demo, which need no configuration and must not meet anyone's own.
const RESERVED: &[&str] = &["demo_secoda", "demo_zendesk"];
const LONGEST_NAME: usize = 40;
const DAY: Duration = Duration::from_secs(86_400);

/// A source as configured: checked, but for its secret and its certificate file.
#[derive(Debug, Clone)]
pub struct SourceConfig {
    pub name: String,
    pub service: &'static Service,
    pub base_url: Url,
    /// Host of the account without port, in small letters.
    pub account: String,
    pub streams: Vec<&'static Stream>,
    /// By stream; those that keep every row have none.
    pub filters: BTreeMap<&'static str, Filter>,
    pub pagination: Pagination,
    /// How long the service keeps its log; none for ever.
    pub retention_days: Option<u32>,
    pub settle: Duration,
    pub finality: Duration,
    pub limits: Limits,
    pub ca_file: Option<PathBuf>,
    pub proxy: Option<String>,
    /// Of the home: the file that keeps a refresh token the service has replaced.
    pub(super) credentials: PathBuf,
    pub(super) auth: AuthFrom,
    /// Where the source stands: `trailhouse.toml:4:10: sources.secoda_prod`.
    pub(super) place: String,
}

impl SourceConfig {
    /// Reads `[sources.<name>]` out of the table `sources`.
    pub(super) fn read(sources: &Section<'_>, name: &str) -> Result<Self, ConfigError> {
        check_name(sources, name)?;
        let Some(section) = sources.table(name)? else {
            return Err(sources.fault(name, "is missing"));
        };
        if !section.has("kind") {
            section.check_keys(&keys_of(None))?;
        }
        let service = service_of(&section)?;
        check_kind(&section, service.kind)?;
        section.check_keys(&keys_of(Some(service.kind)))?;
        let auth = match service.kind {
            "zendesk" => AuthFrom::account(&section)?,
            kind => AuthFrom::key(&section, kind)?,
        };
        let base_url = address::base_url(&section, service)?;
        Ok(Self {
            name: name.to_owned(),
            service,
            account: address::account(&base_url),
            base_url,
            streams: streams_of(&section, service)?,
            filters: filters::read(&section, service)?,
            pagination: pagination_of(&section)?,
            retention_days: section.count("retention_days", 36_500)?.or(kept_days(service.kind)),
            settle: section
                .duration("settle", Duration::ZERO)?
                .unwrap_or(Duration::from_secs(300)),
            finality: section.duration("finality", Duration::ZERO)?.unwrap_or(DAY),
            limits: limits_of(&section)?,
            ca_file: section.file("ca_file")?,
            proxy: address::proxy(&section)?,
            auth,
            credentials: PathBuf::new(),
            place: sources.place(name),
        })
    }

    /// The source ready to pull from: fetches its secret and reads its certificate file. Blocks for as long as the command that
    /// prints the secret takes, at most 30 s.
    pub fn resolve(&self, environment: &Environment) -> Result<Source, ConfigError> {
        Ok(Source {
            name: self.name.clone(),
            service: self.service,
            base_url: self.base_url.clone(),
            auth: self.auth.resolve(&self.place, environment)?,
            credentials: Some(self.credentials.clone()),
            streams: self.streams.clone(),
            account: self.account.clone(),
            filters: self.filters.clone(),
            pagination: self.pagination,
            dates: None,
            retention_days: self.retention_days,
            settle: self.settle,
            finality: self.finality,
            limits: self.limits.clone(),
            ca_pem: self.certificates()?,
            proxy: self.proxy.clone(),
        })
    }

    fn certificates(&self) -> Result<Option<Vec<u8>>, ConfigError> {
        let Some(path) = &self.ca_file else {
            return Ok(None);
        };
        let place = format!("{}.ca_file", self.place);
        let pem = std::fs::read(path).map_err(|error| {
            ConfigError::new(format!("{place}: cannot read file {}", path.display())).caused_by(error)
        })?;
        if pem.windows(27).any(|window| window == b"-----BEGIN CERTIFICATE-----") {
            return Ok(Some(pem));
        }
        Err(ConfigError::new(format!(
            "{place}: file {} holds no certificate in PEM form",
            path.display()
        )))
    }
}

/// The keys of a kind, or of all kinds.
fn keys_of(kind: Option<&str>) -> Vec<&'static str> {
    let of_kinds = KEYS_OF_KINDS
        .iter()
        .filter(|(of, _)| kind.is_none_or(|kind| kind == *of));
    KEYS.iter()
        .chain(of_kinds.flat_map(|(_, keys)| keys.iter()))
        .copied()
        .collect()
}

/// Refuses what only sources of another kind have.
fn check_kind(section: &Section<'_>, kind: &str) -> Result<(), ConfigError> {
    let own = KEYS_OF_KINDS
        .iter()
        .find(|(of, _)| *of == kind)
        .map_or([].as_slice(), |(_, keys)| *keys);
    let foreign = |key: &&str| KEYS_OF_KINDS.iter().any(|(_, keys)| keys.contains(key)) && !own.contains(key);
    match section.keys().into_iter().find(foreign) {
        None => Ok(()),
        Some(key) => {
            let fault = section.fault_of_table(key, &format!("`{key}` is not for kind {kind}"));
            Err(fault.hinted(format!("this kind has: {}", own.join(", "))))
        }
    }
}

/// How long a service keeps its log where nothing is configured: the worst case that is documented.
fn kept_days(kind: &str) -> Option<u32> {
    match kind {
        "secoda" => Some(90),
        _ => None,
    }
}

fn pagination_of(section: &Section<'_>) -> Result<Pagination, ConfigError> {
    match section.text("pagination")? {
        None => Ok(Pagination::default()),
        Some("cursor") => Ok(Pagination::Cursor),
        Some("offset") => Ok(Pagination::Offset),
        Some(other) => {
            let fault = section.fault("pagination", &format!("unknown value `{}`", shown(other, 60)));
            Err(fault.hinted(suggestion(other, "values", &["cursor", "offset"])))
        }
    }
}

fn check_name(sources: &Section<'_>, name: &str) -> Result<(), ConfigError> {
    name_fault(name).map_or(Ok(()), |(message, hint)| Err(sources.fault(name, message).hinted(hint)))
}

/// What is wrong with a name for a source of one's own, and what to do about it.
pub(super) fn name_fault(name: &str) -> Option<(&'static str, String)> {
    if RESERVED.contains(&name) {
        let hint = "give the source another name".to_owned();
        return Some(("the name is reserved for the demo", hint));
    }
    if is_name(name) {
        return None;
    }
    let rule = "a source's name is a small letter and at most 39 more small letters, digits or underscores";
    let as_underscore = |letter: char| {
        if letter.is_ascii_alphanumeric() {
            letter.to_ascii_lowercase()
        } else {
            '_'
        }
    };
    let proposed: String = name.chars().map(as_underscore).collect();
    let hint = if is_name(&proposed) {
        format!("{rule}: `{proposed}`")
    } else {
        rule.to_owned()
    };
    Some(("not a name for a source", hint))
}

fn is_name(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_lowercase())
        && name.len() <= LONGEST_NAME
        && name
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

fn service_of(section: &Section<'_>) -> Result<&'static Service, ConfigError> {
    let known: Vec<&str> = SERVICES.iter().map(|service| service.kind).collect();
    let Some(kind) = section.text("kind")? else {
        let message = "no kind: which service is it?";
        return Err(section
            .fault_of_table("kind", message)
            .hinted(format!("known kinds: {}", known.join(", "))));
    };
    crate::source::service(kind).ok_or_else(|| {
        let message = format!("kind `{}` is not known to this version", shown(kind, 60));
        section
            .fault("kind", &message)
            .hinted(suggestion(kind, "kinds", &known))
    })
}

fn streams_of(section: &Section<'_>, service: &'static Service) -> Result<Vec<&'static Stream>, ConfigError> {
    let Some(names) = section.texts("streams")? else {
        return Ok(service.streams.iter().collect());
    };
    if names.is_empty() {
        return Err(section
            .fault("streams", "is empty")
            .hinted("leave it out for all streams of the kind"));
    }
    let mut streams: Vec<&'static Stream> = Vec::new();
    for name in names {
        let stream =
            stream_of(service, name).map_err(|(message, hint)| section.fault("streams", &message).hinted(hint))?;
        if streams.iter().any(|given| given.name == stream.name) {
            return Err(section.fault("streams", &format!("`{name}` stands in it twice")));
        }
        streams.push(stream);
    }
    Ok(streams)
}

/// A stream of a service by name; else the message and the hint of the fault.
pub(super) fn stream_of(service: &'static Service, name: &str) -> Result<&'static Stream, (String, String)> {
    let known: Vec<&str> = service.streams.iter().map(|stream| stream.name).collect();
    service.stream(name).ok_or_else(|| {
        let message = format!("kind {} has no stream `{}`", service.kind, shown(name, 60));
        (message, suggestion(name, "streams", &known))
    })
}

fn limits_of(section: &Section<'_>) -> Result<Limits, ConfigError> {
    let default = Limits::default();
    let shortest = Duration::from_millis(1);
    let in_flight = section.count("max_in_flight", 64)?.map(usize::try_from).transpose();
    Ok(Limits {
        max_in_flight: in_flight.ok().flatten().unwrap_or(default.max_in_flight),
        max_per_minute: section.count("max_per_minute", 1_000_000)?,
        timeout: section.duration("timeout", shortest)?.unwrap_or(default.timeout),
        backoff: section.duration("backoff", shortest)?.unwrap_or(default.backoff),
        attempts: section.count("attempts", 100)?.unwrap_or(default.attempts),
        ..default
    })
}
