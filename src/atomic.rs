//! The one writer of files outside the lake: whole or not at all. Separate so that a reader, and a run that is killed at any point, finds
//! either the old file or the new one and never a part of it.

pub mod place;
pub mod steps;

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// The mode of a file that did not exist before: its owner alone.
const OWNER_ONLY: u32 = 0o600;
/// How the name of a file begins and ends while it is written.
const PREFIX: &str = ".trailhouse-";
const SUFFIX: &str = ".tmp";

/// A file that could not be written. What stood at `path` before still stands there, unless only the flush of its directory failed.
/// `source.kind()` is `AlreadyExists` where [`create_new`] found a file.
#[derive(Debug, thiserror::Error)]
#[error("{}: {step}", path.display())]
pub struct AtomicError {
    /// The file that was to be written, as the caller named it.
    pub path: PathBuf,
    /// What could not be done.
    pub step: String,
    pub source: io::Error,
}

/// Makes `path` hold `bytes`. A file already there keeps its mode; a new one is for its owner alone (0600).
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), AtomicError> {
    replace_with(path, None, |file| file.write_all(bytes))
}

/// Makes `path` hold what `write` puts into the file, and returns what `write` returns; when `write` fails, nothing changes. `mode` is taken
/// as it is, not cut by the umask; without one, [`replace`] tells what applies. A symbolic link is kept, and the file it leads to replaced.
pub fn replace_with<T>(
    path: &Path,
    mode: Option<u32>,
    write: impl FnOnce(&mut File) -> io::Result<T>,
) -> Result<T, AtomicError> {
    let target = resolved(path)?;
    let mode = mode.unwrap_or_else(|| mode_of(&target));
    let (temporary, written) = filled(path, &target, mode, write)?;
    put(path, &target, temporary)?;
    Ok(written)
}

/// A file that is written bit by bit and replaces what stands at its path only when it is whole. Dropped before, it leaves nothing.
#[derive(Debug)]
pub struct Replacement {
    path: PathBuf,
    target: PathBuf,
    temporary: NamedTempFile,
}

impl Replacement {
    /// Begins a file that is to stand at `path`; the mode is as with [`replace`].
    pub fn begin(path: &Path) -> Result<Self, AtomicError> {
        let target = resolved(path)?;
        Ok(Self {
            path: path.to_owned(),
            temporary: staged(path, &target)?,
            target,
        })
    }

    /// A handle to write with.
    pub fn file(&self) -> Result<File, AtomicError> {
        let file = self.temporary.as_file().try_clone();
        file.map_err(|error| failure(&self.path, "cannot be written", error))
    }

    /// Puts the file, which is now whole, in its place.
    pub fn finish(self) -> Result<(), AtomicError> {
        let Self {
            path,
            target,
            temporary,
        } = self;
        flush(&path, temporary.as_file(), mode_of(&target))?;
        put(&path, &target, temporary)
    }
}

/// Makes the file `path`, for its owner alone (0600), or fails and changes nothing where there is anything of that name.
pub fn create_new(path: &Path, bytes: &[u8]) -> Result<(), AtomicError> {
    let (temporary, ()) = filled(path, path, OWNER_ONLY, |file| file.write_all(bytes))?;
    temporary.persist_noclobber(path).map_err(|failed| {
        let step = if failed.error.kind() == io::ErrorKind::AlreadyExists {
            "not written, for it exists"
        } else {
            "cannot be created"
        };
        failure(path, step, failed.error)
    })?;
    flush_directory(path, path)
}

/// Removes what a process left in a folder that was killed while it wrote a file there. A folder that is not there holds nothing. Only for
/// a folder in which no other process writes now.
pub fn remove_abandoned(folder: &Path) -> io::Result<()> {
    let items = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        items => items?,
    };
    for item in items {
        let item = item?;
        let name = item.file_name();
        let is_staged = name
            .to_str()
            .is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        if is_staged && item.file_type()?.is_file() {
            place::remove_file(&item.path())?;
        }
    }
    Ok(())
}

/// Renaming onto a device or a pipe would destroy it, so that only regular files pass.
fn resolved(path: &Path) -> Result<PathBuf, AtomicError> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => {
            fs::canonicalize(path).map_err(|error| failure(path, "cannot be resolved", error))
        }
        Ok(found) => {
            let kind = if found.is_dir() {
                io::ErrorKind::IsADirectory
            } else {
                io::ErrorKind::InvalidInput
            };
            Err(failure(path, "not a regular file", kind.into()))
        }
        Err(_) => Ok(path.to_path_buf()),
    }
}

/// The mode of the file that is replaced.
fn mode_of(target: &Path) -> u32 {
    fs::metadata(target).map_or(OWNER_ONLY, |found| found.permissions().mode() & 0o7777)
}

fn put(path: &Path, target: &Path, temporary: NamedTempFile) -> Result<(), AtomicError> {
    temporary
        .persist(target)
        .map_err(|failed| failure(path, "cannot be replaced", failed.error))?;
    flush_directory(path, target)
}

fn filled<T>(
    path: &Path,
    target: &Path,
    mode: u32,
    write: impl FnOnce(&mut File) -> io::Result<T>,
) -> Result<(NamedTempFile, T), AtomicError> {
    let mut temporary = staged(path, target)?;
    let written = write(temporary.as_file_mut()).map_err(|error| failure(path, "cannot be written", error))?;
    flush(path, temporary.as_file(), mode)?;
    Ok((temporary, written))
}

