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
        for days in DAYS {
            let walked = ways::walk(load, path, query(load, Some(days))).await;
            match walked {
                Err(PullError::Http { page: 1, source })
                    if source.kind == HttpErrorKind::Refused && days == DAYS[0] => {}
                Err(PullError::Http { page: 1, source })
                    if matches!(source.kind, HttpErrorKind::NotFound | HttpErrorKind::Forbidden) =>
                {
                    refusal = Some(PullError::Http { page: 1, source })
                        .filter(PullError::is_credentials)
                        .or(refusal);
                    break;
                }
                walked => return walked.map_err(StreamError::from),
            }
        }
    }
    let lists = fan_out::Lists {
        path: NOTIFICATIONS_OF_RESOURCE,
        query: query(load, None),
        of: "audit_logs",
        quiet,
    };
    match (fan_out::follow(load, &lists).await, refusal) {
        (Err(StreamError::NotOffered), Some(refusal)) => Err(StreamError::Pull(refusal)),
        (followed, _) => followed,
    }
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
