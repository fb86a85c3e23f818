//! What the warehouse promises, tried on real files.

use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::fixture::{Activity, LAKE_ID, Lake, ZONE, activity, dump, follow, increment, lines, rows};
use super::*;
use crate::schema::parse_time;

const REVISIONS: &str = "select stream, id, revision, load, substr(hex(stable_hash), 1, 2), is_latest from activity_logs_revisions order by id, stream, revision";

/// Some 200 rows of a few records: revisions, two streams, two sources, three months, names that come and go.
fn history(random: &mut fastrand::Rng) -> Vec<Activity> {
    let mut history = Vec::new();
    for at in 0..200_u8 {
        let mut one = activity(i64::from(random.u8(1..=12)), &format!("id{}", random.u8(0..30)), at, "");
        one.source = if random.u8(0..4) == 0 { "test" } else { "prod" };
        one.stream = if random.u8(0..3) == 0 {
            "resource_logs"
        } else {
            "audit_logs"
        };
        one.logged_at += i64::from(random.u8(0..90)) * crate::schema::DAY;
        one.updated_at = (random.u8(0..9) > 0).then(|| one.logged_at + i64::from(random.u8(0..40)));
        one.performer_id = (random.u8(0..9) > 0).then(|| format!("p{}", random.u8(0..3)));
        one.performer_name = (random.u8(0..3) > 0).then(|| format!("name {}", random.u8(0..3)));
        history.push(one);
    }
    history
}

fn increment_of(lake: &Lake, history: &[Activity], loads: (i64, i64)) -> Increment {
    let part: Vec<_> = history
        .iter()
        .filter(|one| one.load > loads.0 && one.load <= loads.1)
        .cloned()
        .collect();
    increment(u64::try_from(loads.1).unwrap(), lake.activities(&part))
}

