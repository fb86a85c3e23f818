//! A saved text as a stream of records: one per line, or the lists of saved pages, in any mixture and however they are set out.
//! Holds one record at a time and nothing of a page but where it stands, so that the length of a list costs no memory. Apart
//! from flattening because here only the structure of JSON matters.

use super::file::{Bytes, FileError, Place};
use super::text::{Stop, Text};
use crate::source::{SERVICES, Stream};

/// What a saved text holds, piece by piece.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A page begins.
    Page,
    Record {
        /// `None` for one that stands alone, in no list of a page.
        form: Option<usize>,
        /// The number of its page in the file; of its line when it stands alone.
        number: u64,
        bytes: Vec<u8>,
    },
}

/// A text being read.
pub(super) struct Saved {
    stream: &'static Stream,
    text: Text,
    /// What is open around the next value; empty between values.
    inside: Vec<Inside>,
    /// Where the value at hand begins.
    begun: Place,
    pages: u64,
}

#[derive(Clone, Copy)]
enum Inside {
    /// A list of records or pages that nothing names.
    Array {
        is_first: bool,
    },
    Page,
    List {
        form: usize,
        is_first: bool,
    },
}

impl Saved {
    pub(super) fn new(bytes: Bytes, stream: &'static Stream) -> Self {
        Self {
            stream,
            text: Text::new(bytes),
            inside: Vec::new(),
            begun: Place { line: 1, byte: 0 },
            pages: 0,
        }
    }

    /// The next piece; `None` at the end. After an error there is nothing more.
    pub(super) fn next(&mut self) -> Result<Option<Item>, FileError> {
        loop {
            match self.step() {
                Ok(Step::Item(item)) => return Ok(Some(item)),
                Ok(Step::On) => {}
                Ok(Step::Done) => return Ok(None),
                Err(stop) => return Err(self.failure(stop)),
            }
        }
    }

    fn failure(&self, stop: Stop) -> FileError {
        let (place, begun) = (self.text.place, self.begun);
        match stop {
            Stop::Read(error) => FileError::Unreadable(error),
            Stop::End => FileError::Cut(place),
            Stop::TooLarge => FileError::TooLarge(begun),
            Stop::Malformed(expected) => FileError::Malformed { place, expected },
            Stop::OtherPage(member) => FileError::OtherPage {
                place: begun,
                looks_like: others_with(self.stream, &member).join(" or "),
                wanted: name(self.stream),
                member,
            },
        }
    }

    fn step(&mut self) -> Result<Step, Stop> {
        self.begun = self.text.place;
        self.text.skip_blanks()?;
        self.begun = self.text.place;
        self.text.begin();
        match self.inside.pop() {
            None => self.top(),
            Some(Inside::Page) => self.rest_of_page(),
            Some(Inside::Array { is_first }) => {
                if self.is_over(is_first)? {
                    return Ok(Step::On);
                }
                self.inside.push(Inside::Array { is_first: false });
                self.entry()
            }
            Some(Inside::List { form, is_first }) => {
                if self.is_over(is_first)? {
                    return Ok(Step::On);
                }
                self.inside.push(Inside::List { form, is_first: false });
                self.text.any_value()?;
                Ok(self.record(Some(form), self.pages))
            }
        }
    }

    /// A value that nothing encloses. A line that is broken is one record that cannot be read, and the next line is read.
    fn top(&mut self) -> Result<Step, Stop> {
        let line = self.text.place.line;
        match self.text.next_byte()? {
            None => return Ok(Step::Done),
            Some(b'[') => {
                self.text.skip()?;
                self.inside.push(Inside::Array { is_first: true });
                return Ok(Step::On);
            }
            Some(b'{') => match self.entry() {
                Err(Stop::Malformed(_)) if self.text.place.line == line => {}
                Err(Stop::Malformed(_)) if self.text.is_line_start && self.text.next_byte()? == Some(b'{') => {
                    return Ok(self.record(None, line));
                }
                ended => return ended,
            },
            Some(_) => {}
        }
        self.text.take_while(|byte| byte != b'\n')?;
        Ok(self.record(None, line))
    }

    /// A record or a page, wherever it stands.
    fn entry(&mut self) -> Result<Step, Stop> {
        let line = self.text.place.line;
        if self.text.next_byte()? != Some(b'{') {
            self.text.any_value()?;
            return Ok(self.record(None, line));
        }
        self.text.take()?;
        let (mut other, mut has_id) = (None, false);
        let mut is_open = self.text.is_object_open()?;
        while is_open {
            let name = self.text.name()?;
            has_id |= name == "id";
            if self.text.peek()? == b'[' {
                if let Some(form) = self.form_of(&name) {
                    return self.begin_page(form);
                }
                other = other.or_else(|| Some(name).filter(|name| !others_with(self.stream, name).is_empty()));
            }
            self.text.any_value()?;
            is_open = self.text.is_object_going_on()?;
        }
        match other.filter(|_| !has_id) {
            Some(member) => Err(Stop::OtherPage(member)),
            None => Ok(self.record(None, line)),
        }
    }

