//! The list of a workspace as the service shows it at a moment: which rows are visible, in which order, and what
//! happens to them. Pages are cut from a sorted index, so that one of a million rows costs no more than one of ten.

use jiff::{SignedDuration, Timestamp};

use uuid::Uuid;

use super::annals::Annals;
use super::bad::Bad;
use super::chance::{Purpose, number as chance_number};
use super::filter::Filter;
use super::notices::Notices;
use super::order::{Ask, Key, cut};
use super::resources::{Entry, Resources};
use super::switches::{Order, Shape, Switches};
use super::truth::Past;
use super::workspace::{NONE, Revision, Told, Workspace, place};

mod reach;
pub mod sightings;

/// From so many changed rows on the index is sorted anew instead of mended.
const MANY: usize = 128;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Hidden,
    /// Visible, and in the index under the key of its event.
    Listed,
    /// Visible, but not in the index, or there under an old key.
    Moved,
    Removed,
}

/// A workspace seen through the clock.
#[derive(Debug)]
pub struct Listing {
    pub workspace: Workspace,
    /// Objects without members among the versions of resources, each with its key.
    pub empties: Vec<(i64, Uuid)>,
    resources: Resources,
    past: Past,
    annals: Annals,
    notices: Notices,
    /// The earliest key that retention has let through since the start.
    least: i64,
    now: i64,
    statuses: Vec<Status>,
    /// Visible rows, oldest first, with those beyond retention still at the front.
    index: Vec<Key>,
    /// Rows not visible yet, and revisions not made yet; the next one last.
    pending: Vec<Revision>,
    planned: Vec<Revision>,
    keeping: Keeping,
    /// Changes whenever the index does.
    version: u64,
    view: Option<View>,
}

/// What is listed where, and for how long.
#[derive(Debug, Clone, Copy, Default)]
pub struct Keeping {
    pub retention_days: Option<u32>,
    /// Whether the listings of resources know no retention.
    pub is_kept_in_resources: bool,
    /// Of a thousand drawn events with a resource, how many stand in its listing only.
    pub apart_per_mille: u16,
}

impl Keeping {
    /// What the switches say at the start.
    pub fn of(switches: &Switches) -> Keeping {
        Keeping {
            retention_days: switches.retention_days,
            is_kept_in_resources: switches.resource_logs.kept_past_retention,
            apart_per_mille: switches.resource_logs.only_here_per_mille,
        }
    }
}

/// What stood in one answer.
#[derive(Debug, Default)]
pub struct Shown {
    /// Rows of the audit list.
    pub rows: Vec<u32>,
    /// Logs in the listing of a resource, outside of versions.
    pub logs: Vec<u32>,
    pub entries: Vec<Entry>,
    /// Events of which there were notifications.
    pub notices: Vec<u32>,
}

/// The rows of one filter and order, kept while the index stands.
#[derive(Debug)]
struct View {
    version: u64,
    first: usize,
    filter: Filter,
    order: Order,
    rows: Vec<u32>,
}

/// Which visible row a change is made to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    /// Counted from the head, the newest being 0.
    Rank(usize),
    /// So many thousandths of the way from the head to the tail.
    Depth(u16),
    Id(String),
}

impl Listing {
    /// The list as it stands at `now`: what happened before is settled, what is later lies ahead.
    pub fn open(workspace: Workspace, now: Timestamp, keeping: Keeping) -> Listing {
        let planned = workspace.revisions.iter().rev().copied().collect();
        let appearances = (0..).zip(&workspace.events).map(|(event, it)| Revision {
            at: it.visible_at,
            event,
        });
        let mut pending: Vec<Revision> = appearances.collect();
        pending.sort_by_key(|it| (it.at, it.event));
        pending.reverse();
        let statuses = vec![Status::Hidden; workspace.events.len()];
        let mut listing = Listing {
            workspace,
            empties: Vec::new(),
            resources: Resources::default(),
            past: Past::default(),
            annals: Annals::default(),
            notices: Notices::default(),
            least: i64::MAX,
            now: i64::MIN,
            statuses,
            index: Vec::new(),
            pending,
            planned,
            keeping,
            version: 0,
            view: None,
        };
        listing.settle(now);
        listing.least = listing.horizon();
        listing
    }

