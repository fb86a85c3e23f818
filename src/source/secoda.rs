//! All that is true of Secoda: its addresses, endpoints, order, volatile members, and the columns of its tables. From the
//! vendor's OpenAPI document (version 8.22.39) and the older page that shows a second shape of the same record.

mod notifications;
mod versions;

pub use notifications::NOTIFICATIONS;
pub use versions::VERSION_HISTORIES;

use super::{Form, Paging, Person, Personal, Service, Stream};
use crate::schema::{Column, Kind, Table, column};

pub const SERVICE: Service = Service {
    kind: "secoda",
    streams: &[AUDIT_LOGS, RESOURCE_LOGS, NOTIFICATION_LIST],
    regions: &[
        ("us", "https://api.secoda.co"),
        ("eu", "https://eapi.secoda.co"),
        ("apac", "https://aapi.secoda.co"),
    ],
    personal: &PERSONAL,
};

const PERSONAL: Personal = Personal {
    people: &[
        Person {
            id: "performer_id",
            only: None,
            own: &["performer_metadata", "metadata.ip_address", "metadata.ip"],
        },
        Person {
            id: "sender.id",
            only: None,
            own: &["sender", "metadata.ip_address", "metadata.ip"],
        },
        Person {
            id: "performer.id",
            only: None,
            own: &["performer", "metadata.ip_address", "metadata.ip"],
        },
        // A person may be what was acted on.
        Person {
            id: "resource_id",
            only: None,
            own: &["resource_metadata", "resource_title"],
        },
        Person {
            id: "id",
            only: None,
            own: &[""],
        },
    ],
    names: &["name", "display_name", "title", "resource_title"],
    addresses: &["email"],
    records: &["activity_logs"],
    structural: &[
        "activity_type",
        "entity_type",
        "event",
        "integration_type",
        "performer_type",
        "related_resource_type",
        "resource_type",
        "secoda_entity_type",
        "style",
        "type",
    ],
};

pub const AUDIT_LOGS: Stream = Stream {
    name: "audit_logs",
    path: "/api/v1/activity_log/audit_logs/",
    paging: Paging::Numbered {
        sort: r#"{"field":"updated_at","order":"desc"}"#,
    },
    forms: &[Form {
        order_key: Some("updated_at"),
        ..ACTIVITY
    }],
};

/// The logs and versions of one resource at a time.
pub const RESOURCE_LOGS: Stream = Stream {
    name: "resource_logs",
    path: "/api/v1/activity_log/resource_logs/",
    paging: Paging::FanOut { of: "audit_logs" },
    forms: &[
        Form {
            member: "non_versioned_logs",
            ..ACTIVITY
        },
        Form {
            member: "version_histories",
            table: &VERSION_HISTORIES,
            order_key: None,
            volatile: &["older_than_thirty_days"],
            stable_version: 1,
            nested: Some("activity_logs"),
        },
    ],
};

/// The list of the older pages.
pub const NOTIFICATION_LIST: Stream = Stream {
    name: "notifications",
    path: "/api/v1/notification/workspace/",
    paging: Paging::Notifications,
    forms: &[Form {
        member: "results",
        table: &NOTIFICATIONS,
        order_key: Some("created_at"),
        volatile: &[],
        stable_version: 1,
        nested: None,
    }],
};

/// Fields that the audit logs might be sorted by; `updated_at` is the documented one.
pub const SORT_FIELDS: &[&str] = &["updated_at", "created_at", "logged_at"];

/// Operators by which the audit logs might be filtered by time; none is documented. Those that would complement each other
/// stand side by side.
pub const DATE_OPERATORS: &[&str] = &[
    "lt",
    "gte",
    "before",
    "on_or_after",
    "on_or_before",
    "after",
    "lte",
    "gt",
];

/// The same for operators that take two times.
pub const RANGE_OPERATORS: &[&str] = &["range", "between"];

/// The same list without the version in its path, as one older page has it.
pub const NOTIFICATIONS_UNVERSIONED: &str = "/notification/workspace/";
/// The same list of one resource at a time.
pub const NOTIFICATIONS_OF_RESOURCE: &str = "/api/v1/notification/resource/";

const ACTIVITY: Form = Form {
    member: "results",
    table: &ACTIVITY_LOGS,
    order_key: None,
    volatile: &["performer_metadata", "resource_metadata"],
    stable_version: 1,
    nested: None,
};

pub const ACTIVITY_LOGS: Table = Table {
    name: "activity_logs",
    doc: "One row per activity of a Secoda workspace: who did what to which resource, when.",
    columns: ACTIVITY_LOG_COLUMNS,
    event_time: "logged_at",
    echoes: &[
        ("performer_metadata.id", "performer_id"),
        ("resource_metadata.id", "resource_id"),
    ],
};

