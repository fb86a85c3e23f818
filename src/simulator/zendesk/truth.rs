//! What the service has to show, so that a test can judge what a client holds. It is rendered on request, apart from the
//! pages. Zendesk's rows are never changed and never taken away.

use std::collections::BTreeMap;

use serde_json::Value;

use super::bad::Bad;
use super::history::History;
use super::record::VOLATILE;
use super::switches::Shape;

/// Records as they are sent. Holds each as JSON, about a kilobyte a row: meant for histories of some ten thousands.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Truth {
    /// By `id`, as sent while the labels do not change. While they do ([`labels_change`](super::switches::Switches::labels_change)),
    /// only [`stable`](Truth::stable) can be compared.
    pub records: BTreeMap<i64, Value>,
    /// What no client can take for a record.
    pub rejects: Vec<Value>,
}

impl Truth {
    /// The truth about these rows.
    pub fn gather(history: &History, rows: impl Iterator<Item = u32>, shape: Shape) -> Truth {
        let mut truth = Truth::default();
        for row in rows {
            let record = history.record(row, shape, 0);
            if history.odd.get(&row).is_some_and(Bad::is_reject) {
                truth.rejects.push(record);
            } else {
                truth.records.insert(history.row(row).id, record);
            }
        }
        truth
    }

    /// The records without the fields that may differ between two fetches: equal under every switch but the shape.
    pub fn stable(&self) -> BTreeMap<i64, Value> {
        let records = self.records.iter().map(|(id, record)| (*id, stable(record)));
        records.collect()
    }
}

/// A record without its volatile fields.
pub fn stable(record: &Value) -> Value {
    let mut record = record.clone();
    if let Some(members) = record.as_object_mut() {
        members.retain(|name, _| !VOLATILE.contains(&name.as_str()));
    }
    record
}
