//! Access tokens: asked for when first needed, renewed before they expire and once they are refused, by one request at a time
//! for all that wait. Separate because a token that is lost on the way cannot be asked for again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderValue, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::credential::{Authorization, bearer};
use super::failure::{Failure, HttpErrorKind};
use super::kept::Kept;
use super::retry;
use super::settings::Settings;
use super::wire::{Wire, header};
use crate::source::{Grant, OAuth, Secret};

/// Far more than any token.
const MOST_BYTES: usize = 64 * 1024;
/// How long before its end a token is renewed, but never more than a quarter of its life.
const MARGIN: Duration = Duration::from_secs(60);
/// A token is renewed after this time at the latest.
const LONGEST_LIFE: Duration = Duration::from_secs(30 * 86_400);
/// A code such as `invalid_grant`, and no more of an answer that may hold a token.
const LONGEST_CODE: usize = 40;

pub(super) struct Tokens {
    wire: Arc<Wire>,
    address: Url,
    oauth: OAuth,
    /// Held while a token is asked for, so that all who need one wait for the same.
    state: Mutex<State>,
    /// The number of the newest token that the service has answered to.
    accepted: AtomicU64,
}

#[derive(Default)]
struct State {
    /// Of the newest token; they count from 1.
    number: u64,
    access: Option<Access>,
    kept: Option<Kept>,
    /// What was said when the credentials were refused: they are not sent again.
    refused: Option<Failure>,
}

struct Access {
    header: HeaderValue,
    renew_at: Option<Instant>,
}

/// A good answer of the token endpoint.
struct Granted {
    access: Access,
    refresh_token: Option<Secret>,
}

#[derive(Deserialize)]
struct Document {
    access_token: String,
    token_type: Option<String>,
    /// In seconds; a token without it lives until it is revoked.
    expires_in: Option<i64>,
    refresh_token: Option<String>,
}

impl State {
    fn usable(&self, newer_than: u64) -> Option<Authorization> {
        let access = self.access.as_ref().filter(|_| self.number > newer_than)?;
        let is_alive = access.renew_at.is_none_or(|renew_at| Instant::now() < renew_at);
        is_alive.then(|| Authorization {
            header: access.header.clone(),
            number: self.number,
        })
    }
}

impl Tokens {
    pub(super) fn new(oauth: &OAuth, settings: &Settings, wire: Arc<Wire>) -> Self {
        let mut address = settings.base_url.clone();
        address.set_path(&format!("{}{}", address.path().trim_end_matches('/'), oauth.token_path));
        let kept = match &oauth.grant {
            Grant::RefreshToken { refresh_token, .. } => Some(Kept::new(settings.credentials.clone(), refresh_token)),
            Grant::ClientCredentials { .. } => None,
        };
        Self {
            wire,
            address,
            oauth: oauth.clone(),
            state: Mutex::new(State {
                kept,
                ..State::default()
            }),
            accepted: AtomicU64::new(0),
        }
    }

    /// A token that is alive and has a greater number than the given one. A caller that no longer waits does not end the
    /// asking: the service may have replaced the refresh token already.
    pub(super) async fn newer_than(self: &Arc<Self>, number: u64) -> Result<Authorization, Failure> {
        if let Some(usable) = self.state.lock().await.usable(number) {
            return Ok(usable);
        }
        let tokens = Arc::clone(self);
        let renewal = tokio::spawn(async move {
            let mut state = tokens.state.lock().await;
            match state.usable(number) {
                Some(usable) => Ok(usable),
                None => tokens.renew(&mut state).await,
            }
        });
        let ended = |_| {
            Failure::new(
                HttpErrorKind::Connection,
                "asking for an access token was ended".to_owned(),
            )
        };
        renewal.await.unwrap_or_else(|error| Err(ended(error)))
    }

    /// A newer token than the refused one; nothing where that was new itself, for then another would fare no better.
    pub(super) async fn after_refusal(self: &Arc<Self>, number: u64) -> Result<Option<Authorization>, Failure> {
        let is_newest = self.state.lock().await.number == number;
        if is_newest && self.accepted.load(Ordering::Relaxed) < number {
            return Ok(None);
        }
        self.newer_than(number).await.map(Some)
    }

