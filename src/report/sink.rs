//! Where the rows of a report or a query go. Declared here and not where formats are written, because a report feeds any number
//! of sinks without knowing what they make of it.

use super::About;
use crate::warehouse::{Cell, Grid, GridColumn};

/// One output. It is begun once, given rows any number of times, and ended once; after an error it is given nothing more. It
/// is written by a thread of its own while the query goes on.
pub trait Sink: Send {
    /// The columns; `about` is there for reports, and not for plain queries.
    fn begin(&mut self, columns: &[GridColumn], about: Option<&About>) -> Result<(), SinkError>;

    /// Some of the rows, each as long as the columns.
    fn rows(&mut self, rows: &[Vec<Cell>]) -> Result<(), SinkError>;

    /// There are no more rows; `about` now also knows their number.
    fn end(&mut self, about: Option<&About>) -> Result<(), SinkError>;
}

/// An output that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{place}: cannot be written")]
pub struct SinkError {
    /// The path, or `stdout`.
    pub place: String,
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Keeps every row.
impl Sink for Grid {
    fn begin(&mut self, columns: &[GridColumn], _about: Option<&About>) -> Result<(), SinkError> {
        self.columns = columns.to_vec();
        Ok(())
    }

    fn rows(&mut self, rows: &[Vec<Cell>]) -> Result<(), SinkError> {
        self.rows.extend_from_slice(rows);
        Ok(())
    }

    fn end(&mut self, _about: Option<&About>) -> Result<(), SinkError> {
        Ok(())
    }
}
