//! A person erased from where services write names in other ways, and what stands against it: holds of others, and a ledger
//! that would name the person.

use serde_json::{Value, json};

use super::assert_sound;
use super::erasing::traces;
use crate::environment::Home;
use crate::import::STREAM;

const ID: &str = "7d0f6c1e-2f6b-4a53-9d51-0c9f0f1f6a11";
const OTHER: &str = "c8d0a4b2-5f0e-4f6e-8b1c-3a7d9e2f4b60";

/// What tells who the person is, as text of any file.
const TOLD: [&str; 6] = [ID, "ren\u{e9}e", "quixote", "15551234567", "998877665", "198.51.100.7"];

fn record(number: usize, more: &Value) -> Value {
    let at = format!("2024-05-{:02}T00:00:00Z", number + 1);
    let mut record = json!({
        "id": format!("e-{number}"), "activity_type": "x", "logged_at": at, "updated_at": at,
        "performer_id": OTHER, "performer_metadata": {"id": OTHER, "name": "Omar Haddad"},
    });
    let more = more.as_object().expect("members").clone();
    record.as_object_mut().expect("a record").extend(more);
    record
}

/// Records that tell of the person in every way, one way each, and lines that are no JSON.
fn lines() -> String {
    let own = json!({
        "performer_id": ID, "metadata": {"ip_address": "198.51.100.7"},
        "performer_metadata": {
            "id": ID, "name": "Renée Quixote", "first_name": "Renée", "last_name": "Quixote",
            "email": "renee.quixote@acme.example", "phone": 15_551_234_567_u64, "employee": {"number": 998_877_665},
        },
    });
    let ways = [
        own.clone(),
        json!({"metadata": {"url": "/u?mail=renee.quixote%40acme.example&n=Ren%C3%A9e%20Quixote"}}),
        json!({"metadata": {"html": "<b>Ren&#233;e&nbsp;Quixote</b>"}}),
        json!({"metadata": {"payload": "{\"to\": \"a\\nRen\\u00e9e Quixote\"}"}}),
        json!({"event_blocks": [{"type": "text", "value": "**Renée Quixote**: AddedRenée Quixoteas owner"}]}),
        json!({"metadata": {"owners": [ID], "by": {ID: "RENÉE QUIXOTE"}}}),
        json!({"resource_id": ID, "resource_metadata": {"name": "Team member Renée", "badge": 998_877_665}}),
    ];
    let mut lines: Vec<String> = (0..)
        .zip(&ways)
        .map(|(number, way)| record(number, way).to_string())
        .collect();
    let whole = record(20, &own).to_string().replace('é', "\\u00e9");
    lines.push(whole.split(",\"updated_at\"").next().expect("a begin").to_owned());
    lines.push(whole.replace("15551234567", "NaN"));
    lines.join("\n") + "\n"
}

fn configure(home: &Home, more: &str) {
    home.write(
        "trailhouse.toml",
        &format!("[sources.acme]\nkind = \"secoda\"\ntoken = {{ env = \"ACME_TOKEN\" }}\n{more}"),
    );
}

fn prepared(more: &str) -> Home {
    let home = Home::new();
    configure(&home, more);
    home.write("all.jsonl", &lines());
    assert_eq!(
        home.run(&["import", STREAM, "all.jsonl"]).code,
        Some(3),
        "rejects need a look"
    );
    home
}

#[test]
fn nothing_tells_of_a_person_in_whatever_way_a_name_is_written() {
    let home = prepared("");
    let told = TOLD.map(str::to_owned);
    let before = traces(&home, &told);
    for told in &told {
        assert!(
            before.iter().any(|(_, found)| found == told),
            "nothing to erase: {told}"
        );
    }
    for (option, text) in [
        ("--reason", "asked by Renée Quixote"),
        ("--by", "renee.quixote@acme.example"),
    ] {
        let refused = home.run(&["purge", "--performer", ID, option, text]);
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(
            refused.stderr.contains(&format!("{option}: names the person")),
            "{}",
            refused.stderr
        );
    }
    // What a run leaves that is killed while it makes a copy, or while DuckDB spills.
    home.write("data/warehouse.duckdb.copy", "Renée Quixote");
    std::fs::create_dir(home.data().join("warehouse.duckdb.tmp")).expect("a folder");
    home.write("data/warehouse.duckdb.tmp/spilled", "Renée Quixote");
    home.ok(&["purge", "--performer", ID, "--reason", "currently"]);
    assert_eq!(traces(&home, &told), []);
    assert_sound(&home);
    let again = home.ok(&["import", STREAM, "all.jsonl"]);
    assert!(again.stderr.contains(": 0 stored, 9 known already"), "{}", again.stderr);
    assert_eq!(traces(&home, &told), []);
}

