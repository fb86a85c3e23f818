//! All that is true of Zendesk: its address and the audit log.

use super::{Paging, Service, Stream};

pub const SERVICE: Service = Service {
    kind: "zendesk",
    streams: &[AUDIT_LOGS],
    regions: &[],
};

pub const AUDIT_LOGS: Stream = Stream {
    name: "audit_logs",
    path: "/api/v2/audit_logs",
    paging: Paging::Numbered {
        rows: "audit_logs",
        sort: "-created_at",
    },
    table: &super::secoda::ACTIVITY_LOGS,
    order_key: "created_at",
    volatile: &["action_label", "actor_name", "source_label", "url"],
    stable_version: 1,
};
