//! A file that somebody kept: found before anything is written, opened when its turn comes, unpacked as it is read. Apart
//! from reading its JSON because nothing here looks further than its first bytes.

use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, ErrorKind, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use thiserror::Error;

/// What a file is read from.
pub(super) type Bytes = Box<dyn Read + Send>;

/// Bytes that tell one format from another.
const START: usize = 6;

/// Where in a file, unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Counted from 1.
    pub line: u64,
    pub byte: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}, byte {}", self.line, self.byte)
    }
}

/// Why a file was not read, or not to its end.
#[derive(Debug, Error)]
pub enum FileError {
    #[error("cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    #[error("is {0}")]
    Format(&'static str),
    #[error("{0}: ends in the middle of a value")]
    Cut(Place),
    #[error("{place}: not JSON: {expected} expected")]
    Malformed { place: Place, expected: &'static str },
    #[error("{0}: a single value of more than 64 MiB")]
    TooLarge(Place),
    #[error("{place}: a page with `{member}`, which is {looks_like}'s, and not {wanted}'s")]
    OtherPage {
        place: Place,
        member: String,
        looks_like: String,
        wanted: String,
    },
    #[error("looks like {looks_like}, not like {wanted}; nothing of it is stored")]
    OtherStream { looks_like: String, wanted: String },
    #[error(
        "none of its first {records} records can be read as {wanted} (the first: {reason}); nothing of it is stored"
    )]
    NoRecord {
        records: usize,
        wanted: String,
        reason: String,
    },
}

impl FileError {
    pub fn hint(&self) -> &'static str {
        match self {
            FileError::Unreadable(_) => "check that the file is there, whole and yours to read",
            FileError::Format(_) => {
                "JSON in UTF-8 is read, plain or packed by gzip or zstd: unpack or convert the file (`iconv -t UTF-8`)"
            }
            FileError::Cut(_) => {
                "what came before is kept; import the whole file when you have it: nothing is stored twice"
            }
            FileError::Malformed { .. } => {
                "what came before is kept; mend the file there and import it again: nothing is stored twice"
            }
            FileError::TooLarge(_) => "what came before is kept; no service sends such a record: look at the file",
            FileError::OtherPage { .. } | FileError::OtherStream { .. } => {
                "import it into the stream it was saved from: trailhouse import SOURCE.STREAM FILE"
            }
            FileError::NoRecord { .. } => "a file holds one JSON record per line, or pages as the service sent them",
        }
    }
}

/// One file to import.
pub struct SavedFile {
    pub name: String,
    from: From,
}

enum From {
    /// Opened when its turn comes, so that thousands can be given.
    Path(PathBuf),
    /// What can be opened only once.
    Opened(Bytes),
}

impl SavedFile {
    /// Finds a file, and refuses it if its first bytes cannot be read or are no text.
    pub fn at(path: &Path) -> Result<Self, FileError> {
        let file = File::open(path).map_err(FileError::Unreadable)?;
        let kind = file.metadata().map_err(FileError::Unreadable)?.file_type();
        if kind.is_dir() {
            return Err(FileError::Unreadable(ErrorKind::IsADirectory.into()));
        }
        let from = if kind.is_file() {
            unpacked(Box::new(file))?;
            From::Path(path.to_owned())
        } else {
            From::Opened(Box::new(file))
        };
        Ok(Self {
            name: path.display().to_string(),
            from,
        })
    }

    pub fn of(name: &str, bytes: impl Read + Send + 'static) -> Self {
        Self {
            name: name.to_owned(),
            from: From::Opened(Box::new(bytes)),
        }
    }

    /// Its text, unpacked.
    pub(super) fn open(self) -> Result<Bytes, FileError> {
        match self.from {
            From::Path(path) => unpacked(Box::new(File::open(path).map_err(FileError::Unreadable)?)),
            From::Opened(bytes) => unpacked(bytes),
        }
    }
}

/// What is packed by gzip or zstd unpacked, whatever its name; without the mark that some put before UTF-8.
fn unpacked(bytes: Bytes) -> Result<Bytes, FileError> {
    let (start, bytes) = start(bytes)?;
    let packed: Bytes = match start.as_slice() {
        [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(bytes)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
            Box::new(zstd::stream::read::Decoder::new(bytes).map_err(FileError::Unreadable)?)
        }
        _ => return text(&start, bytes),
    };
    let (start, bytes) = self::start(packed)?;
    text(&start, bytes)
}

fn text(start: &[u8], mut bytes: Bytes) -> Result<Bytes, FileError> {
    match start {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'{' | b'[', 0, ..] | [0, b'{' | b'[', ..] => {
            Err(FileError::Format("UTF-16 or UTF-32, not UTF-8"))
        }
        [b'P', b'K', 3, 4, ..] => Err(FileError::Format("a zip archive")),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => Err(FileError::Format("packed by xz")),
        [b'B', b'Z', b'h', ..] => Err(FileError::Format("packed by bzip2")),
        [b'P', b'A', b'R', b'1', ..] => Err(FileError::Format("a Parquet file")),
        [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] => Err(FileError::Format("packed twice")),
        [0xef, 0xbb, 0xbf, ..] => {
            bytes.read_exact(&mut [0; 3]).map_err(FileError::Unreadable)?;
            Ok(bytes)
        }
        _ => Ok(bytes),
    }
}

/// The first bytes, and all of them once more.
fn start(mut bytes: Bytes) -> Result<(Vec<u8>, Bytes), FileError> {
    let mut start = Vec::with_capacity(START);
    let limit = u64::try_from(START).unwrap_or(u64::MAX);
    let read = bytes.by_ref().take(limit).read_to_end(&mut start);
    match read {
        // What is packed and cut off: the reader of values says where.
        Err(error) if error.kind() != ErrorKind::UnexpectedEof => return Err(FileError::Unreadable(error)),
        _ => {}
    }
    Ok((start.clone(), Box::new(Cursor::new(start).chain(bytes))))
}
