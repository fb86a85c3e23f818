//! One request on the wire, and what is said of it when none or no whole answer comes back. Separate because pages and access
//! tokens are asked for alike, and because every secret must be known to the one place that words a failure.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{RequestBuilder, Response};
use tokio::time::{Instant, timeout_at};

use super::failure::{Failure, HttpErrorKind};
use super::redaction::Redaction;

pub(super) struct Wire {
    pub(super) inner: reqwest::Client,
    /// For one answer, from the first byte sent to the last one read.
    pub(super) timeout: Duration,
    pub(super) redaction: Redaction,
    requests: AtomicU64,
}

impl Wire {
    pub(super) fn new(inner: reqwest::Client, timeout: Duration, redaction: Redaction) -> Self {
        Self {
            inner,
            timeout,
            redaction,
            requests: AtomicU64::new(0),
        }
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    pub(super) async fn send(&self, request: RequestBuilder, deadline: Instant) -> Result<Response, Failure> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        match timeout_at(deadline, request.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(self.connection_failure(&error)),
            Err(_) => Err(Failure::new(
                HttpErrorKind::Timeout,
                format!("no answer within {:?}", self.timeout),
            )),
        }
    }

    /// The next piece of a body; `None` at its end.
    pub(super) async fn chunk(
        &self,
        response: &mut Response,
        deadline: Instant,
    ) -> Result<Option<bytes::Bytes>, Failure> {
        match timeout_at(deadline, response.chunk()).await {
            Ok(Ok(chunk)) => Ok(chunk),
            Ok(Err(error)) => Err(self.body_failure(&error)),
            Err(_) => Err(Failure::new(
                HttpErrorKind::Timeout,
                format!("body not complete within {:?}", self.timeout),
            )),
        }
    }

    fn connection_failure(&self, error: &reqwest::Error) -> Failure {
        let cause = innermost(error);
        let kind = if error.is_timeout() {
            HttpErrorKind::Timeout
        } else if error.is_connect() && cause.contains("certificate") {
            HttpErrorKind::Certificate
        } else {
            HttpErrorKind::Connection
        };
        Failure::new(kind, self.redaction.shown(cause.as_bytes(), false))
    }

    fn body_failure(&self, error: &reqwest::Error) -> Failure {
        let kind = if error.is_timeout() {
            HttpErrorKind::Timeout
        } else {
            HttpErrorKind::Truncated
        };
        Failure::new(kind, self.redaction.shown(innermost(error).as_bytes(), false))
    }
}

/// A header that is readable text.
pub(super) fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok())
}

/// The cause that says most; the outer ones only say that a request failed, and name its address.
pub(super) fn innermost(error: &reqwest::Error) -> String {
    let Some(mut cause) = error.source() else {
        return "the request failed".to_owned();
    };
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
