//! What stays as it is when the file is held by others, is another's, or holds what is theirs.

use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::fixture::{Lake, ZONE, activity, follow, increment, lines};
use super::*;

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
fn nothing_of_the_old_one_stays_beside_a_warehouse_that_was_made_anew() {
    let lake = Lake::new();
    let path = lake.warehouse();
    follow(&path, &increment(1, Vec::new()));
    let beside = |suffix: &str| access::suffixed(&path, suffix);
    for suffix in [".new", ".new.wal", ".copy", ".copy.wal", ".wal"] {
        crate::atomic::replace(&beside(suffix), b"Dana Whitfield").unwrap();
    }
    for suffix in [".tmp", ".copy.tmp"] {
        crate::atomic::place::create_folder(&beside(suffix)).unwrap();
        crate::atomic::replace(&beside(suffix).join("spilled"), b"Dana Whitfield").unwrap();
    }
    build(
        &place_of_rebuild(&path),
        &Workplace::of(ZONE),
        &increment(2, Vec::new()),
    )
    .unwrap();
    put_rebuilt(&path).unwrap();
    assert_eq!(following(&path).unwrap().unwrap().sequence, 2);
    let items = fs::read_dir(lake.home()).unwrap();
    let names = items.map(|item| item.unwrap().file_name().into_string().unwrap());
    let names: Vec<String> = names.filter(|name| name.contains("duckdb")).collect();
    assert_eq!(names, ["warehouse.duckdb"]);
}

#[test]
fn the_zone_is_changed_with_the_next_catch_up_and_a_wrong_one_changes_nothing() {
    let lake = Lake::new();
    let path = lake.warehouse();
    follow(&path, &increment(1, Vec::new()));
    let zones = "select distinct zone from time_zone_offsets";
    assert_eq!(lines(&path, zones), [ZONE]);
    catch_up(&path, &Workplace::of("Europe/Berlin"), &increment(1, Vec::new())).unwrap();
    assert_eq!(lines(&path, zones), ["Europe/Berlin"]);
    let at = "select offset_seconds, abbreviation, is_dst from time_zone_offsets where timestamp '2025-07-01' >= from_at and timestamp '2025-07-01' < to_at";
    assert_eq!(lines(&path, at), ["7200|CEST|true"]);
    let error = catch_up(&path, &Workplace::of("Mars/Olympus"), &increment(2, Vec::new())).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{}: `Mars/Olympus` is no time zone", path.display())
    );
    assert_eq!(following(&path).unwrap().unwrap().sequence, 1);
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
        assert_eq!(
            show(catch_up(&path, &Workplace::of(ZONE), &increment).unwrap_err()),
            expected
        );
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
        catch_up(&foreign, &Workplace::of(ZONE), &increment(1, Vec::new())),
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
        let error = catch_up(&path, &Workplace::of(ZONE), &increment(6, Vec::new())).unwrap_err();
        assert!(matches!(error, WarehouseError::Foreign { .. }), "{error:?}");
        assert_eq!(error.hint(), Some("move the file away, then run `trailhouse rebuild`"));
    }
}

/// Another process that holds the file, until it is dropped.
struct Holder(Child);

impl Holder {
    fn of(path: &Path, mode: &str) -> Self {
        Self::at("hold", path, mode)
    }

    fn at(work: &str, path: &Path, mode: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                &format!("warehouse::holding_tests::{work}"),
                "--ignored",
                "--nocapture",
            ])
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
        if self.0.try_wait().unwrap().is_none() {
            self.0.kill().unwrap();
            self.0.wait().unwrap();
        }
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
    let held = catch_up(&path, &Workplace::of(ZONE), &more).unwrap_err();
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
    assert!(matches!(
        catch_up(&path, &Workplace::of(ZONE), &more),
        Err(WarehouseError::Held { .. })
    ));
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

#[test]
#[ignore = "not a test: the process that reads again and again while the file is replaced"]
fn poll() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let path = PathBuf::from(line.trim_end_matches('\n').split_at(1).1);
    std::io::stdout().write_all(b"HELD").unwrap();
    std::io::stdout().flush().unwrap();
    let (mut last, mut readings) = (0, 0);
    while !path.with_extension("stop").exists() {
        let connection = match access::open_once(&path, None) {
            Ok(connection) => connection,
            // For a moment, where the reader before was the last to hold it.
            Err(WarehouseError::Held { .. }) => continue,
            Err(error) => panic!("{error}"),
        };
        let sql = "select (select count(*) from activity_logs), (select sequence from trailhouse), \
                   (select count(*) from events), (select count(*) from loads)";
        let read = |row: &duckdb::Row<'_>| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]);
        let found: [i64; 4] = connection.query_row(sql, [], read).unwrap();
        assert_eq!([found[0]; 4], found, "a part of a load is seen");
        assert!(found[0] >= last, "{} rows after {last}", found[0]);
        (last, readings) = (found[0], readings + 1);
        std::thread::sleep(std::time::Duration::from_millis(40));
    }
    assert!(readings > 10, "{readings} readings");
}

#[test]
fn who_reads_during_a_hundred_swaps_sees_whole_loads_and_never_an_older_state() {
    let lake = Lake::new();
    let path = lake.warehouse();
    let next = |load: u64| {
        let number = i64::try_from(load).unwrap();
        let row = activity(number, &format!("id {load}"), 1, "2025-07-13T00:00:00Z");
        increment(load, lake.activities(&[row]))
    };
    follow(&path, &next(1));
    let mut poller = Holder::at("poll", &path, "r");
    for load in 2..=101 {
        let _holder = Holder::of(&path, "r");
        assert_eq!(follow(&path, &next(load)), Way::OnCopy);
    }
    crate::atomic::replace(&path.with_extension("stop"), b"").unwrap();
    assert!(poller.0.wait().unwrap().success());
    assert_eq!(lines(&path, "select count(*) from activity_logs"), ["101"]);
}
