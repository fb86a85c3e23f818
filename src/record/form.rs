//! Which form a record is of that stands alone, without the page that would tell; and how much of a record the tables of a
//! stream know. Apart from flattening because a service's own answers need neither.

use std::collections::HashSet;

use super::{Layout, Layouts, json};

impl Layouts {
    /// The one form that a record has members of which no other form of the stream declares; the only form where there is no
    /// other. `None` where its members do not tell.
    pub fn form_of(&self, bytes: &[u8]) -> Option<usize> {
        if self.forms.len() == 1 {
            return Some(0);
        }
        let names = names(bytes);
        let has_own = |layout: &&Layout| {
            let others = || self.forms.iter().filter(|other| other.number != layout.number);
            let mut known = names.iter().filter(|name| layout.knows(name));
            known.any(|name| !others().any(|other| other.knows(name)))
        };
        let mut found = self.forms.iter().filter(has_own).map(|layout| layout.number);
        found.next().filter(|_| found.next().is_none())
    }

    /// How many top-level members of a record the table of one of the forms declares, of the form that declares most.
    pub fn familiar(&self, bytes: &[u8]) -> usize {
        let names = names(bytes);
        let known = |layout: &Layout| names.iter().filter(|name| layout.knows(name)).count();
        self.forms.iter().map(known).max().unwrap_or_default()
    }
}

impl Layout {
    fn knows(&self, name: &str) -> bool {
        self.members.contains_key(name) || self.form.nested == Some(name)
    }
}

fn names(bytes: &[u8]) -> HashSet<String> {
    let members = std::str::from_utf8(bytes).ok().and_then(json::members);
    members
        .unwrap_or_default()
        .into_iter()
        .map(|member| member.name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::secoda::{AUDIT_LOGS, RESOURCE_LOGS};

    #[test]
    fn a_record_of_a_stream_of_two_forms_is_told_by_what_only_one_of_them_has() {
        let layouts = Layouts::of(&RESOURCE_LOGS);
        let cases = [
            (r#"{"id":"a","activity_type":"x"}"#, Some(0)),
            (r#"{"id":"a","metadata":{},"event_blocks":null}"#, Some(0)),
            (r#"{"id":"a","activity_logs":[],"metadata":{}}"#, Some(1)),
            (r#"{"id":"a","older_than_thirty_days":true,"new":1}"#, Some(1)),
            (r#"{"id":"a","created_at":"x","metadata":{}}"#, None),
            (r#"{"id":"a","activity_type":"x","activity_logs":[]}"#, None),
            ("7", None),
        ];
        for (text, expected) in cases {
            assert_eq!(layouts.form_of(text.as_bytes()), expected, "{text}");
            assert_eq!(Layouts::of(&AUDIT_LOGS).form_of(text.as_bytes()), Some(0), "{text}");
        }
    }
}
