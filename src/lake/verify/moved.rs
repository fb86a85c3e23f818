//! Entries that put files in the place of others: what they say must leave every load with its records. Apart from the chain,
//! which only holds the entries together.

use std::collections::BTreeMap;

use super::{Fault, Named, Verdict};
use crate::lake::roll_forward::load_of;
use crate::ledger::{AddedFile, Entry, Kind, path, sum};

/// Of one load in one partition: its rows, and the digest of each file's part of them.
type Parts<'a> = BTreeMap<(&'a str, u64), (u128, Vec<&'a str>)>;

/// Checks an entry against what stood in the tables before it.
pub(super) fn check(verdict: &mut Verdict, named: &Named, entry: &Entry) {
    let mut found = Vec::new();
    for (table, change) in &entry.tables {
        for file in change.added.iter().filter(|file| !file.loads.is_empty()) {
            if sum(file.loads.iter().map(|part| part.rows)) != Some(file.rows) {
                found.push(format!("the loads of {} do not add up to its rows", file.path));
            }
        }
        let mut before = Parts::new();
        for removed in &change.removed {
            match named.live.get(removed) {
                Some(file) => add(&mut before, file),
                None => found.push(format!("removes {removed}, which no table shows")),
            }
        }
        let mut after = Parts::new();
        change.added.iter().for_each(|file| add(&mut after, file));
        if matches!(entry.kind, Kind::Compact | Kind::Adopt)
            && let Some((place, load)) = other(&before, &after)
        {
            found.push(format!(
                "{table}: the records of load {load} in {place} are others after it"
            ));
        }
    }
    let is_shown = |path: &&String| {
        let is_removed = entry.tables.values().any(|change| change.removed.contains(path));
        named.live.contains_key(*path) && !is_removed
    };
    let shown = entry.deleted.iter().filter(is_shown);
    found.extend(shown.map(|path| format!("deletes {path}, which its table shows")));
    for what in found {
        verdict.find(Fault::Invalid, path(entry.sequence).to_string(), what);
    }
}

fn add<'a>(parts: &mut Parts<'a>, file: &'a AddedFile) {
    let place = file.path.rsplit_once('/').map_or("", |(place, _)| place);
    let mut add = |load, rows, digest| {
        let part = parts.entry((place, load)).or_default();
        part.0 += u128::from(rows);
        part.1.push(digest);
    };
    if file.loads.is_empty() {
        add(load_of(&file.path).unwrap_or_default(), file.rows, file.digest.as_str());
    }
    for part in &file.loads {
        add(part.load, part.rows, part.digest.as_str());
    }
}

/// A load that has other records after than before, as far as whole digests can tell.
fn other<'a>(before: &Parts<'a>, after: &Parts<'a>) -> Option<(&'a str, u64)> {
    let differs = |place: &&(&'a str, u64)| match (before.get(place), after.get(place)) {
        (Some((rows, digests)), Some((rows_after, digests_after))) => {
            let is_whole = digests.len() == 1 && digests_after.len() == 1;
            rows != rows_after || (is_whole && digests != digests_after)
        }
        _ => true,
    };
    before.keys().chain(after.keys()).find(differs).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::LoadPart;

    fn file(path: &str, loads: &[(u64, u64, &str)]) -> AddedFile {
        let parts = loads.iter().map(|(load, rows, digest)| LoadPart {
            load: *load,
            rows: *rows,
            digest: (*digest).to_owned(),
        });
        AddedFile {
            path: format!("t/source=a/month=2025-07/{path}"),
            bytes: 1,
            rows: loads.iter().map(|(_, rows, _)| rows).sum(),
            sha256: String::new(),
            digest: loads
                .first()
                .map(|(.., digest)| (*digest).to_owned())
                .unwrap_or_default(),
            loads: parts.collect(),
        }
    }

    #[test]
    fn the_records_of_each_load_must_stay_whatever_files_they_stand_in() {
        let one = file("1-a.parquet", &[(1, 5, "x")]);
        let two = file("2-b.parquet", &[(2, 7, "y")]);
        let cases = [
            (vec![file("3-c.parquet", &[(1, 5, "x"), (2, 7, "y")])], None),
            (vec![file("3-c.parquet", &[(1, 5, "x"), (2, 6, "y")])], Some(2)),
            (vec![file("3-c.parquet", &[(1, 5, "z"), (2, 7, "y")])], Some(1)),
            (vec![file("3-c.parquet", &[(1, 5, "x")])], Some(2)),
            (
                vec![
                    file("3-c.parquet", &[(1, 5, "x"), (2, 3, "v")]),
                    file("3-d.parquet", &[(2, 4, "w")]),
                ],
                None,
            ),
            (
                vec![file("3-c.parquet", &[(1, 5, "x"), (2, 7, "y"), (9, 1, "n")])],
                Some(9),
            ),
            (
                vec![
                    file("3-c.parquet", &[(1, u64::MAX, "x")]),
                    file("3-d.parquet", &[(1, 6, "x")]),
                ],
                Some(1),
            ),
        ];
        for (added, expected) in cases {
            let (mut before, mut after) = (Parts::new(), Parts::new());
            [&one, &two].into_iter().for_each(|file| add(&mut before, file));
            added.iter().for_each(|file| add(&mut after, file));
            assert_eq!(other(&before, &after).map(|(_, load)| load), expected, "{added:?}");
        }
    }
}