    fn begin_page(&mut self, form: usize) -> Result<Step, Stop> {
        self.text.skip()?;
        self.pages += 1;
        self.inside.push(Inside::Page);
        self.inside.push(Inside::List { form, is_first: true });
        Ok(Step::Item(Item::Page))
    }

    /// What follows a member of a page.
    fn rest_of_page(&mut self) -> Result<Step, Stop> {
        if !self.text.is_object_going_on()? {
            return Ok(Step::On);
        }
        let name = self.text.name()?;
        self.inside.push(Inside::Page);
        match self.form_of(&name) {
            Some(form) if self.text.peek()? == b'[' => {
                self.text.skip()?;
                self.inside.push(Inside::List { form, is_first: true });
            }
            _ => self.text.any_value()?,
        }
        Ok(Step::On)
    }

    /// Whether a list ends here; else its next value does.
    fn is_over(&mut self, is_first: bool) -> Result<bool, Stop> {
        match self.text.peek()? {
            b']' => {
                self.text.skip()?;
                return Ok(true);
            }
            b',' if !is_first => self.text.skip()?,
            _ if is_first => {}
            _ => return Err(Stop::Malformed("`,` or `]`")),
        }
        self.text.skip_blanks()?;
        self.begun = self.text.place;
        Ok(false)
    }

    fn form_of(&self, member: &str) -> Option<usize> {
        self.stream.forms.iter().position(|form| form.member == member)
    }

    fn record(&self, form: Option<usize>, number: u64) -> Step {
        let bytes = self.text.value.trim_ascii_end().to_vec();
        Step::Item(Item::Record { form, number, bytes })
    }
}

enum Step {
    Item(Item),
    On,
    Done,
}

/// The other streams whose pages hold records in this member.
fn others_with(stream: &Stream, member: &str) -> Vec<String> {
    let streams = SERVICES.iter().flat_map(|service| service.streams);
    let has_member = |other: &&Stream| other.forms.iter().any(|form| form.member == member);
    let own = name(stream);
    streams
        .filter(has_member)
        .map(name)
        .filter(|name| *name != own)
        .collect()
}

