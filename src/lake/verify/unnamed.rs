//! What stands in the lake's folder and in no entry. The folder itself is walked, for the listing of a store hides what it
//! staged, and follows links.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::{Fault, Named, Verdict};
use crate::lake::roll_forward::{is_staged, load_of};
use crate::lake::{Lake, blocking};
use crate::ledger::{FOLDER, Sealed};

/// One thing in the folder that is no folder.
struct Item {
    /// Relative to the lake.
    path: String,
    is_file: bool,
}

impl Lake {
    /// Names every file of the folder that no entry knows. Links are named and not followed.
    pub(super) fn check_unnamed(&self, verdict: &mut Verdict, named: &Named, newest: Option<&Sealed>) -> Result<()> {
        let mut items = Vec::new();
        blocking(|| walk(&self.dir, "", &mut items))?;
        items.sort_by(|left, right| left.path.cmp(&right.path));
        for item in items {
            if let Some((fault, what)) = unnamed(&item, named, newest) {
                verdict.find(fault, item.path, what);
            }
        }
        Ok(())
    }
}

fn walk(folder: &Path, prefix: &str, items: &mut Vec<Item>) -> Result<()> {
    let cannot = || format!("{} cannot be read", folder.display());
    for item in fs::read_dir(folder).with_context(cannot)? {
        let item = item.with_context(cannot)?;
        let kind = item.file_type().with_context(cannot)?;
        let path = format!("{prefix}{}", item.file_name().to_string_lossy());
        if kind.is_dir() {
            walk(&item.path(), &format!("{path}/"), items)?;
        } else {
            items.push(Item {
                path,
                is_file: kind.is_file(),
            });
        }
    }
    Ok(())
}

/// What is wrong with an item that stands there; nothing is with those the ledger knows.
fn unnamed(item: &Item, named: &Named, newest: Option<&Sealed>) -> Option<(Fault, &'static str)> {
    let path = item.path.as_str();
    if !item.is_file {
        return Some((Fault::Unexpected, "not a regular file"));
    }
    let (top, rest) = path.split_once('/').unwrap_or(("", path));
    if is_staged(path.rsplit('/').next().unwrap_or_default()) {
        return Some((Fault::Unfinished, "left by a run that was writing it"));
    }
    if named.deleted.contains(path) {
        let is_newest = newest.is_some_and(|newest| newest.entry.deleted.iter().any(|deleted| deleted == path));
        return Some(if is_newest {
            (Fault::Unfinished, "to be deleted, and still there")
        } else {
            (Fault::Unexpected, "still there, although an entry says it was deleted")
        });
    }
    // What stands in the ledger's own folder is judged with the chain.
    if named.live.contains_key(path) || named.removed.contains(path) || top == FOLDER {
        return None;
    }
    let is_table = newest.is_none_or(|newest| newest.entry.last_changes.contains_key(top));
    if is_table && rest.strip_prefix("_delta_log/").is_some_and(is_log_name) {
        return None;
    }
    let sequence = newest.map_or(0, |newest| newest.entry.sequence);
    match load_of(path) {
        Some(load) if load == sequence + 1 && rest.contains('/') => {
            Some((Fault::Unfinished, "written, and not committed"))
        }
        _ => Some((Fault::Unexpected, "no ledger entry names it")),
    }
}

/// A commit, a checkpoint, or what points to the last one.
fn is_log_name(name: &str) -> bool {
    let Some((version, ending)) = name.split_once('.') else {
        return name == "_last_checkpoint";
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_checkpoint = ending
        .strip_prefix("checkpoint.")
        .and_then(|rest| {
            if rest == "parquet" {
                Some("")
            } else {
                rest.strip_suffix(".parquet")
            }
        })
        .is_some_and(|parts| parts.split('.').all(|part| part.is_empty() || is_number(part)));
    version.len() == 20 && is_number(version) && (matches!(ending, "json" | "crc") || is_checkpoint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delta_log_holds_commits_and_checkpoints_and_nothing_else() {
        let fine = [
            "00000000000000000010.json",
            "00000000000000000010.crc",
            "00000000000000000010.checkpoint.parquet",
            "00000000000000000010.checkpoint.0000000001.0000000002.parquet",
            "_last_checkpoint",
        ];
        let bad = [
            "10.json",
            "note.txt",
            "00000000000000000010.json.bak",
            "0000000000000000001x.json",
            "a/b",
            "",
        ];
        assert!(fine.into_iter().all(is_log_name));
        assert!(!bad.into_iter().any(is_log_name));
    }
}
