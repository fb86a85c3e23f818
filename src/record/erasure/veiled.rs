//! A text with its escapes read, as names are written in addresses (`%C3%A9`), in JSON within a text (`\u00e9`) and in HTML
//! (`&#233;`), and where each part of it stands. Apart from looking for people because it knows nothing of them.

use std::ops::Range;

/// Names of letters of HTML that stand in and around names.
const ENTITIES: &[(&str, char)] = &[
    ("&nbsp;", ' '),
    ("&amp;", '&'),
    ("&quot;", '"'),
    ("&apos;", '\''),
    ("&lt;", '<'),
    ("&gt;", '>'),
];

/// Backslashes before one letter; the last so many of a longer run are read.
const MOST_SLASHES: usize = 64;
/// Letters of a number between `&#` and `;`.
const MOST_DIGITS: usize = 16;

/// What a text says once its escapes are read.
pub(super) struct Unveiled {
    pub(super) text: String,
    /// From where on the places of `text` and of the text it was made of run alike.
    runs: Vec<(usize, usize)>,
}

impl Unveiled {
    /// `None` where the text has no escape.
    pub(super) fn of(text: &str) -> Option<Self> {
        let (mut read, mut runs, mut copied) = (String::new(), vec![(0, 0)], 0);
        let mut at = 0;
        while let Some(found) = text.get(at..).and_then(|rest| rest.find(['%', '\\', '&'])) {
            at += found;
            let Some((letter, length)) = text.get(at..).and_then(escape) else {
                at += 1;
                continue;
            };
            read.push_str(text.get(copied..at)?);
            runs.push((read.len(), at));
            read.push(letter);
            at += length;
            copied = at;
            runs.push((read.len(), at));
        }
        if copied == 0 {
            return None;
        }
        read.push_str(text.get(copied..)?);
        Some(Self { text: read, runs })
    }

    /// Where a part of the text read stands in the one it was made of.
    pub(super) fn origin(&self, range: &Range<usize>) -> Range<usize> {
        let origin = |at: usize| {
            let next = self.runs.partition_point(|(begin, _)| *begin <= at);
            let run = next.checked_sub(1).and_then(|run| self.runs.get(run));
            run.map_or(at, |(begin, from)| from + (at - begin))
        };
        origin(range.start)..origin(range.end)
    }
}

/// The letter that a text begins with in disguise, and how many bytes it takes.
fn escape(text: &str) -> Option<(char, usize)> {
    match text.as_bytes().first()? {
        b'%' => percent(text),
        b'\\' => backslash(text),
        _ => entity(text),
    }
}

fn percent(text: &str) -> Option<(char, usize)> {
    let byte = |at: usize| {
        let digits = text.get(at..at + 3)?.strip_prefix('%')?;
        u8::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))
    };
    let length = match byte(0)? {
        0..0x80 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..=0xff => 4,
        _ => return None,
    };
    let bytes: Vec<u8> = (0..length).map(|place| byte(3 * place)).collect::<Option<_>>()?;
    Some((std::str::from_utf8(&bytes).ok()?.chars().next()?, 3 * length))
}

/// Where a text was quoted more than once, several backslashes stand before one letter.
fn backslash(text: &str) -> Option<(char, usize)> {
    let run = text.bytes().take(MOST_SLASHES + 1).take_while(|byte| *byte == b'\\');
    let slashes = Some(run.count()).filter(|slashes| *slashes <= MOST_SLASHES)?;
    let letter = text.get(slashes..)?.chars().next()?;
    let unit = |at: usize| {
        let digits = text.get(at..at + 4).filter(|digits| !digits.starts_with('+'))?;
        u16::from_str_radix(digits, 16).ok()
    };
    match letter {
        'n' | 'r' | 't' | 'b' | 'f' => Some((' ', slashes + 1)),
        '"' | '/' | '\'' => Some((letter, slashes + 1)),
        'u' => {
            let first = unit(slashes + 1)?;
            let after = slashes + 5;
            if let Some(letter) = char::from_u32(first.into()) {
                return Some((letter, after));
            }
            let rest = text.get(after..)?.trim_start_matches('\\');
            let second = text.len() - rest.strip_prefix('u')?.len();
            let pair = char::decode_utf16([first, unit(second)?]).next()?.ok()?;
            Some((pair, second + 4))
        }
        _ => None,
    }
}

fn entity(text: &str) -> Option<(char, usize)> {
    if let Some((name, letter)) = ENTITIES.iter().find(|(name, _)| text.starts_with(name)) {
        return Some((*letter, name.len()));
    }
    let digits = text.strip_prefix("&#")?;
    let length = digits.bytes().take(MOST_DIGITS).position(|byte| byte == b';')?;
    let number = digits.get(..length)?;
    let hexadecimal = number.strip_prefix(['x', 'X']);
    let code = match hexadecimal {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => number.parse(),
    };
    let letter = code.ok().and_then(char::from_u32)?;
    Some((letter, number.len() + 3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_of_addresses_json_and_html_are_read_and_their_places_known() {
        let cases = [
            ("Ren%C3%A9e%20Quixote", "Renée Quixote"),
            ("%E5%B1%B1%F0%9F%A6%8A", "山🦊"),
            (r"a\nRen\u00e9e \\u00c9 \ud83e\udd8a", "a Renée É 🦊"),
            (r"a\\ud83e\\udd8ab", "a🦊b"),
            ("Ren&#233;e&nbsp;&#xC9;&amp;", "Renée É&"),
        ];
        for (text, expected) in cases {
            assert_eq!(Unveiled::of(text).map(|read| read.text).as_deref(), Some(expected));
        }
        for text in [
            "100 %",
            "%de Souza",
            "%+1",
            r"\x",
            r"\u12",
            r"\ud83e",
            "&#;",
            "&eacute;",
            "& \\ %",
            "é",
        ] {
            assert!(Unveiled::of(text).is_none(), "{text}");
        }
        // Each of these is looked at once, and not to its end from every place.
        for part in ["\\", "&#", "%", "&#x", "\\u"] {
            assert!(Unveiled::of(&part.repeat(1_000_000)).is_none());
        }
        let long = format!("{}u00e9", "\\".repeat(1_000));
        assert!(Unveiled::of(&long).is_some_and(|read| read.text.ends_with('é')));
        let read = Unveiled::of("x=%41nna%20%42erg%21").unwrap();
        let found = read.text.find("Anna Berg").unwrap();
        assert_eq!(read.origin(&(found..found + 9)), 2..17);
    }

    proptest! {
        #[test]
        fn every_place_is_one_of_the_text(text in "([a%\\\\&#;xu0-9é]|%20|%C3%A9|\\\\u00e9|&nbsp;){0,20}") {
            if let Some(read) = Unveiled::of(&text) {
                for (start, letter) in read.text.char_indices() {
                    let origin = read.origin(&(start..start + letter.len_utf8()));
                    prop_assert!(text.get(origin).is_some_and(|part| !part.is_empty()));
                }
            }
        }
    }
}
