//! `verify`: whether the lake is what its ledger says, offline and without a configuration.

mod deep;

use clap::Args;
use serde_json::json;

use super::output::Output;
use super::{Context, DONE, FAILED, Failure, NEEDS_A_LOOK, USAGE, block_on, home, require_lake};
use crate::lake::Lake;
use crate::lake::verify::{Contents, Severity, Verdict};
use crate::render::{Format, visible};
use crate::schema::format_time;
use crate::warehouse::{Cell, Grid, GridColumn};
use deep::Deep;

/// Checks the chain of the ledger, every data file and the Delta tables
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code: 0 valid, 1 changed or missing, 3 only gaps or an unfinished commit, 2 could not check\n\n\
Examples:\n  trailhouse verify\n  trailhouse verify --deep\n  trailhouse verify --format json"
)]
pub(super) struct Verify {
    /// Also reads every row again, on another way than the loader's, and compares it with the JSON it came as, with the
    /// ledger and with the warehouse
    #[arg(long)]
    deep: bool,
    #[command(flatten)]
    output: Output,
}

impl Verify {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        let home = home(&context.config()?);
        require_lake(&home)?;
        let (mut verdict, contents) = block_on(async {
            let checked = match Lake::open_unchecked(&home) {
                Ok(lake) => read(lake, self.deep).await,
                Err(error) => Err(error),
            };
            checked.map_err(|error| Failure {
                code: USAGE,
                ..Failure::from(error)
            })
        })?;
        let deep = contents.map(|contents| Deep::read(&home, contents, &mut verdict, &context.terminal));
        let asked = self.output.format.is_some() || self.output.output.is_some();
        let text = match if asked { self.output.format()? } else { Format::Table } {
            Format::Json => {
                let mut all = as_json(&verdict);
                if let Some(deep) = deep {
                    all["deep"] = deep.as_json();
                }
                format!("{all:#}\n")
            }
            Format::Csv => {
                deep.iter().for_each(|deep| context.terminal.say(&deep.as_text()));
                return self.output.grid(&findings(&verdict)).map(|()| code(&verdict));
            }
            Format::Table => {
                let deep = deep.map(|deep| deep.as_text() + "\n");
                as_text(&verdict) + &deep.unwrap_or_default()
            }
        };
        self.output.text(&text)?;
        Ok(code(&verdict))
    }
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

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Unfinished => "unfinished",
        Severity::Invalid => "invalid",
    }
}

fn as_text(verdict: &Verdict) -> String {
    let mut lines = Vec::new();
    for finding in &verdict.findings {
        lines.push(format!(
            "{}: {}: {}",
            word(finding.severity),
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
    if let Some((sequence, sha256)) = &verdict.head {
        lines.push(format!("ledger head: {sequence} {sha256}"));
    }
    lines.join("\n") + "\n"
}

fn as_json(verdict: &Verdict) -> serde_json::Value {
    let findings = verdict
        .findings
        .iter()
        .map(|finding| json!({"severity": word(finding.severity), "object": finding.object, "what": finding.what}));
    let gaps = verdict.gaps.iter().map(|(stream, gap)| {
        json!({"stream": stream, "from": format_time(gap.span.from), "to": format_time(gap.span.to), "reason": gap.reason})
    });
    json!({
        "valid": !verdict.is_invalid(),
        "lake_id": verdict.lake_id,
        "ledger_head": verdict.head.as_ref().map(|(sequence, sha256)| json!({"sequence": sequence, "sha256": sha256})),
        "entries": verdict.entries,
        "files": verdict.files,
        "bytes": verdict.bytes,
        "delta_commits": verdict.delta_commits,
        "findings": findings.collect::<Vec<_>>(),
        "gaps": gaps.collect::<Vec<_>>(),
    })
}

fn findings(verdict: &Verdict) -> Grid {
    let names = ["severity", "object", "what"];
    let columns = names
        .map(|name| GridColumn {
            name: name.to_owned(),
            kind: "VARCHAR".to_owned(),
        })
        .to_vec();
    let text = |text: &str| Cell::Text(text.to_owned());
    let found = verdict.findings.iter();
    let found = found.map(|finding| vec![text(word(finding.severity)), text(&finding.object), text(&finding.what)]);
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
