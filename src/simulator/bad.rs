//! Records that a client should not meet, and does: what is wrong with each, made from a sound one. Apart from
//! the faults, which strike answers and not records.

use serde_json::{Value, json};

use super::listing::Pick;
use super::workspace::Told;

/// One odd record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bad {
    /// A string where an object should be.
    NotAnObject,
    NoId,
    /// `logged_at` is the 31st of February.
    ImpossibleTime,
    /// No `updated_at`.
    NoOrderKey,
    /// `logged_at` in 1891.
    AncientTime,
    /// `is_legacy` a string, `event_blocks` a string, `performer_metadata` a number: an event all the same.
    WrongTypes,
    /// An event block of so many bytes: an event all the same.
    LongText(usize),
    /// Every metadata object null: an event all the same.
    NullMetadata,
    /// Enum values no contract names: an event all the same.
    UnknownValues,
    /// The record of another row once more, next to it in the list.
    DuplicateOf(Pick),
    /// An object without members among the versions of that row's resource, and nothing in the audit list.
    EmptyVersion(Pick),
}

impl Bad {
    /// What a sound record of the contract becomes.
    pub fn spoil(&self, mut record: Value) -> Told {
        match self {
            Bad::NotAnObject => return Told::Reject(json!("not a record")),
            Bad::NoId => return Told::Reject(without(record, "id")),
            Bad::NoOrderKey => return Told::Reject(without(record, "updated_at")),
            Bad::ImpossibleTime => {
                record["logged_at"] = json!("2026-02-31T12:00:00Z");
                return Told::Reject(record);
            }
            Bad::AncientTime => {
                record["logged_at"] = json!("1891-05-05T05:05:05Z");
                return Told::Reject(record);
            }
            Bad::WrongTypes => {
                record["is_legacy"] = json!("yes");
                record["event_blocks"] = json!("Logged in");
                record["performer_metadata"] = json!(7);
            }
            Bad::LongText(bytes) => {
                let text = "long text, ".repeat(bytes / 11 + 1);
                record["event_blocks"] = json!([{ "type": "text", "style": "normal", "value": text }]);
            }
            Bad::NullMetadata => {
                record["performer_metadata"] = Value::Null;
                record["resource_metadata"] = Value::Null;
                record["metadata"] = Value::Null;
            }
            Bad::UnknownValues => {
                record["performer_type"] = json!("ROBOT");
                record["resource_type"] = json!("HOLOGRAM");
                record["event_blocks"] = json!([{ "type": "chip", "style": "italic", "value": "beamed" }]);
            }
            Bad::DuplicateOf(_) | Bad::EmptyVersion(_) => {}
        }
        Told::Record(record)
    }
}

fn without(mut record: Value, field: &str) -> Value {
    if let Some(members) = record.as_object_mut() {
        members.remove(field);
    }
    record
}
