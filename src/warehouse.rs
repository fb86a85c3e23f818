//! The warehouse: one DuckDB file that follows the lake and can be rebuilt from it at any time. The only user of DuckDB, so
//! that its locks, its storage version and what it must never be allowed to do (fetch extensions, read other files, write
//! when asked to read) are decided in one place.

mod access;
mod catch_up;
mod copy;
mod describe;
mod files;
mod grid;
mod objects;
mod observed;
mod query;
mod revisions;
mod statement;
mod sums;
mod tables;
mod wordings;
mod workplace;
mod zone;

use std::path::{Path, PathBuf};

use crate::schema::{Micros, Table};
use access::Means;

pub use copy::{Way, place_of_rebuild, put_rebuilt};
pub use describe::{Described, DescribedColumn};
pub use grid::{Cell, Grid, GridColumn, local_time};
pub use query::Chunk;
pub use sums::{MonthSum, month_sums};
pub use workplace::{Calendar, Person, Workplace};

/// A warehouse opened to be read. While it lives no process can write the file; drop it before [`catch_up`] is called, for
/// DuckDB's locks do not tell two handles of one process apart.
pub struct Warehouse {
    connection: duckdb::Connection,
    path: PathBuf,
    /// Where large sorts spill, so that reading writes nothing beside the warehouse.
    _scratch: Option<tempfile::TempDir>,
}

/// What the file says it has applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Following {
    pub lake_id: String,
    /// The newest ledger entry whose rows it holds.
    pub sequence: u64,
}

/// A live data file of the lake.
#[derive(Debug, Clone)]
pub struct DataFile {
    pub table: &'static Table,
    /// Absolute; any character may stand in it.
    pub path: PathBuf,
    pub source: String,
    /// `2025-07`, in UTC.
    pub month: String,
    pub rows: u64,
    pub min_load: i64,
    pub max_load: i64,
}

/// One row of the table `loads`: a stream's part in a ledger entry.
#[derive(Debug, Clone, Default)]
pub struct LoadRow {
    pub load: i64,
    pub run_id: String,
    pub kind: String,
    pub source: Option<String>,
    pub stream: Option<String>,
    pub started_at: Micros,
    pub finished_at: Micros,
    pub version: String,
    pub requests: u64,
    pub pages: u64,
    pub received: u64,
    pub stored: u64,
    pub duplicates: u64,
    pub revisions: u64,
    pub drift: u64,
    pub rejects: u64,
    pub withheld: u64,
    pub files: u64,
    pub bytes: u64,
    /// In hexadecimal.
    pub entry_sha256: String,
}

/// One row of the table `coverage`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageRow {
    pub source: String,
    pub stream: String,
    pub from_at: Micros,
    pub to_at: Micros,
    pub state: String,
    pub collected_at: Micros,
}

/// One row of the table `coverage_gaps`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GapRow {
    pub source: String,
    pub stream: String,
    pub gap_from: Micros,
    pub gap_to: Micros,
    pub reason: String,
}

/// One row of the table `vanished_records`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VanishedRow {
    /// The ledger entry that says so.
    pub load: i64,
    pub source: String,
    pub stream: String,
    pub table_name: String,
    pub id: String,
    pub occurred_at: Micros,
    pub observed_at: Micros,
}

/// The rows of one table, source and month, to be deleted and read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reread {
    pub table: &'static str,
    pub source: String,
    /// `2025-07`, in UTC.
    pub month: String,
}

/// What the lake has that the warehouse has not.
#[derive(Debug, Clone, Default)]
pub struct Increment {
    pub lake_id: String,
    /// The newest ledger entry; rows of a later load are not read.
    pub sequence: u64,
    /// Every live file that may hold a row of a load after the applied one, and every live file of what `reread` names.
    pub files: Vec<DataFile>,
    /// Of the entries after the applied one.
    pub loads: Vec<LoadRow>,
    /// The whole of it; replaces what is there.
    pub coverage: Vec<CoverageRow>,
    /// The whole of it; replaces what is there.
    pub gaps: Vec<GapRow>,
    pub reread: Vec<Reread>,
    /// Of the entries after the applied one.
    pub vanished: Vec<VanishedRow>,
    /// Whether no block of the old file may stay: a person was erased.
    pub is_anew: bool,
}

impl Increment {
    /// At most so many rows come of it.
    fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).fold(0, u64::saturating_add)
    }
}

