//! `demo`: a simulated Secoda workspace and Zendesk account, a full sync of both over real sockets, and a first look; no
//! configuration needed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use url::Url;

use super::output::{Output, Place};
use super::sync::{self, Job};
use super::{Context, DONE, Failure, NEEDS_A_LOOK, block_on, report::ledger_head};
use crate::atomic::place::create_folder;
use crate::lake::{Home, Lake};
use crate::render::Format;
use crate::report::{self, Circumstances, Exceptions, Request};
use crate::schema::{Micros, parse_time};
use crate::simulator::clock::Clock;
use crate::simulator::last_day;
use crate::simulator::workspace::{Settings, Workspace};
use crate::simulator::zendesk::ZendeskSimulator;
use crate::simulator::zendesk::history::{self, History};
use crate::simulator::{Simulator, TOKEN};
use crate::source::{Auth, Limits, Pagination, Secret, Service, Source, secoda, zendesk};
use crate::warehouse::{Person, Warehouse, Workplace};

const SECODA: &str = "demo_secoda";
const ZENDESK: &str = "demo_zendesk";
const TIME_ZONE: &str = "America/Toronto";
const SEED: u64 = 20_250_711;
const EVENTS: usize = 24_000;
const ZENDESK_EVENTS: usize = 6_000;
const DAYS: u32 = 180;
const DAY: Micros = 86_400_000_000;
/// Since the day on which the story marks a leaver.
const DAYS_SINCE_LEAVING: i64 = 34;

/// Loads a simulated Secoda workspace and Zendesk account into a home of its own, and takes a first look
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  trailhouse demo\n  trailhouse --dir /tmp/trailhouse-demo demo")]
pub(super) struct Demo {}

impl Demo {
    pub(super) fn run(context: &Context) -> Result<u8, Failure> {
        let dir = context.flags.dir.clone().unwrap_or_else(|| PathBuf::from("data/demo"));
        let home = Home::at(&dir);
        home.check().map_err(anyhow::Error::from)?;
        let code = block_on(load(context, &home))?;
        show(context, &home)?;
        Ok(code)
    }
}

/// Loads a new home as it would have been loaded yesterday, and then as now; another only as now.
async fn load(context: &Context, home: &Home) -> Result<u8, Failure> {
    let now = Context::now();
    let (end_at, is_new) = end_of_history(home, now).await?;
    let behind = if is_new { DAY } else { 0 };
    let moment = Timestamp::from_microsecond(now - behind).map_err(|error| Failure::failed(error.to_string()))?;
    let workspace = secoda_service(moment, end_at).start(0).await?;
    let account = zendesk_service(moment, end_at).start(0).await?;
    context.terminal.say(&format!(
        "a simulated Secoda workspace listens on {}, and a Zendesk account on {}",
        workspace.base_url(),
        account.base_url()
    ));
    let sources = [
        source(SECODA, &secoda::SERVICE, &workspace.base_url())?,
        source(ZENDESK, &zendesk::SERVICE, &account.base_url())?,
    ];
    let job = |behind: Micros| Job {
        home: home.clone(),
        workplace: workplace(end_at),
        sources: sources
            .iter()
            .map(|source| (source.clone(), source.streams.clone()))
            .collect(),
        from: None,
        to: None,
        started_at: Context::now() - behind,
        behind,
    };
    let mut code = Ok(DONE);
    if is_new {
        context.terminal.say("the first load is played as of yesterday");
        code = sync::run(
            context,
            &Job {
                started_at: now - DAY,
                ..job(DAY)
            },
        )
        .await;
        for clock in [workspace.clock(), account.clock()] {
            clock.advance(SignedDuration::from_micros(DAY));
        }
    }
    if matches!(code, Ok(DONE)) {
        code = sync::run(context, &job(0)).await;
    }
    workspace.stop().await;
    account.stop().await;
    // The record that cannot be read is planted there to be looked at.
    code.map(|code| if code == NEEDS_A_LOOK { DONE } else { code })
}

/// The workspace of the demo, whose clock runs on from now.
fn secoda_service(now: Timestamp, end_at: Timestamp) -> Simulator {
    let settings = Settings {
        story: true,
        ..Settings::new(SEED, EVENTS, DAYS, end_at)
    };
    let mut workspace = Workspace::draw(&settings);
    last_day::tell(&mut workspace);
    Simulator {
        clock: Clock::following(now),
        ..Simulator::new(workspace)
    }
}

/// The account of the demo.
fn zendesk_service(now: Timestamp, end_at: Timestamp) -> ZendeskSimulator {
    let settings = history::Settings {
        story: true,
        ..history::Settings::new(SEED, ZENDESK_EVENTS, DAYS, end_at)
    };
    ZendeskSimulator {
        clock: Clock::following(now),
        ..ZendeskSimulator::new(History::draw(&settings))
    }
}