#[test]
fn the_first_catch_up_makes_tables_that_say_what_they_are() {
    let lake = Lake::new();
    let mut one = activity(3, "a", 1, "2025-07-11T19:40:00Z");
    one.metadata = Some(r#"{"k": [1, 2]}"#.to_owned());
    let path = lake.warehouse();
    assert_eq!(following(&path).unwrap(), None);
    assert_eq!(follow(&path, &increment(3, lake.activities(&[one]))), Way::InPlace);
    assert_eq!(
        following(&path).unwrap().unwrap(),
        Following {
            lake_id: LAKE_ID.to_owned(),
            sequence: 3
        }
    );
    let sql = "select source, load, stream, revision, id, logged_at, created_at, metadata, related_resource_ids, event_blocks from activity_logs";
    let [row] = &rows(&path, sql)[..] else {
        panic!("one row")
    };
    let text = |text: &str| Cell::Text(text.to_owned());
    assert_eq!(
        row[..4],
        [text("prod"), Cell::Integer(3), text("audit_logs"), Cell::Integer(1)]
    );
    assert_eq!(
        row[4..7],
        [
            text("a"),
            Cell::Timestamp(parse_time("2025-07-11T19:38:34.738001Z").unwrap()),
            Cell::Null
        ]
    );
    let json = [
        serde_json::json!({"k": [1, 2]}),
        serde_json::json!(["r1", null, "r2"]),
        serde_json::json!([{"type": "t", "style": null, "value": "v"}]),
    ];
    assert_eq!(row[7..], json.map(Cell::Json));
    let undocumented = "select table_name || '.' || column_name from duckdb_columns() where schema_name = 'main' and not internal \
         and coalesce(comment, '') = '' union all select table_name from duckdb_tables() where coalesce(comment, '') = '' \
         union all select view_name from duckdb_views() where not internal and coalesce(comment, '') = ''";
    assert_eq!(lines(&path, undocumented), Vec::<String>::new());
    assert!(!access::wal_of(&path).exists() && !access::scratch_of(&path).exists());
    assert_eq!(fs::read_dir(lake.home()).unwrap().count(), 2);
}

#[test]
fn however_the_loads_are_split_the_warehouse_is_what_a_rebuild_gives() {
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..6 {
        let lake = Lake::new();
        let history = history(&mut random);
        let rebuilt = lake.warehouse();
        follow(&rebuilt, &increment_of(&lake, &history, (0, 12)));
        let expected = dump(&rebuilt);
        assert!(expected.len() > 400, "{}", expected.len());
        let split = lake.home().join("split.duckdb");
        let mut after = 0;
        while after < 12 {
            let until = random.i64(after + 1..=12);
            follow(&split, &increment_of(&lake, &history, (after, until)));
            after = until;
        }
        assert_eq!(dump(&split), expected);
        let mut stepped = increment_of(&lake, &history, (0, 12));
        stepped.files.iter_mut().for_each(|file| file.rows = 200_000);
        let steps = lake.home().join("steps.duckdb");
        follow(&steps, &stepped);
        assert_eq!(dump(&steps), expected);
    }
}

#[test]
fn a_late_older_revision_renumbers_its_record_alone() {
    let lake = Lake::new();
    let path = lake.warehouse();
    let first = [
        activity(1, "a", 3, "2025-07-13T00:00:00Z"),
        activity(1, "b", 9, "2025-07-13T00:00:00Z"),
    ];
    follow(&path, &increment(1, lake.activities(&first)));
    follow(
        &path,
        &increment(2, lake.activities(&[activity(2, "a", 1, "2025-07-11T00:00:00Z")])),
    );
    assert_eq!(
        lines(&path, REVISIONS),
        [
            "audit_logs|a|1|2|01|false",
            "audit_logs|a|2|1|03|true",
            "audit_logs|b|1|1|09|true"
        ]
    );
    let more = [
        activity(3, "a", 2, "2025-07-12T00:00:00Z"),
        activity(3, "a", 4, "2025-07-13T00:00:00Z"),
        activity(3, "a", 5, ""),
    ];
    follow(&path, &increment(3, lake.activities(&more)));
    let expected = [
        "audit_logs|a|1|3|05|false",
        "audit_logs|a|2|2|01|false",
        "audit_logs|a|3|3|02|false",
        "audit_logs|a|4|1|03|false",
        "audit_logs|a|5|3|04|true",
        "audit_logs|b|1|1|09|true",
    ];
    assert_eq!(lines(&path, REVISIONS), expected);
    assert_eq!(
        lines(&path, "select id, revision from activity_logs order by id"),
        ["a|5", "b|1"]
    );
}

#[test]
fn a_record_of_two_streams_stands_once_and_keeps_the_number_of_its_own() {
    let lake = Lake::new();
    let path = lake.warehouse();
    let mut nested = activity(1, "a", 1, "2025-07-12T00:00:00Z");
    nested.stream = "resource_logs";
    follow(&path, &increment(1, lake.activities(std::slice::from_ref(&nested))));
    let older = activity(2, "a", 2, "2025-07-11T00:00:00Z");
    follow(&path, &increment(2, lake.activities(&[older])));
    assert_eq!(
        lines(&path, REVISIONS),
        ["audit_logs|a|1|2|02|false", "resource_logs|a|1|1|01|true"]
    );
    let equal = activity(3, "a", 1, "2025-07-12T00:00:00Z");
    follow(&path, &increment(3, lake.activities(&[equal])));
    let expected = [
        "audit_logs|a|1|2|02|false",
        "audit_logs|a|2|3|01|true",
        "resource_logs|a|1|1|01|false",
    ];
    assert_eq!(lines(&path, REVISIONS), expected);
}

#[test]
fn what_is_read_again_equals_a_rebuild_without_the_rows_taken_away() {
    let mut random = fastrand::Rng::with_seed(3);
    let lake = Lake::new();
    let path = lake.warehouse();
    let history = history(&mut random);
    follow(&path, &increment_of(&lake, &history, (0, 12)));
    let is_kept = |one: &&Activity| one.source != "prod" || month(one) != "2025-08" || one.hash % 2 == 0;
    let kept: Vec<_> = history.iter().filter(is_kept).cloned().collect();
    assert!(kept.len() + 10 < history.len());
    let in_month: Vec<_> = kept
        .iter()
        .filter(|one| one.source == "prod" && month(one) == "2025-08")
        .cloned()
        .collect();
    let mut again = increment(13, lake.activities(&in_month));
    again.reread = vec![Reread {
        table: "activity_logs",
        source: "prod".to_owned(),
        month: "2025-08".to_owned(),
    }];
    follow(&path, &again);
    let rebuilt = lake.home().join("rebuilt.duckdb");
    follow(&rebuilt, &increment_of(&lake, &kept, (0, 13)));
    assert_eq!(dump(&path), dump(&rebuilt));
}

fn month(one: &Activity) -> String {
    crate::schema::month_of(one.logged_at)
}

#[test]
fn no_character_of_the_path_leads_to_other_files() {
    for home in ["it's [ab] \"q\" {z,w}", "x*y", "**", "[!a]", "#%41 é[ü]", "-[0-9]"] {
        let lake = Lake::at(home);
        fs::create_dir_all(lake.home().with_file_name("a")).unwrap();
        let path = lake.warehouse();
        let mut wanted = increment(1, lake.activities(&[activity(1, "a", 1, "2025-07-13T00:00:00Z")]));
        // What a pattern would also find: the same file in folders that differ only where the pattern is.
        for trap in ["it's a \"q\" {z,w}", "xxy", "a", "b", "-5"] {
            let beside = lake.home().with_file_name(trap);
            fs::create_dir_all(&beside).unwrap();
            let relative = wanted.files[0].path.strip_prefix(lake.home()).unwrap().to_path_buf();
            fs::create_dir_all(beside.join(&relative).parent().unwrap()).unwrap();
            fs::copy(&wanted.files[0].path, beside.join(relative)).unwrap();
        }
        wanted
            .files
            .extend(lake.activities(&[activity(1, "b", 2, "2025-07-13T00:00:00Z")]));
        follow(&path, &wanted);
        assert_eq!(
            lines(&path, "select id from activity_logs order by id"),
            ["a", "b"],
            "{home}"
        );
    }
}

#[test]
fn hard_text_passes_whole() {
    let lake = Lake::new();
    let path = lake.warehouse();
    let hard = "nul \0 esc \u{1b}[31m emoji 🦆 lone \u{fffd} 'quote' \"q\" \\ \r\n";
    let invalid = ["{", "{\"a\":\"\\ud800\"}", "nul \0", "", "{} x"];
    let mut all = Vec::new();
    for (at, json) in (1..).zip(invalid) {
        let mut one = activity(1, &format!("{at}{hard}"), at, "2025-07-13T00:00:00Z");
        one.event_text = Some(hard.to_owned());
        one.performer_name = Some(hard.to_owned());
        one.metadata = Some(json.to_owned());
        all.push(one);
    }
    follow(&path, &increment(1, lake.activities(&all)));
    let held = rows(&path, "select id, event_text, metadata from activity_logs order by id");
    assert_eq!(held.len(), invalid.len());
    for ((at, json), row) in (1..).zip(invalid).zip(held) {
        let text = |text: String| Cell::Text(text);
        let expected = [
            text(format!("{at}{hard}")),
            text(hard.to_owned()),
            Cell::Json(serde_json::Value::String(json.to_owned())),
        ];
        assert_eq!(row, expected);
    }
    assert_eq!(
        rows(&path, "select name from performers"),
        [[Cell::Text(hard.to_owned())]]
    );
}

#[test]
fn rejects_keep_their_size_and_a_file_from_before_a_column_has_nulls_there() {
    let lake = Lake::new();
    let path = lake.warehouse();
    let old = lake
        .activities(&[activity(1, "a", 1, "2025-07-13T00:00:00Z")])
        .remove(0);
    let narrow = old.path.to_string_lossy().replace('\'', "''");
    let connection = duckdb::Connection::open_in_memory().unwrap();
    connection
        .execute_batch(&format!(
            "create table n as select * exclude (resource_id, extra) from read_parquet('{narrow}'); copy n to '{narrow}' (format parquet)"
        ))
        .unwrap();
    follow(&path, &increment(1, vec![old, lake.reject_file(1, b"\xff\0not json")]));
    assert_eq!(
        lines(&path, "select id, resource_id, extra from activity_logs"),
        ["a|-|-"]
    );
    let rejects = "select source, load, reason, page, raw_bytes, first_seen_at, hex(stable_hash) from rejects";
    assert_eq!(
        lines(&path, rejects),
        ["prod|1|no id|3|10|2025-07-11T19:38:34.738Z|07070707070707070707070707070707"]
    );
}

#[test]
fn only_one_reading_statement_passes() {
    let lake = Lake::new();
    let path = lake.warehouse();
    follow(
        &path,
        &increment(1, lake.activities(&[activity(1, "a", 1, "2025-07-13T00:00:00Z")])),
    );
    let outside = lake.home().join("outside.csv");
    fs::create_dir(&outside).unwrap();
    let before = fs::read(&path).unwrap();
    let warehouse = Warehouse::open_read_only(&path).unwrap();
    let refused = |sql: &str| match warehouse.query(sql, &[]) {
        Err(error @ WarehouseError::Refused { .. }) => error.to_string(),
        other => panic!("{sql}: {other:?}"),
    };
    let cases = [
        (
            "insert into activity_logs select * from activity_logs",
            "the warehouse is read-only: `insert` is not a query",
        ),
        (
            "  -- a\n DROP table activity_logs",
            "the warehouse is read-only: `drop` is not a query",
        ),
        (
            "create temp table t as select 1",
            "the warehouse is read-only: `create` is not a query",
        ),
        ("set threads = 1", "the warehouse is read-only: `set` is not a query"),
        (
            "with x as (select 1) delete from activity_logs",
            "the warehouse is read-only: the statement would change it",
        ),
        (
            "explain analyze delete from activity_logs",
            "the warehouse is read-only: the statement would change it",
        ),
        (
            "from read_text('/etc/passwd')",
            "the warehouse is read-only: cannot access file \"/etc/passwd\" - file system operations are disabled by configuration",
        ),
        (
            "from glob('/etc/*')",
            "the warehouse is read-only: cannot access file \"/etc/*\" - file system operations are disabled by configuration",
        ),
        (
            "pragma threads = 4",
            "the warehouse is read-only: cannot change configuration option \"\"threads\"\" - the configuration has been locked",
        ),
    ];
    for (sql, expected) in cases {
        assert_eq!(refused(sql), expected);
    }
    let wrong = |sql: &str| match warehouse.query(sql, &[]) {
        Err(error @ WarehouseError::Query { .. }) => error.to_string(),
        other => panic!("{sql}: {other:?}"),
    };
    assert_eq!(
        wrong("select 1; select 2"),
        "the query is more than one statement; give one at a time"
    );
    assert_eq!(wrong(" -- nothing"), "the query is empty");
    assert!(wrong("selec 1").starts_with("Parser Error: syntax error at or near \"selec\""));
    assert!(wrong("from '/etc/passwd'").starts_with("Catalog Error"));
    drop(warehouse);
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(lake.home()).unwrap().count(), 3);
}

