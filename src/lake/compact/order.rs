//! Files whose rows are not in the order of their event time, as other writers leave them: cut into runs that are. Apart from
//! the merge because files written here need none of it.

use anyhow::{Context, Result};
use arrow::array::{AsArray, RecordBatch};
use arrow::compute::{SortColumn, concat_batches, lexsort_to_indices, take_record_batch};
use arrow::datatypes::TimestampMicrosecondType;
use futures::TryStreamExt;
use object_store::path::Path;

use super::merge::Input;
use super::prove::{ROWS_AT_ONCE, RowSum};
use super::{Lake, Making};
use crate::lake::known::column;
use crate::lake::parquet::{Selection, read_columns, read_whole};
use crate::schema::{Micros, Table};

impl Lake {
    /// Whether the rows of a file are sorted by event time.
    pub(super) async fn is_in_order(&self, table: &Table, path: &str) -> Result<bool> {
        let selection = Selection {
            columns: &[table.event_time],
            within: None,
        };
        let mut rows = Box::pin(read_columns(self.store.clone(), Path::parse(path)?, &selection).await?);
        let mut last = Micros::MIN;
        while let Some(batch) = rows.try_next().await? {
            let times = column(&batch, table.event_time)?.as_primitive_opt::<TimestampMicrosecondType>();
            for at in times.with_context(|| format!("{path}: {} is not a time", table.event_time))? {
                let at = at.unwrap_or(Micros::MIN);
                if at < last {
                    return Ok(false);
                }
                last = at;
            }
        }
        Ok(true)
    }

    /// The rows of a file as files that are each in order.
    pub(super) async fn sorted_runs(&self, making: &mut Making<'_>, input: &Input) -> Result<Vec<Input>> {
        let mut rows = Box::pin(read_whole(self.store.clone(), Path::parse(&input.path)?, ROWS_AT_ONCE).await?);
        let (mut runs, mut held, mut bytes) = (Vec::new(), Vec::new(), 0);
        let mut sum = RowSum::default();
        while let Some(batch) = rows.try_next().await? {
            let batch = making.sums.add(&mut sum, &batch)?;
            bytes += batch.get_array_memory_size();
            held.push(batch);
            if bytes >= making.job.sizes.run_bytes {
                runs.push(self.run(making, (&held, input.span)).await?);
                (held, bytes) = (Vec::new(), 0);
            }
        }
        if !held.is_empty() {
            runs.push(self.run(making, (&held, input.span)).await?);
        }
        making.read += sum;
        Ok(runs)
    }

    async fn run(&self, making: &mut Making<'_>, (held, span): (&[RecordBatch], (Micros, Micros))) -> Result<Input> {
        let first = held.first().context("a run without rows")?;
        let all = concat_batches(&first.schema(), held)?;
        let by = [making.job.table.event_time, "load", "id"];
        let by = by.iter().filter_map(|name| all.column_by_name(name));
        let by: Vec<SortColumn> = by
            .map(|values| SortColumn {
                values: values.clone(),
                options: None,
            })
            .collect();
        let sorted = take_record_batch(&all, &lexsort_to_indices(&by, None)?)?;
        let mut output = self.output(making).await?;
        output.write(sorted).await?;
        Ok(output.finish().await?.as_input(span))
    }
}
