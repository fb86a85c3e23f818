//! One command of a job as a process of its own: this program, started with the words a user would type. Apart from the daemon
//! because a process can be stopped, can be killed and can hold its output open, and the daemon must survive all of it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{Sender, channel};

use super::super::{Context, DONE, FAILED, Failure, NEEDS_A_LOOK, USAGE};
use crate::config::Environment;

/// The variable by which a process knows whose job it is.
const PARENT: &str = "TRAILHOUSE_DAEMON";
/// After SIGTERM, how long a command may take to end by itself.
const GRACE: Duration = Duration::from_secs(20);
/// After its end, how long something it has started may hold its output.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Bytes of a line that are read at once.
const LONGEST_LINE: u64 = 1 << 20;

/// How commands are started.
pub(super) struct Starter {
    program: PathBuf,
    /// Global options.
    options: Vec<OsString>,
}

/// How a command ended.
pub(super) struct Ended {
    pub(super) exit_code: i32,
    pub(super) message: String,
}

/// A line that a command has written.
enum Line {
    Printed(String),
    Said(String),
}

/// What a command has said, as far as a job's message wants it.
#[derive(Default)]
struct Said {
    error: Option<String>,
    warning: Option<String>,
    info: Option<String>,
    printed: Option<String>,
}

/// In a job's process, before anything else: it ends when the daemon is killed, so that the next one finds no rival. What is
/// killed so is as safe as any killed command.
pub(in crate::command) fn end_with_daemon(environment: &Environment) {
    let parent = environment
        .get(PARENT)
        .and_then(|parent| parent.to_str()?.parse::<i32>().ok());
    let Some(parent) = parent else { return };
    #[cfg(target_os = "linux")]
    {
        let asked = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
        if asked.is_err() {
            tracing::warn!("this process will not end with the daemon: {asked:?}");
        }
    }
    // It may have ended before that was asked for.
    let is_alive = Pid::from_raw(parent).is_some_and(|parent| test_kill_process(parent).is_ok());
    if !is_alive {
        std::process::exit(i32::from(FAILED));
    }
}

impl Starter {
    /// With the configuration and the home of this process.
    pub(super) fn new(context: &Context) -> std::io::Result<Self> {
        let mut options: Vec<OsString> = vec!["--log".into(), "json".into()];
        let paths = [("--config", &context.flags.config), ("--dir", &context.flags.dir)];
        for (name, path) in paths {
            options.extend(path.iter().flat_map(|path| [OsString::from(name), path.into()]));
        }
        Ok(Self {
            program: Environment::program()?,
            options,
        })
    }

    /// Runs a command to its end, or until `stop` resolves: then it is asked to end, and waited for. What it says is told under
    /// the name of the job.
    pub(super) async fn run(
        &self,
        context: &Context,
        name: &str,
        arguments: &[String],
        stop: impl Future<Output = ()>,
    ) -> Ended {
        let failed = |message: String| Ended {
            exit_code: i32::from(FAILED),
            message,
        };
        let mut command = Command::new(&self.program);
        command.args(&self.options).args(arguments);
        command
            .env(PARENT, std::process::id().to_string())
            .env_remove("NOTIFY_SOCKET");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = match command.process_group(0).kill_on_drop(true).spawn() {
            Ok(child) => child,
            Err(error) => return failed(format!("{} cannot be started: {error}", self.program.display())),
        };
        let (sender, mut lines) = channel(64);
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(read(stdout, Line::Printed, sender.clone()));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(read(stderr, Line::Said, sender));
        }
        let mut said = Said::default();
        let ended = {
            let ended = end_of(child, stop);
            tokio::pin!(ended);
            loop {
                tokio::select! {
                    ended = &mut ended => break ended,
                    Some(line) = lines.recv() => said.take(context, name, line),
                }
            }
        };
        let rest = async {
            while let Some(line) = lines.recv().await {
                said.take(context, name, line);
            }
        };
        // The end of the process counts, even if its output has none.
        drop(tokio::time::timeout(LAST_WORDS, rest).await);
        match ended {
            Ok(status) => {
                let exit_code = code_of(status);
                Ended {
                    exit_code,
                    message: said.message(exit_code),
                }
            }
            Err(error) => failed(format!("its end cannot be waited for: {error}")),
        }
    }
}

