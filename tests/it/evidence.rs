//! The evidence pack, checked as an auditor would: with sha256sum and a DuckDB shell, and not with this program.

#![expect(
    clippy::disallowed_methods,
    reason = "the tests change packs behind the program's back"
)]

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::demo::{demo, demo_of_its_own};
use crate::environment::{Ended, Home, ended};
use crate::tools;

const UNPACK: &str = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])";

fn pack(home: &Home, name: &str, more: &[&str]) -> Ended {
    let arguments = ["--dir", "data", "evidence", "--framework", "soc2", "--output", name];
    home.run(&[&arguments, more].concat())
}

/// The pack as a folder; none without the tools.
fn unpacked(home: &Home, name: &str) -> Option<TempDir> {
    let folder = TempDir::new().expect("a folder");
    let mut python = Command::new(tools::find("python")?);
    let output = python
        .args(["-c", UNPACK])
        .arg(home.path().join(name))
        .arg(folder.path());
    let done = ended(&output.output().expect("Python runs"));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    Some(folder)
}

/// What `verify.sql` says in DuckDB's shell: everything that is not right, and the verdict.
fn verdict(folder: &Path) -> (Vec<String>, String) {
    let duckdb = tools::find("duckdb").expect("a DuckDB shell where there is Python");
    let sql = std::fs::read_to_string(folder.join("verify.sql")).expect("statements");
    let mut command = Command::new(duckdb);
    let output = command.current_dir(folder).args(["-jsonlines", "-c", &sql]).output();
    let done = ended(&output.expect("the shell runs"));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let lines = done
        .stdout
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut lines: Vec<Value> = lines.collect();
    let last = lines.pop().expect("a verdict");
    let wrong = lines.iter().filter_map(|line| {
        Some(format!(
            "{}: {}",
            line.get("what")?.as_str()?,
            line.get("result")?.as_str()?
        ))
    });
    (wrong.collect(), last["verdict"].as_str().unwrap_or_default().to_owned())
}

fn sums_agree(folder: &Path) -> bool {
    let mut command = Command::new("sha256sum");
    let checked = command
        .current_dir(folder)
        .args(["--check", "--quiet", "SHA256SUMS"])
        .output();
    checked.expect("sha256sum runs").status.success()
}

#[test]
fn the_pack_of_the_demo_is_checked_with_sha256sum_and_a_duckdb_shell_alone() {
    let home = demo();
    for name in ["one.zip", "two.zip"] {
        let made = pack(home, name, &["--from", "-90d"]);
        assert_eq!(made.code, Some(0), "{}", made.stderr);
    }
    let read = |name: &str| std::fs::read(home.path().join(name)).expect("a pack");
    assert!(
        read("one.zip") == read("two.zip"),
        "made twice, it is not the same file"
    );
    let Some(folder) = unpacked(home, "one.zip") else {
        return;
    };
    let folder = folder.path();
    assert!(sums_agree(folder));
    assert_eq!(verdict(folder), (Vec::new(), "ok".to_owned()));
    let facts: Value = serde_json::from_slice(&std::fs::read(folder.join("pack.json")).expect("facts")).expect("JSON");
    let newest = home.query("select max(load) as load from loads")[0]["load"].clone();
    assert_eq!(facts["ledger_head"]["sequence"], newest);
    let population = facts["population"].as_array().expect("streams");
    let events: i64 = population.iter().filter_map(|stream| stream["events"].as_i64()).sum();
    let between = format!(
        "occurred_at >= '{}' and occurred_at < '{}'",
        facts["since"], facts["until"]
    )
    .replace('"', "");
    let counted = home.number(&format!("select count(*) from events where {between}"));
    assert!(events > 0 && events == counted, "{events} of {counted}: {population:?}");
    let reports = facts["reports"].as_array().expect("reports");
    for report in reports {
        let name = report["name"].as_str().expect("a name");
        for ending in ["csv", "html", "sql", "about.json"] {
            let file = folder.join(format!("reports/{name}.{ending}"));
            assert!(file.is_file(), "{}", file.display());
        }
    }
    let index = std::fs::read_to_string(folder.join("index.html")).expect("an index");
    assert!(
        index.contains("CC6.1") && index.contains("Collected without a gap"),
        "{index}"
    );
    for file in [
        "VERIFY.md",
        "dictionary.md",
        "controls.csv",
        "population.csv",
        "ledger/head.json",
    ] {
        assert!(folder.join(file).is_file(), "{file}");
    }
}

