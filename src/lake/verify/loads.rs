//! What each load has in each partition by the word of the ledger: what it brought, and since then what purges and erasures say
//! remains. Apart from the files, which may be merged and written anew without a load changing.

use std::collections::BTreeMap;

use crate::ledger::tombstone::LoadChange;
use crate::ledger::{AddedFile, Entry, Kind, sum};

/// By folder of the partition and load.
#[derive(Debug, Default)]
pub(super) struct Loads {
    held: BTreeMap<(String, u64), AddedFile>,
    /// Rows of every file that an entry has added.
    files: BTreeMap<String, u64>,
}

impl Loads {
    /// Takes an entry, and says what of its tombstone contradicts the entries before it.
    pub(super) fn take(&mut self, entry: &Entry) -> Vec<String> {
        let added = || entry.tables.values().flat_map(|change| &change.added);
        self.files.extend(added().map(|file| (file.path.clone(), file.rows)));
        let is_of_others = matches!(
            entry.kind,
            Kind::Compact | Kind::Adopt | Kind::Backfill | Kind::Purge | Kind::Erase
        );
        if !is_of_others {
            for file in added().filter(|file| file.loads.is_empty()) {
                let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
                self.held.insert((folder.to_owned(), entry.sequence), file.clone());
            }
        }
        match (&entry.tombstone, entry.kind) {
            (None, Kind::Purge | Kind::Erase) => vec!["does not say what was taken away".to_owned()],
            (None, _) => Vec::new(),
            (Some(tombstone), _) => {
                let mut wrong = self.of_tables(entry, &tombstone.rows);
                for change in &tombstone.loads {
                    wrong.extend(self.change(change));
                }
                wrong
            }
        }
    }

    /// Rows of the removed files are those of the added ones and those taken away.
    fn of_tables(&self, entry: &Entry, gone: &BTreeMap<String, u64>) -> Vec<String> {
        let mut wrong = Vec::new();
        for (table, change) in &entry.tables {
            let before = sum(change.removed.iter().filter_map(|path| self.files.get(path)).copied());
            let gone = gone.get(table).copied().filter(|_| entry.kind == Kind::Purge);
            let after = sum(change.added.iter().map(|file| file.rows).chain(gone));
            if before.is_none() || before != after {
                let before = before.map_or("too many".to_owned(), |rows| rows.to_string());
                wrong.push(format!(
                    "{table}: {before} rows before, and what is said of them does not add up"
                ));
            }
        }
        wrong
    }

    fn change(&mut self, change: &LoadChange) -> Option<String> {
        let folder = format!("{}/source={}/month={}", change.table, change.source, change.month);
        let key = (folder, change.load);
        let known = self.held.remove(&key);
        let is_known = known.as_ref().is_some_and(|held| held.digest == change.before);
        if let (Some(digest), Some(held)) = (&change.digest, known) {
            let held = AddedFile {
                rows: change.rows,
                digest: digest.clone(),
                ..held
            };
            self.held.insert(key.clone(), held);
        }
        let what = "what it says was before is not what the ledger says";
        (!is_known).then(|| format!("load {} in {}: {what}", key.1, key.0))
    }

    /// Number of each load and what it has in a partition now.
    pub(super) fn into_claims(self) -> Vec<(u64, AddedFile)> {
        self.held.into_iter().map(|((_, load), file)| (load, file)).collect()
    }
}
