//! What the rules know was done, and what is kept of the texts of events for them.

use trailhouse::warehouse::Cell;

use super::reports::warehouse;
use super::views::lines;

#[test]
fn only_words_that_a_rule_knows_are_kept_of_a_text_of_zendesk_and_it_means_the_same() {
    let inserts = "insert into zendesk_audit_logs (source, stream, load, id, created_at, change_description) \
        select 'acme', 'audit_logs', 1, row_number() over (), '2026-06-01', \
            before || upper(left(replace(pattern, '%', filled), 1)) || replace(replace(pattern, '%', filled), ' ', gap)[2:] || after \
        from action_rules, unnest(['', ' “', 'not ', repeat(' ', 30)]) as b (before), unnest([' ', '-', '_ ']) as g (gap), \
            unnest(['', 'x', '30-day', 'a b c']) as f (filled), \
            unnest(['', ' of Ada', '!', 'ly', '_x', 'é', '9', ': 5', e'\\nmore', ' ' || repeat('long ', 500)]) as a (after) \
        where service = 'zendesk' and field = 'change_description'";
    let folder = tempfile::tempdir().expect("a folder");
    let warehouse = warehouse(folder.path(), inserts);
    let words = "trim(regexp_replace(lower(summary), '[^a-z0-9]+', ' ', 'g')) || ' '";
    let told = format!(
        "with held as (select action, summary, (select arg_min(rule.action, rule.priority) from action_rules as rule \
         where rule.service = 'zendesk' and rule.field = 'change_description' and {words} like rule.pattern || ' %') as ruled from events) \
         select count(*) > 5000, count(*) filter (ruled is null) > 1000, count(distinct action) > 6, \
         count(*) filter (action is distinct from coalesce(ruled, 'unknown')), min(summary) filter (action is distinct from coalesce(ruled, 'unknown')) from held"
    );
    assert_eq!(lines(&warehouse, &told), ["true|true|true|0|-"]);
    let texts = "select count(*) < 300 from wordings";
    assert_eq!(lines(&warehouse, texts), ["true"]);
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
