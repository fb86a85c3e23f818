//! JSON taken apart where it stands, by positions in the text: members in their order, numbers verbatim, text that is no
//! Unicode. Apart from what is made of it, and written without a look at how the loader reads JSON, so that a mistake of one
//! is not the other's.

use serde_json::value::RawValue;

/// Whether nulls of objects count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nulls {
    Left,
    Written,
}

fn is_white(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

/// Whether a value keeps JSON's grammar; surrogates need not come in pairs.
pub(super) fn is_valid(value: &str) -> bool {
    serde_json::from_str::<&RawValue>(value).is_ok()
}

/// How deep brackets are nested.
pub(super) fn depth(text: &str) -> usize {
    let mut deepest = 0;
    outside_of_strings(text, |_, _, depth| deepest = deepest.max(depth));
    usize::try_from(deepest).unwrap_or_default()
}

/// Name and value of each member of an object, in the order sent, also those whose name comes twice.
pub(super) fn members(text: &str) -> Option<Vec<(String, &str)>> {
    let inner = text.trim_matches(is_white).strip_prefix('{')?.strip_suffix('}')?;
    parts(inner)?.into_iter().map(member).collect()
}

fn member(part: &str) -> Option<(String, &str)> {
    let name_end = string_end(part)?;
    let value = part.get(name_end..)?.trim_start_matches(is_white).strip_prefix(':')?;
    Some((self::text(part.get(..name_end)?)?, value.trim_matches(is_white)))
}

pub(super) fn elements(text: &str) -> Option<Vec<&str>> {
    let inner = text.trim_matches(is_white).strip_prefix('[')?.strip_suffix(']')?;
    parts(inner)
}

/// What stands between the outermost commas; `None` where brackets do not match.
fn parts(inner: &str) -> Option<Vec<&str>> {
    if inner.trim_matches(is_white).is_empty() {
        return Some(Vec::new());
    }
    let (mut commas, mut least) = (Vec::new(), 0);
    let last = outside_of_strings(inner, |at, byte, depth| {
        least = least.min(depth);
        if byte == b',' && depth == 0 {
            commas.push(at);
        }
    });
    if least < 0 || last != Some(0) {
        return None;
    }
    let starts = std::iter::once(0).chain(commas.iter().map(|comma| comma + 1));
    let ends = commas.iter().copied().chain([inner.len()]);
    let between = starts.zip(ends).map(|(start, end)| inner.get(start..end));
    between
        .map(|part| part.map(|part| part.trim_matches(is_white)))
        .collect()
}

/// Calls `see` with position, byte and depth of each byte that is in no string; a bracket counts as inside itself. The depth
/// at the end, or `None` where a string does not end.
fn outside_of_strings(text: &str, mut see: impl FnMut(usize, u8, isize)) -> Option<isize> {
    let (mut depth, mut is_quoted, mut is_escaped) = (0, false, false);
    for (at, byte) in text.bytes().enumerate() {
        if is_quoted {
            is_quoted = is_escaped || byte != b'"';
            is_escaped = byte == b'\\' && !is_escaped;
            continue;
        }
        is_quoted = byte == b'"';
        if matches!(byte, b'{' | b'[') {
            depth += 1;
        }
        if matches!(byte, b'}' | b']') {
            depth -= 1;
        }
        see(at, byte, depth);
    }
    (!is_quoted).then_some(depth)
}

/// Where the string that a text begins with ends, its closing mark included.
fn string_end(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, byte) in text.strip_prefix('"')?.bytes().enumerate() {
        match byte {
            b'"' if !is_escaped => return Some(at + 2),
            _ => is_escaped = byte == b'\\' && !is_escaped,
        }
    }
    None
}

/// A string's text; each lone surrogate becomes three U+FFFD, one for each byte it would take.
pub(super) fn text(value: &str) -> Option<String> {
    decoded(value).map(|(text, _)| text)
}