#[test]
fn parameters_are_bound_and_types_are_told() {
    let lake = Lake::new();
    let path = lake.warehouse();
    follow(&path, &increment(1, Vec::new()));
    let warehouse = Warehouse::open_read_only(&path).unwrap();
    let given = [
        ("a".to_owned(), Some("x'; drop table activity_logs; --".to_owned())),
        ("b".to_owned(), None),
    ];
    let grid = warehouse
        .query("select $a::varchar as a, $b::varchar as b", &given)
        .unwrap();
    assert_eq!(
        grid.rows,
        [[Cell::Text("x'; drop table activity_logs; --".to_owned()), Cell::Null]]
    );
    assert!(matches!(
        warehouse.query("select $a, $c", &given),
        Err(WarehouseError::Query { .. })
    ));
    assert!(matches!(
        warehouse.query("select $a", &[]),
        Err(WarehouseError::Query { .. })
    ));
    let sql = "select 1::utinyint as i, sum(2) as h, 1.5 as d, 2.5::float as f, date '2025-07-11' as day, '{}'::json as j, \
         map {'k': 1} as m, {'s': [null, 1]} as s, 'x'::blob as b, time '01:02:03' as t, interval 1 day as v, \
         'e'::enum('e') as e, uuid '00000000-0000-0000-0000-000000000001' as u, null as n, \
         timestamp_ns '1969-12-31 23:59:59.9999999' as ns, make_timestamp(5)::timestamptz as z, [1, 2]::int[2] as fixed";
    let grid = warehouse.query(sql, &[]).unwrap();
    let told: Vec<String> = grid
        .columns
        .iter()
        .zip(&grid.rows[0])
        .map(|(column, cell)| format!("{} {}: {cell:?}", column.name, column.kind))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    i UTINYINT: Integer(1)
    h HUGEINT: Integer(2)
    d DECIMAL(2,1): Float(1.5)
    f FLOAT: Float(2.5)
    day DATE: Date(20280)
    j JSON: Json(Object {})
    m MAP(VARCHAR, INTEGER): Json(Array [Object {"key": String("k"), "value": Number(1)}])
    s STRUCT(s INTEGER[]): Json(Object {"s": Array [Null, Number(1)]})
    b BLOB: Bytes([120])
    t TIME: Text("01:02:03")
    v INTERVAL: Text("1 days")
    e ENUM: Text("e")
    u UUID: Text("00000000-0000-0000-0000-000000000001")
    n NULL: Null
    ns TIMESTAMP_NS: Timestamp(-1)
    z TIMESTAMP WITH TIME ZONE: Timestamp(5)
    fixed INTEGER[]: Json(Array [Number(1), Number(2)])
    "#);
    assert_eq!(
        warehouse.query("select * from activity_logs", &[]).unwrap().rows,
        Vec::<Vec<Cell>>::new()
    );
    assert_eq!(
        warehouse.query("select * from activity_logs", &[]).unwrap().columns[0].name,
        "source"
    );
}

