//! Pseudonyms in place of what identifies a person, in the bytes of a record: the same for what the lake holds and for what
//! arrives later, so that an erased record that comes again is the record the lake has. Pure, and before flattening, so that
//! columns, hashes and nested records follow from the pseudonymised bytes.
//!
//! Who is erased is known by pseudonyms alone. A text is looked through by runs of words: those whose pseudonym is known are
//! replaced by it. What a service declares as a person's own is replaced as a whole where the person's identifier stands beside.

mod one;
mod terms;
mod tree;
mod veiled;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::ops::{Range, RangeInclusive};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::json;
use crate::source::Personal;
use one::One;
pub use terms::{Identity, identity};
use terms::{joined, normal, words};
use tree::parse;
use veiled::Unveiled;

const PREFIX: &str = "erased-";
/// Of a name of which nothing but its pseudonym is known any more: it may have had so many words.
const WORDS: RangeInclusive<usize> = 2..=8;
/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;
/// What a key is told from others by; nothing that stands in a text has the same pseudonym.
const CHECKED: &str = "\0the key of the pseudonyms";
/// Numbers that stand for a person are negative, and exact in any reader of JSON.
const NUMBERS: u64 = 1 << 52;

/// What stands for a text that identifies somebody.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Pseudonym([u8; 16]);

impl fmt::Display for Pseudonym {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(PREFIX)?;
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Pseudonym {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

impl From<Pseudonym> for String {
    fn from(pseudonym: Pseudonym) -> Self {
        pseudonym.to_string()
    }
}

impl TryFrom<String> for Pseudonym {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.strip_prefix(PREFIX).filter(|digits| digits.len() == 32);
        let number = digits.and_then(|digits| u128::from_str_radix(digits, 16).ok());
        number
            .map(|number| Self(number.to_be_bytes()))
            .ok_or_else(|| "not a pseudonym".to_owned())
    }
}

/// Whether a text is a pseudonym, of whichever key.
pub fn is_pseudonym(text: &str) -> bool {
    Pseudonym::try_from(text.to_owned()).is_ok()
}

/// The secret without which nobody can tell whom a pseudonym stands for.
#[derive(Clone)]
pub struct Key {
    inner: Sha256,
    outer: Sha256,
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key(…)")
    }
}

impl Key {
    pub fn new(secret: &[u8; 32]) -> Self {
        let padded = |pad: u8| {
            let mut block = [pad; BLOCK];
            block.iter_mut().zip(secret).for_each(|(byte, key)| *byte ^= key);
            Sha256::new().chain_update(block)
        };
        Self {
            inner: padded(0x36),
            outer: padded(0x5c),
        }
    }

    /// `None` unless it is 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut secret = [0; 32];
        let is_hex = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        for (place, byte) in secret.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
        }
        is_hex.then(|| Self::new(&secret))
    }

    /// HMAC-SHA-256.
    fn mac(&self, text: &str) -> [u8; 32] {
        let inner = self.inner.clone().chain_update(text).finalize();
        self.outer.clone().chain_update(inner).finalize().into()
    }

    fn exact(&self, text: &str) -> Pseudonym {
        let mut short = [0; 16];
        short.copy_from_slice(&self.mac(text)[..16]);
        Pseudonym(short)
    }

    /// What stands for an identifier: a text, or a number.
    pub fn stand_ins(&self, id: &str) -> [String; 2] {
        [self.pseudonym(id).to_string(), self.number(id).to_string()]
    }

    /// What stands for a text; letters of either case are one where it has several words.
    pub fn pseudonym(&self, text: &str) -> Pseudonym {
        self.exact(&normal(text))
    }

    /// Tells this key from others, and nothing else of it.
    pub fn check(&self) -> String {
        self.mac(CHECKED).map(|byte| format!("{byte:02x}")).concat()
    }

    /// What stands for an identifier that is a number.
    fn number(&self, id: &str) -> i64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.mac(&format!("number {id}"))[..8]);
        let number = u64::from_be_bytes(bytes) % NUMBERS;
        -2 - i64::try_from(number).unwrap_or_default()
    }
}

