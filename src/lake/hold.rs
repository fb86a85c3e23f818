//! What must not be removed or changed, whatever else is said. Apart from purge and erasure because both ask first.

use crate::coverage::Span;
use crate::schema::Micros;

/// A legal hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub name: String,
    pub reason: String,
    /// None means all.
    pub sources: Vec<String>,
    /// Identifiers; none means everybody.
    pub performers: Vec<String>,
    /// By event time, order key, or the moment a reject was first seen.
    pub span: Span,
}

impl Hold {
    pub fn is_of(&self, source: &str) -> bool {
        self.sources.is_empty() || self.sources.iter().any(|held| held == source)
    }

    /// Whether it keeps a row back: one of its time, and where it names people one that names any of them.
    pub(super) fn keeps(&self, event_at: Micros, order_at: Micros, raw: &[u8]) -> bool {
        let within = |at: Micros| self.span.from <= at && at < self.span.to;
        let names = |id: &String| raw.windows(id.len().max(1)).any(|window| window == id.as_bytes());
        (within(event_at) || within(order_at)) && (self.performers.is_empty() || self.performers.iter().any(names))
    }
}
