//! Every verb as its help shows it: the examples run, the formats parse.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::demo::{demo, demo_of_its_own};
use crate::environment::{Ended, Home, Service, TOKEN, ended, simulator};

/// A line as a user types it, in a shell that finds the binary by its name.
fn shell(home: &Home, line: &str) -> Command {
    let folder = Path::new(env!("CARGO_BIN_EXE_trailhouse")).parent().expect("a folder");
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", line])
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", format!("{}:/usr/bin:/bin", folder.display()))
        .env("ACME_TOKEN", TOKEN)
        .current_dir(home.path())
        .stdin(Stdio::null());
    command
}

fn help(verb: &str) -> String {
    let home = Home::new();
    let mut words: Vec<&str> = verb.split_whitespace().collect();
    words.push("--help");
    home.ok(&words).stdout
}

/// The verbs that the help names, and what stands below those that are groups.
fn verbs() -> Vec<String> {
    let verbs_of = |help: &str| -> Vec<String> {
        let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
        let named = listed.take_while(|line| !line.is_empty());
        let names = named.filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
        names
            .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
            .collect()
    };
    let mut verbs = verbs_of(&help(""));
    assert!(verbs.len() >= 12, "{verbs:?}");
    for group in ["report", "ledger", "schedule", "alert"] {
        let below = verbs_of(&help(group)).into_iter();
        verbs.extend(below.map(|verb| format!("{group} {verb}")));
    }
    verbs
}

/// The lines after `Examples:`, with which a help ends.
fn examples(verb: &str) -> Vec<String> {
    let help = help(verb);
    let (_, examples) = help.split_once("\nExamples:\n").unwrap_or_else(|| panic!("{help}"));
    let example = |line: &str| {
        let example = line.strip_prefix("  ").filter(|line| line.starts_with("trailhouse "));
        example.unwrap_or_else(|| panic!("{verb}: {line}")).to_owned()
    };
    examples.lines().map(example).collect()
}

#[test]
fn every_help_ends_in_two_examples_of_its_verb() {
    for verb in verbs() {
        let examples = examples(&verb);
        assert_eq!(examples.len(), 2, "{verb}: {examples:?}");
        for example in examples {
            let names_it = verb
                .split_whitespace()
                .all(|word| example.split_whitespace().any(|said| said == word));
            assert!(names_it, "{verb}: {example}");
        }
    }
    assert_eq!(examples("").len(), 2);
}

#[test]
fn every_example_runs() {
    let demo = demo();
    let mut lines: Vec<String> = verbs().iter().flat_map(|verb| examples(verb)).collect();
    lines.extend(examples(""));
    lines.sort();
    lines.dedup();
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is = |verb: &str| words.contains(&verb);
        let ended = if is("simulate") {
            simulated(&line)
        } else if is("sync") {
            synced(&line)
        } else if is("probe") {
            probed(&line)
        } else if is("import") {
            imported(&line)
        } else if is("demo") || is("init") {
            let home = Home::new();
            let at_home = format!("{}/", home.path().display());
            ran(&home, &line.replace("/tmp/", &at_home))
        } else if is("reconcile") {
            reconciled(&line)
        } else if is("daemon") || is("schedule") || is("alert") {
            scheduled(&line)
        } else if ["rebuild", "keygen", "compact", "purge", "backfill-columns", "retry"]
            .into_iter()
            .any(is)
        {
            ran(&demo_of_its_own(), &line)
        } else {
            ran(demo, &line)
        };
        assert_eq!(ended.code, Some(0), "{line}\n{}{}", ended.stdout, ended.stderr);
    }
}

fn ran(home: &Home, line: &str) -> Ended {
    ended(&shell(home, line).output().expect("a shell"))
}

/// A home with the source that examples name.
fn home_of_examples(service: &Service) -> Home {
    let home = Home::new();
    let configuration = format!(
        "[sources.secoda_prod]\nkind = \"secoda\"\nbase_url = \"{}\"\ntoken = {{ env = \"ACME_TOKEN\" }}\n",
        service.running.base_url()
    );
    home.write("trailhouse.toml", &configuration);
    home
}

/// Of what was synced before, nothing differs.
fn reconciled(line: &str) -> Ended {
    let service = Service::of(1, 50);
    let home = home_of_examples(&service);
    home.ok(&["sync", "secoda_prod.audit_logs"]);
    ran(&home, line)
}

