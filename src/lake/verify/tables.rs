//! Checking the Delta tables: that their logs were made by ledger entries, and show exactly the files those name.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use arrow::datatypes::Schema;

use super::{Fault, Named, Verdict};
use crate::lake::delta::CommitFile;
use crate::lake::files::{LiveFile, Partition};
use crate::lake::roll_forward::load_of;
use crate::lake::statistics::{Bounds, Logged};
use crate::lake::{Lake, blocking};
use crate::ledger::{AddedFile, Sealed};

impl Lake {
    /// The Delta tables show exactly the named files, and their logs are those recorded.
    pub(super) fn check_tables(&self, verdict: &mut Verdict, named: &Named, newest: &Sealed) -> Result<()> {
        let mut recorded: BTreeMap<(&str, u64), &str> = BTreeMap::new();
        for file in &named.delta {
            recorded.insert((&file.table, file.version), &file.sha256);
        }
        for name in newest.entry.last_changes.keys() {
            let Some(open) = self.tables.get(name.as_str()) else {
                verdict.find(Fault::Invalid, name.as_str(), "a table this program does not know");
                continue;
            };
            let commits = match blocking(|| open.delta.commit_files(None)) {
                Ok(commits) => commits,
                Err(error) => {
                    let fault = if is_first(name, newest) {
                        Fault::Unfinished
                    } else {
                        Fault::Invalid
                    };
                    verdict.find(fault, format!("{name}/_delta_log"), format!("{error:#}"));
                    continue;
                }
            };
            let mut is_foreign = false;
            for commit in &commits {
                let sha256 = recorded.remove(&(name.as_str(), commit.version));
                is_foreign |= check_commit(verdict, named, (name, commit), sha256);
            }
            let live = self.check_live(verdict, named, newest, (name, is_foreign))?;
            let logged = commits.into_iter().flat_map(|commit| commit.adds);
            let logged = logged.filter_map(|(path, logged)| Some((path, logged?))).collect();
            let schema = open.table.arrow_schema();
            for file in &live {
                if !is_as_logged(file, name, named, &logged, &schema) {
                    let what = format!("says of {} what neither its commits nor the ledger say", file.path);
                    verdict.find(Fault::Invalid, format!("{name}/_delta_log"), what);
                }
            }
        }
        for ((table, version), _) in recorded {
            verdict.find(
                Fault::Missing,
                format!("{table}/_delta_log/{version:020}.json"),
                "missing",
            );
        }
        Ok(())
    }

    /// Returns the files that the table shows, as far as it can be read.
    fn check_live(
        &self,
        verdict: &mut Verdict,
        named: &Named,
        newest: &Sealed,
        (name, is_foreign): (&str, bool),
    ) -> Result<Vec<LiveFile>> {
        let Some(open) = self.tables.get(name) else {
            return Ok(Vec::new());
        };
        let object = format!("{name}/_delta_log");
        let (applied, live) = match blocking(|| {
            Ok::<_, anyhow::Error>((
                open.delta.transaction_version(&newest.entry.lake_id)?,
                open.delta.live_files()?,
            ))
        }) {
            Ok(found) => found,
            Err(error) if is_first(name, newest) => {
                verdict.find(Fault::Unfinished, object, format!("not written yet: {error:#}"));
                return Ok(Vec::new());
            }
            Err(error) => {
                verdict.find(Fault::Invalid, object, format!("{error:#}"));
                return Ok(Vec::new());
            }
        };
        let shown: BTreeSet<String> = live.iter().map(|file| format!("{name}/{}", file.path)).collect();
        let expected: BTreeSet<String> = named
            .live
            .keys()
            .filter(|path| path.split_once('/').is_some_and(|(table, _)| table == name))
            .cloned()
            .collect();
        let last = newest.entry.last_changes.get(name).copied().unwrap_or(0);
        let applied = u64::try_from(applied.unwrap_or(0))?;
        if applied != last && last == newest.entry.sequence && after(newest, name, &shown) == expected {
            verdict.find(Fault::Unfinished, object, "one entry behind");
            return Ok(live);
        }
        for path in expected.symmetric_difference(&shown) {
            let (fault, what) = if shown.contains(path) {
                (Fault::Unexpected, "shown by the Delta table, and no entry names it")
            } else if is_foreign {
                (Fault::Unexpected, "taken out of the Delta table, and no entry says so")
            } else {
                (Fault::Invalid, "not shown by the Delta table")
            };
            verdict.find(fault, path.as_str(), what);
        }
        if applied != last {
            verdict.find(Fault::Invalid, object, format!("at entry {applied} instead of {last}"));
        }
        Ok(live)
    }
}

