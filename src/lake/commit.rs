//! The commit of a load: data files, then the ledger entry that names them, then what follows from it. Apart from reading so
//! that the order of durable steps stands on one page.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use uuid::Uuid;

use super::delta::{Change, Commit, Outcome};
use super::files::{Added, LiveFile, Partition};
use super::parquet::encode;
use super::statistics::of_rows;
use super::{Lake, blocking};
use crate::atomic::steps;
use crate::batch::{self, Part, RejectedRow, Stamp};
use crate::coverage::StreamState;
use crate::ledger::signature::PublicKey;
use crate::ledger::{AddedFile, Counts, Entry, Kind, QuietStream, Sealed, TableChange, hex, sha256, stream_key};
use crate::record::Record;
use crate::schema::{Micros, REJECTS};
use crate::source::Stream;

/// How often a number may be taken by another writer before a commit gives up.
const ATTEMPTS: u32 = 5;
const DOMAIN: &str = "trailhouse.state";

/// One load, ready to be committed.
pub struct Draft<'a> {
    pub kind: Kind,
    pub run_id: &'a str,
    pub source: &'a str,
    pub stream: &'a Stream,
    /// The name the stream's state is kept under.
    pub state_name: &'a str,
    pub started_at: Micros,
    /// The moment of the commit, by the caller's clock.
    pub at: Micros,
    pub counts: Counts,
    pub records: &'a [Record],
    pub rejects: &'a [RejectedRow],
    /// The stream's state once this load is durable.
    pub state: &'a StreamState,
}

/// Streams whose state moved without new rows.
pub struct Quiet<'a> {
    pub run_id: &'a str,
    pub started_at: Micros,
    pub at: Micros,
    pub streams: Vec<QuietStream>,
}

/// A data file on disk that no entry names yet.
pub(super) struct Written {
    pub(super) table: &'static str,
    pub(super) file: AddedFile,
    pub(super) added: Added,
}

impl Lake {
    /// Makes a load durable and returns its number. After an error it may still have been committed: opening the lake again
    /// tells, and finishes it.
    pub async fn commit(&mut self, draft: &Draft<'_>) -> Result<u64> {
        for _ in 0..ATTEMPTS {
            let load = self.sequence() + 1;
            let mut written = Vec::new();
            if let Err(error) = self.write_files(draft, load, &mut written).await {
                self.discard(&written).await;
                return Err(error);
            }
            let mut tables: BTreeMap<String, TableChange> = BTreeMap::new();
            for file in &written {
                tables
                    .entry(file.table.to_owned())
                    .or_default()
                    .added
                    .push(file.file.clone());
            }
            let entry = Entry {
                kind: draft.kind,
                source: Some(draft.source.to_owned()),
                stream: Some(draft.state_name.to_owned()),
                counts: draft.counts,
                state: Some(draft.state.clone()),
                tables,
                ..self.blank(draft.run_id, draft.started_at, draft.at)?
            };
            if Box::pin(self.seal(entry, &written)).await? {
                return Ok(load);
            }
            self.discard(&written).await;
            self.follow_another().await?;
        }
        bail!(
            "{}.{}: another writer took the next ledger number {ATTEMPTS} times",
            draft.source,
            draft.stream.name
        )
    }

    /// Records states that moved without new rows, in one entry.
    pub async fn commit_quiet(&mut self, quiet: &Quiet<'_>) -> Result<()> {
        let mut counts = Counts::default();
        quiet.streams.iter().for_each(|stream| counts.add(&stream.counts));
        for _ in 0..ATTEMPTS {
            let blank = self.blank(quiet.run_id, quiet.started_at, quiet.at)?;
            let entry = Entry {
                kind: Kind::Silence,
                counts,
                streams: quiet.streams.clone(),
                ..blank
            };
            if Box::pin(self.seal(entry, &[])).await? {
                return Ok(());
            }
            self.follow_another().await?;
        }
        bail!("another writer took the next ledger number {ATTEMPTS} times")
    }

