//! Pages of the audit list: what a request asks for, and how the answer is written. Apart from the service, which
//! decides who is answered at all.

use url::form_urlencoded;

use super::filter::{Dialect, Filter, Refusal};
use super::listing::Shown;
use super::order::Ask;
use super::service::{Answer, JSON, Service, error};
use super::switches::{BeyondCap, Cap, NextPage, Order, PastTheEnd};

const MAX_PAGE_SIZE: usize = 100;

/// What the list is asked for, as the parameters say.
#[derive(Debug)]
struct Query {
    page: usize,
    page_size: usize,
    order: Order,
    filter: Filter,
}

/// One page in words of the answer.
struct Page {
    number: usize,
    rows: Vec<u32>,
    count: usize,
    total_pages: usize,
}

impl Service {
    /// Answers with a page of audit logs.
    pub fn audit_logs(&mut self, query: &str) -> Result<Answer, Refusal> {
        let query = self.read_query(query)?;
        let mut page = self.cut(&query, query.page);
        if query.page > page.total_pages {
            match self.switches.past_the_end {
                PastTheEnd::Empty => {}
                PastTheEnd::NotFound => return Ok(error(404, "Invalid page.")),
                PastTheEnd::RepeatLast => page = self.cut(&query, page.total_pages),
            }
        }
        if let Some(Cap { rows, beyond }) = self.switches.cap {
            let first = (page.number - 1).saturating_mul(query.page_size);
            let is_beyond = first >= rows && page.number <= page.total_pages;
            if is_beyond && beyond == BeyondCap::BadRequest {
                return Err(Refusal::BadRequest(format!("only {rows} rows can be listed")));
            }
            page.rows.truncate(rows.saturating_sub(first));
        }
        if let Some((number, lacks)) = self.switches.short_page
            && number == page.number
        {
            page.rows.truncate(page.rows.len().saturating_sub(lacks));
        }
        let body = self
            .write(&page)
            .map_err(|error| Refusal::BadRequest(error.to_string()))?;
        Ok(Answer {
            status: 200,
            content_type: JSON,
            body,
            shown: Shown {
                rows: page.rows,
                ..Shown::default()
            },
            ..Answer::default()
        })
    }

    fn read_query(&self, query: &str) -> Result<Query, Refusal> {
        let switches = &self.switches;
        let dialect = Dialect {
            unknown_operator: switches.unknown_operator,
            date_operators: switches.date_operators.as_ref(),
        };
        let mut asked = Query {
            page: 1,
            page_size: switches.page_size.clamp(1, MAX_PAGE_SIZE),
            order: switches.default_order,
            filter: Filter::Everything,
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "page" => asked.page = natural(&value)?,
                "page_size" if switches.page_size_honoured => asked.page_size = natural(&value)?.min(MAX_PAGE_SIZE),
                "filter" if !value.is_empty() => asked.filter = Filter::parse(&value, dialect)?,
                "sort" if switches.sort_honoured && !value.is_empty() => {
                    asked.order = sort_order(&value)?.unwrap_or(asked.order);
                }
                _ => {}
            }
        }
        if switches.sees_nothing {
            asked.filter = Filter::Nothing;
        }
        Ok(asked)
    }

    fn cut(&mut self, query: &Query, number: usize) -> Page {
        let ask = Ask {
            filter: &query.filter,
            order: query.order,
            ties: self.switches.ties,
            salt: self.salt(),
            first: (number - 1).saturating_mul(query.page_size),
            rows: query.page_size,
        };
        let (mut rows, mut count) = self.listing.slice(&ask, self.switches.shape);
        if query.filter != Filter::Everything {
            count = count.saturating_sub(self.switches.filter_hides);
            rows.truncate(count.saturating_sub(ask.first));
        }
        Page {
            number,
            rows,
            count,
            total_pages: count.div_ceil(query.page_size).max(1),
        }
    }

    fn write(&self, page: &Page) -> serde_json::Result<Vec<u8>> {
        let mut body = Vec::with_capacity(256 + page.rows.len() * 1400);
        body.extend_from_slice(b"{\"results\":[");
        for (place, row) in page.rows.iter().enumerate() {
            if place > 0 {
                body.push(b',');
            }
            self.listing
                .workspace
                .write_record(*row, self.switches.shape, &mut body)?;
        }
        body.push(b']');
        let count = self.switches.count.told(page.count, self.salt());
        body.extend_from_slice(self.totals(page.number, page.total_pages, count).as_bytes());
        Ok(body)
    }

    /// The end of an answer after its lists: the totals, and the same again in `meta`.
    pub fn totals(&self, page: usize, pages: usize, count: usize) -> String {
        let total_pages = self.switches.total_pages.told(pages, self.salt());
        let previous = if page > 1 {
            (page - 1).to_string()
        } else {
            "null".to_owned()
        };
        let next = match self.switches.next_page {
            _ if page < pages => format!("\"next_page\":{},", page + 1),
            NextPage::Null => "\"next_page\":null,".to_owned(),
            NextPage::Zero => "\"next_page\":0,".to_owned(),
            NextPage::Absent => String::new(),
        };
        let totals = format!("\"total_pages\":{total_pages},\"count\":{count}");
        format!(",{totals},\"meta\":{{\"page\":{page},\"previous_page\":{previous},{next}{totals}}}}}")
    }
}

/// A number from 1 on.
pub fn natural(text: &str) -> Result<usize, Refusal> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| Refusal::Unprocessable(format!("{text:?} is not a number from 1 on")))
}

/// The order a `sort` parameter asks for; none for a field that cannot be sorted by.
fn sort_order(text: &str) -> Result<Option<Order>, Refusal> {
    let sort: serde_json::Value =
        serde_json::from_str(text).map_err(|error| Refusal::BadRequest(format!("sort is not JSON: {error}")))?;
    match (sort["field"].as_str(), sort["order"].as_str()) {
        (Some("updated_at"), Some("desc")) => Ok(Some(Order::NewestFirst)),
        (Some("updated_at"), Some("asc")) => Ok(Some(Order::OldestFirst)),
        (Some(_), Some("asc" | "desc")) => Ok(None),
        _ => Err(Refusal::Unprocessable(
            "sort needs a field, and an order of asc or desc".to_owned(),
        )),
    }
}
