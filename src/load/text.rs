//! A text of JSON, value by value: where each begins and ends, and nothing of what it means. Apart from the pages because it
//! knows of none; apart from `serde_json` because a value must be bounded and a broken line must not end a file.

use std::io::{self, ErrorKind};

use super::file::{Bytes, Place};

/// A longer value is refused.
const LONGEST: usize = 64 << 20;
/// Bytes read at once.
const BUFFER: usize = 64 << 10;
/// What is kept of a buffer that one long value made large.
const KEPT: usize = 1 << 20;

/// Bytes with their place, read a buffer at a time.
pub(super) struct Text {
    bytes: Bytes,
    buffer: Vec<u8>,
    begin: usize,
    end: usize,
    /// Of the next byte.
    pub(super) place: Place,
    pub(super) is_line_start: bool,
    /// The value at hand, as far as it was taken.
    pub(super) value: Vec<u8>,
    /// What a value may be long.
    pub(super) longest: usize,
}

impl Text {
    pub(super) fn new(bytes: Bytes) -> Self {
        Self {
            bytes,
            buffer: vec![0; BUFFER],
            begin: 0,
            end: 0,
            place: Place { line: 1, byte: 0 },
            is_line_start: true,
            value: Vec::new(),
            longest: LONGEST,
        }
    }

    /// Begins another value.
    pub(super) fn begin(&mut self) {
        if self.value.capacity() > KEPT {
            self.value = Vec::new();
        }
        self.value.clear();
    }

    #[inline]
    pub(super) fn next_byte(&mut self) -> io::Result<Option<u8>> {
        if self.begin == self.end {
            self.fill()?;
        }
        Ok(self.buffer.get(self.begin).copied().filter(|_| self.begin < self.end))
    }

    fn fill(&mut self) -> io::Result<()> {
        loop {
            match self.bytes.read(&mut self.buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(read) => {
                    (self.begin, self.end) = (0, read);
                    return Ok(());
                }
            }
        }
    }

    pub(super) fn skip(&mut self) -> io::Result<()> {
        if let Some(byte) = self.next_byte()? {
            self.pass(1, u64::from(byte == b'\n'), byte);
        }
        Ok(())
    }

    /// Passes over so many bytes with so many ends of lines, the last of which is `last`.
    fn pass(&mut self, bytes: usize, lines: u64, last: u8) {
        self.begin += bytes;
        self.place.byte += u64::try_from(bytes).unwrap_or_default();
        self.place.line += lines;
        self.is_line_start = last == b'\n';
    }

    /// Hands on all bytes up to one that is not wanted; `take` says whether there may be more.
    fn run(
        &mut self,
        is_wanted: impl Fn(u8) -> bool,
        mut take: impl FnMut(&mut Vec<u8>, &[u8]) -> bool,
    ) -> Result<(), Stop> {
        while self.next_byte()?.is_some_and(&is_wanted) {
            let rest = self.buffer.get(self.begin..self.end).unwrap_or_default();
            let length = rest.iter().position(|byte| !is_wanted(*byte)).unwrap_or(rest.len());
            let run = rest.get(..length).unwrap_or_default();
            let lines = run.iter().filter(|byte| **byte == b'\n').count();
            let last = run.last().copied().unwrap_or_default();
            if !take(&mut self.value, run) {
                return Err(Stop::TooLarge);
            }
            self.pass(length, u64::try_from(lines).unwrap_or_default(), last);
        }
        Ok(())
    }

    /// Takes one value, whatever it is, as long as it is closed where it ought to be.
    pub(super) fn any_value(&mut self) -> Result<(), Stop> {
        let mut open: Vec<u8> = Vec::new();
        loop {
            match self.peek()? {
                b'{' => {
                    self.take()?;
                    if self.is_object_open()? {
                        open.push(b'}');
                        self.name()?;
                        continue;
                    }
                }
                b'[' => {
                    self.take()?;
                    if self.peek()? != b']' {
                        open.push(b']');
                        continue;
                    }
                    self.take()?;
                }
                b'"' => self.string()?,
                _ => self.scalar()?,
            }
            loop {
                let Some(close) = open.last().copied() else {
                    return Ok(());
                };
                match self.peek()? {
                    b',' => {
                        self.take()?;
                        if close == b'}' {
                            self.name()?;
                        }
                        break;
                    }
                    byte if byte == close => {
                        self.take()?;
                        open.pop();
                    }
                    _ => return Err(Stop::Malformed("`,` or the end of a list or an object")),
                }
            }
        }
    }

