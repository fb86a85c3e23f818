//! What a report says of the time it cannot speak for.

use trailhouse::render::Format;
use trailhouse::report::{self, ReportError, Request};

use crate::ran::{circumstances, rendered, run};
use crate::reports::{given, warehouse};

#[test]
fn a_report_knows_its_coverage_its_gaps_and_the_rejects() {
    let (parameters, inserts) = given("coverage");
    let folder = tempfile::tempdir().expect("a folder");
    let rejects = "insert into rejects (source, load, stream, reason, resolved_load) values
        ('acme', 1, 'audit_logs', 'no id', null), ('acme', 1, 'audit_logs', 'no id', 2), ('other', 1, 'audit_logs', 'no id', null)";
    let warehouse = warehouse(folder.path(), &format!("{inserts}; {rejects}"));
    let result = run(&warehouse, "top_actors", parameters);
    assert_eq!(result.about.rejects, 1);
    assert_eq!(
        result.about.gap_sentence().as_deref(),
        Some(
            "incomplete: not collected from 2026-06-10T00:00:00Z to 2026-06-12T00:00:00Z (acme.audit_logs: page 37 failed); \
             only what the filter {\"resource_id\":[\"a?b\"]} lets through is collected from 2026-06-01T00:00:00Z to \
             2026-07-01T00:00:00Z (acme.resource_logs)"
        )
    );
    let states: Vec<(&str, &str)> = result
        .about
        .coverage
        .iter()
        .map(|covered| (covered.stream.as_str(), covered.state.as_str()))
        .collect();
    let expected = [
        ("audit_logs", "final"),
        ("audit_logs", "provisional"),
        ("audit_logs", "not_yet_collected"),
        ("notifications", "purged"),
        ("resource_logs", "not_yet_collected"),
        ("resource_logs?{\"resource_id\":[\"a?b\"]}", "final"),
        ("version_histories", "asserted"),
        ("version_histories", "not_yet_collected"),
        ("version_histories", "asserted"),
        ("version_histories", "not_yet_collected"),
    ];
    assert_eq!(states, expected);
    let table = rendered(&result.rows, &result.about, Format::Table);
    assert!(table.starts_with("incomplete: "), "{table}");
    let of_other = vec![("source".to_owned(), "others".to_owned())];
    let request = Request {
        parameters: of_other,
        ..Request::default()
    };
    let refused = report::run(
        &warehouse,
        report::find("coverage").expect("bundled"),
        &request,
        &circumstances(),
        &mut [],
    );
    let Err(error @ ReportError::UnknownSource { .. }) = refused else {
        panic!("an unknown source is taken");
    };
    assert_eq!(error.hint().as_deref(), Some("known sources: acme, other"));
}

#[test]
fn nothing_is_expected_of_the_time_before_the_first_that_a_record_may_carry() {
    let (_, inserts) = given("coverage");
    let folder = tempfile::tempdir().expect("a folder");
    let warehouse = warehouse(folder.path(), &inserts);
    let set = [("since", "1990-01-01"), ("until", "2001-01-01"), ("source", "acme")];
    let set = set.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let result = run(&warehouse, "coverage", set.to_vec());
    let listed = rendered(&result.rows, &result.about, Format::Csv);
    let lines: Vec<&str> = listed.lines().skip(1).collect();
    assert_eq!(lines.len(), 5, "{listed}");
    for line in lines {
        let state = if line.starts_with("acme,audit_logs,") {
            "not_offered"
        } else {
            "not_yet_collected"
        };
        let expected = format!(",2000-01-01T00:00:00Z,2001-01-01T05:00:00Z,{state},false,");
        assert!(line.contains(&expected), "{line}");
    }
}
