//! Which file is brought up to date: the warehouse itself, or, while somebody reads it, a copy that then takes its place. Apart
//! from the work itself, which is the same on either.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::access::{self, Means, failed, suffixed};
use super::catch_up::apply;
use super::{Increment, WarehouseError, Workplace, tables};
use crate::atomic::{self, place, steps};

/// How the names of files beside the warehouse end: an empty one before it has its name, and one that is brought up to date.
const NEW: &str = ".new";
const COPY: &str = ".copy";

/// How a catch-up was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    InPlace,
    /// Somebody reads the file; they see the old one until they open it again.
    OnCopy,
}

pub(super) fn catch_up(
    path: &Path,
    workplace: &Workplace,
    increment: &Increment,
    means: Means,
) -> Result<Way, WarehouseError> {
    remove_abandoned(path)
        .map_err(|error| failed(path, "what a killed run left beside it cannot be removed", error))?;
    if !path.exists() {
        make(path, &increment.lake_id)?;
    }
    match in_place(path, workplace, increment, means) {
        Ok(()) => Ok(Way::InPlace),
        Err(held @ WarehouseError::Held { .. }) => on_copy(path, workplace, (increment, means), held),
        Err(error) => Err(error),
    }
}

/// Where a warehouse is made anew before it takes the place of the old one.
pub fn place_of_rebuild(path: &Path) -> PathBuf {
    suffixed(path, ".rebuilt")
}

/// Puts the one that was made anew in place. Nothing of the old one stays, nor of what killed runs made of it.
pub fn put_rebuilt(path: &Path) -> io::Result<()> {
    [suffixed(path, NEW), suffixed(path, COPY)]
        .iter()
        .try_for_each(|beside| remove_with_its_own(beside))?;
    place::remove_folder(&access::scratch_of(path))?;
    // A log of the old file would be taken for one of the new.
    place::remove_file(&access::wal_of(path))?;
    steps::reached("before the rebuilt warehouse gets its name");
    place::rename(&place_of_rebuild(path), path)?;
    steps::reached("after the rebuilt warehouse got its name");
    Ok(())
}

/// Removes the files beside that were to take the place of the warehouse. The one that has the lock makes them anew.
fn remove_abandoned(path: &Path) -> io::Result<()> {
    [suffixed(path, NEW), suffixed(path, COPY), place_of_rebuild(path)]
        .iter()
        .try_for_each(|beside| remove_with_its_own(beside))
}

/// Removes a file, its log and what DuckDB spilled beside it.
fn remove_with_its_own(file: &Path) -> io::Result<()> {
    place::remove_folder(&access::scratch_of(file))?;
    place::remove_file(&access::wal_of(file))?;
    place::remove_file(file)
}

/// Applies the increment, with more memory each time there was too little, from what the file then holds on: a load that is in
/// the lake must never be one that the warehouse cannot follow.
pub(super) fn in_place(
    path: &Path,
    workplace: &Workplace,
    increment: &Increment,
    mut means: Means,
) -> Result<(), WarehouseError> {
    let scratch = access::scratch_of(path);
    let unremoved = |error: io::Error| failed(path, "its scratch folder cannot be removed", error);
    place::remove_folder(&scratch).map_err(unremoved)?;
    let applied = loop {
        let opened = access::open_writing(path, &scratch, means);
        let applied = opened.and_then(|connection| apply(&connection, path, workplace, (increment, means.step_rows)));
        let is_short = applied.as_ref().is_err_and(access::is_out_of_memory);
        match access::more_memory(means.memory).filter(|_| is_short) {
            Some(more) => means.memory = more,
            None => break applied,
        }
    };
    place::remove_folder(&scratch).map_err(unremoved)?;
    applied
}

const MADE: &str = "insert into main.trailhouse (lake_id, sequence, definitions, objects) values (?, 0, '', [])";

/// Makes an empty warehouse beside, whole, before it gets its name: a kill leaves none or one that opens.
fn make(path: &Path, lake_id: &str) -> Result<(), WarehouseError> {
    let new = suffixed(path, NEW);
    let unmade = |error: io::Error| failed(path, "cannot be made", error);
    // A log without its file is of a warehouse that somebody deleted.
    place::remove_file(&access::wal_of(path)).map_err(unmade)?;
    let connection = access::open_writing(&new, &access::scratch_of(&new), Means::SPARING)?;
    let made = tables::definitions()
        .iter()
        .filter(|definition| definition.name == "trailhouse")
        .try_for_each(|definition| connection.execute_batch(&definition.create()))
        .and_then(|()| connection.execute(MADE, [lake_id]))
        .and_then(|_rows| connection.execute_batch("checkpoint"));
    drop(connection);
    made.map_err(|error| failed(path, "cannot be made", error))?;
    let mode = fs::metadata(&new).map_err(unmade)?.permissions().mode() & 0o7777;
    put(&new, path, Some(mode))
}

/// Brings a copy up to date and puts it in place, if the file is only read, and nobody changes it meanwhile; else gives back
/// `held`.
fn on_copy(
    path: &Path,
    workplace: &Workplace,
    (increment, means): (&Increment, Means),
    held: WarehouseError,
) -> Result<Way, WarehouseError> {
    let copy = suffixed(path, COPY);
    let uncopied = |error: io::Error| failed(path, "cannot be copied", error);
    if !is_only_read(path) {
        return Err(held);
    }
    let before = fingerprint(path).map_err(uncopied)?;
    place::copy(path, &copy).map_err(uncopied)?;
    let applied = in_place(&copy, workplace, increment, means);
    let is_same = fingerprint(path).map_err(uncopied)? == before && is_only_read(path);
    match applied {
        Ok(()) if is_same => put(&copy, path, None).map(|()| Way::OnCopy),
        Ok(()) => place::remove_file(&copy).map_err(uncopied).and(Err(held)),
        Err(error) => place::remove_file(&copy).map_err(uncopied).and(Err(error)),
    }
}

/// Whether everybody who holds the file reads it, and nobody left changes beside it.
fn is_only_read(path: &Path) -> bool {
    !access::wal_of(path).exists() && access::open_once(path, None).is_ok()
}

/// What changes when a file is written or replaced.
fn fingerprint(path: &Path) -> io::Result<(u64, u64, i64, i64)> {
    let found = fs::metadata(path)?;
    Ok((found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
}

fn put(ready: &Path, path: &Path, mode: Option<u32>) -> Result<(), WarehouseError> {
    steps::reached("before the warehouse gets its name");
    let mut from = File::open(ready).map_err(|error| failed(path, "cannot be put in place", error))?;
    atomic::replace_with(path, mode, |file| io::copy(&mut from, file))
        .map_err(|error| failed(path, "cannot be put in place", error))?;
    steps::reached("after the warehouse got its name");
    place::remove_file(ready).map_err(|error| failed(path, "its copy cannot be removed", error))
}
