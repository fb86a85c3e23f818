//! The paging strategies: how a list that changes while it is read is read without losing a row. What was read is handed on
//! at once; what may be *claimed* is said apart, and only when the pages around it are joined beyond doubt.
//!
//! A walk knows nothing of lakes or records: it asks, orders answers, and says which span of the order key it has proven.

mod ascending;
mod chain;
mod cursor;
mod desk;
mod filtered;
mod listed;
mod numbered;
mod offset;
mod page;
mod pipeline;
pub mod probe;
mod seek;
mod ties;
mod unordered;
mod unreadable;
pub mod windows;
#[cfg(test)]
mod windows_tests;

use std::sync::Arc;

use thiserror::Error;

use crate::coverage::{Gap, Span};
use crate::http::{Client, HttpError, HttpErrorKind};
use crate::schema::Micros;

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
    /// Records of one member of one answer, as received; `member` is its place in `List::rows`. The same record may come
    /// more than once.
    Rows {
        page: u64,
        member: usize,
        rows: Vec<Vec<u8>>,
    },
    /// All rows of this span have been handed on.
    Proven { span: Span, trust: Trust },
    /// A stretch that could not be read.
    Missing(Gap),
    /// The service gives nothing out from this page on; older rows are asked for by date.
    Capped { page: u64, total_pages: u64 },
    /// The list is the wrong way round; it is read from its last page to its first.
    Ascending,
    /// The list is not in the order asked for; it is read in full until nothing new comes.
    Unordered,
    /// The proven end of the list, and the oldest key it offers.
    Ended { oldest: Option<Micros> },
}

fn of(count: Option<u64>) -> String {
    count.map(|count| format!(" ({count})")).unwrap_or_default()
}

/// How far a proof can be relied on.
///
/// A deletion above a border and a row that appears below it cancel in every count: the row at the border is seen by nobody,
/// and nothing tells. In a list that stands still nothing of the kind happens, and for that its head and its count are
/// watched. In one that moves it is as rare as two such acts between two answers, and a second reading finds the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The list stood still as far as its head and its count tell.
    Still,
    /// The pages were joined by their counts in a list that moved: one reading proves it provisionally, a second one for good.
    Moving,
    /// There was no count to join by.
    Uncounted,
}

/// Whether the walk goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    On,
    /// As an answer to what was proven: what lies at or above this key need not be read again.
    Below(Micros),
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
    #[error("page {page}: rows from {newest} on, though the filter asks by `{operator}` for older ones")]
    FilterIgnored {
        page: u64,
        operator: String,
        newest: String,
    },
    #[error("page {page}: only repeats rows of the pages before it")]
    Repeats { page: u64 },
    #[error("the list never stands still: {passes} full readings each brought new records")]
    Restless { passes: u32 },
    #[error(transparent)]
    Window(Box<windows::WindowError>),
    #[error(transparent)]
    Caller(#[from] anyhow::Error),
}

impl From<windows::WindowError> for PullError {
    fn from(error: windows::WindowError) -> Self {
        Self::Window(Box::new(error))
    }
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

    /// Whether only this page is at fault, so that others may still be read.
    pub fn is_about_page(&self) -> bool {
        match self {
            PullError::Shape { .. } => true,
            PullError::Http { source, .. } => matches!(
                source.kind,
                HttpErrorKind::Server
                    | HttpErrorKind::NotJson
                    | HttpErrorKind::Truncated
                    | HttpErrorKind::TooLarge
                    | HttpErrorKind::Timeout
            ),
            _ => false,
        }
    }

    /// Whether another page came than was asked for, as past the end, or where pages have become larger meanwhile.
    fn is_another_page(&self) -> bool {
        matches!(self, PullError::WrongPage { .. })
    }

    /// Whether the service knows no such list.
    pub fn is_absent(&self) -> bool {
        matches!(self, PullError::Http { page: 1, source } if source.kind == HttpErrorKind::NotFound)
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
            PullError::FilterIgnored { .. } => {
                "the service does not know this operator after all: run `trailhouse probe` on the source".to_owned()
            }
            PullError::Restless { .. } => "sync again when the account is quieter; what was read is kept".to_owned(),
            PullError::Window(error) => error.hint().to_owned(),
            PullError::Caller(_) => "what was committed before is kept; run the command again".to_owned(),
        }
    }
}

/// A list of records as it is asked for.
#[derive(Debug, Clone)]
pub struct List<'a> {
    /// Path below the base address.
    pub path: &'a str,
    /// Members of an answer that hold records; order is judged on the first.
    pub rows: &'a [&'a str],
    /// The member of a record the list is ordered by, newest first; without one it is read in full until nothing new comes,
    /// and nothing is claimed.
    pub order_key: Option<&'a str>,
    /// Sent with every page, the sort included.
    pub query: Vec<(String, String)>,
    /// How the list can be asked for older rows only, where a way is known to work.
    pub dates: Option<DateFilter>,
}

/// How a filter asks for the rows before a moment.
#[derive(Debug, Clone)]
pub struct DateFilter {
    /// The field the operators compare.
    pub field: String,
    /// Name of the operator for times before a moment.
    pub before: String,
    /// Whether it lets the moment itself through.
    pub is_before_inclusive: bool,
    /// Name of the operator for a moment and later times.
    pub at_or_after: String,
    /// The filter that is sent anyway.
    pub base: Option<serde_json::Value>,
}

/// One list of one client, ready to be walked.
pub struct Walk<'a> {
    pub client: &'a Arc<Client>,
    pub list: List<'a>,
    pub max_in_flight: usize,
}

impl Walk<'_> {
    /// Reads the list from its head until the caller stops it or its end is proven.
    pub async fn run(&self, caller: &mut impl AsyncFnMut(Event) -> anyhow::Result<Flow>) -> Result<(), PullError> {
        if self.list.order_key.is_none() {
            return unordered::walk(self, caller).await;
        }
        match numbered::walk(self, caller).await? {
            numbered::Outcome::Done => return Ok(()),
            numbered::Outcome::OldestFirst(first) => {
                caller(Event::Ascending).await?;
                match ascending::walk(self, first, caller).await? {
                    ascending::Outcome::Done => return Ok(()),
                    ascending::Outcome::Unordered => {}
                }
            }
            numbered::Outcome::Unordered => {}
        }
        caller(Event::Unordered).await?;
        unordered::walk(self, caller).await
    }
}
