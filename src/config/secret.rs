//! Where a credential is kept, and fetching it from there when it is needed. Its own file because no other may see a secret
//! before it is wrapped, and because a command that hands one out must not hang a run.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use super::document::Section;
use super::environment::Environment;
use super::fault::{ConfigError, shown};
use crate::source::Secret;

/// How long a command may take to print a secret.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(10);
/// Longer than any credential.
const MOST_BYTES: u64 = 64 * 1024;
const KEYS: &[&str] = &["env", "file", "command"];

/// A pointer to a credential, with the place in the configuration that gave it.
#[derive(Debug, Clone)]
pub(super) struct SecretFrom {
    place: String,
    origin: Origin,
}

#[derive(Debug, Clone)]
enum Origin {
    Variable(String),
    File(PathBuf),
    Command { program: PathBuf, arguments: Vec<String> },
}

/// What a finished command left.
struct Output {
    status: ExitStatus,
    printed: Vec<u8>,
    complained: Vec<u8>,
}

impl SecretFrom {
    /// Reads `key = { env | file | command = … }`; `variable` is the name the hint against a literal proposes.
    pub(super) fn read(section: &Section<'_>, key: &str, variable: &str) -> Result<Option<Self>, ConfigError> {
        if !section.has(key) {
            return Ok(None);
        }
        if !section.is_table(key) {
            let hint = format!("put it into the environment and write {key} = {{ env = \"{variable}\" }}");
            return Err(section.fault(key, "a literal secret is refused").hinted(hint));
        }
        let Some(table) = section.table(key)? else {
            return Ok(None);
        };
        table.check_keys(KEYS)?;
        let origin = match (table.text("env")?, table.text("file")?, table.texts("command")?) {
            (Some(name), None, None) => variable_origin(&table, name)?,
            (None, Some(path), None) => Origin::File(table.relative(path)),
            (None, None, Some(words)) => command_origin(&table, &words)?,
            _ => return Err(section.fault(key, "needs exactly one of env, file and command")),
        };
        Ok(Some(Self {
            place: section.place(key),
            origin,
        }))
    }

    /// Fetches the secret, without the white space around it. Blocks, for a command at most 30 s.
    pub(super) fn resolve(&self, environment: &Environment) -> Result<Secret, ConfigError> {
        let text = match &self.origin {
            Origin::Variable(name) => self.read_variable(name, environment)?,
            Origin::File(path) => self.read_file(path)?,
            Origin::Command { program, arguments } => self.run_command(program, arguments, environment)?,
        };
        let text = text.trim();
        if text.is_empty() {
            return Err(self.fault(&format!("{} is empty", self.origin.shown())));
        }
        if !text.chars().all(|letter| letter.is_ascii_graphic()) {
            return Err(self
                .fault(&format!(
                    "{} holds a character that cannot be sent",
                    self.origin.shown()
                ))
                .hinted("a token is one word of plain letters, digits and signs"));
        }
        Ok(Secret::new(text.to_owned()))
    }

    fn read_variable(&self, name: &str, environment: &Environment) -> Result<String, ConfigError> {
        match environment.get(name) {
            Some(value) => value.to_str().map(str::to_owned).ok_or_else(|| self.not_text()),
            None if environment.is_set(name) => Ok(String::new()),
            None => {
                let hint = "set it, or point the token to a { file = \"PATH\" } or a { command = [\"PROGRAM\"] }";
                Err(self.fault(&format!("{} is not set", self.origin.shown())).hinted(hint))
            }
        }
    }

    fn read_file(&self, path: &Path) -> Result<String, ConfigError> {
        let unreadable = |error| {
            self.fault(&format!("cannot read {}", self.origin.shown()))
                .caused_by(error)
        };
        let file = std::fs::File::open(path).map_err(unreadable)?;
        let mut bytes = Vec::new();
        file.take(MOST_BYTES).read_to_end(&mut bytes).map_err(unreadable)?;
        self.text(bytes)
    }

    fn run_command(
        &self,
        program: &Path,
        arguments: &[String],
        environment: &Environment,
    ) -> Result<String, ConfigError> {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(environment.variables());
        let shown_origin = self.origin.shown();
        let output = match run(&mut command, COMMAND_LIMIT) {
            Ok(Some(output)) => output,
            Ok(None) => {
                let message = format!("{shown_origin} did not end within {} s", COMMAND_LIMIT.as_secs());
                return Err(self
                    .fault(&message)
                    .hinted("run it by hand: it must not ask for anything"));
            }
            Err(error) => {
                return Err(self.fault(&format!("cannot run {shown_origin}")).caused_by(error));
            }
        };
        if output.status.success() {
            return self.text(output.printed);
        }
        let complaint = complaint(&output);
        let message = format!("{shown_origin} failed ({}){complaint}", output.status);
        Err(self
            .fault(&message)
            .hinted("run it by hand: it must print the secret and exit 0"))
    }

    fn text(&self, bytes: Vec<u8>) -> Result<String, ConfigError> {
        String::from_utf8(bytes).map_err(|error| self.not_text().caused_by(io::Error::other(error.utf8_error())))
    }

