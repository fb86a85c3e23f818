//! Every report on its case: `reports/<name>/given.sql` is put into an empty warehouse, the report runs with the parameters
//! its head names, and the rows must be those of `expected.csv`. And what the views make of single records.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use trailhouse::render::Format;
use trailhouse::sql;
use trailhouse::warehouse::{self, Cell, Increment, Warehouse, Workplace};

use crate::ran::{rendered, run};

/// An empty warehouse of people in Toronto, made once for all tests.
fn empty() -> &'static [u8] {
    static EMPTY: OnceLock<Vec<u8>> = OnceLock::new();
    EMPTY.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("warehouse.duckdb");
        let increment = Increment {
            lake_id: "case".to_owned(),
            sequence: 1,
            ..Increment::default()
        };
        warehouse::catch_up(&path, &Workplace::of("America/Toronto"), &increment).expect("an empty warehouse");
        std::fs::read(&path).expect("the warehouse")
    })
}

/// What a catch-up does after it has brought rows.
const WORD: &str = "insert into wordings by name select distinct * exclude (load) from worded_events; \
     create temp table classified as select * from classified_wordings; delete from wordings; \
     insert into wordings by name select * from classified";

/// An empty warehouse, into which `inserts` were run behind its back.
#[expect(clippy::disallowed_methods, reason = "a file of the tests")]
pub(super) fn warehouse(folder: &Path, inserts: &str) -> Warehouse {
    let path = folder.join("warehouse.duckdb");
    std::fs::write(&path, empty()).expect("a copy of the warehouse");
    let connection = duckdb::Connection::open(&path).expect("the warehouse opens");
    connection.execute_batch(inserts).expect("the inserts run");
    connection.execute_batch(WORD).expect("the wordings are told");
    connection.close().expect("the warehouse closes");
    Warehouse::open_read_only(&path).expect("the warehouse opens to be read")
}

pub(super) fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/reports")
}

/// The parameters in the head of a case, and its inserts.
pub(super) fn given(name: &str) -> (Vec<(String, String)>, String) {
    headed(&cases().join(name).join("given.sql"))
}

/// The parameters in the head of a file, and what stands under it.
pub(super) fn headed(path: &Path) -> (Vec<(String, String)>, String) {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (head, body) = text.split_once("\n\n").expect("an empty line after the head");
    let pair = |line: &str| {
        let pair = line.strip_prefix("-- ").and_then(|line| line.split_once(": "));
        let (name, value) = pair.expect("`-- name: value`");
        (name.to_owned(), value.to_owned())
    };
    (head.lines().map(pair).collect(), body.to_owned())
}

#[test]
fn every_report_gives_the_rows_of_its_case() {
    for report in sql::reports() {
        let (parameters, inserts) = given(&report.name);
        let folder = tempfile::tempdir().expect("a folder");
        let warehouse = warehouse(folder.path(), &inserts);
        let all: Vec<(String, String)> = parameters
            .iter()
            .filter(|(name, _)| name != "source")
            .cloned()
            .collect();
        assert!(all.len() < parameters.len(), "{}: the case sets no source", report.name);
        let result = run(&warehouse, &report.name, parameters);
        let expected = std::fs::read_to_string(cases().join(&report.name).join("expected.csv")).expect("expected.csv");
        assert_eq!(
            rendered(&result.rows, &result.about, Format::Csv),
            expected,
            "{}",
            report.name
        );
        let of_all = run(&warehouse, &report.name, all).rows.rows.len();
        assert!(
            of_all > result.rows.rows.len(),
            "{}: `source` drops no row",
            report.name
        );
    }
}

#[test]
fn every_report_runs_with_nothing_set() {
    let folder = tempfile::tempdir().expect("a folder");
    let warehouse = warehouse(folder.path(), "");
    for report in sql::reports() {
        let result = run(&warehouse, &report.name, Vec::new());
        assert_eq!(
            result.about.empty_sentence().as_deref(),
            Some("no events; not collected from 2026-04-16T12:30:00Z to 2026-07-15T12:30:00Z"),
            "{}",
            report.name
        );
        let called = warehouse.query(&format!("select * from reports.{}()", report.name), &[]);
        assert_eq!(
            called.expect("a macro without arguments").rows.len(),
            0,
            "{}",
            report.name
        );
    }
}

