//! What the service has ever had to show, so that a test can judge what a client holds. It is kept apart from the
//! index and the pages: a row is noted when it comes within reach or changes, and rendered on request.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use serde_json::Value;

use super::switches::Shape;
use super::workspace::{Event, Told, Workspace, place};

/// Which rows were within reach, and what they were before.
#[derive(Debug, Default)]
pub struct Past {
    shown: Vec<bool>,
    earlier: HashMap<u32, Vec<Event>>,
    served: HashSet<(u32, u16)>,
}

impl Past {
    /// These rows are within reach now.
    pub fn show(&mut self, rows: &[u32]) {
        for row in rows {
            let row = place(*row);
            if self.shown.len() <= row {
                self.shown.resize(row + 1, false);
            }
            self.shown[row] = true;
        }
    }

    /// A row that could be seen as `was` is another from now on.
    pub fn supersede(&mut self, row: u32, was: Event) {
        if self.is_shown(row) {
            self.earlier.entry(row).or_default().push(was);
        }
    }

    /// A revision of a row stood in a full answer.
    pub fn serve(&mut self, row: u32, edits: u16) {
        self.served.insert((row, edits));
    }

    /// A row as it was and as it is, oldest first.
    pub fn states<'a>(&'a self, row: u32, event: &'a Event) -> impl Iterator<Item = &'a Event> {
        let earlier = self.earlier.get(&row).into_iter().flatten();
        earlier.chain(std::iter::once(event))
    }

    /// Whether it did.
    pub fn is_served(&self, row: u32, edits: u16) -> bool {
        self.served.contains(&(row, edits))
    }

    /// Whether a row was ever within reach.
    pub fn is_shown(&self, row: u32) -> bool {
        self.shown.get(place(row)).copied().unwrap_or(false)
    }
}

/// Records as they were sent or could have been. Holds each as JSON, several kilobytes a row: meant for histories of
/// some ten thousands.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Truth {
    /// The audit list by `id`: every distinct revision, oldest `updated_at` first. Deleted and expired rows are among them.
    pub revisions: BTreeMap<String, Vec<Value>>,
    /// What no client can take for a record of the audit list.
    pub rejects: Vec<Value>,
    /// The logs in the listings of resources, nested in versions or not, as `revisions`.
    pub resource_logs: BTreeMap<String, Vec<Value>>,
    /// The versions, as `revisions`; `older_than_thirty_days` as it is now.
    pub version_histories: BTreeMap<String, Vec<Value>>,
    /// What no client can take for a log or a version in the listings of resources.
    pub resource_rejects: Vec<Value>,
    /// Notifications by `id`, each with its only revision.
    pub notifications: BTreeMap<String, Vec<Value>>,
}

impl Truth {
    /// The rows of one past: those that `is_shown` holds to have been within reach, in the revisions (by their number
    /// of edits) that `is_wanted` asks for.
    pub fn of_rows(
        workspace: &Workspace,
        past: &Past,
        shape: Shape,
        is_shown: &dyn Fn(u32) -> bool,
        is_wanted: &dyn Fn(u32, u16) -> bool,
    ) -> Truth {
        let mut truth = Truth::default();
        for (row, event) in (0..).zip(&workspace.events).filter(|(row, _)| is_shown(*row)) {
            for state in past.states(row, event).filter(|state| is_wanted(row, state.edits)) {
                truth.add(workspace.record(row, state, shape), workspace.told(state));
            }
        }
        truth
    }

    /// By `id`: the newest revision in the audit list.
    pub fn latest(&self) -> BTreeMap<String, Value> {
        let newest = self
            .revisions
            .iter()
            .filter_map(|(id, revisions)| Some((id.clone(), revisions.last()?.clone())));
        newest.collect()
    }

    fn add(&mut self, record: Value, told: Option<&Told>) {
        match told {
            None | Some(Told::Record(_) | Told::Copy(_)) if record["id"].is_string() => {
                insert(&mut self.revisions, record);
            }
            _ if self.rejects.contains(&record) => {}
            _ => self.rejects.push(record),
        }
    }
}

/// Puts a record among the revisions of its `id`, if it is not there: oldest `updated_at` first, else in order of coming.
pub fn insert(revisions: &mut BTreeMap<String, Vec<Value>>, record: Value) {
    let Some(id) = record["id"].as_str() else { return };
    let revisions = revisions.entry(id.to_owned()).or_default();
    if revisions.contains(&record) {
        return;
    }
    let updated_at = |record: &Value| {
        record["updated_at"]
            .as_str()
            .and_then(|at| at.parse::<Timestamp>().ok())
    };
    let at = updated_at(&record);
    let place = revisions.partition_point(|other| updated_at(other) <= at);
    revisions.insert(place, record);
}