#[test]
fn a_name_that_is_newer_than_the_erasure_stays_away_too() {
    let home = prepared("");
    home.ok(&["purge", "--performer", ID]);
    let told = ["neuhaus".to_owned()];
    let own = json!({
        "performer_id": ID,
        "performer_metadata": {"id": ID, "name": "Renée Neuhaus", "email": "r.neuhaus@corp.example"},
        "event_blocks": [{"type": "text", "value": "**RENÉE NEUHAUS**: AddedRenée Neuhausas owner"}],
        "metadata": {"payload": "{\"to\": \"Ren\\u00e9e Neuhaus\"}", "summary": "R.Neuhaus@corp.example asked"},
    });
    home.write("newer.jsonl", &format!("{}\n", record(25, &own)));
    home.ok(&["import", STREAM, "newer.jsonl"]);
    assert_eq!(home.number("select count(*) from activity_logs where id = 'e-25'"), 1);
    assert_eq!(traces(&home, &told), []);

    // Who it is that others tell of is only known from the person's own records, which are there by now.
    let others = json!({"event_blocks": [{"type": "text", "value": "Renée Neuhaus <r.neuhaus@corp.example>"}]});
    home.write("others.jsonl", &format!("{}\n", record(26, &others)));
    home.ok(&["import", STREAM, "others.jsonl"]);
    assert!(!traces(&home, &told).is_empty());
    let refused = home.run(&["purge", "--performer", ID, "--reason", "asked by Renée Neuhaus"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("--reason: names the person"),
        "{}",
        refused.stderr
    );
    let again = home.ok(&["purge", "--performer", ID]);
    assert!(
        again.stderr.contains("1 records have pseudonyms now"),
        "{}",
        again.stderr
    );
    assert_eq!(traces(&home, &told), []);
    assert_sound(&home);
    for file in ["all.jsonl", "newer.jsonl", "others.jsonl"] {
        let imported = home.ok(&["import", STREAM, file]);
        assert!(imported.stderr.contains(": 0 stored"), "{}", imported.stderr);
    }
    let elsewhere = record(27, &others);
    home.write("others.jsonl", &format!("{elsewhere}\n"));
    home.ok(&["import", STREAM, "others.jsonl"]);
    assert_eq!(traces(&home, &told), []);
    let already = home.ok(&["purge", "--performer", ID]);
    assert!(already.stderr.contains("erased already"), "{}", already.stderr);
}

#[test]
fn a_warehouse_behind_a_link_is_made_anew_where_it_is() {
    let home = prepared("");
    let (link, elsewhere) = (home.data().join("warehouse.duckdb"), home.path().join("elsewhere"));
    std::fs::create_dir(&elsewhere).expect("a folder");
    std::fs::rename(&link, elsewhere.join("large.duckdb")).expect("it moves");
    std::os::unix::fs::symlink("../elsewhere/large.duckdb", &link).expect("a link");
    home.ok(&["purge", "--performer", ID]);
    assert!(link.is_symlink());
    assert_eq!(traces(&home, &TOLD.map(str::to_owned)), []);
    let left = std::fs::read_dir(&elsewhere).expect("a folder");
    let left: Vec<_> = left.map(|item| item.expect("an item").file_name()).collect();
    assert_eq!(left, ["large.duckdb"]);
    assert_eq!(home.number("select count(*) from loads where kind = 'erase'"), 1);
    home.ok(&["verify", "--deep"]);
}

#[test]
fn a_reject_that_was_purged_stays_away_when_a_person_it_names_is_erased() {
    let hold = "[hold.year]\nreason = \"Case 7\"\nfrom = \"2024-01-01\"\nto = \"2025-01-01\"\n";
    let home = prepared(hold);
    let rejects = "select count(*) from rejects";
    assert_eq!(home.number(rejects), 2);
    home.ok(&["purge", "acme", "--all"]);
    assert_eq!(home.number(rejects), 0);
    configure(&home, "");
    home.ok(&["purge", "--performer", ID]);
    let again = home.ok(&["import", STREAM, "all.jsonl"]);
    assert!(again.stderr.contains(": 0 stored"), "{}", again.stderr);
    assert_eq!(home.number(rejects), 0);
    assert_sound(&home);
}

#[test]
fn an_owner_who_never_did_anything_can_be_erased() {
    let home = Home::new();
    home.write(
        "trailhouse.toml",
        "[sources.acme]\nkind = \"secoda\"\ntoken = { env = \"ACME_TOKEN\" }\n",
    );
    let owned = record(1, &json!({"metadata": {"owners": [ID, OTHER]}}));
    home.write("all.jsonl", &format!("{owned}\n"));
    home.ok(&["import", STREAM, "all.jsonl"]);
    let unknown = home.run(&["purge", "--performer", "Omar"]);
    assert_eq!(unknown.code, Some(2), "{}", unknown.stderr);
    std::fs::create_dir(home.data().join("reports")).expect("a folder");
    home.write("data/reports/made.csv", "before\n");
    let done = home.ok(&["purge", "--performer", ID]);
    assert!(
        done.stderr.contains("reports that were made before stay"),
        "{}",
        done.stderr
    );
    assert_eq!(traces(&home, &[ID.to_owned()]), []);
    assert_sound(&home);
    let already = home.ok(&["purge", "--performer", ID]);
    assert!(already.stderr.contains("erased already"), "{}", already.stderr);
}

#[test]
fn what_names_a_held_person_stays_as_it_is_whoever_else_is_erased() {
    let hold = format!("[hold.case]\nreason = \"Case 7\"\nperformers = [\"{OTHER}\"]\nto = \"2024-05-03\"\n");
    let home = prepared(&hold);
    let head = home.ok(&["ledger", "head"]).stdout;
    for arguments in [&["--dry-run"][..], &[]] {
        let refused = home.run(&[&["purge", "--performer", ID], arguments].concat());
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(
            refused.stderr.contains("the hold `case` keeps it as it is: Case 7"),
            "{}",
            refused.stderr
        );
    }
    assert_eq!(home.ok(&["ledger", "head"]).stdout, head);
}
