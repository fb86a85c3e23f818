//! The private keys of a home: the one that signs its ledger, and while it is replaced the next. Apart from signing because
//! this is where a secret is written down.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use thiserror::Error;

use super::Home;
use crate::atomic::{self, place, steps};
use crate::ledger::hex;
use crate::ledger::signature::{PrivateKey, PublicKey};
use crate::ledger::tombstone::new_erasure_key;
use crate::record::erasure::{Erased, Key};

const OWNER_ONLY: u32 = 0o600;

/// Why a home may not write to its ledger.
#[derive(Debug, Error)]
pub enum KeyError {
    #[error("the ledger is signed by the key {public}, whose private half is not in {path}")]
    Missing { public: String, path: String },
    #[error("{path} is a signing key, and the newest entry of the ledger names none")]
    NotNamed { path: String },
    #[error("{path}: not a private key of Ed25519 in PEM")]
    Unreadable { path: String },
    #[error("the ledger tells of an erased person, and the key of the pseudonyms is not in {path}")]
    NoErasureKey { path: String },
    #[error("{path}: not a key of pseudonyms: 64 hexadecimal digits")]
    BadErasureKey { path: String },
    #[error("{path}: another key than the one by which the ledger tells of an erased person")]
    OtherErasureKey { path: String },
}

impl KeyError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            KeyError::Missing { .. } => {
                "put the key back from where you keep a copy of it; nothing was asked for and nothing was written"
            }
            KeyError::NotNamed { .. } => {
                "somebody may have taken the signatures off: run `trailhouse verify --public-key KEY`; if this is truly \
                 another lake, move the key away"
            }
            KeyError::Unreadable { .. } | KeyError::BadErasureKey { .. } => {
                "put the key back from where you keep a copy of it"
            }
            KeyError::OtherErasureKey { .. } => {
                "put the key of this home back from where you keep a copy of it: with another one a person who was erased \
                 would come back; nothing was asked for and nothing was written"
            }
            KeyError::NoErasureKey { .. } => {
                "put the key back from where you keep a copy of it: without it a person who was erased would come back; \
                 nothing was asked for and nothing was written"
            }
        }
    }
}

/// What `.credentials/` holds for the ledger. The default is a home without keys.
#[derive(Debug, Default)]
pub(super) struct Keys {
    folder: PathBuf,
    current: Option<PrivateKey>,
    /// Made, and not yet in the place of the current one.
    next: Option<PrivateKey>,
}

impl Keys {
    pub(super) fn of(home: &Home) -> Result<Self> {
        let folder = home.credentials();
        Ok(Self {
            current: read(&current(&folder))?,
            next: read(&next(&folder))?,
            folder,
        })
    }

    /// The private half of a public key.
    pub(super) fn of_public(&self, public: &PublicKey) -> Result<&PrivateKey, KeyError> {
        let mut keys = self.current.iter().chain(&self.next);
        keys.find(|key| key.public() == *public)
            .ok_or_else(|| KeyError::Missing {
                public: public.hex(),
                path: current(&self.folder).display().to_string(),
            })
    }

    /// A home that has a key writes to no ledger that names none.
    pub(super) fn check_unsigned(&self) -> Result<(), KeyError> {
        match self.current {
            None => Ok(()),
            Some(_) => Err(KeyError::NotNamed {
                path: current(&self.folder).display().to_string(),
            }),
        }
    }

    /// Makes a key durable beside the current one, before anything names it.
    pub(super) fn keep_next(&mut self, key: PrivateKey) -> Result<()> {
        write(&next(&self.folder), key.pem()?.expose())?;
        steps::reached("after the next key is kept");
        self.next = Some(key);
        Ok(())
    }

    /// Puts the next key in the place of the current one, where the ledger names it.
    pub(super) fn settle(&mut self, in_force: &PublicKey) -> Result<()> {
        if self.next.as_ref().is_none_or(|key| key.public() != *in_force) {
            return Ok(());
        }
        let (from, to) = (next(&self.folder), current(&self.folder));
        place::rename(&from, &to).with_context(|| format!("{} cannot be replaced", to.display()))?;
        steps::reached("after the next key is in its place");
        self.current = self.next.take();
        Ok(())
    }

