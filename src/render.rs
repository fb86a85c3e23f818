//! Rows in every format: a table to look at, CSV and XLSX for a spreadsheet, JSON, NDJSON and Parquet for a program, Markdown
//! and HTML to read and to print. Apart from `report`, which knows what the rows mean; here every value is foreign text that
//! must not act on a terminal, in a browser or in a spreadsheet.

mod csv;
mod html;
mod json;
mod markdown;
mod parquet;
mod table;
mod told;
mod xlsx;

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use crate::report::{About, Sink, SinkError};
use crate::warehouse::{Cell, Grid, GridColumn};

pub use table::visible;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Table,
    Csv,
    Json,
    Ndjson,
    Markdown,
    Parquet,
    Html,
    Xlsx,
}

/// Format, name, and the extensions that mean it, of which the first is given to new files.
const FORMATS: [(Format, &str, &[&str]); 8] = [
    (Format::Table, "table", &["txt"]),
    (Format::Csv, "csv", &["csv"]),
    (Format::Json, "json", &["json"]),
    (Format::Ndjson, "ndjson", &["ndjson", "jsonl"]),
    (Format::Markdown, "markdown", &["md"]),
    (Format::Parquet, "parquet", &["parquet"]),
    (Format::Html, "html", &["html", "htm"]),
    (Format::Xlsx, "xlsx", &["xlsx"]),
];

/// A format nobody writes here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    #[error("unknown format `{0}`: known are table, csv, json, ndjson, markdown, parquet, html and xlsx")]
    Name(String),
    #[error("{0}: its extension names no format: known are .txt, .csv, .json, .ndjson, .md, .parquet, .html and .xlsx")]
    Path(String),
}

/// Rows could not be written.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("rows cannot be written as CSV: {0}")]
    Csv(#[from] ::csv::Error),
    #[error("rows cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("rows cannot be written as Parquet: {0}")]
    Parquet(String),
    #[error("rows cannot be written as XLSX: {0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
    #[error("the chart cannot be drawn: {0}")]
    Chart(String),
    #[error(transparent)]
    Write(#[from] io::Error),
}

impl Format {
    pub fn from_name(name: &str) -> Result<Self, FormatError> {
        let found = FORMATS.iter().find(|(_, known, _)| *known == name);
        found
            .map(|(format, ..)| *format)
            .ok_or_else(|| FormatError::Name(name.to_owned()))
    }

    /// By the extension of a file.
    pub fn from_path(path: &Path) -> Result<Self, FormatError> {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let extension = extension.unwrap_or_default().to_ascii_lowercase();
        let found = FORMATS.iter().find(|(.., known)| known.contains(&extension.as_str()));
        found
            .map(|(format, ..)| *format)
            .ok_or_else(|| FormatError::Path(path.display().to_string()))
    }

    /// What a file of this format is called at its end, without the dot.
    pub fn extension(self) -> &'static str {
        let found = FORMATS.iter().find(|(format, ..)| *format == self);
        found.and_then(|(.., extensions)| extensions.first()).unwrap_or(&"txt")
    }

    /// Whether the file holds rows and nothing else, so that what a report says about itself must stand beside it.
    pub fn is_rows_only(self) -> bool {
        matches!(self, Self::Csv | Self::Ndjson)
    }

    /// Whether it is nothing for a terminal.
    pub fn is_binary(self) -> bool {
        matches!(self, Self::Parquet | Self::Xlsx)
    }
}

/// Where bytes go.
pub enum Out<'a> {
    File(File),
    Stream(Box<dyn Write + Send + 'a>),
}

impl Write for Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Stream(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.flush(),
            Self::Stream(stream) => stream.flush(),
        }
    }
}

/// A format as it is written: what a [`Sink`] does, without the place.
trait Writer: Send {
    fn begin(&mut self, columns: &[GridColumn], about: Option<&About>) -> Result<(), RenderError>;
    fn rows(&mut self, rows: &[Vec<Cell>]) -> Result<(), RenderError>;
    fn end(&mut self, about: Option<&About>) -> Result<(), RenderError>;
}

