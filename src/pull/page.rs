//! One answer of a numbered list: its rows as they were sent, and what it says of itself. Apart from the walk because this
//! is all of the answer's shape that a walk may rely on.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{PullError, Walk};
use crate::http::HttpErrorKind;
use crate::schema::{DAY, EARLIEST, Micros, parse_time};
use crate::source::Paging;

/// One decoded answer.
pub(super) struct Page {
    pub(super) number: u64,
    pub(super) rows: Vec<Vec<u8>>,
    pub(super) outline: Outline,
    pub(super) service_at: Option<Micros>,
}

/// What is kept of a page once its rows are handed on.
#[derive(Debug, Clone)]
pub(super) struct Outline {
    pub(super) number: u64,
    /// Hashes of the rows' identities, doubled ones once.
    pub(super) ids: Vec<u64>,
    pub(super) rows: u64,
    pub(super) newest: Option<Micros>,
    pub(super) oldest: Option<Micros>,
    pub(super) newest_first: bool,
    /// `None` when the service gives none that can be true.
    pub(super) count: Option<u64>,
    pub(super) total_pages: Option<u64>,
    /// Whether a deeper page is named; `None` where the answer is silent about it.
    pub(super) has_next: Option<bool>,
    /// Identity and key of the first row: changes whenever anything arrives or is revised.
    pub(super) head: u64,
}

impl Outline {
    /// Whether the answer itself says that nothing comes after it.
    pub(super) fn is_last(&self) -> bool {
        self.total_pages
            .map_or(self.has_next == Some(false), |total| self.number >= total)
    }

    /// Whether a last page of a list in pages of `size` rows says of itself that there is more.
    pub(super) fn contradicts_end(&self, size: u64) -> bool {
        let told = self
            .number
            .saturating_sub(1)
            .saturating_mul(size)
            .saturating_add(self.rows);
        self.has_next == Some(true) || self.count.is_some_and(|count| count > told)
    }
}

#[derive(Deserialize, Default)]
struct Meta {
    page: Option<i64>,
    count: Option<i64>,
    total_pages: Option<i64>,
    /// Absent, null and a number mean three things.
    #[serde(default, deserialize_with = "present")]
    next_page: Option<Option<i64>>,
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<i64>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Asks for one page. `None`: the service says there is no such page.
pub(super) async fn fetch(walk: &Walk<'_>, number: u64) -> Result<Option<Page>, PullError> {
    let Paging::Numbered { rows, sort } = walk.stream.paging;
    let asked = number.to_string();
    match walk
        .client
        .get(walk.stream.path, &[("page", asked.as_str()), ("sort", sort)])
        .await
    {
        Ok(answer) => {
            let latest = answer.server_at.map_or(Micros::MAX, |at| at.saturating_add(DAY));
            let asked = Asked {
                number,
                rows_member: rows,
                order_key: walk.stream.order_key,
                latest,
            };
            let mut page = decode(&answer.body, &asked)?;
            tracing::debug!("page {number}: {} rows of {:?}", page.outline.rows, page.outline.count);
            page.service_at = answer.server_at;
            Ok(Some(page))
        }
        Err(error) if error.kind == HttpErrorKind::NotFound && number > 1 => Ok(None),
        Err(source) => Err(PullError::Http { page: number, source }),
    }
}

/// What was asked for, and which keys an answer can hold.
struct Asked<'a> {
    number: u64,
    rows_member: &'a str,
    order_key: &'a str,
    /// A later key, like one before 2000, is no time to steer by.
    latest: Micros,
}

fn decode(body: &[u8], asked: &Asked<'_>) -> Result<Page, PullError> {
    let &Asked {
        number, rows_member, ..
    } = asked;
    let shape = |what: String| PullError::Shape { page: number, what };
    let text = match std::str::from_utf8(body) {
        Ok(text) => text.to_owned(),
        Err(_) => widen(body),
    };
    let members: BTreeMap<String, &RawValue> =
        serde_json::from_str(&text).map_err(|error| shape(format!("not an object: {error}")))?;
    let rows = members
        .get(rows_member)
        .ok_or_else(|| shape(format!("no `{rows_member}`")))?;
    let rows: Vec<&RawValue> =
        serde_json::from_str(rows.get()).map_err(|error| shape(format!("`{rows_member}` is not a list: {error}")))?;
    let meta: Meta = match members.get("meta") {
        Some(meta) => serde_json::from_str(meta.get()).map_err(|error| shape(format!("`meta`: {error}")))?,
        None => Meta::default(),
    };
    let number_of = |name: &str| {
        members
            .get(name)
            .and_then(|raw| serde_json::from_str::<i64>(raw.get()).ok())
    };
    if let Some(answered) = meta
        .page
        .filter(|page| *page != 0 && u64::try_from(*page) != Ok(number))
    {
        return Err(PullError::WrongPage {
            asked: number,
            answered,
        });
    }
    let outline = Outline {
        count: count_of(meta.count.or_else(|| number_of("count")), rows.len()),
        total_pages: total_of(meta.total_pages.or_else(|| number_of("total_pages")), rows.len()),
        has_next: meta
            .next_page
            .map(|next| next.is_some_and(|next| u64::try_from(next).is_ok_and(|next| next > number))),
        ..outline(&rows, asked)
    };
    let is_wide = std::str::from_utf8(body).is_err();
    let rows = rows
        .iter()
        .map(|row| {
            if is_wide {
                narrow(row.get())
            } else {
                row.get().as_bytes().to_vec()
            }
        })
        .collect();
    Ok(Page {
        number,
        rows,
        outline,
        service_at: None,
    })
}

