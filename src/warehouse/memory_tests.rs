//! That no text is too long for the memory there is: little is enough for what is usual, and more is taken for the rest.

use super::copy::in_place;
use super::fixture::{Lake, ZONE, follow, increment, lines};
use super::*;

const TOTAL: &str = "select count(*), count(distinct event_text), sum(length(event_text)) from activity_logs";

fn texts(lake: &Lake, loads: i64, rows: i64, bytes: i64) -> Increment {
    let files = (1..=loads).map(|load| lake.text_file(load, rows, bytes)).collect();
    increment(u64::try_from(loads).unwrap(), files)
}

#[test]
fn texts_that_cannot_be_packed_need_no_more_memory_than_others() {
    let lake = Lake::new();
    let path = lake.warehouse();
    follow(&path, &increment(0, Vec::new()));
    let (loads, rows) = (55, 4_000);
    let wanted = texts(&lake, loads, rows, 320);
    let connection = access::open_writing(&path, &access::scratch_of(&path), access::Means::SPARING).unwrap();
    let step_rows = access::Means::SPARING.step_rows;
    assert!(wanted.rows() > step_rows, "a whole step and the begin of another");
    catch_up::apply(&connection, &path, &Workplace::of(ZONE), (&wanted, step_rows)).unwrap();
    drop(connection);
    assert_eq!(lines(&path, TOTAL), ["220000|220000|70400000"]);
}

#[test]
fn wherever_memory_runs_out_more_is_taken() {
    let lake = Lake::new();
    let mut wanted = texts(&lake, 6, 3_000, 3_200);
    wanted.files.push(lake.text_file(6, 20, 1_000_000));
    let mut needed = 0;
    for memory in [1, 8, 20].map(|megabytes| megabytes * 1_000_000) {
        let means = access::Means {
            memory,
            ..access::Means::SPARING
        };
        let path = lake.home().join(format!("{memory}.duckdb"));
        follow(&path, &increment(0, Vec::new()));
        let connection = access::open_writing(&path, &access::scratch_of(&path), means);
        let applied = connection.and_then(|connection| {
            catch_up::apply(&connection, &path, &Workplace::of(ZONE), (&wanted, means.step_rows))
        });
        needed += usize::from(applied.is_err_and(|error| access::is_out_of_memory(&error)));
        in_place(&path, &Workplace::of(ZONE), &wanted, means).unwrap();
        assert_eq!(lines(&path, TOTAL), ["18020|18020|77600000"], "{memory}");
        assert_eq!(following(&path).unwrap().unwrap().sequence, 6);
        assert!(!access::wal_of(&path).exists() && !access::scratch_of(&path).exists());
    }
    assert!(needed > 1, "only {needed} of them ran out of memory");
    assert_eq!(access::more_memory(u64::MAX / 2), None);
    assert_eq!(access::more_memory(2_000_000), Some(3_000_000));
}
