//! The ledger: numbered, hash-chained entries, each the commit of what it names. Apart from the lake's tables because it is
//! what they are judged by: whoever holds a copy of the folder can check the chain without any of the rest.

mod added;
#[cfg(test)]
pub mod faulty;
mod format;
mod reconciled;
mod kind;
pub mod signature;
pub mod tombstone;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::coverage::StreamState;
pub use added::{AddedFile, LoadPart};
pub use format::NewerFormat;
pub use kind::Kind;
pub use reconciled::{Extra, Reconciled, VanishedRecord};
use tombstone::Tombstone;

pub const FORMAT: u32 = 1;
pub const FOLDER: &str = "_ledger";

/// What became of the records received: `received = stored + duplicates + rejects + withheld`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    pub requests: u64,
    pub pages: u64,
    pub received: u64,
    pub stored: u64,
    pub duplicates: u64,
    /// Of the stored: another content under a known id.
    pub revisions: u64,
    /// Of the stored: a known record in another shape of the service.
    pub drift: u64,
    /// New rejects; one seen before is a duplicate.
    pub rejects: u64,
    /// Rows of a purged interval, not stored.
    pub withheld: u64,
    /// Fields of a wrong type, kept in `extra`.
    pub wrong_types: u64,
}

impl Counts {
    pub fn add(&mut self, other: &Counts) {
        self.requests += other.requests;
        self.pages += other.pages;
        self.received += other.received;
        self.stored += other.stored;
        self.duplicates += other.duplicates;
        self.revisions += other.revisions;
        self.drift += other.drift;
        self.rejects += other.rejects;
        self.withheld += other.withheld;
        self.wrong_types += other.wrong_types;
    }

    pub fn balance(&self) -> bool {
        sum([self.stored, self.duplicates, self.rejects, self.withheld]) == Some(self.received)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TableChange {
    pub added: Vec<AddedFile>,
    pub removed: Vec<String>,
}

/// One stream's part of a `silence` entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietStream {
    pub source: String,
    pub stream: String,
    #[serde(flatten)]
    pub counts: Counts,
    pub state: StreamState,
}

/// A file of a Delta log, as it stood when the entry was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeltaFile {
    pub table: String,
    pub version: u64,
    pub sha256: String,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub format: u32,
    pub lake_id: String,
    pub sequence: u64,
    /// SHA-256 of the previous entry's bytes; `null` in the first.
    pub previous: Option<String>,
    pub run_id: String,
    pub kind: Kind,
    pub started_at: String,
    pub finished_at: String,
    pub version: String,
    pub source: Option<String>,
    pub stream: Option<String>,
    #[serde(flatten)]
    pub counts: Counts,
    /// The stream's state after this entry.
    pub state: Option<StreamState>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub streams: Vec<QuietStream>,
    pub tables: BTreeMap<String, TableChange>,
    /// Of a `reconcile` entry: what was compared, and what differed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reconciled: Option<Reconciled>,
    /// Data files whose bytes are taken away once this entry is durable; their tables do not show them any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deleted: Vec<String>,
    /// Of what was taken away or replaced on purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tombstone: Option<Tombstone>,
    /// The entries up to this one by whose tombstones what arrives later is judged: an erased person, rejects taken away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tombstones: Vec<u64>,
    /// Of this entry and those before it, which removed files that no entry has deleted yet, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undeleted: Vec<u64>,
    /// Delta commits of another program that this entry takes over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adopted: Vec<DeltaFile>,
    /// The public key in force after this entry, which signs the next one; absent while the ledger is not signed. An entry is
    /// signed by the key before it, the first that names one by its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_key: Option<String>,
    /// The Delta commits written since the entry before.
    pub delta_commits: Vec<DeltaFile>,
    /// Per stream, the sequence of the entry that holds its state.
    pub states: BTreeMap<String, u64>,
    /// Per table, the sequence of the last entry that names files of it.
    pub last_changes: BTreeMap<String, u64>,
    /// Per table, the version of the last Delta commit recorded here or before.
    pub delta_versions: BTreeMap<String, u64>,
}

impl Entry {
    /// The state this entry holds of a stream.
    pub fn state_of(&self, source: &str, stream: &str) -> Option<&StreamState> {
        let own = self.source.as_deref() == Some(source) && self.stream.as_deref() == Some(stream);
        let quiet = || {
            self.streams
                .iter()
                .find(|quiet| quiet.source == source && quiet.stream == stream)
        };
        self.state
            .as_ref()
            .filter(|_| own)
            .or_else(|| quiet().map(|quiet| &quiet.state))
    }

    /// Files this entry removes from their tables and leaves in their folders.
    pub fn left_behind(&self) -> Vec<String> {
        let deleted: BTreeSet<&String> = self.deleted.iter().collect();
        let removed = self.tables.values().flat_map(|change| &change.removed);
        removed.filter(|path| !deleted.contains(path)).cloned().collect()
    }

