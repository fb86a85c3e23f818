//! What an hourly sync costs, counted: an object store that counts what is asked of it, and two lakes of very different length
//! under it.

mod merged;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use jiff::{SignedDuration, Timestamp};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions,
    PutOptions, PutPayload, PutResult,
};
use tokio::runtime::Runtime;
use trailhouse::coverage::StreamState;
use trailhouse::lake::{Classified, Draft, Incoming, Lake, Withheld};
use trailhouse::ledger::{Counts, Kind};
use trailhouse::load::{Run, sync};
use trailhouse::record::{Layouts, Record};
use trailhouse::schema::Micros;
use trailhouse::source::secoda::{AUDIT_LOGS, SERVICE};
use trailhouse::source::{Auth, Limits, Pagination, Secret, Source};

use crate::environment::{SOURCE, Service, TOKEN, simulator};

/// The months of the history that is there before the first sync.
const MONTHS: i64 = 24;
/// Names the two lengths of history, such as `100000,10000000`: how the test is run by hand.
const LENGTHS: &str = "TRAILHOUSE_TEST_HISTORY";

/// What was asked of one part of the lake: the ledger, the Delta logs, or the data files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Asked {
    requests: u64,
    bytes: u64,
    /// Names that listings gave.
    listed: u64,
}

/// A store in memory that counts what is read of it.
#[derive(Debug, Default)]
struct Counting {
    inner: InMemory,
    asked: Arc<Mutex<BTreeMap<&'static str, Asked>>>,
}

impl fmt::Display for Counting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("counting")
    }
}

fn part(path: &str) -> &'static str {
    match path {
        path if path.contains("_ledger") => "ledger",
        path if path.contains("_delta_log") => "log",
        _ => "data",
    }
}

fn note(asked: &Mutex<BTreeMap<&'static str, Asked>>, path: &str, more: Asked) {
    let mut asked = asked.lock().expect("no panic while counting");
    let part = asked.entry(part(path)).or_default();
    part.requests += more.requests;
    part.bytes += more.bytes;
    part.listed += more.listed;
}

impl Counting {
    fn take(&self) -> BTreeMap<&'static str, Asked> {
        std::mem::take(&mut self.asked.lock().expect("no panic while counting"))
    }
}

