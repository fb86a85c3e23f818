//! CSV after RFC 4180, with `\n` at the end of a line. Apart from the others because spreadsheets run a cell that begins like
//! a formula, and the texts of an audit trail were written by anybody.
//!
//! A text (and no number, time or JSON) that begins with one of `= + - @`, a tab, an end of line, or such a character in
//! full width, gets a `'` before it, which spreadsheets show and do not run. So that this can be undone, a text that is such
//! a text behind one or more `'` gets one more: whoever needs the exact text takes one `'` away where it stands before these,
//! or asks for JSON. Null and an empty text are both an empty field.

use std::borrow::Cow;
use std::io::Write;

use ::csv::{Terminator, WriterBuilder};

use super::{Out, RenderError, Writer, visible};
use crate::report::About;
use crate::warehouse::{Cell, GridColumn};

/// What makes a spreadsheet take a cell for a formula.
const TRIGGERS: &[char] = &['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Ends a record whose fields have been written one by one.
const NO_MORE: &[&[u8]] = &[];

pub(super) struct Csv<'a> {
    out: Out<'a>,
    is_for_eyes: bool,
}

impl<'a> Csv<'a> {
    /// `is_for_eyes`: on a terminal, where no text may act, even if it is not the exact text then.
    pub(super) fn new(out: Out<'a>, is_for_eyes: bool) -> Self {
        Self { out, is_for_eyes }
    }

    fn records<'c>(
        &mut self,
        records: impl Iterator<Item = impl Iterator<Item = Cow<'c, str>>>,
    ) -> Result<(), RenderError> {
        let mut writer = WriterBuilder::new()
            .terminator(Terminator::Any(b'\n'))
            .from_writer(Vec::new());
        for record in records {
            for field in record {
                let field = if self.is_for_eyes {
                    visible(&field).into()
                } else {
                    field
                };
                writer.write_field(field.as_bytes())?;
            }
            writer.write_record(NO_MORE)?;
        }
        let bytes = writer.into_inner().map_err(::csv::IntoInnerError::into_error)?;
        Ok(self.out.write_all(&bytes)?)
    }
}

impl Writer for Csv<'_> {
    fn begin(&mut self, columns: &[GridColumn], _about: Option<&About>) -> Result<(), RenderError> {
        let names = columns.iter().map(|column| guarded(&column.name));
        self.records((!columns.is_empty()).then_some(names).into_iter())
    }

    fn rows(&mut self, rows: &[Vec<Cell>]) -> Result<(), RenderError> {
        self.records(rows.iter().map(|row| row.iter().map(field)))
    }

    fn end(&mut self, _about: Option<&About>) -> Result<(), RenderError> {
        Ok(self.out.flush()?)
    }
}

fn field(cell: &Cell) -> Cow<'_, str> {
    match cell {
        Cell::Null => Cow::Borrowed(""),
        Cell::Text(text) => guarded(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// A text that no spreadsheet takes for a formula.
pub(super) fn guarded(text: &str) -> Cow<'_, str> {
    if text.trim_start_matches('\'').starts_with(TRIGGERS) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Format, written};
    use crate::warehouse::Grid;

    fn of(grid: &Grid) -> String {
        written(grid, None, Format::Csv)
    }

    fn grid(rows: Vec<Vec<Cell>>) -> Grid {
        let width = rows.first().map_or(0, Vec::len);
        let column = |place: usize| GridColumn {
            name: format!("c{place}"),
            kind: "VARCHAR".to_owned(),
        };
        Grid {
            columns: (0..width).map(column).collect(),
            rows,
        }
    }

    fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    #[test]
    fn every_kind_of_value_has_a_form() {
        let row = vec![
            Cell::Null,
            Cell::Boolean(true),
            Cell::Integer(-9_007_199_254_740_993),
            Cell::Float(-0.5),
            text("a,b \"c\"\nd"),
            Cell::Timestamp(1_784_118_600_250_000),
            Cell::Date(20_649),
            Cell::Json(serde_json::json!({"a": [1, null]})),
            Cell::Bytes(vec![0, 255]),
        ];
        let expected = "c0,c1,c2,c3,c4,c5,c6,c7,c8\n,true,-9007199254740993,-0.5,\"a,b \"\"c\"\"\nd\",\
                        2026-07-15T12:30:00.25Z,2026-07-15,\"{\"\"a\"\":[1,null]}\",00ff\n";
        assert_eq!(of(&grid(vec![row])), expected);
        assert_eq!(of(&grid(vec![vec![Cell::Null]])), "c0\n\"\"\n");
        assert_eq!(of(&Grid::default()), "");
        assert_eq!(Cell::Date(i32::MAX - 1).to_string(), "2147483646 days");
    }

    /// The exact text of a field, as the head of this file says.
    fn exact(field: &str) -> String {
        let rest = field.trim_start_matches('\'');
        let is_guarded = rest.starts_with(TRIGGERS) && rest.len() < field.len();
        if is_guarded {
            field.strip_prefix('\'').unwrap().to_owned()
        } else {
            field.to_owned()
        }
    }

    #[test]
    fn no_text_begins_like_a_formula_and_every_text_can_be_had_back() {
        let texts = [
            "=HYPERLINK(\"http://a.example\")",
            "+1 555",
            "-2",
            "@sum",
            "\t=1",
            "\r=1",
            "\n=1",
            "＝1",
            "'=1",
            "''=1",
            "'quoted'",
            "'",
            "",
            "a=b",
            " =1",
        ];
        for given in texts {
            let written = of(&grid(vec![vec![text(given), text("x")]]));
            let mut reader = ::csv::Reader::from_reader(written.as_bytes());
            let read = reader.records().next().unwrap().unwrap().get(0).unwrap().to_owned();
            assert!(!read.starts_with(TRIGGERS), "{given:?} -> {read:?}");
            assert_eq!(exact(&read), given);
        }
        assert_eq!(field(&text("'quoted'")), "'quoted'");
        assert_eq!(field(&Cell::Integer(-2)), "-2", "a number is no text");
    }

    #[test]
    fn a_column_may_not_be_a_formula_either() {
        let mut grid = grid(vec![vec![Cell::Integer(1)]]);
        grid.columns.first_mut().unwrap().name = "=1+1".to_owned();
        assert_eq!(of(&grid), "'=1+1\n1\n");
    }
}
