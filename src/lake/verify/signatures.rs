//! Checking the signatures: that each entry is signed from the first on that names a key, by the key before it, and whether a
//! key known from elsewhere is among them. Apart from the chain, which an unsigned lake has as well.

use std::collections::BTreeMap;

use super::{Fault, Verdict};
use crate::lake::Lake;
use crate::ledger::signature::{PublicKey, signature_path};
use crate::ledger::{FOLDER, Kind, Sealed, path};

/// Who signed what, as far as the signatures hold.
#[derive(Debug, Default)]
pub struct Signatures {
    /// The first entry that names a key; what stands before it is bound by its hash alone.
    pub since: Option<u64>,
    /// The key the newest entry names.
    pub in_force: Option<String>,
    /// Per public key in hexadecimal digits, the first and the last entry it has signed.
    pub by_key: BTreeMap<String, (u64, u64)>,
}

impl Lake {
    /// Checks one entry's signature. `may_lack`: a run that was killed may not have come to sign it.
    pub(super) async fn check_signature(
        &self,
        verdict: &mut Verdict,
        previous: Option<&Sealed>,
        (sealed, bytes): (&Sealed, &[u8]),
        may_lack: bool,
    ) {
        let sequence = sealed.entry.sequence;
        let object = signature_path(sequence).to_string();
        let before = previous.and_then(|previous| previous.entry.signing_key.as_deref());
        check_announcement(verdict, before, sealed);
        let own = sealed.entry.signing_key.as_deref();
        verdict.signatures.in_force = own.map(str::to_owned);
        if own.is_some() {
            verdict.signatures.since.get_or_insert(sequence);
        }
        let signature = match self.ledger.signature(sequence).await {
            Ok(signature) => signature,
            Err(error) => return verdict.find(Fault::Invalid, object, format!("{error:#}")),
        };
        let (signer, signature) = match (own.and(before).or(own), signature) {
            (None, None) => return,
            (None, Some(_)) => return verdict.find(Fault::Unexpected, object, "its entry names no key"),
            (Some(_), None) if may_lack => return verdict.find(Fault::Unfinished, object, "not signed yet"),
            (Some(_), None) => return verdict.find(Fault::Missing, object, "missing"),
            (Some(signer), Some(signature)) => (signer, signature),
        };
        match PublicKey::read(signer) {
            Ok(key) if key.has_signed(bytes, &signature) => {
                let signed = &mut verdict.signatures.by_key;
                signed.entry(key.hex()).or_insert((sequence, sequence)).1 = sequence;
            }
            Ok(_) => verdict.find(
                Fault::Invalid,
                object,
                format!("is not the signature of its entry by the key {signer}"),
            ),
            Err(error) => verdict.find(Fault::Invalid, object, format!("cannot be checked: the key is {error}")),
        }
    }
}

/// A key comes into force by an entry of its own, and none goes out of it without another.
fn check_announcement(verdict: &mut Verdict, before: Option<&str>, sealed: &Sealed) {
    let entry = &sealed.entry;
    let what = match (before, entry.signing_key.as_deref()) {
        (Some(_), None) => "names no signing key, although the entry before it does",
        (_, None) if entry.kind == Kind::Key => "announces no key",
        (before, Some(own)) if before != Some(own) && entry.kind != Kind::Key => "changes the signing key unannounced",
        (_, Some(own)) if PublicKey::read(own).is_err() => "its signing key is none",
        _ => return,
    };
    verdict.find(Fault::Invalid, path(entry.sequence).to_string(), what);
}

impl Verdict {
    /// Whether the ledger is signed by a key known from elsewhere, and returns the first entry that it signed. The entries
    /// before that one are bound by its hash, those after it by the keys it leads to.
    pub fn check_public_key(&mut self, key: &PublicKey) -> Option<u64> {
        let key = key.hex();
        if let Some((first, _)) = self.signatures.by_key.get(&key) {
            return Some(*first);
        }
        let what = match self.signatures.since {
            None => format!("not signed, and so not by the key {key}"),
            Some(_) => format!("no entry is signed by the key {key}"),
        };
        self.find(Fault::Invalid, FOLDER, what);
        None
    }
}
