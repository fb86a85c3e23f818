//! Streams that are asked for in closed windows: which stretches of time a run has to read, and what their end proves. Apart
//! from the numbered lists because here the loader chooses what it is shown.

use std::sync::Arc;

use anyhow::Result;

use super::stream::StreamLoad;
use crate::coverage::Span;
use crate::pull::windows::{Newest, Windowed, cut};
use crate::pull::{Event, PullError};
use crate::schema::{Micros, SECOND};

/// A row may carry a time this much after the service's clock.
const AHEAD: Micros = 60 * SECOND;

/// Reads every stretch that is wanted, oldest first.
pub(super) async fn load(load: &mut StreamLoad<'_>) -> Result<(), PullError> {
    let task = load.task;
    let form = task.stream.main();
    let list = Windowed {
        client: Arc::clone(load.client),
        path: task.stream.path,
        rows: form.member,
        order_key: form.order_key.unwrap_or_default(),
        filter: task.query(),
        pagination: task.source.pagination,
        max_in_flight: task.source.limits.max_in_flight,
    };
    let newest = list.newest(None).await?;
    let begun = Event::Begun {
        service_at: newest.service_at,
        newest_key: newest.key,
        count: None,
        total_pages: None,
    };
    load.take(begun).await?;
    load.claims.go_on_to_the_end();
    let end = [newest.service_at, newest.key]
        .into_iter()
        .flatten()
        .fold(load.claims.now, Micros::max);
    hand_on(load, newest).await?;
    let is_first = load.claims.state.complete_walks == 0;
    let oldest = if is_first { list.oldest().await? } else { None };
    let mut stretches = load.claims.stretches(task.run.to, end + AHEAD);
    if is_first {
        let begin = oldest.unwrap_or(end);
        stretches.retain_mut(|stretch| {
            stretch.from = stretch.from.max(begin);
            !stretch.is_empty()
        });
    }
    let windows: Vec<Span> = stretches
        .iter()
        .flat_map(|stretch| cut(*stretch, list.max_in_flight))
        .collect();
    list.read(&windows, &mut async |event| load.take(event).await).await?;
    if load.is_cancelled() {
        return Ok(());
    }
    meet(load, &list, windows.first()).await?;
    let is_whole = task.run.from.is_none() && task.run.to.is_none();
    if is_first && is_whole && load.claims.is_met {
        load.take(Event::Ended { oldest }).await?;
    }
    Ok(())
}

/// A weaker key must not prove silence: where no row of the lake came again, the newest one before the windows must.
async fn meet(load: &mut StreamLoad<'_>, list: &Windowed, first: Option<&Span>) -> Result<(), PullError> {
    load.flush().await?;
    if load.claims.is_met {
        return Ok(());
    }
    if let Some(first) = first {
        let before = list.newest(Some(first.from)).await?;
        hand_on(load, before).await?;
        load.flush().await?;
    }
    if !load.claims.is_met {
        let what = "none of the rows it holds came again, though the service keeps them for ever: nothing is claimed; check that \
                    the credentials may still see everything";
        load.findings.push(what.to_owned());
    }
    Ok(())
}

async fn hand_on(load: &mut StreamLoad<'_>, newest: Newest) -> Result<(), PullError> {
    let rows = Event::Rows {
        page: 1,
        member: 0,
        rows: newest.row.into_iter().collect(),
    };
    load.take(rows).await?;
    Ok(())
}
