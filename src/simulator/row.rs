//! What an event looks like on the wire: the contract's `ActivityLogOut`, written straight from the compact event;
//! the older published shape and a newer server's additions by rewriting it. Apart from paging, so that pages
//! and the truth come from one rendering and nothing else is shared between them.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use uuid::Uuid;

use super::acts::{Act, Trace};
use super::cast::{Kind, Performer, Resource, Who};
use super::chance::{Purpose, generator, id};
use super::shape::reshape;
use super::switches::Shape;
use super::workspace::{Event, NONE, Told, Workspace, place};

/// A UUID as a JSON string.
struct Id(Uuid);

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.hyphenated())
    }
}

/// A moment in microseconds, as ISO 8601 with `Z` and three or six places, or none on a whole second.
pub struct Moment(pub i64);

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = Timestamp::from_microsecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH);
        match self.0 {
            whole if whole % 1_000_000 == 0 => write!(formatter, "{at:.0}"),
            milli if milli % 1_000 == 0 => write!(formatter, "{at:.3}"),
            _ => write!(formatter, "{at:.6}"),
        }
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[derive(Serialize)]
struct Row<'a> {
    id: Id,
    parent_id: Option<Id>,
    activity_type: &'a str,
    performer_id: Option<Id>,
    performer_type: &'a str,
    performer_metadata: Option<PerformerMetadata<'a>>,
    resource_id: Option<Id>,
    resource_type: Option<&'a str>,
    resource_metadata: Option<ResourceMetadata<'a>>,
    related_resource_ids: Vec<Id>,
    related_resource_type: Option<&'a str>,
    event_blocks: Vec<Block<'a>>,
    logged_at: Moment,
    created_at: Moment,
    updated_at: Moment,
    is_legacy: bool,
    version_history_id: Option<Id>,
    secoda_entity_type: Option<&'a str>,
    metadata: Option<Value>,
}

#[derive(Serialize)]
struct PerformerMetadata<'a> {
    id: Id,
    name: &'a str,
    icon: Option<&'a str>,
    src: Option<&'a str>,
    integration_type: Option<&'a str>,
    display_name: Option<&'a str>,
    disabled: Option<bool>,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    profile_picture: Option<String>,
    is_service_account: Option<bool>,
}

#[derive(Serialize)]
struct ResourceMetadata<'a> {
    id: Id,
    name: &'a str,
    icon: Option<&'a str>,
    #[serde(rename = "type")]
    kind: Option<&'a str>,
    integration_id: Option<Id>,
}

#[derive(Serialize)]
struct Block<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    style: &'a str,
    value: Cow<'a, str>,
}

impl Workspace {
    /// The record of an event as it stands in `event` (which may be an earlier state of the event at `number`).
    pub fn record(&self, number: u32, event: &Event, shape: Shape) -> Value {
        let mut record = match (self.told(event), self.act(event)) {
            (Some(Told::Reject(record)), _) => return record.clone(),
            (Some(Told::Copy(record)), _) => record.clone(),
            (Some(Told::Record(record)), _) => timed(record.clone(), event),
            (None, Some(act)) => serde_json::to_value(self.row(number, event, act)).unwrap_or_default(),
            (None, None) => Value::Null,
        };
        reshape(&mut record, shape);
        record
    }

    /// The same as JSON text at the end of `out`; the contract's shape is written without a detour.
    pub fn write_record(&self, number: u32, shape: Shape, out: &mut Vec<u8>) -> serde_json::Result<()> {
        let event = self.event(number);
        match self.act(event) {
            Some(act) if shape.is_contract() => serde_json::to_writer(out, &self.row(number, event, act)),
            _ => serde_json::to_writer(out, &self.record(number, event, shape)),
        }
    }

