//! A check beside a process that writes: what comes and goes meanwhile is no fault, and a fault is one all the same.

use std::process::Stdio;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::lake_files;
use crate::environment::{Ended, Home, Service, ended};

/// Checks the lake, and writes to it when the check has gone on for some time.
fn beside(home: &Home, after: Duration, write: impl FnOnce()) -> Ended {
    let mut command = home.command(&["verify", "--deep"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.expect("the binary runs");
    let id = Pid::from_child(&child);
    thread::sleep(after);
    kill_process(id, Signal::STOP).expect("it is there");
    write();
    kill_process(id, Signal::CONT).expect("it is there");
    ended(&child.wait_with_output().expect("it ends"))
}

#[test]
fn what_is_written_meanwhile_is_no_fault_and_a_fault_is_one() {
    let service = Service::of(51, 400);
    let home = Home::of(&service);
    home.ok(&["sync"]);
    let days = home.query("select distinct logged_at::date as day from activity_logs order by 1 offset 1");
    let mut told = 0;
    for (number, day) in (1..).zip(days.iter().take(12)) {
        let day = day["day"].as_str().expect("a day");
        let one = beside(&home, Duration::from_millis(15 * number), || {
            home.ok(&["purge", "acme", "--before", day]);
        });
        assert_ne!(one.code, Some(1), "{}{}", one.stdout, one.stderr);
        told += u32::from(one.stderr.contains("is checked again"));
    }
    assert!(told > 0, "no check was met in the middle");
    assert_eq!(home.run(&["verify", "--deep"]).code, Some(0));
    let file = lake_files(&home, "activity_logs").pop().expect("a data file");
    std::fs::remove_file(&file).expect("a file goes");
    let missing = home.run(&["verify"]);
    assert!(missing.stdout.contains("missing: activity_logs"), "{}", missing.stdout);
    assert_eq!(missing.code, Some(1));
}
