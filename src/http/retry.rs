//! What is transient and how long to wait. Pure, and separate from the sending, so that the rules can be read
//! and tried as a table.

use std::time::{Duration, SystemTime};

use super::failure::{Failure, HttpErrorKind};

/// Longer than this is never waited, whatever the server asks for.
const LONGEST: Duration = Duration::from_secs(3600);

/// How patient a client is.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    /// How often a request is sent before its failure is final, the first time included.
    pub(super) attempts: u32,
    /// First wait after a 429 that names none; doubles. The longest wait after a 503 that names none.
    pub(super) backoff: Duration,
    /// First wait after any other transient failure; doubles.
    pub(super) base: Duration,
    /// The longest wait after any other transient failure.
    pub(super) cap: Duration,
}

/// What to do about a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Retry { after: Duration },
    GiveUp,
}

/// `attempt` counts from 1; `jitter` is in [0, 1). A wait the server asked for is kept to, or exceeded by up
/// to a quarter; if it does not help, at least the doubling wait of a transient failure is added to it, so
/// that `Retry-After: 0` cannot use up all attempts at once.
pub(super) fn decide(policy: &Policy, attempt: u32, failure: &Failure, jitter: f64) -> Decision {
    if attempt >= policy.attempts || !is_transient(failure.kind) {
        return Decision::GiveUp;
    }
    let after = match failure.retry_after {
        Some(asked) if asks_for_patience(failure.kind) => {
            let floor = if attempt > 1 {
                doubled(policy.base, attempt - 1, policy.cap)
            } else {
                Duration::ZERO
            };
            asked.min(LONGEST).max(floor).mul_f64(1.0 + jitter / 4.0)
        }
        None if failure.kind == HttpErrorKind::RateLimited => {
            doubled(policy.backoff, attempt, LONGEST).mul_f64(1.0 + jitter / 4.0)
        }
        // A 503 that names no wait is more often one worker of the service that restarts than its maintenance, and the
        // wait holds back every request of the source.
        None if failure.kind == HttpErrorKind::Unavailable => {
            doubled(policy.base, attempt, policy.backoff).mul_f64(0.5 + jitter / 2.0)
        }
        _ => doubled(policy.base, attempt, policy.cap).mul_f64(0.5 + jitter / 2.0),
    };
    Decision::Retry {
        after: after.min(LONGEST),
    }
}

/// True where the server says that it is asked too much, which concerns every request and not only this one.
pub(super) fn asks_for_patience(kind: HttpErrorKind) -> bool {
    matches!(kind, HttpErrorKind::RateLimited | HttpErrorKind::Unavailable)
}

fn is_transient(kind: HttpErrorKind) -> bool {
    match kind {
        HttpErrorKind::RateLimited
        | HttpErrorKind::Unavailable
        | HttpErrorKind::Server
        | HttpErrorKind::NotJson
        | HttpErrorKind::Timeout
        | HttpErrorKind::Connection
        | HttpErrorKind::Truncated => true,
        HttpErrorKind::Unauthorized
        | HttpErrorKind::Forbidden
        | HttpErrorKind::NotFound
        | HttpErrorKind::Refused
        | HttpErrorKind::Redirected
        | HttpErrorKind::TooLarge
        | HttpErrorKind::Certificate
        | HttpErrorKind::TokenRefused
        | HttpErrorKind::RefreshTokenRefused
        | HttpErrorKind::TokenUnusable
        | HttpErrorKind::TokenNotKept => false,
    }
}

fn doubled(first: Duration, attempt: u32, cap: Duration) -> Duration {
    let factor = 2_u32.saturating_pow(attempt.saturating_sub(1));
    first.saturating_mul(factor).min(cap)
}

/// The wait a `Retry-After` asks for, in seconds or until a date. A date counts from the answer's own `Date`,
/// because the clocks of the two machines need not agree; without one, or where the text is neither, nothing
/// was asked for.
pub(super) fn asked_wait(retry_after: &str, date: Option<&str>) -> Option<Duration> {
    let text = retry_after.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(
            text.parse()
                .map_or(LONGEST, |seconds| Duration::from_secs(seconds).min(LONGEST)),
        );
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let sent = httpdate::parse_http_date(date?.trim()).ok()?;
    Some(until.duration_since(sent).unwrap_or(Duration::ZERO).min(LONGEST))
}