#[test]
fn objects_of_others_survive_and_our_former_ones_go() {
    let lake = Lake::new();
    let path = lake.warehouse();
    follow(
        &path,
        &increment(1, lake.activities(&[activity(1, "a", 1, "2025-07-13T00:00:00Z")])),
    );
    assert_eq!(foreign_objects(&path).unwrap(), Vec::<String>::new());
    let connection = duckdb::Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "create view mine as select id from activity_logs; create schema other; create table other.t as select 1 as a; \
             create macro double(x) as x * 2; create view former as select 1; create macro reports.former() as table select 1; \
             update trailhouse set objects = objects || ['view main.\"former\"', 'macro table reports.\"former\"'], definitions = ''",
        )
        .unwrap();
    drop(connection);
    follow(
        &path,
        &increment(2, lake.activities(&[activity(2, "b", 2, "2025-07-13T00:00:00Z")])),
    );
    let foreign = ["macro main.double", "schema other", "table other.t", "view main.mine"];
    assert_eq!(foreign_objects(&path).unwrap(), foreign);
    assert_eq!(lines(&path, "select double(count(*)) from mine"), ["4"]);
}

#[test]
fn the_zone_is_changed_with_the_next_catch_up_and_a_wrong_one_changes_nothing() {
    let lake = Lake::new();
    let path = lake.warehouse();
    follow(&path, &increment(1, Vec::new()));
    let zones = "select distinct zone from time_zone_offsets";
    assert_eq!(lines(&path, zones), [ZONE]);
    catch_up(&path, "Europe/Berlin", &increment(1, Vec::new())).unwrap();
    assert_eq!(lines(&path, zones), ["Europe/Berlin"]);
    let at = "select offset_seconds, abbreviation, is_dst from time_zone_offsets where timestamp '2025-07-01' >= from_at and timestamp '2025-07-01' < to_at";
    assert_eq!(lines(&path, at), ["7200|CEST|true"]);
    let error = catch_up(&path, "Mars/Olympus", &increment(2, Vec::new())).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{}: `Mars/Olympus` is no time zone", path.display())
    );
    assert_eq!(following(&path).unwrap().unwrap().sequence, 1);
}

