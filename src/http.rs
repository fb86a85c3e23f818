//! The only user of reqwest. A client asks one account of a service, on one pinned origin, politely, and
//! hands out whole JSON bodies or one error that tells the whole story. Separate so that limits, retries,
//! host pinning and redaction are decided once for every service.

mod credential;
mod exchange;
mod failure;
mod gate;
mod kept;
mod link;
mod oauth;
#[cfg(test)]
mod oauth_tests;
#[cfg(test)]
mod peer;
mod redaction;
mod retry;
mod settings;
mod webhook;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::sleep;
use url::Url;

use credential::Credential;
use failure::Failure;
pub use failure::{HttpError, HttpErrorKind};
use gate::Gate;
use retry::{Decision, Policy};
pub use settings::{Settings, SettingsError};
pub use webhook::{Webhook, WebhookError};
use wire::Wire;

/// A whole answer with a 2xx status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// One JSON object or array, checked for its syntax.
    pub body: Bytes,
    /// The `Date` header, in microseconds since 1970; its precision is a second.
    pub server_at: Option<i64>,
    pub status: u16,
    /// The headers that tell of limits, as they came: names in small letters, values cut and harmless to a terminal.
    pub limits: Vec<(String, String)>,
}

/// Sends requests; may be used by many tasks at once, which share its limits.
pub struct Client {
    wire: Arc<Wire>,
    base_url: Url,
    credential: Credential,
    policy: Policy,
    max_body_bytes: usize,
    gate: Gate,
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("base_url", &self.base_url.as_str())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Sends nothing yet.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings::check_address(&settings.base_url)?;
        let inner = settings::connector(&settings)?;
        let wire = Arc::new(Wire::new(inner, settings.limits.timeout, settings.redaction()));
        let credential = Credential::new(&settings, &wire)?;
        let Settings {
            base_url,
            limits,
            max_body_bytes,
            ..
        } = settings;
        Ok(Self {
            wire,
            base_url,
            credential,
            policy: Policy {
                attempts: limits.attempts,
                backoff: limits.backoff,
                base: limits.retry_base,
                cap: limits.retry_cap,
            },
            max_body_bytes,
            gate: Gate::new(limits.max_in_flight, limits.max_per_minute),
        })
    }

    /// Asks for `path` below the base address. Waits its turn, and tries again what is transient; the error
    /// is of the last attempt. Dropping the future ends the request.
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Answer, HttpError> {
        self.fetch(self.address(path, query)).await
    }

    /// Asks for a link that an answer gave, such as that of the next page, as [`Client::get`] does. A link that leads out of
    /// the base address is an error of the kind [`HttpErrorKind::Redirected`], and nothing is sent.
    pub async fn get_link(&self, link: &str) -> Result<Answer, HttpError> {
        let url = link::within(&self.base_url, link).map_err(|refusal| HttpError {
            kind: HttpErrorKind::Redirected,
            method: "GET",
            url: self.base_url.to_string(),
            status: None,
            attempts: 0,
            waited: Duration::ZERO,
            detail: self.wire.redaction.shown(refusal.to_string().as_bytes(), false),
        })?;
        self.fetch(url).await
    }

    async fn fetch(&self, url: Url) -> Result<Answer, HttpError> {
        let mut waited = Duration::ZERO;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let pass = self.gate.enter().await;
            let failure = match self.attempt(&url).await {
                Ok(answer) => {
                    self.gate.succeeded();
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            let decision = retry::decide(&self.policy, attempts, &failure, fastrand::f64());
            let Decision::Retry { after } = decision else {
                return Err(final_error(url, failure, attempts, waited));
            };
            if retry::asks_for_patience(failure.kind) {
                self.gate.slow_down(after);
            }
            drop(pass);
            tracing::warn!(
                path = url.path(),
                attempt = attempts,
                status = failure.status,
                wait = ?after,
                "{:?}: trying again",
                failure.kind
            );
            sleep(after).await;
            waited += after;
        }
    }

    /// Requests sent so far: every attempt, every address a redirect led to, and those for access tokens.
    pub fn requests(&self) -> u64 {
        self.wire.requests()
    }

    fn address(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.base_url.clone();
        url.set_path(&format!(
            "{}/{}",
            self.base_url.path().trim_end_matches('/'),
            path.trim_start_matches('/')
        ));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

fn final_error(asked: Url, failure: Failure, attempts: u32, waited: Duration) -> HttpError {
    let method = if failure.posted_to.is_some() { "POST" } else { "GET" };
    let mut url = failure.posted_to.map_or(asked, |address| *address);
    url.set_query(None);
    HttpError {
        kind: failure.kind,
        method,
        url: url.into(),
        status: failure.status,
        attempts,
        waited,
        detail: failure.detail,
    }
}

#[cfg(test)]
mod tests {
    use super::peer::{GOOD, Peer, Reply, TOKEN, answer, good, send};
    use super::*;
    use crate::source::{Auth, Secret};
    use std::thread;
    use std::time::Instant;

    fn bytes_of(hex: &str) -> Vec<u8> {
        hex.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    #[tokio::test]
    async fn an_answer_comes_with_the_time_of_the_server() {
        let server = Peer::start(vec![send("200 OK", "date: Wed, 02 Jul 2025 10:00:00 GMT\r\n", GOOD)]);
        let client = server.client();
        let found = client
            .get("/api/v1/logs/", &[("page", "2"), ("sort", "{\"a\":1}")])
            .await
            .unwrap();
        assert_eq!(
            (found.body.as_ref(), found.server_at, found.status),
            (GOOD.as_bytes(), Some(1_751_450_400_000_000), 200)
        );
        assert_eq!(client.requests(), 1);
        let request = server.requests().remove(0).to_lowercase();
        assert!(
            request.starts_with("get /api/v1/logs/?page=2&sort=%7b%22a%22%3a1%7d http/1.1\r\n"),
            "{request}"
        );
        for line in [
            &format!("authorization: bearer {TOKEN}\r\n"),
            concat!("user-agent: trailhouse/", env!("CARGO_PKG_VERSION"), "\r\n"),
            "accept-encoding: gzip\r\n",
        ] {
            assert!(request.contains(line), "{line} in {request}");
        }
    }

    #[tokio::test]
    async fn a_path_of_the_base_address_stays_in_front() {
        let server = Peer::start(vec![good()]);
        let mut settings = server.settings();
        settings.base_url.set_path("/behind/a/proxy/");
        Client::new(settings).unwrap().get("/api/v1/logs/", &[]).await.unwrap();
        assert!(server.requests()[0].starts_with("GET /behind/a/proxy/api/v1/logs/ HTTP/1.1\r\n"));
    }

    #[tokio::test]
    async fn headers_about_limits_come_with_the_answer() {
        let headers = format!(
            "X-Rate-Limit: 700\r\nratelimit-reset: 41\r\nx-ratelimit-remaining: {TOKEN}\r\nretry-after: 2\r\nx-other: 1\r\n"
        );
        let server = Peer::start(vec![send("200 OK", &headers, GOOD)]);
        let mut limits = server.get().await.unwrap().limits;
        limits.sort();
        let limits: Vec<(&str, &str)> = limits
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let expected = [
            ("ratelimit-reset", "41"),
            ("retry-after", "2"),
            ("x-rate-limit", "700"),
            ("x-ratelimit-remaining", "[redacted]"),
        ];
        assert_eq!(limits, expected);
    }

    #[tokio::test]
    async fn a_link_is_followed_within_the_base_address_only() {
        let other = Peer::start(vec![good()]);
        let server = Peer::start(vec![good(), good()]);
        let mut settings = server.settings();
        settings.base_url.set_path("/behind/");
        let client = Client::new(settings).unwrap();
        let absolute = server.url.join("/behind/logs?page%5Bafter%5D=a%2Bb%3D&b=").unwrap();
        client.get_link(absolute.as_str()).await.unwrap();
        client.get_link("/behind/logs").await.unwrap();
        let port = other.url.port().unwrap();
        let refused = [
            (
                format!("http://127.0.0.1:{port}/behind/logs?{TOKEN}"),
                format!("http://127.0.0.1:{port}"),
            ),
            (
                format!("//localhost:{port}/behind/"),
                format!("http://localhost:{port}"),
            ),
            (
                "https://evil.example/behind/".to_owned(),
                "https://evil.example".to_owned(),
            ),
        ];
        for (link, named) in refused {
            let error = client.get_link(&link).await.unwrap_err();
            let expected = format!(
                "redirected (GET {}behind/): by a link to {named}, which is not the configured host",
                server.url
            );
            assert_eq!((error.kind, error.to_string()), (HttpErrorKind::Redirected, expected));
        }
        assert_eq!(
            (client.requests(), server.requests().len(), other.requests().len()),
            (2, 2, 0)
        );
        assert!(server.requests()[0].starts_with("GET /behind/logs?page%5Bafter%5D=a%2Bb%3D&b= HTTP/1.1\r\n"));
        assert!(server.requests()[1].starts_with("GET /behind/logs HTTP/1.1\r\n"));
    }

    #[tokio::test]
    async fn what_asking_again_cannot_change_is_said_at_once() {
        use HttpErrorKind::*;
        let cases = [
            (
                "401 x",
                r#"{"detail":"Invalid token."}"#,
                Unauthorized,
                r#"401 unauthorized (GET URL): {"detail":"Invalid token."}"#,
            ),
            ("403 x", "", Forbidden, "403 forbidden (GET URL)"),
            (
                "404 x",
                "no\x1b[2Jsuch\npage",
                NotFound,
                "404 not found (GET URL): no[2Jsuch page",
            ),
            (
                "400 x",
                "<h1>bad</h1>",
                Refused,
                "400 bad request (GET URL): <h1>bad</h1>",
            ),
            (
                "422 x",
                "the token tok-9f8e7d6c/5b4a",
                Refused,
                "422 unprocessable entity (GET URL): the token [redacted]",
            ),
            ("304 x", "", Refused, "304 not modified (GET URL)"),
            (
                "499 x",
                "dG9rLTlmOGU3ZDZjLzViNGE=",
                Refused,
                "499 (GET URL): [redacted]E=",
            ),
        ];
        for (status, body, kind, text) in cases {
            let server = Peer::start(vec![send(status, "", body), good()]);
            let expected = text.replace("URL", "http://127.0.0.1:PORT/api/v1/logs/");
            assert_eq!(server.refusal().await, (kind, expected));
            assert_eq!(server.requests().len(), 1);
            assert!(!kind.hint().is_empty());
        }
    }

    #[tokio::test]
    async fn what_is_transient_is_tried_again_and_then_told_whole() {
        use HttpErrorKind::*;
        type Case = (fn() -> Reply, HttpErrorKind, &'static str);
        let cases: [Case; 9] = [
            (
                || send("500 x", "", "oops"),
                Server,
                "500 internal server error (GET URL, 3 attempts): oops",
            ),
            (
                || send("504 x", "", ""),
                Server,
                "504 gateway timeout (GET URL, 3 attempts)",
            ),
            (
                || send("503 x", "retry-after: 0\r\n", ""),
                Unavailable,
                "503 service unavailable (GET URL, 3 attempts)",
            ),
            (
                || send("429 x", "", "slow down"),
                RateLimited,
                "429 too many requests (GET URL, 3 attempts): slow down",
            ),
            (
                || send("200 OK", "", "<!doctype html>\n<p>tok-9f8e7d6c/5b4a"),
                NotJson,
                "200 with a body that is not json (GET URL, 3 attempts): <!doctype html> <p>[redacted]",
            ),
            (
                || send("200 OK", "", r#"{"results":[}"#),
                NotJson,
                "200 with a body that is not json (GET URL, 3 attempts): expected value at line 1 column 13, in a body of 13 bytes",
            ),
            (
                || send("200 OK", "", r#"{"results":["#),
                Truncated,
                "body cut short (GET URL, 3 attempts): EOF while parsing a list at line 1 column 12, in a body of 12 bytes",
            ),
            (
                || send("204 x", "", ""),
                NotJson,
                "204 with a body that is not json (GET URL, 3 attempts): the body is empty",
            ),
            (
                || Reply::Send(Vec::new()),
                Connection,
                "connection failed (GET URL, 3 attempts): connection closed before message completed",
            ),
        ];
        for (reply, kind, text) in cases {
            let server = Peer::start(vec![reply(), reply(), reply()]);
            assert_eq!(
                server.refusal().await,
                (kind, text.replace("URL", "http://127.0.0.1:PORT/api/v1/logs/"))
            );
            let server = Peer::start(vec![reply(), reply(), good()]);
            assert_eq!(server.get().await.unwrap().body, GOOD);
            assert_eq!(server.requests().len(), 3);
        }
    }

    #[tokio::test]
    async fn a_body_that_ends_too_early_is_tried_again() {
        let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n{\"resu".to_vec();
        let packed = bytes_of("1f8b0800000000000203ab562a4a2d2ecd");
        for beginning in [cut, answer("200 OK", "content-encoding: gzip\r\n", packed)] {
            let reply = || Reply::Send(beginning.clone());
            let server = Peer::start(vec![reply(), reply(), reply()]);
            assert_eq!(server.refusal().await.0, HttpErrorKind::Truncated);
            let server = Peer::start(vec![reply(), good()]);
            assert_eq!(server.get().await.unwrap().body, GOOD);
        }
    }

    #[tokio::test]
    async fn nobody_listening_is_a_failed_connection() {
        let server = Peer::start(Vec::new());
        thread::sleep(Duration::from_millis(20));
        let (kind, text) = server.refusal().await;
        assert_eq!(kind, HttpErrorKind::Connection);
        assert!(
            text.starts_with(
                "connection failed (GET http://127.0.0.1:PORT/api/v1/logs/, 3 attempts): Connection refused"
            ),
            "{text}"
        );
    }

    #[tokio::test]
    async fn a_stall_ends_before_and_within_the_body() {
        for beginning in ["", "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"results\":["] {
            let server = Peer::start(vec![Reply::Stall(beginning.as_bytes().to_vec()), good()]);
            assert_eq!(server.get().await.unwrap().body, GOOD);
            let stall = || Reply::Stall(beginning.as_bytes().to_vec());
            let server = Peer::start(vec![stall(), stall(), stall()]);
            let stage = if beginning.is_empty() {
                "no answer within 300ms"
            } else {
                "body not complete within 300ms"
            };
            let expected = format!("timed out (GET http://127.0.0.1:PORT/api/v1/logs/, 3 attempts): {stage}");
            assert_eq!(server.refusal().await, (HttpErrorKind::Timeout, expected));
        }
    }

    #[tokio::test]
    async fn a_stalled_text_does_not_hide_its_status() {
        let server = Peer::start(vec![Reply::Stall(
            b"HTTP/1.1 401 x\r\ncontent-length: 99\r\n\r\nbad key".to_vec(),
        )]);
        let start = Instant::now();
        let (kind, _) = server.refusal().await;
        assert_eq!(kind, HttpErrorKind::Unauthorized);
        assert!(start.elapsed() < Duration::from_secs(2));
    }

    #[tokio::test]
    async fn a_wait_the_server_asks_for_is_kept() {
        let in_a_second = "date: Wed, 02 Jul 2025 10:00:00 GMT\r\nretry-after: Wed, 02 Jul 2025 10:00:01 GMT\r\n";
        let cases = [
            ("429 x", "retry-after: 1\r\n"),
            ("503 x", "retry-after: 1\r\n"),
            ("429 x", in_a_second),
        ];
        let waits = cases.map(|(status, headers)| async move {
            let server = Peer::start(vec![send(status, headers, ""), good()]);
            let start = Instant::now();
            server.get().await.unwrap();
            assert!(start.elapsed() >= Duration::from_secs(1), "{status} {headers}");
        });
        futures::future::join_all(waits).await;
    }

    #[tokio::test]
    async fn a_refusal_for_one_request_holds_back_the_others() {
        let server = Peer::start(vec![send("429 x", "retry-after: 1\r\n", ""), good(), good()]);
        let client = server.client();
        let start = Instant::now();
        let other = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            client.get("/b", &[]).await.map(|_| start.elapsed())
        };
        let (first, other) = futures::join!(client.get("/a", &[]), other);
        first.unwrap();
        assert!(other.unwrap() >= Duration::from_secs(1));
    }

    #[tokio::test]
    async fn requests_in_flight_and_per_minute_are_limited() {
        let slow = || Reply::Wait(Duration::from_millis(40), answer("200 OK", "", GOOD));
        let server = Peer::start((0..6).map(|_| slow()).collect());
        let mut settings = server.settings();
        settings.limits.max_in_flight = 2;
        let client = Client::new(settings).unwrap();
        for answer in futures::future::join_all((0..6).map(|_| client.get("/a", &[]))).await {
            answer.unwrap();
        }
        assert_eq!(server.log.lock().unwrap().most_open, 2);

        let server = Peer::start(vec![good(), good(), good()]);
        let mut settings = server.settings();
        settings.limits.max_per_minute = Some(600);
        let client = Client::new(settings).unwrap();
        let start = Instant::now();
        for answer in futures::future::join_all((0..3).map(|_| client.get("/a", &[]))).await {
            answer.unwrap();
        }
        assert!(start.elapsed() >= Duration::from_millis(200));
    }

    #[tokio::test]
    async fn a_redirect_within_the_host_is_followed() {
        let server = Peer::start(vec![send("301 x", "location: /api/v1/logs/?page=1\r\n", ""), good()]);
        let client = server.client();
        assert_eq!(client.get("/api/v1/logs", &[("page", "1")]).await.unwrap().body, GOOD);
        assert_eq!(client.requests(), 2);
        assert!(server.requests()[1].starts_with("GET /api/v1/logs/?page=1 "));
        assert!(server.requests()[1].contains(TOKEN));

        let circle = || send("302 x", "location: /again\r\n", "");
        let server = Peer::start(vec![circle(), circle(), circle(), circle(), good()]);
        let expected = "redirected (GET http://127.0.0.1:PORT/api/v1/logs/): more than 3 times on the same host";
        assert_eq!(server.refusal().await, (HttpErrorKind::Redirected, expected.to_owned()));
    }

    #[tokio::test]
    async fn the_token_never_goes_to_another_host() {
        let other = Peer::start(vec![good()]);
        let port = other.url.port().unwrap();
        let locations = [
            (
                format!("http://127.0.0.1:{port}/x?{TOKEN}"),
                format!("http://127.0.0.1:{port}"),
            ),
            (format!("//localhost:{port}/"), format!("http://localhost:{port}")),
            (
                format!("http://me:secret@127.0.0.1:{port}/"),
                format!("http://127.0.0.1:{port}"),
            ),
            ("https://127.0.0.1/".to_owned(), "https://127.0.0.1".to_owned()),
            ("http://evil.example/".to_owned(), "http://evil.example".to_owned()),
        ];
        for (location, named) in locations {
            let server = Peer::start(vec![send("302 x", &format!("location: {location}\r\n"), ""), good()]);
            let expected = format!(
                "redirected (GET http://127.0.0.1:PORT/api/v1/logs/): to {named}, which is not the configured host"
            );
            assert_eq!(server.refusal().await, (HttpErrorKind::Redirected, expected));
            assert_eq!(server.requests().len(), 1);
        }
        let server = Peer::start(vec![send("302 x", "", "")]);
        assert!(server.refusal().await.1.ends_with("to no readable address"));
        assert!(other.requests().is_empty());
    }

    #[tokio::test]
    async fn a_body_over_the_limit_ends_packed_or_not() {
        let announced = send("200 OK", "", format!("[{}]", " ".repeat(20_000)));
        let unannounced = Reply::Send(format!("HTTP/1.0 200 OK\r\n\r\n[{}]", " ".repeat(20_000)).into_bytes());
        let packed = format!(
            "1f8b0800000000000203edc1411100000c02a02aebe5ad7f0d6bf80072{}c0ac2f9f098386a2860100",
            "00".repeat(96)
        );
        let bomb = send("200 OK", "content-encoding: gzip\r\n", bytes_of(&packed));
        for reply in [announced, unannounced, bomb] {
            let server = Peer::start(vec![reply, good()]);
            let expected = "body too large (GET http://127.0.0.1:PORT/api/v1/logs/): over 10000 bytes";
            assert_eq!(server.refusal().await, (HttpErrorKind::TooLarge, expected.to_owned()));
        }
    }

    #[tokio::test]
    async fn a_packed_body_is_unpacked() {
        let packed = bytes_of("1f8b0800000000000203ab562a4a2d2ecd292956b28a8ead05000a277c9e0e000000");
        let server = Peer::start(vec![send("200 OK", "content-encoding: gzip\r\n", packed)]);
        assert_eq!(server.get().await.unwrap().body, GOOD);
    }

    #[tokio::test]
    async fn nothing_printed_holds_the_token() {
        let server = Peer::start(Vec::new());
        let settings = Settings {
            proxy: Some("http://me:hunter22@proxy.example".to_owned()),
            ..server.settings()
        };
        let printed = format!("{settings:?} {:?}", Client::new(settings.clone()).unwrap());
        assert!(
            printed.contains("Secret(…)") && !printed.contains("9f8e7d6c") && !printed.contains("hunter22"),
            "{printed}"
        );
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        let refused = |address: &str, change: fn(&mut Settings)| {
            let mut settings = Settings::new(address.parse().unwrap(), Auth::Bearer(Secret::new(TOKEN.to_owned())));
            change(&mut settings);
            let error = Client::new(settings).map(|_| ()).unwrap_err();
            assert!(!error.hint().is_empty());
            error.to_string()
        };
        assert_eq!(
            refused("http://api.example", |_| ()),
            "plain http to api.example, which is not this machine"
        );
        assert_eq!(
            refused("http://192.168.0.1", |_| ()),
            "plain http to 192.168.0.1, which is not this machine"
        );
        assert_eq!(
            refused("http://127.0.0.1.evil.example", |_| ()),
            "plain http to 127.0.0.1.evil.example, which is not this machine"
        );
        for address in [
            "https://me:pw@api.example",
            "https://api.example/?a=1",
            "ftp://api.example",
            "data:x",
        ] {
            assert!(refused(address, |_| ()).starts_with("base_url is not"), "{address}");
        }
        for token in ["", " ", "a\nb"] {
            let settings = Settings::new(
                "https://api.example".parse().unwrap(),
                Auth::Bearer(Secret::new(token.to_owned())),
            );
            assert!(matches!(Client::new(settings), Err(SettingsError::Token)), "{token:?}");
        }
        assert!(
            refused("https://api.example", |settings| settings.ca_pem = Some(b"x".to_vec()))
                .starts_with("ca_file holds no")
        );
        assert!(
            refused("https://api.example", |settings| settings.proxy =
                Some("gopher://x".to_owned()))
            .starts_with("proxy is not")
        );
        for address in [
            "http://127.0.0.1:9",
            "http://localhost",
            "http://[::1]:80",
            "http://127.8.8.8",
        ] {
            let settings = Settings::new(address.parse().unwrap(), Auth::Bearer(Secret::new(TOKEN.to_owned())));
            Client::new(settings).unwrap();
        }
    }
}
