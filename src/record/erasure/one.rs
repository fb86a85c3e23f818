//! One person taken out of one record: what is the person's own, and the words the person is known by. Apart from who was
//! erased, which is asked before any record is changed.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::terms::{names_in, words};
use super::tree::{Node, parse};
use super::veiled::Unveiled;
use super::{Erasures, Person, Pseudonym, candidate, decoded, is_pseudonym, masked};
use crate::record::json;
use crate::schema::parse_time;

/// Replacements, by what they take the place of.
type Edits = BTreeMap<usize, (usize, String)>;

/// Names and addresses of several words that a record shows of the person, as it writes them.
type Heard = BTreeSet<String>;

/// A person, among all who were erased.
pub(super) struct One<'a> {
    all: &'a Erasures,
    /// As the person was known when it was done.
    erased: &'a Person,
    /// The same, and what the record at hand shows.
    person: &'a Person,
    /// Names and addresses of several words that only this record shows.
    newer: &'a Heard,
}

static NOTHING: Heard = Heard::new();

/// Places of a text.
#[derive(Default)]
struct Marks {
    /// Where what is the person's own begins.
    own: BTreeSet<usize>,
    /// Where records begin that others hold in lists.
    records: BTreeSet<usize>,
}

/// What is known of the place where a value stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    marks: &'a Marks,
    is_own: bool,
    heard: &'a Heard,
    /// The member whose value it is.
    name: &'a str,
    /// Whether it is a member of a record, or of an object that lists hold.
    is_top: bool,
}

impl<'a> One<'a> {
    pub(super) fn new(all: &'a Erasures, person: &'a Person) -> Self {
        Self {
            all,
            erased: person,
            person,
            newer: &NOTHING,
        }
    }

    /// The bytes without the person; `None` where they tell nothing of the person.
    pub(super) fn without(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let text = masked(bytes);
        let (mut marks, mut edits, mut is_plain) = (Marks::default(), Edits::new(), true);
        let mut shown = BTreeSet::new();
        if let Some((root, is_json)) = parse(&text) {
            self.mark(&text, &root, (&mut marks, &mut edits));
            let place = Place {
                marks: &marks,
                is_own: false,
                heard: &Heard::new(),
                name: "",
                is_top: false,
            };
            self.edit_record(&text, &root, place, &mut edits);
            is_plain = !is_json;
            if is_plain {
                self.shown(&text, ("", &root), (&marks, true), &mut shown);
            }
        }
        let mut out = spliced(bytes, &edits);
        if is_plain {
            out = self.renamed(&shown, |one| one.plainly(&out));
        }
        (out != bytes).then_some(out)
    }

    /// Replaces texts of a record, those too by which it alone tells of the person: a name may be newer than the erasure.
    fn edit_record(&self, text: &str, node: &Node, place: Place<'_>, edits: &mut Edits) {
        let mut shown = BTreeSet::new();
        self.shown(text, (place.name, node), (place.marks, false), &mut shown);
        self.renamed(&shown, |one| one.edit_object(text, node, place, edits));
    }

    /// Replaces texts of a record, or of an object that a list of it holds.
    fn edit_object(&self, text: &str, node: &Node, place: Place<'_>, edits: &mut Edits) {
        let heard = &self.heard(text, node) | self.newer;
        let (heard, name) = (&heard, "");
        self.edit(text, node, Place { heard, name, ..place }, edits);
    }

    /// Names and addresses in what is the person's own; where not `is_all`, not of records held in lists, which have theirs.
    fn shown(
        &self,
        text: &str,
        (name, node): (&str, &Node),
        (marks, is_all): (&Marks, bool),
        names: &mut BTreeSet<String>,
    ) {
        if marks.own.contains(&node.start()) {
            names_in(self.all.personal, (name, text), node, names);
            return;
        }
        match node {
            Node::Object { members, .. } => {
                for (name, member) in members {
                    let name = decoded(text, name.clone());
                    self.shown(text, (&name, member), (marks, is_all), names);
                }
            }
            Node::Array { elements, .. } => {
                for element in elements {
                    if is_all || !marks.records.contains(&element.start()) {
                        self.shown(text, (name, element), (marks, is_all), names);
                    }
                }
            }
            Node::Text(_) | Node::Number(_) | Node::Other(_) => {}
        }
    }

