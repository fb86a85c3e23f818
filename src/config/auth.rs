//! How a source's credentials are written down, and making an `Auth` of them when they are needed. Its own file because each
//! service has its way, and because what is missing must be said before anything is sent.

use super::document::Section;
use super::environment::Environment;
use super::fault::ConfigError;
use super::secret::SecretFrom;
use crate::source::{Auth, Grant, OAuth, Secret};

const KEYS: &[&str] = &["client_id", "client_secret", "refresh_token", "email", "api_token"];
const FORMS: &str = "give client_id and client_secret, or refresh_token, or email and api_token";
/// Of Zendesk.
const TOKEN_PATH: &str = "/oauth/tokens";
const SCOPE: &str = "auditlogs:read";

/// Credentials as configured, none of them fetched.
#[derive(Debug, Clone)]
pub(super) enum AuthFrom {
    /// With what to add.
    Missing {
        what: &'static str,
        hint: String,
    },
    Key(SecretFrom),
    Client {
        client_id: String,
        client_secret: SecretFrom,
    },
    Refresh {
        client_id: Option<String>,
        client_secret: Option<SecretFrom>,
        refresh_token: SecretFrom,
    },
    Email {
        email: String,
        token: SecretFrom,
    },
}

impl AuthFrom {
    /// Reads `token = { … }`.
    pub(super) fn key(section: &Section<'_>, kind: &str) -> Result<Self, ConfigError> {
        let variable = format!("{}_API_KEY", kind.to_uppercase());
        let missing = || AuthFrom::Missing {
            what: "token",
            hint: format!("add token = {{ env = \"{variable}\" }}"),
        };
        let key = SecretFrom::read(section, "token", &variable)?;
        Ok(key.map_or_else(missing, AuthFrom::Key))
    }

    /// Reads `auth = { … }`, in one of its forms.
    pub(super) fn account(section: &Section<'_>) -> Result<Self, ConfigError> {
        let Some(table) = section.table("auth")? else {
            return Ok(AuthFrom::Missing {
                what: "auth",
                hint: "add auth = { client_id = \"…\", client_secret = { env = \"ZENDESK_CLIENT_SECRET\" } }"
                    .to_owned(),
            });
        };
        table.check_keys(KEYS)?;
        let text = |key: &str| Ok::<_, ConfigError>(table.text(key)?.map(str::to_owned));
        let secret = |key: &str| SecretFrom::read(&table, key, &format!("ZENDESK_{}", key.to_uppercase()));
        let (client_id, client_secret) = (text("client_id")?, secret("client_secret")?);
        let (email, token) = (text("email")?, secret("api_token")?);
        match (client_id, client_secret, secret("refresh_token")?, email, token) {
            (Some(client_id), Some(client_secret), None, None, None) => Ok(AuthFrom::Client {
                client_id,
                client_secret,
            }),
            (client_id, client_secret, Some(refresh_token), None, None)
                if client_id.is_some() || client_secret.is_none() =>
            {
                Ok(AuthFrom::Refresh {
                    client_id,
                    client_secret,
                    refresh_token,
                })
            }
            (None, None, None, Some(email), Some(token)) if is_email(&email) => Ok(AuthFrom::Email { email, token }),
            (None, None, None, Some(_), Some(_)) => Err(table.fault("email", "is not an e-mail address")),
            _ => Err(section.fault("auth", "is none of the ways to sign in").hinted(FORMS)),
        }
    }

    /// Fetches the secrets. Blocks for as long as the commands that print them take. `place` is the source's.
    pub(super) fn resolve(&self, place: &str, environment: &Environment) -> Result<Auth, ConfigError> {
        let oauth = |grant| {
            Auth::OAuth(OAuth {
                token_path: TOKEN_PATH,
                scope: SCOPE,
                grant,
            })
        };
        Ok(match self {
            AuthFrom::Missing { what, hint } => {
                return Err(ConfigError::new(format!("{place}: no {what}")).hinted(hint.clone()));
            }
            AuthFrom::Key(token) => Auth::Bearer(token.resolve(environment)?),
            AuthFrom::Email { email, token } => Auth::ApiToken {
                email: email.clone(),
                token: token.resolve(environment)?,
            },
            AuthFrom::Client {
                client_id,
                client_secret,
            } => oauth(Grant::ClientCredentials {
                client_id: client_id.clone(),
                client_secret: client_secret.resolve(environment)?,
            }),
            AuthFrom::Refresh {
                client_id,
                client_secret,
                refresh_token,
            } => oauth(Grant::RefreshToken {
                client_id: client_id.clone(),
                client_secret: optional(client_secret.as_ref(), environment)?,
                refresh_token: refresh_token.resolve(environment)?,
            }),
        })
    }
}

fn optional(secret: Option<&SecretFrom>, environment: &Environment) -> Result<Option<Secret>, ConfigError> {
    secret.map(|secret| secret.resolve(environment)).transpose()
}

/// Of what can be sent as a user: a colon would end it.
fn is_email(text: &str) -> bool {
    let is_plain = |letter: char| !letter.is_whitespace() && !letter.is_control() && letter != ':';
    text.split_once('@')
        .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty())
        && text.chars().all(is_plain)
}
