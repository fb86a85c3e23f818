//! What must not be removed or changed, whatever else is said. Apart from purge and erasure because both ask first.

use serde_json::Value;

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
        let names = |id: &String| is_in(id, raw) || read_plainly(raw).is_some_and(|raw| is_in(&quoted(id), &raw));
        (within(event_at) || within(order_at)) && (self.performers.is_empty() || self.performers.iter().any(names))
    }
}

fn is_in(text: &str, bytes: &[u8]) -> bool {
    bytes.windows(text.len().max(1)).any(|window| window == text.as_bytes())
}

/// The record with every letter written as itself; `None` where it has no escapes.
fn read_plainly(raw: &[u8]) -> Option<Vec<u8>> {
    let record: Value = serde_json::from_slice(raw).ok().filter(|_| raw.contains(&b'\\'))?;
    serde_json::to_vec(&record).ok()
}

/// A text as it stands in JSON, without the marks around it.
fn quoted(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted.trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_of_a_person_keeps_a_record_however_it_writes_the_identifier() {
        let hold = |id: &str| Hold {
            name: "h".to_owned(),
            reason: "r".to_owned(),
            sources: Vec::new(),
            performers: vec![id.to_owned()],
            span: Span::new(0, 10),
        };
        let cases = [
            ("p-1", r#"{"performer_id":"p-1"}"#, true),
            ("p-1", r#"{"performer_id":"p\u002d1"}"#, true),
            ("ren\u{e9}e", r#"{"performer_id":"ren\u00e9e"}"#, true),
            ("a\"b", r#"{"performer_id":"a\"b"}"#, true),
            ("a/b", r#"{"owners":["a\/b"]}"#, true),
            ("p-1", r#"{"performer_id":"p\u002d2"}"#, false),
        ];
        for (id, raw, is_kept) in cases {
            assert_eq!(hold(id).keeps(5, 5, raw.as_bytes()), is_kept, "{raw}");
        }
        assert!(!hold("p-1").keeps(20, 20, br#"{"performer_id":"p-1"}"#));
    }
}
