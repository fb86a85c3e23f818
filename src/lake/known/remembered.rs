//! What rows of data files are known by, kept in memory for a run: of the files it writes, and of those it reads again and
//! again. Where records of all times come together, as the lists of resources do, every load would read every file anew.
//! Apart from the looking up because it only saves reading: what is remembered of a row says whether its file must be read.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::columns::short;

/// Rows remembered at most, of 32 bytes each.
const MOST_ROWS: usize = 400_000;

/// What a record is told apart by: table, source, stream and id.
pub(in crate::lake) type Key = [u8; 16];

pub(in crate::lake) fn key(table: &str, source: &str, stream: &str, id: &str) -> Key {
    let mut hasher = Sha256::new();
    for part in [table, source, stream, id] {
        hasher.update(part.len().to_le_bytes());
        hasher.update(part);
    }
    short(&hasher.finalize())
}

/// What is remembered of a row: half of its key, and what it says, which has its id within. The key alone only says where to
/// look; both together tell rows apart, and the same record of two streams by the half of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Print {
    key: u64,
    pub(super) hash: [u8; 16],
    pub(super) load: i64,
}

impl Print {
    pub(super) fn of(key: &Key, hash: [u8; 16], load: i64) -> Self {
        Self {
            key: half(key),
            hash,
            load,
        }
    }
}

pub(super) fn half(key: &Key) -> u64 {
    let (first, _) = key.split_at(size_of::<u64>());
    first.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// All rows of a file, sorted.
#[derive(Debug)]
struct File {
    /// The stream for which they were remembered.
    reader: String,
    prints: Vec<Print>,
}

#[derive(Debug, Default)]
pub(in crate::lake) struct Remembered {
    /// By path, how many rows were read of it, counted again for each reading.
    read: HashMap<String, u64>,
    /// By path.
    files: HashMap<String, File>,
    /// By reader.
    rows: HashMap<String, usize>,
}

impl Remembered {
    /// Counts rows that were read of a file.
    pub(super) fn count(&mut self, path: &str, rows: usize) {
        *self.read.entry(path.to_owned()).or_default() += u64::try_from(rows).unwrap_or(u64::MAX);
    }

    /// Whether a file of so many rows is to be remembered: when as many were read of it already, bit by bit. Of a large file of
    /// which each time little is needed, little is read.
    pub(super) fn is_worth(&self, path: &str, rows: u64, reader: &str) -> bool {
        let has_room = usize::try_from(rows).is_ok_and(|rows| self.has_room(rows, reader));
        has_room && self.read.get(path).is_some_and(|read| *read >= rows)
    }

    pub(super) fn has_room(&self, rows: usize, reader: &str) -> bool {
        let held = self.rows.get(reader).copied().unwrap_or_default();
        rows <= MOST_ROWS.saturating_sub(held)
    }

    /// Takes all rows of a file for a reader, if there is room. What was remembered for readers before makes room, for they have
    /// ended.
    pub(super) fn take(&mut self, path: &str, mut prints: Vec<Print>, reader: &str) {
        if !self.has_room(prints.len(), reader) {
            return;
        }
        if self.rows.values().sum::<usize>() > MOST_ROWS - prints.len() {
            self.files.retain(|_, file| file.reader == reader);
            self.rows.retain(|other, _| other == reader);
        }
        prints.sort_unstable();
        *self.rows.entry(reader.to_owned()).or_default() += prints.len();
        let reader = reader.to_owned();
        self.files.insert(path.to_owned(), File { reader, prints });
    }

    /// The rows of a file that have one of the keys, each with what stands beside the key; `None` where the file must be read.
    /// `wanted` is sorted by half keys.
    pub(super) fn meeting<T: Copy>(&self, path: &str, wanted: &[(u64, T)]) -> Option<Vec<(T, Print)>> {
        let mut left = self.files.get(path)?.prints.as_slice();
        let mut found = Vec::new();
        for (key, value) in wanted {
            let before = left.iter().take_while(|print| print.key < *key).count();
            left = left.get(before..).unwrap_or_default();
            if left.is_empty() {
                break;
            }
            let same = left.iter().take_while(|print| print.key == *key);
            found.extend(same.map(|print| (*value, *print)));
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READER: &str = "s.logs";

    fn print(id: &str, hash: u8, load: i64) -> Print {
        Print::of(&key("t", "s", "logs", id), [hash; 16], load)
    }

    #[test]
    fn every_row_under_a_key_is_found() {
        let mut remembered = Remembered::default();
        assert_ne!(key("t", "s", "logs", "a"), key("t", "s", "log", "sa"));
        let mut wanted: Vec<(u64, &str)> = ["a", "b", "c"]
            .map(|id| (half(&key("t", "s", "logs", id)), id))
            .to_vec();
        wanted.sort_unstable();
        assert_eq!(remembered.meeting("one", &wanted), None);
        let rows = vec![print("a", 2, 2), print("z", 9, 1), print("b", 3, 1), print("a", 1, 1)];
        remembered.take("one", rows, READER);
        let mut found = remembered.meeting("one", &wanted).unwrap();
        found.sort_unstable();
        assert_eq!(
            found,
            [
                ("a", print("a", 1, 1)),
                ("a", print("a", 2, 2)),
                ("b", print("b", 3, 1))
            ]
        );
        // Two wanted records whose halves are the same find the same rows.
        let (a, _) = wanted.iter().find(|(_, id)| *id == "a").copied().unwrap();
        let found = remembered.meeting("one", &[(a, 1), (a, 2)]).unwrap();
        let values: Vec<i32> = found.iter().map(|(value, _)| *value).collect();
        assert_eq!(values, [1, 1, 2, 2]);
    }

    #[test]
    fn a_file_is_remembered_when_as_much_was_read_of_it() {
        let mut remembered = Remembered::default();
        assert!(!remembered.is_worth("one", 2, READER));
        remembered.count("one", 1);
        assert!(!remembered.is_worth("one", 2, READER));
        remembered.count("one", 1);
        assert!(remembered.is_worth("one", 2, READER));
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let mut remembered = Remembered::default();
        let rows = u64::try_from(MOST_ROWS).unwrap();
        remembered.count("large", MOST_ROWS + 1);
        assert!(!remembered.is_worth("large", rows + 1, READER));
        assert!(remembered.is_worth("large", rows, READER));
        remembered.take("one", vec![print("a", 1, 1)], READER);
        assert!(!remembered.is_worth("large", rows, READER));
        remembered.take("large", vec![print("a", 1, 1); MOST_ROWS], READER);
        assert_eq!(remembered.meeting::<()>("large", &[]), None);
    }

    #[test]
    fn what_another_stream_needed_makes_room_and_no_sooner() {
        let mut remembered = Remembered::default();
        remembered.take("theirs", vec![print("a", 1, 1); MOST_ROWS - 1], "s.others");
        remembered.take("one", vec![print("b", 1, 2)], READER);
        assert!(remembered.meeting::<()>("theirs", &[]).is_some());
        remembered.take("two", vec![print("c", 1, 3)], READER);
        assert_eq!(remembered.meeting::<()>("theirs", &[]), None);
        assert!(remembered.meeting::<()>("one", &[]).is_some() && remembered.meeting::<()>("two", &[]).is_some());
        assert!(remembered.has_room(MOST_ROWS - 2, READER) && !remembered.has_room(MOST_ROWS - 1, READER));
    }
}
