//! One stream of one run: its state, and the way its list is handed out. Apart from the buffer because what is done with rows
//! is the same whichever way they came.

use std::sync::Arc;

use super::stream::StreamLoad;
use super::{Outcome, Run, StreamError, fan_out, notifications, windows};
use crate::coverage::StreamState;
use crate::http::Client;
use crate::lake::{Lake, Withheld};
use crate::ledger::QuietStream;
use crate::pull::{DateFilter, List, PullError, Walk};
use crate::record::Layouts;
use crate::source::filter::Filter;
use crate::source::{Paging, Source, Stream};

/// Which stream is loaded, for which run.
#[derive(Clone, Copy)]
pub(super) struct Task<'a> {
    pub(super) source: &'a Source,
    pub(super) stream: &'static Stream,
    pub(super) run: &'a Run<'a>,
}

impl<'a> Task<'a> {
    /// What the user lets through of the stream.
    pub(super) fn filter(&self) -> Option<&'a Filter> {
        self.source.filters.get(self.stream.name)
    }

    /// The filter as coverage is kept by it; none that lets everything through.
    fn canonical_filter(&self) -> Option<String> {
        self.filter().map(Filter::canonical).filter(|filter| !filter.is_empty())
    }

    /// The name the state is kept under: a filtered stream has one of its own.
    pub(super) fn state_name(&self) -> String {
        match self.canonical_filter() {
            Some(filter) => format!("{}?{filter}", self.stream.name),
            None => self.stream.name.to_owned(),
        }
    }

    /// How older rows alone are asked for, beside what the user lets through.
    fn dates(&self) -> Option<DateFilter> {
        let is_filtered = matches!(self.stream.paging, Paging::Numbered { .. });
        let operators = self.source.dates.clone().filter(|_| is_filtered)?;
        Some(DateFilter {
            field: operators.field,
            before: operators.before,
            is_before_inclusive: operators.is_before_inclusive,
            at_or_after: operators.at_or_after,
            base: self.filter().and_then(|filter| filter.expression.clone()),
        })
    }

    /// What is sent with every request for the list.
    pub(super) fn query(&self) -> Vec<(String, String)> {
        self.filter().map(Filter::query).unwrap_or_default()
    }
}

/// Loads one stream; what is left to be recorded without a load of its own is returned, as `quiet` has it of the streams
/// before.
pub(super) async fn load(
    lake: &mut Lake,
    task: &Task<'_>,
    client: &Arc<Client>,
    (outcome, quiet): (&mut Outcome, &[QuietStream]),
) -> Option<QuietStream> {
    let opened = match open(lake, task).await {
        Ok(opened) => opened,
        Err(error) => {
            outcome.error = Some(error);
            return None;
        }
    };
    let mut load = StreamLoad::new(lake, task, client, opened);
    let ended = match pull(&mut load, quiet).await {
        Ok(()) => load.finish().await.map_err(StreamError::Lake),
        Err(StreamError::Pull(PullError::Caller(error)) | StreamError::Lake(error)) => Err(StreamError::Lake(error)),
        Err(StreamError::Pull(error)) => {
            let flushed = load.flush().await.map_err(StreamError::Lake);
            if matches!(error, PullError::Contradiction { .. }) {
                load.claims.distrust_counts();
            }
            load.claims.explain_rest(&reason(&error));
            // What a service never gives out is no failure of the run.
            if matches!(error, PullError::Capped { .. }) && load.received() > 0 {
                load.findings.push(format!("{error}; {}", error.hint()));
                flushed
            } else {
                flushed.and(Err(StreamError::Pull(error)))
            }
        }
        Err(error) => load.flush().await.map_err(StreamError::Lake).and(Err(error)),
    };
    outcome.error = ended.err();
    load.close(outcome)
}

/// What a stream is loaded by.
pub(super) struct Opened {
    pub(super) state: StreamState,
    pub(super) layouts: Layouts,
    pub(super) withheld: Withheld,
}

/// The state of the stream, which belongs to one account, and what must not come back into it.
pub(super) async fn open(lake: &Lake, task: &Task<'_>) -> Result<Opened, StreamError> {
    let source = task.source;
    let state = lake
        .state(&source.name, &task.state_name())
        .await
        .map_err(StreamError::Lake)?;
    let mut state = state.map_or_else(
        || StreamState::new(&source.account),
        |state| state.taken_by(&source.account),
    );
    if state.account != source.account {
        return Err(StreamError::OtherAccount {
            known: state.account,
            given: source.account.clone(),
        });
    }
    state.filter = task.canonical_filter();
    let layouts = lake.layouts(&source.name, task.stream).await;
    let withheld = lake.withheld(&source.name).await.map_err(StreamError::Lake)?;
    state.coverage.purge(&withheld.purged, task.run.started_at);
    Ok(Opened {
        state,
        layouts: layouts.map_err(StreamError::Lake)?,
        withheld,
    })
}

pub(super) async fn pull(load: &mut StreamLoad<'_>, quiet: &[QuietStream]) -> Result<(), StreamError> {
    let task = load.task;
    match task.stream.paging {
        Paging::Numbered { sort } => {
            let mut query = vec![("sort".to_owned(), sort.to_owned())];
            query.extend(task.query());
            walk(load, task.stream.path, query).await.map_err(StreamError::from)
        }
        Paging::Notifications => notifications::load(load, quiet).await,
        Paging::Windows => windows::load(load).await.map_err(StreamError::from),
        Paging::FanOut { of } => {
            let lists = fan_out::Lists {
                path: task.stream.path,
                query: task.query(),
                of,
                quiet,
                is_all: true,
            };
            fan_out::follow(load, &lists).await
        }
    }
}

/// Walks a list of numbered pages.
pub(super) async fn walk(load: &mut StreamLoad<'_>, path: &str, query: Vec<(String, String)>) -> Result<(), PullError> {
    let task = load.task;
    let members = members(task.stream);
    let walk = Walk {
        client: load.client,
        list: List {
            path,
            rows: &members,
            order_key: task.stream.main().order_key,
            query,
            dates: task.dates(),
        },
        max_in_flight: task.source.limits.max_in_flight,
    };
    walk.run(&mut async |event| load.take(event).await).await
}

/// The members of an answer that hold records.
pub(super) fn members(stream: &'static Stream) -> Vec<&'static str> {
    stream.forms.iter().map(|form| form.member).collect()
}

/// An error as the reason of a gap: its first words.
pub(super) fn reason(error: &PullError) -> String {
    let text = error.to_string();
    text.split(" (").next().unwrap_or_default().chars().take(200).collect()
}
