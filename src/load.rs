//! One run from pages to warehouse: `sync`, `demo` and whatever else loads only call it. Owns the order in which things
//! become true: rows in the lake first, then what is claimed of them, then the warehouse.

mod buffer;
mod claims;
mod fan_out;
mod file;
pub mod follow;
mod import;
mod judge;
mod notifications;
mod reconcile;
mod retry;
mod saved;
mod stream;
mod text;
mod ways;
mod windows;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use thiserror::Error;

use crate::coverage::Gap;
use crate::http::{Client, Settings, SettingsError};
use crate::lake::{Lake, Quiet};
use crate::ledger::{Counts, QuietStream};
use crate::pull::PullError;
use crate::schema::{Micros, format_time};
use crate::source::{Paging, Source, Stream};
pub use file::{FileError, Place, SavedFile};
pub use import::{Import, Imported, import};
pub use reconcile::{Compared, Finding, Tally, Wish, reconcile};
pub use retry::{Retried, retry};

/// What one run is told by the command that makes it.
pub struct Run<'a> {
    pub run_id: String,
    pub started_at: Micros,
    pub clock: &'a (dyn Fn() -> Micros + Sync),
    pub progress: &'a (dyn Fn(&Progress) + Sync),
    /// Set when the user wants the run to end: what was read is committed, and the walk stops.
    pub cancelled: &'a AtomicBool,
    /// The oldest time to walk down to, in place of what the coverage asks for.
    pub from: Option<Micros>,
    /// Where the service can be asked for a stretch: the end of what is asked for.
    pub to: Option<Micros>,
}

/// Where a stream's walk stands.
#[derive(Debug, Clone)]
pub struct Progress {
    pub name: String,
    pub pages: u64,
    pub rows: u64,
    /// What the service says it has, when the walk goes to the end of the list.
    pub expected: Option<u64>,
}

/// Why a stream could not be loaded, or not to its end.
#[derive(Debug, Error)]
pub enum StreamError {
    #[error(transparent)]
    Pull(#[from] PullError),
    #[error("{0}")]
    Settings(Arc<SettingsError>),
    #[error("belongs to the account {known}, and the configuration now names {given}")]
    OtherAccount { known: String, given: String },
    #[error("is not offered by this server")]
    NotOffered,
    #[error("none of its lists shows anything, nor what one of them showed before: nothing is claimed")]
    ShowsNothing,
    #[error("is asked for by resource, so that no time of it can be read again")]
    PerResource,
    #[error("{} to {} cannot be read ({}): nothing is compared", format_time(.0.span.from), format_time(.0.span.to), .0.reason)]
    Unread(Gap),
    #[error(
        "none of the rows the lake holds came again, though the service should still offer them: nothing is compared"
    )]
    NothingAgain,
    #[error("{0:#}")]
    Lake(anyhow::Error),
}

impl StreamError {
    /// Whether the configuration or the credentials are at fault.
    pub fn is_configuration(&self) -> bool {
        match self {
            StreamError::Pull(error) => error.is_credentials(),
            StreamError::Settings(_) | StreamError::OtherAccount { .. } => true,
            StreamError::PerResource => true,
            StreamError::NotOffered
            | StreamError::ShowsNothing
            | StreamError::Unread(_)
            | StreamError::NothingAgain
            | StreamError::Lake(_) => false,
        }
    }

    pub fn hint(&self) -> String {
        match self {
            StreamError::Pull(error) => error.hint(),
            StreamError::Settings(error) => error.hint().to_owned(),
            StreamError::OtherAccount { .. } => {
                "two accounts must not share one archive: give the other account a source name of its own".to_owned()
            }
            StreamError::NotOffered => {
                "name the streams you want in `streams` of this source, if it should not be asked for".to_owned()
            }
            StreamError::ShowsNothing | StreamError::NothingAgain => {
                "check that the token may still see everything".to_owned()
            }
            StreamError::PerResource => {
                "compare the stream that names the resources; a sync reads each list again once its activity is a day old"
                    .to_owned()
            }
            StreamError::Unread(_) => "the service has a fault there: run the command again later".to_owned(),
            StreamError::Lake(_) => {
                "what was committed before is kept; mend the cause and run the command again".to_owned()
            }
        }
    }
}