    fn not_text(&self) -> ConfigError {
        self.fault(&format!("{} is not text", self.origin.shown()))
    }

    fn fault(&self, message: &str) -> ConfigError {
        ConfigError::new(format!("{}: {message}", self.place))
    }
}

impl Origin {
    /// How messages name it. Arguments of a command are left out, and so is a variable's name that may be a pasted secret.
    fn shown(&self) -> String {
        let is_usual = |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
        match self {
            Origin::Variable(name) if name.chars().all(is_usual) => {
                format!("environment variable {name}")
            }
            Origin::Variable(_) => "the environment variable it names".to_owned(),
            Origin::File(path) => format!("file {}", path.display()),
            Origin::Command { program, .. } => format!("command {}", program.display()),
        }
    }
}

fn variable_origin(table: &Section<'_>, name: &str) -> Result<Origin, ConfigError> {
    let is_name = !name.starts_with(|letter: char| letter.is_ascii_digit())
        && name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    if is_name {
        return Ok(Origin::Variable(name.to_owned()));
    }
    Err(table
        .fault("env", "is not the name of a variable")
        .hinted("name the variable that holds the secret, not the secret"))
}

fn command_origin(table: &Section<'_>, words: &[&str]) -> Result<Origin, ConfigError> {
    let (program, arguments) = program_of(table, words)?;
    Ok(Origin::Command { program, arguments })
}

/// A program and its arguments, out of the words of `command`. A program named by a relative path is looked for beside the
/// configuration, any other along `PATH`.
pub(super) fn program_of(table: &Section<'_>, words: &[&str]) -> Result<(PathBuf, Vec<String>), ConfigError> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(table
            .fault("command", "is empty")
            .hinted("give the program and its arguments as a list of texts"));
    };
    let program = if program.contains('/') {
        table.relative(program)
    } else {
        PathBuf::from(program)
    };
    Ok((program, arguments.iter().map(|word| (*word).to_owned()).collect()))
}

/// Runs a command to its end and collects what it writes; `None` where it does not end in time.
fn run(command: &mut Command, limit: Duration) -> io::Result<Option<Output>> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let pipes = (child.stdout.take().map(collect), child.stderr.take().map(collect));
    let Some(status) = wait(&mut child, limit)? else {
        return Ok(None);
    };
    let (Some(printed), Some(complained)) = pipes else {
        return Ok(None);
    };
    let grace = POLL * 100;
    match (printed.recv_timeout(grace), complained.recv_timeout(grace)) {
        (Ok(printed), Ok(complained)) => Ok(Some(Output {
            status,
            printed,
            complained,
        })),
        _ => Err(io::Error::other("what it left running holds its output open")),
    }
}

/// Reads a pipe to its end on a thread of its own, so that a full pipe stops nobody, and hands over its beginning.
fn collect(mut pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = pipe.by_ref().take(MOST_BYTES).read_to_end(&mut bytes);
        if read.and_then(|_| io::copy(&mut pipe, &mut io::sink())).is_ok() {
            drop(sender.send(bytes));
        }
    });
    receiver
}

fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let mut waited = Duration::ZERO;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if waited >= limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(POLL);
        waited += POLL;
    }
}

