//! Living through a history: the simulator over loopback, the loader in process on a store in memory. Notes at every sync
//! what was to be seen and what the ledger says afterwards; judges nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;
use trailhouse::coverage::StreamState;
use trailhouse::lake::verify::Finding;
use trailhouse::lake::{Home, Lake};
use trailhouse::load::{self, Outcome, Progress, Run, follow};
use trailhouse::simulator::clock::Clock;
use trailhouse::simulator::faults::{Fault, FaultPlan, When, detail};
use trailhouse::simulator::listing::sightings::{Sighting, Sort};
use trailhouse::simulator::script::Change;
use trailhouse::simulator::service::{RESOURCE_LOGS, RESOURCE_NOTIFICATIONS};
use trailhouse::source::Source;
use trailhouse::warehouse::{self, Cell, Warehouse, Workplace};

use super::draw::{History, Moment, Trouble};
use super::service::{Columns, SOURCE, Service, Shown};
use super::store::Frail;

/// One sync as a witness saw it, of the records of one sort.
#[derive(Debug)]
pub(crate) struct Synced {
    /// By the service's clock, when the sync began.
    pub(crate) began_at: i64,
    /// The same moment by the loader's clock.
    pub(crate) loader_at: i64,
    /// Listed when the sync began.
    pub(crate) listed: BTreeSet<Sighting>,
    /// Of that, what was still listed when it ended.
    pub(crate) still: BTreeSet<Sighting>,
    /// Of each of these, the revisions of logs that told of it when the sync began.
    pub(crate) told_by: BTreeMap<Sighting, Vec<Sighting>>,
    /// Resources whose lists were asked for.
    pub(crate) asked: BTreeSet<String>,
    /// Stood in a full answer of this sync, and of none before.
    pub(crate) served: BTreeSet<Sighting>,
    /// The newest ledger entry when a later command opens the lake.
    pub(crate) sequence: u64,
    pub(crate) state: Option<StreamState>,
    pub(crate) ended: Ended,
}

/// How a sync ended.
#[derive(Debug, Clone)]
pub(crate) enum Ended {
    /// With an error of the lake, or killed.
    #[expect(dead_code, reason = "told of a failing history")]
    Broken(String),
    /// The run was stopped before.
    NotBegun,
    /// The outcome's error, and what it says needs a look.
    Done {
        error: Option<String>,
        findings: Vec<String>,
    },
}

/// A row of the warehouse, the latest or a superseded one.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) id: String,
    pub(crate) updated_at: i64,
    pub(crate) revision: i128,
    pub(crate) load: i128,
    /// Columns that come from the record alone.
    pub(crate) content: Vec<Cell>,
}

/// What a history came to, as told by the records of one sort.
#[derive(Debug)]
pub(crate) struct Tale {
    pub(crate) sort: Sort,
    pub(crate) syncs: Vec<Synced>,
    pub(crate) ids: BTreeMap<u32, String>,
    /// The resource that each row is about.
    pub(crate) resources: BTreeMap<u32, String>,
    /// All that was ever within reach, with the columns it should have.
    pub(crate) shown: Shown,
    pub(crate) rejects_shown: usize,
    pub(crate) held: Vec<Held>,
    /// Reason and bytes of each reject.
    pub(crate) rejects: Vec<String>,
    /// Every load that does not add up.
    pub(crate) unbalanced: usize,
    /// Ids that the merged table has twice, or not at all.
    pub(crate) unmerged: usize,
    /// How many rows the loads of the stream say they have stored, and how many are there.
    pub(crate) stored: (usize, usize),
    /// What `verify` finds, gaps apart.
    pub(crate) findings: Vec<String>,
    /// The same history told by the records of the other lists.
    pub(crate) others: Vec<Tale>,
}

/// The sorts of record that a history is told by; those of the log first.
fn sorts(history: &History) -> Vec<Sort> {
    let mut sorts = vec![Sort::Audit];
    if history.has_all_streams {
        sorts.extend([Sort::Logs, Sort::Versions, Sort::Notices]);
    }
    sorts
}

/// Lives through a history.
pub(crate) async fn live(history: &History) -> Tale {
    let service = Service::start(history).await;
    let store = Arc::new(Frail::default());
    let mut syncs: Vec<Vec<Synced>> = Vec::new();
    for (number, moment) in (0..).zip(&history.moments) {
        service.clock().advance(moment.pause);
        moment.turn.iter().for_each(|turn| service.turn(turn));
        moment.before.iter().for_each(|change| service.apply(change));
        syncs.push(sync(history, moment, number, &service, &store).await);
    }
    tell(&service, &store, &sorts(history), syncs).await
}

fn faults(history: &History, moment: &Moment, number: u64, service: &Service) -> FaultPlan {
    let status = |code| Fault::Status {
        code,
        retry_after: None,
        body: detail("down"),
    };
    match moment.trouble {
        Trouble::Transient(per_mille) => service.transient(history.seed.wrapping_add(number), per_mille),
        Trouble::Outage { from, is_reset } => {
            let fault = if is_reset { Fault::Reset } else { status(503) };
            FaultPlan::always(When::From(service.asked() + from), fault)
        }
        Trouble::Sick { digit } => FaultPlan::always(When::Target(format!("-4{digit:x}")), status(500)),
        Trouble::Poison { page } => FaultPlan::always(When::Page(page), status(500)),
        _ => FaultPlan::none(),
    }
}

