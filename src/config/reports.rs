//! `[reports]`: where the user's own reports are, and which findings are accepted.

use std::path::PathBuf;

use super::document::Section;
use super::fault::ConfigError;

pub(super) const KEYS: &[&str] = &["directories", "exceptions"];
/// Where accepted findings are looked for unless a place is named; it need not exist.
const EXCEPTIONS: &str = "exceptions.csv";

/// What is configured of reports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reports {
    /// Folders of SQL files with the header of a report.
    pub directories: Vec<PathBuf>,
    /// The CSV file of accepted findings; without a configuration there is none.
    pub exceptions: Option<PathBuf>,
    /// Whether the configuration names that file, which must be there then.
    pub has_named_exceptions: bool,
}

impl Reports {
    pub(super) fn read(root: &Section<'_>) -> Result<Self, ConfigError> {
        let beside = Some(root.relative(EXCEPTIONS));
        let Some(section) = root.table("reports")? else {
            return Ok(Self {
                directories: Vec::new(),
                exceptions: beside,
                has_named_exceptions: false,
            });
        };
        section.check_keys(KEYS)?;
        let directories = section.texts("directories")?.unwrap_or_default();
        let named = section.file("exceptions")?;
        Ok(Self {
            directories: directories.into_iter().map(|folder| section.relative(folder)).collect(),
            has_named_exceptions: named.is_some(),
            exceptions: named.or(beside),
        })
    }
}
