//! The lake: Delta tables of Parquet files and the ledger that commits them, in one object store. One task owns it; every
//! writer first finishes what a killed run left.
//!
//! A load becomes durable in this order: data files, the ledger entry that names them (the commit), the head, the Delta
//! commits. What stands after the entry can always be done again from it.

mod again;
mod backfill;
pub mod census;
mod adopt;
mod blank;
mod commit;
mod compact;
pub mod delta;
mod erase;
pub mod files;
mod find;
mod hold;
mod keys;
mod known;
mod lock;
mod output;
pub mod parquet;
mod purge;
mod reconcile;
mod rejects;
mod replace;
mod resources;
mod rewrite;
mod roll_forward;
mod sign;
pub mod statistics;
mod vacuum;
pub mod verify;
mod withheld;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use futures::TryStreamExt;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use url::Url;

use crate::atomic::place;
use crate::coverage::StreamState;
use crate::ledger::{Ledger, Sealed, stream_key};
use crate::schema::Table;
use crate::source;

pub use adopt::{Adopted, ForeignCommit};
pub use again::ChangedFile;
pub use backfill::{Filling, Lacking};
pub use commit::{Draft, Quiet};
pub use compact::{Compacted, Compaction, Extent};
use delta::{DeltaTable, Engine};
pub use erase::{Ended, Erasure};
use files::LiveFile;
pub use find::Found;
pub use hold::Hold;
pub use keys::KeyError;
use keys::Keys;
pub use known::{Classified, Incoming};
pub use lock::{Held, Lock};
pub use purge::{Going, Purge};
pub use reconcile::Comparison;
pub use rejects::{KeptReject, RejectFile};
pub use replace::Changed;
pub use rewrite::Rewrite;
pub use roll_forward::Overtaken;
pub use withheld::Withheld;

/// Where things stand below a home directory.
#[derive(Debug, Clone)]
pub struct Home {
    pub dir: PathBuf,
}

/// A home whose name one of the formats below it cannot bear.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {what}")]
pub struct BadHome {
    path: String,
    what: &'static str,
}

impl Home {
    /// The home at a path, absolute where that can be told, so that no reader takes `~` for another place, and without `..`,
    /// which a store of objects does not know: what is there already is asked where it truly is.
    pub fn at(dir: &Path) -> Self {
        let absolute = std::path::absolute(dir).unwrap_or_else(|_| dir.to_path_buf());
        let mut plain = PathBuf::new();
        for part in absolute.components() {
            if part == Component::ParentDir {
                plain = plain.canonicalize().unwrap_or(plain);
                plain.pop();
            } else {
                plain.push(part);
            }
        }
        Self { dir: plain }
    }

    /// Refuses a directory that the formats below it would read as another; nothing has been written then.
    pub fn check(&self) -> Result<(), BadHome> {
        let path = self.dir.display().to_string();
        let bad = |what| {
            Err(BadHome {
                path: path.clone(),
                what,
            })
        };
        let Some(text) = self.dir.to_str() else {
            return bad("its name is not UTF-8");
        };
        if text
            .chars()
            .any(|character| character.is_control() || matches!(character, '?' | '\\'))
        {
            return bad("a name with `?`, a backslash or a control character cannot hold a lake");
        }
        let is_escape = |part: &str| part.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
        if text.split('%').skip(1).any(is_escape) {
            return bad("a name with `%` and two digits, which reads as another character, cannot hold a lake");
        }
        Ok(())
    }

    pub fn lake(&self) -> PathBuf {
        self.dir.join("lake")
    }

    /// Where a symbolic link leads to, there: the files that DuckDB and a rebuild put beside it stand beside the true one.
    pub fn warehouse(&self) -> PathBuf {
        let path = self.dir.join("warehouse.duckdb");
        let target = path.is_symlink().then(|| path.canonicalize().ok()).flatten();
        target.unwrap_or(path)
    }

    /// What a probe of this source found, for later runs.
    pub fn probed(&self, source: &str) -> PathBuf {
        self.dir.join("probes").join(format!("{source}.json"))
    }

