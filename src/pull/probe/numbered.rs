//! The questions put to a list of numbered pages: its order, its pages, its ends, and whether it can be asked by date. Apart
//! from the judging of single answers, because here it is decided what is worth a request.

use serde_json::Value;

use super::length::{Lengths, Past};
use super::order::sort;
use super::{Dates, RIGHTS, Told};
use crate::http::{Answer, Client, HttpError, HttpErrorKind};
use crate::pull::PullError;
use crate::pull::page::{Asked, Outline, Page, PageOrder, decode};
use crate::schema::{DAY, Micros, format_time};
use crate::source::{Source, Stream};

/// What to do where the rows do not tell.
pub(super) const AGAIN: &str = "probe again when the account has more rows, or is quieter";
/// The cap that is known of a neighbouring list.
const LIKELY_CAP: u64 = 10_000;
/// Pages looked at to find where a list stops.
const MOST_LOOKS: u32 = 4;

/// A numbered list under question.
pub(super) struct List<'a> {
    client: &'a Client,
    path: &'a str,
    member: &'a str,
    pub(super) key: &'a str,
}

/// What an answer is.
pub(super) enum Reply {
    Page(Box<Page>),
    /// The last page of the list in place of one after it.
    LastAgain,
    /// No such page, or not to be told.
    Denied(HttpError),
}

/// What other questions build upon.
pub(super) struct Heard {
    pub(super) dates: Dates,
    /// A resource that a row names.
    pub(super) resource: Option<String>,
}

impl<'a> List<'a> {
    pub(super) fn new(client: &'a Client, stream: &'a Stream) -> Self {
        let form = stream.main();
        Self {
            client,
            path: stream.path,
            member: form.member,
            key: form.order_key.unwrap_or_default(),
        }
    }

    async fn get(&self, query: &[(&str, &str)], number: u64) -> Result<Answer, HttpError> {
        let number = number.to_string();
        let query: Vec<_> = [("page", number.as_str())]
            .into_iter()
            .chain(query.iter().copied())
            .collect();
        self.client.get(self.path, &query).await
    }

    fn read(&self, answer: &Answer, number: u64) -> Result<Option<Page>, PullError> {
        let asked = Asked {
            number,
            members: &[self.member.to_owned()],
            order_key: Some(self.key),
            latest: answer.server_at.map_or(Micros::MAX, |at| at.saturating_add(DAY)),
        };
        let page = decode(&answer.body, &asked)?;
        Ok(page.map(|page| Page {
            service_at: answer.server_at,
            ..page
        }))
    }

    /// One page; a refusal that is about the question is an answer too.
    pub(super) async fn ask(&self, query: &[(&str, &str)], number: u64) -> Result<Reply, PullError> {
        match self.get(query, number).await {
            Ok(answer) => Ok(match self.read(&answer, number)? {
                Some(page) => Reply::Page(Box::new(page)),
                None => Reply::LastAgain,
            }),
            Err(error) if matches!(error.kind, HttpErrorKind::NotFound | HttpErrorKind::Refused) => {
                Ok(Reply::Denied(error))
            }
            Err(source) => Err(PullError::Http { page: number, source }),
        }
    }

    pub(super) async fn first(&self, query: &[(&str, &str)]) -> Result<Option<Page>, PullError> {
        Ok(match self.ask(query, 1).await? {
            Reply::Page(page) => Some(*page),
            Reply::LastAgain | Reply::Denied(_) => None,
        })
    }
}

/// Asks everything, each question after the other; where asking fails, the rest stays open.
pub(super) async fn probe(list: &List<'_>, source: &Source, told: &mut Told<'_>) -> Heard {
    let mut heard = Heard {
        dates: Dates::Untold,
        resource: None,
    };
    let newest_first = sort(list.key, "desc");
    let answer = match list.get(&[("sort", &newest_first)], 1).await {
        Ok(answer) => answer,
        Err(error) => {
            told.refused(&error);
            return heard;
        }
    };
    let limits = &source.limits;
    told.of_answer(answer.server_at, &answer.limits, limits.max_per_minute);
    let first = match list.read(&answer, 1) {
        Ok(Some(page)) => page,
        Ok(None) => return heard,
        Err(error) => {
            told.unreadable(&error);
            return heard;
        }
    };
    if first.outline.rows.is_empty() {
        let advice = "if the account has a history, the key may not see it: use that of an administrator";
        told.look(RIGHTS, "let in, and shown no rows", advice);
        return heard;
    }
    told.ok(RIGHTS, "let in, and shown rows");
    heard.resource = first.rows.iter().flatten().find_map(|row| text_of(row, "resource_id"));
    let mut inquiry = Inquiry {
        list,
        lengths: Lengths::of(&first.outline),
        oldest: first.outline.oldest,
        first,
        newest_first,
        is_sorted: false,
        has_oldest: false,
    };
    match inquiry.ask(source.retention_days, told).await {
        Ok(dates) => heard.dates = dates,
        Err(error) => told.broken(&error),
    }
    heard
}

/// One list in the middle of its questions.
pub(super) struct Inquiry<'a> {
    pub(super) list: &'a List<'a>,
    /// As `sync` asks for it.
    pub(super) first: Page,
    pub(super) newest_first: String,
    pub(super) lengths: Lengths,
    oldest: Option<Micros>,
    pub(super) is_sorted: bool,
    /// Whether the oldest row of the list is among those seen.
    pub(super) has_oldest: bool,
}

