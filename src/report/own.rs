//! A user's own reports: SQL files with the header of the bundled ones, from the folders the configuration names. Everything
//! that can be wrong with one is found here and told with the file and what to do, before any of it runs. DuckDB itself reads
//! the statement; it runs as a macro that lives in this connection alone, on a warehouse that is open for reading only.

mod columns;

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{ReportError, findings, texts};
use crate::sql::{self, Parameter, Report};
use crate::warehouse::{Cell, GridColumn, Warehouse, WarehouseError};

const MOST_BYTES: u64 = 1 << 20;
const ENDING: &str = "sql";

const SYNTAX: &str = "select json_serialize_sql(cast($text as varchar)) as tree";

/// What a report can read, also with its schema before it.
const READABLE: &str = "
    select t.table_name as name
    from information_schema.tables as t
    union
    select t.table_schema || '.' || t.table_name as name
    from information_schema.tables as t
    union
    select f.function_name as name
    from duckdb_functions() as f
    where f.function_type = 'table_macro'";

/// What is wrong with a file, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnFault {
    what: String,
    hint: &'static str,
}

impl OwnFault {
    fn new(what: impl Into<String>, hint: &'static str) -> Self {
        Self {
            what: what.into(),
            hint,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        self.hint.to_owned()
    }
}

impl fmt::Display for OwnFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.what)
    }
}

/// The files of the user's reports, by name. A folder that is not there is an error, for somebody configured it.
pub fn own_reports(folders: &[PathBuf]) -> Result<Vec<PathBuf>, ReportError> {
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in folders {
        let unreadable = |error: std::io::Error| ReportError::Own {
            file: folder.clone(),
            fault: OwnFault::new(
                format!("the folder cannot be read: {error}"),
                "`[reports] directories` of the configuration names it; paths there are relative to that file",
            ),
        };
        for item in std::fs::read_dir(folder).map_err(unreadable)? {
            let path = item.map_err(unreadable)?.path();
            if path.extension().is_some_and(|ending| ending == ENDING) {
                files.push(path);
            }
        }
    }
    files.sort_by(|one, other| one.file_stem().cmp(&other.file_stem()).then(one.cmp(other)));
    Ok(files)
}

/// The user's report of a name, else the bundled one of that name.
pub fn find_own(folders: &[PathBuf], name: &str) -> Result<Report, ReportError> {
    if sql::report(name).is_none() {
        let files = own_reports(folders)?;
        let of_name: Vec<&PathBuf> = files
            .iter()
            .filter(|file| file.file_stem().is_some_and(|stem| stem == name))
            .collect();
        match of_name.as_slice() {
            [] => {}
            [file] => return read_own(file),
            [first, second, ..] => {
                let what = format!("another file of that name is {}", first.display());
                return Err(ReportError::Own {
                    file: (*second).clone(),
                    fault: OwnFault::new(what, "rename one of the two"),
                });
            }
        }
    }
    super::find(name).cloned()
}

/// Reads one file, its header, and whether it is a single statement.
pub fn read_own(file: &Path) -> Result<Report, ReportError> {
    read(file).map_err(|fault| ReportError::Own {
        file: file.to_owned(),
        fault,
    })
}

fn read(file: &Path) -> Result<Report, OwnFault> {
    let text = text_of(file)?;
    let name = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let mut letters = name.chars();
    let is_name = letters.next().is_some_and(|first| first.is_ascii_lowercase())
        && letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    if !is_name || file.extension().is_none_or(|ending| ending != ENDING) {
        return Err(OwnFault::new(
            "the name of the file is no name for a report",
            "name it like monthly_logins.sql: small letters, digits and underscores",
        ));
    }
    if sql::report(name).is_some() {
        return Err(OwnFault::new(
            format!("a bundled report is called `{name}`"),
            "rename the file; a bundled report cannot be replaced",
        ));
    }
    let report = sql::report_of(name, &text).map_err(|error| {
        OwnFault::new(
            error.what(),
            "a report begins with lines `-- key: value` (title, question, grain, params, reads; severity, chart and notes \
             where they apply), then an empty line; `trailhouse report show top_actors` shows one",
        )
    })?;
    if let Some(chart) = report.chart.as_ref().filter(|chart| !is_chart(chart)) {
        return Err(OwnFault::new(
            format!("`chart: {chart}` is no chart"),
            "write `bar x y` or `bar x y colour` by the names of columns; `line` and `area` are known too",
        ));
    }
    // The statement keeps its lines, so that DuckDB's messages name those of the file.
    let before = text.split_once("\n\n").map_or("", |(header, _)| header);
    let blank = "\n".repeat(before.lines().count() + 1);
    let body = text.strip_prefix(before).unwrap_or_default().trim_end();
    Ok(Report {
        text: blank + body.trim_start_matches('\n').trim_end_matches(';'),
        file: Some(file.to_owned()),
        ..report
    })
}

/// `kind x y [colour]`.
fn is_chart(chart: &str) -> bool {
    let words: Vec<&str> = chart.split_whitespace().collect();
    (3..=4).contains(&words.len()) && ["bar", "line", "area"].iter().any(|kind| words.first() == Some(kind))
}

fn text_of(file: &Path) -> Result<String, OwnFault> {
    let hint = "a report is one small text file in UTF-8";
    let mut text = String::new();
    // Opening a pipe would wait for whoever writes into it.
    if file.metadata().is_ok_and(|found| !found.is_file()) {
        return Err(OwnFault::new("is no file", hint));
    }
    let opened = std::fs::File::open(file).and_then(|opened| opened.take(MOST_BYTES + 1).read_to_string(&mut text));
    opened.map_err(|error| OwnFault::new(format!("cannot be read: {error}"), hint))?;
    if u64::try_from(text.len()).is_ok_and(|bytes| bytes > MOST_BYTES) {
        return Err(OwnFault::new("is over 1 MiB", hint));
    }
    Ok(text.trim_start_matches('\u{feff}').replace("\r\n", "\n"))
}

