//! The one configuration: defaults < file < environment < flags, and the only reader of the environment. Everything else is
//! given values. Secrets are not read here but by `SourceConfig::resolve`, so that what talks to no service needs none.

mod address;
mod alert;
mod auth;
mod calendar;
mod document;
mod duration;
mod environment;
mod fault;
mod filters;
mod keeping;
mod reports;
mod people;
mod schedule;
mod secret;
mod source;
mod timing;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

pub use alert::{Alert, Kind, Receiver, To};
pub use environment::Environment;
pub use fault::ConfigError;
pub use keeping::{Keep, Retention};
pub use reports::Reports;
pub use schedule::{Paper, Reported, Scheduled, Task};
pub use source::SourceConfig;
pub use timing::Timing;

use crate::lake::Hold;
use crate::source::{Service, Stream};
use crate::warehouse::{Calendar, Workplace};
use document::{Document, Section};
use fault::{shown, suggestion};

/// The file `trailhouse init` writes: every setting there is, commented.
pub const TEMPLATE: &str = include_str!("config/trailhouse.toml");

/// What a configuration is called where it is looked for.
pub const FILE_NAME: &str = "trailhouse.toml";

const KEYS: &[&str] = &[
    "dir",
    "time_zone",
    "share",
    "sources",
    "retention",
    "hold",
    "people",
    "calendar",
    "reports",
    "schedule",
    "alert",
];
const MOST_BYTES: u64 = 1024 * 1024;

/// What the command line gave.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    pub config: Option<PathBuf>,
    pub dir: Option<PathBuf>,
}

/// Everything configured, checked but for secrets and what they point to.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file read, if there was one.
    pub file: Option<PathBuf>,
    /// The home, as written: it may be relative to the working directory, and need not exist.
    pub dir: PathBuf,
    /// The IANA name of `zone`; `UTC` unless configured.
    pub time_zone: String,
    /// Of people: working hours and days in reports.
    pub zone: TimeZone,
    /// Folders 0750 and files 0640 in place of 0700 and 0600.
    pub share_group: bool,
    /// In the order of the file.
    pub sources: Vec<SourceConfig>,
    pub retention: Retention,
    pub holds: Vec<Hold>,
    pub reports: Reports,
    /// The list of people, which need not exist.
    people: Option<PathBuf>,
    calendar: Option<Calendar>,
    /// In the order of the file.
    pub schedule: Vec<Scheduled>,
    pub alerts: Vec<Alert>,
}

/// A configuration file as found: what messages call it, where it is, its text.
struct Found {
    name: String,
    path: PathBuf,
    text: String,
}

/// What the file settles.
struct Settled {
    dir: Option<PathBuf>,
    time_zone: String,
    zone: TimeZone,
    share_group: bool,
    sources: Vec<SourceConfig>,
    retention: Retention,
    holds: Vec<Hold>,
    reports: Reports,
    people: Option<PathBuf>,
    calendar: Option<Calendar>,
    schedule: Vec<Scheduled>,
    alerts: Vec<Alert>,
}

/// Reads the configuration. Without a file it is the defaults and no source, which is an error only to who needs one.
pub fn load(flags: &Flags, environment: &Environment) -> Result<Config, ConfigError> {
    let found = find(flags, environment)?;
    let mut settled = match &found {
        Some(found) => settle(found)?,
        None => Settled::default(),
    };
    let given = flags.dir.as_deref().map(|dir| environment.path(dir));
    let from_environment = || {
        environment
            .get("TRAILHOUSE_DIR")
            .map(|dir| environment.path(Path::new(dir)))
    };
    let dir = given
        .or(settled.dir)
        .or_else(from_environment)
        .unwrap_or_else(|| environment.path(Path::new("data")));
    for source in &mut settled.sources {
        source.credentials = dir.join(".credentials").join(format!("{}.json", source.name));
    }
    Ok(Config {
        file: found.map(|found| found.path),
        dir,
        time_zone: settled.time_zone,
        zone: settled.zone,
        share_group: settled.share_group,
        sources: settled.sources,
        retention: settled.retention,
        holds: settled.holds,
        reports: settled.reports,
        people: settled.people,
        calendar: settled.calendar,
        schedule: settled.schedule,
        alerts: settled.alerts,
    })
}

impl Config {
    /// The user's own files that this one stands for: what a command writes must not take their place.
    pub fn own_files(&self) -> impl Iterator<Item = &Path> {
        let files = [&self.file, &self.reports.exceptions, &self.people];
        files.into_iter().flatten().map(PathBuf::as_path)
    }

    /// What the warehouse is told of clocks and people; reads the list of people.
    pub fn workplace(&self) -> Result<Workplace, ConfigError> {
        let people = self.people.as_deref().map(people::read).transpose()?;
        Ok(Workplace {
            time_zone: self.time_zone.clone(),
            people: people.unwrap_or_default(),
            calendar: self.calendar.clone(),
        })
    }

    /// The sources that arguments of the form `SOURCE` or `SOURCE.STREAM` name, in the order of the file, each with the streams
    /// named; without arguments all of them.
    pub fn select(&self, names: &[String]) -> Result<Vec<SourceConfig>, ConfigError> {
        if self.sources.is_empty() {
            let hint = "`trailhouse init` writes a commented trailhouse.toml; `trailhouse demo` needs none";
            return Err(ConfigError::new("no source is configured").hinted(hint));
        }
        if names.is_empty() {
            return Ok(self.sources.clone());
        }
        let mut wanted: Vec<(&SourceConfig, Option<&str>)> = Vec::new();
        for name in names {
            wanted.push(self.wanted(name)?);
        }
        let narrowed = |source: &SourceConfig| {
            let named = || wanted.iter().filter(|(wanted, _)| wanted.name == source.name);
            let is_named = |stream: &str| named().any(|(_, wanted)| wanted.is_none_or(|wanted| wanted == stream));
            let mut source = source.clone();
            source.streams.retain(|stream| is_named(stream.name));
            source
        };
        Ok(self
            .sources
            .iter()
            .map(narrowed)
            .filter(|source| !source.streams.is_empty())
            .collect())
    }

