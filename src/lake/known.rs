//! What the lake already holds of the records at hand: duplicates are found exactly, another content under a known id is a
//! revision. Reads `id` and `stable_hash` of the files whose event times meet those of the records, so that its cost grows
//! with the window and not with the history.

mod columns;
mod remembered;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use anyhow::Result;
use arrow::array::RecordBatch;
use futures::TryStreamExt;

use columns::short;
pub(super) use columns::{Ids, Rows, binary, column, text};
use remembered::{Print, half};
pub(super) use remembered::{Remembered, key};

use super::files::LiveFile;
use super::parquet::{Selection, read_columns};
use super::statistics::Bounds;
use super::{Lake, Withheld};
use crate::batch::RejectedRow;
use crate::ledger::{Counts, stream_key};
use crate::record::{Record, is_drift};
use crate::schema::{Micros, REJECTS, Table, month_of};
use crate::source::{Form, Stream};

/// Records of one stream that have been read and not yet stored.
pub struct Incoming<'a> {
    pub source: &'a str,
    pub stream: &'a Stream,
    pub records: Vec<Record>,
    pub rejects: Vec<RejectedRow>,
    /// Every load of the run they were read by has at least this number.
    pub first_load: u64,
    /// What of them must not be stored.
    pub withheld: &'a Withheld,
}

/// What of them is to be stored.
#[derive(Debug, Default)]
pub struct Classified {
    pub records: Vec<Record>,
    pub rejects: Vec<RejectedRow>,
    /// `stored`, `duplicates`, `revisions`, `drift`, `rejects`, `withheld` and `wrong_types`; the rest is the caller's.
    pub counts: Counts,
    /// Order keys of the records of the stream's first form whose id was not known.
    pub new_keys: Vec<Micros>,
    /// Whether any of them was in the lake before the run, in this or another form.
    pub met_known: bool,
}

/// What the records at hand say, by their ids.
type Asked<'a> = HashMap<&'a str, Vec<[u8; 16]>>;

/// A row the lake or this load holds under an id.
struct Known {
    hash: [u8; 16],
    order_at: Micros,
    load: i64,
    place: Place,
}

enum Place {
    File(String),
    Load(usize),
}

impl Lake {
    /// Parts what is new from what the lake holds.
    pub async fn classify(&mut self, mut incoming: Incoming<'_>) -> Result<Classified> {
        let mut classified = Classified::default();
        classified.counts.withheld = incoming.withheld.keep_back(&mut incoming);
        let mut known = Vec::new();
        for (number, form) in incoming.stream.forms.iter().enumerate() {
            known.push(self.known_rows(&incoming, number, form).await?);
        }
        let first_load = i64::try_from(incoming.first_load).unwrap_or(i64::MAX);
        let mut rows = known.iter().flat_map(HashMap::values).flatten();
        classified.met_known = rows.any(|row| row.load < first_load);
        for record in incoming.records {
            let form = &incoming.stream.forms[record.form];
            let rows = known[record.form].entry(record.id.clone()).or_default();
            if rows.iter().any(|row| row.hash == record.stable_hash) {
                classified.counts.duplicates += 1;
                continue;
            }
            let newest = rows.iter().max_by_key(|row| (row.order_at, row.load, row.hash));
            match newest {
                None if record.form > 0 => {}
                None => classified.new_keys.push(record.order_at),
                Some(newest) => {
                    let older = match &newest.place {
                        Place::Load(index) => Some(classified.records[*index].raw.clone()),
                        Place::File(path) => self.raw_of(path, (form.table.event_time, &record), newest.hash).await?,
                    };
                    let drift = older.is_some_and(|older| is_drift(&older, &record.raw, form));
                    *(if drift {
                        &mut classified.counts.drift
                    } else {
                        &mut classified.counts.revisions
                    }) += 1;
                }
            }
            let place = Place::Load(classified.records.len());
            rows.push(Known {
                hash: record.stable_hash,
                order_at: record.order_at,
                load: i64::MAX,
                place,
            });
            classified.counts.stored += 1;
            classified.counts.wrong_types += record.wrong_types;
            classified.records.push(record);
        }
        self.classify_rejects(incoming.source, incoming.stream.name, incoming.rejects, &mut classified)
            .await?;
        Ok(classified)
    }