    pub fn lock(&self) -> PathBuf {
        self.dir.join(".lock")
    }

    /// The one place that may hold secrets.
    pub fn credentials(&self) -> PathBuf {
        self.dir.join(".credentials")
    }
}

/// An opened lake.
pub struct Lake {
    /// Rooted at the lake: paths of ledger entries are paths here.
    store: Arc<dyn ObjectStore>,
    ledger: Ledger,
    newest: Option<Sealed>,
    tables: BTreeMap<&'static str, OpenTable>,
    /// Rows of files that are looked at again and again.
    remembered: known::Remembered,
    /// The private keys at hand; none where the lake is only read.
    keys: Keys,
    /// Where a local lake stands.
    dir: PathBuf,
}

struct OpenTable {
    table: &'static Table,
    delta: DeltaTable,
    /// `None` until first needed; a table without files has an empty one.
    live: Option<Vec<LiveFile>>,
}

impl Lake {
    /// Opens the lake of a home for reading, and changes nothing. A home without one is an empty lake.
    pub async fn open(home: &Home) -> Result<Self> {
        let mut lake = Self::open_unchecked(home)?;
        lake.newest = lake.ledger.newest().await?;
        if lake.newest.is_none() && lake.has_delta_log().await? {
            bail!(
                "{}: the ledger is missing, although there are Delta tables",
                lake.dir.display()
            );
        }
        Ok(lake)
    }

