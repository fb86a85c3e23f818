//! One window in cursor mode, oldest row first. The cursor is a keyset, so that nothing shifts under the reader: all that is
//! older than the last row read has been read. Where the service loses its place, the window is asked for again from there.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::desk::{Desk, Halt};
use super::listed::Listed;
use super::page::hash;
use super::windows::{Fault, MOST_BARREN, PAGE_SIZE, WindowError, Windowed, around};
use crate::coverage::Span;
use crate::http::HttpErrorKind;
use crate::schema::Micros;

/// How often a window is asked for anew without getting any further.
const MOST_RESTARTS: u32 = 2;

/// How far a window has been read.
struct Reading {
    /// Everything of the window before it is proven.
    proven_to: Micros,
    /// Where the reading ends; a part may have been given away.
    to: Micros,
    page: u64,
}

pub(super) async fn read(list: &Windowed, window: Span, desk: &Desk) -> Result<(), Halt> {
    let mut reading = Reading {
        proven_to: window.from,
        to: window.to,
        page: 0,
    };
    let mut restarts = 0;
    loop {
        let begun_at = reading.proven_to;
        let Some(fault) = read_on(list, &mut reading, desk).await? else {
            return Ok(());
        };
        if reading.proven_to > begun_at {
            restarts = 0;
        }
        let error = WindowError {
            window: Some(Span::new(window.from, reading.to)),
            page: reading.page,
            fault,
        };
        if restarts >= MOST_RESTARTS || !is_worth_a_restart(&error.fault) {
            return desk.broken(Span::new(reading.proven_to, reading.to), error).await;
        }
        restarts += 1;
        tracing::warn!("{error}: asking again from the last row read");
    }
}

/// Whether asking by time instead of by cursor may help. The requests themselves have been tried again already.
fn is_worth_a_restart(fault: &Fault) -> bool {
    match fault {
        Fault::Http(error) => error.kind == HttpErrorKind::Refused,
        Fault::Shape(_) | Fault::CursorMissing | Fault::CursorRepeated => true,
        _ => false,
    }
}

/// Reads from where the window is proven to its end; says what stood in the way.
async fn read_on(list: &Windowed, reading: &mut Reading, desk: &Desk) -> Result<Option<Fault>, Halt> {
    let begun_at = reading.proven_to;
    let bounds = around(Span::new(begun_at, reading.to));
    let query = [("sort", list.order_key), ("page[size]", PAGE_SIZE)];
    let mut line = Line::default();
    let mut cursors = HashSet::new();
    let mut answer = list.ask(Some(bounds), &query).await;
    let mut pages = 0;
    loop {
        reading.page += 1;
        pages += 1;
        let mut page = match answer {
            Ok(page) => page,
            Err(fault) => return Ok(Some(fault)),
        };
        desk.rows(reading.page, std::mem::take(&mut page.rows)).await?;
        if let Err(fault) = line.take(&mut page) {
            return Ok(Some(fault));
        }
        let next = next_of(page, &mut cursors);
        if matches!(next, Ok(None)) {
            desk.sound();
            reading.prove(Some(reading.to), desk).await?;
            return Ok(None);
        }
        reading.prove(line.passed(), desk).await?;
        let link = match next {
            Ok(Some(link)) => link,
            Ok(None) => return Ok(None),
            Err(fault) => return Ok(Some(fault)),
        };
        desk.sound();
        if reading.proven_to >= reading.to {
            return Ok(None);
        }
        let read = Span::new(begun_at, reading.proven_to);
        let left = Span::new(reading.proven_to, reading.to);
        if line.passed().is_some()
            && let Some(kept) = desk.share(read, pages, left)
        {
            reading.to = kept.to;
        }
        answer = list.follow(&link, Some(bounds)).await;
    }
}

impl Reading {
    /// All rows before `to` have been handed in.
    async fn prove(&mut self, to: Option<Micros>, desk: &Desk) -> Result<(), Halt> {
        let span = Span::new(self.proven_to, to.unwrap_or(self.proven_to).min(self.to));
        if !span.is_empty() {
            self.proven_to = span.to;
        }
        desk.proven(span, true).await
    }
}

/// The link to go on with; `None` at the end, which `meta.has_more` alone can tell.
fn next_of(page: Listed, cursors: &mut HashSet<u64>) -> Result<Option<String>, Fault> {
    match page.has_more {
        None => return Err(Fault::Shape("no `meta.has_more`".to_owned())),
        Some(false) => return Ok(None),
        Some(true) => {}
    }
    let link = page.next.ok_or(Fault::CursorMissing)?;
    let after = page.after.map(|after| hash(&("cursor", after)));
    let is_new = [Some(hash(&link)), after]
        .into_iter()
        .flatten()
        .all(|mark| cursors.insert(mark));
    if is_new {
        Ok(Some(link))
    } else {
        Err(Fault::CursorRepeated)
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Order {
    /// All rows so far are of one time.
    #[default]
    Unknown,
    OldestFirst,
    /// The sort asked for is ignored; a list in its own order is complete at its end all the same.
    NewestFirst,
}

/// The rows of one line of pages, as far as their order goes.
#[derive(Default)]
struct Line {
    order: Order,
    last: Option<Micros>,
    /// Identities of the rows at `last`.
    ties: HashSet<u64>,
    /// Pages in a row without a row not seen before.
    barren: u32,
}

impl Line {
    fn take(&mut self, page: &mut Listed) -> Result<(), Fault> {
        if let Some(fault) = page.stray.take() {
            return Err(fault);
        }
        let mut is_barren = true;
        for (id, key) in &page.marks {
            let Some(key) = *key else { continue };
            let step = self.last.map(|last| key.cmp(&last));
            if step == Some(Ordering::Equal) {
                is_barren &= !self.ties.insert(*id);
                continue;
            }
            self.order = match (step, self.order) {
                (None | Some(Ordering::Equal), order) => order,
                (Some(Ordering::Greater), Order::Unknown | Order::OldestFirst) => Order::OldestFirst,
                (Some(Ordering::Less), Order::Unknown | Order::NewestFirst) => Order::NewestFirst,
                (Some(_), _) => return Err(Fault::SortIgnored),
            };
            self.last = Some(key);
            self.ties = HashSet::from([*id]);
            is_barren = false;
        }
        self.barren = if is_barren { self.barren + 1 } else { 0 };
        if self.barren >= MOST_BARREN {
            Err(Fault::Barren)
        } else {
            Ok(())
        }
    }

    /// All rows older than this have been read: rows of that very time may follow.
    fn passed(&self) -> Option<Micros> {
        self.last.filter(|_| self.order == Order::OldestFirst)
    }
}
