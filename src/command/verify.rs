//! `verify`: whether the lake is what its ledger says, offline and without a configuration.

mod deep;

use std::path::Path;

use clap::Args;
use serde_json::json;

use super::output::Output;
use super::{Context, DONE, FAILED, Failure, NEEDS_A_LOOK, USAGE, block_on, home, require_lake};
use crate::lake::verify::{Anchor, Contents, Verdict};
use crate::lake::{Home, Lake};
use crate::ledger::signature::PublicKey;
use crate::render::{Format, visible};
use crate::schema::format_time;
use crate::warehouse::{Cell, Grid, GridColumn};
use deep::Deep;

/// How often is looked while another process writes.
const READINGS: u32 = 3;

/// Checks the chain of the ledger, every data file and the Delta tables
#[derive(Debug, Args)]
#[command(
    after_help = "What is found is `invalid` (changed), `missing`, `unexpected` (no entry knows it), `unfinished` (a killed run \
left it) or a `gap` (time not collected)\n\n\
Exit code: 0 valid, 1 invalid, missing or unexpected, 3 only gaps or unfinished, 2 could not check\n\n\
Examples:\n  trailhouse verify --deep --format json\n  trailhouse verify --against \"$(trailhouse ledger head)\""
)]
pub(super) struct Verify {
    /// The ledger must hold this entry: a line of `trailhouse ledger head` kept elsewhere, or the SHA-256 of an entry
    #[arg(long, value_name = "DIGEST")]
    against: Option<String>,
    /// The ledger must be signed by this key: a file with the public key, or its 64 hexadecimal digits
    #[arg(long, value_name = "KEY")]
    public_key: Option<String>,
    /// Also reads every row again, on another way than the loader's, and compares it with the JSON it came as, with the
    /// ledger and with the warehouse
    #[arg(long)]
    deep: bool,
    #[command(flatten)]
    output: Output,
}

/// What is known from elsewhere, and must be found in the lake.
struct Known {
    anchor: Option<Anchor>,
    public_key: Option<PublicKey>,
}

/// The entries it was found in.
#[derive(Default)]
struct Held {
    anchor: Option<u64>,
    public_key: Option<u64>,
}

impl Verify {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        let known = self.known()?;
        let home = home(&context.config()?);
        require_lake(&home)?;
        let (mut verdict, deep) = self.check(context, &home)?;
        let held = known.find(&mut verdict);
        let asked = self.output.format.is_some() || self.output.output.is_some();
        let text = match if asked { self.output.format()? } else { Format::Table } {
            Format::Json => {
                let mut all = as_json(&verdict, &held);
                if let Some(deep) = deep {
                    all["deep"] = deep.as_json();
                }
                format!("{all:#}\n")
            }
            Format::Table => {
                let deep = deep.map(|deep| deep.as_text() + "\n");
                as_text(&verdict, &held) + &deep.unwrap_or_default()
            }
            _ => {
                deep.iter().for_each(|deep| context.terminal.say(&deep.as_text()));
                return self.output.grid(&findings(&verdict)).map(|()| code(&verdict));
            }
        };
        self.output.text(&text)?;
        Ok(code(&verdict))
    }
}

impl Verify {
    /// Checks the lake. What seems wrong while another process writes is looked at again: files come and go beside a reading.
    fn check(&self, context: &Context, home: &Home) -> Result<(Verdict, Option<Deep>), Failure> {
        let mut earlier: Option<Verdict> = None;
        for _ in 0..READINGS {
            let begun = newest_number(home)?;
            let (mut verdict, contents) = block_on(async {
                could(match Lake::open_unchecked(home) {
                    Ok(lake) => read(lake, self.deep).await,
                    Err(error) => Err(error),
                })
            })?;
            let deep = contents.map(|contents| Deep::read(home, contents, &mut verdict, &context.terminal));
            let is_twice = earlier.is_some_and(|earlier| verdict.agrees_with(&earlier));
            if !verdict.is_invalid() || is_twice || newest_number(home)? == begun {
                return Ok((verdict, deep));
            }
            context
                .terminal
                .say("the lake was written to meanwhile, and is checked again");
            earlier = Some(verdict);
        }
        let failure = Failure::usage(format!("the lake was written to in each of {READINGS} checks"));
        Err(failure.hinted("run it again when nothing writes, or on a copy"))
    }

    fn known(&self) -> Result<Known, Failure> {
        let anchor = |text: &String| {
            text.parse()
                .map_err(|error| Failure::usage(format!("--against: `{}`: {error}", visible(text))))
        };
        Ok(Known {
            anchor: self.against.as_ref().map(anchor).transpose()?,
            public_key: self.public_key.as_deref().map(public_key).transpose()?,
        })
    }
}

/// A key as text, else as a file.
fn public_key(given: &str) -> Result<PublicKey, Failure> {
    if let Ok(key) = PublicKey::read(given) {
        return Ok(key);
    }
    let refused = |why: String| {
        Failure::usage(format!("--public-key: {}: {why}", visible(given)))
            .hinted("give what `trailhouse ledger keygen` printed: a file of it, or the key's 64 hexadecimal digits")
    };
    let text = std::fs::read_to_string(Path::new(given)).map_err(|error| refused(error.to_string()))?;
    PublicKey::read(&text).map_err(|error| refused(error.to_string()))
}

