//! What an account's API can do, found out with few requests that change nothing: every answer is judged by its rows, and
//! what cannot be told from them is said to be so. Apart from the walks, which must be right whatever is found here.

mod dates;
mod kept;
mod length;
mod listings;
mod numbered;
mod operators;
mod order;
mod windowed;

use std::sync::Arc;

use crate::http::{Client, HttpError, HttpErrorKind};
use crate::pull::PullError;
use crate::schema::{Micros, SECOND};
use crate::source::{DateOperators, Paging, Source, Stream};

pub use kept::{Kept, KeptError};

/// Further apart than this, two clocks are reported.
const CLOCK_SKEW: Micros = 60 * SECOND;

/// One question and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `None` where it is about the whole source.
    pub stream: Option<&'static str>,
    /// One of few fixed texts.
    pub question: &'static str,
    /// May hold the service's own words, cut and without secrets.
    pub finding: String,
    /// What to do about it, where there is anything.
    pub advice: Option<String>,
    pub level: Level,
}

/// How much a finding matters, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Ok,
    /// Good to know.
    Note,
    /// Something is lost, or costs much, unless someone looks at it.
    Look,
    /// Could not be asked.
    Failed,
    /// The credentials do not suffice.
    Refused,
}

impl Level {
    pub fn name(self) -> &'static str {
        match self {
            Level::Ok => "ok",
            Level::Note => "note",
            Level::Look => "look",
            Level::Failed => "failed",
            Level::Refused => "refused",
        }
    }
}

/// All that was found.
#[derive(Debug)]
pub struct Probed {
    pub findings: Vec<Finding>,
    pub dates: Dates,
}

/// Whether a numbered list of the source can be asked for a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dates {
    /// There is no such list, or its rows or answers do not tell.
    Untold,
    /// By none of the operators it might have.
    Never,
    By(DateOperators),
}

/// Asks what the source's configured streams can do. `clock` is this machine's.
pub async fn probe(source: &Source, client: &Arc<Client>, clock: &(dyn Fn() -> Micros + Sync)) -> Probed {
    let mut told = Told {
        stream: None,
        findings: Vec::new(),
        is_clock_told: false,
        clock,
    };
    told.of_source(source);
    let mut dates = Dates::Untold;
    let mut resource = None;
    let configured = |stream: &&'static Stream| source.streams.iter().any(|other| other.name == stream.name);
    for stream in source.service.streams.iter().filter(configured) {
        told.stream = Some(stream.name);
        match stream.paging {
            Paging::Numbered { .. } => {
                let list = numbered::List::new(client, stream);
                let heard = Box::pin(numbered::probe(&list, source, &mut told)).await;
                (dates, resource) = (heard.dates, heard.resource);
            }
            Paging::Windows => Box::pin(windowed::probe(source, stream, client, &mut told)).await,
            Paging::FanOut { .. } => {
                listings::of_resource(source, stream, client, (&mut told, resource.as_deref())).await
            }
            Paging::Notifications => {
                listings::notifications(source, stream, client, (&mut told, resource.as_deref())).await;
            }
        }
    }
    told.judge_absent();
    Probed {
        findings: told.findings,
        dates,
    }
}

/// What is found, as it is found.
struct Told<'a> {
    stream: Option<&'static str>,
    findings: Vec<Finding>,
    is_clock_told: bool,
    clock: &'a (dyn Fn() -> Micros + Sync),
}

const RIGHTS: &str = "rights";
const NOT_OFFERED: &str = "not offered";

