//! The service itself, without its socket: a request in, an answer out. Holds the workspace's list, the switches,
//! the faults, the script and the log of requests; decides in one step, so that requests in flight have an order.

use std::time::Duration;

use jiff::Timestamp;
use url::form_urlencoded;

use super::clock::Clock;
use super::faults::{Arrival, Fault, FaultPlan, RetryAfter, detail};
use super::filter::Refusal;
use super::listing::{Keeping, Listing, Shown};
use super::script::{Change, Script};
use super::switches::{DateHeader, Dialect, Offer, Outage, Shape, Switches};
use super::workspace::{Settings, Workspace};

/// Where audit logs are listed.
pub const AUDIT_LOGS: &str = "/api/v1/activity_log/audit_logs/";
/// Where the logs and versions of one resource are listed.
pub const RESOURCE_LOGS: &str = "/api/v1/activity_log/resource_logs/";
/// Where the notifications of the workspace are listed.
pub const WORKSPACE_NOTIFICATIONS: &str = "/api/v1/notification/workspace/";
/// The same, as one of the published pages has it.
pub const BARE_NOTIFICATIONS: &str = "/notification/workspace/";
/// Where the notifications of one resource are listed.
pub const RESOURCE_NOTIFICATIONS: &str = "/api/v1/notification/resource/";

/// The content type of pages.
pub const JSON: &str = "application/json";

/// A request as it reached the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// From 1, in the order of arrival.
    pub number: u64,
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// The header `Authorization` as sent.
    pub authorization: Option<String>,
    /// The simulator's time.
    pub at: Timestamp,
    /// The status decided on; whether it arrived is the fault's business.
    pub status: u16,
    pub fault: Option<Fault>,
}

/// What goes back.
#[derive(Debug, Default)]
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub location: Option<String>,
    pub retry_after: Option<String>,
    pub allow: Option<&'static str>,
    /// Headers beside those named here.
    pub headers: Vec<(&'static str, String)>,
    /// Empty where the header is absent.
    pub date: String,
    /// In gzip, if the client accepts it.
    pub is_packed: bool,
    pub body: Vec<u8>,
    /// What else is to be done to it on the way.
    pub fault: Option<Fault>,
    pub latency: Duration,
    /// The rows in it, which count as served once it went out in full.
    pub rows: Vec<u32>,
    pub shown: Shown,
}

/// Everything behind the socket.
#[derive(Debug)]
pub struct Service {
    pub listing: Listing,
    pub switches: Switches,
    pub faults: FaultPlan,
    pub script: Script,
    pub clock: Clock,
    pub seen: Vec<Seen>,
    pub is_revoked: bool,
    /// Its own address, for links.
    pub base_url: String,
}

impl Service {
    /// Takes one request and decides its whole answer.
    pub fn take(&mut self, method: &str, target: &str, authorization: Option<&str>) -> Answer {
        let number = u64::try_from(self.seen.len()).unwrap_or(u64::MAX) + 1;
        for change in self.script.due(number) {
            self.apply(&change);
        }
        let now = self.clock.now();
        self.listing.settle(now);
        let arrival = Arrival {
            number,
            target,
            page: asked_page(target),
        };
        let mut fault = self.outage().or_else(|| self.faults.decide(arrival));
        self.is_revoked |= fault == Some(Fault::KeyRevoked);
        let replaced = fault.as_ref().and_then(|fault| replacement(fault, now));
        let mut answer = replaced.unwrap_or_else(|| self.answer(method, target, authorization));
        if fault.is_none() && self.faults.minds_rows() {
            fault = self.faults.decide_rows(&self.listing.shown_ids(&answer.shown));
            let struck = fault.as_ref().and_then(|fault| replacement(fault, now));
            answer = struck.unwrap_or(answer);
        }
        answer.date = date(self.switches.date, now);
        answer.is_packed = self.switches.gzip;
        answer.latency = self.switches.latency;
        answer.fault.clone_from(&fault);
        if matches!(fault, None | Some(Fault::Stall(_))) {
            self.listing.served(std::mem::take(&mut answer.shown));
        }
        self.seen.push(Seen {
            number,
            method: method.to_owned(),
            target: target.to_owned(),
            authorization: authorization.map(str::to_owned),
            at: now,
            status: answer.status,
            fault,
        });
        answer
    }

