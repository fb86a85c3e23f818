//! Who is let in: an e-mail address with an API token, and bearer tokens, fixed or granted. Apart from the service, which
//! only asks whether a request may go on.

use jiff::Timestamp;

use super::super::TOKEN;
use super::oauth::{Grants, Tokens};
use super::refusal::Refusal;

/// The e-mail address that is let in unless told otherwise.
pub const EMAIL: &str = "auditor@northwind.example";
/// The API token of that address. It opens nothing else.
pub const API_TOKEN: &str = "simulated-api-token-not-a-secret";

/// Which credentials are let in, and what they may do.
#[derive(Debug, Clone, PartialEq)]
pub struct Access {
    /// Whether `{email}/token:{api_token}` is let in.
    pub takes_basic: bool,
    pub email: String,
    pub api_token: String,
    /// Whether bearer tokens are let in.
    pub takes_bearer: bool,
    /// A bearer token that needs no grant and never expires.
    pub fixed_token: Option<String>,
    pub grants: Grants,
    /// The credentials are known, but have no right to audit logs: 403.
    pub forbidden: Option<Forbidden>,
}

/// Why known credentials may not read audit logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forbidden {
    /// The plan or the role: `{"error":{"title":…,"message":…}}`.
    Plan,
    /// The scope of the access token: `{"error":…,"description":…}`.
    Scope,
}

impl Default for Access {
    fn default() -> Access {
        Access {
            takes_basic: true,
            email: EMAIL.to_owned(),
            api_token: API_TOKEN.to_owned(),
            takes_bearer: true,
            fixed_token: Some(TOKEN.to_owned()),
            grants: Grants::default(),
            forbidden: None,
        }
    }
}

impl Access {
    /// Lets a request for audit logs pass, or refuses it; counts as a use of its access token.
    pub fn admit(&self, authorization: Option<&str>, tokens: &mut Tokens, now: Timestamp) -> Result<(), Refusal> {
        let (scheme, credentials) = authorization.and_then(|it| it.split_once(' ')).unwrap_or_default();
        let has_scope = if scheme.eq_ignore_ascii_case("basic") && self.takes_basic {
            let expected = base64(format!("{}/token:{}", self.email, self.api_token).as_bytes());
            (credentials == expected).then_some(true)
        } else if scheme.eq_ignore_ascii_case("bearer") && self.takes_bearer {
            let is_fixed = self.fixed_token.as_deref() == Some(credentials);
            is_fixed.then_some(true).or_else(|| tokens.admit(credentials, now))
        } else {
            None
        };
        match (has_scope, self.forbidden) {
            (None, _) => Err(Refusal::stranger()),
            (Some(_), Some(Forbidden::Plan)) => Err(Refusal::forbidden()),
            (Some(_), Some(Forbidden::Scope)) | (Some(false), None) => Err(Refusal::scope()),
            (Some(true), None) => Ok(()),
        }
    }
}

/// Base64 with padding.
pub fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |place: usize| u32::from(chunk.get(place).copied().unwrap_or(0));
        let bits = (byte(0) << 16) | (byte(1) << 8) | byte(2);
        for place in 0..4 {
            let letter = usize::try_from((bits >> (18 - 6 * place)) & 63).unwrap_or(0);
            let is_filling = place > chunk.len();
            text.push(if is_filling { '=' } else { char::from(LETTERS[letter]) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_pads() {
        let cases = [
            ("", ""),
            ("M", "TQ=="),
            ("Ma", "TWE="),
            ("Man", "TWFu"),
            ("a?>b", "YT8+Yg=="),
        ];
        for (plain, encoded) in cases {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }
}
