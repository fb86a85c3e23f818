//! The paging strategies: how a list that changes while it is read is read without losing a row. What was read is handed on
//! at once; what may be *claimed* is said apart, and only when the pages around it are joined beyond doubt.
//!
//! A walk knows nothing of lakes or records: it asks, orders answers, and says which span of the order key it has proven.

mod chain;
mod cursor;
mod desk;
mod listed;
mod numbered;
mod offset;
mod page;
mod unordered;
pub mod windows;
#[cfg(test)]
mod windows_tests;

use thiserror::Error;

use crate::coverage::{Gap, Span};
use crate::http::{Client, HttpError};
use crate::schema::Micros;
use crate::source::{Paging, Stream};

/// What a walk tells its caller, in the order of the walk.
#[derive(Debug)]
pub enum Event {
    /// The first answer has come: the service's time, where it said one, and how many rows it has in how many pages.
    Begun {
        service_at: Option<Micros>,
        newest_key: Option<Micros>,
        count: Option<u64>,
        total_pages: Option<u64>,
    },
    /// Records of one answer, as received. The same record may come more than once.
    Rows { page: u64, rows: Vec<Vec<u8>> },
    /// All rows of this span have been handed on; `trusted` says whether the pages were joined by their counts.
    Proven { span: Span, trusted: bool },
    /// A stretch that could not be read.
    Missing(Gap),
    /// The list is not in the order asked for; it is read in full until nothing new comes.
    Unordered,
    /// The proven end of the list, and the oldest key it offers.
    Ended { oldest: Option<Micros> },
}

fn of(count: Option<u64>) -> String {
    count.map(|count| format!(" ({count})")).unwrap_or_default()
}

/// Whether the walk goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    On,
    Stop,
}

/// Why a walk ended before its end. Everything handed on before is good.
#[derive(Debug, Error)]
pub enum PullError {
    #[error("page {page}: {source}")]
    Http { page: u64, source: HttpError },
    #[error("page {page}: not the documented shape: {what}")]
    Shape { page: u64, what: String },
    #[error("page {asked}: the service answered page {answered} instead")]
    WrongPage { asked: u64, answered: i64 },
    #[error("page {page}: the list stops here although the service counts {total_pages} pages")]
    Capped { page: u64, total_pages: u64 },
    #[error("page {page}: the service calls it the last one, and tells of more rows than it gave{}", of(*count))]
    Contradiction { page: u64, count: Option<u64> },
    #[error("page {page}: only repeats rows of the pages before it")]
    Repeats { page: u64 },
    #[error("the list never stands still: {passes} full readings each brought new records")]
    Restless { passes: u32 },
    #[error(transparent)]
    Window(#[from] windows::WindowError),
    #[error(transparent)]
    Caller(#[from] anyhow::Error),
}

impl PullError {
    /// Whether the credentials are at fault.
    pub fn is_credentials(&self) -> bool {
        match self {
            PullError::Http { source, .. } => source.kind.is_about_credentials(),
            PullError::Window(error) => error.is_credentials(),
            _ => false,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            PullError::Http { source, .. } => source.hint().to_owned(),
            PullError::Shape { .. } | PullError::WrongPage { .. } => {
                "check that base_url is the API of this kind of source, not a proxy's or a login page; what was read before is kept".to_owned()
            }
            PullError::Capped { .. } | PullError::Contradiction { .. } | PullError::Repeats { .. } => {
                "the service hides what lies deeper; what was read is kept, and the rest is shown as a gap".to_owned()
            }
            PullError::Restless { .. } => "sync again when the account is quieter; what was read is kept".to_owned(),
            PullError::Window(error) => error.hint().to_owned(),
            PullError::Caller(_) => "what was committed before is kept; run the command again".to_owned(),
        }
    }
}

/// One stream of one client, ready to be walked.
pub struct Walk<'a> {
    pub client: &'a Client,
    pub stream: &'a Stream,
    pub max_in_flight: usize,
}

impl Walk<'_> {
    /// Reads the list from its head until the caller stops it or its end is proven.
    pub async fn run(&self, caller: &mut impl AsyncFnMut(Event) -> anyhow::Result<Flow>) -> Result<(), PullError> {
        match self.stream.paging {
            Paging::Numbered { .. } => match numbered::walk(self, caller).await? {
                numbered::Outcome::Done => Ok(()),
                numbered::Outcome::NotNewestFirst => {
                    caller(Event::Unordered).await?;
                    unordered::walk(self, caller).await
                }
            },
        }
    }
}
