//! Records that a client should not meet, and does: what is wrong with each, made from a sound one. Apart from the
//! faults, which strike answers and not records.

use serde_json::{Value, json};

/// One odd record; it stands in the list where the sound one would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bad {
    /// A string where an object should be.
    NotAnObject,
    NoId,
    NoTime,
    /// `created_at` is the 31st of February.
    ImpossibleTime,
    /// `created_at` in 1891.
    AncientTime,
    /// `actor_id` a string, `change_description` an array, `ip_address` a number: an event all the same.
    WrongTypes,
    /// A description of so many bytes: an event all the same.
    LongText(usize),
    /// Every field null but `id` and `created_at`: an event all the same.
    AllNull,
}

impl Bad {
    /// Whether no client can take it for a record.
    pub fn is_reject(&self) -> bool {
        !matches!(self, Bad::WrongTypes | Bad::LongText(_) | Bad::AllNull)
    }

    /// What a sound record becomes.
    pub fn spoil(&self, mut record: Value) -> Value {
        match self {
            Bad::NotAnObject => return json!("not a record"),
            Bad::NoId => return without(record, "id"),
            Bad::NoTime => return without(record, "created_at"),
            Bad::ImpossibleTime => record["created_at"] = json!("2026-02-31T12:00:00Z"),
            Bad::AncientTime => record["created_at"] = json!("1891-05-05T05:05:05Z"),
            Bad::WrongTypes => {
                record["actor_id"] = json!("nobody");
                record["change_description"] = json!(["Role", "Agent"]);
                record["ip_address"] = json!(42);
            }
            Bad::LongText(bytes) => record["change_description"] = json!("long text, ".repeat(bytes / 11 + 1)),
            Bad::AllNull => {
                let members = record.as_object_mut().into_iter().flatten();
                for (_, member) in members.filter(|(name, _)| !["id", "created_at"].contains(&name.as_str())) {
                    *member = Value::Null;
                }
            }
        }
        record
    }
}

fn without(mut record: Value, field: &str) -> Value {
    if let Some(members) = record.as_object_mut() {
        members.remove(field);
    }
    record
}
