//! A model of the services over a real socket, for the demo, the tests and `simulate`. It draws a workspace from a seed
//! and imports nothing of the loader, so that it cannot share the loader's mistakes.
//!
//! ```text
//! names, cast, acts, calendar, story, sittings -> drawing -> workspace -> row, shape   what happened, and how it reads
//! last_day                                                               what the demo adds to it
//! clock, switches, faults, script, bad                                       what a test turns
//! properties -> versions -> resources, annals, notices                       what the other lists show
//! workspace, truth, order -> listing -> filter, service -> wire, server      what is shown when, how it is sent
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::io;

use jiff::SignedDuration;

use self::bad::Bad;
use self::clock::Clock;
use self::faults::{FaultPlan, Rule};
use self::listing::sightings::{Sighting, Sort};
use self::listing::{Keeping, Listing, Pick};
use self::script::{Change, Script};
use self::server::{Asked, Server};
use self::service::{Seen, Service};
use self::switches::Switches;
use self::truth::Truth;
use self::workspace::{Settings, Workspace};

pub mod chance;
pub mod names;
pub mod cast;
pub mod acts;
pub mod calendar;
pub mod story;
pub mod sittings;
pub mod clock;
pub mod switches;
pub mod faults;
pub mod filter;
pub mod drawing;
pub mod workspace;
pub mod shape;
pub mod row;
pub mod last_day;
pub mod truth;
pub mod properties;
pub mod versions;
pub mod resources;
pub mod annals;
pub mod notices;
pub mod bad;
pub mod order;
pub mod listing;
pub mod script;
pub mod service;
pub mod audit_page;
pub mod resource_page;
pub mod notice_page;
pub mod wire;
pub mod gzip;
pub mod server;
pub mod trap;
pub mod zendesk;
#[cfg(test)]
mod client;

/// The key that the simulator lets in unless told otherwise. It opens nothing else.
pub const TOKEN: &str = "simulated-key-not-a-secret";

/// What a simulator is started from. Everything but the workspace has a default: the service of the contract, without
/// faults, its clock standing at the end of the history.
#[derive(Debug)]
pub struct Simulator {
    pub workspace: Workspace,
    pub switches: Switches,
    pub faults: FaultPlan,
    pub script: Script,
    pub clock: Clock,
}

/// A simulator that listens, and the handle to change it and to ask for the truth. Dropping it ends it.
#[derive(Debug)]
pub struct Running {
    server: Server<Service>,
}

impl Simulator {
    /// The service over this workspace.
    pub fn new(workspace: Workspace) -> Simulator {
        let clock = Clock::fixed(workspace.settings.end_at);
        let switches = Switches::default();
        Simulator {
            workspace,
            switches,
            faults: FaultPlan::none(),
            script: Script::none(),
            clock,
        }
    }

    /// Listens on 127.0.0.1; port 0 takes a free one. Must be called inside a tokio runtime.
    pub async fn start(self, port: u16) -> io::Result<Running> {
        let listing = Listing::open(self.workspace, self.clock.now(), Keeping::of(&self.switches));
        let service = Service {
            listing,
            switches: self.switches,
            faults: self.faults,
            script: self.script,
            clock: self.clock,
            seen: Vec::new(),
            is_revoked: false,
            base_url: String::new(),
        };
        let take =
            |service: &mut Service, asked: Asked<'_>| service.take(asked.method, asked.target, asked.authorization);
        let running = Running {
            server: Server::open(service, take, port).await?,
        };
        let base_url = running.base_url();
        running.server.service().base_url = base_url;
        Ok(running)
    }
}

impl Running {
    /// An absolute URL without a last slash.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// The key it lets in.
    pub fn token(&self) -> String {
        self.server.service().switches.token.clone()
    }

    /// Its clock, to read and to move.
    pub fn clock(&self) -> Clock {
        self.server.service().clock.clone()
    }

    /// Makes a change now; also what a script makes before a request.
    pub fn apply(&self, change: &Change) {
        self.server.service().apply(change);
    }

    /// New rows at the head; gives their ids.
    pub fn arrive(&self, count: usize) -> Vec<String> {
        (0..count)
            .filter_map(|_| self.change(|listing| Some(listing.arrive())))
            .collect()
    }

