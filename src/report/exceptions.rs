//! `exceptions.csv`: findings that somebody has accepted, why, and until when. The user's file, read as it is; a line that
//! cannot be understood is an error, for a finding must not be taken for accepted by mistake.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

const COLUMNS: [&str; 5] = ["report", "key", "reason", "by", "until"];

/// The accepted findings, by report and key.
#[derive(Debug, Clone, Default)]
pub struct Exceptions {
    by_key: BTreeMap<(String, String), Exception>,
}

/// One accepted finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Exception {
    pub(super) reason: String,
    pub(super) by: String,
    /// The last day on which it holds.
    pub(super) until: Date,
}

/// An exceptions file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {what}", path.display())]
pub struct ExceptionsError {
    path: PathBuf,
    what: String,
}

impl ExceptionsError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        "it is a CSV file with the columns report,key,reason,by,until; `key` is the finding_key of a finding, `until` a date"
    }
}

impl Exceptions {
    /// Reads a file; where it is missing there are no exceptions, unless somebody has named it.
    pub fn read(path: &Path, is_named: bool) -> Result<Self, ExceptionsError> {
        let failed = |what: String| ExceptionsError {
            path: path.to_owned(),
            what,
        };
        match std::fs::read(path) {
            Ok(bytes) => Self::parse(&bytes).map_err(failed),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !is_named => Ok(Self::default()),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut reader = ::csv::ReaderBuilder::new().trim(::csv::Trim::All).from_reader(bytes);
        let headers = reader.headers().map_err(|error| error.to_string())?.clone();
        let place = |name: &str| {
            headers
                .iter()
                .position(|header| header.trim_start_matches('\u{feff}') == name)
        };
        let mut places = Vec::with_capacity(COLUMNS.len());
        for name in COLUMNS {
            places.push(place(name).ok_or_else(|| format!("no column `{name}`"))?);
        }
        let mut by_key = BTreeMap::new();
        for record in reader.records() {
            let record = record.map_err(|error| error.to_string())?;
            let line = record.position().map_or(0, ::csv::Position::line);
            let fields: Vec<&str> = places.iter().map(|at| record.get(*at).unwrap_or_default()).collect();
            let [report, key, reason, by, until] = fields.as_slice() else {
                return Err(format!("line {line}: not five fields"));
            };
            for (name, value) in COLUMNS.iter().zip(&fields) {
                if value.is_empty() {
                    return Err(format!("line {line}: no `{name}`"));
                }
            }
            let until: Date = until
                .parse()
                .map_err(|_unreadable| format!("line {line}: `{until}` is no date such as 2026-12-31"))?;
            let exception = Exception {
                reason: (*reason).to_owned(),
                by: (*by).to_owned(),
                until,
            };
            let key = ((*report).to_owned(), key.to_lowercase());
            if by_key.insert(key, exception).is_some() {
                return Err(format!("line {line}: the finding is accepted twice"));
            }
        }
        Ok(Self { by_key })
    }

    /// The reports of which findings are accepted, each once.
    pub fn reports(&self) -> BTreeSet<&str> {
        self.by_key.keys().map(|(report, _)| report.as_str()).collect()
    }

    pub(super) fn of(&self, report: &str, key: &str) -> Option<&Exception> {
        self.by_key.get(&(report.to_owned(), key.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_or_its_line_is_named() {
        let read = Exceptions::parse(
            "\u{feff}key,report,by,until,reason\nAB12,logins,Ada, 2026-12-31 ,\"known, and fine\"\n".as_bytes(),
        );
        let read = read.unwrap();
        let found = read.of("logins", "ab12").unwrap();
        assert_eq!(
            (found.reason.as_str(), found.until.to_string().as_str()),
            ("known, and fine", "2026-12-31")
        );
        assert_eq!(read.of("deletions", "ab12"), None);
        let head = "report,key,reason,by,until\n";
        let cases = [
            ("report,key,reason,until\n".to_owned(), "no column `by`"),
            (
                format!("{head}a,b,c,d,soon\n"),
                "line 2: `soon` is no date such as 2026-12-31",
            ),
            (format!("{head}a,b,,d,2026-01-01\n"), "line 2: no `reason`"),
            (
                format!("{head}a,b,c,d,2026-01-01\na,B,c,d,2026-01-01\n"),
                "line 3: the finding is accepted twice",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(Exceptions::parse(text.as_bytes()).unwrap_err(), expected);
        }
        Exceptions::parse(format!("{head}a,b\n").as_bytes()).unwrap_err();
    }
}
