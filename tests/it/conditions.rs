//! That every condition of every report matters: without any one of those in its `where`, `on`, `having` and `qualify`, a
//! report must fail its case, or be no SQL any more. A condition that no case misses is either untested or does nothing.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;

use duckdb::Connection;
use trailhouse::sql::{self, Parameter, Report};

use super::asked::others;
use super::reports::{given, headed, warehouse};
use super::views::PROPERTIES;

#[test]
fn no_report_can_do_without_any_of_its_conditions() {
    let left: Mutex<BTreeSet<String>> = Mutex::default();
    let reports = sql::reports();
    let (some, others) = reports.split_at(reports.len() / 2);
    std::thread::scope(|scope| {
        for part in [some, others] {
            let left = &left;
            scope.spawn(move || {
                for report in part {
                    let found = survivors(report);
                    left.lock().expect("no thread has failed").extend(found);
                }
            });
        }
    });
    let left: Vec<String> = left.into_inner().expect("no thread has failed").into_iter().collect();
    assert!(left.is_empty(), "their cases pass without:\n{}", left.join("\n"));
}

#[test]
fn no_view_with_parameters_can_do_without_any_of_its_conditions() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(warehouse(folder.path(), PROPERTIES));
    let connection = tables(folder.path());
    let pairs = |pairs: &[(&str, &str)]| {
        let owned = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        owned.collect::<Vec<_>>()
    };
    let asked = [
        pairs(&[("since", "2026-06-04"), ("until", "2026-06-06")]),
        pairs(&[("since", "2026-06-03"), ("until", "2026-06-07"), ("source", "acme")]),
        pairs(&[("since", "2026-06-05"), ("until", "2026-06-08"), ("source", "other")]),
        pairs(&[("since", "2026-06-05"), ("only_followed", "true")]),
    ];
    let views: Vec<_> = sql::views().iter().filter(|view| !view.params.is_empty()).collect();
    assert_eq!(views.len(), 1, "the rows are for one");
    for view in views {
        let left = unmissed(&view.text, |text| {
            make(&connection, &view.params, text)?;
            asked.iter().map(|parameters| rows(&connection, parameters)).collect()
        });
        assert!(left.is_empty(), "{} passes without:\n{}", view.name, left.join("\n"));
    }
}

/// The conditions without which the report still gives what its case gives: as the case asks, without `source`, without
/// anything but the period, and as its further expectations ask.
fn survivors(report: &Report) -> Vec<String> {
    let (parameters, inserts) = given(&report.name);
    let folder = tempfile::tempdir().expect("a folder");
    drop(warehouse(folder.path(), &inserts));
    let connection = tables(folder.path());
    let only = |kept: fn(&str) -> bool| {
        parameters
            .iter()
            .filter(|(name, _)| kept(name))
            .cloned()
            .collect::<Vec<_>>()
    };
    let mut asked = vec![
        parameters.clone(),
        only(|name| name != "source"),
        only(|name| name == "since" || name == "until"),
    ];
    asked.extend(others(&report.name).iter().map(|path| headed(path).0));
    let left = unmissed(&report.text, |text| {
        make(&connection, &report.params, text)?;
        asked.iter().map(|parameters| rows(&connection, parameters)).collect()
    });
    left.iter().map(|left| format!("{}: {left}", report.name)).collect()
}

/// The conditions without which the statement still gives the same rows.
fn unmissed(statement: &str, rows: impl Fn(&str) -> duckdb::Result<Vec<Vec<String>>>) -> Vec<String> {
    let expected = rows(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    let mut unmissed = Vec::new();
    for Condition { place, neutral } in conditions(statement) {
        let (before, rest) = statement.split_at(place.start);
        let (condition, after) = rest.split_at(place.len());
        if rows(&format!("{before}{neutral}{after}")).is_ok_and(|found| found == expected) {
            let line = before.lines().count();
            let words: Vec<&str> = condition.split_whitespace().collect();
            unmissed.push(format!("line {line} of the statement: {}", words.join(" ")));
        }
    }
    unmissed
}

/// The warehouse of a case, in which views are tables: what they hold is worked out once and not for each attempt.
pub(super) fn tables(folder: &Path) -> Connection {
    let connection = Connection::open(folder.join("warehouse.duckdb")).expect("the warehouse opens");
    for view in sql::views().iter().filter(|view| view.params.is_empty()) {
        let table = format!(
            "create temp table {name} as select * from main.{name}",
            name = view.name
        );
        connection.execute_batch(&table).expect("a view can be read");
    }
    connection.execute_batch("set threads = 1").expect("one thread");
    connection
}

pub(super) fn make(connection: &Connection, params: &[Parameter], text: &str) -> duckdb::Result<()> {
    let parameters: Vec<String> = params
        .iter()
        .map(|one| format!("{} := {}", one.name, one.default))
        .collect();
    connection.execute_batch(&format!(
        "create or replace temp macro attempt({}) as table\n{text}",
        parameters.join(", ")
    ))
}

fn rows(connection: &Connection, parameters: &[(String, String)]) -> duckdb::Result<Vec<String>> {
    let arguments: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name} := '{value}'"))
        .collect();
    let sql = format!(
        "select cast(found as varchar) from attempt({}) as found",
        arguments.join(", ")
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement
        .query_map([], |row| row.get(0))?
        .collect::<duckdb::Result<Vec<String>>>()?;
    rows.sort();
    Ok(rows)
}

/// A condition, and what stands for it when it is taken away.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) place: Range<usize>,
    neutral: &'static str,
}

