//! The questions put to a list that is asked for in windows of time: its cursor, its sort, its bounds and filters, and its
//! older way of paging. Apart from numbered lists, with which it has nothing in common.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::{RIGHTS, Told, fault};
use crate::http::{Client, HttpErrorKind};
use crate::pull::PullError;
use crate::pull::listed::{Bounds, Listed};
use crate::pull::windows::{Fault, WindowError, Windowed};
use crate::schema::{DAY, Micros, format_time};
use crate::source::{Pagination, Source, Stream};

const PAGE_SIZE: (&str, &str) = ("page[size]", "100");
/// Pages followed to see enough different seconds.
const MOST_FOLLOWED: u32 = 3;
/// What offset mode is documented to give out.
const DOCUMENTED_CAP: u64 = 10_000;
const QUIET: &str = "probe again when the account has more rows";
const UNKEPT: &str = "something between here and the service drops or changes parameters, and sync refuses such answers: check \
                      base_url and proxy of this source";

/// One list in the middle of its questions.
struct Inquiry {
    list: Windowed,
    pagination: Pagination,
    service_at: Option<Micros>,
    /// Rows and seconds seen so far, the newest first.
    rows: Vec<Vec<u8>>,
    seconds: BTreeSet<Micros>,
}

/// Asks everything, each question after the other; where asking fails, the rest stays open.
pub(super) async fn probe(source: &Source, stream: &'static Stream, client: &Arc<Client>, told: &mut Told<'_>) {
    let form = stream.main();
    let list = Windowed {
        client: Arc::clone(client),
        path: stream.path,
        rows: form.member,
        order_key: form.order_key.unwrap_or_default(),
        filter: Vec::new(),
        pagination: Pagination::Cursor,
        max_in_flight: 1,
    };
    let newest_first = format!("-{}", list.order_key);
    let answer = match client
        .get(list.path, &[("sort", newest_first.as_str()), PAGE_SIZE])
        .await
    {
        Ok(answer) => answer,
        Err(error) => return told.refused(&error),
    };
    told.of_answer(answer.server_at, &answer.limits, source.limits.max_per_minute);
    let first = match list.decode(&answer, None) {
        Ok(first) => first,
        Err(fault) => return told.unreadable(&broken(fault)),
    };
    if first.rows.is_empty() && first.has_more != Some(true) {
        let advice = "if the account has a history, the credentials may not see it: use those of an administrator";
        return told.look(RIGHTS, "let in, and shown no rows", advice);
    }
    told.ok(RIGHTS, "let in, and shown rows");
    let mut inquiry = Inquiry {
        list,
        pagination: source.pagination,
        service_at: first.service_at,
        rows: Vec::new(),
        seconds: BTreeSet::new(),
    };
    if let Err(error) = inquiry.ask(first, told).await {
        told.broken(&error);
    }
}

fn broken(fault: Fault) -> PullError {
    WindowError {
        window: None,
        page: 1,
        fault,
    }
    .into()
}

impl Inquiry {
    async fn ask(&mut self, first: Listed, told: &mut Told<'_>) -> Result<(), PullError> {
        self.cursor(first, told).await?;
        self.oldest(told).await?;
        self.bounds(told).await?;
        self.action(told).await?;
        self.offset(told).await
    }

    fn take(&mut self, page: &Listed) {
        self.rows.extend(page.rows.iter().cloned());
        self.seconds.extend(page.marks.iter().filter_map(|(_, key)| *key));
    }

    async fn sorted(&self, sort: &str, bounds: Option<Bounds>) -> Result<Listed, PullError> {
        let query = [("sort", sort), PAGE_SIZE];
        self.list.ask(bounds, &query).await.map_err(broken)
    }

