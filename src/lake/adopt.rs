//! Taking over what another program did to the Delta tables: a merge of files or a removal of old ones that no entry made.
//! Nothing is believed: the rows must be those the ledger names. Apart from the compaction because here the files are already
//! in the table, and only the ledger is behind.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use object_store::ObjectStoreExt;
use object_store::path::Path;

use super::Lake;
use super::compact::prove::{Parts, RowSum, RowSums, held};
use super::delta::CommitFile;
use super::files::{LiveFile, Partition};
use super::verify::files::hash_of;
use crate::ledger::{AddedFile, Entry, Kind, LoadPart, TableChange};
use crate::schema::{Micros, Table};
use crate::source;

/// A Delta commit that no ledger entry made.
#[derive(Debug, thiserror::Error)]
#[error("{path}: a Delta commit that no ledger entry made; nothing is written beside it")]
pub struct ForeignCommit {
    /// Relative to the lake.
    pub path: String,
}

impl ForeignCommit {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        "if another program merged or vacuumed the files of the table, `trailhouse compact --adopt` checks that no row is \
         another and takes it over; else put back a copy of the lake"
    }
}

/// What was taken over.
#[derive(Debug, Default)]
pub struct Adopted {
    /// Commits of other programs.
    pub commits: usize,
    pub added: usize,
    pub removed: usize,
}

/// What the ledger says of one table.
#[derive(Default)]
struct Named {
    /// By path, the live files with what each load brought to them.
    live: BTreeMap<String, AddedFile>,
    /// Every file that any entry adds.
    ever: BTreeSet<String>,
    /// By partition, what each load brought, as its own entry says.
    loads: BTreeMap<Partition, Vec<(String, LoadPart)>>,
    /// Partitions whose rows were changed since.
    rewritten: BTreeSet<Partition>,
}

/// A file that another program added.
struct Brought {
    file: AddedFile,
    sum: RowSum,
}

impl Lake {
    /// Takes over all commits of other programs in one entry, if the rows of the tables are still those that the ledger names.
    pub async fn adopt(&mut self, run_id: &str, started_at: Micros, at: Micros) -> Result<Adopted> {
        let unrecorded = self.unrecorded_delta_commits()?;
        let foreign = unrecorded.foreign.clone();
        if let Some((file, commit)) = foreign.iter().find(|(_, commit)| commit.changes_table) {
            bail!(
                "{}/{}: changes the table itself, and not only which files it has",
                file.table,
                commit.path
            );
        }
        if foreign.is_empty() {
            return Ok(Adopted::default());
        }
        let names: BTreeSet<&str> = foreign.iter().map(|(file, _)| file.table.as_str()).collect();
        let (mut tables, mut deleted) = (BTreeMap::new(), Vec::new());
        for name in names {
            let table = source::table(name).with_context(|| format!("{name}: a table this program does not know"))?;
            let named = self.named(table).await?;
            let change = self.difference(table, &named).await?;
            for path in &change.removed {
                if !self.is_there(path).await? {
                    deleted.push(path.clone());
                }
            }
            let commits = foreign.iter().filter(|(file, _)| file.table == name);
            deleted.extend(self.passing(table, &named, commits.map(|(_, commit)| commit)).await?);
            if change != TableChange::default() {
                tables.insert(name.to_owned(), change);
            }
        }
        let adopted = Adopted {
            commits: foreign.len(),
            added: tables.values().map(|change| change.added.len()).sum(),
            removed: tables.values().map(|change| change.removed.len()).sum(),
        };
        let entry = Entry {
            kind: Kind::Adopt,
            tables,
            deleted,
            adopted: foreign.into_iter().map(|(file, _)| file).collect(),
            ..self.blank_beside(unrecorded, run_id, (started_at, at))
        };
        let sequence = entry.sequence;
        if !Box::pin(self.seal(entry, &[])).await? {
            bail!("another writer took ledger number {sequence}");
        }
        Ok(adopted)
    }

    /// What the Delta table shows more and less than the ledger, where the rows of both are the same.
    async fn difference(&mut self, table: &'static Table, named: &Named) -> Result<TableChange> {
        let shown: Vec<LiveFile> = self.live_files(table)?.to_vec();
        let path_of = |file: &LiveFile| format!("{}/{}", table.name, file.path);
        let paths: BTreeSet<String> = shown.iter().map(path_of).collect();
        let removed = named.live.keys().filter(|path| !paths.contains(*path));
        let removed: Vec<String> = removed.cloned().collect();
        let mut added: BTreeMap<Partition, Vec<Brought>> = BTreeMap::new();
        let sums = RowSums::of(table)?;
        for file in shown.iter().filter(|file| !named.live.contains_key(&path_of(file))) {
            let brought = self.brought((table, &sums), file).await?;
            added.entry(file.partition.clone()).or_default().push(brought);
        }
        let touched: BTreeSet<Partition> = removed
            .iter()
            .filter_map(|path| place_of(path))
            .chain(added.keys().cloned())
            .collect();
        for place in touched {
            let brought = added.get(&place).map(Vec::as_slice).unwrap_or_default();
            let removed: Vec<&String> = removed
                .iter()
                .filter(|path| place_of(path).as_ref() == Some(&place))
                .collect();
            let checked = self
                .check_partition((table, &sums), named, (&place, brought, &removed))
                .await;
            checked.with_context(|| format!("{}: {} {}", table.name, place.source, place.month))?;
        }
        let added = added.into_values().flatten().map(|brought| brought.file);
        Ok(TableChange {
            added: added.collect(),
            removed,
        })
    }

