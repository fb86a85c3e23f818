//! The list as the service shows it at a moment: which rows are visible, in the order of (`created_at`, `id`), and what
//! arrives. Both modes of paging read it here; how they ask is theirs.

use std::collections::BTreeSet;
use std::ops::Range;

use jiff::Timestamp;

use super::super::listing::sightings::Sighting;
use super::super::workspace::place;
use super::bad::Bad;
use super::filter::Filter;
use super::history::{History, Standing};
use super::switches::{Bounds, Shape};
use super::truth::Truth;

/// From so many new rows on the index is sorted anew instead of mended.
const MANY: usize = 64;

/// A history seen through the clock.
#[derive(Debug)]
pub struct Listing {
    pub history: History,
    now: i64,
    /// Visible rows by key, oldest first.
    index: Vec<u32>,
    /// Rows not visible yet; the next one last.
    pending: Vec<u32>,
    served: Vec<bool>,
}

/// Which stretch of the list is asked for.
#[derive(Debug)]
pub struct Ask<'a> {
    pub filter: &'a Filter,
    pub bounds: Bounds,
    /// Whether older rows come first.
    pub ascending: bool,
    /// Only rows beyond this key, seen in the order asked for.
    pub beyond: Option<(i64, i64)>,
    /// So many of them are passed over.
    pub skipped: usize,
    pub rows: usize,
}

impl Listing {
    /// The list as it stands at `now`; what becomes visible later lies ahead.
    pub fn open(history: History, now: Timestamp) -> Listing {
        let count = u32::try_from(history.rows.len()).unwrap_or(u32::MAX);
        let mut pending: Vec<u32> = (0..count).collect();
        pending.sort_by_key(|row| (history.row(*row).visible_at, *row));
        pending.reverse();
        let mut listing = Listing {
            history,
            now: i64::MIN,
            index: Vec::new(),
            pending,
            served: Vec::new(),
        };
        listing.settle(now);
        listing
    }

    /// Lets time pass until `now`; time that went back changes nothing.
    pub fn settle(&mut self, now: Timestamp) {
        let now = now.as_second();
        if now <= self.now {
            return;
        }
        self.now = now;
        let history = &self.history;
        let visible = self.pending.partition_point(|row| history.row(*row).visible_at > now);
        let fresh = self.pending.split_off(visible);
        self.show(&fresh);
    }

    /// The rows asked for, and whether more follow them.
    pub fn slice(&self, ask: &Ask<'_>) -> (Vec<u32>, bool) {
        let mut range = self.range(ask.filter, ask.bounds);
        if let Some(key) = ask.beyond {
            if ask.ascending {
                range.start = range
                    .start
                    .max(self.index.partition_point(|row| self.history.key(*row) <= key));
            } else {
                range.end = range
                    .end
                    .min(self.index.partition_point(|row| self.history.key(*row) < key));
            }
        }
        let listed = self.index.get(range).unwrap_or_default();
        let wanted = ask.rows.saturating_add(1);
        let mut rows: Vec<u32> = if ask.ascending {
            self.passing(listed.iter(), ask.filter)
                .skip(ask.skipped)
                .take(wanted)
                .collect()
        } else {
            self.passing(listed.iter().rev(), ask.filter)
                .skip(ask.skipped)
                .take(wanted)
                .collect()
        };
        let has_more = rows.len() > ask.rows;
        rows.truncate(ask.rows);
        (rows, has_more)
    }

    /// How many rows pass a filter.
    pub fn count(&self, filter: &Filter, bounds: Bounds) -> usize {
        let listed = self.index.get(self.range(filter, bounds)).unwrap_or_default();
        if filter.is_window_only() {
            listed.len()
        } else {
            self.passing(listed.iter(), filter).count()
        }
    }

    /// Notes that these rows were in a full answer.
    pub fn serve(&mut self, rows: &[u32]) {
        for row in rows {
            let row = place(*row);
            if self.served.len() <= row {
                self.served.resize(row + 1, false);
            }
            self.served[row] = true;
        }
    }

    /// The ids of all visible rows, oldest first.
    pub fn ids(&self) -> Vec<i64> {
        self.index.iter().map(|row| self.history.row(*row).id).collect()
    }

