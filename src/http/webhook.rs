//! A message to a webhook: sent until it is taken, for a limited time. Apart from the client, because the whole address is the
//! secret here, and nothing of the answer matters but its status.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

use super::failure::{Failure, HttpErrorKind};
use super::redaction::Redaction;
use super::retry::{self, Decision, Policy};
use super::settings::{self, Settings};
use super::wire::{Wire, header};
use crate::source::{Auth, Secret};

const MOST_ATTEMPTS: u32 = 5;
/// What is read of the body of an answer that refuses.
const EXCERPT_BYTES: usize = 4 * 1024;
/// A part of the address that is shorter may be any word.
const LEAST_SECRET: usize = 8;
/// For one answer.
const ANSWER: Duration = Duration::from_secs(10);
/// Before the second attempt; doubles.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// Where messages go.
pub struct Webhook {
    wire: Wire,
    url: Url,
    limit: Duration,
}

/// A message that did not arrive, or cannot. Never holds the address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    #[error("its address is no http address with a host")]
    Address,
    #[error("its address is plain http to another machine, which would show it to the network")]
    PlainHttp,
    #[error("{0}")]
    Client(String),
    #[error("not taken after {attempts} attempts: {detail}")]
    NotTaken { attempts: u32, detail: String },
}

impl Webhook {
    /// `limit` is for all attempts of one message together. Sends nothing yet.
    pub fn new(address: &Secret, limit: Duration) -> Result<Self, WebhookError> {
        let url = Url::parse(address.expose())
            .ok()
            .filter(Url::has_host)
            .ok_or(WebhookError::Address)?;
        match url.scheme() {
            "https" => {}
            "http" if settings::is_loopback(&url) => {}
            "http" => return Err(WebhookError::PlainHttp),
            _ => return Err(WebhookError::Address),
        }
        let connection = Settings::new(url.clone(), Auth::Bearer(Secret::new(String::new())));
        let inner = settings::connector(&connection).map_err(|error| WebhookError::Client(error.to_string()))?;
        let query = url.query().unwrap_or_default();
        let whole = [address.expose(), url.path().trim_start_matches('/'), query];
        let values = query.split('&').filter_map(|pair| pair.split_once('='));
        let parts = url.path().split('/').chain(values.map(|(_, value)| value));
        let secrets = (whole.into_iter().filter(|secret| secret.len() > 1))
            .chain(parts.filter(|part| part.len() >= LEAST_SECRET));
        let redaction = Redaction::new(secrets);
        let wire = Wire::new(inner, ANSWER.min(limit), redaction);
        Ok(Self { wire, url, limit })
    }

