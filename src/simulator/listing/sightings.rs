//! Which revisions of records of each list are, and were, to be seen, each as a row and its key: small enough to be noted
//! at every moment of a long history. Apart from the truth, which renders whole records.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use super::super::notices::notice_id;
use super::super::resources::by_version;
use super::super::versions::Version;
use super::super::workspace::{NONE, Told};
use super::{Listing, Status};

/// The kinds of record that the lists hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// Of the audit list.
    Audit,
    /// Logs in the listings of resources, nested in versions or not.
    Logs,
    /// Versions; the row is the event that began one.
    Versions,
    /// Notifications; the row is the event of one, and the key when it was created.
    Notices,
}

/// One revision of a record that a client can take for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sighting {
    pub row: u32,
    /// Its order key in this revision, as microseconds since 1970.
    pub updated_at: i64,
}

impl Listing {
    /// What is listed now, each with the revisions of logs that tell of it as they are now: of a version also those deleted
    /// since. Of notifications those at most so old.
    pub fn in_reach(&mut self, sort: Sort, age: Option<SignedDuration>) -> BTreeMap<Sighting, Vec<Sighting>> {
        let of_itself = |sighting| (sighting, vec![sighting]);
        match sort {
            Sort::Audit => {
                let listed = self.listed().iter().filter(|key| self.is_record(key.event));
                listed.map(|key| of_itself(self.sighting(key.event))).collect()
            }
            Sort::Logs => self.logs_in_reach().into_iter().map(of_itself).collect(),
            Sort::Versions => {
                let versions = self.versions_in_reach();
                let is_known = |edit: &&u32| self.status(**edit) != Status::Hidden;
                let listed = versions.iter().map(|(edits, version)| {
                    let known = edits.iter().filter(is_known).map(|edit| self.sighting(*edit));
                    (of_version(version), known.collect())
                });
                listed.collect()
            }
            Sort::Notices => {
                let from = age.map_or(i64::MIN, |age| self.ago(age)).max(self.horizon());
                let young = self.notices.sightings(from, false);
                young.map(|notice| (notice, vec![self.sighting(notice.row)])).collect()
            }
        }
    }

    /// What has stood in full answers so far.
    pub fn sighted(&self, sort: Sort) -> BTreeSet<Sighting> {
        let past = match sort {
            Sort::Audit => &self.past,
            Sort::Logs => &self.annals.logs,
            Sort::Versions => return self.annals.served().map(of_version).collect(),
            Sort::Notices => return self.notices.sightings(i64::MIN, true).collect(),
        };
        let records = (0..)
            .zip(&self.workspace.events)
            .filter(|(row, _)| self.is_record(*row));
        let states = records.flat_map(|(row, event)| past.states(row, event).map(move |state| (row, state)));
        states
            .filter(|(row, state)| past.is_served(*row, state.edits))
            .map(|(row, state)| Sighting {
                row,
                updated_at: state.updated_at,
            })
            .collect()
    }

    /// The id of the record of that sort which a row stands for.
    pub fn id_of(&self, sort: Sort, row: u32) -> Option<String> {
        match sort {
            Sort::Audit | Sort::Logs => self.workspace.event_id(row),
            Sort::Versions => Some(self.workspace.version_id(row).to_string()),
            Sort::Notices => Some(notice_id(&self.workspace, row)),
        }
    }

    fn logs_in_reach(&mut self) -> BTreeSet<Sighting> {
        let nested = self.versions_in_reach();
        let nested = nested.iter().flat_map(|(edits, _)| edits.iter().copied());
        let own = (0..).zip(&self.workspace.events);
        let own = own.filter(|(row, event)| {
            event.version == NONE
                && self.is_kept(event.updated_at)
                && self.workspace.resource_id(event).is_some()
                && self.is_record(*row)
        });
        let rows = own.map(|(row, _)| row).chain(nested);
        let there = rows.filter(|row| self.is_there(*row));
        there.map(|row| self.sighting(row)).collect()
    }

    fn sighting(&self, row: u32) -> Sighting {
        Sighting {
            row,
            updated_at: self.workspace.event(row).updated_at,
        }
    }

    fn versions_in_reach(&mut self) -> Vec<(Vec<u32>, Version)> {
        self.resources.cover(&self.workspace);
        let of_resources = self.resources.all();
        let edits = of_resources.flat_map(|(_, rows)| by_version(&self.workspace, rows).into_values());
        edits
            .filter_map(|edits| self.version(&edits).map(|version| (edits, version)))
            .collect()
    }

    fn is_record(&self, row: u32) -> bool {
        let told = self.workspace.told(self.workspace.event(row));
        !matches!(told, Some(Told::Reject(_))) && self.workspace.event_id(row).is_some()
    }
}

fn of_version(version: &Version) -> Sighting {
    Sighting {
        row: version.opener,
        updated_at: version.updated_at,
    }
}
