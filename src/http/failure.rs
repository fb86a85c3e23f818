//! What can go wrong with a request: the kinds a caller branches on, the text and the hint a reader sees.
//! Separate from the sending, so that all the wording about the network stands in one place.

use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;
use url::Url;

/// What a caller branches on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpErrorKind {
    /// 401: the credentials are not accepted.
    Unauthorized,
    /// 403: the credentials are accepted, and do not suffice.
    Forbidden,
    /// 404: not offered here, or a page past the end of a list.
    NotFound,
    /// Any other answer that asking again will not change: 400, 422, and so on.
    Refused,
    /// 429, `attempts` times.
    RateLimited,
    /// 503, `attempts` times.
    Unavailable,
    /// Any other 5xx, or a 408 or 425, `attempts` times.
    Server,
    /// A success whose body is not JSON, such as a login page, `attempts` times.
    NotJson,
    /// A redirect to another scheme, host or port, or in a circle.
    Redirected,
    /// No whole answer in the time given, `attempts` times.
    Timeout,
    /// No connection, or one that ended before an answer began, `attempts` times.
    Connection,
    /// The body ended too early, `attempts` times.
    Truncated,
    /// The body, unpacked, is over the limit.
    TooLarge,
    /// The server's certificate is not trusted, or ours is asked for.
    Certificate,
    /// No access token is given for the configured credentials.
    TokenRefused,
    /// No access token is given for the refresh token, neither for one kept before nor for the configured one.
    RefreshTokenRefused,
    /// What came in place of an access token is none.
    TokenUnusable,
    /// The service has replaced the refresh token, and the new one cannot be written down.
    TokenNotKept,
}

impl HttpErrorKind {
    /// The kind of an answer with this status, which is neither a success nor a redirect that can be followed.
    pub(super) fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            429 => Self::RateLimited,
            503 => Self::Unavailable,
            408 | 425 | 500.. => Self::Server,
            _ => Self::Refused,
        }
    }

    /// True where the credentials are what has to change; such a failure ends the stream as a configuration error.
    pub fn is_about_credentials(self) -> bool {
        matches!(
            self,
            Self::Unauthorized | Self::Forbidden | Self::TokenRefused | Self::RefreshTokenRefused
        )
    }

    /// What the reader can do about it: one lower-case line without a full stop.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Unauthorized => {
                "check the token of this source: it may be mistyped, expired or revoked, or belong to another region"
            }
            Self::Forbidden => {
                "the token has the rights of the user who made it: audit logs need an admin, and a plan of the service that offers them"
            }
            Self::NotFound => "the service does not offer this here: check the region or base_url of this source",
            Self::Refused => {
                "the service did not accept the question; where only a deep page is refused, it caps its lists"
            }
            Self::RateLimited => "lower max_per_minute or max_in_flight of this source, or run again later",
            Self::Unavailable | Self::Server => {
                "the service has a fault: run again later, nothing that was loaded is lost"
            }
            Self::NotJson => {
                "something other than the API answered, such as a login page or a proxy: check base_url and proxy of this source"
            }
            Self::Redirected => {
                "the token is sent to the configured host only: if the new address is the right one, make it the base_url"
            }
            Self::Timeout => "raise timeout of this source if the service is slow, or check the network",
            Self::Connection => "check base_url and proxy of this source, and the network",
            Self::Truncated => "a proxy or the network cut the answer: run again later",
            Self::TooLarge => {
                "no page of a list is this large: check base_url, or ask for smaller pages where the service allows it"
            }
            Self::Certificate => "name the certificate authority of the service in ca_file of this source",
            Self::TokenRefused => {
                "check client_id and client_secret of this source, and that its OAuth client may use the scope auditlogs:read"
            }
            Self::RefreshTokenRefused => {
                "the refresh token has expired, was revoked, or was used elsewhere: make a new one and configure it"
            }
            Self::TokenUnusable => {
                "something other than the service gave this answer, or the service has changed: check the address of this source"
            }
            Self::TokenNotKept => "make the folder writable, with room on its disk, before the next run",
        }
    }
}

/// A request that failed for good. It holds no query and no secret, and `detail`, which may be the server's
/// own text, is cut and harmless to a terminal; errors of the layers below stand in it as text, because
/// theirs may carry the address with its query.
#[derive(Clone, Debug, thiserror::Error)]
pub struct HttpError {
    pub kind: HttpErrorKind,
    /// `GET`, or `POST` where an access token was asked for.
    pub method: &'static str,
    /// What was asked for, without the query.
    pub url: String,
    /// Of the last answer, if there was one.
    pub status: Option<u16>,
    pub attempts: u32,
    /// Time spent between the attempts.
    pub waited: Duration,
    /// What the server or the system said last; may be empty.
    pub detail: String,
}

impl HttpError {
    /// See [`HttpErrorKind::hint`].
    pub fn hint(&self) -> &'static str {
        self.kind.hint()
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, self.status) {
            (HttpErrorKind::NotJson, Some(status)) => write!(formatter, "{status} with a body that is not json")?,
            (HttpErrorKind::Redirected, _) => formatter.write_str("redirected")?,
            (HttpErrorKind::Timeout, _) => formatter.write_str("timed out")?,
            (HttpErrorKind::Connection, _) => formatter.write_str("connection failed")?,
            (HttpErrorKind::Truncated, _) => formatter.write_str("body cut short")?,
            (HttpErrorKind::TooLarge, _) => formatter.write_str("body too large")?,
            (HttpErrorKind::Certificate, _) => formatter.write_str("certificate not accepted")?,
            (HttpErrorKind::TokenRefused | HttpErrorKind::RefreshTokenRefused, Some(status)) => {
                write!(formatter, "no access token, {}", status_text(status))?;
            }
            (HttpErrorKind::TokenUnusable, Some(status)) => {
                write!(formatter, "{status} without a usable access token")?
            }
            (HttpErrorKind::TokenNotKept, _) => formatter.write_str("the new refresh token cannot be kept")?,
            (_, Some(status)) => formatter.write_str(&status_text(status))?,
            (kind, None) => write!(formatter, "{kind:?}")?,
        }
        write!(formatter, " ({} {}", self.method, self.url)?;
        if self.attempts > 1 {
            write!(formatter, ", {} attempts", self.attempts)?;
        }
        if self.waited >= Duration::from_secs(1) {
            write!(formatter, ", waited {} s", self.waited.as_secs())?;
        }
        formatter.write_str(")")?;
        if !self.detail.is_empty() {
            write!(formatter, ": {}", self.detail)?;
        }
        Ok(())
    }
}

fn status_text(status: u16) -> String {
    let reason = StatusCode::from_u16(status)
        .ok()
        .and_then(|known| known.canonical_reason());
    reason.map_or_else(
        || status.to_string(),
        |reason| format!("{status} {}", reason.to_lowercase()),
    )
}

/// One attempt that failed.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) kind: HttpErrorKind,
    pub(super) status: Option<u16>,
    /// The wait the server asked for.
    pub(super) retry_after: Option<Duration>,
    pub(super) detail: String,
    /// The address of the token endpoint, where the failure is its.
    pub(super) posted_to: Option<Box<Url>>,
}

impl Failure {
    pub(super) fn new(kind: HttpErrorKind, detail: String) -> Self {
        Self {
            kind,
            status: None,
            retry_after: None,
            detail,
            posted_to: None,
        }
    }
}
