//! What an entry says of rows that were taken away or replaced on purpose: which, by whom, by which policy, and what remains.
//! Apart from the entries because only two kinds of them have one.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use serde::{Deserialize, Serialize};

use crate::coverage::Span;
use crate::record::erasure::{Erased, Key};

/// What stands for what is gone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tombstone {
    /// Who ran it.
    pub by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The rule by which rows went, in words.
    pub policy: String,
    /// The time that is purged from now on, of every stream of the source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<Span>,
    /// By table, rows taken away or replaced.
    pub rows: BTreeMap<String, u64>,
    /// By load and partition.
    pub loads: Vec<LoadChange>,
    /// Of rejects that were taken away, in hexadecimal the hashes they are known by if they come again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rejects: Vec<String>,
    /// Whose data was replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased: Option<Erased>,
}

/// What became of the rows of one load in one partition of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadChange {
    pub table: String,
    pub source: String,
    pub month: String,
    pub load: u64,
    /// Rows taken away or replaced.
    pub changed: u64,
    /// Digest of all its rows before.
    pub before: String,
    /// What the load has here from now on.
    pub rows: u64,
    /// `None` where nothing remains.
    pub digest: Option<String>,
}

/// A new key for pseudonyms, and the bytes it is made of.
pub fn new_erasure_key() -> Result<(Key, [u8; 32])> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|error| anyhow!("the system gives no random numbers: {error}"))?;
    Ok((Key::new(&secret), secret))
}