    /// What a filter sees of a row under a name; dots lead into objects.
    pub fn field(&self, number: u32, name: &str, shape: Shape) -> Cow<'_, Value> {
        let event = self.event(number);
        let Some(act) = self.act(event) else {
            return Cow::Owned(member(&self.record(number, event, shape), name));
        };
        let performer = &self.cast.performers[usize::from(event.performer)];
        let resource = self.cast.resources.get(place(event.resource));
        let quick = match name {
            "activity_type" => json!(act.activity_type),
            "performer_type" => json!(performer.who.performer_type()),
            "performer_id" => json!(performer.id.map(Id)),
            "resource_id" => json!(resource.map(|it| Id(it.id))),
            "resource_type" => json!(resource.and_then(|it| it.kind.resource_type())),
            "logged_at" => json!(Moment(event.logged_at)),
            "created_at" => json!(Moment(event.created_at)),
            "updated_at" => json!(Moment(event.updated_at)),
            _ => member(&self.record(number, event, shape), name),
        };
        Cow::Owned(quick)
    }

    fn row<'a>(&'a self, number: u32, event: &Event, act: &'a Act) -> Row<'a> {
        let seed = self.settings.seed;
        let mut rng = generator(seed, Purpose::Event, u64::from(number));
        let performer = &self.cast.performers[usize::from(event.performer)];
        let resource = self.cast.resources.get(place(event.resource));
        let related = self.related(act, &mut rng);
        let is_legacy = number < self.legacy_below;
        let names_missing = (rng.u8(0..50) == 0, rng.u8(0..33) == 0);
        let scene = Scene {
            workspace: self,
            performer,
            resource,
            related: related.clone(),
            is_legacy,
        };
        Row {
            id: Id(id(seed, Purpose::Event, u64::from(number))),
            parent_id: (event.parent != NONE).then(|| Id(id(seed, Purpose::Event, u64::from(event.parent)))),
            activity_type: act.activity_type,
            performer_id: performer.id.map(Id),
            performer_type: performer.who.performer_type(),
            performer_metadata: performer_metadata(performer).filter(|_| !names_missing.0),
            resource_id: resource.map(|it| Id(it.id)),
            resource_type: resource.and_then(|it| it.kind.resource_type()),
            resource_metadata: resource.map(resource_metadata).filter(|_| !names_missing.1),
            related_resource_type: act.touches.and_then(|(kind, _)| kind.resource_type()),
            related_resource_ids: self.cast.resources[related].iter().map(|it| Id(it.id)).collect(),
            event_blocks: scene.blocks(act, event, &mut rng),
            logged_at: Moment(event.logged_at),
            created_at: Moment(event.created_at),
            updated_at: Moment(event.updated_at),
            is_legacy,
            version_history_id: (event.version != NONE).then(|| Id(self.version_id(event.version))),
            secoda_entity_type: resource.and_then(|it| it.kind.entity_type()),
            metadata: if is_legacy {
                None
            } else {
                metadata(act, event, &mut rng)
            },
        }
    }

    /// The places of what an act touched besides its resource.
    pub fn related(&self, act: &Act, rng: &mut fastrand::Rng) -> Range<usize> {
        let Some((kind, most)) = act.touches else { return 0..0 };
        let places = self.cast.kind(kind);
        let wanted = if most <= 2 {
            most
        } else {
            rng.usize(2..=most).min(rng.usize(2..=most))
        };
        let count = wanted.min(places.len());
        let first = rng.usize(places.start..=places.end - count);
        first..first + count
    }
}

/// What the wording of one event can refer to.
struct Scene<'a> {
    workspace: &'a Workspace,
    performer: &'a Performer,
    resource: Option<&'a Resource>,
    related: Range<usize>,
    is_legacy: bool,
}

