//! Rows of data files that a run looks at again and again, kept in memory: where records of all times come together, as the
//! lists of resources do, every load would read every file anew. Apart from the looking up because it only saves reading.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::short;
use crate::schema::Micros;

/// Rows remembered at most, of some 70 bytes each.
const MOST_ROWS: usize = 125_000;
const NONE: u32 = u32::MAX;

/// What a row is found by: table, source, stream and id.
pub(in crate::lake) type Key = [u8; 16];

pub(in crate::lake) fn key(table: &str, source: &str, stream: &str, id: &str) -> Key {
    let mut hasher = Sha256::new();
    for part in [table, source, stream, id] {
        hasher.update(part.len().to_le_bytes());
        hasher.update(part);
    }
    short(&hasher.finalize())
}

/// One row of a remembered file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) hash: [u8; 16],
    pub(super) order_at: Micros,
    pub(super) load: i64,
    file: u32,
    /// The row before it under the same key.
    previous: u32,
}

#[derive(Debug, Default)]
pub(in crate::lake) struct Remembered {
    /// By path, how many rows were read of it, counted again for each reading.
    read: HashMap<String, u64>,
    /// By path, the number of a file all rows of which are here.
    numbers: HashMap<String, u32>,
    paths: Vec<String>,
    rows: Vec<Row>,
    newest: HashMap<Key, u32>,
}

impl Remembered {
    pub(super) fn holds(&self, path: &str) -> bool {
        self.numbers.contains_key(path)
    }

    /// Counts rows that were read of a file.
    pub(super) fn count(&mut self, path: &str, rows: usize) {
        *self.read.entry(path.to_owned()).or_default() += u64::try_from(rows).unwrap_or(u64::MAX);
    }

    /// Whether a file of so many rows is to be remembered: when as many were read of it already, bit by bit. Of a large file of
    /// which each time little is needed, little is read.
    pub(super) fn is_worth(&self, path: &str, rows: u64) -> bool {
        let room = MOST_ROWS.saturating_sub(self.rows.len());
        self.read.get(path).is_some_and(|read| *read >= rows) && usize::try_from(rows).is_ok_and(|rows| rows <= room)
    }

    /// Takes the rows of a file, each with its key, hash, order key and load.
    pub(super) fn take(&mut self, path: &str, rows: Vec<(Key, [u8; 16], Micros, i64)>) {
        let file = u32::try_from(self.paths.len()).unwrap_or(NONE);
        for (key, hash, order_at, load) in rows {
            let Ok(number) = u32::try_from(self.rows.len()) else {
                return;
            };
            let previous = self.newest.insert(key, number).unwrap_or(NONE);
            self.rows.push(Row {
                hash,
                order_at,
                load,
                file,
                previous,
            });
        }
        self.paths.push(path.to_owned());
        self.numbers.insert(path.to_owned(), file);
    }

    /// The rows under a key, each with the path of its file.
    pub(super) fn rows(&self, key: &Key) -> impl Iterator<Item = (Row, &str)> {
        let row = |number: u32| self.rows.get(usize::try_from(number).ok()?).copied();
        let newest = self.newest.get(key).and_then(|number| row(*number));
        let rows = std::iter::successors(newest, move |later| row(later.previous));
        rows.filter_map(|row| Some((row, self.paths.get(usize::try_from(row.file).ok()?)?.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_under_a_key_is_found_with_its_file() {
        let mut remembered = Remembered::default();
        let (a, b) = (key("t", "s", "logs", "a"), key("t", "s", "logs", "b"));
        assert_ne!(a, key("t", "s", "log", "sa"));
        assert!(!remembered.is_worth("one", 2));
        remembered.count("one", 1);
        assert!(!remembered.is_worth("one", 2));
        remembered.count("one", 1);
        assert!(remembered.is_worth("one", 2));
        remembered.take("one", vec![(a, [1; 16], 10, 1), (b, [2; 16], 20, 1)]);
        remembered.take("two", vec![(a, [3; 16], 30, 2)]);
        assert!(remembered.holds("two") && !remembered.holds("three"));
        let found = |key: &Key| -> Vec<(u8, Micros, i64, String)> {
            let rows = remembered.rows(key);
            rows.map(|(row, path)| (row.hash[0], row.order_at, row.load, path.to_owned()))
                .collect()
        };
        assert_eq!(found(&a), [(3, 30, 2, "two".to_owned()), (1, 10, 1, "one".to_owned())]);
        assert_eq!(found(&b), [(2, 20, 1, "one".to_owned())]);
        assert_eq!(found(&[0; 16]), []);
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let mut remembered = Remembered::default();
        remembered.count("large", MOST_ROWS + 1);
        assert!(!remembered.is_worth("large", u64::try_from(MOST_ROWS).unwrap() + 1));
        assert!(remembered.is_worth("large", u64::try_from(MOST_ROWS).unwrap()));
    }
}
