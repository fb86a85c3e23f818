//! What of the list is and was within reach: by resource, by age, and as the truth. Apart from the keeping of the
//! order, which is all that the pages of the audit list need.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::super::annals::Telling;
use super::super::chance::{Purpose, number as chance_number};
use super::super::notices::{Wanted, notice_id};
use super::super::order::Ask;
use super::super::resources::Entry;
use super::super::switches::{Dialect, Shape};
use super::super::truth::Truth;
use super::super::versions::Version;
use super::super::workspace::NONE;
use super::{Listing, Pick, Shown, Status};

impl Listing {
    /// How long rows are listed from now on.
    pub fn retain(&mut self, days: Option<u32>) {
        self.keeping.retention_days = days;
        self.least = self.least.min(self.horizon());
        self.version += 1;
        let rows: Vec<u32> = self.listed().iter().map(|key| key.event).collect();
        self.past.show(&rows);
        let all = (0..).zip(&self.statuses);
        let there = all.filter(|(_, status)| matches!(status, Status::Listed | Status::Moved));
        let there: Vec<u32> = there.map(|(row, _)| row).collect();
        self.show_in_resources(&there);
    }

    /// The ids of all rows listed now, newest first; rows without an id are left out.
    pub fn ids(&self) -> Vec<String> {
        self.listed()
            .iter()
            .rev()
            .filter_map(|key| self.workspace.event_id(key.event))
            .collect()
    }

    /// The number of a listed row.
    pub fn find(&self, pick: &Pick) -> Option<u32> {
        let listed = self.listed();
        match pick {
            Pick::Rank(rank) => listed.iter().rev().nth(*rank).map(|key| key.event),
            Pick::Depth(depth) => {
                let rank = listed.len().saturating_sub(1) * usize::from(*depth).min(1000) / 1000;
                listed.iter().rev().nth(rank).map(|key| key.event)
            }
            Pick::Id(id) => {
                let mut rows = listed.iter().map(|key| key.event);
                rows.find(|row| self.workspace.event_id(*row).as_ref() == Some(id))
            }
        }
    }

    /// The events of a resource, or none if there is no such resource.
    pub fn rows_of(&mut self, resource: Uuid) -> Option<Vec<u32>> {
        self.resources.cover(&self.workspace);
        self.resources.rows(resource).map(<[u32]>::to_vec)
    }

    /// Whether a row can be seen now, were it not for its age.
    pub fn is_there(&self, row: u32) -> bool {
        matches!(self.status(row), Status::Listed | Status::Moved)
    }

    /// Whether what has this key is young enough for the listing of a resource.
    pub fn is_kept(&self, key: i64) -> bool {
        self.keeping.is_kept_in_resources || key >= self.horizon()
    }

    /// The version of these edits as it stands and is listed.
    pub fn version(&self, edits: &[u32]) -> Option<Version> {
        let is_kept = |edit: &u32| self.status(*edit) != Status::Hidden && self.is_kept(self.key(*edit).updated_at);
        self.stand(edits).filter(|_| edits.iter().any(is_kept))
    }

    /// The events of the notifications on one page, and how many there are of those wanted and at most so old.
    pub fn notices(&mut self, wanted: &mut Wanted, age: Option<SignedDuration>, ask: &Ask<'_>) -> (Vec<u32>, usize) {
        let from = age.map_or(i64::MIN, |age| self.ago(age)).max(self.horizon());
        wanted.from = wanted.from.max(from);
        self.notices.slice(&self.workspace, wanted, ask)
    }

    /// The ids of all rows in an answer, nested ones and versions too.
    pub fn shown_ids(&self, shown: &Shown) -> Vec<String> {
        let workspace = &self.workspace;
        let rows = shown.rows.iter().chain(&shown.logs);
        let mut ids: Vec<String> = rows.filter_map(|row| workspace.event_id(*row)).collect();
        for entry in &shown.entries {
            if let Entry::Version(version) = entry {
                ids.push(workspace.version_id(version.opener).to_string());
                let members = version.members.iter();
                ids.extend(members.filter_map(|member| workspace.event_id(member.event)));
            }
        }
        ids.extend(shown.notices.iter().map(|row| notice_id(workspace, *row)));
        ids
    }