    /// Lets time pass until `now`; time that went back changes nothing. What came and went in between was shown to nobody.
    pub fn settle(&mut self, now: Timestamp) {
        let now = now.as_microsecond();
        if now <= self.now {
            return;
        }
        let due = |planned: &[Revision]| {
            let due = planned.iter().rev().take_while(|it| it.at <= now);
            due.map(|it| it.event).collect::<Vec<u32>>()
        };
        if self.now > i64::MIN {
            self.note_versions(&due(&self.planned));
            self.note_versions(&due(&self.pending));
        }
        self.now = now;
        let mut moved = Vec::new();
        while let Some(revision) = self.planned.pop_if(|revision| revision.at <= now) {
            self.change(revision.event, revision.at, &mut moved);
        }
        while let Some(appearance) = self.pending.pop_if(|appearance| appearance.at <= now) {
            if self.status(appearance.event) == Status::Hidden {
                self.set_status(appearance.event, Status::Moved);
                self.notices.appear(&self.workspace, appearance.event);
                moved.push(Key {
                    updated_at: i64::MIN,
                    event: appearance.event,
                });
            }
        }
        self.mend(&moved);
    }

    /// How many rows there are under a filter, and the numbers of those asked for.
    pub fn slice(&mut self, ask: &Ask<'_>, shape: Shape) -> (Vec<u32>, usize) {
        let is_plain = *ask.filter == Filter::Everything && ask.order != Order::Unordered;
        if !is_plain {
            self.refresh_view(ask, shape);
        }
        match &self.view {
            Some(view) if !is_plain => (
                cut(view.rows.len(), |rank| self.key(view.rows[rank]), ask),
                view.rows.len(),
            ),
            _ => {
                let listed = self.listed();
                let newest = listed.len();
                let at = |rank: usize| match ask.order {
                    Order::OldestFirst => listed[rank],
                    _ => listed[newest - 1 - rank],
                };
                (cut(newest, at, ask), newest)
            }
        }
    }

    /// A new row at the head; gives its number.
    pub fn arrive(&mut self) -> u32 {
        let number = self.workspace.arrive(self.now);
        self.list_new(number)
    }

    /// A new row with a key this much older than now.
    pub fn surface(&mut self, age: SignedDuration) -> u32 {
        let number = self.workspace.arrive(self.ago(age));
        self.list_new(number)
    }

    /// A bad or odd record with a key this much older than now.
    pub fn plant(&mut self, bad: &Bad, age: SignedDuration) -> Option<u32> {
        let at = self.ago(age);
        if let Bad::EmptyVersion(pick) = bad {
            let row = self.find(pick)?;
            let resource = self.workspace.resource_id(self.workspace.event(row))?;
            self.empties.push((at, resource));
            return None;
        }
        let told = match bad {
            Bad::DuplicateOf(pick) => self.find(pick).map(|row| {
                let copied = self.workspace.event(row);
                let record = self.workspace.record(row, copied, Shape::default());
                let told = match self.workspace.told(copied) {
                    Some(Told::Reject(_)) => Told::Reject(record),
                    _ => Told::Copy(record),
                };
                (copied.updated_at, told, NONE)
            }),
            _ => None,
        };
        let (at, told, version) = told.unwrap_or_else(|| {
            let model = self.workspace.arrive(at);
            let record = self
                .workspace
                .record(model, self.workspace.event(model), Shape::default());
            let version = self.workspace.events.pop().map_or(NONE, |model| model.version);
            (at, bad.spoil(record), version)
        });
        let is_record = matches!(told, Told::Record(_));
        let number = self.workspace.tell(at, told);
        self.workspace.event_mut(number).version = if is_record { version } else { NONE };
        Some(self.list_new(number))
    }

    /// Changes a row and moves it to the head; gives its number, or none if there is no such row. What is told word for word
    /// stays as it is.
    pub fn revise(&mut self, pick: &Pick) -> Option<u32> {
        let row = self.find(pick)?;
        let told = self.workspace.told(self.workspace.event(row));
        if matches!(told, Some(Told::Copy(_) | Told::Reject(_))) {
            return None;
        }
        self.note_versions(&[row]);
        let mut moved = Vec::new();
        self.change(row, self.now, &mut moved);
        self.mend(&moved);
        Some(row)
    }

