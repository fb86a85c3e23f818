//! Whether the lists beside the main one are there and may be read. Apart from the other questions because it takes a walk
//! over several addresses, and nothing else is asked of them.

use super::{RIGHTS, Told};
use crate::http::{Client, HttpError, HttpErrorKind};
use crate::source::secoda::{NOTIFICATIONS_OF_RESOURCE, NOTIFICATIONS_UNVERSIONED};
use crate::source::{Source, Stream};

/// More days than a service need keep.
const MANY_DAYS: &str = "3650";
const FEWER_DAYS: &str = "90";

const NO_RESOURCE: &str = "not asked: no resource is known to ask for";
const NO_RESOURCE_ADVICE: &str = "have audit_logs among the streams of this source, whose rows name resources";

/// A list per resource, asked for one resource that is known.
pub(super) async fn of_resource(
    source: &Source,
    stream: &Stream,
    client: &Client,
    (told, known): (&mut Told<'_>, Option<&str>),
) {
    let Some(resource) = resource_of(source, stream, known) else {
        return told.note(RIGHTS, NO_RESOURCE, NO_RESOURCE_ADVICE);
    };
    match client
        .get(stream.path, &[("resource_id", resource), ("page", "1")])
        .await
    {
        Ok(answer) => {
            told.of_answer(answer.server_at, &answer.limits, source.limits.max_per_minute);
            told.ok(RIGHTS, "let in, and answered for a resource");
        }
        Err(error) => told.refused(&error),
    }
}

/// The filter's own, else one that a row has named.
fn resource_of<'a>(source: &'a Source, stream: &Stream, known: Option<&'a str>) -> Option<&'a str> {
    let filter = source.filters.get(stream.name);
    let named = filter.and_then(|filter| filter.values("resource_id")?.first());
    named.map(String::as_str).or(known)
}

/// The older list, under one of its addresses.
pub(super) async fn notifications(
    source: &Source,
    stream: &Stream,
    client: &Client,
    (told, known): (&mut Told<'_>, Option<&str>),
) {
    let most = source.limits.max_per_minute;
    let mut refusal: Option<HttpError> = None;
    for path in [stream.path, NOTIFICATIONS_UNVERSIONED] {
        let mut answer = client
            .get(path, &[("days", MANY_DAYS), ("page_size", "1"), ("page", "1")])
            .await;
        let takes_many = !matches!(&answer, Err(error) if error.kind == HttpErrorKind::Refused);
        if !takes_many {
            answer = client
                .get(path, &[("days", FEWER_DAYS), ("page_size", "1"), ("page", "1")])
                .await;
        }
        match answer {
            Ok(answer) => {
                told.of_answer(answer.server_at, &answer.limits, most);
                let days = if takes_many { MANY_DAYS } else { FEWER_DAYS };
                return told.ok(RIGHTS, format!("let in at {path}, for {days} days"));
            }
            Err(error) if matches!(error.kind, HttpErrorKind::NotFound | HttpErrorKind::Forbidden) => {
                refusal = refusal
                    .filter(|known| known.kind == HttpErrorKind::Forbidden)
                    .or(Some(error));
            }
            Err(error) => return told.refused(&error),
        }
    }
    let by_resource = match resource_of(source, stream, known) {
        Some(resource) => client
            .get(NOTIFICATIONS_OF_RESOURCE, &[("resource_id", resource), ("page", "1")])
            .await
            .ok(),
        None => None,
    };
    match (by_resource, refusal) {
        (Some(answer), _) => {
            told.of_answer(answer.server_at, &answer.limits, most);
            told.ok(RIGHTS, "let in for single resources, and not for the whole workspace");
        }
        (None, Some(refusal)) => told.refused(&refusal),
        (None, None) => {}
    }
}
