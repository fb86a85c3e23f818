//! Either simulated service behind one face, so that one history and one judge serve both.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use trailhouse::simulator::bad::Bad;
use trailhouse::simulator::clock::Clock;
use trailhouse::simulator::faults::FaultPlan;
use trailhouse::simulator::listing::sightings::{Sighting, Sort};
use trailhouse::simulator::script::{Change, Script};
use trailhouse::simulator::workspace::Workspace;
use trailhouse::simulator::zendesk::history::{self, Standing};
use trailhouse::simulator::zendesk::{self, ZendeskSimulator, script};
use trailhouse::simulator::{Running, Simulator};
use trailhouse::source::{self, Auth, Limits, Pagination, Secret, Source};
use trailhouse::warehouse::Cell;

use super::draw::{History, Kind, Turn};
use super::nature;

pub(crate) const SOURCE: &str = "acme";

/// A service that listens.
pub(crate) enum Service {
    Secoda(Running),
    Zendesk(zendesk::Running),
}

/// What a record should be in the warehouse: by `id` and order key, the columns that `Service::columns` names, once for each
/// state that has this key.
pub(crate) type Shown = BTreeMap<(String, i64), Vec<Vec<Cell>>>;

/// Where the warehouse has the records of a sort.
pub(crate) struct Columns {
    pub(crate) view: &'static str,
    pub(crate) stream: &'static str,
    /// The order key.
    pub(crate) key: &'static str,
    /// Columns that come from the record alone.
    pub(crate) columns: &'static str,
}

impl Service {
    pub(crate) async fn start(history: &History) -> Service {
        let clock = Clock::fixed(history.begins_at());
        match &history.kind {
            Kind::Secoda(switches) => {
                let simulator = Simulator {
                    switches: switches.clone(),
                    clock,
                    ..Simulator::new(Workspace::draw(&history.settings))
                };
                Service::Secoda(simulator.start(0).await.expect("the simulator listens"))
            }
            Kind::Zendesk(switches, _) => {
                let of = &history.settings;
                let settings = history::Settings {
                    late_per_mille: of.late_per_mille,
                    latest: of.latest,
                    ..history::Settings::new(of.seed, of.events, of.days, of.end_at)
                };
                let simulator = ZendeskSimulator {
                    switches: switches.clone(),
                    clock,
                    ..ZendeskSimulator::new(history::History::draw(&settings))
                };
                Service::Zendesk(simulator.start(0).await.expect("the simulator listens"))
            }
        }
    }

    /// The account as the loader knows it.
    pub(crate) fn source(&self, history: &History) -> Source {
        let (service, pagination, base_url, token) = match (self, &history.kind) {
            (Service::Secoda(running), _) => (
                &source::secoda::SERVICE,
                Pagination::default(),
                running.base_url(),
                running.token(),
            ),
            (Service::Zendesk(running), Kind::Zendesk(_, pagination)) => (
                &source::zendesk::SERVICE,
                *pagination,
                running.base_url(),
                trailhouse::simulator::TOKEN.to_owned(),
            ),
            (Service::Zendesk(_), Kind::Secoda(_)) => panic!("another service than was drawn"),
        };
        let milli = Duration::from_millis(1);
        Source {
            name: SOURCE.to_owned(),
            service,
            base_url: base_url.parse().expect("an address"),
            auth: Auth::Bearer(Secret::new(token)),
            credentials: None,
            streams: if history.has_all_streams {
                service.streams.iter().collect()
            } else {
                vec![&service.streams[0]]
            },
            account: "history".to_owned(),
            filters: BTreeMap::new(),
            dates: None,
            pagination,
            retention_days: matches!(self, Service::Secoda(_)).then_some(90),
            settle: Duration::from_secs(300),
            finality: Duration::from_secs(86_400),
            limits: Limits {
                max_in_flight: history.in_flight,
                timeout: Duration::from_secs(5),
                backoff: milli,
                attempts: 5,
                retry_base: milli,
                retry_cap: Duration::from_millis(4),
                ..Limits::default()
            },
            ca_pem: None,
            proxy: None,
        }
    }

    pub(crate) fn clock(&self) -> Clock {
        match self {
            Service::Secoda(running) => running.clock(),
            Service::Zendesk(running) => running.clock(),
        }
    }

    /// Requests so far.
    pub(crate) fn asked(&self) -> u64 {
        let seen = match self {
            Service::Secoda(running) => running.requests().len(),
            Service::Zendesk(running) => running.requests().len(),
        };
        u64::try_from(seen).expect("small")
    }

    pub(crate) fn apply(&self, change: &Change) {
        match self {
            Service::Secoda(running) => running.apply(change),
            Service::Zendesk(running) => {
                if let Some(change) = of_zendesk(change) {
                    running.apply(&change);
                }
            }
        }
    }