#[test]
fn a_view_has_the_columns_its_head_documents() {
    let folder = tempfile::tempdir().expect("a folder");
    let warehouse = warehouse(folder.path(), "");
    for view in sql::views().iter().filter(|view| view.params.is_empty()) {
        let grid = warehouse
            .query(&format!("select * from {}", view.name), &[])
            .expect("the view can be read");
        let columns: Vec<&str> = grid.columns.iter().map(|column| column.name.as_str()).collect();
        let documented: Vec<&str> = view.columns.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(columns, documented, "{}", view.name);
    }
}

/// Type of activity, kind of resource, text with `*bold*` pieces; what that is, and its class and activity in OCSF.
const ACTIONS: &[(&str, &str, &str, &str, i128, i128)] = &[
    ("user_logged_in", "", "Logged in", "login", 3002, 1),
    ("UserLoggedIn", "", "", "login", 3002, 1),
    ("USER.LOGIN_FAILED", "", "", "login_failed", 3002, 1),
    ("AUTH", "", "Signed out", "logout", 3002, 2),
    ("user_invited", "INVITATION_LINK", "", "invite", 3004, 1),
    ("invitation_revoked", "INVITATION_LINK", "", "revoke", 3005, 2),
    (
        "CREATE",
        "DATA_ACCESS_REQUEST",
        "*Ada* created the access request",
        "request",
        3004,
        1,
    ),
    (
        "UPDATE",
        "DATA_ACCESS_REQUEST",
        "*Ada* approved the access request",
        "approve",
        3004,
        3,
    ),
    (
        "UPDATE",
        "DATA_ACCESS_REQUEST",
        "*Ada* denied the access request",
        "deny",
        3004,
        3,
    ),
    ("UPDATE", "TEAM", "Added users to team", "grant", 3006, 3),
    (
        "users_removed_from_team",
        "TEAM",
        "Removed *Ada* from team *Finance*",
        "revoke",
        3006,
        4,
    ),
    (
        "UPDATE",
        "SECODA_ENTITY",
        "Added teams *General* and *Marketing*",
        "grant",
        3005,
        1,
    ),
    (
        "owner_removed",
        "SECODA_ENTITY",
        "Removed *Ada* as owner",
        "revoke",
        3005,
        2,
    ),
    (
        "UPDATE",
        "USER",
        "Changed role of *Ada* to *Admin*",
        "change_role",
        3005,
        99,
    ),
    (
        "UPDATE",
        "IAM_RESOURCE_POLICY",
        "Updated AI access rule",
        "update",
        3005,
        99,
    ),
    ("user_created", "USER", "", "create", 3001, 1),
    ("user_disabled", "USER", "", "disable", 3001, 5),
    ("user_deleted", "USER", "", "delete", 3001, 6),
    ("api_key_created", "API_KEY", "", "create", 3004, 1),
    (
        "api_key_used",
        "API_KEY",
        "Read *orders* with API key *ci*",
        "use",
        6003,
        99,
    ),
    (
        "data_exported",
        "QUERY",
        "Exported results of *orders*",
        "export",
        6001,
        7,
    ),
    ("UPDATE", "SECODA_ENTITY", "Shared *orders*", "share", 6001, 8),
    ("resources_deleted", "", "Deleted *12* resources", "delete", 6001, 4),
    (
        "pii_flag_removed",
        "SECODA_ENTITY",
        "Removed PII flag from *email*",
        "remove",
        6001,
        3,
    ),
    ("", "SECODA_ENTITY", "Tag added", "add", 6001, 3),
    (
        "documentation_updated",
        "SECODA_ENTITY",
        "Updated documentation",
        "update",
        6001,
        3,
    ),
    (
        "UPDATE",
        "SECODA_ENTITY",
        "Updated *exported and deleted*",
        "update",
        6001,
        3,
    ),
    ("dataset_viewed", "SECODA_ENTITY", "", "read", 6001, 2),
    ("", "MONITOR", "Ran monitor", "run", 1006, 6),
    ("query_ran", "QUERY", "", "run", 6005, 4),
    ("", "AUTOMATION_JOB", "", "run", 1006, 6),
    (
        "integration_synced",
        "INTEGRATION",
        "Manually pulled sync",
        "sync",
        6001,
        6,
    ),
    (
        "",
        "LINEAGE",
        "Created manual lineage between *a* and *b*",
        "create",
        6001,
        1,
    ),
    ("password_login_disabled", "WORKSPACE", "", "disable", 3004, 9),
    ("login_settings_updated", "WORKSPACE", "", "update", 3004, 3),
    ("sso_login_enabled", "WORKSPACE", "", "enable", 3004, 8),
    ("password_sign_in_disabled", "WORKSPACE", "", "disable", 3004, 9),
    ("sign_in_with_google_enabled", "WORKSPACE", "", "enable", 3004, 8),
    ("sign_in_page_updated", "WORKSPACE", "", "update", 3004, 3),
    ("login_failed_user_disabled", "USER", "", "login_failed", 3002, 1),
    (
        "integration_sync_schedule_updated",
        "INTEGRATION",
        "",
        "update",
        6002,
        8,
    ),
    ("extraction_settings_updated", "INTEGRATION", "", "update", 6002, 8),
    ("extraction_finished", "INTEGRATION", "", "sync", 6001, 6),
    ("csv_export_disabled", "WORKSPACE", "", "disable", 3004, 9),
    ("exports_enabled", "WORKSPACE", "", "enable", 3004, 8),
    ("export_settings_updated", "WORKSPACE", "", "update", 3004, 3),
    ("downloads_disabled", "WORKSPACE", "", "disable", 3004, 9),
    ("download_enabled", "WORKSPACE", "", "enable", 3004, 8),
    ("download_limit_updated", "WORKSPACE", "", "update", 3004, 3),
    ("shared_links_disabled", "WORKSPACE", "", "disable", 3004, 9),
    ("share_by_link_enabled", "WORKSPACE", "", "enable", 3004, 8),
    ("share_policy_updated", "WORKSPACE", "", "update", 3004, 3),
    ("dashboard_shared", "SECODA_ENTITY", "", "share", 6001, 8),
    ("invitation_expired", "INVITATION_LINK", "", "revoke", 3005, 2),
    ("invitation_link_disabled", "INVITATION_LINK", "", "revoke", 3005, 2),
    ("invite_deactivated", "INVITATION_LINK", "", "revoke", 3005, 2),
    ("user_uninvited", "USER", "", "revoke", 3005, 2),
    ("invitation_declined", "INVITATION_LINK", "", "deny", 3004, 3),
    ("invitation_rejected", "INVITATION_LINK", "", "deny", 3004, 3),
    ("invitation_link_viewed", "INVITATION_LINK", "", "read", 6001, 2),
    ("invitation_updated", "INVITATION_LINK", "", "update", 3004, 3),
    ("user_invited_to_view", "USER", "", "invite", 3004, 1),
    ("access_request_cancelled", "DATA_ACCESS_REQUEST", "", "revoke", 3005, 2),
    ("cancel_access_request", "DATA_ACCESS_REQUEST", "", "revoke", 3005, 2),
    ("access_request_withdrawn", "DATA_ACCESS_REQUEST", "", "revoke", 3005, 2),
    ("withdraw_access_request", "DATA_ACCESS_REQUEST", "", "revoke", 3005, 2),
    (
        "UPDATE",
        "DATA_ACCESS_REQUEST",
        "*Ada* cancelled the access request",
        "revoke",
        3005,
        2,
    ),
    (
        "UPDATE",
        "DATA_ACCESS_REQUEST",
        "*Ada* withdrew the access request",
        "revoke",
        3005,
        2,
    ),
    ("sync_cancelled", "INTEGRATION", "", "sync", 6001, 6),
    ("job_cancelled", "BACKGROUND_JOB", "", "run", 1006, 6),
    ("access_request_commented", "DATA_ACCESS_REQUEST", "", "update", 3004, 3),
    (
        "commented_on_access_request",
        "DATA_ACCESS_REQUEST",
        "",
        "update",
        3004,
        3,
    ),
    (
        "CREATE",
        "DATA_ACCESS_REQUEST",
        "*Ada* commented on the access request",
        "update",
        3004,
        3,
    ),
    ("text", "text", "text", "unknown", 0, 0),
    ("", "", "", "unknown", 0, 0),
];