#[test]
fn whatever_is_changed_in_a_pack_is_named() {
    let home = demo();
    let made = pack(home, "changed.zip", &["--from", "-30d"]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let Some(folder) = unpacked(home, "changed.zip") else {
        return;
    };
    let folder = folder.path();
    let rows = folder.join("reports/access_changes.csv");
    let whole = std::fs::read_to_string(&rows).expect("rows");
    let (fewer, _) = whole.trim_end().rsplit_once('\n').expect("more than one row");
    std::fs::write(&rows, format!("{fewer}\n")).expect("a row less");
    let entries = std::fs::read_dir(folder.join("ledger")).expect("entries");
    let mut entries: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    std::fs::remove_file(&entries[2]).expect("an entry less");
    std::fs::write(folder.join("reports/more.csv"), "a\n1\n").expect("a file more");
    std::fs::create_dir_all(folder.join("reports/deep/er")).expect("folders");
    std::fs::write(folder.join("reports/deep/er/most.html"), "a").expect("a file in a folder more");
    assert!(!sums_agree(folder));
    let (wrong, verdict) = verdict(folder);
    assert_eq!(verdict, "NOT OK");
    let said = |what: &str, result: &str| wrong.iter().any(|line| line.starts_with(what) && line.contains(result));
    assert!(said("file reports/access_changes.csv", "CHANGED"), "{wrong:?}");
    assert!(said("rows of reports/access_changes.csv", "INSTEAD OF"), "{wrong:?}");
    assert!(said("file ledger/", "MISSING"), "{wrong:?}");
    assert!(said("ledger entry", "AN ENTRY BEFORE IT IS MISSING"), "{wrong:?}");
    assert!(said("file reports/more.csv", "NOT LISTED"), "{wrong:?}");
    assert!(said("file reports/deep/er/most.html", "NOT LISTED"), "{wrong:?}");
}

#[test]
fn a_signed_pack_holds_the_signatures_and_the_key() {
    let home = demo_of_its_own();
    home.ok(&["--dir", "data", "ledger", "keygen"]);
    home.ok(&["--dir", "data", "demo"]);
    home.ok(&["--dir", "data", "ledger", "keygen"]);
    home.ok(&["--dir", "data", "ledger", "keygen"]);
    let made = pack(&home, "signed.zip", &["--from", "-30d"]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let Some(folder) = unpacked(&home, "signed.zip") else {
        return;
    };
    let newest = home.number("select max(load) from loads");
    let entry = folder.path().join(format!("ledger/{newest:020}.json"));
    let guide = std::fs::read_to_string(folder.path().join("VERIFY.md")).expect("a guide");
    let line = guide.lines().find(|line| line.starts_with("openssl pkeyutl -verify"));
    let line = line.expect("how to check the signature");
    assert!(
        line.contains("ledger/key-3.pem"),
        "the newest key signs the newest entry: {line}"
    );
    let has_openssl = Command::new("openssl").arg("version").output().is_ok();
    if has_openssl {
        let mut shell = Command::new("sh");
        let checked = ended(
            &shell
                .current_dir(folder.path())
                .args(["-c", line])
                .output()
                .expect("a shell"),
        );
        assert_eq!(checked.code, Some(0), "{line}: {}", checked.stderr);
    } else {
        let signature = entry.with_extension("sig");
        assert_eq!(std::fs::metadata(signature).expect("a signature").len(), 64);
    }
    assert_eq!(verdict(folder.path()).1, "ok");
}

#[test]
fn rows_are_counted_whatever_stands_in_them() {
    let home = Home::new();
    // Longer than what DuckDB looks at before it decides how a file is quoted.
    let login = |number: u32| {
        let name = if number == 24_000 {
            "Ada, \\\"Countess\\\"\\nof Lovelace"
        } else {
            "Ada"
        };
        let at = format!(
            "2026-06-{:02}T{:02}:{:02}:{:02}Z",
            1 + number / 3_600,
            number / 3_600 % 24,
            number / 60 % 60,
            number % 60
        );
        format!(
            "{{\"id\":\"l{number}\",\"activity_type\":\"user_logged_in\",\"performer_id\":\"p1\",\"performer_type\":\"USER\",\
             \"performer_metadata\":{{\"name\":\"{name}\"}},\"logged_at\":\"{at}\",\"updated_at\":\"{at}\"}}\n"
        )
    };
    home.write("logins.jsonl", &(0..25_000).map(login).collect::<String>());
    home.ok(&[
        "--dir",
        "data",
        "import",
        "acme.audit_logs",
        "logins.jsonl",
        "--kind",
        "secoda",
        "--covers",
        "2026-06-01",
        "2026-07-01",
    ]);
    let made = pack(&home, "many.zip", &["--from", "2026-06-01", "--to", "2026-07-01"]);
    assert!(matches!(made.code, Some(0 | 3)), "{}", made.stderr);
    let Some(folder) = unpacked(&home, "many.zip") else {
        return;
    };
    let rows = std::fs::read_to_string(folder.path().join("reports/logins.csv")).expect("rows");
    assert!(rows.lines().count() > 25_000, "{}", rows.lines().count());
    assert_eq!(verdict(folder.path()), (Vec::new(), "ok".to_owned()));
    let index = std::fs::read_to_string(folder.path().join("index.html")).expect("an index");
    assert!(
        index.contains("Of it, not final: asserted from 2026-06-01T00:00:00Z"),
        "{index}"
    );
}

#[test]
fn a_pack_over_a_gap_says_so_and_needs_a_look() {
    let service = crate::environment::Service::of(41, 300);
    let home = Home::of(&service);
    home.ok(&["sync"]);
    service
        .running
        .clock()
        .advance(jiff::SignedDuration::from_hours(24 * 140));
    service
        .running
        .apply(&trailhouse::simulator::script::Change::Retain(Some(90)));
    let sync = home.run(&["sync"]);
    assert_eq!(sync.code, Some(3), "a new gap needs a look: {}", sync.stderr);
    let period = ["--from", "2026-06-15", "--to", "2026-08-01"];
    let made = pack(&home, "gap.zip", &period);
    assert_eq!(made.code, Some(3), "{}", made.stderr);
    assert!(made.stderr.contains("not collected from"), "{}", made.stderr);
    let Some(folder) = unpacked(&home, "gap.zip") else {
        return;
    };
    let index = std::fs::read_to_string(folder.path().join("index.html")).expect("an index");
    assert!(
        index.contains("not collected from") && index.contains("has gaps"),
        "{index}"
    );
    let first = index.split("<h1>").next().unwrap_or_default();
    assert!(
        first.contains("not collected from"),
        "the gap is the first line: {index}"
    );
}

#[test]
fn a_pack_is_complete_only_where_all_of_its_period_is_collected() {
    let service = crate::environment::Service::of(41, 100);
    let home = Home::of(&service);
    home.ok(&["sync"]);
    let cases = [
        (
            ["--from", "2026-06-10", "--to", "2026-06-25"],
            "Collected without a gap;",
            None,
        ),
        (
            ["--from", "2026-06-10", "--to", "2099-01-01"],
            "Collected without a gap up to ",
            Some("not collected from"),
        ),
        // Before the oldest row that the service has.
        (
            ["--from", "2020-01-01", "--to", "2020-02-01"],
            "not all of the period",
            Some("not offered by the service"),
        ),
        (
            ["--from", "2098-01-01", "--to", "2099-01-01"],
            "not all of the period",
            Some("not collected from"),
        ),
    ];
    for (period, sentence, lacking) in cases {
        let made = pack(&home, "part.zip", &period);
        assert_eq!(made.code, Some(0), "{}", made.stderr);
        let Some(folder) = unpacked(&home, "part.zip") else {
            return;
        };
        let index = std::fs::read_to_string(folder.path().join("index.html")).expect("an index");
        assert!(index.contains(sentence), "{period:?}: {index}");
        assert_eq!(index.contains(">complete<"), lacking.is_none(), "{period:?}: {index}");
        for text in [&index, &made.stderr] {
            assert_eq!(
                text.contains("not collected from") || text.contains("not offered"),
                lacking.is_some()
            );
            assert!(text.contains(lacking.unwrap_or_default()), "{period:?}: {text}");
        }
    }
}

#[test]
fn what_cannot_be_packed_is_said() {
    let home = demo();
    let cases: [(&[&str], &str); 5] = [
        (
            &["--framework", "soc2", "--period", "2026", "--output", "x.html"],
            "x.html: a pack is a zip file",
        ),
        (&["--framework", "sox", "--period", "2026"], "unknown framework `sox`"),
        (&["--framework", "soc2", "--period", "june"], "`june` is no period"),
        (
            &["--framework", "soc2", "--from", "2026-06-02", "--to", "2026-06-01"],
            "is not before",
        ),
        (
            &[
                "--framework",
                "soc2",
                "--from",
                "2026-06-01",
                "--output",
                "data/lake/x.zip",
            ],
            "belongs to the archive",
        ),
    ];
    for (arguments, message) in cases {
        let output: &[&str] = if arguments.contains(&"--output") {
            &[]
        } else {
            &["--output", "x.zip"]
        };
        let refused = home.run(&[&["--dir", "data", "evidence"], arguments, output].concat());
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(refused.stderr.contains(message), "{message}: {}", refused.stderr);
        assert!(!home.path().join("x.zip").exists());
    }
}
