//! Access tokens, from the first request of a run to the one after their end.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::peer::{GOOD, Peer, Reply, good, send};
use super::{Answer, Client, HttpError, HttpErrorKind, Settings};
use crate::source::{Auth, Grant, OAuth, Secret};

const SECRET: &str = "client-s3cr3t";
const FIRST: &str = "refresh-0ne-configured";

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn by_client() -> Grant {
    Grant::ClientCredentials {
        client_id: "trailhouse".to_owned(),
        client_secret: secret(SECRET),
    }
}

fn by_refresh(token: &str) -> Grant {
    Grant::RefreshToken {
        client_id: Some("trailhouse".to_owned()),
        client_secret: None,
        refresh_token: secret(token),
    }
}

fn settings(server: &Peer, grant: Grant, home: Option<&Path>) -> Settings {
    Settings {
        auth: Auth::OAuth(OAuth {
            token_path: "/oauth/tokens",
            scope: "auditlogs:read",
            grant,
        }),
        credentials: home.map(|home| home.join(".credentials/support.json")),
        ..server.settings()
    }
}

fn client(server: &Peer, grant: Grant, home: Option<&Path>) -> Client {
    Client::new(settings(server, grant, home)).unwrap()
}

fn token(body: &str) -> Reply {
    send("200 OK", "", body)
}

