//! The service itself, without its socket: a request in, an answer out. Holds the workspace's list, the switches,
//! the faults, the script and the log of requests; decides in one step, so that requests in flight have an order.

use std::time::Duration;

use jiff::Timestamp;
use url::form_urlencoded;

use super::clock::Clock;
use super::faults::{Arrival, Fault, FaultPlan, RetryAfter, detail};
use super::filter::Refusal;
use super::listing::{Listing, Shown};
use super::script::{Change, Script};
use super::switches::{Dialect, Offer, Shape, Switches};

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
    pub date: String,
    pub body: Vec<u8>,
    /// What else is to be done to it on the way.
    pub fault: Option<Fault>,
    pub latency: Duration,
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
        let fault = self.faults.decide(arrival);
        self.is_revoked |= fault == Some(Fault::KeyRevoked);
        let replaced = fault.as_ref().and_then(|fault| replacement(fault, now));
        let mut answer = replaced.unwrap_or_else(|| self.answer(method, target, authorization));
        answer.date = http_date(now);
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
fn replacement(fault: &Fault, now: Timestamp) -> Option<Answer> {
    match fault {
        Fault::Status {
            code,
            retry_after,
            body,
        } => {
            let content_type = if body.starts_with('{') { JSON } else { "text/plain" };
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

fn http_date(at: Timestamp) -> String {
    httpdate::fmt_http_date(at.max(Timestamp::UNIX_EPOCH).into())
}
