//! Version histories: the edits of a sitting as one record, with what they changed and a snapshot of the properties
//! after them. Rendered on request from the events of the resource, since a history may hold a million.

use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::cast::{Kind, Resource};
use super::chance::{Purpose, generator};
use super::properties::{Edit, Properties};
use super::row::Moment;
use super::shape::reshape_version;
use super::switches::Shape;
use super::workspace::{Event, NONE, Told, Workspace, place};

/// A version as it stood at a moment; two that are equal read the same, but for what changes by itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version {
    pub opener: u32,
    /// The logs in it, oldest first.
    pub members: Vec<Member>,
    /// The last edit that had been made by then.
    last: u32,
    pub updated_at: i64,
}

/// A log in a version, as it stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Member {
    pub event: u32,
    pub edits: u16,
    updated_at: i64,
}

/// The properties of one resource around each of its edits.
#[derive(Debug)]
pub struct Chronicle {
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    event: u32,
    logged_at: i64,
    before: Rc<Properties>,
    after: Rc<Properties>,
}

impl Version {
    /// The version of the edits that have come to light, of which `is_there` are still listed; none without any of these.
    pub fn stand(workspace: &Workspace, edits: &[u32], is_there: impl Fn(u32) -> bool) -> Option<Version> {
        let opener = workspace.event(*edits.first()?).version;
        let last = edits
            .iter()
            .max_by_key(|edit| (workspace.event(**edit).logged_at, **edit));
        let times = edits.iter().map(|edit| workspace.event(*edit));
        let updated_at = times.map(|event| event.updated_at.max(event.visible_at)).max()?;
        let there = edits.iter().filter(|edit| is_there(**edit));
        let members: Vec<Member> = there.map(|edit| Member::of(*edit, workspace.event(*edit))).collect();
        (!members.is_empty()).then_some(Version {
            opener,
            members,
            last: *last?,
            updated_at,
        })
    }

    /// The record of it at `now`.
    pub fn record(&self, workspace: &Workspace, chronicle: &Chronicle, shape: Shape, now: Timestamp) -> Value {
        let opener = workspace.event(self.opener);
        let logs = self.members.iter().map(|member| {
            let event = Event {
                edits: member.edits,
                updated_at: member.updated_at,
                ..*workspace.event(member.event)
            };
            workspace.record(member.event, &event, shape)
        });
        let month = SignedDuration::from_hours(30 * 24);
        let is_old = Timestamp::from_microsecond(opener.logged_at).is_ok_and(|at| now.duration_since(at) > month);
        let is_legacy = self.opener < workspace.legacy_below;
        let (before, after) = chronicle.around(self.opener, self.last);
        let mut record = json!({
            "id": workspace.version_id(self.opener).to_string(),
            "created_at": Moment(opener.logged_at).to_string(),
            "updated_at": Moment(self.updated_at).to_string(),
            "latest_activity_logged_at": Moment(workspace.event(self.last).logged_at).to_string(),
            "resource_id": workspace.resource_id(opener).map(|id| id.to_string()),
            "activity_logs": logs.collect::<Vec<_>>(),
            "metadata": metadata(&before, &after, is_legacy),
            "is_legacy": is_legacy,
            "secoda_entity_type": entity_type(workspace, opener),
            "older_than_thirty_days": is_old,
        });
        reshape_version(&mut record, shape);
        record
    }
}

impl Member {
    fn of(number: u32, event: &Event) -> Member {
        Member {
            event: number,
            edits: event.edits,
            updated_at: event.updated_at,
        }
    }
}

impl Chronicle {
    /// Carries out the edits among the events of one resource, in the order of drawing. One that came to light behind
    /// edits that were there already changes nothing, so that what was shown of them stays true.
    pub fn of(workspace: &Workspace, resource: Uuid, rows: &[u32]) -> Chronicle {
        let numbers = rows.iter().filter(|row| workspace.event(**row).version != NONE);
        let edits: Vec<(u32, Edit)> = numbers.map(|row| (*row, edit(workspace, *row))).collect();
        let mut first = beginning(workspace, resource, edits.first().map(|(row, _)| *row));
        for (_, edit) in edits.iter().rev().filter(|(row, _)| *row < workspace.first_arrival) {
            first.undo(edit);
        }
        let mut newest = Rc::new(first);
        let mut newest_at = i64::MIN;
        let mut steps: Vec<Step> = Vec::with_capacity(edits.len());
        for (event, edit) in edits {
            let logged_at = workspace.event(event).logged_at;
            let (before, after) = if logged_at >= newest_at {
                let mut after = Properties::clone(&newest);
                after.apply(&edit);
                (Rc::clone(&newest), Rc::new(after))
            } else {
                let earlier = steps.iter().rev().find(|step| step.logged_at <= logged_at);
                let then = earlier
                    .map(|step| &step.after)
                    .or(steps.first().map(|step| &step.before));
                let then = then.unwrap_or(&newest);
                (Rc::clone(then), Rc::clone(then))
            };
            if logged_at >= newest_at {
                newest_at = logged_at;
                newest = Rc::clone(&after);
            }
            steps.push(Step {
                event,
                logged_at,
                before,
                after,
            });
        }
        Chronicle { steps }
    }

