//! Either simulated service behind one face, so that one history and one judge serve both.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use trailhouse::simulator::bad::Bad;
use trailhouse::simulator::clock::Clock;
use trailhouse::simulator::faults::FaultPlan;
use trailhouse::simulator::listing::sightings::Sighting;
use trailhouse::simulator::script::{Change, Script};
use trailhouse::simulator::workspace::Workspace;
use trailhouse::simulator::zendesk::history::{self, Standing};
use trailhouse::simulator::zendesk::{self, ZendeskSimulator, script};
use trailhouse::simulator::{Running, Simulator};
use trailhouse::source::{self, Auth, Limits, Pagination, Secret, Source};
use trailhouse::warehouse::Cell;

use super::draw::{History, Kind, Turn};

pub(crate) const SOURCE: &str = "acme";

/// A service that listens.
pub(crate) enum Service {
    Secoda(Running),
    Zendesk(zendesk::Running),
}

/// What a record should be in the warehouse: by `id` and order key, the columns that `Service::columns` names.
pub(crate) type Shown = BTreeMap<(String, i64), Vec<Cell>>;

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
            streams: vec![&service.streams[0]],
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

    /// The key finds nothing from now on, or all again; Zendesk knows no such rights.
    pub(crate) fn demote(&self, is_demoted: bool) -> bool {
        match self {
            Service::Secoda(running) => {
                running.turn(|switches| switches.sees_nothing = is_demoted);
                is_demoted
            }
            Service::Zendesk(_) => false,
        }
    }

    pub(crate) fn in_reach(&self) -> BTreeSet<Sighting> {
        match self {
            Service::Secoda(running) => running.in_reach(),
            Service::Zendesk(running) => running.in_reach(),
        }
    }

    pub(crate) fn sighted(&self) -> BTreeSet<Sighting> {
        match self {
            Service::Secoda(running) => running.sighted(),
            Service::Zendesk(running) => running.sighted(),
        }
    }

    pub(crate) fn id_of(&self, row: u32) -> Option<String> {
        match self {
            Service::Secoda(running) => running.id_of(row),
            Service::Zendesk(running) => Some(running.id_of(row).to_string()),
        }
    }

    /// All that was ever within reach, and how many records no client can read.
    pub(crate) fn shown(&self) -> (Shown, usize) {
        match self {
            Service::Secoda(running) => {
                let truth = running.truth();
                let records = truth.revisions.iter().flat_map(|(id, records)| {
                    let record = move |record: &Value| ((id.clone(), time(&record["updated_at"])), activity(record));
                    records.iter().map(record)
                });
                (records.collect(), truth.rejects.len())
            }
            Service::Zendesk(running) => {
                let truth = running.truth();
                let records = truth.records.iter();
                let shown = records.map(|(id, record)| ((id.to_string(), time(&record["created_at"])), entry(record)));
                (shown.collect(), truth.rejects.len())
            }
        }
    }

    /// The view of all revisions, its order key, and the columns that come from the record alone.
    pub(crate) fn columns(&self) -> (&'static str, &'static str, &'static str) {
        match self {
            Service::Secoda(_) => (
                "activity_logs_revisions",
                "updated_at",
                "activity_type, performer_id, resource_id, parent_id, logged_at, created_at",
            ),
            Service::Zendesk(_) => (
                "zendesk_audit_logs_revisions",
                "created_at",
                "action, source_type, ip_address, actor_id, source_id",
            ),
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

fn time(value: &Value) -> i64 {
    let text = value.as_str().expect("a time");
    text.parse::<Timestamp>().expect("a time").as_microsecond()
}
