//! What is said about a configuration that cannot be used. Its own file because every reader of the configuration makes
//! such errors, and their wording must be one.

use std::io;

/// A configuration, or a credential it points to, cannot be used: exit code 2. Never holds a secret.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    message: String,
    hint: Option<String>,
    source: Option<io::Error>,
}

impl ConfigError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            source: None,
        }
    }

    pub(super) fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn caused_by(mut self, cause: io::Error) -> Self {
        self.source = Some(cause);
        self
    }

    /// What to do about it, for a line of its own below the message.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

/// Names the known word nearest to the given one, or lists them all where none is near.
pub(super) fn suggestion(given: &str, plural: &str, known: &[&str]) -> String {
    match nearest(given, known) {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("known {plural}: {}", known.join(", ")),
    }
}

/// The known word that differs from the given one in at most a third of its letters, whatever their case.
pub(super) fn nearest<'a>(given: &str, known: &[&'a str]) -> Option<&'a str> {
    let given: String = given.to_lowercase().chars().take(80).collect();
    let distance = |word: &str| strsim::damerau_levenshtein(&given, &word.to_lowercase());
    let (distance, word) = known
        .iter()
        .map(|word| (distance(word), *word))
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= word.chars().count().div_ceil(3)).then_some(word)
}

/// Foreign text as it may stand in a message: one line, no control characters, at most `limit` characters.
pub(super) fn shown(text: &str, limit: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut cut: String = line.chars().filter(|letter| !letter.is_control()).take(limit).collect();
    if line.chars().count() > limit {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_word_is_named_and_otherwise_all_are_listed() {
        let known = ["region", "retention_days", "max_in_flight"];
        let cases = [
            ("regoin", "did you mean `region`?"),
            ("REGION", "did you mean `region`?"),
            ("max_inflight", "did you mean `max_in_flight`?"),
            ("colour", "known keys: region, retention_days, max_in_flight"),
        ];
        for (given, expected) in cases {
            assert_eq!(suggestion(given, "keys", &known), expected, "{given}");
        }
    }

    #[test]
    fn foreign_text_is_cut_to_one_line_without_control_characters() {
        assert_eq!(shown("a\n  b\u{1b}[31mc", 80), "a b[31mc");
        assert_eq!(shown("abcdef", 3), "abc…");
    }
}
