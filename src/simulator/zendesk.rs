//! The Zendesk half of the simulator: the audit logs of an account over a real socket, beside the Secoda workspace. Its
//! list differs in everything, so it shares the clock, the faults, the people and the socket, and nothing else.
//!
//! ```text
//! deeds, cast, story -> history -> record                      what happened, and how it reads
//! switches, script, bad, refusal                               what a test turns, and how the service says no
//! filter -> listing, truth -> cursor, page, door, oauth -> service   what is shown when, to whom, in which pieces
//! ```

use std::collections::BTreeSet;
use std::future::Future;
use std::io;

use jiff::{SignedDuration, Timestamp};

use self::bad::Bad;
use self::history::{History, Settings, Standing};
use self::listing::Listing;
use self::oauth::Tokens;
use self::script::Change;
use self::service::{Minute, Service};
use self::switches::Switches;
use self::truth::Truth;
use super::clock::Clock;
use super::faults::{Fault, FaultPlan, RetryAfter, Rule};
use super::listing::sightings::Sighting;
use super::script::Script;
use super::server::Server;
use super::service::Seen;

pub mod deeds;
pub mod cast;
pub mod story;
pub mod bad;
pub mod history;
pub mod record;
pub mod switches;
pub mod refusal;
pub mod filter;
pub mod truth;
pub mod listing;
pub mod cursor;
pub mod page;
pub mod oauth;
pub mod door;
pub mod script;
pub mod service;
#[cfg(test)]
mod socket_tests;

/// What a simulated account is started from. Everything but the history has a default: the service as documented,
/// without faults, its clock standing at the end of the history.
#[derive(Debug)]
pub struct ZendeskSimulator {
    pub history: History,
    pub switches: Switches,
    pub faults: FaultPlan,
    pub script: Script<Change>,
    pub clock: Clock,
}

/// An account that listens, and the handle to change it and to ask for the truth. Dropping it ends it.
#[derive(Debug)]
pub struct Running {
    server: Server<Service>,
}

impl ZendeskSimulator {
    /// The service over this history.
    pub fn new(history: History) -> ZendeskSimulator {
        let clock = Clock::fixed(history.settings.end_at);
        ZendeskSimulator {
            history,
            switches: Switches::default(),
            faults: FaultPlan::none(),
            script: Script::none(),
            clock,
        }
    }

    /// Listens on 127.0.0.1; port 0 takes a free one. Must be called inside a tokio runtime.
    pub async fn start(self, port: u16) -> io::Result<Running> {
        let service = Service {
            listing: Listing::open(self.history, self.clock.now()),
            switches: self.switches,
            faults: self.faults,
            script: self.script,
            clock: self.clock,
            tokens: Tokens::default(),
            seen: Vec::new(),
            is_revoked: false,
            minute: Minute::default(),
        };
        Ok(Running {
            server: Server::open(service, Service::take, port).await?,
        })
    }
}

impl Running {
    /// An absolute URL without a last slash.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// Its clock, to read and to move.
    pub fn clock(&self) -> Clock {
        self.server.service().clock.clone()
    }

    /// Makes a change now; also what a script makes before a request.
    pub fn apply(&self, change: &Change) {
        self.server.service().apply(change);
    }

    /// New rows of this second, visible at once; gives their ids.
    pub fn arrive(&self, count: usize) -> Vec<i64> {
        self.change(|listing| listing.arrive(count))
    }

    /// Makes a row visible whose `created_at` is this much older than now, with an id below or above all others; gives
    /// its id.
    pub fn surface(&self, age: SignedDuration, standing: Standing) -> i64 {
        let ids = self.change(|listing| vec![listing.surface(age.as_secs(), standing)]);
        ids.first().copied().unwrap_or_default()
    }

    /// So many rows in one second, visible at once, or in that second if it is ahead; gives their ids.
    pub fn burst(&self, second: Timestamp, count: usize) -> Vec<i64> {
        self.change(|listing| listing.burst(second.as_second(), count))
    }

    /// Puts in an odd record in the place of a row whose `created_at` is this much older than now; gives the row's id,
    /// whether the record shows it or not.
    pub fn plant(&self, bad: &Bad, age: SignedDuration) -> i64 {
        let ids = self.change(|listing| vec![listing.plant(bad, age.as_secs())]);
        ids.first().copied().unwrap_or_default()
    }

    /// Turns switches while it runs.
    pub fn turn(&self, turn: impl FnOnce(&mut Switches)) {
        turn(&mut self.server.service().switches);
    }