/// A word, a text, or a sign of the statement, with the parentheses and `case`s around it.
#[derive(Debug)]
struct Token<'a> {
    text: &'a str,
    place: Range<usize>,
    depth: usize,
}

const BEGINS: &[&str] = &["where", "on", "having", "qualify"];
const ENDS: &[&str] = &[
    "where",
    "group",
    "order",
    "having",
    "qualify",
    "window",
    "limit",
    "union",
    "except",
    "intersect",
    "inner",
    "full",
    "cross",
    "join",
];

/// Every condition of the statement: what `and` and `or` join, and what stands alone.
fn conditions(sql: &str) -> Vec<Condition> {
    conditions_after(sql, BEGINS)
}

/// Those that stand after one of the words.
pub(super) fn conditions_after(sql: &str, begins: &[&str]) -> Vec<Condition> {
    let tokens = tokens(sql);
    let mut found = Vec::new();
    for (place, token) in tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| begins.contains(&token.text))
    {
        let rest = tokens.get(place + 1..).unwrap_or_default();
        let ends = |(at, one): (usize, &Token<'_>)| {
            let is_join = matches!(one.text, "left" | "right") && rest.get(at + 1).is_some_and(|next| next.text != "(");
            one.depth < token.depth || (one.depth == token.depth && (ENDS.contains(&one.text) || is_join))
        };
        let end = rest.iter().enumerate().position(ends).unwrap_or(rest.len());
        split(rest.get(..end).unwrap_or_default(), "true", &mut found);
    }
    found
}

/// Notes the operands of a chain of `or`, else of `and`; `neutral` is for one that is no chain.
fn split(tokens: &[Token<'_>], neutral: &'static str, found: &mut Vec<Condition>) {
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
        return;
    };
    for (word, inner) in [("or", "false"), ("and", "true")] {
        let parts = parts(tokens, word);
        if parts.len() > 1 {
            for part in parts {
                note(part, inner, found);
            }
            return;
        }
    }
    found.push(Condition {
        place: first.place.start..last.place.end,
        neutral,
    });
}

/// Notes one operand as a whole, and what it holds where it is a chain.
fn note(tokens: &[Token<'_>], neutral: &'static str, found: &mut Vec<Condition>) {
    let is_enclosed = matches!(tokens, [open, .., close] if open.text == "(" && close.text == ")");
    let inside = tokens
        .get(1..tokens.len() - 1)
        .filter(|_| is_enclosed)
        .unwrap_or(tokens);
    if ["or", "and"].iter().all(|word| parts(inside, word).len() == 1) {
        return split(inside, neutral, found);
    }
    if let (Some(first), Some(last)) = (tokens.first(), tokens.last()) {
        found.push(Condition {
            place: first.place.start..last.place.end,
            neutral,
        });
    }
    split(inside, neutral, found);
}

/// What a word joins, but the `and` of a `between`.
fn parts<'a, 'b>(tokens: &'b [Token<'a>], word: &str) -> Vec<&'b [Token<'a>]> {
    let depth = tokens.iter().map(|token| token.depth).min().unwrap_or(0);
    let mut is_between = false;
    tokens
        .split(|token| {
            let is_joined = token.depth == depth && token.text == word && !(is_between && word == "and");
            if token.depth == depth && ["between", "and"].contains(&token.text) {
                is_between = token.text == "between";
            }
            is_joined
        })
        .collect()
}

fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let (mut rest, mut depth) = (sql, 0);
    while let Some(letter) = rest.chars().next() {
        let is_word = |one: char| one.is_alphanumeric() || one == '_' || one == '.';
        let length = match letter {
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '\'' | '"' => rest.match_indices(letter).nth(1).map_or(rest.len(), |(end, _)| end + 1),
            _ if is_word(letter) => rest.find(|one| !is_word(one)).unwrap_or(rest.len()),
            _ => letter.len_utf8(),
        };
        let at = sql.len() - rest.len();
        let (text, after) = rest.split_at(length);
        rest = after;
        if letter.is_whitespace() || text.starts_with("--") {
            continue;
        }
        if matches!(text, ")" | "end") {
            depth -= 1;
        }
        tokens.push(Token {
            text,
            place: at..at + length,
            depth,
        });
        if matches!(text, "(" | "case") {
            depth += 1;
        }
    }
    tokens
}

#[test]
fn the_conditions_of_a_statement_are_found() {
    let sql = "select left(a.b, 1) from (select 1 from e where e.x between 1 and 2 and e.y in ('a and b', 'c')) as a -- or where\n\
        left join b on a.i = b.i and case when b.j or b.k then 1 end = 1\n\
        inner join c on left(c.i, 2) = 'x'\n\
        where (p.s is null or (a.s = p.s and a.t)) and not exists (select 1 from d where d.i)\n\
        group by a.b having count(*) >= 2 order by a.b";
    let shown: Vec<(&str, &str)> = conditions(sql)
        .iter()
        .map(|one| (sql.get(one.place.clone()).expect("a place in it"), one.neutral))
        .collect();
    let expected = [
        ("e.x between 1 and 2", "true"),
        ("e.y in ('a and b', 'c')", "true"),
        ("a.i = b.i", "true"),
        ("case when b.j or b.k then 1 end = 1", "true"),
        ("left(c.i, 2) = 'x'", "true"),
        ("(p.s is null or (a.s = p.s and a.t))", "true"),
        ("p.s is null", "false"),
        ("(a.s = p.s and a.t)", "false"),
        ("a.s = p.s", "true"),
        ("a.t", "true"),
        ("not exists (select 1 from d where d.i)", "true"),
        ("d.i", "true"),
        ("count(*) >= 2", "true"),
    ];
    assert_eq!(shown, expected);
}
