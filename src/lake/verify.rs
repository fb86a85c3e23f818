//! Checking a lake against its ledger, offline and without changing anything: the chain, every data file, and the Delta
//! tables. Apart from everything that writes, so that what is checked is what stands there.

mod contents;
mod tables;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use sha2::{Digest, Sha256};

use super::Lake;
use super::roll_forward::load_of;
use crate::coverage::Gap;
use crate::ledger::{AddedFile, DeltaFile, FOLDER, Sealed, hex, path, stream_key};

pub use contents::{Contents, Held};

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Left by a run that was ended in the middle; the next writer finishes it.
    Unfinished,
    /// Changed, missing, or not ours.
    Invalid,
}

/// One thing that is not as the ledger says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    /// The file or entry.
    pub object: String,
    pub what: String,
}

/// What was checked and what was found.
#[derive(Debug, Default)]
pub struct Verdict {
    pub lake_id: Option<String>,
    /// Number and SHA-256 of the newest entry.
    pub head: Option<(u64, String)>,
    pub entries: u64,
    pub files: u64,
    pub bytes: u64,
    pub delta_commits: u64,
    pub findings: Vec<Finding>,
    /// Per stream, what is not collected.
    pub gaps: Vec<(String, Gap)>,
}

impl Verdict {
    pub fn is_invalid(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity == Severity::Invalid)
    }

    fn find(&mut self, severity: Severity, object: impl Into<String>, what: impl Into<String>) {
        self.findings.push(Finding {
            severity,
            object: object.into(),
            what: what.into(),
        });
    }
}

/// What the entries together say must stand in the lake.
#[derive(Default)]
struct Named {
    live: BTreeMap<String, AddedFile>,
    removed: BTreeSet<String>,
    delta: Vec<DeltaFile>,
    /// The hash of each entry.
    hashes: BTreeMap<u64, String>,
}

impl Lake {
    /// Checks the whole lake. An error means that it could not be checked.
    pub async fn verify(&mut self) -> Result<Verdict> {
        let mut verdict = Verdict::default();
        let mut named = Named::default();
        let newest = self.check_chain(&mut verdict, &mut named).await?;
        self.check_files(&mut verdict, &named, newest.as_ref()).await?;
        if newest.is_none() && verdict.entries == 0 && self.has_delta_log().await? {
            verdict.find(Severity::Invalid, FOLDER, "missing, although there are Delta tables");
        }
        if let Some(newest) = newest {
            self.check_tables(&mut verdict, &named, &newest)?;
            self.check_states(&mut verdict, &newest).await;
            verdict.lake_id = Some(newest.entry.lake_id.clone());
            verdict.head = Some((newest.entry.sequence, newest.sha256));
        }
        Ok(verdict)
    }

    /// Walks the chain from its first entry, and returns the last that holds.
    async fn check_chain(&self, verdict: &mut Verdict, named: &mut Named) -> Result<Option<Sealed>> {
        let mut newest: Option<Sealed> = None;
        let present = self.sequences(verdict).await?;
        for (expected, sequence) in (1..).zip(present.iter().copied()) {
            if sequence != expected {
                verdict.find(Severity::Invalid, path(expected).to_string(), "missing");
                return Ok(newest);
            }
            let sealed = match self.ledger.read(sequence).await {
                Ok(Some(sealed)) => sealed,
                Ok(None) => return Ok(newest),
                Err(error) => {
                    verdict.find(Severity::Invalid, path(sequence).to_string(), format!("{error:#}"));
                    return Ok(newest);
                }
            };
            check_link(verdict, newest.as_ref(), &sealed);
            for (table, change) in &sealed.entry.tables {
                debug_assert!(change.added.iter().all(|file| file.path.starts_with(table.as_str())));
                named
                    .live
                    .extend(change.added.iter().map(|file| (file.path.clone(), file.clone())));
                for removed in &change.removed {
                    named.live.remove(removed);
                    named.removed.insert(removed.clone());
                }
            }
            named.delta.extend(sealed.entry.delta_commits.iter().cloned());
            named.hashes.insert(sequence, sealed.sha256.clone());
            verdict.entries += 1;
            newest = Some(sealed);
        }
        self.check_head(verdict, newest.as_ref()).await;
        Ok(newest)
    }

    /// The numbers of the entries that stand in the ledger's folder; anything else there is reported.
    async fn sequences(&self, verdict: &mut Verdict) -> Result<Vec<u64>> {
        let mut sequences = Vec::new();
        let mut listing = self.store.list(Some(&Path::from(FOLDER)));
        while let Some(found) = listing.try_next().await? {
            let name = found.location.filename().unwrap_or_default().to_owned();
            match name.strip_suffix(".json").and_then(|number| number.parse::<u64>().ok()) {
                Some(sequence) if path(sequence) == found.location => sequences.push(sequence),
                _ if name == "head.json" => {}
                _ => verdict.find(
                    Severity::Invalid,
                    found.location.to_string(),
                    "not a file of the ledger",
                ),
            }
        }
        sequences.sort_unstable();
        Ok(sequences)
    }

