//! Checking that every data file the ledger names stands there with its bytes. Apart from the rest of the check because this is
//! where the time goes: as many files are read at once as there are processors.

use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;

use anyhow::Result;
use futures::{StreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;

use super::{Fault, Named, Verdict};
use crate::lake::Lake;
use crate::ledger::{AddedFile, Sealed, hex};

/// Bytes read of a file at once.
const PIECE: u64 = 1 << 20;

/// The size of a file and the SHA-256 of its bytes; `None` where there is none.
type Found = Result<Option<(u64, String)>>;

impl Lake {
    /// Reads every named file, in the order of the names, while other things are checked.
    pub(super) fn read_files(&self, named: &Named) -> JoinHandle<Vec<Found>> {
        let at_once = available_parallelism().map_or(1, NonZero::get);
        let store = Arc::clone(&self.store);
        let paths: Vec<String> = named.live.values().map(|file| file.path.clone()).collect();
        tokio::spawn(async move {
            let hashing = paths.into_iter().map(|path| {
                let store = Arc::clone(&store);
                async { tokio::spawn(async move { hash_of(&*store, &path).await }).await? }
            });
            stream::iter(hashing).buffered(at_once).collect().await
        })
    }

    /// Every named file is there with its bytes; every file there is named.
    pub(super) async fn check_files(
        &self,
        verdict: &mut Verdict,
        named: &Named,
        (reading, newest): (JoinHandle<Vec<Found>>, Option<&Sealed>),
    ) -> Result<()> {
        let found = reading.await?;
        anyhow::ensure!(found.len() == named.live.len(), "a file was not read");
        for (file, found) in named.live.values().zip(found) {
            judge(verdict, file, found);
        }
        self.check_unnamed(verdict, named, newest)
    }
}

/// Compares what was found of a file with what the ledger says of it.
fn judge(verdict: &mut Verdict, file: &AddedFile, found: Found) {
    let path = file.path.as_str();
    match found {
        Ok(Some((bytes, sha256))) => {
            if bytes != file.bytes || sha256 != file.sha256 {
                verdict.find(Fault::Invalid, path, "its bytes are not those the ledger names");
            }
            verdict.files += 1;
            verdict.bytes += bytes;
        }
        Ok(None) => verdict.find(Fault::Missing, path, "missing"),
        Err(error) => verdict.find(Fault::Invalid, path, format!("cannot be read: {error:#}")),
    }
}

pub(in crate::lake) async fn hash_of(store: &dyn ObjectStore, path: &str) -> Found {
    let path = Path::parse(path)?;
    let size = match store.head(&path).await {
        Ok(found) => found.size,
        Err(object_store::Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut hasher = Sha256::new();
    let mut at = 0;
    while at < size {
        let piece = store.get_range(&path, at..size.min(at + PIECE)).await?;
        at += u64::try_from(piece.len())?;
        hasher.update(&piece);
        anyhow::ensure!(!piece.is_empty(), "it became shorter while it was read");
    }
    Ok(Some((size, hex(&hasher.finalize()))))
}