/// One erased person, without a word that tells who it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// Of the identifier.
    pub performer: Pseudonym,
    /// Of what else identifies the person in a text.
    pub terms: Vec<Term>,
    /// Tells the key of these pseudonyms from others; what older programs wrote has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_check: Option<String>,
}

/// Words that identify a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Term {
    pub pseudonym: Pseudonym,
    pub words: usize,
}

impl Erased {
    pub fn new(key: &Key, identity: &Identity) -> Self {
        let mut terms = BTreeSet::new();
        for text in identity.terms() {
            let (pseudonym, counts) = match Pseudonym::try_from(text.clone()) {
                Ok(pseudonym) => (pseudonym, WORDS),
                Err(_) => (key.pseudonym(&text), words(&text).len()..=words(&text).len()),
            };
            let each = counts.map(|words| Term { pseudonym, words });
            terms.extend(each.filter(|term| term.words > 0));
        }
        Self {
            performer: key.pseudonym(&identity.id),
            terms: terms.into_iter().collect(),
            key_check: Some(key.check()),
        }
    }
}

/// Everybody of one source who was erased, in the order it was done.
#[derive(Debug)]
pub struct Erasures {
    key: Key,
    personal: &'static Personal,
    people: Vec<Person>,
    /// Who is meant by a pseudonym, as places in `people`.
    known: HashMap<Pseudonym, Vec<usize>>,
    /// Numbers of words of all terms.
    lengths: BTreeSet<usize>,
}

/// One of them, ready to be looked for.
#[derive(Debug, Clone)]
struct Person {
    performer: Pseudonym,
    terms: HashSet<Pseudonym>,
    lengths: BTreeSet<usize>,
}

impl Erasures {
    pub fn new(key: Key, personal: &'static Personal, erased: &[Erased]) -> Self {
        let mut known: HashMap<Pseudonym, Vec<usize>> = HashMap::new();
        let mut lengths = BTreeSet::new();
        let mut people = Vec::new();
        for (place, one) in erased.iter().enumerate() {
            let person = Person {
                performer: one.performer,
                terms: one.terms.iter().map(|term| term.pseudonym).collect(),
                lengths: one.terms.iter().map(|term| term.words).collect(),
            };
            lengths.extend(&person.lengths);
            for pseudonym in person.terms.iter().chain([&person.performer]) {
                known.entry(*pseudonym).or_default().push(place);
            }
            people.push(person);
        }
        Self {
            key,
            personal,
            people,
            known,
            lengths,
        }
    }

    /// The bytes with pseudonyms in them; borrowed where nobody erased is met. What is no JSON is taken for plain text.
    pub fn apply<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        self.apply_each(bytes, &mut |_| {})
    }

    /// The same bytes before any of it, and after each person but the last: what they were kept as, had they come earlier.
    pub fn earlier(&self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut earlier = Vec::new();
        self.apply_each(bytes, &mut |before| earlier.push(before.to_vec()));
        earlier
    }

    /// Tells what the bytes are before each change.
    fn apply_each<'a>(&self, bytes: &'a [u8], before: &mut dyn FnMut(&[u8])) -> Cow<'a, [u8]> {
        let mut bytes = Cow::Borrowed(bytes);
        for place in self.met(&bytes) {
            let person = self.people.get(place).map(|person| One::new(self, person));
            if let Some(replaced) = person.and_then(|person| person.without(&bytes)) {
                before(&bytes);
                bytes = Cow::Owned(replaced);
            }
        }
        bytes
    }

    /// Who may be met in the bytes: one look for all of them.
    fn met(&self, bytes: &[u8]) -> BTreeSet<usize> {
        let mut met = BTreeSet::new();
        self.each_known(bytes, &mut |term| {
            met.extend(self.known.get(&term.pseudonym).into_iter().flatten())
        });
        met
    }

    /// The words in the bytes that identify anybody.
    pub fn terms_in(&self, bytes: &[u8]) -> BTreeSet<Term> {
        let mut terms = BTreeSet::new();
        self.each_known(bytes, &mut |term| {
            terms.insert(term);
        });
        terms
    }

    fn each_known(&self, bytes: &[u8], found: &mut dyn FnMut(Term)) {
        let mut look = |text: &str| {
            let words = words(text);
            let mut known = |pseudonym: Pseudonym, words: usize| {
                if self.known.contains_key(&pseudonym) {
                    found(Term { pseudonym, words });
                }
            };
            for start in 0..words.len() {
                for count in &self.lengths {
                    if let Some((candidate, _)) = candidate(text, &words, start, *count) {
                        known(self.key.exact(&candidate), *count);
                    }
                }
            }
            known(self.key.pseudonym(text), words.len());
        };
        let mut see = |text: &str| {
            look(text);
            Unveiled::of(text).into_iter().for_each(|read| look(&read.text));
        };
        let text = masked(bytes);
        let parsed = parse(&text);
        if let Some((root, _)) = &parsed {
            root.each_value(&mut |range| see(&decoded(&text, range)));
        }
        if parsed.is_none_or(|(_, is_json)| !is_json) {
            see(&text);
        }
    }
}

