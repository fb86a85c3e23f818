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
    /// A number, `true`, `false` or `null`.
    Other(Range<usize>),
}

impl Node {
    pub(super) fn start(&self) -> usize {
        match self {
            Node::Object { start, .. } | Node::Array { start, .. } => *start,
            Node::Text(range) | Node::Other(range) => range.start,
        }
    }

    /// Where a value stands that holds no others.
    pub(super) fn value(&self) -> Option<Range<usize>> {
        match self {
            Node::Text(range) | Node::Other(range) => Some(range.clone()),
            Node::Object { .. } | Node::Array { .. } => None,
        }
    }

    pub(super) fn inner(&self) -> Vec<&Node> {
        match self {
            Node::Object { members, .. } => members.iter().map(|(_, member)| member).collect(),
            Node::Array { elements, .. } => elements.iter().collect(),
            Node::Text(_) | Node::Other(_) => Vec::new(),
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
            Node::Text(range) | Node::Other(range) => see(range.clone()),
        }
    }
}

/// `None` where the text is not JSON, or nested too deep.
pub(super) fn parse(text: &str) -> Option<Node> {
    if json::depth(text) > MAX_DEPTH || serde_json::from_str::<&RawValue>(text).is_err() {
        return None;
    }
    let mut reader = Reader {
        bytes: text.as_bytes(),
        at: 0,
    };
    reader.skip_blanks();
    reader.node()
}

/// Reads what is known to be JSON.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
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
                while self.peek()? != b'}' {
                    let name = self.string()?;
                    self.skip_blanks();
                    members.push((name, self.node()?));
                    self.skip_blanks();
                }
                self.at += 1;
                Some(Node::Object { start, members })
            }
            b'[' => {
                let mut elements = Vec::new();
                self.at += 1;
                self.skip_blanks();
                while self.peek()? != b']' {
                    elements.push(self.node()?);
                    self.skip_blanks();
                }
                self.at += 1;
                Some(Node::Array { start, elements })
            }
            b'"' => self.string().map(Node::Text),
            _ => {
                let is_end = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b']' | b'}');
                while self.peek().is_some_and(|byte| !is_end(byte)) {
                    self.at += 1;
                }
                Some(Node::Other(start..self.at))
            }
        }
    }

    fn string(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        self.at += 1;
        while self.peek()? != b'"' {
            self.at += if self.peek() == Some(b'\\') { 2 } else { 1 };
        }
        self.at += 1;
        Some(start..self.at)
    }
}
