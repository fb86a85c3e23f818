//! How long a list says it is, whether that is so, and where it stops. Pure: answers in, findings out; apart from the asking
//! because most of it is told by answers to other questions.

use super::numbered::Reply;
use super::{Dates, Told};
use crate::pull::page::Outline;

const COUNTS: &str = "counts";

/// What the answers of one whole list said of its length.
pub(super) struct Lengths {
    size: u64,
    pages: Option<u64>,
    counts: Vec<Option<u64>>,
    /// Rows of the last page, once that is read.
    last: Option<u64>,
    last_ids: Vec<u64>,
}

/// The answer to a page after the last one.
pub(super) enum Past {
    /// The list stops before its end.
    Hidden,
    /// The list does not say where it ends.
    Unknown,
    Empty,
    LastAgain,
    Denied(u16),
    Rows(u64),
}

impl Lengths {
    pub(super) fn of(first: &Outline) -> Self {
        let is_last = first.is_last();
        let mut lengths = Self {
            size: first.length(),
            pages: first.total_pages.or(is_last.then_some(1)),
            counts: vec![first.count],
            last: None,
            last_ids: Vec::new(),
        };
        if is_last {
            lengths.read_last(first);
        }
        lengths
    }

    /// One more answer of the whole list.
    pub(super) fn note(&mut self, page: &Outline) {
        self.counts.push(page.count);
    }

    pub(super) fn read_last(&mut self, page: &Outline) {
        self.last = Some(page.length());
        self.last_ids = page.rows.iter().map(|row| row.id).collect();
    }

    pub(super) fn total_pages(&self) -> Option<u64> {
        self.pages
    }

    /// Rows that pages down to this one hold.
    fn rows_to(&self, page: u64) -> u64 {
        page.saturating_mul(self.size)
    }

    /// Whether every count told was the same, and that of the rows there are.
    pub(super) fn is_exact(&self) -> bool {
        let Some(Some(count)) = self.counts.first() else {
            return false;
        };
        let by_pages = self
            .pages
            .zip(self.last)
            .map(|(pages, last)| self.rows_to(pages - 1) + last);
        let is_sized = self
            .pages
            .is_some_and(|pages| count.div_ceil(self.size.max(1)) == pages);
        self.counts.iter().all(|told| *told == Some(*count)) && by_pages.map_or(is_sized, |rows| rows == *count)
    }

    pub(super) fn counts(&self, told: &mut Told<'_>) {
        let known: Vec<u64> = self.counts.iter().flatten().copied().collect();
        let (Some(least), Some(most), Some(pages)) = (known.iter().min(), known.iter().max(), self.pages) else {
            let advice = "sync asks for one page at a time, and believes a stretch only after a second reading";
            told.note(COUNTS, "the list does not say how many rows and pages it has", advice);
            return;
        };
        if self.is_exact() && self.last.is_some() {
            told.ok(COUNTS, format!("exact: {most} rows in {pages} pages"));
        } else if self.is_exact() {
            told.ok(
                COUNTS,
                format!("{most} rows in {pages} pages, as far as can be told without the last one"),
            );
        } else if least != most || known.len() != self.counts.len() {
            let finding =
                format!("differ between answers, {least} to {most} rows: the list moves, or they are estimates");
            told.note(COUNTS, finding, "nothing: sync does not rely on them");
        } else {
            let finding = format!("not exact: {most} rows in {pages} pages are told, and other numbers are there");
            told.note(COUNTS, finding, "nothing: sync does not rely on them");
        }
    }

    /// `reach`: the deepest page that answers and the first that does not, where there is such a one.
    pub(super) fn cap(&self, reach: Option<(u64, u64)>, dates: &Dates, told: &mut Told<'_>) {
        const QUESTION: &str = "cap";
        let Some((low, high)) = reach else {
            let finding = match (self.pages, self.last) {
                (Some(pages), Some(_)) => {
                    format!("none down to the last of {pages} pages, row {}", self.rows_to(pages))
                }
                _ => "cannot be told: the list does not say where it ends".to_owned(),
            };
            return told.ok(QUESTION, finding);
        };
        let pages = self.pages.unwrap_or(high);
        let place = if low + 1 == high {
            format!("after page {low}, row {}", self.rows_to(low))
        } else {
            format!(
                "between the pages {low} and {high}, rows {} and {}",
                self.rows_to(low),
                self.rows_to(high)
            )
        };
        let finding = format!("the list stops {place}, though it has {pages} pages");
        match dates {
            Dates::By(operators) => {
                let advice = format!("nothing: sync goes on below it by `{}`", operators.before);
                told.note(QUESTION, finding, &advice);
            }
            Dates::Never | Dates::Untold => {
                let advice = "sync shows what lies deeper as a gap: run it before so many new rows come, and import the rest \
                              from an export of the vendor";
                told.look(QUESTION, finding, advice);
            }
        }
    }

    /// What the answer to the page after the last one is.
    pub(super) fn past(&self, reply: &Reply) -> Past {
        match reply {
            Reply::LastAgain => Past::LastAgain,
            Reply::Denied(error) => Past::Denied(error.status.unwrap_or_default()),
            Reply::Page(page) if page.outline.rows.is_empty() => Past::Empty,
            Reply::Page(page) => {
                let ids = page.outline.rows.iter().map(|row| row.id);
                if ids.eq(self.last_ids.iter().copied()) {
                    Past::LastAgain
                } else {
                    Past::Rows(page.outline.length())
                }
            }
        }
    }
}

impl Past {
    pub(super) fn tell(&self, told: &mut Told<'_>) {
        const QUESTION: &str = "past the end";
        match self {
            Past::Hidden => told.ok(QUESTION, "not asked: the list stops before its end"),
            Past::Unknown => told.ok(QUESTION, "not asked: the list does not say where it ends"),
            Past::Empty => told.ok(QUESTION, "an empty page"),
            Past::LastAgain => told.ok(QUESTION, "the last page again"),
            Past::Denied(status) => told.ok(QUESTION, format!("refused ({status})")),
            Past::Rows(rows) => {
                let finding = format!("{rows} more rows: the list is longer than it says, or grew meanwhile");
                told.note(
                    QUESTION,
                    finding,
                    "probe again: if it stays so, its number of pages cannot be relied on",
                );
            }
        }
    }
}
