//! A list kept by creation time that is asked for in closed windows, several at once, oldest first. What is decided here
//! holds for both ways of paging through a window: how time is cut, how windows run side by side, and what a fault means.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::desk::{Desk, Halt};
use super::listed::{Bounds, Listed};
use super::{Event, Flow, PullError, cursor, offset};
use crate::coverage::Span;
use crate::http::{Client, HttpError, HttpErrorKind};
use crate::schema::{DAY, EARLIEST, Micros, SECOND, format_time};
use crate::source::Pagination;

/// The most rows the service gives in one answer.
pub(super) const PAGE_SIZE: &str = "100";
/// Answers in a row that bring nothing new, though each says that the list goes on.
pub(super) const MOST_BARREN: u32 = 100;
/// How many pages for each request in flight may wait for the caller.
const PAGES_AHEAD: usize = 8;
/// 2100-01-01T00:00:00Z: no window ends later.
const LATEST: Micros = 4_102_444_800 * SECOND;
const SHORTEST_WINDOW: Micros = DAY;
const LONGEST_WINDOW: Micros = 30 * DAY;

/// A list kept by creation time that is asked for in closed windows.
#[derive(Clone)]
pub struct Windowed {
    pub client: Arc<Client>,
    pub path: &'static str,
    /// The member of an answer that holds the records.
    pub rows: &'static str,
    /// The member of a record the list is sorted and filtered by.
    pub order_key: &'static str,
    /// Sent with every request, as names and values.
    pub filter: Vec<(String, String)>,
    pub pagination: Pagination,
    pub max_in_flight: usize,
}

/// The newest rows of a list.
#[derive(Debug)]
pub struct Newest {
    /// The service's time, where it said one.
    pub service_at: Option<Micros>,
    pub key: Option<Micros>,
    /// As received, newest first; none where the list is empty.
    pub rows: Vec<Vec<u8>>,
}

/// A window, or one of the ends of a list, that could not be read.
#[derive(Debug, Error)]
#[error("{}, page {page}: {fault}", Place(*.window))]
pub struct WindowError {
    /// `None`: the request was for the newest or the oldest row.
    pub window: Option<Span>,
    pub page: u64,
    pub fault: Fault,
}

/// What is wrong with an answer, or with a whole window.
#[derive(Debug, Error)]
pub enum Fault {
    #[error("{0}")]
    Http(HttpError),
    #[error("not the documented shape: {0}")]
    Shape(String),
    #[error("`meta.has_more` says that the list goes on, and `links.next` does not say where")]
    CursorMissing,
    #[error("the service names a cursor a second time")]
    CursorRepeated,
    #[error("{MOST_BARREN} answers in a row brought nothing new, and each said that the list goes on")]
    Barren,
    #[error("the service ignores filter[{column}]: rows came that were not asked for")]
    FilterIgnored { column: String },
    #[error("the service ignores the sort asked for: rows came in no order")]
    SortIgnored,
    #[error("rows and their count did not agree in {readings} readings")]
    Restless { readings: u32 },
    #[error("one second holds more rows than can be reached from both its ends{}", super::of(*count))]
    Crowded { count: Option<u64> },
}

struct Place(Option<Span>);

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(span) => write!(
                formatter,
                "window {} to {}",
                format_time(span.from),
                format_time(span.to)
            ),
            None => formatter.write_str("the end of the list"),
        }
    }
}

impl WindowError {
    pub fn is_credentials(&self) -> bool {
        matches!(&self.fault, Fault::Http(error) if error.kind.is_about_credentials())
    }

    /// What to do next.
    pub fn hint(&self) -> &str {
        match &self.fault {
            Fault::Http(error) => error.hint(),
            Fault::Shape(_) => {
                "check that base_url is the API of this kind of source, not a proxy's or a login page; what was read before is kept"
            }
            Fault::CursorMissing | Fault::CursorRepeated | Fault::Barren => {
                "the service lost its place in the list: sync again; what was read is kept, and the rest is shown as a gap"
            }
            Fault::FilterIgnored { .. } | Fault::SortIgnored => {
                "something between here and the service drops or changes parameters: check base_url and proxy of this source"
            }
            Fault::Restless { .. } => "sync again when the account is quieter; what was read is kept",
            Fault::Crowded { .. } => "set pagination = \"cursor\" for this source, which has no such limit",
        }
    }

    /// The fault as the reason of a gap: its first words.
    pub(super) fn reason(&self) -> String {
        let text = format!("page {}: {}", self.page, self.fault);
        text.split(" (").next().unwrap_or_default().chars().take(200).collect()
    }
}

