//! What the bundled views make of the records of every service: events in one shape, and what changed about a resource.

use trailhouse::warehouse::{Cell, Warehouse};

use super::reports::warehouse;

/// The rows of a query as one text each, fields joined by a bar.
pub(super) fn lines(warehouse: &Warehouse, sql: &str) -> Vec<String> {
    let shown = |cell: &Cell| match cell {
        Cell::Null => "-".to_owned(),
        Cell::Boolean(value) => value.to_string(),
        Cell::Integer(value) => value.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Json(json) => json.to_string(),
        other => format!("{other:?}"),
    };
    let grid = warehouse
        .query(sql, &[])
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    grid.rows
        .iter()
        .map(|row| row.iter().map(shown).collect::<Vec<_>>().join("|"))
        .collect()
}

/// Action, source type and description in Zendesk; what that is, and its class and activity in OCSF.
const ZENDESK: &[(&str, &str, &str, &str)] = &[
    ("login", "user", "Successful sign-in using JWT", "login|3002|1"),
    (
        "login",
        "user",
        "Failed sign-in using Zendesk password",
        "login_failed|3002|1",
    ),
    ("login", "user", "", "login|3002|1"),
    (
        "update",
        "user",
        "Role changed from Agent to Administrator",
        "change_role|3005|99",
    ),
    (
        "update",
        "user",
        "Name changed from Role changed to Suspended",
        "update|3001|99",
    ),
    ("update", "user", "Suspended", "disable|3001|5"),
    ("update", "user", "Unsuspended", "enable|3001|2"),
    (
        "update",
        "user",
        "Suspended changed from true to false",
        "enable|3001|2",
    ),
    (
        "update",
        "user",
        "Suspended changed from false to true",
        "disable|3001|5",
    ),
    ("create", "user", "Role: Agent\nEmail: a@acme.example", "create|3001|1"),
    ("destroy", "user", "Permanently deleted Ada", "delete|3001|6"),
    ("exported", "ticket", "Exported 184220 tickets as JSON", "export|6001|7"),
    ("exported", "user", "", "export|6001|7"),
    ("create", "apitoken", "API token ci created", "create|3004|1"),
    ("destroy", "api_token", "API token ci deleted", "delete|3004|4"),
    (
        "update",
        "account_setting",
        "Credit card redaction changed from Enabled to Disabled",
        "update|3004|3",
    ),
    (
        "update",
        "account",
        "Owner changed from Ada to Bob",
        "change_role|3005|99",
    ),
    ("create", "zendesk/app_market/app", "Installed Slack", "create|6002|1"),
    ("update", "ticket", "Redacted a comment", "delete|6001|4"),
    ("update", "rule", "Conditions changed: suspended", "update|6001|3"),
    ("merged_v2", "custom_object/record", "Zusammengeführt: A", "unknown|0|0"),
    ("", "", "", "unknown|0|0"),
];

#[test]
fn the_rules_know_what_was_done_in_zendesk() {
    let row = |(id, (action, source_type, text, _)): (usize, &(&str, &str, &str, &str))| {
        format!(
            "('acme', 'audit_logs', 1, {id}, '2026-06-01', nullif('{action}', ''), nullif('{source_type}', ''), nullif('{text}', ''))"
        )
    };
    let rows: Vec<String> = ZENDESK.iter().enumerate().map(row).collect();
    let columns = "source, stream, load, id, created_at, action, source_type, change_description";
    let folder = tempfile::tempdir().expect("a folder");
    let inserts = format!("insert into zendesk_audit_logs ({columns}) values {}", rows.join(", "));
    let warehouse = warehouse(folder.path(), &inserts);
    let sql = "select action, ocsf_class_uid, ocsf_activity_id from events order by cast(event_id as bigint)";
    let found = lines(&warehouse, sql);
    assert_eq!(found.len(), ZENDESK.len());
    for (found, (action, source_type, text, expected)) in found.iter().zip(ZENDESK) {
        assert_eq!(found, expected, "{action} {source_type} {text}");
    }
}

