//! A service on a real socket: hands requests to it, and sends its answers with what goes wrong on the way.
//! Apart from the services, which know nothing of connections.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{
    ACCEPT_ENCODING, ALLOW, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE, HOST, HeaderName,
    LOCATION, RETRY_AFTER,
};
use axum::http::request::Parts;
use axum::http::response::Builder;
use axum::response::Response;
use futures::stream::{self, StreamExt};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::faults::Fault;
use super::gzip::pack;
use super::service::Answer;
use super::wire::{Cut, Door};

/// How long what was sent may take to leave before the connection is cut.
const FLUSH: Duration = Duration::from_millis(20);
/// The timer wakes at the next whole millisecond: by so much too late in the mean.
const ROUNDING: Duration = Duration::from_micros(500);
/// How long open connections may take to end.
const CLOSING: Duration = Duration::from_secs(1);

/// Bodies of requests are read up to this size; a longer one counts as empty.
const BODY_AT_MOST: usize = 64 * 1024;

/// A request as a service sees it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub method: &'a str,
    /// Path and query as sent.
    pub target: &'a str,
    /// The header `Authorization` as sent.
    pub authorization: Option<&'a str>,
    /// The header `Host` as sent.
    pub host: &'a str,
    pub body: &'a [u8],
}

/// Takes one request and decides its whole answer.
pub type Take<S> = fn(&mut S, Asked<'_>) -> Answer;

/// A service that listens; it ends when this is dropped.
#[derive(Debug)]
pub struct Server<S> {
    pub address: SocketAddr,
    service: Arc<Mutex<S>>,
    closing: oneshot::Sender<Infallible>,
    task: JoinHandle<()>,
}

/// What a request is answered from.
struct Counter<S> {
    service: Arc<Mutex<S>>,
    take: Take<S>,
}

impl<S: Send + 'static> Server<S> {
    /// Serves on the loopback address; port 0 takes a free one.
    pub async fn open(service: S, take: Take<S>, port: u16) -> io::Result<Server<S>> {
        let door = Door::open(port).await?;
        let address = door.address()?;
        let service = Arc::new(Mutex::new(service));
        let (closing, closed) = oneshot::channel();
        let counter = Counter {
            service: Arc::clone(&service),
            take,
        };
        let router = Router::new().fallback(answer).with_state(Arc::new(counter));
        let app = router.into_make_service_with_connect_info::<Cut>();
        let task = tokio::spawn(async move {
            let until = async move { closed.await.map_or((), |never: Infallible| match never {}) };
            if let Err(error) = axum::serve(door, app).with_graceful_shutdown(until).await {
                tracing::warn!(%error, "the simulator stopped listening");
            }
        });
        Ok(Server {
            address,
            service,
            closing,
            task,
        })
    }

    /// An absolute URL without a last slash.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The service behind it; held only between requests.
    pub fn service(&self) -> MutexGuard<'_, S> {
        lock(&self.service)
    }

    /// Stops listening; open connections get a second to end.
    pub async fn close(self) {
        drop(self.closing);
        let abort = self.task.abort_handle();
        if tokio::time::timeout(CLOSING, self.task).await.is_err() {
            abort.abort();
        }
    }
}

fn lock<S>(service: &Mutex<S>) -> MutexGuard<'_, S> {
    service.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer<S: Send + 'static>(
    State(counter): State<Arc<Counter<S>>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
) -> Response {
    let received_at = Instant::now();
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_AT_MOST).await.unwrap_or_default();
    let asked = Asked {
        method: parts.method.as_str(),
        target: parts.uri.path_and_query().map_or("/", |it| it.as_str()),
        authorization: header(&parts, &AUTHORIZATION),
        host: header(&parts, &HOST).unwrap_or_default(),
        body: &body,
    };
    let accepts_gzip = header(&parts, &ACCEPT_ENCODING).is_some_and(|value| value.contains("gzip"));
    let mut answer = (counter.take)(&mut lock(&counter.service), asked);
    answer.is_packed &= accepts_gzip;
    if answer.is_packed {
        answer.body = pack(&answer.body);
    }
    if !answer.latency.is_zero() {
        sleep_until(received_at + answer.latency.saturating_sub(ROUNDING)).await;
    }
    send(answer, &cut)
}

