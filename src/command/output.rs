//! What is written to stdout or a file: rows in the format asked for. Apart from the verbs because all of them that give rows
//! choose format and place alike.

use std::io::{IsTerminal, Write, stdout};
use std::path::{Path, PathBuf};

use clap::Args;

use super::Failure;
use crate::atomic;
use crate::ledger::FOLDER;
use crate::render::{self, Format};
use crate::warehouse::Grid;

/// Where rows go and how they look.
#[derive(Debug, Clone, Args)]
pub(super) struct Output {
    /// How rows are written [default: by the extension of --output, else table on a terminal and csv into a pipe]
    #[arg(long, value_name = "table|csv|json")]
    pub(super) format: Option<String>,
    /// Writes to a file, replaced as a whole, instead of stdout
    #[arg(long, value_name = "PATH")]
    pub(super) output: Option<PathBuf>,
}

impl Output {
    pub(super) fn format(&self) -> Result<Format, Failure> {
        if let Some(name) = &self.format {
            return Format::from_name(name).map_err(|error| Failure::usage(error.to_string()));
        }
        match &self.output {
            Some(path) => Format::from_path(path).map_err(|error| Failure::usage(error.to_string())),
            None if stdout().is_terminal() => Ok(Format::Table),
            None => Ok(Format::Csv),
        }
    }

    /// Writes rows: JSON is an array of objects.
    pub(super) fn grid(&self, grid: &Grid) -> Result<(), Failure> {
        let text =
            render::grid(grid, self.format()?, width()).map_err(|error| Failure::failed(format!("{error:#}")))?;
        self.text(&text)
    }

    pub(super) fn text(&self, text: &str) -> Result<(), Failure> {
        match &self.output {
            Some(path) => {
                refuse_own(path)?;
                atomic::replace(path, text.as_bytes()).map_err(|error| Failure::from(anyhow::Error::from(error)))
            }
            None => print(text),
        }
    }
}

/// Nothing that a home keeps is ever replaced by output.
fn refuse_own(path: &Path) -> Result<(), Failure> {
    let absolute = std::path::absolute(path)?;
    let mut folders = absolute.ancestors().skip(1);
    let is_inside = folders.any(|folder| {
        folder.ends_with(".credentials") || folder.join(FOLDER).is_dir() || folder.join("_delta_log").is_dir()
    });
    let beside_lake = absolute
        .parent()
        .is_some_and(|folder| folder.join("lake").join(FOLDER).is_dir());
    let is_own = beside_lake
        && absolute
            .file_name()
            .is_some_and(|name| name == "warehouse.duckdb" || name == ".lock");
    if is_inside || is_own {
        let failure = Failure::usage(format!(
            "{}: belongs to the archive, and is not replaced by output",
            path.display()
        ));
        return Err(failure.hinted("name a path outside the lake"));
    }
    Ok(())
}

/// Columns of the terminal; none where stdout is none.
pub(super) fn width() -> Option<u16> {
    if !stdout().is_terminal() {
        return None;
    }
    rustix::termios::tcgetwinsize(stdout())
        .ok()
        .map(|size| size.ws_col)
        .filter(|columns| *columns > 0)
}

/// Writes to stdout; a reader that has gone away is no failure.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    match stdout().write_all(text.as_bytes()).and_then(|()| stdout().flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
