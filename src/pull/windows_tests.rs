//! Windows against a small scripted list on a real socket, whose rows are known.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::windows::{Newest, Windowed, cut};
use super::{Event, Flow, PullError, Trust};
use crate::coverage::{Gap, Span};
use crate::http::{Client, Settings};
use crate::schema::{DAY, EARLIEST, Micros, SECOND, format_time, parse_time};
use crate::source::{Auth, Limits, Pagination, Secret};

/// How the scripted service departs from the plainest reading of its documentation.
#[derive(Clone, Copy, Default, Debug)]
struct Manner {
    inclusive: (bool, bool),
    ignores_times: bool,
    ignores_actions: bool,
    ignores_sort: bool,
    /// `has_more` stands beside `meta`.
    has_more_outside: bool,
    keeps_next_at_end: bool,
    rows_per_page: usize,
    /// Every so many answers are empty.
    empty_every: usize,
    null_cursor_every: usize,
    repeats_cursor_every: usize,
    /// Every cursor differs, and none leads on.
    stands_still: bool,
    refuses_cursor_every: usize,
    /// Pages that would hold this id fail for ever.
    poison: Option<i64>,
    forbids_after: Option<usize>,
    shuffles_ties: bool,
    lies_about_count: i64,
    hides_count: bool,
    /// Becomes visible with this request, at the very beginning of the list.
    late_at: Option<usize>,
}

struct Service {
    manner: Manner,
    /// Sorted by key and id.
    rows: Mutex<Vec<(Micros, i64)>>,
    requests: Mutex<Vec<String>>,
    base: String,
}

/// Names and values of a query, decoded.
fn pairs(query: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn action_of(id: i64) -> &'static str {
    if id % 3 == 0 { "login" } else { "update" }
}

fn row(key: Micros, id: i64) -> Value {
    json!({"id": id, "created_at": format_time(key), "action": action_of(id), "actor_name": null})
}