    /// Records which key signs from now on, in one entry, and returns its number.
    pub(super) async fn commit_key(&mut self, key: &PublicKey, run_id: &str, at: Micros) -> Result<u64> {
        for _ in 0..ATTEMPTS {
            let entry = Entry {
                kind: Kind::Key,
                signing_key: Some(key.hex()),
                ..self.blank(run_id, at, at)?
            };
            if Box::pin(self.seal(entry, &[])).await? {
                return Ok(self.sequence());
            }
            self.follow_another().await?;
        }
        bail!("another writer took the next ledger number {ATTEMPTS} times")
    }

    /// Another writer's entry has the number: it is the newest now, and must be one that may be followed.
    pub(super) async fn follow_another(&mut self) -> Result<()> {
        self.newest = self.ledger.newest().await?;
        self.finish_signature().await
    }

    /// Appends the entry and does what follows from it; `false`: its number is taken.
    pub(super) async fn seal(&mut self, mut entry: Entry, written: &[Written]) -> Result<bool> {
        let sequence = entry.sequence;
        if let (Some(source), Some(stream)) = (&entry.source, &entry.stream) {
            entry.states.insert(stream_key(source, stream), sequence);
        }
        for quiet in &entry.streams {
            entry.states.insert(stream_key(&quiet.source, &quiet.stream), sequence);
        }
        for table in entry.tables.keys() {
            entry.last_changes.insert(table.clone(), sequence);
        }
        if !entry.left_behind().is_empty() {
            entry.undeleted.push(sequence);
        }
        let (sealed, bytes) = entry.seal()?;
        let signature = self.signature_of(&sealed, &bytes)?;
        steps::reached("before the ledger entry");
        let Some(sealed) = self.ledger.append((sealed, bytes)).await? else {
            return Ok(false);
        };
        steps::reached("after the ledger entry");
        if let Some(signature) = signature {
            self.ledger.put_signature(sequence, signature).await?;
            steps::reached("after the signature");
        }
        self.ledger.move_head(&sealed).await?;
        steps::reached("after the head");
        self.newest = Some(sealed.clone());
        for table in sealed.entry.tables.keys() {
            let of_table = written.iter().filter(|file| file.table == table);
            let adds: Vec<Added> = of_table.map(|file| file.added.clone()).collect();
            self.commit_table(&sealed, table, (&adds, &removes_of(&sealed.entry, table)))?;
        }
        self.delete(&sealed.entry.deleted).await?;
        Ok(true)
    }

    /// The Delta commit of one table of an entry, with the files it adds and removes; done before is done.
    pub(super) fn commit_table(
        &mut self,
        sealed: &Sealed,
        table: &str,
        (adds, removes): (&[Added], &[String]),
    ) -> Result<()> {
        let entry = &sealed.entry;
        let Some(open) = self.tables.get_mut(table) else {
            bail!("entry {} names an unknown table {table}", entry.sequence);
        };
        let statistics = open.table.statistics_columns();
        let schema = open.table.arrow_schema();
        blocking(|| open.delta.create_if_absent(&schema, &statistics))?;
        steps::reached("after the Delta table");
        let transaction = i64::try_from(entry.sequence)?;
        let made_by = (transaction, sealed.sha256.as_str());
        if !adds.is_empty() && blocking(|| open.delta.add_missing_columns(&schema, made_by))? {
            steps::reached("after the Delta columns");
        }
        let domain_metadata = serde_json::to_string(&entry.state)?;
        let commit = Commit {
            application_id: &entry.lake_id,
            transaction,
            entry_sha256: &sealed.sha256,
            domain: DOMAIN,
            domain_metadata: &domain_metadata,
            adds,
            removes,
            change: if matches!(entry.kind, Kind::Compact | Kind::Adopt) {
                Change::Layout
            } else {
                Change::Rows
            },
        };
        let outcome =
            blocking(|| open.delta.commit(&commit)).with_context(|| format!("{table}: load {}", entry.sequence))?;
        steps::reached("after the Delta commit");
        if let Outcome::Committed {
            is_checkpoint_due: true,
            ..
        } = outcome
        {
            blocking(|| open.delta.checkpoint())?;
        }
        if let Some(live) = &mut open.live {
            live.retain(|file| !removes.contains(&file.path));
            live.extend(adds.iter().map(live_file));
        }
        Ok(())
    }

