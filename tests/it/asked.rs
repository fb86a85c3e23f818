//! The cases of reports that are asked for something of their own: beside `given.sql` and `expected.csv` of a case, each other
//! `<what>.csv` holds the parameters in its head, and under it the rows that the same records give then.

use std::path::{Path, PathBuf};

use trailhouse::render::Format;
use trailhouse::sql;

use super::ran::{rendered, run};
use super::reports::{cases, given, headed, warehouse};

/// The further expectations of a report's case.
pub(super) fn others(name: &str) -> Vec<PathBuf> {
    let items = std::fs::read_dir(cases().join(name)).expect("a case");
    let paths = items.map(|item| item.expect("a file").path());
    let is_other = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "csv") && !path.ends_with(Path::new("expected.csv"))
    };
    paths.filter(is_other).collect()
}

#[test]
fn a_report_gives_what_it_is_asked_for() {
    let mut asked = Vec::new();
    for report in sql::reports() {
        let (_, inserts) = given(&report.name);
        for path in others(&report.name) {
            let (parameters, rows) = headed(&path);
            let folder = tempfile::tempdir().expect("a folder");
            let result = run(&warehouse(folder.path(), &inserts), &report.name, parameters);
            let found = rendered(&result.rows, &result.about, Format::Csv);
            assert_eq!(found, rows, "{}", path.display());
            asked.push(report.name.as_str());
        }
    }
    assert_eq!(
        asked,
        [
            "actor_timeline",
            "actor_timeline",
            "resource_timeline",
            "resource_timeline"
        ]
    );
}
