//! The refresh token that a service gave in place of the configured one, kept in a file of the home. Separate because this is
//! the one secret that is written down: a lost one locks the account's owner out until a new one is made.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::atomic::{self, place, steps};
use crate::source::Secret;

const OWNER_ONLY: u32 = 0o600;

pub(super) struct Kept {
    path: Option<PathBuf>,
    /// SHA-256 of the configured token: what is kept descends from it.
    configured: String,
    /// Newer than what the file holds, which could not be written.
    unwritten: Option<Secret>,
}

#[derive(Serialize, Deserialize)]
struct File {
    configured_sha256: String,
    refresh_token: String,
}

impl Kept {
    pub(super) fn new(path: Option<PathBuf>, configured: &Secret) -> Self {
        let hash = Sha256::digest(configured.expose().as_bytes());
        Self {
            path,
            configured: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
            unwritten: None,
        }
    }

    /// The newest token that descends from the configured one, if the service has replaced that. Another process may have
    /// written it.
    pub(super) fn newest(&self) -> Option<Secret> {
        self.unwritten.clone().or_else(|| self.read())
    }

    /// Makes a token the newest, on disk before this returns. Without a path it is kept for as long as the process lives.
    pub(super) fn keep(&mut self, token: Secret) -> io::Result<()> {
        let token = self.unwritten.insert(token);
        let Some(path) = &self.path else {
            return Ok(());
        };
        let file = File {
            configured_sha256: self.configured.clone(),
            refresh_token: token.expose().to_owned(),
        };
        write(path, &serde_json::to_vec(&file)?)?;
        self.unwritten = None;
        steps::reached("after a refresh token is kept");
        Ok(())
    }

    fn read(&self) -> Option<Secret> {
        let path = self.path.as_ref()?;
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::warn!("{}: {error}: the configured refresh token is used", path.display());
                }
                return None;
            }
        };
        match serde_json::from_slice::<File>(&bytes) {
            Ok(file) if file.configured_sha256 == self.configured => Some(Secret::new(file.refresh_token)),
            Ok(_) => None,
            Err(_) => {
                tracing::warn!("{}: not readable: the configured refresh token is used", path.display());
                None
            }
        }
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        place::create_private_folder(folder)?;
    }
    atomic::replace_with(path, Some(OWNER_ONLY), |file| io::Write::write_all(file, bytes)).map_err(|error| {
        let text = format!("{error}: {}", error.source);
        io::Error::new(error.source.kind(), text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    fn newest(path: &Path, configured: &str) -> Option<String> {
        let kept = Kept::new(Some(path.to_owned()), &secret(configured));
        kept.newest().map(|token| token.expose().to_owned())
    }

    #[test]
    fn a_token_is_kept_for_its_owner_and_for_those_who_configured_its_ancestor() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(".credentials/support.json");
        assert_eq!(newest(&path, "first"), None);
        let mut kept = Kept::new(Some(path.clone()), &secret("first"));
        kept.keep(secret("second")).unwrap();
        kept.keep(secret("third")).unwrap();
        assert_eq!(newest(&path, "first").as_deref(), Some("third"));
        assert_eq!(newest(&path, "another"), None);
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert!(!std::fs::read_to_string(&path).unwrap().contains("first"));
        atomic::replace(&path, b"{\"refresh_token\":").unwrap();
        assert_eq!(newest(&path, "first"), None);
    }

    #[test]
    fn a_token_that_cannot_be_written_is_not_forgotten() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(".credentials/support.json");
        atomic::replace(&home.path().join(".credentials"), b"in the way").unwrap();
        let mut kept = Kept::new(Some(path), &secret("first"));
        let error = kept.keep(secret("s3cr3t")).unwrap_err();
        assert!(!error.to_string().contains("s3cr3t"), "{error}");
        assert_eq!(kept.newest(), Some(secret("s3cr3t")));
    }
}