    /// Does something with the person known by these names and addresses of several words too.
    fn renamed<T>(&self, names: &BTreeSet<String>, with: impl FnOnce(&One<'_>) -> T) -> T {
        let (mut person, mut newer) = (Cow::Borrowed(self.erased), Heard::new());
        for name in names.iter().filter(|name| !is_pseudonym(name)) {
            let (pseudonym, count) = (self.all.key.pseudonym(name), words(name).len());
            if count > 1 && !person.terms.contains(&pseudonym) {
                let person = person.to_mut();
                person.terms.insert(pseudonym);
                person.lengths.insert(count);
                newer.insert(name.clone());
            }
        }
        with(&One {
            all: self.all,
            erased: self.erased,
            person: &person,
            newer: &newer,
        })
    }

    /// The bytes without the words that identify the person, whatever they are.
    fn plainly(&self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            let valid = chunk.valid();
            let replaced = self.replaced(valid);
            out.extend_from_slice(replaced.as_deref().unwrap_or(valid).as_bytes());
            out.extend_from_slice(chunk.invalid());
        }
        out
    }

    /// Notes where records begin and what is the person's own, and replaces the identifiers that say so.
    fn mark(&self, text: &str, node: &Node, (marks, edits): (&mut Marks, &mut Edits)) {
        for inner in node.inner() {
            self.mark(text, inner, (marks, edits));
        }
        for list in self
            .all
            .personal
            .records
            .iter()
            .flat_map(|name| node.all_at(text, name))
        {
            let records = list.inner().into_iter();
            let records = records.filter(|record| matches!((list, record), (Node::Array { .. }, Node::Object { .. })));
            marks.records.extend(records.map(Node::start));
        }
        for rule in self.all.personal.people {
            let has = |path: &str, value: &str| {
                let found = node.all_at(text, path).into_iter().filter_map(Node::value);
                found.map(|range| decoded(text, range)).any(|found| found == value)
            };
            if rule.only.is_some_and(|(path, value)| !has(path, value)) {
                continue;
            }
            for id in node.all_at(text, rule.id) {
                let Some(range) = id.value() else { continue };
                let value = decoded(text, range.clone());
                if self.all.key.pseudonym(&value) != self.person.performer {
                    continue;
                }
                let replacement = match id {
                    Node::Text(_) => json::quoted(&self.person.performer.to_string()),
                    _ => self.all.key.number(&value).to_string(),
                };
                edits.insert(range.start, (range.end, replacement));
                let found = rule.own.iter().flat_map(|path| node.all_at(text, path));
                marks.own.extend(found.map(Node::start));
            }
        }
    }

    /// What a record shows the person by. Not that of records it holds in lists, which have theirs: they may come alone too.
    fn heard(&self, text: &str, node: &Node) -> Heard {
        let mut heard = Heard::new();
        match node {
            Node::Object { members, .. } => {
                for (name, member) in members {
                    let name = decoded(text, name.clone());
                    if !self.all.personal.structural.contains(&name.as_ref()) {
                        heard.extend(self.heard(text, member));
                    }
                }
            }
            Node::Array { elements, .. } => {
                let values = elements
                    .iter()
                    .filter(|element| !matches!(element, Node::Object { .. }));
                values.for_each(|element| heard.extend(self.heard(text, element)));
            }
            Node::Text(range) => {
                let value = decoded(text, range.clone());
                let found = self.found(&value).into_iter();
                // Identifiers differ by a letter more.
                let names = found.filter(|(_, pseudonym)| *pseudonym != self.person.performer);
                let names = names.filter_map(|(range, _)| value.get(range));
                let long = names.filter(|name| words(name).len() > 1);
                heard.extend(long.map(str::to_owned));
            }
            Node::Number(_) | Node::Other(_) => {}
        }
        heard
    }