    /// The entry as the bytes of its file, and with their hash.
    pub fn seal(self) -> Result<(Sealed, Bytes)> {
        let mut bytes = serde_json::to_vec_pretty(&self)?;
        bytes.push(b'\n');
        let sha256 = sha256(&bytes);
        Ok((Sealed { entry: self, sha256 }, bytes.into()))
    }
}

/// An entry and the SHA-256 of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    pub entry: Entry,
    pub sha256: String,
}

/// `head.json`: exactly these two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    pub sequence: u64,
    pub sha256: String,
}

/// The entries of one lake.
#[derive(Debug, Clone)]
pub struct Ledger {
    store: Arc<dyn ObjectStore>,
}

impl Ledger {
    /// `store` is rooted at the lake.
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store }
    }

    /// The newest entry; `None` for an empty lake. An entry one ahead of the head is found as well.
    pub async fn newest(&self) -> Result<Option<Sealed>> {
        let Some(head) = self.head().await? else {
            if self.read(2).await?.is_some() {
                bail!("{FOLDER}/head.json is missing although the ledger holds entry 2");
            }
            return self.read(1).await;
        };
        let sealed = self.read(head.sequence).await?;
        let sealed =
            sealed.with_context(|| format!("{FOLDER}/head.json names entry {}, which is missing", head.sequence))?;
        if sealed.sha256 != head.sha256 {
            bail!("{FOLDER}/head.json does not match entry {}", head.sequence);
        }
        let Some(after_next) = head.sequence.checked_add(2) else {
            bail!("{FOLDER}/head.json names entry {}, which no ledger has", head.sequence);
        };
        match self.read(head.sequence + 1).await? {
            Some(next) if next.entry.previous.as_deref() != Some(sealed.sha256.as_str()) => {
                bail!("entry {} does not follow entry {}", next.entry.sequence, head.sequence)
            }
            Some(_) if self.read(after_next).await?.is_some() => {
                bail!("{FOLDER}/head.json is more than one entry behind")
            }
            Some(next) => Ok(Some(next)),
            None => Ok(Some(sealed)),
        }
    }

    /// What `head.json` says; `None` when there is none.
    pub async fn head(&self) -> Result<Option<Head>> {
        let Some(bytes) = self.bytes(&Path::from(format!("{FOLDER}/head.json"))).await? else {
            return Ok(None);
        };
        serde_json::from_slice(&bytes)
            .map(Some)
            .with_context(|| format!("{FOLDER}/head.json cannot be read"))
    }

    pub async fn read(&self, sequence: u64) -> Result<Option<Sealed>> {
        Ok(self.read_bytes(sequence).await?.map(|(sealed, _)| sealed))
    }

    /// An entry and the bytes of its file.
    pub async fn read_bytes(&self, sequence: u64) -> Result<Option<(Sealed, Bytes)>> {
        let Some(bytes) = self.bytes(&path(sequence)).await? else {
            return Ok(None);
        };
        format::check(sequence, &bytes)?;
        let entry: Entry =
            serde_json::from_slice(&bytes).with_context(|| format!("ledger entry {sequence} cannot be read"))?;
        if entry.sequence != sequence {
            bail!("ledger entry {sequence} says it is entry {}", entry.sequence);
        }
        let sha256 = sha256(&bytes);
        Ok(Some((Sealed { entry, sha256 }, bytes)))
    }

    /// Creates the entry: this is the commit of all it names. A lost answer is read back before anything is tried again.
    /// `None`: another entry already has this number.
    pub async fn append(&self, (sealed, bytes): (Sealed, Bytes)) -> Result<Option<Sealed>> {
        let sequence = sealed.entry.sequence;
        let options = PutOptions::from(PutMode::Create);
        let failed = match self
            .store
            .put_opts(&path(sequence), PutPayload::from(bytes), options)
            .await
        {
            Ok(_) => return Ok(Some(sealed)),
            Err(failed) => failed,
        };
        match self.bytes(&path(sequence)).await {
            Ok(Some(found)) if sha256(&found) == sealed.sha256 => Ok(Some(sealed)),
            Ok(Some(_)) => Ok(None),
            Ok(None) | Err(_) => Err(failed).with_context(|| {
                format!("ledger entry {sequence} cannot be created; the lake's file system must allow hard links")
            }),
        }
    }

    /// Makes the head name this entry.
    pub async fn move_head(&self, sealed: &Sealed) -> Result<()> {
        let head = Head {
            sequence: sealed.entry.sequence,
            sha256: sealed.sha256.clone(),
        };
        let mut bytes = serde_json::to_vec(&head)?;
        bytes.push(b'\n');
        let put = self
            .store
            .put(&Path::from(format!("{FOLDER}/head.json")), PutPayload::from(bytes))
            .await;
        put.map(|_| ())
            .with_context(|| format!("{FOLDER}/head.json cannot be replaced"))
    }

    async fn bytes(&self, path: &Path) -> Result<Option<Bytes>> {
        match self.store.get(path).await {
            Ok(found) => Ok(Some(
                found.bytes().await.with_context(|| format!("{path} cannot be read"))?,
            )),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{path} cannot be read")),
        }
    }
}

