//! The zip itself, with the SHA-256 of everything in it. Nothing of this machine and no time but that of the ledger head gets
//! into it, so that the same content is the same file.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};

use anyhow::Result;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::ledger::hex;
use crate::schema::Micros;

const SUMS: &str = "SHA256SUMS";
const CHUNK: usize = 1 << 16;

pub(super) struct Archive<'a> {
    zip: ZipWriter<BufWriter<&'a mut File>>,
    options: SimpleFileOptions,
    /// As `sha256sum` writes and reads them.
    sums: String,
}

impl<'a> Archive<'a> {
    /// Every file in it is of `made_at`.
    pub(super) fn new(file: &'a mut File, made_at: Micros) -> Result<Self> {
        let at = Timestamp::from_microsecond(made_at)?
            .to_zoned(jiff::tz::TimeZone::UTC)
            .datetime();
        let part = |number: i8| u8::try_from(number);
        let time = DateTime::from_date_and_time(
            u16::try_from(at.year())?,
            part(at.month())?,
            part(at.day())?,
            part(at.hour())?,
            part(at.minute())?,
            part(at.second())?,
        )?;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(time)
            .large_file(true)
            .unix_permissions(0o644);
        Ok(Self {
            zip: ZipWriter::new(BufWriter::new(file)),
            options,
            sums: String::new(),
        })
    }

    pub(super) fn add(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.copy(name, &mut io::Cursor::new(bytes))
    }

    /// Adds all that stands in a file, whatever was read of it before.
    pub(super) fn copy(&mut self, name: &str, content: &mut (impl Read + Seek)) -> Result<()> {
        content.seek(SeekFrom::Start(0))?;
        self.zip.start_file(name, self.options)?;
        let mut sum = Sha256::new();
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = content.read(&mut chunk)?;
            let Some(bytes) = chunk.get(..read).filter(|bytes| !bytes.is_empty()) else {
                break;
            };
            sum.update(bytes);
            self.zip.write_all(bytes)?;
        }
        writeln!(self.sums, "{}  {name}", hex(&sum.finalize()))?;
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<()> {
        self.zip.start_file(SUMS, self.options)?;
        self.zip.write_all(self.sums.as_bytes())?;
        self.zip.finish()?.flush()?;
        Ok(())
    }
}
