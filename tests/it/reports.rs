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