    /// Notes what was in a full answer; rows are as they stand.
    pub fn served(&mut self, shown: Shown) {
        for row in &shown.rows {
            self.past.serve(*row, self.workspace.event(*row).edits);
        }
        for row in &shown.logs {
            self.annals.logs.serve(*row, self.workspace.event(*row).edits);
        }
        self.notices.serve(&shown.notices);
        for entry in shown.entries {
            self.annals.serve(entry);
        }
    }

    /// Everything within reach at any moment since the start, as records of this form. What a client holds must be part of it.
    pub fn truth(&mut self, form: (Dialect, Shape)) -> Truth {
        self.tell(form, false)
    }

    /// Of this, what stood in an answer that was sent in full. A client that keeps what it receives holds at least this.
    pub fn truth_served(&mut self, form: (Dialect, Shape)) -> Truth {
        self.tell(form, true)
    }

    pub(super) fn horizon(&self) -> i64 {
        let day = SignedDuration::from_hours(24);
        self.keeping.retention_days.map_or(i64::MIN, |days| {
            self.ago(day.saturating_mul(i32::try_from(days).unwrap_or(i32::MAX)))
        })
    }

    /// Whether a row stands in the listing of its resource only.
    pub(super) fn is_apart(&self, row: u32) -> bool {
        let per_mille = u64::from(self.keeping.apart_per_mille);
        let is_drawn = per_mille > 0 && row < self.workspace.first_arrival;
        is_drawn
            && chance_number(self.workspace.settings.seed, Purpose::Apart, u64::from(row)) % 1000 < per_mille
            && self.workspace.event(row).resource != NONE
            && self.workspace.act(self.workspace.event(row)).is_some()
    }

    /// Notes the versions of these events as they stand, before something happens to these.
    pub(super) fn note_versions(&mut self, rows: &[u32]) {
        let versions = rows.iter().map(|row| self.workspace.event(*row).version);
        let openers: BTreeSet<u32> = versions.filter(|version| *version != NONE).collect();
        if openers.is_empty() {
            return;
        }
        self.resources.cover(&self.workspace);
        for opener in openers {
            let edits = self.edits(opener);
            if let Some(version) = self.annals.reached(self.stand(&edits), &edits) {
                self.annals.supersede(version);
            }
        }
    }

    /// Notes that these rows are there, as far as they are not too old.
    pub(super) fn show_in_resources(&mut self, rows: &[u32]) {
        let kept = rows.iter().filter(|row| self.is_kept(self.key(**row).updated_at));
        let kept: Vec<u32> = kept.copied().collect();
        self.annals.logs.show(&kept);
    }

    /// The events of the version that the event at `opener` began.
    fn edits(&self, opener: u32) -> Vec<u32> {
        let resource = self.workspace.resource_id(self.workspace.event(opener));
        let rows = resource.and_then(|id| self.resources.rows(id)).unwrap_or_default();
        let edits = rows.iter().filter(|row| self.workspace.event(**row).version == opener);
        edits.copied().collect()
    }

    /// The version of these edits, whatever its age.
    fn stand(&self, edits: &[u32]) -> Option<Version> {
        let known = edits.iter().filter(|edit| self.status(**edit) != Status::Hidden);
        let known: Vec<u32> = known.copied().collect();
        Version::stand(&self.workspace, &known, |edit| self.is_there(edit))
    }

    fn tell(&mut self, form: (Dialect, Shape), is_served: bool) -> Truth {
        let shape = form.1;
        self.resources.cover(&self.workspace);
        let past = &self.past;
        let is_wanted = |row: u32, edits: u16| !is_served || past.is_served(row, edits);
        let is_shown = |row: u32| past.is_shown(row);
        let mut truth = Truth::of_rows(&self.workspace, past, shape, &is_shown, &is_wanted);
        let telling = Telling {
            workspace: &self.workspace,
            resources: &self.resources,
            shape,
            now: Timestamp::from_microsecond(self.now).unwrap_or_default(),
            is_served,
        };
        self.annals
            .tell(telling, self.empties.len(), |edits| self.stand(edits), &mut truth);
        truth.notifications = self.notices.tell(&self.workspace, self.least, is_served, form);
        truth
    }
}
