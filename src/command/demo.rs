//! `demo`: a simulated workspace, a full sync of it over a real socket, and a report; no configuration needed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use url::Url;

use super::output::{self, width};
use super::sync::{self, Job};
use super::{Context, Failure, block_on};
use crate::lake::{Home, Lake};
use crate::render::{self, Format};
use crate::schema::{Micros, parse_time};
use crate::simulator::clock::Clock;
use crate::simulator::workspace::{Settings, Workspace};
use crate::simulator::{Simulator, TOKEN};
use crate::source::{Auth, Limits, Pagination, Secret, Source, secoda};
use crate::warehouse::Warehouse;

const SOURCE: &str = "demo_secoda";
const TIME_ZONE: &str = "America/Toronto";
const SEED: u64 = 20_250_711;
const EVENTS: usize = 24_000;
const DAYS: u32 = 180;
/// The service of the demo keeps everything.
const RETENTION_DAYS: u32 = 36_500;

/// Loads a simulated workspace into a home of its own, and shows a report
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  trailhouse demo\n  trailhouse --dir /tmp/trailhouse-demo demo")]
pub(super) struct Demo {}

impl Demo {
    pub(super) fn run(context: &Context) -> Result<u8, Failure> {
        let dir = context.flags.dir.clone().unwrap_or_else(|| PathBuf::from("data/demo"));
        let home = Home {
            dir: std::path::absolute(dir)?,
        };
        home.check().map_err(anyhow::Error::from)?;
        let code = block_on(async {
            let started_at = Context::now();
            let end_at = end_of_history(&home, started_at).await?;
            let settings = Settings {
                story: true,
                ..Settings::new(SEED, EVENTS, DAYS, end_at)
            };
            let now = Timestamp::from_microsecond(started_at).map_err(|error| Failure::failed(error.to_string()))?;
            let simulator = Simulator {
                clock: Clock::following(now),
                ..Simulator::new(Workspace::draw(&settings))
            };
            let running = simulator.start(0).await?;
            context.terminal.say(&format!(
                "a simulated Secoda workspace listens on {}",
                running.base_url()
            ));
            let source = source(&running.base_url())?;
            let streams = source.streams.clone();
            let job = Job {
                home: home.clone(),
                time_zone: TIME_ZONE.to_owned(),
                sources: vec![(source, streams)],
                from: None,
                to: None,
                started_at,
            };
            let code = sync::run(context, &job).await;
            running.stop().await;
            code
        })?;
        show(context, &home)?;
        Ok(code)
    }
}

/// The history ends where the home's ledger begins, so that a second run adds nothing; a new home: now.
async fn end_of_history(home: &Home, now: Micros) -> Result<Timestamp, Failure> {
    let lake = Lake::open(home).await?;
    if let Some((source, _)) = lake.streams().into_iter().find(|(source, _)| source != SOURCE) {
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
    Timestamp::from_microsecond(begun.unwrap_or(now)).map_err(|error| Failure::failed(error.to_string()))
}

fn source(base_url: &str) -> Result<Source, Failure> {
    Ok(Source {
        name: SOURCE.to_owned(),
        service: &secoda::SERVICE,
        base_url: Url::parse(base_url).map_err(|error| Failure::failed(error.to_string()))?,
        auth: Auth::Bearer(Secret::new(TOKEN.to_owned())),
        credentials: None,
        streams: vec![&secoda::AUDIT_LOGS],
        account: "demo".to_owned(),
        filters: BTreeMap::new(),
        pagination: Pagination::default(),
        dates: None,
        retention_days: Some(RETENTION_DAYS),
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

/// A first look at what was loaded, and what to type next.
fn show(context: &Context, home: &Home) -> Result<(), Failure> {
    let warehouse = Warehouse::open_read_only(&home.warehouse())?;
    let sql = "select action, count(*) as events, count(distinct actor_id) as actors, min(occurred_at) as first_at, \
               max(occurred_at) as last_at from events group by action order by events desc, action limit 12";
    let grid = warehouse.query(sql, &[])?;
    output::print(
        &render::grid(&grid, Format::Table, width()).map_err(|error| Failure::failed(format!("{error:#}")))?,
    )?;
    let program = &context.program;
    let next = format!(
        "next: {program} --dir {} query \"select occurred_at, actor_name, summary from events order by occurred_at desc limit 10\"",
        quoted(&home.dir.display().to_string())
    );
    context.terminal.say(&next);
    Ok(())
}
