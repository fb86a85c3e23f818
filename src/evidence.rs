//! The evidence pack: the reports of a framework for one period, and all that shows what they were made from, in one zip that
//! can be checked without this program. Made again from the same ledger head it is the same, byte for byte.

mod archive;
mod index;
mod verification;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;

use anyhow::{Context, Result};
use serde_json::json;

use crate::lake::Lake;
use crate::ledger::signature::{PublicKey, signature_path};
use crate::ledger::{self, Head};
use crate::render::{self, Format, Out};
use crate::report::{self, About, Circumstances, Interval, Request};
use crate::schema::{format_time, parse_time};
use crate::sql::{self, Mapping, Report};
use crate::warehouse::{Cell, Grid, Warehouse};

use archive::Archive;

/// Reports that say how complete the record is, whatever the framework.
const COMPLETENESS: [&str; 3] = ["coverage", "load_history", "rejects"];

const FIRST_ENTRY: &str = "
    select min(l.load) as load
    from loads as l
    where l.finished_at >= cast($since as timestamp)";

const POPULATION: &str = "
    select
        e.source,
        e.stream,
        count(*) as events,
        count(distinct e.actor_id) as actors,
        min(e.occurred_at) as first_at,
        max(e.occurred_at) as last_at
    from events as e
    where
        e.occurred_at >= cast($since as timestamp)
        and e.occurred_at < cast($until as timestamp)
    group by e.source, e.stream
    order by e.source, e.stream";

/// What a pack is made of.
pub struct Evidence<'a> {
    /// Has followed the ledger to its newest entry.
    pub warehouse: &'a Warehouse,
    pub lake: &'a Lake,
    /// Key of `sql/controls.csv`.
    pub framework: &'a str,
    pub interval: Interval,
    /// IANA name of the zone in which the period was meant.
    pub time_zone: &'a str,
    /// `now` is not used: a pack is as old as its ledger head.
    pub circumstances: Circumstances,
    /// The data dictionary, as markdown.
    pub dictionary: String,
    /// The file of accepted findings, as it is.
    pub exceptions: Option<Vec<u8>>,
}

/// A report in the pack.
struct Made {
    about: About,
    /// The controls it is evidence for; none of a report on completeness alone.
    controls: Vec<&'static Mapping>,
}

/// What a pack came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    pub reports: usize,
    /// Rows that nobody has accepted, of reports whose rows are findings.
    pub open_findings: u64,
    pub ledger_head: Head,
    /// The gaps of the period, in words; `None` where there is none.
    pub gap: Option<String>,
    /// What else of the period is not collected: later than the last walk, not offered, purged.
    pub lacking: Option<String>,
}

