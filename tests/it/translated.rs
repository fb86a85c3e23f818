//! Every bundled view and report as Spark SQL, as `sqlglot` writes it: the same reports are to run on an engine of many
//! machines. It shows that the words can be translated, and not that their results are the same.

use std::path::Path;
use std::process::{Command, Output};

use crate::tools;

/// Translates the files of the folders it is given, names each, and fails with what has no translation.
const PROGRAM: &str = r#"
import pathlib, sys
import sqlglot
from sqlglot.errors import ErrorLevel

for folder in sys.argv[1:]:
    for path in sorted(pathlib.Path(folder).glob("*.sql")):
        try:
            written = sqlglot.transpile(
                path.read_text(), read="duckdb", write="spark", unsupported_level=ErrorLevel.RAISE
            )
            if len(written) != 1:
                raise ValueError(f"{len(written)} statements")
            sqlglot.parse_one(written[0], read="spark")
        except Exception as error:
            sys.exit(f"{path.name}: {error}")
        print(path.stem)
"#;

fn translate(python: &Path, folders: &[&Path]) -> Output {
    let mut command = Command::new(python);
    command.args(["-c", PROGRAM]).args(folders);
    command.output().expect("python starts")
}

#[test]
fn every_view_and_report_is_turned_into_spark_sql() {
    let Some(python) = tools::find("python") else { return };
    let sql = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
    let output = translate(&python, &[&sql.join("views"), &sql.join("reports")]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let translated = String::from_utf8_lossy(&output.stdout).lines().count();
    assert_eq!(
        translated,
        trailhouse::sql::views().len() + trailhouse::sql::reports().len()
    );
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a file of the tests")]
fn what_spark_does_not_know_is_refused() {
    let Some(python) = tools::find("python") else { return };
    for text in [
        "select json_extract(e.metadata, '$..ip') as ip from events as e",
        "select 1 as one; select 2 as two",
        "select e.source from events as e where (",
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("odd.sql"), text).expect("a file");
        let output = translate(&python, &[folder.path()]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && said.starts_with("odd.sql: "),
            "{text}: {said}"
        );
    }
}
