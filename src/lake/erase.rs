//! Erasing a person: every record of a source that names the person becomes the record it is with pseudonyms, and the ledger
//! keeps by which pseudonyms whoever comes again is known. Apart from purging, which takes whole rows.

mod known_as;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use arrow::array::AsArray;
use arrow::array::{ArrayRef, BinaryBuilder, Int64Array, RecordBatch};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

use super::Lake;
use super::files::Partition;
use super::hold::Hold;
use super::known::{column, text};
use super::purge::rows_by_table;
use super::replace::{Changed, Fate, Pass, Replaced, raw_of, times_at};
use super::rewrite::Rewrite;
use crate::atomic::steps;
use crate::batch::{Stamp, rows_of};
use crate::ledger::tombstone::Tombstone;
use crate::ledger::{Counts, Kind};
use crate::record::erasure::{Erased, Erasures, Identity, Term};
use crate::record::{Layouts, Record, short_hash};
use crate::schema::{DAY, Micros, REJECTS, Table};
use crate::source::{self, Stream, TABLES};

/// Who is to be erased from one source, and by whom.
#[derive(Debug, Clone, Copy)]
pub struct Erasure<'a> {
    pub source: &'a str,
    pub performer: &'a str,
    pub holds: &'a [Hold],
    pub by: &'a str,
    pub reason: Option<&'a str>,
    pub run_id: &'a str,
    pub started_at: Micros,
    pub at: Micros,
    /// Whether only to say what would change.
    pub is_dry: bool,
}

