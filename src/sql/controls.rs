//! Which controls a report gives evidence for, from `controls.csv`. Apart because the file is also a table of the warehouse.

/// The controls of a report, as `soc2 CC6.1`, in the order of the file.
pub fn controls(report: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(include_str!("../../sql/controls.csv").as_bytes());
    let Some(places) = reader.headers().ok().and_then(places) else {
        return Vec::new();
    };
    let [framework, control, named] = places;
    let records = reader.records().flatten();
    let mine = records.filter(|record| record.get(named) == Some(report));
    mine.map(|record| {
        format!(
            "{} {}",
            record.get(framework).unwrap_or_default(),
            record.get(control).unwrap_or_default()
        )
    })
    .collect()
}

fn places(headers: &csv::StringRecord) -> Option<[usize; 3]> {
    let place = |name: &str| headers.iter().position(|header| header == name);
    Some([place("framework")?, place("control")?, place("report")?])
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
}
