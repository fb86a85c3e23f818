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
    /// What each report is evidence for; one that is not named here is for investigation and upkeep.
    const EVIDENCE: &[(&str, &str)] = &[
        (
            "access_changes",
            "soc2 CC6.1 · soc2 CC6.2 · soc2 CC6.3 · iso27001 A.5.15 · iso27001 A.5.18 · hipaa 164.312(a) · nist80053 AC-2",
        ),
        (
            "role_changes",
            "soc2 CC6.2 · soc2 CC6.3 · iso27001 A.8.2 · nist80053 AC-6",
        ),
        ("user_lifecycle", "soc2 CC6.2 · iso27001 A.5.16 · nist80053 AC-2"),
        ("access_requests", "soc2 CC6.1 · iso27001 A.5.15"),
        ("api_credentials", "soc2 CC6.1 · iso27001 A.8.5 · pcidss 8.6"),
        ("privileged_activity", "soc2 CC6.1 · iso27001 A.8.2 · pcidss 10.2.1.2"),
        ("inactive_actors", "soc2 CC6.2 · iso27001 A.5.18"),
        ("service_account_activity", "soc2 CC6.1 · nist80053 AC-2"),
        ("logins", "soc2 CC6.1 · soc2 CC7.2 · iso27001 A.8.5 · pcidss 10.2.1.4"),
        ("new_ip_addresses", "soc2 CC6.6 · soc2 CC7.2 · iso27001 A.8.16"),
        ("off_hours_activity", "soc2 CC7.2 · iso27001 A.8.16"),
        ("unusual_volume", "soc2 CC7.2 · iso27001 A.8.16 · nist80053 SI-4"),
        ("deletions", "soc2 CC7.2 · iso27001 A.8.10"),
        ("bulk_actions", "soc2 CC7.2 · iso27001 A.8.32"),
        ("data_exports", "soc2 CC6.7 · iso27001 A.8.12 · gdpr 32"),
        ("pii_changes", "gdpr 30 · gdpr 32 · soc2 CC6.1 · iso27001 A.5.34"),
        ("classification_changes", "soc2 CC8.1 · iso27001 A.5.12"),
        ("ownership_changes", "soc2 CC1.3 · iso27001 A.5.9"),
        ("definition_changes", "soc2 CC8.1 · iso27001 A.8.32 · nist80053 CM-3"),
        ("documentation_changes", "soc2 CC8.1"),
        ("tag_changes", "iso27001 A.5.12"),
        ("policy_changes", "soc2 CC7.1 · iso27001 A.8.16"),
        ("integration_changes", "soc2 CC6.1 · soc2 CC8.1 · iso27001 A.5.23"),
        ("security_settings", "soc2 CC6.1 · soc2 CC6.8 · iso27001 A.8.9"),
        ("activity_summary", "soc2 CC7.2 · iso27001 A.8.15"),
        ("top_actors", "iso27001 A.8.15"),
        ("coverage", "iso27001 A.8.15 · pcidss 10.5 · nist80053 AU-11"),
        ("late_events", "iso27001 A.8.15"),
        ("upstream_edits", "iso27001 A.8.15 · pcidss 10.3 · nist80053 AU-9"),
        ("load_history", "nist80053 AU-6"),
        ("rejects", "nist80053 AU-5"),
    ];

    #[test]
    fn every_report_is_mapped_to_what_it_is_evidence_for() {
        for report in crate::sql::reports() {
            let evidence = EVIDENCE.iter().find(|(name, _)| *name == report.name);
            let wanted = evidence.map_or("", |(_, controls)| controls);
            assert_eq!(super::controls(&report.name).join(" · "), wanted, "{}", report.name);
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
