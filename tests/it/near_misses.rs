//! That every report leaves something of the demo out that nearly is in it: a row that comes once one of the conditions of its
//! `where`, `having` or `qualify` is taken away, other than its time and its source. So a reader of the demo sees what a report
//! tells apart, and a report that shows all there is does not pass for one that chooses.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use duckdb::Connection;
use trailhouse::sql::{self, Report};

use super::conditions::{conditions_after, make, tables};
use super::demo::demo;

/// Reports that choose by the time alone: they show all that happened in it, or for the first time.
const OF_A_PERIOD: &[&str] = &[
    "activity_summary",
    "new_ip_addresses",
    "resource_timeline",
    "top_actors",
];
/// Reports that show all that the loader did in the time, and what of it the demo leaves out when it is asked for a part.
const OF_THE_LOADER: &[(&str, &str, &str)] = &[
    (
        "load_history",
        "since := (select max(started_at) from loads)",
        "select count(distinct run_id) - 1 from loads",
    ),
    (
        "rejects",
        "source := (select min(source) from rejects)",
        // What the same load could read is no reject.
        "select count(*) from activity_logs, rejects \
         where activity_logs.source = rejects.source and activity_logs.load = rejects.load",
    ),
    (
        "upstream_edits",
        "since := null",
        // What a service only renders anew is no edit.
        "select count(*) from activity_logs_superseded as former where not exists \
         (select 1 from upstream_edits as edit where edit.source = former.source and edit.id = former.id)",
    ),
];
/// What the conditions of time and source are known by.
const OF_THE_REQUEST: &[&str] = &["since", "until", "(source as"];
/// Longer than any report takes on the demo; without a condition one may take for ever.
const PATIENCE: Duration = Duration::from_secs(5);

#[test]
fn every_report_leaves_a_near_miss_of_the_demo_out() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy(
        demo().data().join("warehouse.duckdb"),
        folder.path().join("warehouse.duckdb"),
    )
    .expect("a copy");
    let connection = tables(folder.path());
    let without: Vec<&str> = sql::reports()
        .iter()
        .filter(|report| !OF_THE_LOADER.iter().any(|(name, _, _)| *name == report.name))
        .filter(|report| near_miss(&connection, report).is_none())
        .map(|report| report.name.as_str())
        .collect();
    assert!(without.is_empty(), "nothing of the demo nearly is in {without:?}");
}

#[test]
fn what_the_loader_did_on_the_demo_is_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("warehouse.duckdb");
    std::fs::copy(demo().data().join("warehouse.duckdb"), &path).expect("a copy");
    let connection = Connection::open(path).expect("a warehouse");
    let number = |sql: &str| -> i64 { connection.query_row(sql, [], |row| row.get(0)).expect(sql) };
    for (name, asked, left_out) in OF_THE_LOADER {
        let (rows, all) = (
            number(&format!("select count(*) from reports.{name}({asked})")),
            number(&format!("select count(*) from reports.{name}()")),
        );
        assert!(0 < rows && rows <= all, "{name}: {rows} of {all}");
        assert!(number(left_out) > 0, "{name}: nothing nearly is in it");
    }
    let runs = "select count(distinct run_id) from reports.load_history(since := (select max(started_at) from loads))";
    assert_eq!(number(runs), 1, "the loads of the day before are no part of the day");
}

/// The first condition that keeps a row of the demo out of the report.
fn near_miss(connection: &Connection, report: &Report) -> Option<String> {
    let sql = "select cast(found as varchar) from attempt() as found";
    make(connection, &report.params, &report.text).expect("a report");
    let shown = format!("create or replace temp table shown as {sql}");
    connection.execute_batch(&shown).expect("its rows");
    let is_of_a_period = OF_A_PERIOD.contains(&report.name.as_str());
    let is_tried = |text: &str| is_of_a_period || !OF_THE_REQUEST.iter().any(|word| text.contains(word));
    conditions_after(&report.text, &["where", "having", "qualify"])
        .into_iter()
        .find_map(|condition| {
            let (before, rest) = report.text.split_at(condition.place.start);
            let (text, after) = rest.split_at(condition.place.len());
            if !is_tried(text) {
                return None;
            }
            // In a chain of `or` as well: what always holds takes the chain away.
            make(connection, &report.params, &format!("{before}true{after}")).ok()?;
            let more = format!("select count(*) > 0 from ({sql} except select * from shown)");
            let handle = connection.interrupt_handle();
            let (ended, waiting) = mpsc::channel::<()>();
            let is_more = std::thread::scope(|scope| {
                scope.spawn(move || {
                    if waiting
                        .recv_timeout(PATIENCE)
                        .is_err_and(|error| error == RecvTimeoutError::Timeout)
                    {
                        handle.interrupt();
                    }
                });
                let found = connection.query_row(&more, [], |row| row.get::<_, bool>(0));
                drop(ended);
                found.unwrap_or(false)
            });
            is_more.then(|| text.to_owned())
        })
}
