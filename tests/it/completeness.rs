//! What a report says of the time it cannot speak for.

use trailhouse::render::Format;
use trailhouse::report::{self, Draw, ReportError, Request};

use crate::environment::{Home, Service};
use crate::import::{STREAM, lines, simulator};
use crate::ran::{circumstances, rendered, run};
use crate::reports::{given, warehouse};

#[test]
fn a_gap_after_the_period_counts_where_the_period_was_not_read_before_it() {
    let coverage = |collected_at: &str, source: &str| {
        format!(
            "insert into coverage values ('{source}', 'audit_logs', '2000-01-01', '2026-07-05', 'final', '{collected_at}'), \
             ('{source}', 'audit_logs', '2026-07-06', '2026-07-15', 'final', '2026-07-15'); \
             insert into coverage_gaps values ('{source}', 'audit_logs', '2026-07-05', '2026-07-06', 'page 3 failed')"
        )
    };
    let june = || {
        vec![
            ("since".to_owned(), "2026-06-01".to_owned()),
            ("until".to_owned(), "2026-07-01".to_owned()),
        ]
    };
    let gaps = |inserts: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let warehouse = warehouse(folder.path(), inserts);
        run(&warehouse, "top_actors", june()).about.gap_sentence()
    };
    // A record of June that was changed on 5 July stood in the page that failed.
    let told = "incomplete: not collected from 2026-07-05T00:00:00Z to 2026-07-06T00:00:00Z (acme.audit_logs: page 3 failed; \
                records of the period that were changed then may be missing)";
    assert_eq!(gaps(&coverage("2026-07-15", "acme")).as_deref(), Some(told));
    // As it was before, it had been read.
    assert_eq!(gaps(&coverage("2026-07-02", "acme")), None);
    // What is listed by the time of the event has no such changes.
    let zendesk = "insert into zendesk_audit_logs (source, stream, load, id) values ('acme', 'audit_logs', 1, 1)";
    assert_eq!(gaps(&format!("{}; {zendesk}", coverage("2026-07-15", "acme"))), None);
}

#[test]
fn a_source_that_nobody_has_ever_read_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let known = "insert into coverage values ('acme', 'audit_logs', '2000-01-01', '2099-01-01', 'final', '2026-07-15')";
    let warehouse = warehouse(folder.path(), known);
    let circumstances = report::Circumstances {
        sources: vec!["acme".to_owned(), "support".to_owned()],
        ..circumstances()
    };
    let ask = |parameters: &[(&str, &str)]| {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let request = Request {
            parameters: parameters.iter().map(owned).collect(),
            ..Request::default()
        };
        let report = report::find("top_actors").expect("bundled");
        let about = report::run(&warehouse, report, &request, &circumstances, &mut []).expect("a report");
        (about.lacking_sentence(), about.complete_to().is_some())
    };
    let june = [("since", "2026-06-01"), ("until", "2026-07-01")];
    let told = "not collected from 2026-06-01T04:00:00Z to 2026-07-01T04:00:00Z (support.*)";
    assert_eq!(ask(&june), (Some(told.to_owned()), false));
    assert_eq!(ask(&[june[0], june[1], ("source", "acme")]), (None, true));
}

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

#[test]
fn a_hole_between_two_stated_times_is_a_gap_everywhere() {
    let service = Service::start(simulator(11, 300));
    let home = Home::of(&service);
    home.write("all.json", &lines(&service));
    let import = |from, to| home.ok(&["import", STREAM, "all.json", "--covers", from, to]);
    import("2024-06-03T00:00:00Z", "2024-06-10T00:00:00Z");
    import("2024-06-20T00:00:00Z", "2024-06-25T00:00:00Z");
    let gaps = || home.query("select gap_from, gap_to from coverage_gaps");
    assert_eq!(gaps().len(), 1);
    assert_eq!(gaps()[0]["gap_from"], "2024-06-10T00:00:00Z");
    assert_eq!(gaps()[0]["gap_to"], "2024-06-20T00:00:00Z");
    let asked = ["--from", "2024-06-03T00:00:00Z", "--to", "2024-06-25T00:00:00Z"];
    let report = home.run(&[&["report", "run", "top_actors", "--format", "markdown"][..], &asked].concat());
    let told = "incomplete: not collected from 2024-06-10T00:00:00Z to 2024-06-20T00:00:00Z";
    assert!(report.stdout.contains(told), "{}", report.stdout);
    let pack = ["evidence", "--framework", "soc2", "--output", "pack.zip"];
    assert_eq!(home.run(&[&pack[..], &asked].concat()).code, Some(3));
    import("2024-06-10T00:00:00Z", "2024-06-20T00:00:00Z");
    assert!(gaps().is_empty());
    home.ok(&["verify"]);
}

#[test]
fn who_is_not_known_is_not_who_did_nothing() {
    let inserts = "
        insert into activity_logs (source, stream, load, id, logged_at, activity_type, performer_id, resource_id, related_resource_ids)
        values ('acme', 'audit_logs', 1, 'e', '2026-06-01', 'updated', 'p1', 'r1', ['r2']);
        insert into performers (source, performer_id, name, email, first_observed_at, last_observed_at, is_current)
        values ('acme', 'p1', 'Ada', 'ada@x.example', '2026-06-01', '2026-06-01', true);
        insert into resources (source, resource_id, name, title, first_observed_at, last_observed_at, is_current)
        values ('acme', 'r3', 'Orders', 'All orders', '2026-06-01', '2026-06-01', true);
        insert into version_histories (source, stream, load, id, resource_id, created_at)
        values ('acme', 'resource_logs', 1, 'v', 'r4', '2026-06-01')";
    let folder = tempfile::tempdir().expect("a folder");
    let warehouse = warehouse(folder.path(), inserts);
    let asked = |kind: &str, name: &str| {
        let request = Request {
            draw: name.is_empty().then_some(Draw { rows: 5, seed: 1 }),
            period: Some("2001".to_owned()),
            parameters: vec![(kind.to_owned(), name.to_owned())],
            ..Request::default()
        };
        let report = report::find(&format!("{kind}_timeline")).expect("the report is bundled");
        report::run(&warehouse, report, &request, &circumstances(), &mut []).map(|about| about.rows)
    };
    for name in ["ada", "ADA@x.example", "p1", "acme:p1"] {
        assert_eq!(asked("actor", name).expect(name), 0);
    }
    for name in ["r1", "r2", "r3", "r4", "Orders", "All orders"] {
        assert_eq!(asked("resource", name).expect(name), 0);
    }
    for (kind, name) in [
        ("actor", "nobody"),
        ("actor", ""),
        ("resource", "r5"),
        ("resource", "o'rders"),
    ] {
        let refused = asked(kind, name).expect_err(name);
        let told = format!("report {kind}_timeline: no {kind} `{name}` is known");
        assert_eq!(refused.to_string(), told);
        assert!(
            refused
                .hint()
                .is_some_and(|hint| hint.contains("as it stands in the view"))
        );
    }
}