    /// Makes one change now.
    pub fn apply(&mut self, change: &Change) {
        self.listing.settle(self.clock.now());
        match change {
            Change::Arrive(count) => {
                for _ in 0..*count {
                    self.listing.arrive();
                }
            }
            Change::Revise(pick) => {
                self.listing.revise(pick);
            }
            Change::Delete(pick) => {
                self.listing.remove(pick);
            }
            Change::Surface(age) => {
                self.listing.surface(*age);
            }
            Change::Plant(bad, age) => {
                self.listing.plant(bad, *age);
            }
            Change::Advance(by) => self.listing.settle(self.clock.advance(*by)),
            Change::Retain(days) => {
                self.switches.retention_days = *days;
                self.listing.retain(*days);
            }
            Change::Account(seed) => {
                let settings = Settings {
                    seed: *seed,
                    ..self.listing.workspace.settings.clone()
                };
                let keeping = Keeping::of(&self.switches);
                self.listing = Listing::open(Workspace::draw(&settings), self.clock.now(), keeping);
            }
            Change::PageSize(size) => self.switches.page_size = *size,
        }
    }

    fn answer(&mut self, method: &str, target: &str, authorization: Option<&str>) -> Answer {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let is_let_in =
            !self.is_revoked && authorization.and_then(|it| it.strip_prefix("Bearer ")) == Some(&self.switches.token);
        let whole = format!("{}/", path.trim_end_matches('/'));
        let offer = self.offer(&whole);
        if path != whole && self.switches.slash_redirect && offer != Offer::Absent {
            let query = if query.is_empty() {
                String::new()
            } else {
                format!("?{query}")
            };
            return Answer {
                location: Some(format!("{whole}{query}")),
                ..error(301, "moved permanently")
            };
        }
        if offer == Offer::Absent {
            return error(404, "Not found.");
        }
        if method != "GET" {
            return Answer {
                allow: Some("GET"),
                ..error(405, "Method not allowed.")
            };
        }
        if !is_let_in {
            return error(401, "Invalid token.");
        }
        if self.switches.forbidden || offer == Offer::Forbidden {
            return error(403, "You do not have permission to perform this action.");
        }
        let answer = match whole.as_str() {
            RESOURCE_LOGS => self.resource_logs(query),
            WORKSPACE_NOTIFICATIONS | BARE_NOTIFICATIONS | RESOURCE_NOTIFICATIONS => self.notifications(&whole, query),
            _ => self.audit_logs(query),
        };
        answer.unwrap_or_else(refused)
    }

    /// Differs from answer to answer.
    pub fn salt(&self) -> u64 {
        u64::try_from(self.seen.len()).unwrap_or(0)
    }

    fn outage(&self) -> Option<Fault> {
        Some(match self.switches.outage? {
            Outage::Reset => Fault::Reset,
            Outage::Unavailable => Fault::Status {
                code: 503,
                retry_after: None,
                body: detail("service unavailable"),
            },
        })
    }

    /// What is under a path.
    fn offer(&self, path: &str) -> Offer {
        let switches = &self.switches;
        match path {
            AUDIT_LOGS => Offer::Open,
            RESOURCE_LOGS => switches.resource_logs.offer,
            WORKSPACE_NOTIFICATIONS => switches.notifications.workspace,
            BARE_NOTIFICATIONS => switches.notifications.bare,
            RESOURCE_NOTIFICATIONS => switches.notifications.resource,
            _ => Offer::Absent,
        }
    }

    /// In which form records are told.
    pub fn form(&self) -> (Dialect, Shape) {
        (self.switches.notifications.dialect, self.switches.shape)
    }
}

fn refused(refusal: Refusal) -> Answer {
    match refusal {
        Refusal::BadRequest(text) => error(400, &text),
        Refusal::Unprocessable(text) => {
            let body = serde_json::json!({ "detail": [{ "loc": ["query"], "msg": text, "type": "value_error" }] });
            Answer {
                status: 422,
                content_type: JSON,
                body: body.to_string().into_bytes(),
                ..Answer::default()
            }
        }
    }
}

fn asked_page(target: &str) -> usize {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let mut parameters = form_urlencoded::parse(query.as_bytes());
    parameters
        .find(|(name, _)| name == "page")
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(1)
}

