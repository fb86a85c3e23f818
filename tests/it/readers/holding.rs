//! DuckDB's own command line holds the warehouse while the program loads: what is loaded is kept, who reads goes on reading
//! what there was, and who writes loses nothing.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::crashes::{STREAM, empty, record};
use crate::environment::Home;
use crate::tools;

/// The command line at work on a warehouse.
struct Shell {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Shell {
    fn on(duckdb: &Path, home: &Home, options: &[&str]) -> Self {
        let mut child = Command::new(duckdb)
            .args(["-noheader", "-list"])
            .args(options)
            .arg("data/warehouse.duckdb")
            .current_dir(home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("duckdb runs");
        let input = child.stdin.take().expect("its input");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let mut shell = Self { child, input, output };
        assert_eq!(shell.asked("select 'open'"), "open");
        shell
    }

    /// The one line that a statement gives.
    fn asked(&mut self, sql: &str) -> String {
        writeln!(self.input, "{sql};").expect("it listens");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it answers");
        line.trim_end().to_owned()
    }

    fn end(self) {
        let Self { mut child, input, .. } = self;
        drop(input);
        assert!(child.wait().is_ok_and(|status| status.success()));
    }
}

const ROWS: &str = "select count(*) from activity_logs";

fn import(home: &Home, numbers: std::ops::Range<usize>) -> String {
    home.write("some.jsonl", &numbers.map(record).collect::<String>());
    home.ok(&["import", STREAM, "some.jsonl"]).stderr
}

#[test]
fn who_holds_the_warehouse_with_duckdb_keeps_what_there_was_and_stops_no_load() {
    let Some(duckdb) = tools::find("duckdb") else {
        return;
    };
    let home = empty();
    import(&home, 0..10);
    let mut reader = Shell::on(&duckdb, &home, &["-readonly"]);
    let told = import(&home, 10..20);
    assert!(told.contains("replaced by a newer one"), "{told}");
    assert_eq!(home.number(ROWS), 20);
    assert_eq!(reader.asked(ROWS), "10", "it reads the file it opened");
    reader.end();

    let mut writer = Shell::on(&duckdb, &home, &[]);
    assert_eq!(
        writer.asked("create table theirs as select 7 as a; select count(*) from theirs"),
        "1"
    );
    let told = import(&home, 20..30);
    assert!(
        told.contains("(PID ") && told.contains("follows at the next run"),
        "who holds it, and what follows: {told}"
    );
    assert_eq!(writer.asked(ROWS), "20");
    writer.end();
    import(&home, 30..31);
    assert_eq!(
        home.number(ROWS),
        31,
        "what was loaded meanwhile is there with the next load"
    );
    assert_eq!(home.number("select a from theirs"), 7);
    home.ok(&["verify", "--deep"]);
}