/// With an entry that is not due, and somebody to be told.
fn scheduled(line: &str) -> Ended {
    let home = Home::new();
    let entry = "[[schedule]]\nname = \"yearly\"\ncron = \"0 0 29 2 *\"\nrun = \"compact\"\n";
    let alert = "[[alert]]\nname = \"on_call\"\ncommand = [\"true\"]\n";
    home.write("trailhouse.toml", &format!("{entry}{alert}"));
    ran(&home, line)
}

fn probed(line: &str) -> Ended {
    let service = Service::of(1, 50);
    ran(&home_of_examples(&service), line)
}

fn synced(line: &str) -> Ended {
    let service = Service::of(1, 50);
    let home = home_of_examples(&service);
    if line.contains("--from") {
        // Read back a week only, a first sync would leave what is older for a gap.
        home.ok(&["sync"]);
    }
    let ended = ran(&home, line);
    assert_eq!(home.number("select count(*) from activity_logs"), 50, "{line}");
    ended
}

/// Into a source that is configured, and one that is not.
fn imported(line: &str) -> Ended {
    let home = Home::new();
    let source = "[sources.secoda_prod]\nkind = \"secoda\"\nbase_url = \"https://acme.example\"\n";
    home.write("trailhouse.toml", source);
    let record = r#"{"id":"a","logged_at":"2024-02-01T00:00:00Z","updated_at":"2024-02-01T00:00:00Z"}"#;
    home.write("2024.json.gz", record);
    home.write(
        "saved.json",
        r#"{"audit_logs":[{"id":1,"created_at":"2024-02-01T00:00:00Z"}]}"#,
    );
    let ended = ran(&home, line);
    assert_eq!(home.number("select sum(stored) from loads"), 1, "{line}");
    ended
}

/// Runs until it listens, and is then interrupted, as by Ctrl-C.
fn simulated(line: &str) -> Ended {
    let home = Home::new();
    let line = format!("exec {}", line.replace("--port 8077", "--port 0"));
    let mut command = shell(&home, &line);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut said = String::new();
    let stdout = child.stdout.as_mut().expect("a pipe");
    BufReader::new(stdout).read_line(&mut said).expect("a line");
    // It says that it listens just before it waits for the signal.
    std::thread::sleep(Duration::from_millis(300));
    kill_process(Pid::from_child(&child), Signal::INT).expect("the process is there");
    let ended = ended(&child.wait_with_output().expect("it ends"));
    assert!(said.starts_with("base_url = \"http://127.0.0.1:"), "{said}{ended:?}");
    ended
}

#[test]
fn shells_can_complete_every_verb() {
    for shell in ["bash", "zsh", "fish"] {
        let script = Home::new().ok(&["completions", shell]).stdout;
        for verb in verbs() {
            let word = verb.split_whitespace().next_back().expect("a word");
            assert!(script.contains(word), "{shell}: {verb}");
        }
    }
}

#[test]
fn a_wrong_word_is_a_wrong_usage() {
    let home = Home::new();
    let version = home.ok(&["--version"]).stdout;
    assert_eq!(version, format!("trailhouse {}\n", env!("CARGO_PKG_VERSION")));
    for arguments in [
        &["sink"][..],
        &["sync", "--form"],
        &["-v", "-q", "status"],
        &["report"],
        &[],
    ] {
        let ended = home.run(arguments);
        assert_eq!(ended.code, Some(2), "{arguments:?}\n{}", ended.stderr);
        assert_eq!(ended.stdout, "", "{arguments:?}");
    }
    assert!(!home.data().exists());
}

