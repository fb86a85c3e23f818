//! Resource logs and notifications: everything the service shows is held once with its revisions, under any setting of the
//! service, judged by the simulator's own truth.

mod changing;
mod faulty;
mod filtered;
mod offered;
mod resuming;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use trailhouse::simulator::faults::{Fault, FaultPlan, RetryAfter};
use trailhouse::simulator::service;
use trailhouse::simulator::switches::{
    CountOf, NextPage, Notifications, Offer, Order, Paging, PastTheEnd, ResourceLogs, Switches, UnknownResource,
};
use trailhouse::simulator::truth::Truth;

use crate::environment::{Home, Service, simulator};

/// The configuration of a source with every stream.
pub(crate) const ALL: &str = "streams = [\"audit_logs\", \"resource_logs\", \"notifications\"]";

/// A home that pulls every stream; `more` are further lines of its source.
pub(crate) fn home(service: &Service, more: &str) -> Home {
    let home = Home::new();
    home.configure(&service.running.base_url(), &format!("{ALL}\n{more}"));
    home
}

/// Times of the revisions of each id.
pub(crate) type Revisions = BTreeMap<String, BTreeSet<i64>>;

/// What the warehouse has of a stream's table, each revision once.
pub(crate) fn held(home: &Home, table: &str, stream: &str, time: &str) -> Revisions {
    let rows = home.query(&format!(
        "select id, epoch_us({time}) as at, count(*) as rows, count(distinct revision) as revisions
         from {table}_revisions where stream = '{stream}' group by all"
    ));
    let mut held = Revisions::new();
    for row in rows {
        assert_eq!(row["rows"], row["revisions"], "doubled: {row}");
        let id = row["id"].as_str().expect("an id").to_owned();
        held.entry(id).or_default().insert(row["at"].as_i64().expect("a time"));
    }
    held
}

pub(crate) fn told(records: &BTreeMap<String, Vec<Value>>, time: &str) -> Revisions {
    let at = |record: &Value| {
        let text = record[time].as_str().expect("a time");
        text.parse::<jiff::Timestamp>().expect("a time").as_microsecond()
    };
    let times = records
        .iter()
        .map(|(id, records)| (id.clone(), records.iter().map(at).collect()));
    times.collect()
}

/// What is in the first and not in the second.
pub(crate) fn lacking(first: &Revisions, second: &Revisions) -> Vec<String> {
    let none = BTreeSet::new();
    let pairs = first
        .iter()
        .flat_map(|(id, times)| times.iter().map(move |at| (id, at)));
    let lacking = pairs.filter(|(id, at)| !second.get(*id).unwrap_or(&none).contains(at));
    lacking.map(|(id, at)| format!("{id} at {at}")).take(5).collect()
}

/// The three kinds of record of the streams per resource, with where they are held and the time that tells their revisions.
type Kind = (
    &'static str,
    &'static str,
    &'static str,
    fn(&Truth) -> &BTreeMap<String, Vec<Value>>,
);
pub(crate) const LOGS: Kind = ("activity_logs", "resource_logs", "updated_at", |truth| {
    &truth.resource_logs
});
pub(crate) const VERSIONS: Kind = ("version_histories", "resource_logs", "updated_at", |truth| {
    &truth.version_histories
});
pub(crate) const NOTICES: Kind = ("notifications", "notifications", "created_at", |truth| {
    &truth.notifications
});

/// Every record that stood in a complete answer is held, and none that the service never had.
pub(crate) fn assert_exact(home: &Home, service: &Service, kinds: &[Kind], what: &str) {
    let served = service.running.truth_served();
    for (table, stream, time, records) in kinds {
        let lost = lacking(&told(records(&served), time), &held(home, table, stream, time));
        assert!(lost.is_empty(), "{what}: {table} lacks {lost:?}");
    }
    assert_sound(home, service, kinds, what);
}

/// No record is held that the service never had, the sums agree, and the lake verifies.
pub(crate) fn assert_sound(home: &Home, service: &Service, kinds: &[Kind], what: &str) {
    let shown = service.running.truth();
    for (table, stream, time, records) in kinds {
        let held = held(home, table, stream, time);
        let invented = lacking(&held, &told(records(&shown), time));
        assert!(invented.is_empty(), "{what}: {table} was never shown {invented:?}");
    }
    let sums = "select count(*) from loads where received <> stored + duplicates + rejects + withheld";
    assert_eq!(home.number(sums), 0, "{what}");
    let verify = home.run(&["verify"]);
    assert!(matches!(verify.code, Some(0 | 3)), "{what}: {}", verify.stdout);
}

/// The same, and everything the service has is held.
pub(crate) fn assert_whole(home: &Home, service: &Service, kinds: &[Kind], what: &str) {
    assert_exact(home, service, kinds, what);
    let truth = service.running.truth();
    for (table, stream, time, records) in kinds {
        let latest = records(&truth).iter().map(|(id, records)| {
            let newest = records.last().cloned().into_iter().collect();
            (id.clone(), newest)
        });
        let lost = lacking(&told(&latest.collect(), time), &held(home, table, stream, time));
        assert!(lost.is_empty(), "{what}: {table} lacks {lost:?}");
    }
}

/// Requests whose path begins so, in order.
pub(crate) fn asked(service: &Service, path: &str) -> Vec<String> {
    let requests = service.running.requests().into_iter();
    let targets = requests.map(|request| request.target);
    targets.filter(|target| target.starts_with(path)).collect()
}