/// What became of an erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// No record of the source is the person's.
    Unknown,
    /// It was done before, and nothing has come since.
    Already,
    /// A hold forbids it: its name and reason.
    Held(String, String),
    /// What the ledger would be told would itself name the person: the option that says it.
    Named(&'static str),
    /// What changed, or would; and the entry that says so.
    Done(BTreeMap<(&'static str, String), Changed>, Option<u64>),
}

impl Lake {
    /// Replaces what identifies a person in all records of a source, and keeps what is needed to do so with what arrives later.
    pub async fn erase(&mut self, erasure: &Erasure<'_>) -> Result<Ended> {
        self.check_erasure_key().await?;
        let Some(personal) = self.personal_of(erasure.source)? else {
            return Ok(Ended::Unknown);
        };
        let before = self.erased(erasure.source).await?;
        let stand_ins = self.stand_ins(erasure.performer, &before)?;
        let ended = match stand_ins.is_empty() {
            true => Ended::Unknown,
            false => Ended::Already,
        };
        let Some(names) = self.names_of(erasure, &stand_ins, personal).await? else {
            return Ok(ended);
        };
        let identity = Identity {
            id: erasure.performer.to_owned(),
            names,
        };
        let holds = || erasure.holds.iter().filter(|hold| hold.is_of(erasure.source));
        let is_named = |hold: &&Hold| hold.performers.iter().any(|held| held == erasure.performer);
        if let Some(hold) = holds().find(is_named) {
            return Ok(Ended::Held(hold.name.clone(), hold.reason.clone()));
        }
        if let Some(option) = naming(erasure, |told| identity.is_in(told)) {
            return Ok(Ended::Named(option));
        }
        let key = if erasure.is_dry {
            self.keys.erasure_key_or_any()?
        } else {
            self.keys.make_erasure_key()?
        };
        let mut erased = Erased::new(&key, &identity);
        let everybody = [before, vec![erased.clone()]].concat();
        if let Some(option) = naming_any(erasure, &Erasures::new(key.clone(), personal, &everybody)) {
            return Ok(Ended::Named(option));
        }
        let mut work = Work {
            erasures: Erasures::new(key, personal, std::slice::from_ref(&erased)),
            latest: erasure.at + DAY,
            holds: holds().cloned().collect(),
            held: None,
            terms: BTreeSet::new(),
        };
        let replaced = self.replace_all(erasure, &mut work).await?;
        if let Some(hold) = work.held {
            self.discard(&replaced.written).await;
            return Ok(Ended::Held(hold.name, hold.reason));
        }
        let changed = replaced.changed.clone();
        if changed.is_empty() && !stand_ins.is_empty() {
            return Ok(ended);
        }
        if erasure.is_dry {
            return Ok(Ended::Done(changed, None));
        }
        // Of a name that only its pseudonym tells it is known now how many words it has.
        let is_guessed = |term: &Term| identity.names.contains(&term.pseudonym.to_string());
        erased
            .terms
            .retain(|term| !is_guessed(term) || work.terms.contains(term));
        let sequence = self.commit_erasure(erasure, replaced, erased).await?;
        Ok(Ended::Done(changed, Some(sequence)))
    }

    async fn commit_erasure(&mut self, erasure: &Erasure<'_>, replaced: Replaced, erased: Erased) -> Result<u64> {
        let all = self.partitions_of(erasure.source)?.into_iter();
        let all = all.map(|(table, partition)| (table.name, partition)).collect();
        let mut deleted = self.left_behind(&all).await?;
        deleted.extend(replaced.removed.values().flatten().cloned());
        let tombstone = Tombstone {
            by: erasure.by.to_owned(),
            reason: erasure.reason.map(str::to_owned),
            policy: "a person was erased".to_owned(),
            spans: Vec::new(),
            rows: rows_by_table(&replaced.changed),
            loads: replaced.loads,
            rejects: Vec::new(),
            erased: Some(erased),
        };
        let rewrite = Rewrite {
            kind: Kind::Erase,
            run_id: erasure.run_id.to_owned(),
            started_at: erasure.started_at,
            at: erasure.at,
            source: Some(erasure.source.to_owned()),
            stream: None,
            counts: Counts::default(),
            state: None,
            deleted,
            removed: replaced.removed,
        };
        let commit = self.commit_rewrite(rewrite, &replaced.written, |mut entry| {
            entry.tombstone = Some(tombstone);
            entry.tombstones.push(entry.sequence);
            entry
        });
        let sequence = commit.await?;
        steps::reached("after the files are deleted");
        Ok(sequence)
    }

    /// How records of a stream are read so that nobody comes back who was erased.
    pub async fn layouts(&self, source: &str, stream: &'static Stream) -> Result<Layouts> {
        let erased = self.erased(source).await?;
        if erased.is_empty() {
            return Ok(Layouts::of(stream));
        }
        let (service, ..) = source::form_of(stream.name, stream.main().table).context("a stream of no service")?;
        let erasures = Erasures::new(self.keys.erasure_key(&erased)?, service.personal, &erased);
        Ok(Layouts::of(stream).erasing(Some(Arc::new(erasures))))
    }

    /// Where somebody was erased, nothing may be written without what keeps the person away.
    pub(super) async fn check_erasure_key(&self) -> Result<()> {
        let mut erased = Vec::new();
        for sequence in self.newest.iter().flat_map(|newest| &newest.entry.tombstones) {
            let tombstone = self.entry(*sequence).await?.entry.tombstone;
            erased.extend(tombstone.and_then(|tombstone| tombstone.erased));
        }
        if !erased.is_empty() {
            self.keys.erasure_key(&erased)?;
        }
        Ok(())
    }

    /// Everybody who was erased from a source, in the order it was done.
    async fn erased(&self, source: &str) -> Result<Vec<Erased>> {
        let tombstones = self.tombstones(source).await?.into_iter();
        Ok(tombstones.filter_map(|tombstone| tombstone.erased).collect())
    }

    fn partitions_of(&mut self, source: &str) -> Result<Vec<(&'static Table, Partition)>> {
        let mut partitions = Vec::new();
        for table in TABLES {
            let files = self.live_files(table)?.iter();
            let of_source = files.filter(|file| file.partition.source == source);
            let found: BTreeSet<Partition> = of_source.map(|file| file.partition.clone()).collect();
            partitions.extend(found.into_iter().map(|partition| (*table, partition)));
        }
        Ok(partitions)
    }

    async fn replace_all(&mut self, erasure: &Erasure<'_>, work: &mut Work) -> Result<Replaced> {
        let mut replaced = Replaced::default();
        for (table, partition) in self.partitions_of(erasure.source)? {
            let mut change = |table: &'static Table, batch: &RecordBatch, pass| work.change(table, batch, pass);
            let done = self
                .replace(
                    (table, &partition),
                    (erasure.at, erasure.is_dry),
                    &mut change,
                    &mut replaced,
                )
                .await;
            if let Err(error) = done {
                self.discard(&replaced.written).await;
                return Err(error);
            }
            if work.held.is_some() {
                break;
            }
        }
        Ok(replaced)
    }
}

/// Which option of what the ledger would be told names somebody.
fn naming(erasure: &Erasure<'_>, names: impl Fn(&str) -> bool) -> Option<&'static str> {
    let options = [("--reason", erasure.reason.unwrap_or_default()), ("--by", erasure.by)];
    let mut named = options.into_iter().filter(|(_, told)| names(told));
    named.next().map(|(option, _)| option)
}

/// The same, for everybody who was erased.
fn naming_any(erasure: &Erasure<'_>, erased: &Erasures) -> Option<&'static str> {
    naming(erasure, |told| matches!(erased.apply(told.as_bytes()), Cow::Owned(_)))
}

/// What replaces rows.
struct Work {
    erasures: Erasures,
    /// The latest time a row may carry.
    latest: Micros,
    /// Those of the source: what names a held person stays as it is, whoever else it names.
    holds: Vec<Hold>,
    /// The hold that a row to be changed falls under.
    held: Option<Hold>,
    /// What the rows that change know the person by.
    terms: BTreeSet<Term>,
}

impl Work {
    fn change(&mut self, table: &'static Table, batch: &RecordBatch, _pass: Pass) -> Result<Option<Fate>> {
        let mut replaced: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
        for row in 0..batch.num_rows() {
            let raw = raw_of(batch, row)?;
            let Cow::Owned(bytes) = self.erasures.apply(raw) else {
                continue;
            };
            self.terms.extend(self.erasures.terms_in(raw));
            let (event_at, order_at) = times_at(table, (batch, row), self.latest)?;
            let hold = self.holds.iter().find(|hold| hold.keeps(event_at, order_at, raw));
            self.held = self.held.take().or_else(|| hold.cloned());
            replaced.insert(row, bytes);
        }
        if replaced.is_empty() || self.held.is_some() {
            return Ok(None);
        }
        let changed = (0..batch.num_rows()).map(|row| replaced.contains_key(&row)).collect();
        let after = if table.name == REJECTS.name {
            rejects_with(batch, &replaced)?
        } else {
            records_with(table, batch, replaced)?
        };
        Ok(Some(Fate { after, changed }))
    }
}

/// Rejects of which some have other bytes.
fn rejects_with(batch: &RecordBatch, replaced: &BTreeMap<usize, Vec<u8>>) -> Result<RecordBatch> {
    let (mut raws, mut hashes) = (BinaryBuilder::new(), BinaryBuilder::new());
    for row in 0..batch.num_rows() {
        let bytes = replaced.get(&row).map_or(raw_of(batch, row)?, Vec::as_slice);
        raws.append_value(bytes);
        hashes.append_value(short_hash(bytes));
    }
    let (raws, hashes): (ArrayRef, ArrayRef) = (Arc::new(raws.finish()), Arc::new(hashes.finish()));
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns());
    let columns = columns.map(|(field, array)| match field.name().as_str() {
        "raw" => Arc::clone(&raws),
        "stable_hash" => Arc::clone(&hashes),
        _ => Arc::clone(array),
    });
    let columns = columns.collect();
    Ok(RecordBatch::try_new(schema, columns)?)
}

/// Rows of records of which some are flattened anew; load, stream and time of loading stay.
fn records_with(table: &'static Table, batch: &RecordBatch, replaced: BTreeMap<usize, Vec<u8>>) -> Result<RecordBatch> {
    let streams = text(batch, "stream")?;
    let loads = column(batch, "load")?.as_primitive::<Int64Type>();
    let loaded = column(batch, "loaded_at")?.as_primitive::<TimestampMicrosecondType>();
    let mut groups: BTreeMap<_, Vec<(usize, Vec<u8>)>> = BTreeMap::new();
    for (row, bytes) in replaced {
        let group = (loads.value(row), streams.value(row), loaded.value(row));
        groups.entry(group).or_default().push((row, bytes));
    }
    let mut places: Vec<i64> = (0..).take(batch.num_rows()).collect();
    let (mut batches, mut next) = (vec![batch.clone()], i64::try_from(batch.num_rows())?);
    for ((load, stream, loaded_at), rows) in groups {
        let (_, declared, form) = source::form_of(stream, table).context("rows of an unknown stream")?;
        let layouts = Layouts::of(declared);
        let mut records: Vec<Record> = Vec::with_capacity(rows.len());
        for (row, bytes) in rows {
            match layouts.read(form, &bytes, Micros::MAX).into_iter().next() {
                Some(Ok(record)) => records.push(record),
                _ => bail!("a record of load {load} could not be read with its pseudonyms"),
            }
            places[row] = next;
            next += 1;
        }
        let stamp = Stamp {
            load,
            stream: stream.to_owned(),
            loaded_at,
            stable_version: declared.forms[form].stable_version,
        };
        batches.push(rows_of(table, &records.iter().collect::<Vec<_>>(), &stamp)?);
    }
    let all = concat_batches(&batch.schema(), &batches)?;
    Ok(take_record_batch(&all, &Int64Array::from(places))?)
}
