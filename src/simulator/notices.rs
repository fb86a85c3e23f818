//! Notifications, the older record of what happened: one for a part of the activity logs, with an id and a time of its
//! own, and never changed. Apart from the logs, which are revised and deleted where a notification stays.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Value, json};

use super::cast::email;
use super::chance::{Purpose, id, number as chance_number};
use super::listing::sightings::Sighting;
use super::order::{Ask, Key, cut};
use super::row::Moment;
use super::shape::reshape_notice;
use super::switches::{Dialect, Order, Shape};
use super::workspace::{Event, Told, Workspace};

/// Of a thousand activity logs, how many led to a notification.
const PER_MILLE: u64 = 600;

/// The notifications of the events that came to light.
#[derive(Debug, Default)]
pub struct Notices {
    /// By `created_at`, as far as it is in order.
    keys: Vec<Key>,
    is_in_order: bool,
    served: HashSet<u32>,
}

/// Which notifications are asked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Those created at this time or later, in microseconds.
    pub from: i64,
    pub sender_id: Option<String>,
    pub resource_id: Option<String>,
}

impl Notices {
    /// An event came to light.
    pub fn appear(&mut self, workspace: &Workspace, row: u32) {
        let event = workspace.event(row);
        let is_told = matches!(workspace.told(event), Some(Told::Copy(_) | Told::Reject(_)));
        let draw = chance_number(workspace.settings.seed, Purpose::Notice, u64::from(row));
        if draw % 1000 < PER_MILLE && !is_told {
            self.keys.push(Key {
                updated_at: created_at(event),
                event: row,
            });
            self.is_in_order = false;
        }
    }

    /// The events of the notifications on one page, and how many there are of those wanted.
    pub fn slice(&mut self, workspace: &Workspace, wanted: &Wanted, ask: &Ask<'_>) -> (Vec<u32>, usize) {
        if !self.is_in_order {
            self.keys.sort();
            self.is_in_order = true;
        }
        let keys = &self.keys[self.keys.partition_point(|key| key.updated_at < wanted.from)..];
        let is_plain = wanted.sender_id.is_none() && wanted.resource_id.is_none() && ask.order != Order::Unordered;
        let mut chosen = Vec::new();
        if !is_plain {
            let fits = |key: &&Key| wanted.fits(workspace, workspace.event(key.event));
            chosen = keys.iter().filter(fits).copied().collect();
        }
        if ask.order == Order::Unordered {
            let seed = workspace.settings.seed;
            chosen.sort_by_cached_key(|key| chance_number(seed, Purpose::Order, u64::from(key.event)));
        }
        let keys = if is_plain { keys } else { &chosen };
        let at = |rank: usize| match ask.order {
            Order::NewestFirst => keys[keys.len() - 1 - rank],
            Order::OldestFirst | Order::Unordered => keys[rank],
        };
        (cut(keys.len(), at, ask), keys.len())
    }

    /// Notes that the notifications of these events were in a full answer.
    pub fn serve(&mut self, rows: &[u32]) {
        self.served.extend(rows);
    }

    /// Those created at `from` or later, or of these what was served.
    pub fn sightings(&self, from: i64, is_served: bool) -> impl Iterator<Item = Sighting> {
        let young = self.keys.iter().filter(move |key| key.updated_at >= from);
        let wanted = young.filter(move |key| !is_served || self.served.contains(&key.event));
        wanted.map(|key| Sighting {
            row: key.event,
            updated_at: key.updated_at,
        })
    }

    /// By `id`: all that were created at `from` or later, or of these what was served.
    pub fn tell(
        &self,
        workspace: &Workspace,
        from: i64,
        is_served: bool,
        form: (Dialect, Shape),
    ) -> BTreeMap<String, Vec<Value>> {
        let old_enough = self.keys.iter().filter(|key| key.updated_at >= from);
        let wanted = old_enough.filter(|key| !is_served || self.served.contains(&key.event));
        let told = wanted.map(|key| {
            let record = notification(workspace, key.event, form);
            (record["id"].as_str().unwrap_or_default().to_owned(), vec![record])
        });
        told.collect()
    }
}

