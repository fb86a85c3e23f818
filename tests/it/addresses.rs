//! What the views make of where people came from, and of who they are by the user's own list.

use trailhouse::warehouse::{Cell, Warehouse};

use super::reports::warehouse;

/// The rows of a query as one text each, fields joined by a bar.
fn lines(warehouse: &Warehouse, sql: &str) -> Vec<String> {
    let shown = |cell: &Cell| match cell {
        Cell::Null => "-".to_owned(),
        Cell::Boolean(value) => value.to_string(),
        Cell::Integer(value) => value.to_string(),
        Cell::Text(text) => text.clone(),
        other => format!("{other:?}"),
    };
    let grid = warehouse
        .query(sql, &[])
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    let line = |row: &Vec<Cell>| row.iter().map(shown).collect::<Vec<_>>().join("|");
    grid.rows.iter().map(line).collect()
}

/// Ada from one address, from another and back; a pause of half an hour, and one of a second more; others in between.
const VISITS: &str = r#"insert into activity_logs (source, stream, load, id, logged_at, performer_id, performer_name, metadata) values
    ('acme', 'audit_logs', 1, 'a', '2026-06-01 12:00:00', 'p1', 'Ada', '{"ip": "198.51.100.1"}'),
    ('acme', 'audit_logs', 1, 'b', '2026-06-01 12:30:00', 'p1', 'Ada B.', '{"ip_address": "198.51.100.1", "ip": "x"}'),
    ('acme', 'audit_logs', 1, 'c', '2026-06-01 12:31:00', 'p1', 'Ada', '{"ip": "203.0.113.9"}'),
    ('acme', 'audit_logs', 1, 'd', '2026-06-01 12:32:00', 'p1', 'Ada', '{"ip": "198.51.100.1"}'),
    ('acme', 'audit_logs', 1, 'e', '2026-06-01 13:02:01', 'p1', 'Ada', '{"ip": "198.51.100.1"}'),
    ('acme', 'audit_logs', 1, 'f', '2026-06-01 12:10:00', 'p2', 'Bob', '{"ip": "203.0.113.9"}'),
    ('acme', 'audit_logs', 1, 'g', '2026-06-01 12:11:00', 'p1', 'Ada', '{"surface": "\"ip\""}'),
    ('acme', 'audit_logs', 1, 'h', '2026-06-01 12:12:00', null, null, '{"ip": "203.0.113.9"}'),
    ('acme', 'audit_logs', 1, 'i', '2026-06-01 12:13:00', 'p1', 'Ada', null),
    ('other', 'audit_logs', 1, 'a', '2026-06-01 12:15:00', 'p1', 'Eve', '{"ip": "203.0.113.9"}');
    insert into zendesk_audit_logs (source, stream, load, id, created_at, actor_id, actor_name, ip_address) values
    ('desk', 'audit_logs', 1, 1, '2026-06-01 12:00:00', 7, 'Priya', '203.0.113.1'),
    ('desk', 'audit_logs', 1, 2, '2026-06-01 12:01:00', 7, 'Priya', null),
    ('desk', 'audit_logs', 1, 3, '2026-06-01 12:02:00', null, null, '203.0.113.1');"#;

/// Of Ada and Bob, of a time that the audit logs cover in part; covered, without an address, and of nobody.
const NOTICES: &str = r#"insert into coverage (source, stream, from_at, to_at, state) values
    ('acme', 'audit_logs', '2026-06-02', '2026-06-03', 'final'),
    ('acme', 'audit_logs', '2026-06-01', '2026-06-04', 'not_offered'),
    ('acme', 'notifications', '2026-06-01', '2026-06-04', 'final'),
    ('other', 'audit_logs', '2026-06-01', '2026-06-04', 'final');
    insert into notifications (source, stream, load, id, created_at, sender_id, performer_id, metadata) values
    ('acme', 'notifications', 1, 'm', '2026-06-01 23:59:59', 'p1', null, '{"ip": "198.51.100.1"}'),
    ('acme', 'notifications', 1, 'n', '2026-06-03 00:00:00', null, 'p2', '{"ip_address": "203.0.113.9", "ip": "x"}'),
    ('acme', 'notifications', 1, 'o', '2026-06-02 00:00:00', 'p1', null, '{"ip": "198.51.100.1"}'),
    ('acme', 'notifications', 1, 'p', '2026-06-03 00:00:00', 'p1', null, '{"surface": "\"ip\""}'),
    ('acme', 'notifications', 1, 'q', '2026-06-03 00:00:00', 'p1', null, null),
    ('acme', 'notifications', 1, 'r', '2026-06-03 00:00:00', null, null, '{"ip": "198.51.100.1"}');"#;

