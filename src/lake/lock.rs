//! One writer at a time: an advisory lock of the operating system on `.lock`, so that a killed holder leaves none.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};

use anyhow::{Context, Result};
use thiserror::Error;

use super::Home;
use crate::atomic::{self, place};

/// The lock of a home; held until dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Another writer holds the lock.
#[derive(Debug, Error)]
#[error("{path} is held by {holder}")]
pub struct Held {
    pub path: String,
    pub holder: String,
}

impl Lock {
    /// Takes the lock, writes into it who holds it, and removes what a killed holder was writing. `Held` when another process does.
    pub fn take(home: &Home, holder: &str) -> Result<Self> {
        home.check()?;
        place::create_folder(&home.dir).with_context(|| format!("{} cannot be created", home.dir.display()))?;
        let path = home.lock();
        let named = || path.display().to_string();
        let mut file =
            place::open_or_create(&path).with_context(|| format!("{} cannot be opened for writing", named()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder).with_context(named)?;
                return Err(Held {
                    path: named(),
                    holder: holder.trim().to_owned(),
                }
                .into());
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("{} cannot be locked", named()));
            }
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{holder}"))
            .with_context(named)?;
        for folder in [&home.dir, &home.credentials()] {
            atomic::remove_abandoned(folder).with_context(|| format!("{} cannot be tidied", folder.display()))?;
        }
        Ok(Self { _file: file })
    }
}