    /// Takes a row out of the list for ever.
    pub fn remove(&mut self, pick: &Pick) -> Option<u32> {
        let row = self.find(pick)?;
        self.note_versions(&[row]);
        let key = self.key(row);
        if let Ok(position) = self.index.binary_search(&key) {
            self.index.remove(position);
        }
        self.set_status(row, Status::Removed);
        self.version += 1;
        Some(row)
    }

    fn listed(&self) -> &[Key] {
        let horizon = self.horizon();
        &self.index[self.index.partition_point(|key| key.updated_at < horizon)..]
    }

    fn ago(&self, age: SignedDuration) -> i64 {
        self.now
            .saturating_sub(i64::try_from(age.as_micros()).unwrap_or(i64::MAX))
    }

    fn key(&self, event: u32) -> Key {
        Key {
            updated_at: self.workspace.event(event).updated_at,
            event,
        }
    }

    fn status(&self, event: u32) -> Status {
        self.statuses.get(place(event)).copied().unwrap_or(Status::Hidden)
    }

    fn set_status(&mut self, event: u32, status: Status) {
        self.statuses[place(event)] = status;
    }

    fn list_new(&mut self, event: u32) -> u32 {
        self.note_versions(&[event]);
        self.statuses.push(Status::Moved);
        self.notices.appear(&self.workspace, event);
        self.mend(&[Key {
            updated_at: i64::MIN,
            event,
        }]);
        event
    }

    /// Makes the next revision of a row, unless it is deleted; `moved` collects the keys under which rows no longer stand.
    fn change(&mut self, row: u32, at: i64, moved: &mut Vec<Key>) {
        if self.status(row) == Status::Removed {
            return;
        }
        let old = *self.workspace.event(row);
        if self.status(row) == Status::Listed {
            self.past.supersede(row, old);
            self.annals.logs.supersede(row, old);
            self.set_status(row, Status::Moved);
            moved.push(self.key(row));
        }
        let event = self.workspace.event_mut(row);
        event.updated_at = at.max(old.updated_at + 1);
        event.edits += 1;
    }

    /// Puts moved rows into the index; `moved` holds their old keys, or none that was ever there.
    fn mend(&mut self, moved: &[Key]) {
        if moved.is_empty() {
            return;
        }
        self.version += 1;
        if moved.len() < MANY {
            for old in moved {
                if self.is_apart(old.event) {
                    continue;
                }
                if let Ok(position) = self.index.binary_search(old) {
                    self.index.remove(position);
                }
                let key = self.key(old.event);
                let position = self.index.partition_point(|other| *other < key);
                self.index.insert(position, key);
            }
        } else {
            let statuses = &self.statuses;
            self.index.retain(|key| statuses[place(key.event)] == Status::Listed);
            let listed = moved.iter().filter(|old| !self.is_apart(old.event));
            let keys: Vec<Key> = listed.map(|old| self.key(old.event)).collect();
            self.index.extend(keys);
            self.index.sort();
        }
        for old in moved {
            self.set_status(old.event, Status::Listed);
        }
        let first = self.listed().first().copied();
        let rows = moved.iter().map(|old| old.event);
        let is_within = |row: &u32| first.is_some_and(|first| self.key(*row) >= first) && !self.is_apart(*row);
        let listed: Vec<u32> = rows.clone().filter(is_within).collect();
        let rows: Vec<u32> = rows.collect();
        self.past.show(&listed);
        self.show_in_resources(&rows);
    }