/// The resources asked for, in order, each as often as its first page was.
pub(crate) fn resources_asked(service: &Service) -> Vec<String> {
    let targets = asked(service, service::RESOURCE_LOGS).into_iter();
    let first = targets.filter(|target| target.contains("page=1&"));
    first
        .filter_map(|target| Some(target.split_once("resource_id=")?.1.to_owned()))
        .collect()
}

/// Faults for so many of a thousand requests that are over at once.
pub(crate) fn quick_faults(seed: u64, per_mille: u64) -> FaultPlan {
    let status = |code| Fault::Status {
        code,
        retry_after: Some(RetryAfter::Seconds(0)),
        body: "later".to_owned(),
    };
    FaultPlan::drawn(seed, per_mille, vec![status(429), status(503)])
}

#[test]
fn every_stream_is_exact_under_any_setting() {
    for seed in 1..=8 {
        let mut drawn = simulator(seed, 200);
        drawn.switches = Switches::drawn(seed);
        drawn.faults = quick_faults(seed, if seed % 2 == 0 { 100 } else { 0 });
        let what = format!(
            "seed {seed}, {:?}, {:?}",
            drawn.switches.resource_logs, drawn.switches.notifications
        );
        let lists = drawn.switches.notifications.clone();
        let service = Service::start(drawn);
        let home = home(&service, "");
        let sync = home.run(&["sync"]);
        assert_eq!(sync.code, Some(0), "{what}\n{}", sync.stderr);
        assert_whole(&home, &service, &[LOGS, VERSIONS], &what);
        if lists.workspace == Offer::Open || lists.bare == Offer::Open {
            let most = lists.most_days.unwrap_or(3_650);
            assert!(most >= 90);
            assert_whole(&home, &service, &[NOTICES], &what);
        } else {
            assert_exact(&home, &service, &[NOTICES], &what);
            assert!(
                sync.stderr.contains("notifications of no resource are missing"),
                "{what}\n{}",
                sync.stderr
            );
            assert!(home.number("select count(*) from notifications") > 0);
        }
        assert_eq!(home.number("select count(*) from coverage_gaps"), 0, "{what}");
        let before = home.number("select max(load) from loads");
        let again = home.run(&["sync"]);
        assert_eq!(again.code, Some(0), "{what}\n{}", again.stderr);
        let stored = format!("select coalesce(sum(stored), 0)::bigint from loads where load > {before}");
        assert_eq!(home.number(&stored), 0, "{what}");
    }
}

#[test]
fn any_paging_of_the_resource_logs_gives_the_same() {
    let mut first = None;
    for paging in [Paging::Merged, Paging::SideBySide] {
        for count in [CountOf::Both, CountOf::Versions, CountOf::Logs] {
            for (page_size, order) in [(1, Order::NewestFirst), (3, Order::OldestFirst), (50, Order::Unordered)] {
                let mut drawn = simulator(3, 40);
                drawn.switches.default_order = order;
                drawn.switches.resource_logs = ResourceLogs {
                    page_size,
                    paging,
                    count,
                    unknown_resource: UnknownResource::Empty,
                    ..ResourceLogs::default()
                };
                let what = format!("{paging:?} {count:?} {page_size} {order:?}");
                let service = Service::start(drawn);
                let home = home(&service, "max_in_flight = 8");
                home.ok(&["sync"]);
                assert_whole(&home, &service, &[LOGS, VERSIONS], &what);
                let dump = home.dump();
                assert!(*first.get_or_insert_with(|| dump.clone()) == dump, "{what}");
            }
        }
    }
}

#[test]
fn notifications_in_any_order_and_dialect_are_all_held() {
    for order in [Order::NewestFirst, Order::OldestFirst, Order::Unordered] {
        for most_days in [None, Some(90)] {
            let mut drawn = simulator(5, 300);
            drawn.switches.notifications = Notifications {
                order,
                page_size: 7,
                page_size_honoured: most_days.is_none(),
                most_days,
                ..Notifications::default()
            };
            let what = format!("{order:?} {most_days:?}");
            let service = Service::start(drawn);
            let home = home(&service, "");
            home.ok(&["sync"]);
            assert_whole(&home, &service, &[NOTICES], &what);
            assert!(
                home.number("select count(*) from coverage where stream = 'notifications' and state = 'final'") > 0
            );
        }
    }
}

/// Nothing but the count says that the last page, which is full, is the last: what is asked for after it comes over again.
#[test]
fn a_list_of_whole_pages_that_never_says_where_it_ends_ends_by_its_count() {
    let rows = Service::start(simulator(5, 300)).running.truth().notifications.len();
    let divisor = (2..rows).find(|size| rows.is_multiple_of(*size)).unwrap_or(rows);
    for page_size in [rows, rows / divisor] {
        let mut drawn = simulator(5, 300);
        drawn.switches.next_page = NextPage::Absent;
        drawn.switches.past_the_end = PastTheEnd::RepeatLast;
        drawn.switches.notifications.page_size = page_size;
        drawn.switches.notifications.page_size_honoured = false;
        let service = Service::start(drawn);
        let home = home(&service, "");
        home.ok(&["sync"]);
        assert_whole(
            &home,
            &service,
            &[NOTICES],
            &format!("{rows} rows in pages of {page_size}"),
        );
        assert_eq!(home.number("select count(*) from coverage_gaps"), 0);
    }
}
