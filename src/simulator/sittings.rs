//! Which edits make one version: those of one resource in one sitting. Apart from the workspace, so that drawn edits and
//! those that arrive while it runs are grouped by one rule.

use std::collections::HashMap;

/// Edits this long after the first one still join its version.
const LENGTH: i64 = 12 * 3_600_000_000;
/// No more edits than this make one version.
const MOST: u32 = 6;

#[derive(Debug, Clone, Copy)]
struct Sitting {
    opener: u32,
    opened_at: i64,
    edits: u32,
}

/// The newest version of each resource, by its place in the cast.
#[derive(Debug, Default)]
pub struct Sittings {
    newest: HashMap<u32, Sitting>,
}

impl Sittings {
    /// Enters the edit of a resource by the event at `number`; gives the event that began its version, often itself.
    pub fn join(&mut self, resource: u32, number: u32, at: i64) -> u32 {
        let own = Sitting {
            opener: number,
            opened_at: at,
            edits: 1,
        };
        let sitting = self.newest.entry(resource).or_insert(own);
        let is_earlier = at < sitting.opened_at;
        if sitting.opener == number || is_earlier {
            return number;
        }
        if at - sitting.opened_at >= LENGTH || sitting.edits >= MOST {
            *sitting = own;
        } else {
            sitting.edits += 1;
        }
        sitting.opener
    }
}
