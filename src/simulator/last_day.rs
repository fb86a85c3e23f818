//! The day after the demo's history, which two loads see from both sides: the first at its begin, where the history ends, the
//! second at its end. Nothing happens in it that is logged as of that day. Apart from the story, which is the same for every
//! reader, because here the service itself does what it should not.
//!
//! Hours are counted from the end of the history.
//!
//! 1. **Late.** 6 hours before: Marcus Oyelaran mutes the monitor `customers freshness`; the service lists it 15 hours after.
//! 2. **Edited.** 14 hours: the record of the story's export, weeks old, reads otherwise from then on.
//! 3. **Unreadable.** 12 hours: a record that is logged on the 31st of February.

use serde_json::{Value, json};

use super::row::Moment;
use super::workspace::{Revision, Told, Workspace};

const HOUR: i64 = 3_600_000_000;
/// The id of the record that comes to light late.
pub const LATE: &str = "5ec0da00-0006-4000-8000-000000000001";
const UNREADABLE: &str = "5ec0da00-0007-4000-8000-000000000001";
const MONITOR: &str = "5ec0da00-0006-4000-8000-0000000000a7";

/// Puts the day after into a history that holds the story.
pub fn tell(workspace: &mut Workspace) {
    let end = workspace.settings.end_at.as_microsecond();
    let by_marcus = told(workspace, "api_key_created").map(|(_, record)| record.clone());
    if let Some((event, _)) = told(workspace, "data_exported") {
        let at = end + 14 * HOUR;
        workspace.revisions.push(Revision { at, event });
        workspace
            .revisions
            .sort_by_key(|revision| (revision.at, revision.event));
    }
    if let Some(record) = by_marcus {
        let muted = workspace.tell(end - 6 * HOUR, Told::Record(muted(record.clone())));
        workspace.event_mut(muted).visible_at = end + 15 * HOUR;
        let at = end + 12 * HOUR;
        workspace.tell(at, Told::Reject(unreadable(record, at)));
    }
}

/// The first record of the story of this type, and its event.
fn told<'a>(workspace: &'a Workspace, activity_type: &str) -> Option<(u32, &'a Value)> {
    let mut numbered = (0..).zip(&workspace.events);
    numbered.find_map(|(number, event)| match workspace.told(event)? {
        Told::Record(record) if record["activity_type"] == activity_type => Some((number, record)),
        _ => None,
    })
}

fn muted(mut record: Value) -> Value {
    record["id"] = json!(LATE);
    record["activity_type"] = json!("monitor_muted");
    record["resource_id"] = json!(MONITOR);
    record["resource_type"] = json!("MONITOR");
    record["resource_metadata"] = json!({
        "id": MONITOR,
        "name": "customers freshness",
        "icon": null,
        "type": null,
        "integration_id": null,
    });
    record["event_blocks"] = json!([
        { "type": "text", "style": "normal", "value": "Muted monitor " },
        { "type": "text", "style": "bold", "value": "customers freshness" },
    ]);
    record
}

fn unreadable(mut record: Value, at: i64) -> Value {
    record["id"] = json!(UNREADABLE);
    record["activity_type"] = json!("user_logged_in");
    record["logged_at"] = json!("2026-02-31T12:00:00Z");
    for name in ["created_at", "updated_at"] {
        record[name] = json!(Moment(at).to_string());
    }
    for name in ["resource_id", "resource_type", "resource_metadata", "metadata"] {
        record[name] = Value::Null;
    }
    record["event_blocks"] = json!([{ "type": "text", "style": "normal", "value": "Logged in" }]);
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::workspace::Settings;

    #[test]
    fn at_the_end_of_the_history_none_of_it_is_to_be_seen() {
        let settings = Settings {
            story: true,
            ..Settings::new(4, 200, 90, "2026-06-30T15:00:00Z".parse().unwrap())
        };
        let before = Workspace::draw(&settings);
        let mut after = Workspace::draw(&settings);
        tell(&mut after);
        let yesterday = settings.end_at.as_microsecond();
        assert_eq!(after.events.len(), before.events.len() + 2);
        let new = &after.events[before.events.len()..];
        assert!(new.iter().all(|event| event.visible_at > yesterday));
        assert!(new[0].logged_at < yesterday && new[0].visible_at > new[0].updated_at);
        let edits = after.revisions.len() - before.revisions.len();
        let edited = after
            .revisions
            .iter()
            .find(|revision| !before.revisions.contains(revision))
            .unwrap();
        assert!(edits == 1 && edited.at > yesterday);
        assert_eq!(
            told(&after, "data_exported").map(|(number, _)| number),
            Some(edited.event)
        );
    }
}