#[test]
fn loads_come_once_and_coverage_is_replaced() {
    let lake = Lake::new();
    let path = lake.warehouse();
    let mut one = increment(1, Vec::new());
    one.coverage = vec![CoverageRow {
        source: "prod".to_owned(),
        stream: "audit_logs".to_owned(),
        from_at: 0,
        to_at: 1,
        state: "final".to_owned(),
        collected_at: 2,
    }];
    one.gaps = vec![GapRow {
        source: "prod".to_owned(),
        stream: "audit_logs".to_owned(),
        gap_from: 3,
        gap_to: 4,
        reason: "expired".to_owned(),
    }];
    follow(&path, &one);
    let mut two = increment(2, Vec::new());
    two.loads.extend(one.loads.clone());
    two.coverage = vec![CoverageRow {
        to_at: 5,
        ..one.coverage[0].clone()
    }];
    follow(&path, &two);
    follow(&path, &two);
    assert_eq!(
        lines(&path, "select load, run_id, stream, stored from loads order by load"),
        ["1|run|-|0", "2|run|-|0"]
    );
    let micros = "select epoch_us(from_at), epoch_us(to_at), state, epoch_us(collected_at) from coverage";
    assert_eq!(lines(&path, micros), ["0|5|final|2"]);
    assert_eq!(lines(&path, "select * from coverage_gaps"), Vec::<String>::new());
}

