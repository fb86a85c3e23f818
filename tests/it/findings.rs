//! Findings: keys that stay, exceptions that are shown and expire, samples that can be drawn again, and the exit code.

use serde_json::Value;

use crate::environment::Home;
use crate::own_reports;

const REPORT: &str = "-- title: Lost\n-- question: What was lost?\n-- grain: one row per thing\n\
    -- params: since timestamp = null, until timestamp = null, source text = null\n-- reads: events\n-- severity: medium\n\n\
    select v.thing_id, 'word ' || v.thing_id as note\nfrom range(1, 101) as v (thing_id)\norder by v.thing_id\n";

fn home() -> Home {
    let home = own_reports::home();
    home.write("mine/lost.sql", REPORT);
    home
}

fn lost(home: &Home, arguments: &[&str]) -> (Option<i32>, Value) {
    let all: Vec<&str> = ["report", "run", "lost", "--format", "json"]
        .iter()
        .chain(arguments)
        .copied()
        .collect();
    let ended = home.run(&all);
    let read = serde_json::from_str(&ended.stdout);
    (
        ended.code,
        read.unwrap_or_else(|error| panic!("{error}: {}", ended.stderr)),
    )
}

#[test]
fn a_finding_keeps_its_key_and_is_accepted_until_its_day() {
    let home = home();
    let (code, first) = lost(&home, &["--fail-on-findings"]);
    assert_eq!(code, Some(3));
    let key = |at: usize| first["rows"][at]["finding_key"].as_str().expect("a key").to_owned();
    assert_eq!(key(0).len(), 16);
    home.write("mine/lost.sql", &REPORT.replace("'word '", "'another word '"));
    assert_eq!(
        lost(&home, &[]).1["rows"][0]["finding_key"].as_str(),
        Some(key(0).as_str())
    );
    let exceptions = format!(
        "report,key,reason,by,until\nlost,{},known,Ada,2999-12-31\nlost,{},was known,Ada,2020-01-01\nother,{},x,Ada,2999-12-31\n",
        key(0),
        key(1),
        key(2)
    );
    home.write("exceptions.csv", &exceptions);
    let told = home.run(&["report", "run", "lost"]).stderr;
    assert!(
        told.contains("exceptions.csv: no report is called `other`; what is"),
        "{told}"
    );
    assert_eq!(told.matches("no report is called").count(), 1, "{told}");
    let (_, all) = lost(&home, &[]);
    let row = |at: usize| all["rows"][at]["exception_reason"].as_str();
    assert_eq!([row(0), row(1), row(2)], [Some("known"), Some("was known"), None]);
    assert_eq!(all["rows"][0]["exception_until"], "2999-12-31");
    let findings = |told: &Value| ["total", "accepted", "open"].map(|name| told["findings"][name].as_u64());
    assert_eq!(findings(&all), [Some(100), Some(1), Some(99)]);
    home.ok(&["report", "run", "lost", "--output", "lost.html"]);
    let page = std::fs::read_to_string(home.path().join("lost.html")).expect("a page");
    assert_eq!(
        page.matches("<tr class=\"accepted\">").count(),
        1,
        "one was accepted once"
    );
    let (_, new) = lost(&home, &["--new"]);
    assert_eq!(
        (new["rows"].as_array().map(Vec::len), findings(&new)),
        (Some(99), findings(&all))
    );
    for (least, code) in [("low", 3), ("medium", 3), ("high", 0)] {
        assert_eq!(lost(&home, &["--fail-on-findings", least]).0, Some(code), "{least}");
    }
    let mut every = String::from("report,key,reason,by,until\n");
    (0..100).for_each(|at| every.push_str(&format!("lost,{},known,Ada,2999-12-31\n", key(at))));
    home.write("exceptions.csv", &every);
    assert_eq!(lost(&home, &["--fail-on-findings"]).0, Some(0));
    let none = home.ok(&["report", "run", "lost", "--new", "--format", "table"]).stdout;
    assert!(none.contains("100 accepted findings are left out"), "{none}");
    home.write("exceptions.csv", "report,key\n");
    let broken = home.run(&["report", "run", "lost"]);
    assert_eq!(broken.code, Some(2));
    assert!(
        broken.stderr.contains("exceptions.csv: no column `reason`"),
        "{}",
        broken.stderr
    );
}

