//! That the warehouse is what the lake says, whatever the order, the steps and the text.

use std::fs;

use super::fixture::{Activity, LAKE_ID, Lake, activity, dump, follow, increment, lines, rows};
use super::*;
use crate::schema::{Table, parse_time};
use crate::source::secoda::{ACTIVITY_LOGS, NOTIFICATIONS, VERSION_HISTORIES};
use crate::source::zendesk::AUDIT_LOG_TABLE;

const REVISIONS: &str = "select stream, id, revision, load, substr(hex(stable_hash), 1, 2), is_latest from activity_logs_revisions order by id, stream, revision";

/// Some 200 rows of a few records: revisions, two streams, two sources, three months, names that come and go.
fn history(random: &mut fastrand::Rng) -> Vec<Activity> {
    let mut history = Vec::new();
    for at in 0..200_u8 {
        let mut one = activity(i64::from(random.u8(1..=12)), &format!("id{}", random.u8(0..30)), at, "");
        one.source = if random.u8(0..4) == 0 { "test" } else { "prod" };
        one.stream = if random.u8(0..3) == 0 {
            "resource_logs"
        } else {
            "audit_logs"
        };
        one.logged_at += i64::from(random.u8(0..90)) * crate::schema::DAY;
        one.updated_at = (random.u8(0..9) > 0).then(|| one.logged_at + i64::from(random.u8(0..40)));
        one.performer_id = (random.u8(0..9) > 0).then(|| format!("p{}", random.u8(0..3)));
        one.performer_name = (random.u8(0..3) > 0).then(|| format!("name {}", random.u8(0..3)));
        let texts = [
            "deleted",
            "Logged in",
            "synced",
            "exported",
            "created",
            "of nothing known",
        ];
        one.event_text = (random.u8(0..9) > 0).then(|| format!("{} {at}", texts[random.usize(0..texts.len())]));
        history.push(one);
    }
    history
}

/// The same records as rows of every table that is revised, each of the stream that brings them.
fn files_of_all(lake: &Lake, history: &[Activity]) -> Vec<DataFile> {
    let others = [
        (&VERSION_HISTORIES, "resource_logs"),
        (&NOTIFICATIONS, "notifications"),
        (&AUDIT_LOG_TABLE, "audit_logs"),
    ];
    let mut files = lake.activities(history);
    for (table, stream) in others {
        files.extend(lake.files_of(table, &of_stream(history, stream)));
    }
    files
}

fn of_stream(history: &[Activity], stream: &'static str) -> Vec<Activity> {
    let of = |one: &Activity| Activity { stream, ..one.clone() };
    history.iter().map(of).collect()
}

fn increment_of(lake: &Lake, history: &[Activity], loads: (i64, i64)) -> Increment {
    let part: Vec<_> = history
        .iter()
        .filter(|one| one.load > loads.0 && one.load <= loads.1)
        .cloned()
        .collect();
    increment(u64::try_from(loads.1).unwrap(), files_of_all(lake, &part))
}

/// What the design says of the rows of a table, worked out record by record: stream, id, revision, load, hash, whether it is the
/// latest.
fn numbered(history: &[Activity], has_updates: bool) -> Vec<String> {
    let updated_at = |one: &Activity| one.updated_at.filter(|_| has_updates);
    let mut told = Vec::new();
    for one in history {
        let same: Vec<&Activity> = history
            .iter()
            .filter(|other| (other.source, &other.id) == (one.source, &one.id))
            .collect();
        let order = |one: &Activity| (updated_at(one), one.load, one.hash);
        let is_before = |other: &&&Activity| other.stream == one.stream && order(other) <= order(one);
        let rank = |one: &Activity| (updated_at(one), one.stream == "audit_logs", one.load, one.hash);
        let is_latest = same.iter().all(|other| rank(other) <= rank(one));
        told.push(format!(
            "{}|{}|{}|{}|{}|{:02X}|{is_latest}",
            one.source,
            one.stream,
            one.id,
            same.iter().filter(is_before).count(),
            one.load,
            one.hash
        ));
    }
    told.sort();
    told
}