/// The answer that takes the place of the true one.
pub fn replacement(fault: &Fault, now: Timestamp) -> Option<Answer> {
    match fault {
        Fault::Status {
            code,
            retry_after,
            body,
        } => {
            let content_type = match body.chars().next() {
                Some('{') => JSON,
                Some('<') => "text/html",
                _ => "text/plain",
            };
            let retry_after = retry_after.map(|wait| match wait {
                RetryAfter::Seconds(seconds) => seconds.to_string(),
                RetryAfter::Date(after) => http_date(now.checked_add(after).unwrap_or(now)),
            });
            let body = body.clone().into_bytes();
            Some(Answer {
                status: *code,
                content_type,
                retry_after,
                body,
                ..Answer::default()
            })
        }
        Fault::HtmlWith200 => {
            let body = b"<!doctype html><html><body><h1>Down for maintenance</h1></body></html>".to_vec();
            Some(Answer {
                status: 200,
                content_type: "text/html",
                body,
                ..Answer::default()
            })
        }
        Fault::RedirectTo(url) => Some(Answer {
            location: Some(url.clone()),
            ..error(302, "found elsewhere")
        }),
        _ => None,
    }
}

/// An error as the service writes it.
pub fn error(status: u16, text: &str) -> Answer {
    Answer {
        status,
        content_type: JSON,
        body: detail(text).into_bytes(),
        ..Answer::default()
    }
}

/// The header `Date` of an answer of this moment; empty where there is none.
pub fn date(header: DateHeader, now: Timestamp) -> String {
    match header {
        DateHeader::Clock => http_date(now),
        DateHeader::Skewed(by) => http_date(now.saturating_add(by).unwrap_or(now)),
        DateHeader::Absent => String::new(),
    }
}

