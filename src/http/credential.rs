//! What each request is authorised with: one header for the whole run, or access tokens that come and go. Separate so that the
//! sending of a request need not know which.

use std::sync::Arc;

use reqwest::header::{AUTHORIZATION, HeaderValue};

use super::failure::Failure;
use super::oauth::Tokens;
use super::settings::{Settings, SettingsError};
use super::wire::Wire;
use crate::source::{Auth, Secret};

pub(super) enum Credential {
    Fixed(HeaderValue),
    Renewed(Arc<Tokens>),
}

/// The header of one request, and which access token it holds: they are numbered from 1.
#[derive(Clone)]
pub(super) struct Authorization {
    pub(super) header: HeaderValue,
    pub(super) number: u64,
}

impl Credential {
    pub(super) fn new(settings: &Settings, wire: &Arc<Wire>) -> Result<Self, SettingsError> {
        if settings
            .auth
            .secrets()
            .iter()
            .any(|secret| secret.expose().trim().is_empty())
        {
            return Err(SettingsError::Token);
        }
        match &settings.auth {
            Auth::Bearer(token) => bearer(token).map(Self::Fixed).ok_or(SettingsError::Token),
            Auth::ApiToken { email, token } => {
                // reqwest knows how to write this header.
                let user = format!("{email}/token");
                let request = wire
                    .inner
                    .get(settings.base_url.clone())
                    .basic_auth(user, Some(token.expose()));
                let header = request
                    .build()
                    .ok()
                    .and_then(|request| request.headers().get(AUTHORIZATION).cloned());
                header.map(Self::Fixed).ok_or(SettingsError::Token)
            }
            Auth::OAuth(oauth) => {
                let tokens = Tokens::new(oauth, settings, Arc::clone(wire));
                Ok(Self::Renewed(Arc::new(tokens)))
            }
        }
    }

    pub(super) async fn current(&self) -> Result<Authorization, Failure> {
        match self {
            Self::Fixed(header) => Ok(Authorization {
                header: header.clone(),
                number: 0,
            }),
            Self::Renewed(tokens) => tokens.newer_than(0).await,
        }
    }

    /// What to try instead of what the service refused, if there can be anything better.
    pub(super) async fn after_refusal(&self, refused: &Authorization) -> Result<Option<Authorization>, Failure> {
        match self {
            Self::Fixed(_) => Ok(None),
            Self::Renewed(tokens) => tokens.after_refusal(refused.number).await,
        }
    }

    /// The service has answered to it.
    pub(super) fn accepted(&self, authorization: &Authorization) {
        if let Self::Renewed(tokens) = self {
            tokens.accepted(authorization.number);
        }
    }
}

/// The header of a bearer token; nothing for a token that no header can hold.
pub(super) fn bearer(token: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose())).ok()?;
    value.set_sensitive(true);
    Some(value)
}