/// No pages cannot be true where there are rows.
fn total_of(total: Option<i64>, rows: usize) -> Option<u64> {
    total
        .and_then(|total| u64::try_from(total).ok())
        .filter(|total| *total > 0 || rows == 0)
}

/// A count below the rows at hand cannot be true.
pub(super) fn count_of(count: Option<i64>, rows: usize) -> Option<u64> {
    count
        .and_then(|count| u64::try_from(count).ok())
        .filter(|count| usize::try_from(*count).is_ok_and(|count| count >= rows))
}

fn outline(rows: &[&RawValue], asked: &Asked<'_>) -> Outline {
    let mut ids = Vec::with_capacity(rows.len());
    let mut keys = Vec::with_capacity(rows.len());
    let mut head = None;
    for row in rows {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(row.get()).unwrap_or_default();
        let id = members.get("id").map_or(row.get(), |id| id.get());
        let key_text = members.get(asked.order_key).map_or("", |key| key.get());
        let key = serde_json::from_str::<String>(key_text)
            .ok()
            .as_deref()
            .and_then(parse_time);
        ids.push(hash(id));
        keys.extend(key.filter(|key| (EARLIEST..=asked.latest).contains(key)));
        head.get_or_insert_with(|| hash(&(id, key_text)));
    }
    ids.sort_unstable();
    ids.dedup();
    Outline {
        number: asked.number,
        ids,
        rows: u64::try_from(rows.len()).unwrap_or(u64::MAX),
        newest: keys.iter().copied().max(),
        oldest: keys.iter().copied().min(),
        newest_first: keys.is_sorted_by(|left, right| left >= right),
        count: None,
        total_pages: None,
        has_next: None,
        head: head.unwrap_or_default(),
    }
}

pub(super) fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Each byte as the character of its number: a body that is no UTF-8 keeps its structure and its bytes.
pub(super) fn widen(body: &[u8]) -> String {
    body.iter().map(|byte| char::from(*byte)).collect()
}

pub(super) fn narrow(text: &str) -> Vec<u8> {
    text.chars()
        .filter_map(|character| u8::try_from(u32::from(character)).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8]) -> Result<Page, PullError> {
        let asked = Asked {
            number: 2,
            rows_member: "results",
            order_key: "updated_at",
            latest: Micros::MAX,
        };
        decode(body, &asked)
    }

    #[test]
    fn a_page_that_is_no_utf8_keeps_its_other_rows() {
        let page =
            read(b"{\"results\":[{\"id\":\"\xff\"},{\"id\":\"\xc3\xa9\"}],\"count\":9,\"total_pages\":5}").unwrap();
        assert_eq!(
            page.rows,
            [b"{\"id\":\"\xff\"}".to_vec(), "{\"id\":\"é\"}".as_bytes().to_vec()]
        );
        assert_eq!((page.outline.count, page.outline.total_pages), (Some(9), Some(5)));
    }

    #[test]
    fn what_an_answer_says_of_itself_is_doubted() {
        let page =
            read(br#"{"results":[{"id":"a"}],"meta":{"page":0,"count":0,"total_pages":0,"next_page":0}}"#).unwrap();
        assert_eq!(page.outline.count, None);
        assert!(page.outline.is_last());
        let text = |body: &[u8]| read(body).err().unwrap().to_string();
        assert_eq!(
            text(br#"{"results":[],"meta":{"page":-84344143}}"#),
            "page 2: the service answered page -84344143 instead"
        );
        assert_eq!(
            text(br#"{"detail":"no"}"#),
            "page 2: not the documented shape: no `results`"
        );
        assert!(text(br#"{"results":{}}"#).starts_with("page 2: not the documented shape: `results` is not a list"));
    }

    #[test]
    fn order_is_judged_within_a_page() {
        let rows = |keys: [&str; 3]| {
            let rows: Vec<_> = keys
                .iter()
                .enumerate()
                .map(|(id, key)| format!(r#"{{"id":"{id}","updated_at":"{key}"}}"#))
                .collect();
            read(format!(r#"{{"results":[{}]}}"#, rows.join(",")).as_bytes())
                .unwrap()
                .outline
                .newest_first
        };
        assert!(rows([
            "2025-01-03T00:00:00Z",
            "2025-01-03T00:00:00Z",
            "2025-01-01T00:00:00Z"
        ]));
        assert!(rows(["2025-01-03T00:00:00Z", "no time", "2025-01-01T00:00:00Z"]));
        assert!(!rows([
            "2025-01-01T00:00:00Z",
            "2025-01-02T00:00:00Z",
            "2025-01-03T00:00:00Z"
        ]));
    }
}
