//! The rules for report files: the header, one statement, its order, its case of letters. Pure.

const KEYS: &[&str] = &[
    "title", "question", "grain", "params", "reads", "severity", "chart", "notes",
];
const REQUIRED: &[&str] = &["title", "question", "grain", "params", "reads"];
const SEVERITIES: &[&str] = &["info", "low", "medium", "high"];

/// What a report file breaks; `path` only names it.
pub(super) fn report_breaks(path: &str, text: &str) -> Vec<String> {
    let Some((header, body)) = text.split_once("\n\n") else {
        return vec![format!("{path}: no blank line after the header")];
    };
    let mut found = header_breaks(header);
    found.extend(statement_breaks(body));
    found.into_iter().map(|finding| format!("{path}: {finding}")).collect()
}

fn header_breaks(header: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for line in header.lines() {
        match line.strip_prefix("-- ").and_then(|rest| rest.split_once(": ")) {
            None => found.push(format!("`{line}` is no `-- key: value`")),
            Some((key, _)) if !KEYS.contains(&key) => found.push(format!("unknown key `{key}`")),
            Some((key, _)) if seen.contains(&key) => found.push(format!("`{key}` stands twice")),
            Some((key, value)) => {
                seen.push(key);
                found.extend(value_break(key, value.trim()));
            }
        }
    }
    found.extend(
        REQUIRED
            .iter()
            .filter(|key| !seen.contains(key))
            .map(|key| format!("no `{key}`")),
    );
    found
}

fn value_break(key: &str, value: &str) -> Option<String> {
    let is_wrong = match key {
        "severity" => !SEVERITIES.contains(&value),
        "chart" => !(3..=4).contains(&value.split_whitespace().count()),
        "params" => !value.split(',').all(is_parameter),
        "question" => !value.ends_with('?'),
        _ => value.is_empty(),
    };
    is_wrong.then(|| format!("`{key}: {value}` is not what the key asks for"))
}

/// `name type = default`.
fn is_parameter(text: &str) -> bool {
    let sides = text.split_once('=');
    sides.is_some_and(|(name, default)| name.split_whitespace().count() >= 2 && !default.trim().is_empty())
}

fn statement_breaks(body: &str) -> Vec<String> {
    let code = blanked(body);
    let mut found = Vec::new();
    let code_words = words(code.trim_end().trim_end_matches(';'));
    let top: Vec<&str> = code_words
        .iter()
        .filter(|(depth, _)| *depth == 0)
        .map(|(_, word)| word.as_str())
        .collect();
    if code.trim_end().trim_end_matches(';').contains(';') {
        found.push("more than one statement".to_owned());
    }
    if !matches!(top.first(), Some(&"select" | &"with")) {
        found.push("the statement begins with neither `select` nor `with`".to_owned());
    }
    let order = top.windows(2).rposition(|pair| pair == ["order", "by"]);
    let tail = order.and_then(|at| top.get(at..)).unwrap_or_default();
    if order.is_none()
        || tail
            .iter()
            .any(|word| ["select", "from", "where", "union", "having"].contains(word))
    {
        found.push("the statement does not end in `order by`".to_owned());
    }
    let upper = code_words.iter().find(|(_, word)| word.contains(char::is_uppercase));
    found.extend(upper.map(|(_, word)| format!("`{word}` is not lower case")));
    found
}

/// The words of the code, each with the number of parentheses around it.
fn words(code: &str) -> Vec<(usize, String)> {
    let mut depth: usize = 0;
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut in_word = false;
    for c in code.chars() {
        let is_word = c.is_alphanumeric() || c == '_';
        match (is_word, in_word, found.last_mut()) {
            (true, true, Some((_, word))) => word.push(c),
            (true, _, _) => found.push((depth, c.to_string())),
            _ => {}
        }
        in_word = is_word;
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    found
}

/// Without comments, strings and quoted names.
fn blanked(sql: &str) -> String {
    let mut code = String::with_capacity(sql.len());
    for line in sql.lines() {
        let mut quote = None;
        let mut rest = line.chars().peekable();
        while let Some(c) = rest.next() {
            match (quote, c) {
                (None, '-') if rest.peek() == Some(&'-') => break,
                (None, '\'' | '"') => quote = Some(c),
                (None, _) => code.push(c),
                (Some(open), _) if open == c => quote = None,
                _ => {}
            }
        }
        code.push('\n');
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "-- title: T\n-- question: Who did it?\n-- grain: one row per event\n\
        -- params: since timestamp = null, source varchar = null\n-- reads: events";
    const BODY: &str =
        "with p as (\n    select 1 as one -- ; A\n)\n\nselect p.one, 'A;' as \"B\"\nfrom p\norder by p.one desc";

    fn breaks(header: &str, body: &str) -> Vec<String> {
        report_breaks("r.sql", &format!("{header}\n\n{body}\n"))
    }

    #[test]
    fn a_good_report_passes() {
        assert_eq!(breaks(HEADER, BODY), Vec::<String>::new());
        assert_eq!(
            breaks(&format!("{HEADER}\n-- severity: high\n-- chart: bar month n"), BODY),
            Vec::<String>::new()
        );
    }

    #[test]
    fn each_break_of_the_header_is_found() {
        for (from, to, finding) in [
            ("-- title: T\n", "", "r.sql: no `title`"),
            (
                "-- reads: events",
                "-- reads: events\n-- reads: loads",
                "r.sql: `reads` stands twice",
            ),
            ("-- title: T", "-- title: T\n-- owner: me", "r.sql: unknown key `owner`"),
            (
                "-- title: T",
                "-- title: T\n-- severity: huge",
                "r.sql: `severity: huge` is not what the key asks for",
            ),
            (
                "source varchar = null",
                "source varchar",
                "is not what the key asks for",
            ),
            ("did it?", "did it.", "is not what the key asks for"),
            (
                "-- title: T",
                "--title: T\n-- title: T",
                "r.sql: `--title: T` is no `-- key: value`",
            ),
        ] {
            let found = breaks(&HEADER.replace(from, to), BODY);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found.iter().all(|one| one.contains(finding)), "{found:?}");
        }
        assert_eq!(report_breaks("r.sql", "select 1").len(), 1);
    }

    #[test]
    fn each_break_of_the_statement_is_found() {
        for (body, finding) in [
            (
                "select 1 as one order by one; select 2 as two order by two",
                "more than one statement",
            ),
            ("delete from events order by one", "neither `select` nor `with`"),
            ("select 1 as one", "does not end in `order by`"),
            ("select (select 1 order by 1) as one", "does not end in `order by`"),
            (
                "select 1 as one order by one union all select 2",
                "does not end in `order by`",
            ),
            ("SELECT 1 as one order by one", "neither `select` nor `with`"),
            ("select COUNT(1) as one order by one", "`COUNT` is not lower case"),
        ] {
            let found = breaks(HEADER, body);
            assert!(found.iter().any(|one| one.contains(finding)), "{body}: {found:?}");
        }
    }
}
