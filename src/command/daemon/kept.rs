//! What the daemon remembers from one start to the next, in `schedule.json` of the home, and that only one keeps a schedule at a
//! time. Its own file because what it writes decides whether a job is lost or run twice.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::{Context, Failure};
use crate::alert::{Told, Waiting};
use crate::atomic::{self, place};
use crate::config::Config;
use crate::schedule::{Begun, Record, Run};

const FILE: &str = "schedule.json";
/// Where one that could not be understood is kept.
const UNSOUND: &str = "schedule.json.unsound";
const LOCK: &str = ".schedule.lock";

/// The file, and what stands in it.
pub(super) struct Kept {
    path: PathBuf,
    mode: Option<u32>,
    pub(super) memory: Memory,
}

#[derive(Default, Serialize, Deserialize)]
pub(in crate::command) struct Memory {
    /// By the name of the entry; of one that is not configured any more too, for it may come back.
    #[serde(default)]
    pub(in crate::command) entries: BTreeMap<String, Record>,
    #[serde(default)]
    pub(super) told: Told,
    /// What has happened and is not told yet: written together with what says that it has happened.
    #[serde(default)]
    pub(super) waiting: Waiting,
}

/// Takes the schedule of a home for this process; nothing where another has it.
pub(super) fn lock(home: &Path) -> Result<Option<File>, Failure> {
    let unusable = |error: std::io::Error| {
        Failure::failed(format!("{}: the schedule cannot be kept: {error}", home.display()))
            .hinted("check the owner and the rights of the directory, or name another with --dir")
    };
    place::create_folder(home).map_err(unusable)?;
    let file = place::open_or_create(&home.join(LOCK)).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}

/// What is remembered in a home; nothing is written. A file that is not sound is said, and as good as none.
pub(in crate::command) fn read(context: &Context, home: &Path) -> Memory {
    let path = home.join(FILE);
    let unsound = |why: String| unsound(context, &path, &why);
    match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| unsound(error.to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Memory::default(),
        Err(error) => unsound(error.to_string()),
    }
}

/// The same for who writes it anew: what cannot be understood is kept beside, and what cannot be read is not replaced.
fn read_or_put_aside(context: &Context, home: &Path) -> Result<Memory, Failure> {
    let path = home.join(FILE);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Memory::default()),
        Err(error) => {
            let failure = Failure::failed(format!("{}: cannot be read: {error}", path.display()));
            return Err(failure.hinted("what has run before stands in it; check its owner and its rights"));
        }
    };
    let error = match serde_json::from_slice(&bytes) {
        Ok(memory) => return Ok(memory),
        Err(error) => error,
    };
    let aside = home.join(UNSOUND);
    place::rename(&path, &aside).map_err(|error| Failure::failed(format!("{}: {error}", aside.display())))?;
    let text = format!("what stands in it is kept as {}", aside.display());
    context.terminal.warn(&text);
    Ok(unsound(context, &path, &error.to_string()))
}

fn unsound(context: &Context, path: &Path, why: &str) -> Memory {
    context.terminal.warn(&format!(
        "{}: {why}; what has run before is not known, and nothing is caught up",
        path.display()
    ));
    Memory::default()
}

/// Says that something could not be written. A job that runs again, or an event that is told again, is no harm.
pub(super) fn tell_of(context: &Context, written: Result<(), Failure>) {
    if let Err(failure) = written {
        let text = format!("{}; after a restart a job may run again", failure.message);
        context.terminal.warn(&text);
    }
}

impl Kept {
    /// Reads what is remembered; an entry that is new is due from now on.
    pub(super) fn open(context: &Context, config: &Config, now: Timestamp) -> Result<Self, Failure> {
        let mut memory = read_or_put_aside(context, &config.dir)?;
        for entry in &config.schedule {
            let record = memory.entries.entry(entry.name.clone());
            record.or_insert_with(|| Record::new(now)).follow(&entry.timing, now);
        }
        let kept = Self {
            path: config.dir.join(FILE),
            mode: config.share_group.then_some(0o640),
            memory,
        };
        kept.write()?;
        Ok(kept)
    }

    pub(super) fn write(&self) -> Result<(), Failure> {
        let mut bytes = serde_json::to_vec_pretty(&self.memory).map_err(anyhow::Error::from)?;
        bytes.push(b'\n');
        let written = atomic::replace_with(&self.path, self.mode, |file| file.write_all(&bytes));
        written.map_err(|error| Failure::from(anyhow::Error::from(error)))
    }

    /// The clock shows a time. Says whether it was put back behind something that has run.
    pub(super) fn look(&mut self, now: Timestamp) -> bool {
        let looked = self.memory.entries.values_mut().map(|record| record.look(now));
        looked.fold(false, |any, was_put_back| any | was_put_back)
    }

    /// Durable before the job starts: should this process be killed, the next knows that it was at work.
    pub(super) fn begin(&mut self, name: &str, begun: Begun) -> Result<(), Failure> {
        if let Some(record) = self.memory.entries.get_mut(name) {
            record.running = Some(begun);
        }
        self.write()
    }

    pub(super) fn settle(&mut self, name: &str, run: Run) -> Result<(), Failure> {
        if let Some(record) = self.memory.entries.get_mut(name) {
            record.settle(run);
        }
        self.write()
    }

    /// The job was stopped with the daemon, and is still due.
    pub(super) fn stop(&mut self, name: &str, run: Run) -> Result<(), Failure> {
        if let Some(record) = self.memory.entries.get_mut(name) {
            record.running = None;
            record.last = Some(run);
        }
        self.write()
    }
}