const ACTIVITY_LOG_COLUMNS: &[Column] = &[
    column("id", "id", Kind::Text, "The service's identifier of the activity."),
    column("logged_at", "logged_at", Kind::Timestamp, "When it happened (UTC)."),
    column(
        "created_at",
        "created_at",
        Kind::Timestamp,
        "When the service wrote the record (UTC).",
    ),
    column(
        "updated_at",
        "updated_at",
        Kind::Timestamp,
        "When the service last changed the record (UTC).",
    ),
    column(
        "parent_id",
        "parent_id",
        Kind::Text,
        "The activity this one is a part of: a bulk action or an automation.",
    ),
    column(
        "activity_type",
        "activity_type",
        Kind::Text,
        "The service's name of the kind of activity; an open list.",
    ),
    column("performer_id", "performer_id", Kind::Text, "Who did it."),
    column(
        "performer_type",
        "performer_type",
        Kind::Text,
        "What kind of actor: USER, API, AUTOMATION, SYSTEM …",
    ),
    column(
        "performer_name",
        "performer_metadata.name",
        Kind::Text,
        "The actor's name when the record was fetched.",
    ),
    column(
        "performer_email",
        "performer_metadata.email",
        Kind::Text,
        "The actor's e-mail; older servers only.",
    ),
    column(
        "performer_first_name",
        "performer_metadata.first_name",
        Kind::Text,
        "The actor's first name.",
    ),
    column(
        "performer_last_name",
        "performer_metadata.last_name",
        Kind::Text,
        "The actor's last name.",
    ),
    column(
        "performer_display_name",
        "performer_metadata.display_name",
        Kind::Text,
        "The actor's displayed name.",
    ),
    column(
        "performer_icon",
        "performer_metadata.icon",
        Kind::Text,
        "The actor's icon.",
    ),
    column(
        "performer_src",
        "performer_metadata.src",
        Kind::Text,
        "Where the actor's picture is served from.",
    ),
    column(
        "performer_integration_type",
        "performer_metadata.integration_type",
        Kind::Text,
        "Type of the integration that acted.",
    ),
    column(
        "performer_disabled",
        "performer_metadata.disabled",
        Kind::Boolean,
        "Whether the actor's account was disabled.",
    ),
    column(
        "performer_is_service_account",
        "performer_metadata.is_service_account",
        Kind::Boolean,
        "Whether the actor is a service account.",
    ),
    column(
        "performer_profile_picture",
        "performer_metadata.profile_picture",
        Kind::Text,
        "The actor's profile picture.",
    ),
    column("resource_id", "resource_id", Kind::Text, "What it was done to."),
    column(
        "resource_type",
        "resource_type",
        Kind::Text,
        "What kind of thing: SECODA_ENTITY, USER, TEAM, API_KEY …",
    ),
    column(
        "resource_name",
        "resource_metadata.name",
        Kind::Text,
        "The resource's name when the record was fetched.",
    ),
    column(
        "resource_title",
        "resource_metadata.title",
        Kind::Text,
        "The resource's title; older servers only.",
    ),
    column(
        "resource_icon",
        "resource_metadata.icon",
        Kind::Text,
        "The resource's icon.",
    ),
    column(
        "resource_kind",
        "resource_metadata.type",
        Kind::Text,
        "The resource's own type within its kind.",
    ),
    column(
        "resource_integration_id",
        "resource_metadata.integration_id",
        Kind::Text,
        "The integration the resource came from.",
    ),
    column(
        "related_resource_ids",
        "related_resource_ids",
        Kind::TextList,
        "Other resources the activity touched.",
    ),
    column(
        "related_resource_type",
        "related_resource_type",
        Kind::Text,
        "What kind of things those are.",
    ),
    column(
        "event_blocks",
        "event_blocks",
        Kind::Blocks,
        "The activity's wording, in pieces.",
    ),
    column(
        "event_text",
        "event_blocks",
        Kind::BlocksText,
        "The wording joined to one text.",
    ),
    column(
        "is_legacy",
        "is_legacy",
        Kind::Boolean,
        "Whether the service took the record over from an older log.",
    ),
    column(
        "version_history_id",
        "version_history_id",
        Kind::Text,
        "The version of the resource the activity made.",
    ),
    column(
        "secoda_entity_type",
        "secoda_entity_type",
        Kind::Text,
        "The entity's type within Secoda's catalog.",
    ),
    column(
        "metadata",
        "metadata",
        Kind::Json,
        "Free details of the activity, as the service sent them.",
    ),
    column("extra", "", Kind::Json, "Unknown fields, and values of a wrong type."),
];
