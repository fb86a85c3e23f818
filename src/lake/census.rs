//! Which records of one stream the lake holds in an interval of event time: their identities and the hash of the newest known
//! row of each, so that what a service shows can be compared with it. Apart from the dedupe because it is asked for by time and
//! not by ids, and must also tell what was never asked for. Takes some forty bytes for every row of the interval.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use arrow::array::{AsArray, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::TimestampMicrosecondType;

use super::Lake;
use super::known::{Rows, column, key, overlaps, text};
use crate::coverage::Span;
use crate::schema::{Micros, Table};
use crate::source::Stream;

/// What an identity is known by.
pub type Key = [u8; 16];
/// The first bytes of a `stable_hash`.
pub type Hash = [u8; 8];

/// The records of one stream in one interval of event time.
#[derive(Debug)]
pub struct Census {
    source: String,
    stream: &'static str,
    table: &'static Table,
    span: Span,
    /// Sorted by key, each once.
    rows: Vec<Row>,
    seen: Vec<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    key: Key,
    order_at: Micros,
    load: i64,
    hash: Hash,
}

/// What the lake knows of a record that is shown again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Not in the interval, as far as the lake knows.
    Unknown,
    /// As the newest known row has it.
    Same,
    /// In another form.
    Other,
}

/// A record of the interval that was not shown, in its newest form.
#[derive(Debug)]
pub struct Unseen<'a> {
    pub id: &'a str,
    pub event_at: Micros,
    pub order_at: Micros,
    pub load: i64,
    pub raw: &'a str,
}

impl Census {
    /// How many records the lake holds in the interval.
    pub fn held(&self) -> usize {
        self.rows.len()
    }

    pub fn unseen(&self) -> usize {
        self.seen.iter().filter(|seen| !**seen).count()
    }

    /// The loads of the newest rows of what was not seen.
    pub fn unseen_loads(&self) -> BTreeSet<i64> {
        let rows = self.rows.iter().zip(&self.seen);
        rows.filter(|(_, seen)| !**seen).map(|(row, _)| row.load).collect()
    }

    /// The key of a record of the stream.
    pub fn key(&self, id: &str) -> Key {
        key(self.table.name, &self.source, self.stream, id)
    }

    /// Notes that the service shows a record, in whatever form.
    pub fn see(&mut self, key: &Key) {
        if let Ok(at) = self.place(key) {
            self.seen[at] = true;
        }
    }

    pub fn standing(&self, key: &Key, hash: Hash) -> Standing {
        match self.place(key) {
            Err(_) => Standing::Unknown,
            Ok(at) if self.rows[at].hash == hash => Standing::Same,
            Ok(_) => Standing::Other,
        }
    }

    fn place(&self, key: &Key) -> Result<usize, usize> {
        self.rows.binary_search_by(|row| row.key.cmp(key))
    }
}

/// The first bytes of a hash.
pub fn shortened(hash: &[u8; 16]) -> Hash {
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    first
}

impl Lake {
    /// Takes the census of a stream's first form over an interval of event time.
    pub async fn census(&mut self, source: &str, stream: &'static Stream, span: Span) -> Result<Census> {
        let table = stream.main().table;
        let mut census = Census {
            source: source.to_owned(),
            stream: stream.name,
            table,
            span,
            rows: Vec::new(),
            seen: Vec::new(),
        };
        for path in self.files_within(&census)? {
            let columns = [
                "id",
                "stream",
                "stable_hash",
                "load",
                table.revision_key(),
                table.event_time,
            ];
            for batch in self
                .read(&path, &columns, Some((table.event_time, bounds(span))))
                .await?
            {
                let rows = Rows::of(&batch, table.revision_key())?;
                for row in within(&batch, &census)? {
                    let (hash, order_at, load) = rows.get(row);
                    census.rows.push(Row {
                        key: census.key(&rows.ids.get(row)),
                        order_at,
                        load,
                        hash: shortened(&hash),
                    });
                }
            }
        }
        census.rows.sort_unstable();
        // Of one key the last is the newest.
        census.rows.reverse();
        census.rows.dedup_by_key(|row| row.key);
        census.rows.reverse();
        census.seen = vec![false; census.rows.len()];
        Ok(census)
    }

    /// Tells of every record that was not seen, as far as possible in the order of time.
    pub async fn tell_unseen(&mut self, census: &Census, tell: &mut impl FnMut(&Unseen<'_>)) -> Result<()> {
        let table = census.table;
        for path in self.files_within(census)? {
            let columns = [
                "id",
                "stream",
                "stable_hash",
                "load",
                "raw",
                table.revision_key(),
                table.event_time,
            ];
            let span = Some((table.event_time, bounds(census.span)));
            for batch in self.read(&path, &columns, span).await? {
                let rows = Rows::of(&batch, table.revision_key())?;
                let (raws, times) = (text(&batch, "raw")?, times(&batch, table)?);
                for row in within(&batch, census)? {
                    let id = rows.ids.get(row);
                    let (hash, order_at, load) = rows.get(row);
                    let place = census.place(&census.key(&id)).ok();
                    let is_told = |at: usize| !census.seen[at] && census.rows[at].hash == shortened(&hash);
                    if place.is_some_and(is_told) {
                        tell(&Unseen {
                            id: &id,
                            event_at: times.value(row),
                            order_at,
                            load,
                            raw: raws.value(row),
                        });
                    }
                }
            }
        }
        Ok(())
    }

    /// The data files that may hold rows of the census, by month.
    fn files_within(&mut self, census: &Census) -> Result<Vec<String>> {
        let table = census.table;
        let mut files: Vec<_> = self
            .live_files(table)?
            .iter()
            .filter(|file| {
                file.partition.source == census.source && overlaps(file, table.event_time, bounds(census.span))
            })
            .map(|file| (file.partition.month.clone(), format!("{}/{}", table.name, file.path)))
            .collect();
        files.sort();
        Ok(files.into_iter().map(|(_, path)| path).collect())
    }
}

/// The first and the last instant of an interval.
fn bounds(span: Span) -> (Micros, Micros) {
    (span.from, span.to.saturating_sub(1))
}

/// The rows of a batch that are of the stream and the interval.
fn within(batch: &RecordBatch, census: &Census) -> Result<Vec<usize>> {
    let (streams, times) = (text(batch, "stream")?, times(batch, census.table)?);
    let is_within = |row: &usize| {
        let at = times.value(*row);
        streams.value(*row) == census.stream && census.span.from <= at && at < census.span.to
    };
    Ok((0..batch.num_rows()).filter(is_within).collect())
}

fn times<'a>(batch: &'a RecordBatch, table: &Table) -> Result<&'a TimestampMicrosecondArray> {
    let times = column(batch, table.event_time)?.as_primitive_opt::<TimestampMicrosecondType>();
    times.with_context(|| format!("{} is not a time", table.event_time))
}