    pub(super) fn accepted(&self, number: u64) {
        self.accepted.fetch_max(number, Ordering::Relaxed);
    }

    async fn renew(&self, state: &mut State) -> Result<Authorization, Failure> {
        if let Some(refused) = &state.refused {
            return Err(refused.clone());
        }
        let granted = match self.granted(state.kept.as_ref()).await {
            Ok(granted) => granted,
            Err(failure) => {
                if failure.kind.is_about_credentials() {
                    state.refused = Some(failure.clone());
                }
                return Err(failure);
            }
        };
        if let (Some(kept), Some(token)) = (&mut state.kept, granted.refresh_token) {
            kept.keep(token)
                .map_err(|error| self.failure(HttpErrorKind::TokenNotKept, error.to_string()))?;
        }
        let header = granted.access.header.clone();
        state.access = Some(granted.access);
        state.number += 1;
        Ok(Authorization {
            header,
            number: state.number,
        })
    }

    /// Asks with the newest refresh token, and where that is refused, with the configured one.
    async fn granted(&self, kept: Option<&Kept>) -> Result<Granted, Failure> {
        let mut secret = None;
        if let Grant::RefreshToken { refresh_token, .. } = &self.oauth.grant {
            let newest = kept.and_then(Kept::newest).filter(|newest| newest != refresh_token);
            if let Some(newest) = newest {
                self.wire.redaction.learn(newest.expose());
                match self.ask(Some(&newest)).await {
                    Err(failure) if failure.kind == HttpErrorKind::RefreshTokenRefused => {
                        tracing::warn!("the refresh token kept before is refused: the configured one is tried");
                    }
                    answer => return answer,
                }
            }
            secret = Some(refresh_token);
        }
        self.ask(secret).await
    }

    async fn ask(&self, refresh_token: Option<&Secret>) -> Result<Granted, Failure> {
        let asked_at = Instant::now();
        let deadline = asked_at + self.wire.timeout;
        let request = self.wire.inner.post(self.address.clone());
        let request = request
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json");
        let request = request.body(self.question(refresh_token).to_string());
        let answer = match self.wire.send(request, deadline).await {
            Ok(response) => self.answer(response, asked_at, deadline).await,
            Err(failure) => Err(failure),
        };
        answer.map_err(|failure| Failure {
            posted_to: Some(Box::new(self.address.clone())),
            ..failure
        })
    }

    /// The scope is asked for with client credentials only: that of a refresh token is the one it was made with.
    fn question(&self, refresh_token: Option<&Secret>) -> Value {
        match &self.oauth.grant {
            Grant::ClientCredentials {
                client_id,
                client_secret,
            } => json!({
                "grant_type": "client_credentials",
                "client_id": client_id,
                "client_secret": client_secret.expose(),
                "scope": self.oauth.scope,
            }),
            Grant::RefreshToken {
                client_id,
                client_secret,
                ..
            } => {
                let members = [
                    ("grant_type", Some("refresh_token")),
                    ("client_id", client_id.as_deref()),
                    ("client_secret", client_secret.as_ref().map(Secret::expose)),
                    ("refresh_token", refresh_token.map(Secret::expose)),
                ];
                let given = members
                    .into_iter()
                    .filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
                Value::Object(given.collect())
            }
        }
    }

