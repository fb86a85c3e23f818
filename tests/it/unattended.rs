//! The README's path for a new owner of compliance, run as it stands there: from an empty folder to a pack for SOC 2 that comes by
//! itself each month and is checked without this program.

#![expect(
    clippy::disallowed_methods,
    reason = "the test plays the owner, the clock and the auditor"
)]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use jiff::Timestamp;
use regex::Regex;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use trailhouse::simulator::Simulator;
use trailhouse::simulator::workspace::{Settings, Workspace};

use crate::daemon::alerts::Hook;
use crate::daemon::{kept_for, text_of, until_within};
use crate::environment::{Home, Service, TOKEN, ended};
use crate::tools;

const README: &str = include_str!("../../README.md");
const JOBS: [&str; 3] = ["nightly", "check", "pack"];

/// The code blocks of the path, in their order: the configuration, what the owner types, and what the auditor types.
fn blocks() -> [String; 3] {
    let (_, section) = README
        .split_once("\n## Every month, unattended\n")
        .expect("the section");
    let (path, _) = section.split_once("\n**Entries.**").expect("the end of the path");
    let block = Regex::new(r"(?s)```[a-z]*\n(.*?)```").expect("a pattern");
    let found: Vec<String> = block.captures_iter(path).map(|found| found[1].to_owned()).collect();
    found.try_into().expect("three blocks")
}

/// Two months of events up to now, for the pack is about the month before this one.
fn workspace() -> Simulator {
    Simulator::new(Workspace::draw(&Settings::new(5, 200, 60, Timestamp::now())))
}

/// Commands without the secrets, which every owner has others of.
fn typed(block: &str) -> Vec<&str> {
    block.lines().filter(|line| !line.starts_with("export ")).collect()
}

/// The owner's shell: this program is `trailhouse`, and the two secrets of the configuration are set.
fn shell(home: &Home, hook: &Hook, script: &str) -> Command {
    let tools = home.path().join("bin");
    if !tools.exists() {
        std::fs::create_dir(&tools).expect("a folder");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_trailhouse"), tools.join("trailhouse")).expect("a link");
    }
    let mut command = Command::new("/bin/sh");
    command.args(["-ec", script]).env_clear().current_dir(home.path());
    command.env("PATH", format!("{}:/usr/bin:/bin", tools.display()));
    command.envs([("SECODA_API_KEY", TOKEN), ("SLACK_WEBHOOK", &hook.address())]);
    command
}

fn done(mut command: Command) -> String {
    let ended = ended(&command.output().expect("a shell"));
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    ended.stdout
}

/// The name of the one pack there is.
fn pack(home: &Home) -> Option<String> {
    let mut folder = std::fs::read_dir(home.path().join("packs")).ok()?;
    let name = folder.next()?.expect("an entry").file_name().into_string().ok()?;
    name.ends_with("-soc2.zip").then_some(name)
}

fn have_all_run(home: &Home) -> Option<()> {
    let kept: Value = serde_json::from_str(&text_of(home, "data/schedule.json")).ok()?;
    let code = |job: &&str| kept["entries"][*job]["last"]["exit_code"].as_i64();
    let codes: Vec<i64> = JOBS.iter().filter_map(code).collect();
    assert!(codes.iter().all(|code| *code == 0), "{kept}");
    (codes.len() == JOBS.len()).then_some(())
}

fn stop(daemon: &mut Child) {
    let id = i32::try_from(daemon.id())
        .ok()
        .and_then(Pid::from_raw)
        .expect("a process");
    kill_process(id, Signal::TERM).expect("it is there");
    assert_eq!(daemon.wait().expect("it ends").code(), Some(0));
}

/// What the auditor types, with the pack's own month; nothing where its tools are not installed.
fn check(home: &Home, hook: &Hook, commands: &str) {
    let (Some(python), Some(duckdb)) = (tools::find("python"), tools::find("duckdb")) else {
        return;
    };
    let name = pack(home).expect("a pack");
    let month = Regex::new(r"\d{4}-\d\d-soc2\.zip").expect("a pattern");
    assert!(month.is_match(commands), "{commands}");
    let commands = month.replace_all(commands, name.as_str());
    let unzip = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[3])";
    let script = format!(
        "unzip() {{ '{}' -c '{unzip}' \"$@\"; }}\nduckdb() {{ '{}' \"$@\"; }}\n{commands}",
        python.display(),
        duckdb.display()
    );
    let said = done(shell(home, hook, &script));
    assert!(said.contains("index.html: OK"), "{said}");
    assert!(!said.contains("not ok") && said.contains(" ok "), "{said}");
    let population = text_of(home, "pack/population.csv");
    assert!(population.contains("\nsecoda_prod,audit_logs,"), "{population}");
    std::fs::remove_dir_all(home.path().join("pack")).expect("the folder of the pack");
}

#[test]
fn from_an_empty_folder_to_a_monthly_pack() {
    let service = Service::start(workspace());
    let hook = Hook::start(&[200; 20]);
    let home = Home::new();
    let [configuration, commands, audit] = blocks();
    for name in ["SECODA_API_KEY", "SLACK_WEBHOOK"] {
        assert!(
            configuration.contains(name) && commands.contains(&format!("{name}=")),
            "{name}"
        );
    }
    // The service is the one of the test; all else stays as it stands there.
    let kind = "kind = \"secoda\"\n";
    let base_url = format!("{kind}base_url = \"{}\"\n", service.running.base_url());
    assert!(configuration.contains(kind));
    home.write("trailhouse.toml", &configuration.replace(kind, &base_url));

    let typed = typed(&commands);
    let (last, first) = typed.split_last().expect("commands");
    let said = done(shell(&home, &hook, &first.join("\n")));
    assert!(said.contains("for cron") && said.contains("ExecStart="), "{said}");
    assert_eq!(hook.bodies().len(), 1, "the message of the test");

    // The first of a month goes by.
    kept_for(&home, &JOBS, 24 * 40);
    assert!(last.starts_with("trailhouse daemon"), "{last}");
    let mut daemon = shell(&home, &hook, &format!("exec {last}"));
    let mut daemon = daemon
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("a shell");
    // Three jobs one after the other, one of them over every report there is.
    until_within(Duration::from_secs(120), "the end of all jobs", || have_all_run(&home));
    stop(&mut daemon);
    check(&home, &hook, &audit);

    // The same by cron.
    std::fs::remove_dir_all(home.path().join("packs")).expect("the packs");
    kept_for(&home, &JOBS, 24 * 40);
    let line = done(shell(&home, &hook, "trailhouse schedule show --cron"));
    let line = line.lines().find_map(|line| line.strip_prefix("*/5 * * * * "));
    done(shell(&home, &hook, line.expect("a line for crontab")));
    have_all_run(&home).expect("all jobs");
    check(&home, &hook, &audit);
    let told = hook.bodies();
    assert_eq!(told.len(), 1, "nothing went wrong, so nobody is told: {told:?}");
    assert!(Path::new(&home.data()).join("lake/_ledger/head.json").exists());
}