    async fn check_head(&self, verdict: &mut Verdict, newest: Option<&Sealed>) {
        let object = format!("{FOLDER}/head.json");
        let head = match self.ledger.head().await {
            Ok(head) => head,
            Err(error) => return verdict.find(Severity::Invalid, object, format!("{error:#}")),
        };
        match (head, newest) {
            (None, None) => {}
            (None, Some(newest)) if newest.entry.sequence == 1 => {
                verdict.find(Severity::Unfinished, object, "not written yet");
            }
            (None, Some(_)) => verdict.find(Severity::Invalid, object, "missing"),
            (Some(_), None) => verdict.find(Severity::Invalid, object, "names an entry of an empty ledger"),
            (Some(head), Some(newest)) if head.sequence == newest.entry.sequence => {
                if head.sha256 != newest.sha256 {
                    verdict.find(
                        Severity::Invalid,
                        object,
                        format!("does not match entry {}", head.sequence),
                    );
                }
            }
            (Some(head), Some(newest))
                if head.sequence + 1 == newest.entry.sequence
                    && newest.entry.previous.as_deref() == Some(head.sha256.as_str()) =>
            {
                verdict.find(Severity::Unfinished, object, "one entry behind");
            }
            (Some(head), Some(_)) => verdict.find(Severity::Invalid, object, format!("names entry {}", head.sequence)),
        }
    }

    /// Every named file is there with its bytes; every file there is named.
    async fn check_files(&self, verdict: &mut Verdict, named: &Named, newest: Option<&Sealed>) -> Result<()> {
        for (path, file) in &named.live {
            match self.hash_of(path).await {
                Ok(Some((bytes, sha256))) => {
                    if bytes != file.bytes || sha256 != file.sha256 {
                        verdict.find(
                            Severity::Invalid,
                            path.as_str(),
                            "its bytes are not those the ledger names",
                        );
                    }
                    verdict.files += 1;
                    verdict.bytes += bytes;
                }
                Ok(None) => verdict.find(Severity::Invalid, path.as_str(), "missing"),
                Err(error) => verdict.find(Severity::Invalid, path.as_str(), format!("cannot be read: {error:#}")),
            }
        }
        let sequence = newest.map_or(0, |newest| newest.entry.sequence);
        let mut listing = self.store.list(None);
        while let Some(found) = listing.try_next().await? {
            let path = found.location.to_string();
            let ours = named.live.contains_key(&path) || named.removed.contains(&path) || self.is_log(&path);
            if ours {
                continue;
            }
            if path.ends_with("/.new") {
                verdict.find(Severity::Unfinished, path, "left by a run that made a table");
                continue;
            }
            match load_of(&path).filter(|_| self.is_table_file(&path)) {
                Some(load) if load == sequence + 1 => {
                    verdict.find(Severity::Unfinished, path, "written, and not committed")
                }
                _ => verdict.find(Severity::Invalid, path, "unexpected: no ledger entry names it"),
            }
        }
        Ok(())
    }

    fn is_table_file(&self, path: &str) -> bool {
        path.split_once('/')
            .is_some_and(|(table, _)| self.tables.contains_key(table))
    }

    fn is_log(&self, path: &str) -> bool {
        path.split_once('/').is_some_and(|(top, rest)| {
            top == FOLDER || (self.tables.contains_key(top) && rest.starts_with("_delta_log/"))
        })
    }

    async fn hash_of(&self, path: &str) -> Result<Option<(u64, String)>> {
        let found = match self.store.get(&Path::parse(path)?).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let (mut bytes, mut hasher) = (0, Sha256::new());
        let mut chunks = found.into_stream();
        while let Some(chunk) = chunks.try_next().await? {
            bytes += u64::try_from(chunk.len())?;
            hasher.update(&chunk);
        }
        Ok(Some((bytes, hex(&hasher.finalize()))))
    }

    async fn check_states(&self, verdict: &mut Verdict, newest: &Sealed) {
        for (key, sequence) in &newest.entry.states {
            let Some((source, stream)) = key.split_once('.') else {
                verdict.find(
                    Severity::Invalid,
                    path(newest.entry.sequence).to_string(),
                    format!("{key} names no stream"),
                );
                continue;
            };
            let state = match self.ledger.read(*sequence).await {
                Ok(Some(sealed)) => sealed.entry.state_of(source, stream).cloned(),
                _ => None,
            };
            match state {
                None => verdict.find(
                    Severity::Invalid,
                    path(*sequence).to_string(),
                    format!("holds no state of {key}"),
                ),
                Some(state) => {
                    let key = stream_key(source, stream);
                    verdict
                        .gaps
                        .extend(state.coverage.gaps().into_iter().map(|gap| (key.clone(), gap)));
                }
            }
        }
    }
}

fn check_link(verdict: &mut Verdict, previous: Option<&Sealed>, sealed: &Sealed) {
    let entry = &sealed.entry;
    let object = path(entry.sequence).to_string();
    if entry.previous.as_deref() != previous.map(|previous| previous.sha256.as_str()) {
        verdict.find(
            Severity::Invalid,
            object.as_str(),
            "does not follow the entry before it",
        );
    }
    if previous.is_some_and(|previous| previous.entry.lake_id != entry.lake_id) {
        verdict.find(Severity::Invalid, object.as_str(), "is of another lake");
    }
    if !entry.counts.balance() {
        verdict.find(Severity::Invalid, object.as_str(), "its counts do not add up");
    }
}
