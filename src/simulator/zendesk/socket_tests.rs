//! The account over its socket, as a client meets it.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use serde_json::{Value, json};

use super::super::TOKEN;
use super::super::client::{Got, exchange};
use super::super::faults::When;
use super::door::{API_TOKEN, EMAIL, Forbidden, base64};
use super::history::ABOVE_TWO_TO_53;
use super::oauth::{CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, TokenAnswer};
use super::service::{AUDIT_LOGS, TOKENS};
use super::switches::{Bounds, BrokenCursor, Cap, RateLimit, Shape};
use super::truth::stable;
use super::*;

fn settings(seed: u64, events: usize) -> Settings {
    Settings::new(seed, events, 30, "2026-06-30T15:00:00Z".parse().unwrap())
}

fn simulator(events: usize) -> ZendeskSimulator {
    ZendeskSimulator::new(History::draw(&settings(5, events)))
}

async fn send(running: &Running, line: &str, headers: &str, body: &str) -> io::Result<Got> {
    let (base_url, line) = (running.base_url(), line.to_owned());
    let (headers, body) = (headers.to_owned(), body.to_owned());
    tokio::task::spawn_blocking(move || exchange(&base_url, &line, &headers, &body))
        .await
        .unwrap()
}

async fn ask(running: &Running, target: &str, authorization: &str) -> Got {
    let headers = format!("Authorization: {authorization}\r\n");
    send(running, &format!("GET {target}"), &headers, "").await.unwrap()
}

type Judge = Box<dyn Fn(&Value) -> bool>;

/// A page by its query, written plainly.
async fn fetch(running: &Running, query: &str) -> Got {
    let query = query.replace('[', "%5B").replace(']', "%5D");
    ask(running, &format!("{AUDIT_LOGS}?{query}"), &format!("Bearer {TOKEN}")).await
}

fn rows(page: &Value) -> Vec<Value> {
    page["audit_logs"].as_array().unwrap().clone()
}

