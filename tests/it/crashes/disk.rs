//! The disk that fails when told to: `tests/disk/faulty_disk.c`, loaded before the C library, sees every change that a process
//! makes of its files, whoever makes it: this program, DuckDB or the object store.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// One kind of change of one kind of file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Change {
    pub(super) kind: String,
    pub(super) operation: String,
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.kind, self.operation)
    }
}

/// What becomes of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    KillBefore,
    KillAfter,
    /// An I/O error, and nothing is done.
    Io,
    /// Done, and then an I/O error.
    After,
    /// Half of a write, and then no room.
    Short,
    /// No room from here on.
    Full,
    /// No change from here on.
    ReadOnly,
}

impl Fault {
    pub(super) const ALL: [Fault; 7] = [
        Fault::KillBefore,
        Fault::KillAfter,
        Fault::Io,
        Fault::After,
        Fault::Short,
        Fault::Full,
        Fault::ReadOnly,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Fault::KillBefore => "kill_before",
            Fault::KillAfter => "kill_after",
            Fault::Io => "eio",
            Fault::After => "after",
            Fault::Short => "short",
            Fault::Full => "full",
            Fault::ReadOnly => "read_only",
        }
    }

    pub(super) fn ends_the_process(self) -> bool {
        matches!(self, Fault::KillBefore | Fault::KillAfter)
    }
}

/// Gives the command a disk whose changes below `root` are written to `log`, and one of which fails.
pub(super) fn on_a_faulty_disk(command: &mut Command, root: &Path, log: &Path, fault: Option<(&Change, usize, Fault)>) {
    command
        .env("LD_PRELOAD", library())
        .env("DISK_ROOT", root)
        .env("DISK_LOG", log);
    if let Some((change, number, fault)) = fault {
        let Change { kind, operation } = change;
        command.env("DISK_FAULT", format!("{operation}\t{kind}\t{number}\t{}", fault.name()));
    }
}

/// The changes a log tells of, in their order.
pub(super) fn told(log: &Path) -> Vec<Change> {
    let text = std::fs::read_to_string(log).expect("the log of the disk");
    let lines = text.lines().filter(|line| *line != "fault");
    let change = |line: &str| {
        let mut parts = line.split('\t').map(str::to_owned);
        let (operation, kind) = (parts.next()?, parts.next()?);
        Some(Change { kind, operation })
    };
    lines.map(|line| change(line).expect("a change")).collect()
}

/// Whether the planned change was met.
pub(super) fn was_met(log: &Path) -> bool {
    let text = std::fs::read_to_string(log).expect("the log of the disk");
    text.lines().any(|line| line == "fault")
}

fn library() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/disk/faulty_disk.c");
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faulty_disk.so");
        let built = Command::new("cc")
            .args(["-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .arg("-ldl")
            .status();
        assert!(
            built.is_ok_and(|status| status.success()),
            "cc builds {}",
            source.display()
        );
        library
    })
}
