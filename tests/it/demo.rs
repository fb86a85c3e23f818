//! The demo: a home drawn once for the tests that read it, what it holds, and the planted story, which plain SQL finds.

use std::fs::File;
use std::path::Path;
use std::sync::OnceLock;

use serde_json::{Value, json};
use trailhouse::report::{self, Circumstances, Request};
use trailhouse::sql;
use trailhouse::warehouse::{Cell, Warehouse};

use crate::environment::{Home, Service};
use crate::ran::circumstances;

const LEAVER: &str = "\
select
    marked.target_name as leaver,
    date_diff('day', marked.occurred_at_local, disabled.occurred_at_local) as days_until_disabled,
    count(act.event_id) as acts_meanwhile
from events as marked
inner join events as disabled
    on marked.target_id = disabled.target_id and marked.occurred_at < disabled.occurred_at
left join events as act
    on marked.target_id = act.actor_id and act.occurred_at between marked.occurred_at and disabled.occurred_at
where marked.summary like 'Marked % for offboarding' and disabled.action = 'disable'
group by all
order by days_until_disabled desc";

const FLAG: &str = "\
select occurred_at_local, actor_name, summary
from events
where summary like 'Removed PII flag%' and hour(occurred_at_local) < 5
order by occurred_at";

const EXPORT: &str = "\
select
    export.occurred_at_local,
    export.actor_name,
    export.target_name,
    date_diff('minute', flag.occurred_at, export.occurred_at) as minutes_after_the_flag
from events as flag
inner join events as export
    on
        flag.target_id = export.target_id
        and export.occurred_at between flag.occurred_at and flag.occurred_at + interval 1 day
where flag.summary like 'Removed PII flag%' and export.action = 'export'
order by export.occurred_at";

const DELETION: &str = "\
select event.occurred_at_local, event.actor_name, event.summary, count(*) as resources
from events as event
inner join related_resources as touched using (source, stream, event_id)
where event.action = 'delete'
group by all
having count(*) >= 20
order by resources desc";

const NEW_KEY: &str = "\
select
    created.target_name as api_key,
    created.actor_name as created_by,
    used.ip_address,
    min(used.occurred_at_local) as first_used_at_local,
    count(*) as uses
from events as created
inner join events as used on created.target_id = used.actor_id
where
    created.action = 'create'
    and created.target_type = 'API_KEY'
    and used.ip_address not in (
        select other.ip_address from events as other
        where
            other.source = created.source
            and other.ip_address is not null
            and other.actor_id is distinct from created.target_id
    )
group by all
order by first_used_at_local";

/// What stands in the README: one query for each chapter of the planted story.
pub(crate) const STORY: &[&str] = &[LEAVER, FLAG, EXPORT, DELETION, NEW_KEY];

/// The demo in the home's own `data`, drawn once for all tests; they only read it. It stays until the next tests are run, for
/// nothing that lives as long as the tests is cleaned up.
#[expect(clippy::disallowed_methods, reason = "a file of the tests")]
pub(crate) fn demo() -> &'static Home {
    static DRAWN: OnceLock<(Home, File)> = OnceLock::new();
    let (home, _lock) = DRAWN.get_or_init(|| {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo");
        std::fs::create_dir_all(&root).expect("a folder");
        let lock = File::create(root.with_extension("lock")).expect("a lock");
        lock.lock().expect("other tests end");
        for left in std::fs::read_dir(&root).expect("a folder") {
            std::fs::remove_dir_all(left.expect("a home").path()).expect("an earlier demo");
        }
        let home = Home::kept_in(&root);
        home.ok(&["--dir", "data", "demo"]);
        (home, lock)
    });
    home
}

/// The demo in a home that a test may change.
pub(crate) fn demo_of_its_own() -> Home {
    let home = Home::new();
    copy(&demo().data(), &home.data());
    home
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("a folder");
    for item in std::fs::read_dir(from).expect("a folder") {
        let item = item.expect("an item of a folder");
        let place = to.join(item.file_name());
        if item.file_type().expect("a kind of file").is_dir() {
            copy(&item.path(), &place);
        } else {
            std::fs::copy(item.path(), place).expect("a file is copied");
        }
    }
}

#[test]
fn the_demo_run_twice_adds_nothing() {
    let home = demo_of_its_own();
    let counts = "select
        (select count(*) from activity_logs) as logs, (select count(*) from events where stream = 'audit_logs'
            and source = 'demo_secoda') as events,
        (select count(*) from activity_logs_superseded where stream = 'audit_logs') as superseded, (select count(*) from rejects) as rejects";
    let first = home.query(counts);
    assert!(first[0]["events"].as_i64().expect("a number") >= 20_000, "{first:?}");
    assert_eq!(first[0]["logs"], first[0]["events"]);
    assert!(first[0]["superseded"].as_i64().expect("a number") >= 1, "{first:?}");
    assert_eq!(first[0]["rejects"], json!(1));
    let dump = home.dump();
    home.ok(&["--dir", "data", "demo"]);
    assert_eq!(home.query(counts), first);
    assert!(home.dump() == dump, "the second run changed a row");
    home.ok(&["verify"]);
}