    /// Adds a rule to the fault plan.
    pub fn add_fault(&self, rule: Rule) {
        let mut service = self.server.service();
        let plan = std::mem::take(&mut service.faults);
        service.faults = plan.with(rule);
    }

    /// Puts another plan of faults in the place of the one there is.
    pub fn set_faults(&self, faults: FaultPlan) {
        self.server.service().faults = faults;
    }

    /// Puts another script in the place of the one there is; its requests are counted from the next one on.
    pub fn set_script(&self, script: Script<Change>) {
        let mut service = self.server.service();
        let so_far = u64::try_from(service.seen.len()).unwrap_or(u64::MAX);
        service.script = script.after(so_far);
    }

    /// Refuses all credentials from now on, or lets them in again.
    pub fn revoke(&self, is_revoked: bool) {
        self.server.service().is_revoked = is_revoked;
    }

    /// The refresh token that would be taken now.
    pub fn refresh_token(&self) -> Option<String> {
        self.server.service().tokens.refresh_token()
    }

    /// All requests so far, those for tokens too, in the order of arrival.
    pub fn requests(&self) -> Vec<Seen> {
        self.server.service().seen.clone()
    }

    /// The ids of the rows visible now, by (`created_at`, `id`), oldest first.
    pub fn ids(&self) -> Vec<i64> {
        self.settled(|service| service.listing.ids())
    }

    /// The rows visible now.
    pub fn in_reach(&self) -> BTreeSet<Sighting> {
        self.settled(|service| service.listing.in_reach())
    }

    /// Those of them that have stood in full answers.
    pub fn sighted(&self) -> BTreeSet<Sighting> {
        self.settled(|service| service.listing.sighted())
    }

    /// The `id` of a row.
    pub fn id_of(&self, row: u32) -> i64 {
        self.server.service().listing.history.row(row).id
    }

    /// Every record visible now; records are never taken away.
    pub fn truth(&self) -> Truth {
        self.settled(|service| service.listing.truth(service.switches.shape))
    }

    /// What was sent in answers that went out in full.
    pub fn truth_served(&self) -> Truth {
        self.settled(|service| service.listing.truth_served(service.switches.shape))
    }

    /// Stops listening.
    pub async fn stop(self) {
        self.server.close().await;
    }

    fn settled<T>(&self, read: impl FnOnce(&mut Service) -> T) -> T {
        let mut service = self.server.service();
        let now = service.clock.now();
        service.listing.settle(now);
        read(&mut service)
    }

    fn change(&self, change: impl FnOnce(&mut Listing) -> Vec<u32>) -> Vec<i64> {
        self.settled(|service| {
            let rows = change(&mut service.listing);
            rows.iter().map(|row| service.listing.history.row(*row).id).collect()
        })
    }
}

/// Faults that a retrying client survives, in the forms Zendesk gives them; for [`FaultPlan::drawn`]. One of them is a 429
/// that does not say how long to wait.
pub fn transient_faults() -> Vec<Fault> {
    let status = |code, retry_after, body: &str| Fault::Status {
        code,
        retry_after,
        body: body.to_owned(),
    };
    let zero = Some(RetryAfter::Seconds(0));
    vec![
        status(429, zero, "Number of allowed API requests per minute exceeded"),
        status(429, None, "Number of allowed API requests per minute exceeded"),
        status(
            503,
            zero,
            "<!doctype html><html><body><h1>Down for maintenance</h1></body></html>",
        ),
        status(
            503,
            zero,
            "{\"description\":\"Please try again in a moment\",\"error\":\"DatabaseError\"}",
        ),
        status(
            500,
            None,
            "{\"errors\":[{\"code\":\"InternalError\",\"title\":\"Internal error\"}]}",
        ),
        Fault::TruncatedJson,
        Fault::CutConnection,
        Fault::Reset,
        Fault::Stall(std::time::Duration::from_millis(30)),
    ]
}

/// Serves an account drawn from `settings` until `until` ends, its clock running on from the end of the history; `faults`
/// of a thousand requests fail in a way that a client survives. `ready` is called once it listens.
pub async fn serve(
    settings: &Settings,
    faults: u64,
    port: u16,
    ready: impl FnOnce(&Running),
    until: impl Future<Output = ()>,
) -> io::Result<()> {
    let simulator = ZendeskSimulator {
        faults: FaultPlan::drawn(settings.seed, faults, transient_faults()),
        clock: Clock::following(settings.end_at),
        ..ZendeskSimulator::new(History::draw(settings))
    };
    let running = simulator.start(port).await?;
    ready(&running);
    until.await;
    running.stop().await;
    Ok(())
}
