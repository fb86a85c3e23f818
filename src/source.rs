//! Sources, streams, paging and credentials as plain data, and the registry of the services known. Everything that is true
//! of one service only stands in its own file below; what to do with it is `http`'s and `pull`'s.

mod credential;
pub mod filter;
pub mod secoda;
pub mod zendesk;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::schema::Table;

pub use credential::{Auth, Grant, OAuth, Secret};
pub use filter::Filter;

/// A service trailhouse can pull from.
#[derive(Debug)]
pub struct Service {
    /// The `kind` of a source in the configuration.
    pub kind: &'static str,
    pub streams: &'static [Stream],
    /// Base address of each region a source may name.
    pub regions: &'static [(&'static str, &'static str)],
    pub personal: &'static Personal,
}

/// Where the records of a service tell of people.
#[derive(Debug)]
pub struct Personal {
    pub people: &'static [Person],
    /// Members that hold names a person is known by wherever they stand; `first_name` and `last_name` make one together.
    pub names: &'static [&'static str],
    /// Members that hold addresses a person is known by, of which a pseudonym does not tell that it stands for one.
    pub addresses: &'static [&'static str],
    /// Members that list records, which may come alone too: each tells of its own people.
    pub records: &'static [&'static str],
    /// Members that name kinds of things, and never a person.
    pub structural: &'static [&'static str],
}

/// A place where any object of a record, nested ones too, names a person. Paths are members joined by dots.
#[derive(Debug)]
pub struct Person {
    /// The person's identifier.
    pub id: &'static str,
    /// What must stand beside it, where the identifier may be one of something else.
    pub only: Option<(&'static str, &'static str)>,
    /// What is the person's own: a text, or all texts of an object. The empty path is the object itself.
    pub own: &'static [&'static str],
}

/// One endpoint of a service.
#[derive(Debug)]
pub struct Stream {
    pub name: &'static str,
    /// Path below the base address, with its trailing slash where the service wants one.
    pub path: &'static str,
    pub paging: Paging,
    /// The kinds of record its answers hold; the first is the one the stream is listed by.
    pub forms: &'static [Form],
}

/// One kind of record of a stream.
#[derive(Debug)]
pub struct Form {
    /// The member of an answer that holds its records.
    pub member: &'static str,
    pub table: &'static Table,
    /// The column the service lists by, and coverage is kept over; without one, records need none to be read.
    pub order_key: Option<&'static str>,
    /// Top-level members that change between two fetches of one record and say nothing about it.
    pub volatile: &'static [&'static str],
    /// Raised whenever `volatile` changes.
    pub stable_version: i64,
    /// The member that holds records of the stream's first form: they are records of their own, and of this one only their
    /// ids count.
    pub nested: Option<&'static str>,
}

/// How a service hands out a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// Pages numbered from 1, newest first; `sort` is the query sent.
    Numbered { sort: &'static str },
    /// Pages numbered from 1 in no promised order, under one of several addresses, of so many days at most.
    Notifications,
    /// Closed windows of the order key.
    Windows,
    /// One list per resource that the rows of the stream `of` name.
    FanOut { of: &'static str },
}

/// One configured account, resolved and ready to pull from.
#[derive(Debug, Clone)]
pub struct Source {
    pub name: String,
    pub service: &'static Service,
    pub base_url: Url,
    pub auth: Auth,
    /// The file that keeps a refresh token the service has replaced.
    pub credentials: Option<PathBuf>,
    pub streams: Vec<&'static Stream>,
    /// Host of the account without port; coverage belongs to it. `demo` has a fixed one.
    pub account: String,
    /// By stream; those that keep every row have none.
    pub filters: BTreeMap<&'static str, Filter>,
    /// Of services that offer more than one way.
    pub pagination: Pagination,
    /// How its numbered lists can be asked for older rows only, where a probe has found a way.
    pub dates: Option<DateOperators>,
    /// How long the service keeps its log; none for ever.
    pub retention_days: Option<u32>,
    pub settle: Duration,
    pub finality: Duration,
    pub limits: Limits,
    /// PEM of a private certificate authority.
    pub ca_pem: Option<Vec<u8>>,
    pub proxy: Option<String>,
}

/// Which of a service's ways to hand out a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pagination {
    #[default]
    Cursor,
    Offset,
}

/// Two operators of a service's filters that compare a time, and complement each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateOperators {
    /// The member they compare.
    pub field: String,
    /// Name of the one for times before a moment.
    pub before: String,
    /// Whether that one lets the moment itself through.
    pub is_before_inclusive: bool,
    /// Name of the one for a moment and later times, or for later times alone.
    pub at_or_after: String,
}

/// How hard a source may be asked, and how patiently.
#[derive(Debug, Clone)]
pub struct Limits {
    pub max_in_flight: usize,
    pub max_per_minute: Option<u32>,
    pub timeout: Duration,
    /// First wait after a 429 without `Retry-After`, and the longest after a 503 without one.
    pub backoff: Duration,
    pub attempts: u32,
    /// First wait after any other transient failure; doubles.
    pub retry_base: Duration,
    /// The longest wait after any other transient failure.
    pub retry_cap: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_in_flight: 4,
            max_per_minute: None,
            timeout: Duration::from_secs(60),
            backoff: Duration::from_secs(60),
            attempts: 8,
            retry_base: Duration::from_secs(1),
            retry_cap: Duration::from_secs(30),
        }
    }
}

/// Every service known, in the order they are documented.
pub const SERVICES: &[&Service] = &[&secoda::SERVICE, &zendesk::SERVICE];

/// Every table that records of any service end in.
pub const TABLES: &[&Table] = &[
    &secoda::ACTIVITY_LOGS,
    &secoda::VERSION_HISTORIES,
    &secoda::NOTIFICATIONS,
    &zendesk::AUDIT_LOG_TABLE,
    &crate::schema::REJECTS,
];

pub fn service(kind: &str) -> Option<&'static Service> {
    SERVICES.iter().copied().find(|service| service.kind == kind)
}

pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().copied().find(|table| table.name == name)
}

/// The stream of a service of that name that fills a table, and which of its forms does.
pub fn form_of(stream: &str, table: &Table) -> Option<(&'static Service, &'static Stream, usize)> {
    SERVICES.iter().find_map(|service| {
        let stream = service.stream(stream)?;
        let form = stream.forms.iter().position(|form| form.table.name == table.name)?;
        Some((*service, stream, form))
    })
}

impl Service {
    pub fn stream(&self, name: &str) -> Option<&'static Stream> {
        self.streams.iter().find(|stream| stream.name == name)
    }
}

impl Stream {
    /// The form the stream is listed by.
    pub fn main(&self) -> &'static Form {
        &self.forms[0]
    }
}