impl Known {
    fn find(&self, verdict: &mut Verdict) -> Held {
        Held {
            anchor: self.anchor.as_ref().and_then(|anchor| verdict.check_against(anchor)),
            public_key: self.public_key.as_ref().and_then(|key| verdict.check_public_key(key)),
        }
    }
}

fn newest_number(home: &Home) -> Result<Option<u64>, Failure> {
    block_on(async {
        could(match Lake::open_unchecked(home) {
            Ok(lake) => lake.newest_number().await,
            Err(error) => Err(error),
        })
    })
}

/// What stands in the way of a check is neither a fault nor none.
fn could<T>(checked: anyhow::Result<T>) -> Result<T, Failure> {
    checked.map_err(|error| Failure {
        code: USAGE,
        ..Failure::from(error)
    })
}

/// Checks the lake; for a second reading also says what should be in it.
async fn read(mut lake: Lake, is_deep: bool) -> anyhow::Result<(Verdict, Option<Contents>)> {
    let verdict = lake.verify().await?;
    let contents = if is_deep { Some(lake.contents().await?) } else { None };
    Ok((verdict, contents))
}

fn code(verdict: &Verdict) -> u8 {
    if verdict.is_invalid() {
        FAILED
    } else if !verdict.findings.is_empty() || !verdict.gaps.is_empty() {
        NEEDS_A_LOOK
    } else {
        DONE
    }
}

fn as_text(verdict: &Verdict, held: &Held) -> String {
    let mut lines = Vec::new();
    for finding in &verdict.findings {
        lines.push(format!(
            "{}: {}: {}",
            finding.fault.word(),
            visible(&finding.object),
            visible(&finding.what)
        ));
    }
    for (stream, gap) in &verdict.gaps {
        let (from, to) = (format_time(gap.span.from), format_time(gap.span.to));
        lines.push(format!(
            "gap: {}: {from} to {to}: {}",
            visible(stream),
            visible(&gap.reason)
        ));
    }
    let sum = match code(verdict) {
        FAILED => "not valid",
        NEEDS_A_LOOK => "valid, with what is named above",
        _ => "valid",
    };
    let counts = format!(
        "{} ledger entries, {} data files ({} bytes), {} Delta commits",
        verdict.entries, verdict.files, verdict.bytes, verdict.delta_commits
    );
    lines.push(format!("{sum}: {counts}"));
    if let Some((since, key)) = verdict.signatures.since.zip(verdict.signatures.in_force.as_ref()) {
        lines.push(format!(
            "signed from entry {since} on; the key in force is {}",
            visible(key)
        ));
    }
    if let Some(sequence) = held.anchor {
        lines.push(format!("the anchor is entry {sequence} of this ledger"));
    }
    if let Some(sequence) = held.public_key {
        lines.push(format!("the public key given signs from entry {sequence} on"));
    }
    if let Some((sequence, sha256)) = &verdict.head {
        lines.push(format!("ledger head: {sequence} {sha256}"));
    }
    lines.join("\n") + "\n"
}

fn as_json(verdict: &Verdict, held: &Held) -> serde_json::Value {
    let findings = verdict
        .findings
        .iter()
        .map(|finding| json!({"kind": finding.fault.word(), "object": finding.object, "what": finding.what}));
    let gaps = verdict.gaps.iter().map(|(stream, gap)| {
        json!({"kind": "gap", "stream": stream, "from": format_time(gap.span.from), "to": format_time(gap.span.to), "reason": gap.reason})
    });
    json!({
        "valid": !verdict.is_invalid(),
        "lake_id": verdict.lake_id,
        "ledger_head": verdict.head.as_ref().map(|(sequence, sha256)| json!({"sequence": sequence, "sha256": sha256})),
        "entries": verdict.entries,
        "files": verdict.files,
        "bytes": verdict.bytes,
        "delta_commits": verdict.delta_commits,
        "signed_from": verdict.signatures.since,
        "signing_key": verdict.signatures.in_force,
        "anchor_entry": held.anchor,
        "public_key_entry": held.public_key,
        "findings": findings.collect::<Vec<_>>(),
        "gaps": gaps.collect::<Vec<_>>(),
    })
}

fn findings(verdict: &Verdict) -> Grid {
    let names = ["kind", "object", "what"];
    let columns = names
        .map(|name| GridColumn {
            name: name.to_owned(),
            kind: "VARCHAR".to_owned(),
        })
        .to_vec();
    let text = |text: &str| Cell::Text(text.to_owned());
    let found = verdict.findings.iter();
    let found = found.map(|finding| vec![text(finding.fault.word()), text(&finding.object), text(&finding.what)]);
    let gaps = verdict.gaps.iter().map(|(stream, gap)| {
        let what = format!(
            "{} to {}: {}",
            format_time(gap.span.from),
            format_time(gap.span.to),
            gap.reason
        );
        vec![text("gap"), text(stream), Cell::Text(what)]
    });
    Grid {
        columns,
        rows: found.chain(gaps).collect(),
    }
}
