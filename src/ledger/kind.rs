//! What entries are of. Apart from what they hold, which is the same for all of them.

use serde::{Deserialize, Serialize};

/// What an entry's run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Sync,
    /// Records read from files that somebody kept.
    Import,
    /// States that moved without new rows.
    Silence,
    /// The key that signs from now on.
    Key,
    /// Files merged into larger ones; no row changes.
    Compact,
    /// Files deleted that were removed from their table before.
    Vacuum,
    /// Another writer's change of layout, acknowledged.
    Adopt,
    /// Rows taken away by a policy or on request.
    Purge,
    /// A person's data replaced by pseudonyms.
    Erase,
    /// A second reading of an interval, compared with what is kept.
    Reconcile,
    /// Columns filled from the records' bytes.
    Backfill,
    /// Kept rejects flattened anew.
    Retry,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Sync => "sync",
            Kind::Import => "import",
            Kind::Silence => "silence",
            Kind::Key => "key",
            Kind::Compact => "compact",
            Kind::Vacuum => "vacuum",
            Kind::Adopt => "adopt",
            Kind::Purge => "purge",
            Kind::Erase => "erase",
            Kind::Reconcile => "reconcile",
            Kind::Backfill => "backfill",
            Kind::Retry => "retry",
        }
    }

    /// Whether rows of the files it removes come back changed, or not at all: what was derived from them is read again.
    pub fn rewrites_rows(self) -> bool {
        matches!(self, Kind::Purge | Kind::Erase | Kind::Backfill | Kind::Retry)
    }
}
