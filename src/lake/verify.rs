//! Checking a lake against its ledger, offline and without changing anything: the chain, every data file, and the Delta
//! tables. Apart from everything that writes, so that what is checked is what stands there.

mod anchor;
mod contents;
pub(super) mod files;
mod loads;
mod moved;
mod signatures;
mod tables;
mod unnamed;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;

use super::Lake;
use crate::coverage::Gap;
use crate::ledger::signature::signature_path;
use crate::ledger::{AddedFile, DeltaFile, FOLDER, Head, Sealed, path, stream_key};
pub use anchor::{Anchor, NotAnAnchor};
pub use contents::{Contents, Held};
use loads::Loads;
pub use signatures::Signatures;

/// Which way a file is not as the ledger says. Time that is not collected, a gap, is told apart from these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Left by a run that was ended in the middle; the next writer finishes it.
    Unfinished,
    /// Something stands there that no entry knows.
    Unexpected,
    /// Something that an entry names does not stand there.
    Missing,
    /// It was changed, or contradicts what stands elsewhere.
    Invalid,
}

impl Fault {
    pub fn word(self) -> &'static str {
        match self {
            Fault::Unfinished => "unfinished",
            Fault::Unexpected => "unexpected",
            Fault::Missing => "missing",
            Fault::Invalid => "invalid",
        }
    }
}

/// One thing that is not as the ledger says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub fault: Fault,
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
    /// The SHA-256 of every entry of the chain.
    pub hashes: BTreeMap<u64, String>,
    pub signatures: Signatures,
    pub findings: Vec<Finding>,
    /// Per stream, what is not collected.
    pub gaps: Vec<(String, Gap)>,
}

impl Verdict {
    /// Whether anything is there that no killed run explains.
    pub fn is_invalid(&self) -> bool {
        self.findings.iter().any(|finding| finding.fault != Fault::Unfinished)
    }

    /// Whether both found the same, so that it was there twice.
    pub fn agrees_with(&self, other: &Self) -> bool {
        let mut lasting = self
            .findings
            .iter()
            .filter(|finding| finding.fault != Fault::Unfinished);
        lasting.any(|finding| other.findings.contains(finding))
    }

    fn find(&mut self, fault: Fault, object: impl Into<String>, what: impl Into<String>) {
        self.findings.push(Finding {
            fault,
            object: object.into(),
            what: what.into(),
        });
    }
}

const HEAD: &str = "_ledger/head.json";
/// Entries that are read at once while the chain is walked.
const READ_AHEAD: usize = 16;

/// What the entries together say must stand in the lake.
#[derive(Default)]
struct Named {
    live: BTreeMap<String, AddedFile>,
    removed: BTreeSet<String>,
    deleted: BTreeSet<String>,
    /// Table and version of the Delta commits of other programs that an entry took over.
    adopted: BTreeSet<(String, u64)>,
    delta: Vec<DeltaFile>,
}

impl Lake {
    /// Checks the whole lake. An error means that it could not be checked.
    pub async fn verify(&mut self) -> Result<Verdict> {
        let mut verdict = Verdict::default();
        let mut named = Named::default();
        let newest = self.check_chain(&mut verdict, &mut named).await?;
        let reading = self.read_files(&named);
        if let Some(newest) = &newest {
            self.check_tables(&mut verdict, &named, newest)?;
        }
        self.check_files(&mut verdict, &named, (reading, newest.as_ref()))
            .await?;
        if newest.is_none() && verdict.entries == 0 && self.has_delta_log().await? {
            verdict.find(Fault::Missing, FOLDER, "missing, although there are Delta tables");
        }
        if let Some(newest) = newest {
            self.check_states(&mut verdict, &newest).await;
            verdict.lake_id = Some(newest.entry.lake_id.clone());
            verdict.head = Some((newest.entry.sequence, newest.sha256));
        }
        Ok(verdict)
    }

    /// The number of the newest entry, as far as names tell.
    pub async fn newest_number(&self) -> Result<Option<u64>> {
        let present = self.sequences(&mut Verdict::default()).await?;
        Ok(present.last().copied())
    }

