//! What the ledger and the Delta logs say of every data file, as plain data for a reading that shares nothing with this one.
//! Apart from the check of the files, which needs no more of them than their bytes.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::loads::Loads;
use crate::lake::statistics::Bounds;
use crate::lake::{Lake, blocking};
use crate::ledger::{AddedFile, Kind, TableChange};
use crate::schema::Micros;

/// What should be in a lake.
#[derive(Debug, Default)]
pub struct Contents {
    /// Number of each load and what it has in a partition now, by the file that brought it, whether that still stands there or
    /// not.
    pub loads: Vec<(u64, AddedFile)>,
    pub live: Vec<Held>,
}

/// A live file, and what the Delta log says of its times.
#[derive(Debug)]
pub struct Held {
    pub file: AddedFile,
    /// Whether its rows are in the order in which another program wrote them.
    pub is_adopted: bool,
    /// Column, least and greatest time.
    pub times: Vec<(String, Micros, Micros)>,
}

impl Lake {
    /// As far as the ledger can be read; what stands in the way is for [`Lake::verify`] to find.
    pub async fn contents(&self) -> Result<Contents> {
        let mut contents = Contents::default();
        let mut live: BTreeMap<String, AddedFile> = BTreeMap::new();
        let mut loads = Loads::default();
        let mut adopted = BTreeSet::new();
        for sequence in 1.. {
            let Ok(Some(sealed)) = self.ledger.read(sequence).await else {
                break;
            };
            for change in sealed.entry.tables.values() {
                let added = added_as_adopted(sealed.entry.kind, change, &adopted);
                adopted.extend(added);
            }
            // What contradicts itself is found by the check of the chain.
            loads.take(&sealed.entry);
            for change in sealed.entry.tables.into_values() {
                live.extend(change.added.into_iter().map(|file| (file.path.clone(), file)));
                change.removed.iter().for_each(|path| drop(live.remove(path)));
            }
        }
        contents.loads = loads.into_claims();
        let mut times = self.times();
        contents.live = live
            .into_values()
            .map(|file| Held {
                is_adopted: adopted.contains(&file.path),
                times: times.remove(&file.path).unwrap_or_default(),
                file,
            })
            .collect();
        Ok(contents)
    }

    /// By file, what the Delta logs that can be read say of its time columns.
    fn times(&self) -> BTreeMap<String, Vec<(String, Micros, Micros)>> {
        let mut times = BTreeMap::new();
        for (name, open) in &self.tables {
            for file in blocking(|| open.delta.live_files()).unwrap_or_default() {
                let bounds = file.bounds.into_iter().filter_map(|(column, bounds)| match bounds {
                    Bounds::Timestamp(least, greatest) => Some((column, least, greatest)),
                    _ => None,
                });
                times.insert(format!("{name}/{}", file.path), bounds.collect());
            }
        }
        times
    }
}

/// Files of an entry whose rows may stand in the order of another program: its own, and those that took the place of such in
/// a partition, row by row.
fn added_as_adopted(kind: Kind, change: &TableChange, adopted: &BTreeSet<String>) -> Vec<String> {
    let folder = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    let removed = change.removed.iter().filter(|path| adopted.contains(*path));
    let folders: BTreeSet<Option<String>> = removed.map(|path| folder(path)).collect();
    let is_adopted = |path: &str| match kind {
        Kind::Adopt => true,
        kind => kind.rewrites_rows() && folders.contains(&folder(path)),
    };
    let added = change.added.iter().filter(|file| is_adopted(&file.path));
    added.map(|file| file.path.clone()).collect()
}