/// Where an entry stands in the lake.
pub fn path(sequence: u64) -> Path {
    Path::from(format!("{FOLDER}/{sequence:020}.json"))
}

pub fn stream_key(source: &str, stream: &str) -> String {
    format!("{source}.{stream}")
}

/// The sum of numbers that entries name; `None` for one that is too large for any lake.
pub fn sum(numbers: impl IntoIterator<Item = u64>) -> Option<u64> {
    numbers.into_iter().try_fold(0, u64::checked_add)
}

/// Lower-case hexadecimal SHA-256.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    let mut digits = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        digits.push(digit(byte >> 4));
        digits.push(digit(byte & 15));
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::faulty::Faulty;
    use super::*;
    use std::sync::atomic::Ordering;

    fn entry(sequence: u64, previous: Option<&Sealed>, run_id: &str) -> (Sealed, Bytes) {
        let entry = Entry {
            format: FORMAT,
            lake_id: "lake".to_owned(),
            sequence,
            previous: previous.map(|previous| previous.sha256.clone()),
            run_id: run_id.to_owned(),
            kind: Kind::Silence,
            started_at: "2026-06-30T12:00:00Z".to_owned(),
            finished_at: "2026-06-30T12:00:01Z".to_owned(),
            version: "0".to_owned(),
            source: None,
            stream: None,
            counts: Counts::default(),
            state: None,
            streams: Vec::new(),
            tables: BTreeMap::new(),
            reconciled: None,
            deleted: Vec::new(),
            tombstone: None,
            tombstones: Vec::new(),
            undeleted: Vec::new(),
            adopted: Vec::new(),
            signing_key: None,
            delta_commits: Vec::new(),
            states: BTreeMap::new(),
            last_changes: BTreeMap::new(),
            delta_versions: BTreeMap::new(),
        };
        entry.seal().unwrap()
    }

    #[test]
    fn numbers_that_are_too_large_do_not_add_up() {
        let counts = Counts {
            received: 3,
            stored: u64::MAX,
            duplicates: 4,
            ..Counts::default()
        };
        assert!(!counts.balance());
        assert_eq!((sum([1, 2]), sum([u64::MAX, 1])), (Some(3), None));
    }

    fn ledger() -> (Arc<Faulty>, Ledger) {
        let store = Arc::new(Faulty::default());
        (Arc::clone(&store), Ledger::new(store))
    }

    #[tokio::test]
    async fn a_lost_answer_to_a_commit_that_succeeded_is_no_failure() {
        let (store, ledger) = ledger();
        store.lose.store(true, Ordering::SeqCst);
        let first = ledger.append(entry(1, None, "mine")).await.unwrap().unwrap();
        assert_eq!(ledger.read(1).await.unwrap().unwrap(), first);
        assert_eq!(
            ledger.append(entry(1, None, "another's")).await.unwrap(),
            None,
            "the number is taken"
        );
        assert_eq!(ledger.read(1).await.unwrap().unwrap().entry.run_id, "mine");
    }

    #[tokio::test]
    async fn a_store_that_cannot_create_files_is_named_and_nothing_is_committed() {
        let (store, ledger) = ledger();
        store.refuse.store(true, Ordering::SeqCst);
        let error = ledger.append(entry(1, None, "mine")).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "ledger entry 1 cannot be created; the lake's file system must allow hard links"
        );
        assert_eq!(ledger.newest().await.unwrap(), None);
    }

    #[tokio::test]
    async fn the_newest_entry_is_found_through_a_head_one_behind_and_never_two() {
        let (_, ledger) = ledger();
        assert_eq!(ledger.newest().await.unwrap(), None);
        let first = ledger.append(entry(1, None, "a")).await.unwrap().unwrap();
        assert_eq!(
            ledger.newest().await.unwrap(),
            Some(first.clone()),
            "the head is not written yet"
        );
        ledger.move_head(&first).await.unwrap();
        let second = ledger.append(entry(2, Some(&first), "b")).await.unwrap().unwrap();
        assert_eq!(ledger.newest().await.unwrap(), Some(second.clone()));
        ledger.append(entry(3, Some(&second), "c")).await.unwrap().unwrap();
        let error = ledger.newest().await.unwrap_err();
        assert_eq!(error.to_string(), "_ledger/head.json is more than one entry behind");
    }

    #[tokio::test]
    async fn an_entry_that_does_not_follow_is_refused() {
        let (_, ledger) = ledger();
        let first = ledger.append(entry(1, None, "a")).await.unwrap().unwrap();
        ledger.move_head(&first).await.unwrap();
        ledger.append(entry(2, None, "forged")).await.unwrap().unwrap();
        assert_eq!(
            ledger.newest().await.unwrap_err().to_string(),
            "entry 2 does not follow entry 1"
        );
    }
}
