//! What must not be lost when a message is not taken or a daemon is killed, and what must not hold up everything else for ever.

use rustix::process::Signal;
use serde_json::Value;

use super::alerts::FAILING;
use super::stopping::{Running, slow};
use super::{ONCE, entry, home_of, jobs, kept_for, text_of, until};
use crate::environment::{Home, Service};

fn alert(command: &str) -> String {
    format!("[[alert]]\nname = \"ops\"\ncommand = [\"/bin/sh\", \"-c\", \"{command}\"]\non = \"failure\"\n")
}

fn kept(home: &Home) -> Value {
    serde_json::from_str(&text_of(home, "data/schedule.json")).expect("JSON")
}

#[test]
fn what_nobody_took_is_told_by_the_next_start_and_then_no_more() {
    let service = Service::of(5, 60);
    let schedule = [
        entry("wrong", "0 0 * * *", FAILING),
        alert("test -e open && cat >> told"),
    ];
    let home = home_of(&service, &schedule.concat());
    kept_for(&home, &["wrong"], 30);
    let ended = home.run(&ONCE);
    assert!(ended.stderr.contains("alert ops: not sent"), "{}", ended.stderr);
    home.write("open", "");
    for _ in 0..2 {
        let ended = home.run(&ONCE);
        assert_eq!((ended.code, jobs(&ended).len()), (Some(0), 0), "{}", ended.stderr);
        let told = text_of(&home, "told");
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(told.contains("wrong failed with exit code 2"), "{told}");
    }
}

#[test]
fn a_message_on_the_way_when_the_daemon_is_killed_is_sent_by_the_next() {
    let service = Service::of(5, 60);
    let wrong = entry("wrong", "0 0 * * *", FAILING);
    let home = home_of(&service, &[wrong.clone(), alert("touch begun; sleep 3")].concat());
    kept_for(&home, &["wrong"], 30);
    let mut daemon = Running::start(&home, &[]);
    until("the message", || home.path().join("begun").exists().then_some(()));
    let before = kept(&home);
    assert_eq!(before["entries"]["wrong"]["last"]["exit_code"], 2, "{before}");
    daemon.send(Signal::KILL);
    daemon.0.wait().expect("it ends");
    let old = text_of(&home, "trailhouse.toml");
    home.write("trailhouse.toml", &old.replace("touch begun; sleep 3", "cat >> told"));
    let ended = home.run(&ONCE);
    assert_eq!((ended.code, jobs(&ended).len()), (Some(0), 0), "{}", ended.stderr);
    let told = text_of(&home, "told");
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.contains("wrong failed with exit code 2"), "{told}");
    assert_eq!(kept(&home)["waiting"], serde_json::json!({}));
}

#[test]
fn a_schedule_that_cannot_be_remembered_is_kept_and_told_all_the_same() {
    let service = Service::of(5, 60);
    let schedule = [
        entry("first", "0 0 * * *", FAILING),
        entry("second", "0 1 * * *", FAILING),
        // The daemon may write the file anew between the two commands.
        alert("cat >> told; until mkdir -p data/schedule.json; do rm -f data/schedule.json; done"),
    ];
    let home = home_of(&service, &schedule.concat());
    kept_for(&home, &["first", "second"], 30);
    let ended = home.run(&ONCE);
    assert_eq!((ended.code, jobs(&ended).len()), (Some(2), 2), "{}", ended.stderr);
    let told = text_of(&home, "told");
    for job in ["first", "second"] {
        assert!(told.contains(&format!("{job} failed with exit code 2")), "{told}");
    }
    assert!(
        ended.stderr.contains("after a restart a job may run again"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_job_over_its_time_limit_is_stopped_and_told_and_the_next_one_runs() {
    let service = slow();
    let report = "run = \"report\"\nreports = \"coverage\"\noutput = \"coverage.csv\"";
    let schedule = [
        entry("endless", "0 0 * * *", "run = \"sync\"\ntime_limit = \"1s\""),
        entry("report", "0 1 * * *", report),
        alert("cat >> told"),
    ];
    let home = home_of(&service, &schedule.concat());
    kept_for(&home, &["endless", "report"], 30);
    let ended = home.run(&ONCE);
    let told = jobs(&ended);
    let codes: Vec<(&Value, &Value)> = told.iter().map(|job| (&job["name"], &job["exit_code"])).collect();
    let expected = [(&"endless".into(), &143.into()), (&"report".into(), &0.into())];
    assert_eq!(codes, expected, "{}", ended.stderr);
    assert_eq!(told[0]["message"], "took longer than its time_limit of 1s");
    assert!(
        text_of(&home, "told").contains("its time_limit of 1s"),
        "{}",
        text_of(&home, "told")
    );
    // It waits for its next time.
    assert_eq!(jobs(&home.run(&ONCE)).len(), 0);
}
