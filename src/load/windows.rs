//! Streams that are asked for in closed windows: which stretches of time a run has to read, and what their end proves. Apart
//! from the numbered lists because here the loader chooses what it is shown.

use std::sync::Arc;

use anyhow::Result;

use super::stream::StreamLoad;
use crate::coverage::Span;
use crate::pull::windows::{Newest, Windowed, cut};
use crate::pull::{Event, PullError};
use crate::schema::{EARLIEST, Micros, SECOND};

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
    let newest = list.newest().await?;
    let begun = Event::Begun {
        service_at: newest.service_at,
        newest_key: newest.key,
        count: None,
        total_pages: None,
    };
    load.take(begun).await?;
    load.claims.go_on_to_the_end();
    let ends = [newest.service_at, newest.key, Some(load.claims.now)];
    let end = ends.into_iter().flatten().fold(EARLIEST, Micros::max);
    recognise(load, &list, newest).await?;
    let begin = begin(load, &list, end).await?;
    let mut windows = Vec::new();
    for stretch in load.claims.stretches(task.run.to, end + AHEAD) {
        let offered = stretch.meet(Span::new(begin, Micros::MAX));
        windows.extend(cut(offered, list.max_in_flight));
    }
    list.read(&windows, &mut async |event| load.take(event).await).await?;
    match windows.first() {
        Some(first) if !load.is_cancelled() => meet(load, &list, first.from).await,
        _ => Ok(()),
    }
}

/// Looks for a row that the lake holds before anything is read, so that what is read can be claimed as it comes: the newest
/// one of all, which need not be new, else those around the newest one of the last run.
async fn recognise(load: &mut StreamLoad<'_>, list: &Windowed, newest: Newest) -> Result<(), PullError> {
    load.recognise(&newest.rows).await?;
    if let Some(known) = load.claims.newest_unmet() {
        let before = list.newest_until(known).await?;
        load.recognise(&before.rows).await?;
        hand_on(load, before).await?;
    }
    hand_on(load, newest).await
}

/// Where the list begins: as long as it has shown nothing that is the oldest row, and before it nothing is offered.
async fn begin(load: &mut StreamLoad<'_>, list: &Windowed, end: Micros) -> Result<Micros, PullError> {
    let state = &load.claims.state;
    if state.complete_walks > 0 && state.newest_key.is_some() {
        return Ok(EARLIEST);
    }
    let (oldest, rows) = list.beginning().await?;
    let received = Event::Rows {
        page: 1,
        member: 0,
        rows,
    };
    load.take(received).await?;
    if load.claims.is_met {
        load.take(Event::Ended { oldest }).await?;
    }
    Ok(oldest.unwrap_or(end))
}

/// A weaker key must not prove silence: where no row of the lake came again, the newest one before the windows must.
async fn meet(load: &mut StreamLoad<'_>, list: &Windowed, first: Micros) -> Result<(), PullError> {
    load.flush().await?;
    if load.claims.is_met {
        return Ok(());
    }
    let before = list.newest_until(first).await?;
    hand_on(load, before).await?;
    load.flush().await?;
    if load.claims.is_doubted(None) {
        let what = "none of the rows it holds came again, though the service should still offer them: nothing is claimed; check \
                    that the credentials may still see everything; `retention_days` says how long a service keeps its log that \
                    does not keep it for ever";
        load.findings.push(what.to_owned());
    } else {
        load.flush().await?;
    }
    Ok(())
}

async fn hand_on(load: &mut StreamLoad<'_>, newest: Newest) -> Result<(), PullError> {
    let rows = Event::Rows {
        page: 1,
        member: 0,
        rows: newest.rows,
    };
    load.take(rows).await?;
    Ok(())
}
