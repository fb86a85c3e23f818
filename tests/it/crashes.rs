//! Every change of a file fails in every way, and what the next command makes of it. The changes are those that the system
//! sees, so that none can be forgotten; the table of them is printed (`--nocapture`). A part of it runs in the checks, chosen so
//! that every change and every fault is among them; `TRAILHOUSE_TEST_CRASHES=all` runs the whole table.

mod disk;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use disk::{Change, Fault, on_a_faulty_disk, told, was_met};

use crate::environment::{Ended, Home, ended};

pub(crate) const STREAM: &str = "acme.audit_logs";
/// A command on a home that was prepared for it, and its changes of files.
struct Scene {
    name: &'static str,
    prepared: fn() -> Home,
    arguments: &'static [&'static str],
    /// The changes that this scene is there for: the table has no hole where they are all met.
    shows: &'static [(&'static str, &'static [&'static str])],
}

const COMMIT: &[(&str, &[&str])] = &[
    ("data file", &["create", "write", "sync", "rename"]),
    ("ledger entry", &["create", "write", "sync", "link", "unlink"]),
    ("head", &["create", "write", "sync", "rename"]),
    ("delta commit", &["create", "write", "sync", "link"]),
    ("folder of the lake", &["sync"]),
    ("signature", &["create", "write", "sync"]),
    ("checkpoint", &["create", "write", "sync"]),
    ("warehouse", &["write", "sync"]),
    ("warehouse log", &["create", "write", "sync", "unlink"]),
];

const SCENES: &[Scene] = &[
    Scene {
        name: "the first load",
        prepared: empty,
        arguments: &["import", STREAM, "more.jsonl"],
        shows: &[
            ("folder of the lake", &["mkdir", "sync"]),
            ("warehouse", &["create", "write", "sync"]),
            ("warehouse log", &["create", "write", "sync", "unlink"]),
        ],
    },
    Scene {
        name: "a later load, signed, with a checkpoint",
        prepared: with_nine_loads,
        arguments: &["import", STREAM, "more.jsonl"],
        shows: COMMIT,
    },
    Scene {
        name: "a compaction",
        prepared: with_nine_loads,
        arguments: &["compact"],
        shows: COMMIT,
    },
    Scene {
        name: "a rebuild",
        prepared: loaded,
        arguments: &["rebuild"],
        shows: &[("warehouse", &["create", "write", "sync", "rename"])],
    },
];

/// Of the whole table alone, for what they change is met by the others.
const MORE_SCENES: &[Scene] = &[
    Scene {
        name: "rows taken away",
        prepared: loaded,
        arguments: &["purge", "acme", "--before", "2024-06-18"],
        shows: &[("data file", &["create", "write", "sync", "rename", "unlink"])],
    },
    Scene {
        name: "a person erased",
        prepared: with_person,
        arguments: &["purge", "--performer", PERSON],
        shows: &[
            ("data file", &["create", "write", "sync", "rename", "unlink"]),
            ("warehouse", &["create", "write", "sync", "rename"]),
        ],
    },
];

pub(crate) fn record(number: usize) -> String {
    let at = format!("2024-06-{:02}T00:00:{:02}Z", 1 + number / 60, number % 60);
    format!("{{\"id\":\"{number}\",\"activity_type\":\"x\",\"logged_at\":\"{at}\",\"updated_at\":\"{at}\"}}\n")
}

pub(crate) fn empty() -> Home {
    let home = Home::new();
    home.write(
        "trailhouse.toml",
        "[sources.acme]\nkind = \"secoda\"\ntoken = { env = \"ACME_TOKEN\" }\n",
    );
    // A reject makes the load touch two tables.
    home.write(
        "more.jsonl",
        &(1_000..1_040)
            .map(record)
            .chain(["{\"no\":1}\n".to_owned()])
            .collect::<String>(),
    );
    home
}

fn loaded() -> Home {
    let home = empty();
    assert_eq!(home.run(&["import", STREAM, "more.jsonl"]).code, Some(3));
    home
}

const PERSON: &str = "0b7c5a1e-9f61-4d53-8f0e-5b8a7c1d2e3f";

