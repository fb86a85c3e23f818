//! The shapes of a record other than the contract's: the one published before it, and what a newer server may add or
//! leave out. Apart from the rendering, which knows the contract alone.

use serde_json::{Value, json};

use super::cast::{as_u64, email};
use super::switches::Shape;

/// Rewrites a record of the contract into `shape`.
pub fn reshape(record: &mut Value, shape: Shape) {
    if !record.is_object() {
        return;
    }
    if shape.older {
        make_older(record);
    }
    if shape.unknown_fields {
        record["risk_score"] = json!(record["activity_type"].as_str().map_or(0, |name| as_u64(name.len())));
        record["workspace"] = json!({ "region": "ca-central", "shards": [1, 2] });
        if let Some(metadata) = record["performer_metadata"].as_object_mut() {
            metadata.insert("seat".to_owned(), json!("full"));
        }
    }
    if shape.nulls_absent {
        drop_nulls(record);
    }
}

/// Adds to a version, or leaves out, what `shape` says; the logs in it have their own shape already.
pub fn reshape_version(version: &mut Value, shape: Shape) {
    if shape.unknown_fields {
        version["reviewed_by"] = json!({ "name": "nobody yet" });
        version["metadata"]["label"] = json!("draft");
    }
    if shape.nulls_absent {
        drop_nulls(version);
    }
}

/// The same for a notification.
pub fn reshape_notice(notice: &mut Value, shape: Shape) {
    if shape.unknown_fields {
        notice["channels"] = json!(["in_app", "email"]);
    }
    if shape.nulls_absent {
        drop_nulls(notice);
    }
}

fn make_older(record: &mut Value) {
    let performer = &record["performer_metadata"];
    if performer.is_object() {
        let names = performer["first_name"].as_str().zip(performer["last_name"].as_str());
        record["performer_metadata"] = json!({
            "id": performer["id"],
            "email": names.map(|(first, last)| email(first, last)),
            "first_name": performer["first_name"],
            "last_name": performer["last_name"],
            "name": performer["name"],
        });
    }
    if let Some(resource) = record["resource_metadata"].as_object_mut() {
        let title = resource.get("name").cloned().unwrap_or_default();
        resource.insert("title".to_owned(), title);
    }
    if let Some(members) = record.as_object_mut() {
        members.remove("metadata");
    }
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