#[test]
fn a_file_of_exceptions_that_is_named_must_be_there() {
    let home = home();
    home.ok(&["report", "run", "lost", "--format", "csv"]);
    home.write(
        "trailhouse.toml",
        "[reports]\ndirectories = [\"mine\"]\nexceptions = \"nowhere.csv\"\n",
    );
    let run = home.run(&["report", "run", "lost", "--format", "csv"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("nowhere.csv: "), "{}", run.stderr);
}

#[test]
fn a_row_that_says_it_is_no_finding_is_none() {
    let home = home();
    home.write(
        "mine/lost.sql",
        &REPORT.replace("v.thing_id, ", "v.thing_id, v.thing_id <= 3 as is_finding, "),
    );
    let (_, told) = lost(&home, &[]);
    assert_eq!(
        (
            told["findings"]["total"].as_u64(),
            told["rows"].as_array().map(Vec::len)
        ),
        (Some(3), Some(100))
    );
    home.write(
        "mine/lost.sql",
        &REPORT.replace("v.thing_id, ", "v.thing_id, false as is_finding, "),
    );
    assert_eq!(lost(&home, &["--fail-on-findings"]).0, Some(0));
}

#[test]
fn a_sample_can_be_drawn_again_from_what_the_report_says() {
    let home = home();
    let (_, one) = lost(&home, &["--sample", "5", "--sample-seed", "7"]);
    assert_eq!(
        one["sample"],
        serde_json::json!({"rows": 5, "seed": 7, "population": 100})
    );
    let again = home.query(
        "select n from (select i as n from range(1, 101) as t (i) order by sha256('7:' || i) limit 5) order by n",
    );
    let drawn = |told: &Value, name: &str| -> Vec<i64> {
        let rows = told.as_array().expect("rows").iter();
        rows.map(|row| row[name].as_i64().expect("a number")).collect()
    };
    assert_eq!(drawn(&one["rows"], "population_row"), drawn(&Value::Array(again), "n"));
    assert_eq!(drawn(&one["rows"], "population_row"), drawn(&one["rows"], "thing_id"));
    let (_, unasked) = lost(&home, &["--sample", "5"]);
    let seed = unasked["sample"]["seed"].as_u64().expect("a seed is told").to_string();
    assert_eq!(
        lost(&home, &["--sample", "5", "--sample-seed", &seed]).1["rows"],
        unasked["rows"]
    );
}

#[test]
fn one_query_feeds_every_output_and_none_stays_when_one_fails() {
    let home = home();
    home.ok(&[
        "report", "run", "lost", "--output", "r.html", "--output", "r.xlsx", "--output", "r.csv",
    ]);
    home.ok(&[
        "report",
        "run",
        "lost",
        "coverage",
        "--output",
        "out/",
        "--output",
        "{report}.md",
        "--period",
        "2026-06",
    ]);
    home.ok(&[
        "report",
        "run",
        "--framework",
        "soc2",
        "--output",
        "soc2/",
        "--format",
        "parquet",
    ]);
    for name in [
        "r.html",
        "r.xlsx",
        "r.csv",
        "r.csv.about.json",
        "out/lost.html",
        "lost.md",
        "coverage.md",
        "soc2/access_changes.parquet",
    ] {
        assert!(home.path().join(name).is_file(), "{name}");
    }
    let before = std::fs::read_dir(home.path()).expect("the folder").count();
    let failed = home.run(&[
        "report",
        "run",
        "lost",
        "--output",
        "new.csv",
        "--output",
        "missing/new.csv",
    ]);
    assert_ne!(failed.code, Some(0));
    home.write(
        "mine/broken.sql",
        &REPORT.replace("v.thing_id,", "error('stop' || v.thing_id) as x,"),
    );
    let failed = home.run(&["report", "run", "broken", "--output", "new.csv", "--output", "new.xlsx"]);
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    assert_eq!(std::fs::read_dir(home.path()).expect("the folder").count(), before);
}
