//! Which controls a report gives evidence for, from `controls.csv`. Apart because the file is also a table of the warehouse.

use super::{Report, reports};

/// One line: framework, control, report.
type Line = [String; 3];

/// The controls of a report, as `soc2 CC6.1`, in the order of the file.
pub fn controls(report: &str) -> Vec<String> {
    let mine = lines().into_iter().filter(|[_, _, named]| named == report);
    mine.map(|[framework, control, _]| format!("{framework} {control}"))
        .collect()
}

/// The frameworks there are, in the order of the file.
pub fn frameworks() -> Vec<&'static str> {
    let known = ["soc2", "iso27001", "hipaa", "gdpr", "nist80053", "pcidss"];
    let lines = lines();
    let is_mapped = |framework: &&str| lines.iter().any(|[mapped, ..]| mapped == framework);
    known.into_iter().filter(is_mapped).collect()
}

/// The reports that give evidence for a framework, by name.
pub fn reports_of(framework: &str) -> Vec<&'static Report> {
    let lines = lines();
    let is_mapped = |report: &&Report| {
        lines
            .iter()
            .any(|[mapped, _, name]| mapped == framework && *name == report.name)
    };
    reports().iter().filter(is_mapped).collect()
}

fn lines() -> Vec<Line> {
    let mut reader = csv::Reader::from_reader(include_str!("../../sql/controls.csv").as_bytes());
    let Some(places) = reader.headers().ok().and_then(places) else {
        return Vec::new();
    };
    let line = |record: csv::StringRecord| places.map(|at| record.get(at).unwrap_or_default().to_owned());
    reader.records().flatten().map(line).collect()
}

fn places(headers: &csv::StringRecord) -> Option<[usize; 3]> {
    let place = |name: &str| headers.iter().position(|header| header == name);
    Some([place("framework")?, place("control")?, place("report")?])
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_report_has_controls() {
        for report in crate::sql::reports() {
            assert!(!super::controls(&report.name).is_empty(), "{}", report.name);
        }
    }

    #[test]
    fn every_line_is_of_a_framework_that_can_be_asked_for() {
        let frameworks = super::frameworks();
        for [framework, ..] in super::lines() {
            assert!(frameworks.contains(&framework.as_str()), "{framework}");
        }
        assert!(
            super::reports_of("soc2")
                .iter()
                .any(|report| report.name == "access_changes")
        );
        assert!(super::reports_of("weather").is_empty());
    }
}