    async fn classify_rejects(
        &mut self,
        source: &str,
        stream: &str,
        rejects: Vec<RejectedRow>,
        classified: &mut Classified,
    ) -> Result<()> {
        if rejects.is_empty() {
            return Ok(());
        }
        let mut known = HashSet::new();
        let files = self
            .live_files(&REJECTS)?
            .iter()
            .filter(|file| file.partition.source == source);
        let paths: Vec<String> = files.map(|file| file.path.clone()).collect();
        for path in paths {
            let columns = ["stream", "stable_hash"];
            for batch in self.read(&format!("{}/{path}", REJECTS.name), &columns, None).await? {
                let (streams, hashes) = (text(&batch, "stream")?, binary(&batch, "stable_hash")?);
                known.extend(
                    (0..batch.num_rows())
                        .filter(|row| streams.value(*row) == stream)
                        .map(|row| short(hashes.value(row))),
                );
            }
        }
        for row in rejects {
            if known.insert(row.reject.hash()) {
                classified.counts.rejects += 1;
                classified.rejects.push(row);
            } else {
                classified.counts.duplicates += 1;
            }
        }
        Ok(())
    }

    /// Everything the lake holds under the ids of the records of one form, as far as their event times can tell.
    async fn known_rows(
        &mut self,
        incoming: &Incoming<'_>,
        number: usize,
        form: &Form,
    ) -> Result<HashMap<String, Vec<Known>>> {
        let table = form.table;
        let records = || incoming.records.iter().filter(|record| record.form == number);
        let windows = windows(records());
        let mut asked: Asked<'_> = HashMap::new();
        for record in records() {
            asked.entry(record.id.as_str()).or_default().push(record.stable_hash);
        }
        let overlapping = |file: &&LiveFile| {
            let window = windows
                .get(&file.partition.month)
                .filter(|_| file.partition.source == incoming.source);
            window.is_some_and(|window| overlaps(file, table.event_time, *window))
        };
        let files: Vec<(String, u64, (Micros, Micros))> = self
            .live_files(table)?
            .iter()
            .filter(overlapping)
            .map(|file| {
                let path = format!("{}/{}", table.name, file.path);
                (path, file.rows, windows[&file.partition.month])
            })
            .collect();
        let mut known: HashMap<String, Vec<Known>> = HashMap::new();
        let ids: HashSet<&str> = asked.keys().copied().collect();
        let wanted = Wanted {
            stream: incoming.stream.name,
            key: table.revision_key(),
        };
        let key_of = |id: &str| half(&key(table.name, incoming.source, wanted.stream, id));
        let mut keys: Vec<(u64, &str)> = ids.iter().map(|id| (key_of(id), *id)).collect();
        keys.sort_unstable();
        let mut met: HashMap<&str, Vec<(Print, String)>> = HashMap::new();
        let reader = stream_key(incoming.source, wanted.stream);
        for (path, rows, window) in files {
            if let Some(prints) = self.remembered.meeting(&path, &keys) {
                for (id, print) in prints {
                    met.entry(id).or_default().push((print, path.clone()));
                }
                continue;
            }
            let is_worth = self.remembered.is_worth(&path, rows, &reader);
            let within = (!is_worth).then_some((table.event_time, window));
            let batches = self.read(&path, &wanted.columns(), within).await?;
            if is_worth {
                let mut prints = Vec::with_capacity(batches.iter().map(RecordBatch::num_rows).sum());
                for batch in &batches {
                    prints_of(batch, table, incoming.source, &mut prints)?;
                }
                self.remembered.take(&path, prints, &reader);
            } else {
                let read = batches.iter().map(RecordBatch::num_rows).sum();
                self.remembered.count(&path, read);
            }
            for batch in batches {
                collect(&batch, (&wanted, &ids), &path, &mut known)?;
            }
        }
        self.look_at(met, &asked, &wanted, &mut known).await?;
        Ok(known)
    }

    /// Adds the remembered rows that were met. Where they say what every record says that has their id, that is all there is
    /// to know; else their files are read.
    async fn look_at(
        &self,
        met: HashMap<&str, Vec<(Print, String)>>,
        asked: &Asked<'_>,
        wanted: &Wanted<'_>,
        known: &mut HashMap<String, Vec<Known>>,
    ) -> Result<()> {
        let mut unlike: BTreeMap<String, HashSet<&str>> = BTreeMap::new();
        for (id, rows) in met {
            let hashes = asked.get(id).map(Vec::as_slice).unwrap_or_default();
            let is_said = |hash: &[u8; 16]| rows.iter().any(|(print, _)| print.hash == *hash);
            if !hashes.iter().all(is_said) {
                for (_, path) in rows {
                    unlike.entry(path).or_default().insert(id);
                }
                continue;
            }
            let rows = rows.into_iter().map(|(print, path)| Known {
                hash: print.hash,
                // Nobody asks which is the newest: none of the records says anything new.
                order_at: Micros::MIN,
                load: print.load,
                place: Place::File(path),
            });
            known.entry(id.to_owned()).or_default().extend(rows);
        }
        for (path, ids) in unlike {
            for batch in self.read(&path, &wanted.columns(), None).await? {
                collect(&batch, (wanted, &ids), &path, known)?;
            }
        }
        Ok(())
    }

