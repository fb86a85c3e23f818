//! The schedule for those who start programs by cron or by systemd, as text. Its own file because what it prints is read by
//! other programs, with their own rules of quoting.
//!
//! Cron and the timer only wake `trailhouse daemon --once`, which knows itself what is due: so that zones, changes of clocks
//! and missed times mean the same as under the daemon.

use super::calendar;
use super::line::quoted;
use crate::config::Scheduled;

/// How the program is called, in absolute paths.
pub struct Call {
    pub program: String,
    /// Global options.
    pub options: Vec<String>,
    pub folder: String,
    /// Who runs it: the files it makes are theirs alone.
    pub user: String,
}

/// Lines for `crontab`.
pub fn crontab(entries: &[Scheduled], call: &Call) -> String {
    let mut text =
        String::from("# Every five minutes: runs what is due, and what was missed, in the zone of each entry:\n");
    for entry in entries {
        let timing = &entry.timing;
        text.push_str(&format!("#   {}: {} ({})\n", entry.name, timing.cron, timing.zone_name));
    }
    let options = call.options.iter().map(String::as_str);
    let words = [call.program.as_str()]
        .into_iter()
        .chain(options)
        .chain(["-q", "daemon", "--once"]);
    let line = format!("cd {} && {}", quoted([call.folder.as_str()]), quoted(words));
    // In a crontab a bare percent sign ends the command.
    text.push_str(&format!("*/5 * * * * {}\n", line.replace('%', "\\%")));
    text
}

/// Unit files for systemd: the daemon, or in its place a timer and the service that it starts.
pub fn systemd(entries: &[Scheduled], call: &Call) -> String {
    let line = |more: &[&str]| {
        let options = call.options.iter().map(String::as_str);
        let words = [call.program.as_str()]
            .into_iter()
            .chain(options)
            .chain(more.iter().copied());
        words.map(escaped).collect::<Vec<_>>().join(" ")
    };
    let folder = call.folder.replace('%', "%%");
    let user = call.user.replace('%', "%%");
    let daemon = line(&["daemon"]);
    let once = line(&["daemon", "--once"]);
    let mut times = String::new();
    for entry in entries {
        times.push_str(&format!("# {}: {}\n", entry.name, entry.timing.cron));
        for event in calendar::events(&entry.timing) {
            times.push_str(&format!("OnCalendar={event}\n"));
        }
    }
    format!(
        "# trailhouse.service: the daemon, which keeps the schedule itself. Enable this one,
# or trailhouse-due.timer below; not both.
[Unit]
Description=trailhouse, by its schedule
After=network-online.target
Wants=network-online.target

[Service]
Type=notify
NotifyAccess=main
User={user}
WorkingDirectory={folder}
# EnvironmentFile= names the file of the variables that the configuration takes secrets from.
ExecStart={daemon}
Restart=on-failure
RestartSec=30
WatchdogSec=120
TimeoutStopSec=60
KillMode=mixed

[Install]
WantedBy=multi-user.target

# trailhouse-due.service: runs what is due, and ends.
[Unit]
Description=trailhouse, what is due
After=network-online.target
Wants=network-online.target

[Service]
Type=oneshot
User={user}
WorkingDirectory={folder}
ExecStart={once}
KillMode=mixed

# trailhouse-due.timer: wakes trailhouse-due.service when an entry is due, and every 15 minutes: for a time that a change
# of clocks left out, for a job that was stopped, and for an alert that nobody has taken yet.
[Unit]
Description=trailhouse, when something is due

[Timer]
{times}OnCalendar=*:0/15
Persistent=true
AccuracySec=1s
Unit=trailhouse-due.service

[Install]
WantedBy=timers.target
"
    )
}

/// A word of `ExecStart`.
fn escaped(word: &str) -> String {
    let word = word.replace('%', "%%").replace('$', "$$");
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=:,+@%$".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word;
    }
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}