#[test]
fn a_file_that_is_not_this_lakes_warehouse_is_named_and_left_alone() {
    let lake = Lake::new();
    let path = lake.warehouse();
    let show = |error: WarehouseError| error.to_string().replace(lake.home().to_str().unwrap(), "HOME");
    let missing = Warehouse::open_read_only(&path).err().unwrap();
    assert_eq!(missing.hint(), Some("run `trailhouse sync` first"));
    assert_eq!(show(missing), "HOME/warehouse.duckdb: there is no warehouse");
    follow(&path, &increment(5, Vec::new()));
    let other = Increment {
        lake_id: "other".to_owned(),
        ..increment(6, Vec::new())
    };
    let cases = [
        (other, "HOME/warehouse.duckdb: follows the lake 0199-lake, not other"),
        (
            increment(4, Vec::new()),
            "HOME/warehouse.duckdb: has applied ledger entry 5, but the newest is 4",
        ),
    ];
    for (increment, expected) in cases {
        assert_eq!(show(catch_up(&path, ZONE, &increment).unwrap_err()), expected);
    }
    let foreign = lake.home().join("foreign.duckdb");
    duckdb::Connection::open(&foreign)
        .unwrap()
        .execute_batch("create table t (a int)")
        .unwrap();
    assert_eq!(
        show(following(&foreign).unwrap_err()),
        "HOME/foreign.duckdb: not a warehouse of trailhouse: it has no table `trailhouse`"
    );
    assert!(matches!(
        catch_up(&foreign, ZONE, &increment(1, Vec::new())),
        Err(WarehouseError::Foreign { .. })
    ));
    let corrupt = lake.home().join("corrupt.duckdb");
    fs::copy(&path, &corrupt).unwrap();
    let mut bytes = fs::read(&corrupt).unwrap();
    bytes.iter_mut().skip(4096).step_by(7).for_each(|byte| *byte ^= 0x5a);
    crate::atomic::replace(&corrupt, &bytes).unwrap();
    let text = lake.home().join("text.duckdb");
    crate::atomic::replace(&text, b"hello").unwrap();
    for path in [corrupt, text] {
        let error = catch_up(&path, ZONE, &increment(6, Vec::new())).unwrap_err();
        assert!(matches!(error, WarehouseError::Foreign { .. }), "{error:?}");
        assert_eq!(error.hint(), Some("move the file away, then run `trailhouse rebuild`"));
    }
}

