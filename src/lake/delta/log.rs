//! The commits of a table's log as files: their bytes, and what they say of the ledger. Apart from the table, whose versions
//! the kernel reads.

use anyhow::{Context, Result};
use delta_kernel::Engine as _;
use serde_json::Value;

use super::DeltaTable;
use crate::lake::statistics::Logged;
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
    /// Whether it changes the table itself, its columns or properties, and not only which files it has.
    pub changes_table: bool,
    /// The files it adds, relative to the table, and what it says of their rows where that can be read.
    pub adds: Vec<(String, Option<Logged>)>,
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
            let said = said(&bytes);
            files.push(CommitFile {
                version,
                path,
                sha256: sha256(&bytes),
                entry: said.entry,
                changes_table: said.changes_table,
                adds: said.adds,
            });
        }
        files.sort_by_key(|file| file.version);
        Ok(files)
    }
}

/// What a commit says of the ledger entry behind it, and of the files it adds.
#[derive(Default)]
struct Said {
    entry: Option<(u64, String)>,
    changes_table: bool,
    adds: Vec<(String, Option<Logged>)>,
}

fn said(bytes: &[u8]) -> Said {
    let mut said = Said::default();
    let actions = serde_json::Deserializer::from_slice(bytes).into_iter::<Value>();
    for action in actions.map_while(Result::ok) {
        let (info, add) = (&action["commitInfo"], &action["add"]);
        said.changes_table |= action.get("metaData").is_some() || action.get("protocol").is_some();
        if let (Some(sequence), Some(hash)) = (info["ledgerSequence"].as_u64(), info["ledgerSha256"].as_str()) {
            said.entry = Some((sequence, hash.to_owned()));
        }
        let logged = add["stats"].as_str().and_then(|text| serde_json::from_str(text).ok());
        if let Some(path) = add["path"].as_str() {
            said.adds.push((path.to_owned(), logged));
        }
    }
    said
}
