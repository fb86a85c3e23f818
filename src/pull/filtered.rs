//! Going on below a cap: the same list asked for older rows only, by a date operator known to work. Apart because here the
//! question itself changes, and a service that ignores it must not be believed.

use serde_json::{Value, json};

use super::chain::Chain;
use super::numbered::{JOIN_ATTEMPTS, Walker};
use super::{DateFilter, Event, Flow, PullError};
use crate::schema::{Micros, format_time};

impl<C: AsyncFnMut(Event) -> anyhow::Result<Flow>> Walker<'_, C> {
    /// The list stops at page `number`: goes on with the rows before the newest one of the last page, which must come again.
    pub(super) async fn go_on_by_date(&mut self, number: u64, total_pages: u64) -> Result<(), PullError> {
        let capped = PullError::Capped {
            page: number,
            total_pages,
        };
        let newest = self.chain.last()?.newest;
        let Some((dates, newest)) = self.walk.list.dates.as_ref().zip(newest) else {
            return Err(capped);
        };
        let before = newest.saturating_add(1);
        if self.before.is_some_and(|known| before >= known) {
            return Err(capped);
        }
        let page = number;
        self.tell(Event::Capped { page, total_pages }).await?;
        let asked = (self.asking.query.clone(), self.before);
        self.asking.query = with_filter(&self.asking.query, dates, before);
        self.before = Some(before);
        let Some(first) = self.read(1).await? else {
            return Err(capped);
        };
        let comes_again = first.rows.iter().any(|row| self.chain.knows(row.id));
        if !comes_again && !self.chain.overlaps(&first) {
            return Err(capped);
        }
        // An operator that keeps rows back shows fewer than are left, as does a list that shrinks meanwhile.
        let last = self.chain.last()?.length();
        let left = self.chain.unread().map(|unread| unread + last);
        if first.count.zip(left).is_some_and(|(count, left)| count < left) {
            if self.failures > JOIN_ATTEMPTS {
                return Err(capped);
            }
            (self.asking.query, self.before) = asked;
            return self.anchor(None).await;
        }
        let mut chain = Chain::new(true);
        chain.proven_from = self.chain.proven_from;
        chain.oldest = self.chain.oldest;
        chain.has_changed = self.chain.has_changed;
        self.chain = chain;
        self.failures = 0;
        self.begin(first).await
    }
}

/// The query with the filter it has and the moment.
fn with_filter(query: &[(String, String)], dates: &DateFilter, before: Micros) -> Vec<(String, String)> {
    let value = format_time(if dates.is_before_inclusive { before - 1 } else { before });
    let older = json!({ "operator": dates.before, "field": dates.field, "value": value });
    let operands: Vec<Value> = dates.base.iter().cloned().chain([older]).collect();
    let filter = json!({ "operator": "and", "operands": operands }).to_string();
    let others = query.iter().filter(|(name, _)| name != "filter").cloned();
    others.chain([("filter".to_owned(), filter)]).collect()
}