#[test]
fn an_entry_of_zendesk_is_an_event_like_any_other() {
    let inserts = "insert into zendesk_audit_logs (source, stream, load, id, created_at, action, action_label, actor_id, \
         actor_name, change_description, ip_address, source_id, source_label, source_type) values
        ('acme', 'audit_logs', 2, 9007199254740993, '2026-03-08 07:00:00', 'update', 'Aktualisiert', 5, 'Ada', '', '192.0.2.1', 6,
            'Team member: Bob', 'user'),
        ('acme', 'audit_logs', 3, 2, '2026-06-01', null, null, -1, null, null, null, null, null, null),
        ('acme', 'audit_logs', 3, 3, '2026-06-01', null, null, 5, null, null, null, 6, null, 'user'),
        ('acme', 'audit_logs', 3, 4, '2026-06-01', null, null, null, null, null, null, 6, null, 'rule'),
        ('acme', 'audit_logs', 3, 5, '2026-06-01', null, null, null, null, null, null, 5, null, 'user'),
        ('acme', 'audit_logs', 3, 6, '2026-06-01', null, null, null, null, null, null, 5, null, 'rule');
        insert into resources (source, resource_id, resource_type, name, is_current) values ('acme', '6', 'user', 'Bob seen', true);
        insert into performers (source, performer_id, name, is_current) values ('acme', '5', 'Ada seen', true)";
    let folder = tempfile::tempdir().expect("a folder");
    let warehouse = warehouse(folder.path(), inserts);
    let sql = "select source, stream, event_id, load, strftime(occurred_at_local, '%H'), actor_id, actor_name, actor_type, \
         target_type, target_id, target_name, ip_address, summary from events order by load, event_id";
    let expected = [
        "acme|audit_logs|9007199254740993|2|03|5|Ada|USER|user|6|Team member: Bob|192.0.2.1|Aktualisiert",
        "acme|audit_logs|2|3|20|-1|-|SYSTEM|-|-|-|-|-",
        "acme|audit_logs|3|3|20|5|Ada seen|USER|user|6|Bob seen|-|-",
        // of one number with Bob, and with Ada, but things of another kind
        "acme|audit_logs|4|3|20|-|-|-|rule|6|-|-|-",
        "acme|audit_logs|5|3|20|-|-|-|user|5|Ada seen|-|-",
        "acme|audit_logs|6|3|20|-|-|-|rule|5|-|-|-",
    ];
    assert_eq!(lines(&warehouse, sql), expected);
}

#[test]
fn a_notification_is_an_event_only_where_the_audit_logs_do_not_cover_its_time() {
    let inserts = "insert into coverage (source, stream, from_at, to_at, state) values
        ('acme', 'audit_logs', '2026-01-01', '2026-01-10', 'not_offered'),
        ('acme', 'audit_logs', '2026-01-10', '2026-01-20', 'final'),
        ('acme', 'audit_logs', '2026-01-21', '2026-01-25', 'provisional'),
        ('acme', 'audit_logs', '2026-01-26', '2026-01-27', 'asserted'),
        ('acme', 'audit_logs?{}', '2026-01-01', '2026-02-01', 'final'),
        ('acme', 'notifications', '2026-01-01', '2026-02-01', 'final'),
        ('other', 'audit_logs', '2026-01-01', '2026-02-01', 'final');
        insert into notifications (source, stream, load, id, created_at, event, resource_id, resource_type, resource_title, content, \
         sender_id, sender_email, sender_first_name, sender_last_name, performer_id, performer_name, short_summary, subject, metadata) values
        ('acme', 'notifications', 4, 'offered', '2026-01-09 23:59:59.999999', 'resource.deleted', 'r1', 'table', 'orders', 'content',
            's1', 'ada@acme.example', 'Ada', 'Byron', null, null, 'Deleted orders', 'subject', '{\"ip\": \"192.0.2.1\"}'),
        ('acme', 'notifications', 4, 'begin', '2026-01-10', null, null, null, null, null, null, null, null, null, null, null, null, null, null),
        ('acme', 'notifications', 4, 'gap', '2026-01-20', null, 'r1', null, null, 'Shared', null, null, null, null, 'p1', 'Bob', null, 's', null),
        ('acme', 'notifications', 4, 'provisional', '2026-01-24', null, null, null, null, null, null, null, null, null, null, null, null, null, null),
        ('acme', 'notifications', 4, 'asserted', '2026-01-26', null, null, null, null, null, null, null, null, null, null, null, null, null, null),
        ('acme', 'notifications', 4, 'later', '2026-02-01', null, null, null, null, null, null, null, null, null, null, null, '', 'subject', null),
        ('other', 'notifications', 4, 'covered', '2026-01-09', null, null, null, null, null, null, null, null, null, null, null, null, null, null)";
    let folder = tempfile::tempdir().expect("a folder");
    let warehouse = warehouse(folder.path(), inserts);
    let sql = "select source, stream, event_id, actor_id, actor_name, actor_email, action, target_type, target_id, target_name, \
         ip_address, summary from events order by occurred_at";
    let expected = [
        "acme|notifications|offered|s1|Ada Byron|ada@acme.example|delete|table|r1|orders|192.0.2.1|Deleted orders",
        "acme|notifications|gap|p1|Bob|-|share|-|r1|-|-|Shared",
        "acme|notifications|later|-|-|-|unknown|-|-|-|-|subject",
    ];
    assert_eq!(lines(&warehouse, sql), expected);
}

