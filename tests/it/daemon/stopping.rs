//! A daemon that is stopped, killed, or not alone.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{ONCE, entry, home_of, jobs, kept_for, text_of, until};
use crate::environment::{Home, Service, ended, simulator};

/// A daemon that runs, and is killed with the value.
pub(super) struct Running(pub(super) Child);

impl Running {
    pub(super) fn start(home: &Home, more: &[&str]) -> Self {
        let arguments = [&["--log", "json", "daemon"][..], more].concat();
        let child = home
            .command(&arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        Self(child.expect("the binary runs"))
    }

    pub(super) fn send(&self, signal: Signal) {
        let id = i32::try_from(self.0.id())
            .ok()
            .and_then(Pid::from_raw)
            .expect("a process");
        kill_process(id, signal).expect("it is there");
    }

    /// The messages of its log up to the first that holds a text.
    fn read_until(&mut self, text: &str) -> Vec<String> {
        let lines = BufReader::new(self.0.stderr.as_mut().expect("stderr"))
            .lines()
            .map_while(Result::ok);
        let mut read = Vec::new();
        for line in lines {
            let is_last = line.contains(text);
            read.push(line);
            if is_last {
                return read;
            }
        }
        panic!("{text} is not said: {read:#?}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A service of many pages, each of which takes a while.
pub(super) fn slow() -> Service {
    let mut simulator = simulator(5, 400);
    simulator.switches.page_size = 10;
    simulator.switches.latency = Duration::from_millis(150);
    Service::start(simulator)
}

#[test]
fn a_signal_stops_the_running_job_and_leaves_it_due() {
    let service = slow();
    let home = home_of(&service, &entry("load", "0 0 * * *", "run = \"sync\""));
    kept_for(&home, &["load"], 30);
    let mut daemon = Running::start(&home, &[]);
    daemon.read_until("starts; it was due at");
    until("the work of the job", || {
        home.data().join(".lock").exists().then_some(())
    });
    std::thread::sleep(Duration::from_millis(300));
    daemon.send(Signal::TERM);
    let begun = Instant::now();
    let said = daemon.read_until("\"level\":\"info\",\"message\":\"stopping\"");
    assert_eq!(daemon.0.wait().expect("it ends").code(), Some(0), "{said:#?}");
    assert!(begun.elapsed() < Duration::from_secs(10));
    let job = said
        .iter()
        .find(|line| line.contains("\"due_at\""))
        .expect("the line of the job");
    let job: Value = serde_json::from_str(job).expect("JSON");
    assert_eq!(job["exit_code"], 143, "{job}");
    let verify = home.run(&["verify"]);
    assert_eq!(verify.code, Some(3), "valid, and not all collected: {}", verify.stdout);
    // What was stopped runs when the next one starts.
    drop(service);
    let ended = home.run(&ONCE);
    assert_eq!(jobs(&ended).len(), 1, "{}", ended.stderr);
    assert_eq!(jobs(&ended)[0]["due_at"], job["due_at"]);
}

#[test]
fn a_killed_daemon_takes_its_job_with_it_and_the_next_runs_it_again() {
    let service = slow();
    let alert = "[[alert]]\nname = \"ops\"\ncommand = [\"/bin/sh\", \"-c\", \"cat >> told\"]\non = \"failure\"\n";
    let schedule = [entry("load", "0 0 * * *", "run = \"sync\""), alert.to_owned()];
    let home = home_of(&service, &schedule.concat());
    kept_for(&home, &["load"], 30);
    let mut daemon = Running::start(&home, &[]);
    daemon.read_until("starts; it was due at");
    let holder = until("the work of the job", || {
        Some(text_of(&home, "data/.lock")).filter(|text| text.contains("process "))
    });
    let rival = home.run(&["daemon"]);
    assert_eq!(rival.code, Some(1), "{}", rival.stderr);
    let quiet = home.run(&["daemon", "--once"]);
    assert_eq!(quiet.code, Some(0), "{}", quiet.stderr);
    assert!(
        quiet.stderr.contains("another process keeps the schedule"),
        "{}",
        quiet.stderr
    );
    let kept: Value = serde_json::from_str(&text_of(&home, "data/schedule.json")).expect("JSON");
    assert!(kept["entries"]["load"]["running"].is_object(), "{kept}");
    daemon.send(Signal::KILL);
    daemon.0.wait().expect("it ends");
    let (_, rest) = holder.split_once("process ").expect("the holder");
    let process = rest
        .split(',')
        .next()
        .and_then(|id| id.parse().ok())
        .and_then(Pid::from_raw)
        .expect("a process");
    if cfg!(target_os = "linux") {
        until("the end of the job", || {
            rustix::process::test_kill_process(process).is_err().then_some(())
        });
    }
    let ended = home.run(&ONCE);
    assert!(
        ended.stderr.contains("when its daemon was killed, and runs again"),
        "{}",
        ended.stderr
    );
    let jobs = jobs(&ended);
    assert_eq!((ended.code, jobs.len()), (Some(0), 1), "{}", ended.stderr);
    assert_eq!(home.number("select count(*) from activity_logs"), 400);
    home.ok(&["verify"]);
    assert_eq!(super::jobs(&home.run(&ONCE)).len(), 0);
    let told = text_of(&home, "told");
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.contains("when its daemon was killed"), "{told}");
}

#[test]
fn a_daemon_waits_runs_and_can_be_watched() {
    let service = Service::of(5, 60);
    let home = home_of(&service, &entry("load", "0 0 * * *", "run = \"sync\""));
    kept_for(&home, &["load"], 30);
    let mut daemon = Running::start(&home, &["--metrics-listen", "127.0.0.1:0"]);
    let said = daemon.read_until("\"due_at\"");
    let port = said
        .iter()
        .find_map(|line| line.split_once("http://127.0.0.1:")?.1.split('/').next())
        .expect("a port");
    let page = until("a job in the metrics", || {
        let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).ok()?;
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .ok()?;
        let mut page = String::new();
        stream.read_to_string(&mut page).ok()?;
        page.contains("trailhouse_stream_rows").then_some(page)
    });
    assert!(page.contains("trailhouse_job_last_exit_code{job=\"load\"} 0"), "{page}");
    daemon.send(Signal::INT);
    assert_eq!(daemon.0.wait().expect("it ends").code(), Some(0));
    let kept: Value = serde_json::from_str(&text_of(&home, "data/schedule.json")).expect("JSON");
    assert!(kept["entries"]["load"]["last_success_at"].is_string(), "{kept}");
}

#[test]
fn a_service_manager_is_told_when_it_is_ready_alive_and_stopping() {
    let service = Service::of(5, 60);
    let home = home_of(&service, &entry("load", "0 0 29 2 *", "run = \"sync\""));
    let socket = UnixDatagram::bind(home.path().join("notify")).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
    let arguments = ["--log", "json", "daemon"];
    let mut command = home.command(&arguments);
    command
        .env("NOTIFY_SOCKET", home.path().join("notify"))
        .stderr(Stdio::null());
    let daemon = Running(command.spawn().expect("the binary runs"));
    let mut bytes = [0; 256];
    let mut next = || {
        let length = socket.recv(&mut bytes).expect("a message");
        String::from_utf8_lossy(&bytes[..length]).trim().to_owned()
    };
    assert_eq!(next(), "READY=1");
    assert_eq!(next(), "WATCHDOG=1");
    daemon.send(Signal::TERM);
    let last = std::iter::from_fn(|| Some(next())).find(|said| said != "WATCHDOG=1");
    assert_eq!(last.as_deref(), Some("STOPPING=1"));
}

#[test]
fn what_is_remembered_is_whole_or_said() {
    let service = Service::of(5, 60);
    let home = home_of(&service, &entry("load", "0 0 29 2 *", "run = \"sync\""));
    kept_for(&home, &[], 1);
    let torn = "{\"entries\": {\"load\": ";
    home.write("data/schedule.json", torn);
    let told = ended(&home.command(&ONCE).output().expect("the binary runs"));
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    assert!(
        told.stderr.contains("schedule.json: ") && told.stderr.contains("nothing is caught up"),
        "{}",
        told.stderr
    );
    let kept: Value = serde_json::from_str(&text_of(&home, "data/schedule.json")).expect("JSON");
    assert!(kept["entries"]["load"]["since"].is_string(), "{kept}");
    assert_eq!(text_of(&home, "data/schedule.json.unsound"), torn);
}
