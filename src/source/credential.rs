//! How a source proves who it is, as plain data. Its own file because every service has its way, and because no credential
//! may ever be printed.

use std::fmt;

/// How a source proves who it is.
#[derive(Debug, Clone)]
pub enum Auth {
    Bearer(Secret),
    /// An API token of the account with the e-mail address of a user, sent as `{email}/token` and the token as its password.
    ApiToken {
        email: String,
        token: Secret,
    },
    OAuth(OAuth),
}

/// Access tokens that are asked for when they are needed, and live for minutes.
#[derive(Debug, Clone)]
pub struct OAuth {
    /// Below the base address of the source.
    pub token_path: &'static str,
    /// What the tokens may be used for.
    pub scope: &'static str,
    pub grant: Grant,
}

/// What an access token is given for.
#[derive(Debug, Clone)]
pub enum Grant {
    ClientCredentials {
        client_id: String,
        client_secret: Secret,
    },
    /// Every use may replace the refresh token, so that the configured one is only the first.
    RefreshToken {
        client_id: Option<String>,
        client_secret: Option<Secret>,
        refresh_token: Secret,
    },
}

impl Auth {
    /// What the owner of the account should know about this way, although it works.
    pub fn warning(&self) -> Option<&'static str> {
        match self {
            Auth::ApiToken { .. } => Some(
                "API tokens stop working on 2027-04-30: make an OAuth client, and configure its client_id and client_secret",
            ),
            Auth::Bearer(_) | Auth::OAuth(_) => None,
        }
    }

    /// Every credential in it.
    pub fn secrets(&self) -> Vec<&Secret> {
        match self {
            Auth::Bearer(token) | Auth::ApiToken { token, .. } => vec![token],
            Auth::OAuth(OAuth { grant, .. }) => match grant {
                Grant::ClientCredentials { client_secret, .. } => vec![client_secret],
                Grant::RefreshToken {
                    client_secret,
                    refresh_token,
                    ..
                } => client_secret.iter().chain([refresh_token]).collect(),
            },
        }
    }
}

/// A credential. It cannot be printed: `Debug` hides it and there is no `Display` and no serialisation.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The credential itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}
