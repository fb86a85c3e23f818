//! A list walked directly, without lake or warehouse, and judged by the simulator's own truth: quick enough for hundreds of
//! seeds.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use trailhouse::coverage::{Gap, Span};
use trailhouse::http::{Client, Settings};
use trailhouse::pull::{DateFilter, Event, Flow, List, PullError, Trust, Walk};
use trailhouse::schema::Micros;
use trailhouse::simulator::script::{Change, Script};
use trailhouse::source::{Auth, Limits, Secret};

use crate::environment::{Service, TOKEN};

const PATH: &str = "/api/v1/activity_log/audit_logs/";
const SORT: &str = r#"{"field":"updated_at","order":"desc"}"#;

/// How a list is walked.
pub(crate) struct Way {
    pub(crate) in_flight: usize,
    pub(crate) dates: Option<DateFilter>,
    /// What lies at or above this key need not be read again once it is proven down to here.
    pub(crate) jump: Option<(Micros, Micros)>,
    /// Stops once so many rows have come.
    pub(crate) stop_after: usize,
    /// Without the order, as for a list that has none.
    pub(crate) is_ordered: bool,
}

impl Default for Way {
    fn default() -> Self {
        Self {
            in_flight: 4,
            dates: None,
            jump: None,
            stop_after: usize::MAX,
            is_ordered: true,
        }
    }
}

/// What a walk handed on and said.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    /// Keys under which each id came.
    pub(crate) rows: BTreeMap<String, BTreeSet<Micros>>,
    pub(crate) proven: Vec<(Span, Trust)>,
    pub(crate) missing: Vec<Gap>,
    pub(crate) is_ended: bool,
    pub(crate) is_ascending: bool,
    pub(crate) is_unordered: bool,
    pub(crate) caps: Vec<u64>,
    pub(crate) error: Option<PullError>,
    pub(crate) requests: usize,
    /// What the service listed when the walk began.
    before: BTreeMap<String, Micros>,
}

/// The rows listed now with their keys.
pub(crate) fn listed(service: &Service) -> BTreeMap<String, Micros> {
    let latest = service.running.truth().latest();
    let ids = service.running.ids().into_iter();
    ids.filter_map(|id| {
        let key = key(&latest.get(&id)?.to_string())?;
        Some((id, key))
    })
    .collect()
}

fn key(row: &str) -> Option<Micros> {
    let row: serde_json::Value = serde_json::from_str(row).ok()?;
    let at: Timestamp = row["updated_at"].as_str()?.parse().ok()?;
    Some(at.as_microsecond())
}

fn client(service: &Service, in_flight: usize) -> Client {
    let url = service.running.base_url().parse().expect("an address");
    let settings = Settings {
        limits: Limits {
            max_in_flight: in_flight,
            attempts: 2,
            backoff: Duration::from_millis(1),
            timeout: Duration::from_secs(5),
            retry_base: Duration::from_millis(1),
            retry_cap: Duration::from_millis(2),
            ..Limits::default()
        },
        ..Settings::new(url, Auth::Bearer(Secret::new(TOKEN.to_owned())))
    };
    Client::new(settings).expect("a client")
}

