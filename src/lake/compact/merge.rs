//! Sorted files to one sorted flow of rows, with no more of them open than their times overlap. Apart from the files it ends
//! in, so that what is held in memory is decided in one place.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use futures::{Stream, TryStreamExt};
use object_store::ObjectStore;
use object_store::path::Path;

use super::prove::{ROWS_AT_ONCE, RowSum, RowSums};
use crate::lake::known::Ids;
use crate::lake::parquet::read_whole;
use crate::schema::{Micros, Table};

/// Rows of a batch that comes out.
const ROWS_OUT: usize = 1_024;
/// Guesses of what an open file costs beside the group of rows that is read: its footer, what unpacks its columns (some 96 KiB
/// each), and a row in memory.
const FOOTER_BYTES: u64 = 64 << 10;
const UNPACKING_BYTES: u64 = 2 << 20;
const ROW_BYTES: u64 = 2 << 10;
/// The largest groups of rows any file here has.
const GROUP_ROWS: u64 = 65_536;

/// A sorted file that takes part.
#[derive(Debug, Clone)]
pub(super) struct Input {
    /// Relative to the lake.
    pub(super) path: String,
    pub(super) bytes: u64,
    pub(super) rows: u64,
    /// Least and greatest event time.
    pub(super) span: (Micros, Micros),
    /// Whether it is a file of the lake, and not one that a merge made on its way.
    pub(super) is_original: bool,
}

impl Input {
    fn cost(&self) -> u64 {
        let group = if self.rows > GROUP_ROWS {
            self.bytes / self.rows.div_ceil(GROUP_ROWS)
        } else {
            self.bytes
        };
        let at_once = u64::try_from(ROWS_AT_ONCE).unwrap_or(u64::MAX);
        let rows = at_once.min(self.rows) * ROW_BYTES;
        // What is read as a whole does not stay open.
        if self.rows <= at_once {
            rows
        } else {
            FOOTER_BYTES + UNPACKING_BYTES + group + rows
        }
    }
}

/// Neighbours in time that are to be merged into one file first, because more files overlap than can be open at once; `None`
/// where all can be merged as they are.
pub(super) fn groups(inputs: &mut [Input], open_bytes: u64) -> Option<Vec<Vec<Input>>> {
    inputs.sort_by_key(|input| input.span);
    let open = |at: usize| {
        let begun = inputs.iter().take(at + 1);
        let open = begun.filter(|input| input.span.1 >= inputs[at].span.0);
        open.map(Input::cost).fold(0, u64::saturating_add)
    };
    if inputs.len() <= 2 || (0..inputs.len()).all(|at| open(at) <= open_bytes) {
        return None;
    }
    let (mut groups, mut cost) = (Vec::<Vec<Input>>::new(), u64::MAX);
    for input in inputs {
        let is_full = cost.saturating_add(input.cost()) > open_bytes;
        match groups.last_mut().filter(|group| !is_full || group.len() < 2) {
            Some(group) => {
                group.push(input.clone());
                cost = cost.saturating_add(input.cost());
            }
            None => {
                groups.push(vec![input.clone()]);
                cost = input.cost();
            }
        }
    }
    Some(groups)
}

/// What rows are sorted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    event_at: Micros,
    load: i64,
    id: String,
}

/// Where the columns of the key stand.
struct KeyColumns {
    event_at: usize,
    load: usize,
    id: bool,
}

const MORE: &str = "holds more rows than its table says";

type Rows = Pin<Box<dyn Stream<Item = Result<RecordBatch>> + Send>>;

/// An open file, at one of its rows.
struct Cursor {
    path: String,
    is_original: bool,
    /// `None` when all of it is at hand: what unpacks a file takes more memory than a few rows.
    rows: Option<Rows>,
    /// Rows that are not read yet.
    left: u64,
    /// Its rows at hand, by their number among the batches held.
    batch: usize,
    row: usize,
    count: usize,
}

/// The rows of all inputs, in order.
pub(super) struct Merge<'a> {
    store: Arc<dyn ObjectStore>,
    sums: &'a RowSums,
    columns: KeyColumns,
    /// Not opened yet, earliest first.
    waiting: VecDeque<Input>,
    cursors: Vec<Cursor>,
    heads: BinaryHeap<Reverse<(Key, usize)>>,
    batches: Vec<RecordBatch>,
    /// Batch and row of each row that comes next.
    next: Vec<(usize, usize)>,
    /// Of the rows read of files of the lake.
    read: RowSum,
}

