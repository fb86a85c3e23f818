//! Tables for eyes: a plain header, a line, rows. Apart from the others because here nothing of a value may reach the
//! terminal as anything but visible characters.

use std::borrow::Cow;
use std::io::Write;

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

use super::{Out, RenderError, Writer, told};
use crate::report::About;
use crate::warehouse::{Cell, Grid, GridColumn};

/// Foreign text as it may stand on a terminal: control characters, line breaks and characters that turn the direction of
/// writing or hide are written out, as `\n` or `\u{202e}`.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            _ if acts(letter) => shown.extend(letter.escape_unicode()),
            _ => shown.push(letter),
        }
    }
    shown
}

/// Whether a character does something to the text around it that cannot be seen.
pub(super) fn acts(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// Keeps all rows: how wide a column is depends on each of them.
pub(super) struct Text<'a> {
    out: Out<'a>,
    width: Option<u16>,
    grid: Grid,
}

impl<'a> Text<'a> {
    pub(super) fn new(out: Out<'a>, width: Option<u16>) -> Self {
        let grid = Grid::default();
        Self { out, width, grid }
    }
}

impl Writer for Text<'_> {
    fn begin(&mut self, columns: &[GridColumn], _about: Option<&About>) -> Result<(), RenderError> {
        self.grid.columns = columns.to_vec();
        Ok(())
    }

    fn rows(&mut self, rows: &[Vec<Cell>]) -> Result<(), RenderError> {
        self.grid.rows.extend_from_slice(rows);
        Ok(())
    }

    fn end(&mut self, about: Option<&About>) -> Result<(), RenderError> {
        let text = match about {
            Some(about) => of_report(about, &self.grid, self.width),
            None => of(&self.grid, self.width),
        };
        self.out.write_all(text.as_bytes())?;
        Ok(self.out.flush()?)
    }
}

fn of(grid: &Grid, width: Option<u16>) -> String {
    let mut table = Table::new();
    table
        .force_no_tty()
        .load_style(TableStyle::new().header_separator(LineStyle::none().fill('-').junction('-')));
    table.set_content_arrangement(ContentArrangement::Disabled);
    if let Some(width) = width {
        table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width);
    }
    table.set_header(grid.columns.iter().map(|column| visible(&column.name)));
    table.add_rows(grid.rows.iter().map(|row| row.iter().map(text)));
    for (place, column) in grid.columns.iter().enumerate() {
        if is_number(&column.kind)
            && let Some(column) = table.column_mut(place)
        {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut lines = String::new();
    for line in table.lines() {
        lines.push_str(line.trim_end());
        lines.push('\n');
    }
    lines
}

/// Gaps stand first, so that no table is read without them.
fn of_report(about: &About, grid: &Grid, width: Option<u16>) -> String {
    let mut text = about
        .gap_sentence()
        .map(|gaps| visible(&gaps) + "\n")
        .unwrap_or_default();
    text.push_str(&format!("{}, {}\n", visible(&about.report.title), told::asked(about)));
    match about.empty_sentence() {
        Some(sentence) => text.push_str(&format!("{}\n", visible(&sentence))),
        None => text.push_str(&format!("\n{}\n", of(grid, width))),
    }
    for covered in &about.coverage {
        text.push_str(&format!("{}\n", visible(&covered.to_string())));
    }
    for line in told::origin(about) {
        text.push_str(&format!("{line}\n"));
    }
    text
}

/// Characters of a cell that are shown: every row of a table is as wide as the widest.
const MOST_CHARACTERS: usize = 4_000;

/// A text as far as it is shown to eyes.
pub(super) fn cut(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MOST_CHARACTERS) {
        None => Cow::Borrowed(text),
        Some((end, _)) => {
            let (shown, _) = text.split_at(end);
            Cow::Owned(format!("{shown}… [cut: {} characters]", text.chars().count()))
        }
    }
}

/// A cell as one line; a list or struct as JSON; nothing for null.
fn text(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => visible(&cut(text)),
        other => visible(&cut(&other.to_string())),
    }
}

