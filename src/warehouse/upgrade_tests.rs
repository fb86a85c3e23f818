//! That a file of an older program becomes what this one would make.

use super::fixture::{Lake, ZONE, activity, dump, follow, increment, lines};
use super::*;
use crate::source::secoda::NOTIFICATIONS;

/// Makes a file look as if an older program had left it.
fn age(path: &Path, sql: &str) {
    let connection = duckdb::Connection::open(path).unwrap();
    connection.execute_batch(sql).unwrap();
    connection
        .execute_batch(
            "update trailhouse set definitions = 'of an older program'; alter table trailhouse drop column observed",
        )
        .unwrap();
}

/// The same as `dump`, whatever the order of the columns.
fn by_name(path: &Path, table: &str) -> Vec<String> {
    let columns = format!("select column_name from duckdb_columns() where table_name = '{table}' order by all");
    let columns = lines(path, &columns);
    lines(path, &format!("select '{columns:?}'"))
        .into_iter()
        .chain(lines(
            path,
            &format!("select {} from {table} order by all", columns.join(", ")),
        ))
        .collect()
}

/// Tables and views of others in no particular order, with their comments and columns.
fn described(path: &Path) -> Vec<Described> {
    let mut described = Warehouse::open_read_only(path).unwrap().describe().unwrap();
    described
        .iter_mut()
        .for_each(|one| one.columns.sort_by(|left, right| left.name.cmp(&right.name)));
    described.sort_by(|left, right| left.name.cmp(&right.name));
    described
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, told in its order")]
fn a_file_of_an_older_program_becomes_what_a_rebuild_gives() {
    let lake = Lake::new();
    let activities: Vec<_> = (0..30_u8)
        .map(|at| activity(1 + i64::from(at % 3), &format!("id{}", at % 20), at, ""))
        .collect();
    let mut notified = [activity(2, "n1", 1, ""), activity(3, "n2", 2, "")];
    notified.iter_mut().for_each(|one| {
        one.stream = "notifications";
        one.performer_name = Some("ann@acme.example".to_owned());
    });
    let loaded = |with_notifications: bool| {
        let mut files = lake.activities(&activities);
        if with_notifications {
            files.extend(lake.files_of(&NOTIFICATIONS, &notified));
        }
        increment(3, files)
    };
    let others = ["version_histories", "zendesk_audit_logs"]
        .map(|table| format!("drop view {table}_revisions; drop table {table}; drop table {table}_superseded; "));
    let unknown = format!(
        "drop view events; drop view property_changes; drop view version_changes; {}",
        others.concat()
    );
    let notifications =
        "drop view notifications_revisions; drop table notifications; drop table notifications_superseded; ";
    let cases = [
        ("no tables of other streams", false, format!("{unknown}{notifications}")),
        ("people observed in one table alone", true, format!("{unknown} delete from performers where email is not null")),
        ("people with fewer attributes", true, "alter table performers drop column display_name; alter table resources drop column kind; \
            alter table activity_logs drop column version_history_id".to_owned()),
        ("a view that is a table now", true, "drop table zendesk_audit_logs; create view zendesk_audit_logs as select 1 as id; \
            update trailhouse set objects = objects || ['view main.\"zendesk_audit_logs\"', 'view main.\"gone\"']; create view gone as select 1".to_owned()),
        ("other columns of what the program tells of itself", true, "alter table loads drop column pages; alter table coverage drop column state".to_owned()),
        ("other texts", true, "comment on table activity_logs is 'old'; create or replace view events as select 1 as one; delete from action_rules; \
            delete from time_zone_offsets; update wordings set action = 'other'".to_owned()),
    ];
    for (at, (what, with_notifications, sql)) in cases.into_iter().enumerate() {
        let (path, rebuilt) = (
            lake.home().join(format!("{at}.duckdb")),
            lake.home().join(format!("{at}.rebuilt.duckdb")),
        );
        follow(&path, &loaded(with_notifications));
        follow(&rebuilt, &loaded(with_notifications));
        assert!(
            Warehouse::open_read_only(&path)
                .unwrap()
                .is_current(&Workplace::of(ZONE))
                .unwrap()
        );
        age(&path, &sql);
        assert!(
            !Warehouse::open_read_only(&path)
                .unwrap()
                .is_current(&Workplace::of(ZONE))
                .unwrap(),
            "{what}"
        );
        follow(&path, &increment(3, Vec::new()));
        assert!(
            Warehouse::open_read_only(&path)
                .unwrap()
                .is_current(&Workplace::of(ZONE))
                .unwrap(),
            "{what}"
        );
        assert_eq!(described(&path), described(&rebuilt), "{what}");
        for table in [
            "activity_logs",
            "performers",
            "resources",
            "notifications",
            "events",
            "actors",
            "action_rules",
            "wordings",
            "time_zone_offsets",
        ] {
            assert_eq!(by_name(&path, table), by_name(&rebuilt, table), "{what}");
        }
        assert_eq!(foreign_objects(&path).unwrap(), Vec::<String>::new(), "{what}");
        let more = |files| Increment {
            coverage: vec![CoverageRow {
                source: "prod".to_owned(),
                stream: "audit_logs".to_owned(),
                from_at: 0,
                to_at: 1,
                state: "final".to_owned(),
                collected_at: 2,
            }],
            ..increment(4, files)
        };
        for path in [&path, &rebuilt] {
            follow(path, &more(lake.activities(&[activity(4, "id1", 77, "")])));
        }
        let loads = "select load, run_id, version, entry_sha256, state from loads, coverage where load = 4";
        assert_eq!(lines(&path, loads), lines(&rebuilt, loads), "{what}");
        assert_eq!(dump(&path).len(), dump(&rebuilt).len(), "{what}");
    }
}