fn header<'a>(parts: &'a Parts, name: &HeaderName) -> Option<&'a str> {
    parts.headers.get(name).and_then(|value| value.to_str().ok())
}

fn send(mut answer: Answer, cut: &Cut) -> Response {
    let head = head(&answer);
    let body = Bytes::from(std::mem::take(&mut answer.body));
    cut.hide_date(answer.date.is_empty());
    let whole = body.len();
    let half = body.slice(..whole / 2);
    let rest = body.slice(whole / 2..);
    let response = match answer.fault {
        Some(Fault::TruncatedJson) => head.body(Body::from(half)),
        Some(Fault::CutConnection) => {
            let end = stream::once(async {
                tokio::time::sleep(FLUSH).await;
                Err(io::Error::from(io::ErrorKind::ConnectionAborted))
            });
            head.header(CONTENT_LENGTH, whole)
                .body(Body::from_stream(stream::iter([Ok(half)]).chain(end)))
        }
        Some(Fault::Stall(duration)) => {
            let end = stream::once(async move {
                tokio::time::sleep(duration).await;
                Ok::<Bytes, Infallible>(rest)
            });
            head.header(CONTENT_LENGTH, whole)
                .body(Body::from_stream(stream::iter([Ok(half)]).chain(end)))
        }
        Some(Fault::Reset) => {
            cut.reset();
            head.body(Body::empty())
        }
        _ => head.body(Body::from(body)),
    };
    response.unwrap_or_else(|error| Response::new(Body::from(error.to_string())))
}