    fn refresh_view(&mut self, ask: &Ask<'_>, shape: Shape) {
        let first = self.index.len() - self.listed().len();
        let is_fresh = self.view.as_ref().is_some_and(|view| {
            view.version == self.version && view.first == first && view.filter == *ask.filter && view.order == ask.order
        });
        if is_fresh {
            return;
        }
        let workspace = &self.workspace;
        let passes = |row: &u32| ask.filter.passes(&|name| workspace.field(*row, name, shape));
        let mut rows: Vec<u32> = self.listed().iter().map(|key| key.event).filter(passes).collect();
        match ask.order {
            Order::OldestFirst => {}
            Order::NewestFirst => rows.reverse(),
            Order::Unordered => {
                let seed = workspace.settings.seed;
                rows.sort_by_cached_key(|row| chance_number(seed, Purpose::Order, u64::from(*row)));
            }
        }
        self.view = Some(View {
            version: self.version,
            first,
            filter: ask.filter.clone(),
            order: ask.order,
            rows,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::switches::{Dialect, Ties};
    use crate::simulator::workspace::{Event, Settings};

    const FORM: (Dialect, Shape) = (
        Dialect::Sender,
        Shape {
            older: false,
            unknown_fields: false,
            nulls_absent: false,
        },
    );
    const END: &str = "2026-06-30T15:00:00Z";

    fn end() -> Timestamp {
        END.parse().unwrap()
    }

    fn open(now: Timestamp, retention_days: Option<u32>) -> Listing {
        let settings = Settings::new(3, 3_000, 40, end());
        let keeping = Keeping {
            retention_days,
            ..Keeping::default()
        };
        Listing::open(Workspace::draw(&settings), now, keeping)
    }

    fn all(listing: &mut Listing, order: Order, rows: usize) -> Vec<u32> {
        let mut read = Vec::new();
        loop {
            let first = read.len();
            let ask = Ask {
                filter: &Filter::Everything,
                order,
                ties: Ties::Stable,
                salt: 0,
                first,
                rows,
            };
            let (page, count) = listing.slice(&ask, Shape::default());
            read.extend(page);
            if read.len() == count {
                return read;
            }
        }
    }

    /// What should be listed, found without the index.
    fn expected(listing: &Listing, now: Timestamp) -> Vec<u32> {
        let now = now.as_microsecond();
        let numbered = (0..).zip(&listing.workspace.events);
        let mut rows: Vec<(i64, u32)> = numbered
            .filter(|(_, it)| it.visible_at <= now)
            .map(|(row, it)| (it.updated_at, row))
            .collect();
        rows.sort_unstable();
        rows.into_iter().rev().map(|(_, row)| row).collect()
    }

    #[test]
    fn pages_of_any_size_make_the_same_list() {
        let mut listing = open(end(), None);
        let whole = all(&mut listing, Order::NewestFirst, 5_000);
        assert_eq!(whole.len(), 3_000);
        assert_eq!(whole, expected(&listing, end()));
        for size in [1, 7, 50, 100] {
            assert_eq!(all(&mut listing, Order::NewestFirst, size), whole);
        }
        let mut backward = all(&mut listing, Order::OldestFirst, 64);
        backward.reverse();
        assert_eq!(backward, whole);
        let mut unordered = all(&mut listing, Order::Unordered, 64);
        assert_ne!(unordered, whole);
        unordered.sort_unstable();
        assert_eq!(unordered, (0..3_000).collect::<Vec<u32>>());
    }

    #[test]
    fn the_list_grows_with_the_clock_in_any_steps() {
        let start = end() - SignedDuration::from_hours(24 * 30);
        let mut small = open(start, None);
        let before = small.ids().len();
        assert!(before > 100 && before < 1_500, "{before}");
        for hour in 1..=24 * 30 {
            let now = start + SignedDuration::from_hours(hour);
            small.settle(now);
            assert_eq!(small.ids().len(), expected(&small, now).len());
        }
        let mut large = open(start, None);
        large.settle(end());
        assert_eq!(small.index, large.index);
        assert_eq!(small.workspace.events, large.workspace.events);
        assert!(
            small
                .truth(FORM)
                .revisions
                .values()
                .any(|revisions| revisions.len() > 1)
        );
        assert_eq!(small.truth(FORM).latest(), large.truth(FORM).latest());
    }

    #[test]
    fn a_late_row_appears_behind_rows_that_were_there() {
        let mut listing = open(end(), None);
        let key = listing.key(listing.find(&Pick::Rank(200)).unwrap()).updated_at;
        let age = SignedDuration::from_micros(end().as_microsecond() - key - 1);
        let row = listing.surface(age);
        let rank = all(&mut listing, Order::NewestFirst, 100)
            .iter()
            .position(|it| *it == row);
        let is_newer = |it: &&Event| it.updated_at > key + 1;
        let newer = listing.workspace.events.iter().filter(is_newer).count();
        assert!(newer > 100 && newer <= 200);
        assert_eq!(rank, Some(newer));
        let drawn = listing
            .workspace
            .events
            .iter()
            .find(|it| it.visible_at > it.updated_at && it.edits == 0)
            .copied();
        let drawn = drawn.unwrap();
        let moment = |at: i64| Timestamp::from_microsecond(at).unwrap();
        let mut early = open(moment(drawn.visible_at - 1), None);
        let row = early
            .workspace
            .events
            .iter()
            .position(|it| it.created_at == drawn.created_at)
            .unwrap();
        let row = u32::try_from(row).unwrap();
        assert_eq!(early.status(row), Status::Hidden);
        early.settle(moment(drawn.visible_at));
        assert_eq!(early.status(row), Status::Listed);
    }

    #[test]
    fn revisions_move_to_the_head_and_both_are_true() {
        let mut listing = open(end(), None);
        let row = listing.revise(&Pick::Depth(500)).unwrap();
        assert_eq!(listing.find(&Pick::Rank(0)), Some(row));
        let truth = listing.truth(FORM);
        let revisions = &truth.revisions[&listing.workspace.event_id(row).unwrap()];
        assert_eq!(revisions.len(), 2);
        assert!(revisions[0]["updated_at"].as_str() < revisions[1]["updated_at"].as_str());
        assert_ne!(revisions[0]["event_blocks"], revisions[1]["event_blocks"]);
        assert_eq!(listing.ids().len(), 3_000);
    }

    #[test]
    fn deleted_and_expired_rows_leave_the_list_and_stay_true() {
        let mut listing = open(end(), None);
        let deleted = listing.remove(&Pick::Rank(5)).unwrap();
        assert!(!all(&mut listing, Order::NewestFirst, 100).contains(&deleted));
        listing.retain(Some(10));
        let listed = listing.ids().len();
        assert!(listed < 1_500, "{listed}");
        listing.settle(end() + SignedDuration::from_hours(24 * 3));
        assert!(listing.ids().len() < listed);
        assert_eq!(listing.truth(FORM).revisions.len(), 3_000);
        let mut early = open(end() - SignedDuration::from_hours(24 * 20), None);
        let planned = early.planned.last().copied().unwrap();
        let before = *early.workspace.event(planned.event);
        early.set_status(planned.event, Status::Removed);
        early.settle(end());
        assert_eq!(
            *early.workspace.event(planned.event),
            before,
            "what is deleted is not revised"
        );
        let mut short = open(end(), Some(10));
        assert_eq!(short.truth(FORM).revisions.len(), short.ids().len());
    }

    #[test]
    fn shuffled_ties_keep_the_order_of_keys_and_change_places() {
        let mut listing = open(end(), None);
        let mut read = |salt| {
            let ask = Ask {
                filter: &Filter::Everything,
                order: Order::NewestFirst,
                ties: Ties::Shuffled,
                salt,
                first: 0,
                rows: 3_000,
            };
            listing.slice(&ask, Shape::default()).0
        };
        let (one, other) = (read(1), read(2));
        assert_ne!(one, other);
        let keys = |rows: &[u32]| rows.iter().map(|row| listing.key(*row).updated_at).collect::<Vec<_>>();
        assert_eq!(keys(&one), keys(&other));
    }

    #[test]
    fn odd_records_are_listed_and_told_apart() {
        let mut listing = open(end(), None);
        let hour = SignedDuration::from_hours(1);
        let rejects = [
            Bad::NotAnObject,
            Bad::NoId,
            Bad::ImpossibleTime,
            Bad::NoOrderKey,
            Bad::AncientTime,
        ];
        let events = [
            Bad::WrongTypes,
            Bad::LongText(1_000_000),
            Bad::NullMetadata,
            Bad::UnknownValues,
        ];
        for bad in rejects.iter().chain(&events) {
            listing.plant(bad, hour);
        }
        listing.plant(&Bad::DuplicateOf(Pick::Rank(30)), hour);
        assert_eq!(all(&mut listing, Order::NewestFirst, 100).len(), 3_010);
        let truth = listing.truth(FORM);
        assert_eq!(truth.rejects.len(), rejects.len());
        assert_eq!(truth.revisions.len(), 3_000 + events.len());
        assert!(truth.revisions.values().all(|revisions| revisions.len() == 1));
    }
}
