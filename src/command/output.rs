//! What is written to stdout or a file: rows in the format asked for. Apart from the verbs because all of them that give rows
//! choose format and place alike.

use std::io::{BufWriter, IsTerminal, Write, stdout};
use std::path::{Path, PathBuf};

use clap::Args;

use super::Failure;
use crate::atomic::Replacement;
use crate::config::Config;
use crate::ledger::FOLDER;
use crate::render::{self, Format, Out};
use crate::report::{ReportError, Sink, SinkError};
use crate::warehouse::Grid;

/// Where rows go and how they look.
#[derive(Debug, Clone, Args)]
pub(super) struct Output {
    /// How rows are written: table, csv, json, ndjson, markdown, parquet or xlsx [default: by the extension of --output, else
    /// table on a terminal and csv into a pipe]
    #[arg(long)]
    pub(super) format: Option<String>,
    /// Writes to a file, replaced as a whole, instead of stdout
    #[arg(long, value_name = "PATH")]
    pub(super) output: Option<PathBuf>,
}

impl Output {
    pub(super) fn format(&self) -> Result<Format, Failure> {
        let format = format_of(self.format.as_deref(), self.output.as_deref())?;
        if format == Format::Html {
            let failure = Failure::usage("html is for reports, and not for plain rows");
            return Err(failure.hinted("give --format markdown, csv or xlsx"));
        }
        Ok(format)
    }

    /// Writes rows: JSON is an array of objects.
    pub(super) fn grid(&self, grid: &Grid) -> Result<(), Failure> {
        self.stream(|sink| Ok(render::grid(grid, sink)?))
    }

    /// Writes rows as they come.
    pub(super) fn stream(&self, write: impl FnOnce(&mut dyn Sink) -> Result<(), ReportError>) -> Result<(), Failure> {
        let place = Place::open(self.output.as_deref(), self.format()?)?;
        let mut sink = place.sink()?;
        let written = write(sink.as_mut());
        drop(sink);
        match written {
            Ok(()) => place.keep(),
            Err(ReportError::Sink(error)) if is_closed(&error) => Ok(()),
            Err(ReportError::Warehouse(error)) => Err(error.into()),
            Err(error) => Err(error.into()),
        }
    }

    /// Says what stands against writing, before work is done that cannot be done again.
    pub(super) fn check(&self) -> Result<(), Failure> {
        Place::open(self.output.as_deref(), self.format()?).map(drop)
    }

    pub(super) fn text(&self, text: &str) -> Result<(), Failure> {
        match &self.output {
            Some(path) => write_file(path, text),
            None => print(text),
        }
    }
}

/// The format asked for, else that of the file's name, else what suits stdout.
pub(super) fn format_of(name: Option<&str>, path: Option<&Path>) -> Result<Format, Failure> {
    let known = match (name, path) {
        (Some(name), _) => Some(Format::from_name(name)),
        (None, Some(path)) => Some(Format::from_path(path)),
        (None, None) => None,
    };
    match known {
        Some(format) => format.map_err(|error| Failure::usage(error.to_string())),
        None if stdout().is_terminal() => Ok(Format::Table),
        None => Ok(Format::Csv),
    }
}

/// One output that is open: stdout, or a file that takes its place when it is whole.
pub(super) struct Place {
    format: Format,
    name: String,
    replacement: Option<Replacement>,
}

impl Place {
    /// Without a path it is stdout.
    pub(super) fn open(path: Option<&Path>, format: Format) -> Result<Self, Failure> {
        if path.is_none() && format.is_binary() && stdout().is_terminal() {
            return Err(Failure::usage("this format is nothing for a terminal").hinted("name a file with --output"));
        }
        path.map_or(Ok(()), refuse_own)?;
        let name = path.map_or("stdout".to_owned(), |path| path.display().to_string());
        let replacement = path.map(Replacement::begin).transpose().map_err(anyhow::Error::from)?;
        Ok(Self {
            format,
            name,
            replacement,
        })
    }

    /// Writes all of a file at once; it still has to be kept.
    pub(super) fn fill(&self, text: &str) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::failed(format!("{}: {error}", self.name));
        match &self.replacement {
            Some(replacement) => {
                let mut file = replacement.file().map_err(anyhow::Error::from)?;
                file.write_all(text.as_bytes()).map_err(failed)
            }
            None => print(text),
        }
    }

    pub(super) fn sink(&self) -> Result<Box<dyn Sink + 'static>, Failure> {
        let out = match &self.replacement {
            Some(replacement) => Out::File(replacement.file().map_err(anyhow::Error::from)?),
            None => Out::Stream(Box::new(BufWriter::new(stdout()))),
        };
        let width = if self.replacement.is_none() { width() } else { None };
        Ok(render::sink(self.format, &self.name, out, width))
    }

    /// Puts the whole file where it belongs.
    pub(super) fn keep(self) -> Result<(), Failure> {
        let kept = self.replacement.map_or(Ok(()), Replacement::finish);
        kept.map_err(|error| Failure::from(anyhow::Error::from(error)))
    }
}

/// Whether the reader of stdout has gone away, which is no failure.
pub(super) fn is_closed(error: &SinkError) -> bool {
    let is_pipe = |error: &std::io::Error| error.kind() == std::io::ErrorKind::BrokenPipe;
    match error.source.downcast_ref::<render::RenderError>() {
        Some(render::RenderError::Write(error)) => is_pipe(error),
        _ => false,
    }
}

fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    refuse_own(path)?;
    crate::atomic::replace(path, text.as_bytes()).map_err(|error| Failure::from(anyhow::Error::from(error)))
}

/// Files of a home that stand beside its lake, and with them those whose names begin so.
const OWN: [&str; 4] = ["warehouse.duckdb", ".lock", "schedule.json", ".schedule.lock"];

/// Nothing that a home keeps is ever replaced by output.
pub(super) fn refuse_own(path: &Path) -> Result<(), Failure> {
    let absolute = real(path);
    let is_beside_lake = |path: &Path| {
        path.parent()
            .is_some_and(|folder| folder.join("lake").join(FOLDER).is_dir())
    };
    let mut folders = absolute.ancestors().skip(1);
    let is_inside = folders.any(|folder| {
        folder.ends_with(".credentials")
            || (folder.ends_with("probes") && is_beside_lake(folder))
            || folder.join(FOLDER).is_dir()
            || folder.join("_delta_log").is_dir()
    });
    let is_own = is_beside_lake(&absolute)
        && absolute
            .file_name()
            .is_some_and(|name| OWN.iter().any(|own| name.to_string_lossy().starts_with(own)));
    if is_inside || is_own {
        let failure = Failure::usage(format!(
            "{}: belongs to the archive, and is not replaced by output",
            path.display()
        ));
        return Err(failure.hinted("name a path outside the lake"));
    }
    Ok(())
}

/// Neither are the configuration and the files of the user that it names.
pub(super) fn refuse_configured(config: &Config, path: &Path) -> Result<(), Failure> {
    refuse_own(path)?;
    let written = real(path);
    if config.own_files().any(|own| real(own) == written) {
        let message = format!(
            "{}: is read by this program, and is not replaced by output",
            path.display()
        );
        return Err(Failure::usage(message).hinted("name another path"));
    }
    Ok(())
}

/// The same for all ways to write the path of one file, which need not be there.
pub(super) fn real(path: &Path) -> PathBuf {
    let beside = || {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok()?;
        Some(folder.join(path.file_name()?))
    };
    path.canonicalize()
        .ok()
        .or_else(beside)
        .unwrap_or_else(|| std::path::absolute(path).unwrap_or_else(|_unset| path.to_owned()))
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
