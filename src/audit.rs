//! An independent second reading of the lake, for `verify --deep`: every data file read by polars, every row flattened again
//! from the JSON it came as, every digest computed again. It shares the declarations of columns and streams with the loader,
//! and none of its code, so that a mistake there is not repeated here. Offline; it changes nothing.
//!
//! What it is told of the lake is plain data. Memory is bounded: files are read in steps, and the hashes of only so many rows
//! are held at once.

mod check;
mod digests;
mod fingerprint;
mod reading;
mod rows;
mod scan;
mod tally;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};

use crate::schema::{Micros, Table};
use crate::source;
use check::Checker;
use digests::Digests;

pub use fingerprint::{Fingerprint, Month, compare};
pub use reading::{Reader, Reading, Value};

/// What the ledger and the Delta logs say of a lake.
#[derive(Debug, Default)]
pub struct Claims {
    pub folder: PathBuf,
    /// Of every file that a load has added, whether it still stands there or not.
    pub loads: Vec<LoadClaim>,
    /// Of every live file.
    pub files: Vec<FileClaim>,
}

/// What a load brought to one partition.
#[derive(Debug, Clone)]
pub struct LoadClaim {
    /// The file it was written to, relative to the lake: table, `source=…`, `month=…`, name.
    pub path: String,
    pub load: i64,
    pub rows: u64,
    /// SHA-256 over the sorted SHA-256 of `raw`, in hexadecimal.
    pub digest: String,
}

/// What is said of a live file.
#[derive(Debug, Clone)]
pub struct FileClaim {
    pub path: String,
    pub rows: u64,
    /// What each load brought of its rows, where that is told of the file.
    pub loads: Vec<PartClaim>,
    /// Whether its rows should be in the order of their event time.
    pub is_sorted: bool,
    /// Name, least and greatest value of time columns.
    pub bounds: Vec<(String, Micros, Micros)>,
}

/// The rows of one load in a file that holds several.
#[derive(Debug, Clone)]
pub struct PartClaim {
    pub load: i64,
    pub rows: u64,
    /// As that of a load, of these rows.
    pub digest: String,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A file, relative to the lake; or the warehouse's.
    pub object: String,
    pub what: String,
}

/// What was read and what was found.
#[derive(Debug, Default)]
pub struct Outcome {
    pub files: u64,
    pub rows: u64,
    /// Digests of a load's records in a partition that were computed and compared.
    pub digests: u64,
    pub findings: Vec<Finding>,
    /// What a warehouse of this lake must hold; of a month whose files could not all be read, nothing is known.
    pub months: BTreeMap<Month, Option<Fingerprint>>,
}

/// The files and loads of one partition of one table.
#[derive(Default)]
struct Partition<'a> {
    files: Vec<&'a FileClaim>,
    loads: BTreeMap<i64, &'a LoadClaim>,
}

/// Reads the whole lake; `tell` is told the number of rows read so far.
pub fn read(claims: &Claims, tell: &mut dyn FnMut(u64)) -> Outcome {
    let mut outcome = Outcome::default();
    let mut partitions: BTreeMap<Month, Partition<'_>> = BTreeMap::new();
    for file in &claims.files {
        match place_of(&file.path) {
            Some(month) => partitions.entry(month).or_default().files.push(file),
            None => outcome.find(&file.path, "not in the folder of a partition"),
        }
    }
    for load in &claims.loads {
        if let Some(month) = place_of(&load.path) {
            partitions.entry(month).or_default().loads.insert(load.load, load);
        }
    }
    let hook = std::panic::take_hook();
    // A damaged file can make its reader panic; that is told as a finding.
    std::panic::set_hook(Box::new(|_| {}));
    for (month, partition) in &partitions {
        match source::table(&month.table) {
            Some(table) => partition.read(claims, (month, table), &mut outcome, tell),
            None => outcome.find(&month.table, "a table this program does not know"),
        }
    }
    std::panic::set_hook(hook);
    outcome
}

/// Table, source and month that a path names.
fn place_of(path: &str) -> Option<Month> {
    let mut parts = path.split('/');
    let (table, source, month) = (parts.next()?, parts.next()?, parts.next()?);
    Some(Month {
        table: table.to_owned(),
        source: source.strip_prefix("source=")?.to_owned(),
        month: month.strip_prefix("month=")?.to_owned(),
    })
}

impl Outcome {
    fn find(&mut self, object: &str, what: impl Into<String>) {
        self.findings.push(Finding {
            object: object.to_owned(),
            what: what.into(),
        });
    }

    /// Checks one file; what its rows come to, and whether they could be read to the last.
    fn check(
        &mut self,
        mut checker: Checker<'_>,
        path: &Path,
        digests: &mut Digests,
        tell: &mut dyn FnMut(u64),
    ) -> (Fingerprint, Result<()>) {
        let mut count = |rows| {
            self.rows += rows;
            tell(self.rows);
        };
        let mut parts = Digests::of(checker.file.loads.iter().map(|part| part.load).collect());
        let read = caught(|| checker.read(path, (digests, &mut parts), &mut count));
        self.files += 1;
        if read.is_ok() {
            let (compared, found) = parts.compare_parts(checker.file);
            self.digests += compared;
            self.findings.extend(found);
        }
        self.findings.extend(checker.tally.findings(&checker.file.path));
        (checker.sum, read)
    }
}

impl Partition<'_> {
    fn read(
        &self,
        claims: &Claims,
        (month, table): (&Month, &'static Table),
        outcome: &mut Outcome,
        tell: &mut dyn FnMut(u64),
    ) {
        let raw = table.lake_columns().into_iter().find(|column| column.name == "raw");
        let (mut is_whole, mut sum) = (true, Fingerprint::default());
        for (pass, loads) in digests::passes(&self.loads).into_iter().enumerate() {
            let mut digests = Digests::of(loads);
            for file in &self.files {
                let path = claims.folder.join(&file.path);
                let read = if let (true, Some(raw)) = (pass > 0, &raw) {
                    caught(|| digests.read(&path, raw))
                } else {
                    let checker = Checker::new(table, month, file, &self.loads);
                    let (found, read) = outcome.check(checker, &path, &mut digests, tell);
                    sum += found;
                    read
                };
                if let Err(error) = read {
                    is_whole = false;
                    outcome.find(&file.path, format!("its rows cannot be read: {error:#}"));
                }
            }
            // Without all files no load is whole, and why has been said.
            if is_whole {
                let (compared, found) = digests.compare(&self.loads);
                outcome.digests += compared;
                outcome.findings.extend(found);
            }
        }
        outcome.months.insert(month.clone(), is_whole.then_some(sum));
    }
}

/// A panic of the reader as an error.
fn caught(read: impl FnOnce() -> Result<()>) -> Result<()> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        Err(anyhow!("{}", text.unwrap_or_else(|| "its reader gave up".to_owned())))
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