    /// Changes a row and moves it to the head; gives its id.
    pub fn revise(&self, pick: &Pick) -> Option<String> {
        self.change(|listing| listing.revise(pick))
    }

    /// Takes a row out of the list; gives its id.
    pub fn delete(&self, pick: &Pick) -> Option<String> {
        self.change(|listing| listing.remove(pick))
    }

    /// Makes a row visible whose key is this much older than now; gives its id.
    pub fn surface(&self, age: SignedDuration) -> Option<String> {
        self.change(|listing| Some(listing.surface(age)))
    }

    /// Puts in an odd record with a key this much older than now; gives its id if it has one.
    pub fn plant(&self, bad: &Bad, age: SignedDuration) -> Option<String> {
        self.change(|listing| listing.plant(bad, age))
    }

    /// Turns switches while it runs; `retention_days` only through [`Change::Retain`], and what is read at the start never.
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
    pub fn set_script(&self, script: Script) {
        let mut service = self.server.service();
        let so_far = u64::try_from(service.seen.len()).unwrap_or(u64::MAX);
        service.script = script.after(so_far);
    }

    /// Refuses the key from now on, or lets it in again.
    pub fn revoke_key(&self, is_revoked: bool) {
        self.server.service().is_revoked = is_revoked;
    }

    /// All requests so far, in the order of arrival.
    pub fn requests(&self) -> Vec<Seen> {
        self.server.service().seen.clone()
    }

    /// The requests after so many, and no more than these: a long history has many.
    pub fn requests_after(&self, count: usize) -> Vec<Seen> {
        let service = self.server.service();
        service.seen.get(count..).unwrap_or_default().to_vec()
    }

    /// The ids of the rows listed now, newest first.
    pub fn ids(&self) -> Vec<String> {
        self.settled(|service| service.listing.ids())
    }

    /// What is listed now, as revisions of rows, each with the revisions of logs that tell of it; of notifications those at
    /// most so old.
    pub fn in_reach(&self, sort: Sort, age: Option<SignedDuration>) -> BTreeMap<Sighting, Vec<Sighting>> {
        self.settled(|service| service.listing.in_reach(sort, age))
    }

    /// What has stood in full answers so far, as revisions of rows.
    pub fn sighted(&self, sort: Sort) -> BTreeSet<Sighting> {
        self.settled(|service| service.listing.sighted(sort))
    }

    /// The `id` of the record that a row stands for; none for a told one without.
    pub fn id_of(&self, sort: Sort, row: u32) -> Option<String> {
        self.server.service().listing.id_of(sort, row)
    }

    /// The resource that an event is about.
    pub fn resource_of(&self, row: u32) -> Option<String> {
        let service = self.server.service();
        let workspace = &service.listing.workspace;
        Some(workspace.resource_id(workspace.event(row))?.to_string())
    }

    /// Every revision that was within reach at any moment since the start.
    pub fn truth(&self) -> Truth {
        self.settled(|service| service.listing.truth(service.form()))
    }

    /// What was sent in answers that went out in full.
    pub fn truth_served(&self) -> Truth {
        self.settled(|service| service.listing.truth_served(service.form()))
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

    fn change(&self, change: impl FnOnce(&mut Listing) -> Option<u32>) -> Option<String> {
        self.settled(|service| {
            let row = change(&mut service.listing)?;
            service.listing.workspace.event_id(row)
        })
    }
}

/// Serves a workspace drawn from `settings` until `until` ends, its clock running on from the end of the history; `faults`
/// of a thousand requests fail in a way that a client survives. `ready` is called once it listens.
pub async fn serve(
    settings: &Settings,
    faults: u64,
    port: u16,
    ready: impl FnOnce(&Running),
    until: impl Future<Output = ()>,
) -> io::Result<()> {
    let simulator = Simulator {
        faults: FaultPlan::transient(settings.seed, faults),
        clock: Clock::following(settings.end_at),
        ..Simulator::new(Workspace::draw(settings))
    };
    let running = simulator.start(port).await?;
    ready(&running);
    until.await;
    running.stop().await;
    Ok(())
}