impl<'a> Scene<'a> {
    fn blocks(&self, act: &'a Act, event: &Event, rng: &mut fastrand::Rng) -> Vec<Block<'a>> {
        let mut blocks = Vec::with_capacity(4);
        let mut named = self.related.clone();
        for (place, part) in act.text.split('*').enumerate() {
            let is_bold = place % 2 == 1;
            let value = match part {
                "" => continue,
                slot if is_bold => self.fill(slot, &mut named, rng),
                plain if self.is_legacy => Cow::Borrowed(plain.trim()),
                plain => Cow::Borrowed(plain),
            };
            blocks.push(Block {
                kind: "text",
                style: if is_bold { "bold" } else { "normal" },
                value,
            });
        }
        if event.edits > 0 {
            let value = Cow::Owned(format!(" (revision {})", event.edits + 1));
            blocks.push(Block {
                kind: "text",
                style: "normal",
                value,
            });
        }
        blocks
    }

    /// What stands for a slot; related things are named in their order before any other.
    fn fill(&self, slot: &'a str, named: &mut Range<usize>, rng: &mut fastrand::Rng) -> Cow<'a, str> {
        let kind = match slot {
            "{resource}" => {
                return Cow::Borrowed(self.resource.map_or("a resource", |it| it.name.as_str()));
            }
            "{performer}" => return Cow::Borrowed(self.performer.name.as_str()),
            "{count}" => return Cow::Owned(self.related.len().to_string()),
            "{remark}" => return Cow::Borrowed(REMARKS[rng.usize(0..REMARKS.len())]),
            "{user}" => Kind::Member,
            "{team}" => Kind::Team,
            "{tag}" => Kind::Tag,
            "{table}" => Kind::Table,
            "{role}" => Kind::Role,
            _ => return Cow::Borrowed(slot),
        };
        let cast = &self.workspace.cast;
        let is_related = named.start < named.end && cast.resources[named.start].kind == kind;
        let place = if is_related {
            named.next()
        } else {
            cast.resource(kind, rng)
        };
        let name = place.map_or("", |place| cast.resources[place].name.as_str());
        Cow::Borrowed(name)
    }
}

fn metadata(act: &Act, event: &Event, rng: &mut fastrand::Rng) -> Option<Value> {
    let mut metadata = match act.trace {
        Trace::Address => {
            let usual = u32::from(event.performer % 120) + 1;
            let host = if rng.u8(0..10) == 0 { usual + 120 } else { usual };
            json!({ "ip_address": format!("198.51.100.{host}") })
        }
        Trace::Job => {
            let state = if rng.u8(0..20) == 0 { "failed" } else { "succeeded" };
            json!({ "status": state, "duration_ms": rng.u32(200..90_000) })
        }
        Trace::Surface => match rng.u8(0..10) {
            0..=5 => Value::Null,
            6 => json!({}),
            7 => json!({ "source": "browser_extension", "tags": ["🔖", "été"] }),
            _ => json!({ "source": "web" }),
        },
    };
    if event.edits > 0 {
        metadata["edits"] = json!(event.edits);
    }
    if metadata.is_null() { None } else { Some(metadata) }
}

const REMARKS: [&str; 6] = [
    "Is this still used? 🤔",
    "Looks good, thank you!",
    "Voilà, corrigé.",
    "The join counts returns twice.",
    "数字が合いません",
    "Please add an owner \"today\" 🙏",
];

fn performer_metadata(performer: &Performer) -> Option<PerformerMetadata<'_>> {
    let is_user = matches!(performer.who, Who::Human | Who::Service);
    let id = performer.id?;
    Some(PerformerMetadata {
        id: Id(id),
        name: &performer.name,
        icon: None,
        src: performer.integration_type.map(|_| "integration"),
        integration_type: performer.integration_type,
        display_name: performer.first_name.as_deref(),
        disabled: is_user.then_some(performer.disabled),
        first_name: performer.first_name.as_deref(),
        last_name: performer.last_name.as_deref(),
        profile_picture: performer
            .first_name
            .as_ref()
            .map(|_| format!("https://pictures.northwind.example/{id}.png")),
        is_service_account: is_user.then_some(performer.who == Who::Service),
    })
}

fn resource_metadata(resource: &Resource) -> ResourceMetadata<'_> {
    ResourceMetadata {
        id: Id(resource.id),
        name: &resource.name,
        icon: matches!(resource.kind, Kind::Document).then_some("📄"),
        kind: resource.kind.entity_type(),
        integration_id: resource.integration.map(Id),
    }
}

fn member(record: &Value, name: &str) -> Value {
    record
        .pointer(&format!("/{}", name.replace('.', "/")))
        .cloned()
        .unwrap_or_default()
}

