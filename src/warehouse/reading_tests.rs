//! That a query can read the warehouse and do nothing else, and what it gives back.

use std::fs;

use super::fixture::{Lake, activity, follow, increment};
use super::*;

fn empty(lake: &Lake) -> Warehouse {
    let path = lake.warehouse();
    follow(&path, &increment(1, Vec::new()));
    Warehouse::open_read_only(&path).unwrap()
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
    let warehouse = empty(&lake);
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
         make_timestamp(5)::timestamptz as z, [1, 2]::int[2] as fixed";
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
fn what_lies_beyond_all_times_is_named_and_what_would_be_cut_is_refused() {
    let lake = Lake::new();
    let warehouse = empty(&lake);
    let sql = "select 'infinity'::timestamp, '-infinity'::timestamptz, 'infinity'::date, '-infinity'::date, \
         ['infinity'::timestamp]";
    let shown: Vec<String> = warehouse.query(sql, &[]).unwrap().rows[0]
        .iter()
        .map(Cell::to_string)
        .collect();
    assert_eq!(
        shown,
        ["infinity", "-infinity", "infinity", "-infinity", "[\"infinity\"]"]
    );
    let inexact = [
        "'10:00+02'::timetz",
        "'101'::bit",
        "1::uhugeint",
        "1::bignum",
        "now()::timestamp_ns",
    ];
    for value in inexact {
        for value in [
            value.to_owned(),
            format!("[{{'a': {value}}}]"),
            format!("map {{1: {value}}}"),
        ] {
            let refused = warehouse
                .query(&format!("select 1 as one, {value} as x"), &[])
                .unwrap_err()
                .to_string();
            assert!(
                refused.starts_with("column `x` is of type ") && refused.ends_with("cast it to varchar"),
                "{refused}"
            );
        }
    }
}

#[test]
fn a_chunk_comes_in_parts_that_hold_its_rows_in_order() {
    let lake = Lake::new();
    let warehouse = empty(&lake);
    let parts = |sql: &str, bytes: usize| {
        let mut parts = Vec::new();
        let mut take = |chunk: Chunk| {
            parts.extend(chunk.parts(bytes).into_iter().map(Chunk::into_grid));
            Ok::<_, WarehouseError>(())
        };
        warehouse.chunks(sql, &[], &mut take).unwrap();
        parts
    };
    let sql = "select v.number, [repeat('x', v.number)] as x from range(10) as v (number) order by v.number";
    let whole = parts(sql, usize::MAX);
    assert_eq!((whole.len(), whole[0].rows.len()), (1, 10));
    for (bytes, least) in [(1, 10), (200, 2)] {
        let some = parts(sql, bytes);
        assert!(
            some.len() >= least && some.iter().all(|part| part.columns == whole[0].columns),
            "{}",
            some.len()
        );
        let rows: Vec<_> = some.into_iter().flat_map(|part| part.rows).collect();
        assert_eq!(rows, whole[0].rows);
    }
    let none = parts("select 1 as one where false", 1);
    assert_eq!((none.len(), none[0].rows.len(), none[0].columns.len()), (1, 0, 1));
}

#[test]
fn who_joins_events_with_a_few_things_reads_the_rows_of_those_alone() {
    let lake = Lake::new();
    let path = lake.warehouse();
    let rows: Vec<_> = (0..3)
        .map(|n| activity(1, &format!("{n}"), 1, "2025-07-13T00:00:00Z"))
        .collect();
    follow(&path, &increment(1, lake.activities(&rows)));
    let warehouse = Warehouse::open_read_only(&path).unwrap();
    let plan = "explain select e.summary from events as e \
         inner join (values ('a', 'p1'), ('b', 'p2')) as few (source, id) on e.actor_id = few.id";
    let grid = warehouse.query(plan, &[]).unwrap();
    let text = format!("{:?}", grid.rows);
    assert!(text.contains("activity_logs"), "{text}");
    assert!(
        !text.contains("common_subplan"),
        "a join looks for no row through it: {text}"
    );
}