    /// Follows the list until there are enough different seconds to ask by.
    async fn cursor(&mut self, first: Listed, told: &mut Told<'_>) -> Result<(), PullError> {
        const QUESTION: &str = "cursor";
        const LOST: &str = "sync asks again from where it was; if it stays so, set pagination = \"offset\"";
        let mut page = first;
        let mut followed = 0;
        loop {
            let ids: Vec<u64> = page.marks.iter().map(|(id, _)| *id).collect();
            self.take(&page);
            if page.has_more != Some(true) || followed > 0 && (self.seconds.len() >= 5 || followed == MOST_FOLLOWED) {
                break;
            }
            let Some(next) = page.next.clone() else {
                told.look(
                    QUESTION,
                    "`meta.has_more` says that the list goes on, and no link says where",
                    LOST,
                );
                return Ok(());
            };
            page = self.list.follow(&next, None).await.map_err(broken)?;
            followed += 1;
            let is_same = !ids.is_empty() && page.marks.iter().map(|(id, _)| *id).eq(ids.iter().copied());
            if is_same || page.has_more == Some(true) && page.next.as_deref() == Some(&next) {
                told.look(QUESTION, "the link to the next page leads to the same page", LOST);
                return Ok(());
            }
        }
        if followed == 0 {
            told.ok(QUESTION, "the list is one page, so that no cursor is needed");
        } else {
            told.ok(QUESTION, format!("leads on: {followed} pages followed"));
        }
        Ok(())
    }

    /// The other end of the list, and by that whether its sort is honoured.
    async fn oldest(&self, told: &mut Told<'_>) -> Result<(), PullError> {
        const QUESTION: &str = "oldest row";
        let page = self.sorted(self.list.order_key, None).await?;
        let keys: Vec<Micros> = page.marks.iter().filter_map(|(_, key)| *key).collect();
        let (Some(first), Some(newest)) = (keys.first(), self.seconds.last()) else {
            told.note("sort", "cannot be told: no row came", QUIET);
            return Ok(());
        };
        let is_all_one = self.seconds.len() < 2;
        if is_all_one {
            told.note("sort", "cannot be told: all rows shown have one time", QUIET);
        } else if keys.is_sorted() && first < newest {
            told.ok("sort", format!("honoured both ways by {}", self.list.order_key));
        } else {
            told.note(
                "sort",
                "ignored: rows come newest first in any case",
                "sync looks for the oldest row by halving",
            );
            told.note(QUESTION, "cannot be told without a sort", "sync finds it by itself");
            return Ok(());
        }
        let now = self.service_at.unwrap_or_else(|| (told.clock)());
        told.ok(
            QUESTION,
            format!("{}, {} days back", format_time(*first), (now - first) / DAY),
        );
        Ok(())
    }

    /// A window whose ends are seconds of known rows, with rows between and beyond them.
    async fn bounds(&self, told: &mut Told<'_>) -> Result<(), PullError> {
        const QUESTION: &str = "window of time";
        // Few seconds, so that one page holds all of them as a rule.
        let newest: Vec<Micros> = self.seconds.iter().rev().take(5).copied().collect();
        let [_, to, _, from, _] = newest.as_slice() else {
            told.note(
                QUESTION,
                "cannot be told: fewer than five different seconds are shown",
                QUIET,
            );
            return Ok(());
        };
        let key = self.list.order_key;
        let bounds = Some(Bounds { from: *from, to: *to });
        let newest_first = self.sorted(&format!("-{key}"), bounds).await?;
        let oldest_first = self.sorted(key, bounds).await?;
        let first = |page: &Listed| page.marks.first().map(|(id, _)| *id);
        let has_both_ends = newest_first.has_more == Some(false) || first(&newest_first) != first(&oldest_first);
        if newest_first.stray.is_some() || oldest_first.stray.is_some() {
            let finding = format!("ignored: rows came from beyond filter[{key}]");
            told.look(QUESTION, finding, UNKEPT);
        } else if newest_first.rows.is_empty() {
            let finding = format!("filter[{key}] gives nothing, though rows lie in it");
            told.look(QUESTION, finding, UNKEPT);
        } else if !has_both_ends {
            told.note(
                QUESTION,
                "honoured; which of its bounds are inclusive cannot be told",
                QUIET,
            );
        } else {
            let keys = [&newest_first, &oldest_first].into_iter().flat_map(|page| &page.marks);
            let keys: BTreeSet<Micros> = keys.filter_map(|(_, key)| *key).collect();
            let meaning = |at: &Micros| if keys.contains(at) { "inclusive" } else { "exclusive" };
            let finding = format!("honoured: its start is {}, its end {}", meaning(from), meaning(to));
            told.ok(QUESTION, finding);
        }
        Ok(())
    }