    /// The source of that name.
    pub fn source(&self, name: &str) -> Result<&SourceConfig, ConfigError> {
        self.sources.iter().find(|source| source.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.sources.iter().map(|source| source.name.as_str()).collect();
            let fault = ConfigError::new(format!("unknown source `{}`", shown(name, 60)));
            fault.hinted(if known.is_empty() {
                "no source is configured".into()
            } else {
                suggestion(name, "sources", &known)
            })
        })
    }

    fn wanted<'a>(&'a self, name: &'a str) -> Result<(&'a SourceConfig, Option<&'a str>), ConfigError> {
        let Some((name, stream)) = name.split_once('.') else {
            return Ok((self.source(name)?, None));
        };
        let source = self.source(name)?;
        if source.streams.iter().any(|configured| configured.name == stream) {
            return Ok((source, Some(stream)));
        }
        match source::stream_of(source.service, stream) {
            Ok(_) => {
                let message = format!("{name}.{stream}: not among the streams of {name}");
                Err(ConfigError::new(message).hinted(format!("add it to `streams` of sources.{name}")))
            }
            Err((message, hint)) => Err(ConfigError::new(format!("{name}: {message}")).hinted(hint)),
        }
    }
}

/// Checks a name for a source that no configuration names.
pub fn check_name(name: &str) -> Result<(), ConfigError> {
    source::name_fault(name).map_or(Ok(()), |(message, hint)| {
        Err(ConfigError::new(format!("{}: {message}", shown(name, 60))).hinted(hint))
    })
}