fn head(answer: &Answer) -> Builder {
    let mut head = Response::builder()
        .status(answer.status)
        .header(DATE, &answer.date)
        .header(CONTENT_TYPE, answer.content_type);
    if answer.is_packed {
        head = head.header(CONTENT_ENCODING, "gzip");
    }
    if let Some(location) = &answer.location {
        head = head.header(LOCATION, location);
    }
    if let Some(wait) = &answer.retry_after {
        head = head.header(RETRY_AFTER, wait);
    }
    if let Some(methods) = answer.allow {
        head = head.header(ALLOW, methods);
    }
    for (name, value) in &answer.headers {
        head = head.header(*name, value);
    }
    head
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use jiff::{SignedDuration, Timestamp};
    use serde_json::Value;

    use super::*;
    use crate::simulator::client::{Got, get};
    use crate::simulator::faults::{FaultPlan, RetryAfter, When};
    use crate::simulator::listing::Pick;
    use crate::simulator::script::{Change, Script};
    use crate::simulator::service::AUDIT_LOGS;
    use crate::simulator::switches::{BeyondCap, Cap, NextPage, PastTheEnd, Switches, Tally, UnknownOperator};
    use crate::simulator::trap::Trap;
    use crate::simulator::workspace::{Settings, Workspace};
    use crate::simulator::{Running, Simulator, TOKEN};

    async fn fetch(running: &Running, query: &str) -> std::io::Result<Got> {
        let (base_url, target) = (running.base_url(), format!("{AUDIT_LOGS}{query}"));
        tokio::task::spawn_blocking(move || get(&base_url, &target, Some(TOKEN)))
            .await
            .unwrap()
    }

    fn simulator(events: usize) -> Simulator {
        let end_at: Timestamp = "2026-06-30T15:00:00Z".parse().unwrap();
        Simulator::new(Workspace::draw(&Settings::new(5, events, 30, end_at)))
    }

    async fn with_switches(events: usize, turn: impl FnOnce(&mut Switches)) -> Running {
        let mut simulator = simulator(events);
        turn(&mut simulator.switches);
        simulator.start(0).await.unwrap()
    }

    async fn with_fault(fault: Fault) -> Running {
        let faults = FaultPlan::once(When::Request(1), fault);
        Simulator {
            faults,
            ..simulator(200)
        }
        .start(0)
        .await
        .unwrap()
    }

    #[tokio::test]
    async fn pages_follow_the_contract_and_make_the_list() {
        let running = simulator(230).start(0).await.unwrap();
        let mut ids = Vec::new();
        for page in 1..=5_usize {
            let got = fetch(
                &running,
                &format!("?page={page}&sort=%7B%22field%22%3A%22updated_at%22%2C%22order%22%3A%22desc%22%7D"),
            )
            .await;
            let got = got.unwrap();
            assert_eq!((got.status, got.is_whole), (200, true));
            assert_eq!(got.header("content-type"), Some("application/json"));
            assert_eq!(got.header("date"), Some("Tue, 30 Jun 2026 15:00:00 GMT"));
            assert_eq!(got.headers.to_lowercase().matches("\ndate:").count(), 1);
            let json = got.json();
            assert_eq!(
                (&json["total_pages"], &json["count"]),
                (&Value::from(5), &Value::from(230))
            );
            assert_eq!(json["meta"]["page"], page);
            let previous = if page > 1 { Value::from(page - 1) } else { Value::Null };
            let next = if page < 5 { Value::from(page + 1) } else { Value::Null };
            assert_eq!(
                (&json["meta"]["previous_page"], &json["meta"]["next_page"]),
                (&previous, &next)
            );
            ids.extend(
                json["results"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|it| it["id"].as_str().unwrap().to_owned()),
            );
        }
        assert_eq!(ids, running.ids());
        assert_eq!(running.truth().revisions, running.truth_served().revisions);
        assert_eq!(running.requests().len(), 5);
        assert_eq!(
            running.requests()[0].authorization.as_deref(),
            Some("Bearer simulated-key-not-a-secret")
        );
        running.stop().await;
    }

    #[tokio::test]
    async fn keys_paths_and_parameters_are_judged() {
        let running = simulator(60).start(0).await.unwrap();
        let base_url = running.base_url();
        let cases = [
            (AUDIT_LOGS, Some("wrong"), 401),
            (AUDIT_LOGS, None, 401),
            ("/api/v1/activity_log/audit_logs?page=2", Some(TOKEN), 301),
            ("/api/v1/nothing/", Some(TOKEN), 404),
            ("/api/v1/activity_log/audit_logs/?page=0", Some(TOKEN), 422),
            ("/api/v1/activity_log/audit_logs/?filter=x", Some(TOKEN), 400),
            ("/api/v1/activity_log/audit_logs/?sort=x", Some(TOKEN), 400),
        ];
        for (target, token, status) in cases {
            let base_url = base_url.clone();
            let got = tokio::task::spawn_blocking(move || get(&base_url, target, token))
                .await
                .unwrap()
                .unwrap();
            assert_eq!(got.status, status, "{target}");
            assert!(!got.json()["detail"].is_null());
            if status == 301 {
                assert_eq!(got.header("location"), Some("/api/v1/activity_log/audit_logs/?page=2"));
            }
        }
        running.turn(|switches| switches.forbidden = true);
        assert_eq!(fetch(&running, "").await.unwrap().status, 403);
        running.revoke_key(true);
        assert_eq!(fetch(&running, "").await.unwrap().status, 401);
    }

    #[tokio::test]
    async fn filters_select_and_unknown_operators_follow_the_switch() {
        let running = simulator(400).start(0).await.unwrap();
        let filter =
            "?filter=%7B%22operator%22%3A%22exact%22%2C%22field%22%3A%22performer_type%22%2C%22value%22%3A%22API%22%7D";
        let json = fetch(&running, filter).await.unwrap().json();
        let expected = running
            .truth()
            .latest()
            .values()
            .filter(|it| it["performer_type"] == "API")
            .count();
        assert_eq!(json["count"], expected);
        assert!(
            expected > 10
                && json["results"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .all(|it| it["performer_type"] == "API")
        );
        let unknown = filter.replace("exact", "gte");
        for (switch, status, count) in [
            (UnknownOperator::BadRequest, 400, None),
            (UnknownOperator::Unprocessable, 422, None),
            (UnknownOperator::Nothing, 200, Some(0)),
            (UnknownOperator::Everything, 200, Some(400)),
        ] {
            running.turn(|switches| switches.unknown_operator = switch);
            let got = fetch(&running, &unknown).await.unwrap();
            assert_eq!((got.status, got.json()["count"].as_u64()), (status, count));
        }
    }

    #[tokio::test]
    async fn switches_change_the_ends_of_the_list() {
        let running = with_switches(230, |switches| switches.next_page = NextPage::Absent).await;
        let last = fetch(&running, "?page=5").await.unwrap().json();
        assert!(last["meta"].get("next_page").is_none());
        let past = fetch(&running, "?page=6").await.unwrap();
        assert_eq!(
            (past.status, past.json()["results"].as_array().unwrap().len()),
            (200, 0)
        );
        running.turn(|switches| switches.past_the_end = PastTheEnd::NotFound);
        assert_eq!(fetch(&running, "?page=6").await.unwrap().status, 404);
        running.turn(|switches| switches.past_the_end = PastTheEnd::RepeatLast);
        assert_eq!(fetch(&running, "?page=6").await.unwrap().json()["meta"]["page"], 5);
        running.turn(|switches| {
            switches.cap = Some(Cap {
                rows: 120,
                beyond: BeyondCap::Empty,
            })
        });
        let rows = |json: &Value| json["results"].as_array().unwrap().len();
        assert_eq!(rows(&fetch(&running, "?page=3").await.unwrap().json()), 20);
        assert_eq!(rows(&fetch(&running, "?page=4").await.unwrap().json()), 0);
        running.turn(|switches| {
            switches.cap = Some(Cap {
                rows: 100,
                beyond: BeyondCap::BadRequest,
            })
        });
        assert_eq!(fetch(&running, "?page=3").await.unwrap().status, 400);
        running.turn(|switches| {
            switches.cap = None;
            switches.count = Tally::Zero;
            switches.total_pages = Tally::Zero;
            switches.next_page = NextPage::Zero;
            switches.page_size_honoured = true;
        });
        let json = fetch(&running, "?page=12&page_size=20").await.unwrap().json();
        assert_eq!(
            (rows(&json), &json["count"], &json["meta"]["next_page"]),
            (10, &Value::from(0), &Value::from(0))
        );
    }

    #[tokio::test]
    async fn a_script_changes_the_list_between_requests() {
        let script = Script::none()
            .before(2, Change::Arrive(3))
            .before(2, Change::Advance(SignedDuration::from_mins(10)))
            .before(3, Change::Delete(Pick::Rank(0)))
            .before(3, Change::Revise(Pick::Rank(100)));
        let running = Simulator {
            script,
            ..simulator(200)
        }
        .start(0)
        .await
        .unwrap();
        let mut counts = Vec::new();
        let mut heads = Vec::new();
        for _ in 0..3 {
            let json = fetch(&running, "").await.unwrap().json();
            counts.push(json["count"].as_u64().unwrap());
            heads.push(json["results"][0]["event_blocks"].to_string());
        }
        assert_eq!(counts, [200, 203, 202]);
        assert!(heads[2].contains("(revision"), "{}", heads[2]);
        assert_eq!(running.truth().revisions.len(), 203);
        assert_eq!(running.truth_served().revisions.len(), 54);
    }

    #[tokio::test]
    async fn statuses_html_redirects_and_revoked_keys_arrive() {
        let body = "slow down".to_owned();
        let running = with_fault(Fault::Status {
            code: 429,
            retry_after: Some(RetryAfter::Seconds(7)),
            body,
        })
        .await;
        let got = fetch(&running, "").await.unwrap();
        assert_eq!(
            (got.status, got.header("retry-after"), got.body.as_slice()),
            (429, Some("7"), b"slow down".as_slice())
        );
        assert_eq!(fetch(&running, "").await.unwrap().status, 200);
        let date = Some(RetryAfter::Date(Duration::from_secs(60)));
        let running = with_fault(Fault::Status {
            code: 503,
            retry_after: date,
            body: String::new(),
        })
        .await;
        assert_eq!(
            fetch(&running, "").await.unwrap().header("retry-after"),
            Some("Tue, 30 Jun 2026 15:01:00 GMT")
        );
        let running = with_fault(Fault::HtmlWith200).await;
        assert_eq!(
            fetch(&running, "").await.unwrap().header("content-type"),
            Some("text/html")
        );
        let trap = Trap::open().await.unwrap();
        let running = with_fault(Fault::RedirectTo(format!("{}/x", trap.base_url()))).await;
        let got = fetch(&running, "").await.unwrap();
        assert_eq!(
            (got.status, got.header("location")),
            (302, Some(format!("{}/x", trap.base_url()).as_str()))
        );
        assert_eq!((trap.requests(), trap.saw_authorization()), (0, false));
        let base_url = trap.base_url();
        tokio::task::spawn_blocking(move || get(&base_url, "/x", Some(TOKEN)))
            .await
            .unwrap()
            .unwrap();
        assert!(trap.saw_authorization());
        let running = with_fault(Fault::KeyRevoked).await;
        assert_eq!(fetch(&running, "").await.unwrap().status, 401);
        assert_eq!(fetch(&running, "").await.unwrap().status, 401);
    }

    #[tokio::test]
    async fn broken_connections_break() {
        let whole = fetch(&simulator(200).start(0).await.unwrap(), "").await.unwrap();
        let running = with_fault(Fault::TruncatedJson).await;
        let got = fetch(&running, "").await.unwrap();
        assert!(got.is_whole && serde_json::from_slice::<Value>(&got.body).is_err() && got.body.len() > 1_000);
        let running = with_fault(Fault::CutConnection).await;
        let got = fetch(&running, "").await.unwrap();
        assert!(
            !got.is_whole && got.body.len() == whole.body.len() / 2,
            "{}",
            got.body.len()
        );
        let running = with_fault(Fault::Reset).await;
        let error = fetch(&running, "").await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        assert_eq!(running.truth_served().revisions.len(), 0);
        assert_eq!(fetch(&running, "").await.unwrap().body, whole.body);
        let running = with_fault(Fault::Stall(Duration::from_millis(80))).await;
        let start = Instant::now();
        let got = fetch(&running, "").await.unwrap();
        assert!(got.is_whole && got.body == whole.body && start.elapsed() >= Duration::from_millis(80));
    }

    #[tokio::test]
    async fn a_client_that_asks_again_reads_everything_under_any_seed() {
        for seed in 0..8 {
            let mut simulator = simulator(300);
            simulator.switches = Switches {
                page_size_honoured: false,
                ..Switches::drawn(seed)
            };
            simulator.faults = FaultPlan::transient(seed, 400);
            let running = simulator.start(0).await.unwrap();
            let mut ids = Vec::new();
            let (mut page, mut failures) = (1_usize, 0);
            loop {
                let got = fetch(&running, &format!("?page={page}")).await;
                let good = got.ok().filter(|got| got.is_whole && got.status == 200);
                let Some(json) = good.and_then(|got| serde_json::from_slice::<Value>(&got.body).ok()) else {
                    failures += 1;
                    assert!(
                        failures <= 3,
                        "seed {seed}: page {page} failed {failures} times in a row"
                    );
                    continue;
                };
                failures = 0;
                ids.extend(
                    json["results"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|it| it["id"].as_str().unwrap().to_owned()),
                );
                if page
                    >= json["total_pages"]
                        .as_u64()
                        .and_then(|pages| usize::try_from(pages).ok())
                        .unwrap()
                {
                    break;
                }
                page += 1;
            }
            let mut expected = running.ids();
            ids.sort();
            expected.sort();
            assert_eq!(ids, expected, "seed {seed}");
            assert_eq!(running.truth_served().revisions, running.truth().revisions);
        }
    }

    #[tokio::test]
    async fn a_drawn_script_repeats_with_its_seed() {
        let mut truths = Vec::new();
        for seed in [1, 1, 2] {
            let running = Simulator {
                script: Script::drawn(seed, 30, true),
                ..simulator(300)
            }
            .start(0)
            .await
            .unwrap();
            for page in 0..30 {
                assert_eq!(
                    fetch(&running, &format!("?page={}", page % 6 + 1))
                        .await
                        .unwrap()
                        .status,
                    200
                );
            }
            truths.push((running.truth(), running.truth_served(), running.ids()));
        }
        assert!(truths[0] == truths[1] && truths[0] != truths[2]);
        let (all, served, _) = &truths[0];
        assert!(all.revisions.len() > 300 && served.revisions.keys().all(|id| all.revisions.contains_key(id)));
    }

    #[tokio::test]
    async fn serve_runs_until_told() {
        let settings = Settings::new(1, 100, 10, "2026-06-30T15:00:00Z".parse().unwrap());
        let (sender, receiver) = oneshot::channel();
        let (told, until) = oneshot::channel();
        let ready = |running: &Running| sender.send(running.base_url()).unwrap();
        let ends = async { until.await.unwrap() };
        let served = tokio::spawn(async move { crate::simulator::serve(&settings, 0, 0, ready, ends).await });
        let base_url = receiver.await.unwrap();
        let got = tokio::task::spawn_blocking(move || get(&base_url, AUDIT_LOGS, Some(TOKEN)))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(got.json()["count"], 100);
        told.send(()).unwrap();
        served.await.unwrap().unwrap();
    }
}
