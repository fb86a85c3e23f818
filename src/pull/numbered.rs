//! Numbered pages, newest first, while rows arrive, move to the head and vanish.
//!
//! Two neighbouring pages are *joined* when nothing can lie between them. Asked one after the other, the deeper answer's
//! count must not be below the shallower one's, and it must repeat at least as many rows as the count has grown. Pages asked
//! for at the same time may be answered in any order, so counts alone prove nothing: they are joined only if the head of
//! the list (its first row and the count) was the same before and after all of them, for every arrival and every revision
//! changes it. Otherwise they are read again one by one.

use futures::{StreamExt, TryStreamExt};

use super::chain::{Chain, Head, is_sized};
use super::page::{Outline, Page, fetch};
use super::{Event, Flow, PullError, Walk};
use crate::coverage::{Gap, Span};

/// Most pages asked for between two looks at the head.
const LONGEST_STRETCH: u64 = 64;
const JOIN_ATTEMPTS: u32 = 3;
/// Most pages stepped back in one walk.
const MOST_STEPS_BACK: u64 = 10_000;

pub(super) enum Outcome {
    Done,
    NotNewestFirst,
}

pub(super) async fn walk(
    walk: &Walk<'_>,
    caller: &mut impl AsyncFnMut(Event) -> anyhow::Result<Flow>,
) -> Result<Outcome, PullError> {
    let Some(first) = fetch(walk, 1).await? else {
        return Err(PullError::Shape {
            page: 1,
            what: "there is no first page".to_owned(),
        });
    };
    let first_outline = first.outline.clone();
    let begun = Event::Begun {
        service_at: first.service_at,
        newest_key: first_outline.newest,
        count: first_outline.count,
        total_pages: first_outline.total_pages,
    };
    let mut chain = Chain::new(first_outline.count.is_some() && is_sized(&first_outline));
    caller(begun).await?;
    hand_on(first, caller).await?;
    let mut stretch = 1;
    chain.head = Some((first_outline.head, first_outline.count));
    let mut flow = extend(&mut chain, first_outline, caller).await?;
    loop {
        let last = chain.last()?;
        if !last.newest_first || chain.is_out_of_order() {
            return Ok(Outcome::NotNewestFirst);
        }
        if flow == Flow::Stop {
            return Ok(Outcome::Done);
        }
        if last.is_last() {
            if chain.contradicts_end() {
                return Err(PullError::Contradiction {
                    page: last.number,
                    count: last.count,
                });
            }
            return end(&chain, caller).await;
        }
        let ahead = last.total_pages.map_or(1, |total| total.saturating_sub(last.number));
        let length = if chain.trusted && walk.max_in_flight > 1 {
            stretch.min(ahead)
        } else {
            1
        };
        if length >= 2 && chain.head.is_some() {
            let (joined, next) = read_stretch(walk, &mut chain, length, caller).await?;
            stretch = if joined {
                (stretch * 2).min(LONGEST_STRETCH)
            } else {
                (stretch / 2).max(1)
            };
            flow = next;
            continue;
        }
        if length >= 2 {
            chain.head = look_at_head(walk, None, caller).await?;
        }
        flow = read_next(walk, &mut chain, caller).await?;
        stretch = (stretch * 2).min(LONGEST_STRETCH);
    }
}

/// The end of the list is proven: everything from its oldest row on has been read.
async fn end(chain: &Chain, caller: &mut impl AsyncFnMut(Event) -> anyhow::Result<Flow>) -> Result<Outcome, PullError> {
    if let Some(oldest) = chain.oldest {
        let span = Span::new(oldest, chain.proven_from);
        if !span.is_empty() {
            caller(Event::Proven {
                span,
                trusted: chain.trusted,
            })
            .await?;
        }
    }
    caller(Event::Ended { oldest: chain.oldest }).await?;
    Ok(Outcome::Done)
}

