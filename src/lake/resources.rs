//! Which resources the rows of some loads name: what streams that ask per resource have to list. Reads the ids alone, of files
//! that hold such loads.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use arrow::array::Array;
use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

use super::Lake;
use super::known::{column, text};
use super::statistics::Bounds;
use crate::record::erasure::is_pseudonym;
use crate::schema::Micros;
use crate::source::secoda::ACTIVITY_LOGS;

impl Lake {
    /// The resources that rows of a stream of a source with a load in `(after, until]` name; of rows that were last changed
    /// `since` a moment, where one is given.
    pub async fn resources(
        &mut self,
        (source, stream, (after, until)): (&str, &str, (u64, u64)),
        since: Option<Micros>,
    ) -> Result<BTreeSet<String>> {
        let mut ids = BTreeSet::new();
        if after >= until {
            return Ok(ids);
        }
        let wanted = |load: i64| u64::try_from(load).is_ok_and(|load| load > after && load <= until);
        let may_hold = |bounds: Option<&Bounds>| match bounds {
            Some(Bounds::Long(least, greatest)) => {
                u64::try_from(*greatest).is_ok_and(|load| load > after)
                    && u64::try_from(*least).is_ok_and(|load| load <= until)
            }
            _ => true,
        };
        let paths: Vec<String> = self
            .live_files(&ACTIVITY_LOGS)?
            .iter()
            .filter(|file| file.partition.source == source && may_hold(file.bounds.get("load")))
            .map(|file| format!("{}/{}", ACTIVITY_LOGS.name, file.path))
            .collect();
        for path in paths {
            let columns = ["load", "stream", "resource_id", "updated_at"];
            let bound = |load: u64| i64::try_from(load).unwrap_or(i64::MAX);
            let loads = (bound(after).saturating_add(1), bound(until));
            for batch in self.read(&path, &columns, Some(("load", loads))).await? {
                let loads = column(&batch, "load")?
                    .as_primitive_opt::<Int64Type>()
                    .context("load is not a number")?;
                let updated = column(&batch, "updated_at")?
                    .as_primitive_opt::<TimestampMicrosecondType>()
                    .context("updated_at is not a time")?;
                let (streams, resources) = (text(&batch, "stream")?, text(&batch, "resource_id")?);
                let is_recent =
                    |row: usize| since.is_none_or(|since| updated.is_null(row) || updated.value(row) >= since);
                let named = (0..batch.num_rows())
                    .filter(|row| wanted(loads.value(*row)) && streams.value(*row) == stream && is_recent(*row))
                    .filter(|row| !resources.is_null(*row) && !resources.value(*row).is_empty())
                    // No service knows a pseudonym.
                    .filter(|row| !is_pseudonym(resources.value(*row)));
                for row in named {
                    if !ids.contains(resources.value(row)) {
                        ids.insert(resources.value(row).to_owned());
                    }
                }
            }
        }
        Ok(ids)
    }
}