impl Told<'_> {
    fn add(&mut self, level: Level, question: &'static str, finding: String, advice: Option<String>) {
        self.findings.push(Finding {
            stream: self.stream,
            question,
            finding,
            advice,
            level,
        });
    }

    fn ok(&mut self, question: &'static str, finding: impl Into<String>) {
        self.add(Level::Ok, question, finding.into(), None);
    }

    fn note(&mut self, question: &'static str, finding: impl Into<String>, advice: &str) {
        self.add(Level::Note, question, finding.into(), Some(advice.to_owned()));
    }

    fn look(&mut self, question: &'static str, finding: impl Into<String>, advice: &str) {
        self.add(Level::Look, question, finding.into(), Some(advice.to_owned()));
    }

    /// What is known before anything is asked.
    fn of_source(&mut self, source: &Source) {
        self.ok("connection", connection(source));
        if let Some(warning) = source.auth.warning() {
            self.note("credentials", "an e-mail address with an API token", warning);
        }
    }

    /// The stream could not be read at all.
    fn refused(&mut self, error: &HttpError) {
        let (level, what) = match error.kind {
            HttpErrorKind::Forbidden => (Level::Refused, "no right to it"),
            kind if kind.is_about_credentials() => (Level::Refused, "not let in"),
            HttpErrorKind::NotFound => (Level::Note, NOT_OFFERED),
            _ => (Level::Failed, "no answer"),
        };
        self.add(level, RIGHTS, format!("{what}: {error}"), Some(error.hint().to_owned()));
    }

    /// The first answer of the stream is none that can be read.
    fn unreadable(&mut self, error: &PullError) {
        let hint = error.hint();
        self.add(Level::Failed, RIGHTS, format!("let in: {}", fault(error)), Some(hint));
    }

    /// Asking ended here: the rest of the stream's questions stay open.
    fn broken(&mut self, error: &PullError) {
        let level = if error.is_credentials() {
            Level::Refused
        } else {
            Level::Failed
        };
        let hint = error.hint();
        let finding = format!("not asked: {}", fault(error));
        self.add(level, "further questions", finding, Some(hint));
    }

    /// Two clocks and the limits, by the first answer of the source.
    fn of_answer(&mut self, service_at: Option<Micros>, limits: &[(String, String)], most: Option<u32>) {
        if std::mem::replace(&mut self.is_clock_told, true) {
            return;
        }
        let stream = self.stream.take();
        match service_at.map(|at| (self.clock)() - at) {
            None => self.note(
                "clock",
                "the service does not tell its time",
                "keep this machine's clock right: what is collected is judged by it",
            ),
            Some(ahead) if ahead.abs() > CLOCK_SKEW => {
                let side = if ahead > 0 { "ahead of" } else { "behind" };
                let seconds = ahead.abs() / SECOND;
                self.note(
                    "clock",
                    format!("this machine's clock is {seconds} s {side} the service's"),
                    "set the clock of this machine, or find out who is wrong",
                );
            }
            Some(_) => self.ok("clock", "agrees with the service's within a minute"),
        }
        self.rate_limits(limits, most);
        self.stream = stream;
    }

    fn rate_limits(&mut self, limits: &[(String, String)], most: Option<u32>) {
        const QUESTION: &str = "rate limits";
        if limits.is_empty() {
            let advice = "set max_per_minute if you know the service's limit; sync waits wherever it is told to";
            return match most {
                None => self.note(QUESTION, "no header tells of a limit", advice),
                Some(most) => self.ok(
                    QUESTION,
                    format!("no header tells of a limit; max_per_minute is {most}"),
                ),
            };
        }
        let shown: Vec<String> = limits.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let allowed = limits
            .iter()
            .filter(|(name, _)| name.ends_with("limit"))
            .filter_map(|(_, value)| value.parse::<u32>().ok())
            .min();
        let finding = shown.join(", ");
        match allowed {
            Some(allowed) if most.is_none_or(|most| most >= allowed) => {
                let advice = "the account's other clients share it: set max_per_minute to what sync may take of it";
                self.note(QUESTION, finding, advice);
            }
            _ => self.ok(QUESTION, finding),
        }
    }

    /// A stream that a server does not offer is no failure where another stream of the source works.
    fn judge_absent(&mut self) {
        let is_rights = |finding: &&Finding| finding.question == RIGHTS;
        let works = |finding: &Finding| !finding.finding.starts_with(NOT_OFFERED) && finding.level <= Level::Look;
        if self.findings.iter().filter(is_rights).any(works) {
            return;
        }
        for finding in &mut self.findings {
            if finding.question == RIGHTS && finding.finding.starts_with(NOT_OFFERED) {
                finding.level = Level::Failed;
            }
        }
    }
}

/// The error without anything a body held beside its own words, which are cut and redacted.
fn fault(error: &PullError) -> String {
    match error {
        PullError::Http { source, .. } => source.to_string(),
        PullError::Shape { .. } => "an answer is not of the documented shape".to_owned(),
        other => other.to_string(),
    }
}

/// How the service is reached. A proxy's address may hold a password.
fn connection(source: &Source) -> String {
    let host = source.base_url.host_str().unwrap_or_default();
    if source.base_url.scheme() == "http" {
        return format!("plain http to {host}, which is this machine; no proxy");
    }
    let authority = if source.ca_pem.is_some() {
        "certificates of ca_file and of the system"
    } else {
        "certificates of the system"
    };
    let proxy = source.proxy.as_deref().and_then(|proxy| url::Url::parse(proxy).ok());
    let proxy = match proxy {
        Some(proxy) => {
            let port = proxy.port_or_known_default().unwrap_or_default();
            format!("through the proxy {}:{port}", proxy.host_str().unwrap_or_default())
        }
        None => "no proxy configured, so that the system's applies".to_owned(),
    };
    format!("https to {host}, {authority}; {proxy}")
}