/// Several pages at once, joined only if the head was the same before and after; says whether they were.
async fn read_stretch(
    walk: &Walk<'_>,
    chain: &mut Chain,
    length: u64,
    caller: &mut impl AsyncFnMut(Event) -> anyhow::Result<Flow>,
) -> Result<(bool, Flow), PullError> {
    let last = chain.last()?.number;
    let mut answers = futures::stream::iter(last + 1..=last + length)
        .map(|number| fetch(walk, number))
        .buffered(walk.max_in_flight);
    let mut outlines = Vec::new();
    while let Some(answer) = answers.try_next().await? {
        let Some(page) = answer else { break };
        outlines.push(page.outline.clone());
        hand_on(page, caller).await?;
    }
    drop(answers);
    let complete = u64::try_from(outlines.len()) == Ok(length);
    let head = look_at_head(walk, chain.head, caller).await?;
    let unchanged = complete && chain.head.is_some() && chain.head == head;
    chain.head = head;
    let sound =
        unchanged && outlines.iter().all(|outline| chain.is_same_list(outline)) && chain.brings_no_repeats(&outlines);
    if !sound {
        // The page joined last is older than this look at the head: the next one must be asked for alone.
        let flow = read_next(walk, chain, caller).await?;
        return Ok((false, flow));
    }
    let mut flow = Flow::On;
    for outline in outlines {
        let in_order = outline.newest_first;
        flow = extend(chain, outline, caller).await?;
        if flow == Flow::Stop || !in_order || chain.is_out_of_order() {
            break;
        }
    }
    Ok((true, flow))
}

/// One page, asked for after the last joined one was answered.
async fn read_next(
    walk: &Walk<'_>,
    chain: &mut Chain,
    caller: &mut impl AsyncFnMut(Event) -> anyhow::Result<Flow>,
) -> Result<Flow, PullError> {
    for _ in 0..JOIN_ATTEMPTS {
        let shallower = chain.last()?.clone();
        let deeper = match read(walk, shallower.number + 1, caller).await? {
            Some(page) if page.rows > 0 => page,
            _ => return past_the_end(walk, chain, caller).await,
        };
        if !chain.trusted && chain.repeats_last(&deeper) {
            return walk_past(walk, chain, deeper, caller).await;
        }
        if chain.joins(&deeper) {
            return extend(chain, deeper, caller).await;
        }
        chain.head = None;
        step_back(walk, chain, caller).await?;
        if chain.last()?.is_last() {
            return Ok(Flow::On);
        }
    }
    give_up_join(walk, chain, caller).await
}

/// Reads shallower pages again until one holds a row that is joined already, and makes it the last joined page.
async fn step_back(
    walk: &Walk<'_>,
    chain: &mut Chain,
    caller: &mut impl AsyncFnMut(Event) -> anyhow::Result<Flow>,
) -> Result<(), PullError> {
    let joined = chain.ids();
    let mut number = chain.last()?.number;
    while chain.steps_back < MOST_STEPS_BACK {
        chain.steps_back += 1;
        if let Some(again) = read(walk, number, caller).await?
            && (number == 1 || again.ids.iter().any(|id| joined.contains(id)))
        {
            if number == 1 {
                chain.head = Some((again.head, again.count));
            }
            chain.rewind_to(again);
            return Ok(());
        }
        number = number.saturating_sub(1).max(1);
    }
    Err(PullError::Shape {
        page: number,
        what: format!("no page repeats a row read before, {MOST_STEPS_BACK} pages on"),
    })
}

/// Three attempts found no join: what may lie between is a named gap, and the walk goes on below it.
async fn give_up_join(
    walk: &Walk<'_>,
    chain: &mut Chain,
    caller: &mut impl AsyncFnMut(Event) -> anyhow::Result<Flow>,
) -> Result<Flow, PullError> {
    let number = chain.last()?.number + 1;
    let Some(deeper) = read(walk, number, caller).await?.filter(|page| page.rows > 0) else {
        return past_the_end(walk, chain, caller).await;
    };
    if chain.repeats_last(&deeper) {
        return Err(PullError::Repeats { page: number });
    }
    let from = deeper.newest.unwrap_or(chain.proven_from);
    let span = Span::new(from, chain.proven_from);
    if !span.is_empty() {
        let reason = format!("pages {} and {number} could not be joined", number - 1);
        caller(Event::Missing(Gap { span, reason })).await?;
    }
    chain.proven_from = chain.proven_from.min(from);
    // The order of a page is judged by the one it joins, and this one joins none.
    chain.pages.clear();
    extend(chain, deeper, caller).await
}

