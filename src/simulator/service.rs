//! The service itself, without its socket: a request in, an answer out. Holds the workspace's list, the switches,
//! the faults, the script and the log of requests; decides in one step, so that requests in flight have an order.

use std::time::Duration;

use jiff::Timestamp;
use url::form_urlencoded;

use super::clock::Clock;
use super::faults::{Arrival, Fault, FaultPlan, RetryAfter, detail};
use super::filter::{Dialect, Filter, Refusal};
use super::listing::Listing;
use super::order::Ask;
use super::script::{Change, Script};
use super::switches::{BeyondCap, Cap, NextPage, Order, PastTheEnd, Switches};

/// Where audit logs are listed.
pub const AUDIT_LOGS: &str = "/api/v1/activity_log/audit_logs/";

const JSON: &str = "application/json";
const MAX_PAGE_SIZE: usize = 100;

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
    pub date: String,
    pub body: Vec<u8>,
    /// What else is to be done to it on the way.
    pub fault: Option<Fault>,
    pub latency: Duration,
    /// The rows in it, which count as served once it went out in full.
    pub rows: Vec<u32>,
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
}

/// What the list is asked for, as the parameters say.
#[derive(Debug)]
struct Query {
    page: usize,
    page_size: usize,
    order: Order,
    filter: Filter,
}

/// One page in words of the answer.
struct Page {
    number: usize,
    rows: Vec<u32>,
    count: usize,
    total_pages: usize,
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
            self.listing.served(&answer.rows);
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
        if format!("{path}/") == AUDIT_LOGS && self.switches.slash_redirect {
            let query = if query.is_empty() {
                String::new()
            } else {
                format!("?{query}")
            };
            return Answer {
                location: Some(format!("{AUDIT_LOGS}{query}")),
                ..error(301, "moved permanently")
            };
        }
        if path != AUDIT_LOGS && format!("{path}/") != AUDIT_LOGS {
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
        if self.switches.forbidden {
            return error(403, "You do not have permission to perform this action.");
        }
        self.audit_logs(query).unwrap_or_else(|refusal| match refusal {
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
        })
    }

    fn audit_logs(&mut self, query: &str) -> Result<Answer, Refusal> {
        let query = self.read_query(query)?;
        let mut page = self.cut(&query, query.page);
        if query.page > page.total_pages {
            match self.switches.past_the_end {
                PastTheEnd::Empty => {}
                PastTheEnd::NotFound => return Ok(error(404, "Invalid page.")),
                PastTheEnd::RepeatLast => page = self.cut(&query, page.total_pages),
            }
        }
        if let Some(Cap { rows, beyond }) = self.switches.cap {
            let first = (page.number - 1).saturating_mul(query.page_size);
            let is_beyond = first >= rows && page.number <= page.total_pages;
            if is_beyond && beyond == BeyondCap::BadRequest {
                return Err(Refusal::BadRequest(format!("only {rows} rows can be listed")));
            }
            page.rows.truncate(rows.saturating_sub(first));
        }
        let body = self
            .write(&page)
            .map_err(|error| Refusal::BadRequest(error.to_string()))?;
        Ok(Answer {
            status: 200,
            content_type: JSON,
            body,
            rows: page.rows,
            ..Answer::default()
        })
    }

    fn read_query(&self, query: &str) -> Result<Query, Refusal> {
        let switches = &self.switches;
        let dialect = Dialect {
            unknown_operator: switches.unknown_operator,
            date_operators: switches.date_operators.as_ref(),
        };
        let mut asked = Query {
            page: 1,
            page_size: switches.page_size.clamp(1, MAX_PAGE_SIZE),
            order: switches.default_order,
            filter: Filter::Everything,
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "page" => asked.page = natural(&value)?,
                "page_size" if switches.page_size_honoured => asked.page_size = natural(&value)?.min(MAX_PAGE_SIZE),
                "filter" if !value.is_empty() => asked.filter = Filter::parse(&value, dialect)?,
                "sort" if switches.sort_honoured && !value.is_empty() => {
                    asked.order = sort_order(&value)?.unwrap_or(asked.order);
                }
                _ => {}
            }
        }
        Ok(asked)
    }

    fn cut(&mut self, query: &Query, number: usize) -> Page {
        let ask = Ask {
            filter: &query.filter,
            order: query.order,
            ties: self.switches.ties,
            salt: u64::try_from(self.seen.len()).unwrap_or(0),
            first: (number - 1).saturating_mul(query.page_size),
            rows: query.page_size,
        };
        let (rows, count) = self.listing.slice(&ask, self.switches.shape);
        Page {
            number,
            rows,
            count,
            total_pages: count.div_ceil(query.page_size).max(1),
        }
    }

    fn write(&self, page: &Page) -> serde_json::Result<Vec<u8>> {
        let mut body = Vec::with_capacity(256 + page.rows.len() * 1400);
        body.extend_from_slice(b"{\"results\":[");
        for (place, row) in page.rows.iter().enumerate() {
            if place > 0 {
                body.push(b',');
            }
            self.listing
                .workspace
                .write_record(*row, self.switches.shape, &mut body)?;
        }
        let count = self.switches.count.told(page.count);
        let total_pages = self.switches.total_pages.told(page.total_pages);
        let previous = if page.number > 1 {
            (page.number - 1).to_string()
        } else {
            "null".to_owned()
        };
        let next = match self.switches.next_page {
            _ if page.number < page.total_pages => format!("\"next_page\":{},", page.number + 1),
            NextPage::Null => "\"next_page\":null,".to_owned(),
            NextPage::Zero => "\"next_page\":0,".to_owned(),
            NextPage::Absent => String::new(),
        };
        let totals = format!("\"total_pages\":{total_pages},\"count\":{count}");
        let end = format!(
            "],{totals},\"meta\":{{\"page\":{},\"previous_page\":{previous},{next}{totals}}}}}",
            page.number
        );
        body.extend_from_slice(end.as_bytes());
        Ok(body)
    }
}

fn natural(text: &str) -> Result<usize, Refusal> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| Refusal::Unprocessable(format!("{text:?} is not a number from 1 on")))
}

/// The order a `sort` parameter asks for; none for a field that cannot be sorted by.
fn sort_order(text: &str) -> Result<Option<Order>, Refusal> {
    let sort: serde_json::Value =
        serde_json::from_str(text).map_err(|error| Refusal::BadRequest(format!("sort is not JSON: {error}")))?;
    match (sort["field"].as_str(), sort["order"].as_str()) {
        (Some("updated_at"), Some("desc")) => Ok(Some(Order::NewestFirst)),
        (Some("updated_at"), Some("asc")) => Ok(Some(Order::OldestFirst)),
        (Some(_), Some("asc" | "desc")) => Ok(None),
        _ => Err(Refusal::Unprocessable(
            "sort needs a field, and an order of asc or desc".to_owned(),
        )),
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

fn error(status: u16, text: &str) -> Answer {
    Answer {
        status,
        content_type: JSON,
        body: detail(text).into_bytes(),
        ..Answer::default()
    }
}

/// A moment as a header tells it.
pub fn http_date(at: Timestamp) -> String {
    httpdate::fmt_http_date(at.max(Timestamp::UNIX_EPOCH).into())
}