#[test]
fn the_demo_leaves_another_home_alone() {
    let service = Service::of(1, 20);
    let home = Home::of(&service);
    home.ok(&["sync"]);
    let before = home.dump();
    let demo = home.run(&["--dir", "data", "demo"]);
    assert_eq!(demo.code, Some(2), "{}", demo.stderr);
    assert!(
        demo.stderr.contains("acme") && demo.stderr.contains("hint: "),
        "{}",
        demo.stderr
    );
    assert_eq!(home.dump(), before);
}

#[test]
fn the_planted_story_is_found_by_plain_sql() {
    let demo = demo();
    let leaver = json!([{ "leaver": "Dana Whitfield", "days_until_disabled": 9, "acts_meanwhile": 16 }]);
    assert_eq!(json!(demo.query(LEAVER)), leaver);

    // The drawn workspace works at night too, if seldom.
    let flags = demo.query(FLAG);
    let is_planted = |row: &Value| row["actor_name"] == "Marcus Oyelaran" && at(row, "occurred_at_local", "T02:40:00");
    assert_eq!(flags.iter().filter(|row| is_planted(row)).count(), 1, "{flags:?}");
    assert!(flags.len() <= 3, "{flags:?}");

    let export = one(demo.query(EXPORT));
    assert!(at(&export, "occurred_at_local", "T02:52:00"), "{export}");
    assert_eq!(
        (&export["actor_name"], &export["target_name"]),
        (&json!("Marcus Oyelaran"), &json!("customers"))
    );
    assert_eq!(export["minutes_after_the_flag"], 12);

    let deletion = one(demo.query(DELETION));
    assert!(at(&deletion, "occurred_at_local", "T14:05:00"), "{deletion}");
    assert_eq!(
        (&deletion["actor_name"], &deletion["resources"]),
        (&json!("Helena Brandt"), &json!(40))
    );

    let key = one(demo.query(NEW_KEY));
    assert!(at(&key, "first_used_at_local", "T14:20:00"), "{key}");
    assert_eq!(
        (&key["api_key"], &key["created_by"]),
        (&json!("temporary-backfill"), &json!("Marcus Oyelaran"))
    );
    assert_eq!((&key["ip_address"], &key["uses"]), (&json!("203.0.113.77"), &json!(23)));
}

#[test]
fn what_the_service_did_in_the_last_day_is_found() {
    let demo = demo();
    let late = one(demo.query(
        "select actor.target_name, late.at_least_seconds // 3600 as hours, late.at_most_seconds // 86400 as days
        from reports.late_events() as late
        inner join events as actor on late.event_id = actor.event_id
        where late.event_id like '5ec0da00-%'",
    ));
    assert_eq!(
        late,
        json!({ "target_name": "customers freshness", "hours": 6, "days": 1 })
    );
    let edited = one(demo.query(
        "select distinct table_name, old_value, is_finding from reports.upstream_edits()
        where record_id like '5ec0da00-%' and field = 'event_text'",
    ));
    assert_eq!(
        edited,
        json!({ "table_name": "activity_logs", "old_value": "Exported customers to CSV", "is_finding": true })
    );
    let reject = one(demo.query("select reason, is_finding from reports.rejects()"));
    assert_eq!(
        reject,
        json!({ "reason": "logged_at is not a time with an offset", "is_finding": true })
    );
}

fn at(row: &Value, column: &str, time: &str) -> bool {
    row[column].as_str().is_some_and(|at| at.contains(time))
}

fn one(rows: Vec<Value>) -> Value {
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.into_iter().next().expect("one row")
}

#[test]
fn every_report_shows_something_of_the_demo() {
    let warehouse = Warehouse::open_read_only(&demo().data().join("warehouse.duckdb")).expect("the warehouse");
    let newest = warehouse
        .query("select max(finished_at) from loads", &[])
        .expect("the newest load");
    let Cell::Timestamp(newest) = newest.rows[0][0] else {
        panic!("{newest:?}");
    };
    let circumstances = Circumstances {
        now: newest + 1,
        ..circumstances()
    };
    let rows = |report: &'static sql::Report| {
        let mut none: [&mut dyn report::Sink; 0] = [];
        let made = report::run(&warehouse, report, &Request::default(), &circumstances, &mut none);
        made.unwrap_or_else(|error| panic!("{}: {error}", report.name)).rows
    };
    let empty: Vec<&str> = sql::reports()
        .iter()
        .filter(|report| rows(report) == 0)
        .map(|report| report.name.as_str())
        .collect();
    assert!(empty.is_empty(), "{empty:?}");
}
