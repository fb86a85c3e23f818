//! XLSX: sheets of rows with real numbers and times, and a sheet `About`. Apart from the others because Excel has limits that
//! must be told and not met in silence, and because nothing of a value may become a formula or a link: every text is written
//! as a text, guarded as in CSV, for sheets are saved as CSV too.

use std::borrow::Cow;
use std::io::Write;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet};

use super::csv::guarded;
use super::table::{acts, is_number};
use super::{Out, RenderError, Writer, told};
use crate::report::About;
use crate::schema::{DAY, Micros, SECOND, format_time};
use crate::warehouse::{Cell, GridColumn};

/// Of a sheet, its header among them.
const MOST_ROWS: u32 = 1_048_576;
const MOST_COLUMNS: usize = 16_384;
/// Of a cell, as Excel counts them.
const MOST_UNITS: usize = 32_767;
/// Integers of more digits would be rounded.
const EXACT: i128 = 999_999_999_999_999;
/// Days from Excel's day 0 to 1970-01-01.
const DAYS_TO_1970: i32 = 25_569;
/// Before 1900-03-01 its calendar is wrong; after 9999-12-31 it has none.
const EXCEL_DAYS: std::ops::Range<i32> = 61..2_958_466;
const WIDTHS: std::ops::RangeInclusive<usize> = 12..=40;
const TIME_WIDTH: f64 = 20.0;

pub(super) struct Xlsx<'a> {
    out: Out<'a>,
    workbook: Workbook,
    sheet: Worksheet,
    columns: Vec<GridColumn>,
    row: u32,
    sheets: u32,
    cut_cells: u64,
    formats: Formats,
}

struct Formats {
    header: Format,
    time: Format,
    date: Format,
    wrapped: Format,
}

impl<'a> Xlsx<'a> {
    pub(super) fn new(out: Out<'a>) -> Self {
        let formats = Formats {
            header: Format::new().set_bold(),
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            date: Format::new().set_num_format("yyyy-mm-dd"),
            wrapped: Format::new().set_text_wrap().set_align(FormatAlign::Top),
        };
        let mut workbook = Workbook::new();
        workbook.use_zip_large_file(true);
        Self {
            out,
            workbook,
            sheet: Worksheet::new(),
            columns: Vec::new(),
            row: 0,
            sheets: 0,
            cut_cells: 0,
            formats,
        }
    }

    /// Begins a sheet of rows with its header.
    fn open_sheet(&mut self) -> Result<(), RenderError> {
        self.sheets += 1;
        let mut sheet = self.workbook.new_worksheet_with_constant_memory()?;
        sheet.set_name(match self.sheets {
            1 => "Rows".to_owned(),
            number => format!("Rows {number}"),
        })?;
        sheet.set_freeze_panes(1, 0)?;
        for (at, column) in self.columns.iter().enumerate() {
            let at = column_number(at)?;
            sheet.set_column_width(at, width(column))?;
            sheet.write_string_with_format(0, at, fitting(&guarded(&column.name)).0, &self.formats.header)?;
        }
        self.sheet = sheet;
        self.row = 1;
        Ok(())
    }

    fn close_sheet(&mut self) -> Result<(), RenderError> {
        if let Some(last) = self.columns.len().checked_sub(1) {
            self.sheet
                .autofilter(0, 0, self.row.saturating_sub(1), column_number(last)?)?;
        }
        self.workbook.push_worksheet(mem::take(&mut self.sheet));
        Ok(())
    }

    fn write_row(&mut self, row: &[Cell]) -> Result<(), RenderError> {
        if self.row == MOST_ROWS {
            self.close_sheet()?;
            self.open_sheet()?;
        }
        for (at, cell) in row.iter().enumerate() {
            self.write_cell(column_number(at)?, cell)?;
        }
        self.row += 1;
        Ok(())
    }

    fn write_cell(&mut self, column: u16, cell: &Cell) -> Result<(), RenderError> {
        let (row, sheet) = (self.row, &mut self.sheet);
        match cell {
            Cell::Null => {}
            Cell::Boolean(value) => {
                sheet.write_boolean(row, column, *value)?;
            }
            Cell::Integer(number) if number.abs() <= EXACT => {
                sheet.write_number(row, column, exact(*number))?;
            }
            Cell::Float(number) if number.is_finite() => {
                sheet.write_number(row, column, *number)?;
            }
            Cell::Timestamp(at) | Cell::LocalTime(at) if serial(*at).is_some() => {
                let at = serial(*at).unwrap_or_default();
                sheet.write_number_with_format(row, column, at, &self.formats.time)?;
            }
            Cell::Date(days) if is_known_day(*days) => {
                let day = f64::from(days + DAYS_TO_1970);
                sheet.write_number_with_format(row, column, day, &self.formats.date)?;
            }
            other => {
                let text = match other {
                    Cell::Text(text) => guarded(text),
                    other => Cow::Owned(other.to_string()),
                };
                let (text, is_cut) = fitting(&text);
                self.cut_cells += u64::from(is_cut);
                sheet.write_string(row, column, text)?;
            }
        }
        Ok(())
    }

