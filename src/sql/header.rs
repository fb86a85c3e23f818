//! The header of a bundled SQL file: leading lines `-- key: value` up to an empty line. Every key must be known and stand
//! once, so that a slip of the pen is found by a test and not by a reader.

use super::{Parameter, ParameterKind, Severity};

/// What a header breaks; it names the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {what}")]
pub struct HeaderError {
    file: String,
    what: String,
}

impl HeaderError {
    /// What is wrong, without the file.
    pub fn what(&self) -> &str {
        &self.what
    }
}

/// A header whose keys are taken one by one; what is left at the end is unknown.
pub(super) struct Header<'a> {
    file: &'a str,
    lines: Vec<(&'a str, &'a str)>,
    body: &'a str,
}

impl<'a> Header<'a> {
    pub(super) fn parse(file: &'a str, text: &'a str) -> Result<Self, HeaderError> {
        let fail = |what: String| HeaderError {
            file: file.to_owned(),
            what,
        };
        let (head, body) = text
            .split_once("\n\n")
            .ok_or_else(|| fail("no empty line after the header".to_owned()))?;
        let mut lines: Vec<(&str, &str)> = Vec::new();
        for line in head.lines() {
            let pair = line.strip_prefix("-- ").and_then(|line| line.split_once(": "));
            let (key, value) = pair.ok_or_else(|| fail(format!("`{line}` in the header is not `-- key: value`")))?;
            if lines.iter().any(|(known, _)| *known == key) {
                return Err(fail(format!("`{key}` stands twice")));
            }
            lines.push((key, value.trim()));
        }
        Ok(Self {
            file,
            lines,
            body: body.trim(),
        })
    }

    fn fail(&self, what: String) -> HeaderError {
        HeaderError {
            file: self.file.to_owned(),
            what,
        }
    }

    pub(super) fn body(&self) -> &'a str {
        self.body
    }

    pub(super) fn optional(&mut self, key: &str) -> Option<String> {
        let place = self.lines.iter().position(|(known, _)| *known == key)?;
        Some(self.lines.remove(place).1.to_owned())
    }

    pub(super) fn required(&mut self, key: &str) -> Result<String, HeaderError> {
        let value = self.optional(key).filter(|value| !value.is_empty());
        value.ok_or_else(|| self.fail(format!("no `{key}`")))
    }

    /// The lines `column <name>`.
    pub(super) fn columns(&mut self) -> Vec<(String, String)> {
        let column = |(key, value): &(&str, &str)| Some((key.strip_prefix("column ")?.to_owned(), (*value).to_owned()));
        let columns = self.lines.iter().filter_map(column).collect();
        self.lines.retain(|(key, _)| !key.starts_with("column "));
        columns
    }

    pub(super) fn params(&mut self) -> Result<Vec<Parameter>, HeaderError> {
        let text = self.required("params")?;
        self.parameters(&text)
    }

    pub(super) fn params_if_any(&mut self) -> Result<Vec<Parameter>, HeaderError> {
        let text = self.optional("params");
        text.map_or(Ok(Vec::new()), |text| self.parameters(&text))
    }

    fn parameters(&self, text: &str) -> Result<Vec<Parameter>, HeaderError> {
        let fail = |part: &str| self.fail(format!("parameter `{}` is not `name type = default`", part.trim()));
        text.split(',')
            .map(|part| parameter(part).ok_or_else(|| fail(part)))
            .collect()
    }

    pub(super) fn severity(&mut self) -> Result<Option<Severity>, HeaderError> {
        let Some(text) = self.optional("severity") else {
            return Ok(None);
        };
        let known = [Severity::Info, Severity::Low, Severity::Medium, Severity::High];
        let found = known.into_iter().find(|severity| severity.name() == text);
        found
            .map(Some)
            .ok_or_else(|| self.fail(format!("`severity` is `{text}`: not info, low, medium or high")))
    }

    /// Every key must have been taken.
    pub(super) fn finished(self) -> Result<(), HeaderError> {
        match self.lines.first() {
            Some((key, _)) => Err(self.fail(format!("unknown key `{key}`"))),
            None => Ok(()),
        }
    }
}

/// `name type = default`. Name and default become part of a statement: the one is a plain word, the other a literal.
fn parameter(text: &str) -> Option<Parameter> {
    let (declared, default) = text.split_once('=')?;
    let (name, kind) = declared.trim().split_once(' ')?;
    let kinds = [
        ParameterKind::Timestamp,
        ParameterKind::Text,
        ParameterKind::Integer,
        ParameterKind::Boolean,
    ];
    let kind = kinds.into_iter().find(|known| known.name() == kind.trim())?;
    let default = default.trim();
    (is_word(name) && is_literal(default)).then(|| Parameter {
        name: name.to_owned(),
        kind,
        default: default.to_owned(),
    })
}

fn is_word(name: &str) -> bool {
    let mut letters = name.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_lowercase() || first == '_')
        && letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

fn is_literal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = !digits.is_empty() && digits.chars().all(|digit| digit.is_ascii_digit());
    let quoted = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    is_number || ["null", "true", "false"].contains(&text) || quoted.is_some_and(|inner| !inner.contains('\''))
}
