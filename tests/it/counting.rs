//! What an hourly sync costs, counted: two lakes of very different length on a store that counts what is asked of it.

mod merged;
mod remembered;
mod store;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use object_store::ObjectStore;
use tokio::runtime::Runtime;
use trailhouse::coverage::StreamState;
use trailhouse::lake::{Draft, Incoming, Lake};
use trailhouse::ledger::{Counts, Kind};
use trailhouse::load::{Run, sync};
use trailhouse::record::{Layouts, Record};
use trailhouse::schema::Micros;
use trailhouse::source::secoda::{AUDIT_LOGS, SERVICE};
use trailhouse::source::{Auth, Limits, Pagination, Secret, Source};

use self::store::{Asked, Counting};
use crate::environment::{SOURCE, Service, TOKEN, simulator};

/// The months of the history that is there before the first sync.
const MONTHS: i64 = 24;
/// Names the two lengths of history, such as `100000,10000000`: how the test is run by hand.
const LENGTHS: &str = "TRAILHOUSE_TEST_HISTORY";

/// One counted sync.
#[derive(Debug)]
struct Hour {
    /// To the service.
    requests: usize,
    stored: u64,
    asked: BTreeMap<&'static str, Asked>,
}

fn source(service: &Service) -> Source {
    Source {
        name: SOURCE.to_owned(),
        service: &SERVICE,
        base_url: service.running.base_url().parse().expect("an address"),
        auth: Auth::Bearer(Secret::new(TOKEN.to_owned())),
        credentials: None,
        streams: vec![&AUDIT_LOGS],
        account: "acme".to_owned(),
        filters: BTreeMap::new(),
        dates: None,
        pagination: Pagination::Cursor,
        retention_days: None,
        settle: Duration::from_secs(300),
        finality: Duration::from_secs(86_400),
        limits: Limits::default(),
        ca_pem: None,
        proxy: None,
    }
}

/// Records as long and as hard to pack as real ones, in order, each with an id of its own.
fn records(month: i64, rows: i64, end: Micros) -> Vec<Record> {
    let layouts = Layouts::of(&AUDIT_LOGS);
    let length = 30 * 86_400_000_000;
    let mut random = fastrand::Rng::with_seed(u64::try_from(month).expect("a few months"));
    let record = |row: i64| {
        let at = end - (MONTHS - month) * length + row * (length / rows);
        let at = Timestamp::from_microsecond(at).expect("a time").to_string();
        let (id, person, thing) = (random.u128(..), random.u8(..), random.u16(..));
        let record = serde_json::json!({
            "id": format!("{id:032x}"), "activity_type": "edited", "performer_id": format!("p{person}"),
            "performer_type": "USER", "resource_id": format!("r{thing}"), "resource_type": "table",
            "event_blocks": [{"type": "text", "style": "normal", "value": format!("edited {id:x}")}],
            "logged_at": at, "created_at": at, "updated_at": at,
        });
        let read = layouts.read(0, record.to_string().as_bytes(), Micros::MAX).remove(0);
        read.unwrap_or_else(|reject| panic!("{}", reject.reason))
    };
    (0..rows).map(record).collect()
}

/// One large file for each month, as a compaction leaves them.
async fn write_history(lake: &mut Lake, rows: i64, end: Micros) {
    for month in 0..MONTHS {
        commit(lake, &records(month, rows / MONTHS, end), end).await;
    }
}

async fn commit(lake: &mut Lake, records: &[Record], at: Micros) {
    let counts = Counts {
        received: u64::try_from(records.len()).expect("few"),
        stored: u64::try_from(records.len()).expect("few"),
        ..Counts::default()
    };
    let draft = Draft {
        kind: Kind::Sync,
        run_id: "history",
        source: SOURCE,
        stream: &AUDIT_LOGS,
        state_name: AUDIT_LOGS.name,
        started_at: at,
        at,
        counts,
        records,
        rejects: &[],
        state: &StreamState::new("acme"),
    };
    lake.commit(&draft).await.expect("a load");
}

async fn synced(service: &Service, store: &Arc<Counting>) -> u64 {
    let mut lake = Lake::open_on(Arc::clone(store) as Arc<dyn ObjectStore>)
        .await
        .expect("a lake");
    let clock = || service.running.clock().now().as_microsecond();
    let run = Run {
        run_id: "run".to_owned(),
        started_at: clock(),
        clock: &clock,
        progress: &|_| {},
        cancelled: &AtomicBool::new(false),
        from: None,
        to: None,
    };
    let outcomes = sync(&mut lake, &[(source(service), vec![&AUDIT_LOGS])], &run)
        .await
        .expect("a sync");
    let outcome = &outcomes[0];
    assert!(outcome.error.is_none(), "{:?}", outcome.error);
    outcome.counts.stored
}

/// The syncs of three hours, the last one counted, over a history of so many rows which ends so many days before the service's
/// own list begins, or within it.
fn hour_after(rows: i64, days_before_end: i64) -> Hour {
    let service = Service::start(simulator(5, 600));
    let store = Arc::new(Counting::default());
    let runtime = Runtime::new().expect("threads");
    let end = service.running.clock().now().as_microsecond() - days_before_end * 86_400_000_000;
    let mut stored = 0;
    runtime.block_on(async {
        let mut lake = Lake::open_on(Arc::clone(&store) as Arc<dyn ObjectStore>)
            .await
            .expect("a lake");
        write_history(&mut lake, rows, end).await;
    });
    for hour in 0..3 {
        service.running.clock().advance(SignedDuration::from_hours(1));
        service.running.arrive(20);
        if hour == 2 {
            store.take();
            let before = service.running.requests().len();
            stored = runtime.block_on(synced(&service, &store));
            return Hour {
                requests: service.running.requests().len() - before,
                stored,
                asked: store.take(),
            };
        }
        runtime.block_on(synced(&service, &store));
    }
    unreachable!("three hours have a last one, after {stored} rows")
}

#[expect(clippy::disallowed_methods, reason = "the lengths that a person asks for")]
fn lengths() -> (i64, i64) {
    let given = std::env::var(LENGTHS).ok();
    let (short, long) = given
        .as_deref()
        .and_then(|given| given.split_once(','))
        .unwrap_or(("4800", "96000"));
    (short.parse().expect("a number"), long.parse().expect("a number"))
}

#[test]
fn an_hour_costs_the_same_after_a_long_history_as_after_a_short_one() {
    let (short, long) = lengths();
    let (after_short, after_long) = (hour_after(short, 40), hour_after(long, 40));
    assert_eq!(
        (after_short.requests, after_short.stored),
        (after_long.requests, after_long.stored)
    );
    assert!(after_short.stored > 0);
    for (part, little) in &after_short.asked {
        let much = &after_long.asked[part];
        let is_close = |little: u64, much: u64| much * 10 <= little * 11 && little * 10 <= much * 11;
        assert!(is_close(little.requests, much.requests), "{part}: {little:?}, {much:?}");
        assert!(is_close(little.bytes, much.bytes), "{part}: {little:?}, {much:?}");
    }
}
