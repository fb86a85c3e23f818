//! Rows of partitions taken away or replaced: every file of a partition is read, what changes is written anew, and what each load
//! has from now on is told. Apart from why rows change, which purge and erasure each say for themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context, Result};
use arrow::array::{Array, AsArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, new_null_array};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use futures::TryStreamExt;
use object_store::path::Path;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::backfill::Readers;
use super::commit::Written;
use super::files::{Added, LiveFile, Partition};
use super::known::{column, text};
use super::output::Output;
use super::parquet::{Selection, read_columns};
use super::roll_forward::load_of;
use super::{Lake, blocking};
use crate::atomic::steps;
use crate::batch::digest_of_hashes;
use crate::ledger::tombstone::LoadChange;
use crate::ledger::{AddedFile, LoadPart, hex};
use crate::schema::{EARLIEST, Micros, REJECTS, Table};
use crate::source;

/// What becomes of some rows.
pub(super) struct Fate {
    pub(super) after: RecordBatch,
    /// Of each row before, whether it goes or becomes another.
    pub(super) changed: Vec<bool>,
}

/// Why a file is read: all are looked at first, and those that change are then written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    Look,
    Write,
}

/// Says what becomes of rows; `None` where nothing does.
pub(super) type Change<'a> = dyn FnMut(&'static Table, &RecordBatch, Pass) -> Result<Option<Fate>> + Send + 'a;

/// What changes of one stream in one table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changed {
    pub rows: u64,
    /// Event times of the first and the last of the rows.
    pub from: Option<Micros>,
    pub to: Option<Micros>,
    /// Files that go as a whole, and how large they are.
    pub files: u64,
    pub bytes: u64,
    /// Files that are written anew with what remains.
    pub rewritten: u64,
}