fn ids(rows: &[Value]) -> Vec<i64> {
    rows.iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

/// Follows `links.next` until `has_more` is false, asking again where an answer is no page.
async fn walk(running: &Running, query: &str) -> Vec<Value> {
    let mut walked = Vec::new();
    let mut got = fetch(running, query).await;
    loop {
        assert_eq!(got.status, 200, "{}", String::from_utf8_lossy(&got.body));
        let page = got.json();
        walked.extend(rows(&page));
        if page["meta"]["has_more"] == false {
            return walked;
        }
        let next = page["links"]["next"].as_str().unwrap();
        let target = next.strip_prefix(&running.base_url()).unwrap();
        got = ask(running, target, &format!("Bearer {TOKEN}")).await;
    }
}

#[tokio::test]
async fn a_walk_gives_every_row_once_in_either_order() {
    let running = simulator(1_000).start(0).await.unwrap();
    let mut expected = running.ids();
    assert_eq!(ids(&walk(&running, "page[size]=100&sort=created_at").await), expected);
    expected.reverse();
    for query in [
        "page[size]=7",
        "page[size]=100&sort=-created_at",
        "page[size]=100&sort_by=created_at&sort_order=asc",
    ] {
        assert_eq!(ids(&walk(&running, query).await), expected, "{query}");
    }
    assert_eq!(running.truth_served(), running.truth());
    let page = fetch(&running, "page[size]=500").await.json();
    assert_eq!(rows(&page).len(), 100);
    let dotted = ask(
        &running,
        "/api/v2/audit_logs.json?page%5Bsize%5D=100",
        &format!("Bearer {TOKEN}"),
    )
    .await;
    assert_eq!(dotted.json()["audit_logs"], page["audit_logs"]);
    assert!(
        dotted.json()["links"]["next"]
            .as_str()
            .unwrap()
            .contains("/audit_logs.json?")
    );
}

#[tokio::test]
async fn a_walk_is_exact_under_all_drawn_switches() {
    let window = "filter[created_at][]=2026-06-10T00:00:00Z&filter[created_at][]=2026-06-20T00:00:00Z";
    for seed in 0..24 {
        let mut simulator = ZendeskSimulator::new(History::draw(&settings(seed, 600)));
        simulator.switches = Switches::drawn(seed);
        let running = simulator.start(0).await.unwrap();
        for query in ["page[size]=90", "page[size]=90&sort=created_at"] {
            let walked: BTreeMap<i64, Value> = walk(&running, query)
                .await
                .iter()
                .map(|row| (row["id"].as_i64().unwrap(), stable(row)))
                .collect();
            assert_eq!(walked, running.truth().stable(), "seed {seed}");
        }
        let filter = format!("{window}&filter[action][]=login&filter[action][]=update&page[size]=20&sort=created_at");
        let is_wanted = |row: &Value| {
            let at = row["created_at"].as_str().unwrap();
            let is_within = ("2026-06-10T00:00:00Z".."2026-06-20T00:00:00Z").contains(&at);
            is_within && (row["action"] == "login" || row["action"] == "update")
        };
        let expected = running.truth().records.values().filter(|row| is_wanted(row)).count();
        let walked = walk(&running, &filter).await;
        assert!(walked.len() == expected && expected > 50, "seed {seed}: {expected}");
    }
}

#[tokio::test]
async fn filters_select() {
    let running = simulator(3_000).start(0).await.unwrap();
    let truth = running.truth();
    let agent = truth
        .records
        .values()
        .find(|row| row["actor_id"] != -1 && !row["ip_address"].is_null());
    let (actor, address) = (
        agent.unwrap()["actor_id"].to_string(),
        agent.unwrap()["ip_address"].clone(),
    );
    let source = truth.records.values().find(|row| row["source_type"] == "rule").unwrap()["source_id"].clone();
    let is = |name: &'static str, value: Value| move |row: &Value| row[name] == value;
    let by_actor = is("actor_id", actor.parse::<i64>().unwrap().into());
    let by_source = is("source_id", source.clone());
    let by_address = is("ip_address", address.clone());
    let cases: Vec<(String, Judge)> = vec![
        ("filter[action]=login".into(), Box::new(is("action", "login".into()))),
        (
            "filter[action][]=create&filter[action][]=exported".into(),
            Box::new(|row| row["action"] == "create" || row["action"] == "exported"),
        ),
        (
            "filter[action]=create&filter[action]=exported".into(),
            Box::new(is("action", "exported".into())),
        ),
        ("filter[actor_id]=-1".into(), Box::new(is("actor_id", (-1).into()))),
        (format!("filter[actor_id]={actor}"), Box::new(by_actor)),
        (
            format!("filter[ip_address]={}", address.as_str().unwrap()),
            Box::new(by_address),
        ),
        ("filter[ip_address]=nowhere".into(), Box::new(|_| false)),
        (
            "filter[source_type]=zendesk%2Fapp_market%2Fapp".into(),
            Box::new(is("source_type", "zendesk/app_market/app".into())),
        ),
        (
            format!("filter[source_type]=rule&filter[source_id]={source}"),
            Box::new(by_source),
        ),
        (
            format!("filter[source_type]=ticket&filter[source_id]={source}"),
            Box::new(|_| false),
        ),
        ("filter[colour]=red&since=yesterday".into(), Box::new(|_| true)),
    ];
    for (query, is_wanted) in &cases {
        let mut expected: Vec<&Value> = truth.records.values().filter(|row| is_wanted(row)).collect();
        let mut walked = walk(&running, &format!("{query}&page[size]=100")).await;
        expected.sort_by_key(|row| row["id"].as_i64());
        walked.sort_by_key(|row| row["id"].as_i64());
        assert_eq!(walked.iter().collect::<Vec<&Value>>(), expected, "{query}");
        let counted = fetch(&running, query).await.json();
        assert_eq!(counted["count"], expected.len(), "{query}");
    }
}

#[tokio::test]
async fn what_is_no_filter_or_cursor_is_refused() {
    let running = simulator(300).start(0).await.unwrap();
    let page = fetch(&running, "page[size]=10").await.json();
    let cursor = page["meta"]["after_cursor"].as_str().unwrap();
    let (one, two) = ("2026-06-10T00:00:00Z", "2026-06-11T00:00:00Z");
    let created_at = "filter[created_at][]";
    let cases = [
        (format!("{created_at}={one}"), "InvalidValue"),
        (format!("filter[created_at]={one}"), "InvalidValue"),
        (
            format!("filter[created_at]={one}&filter[created_at]={two}"),
            "InvalidValue",
        ),
        (
            format!("{created_at}={one}&{created_at}={two}&{created_at}={two}"),
            "InvalidValue",
        ),
        (format!("{created_at}={one}&{created_at}=2026-06-11"), "InvalidValue"),
        (
            format!("{created_at}={one}&{created_at}=2026-06-11T00:00:00.5Z"),
            "InvalidValue",
        ),
        (
            format!("{created_at}={one}&{created_at}=2026-06-11T00:00:00%2B00:00"),
            "InvalidValue",
        ),
        ("filter[source_id]=3".to_owned(), "InvalidValue"),
        ("filter[actor_id]=me".to_owned(), "InvalidValue"),
        ("page[size]=10&page[after]=".to_owned(), "InvalidPaginationParameter"),
        (
            "page[size]=10&page[after]=eyJvIjoiaWQifQ".to_owned(),
            "InvalidPaginationParameter",
        ),
        (
            format!("page[size]=10&page[after]={cursor}"),
            "InvalidPaginationParameter",
        ),
        (
            format!(
                "page[size]=10&sort=created_at&page[after]={}",
                cursor.replace('+', "%2B")
            ),
            "InvalidPaginationParameter",
        ),
        ("page[size]=0".to_owned(), "InvalidPaginationParameter"),
        ("page=101".to_owned(), "InvalidPaginationDepth"),
    ];
    for (query, code) in cases {
        let got = fetch(&running, &query).await;
        let body = got.json();
        let named = body["error"].as_str().or_else(|| body["errors"][0]["code"].as_str());
        assert_eq!((got.status, named), (400, Some(code)), "{query}");
    }
    let once = fetch(&running, &format!("{created_at}={one}")).await.json();
    assert!(
        once["description"]
            .as_str()
            .unwrap()
            .starts_with("Invalid filter[created_at] specified; ")
    );
    let encoded = format!("page[size]=10&page[after]={}", cursor.replace('+', "%2B"));
    assert_eq!(fetch(&running, &encoded).await.status, 200);
}

#[tokio::test]
async fn bounds_follow_their_switch_in_a_second_of_many_rows() {
    let running = simulator(200).start(0).await.unwrap();
    let second = |text: &str| -> Timestamp { text.parse().unwrap() };
    let counts = [
        (second("2026-06-30T14:00:00Z"), 130),
        (second("2026-06-30T14:00:05Z"), 240),
    ];
    for (at, count) in counts {
        assert_eq!(running.burst(at, count).len(), count);
    }
    let window = "filter[created_at][]=2026-06-30T14:00:00Z&filter[created_at][]=2026-06-30T14:00:05Z";
    for (start_inclusive, end_inclusive, expected) in [
        (true, true, 370),
        (true, false, 130),
        (false, true, 240),
        (false, false, 0),
    ] {
        running.turn(|switches| {
            switches.bounds = Bounds {
                start_inclusive,
                end_inclusive,
            }
        });
        let walked = ids(&walk(&running, &format!("{window}&page[size]=100&sort=created_at")).await);
        let distinct: HashSet<i64> = walked.iter().copied().collect();
        assert_eq!(distinct.len(), walked.len());
        assert_eq!(walked.len(), expected);
        assert_eq!(fetch(&running, window).await.json()["count"], expected);
    }
    running.turn(|switches| switches.ignored = vec!["created_at"]);
    assert_eq!(walk(&running, &format!("{window}&page[size]=100")).await.len(), 570);
}

#[tokio::test]
async fn pages_go_back_as_they_came() {
    let running = simulator(500).start(0).await.unwrap();
    for sort in ["created_at", "-created_at"] {
        let first = fetch(&running, &format!("page[size]=40&sort={sort}")).await.json();
        let authorization = format!("Bearer {TOKEN}");
        let next = first["links"]["next"]
            .as_str()
            .unwrap()
            .replace(&running.base_url(), "");
        let second = ask(&running, &next, &authorization).await.json();
        let previous = second["links"]["prev"]
            .as_str()
            .unwrap()
            .replace(&running.base_url(), "");
        let again = ask(&running, &previous, &authorization).await.json();
        assert_eq!(again["audit_logs"], first["audit_logs"]);
        assert_eq!(
            (&again["meta"]["has_more"], &second["meta"]["has_more"]),
            (&json!(false), &json!(true))
        );
        assert_eq!(
            second["meta"]["before_cursor"].as_str().unwrap().matches('+').count(),
            1
        );
    }
}

#[tokio::test]
async fn ends_and_cursors_follow_their_switches() {
    let running = simulator(30).start(0).await.unwrap();
    let meta = |got: Got| (got.json()["meta"].clone(), got.json()["links"].clone());
    let (last, links) = meta(fetch(&running, "page[size]=30").await);
    assert_eq!(
        (&last["has_more"], &last["after_cursor"], &links["next"]),
        (&json!(false), &Value::Null, &Value::Null)
    );
    running.turn(|switches| switches.last_page_goes_on = true);
    let (last, links) = meta(fetch(&running, "page[size]=30").await);
    assert!(last["has_more"] == false && last["after_cursor"].is_string() && links["next"].is_string());
    let beyond = links["next"].as_str().unwrap().replace(&running.base_url(), "");
    let authorization = format!("Bearer {TOKEN}");
    let (empty, links) = meta(ask(&running, &beyond, &authorization).await);
    assert_eq!(
        (&empty["after_cursor"], &empty["before_cursor"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!((&links["next"], &links["prev"]), (&Value::Null, &Value::Null));
    running.turn(|switches| switches.empty_without_cursors = false);
    assert_eq!(
        meta(ask(&running, &beyond, &authorization).await).0["after_cursor"],
        last["after_cursor"]
    );

    running.apply(&Change::BreakCursor(Some(BrokenCursor::Null)));
    let (page, links) = meta(fetch(&running, "page[size]=10").await);
    assert_eq!(
        (&page["has_more"], &page["after_cursor"], &links["next"]),
        (&json!(true), &Value::Null, &Value::Null)
    );
    running.apply(&Change::BreakCursor(Some(BrokenCursor::Repeated)));
    let (first, links) = meta(fetch(&running, "page[size]=10").await);
    let next = links["next"].as_str().unwrap().replace(&running.base_url(), "");
    let (second, again) = meta(ask(&running, &next, &authorization).await);
    assert_eq!(
        (&second["after_cursor"], &again["next"]),
        (&first["after_cursor"], &links["next"])
    );
    running.apply(&Change::BreakCursor(None));
    assert_ne!(
        meta(ask(&running, &next, &authorization).await).0["after_cursor"],
        first["after_cursor"]
    );

    running.turn(|switches| switches.short_pages = true);
    let mut sizes = HashSet::new();
    let mut target = "page[size]=20".to_owned();
    for _ in 0..30 {
        let got = fetch(&running, &target).await.json();
        sizes.insert(rows(&got).len());
        if got["meta"]["has_more"] == false {
            break;
        }
        target = got["links"]["next"]
            .as_str()
            .unwrap()
            .split_once('?')
            .unwrap()
            .1
            .to_owned();
    }
    assert!(
        sizes.len() > 2 && sizes.iter().all(|size| (1..=20).contains(size)),
        "{sizes:?}"
    );
}

#[tokio::test]
async fn filters_are_lost_on_cursors_made_by_hand() {
    let running = simulator(600).start(0).await.unwrap();
    let logins = |rows: &[Value]| rows.iter().filter(|row| row["action"] == "login").count();
    for (is_lost, expected) in [(false, 20), (true, 0)] {
        running.turn(|switches| switches.filters_lost_by_hand = is_lost);
        let query = "filter[action]=login&page[size]=20";
        let first = fetch(&running, query).await.json();
        let cursor = first["meta"]["after_cursor"].as_str().unwrap().replace('+', "%2B");
        let by_hand = rows(&fetch(&running, &format!("{query}&page[after]={cursor}")).await.json());
        assert_eq!(logins(&by_hand) == by_hand.len(), expected > 0);
        let walked = walk(&running, query).await;
        assert!(logins(&walked) == walked.len() && walked.len() > 100);
    }
}

#[tokio::test]
async fn offset_pages_end_at_the_cap() {
    let running = simulator(950).start(0).await.unwrap();
    let mut expected = running.ids();
    for (order, reverse) in [("asc", false), ("desc", true), ("", true)] {
        let mut walked = Vec::new();
        let mut next = Some(format!("{AUDIT_LOGS}?sort_by=created_at&sort_order={order}"));
        while let Some(target) = next {
            let page = ask(&running, &target, &format!("Bearer {TOKEN}")).await.json();
            assert_eq!(page["count"], 950);
            assert_eq!(page["previous_page"].is_null(), walked.is_empty());
            walked.extend(ids(&rows(&page)));
            next = page["next_page"]
                .as_str()
                .map(|url| url.replace(&running.base_url(), ""));
        }
        if reverse {
            walked.reverse();
        }
        assert_eq!(walked, expected, "{order}");
    }
    running.turn(|switches| switches.cap = Cap { pages: 8, records: 500 });
    for (query, status) in [
        ("page=5", 200),
        ("page=6", 400),
        ("page=8&per_page=10", 200),
        ("page=9&per_page=10", 400),
    ] {
        assert_eq!(fetch(&running, query).await.status, status, "{query}");
    }
    assert!(
        fetch(&running, "page=5").await.json()["next_page"]
            .as_str()
            .unwrap()
            .ends_with("?page=6")
    );
    running.turn(|switches| switches.cap = Switches::default().cap);
    running.burst("2026-06-30T10:00:00Z".parse().unwrap(), 12_000);
    expected = running.ids();
    let second = "filter[created_at][]=2026-06-30T10:00:00Z&filter[created_at][]=2026-06-30T10:00:00Z";
    let mut read = HashSet::new();
    for order in ["asc", "desc"] {
        for page in [1, 21, 100] {
            let rows = rows(
                &fetch(&running, &format!("{second}&sort_order={order}&page={page}"))
                    .await
                    .json(),
            );
            assert_eq!(rows.len(), 100);
            read.extend(ids(&rows));
        }
        assert_eq!(
            fetch(&running, &format!("{second}&sort_order={order}&page=101"))
                .await
                .status,
            400
        );
    }
    assert_eq!((read.len(), expected.len()), (400, 12_950));
}

#[tokio::test]
async fn credentials_are_judged() {
    let running = simulator(20).start(0).await.unwrap();
    let basic = format!("Basic {}", base64(format!("{EMAIL}/token:{API_TOKEN}").as_bytes()));
    let plain = format!("Basic {}", base64(format!("{EMAIL}:{API_TOKEN}").as_bytes()));
    let bearer = format!("Bearer {TOKEN}");
    let status = async |authorization: &str| ask(&running, AUDIT_LOGS, authorization).await.status;
    assert_eq!((status(&basic).await, status(&bearer).await), (200, 200));
    for wrong in [plain.as_str(), "Bearer x", "Basic", ""] {
        let got = ask(&running, AUDIT_LOGS, wrong).await;
        assert_eq!(
            (got.status, got.json()),
            (401, json!({ "error": "Couldn't authenticate you" })),
            "{wrong}"
        );
    }
    running.turn(|switches| switches.access.takes_basic = false);
    assert_eq!((status(&basic).await, status(&bearer).await), (401, 200));
    running.turn(|switches| switches.access.forbidden = Some(Forbidden::Plan));
    let got = ask(&running, AUDIT_LOGS, &bearer).await;
    assert_eq!((got.status, &got.json()["error"]["title"]), (403, &json!("Forbidden")));
    running.turn(|switches| switches.access.forbidden = Some(Forbidden::Scope));
    let got = ask(&running, AUDIT_LOGS, &bearer).await;
    let expected =
        json!({ "error": "Forbidden", "description": "You are missing the following required scopes: read" });
    assert_eq!((got.status, got.json()), (403, expected));
    running.turn(|switches| switches.access.forbidden = None);
    running.revoke(true);
    assert_eq!(status(&bearer).await, 401);
    running.revoke(false);
    assert_eq!(status(&bearer).await, 200);
    let unknown = ask(&running, "/api/v2/tickets", &bearer).await;
    assert_eq!(
        (unknown.status, &unknown.json()["error"]),
        (404, &json!("InvalidEndpoint"))
    );
    assert_eq!(
        send(&running, &format!("DELETE {AUDIT_LOGS}"), "", "")
            .await
            .unwrap()
            .status,
        405
    );
}

async fn token(running: &Running, body: &Value, is_form: bool) -> Got {
    let (content_type, body) = if is_form {
        let fields = body.as_object().unwrap().iter();
        let pairs = fields.map(|(name, value)| format!("{name}={}", value.as_str().unwrap().replace(':', "%3A")));
        (
            "application/x-www-form-urlencoded",
            pairs.collect::<Vec<String>>().join("&"),
        )
    } else {
        ("application/json", body.to_string())
    };
    let headers = format!("Content-Type: {content_type}\r\n");
    send(running, &format!("POST {TOKENS}"), &headers, &body).await.unwrap()
}

fn client_credentials() -> Value {
    json!({
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "scope": "auditlogs:read",
    })
}

fn refresh(refresh_token: &str) -> Value {
    json!({ "grant_type": "refresh_token", "client_id": CLIENT_ID, "refresh_token": refresh_token, "scope": "read" })
}

#[tokio::test]
async fn client_credentials_bring_tokens_that_end() {
    let running = simulator(20).start(0).await.unwrap();
    for is_form in [false, true] {
        let granted = token(&running, &client_credentials(), is_form).await.json();
        assert_eq!(
            (&granted["token_type"], &granted["expires_in"]),
            (&json!("bearer"), &json!(1800))
        );
        assert!(granted["scope"] == "auditlogs:read" && granted.get("refresh_token").is_none());
        let bearer = format!("Bearer {}", granted["access_token"].as_str().unwrap());
        assert_eq!(ask(&running, AUDIT_LOGS, &bearer).await.status, 200);
        running.clock().advance(SignedDuration::from_mins(29));
        assert_eq!(ask(&running, AUDIT_LOGS, &bearer).await.status, 200);
        running.clock().advance(SignedDuration::from_mins(1));
        assert_eq!(ask(&running, AUDIT_LOGS, &bearer).await.status, 401);
    }
    running.turn(|switches| {
        switches.access.grants.lives_seconds = None;
        switches.access.grants.lives_requests = Some(2);
    });
    let granted = token(&running, &client_credentials(), true).await.json();
    assert!(granted.get("expires_in").is_none());
    let bearer = format!("Bearer {}", granted["access_token"].as_str().unwrap());
    for expected in [200, 200, 401, 401] {
        assert_eq!(ask(&running, AUDIT_LOGS, &bearer).await.status, expected);
    }
    let mut wrong = client_credentials();
    wrong["client_secret"] = json!("guessed");
    let got = token(&running, &wrong, false).await;
    assert_eq!((got.status, &got.json()["error"]), (401, &json!("invalid_client")));
    let got = token(&running, &json!({ "grant_type": "password" }), false).await;
    assert_eq!(
        (got.status, &got.json()["error"]),
        (400, &json!("unsupported_grant_type"))
    );
    let mut narrow = client_credentials();
    narrow["scope"] = json!("tickets:read");
    let granted = token(&running, &narrow, false).await.json();
    let bearer = format!("Bearer {}", granted["access_token"].as_str().unwrap());
    assert_eq!(ask(&running, AUDIT_LOGS, &bearer).await.status, 403);
}

#[tokio::test]
async fn refresh_tokens_are_good_once() {
    let running = simulator(20).start(0).await.unwrap();
    let first = token(&running, &refresh(REFRESH_TOKEN), false).await.json();
    let next = first["refresh_token"].as_str().unwrap();
    assert_eq!(running.refresh_token().as_deref(), Some(next));
    let bearer = format!("Bearer {}", first["access_token"].as_str().unwrap());
    assert_eq!(ask(&running, AUDIT_LOGS, &bearer).await.status, 200);
    let spent = token(&running, &refresh(REFRESH_TOKEN), true).await;
    assert_eq!((spent.status, &spent.json()["error"]), (400, &json!("invalid_grant")));
    running.turn(|switches| switches.access.grants.answer = TokenAnswer::Refused);
    assert_eq!(token(&running, &refresh(next), true).await.status, 400);
    running.turn(|switches| switches.access.grants.answer = TokenAnswer::Expired);
    let over = token(&running, &refresh(next), true).await.json();
    assert_eq!(over["expires_in"], 0);
    let dead = format!("Bearer {}", over["access_token"].as_str().unwrap());
    assert_eq!(ask(&running, AUDIT_LOGS, &dead).await.status, 401);
    assert_eq!(
        ask(&running, AUDIT_LOGS, &bearer).await.status,
        401,
        "ended by the refresh"
    );
    running.turn(|switches| switches.access.grants.answer = TokenAnswer::Malformed);
    let lost = token(&running, &refresh(over["refresh_token"].as_str().unwrap()), true).await;
    assert!(lost.status == 200 && serde_json::from_slice::<Value>(&lost.body).is_err());
    running.turn(|switches| switches.access.grants.answer = TokenAnswer::WithoutToken);
    let good = running.refresh_token().unwrap();
    assert!(
        token(&running, &refresh(&good), true)
            .await
            .json()
            .get("access_token")
            .is_none()
    );
    running.turn(|switches| {
        switches.access.grants.answer = TokenAnswer::Sound;
        switches.access.grants.rotates = false;
    });
    let kept = running.refresh_token().unwrap();
    for _ in 0..2 {
        let granted = token(&running, &refresh(&kept), true).await.json();
        assert!(granted["access_token"].is_string() && granted.get("refresh_token").is_none());
    }
    running.apply(&Change::ExpireTokens);
    let targets: Vec<String> = running.requests().into_iter().map(|seen| seen.target).collect();
    assert_eq!(targets.iter().filter(|target| *target == TOKENS).count(), 8);
}

#[tokio::test]
async fn a_refresh_names_its_client_as_far_as_needed() {
    let running = simulator(20).start(0).await.unwrap();
    running.turn(|switches| switches.access.grants.rotates = false);
    let cases = [
        (Some(CLIENT_ID), None, true, false, 200),
        (Some(CLIENT_ID), Some(CLIENT_SECRET), true, true, 200),
        (Some(CLIENT_ID), Some("guessed"), true, false, 401),
        (Some(CLIENT_ID), None, true, true, 401),
        (None, None, true, false, 401),
        (None, None, false, false, 200),
        (Some("another"), None, false, false, 401),
    ];
    for (id, secret, needs_client, needs_secret, status) in cases {
        running.turn(|switches| {
            switches.access.grants.refresh_needs_client = needs_client;
            switches.access.grants.refresh_needs_secret = needs_secret;
        });
        let mut body = refresh(REFRESH_TOKEN);
        let fields = body.as_object_mut().unwrap();
        fields.remove("client_id");
        for (name, value) in [("client_id", id), ("client_secret", secret)] {
            fields.extend(value.map(|value| (name.to_owned(), json!(value))));
        }
        assert_eq!(token(&running, &body, false).await.status, status, "{body}");
    }
}

#[tokio::test]
async fn limits_are_told_and_kept() {
    let mut simulator = simulator(20);
    simulator.faults = FaultPlan::drawn(3, 1_000, transient_faults()[1..4].to_vec());
    let running = simulator.start(0).await.unwrap();
    let mut forms = HashSet::new();
    for page in 1..40 {
        let got = fetch(&running, &format!("page={page}")).await;
        let of = |name: &str| got.header(name).unwrap_or("-").to_owned();
        assert_eq!(
            (of("x-rate-limit"), of("ratelimit-limit"), of("ratelimit-reset")),
            ("700".into(), "700".into(), "60".into())
        );
        assert_eq!(
            (of("x-rate-limit-remaining"), of("ratelimit-remaining")),
            ((700 - page).to_string(), (700 - page).to_string())
        );
        forms.insert((got.status, of("content-type"), of("retry-after")));
    }
    let form = |status, content_type: &str, wait: &str| (status, content_type.to_owned(), wait.to_owned());
    let json = "application/json; charset=utf-8";
    let expected = [
        form(429, "text/plain", "-"),
        form(503, "text/html", "0"),
        form(503, json, "0"),
    ];
    assert_eq!(forms, HashSet::from(expected));

    let running = self::simulator(20).start(0).await.unwrap();
    running.turn(|switches| {
        switches.rate_limit = RateLimit {
            per_minute: 3,
            is_enforced: true,
        }
    });
    running.clock().advance(SignedDuration::from_secs(45));
    for status in [200, 200, 200, 429] {
        assert_eq!(fetch(&running, "").await.status, status);
    }
    let got = fetch(&running, "").await;
    assert_eq!(
        (got.status, got.header("retry-after"), got.header("content-type")),
        (429, Some("15"), Some("text/plain"))
    );
    running.clock().advance(SignedDuration::from_secs(15));
    assert_eq!(fetch(&running, "").await.status, 200);
}

#[tokio::test]
async fn rows_become_visible_behind_those_already_seen() {
    let late = Settings {
        late_per_mille: 400,
        latest: SignedDuration::from_hours(12),
        first_id: ABOVE_TWO_TO_53,
        ..settings(9, 400)
    };
    let mut simulator = ZendeskSimulator::new(History::draw(&late));
    simulator.clock = Clock::fixed(late.end_at - SignedDuration::from_hours(24 * 10));
    let running = simulator.start(0).await.unwrap();
    let mut seen: Vec<i64> = Vec::new();
    let mut behind = 0;
    for _ in 0..240 {
        let now = ids(&walk(&running, "page[size]=100&sort=created_at").await);
        let last = now.iter().rposition(|id| seen.contains(id)).unwrap_or(0);
        behind += now[..last].iter().filter(|id| !seen.contains(id)).count();
        seen = now;
        running.clock().advance(SignedDuration::from_mins(60));
    }
    assert!(behind > 3 && running.ids().len() == 400, "{behind}");

    let all = running.ids();
    let lower = running.surface(SignedDuration::from_mins(20), Standing::Lower);
    let higher = running.surface(SignedDuration::from_mins(20), Standing::Higher);
    assert!(all.iter().all(|id| lower < *id && higher > *id));
    let rows = walk(&running, "page[size]=100").await;
    let at = |id: i64| rows.iter().find(|row| row["id"] == id).unwrap()["created_at"].clone();
    assert_eq!(at(lower), at(higher));
    let ahead = running.clock().now() + SignedDuration::from_secs(5);
    assert_eq!((running.burst(ahead, 200).len(), running.ids().len()), (200, 402));
    running.clock().advance(SignedDuration::from_secs(5));
    assert_eq!((running.arrive(3).len(), running.ids().len()), (3, 605));
}

#[tokio::test]
async fn labels_change_and_shapes_vary() {
    let running = simulator(100).start(0).await.unwrap();
    running.turn(|switches| switches.labels_change = true);
    let (one, two) = (
        walk(&running, "page[size]=100").await,
        walk(&running, "page[size]=100").await,
    );
    assert_ne!(one, two);
    assert_eq!(
        one.iter().map(stable).collect::<Vec<Value>>(),
        two.iter().map(stable).collect::<Vec<Value>>()
    );
    running.turn(|switches| {
        switches.shape = Shape {
            unknown_fields: true,
            nulls_absent: true,
        }
    });
    assert!(
        walk(&running, "page[size]=100")
            .await
            .iter()
            .all(|row| row["risk"]["signals"].is_array())
    );
}

#[tokio::test]
async fn odd_records_stand_where_they_were_planted() {
    let running = simulator(50).start(0).await.unwrap();
    let age = SignedDuration::from_mins(5);
    let (rejects, events) = (
        [
            Bad::NotAnObject,
            Bad::NoId,
            Bad::NoTime,
            Bad::ImpossibleTime,
            Bad::AncientTime,
        ],
        [Bad::WrongTypes, Bad::LongText(70_000), Bad::AllNull],
    );
    for bad in &rejects {
        running.plant(bad, age);
    }
    let ids: Vec<i64> = events.iter().map(|bad| running.plant(bad, age)).collect();
    let truth = running.truth();
    assert_eq!((truth.rejects.len(), truth.records.len()), (5, 53));
    let rows = walk(&running, "page[size]=100").await;
    let is_told = |row: &Value| {
        let id = row["id"].as_i64();
        truth.rejects.contains(row) || id.is_some_and(|id| truth.records.get(&id) == Some(row))
    };
    assert!(rows.len() == 58 && rows.iter().all(is_told));
    let of = |id: i64| rows.iter().find(|row| row["id"] == id).unwrap();
    assert_eq!(of(ids[0])["actor_id"], "nobody");
    assert!(of(ids[1])["change_description"].as_str().unwrap().len() > 70_000);
    assert_eq!(
        (&of(ids[2])["action"], &of(ids[2])["source_type"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn links_can_lead_elsewhere() {
    let running = simulator(50).start(0).await.unwrap();
    running.turn(|switches| switches.link_base = Some("http://127.0.0.1:9".to_owned()));
    for (query, link) in [("page[size]=10", "/links/next"), ("per_page=10", "/next_page")] {
        let page = fetch(&running, query).await.json();
        let url = page.pointer(link).and_then(Value::as_str).unwrap();
        assert!(url.starts_with("http://127.0.0.1:9/api/v2/audit_logs?"), "{url}");
    }
}

#[tokio::test]
async fn broken_answers_break_and_serve_nothing() {
    for fault in [
        Fault::TruncatedJson,
        Fault::CutConnection,
        Fault::Reset,
        Fault::KeyRevoked,
    ] {
        let mut simulator = simulator(100);
        simulator.faults = FaultPlan::once(When::Target("audit_logs".to_owned()), fault.clone());
        simulator.switches.latency = Duration::from_millis(5);
        let running = simulator.start(0).await.unwrap();
        let headers = format!("Authorization: Bearer {TOKEN}\r\n");
        let got = send(&running, &format!("GET {AUDIT_LOGS}"), &headers, "").await;
        let is_good = got
            .is_ok_and(|got| got.is_whole && got.status == 200 && serde_json::from_slice::<Value>(&got.body).is_ok());
        assert!(!is_good, "{fault:?}");
        assert_eq!(running.truth_served().records.len(), 0);
        let expected = if fault == Fault::KeyRevoked { 401 } else { 200 };
        assert_eq!(fetch(&running, "").await.status, expected);
    }
}

#[tokio::test]
async fn a_drawn_script_repeats_with_its_seed() {
    let mut truths = Vec::new();
    for seed in [1, 1, 2] {
        let mut simulator = simulator(300);
        simulator.script = script::drawn(seed, 60);
        let running = simulator.start(0).await.unwrap();
        for _ in 0..60 {
            assert_eq!(fetch(&running, "page[size]=100").await.status, 200);
        }
        truths.push((running.truth(), running.truth_served()));
    }
    assert!(truths[0] == truths[1] && truths[0] != truths[2]);
    let (all, served) = &truths[0];
    assert!(all.records.len() > 310 && served.records.keys().all(|id| all.records.contains_key(id)));
}

#[tokio::test]
async fn serve_runs_until_told() {
    let settings = settings(1, 100);
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let (told, until) = tokio::sync::oneshot::channel();
    let ready = |running: &Running| sender.send(running.base_url()).unwrap();
    let ends = async { until.await.unwrap() };
    let served = tokio::spawn(async move { serve(&settings, 0, 0, ready, ends).await });
    let base_url = receiver.await.unwrap();
    let headers = format!("Authorization: Bearer {TOKEN}\r\n");
    let got = tokio::task::spawn_blocking(move || exchange(&base_url, &format!("GET {AUDIT_LOGS}"), &headers, ""));
    assert_eq!(got.await.unwrap().unwrap().json()["count"], 100);
    told.send(()).unwrap();
    served.await.unwrap().unwrap();
}