/// A told record with the times and the revision of its event.
fn timed(mut record: Value, event: &Event) -> Value {
    record["logged_at"] = json!(Moment(event.logged_at).to_string());
    record["created_at"] = json!(Moment(event.created_at).to_string());
    record["updated_at"] = json!(Moment(event.updated_at).to_string());
    if event.edits > 0 {
        let value = format!(" (revision {})", event.edits + 1);
        if let Some(blocks) = record["event_blocks"].as_array_mut() {
            blocks.push(json!({ "type": "text", "style": "normal", "value": value }));
        }
    }
    record
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::simulator::workspace::Settings;

    const FIELDS: [&str; 19] = [
        "id",
        "parent_id",
        "activity_type",
        "performer_id",
        "performer_type",
        "performer_metadata",
        "resource_id",
        "resource_type",
        "resource_metadata",
        "related_resource_ids",
        "related_resource_type",
        "event_blocks",
        "logged_at",
        "created_at",
        "updated_at",
        "is_legacy",
        "version_history_id",
        "secoda_entity_type",
        "metadata",
    ];
    const PERFORMER_FIELDS: [&str; 11] = [
        "id",
        "name",
        "icon",
        "src",
        "integration_type",
        "display_name",
        "disabled",
        "first_name",
        "last_name",
        "profile_picture",
        "is_service_account",
    ];

    fn workspace() -> Workspace {
        let settings = Settings::new(11, 4_000, 60, "2026-06-30T15:00:00Z".parse().unwrap());
        Workspace::draw(&Settings {
            story: true,
            ..settings
        })
    }

    fn records(workspace: &Workspace, shape: Shape) -> Vec<Value> {
        let numbered = (0..).zip(&workspace.events);
        numbered
            .map(|(number, event)| workspace.record(number, event, shape))
            .collect()
    }

    fn names(value: &Value) -> BTreeSet<&str> {
        value.as_object().unwrap().keys().map(String::as_str).collect()
    }

    #[test]
    fn every_record_has_the_fields_of_the_contract() {
        let workspace = workspace();
        for record in records(&workspace, Shape::default()) {
            assert_eq!(names(&record), BTreeSet::from(FIELDS));
            if record["performer_metadata"].is_object() {
                assert_eq!(names(&record["performer_metadata"]), BTreeSet::from(PERFORMER_FIELDS));
                assert_eq!(record["performer_metadata"]["id"], record["performer_id"]);
            }
            for field in ["logged_at", "created_at", "updated_at"] {
                let text = record[field].as_str().unwrap();
                assert!(text.ends_with('Z') && text.parse::<Timestamp>().is_ok(), "{text}");
            }
            assert!(
                record["event_blocks"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .all(|it| it["value"] != "" && it["type"] == "text")
            );
        }
    }

    #[test]
    fn histories_hold_what_a_loader_must_cope_with() {
        let records = records(&workspace(), Shape::default());
        let some = |is_so: &dyn Fn(&Value) -> bool| records.iter().filter(|record| is_so(record)).count();
        let at = |place: usize| move |record: &Value| record["updated_at"].as_str().unwrap().len() == place;
        assert!(some(&|it| it["performer_metadata"].is_null()) > 20);
        assert!(some(&|it| it["resource_metadata"].is_null() && it["resource_id"].is_string()) > 20);
        assert!(some(&|it| it["parent_id"].is_string()) > 50);
        assert!(some(&|it| it["version_history_id"].is_string()) > 300);
        assert!(some(&|it| it["related_resource_ids"].as_array().unwrap().len() > 10) > 5);
        assert!(some(&|it| it["is_legacy"] == true) > 300);
        assert!(some(&|it| !it.to_string().is_ascii()) > 100);
        assert!(some(&at(20)) > 10 && some(&at(24)) > 1_000 && some(&at(27)) > 1_000);
        assert!(
            some(&|it| it["metadata"]["ip_address"]
                .as_str()
                .is_some_and(|ip| ip.starts_with("198.51.100.")))
                > 400
        );
        assert_eq!(some(&|it| it["metadata"]["ip_address"] == "203.0.113.77"), 23);
        for who in [
            "API",
            "AUTOMATION",
            "INTEGRATION",
            "EXTRACTION",
            "SYSTEM",
            "USER",
            "UNKNOWN",
            "MONITOR",
        ] {
            assert!(some(&|it| it["performer_type"] == who) > 0, "{who}");
        }
    }

    #[test]
    fn the_written_record_is_the_record_and_ids_are_distinct() {
        let workspace = workspace();
        let mut ids = BTreeSet::new();
        for number in 0..u32::try_from(workspace.events.len()).unwrap() {
            let mut text = Vec::new();
            workspace.write_record(number, Shape::default(), &mut text).unwrap();
            let written: Value = serde_json::from_slice(&text).unwrap();
            assert_eq!(
                written,
                workspace.record(number, workspace.event(number), Shape::default())
            );
            assert_eq!(written["id"].as_str().map(str::to_owned), workspace.event_id(number));
            assert!(ids.insert(workspace.event_id(number)));
        }
    }

    #[test]
    fn a_revision_changes_the_content() {
        let mut workspace = workspace();
        let before = workspace.record(9, workspace.event(9), Shape::default());
        workspace.event_mut(9).edits = 1;
        let after = workspace.record(9, workspace.event(9), Shape::default());
        assert_ne!(before["event_blocks"], after["event_blocks"]);
        assert_eq!(before["related_resource_ids"], after["related_resource_ids"]);
    }

    #[test]
    fn other_shapes_add_and_leave_out() {
        let workspace = workspace();
        let older = records(
            &workspace,
            Shape {
                older: true,
                ..Shape::default()
            },
        );
        assert!(older.iter().all(|it| it.get("metadata").is_none()));
        assert!(
            older
                .iter()
                .any(|it| it["performer_metadata"]["email"] == "dana.whitfield@northwind.example")
        );
        assert!(
            older
                .iter()
                .filter(|it| it["resource_metadata"].is_object())
                .all(|it| it["resource_metadata"]["title"].is_string())
        );
        let wide = records(
            &workspace,
            Shape {
                unknown_fields: true,
                ..Shape::default()
            },
        );
        assert!(
            wide.iter()
                .all(|it| it["risk_score"].is_number() && it["workspace"]["region"].is_string())
        );
        let narrow = records(
            &workspace,
            Shape {
                nulls_absent: true,
                ..Shape::default()
            },
        );
        assert!(narrow.iter().all(|it| !it.to_string().contains(":null")));
    }
}
