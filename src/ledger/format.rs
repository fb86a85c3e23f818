//! Which format of an entry this program reads, judged before anything else of the entry: nothing of a newer one need be as it
//! is here.

use anyhow::{Context, Result};
use serde::Deserialize;
use thiserror::Error;

use super::FORMAT;

/// An entry that only a newer program can read.
#[derive(Debug, Error)]
#[error("ledger entry {sequence} has format {format}, and this program reads {FORMAT}: a newer one wrote it")]
pub struct NewerFormat {
    sequence: u64,
    format: u32,
}

impl NewerFormat {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        "use the trailhouse that wrote it, or a newer one; nothing was changed"
    }
}

#[derive(Deserialize)]
struct Formatted {
    format: u32,
}

/// Refuses the bytes of an entry that this program cannot read.
pub(super) fn check(sequence: u64, bytes: &[u8]) -> Result<()> {
    let Formatted { format } =
        serde_json::from_slice(bytes).with_context(|| format!("ledger entry {sequence} cannot be read"))?;
    if format != FORMAT {
        return Err(NewerFormat { sequence, format }.into());
    }
    Ok(())
}
