//! One answer of a numbered list: its rows as they were sent, and what it says of itself. Apart from the walk because this
//! is all of the answer's shape that a walk may rely on.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::task::spawn_blocking;

use super::{PullError, Walk};
use crate::http::{Client, HttpErrorKind};
use crate::schema::{DAY, EARLIEST, Micros, parse_time};

/// One decoded answer.
pub(super) struct Page {
    pub(super) number: u64,
    /// The records of each member that holds some.
    pub(super) rows: Vec<Vec<Vec<u8>>>,
    pub(super) outline: Outline,
    pub(super) service_at: Option<Micros>,
}

/// A row as far as a walk looks at it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// Hash of its identity.
    pub(super) id: u64,
    /// `None` where it is no time to steer by.
    pub(super) key: Option<Micros>,
}

/// What is kept of a page once its rows are handed on.
#[derive(Debug, Clone)]
pub(super) struct Outline {
    pub(super) number: u64,
    /// In the order of the answer.
    pub(super) rows: Vec<Row>,
    pub(super) newest: Option<Micros>,
    pub(super) oldest: Option<Micros>,
    pub(super) order: PageOrder,
    /// `None` when the service gives none that can be true.
    pub(super) count: Option<u64>,
    pub(super) total_pages: Option<u64>,
    /// Whether a deeper page is named; `None` where the answer is silent about it.
    pub(super) has_next: Option<bool>,
    /// Identity and key of the first row: changes whenever anything arrives or is revised.
    pub(super) head: u64,
}

/// The order of the rows of one page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageOrder {
    /// Also where all keys are equal.
    NewestFirst,
    OldestFirst,
    Neither,
}

impl Outline {
    /// Rows of the page, doubled ones counted twice.
    pub(super) fn length(&self) -> u64 {
        u64::try_from(self.rows.len()).unwrap_or(u64::MAX)
    }

    /// Identities of the rows, doubled ones once.
    pub(super) fn ids(&self) -> HashSet<u64> {
        self.rows.iter().map(|row| row.id).collect()
    }

    /// Whether the answer itself says that nothing comes after it.
    pub(super) fn is_last(&self) -> bool {
        self.total_pages
            .map_or(self.has_next == Some(false), |total| self.number >= total)
    }

    /// Whether the answer says nothing of what comes after it.
    pub(super) fn is_silent(&self) -> bool {
        self.total_pages.is_none() && self.has_next.is_none()
    }

    /// Whether a last page of a list in pages of `size` rows says of itself that there is more.
    pub(super) fn contradicts_end(&self, size: u64) -> bool {
        self.has_next == Some(true) || self.count.is_some_and(|count| count > self.rows_down_to(size))
    }

    /// Rows from the head to the last one of the page, in pages of `size` rows.
    pub(super) fn rows_down_to(&self, size: u64) -> u64 {
        (self.number.saturating_sub(1))
            .saturating_mul(size)
            .saturating_add(self.length())
    }