/// What messages call a stream of any source: `secoda audit_logs`.
pub(super) fn name(stream: &Stream) -> String {
    let is_its = |service: &&&crate::source::Service| service.streams.iter().any(|own| own.path == stream.path);
    let kind = SERVICES.iter().find(is_its).map_or("", |service| service.kind);
    format!("{kind} {}", stream.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::secoda::{AUDIT_LOGS, RESOURCE_LOGS};
    use proptest::prelude::*;
    use std::io::{self, Read};

    const BUFFER: usize = 64 << 10;

    /// Gives a few bytes at a time, as a pipe may.
    struct Dripping(Vec<u8>, usize);

    impl Read for Dripping {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(self.0.len()).min(into.len());
            let rest = self.0.split_off(length);
            into[..length].copy_from_slice(&self.0);
            self.0 = rest;
            Ok(length)
        }
    }

    fn read(text: &[u8], stream: &'static Stream, at_once: usize) -> (Vec<String>, Option<String>) {
        let mut saved = Saved::new(Box::new(Dripping(text.to_vec(), at_once)), stream);
        let mut items = Vec::new();
        loop {
            match saved.next() {
                Ok(Some(Item::Page)) => items.push("page".to_owned()),
                Ok(Some(Item::Record { form, number, bytes })) => {
                    let form = form.map_or("-".to_owned(), |form| form.to_string());
                    items.push(format!("{form}/{number} {}", String::from_utf8_lossy(&bytes)));
                }
                Ok(None) => return (items, None),
                Err(error) => return (items, Some(error.to_string())),
            }
        }
    }

    #[track_caller]
    fn check(stream: &'static Stream, text: &str, items: &[&str], error: Option<&str>) {
        for at_once in [1, 7, BUFFER] {
            let (read, ended) = read(text.as_bytes(), stream, at_once);
            assert_eq!(read, items, "{text:?}");
            assert_eq!(ended.as_deref(), error, "{text:?}");
        }
    }

    #[test]
    fn lines_and_pages_are_read_however_they_are_set_out() {
        let cases: &[(&str, &[&str])] = &[
            ("", &[]),
            (" \r\n\n\t", &[]),
            ("{\"id\":1}\r\n\r\n{}\n", &[r#"-/1 {"id":1}"#, "-/3 {}"]),
            (r#"{"id":1}{"id":2}"#, &[r#"-/1 {"id":1}"#, r#"-/1 {"id":2}"#]),
            ("[ {\"id\":1} ,\n{\"id\":2}\n]", &[r#"-/1 {"id":1}"#, r#"-/2 {"id":2}"#]),
            ("[]", &[]),
            (r#"{"results":[]}"#, &["page"]),
            (
                "{\n \"count\": 2, \"results\" :\n [ {\"a\": \"}\"} , 7 ],\n \"meta\": {\"x\": [1, {}]}\n}\n{\"results\":[[]]}",
                &["page", r#"0/1 {"a": "}"}"#, "0/1 7", "page", "0/2 []"],
            ),
            (
                r#"[{"results":[{"id":1}]},{"id":2}]"#,
                &["page", r#"0/1 {"id":1}"#, r#"-/1 {"id":2}"#],
            ),
            (r#"{"results":null}"#, &[r#"-/1 {"results":null}"#]),
            (
                r#"{"id":1,"audit_logs":[{}],"x":{"results":[]}}"#,
                &[r#"-/1 {"id":1,"audit_logs":[{}],"x":{"results":[]}}"#],
            ),
        ];
        for (text, items) in cases {
            check(&AUDIT_LOGS, text, items, None);
        }
        let both = r#"{"version_histories":[{"id":1}],"non_versioned_logs":[{"id":2}]}"#;
        check(
            &RESOURCE_LOGS,
            both,
            &["page", r#"1/1 {"id":1}"#, r#"0/1 {"id":2}"#],
            None,
        );
    }

    #[test]
    fn a_broken_line_is_one_record_and_the_next_line_is_read() {
        let cases: &[(&str, &[&str])] = &[
            ("garbage\n{}", &["-/1 garbage", "-/2 {}"]),
            ("\0\0\0\n{}", &["-/1 \0\0\0", "-/2 {}"]),
            ("{\"id\" 1}, x\n{}", &["-/1 {\"id\" 1}, x", "-/2 {}"]),
            ("{\"id\":\"torn\n{}", &["-/1 {\"id\":\"torn", "-/2 {}"]),
            (
                "{\"id\":{\"x\":1}\n{}\n{}",
                &["-/1 {\"id\":{\"x\":1}", "-/2 {}", "-/3 {}"],
            ),
            ("{\"id\":nul}\n{}", &["-/1 {\"id\":nul}", "-/2 {}"]),
            ("{\"id\":[1}]\n{}", &["-/1 {\"id\":[1}]", "-/2 {}"]),
        ];
        for (text, items) in cases {
            check(&AUDIT_LOGS, text, items, None);
        }
    }

    #[test]
    fn what_cannot_be_read_on_is_named_with_its_place() {
        let page = "{\"results\":[{\"id\":1},\n{\"id\":2} {\"id\":3}]}";
        let found = ["page", r#"0/1 {"id":1}"#, r#"0/1 {"id":2}"#];
        check(
            &AUDIT_LOGS,
            page,
            &found,
            Some("line 2, byte 31: not JSON: `,` or `]` expected"),
        );
        let wrong = "{}\n{\"meta\":{},\"audit_logs\":[{\"id\":1}]}";
        let error =
            "line 2, byte 3: a page with `audit_logs`, which is zendesk audit_logs's, and not secoda audit_logs's";
        check(&AUDIT_LOGS, wrong, &["-/1 {}"], Some(error));
        let cut = "{\"id\":1}\n{\"id\":";
        check(
            &AUDIT_LOGS,
            cut,
            &[r#"-/1 {"id":1}"#],
            Some("line 2, byte 15: ends in the middle of a value"),
        );
    }

    #[test]
    fn a_value_without_end_is_given_up() {
        for (begin, more) in [
            ("", 0u8),
            ("", b' '),
            ("{\"a\":\"", b'x'),
            ("{\"a\":", b'['),
            ("{\"a\":\"", b'\\'),
        ] {
            let endless = begin.as_bytes().chain(io::repeat(more));
            let mut saved = Saved::new(Box::new(endless), &AUDIT_LOGS);
            saved.text.longest = 200_000;
            let error = saved.next().unwrap_err();
            assert!(matches!(error, FileError::TooLarge(_)), "{begin}{more}: {error}");
            assert!(saved.text.value.capacity() <= 2 * saved.text.longest, "{begin}{more}");
        }
    }

    proptest! {
        #[test]
        fn a_text_cut_anywhere_gives_its_first_records(cut in 0usize..140) {
            let text = "{\"id\":\"a\"}\n{\"results\":[{\"id\":\"b\"},{\"x\":[1,2],\"id\":\"c\"}],\"meta\":{\"a\":null}}\n[{\"id\":\"d\"}]\n{\"id\":\"e\"}\n";
            let whole = read(text.as_bytes(), &AUDIT_LOGS, 64).0;
            let cut = cut.min(text.len());
            let (items, error) = read(&text.as_bytes()[..cut], &AUDIT_LOGS, 5);
            prop_assert_eq!(&items[..], &whole[..items.len()]);
            let is_between = text.split_at(cut).1.trim_start().starts_with(['{', '[']);
            prop_assert!(error.is_some() || items.len() == whole.len() || is_between);
        }

        #[test]
        fn no_text_does_harm(text in "[{}\\[\\]\",:\\\\\na1 ]{0,60}", at_once in 1usize..9) {
            let (items, error) = read(text.as_bytes(), &AUDIT_LOGS, at_once);
            prop_assert_eq!((items, error), read(text.as_bytes(), &AUDIT_LOGS, BUFFER));
        }
    }
}
