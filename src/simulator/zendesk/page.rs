//! The list cut into pages in both of its modes, and the pages as text: cursors, links and counts as the switches have
//! them. Apart from the listing, which knows rows and no requests.

use url::form_urlencoded::{self, Serializer};

use super::super::chance::mix;
use super::cursor::Cursor;
use super::filter::Filter;
use super::listing::{Ask, Listing};
use super::record::VARIANTS;
use super::refusal::Refusal;
use super::switches::{BrokenCursor, Switches};

/// Rows on a page at most, and without `page[size]` or `per_page`.
pub const MAX_PAGE_SIZE: usize = 100;
/// What tells a link of the service from one made by hand, where that matters.
const LINK: &str = "link";

/// The parts of a request for a page.
#[derive(Debug)]
pub struct Query<'a> {
    pub host: &'a str,
    pub path: &'a str,
    pub parameters: Vec<(String, String)>,
    /// The number of the request; decides labels that change.
    pub number: u64,
}

/// One page as text, and the rows in it.
#[derive(Debug)]
pub struct Page {
    pub body: String,
    pub rows: Vec<u32>,
}

impl<'a> Query<'a> {
    /// Splits a target into its parts.
    pub fn read(host: &'a str, target: &'a str, number: u64) -> Query<'a> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Query {
            host,
            path,
            parameters: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            number,
        }
    }

    /// The page asked for.
    pub fn answer(&self, listing: &Listing, switches: &Switches) -> Result<Page, Refusal> {
        match self.value("page[size]") {
            Some(size) => self.by_cursor(size, listing, switches),
            None => self.by_number(listing, switches),
        }
    }

    /// The number of the page in offset mode; in cursor mode 1.
    pub fn page(&self) -> usize {
        self.natural("page").unwrap_or(1)
    }

    fn by_cursor(&self, size: &str, listing: &Listing, switches: &Switches) -> Result<Page, Refusal> {
        let size = size.parse().ok().filter(|size| *size > 0);
        let size: usize = size.ok_or_else(|| Refusal::cursor("page[size] must be a number from 1 on"))?;
        let ascending = match self.value("sort") {
            None | Some("-created_at") => false,
            _ if switches.ignored.contains(&"sort") => false,
            Some("created_at") => true,
            Some(_) => return Err(Refusal::cursor("sort is not valid")),
        };
        let read = |name| self.value(name).map(|text| Cursor::read(text, ascending)).transpose();
        let (after, before) = (read("page[after]")?, read("page[before]")?);
        if after.is_some() && before.is_some() {
            return Err(Refusal::cursor("page[after] and page[before] exclude each other"));
        }
        let asked = after.or(before);
        let is_by_hand = asked.is_some() && self.value(LINK).is_none();
        let filter = if switches.filters_lost_by_hand && is_by_hand {
            Filter::default().since(switches.sees_since)
        } else {
            Filter::read(&self.parameters, &switches.ignored)?.since(switches.sees_since)
        };
        let (mut rows, has_more) = listing.slice(&Ask {
            filter: &filter,
            bounds: switches.bounds,
            ascending: ascending == before.is_none(),
            beyond: asked.map(|cursor| cursor.key),
            skipped: 0,
            rows: wanted(size.min(MAX_PAGE_SIZE), asked, switches),
        });
        if before.is_some() {
            rows.reverse();
        }
        let at = |row: Option<&u32>| {
            let key = listing.history.key(*row?);
            Some(Cursor { ascending, key })
        };
        let mut ends = Ends {
            asked,
            first: at(rows.first()),
            last: at(rows.last()),
            has_more,
        };
        if rows.is_empty() && !switches.empty_without_cursors {
            (ends.first, ends.last) = (asked, asked);
        }
        let body = format!(
            "{{\"audit_logs\":[{}],{}}}",
            self.records(&rows, listing, switches)?,
            self.meta(&ends, switches)
        );
        Ok(Page { body, rows })
    }

    fn meta(&self, ends: &Ends, switches: &Switches) -> String {
        let after = match switches.broken_cursor {
            _ if !ends.has_more && !switches.last_page_goes_on => None,
            Some(BrokenCursor::Null) if ends.has_more => None,
            Some(BrokenCursor::Repeated) if ends.has_more => ends.asked.or(ends.last),
            _ => ends.last,
        };
        let quoted = |text: Option<String>| serde_json::Value::from(text).to_string();
        let text = |cursor: Option<Cursor>| quoted(cursor.map(Cursor::text));
        let link = |name: &str, cursor: Option<Cursor>| {
            quoted(cursor.map(|cursor| {
                let mut changes = vec![(name, cursor.text())];
                if switches.filters_lost_by_hand {
                    changes.push((LINK, "1".to_owned()));
                }
                self.link(switches, &["page[after]", "page[before]", LINK], &changes)
            }))
        };
        format!(
            "\"meta\":{{\"has_more\":{},\"after_cursor\":{},\"before_cursor\":{}}},\"links\":{{\"prev\":{},\"next\":{}}}",
            ends.has_more,
            text(after),
            text(ends.first),
            link("page[before]", ends.first),
            link("page[after]", after)
        )
    }

    fn by_number(&self, listing: &Listing, switches: &Switches) -> Result<Page, Refusal> {
        let filter = Filter::read(&self.parameters, &switches.ignored)?.since(switches.sees_since);
        let page = self.page();
        let size = self.natural("per_page").unwrap_or(MAX_PAGE_SIZE).min(MAX_PAGE_SIZE);
        let cap = switches.cap;
        if page > cap.pages || page.saturating_mul(size) > cap.records {
            return Err(Refusal::depth());
        }
        let ascending = self.value("sort_order") == Some("asc") && !switches.ignored.contains(&"sort");
        let (rows, has_more) = listing.slice(&Ask {
            filter: &filter,
            bounds: switches.bounds,
            ascending,
            beyond: None,
            skipped: (page - 1) * size,
            rows: size,
        });
        let link = |is_there: bool, number: usize| {
            let url = is_there.then(|| self.link(switches, &["page"], &[("page", number.to_string())]));
            serde_json::Value::from(url).to_string()
        };
        let body = format!(
            "{{\"audit_logs\":[{}],\"next_page\":{},\"previous_page\":{},\"count\":{}}}",
            self.records(&rows, listing, switches)?,
            link(has_more, page + 1),
            link(page > 1, page - 1),
            listing.count(&filter, switches.bounds)
        );
        Ok(Page { body, rows })
    }

    fn records(&self, rows: &[u32], listing: &Listing, switches: &Switches) -> Result<String, Refusal> {
        let mut out = Vec::with_capacity(rows.len() * 512);
        for (place, row) in rows.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            let variant = if switches.labels_change {
                usize::try_from(mix(self.number, u64::from(*row)) % 1_000).unwrap_or(0) % VARIANTS
            } else {
                0
            };
            listing
                .history
                .write_record(*row, switches.shape, variant, &mut out)
                .map_err(|error| Refusal::value("record", &error.to_string()))?;
        }
        String::from_utf8(out).map_err(|error| Refusal::value("record", &error.to_string()))
    }

    fn value(&self, name: &str) -> Option<&str> {
        let mut found = self.parameters.iter().rev().filter(|(other, _)| other == name);
        found.next().map(|(_, value)| value.as_str())
    }

    fn natural(&self, name: &str) -> Option<usize> {
        self.value(name)?.parse().ok().filter(|number| *number > 0)
    }

    /// An absolute URL of this list with other parameters.
    fn link(&self, switches: &Switches, without: &[&str], with: &[(&str, String)]) -> String {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(
            self.parameters
                .iter()
                .filter(|(name, _)| !without.contains(&name.as_str())),
        );
        query.extend_pairs(with);
        let own = || format!("http://{}", self.host);
        let base = switches.link_base.clone().unwrap_or_else(own);
        format!("{base}{}?{}", self.path, query.finish())
    }
}

/// The ends of a page in cursor mode.
struct Ends {
    asked: Option<Cursor>,
    first: Option<Cursor>,
    last: Option<Cursor>,
    has_more: bool,
}

/// The rows of a page: fewer than asked for where pages are short.
fn wanted(size: usize, asked: Option<Cursor>, switches: &Switches) -> usize {
    if !switches.short_pages {
        return size;
    }
    let (created_at, id) = asked.map(|cursor| cursor.key).unwrap_or_default();
    let draw = mix(created_at.unsigned_abs(), id.unsigned_abs()) % 1_000;
    1 + usize::try_from(draw).unwrap_or(0) % size
}