/// So many words of a text from one of them on, as pseudonyms are made of, and where they stand.
fn candidate(text: &str, words: &[Range<usize>], start: usize, count: usize) -> Option<(String, Range<usize>)> {
    let words = words.get(start..start + count)?;
    let range = words.first()?.start..words.last()?.end;
    Some((joined(text, words)?, range))
}

/// The text of a JSON string; any other value as it stands there.
fn decoded(text: &str, range: Range<usize>) -> Cow<'_, str> {
    let part = text.get(range).unwrap_or_default();
    match part.starts_with('"') {
        true => json::text(part).map_or(Cow::Borrowed(part), Cow::Owned),
        false => Cow::Borrowed(part),
    }
}

/// Bytes as a text of the same length, in which a mark stands for each byte that is no text.
fn masked(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '\u{1a}'));
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{self, secoda, zendesk};
    use proptest::prelude::*;

    const ID: &str = "7d0f6c1e-2f6b-4a53-9d51-0c9f0f1f6a11";

    fn key() -> Key {
        Key::new(&[7; 32])
    }

    fn identity_of(id: &str, names: &[&str]) -> Identity {
        Identity {
            id: id.to_owned(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn erasures(personal: &'static Personal, identities: &[Identity]) -> Erasures {
        let erased: Vec<Erased> = identities
            .iter()
            .map(|identity| Erased::new(&key(), identity))
            .collect();
        Erasures::new(key(), personal, &erased)
    }

    fn dana() -> Erasures {
        let identity = identity_of(ID, &["Dana Whitfield", "dana@acme.example"]);
        erasures(secoda::SERVICE.personal, &[identity])
    }

    fn applied(erasures: &Erasures, text: &str) -> String {
        String::from_utf8(erasures.apply(text.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn a_keyed_hash_is_that_of_the_standard() {
        let mut secret = [0; 32];
        secret[..4].copy_from_slice(b"Jefe");
        let mac = Key::new(&secret).mac("what do ya want for nothing?");
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(
            mac.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
            expected
        );
    }

    #[test]
    fn the_words_of_a_person_are_replaced_wherever_they_stand_and_nothing_else_is() {
        let erasures = dana();
        let (id, name) = (key().pseudonym(ID), key().pseudonym("Dana Whitfield"));
        let mail = key().pseudonym("dana@acme.example");
        let cases = [
            (
                "{\"a\":\"**DANA** **Whitfield**, /dana-whitfield.png\"}".to_owned(),
                format!("{{\"a\":\"**{name}**, /{name}.png\"}}"),
            ),
            (
                "{ \"a\" : [1.50, \"(dana whitfield's)\"] ,\"b\":null}".to_owned(),
                format!("{{ \"a\" : [1.50, \"({name}'s)\"] ,\"b\":null}}"),
            ),
            (
                "{\"dana@acme.example\":\"Dana \\u0057hitfield <Dana@ACME.example>\"}".to_owned(),
                format!("{{\"{mail}\":\"{name} <{mail}>\"}}"),
            ),
            (format!("[\"x-{ID}\",\"{ID}0\"]"), format!("[\"x-{id}\",\"{ID}0\"]")),
            (
                "{\"activity_type\":\"Dana Whitfield\",\"n\":\"Dana\"}".to_owned(),
                "{\"activity_type\":\"Dana Whitfield\",\"n\":\"Dana\"}".to_owned(),
            ),
            (format!("no JSON: {ID} Dana Whitfield"), format!("no JSON: {id} {name}")),
        ];
        for (text, expected) in cases {
            assert_eq!(applied(&erasures, &text), expected, "{text}");
        }
        let broken = [b"\xffDana Whitfield\xfe".as_slice(), b"\xff"].concat();
        let expected = [b"\xff".as_slice(), name.to_string().as_bytes(), b"\xfe\xff"].concat();
        assert_eq!(erasures.apply(&broken).as_ref(), expected);
        assert!(matches!(erasures.apply(b"{\"a\":\"Dan\"}"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_is_a_persons_own_is_replaced_as_a_whole() {
        let text = format!(
            r#"{{"id":"e","performer_id":"{ID}","performer_type":"USER","performer_metadata":{{"name":"Dana Whitfield","first_name":"Dana","disabled":true,"integration_type":"x","icon":null}},"metadata":{{"ip_address":"198.51.100.7","source":"web"}},"resource_id":"r","resource_metadata":{{"name":"customers"}},"activity_logs":[{{"performer_id":"{ID}","metadata":{{"ip":"198.51.100.7"}}}},{{"performer_id":"q","metadata":{{"ip":"198.51.100.7"}}}}]}}"#
        );
        let read: serde_json::Value = serde_json::from_str(&applied(&dana(), &text)).unwrap();
        let pseudonym = |text: &str| serde_json::json!(key().pseudonym(text).to_string());
        assert_eq!(read["performer_id"], pseudonym(ID));
        assert_eq!(read["performer_metadata"]["first_name"], pseudonym("Dana"));
        assert_eq!(read["performer_metadata"]["name"], pseudonym("dana whitfield"));
        assert_eq!(read["performer_metadata"]["disabled"], true);
        assert_eq!(read["performer_metadata"]["integration_type"], "x");
        assert_eq!(read["metadata"]["ip_address"], pseudonym("198.51.100.7"));
        assert_eq!(read["metadata"]["source"], "web");
        assert_eq!(read["resource_metadata"]["name"], "customers");
        assert_eq!(read["activity_logs"][0]["metadata"]["ip"], pseudonym("198.51.100.7"));
        assert_eq!(read["activity_logs"][1]["metadata"]["ip"], "198.51.100.7");
    }

    #[test]
    fn numbers_are_pseudonymised_where_they_are_a_persons() {
        let erasures = erasures(zendesk::SERVICE.personal, &[identity_of("1234", &["Dana Whitfield"])]);
        let text = r#"{"id":1234,"actor_id":1234,"actor_name":"Dana","source_id":1234,"source_type":"ticket","source_label":"Ticket 1234"}"#;
        let number = key().number("1234");
        assert!(number < -1);
        let name = key().pseudonym("Dana");
        let expected = format!(
            r#"{{"id":1234,"actor_id":{number},"actor_name":"{name}","source_id":1234,"source_type":"ticket","source_label":"Ticket 1234"}}"#
        );
        assert_eq!(applied(&erasures, text), expected);
        let long = self::erasures(zendesk::SERVICE.personal, &[identity_of("360100001013", &[])]);
        let of_id = key().number("360100001013");
        assert_eq!(
            applied(
                &long,
                r#"{"id":360100001013,"by":[360100001013],"n":{"id":360100001013}}"#
            ),
            format!(r#"{{"id":360100001013,"by":[{of_id}],"n":{{"id":{of_id}}}}}"#)
        );
        let as_user = text.replace("\"ticket\"", "\"user\"");
        assert!(applied(&erasures, &as_user).contains(&format!("\"source_id\":{number},")));
    }

    #[test]
    fn words_behind_escapes_and_within_words_are_found() {
        let erasures = erasures(
            secoda::SERVICE.personal,
            &[identity_of(ID, &["Ren\u{e9}e Berg", "renee@acme.example"])],
        );
        let (name, mail) = (
            key().pseudonym("Ren\u{e9}e Berg"),
            key().pseudonym("renee@acme.example"),
        );
        let cases = [
            (
                r#"{"a":"/u?m=renee%40acme.example&n=Ren%C3%A9e%20Berg"}"#,
                format!(r#"{{"a":"/u?m={mail}&n={name}"}}"#),
            ),
            (
                r#"{"a":"{\"n\":\"1\\nRen\\u00e9e Berg\"}","b":"<i>Ren&#233;e&nbsp;Berg</i>"}"#,
                format!(r#"{{"a":"{{\"n\":\"1\\n{name}\"}}","b":"<i>{name}</i>"}}"#),
            ),
            (
                r#"{"content":"AddedRen\u00e9e Bergas owner","marked":"Added**Ren\u00e9e Berg**as owner"}"#,
                format!(r#"{{"content":"Added{name}as owner","marked":"Added**{name}**as owner"}}"#),
            ),
            // Another's name that begins alike, and a nested record that does not tell of the person by itself.
            (
                r#"{"a":"Ren\u00e9e Berg","m":{"name":"Ren\u00e9e Bergman"},"l":[{"t":"byRen\u00e9e Berg"}]}"#,
                format!(r#"{{"a":"{name}","m":{{"name":"Ren\u00e9e Bergman"}},"l":[{{"t":"byRen\u00e9e Berg"}}]}}"#),
            ),
            (
                r#"{"t":"Ren\u00e9e Bergman, 100%25, C:\\new"}"#,
                r#"{"t":"Ren\u00e9e Bergman, 100%25, C:\\new"}"#.to_owned(),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(applied(&erasures, text), expected, "{text}");
        }
    }

    #[test]
    fn a_name_newer_than_the_erasure_is_replaced_in_the_record_that_shows_it() {
        let log = |own: &str, told: &str| {
            format!(
                r#"{{"id":"e","performer_id":"{own}","performer_metadata":{{"name":"Dana Neuhaus","first_name":"Dana","last_name":"Neuhaus","display_name":"Dana","email":"d.neuhaus@corp.example"}},"blocks":[{{"id":"b","value":"byDana Neuhausas owner"}}],"t":"{told}"}}"#
            )
        };
        let (name, mail) = (
            key().pseudonym("Dana Neuhaus"),
            key().pseudonym("d.neuhaus@corp.example"),
        );
        let told = "Dana: **DANA** Neuhaus, AddedDana Neuhausas owner, Neuhaus Dana, m=d.neuhaus%40corp.example";
        let read: serde_json::Value = serde_json::from_str(&applied(&dana(), &log(ID, told))).unwrap();
        let turned = key().pseudonym("Neuhaus Dana");
        assert_eq!(
            read["t"],
            format!("Dana: **{name}, Added{name}as owner, {turned}, m={mail}")
        );
        assert_eq!(read["blocks"][0]["value"], format!("by{name}as owner"));
        let again = read.to_string();
        assert_eq!(applied(&dana(), &again), again);

        // A record nested in it is what it is alone, and another's name is nobody's business.
        let both = format!(
            r#"{{"activity_logs":[{},{}]}}"#,
            log(ID, "Dana Neuhaus"),
            log("q", "Dana Neuhaus")
        );
        let read: serde_json::Value = serde_json::from_str(&applied(&dana(), &both)).unwrap();
        assert_eq!(read["activity_logs"][0]["t"], name.to_string());
        assert_eq!(read["activity_logs"][1]["t"], "Dana Neuhaus");
        let outer = log(ID, "").replace(
            r#""t":"""#,
            &format!(r#""activity_logs":[{}]"#, log("q", "by Dana Neuhaus")),
        );
        assert!(applied(&dana(), &outer).contains(r#""t":"by Dana Neuhaus""#));

        let broken = log(ID, "Dana Neuhaus") + " of Dana Neuhaus";
        let replaced = applied(&dana(), &broken);
        assert!(
            !replaced.contains("Neuhaus") && replaced.ends_with(&format!(" of {name}")),
            "{replaced}"
        );
    }

    #[test]
    fn records_that_others_hold_are_known_to_be_such() {
        for service in source::SERVICES {
            let nested = service.streams.iter().flat_map(|stream| stream.forms);
            for member in nested.filter_map(|form| form.nested) {
                assert!(service.personal.records.contains(&member), "{member}");
            }
        }
    }

    #[test]
    fn a_name_of_which_the_pseudonym_is_left_is_found_whatever_words_it_had() {
        let left = key().pseudonym("d.neuhaus@corp.example").to_string();
        let own = format!(r#"{{"performer_id":"p","performer_metadata":{{"email":"{left}","city":"{left}"}}}}"#);
        let names = identity(secoda::SERVICE.personal, "p", own.as_bytes()).unwrap();
        assert_eq!(names, BTreeSet::from([left.clone()]));
        let id = ID.to_owned();
        let erasures = erasures(secoda::SERVICE.personal, &[Identity { id, names }]);
        let text = r#"{"t":"ask D.Neuhaus@corp.example"}"#;
        assert_eq!(applied(&erasures, text), format!(r#"{{"t":"ask {left}"}}"#));
        let terms: Vec<usize> = erasures
            .terms_in(text.as_bytes())
            .iter()
            .map(|term| term.words)
            .collect();
        assert_eq!(terms, [4]);
    }

    #[test]
    fn what_is_a_persons_own_is_replaced_in_broken_json_too() {
        let own =
            format!(r#"{{"performer_id":"{ID}","performer_metadata":{{"first_name":"Dan\u0061","phone":15551234567"#);
        let pseudonym = key().pseudonym("Dana");
        let ends: [&[u8]; 7] = [
            b"",
            b",\"x\":NaN},\"n\":NaN}",
            b",\"last_name\":\"Whit",
            b"}]]}",
            b"}}\n{\"b\":1}",
            b",\"boss\": Dana Whitfield, 'Dana Whitfield'}}",
            b",\"city\":\"Lom\xe9 Dana Whitfield\"}}",
        ];
        for end in ends {
            let bytes = [own.as_bytes(), end].concat();
            let once = dana().apply(&bytes).into_owned();
            let told = String::from_utf8_lossy(&once).into_owned();
            assert!(
                told.contains(&format!(r#""first_name":"{pseudonym}","phone":-"#)),
                "{told}"
            );
            for trace in ["15551234567", "Whit", "Lom", "\\u0061"] {
                assert!(!told.contains(trace), "{told}");
            }
            assert_eq!(dana().apply(&once).as_ref(), once, "{told}");
        }
    }

    #[test]
    fn somebody_with_the_name_of_a_year_is_no_time() {
        let erasures = erasures(secoda::SERVICE.personal, &[identity_of(ID, &["2024"])]);
        let text = format!(r#"{{"performer_id":"{ID}","logged_at":"2024-06-01T00:00:00Z","t":"by 2024"}}"#);
        let replaced = applied(&erasures, &text);
        assert!(
            replaced.contains(r#""logged_at":"2024-06-01T00:00:00Z""#) && !replaced.contains("by 2024"),
            "{replaced}"
        );
    }

    #[test]
    fn a_person_is_known_by_what_their_own_records_show() {
        let personal = secoda::SERVICE.personal;
        let text = format!(
            r#"{{"id":"e","performer_id":"{ID}","performer_metadata":{{"name":"D. Whitfield","first_name":"Dana","last_name":"Whitfield","display_name":"Dana","email":"dana@acme.example"}},"resource_metadata":{{"name":"customers"}}}}"#
        );
        let names = identity(personal, ID, text.as_bytes()).unwrap();
        let expected = [
            "D. Whitfield",
            "Dana",
            "Dana Whitfield",
            "Whitfield Dana",
            "dana@acme.example",
        ];
        assert_eq!(names, expected.iter().map(|name| (*name).to_owned()).collect());
        let known = Identity {
            id: ID.to_owned(),
            names,
        };
        assert!(!known.terms().contains("Dana"));
        assert!(known.is_in("for dana  whitfield") && known.is_in(&format!("see {ID}")));
        assert!(!known.is_in("Dana Whitfielder, 7d0f6c1e"));
        assert_eq!(identity_of(ID, &["Cher"]).terms().len(), 2);
        assert_eq!(
            identity(personal, ID, format!(r#"{{"text":"by {ID}"}}"#).as_bytes()),
            None
        );
        let owner = format!(r#"{{"id":"e","owners":["{ID}"]}}"#);
        assert_eq!(identity(personal, ID, owner.as_bytes()), Some(BTreeSet::new()));
        let service = zendesk::SERVICE.personal;
        for (id, is_person) in [("360100001013", true), ("990000000001", false), ("360100005555", false)] {
            let text = r#"{"id":990000000001,"source_id":360100005555,"source_type":"role","by":[360100001013]}"#;
            assert_eq!(identity(service, id, text.as_bytes()).is_some(), is_person, "{id}");
        }
        for nobody in ["null", "true"] {
            let text = r#"{"performer_id":null,"performer_metadata":{"name":"x"},"resource_id":true}"#;
            assert_eq!(identity(personal, nobody, text.as_bytes()), None, "{nobody}");
            assert_eq!(
                applied(&self::erasures(personal, &[identity_of(nobody, &[])]), text),
                text
            );
        }
        assert_eq!(identity(personal, "customers", br#"{"name":"customers"}"#), None);
        assert_eq!(identity_of("1234", &["Cher"]).terms().len(), 1);
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let text = prop_oneof![
            Just(ID.to_owned()),
            Just("Dana Whitfield".to_owned()),
            Just("by dana@acme.example, 山田太郎".to_owned()),
            "[a-zA-Z \"\\\\é@.]{0,12}",
        ];
        let leaf = prop_oneof![
            text.prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            Just(serde_json::Value::Null),
        ];
        let names = prop_oneof![
            Just("performer_id".to_owned()),
            Just("performer_metadata".to_owned()),
            Just("name".to_owned()),
            Just("id".to_owned()),
            Just("type".to_owned()),
            "[a-c]{1}",
        ];
        leaf.prop_recursive(4, 40, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
                prop::collection::vec((names.clone(), inner), 0..6)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn shape(value: &serde_json::Value) -> String {
        match value {
            serde_json::Value::Object(members) => {
                let inner: Vec<String> = members.values().map(shape).collect();
                format!("{{{}}}", inner.join(","))
            }
            serde_json::Value::Array(elements) => {
                let inner: Vec<String> = elements.iter().map(shape).collect();
                format!("[{}]", inner.join(","))
            }
            serde_json::Value::String(_) => "text".to_owned(),
            serde_json::Value::Number(_) => "number".to_owned(),
            other => other.to_string(),
        }
    }

    proptest! {
        #[test]
        fn the_shape_stays_no_trace_does_and_a_second_time_changes_nothing(value in json()) {
            let text = value.to_string();
            let once = applied(&dana(), &text);
            let read: serde_json::Value = serde_json::from_str(&once).unwrap();
            prop_assert_eq!(shape(&read), shape(&value));
            prop_assert_eq!(applied(&dana(), &once), once.clone());
            let is_kept = |name: &str| text.contains(&format!("\"type\":\"{name}"));
            for trace in [ID, "Dana Whitfield", "dana@acme.example"] {
                prop_assert!(!once.contains(trace) || is_kept(trace) || text.contains("\"type\":"), "{}", once);
            }
        }

        #[test]
        fn a_record_nested_in_another_is_replaced_as_it_is_alone(value in json()) {
            let alone = applied(&dana(), &value.to_string());
            let nested = applied(&dana(), &format!("{{\"activity_logs\":[{value}]}}"));
            prop_assert_eq!(nested, format!("{{\"activity_logs\":[{alone}]}}"));
        }

        #[test]
        fn one_after_the_other_is_as_all_in_their_order(value in json()) {
            let first = identity_of(ID, &["Dana Whitfield"]);
            let second = identity_of("q", &["Whitfield Dana", "dana@acme.example"]);
            let personal = secoda::SERVICE.personal;
            let text = value.to_string();
            let one = applied(&erasures(personal, std::slice::from_ref(&first)), &text);
            let both = applied(&erasures(personal, std::slice::from_ref(&second)), &one);
            prop_assert_eq!(applied(&erasures(personal, &[first, second]), &text), both);
        }

        #[test]
        fn no_bytes_do_harm(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let once = dana().apply(&bytes).into_owned();
            let twice = dana().apply(&once).into_owned();
            prop_assert_eq!(twice, once);
        }
    }
}