impl Inquiry<'_> {
    async fn ask(&mut self, retention_days: Option<u32>, told: &mut Told<'_>) -> Result<Dates, PullError> {
        self.order(told).await?;
        self.page_size(told).await?;
        let reach = self.last_page().await?;
        self.past_the_end(reach.is_some(), told).await?;
        self.lengths.counts(told);
        let dates = self.dates(told).await?;
        self.lengths.cap(reach, &dates, told);
        self.oldest(retention_days, told);
        Ok(dates)
    }

    /// A page of the whole list tells its counts and its oldest row too.
    pub(super) fn note(&mut self, page: &Outline) {
        self.lengths.note(page);
        self.oldest = self.oldest.into_iter().chain(page.oldest).min();
    }

    async fn page_size(&mut self, told: &mut Told<'_>) -> Result<(), PullError> {
        const QUESTION: &str = "page size";
        let rows = self.first.outline.length();
        if rows < 2 {
            told.note(QUESTION, format!("cannot be told: the list shows {rows} rows"), AGAIN);
            return Ok(());
        }
        let wanted = rows / 2;
        let query = [("sort", self.newest_first.as_str()), ("page_size", &wanted.to_string())];
        match self.list.first(&query).await?.map(|page| page.outline.length()) {
            Some(came) if came == wanted => {
                told.ok(
                    QUESTION,
                    format!("page_size is honoured; without it a page holds {rows} rows"),
                );
            }
            Some(came) if came == rows => told.ok(QUESTION, format!("page_size is ignored: a page holds {rows} rows")),
            Some(came) => {
                let finding = format!("asked for {wanted} rows, {came} came; without page_size, {rows}");
                told.note(QUESTION, finding, "nothing: sync takes pages as they come");
            }
            None => told.ok(QUESTION, format!("page_size is refused; a page holds {rows} rows")),
        }
        Ok(())
    }

    async fn page(&self, number: u64) -> Result<Option<Page>, PullError> {
        let reply = self.list.ask(&[("sort", &self.newest_first)], number).await?;
        Ok(match reply {
            Reply::Page(page) if !page.outline.rows.is_empty() => Some(*page),
            _ => None,
        })
    }

    /// Reads the last page; where it is not given out, the deepest page known to be and the first known not to be.
    async fn last_page(&mut self) -> Result<Option<(u64, u64)>, PullError> {
        let Some(total) = self.lengths.total_pages().filter(|total| *total > 1) else {
            self.has_oldest |= self.lengths.total_pages() == Some(1);
            return Ok(None);
        };
        let reply = self.list.ask(&[("sort", &self.newest_first)], total).await?;
        if let Reply::Page(page) = reply {
            let has_shrunk = page.outline.total_pages.is_some_and(|now| now < total);
            if !page.outline.rows.is_empty() || has_shrunk {
                self.note(&page.outline);
                self.lengths.read_last(&page.outline);
                self.has_oldest |= self.first.outline.order != PageOrder::Neither && !page.outline.rows.is_empty();
                return Ok(None);
            }
        }
        self.narrow(total).await.map(Some)
    }

    async fn narrow(&mut self, total: u64) -> Result<(u64, u64), PullError> {
        let (mut low, mut high) = (1, total);
        let likely = LIKELY_CAP / self.first.outline.length().max(1);
        for _ in 0..MOST_LOOKS {
            if high - low <= 1 {
                break;
            }
            let inside = [likely, likely + 1]
                .into_iter()
                .find(|page| low < *page && *page < high);
            let page = inside.unwrap_or(low + (high - low) / 2);
            match self.page(page).await? {
                Some(answer) => {
                    self.note(&answer.outline);
                    low = page;
                }
                None => high = page,
            }
        }
        Ok((low, high))
    }

    async fn past_the_end(&mut self, is_capped: bool, told: &mut Told<'_>) -> Result<(), PullError> {
        let past = match self.lengths.total_pages() {
            _ if is_capped => Past::Hidden,
            None => Past::Unknown,
            Some(total) => {
                let reply = self.list.ask(&[("sort", &self.newest_first)], total + 1).await?;
                self.lengths.past(&reply)
            }
        };
        past.tell(told);
        Ok(())
    }

    fn oldest(&self, retention_days: Option<u32>, told: &mut Told<'_>) {
        const QUESTION: &str = "oldest row";
        let Some(oldest) = self.oldest else {
            told.note(
                QUESTION,
                "no row shows a readable time",
                "look at the records with `trailhouse sync`",
            );
            return;
        };
        let now = self.first.service_at.unwrap_or_else(|| (told.clock)());
        let days = (now - oldest) / DAY;
        let at = format_time(oldest);
        let of = retention_days.map_or(String::new(), |kept| format!("; retention_days is {kept}"));
        if !self.has_oldest {
            let advice = "the list may reach further back than could be looked at";
            told.note(
                QUESTION,
                format!("{at} is the oldest seen, {days} days back{of}"),
                advice,
            );
            return;
        }
        let finding = format!("{at}, {days} days back{of}");
        match retention_days.map(i64::from) {
            Some(kept) if days < kept - 1 => {
                let advice = "if the account is older than that, the service keeps less: set retention_days to it, so that \
                              status warns in time";
                told.note(QUESTION, finding, advice);
            }
            Some(kept) if days > kept + 1 => {
                told.note(
                    QUESTION,
                    finding,
                    "the service keeps more: retention_days may be raised",
                );
            }
            _ => told.ok(QUESTION, finding),
        }
    }
}

pub(super) fn text_of(row: &[u8], member: &str) -> Option<String> {
    let row: Value = serde_json::from_slice(row).ok()?;
    row.get(member)?.as_str().map(str::to_owned)
}
