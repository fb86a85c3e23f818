//! `import`: what somebody kept of a stream, as saved pages or JSON lines, into the lake as if the service had sent it.

use std::io::stdin;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use clap::Args;
use uuid::Uuid;

use super::{Context, DONE, FAILED, Failure, NEEDS_A_LOOK, block_on, compact, home, loading};
use crate::config::{self, Config};
use crate::coverage::Span;
use crate::lake::{Home, Lake};
use crate::load::{self, FileError, Imported, Run, SavedFile};
use crate::report;
use crate::schema::{Micros, format_time};
use crate::source::{self, SERVICES, Service, Stream};
use crate::warehouse::Workplace;

/// Standard input, among the files.
const STDIN: &str = "-";

/// Reads records from files: JSON lines or pages as the service sent them, plain or packed by gzip or zstd
///
/// Needs no secret, and a configuration only to know the source by.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  trailhouse import secoda_prod.audit_logs 2024.json.gz --covers 2024-01-01 2025-01-01\n  \
    trailhouse import support.audit_logs - --kind zendesk < saved.json"
)]
pub(super) struct Import {
    /// The stream the records are of
    #[arg(value_name = "SOURCE.STREAM")]
    name: String,
    /// Files, or - for standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// States that the files hold everything of this time, the end not included: RFC 3339, a date, or -90d
    #[arg(long, num_args = 2, value_names = ["FROM", "TO"], allow_hyphen_values = true)]
    covers: Option<Vec<String>>,
    /// The service, for a source that is neither configured nor in the lake
    #[arg(long, value_name = "secoda|zendesk")]
    kind: Option<String>,
}

/// What the records are imported into.
struct Target {
    home: Home,
    workplace: Workplace,
    source: String,
    account: Option<String>,
    stream: &'static Stream,
    covers: Option<Span>,
    started_at: Micros,
}

impl Import {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        let config = context.config()?;
        let Some((source, stream)) = self.name.split_once('.') else {
            return Err(Failure::usage(format!("{}: names no stream", self.name)).hinted("name it as SOURCE.STREAM"));
        };
        let started_at = Context::now();
        let covers = self.covers(started_at, &config)?;
        let home = home(&config);
        home.check().map_err(anyhow::Error::from)?;
        block_on(async {
            let service = self.service(&config, &home, source).await?;
            let configured = config.sources.iter().find(|configured| configured.name == source);
            let target = Target {
                source: source.to_owned(),
                account: configured.map(|configured| configured.account.clone()),
                stream: config::stream_of(service, stream)?,
                workplace: config.workplace()?,
                home,
                covers,
                started_at,
            };
            let files = self.files()?;
            loading::until_signalled(context, async |cancelled| {
                work(context, &target, files, cancelled).await
            })
            .await
        })
    }

    fn covers(&self, now: Micros, config: &Config) -> Result<Option<Span>, Failure> {
        let Some([from, to]) = self.covers.as_deref() else {
            return Ok(None);
        };
        let time = |text: &str| {
            report::time(text, now, &config.zone).map_err(|error| Failure::usage(format!("--covers: {error}")))
        };
        let span = Span::new(time(from)?, time(to)?);
        if span.is_empty() {
            return Err(Failure::usage("--covers: FROM is not before TO"));
        }
        if span.to > now {
            let failure = Failure::usage(format!("--covers: {} is in the future", format_time(span.to)));
            return Err(failure.hinted("nobody can hold what has not happened yet"));
        }
        Ok(Some(span))
    }

    /// The service of the source: as configured, else of the rows that the lake holds of it, else as given.
    async fn service(&self, config: &Config, home: &Home, name: &str) -> Result<&'static Service, Failure> {
        let known = match config.sources.iter().find(|source| source.name == name) {
            Some(source) => Some(source.service),
            None => held(home, name).await?,
        };
        let kinds: Vec<&str> = SERVICES.iter().map(|service| service.kind).collect();
        let given = self.kind.as_deref().map(|kind| {
            let failure = || Failure::usage(format!("--kind: `{kind}` is no service trailhouse knows"));
            source::service(kind).ok_or_else(|| failure().hinted(format!("one of {}", kinds.join(", "))))
        });
        match (known, given.transpose()?) {
            (Some(known), Some(given)) if known.kind != given.kind => {
                let failure = Failure::usage(format!("{name}: is of kind {}, not {}", known.kind, given.kind));
                Err(failure.hinted("leave --kind out, or name another source"))
            }
            (Some(service), _) => Ok(service),
            (None, Some(service)) => {
                config::check_name(name)?;
                Ok(service)
            }
            (None, None) => {
                let message = format!("{name}: is neither configured nor in {}", home.lake().display());
                let kinds: Vec<String> = kinds.iter().map(|kind| format!("--kind {kind}")).collect();
                Err(Failure::usage(message).hinted(format!("say what it is with {}", kinds.join(" or "))))
            }
        }
    }

    /// All files, found before anything is written.
    fn files(&self) -> Result<Vec<SavedFile>, Failure> {
        if self.files.iter().filter(|file| file.as_os_str() == STDIN).count() > 1 {
            return Err(Failure::usage("-: standard input can be read only once"));
        }
        let find = |path: &PathBuf| {
            if path.as_os_str() == STDIN {
                return Ok(SavedFile::of("standard input", stdin()));
            }
            SavedFile::at(path).map_err(|error| refused(path, &error))
        };
        self.files.iter().map(find).collect()
    }
}

