//! How often something was found in a file and where first, so that a file of a million bad rows gives a few lines.

use std::collections::BTreeMap;

use super::Finding;

/// Rows named of each finding.
const NAMED: usize = 3;

#[derive(Default)]
pub(super) struct Tally(BTreeMap<String, (u64, Vec<String>)>);

impl Tally {
    /// Something about a row, which is named only as long as few are.
    pub(super) fn row(&mut self, what: &str, id: impl FnOnce() -> String) {
        if !self.0.contains_key(what) {
            self.0.insert(what.to_owned(), (0, Vec::new()));
        }
        if let Some((count, ids)) = self.0.get_mut(what) {
            *count += 1;
            if ids.len() < NAMED {
                ids.push(id());
            }
        }
    }

    /// Something about the whole file.
    pub(super) fn file(&mut self, what: String) {
        self.0.entry(what).or_default();
    }

    pub(super) fn findings(self, object: &str) -> Vec<Finding> {
        let told = |(what, (count, ids)): (String, (u64, Vec<String>))| match count {
            0 => what,
            1 => format!("{what} in 1 row: {}", ids.join(", ")),
            _ if ids.len() < NAMED => format!("{what} in {count} rows: {}", ids.join(", ")),
            _ => format!("{what} in {count} rows, first {}", ids.join(", ")),
        };
        let finding = |what| Finding {
            object: object.to_owned(),
            what,
        };
        self.0.into_iter().map(told).map(finding).collect()
    }
}