impl Evidence<'_> {
    /// Writes the pack.
    pub async fn write(mut self, file: &mut File) -> Result<Packed> {
        let newest = self.lake.newest().context("the ledger has no entry yet")?.clone();
        let made_at = parse_time(&newest.entry.finished_at).context("the newest entry has no time")?;
        let head = Head {
            sequence: newest.entry.sequence,
            sha256: newest.sha256.clone(),
        };
        self.circumstances.now = made_at;
        self.circumstances.ledger_head = Some(head.clone());
        let mut archive = Archive::new(file, made_at)?;
        let mut made = Vec::new();
        for report in self.reports() {
            let about = self.add_report(&mut archive, report)?;
            let controls = sql::mappings()
                .iter()
                .filter(|mapping| mapping.framework == self.framework && mapping.report == report.name);
            made.push(Made {
                about,
                controls: controls.collect(),
            });
        }
        let population = self.warehouse.query(POPULATION, &self.period())?;
        add_grid(&mut archive, "population.csv", &population)?;
        archive.add("controls.csv", self.controls_csv()?.as_bytes())?;
        archive.add("dictionary.md", self.dictionary.as_bytes())?;
        if let Some(exceptions) = &self.exceptions {
            archive.add("exceptions.csv", exceptions)?;
        }
        let (keys, signer) = self.add_ledger(&mut archive, &head).await?;
        let facts = self.facts(&made, &population, &head, keys);
        archive.add("pack.json", format!("{facts:#}\n").as_bytes())?;
        archive.add("index.html", index::page(&self, &made, &population, &head).as_bytes())?;
        archive.add("VERIFY.md", verification::guide(signer, &head).as_bytes())?;
        archive.add("verify.sql", verification::statements(&made, &head).as_bytes())?;
        archive.finish()?;
        let gap = made.iter().find_map(|made| made.about.gap_sentence());
        let lacking = made.iter().find_map(|made| made.about.lacking_sentence());
        let open = made.iter().filter_map(|made| made.about.findings.as_ref());
        Ok(Packed {
            reports: made.len(),
            open_findings: open.map(report::Findings::open).sum(),
            ledger_head: head,
            gap,
            lacking,
        })
    }

    /// Those of the framework, and those on completeness, by name.
    fn reports(&self) -> Vec<&'static Report> {
        let mut reports: BTreeMap<&str, &Report> = BTreeMap::new();
        let of_completeness = COMPLETENESS.iter().filter_map(|name| sql::report(name));
        for report in sql::reports_of(self.framework).into_iter().chain(of_completeness) {
            reports.insert(&report.name, report);
        }
        reports.into_values().collect()
    }

    fn period(&self) -> [(String, Option<String>); 2] {
        let Interval { since, until } = self.interval;
        [("since", since), ("until", until)].map(|(name, at)| (name.to_owned(), Some(format_time(at))))
    }

    /// Rows, what they are about, a page to read, and the question as it was asked.
    fn add_report(&self, archive: &mut Archive<'_>, report: &'static Report) -> Result<About> {
        let [since, until] = self.period();
        let request = Request {
            from: since.1,
            to: until.1,
            ..Request::default()
        };
        let mut files = [Format::Csv, Format::Html]
            .map(|format| tempfile::tempfile().map(|file| (format, file)))
            .into_iter()
            .collect::<io::Result<Vec<(Format, File)>>>()?;
        let about = {
            let mut sinks = Vec::new();
            for (format, file) in &files {
                sinks.push(render::sink(*format, &report.name, Out::File(file.try_clone()?), None));
            }
            let mut sinks: Vec<&mut dyn report::Sink> = sinks.iter_mut().map(|sink| &mut **sink as _).collect();
            report::run(self.warehouse, report, &request, &self.circumstances, &mut sinks)
                .with_context(|| format!("report {}", report.name))?
        };
        for (format, file) in &mut files {
            archive.copy(&format!("reports/{}.{}", report.name, format.extension()), file)?;
        }
        let told = render::about(&about)?;
        archive.add(&format!("reports/{}.about.json", report.name), told.as_bytes())?;
        archive.add(&format!("reports/{}.sql", report.name), report.text.as_bytes())?;
        Ok(about)
    }

    /// The lines of the framework.
    fn controls_csv(&self) -> Result<String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["framework", "version", "control", "title", "report", "why"])?;
        for mapping in sql::mappings()
            .iter()
            .filter(|mapping| mapping.framework == self.framework)
        {
            let Mapping {
                framework,
                version,
                control,
                title,
                report,
                why,
            } = mapping;
            writer.write_record([framework, version, control, title, report, why])?;
        }
        let bytes = writer.into_inner().map_err(|error| error.into_error())?;
        Ok(String::from_utf8(bytes)?)
    }

    /// The entries from the first that was written in the period to the newest, each with its signature; says how many keys
    /// they name, and the number of the one that has signed the newest.
    async fn add_ledger(&self, archive: &mut Archive<'_>, head: &Head) -> Result<(usize, Option<usize>)> {
        let [since, _] = self.period();
        let grid = self.warehouse.query(FIRST_ENTRY, &[since])?;
        let first = match grid.rows.first().and_then(|row| row.first()) {
            Some(Cell::Integer(first)) => u64::try_from(*first)?,
            _ => head.sequence,
        };
        let store = self.lake.ledger();
        let mut keys: Vec<String> = Vec::new();
        let mut newest = None;
        for sequence in first..=head.sequence {
            let (sealed, bytes) = store
                .read_bytes(sequence)
                .await?
                .with_context(|| format!("ledger entry {sequence} is missing"))?;
            archive.add(&format!("ledger/{}", entry_name(sequence)), &bytes)?;
            if let Some(signature) = store.signature(sequence).await? {
                archive.add(&format!("ledger/{}", signature_name(sequence)), &signature)?;
            }
            newest.clone_from(&sealed.entry.signing_key);
            keys.extend(sealed.entry.signing_key.filter(|key| !keys.contains(key)));
        }
        // A key is announced by an entry that the one before it signs.
        let before = match head.sequence.checked_sub(1).filter(|before| *before > 0) {
            Some(before) => store.read_bytes(before).await?,
            None => None,
        };
        let signer = newest.and_then(|own| before.and_then(|(before, _)| before.entry.signing_key).or(Some(own)));
        keys.extend(signer.clone().filter(|key| !keys.contains(key)));
        let signer = signer.and_then(|signer| keys.iter().position(|key| *key == signer));
        archive.add("ledger/head.json", serde_json::to_string(head)?.as_bytes())?;
        for (number, key) in keys.iter().enumerate() {
            let pem = PublicKey::read(key)?.pem()?;
            archive.add(&format!("ledger/key-{}.pem", number + 1), pem.as_bytes())?;
        }
        Ok((keys.len(), signer.map(|place| place + 1)))
    }

    /// What a program wants to know of the pack.
    fn facts(&self, made: &[Made], population: &Grid, head: &Head, keys: usize) -> serde_json::Value {
        let report = |made: &Made| {
            let findings = made.about.findings.as_ref().map(|findings| {
                json!({"total": findings.total, "accepted": findings.accepted, "severity": findings.severity.name()})
            });
            let controls: Vec<&str> = made.controls.iter().map(|mapping| mapping.control.as_str()).collect();
            json!({
                "name": made.about.report.name, "title": made.about.report.title, "rows": made.about.rows,
                "findings": findings, "controls": controls, "gap": made.about.gap_sentence(),
                "not_collected": made.about.lacking_sentence(),
            })
        };
        let of_stream = |row: &Vec<Cell>| {
            let told = |place: usize| row.get(place).map(ToString::to_string);
            let events = row.get(2).and_then(|cell| {
                if let Cell::Integer(events) = cell {
                    u64::try_from(*events).ok()
                } else {
                    None
                }
            });
            json!({"source": told(0), "stream": told(1), "events": events})
        };
        json!({
            "framework": self.framework,
            "since": format_time(self.interval.since),
            "until": format_time(self.interval.until),
            "time_zone": self.time_zone,
            "made_at": format_time(self.circumstances.now),
            "version": self.circumstances.version,
            "lake_id": self.lake.id(),
            "ledger_head": {"sequence": head.sequence, "sha256": head.sha256},
            "public_keys": keys,
            "population": population.rows.iter().map(of_stream).collect::<Vec<_>>(),
            "reports": made.iter().map(report).collect::<Vec<_>>(),
        })
    }
}

/// The name of the file of an entry, as the lake has it.
fn entry_name(sequence: u64) -> String {
    ledger::path(sequence).filename().unwrap_or_default().to_owned()
}

fn signature_name(sequence: u64) -> String {
    signature_path(sequence).filename().unwrap_or_default().to_owned()
}

fn add_grid(archive: &mut Archive<'_>, name: &str, grid: &Grid) -> Result<()> {
    let mut file = tempfile::tempfile()?;
    let mut sink = render::sink(Format::Csv, name, Out::File(file.try_clone()?), None);
    render::grid(grid, &mut *sink)?;
    drop(sink);
    archive.copy(name, &mut file)
}