    /// Remembers what the rows of a file are known by that a load of a stream writes.
    pub(super) fn remember(
        &mut self,
        (source, stream): (&str, &str),
        table: &Table,
        (path, rows): (&str, &RecordBatch),
    ) -> Result<()> {
        let reader = stream_key(source, stream);
        if self.remembered.has_room(rows.num_rows(), &reader) {
            let mut prints = Vec::with_capacity(rows.num_rows());
            prints_of(rows, table, source, &mut prints)?;
            self.remembered.take(path, prints, &reader);
        }
        Ok(())
    }

    /// The JSON of a stored row, read only to tell a revision from a change of shape: of the rows of the record's own time,
    /// then of all.
    async fn raw_of(
        &self,
        path: &str,
        (event_time, record): (&str, &Record),
        hash: [u8; 16],
    ) -> Result<Option<String>> {
        for within in [Some((event_time, (record.event_at, record.event_at))), None] {
            for batch in self.read(path, &["id", "stable_hash", "raw"], within).await? {
                let (ids, hashes, raws) = (Ids::of(&batch)?, binary(&batch, "stable_hash")?, text(&batch, "raw")?);
                let is_it = |row: &usize| ids.is(*row, &record.id) && hashes.value(*row) == hash;
                if let Some(row) = (0..batch.num_rows()).find(is_it) {
                    return Ok(Some(raws.value(row).to_owned()));
                }
            }
        }
        Ok(None)
    }

    pub(super) async fn read(
        &self,
        path: &str,
        columns: &[&str],
        within: Option<(&str, (Micros, Micros))>,
    ) -> Result<Vec<RecordBatch>> {
        let within = within.map(|(column, (from, to))| (column, from..=to));
        let path = object_store::path::Path::parse(path)?;
        let rows = read_columns(Arc::clone(&self.store), path, &Selection { columns, within }).await?;
        rows.try_collect().await
    }
}

/// Least and greatest event time of the records of each month.
fn windows<'a>(records: impl Iterator<Item = &'a Record>) -> BTreeMap<String, (Micros, Micros)> {
    let mut windows = BTreeMap::new();
    for record in records {
        let at = record.event_at;
        let window = windows.entry(month_of(at)).or_insert((at, at));
        *window = (window.0.min(at), window.1.max(at));
    }
    windows
}

pub(super) fn overlaps(file: &LiveFile, event_time: &str, (from, to): (Micros, Micros)) -> bool {
    match file.bounds.get(event_time) {
        Some(Bounds::Timestamp(least, greatest)) => *least <= to && from <= *greatest,
        _ => true,
    }
}

fn prints_of(batch: &RecordBatch, table: &Table, source: &str, prints: &mut Vec<Print>) -> Result<()> {
    let rows = Rows::of(batch, table.revision_key())?;
    prints.extend((0..batch.num_rows()).map(|row| {
        let key = key(table.name, source, rows.streams.value(row), &rows.ids.get(row));
        let (hash, _, load) = rows.get(row);
        Print::of(&key, hash, load)
    }));
    Ok(())
}

fn collect(
    batch: &RecordBatch,
    (wanted, ids): (&Wanted<'_>, &HashSet<&str>),
    path: &str,
    known: &mut HashMap<String, Vec<Known>>,
) -> Result<()> {
    let rows = Rows::of(batch, wanted.key)?;
    for row in 0..batch.num_rows() {
        let id = rows.ids.get(row);
        if ids.contains(id.as_ref()) && rows.streams.value(row) == wanted.stream {
            let (hash, order_at, load) = rows.get(row);
            let place = Place::File(path.to_owned());
            let row_known = Known {
                hash,
                order_at,
                load,
                place,
            };
            known.entry(id.into_owned()).or_default().push(row_known);
        }
    }
    Ok(())
}

/// Which rows of a data file are looked for, and the column that says which form of a record is the later.
struct Wanted<'a> {
    stream: &'a str,
    key: &'a str,
}

impl<'a> Wanted<'a> {
    fn columns(&self) -> [&'a str; 5] {
        ["id", "stream", "stable_hash", "load", self.key]
    }
}
