//! The table of version histories; apart from the streams for its length.

use crate::schema::{Column, Kind, Table, column};

pub const VERSION_HISTORIES: Table = Table {
    name: "version_histories",
    doc: "One row per version of a Secoda resource: what it was before and after, and a snapshot of its properties.",
    columns: VERSION_COLUMNS,
    event_time: "created_at",
    echoes: &[],
};

const VERSION_COLUMNS: &[Column] = &[
    column("id", "id", Kind::Text, "The service's identifier of the version."),
    column(
        "created_at",
        "created_at",
        Kind::Timestamp,
        "When the version was made (UTC).",
    ),
    column(
        "updated_at",
        "updated_at",
        Kind::Timestamp,
        "When the service last changed the version (UTC).",
    ),
    column(
        "latest_activity_logged_at",
        "latest_activity_logged_at",
        Kind::Timestamp,
        "When the last of its activities happened (UTC).",
    ),
    column("resource_id", "resource_id", Kind::Text, "What it is a version of."),
    column(
        "is_legacy",
        "is_legacy",
        Kind::Boolean,
        "Whether the service took the version over from an older log.",
    ),
    column(
        "secoda_entity_type",
        "secoda_entity_type",
        Kind::Text,
        "The entity's type within Secoda's catalog.",
    ),
    column(
        "older_than_thirty_days",
        "older_than_thirty_days",
        Kind::Boolean,
        "Whether the version was that old when it was fetched.",
    ),
    column(
        "activity_log_ids",
        "activity_logs",
        Kind::IdList,
        "The activities that made the version; they stand in activity_logs.",
    ),
    column("previous", "metadata.prev", Kind::Json, "The changed fields before."),
    column("current", "metadata.current", Kind::Json, "The changed fields after."),
    column(
        "definition_diff",
        "metadata.definition_diff",
        Kind::Json,
        "How the definition changed, as the service tells it.",
    ),
    column(
        "description_diff",
        "metadata.description_diff",
        Kind::Json,
        "How the description changed, as the service tells it.",
    ),
    column(
        "snapshot_title",
        "metadata.secoda_entity_property_snapshot.title",
        Kind::Text,
        "The resource's title in this version.",
    ),
    column(
        "snapshot_definition",
        "metadata.secoda_entity_property_snapshot.definition",
        Kind::Text,
        "Its definition.",
    ),
    column(
        "snapshot_description",
        "metadata.secoda_entity_property_snapshot.description",
        Kind::Text,
        "Its description.",
    ),
    column(
        "snapshot_owners",
        "metadata.secoda_entity_property_snapshot.owners",
        Kind::TextList,
        "Its owners.",
    ),
    column(
        "snapshot_owners_groups",
        "metadata.secoda_entity_property_snapshot.owners_groups",
        Kind::TextList,
        "The groups that own it.",
    ),
    column(
        "snapshot_collections",
        "metadata.secoda_entity_property_snapshot.collections",
        Kind::TextList,
        "The collections it is in.",
    ),
    column(
        "snapshot_tags",
        "metadata.secoda_entity_property_snapshot.tags",
        Kind::TextList,
        "Its tags.",
    ),
    column(
        "snapshot_teams",
        "metadata.secoda_entity_property_snapshot.teams",
        Kind::TextList,
        "The teams it belongs to.",
    ),
    column(
        "snapshot_published",
        "metadata.secoda_entity_property_snapshot.published",
        Kind::Boolean,
        "Whether it was published.",
    ),
    column(
        "snapshot_verified",
        "metadata.secoda_entity_property_snapshot.verified",
        Kind::Boolean,
        "Whether it was verified.",
    ),
    column(
        "snapshot_archived",
        "metadata.secoda_entity_property_snapshot.archived",
        Kind::Boolean,
        "Whether it was archived.",
    ),
    column(
        "snapshot_pii",
        "metadata.secoda_entity_property_snapshot.pii",
        Kind::Boolean,
        "Whether it was marked as personal data.",
    ),
    column(
        "snapshot_properties",
        "metadata.secoda_entity_property_snapshot.properties2",
        Kind::Json,
        "Its custom properties.",
    ),
    column("extra", "", Kind::Json, "Unknown fields, and values of a wrong type."),
];