/// What became of one stream.
#[derive(Debug)]
pub struct Outcome {
    pub source: String,
    pub stream: &'static str,
    pub counts: Counts,
    /// Numbers of the loads it made.
    pub loads: Vec<u64>,
    pub error: Option<StreamError>,
    /// Gaps that were not there before the run.
    pub new_gaps: Vec<Gap>,
    /// What a user should look at, and what it is good to know.
    pub findings: Vec<String>,
    pub warnings: Vec<String>,
    /// What is said and is no reason to worry.
    pub notes: Vec<String>,
}

impl Outcome {
    fn new(source: &str, stream: &'static Stream) -> Self {
        Self {
            source: source.to_owned(),
            stream: stream.name,
            counts: Counts::default(),
            loads: Vec::new(),
            error: None,
            new_gaps: Vec::new(),
            findings: Vec::new(),
            warnings: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub fn name(&self) -> String {
        format!("{}.{}", self.source, self.stream)
    }

    /// Whether a person should look at it although it ended well.
    pub fn needs_a_look(&self) -> bool {
        self.counts.rejects > 0 || !self.new_gaps.is_empty() || !self.findings.is_empty()
    }
}

/// Loads the given streams one after the other. One stream's failure does not stop the others; an error means that the lake
/// itself could not be written.
pub async fn sync(lake: &mut Lake, chosen: &[(Source, Vec<&'static Stream>)], run: &Run<'_>) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    let mut quiet = Vec::new();
    for (source, streams) in chosen {
        let client = Client::new(Settings::of(source)).map(Arc::new).map_err(Arc::new);
        for stream in in_order(streams) {
            if run.cancelled.load(Ordering::SeqCst) {
                break;
            }
            let mut outcome = Outcome::new(&source.name, stream);
            match &client {
                Ok(client) => {
                    let task = ways::Task { source, stream, run };
                    let state = ways::load(lake, &task, client, (&mut outcome, &quiet)).await;
                    quiet.extend(state);
                    if let Some(StreamError::Lake(error)) = &outcome.error {
                        let recovered = lake.recover().await;
                        recovered.with_context(|| format!("{}: {error:#}", outcome.name()))?;
                    }
                }
                Err(error) => outcome.error = Some(StreamError::Settings(Arc::clone(error))),
            }
            outcomes.push(outcome);
        }
    }
    commit_quiet(lake, quiet, run).await?;
    forgive_absent(&mut outcomes);
    Ok(outcomes)
}

/// Streams that ask by the rows of another one come after it.
fn in_order(streams: &[&'static Stream]) -> Vec<&'static Stream> {
    let mut streams = streams.to_vec();
    streams.sort_by_key(|stream| matches!(stream.paging, Paging::FanOut { .. } | Paging::Notifications));
    streams
}

/// A stream that a server does not offer is no failure where another stream of the source works.
fn forgive_absent(outcomes: &mut [Outcome]) {
    let works = |outcome: &&Outcome| outcome.error.is_none();
    let working: BTreeSet<String> = outcomes
        .iter()
        .filter(works)
        .map(|outcome| outcome.source.clone())
        .collect();
    for outcome in outcomes {
        if matches!(outcome.error, Some(StreamError::NotOffered)) && working.contains(&outcome.source) {
            outcome.error = None;
            outcome.notes.push(StreamError::NotOffered.to_string());
        }
    }
}

async fn commit_quiet(lake: &mut Lake, streams: Vec<QuietStream>, run: &Run<'_>) -> Result<()> {
    if streams.is_empty() {
        return Ok(());
    }
    let at = (run.clock)();
    lake.commit_quiet(&Quiet {
        run_id: &run.run_id,
        started_at: run.started_at,
        at,
        streams,
    })
    .await
}
