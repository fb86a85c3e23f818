//! Whether an operator compares times, told by the rows of an answer alone: a service may refuse a word it does not know,
//! answer it with nothing, or with everything. Pure: rows known before and rows of the answer in, what it means out.

use std::collections::HashSet;

use crate::pull::page::{Outline, PageOrder, Row};
use crate::schema::Micros;

/// What an operator does, as far as an answer shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sense {
    Before,
    AtOrBefore,
    After,
    AtOrAfter,
    /// With this status.
    Refused(u16),
    Nothing,
    /// Rows on both sides of the moment.
    Ignored,
    /// Rows on the right side, and not all of them.
    Unclear,
}

impl Sense {
    pub(super) fn is_before(self) -> bool {
        matches!(self, Sense::Before | Sense::AtOrBefore)
    }

    pub(super) fn is_after(self) -> bool {
        matches!(self, Sense::After | Sense::AtOrAfter)
    }
}

/// A moment that splits the rows of a page: some before, some at it, some after.
pub(super) struct Split<'a> {
    page: &'a Outline,
    pub(super) moment: Micros,
}

impl<'a> Split<'a> {
    /// `None` where the page has too few different times.
    pub(super) fn of(page: &'a Outline) -> Option<Self> {
        let mut keys: Vec<Micros> = page.rows.iter().filter_map(|row| row.key).collect();
        keys.sort_unstable();
        keys.dedup();
        let moment = *keys.get(keys.len() / 2).filter(|_| keys.len() >= 3)?;
        Some(Self { page, moment })
    }

    /// What the operator did that gave `answer` for the moment. `is_counted`: the counts of the list can be relied on.
    pub(super) fn sense(&self, answer: &Outline, is_counted: bool) -> Sense {
        if answer.rows.is_empty() {
            return Sense::Nothing;
        }
        let has = |is_wanted: &dyn Fn(Micros) -> bool| {
            let mut keys = answer.rows.iter().filter_map(|row| row.key);
            keys.any(is_wanted)
        };
        let moment = self.moment;
        let (before, at, after) = (
            has(&|key| key < moment),
            has(&|key| key == moment),
            has(&|key| key > moment),
        );
        let sense = match (before, at, after) {
            (true, _, true) => return Sense::Ignored,
            (true, false, false) => Sense::Before,
            (true, true, false) => Sense::AtOrBefore,
            (false, false, true) => Sense::After,
            (false, true, true) => Sense::AtOrAfter,
            (false, _, false) => return Sense::Unclear,
        };
        if self.holds_all_known(sense, answer) && (!is_counted || self.agrees(sense, answer)) {
            sense
        } else {
            Sense::Unclear
        }
    }

    /// Whether every known row on the operator's side came. Rows tied with the last one of the page known may stand on the
    /// next page, and their neighbours in their place.
    fn holds_all_known(&self, sense: Sense, answer: &Outline) -> bool {
        let came: HashSet<u64> = answer.ids();
        let last = self
            .page
            .rows
            .last()
            .and_then(|row| row.key)
            .filter(|_| !self.page.is_last());
        let mut expected = self
            .page
            .rows
            .iter()
            .filter(|row| row.key != last && self.passes(sense, row));
        expected.all(|row| came.contains(&row.id))
    }

    fn passes(&self, sense: Sense, row: &Row) -> bool {
        row.key.is_some_and(|key| match sense {
            Sense::Before => key < self.moment,
            Sense::AtOrBefore => key <= self.moment,
            Sense::After => key > self.moment,
            Sense::AtOrAfter => key >= self.moment,
            _ => false,
        })
    }

    /// Whether so many rows are counted as the order of the list lets expect: on one side of the moment all are known.
    fn agrees(&self, sense: Sense, answer: &Outline) -> bool {
        let Some((count, told)) = self.page.count.zip(answer.count) else {
            return true;
        };
        let passing = self.page.rows.iter().filter(|row| self.passes(sense, row)).count();
        let passing = u64::try_from(passing).unwrap_or(u64::MAX);
        let rest = count.saturating_sub(self.page.length() - passing);
        let expected = match (self.page.order, sense.is_after()) {
            (PageOrder::NewestFirst, true) | (PageOrder::OldestFirst, false) => passing,
            (PageOrder::NewestFirst, false) | (PageOrder::OldestFirst, true) => rest,
            (PageOrder::Neither, _) => return true,
        };
        told.abs_diff(expected) <= 2 + expected / 100
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(keys: &[Micros], count: u64) -> Outline {
        let row = |key: &Micros| Row {
            id: key.unsigned_abs(),
            key: Some(*key),
        };
        Outline {
            number: 1,
            rows: keys.iter().map(row).collect(),
            newest: keys.iter().copied().max(),
            oldest: keys.iter().copied().min(),
            order: PageOrder::NewestFirst,
            count: Some(count),
            total_pages: Some(count.div_ceil(5).max(1)),
            has_next: None,
            head: 0,
        }
    }

    #[test]
    fn an_operator_is_told_by_the_rows_it_gives() {
        let known = page(&[9, 8, 7, 6, 5], 100);
        let split = Split::of(&known).unwrap();
        assert_eq!(split.moment, 7);
        let cases: [(&[Micros], u64, Sense); 11] = [
            (&[6, 5, 4, 3, 2], 97, Sense::Before),
            (&[7, 6, 5, 4, 3], 98, Sense::AtOrBefore),
            (&[9, 8], 2, Sense::After),
            (&[9, 8, 7], 3, Sense::AtOrAfter),
            (&[10, 9, 8, 7], 4, Sense::AtOrAfter),
            (&[9, 8, 7, 6, 5], 100, Sense::Ignored),
            (&[], 0, Sense::Nothing),
            // A day in place of a moment: the rows of that day are left out.
            (&[4, 3, 2, 1, 0], 95, Sense::Unclear),
            (&[9], 1, Sense::Unclear),
            (&[7], 1, Sense::Unclear),
            // Only the first page of what was before.
            (&[6, 5, 4, 3, 2], 5, Sense::Unclear),
        ];
        for (keys, count, sense) in cases {
            assert_eq!(split.sense(&page(keys, count), true), sense, "{keys:?}");
        }
        assert_eq!(split.sense(&page(&[6, 5, 4, 3, 2], 5), false), Sense::Before);
        assert!(Split::of(&page(&[9, 9, 8], 3)).is_none());
    }
}