/// A text with `*bold*` pieces as an SQL list of blocks; nothing is null.
fn blocks(text: &str) -> String {
    if text.is_empty() {
        return "null".to_owned();
    }
    let piece = |(place, value): (usize, &str)| {
        let style = if place % 2 == 0 { "normal" } else { "bold" };
        (!value.is_empty()).then(|| format!("{{'type': 'text', 'style': '{style}', 'value': '{value}'}}"))
    };
    format!(
        "[{}]",
        text.split('*')
            .enumerate()
            .filter_map(piece)
            .collect::<Vec<_>>()
            .join(", ")
    )
}

#[test]
fn the_rules_know_what_was_done() {
    let row = |(place, (activity_type, resource_type, text, ..)): (usize, &(&str, &str, &str, &str, i128, i128))| {
        format!(
            "('acme', 'audit_logs', 1, '{place:04}', '2026-06-01', nullif('{activity_type}', ''), nullif('{resource_type}', ''), {})",
            blocks(text)
        )
    };
    let rows: Vec<String> = ACTIONS.iter().enumerate().map(row).collect();
    let columns = "source, stream, load, id, logged_at, activity_type, resource_type, event_blocks";
    let folder = tempfile::tempdir().expect("a folder");
    let warehouse = warehouse(
        folder.path(),
        &format!("insert into activity_logs ({columns}) values {}", rows.join(", ")),
    );
    let grid = warehouse
        .query(
            "select action, ocsf_class_uid, ocsf_category_uid, ocsf_activity_id from events order by event_id",
            &[],
        )
        .expect("the events");
    assert_eq!(grid.rows.len(), ACTIONS.len());
    for (row, (activity_type, resource_type, text, action, class, activity)) in grid.rows.iter().zip(ACTIONS) {
        let expected = [
            Cell::Text((*action).to_owned()),
            Cell::Integer(*class),
            Cell::Integer(class / 1000),
            Cell::Integer(*activity),
        ];
        assert_eq!(row.as_slice(), expected, "{activity_type} {resource_type} {text}");
    }
}

#[test]
fn an_event_is_shown_by_the_clocks_of_the_configured_zone() {
    let inserts = "insert into activity_logs (source, stream, load, id, logged_at) values
        ('acme', 'audit_logs', 1, 'a', '2026-01-15 03:00:00'),
        ('acme', 'audit_logs', 1, 'b', '2026-03-08 06:59:59'),
        ('acme', 'audit_logs', 1, 'c', '2026-03-08 07:00:00'),
        ('acme', 'audit_logs', 1, 'd', '2000-01-01 00:00:00')";
    let folder = tempfile::tempdir().expect("a folder");
    let warehouse = warehouse(folder.path(), inserts);
    let sql = "select strftime(occurred_at_local, '%Y-%m-%d %H:%M:%S') from events order by event_id";
    let rows = warehouse.query(sql, &[]).expect("the events").rows;
    let expected = [
        "2026-01-14 22:00:00",
        "2026-03-08 01:59:59",
        "2026-03-08 03:00:00",
        "1999-12-31 19:00:00",
    ];
    assert_eq!(rows, expected.map(|text| vec![Cell::Text(text.to_owned())]));
}