    fn write_about(&mut self, about: Option<&About>) -> Result<(), RenderError> {
        let mut facts = about.map(facts).unwrap_or_default();
        if self.sheets > 1 {
            let more = format!(
                "a sheet holds {MOST_ROWS} rows: they go on in {} further sheets",
                self.sheets - 1
            );
            facts.push(("sheets".to_owned(), more));
        }
        if self.cut_cells > 0 {
            let cut = format!(
                "{} texts are longer than the {MOST_UNITS} characters a cell holds, and cut",
                self.cut_cells
            );
            facts.push(("cut".to_owned(), cut));
        }
        if facts.is_empty() {
            return Ok(());
        }
        let sheet = self.workbook.add_worksheet();
        sheet
            .set_name("About")?
            .set_column_width(0, 20.0)?
            .set_column_width(1, 110.0)?;
        for (row, (name, text)) in (0..).zip(&facts) {
            sheet.write_string_with_format(row, 0, name, &self.formats.header)?;
            sheet.write_string_with_format(row, 1, fitting(&guarded(text)).0, &self.formats.wrapped)?;
        }
        Ok(())
    }
}

impl Writer for Xlsx<'_> {
    fn begin(&mut self, columns: &[GridColumn], about: Option<&About>) -> Result<(), RenderError> {
        if columns.len() > MOST_COLUMNS {
            let many = format!("a sheet holds {MOST_COLUMNS} columns, not {}", columns.len());
            return Err(std::io::Error::other(many).into());
        }
        self.columns = columns.to_vec();
        let mut properties = DocProperties::new().set_author(concat!("trailhouse ", env!("CARGO_PKG_VERSION")));
        // Without a report there is no time of its own, and two files of the same rows are the same.
        let made_at = about.map_or(0, |about| about.made_at.div_euclid(SECOND));
        properties = properties.set_creation_datetime(&ExcelDateTime::from_timestamp(made_at)?);
        if let Some(about) = about {
            properties = properties.set_title(fitting(&about.report.title).0);
        }
        self.workbook.set_properties(&properties);
        self.open_sheet()
    }

    fn rows(&mut self, rows: &[Vec<Cell>]) -> Result<(), RenderError> {
        spooled(|| rows.iter().try_for_each(|row| self.write_row(row)))
    }

    fn end(&mut self, about: Option<&About>) -> Result<(), RenderError> {
        self.close_sheet()?;
        self.write_about(about)?;
        spooled(|| {
            match &mut self.out {
                Out::File(file) => self.workbook.save_to_writer(file)?,
                Out::Stream(stream) => stream.write_all(&self.workbook.save_to_buffer()?)?,
            }
            Ok(self.out.flush()?)
        })
    }
}

/// Does what writes rows, which the crate keeps in a temporary file: where that cannot grow, it panics.
fn spooled<T>(write: impl FnOnce() -> Result<T, RenderError>) -> Result<T, RenderError> {
    let full = |_panic| {
        let what =
            "its rows are kept in the folder for temporary files (TMPDIR) until they are all there, which cannot grow";
        Err(std::io::Error::other(what).into())
    };
    catch_unwind(AssertUnwindSafe(write)).unwrap_or_else(full)
}

