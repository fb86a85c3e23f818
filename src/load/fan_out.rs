//! Streams that ask per resource: which resources have new activity is read from the rows of another stream, each is listed
//! once when its activity is new and once more when late records must have appeared. The place is kept as two positions in
//! the ledger and the last resource done, so that the state stays as small after years as after a day.

mod ahead;
mod resources;
mod seen;

use std::sync::Arc;

use super::StreamError;
use super::stream::StreamLoad;
use super::ways::members;
use crate::coverage::{FanOut, Place};
use crate::http::Client;
use crate::ledger::QuietStream;
use crate::pull::{List, PullError, Walk};
use ahead::Ahead;
use seen::{Listed, Seen};

/// Where the list of one resource is, and the stream whose rows name the resources.
pub(super) struct Lists<'a> {
    pub(super) path: &'a str,
    pub(super) query: Vec<(String, String)>,
    pub(super) of: &'a str,
    /// States of this run that no entry holds yet.
    pub(super) quiet: &'a [QuietStream],
    /// Whether every record is of a resource; else there may be some that no list shows, and nothing is claimed for good.
    pub(super) is_all: bool,
}

/// The list of any one resource.
struct ListOf<'a> {
    client: &'a Arc<Client>,
    path: &'a str,
    members: Vec<&'static str>,
    query: &'a [(String, String)],
}

impl ListOf<'_> {
    fn walk(&self, resource: &str) -> Walk<'_> {
        let mut query = vec![("resource_id".to_owned(), resource.to_owned())];
        query.extend(self.query.iter().filter(|(name, _)| name != "resource_id").cloned());
        Walk {
            client: self.client,
            list: List {
                path: self.path,
                rows: &self.members,
                order_key: None,
                query,
                dates: None,
            },
            max_in_flight: 1,
        }
    }
}

/// Which of the readings of resources' lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Of those that could not be listed before.
    Again,
    /// Of resources with new activity.
    First,
    /// Of those whose activity has become older than `finality` and that no later load names.
    Second,
}

/// Lists every resource that the rows of the other stream have named since the last run.
pub(super) async fn follow(load: &mut StreamLoad<'_>, lists: &Lists<'_>) -> Result<(), StreamError> {
    if load.comparing.is_some() {
        return Err(StreamError::PerResource);
    }
    load.claims.is_another_streams = true;
    let Some(newest) = resources::newest(load, lists.of) else {
        if resources::quiet(load, lists).is_some() {
            return resources::take_coverage(load, lists, (0, 0)).await;
        }
        let source = &load.task.source.name;
        load.findings.push(format!(
            "asks per resource, by the rows of {source}.{of}, and the lake has none yet: sync {source}.{of} first",
            of = lists.of
        ));
        return Ok(());
    };
    if fan_out(load).first.until == 0 {
        let settled = resources::settled(load, (0, newest)).await?;
        *place(load, Reading::Second) = at(settled);
    }
    let read = read_until(load, lists, newest).await;
    let Err(error) = &read else {
        return read;
    };
    let is_silent = matches!(error, StreamError::NotOffered | StreamError::ShowsNothing);
    if fan_out(load).known.is_some() {
        resources::begin(load, lists, newest).await?;
        if is_silent {
            load.claims.explain_rest(&error.to_string());
        }
    } else if is_silent {
        // What was claimed while nothing had happened needed no list; rows that became visible later do.
        load.claims.state.coverage.withdraw();
    }
    read
}

async fn read_until(load: &mut StreamLoad<'_>, lists: &Lists<'_>, newest: u64) -> Result<(), StreamError> {
    read(load, lists, Reading::Again).await?;
    loop {
        let first = place(load, Reading::First);
        if first.is_done() {
            first.until = newest;
        }
        let until = first.until;
        read(load, lists, Reading::First).await?;
        if load.is_cancelled() {
            return Ok(());
        }
        resources::take_coverage(load, lists, (until, newest)).await?;
        if until >= newest {
            break;
        }
    }
    if place(load, Reading::Second).is_done() {
        let after = place(load, Reading::Second).after;
        place(load, Reading::Second).until = resources::settled(load, (after, newest)).await?;
    }
    read(load, lists, Reading::Second).await
}

/// One reading of all resources it concerns, from the last one done on. Where the lists turn out not to be there, or not to
/// be seen, it counts for nothing.
async fn read(load: &mut StreamLoad<'_>, lists: &Lists<'_>, reading: Reading) -> Result<(), StreamError> {
    let before = fan_out(load).clone();
    let read = read_all(load, lists, reading).await;
    if matches!(read, Err(StreamError::NotOffered | StreamError::ShowsNothing)) {
        load.claims.state.fan_out = Some(before);
    }
    read
}

async fn read_all(load: &mut StreamLoad<'_>, lists: &Lists<'_>, reading: Reading) -> Result<(), StreamError> {
    let resources = resources::to_list(load, lists, reading).await?;
    let of = lists.of;
    let lists = ListOf {
        client: load.client,
        path: lists.path,
        members: members(load.task.stream),
        query: lists.query.as_slice(),
    };
    let mut ahead = Ahead::new(&resources, &lists, load.task.source.limits.max_in_flight);
    let mut seen = Seen::new(reading);
    while let Some(id) = ahead.next() {
        let listed = list(load, &mut ahead).await?;
        if load.is_cancelled() {
            return Ok(());
        }
        if !seen.take(load, id, listed)? {
            ahead.stop();
        }
        if reading != Reading::Again {
            place(load, reading).last_done = Some(id.to_owned());
        }
        if seen.is_time_to_keep() {
            load.keep_place().await.map_err(StreamError::Lake)?;
        }
    }
    seen.judge(load, &lists, of).await?;
    if reading != Reading::Again {
        let until = place(load, reading).until;
        *place(load, reading) = at(until);
    }
    Ok(())
}

/// Takes the list of one resource to its end; the run may be cancelled before.
async fn list(load: &mut StreamLoad<'_>, ahead: &mut Ahead<'_>) -> Result<Listed, StreamError> {
    let before = load.received();
    while let Some(told) = ahead.hear().await {
        match told {
            Ok(event) => load.take_listed(event).await.map_err(PullError::from)?,
            Err(PullError::Caller(error)) => return Err(StreamError::Lake(error)),
            Err(error) if error.is_absent() => return Ok(Listed::Absent),
            Err(error) => return Ok(Listed::Failed(error)),
        }
        if load.is_cancelled() {
            break;
        }
    }
    Ok(if load.received() > before {
        Listed::Shown
    } else {
        Listed::Empty
    })
}

fn fan_out<'a>(load: &'a mut StreamLoad<'_>) -> &'a mut FanOut {
    load.claims.state.fan_out.get_or_insert_default()
}

fn place<'a>(load: &'a mut StreamLoad<'_>, reading: Reading) -> &'a mut Place {
    match reading {
        Reading::Again | Reading::First => &mut fan_out(load).first,
        Reading::Second => &mut fan_out(load).second,
    }
}

/// A place where all resources up to an entry are done.
fn at(entry: u64) -> Place {
    Place {
        after: entry,
        until: entry,
        last_done: None,
    }
}