    pub(crate) fn turn(&self, turn: &Turn) {
        let Service::Secoda(running) = self else { return };
        running.turn(|switches| match turn.clone() {
            Turn::PageSize(size) => switches.page_size = size,
            Turn::NextPage(next) => switches.next_page = next,
            Turn::PastTheEnd(past) => switches.past_the_end = past,
            Turn::Shape(shape) => switches.shape = shape,
        });
    }

    /// What happens from the next request on, counted from 1.
    pub(crate) fn set_script(&self, during: &[(u64, Change)]) {
        match self {
            Service::Secoda(running) => {
                let steps = during.iter().cloned();
                running.set_script(steps.fold(Script::none(), |script, (at, change)| script.before(at, change)));
            }
            Service::Zendesk(running) => {
                let steps = during
                    .iter()
                    .filter_map(|(at, change)| Some((*at, of_zendesk(change)?)));
                running.set_script(steps.fold(Script::none(), |script, (at, change)| script.before(at, change)));
            }
        }
    }

    pub(crate) fn set_faults(&self, faults: FaultPlan) {
        match self {
            Service::Secoda(running) => running.set_faults(faults),
            Service::Zendesk(running) => running.set_faults(faults),
        }
    }

    /// Faults that come and go, as the service has them.
    pub(crate) fn transient(&self, seed: u64, per_mille: u64) -> FaultPlan {
        match self {
            Service::Secoda(_) => FaultPlan::transient(seed, per_mille),
            Service::Zendesk(_) => FaultPlan::drawn(seed, per_mille, zendesk::transient_faults()),
        }
    }

    pub(crate) fn revoke(&self, is_revoked: bool) {
        match self {
            Service::Secoda(running) => running.revoke_key(is_revoked),
            Service::Zendesk(running) => running.revoke(is_revoked),
        }
    }

    /// The key finds nothing that is there now, or all again.
    pub(crate) fn demote(&self, is_demoted: bool) {
        match self {
            Service::Secoda(running) => running.turn(|switches| switches.sees_nothing = is_demoted),
            Service::Zendesk(running) => running.apply(&zendesk::script::Change::See(
                is_demoted.then_some(SignedDuration::ZERO),
            )),
        }
    }

    /// What is listed now of a sort, each with the revisions of logs that tell of it.
    pub(crate) fn in_reach(&self, sort: Sort) -> BTreeMap<Sighting, Vec<Sighting>> {
        match self {
            Service::Secoda(running) => {
                let mut age = None;
                running.turn(|switches| age = nature::age(switches, sort));
                running.in_reach(sort, age)
            }
            Service::Zendesk(running) => {
                let reach = running.in_reach().into_iter();
                reach.map(|sighting| (sighting, vec![sighting])).collect()
            }
        }
    }

    pub(crate) fn sighted(&self, sort: Sort) -> BTreeSet<Sighting> {
        match self {
            Service::Secoda(running) => running.sighted(sort),
            Service::Zendesk(running) => running.sighted(),
        }
    }

    pub(crate) fn id_of(&self, sort: Sort, row: u32) -> Option<String> {
        match self {
            Service::Secoda(running) => running.id_of(sort, row),
            Service::Zendesk(running) => Some(running.id_of(row).to_string()),
        }
    }

    pub(crate) fn resource_of(&self, row: u32) -> Option<String> {
        match self {
            Service::Secoda(running) => running.resource_of(row),
            Service::Zendesk(_) => None,
        }
    }

    /// The resources whose lists under this path were asked for since so many requests.
    pub(crate) fn resources_asked(&self, path: &str, since: u64) -> BTreeSet<String> {
        let Service::Secoda(running) = self else {
            return BTreeSet::new();
        };
        let requests = running
            .requests_after(usize::try_from(since).expect("small"))
            .into_iter();
        let targets = requests
            .map(|request| request.target)
            .filter(|target| target.starts_with(path));
        let resource = |target: String| Some(target.split_once("resource_id=")?.1.split('&').next()?.to_owned());
        targets.filter_map(resource).collect()
    }

