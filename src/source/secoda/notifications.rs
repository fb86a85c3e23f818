//! The table of notifications, with the columns of both published shapes; apart from the streams for its length.

use crate::schema::{Column, Kind, Table, column};

pub const NOTIFICATIONS: Table = Table {
    name: "notifications",
    doc: "One row per notification of a Secoda workspace, from the older endpoints; both published shapes.",
    columns: NOTIFICATION_COLUMNS,
    event_time: "created_at",
    echoes: &[],
};

const NOTIFICATION_COLUMNS: &[Column] = &[
    column("id", "id", Kind::Text, "The service's identifier of the notification."),
    column("created_at", "created_at", Kind::Timestamp, "When it happened (UTC)."),
    column(
        "event",
        "event",
        Kind::Text,
        "The service's name of what happened; an open list.",
    ),
    column("resource_id", "resource_id", Kind::Text, "What it was done to."),
    column(
        "resource_type",
        "resource_type",
        Kind::Text,
        "What kind of thing that is.",
    ),
    column(
        "resource_title",
        "resource_title",
        Kind::Text,
        "The thing's title when the record was fetched.",
    ),
    column("content", "content", Kind::Text, "The notification's wording."),
    column("sender_id", "sender.id", Kind::Text, "Who did it."),
    column("sender_email", "sender.email", Kind::Text, "The sender's e-mail."),
    column(
        "sender_first_name",
        "sender.first_name",
        Kind::Text,
        "The sender's first name.",
    ),
    column(
        "sender_last_name",
        "sender.last_name",
        Kind::Text,
        "The sender's last name.",
    ),
    column(
        "performer_id",
        "performer.id",
        Kind::Text,
        "Who did it, in the other published shape.",
    ),
    column("performer_name", "performer.name", Kind::Text, "That performer's name."),
    column(
        "metadata",
        "metadata",
        Kind::Json,
        "Free details, as the service sent them.",
    ),
    column(
        "short_summary",
        "short_summary",
        Kind::Text,
        "The notification in one line.",
    ),
    column(
        "short_summary_markdown",
        "short_summary_markdown",
        Kind::Text,
        "The same with its markup.",
    ),
    column(
        "subject",
        "subject",
        Kind::Text,
        "The subject of the message sent about it.",
    ),
    column(
        "entity_type",
        "entity_type",
        Kind::Text,
        "What kind of entity it is about.",
    ),
    column("entity_id", "entity_id", Kind::Text, "The entity it is about."),
    column(
        "entity_snapshot_key",
        "entity_snapshot_key",
        Kind::Text,
        "Where the service keeps the entity's state at that time.",
    ),
    column("extra", "", Kind::Json, "Unknown fields, and values of a wrong type."),
];
