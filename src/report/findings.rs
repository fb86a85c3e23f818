//! Rows that are findings: a key that stays the same from one report to the next, and what was said about it. The key is the
//! first 16 digits of the SHA-256 of a JSON array: the report's name, then `[name, value]` of each identifying column in the
//! order of the report. Values are texts, as CSV shows them without its guard; null is null.

use jiff::civil::Date;

use super::{Circumstances, Exceptions};
use crate::ledger::sha256;
use crate::sql::{Report, Severity};
use crate::warehouse::{Cell, Chunk, Grid, GridColumn};

/// What identifies a finding beside all that ends in `_id` or `_key`; where there is none of them but what tells the account
/// alone, all columns do.
const IDENTIFYING: [&str; 7] = [
    "source",
    "stream",
    "field",
    "change",
    "occurred_at",
    "local_day",
    "credential_type",
];
/// What every finding of an account has in common.
const OF_THE_ACCOUNT: [&str; 2] = ["source", "stream"];
/// The column in which a report says of each row whether it is a finding: where it is not true, it is none; without the column, all
/// are.
const IS_FINDING: &str = "is_finding";
const KEY_DIGITS: usize = 16;
const ADDED: [(&str, &str); 4] = [
    ("finding_key", "VARCHAR"),
    ("exception_reason", "VARCHAR"),
    ("exception_by", "VARCHAR"),
    ("exception_until", "DATE"),
];

/// How many of a report's rows are findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Findings {
    pub severity: Severity,
    pub total: u64,
    /// Of these, accepted on the day the report was made.
    pub accepted: u64,
    /// Whether the accepted ones were left out of the rows.
    pub new_only: bool,
    /// The day: an exception that ended before it accepts nothing.
    pub day: Option<Date>,
}

impl Findings {
    /// Findings that nobody has accepted; rows that only inform are none.
    pub fn open(&self) -> u64 {
        if self.severity == Severity::Info {
            0
        } else {
            self.total - self.accepted
        }
    }

    /// Whether there are open findings of at least this severity.
    pub fn fail(&self, least: Severity) -> bool {
        self.severity >= least && self.open() > 0
    }
}

/// Appends to each row its key and what was said about it.
pub(super) struct Marking<'a> {
    report: String,
    findings: Findings,
    exceptions: &'a Exceptions,
}

impl<'a> Marking<'a> {
    /// Nothing is marked in a report without a severity.
    pub(super) fn of(report: &Report, new_only: bool, circumstances: &'a Circumstances) -> Option<Self> {
        let now = jiff::Timestamp::from_microsecond(circumstances.now).ok();
        Some(Self {
            report: report.name.clone(),
            findings: Findings {
                severity: report.severity?,
                total: 0,
                accepted: 0,
                new_only,
                day: now.map(|now| now.to_zoned(circumstances.zone.clone()).date()),
            },
            exceptions: &circumstances.exceptions,
        })
    }

    pub(super) fn mark(&mut self, chunk: Chunk) -> Grid {
        self.marked(chunk.into_roomy_grid(ADDED.len()))
    }

    fn marked(&mut self, mut chunk: Grid) -> Grid {
        let identifying = identifying(&chunk.columns);
        let told = chunk.columns.iter().position(tells);
        let mut kept = Vec::with_capacity(chunk.rows.len());
        for mut row in chunk.rows {
            if told.is_some_and(|place| row.get(place) != Some(&Cell::Boolean(true))) {
                row.extend(ADDED.map(|_| Cell::Null));
                kept.push(row);
                continue;
            }
            let key = key(&self.report, &identifying, &row);
            let exception = self.exceptions.of(&self.report, &key);
            let is_accepted = exception
                .zip(self.findings.day)
                .is_some_and(|(exception, today)| today <= exception.until);
            self.findings.total += 1;
            self.findings.accepted += u64::from(is_accepted);
            if is_accepted && self.findings.new_only {
                continue;
            }
            row.push(Cell::Text(key));
            match exception {
                Some(exception) => row.extend([
                    Cell::Text(exception.reason.clone()),
                    Cell::Text(exception.by.clone()),
                    Cell::Date(days(exception.until)),
                ]),
                None => row.extend([Cell::Null, Cell::Null, Cell::Null]),
            }
            kept.push(row);
        }
        let added = ADDED.map(|(name, kind)| GridColumn {
            name: name.to_owned(),
            kind: kind.to_owned(),
        });
        chunk.columns.extend(added);
        Grid {
            columns: chunk.columns,
            rows: kept,
        }
    }

    pub(super) fn findings(self) -> Findings {
        self.findings
    }
}

/// Whether a column says which rows are findings. One of that name that cannot say it says nothing, so that no finding is hidden.
fn tells(column: &GridColumn) -> bool {
    column.name == IS_FINDING && column.kind == "BOOLEAN"
}

/// What keeps findings of such columns from being told as the header promises.
pub(super) fn fault(columns: &[GridColumn]) -> Option<String> {
    let added = columns
        .iter()
        .find(|column| ADDED.iter().any(|(name, _)| *name == column.name));
    let told = columns
        .iter()
        .find(|column| column.name == IS_FINDING && !tells(column));
    added
        .map(|column| {
            format!(
                "`{}` is a column that every report with a severity is given",
                column.name
            )
        })
        .or_else(|| told.map(|column| format!("`{IS_FINDING}` is {}, not BOOLEAN", column.kind)))
}

