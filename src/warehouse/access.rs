//! Opening the file: which settings DuckDB gets, and what its lock and format errors mean. Apart from what is done with the
//! connection, so that no connection is ever made without the settings that keep it at home.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use duckdb::{AccessMode, Config, Connection};

use super::tables::literal;
use super::{Following, Warehouse, WarehouseError};

/// The oldest DuckDB that can open the file.
const STORAGE_VERSION: &str = "v1.2.0";
/// How often, and how far apart, a held file is tried: five seconds in all.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);
/// Rows that are packed together. What DuckDB cannot spill while it packs them is nearly twice the text of one column of so
/// many rows, each up to 4 KiB: its own number, twelve times as great, fails at some hundreds of bytes a row.
const ROW_GROUP_ROWS: u32 = 10_240;
/// What a writing connection may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Means {
    /// Bytes it keeps in memory before it spills. What it cannot spill grows with the widest rows, so that some need more: see
    /// [`more_memory`].
    pub(super) memory: u64,
    /// Each pins a block of every column.
    pub(super) threads: i64,
    /// After about so many rows a transaction ends with the load it is in.
    pub(super) step_rows: u64,
}

impl Means {
    /// Beside a load: it must not decide how much memory that takes.
    pub(super) const SPARING: Self = Self {
        memory: 28_000_000,
        threads: 1,
        step_rows: 200_000,
    };
    /// For a file that is made anew, or of which most comes now, while nothing else is done and somebody waits: more than twice
    /// as fast.
    pub(super) const AMPLE: Self = Self {
        memory: 256_000_000,
        threads: 2,
        step_rows: 4_000_000,
    };

    /// What so many rows are followed with.
    pub(super) fn following(rows: u64) -> Self {
        if rows > MANY_ROWS { Self::AMPLE } else { Self::SPARING }
    }
}

/// More rows than these come of an import or the like, and are worth more memory and threads.
const MANY_ROWS: u64 = 2_000_000;

/// Threads of a reading that may use only so much memory.
const READING_THREADS: i64 = 2;

/// No connection may fetch or load an extension: what is needed is compiled in.
fn closed() -> duckdb::Result<Config> {
    Config::default()
        .enable_autoload_extension(false)?
        .with("allow_community_extensions", "false")
}

fn reading(scratch: Option<&Path>, memory: Option<u64>) -> duckdb::Result<Config> {
    let scratch = scratch.and_then(Path::to_str).unwrap_or_default();
    let config = closed()?
        .access_mode(AccessMode::ReadOnly)?
        .with("temp_directory", scratch)?
        .enable_external_access(false)?
        // What stands in a view twice, and is small, would be worked out once: but no join looks for its rows through that, and
        // who joins `events` with a few things would read them all.
        .with("disabled_optimizers", "common_subplan")?
        .with("lock_configuration", "true")?;
    match memory {
        Some(memory) => config.max_memory(&format!("{memory}B"))?.threads(READING_THREADS),
        None => Ok(config),
    }
}

fn writing(scratch: &Path, means: Means) -> duckdb::Result<Config> {
    closed()?
        .with("storage_compatibility_version", STORAGE_VERSION)?
        .with("temp_directory", scratch.to_string_lossy())?
        .with("preserve_insertion_order", "false")?
        .with("enable_external_file_cache", "false")?
        .max_memory(&format!("{}B", means.memory))?
        .threads(means.threads)?
        // Threads for I/O keep memory of their own, which the limit does not see.
        .with("async_threads", "0")
}

/// Opens for reading; a file held by a writer is tried again for five seconds.
pub(super) fn open_reading(path: &Path) -> Result<Warehouse, WarehouseError> {
    open_patiently(path, None)
}

/// The same, with no more than so many bytes of memory.
pub(super) fn open_reading_within(path: &Path, memory: u64) -> Result<Warehouse, WarehouseError> {
    open_patiently(path, Some(memory))
}

fn open_patiently(path: &Path, memory: Option<u64>) -> Result<Warehouse, WarehouseError> {
    let scratch = tempfile::tempdir().ok();
    let mut tries = 1;
    loop {
        match open(path, scratch.as_ref().map(tempfile::TempDir::path), memory) {
            Ok(connection) => {
                return Ok(Warehouse {
                    connection,
                    path: path.to_path_buf(),
                    _scratch: scratch,
                });
            }
            Err(WarehouseError::Held { .. }) if tries < TRIES => {
                tries += 1;
                sleep(PAUSE);
            }
            Err(error) => return Err(error),
        }
    }
}

/// One attempt to open for reading. It succeeds where the only other holders are readers too.
pub(super) fn open_once(path: &Path, scratch: Option<&Path>) -> Result<Connection, WarehouseError> {
    open(path, scratch, None)
}

fn open(path: &Path, scratch: Option<&Path>, memory: Option<u64>) -> Result<Connection, WarehouseError> {
    match path.try_exists() {
        Ok(true) => {}
        Ok(false) => {
            return Err(WarehouseError::Missing {
                path: path.to_path_buf(),
            });
        }
        Err(error) => return Err(failed(path, "cannot be looked at", error)),
    }
    reading(scratch, memory)
        .and_then(|config| Connection::open_with_flags(path, config))
        .map_err(|error| opening(path, error))
}