/// The history ends where the home's ledger begins, so that a second run adds nothing; for a new home, which is said beside it:
/// yesterday, when its first load is played.
async fn end_of_history(home: &Home, now: Micros) -> Result<(Timestamp, bool), Failure> {
    let lake = Lake::open(home).await?;
    if let Some((source, _)) = lake
        .streams()
        .into_iter()
        .find(|(source, _)| source != SECODA && source != ZENDESK)
    {
        let failure = Failure::usage(format!(
            "{}: holds the source {source}, which is not the demo's",
            home.dir.display()
        ));
        return Err(failure.hinted("name another directory with --dir"));
    }
    let begun = if lake.sequence() == 0 {
        None
    } else {
        parse_time(&lake.entry(1).await?.entry.started_at)
    };
    let end_at = begun.unwrap_or(now - DAY);
    let end_at = Timestamp::from_microsecond(end_at).map_err(|error| Failure::failed(error.to_string()))?;
    Ok((end_at, begun.is_none()))
}

/// The clocks of the demo, and the people of its story: one of them may do what others may not, and one has left.
fn workplace(end_at: Timestamp) -> Workplace {
    let left = TimeZone::get(TIME_ZONE).ok().and_then(|zone| {
        let today = end_at.to_zoned(zone).date();
        today.checked_sub(Span::new().days(DAYS_SINCE_LEAVING)).ok()
    });
    let person = |name: &str, privileged: bool| Person {
        email: format!("{}@northwind.example", name.to_lowercase().replace(' ', ".")),
        name: Some(name.to_owned()),
        manager: (name != "Helena Brandt").then(|| "Helena Brandt".to_owned()),
        privileged,
        ..Person::default()
    };
    let dana = Person {
        employed_to: left.map(|day| day.to_string()),
        ..person("Dana Whitfield", false)
    };
    Workplace {
        people: vec![
            person("Helena Brandt", false),
            person("Priya Raman", true),
            person("Marcus Oyelaran", false),
            person("Otto Lindgren", false),
            dana,
        ],
        ..Workplace::of(TIME_ZONE)
    }
}

/// The services of the demo keep everything.
fn source(name: &str, service: &'static Service, base_url: &str) -> Result<Source, Failure> {
    Ok(Source {
        name: name.to_owned(),
        service,
        base_url: Url::parse(base_url).map_err(|error| Failure::failed(error.to_string()))?,
        auth: Auth::Bearer(Secret::new(TOKEN.to_owned())),
        credentials: None,
        streams: service.streams.iter().collect(),
        account: "demo".to_owned(),
        filters: BTreeMap::new(),
        pagination: Pagination::Cursor,
        dates: None,
        retention_days: None,
        settle: Duration::from_secs(300),
        finality: Duration::from_secs(86_400),
        limits: Limits::default(),
        ca_pem: None,
        proxy: None,
    })
}

/// A path as a shell takes it.
fn quoted(path: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "/._-".contains(character);
    if path.chars().all(is_plain) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', "'\\''"))
    }
}

/// Reports to read and to print; the first one is named.
const SHOWN: [&str; 3] = ["activity_summary", "access_changes", "off_hours_activity"];

/// Writes them as pages into the home.
fn write_pages(context: &Context, home: &Home, warehouse: &Warehouse) -> Result<(), Failure> {
    let zone = TimeZone::get(TIME_ZONE).map_err(|error| Failure::failed(error.to_string()))?;
    let circumstances = Circumstances {
        now: Context::now(),
        zone,
        ledger_head: ledger_head(warehouse)?,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        exceptions: Exceptions::default(),
        sources: Vec::new(),
    };
    let folder = home.dir.join("reports");
    create_folder(&folder)?;
    for name in SHOWN {
        let place = Place::open(Some(&folder.join(format!("{name}.html"))), Format::Html)?;
        let mut sink = place.sink()?;
        let known = report::find(name)?;
        report::run(warehouse, known, &Request::default(), &circumstances, &mut [&mut *sink])?;
        drop(sink);
        place.keep()?;
    }
    let [first, ..] = SHOWN;
    context.terminal.say(&format!(
        "{} pages are in {}; open {first}.html in a browser",
        SHOWN.len(),
        folder.display()
    ));
    Ok(())
}

/// A first look at what was loaded, and what to type next.
fn show(context: &Context, home: &Home) -> Result<(), Failure> {
    let warehouse = Warehouse::open_read_only(&home.warehouse())?;
    write_pages(context, home, &warehouse)?;
    let sql = "select action, count(*) as events, count(distinct actor_id) as actors, min(occurred_at) as first_at, \
               max(occurred_at) as last_at from events group by action order by events desc, action limit 12";
    let grid = warehouse.query(sql, &[])?;
    let output = Output {
        format: Some("table".to_owned()),
        output: None,
    };
    output.grid(&grid)?;
    let program = &context.program;
    let next = format!(
        "next: {program} --dir {} query \"select occurred_at, actor_name, summary from events order by occurred_at desc limit 10\"",
        quoted(&home.dir.display().to_string())
    );
    context.terminal.say(&next);
    Ok(())
}