    /// Whether a filter by what was done is kept to.
    async fn action(&self, told: &mut Told<'_>) -> Result<(), PullError> {
        const QUESTION: &str = "filter by action";
        let action_of = |row: &Vec<u8>| {
            let row: Value = serde_json::from_slice(row).ok()?;
            row.get("action")?.as_str().map(str::to_owned)
        };
        let actions: BTreeSet<String> = self.rows.iter().filter_map(action_of).collect();
        let Some(action) = actions.first().filter(|_| actions.len() > 1) else {
            told.note(QUESTION, "cannot be told: all rows shown have one action", QUIET);
            return Ok(());
        };
        let list = Windowed {
            filter: vec![("filter[action]".to_owned(), action.clone())],
            ..self.list.clone()
        };
        let newest_first = format!("-{}", list.order_key);
        let page = list
            .ask(None, &[("sort", newest_first.as_str()), PAGE_SIZE])
            .await
            .map_err(broken)?;
        if page.stray.is_some() {
            told.look(QUESTION, "filter[action] is ignored: other actions came", UNKEPT);
        } else if page.rows.is_empty() && page.has_more != Some(true) {
            told.look(
                QUESTION,
                "filter[action] gives nothing, though such rows are there",
                UNKEPT,
            );
        } else {
            told.ok(QUESTION, "honoured");
        }
        Ok(())
    }

    /// The way that is asked for by `pagination = "offset"`.
    async fn offset(&self, told: &mut Told<'_>) -> Result<(), PullError> {
        const QUESTION: &str = "offset mode";
        let is_used = self.pagination == Pagination::Offset;
        let query = |page| {
            [
                ("sort_by", self.list.order_key),
                ("sort_order", "desc"),
                ("per_page", "100"),
                ("page", page),
            ]
        };
        let page = match self.list.ask(None, &query("1")).await {
            Ok(page) => page,
            Err(Fault::Http(error)) if matches!(error.kind, HttpErrorKind::NotFound | HttpErrorKind::Refused) => {
                let finding = format!("refused ({})", error.status.unwrap_or_default());
                if is_used {
                    told.look(QUESTION, finding, "set pagination = \"cursor\" for this source");
                } else {
                    told.ok(QUESTION, finding);
                }
                return Ok(());
            }
            Err(fault) => return Err(broken(fault)),
        };
        let Some(count) = page.count else {
            told.ok(QUESTION, "there, without a count");
            return Ok(());
        };
        if count <= DOCUMENTED_CAP {
            told.ok(
                QUESTION,
                format!("there, {count} rows; its cap of {DOCUMENTED_CAP} was not met"),
            );
            return Ok(());
        }
        let deep = match self.list.ask(None, &query("101")).await {
            Err(Fault::Http(error)) if error.kind == HttpErrorKind::Refused => {
                format!(
                    "stops after {DOCUMENTED_CAP} of {count} rows ({})",
                    error.status.unwrap_or_default()
                )
            }
            Ok(page) if page.rows.is_empty() => format!("shows nothing after {DOCUMENTED_CAP} of {count} rows"),
            Ok(_) => format!("there, also beyond {DOCUMENTED_CAP} of {count} rows"),
            Err(fault_of) => format!("beyond {DOCUMENTED_CAP} of {count} rows: {}", fault(&broken(fault_of))),
        };
        if is_used && !deep.starts_with("there") {
            told.note(
                QUESTION,
                deep,
                "nothing: sync splits its windows; pagination = \"cursor\" has no such cap",
            );
        } else {
            told.ok(QUESTION, deep);
        }
        Ok(())
    }
}