impl Fault {
    /// Whether every other window would meet it too.
    pub(super) fn is_everywhere(&self) -> bool {
        match self {
            Fault::Http(error) => match error.kind {
                HttpErrorKind::Unauthorized
                | HttpErrorKind::Forbidden
                | HttpErrorKind::NotFound
                | HttpErrorKind::RateLimited
                | HttpErrorKind::Unavailable
                | HttpErrorKind::Redirected
                | HttpErrorKind::Certificate
                | HttpErrorKind::TokenRefused
                | HttpErrorKind::RefreshTokenRefused
                | HttpErrorKind::TokenUnusable
                | HttpErrorKind::TokenNotKept => true,
                HttpErrorKind::Refused
                | HttpErrorKind::Server
                | HttpErrorKind::NotJson
                | HttpErrorKind::Timeout
                | HttpErrorKind::Connection
                | HttpErrorKind::Truncated
                | HttpErrorKind::TooLarge => false,
            },
            Fault::FilterIgnored { .. } => true,
            _ => false,
        }
    }

    /// Whether the service broke a rule of paging, which no gap says well enough.
    pub(super) fn is_misconduct(&self) -> bool {
        matches!(
            self,
            Fault::CursorMissing | Fault::CursorRepeated | Fault::Barren | Fault::SortIgnored
        )
    }
}

/// Cuts a span into whole seconds: about `most` windows of at least a day and at most thirty; a short one stays whole.
pub fn cut(span: Span, most: usize) -> Vec<Span> {
    let span = whole_seconds(span);
    let most = Micros::try_from(most).unwrap_or(Micros::MAX).max(1);
    let share = (span.to - span.from) / most / SECOND * SECOND + SECOND;
    let length = share.clamp(SHORTEST_WINDOW, LONGEST_WINDOW);
    let mut windows = Vec::new();
    let mut from = span.from;
    while from < span.to {
        let to = from.saturating_add(length).min(span.to);
        windows.push(Span::new(from, to));
        from = to;
    }
    windows
}

pub(super) fn second_of(at: Micros) -> Micros {
    at.div_euclid(SECOND) * SECOND
}

/// The service knows no part of a second.
fn whole_seconds(span: Span) -> Span {
    let to = span.to.min(LATEST) + SECOND - 1;
    Span::new(second_of(span.from.max(EARLIEST)), second_of(to))
}

/// A second more on either side: whether the service means its bounds inclusively is not known.
pub(super) fn around(window: Span) -> Bounds {
    let whole = whole_seconds(window);
    Bounds {
        from: whole.from - SECOND,
        to: whole.to + SECOND,
    }
}

impl Windowed {
    /// The newest row, in one small request.
    pub async fn newest(&self) -> Result<Newest, PullError> {
        self.newest_of(None, "1").await
    }

    /// The newest rows of a time and before: a page of them, for rows of the second after it may be among them, as the
    /// service may leave out what lies at the bound it is given.
    pub async fn newest_until(&self, at: Micros) -> Result<Newest, PullError> {
        let bounds = Bounds {
            from: EARLIEST - SECOND,
            to: second_of(at) + SECOND,
        };
        self.newest_of(Some(bounds), PAGE_SIZE).await
    }

    async fn newest_of(&self, bounds: Option<Bounds>, size: &str) -> Result<Newest, PullError> {
        let page = self.end_of_list(bounds, true, size).await?;
        Ok(Newest {
            service_at: page.service_at,
            key: page.marks.first().and_then(|(_, key)| *key),
            rows: page.rows,
        })
    }

    /// A time that no row is older than, and at most a second before the oldest one; `None`: there are no rows.
    ///
    /// A service that ignores the sort would show its newest row as the oldest, and everything before it would be taken
    /// for not offered; so unless the answer shows its order, the oldest row is searched for by halving the time before.
    pub async fn oldest(&self) -> Result<Option<Micros>, PullError> {
        Ok(self.beginning().await?.0)
    }

    /// As [`Windowed::oldest`], with every row that the answers held: what was received is to be stored.
    pub async fn beginning(&self) -> Result<(Option<Micros>, Vec<Vec<u8>>), PullError> {
        let page = self.end_of_list(None, false, PAGE_SIZE).await?;
        if page.rows.is_empty() {
            return Ok((None, Vec::new()));
        }
        let mut received = page.rows.clone();
        let keys: Vec<Micros> = page.marks.iter().filter_map(|(_, key)| *key).collect();
        let oldest = keys.iter().min().copied();
        let is_ordered = keys.is_sorted() && keys.first() < keys.last();
        let is_all = page.has_more == Some(false) || self.pagination == Pagination::Offset && !page.has_next_page;
        if keys.len() == page.rows.len() && (is_ordered || is_all) {
            return Ok((oldest, received));
        }
        let (mut low, mut high) = (EARLIEST, second_of(oldest.unwrap_or(LATEST)));
        while high - low > SECOND {
            let bounds = Bounds {
                from: EARLIEST - SECOND,
                to: second_of(low + (high - low) / 2),
            };
            let page = self.end_of_list(Some(bounds), false, "1").await?;
            if page.rows.is_empty() {
                low = bounds.to;
            } else {
                let keys = page.marks.iter().filter_map(|(_, key)| *key);
                high = keys.map(second_of).fold(bounds.to, Micros::min);
            }
            received.extend(page.rows);
        }
        Ok((Some(low), received))
    }