    /// The properties before the edit `opener` and after the edit `last`.
    fn around(&self, opener: u32, last: u32) -> (Rc<Properties>, Rc<Properties>) {
        let find = |event: u32| {
            let found = self.steps.binary_search_by_key(&event, |step| step.event);
            found.ok().map(|place| &self.steps[place])
        };
        let before = find(opener).map(|step| Rc::clone(&step.before)).unwrap_or_default();
        let after = find(last).map_or_else(|| Rc::clone(&before), |step| Rc::clone(&step.after));
        (before, after)
    }
}

fn metadata(before: &Properties, after: &Properties, is_legacy: bool) -> Value {
    let (prev, current) = before.changes(after);
    let diff = |name: &str| match (prev.get(name), current.get(name)) {
        (Some(old), Some(new)) => json!({ "old": old, "new": new }),
        _ => json!({}),
    };
    let snapshot = if is_legacy { Value::Null } else { json!(after) };
    json!({
        "definition_diff": diff("definition"),
        "description_diff": diff("description"),
        "prev": prev,
        "current": current,
        "secoda_entity_property_snapshot": snapshot,
    })
}

fn edit(workspace: &Workspace, number: u32) -> Edit {
    let event = workspace.event(number);
    let seed = workspace.settings.seed;
    if let Some(act) = workspace.act(event) {
        let related = workspace.related(act, &mut generator(seed, Purpose::Event, u64::from(number)));
        let related = workspace.cast.resources[related].iter();
        return Edit {
            activity_type: act.activity_type.to_owned(),
            related: related.map(|it| it.id.to_string()).collect(),
            number: u64::from(number),
        };
    }
    let record = match workspace.told(event) {
        Some(Told::Record(record) | Told::Copy(record) | Told::Reject(record)) => record,
        None => &Value::Null,
    };
    let related = record["related_resource_ids"].as_array().into_iter().flatten();
    Edit {
        activity_type: record["activity_type"].as_str().unwrap_or_default().to_owned(),
        related: related.filter_map(Value::as_str).map(str::to_owned).collect(),
        number: u64::from(number),
    }
}

/// What an entity had before any edit, but for what the edits say about it.
fn beginning(workspace: &Workspace, id: Uuid, first: Option<u32>) -> Properties {
    let Some(event) = first.map(|row| workspace.event(row)) else {
        return Properties::default();
    };
    let cast = &workspace.cast;
    let (high, low) = id.as_u64_pair();
    let mut rng = generator(workspace.settings.seed, Purpose::Properties, high ^ low);
    let mut one = |kind: Kind| {
        let place = cast.resource(kind, &mut rng).filter(|place| place.is_multiple_of(2));
        place
            .map(|place| cast.resources[place].id.to_string())
            .into_iter()
            .collect()
    };
    let drawn = cast
        .resources
        .get(place(event.resource))
        .filter(|_| workspace.act(event).is_some());
    let told = workspace.told(event).and_then(|told| match told {
        Told::Record(record) | Told::Copy(record) => record["resource_metadata"]["name"].as_str(),
        Told::Reject(_) => None,
    });
    let has_pii = drawn.is_none_or(|it| matches!(it.kind, Kind::Table | Kind::Column | Kind::Query));
    Properties {
        owners: one(Kind::Member),
        owners_groups: one(Kind::Group),
        collections: one(Kind::Collection),
        title: drawn.map(|it| it.name.as_str()).or(told).unwrap_or_default().to_owned(),
        tags: one(Kind::Tag),
        teams: one(Kind::Team),
        published: true,
        pii: has_pii.then_some(false),
        ..Properties::default()
    }
}

fn entity_type(workspace: &Workspace, event: &Event) -> Value {
    match workspace.told(event) {
        Some(Told::Record(record) | Told::Copy(record) | Told::Reject(record)) => record["secoda_entity_type"].clone(),
        None => {
            let resource: Option<&Resource> = workspace.cast.resources.get(place(event.resource));
            json!(resource.and_then(|it| it.kind.entity_type()))
        }
    }
}
