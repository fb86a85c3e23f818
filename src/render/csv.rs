//! CSV after RFC 4180, with `\n` at the end of a line. Apart from the others because spreadsheets run a cell that begins like
//! a formula, and the texts of an audit trail were written by anybody.
//!
//! A text (and no number, time or JSON) that begins with one of `= + - @`, a tab, a carriage return, or such a character in
//! full width, gets a `'` before it, which spreadsheets show and do not run. So that this can be undone, a text that is such
//! a text behind one or more `'` gets one more: whoever needs the exact text takes one `'` away where it stands before these,
//! or asks for JSON. Null and an empty text are both an empty field.

use ::csv::{Terminator, WriterBuilder};

use crate::schema::format_time;
use crate::warehouse::{Cell, Grid};

/// What makes a spreadsheet take a cell for a formula.
const TRIGGERS: &[char] = &['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

pub(super) fn of(grid: &Grid) -> Result<String, ::csv::Error> {
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::Any(b'\n'))
        .from_writer(Vec::new());
    if !grid.columns.is_empty() {
        writer.write_record(grid.columns.iter().map(|column| guarded(column.name.clone())))?;
    }
    for row in &grid.rows {
        writer.write_record(row.iter().map(field))?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn field(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => guarded(text.clone()),
        other => plain(other),
    }
}

fn guarded(text: String) -> String {
    if text.trim_start_matches('\'').starts_with(TRIGGERS) {
        format!("'{text}")
    } else {
        text
    }
}

/// A cell as text: times as RFC 3339 in UTC, lists and structs as JSON, bytes in hexadecimal, nothing for null.
pub(super) fn plain(cell: &Cell) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Boolean(value) => value.to_string(),
        Cell::Integer(number) => number.to_string(),
        Cell::Float(number) => number.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Timestamp(at) => format_time(*at),
        Cell::Date(days) => date(*days),
        Cell::Json(value) => value.to_string(),
        Cell::Bytes(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

/// A day counted from 1970-01-01.
fn date(days: i32) -> String {
    let span = jiff::Span::new().try_days(days);
    let day = span.and_then(|span| jiff::civil::date(1970, 1, 1).checked_add(span));
    day.map_or_else(|_| format!("{days} days"), |day| day.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::warehouse::GridColumn;

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
        assert_eq!(of(&grid(vec![row])).unwrap(), expected);
        assert_eq!(of(&grid(vec![vec![Cell::Null]])).unwrap(), "c0\n\"\"\n");
        assert_eq!(of(&Grid::default()).unwrap(), "");
        assert_eq!(date(i32::MAX), "2147483647 days");
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
            let written = of(&grid(vec![vec![text(given), text("x")]])).unwrap();
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
        assert_eq!(of(&grid).unwrap(), "'=1+1\n1\n");
    }
}
