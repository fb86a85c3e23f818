//! What the catalogue holds about an entity, and what each sort of edit makes of it. Apart from the versions, which show
//! it before and after: here is the one place that knows what an activity means.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::chance::mix;

/// The properties of one entity, as a snapshot shows them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Properties {
    pub owners: Vec<String>,
    pub owners_groups: Vec<String>,
    pub collections: Vec<String>,
    pub title: String,
    pub definition: Option<String>,
    pub description: Option<String>,
    pub tags: Vec<String>,
    pub published: bool,
    pub verified: bool,
    pub archived: bool,
    pub pii: Option<bool>,
    pub teams: Vec<String>,
    pub properties2: Option<BTreeMap<String, String>>,
}

/// What one event does to an entity.
#[derive(Debug)]
pub struct Edit {
    pub activity_type: String,
    /// The ids of what it touched besides the entity: tags, owners, teams.
    pub related: Vec<String>,
    /// Tells the wordings of two edits apart.
    pub number: u64,
}

impl Properties {
    /// Carries out an edit; one that finds its work done changes nothing.
    pub fn apply(&mut self, edit: &Edit) {
        match edit.activity_type.as_str() {
            "documentation_updated" | "description_updated" => self.description = Some(self.wording(edit)),
            "definition_updated" | "query_created" => self.definition = Some(self.wording(edit)),
            "document_updated" if edit.number.is_multiple_of(3) => self.title = format!("{} ✏️", self.title),
            "document_updated" => self.definition = Some(self.wording(edit)),
            "tag_added" => add(&mut self.tags, &edit.related),
            "tag_removed" => remove(&mut self.tags, &edit.related),
            "owner_added" => add(&mut self.owners, &edit.related),
            "owner_removed" => remove(&mut self.owners, &edit.related),
            "teams_added" => add(&mut self.teams, &edit.related),
            "pii_flag_added" => self.pii = Some(true),
            "pii_flag_removed" => self.pii = Some(false),
            "resource_verified" => self.verified = true,
            "resource_unverified" => self.verified = false,
            "resource_published" => self.published = true,
            "resource_archived" => self.archived = true,
            "resource_updated" => {
                let properties = self.properties2.get_or_insert_default();
                properties.insert("reviewed_in_run".to_owned(), edit.number.to_string());
            }
            _ => {}
        }
    }

    /// Makes sure that this edit had something to do; for the edits of a history, from the last one back to the first.
    pub fn undo(&mut self, edit: &Edit) {
        match edit.activity_type.as_str() {
            "tag_added" => remove(&mut self.tags, &edit.related),
            "tag_removed" => add(&mut self.tags, &edit.related),
            "owner_added" => remove(&mut self.owners, &edit.related),
            "owner_removed" => add(&mut self.owners, &edit.related),
            "teams_added" => remove(&mut self.teams, &edit.related),
            "pii_flag_added" => self.pii = Some(false),
            "pii_flag_removed" => self.pii = Some(true),
            "resource_verified" => self.verified = false,
            "resource_unverified" => self.verified = true,
            "resource_published" => self.published = false,
            "resource_archived" => self.archived = false,
            _ => {}
        }
    }

    /// The fields in which `self` differs from `after`, as they were and as they are.
    pub fn changes(&self, after: &Properties) -> (Map<String, Value>, Map<String, Value>) {
        let (before, after) = (fields(self), fields(after));
        let is_changed = |name: &String| before.get(name) != after.get(name);
        let part = |side: &Map<String, Value>| {
            let changed = side.iter().filter(|(name, _)| is_changed(name));
            changed.map(|(name, value)| (name.clone(), value.clone())).collect()
        };
        (part(&before), part(&after))
    }

    fn wording(&self, edit: &Edit) -> String {
        let remarks = [
            "Reviewed.",
            "One row per day.",
            "Voir aussi les retours.",
            "在庫を含む 📦",
        ];
        let place = usize::try_from(mix(edit.number, 1) % 4).unwrap_or_default();
        format!("{}: {} (edition {})", self.title, remarks[place], edit.number)
    }
}

fn fields(properties: &Properties) -> Map<String, Value> {
    match serde_json::to_value(properties) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

fn add(list: &mut Vec<String>, items: &[String]) {
    for item in items {
        if !list.contains(item) {
            list.push(item.clone());
        }
    }
}

fn remove(list: &mut Vec<String>, items: &[String]) {
    list.retain(|held| !items.contains(held));
}