/// What a list shows when a sync begins.
struct Before {
    sort: Sort,
    told_by: BTreeMap<Sighting, Vec<Sighting>>,
    sighted: BTreeSet<Sighting>,
}

async fn sync(history: &History, moment: &Moment, number: u64, service: &Service, store: &Arc<Frail>) -> Vec<Synced> {
    service.set_faults(faults(history, moment, number, service));
    service.set_script(&moment.during);
    service.revoke(moment.trouble == Trouble::Revoked);
    store.plan(match moment.trouble {
        Trouble::Mishap(mishap) => Some(mishap),
        _ => None,
    });
    let look = |sort| Before {
        sort,
        told_by: service.in_reach(sort),
        sighted: service.sighted(sort),
    };
    let mut lists: Vec<Before> = sorts(history).into_iter().map(look).collect();
    if moment.trouble == Trouble::Demoted {
        service.demote(true);
        lists.iter_mut().for_each(|list| list.told_by.clear());
    }
    let (began_at, asked) = (service.clock().now().as_microsecond(), service.asked());
    let wrong_by = match moment.trouble {
        Trouble::WrongClock(by) => i64::try_from(by.as_micros()).expect("micros"),
        _ => 0,
    };
    let (ended, lake) = Box::pin(run(moment, &service.source(history), wrong_by, service.clock(), store)).await;
    service.set_faults(FaultPlan::none());
    service.set_script(&[]);
    service.revoke(false);
    service.demote(false);
    store.plan(None);
    let lake = match lake.filter(|_| ended.is_ok()) {
        Some(lake) => lake,
        None => Lake::open_on(store.clone()).await.expect("the lake opens again"),
    };
    let mut synced = Vec::new();
    for Before {
        sort,
        mut told_by,
        sighted,
    } in lists
    {
        let stream = service.columns(sort).stream;
        let listed = told_by.keys().copied().collect();
        let still = service.in_reach(sort);
        told_by.retain(|sighting, _| still.contains_key(sighting));
        let path = match sort {
            Sort::Audit => None,
            Sort::Logs | Sort::Versions => Some(RESOURCE_LOGS),
            Sort::Notices => Some(RESOURCE_NOTIFICATIONS),
        };
        let resources = path.map(|path| service.resources_asked(path, asked));
        synced.push(Synced {
            began_at,
            loader_at: began_at + wrong_by,
            still: told_by.keys().copied().collect(),
            told_by,
            asked: resources.unwrap_or_default(),
            listed,
            served: service.sighted(sort).difference(&sighted).copied().collect(),
            sequence: lake.sequence(),
            state: lake.state(SOURCE, stream).await.expect("a state"),
            ended: match &ended {
                Err(error) => Ended::Broken(error.clone()),
                Ok(ends) => ends.get(stream).cloned().unwrap_or(Ended::NotBegun),
            },
        });
    }
    synced
}

/// How each stream ended by its name, or why none did.
type Ends = Result<BTreeMap<&'static str, Ended>, String>;

/// One command of the loader.
async fn run(
    moment: &Moment,
    source: &Source,
    wrong_by: i64,
    clock: Clock,
    store: &Arc<Frail>,
) -> (Ends, Option<Lake>) {
    let mut lake = match Lake::open_on(store.clone()).await {
        Ok(lake) => lake,
        Err(error) => return (Err(format!("{error:#}")), None),
    };
    let now = move || clock.now().as_microsecond() + wrong_by;
    let (cancelled, killed) = (AtomicBool::new(false), Notify::new());
    let progress = |progress: &Progress| match moment.trouble {
        Trouble::KilledAt { page } if progress.pages >= page => {
            store.die();
            killed.notify_one();
        }
        Trouble::StoppedAt { page } if progress.pages >= page => cancelled.store(true, Ordering::SeqCst),
        _ => {}
    };
    let run = Run {
        run_id: "history".to_owned(),
        started_at: now(),
        clock: &now,
        progress: &progress,
        cancelled: &cancelled,
        from: None,
        to: None,
    };
    let chosen = [(source.clone(), source.streams.clone())];
    let outcomes = tokio::select! {
        biased;
        () = killed.notified() => return (Err("killed".to_owned()), None),
        outcomes = load::sync(&mut lake, &chosen, &run) => outcomes,
    };
    let told = |outcome: &Outcome| (outcome.stream, ended(outcome));
    let ends = outcomes.map(|outcomes| outcomes.iter().map(told).collect());
    (ends.map_err(|error| format!("{error:#}")), Some(lake))
}

fn ended(outcome: &Outcome) -> Ended {
    match &outcome.error {
        Some(load::StreamError::Lake(error)) => Ended::Broken(format!("{error:#}")),
        error => Ended::Done {
            error: error.as_ref().map(ToString::to_string),
            findings: outcome.findings.clone(),
        },
    }
}

