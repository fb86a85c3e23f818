//! Whether a sync met what was collected before, by which alone a list shows that nothing is hidden from the key. Apart from
//! the judgement, which only asks whether it did.

use std::collections::BTreeSet;

use super::draw::Kind;
use super::judge::Case;
use super::run::{Ended, Held, Synced};

/// How long the loader is told that a service of Secoda keeps its log.
const RETENTION: i64 = 90 * 86_400_000_000;

impl Case<'_> {
    /// Whether the list of a sync holds a row that the loader has, or none that it should have. An empty list tells nothing,
    /// and neither do rows that came by a sync of which this is not known.
    pub(super) fn meets_again(&self, number: usize, sync: &Synced) -> bool {
        let mut trusted = 0;
        for before in &self.tale.syncs[..number] {
            let is_done = matches!(before.ended, Ended::Done { error: None, .. });
            if (is_done && self.meets(trusted, before)) || !self.known(trusted).any(|_| true) {
                trusted = i128::from(before.sequence);
            }
        }
        self.meets(trusted, sync)
    }

    /// What the loader holds by this load.
    fn known(&self, load: i128) -> impl Iterator<Item = &Held> {
        self.tale.held.iter().filter(move |row| row.load <= load)
    }

    fn meets(&self, trusted: i128, sync: &Synced) -> bool {
        let ids: BTreeSet<&str> = self.known(trusted).map(|row| row.id.as_str()).collect();
        let is_met = sync.still.iter().any(|sighting| ids.contains(self.id(*sighting)));
        let since = match self.history.kind {
            Kind::Secoda(_) => self.now_of(sync) - RETENTION,
            Kind::Zendesk(..) => i64::MIN,
        };
        let oldest = sync.still.iter().map(|sighting| sighting.updated_at).min();
        let is_due = |row: &Held| oldest.is_none_or(|oldest| row.updated_at >= oldest.min(since));
        is_met || !self.known(trusted).any(is_due)
    }
}
