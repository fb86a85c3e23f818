//! Other programs read the warehouse: DuckDB's own command line and Python's `duckdb`, of a release before the bundled one.

mod holding;

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::environment::{Home, Service};
use crate::tools;

const PYTHON: &str = "\
import duckdb, json, sys
connection = duckdb.connect('data/warehouse.duckdb', read_only=True)
for sql in sys.stdin.read().split(';'):
    rows = connection.execute(sql)
    names = [column[0] for column in rows.description]
    print(json.dumps([dict(zip(names, row)) for row in rows.fetchall()], default=str))
";
/// The synced history lies in June, which may be longer ago than the 90 days a report looks back.
const JUNE: &str = "since := timestamp '2026-05-01', until := timestamp '2026-08-01'";

fn synced() -> Home {
    let service = Service::of(5, 400);
    let bad = trailhouse::simulator::bad::Bad::NoId;
    service.running.plant(&bad, jiff::SignedDuration::from_hours(30));
    let home = Home::of(&service);
    assert_eq!(home.run(&["sync"]).code, Some(3), "a reject needs a look");
    home
}

/// What both programs are asked: counts of what stands in the warehouse and of what each report gives.
fn questions(home: &Home) -> Vec<String> {
    let mut questions: Vec<String> = ["activity_logs", "events", "coverage", "rejects", "performers", "loads"]
        .iter()
        .map(|table| format!("select '{table}' as asked, count(*) as rows from {table}"))
        .collect();
    let reports =
        home.query("select distinct function_name as name from duckdb_functions() where schema_name = 'reports'");
    assert!(reports.len() >= 5, "{reports:?}");
    for report in reports {
        let name = report["name"].as_str().expect("a name");
        for arguments in ["", JUNE] {
            questions.push(format!(
                "select '{name}' as asked, count(*) as rows from reports.{name}({arguments})"
            ));
        }
    }
    questions.push(format!(
        "select actor_id, events, percent, place from reports.top_actors({JUNE})"
    ));
    questions.push("select action, ocsf_class_uid, count(*) as rows from events group by all order by all".to_owned());
    questions.push(
        "select event_id, epoch_us(occurred_at_local) as local_us from events order by event_id limit 20".to_owned(),
    );
    questions
}

/// Every view and macro, without its rows.
fn prepared(home: &Home) -> Vec<String> {
    let views = home.query("select view_name as name from duckdb_views() where not internal and schema_name = 'main'");
    let macros =
        home.query("select distinct function_name as name from duckdb_functions() where schema_name = 'reports'");
    let name = |row: &Value| row["name"].as_str().expect("a name").to_owned();
    assert!(views.len() >= 3, "{views:?}");
    let views = views.iter().map(|view| format!("explain select * from {}", name(view)));
    let macros = macros
        .iter()
        .map(|called| format!("explain select * from reports.{}()", name(called)));
    views.chain(macros).collect()
}

fn bytes(home: &Home) -> Vec<u8> {
    std::fs::read(home.data().join("warehouse.duckdb")).expect("the warehouse")
}

/// The answers of a program, one for each question, as it says them in JSON.
fn asked(mut program: Command, home: &Home, questions: &[String]) -> Vec<String> {
    let input = tempfile::tempfile().expect("a file");
    std::io::Write::write_all(&mut &input, questions.join(";\n").as_bytes()).expect("the questions");
    std::io::Seek::rewind(&mut &input).expect("the beginning");
    let output = program
        .current_dir(home.path())
        .stdin(input)
        .output()
        .expect("the program runs");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    let error = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(output.status.success() && error.is_empty(), "{said}{error}");
    said.lines().map(str::to_owned).collect()
}

fn python(path: PathBuf) -> Command {
    let mut python = Command::new(path);
    python.args(["-c", PYTHON]);
    python
}

/// `duckdb -readonly`, with nothing of the user's settings.
fn duckdb(path: PathBuf) -> Command {
    let mut duckdb = Command::new(path);
    duckdb.args(["-no-init", "-readonly", "-json", "-bail", "data/warehouse.duckdb"]);
    duckdb
}

fn rows(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// JSON arrays one after the other, whatever lines they stand on.
fn arrays(lines: &[String]) -> Vec<Value> {
    let text = lines.join("\n");
    let arrays = serde_json::Deserializer::from_str(&text).into_iter();
    arrays
        .collect::<Result<_, _>>()
        .unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn assert_same(home: &Home, questions: &[String], answers: &[Value]) {
    assert_eq!(answers.len(), questions.len());
    let mut counted = 0;
    for (question, answer) in questions.iter().zip(answers) {
        assert_eq!(&json!(home.query(question)), answer, "{question}");
        let count = |row: &Value| row["rows"].as_i64().unwrap_or_default();
        counted += answer.as_array().expect("an array").iter().map(count).sum::<i64>();
    }
    assert!(counted > 1_000, "the questions find next to nothing");
}

#[test]
fn the_duckdb_command_line_reads_the_warehouse() {
    let Some(path) = tools::find("duckdb") else {
        return;
    };
    let home = synced();
    let before = bytes(&home);
    let questions = questions(&home);
    assert_same(
        &home,
        &questions,
        &arrays(&asked(duckdb(path.clone()), &home, &questions)),
    );
    let prepared = prepared(&home);
    assert!(asked(duckdb(path), &home, &prepared).len() >= prepared.len());
    assert!(bytes(&home) == before, "reading changed the file");
}

#[test]
fn duckdb_in_python_reads_the_warehouse() {
    let Some(path) = tools::find("python") else {
        return;
    };
    let home = synced();
    let before = bytes(&home);
    let questions = questions(&home);
    let answers: Vec<Value> = asked(python(path.clone()), &home, &questions)
        .iter()
        .map(|line| rows(line))
        .collect();
    assert_same(&home, &questions, &answers);
    let prepared = prepared(&home);
    assert_eq!(asked(python(path), &home, &prepared).len(), prepared.len());
    assert!(bytes(&home) == before, "reading changed the file");
}