/// Another process that holds the file, until it is dropped.
struct Holder(Child);

impl Holder {
    fn of(path: &Path, mode: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "warehouse::tests::hold", "--ignored", "--nocapture"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        writeln!(input, "{mode}{}", path.display()).unwrap();
        child.stdin = Some(input);
        let mut output = child.stdout.take().unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"HELD") {
            let mut byte = [0];
            output.read_exact(&mut byte).unwrap();
            seen.push(byte[0]);
        }
        child.stdout = Some(output);
        Self(child)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
#[ignore = "not a test: the process that others start to hold a file"]
fn hold() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let mut letters = line.trim_end_matches('\n').chars();
    let mode = letters.next().unwrap();
    let path = PathBuf::from(letters.collect::<String>());
    let config = duckdb::Config::default();
    let access = if mode == 'r' {
        duckdb::AccessMode::ReadOnly
    } else {
        duckdb::AccessMode::ReadWrite
    };
    let connection = duckdb::Connection::open_with_flags(path, config.access_mode(access).unwrap()).unwrap();
    if mode == 'w' {
        connection
            .execute_batch("create table theirs as select 1 as a")
            .unwrap();
    }
    std::io::stdout().write_all(b"HELD").unwrap();
    std::io::stdout().flush().unwrap();
    std::io::stdin().read_line(&mut line).unwrap();
    drop(connection);
}

#[test]
fn while_it_is_read_a_copy_takes_its_place_and_a_writer_is_named() {
    let lake = Lake::new();
    let path = lake.warehouse();
    follow(
        &path,
        &increment(1, lake.activities(&[activity(1, "a", 1, "2025-07-13T00:00:00Z")])),
    );
    let more = increment(2, lake.activities(&[activity(2, "b", 2, "2025-07-13T00:00:00Z")]));
    let reader = Holder::of(&path, "r");
    assert_eq!(follow(&path, &more), Way::OnCopy);
    assert_eq!(lines(&path, "select id from activity_logs order by id"), ["a", "b"]);
    drop(reader);
    let more = increment(3, lake.activities(&[activity(3, "c", 3, "2025-07-13T00:00:00Z")]));
    let writer = Holder::of(&path, "w");
    let held = catch_up(&path, ZONE, &more).unwrap_err();
    assert!(
        matches!(&held, WarehouseError::Held { by, .. } if by.ends_with(&format!("(PID {})", writer.0.id()))),
        "{held}"
    );
    assert!(matches!(
        access::open_once(&path, None),
        Err(WarehouseError::Held { .. })
    ));
    drop(writer);
    assert!(access::wal_of(&path).exists());
    let reader = Holder::of(&path, "r");
    assert!(matches!(catch_up(&path, ZONE, &more), Err(WarehouseError::Held { .. })));
    drop(reader);
    assert_eq!(follow(&path, &more), Way::InPlace);
    assert_eq!(
        lines(&path, "select count(*), (select a from theirs) from activity_logs"),
        ["3|1"]
    );
    let mut names: Vec<_> = fs::read_dir(lake.home())
        .unwrap()
        .map(|found| found.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["lake", "warehouse.duckdb"]);
}
