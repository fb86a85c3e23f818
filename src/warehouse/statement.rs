//! Reading just enough of a statement to tell whether there is exactly one, and whether it means to change something. Apart
//! from running it, because DuckDB would run all statements but the last before it says that there were several. What slips
//! through is stopped by the connection, which is read-only and locked. Pure.

use std::iter::Peekable;
use std::str::Chars;

/// Statements that change something, or the connection; the rest is DuckDB's to judge.
const CHANGING: &[&str] = &[
    "abort",
    "alter",
    "analyze",
    "attach",
    "begin",
    "call",
    "checkpoint",
    "comment",
    "commit",
    "copy",
    "create",
    "deallocate",
    "delete",
    "detach",
    "drop",
    "end",
    "execute",
    "export",
    "force",
    "grant",
    "import",
    "insert",
    "install",
    "load",
    "merge",
    "prepare",
    "replace",
    "reset",
    "revoke",
    "rollback",
    "set",
    "start",
    "truncate",
    "update",
    "use",
    "vacuum",
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Statement {
    /// One statement, by its first word not known to change anything.
    Reading,
    /// One statement that means to change something; its first word.
    Changing(String),
    None,
    Several,
}

/// What `sql` holds.
pub(super) fn classify(sql: &str) -> Statement {
    let mut letters = sql.chars().peekable();
    let mut word = String::new();
    let mut has_word = false;
    let mut filled = 0;
    let mut is_blank = true;
    let mut previous = ' ';
    while let Some(letter) = letters.next() {
        if skip_comment(letter, &mut letters) || letter.is_whitespace() {
            has_word |= !word.is_empty();
            previous = ' ';
            continue;
        }
        if letter == ';' {
            is_blank = true;
            has_word |= !word.is_empty();
            previous = ' ';
            continue;
        }
        filled += usize::from(is_blank);
        is_blank = false;
        if letter.is_ascii_alphabetic() && !has_word {
            word.push(letter.to_ascii_lowercase());
        } else {
            has_word |= !word.is_empty();
        }
        skip_quoted(letter, previous, &mut letters);
        previous = letter;
    }
    match filled {
        0 => Statement::None,
        1 if CHANGING.contains(&word.as_str()) => Statement::Changing(word),
        1 => Statement::Reading,
        _ => Statement::Several,
    }
}

/// Passes a comment that begins with `letter`; says whether there was one.
fn skip_comment(letter: char, letters: &mut Peekable<Chars<'_>>) -> bool {
    match (letter, letters.peek()) {
        ('-', Some('-')) => {
            letters.by_ref().find(|letter| *letter == '\n');
            true
        }
        ('/', Some('*')) => {
            letters.next();
            let mut before = ' ';
            letters
                .by_ref()
                .find(|letter| std::mem::replace(&mut before, *letter) == '*' && *letter == '/');
            true
        }
        _ => false,
    }
}

/// Passes the rest of a quoted text that begins with `letter`. A doubled quote reads as two texts side by side.
fn skip_quoted(letter: char, previous: char, letters: &mut Peekable<Chars<'_>>) {
    match letter {
        '\'' if matches!(previous, 'e' | 'E') => skip_escaped(letters),
        '\'' | '"' => {
            letters.by_ref().find(|next| *next == letter);
        }
        '$' if !previous.is_alphanumeric() && previous != '_' => skip_dollars(letters),
        _ => {}
    }
}

/// Passes a text in which a backslash escapes the next character.
fn skip_escaped(letters: &mut Peekable<Chars<'_>>) {
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                letters.next();
            }
            '\'' => return,
            _ => {}
        }
    }
}

/// Passes `tag$ … $tag$` after the first dollar; `$1` and `$name` are parameters, and nothing is passed.
fn skip_dollars(letters: &mut Peekable<Chars<'_>>) {
    let mut ahead = letters.clone();
    let mut tag = String::from("$");
    loop {
        match ahead.next() {
            Some('$') => break,
            Some(letter) if letter.is_alphabetic() || letter == '_' || (tag.len() > 1 && letter.is_numeric()) => {
                tag.push(letter)
            }
            _ => return,
        }
    }
    tag.push('$');
    *letters = ahead;
    let mut seen = String::new();
    for letter in letters.by_ref() {
        seen.push(letter);
        if seen.ends_with(&tag) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_told_apart() {
        let changing = |word: &str| Statement::Changing(word.to_owned());
        let cases = [
            ("", Statement::None),
            (" ;; -- nothing\n /* at; all */ ;", Statement::None),
            ("select 1", Statement::Reading),
            ("select 1;", Statement::Reading),
            ("select 1; -- done;\n", Statement::Reading),
            ("select 1; select 2", Statement::Several),
            (
                "select ';'';', \";\"\";\", E'\\';', $$;$$, $a$;$$;$a$, $1, $name;",
                Statement::Reading,
            ),
            ("select '--'; select 2", Statement::Several),
            ("select 1 /* ; */ - -1", Statement::Reading),
            ("select 1 -- ' \n; drop table t", Statement::Several),
            ("select $a; select $a", Statement::Several),
            ("select 'a\\'; drop table t", Statement::Several),
            ("select e'a\\'; drop table t'", Statement::Reading),
            ("with x as (select 1) select * from x", Statement::Reading),
            ("(select 1)", Statement::Reading),
            ("from events", Statement::Reading),
            ("selec 1", Statement::Reading),
            ("INSERT into t values (1)", changing("insert")),
            ("/* harmless */ drop table t", changing("drop")),
            ("--x\ncopy t to 'f'", changing("copy")),
            ("set x=1", changing("set")),
            ("settings", Statement::Reading),
        ];
        for (sql, expected) in cases {
            assert_eq!(classify(sql), expected, "{sql}");
        }
    }
}
