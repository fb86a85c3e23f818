//! The older notification list: which of its addresses is there, how many days it gives, and, where the list of the whole
//! workspace is refused or absent, the lists of single resources. Apart from the other ways because only this one has to
//! find out where it is.

use super::stream::StreamLoad;
use super::{StreamError, fan_out, ways};
use crate::http::HttpErrorKind;
use crate::ledger::QuietStream;
use crate::pull::PullError;
use crate::source::secoda::{NOTIFICATIONS_OF_RESOURCE, NOTIFICATIONS_UNVERSIONED};

/// How far back is asked, the most first: a server may refuse more than it documents.
const DAYS: [u32; 2] = [3_650, 90];
/// Rows asked for on a page, where the server lets itself be told.
const PAGE_SIZE: u32 = 100;

/// Loads the stream from where it is offered.
pub(super) async fn load(load: &mut StreamLoad<'_>, quiet: &[QuietStream]) -> Result<(), StreamError> {
    let task = load.task;
    let mut refusal = None;
    for path in [task.stream.path, NOTIFICATIONS_UNVERSIONED] {
        match walk(load, path).await {
            Err(error) if error.is_absent() => {}
            Err(error) if is_forbidden(&error) => refusal = Some(error),
            walked => return walked.map_err(StreamError::from),
        }
    }
    let lists = fan_out::Lists {
        path: NOTIFICATIONS_OF_RESOURCE,
        query: query(load, None),
        of: "audit_logs",
        quiet,
        is_all: false,
    };
    let followed = fan_out::follow(load, &lists).await;
    match (followed, refusal) {
        (Err(StreamError::NotOffered), Some(refusal)) => Err(StreamError::Pull(refusal)),
        (followed, refusal) => {
            let why = if refusal.is_some() { "refused" } else { "not offered" };
            if followed.is_ok() {
                load.warnings.push(format!(
                    "the list of the whole workspace is {why}, and those of resources with activity are read: notifications of \
                     no resource are missing, and nothing is claimed for good"
                ));
            }
            followed
        }
    }
}

/// Walks the list of the workspace, of as many days as the server lets itself be asked for.
async fn walk(load: &mut StreamLoad<'_>, path: &str) -> Result<(), PullError> {
    let asked = load.task.filter().and_then(|filter| filter.days);
    let days = asked.map_or(DAYS.to_vec(), |days| vec![days]);
    for (place, days) in days.iter().enumerate() {
        load.claims.reach_back(*days);
        let walked = ways::walk(load, path, query(load, Some(*days))).await;
        let is_first = place == 0 && asked.is_none();
        match walked {
            Err(PullError::Http { page: 1, source }) if source.kind == HttpErrorKind::Refused && is_first => {}
            walked => return walked,
        }
    }
    Ok(())
}

fn is_forbidden(error: &PullError) -> bool {
    matches!(error, PullError::Http { page: 1, source } if source.kind == HttpErrorKind::Forbidden)
}

/// What the user asks for, and what is asked for otherwise.
fn query(load: &StreamLoad<'_>, days: Option<u32>) -> Vec<(String, String)> {
    let mut query = load.task.query();
    let mut add = |name: &str, value: u32| {
        if !query.iter().any(|(known, _)| known == name) {
            query.push((name.to_owned(), value.to_string()));
        }
    };
    if let Some(days) = days {
        add("days", days);
    }
    add("page_size", PAGE_SIZE);
    query
}
