//! Markdown: a table as GitHub draws it. Apart from the others because here a text must neither leave its cell nor become
//! markup.

use std::io::Write;

use super::table::is_number;
use super::{Out, RenderError, Writer, told, visible};
use crate::report::About;
use crate::warehouse::{Cell, GridColumn};

pub(super) struct Markdown<'a> {
    out: Out<'a>,
}

impl<'a> Markdown<'a> {
    pub(super) fn new(out: Out<'a>) -> Self {
        Self { out }
    }
}

impl Writer for Markdown<'_> {
    fn begin(&mut self, columns: &[GridColumn], about: Option<&About>) -> Result<(), RenderError> {
        if let Some(about) = about {
            let gaps = about.gap_sentence();
            let gaps = gaps.map(|gaps| format!("**{}**\n\n", escaped(&gaps)));
            write!(
                self.out,
                "{}# {}\n\n{}\n\n{}\n\n",
                gaps.unwrap_or_default(),
                escaped(&about.report.title),
                escaped(&about.report.question),
                escaped(&told::asked(about))
            )?;
        }
        let names: Vec<String> = columns.iter().map(|column| escaped(&column.name)).collect();
        let rule = |column: &GridColumn| if is_number(&column.kind) { "---:" } else { "---" };
        let rules: Vec<&str> = columns.iter().map(rule).collect();
        Ok(write!(
            self.out,
            "| {} |\n| {} |\n",
            names.join(" | "),
            rules.join(" | ")
        )?)
    }

    fn rows(&mut self, rows: &[Vec<Cell>]) -> Result<(), RenderError> {
        let mut text = String::new();
        for row in rows {
            let cells: Vec<String> = row.iter().map(|cell| escaped(&cell.to_string())).collect();
            text.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        Ok(self.out.write_all(text.as_bytes())?)
    }

    fn end(&mut self, about: Option<&About>) -> Result<(), RenderError> {
        if let Some(about) = about {
            let empty = about
                .empty_sentence()
                .map(|sentence| format!("\n{}\n", escaped(&sentence)));
            let mut text = empty.unwrap_or_default();
            let covered = about.coverage.iter().map(ToString::to_string);
            for line in covered.chain(told::origin(about)) {
                text.push_str(&format!("\n- {}", escaped(&line)));
            }
            text.push('\n');
            self.out.write_all(text.as_bytes())?;
        }
        Ok(self.out.flush()?)
    }
}

/// Foreign text as it may stand in a cell: seen as it is, on one line.
fn escaped(text: &str) -> String {
    let shown = visible(text);
    let mut written = String::with_capacity(shown.len());
    let mut before = ' ';
    let mut letters = shown.chars().peekable();
    while let Some(letter) = letters.next() {
        let is_within_word = before.is_alphanumeric() && letters.peek().is_some_and(|next| next.is_alphanumeric());
        match letter {
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '&' => written.push_str("&amp;"),
            '_' if is_within_word => written.push('_'),
            // A bare address would become a link.
            ':' if letters.peek() == Some(&'/') => written.push_str("\\:"),
            '.' if is_www(&written) => written.push_str("\\."),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '|' | '#' | '!' | '$' => written.extend(['\\', letter]),
            _ => written.push(letter),
        }
        before = letter;
    }
    written
}

fn is_www(text: &str) -> bool {
    let mut last = text.chars().rev().take(3);
    text.len() >= 3 && last.all(|letter| letter.eq_ignore_ascii_case(&'w'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Format, written};
    use crate::warehouse::Grid;

    #[test]
    fn a_text_stays_in_its_cell_and_is_no_markup() {
        let cases = [
            ("a|b", "a\\|b"),
            (
                "`x` **b** _i_ [l](u) ~~s~~",
                "\\`x\\` \\*\\*b\\*\\* \\_i\\_ \\[l\\](u) \\~\\~s\\~\\~",
            ),
            ("one\ntwo", "one\\\\ntwo"),
            ("<script>&", "&lt;script&gt;&amp;"),
            ("snake_case", "snake_case"),
            ("http://a.example WWW.a.example", "http\\://a.example WWW\\.a.example"),
            ("\u{202e}x", "\\\\u{202e}x"),
        ];
        let column = |name: &str, kind: &str| GridColumn {
            name: name.to_owned(),
            kind: kind.to_owned(),
        };
        for (text, expected) in cases {
            let grid = Grid {
                columns: vec![column("text", "VARCHAR"), column("n", "BIGINT")],
                rows: vec![vec![Cell::Text(text.to_owned()), Cell::Integer(-1)]],
            };
            let expected = format!("| text | n |\n| --- | ---: |\n| {expected} | -1 |\n");
            assert_eq!(written(&grid, None, Format::Markdown), expected);
        }
    }
}
