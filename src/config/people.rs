//! The list of people that `[people]` names: a CSV file of the user's. Its own file because its faults have lines of their own
//! file, and because it is read only where the warehouse is written.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use csv::{ReaderBuilder, StringRecord, Trim};
use jiff::civil::Date;

use super::document::Section;
use super::fault::{ConfigError, shown, suggestion};
use crate::warehouse::Person;

const COLUMNS: &[&str] = &["email", "name", "manager", "employed_from", "employed_to", "privileged"];
const MOST_BYTES: u64 = 64 * 1024 * 1024;
const FORM: &str = "the first line names the columns: email, name, manager, employed_from, employed_to, privileged";

/// The file of the table `people` of the root.
pub(super) fn file(root: &Section<'_>) -> Result<Option<PathBuf>, ConfigError> {
    let Some(section) = root.table("people")? else {
        return Ok(None);
    };
    section.check_keys(&["file"])?;
    match section.file("file")? {
        Some(file) => Ok(Some(file)),
        None => Err(section
            .fault_of_table("file", "no file: who are they?")
            .hinted("add file = \"people.csv\", relative to this file")),
    }
}

/// Everyone in the file, in its order.
pub(super) fn read(path: &Path) -> Result<Vec<Person>, ConfigError> {
    let unreadable = |error| {
        ConfigError::new(format!("cannot read the list of people {}", path.display()))
            .hinted("it is the file that [people] names in the configuration")
            .caused_by(error)
    };
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable)?;
    let read = file
        .take(MOST_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if u64::try_from(read).map_or(true, |read| read > MOST_BYTES) {
        let fault = ConfigError::new(format!("the list of people {} is too long", path.display()));
        return Err(fault.hinted(format!("at most {MOST_BYTES} bytes are read")));
    }
    let name = path.display().to_string();
    people(&name, text.trim_start_matches('\u{feff}'))
}

fn people(file: &str, text: &str) -> Result<Vec<Person>, ConfigError> {
    let broken = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        ConfigError::new(format!("{file}:{line}: {error}")).hinted(FORM)
    };
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(broken)?.clone();
    check_headers(file, &headers)?;
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    let mut people = Vec::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let line = line_of(&record, text);
        let row = Row {
            file,
            line,
            headers: &headers,
            record: &record,
        };
        let person = row.person()?;
        if let Some(earlier) = lines.insert(person.email.clone(), line) {
            let message = format!("`{}` stands in line {earlier} too", shown(&person.email, 80));
            return Err(row.fault("email", &message).hinted("one line for each person"));
        }
        people.push(person);
    }
    Ok(people)
}

/// The line a record stands in: the reader's, and the empty lines it passed over.
fn line_of(record: &StringRecord, text: &str) -> u64 {
    let Some(position) = record.position() else {
        return 0;
    };
    let from = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let left = text.as_bytes().get(from..).unwrap_or_default();
    let empty = left.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    empty.fold(position.line(), |line, byte| line + u64::from(*byte == b'\n'))
}

fn check_headers(file: &str, headers: &StringRecord) -> Result<(), ConfigError> {
    for (place, header) in headers.iter().enumerate() {
        let fault = |message: String| ConfigError::new(format!("{file}:1: {message}"));
        if !COLUMNS.contains(&header) {
            let fault = fault(format!("unknown column `{}`", shown(header, 60)));
            return Err(fault.hinted(suggestion(header, "columns", COLUMNS)));
        }
        if headers.iter().take(place).any(|earlier| earlier == header) {
            return Err(fault(format!("the column `{header}` stands twice")));
        }
    }
    if headers.iter().all(|header| header != "email") {
        return Err(ConfigError::new(format!("{file}:1: no column `email`")).hinted(FORM));
    }
    Ok(())
}

/// One line of the file.
struct Row<'a> {
    file: &'a str,
    line: u64,
    headers: &'a StringRecord,
    record: &'a StringRecord,
}