/// A string's text, and whether it is Unicode.
fn decoded(value: &str) -> Option<(String, bool)> {
    let mut rest = value.strip_prefix('"')?.strip_suffix('"')?;
    let (mut text, mut is_unicode) = (String::with_capacity(rest.len()), true);
    while let Some((before, escape)) = rest.split_once('\\') {
        text.push_str(before);
        let letter = escape.chars().next()?;
        rest = escape.get(letter.len_utf8()..)?;
        match letter {
            'u' => {
                let mut units = vec![unit(rest)?];
                rest = rest.get(4..)?;
                while let Some(next) = rest.strip_prefix("\\u") {
                    units.push(unit(next)?);
                    rest = next.get(4..)?;
                }
                for read in char::decode_utf16(units) {
                    is_unicode &= read.is_ok();
                    match read {
                        Ok(read) => text.push(read),
                        Err(_) => text.push_str("\u{fffd}\u{fffd}\u{fffd}"),
                    }
                }
            }
            'b' => text.push('\u{8}'),
            'f' => text.push('\u{c}'),
            'n' => text.push('\n'),
            'r' => text.push('\r'),
            't' => text.push('\t'),
            '"' | '\\' | '/' => text.push(letter),
            _ => return None,
        }
    }
    text.push_str(rest);
    Some((text, is_unicode))
}

fn unit(text: &str) -> Option<u16> {
    u16::from_str_radix(text.get(..4)?, 16).ok()
}

pub(super) fn integer(value: &str) -> Option<i64> {
    value.parse().ok().filter(|_| value != "-0")
}

pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

/// Members sorted by name, no white space, numbers verbatim. With `Nulls::Left` nulls of objects are left out, and a string
/// that is no Unicode stays as it was sent; with `Nulls::Written` any reader can read it.
pub(super) fn canonical(value: &str, nulls: Nulls) -> String {
    match value.bytes().next() {
        Some(b'{') => {
            let mut members = members(value).unwrap_or_default();
            members.retain(|(_, value)| nulls == Nulls::Written || *value != "null");
            members.sort_by(|left, right| left.0.cmp(&right.0));
            object(members.iter().map(|(name, value)| (name, canonical(value, nulls))))
        }
        Some(b'[') => {
            let elements = elements(value).unwrap_or_default();
            let written: Vec<String> = elements.iter().map(|value| canonical(value, nulls)).collect();
            format!("[{}]", written.join(","))
        }
        Some(b'"') => match decoded(value) {
            Some((_, false)) if nulls == Nulls::Left => value.to_owned(),
            Some((text, _)) => quoted(&text),
            None => value.to_owned(),
        },
        _ => value.to_owned(),
    }
}

/// An object of members whose values are JSON.
pub(super) fn object<'a>(members: impl Iterator<Item = (&'a String, String)>) -> String {
    let written: Vec<String> = members
        .map(|(name, value)| format!("{}:{value}", quoted(name)))
        .collect();
    format!("{{{}}}", written.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_taken_apart_or_refused() {
        let text = r#" { "a\"," : [1, {"b":"]"}] ,"c":-1.50e+9, "c" : null } "#;
        let found = members(text).unwrap();
        let expected = [("a\",", r#"[1, {"b":"]"}]"#), ("c", "-1.50e+9"), ("c", "null")];
        assert_eq!(
            found
                .iter()
                .map(|(name, value)| (name.as_str(), *value))
                .collect::<Vec<_>>(),
            expected
        );
        assert_eq!(elements("[1, [2,3] ,\"a,b\"]").unwrap(), ["1", "[2,3]", "\"a,b\""]);
        assert!(elements("[]").unwrap().is_empty() && members("{ }").unwrap().is_empty());
        for text in [
            "{}{}",
            r#"{"a":1}{"b":2}"#,
            r#"{"a":1,}"#,
            r#"{"a"}"#,
            "[1]",
            "{",
            r#"{"a":"}"#,
            "",
            "7",
        ] {
            assert_eq!(members(text), None, "{text}");
        }
    }

    #[test]
    fn text_is_decoded_pair_by_pair() {
        let cases = [
            (r#""a\u0000\/\n\"\\""#, "a\u{0}/\n\"\\"),
            (r#""\ud83d\ude00""#, "😀"),
            (r#""\ud800x""#, "\u{fffd}\u{fffd}\u{fffd}x"),
            (r#""\ud800\ud83d\ude00""#, "\u{fffd}\u{fffd}\u{fffd}😀"),
        ];
        for (value, expected) in cases {
            assert_eq!(text(value).unwrap(), expected, "{value}");
        }
        assert_eq!(
            (text("7"), text("null"), integer("-0"), integer("1.0")),
            (None, None, None, None)
        );
    }
}
