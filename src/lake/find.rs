//! One record with everything the lake holds of it: its JSON as received, its revisions, and the load that brought each.

use anyhow::Result;

use super::Lake;
use super::known::{Ids, binary, column, text};
use super::statistics::Bounds;
use crate::ledger::hex;
use crate::schema::Micros;
use crate::source;
use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

/// One stored form of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub table: &'static str,
    pub source: String,
    pub stream: String,
    pub load: i64,
    pub loaded_at: Option<Micros>,
    /// Hexadecimal.
    pub stable_hash: String,
    /// The data file, relative to the lake.
    pub path: String,
    pub raw: String,
}

impl Lake {
    /// Every stored form of the records with this id, oldest load first.
    pub async fn find(&mut self, id: &str) -> Result<Vec<Found>> {
        let mut found = Vec::new();
        for table in source::TABLES.iter().filter(|table| table.position("id").is_some()) {
            let files: Vec<(String, String)> = self
                .live_files(table)?
                .iter()
                .filter(|file| may_hold(file.bounds.get("id"), id))
                .map(|file| (file.path.clone(), file.partition.source.clone()))
                .collect();
            for (path, source) in files {
                let path = format!("{}/{path}", table.name);
                if !self.holds(&path, id).await? {
                    continue;
                }
                let columns = ["load", "stream", "loaded_at", "stable_hash", "id", "raw"];
                for batch in self.read(&path, &columns, None).await? {
                    let (ids, streams, raws) = (Ids::of(&batch)?, text(&batch, "stream")?, text(&batch, "raw")?);
                    let hashes = binary(&batch, "stable_hash")?;
                    let loads = column(&batch, "load")?.as_primitive_opt::<Int64Type>();
                    let times = column(&batch, "loaded_at")?.as_primitive_opt::<TimestampMicrosecondType>();
                    found.extend((0..batch.num_rows()).filter(|row| ids.is(*row, id)).map(|row| Found {
                        table: table.name,
                        source: source.clone(),
                        stream: streams.value(row).to_owned(),
                        load: loads.map_or(0, |loads| loads.value(row)),
                        loaded_at: times.map(|times| times.value(row)),
                        stable_hash: hex(hashes.value(row)),
                        path: path.clone(),
                        raw: raws.value(row).to_owned(),
                    }));
                }
            }
        }
        found.sort_by(|left, right| (left.load, &left.stable_hash).cmp(&(right.load, &right.stable_hash)));
        Ok(found)
    }

    /// Reads the ids alone, which are small, before the rest.
    async fn holds(&self, path: &str, id: &str) -> Result<bool> {
        for batch in self.read(path, &["id"], None).await? {
            let ids = Ids::of(&batch)?;
            if (0..batch.num_rows()).any(|row| ids.is(row, id)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn may_hold(bounds: Option<&Bounds>, id: &str) -> bool {
    match bounds {
        Some(Bounds::Long(least, greatest)) => id.parse().is_ok_and(|id: i64| (*least..=*greatest).contains(&id)),
        Some(Bounds::Text(least, greatest)) => least.as_str() <= id && id <= greatest.as_str(),
        _ => true,
    }
}