    /// Whether an object that has begun has members.
    pub(super) fn is_object_open(&mut self) -> Result<bool, Stop> {
        let is_open = self.peek()? != b'}';
        if !is_open {
            self.take()?;
        }
        Ok(is_open)
    }

    /// Whether another member follows the one that has ended.
    pub(super) fn is_object_going_on(&mut self) -> Result<bool, Stop> {
        match self.peek()? {
            b',' => self.take().map(|()| true),
            b'}' => self.take().map(|()| false),
            _ => Err(Stop::Malformed("`,` or `}`")),
        }
    }

    /// A member's name, up to its value.
    pub(super) fn name(&mut self) -> Result<String, Stop> {
        if self.peek()? != b'"' {
            return Err(Stop::Malformed("a member's name"));
        }
        let begin = self.value.len();
        self.string()?;
        let quoted = self.value.get(begin..).unwrap_or_default();
        let name = String::from_utf8_lossy(quoted).trim_matches('"').to_owned();
        if self.peek()? != b':' {
            return Err(Stop::Malformed("`:`"));
        }
        self.take()?;
        self.peek()?;
        Ok(name)
    }

    /// A line never ends inside a string: one that seems to do so was cut off.
    fn string(&mut self) -> Result<(), Stop> {
        self.take()?;
        loop {
            self.take_while(|byte| !matches!(byte, b'"' | b'\\' | b'\n'))?;
            match self.next_byte()? {
                Some(b'"') => return self.take(),
                Some(b'\\') => {
                    self.take()?;
                    if !matches!(self.next_byte()?, Some(b'\n') | None) {
                        self.take()?;
                    }
                }
                Some(_) => return Err(Stop::Malformed("the end of a string")),
                None => return Err(Stop::End),
            }
        }
    }

    fn scalar(&mut self) -> Result<(), Stop> {
        let before = self.value.len();
        let ends = |byte: u8| b",:]}[{\" \t\r\n".contains(&byte);
        self.take_while(|byte| !ends(byte))?;
        if self.value.len() == before {
            return Err(Stop::Malformed("a value"));
        }
        Ok(())
    }

    /// The next byte of the value at hand that is no white space.
    pub(super) fn peek(&mut self) -> Result<u8, Stop> {
        if self.next_byte()?.is_some_and(is_blank) {
            self.take_while(is_blank)?;
        }
        self.next_byte()?.ok_or(Stop::End)
    }

    pub(super) fn take(&mut self) -> Result<(), Stop> {
        if self.value.len() >= self.longest {
            return Err(Stop::TooLarge);
        }
        if let Some(byte) = self.next_byte()? {
            self.value.push(byte);
            self.skip()?;
        }
        Ok(())
    }

    pub(super) fn take_while(&mut self, is_wanted: impl Fn(u8) -> bool) -> Result<(), Stop> {
        let longest = self.longest;
        self.run(is_wanted, |value, run| {
            value.extend_from_slice(run);
            value.len() <= longest
        })
    }

    pub(super) fn skip_blanks(&mut self) -> Result<(), Stop> {
        let (mut skipped, longest) = (0, self.longest);
        self.run(is_blank, |_, run| {
            skipped += run.len();
            skipped <= longest
        })
    }
}

/// Why reading stops.
pub(super) enum Stop {
    Read(io::Error),
    End,
    TooLarge,
    Malformed(&'static str),
    OtherPage(String),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::UnexpectedEof => Stop::End,
            _ => Stop::Read(error),
        }
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}