/// What a version was before and after; the changes it tells.
const VERSIONS: &[(&str, &str, &[&str])] = &[
    ("{}", "{}", &[]),
    ("null", "null", &[]),
    (r#"{"a": 1, "b": 2}"#, r#"{"b": 2, "a": 1}"#, &[]),
    (r#"{"a": null}"#, "{}", &[]),
    (r#"{"pii": false}"#, r#"{"pii": true}"#, &["pii|false|true"]),
    ("{}", r#"{"pii": true}"#, &["pii|-|true"]),
    (r#"{"pii": true}"#, r#"{"pii": null}"#, &["pii|true|-"]),
    (r#"{"t": "1"}"#, r#"{"t": 1}"#, &["t|\"1\"|1"]),
    (r#"{"d": {"x": [1, 2]}}"#, r#"{"d": {"x": [1,2]}}"#, &[]),
    (r#"{"d": {"x": [1]}}"#, r#"{"d": []}"#, &[r#"d|{"x":[1]}|[]"#]),
    (
        r#"{"": 1, "a/b~c": 1, "$.x\"": 1}"#,
        r#"{"": 2, "a/b~c": 2, "$.x\"": 2}"#,
        &["|1|2", "$.x\"|1|2", "a/b~c|1|2"],
    ),
    (r#""no object""#, "[1]", &[]),
];

#[test]
fn a_version_tells_what_it_changed() {
    let row = |(id, (previous, current, _)): (usize, &(&str, &str, &[&str]))| {
        format!("('acme', 'resource_logs', 1, 'v{id}', 'r', '2026-06-01', '{previous}', '{current}')")
    };
    let rows: Vec<String> = VERSIONS.iter().enumerate().map(row).collect();
    let inserts = format!(
        "insert into version_histories (source, stream, load, id, resource_id, created_at, previous, current) values {}",
        rows.join(", ")
    );
    let folder = tempfile::tempdir().expect("a folder");
    let warehouse = warehouse(folder.path(), &inserts);
    for (id, (previous, current, expected)) in VERSIONS.iter().enumerate() {
        let sql = format!(
            "select field, old_value, new_value from version_changes where version_history_id = 'v{id}' order by field"
        );
        assert_eq!(lines(&warehouse, &sql), *expected, "{previous} {current}");
    }
}

/// Versions of a resource and of its namesakes: some show it, some tell what they changed, some do both.
pub(super) const PROPERTIES: &str = include_str!("views/properties.sql");

#[test]
fn properties_change_from_one_snapshot_to_the_next_and_once_per_version() {
    let folder = tempfile::tempdir().expect("a folder");
    let warehouse = warehouse(folder.path(), PROPERTIES);
    let sql = "select source, version_history_id, resource_name, property, old_value, new_value, to_json(added), to_json(removed), \
         strftime(changed_at, '%d'), actor_id, actor_name, load from property_changes order by all";
    let expected = [
        "acme|m2|-|rank|0|1|-|-|02|-|-|1",
        "acme|m3|-|archived|false|true|-|-|05|-|-|1",
        r#"acme|m3|-|collections|["a"]|["b"]|["b"]|["a"]|05|-|-|1"#,
        r#"acme|m3|-|owners|["a"]|["b"]|["b"]|["a"]|05|-|-|1"#,
        r#"acme|m3|-|owners_groups|["a"]|["b"]|["b"]|["a"]|05|-|-|1"#,
        "acme|m3|-|pii|false|true|-|-|05|-|-|1",
        "acme|m3|-|published|true|false|-|-|05|-|-|1",
        "acme|m3|-|rank|1|2|-|-|05|-|-|1",
        r#"acme|m3|-|tags|["a"]|["b"]|["b"]|["a"]|05|-|-|1"#,
        r#"acme|m3|-|teams|["a"]|["b"]|["b"]|["a"]|05|-|-|1"#,
        r#"acme|m3|-|title|"a"|"b"|-|-|05|-|-|1"#,
        "acme|m3|-|verified|false|true|-|-|05|-|-|1",
        "acme|n1|-|published|true|-|-|-|05|-|-|3",
        r#"acme|n1|-|teams|["a"]|-|[]|["a"]|05|-|-|3"#,
        r#"acme|n1|-|title|"a"|-|-|-|05|-|-|3"#,
        r#"acme|n1|-|verified|-|"perhaps"|-|-|05|-|-|3"#,
        r#"acme|t1|-|title|"a"|"b"|-|-|05|-|-|3"#,
        r#"acme|v3|Orders|owners|["ada","bob"]|["bob","cy"]|["cy"]|["ada"]|03|p1|Ada B.|2"#,
        "acme|v3|Orders|pii|false|true|-|-|03|p1|Ada B.|2",
        r#"acme|v3|Orders|tags|[]|["gold"]|["gold"]|[]|03|p1|Ada B.|2"#,
        "acme|v3|Orders|verified|true|false|-|-|03|p1|Ada B.|2",
        "acme|v4|Orders|pii|true|false|-|-|03|-|-|2",
        r#"acme|v4|Orders|tags|["gold","x"]|["gold"]|[]|["x"]|03|-|-|2"#,
        r#"acme|v4|Orders|title|"orders"|"orders 2"|-|-|03|-|-|2"#,
        "acme|v5|Orders|pii|false|true|-|-|04|p2|Bob|3",
        r#"acme|v6|Orders|owners|["bob","cy"]|[]|[]|["bob","cy"]|05|-|-|3"#,
        "acme|v7|Orders|rank|1|2|-|-|06|-|-|3",
        r#"acme|v7|Orders|title|"orders 2"|"orders 3"|-|-|06|-|-|3"#,
    ];
    assert_eq!(lines(&warehouse, sql), expected);
    // wherever a period begins, what was known before it counts
    for day in 1..=8 {
        let parts = format!(
            "select source, version_history_id, resource_name, property, old_value, new_value, to_json(added), to_json(removed), \
             strftime(changed_at, '%d'), actor_id, actor_name, load from (\
             from property_changes_between('2026-01-01', '2026-06-0{day}', null) union all \
             from property_changes_between('2026-06-0{day}', '2026-07-01', null)) order by all"
        );
        assert_eq!(lines(&warehouse, &parts), expected, "{day}");
    }
    let followed =
        "select distinct property from property_changes_between('2026-01-01', only_followed := true) order by all";
    let all = lines(&warehouse, &followed.replace("true", "false"));
    let others: Vec<String> = all.iter().filter(|property| *property != "rank").cloned().collect();
    assert_eq!((lines(&warehouse, followed), all.len()), (others, 11));
}

#[test]
fn a_revision_tells_which_fields_the_service_changed_and_a_vanished_record_is_told_once() {
    let columns = "source, stream, load, loaded_at, revision, id, logged_at, updated_at, event_text, performer_name, metadata, extra, \
         related_resource_ids, stable_hash";
    let first = "'acme', 'audit_logs', 1, '2026-06-02', 1";
    let second = "'acme', 'audit_logs', 2, '2026-06-05', 2";
    let at = "'2026-06-01 10:00:00'";
    let inserts = format!(
        r#"insert into activity_logs_superseded ({columns}) values
        ({first}, 'a', {at}, {at}, 'Shared', 'Ada', '{{"n": 1}}', '{{"old": 1, "a/b~c": [1], "performer_metadata": {{"x": 1}}}}', ['x'], 'h1'),
        ({first}, 'b', {at}, {at}, null, 'Ada', null, null, null, 'h1'),
        ({first}, 'c', {at}, {at}, 'Made', 'Ada', null, null, null, 'h1');
        insert into activity_logs ({columns}) values
        -- what was rendered for another person's request is no edit
        ({second}, 'a', {at}, '2026-06-04', 'Deleted', 'Bob', '{{"n":1}}', '{{"new": "x", "a/b~c": [2]}}', ['x', null], 'h2'),
        -- values where there were none
        ({second}, 'b', {at}, {at}, 'Made', 'Ada', '{{"n": 1}}', '{{"k": null}}', ['x'], 'h2'),
        -- a change that no column shows
        ({second}, 'c', {at}, {at}, 'Made', 'Bob', null, null, null, 'h2'),
        -- the same record of another stream is no revision
        ('acme', 'resource_logs', 2, '2026-06-05', 1, 'c', {at}, {at}, 'Other', 'Bob', null, null, null, 'h2'),
        ({first}, 'd', {at}, {at}, 'Alone', 'Bob', null, null, null, 'h2');
        insert into zendesk_audit_logs_superseded (source, stream, load, loaded_at, revision, id, created_at, action_label,
            change_description) values ('z', 'audit_logs', 3, '2026-06-05', 1, 9007199254740993, {at}, 'x', 'before');
        insert into zendesk_audit_logs (source, stream, load, loaded_at, revision, id, created_at, action_label, change_description)
            values ('z', 'audit_logs', 4, '2026-06-06', 2, 9007199254740993, {at}, 'y', 'after "quoted"');
        insert into vanished_records values
        ('acme', 'audit_logs', 'activity_logs', 'gone', {at}, 6, '2026-06-07'),
        ('acme', 'audit_logs', 'activity_logs', 'gone', {at}, 5, '2026-06-06')"#
    );
    let folder = tempfile::tempdir().expect("a folder");
    let warehouse = warehouse(folder.path(), &inserts);
    let sql = "select edit, table_name, source || '.' || stream, id, revision, field, old_value, new_value, is_drift, \
         strftime(occurred_at, '%d'), load, strftime(observed_at, '%d') from upstream_edits order by source, id, field";
    let a = |edit: &str| format!("revised|activity_logs|acme.audit_logs|a|2|{edit}|false|01|2|05");
    let b = |edit: &str| format!("revised|activity_logs|acme.audit_logs|b|2|{edit}|true|01|2|05");
    let expected = [
        a(r#"event_text|"Shared"|"Deleted""#),
        a("extra.a/b~c|[1]|[2]"),
        a(r#"extra.new|-|"x""#),
        a("extra.old|1|-"),
        a(r#"related_resource_ids|["x"]|["x",null]"#),
        a(r#"updated_at|"2026-06-01 10:00:00"|"2026-06-04 00:00:00""#),
        b(r#"event_text|-|"Made""#),
        b(r#"metadata|-|{"n":1}"#),
        b(r#"related_resource_ids|-|["x"]"#),
        "revised|activity_logs|acme.audit_logs|c|2|-|-|-|false|01|2|05".to_owned(),
        "vanished|activity_logs|acme.audit_logs|gone|-|-|-|-|false|01|5|06".to_owned(),
        r#"revised|zendesk_audit_logs|z.audit_logs|9007199254740993|2|change_description|"before"|"after \"quoted\""|false|01|4|06"#
            .to_owned(),
    ];
    assert_eq!(lines(&warehouse, sql), expected);
}

#[test]
fn what_a_service_renders_anew_is_no_edit() {
    let view = trailhouse::sql::views()
        .iter()
        .find(|view| view.name == "upstream_edits");
    let text = &view.expect("the view is bundled").text;
    let (_, volatile) = text.split_once("volatile as (").expect("the list of volatile columns");
    let (volatile, _) = volatile.split_once("\n),").expect("its end");
    let mut tables = Vec::new();
    for form in trailhouse::source::SERVICES
        .iter()
        .flat_map(|service| service.streams)
        .flat_map(|stream| stream.forms)
    {
        if form.volatile.is_empty() || tables.contains(&form.table.name) {
            continue;
        }
        tables.push(form.table.name);
        let part = volatile
            .split("union all")
            .find(|part| part.contains(&format!("'{}'", form.table.name)));
        let mut listed: Vec<&str> = part
            .expect("a list for the table")
            .split('\'')
            .skip(3)
            .step_by(2)
            .collect();
        let is_volatile = |path: &str| {
            form.volatile
                .iter()
                .any(|member| path.split('.').next() == Some(*member))
        };
        let columns = form.table.columns.iter().filter(|column| is_volatile(column.path));
        let mut expected: Vec<&str> = columns
            .map(|column| column.name)
            .chain(form.volatile.iter().copied())
            .collect();
        listed.sort_unstable();
        expected.sort_unstable();
        expected.dedup();
        assert_eq!(listed, expected, "{}", form.table.name);
    }
    assert_eq!(volatile.matches("as table_name").count(), tables.len());
}
