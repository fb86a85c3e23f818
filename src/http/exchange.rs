//! One attempt: send, follow redirects within the pinned origin, and read a body that is whole, small enough
//! and JSON. Separate from the client, which decides what to do when an attempt fails.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Response;
use reqwest::header::{ACCEPT, AUTHORIZATION, DATE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use serde::de::IgnoredAny;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::credential::Authorization;
use super::failure::{Failure, HttpErrorKind};
use super::wire::header;
use super::{Answer, Client, retry};

/// A missing slash takes one; more than a few are a circle.
const MOST_REDIRECTS: usize = 3;
/// Access tokens that one attempt may see end.
const MOST_RENEWALS: usize = 4;
/// What is read of the body of a failed answer, in bytes and in time.
const EXCERPT_BYTES: usize = 16 * 1024;
const EXCERPT_TIME: Duration = Duration::from_secs(2);

impl Client {
    /// Asks once, and again with a newer access token where one that was good before is refused: others that wait may have
    /// used up the newer one too.
    pub(super) async fn attempt(&self, asked: &Url) -> Result<Answer, Failure> {
        let mut authorization = self.credential.current().await?;
        for _ in 0..MOST_RENEWALS {
            let refused = match self.attempt_as(asked, &authorization).await {
                Err(refused) if refused.kind == HttpErrorKind::Unauthorized => refused,
                other => return other,
            };
            match self.credential.after_refusal(&authorization).await? {
                Some(renewed) => authorization = renewed,
                None => return Err(refused),
            }
        }
        self.attempt_as(asked, &authorization).await
    }

    async fn attempt_as(&self, asked: &Url, authorization: &Authorization) -> Result<Answer, Failure> {
        let answer = self.follow(asked, authorization).await;
        if answer.is_ok() {
            self.credential.accepted(authorization);
        }
        answer
    }

    async fn follow(&self, asked: &Url, authorization: &Authorization) -> Result<Answer, Failure> {
        let mut url = asked.clone();
        for _ in 0..=MOST_REDIRECTS {
            self.gate.turn().await;
            let deadline = Instant::now() + self.wire.timeout;
            let request = self.wire.inner.get(url.clone()).header(ACCEPT, "application/json");
            let request = request.header(AUTHORIZATION, authorization.header.clone());
            let response = self.wire.send(request, deadline).await?;
            let Some(next) = self.redirect_of(&response, &url)? else {
                return self.answer(response, deadline).await;
            };
            url = next;
        }
        Err(Failure::new(
            HttpErrorKind::Redirected,
            format!("more than {MOST_REDIRECTS} times on the same host"),
        ))
    }

    /// The address to go on with, if the answer is a redirect that stays on the pinned origin.
    fn redirect_of(&self, response: &Response, url: &Url) -> Result<Option<Url>, Failure> {
        if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(None);
        }
        let status = Some(response.status().as_u16());
        let refused = |detail: String| Failure {
            status,
            ..Failure::new(HttpErrorKind::Redirected, detail)
        };
        let target = header(response.headers(), LOCATION).and_then(|location| url.join(location).ok());
        let Some(mut target) = target else {
            return Err(refused("to no readable address".to_owned()));
        };
        if target.origin() != self.base_url.origin() {
            let named = self
                .wire
                .redaction
                .shown(target.origin().ascii_serialization().as_bytes(), false);
            return Err(refused(format!("to {named}, which is not the configured host")));
        }
        // Userinfo in an address would be sent as credentials.
        let is_cleared = target.set_username("").is_ok() && target.set_password(None).is_ok();
        target.set_fragment(None);
        if is_cleared {
            Ok(Some(target))
        } else {
            Err(refused("to no readable address".to_owned()))
        }
    }

    async fn answer(&self, response: Response, deadline: Instant) -> Result<Answer, Failure> {
        let status = response.status();
        let date = header(response.headers(), DATE).map(str::to_owned);
        if !status.is_success() {
            return Err(self.refusal(response, date.as_deref(), deadline).await);
        }
        let limits = self.limits(response.headers());
        let body = self.body(response, deadline).await.map_err(|failure| Failure {
            status: Some(status.as_u16()),
            ..failure
        })?;
        Ok(Answer {
            body,
            server_at: date.as_deref().and_then(retry::microseconds),
            status: status.as_u16(),
            limits,
        })
    }

    fn limits(&self, headers: &HeaderMap) -> Vec<(String, String)> {
        let about_limits = headers.iter().filter(|(name, _)| is_about_limits(name.as_str()));
        let shown = |value: &HeaderValue| self.wire.redaction.shown(value.as_bytes(), false);
        about_limits
            .map(|(name, value)| (name.as_str().to_owned(), shown(value)))
            .collect()
    }

    async fn refusal(&self, response: Response, date: Option<&str>, deadline: Instant) -> Failure {
        let status = response.status();
        let retry_after = header(response.headers(), RETRY_AFTER).and_then(|text| retry::asked_wait(text, date));
        let detail = self.excerpt(response, Vec::new(), deadline).await;
        Failure {
            status: Some(status.as_u16()),
            retry_after,
            ..Failure::new(HttpErrorKind::of_status(status), detail)
        }
    }

    async fn not_json(&self, response: Response, read: Vec<u8>, deadline: Instant) -> Failure {
        Failure::new(HttpErrorKind::NotJson, self.excerpt(response, read, deadline).await)
    }

    /// What the answer says, as far as it comes soon, after what was `read` of it already.
    async fn excerpt(&self, mut response: Response, read: Vec<u8>, deadline: Instant) -> String {
        let deadline = deadline.min(Instant::now() + EXCERPT_TIME);
        let mut text = read;
        let mut is_part = true;
        while text.len() < EXCERPT_BYTES {
            match timeout_at(deadline, response.chunk()).await {
                Ok(Ok(Some(chunk))) => text.extend_from_slice(&chunk),
                Ok(Ok(None)) => {
                    is_part = false;
                    break;
                }
                Ok(Err(_)) | Err(_) => break,
            }
        }
        is_part |= text.len() > EXCERPT_BYTES;
        text.truncate(EXCERPT_BYTES);
        self.wire.redaction.shown(&text, is_part)
    }

    /// The whole body, unpacked; the limit counts what comes out of the unpacking.
    async fn body(&self, mut response: Response, deadline: Instant) -> Result<Bytes, Failure> {
        let announced = response
            .content_length()
            .and_then(|length| usize::try_from(length).ok())
            .unwrap_or(0);
        self.check_size(announced)?;
        let mut body = Vec::with_capacity(announced);
        let mut first = None;
        while let Some(chunk) = self.wire.chunk(&mut response, deadline).await? {
            self.check_size(body.len().saturating_add(chunk.len()))?;
            body.extend_from_slice(&chunk);
            first = first.or_else(|| first_of(&chunk));
            if first.is_some_and(|first| !is_json_start(first)) {
                return Err(self.not_json(response, body, deadline).await);
            }
        }
        self.check_json(&body)?;
        Ok(body.into())
    }

    fn check_size(&self, size: usize) -> Result<(), Failure> {
        if size <= self.max_body_bytes {
            return Ok(());
        }
        Err(Failure::new(
            HttpErrorKind::TooLarge,
            format!("over {} bytes", self.max_body_bytes),
        ))
    }

    fn check_json(&self, body: &[u8]) -> Result<(), Failure> {
        if first_of(body).is_none() {
            return Err(Failure::new(HttpErrorKind::NotJson, "the body is empty".to_owned()));
        }
        let Err(error) = serde_json::from_slice::<IgnoredAny>(body) else {
            return Ok(());
        };
        let kind = if error.is_eof() {
            HttpErrorKind::Truncated
        } else {
            HttpErrorKind::NotJson
        };
        let text = self.wire.redaction.shown(error.to_string().as_bytes(), false);
        Err(Failure::new(kind, format!("{text}, in a body of {} bytes", body.len())))
    }
}

fn is_about_limits(name: &str) -> bool {
    let starts = ["x-rate-limit", "x-ratelimit", "ratelimit"];
    name == RETRY_AFTER.as_str() || starts.iter().any(|start| name.starts_with(start))
}

fn first_of(body: &[u8]) -> Option<u8> {
    body.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

fn is_json_start(byte: u8) -> bool {
    matches!(byte, b'{' | b'[')
}