/// A `Date` header in microseconds since 1970.
pub(super) fn microseconds(date: &str) -> Option<i64> {
    let at = httpdate::parse_http_date(date.trim()).ok()?;
    i64::try_from(at.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_micros()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy {
            attempts: 8,
            backoff: Duration::from_secs(60),
            base: Duration::from_secs(1),
            cap: Duration::from_secs(30),
        }
    }

    fn wait(kind: HttpErrorKind, attempt: u32, asked: Option<u64>, jitter: f64) -> Option<f64> {
        let failure = Failure {
            retry_after: asked.map(Duration::from_secs),
            ..Failure::new(kind, String::new())
        };
        match decide(&policy(), attempt, &failure, jitter) {
            Decision::Retry { after } => Some(after.as_secs_f64()),
            Decision::GiveUp => None,
        }
    }

    #[test]
    fn waits_follow_the_table() {
        use HttpErrorKind::*;
        let cases = [
            (Server, 1, None, 0.0, Some(0.5)),
            (Server, 3, None, 0.0, Some(2.0)),
            (Server, 3, None, 0.5, Some(3.0)),
            (Server, 7, None, 0.999_999, Some(30.0)),
            (Server, 8, None, 0.0, None),
            (Server, 1, Some(99), 0.0, Some(0.5)),
            (Timeout, 2, None, 0.0, Some(1.0)),
            (Connection, 2, None, 0.0, Some(1.0)),
            (Truncated, 2, None, 0.0, Some(1.0)),
            (NotJson, 2, None, 0.0, Some(1.0)),
            (RateLimited, 1, None, 0.0, Some(60.0)),
            (RateLimited, 2, None, 0.0, Some(120.0)),
            (RateLimited, 2, None, 0.5, Some(135.0)),
            (RateLimited, 7, None, 0.9, Some(3600.0)),
            (RateLimited, 1, Some(7), 0.0, Some(7.0)),
            (RateLimited, 1, Some(0), 0.9, Some(0.0)),
            (RateLimited, 4, Some(0), 0.0, Some(4.0)),
            (RateLimited, 4, Some(7), 0.0, Some(7.0)),
            (RateLimited, 1, Some(999_999), 0.9, Some(3600.0)),
            (RateLimited, 8, Some(1), 0.0, None),
            (Unavailable, 1, None, 0.0, Some(0.5)),
            (Unavailable, 6, None, 0.0, Some(16.0)),
            (Unavailable, 7, None, 0.999_999, Some(60.0)),
            (Unavailable, 1, Some(2), 0.0, Some(2.0)),
            (Unauthorized, 1, None, 0.0, None),
            (Forbidden, 1, Some(1), 0.0, None),
            (NotFound, 1, None, 0.0, None),
            (Refused, 1, None, 0.0, None),
            (Redirected, 1, None, 0.0, None),
            (TooLarge, 1, None, 0.0, None),
            (Certificate, 1, None, 0.0, None),
            (TokenRefused, 1, Some(1), 0.0, None),
            (RefreshTokenRefused, 1, Some(1), 0.0, None),
            (TokenUnusable, 1, None, 0.0, None),
            (TokenNotKept, 1, None, 0.0, None),
        ];
        for (kind, attempt, asked, jitter, expected) in cases {
            let found = wait(kind, attempt, asked, jitter);
            let close = match (found, expected) {
                (Some(found), Some(expected)) => (found - expected).abs() < 0.001,
                (found, expected) => found == expected,
            };
            assert!(
                close,
                "{kind:?}, attempt {attempt}, asked {asked:?}, jitter {jitter}: {found:?}, not {expected:?}"
            );
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let date = Some("Wed, 02 Jul 2025 10:00:00 GMT");
        let cases = [
            ("120", None, Some(120)),
            (" 0 ", None, Some(0)),
            ("99999999999999999999999", None, Some(3600)),
            ("7200", None, Some(3600)),
            ("Wed, 02 Jul 2025 10:00:30 GMT", date, Some(30)),
            ("Wed, 02 Jul 2025 09:00:00 GMT", date, Some(0)),
            ("Thu, 03 Jul 2025 10:00:00 GMT", date, Some(3600)),
            ("Wed, 02 Jul 2025 10:00:30 GMT", None, None),
            ("-5", date, None),
            ("1.5", date, None),
            ("soon", date, None),
            ("", date, None),
        ];
        for (text, date, expected) in cases {
            assert_eq!(asked_wait(text, date), expected.map(Duration::from_secs), "{text:?}");
        }
    }

    #[test]
    fn a_date_header_becomes_microseconds() {
        assert_eq!(
            microseconds("Wed, 02 Jul 2025 10:00:00 GMT"),
            Some(1_751_450_400_000_000)
        );
        assert_eq!(microseconds("yesterday"), None);
    }
}