    /// The first answer with rows, from either end; a list may begin with empty ones.
    async fn end_of_list(&self, bounds: Option<Bounds>, is_newest: bool, size: &str) -> Result<Listed, PullError> {
        let mut page = 1;
        let broken = |page, fault| WindowError {
            window: None,
            page,
            fault,
        };
        let sort = format!("{}{}", if is_newest { "-" } else { "" }, self.order_key);
        let order = if is_newest { "desc" } else { "asc" };
        let query = match self.pagination {
            Pagination::Cursor => vec![("sort", sort.as_str()), ("page[size]", size)],
            Pagination::Offset => vec![
                ("sort_by", self.order_key),
                ("sort_order", order),
                ("per_page", size),
                ("page", "1"),
            ],
        };
        let mut listed = self.ask(bounds, &query).await.map_err(|fault| broken(page, fault))?;
        let service_at = listed.service_at;
        while self.pagination == Pagination::Cursor && listed.rows.is_empty() && listed.has_more == Some(true) {
            if page >= u64::from(MOST_BARREN) {
                return Err(broken(page, Fault::Barren).into());
            }
            page += 1;
            let link = listed.next.take().ok_or_else(|| broken(page, Fault::CursorMissing))?;
            listed = self.follow(&link, bounds).await.map_err(|fault| broken(page, fault))?;
        }
        listed.service_at = service_at;
        match listed.stray.take() {
            Some(fault) => Err(broken(page, fault).into()),
            None => Ok(listed),
        }
    }

    /// Reads windows, several at once, oldest first. Rows are handed on as they come, in any order between windows; what
    /// is proven is said after its rows. A window that breaks becomes a gap from where it broke, and the others go on.
    ///
    /// The readers are a task of their own: they go on asking while the caller makes durable what it was given.
    pub async fn read(
        &self,
        windows: &[Span],
        caller: &mut impl AsyncFnMut(Event) -> anyhow::Result<Flow>,
    ) -> Result<(), PullError> {
        let (events, mut handed_in) = mpsc::channel(PAGES_AHEAD * self.max_in_flight.max(1));
        let (list, windows) = (self.clone(), windows.to_vec());
        let mut readers = JoinSet::new();
        readers.spawn(async move { list.read_side_by_side(&windows, events).await });
        while let Some(event) = handed_in.recv().await {
            if caller(event).await? == Flow::Stop {
                return Ok(());
            }
        }
        match readers.join_next().await {
            Some(read) => read.map_err(anyhow::Error::from)?,
            None => Ok(()),
        }
    }

    async fn read_side_by_side(&self, windows: &[Span], events: mpsc::Sender<Event>) -> Result<(), PullError> {
        // The client sees to it that no more requests are under way than allowed; twice as many readers keep it busy.
        let most = self.max_in_flight.max(1) * 2;
        let (shares, mut shared) = mpsc::unbounded_channel();
        let desk = Desk::new(events, shares);
        let whole = windows.iter().copied().map(whole_seconds);
        let mut waiting: VecDeque<Span> = whole.filter(|window| !window.is_empty()).collect();
        let mut running = FuturesUnordered::new();
        loop {
            while let Ok(share) = shared.try_recv() {
                waiting.push_back(share);
            }
            while running.len() < most
                && let Some(window) = waiting.pop_front()
            {
                running.push(self.read_window(window, &desk));
            }
            if running.is_empty() {
                return desk.close();
            }
            desk.idle.store(most - running.len(), Ordering::Relaxed);
            tokio::select! {
                Some(read) = running.next() => match read {
                    Ok(()) => {}
                    Err(Halt::Left) => return Ok(()),
                    Err(Halt::Failed(error)) => return Err(error),
                },
                Some(share) = shared.recv() => waiting.push_back(share),
            }
        }
    }

    async fn read_window(&self, window: Span, desk: &Desk) -> Result<(), Halt> {
        match self.pagination {
            Pagination::Cursor => cursor::read(self, window, desk).await,
            Pagination::Offset => offset::read(self, window, desk).await,
        }
    }
}
