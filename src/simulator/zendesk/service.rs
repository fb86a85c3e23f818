//! Zendesk's service without its socket: a request in, an answer out. Holds the list, the switches, the faults, the
//! script, the tokens and the log of requests; decides in one step, so that requests in flight have an order.

use jiff::Timestamp;

use super::super::clock::Clock;
use super::super::faults::{Arrival, Fault, FaultPlan};
use super::super::script::Script;
use super::super::server::Asked;
use super::super::service::{Answer, Seen, date, replacement};
use super::listing::Listing;
use super::oauth::Tokens;
use super::page::Query;
use super::refusal::Refusal;
use super::script::Change;
use super::switches::Switches;

/// Where audit logs are listed; also with `.json` behind it.
pub const AUDIT_LOGS: &str = "/api/v2/audit_logs";
/// Where tokens are granted.
pub const TOKENS: &str = "/oauth/tokens";

const JSON: &str = "application/json; charset=utf-8";

/// Everything behind the socket.
#[derive(Debug)]
pub struct Service {
    pub listing: Listing,
    pub switches: Switches,
    pub faults: FaultPlan,
    pub script: Script<Change>,
    pub clock: Clock,
    pub tokens: Tokens,
    pub seen: Vec<Seen>,
    pub is_revoked: bool,
    pub minute: Minute,
}

/// The requests of a minute of the simulator's clock.
#[derive(Debug, Default)]
pub struct Minute {
    number: i64,
    used: u32,
}

impl Service {
    /// Takes one request and decides its whole answer.
    pub fn take(&mut self, asked: Asked<'_>) -> Answer {
        let number = u64::try_from(self.seen.len()).unwrap_or(u64::MAX) + 1;
        for change in self.script.due(number) {
            self.apply(&change);
        }
        let now = self.clock.now();
        self.listing.settle(now);
        self.minute.count(now);
        let query = Query::read(asked.host, asked.target, number);
        let mut fault = self.faults.decide(Arrival {
            number,
            target: asked.target,
            page: query.page(),
        });
        self.is_revoked |= fault == Some(Fault::KeyRevoked);
        let replaced = fault.as_ref().and_then(|fault| replacement(fault, now));
        let mut answer = match replaced {
            Some(answer) => typed(answer),
            None => self.answer(asked, &query, now).unwrap_or_else(refused),
        };
        if fault.is_none() && self.faults.minds_rows() {
            let id = |row: &u32| self.listing.history.row(*row).id.to_string();
            fault = self.faults.decide_rows(&answer.rows.iter().map(id).collect::<Vec<_>>());
            let struck = fault.as_ref().and_then(|fault| replacement(fault, now));
            answer = struck.map_or(answer, typed);
        }
        answer.date = date(self.switches.date, now);
        answer.latency = self.switches.latency;
        answer.headers = self.minute.headers(self.switches.rate_limit.per_minute, now);
        answer.fault.clone_from(&fault);
        if answer.status == 429 && fault.is_none() {
            answer.retry_after = Some(seconds_left(now).to_string());
        }
        if matches!(fault, None | Some(Fault::Stall(_))) {
            self.listing.serve(&answer.rows);
        }
        self.seen.push(Seen {
            number,
            method: asked.method.to_owned(),
            target: asked.target.to_owned(),
            authorization: asked.authorization.map(str::to_owned),
            at: now,
            status: answer.status,
            fault,
        });
        answer
    }

    /// Makes one change now.
    pub fn apply(&mut self, change: &Change) {
        self.listing.settle(self.clock.now());
        let ago = |age: jiff::SignedDuration| self.clock.now().as_second() - age.as_secs();
        match change {
            Change::Arrive(count) => {
                self.listing.arrive(*count);
            }
            Change::Surface(age, standing) => {
                self.listing.surface(age.as_secs(), *standing);
            }
            Change::Burst(age, count) => {
                self.listing.burst(ago(*age), *count);
            }
            Change::Plant(bad, age) => {
                self.listing.plant(bad, age.as_secs());
            }
            Change::Advance(by) => self.listing.settle(self.clock.advance(*by)),
            Change::BreakCursor(broken) => self.switches.broken_cursor = *broken,
            Change::See(age) => self.switches.sees_since = age.map(ago),
            Change::ExpireTokens => self.tokens.expire(),
        }
    }

    fn answer(&mut self, asked: Asked<'_>, query: &Query<'_>, now: Timestamp) -> Result<Answer, Refusal> {
        let limit = self.switches.rate_limit;
        if limit.is_enforced && self.minute.used > limit.per_minute {
            return Err(Refusal::too_many(limit.per_minute));
        }
        let path = query.path.strip_suffix(".json").unwrap_or(query.path);
        match (path, asked.method) {
            (AUDIT_LOGS, "GET") => {
                if self.is_revoked {
                    return Err(Refusal::stranger());
                }
                self.switches.access.admit(asked.authorization, &mut self.tokens, now)?;
                let page = query.answer(&self.listing, &self.switches)?;
                Ok(Answer {
                    rows: page.rows,
                    ..sound(page.body)
                })
            }
            (TOKENS, "POST") => {
                if self.is_revoked {
                    return Err(Refusal::grant(401, "invalid_client", "Client authentication failed"));
                }
                let grants = &self.switches.access.grants;
                Ok(sound(self.tokens.grant(asked.body, grants, now)?))
            }
            (AUDIT_LOGS | TOKENS, _) => Err(Refusal::method()),
            _ => Err(Refusal::unknown_path()),
        }
    }
}

impl Minute {
    fn count(&mut self, now: Timestamp) {
        let number = now.as_second().div_euclid(60);
        if number != self.number {
            *self = Minute { number, used: 0 };
        }
        self.used = self.used.saturating_add(1);
    }

    /// The headers that tell of the limit, under both of their names.
    fn headers(&self, limit: u32, now: Timestamp) -> Vec<(&'static str, String)> {
        let remaining = limit.saturating_sub(self.used);
        vec![
            ("x-rate-limit", limit.to_string()),
            ("x-rate-limit-remaining", remaining.to_string()),
            ("ratelimit-limit", limit.to_string()),
            ("ratelimit-remaining", remaining.to_string()),
            ("ratelimit-reset", seconds_left(now).to_string()),
        ]
    }
}

/// Until the minute is over.
fn seconds_left(now: Timestamp) -> i64 {
    60 - now.as_second().rem_euclid(60)
}

fn sound(body: String) -> Answer {
    Answer {
        status: 200,
        content_type: JSON,
        body: body.into_bytes(),
        ..Answer::default()
    }
}

fn refused(refusal: Refusal) -> Answer {
    typed(Answer {
        status: refusal.status,
        body: refusal.body.into_bytes(),
        ..Answer::default()
    })
}

/// The type of a body as its first byte tells it.
fn typed(answer: Answer) -> Answer {
    let content_type = match answer.body.first() {
        Some(b'{') => JSON,
        Some(b'<') => "text/html",
        _ => "text/plain",
    };
    Answer { content_type, ..answer }
}