/// The stream of a service of that name.
pub fn stream_of(service: &'static Service, name: &str) -> Result<&'static Stream, ConfigError> {
    source::stream_of(service, name).map_err(|(message, hint)| ConfigError::new(message).hinted(hint))
}

impl Default for Settled {
    fn default() -> Self {
        let zone = TimeZone::UTC;
        Self {
            dir: None,
            time_zone: "UTC".to_owned(),
            zone,
            share_group: false,
            sources: Vec::new(),
            retention: Retention::default(),
            holds: Vec::new(),
            reports: Reports::default(),
            people: None,
            calendar: None,
            schedule: Vec::new(),
            alerts: Vec::new(),
        }
    }
}

/// The file of `--config`, which must exist, else the first there is of the working directory's and the user's.
fn find(flags: &Flags, environment: &Environment) -> Result<Option<Found>, ConfigError> {
    if let Some(given) = &flags.config {
        let path = environment.path(given);
        return match read(&path) {
            Ok(text) => Ok(Some(Found {
                name: given.display().to_string(),
                path,
                text,
            })),
            Err(error) => Err(unreadable(&given.display().to_string(), error)),
        };
    }
    let of_user = environment
        .user_config_folder()
        .map(|folder| folder.join("trailhouse").join(FILE_NAME));
    let here = (FILE_NAME.to_owned(), environment.path(Path::new(FILE_NAME)));
    for (name, path) in [Some(here), of_user.map(|path| (path.display().to_string(), path))]
        .into_iter()
        .flatten()
    {
        match read(&path) {
            Ok(text) => return Ok(Some(Found { name, path, text })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(&name, error)),
        }
    }
    Ok(None)
}

fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() > usize::try_from(MOST_BYTES).unwrap_or(usize::MAX) {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "over 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))
}

fn unreadable(name: &str, error: io::Error) -> ConfigError {
    let hint = match error.kind() {
        io::ErrorKind::NotFound => "`trailhouse init` writes a commented trailhouse.toml",
        io::ErrorKind::PermissionDenied => "the file must be readable by the user that runs trailhouse",
        io::ErrorKind::InvalidData => "save it as UTF-8",
        _ => "a configuration is one small file",
    };
    ConfigError::new(format!("cannot read the configuration {name}"))
        .hinted(hint)
        .caused_by(error)
}

fn settle(found: &Found) -> Result<Settled, ConfigError> {
    let folder = found.path.parent().unwrap_or(Path::new("")).to_owned();
    let document = Document::parse(found.name.clone(), folder, &found.text)?;
    let root = document.root();
    root.check_keys(KEYS)?;
    let (time_zone, zone) = time_zone_of(&root, "time_zone")?;
    let mut sources = Vec::new();
    if let Some(section) = root.table("sources")? {
        for name in section.keys() {
            sources.push(SourceConfig::read(&section, name)?);
        }
    }
    Ok(Settled {
        dir: root.file("dir")?,
        schedule: schedule::read(&root, (&time_zone, &zone))?,
        alerts: alert::read(&root)?,
        time_zone,
        holds: keeping::holds(&root, &zone)?,
        zone,
        share_group: share_group_of(&root)?,
        sources,
        retention: Retention::read(&root)?,
        reports: Reports::read(&root)?,
        people: people::file(&root)?,
        calendar: calendar::read(&root)?,
    })
}

fn time_zone_of(section: &Section<'_>, key: &str) -> Result<(String, TimeZone), ConfigError> {
    let name = section.text(key)?.unwrap_or("UTC");
    let zone = jiff::tz::db().get(name).ok();
    let named = zone.and_then(|zone| zone.iana_name().map(str::to_owned).map(|name| (name, zone)));
    named.ok_or_else(|| {
        let database = jiff::tz::TimeZoneDatabase::bundled();
        let known: Vec<String> = database.available().map(|name| name.to_string()).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let hint = match fault::nearest(name, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "an IANA name such as America/Toronto, or UTC".to_owned(),
        };
        section
            .fault(key, &format!("unknown time zone `{}`", shown(name, 60)))
            .hinted(hint)
    })
}

fn share_group_of(root: &Section<'_>) -> Result<bool, ConfigError> {
    match root.text("share")? {
        None => Ok(false),
        Some("group") => Ok(true),
        Some(other) => {
            let hint = r#"share = "group" lets the group read; leave it out to share with nobody"#;
            Err(root
                .fault("share", &format!("unknown value `{}`", shown(other, 60)))
                .hinted(hint))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Pagination, Secret, filter};
    use std::collections::BTreeSet;
    use std::time::Duration;

    const TOKEN: (&str, &str) = ("SECODA_API_KEY", "s3cr3t-t0ken");
    const MINIMAL: &str = "[sources.prod]\nkind = \"secoda\"\ntoken = { env = \"SECODA_API_KEY\" }\n";

    const KEEPING_FAULTS: &[(&str, &str)] = &[
        (
            "[retention]\nkepe = \"7y\"",
            "2:1: retention: unknown key `kepe`\nhint: did you mean `keep`?",
        ),
        (
            "[retention]\nkeep = \"7 years\"",
            "2:1: retention.keep: `7 years` is not a time to keep rows\nhint: write it as \"7y\", \"400d\" or \"forever\"",
        ),
        (
            "[retention.sources.support]\nkept = \"7y\"",
            "2:1: retention.sources.support: unknown key `kept`\nhint: did you mean `keep`?",
        ),
        (
            "[hold]\nreason = \"a\"",
            "2:1: hold.reason: is no hold\nhint: give each hold a name: [hold.case_26_114]",
        ),
        (
            "[hold.case]\nreasons = \"a\"",
            "2:1: hold.case: unknown key `reasons`\nhint: did you mean `reason`?",
        ),
        (
            "[hold.case]\nsources = [\"prod\"]",
            "1:7: hold.case: no reason: why must nothing go?\n\
                 hint: add reason = \"…\", which is shown where the hold keeps something back",
        ),
        (
            "[hold.case]\nreason = \"a\"\nperformers = []",
            "3:1: hold.case.performers: is empty\nhint: leave it out to hold all of them",
        ),
        (
            "[hold.case]\nreason = \"a\"\nfrom = \"May\"",
            "3:1: hold.case.from: `May` is not a time\n\
                 hint: a date, or a time with an offset such as 2026-06-30T12:00:00Z",
        ),
        (
            "[hold.case]\nreason = \"a\"\nfrom = \"2026-02-01\"\nto = 2026-02-01",
            "3:1: hold.case.from: is not before `to`",
        ),
    ];

    const PEOPLE_FAULTS: &[(&str, &str)] = &[
        (
            "[people]\nfiles = \"a\"",
            "2:1: people: unknown key `files`\nhint: did you mean `file`?",
        ),
        (
            "[people]",
            "1:2: people: no file: who are they?\nhint: add file = \"people.csv\", relative to this file",
        ),
        (
            "[people]\nfile = \"nobody.csv\"",
            "cannot read the list of people <folder>/nobody.csv: No such file or directory (os error 2)\n\
                 hint: it is the file that [people] names in the configuration",
        ),
        (
            "[calendar]\nhour = \"9-5\"",
            "2:1: calendar: unknown key `hour`\nhint: did you mean `hours`?",
        ),
        (
            "[calendar]\nhours = \"9-5\"",
            "2:1: calendar.hours: `9-5` are no hours of a day\n\
                 hint: write them as \"09:00-17:00\"; 24:00 is the end of the day",
        ),
        (
            "[calendar]\ndays = [\"mon\", \"thur\"]",
            "2:1: calendar.days: unknown day `thur`\nhint: did you mean `thu`?",
        ),
        (
            "[calendar]\nholidays = [\"25 December\"]",
            "2:1: calendar.holidays: `25 December` is not a date\nhint: write it as \"2026-12-25\"",
        ),
    ];

    const EVERY_SETTING: &str = r#"
            dir = "kept"
            time_zone = "america/toronto"
            share = "group"
            [sources.b]
            kind = "secoda"
            base_url = "http://LOCALHOST:8080"
            token = { env = "SECODA_API_KEY" }
            streams = ["audit_logs"]
            retention_days = 0x10
            settle = "0s"
            finality = "1h30m"
            max_in_flight = 2
            max_per_minute = 300
            timeout = "5s"
            backoff = "10ms"
            attempts = 3
            ca_file = "corp.pem"
            proxy = "http://proxy.acme.example:3128"
            [sources.a]
            kind = "secoda"
        "#;

    const FILE_FAULTS: &[(&str, &str)] = &[
        (
            "tme_zone = \"UTC\"",
            "trailhouse.toml:1:1: unknown key `tme_zone`\nhint: did you mean `time_zone`?",
        ),
        (
            "\n\ncolour = 1",
            "trailhouse.toml:3:1: unknown key `colour`\nhint: known keys: dir, time_zone, share, sources, retention, hold, people, calendar, reports, \
              schedule, alert",
        ),
        (
            "dir = 3",
            "trailhouse.toml:1:1: dir: expected a text, found a whole number",
        ),
        ("dir = \" \"", "trailhouse.toml:1:1: dir: is empty"),
        (
            "time_zone = \"America/Tornto\"",
            "trailhouse.toml:1:1: time_zone: unknown time zone `America/Tornto`\nhint: did you mean `America/Toronto`?",
        ),
        (
            "time_zone = \"+02:00\"",
            "trailhouse.toml:1:1: time_zone: unknown time zone `+02:00`\n\
                 hint: an IANA name such as America/Toronto, or UTC",
        ),
        (
            "share = \"all\"",
            "trailhouse.toml:1:1: share: unknown value `all`\n\
                 hint: share = \"group\" lets the group read; leave it out to share with nobody",
        ),
        (
            "sources = 1",
            "trailhouse.toml:1:1: sources: expected a table, found a whole number",
        ),
        (
            "[[sources]]",
            "trailhouse.toml:1:3: sources: expected a table, found a list",
        ),
        (
            "sources.prod = true",
            "trailhouse.toml:1:9: sources.prod: expected a table, found true or false",
        ),
        (
            "[sources.Prod-EU]",
            "trailhouse.toml:1:10: sources.Prod-EU: not a name for a source\nhint: a source's name is a small letter \
                 and at most 39 more small letters, digits or underscores: `prod_eu`",
        ),
        (
            "[sources.1a]",
            "trailhouse.toml:1:10: sources.1a: not a name for a source\nhint: a source's name is a small letter \
                 and at most 39 more small letters, digits or underscores",
        ),
        (
            "[sources.demo_secoda]",
            "trailhouse.toml:1:10: sources.demo_secoda: the name is reserved for the demo\n\
                 hint: give the source another name",
        ),
        (
            "[sources.prod]\nregion = \"us\"",
            "trailhouse.toml:1:10: sources.prod: no kind: which service is it?\nhint: known kinds: secoda, zendesk",
        ),
        (
            "[sources.prod]\nknid = \"secoda\"",
            "trailhouse.toml:2:1: sources.prod: unknown key `knid`\nhint: did you mean `kind`?",
        ),
        (
            "[sources.prod]\nkind = \"jira\"\nsubdomain = \"acme\"",
            "trailhouse.toml:2:1: sources.prod.kind: kind `jira` is not known to this version\n\
                 hint: known kinds: secoda, zendesk",
        ),
        (
            "[sources.prod]\nkind = \"secodo\"",
            "trailhouse.toml:2:1: sources.prod.kind: kind `secodo` is not known to this version\n\
                 hint: did you mean `secoda`?",
        ),
        (
            "[sources.prod]\nkind = \"secoda\"",
            "trailhouse.toml:1:10: sources.prod: no token\nhint: add token = { env = \"SECODA_API_KEY\" }",
        ),
    ];

    /// Of lines below `[sources.support]` and its kind, `zendesk`.
    const ZENDESK_FAULTS: &[(&str, &str)] = &[
        (
            "settle = \"5m\"",
            "2:1: sources.support: no subdomain\nhint: add subdomain = \"acme\" for acme.zendesk.com, or base_url",
        ),
        (
            "subdomain = \"acme.zendesk.com\"",
            "3:1: sources.support.subdomain: `acme.zendesk.com` is not one label of a host name\n\
                 hint: give a whole address as base_url",
        ),
        (
            "subdomain = \"acme\"\nbase_url = \"https://acme.example\"",
            "4:1: sources.support: `subdomain` and `base_url` exclude each other\n\
                 hint: keep one of subdomain and base_url",
        ),
        (
            "subdomain = \"acme\"",
            "1:10: sources.support: no auth\n\
                 hint: add auth = { client_id = \"…\", client_secret = { env = \"ZENDESK_CLIENT_SECRET\" } }",
        ),
        (
            "subdomain = \"acme\"\npagination = \"cursr\"",
            "4:1: sources.support.pagination: unknown value `cursr`\nhint: did you mean `cursor`?",
        ),
        (
            "token = { env = \"KEY\" }",
            "3:1: sources.support: `token` is not for kind zendesk\nhint: this kind has: subdomain, auth, pagination",
        ),
        (
            "auth = \"s3cr3t\"",
            "3:1: sources.support.auth: expected a table, found a text",
        ),
        (
            "auth = { client_id = \"a\", client_secret = \"s3cr3t\" }",
            "3:27: sources.support.auth.client_secret: a literal secret is refused\n\
                 hint: put it into the environment and write client_secret = { env = \"ZENDESK_CLIENT_SECRET\" }",
        ),
        (
            "auth = { client_ID = \"a\" }",
            "3:10: sources.support.auth: unknown key `client_ID`\nhint: did you mean `client_id`?",
        ),
        ("auth = { client_id = \"a\" }", NO_WAY),
        (
            "auth = { client_secret = { env = \"A\" }, refresh_token = { env = \"B\" } }",
            NO_WAY,
        ),
        ("auth = { email = \"a@b\", refresh_token = { env = \"B\" } }", NO_WAY),
        ("auth = {}", NO_WAY),
        (
            "auth = { email = \"a:b@c\", api_token = { env = \"A\" } }",
            "3:10: sources.support.auth.email: is not an e-mail address",
        ),
        (
            "subdomain = \"acme\"\nauth = { client_id = \"a\", client_secret = { env = \"UNSET\" } }",
            "4:27: sources.support.auth.client_secret: environment variable UNSET is not set\n\
                 hint: set it, or point the token to a { file = \"PATH\" } or a { command = [\"PROGRAM\"] }",
        ),
    ];
    const NO_WAY: &str = "3:1: sources.support.auth: is none of the ways to sign in\n\
         hint: give client_id and client_secret, or refresh_token, or email and api_token";

    /// Of a line added to `MINIMAL`, where it is the fourth.
    const ADDRESS_FAULTS: &[(&str, &str)] = &[
        (
            "regoin = \"us\"",
            "4:1: sources.prod: unknown key `regoin`\nhint: did you mean `region`?",
        ),
        (
            "region = \"mars\"",
            "4:1: sources.prod.region: unknown region `mars`\nhint: known regions: us, eu, apac",
        ),
        (
            "region = \"us\"\ndomain = \"acme\"",
            "5:1: sources.prod: `region` and `domain` exclude each other\n\
                 hint: keep one of region and domain",
        ),
        (
            "domain = \"acme.example\"",
            "4:1: sources.prod.domain: `acme.example` is not one label of a host name\n\
                 hint: give a whole address as base_url",
        ),
        (
            "base_url = \"http://secoda.acme.example\"",
            "4:1: sources.prod.base_url: plain http to `secoda.acme.example` would show the token to the network\n\
                 hint: use https; plain http is for this machine only (localhost, 127.0.0.1, [::1])",
        ),
        (
            "base_url = \"http://127.0.0.1.acme.example\"",
            "4:1: sources.prod.base_url: plain http to `127.0.0.1.acme.example` would show the token to the network\n\
                 hint: use https; plain http is for this machine only (localhost, 127.0.0.1, [::1])",
        ),
        (
            "base_url = \"https://me:s3cr3t@secoda.acme.example\"",
            "4:1: sources.prod.base_url: a user or password in an address is refused",
        ),
        (
            "base_url = \"https://secoda.acme.example/api/v1?api_key=s3cr3t\"",
            "4:1: sources.prod.base_url: holds more than scheme, host and port\n\
                 hint: end it after the host; paths are added to it",
        ),
        (
            "base_url = \"secoda.acme.example\"",
            "4:1: sources.prod.base_url: is not an address: relative URL without a base\n\
                 hint: write it as \"https://secoda.acme.example\"",
        ),
        (
            "base_url = \"ftp://acme\"",
            "4:1: sources.prod.base_url: scheme `ftp` is not https",
        ),
        (
            "base_url = \"data:x\"",
            "4:1: sources.prod.base_url: is not an address with a host",
        ),
        (
            "proxy = \"http://me:s3cr3t@proxy.acme.example\"",
            "4:1: sources.prod.proxy: a user or password in an address is refused\n\
                 hint: a proxy that asks for a password is given by HTTPS_PROXY in the environment",
        ),
        (
            "proxy = \"socks5://proxy\"",
            "4:1: sources.prod.proxy: scheme `socks5` is not http or https",
        ),
    ];

    macro_rules! duration {
        ($message:literal) => {
            concat!(
                $message,
                "\nhint: write it as \"90s\", \"5m\", \"24h\" or \"7d\", at most \"3650d\""
            )
        };
    }

    const VALUE_FAULTS: &[(&str, &str)] = &[
        (
            "streams = [\"audit_log\"]",
            "4:1: sources.prod.streams: kind secoda has no stream `audit_log`\nhint: did you mean `audit_logs`?",
        ),
        (
            "streams = []",
            "4:1: sources.prod.streams: is empty\nhint: leave it out for all streams of the kind",
        ),
        (
            "streams = [\"audit_logs\", \"audit_logs\"]",
            "4:1: sources.prod.streams: `audit_logs` stands in it twice",
        ),
        (
            "streams = [1]",
            "4:1: sources.prod.streams: expected a list of texts, found a whole number",
        ),
        ("streams = [\"\"]", "4:1: sources.prod.streams: holds an empty text"),
        (
            "settle = \"5 minutes\"",
            duration!("4:1: sources.prod.settle: `5 minutes` is not a duration"),
        ),
        (
            "settle = 5",
            duration!("4:1: sources.prod.settle: expected a duration, found a whole number"),
        ),
        (
            "finality = \"-1h\"",
            duration!("4:1: sources.prod.finality: `-1h` is not a duration"),
        ),
        (
            "timeout = \"0s\"",
            duration!("4:1: sources.prod.timeout: `0s` is too short"),
        ),
        (
            "backoff = \"0s\"",
            duration!("4:1: sources.prod.backoff: `0s` is too short"),
        ),
        (
            "max_in_flight = 0",
            "4:1: sources.prod.max_in_flight: 0 is not a number from 1 to 64",
        ),
        (
            "max_per_minute = 0",
            "4:1: sources.prod.max_per_minute: 0 is not a number from 1 to 1000000",
        ),
        (
            "attempts = -1",
            "4:1: sources.prod.attempts: -1 is not a number from 1 to 100",
        ),
        (
            "retention_days = 99999999999",
            "4:1: sources.prod.retention_days: 99999999999 is not a number from 1 to 36500",
        ),
        (
            "retention_days = 1.5",
            "4:1: sources.prod.retention_days: expected a whole number, found a number with a fraction",
        ),
        (
            "[sources.prod.filters.audit_logs]\nfilter = {}",
            "5:1: sources.prod.filters.audit_logs.filter: no operator, such as \"exact\"",
        ),
        (
            "[sources.prod.filters.audit_log]\nfilter = {}",
            "4:23: sources.prod.filters: kind secoda has no stream `audit_log`\nhint: did you mean `audit_logs`?",
        ),
        (
            "filters = []",
            "4:1: sources.prod.filters: expected a table, found a list",
        ),
        (
            "subdomain = \"acme\"",
            "4:1: sources.prod: `subdomain` is not for kind secoda\nhint: this kind has: region, domain, token",
        ),
        (
            "ca_file = \"nope.pem\"",
            "1:10: sources.prod.ca_file: cannot read file <folder>/nope.pem: No such file or directory (os error 2)",
        ),
        (
            "ca_file = \"trailhouse.toml\"",
            "1:10: sources.prod.ca_file: file <folder>/trailhouse.toml holds no certificate in PEM form",
        ),
    ];

    #[expect(clippy::disallowed_methods, reason = "a test's own file")]
    fn write(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn home_of(text: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), FILE_NAME, text);
        folder
    }

    fn loaded(text: &str) -> Config {
        let folder = home_of(text);
        load(&Flags::default(), &Environment::from_pairs(folder.path(), &[])).unwrap()
    }

    /// Message, causes and hint, as a reader sees them.
    fn told(folder: &Path, error: &ConfigError) -> String {
        let mut text = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            text.push_str(&format!(": {cause}"));
            source = cause.source();
        }
        if let Some(hint) = error.hint() {
            text.push_str(&format!("\nhint: {hint}"));
        }
        text.replace(folder.to_str().unwrap(), "<folder>")
    }

    /// What loading says of a file, and, where it loads, what resolving its first source says.
    fn fault(text: &str, pairs: &[(&str, &str)]) -> String {
        let folder = home_of(text);
        let environment = Environment::from_pairs(folder.path(), pairs);
        let outcome = load(&Flags::default(), &environment)
            .and_then(|config| config.sources.first().unwrap().resolve(&environment).map(|_| ()));
        told(folder.path(), &outcome.unwrap_err())
    }

    #[test]
    fn defaults_hold_without_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let config = load(&Flags::default(), &Environment::from_pairs(folder.path(), &[])).unwrap();
        assert_eq!((config.file, config.dir), (None, folder.path().join("data")));
        assert_eq!((config.time_zone.as_str(), config.zone), ("UTC", TimeZone::UTC));
        assert!(!config.share_group && config.sources.is_empty());
    }

    #[test]
    fn a_source_has_the_documented_defaults() {
        let config = loaded(MINIMAL);
        let source = config.sources.first().unwrap();
        assert_eq!(source.base_url.as_str(), "https://api.secoda.co/");
        assert_eq!(
            (source.name.as_str(), source.account.as_str()),
            ("prod", "api.secoda.co")
        );
        assert_eq!(source.streams.len(), source.service.streams.len());
        assert_eq!(source.retention_days, Some(90));
        assert_eq!(
            (source.settle, source.finality),
            (Duration::from_secs(300), Duration::from_secs(86_400))
        );
        assert_eq!(
            (
                source.limits.max_in_flight,
                source.limits.max_per_minute,
                source.limits.attempts
            ),
            (4, None, 8)
        );
        assert_eq!(
            (source.limits.timeout, source.limits.backoff),
            (Duration::from_secs(60), Duration::from_secs(60))
        );
    }

    #[test]
    fn every_setting_reaches_the_source() {
        let folder = home_of(EVERY_SETTING);
        write(folder.path(), "corp.pem", "-----BEGIN CERTIFICATE-----\n");
        let environment = Environment::from_pairs(folder.path(), &[TOKEN]);
        let config = load(&Flags::default(), &environment).unwrap();
        assert_eq!((config.dir, config.share_group), (folder.path().join("kept"), true));
        assert_eq!(
            (config.time_zone.as_str(), config.zone.iana_name()),
            ("America/Toronto", Some("America/Toronto"))
        );
        assert_eq!(
            config
                .sources
                .iter()
                .map(|source| source.name.as_str())
                .collect::<Vec<_>>(),
            ["b", "a"]
        );
        let source = config.sources.first().unwrap().resolve(&environment).unwrap();
        let secrets: Vec<&str> = source.auth.secrets().into_iter().map(Secret::expose).collect();
        assert_eq!(secrets, ["s3cr3t-t0ken"]);
        assert_eq!(source.credentials, Some(folder.path().join("kept/.credentials/b.json")));
        assert_eq!(
            (source.base_url.as_str(), source.account.as_str()),
            ("http://localhost:8080/", "localhost")
        );
        assert_eq!(
            (source.retention_days, source.settle, source.finality.as_secs()),
            (Some(16), Duration::ZERO, 5_400)
        );
        let limits = &source.limits;
        assert_eq!(
            (limits.max_in_flight, limits.max_per_minute, limits.attempts),
            (2, Some(300), 3)
        );
        assert_eq!(
            (limits.timeout, limits.backoff),
            (Duration::from_secs(5), Duration::from_millis(10))
        );
        assert_eq!(
            source.ca_pem.as_deref(),
            Some(b"-----BEGIN CERTIFICATE-----\n".as_slice())
        );
        assert_eq!(source.proxy.as_deref(), Some("http://proxy.acme.example:3128"));
        assert!(!format!("{source:?}").contains("s3cr3t"));
    }

    #[test]
    fn an_address_is_a_region_a_domain_or_a_base_url() {
        let cases = [
            (r#"region = "us""#, "https://api.secoda.co/", "api.secoda.co"),
            (r#"region = "eu""#, "https://eapi.secoda.co/", "eapi.secoda.co"),
            (r#"region = "apac""#, "https://aapi.secoda.co/", "aapi.secoda.co"),
            (r#"domain = "Acme""#, "https://acme.secoda.co/", "acme.secoda.co"),
            (
                r#"base_url = "https://Secoda.acme.example:8443""#,
                "https://secoda.acme.example:8443/",
                "secoda.acme.example",
            ),
            (
                r#"base_url = "http://127.0.0.1:4010/""#,
                "http://127.0.0.1:4010/",
                "127.0.0.1",
            ),
            (r#"base_url = "http://[::1]:4010""#, "http://[::1]:4010/", "[::1]"),
        ];
        for (line, address, account) in cases {
            let config = loaded(&format!("{MINIMAL}{line}\n"));
            let source = config.sources.first().unwrap();
            assert_eq!(
                (source.base_url.as_str(), source.account.as_str()),
                (address, account),
                "{line}"
            );
        }
    }

    #[test]
    fn the_home_is_of_the_flag_the_file_the_environment_or_data() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "etc/with.toml", "dir = \"kept\"");
        write(folder.path(), "etc/without.toml", "");
        let cases = [
            (Some("flag"), "etc/with.toml", Some("environment"), "flag"),
            (None, "etc/with.toml", Some("environment"), "etc/kept"),
            (None, "etc/without.toml", Some("environment"), "environment"),
            (None, "etc/without.toml", Some(""), "data"),
            (None, "etc/without.toml", None, "data"),
        ];
        for (dir, file, variable, expected) in cases {
            let pairs: Vec<_> = variable.map(|value| ("TRAILHOUSE_DIR", value)).into_iter().collect();
            let flags = Flags {
                config: Some(file.into()),
                dir: dir.map(PathBuf::from),
            };
            let config = load(&flags, &Environment::from_pairs(folder.path(), &pairs)).unwrap();
            assert_eq!(config.dir, folder.path().join(expected), "{dir:?} {file} {variable:?}");
        }
    }

    #[test]
    fn the_file_is_of_the_flag_the_working_folder_or_the_user() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_str().unwrap();
        let (xdg, home) = (format!("{root}/xdg"), format!("{root}/home"));
        let both = [("XDG_CONFIG_HOME", xdg.as_str()), ("HOME", home.as_str())];
        let relative = [("XDG_CONFIG_HOME", "xdg"), ("HOME", home.as_str())];
        let flags = |config: Option<&str>| Flags {
            config: config.map(PathBuf::from),
            dir: None,
        };
        let file = |flags: &Flags, pairs: &[(&str, &str)]| {
            let file = load(flags, &Environment::from_pairs(folder.path(), pairs))
                .unwrap()
                .file;
            file.map(|file| file.strip_prefix(folder.path()).unwrap().to_str().unwrap().to_owned())
        };
        assert_eq!(file(&flags(None), &both), None);
        write(folder.path(), "home/.config/trailhouse/trailhouse.toml", "");
        assert_eq!(file(&flags(None), &both), None);
        assert_eq!(
            file(&flags(None), &relative).as_deref(),
            Some("home/.config/trailhouse/trailhouse.toml")
        );
        write(folder.path(), "xdg/trailhouse/trailhouse.toml", "");
        assert_eq!(
            file(&flags(None), &both).as_deref(),
            Some("xdg/trailhouse/trailhouse.toml")
        );
        write(folder.path(), FILE_NAME, "");
        assert_eq!(file(&flags(None), &both).as_deref(), Some("trailhouse.toml"));
        write(folder.path(), "other.toml", "");
        assert_eq!(file(&flags(Some("other.toml")), &both).as_deref(), Some("other.toml"));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment::from_pairs(folder.path(), &[]);
        let fault = |config: Option<&str>| {
            let flags = Flags {
                config: config.map(PathBuf::from),
                dir: None,
            };
            told(folder.path(), &load(&flags, &environment).unwrap_err())
        };
        assert_eq!(
            fault(Some("nope.toml")),
            "cannot read the configuration nope.toml: No such file or directory (os error 2)\n\
             hint: `trailhouse init` writes a commented trailhouse.toml"
        );
        std::fs::create_dir(folder.path().join(FILE_NAME)).unwrap();
        assert_eq!(
            fault(None),
            "cannot read the configuration trailhouse.toml: Is a directory (os error 21)\n\
             hint: a configuration is one small file"
        );
        write(folder.path(), "large.toml", &"#".repeat(1_048_577));
        assert_eq!(
            fault(Some("large.toml")),
            "cannot read the configuration large.toml: over 1 MiB\nhint: a configuration is one small file"
        );
    }

    #[test]
    fn faults_of_the_whole_file() {
        for (text, expected) in FILE_FAULTS {
            assert_eq!(fault(text, &[]), *expected, "{text}");
        }
    }

    #[test]
    fn faults_of_people_and_hours() {
        for (text, expected) in PEOPLE_FAULTS {
            let folder = home_of(text);
            let environment = Environment::from_pairs(folder.path(), &[]);
            let found = load(&Flags::default(), &environment).and_then(|config| config.workplace());
            let found = told(folder.path(), &found.unwrap_err());
            assert_eq!(found.trim_start_matches("trailhouse.toml:"), *expected, "{text}");
        }
    }

    #[test]
    fn the_workplace_is_what_is_said_of_zone_hours_and_people() {
        let text = "time_zone = \"America/Toronto\"\n[people]\nfile = \"lists/people.csv\"\n[calendar]\nhours = \"08:30-16:30\"\n\
             days = [\"Tue\", \"mon\"]\nholidays = [\"2026-12-25\"]\n";
        let folder = home_of(text);
        write(folder.path(), "lists/people.csv", "email\nada@acme.example\n");
        let environment = Environment::from_pairs(folder.path(), &[]);
        let config = load(&Flags::default(), &environment).unwrap();
        let workplace = config.workplace().unwrap();
        assert_eq!(
            workplace
                .people
                .iter()
                .map(|one| one.email.as_str())
                .collect::<Vec<_>>(),
            ["ada@acme.example"]
        );
        let expected = Calendar {
            begins_at: "08:30".to_owned(),
            ends_at: "16:30".to_owned(),
            days: vec![1, 2],
            holidays: vec!["2026-12-25".to_owned()],
        };
        assert_eq!(
            (workplace.time_zone.as_str(), workplace.calendar),
            ("America/Toronto", Some(expected))
        );
        assert_eq!(loaded("").workplace().unwrap(), Workplace::of("UTC"));
    }

    #[test]
    fn faults_of_what_is_kept_and_held() {
        for (text, expected) in KEEPING_FAULTS {
            assert_eq!(fault(text, &[]), format!("trailhouse.toml:{expected}"), "{text}");
        }
    }

    #[test]
    fn what_is_kept_and_held_is_by_source() {
        let config = loaded(
            "time_zone = \"America/Toronto\"\n[retention]\nkeep = \"7y\"\n[retention.sources.a]\nkeep = \"forever\"\n\
             [retention.sources.b]\nkeep = \"400d\"\n[hold.case]\nreason = \"26-114\"\nsources = [\"a\"]\n\
             from = 2026-02-01\nto = 2026-03-01T00:00:00Z\n[hold.dana]\nreason = \"r\"\nperformers = [\"p\"]",
        );
        let kept = |source: &str| config.retention.of(source).map(|keep| keep.to_string());
        assert_eq!(kept("a"), None);
        assert_eq!(kept("b").as_deref(), Some("400d"));
        assert_eq!(kept("c").as_deref(), Some("7y"));
        let [case, dana] = config.holds.as_slice() else {
            panic!("{:?}", config.holds)
        };
        let times = [case.span.from, case.span.to].map(crate::schema::format_time);
        assert_eq!(times, ["2026-02-01T05:00:00Z", "2026-03-01T00:00:00Z"]);
        assert_eq!(
            (case.sources.len(), dana.sources.len(), dana.performers.len()),
            (1, 0, 1)
        );
        assert_eq!(loaded("").retention, Retention::default());
    }

    #[test]
    fn faults_of_a_source() {
        for (line, expected) in ADDRESS_FAULTS.iter().chain(VALUE_FAULTS) {
            let text = format!("{MINIMAL}{line}\n");
            assert_eq!(fault(&text, &[TOKEN]), format!("trailhouse.toml:{expected}"), "{line}");
        }
    }

    #[test]
    fn faults_of_a_zendesk_account() {
        for (lines, expected) in ZENDESK_FAULTS {
            let text = format!("[sources.support]\nkind = \"zendesk\"\n{lines}\n");
            let told = fault(&text, &[TOKEN]);
            assert_eq!(told, format!("trailhouse.toml:{expected}"), "{lines}");
        }
    }

    #[test]
    fn a_zendesk_account_signs_in_in_one_of_three_ways() {
        let cases = [
            (
                r#"{ client_id = "trailhouse", client_secret = { env = "SECODA_API_KEY" } }"#,
                r#"ClientCredentials { client_id: "trailhouse", client_secret: Secret(…) }"#,
            ),
            (
                r#"{ refresh_token = { env = "SECODA_API_KEY" } }"#,
                "RefreshToken { client_id: None, client_secret: None, refresh_token: Secret(…) }",
            ),
            (
                r#"{ client_id = "t", client_secret = { env = "SECODA_API_KEY" }, refresh_token = { env = "SECODA_API_KEY" } }"#,
                r#"RefreshToken { client_id: Some("t"), client_secret: Some(Secret(…)), refresh_token: Secret(…) }"#,
            ),
            (
                r#"{ email = "ann@acme.example", api_token = { env = "SECODA_API_KEY" } }"#,
                r#"ApiToken { email: "ann@acme.example", token: Secret(…) }"#,
            ),
        ];
        for (auth, expected) in cases {
            let folder = home_of(&format!(
                "[sources.support]\nkind = \"zendesk\"\nsubdomain = \"Acme\"\nauth = {auth}\npagination = \"offset\"\n\
                 [sources.support.filters.audit_logs]\naction = [\"update\", \"create\"]\n"
            ));
            let environment = Environment::from_pairs(folder.path(), &[TOKEN]);
            let config = load(&Flags::default(), &environment).unwrap();
            let source = config.sources.first().unwrap().resolve(&environment).unwrap();
            let printed = format!("{:?}", source.auth);
            assert!(printed.contains(expected), "{printed}");
            assert!(
                source
                    .auth
                    .secrets()
                    .iter()
                    .all(|secret| secret.expose() == "s3cr3t-t0ken")
            );
            assert_eq!(
                (source.base_url.as_str(), source.account.as_str()),
                ("https://acme.zendesk.com/", "acme.zendesk.com")
            );
            assert_eq!((source.retention_days, source.pagination), (None, Pagination::Offset));
            assert_eq!(source.filters["audit_logs"].canonical(), "action=create,update");
        }
    }

    #[test]
    fn sources_and_streams_are_selected_by_name() {
        let text = "[sources.b]\nkind = \"secoda\"\n[sources.a]\nkind = \"secoda\"\n";
        let select = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            match loaded(text).select(&names) {
                Ok(sources) => sources
                    .iter()
                    .map(|source| source.name.clone())
                    .collect::<Vec<_>>()
                    .join(" "),
                Err(error) => told(Path::new("/nowhere"), &error),
            }
        };
        assert_eq!(select(&[]), "b a");
        assert_eq!(select(&["a"]), "a");
        assert_eq!(select(&["a.audit_logs", "b", "a"]), "b a");
        assert_eq!(select(&["aa"]), "unknown source `aa`\nhint: did you mean `a`?");
        assert_eq!(
            select(&["staging"]),
            "unknown source `staging`\nhint: known sources: b, a"
        );
        assert_eq!(
            select(&["a.audit_log"]),
            "a: kind secoda has no stream `audit_log`\nhint: did you mean `audit_logs`?"
        );
        let none = loaded("").select(&[]).unwrap_err();
        assert_eq!(
            told(Path::new("/nowhere"), &none),
            "no source is configured\nhint: `trailhouse init` writes a commented trailhouse.toml; `trailhouse demo` needs none"
        );
    }

    /// The line without its mark, where it is a commented setting or table or another way to write one.
    fn setting(line: &str) -> Option<&str> {
        let key = |rest: &str| rest.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
        let rest = line.strip_prefix("# or: ").or_else(|| line.strip_prefix('#'));
        rest.filter(|rest| (key(rest) || rest.starts_with('[')) && !rest.starts_with(' '))
    }

    #[test]
    fn the_template_loads_as_it_is_and_with_every_setting_and_alternative_in_use() {
        assert_eq!(loaded(TEMPLATE).sources.len(), 1);
        let in_use: Vec<&str> = TEMPLATE
            .lines()
            .map(|line| {
                if line.starts_with("# or: ") {
                    line
                } else {
                    setting(line).unwrap_or(line)
                }
            })
            .collect();
        assert_eq!(loaded(&in_use.join("\n")).sources.len(), 2);
        let mut alternatives = 0;
        let mut last_setting = 0;
        for (number, line) in in_use.iter().enumerate() {
            match setting(line) {
                Some(alternative) => {
                    let mut lines = in_use.clone();
                    *lines.get_mut(last_setting).unwrap() = alternative;
                    loaded(&lines.join("\n"));
                    alternatives += 1;
                }
                None if !line.starts_with('#') => last_setting = number,
                None => {}
            }
        }
        assert_eq!(alternatives, 15);
    }

    #[test]
    fn the_template_names_every_key_there_is() {
        let key = |line: &'static str| setting(line).unwrap_or(line).split_once(" = ").map(|(key, _)| key);
        let named: BTreeSet<&str> = TEMPLATE
            .lines()
            .filter_map(key)
            .filter(|key| !key.contains(' '))
            .collect();
        let of_kinds = source::KEYS_OF_KINDS.iter().flat_map(|(_, keys)| keys.iter());
        let of_filters = ["secoda", "zendesk"].map(|kind| filter::keys(kind, "audit_logs"));
        let known: BTreeSet<&str> = KEYS
            .iter()
            .chain(source::KEYS)
            .chain(of_kinds)
            .copied()
            .chain(of_filters.into_iter().flatten().map(|key| key.name))
            .chain(keeping::KEYS_OF_HOLD.iter().copied().chain(["keep"]))
            .chain(reports::KEYS.iter().copied())
            .chain(calendar::KEYS.iter().copied().chain(["file"]))
            .chain(schedule::keys().into_iter().chain(alert::KEYS.iter().copied()))
            .filter(|key| {
                ![
                    "filters",
                    "retention",
                    "hold",
                    "people",
                    "calendar",
                    "schedule",
                    "alert",
                ]
                .contains(key)
            })
            .collect();
        assert_eq!(named, known);
    }
}