/// The key of the pseudonyms is there already, so that all copies have the same.
fn with_person() -> Home {
    let home = empty();
    let acts = format!("\"performer_id\":\"{PERSON}\",\"performer_metadata\":{{\"name\":\"Dana Whitfield\"}},");
    let records = (0..20).map(|number| match number % 2 {
        0 => record(number).replacen('{', &format!("{{{acts}"), 1),
        _ => record(number),
    });
    home.write("some.jsonl", &records.collect::<String>());
    home.ok(&["import", STREAM, "some.jsonl"]);
    home.ok(&["ledger", "keygen"]);
    home.write("data/.credentials/erasure.key", &"7".repeat(64));
    home
}

/// The next load makes a checkpoint of the table of activity logs.
fn with_nine_loads() -> Home {
    let home = empty();
    for load in 0..9 {
        home.write(
            "some.jsonl",
            &(load * 10..load * 10 + 10).map(record).collect::<String>(),
        );
        home.ok(&["import", STREAM, "some.jsonl"]);
    }
    home.ok(&["ledger", "keygen"]);
    home
}

/// All that depends on the records alone, as one text.
fn fingerprint(home: &Home) -> String {
    let tables = [
        "activity_logs",
        "activity_logs_superseded",
        "rejects",
        "performers",
        "resources",
        "coverage",
    ];
    let of_table = |table: &&str| {
        let left_out = "load|run_id|loaded_at|page|first_seen_at|resolved_load|collected_at";
        format!(
            "select '{table}' as name, count(*) as rows, md5(string_agg(row::varchar, '' order by row::varchar)) as hash \
             from (select row from (select columns(lambda name: not regexp_full_match(name, '{left_out}')) from {table}) row)"
        )
    };
    let sql: Vec<String> = tables.iter().map(of_table).collect();
    home.ok(&["query", &sql.join(" union all "), "--format", "json"]).stdout
}

