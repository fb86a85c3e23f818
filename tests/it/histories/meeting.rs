//! Whether a sync met what was collected before, by which alone a list shows that nothing is hidden from the key. Apart from
//! the judgement, which only asks whether it did.

use std::collections::BTreeSet;

use super::draw::{Kind, Trouble};
use super::judge::Case;
use super::run::{Ended, Held, Synced};

/// How long the loader is told that a service of Secoda keeps its log.
const RETENTION: i64 = 90 * 86_400_000_000;

impl Case<'_> {
    /// Whether the list of a sync holds a row that the loader has, or none that it should have. An empty list tells nothing,
    /// and neither do rows that came by a sync of which this is not known.
    pub(super) fn meets_again(&self, number: usize, sync: &Synced) -> bool {
        let (mut trusted, mut newest) = (0, 0);
        for (moment, before) in self.history.moments.iter().zip(&self.tale.syncs[..number]) {
            // A sync that was stopped tells no findings.
            let is_whole = !matches!(moment.trouble, Trouble::StoppedAt { .. });
            let is_sound =
                is_whole && matches!(&before.ended, Ended::Done { error: None, findings } if findings.is_empty());
            if (is_sound && self.lists(before, newest)) || !self.known(trusted).any(|_| true) {
                trusted = i128::from(before.sequence);
            }
            newest = i128::from(before.sequence);
        }
        self.lists(sync, trusted) || !self.is_any_due(sync, newest)
    }

    /// What the loader holds by this load.
    fn known(&self, load: i128) -> impl Iterator<Item = &Held> {
        self.tale.held.iter().filter(move |row| row.load <= load)
    }

    /// Whether a record that the loader holds by this load is listed.
    fn lists(&self, sync: &Synced, load: i128) -> bool {
        let ids: BTreeSet<&str> = self.known(load).map(|row| row.id.as_str()).collect();
        sync.still.iter().any(|sighting| ids.contains(self.id(*sighting)))
    }

    /// Whether the service should still list anything of what the loader holds by this load.
    fn is_any_due(&self, sync: &Synced, load: i128) -> bool {
        let since = match self.history.kind {
            Kind::Secoda(_) => self.now_of(sync) - RETENTION,
            Kind::Zendesk(..) => i64::MIN,
        };
        let oldest = sync.still.iter().map(|sighting| sighting.updated_at).min();
        let is_due = |row: &Held| oldest.is_none_or(|oldest| row.updated_at >= oldest.min(since));
        self.known(load).any(is_due)
    }
}