#[async_trait]
impl ObjectStore for Counting {
    async fn put_opts(
        &self,
        location: &Path,
        bytes: PutPayload,
        options: PutOptions,
    ) -> object_store::Result<PutResult> {
        self.inner.put_opts(location, bytes, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> object_store::Result<GetResult> {
        let is_head = options.head;
        let found = self.inner.get_opts(location, options).await;
        let bytes = match &found {
            Ok(found) if !is_head => found.range.end - found.range.start,
            _ => 0,
        };
        let more = Asked {
            requests: 1,
            bytes,
            listed: 0,
        };
        note(&self.asked, location.as_ref(), more);
        found
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.counted(prefix, self.inner.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.counted(prefix, self.inner.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> object_store::Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

impl Counting {
    fn counted(
        &self,
        prefix: Option<&Path>,
        listing: BoxStream<'static, object_store::Result<ObjectMeta>>,
    ) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        let prefix = prefix.map(ToString::to_string).unwrap_or_default();
        let once = Asked {
            requests: 1,
            ..Asked::default()
        };
        note(&self.asked, &prefix, once);
        let asked = Arc::clone(&self.asked);
        let name = Asked {
            listed: 1,
            ..Asked::default()
        };
        listing.inspect(move |_| note(&asked, &prefix, name)).boxed()
    }
}

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

/// What the lake says of records, and how often data files were read for it.
async fn classified(lake: &mut Lake, store: &Counting, records: Vec<Record>) -> (Classified, u64) {
    store.take();
    let incoming = Incoming {
        source: SOURCE,
        stream: &AUDIT_LOGS,
        records,
        rejects: Vec::new(),
        first_load: 1,
        withheld: &Withheld::default(),
    };
    let new = lake.classify(incoming).await.expect("it is read");
    (new, store.take().get("data").copied().unwrap_or_default().requests)
}

/// As the lists of resources bring them: every load has records of the whole time, half of which the lake holds. The second
/// half of the loads is another run.
#[test]
fn loads_whose_records_are_of_all_times_read_no_file_again_and_again() {
    const LOADS: usize = 24;
    const FIRST_RUN: usize = LOADS / 2;
    let store = Arc::new(Counting::default());
    let runtime = Runtime::new().expect("threads");
    let end = Timestamp::UNIX_EPOCH.as_microsecond() + 20_000 * 86_400_000_000;
    let all: Vec<Record> = (0..3).flat_map(|month| records(month, 400, end)).collect();
    let load = |number: usize| -> Vec<Record> {
        let place = |at: &usize| [number, number + 1].contains(&(at % (LOADS + 1)));
        (0..all.len()).filter(place).map(|at| all[at].clone()).collect()
    };
    let mut reads = Vec::new();
    runtime.block_on(async {
        let opened = || Lake::open_on(Arc::clone(&store) as Arc<dyn ObjectStore>);
        let mut lake = opened().await.expect("a lake");
        for number in 0..LOADS {
            if number == FIRST_RUN {
                lake = opened().await.expect("a lake");
            }
            let (new, requests) = classified(&mut lake, &store, load(number)).await;
            reads.push(requests);
            let known = if number == 0 { 0 } else { all.len() / (LOADS + 1) };
            assert_eq!(
                new.counts.duplicates,
                u64::try_from(known).expect("few"),
                "load {number}"
            );
            commit(&mut lake, &new.records, end).await;
        }
    });
    let (first, second) = reads.split_at(FIRST_RUN);
    assert!(
        first.iter().all(|read| *read == 0),
        "a run knows what it wrote: {reads:?}"
    );
    assert!(second[0] > 0, "it does not know what another wrote: {reads:?}");
    assert_eq!(second[FIRST_RUN - 1], 0, "what it has read it knows: {reads:?}");
}

/// A run reads what it wrote only where a record says something else than what it remembers.
#[test]
fn another_content_under_a_remembered_id_is_held_against_its_file() {
    let store = Arc::new(Counting::default());
    let end = Timestamp::UNIX_EPOCH.as_microsecond() + 20_000 * 86_400_000_000;
    let all = records(0, 100, end);
    let changed = |number: usize| {
        let raw = all[number].raw.replace("edited", "changed");
        let read = Layouts::of(&AUDIT_LOGS).read(0, raw.as_bytes(), Micros::MAX).remove(0);
        read.unwrap_or_else(|reject| panic!("{}", reject.reason))
    };
    Runtime::new().expect("threads").block_on(async {
        let mut lake = Lake::open_on(Arc::clone(&store) as Arc<dyn ObjectStore>)
            .await
            .expect("a lake");
        commit(&mut lake, &all, end).await;
        let (new, requests) = classified(&mut lake, &store, vec![changed(3), all[4].clone()]).await;
        assert_eq!(
            (new.counts.revisions, new.counts.duplicates, new.counts.stored),
            (1, 1, 1)
        );
        assert!(requests > 0);
        commit(&mut lake, &new.records, end).await;
        // Both contents are remembered now, each in the file of its own load.
        let (new, requests) = classified(&mut lake, &store, vec![all[3].clone(), changed(3)]).await;
        assert_eq!((new.counts.duplicates, new.counts.stored, requests), (2, 0, 0));
        assert!(!new.met_known, "they are of this run");
        let mixed = vec![changed(5), all[5].clone(), changed(5)];
        let (new, _) = classified(&mut lake, &store, mixed).await;
        assert_eq!((new.counts.revisions, new.counts.duplicates), (1, 2));
        assert!(new.new_keys.is_empty());
    });
}
