//! Makes text of a server fit to be shown: without secrets, short, and harmless to a terminal. Pure, and
//! separate because a mistake here is a leak.

use std::sync::{PoisonError, RwLock};

/// The longest text shown, in characters.
const SHOWN: usize = 200;
/// Stands where a secret stood.
const HIDDEN: &str = "[redacted]";
/// Below this a secret would be found by chance in the middle of unrelated base64.
const SHORTEST_ENCODED: usize = 8;

/// Every way a secret may be written.
pub(super) struct Redaction {
    /// ASCII lower case, longest first.
    forms: RwLock<Vec<String>>,
}

impl Redaction {
    pub(super) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let redaction = Self {
            forms: RwLock::default(),
        };
        secrets.into_iter().for_each(|secret| redaction.learn(secret));
        redaction
    }

    /// A secret that came later than the others.
    pub(super) fn learn(&self, secret: &str) {
        let new = forms(secret).into_iter().map(|form| form.to_ascii_lowercase());
        let mut forms = self.forms.write().unwrap_or_else(PoisonError::into_inner);
        forms.extend(new.filter(|form| !form.is_empty()));
        forms.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        forms.dedup();
    }

    /// `is_part` where `bytes` are the beginning of something longer: a secret may then be cut in two by
    /// their end, so that as much of it as could be one is left out.
    pub(super) fn shown(&self, bytes: &[u8], is_part: bool) -> String {
        let forms = self.forms.read().unwrap_or_else(PoisonError::into_inner);
        let longest = forms.first().map_or(0, String::len);
        let kept = if is_part {
            bytes.len().saturating_sub(longest)
        } else {
            bytes.len()
        };
        let text = without_secrets(
            &forms,
            &harmless(&String::from_utf8_lossy(bytes.get(..kept).unwrap_or(bytes))),
        );
        if text.chars().count() <= SHOWN {
            return text;
        }
        text.chars().take(SHOWN).chain(['…']).collect()
    }
}

fn without_secrets(forms: &[String], text: &str) -> String {
    // Compared without regard to ASCII case, which keeps every byte in its place.
    let lower = text.to_ascii_lowercase();
    let mut shown = String::with_capacity(text.len());
    let mut done = 0;
    while let Some((start, end)) = next_secret(forms, &lower, done) {
        shown.push_str(text.get(done..start).unwrap_or_default());
        shown.push_str(HIDDEN);
        done = end;
    }
    shown.push_str(text.get(done..).unwrap_or_default());
    shown
}

/// The first form at or after `from`, and of those that start there the longest.
fn next_secret(forms: &[String], lower: &str, from: usize) -> Option<(usize, usize)> {
    let rest = lower.get(from..)?;
    let found = forms
        .iter()
        .filter_map(|form| rest.find(form).map(|at| (from + at, from + at + form.len())));
    found.min_by_key(|(start, end)| (*start, std::cmp::Reverse(*end)))
}

/// One line, without anything that moves the cursor, turns the direction of writing or cannot be seen.
fn harmless(text: &str) -> String {
    let visible: String = text
        .chars()
        .filter_map(|character| match character {
            '\u{2028}' | '\u{2029}' => Some(' '),
            _ if character.is_whitespace() => Some(' '),
            _ if character.is_control() || is_invisible(character) => None,
            _ => Some(character),
        })
        .collect();
    visible
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![harmless(secret), percent_encoded(secret)];
    if let Ok(quoted) = serde_json::to_string(secret) {
        forms.push(quoted.trim_matches('"').to_owned());
    }
    if secret.len() >= SHORTEST_ENCODED {
        for shift in 0..3 {
            let encoded = base64_inside(secret.as_bytes(), shift);
            forms.push(encoded.replace('+', "-").replace('/', "_"));
            forms.push(encoded);
        }
    }
    forms
}

fn percent_encoded(secret: &str) -> String {
    secret
        .bytes()
        .map(|byte| match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// The characters of a base64 text that depend on `secret` alone, where `shift` bytes (modulo 3) stand before it.
fn base64_inside(secret: &[u8], shift: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<u8> = std::iter::repeat_n(0, shift)
        .chain(secret.iter().copied())
        .flat_map(|byte| (0..8).rev().map(move |place| byte >> place & 1))
        .collect();
    let whole = bits
        .chunks_exact(6)
        .map(|six| six.iter().fold(0_usize, |value, bit| value * 2 + usize::from(*bit)));
    whole
        .skip((shift * 8).div_ceil(6))
        .filter_map(|index| ALPHABET.get(index).copied().map(char::from))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "s3cr3t/Key+with=signs";

    fn shown(text: &str) -> String {
        Redaction::new([TOKEN]).shown(text.as_bytes(), false)
    }

    #[test]
    fn a_secret_is_hidden_in_every_form() {
        let cases = [
            ("key s3cr3t/Key+with=signs is bad", "key [redacted] is bad"),
            ("S3CR3T/KEY+WITH=SIGNS s3cr3t/Key+with=signs", "[redacted] [redacted]"),
            ("?key=s3cr3t%2FKey%2Bwith%3Dsigns", "?key=[redacted]"),
            ("?key=s3cr3t%2fkey%2bwith%3dsigns", "?key=[redacted]"),
            ("s3cr3t/\u{200b}Key\u{1b}+with=signs", "[redacted]"),
            ("czNjcjN0L0tleSt3aXRoPXNpZ25z", "[redacted]"),
            // base64 of "x:" and "xy:" and the token
            ("eDpzM2NyM3QvS2V5K3dpdGg9c2lnbnM=", "eDp[redacted]M="),
            ("eHk6czNjcjN0L0tleSt3aXRoPXNpZ25z", "eHk6[redacted]"),
            ("nothing here", "nothing here"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_secret_learned_later_is_hidden_like_the_others() {
        let redaction = Redaction::new(["one-secret"]);
        redaction.learn("a-later-one");
        redaction.learn("a-later");
        let shown = redaction.shown(b"one-secret A-LATER-ONE a-later YS1sYXRlci1vbmU=", false);
        assert_eq!(shown, "[redacted] [redacted] [redacted] [redacted]U=");
    }

    #[test]
    fn a_secret_that_is_part_of_its_own_replacement_is_hidden_too() {
        assert_eq!(Redaction::new(["red"]).shown(b"a red door", false), "a [redacted] door");
    }

    #[test]
    fn text_is_one_harmless_line() {
        let cases = [
            ("a\r\n\tb\n\n  c", "a b c"),
            ("\u{1b}[31mred\u{7}\u{9b}1A", "[31mred1A"),
            ("user\u{202e}gnp.exe\u{2066}\u{feff}", "usergnp.exe"),
            ("line\u{2028}next\u{85}", "line next"),
            ("grüße 🎉", "grüße 🎉"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text:?}");
        }
        assert_eq!(Redaction::new([]).shown(b"\xff\xfeok", false), "\u{fffd}\u{fffd}ok");
    }

    #[test]
    fn text_is_cut_and_a_cut_secret_is_left_out() {
        assert_eq!(shown(&"é".repeat(500)), format!("{}…", "é".repeat(200)));
        assert_eq!(shown(&"é".repeat(200)), "é".repeat(200));
        let half = format!("your key: {}", TOKEN.get(..12).unwrap());
        assert!(
            !Redaction::new([TOKEN]).shown(half.as_bytes(), true).contains("s3c"),
            "{half}"
        );
    }
}