fn keys(row: &Value) -> BTreeSet<String> {
    let row = row.as_object().unwrap_or_else(|| panic!("not an object: {row}"));
    row.keys().cloned().collect()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn formatted(home: &Home, arguments: &[&str], format: &str) -> String {
    home.ok(&[arguments, &["--format", format]].concat()).stdout
}

#[test]
fn rows_are_the_same_in_every_format() {
    let demo = demo();
    let query = "select action, count(*) as events, min(summary) as text from events group by action order by action";
    for arguments in [&["query", query][..], &["report", "list"], &["status"], &["describe"]] {
        let json: Vec<Value> = serde_json::from_str(&formatted(demo, arguments, "json")).expect("an array");
        let first = keys(json.first().expect("a row"));
        assert!(json.iter().all(|row| keys(row) == first), "{arguments:?}");
        let csv = formatted(demo, arguments, "csv");
        let mut csv = csv::Reader::from_reader(csv.as_bytes());
        let head: BTreeSet<String> = csv.headers().expect("a head").iter().map(str::to_owned).collect();
        assert_eq!(head, first, "{arguments:?}");
        let rows: Vec<csv::StringRecord> = csv.records().collect::<Result<_, _>>().expect("rows");
        assert_eq!(rows.len(), json.len(), "{arguments:?}");
        let table = formatted(demo, arguments, "table");
        assert!(table.lines().count() > json.len(), "{arguments:?}: {table}");
        assert!(first.iter().all(|name| table.contains(name.as_str())), "{table}");
        let file = demo.run(&[arguments, &["--format", "xml"]].concat());
        assert_eq!(file.code, Some(2), "{}", file.stderr);
    }
}

#[test]
fn reports_are_listed_with_their_documented_keys() {
    let listed: Vec<Value> =
        serde_json::from_str(&formatted(&Home::new(), &["report", "list"], "json")).expect("an array");
    let documented = names(&["name", "title", "question", "grain", "params", "severity", "controls"]);
    for report in &listed {
        assert_eq!(keys(report), documented);
        assert!(report["params"].is_array() && report["controls"].is_array(), "{report}");
    }
    assert!(listed.len() >= 5);
}

#[test]
fn a_report_says_what_it_knows_of_itself() {
    let home = demo_of_its_own();
    let about = [
        "report",
        "parameters",
        "coverage",
        "gaps",
        "rejects",
        "ledger_head",
        "made_at",
        "version",
    ];
    let report = formatted(&home, &["report", "run", "top_actors", "--param", "top=3"], "json");
    let report: Value = serde_json::from_str(&report).expect("an object");
    assert_eq!(keys(&report), names(&[&about[..], &["rows"]].concat()));
    // Three of each source.
    assert_eq!(report["rows"].as_array().expect("rows").len(), 6);
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(report["gaps"], json!([]));
    let verify: Value = serde_json::from_str(&formatted(&home, &["verify"], "json")).expect("an object");
    assert_eq!(report["ledger_head"], verify["ledger_head"]);

    let ended = home.ok(&[
        "report",
        "run",
        "top_actors",
        "coverage",
        "--output",
        "top.csv",
        "--output",
        "coverage.json",
    ]);
    assert_eq!(ended.stdout, "");
    let read =
        |name: &str| std::fs::read_to_string(home.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let beside: Value = serde_json::from_str(&read("top.csv.about.json")).expect("an object");
    assert_eq!(keys(&beside), names(&about));
    assert_eq!(beside["report"], "top_actors");
    let rows = read("top.csv");
    let mut rows = csv::Reader::from_reader(rows.as_bytes());
    assert_eq!(rows.headers().expect("a head").get(2), Some("actor_id"));
    assert!(rows.records().count() > 3);
    let coverage: Value = serde_json::from_str(&read("coverage.json")).expect("an object");
    assert_eq!(coverage["report"], "coverage");
    let written: PathBuf = home.path().join("coverage.json.about.json");
    assert!(!written.exists(), "a JSON report says all in one file");
}

#[test]
fn a_home_may_be_named_by_way_of_a_parent_folder() {
    let service = Service::start(simulator(3, 60));
    let home = Home::of(&service);
    std::fs::create_dir_all(home.path().join("below/deeper")).expect("a folder");
    let run = |folder: &str, arguments: &[&str]| {
        let mut command = home.command(arguments);
        ended(
            &command
                .current_dir(home.path().join(folder))
                .output()
                .expect("the binary runs"),
        )
    };
    let config = ["--config", "../../trailhouse.toml"];
    for data in ["../../data", "../../data/none/../"] {
        for verb in ["sync", "verify", "status"] {
            let ended = run("below/deeper", &[&config[..], &["--dir", data, verb]].concat());
            assert_eq!(ended.code, Some(0), "{verb} {data}: {}", ended.stderr);
        }
    }
    assert!(home.data().join("lake").is_dir());
    assert!(!home.path().join("below/deeper/data").exists());
}

#[test]
fn a_time_to_sync_from_lies_in_the_past() {
    let home = Home::new();
    home.configure("https://acme.example", "");
    let sync = home.run(&["sync", "--from", "2190-01-01"]);
    assert_eq!(sync.code, Some(2), "{}", sync.stderr);
    assert!(sync.stderr.contains("--from is in the future"), "{}", sync.stderr);
}

#[test]
fn a_stream_that_had_nothing_to_ask_is_no_success() {
    let home = Home::new();
    let streams = "streams = [\"audit_logs\", \"resource_logs\"]\nattempts = 1";
    home.configure("http://127.0.0.1:9", streams);
    let sync = home.run(&["sync"]);
    assert_eq!(sync.code, Some(1), "{}", sync.stderr);
}
