//! What a comparison can find, how often it did, and the first ids of each. Pure.

use std::collections::BTreeMap;

/// So many ids of each finding are shown.
const MOST_SHOWN: usize = 10;

/// In which way lake and service do not agree about a record, or cannot be expected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    Missing,
    Changed,
    Drift,
    Reverted,
    Vanished,
    Expired,
    Unreached,
    Imported,
    Filtered,
}

impl Finding {
    pub const ALL: [Finding; 9] = [
        Finding::Missing,
        Finding::Changed,
        Finding::Drift,
        Finding::Reverted,
        Finding::Vanished,
        Finding::Expired,
        Finding::Unreached,
        Finding::Imported,
        Finding::Filtered,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Finding::Missing => "missing",
            Finding::Changed => "changed",
            Finding::Drift => "drift",
            Finding::Reverted => "reverted",
            Finding::Vanished => "vanished",
            Finding::Expired | Finding::Unreached | Finding::Imported | Finding::Filtered => "extra",
        }
    }

    /// What it means.
    pub fn meaning(self) -> &'static str {
        match self {
            Finding::Missing => "at the service, not in the lake",
            Finding::Changed => "at the service with another content than the newest row here",
            Finding::Drift => "the same, but in members that one of the two lacks",
            Finding::Reverted => "at the service in a form that is an older one here",
            Finding::Vanished => "in the lake, not at the service any more",
            Finding::Expired => "in the lake, older than the service keeps",
            Finding::Unreached => "in the lake, outside what the service's list reached",
            Finding::Imported => "in the lake from files alone, not at the service",
            Finding::Filtered => "in the lake, not let through by the filter",
        }
    }
}

/// How often each was found.
#[derive(Debug, Default)]
pub struct Tally(BTreeMap<Finding, (u64, Vec<String>)>);

impl Tally {
    pub(super) fn add(&mut self, finding: Finding, id: &str) {
        let (count, ids) = self.0.entry(finding).or_default();
        *count += 1;
        if ids.len() < MOST_SHOWN {
            ids.push(id.to_owned());
        }
    }

    /// What another one found besides.
    pub(super) fn extend(&mut self, other: Tally) {
        self.0.extend(other.0);
    }

    pub fn count(&self, finding: Finding) -> u64 {
        self.0.get(&finding).map_or(0, |(count, _)| *count)
    }

    /// The first ids, in the order they were met.
    pub fn ids(&self, finding: Finding) -> &[String] {
        self.0.get(&finding).map_or(&[], |(_, ids)| ids.as_slice())
    }
}