    /// Every visible row that a client can take for a record, named by its `created_at`.
    pub fn in_reach(&self) -> BTreeSet<Sighting> {
        self.sightings(|_| true)
    }

    /// Of them, those that stood in an answer that was sent in full.
    pub fn sighted(&self) -> BTreeSet<Sighting> {
        self.sightings(|row| self.is_served(row))
    }

    fn sightings(&self, is_wanted: impl Fn(u32) -> bool) -> BTreeSet<Sighting> {
        let is_record = |row: &u32| !self.history.odd.get(row).is_some_and(Bad::is_reject);
        let wanted = self.index.iter().copied().filter(|row| is_wanted(*row));
        let sighting = |row: u32| Sighting {
            row,
            updated_at: self.history.row(row).created_at.saturating_mul(1_000_000),
        };
        wanted.filter(is_record).map(sighting).collect()
    }

    fn is_served(&self, row: u32) -> bool {
        self.served.get(place(row)).copied().unwrap_or(false)
    }

    /// Every visible row; see [`Truth`].
    pub fn truth(&self, shape: Shape) -> Truth {
        Truth::gather(&self.history, self.index.iter().copied(), shape)
    }

    /// Those of them that stood in an answer that was sent in full.
    pub fn truth_served(&self, shape: Shape) -> Truth {
        let served = self.index.iter().copied().filter(|row| self.is_served(*row));
        Truth::gather(&self.history, served, shape)
    }

    /// New rows of this second, visible from now on; gives their numbers.
    pub fn arrive(&mut self, count: usize) -> Vec<u32> {
        self.burst(self.now, count)
    }

    /// New rows of `second`, visible from now on or, if it is ahead, from then on.
    pub fn burst(&mut self, second: i64, count: usize) -> Vec<u32> {
        let visible_at = second.max(self.now);
        let rows: Vec<u32> = (0..count).map(|_| self.history.arrive(second, visible_at)).collect();
        if visible_at <= self.now {
            self.show(&rows);
        } else {
            self.await_rows(&rows);
        }
        rows
    }

    /// A row becomes visible whose `created_at` is `age` seconds before now; gives its number.
    pub fn surface(&mut self, age: i64, standing: Standing) -> u32 {
        let row = self.history.arrive_beside(self.now - age, self.now, standing);
        self.show(&[row]);
        row
    }

    /// An odd record in the place of a new row whose `created_at` is `age` seconds before now; gives its number.
    pub fn plant(&mut self, bad: &Bad, age: i64) -> u32 {
        let row = self.history.arrive(self.now - age, self.now);
        self.history.odd.insert(row, bad.clone());
        self.show(&[row]);
        row
    }

    fn passing<'a>(
        &'a self,
        rows: impl Iterator<Item = &'a u32> + 'a,
        filter: &'a Filter,
    ) -> impl Iterator<Item = u32> + 'a {
        let takes_all = filter.is_window_only();
        rows.copied()
            .filter(move |row| takes_all || filter.passes(&self.history.facts(*row)))
    }

    /// The places in the index that lie in the window.
    fn range(&self, filter: &Filter, bounds: Bounds) -> Range<usize> {
        let Some((start, end)) = filter.window else {
            return 0..self.index.len();
        };
        let first = if bounds.start_inclusive {
            start
        } else {
            start.saturating_add(1)
        };
        let beyond = if bounds.end_inclusive {
            end.saturating_add(1)
        } else {
            end
        };
        let until = |second: i64| {
            self.index
                .partition_point(|row| self.history.row(*row).created_at < second)
        };
        until(first)..until(beyond).max(until(first))
    }

    fn show(&mut self, rows: &[u32]) {
        let history = &self.history;
        if rows.len() < MANY {
            for row in rows {
                let key = history.key(*row);
                let position = self.index.partition_point(|other| history.key(*other) < key);
                self.index.insert(position, *row);
            }
        } else {
            self.index.extend(rows);
            self.index.sort_by_key(|row| history.key(*row));
        }
    }

    fn await_rows(&mut self, rows: &[u32]) {
        self.pending.extend(rows);
        let history = &self.history;
        self.pending.sort_by_key(|row| (history.row(*row).visible_at, *row));
        self.pending.reverse();
    }
}