/// Checks all of a user's report but its rows: that DuckDB can read it, that it only reads, that its columns are qualified,
/// that every parameter can be bound, that its rows have an order, that what its header names is there.
pub fn check(warehouse: &Warehouse, report: &Report) -> Result<(), ReportError> {
    prepare(warehouse, report)?;
    let unset = report.params.iter().map(|parameter| (parameter.name.clone(), None));
    let sql = format!("select * from ({}) as checked limit 0", sql::call_sql(report));
    let ran = warehouse.query(&sql, &unset.collect::<Vec<_>>());
    let result = ran.map_err(|error| explained(report, error))?;
    let Some(file) = report.file.clone() else {
        return Ok(());
    };
    match unkept(warehouse, report, &result.columns)? {
        None => Ok(()),
        Some(fault) => Err(ReportError::Own { file, fault }),
    }
}

/// What the header or the form of a report promises, and its statement does not keep, although it can be run.
fn unkept(warehouse: &Warehouse, report: &Report, columns: &[GridColumn]) -> Result<Option<OwnFault>, WarehouseError> {
    let tree = tree_of(warehouse, report)?;
    if !columns::is_ordered(&tree) {
        let hint = "end it with `order by`, by columns that tell each row from every other: \
                    without it two runs may give the rows in two orders";
        return Ok(Some(OwnFault::new("its rows have no order", hint)));
    }
    if let Some(fault) = report.severity.and_then(|_| findings::fault(columns)) {
        let hint = "name the column in another way, or make it a boolean that is true for findings";
        return Ok(Some(OwnFault::new(fault, hint)));
    }
    let readable = warehouse.query(READABLE, &[])?;
    let readable: Vec<String> = texts(&readable);
    if let Some(name) = report.reads.iter().find(|name| !readable.contains(name)) {
        let hint = "`trailhouse describe` lists the tables, views and columns there are";
        return Ok(Some(OwnFault::new(format!("there is no `{name}` to read"), hint)));
    }
    let unused = |parameter: &&Parameter| !columns::is_named(&tree, &parameter.name);
    if let Some(parameter) = report.params.iter().find(unused) {
        let hint = "use it, or take it out of `params`: who sets it would be shown rows that do not keep to it";
        let what = format!("the parameter `{}` has no effect", parameter.name);
        return Ok(Some(OwnFault::new(what, hint)));
    }
    let chart = report.chart.as_deref().unwrap_or_default();
    let drawn = chart.split_whitespace().skip(1);
    let missing = drawn
        .into_iter()
        .find(|name| columns.iter().all(|column| column.name != *name));
    Ok(missing.map(|name| {
        let known: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        OwnFault::new(
            format!(
                "`chart: {chart}` draws `{name}`, which is no column of it ({})",
                known.join(", ")
            ),
            "write the names of columns of the result",
        )
    }))
}

/// Makes the macro of a user's report; a bundled one has its own in the warehouse.
pub(super) fn prepare(warehouse: &Warehouse, report: &Report) -> Result<(), ReportError> {
    let Some(file) = &report.file else {
        return Ok(());
    };
    // Defining it first refuses what is no single reading statement, in the words of a query.
    warehouse
        .define(&report.name, &sql::declared(report), &report.text)
        .map_err(|error| explained(report, error))?;
    let tree = tree_of(warehouse, report)?;
    let parameters: Vec<&str> = report.params.iter().map(|parameter| parameter.name.as_str()).collect();
    match columns::unqualified(&tree, &parameters) {
        None => Ok(()),
        Some(column) => {
            let before = report.text.get(..column.offset).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let what = format!("line {line}: `{}` does not say of which table it is", column.name);
            let hint = if parameters.contains(&column.name.as_str()) {
                "a parameter stands for a column of its name: cast parameters in a first step \
                 (`with p as (select cast(since as timestamp) as since)`) and write `p.` before them"
            } else {
                "write `e.action`, not `action`: a parameter of the same name would stand for it unseen"
            };
            Err(ReportError::Own {
                file: file.clone(),
                fault: OwnFault::new(what, hint),
            })
        }
    }
}

/// The statement as DuckDB reads it.
fn tree_of(warehouse: &Warehouse, report: &Report) -> Result<Value, WarehouseError> {
    let tree = warehouse.query(SYNTAX, &[("text".to_owned(), Some(report.text.clone()))])?;
    Ok(match tree.rows.first().and_then(|row| row.first()) {
        Some(Cell::Json(tree)) => tree.clone(),
        other => serde_json::from_str(&other.map(Cell::to_string).unwrap_or_default()).unwrap_or_default(),
    })
}

/// DuckDB's words about a user's statement, with the file.
fn explained(report: &Report, error: WarehouseError) -> ReportError {
    let (what, hint) = match (&report.file, &error) {
        (Some(_), WarehouseError::Query { message }) => {
            let hint = if message.contains("more than one statement") {
                "a report is one `select`; make a file for each"
            } else if message.contains("Parser Error") {
                "correct the SQL; lines are counted from the begin of the file"
            } else {
                "`trailhouse describe` lists the tables, views and columns there are"
            };
            (message.clone(), hint)
        }
        (Some(_), WarehouseError::Refused { reason, .. }) => (
            format!("a report only reads: {reason}"),
            "a report is one `select` that ends in `order by`, and sees the warehouse alone",
        ),
        _ => return error.into(),
    };
    ReportError::Own {
        file: report.file.clone().unwrap_or_default(),
        fault: OwnFault::new(what, hint),
    }
}
