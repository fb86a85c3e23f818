//! `POST /oauth/tokens`: access tokens that end, and refresh tokens that are good once. Apart from the door, which takes
//! what is granted here.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::refusal::Refusal;

/// The client that is known unless told otherwise.
pub const CLIENT_ID: &str = "simulated-client";
/// Its secret. It opens nothing else.
pub const CLIENT_SECRET: &str = "simulated-client-secret-not-a-secret";
/// The refresh token that is good at the start.
pub const REFRESH_TOKEN: &str = "simulated-refresh-token-not-a-secret";

/// How tokens are granted. `Default` is as documented: half an hour, and rotation.
#[derive(Debug, Clone, PartialEq)]
pub struct Grants {
    pub client_id: String,
    pub client_secret: String,
    /// Whether a refresh needs the client's id; a wrong one is refused anyhow.
    pub refresh_needs_client: bool,
    /// Whether a refresh needs the client's secret; a wrong one is refused anyhow.
    pub refresh_needs_secret: bool,
    /// Whether client credentials bring a refresh token too.
    pub client_gets_refresh_token: bool,
    /// How many seconds of the simulator's clock an access token lives, as `expires_in` says; `None`: for ever, unsaid.
    pub lives_seconds: Option<u32>,
    /// How many requests an access token is good for, which nothing tells.
    pub lives_requests: Option<u32>,
    /// Whether a refresh token is good once, and the answer brings the next.
    pub rotates: bool,
    /// Whether a refresh ends the access token that came with the refresh token.
    pub refresh_ends_access: bool,
    pub answer: TokenAnswer,
}

impl Default for Grants {
    fn default() -> Grants {
        Grants {
            client_id: CLIENT_ID.to_owned(),
            client_secret: CLIENT_SECRET.to_owned(),
            refresh_needs_client: true,
            refresh_needs_secret: false,
            client_gets_refresh_token: false,
            lives_seconds: Some(1800),
            lives_requests: None,
            rotates: true,
            refresh_ends_access: true,
            answer: TokenAnswer::Sound,
        }
    }
}

/// What a good request for a token leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenAnswer {
    Sound,
    /// 200 with text that is no JSON; the refresh token is spent all the same.
    Malformed,
    /// 200 with JSON that holds no `access_token`; the refresh token is spent all the same.
    WithoutToken,
    /// A token that is over already: `expires_in` 0.
    Expired,
    /// 400 `invalid_grant`; nothing is spent.
    Refused,
}

/// What was granted so far.
#[derive(Debug)]
pub struct Tokens {
    access: HashMap<String, Granted>,
    /// The refresh tokens that are good, each with the access token it came with.
    refresh: HashMap<String, Option<String>>,
    issued: u64,
}

#[derive(Debug)]
struct Granted {
    until: Option<Timestamp>,
    uses_left: Option<u32>,
    scope: String,
}

impl Default for Tokens {
    fn default() -> Tokens {
        Tokens {
            access: HashMap::new(),
            refresh: HashMap::from([(REFRESH_TOKEN.to_owned(), None)]),
            issued: 0,
        }
    }
}

impl Tokens {
    /// Whether the scope of a living access token suffices; none for one that is not living. Counts as a use.
    pub fn admit(&mut self, token: &str, now: Timestamp) -> Option<bool> {
        let granted = self.access.get_mut(token)?;
        if granted.until.is_some_and(|until| now >= until) {
            return None;
        }
        if let Some(left) = &mut granted.uses_left {
            *left = left.checked_sub(1)?;
        }
        let mut scopes = granted.scope.split(' ');
        Some(scopes.any(|scope| scope == "read" || scope == "auditlogs:read"))
    }

    /// Ends all access tokens granted so far; refresh tokens stay good.
    pub fn expire(&mut self) {
        self.access.clear();
    }

    /// The refresh token that is good now; the newest where there are several.
    pub fn refresh_token(&self) -> Option<String> {
        self.refresh.keys().max().cloned()
    }

    /// Answers a request for a token; `body` is JSON or a form.
    pub fn grant(&mut self, body: &[u8], grants: &Grants, now: Timestamp) -> Result<String, Refusal> {
        let given = fields(body);
        let field = |name: &str| given.get(name).and_then(Value::as_str);
        let has_secret = field("client_secret") == Some(&grants.client_secret);
        let is_client = field("client_id") == Some(&grants.client_id);
        let is_wrong = |name: &str, is_right: bool, is_needed: bool| !is_right && (is_needed || field(name).is_some());
        let stranger = || Refusal::grant(401, "invalid_client", "Client authentication failed");
        let refused = || Refusal::grant(400, "invalid_grant", "The grant is invalid, expired, or revoked");
        let with_refresh_token = match field("grant_type") {
            Some("client_credentials") => {
                if !is_client || !has_secret {
                    return Err(stranger());
                }
                grants.client_gets_refresh_token
            }
            Some("refresh_token") => {
                if is_wrong("client_id", is_client, grants.refresh_needs_client)
                    || is_wrong("client_secret", has_secret, grants.refresh_needs_secret)
                {
                    return Err(stranger());
                }
                true
            }
            _ => {
                return Err(Refusal::grant(
                    400,
                    "unsupported_grant_type",
                    "The grant type is not supported",
                ));
            }
        };
        if grants.answer == TokenAnswer::Refused {
            return Err(refused());
        }
        if field("grant_type") == Some("refresh_token") {
            let spent = field("refresh_token").unwrap_or_default();
            let came_with = self.refresh.get(spent).ok_or_else(refused)?.clone();
            if grants.rotates {
                self.refresh.remove(spent);
            }
            if let Some(access) = came_with.filter(|_| grants.refresh_ends_access) {
                self.access.remove(&access);
            }
        }
        let scope = field("scope").unwrap_or("read").to_owned();
        let is_rotated = with_refresh_token && (grants.rotates || field("refresh_token").is_none());
        Ok(self.issue(scope, is_rotated, grants, now))
    }

    fn issue(&mut self, scope: String, with_refresh_token: bool, grants: &Grants, now: Timestamp) -> String {
        self.issued += 1;
        let lives_seconds = match grants.answer {
            TokenAnswer::Expired => Some(0),
            _ => grants.lives_seconds,
        };
        let access_token = format!("simulated-access-{:06}-not-a-secret", self.issued);
        let mut answer = json!({ "access_token": access_token, "token_type": "bearer", "scope": scope });
        if let Some(seconds) = lives_seconds {
            answer["expires_in"] = json!(seconds);
        }
        if with_refresh_token {
            let refresh_token = format!("simulated-refresh-{:06}-not-a-secret", self.issued);
            answer["refresh_token"] = json!(refresh_token);
            answer["refresh_token_expires_in"] = json!(30 * 86_400);
            self.refresh.insert(refresh_token, Some(access_token.clone()));
        }
        let until = lives_seconds.and_then(|seconds| now.checked_add(SignedDuration::from_secs(seconds.into())).ok());
        let granted = Granted {
            until,
            uses_left: grants.lives_requests,
            scope,
        };
        self.access.insert(access_token, granted);
        match grants.answer {
            TokenAnswer::Malformed => "access_token=simulated&token_type=bearer".to_owned(),
            TokenAnswer::WithoutToken => json!({ "token_type": "bearer", "token": null }).to_string(),
            _ => answer.to_string(),
        }
    }
}

fn fields(body: &[u8]) -> Map<String, Value> {
    if let Ok(Value::Object(fields)) = serde_json::from_slice(body) {
        return fields;
    }
    let pairs = form_urlencoded::parse(body).into_owned();
    pairs.map(|(name, value)| (name, Value::String(value))).collect()
}
