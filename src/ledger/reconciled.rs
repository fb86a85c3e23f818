//! What a comparison of the lake with its service found: part of a `reconcile` entry. Apart from the entry because only this
//! kind has it.

use serde::{Deserialize, Serialize};

use crate::coverage::Span;
use crate::schema::Micros;

/// One comparison of a stream over an interval of event time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciled {
    #[serde(flatten)]
    pub span: Span,
    /// The service's time when the reading began.
    pub service_at: Micros,
    /// Records of the interval in the lake.
    pub held: u64,
    /// Of those, as the service has them.
    pub same: u64,
    /// At the service, and not in the lake.
    pub missing: u64,
    /// With another content than the newest known row.
    pub changed: u64,
    /// The same, but only in members that one of the two lacks.
    pub drift: u64,
    /// In a form that the lake holds as an older one.
    pub reverted: u64,
    /// In the lake, and not at the service any more although it should still show them.
    pub vanished: u64,
    pub extra: Extra,
    /// What the service shows and cannot be read.
    pub unreadable: u64,
    /// Shown, and of a purged time.
    pub withheld: u64,
    /// Whether what was missing or changed was to be stored.
    pub is_repaired: bool,
    /// Rows stored for it.
    pub stored: u64,
    /// The loads they came in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loads: Vec<u64>,
    /// The first of the vanished ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vanished_records: Vec<VanishedRecord>,
}

/// Records in the lake that were not shown, and could not be expected to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Extra {
    /// Older than what the service keeps.
    pub expired: u64,
    /// Outside what its list reached.
    pub unreached: u64,
    /// Only ever read from files.
    pub imported: u64,
    /// Not let through by the filter of the stream.
    pub filtered: u64,
}

impl Extra {
    pub fn total(&self) -> u64 {
        self.expired + self.unreached + self.imported + self.filtered
    }
}

/// A record that the service does not show any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VanishedRecord {
    pub table: String,
    pub id: String,
    /// Its event time.
    pub occurred_at: Micros,
}

impl Reconciled {
    /// Whether the lake and the service do not agree, even after what was stored.
    pub fn differs(&self) -> bool {
        let mended = self.is_repaired && self.stored >= self.missing + self.changed;
        self.vanished + self.reverted > 0 || (self.missing + self.changed > 0 && !mended)
    }
}