/// What stands before the value of each column in the text of a key; `None` for those that do not identify.
fn identifying(columns: &[GridColumn]) -> Vec<Option<Vec<u8>>> {
    let is_identifying = |column: &GridColumn| {
        let name = column.name.as_str();
        IDENTIFYING.contains(&name) || name.ends_with("_id") || name.ends_with("_key")
    };
    let tells_apart = |column: &GridColumn| is_identifying(column) && !OF_THE_ACCOUNT.contains(&column.name.as_str());
    let are_told_apart = columns.iter().any(tells_apart);
    let before = |column: &GridColumn| {
        let mut text = b",[".to_vec();
        quote(&column.name, &mut text);
        text.push(b',');
        (is_identifying(column) || !are_told_apart).then_some(text)
    };
    columns.iter().map(before).collect()
}

fn key(report: &str, identifying: &[Option<Vec<u8>>], row: &[Cell]) -> String {
    let mut text = Vec::with_capacity(256);
    text.push(b'[');
    quote(report, &mut text);
    let identifying = identifying.iter().zip(row);
    for (before, cell) in identifying.filter_map(|(before, cell)| before.as_ref().zip(Some(cell))) {
        text.extend_from_slice(before);
        match cell {
            Cell::Null => text.extend_from_slice(b"null"),
            Cell::Text(value) => quote(value, &mut text),
            cell => quote(&cell.to_string(), &mut text),
        }
        text.push(b']');
    }
    text.push(b']');
    let mut key = sha256(&text);
    key.truncate(KEY_DIGITS);
    key
}

/// Appends a text as JSON has it.
fn quote(text: &str, to: &mut Vec<u8>) {
    serde_json::to_writer(to, text).expect("a text has a form as JSON, and memory takes it");
}

/// Days since 1970-01-01.
fn days(date: Date) -> i32 {
    let since = date.since(jiff::civil::date(1970, 1, 1));
    since.map_or(0, |span| span.get_days())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(names: &[&str]) -> Vec<GridColumn> {
        let column = |name: &&str| GridColumn {
            name: (*name).to_owned(),
            kind: "VARCHAR".to_owned(),
        };
        names.iter().map(column).collect()
    }

    fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    fn key_of(names: &[&str], row: &[Cell]) -> String {
        key("r", &identifying(&columns(names)), row)
    }

    #[test]
    fn a_key_is_made_of_what_identifies_and_of_nothing_else() {
        let names = ["source", "actor_name", "event_id"];
        let one = key_of(&names, &[text("a"), text("Ada"), text("1")]);
        // printf '["r",["source","a"],["event_id","1"]]' | sha256sum
        assert_eq!(one, "670a229f31752159");
        assert_eq!(one, key_of(&names, &[text("a"), text("Ada Lovelace"), text("1")]));
        let others = [
            [text("b"), text("Ada"), text("1")],
            [text("a"), text("Ada"), text("2")],
            [text("a"), text("Ada"), Cell::Null],
        ];
        for other in others {
            assert_ne!(one, key_of(&names, &other));
        }
        // what tells the account alone tells no finding from another of it
        let counted = ["source", "actor_name", "exports"];
        assert_ne!(
            key_of(&counted, &[text("a"), text("Ada"), Cell::Integer(1)]),
            key_of(&counted, &[text("a"), text("Bob"), Cell::Integer(1)])
        );
        let all = ["actor_name", "action"];
        assert_ne!(
            key_of(&all, &[text("Ada"), text("x")]),
            key_of(&all, &[text("Ada"), text("y")])
        );
    }

    #[test]
    fn a_row_that_says_it_is_no_finding_has_no_key_and_does_not_count() {
        let exceptions = Exceptions::default();
        let mut marking = Marking {
            report: "r".to_owned(),
            findings: Findings {
                severity: Severity::High,
                total: 0,
                accepted: 0,
                new_only: true,
                day: None,
            },
            exceptions: &exceptions,
        };
        let row = |id: &str, is_finding: Cell| vec![text(id), is_finding];
        let mut told = columns(&["event_id", "is_finding"]);
        told[1].kind = "BOOLEAN".to_owned();
        let rows = [Cell::Boolean(true), Cell::Boolean(false), Cell::Null];
        let marked = marking.marked(Grid {
            columns: told.clone(),
            rows: rows.map(|is_finding| row("1", is_finding)).to_vec(),
        });
        let has_key: Vec<bool> = marked.rows.iter().map(|row| row[2] != Cell::Null).collect();
        assert_eq!(has_key, [true, false, false]);
        let vague = marking.marked(Grid {
            columns: columns(&["event_id", "is_finding"]),
            rows: vec![row("1", text("no"))],
        });
        assert_eq!((vague.rows[0][2] == Cell::Null, marking.findings().total), (false, 2));
        let is_told = |columns: &[GridColumn]| fault(columns).unwrap_or_default();
        assert_eq!(is_told(&told), "");
        assert!(is_told(&columns(&["is_finding"])).contains("is VARCHAR, not BOOLEAN"));
        assert!(is_told(&columns(&["exception_by"])).starts_with("`exception_by` is a column that every report"));
        assert!(marked.rows.iter().all(|row| row.len() == marked.columns.len()));
    }

    #[test]
    fn a_date_is_counted_from_1970() {
        assert_eq!(days(jiff::civil::date(2026, 7, 15)), 20_649);
        assert_eq!(days(jiff::civil::date(1969, 12, 31)), -1);
    }
}