/// Without a count, a page that only repeats the last one may be a burst of arrivals: the page below it tells.
async fn walk_past(
    walk: &Walk<'_>,
    chain: &mut Chain,
    repeat: Outline,
    caller: &mut impl AsyncFnMut(Event) -> anyhow::Result<Flow>,
) -> Result<Flow, PullError> {
    match read(walk, repeat.number + 1, caller).await? {
        Some(below) if chain.lacks_some_of(&below) => {
            extend(chain, repeat, caller).await?;
            extend(chain, below, caller).await
        }
        _ => repeated(chain, &repeat),
    }
}

/// Without a count, a page that brings nothing new is the end of the list where no total says otherwise.
fn repeated(chain: &mut Chain, deeper: &Outline) -> Result<Flow, PullError> {
    match chain.pages.back_mut() {
        Some(last) if last.total_pages.is_none() && last.has_next != Some(true) => {
            last.has_next = Some(false);
            Ok(Flow::On)
        }
        _ => Err(PullError::Repeats { page: deeper.number }),
    }
}

/// No such page although the last answer named one: the list has become shorter, or the service hides the rest.
async fn past_the_end(
    walk: &Walk<'_>,
    chain: &mut Chain,
    caller: &mut impl AsyncFnMut(Event) -> anyhow::Result<Flow>,
) -> Result<Flow, PullError> {
    let number = chain.last()?.number + 1;
    chain.head = None;
    step_back(walk, chain, caller).await?;
    let last = chain.last()?;
    match last.total_pages {
        Some(total_pages) if !last.is_last() && last.number + 1 == number => Err(PullError::Capped {
            page: number,
            total_pages,
        }),
        Some(_) => Ok(Flow::On),
        None => {
            if let Some(page) = chain.pages.back_mut() {
                page.has_next = Some(false);
            }
            Ok(Flow::On)
        }
    }
}

/// Asks for the first page to see whether anything has changed; its rows are handed on only if something has.
async fn look_at_head(
    walk: &Walk<'_>,
    known: Option<Head>,
    caller: &mut impl AsyncFnMut(Event) -> anyhow::Result<Flow>,
) -> Result<Option<Head>, PullError> {
    let Some(page) = fetch(walk, 1).await? else {
        return Ok(None);
    };
    let head = Some((page.outline.head, page.outline.count));
    if head != known {
        hand_on(page, caller).await?;
    }
    Ok(head)
}

/// Fetches a page and hands its rows on, whatever becomes of the page.
async fn read(
    walk: &Walk<'_>,
    number: u64,
    caller: &mut impl AsyncFnMut(Event) -> anyhow::Result<Flow>,
) -> Result<Option<Outline>, PullError> {
    let Some(page) = fetch(walk, number).await? else {
        return Ok(None);
    };
    let outline = page.outline.clone();
    hand_on(page, caller).await?;
    Ok(Some(outline))
}

pub(super) async fn hand_on(
    page: Page,
    caller: &mut impl AsyncFnMut(Event) -> anyhow::Result<Flow>,
) -> Result<(), PullError> {
    for (member, rows) in page.rows.into_iter().enumerate() {
        let page = page.number;
        caller(Event::Rows { page, member, rows }).await?;
    }
    Ok(())
}

/// Joins a page and says what is proven by it: keys newer than its last one, for rows of that very key may follow.
async fn extend(
    chain: &mut Chain,
    outline: Outline,
    caller: &mut impl AsyncFnMut(Event) -> anyhow::Result<Flow>,
) -> Result<Flow, PullError> {
    let oldest = outline.oldest;
    chain.push(outline);
    let Some(oldest) = oldest.filter(|_| !chain.is_out_of_order()) else {
        return Ok(Flow::On);
    };
    chain.oldest = Some(chain.oldest.map_or(oldest, |known| known.min(oldest)));
    let span = Span::new(oldest.saturating_add(1), chain.proven_from);
    if span.is_empty() {
        return Ok(Flow::On);
    }
    chain.proven_from = span.from;
    Ok(caller(Event::Proven {
        span,
        trusted: chain.trusted,
    })
    .await?)
}