impl Row<'_> {
    fn person(&self) -> Result<Person, ConfigError> {
        let Some(email) = self.text("email") else {
            return Err(self.fault("email", "is empty"));
        };
        let person = Person {
            email: email.to_lowercase(),
            name: self.text("name").map(str::to_owned),
            manager: self.text("manager").map(str::to_owned),
            employed_from: self.date("employed_from")?,
            employed_to: self.date("employed_to")?,
            privileged: self.truth("privileged")?,
        };
        if person.employed_to.is_some() && person.employed_to < person.employed_from {
            return Err(self.fault("employed_to", "is before `employed_from`"));
        }
        Ok(person)
    }

    fn text(&self, column: &str) -> Option<&str> {
        let place = self.headers.iter().position(|header| header == column)?;
        self.record.get(place).filter(|text| !text.is_empty())
    }

    fn date(&self, column: &str) -> Result<Option<String>, ConfigError> {
        let Some(text) = self.text(column) else {
            return Ok(None);
        };
        match text.parse::<Date>() {
            Ok(date) if text.len() == 10 => Ok(Some(date.to_string())),
            _ => {
                let fault = self.fault(column, &format!("`{}` is not a date", shown(text, 40)));
                Err(fault.hinted("write it as 2026-12-24"))
            }
        }
    }

    fn truth(&self, column: &str) -> Result<bool, ConfigError> {
        match self.text(column).map(str::to_lowercase).as_deref() {
            None | Some("false" | "no" | "0") => Ok(false),
            Some("true" | "yes" | "1") => Ok(true),
            Some(other) => {
                let fault = self.fault(column, &format!("`{}` is neither true nor false", shown(other, 40)));
                Err(fault.hinted("write true or false"))
            }
        }
    }

    fn fault(&self, column: &str, message: &str) -> ConfigError {
        ConfigError::new(format!("{}:{}: {column}: {message}", self.file, self.line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_may_name_only_some_columns_in_any_order() {
        let read = people(
            "p.csv",
            "name,email\nAda B., ADA@acme.example \n\"Bob, C.\",bob@acme.example\n",
        )
        .unwrap();
        let shown: Vec<_> = read
            .iter()
            .map(|it| (it.email.as_str(), it.name.as_deref(), it.privileged))
            .collect();
        let expected = [
            ("ada@acme.example", Some("Ada B."), false),
            ("bob@acme.example", Some("Bob, C."), false),
        ];
        assert_eq!(shown, expected);
        let all = "email,name,manager,employed_from,employed_to,privileged\na@b,A,M,2024-02-29,,Yes\n";
        let person = people("p.csv", all).unwrap().remove(0);
        assert_eq!(person.employed_from.as_deref(), Some("2024-02-29"));
        assert!(person.privileged && person.employed_to.is_none() && person.manager.as_deref() == Some("M"));
    }

    #[test]
    fn a_wrong_list_says_where_and_what() {
        let cases = [
            ("name\nA\n", "p.csv:1: no column `email`", Some(FORM)),
            (
                "email,manger\na@b,M\n",
                "p.csv:1: unknown column `manger`",
                Some("did you mean `manager`?"),
            ),
            ("email,email\n", "p.csv:1: the column `email` stands twice", None),
            ("email,name\na@b,A\n,B\n", "p.csv:3: email: is empty", None),
            (
                "email\na@b\n\nA@B\n",
                "p.csv:4: email: `a@b` stands in line 2 too",
                Some("one line for each person"),
            ),
            (
                "email,employed_from\na@b,24.12.2025\n",
                "p.csv:2: employed_from: `24.12.2025` is not a date",
                Some("write it as 2026-12-24"),
            ),
            (
                "email,employed_from,employed_to\na@b,2026-01-02,2026-01-01\n",
                "p.csv:2: employed_to: is before `employed_from`",
                None,
            ),
            (
                "email,privileged\na@b,perhaps\n",
                "p.csv:2: privileged: `perhaps` is neither true nor false",
                Some("write true or false"),
            ),
        ];
        for (text, message, hint) in cases {
            let fault = people("p.csv", text).unwrap_err();
            assert_eq!((fault.to_string().as_str(), fault.hint()), (message, hint), "{text}");
        }
        let fault = people("p.csv", "email,name\na@b\n").unwrap_err();
        assert!(fault.to_string().starts_with("p.csv:2: "), "{fault}");
    }
}
