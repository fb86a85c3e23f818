//! The environment of the process, read once. Its own file because it is the only place that touches `std::env`: all else is
//! given an `Environment`, and tests make one.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

/// Variables, and the folder relative paths start from. Holds secrets, so it has no `Debug`.
#[derive(Clone)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    folder: PathBuf,
}

impl Environment {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn of_process() -> Self {
        Self {
            variables: std::env::vars_os().collect(),
            folder: PathBuf::new(),
        }
    }

    /// An environment of these variables only, whose relative paths start from `folder`.
    pub fn from_pairs(folder: &Path, pairs: &[(&str, &str)]) -> Self {
        let variables = pairs.iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self {
            variables,
            folder: folder.to_owned(),
        }
    }

    /// A variable's value; an empty one counts as not set.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }

    pub(super) fn is_set(&self, name: &str) -> bool {
        self.variables.contains_key(OsStr::new(name))
    }

    pub(super) fn variables(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.variables.iter()
    }

    /// The file of the program that runs, to start it again.
    pub fn program() -> io::Result<PathBuf> {
        std::env::current_exe()
    }

    /// A path as the user means it; in the process's own environment it stays as written.
    pub(super) fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// Where the user keeps configurations: `$XDG_CONFIG_HOME` where it is absolute, else `~/.config`.
    pub(super) fn user_config_folder(&self) -> Option<PathBuf> {
        let given = self
            .get("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .filter(|folder| folder.is_absolute());
        given.or_else(|| self.get("HOME").map(|home| Path::new(home).join(".config")))
    }
}