/// A moment as a header tells it.
pub fn http_date(at: Timestamp) -> String {
    httpdate::fmt_http_date(at.max(Timestamp::UNIX_EPOCH).into())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use jiff::SignedDuration;
    use serde_json::{Value, json};
    use url::form_urlencoded::byte_serialize;

    use super::*;
    use crate::simulator::bad::Bad;
    use crate::simulator::client::{Got, exchange, get};
    use crate::simulator::faults::{Rule, When};
    use crate::simulator::gzip::pack;
    use crate::simulator::listing::Pick;
    use crate::simulator::switches::{DateOperators, Tally};
    use crate::simulator::{Running, Simulator, TOKEN};

    const END: &str = "2026-06-30T15:00:00Z";

    async fn start(events: usize) -> Running {
        let settings = Settings::new(5, events, 30, END.parse().unwrap());
        Simulator::new(Workspace::draw(&settings)).start(0).await.unwrap()
    }

    async fn ask(running: &Running, target: &str, token: Option<&'static str>) -> std::io::Result<Got> {
        let (base_url, target) = (running.base_url(), target.to_owned());
        let got = tokio::task::spawn_blocking(move || get(&base_url, &target, token));
        got.await.unwrap()
    }

    async fn fetch(running: &Running, target: &str) -> Got {
        ask(running, target, Some(TOKEN)).await.unwrap()
    }

    /// One target of each list.
    fn targets(running: &Running) -> [String; 3] {
        let truth = running.truth();
        let log = truth.resource_logs.values().next().unwrap();
        [
            AUDIT_LOGS.to_owned(),
            format!(
                "{RESOURCE_LOGS}?resource_id={}",
                log[0]["resource_id"].as_str().unwrap()
            ),
            WORKSPACE_NOTIFICATIONS.to_owned(),
        ]
    }

    #[tokio::test]
    async fn an_outage_and_faults_strike_every_list() {
        let running = start(200).await;
        for target in targets(&running) {
            running.turn(|switches| switches.outage = Some(Outage::Unavailable));
            assert_eq!(fetch(&running, &target).await.status, 503);
            running.turn(|switches| switches.outage = Some(Outage::Reset));
            ask(&running, &target, Some(TOKEN)).await.unwrap_err();
            running.turn(|switches| switches.outage = None);
            running.add_fault(Rule {
                when: When::Target(target.clone()),
                fault: Fault::TruncatedJson,
                times: 1,
            });
            let half = fetch(&running, &target).await;
            serde_json::from_slice::<Value>(&half.body).unwrap_err();
            assert_eq!(fetch(&running, &target).await.status, 200);
            assert_eq!(ask(&running, &target, None).await.unwrap().status, 401);
            let (path, query) = target.split_once('?').unwrap_or((&target, ""));
            let slashless = format!("{}?{query}", path.trim_end_matches('/'));
            let moved = fetch(&running, slashless.trim_end_matches('?')).await;
            assert_eq!((moved.status, moved.header("location")), (301, Some(target.as_str())));
        }
    }

    #[tokio::test]
    async fn a_page_that_holds_a_poisoned_row_fails_wherever_it_stands() {
        let running = start(200).await;
        let truth = running.truth();
        let version = truth.version_histories.values().next().unwrap()[0].clone();
        let nested = version["activity_logs"][0]["id"].as_str().unwrap().to_owned();
        let listing = format!(
            "{RESOURCE_LOGS}?resource_id={}",
            version["resource_id"].as_str().unwrap()
        );
        let poison = |id: &str| {
            running.add_fault(Rule {
                when: When::Row(id.to_owned()),
                fault: Fault::Status {
                    code: 500,
                    retry_after: None,
                    body: "<html>oops</html>".to_owned(),
                },
                times: u32::MAX,
            });
        };
        let first = running.ids()[60].clone();
        poison(&first);
        let statuses = async || {
            let mut statuses = Vec::new();
            for page in 1..=4 {
                statuses.push(fetch(&running, &format!("{AUDIT_LOGS}?page={page}")).await.status);
            }
            statuses
        };
        assert_eq!(statuses().await, [200, 500, 200, 200]);
        assert_eq!(statuses().await, [200, 500, 200, 200]);
        running.arrive(45);
        assert_eq!(statuses().await, [200, 200, 500, 200]);
        assert_eq!(
            fetch(&running, &format!("{AUDIT_LOGS}?page=3"))
                .await
                .header("content-type"),
            Some("text/html")
        );
        assert!(!running.truth_served().revisions.contains_key(&first));
        assert_eq!(fetch(&running, &listing).await.status, 200);
        poison(&nested);
        assert_eq!(fetch(&running, &listing).await.status, 500);
        let notice = fetch(&running, WORKSPACE_NOTIFICATIONS).await.json()["results"][0]["id"].clone();
        poison(notice.as_str().unwrap());
        assert_eq!(fetch(&running, WORKSPACE_NOTIFICATIONS).await.status, 500);
        assert_eq!(
            fetch(&running, &format!("{WORKSPACE_NOTIFICATIONS}?page=2"))
                .await
                .status,
            200
        );
    }

    #[tokio::test]
    async fn bodies_in_gzip_go_to_those_who_accept_them() {
        let running = start(100).await;
        let plain = fetch(&running, AUDIT_LOGS).await;
        running.turn(|switches| switches.gzip = true);
        assert_eq!(fetch(&running, AUDIT_LOGS).await.body, plain.body);
        let base_url = running.base_url();
        let packed = tokio::task::spawn_blocking(move || {
            let headers = format!("Authorization: Bearer {TOKEN}\r\nAccept-Encoding: gzip\r\n");
            exchange(&base_url, &format!("GET {AUDIT_LOGS}"), &headers, "")
        });
        let packed = packed.await.unwrap().unwrap();
        assert_eq!(packed.header("content-encoding"), Some("gzip"));
        assert!(packed.is_whole && packed.body == pack(&plain.body));
    }

    #[tokio::test]
    async fn the_date_may_be_wrong_or_missing() {
        let running = start(20).await;
        let cases = [
            (DateHeader::Clock, Some("Tue, 30 Jun 2026 15:00:00 GMT")),
            (
                DateHeader::Skewed(SignedDuration::from_hours(2)),
                Some("Tue, 30 Jun 2026 17:00:00 GMT"),
            ),
            (
                DateHeader::Skewed(SignedDuration::from_mins(-1)),
                Some("Tue, 30 Jun 2026 14:59:00 GMT"),
            ),
            (DateHeader::Absent, None),
        ];
        for (date, expected) in cases {
            running.turn(|switches| switches.date = date);
            let got = fetch(&running, AUDIT_LOGS).await;
            assert_eq!(got.header("date"), expected);
            assert!(got.is_whole && got.json()["count"] == 20);
        }
        let mut stream = std::net::TcpStream::connect(running.base_url().trim_start_matches("http://")).unwrap();
        let read = tokio::task::spawn_blocking(move || {
            let line = format!("GET {AUDIT_LOGS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n");
            let last = format!("{line}Connection: close\r\n\r\n");
            std::io::Write::write_all(&mut stream, format!("{line}\r\n{last}").as_bytes()).unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            text
        });
        let text = read.await.unwrap();
        assert_eq!(
            (text.matches("HTTP/1.1 200").count(), text.matches("\r\ndate:").count()),
            (2, 0)
        );
    }

    #[tokio::test]
    async fn a_key_may_see_nothing_and_an_address_another_workspace() {
        let running = start(200).await;
        let before = running.ids();
        for target in targets(&running) {
            assert!(fetch(&running, &target).await.json()["count"].as_u64().unwrap() > 0);
            running.turn(|switches| switches.sees_nothing = true);
            let got = fetch(&running, &target).await;
            assert_eq!((got.status, &got.json()["count"]), (200, &json!(0)), "{target}");
            running.turn(|switches| switches.sees_nothing = false);
        }
        running.apply(&Change::Account(6));
        let after = running.ids();
        assert!(after.len() == 200 && after.iter().all(|id| !before.contains(id)));
        assert_eq!(fetch(&running, AUDIT_LOGS).await.json()["results"][0]["id"], after[0]);
        assert!(running.truth_served().revisions.len() == 50);
        running.apply(&Change::Account(5));
        assert_eq!(running.ids(), before);
    }

    #[tokio::test]
    async fn counts_drift_by_one_and_pages_change_their_size() {
        let running = start(230).await;
        running.turn(|switches| switches.count = Tally::Drifting);
        let mut counts = std::collections::BTreeSet::new();
        for _ in 0..30 {
            counts.insert(fetch(&running, AUDIT_LOGS).await.json()["count"].as_u64().unwrap());
        }
        assert_eq!(counts.into_iter().collect::<Vec<_>>(), [229, 230, 231]);
        running.apply(&Change::PageSize(30));
        assert_eq!(
            fetch(&running, AUDIT_LOGS).await.json()["results"]
                .as_array()
                .unwrap()
                .len(),
            30
        );
    }

    #[tokio::test]
    async fn dates_select_on_every_time_of_a_record() {
        let running = start(400).await;
        running.turn(|switches| {
            switches.date_operators = Some(DateOperators {
                at_or_after: "on_or_after".to_owned(),
                before: "before".to_owned(),
            });
        });
        running.plant(&Bad::LongText(1_000_000), SignedDuration::from_hours(30));
        running.plant(&Bad::DuplicateOf(Pick::Rank(7)), SignedDuration::ZERO);
        for field in ["logged_at", "created_at", "updated_at"] {
            let (from, until) = ("2026-06-10T04:00:00Z", "2026-06-29T12:00:00.25Z");
            let side = |operator: &str, at: &str| json!({ "operator": operator, "field": field, "value": at });
            let stretch = [
                side("on_or_after", from),
                json!({ "operator": "not", "operands": [side("on_or_after", until)] }),
            ];
            let filter = json!({ "operator": "and", "operands": stretch }).to_string();
            let filter: String = byte_serialize(filter.as_bytes()).collect();
            let json = fetch(&running, &format!("{AUDIT_LOGS}?filter={filter}")).await.json();
            let moment = |text: &str| text.parse::<Timestamp>().unwrap();
            let is_within = |record: &Value| {
                let at = moment(record[field].as_str().unwrap());
                at >= moment(from) && at < moment(until)
            };
            let expected = running.truth().latest().values().filter(|it| is_within(it)).count();
            assert_eq!(json["count"], expected);
            assert!(expected > 50 && json["results"].as_array().unwrap().iter().all(is_within));
        }
        let head = fetch(&running, AUDIT_LOGS).await.json();
        let ids: Vec<&Value> = head["results"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
        assert!(ids[7] == ids[8] || ids[7] == ids[6], "the same id twice on one page");
    }
}