fn refused(path: &Path, error: &FileError) -> Failure {
    let failure = Failure::usage(format!("{}: {error}; nothing was imported", path.display()));
    failure.hinted(error.hint())
}

/// The service whose tables hold rows of a source.
pub(super) async fn held(home: &Home, name: &str) -> Result<Option<&'static Service>, Failure> {
    let mut lake = Lake::open(home).await?;
    for service in SERVICES {
        for form in service.streams.iter().flat_map(|stream| stream.forms) {
            let mut files = lake.live_files(form.table)?.iter();
            if files.any(|file| file.partition.source == name) {
                return Ok(Some(service));
            }
        }
    }
    Ok(None)
}

async fn work(
    context: &Context,
    target: &Target,
    files: Vec<SavedFile>,
    cancelled: &AtomicBool,
) -> Result<u8, Failure> {
    let lock = loading::lock(&target.home, "import", target.started_at)?;
    let mut lake = loading::open(&target.home, &lock).await?;
    let teller = context.terminal.progress();
    let run = Run {
        run_id: Uuid::now_v7().to_string(),
        started_at: target.started_at,
        clock: &Context::now,
        progress: &|progress| teller.tell(progress),
        cancelled,
        from: None,
        to: None,
    };
    let task = load::Import {
        source: &target.source,
        stream: target.stream,
        account: target.account.as_deref(),
        covers: target.covers,
    };
    let imported = load::import(&mut lake, &task, files, &run).await;
    teller.end();
    tell(context, target, &imported);
    compact::after_load(context, &mut lake, (&run.run_id, target.started_at), cancelled).await;
    loading::bring_up(context, &target.home, &target.workplace, &mut lake).await?;
    Ok(code(&imported))
}

fn tell(context: &Context, target: &Target, imported: &Imported) {
    let (outcome, terminal) = (&imported.outcome, &context.terminal);
    let name = outcome.name();
    let (files, pages, lines) = (imported.files, outcome.counts.pages, imported.lines);
    let parts = [(files, "file"), (pages, "page"), (lines, "single record")];
    let parts = parts.iter().filter(|(count, what)| *count > 0 || *what == "file");
    let parts: Vec<String> = parts.map(|(count, what)| counted(*count, what)).collect();
    loading::tell(context, outcome, &parts.join(", "));
    if outcome.counts.received == 0 && imported.failures.is_empty() {
        terminal.warn(&format!("{name}: the files hold no record"));
    }
    if pages > 0 && lines > 0 {
        terminal.warn(&format!("{name}: pages and single records are mixed; both were read"));
    }
    if imported.outside > 0 {
        let count = counted(imported.outside, "record");
        terminal.warn(&format!(
            "{name}: {count} outside the time of --covers; kept all the same"
        ));
    }
    for (file, error) in &imported.failures {
        terminal.error(&format!("{file}: {error}"), error.hint());
    }
    let Some(span) = target.covers else { return };
    let (from, to) = (format_time(span.from), format_time(span.to));
    if imported.is_claimed {
        terminal.say(&format!(
            "{name}: {from} to {to} is asserted: complete because you say so"
        ));
    } else {
        terminal.warn(&format!(
            "{name}: {from} to {to} is not asserted: for that every file must be read to its end, and some record or page be in them"
        ));
    }
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A file that was not read to its end is a failure, whatever came of the others.
fn code(imported: &Imported) -> u8 {
    let code = loading::code(std::slice::from_ref(&imported.outcome));
    let is_well = code == DONE || code == NEEDS_A_LOOK;
    if is_well && !imported.failures.is_empty() {
        return FAILED;
    }
    code
}
