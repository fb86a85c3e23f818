//! HTML: one file that needs no other, to read on a screen in light or dark, to sort and to search, and to print. Apart from
//! the others because a browser acts on what it reads: every text is escaped by `maud`, no data stands in a script or a style,
//! and a policy in the page forbids anything but the two that are in it, by their hash.
//!
//! The page is bounded: it shows the first rows only and says so, and a text is shown up to its first characters.

mod chart;
mod page;
mod strip;

use std::io::Write;

use self::chart::Chart;
use super::table::cut;
use super::{Out, RenderError, Writer};
use crate::report::About;
use crate::warehouse::{Cell, GridColumn};

/// Of a page.
const MOST_ROWS: usize = 10_000;
const MOST_BYTES: usize = 24 << 20;

pub(super) struct Html<'a> {
    out: Out<'a>,
    shown: Shown,
    chart: Option<Chart>,
}

/// What the page shows of the rows.
#[derive(Default)]
struct Shown {
    columns: Vec<GridColumn>,
    /// Texts that are escaped when they are written.
    rows: Vec<Vec<String>>,
    bytes: usize,
    total: u64,
}

impl<'a> Html<'a> {
    pub(super) fn new(out: Out<'a>) -> Self {
        Self {
            out,
            shown: Shown::default(),
            chart: None,
        }
    }
}

impl Writer for Html<'_> {
    fn begin(&mut self, columns: &[GridColumn], about: Option<&About>) -> Result<(), RenderError> {
        self.shown.columns = columns.to_vec();
        let declared = about.and_then(|about| about.report.chart.as_deref());
        self.chart = declared.and_then(|declared| Chart::declared(declared, columns));
        Ok(())
    }

    fn rows(&mut self, rows: &[Vec<Cell>]) -> Result<(), RenderError> {
        for row in rows {
            self.shown.total += 1;
            if let Some(chart) = &mut self.chart {
                chart.take(row);
            }
            if self.shown.rows.len() < MOST_ROWS && self.shown.bytes < MOST_BYTES {
                let texts: Vec<String> = row.iter().map(text).collect();
                self.shown.bytes += texts.iter().map(String::len).sum::<usize>();
                self.shown.rows.push(texts);
            }
        }
        Ok(())
    }

    fn end(&mut self, about: Option<&About>) -> Result<(), RenderError> {
        let drawn = self.chart.take().map(|chart| chart.drawn()).transpose()?.flatten();
        let page = page::of(about, &self.shown, drawn);
        self.out.write_all(page.into_string().as_bytes())?;
        Ok(self.out.flush()?)
    }
}

/// A cell as the page shows it: line breaks stay, what acts unseen is written out, and a long text is cut.
fn text(cell: &Cell) -> String {
    let text = match cell {
        Cell::Text(text) => text.clone(),
        other => other.to_string(),
    };
    cut(&text)
        .split('\n')
        .map(super::visible)
        .collect::<Vec<_>>()
        .join("\n")
}
