//! Rust text -> the paths it names (`std::fs::write`, `println!`), comments and literals left out.
//!
//! Separate from the rules so that each rule is a comparison of names; it is no parser, and knows only what the rules need.

/// A path as written, `use` groups expanded, `as` names dropped; a macro's last segment ends in `!`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) line: usize,
    pub(super) segments: Vec<String>,
    pub(super) imported: bool,
    pub(super) exported: bool,
}

struct Token {
    line: usize,
    text: String,
}

impl Token {
    fn is_word(&self) -> bool {
        self.text.starts_with(is_word)
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The text with each comment and each literal replaced by a space; line breaks stay.
pub(super) fn blanked(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let rest = chars.get(at..).unwrap_or_default();
        let inside_word = code.ends_with(is_word);
        let skipped = comment(rest).or_else(|| literal(rest, inside_word)).unwrap_or(0);
        if skipped == 0 {
            code.push(c);
            at += 1;
            continue;
        }
        code.push(' ');
        code.extend(rest.iter().take(skipped).filter(|&&c| c == '\n'));
        at += skipped;
    }
    code
}

fn comment(rest: &[char]) -> Option<usize> {
    if rest.starts_with(&['/', '/']) {
        return Some(rest.iter().position(|&c| c == '\n').unwrap_or(rest.len()));
    }
    if !rest.starts_with(&['/', '*']) {
        return None;
    }
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest.get(at..at + 2) {
            Some(['/', '*']) => (depth, at) = (depth + 1, at + 2),
            Some(['*', '/']) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    Some(at)
}

fn literal(rest: &[char], inside_word: bool) -> Option<usize> {
    match rest {
        ['\'', '\\', _, tail @ ..] => Some(4 + tail.iter().position(|&c| c == '\'')?),
        ['\'', _, '\'', ..] => Some(3),
        _ => string(rest, inside_word),
    }
}

fn string(rest: &[char], inside_word: bool) -> Option<usize> {
    let prefix = rest.iter().take(2).take_while(|c| "bcr".contains(**c)).count();
    let raw = rest.iter().take(prefix).any(|&c| c == 'r');
    let hashes = rest.iter().skip(prefix).take_while(|&&c| c == '#').count();
    let open = prefix + hashes;
    if rest.get(open) != Some(&'"') || (prefix > 0 && inside_word) || (hashes > 0 && !raw) {
        return None;
    }
    let mut at = open + 1;
    while let Some(&c) = rest.get(at) {
        let closing = rest.iter().skip(at + 1).take(hashes).filter(|&&c| c == '#').count() == hashes;
        match c {
            '"' if closing => return Some(at + 1 + hashes),
            '\\' if !raw => at += 2,
            _ => at += 1,
        }
    }
    Some(rest.len())
}

fn tokens(code: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = match first {
                c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
                ':' if rest.starts_with("::") => 2,
                c => c.len_utf8(),
            };
            let (token, tail) = rest.split_at(length);
            tokens.push(Token {
                line: number + 1,
                text: token.to_owned(),
            });
            rest = tail.trim_start();
        }
    }
    tokens
}

/// Every path of the text, in order.
pub(super) fn named(text: &str) -> Vec<Named> {
    let tokens = tokens(&blanked(text));
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let imports = token.text == "use" && tokens.get(at + 1).is_some_and(|next| next.text != "<");
        at = match (imports, token.is_word()) {
            (true, _) => import(&tokens, at + 1, &[], is_exported(&tokens, at), &mut found),
            (false, true) => expression(&tokens, at, &mut found),
            (false, false) => at + 1,
        };
    }
    found
}

/// The modules which the text declares as files of their own: `mod name;`.
pub(super) fn declared_modules(text: &str) -> Vec<String> {
    let tokens = tokens(&blanked(text));
    let is_declaration = |three: &&[Token]| matches!(three, [word, _, end] if word.text == "mod" && end.text == ";");
    tokens
        .windows(3)
        .filter(is_declaration)
        .filter_map(|three| Some(three.get(1)?.text.clone()))
        .collect()
}