impl<'a> Merge<'a> {
    pub(super) fn of(
        store: &Arc<dyn ObjectStore>,
        (table, sums): (&Table, &'a RowSums),
        mut inputs: Vec<Input>,
    ) -> Result<Self> {
        inputs.sort_by_key(|input| input.span);
        let schema = table.file_schema();
        Ok(Self {
            store: Arc::clone(store),
            sums,
            columns: KeyColumns {
                event_at: schema.index_of(table.event_time)?,
                load: schema.index_of("load")?,
                id: schema.index_of("id").is_ok(),
            },
            waiting: inputs.into(),
            cursors: Vec::new(),
            heads: BinaryHeap::new(),
            batches: Vec::new(),
            next: Vec::new(),
            read: RowSum::default(),
        })
    }

    pub(super) fn read(&self) -> RowSum {
        self.read
    }

    /// The next thousand rows or so; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            self.open_due().await?;
            let Some(Reverse((key, cursor))) = self.heads.pop() else {
                break;
            };
            let at = &mut self.cursors[cursor];
            self.next.push((at.batch, at.row));
            at.row += 1;
            self.advance(cursor, Some(&key)).await?;
            if self.next.len() >= ROWS_OUT {
                break;
            }
        }
        if self.next.is_empty() {
            return Ok(None);
        }
        let batches: Vec<&RecordBatch> = self.batches.iter().collect();
        let merged = interleave_record_batch(&batches, &self.next)?;
        self.next.clear();
        let mut held = Vec::new();
        for cursor in self.cursors.iter_mut().filter(|cursor| cursor.row < cursor.count) {
            held.push(self.batches[cursor.batch].clone());
            cursor.batch = held.len() - 1;
        }
        self.batches = held;
        Ok(Some(merged))
    }

    /// Opens every file whose rows may come next.
    async fn open_due(&mut self) -> Result<()> {
        loop {
            let least = self.heads.peek().map(|Reverse((key, _))| key.event_at);
            let is_due = |input: &Input| least.is_none_or(|least| input.span.0 <= least);
            if !self.waiting.front().is_some_and(is_due) {
                return Ok(());
            }
            let Some(input) = self.waiting.pop_front() else {
                return Ok(());
            };
            let rows = read_whole(Arc::clone(&self.store), Path::parse(&input.path)?, ROWS_AT_ONCE).await?;
            self.cursors.push(Cursor {
                path: input.path,
                is_original: input.is_original,
                rows: if input.rows > 0 { Some(Box::pin(rows)) } else { None },
                left: input.rows,
                batch: 0,
                row: 0,
                count: 0,
            });
            self.advance(self.cursors.len() - 1, None).await?;
        }
    }

    /// Makes the row at hand of a file known, which must not come before the one it follows.
    async fn advance(&mut self, cursor: usize, before: Option<&Key>) -> Result<()> {
        let at = &mut self.cursors[cursor];
        while at.row >= at.count {
            let Some(rows) = &mut at.rows else { return Ok(()) };
            let batch = rows.try_next().await?;
            let batch =
                batch.with_context(|| format!("{}: holds {} rows less than its table says", at.path, at.left))?;
            let read = u64::try_from(batch.num_rows())?;
            at.left = (at.left.checked_sub(read)).with_context(|| format!("{}: {MORE}", at.path))?;
            if at.left == 0 {
                if rows.try_next().await?.is_some() {
                    bail!("{}: {MORE}", at.path);
                }
                at.rows = None;
            }
            let mut sum = RowSum::default();
            let batch = self.sums.add(&mut sum, &batch);
            let batch = batch.with_context(|| format!("{}: its rows", at.path))?;
            if at.is_original {
                self.read += sum;
            }
            (at.batch, at.row, at.count) = (self.batches.len(), 0, batch.num_rows());
            self.batches.push(batch);
        }
        let key = self.columns.key(&self.batches[at.batch], at.row)?;
        if before.is_some_and(|before| before.event_at > key.event_at) {
            bail!("{}: its rows are not in order", at.path);
        }
        self.heads.push(Reverse((key, cursor)));
        Ok(())
    }
}

impl KeyColumns {
    fn key(&self, batch: &RecordBatch, row: usize) -> Result<Key> {
        let times = batch
            .column(self.event_at)
            .as_primitive_opt::<TimestampMicrosecondType>();
        let times = times.context("the event time is not a time")?;
        let loads = batch.column(self.load).as_primitive_opt::<Int64Type>();
        let loads = loads.context("load is not a number")?;
        Ok(Key {
            event_at: if times.is_null(row) {
                Micros::MIN
            } else {
                times.value(row)
            },
            load: loads.value(row),
            id: if self.id {
                Ids::of(batch)?.get(row).into_owned()
            } else {
                String::new()
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(name: u64, span: (Micros, Micros), bytes: u64) -> Input {
        Input {
            path: name.to_string(),
            bytes,
            rows: 100_000,
            span,
            is_original: true,
        }
    }

    #[test]
    fn only_files_whose_times_overlap_count_against_each_other() {
        const LARGE: u64 = 96 << 20;
        let mut one_by_one: Vec<Input> = (0..50).map(|at| input(0, (at * 10, at * 10 + 9), LARGE)).collect();
        assert!(groups(&mut one_by_one, 2 * LARGE).is_none());
        let mut all_at_once: Vec<Input> = (0..50).map(|at| input(0, (at, 1_000), LARGE)).collect();
        let groups = groups(&mut all_at_once, 2 * LARGE).unwrap();
        assert!(groups.iter().all(|group| group.len() >= 2), "{}", groups.len());
        assert_eq!(groups.iter().map(Vec::len).sum::<usize>(), 50);
        assert!(groups.len() <= 25);
    }
}
