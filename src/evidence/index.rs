//! The first page of a pack: for each control its reports with their findings, the population they were drawn from, and how
//! complete the record is. All text from records is escaped by the templates; there is no script.

use std::collections::BTreeMap;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{COMPLETENESS, Evidence, Made};
use crate::ledger::Head;
use crate::render;
use crate::schema::format_time;
use crate::sql::{Mapping, Severity};
use crate::warehouse::Grid;

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884;--warn:#b42318}\
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2.2rem}\
table{border-collapse:collapse;width:100%;font-size:.92rem}\
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}\
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}\
.gap{border-left:4px solid var(--warn);padding:.4rem .8rem;margin:1rem 0}\
.open{color:var(--warn);font-weight:600}\
code{font-size:.9em;overflow-wrap:anywhere}small{opacity:.75}\
@media print{body{max-width:none;margin:0}a{color:inherit;text-decoration:none}h2{break-after:avoid}tr{break-inside:avoid}}";

/// Full names of the frameworks.
const TITLES: [(&str, &str); 6] = [
    ("soc2", "SOC 2"),
    ("iso27001", "ISO/IEC 27001"),
    ("hipaa", "HIPAA"),
    ("gdpr", "GDPR"),
    ("nist80053", "NIST SP 800-53"),
    ("pcidss", "PCI DSS"),
];

pub(super) fn page(evidence: &Evidence<'_>, made: &[Made], population: &Grid, head: &Head) -> String {
    let framework = evidence.framework;
    let title = TITLES
        .iter()
        .find(|(key, _)| *key == framework)
        .map_or(framework, |(_, title)| *title);
    let version = made
        .iter()
        .flat_map(|made| &made.controls)
        .map(|mapping| mapping.version.as_str())
        .next();
    let (since, until) = (
        format_time(evidence.interval.since),
        format_time(evidence.interval.until),
    );
    let gap = made.iter().find_map(|made| made.about.gap_sentence());
    let lacking = made.iter().find_map(|made| made.about.lacking_sentence());
    let unsettled = made.iter().find_map(|made| made.about.unsettled_sentence());
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Evidence for " (title) ", " (since) " to " (until) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                @if let Some(gap) = &gap { p.gap { (render::visible(gap)) } }
                h1 { "Evidence for " (title) }
                p {
                    @if let Some(version) = version { (version) br; }
                    "From " (since) " to " (until) ", the end not included; days as in " (evidence.time_zone) "."
                }
                p { (completeness(evidence, made)) "; see " (completeness_links()) "." }
                @if let Some(lacking) = &lacking { p { b { (render::visible(lacking)) } } }
                @if let Some(unsettled) = &unsettled { p { "Of it, not final: " (render::visible(unsettled)) "." } }
                h2 { "Controls" }
                (controls(made))
                h2 { "Population" }
                p { "Every event of the period that the reports were made from, by source and stream; also as " a href="population.csv" { "CSV" } "." }
                (table(population))
                h2 { "Made from" }
                p {
                    "Ledger entry " (head.sequence) ", SHA-256 " code { (head.sha256) } br;
                    "written at " (format_time(evidence.circumstances.now)) " by trailhouse " (evidence.circumstances.version)
                    @if let Some(id) = evidence.lake.id() { " into the lake " code { (id) } }
                }
                p {
                    "The entries are in " code { "ledger/" } ", what the columns mean in " a href="dictionary.md" { "dictionary.md" }
                    ", which control needs which report in " a href="controls.csv" { "controls.csv" } ". "
                    a href="VERIFY.md" { "VERIFY.md" } " says how to check all of it without trailhouse."
                }
            }
        }
    };
    page.into_string()
}

/// Every report of a pack is over the same time and all sources.
fn completeness(evidence: &Evidence<'_>, made: &[Made]) -> String {
    let until = evidence.interval.until;
    let has_gap = made.iter().any(|made| made.about.gap_sentence().is_some());
    match made.iter().map(|made| made.about.complete_to()).min().flatten() {
        Some(end) if end == until => "Collected without a gap".to_owned(),
        Some(end) => format!("Collected without a gap up to {}", format_time(end)),
        None if has_gap => "Not collected without a gap".to_owned(),
        None => "No gap, but not all of the period is collected".to_owned(),
    }
}

fn completeness_links() -> Markup {
    html! {
        @for (number, name) in COMPLETENESS.iter().enumerate() {
            @if number > 0 { ", " }
            a href=(format!("reports/{name}.html")) { (name) }
        }
    }
}

/// One row for each report of each control, in the order of the controls.
fn controls(made: &[Made]) -> Markup {
    let mut rows: BTreeMap<(&str, &str), (&Mapping, &Made)> = BTreeMap::new();
    for made in made {
        for mapping in &made.controls {
            rows.insert((&mapping.control, &mapping.report), (mapping, made));
        }
    }
    html! {
        table {
            thead { tr { th { "control" } th { "report" } th.n { "rows" } th { "findings" } th { "record" } } }
            tbody {
                @for (mapping, made) in rows.into_values() {
                    tr {
                        td { b { (mapping.control) } br; (mapping.title) }
                        td { (report(mapping, made)) }
                        td.n { (made.about.rows) }
                        td { (findings(made)) }
                        td { (record(made)) }
                    }
                }
            }
        }
    }
}

/// How complete the record is that a report was made from.
fn record(made: &Made) -> Markup {
    html! {
        @match made.about.complete_to() {
            Some(end) if end == made.about.interval.until => "complete",
            Some(end) => { "complete up to " (format_time(end)) },
            None if made.about.gap_sentence().is_some() => span.open { "has gaps" },
            None => span.open { "not all collected" },
        }
    }
}

fn report(mapping: &Mapping, made: &Made) -> Markup {
    let name = &made.about.report.name;
    html! {
        a href=(format!("reports/{name}.html")) { (made.about.report.title) }
        " " small {
            a href=(format!("reports/{name}.csv")) { "CSV" } " "
            a href=(format!("reports/{name}.sql")) { "SQL" } " "
            a href=(format!("reports/{name}.about.json")) { "about" }
        }
        br;
        (made.about.report.question) br;
        small { (mapping.why) }
    }
}

fn findings(made: &Made) -> Markup {
    html! {
        @match &made.about.findings {
            None => "–",
            Some(findings) if findings.severity == Severity::Info => "–",
            Some(findings) if findings.open() > 0 => {
                span.open { (findings.open()) " open" } ", " (findings.accepted) " accepted (" (findings.severity.name()) ")"
            },
            Some(findings) => { (findings.accepted) " accepted" },
        }
    }
}

fn table(grid: &Grid) -> Markup {
    html! {
        table {
            thead { tr { @for column in &grid.columns { th { (column.name) } } } }
            tbody {
                @for row in &grid.rows {
                    tr { @for cell in row { td { (render::visible(&cell.to_string())) } } }
                }
            }
        }
    }
}
