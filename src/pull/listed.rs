//! One answer of a list that is asked for in windows: its rows as they were sent, what it says of what follows, and whether
//! it keeps to what was asked. Apart from the strategies because both believe an answer in exactly this much.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::task::spawn_blocking;

use super::page::{count_of, hash, id_of, narrow, place_of, widen};
use super::windows::{Fault, Windowed};
use crate::http::Answer;
use crate::schema::{DAY, EARLIEST, Micros, SECOND, format_time, parse_time};

/// One decoded answer.
pub(super) struct Listed {
    pub(super) rows: Vec<Vec<u8>>,
    /// Hash of each row's identity, and its key where that is readable.
    pub(super) marks: Vec<(u64, Option<Micros>)>,
    /// `meta.has_more`, which alone says whether a list in cursor mode goes on.
    pub(super) has_more: Option<bool>,
    /// `links.next`.
    pub(super) next: Option<String>,
    /// `meta.after_cursor`.
    pub(super) after: Option<String>,
    /// Of offset mode; `None` when the service gives none that can be true.
    pub(super) count: Option<u64>,
    /// Whether `next_page` of offset mode names anything.
    pub(super) has_next_page: bool,
    pub(super) service_at: Option<Micros>,
    /// A row that should not be here, had the service kept to what was asked. Its neighbours are rows all the same.
    pub(super) stray: Option<Fault>,
}

/// The times a request asks for, both inclusive: what the bounds of the service mean is not known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) from: Micros,
    pub(super) to: Micros,
}

#[derive(Deserialize, Default)]
struct Meta {
    has_more: Option<bool>,
    after_cursor: Option<String>,
}

#[derive(Deserialize, Default)]
struct Links {
    next: Option<String>,
}

type Members<'a> = BTreeMap<String, &'a RawValue>;

impl Windowed {
    /// Sends a request made by hand, with the filters of the stream.
    pub(super) async fn ask(&self, bounds: Option<Bounds>, query: &[(&str, &str)]) -> Result<Listed, Fault> {
        let name = format!("filter[{}][]", self.order_key);
        let times = bounds.map(|bounds| [format_time(bounds.from), format_time(bounds.to)]);
        let filters = self.filter.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let times = times.iter().flatten().map(|time| (name.as_str(), time.as_str()));
        let query: Vec<_> = filters.chain(times).chain(query.iter().copied()).collect();
        let answer = self.client.get(self.path, &query).await.map_err(Fault::Http)?;
        self.decoded(answer, bounds).await
    }

    /// Follows a link of an answer, which carries filters and bounds itself.
    pub(super) async fn follow(&self, link: &str, bounds: Option<Bounds>) -> Result<Listed, Fault> {
        let answer = self.client.get_link(link).await.map_err(Fault::Http)?;
        self.decoded(answer, bounds).await
    }

    /// On a thread of its own, so that the next request need not wait for it.
    async fn decoded(&self, answer: Answer, bounds: Option<Bounds>) -> Result<Listed, Fault> {
        let list = self.clone();
        let decoded = spawn_blocking(move || list.decode(&answer, bounds)).await;
        decoded.unwrap_or_else(|error| Err(Fault::Shape(error.to_string())))
    }

    pub(super) fn decode(&self, answer: &Answer, bounds: Option<Bounds>) -> Result<Listed, Fault> {
        let narrowed = std::str::from_utf8(&answer.body).ok();
        let widened = narrowed.is_none().then(|| widen(&answer.body));
        let text = narrowed.or(widened.as_deref()).unwrap_or_default();
        let members: Members<'_> =
            serde_json::from_str(text).map_err(|error| Fault::Shape(format!("not an object{}", place_of(&error))))?;
        let rows = members
            .get(self.rows)
            .ok_or_else(|| Fault::Shape(format!("no `{}`", self.rows)))?;
        let rows: Vec<&RawValue> = serde_json::from_str(rows.get())
            .map_err(|error| Fault::Shape(format!("`{}` is not a list{}", self.rows, place_of(&error))))?;
        let meta: Meta = member(&members, "meta")?;
        let links: Links = member(&members, "links")?;
        let count = members
            .get("count")
            .and_then(|count| serde_json::from_str::<i64>(count.get()).ok());
        let (marks, stray) = self.marks(&rows, answer.server_at, bounds);
        Ok(Listed {
            marks,
            stray: stray.map(|column| Fault::FilterIgnored { column }),
            has_more: meta.has_more,
            after: meta.after_cursor,
            next: links.next.filter(|link| !link.is_empty()),
            count: count_of(count, rows.len()),
            has_next_page: members.get("next_page").is_some_and(|next| next.get() != "null"),
            service_at: answer.server_at,
            rows: rows
                .iter()
                .map(|row| match narrowed {
                    Some(_) => row.get().as_bytes().to_vec(),
                    None => narrow(row.get()),
                })
                .collect(),
        })
    }

    fn marks(
        &self,
        rows: &[&RawValue],
        service_at: Option<Micros>,
        bounds: Option<Bounds>,
    ) -> (Vec<(u64, Option<Micros>)>, Option<String>) {
        // A later key, like one before 2000, is no time to steer by.
        let latest = service_at.map_or(Micros::MAX, |at| at.saturating_add(DAY));
        let mut stray = None;
        let mut marks = Vec::with_capacity(rows.len());
        for row in rows {
            let members: Members<'_> = serde_json::from_str(row.get()).unwrap_or_default();
            let id = id_of(row, &members);
            let key = members
                .get(self.order_key)
                .and_then(|key| serde_json::from_str::<String>(key.get()).ok())
                .as_deref()
                .and_then(parse_time)
                .filter(|key| (EARLIEST..=latest).contains(key));
            let is_outside = |key: Micros| bounds.is_some_and(|bounds| !bounds.hold(key));
            stray = stray
                .or_else(|| key.is_some_and(is_outside).then(|| self.order_key.to_owned()))
                .or_else(|| self.unfiltered(&members));
            marks.push((hash(id), key));
        }
        (marks, stray)
    }

    /// The first filter of the stream that a row does not pass.
    fn unfiltered(&self, members: &Members<'_>) -> Option<String> {
        self.filter.iter().find_map(|(name, _)| {
            let column = name.strip_prefix("filter[")?.split(']').next()?;
            let value = text_of(members.get(column)?);
            let passes = |(other, asked): &(String, String)| other == name && plain(asked) == plain(&value);
            (!self.filter.iter().any(passes)).then(|| column.to_owned())
        })
    }
}

impl Bounds {
    fn hold(self, key: Micros) -> bool {
        self.from <= key && key < self.to.saturating_add(SECOND)
    }
}

/// A member whose absence and whose null are the same.
fn member<T: for<'de> Deserialize<'de> + Default>(members: &Members<'_>, name: &str) -> Result<T, Fault> {
    let Some(member) = members.get(name) else {
        return Ok(T::default());
    };
    serde_json::from_str::<Option<T>>(member.get())
        .map(Option::unwrap_or_default)
        .map_err(|error| Fault::Shape(format!("`{name}` is not what it should be{}", place_of(&error))))
}

fn text_of(value: &RawValue) -> String {
    serde_json::from_str(value.get()).unwrap_or_else(|_| value.get().to_owned())
}

/// A value as far as the service tells it from others: `apitoken` and `api_token` are one type to it, and an address has
/// many spellings.
fn plain(text: &str) -> String {
    match text.parse::<IpAddr>() {
        Ok(address) => address.to_string(),
        Err(_) => text.replace('_', "").to_lowercase(),
    }
}