    /// Notes the hash of the entry this home is about to write: no other is ever signed later.
    pub(super) fn note(&self, sha256: &str) -> Result<()> {
        write(&noted(&self.folder), &format!("{sha256}\n"))?;
        steps::reached("after the note of the entry to sign");
        Ok(())
    }

    /// The key of the pseudonyms of those who were erased, unless they tell of another.
    pub(super) fn erasure_key(&self, erased: &[Erased]) -> Result<Key> {
        let path = || erasure(&self.folder).display().to_string();
        let key = self.read_erasure_key()?;
        let key = key.ok_or_else(|| KeyError::NoErasureKey { path: path() })?;
        let check = key.check();
        let mut told = erased.iter().filter_map(|erased| erased.key_check.as_ref());
        if told.any(|told| *told != check) {
            return Err(KeyError::OtherErasureKey { path: path() }.into());
        }
        Ok(key)
    }

    /// The same, made and kept where there is none yet.
    pub(super) fn make_erasure_key(&self) -> Result<Key> {
        if let Some(key) = self.read_erasure_key()? {
            return Ok(key);
        }
        let (key, secret) = new_erasure_key()?;
        write(&erasure(&self.folder), &format!("{}\n", hex(&secret)))?;
        steps::reached("after the key of the pseudonyms is kept");
        Ok(key)
    }

    /// The same, made and not kept where there is none yet.
    pub(super) fn erasure_key_or_any(&self) -> Result<Key> {
        match self.read_erasure_key()? {
            Some(key) => Ok(key),
            None => Ok(new_erasure_key()?.0),
        }
    }

    fn read_erasure_key(&self) -> Result<Option<Key>> {
        let path = erasure(&self.folder);
        let bad = || KeyError::BadErasureKey {
            path: path.display().to_string(),
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(Key::from_hex(text.trim()).ok_or_else(bad)?)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == ErrorKind::InvalidData => Err(bad().into()),
            Err(error) => Err(error).with_context(|| path.display().to_string()),
        }
    }

    pub(super) fn has_noted(&self, sha256: &str) -> Result<bool> {
        let path = noted(&self.folder);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(text.trim() == sha256),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error).with_context(|| path.display().to_string()),
        }
    }
}

fn current(folder: &Path) -> PathBuf {
    folder.join("ledger.key")
}

fn next(folder: &Path) -> PathBuf {
    folder.join("ledger.next.key")
}

fn erasure(folder: &Path) -> PathBuf {
    folder.join("erasure.key")
}

fn noted(folder: &Path) -> PathBuf {
    folder.join("ledger.unsigned")
}

fn read(path: &Path) -> Result<Option<PrivateKey>> {
    let unreadable = || KeyError::Unreadable {
        path: path.display().to_string(),
    };
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(PrivateKey::from_pem(&text).with_context(unreadable)?)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == ErrorKind::InvalidData => Err(unreadable().into()),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        place::create_private_folder(folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    }
    atomic::replace_with(path, Some(OWNER_ONLY), |file| file.write_all(text.as_bytes()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::erasure::Identity;

    #[test]
    fn another_key_than_the_one_a_person_was_erased_by_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let keys = Keys {
            folder: home.path().join("keys"),
            ..Keys::default()
        };
        let identity = Identity {
            id: "p-1".to_owned(),
            names: ["Dana Whitfield".to_owned()].into(),
        };
        let erased = Erased::new(&keys.make_erasure_key().unwrap(), &identity);
        let other = Erased::new(&Key::new(&[7; 32]), &identity);
        let of_older_program: Erased =
            serde_json::from_str(r#"{"performer":"erased-0123456789abcdef0123456789abcdef","terms":[]}"#).unwrap();
        keys.erasure_key(&[erased.clone(), of_older_program]).unwrap();
        let refused = keys.erasure_key(&[erased, other]).unwrap_err();
        let told = format!("{}: another key than", home.path().join("keys/erasure.key").display());
        assert!(refused.to_string().starts_with(&told), "{refused}");
    }
}