fn numbers(path: &Path, table: &Table) -> Vec<String> {
    let id = match table.name {
        "zendesk_audit_logs" => "'id' || (id - 9007199254740992)",
        _ => "id",
    };
    let mut told = lines(
        path,
        &format!(
            "select source, stream, {id}, revision, load, substr(hex(stable_hash), 1, 2), is_latest from {}_revisions",
            table.name
        ),
    );
    told.sort();
    told
}

fn assert_numbered(path: &Path, history: &[Activity]) {
    assert_eq!(numbers(path, &ACTIVITY_LOGS), numbered(history, true));
    let others = [
        (&VERSION_HISTORIES, "resource_logs", true),
        (&NOTIFICATIONS, "notifications", false),
        (&AUDIT_LOG_TABLE, "audit_logs", false),
    ];
    for (table, stream, has_updates) in others {
        let expected = numbered(&of_stream(history, stream), has_updates);
        assert_eq!(numbers(path, table), expected, "{}", table.name);
    }
}

#[test]
fn the_first_catch_up_makes_tables_that_say_what_they_are() {
    let lake = Lake::new();
    let mut one = activity(3, "a", 1, "2025-07-11T19:40:00Z");
    one.metadata = Some(r#"{"k": [1, 2]}"#.to_owned());
    let path = lake.warehouse();
    assert_eq!(following(&path).unwrap(), None);
    assert_eq!(follow(&path, &increment(3, lake.activities(&[one]))), Way::InPlace);
    assert_eq!(
        following(&path).unwrap().unwrap(),
        Following {
            lake_id: LAKE_ID.to_owned(),
            sequence: 3
        }
    );
    let sql = "select source, load, stream, revision, id, logged_at, created_at, metadata, related_resource_ids, event_blocks from activity_logs";
    let [row] = &rows(&path, sql)[..] else {
        panic!("one row")
    };
    let text = |text: &str| Cell::Text(text.to_owned());
    assert_eq!(
        row[..4],
        [text("prod"), Cell::Integer(3), text("audit_logs"), Cell::Integer(1)]
    );
    assert_eq!(
        row[4..7],
        [
            text("a"),
            Cell::Timestamp(parse_time("2025-07-11T19:38:34.738001Z").unwrap()),
            Cell::Null
        ]
    );
    let json = [
        serde_json::json!({"k": [1, 2]}),
        serde_json::json!(["r1", null, "r2"]),
        serde_json::json!([{"type": "t", "style": null, "value": "v"}]),
    ];
    assert_eq!(row[7..], json.map(Cell::Json));
    let undocumented = "select table_name || '.' || column_name from duckdb_columns() where schema_name = 'main' and not internal \
         and coalesce(comment, '') = '' union all select table_name from duckdb_tables() where coalesce(comment, '') = '' \
         union all select view_name from duckdb_views() where not internal and coalesce(comment, '') = ''";
    assert_eq!(lines(&path, undocumented), Vec::<String>::new());
    assert!(!access::wal_of(&path).exists() && !access::scratch_of(&path).exists());
    assert_eq!(fs::read_dir(lake.home()).unwrap().count(), 2);
}

/// Whether every event has its wording, and the action that the rules give it.
fn assert_worded(path: &Path) {
    let missing = "select count(*) from worded_events as said anti join wordings as known on said.source = known.source \
         and said.activity_type is not distinct from known.activity_type \
         and said.resource_type is not distinct from known.resource_type \
         and said.wording is not distinct from known.wording and known.action is not null";
    assert_eq!(lines(path, missing), ["0"]);
    let twice = "select source, activity_type, resource_type, wording from wordings group by all having count(*) > 1";
    assert_eq!(lines(path, twice), Vec::<String>::new());
    let actions = "select string_agg(distinct action, ' ' order by action) from events";
    assert_eq!(lines(path, actions), ["create delete export login sync unknown"]);
}

#[test]
fn however_the_loads_are_split_the_warehouse_is_what_a_rebuild_gives() {
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..3 {
        let lake = Lake::new();
        let history = history(&mut random);
        let rebuilt = lake.warehouse();
        follow(&rebuilt, &increment_of(&lake, &history, (0, 12)));
        assert_numbered(&rebuilt, &history);
        assert_worded(&rebuilt);
        let expected = dump(&rebuilt);
        assert!(expected.len() > 1_600, "{}", expected.len());
        let split = lake.home().join("split.duckdb");
        let mut after = 0;
        while after < 12 {
            let until = random.i64(after + 1..=12);
            follow(&split, &increment_of(&lake, &history, (after, until)));
            after = until;
        }
        assert_eq!(dump(&split), expected);
        let mut stepped = increment_of(&lake, &history, (0, 12));
        stepped.files.iter_mut().for_each(|file| file.rows = 200_000);
        let steps = lake.home().join("steps.duckdb");
        follow(&steps, &stepped);
        assert_eq!(dump(&steps), expected);
    }
}

#[test]
fn a_late_older_revision_renumbers_its_record_alone() {
    let lake = Lake::new();
    let path = lake.warehouse();
    let first = [
        activity(1, "a", 3, "2025-07-13T00:00:00Z"),
        activity(1, "b", 9, "2025-07-13T00:00:00Z"),
    ];
    follow(&path, &increment(1, lake.activities(&first)));
    follow(
        &path,
        &increment(2, lake.activities(&[activity(2, "a", 1, "2025-07-11T00:00:00Z")])),
    );
    assert_eq!(
        lines(&path, REVISIONS),
        [
            "audit_logs|a|1|2|01|false",
            "audit_logs|a|2|1|03|true",
            "audit_logs|b|1|1|09|true"
        ]
    );
    let more = [
        activity(3, "a", 2, "2025-07-12T00:00:00Z"),
        activity(3, "a", 4, "2025-07-13T00:00:00Z"),
        activity(3, "a", 5, ""),
    ];
    follow(&path, &increment(3, lake.activities(&more)));
    let expected = [
        "audit_logs|a|1|3|05|false",
        "audit_logs|a|2|2|01|false",
        "audit_logs|a|3|3|02|false",
        "audit_logs|a|4|1|03|false",
        "audit_logs|a|5|3|04|true",
        "audit_logs|b|1|1|09|true",
    ];
    assert_eq!(lines(&path, REVISIONS), expected);
    assert_eq!(
        lines(&path, "select id, revision from activity_logs order by id"),
        ["a|5", "b|1"]
    );
}

#[test]
fn a_record_of_two_streams_stands_once_and_keeps_the_number_of_its_own() {
    let lake = Lake::new();
    let path = lake.warehouse();
    let mut nested = activity(1, "a", 1, "2025-07-12T00:00:00Z");
    nested.stream = "resource_logs";
    follow(&path, &increment(1, lake.activities(std::slice::from_ref(&nested))));
    let older = activity(2, "a", 2, "2025-07-11T00:00:00Z");
    follow(&path, &increment(2, lake.activities(&[older])));
    assert_eq!(
        lines(&path, REVISIONS),
        ["audit_logs|a|1|2|02|false", "resource_logs|a|1|1|01|true"]
    );
    let equal = activity(3, "a", 1, "2025-07-12T00:00:00Z");
    follow(&path, &increment(3, lake.activities(&[equal])));
    let expected = [
        "audit_logs|a|1|2|02|false",
        "audit_logs|a|2|3|01|true",
        "resource_logs|a|1|1|01|false",
    ];
    assert_eq!(lines(&path, REVISIONS), expected);
}

#[test]
fn what_is_read_again_equals_a_rebuild_without_the_rows_taken_away() {
    let mut random = fastrand::Rng::with_seed(3);
    let lake = Lake::new();
    let path = lake.warehouse();
    let history = history(&mut random);
    follow(&path, &increment_of(&lake, &history, (0, 12)));
    let is_kept = |one: &&Activity| one.source != "prod" || month(one) != "2025-08" || one.hash.is_multiple_of(2);
    let kept: Vec<_> = history.iter().filter(is_kept).cloned().collect();
    assert!(kept.len() + 10 < history.len());
    let in_month: Vec<_> = kept
        .iter()
        .filter(|one| one.source == "prod" && month(one) == "2025-08")
        .cloned()
        .collect();
    let mut again = increment(13, files_of_all(&lake, &in_month));
    let tables = [&ACTIVITY_LOGS, &VERSION_HISTORIES, &NOTIFICATIONS, &AUDIT_LOG_TABLE];
    again.reread = tables
        .map(|table| Reread {
            table: table.name,
            source: "prod".to_owned(),
            month: "2025-08".to_owned(),
        })
        .to_vec();
    follow(&path, &again);
    assert_numbered(&path, &kept);
    assert_worded(&path);
    let rebuilt = lake.home().join("rebuilt.duckdb");
    follow(&rebuilt, &increment_of(&lake, &kept, (0, 13)));
    assert_eq!(dump(&path), dump(&rebuilt));
}

#[test]
fn people_and_things_are_observed_in_every_table_and_known_by_a_name() {
    let lake = Lake::new();
    let path = lake.warehouse();
    let at = |days: i64, name: Option<&str>, performer: &str| {
        let mut one = activity(1, &format!("id{days}"), 1, "");
        one.logged_at += days * crate::schema::DAY;
        one.performer_id = Some(performer.to_owned());
        one.performer_name = name.map(str::to_owned);
        one.event_text = Some("title".to_owned());
        one
    };
    let mut files = lake.activities(&[at(0, Some("Ann"), "p1"), at(1, None, "p1")]);
    let notified = [at(2, Some("ann@acme.example"), "p1"), at(3, None, "p1")];
    files.extend(lake.files_of(&NOTIFICATIONS, &of_stream(&notified, "notifications")));
    let zendesk = [
        at(0, Some("Zendesk"), "p0"),
        at(1, Some("Bob"), "p6"),
        at(2, None, "p6"),
    ];
    let mut zendesk = of_stream(&zendesk, "audit_logs");
    zendesk.iter_mut().for_each(|one| one.source = "support");
    files.extend(lake.files_of(&AUDIT_LOG_TABLE, &zendesk));
    follow(&path, &increment(1, files));
    let performers =
        "select source, performer_id, performer_type, name, email, is_current from performers order by all";
    let expected = [
        "prod|p1|-|Ann|-|false",
        "prod|p1|-|-|ann@acme.example|true",
        "prod|p1|-|-|-|false",
        "support|-1|SYSTEM|Zendesk|-|true",
        "support|5|USER|Bob|-|true",
        "support|5|USER|-|-|false",
    ];
    assert_eq!(lines(&path, performers), expected);
    let resources = "select resource_id, resource_type, name, title, is_current from resources order by all";
    let expected = [
        "7|user|label Bob|-|true",
        "7|user|label Zendesk|-|false",
        "7|user|-|-|false",
        "rid0|-|-|-|true",
        "rid1|-|-|-|true",
        "rid2|-|-|title|true",
        "rid3|-|-|title|true",
    ];
    assert_eq!(lines(&path, resources), expected);
    let actors = "select actor_key, actor_name, actor_email, actor_type from actors order by all";
    let expected = [
        "ann@acme.example|Ann|ann@acme.example|-",
        "support:-1|Zendesk|-|SYSTEM",
        "support:5|Bob|-|USER",
    ];
    assert_eq!(lines(&path, actors), expected);
}

fn month(one: &Activity) -> String {
    crate::schema::month_of(one.logged_at)
}

#[test]
fn no_character_of_the_path_leads_to_other_files() {
    for home in ["it's [ab] \"q\" {z,w}", "x*y", "**", "[!a]", "#%41 é[ü]", "-[0-9]"] {
        let lake = Lake::at(home);
        fs::create_dir_all(lake.home().with_file_name("a")).unwrap();
        let path = lake.warehouse();
        let mut wanted = increment(1, lake.activities(&[activity(1, "a", 1, "2025-07-13T00:00:00Z")]));
        // What a pattern would also find: the same file in folders that differ only where the pattern is.
        for trap in ["it's a \"q\" {z,w}", "xxy", "a", "b", "-5"] {
            let beside = lake.home().with_file_name(trap);
            fs::create_dir_all(&beside).unwrap();
            let relative = wanted.files[0].path.strip_prefix(lake.home()).unwrap().to_path_buf();
            fs::create_dir_all(beside.join(&relative).parent().unwrap()).unwrap();
            fs::copy(&wanted.files[0].path, beside.join(relative)).unwrap();
        }
        wanted
            .files
            .extend(lake.activities(&[activity(1, "b", 2, "2025-07-13T00:00:00Z")]));
        follow(&path, &wanted);
        assert_eq!(
            lines(&path, "select id from activity_logs order by id"),
            ["a", "b"],
            "{home}"
        );
    }
}

#[test]
fn hard_text_passes_whole() {
    let lake = Lake::new();
    let path = lake.warehouse();
    let hard = "nul \0 esc \u{1b}[31m emoji 🦆 lone \u{fffd} 'quote' \"q\" \\ \r\n";
    let invalid = ["{", "{\"a\":\"\\ud800\"}", "nul \0", "", "{} x"];
    let mut all = Vec::new();
    for (at, json) in (1..).zip(invalid) {
        let mut one = activity(1, &format!("{at}{hard}"), at, "2025-07-13T00:00:00Z");
        one.event_text = Some(hard.to_owned());
        one.performer_name = Some(hard.to_owned());
        one.metadata = Some(json.to_owned());
        all.push(one);
    }
    follow(&path, &increment(1, lake.activities(&all)));
    let held = rows(&path, "select id, event_text, metadata from activity_logs order by id");
    assert_eq!(held.len(), invalid.len());
    for ((at, json), row) in (1..).zip(invalid).zip(held) {
        let text = |text: String| Cell::Text(text);
        let expected = [
            text(format!("{at}{hard}")),
            text(hard.to_owned()),
            Cell::Json(serde_json::Value::String(json.to_owned())),
        ];
        assert_eq!(row, expected);
    }
    assert_eq!(
        rows(&path, "select name from performers"),
        [[Cell::Text(hard.to_owned())]]
    );
}

#[test]
fn rejects_keep_their_size_and_a_file_from_before_a_column_has_nulls_there() {
    let lake = Lake::new();
    let path = lake.warehouse();
    let old = lake
        .activities(&[activity(1, "a", 1, "2025-07-13T00:00:00Z")])
        .remove(0);
    let narrow = old.path.to_string_lossy().replace('\'', "''");
    let connection = duckdb::Connection::open_in_memory().unwrap();
    connection
        .execute_batch(&format!(
            "create table n as select * exclude (resource_id, extra) from read_parquet('{narrow}'); copy n to '{narrow}' (format parquet)"
        ))
        .unwrap();
    follow(&path, &increment(1, vec![old, lake.reject_file(1, b"\xff\0not json")]));
    assert_eq!(
        lines(&path, "select id, resource_id, extra from activity_logs"),
        ["a|-|-"]
    );
    let rejects = "select source, load, reason, page, raw_bytes, first_seen_at, hex(stable_hash) from rejects";
    assert_eq!(
        lines(&path, rejects),
        ["prod|1|no id|3|10|2025-07-11T19:38:34.738Z|07070707070707070707070707070707"]
    );
}

#[test]
fn loads_come_once_and_coverage_is_replaced() {
    let lake = Lake::new();
    let path = lake.warehouse();
    let mut one = increment(1, Vec::new());
    one.coverage = vec![CoverageRow {
        source: "prod".to_owned(),
        stream: "audit_logs".to_owned(),
        from_at: 0,
        to_at: 1,
        state: "final".to_owned(),
        collected_at: 2,
    }];
    one.gaps = vec![GapRow {
        source: "prod".to_owned(),
        stream: "audit_logs".to_owned(),
        gap_from: 3,
        gap_to: 4,
        reason: "expired".to_owned(),
    }];
    follow(&path, &one);
    let mut two = increment(2, Vec::new());
    two.loads.extend(one.loads.clone());
    two.coverage = vec![CoverageRow {
        to_at: 5,
        ..one.coverage[0].clone()
    }];
    follow(&path, &two);
    follow(&path, &two);
    assert_eq!(
        lines(&path, "select load, run_id, stream, stored from loads order by load"),
        ["1|run|-|0", "2|run|-|0"]
    );
    let micros = "select epoch_us(from_at), epoch_us(to_at), state, epoch_us(collected_at) from coverage";
    assert_eq!(lines(&path, micros), ["0|5|final|2"]);
    assert_eq!(lines(&path, "select * from coverage_gaps"), Vec::<String>::new());
}