fn unauthorized() -> Reply {
    send("401 x", "", r#"{"error":"invalid_token"}"#)
}

fn refused(code: &str) -> Reply {
    send(
        "400 x",
        "",
        format!(r#"{{"error":"{code}","error_description":"{FIRST}"}}"#),
    )
}

/// What the server was asked: `token` with what for, or the access token of a request for data.
fn asked(server: &Peer) -> Vec<String> {
    let told = |request: String| {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        if head.starts_with("POST /oauth/tokens HTTP/1.1\r\n") {
            assert!(!head.to_lowercase().contains("authorization"), "{head}");
            let body: Value = serde_json::from_str(body).unwrap();
            let member = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
            return format!("token {} {}", member("grant_type"), member("refresh_token"));
        }
        let (_, rest) = head.split_once("authorization: Bearer ").unwrap();
        rest.lines().next().unwrap().to_owned()
    };
    server.requests().into_iter().map(told).collect()
}

async fn get(client: &Client) -> Result<Answer, HttpError> {
    client.get("/api/v2/audit_logs", &[]).await
}

/// Kind and text of the failure, with the port taken out, and without any secret.
async fn refusal(server: &Peer, client: &Client) -> (HttpErrorKind, String) {
    let error = get(client).await.unwrap_err();
    let text = error
        .to_string()
        .replace(&server.url.port().unwrap().to_string(), "PORT");
    for hidden in ["s3cr3t", "0ne", "4ccess"] {
        assert!(!format!("{error:?} {text}").contains(hidden), "{error:?}");
    }
    assert!(!error.hint().is_empty());
    (error.kind, text)
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_used_by_all() {
    let slow = Reply::Wait(
        Duration::from_millis(50),
        super::peer::answer("200 OK", "", r#"{"access_token":"4ccess-1"}"#),
    );
    let server = Peer::start(vec![slow, good(), good(), good(), good()]);
    let client = client(&server, by_client(), None);
    for answer in futures::future::join_all((0..4).map(|_| get(&client))).await {
        assert_eq!(answer.unwrap().body, GOOD);
    }
    assert_eq!(client.requests(), 5);
    let first = server.requests().remove(0);
    let (_, body) = first.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let expected = serde_json::json!({
        "grant_type": "client_credentials", "client_id": "trailhouse", "client_secret": SECRET, "scope": "auditlogs:read",
    });
    assert_eq!(body, expected);
    assert_eq!(asked(&server)[1..], ["4ccess-1"; 4]);
}

#[tokio::test]
async fn a_token_is_renewed_before_its_end() {
    let replies = vec![
        token(r#"{"access_token":"4ccess-1","token_type":"bearer","expires_in":1}"#),
        good(),
        good(),
        token(r#"{"access_token":"4ccess-2","expires_in":1800}"#),
        good(),
    ];
    let server = Peer::start(replies);
    let client = client(&server, by_client(), None);
    get(&client).await.unwrap();
    get(&client).await.unwrap();
    tokio::time::sleep(Duration::from_millis(760)).await;
    get(&client).await.unwrap();
    let expected = ["4ccess-1", "4ccess-1", "token client_credentials -", "4ccess-2"];
    assert_eq!(asked(&server)[1..], expected);
}

#[tokio::test]
async fn a_token_refused_in_mid_run_is_renewed_once_for_all() {
    let replies = vec![
        token(r#"{"access_token":"4ccess-1"}"#),
        good(),
        unauthorized(),
        unauthorized(),
        token(r#"{"access_token":"4ccess-2"}"#),
        good(),
        good(),
    ];
    let server = Peer::start(replies);
    let client = client(&server, by_client(), None);
    get(&client).await.unwrap();
    let (one, other) = futures::join!(get(&client), get(&client));
    assert_eq!((one.unwrap().body, other.unwrap().body), (GOOD.into(), GOOD.into()));
    // Which of several requests is written down first is chance.
    let mut written = asked(&server).split_off(2);
    written.sort();
    let expected = [
        "4ccess-1",
        "4ccess-1",
        "4ccess-2",
        "4ccess-2",
        "token client_credentials -",
    ];
    assert_eq!(written, expected);
}

#[tokio::test]
async fn a_new_token_that_is_refused_is_the_end() {
    let server = Peer::start(vec![token(r#"{"access_token":"4ccess-1"}"#), unauthorized(), good()]);
    let first = client(&server, by_client(), None);
    let expected = r#"401 unauthorized (GET http://127.0.0.1:PORT/api/v2/audit_logs): {"error":"invalid_token"}"#;
    assert_eq!(
        refusal(&server, &first).await,
        (HttpErrorKind::Unauthorized, expected.to_owned())
    );
    assert_eq!(server.requests().len(), 2);

    let replies = vec![
        token(r#"{"access_token":"4ccess-1"}"#),
        good(),
        unauthorized(),
        token(r#"{"access_token":"4ccess-2"}"#),
        send("401 x", "", "4ccess-1 4ccess-2"),
        good(),
    ];
    let server = Peer::start(replies);
    let second = client(&server, by_client(), None);
    get(&second).await.unwrap();
    let expected = "401 unauthorized (GET http://127.0.0.1:PORT/api/v2/audit_logs): [redacted] [redacted]";
    assert_eq!(
        refusal(&server, &second).await,
        (HttpErrorKind::Unauthorized, expected.to_owned())
    );
    assert_eq!(server.requests().len(), 5);
}

#[tokio::test]
async fn a_replaced_refresh_token_outlives_the_process() {
    let home = tempfile::tempdir().unwrap();
    let replies = |refresh: &str| {
        let body = format!(r#"{{"access_token":"4ccess-1","refresh_token":"{refresh}"}}"#);
        vec![token(&body), good()]
    };
    for (configured, given, expected) in [
        (FIRST, "refresh-2", "token refresh_token refresh-0ne-configured"),
        (FIRST, "refresh-3", "token refresh_token refresh-2"),
        ("made-anew", "refresh-4", "token refresh_token made-anew"),
        ("made-anew", "refresh-5", "token refresh_token refresh-4"),
    ] {
        let server = Peer::start(replies(given));
        get(&client(&server, by_refresh(configured), Some(home.path())))
            .await
            .unwrap();
        assert_eq!(asked(&server), [expected, "4ccess-1"]);
    }
}

#[tokio::test]
async fn a_refresh_token_is_kept_before_its_access_token_is_used() {
    let home = tempfile::tempdir().unwrap();
    crate::atomic::replace(&home.path().join(".credentials"), b"in the way").unwrap();
    let body = r#"{"access_token":"4ccess-1","refresh_token":"refresh-2"}"#;
    let server = Peer::start(vec![token(body), token(body), good()]);
    let client = client(&server, by_refresh(FIRST), Some(home.path()));
    let (kind, text) = refusal(&server, &client).await;
    assert_eq!(kind, HttpErrorKind::TokenNotKept);
    assert!(
        text.starts_with("the new refresh token cannot be kept (POST http://127.0.0.1:PORT/oauth/tokens): "),
        "{text}"
    );
    assert_eq!(server.requests().len(), 1, "the access token is not used");
    std::fs::remove_file(home.path().join(".credentials")).unwrap();
    get(&client).await.unwrap();
    assert_eq!(asked(&server)[1..], ["token refresh_token refresh-2", "4ccess-1"]);
}

#[tokio::test]
async fn a_caller_that_goes_away_loses_no_refresh_token() {
    let body = r#"{"access_token":"4ccess-1","refresh_token":"refresh-2"}"#;
    let slow = Reply::Wait(Duration::from_millis(100), super::peer::answer("200 OK", "", body));
    let server = Peer::start(vec![slow, good()]);
    let client = client(&server, by_refresh(FIRST), None);
    let gone = tokio::time::timeout(Duration::from_millis(30), get(&client)).await;
    assert!(gone.is_err(), "the server was to be slower");
    get(&client).await.unwrap();
    assert_eq!(asked(&server)[1..], ["4ccess-1"]);
}

#[tokio::test]
async fn the_configured_refresh_token_is_tried_once_when_the_kept_one_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let rotated = r#"{"access_token":"4ccess-1","refresh_token":"refresh-2"}"#;
    let server = Peer::start(vec![token(rotated), good()]);
    get(&client(&server, by_refresh(FIRST), Some(home.path())))
        .await
        .unwrap();

    let server = Peer::start(vec![refused("invalid_grant"), token(rotated), good()]);
    get(&client(&server, by_refresh(FIRST), Some(home.path())))
        .await
        .unwrap();
    let both = [
        "token refresh_token refresh-2",
        "token refresh_token refresh-0ne-configured",
    ];
    assert_eq!(asked(&server)[..2], both);

    let server = Peer::start(vec![refused("invalid_grant"), refused("invalid_grant"), good()]);
    let client = client(&server, by_refresh(FIRST), Some(home.path()));
    let expected = "no access token, 400 bad request (POST http://127.0.0.1:PORT/oauth/tokens): invalid_grant";
    for _ in 0..2 {
        let found = refusal(&server, &client).await;
        assert_eq!(found, (HttpErrorKind::RefreshTokenRefused, expected.to_owned()));
        assert!(found.0.is_about_credentials());
        assert_eq!(asked(&server), both, "what was refused is not sent again");
    }
}

/// Status, body, and what is said of them; `AT` stands for the address, `TRIED` for it after three attempts.
const NO_TOKENS: &[(&str, &str, HttpErrorKind, &str)] = {
    use HttpErrorKind::*;
    const ODD: &str = "200 without a usable access token AT: it is not of the documented shape";
    const HTML: &str = "200 with a body that is not json TRIED: where an access token was asked for";
    &[
        ("200 OK", "<html>4ccess", NotJson, HTML),
        ("200 OK", "", NotJson, HTML),
        (
            "200 OK",
            r#"{"access_token":"4ccess"#,
            Truncated,
            "body cut short TRIED: where an access token was asked for",
        ),
        ("200 OK", r#"{"token":"4ccess"}"#, TokenUnusable, ODD),
        ("200 OK", r#"["4ccess"]"#, TokenUnusable, ODD),
        ("200 OK", r#"{"access_token":["4ccess"]}"#, TokenUnusable, ODD),
        ("200 OK", r#"{"access_token":""}"#, TokenUnusable, ODD),
        (
            "200 OK",
            r#"{"access_token":"4ccess\nx"}"#,
            TokenUnusable,
            "200 without a usable access token AT: no header can hold its access_token",
        ),
        (
            "200 OK",
            r#"{"access_token":"4ccess","token_type":"mac"}"#,
            TokenUnusable,
            "200 without a usable access token AT: its token_type is not bearer",
        ),
        (
            "200 OK",
            r#"{"access_token":"4ccess","expires_in":0}"#,
            TokenUnusable,
            "200 without a usable access token AT: its token has expired already",
        ),
        (
            "200 OK",
            r#"{"access_token":"4ccess","expires_in":-9}"#,
            TokenUnusable,
            "200 without a usable access token AT: its token has expired already",
        ),
        (
            "401 x",
            r#"{"error":"invalid_client","access_token":"4ccess"}"#,
            TokenRefused,
            "no access token, 401 unauthorized AT: invalid_client",
        ),
        (
            "400 x",
            r#"{"error":"invalid_grant"}"#,
            TokenRefused,
            "no access token, 400 bad request AT: invalid_grant",
        ),
        ("403 x", "<h1>4ccess", TokenRefused, "no access token, 403 forbidden AT"),
        (
            "400 x",
            r#"{"error":{"title":"4ccess"}}"#,
            TokenRefused,
            "no access token, 400 bad request AT",
        ),
        ("404 x", "", TokenUnusable, "404 without a usable access token AT"),
        ("302 x", "", Redirected, "redirected AT"),
        ("503 x", "4ccess", Unavailable, "503 service unavailable TRIED"),
        (
            "500 x",
            r#"{"error":"server_error"}"#,
            Server,
            "500 internal server error TRIED: server_error",
        ),
    ]
};

#[tokio::test]
async fn answers_that_hold_no_usable_token_are_errors_that_show_nothing_of_them() {
    let long = format!(r#"{{"access_token":"4ccess{}"}}"#, "x".repeat(70_000));
    let too_large = "body too large AT: over 65536 bytes, from where an access token was asked for";
    let long = ("200 OK", long.as_str(), HttpErrorKind::TooLarge, too_large);
    for (status, body, kind, text) in NO_TOKENS.iter().copied().chain([long]) {
        let reply = || send(status, "location: http://evil.example/\r\n", body);
        let server = Peer::start(vec![reply(), reply(), reply(), reply()]);
        let client = client(&server, by_client(), None);
        let address = "(POST http://127.0.0.1:PORT/oauth/tokens";
        let text = text.replace(" AT", &format!(" {address})"));
        let text = text.replace("TRIED", &format!("{address}, 3 attempts)"));
        assert_eq!(refusal(&server, &client).await, (kind, text));
    }
}

#[tokio::test]
async fn what_is_transient_of_a_token_is_tried_again() {
    for broken in ["503 x", "429 x", "500 x"] {
        let replies = vec![send(broken, "", ""), token(r#"{"access_token":"4ccess-1"}"#), good()];
        let server = Peer::start(replies);
        get(&client(&server, by_client(), None)).await.unwrap();
        assert_eq!(server.requests().len(), 3, "{broken}");
    }
}

#[tokio::test]
async fn an_api_token_is_sent_as_the_password_of_its_user() {
    let server = Peer::start(vec![
        good(),
        send("401 x", "", "YW5uQGFjbWUuZXhhbXBsZS90b2tlbjphcGktczNjcjN0"),
    ]);
    let auth = Auth::ApiToken {
        email: "ann@acme.example".to_owned(),
        token: secret("api-s3cr3t"),
    };
    assert!(auth.warning().unwrap().contains("2027-04-30"));
    assert!(Auth::Bearer(secret("x")).warning().is_none());
    let settings = Settings {
        auth,
        ..server.settings()
    };
    let client = Client::new(settings).unwrap();
    get(&client).await.unwrap();
    let request = server.requests().remove(0);
    assert!(
        request.contains("authorization: Basic YW5uQGFjbWUuZXhhbXBsZS90b2tlbjphcGktczNjcjN0\r\n"),
        "{request}"
    );
    let (kind, text) = refusal(&server, &client).await;
    assert_eq!(kind, HttpErrorKind::Unauthorized);
    assert!(!text.contains("YXBp") && !text.contains("hcGkt"), "{text}");
}

#[test]
fn nothing_printed_holds_a_secret() {
    let server = Peer::start(Vec::new());
    for grant in [by_client(), by_refresh(FIRST)] {
        let settings = settings(&server, grant, Some(Path::new("/nowhere")));
        let printed = format!("{settings:?} {:?}", Client::new(settings.clone()).unwrap());
        assert!(!printed.contains("s3cr3t") && !printed.contains("0ne"), "{printed}");
    }
}
