//! JSON read without changing it: members in their order, numbers verbatim, text that any server may send. Apart from
//! flattening because `serde_json::Value` would round numbers and refuse lone surrogates.

use std::fmt::{self, Write};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// One member of an object.
pub(super) struct Member<'a> {
    pub(super) name: String,
    pub(super) value: &'a RawValue,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Nulls {
    Dropped,
    Kept,
}

/// The members in the order sent, doubled names included; `None` when the text is not an object.
pub(super) fn members(text: &str) -> Option<Vec<Member<'_>>> {
    serde_json::from_str::<Members<'_>>(text).ok().map(|members| members.0)
}

pub(super) fn elements(text: &str) -> Option<Vec<&RawValue>> {
    serde_json::from_str(text).ok()
}

/// A JSON string's text; lone surrogates become U+FFFD. `None` when it is not a string.
pub(super) fn text(text: &str) -> Option<String> {
    serde_json::from_str::<Lossy>(text).ok().map(|lossy| lossy.0)
}

/// Whether a string holds lone surrogates, so that two different ones could read alike.
pub(super) fn is_broken_text(raw: &RawValue) -> bool {
    raw.get().starts_with('"') && serde_json::from_str::<String>(raw.get()).is_err()
}

/// How deep arrays and objects are nested.
pub(super) fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0usize, 0usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Members sorted, white space gone, numbers verbatim. With `Nulls::Kept` the text is also sure to be valid JSON for any
/// reader; with `Nulls::Dropped` it is what hashes are made of, and a string that is no Unicode stays as it was sent.
pub(super) fn canonical(value: &RawValue, nulls: Nulls) -> String {
    let mut out = String::with_capacity(value.get().len());
    write_canonical(value, nulls, &mut out);
    out
}

/// The canonical object of what says something about the record: what `stable_values` keeps.
pub(super) fn stable(members: &[Member<'_>], left_out: &[&str], nested: Option<&str>) -> String {
    object(stable_values(members, left_out, nested).into_iter())
}

/// The members that are neither null nor left out, by name, canonical; of nested records only their ids, sorted.
pub(super) fn stable_values(members: &[Member<'_>], left_out: &[&str], nested: Option<&str>) -> Vec<(String, String)> {
    let mut values: Vec<_> = members
        .iter()
        .filter(|member| !left_out.contains(&member.name.as_str()) && member.value.get() != "null")
        .map(|member| {
            let ids = elements(member.value.get()).filter(|_| nested == Some(member.name.as_str()));
            let value = ids.map_or_else(
                || canonical(member.value, Nulls::Dropped),
                |records| sorted_ids(&records),
            );
            (member.name.clone(), value)
        })
        .collect();
    values.sort_by(|left, right| left.0.cmp(&right.0));
    values
}

fn sorted_ids(records: &[&RawValue]) -> String {
    let id_or_whole = |record: &&RawValue| match id_of(record) {
        Some(id) => quoted(&id),
        None => canonical(record, Nulls::Dropped),
    };
    let mut ids: Vec<String> = records.iter().map(id_or_whole).collect();
    ids.sort_unstable();
    format!("[{}]", ids.join(","))
}

/// The id of a record, as text; `None` where it has none.
pub(super) fn id_of(record: &RawValue) -> Option<String> {
    let members = members(record.get())?;
    let id = members.iter().find(|member| member.name == "id")?.value;
    text(id.get()).or_else(|| serde_json::from_str::<i64>(id.get()).ok().map(|id| id.to_string()))
}

pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// An object of members whose values are JSON already.
pub(super) fn object<N: AsRef<str>>(members: impl Iterator<Item = (N, String)>) -> String {
    let members: Vec<String> = members
        .map(|(name, value)| format!("{}:{value}", quoted(name.as_ref())))
        .collect();
    format!("{{{}}}", members.join(","))
}

fn write_canonical(value: &RawValue, nulls: Nulls, out: &mut String) {
    let text_of = value.get();
    match text_of.bytes().next() {
        Some(b'{') => write_object(members(text_of).unwrap_or_default().iter().collect(), nulls, out),
        Some(b'[') => {
            out.push('[');
            for (index, element) in elements(text_of).unwrap_or_default().into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_canonical(element, nulls, out);
            }
            out.push(']');
        }
        Some(b'"') => write_text(text_of, nulls, out),
        _ => out.push_str(text_of),
    }
}

fn write_text(text_of: &str, nulls: Nulls, out: &mut String) {
    match (serde_json::from_str::<String>(text_of), nulls) {
        (Ok(decoded), _) => out.push_str(&quoted(&decoded)),
        (Err(_), Nulls::Dropped) => out.push_str(text_of),
        (Err(_), Nulls::Kept) => out.push_str(&quoted(&text(text_of).unwrap_or_default())),
    }
}

fn write_object(mut members: Vec<&Member<'_>>, nulls: Nulls, out: &mut String) {
    members.sort_by(|left, right| left.name.cmp(&right.name));
    out.push('{');
    let mut first = true;
    for member in members
        .into_iter()
        .filter(|member| nulls == Nulls::Kept || member.value.get() != "null")
    {
        if !first {
            out.push(',');
        }
        first = false;
        out.push_str(&quoted(&member.name));
        out.push(':');
        write_canonical(member.value, nulls, out);
    }
    out.push('}');
}

struct Members<'a>(Vec<Member<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Vec<Member<'de>>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Lossy(name), value)) = map.next_entry()? {
                    members.push(Member { name, value });
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Reader).map(Members)
    }
}

/// Text of a JSON string that may hold lone surrogates.
struct Lossy(String);

impl<'de> Deserialize<'de> for Lossy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = String;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_str<E>(self, text: &str) -> Result<String, E> {
                Ok(text.to_owned())
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
                Ok(String::from_utf8_lossy(bytes).into_owned())
            }
        }
        deserializer.deserialize_bytes(Reader).map(Lossy)
    }
}

impl fmt::Debug for Member<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)?;
        formatter.write_char('=')?;
        formatter.write_str(self.value.get())
    }
}
