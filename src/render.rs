//! Rows as text: a table to look at, CSV for a spreadsheet, JSON for a program. Apart from `report`, which knows what the
//! rows mean; here every value is foreign text that must not act on a terminal or in a spreadsheet.

mod csv;
mod json;
mod table;

use std::path::Path;

use crate::report::ReportResult;
use crate::warehouse::Grid;

pub use table::visible;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Table,
    Csv,
    Json,
}

/// A format nobody writes here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    #[error("unknown format `{0}`: known are table, csv and json")]
    Name(String),
    #[error("{0}: its extension names no format: known are .txt, .csv and .json")]
    Path(String),
}

/// Rows could not be written as text.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("rows cannot be written as CSV: {0}")]
    Csv(#[from] ::csv::Error),
    #[error("rows cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl Format {
    pub fn from_name(name: &str) -> Result<Self, FormatError> {
        match name {
            "table" => Ok(Self::Table),
            "csv" => Ok(Self::Csv),
            "json" => Ok(Self::Json),
            _ => Err(FormatError::Name(name.to_owned())),
        }
    }

    /// By the extension of a file.
    pub fn from_path(path: &Path) -> Result<Self, FormatError> {
        let extension = path
            .extension()
            .and_then(|extension| extension.to_str())
            .unwrap_or_default();
        match extension.to_ascii_lowercase().as_str() {
            "txt" => Ok(Self::Table),
            "csv" => Ok(Self::Csv),
            "json" => Ok(Self::Json),
            _ => Err(FormatError::Path(path.display().to_string())),
        }
    }
}

/// Rows alone, ending in a line break. JSON is an array of objects, one a line. `width` is that of the terminal, for tables;
/// without one, no line is broken.
pub fn grid(grid: &Grid, format: Format, width: Option<u16>) -> Result<String, RenderError> {
    match format {
        Format::Table => Ok(table::of(grid, width)),
        Format::Csv => Ok(csv::of(grid)?),
        Format::Json => Ok(json::of(grid)?),
    }
}

/// A report with what it says about itself: around the table, as keys of the JSON object. CSV is rows only; write [`about`]
/// beside it.
pub fn report(result: &ReportResult, format: Format, width: Option<u16>) -> Result<String, RenderError> {
    match format {
        Format::Table => Ok(table::of_report(result, width)),
        Format::Csv => Ok(csv::of(&result.rows)?),
        Format::Json => Ok(json::of_report(result)?),
    }
}

/// What a report says about itself, as a JSON object: all that [`report`] gives in JSON, but the rows.
pub fn about(result: &ReportResult) -> Result<String, RenderError> {
    Ok(json::about(result)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_name_and_by_extension() {
        assert_eq!(Format::from_name("json"), Ok(Format::Json));
        assert_eq!(
            Format::from_name("xlsx").unwrap_err().to_string(),
            "unknown format `xlsx`: known are table, csv and json"
        );
        assert_eq!(Format::from_path(Path::new("reports/2026-06.CSV")), Ok(Format::Csv));
        assert_eq!(Format::from_path(Path::new("a.txt")), Ok(Format::Table));
        for path in ["a.xlsx", "csv", "a.", ""] {
            let error = Format::from_path(Path::new(path)).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("{path}: its extension names no format: known are .txt, .csv and .json")
            );
        }
    }
}