impl Wanted {
    fn fits(&self, workspace: &Workspace, event: &Event) -> bool {
        let is_by = self.sender_id.as_ref().is_none_or(|wanted| {
            let told = |record: &Value| record["performer_id"].as_str() == Some(wanted);
            let id = || workspace.cast.performers[usize::from(event.performer)].id;
            match workspace.told(event) {
                Some(Told::Record(record) | Told::Copy(record) | Told::Reject(record)) => told(record),
                None => id().is_some_and(|id| id.to_string() == *wanted),
            }
        });
        let is_on = self.resource_id.as_ref().is_none_or(|wanted| {
            let resource = workspace.resource_id(event);
            resource.is_some_and(|id| id.to_string() == *wanted)
        });
        is_by && is_on
    }
}

/// The notification of the event at `row`, the same whenever it is asked for.
pub fn notification(workspace: &Workspace, row: u32, (dialect, shape): (Dialect, Shape)) -> Value {
    let event = Event {
        edits: 0,
        ..*workspace.event(row)
    };
    let log = workspace.record(row, &event, Shape::default());
    let at = Moment(created_at(&event)).to_string();
    let mut record = match dialect {
        Dialect::Sender => from_sender(&log, row),
        Dialect::Performer => from_performer(&log),
    };
    record["id"] = json!(notice_id(workspace, row));
    record["created_at"] = json!(at);
    record["event"] = log["activity_type"].clone();
    record["resource_id"] = log["resource_id"].clone();
    reshape_notice(&mut record, shape);
    record
}

/// The id of the notification of the event at `row`.
pub fn notice_id(workspace: &Workspace, row: u32) -> String {
    id(workspace.settings.seed, Purpose::Notice, u64::from(row)).to_string()
}

fn created_at(event: &Event) -> i64 {
    event.logged_at + (event.created_at - event.logged_at) / 2
}

fn from_performer(log: &Value) -> Value {
    let performer = &log["performer_metadata"];
    let kind = [&log["secoda_entity_type"], &log["resource_type"]];
    json!({
        "resource_type": kind.into_iter().find(|kind| kind.is_string()).and_then(Value::as_str).map(str::to_lowercase),
        "performer": if log["performer_id"].is_null() {
            Value::Null
        } else {
            json!({ "id": log["performer_id"], "name": performer["name"] })
        },
    })
}

fn from_sender(log: &Value, row: u32) -> Value {
    let performer = &log["performer_metadata"];
    let names = performer["first_name"].as_str().zip(performer["last_name"].as_str());
    let blocks = || log["event_blocks"].as_array().into_iter().flatten();
    let plain: String = blocks().filter_map(|block| block["value"].as_str()).collect();
    let marked = blocks().filter_map(|block| {
        let value = block["value"].as_str()?;
        Some(if block["style"] == "bold" {
            format!("**{value}**")
        } else {
            value.to_owned()
        })
    });
    let who = performer["name"].as_str().unwrap_or("system");
    let title = &log["resource_metadata"]["name"];
    json!({
        "resource_title": title,
        "resource_type": log["resource_type"],
        "content": plain,
        "sender": if log["performer_id"].is_null() {
            Value::Null
        } else {
            json!({
                "id": log["performer_id"],
                "email": names.map(|(first, last)| email(first, last)),
                "first_name": performer["first_name"],
                "last_name": performer["last_name"],
            })
        },
        "metadata": if log["metadata"].is_object() { log["metadata"].clone() } else { json!({}) },
        "short_summary": format!("{who}: {plain}"),
        "short_summary_markdown": format!("**{who}**: {}", marked.collect::<String>()),
        "subject": title.as_str().map_or_else(|| "Your workspace".to_owned(), |title| format!("News of {title}")),
        "entity_type": log["secoda_entity_type"],
        "entity_id": log["resource_id"],
        "entity_snapshot_key": log["version_history_id"].as_str().map(|_| format!("snapshots/{row}.json")),
    })
}
