//! All that is true of Zendesk: its address, the audit log, what it renders anew for every request, and the columns of its
//! table. From the vendor's API reference of `GET /api/v2/audit_logs`.

use super::{Form, Paging, Person, Personal, Service, Stream};
use crate::schema::{Column, Kind, Table, column};

pub const SERVICE: Service = Service {
    kind: "zendesk",
    streams: &[AUDIT_LOGS],
    regions: &[],
    personal: &PERSONAL,
};

const PERSONAL: Personal = Personal {
    people: &[
        Person {
            id: "actor_id",
            only: None,
            own: &["actor_name", "ip_address"],
        },
        // A person may be what was acted on; numbers of other things may be the same.
        Person {
            id: "source_id",
            only: Some(("source_type", "user")),
            own: &["source_label"],
        },
    ],
    names: &["actor_name"],
    addresses: &[],
    records: &[],
    structural: &["action", "source_type"],
};

pub const AUDIT_LOGS: Stream = Stream {
    name: "audit_logs",
    path: "/api/v2/audit_logs",
    paging: Paging::Windows,
    forms: &[Form {
        member: "audit_logs",
        table: &AUDIT_LOG_TABLE,
        order_key: Some("created_at"),
        volatile: &["action_label", "actor_name", "source_label", "url"],
        stable_version: 1,
        nested: None,
    }],
};

pub const AUDIT_LOG_TABLE: Table = Table {
    name: "zendesk_audit_logs",
    doc: "One row per entry of a Zendesk account's audit log: who changed what, when, from which address.",
    columns: COLUMNS,
    event_time: "created_at",
    echoes: &[],
};

const COLUMNS: &[Column] = &[
    column("id", "id", Kind::Integer, "The service's identifier of the entry."),
    column(
        "created_at",
        "created_at",
        Kind::Timestamp,
        "When it happened (UTC), in whole seconds.",
    ),
    column(
        "action",
        "action",
        Kind::Text,
        "What was done: create, destroy, exported, login, update; an open list.",
    ),
    column(
        "action_label",
        "action_label",
        Kind::Text,
        "The action in the language of the fetching account.",
    ),
    column("actor_id", "actor_id", Kind::Integer, "Who did it; -1 is the system."),
    column(
        "actor_name",
        "actor_name",
        Kind::Text,
        "The actor's name when the record was fetched.",
    ),
    column(
        "change_description",
        "change_description",
        Kind::Text,
        "What changed, in the service's own words.",
    ),
    column("ip_address", "ip_address", Kind::Text, "Where it came from."),
    column("source_id", "source_id", Kind::Integer, "What it was done to."),
    column(
        "source_label",
        "source_label",
        Kind::Text,
        "The name of that when the record was fetched.",
    ),
    column(
        "source_type",
        "source_type",
        Kind::Text,
        "What kind of thing: user, rule, ticket, apitoken …; an open list.",
    ),
    column("url", "url", Kind::Text, "Where the service serves the entry itself."),
    column("extra", "", Kind::Json, "Unknown fields, and values of a wrong type."),
];
