//! In which order a list comes, and by which of its fields it can be sorted. Apart from the other questions because an order is
//! judged by what comes without one, too.

use serde_json::json;

use super::Told;
use super::numbered::{AGAIN, Inquiry, text_of};
use crate::pull::PullError;
use crate::pull::page::{Outline, Page, PageOrder};
use crate::schema::{Micros, parse_time};
use crate::source::secoda::SORT_FIELDS;

impl Inquiry<'_> {
    /// Whether the sort is honoured both ways, what comes without one, and by which other fields one can sort.
    pub(super) async fn order(&mut self, told: &mut Told<'_>) -> Result<(), PullError> {
        let list = self.list;
        let oldest_first = list.first(&[("sort", &sort(list.key, "asc"))]).await?;
        let plain = list.first(&[]).await?;
        for page in [&oldest_first, &plain].into_iter().flatten() {
            self.note(&page.outline);
        }
        let [descending, ascending, without] =
            [Some(&self.first), oldest_first.as_ref(), plain.as_ref()].map(|page| page.and_then(order_of));
        let question = "sort";
        let without = without.map_or("in an order that cannot be told", in_words);
        match (descending, ascending) {
            (Some(PageOrder::NewestFirst), Some(PageOrder::OldestFirst)) => {
                (self.is_sorted, self.has_oldest) = (true, true);
                told.ok(
                    question,
                    format!("honoured both ways by {}; without it rows come {without}", list.key),
                );
            }
            (Some(PageOrder::NewestFirst), Some(PageOrder::NewestFirst)) => {
                told.note(
                    question,
                    "ignored: rows come newest first in any case",
                    "nothing: that is the order sync needs",
                );
            }
            (Some(one), Some(other)) if one == other => {
                let advice = match one {
                    PageOrder::OldestFirst => "sync reads the list from its last page",
                    _ => "sync reads the whole list on every run until nothing new comes: run it rarely",
                };
                told.look(
                    question,
                    format!("ignored: rows come {} in any case", in_words(one)),
                    advice,
                );
            }
            (Some(PageOrder::NewestFirst), None) if oldest_first.is_none() => {
                told.note(
                    question,
                    "honoured newest first, and refused oldest first",
                    "nothing: sync needs the first only",
                );
            }
            (Some(one), Some(other)) => {
                let (one, other) = (in_words(one), in_words(other));
                let finding =
                    format!("honoured in part: asked for newest first, rows come {one}; oldest first, {other}");
                told.look(
                    question,
                    finding,
                    "sync reads the whole list on every run until nothing new comes",
                );
            }
            _ => told.note(question, "cannot be told: all rows shown have one time", AGAIN),
        }
        let plain = plain.as_ref().map(|page| &page.outline);
        let by_key = oldest_first.as_ref().map(|page| &page.outline);
        self.sort_fields(plain, by_key, told).await
    }

    async fn sort_fields(
        &mut self,
        plain: Option<&Outline>,
        by_key: Option<&Outline>,
        told: &mut Told<'_>,
    ) -> Result<(), PullError> {
        if !self.is_sorted {
            return Ok(());
        }
        let list = self.list;
        let is_old_first = plain.is_some_and(|plain| plain.order == PageOrder::OldestFirst);
        let order = if is_old_first { "desc" } else { "asc" };
        let by_key = if is_old_first {
            Some(&self.first.outline)
        } else {
            by_key
        };
        let (mut yes, mut no, mut untold) = (vec![list.key], Vec::new(), Vec::new());
        for field in SORT_FIELDS.iter().filter(|field| **field != list.key) {
            let page = list.first(&[("sort", &sort(field, order))]).await?;
            let fits = page.as_ref().and_then(|page| is_in_order(page, field, order));
            let is_as = |other: Option<&Outline>| {
                let ids = |page: &Outline| page.rows.iter().map(|row| row.id).collect::<Vec<_>>();
                page.as_ref()
                    .zip(other)
                    .is_some_and(|(page, other)| ids(&page.outline) == ids(other))
            };
            match fits {
                Some(true) if is_as(by_key) => untold.push(*field),
                Some(true) => yes.push(field),
                None if page.is_some() => untold.push(field),
                _ => no.push(*field),
            }
        }
        let mut finding = yes.join(", ");
        for (what, fields) in [("not", no), ("cannot be told:", untold)] {
            if !fields.is_empty() {
                finding.push_str(&format!("; {what} {}", fields.join(", ")));
            }
        }
        told.ok("sortable fields", finding);
        Ok(())
    }
}

/// The parameter that asks for an order.
pub(super) fn sort(field: &str, order: &str) -> String {
    json!({ "field": field, "order": order }).to_string()
}

/// `None` where all rows have one time.
fn order_of(page: &Page) -> Option<PageOrder> {
    let outline = &page.outline;
    Some(outline.order).filter(|_| outline.newest != outline.oldest)
}

fn in_words(order: PageOrder) -> &'static str {
    match order {
        PageOrder::NewestFirst => "newest first",
        PageOrder::OldestFirst => "oldest first",
        PageOrder::Neither => "in no order",
    }
}

/// Whether the rows are in this order of a field; `None` where they do not tell.
fn is_in_order(page: &Page, field: &str, order: &str) -> Option<bool> {
    let rows = page.rows.iter().flatten();
    let times: Option<Vec<Micros>> = rows.map(|row| parse_time(&text_of(row, field)?)).collect();
    let mut times = times?;
    if order == "desc" {
        times.reverse();
    }
    let is_telling = times.first() != times.last();
    is_telling.then(|| times.is_sorted())
}