    /// Takes the bytes of files away that an entry says are to be deleted; what is gone already is gone.
    pub(super) async fn delete(&self, paths: &[String]) -> Result<()> {
        for path in paths {
            steps::reached("before a file is deleted");
            match self.store.delete(&Path::parse(path)?).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error).with_context(|| format!("{path} cannot be deleted")),
            }
        }
        Ok(())
    }

    /// Removes files that no entry names, as far as the store lets it; the next command that writes removes the rest.
    pub(super) async fn discard(&self, written: &[Written]) {
        for file in written {
            let path = Path::from(file.file.path.as_str());
            if let Err(error) = self.store.delete(&path).await {
                tracing::warn!("{path}: belongs to no load, and cannot be removed: {error}");
            }
        }
    }

    pub(super) async fn write_files(&mut self, draft: &Draft<'_>, load: u64, written: &mut Vec<Written>) -> Result<()> {
        let mut stamp = Stamp {
            load: i64::try_from(load)?,
            stream: draft.stream.name.to_owned(),
            loaded_at: draft.at,
            stable_version: draft.stream.main().stable_version,
        };
        let mut parts = batch::of_rejects(draft.rejects, &stamp)?;
        for (number, form) in draft.stream.forms.iter().enumerate() {
            stamp.stable_version = form.stable_version;
            let records: Vec<&Record> = draft.records.iter().filter(|record| record.form == number).collect();
            parts.extend(batch::of_records(form.table, &records, &stamp)?);
        }
        for part in parts {
            written.push(self.write_file(draft, load, part).await?);
            steps::reached("after a data file");
        }
        Ok(())
    }

    async fn write_file(&mut self, draft: &Draft<'_>, load: u64, part: Part) -> Result<Written> {
        let columns = part.table.statistics_columns();
        let rows = u64::try_from(part.batch.num_rows())?;
        let batches = [part.batch];
        let bytes = blocking(|| encode(&batches, &columns))?;
        let name = format!(
            "source={}/month={}/{load}-{}.parquet",
            draft.source,
            part.month,
            Uuid::new_v4()
        );
        let path = format!("{}/{name}", part.table.name);
        if part.table.name != REJECTS.name {
            let stream = (draft.source, draft.stream.name);
            self.remember(stream, part.table, (&path, &batches[0]))?;
        }
        let file = AddedFile {
            path: path.clone(),
            bytes: u64::try_from(bytes.len())?,
            rows,
            sha256: sha256(&bytes),
            digest: hex(&part.digest),
            loads: Vec::new(),
        };
        let added = Added {
            path: name,
            partition: Partition {
                source: draft.source.to_owned(),
                month: part.month,
            },
            size_bytes: file.bytes,
            modified_ms: draft.at / 1_000,
            rows,
            statistics: of_rows(&batches, &columns)?,
        };
        let store = Arc::clone(&self.store);
        store
            .put(&Path::parse(&path)?, PutPayload::from(bytes))
            .await
            .with_context(|| format!("{path} cannot be written"))?;
        Ok(Written {
            table: part.table.name,
            file,
            added,
        })
    }
}

/// The files that an entry takes out of a table, relative to it: none where another program did so.
pub(super) fn removes_of(entry: &Entry, table: &str) -> Vec<String> {
    let change = entry.tables.get(table).filter(|_| entry.kind != Kind::Adopt);
    let removed = change.into_iter().flat_map(|change| &change.removed);
    removed.map(|path| within(table, path)).collect()
}

/// A path of the lake as one of its table.
pub(super) fn within(table: &str, path: &str) -> String {
    let relative = path.strip_prefix(table).and_then(|rest| rest.strip_prefix('/'));
    relative.unwrap_or(path).to_owned()
}

fn live_file(added: &Added) -> LiveFile {
    let bounds = added
        .statistics
        .iter()
        .filter_map(|known| known.bounds.clone().map(|bounds| (known.column.clone(), bounds)));
    LiveFile {
        path: added.path.clone(),
        partition: added.partition.clone(),
        size_bytes: added.size_bytes,
        rows: added.rows,
        bounds: bounds.collect(),
    }
}
