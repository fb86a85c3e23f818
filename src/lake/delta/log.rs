//! The commits of a table's log as files: their bytes, and what they say of the ledger. Apart from the table, whose versions
//! the kernel reads.

use anyhow::{Context, Result};
use delta_kernel::Engine as _;

use super::DeltaTable;
use crate::ledger::sha256;

/// A file of the Delta log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitFile {
    pub version: u64,
    /// Relative to the table.
    pub path: String,
    /// Lower-case hexadecimal.
    pub sha256: String,
    /// Number and hash of the ledger entry it says it belongs to.
    pub entry: Option<(u64, String)>,
}

impl DeltaTable {
    /// The commits after a version (`None`: all), oldest first, with the hash of their bytes.
    pub fn commit_files(&self, after: Option<u64>) -> Result<Vec<CommitFile>> {
        let storage = self.engine.kernel.storage_handler();
        let log = self.log()?;
        let start = after.map_or(Ok(log.clone()), |version| log.join(&format!("{version:020}.json")))?;
        let mut files = Vec::new();
        for file in storage.list_from(&start)? {
            let location = file?.location;
            let name = location.path_segments().and_then(|mut segments| segments.next_back());
            let number = name.and_then(|name| name.strip_suffix(".json"));
            let Some(number) = number.filter(|number| number.len() == 20) else {
                continue;
            };
            let Ok(version) = number.parse() else {
                continue;
            };
            let path = format!("_delta_log/{number}.json");
            let bytes = storage
                .read_files(vec![(location, None)])?
                .next()
                .with_context(|| format!("{path}: no bytes"))??;
            files.push(CommitFile {
                version,
                path,
                sha256: sha256(&bytes),
                entry: entry_of(&bytes),
            });
        }
        files.sort_by_key(|file| file.version);
        Ok(files)
    }
}

/// What a commit says of the ledger entry behind it.
fn entry_of(bytes: &[u8]) -> Option<(u64, String)> {
    let actions = serde_json::Deserializer::from_slice(bytes)
        .into_iter::<serde_json::Value>()
        .flatten();
    let infos = actions.filter_map(|mut action| action.get_mut("commitInfo").map(serde_json::Value::take));
    infos.into_iter().find_map(|info| {
        Some((
            info["ledgerSequence"].as_u64()?,
            info["ledgerSha256"].as_str()?.to_owned(),
        ))
    })
}
