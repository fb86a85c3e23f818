//! What identifies a person in a text: words, and which texts of a person's own records are names and addresses. Apart from
//! replacing them because this alone is done with the person still known.

use std::collections::BTreeSet;
use std::ops::Range;

use super::tree::{Node, parse};
use super::{decoded, is_pseudonym, masked};
use crate::source::Personal;

/// Scripts from here on put no space between words, so that each letter counts as one.
const UNSPACED: char = '\u{2e80}';
/// An identifier of fewer digits is too common a number to be looked for in a text.
const LONG_NUMBER: usize = 8;

/// Who is to be erased, by what the service says of the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub id: String,
    /// Names and addresses as records show them.
    pub names: BTreeSet<String>,
}

impl Identity {
    /// The texts the person is known by wherever they stand. A name of one word counts only where no record shows a longer.
    pub fn terms(&self) -> BTreeSet<String> {
        let is_number = self.id.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let has_long = self
            .names
            .iter()
            .any(|name| words(name).len() > 1 && !name.contains('@'));
        let is_meant = |name: &&String| words(name).len() > 1 || (!has_long && !name.is_empty());
        let id = Some(&self.id).filter(|id| !is_number || id.len() >= LONG_NUMBER);
        self.names.iter().filter(is_meant).chain(id).cloned().collect()
    }

    /// Whether a text names the person.
    pub fn is_in(&self, text: &str) -> bool {
        let words = words(text);
        let is_term = |term: &String| {
            let (term, count) = (normal(term).to_lowercase(), self::words(term).len().max(1));
            let runs = words.windows(count).filter_map(|words| joined(text, words));
            runs.into_iter().any(|run| run.to_lowercase() == term)
        };
        self.terms().iter().any(is_term)
    }
}

/// The words of a text: runs of letters and digits.
pub(super) fn words(text: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    for (at, letter) in text.char_indices().filter(|(_, letter)| letter.is_alphanumeric()) {
        let end = at + letter.len_utf8();
        match words.last_mut() {
            Some(last) if last.end == at && letter < UNSPACED && !ends_unspaced(text, last) => last.end = end,
            _ => words.push(at..end),
        }
    }
    words
}

fn ends_unspaced(text: &str, word: &Range<usize>) -> bool {
    let last = text.get(word.clone()).and_then(|word| word.chars().next_back());
    last.is_some_and(|letter| letter >= UNSPACED)
}

/// Words as they are compared: several with one space between, whatever stands there, and in small letters; one as it is.
pub(super) fn joined(text: &str, words: &[Range<usize>]) -> Option<String> {
    match words {
        [] => None,
        [word] => text.get(word.clone()).map(str::to_owned),
        _ => {
            let words: Option<Vec<&str>> = words.iter().map(|word| text.get(word.clone())).collect();
            words.map(|words| words.join(" ").to_lowercase())
        }
    }
}

/// A text as it is compared; one without words as it is.
pub(super) fn normal(text: &str) -> String {
    joined(text, &words(text)).unwrap_or_else(|| text.to_owned())
}

/// Names and addresses that the bytes of a record show for the person with this identifier; `None` where the person has no
/// part in it. Where nothing says whose it is, an identifier that cannot be a common word is the person's all the same: an
/// owner of things may never have done any.
pub fn identity(personal: &Personal, id: &str, bytes: &[u8]) -> Option<BTreeSet<String>> {
    let text = masked(bytes);
    if !text.contains(id) && !text.contains('\\') {
        return None;
    }
    let (root, _) = parse(&text)?;
    let (mut names, mut is_met) = (BTreeSet::new(), false);
    meet(personal, (id, &text), &root, (&mut names, &mut is_met));
    let is_met = is_met || (is_uncommon(id) && stands(personal, (id, &text), &root, true));
    is_met.then_some(names)
}

fn is_uncommon(id: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    id.len() >= LONG_NUMBER && id.bytes().all(is_part) && id.bytes().any(|byte| byte.is_ascii_digit())
}

/// Whether the identifier is a whole value, where values are not those of other things.
fn stands(personal: &Personal, (id, text): (&str, &str), node: &Node, is_top: bool) -> bool {
    match node {
        Node::Object { members, .. } => members.iter().any(|(range, member)| {
            let name = decoded(text, range.clone());
            let is_ruled = personal
                .people
                .iter()
                .any(|rule| rule.only.is_some() && rule.id == name);
            let is_other = is_ruled || (is_top && name == "id") || personal.structural.contains(&name.as_ref());
            name == id || (!is_other && stands(personal, (id, text), member, false))
        }),
        Node::Array { elements, .. } => elements.iter().any(|element| {
            let is_record = matches!(element, Node::Object { .. });
            stands(personal, (id, text), element, is_record)
        }),
        Node::Text(_) | Node::Number(_) | Node::Other(_) => {
            node.value().is_some_and(|range| decoded(text, range) == id)
        }
    }
}

fn meet(
    personal: &Personal,
    (id, text): (&str, &str),
    node: &Node,
    (names, is_met): (&mut BTreeSet<String>, &mut bool),
) {
    for inner in node.inner() {
        meet(personal, (id, text), inner, (names, is_met));
    }
    let has = |path: &str, value: &str| {
        let found = node.all_at(text, path).into_iter().filter_map(Node::value);
        found.map(|range| decoded(text, range)).any(|found| found == value)
    };
    for rule in personal.people {
        let is_such = rule.only.is_none_or(|(path, value)| has(path, value));
        if !is_such || !has(rule.id, id) {
            continue;
        }
        *is_met = true;
        for path in rule.own {
            let name = path.rsplit('.').next().unwrap_or_default();
            for own in node.all_at(text, path) {
                names_in(personal, (name, text), own, names);
            }
        }
    }
}

/// Names and addresses in what is a person's own and stands under this name.
pub(super) fn names_in(personal: &Personal, (name, text): (&str, &str), node: &Node, names: &mut BTreeSet<String>) {
    match node {
        Node::Object { members, .. } => {
            let value_of = |wanted: &str| match node.all_at(text, wanted).pop() {
                Some(Node::Text(range)) => Some(decoded(text, range.clone())),
                _ => None,
            };
            if let Some((first, last)) = value_of("first_name").zip(value_of("last_name")) {
                let (first, last) = (first.trim(), last.trim());
                names.extend([format!("{first} {last}"), format!("{last} {first}")]);
            }
            for (name, member) in members {
                names_in(personal, (&decoded(text, name.clone()), text), member, names);
            }
        }
        Node::Array { elements, .. } => {
            let mut each = elements.iter();
            each.by_ref()
                .for_each(|element| names_in(personal, (name, text), element, names));
        }
        Node::Text(range) => {
            let value = decoded(text, range.clone());
            let is_address = value.contains('@') && !value.contains(char::is_whitespace);
            let was_address = || personal.addresses.contains(&name) && is_pseudonym(&value);
            if is_address || personal.names.contains(&name) || was_address() {
                names.insert(value.trim().to_owned());
            }
        }
        Node::Number(_) | Node::Other(_) => {}
    }
}