/// Name and text of what a report says about itself; a gap stands first.
fn facts(about: &About) -> Vec<(String, String)> {
    let fact = |name: &str, text: String| (name.to_owned(), text);
    let mut facts: Vec<(String, String)> = Vec::new();
    facts.extend(about.gap_sentence().map(|gaps| fact("incomplete", gaps)));
    facts.extend(about.gaps.iter().map(|gap| fact("gap", gap.to_string())));
    facts.push(fact("report", about.report.name.clone()));
    facts.push(fact("title", about.report.title.clone()));
    facts.push(fact("question", about.report.question.clone()));
    facts.push(fact("since", format_time(about.interval.since)));
    facts.push(fact("until", format_time(about.interval.until)));
    facts.extend(told::given(about).map(|(name, value)| fact(name, value.to_owned())));
    facts.extend(about.empty_sentence().map(|sentence| fact("rows", sentence)));
    facts.push(fact("row_count", about.rows.to_string()));
    facts.extend(
        about
            .findings
            .as_ref()
            .map(|findings| fact("findings", told::findings(findings))),
    );
    facts.extend(told::sample(about).map(|sample| fact("sample", sample)));
    facts.extend(
        about
            .coverage
            .iter()
            .map(|covered| fact("coverage", covered.to_string())),
    );
    facts.push(fact("rejects", format!("{} records could not be read", about.rejects)));
    facts.push(fact("ledger_head", told::head(about)));
    facts.push(fact("made_at", format_time(about.made_at)));
    facts.push(fact("version", about.version.clone()));
    facts.push(fact("times", "in UTC, but in columns that end in _local".to_owned()));
    facts.extend(about.report.notes.iter().map(|notes| fact("notes", notes.clone())));
    facts
}

fn column_number(at: usize) -> Result<u16, RenderError> {
    u16::try_from(at).map_err(|error| std::io::Error::other(error).into())
}

fn width(column: &GridColumn) -> f64 {
    if column.is_time() {
        return TIME_WIDTH;
    }
    let name = column.name.chars().count() + 4;
    let wanted = if is_number(&column.kind) { name } else { name.max(24) };
    let units = wanted.clamp(*WIDTHS.start(), *WIDTHS.end());
    u16::try_from(units).map_or(TIME_WIDTH, f64::from)
}

/// A text as a cell can hold it, and whether it was cut: no control characters but line breaks and tabs, no more characters
/// than Excel takes.
fn fitting(text: &str) -> (String, bool) {
    let mut fitted = String::with_capacity(text.len().min(MOST_UNITS));
    let mut units = 0;
    let room = MOST_UNITS - 40;
    let mut is_cut = false;
    for letter in text.chars() {
        let is_plain = matches!(letter, '\n' | '\t') || !(acts(letter) || matches!(letter, '\u{fffe}' | '\u{ffff}'));
        let shown: String = if is_plain {
            letter.into()
        } else {
            letter.escape_unicode().collect()
        };
        let length: usize = shown.chars().map(char::len_utf16).sum();
        if units + length > room {
            is_cut = true;
            break;
        }
        units += length;
        fitted.push_str(&shown);
    }
    if is_cut {
        fitted.push_str(&format!("… [cut: {} characters]", text.chars().count()));
    }
    (fitted, is_cut)
}

/// An integer of at most 15 digits.
fn exact(number: i128) -> f64 {
    const THOUSANDS: i128 = 1_000_000_000;
    let part = |number: i128| i32::try_from(number).map_or(0.0, f64::from);
    part(number.div_euclid(THOUSANDS)) * 1e9 + part(number.rem_euclid(THOUSANDS))
}

fn is_known_day(days: i32) -> bool {
    days.checked_add(DAYS_TO_1970)
        .is_some_and(|day| EXCEL_DAYS.contains(&day))
}

/// Excel's number of an instant: days and a fraction, exact to the millisecond.
fn serial(at: Micros) -> Option<f64> {
    let days = i32::try_from(at.div_euclid(DAY))
        .ok()
        .filter(|days| is_known_day(*days))?;
    let milliseconds = i32::try_from(at.rem_euclid(DAY) / 1_000).ok()?;
    Some(f64::from(days + DAYS_TO_1970) + f64::from(milliseconds) / 86_400_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_what_they_are_within_the_limits_of_a_cell() {
        assert_eq!(exact(EXACT), 999_999_999_999_999.0);
        assert_eq!(exact(-EXACT), -999_999_999_999_999.0);
        assert_eq!(exact(-1), -1.0);
        assert_eq!(serial(1_784_118_600_000_000), Some(46_218.520_833_333_336));
        assert_eq!(serial(Micros::MIN), None);
        assert_eq!(fitting("a\u{202e}b\u{0}\nc\u{ffff}").0, "a\\u{202e}b\\u{0}\nc\\u{ffff}");
        let (cut, is_cut) = fitting(&"😀".repeat(40_000));
        assert!(is_cut && cut.ends_with("… [cut: 40000 characters]"));
        assert!(cut.encode_utf16().count() <= MOST_UNITS);
        assert_eq!(
            fitting(&"x".repeat(MOST_UNITS - 40)),
            ("x".repeat(MOST_UNITS - 40), false)
        );
    }
}