impl Service {
    fn answer(&self, query: &str) -> (u16, Value) {
        let number = {
            let mut requests = self.requests.lock().unwrap();
            requests.push(query.to_owned());
            requests.len()
        };
        if self.manner.late_at == Some(number) {
            let mut rows = self.rows.lock().unwrap();
            let first = rows.first().unwrap().0;
            rows.insert(0, (first, i64::MAX));
        }
        if self.manner.forbids_after.is_some_and(|after| number > after) {
            return (403, json!({"error": "Forbidden"}));
        }
        let pairs = pairs(query);
        let mut rows = self.rows.lock().unwrap().clone();
        if let Err(refusal) = self.filter(&pairs, &mut rows) {
            return refusal;
        }
        let value = |name: &str| {
            pairs
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        match value("page[size]") {
            Some(size) => self.keyset(&pairs, rows, size.parse().unwrap(), number),
            None => self.numbered(&pairs, rows, number),
        }
    }

    fn filter(&self, pairs: &[(String, String)], rows: &mut Vec<(Micros, i64)>) -> Result<(), (u16, Value)> {
        let values = |wanted: &str| -> Vec<String> {
            let with_name = pairs.iter().filter(|(name, _)| name == wanted);
            with_name.map(|(_, value)| value.clone()).collect()
        };
        let times: Vec<_> = values("filter[created_at][]")
            .iter()
            .map(|time| parse_time(time).unwrap())
            .collect();
        let (starts, ends) = self.manner.inclusive;
        match times.as_slice() {
            [] => {}
            _ if self.manner.ignores_times => {}
            [from, to] => rows.retain(|(key, _)| {
                let is_after = if starts { key >= from } else { key > from };
                let is_before = if ends { key <= to } else { key < to };
                is_after && is_before
            }),
            _ => return Err((400, json!({"error": "InvalidValue"}))),
        }
        let actions = values("filter[action][]");
        if !actions.is_empty() && !self.manner.ignores_actions {
            rows.retain(|(_, id)| actions.iter().any(|action| action == action_of(*id)));
        }
        Ok(())
    }

    fn keyset(
        &self,
        pairs: &[(String, String)],
        mut rows: Vec<(Micros, i64)>,
        size: usize,
        number: usize,
    ) -> (u16, Value) {
        let manner = &self.manner;
        let value = |name: &str| {
            pairs
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        let is_newest_first = manner.ignores_sort || value("sort").is_none_or(|sort| sort.starts_with('-'));
        if is_newest_first {
            rows.reverse();
        }
        let is_every = |every: usize| every > 0 && number.is_multiple_of(every);
        let mut from = 0;
        if let Some(after) = value("page[after]") {
            if is_every(manner.refuses_cursor_every) {
                return (400, json!({"errors": [{"code": "InvalidPaginationParameter"}]}));
            }
            let mut parts = after.split('.').map(|part| part.parse::<i64>().unwrap());
            let last = (parts.next().unwrap(), parts.next().unwrap());
            from = rows
                .iter()
                .position(|row| if is_newest_first { *row < last } else { *row > last })
                .unwrap_or(rows.len());
        }
        let most = if manner.rows_per_page > 0 {
            size.min(manner.rows_per_page)
        } else {
            size
        };
        let most = if is_every(manner.empty_every) { 0 } else { most };
        let page: Vec<_> = rows.iter().copied().skip(from).take(most).collect();
        if page.iter().any(|(_, id)| Some(*id) == manner.poison) {
            return (500, json!({}));
        }
        let has_more = from + page.len() < rows.len() || manner.stands_still;
        let last = page.last().or(rows.get(from.wrapping_sub(1))).copied();
        let mut cursor = last.map(|(key, id)| format!("{key}.{id}.{number}"));
        if manner.stands_still {
            cursor = Some(format!("0.0.{number}"));
        }
        if is_every(manner.null_cursor_every) {
            cursor = None;
        }
        if is_every(manner.repeats_cursor_every)
            && let Some(after) = value("page[after]")
        {
            cursor = Some(after.to_owned());
        }
        if let (None, true, false) = (&cursor, has_more, is_every(manner.null_cursor_every)) {
            cursor = Some(format!("{}.0.{number}", if is_newest_first { Micros::MAX } else { 0 }));
        }
        let next = cursor
            .as_ref()
            .filter(|_| has_more || manner.keeps_next_at_end)
            .map(|cursor| self.link(pairs, cursor));
        let list: Vec<_> = page.iter().map(|(key, id)| row(*key, *id)).collect();
        let meta = json!({"has_more": has_more, "after_cursor": cursor, "before_cursor": null});
        if manner.has_more_outside {
            return (
                200,
                json!({"audit_logs": list, "has_more": has_more, "meta": {}, "links": {"next": next}}),
            );
        }
        (
            200,
            json!({"audit_logs": list, "meta": meta, "links": {"prev": null, "next": next}}),
        )
    }

    fn link(&self, pairs: &[(String, String)], cursor: &str) -> String {
        let mut link = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in pairs.iter().filter(|(name, _)| name != "page[after]") {
            link.append_pair(name, value);
        }
        link.append_pair("page[after]", cursor);
        format!("{}/api/v2/audit_logs?{}", self.base, link.finish())
    }

    fn numbered(&self, pairs: &[(String, String)], mut rows: Vec<(Micros, i64)>, number: usize) -> (u16, Value) {
        let value = |name: &str| {
            pairs
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        let page: usize = value("page").map_or(1, |page| page.parse().unwrap());
        let size: usize = value("per_page").map_or(100, |size| size.parse().unwrap()).min(100);
        if page > 100 || page * size > 10_000 {
            return (400, json!({"errors": [{"code": "InvalidPaginationDepth"}]}));
        }
        if self.manner.shuffles_ties {
            let mut chance = fastrand::Rng::with_seed(u64::try_from(number).unwrap());
            chance.shuffle(&mut rows);
            rows.sort_by_key(|(key, _)| *key);
        }
        if self.manner.ignores_sort || value("sort_order") == Some("desc") {
            rows.reverse();
        }
        let count = i64::try_from(rows.len()).unwrap() + self.manner.lies_about_count;
        let shown: Vec<_> = rows.iter().copied().skip((page - 1) * size).take(size).collect();
        if shown.iter().any(|(_, id)| Some(*id) == self.manner.poison) {
            return (500, json!({}));
        }
        let next = (page * size < rows.len()).then(|| format!("{}/api/v2/audit_logs?page={}", self.base, page + 1));
        let list: Vec<_> = shown.iter().map(|(key, id)| row(*key, *id)).collect();
        let count = (!self.manner.hides_count).then_some(count);
        (
            200,
            json!({"audit_logs": list, "next_page": next, "previous_page": null, "count": count}),
        )
    }
}

async fn serve(State(service): State<Arc<Service>>, RawQuery(query): RawQuery) -> Response {
    let (status, body) = service.answer(&query.unwrap_or_default());
    (StatusCode::from_u16(status).unwrap(), body.to_string()).into_response()
}

/// Everything a reading told, judged as it came.
#[derive(Default, Debug)]
struct Told {
    ids: BTreeMap<i64, u32>,
    proven: Vec<Span>,
    untrusted: usize,
    missing: Vec<Gap>,
}

struct World {
    service: Arc<Service>,
    client: Arc<Client>,
    pagination: Pagination,
    filter: Vec<(String, String)>,
}

impl World {
    async fn new(manner: Manner, rows: impl IntoIterator<Item = (Micros, i64)>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let mut rows: Vec<_> = rows.into_iter().collect();
        rows.sort_unstable();
        let service = Arc::new(Service {
            manner,
            rows: Mutex::new(rows),
            requests: Mutex::default(),
            base: base.clone(),
        });
        let router = Router::new().fallback(serve).with_state(service.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let milli = std::time::Duration::from_millis(1);
        let settings = Settings {
            limits: Limits {
                attempts: 2,
                backoff: milli,
                retry_base: milli,
                retry_cap: milli,
                ..Limits::default()
            },
            ..Settings::new(base.parse().unwrap(), Auth::Bearer(Secret::new("token".to_owned())))
        };
        Self {
            service,
            client: Arc::new(Client::new(settings).unwrap()),
            pagination: Pagination::Cursor,
            filter: Vec::new(),
        }
    }

    fn offset(mut self) -> Self {
        self.pagination = Pagination::Offset;
        self
    }

    fn list(&self) -> Windowed {
        Windowed {
            client: Arc::clone(&self.client),
            path: "/api/v2/audit_logs",
            rows: "audit_logs",
            order_key: "created_at",
            filter: self.filter.clone(),
            pagination: self.pagination,
            max_in_flight: 4,
        }
    }

    /// Reads windows; whatever is said to be proven must have been handed on by then.
    async fn read(&self, windows: &[Span]) -> (Told, Result<(), PullError>) {
        let truth = self.service.rows.lock().unwrap().clone();
        let mut told = Told::default();
        let read = self
            .list()
            .read(windows, &mut async |event| {
                match event {
                    Event::Rows { rows, .. } => {
                        for row in rows {
                            let row: Value = serde_json::from_slice(&row).unwrap();
                            *told.ids.entry(row["id"].as_i64().unwrap()).or_default() += 1;
                        }
                    }
                    Event::Proven { span, trust } => {
                        let trusted = trust == Trust::Still;
                        told.untrusted += usize::from(!trusted);
                        let inside = truth.iter().filter(|(key, _)| span.from <= *key && *key < span.to);
                        let asked = inside.filter(|(_, id)| self.filter.is_empty() || action_of(*id) == "login");
                        let lost: Vec<_> = asked.filter(|(_, id)| !told.ids.contains_key(id)).collect();
                        assert!(lost.is_empty(), "{span:?}: {lost:?}");
                        told.proven.push(span);
                    }
                    Event::Missing(gap) => told.missing.push(gap),
                    other => panic!("{other:?}"),
                }
                Ok(Flow::On)
            })
            .await;
        (told, read)
    }

    async fn read_whole(&self, windows: &[Span]) -> Told {
        let (told, read) = self.read(windows).await;
        read.unwrap();
        assert_eq!(told.missing, []);
        assert_eq!(union(&told.proven), union(windows));
        told
    }

    fn requests(&self) -> Vec<String> {
        self.service.requests.lock().unwrap().clone()
    }
}

/// Neighbouring and overlapping spans as one.
fn union(spans: &[Span]) -> Vec<Span> {
    let mut sorted = spans.to_vec();
    sorted.sort_by_key(|span| span.from);
    let mut merged: Vec<Span> = Vec::new();
    for span in sorted {
        match merged.last_mut() {
            Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
            _ => merged.push(span),
        }
    }
    merged
}

const START: Micros = 1_700_000_000 * SECOND;

/// So many rows, so many seconds apart, with ids that do not follow the time.
fn rows(count: i64, apart: i64) -> Vec<(Micros, i64)> {
    (0..count)
        .map(|place| {
            (
                START + place * apart * SECOND,
                18_000_000_000_000 + (place * 7919) % count,
            )
        })
        .collect()
}

fn span_of(rows: &[(Micros, i64)]) -> Span {
    Span::new(rows.first().unwrap().0, rows.last().unwrap().0 + SECOND)
}

fn ids(rows: &[(Micros, i64)]) -> BTreeSet<i64> {
    rows.iter().map(|(_, id)| *id).collect()
}

const INCLUSIVE: [(bool, bool); 4] = [(false, false), (false, true), (true, false), (true, true)];

#[tokio::test]
async fn whatever_the_bounds_mean_a_second_is_never_cut() {
    for pagination in [Pagination::Cursor, Pagination::Offset] {
        for inclusive in INCLUSIVE {
            let rows: Vec<_> = (0..700).map(|id| (START + id / 230 * SECOND, id)).collect();
            let mut world = World::new(
                Manner {
                    inclusive,
                    ..Manner::default()
                },
                rows.clone(),
            )
            .await;
            world.pagination = pagination;
            let middle = START + SECOND;
            let told = world
                .read_whole(&[Span::new(START, middle), Span::new(middle, START + 4 * SECOND)])
                .await;
            assert_eq!(told.ids.keys().copied().collect::<BTreeSet<_>>(), ids(&rows));
        }
    }
}

#[tokio::test]
async fn a_backfill_in_many_windows_gives_every_row_and_shares_long_windows() {
    let rows = rows(5_000, 60);
    let world = World::new(Manner::default(), rows.clone()).await;
    let told = world.read_whole(&[span_of(&rows)]).await;
    assert_eq!(told.ids.keys().copied().collect::<BTreeSet<_>>(), ids(&rows));
    assert!(
        told.proven
            .iter()
            .any(|span| span.from > START + 2_000 * 60 * SECOND && told.proven.first() != Some(span))
    );
    assert!(world.requests().len() < 75, "{}", world.requests().len());
    let windows = cut(span_of(&rows), 64);
    assert_eq!(windows.len(), 4);
    world.read_whole(&windows).await;
}

#[test]
fn time_is_cut_into_whole_seconds_of_one_to_thirty_days() {
    let hour = Span::new(START + 1, START + 3_600 * SECOND + 1);
    assert_eq!(cut(hour, 64), [Span::new(START, START + 3_601 * SECOND)]);
    for (days, most, expected) in [(2, 64, 2), (730, 64, 64), (730, 8, 25), (30, 1, 1), (0, 8, 0)] {
        let windows = cut(Span::new(START, START + days * DAY), most);
        assert_eq!(windows.len(), expected, "{days} days in {most}");
        assert!(windows.iter().is_sorted_by(|left, right| left.to == right.from));
    }
    assert_eq!(cut(Span::new(i64::MIN, START), 1).first().unwrap().from, EARLIEST);
}

#[tokio::test]
async fn a_quiet_hour_is_one_request_and_no_failure() {
    let world = World::new(Manner::default(), []).await;
    let hour = Span::new(START, START + 3_600 * SECOND);
    world.read_whole(&[hour]).await;
    assert_eq!(world.requests().len(), 1);
    assert_eq!(
        pairs(&world.requests()[0]),
        [
            ("filter[created_at][]", "2023-11-14T22:13:19Z"),
            ("filter[created_at][]", "2023-11-14T23:13:21Z"),
            ("sort", "created_at"),
            ("page[size]", "100"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

#[tokio::test]
async fn has_more_alone_says_where_the_list_ends() {
    let rows = rows(450, 5);
    let cases = [
        Manner {
            keeps_next_at_end: true,
            ..Manner::default()
        },
        Manner {
            rows_per_page: 7,
            ..Manner::default()
        },
        Manner {
            empty_every: 2,
            ..Manner::default()
        },
    ];
    for manner in cases {
        let world = World::new(manner, rows.clone()).await;
        let told = world.read_whole(&[span_of(&rows)]).await;
        assert_eq!(told.ids.len(), 450, "{manner:?}");
    }
}

#[tokio::test]
async fn has_more_at_the_wrong_level_is_no_end() {
    let manner = Manner {
        has_more_outside: true,
        ..Manner::default()
    };
    let rows = rows(450, 5);
    let world = World::new(manner, rows.clone()).await;
    let (told, read) = world.read(&[span_of(&rows)]).await;
    let text = read.unwrap_err().to_string();
    assert!(text.ends_with("not the documented shape: no `meta.has_more`"), "{text}");
    assert_eq!(told.missing.last().unwrap().span.to, span_of(&rows).to);
    assert!(world.requests().len() < 15);
}

#[tokio::test]
async fn a_cursor_that_is_missing_repeated_or_refused_is_neither_the_end_nor_a_loop() {
    let cases = [
        Manner {
            null_cursor_every: 3,
            ..Manner::default()
        },
        Manner {
            null_cursor_every: 1,
            ..Manner::default()
        },
        Manner {
            repeats_cursor_every: 2,
            ..Manner::default()
        },
        Manner {
            refuses_cursor_every: 4,
            ..Manner::default()
        },
        Manner {
            refuses_cursor_every: 1,
            ..Manner::default()
        },
    ];
    for manner in cases {
        let rows = rows(1_000, 5);
        let world = World::new(manner, rows.clone()).await;
        let told = world.read_whole(&[span_of(&rows)]).await;
        assert_eq!(told.ids.len(), 1_000, "{manner:?}");
    }
}

#[tokio::test]
async fn a_second_that_cannot_be_passed_without_a_cursor_is_named() {
    let mut rows = rows(100, 60);
    rows.extend((0..150).map(|id| (START + 30 * 60 * SECOND, id)));
    rows.sort_unstable();
    let manner = Manner {
        null_cursor_every: 1,
        ..Manner::default()
    };
    let world = World::new(manner, rows.clone()).await;
    let (told, read) = world.read(&[span_of(&rows)]).await;
    let error = read.unwrap_err();
    assert_eq!(
        error.to_string(),
        "window 2023-11-14T22:13:20Z to 2023-11-14T23:52:21Z, page 3: `meta.has_more` says that the list goes on, \
         and `links.next` does not say where"
    );
    let crowded = START + 30 * 60 * SECOND;
    assert_eq!(told.missing[0].span, Span::new(crowded, span_of(&rows).to));
    assert_eq!(union(&told.proven), [Span::new(START, crowded)]);
}

#[tokio::test]
async fn new_cursors_that_lead_nowhere_end() {
    let manner = Manner {
        stands_still: true,
        ..Manner::default()
    };
    let world = World::new(manner, (0..50).map(|id| (START, id))).await;
    let (told, read) = world.read(&[Span::new(START, START + SECOND)]).await;
    assert!(
        read.unwrap_err()
            .to_string()
            .contains("100 answers in a row brought nothing new")
    );
    assert_eq!((told.proven.len(), told.missing.len()), (0, 1));
}

#[tokio::test]
async fn a_boundary_second_with_more_rows_than_a_page_is_passed() {
    let mut rows = rows(300, 5);
    rows.extend((0..1_250).map(|id| (START + 500 * SECOND, id)));
    rows.sort_unstable();
    let world = World::new(Manner::default(), rows.clone()).await;
    let border = START + 500 * SECOND;
    let whole = span_of(&rows);
    let told = world
        .read_whole(&[Span::new(whole.from, border), Span::new(border, whole.to)])
        .await;
    assert_eq!(told.ids.len(), rows.len());
}

#[tokio::test]
async fn filters_that_are_ignored_are_noticed_and_nothing_is_believed() {
    let rows = rows(1_000, 60);
    let window = Span::new(START + 400 * 60 * SECOND, START + 500 * 60 * SECOND);
    for pagination in [Pagination::Cursor, Pagination::Offset] {
        let manner = Manner {
            ignores_times: true,
            ..Manner::default()
        };
        let mut world = World::new(manner, rows.clone()).await;
        world.pagination = pagination;
        let (told, read) = world.read(&[window, Span::new(window.to, window.to + DAY)]).await;
        let text = read.unwrap_err().to_string();
        assert!(
            text.ends_with("page 1: the service ignores filter[created_at]: rows came that were not asked for"),
            "{text}"
        );
        assert_eq!((told.proven, told.missing), (vec![], vec![]));
        assert!(!told.ids.is_empty());
        assert!(world.requests().len() <= 2);

        let manner = Manner {
            ignores_actions: true,
            ..Manner::default()
        };
        let mut world = World::new(manner, rows.clone()).await;
        world.pagination = pagination;
        world.filter = vec![("filter[action][]".to_owned(), "login".to_owned())];
        let (told, read) = world.read(&[window]).await;
        assert!(
            read.unwrap_err()
                .to_string()
                .contains("the service ignores filter[action]")
        );
        assert_eq!(told.proven, []);
    }
}

#[tokio::test]
async fn filters_with_several_values_go_with_every_request() {
    for pagination in [Pagination::Cursor, Pagination::Offset] {
        let rows = rows(900, 5);
        let mut world = World::new(Manner::default(), rows.clone()).await;
        world.pagination = pagination;
        let action = |value: &str| ("filter[action][]".to_owned(), value.to_owned());
        world.filter = vec![action("login"), action("logout")];
        let told = world.read_whole(&[span_of(&rows)]).await;
        assert_eq!(told.ids.len(), 300);
        for request in world.requests() {
            let sent = pairs(&request);
            assert!(world.filter.iter().all(|filter| sent.contains(filter)), "{request}");
        }
    }
}

#[tokio::test]
async fn a_list_that_comes_newest_first_is_believed_at_its_end_only() {
    let manner = Manner {
        ignores_sort: true,
        ..Manner::default()
    };
    let mut rows = rows(450, 5);
    rows.extend((0..150).map(|id| (START + 450 * 5 * SECOND, id)));
    let world = World::new(manner, rows.clone()).await;
    let told = world.read_whole(&[span_of(&rows)]).await;
    assert_eq!(told.proven, [span_of(&rows)]);
}

#[tokio::test]
async fn a_page_that_fails_for_ever_is_a_gap_and_the_other_windows_go_on() {
    let rows = rows(1_000, 600);
    let windows = cut(span_of(&rows), 64);
    let poison = rows[552];
    let manner = Manner {
        poison: Some(poison.1),
        ..Manner::default()
    };
    let world = World::new(manner, rows.clone()).await;
    let (told, read) = world.read(&windows).await;
    read.unwrap();
    let [gap] = told.missing.as_slice() else {
        panic!("{:?}", told.missing)
    };
    assert!(gap.span.from <= poison.0 && poison.0 < gap.span.to && gap.span.from > windows[3].from);
    assert_eq!(gap.span.to, windows[3].to);
    assert_eq!(gap.reason, "page 2: 500 internal server error");
    let mut all = told.proven.clone();
    all.push(gap.span);
    assert_eq!(union(&all), union(&windows));

    let world = World::new(manner, rows.clone()).await.offset();
    let (told, read) = world.read(&windows).await;
    read.unwrap();
    assert_eq!(told.missing[0].span, windows[3]);
}

#[tokio::test]
async fn forbidden_is_not_empty_and_ends_everything() {
    let rows = rows(1_000, 600);
    let manner = Manner {
        forbids_after: Some(6),
        ..Manner::default()
    };
    let world = World::new(manner, rows.clone()).await;
    let (told, read) = world.read(&cut(span_of(&rows), 64)).await;
    let error = read.unwrap_err();
    assert!(error.is_credentials(), "{error}");
    assert_eq!(told.missing, []);
    assert!(!told.proven.is_empty());
    assert!(world.requests().len() <= 12);
}

#[tokio::test]
async fn a_service_that_only_fails_ends_the_reading_soon() {
    let rows: Vec<_> = rows(1_000, 600).into_iter().map(|(key, _)| (key, 5)).collect();
    let manner = Manner {
        poison: Some(5),
        ..Manner::default()
    };
    let world = World::new(manner, rows.clone()).await;
    let windows = cut(Span::new(START, START + 60 * DAY), 60);
    let (told, read) = world.read(&windows).await;
    assert!(read.unwrap_err().to_string().contains("500 internal server error"));
    assert_eq!(told.proven.len() + 3, told.proven.len() + told.missing.len().max(3));
    assert!(world.requests().len() < 20, "{}", world.requests().len());
}

#[tokio::test]
async fn twelve_thousand_rows_in_one_second_are_read_from_both_ends() {
    for inclusive in INCLUSIVE {
        let crowded = START + 100 * SECOND;
        let mut rows = rows(300, 1);
        rows.extend((0..12_000).map(|id| (crowded, id)));
        rows.sort_unstable();
        let world = World::new(
            Manner {
                inclusive,
                ..Manner::default()
            },
            rows.clone(),
        )
        .await
        .offset();
        let told = world.read_whole(&[span_of(&rows)]).await;
        assert_eq!(told.ids.keys().copied().collect::<BTreeSet<_>>(), ids(&rows));
        assert_eq!(told.untrusted, 0);
    }
}

#[tokio::test]
async fn more_rows_in_a_second_than_both_ends_reach_are_a_gap_of_that_second() {
    let crowded = START + 100 * SECOND;
    let mut rows = rows(300, 1);
    rows.extend((0..20_500).map(|id| (crowded, id)));
    rows.sort_unstable();
    let inclusive = (true, true);
    let world = World::new(
        Manner {
            inclusive,
            ..Manner::default()
        },
        rows.clone(),
    )
    .await
    .offset();
    let (told, read) = world.read(&[span_of(&rows)]).await;
    read.unwrap();
    let [gap] = told.missing.as_slice() else {
        panic!("{:?}", told.missing)
    };
    assert_eq!(gap.span, Span::new(crowded, crowded + SECOND));
    assert!(gap.reason.contains("more rows than can be reached"), "{}", gap.reason);
}

#[tokio::test]
async fn offset_pages_are_believed_only_when_rows_and_count_agree() {
    let mut crowd = rows(200, 60);
    crowd.extend((0..250).map(|id| (START + 600 * SECOND, id)));
    crowd.sort_unstable();
    let late = Manner {
        late_at: Some(3),
        ..Manner::default()
    };
    let ties = Manner {
        shuffles_ties: true,
        ..Manner::default()
    };
    for manner in [late, ties] {
        let world = World::new(manner, crowd.clone()).await.offset();
        let told = world.read_whole(&[span_of(&crowd)]).await;
        assert!(ids(&crowd).iter().all(|id| told.ids.contains_key(id)), "{manner:?}");
        assert!(world.requests().len() > 5);
    }
    let manner = Manner {
        lies_about_count: 3,
        ..Manner::default()
    };
    let world = World::new(manner, crowd.clone()).await.offset();
    let (told, read) = world.read(&[span_of(&crowd)]).await;
    assert_eq!(told.proven, []);
    assert!(
        read.unwrap_err()
            .to_string()
            .contains("rows and their count did not agree in 6 readings")
    );
    assert_eq!(world.requests().len(), 6 * 5);
    let manner = Manner {
        hides_count: true,
        ..Manner::default()
    };
    let world = World::new(manner, crowd.clone()).await.offset();
    assert_eq!(world.read_whole(&[span_of(&crowd)]).await.untrusted, 1);
}

#[tokio::test]
async fn the_ends_of_the_list_are_found_even_where_the_sort_is_ignored() {
    let mut crowd = rows(300, 7 * 86_400);
    crowd.truncate(30);
    crowd.extend((0..150).map(|id| (START + 30 * 7 * DAY, id)));
    for pagination in [Pagination::Cursor, Pagination::Offset] {
        for ignores_sort in [false, true] {
            for inclusive in INCLUSIVE {
                let manner = Manner {
                    ignores_sort,
                    inclusive,
                    ..Manner::default()
                };
                let mut world = World::new(manner, crowd.clone()).await;
                world.pagination = pagination;
                let oldest = world.list().oldest().await.unwrap().unwrap();
                assert!(
                    (START - SECOND..=START).contains(&oldest),
                    "{manner:?}: {}",
                    format_time(oldest)
                );
                let Newest { key, rows, service_at } = world.list().newest().await.unwrap();
                assert_eq!(key, Some(START + 30 * 7 * DAY));
                assert!(!rows.is_empty() && service_at.is_some());
                let before = world.list().newest_until(START + 10 * DAY).await.unwrap();
                assert_eq!(before.key, Some(START + 7 * DAY));
            }
        }
        let mut world = World::new(Manner::default(), []).await;
        world.pagination = pagination;
        assert_eq!(world.list().oldest().await.unwrap(), None);
        assert!(world.list().newest().await.unwrap().rows.is_empty());
    }
}

#[tokio::test]
async fn a_caller_that_has_enough_is_left_alone() {
    let rows = rows(1_000, 600);
    let world = World::new(Manner::default(), rows.clone()).await;
    let mut events = 0;
    let stop = async |_| {
        events += 1;
        Ok(Flow::Stop)
    };
    let mut stop = stop;
    world.list().read(&cut(span_of(&rows), 64), &mut stop).await.unwrap();
    assert_eq!(events, 1);
}
