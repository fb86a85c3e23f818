//! The page itself, from its policy to its provenance.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::{Shown, strip};
use crate::render::table::is_number;
use crate::render::{told, visible};
use crate::report::About;
use crate::schema::{Micros, SECOND, format_time};
use crate::sql::{self, Severity};
use crate::warehouse::GridColumn;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The last day on which a finding is accepted; empty where it never was.
const EXCEPTION_UNTIL: &str = "exception_until";

const KEY: [(&str, &str); 5] = [
    ("final", "collected"),
    ("provisional", "collected, may still change"),
    ("asserted", "stated as complete by the user"),
    ("gap", "gap"),
    ("idle", "not yet collected, not offered or purged"),
];

pub(super) fn of(about: Option<&About>, shown: &Shown, chart: Option<Markup>) -> Markup {
    let title = about.map_or("Rows", |about| about.report.title.as_str());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        base64(&Sha256::digest(STYLE)),
        base64(&Sha256::digest(SCRIPT))
    );
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (visible(title)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                @if let Some(about) = about { (head(about)) }
                @if let Some(chart) = chart { (chart) }
                (rows(about, shown))
                @if let Some(about) = about { (coverage(about)) (provenance(about)) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

fn head(about: &About) -> Markup {
    html! {
        @if let Some(gaps) = about.gap_sentence() {
            p.gap-line { (visible(&gaps)) }
        }
        h1 { (visible(&about.report.title)) }
        p.question { (visible(&about.report.question)) }
        ul.summary {
            li { "Period" b { (day(about.interval.since)) " – " (day(about.interval.until)) } }
            li { "Rows" b { (about.rows) } }
            @if let Some(findings) = &about.findings {
                @if findings.severity != Severity::Info {
                    li.open[findings.open() > 0] { "Open findings, " (findings.severity.name()) b { (findings.open()) } }
                    li { "Accepted findings" b { (findings.accepted) } }
                }
            }
            @if let Some(sample) = &about.sample {
                li { "Sample of" b { (sample.population) } }
            }
            li { "Gaps" b { (about.gaps.len()) } }
            li { "Unreadable records" b { (about.rejects) } }
        }
    }
}

/// A time to the second, and a day where it is the first of one.
fn day(at: Micros) -> String {
    let second = format_time(at - at.rem_euclid(SECOND));
    second.trim_end_matches("T00:00:00Z").to_owned()
}

fn rows(about: Option<&About>, shown: &Shown) -> Markup {
    let is_cut = u64::try_from(shown.rows.len()).is_ok_and(|rows| rows < shown.total);
    let until = shown.columns.iter().position(|column| column.name == EXCEPTION_UNTIL);
    let findings = about.and_then(|about| about.findings.as_ref());
    let day = findings.and_then(|findings| findings.day).map(|day| day.to_string());
    let is_accepted = |row: &[String]| {
        let until = until.and_then(|at| row.get(at)).filter(|until| !until.is_empty());
        until.zip(day.as_ref()).is_some_and(|(until, day)| day <= until)
    };
    html! {
        h2 { "Rows" }
        @if let Some(sentence) = about.and_then(About::empty_sentence) {
            p { (visible(&sentence)) }
        } @else {
            @if is_cut {
                p.note {
                    "Shown are the first " (shown.rows.len()) " of " (shown.total)
                    " rows. CSV, XLSX, JSON and Parquet have all of them."
                }
            }
            p.screen hidden { label { "Search " input type="search" autocomplete="off"; } }
            div.rows {
                table.data {
                    thead { tr {
                        @for column in &shown.columns {
                            th scope="col" class=(class(column)) { button type="button" { (visible(&column.name)) } }
                        }
                    } }
                    tbody {
                        @for row in &shown.rows {
                            tr.accepted[is_accepted(row)] {
                                @for (column, text) in shown.columns.iter().zip(row) {
                                    td class=(class(column)) { (text) }
                                }
                            }
                        }
                    }
                }
            }
        }
        @if let Some(notes) = about.and_then(|about| about.report.notes.as_deref()) {
            p.note { (visible(notes)) }
        }
    }
}

fn class(column: &GridColumn) -> &'static str {
    if is_number(&column.kind) {
        "number"
    } else if column.is_time() || column.kind == "DATE" {
        "time"
    } else {
        "text"
    }
}

fn coverage(about: &About) -> Markup {
    html! {
        h2 { "Coverage" }
        @if about.coverage.is_empty() && about.gaps.is_empty() {
            p { "Nothing was collected in this period." }
        } @else {
            (strip::of(about))
            p.note.key {
                @for (state, said) in KEY {
                    span { svg.strip viewBox="0 0 1 1" { rect class={ "state-" (state) } width="1" height="1" {} } (said) }
                }
            }
            ul.note {
                @for gap in &about.gaps { li { (visible(&gap.to_string())) } }
                @for covered in &about.coverage { li { (visible(&covered.to_string())) } }
            }
        }
    }
}

fn provenance(about: &About) -> Markup {
    let controls = sql::controls(&about.report.name);
    html! {
        h2 { "Parameters" }
        dl {
            @for (name, value) in &about.parameters {
                dt { (visible(name)) }
                dd { (value.as_deref().map_or("not set".to_owned(), visible)) }
            }
        }
        h2 { "Provenance" }
        dl {
            dt { "Report" } dd { (visible(&about.report.name)) ": " (visible(&about.report.grain)) }
            @if !controls.is_empty() { dt { "Evidence for" } dd { (controls.join(", ")) } }
            @if let Some(findings) = &about.findings { dt { "Findings" } dd { (told::findings(findings)) } }
            @if let Some(sample) = told::sample(about) { dt { "Sample" } dd { (sample) } }
            dt { "Made from" } dd { (told::head(about)) }
            dt { "Made at" } dd { (format_time(about.made_at)) }
            dt { "Made by" } dd { "trailhouse " (about.version) }
            dt { "Times" } dd { "UTC, but in columns that end in _local" }
        }
        details.screen {
            summary { "The query" }
            pre { (about.report.text.trim().split('\n').map(visible).collect::<Vec<_>>().join("\n")) }
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let at = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
        let joined = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let letter = usize::try_from(joined >> (18 - 6 * place) & 63)
                .ok()
                .and_then(|index| BASE64.get(index));
            let is_filled = place <= three.len();
            text.push(letter.filter(|_| is_filled).map_or('=', |letter| char::from(*letter)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_written_as_browsers_read_them() {
        assert_eq!(base64(b"Man"), "TWFu");
        assert_eq!(base64(b"Ma"), "TWE=");
        assert_eq!(base64(b"M"), "TQ==");
        assert_eq!(base64(&[255; 4]), "/////w==");
    }
}