/// Checks a commit against the hash the ledger has of it, if it has one. Whether another program made it, and no entry says so.
fn check_commit(
    verdict: &mut Verdict,
    named: &Named,
    (table, commit): (&str, &CommitFile),
    recorded: Option<&str>,
) -> bool {
    verdict.delta_commits += 1;
    let is_ours = match &commit.entry {
        Some((sequence, sha256)) => verdict.hashes.get(sequence) == Some(sha256),
        None => commit.version == 0 || named.adopted.contains(&(table.to_owned(), commit.version)),
    };
    let object = format!("{table}/{}", commit.path);
    match recorded {
        Some(sha256) if sha256 != commit.sha256 => {
            verdict.find(Fault::Invalid, object, "its bytes are not those the ledger names");
        }
        _ if !is_ours => {
            verdict.find(Fault::Unexpected, object, "no ledger entry made it");
            return true;
        }
        _ => {}
    }
    false
}

/// Whether the table says of a file what the ledger and its own commits say: a checkpoint, which readers believe in their
/// place, may say otherwise, and so may the newest commit, which no entry records yet. A file that one of them does not know is
/// judged elsewhere.
fn is_as_logged(
    file: &LiveFile,
    table: &str,
    named: &Named,
    logged: &BTreeMap<String, Logged>,
    schema: &Schema,
) -> bool {
    let in_ledger = named.live.get(&format!("{table}/{}", file.path));
    let is_same = in_ledger.is_none_or(|named| {
        let is_same_size = named.bytes == file.size_bytes && named.rows == file.rows;
        let is_in_place = Partition::of_path(&file.path).as_ref() == Some(&file.partition);
        is_same_size && is_in_place && are_loads_of(file, named)
    });
    let is_same_bounds = logged.get(&file.path).is_none_or(|logged| {
        let mut fields = schema.fields().iter();
        fields.all(|field| logged.bounds(field.name(), field.data_type()).as_ref() == file.bounds.get(field.name()))
    });
    is_same && is_same_bounds
}

/// Whether the loads of a file are said to be those that the ledger names. Other programs may say nothing of them.
fn are_loads_of(file: &LiveFile, named: &AddedFile) -> bool {
    let own = load_of(&file.path);
    let loads = named.loads.iter().map(|part| part.load);
    let loads: Vec<u64> = loads.chain(own.filter(|_| named.loads.is_empty())).collect();
    match (file.bounds.get("load"), loads.iter().min(), loads.iter().max()) {
        (Some(Bounds::Long(from, to)), Some(least), Some(greatest)) => {
            u64::try_from(*from) == Ok(*least) && u64::try_from(*to) == Ok(*greatest)
        }
        (said, ..) => said.is_none() && own.is_none(),
    }
}

/// What the table shows once it has followed the newest entry.
fn after(newest: &Sealed, name: &str, shown: &BTreeSet<String>) -> BTreeSet<String> {
    let mut after = shown.clone();
    if let Some(change) = newest.entry.tables.get(name) {
        after.extend(change.added.iter().map(|file| file.path.clone()));
        after.retain(|path| !change.removed.contains(path));
    }
    after
}

/// Whether the newest entry is the first to name files of the table, whose log may not have been made yet.
fn is_first(name: &str, newest: &Sealed) -> bool {
    newest.entry.tables.contains_key(name) && !newest.entry.delta_versions.contains_key(name)
}
