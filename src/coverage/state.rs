//! Where a stream stands, as the ledger keeps it. Apart from the intervals, which know nothing of streams.

use serde::{Deserialize, Serialize};

use super::Coverage;
use crate::schema::Micros;

/// The account of rows that were imported before anybody configured their source.
pub const UNTOLD: &str = "import";

/// Where a stream stands: all that a later run needs to know of the earlier ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamState {
    /// The account the state belongs to: another one under the same source name is refused.
    pub account: String,
    /// `None`: the whole stream; only such a state may claim to be complete.
    pub filter: Option<String>,
    pub coverage: Coverage,
    /// Records of this stream in the lake, revisions included.
    pub rows: u64,
    pub rejects: u64,
    /// The oldest key the service offered at the last proven end of its list.
    pub oldest_offered_at: Option<Micros>,
    /// The greatest order key the service has shown; what only an import brought does not count.
    pub newest_key: Option<Micros>,
    /// Walks that reached the proven end of the list.
    pub complete_walks: u64,
    /// Whether the last walk that reached the end found the list in no order: then no page proves what stands on the others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_unordered: bool,
    /// Rows that the service should still have offered did not come again: until they do, nothing is claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
    /// When the last walk began that ended well, by the service's clock.
    pub last_walk_at: Option<Micros>,
    /// The longest known time between a record's order key and the moment it could be seen, in microseconds.
    pub greatest_lateness: Micros,
    /// Of a stream that asks per resource: where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fan_out: Option<FanOut>,
}

/// What the key may see is in doubt. What has been stored since came by the same key and ends no doubt: only a row that was
/// there before does, or its age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// The first load that may hold rows of the doubtful key.
    pub since_load: u64,
    /// The greatest order key that the service had shown before.
    pub newest_key: Micros,
}

/// How far a stream that asks per resource has followed the rows of another one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FanOut {
    /// Of resources with new rows.
    pub first: Place,
    /// Of those whose rows are older than `finality`.
    pub second: Place,
    /// The resource whose list showed records last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
    /// Resources that could not be listed, those that have waited longest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<String>,
}

/// The resources named by the ledger entries in `(after, until]` are being listed, in the order of their ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub after: u64,
    pub until: u64,
    pub last_done: Option<String>,
}

impl Place {
    /// Whether all of them are listed.
    pub fn is_done(&self) -> bool {
        self.after == self.until
    }
}

impl StreamState {
    pub fn new(account: &str) -> Self {
        Self {
            account: account.to_owned(),
            filter: None,
            coverage: Coverage::default(),
            rows: 0,
            rejects: 0,
            oldest_offered_at: None,
            newest_key: None,
            complete_walks: 0,
            is_unordered: false,
            doubt: None,
            last_walk_at: None,
            greatest_lateness: 0,
            fan_out: None,
        }
    }

    /// Counts more rows and rejects; those before, as a ledger names them, may be any number.
    pub fn grow(&mut self, rows: u64, rejects: u64) {
        self.rows = self.rows.saturating_add(rows);
        self.rejects = self.rejects.saturating_add(rejects);
    }

    /// A state that nobody has said the account of becomes that of the first who says it.
    pub fn taken_by(mut self, account: &str) -> Self {
        if self.account == UNTOLD {
            account.clone_into(&mut self.account);
        }
        self
    }
}