    /// Files that other programs added and removed again, and that still stand there: no table shows them, and no entry names
    /// them. What they hold stands in other files too.
    async fn passing<'a>(
        &mut self,
        table: &'static Table,
        named: &Named,
        commits: impl Iterator<Item = &'a CommitFile>,
    ) -> Result<Vec<String>> {
        let shown: BTreeSet<&str> = self.live_files(table)?.iter().map(|file| file.path.as_str()).collect();
        let added = commits.flat_map(|commit| &commit.adds).map(|(path, _)| path.as_str());
        let is_data = |path: &str| Partition::of_path(path).is_some() && Path::parse(path).is_ok();
        let passed = added.filter(|path| is_data(path) && !shown.contains(path));
        let passed: BTreeSet<String> = passed.map(|path| format!("{}/{path}", table.name)).collect();
        let mut there = Vec::new();
        for path in passed.difference(&named.ever) {
            if self.is_there(path).await? {
                there.push(path.clone());
            }
        }
        Ok(there)
    }

    /// Insists that the files of a partition which came hold the rows of those that went: all columns where these still stand
    /// there, else the records of each load.
    async fn check_partition(
        &self,
        (table, sums): (&Table, &RowSums),
        named: &Named,
        (place, brought, removed): (&Partition, &[Brought], &[&String]),
    ) -> Result<()> {
        let (mut before, mut after) = (Parts::default(), Parts::default());
        let (mut sum_before, mut sum_after, mut is_whole) = (RowSum::default(), RowSum::default(), true);
        for file in removed.iter().filter_map(|path| named.live.get(*path)) {
            let path = file.path.as_str();
            before.add(path, &file.loads);
            if self.stands_unchanged(file).await? {
                sum_before += held(&self.store, path, (table, sums)).await?.sum;
            } else {
                is_whole = false;
            }
        }
        for brought in brought {
            after.add(&brought.file.path, &brought.file.loads);
            sum_after += brought.sum;
        }
        if is_whole && sum_before != sum_after {
            bail!("the rows of the files that came are not those of the files that went");
        }
        if !is_whole && !named.rewritten.contains(place) {
            // A load that lay in several files can only be judged by its own entry, and then over all files of the month.
            before = Parts::default();
            for (path, part) in named.loads.get(place).map(Vec::as_slice).unwrap_or_default() {
                before.add(path, std::slice::from_ref(part));
            }
            let stays = |path: &&String| place_of(path).as_ref() == Some(place) && !removed.contains(path);
            for (path, file) in named.live.iter().filter(|(path, _)| stays(path)) {
                after.add(path, &file.loads);
            }
        }
        before.check_same(&self.store, &after).await
    }

    async fn brought(&self, (table, sums): (&Table, &RowSums), file: &LiveFile) -> Result<Brought> {
        let path = format!("{}/{}", table.name, file.path);
        if Partition::of_path(&file.path).as_ref() != Some(&file.partition) {
            bail!("{path}: does not stand in the folder of its partition");
        }
        let (bytes, sha256) = hash_of(&*self.store, &path)
            .await?
            .with_context(|| format!("{path}: missing"))?;
        let held = held(&self.store, &path, (table, sums)).await?;
        if (bytes, held.sum.rows) != (file.size_bytes, file.rows) {
            bail!("{path}: is not the file that the Delta log describes");
        }
        let file = AddedFile {
            path,
            bytes,
            rows: held.sum.rows,
            sha256,
            digest: held.digest,
            loads: held.loads,
        };
        Ok(Brought { file, sum: held.sum })
    }

    async fn named(&self, table: &Table) -> Result<Named> {
        let mut named = Named::default();
        for sequence in 1..=self.sequence() {
            let entry = self.entry(sequence).await?.entry;
            let Some(change) = entry.tables.get(table.name) else {
                continue;
            };
            for file in &change.added {
                let loads = file.parts(sequence);
                // A retry also adds files of rejects again, which say of what loads they are.
                let is_load = matches!(entry.kind, Kind::Sync | Kind::Import | Kind::Retry) && file.loads.is_empty();
                if let Some(place) = place_of(&file.path).filter(|_| is_load) {
                    let all = named.loads.entry(place).or_default();
                    all.extend(loads.iter().map(|part| (file.path.clone(), part.clone())));
                }
                named.ever.insert(file.path.clone());
                named
                    .live
                    .insert(file.path.clone(), AddedFile { loads, ..file.clone() });
            }
            for path in &change.removed {
                named.live.remove(path);
                if entry.kind.rewrites_rows() {
                    named.rewritten.extend(place_of(path));
                }
            }
        }
        Ok(named)
    }

    async fn is_there(&self, path: &str) -> Result<bool> {
        match self.store.head(&Path::parse(path)?).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error).with_context(|| format!("{path} cannot be read")),
        }
    }
}

/// The partition of a path of the lake.
fn place_of(path: &str) -> Option<Partition> {
    Partition::of_path(path.split_once('/')?.1)
}
