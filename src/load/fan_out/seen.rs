//! What became of the resources of one reading, and what that says of their lists: one resource that cannot be read must not
//! keep the others back, and lists that are not there, or not to be seen, must not pass for silence.

use super::super::StreamError;
use super::super::stream::StreamLoad;
use super::super::ways::reason;
use super::{ListOf, Reading, fan_out, resources};
use crate::http::HttpErrorKind;
use crate::pull::{Flow, PullError};

/// After so many resources the place is kept, whether or not anything new was found.
const KEEP_EVERY: u32 = 1_000;
/// So many lists in a row that cannot be read mean that the service has a fault, and not a resource.
const MOST_FAILED_IN_A_ROW: u32 = 3;
/// So many resources the service does not know, and none that it does, mean that the list is not there.
const MOST_ABSENT: u64 = 20;
/// So many resources with recent activity are asked for before it is said that no list shows anything.
const MOST_ASKED: usize = 5;
/// More resources than this that cannot be read end the stream.
const MOST_FAILED: usize = 100;

/// So much of an id is told.
const LONGEST_ID: usize = 100;

/// How the list of one resource ended.
pub(super) enum Listed {
    /// With records.
    Shown,
    /// Without any.
    Empty,
    /// The service does not know the resource.
    Absent,
    Failed(PullError),
}

/// What became of the resources of one reading so far.
pub(super) struct Seen {
    reading: Reading,
    shown: u64,
    empty: u64,
    absent: u64,
    failed_in_a_row: u32,
    since_kept: u32,
}

impl Seen {
    pub(super) fn new(reading: Reading) -> Self {
        Self {
            reading,
            shown: 0,
            empty: 0,
            absent: 0,
            failed_in_a_row: 0,
            since_kept: 0,
        }
    }

    /// Says whether the reading goes on to further resources.
    pub(super) fn take(&mut self, load: &mut StreamLoad<'_>, id: &str, listed: Listed) -> Result<bool, StreamError> {
        match listed {
            Listed::Failed(error) => return self.fail(load, id, error),
            Listed::Shown => {
                self.shown += 1;
                fan_out(load).known = Some(id.to_owned());
            }
            Listed::Empty => self.empty += 1,
            Listed::Absent => self.absent += 1,
        }
        if self.absent >= MOST_ABSENT && self.shown + self.empty == 0 && fan_out(load).known.is_none() {
            return Err(StreamError::NotOffered);
        }
        self.failed_in_a_row = 0;
        fan_out(load).failed.retain(|failed| failed != id);
        Ok(true)
    }

    /// It is remembered, and asked for again by the next run: those that fail again after those that have waited.
    fn fail(&mut self, load: &mut StreamLoad<'_>, id: &str, error: PullError) -> Result<bool, StreamError> {
        self.failed_in_a_row += 1;
        let is_often = self.failed_in_a_row >= MOST_FAILED_IN_A_ROW;
        let is_again = self.reading == Reading::Again;
        let failed = &mut fan_out(load).failed;
        failed.retain(|known| known != id);
        let is_too_much = (is_often && !is_again) || failed.len() >= MOST_FAILED;
        if is_too_much || !self.is_about_resource(&error) {
            if is_again {
                failed.insert(0, id.to_owned());
            }
            return Err(error.into());
        }
        failed.push(id.to_owned());
        let shown: String = id.chars().take(LONGEST_ID).collect();
        load.findings.push(format!(
            "resource {shown} could not be listed and will be asked for again: {}",
            reason(&error)
        ));
        Ok(!is_often)
    }

    /// Whether the lists of other resources may still be read. A right may lack for one resource, if not for all.
    fn is_about_resource(&self, error: &PullError) -> bool {
        let PullError::Http { source, .. } = error else {
            return true;
        };
        match source.kind {
            HttpErrorKind::Forbidden => self.shown + self.empty > 0 || self.reading == Reading::Again,
            HttpErrorKind::Refused
            | HttpErrorKind::Unavailable
            | HttpErrorKind::Server
            | HttpErrorKind::NotJson
            | HttpErrorKind::Redirected
            | HttpErrorKind::Timeout
            | HttpErrorKind::Connection
            | HttpErrorKind::Truncated
            | HttpErrorKind::TooLarge => true,
            _ => false,
        }
    }

    pub(super) fn is_time_to_keep(&mut self) -> bool {
        self.since_kept += 1;
        let is_time = self.since_kept >= KEEP_EVERY;
        if is_time {
            self.since_kept = 0;
        }
        is_time
    }

    /// Where no list of the reading showed anything, one that did before must still show it. Of a stream that has never seen
    /// any, lists without records are believed, and resources that nobody knows are not.
    pub(super) async fn judge(
        &self,
        load: &mut StreamLoad<'_>,
        lists: &ListOf<'_>,
        of: &str,
    ) -> Result<(), StreamError> {
        if self.shown > 0 || self.empty + self.absent == 0 {
            return Ok(());
        }
        let failure = if self.empty == 0 {
            StreamError::NotOffered
        } else {
            StreamError::ShowsNothing
        };
        let Some(known) = fan_out(load).known.clone() else {
            return if self.empty > 0 { Ok(()) } else { Err(failure) };
        };
        // What it showed may have expired since; the resources named last should still be shown.
        let recent = resources::recent(load, of).await?;
        for id in std::iter::once(known).chain(recent.into_iter().take(MOST_ASKED)) {
            if shows(load, lists, &id).await? {
                return Ok(());
            }
        }
        Err(failure)
    }
}

/// Whether the list of a resource shows anything; it is read no further.
async fn shows(load: &mut StreamLoad<'_>, lists: &ListOf<'_>, id: &str) -> Result<bool, StreamError> {
    let before = load.received();
    let walk = lists.walk(id);
    let take = async |event| {
        load.take_listed(event).await?;
        Ok(if load.received() > before { Flow::Stop } else { Flow::On })
    };
    match walk.run(&mut { take }).await {
        Err(error) if !error.is_absent() => Err(error.into()),
        _ => Ok(load.received() > before),
    }
}