/// A writer, and what its place is called in messages.
struct Placed<'a> {
    place: String,
    writer: Box<dyn Writer + 'a>,
}

impl Placed<'_> {
    fn told(&self, written: Result<(), RenderError>) -> Result<(), SinkError> {
        written.map_err(|error| SinkError {
            place: self.place.clone(),
            source: Box::new(error),
        })
    }
}

impl Sink for Placed<'_> {
    fn begin(&mut self, columns: &[GridColumn], about: Option<&About>) -> Result<(), SinkError> {
        let written = self.writer.begin(columns, about);
        self.told(written)
    }

    fn rows(&mut self, rows: &[Vec<Cell>]) -> Result<(), SinkError> {
        let written = self.writer.rows(rows);
        self.told(written)
    }

    fn end(&mut self, about: Option<&About>) -> Result<(), SinkError> {
        let written = self.writer.end(about);
        self.told(written)
    }
}

/// A sink that writes a format; `place` is what messages call it. All but tables stream, and take memory that does not grow
/// with the rows. `width` is that of the terminal that shows them; without one, no line of a table is broken.
pub fn sink<'a>(format: Format, place: &str, out: Out<'a>, width: Option<u16>) -> Box<dyn Sink + 'a> {
    let writer: Box<dyn Writer + 'a> = match format {
        Format::Table => Box::new(table::Text::new(out, width)),
        Format::Csv => Box::new(csv::Csv::new(out, width.is_some())),
        Format::Json => Box::new(json::Json::new(out)),
        Format::Ndjson => Box::new(json::Ndjson::new(out)),
        Format::Markdown => Box::new(markdown::Markdown::new(out)),
        Format::Parquet => Box::new(parquet::Parquet::new(out)),
        Format::Html => Box::new(html::Html::new(out)),
        Format::Xlsx => Box::new(xlsx::Xlsx::new(out)),
    };
    Box::new(Placed {
        place: place.to_owned(),
        writer,
    })
}

/// Rows alone, to a sink. JSON is an array of objects, one a line.
pub fn grid(grid: &Grid, sink: &mut dyn Sink) -> Result<(), SinkError> {
    sink.begin(&grid.columns, None)?;
    sink.rows(&grid.rows)?;
    sink.end(None)
}

/// What a report that was run says about itself, as a JSON object: for beside a format of rows only.
pub fn about(about: &About) -> Result<String, RenderError> {
    Ok(json::about(about)?)
}

/// A grid in a format, with or without what a report says about itself.
#[cfg(test)]
fn written(grid: &Grid, about: Option<&About>, format: Format) -> String {
    let mut bytes = Vec::new();
    let mut sink = sink(format, "memory", Out::Stream(Box::new(&mut bytes)), None);
    sink.begin(&grid.columns, about).unwrap();
    for rows in grid.rows.chunks(2) {
        sink.rows(rows).unwrap();
    }
    sink.end(about).unwrap();
    drop(sink);
    String::from_utf8(bytes).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_name_and_by_extension() {
        for (format, name, extensions) in FORMATS {
            assert_eq!(Format::from_name(name), Ok(format));
            for extension in extensions {
                assert_eq!(Format::from_path(Path::new(&format!("a.{extension}"))), Ok(format));
            }
            assert_eq!(Some(&format.extension()), extensions.first());
        }
        assert_eq!(
            Format::from_name("pdf").unwrap_err().to_string(),
            "unknown format `pdf`: known are table, csv, json, ndjson, markdown, parquet, html and xlsx"
        );
        assert_eq!(Format::from_path(Path::new("reports/2026-06.CSV")), Ok(Format::Csv));
        for path in ["a.pdf", "csv", "a.", ""] {
            let error = Format::from_path(Path::new(path)).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("{path}: its extension names no format")),
                "{error}"
            );
        }
    }
}