/// The files of a home, without those that have a name of their own in every run.
fn files(home: &Home) -> BTreeSet<String> {
    let top = std::fs::read_dir(home.data()).expect("a home");
    top.map(|item| item.expect("a file").file_name().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn every_change_of_a_file_may_fail_and_the_next_command_heals() {
    #[expect(clippy::disallowed_methods, reason = "how much of the table is wanted")]
    let is_whole = std::env::var_os("TRAILHOUSE_TEST_CRASHES").is_some_and(|wanted| wanted == "all");
    let mut table = String::from(
        "| scene | file: change | which | fault | the command | verify | healed |\n|---|---|---|---|---|---|---|\n",
    );
    let mut at = 0;
    let more = if is_whole { MORE_SCENES } else { &[] };
    for scene in SCENES.iter().chain(more) {
        let trial = Trial::of(scene);
        for (change, count) in &trial.changes {
            at += 1;
            for (fault, number) in chosen(change, *count, at, is_whole) {
                let told = trial.fail(change, number, fault);
                writeln!(
                    table,
                    "| {} | {change} | {number} of {count} | {} | {told} |",
                    scene.name,
                    fault.name()
                )
                .expect("text");
            }
        }
    }
    #[expect(clippy::print_stdout, reason = "the table is for people")]
    {
        println!("{table}");
    }
}

/// The first and the last change of a kind, and all that can become of it; or one of these, another for the next change.
fn chosen(change: &Change, count: usize, at: usize, is_whole: bool) -> Vec<(Fault, usize)> {
    let fits = |fault: &Fault| *fault != Fault::Short || change.operation == "write";
    let faults: Vec<Fault> = Fault::ALL.into_iter().filter(fits).collect();
    let numbers = if count == 1 { vec![1] } else { vec![1, count] };
    let all = numbers
        .iter()
        .flat_map(|number| faults.iter().map(|fault| (*fault, *number)));
    let all: Vec<(Fault, usize)> = all.collect();
    // A number that shares no divisor with how many there are, so that all have their turn.
    let turn = at * 5 % all.len();
    if is_whole { all } else { vec![all[turn]] }
}

/// A scene that was played once without a fault.
struct Trial<'a> {
    scene: &'a Scene,
    prepared: Home,
    fingerprint: String,
    files: BTreeSet<String>,
    changes: BTreeMap<Change, usize>,
}

impl<'a> Trial<'a> {
    fn of(scene: &'a Scene) -> Self {
        let prepared = (scene.prepared)();
        let whole = copied(&prepared);
        let (run, log) = play(&whole, scene, None);
        assert!(matches!(run.code, Some(0 | 3)), "{}: {run:?}", scene.name);
        let mut changes = BTreeMap::new();
        for change in told(&log) {
            *changes.entry(change).or_insert(0) += 1;
        }
        for (kind, operations) in scene.shows {
            for operation in *operations {
                let change = Change {
                    kind: (*kind).to_owned(),
                    operation: (*operation).to_owned(),
                };
                assert!(
                    changes.contains_key(&change),
                    "{}: never met {change}: {changes:?}",
                    scene.name
                );
            }
        }
        Self {
            scene,
            prepared,
            fingerprint: fingerprint(&whole),
            files: files(&whole),
            changes,
        }
    }

    /// Plays the scene with one fault and again without, and tells in three columns what came of it.
    fn fail(&self, change: &Change, number: usize, fault: Fault) -> String {
        let home = copied(&self.prepared);
        let what = format!("{}: {change}, number {number}: {}", self.scene.name, fault.name());
        let (run, log) = play(&home, self.scene, Some((change, number, fault)));
        assert!(was_met(&log), "{what}: the change was not made");
        assert_ne!(run.code, Some(101), "{what}: {}", run.stderr);
        assert_eq!(run.code.is_none(), fault.ends_the_process(), "{what}: {run:?}");
        let verify = home.run(&["verify"]);
        assert!(
            matches!(verify.code, Some(0 | 2 | 3)),
            "{what}: {}{}\n{}",
            verify.stdout,
            verify.stderr,
            run.stderr
        );
        if matches!(run.code, Some(0 | 3)) {
            // What says that it is done must be so without another command.
            assert_eq!(fingerprint(&home), self.fingerprint, "{what}: {}", run.stderr);
        }
        let again = home.run(self.scene.arguments);
        assert!(matches!(again.code, Some(0 | 3)), "{what}: {}", again.stderr);
        assert_eq!(fingerprint(&home), self.fingerprint, "{what}");
        let verified = home.run(&["verify"]);
        assert_eq!(verified.code, Some(0), "{what}: {}{}", verified.stdout, verified.stderr);
        assert_eq!(files(&home), self.files, "{what}: something is left over");
        let ended = run.code.map_or("killed".to_owned(), |code| format!("exit {code}"));
        let checked = verify.code.map_or(String::new(), |code| match code {
            0 => "valid".to_owned(),
            2 => "no lake yet".to_owned(),
            _ => "unfinished".to_owned(),
        });
        format!("{ended} | {checked} | yes")
    }
}

pub(crate) fn copied(home: &Home) -> Home {
    let copy = Home::new();
    let copied = Command::new("cp")
        .args(["-a", "--"])
        .arg(home.path().join("."))
        .arg(copy.path())
        .status();
    assert!(copied.is_ok_and(|status| status.success()), "cp copies a home");
    copy
}

fn play(home: &Home, scene: &Scene, fault: Option<(&Change, usize, Fault)>) -> (Ended, std::path::PathBuf) {
    let log = home.path().join("disk.log");
    let mut command = home.command(scene.arguments);
    let root: &Path = &home.data();
    on_a_faulty_disk(&mut command, root, &log, fault);
    (ended(&command.output().expect("the binary runs")), log)
}

#[test]
fn a_full_disk_at_the_warehouse_says_that_the_load_is_kept() {
    let home = loaded();
    home.write("more.jsonl", &record(900));
    let change = Change {
        kind: "warehouse".to_owned(),
        operation: "write".to_owned(),
    };
    let (ended, log) = play(&home, &SCENES[0], Some((&change, 1, Fault::Full)));
    assert!(was_met(&log) && ended.code == Some(1), "{ended:?}");
    assert!(
        ended.stderr.contains("what was loaded is kept in the lake"),
        "{}",
        ended.stderr
    );
    home.ok(&["rebuild"]);
    assert_eq!(home.number("select count(*) from activity_logs where id = '900'"), 1);
}