/// Opens for writing, or makes the file; spills what does not fit into memory into `scratch`, which DuckDB makes when it
/// needs it. The file is attached, because the size of its row groups can be told in no other way.
pub(super) fn open_writing(path: &Path, scratch: &Path, means: Means) -> Result<Connection, WarehouseError> {
    if path.to_string_lossy().contains('?') {
        // It would take the rest for the query of an address, and put its log elsewhere.
        return Err(failed(
            path,
            "cannot be opened",
            "DuckDB cannot keep a database below a name with a `?`",
        ));
    }
    let open = || -> duckdb::Result<Connection> {
        let connection = Connection::open_in_memory_with_flags(writing(scratch, means)?)?;
        // A setting of the Parquet reader, which knows it only now: whole columns read ahead would need the memory twice.
        connection.execute_batch("set disable_parquet_prefetching = true")?;
        connection.execute_batch(&format!(
            "attach {} as warehouse (row_group_size {ROW_GROUP_ROWS}); use warehouse",
            literal(&path.to_string_lossy())
        ))?;
        Ok(connection)
    };
    open().map_err(|error| opening(path, error))
}

/// Half as much again, or what is left of what DuckDB would take of this machine; `None` where that is all used already.
pub(super) fn more_memory(memory: u64) -> Option<u64> {
    let all = || -> duckdb::Result<u64> {
        let connection = Connection::open_in_memory_with_flags(closed()?)?;
        connection.query_row(
            "select parse_formatted_bytes(current_setting('memory_limit'))::ubigint",
            [],
            |row| row.get(0),
        )
    };
    let more = all().ok()?.min(memory + memory / 2);
    (more > memory).then_some(more)
}

/// The folder beside the warehouse that a writer spills into.
pub(super) fn scratch_of(path: &Path) -> PathBuf {
    suffixed(path, ".tmp")
}

/// DuckDB's log of changes that are not yet in the file.
pub(super) fn wal_of(path: &Path) -> PathBuf {
    suffixed(path, ".wal")
}

pub(super) fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Reads the table `trailhouse`.
pub(super) fn following(connection: &Connection, path: &Path) -> Result<Following, WarehouseError> {
    connection
        .query_row("select lake_id, sequence from main.trailhouse", [], |row| {
            Ok(Following {
                lake_id: row.get(0)?,
                sequence: row.get(1)?,
            })
        })
        .map_err(|error| no_following(path, error))
}

/// DuckDB tells only by its text that there is no such table. It is not asked which tables there are, for it would read the
/// texts of all its own views first.
fn no_following(path: &Path, error: duckdb::Error) -> WarehouseError {
    if error.to_string().contains("Table with name trailhouse does not exist") {
        return WarehouseError::Foreign {
            path: path.to_path_buf(),
            reason: "it has no table `trailhouse`".to_owned(),
        };
    }
    failed(path, "its table `trailhouse` cannot be read", error)
}

pub(super) fn failed(
    path: &Path,
    step: impl Into<String>,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> WarehouseError {
    WarehouseError::Failed {
        path: path.to_path_buf(),
        step: step.into(),
        source: source.into(),
    }
}

/// Whether the work failed for want of memory, so that more may help.
pub(super) fn is_out_of_memory(error: &WarehouseError) -> bool {
    let WarehouseError::Failed { source, .. } = error else {
        return false;
    };
    let text = source.to_string().to_lowercase();
    // A commit or a checkpoint that fails tells only what it was that could not be had.
    let signs = [
        "out of memory",
        "failed to pin block",
        "failed to allocate",
        "failed to resize",
        "failed to reserve",
        "could not allocate",
        "std::bad_alloc",
    ];
    signs.iter().any(|sign| text.contains(sign))
}

/// DuckDB tells apart only by its text whether a file is held, is none of its own, or cannot be reached.
fn opening(path: &Path, error: duckdb::Error) -> WarehouseError {
    let text = error.to_string();
    let path_buf = path.to_path_buf();
    if text.contains("Could not set lock on file") && !text.contains("not supported for this file system") {
        return WarehouseError::Held {
            path: path_buf,
            by: holder(&text),
        };
    }
    let foreign = [
        "not a valid DuckDB database",
        "newer version",
        "Serialization Error",
        "Corrupt",
        "corrupt",
        "checksum",
    ];
    if foreign.iter().any(|sign| text.contains(sign)) {
        let reason = text.lines().next().unwrap_or_default().to_owned();
        return WarehouseError::Foreign { path: path_buf, reason };
    }
    failed(path, "cannot be opened", error)
}

/// The program and process number, as DuckDB tells them where the system does.
fn holder(text: &str) -> String {
    let Some((_, rest)) = text.split_once("Conflicting lock is held in ") else {
        let own = text.contains("already held in current process");
        return if own { "this process" } else { "another process" }.to_owned();
    };
    let end = rest.split_once(". However").or_else(|| rest.split_once(". See also"));
    end.map_or(rest, |(named, _)| named).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_rows_are_followed_with_more_memory_than_a_load_may_take() {
        assert_eq!(Means::following(0), Means::SPARING);
        assert_eq!(Means::following(MANY_ROWS), Means::SPARING);
        assert_eq!(Means::following(MANY_ROWS + 1), Means::AMPLE);
    }

    #[test]
    fn the_holder_is_named_where_the_system_names_it() {
        let cases = [
            (
                r#"IO Error: Could not set lock on file "/d/w.duckdb": Conflicting lock is held in /usr/bin/python3 (PID 24571). See also https://duckdb.org"#,
                "/usr/bin/python3 (PID 24571)",
            ),
            (
                r#"IO Error: Could not set lock on file "/d/w (1).duckdb": Conflicting lock is held in /opt/a. b/duckdb (PID 7). However, you would be able"#,
                "/opt/a. b/duckdb (PID 7)",
            ),
            (
                r#"IO Error: Could not set lock on file "/d/w.duckdb": Lock is already held in current process"#,
                "this process",
            ),
            (
                r#"IO Error: Could not set lock on file "/d/w.duckdb": . See also https://duckdb.org"#,
                "another process",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(holder(text), expected, "{text}");
        }
    }
}
