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

    fn is_shown(&self, row: u32) -> bool {
        self.shown.get(place(row)).copied().unwrap_or(false)
    }
}

/// Records as they were sent or could have been. Holds each as JSON, several kilobytes a row: meant for histories of
/// some ten thousands.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Truth {
    /// By `id`: every distinct revision, oldest `updated_at` first. Deleted and expired rows are among them.
    pub revisions: BTreeMap<String, Vec<Value>>,
    /// What no client can take for a record.
    pub rejects: Vec<Value>,
}

impl Truth {
    /// Everything within reach at any moment since the start, as records of `shape`. What a client holds must be part of it.
    pub fn gather(workspace: &Workspace, past: &Past, shape: Shape) -> Truth {
        Truth::gather_where(workspace, past, shape, |_, _| true)
    }

    /// Of this, what stood in an answer that was sent in full. A client that keeps what it receives holds at least this.
    pub fn gather_served(workspace: &Workspace, past: &Past, shape: Shape) -> Truth {
        Truth::gather_where(workspace, past, shape, |row, event| {
            past.served.contains(&(row, event.edits))
        })
    }

    /// By `id`: the newest revision.
    pub fn latest(&self) -> BTreeMap<String, Value> {
        let newest = self
            .revisions
            .iter()
            .filter_map(|(id, revisions)| Some((id.clone(), revisions.last()?.clone())));
        newest.collect()
    }

    fn gather_where(
        workspace: &Workspace,
        past: &Past,
        shape: Shape,
        is_wanted: impl Fn(u32, &Event) -> bool,
    ) -> Truth {
        let mut truth = Truth::default();
        for (row, event) in (0..).zip(&workspace.events) {
            if !past.is_shown(row) {
                continue;
            }
            let earlier = past.earlier.get(&row).into_iter().flatten();
            for state in earlier
                .chain(std::iter::once(event))
                .filter(|state| is_wanted(row, state))
            {
                truth.add(workspace.record(row, state, shape), workspace.told(state));
            }
        }
        for revisions in truth.revisions.values_mut() {
            revisions.sort_by_key(|record| {
                record["updated_at"]
                    .as_str()
                    .and_then(|at| at.parse::<Timestamp>().ok())
            });
        }
        truth
    }

    fn add(&mut self, record: Value, told: Option<&Told>) {
        let id = record["id"].as_str().map(str::to_owned);
        match (id, told) {
            (Some(id), None | Some(Told::Record(_) | Told::Copy(_))) => {
                let revisions = self.revisions.entry(id).or_default();
                if !revisions.contains(&record) {
                    revisions.push(record);
                }
            }
            _ if self.rejects.contains(&record) => {}
            _ => self.rejects.push(record),
        }
    }
}
