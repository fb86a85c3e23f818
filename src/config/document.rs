//! A configuration file as tables whose every value knows its line, so that each fault can say where it stands. Its own file
//! because nothing here knows what a key means, but for the names of keys that may hold a secret.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Number, Value};
use toml::de::{DeTable, DeValue};

use super::duration;
use super::fault::{ConfigError, shown, suggestion};

/// Words in a key whose value must not be shown.
const SECRET_WORDS: &[&str] = &["token", "secret", "password", "key", "auth", "credential"];

/// One parsed file.
pub(super) struct Document<'text> {
    name: String,
    folder: PathBuf,
    text: &'text str,
    root: DeTable<'text>,
}

/// One table of a document, with the dotted path that leads to it.
#[derive(Clone)]
pub(super) struct Section<'document> {
    document: &'document Document<'document>,
    path: String,
    offset: usize,
    table: &'document DeTable<'document>,
}

impl<'text> Document<'text> {
    /// `name` is what messages call the file; relative paths in it start from `folder`.
    pub(super) fn parse(name: String, folder: PathBuf, text: &'text str) -> Result<Self, ConfigError> {
        match DeTable::parse(text) {
            Ok(root) => Ok(Self {
                name,
                folder,
                text,
                root: root.into_inner(),
            }),
            Err(error) => Err(syntax_fault(&name, text, &error)),
        }
    }

    pub(super) fn root(&self) -> Section<'_> {
        Section {
            document: self,
            path: String::new(),
            offset: 0,
            table: &self.root,
        }
    }
}

impl<'document> Section<'document> {
    /// Refuses a key that is not known, the first in the file.
    pub(super) fn check_keys(&self, known: &[&str]) -> Result<(), ConfigError> {
        match self.keys().into_iter().find(|key| !known.contains(key)) {
            None => Ok(()),
            Some(key) => {
                let message = format!("unknown key `{}`", shown(key, 60));
                Err(self
                    .fault_of_table(key, &message)
                    .hinted(suggestion(key, "keys", known)))
            }
        }
    }