impl Ended {
    /// Whether it did what it was to do, even if something needs a look.
    pub(super) fn is_done(&self) -> bool {
        [DONE, NEEDS_A_LOOK].map(i32::from).contains(&self.exit_code)
    }

    /// The end that counts of two, by the rule of exit codes: 2, then 1 and all else, then 3, then 0.
    pub(super) fn or(self, other: Self) -> Self {
        let (own, others) = (rank(self.exit_code), rank(other.exit_code));
        if others > own || (others == own && self.message.is_empty()) {
            other
        } else {
            self
        }
    }
}

/// By the same rule the code that counts of many.
pub(super) fn worst(codes: &BTreeSet<i32>) -> u8 {
    let worst = codes.iter().copied().max_by_key(|code| rank(*code));
    u8::try_from(worst.unwrap_or_default()).unwrap_or(FAILED)
}

fn rank(exit_code: i32) -> u8 {
    match u8::try_from(exit_code) {
        Ok(DONE) => 0,
        Ok(NEEDS_A_LOOK) => 1,
        Ok(USAGE) => 3,
        _ => 2,
    }
}

async fn end_of(mut child: Child, stop: impl Future<Output = ()>) -> std::io::Result<ExitStatus> {
    tokio::select! {
        biased;
        () = stop => {}
        ended = child.wait() => return ended,
    }
    let process = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    if let Some(process) = process {
        kill_process(process, Signal::TERM)?;
    }
    match tokio::time::timeout(GRACE, child.wait()).await {
        Ok(ended) => ended,
        Err(_) => {
            child.start_kill()?;
            child.wait().await
        }
    }
}

fn code_of(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .unwrap_or(i32::from(FAILED))
}

/// Hands on what is written line by line; a line that is longer than any message comes in parts.
async fn read(pipe: impl AsyncRead + Unpin, line: impl Fn(String) -> Line, sender: Sender<Line>) {
    let mut pipe = BufReader::new(pipe);
    loop {
        let mut bytes = Vec::new();
        let read = (&mut pipe).take(LONGEST_LINE).read_until(b'\n', &mut bytes).await;
        if !read.is_ok_and(|read| read > 0) {
            return;
        }
        let text = String::from_utf8_lossy(&bytes)
            .trim_end_matches(['\r', '\n'])
            .to_owned();
        if sender.send(line(text)).await.is_err() {
            return;
        }
    }
}

impl Said {
    fn take(&mut self, context: &Context, name: &str, line: Line) {
        let terminal = &context.terminal;
        let text = match line {
            Line::Printed(text) => {
                terminal.say(&format!("{name}: {text}"));
                self.printed.get_or_insert(text);
                return;
            }
            Line::Said(text) => text,
        };
        let Some((level, message, hint)) = parsed(&text) else {
            // Such as the last words of a panic, of which the first say most.
            terminal.warn(&format!("{name}: {text}"));
            self.error.get_or_insert(text);
            return;
        };
        let told = format!("{name}: {message}");
        match level.as_str() {
            "error" => {
                terminal.fail(&Failure {
                    code: FAILED,
                    message: told,
                    hint,
                });
                self.error = Some(message);
            }
            "warning" | "warn" => {
                terminal.warn(&told);
                self.warning = Some(message);
            }
            _ => {
                terminal.say(&told);
                self.info = Some(message);
            }
        }
    }

    /// What says most about the end.
    fn message(self, exit_code: i32) -> String {
        let of_failure = self.error.or(self.warning).filter(|_| exit_code != 0);
        let (first, second) = if exit_code == 0 {
            (self.info, self.printed)
        } else {
            (self.printed, self.info)
        };
        of_failure.or(first).or(second).unwrap_or_default()
    }
}

/// Level, message and hint of a line of the log.
fn parsed(line: &str) -> Option<(String, String, Option<String>)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let value: Value = serde_json::from_str(line).ok()?;
    let level = text(&value["level"])?.to_lowercase();
    let message = text(&value["message"]).or_else(|| text(&value["fields"]["message"]))?;
    Some((level, message, text(&value["hint"])))
}