    /// Sends JSON until it is taken; what is transient is tried again with growing waits.
    pub async fn post(&self, body: &str) -> Result<(), WebhookError> {
        let end = Instant::now() + self.limit;
        let policy = Policy {
            attempts: MOST_ATTEMPTS,
            backoff: FIRST_WAIT,
            base: FIRST_WAIT,
            cap: ANSWER,
        };
        for attempts in 1.. {
            let failure = match self.attempt(body, end).await {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            let not_taken = WebhookError::NotTaken {
                attempts,
                detail: told(&failure),
            };
            match retry::decide(&policy, attempts, &failure, fastrand::f64()) {
                Decision::Retry { after } if Instant::now() + after < end => sleep(after).await,
                _ => return Err(not_taken),
            }
        }
        Err(WebhookError::NotTaken {
            attempts: MOST_ATTEMPTS,
            detail: String::new(),
        })
    }

    async fn attempt(&self, body: &str, end: Instant) -> Result<(), Failure> {
        let deadline = end.min(Instant::now() + self.wire.timeout);
        let request = self
            .wire
            .inner
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json");
        let mut response = self.wire.send(request.body(body.to_owned()), deadline).await?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let asked = header(response.headers(), RETRY_AFTER).and_then(|text| retry::asked_wait(text, None));
        let mut said = Vec::new();
        let mut is_part = true;
        while is_part && said.len() < EXCERPT_BYTES {
            match timeout_at(deadline, response.chunk()).await {
                Ok(Ok(Some(chunk))) => said.extend_from_slice(&chunk),
                Ok(Ok(None)) => is_part = false,
                Ok(Err(_)) | Err(_) => break,
            }
        }
        let said = self.wire.redaction.shown(&said, is_part);
        Err(Failure {
            status: Some(status.as_u16()),
            retry_after: asked,
            ..Failure::new(kind_of(status), said)
        })
    }
}

/// Redirects are not followed: the message was meant for the configured address.
fn kind_of(status: StatusCode) -> HttpErrorKind {
    if status.is_redirection() {
        HttpErrorKind::Redirected
    } else {
        HttpErrorKind::of_status(status)
    }
}

fn told(failure: &Failure) -> String {
    match (failure.status, failure.detail.as_str()) {
        (Some(status), "") => status.to_string(),
        (Some(status), detail) => format!("{status}: {detail}"),
        (None, "") => "the connection failed".to_owned(),
        (None, detail) => detail.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::peer::{Peer, Reply, send};
    use super::*;

    const PATH: &str = "services/T000/B000/XyZ9876543210";

    fn webhook(peer: &Peer, limit: Duration) -> Webhook {
        Webhook::new(&Secret::new(format!("{}{PATH}", peer.url)), limit).unwrap()
    }

    #[tokio::test]
    async fn a_message_is_sent_until_it_is_taken() {
        let peer = Peer::start(vec![send("500 x", "", "oops"), send("200 OK", "", "ok")]);
        webhook(&peer, Duration::from_secs(5))
            .post(r#"{"text":"a"}"#)
            .await
            .unwrap();
        let requests = peer.requests();
        assert_eq!(requests.len(), 2);
        for request in requests {
            assert!(request.starts_with(&format!("POST /{PATH} HTTP/1.1\r\n")), "{request}");
            assert!(request.ends_with(r#"{"text":"a"}"#), "{request}");
        }
    }

    #[tokio::test]
    async fn what_cannot_help_is_not_tried_again_and_the_address_is_not_shown() {
        let cases = [
            ("404 x", "", format!("no {PATH} here"), "404: no [redacted]"),
            (
                "403 x",
                "",
                "XyZ9876543210 is revoked".to_owned(),
                "403: [redacted] is revoked",
            ),
            ("302 x", "location: https://evil.example\r\n", String::new(), "302"),
        ];
        for (status, headers, body, expected) in cases {
            let peer = Peer::start(vec![send(status, headers, body), send("200 OK", "", "ok")]);
            let error = webhook(&peer, Duration::from_secs(5)).post("{}").await.unwrap_err();
            let WebhookError::NotTaken { attempts: 1, detail } = error else {
                panic!("{error:?}");
            };
            assert!(detail.starts_with(expected) && !detail.contains("XyZ"), "{detail}");
            assert_eq!(peer.requests().len(), 1);
        }
    }

    #[tokio::test]
    async fn one_that_hangs_takes_no_longer_than_its_limit() {
        let peer = Peer::start(vec![Reply::Stall(Vec::new()), Reply::Stall(Vec::new())]);
        let begun = Instant::now();
        let error = webhook(&peer, Duration::from_millis(300)).post("{}").await.unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(2), "{error}");
        assert!(error.to_string().contains("no answer within"), "{error}");
    }

    #[test]
    fn addresses_that_are_refused() {
        let refused = |address: &str| {
            let made = Webhook::new(&Secret::new(address.to_owned()), Duration::from_secs(1));
            made.err().map(|error| error.to_string())
        };
        assert_eq!(refused("https://hooks.example/a?b=c"), None);
        assert_eq!(refused("http://127.0.0.1:1/a"), None);
        let plain = Some(WebhookError::PlainHttp.to_string());
        assert_eq!(refused("http://hooks.example/s3cr3t"), plain);
        let no_address = Some(WebhookError::Address.to_string());
        for address in ["s3cr3t", "ftp://hooks.example/s3cr3t", "file:///s3cr3t"] {
            assert_eq!(refused(address), no_address, "{address}");
        }
    }
}
