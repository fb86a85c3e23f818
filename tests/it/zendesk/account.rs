//! A simulated Zendesk account and a judge of what a reading of it tells. Apart from the tests, which say what is read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use trailhouse::coverage::{Gap, Span};
use trailhouse::http::{Client, Settings};
use trailhouse::pull::windows::{Windowed, cut};
use trailhouse::pull::{Event, Flow, PullError, Trust};
use trailhouse::schema::{DAY, Micros, SECOND, parse_time};
use trailhouse::simulator::TOKEN;
use trailhouse::simulator::zendesk::history::{self, History};
use trailhouse::simulator::zendesk::truth::stable;
use trailhouse::simulator::zendesk::{Running, ZendeskSimulator};
use trailhouse::source::{Auth, Limits, Pagination, Secret};

pub(super) const BOTH: [Pagination; 2] = [Pagination::Cursor, Pagination::Offset];

pub(super) fn end_at() -> Timestamp {
    "2026-06-30T15:00:00Z".parse().expect("a time")
}

/// The end of the history, as the loader counts.
pub(super) fn end() -> Micros {
    end_at().as_microsecond()
}

pub(super) fn account(seed: u64, events: usize) -> ZendeskSimulator {
    ZendeskSimulator::new(History::draw(&history::Settings::new(seed, events, 30, end_at())))
}

pub(super) fn client(running: &Running) -> Arc<Client> {
    let milli = Duration::from_millis(1);
    let client = Client::new(Settings {
        limits: Limits {
            backoff: milli,
            attempts: 5,
            retry_base: milli,
            retry_cap: milli,
            ..Limits::default()
        },
        ..Settings::new(
            running.base_url().parse().expect("an address"),
            Auth::Bearer(Secret::new(TOKEN.to_owned())),
        )
    });
    Arc::new(client.expect("a client"))
}

pub(super) fn list(client: &Arc<Client>, pagination: Pagination) -> Windowed {
    Windowed {
        client: Arc::clone(client),
        path: "/api/v2/audit_logs",
        rows: "audit_logs",
        order_key: "created_at",
        filter: Vec::new(),
        pagination,
        max_in_flight: 4,
    }
}

/// What a reading told, checked as it came.
pub(super) struct Told {
    pub(super) rows: BTreeMap<i64, Value>,
    pub(super) proven: Vec<Span>,
    pub(super) missing: Vec<Gap>,
    pub(super) result: Result<(), PullError>,
}

pub(super) fn key_of(row: &Value) -> Micros {
    row["created_at"].as_str().and_then(parse_time).expect("a time")
}

pub(super) fn matches(filter: &[(String, String)], row: &Value) -> bool {
    let mut columns: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in filter {
        let column = name.trim_start_matches("filter[").split(']').next().expect("a column");
        columns.entry(column).or_default().push(value);
    }
    columns.iter().all(|(column, values)| {
        let value = &row[*column];
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        values.contains(&text.as_str())
    })
}

/// Reads windows. Whatever the service showed when the reading began and lies in a span that is said to be proven must have
/// been handed on before, exactly as it is.
pub(super) async fn read(running: &Running, list: &Windowed, windows: &[Span]) -> Told {
    let truth = running.truth().stable();
    let asked = truth.iter().filter(|(_, row)| matches(&list.filter, row));
    let mut expected: Vec<(Micros, i64)> = asked.map(|(id, row)| (key_of(row), *id)).collect();
    expected.sort_unstable();
    let mut told = Told {
        rows: BTreeMap::new(),
        proven: Vec::new(),
        missing: Vec::new(),
        result: Ok(()),
    };
    let mut take = async |event: Event| {
        match event {
            Event::Rows { rows, .. } => {
                for row in rows {
                    let row: Value = serde_json::from_slice(&row).expect("a row");
                    told.rows.insert(row["id"].as_i64().expect("an id"), stable(&row));
                }
            }
            Event::Proven { span, trust } => {
                let trusted = trust == Trust::Still;
                assert!(trusted);
                let from = expected.partition_point(|(key, _)| *key < span.from);
                let inside = expected.iter().skip(from).take_while(|(key, _)| *key < span.to);
                let mut lost = inside.filter(|(_, id)| !told.rows.contains_key(id));
                assert_eq!(lost.next(), None, "{span:?}");
                told.proven.push(span);
            }
            Event::Missing(gap) => told.missing.push(gap),
            other => panic!("{other:?}"),
        }
        Ok(Flow::On)
    };
    let result = list.read(windows, &mut take).await;
    told.result = result;
    let shown = running.truth().stable();
    for (id, row) in &told.rows {
        assert_eq!(Some(row), shown.get(id));
    }
    told
}

/// Reads windows that can all be read in full.
pub(super) async fn read_whole(running: &Running, list: &Windowed, windows: &[Span]) -> BTreeMap<i64, Value> {
    let told = read(running, list, windows).await;
    told.result.expect("a good end");
    assert_eq!(told.missing, []);
    assert_eq!(joined(&told.proven), joined(windows));
    told.rows
}

pub(super) fn joined(spans: &[Span]) -> Vec<(Micros, Micros)> {
    let mut sorted: Vec<_> = spans.iter().map(|span| (span.from, span.to)).collect();
    sorted.sort_unstable();
    let mut merged: Vec<(Micros, Micros)> = Vec::new();
    for (from, to) in sorted {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

pub(super) fn month() -> Span {
    Span::new(end() - 31 * DAY, end() + SECOND)
}

pub(super) fn windows() -> Vec<Span> {
    cut(month(), 12)
}