    /// Whether any table has a log, which only a ledger entry can have made.
    async fn has_delta_log(&self) -> Result<bool> {
        for table in self.tables.keys() {
            let log = object_store::path::Path::from(format!("{table}/_delta_log"));
            if self.store.list(Some(&log)).try_next().await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Opens the lake of a home to be checked: a ledger that cannot be read is found by `verify`, not here.
    pub fn open_unchecked(home: &Home) -> Result<Self> {
        let dir = std::path::absolute(home.lake()).with_context(|| format!("{}", home.lake().display()))?;
        let store: Arc<dyn ObjectStore> = Arc::new(LocalFileSystem::new().with_fsync(true));
        let url =
            Url::from_directory_path(&dir).map_err(|()| anyhow::anyhow!("{}: not a directory path", dir.display()))?;
        let base = object_store::path::Path::from_url_path(url.path())?;
        Self::on(store, &url, base, dir)
    }

    /// As [`Lake::open`], with the keys of the home at hand: for what is only looked at before it is done.
    pub async fn open_with_keys(home: &Home) -> Result<Self> {
        let mut lake = Self::open(home).await?;
        lake.keys = Keys::of(home)?;
        Ok(lake)
    }

    /// Opens the lake of a home for writing, whose lock the caller holds, and finishes what a killed run left.
    pub async fn open_for_writing(home: &Home, lock: &Lock) -> Result<Self> {
        let lake = Self::open_for_adoption(home, lock).await?;
        lake.unrecorded_delta_commits()?.of_entries()?;
        Ok(lake)
    }

    /// As [`Lake::open_for_writing`], also where another program has written to the Delta tables.
    pub async fn open_for_adoption(home: &Home, _lock: &Lock) -> Result<Self> {
        let ledger = home.lake().join(crate::ledger::FOLDER);
        place::create_folder(&ledger).with_context(|| format!("{} cannot be created", ledger.display()))?;
        roll_forward::remove_staged(&home.lake())
            .with_context(|| format!("{} cannot be read", home.lake().display()))?;
        let mut lake = Self::open(home).await?;
        lake.keys = Keys::of(home)?;
        lake.roll_forward()
            .await
            .context("finishing what an earlier run left")?;
        lake.check_erasure_key().await?;
        Ok(lake)
    }

    /// Opens the lake at the root of another object store for writing, and finishes what a killed run left. No lock is taken:
    /// the caller is the only writer.
    pub async fn open_on(store: Arc<dyn ObjectStore>) -> Result<Self> {
        let mut lake = Self::on(
            store,
            &Url::parse("memory:///")?,
            object_store::path::Path::default(),
            PathBuf::new(),
        )?;
        lake.newest = lake.ledger.newest().await?;
        lake.roll_forward()
            .await
            .context("finishing what an earlier run left")?;
        Ok(lake)
    }

    fn on(store: Arc<dyn ObjectStore>, url: &Url, base: object_store::path::Path, dir: PathBuf) -> Result<Self> {
        let engine = Arc::new(Engine::new(Arc::clone(&store))?);
        let store: Arc<dyn ObjectStore> = Arc::new(PrefixStore::new(store, base));
        let ledger = Ledger::new(Arc::clone(&store));
        let mut tables = BTreeMap::new();
        for table in source::TABLES {
            let delta = DeltaTable::new(Arc::clone(&engine), url.join(&format!("{}/", table.name))?);
            tables.insert(
                table.name,
                OpenTable {
                    table,
                    delta,
                    live: None,
                },
            );
        }
        Ok(Self {
            store,
            ledger,
            newest: None,
            tables,
            remembered: known::Remembered::default(),
            keys: Keys::default(),
            dir,
        })
    }

    /// After an error of a commit: finds out how far it came, and finishes it. Nothing else may be committed before, for a
    /// later commit of a table hides that an earlier one is missing.
    pub async fn recover(&mut self) -> Result<()> {
        self.newest = self.ledger.newest().await?;
        self.tables.values_mut().for_each(|open| open.live = None);
        self.remembered = known::Remembered::default();
        self.roll_forward()
            .await
            .context("finishing what could not be committed")
    }

    /// `None` until the first entry makes it.
    pub fn id(&self) -> Option<&str> {
        self.newest.as_ref().map(|newest| newest.entry.lake_id.as_str())
    }

    pub fn newest(&self) -> Option<&Sealed> {
        self.newest.as_ref()
    }

    /// 0 for an empty lake.
    pub fn sequence(&self) -> u64 {
        self.newest.as_ref().map_or(0, |newest| newest.entry.sequence)
    }

    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The absolute path of a file of the lake.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.dir.join(Path::new(relative))
    }

    /// The state of a stream after the newest entry.
    pub async fn state(&self, source: &str, stream: &str) -> Result<Option<StreamState>> {
        let Some(newest) = &self.newest else {
            return Ok(None);
        };
        let Some(sequence) = newest.entry.states.get(&stream_key(source, stream)) else {
            return Ok(None);
        };
        let sealed = self.entry(*sequence).await?;
        let state = sealed.entry.state_of(source, stream);
        let state = state.with_context(|| format!("ledger entry {sequence} holds no state of {source}.{stream}"))?;
        Ok(Some(state.clone()))
    }

    /// Every (source, stream) the ledger holds a state of.
    pub fn streams(&self) -> Vec<(String, String)> {
        let states = self.newest.iter().flat_map(|newest| newest.entry.states.keys());
        states
            .filter_map(|key| key.split_once('.'))
            .map(|(source, stream)| (source.to_owned(), stream.to_owned()))
            .collect()
    }

    /// An entry that must be there.
    pub async fn entry(&self, sequence: u64) -> Result<Sealed> {
        let sealed = self.ledger.read(sequence).await?;
        sealed.with_context(|| format!("ledger entry {sequence} is missing"))
    }

    /// The files of a table's newest version.
    pub fn live_files(&mut self, table: &Table) -> Result<&[LiveFile]> {
        let known_id = self.newest.is_some();
        let Some(open) = self.tables.get_mut(table.name) else {
            bail!("no table {}", table.name);
        };
        if open.live.is_none() {
            let changed = self
                .newest
                .as_ref()
                .is_some_and(|newest| newest.entry.last_changes.contains_key(table.name));
            let files = if known_id && changed {
                blocking(|| open.delta.live_files())?
            } else {
                Vec::new()
            };
            open.live = Some(files);
        }
        Ok(open.live.as_deref().unwrap_or_default())
    }
}

/// Runs a kernel call, which blocks, without holding up the other tasks.
fn blocking<T>(call: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(call)
}