fn staged(path: &Path, target: &Path) -> Result<NamedTempFile, AtomicError> {
    let directory = directory_of(target);
    tempfile::Builder::new()
        .prefix(PREFIX)
        .suffix(SUFFIX)
        .tempfile_in(directory)
        .map_err(|error| {
            let step = format!("no file can be created in {}", directory.display());
            failure(path, &step, without_temporary_name(error))
        })
}

fn flush(path: &Path, file: &File, mode: u32) -> Result<(), AtomicError> {
    file.set_permissions(Permissions::from_mode(mode))
        .map_err(|error| failure(path, "its mode cannot be set", error))?;
    file.sync_all()
        .map_err(|error| failure(path, "cannot be flushed to disk", error))
}

fn flush_directory(path: &Path, target: &Path) -> Result<(), AtomicError> {
    File::open(directory_of(target))
        .and_then(|directory| directory.sync_all())
        .map_err(|error| failure(path, "written, but its directory cannot be flushed to disk", error))
}

fn directory_of(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// `tempfile` adds the random name to the text, which says nothing and differs each time.
fn without_temporary_name(error: io::Error) -> io::Error {
    let plain = io::Error::from(error.kind());
    if plain.to_string() == "uncategorized error" {
        error
    } else {
        plain
    }
}

fn failure(path: &Path, step: &str, source: io::Error) -> AtomicError {
    AtomicError {
        path: path.to_path_buf(),
        step: step.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error;

    fn names_in(directory: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(directory)
            .unwrap()
            .map(|found| found.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn told(error: &AtomicError, directory: &Path) -> String {
        let cause = error.source().unwrap();
        format!("{error}: {cause}").replace(directory.to_str().unwrap(), "DIR")
    }

    #[test]
    fn a_replaced_file_is_whole_and_keeps_its_mode_and_nothing_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("head.json");
        replace(&path, b"one").unwrap();
        assert_eq!(
            (fs::read(&path).unwrap().as_slice(), mode_of(&path)),
            (b"one".as_slice(), 0o600)
        );
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        replace(&path, b"a longer two").unwrap();
        assert_eq!(
            (fs::read(&path).unwrap().as_slice(), mode_of(&path)),
            (b"a longer two".as_slice(), 0o644)
        );
        let rows = replace_with(&path, Some(0o640), |file| file.write_all(b"3").map(|()| 3)).unwrap();
        assert_eq!(
            (rows, mode_of(&path), names_in(folder.path())),
            (3, 0o640, vec!["head.json".to_owned()])
        );
    }

    #[test]
    fn a_write_that_fails_half_way_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.csv");
        replace(&path, b"old").unwrap();
        let failed = replace_with(&path, None, |file| {
            file.write_all(b"half")?;
            Err::<(), _>(io::Error::other("the pen broke"))
        });
        assert_eq!(
            told(&failed.unwrap_err(), folder.path()),
            "DIR/report.csv: cannot be written: the pen broke"
        );
        assert_eq!(
            (fs::read(&path).unwrap().as_slice(), names_in(folder.path()).len()),
            (b"old".as_slice(), 1)
        );
    }

    #[test]
    fn a_file_written_bit_by_bit_shows_only_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.csv");
        replace(&path, b"old").unwrap();
        for is_whole in [false, true] {
            let replacement = Replacement::begin(&path).unwrap();
            replacement.file().unwrap().write_all(b"a new one").unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"old");
            if is_whole {
                replacement.finish().unwrap();
            }
        }
        assert_eq!(fs::read(&path).unwrap(), b"a new one");
        assert_eq!((mode_of(&path), names_in(folder.path()).len()), (0o600, 1));
    }

    #[test]
    fn create_new_never_overwrites() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trailhouse.toml");
        create_new(&path, b"mine").unwrap();
        let refused = create_new(&path, b"yours").unwrap_err();
        assert_eq!(refused.source.kind(), io::ErrorKind::AlreadyExists);
        assert!(
            refused
                .to_string()
                .ends_with("trailhouse.toml: not written, for it exists"),
            "{refused}"
        );
        assert_eq!(
            (
                fs::read(&path).unwrap().as_slice(),
                mode_of(&path),
                names_in(folder.path()).len()
            ),
            (b"mine".as_slice(), 0o600, 1)
        );
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        replace(&folder.path().join("file"), b"").unwrap();
        let cases = [
            (
                "missing/out.csv",
                "DIR/missing/out.csv: no file can be created in DIR/missing: entity not found",
            ),
            (
                "file/out.csv",
                "DIR/file/out.csv: no file can be created in DIR/file: not a directory",
            ),
            ("", "DIR/: not a regular file: is a directory"),
        ];
        for (name, expected) in cases {
            assert_eq!(
                told(&replace(&folder.path().join(name), b"x").unwrap_err(), folder.path()),
                expected
            );
        }
        let device = replace(Path::new("/dev/null"), b"x").unwrap_err();
        assert_eq!(device.to_string(), "/dev/null: not a regular file");
    }

    #[test]
    fn a_directory_without_write_permission_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let locked = folder.path().join("locked");
        fs::create_dir(&locked).unwrap();
        fs::set_permissions(&locked, Permissions::from_mode(0o500)).unwrap();
        match replace(&locked.join("out.csv"), b"x") {
            Err(error) => {
                assert_eq!(
                    told(&error, folder.path()),
                    "DIR/locked/out.csv: no file can be created in DIR/locked: permission denied"
                );
            }
            // The superuser may write there all the same.
            Ok(()) => assert_eq!(names_in(&locked), ["out.csv"]),
        }
    }

    #[test]
    fn a_link_stays_and_the_file_behind_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real.csv"), folder.path().join("link.csv"));
        replace(&real, b"old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        replace(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");
    }
}