    /// Whether count and number of pages agree with pages of `size` rows.
    pub(super) fn is_sized(&self, size: u64) -> bool {
        match (self.count, self.total_pages) {
            (Some(count), Some(total)) if total > 1 && size > 0 => count.div_ceil(size) == total,
            _ => true,
        }
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

/// A list as it is asked for, owned, so that a task of its own can ask.
#[derive(Clone)]
pub(super) struct Asking {
    client: Arc<Client>,
    path: String,
    members: Vec<String>,
    order_key: Option<String>,
    /// Sent with every page.
    pub(super) query: Vec<(String, String)>,
}

impl Asking {
    pub(super) fn of(walk: &Walk<'_>) -> Self {
        let list = &walk.list;
        Self {
            client: Arc::clone(walk.client),
            path: list.path.to_owned(),
            members: list.rows.iter().map(|name| (*name).to_owned()).collect(),
            order_key: list.order_key.map(str::to_owned),
            query: list.query.clone(),
        }
    }
}

/// Asks for one page. `None`: there is no such page, or the service refuses to say what is on it.
pub(super) async fn fetch(asking: &Asking, number: u64) -> Result<Option<Page>, PullError> {
    let asked = number.to_string();
    let mut sent = vec![("page", asked.as_str())];
    sent.extend(asking.query.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    match asking.client.get(&asking.path, &sent).await {
        Ok(answer) => {
            let latest = answer.server_at.map_or(Micros::MAX, |at| at.saturating_add(DAY));
            let (asking, body) = (asking.clone(), answer.body);
            // On a thread of its own, so that the next request need not wait for it.
            let decoded = spawn_blocking(move || {
                let asked = Asked {
                    number,
                    members: &asking.members,
                    order_key: asking.order_key.as_deref(),
                    latest,
                };
                decode(&body, &asked)
            });
            let Some(mut page) = decoded.await.map_err(anyhow::Error::from)?? else {
                return Ok(None);
            };
            tracing::debug!(
                "page {number}: {} rows of {:?}",
                page.outline.rows.len(),
                page.outline.count
            );
            page.service_at = answer.server_at;
            Ok(Some(page))
        }
        Err(error) if number > 1 && matches!(error.kind, HttpErrorKind::NotFound | HttpErrorKind::Refused) => Ok(None),
        Err(source) => Err(PullError::Http { page: number, source }),
    }
}

/// What was asked for, and which keys an answer can hold.
pub(super) struct Asked<'a> {
    pub(super) number: u64,
    pub(super) members: &'a [String],
    pub(super) order_key: Option<&'a str>,
    /// A later key, like one before 2000, is no time to steer by.
    pub(super) latest: Micros,
}

/// `None`: the last page came instead of one past the end.
pub(super) fn decode(body: &[u8], asked: &Asked<'_>) -> Result<Option<Page>, PullError> {
    let number = asked.number;
    let shape = |what: String| PullError::Shape { page: number, what };
    let is_wide = std::str::from_utf8(body).is_err();
    let text = if is_wide {
        widen(body)
    } else {
        String::from_utf8_lossy(body).into_owned()
    };
    let members: BTreeMap<String, &RawValue> =
        serde_json::from_str(&text).map_err(|error| shape(format!("not an object{}", place_of(&error))))?;
    let lists = lists(&members, asked).map_err(shape)?;
    let meta: Meta = match members.get("meta") {
        Some(meta) => serde_json::from_str(meta.get())
            .map_err(|error| shape(format!("`meta` is not what it should be{}", place_of(&error))))?,
        None => Meta::default(),
    };
    let number_of = |name: &str| {
        members
            .get(name)
            .and_then(|raw| serde_json::from_str::<i64>(raw.get()).ok())
    };
    let length = lists.iter().map(Vec::len).sum();
    let total_pages = total_of(meta.total_pages.or_else(|| number_of("total_pages")), length);
    let answered = meta.page.filter(|page| *page != 0);
    if let Some(answered) = answered.filter(|page| u64::try_from(*page) != Ok(number)) {
        let is_last = u64::try_from(answered).is_ok_and(|answered| Some(answered) == total_pages && answered < number);
        return if is_last {
            Ok(None)
        } else {
            Err(PullError::WrongPage {
                asked: number,
                answered,
            })
        };
    }
    let outline = Outline {
        count: count_of(meta.count.or_else(|| number_of("count")), length),
        total_pages,
        has_next: has_next(number, &meta, members.get("next").copied()),
        ..outline(&lists, asked)
    };
    let bytes = |row: &&RawValue| {
        if is_wide {
            narrow(row.get())
        } else {
            row.get().as_bytes().to_vec()
        }
    };
    let rows = lists.iter().map(|rows| rows.iter().map(bytes).collect()).collect();
    Ok(Some(Page {
        number,
        rows,
        outline,
        service_at: None,
    }))
}

/// Where in a text its reader stopped. What the reader says itself would quote the text.
pub(super) fn place_of(error: &serde_json::Error) -> String {
    format!(", at line {} column {}", error.line(), error.column())
}

/// A next page that lies behind proves neither that there is more nor that there is not.
fn has_next(number: u64, meta: &Meta, link: Option<&RawValue>) -> Option<bool> {
    match meta.next_page {
        Some(Some(next)) => u64::try_from(next).is_ok_and(|next| next > number).then_some(true),
        Some(None) => Some(false),
        None => link.map(|next| next.get() != "null"),
    }
}

/// The records of each member asked for. A member may be left out where another is there.
fn lists<'a>(members: &BTreeMap<String, &'a RawValue>, asked: &Asked<'_>) -> Result<Vec<Vec<&'a RawValue>>, String> {
    if !asked.members.iter().any(|name| members.contains_key(name)) {
        return Err(format!("no `{}`", asked.members.join("` and no `")));
    }
    let list = |name: &String| match members.get(name) {
        Some(rows) => {
            serde_json::from_str(rows.get()).map_err(|error| format!("`{name}` is not a list{}", place_of(&error)))
        }
        None => Ok(Vec::new()),
    };
    asked.members.iter().map(list).collect()
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

fn outline(lists: &[Vec<&RawValue>], asked: &Asked<'_>) -> Outline {
    let mut rows = Vec::new();
    let mut head = None;
    for (member, list) in lists.iter().enumerate() {
        for row in list {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(row.get()).unwrap_or_default();
            let id = id_of(row, &members);
            let key_text = asked
                .order_key
                .and_then(|name| members.get(name))
                .map_or("", |key| key.get());
            let key = serde_json::from_str::<String>(key_text).ok();
            let key = key.as_deref().and_then(parse_time);
            rows.push(Row {
                id: hash(&(member, id)),
                key: key.filter(|key| member == 0 && (EARLIEST..=asked.latest).contains(key)),
            });
            head = Some(hash(&(head, id, key_text)));
        }
    }
    let keys: Vec<Micros> = rows.iter().filter_map(|row| row.key).collect();
    Outline {
        number: asked.number,
        newest: keys.iter().copied().max(),
        oldest: keys.iter().copied().min(),
        order: order_of(&keys),
        rows,
        count: None,
        total_pages: None,
        has_next: None,
        head: head.unwrap_or_default(),
    }
}

/// The identity of a row as it was sent; one without an `id` is told from others by all of it.
pub(super) fn id_of<'a>(row: &'a RawValue, members: &BTreeMap<String, &'a RawValue>) -> &'a str {
    let id = members.get("id").map(|id| id.get());
    id.filter(|id| *id != "null").unwrap_or(row.get())
}

fn order_of(keys: &[Micros]) -> PageOrder {
    if keys.is_sorted_by(|left, right| left >= right) {
        PageOrder::NewestFirst
    } else if keys.is_sorted() {
        PageOrder::OldestFirst
    } else {
        PageOrder::Neither
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

    fn asked(members: &[String]) -> Asked<'_> {
        Asked {
            number: 2,
            members,
            order_key: Some("updated_at"),
            latest: Micros::MAX,
        }
    }

    fn read(body: &[u8]) -> Result<Page, PullError> {
        decode(body, &asked(&["results".to_owned()])).map(Option::unwrap)
    }

    #[test]
    fn a_page_that_is_no_utf8_keeps_its_other_rows() {
        let page =
            read(b"{\"results\":[{\"id\":\"\xff\"},{\"id\":\"\xc3\xa9\"}],\"count\":9,\"total_pages\":5}").unwrap();
        assert_eq!(
            page.rows[0],
            [b"{\"id\":\"\xff\"}".to_vec(), "{\"id\":\"é\"}".as_bytes().to_vec()]
        );
        assert_eq!((page.outline.count, page.outline.total_pages), (Some(9), Some(5)));
    }

    #[test]
    fn what_an_answer_says_of_itself_is_doubted() {
        let page =
            read(br#"{"results":[{"id":"a"}],"meta":{"page":0,"count":0,"total_pages":0,"next_page":0}}"#).unwrap();
        assert_eq!((page.outline.count, page.outline.has_next), (None, None));
        assert!(!page.outline.is_last());
        let text = |body: &[u8]| read(body).err().unwrap().to_string();
        assert_eq!(
            text(br#"{"results":[],"meta":{"page":-84344143}}"#),
            "page 2: the service answered page -84344143 instead"
        );
        assert_eq!(
            text(br#"{"detail":"no"}"#),
            "page 2: not the documented shape: no `results`"
        );
        for (body, what) in [
            (r#"{"results":"s3cret"}"#, "`results` is not a list, at line 1 column 8"),
            (
                r#"{"results":[],"meta":{"page":"s3cret"}}"#,
                "`meta` is not what it should be, at line 1 column 16",
            ),
            (r#"["s3cret"]"#, "not an object, at line 1 column 0"),
        ] {
            assert_eq!(
                text(body.as_bytes()),
                format!("page 2: not the documented shape: {what}")
            );
        }
    }

    #[test]
    fn an_answer_with_links_tells_of_more_by_its_next() {
        let next = |next: &str| {
            let body = format!(r#"{{"count":40,{next}"previous":null,"results":[{{"id":"a"}}]}}"#);
            let outline = read(body.as_bytes()).unwrap().outline;
            (outline.count, outline.has_next, outline.is_last())
        };
        let link = r#""next":"https://acme.example/notification/workspace/?page=3","#;
        assert_eq!(next(link), (Some(40), Some(true), false));
        assert_eq!(next(r#""next":null,"#), (Some(40), Some(false), true));
        assert_eq!(next(""), (Some(40), None, false));
    }

    #[test]
    fn the_members_of_an_answer_stay_apart() {
        let members = ["logs".to_owned(), "versions".to_owned()];
        let asked = asked(&members);
        let page = |body: &str| decode(body.as_bytes(), &asked).map(Option::unwrap);
        let both = page(r#"{"logs":[{"id":"a"}],"versions":[{"id":"a"},{}]}"#).unwrap();
        assert_eq!(both.rows.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2]);
        assert_eq!((both.outline.length(), both.outline.ids().len()), (3, 3));
        assert_eq!(page(r#"{"versions":[{"id":"a"}]}"#).unwrap().rows[0].len(), 0);
        let error = page("{}").err().unwrap().to_string();
        assert!(error.ends_with("no `logs` and no `versions`"), "{error}");
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
                .order
        };
        assert_eq!(
            rows(["2025-01-01T00:00:00Z", "2025-01-03T00:00:00Z", "2025-01-02T00:00:00Z"]),
            PageOrder::Neither
        );
        let newest_first = |keys| rows(keys) == PageOrder::NewestFirst;
        assert!(newest_first([
            "2025-01-03T00:00:00Z",
            "2025-01-03T00:00:00Z",
            "2025-01-01T00:00:00Z"
        ]));
        assert!(newest_first([
            "2025-01-03T00:00:00Z",
            "no time",
            "2025-01-01T00:00:00Z"
        ]));
        assert_eq!(
            rows(["2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z", "2025-01-03T00:00:00Z"]),
            PageOrder::OldestFirst
        );
    }
}