#[test]
fn a_session_is_a_run_from_one_address() {
    let folder = tempfile::tempdir().expect("a folder");
    let warehouse = warehouse(folder.path(), VISITS);
    let sql = "select source, actor_id, session, ip_address, strftime(began_at, '%H:%M:%S'), strftime(ended_at, '%H:%M:%S'), \
         strftime(began_at_local, '%H'), events, actor_name from sessions_by_address order by source, actor_id, session";
    let expected = [
        "acme|p1|1|198.51.100.1|12:00:00|12:30:00|08|2|Ada B.",
        "acme|p1|2|203.0.113.9|12:31:00|12:31:00|08|1|Ada",
        "acme|p1|3|198.51.100.1|12:32:00|12:32:00|08|1|Ada",
        "acme|p1|4|198.51.100.1|13:02:01|13:02:01|09|1|Ada",
        "acme|p2|1|203.0.113.9|12:10:00|12:10:00|08|1|Bob",
        "desk|7|1|203.0.113.1|12:00:00|12:00:00|08|1|Priya",
        "other|p1|1|203.0.113.9|12:15:00|12:15:00|08|1|Eve",
    ];
    assert_eq!(lines(&warehouse, sql), expected);
}

#[test]
fn addresses_are_those_of_the_events() {
    let folder = tempfile::tempdir().expect("a folder");
    let warehouse = warehouse(folder.path(), &format!("{VISITS}{NOTICES}"));
    let of = |view: &str| {
        let condition = "actor_id is not null and ip_address is not null";
        let columns = "source, stream, event_id, cast(occurred_at as varchar), actor_id, ip_address";
        lines(
            &warehouse,
            &format!("select {columns} from {view} where {condition} order by all"),
        )
    };
    assert_eq!(of("event_addresses").len(), 10);
    assert_eq!(of("event_addresses"), of("events"));
}

#[test]
fn people_are_known_by_their_address_and_by_name_where_there_is_none() {
    let inserts = "insert into performers (source, performer_id, name, first_name, last_name, email, last_observed_at, is_current) \
         values
        ('acme', 'p1', 'Ada of the web', null, null, 'Ada@acme.example', null, true),
        ('acme', 'p2', '', 'Bob', 'Brown', null, null, true),
        ('acme', 'p3', 'Bob Brown', null, null, 'other.bob@acme.example', null, true),
        ('acme', 'p4', 'Bob Brown', null, null, null, null, false),
        -- an e-mail is known from an earlier event, the latest one that showed any
        ('acme', 'p5', 'Di of before', null, null, 'bob@acme.example', '2026-06-01', false),
        ('acme', 'p5', 'Di of before', null, null, 'DI@acme.example', '2026-06-02', false),
        ('acme', 'p5', 'Ada', null, null, '', '2026-06-03', true),
        -- who it was by name before
        ('acme', 'p6', 'Bob Brown', null, null, null, '2026-06-01', false),
        ('acme', 'p6', 'Bob B.', null, null, null, '2026-06-02', true),
        -- one of two of that name
        ('desk', '7', 'cy', null, null, '', null, true),
        ('desk', '8', 'Stranger', null, null, null, null, true),
        ('desk', '9', 'bob brown', null, null, '', null, true);
        insert into ref.people (email, name, manager, privileged) values
        ('ada@acme.example', 'Ada', 'Grace', true), ('bob@acme.example', 'Bob Brown', null, false),
        ('cy@acme.example', 'Cy', null, false), ('cyd@acme.example', 'Cy', null, false),
        ('di@acme.example', 'Di', null, true)";
    let folder = tempfile::tempdir().expect("a folder");
    let warehouse = warehouse(folder.path(), inserts);
    let sql = "select source, performer_id, email, name, manager, privileged from listed_performers order by all";
    let expected = [
        "acme|p1|ada@acme.example|Ada|Grace|true",
        "acme|p2|bob@acme.example|Bob Brown|-|false",
        "acme|p5|di@acme.example|Di|-|true",
        "desk|9|bob@acme.example|Bob Brown|-|false",
    ];
    assert_eq!(lines(&warehouse, sql), expected);
}
