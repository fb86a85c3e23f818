//! Lists of several resources asked for side by side, and handed on one after the other. Apart from what is done with them,
//! because all of them have to go on while one is waited for: each may hold a turn that another one needs.

use std::collections::VecDeque;

use futures::StreamExt;
use futures::future::LocalBoxFuture;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc::{Receiver, channel};

use super::ListOf;
use crate::pull::{Event, Flow, PullError};

/// Events of one list that wait to be taken; a page is two or three.
const MOST_WAITING: usize = 8;

type Told = Result<Event, PullError>;

/// The lists under way, in the order of their resources.
pub(super) struct Ahead<'a> {
    resources: std::slice::Iter<'a, String>,
    lists: &'a ListOf<'a>,
    most: usize,
    walks: FuturesUnordered<LocalBoxFuture<'a, ()>>,
    coming: VecDeque<(&'a str, Receiver<Told>)>,
    /// What the list at hand tells.
    told: Option<Receiver<Told>>,
}

impl<'a> Ahead<'a> {
    /// The client sees to it that no more than `max_in_flight` requests are under way; twice as many lists keep it busy.
    pub(super) fn new(resources: &'a [String], lists: &'a ListOf<'a>, max_in_flight: usize) -> Self {
        Self {
            resources: resources.iter(),
            lists,
            most: max_in_flight * 2,
            walks: FuturesUnordered::new(),
            coming: VecDeque::new(),
            told: None,
        }
    }

    /// Goes on to the list of the next resource.
    pub(super) fn next(&mut self) -> Option<&'a str> {
        while self.coming.len() < self.most
            && let Some(resource) = self.resources.next()
        {
            let (teller, told) = channel(MOST_WAITING);
            let walk = self.lists.walk(resource);
            self.walks.push(Box::pin(async move {
                let tell = async |event| Ok(teller.send(Ok(event)).await.map_or(Flow::Stop, |()| Flow::On));
                if let Err(error) = walk.run(&mut { tell }).await {
                    // Nobody listens any more where the run has been cancelled.
                    drop(teller.send(Err(error)).await);
                }
            }));
            self.coming.push_back((resource, told));
        }
        let (resource, told) = self.coming.pop_front()?;
        self.told = Some(told);
        Some(resource)
    }

    /// Begins no further list; what those under way have been told is kept all the same.
    pub(super) fn stop(&mut self) {
        self.resources = [].iter();
    }

    /// What the list at hand tells next; nothing at its end.
    pub(super) async fn hear(&mut self) -> Option<Told> {
        let told = self.told.as_mut()?;
        loop {
            tokio::select! {
                biased;
                told = told.recv() => return told,
                Some(()) = self.walks.next(), if !self.walks.is_empty() => {}
            }
        }
    }
}