/// All that changes.
#[derive(Default)]
pub(super) struct Replaced {
    pub(super) written: Vec<Written>,
    pub(super) removed: BTreeMap<&'static str, Vec<String>>,
    pub(super) loads: Vec<LoadChange>,
    /// Where anything changes.
    pub(super) partitions: BTreeSet<(&'static str, Partition)>,
    /// By table and stream.
    pub(super) changed: BTreeMap<(&'static str, String), Changed>,
}

/// The rows of one load, by the SHA-256 of their bytes.
#[derive(Default)]
struct Tally {
    before: Vec<[u8; 32]>,
    after: Vec<[u8; 32]>,
    changed: u64,
}

/// What a look at a file found.
struct Look {
    loads: BTreeMap<i64, Tally>,
    streams: BTreeMap<String, Changed>,
    rows_after: u64,
}

impl Lake {
    /// Applies a change to the rows of one partition. Where it `is_dry`, nothing is written.
    pub(super) async fn replace(
        &mut self,
        (table, partition): (&'static Table, &Partition),
        (at, is_dry): (Micros, bool),
        change: &mut Change<'_>,
        replaced: &mut Replaced,
    ) -> Result<()> {
        let files: Vec<LiveFile> = self.live_files(table)?.to_vec();
        let files = files.into_iter().filter(|file| file.partition == *partition);
        let mut loads: BTreeMap<i64, Tally> = BTreeMap::new();
        for file in files {
            let path = format!("{}/{}", table.name, file.path);
            let look = self.look(table, &path, change).await.with_context(|| path.clone())?;
            let is_changed = look.loads.values().any(|tally| tally.changed > 0);
            if is_changed {
                if !is_dry {
                    self.unchanged(table, &path).await?;
                }
                if look.rows_after > 0 && !is_dry {
                    let written = self.write_changed((table, partition), (&path, at), change).await?;
                    replaced.written.push(written);
                    steps::reached("after a rewritten data file");
                }
                replaced.removed.entry(table.name).or_default().push(path);
                replaced.partitions.insert((table.name, partition.clone()));
            }
            for (stream, found) in look.streams {
                let all = replaced.changed.entry((table.name, stream)).or_default();
                all.add(&found, look.rows_after == 0, file.size_bytes);
            }
            for (load, mut tally) in look.loads {
                let all = loads.entry(load).or_default();
                all.before.append(&mut tally.before);
                all.after.append(&mut tally.after);
                all.changed += tally.changed;
            }
        }
        for (load, tally) in loads.into_iter().filter(|(_, tally)| tally.changed > 0) {
            replaced.loads.push(LoadChange {
                table: table.name.to_owned(),
                source: partition.source.clone(),
                month: partition.month.clone(),
                load: u64::try_from(load)?,
                changed: tally.changed,
                rows: u64::try_from(tally.after.len())?,
                digest: (!tally.after.is_empty()).then(|| hex(&digest_of_hashes(tally.after))),
                before: hex(&digest_of_hashes(tally.before)),
            });
        }
        Ok(())
    }

    /// Files of partitions that their table shows no more and whose bytes are still there, as merging leaves them: what is to
    /// be gone must be gone from these too. Other programs give theirs no number, so that the ledger is asked for them.
    pub(super) async fn left_behind(
        &mut self,
        partitions: &BTreeSet<(&'static str, Partition)>,
    ) -> Result<Vec<String>> {
        let mut left = BTreeSet::new();
        for (name, partition) in partitions {
            let Some(table) = source::table(name) else { continue };
            let live = self.live_files(table)?.iter();
            let live: BTreeSet<String> = live.map(|file| format!("{name}/{}", file.path)).collect();
            let folder = format!("{name}/source={}/month={}", partition.source, partition.month);
            let mut listing = self.store.list(Some(&Path::from(folder)));
            while let Some(found) = listing.try_next().await? {
                let path = found.location.to_string();
                let is_older = load_of(&path).is_some_and(|load| load < self.next_load());
                left.extend(Some(path).filter(|path| is_older && !live.contains(path)));
            }
        }
        let undeleted = self.newest.as_ref().map(|newest| newest.entry.undeleted.clone());
        for sequence in undeleted.unwrap_or_default() {
            let mut paths = self.entry(sequence).await?.entry.left_behind();
            paths.retain(|path| {
                let parts = path
                    .split_once('/')
                    .map(|(name, file)| (name, Partition::of_path(file)));
                parts.is_some_and(|(of, found)| {
                    partitions
                        .iter()
                        .any(|(name, at)| *name == of && found.as_ref() == Some(at))
                })
            });
            for path in paths {
                if !self.is_shown(&path)? {
                    left.insert(path);
                }
            }
        }
        Ok(left.into_iter().collect())
    }

    async fn look(&self, table: &'static Table, path: &str, change: &mut Change<'_>) -> Result<Look> {
        let mut look = Look {
            loads: BTreeMap::new(),
            streams: BTreeMap::new(),
            rows_after: 0,
        };
        let mut batches = std::pin::pin!(self.whole_rows(table, path).await?);
        while let Some(batch) = batches.try_next().await? {
            let batch = blocking(|| conformed(table, &batch))?;
            let fate = blocking(|| change(table, &batch, Pass::Look))?;
            blocking(|| look.take(table, &batch, fate.as_ref()))?;
        }
        Ok(look)
    }

    async fn whole_rows(
        &self,
        table: &'static Table,
        path: &str,
    ) -> Result<impl futures::Stream<Item = Result<RecordBatch>> + use<>> {
        let schema = table.file_schema();
        let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let selection = Selection {
            columns: &columns,
            within: None,
        };
        read_columns(Arc::clone(&self.store), Path::parse(path)?, &selection).await
    }

    /// Writes what remains of a file, or what it becomes, under a name of the next entry.
    async fn write_changed(
        &self,
        (table, partition): (&'static Table, &Partition),
        (path, at): (&str, Micros),
        change: &mut Change<'_>,
    ) -> Result<Written> {
        let name = format!(
            "source={}/month={}/{}-{}.parquet",
            partition.source,
            partition.month,
            self.next_load(),
            Uuid::new_v4()
        );
        let mut output = Output::create(&self.store, format!("{}/{name}", table.name), table).await?;
        let mut loads: BTreeMap<i64, Vec<[u8; 32]>> = BTreeMap::new();
        let mut readers = Readers::of(table);
        let mut batches = std::pin::pin!(self.whole_rows(table, path).await?);
        while let Some(batch) = batches.try_next().await? {
            // Columns that an older program did not know are filled, for the file has them from now on.
            let batch = blocking(|| match table.name == REJECTS.name {
                true => conformed(table, &batch),
                false => readers.fill(&batch),
            })?;
            let fate = blocking(|| change(table, &batch, Pass::Write))?;
            let after = fate.map_or(batch, |fate| fate.after);
            let numbers = loads_of(&after)?;
            for row in 0..after.num_rows() {
                loads
                    .entry(numbers.value(row))
                    .or_default()
                    .push(hash(raw_of(&after, row)?));
            }
            output.write(after).await?;
        }
        let done = output.finish().await?;
        let all: Vec<[u8; 32]> = loads.values().flatten().copied().collect();
        let file = AddedFile {
            path: done.path,
            bytes: done.bytes,
            rows: done.rows,
            sha256: done.sha256,
            digest: hex(&digest_of_hashes(all)),
            loads: loads.into_iter().map(part).collect::<Result<_>>()?,
        };
        let added = Added {
            path: name,
            partition: partition.clone(),
            size_bytes: file.bytes,
            modified_ms: at / 1_000,
            rows: file.rows,
            statistics: done.statistics,
        };
        Ok(Written {
            table: table.name,
            file,
            added,
        })
    }
}

impl Look {
    fn take(&mut self, table: &Table, batch: &RecordBatch, fate: Option<&Fate>) -> Result<()> {
        let (loads, streams) = (loads_of(batch)?, text(batch, "stream")?);
        let events = times_of(batch, table.event_time)?;
        let is_changed = |row: usize| fate.is_some_and(|fate| fate.changed.get(row) == Some(&true));
        for row in 0..batch.num_rows() {
            let tally = self.loads.entry(loads.value(row)).or_default();
            tally.before.push(hash(raw_of(batch, row)?));
            if is_changed(row) {
                tally.changed += 1;
                let found = self.streams.entry(streams.value(row).to_owned()).or_default();
                found.rows += 1;
                let event = (!events.is_null(row)).then(|| events.value(row));
                found.from = found.from.into_iter().chain(event).min();
                found.to = found.to.max(event);
            }
        }
        let after = fate.map_or(batch, |fate| &fate.after);
        let loads = loads_of(after)?;
        for row in 0..after.num_rows() {
            let tally = self.loads.entry(loads.value(row)).or_default();
            tally.after.push(hash(raw_of(after, row)?));
        }
        self.rows_after += u64::try_from(after.num_rows())?;
        Ok(())
    }
}

impl Changed {
    fn add(&mut self, found: &Changed, is_whole: bool, size_bytes: u64) {
        self.rows += found.rows;
        self.from = self.from.into_iter().chain(found.from).min();
        self.to = self.to.max(found.to);
        if is_whole {
            self.files += 1;
            self.bytes += size_bytes;
        } else {
            self.rewritten += 1;
        }
    }
}

fn part((load, hashes): (i64, Vec<[u8; 32]>)) -> Result<LoadPart> {
    Ok(LoadPart {
        load: u64::try_from(load)?,
        rows: u64::try_from(hashes.len())?,
        digest: hex(&digest_of_hashes(hashes)),
    })
}

fn hash(raw: &[u8]) -> [u8; 32] {
    Sha256::digest(raw).into()
}

/// The rows with all columns of the table in its order; those the file was written without are null.
fn conformed(table: &Table, batch: &RecordBatch) -> Result<RecordBatch> {
    let schema = Arc::new(table.file_schema());
    let columns = schema
        .fields()
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            Some(column) => Arc::clone(column),
            None => new_null_array(field.data_type(), batch.num_rows()),
        });
    let columns = columns.collect();
    RecordBatch::try_new(schema, columns).context("columns that are not those of the table")
}

fn loads_of(batch: &RecordBatch) -> Result<&Int64Array> {
    let loads = column(batch, "load")?.as_primitive_opt::<Int64Type>();
    loads.context("load is not a number")
}

pub(super) fn times_of<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a TimestampMicrosecondArray> {
    let times = column(batch, name)?.as_primitive_opt::<TimestampMicrosecondType>();
    times.with_context(|| format!("{name} is not a time"))
}

/// Event time and order key of a row, as a record of it has them that is read now: a later order key than `latest`, or one
/// before all history, is none.
pub(super) fn times_at(table: &Table, (batch, row): (&RecordBatch, usize), latest: Micros) -> Result<(Micros, Micros)> {
    let at = |name: &str| -> Result<Option<Micros>> {
        let times = times_of(batch, name)?;
        Ok((!times.is_null(row)).then(|| times.value(row)))
    };
    let event = at(table.event_time)?.context("a row without its event time")?;
    let order = at(table.revision_key())?.filter(|order| (EARLIEST..=latest).contains(order));
    Ok((event, order.unwrap_or(event)))
}

/// The bytes a row's record came as.
pub(super) fn raw_of(batch: &RecordBatch, row: usize) -> Result<&[u8]> {
    let raws = column(batch, "raw")?;
    let texts = raws.as_any().downcast_ref::<StringArray>();
    match texts {
        Some(texts) => Ok(texts.value(row).as_bytes()),
        None => Ok(raws
            .as_binary_opt::<i32>()
            .context("raw is neither text nor bytes")?
            .value(row)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Stamp, rows_of};
    use crate::record::Layouts;
    use crate::schema::{DAY, parse_time};
    use crate::source::secoda::RESOURCE_LOGS;

    #[test]
    fn the_times_of_a_row_are_those_of_its_record() {
        let latest = parse_time("2026-06-30T00:00:00Z").unwrap() + DAY;
        let layouts = Layouts::of(&RESOURCE_LOGS);
        for updated_at in [
            "2025-07-12T00:00:00Z",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "2026-07-02T00:00:00Z",
        ] {
            for (form, event) in [(0, "logged_at"), (1, "created_at")] {
                let text = format!(r#"{{"id":"a","{event}":"2025-07-11T00:00:00Z","updated_at":"{updated_at}"}}"#);
                let record = layouts.read(form, text.as_bytes(), latest).remove(0).unwrap();
                let table = RESOURCE_LOGS.forms[form].table;
                let stamp = Stamp {
                    load: 1,
                    stream: RESOURCE_LOGS.name.to_owned(),
                    loaded_at: latest,
                    stable_version: 1,
                };
                let rows = rows_of(table, &[&record], &stamp).unwrap();
                let times = times_at(table, (&rows, 0), latest).unwrap();
                assert_eq!(times, (record.event_at, record.order_at), "{text}");
            }
        }
    }
}
