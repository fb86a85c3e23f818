//! Which controls a report gives evidence for, from `controls.csv`. Apart because the file is also a table of the warehouse.

use std::sync::LazyLock;

use super::{Report, reports};

/// The frameworks there are, in the order they are told.
const FRAMEWORKS: [&str; 6] = ["soc2", "iso27001", "hipaa", "gdpr", "nist80053", "pcidss"];

/// A control of a framework, and a report that gives evidence for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    pub framework: String,
    /// Of the framework.
    pub version: String,
    pub control: String,
    pub title: String,
    pub report: String,
    pub why: String,
}

static MAPPINGS: LazyLock<Vec<Mapping>> = LazyLock::new(|| {
    let mut reader = csv::Reader::from_reader(include_str!("../../sql/controls.csv").as_bytes());
    let mapping = |record: csv::StringRecord| {
        let mut fields = record.iter().map(str::to_owned);
        let mut next = || fields.next().unwrap_or_default();
        Mapping {
            framework: next(),
            version: next(),
            control: next(),
            title: next(),
            report: next(),
            why: next(),
        }
    };
    reader.records().flatten().map(mapping).collect()
});

/// Every line of `controls.csv`, in its order.
pub fn mappings() -> &'static [Mapping] {
    &MAPPINGS
}

/// The controls of a report, as `soc2 CC6.1`, in the order of the file.
pub fn controls(report: &str) -> Vec<String> {
    let mine = mappings().iter().filter(|mapping| mapping.report == report);
    mine.map(|mapping| format!("{} {}", mapping.framework, mapping.control))
        .collect()
}

/// The frameworks there are, in the order of the file.
pub fn frameworks() -> Vec<&'static str> {
    let is_mapped = |framework: &&str| mappings().iter().any(|mapping| mapping.framework == *framework);
    FRAMEWORKS.into_iter().filter(is_mapped).collect()
}

/// The reports that give evidence for a framework, by name.
pub fn reports_of(framework: &str) -> Vec<&'static Report> {
    let is_mapped = |report: &&Report| {
        let is_its = |mapping: &Mapping| mapping.framework == framework && mapping.report == report.name;
        mappings().iter().any(is_its)
    };
    reports().iter().filter(is_mapped).collect()
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
        for mapping in super::mappings() {
            assert!(frameworks.contains(&mapping.framework.as_str()), "{mapping:?}");
        }
        assert!(
            super::reports_of("soc2")
                .iter()
                .any(|report| report.name == "access_changes")
        );
        assert!(super::reports_of("weather").is_empty());
    }
}