    /// The keys in the order of the file.
    pub(super) fn keys(&self) -> Vec<&'document str> {
        let mut keys: Vec<_> = self
            .table
            .iter()
            .map(|(key, _)| (key.span().start, key.get_ref().as_ref()))
            .collect();
        keys.sort_unstable();
        keys.into_iter().map(|(_, key)| key).collect()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// A value that is not the empty text.
    pub(super) fn text(&self, key: &str) -> Result<Option<&'document str>, ConfigError> {
        match self.value(key) {
            None => Ok(None),
            Some(DeValue::String(text)) if !text.trim().is_empty() => Ok(Some(text.as_ref())),
            Some(DeValue::String(_)) => Err(self.fault(key, "is empty")),
            Some(other) => Err(self.wrong_type(key, "a text", other)),
        }
    }

    /// A list of texts, none of them empty; the list may be.
    pub(super) fn texts(&self, key: &str) -> Result<Option<Vec<&'document str>>, ConfigError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        let DeValue::Array(values) = value else {
            return Err(self.wrong_type(key, "a list of texts", value));
        };
        let mut texts = Vec::new();
        for value in values.iter() {
            match value.get_ref() {
                DeValue::String(text) if !text.trim().is_empty() => texts.push(text.as_ref()),
                DeValue::String(_) => return Err(self.fault(key, "holds an empty text")),
                other => return Err(self.wrong_type(key, "a list of texts", other)),
            }
        }
        Ok(Some(texts))
    }

    /// A text or a list of texts, none of them empty, and at least one.
    pub(super) fn text_or_texts(&self, key: &str) -> Result<Option<Vec<String>>, ConfigError> {
        let owned = |text: &str| text.to_owned();
        match self.value(key) {
            Some(DeValue::String(_)) => Ok(self.text(key)?.map(|text| vec![owned(text)])),
            Some(DeValue::Array(values)) if values.is_empty() => Err(self.fault(key, "is empty")),
            Some(DeValue::Array(values)) => {
                let other = values
                    .iter()
                    .find(|value| !matches!(value.get_ref(), DeValue::String(_)));
                match other {
                    Some(other) => Err(self.wrong_type(key, "a text or a list of texts", other.get_ref())),
                    None => Ok(self.texts(key)?.map(|texts| texts.into_iter().map(owned).collect())),
                }
            }
            Some(other) => Err(self.wrong_type(key, "a text or a list of texts", other)),
            None => Ok(None),
        }
    }

    /// Any whole number.
    pub(super) fn number(&self, key: &str) -> Result<Option<i64>, ConfigError> {
        match self.value(key) {
            None => Ok(None),
            Some(DeValue::Integer(number)) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(self.fault(key, &format!("{} is too large a number", shown(number.as_str(), 30)))),
            },
            Some(other) => Err(self.wrong_type(key, "a whole number", other)),
        }
    }

    /// Any value, as it would stand in JSON; dates become texts.
    pub(super) fn json(&self, key: &str) -> Result<Option<Value>, ConfigError> {
        let value = self.value(key).map(|value| json(value).ok_or(()));
        let value = value.transpose();
        value.map_err(|()| self.fault(key, "holds a number that cannot be sent"))
    }

    /// A path, which starts from the folder of the file unless it is absolute.
    pub(super) fn file(&self, key: &str) -> Result<Option<PathBuf>, ConfigError> {
        Ok(self.text(key)?.map(|path| self.relative(path)))
    }

    pub(super) fn relative(&self, path: &str) -> PathBuf {
        self.document.folder.join(path)
    }

    /// A whole number of 1 … `most`.
    pub(super) fn count(&self, key: &str, most: u32) -> Result<Option<u32>, ConfigError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        let DeValue::Integer(number) = value else {
            return Err(self.wrong_type(key, "a whole number", value));
        };
        match u32::from_str_radix(number.as_str(), number.radix()) {
            Ok(count) if (1..=most).contains(&count) => Ok(Some(count)),
            _ => Err(self.fault(
                key,
                &format!("{} is not a number from 1 to {most}", shown(number.as_str(), 30)),
            )),
        }
    }

    /// A duration of at least `least`.
    pub(super) fn duration(&self, key: &str, least: Duration) -> Result<Option<Duration>, ConfigError> {
        const FORM: &str = r#"write it as "90s", "5m", "24h" or "7d", at most "3650d""#;
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        let DeValue::String(text) = value else {
            return Err(self.wrong_type(key, "a duration", value).hinted(FORM));
        };
        match duration::parse(text) {
            None => Err(self
                .fault(key, &format!("`{}` is not a duration", shown(text, 30)))
                .hinted(FORM)),
            Some(duration) if duration < least => Err(self.fault(key, &format!("`{text}` is too short")).hinted(FORM)),
            Some(duration) => Ok(Some(duration)),
        }
    }

    pub(super) fn table(&self, key: &str) -> Result<Option<Section<'document>>, ConfigError> {
        match self.value(key) {
            None => Ok(None),
            Some(DeValue::Table(table)) => {
                let (offset, path) = (self.offset_of(key), self.path_of(key));
                Ok(Some(Section {
                    document: self.document,
                    path,
                    offset,
                    table,
                }))
            }
            Some(other) => Err(self.wrong_type(key, "a table", other)),
        }
    }

    /// The tables of a list, as `[[key]]` writes them, each with its place in the file.
    pub(super) fn tables(&self, key: &str) -> Result<Vec<Section<'document>>, ConfigError> {
        let values = match self.value(key) {
            None => return Ok(Vec::new()),
            Some(DeValue::Array(values)) => values,
            Some(other) => return Err(self.list_of_tables(key, other)),
        };
        let sections = values.iter().map(|value| match value.get_ref() {
            DeValue::Table(table) => Ok(Section {
                document: self.document,
                path: self.path_of(key),
                offset: value.span().start,
                table,
            }),
            other => Err(self.list_of_tables(key, other)),
        });
        sections.collect()
    }

    fn list_of_tables(&self, key: &str, found: &DeValue<'_>) -> ConfigError {
        let fault = self.wrong_type(key, "a list of tables", found);
        fault.hinted(format!("begin each with a line [[{key}]]"))
    }

    pub(super) fn boolean(&self, key: &str) -> Result<Option<bool>, ConfigError> {
        match self.value(key) {
            None => Ok(None),
            Some(DeValue::Boolean(is_true)) => Ok(Some(*is_true)),
            Some(other) => Err(self.wrong_type(key, "true or false", other)),
        }
    }

    pub(super) fn is_table(&self, key: &str) -> bool {
        matches!(self.value(key), Some(DeValue::Table(_)))
    }

    /// Where a key stands and what it is called, as messages begin: `trailhouse.toml:6:1: sources.secoda_prod.region`.
    pub(super) fn place(&self, key: &str) -> String {
        format!("{}: {}", self.position(self.offset_of(key)), self.path_of(key))
    }

    /// Where the table itself stands.
    pub(super) fn place_of_table(&self) -> String {
        format!("{}: {}", self.position(self.offset), self.path)
    }

    pub(super) fn fault(&self, key: &str, message: &str) -> ConfigError {
        ConfigError::new(format!("{}: {message}", self.place(key)))
    }

    /// A fault of the table as a whole, at the line of `key` where the table has it.
    pub(super) fn fault_of_table(&self, key: &str, message: &str) -> ConfigError {
        let position = self.position(self.offset_of(key));
        match self.path.as_str() {
            "" => ConfigError::new(format!("{position}: {message}")),
            path => ConfigError::new(format!("{position}: {path}: {message}")),
        }
    }

    fn wrong_type(&self, key: &str, expected: &str, value: &DeValue<'_>) -> ConfigError {
        let found = match value {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number with a fraction",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.fault(key, &format!("expected {expected}, found {found}"))
    }

    fn value(&self, key: &str) -> Option<&'document DeValue<'document>> {
        self.table.get(key).map(|value| value.get_ref())
    }

    fn offset_of(&self, key: &str) -> usize {
        let found = self.table.iter().find(|(name, _)| name.get_ref() == key);
        found.map_or(self.offset, |(name, _)| name.span().start)
    }

    fn path_of(&self, key: &str) -> String {
        let key = shown(key, 60);
        if self.path.is_empty() {
            key
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn position(&self, offset: usize) -> String {
        let (line, column) = line_and_column(self.document.text, offset);
        format!("{}:{line}:{column}", self.document.name)
    }
}

fn json(value: &DeValue<'_>) -> Option<Value> {
    match value {
        DeValue::String(text) => Some(Value::from(text.as_ref())),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .ok()
            .map(Value::from),
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .ok()
            .and_then(Number::from_f64)
            .map(Value::Number),
        DeValue::Boolean(is_true) => Some(Value::from(*is_true)),
        DeValue::Datetime(at) => Some(Value::from(at.to_string())),
        DeValue::Array(values) => values.iter().map(|value| json(value.get_ref())).collect(),
        DeValue::Table(table) => {
            let members = table
                .iter()
                .map(|(name, value)| Some((name.get_ref().to_string(), json(value.get_ref())?)));
            members.collect::<Option<_>>().map(Value::Object)
        }
    }
}

/// Line and column, both from 1, of a byte of the text; columns are characters.
fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.char_indices().take_while(|(at, _)| *at < offset);
    before.fold((1, 1), |(line, column), (_, letter)| {
        if letter == '\n' {
            (line + 1, 1)
        } else {
            (line, column + 1)
        }
    })
}

fn syntax_fault(name: &str, text: &str, error: &toml::de::Error) -> ConfigError {
    let Some(span) = error.span() else {
        return ConfigError::new(format!("{name}: {}", error.message()));
    };
    let (line, column) = line_and_column(text, span.start);
    let shown = shown_line(text, line);
    ConfigError::new(format!(
        "{name}:{line}:{column}: {}\n  {line} | {shown}",
        error.message()
    ))
}

/// A line of the file, without its value where it may be a literal secret or the continuation of one.
fn shown_line(text: &str, number: usize) -> String {
    let lines: Vec<&str> = text.lines().take(number).collect();
    let Some((line, above)) = lines.split_last() else {
        return String::new();
    };
    let quotes = |mark: &str| above.iter().map(|line| line.matches(mark).count()).sum::<usize>();
    if quotes(r#"""""#) % 2 == 1 || quotes("'''") % 2 == 1 {
        return "…".to_owned();
    }
    let begins = |line: &&str| line.contains('=') || line.trim_start().starts_with('[');
    let start = lines.iter().rposition(begins).unwrap_or(0);
    if !lines.iter().skip(start).any(|line| may_hold_secret(line)) {
        return shown(line, 120);
    }
    match line.split_once('=') {
        Some((key, _)) if names_secret(key) => format!("{} = …", shown(key, 60)),
        _ => "…".to_owned(),
    }
}

fn may_hold_secret(line: &str) -> bool {
    names_secret(line) || (line.contains("://") && line.contains('@'))
}

fn names_secret(text: &str) -> bool {
    let text = text.to_lowercase();
    SECRET_WORDS.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        match Document::parse("trailhouse.toml".into(), PathBuf::new(), text) {
            Ok(_) => "no fault".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_syntax_fault_shows_its_line() {
        let cases = [
            (
                "dir = \"data\"\ntime_zone = \"UTC\n",
                "trailhouse.toml:2:17: invalid basic string, expected `\"`\n  2 | time_zone = \"UTC",
            ),
            (
                "é = 1 2",
                "trailhouse.toml:1:1: invalid unquoted key, expected letters, numbers, `-`, `_`\n  1 | é = 1 2",
            ),
            ("dir = 1\ndir = 2", "trailhouse.toml:2:1: duplicate key\n  2 | dir = 2"),
        ];
        for (text, expected) in cases {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    #[test]
    fn a_line_that_may_hold_a_secret_is_never_shown() {
        let cases = [
            "token = s3cr3t",
            "token = \"s3cr3t",
            "token = \"ok\"\ntoken = \"s3cr3t\"",
            "token = 2025-s3cr3t",
            "token = [\n  \"a\",\n  s3cr3t\n]",
            "token =\n s3cr3t",
            "token = \"\"\"\ns3cr3t=\ns3cr3t",
            "token = '''\ns3cr3t=\ns3cr3t key=s3cr3t",
            "[sources.prod]\nAPI_TOKEN = s3cr3t",
            "auth = { client_secret = \"s3cr3t\", }, x",
            "auth = { client_id = 1,\n client_secret = s3cr3t }",
            "api_token = s3cr3t",
            "password = s3cr3t",
            "proxy = \"http://me:s3cr3t@host",
            "dir = \"a\" token = \"s3cr3t\"",
        ];
        for text in cases {
            let told = told(text);
            assert!(told.starts_with("trailhouse.toml:"), "{text}: {told}");
            assert!(!told.contains("s3cr3t"), "{text}: {told}");
        }
        assert_eq!(
            told("token = s3cr3t"),
            "trailhouse.toml:1:9: string values must be quoted, expected literal string\n  1 | token = …"
        );
    }
}
