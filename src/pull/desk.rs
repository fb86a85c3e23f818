//! Where the windows that are read at the same time hand in what they have: events go on in the order they come, broken
//! windows are judged, and a long window gives work to an idle reader. Apart from the strategies, which know one window each.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc::{Sender, UnboundedSender};

use super::windows::WindowError;
use super::{Event, PullError, Trust};
use crate::coverage::{Gap, Span};
use crate::schema::SECOND;

/// Windows that break one after the other, without a sound page between them, before the service itself is at fault.
const MOST_BROKEN: u32 = 3;
/// A window is shared when more pages than this seem to be left of it.
const FEWEST_SHARED: i64 = 4;

/// Why a window is read no further, though it may have more.
pub(super) enum Halt {
    /// Nobody takes events any more.
    Left,
    /// All windows would end like this one.
    Failed(PullError),
}

pub(super) struct Desk {
    events: Sender<Event>,
    shares: UnboundedSender<Span>,
    /// Readers without a window.
    pub(super) idle: AtomicUsize,
    broken_in_a_row: AtomicU32,
    is_any_sound: AtomicBool,
    first_fault: Mutex<Option<WindowError>>,
}

impl Desk {
    pub(super) fn new(events: Sender<Event>, shares: UnboundedSender<Span>) -> Self {
        Self {
            events,
            shares,
            idle: AtomicUsize::new(0),
            broken_in_a_row: AtomicU32::new(0),
            is_any_sound: AtomicBool::new(false),
            first_fault: Mutex::new(None),
        }
    }

    async fn tell(&self, event: Event) -> Result<(), Halt> {
        self.events.send(event).await.ok().ok_or(Halt::Left)
    }

    pub(super) async fn rows(&self, page: u64, rows: Vec<Vec<u8>>) -> Result<(), Halt> {
        self.tell(Event::Rows { page, member: 0, rows }).await
    }

    /// A page was all that it should be.
    pub(super) fn sound(&self) {
        self.is_any_sound.store(true, Ordering::Relaxed);
        self.broken_in_a_row.store(0, Ordering::Relaxed);
    }

    /// Every row of the span was handed in before.
    pub(super) async fn proven(&self, span: Span, trusted: bool) -> Result<(), Halt> {
        if span.is_empty() {
            return Ok(());
        }
        let trust = if trusted { Trust::Still } else { Trust::Uncounted };
        self.tell(Event::Proven { span, trust }).await
    }

    /// What is left of a window cannot be read. The other windows go on, unless they would end alike.
    pub(super) async fn broken(&self, left: Span, error: WindowError) -> Result<(), Halt> {
        if error.fault.is_everywhere() {
            return Err(Halt::Failed(error.into()));
        }
        let reason = error.reason();
        tracing::warn!("{error}");
        if !left.is_empty() {
            self.tell(Event::Missing(Gap { span: left, reason })).await?;
        }
        if self.broken_in_a_row.fetch_add(1, Ordering::Relaxed) + 1 >= MOST_BROKEN {
            return Err(Halt::Failed(error.into()));
        }
        let mut first = self.first_fault.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(error);
        Ok(())
    }

    /// All windows have been read. One that broke is a gap and no failure, unless the service broke its own rules, or
    /// nothing at all could be read.
    pub(super) fn close(&self) -> Result<(), PullError> {
        let mut first = self.first_fault.lock().unwrap_or_else(PoisonError::into_inner);
        let is_sound = self.is_any_sound.load(Ordering::Relaxed);
        match first.take() {
            Some(error) if !is_sound || error.fault.is_misconduct() => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Gives the later half of what is left of a window to an idle reader, if `pages` over `read` promise enough for two.
    pub(super) fn share(&self, read: Span, pages: i64, left: Span) -> Option<Span> {
        let ahead = (left.to - left.from) / ((read.to - read.from) / pages.max(1)).max(1);
        let middle = (left.from + (left.to - left.from) / 2).div_euclid(SECOND) * SECOND;
        if ahead < FEWEST_SHARED || middle <= left.from {
            return None;
        }
        let take = |idle: usize| idle.checked_sub(1);
        self.idle
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .ok()?;
        self.shares.send(Span::new(middle, left.to)).ok()?;
        Some(Span::new(left.from, middle))
    }
}
