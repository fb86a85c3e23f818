//! What the listings of resources have ever had to show: logs, and versions as they stood. The counterpart of the past
//! of the audit list; rendered on request.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde_json::json;

use super::resources::{Entry, Resources, by_version};
use super::switches::Shape;
use super::truth::{Past, Truth, insert};
use super::versions::{Chronicle, Version};
use super::workspace::{NONE, Workspace};

/// Logs and versions that were within reach, and what they were before.
#[derive(Debug, Default)]
pub struct Annals {
    pub logs: Past,
    earlier: HashMap<u32, Vec<Version>>,
    served: HashSet<Version>,
    empties_served: usize,
}

/// Of what is told.
#[derive(Debug, Clone, Copy)]
pub struct Telling<'a> {
    pub workspace: &'a Workspace,
    pub resources: &'a Resources,
    pub shape: Shape,
    /// Decides what is older than thirty days.
    pub now: Timestamp,
    /// Only what stood in full answers.
    pub is_served: bool,
}

impl Annals {
    /// A version that could be seen as `was` is another from now on.
    pub fn supersede(&mut self, was: Version) {
        let earlier = self.earlier.entry(was.opener).or_default();
        if earlier.last() != Some(&was) {
            earlier.push(was);
        }
    }

    /// An entry among the versions of a resource stood in a full answer.
    pub fn serve(&mut self, entry: Entry) {
        match entry {
            Entry::Version(version) => {
                for member in &version.members {
                    self.logs.serve(member.event, member.edits);
                }
                self.served.insert(version);
            }
            Entry::Empty(_) => self.empties_served += 1,
        }
    }

    /// The versions that stood in full answers.
    pub fn served(&self) -> impl Iterator<Item = &Version> {
        self.served.iter()
    }

    /// The version of these edits, if any of them was ever within reach.
    pub fn reached(&self, version: Option<Version>, edits: &[u32]) -> Option<Version> {
        version.filter(|_| edits.iter().any(|edit| self.logs.is_shown(*edit)))
    }

    /// Adds the logs and the versions to the truth; `stand` gives the version of some edits as it stands.
    pub fn tell(
        &self,
        telling: Telling<'_>,
        empties: usize,
        stand: impl Fn(&[u32]) -> Option<Version>,
        truth: &mut Truth,
    ) {
        self.tell_logs(telling, truth);
        for (resource, rows) in telling.resources.all() {
            let versions = by_version(telling.workspace, rows);
            if versions.is_empty() {
                continue;
            }
            let chronicle = Chronicle::of(telling.workspace, resource, rows);
            for (opener, edits) in &versions {
                let current = self.reached(stand(edits), edits);
                let earlier = self.earlier.get(opener).into_iter().flatten();
                let states = earlier.chain(&current);
                for state in states.filter(|state| !telling.is_served || self.served.contains(state)) {
                    let record = state.record(telling.workspace, &chronicle, telling.shape, telling.now);
                    insert(&mut truth.version_histories, record);
                }
            }
        }
        let has_empty = if telling.is_served {
            self.empties_served
        } else {
            empties
        } > 0;
        if has_empty {
            truth.resource_rejects.push(json!({}));
        }
    }

    fn tell_logs(&self, telling: Telling<'_>, truth: &mut Truth) {
        let workspace = telling.workspace;
        let numbered = || (0..).zip(&workspace.events);
        let seen = numbered().filter(|(row, event)| event.version != NONE && self.logs.is_shown(*row));
        let versions: HashSet<u32> = seen.map(|(_, event)| event.version).collect();
        let is_shown = |row: u32| {
            let event = workspace.event(row);
            let is_within = self.logs.is_shown(row) || versions.contains(&event.version);
            is_within && workspace.resource_id(event).is_some()
        };
        let is_wanted = |row: u32, edits: u16| !telling.is_served || self.logs.is_served(row, edits);
        let told = Truth::of_rows(workspace, &self.logs, telling.shape, &is_shown, &is_wanted);
        truth.resource_logs = told.revisions;
        truth.resource_rejects = told.rejects;
    }
}
