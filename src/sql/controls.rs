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
    #[test]
    fn every_report_has_controls() {
        for report in crate::sql::reports() {
            assert!(!super::controls(&report.name).is_empty(), "{}", report.name);
        }
    }
}