    /// Walks the chain from its first entry, and returns the last that holds.
    async fn check_chain(&self, verdict: &mut Verdict, named: &mut Named) -> Result<Option<Sealed>> {
        let mut newest: Option<Sealed> = None;
        let mut loads = Loads::default();
        let head = self.ledger.head().await;
        let present = self.sequences(verdict).await?;
        let read = |sequence| async move { (sequence, self.ledger.read_bytes(sequence).await) };
        let mut readings = stream::iter(present.iter().copied()).map(read).buffered(READ_AHEAD);
        let mut expected = 1;
        while let Some((sequence, found)) = readings.next().await {
            if sequence != expected {
                verdict.find(Fault::Missing, path(expected).to_string(), "missing");
                return Ok(newest);
            }
            expected += 1;
            let (sealed, bytes) = match found {
                Ok(Some(found)) => found,
                Ok(None) => return Ok(newest),
                Err(error) => {
                    verdict.find(Fault::Invalid, path(sequence).to_string(), format!("{error:#}"));
                    return Ok(newest);
                }
            };
            check_link(verdict, newest.as_ref(), &sealed);
            let may_lack_signature = present.last() == Some(&sequence) && is_before(&head, sequence);
            self.check_signature(verdict, newest.as_ref(), (&sealed, &bytes), may_lack_signature)
                .await;
            for what in loads.take(&sealed.entry) {
                verdict.find(Fault::Invalid, path(sequence).to_string(), what);
            }
            moved::check(verdict, named, &sealed.entry);
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
            named.deleted.extend(sealed.entry.deleted.iter().cloned());
            let adopted = sealed.entry.adopted.iter();
            named
                .adopted
                .extend(adopted.map(|file| (file.table.clone(), file.version)));
            named.delta.extend(sealed.entry.delta_commits.iter().cloned());
            verdict.hashes.insert(sequence, sealed.sha256.clone());
            verdict.entries += 1;
            newest = Some(sealed);
        }
        check_head(verdict, head, newest.as_ref());
        Ok(newest)
    }

    /// The numbers of the entries that stand in the ledger's folder; anything else there but their signatures is reported.
    async fn sequences(&self, verdict: &mut Verdict) -> Result<Vec<u64>> {
        let (mut sequences, mut signatures) = (Vec::new(), Vec::new());
        let mut listing = self.store.list(Some(&Path::from(FOLDER)));
        while let Some(found) = listing.try_next().await? {
            let location = found.location;
            let name = location.filename().unwrap_or_default();
            let number = |ending: &str| name.strip_suffix(ending)?.parse::<u64>().ok();
            match (number(".json"), number(".sig")) {
                (Some(sequence), _) if path(sequence) == location => sequences.push(sequence),
                (_, Some(sequence)) if signature_path(sequence) == location => signatures.push(sequence),
                _ if location.as_ref() == HEAD => {}
                _ => verdict.find(Fault::Unexpected, location.to_string(), "not a file of the ledger"),
            }
        }
        sequences.sort_unstable();
        for sequence in signatures {
            if sequences.binary_search(&sequence).is_err() {
                let object = signature_path(sequence).to_string();
                verdict.find(Fault::Unexpected, object, "the signature of no entry");
            }
        }
        Ok(sequences)
    }

    async fn check_states(&self, verdict: &mut Verdict, newest: &Sealed) {
        for (key, sequence) in &newest.entry.states {
            let Some((source, stream)) = key.split_once('.') else {
                verdict.find(
                    Fault::Invalid,
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
                    Fault::Invalid,
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
        verdict.find(Fault::Invalid, object.as_str(), "does not follow the entry before it");
    }
    if previous.is_some_and(|previous| previous.entry.lake_id != entry.lake_id) {
        verdict.find(Fault::Invalid, object.as_str(), "is of another lake");
    }
    if !entry.counts.balance() {
        verdict.find(Fault::Invalid, object.as_str(), "its counts do not add up");
    }
}

/// Whether the head is known to name an entry before this one, or none yet.
fn is_before(head: &Result<Option<Head>>, sequence: u64) -> bool {
    match head {
        Ok(Some(head)) => head.sequence < sequence,
        Ok(None) => sequence == 1,
        Err(_) => false,
    }
}

fn check_head(verdict: &mut Verdict, head: Result<Option<Head>>, newest: Option<&Sealed>) {
    let object = HEAD;
    let head = match head {
        Ok(head) => head,
        Err(error) => return verdict.find(Fault::Invalid, object, format!("{error:#}")),
    };
    match (head, newest) {
        (None, None) => {}
        (None, Some(newest)) if newest.entry.sequence == 1 => {
            verdict.find(Fault::Unfinished, object, "not written yet");
        }
        (None, Some(_)) => verdict.find(Fault::Missing, object, "missing"),
        (Some(_), None) => verdict.find(Fault::Invalid, object, "names an entry of an empty ledger"),
        (Some(head), Some(newest)) if head.sequence == newest.entry.sequence => {
            if head.sha256 != newest.sha256 {
                verdict.find(
                    Fault::Invalid,
                    object,
                    format!("does not match entry {}", head.sequence),
                );
            }
        }
        (Some(head), Some(newest))
            if head.sequence.checked_add(1) == Some(newest.entry.sequence)
                && newest.entry.previous.as_deref() == Some(head.sha256.as_str()) =>
        {
            verdict.find(Fault::Unfinished, object, "one entry behind");
        }
        (Some(head), Some(_)) => verdict.find(Fault::Invalid, object, format!("names entry {}", head.sequence)),
    }
}