fn is_exported(tokens: &[Token], at: usize) -> bool {
    let before = tokens.get(at.saturating_sub(1)).map(|token| token.text.as_str());
    at > 0 && matches!(before, Some("pub" | ")"))
}

fn expression(tokens: &[Token], start: usize, found: &mut Vec<Named>) -> usize {
    let mut at = start + 1;
    let mut segments: Vec<String> = tokens.get(start).map(|token| token.text.clone()).into_iter().collect();
    while let Some([colons, word]) = tokens.get(at..at + 2)
        && colons.text == "::"
        && word.is_word()
    {
        segments.push(word.text.clone());
        at += 2;
    }
    let text_at = |at: usize| tokens.get(at).map(|token| token.text.as_str());
    if let Some(last) = segments.last_mut()
        && text_at(at) == Some("!")
        && text_at(at + 1) != Some("=")
    {
        last.push('!');
    }
    let line = tokens.get(start).map_or(0, |token| token.line);
    found.push(Named {
        line,
        segments,
        imported: false,
        exported: false,
    });
    at
}

/// Reads one branch of a `use` tree and gives the place behind it.
fn import(tokens: &[Token], start: usize, prefix: &[String], exported: bool, found: &mut Vec<Named>) -> usize {
    let mut segments = prefix.to_vec();
    let mut at = start;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token.text.as_str() {
            "::" | "self" => {}
            "as" => at += 1,
            "{" => {
                while tokens.get(at).is_some_and(|next| next.text != "}") {
                    at = import(tokens, at, &segments, exported, found);
                    at += usize::from(tokens.get(at).is_some_and(|next| next.text == ","));
                }
                return at + 1;
            }
            "," | "}" | ";" => {
                at -= 1;
                break;
            }
            name => segments.push(name.to_owned()),
        }
    }
    let line = tokens.get(start).map_or(0, |token| token.line);
    found.push(Named {
        line,
        segments,
        imported: true,
        exported,
    });
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        named(text).iter().map(|named| named.segments.join("::")).collect()
    }

    #[test]
    fn groups_are_expanded() {
        let text = "use a::{b, c::{self, d as e}, f::*};\nuse g;";
        assert_eq!(names(text), ["a::b", "a::c", "a::c::d", "a::f::*", "g"]);
    }

    #[test]
    fn expressions_and_macros_are_named_with_their_line() {
        let found = named("x\n::<crate::y::Z>::new(println!(a::b != c))");
        assert_eq!(found.iter().map(|n| n.line).collect::<Vec<_>>(), [1, 2, 2, 2, 2, 2]);
        assert_eq!(
            names("crate::y::Z::new(log::warn!(a::b != c))"),
            ["crate::y::Z::new", "log::warn!", "a::b", "c"]
        );
    }

    #[test]
    fn comments_and_literals_are_no_code() {
        let hidden = "std::fs::write";
        for text in [
            format!("// {hidden}"),
            format!("/* a /* b */ {hidden} */"),
            format!("\"\\\" {hidden}\""),
            format!("r#\"\" {hidden}\"#"),
            format!("br\"{hidden}\""),
            format!("('\"', '\\'', \"{hidden}\")"),
        ] {
            assert_eq!(names(&text), Vec::<String>::new(), "{text}");
        }
        assert_eq!(names("fn f<'a>(x: &'a str) {}"), ["fn", "f", "a", "x", "a", "str"]);
        assert_eq!(blanked("\"a\nb\" c"), " \n c");
    }

    #[test]
    fn exports_and_modules_are_seen() {
        let exported = |text| named(text).iter().any(|named| named.exported);
        assert!(exported("pub use a::*;") && exported("pub(crate) use a::b;") && !exported("use a::b;"));
        assert_eq!(declared_modules("mod a;\npub mod b; mod tests {}"), ["a", "b"]);
    }
}