async fn tell(service: &Service, store: &Frail, sorts: &[Sort], syncs: Vec<Vec<Synced>>) -> Tale {
    let folder = super::folder();
    let home = Home {
        dir: folder.path().to_path_buf(),
    };
    store.copy_to(&home.lake()).await;
    let verdict = Lake::open_unchecked(&home).expect("a lake").verify().await;
    let verdict = verdict.expect("the lake can be checked");
    let mut lake = Lake::open(&home).await.expect("a lake");
    let path = home.warehouse();
    let utc = Workplace::of("UTC");
    if let Some(increment) = follow::increment(&mut lake, &path, &utc).await.expect("an increment") {
        tokio::task::block_in_place(|| warehouse::catch_up(&path, &utc, &increment)).expect("a warehouse");
    }
    let mut by_sort: Vec<Vec<Synced>> = sorts.iter().map(|_| Vec::new()).collect();
    for sync in syncs {
        by_sort.iter_mut().zip(sync).for_each(|(syncs, sync)| syncs.push(sync));
    }
    let tales = sorts.iter().zip(by_sort);
    let mut tales = tales.map(|(sort, syncs)| tale(service, &path, *sort, syncs));
    let mut tale = tales.next().expect("the log");
    tale.others = tales.collect();
    let finding = |finding: &Finding| format!("{}: {}", finding.object, finding.what);
    tale.findings = verdict.findings.iter().map(finding).collect();
    tale
}

fn tale(service: &Service, path: &Path, sort: Sort, syncs: Vec<Synced>) -> Tale {
    let sightings = syncs.iter().flat_map(|sync| {
        let told_by = sync.told_by.values().flatten();
        sync.listed.iter().chain(&sync.served).chain(told_by)
    });
    let rows: BTreeSet<u32> = sightings.map(|sighting| sighting.row).collect();
    let ids = rows.iter().filter_map(|row| Some((*row, service.id_of(sort, *row)?)));
    let resources = rows.iter().filter_map(|row| Some((*row, service.resource_of(*row)?)));
    let (shown, rejects_shown) = service.shown(sort);
    let tale = Tale {
        sort,
        ids: ids.collect(),
        resources: resources.collect(),
        shown,
        rejects_shown,
        syncs,
        held: Vec::new(),
        rejects: Vec::new(),
        unbalanced: 0,
        unmerged: 0,
        stored: (0, 0),
        findings: Vec::new(),
        others: Vec::new(),
    };
    if path.exists() {
        read(tale, path, &service.columns(sort))
    } else {
        tale
    }
}

fn read(mut tale: Tale, path: &Path, of: &Columns) -> Tale {
    let Columns {
        view,
        stream,
        key,
        columns,
    } = of;
    let warehouse = Warehouse::open_read_only(path).expect("a warehouse");
    let query = |sql: &str| warehouse.query(sql, &[]).expect("rows").rows;
    let number = |cell: &Cell| match cell {
        Cell::Integer(number) => *number,
        other => panic!("{other:?} is no number"),
    };
    let count = |sql: &str| usize::try_from(number(&query(sql)[0][0])).expect("a count");
    let sql = format!(
        "select id::varchar, {key}, revision, load, {columns} from {view}_revisions \
         where stream = '{stream}' and {key} is not null order by id, revision"
    );
    for row in query(&sql) {
        let (Cell::Text(id), Cell::Timestamp(updated_at)) = (&row[0], &row[1]) else {
            panic!("{row:?} has no id or no time");
        };
        tale.held.push(Held {
            id: id.clone(),
            updated_at: *updated_at,
            revision: number(&row[2]),
            load: number(&row[3]),
            content: row[4..].to_vec(),
        });
    }
    if tale.sort != Sort::Versions {
        let sql =
            format!("select reason || ': ' || left(raw_bytes::varchar, 400) from rejects where stream = '{stream}'");
        tale.rejects = query(&sql).iter().map(|row| format!("{:?}", row[0])).collect();
    }
    let there = [
        "activity_logs",
        "version_histories",
        "notifications",
        "zendesk_audit_logs",
    ]
    .map(|table| {
        count(&format!(
            "select count(*) from {table}_revisions where stream = '{stream}'"
        ))
    });
    tale.stored = (
        count(&format!(
            "select coalesce(sum(stored), 0)::bigint from loads where stream = '{stream}'"
        )),
        there.iter().sum(),
    );
    tale.unmerged = count(&format!(
        "select abs((select count(*) from {view}) - (select count(distinct id) from {view}_revisions))::bigint"
    ));
    // The lists of resources need no order key, so that a log without one is no reject there; it never changes.
    tale.unmerged += count(&format!(
        "select count(*) - count(distinct id) from {view}_revisions where stream = '{stream}' and {key} is null"
    ));
    tale.unbalanced = count("select count(*) from loads where received <> stored + duplicates + rejects + withheld");
    tale
}

/// Changes that make rows vanish or move while they are read.
pub(crate) fn is_moving(change: &Change) -> bool {
    matches!(
        change,
        Change::Arrive(_) | Change::Revise(_) | Change::Delete(_) | Change::Surface(_) | Change::Plant(..)
    )
}
