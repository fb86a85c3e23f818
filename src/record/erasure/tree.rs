//! A JSON text as a tree of places, so that single values can be replaced and every other byte stays as it was sent. Apart from
//! what is replaced.

use std::ops::Range;

use serde_json::value::RawValue;

use super::super::json;
use super::decoded;

/// Deeper nesting is taken for plain text.
const MAX_DEPTH: usize = 100;

/// A value and where it stands; strings with their marks.
#[derive(Debug)]
pub(super) enum Node {
    Object {
        start: usize,
        members: Vec<(Range<usize>, Node)>,
    },
    Array {
        start: usize,
        elements: Vec<Node>,
    },
    Text(Range<usize>),
    Number(Range<usize>),
    /// `true`, `false` or `null`, which are nobody's name; or what is no JSON.
    Other(Range<usize>),
}

impl Node {
    pub(super) fn start(&self) -> usize {
        match self {
            Node::Object { start, .. } | Node::Array { start, .. } => *start,
            Node::Text(range) | Node::Number(range) | Node::Other(range) => range.start,
        }
    }

    /// Where a value stands that may be an identifier.
    pub(super) fn value(&self) -> Option<Range<usize>> {
        match self {
            Node::Text(range) | Node::Number(range) => Some(range.clone()),
            Node::Object { .. } | Node::Array { .. } | Node::Other(_) => None,
        }
    }

    pub(super) fn inner(&self) -> Vec<&Node> {
        match self {
            Node::Object { members, .. } => members.iter().map(|(_, member)| member).collect(),
            Node::Array { elements, .. } => elements.iter().collect(),
            Node::Text(_) | Node::Number(_) | Node::Other(_) => Vec::new(),
        }
    }

    /// What stands at members joined by dots, all of it where a name comes twice; the empty path is the object itself.
    pub(super) fn all_at(&self, text: &str, path: &str) -> Vec<&Node> {
        let Node::Object { members, .. } = self else {
            return Vec::new();
        };
        if path.is_empty() {
            return vec![self];
        }
        let (name, rest) = path
            .split_once('.')
            .map_or((path, None), |(name, rest)| (name, Some(rest)));
        let named = members.iter().filter(|(range, _)| decoded(text, range.clone()) == name);
        let found = named.map(|(_, member)| member);
        match rest {
            Some(rest) => found.flat_map(|member| member.all_at(text, rest)).collect(),
            None => found.collect(),
        }
    }

    /// Calls `see` with every value that holds no others, and every name of a member.
    pub(super) fn each_value(&self, see: &mut dyn FnMut(Range<usize>)) {
        match self {
            Node::Object { members, .. } => {
                for (name, member) in members {
                    see(name.clone());
                    member.each_value(see);
                }
            }
            Node::Array { elements, .. } => elements.iter().for_each(|element| element.each_value(see)),
            Node::Text(range) | Node::Number(range) | Node::Other(range) => see(range.clone()),
        }
    }
}

/// The values of a text, and whether it is JSON. Of what is not, as where a line was cut off, the values before it broke;
/// `None` where there are none, or the text is nested too deep.
pub(super) fn parse(text: &str) -> Option<(Node, bool)> {
    if json::depth(text) > MAX_DEPTH {
        return None;
    }
    let mut reader = Reader {
        bytes: text.as_bytes(),
        at: 0,
        is_broken: false,
    };
    reader.skip_blanks();
    let is_json = serde_json::from_str::<&RawValue>(text).is_ok();
    let begins = is_json || matches!(reader.peek(), Some(b'{' | b'['));
    let root = reader.node().filter(|_| begins)?;
    Some((root, is_json))
}

/// Reads JSON as far as it is any.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Whether something was met that cannot stand there: nothing is read after it.
    is_broken: bool,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while self
            .peek()
            .is_some_and(|byte| byte.is_ascii_whitespace() || byte == b',' || byte == b':')
        {
            self.at += 1;
        }
    }

    fn node(&mut self) -> Option<Node> {
        let start = self.at;
        match self.peek()? {
            b'{' => {
                let mut members = Vec::new();
                self.at += 1;
                self.skip_blanks();
                while self.is_within(b'}') {
                    let name = self.string();
                    self.skip_blanks();
                    let at = self.at;
                    members.push((name, self.node().unwrap_or(Node::Other(at..at))));
                    self.skip_blanks();
                }
                Some(Node::Object { start, members })
            }
            b'[' => {
                let mut elements = Vec::new();
                self.at += 1;
                self.skip_blanks();
                while self.is_within(b']') {
                    elements.extend(self.node());
                    self.skip_blanks();
                }
                Some(Node::Array { start, elements })
            }
            b'"' => Some(Node::Text(self.string())),
            first => {
                let is_end = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b']' | b'}' | b'"');
                while self.peek().is_some_and(|byte| !is_end(byte)) {
                    self.at += 1;
                }
                let range = start..self.at;
                let is_number = first == b'-' || first.is_ascii_digit();
                Some(if is_number {
                    Node::Number(range)
                } else {
                    Node::Other(range)
                })
            }
        }
    }

    /// Whether more follows before the closing mark, which is passed.
    fn is_within(&mut self, close: u8) -> bool {
        let is_possible = |byte: u8| match close {
            b'}' => byte == b'"',
            _ => byte != b'}',
        };
        match self.peek().filter(|_| !self.is_broken) {
            None => false,
            Some(byte) if byte == close => {
                self.at += 1;
                false
            }
            Some(byte) => {
                self.is_broken = !is_possible(byte);
                !self.is_broken
            }
        }
    }

    /// A string, to the end of the text where it is not closed.
    fn string(&mut self) -> Range<usize> {
        let start = self.at;
        self.at += 1;
        while let Some(byte) = self.peek().filter(|byte| *byte != b'"') {
            self.at += if byte == b'\\' { 2 } else { 1 };
        }
        self.at = self.bytes.len().min(self.at + 1);
        start..self.at
    }
}