pub(super) fn is_number(kind: &str) -> bool {
    let numbers = [
        "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL",
    ];
    let kind = kind.trim_start_matches('U');
    !kind.ends_with(']') && numbers.iter().any(|number| kind.starts_with(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Head;
    use crate::report::{self, Covered, Gap, Interval};

    fn column(name: &str, kind: &str) -> GridColumn {
        GridColumn {
            name: name.to_owned(),
            kind: kind.to_owned(),
        }
    }

    fn grid() -> Grid {
        Grid {
            columns: vec![
                column("name", "VARCHAR"),
                column("events", "BIGINT"),
                column("at", "TIMESTAMP"),
            ],
            rows: vec![
                vec![
                    Cell::Text("Ada".to_owned()),
                    Cell::Integer(12),
                    Cell::Timestamp(1_784_118_600_000_000),
                ],
                vec![Cell::Null, Cell::Integer(5), Cell::Null],
            ],
        }
    }

    #[test]
    fn a_long_text_is_cut() {
        let long = "é".repeat(MOST_CHARACTERS + 1);
        assert_eq!(
            cut(&long),
            format!("{}… [cut: 4001 characters]", "é".repeat(MOST_CHARACTERS))
        );
        assert_eq!(cut("short"), "short");
    }

    #[test]
    fn a_table_is_plain() {
        let expected = " name   events   at\n--------------------------------------\n \
                        Ada        12   2026-07-15T12:30:00Z\n             5\n";
        assert_eq!(of(&grid(), None), expected);
    }

    #[test]
    fn a_terminal_is_not_overrun() {
        let grid = Grid {
            columns: vec![column("text", "VARCHAR")],
            rows: vec![vec![Cell::Text("word ".repeat(40))]],
        };
        assert!(of(&grid, Some(30)).lines().all(|line| line.chars().count() <= 30));
        assert!(of(&grid, None).lines().any(|line| line.chars().count() > 100));
    }

    #[test]
    fn nothing_in_a_record_acts_on_the_terminal() {
        let cases = [
            ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
            ("one\ntwo\r\tthree", "one\\ntwo\\r\\tthree"),
            ("gpj\u{202e}exe", "gpj\\u{202e}exe"),
            ("a\u{2066}b\u{200b}c\u{feff}", "a\\u{2066}b\\u{200b}c\\u{feff}"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("Zoë 👩‍🚀 データ", "Zoë 👩‍🚀 データ"),
        ];
        for (text, expected) in cases {
            assert_eq!(visible(text), expected);
            let grid = Grid {
                columns: vec![column(text, "VARCHAR")],
                rows: vec![vec![Cell::Text(text.to_owned())]],
            };
            let lines = of(&grid, None);
            assert_eq!(lines.lines().count(), 3, "{lines}");
            assert!(!lines.chars().any(|letter| letter != '\n' && acts(letter)), "{lines:?}");
        }
        let json = Cell::Json(serde_json::json!(["\u{202e}a"]));
        assert_eq!(super::text(&json), "[\"\\u{202e}a\"]");
    }

    #[test]
    fn a_report_begins_with_its_gaps_and_ends_with_its_origin() {
        let interval = Interval {
            since: 1_784_073_600_000_000,
            until: 1_784_160_000_000_000,
        };
        let about = About {
            report: report::find("top_actors").unwrap().clone(),
            parameters: vec![
                ("since".to_owned(), None),
                ("source".to_owned(), Some("a".to_owned())),
                ("top".to_owned(), None),
            ],
            interval,
            coverage: vec![Covered {
                source: "a".to_owned(),
                stream: "logs".to_owned(),
                from_at: interval.since,
                to_at: 1_784_116_800_000_000,
                state: "final".to_owned(),
                collected_at: None,
            }],
            gaps: vec![Gap {
                source: "a".to_owned(),
                stream: "logs".to_owned(),
                gap_from: 1_784_116_800_000_000,
                gap_to: interval.until,
                reason: "page 3\nfailed".to_owned(),
            }],
            rejects: 2,
            ledger_head: Some(Head {
                sequence: 7,
                sha256: "ab".to_owned(),
            }),
            made_at: interval.until,
            version: "1.2.3".to_owned(),
            sample: None,
            rows: 2,
            findings: None,
        };
        let text = of_report(&about, &grid(), None);
        let lines: Vec<&str> = text.lines().collect();
        let first =
            "incomplete: not collected from 2026-07-15T12:00:00Z to 2026-07-16T00:00:00Z (a.logs: page 3\\nfailed)";
        assert_eq!(lines.first(), Some(&first));
        assert_eq!(
            lines.get(1),
            Some(&"Top actors, 2026-07-15T00:00:00Z to 2026-07-16T00:00:00Z, source a")
        );
        let end = [
            "final from 2026-07-15T00:00:00Z to 2026-07-15T12:00:00Z (a.logs)",
            "2 rows; 2 records could not be read; from ledger entry 7 (ab)",
            "made at 2026-07-16T00:00:00Z by trailhouse 1.2.3",
        ];
        assert!(lines.ends_with(&end), "{text}");
        let empty = About { rows: 0, ..about };
        assert_eq!(
            of_report(&empty, &Grid::default(), None)
                .lines()
                .nth(2)
                .map(|line| line.starts_with("no events; not collected from")),
            Some(true)
        );
    }
}
