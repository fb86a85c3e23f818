//! A data file as an entry names it: its bytes, and what of it each load stored. Apart from the entries, because whoever puts
//! files in the place of others keeps it true.

use serde::{Deserialize, Serialize};

/// A data file an entry adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddedFile {
    /// Relative to the lake.
    pub path: String,
    pub bytes: u64,
    pub rows: u64,
    pub sha256: String,
    /// Of the records, whatever files they stand in.
    pub digest: String,
    /// What each load stored of it, where that is not all of one load.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loads: Vec<LoadPart>,
}

impl AddedFile {
    /// What each load stored of it; `sequence` is that of the entry which adds it.
    pub fn parts(&self, sequence: u64) -> Vec<LoadPart> {
        if !self.loads.is_empty() {
            return self.loads.clone();
        }
        let whole = LoadPart {
            load: sequence,
            rows: self.rows,
            digest: self.digest.clone(),
        };
        vec![whole]
    }
}

/// The rows of a file that one load stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadPart {
    pub load: u64,
    pub rows: u64,
    /// Of these records.
    pub digest: String,
}
