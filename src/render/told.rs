//! What a report says about itself, in words: the same in a table, in Markdown, in HTML and in a spreadsheet.

use crate::report::{About, Findings};
use crate::schema::format_time;
use crate::sql::Severity;

use super::visible;

/// The period and the parameters that were given.
pub(super) fn asked(about: &About) -> String {
    let (since, until) = (format_time(about.interval.since), format_time(about.interval.until));
    let mut text = format!("{since} to {until}");
    for (name, value) in given(about) {
        text.push_str(&format!(", {name} {}", visible(value)));
    }
    text
}

/// The parameters that have a value, but for the period.
pub(super) fn given(about: &About) -> impl Iterator<Item = (&str, &str)> {
    let of_report = about
        .parameters
        .iter()
        .filter(|(name, _)| name != "since" && name != "until");
    of_report.filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?)))
}

/// How many rows there are, what they were made from, and when.
pub(super) fn origin(about: &About) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(about.findings.as_ref().map(findings));
    lines.extend(sample(about));
    lines.push(format!(
        "{} rows; {} records could not be read; from {}",
        about.rows,
        about.rejects,
        head(about)
    ));
    lines.push(format!(
        "made at {} by trailhouse {}",
        format_time(about.made_at),
        about.version
    ));
    lines
}

/// The ledger entry the rows were made from.
pub(super) fn head(about: &About) -> String {
    let head = about.ledger_head.as_ref();
    head.map_or("no ledger entry".to_owned(), |head| {
        format!("ledger entry {} ({})", head.sequence, head.sha256)
    })
}

/// How many findings there are, and how many are accepted.
pub(super) fn findings(findings: &Findings) -> String {
    if findings.severity == Severity::Info {
        return "for information; no findings".to_owned();
    }
    let left_out = if findings.new_only && findings.accepted > 0 {
        " and left out"
    } else {
        ""
    };
    format!(
        "{} findings of severity {}; {} of them accepted{left_out}",
        findings.total,
        findings.severity.name(),
        findings.accepted
    )
}

/// What a sample was drawn from, and how to draw it again.
pub(super) fn sample(about: &About) -> Option<String> {
    let sample = about.sample?;
    Some(format!(
        "a sample of {} of {} rows, drawn with seed {}: those whose SHA-256 of `{}:<population_row>` is smallest",
        about.rows, sample.population, sample.draw.seed, sample.draw.seed
    ))
}
