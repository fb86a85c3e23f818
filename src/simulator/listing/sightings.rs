//! Which revisions of rows of the audit list are, and were, to be seen, each as a row and its key: small enough to be noted
//! at every moment of a long history. Apart from the truth, which renders whole records.

use std::collections::BTreeSet;

use super::super::workspace::Told;
use super::Listing;

/// One revision of a row that a client can take for a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sighting {
    pub row: u32,
    /// Its order key in this revision, as microseconds since 1970.
    pub updated_at: i64,
}

impl Listing {
    /// What is listed now.
    pub fn in_reach(&self) -> BTreeSet<Sighting> {
        let listed = self.listed().iter().filter(|key| self.is_record(key.event));
        let sighting = |key: &super::Key| Sighting {
            row: key.event,
            updated_at: key.updated_at,
        };
        listed.map(sighting).collect()
    }

    /// What has stood in full answers so far.
    pub fn sighted(&self) -> BTreeSet<Sighting> {
        let records = (0..)
            .zip(&self.workspace.events)
            .filter(|(row, _)| self.is_record(*row));
        let states = records.flat_map(|(row, event)| self.past.states(row, event).map(move |state| (row, state)));
        states
            .filter(|(row, state)| self.past.is_served(*row, state.edits))
            .map(|(row, state)| Sighting {
                row,
                updated_at: state.updated_at,
            })
            .collect()
    }

    fn is_record(&self, row: u32) -> bool {
        let told = self.workspace.told(self.workspace.event(row));
        !matches!(told, Some(Told::Reject(_))) && self.workspace.event_id(row).is_some()
    }
}