    /// Replaces texts: whole where they are the person's own, else the words that identify the person.
    fn edit(&self, text: &str, node: &Node, place: Place<'_>, edits: &mut Edits) {
        let is_own = place.is_own || place.marks.own.contains(&node.start());
        let place = Place { is_own, ..place };
        match node {
            Node::Object { members, .. } => {
                for (range, member) in members {
                    let name = decoded(text, range.clone());
                    if let Some(replaced) = self.replaced(&name) {
                        edits.entry(range.start).or_insert((range.end, json::quoted(&replaced)));
                    }
                    if !self.all.personal.structural.contains(&name.as_ref()) {
                        let is_top = place.name.is_empty();
                        let inner = Place {
                            name: &name,
                            is_top,
                            ..place
                        };
                        self.edit(text, member, inner, edits);
                    }
                }
            }
            Node::Array { elements, .. } => {
                for element in elements {
                    let place = Place { is_top: false, ..place };
                    match element {
                        _ if place.marks.records.contains(&element.start()) => {
                            self.edit_record(text, element, place, edits);
                        }
                        Node::Object { .. } => self.edit_object(text, element, place, edits),
                        _ => self.edit(text, element, place, edits),
                    }
                }
            }
            Node::Text(range) => {
                let value = decoded(text, range.clone());
                if let Some(replaced) = self.text_without(&value, place) {
                    edits.entry(range.start).or_insert((range.end, json::quoted(&replaced)));
                }
            }
            Node::Number(range) => {
                let value = decoded(text, range.clone());
                // What a record is known by is not what it tells of.
                let is_id = place.is_top && place.name == "id";
                let is_meant = || !is_id && self.person.terms.contains(&self.all.key.exact(&value));
                if is_own || is_meant() {
                    let number = self.all.key.number(&value).to_string();
                    edits.entry(range.start).or_insert((range.end, number));
                }
            }
            Node::Other(_) => {}
        }
    }

    fn text_without(&self, value: &str, place: Place<'_>) -> Option<String> {
        if value.trim().is_empty() {
            return None;
        }
        if place.is_own {
            return Some(self.all.key.pseudonym(value).to_string());
        }
        // Somebody may have the name of a year.
        if parse_time(value).is_some() {
            return None;
        }
        let replaced = self.replaced(value);
        // A longer name that begins like the person's is another's.
        let is_name = self.all.personal.names.contains(&place.name) || is_address(value);
        if is_name {
            return replaced;
        }
        let mut out = replaced.map_or(Cow::Borrowed(value), Cow::Owned);
        // Services put texts of several parts together without a space: what stands there as words stands here within words.
        for heard in place.heard.iter().rev().filter(|heard| value.contains(heard.as_str())) {
            out = Cow::Owned(out.replace(heard.as_str(), &self.all.key.pseudonym(heard).to_string()));
        }
        Some(out.into_owned()).filter(|out| out != value)
    }

    /// The text with pseudonyms for the words that identify the person, those behind escapes too; `None` where there are none.
    fn replaced(&self, text: &str) -> Option<String> {
        let plain = self.found(text);
        let out = Some(with(text, &plain)).filter(|_| !plain.is_empty());
        let Some(read) = Unveiled::of(out.as_deref().unwrap_or(text)) else {
            return out;
        };
        let found = self.found(&read.text).into_iter();
        let veiled: Vec<_> = found
            .map(|(range, pseudonym)| (read.origin(&range), pseudonym))
            .collect();
        match veiled.is_empty() {
            true => out,
            false => Some(with(out.as_deref().unwrap_or(text), &veiled)),
        }
    }

    /// Where words stand that identify the person, the longest first.
    fn found(&self, text: &str) -> Vec<(Range<usize>, Pseudonym)> {
        let words = words(text);
        let (mut found, mut start) = (Vec::new(), 0);
        while start < words.len() {
            let hit = self.person.lengths.iter().rev().find_map(|count| {
                let (candidate, range) = candidate(text, &words, start, *count)?;
                let pseudonym = self.all.key.exact(&candidate);
                self.person
                    .terms
                    .contains(&pseudonym)
                    .then_some((pseudonym, *count, range))
            });
            match hit {
                Some((pseudonym, count, range)) => {
                    found.push((range, pseudonym));
                    start += count;
                }
                None => start += 1,
            }
        }
        found
    }
}

fn is_address(text: &str) -> bool {
    text.contains('@') && !text.contains(char::is_whitespace)
}

/// The text with pseudonyms in these places.
fn with(text: &str, places: &[(Range<usize>, Pseudonym)]) -> String {
    let (mut out, mut copied) = (String::with_capacity(text.len()), 0);
    for (range, pseudonym) in places {
        out.push_str(text.get(copied..range.start).unwrap_or_default());
        out.push_str(&pseudonym.to_string());
        copied = range.end;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    out
}

fn spliced(bytes: &[u8], edits: &Edits) -> Vec<u8> {
    let (mut out, mut copied) = (Vec::with_capacity(bytes.len()), 0);
    for (start, (end, replacement)) in edits {
        out.extend_from_slice(bytes.get(copied..*start).unwrap_or_default());
        out.extend_from_slice(replacement.as_bytes());
        copied = *end;
    }
    out.extend_from_slice(bytes.get(copied..).unwrap_or_default());
    out
}
