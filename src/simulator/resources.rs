//! The events of each resource, found without reading the history, and the listing of one resource: its versions and
//! its other logs. Apart from the list of all, whose index knows nothing of resources.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::cast::as_u64;
use super::chance::{Purpose, number as chance_number};
use super::listing::Listing;
use super::switches::{Order, Paging};
use super::versions::Version;
use super::workspace::{NONE, Workspace, place};

/// Events by resource, in the order of drawing; knows every resource of the cast.
#[derive(Debug, Default)]
pub struct Resources {
    rows: HashMap<Uuid, Vec<u32>>,
    covered: u32,
}

impl Resources {
    /// Takes in what has come since it was last asked.
    pub fn cover(&mut self, workspace: &Workspace) {
        if self.rows.is_empty() {
            let known = workspace.cast.resources.iter().map(|it| (it.id, Vec::new()));
            self.rows = known.collect();
        }
        let new = (self.covered..).zip(&workspace.events[place(self.covered)..]);
        for (number, event) in new {
            if let Some(resource) = workspace.resource_id(event) {
                self.rows.entry(resource).or_default().push(number);
            }
            self.covered = number + 1;
        }
    }

    /// The events of a resource; none if there is no such resource.
    pub fn rows(&self, resource: Uuid) -> Option<&[u32]> {
        self.rows.get(&resource).map(Vec::as_slice)
    }

    /// All resources with their events.
    pub fn all(&self) -> impl Iterator<Item = (Uuid, &[u32])> {
        self.rows.iter().map(|(id, rows)| (*id, rows.as_slice()))
    }
}

/// Which part of a resource's listing is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    pub order: Order,
    pub paging: Paging,
    /// The first entry, counted from 0.
    pub first: usize,
    pub rows: usize,
}

/// A part of the listing, and how long it is.
#[derive(Debug, Default)]
pub struct Leaf {
    pub logs: Vec<u32>,
    pub versions: Vec<Entry>,
    pub all_logs: usize,
    pub all_versions: usize,
}

/// What stands among the versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    Version(Version),
    /// An object without members, by its place among those planted.
    Empty(usize),
}

enum Item {
    Log(u32),
    Entry(Entry),
}

impl Leaf {
    /// The part asked for of what is listed of a resource.
    pub fn cut(listing: &Listing, resource: Uuid, rows: &[u32], part: Part) -> Leaf {
        let mut items: Vec<(i64, u64, Item)> = Vec::new();
        for row in rows.iter().filter(|row| listing.workspace.event(**row).version == NONE) {
            let key = listing.workspace.event(*row).updated_at;
            if listing.is_there(*row) && listing.is_kept(key) {
                items.push((key, u64::from(*row), Item::Log(*row)));
            }
        }
        for edits in by_version(&listing.workspace, rows).values() {
            if let Some(version) = listing.version(edits) {
                let key = (version.updated_at, u64::from(version.opener));
                items.push((key.0, key.1, Item::Entry(Entry::Version(version))));
            }
        }
        for (place, (at, _)) in (0..).zip(&listing.empties).filter(|(_, (_, id))| *id == resource) {
            items.push((*at, as_u64(place), Item::Entry(Entry::Empty(place))));
        }
        items.sort_by_key(|(at, number, _)| (*at, *number));
        match part.order {
            Order::OldestFirst => {}
            Order::NewestFirst => items.reverse(),
            Order::Unordered => {
                let seed = listing.workspace.settings.seed;
                items.sort_by_cached_key(|(_, number, _)| chance_number(seed, Purpose::Order, *number));
            }
        }
        Leaf::divide(items.into_iter().map(|(_, _, item)| item), part)
    }

    fn divide(items: impl Iterator<Item = Item>, part: Part) -> Leaf {
        let mut leaf = Leaf::default();
        let asked = part.first..part.first.saturating_add(part.rows);
        for (place, item) in items.enumerate() {
            let is_asked = |own: usize| match part.paging {
                Paging::Merged => asked.contains(&place),
                Paging::SideBySide => asked.contains(&own),
            };
            match item {
                Item::Log(row) => {
                    if is_asked(leaf.all_logs) {
                        leaf.logs.push(row);
                    }
                    leaf.all_logs += 1;
                }
                Item::Entry(entry) => {
                    if is_asked(leaf.all_versions) {
                        leaf.versions.push(entry);
                    }
                    leaf.all_versions += 1;
                }
            }
        }
        leaf
    }

    /// How many pages of so many rows the listing has.
    pub fn pages(&self, part: Part) -> usize {
        let rows = match part.paging {
            Paging::Merged => self.all_logs + self.all_versions,
            Paging::SideBySide => self.all_logs.max(self.all_versions),
        };
        rows.div_ceil(part.rows).max(1)
    }
}

/// The edits among these events by the event that began their version.
pub fn by_version(workspace: &Workspace, rows: &[u32]) -> BTreeMap<u32, Vec<u32>> {
    let mut versions: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for row in rows {
        let version = workspace.event(*row).version;
        if version != NONE {
            versions.entry(version).or_default().push(*row);
        }
    }
    versions
}
