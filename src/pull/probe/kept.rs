//! What a probe found and `sync` makes use of, in a small file of the home. Separate because it is read by another run than
//! the one that wrote it: whose account it is of is checked, and what is not sound is not used.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::atomic::{self, place};
use crate::schema::{Micros, format_time};
use crate::source::secoda::DATE_OPERATORS;
use crate::source::{DateOperators, Paging, Source};

/// Raised whenever an older program would misread the file.
const FORMAT: u32 = 1;
/// More than any such file holds.
const MOST_BYTES: u64 = 64 * 1024;

/// The finding of one source. It holds no secret: an address has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    format: u32,
    account: String,
    base_url: String,
    probed_at: String,
    /// Null where none of the operators works.
    date_operators: Option<DateOperators>,
}

/// Why a file is not used.
#[derive(Debug, Error)]
pub enum KeptError {
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    #[error("is damaged")]
    Damaged(#[from] serde_json::Error),
    #[error("is damaged: it names an operator or a field that no probe tries")]
    Unknown,
    #[error("is of another version of trailhouse")]
    Format,
    #[error("is of another account or address: {account} at {base_url}")]
    Foreign { account: String, base_url: String },
}

impl Kept {
    pub fn new(source: &Source, dates: Option<DateOperators>, probed_at: Micros) -> Self {
        Self {
            format: FORMAT,
            account: source.account.clone(),
            base_url: source.base_url.to_string(),
            probed_at: format_time(probed_at),
            date_operators: dates,
        }
    }

    /// Writes the file, whole, and makes its folder where it is missing.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        if let Some(folder) = path.parent() {
            place::create_folder(folder)?;
        }
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(atomic::replace(path, text.as_bytes())?)
    }

    /// The operators of a source, by its file; `None` where there is no file, or it names none.
    pub fn dates(path: &Path, source: &Source) -> Result<Option<DateOperators>, KeptError> {
        let Some(bytes) = read(path)? else { return Ok(None) };
        let format: Format = serde_json::from_slice(&bytes)?;
        if format.format != FORMAT {
            return Err(KeptError::Format);
        }
        let kept: Kept = serde_json::from_slice(&bytes)?;
        if kept.account != source.account || kept.base_url != source.base_url.as_str() {
            return Err(KeptError::Foreign {
                account: kept.account,
                base_url: kept.base_url,
            });
        }
        match kept.date_operators {
            Some(operators) if !is_known(&operators, source) => Err(KeptError::Unknown),
            operators => Ok(operators),
        }
    }
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(file, MOST_BYTES), &mut bytes)?;
    Ok(Some(bytes))
}

/// Whether a probe can have written it: what it says is sent to the service.
fn is_known(operators: &DateOperators, source: &Source) -> bool {
    let mut lists = source.service.streams.iter();
    let is_key = lists.any(|stream| {
        matches!(stream.paging, Paging::Numbered { .. }) && stream.main().order_key == Some(&operators.field)
    });
    let names = [operators.before.as_str(), operators.at_or_after.as_str()];
    is_key && names.iter().all(|name| DATE_OPERATORS.contains(name))
}
