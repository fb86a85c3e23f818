//! What a user says of people and hours: it reaches the warehouse with whatever writes it, a report that finds it changed says
//! so, and a wrong list stops a command before it does anything.

use serde_json::json;

use crate::environment::Home;

const CONFIGURATION: &str = "time_zone = \"America/Toronto\"\n[people]\nfile = \"people.csv\"\n[calendar]\nhours = \"08:30-24:00\"\n\
    days = [\"sat\"]\nholidays = [\"2026-12-25\"]\n";
const RECORD: &str = r#"{"id": "5ec0da00-0001-4000-8000-000000000001", "activity_type": "a", "logged_at": "2026-06-01T00:00:00Z",
    "created_at": "2026-06-01T00:00:00Z", "updated_at": "2026-06-01T00:00:00Z"}"#;

fn home() -> Home {
    let home = Home::new();
    home.write("trailhouse.toml", CONFIGURATION);
    home.write(
        "people.csv",
        "email,name,privileged,employed_to\nAda@acme.example,Ada,yes,2026-05-31\nbob@acme.example,,,\n",
    );
    home.write("records.json", RECORD);
    home
}

const IMPORT: &[&str] = &["import", "acme.audit_logs", "records.json", "--kind", "secoda"];

#[test]
fn people_and_hours_are_in_the_warehouse_and_a_change_of_them_is_told_until_it_is_taken_up() {
    let home = home();
    home.ok(IMPORT);
    let people = json!([
        { "email": "ada@acme.example", "name": "Ada", "employed_to": "2026-05-31", "privileged": true },
        { "email": "bob@acme.example", "name": null, "employed_to": null, "privileged": false },
    ]);
    let sql =
        "select email, name, cast(employed_to as varchar) as employed_to, privileged from ref.people order by email";
    assert_eq!(json!(home.query(sql)), people);
    let hours =
        "select weekday, cast(begins_at as varchar) as begins_at, cast(ends_at as varchar) as ends_at, is_assumed,
        (select min(cast(day.holiday as varchar)) from ref.holidays as day) as holiday from ref.working_hours";
    let expected = json!([{ "weekday": 6, "begins_at": "08:30:00", "ends_at": "24:00:00", "is_assumed": false, "holiday": "2026-12-25" }]);
    assert_eq!(json!(home.query(hours)), expected);

    let report = ["report", "run", "coverage"];
    let told = "people or hours of the configuration are newer";
    assert!(!home.ok(&report).stderr.contains(told));
    home.write("people.csv", "email\ncy@acme.example\n");
    assert!(home.ok(&report).stderr.contains(told));
    assert_eq!(json!(home.query(sql)), people, "a report changes nothing");
    home.ok(&["rebuild"]);
    assert!(!home.ok(&report).stderr.contains(told));
    assert_eq!(
        home.query("select email from ref.people"),
        [json!({ "email": "cy@acme.example" })]
    );
}

#[test]
fn without_hours_the_usual_ones_are_assumed() {
    let home = home();
    home.write("trailhouse.toml", "");
    home.ok(IMPORT);
    let hours =
        "select count(*) as days, min(weekday) as first, max(weekday) as last, bool_and(is_assumed) as is_assumed,
        bool_and(begins_at = time '09:00:00' and ends_at = time '17:00:00') as is_usual from ref.working_hours";
    let expected = json!([{ "days": 5, "first": 1, "last": 5, "is_assumed": true, "is_usual": true }]);
    assert_eq!(json!(home.query(hours)), expected);
}

#[test]
fn a_wrong_list_stops_a_command_before_it_does_anything() {
    let home = home();
    home.write("people.csv", "email,privileged\nada@acme.example,perhaps\n");
    let ended = home.run(IMPORT);
    assert_eq!(ended.code, Some(2));
    assert!(
        ended
            .stderr
            .contains("people.csv:2: privileged: `perhaps` is neither true nor false"),
        "{}",
        ended.stderr
    );
    assert!(!home.data().exists());
}

#[test]
fn a_warehouse_of_before_gets_the_tables() {
    let home = home();
    home.ok(IMPORT);
    let connection = duckdb::Connection::open(home.data().join("warehouse.duckdb")).expect("the warehouse opens");
    connection
        .execute_batch(
            "update trailhouse set definitions = 'of before', objects = list_filter(objects, lambda name: not contains(name, 'ref.'));
            drop schema ref cascade",
        )
        .expect("as an older program left it");
    connection.close().expect("the warehouse closes");
    assert!(
        home.ok(&["report", "run", "load_history"])
            .stderr
            .contains("the next sync or `trailhouse rebuild`")
    );
    home.ok(IMPORT);
    assert_eq!(home.number("select count(*) as number from ref.people"), 2);
    let foreign = home.ok(&["rebuild"]);
    assert!(foreign.stderr.contains("is made anew"), "{}", foreign.stderr);
}