    async fn answer(&self, mut response: Response, asked_at: Instant, deadline: Instant) -> Result<Granted, Failure> {
        let status = response.status();
        let mut body = Vec::new();
        let read = loop {
            match self.wire.chunk(&mut response, deadline).await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break Ok(()),
                Err(failure) => break Err(failure),
            }
            if body.len() > MOST_BYTES {
                let text = format!("over {MOST_BYTES} bytes, from where an access token was asked for");
                break Err(Failure::new(HttpErrorKind::TooLarge, text));
            }
        };
        if !status.is_success() {
            return Err(self.refusal(&response, &body));
        }
        read.and_then(|()| self.granted_by(&body, asked_at))
            .map_err(|failure| Failure {
                status: Some(status.as_u16()),
                ..failure
            })
    }

    /// Nothing of the answer is shown: it may hold a token that nobody has seen yet.
    fn granted_by(&self, body: &[u8], asked_at: Instant) -> Result<Granted, Failure> {
        let unusable = |detail: &str| Failure::new(HttpErrorKind::TokenUnusable, detail.to_owned());
        let value: Value = serde_json::from_slice(body).map_err(|error| {
            let kind = if error.is_eof() && !body.is_empty() {
                HttpErrorKind::Truncated
            } else {
                HttpErrorKind::NotJson
            };
            Failure::new(kind, "where an access token was asked for".to_owned())
        })?;
        for name in ["access_token", "refresh_token"] {
            if let Some(token) = value.get(name).and_then(Value::as_str) {
                self.wire.redaction.learn(token);
            }
        }
        let document = Document::deserialize(value)
            .ok()
            .filter(|document| !document.access_token.is_empty());
        let document = document.ok_or_else(|| unusable("it is not of the documented shape"))?;
        if document
            .token_type
            .is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer"))
        {
            return Err(unusable("its token_type is not bearer"));
        }
        let header = bearer(&Secret::new(document.access_token));
        let header = header.ok_or_else(|| unusable("no header can hold its access_token"))?;
        let life = document.expires_in.map(u64::try_from).transpose();
        let Ok(life) = life.map(|life| life.map(Duration::from_secs)) else {
            return Err(unusable("its token has expired already"));
        };
        if life.is_some_and(|life| life.is_zero()) {
            return Err(unusable("its token has expired already"));
        }
        Ok(Granted {
            access: Access {
                header,
                renew_at: life.map(|life| asked_at + life_until_renewal(life)),
            },
            refresh_token: document
                .refresh_token
                .filter(|token| !token.is_empty())
                .map(Secret::new),
        })
    }

    fn refusal(&self, response: &Response, body: &[u8]) -> Failure {
        let status = response.status();
        let code = error_code(body);
        let date = header(response.headers(), DATE);
        let retry_after = header(response.headers(), RETRY_AFTER).and_then(|text| retry::asked_wait(text, date));
        let detail = match &code {
            Some(code) => self.wire.redaction.shown(code.as_bytes(), false),
            None => String::new(),
        };
        Failure {
            status: Some(status.as_u16()),
            retry_after,
            ..Failure::new(self.refusal_kind(status, code.as_deref()), detail)
        }
    }

    fn refusal_kind(&self, status: StatusCode, code: Option<&str>) -> HttpErrorKind {
        let is_refreshed = matches!(self.oauth.grant, Grant::RefreshToken { .. });
        match HttpErrorKind::of_status(status) {
            _ if status.is_redirection() => HttpErrorKind::Redirected,
            HttpErrorKind::NotFound => HttpErrorKind::TokenUnusable,
            HttpErrorKind::Unauthorized | HttpErrorKind::Forbidden | HttpErrorKind::Refused => {
                if is_refreshed && code == Some("invalid_grant") {
                    HttpErrorKind::RefreshTokenRefused
                } else {
                    HttpErrorKind::TokenRefused
                }
            }
            transient => transient,
        }
    }

    fn failure(&self, kind: HttpErrorKind, detail: String) -> Failure {
        Failure {
            posted_to: Some(Box::new(self.address.clone())),
            ..Failure::new(kind, detail)
        }
    }
}

fn life_until_renewal(life: Duration) -> Duration {
    let life = life.min(LONGEST_LIFE);
    life - MARGIN.min(life / 4)
}

/// The `error` of an OAuth answer, where it is a plain code.
fn error_code(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let code = value.get("error")?.as_str()?;
    let is_plain = code.len() <= LONGEST_CODE && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    is_plain.then(|| code.to_owned())
}