/// Walks the audit logs of the service.
pub(crate) fn walk(service: &Service, way: &Way) -> Walked {
    let client = std::sync::Arc::new(client(service, way.in_flight));
    let walk = Walk {
        client: &client,
        list: List {
            path: PATH,
            rows: &["results"],
            order_key: way.is_ordered.then_some("updated_at"),
            query: vec![("sort".to_owned(), SORT.to_owned())],
            dates: way.dates.clone(),
        },
        max_in_flight: way.in_flight,
    };
    let asked_before = service.running.requests().len();
    let mut walked = Walked {
        before: listed(service),
        ..Walked::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let ended = runtime.block_on(walk.run(&mut async |event| Ok(walked.take(event, way))));
    walked.error = ended.err();
    walked.requests = service.running.requests().len() - asked_before;
    walked
}

impl Walked {
    fn take(&mut self, event: Event, way: &Way) -> Flow {
        match event {
            Event::Rows { rows, .. } => {
                for row in &rows {
                    let text = String::from_utf8_lossy(row);
                    let parsed: serde_json::Value = serde_json::from_slice(row).unwrap_or_default();
                    if let (Some(id), Some(key)) = (parsed["id"].as_str(), key(&text)) {
                        self.rows.entry(id.to_owned()).or_default().insert(key);
                    }
                }
            }
            Event::Proven { span, trust } => {
                self.proven.push((span, trust));
                if let Some((from, below)) = way.jump
                    && span.from <= from
                    && span.from > below
                {
                    return Flow::Below(below);
                }
            }
            Event::Missing(gap) => self.missing.push(gap),
            Event::Ended { .. } => self.is_ended = true,
            Event::Ascending => self.is_ascending = true,
            Event::Unordered => {
                self.is_unordered = true;
                self.proven.clear();
            }
            Event::Capped { page, .. } => self.caps.push(page),
            Event::Begun { .. } => {}
        }
        if self.rows.len() >= way.stop_after {
            Flow::Stop
        } else {
            Flow::On
        }
    }

    /// Rows that stood still all the while, lie in what was proven, and never came.
    pub(crate) fn lost(&self, service: &Service) -> Vec<String> {
        let after = listed(service);
        let stable = self.before.iter().filter(|(id, key)| after.get(*id) == Some(key));
        let lost = stable.filter(|(id, key)| {
            let is_proven = self
                .proven
                .iter()
                .any(|(span, _)| span.from <= **key && **key < span.to);
            is_proven && !self.rows.get(*id).is_some_and(|keys| keys.contains(key))
        });
        lost.map(|(id, key)| format!("{id} at {key}")).collect()
    }

    /// Rows that stood still all the while and never came.
    pub(crate) fn unread(&self, service: &Service) -> Vec<Micros> {
        let after = listed(service);
        let stable = self.before.iter().filter(|(id, key)| after.get(*id) == Some(key));
        let unread = stable.filter(|(id, key)| !self.rows.get(*id).is_some_and(|keys| keys.contains(key)));
        unread.map(|(_, key)| *key).collect()
    }

    /// Time that is neither proven nor told as missing, of that from the oldest row on that is still there.
    pub(crate) fn untold(&self, service: &Service) -> Vec<Span> {
        let after = listed(service);
        let stable = self.before.iter().filter(|(id, key)| after.get(*id) == Some(key));
        let oldest = stable.map(|(_, key)| *key).min().unwrap_or(Micros::MAX);
        let mut told: Vec<Span> = self.proven.iter().map(|(span, _)| *span).collect();
        told.extend(self.missing.iter().map(|gap| gap.span));
        told.sort_by_key(|span| span.from);
        let (mut untold, mut at) = (Vec::new(), oldest);
        for span in told {
            if span.from > at {
                untold.push(Span::new(at, span.from));
            }
            at = at.max(span.to);
        }
        if at < Micros::MAX {
            untold.push(Span::new(at, Micros::MAX));
        }
        untold
    }

    /// Nothing proven was lost, nothing is left unsaid, and what was not read is told as missing.
    #[track_caller]
    pub(crate) fn assert_sound(&self, service: &Service, what: &str) {
        let lost = self.lost(service);
        assert!(lost.is_empty(), "{what}: lost {lost:?}\n{}", self.story());
        if self.error.is_none() {
            assert!(self.is_ended, "{what}: no end\n{}", self.story());
            assert_eq!(self.untold(service), [], "{what}\n{}", self.story());
        }
    }

    #[track_caller]
    pub(crate) fn assert_complete(&self, service: &Service, what: &str) {
        self.assert_sound(service, what);
        assert!(self.error.is_none(), "{what}: {}", self.story());
        assert!(self.missing.is_empty(), "{what}: {}", self.story());
        assert!(
            self.unread(service).is_empty(),
            "{what}: unread {:?} {}",
            self.unread(service),
            self.story()
        );
    }

    pub(crate) fn story(&self) -> String {
        format!(
            "{} requests, {} rows, missing {:?}, error {:?}",
            self.requests,
            self.rows.len(),
            self.missing,
            self.error.as_ref().map(ToString::to_string)
        )
    }
}

/// A change that is made before every request of a stretch.
pub(crate) fn every(script: Script, requests: std::ops::RangeInclusive<u64>, change: &Change) -> Script {
    requests.fold(script, |script, number| script.before(number, change.clone()))
}