/// What a failed command said on standard error, cut, and without what it printed, which may be the secret.
fn complaint(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.complained).into_owned();
    let printed = String::from_utf8_lossy(&output.printed).trim().to_owned();
    let said = if printed.is_empty() {
        said
    } else {
        said.replace(&printed, "…")
    };
    match shown(&said, 200) {
        said if said.is_empty() => said,
        said => format!(": {said}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::Document;
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "a test's own file")]
    fn write(path: &Path, bytes: &[u8]) {
        std::fs::write(path, bytes).unwrap();
    }

    /// The secret, or message, cause and hint of the fault.
    fn told(folder: &Path, token: &str, pairs: &[(&str, &str)]) -> String {
        let text = format!("token = {token}");
        let document = Document::parse("t.toml".into(), folder.to_owned(), &text).unwrap();
        let resolved = SecretFrom::read(&document.root(), "token", "SECODA_API_KEY")
            .and_then(|from| from.unwrap().resolve(&Environment::from_pairs(folder, pairs)));
        let error = match resolved {
            Ok(secret) => return secret.expose().to_owned(),
            Err(error) => error,
        };
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        let hint = error.hint().map(|hint| format!("\nhint: {hint}"));
        let text = format!("{error}{}{}", cause.unwrap_or_default(), hint.unwrap_or_default());
        text.replace(folder.to_str().unwrap(), "<folder>")
    }

    #[test]
    fn a_secret_comes_from_a_variable_a_file_or_a_command() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("kept"), b"of-file\r\n");
        let cases = [
            (r#"{ env = "KEY" }"#, "of-env"),
            (r#"{ file = "kept" }"#, "of-file"),
            (r#"{ command = ["/bin/sh", "-c", "echo of-command"] }"#, "of-command"),
            (r#"{ command = ["/bin/sh", "-c", "echo $KEY"] }"#, "of-env"),
        ];
        for (token, expected) in cases {
            assert_eq!(told(folder.path(), token, &[("KEY", " of-env\n")]), expected, "{token}");
        }
    }

    #[test]
    fn a_literal_is_refused_and_not_shown() {
        for literal in [r#""s3cr3t""#, "123456", r#"["s3cr3t"]"#] {
            assert_eq!(
                told(Path::new("/nowhere"), literal, &[]),
                "t.toml:1:1: token: a literal secret is refused\n\
                 hint: put it into the environment and write token = { env = \"SECODA_API_KEY\" }"
            );
        }
    }

    #[test]
    fn faults_of_a_pointer() {
        let cases = [
            ("{}", "1: token: needs exactly one of env, file and command"),
            (
                r#"{ env = "A", file = "b" }"#,
                "1: token: needs exactly one of env, file and command",
            ),
            (
                r#"{ value = "s3cr3t" }"#,
                "11: token: unknown key `value`\nhint: known keys: env, file, command",
            ),
            (
                r#"{ fil = "s3cr3t" }"#,
                "11: token: unknown key `fil`\nhint: did you mean `file`?",
            ),
            (r#"{ env = "" }"#, "11: token.env: is empty"),
            (r#"{ env = 5 }"#, "11: token.env: expected a text, found a whole number"),
            (
                r#"{ env = "s3cr3t-x" }"#,
                "11: token.env: is not the name of a variable\nhint: name the variable that holds the secret, not the secret",
            ),
            (
                r#"{ command = [] }"#,
                "11: token.command: is empty\nhint: give the program and its arguments as a list of texts",
            ),
            (
                r#"{ command = "pass" }"#,
                "11: token.command: expected a list of texts, found a text",
            ),
        ];
        for (token, expected) in cases {
            assert_eq!(
                told(Path::new("/nowhere"), token, &[]),
                format!("t.toml:1:{expected}"),
                "{token}"
            );
        }
    }

    #[test]
    fn faults_of_what_it_points_to() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("blank"), b" \n");
        write(&folder.path().join("binary"), b"\xff\xfe");
        write(&folder.path().join("two"), b"s3cr3t\ns3cr3t\n");
        let unset = "hint: set it, or point the token to a { file = \"PATH\" } or a { command = [\"PROGRAM\"] }";
        let cases = [
            (
                r#"{ env = "KEY" }"#,
                format!("environment variable KEY is not set\n{unset}"),
            ),
            (
                r#"{ env = "s3cr3t" }"#,
                format!("the environment variable it names is not set\n{unset}"),
            ),
            (r#"{ env = "EMPTY" }"#, "environment variable EMPTY is empty".to_owned()),
            (
                r#"{ file = "nope" }"#,
                "cannot read file <folder>/nope: No such file or directory (os error 2)".to_owned(),
            ),
            (r#"{ file = "blank" }"#, "file <folder>/blank is empty".to_owned()),
            (
                r#"{ file = "binary" }"#,
                "file <folder>/binary is not text: invalid utf-8 sequence of 1 bytes from index 0".to_owned(),
            ),
            (
                r#"{ file = "two" }"#,
                "file <folder>/two holds a character that cannot be sent\n\
                 hint: a token is one word of plain letters, digits and signs"
                    .to_owned(),
            ),
            (
                r#"{ command = ["/bin/sh", "-c", "true"] }"#,
                "command /bin/sh is empty".to_owned(),
            ),
            (
                r#"{ command = ["./nope", "s3cr3t"] }"#,
                "cannot run command <folder>/./nope: No such file or directory (os error 2)".to_owned(),
            ),
            (
                r#"{ command = ["/bin/sh", "-c", "echo s3cr3t; echo 'no s3cr3t here' >&2; exit 4"] }"#,
                "command /bin/sh failed (exit status: 4): no … here\n\
                 hint: run it by hand: it must print the secret and exit 0"
                    .to_owned(),
            ),
        ];
        for (token, expected) in cases {
            let told = told(folder.path(), token, &[("EMPTY", "")]);
            assert_eq!(told, format!("t.toml:1:1: token: {expected}"), "{token}");
        }
    }

    #[test]
    fn a_command_is_ended_when_its_time_is_over_and_a_full_pipe_does_not_stop_it() {
        let sh = |script: &str, limit| {
            let output = run(Command::new("/bin/sh").args(["-c", script]), limit)?;
            Ok::<_, io::Error>(output.map(|output| (output.status.success(), output.printed.len())))
        };
        let begun = std::time::Instant::now();
        assert_eq!(sh("exec sleep 9", Duration::from_millis(50)).unwrap(), None);
        let left_running = sh("sleep 9 & echo token", COMMAND_LIMIT).unwrap_err();
        assert_eq!(left_running.to_string(), "what it left running holds its output open");
        assert!(begun.elapsed() < Duration::from_secs(8));
        let much = "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2";
        assert_eq!(sh(much, COMMAND_LIMIT).unwrap(), Some((true, 65_536)));
    }
}
