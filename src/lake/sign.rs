//! Signing the ledger: which key signs an entry, finishing a signature that a killed run left out, and announcing a key. Apart
//! from the commit because an unsigned lake knows nothing of it.

use anyhow::{Context, Result, bail};

use super::Lake;
use crate::ledger::Sealed;
use crate::ledger::signature::{PrivateKey, PublicKey, signature_path};
use crate::schema::Micros;

impl Lake {
    /// Makes a key, and records it as the one that signs from now on; the key before it signs that entry. Returns its public
    /// half and the number of the entry.
    pub async fn announce_key(&mut self, run_id: &str, at: Micros) -> Result<(PublicKey, u64)> {
        let is_replaced = self.in_force()?.is_some();
        let key = PrivateKey::generate()?;
        let public = key.public();
        self.keys.keep_next(key)?;
        let sequence = self.commit_key(&public, run_id, at).await?;
        self.keys.settle(&public)?;
        if is_replaced {
            // The first entry that the new key signs: from now on it can be verified by.
            self.commit_key(&public, run_id, at).await?;
        }
        Ok((public, sequence))
    }

    /// The key that signs the next entry, by the newest one.
    fn in_force(&self) -> Result<Option<PublicKey>> {
        self.newest.as_ref().map_or(Ok(None), announced)
    }

    /// The signature of an entry that is about to be appended. It is noted first that this home writes it.
    pub(super) fn signature_of(&self, sealed: &Sealed, bytes: &[u8]) -> Result<Option<[u8; 64]>> {
        let signer = match self.in_force()? {
            None => announced(sealed)?,
            signer => signer,
        };
        let Some(signer) = signer else {
            return Ok(None);
        };
        let key = self.keys.of_public(&signer)?;
        self.keys.note(&sealed.sha256)?;
        Ok(Some(key.sign(bytes)))
    }

    /// Insists that this home can sign what follows the newest entry, and that this is signed itself: a signature that is
    /// not there is made up for where this home wrote the entry, for else anybody could have one signed.
    pub(super) async fn finish_signature(&mut self) -> Result<()> {
        let sequence = self.sequence();
        let before = match sequence {
            0 | 1 => None,
            _ => self.ledger.read(sequence - 1).await?,
        };
        let before = before.as_ref().map_or(Ok(None), announced)?;
        let Some(in_force) = self.in_force()? else {
            if before.is_some() {
                bail!("ledger entry {sequence} is not signed any more, although the one before it is");
            }
            return Ok(self.keys.check_unsigned()?);
        };
        self.keys.of_public(&in_force)?;
        let (newest, bytes) = self
            .ledger
            .read_bytes(sequence)
            .await?
            .context("the newest entry is gone")?;
        let signer = before.unwrap_or_else(|| in_force.clone());
        match self.ledger.signature(sequence).await? {
            Some(signature) if signer.has_signed(&bytes, &signature) => {}
            Some(_) => bail!("{} is not the signature of its entry", signature_path(sequence)),
            None if self.keys.has_noted(&newest.sha256)? => {
                tracing::info!("ledger: entry {sequence} is signed");
                let signature = self.keys.of_public(&signer)?.sign(&bytes);
                self.ledger.put_signature(sequence, signature).await?;
            }
            None => bail!("ledger entry {sequence} is not signed, and this home did not write it"),
        }
        self.keys.settle(&in_force)
    }
}

/// The key an entry names.
fn announced(sealed: &Sealed) -> Result<Option<PublicKey>> {
    let Some(key) = &sealed.entry.signing_key else {
        return Ok(None);
    };
    let key = PublicKey::read(key);
    key.map(Some)
        .with_context(|| format!("ledger entry {}: its signing key", sealed.entry.sequence))
}