/// Why the warehouse could not be used.
#[derive(Debug, thiserror::Error)]
pub enum WarehouseError {
    #[error("{}: there is no warehouse", path.display())]
    Missing { path: PathBuf },
    #[error("{}: held by {by}", path.display())]
    Held { path: PathBuf, by: String },
    #[error("{}: not a warehouse of trailhouse: {reason}", path.display())]
    Foreign { path: PathBuf, reason: String },
    #[error("{}: follows the lake {found}, not {wanted}", path.display())]
    OtherLake {
        path: PathBuf,
        found: String,
        wanted: String,
    },
    #[error("{}: has applied ledger entry {found}, but the newest is {newest}", path.display())]
    Ahead { path: PathBuf, found: u64, newest: u64 },
    /// The query would do more than read the warehouse.
    #[error("the warehouse is read-only: {reason}")]
    Refused { reason: String, hint: &'static str },
    /// The query is wrong, or failed; DuckDB's own words.
    #[error("{message}")]
    Query { message: String },
    #[error("{}: {step}", path.display())]
    Failed {
        path: PathBuf,
        step: String,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl WarehouseError {
    /// What to do about it, for a line of its own below the message.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Missing { .. } => Some("run `trailhouse sync` first"),
            Self::Held { .. } => Some("close the warehouse there, then try again; nothing is lost"),
            Self::Foreign { .. } => Some("move the file away, then run `trailhouse rebuild`"),
            Self::OtherLake { .. } | Self::Ahead { .. } => Some(
                "one of the two was moved or restored; `trailhouse rebuild` makes the warehouse anew from this lake",
            ),
            Self::Refused { hint, .. } => Some(hint),
            Self::Query { .. } | Self::Failed { .. } => None,
        }
    }
}

/// What the warehouse at `path` has applied; `None` where there is no file.
pub fn following(path: &Path) -> Result<Option<Following>, WarehouseError> {
    match Warehouse::open_read_only(path) {
        Ok(warehouse) => warehouse.following().map(Some),
        Err(WarehouseError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Applies an increment, and makes the warehouse where there is none. Rows come in steps of whole loads, each one transaction
/// which leaves `sequence`, the rows and `loads` in agreement; coverage and gaps come with the last. Views, comments and the
/// local times are brought up to this program's and to what is said of the workplace. No `.wal` stays behind.
///
/// While another process reads the file, a copy is brought up to date and put in its place; where that cannot be done safely,
/// the error is [`WarehouseError::Held`] and nothing has changed. It takes little memory, but for more than two million rows,
/// as after an import, as much as a file made anew.
pub fn catch_up(path: &Path, workplace: &Workplace, increment: &Increment) -> Result<Way, WarehouseError> {
    let means = Means::following(increment.rows());
    copy::catch_up(path, workplace, increment, means)
}

/// The same for a file that nobody has opened yet, made of all rows while somebody waits: with more memory, two threads and
/// fewer transactions.
pub fn build(path: &Path, workplace: &Workplace, increment: &Increment) -> Result<(), WarehouseError> {
    copy::catch_up(path, workplace, increment, Means::AMPLE).map(|_in_place| ())
}

/// Whether changes stand beside the file that are not in it yet: a writer was ended before it could write them out.
pub fn has_log(path: &Path) -> bool {
    access::wal_of(path).exists()
}

/// Tables, views, macros and other objects in the warehouse that trailhouse did not make, such as `view main.mine`; a rebuild
/// would lose them.
pub fn foreign_objects(path: &Path) -> Result<Vec<String>, WarehouseError> {
    let warehouse = Warehouse::open_read_only(path)?;
    describe::foreign_objects(&warehouse)
}

impl Warehouse {
    /// Opens the file for reading alone; when a writer holds it, tries again for five seconds.
    pub fn open_read_only(path: &Path) -> Result<Self, WarehouseError> {
        access::open_reading(path)
    }

    pub fn following(&self) -> Result<Following, WarehouseError> {
        access::following(&self.connection, &self.path)
    }

    /// Whether its tables, views, comments and local times are this program's, for a workplace; a catch-up makes them so, even
    /// with an increment without rows.
    pub fn is_current(&self, workplace: &Workplace) -> Result<bool, WarehouseError> {
        objects::is_current(&self.connection, &self.path, workplace)
    }

    /// Whether it holds the people and the calendar of a workplace, as far as that names any.
    pub fn holds(&self, workplace: &Workplace) -> Result<bool, WarehouseError> {
        let failed = |error| access::failed(&self.path, "its reference data cannot be read", error);
        workplace.is_held(&self.connection).map_err(failed)
    }

    /// Runs exactly one statement that only reads. `parameters` are bound to `$name`; one without a value is null.
    pub fn query(&self, sql: &str, parameters: &[(String, Option<String>)]) -> Result<Grid, WarehouseError> {
        let mut all = Grid::default();
        self.chunks(sql, parameters, &mut |chunk| {
            let chunk = chunk.into_grid();
            all.columns = chunk.columns;
            all.rows.extend(chunk.rows);
            Ok::<_, WarehouseError>(())
        })?;
        Ok(all)
    }

    /// As [`Warehouse::query`], for any number of rows: `take` is given them some thousands at a time, each time with the
    /// columns, and at least once.
    pub fn chunks<E: From<WarehouseError>>(
        &self,
        sql: &str,
        parameters: &[(String, Option<String>)],
        take: &mut dyn FnMut(Chunk) -> Result<(), E>,
    ) -> Result<(), E> {
        query::run(&self.connection, sql, parameters, take)
    }

    /// Makes the table macro `name(parameters)` of one reading statement, for as long as this value lives.
    pub fn define(&self, name: &str, parameters: &str, text: &str) -> Result<(), WarehouseError> {
        query::define(&self.connection, name, parameters, text)
    }

    /// Lets other threads end what runs here: the query then fails as interrupted.
    pub fn interrupter(&self) -> impl Fn() + Send + 'static {
        let handle = self.connection.interrupt_handle();
        move || handle.interrupt()
    }

    /// The tables, views and reports with what they and their columns mean, in the order a reader wants them.
    pub fn describe(&self) -> Result<Vec<Described>, WarehouseError> {
        describe::describe(self)
    }
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod following_tests;
#[cfg(test)]
mod holding_tests;
#[cfg(test)]
mod memory_tests;
#[cfg(test)]
mod reading_tests;
#[cfg(test)]
mod upgrade_tests;