    /// All that was ever within reach of a sort, and how many records of its stream no client can read.
    pub(crate) fn shown(&self, sort: Sort) -> (Shown, usize) {
        match self {
            Service::Secoda(running) => {
                let truth = running.truth();
                let (records, key, content): (_, _, fn(&Value) -> Vec<Cell>) = match sort {
                    Sort::Audit => (&truth.revisions, "updated_at", activity),
                    Sort::Logs => (&truth.resource_logs, "updated_at", activity),
                    Sort::Versions => (&truth.version_histories, "updated_at", version),
                    Sort::Notices => (&truth.notifications, "created_at", notice),
                };
                let rejects = match sort {
                    Sort::Audit => truth.rejects.len(),
                    Sort::Logs => truth.resource_rejects.len(),
                    Sort::Versions | Sort::Notices => 0,
                };
                let mut shown = Shown::new();
                for (id, records) in records {
                    for record in records {
                        let contents = shown.entry((id.clone(), time(&record[key]))).or_default();
                        contents.push(content(record));
                    }
                }
                (shown, rejects)
            }
            Service::Zendesk(running) => {
                let truth = running.truth();
                let records = truth.records.iter();
                let shown =
                    records.map(|(id, record)| ((id.to_string(), time(&record["created_at"])), vec![entry(record)]));
                (shown.collect(), truth.rejects.len())
            }
        }
    }

    /// Where the warehouse has the records of a sort.
    pub(crate) fn columns(&self, sort: Sort) -> Columns {
        let activity = "activity_type, performer_id, resource_id, parent_id, logged_at, created_at";
        let [view, stream, key, columns] = match (self, sort) {
            (Service::Zendesk(_), _) => [
                "zendesk_audit_logs",
                "audit_logs",
                "created_at",
                "action, source_type, ip_address, actor_id, source_id",
            ],
            (_, Sort::Audit) => ["activity_logs", "audit_logs", "updated_at", activity],
            (_, Sort::Logs) => ["activity_logs", "resource_logs", "updated_at", activity],
            (_, Sort::Versions) => [
                "version_histories",
                "resource_logs",
                "updated_at",
                "resource_id, array_to_string(activity_log_ids, ' '), created_at, latest_activity_logged_at",
            ],
            (_, Sort::Notices) => ["notifications", "notifications", "created_at", "event, resource_id"],
        };
        Columns {
            view,
            stream,
            key,
            columns,
        }
    }
}

/// The same happening in an account whose rows never change.
fn of_zendesk(change: &Change) -> Option<script::Change> {
    let whole = |age: &SignedDuration| SignedDuration::from_secs(age.as_secs());
    let standing = |age: &SignedDuration| {
        if age.as_secs() % 2 == 0 {
            Standing::Lower
        } else {
            Standing::Higher
        }
    };
    Some(match change {
        Change::Arrive(count) => script::Change::Arrive(*count),
        Change::Surface(age) => script::Change::Surface(whole(age), standing(age)),
        Change::Advance(by) => script::Change::Advance(whole(by)),
        Change::Revise(_) => script::Change::Burst(SignedDuration::from_secs(40), 130),
        Change::Plant(bad, age) => script::Change::Plant(
            match bad {
                Bad::NoId => zendesk::bad::Bad::NoId,
                Bad::ImpossibleTime => zendesk::bad::Bad::ImpossibleTime,
                Bad::NoOrderKey => zendesk::bad::Bad::NoTime,
                Bad::AncientTime => zendesk::bad::Bad::AncientTime,
                Bad::NotAnObject => zendesk::bad::Bad::NotAnObject,
                Bad::NullMetadata => zendesk::bad::Bad::AllNull,
                _ => zendesk::bad::Bad::WrongTypes,
            },
            whole(age),
        ),
        _ => return None,
    })
}

fn text(value: &Value) -> Cell {
    value.as_str().map_or(Cell::Null, |text| Cell::Text(text.to_owned()))
}

fn activity(record: &Value) -> Vec<Cell> {
    let texts = ["activity_type", "performer_id", "resource_id", "parent_id"].map(|name| text(&record[name]));
    let times = ["logged_at", "created_at"].map(|name| Cell::Timestamp(time(&record[name])));
    texts.into_iter().chain(times).collect()
}

fn entry(record: &Value) -> Vec<Cell> {
    let texts = ["action", "source_type", "ip_address"].map(|name| text(&record[name]));
    let number = |name| {
        record[name]
            .as_i64()
            .map_or(Cell::Null, |number| Cell::Integer(number.into()))
    };
    texts.into_iter().chain(["actor_id", "source_id"].map(number)).collect()
}

fn version(record: &Value) -> Vec<Cell> {
    let logs = record["activity_logs"].as_array().into_iter().flatten();
    let ids: Vec<&str> = logs.filter_map(|log| log["id"].as_str()).collect();
    let times = ["created_at", "latest_activity_logged_at"].map(|name| Cell::Timestamp(time(&record[name])));
    let texts = [text(&record["resource_id"]), Cell::Text(ids.join(" "))];
    texts.into_iter().chain(times).collect()
}

fn notice(record: &Value) -> Vec<Cell> {
    ["event", "resource_id"].map(|name| text(&record[name])).to_vec()
}

fn time(value: &Value) -> i64 {
    let text = value.as_str().expect("a time");
    text.parse::<Timestamp>().expect("a time").as_microsecond()
}
