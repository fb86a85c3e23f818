//! The recorded pages of `data/sample` through a whole sync: every column of the one row each holds.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};

use crate::environment::{Home, SOURCE, TOKEN};

/// As published in July 2025: e-mail and title, no free details; what that shape lacks is null.
const OF_2025: &str = r#"{
    "source": "acme", "stream": "audit_logs", "load": 1, "revision": 1, "stable_version": 1,
    "id": "text", "parent_id": "text", "activity_type": "text",
    "logged_at": "2025-07-11T19:38:34.738Z", "created_at": "2025-07-11T19:38:34.738Z",
    "updated_at": "2025-07-11T19:38:34.738Z",
    "performer_id": "text", "performer_type": "API", "performer_name": "text", "performer_email": "text",
    "performer_first_name": "text", "performer_last_name": "text", "performer_display_name": null,
    "performer_icon": null, "performer_src": null, "performer_integration_type": null, "performer_disabled": null,
    "performer_is_service_account": null, "performer_profile_picture": null,
    "resource_id": "text", "resource_type": "text", "resource_name": "text", "resource_title": "text",
    "resource_icon": "text", "resource_kind": "text", "resource_integration_id": "text",
    "related_resource_ids": ["text"], "related_resource_type": "text",
    "event_blocks": [{ "type": "text", "style": "normal", "value": "text" }], "event_text": "text",
    "is_legacy": true, "version_history_id": "text", "secoda_entity_type": "text", "metadata": null, "extra": null
}"#;

/// The contract of 2026: free details, no e-mail and no title; its page says 0 for every count.
const OF_THE_CONTRACT: &str = r#"{
    "source": "acme", "stream": "audit_logs", "load": 1, "revision": 1, "stable_version": 1,
    "id": "string", "parent_id": "string", "activity_type": "string",
    "logged_at": "2019-08-24T14:15:22Z", "created_at": "2019-08-24T14:15:22Z", "updated_at": "2019-08-24T14:15:22Z",
    "performer_id": "string", "performer_type": "API", "performer_name": "string", "performer_email": null,
    "performer_first_name": "string", "performer_last_name": "string", "performer_display_name": "string",
    "performer_icon": "string", "performer_src": "string", "performer_integration_type": "string",
    "performer_disabled": true, "performer_is_service_account": true, "performer_profile_picture": "string",
    "resource_id": "string", "resource_type": "API_KEY", "resource_name": "string", "resource_title": null,
    "resource_icon": "string", "resource_kind": "string", "resource_integration_id": "string",
    "related_resource_ids": ["string"], "related_resource_type": "API_KEY",
    "event_blocks": [{ "type": "string", "style": "normal", "value": "string" }], "event_text": "string",
    "is_legacy": true, "version_history_id": "string", "secoda_entity_type": "string", "metadata": {}, "extra": null
}"#;

/// Answers every request with one body, and passes on what was asked.
struct Replay {
    address: SocketAddr,
    asked: Receiver<String>,
}

impl Replay {
    fn start(body: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (tell, asked) = channel();
        // Ends with the tests: a thread that waits for the next connection.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let request = answer(stream.expect("a connection"), &body);
                if tell.send(request).is_err() {
                    return;
                }
            }
        });
        Self { address, asked }
    }
}

/// One request of one connection; gives its head.
fn answer(mut stream: TcpStream, body: &str) -> String {
    let mut head = String::new();
    let mut reader = BufReader::new(stream.try_clone().expect("a connection"));
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).expect("a line") == 0 {
            return head;
        }
    }
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nDate: Tue, 30 Jun 2026 12:00:00 GMT\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(answer.as_bytes()).expect("the answer is sent");
    head
}

fn sample(name: &str) -> String {
    let path = format!("{}/data/sample/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Two syncs of a page, and the row they leave.
fn assert_loads(name: &str, expected: &str) {
    let body = sample(name);
    let page: Value = serde_json::from_str(&body).expect("a page");
    let replay = Replay::start(body.clone());
    let home = Home::new();
    home.configure(&format!("http://{}", replay.address), "");
    for _ in 0..2 {
        home.ok(&["sync"]);
    }
    let asked: Vec<String> = replay.asked.try_iter().collect();
    let authorized = format!("authorization: bearer {TOKEN}");
    for head in &asked {
        assert!(head.starts_with("GET /api/v1/activity_log/audit_logs/?"), "{head}");
        assert!(
            head.to_lowercase().contains(&authorized),
            "{name}: a request without the token"
        );
    }
    assert!(!asked.is_empty());

    let mut rows = home.query("select * from activity_logs");
    assert_eq!(rows.len(), 1, "{rows:?}");
    let row = rows[0].as_object_mut().expect("an object");
    let loaded_at = row.remove("loaded_at").expect("when it was stored");
    assert!(
        loaded_at
            .as_str()
            .is_some_and(|at| at.parse::<jiff::Timestamp>().is_ok()),
        "{loaded_at}"
    );
    let hash = row.remove("stable_hash").expect("what tells its revisions apart");
    assert!(hash.as_str().is_some_and(|hash| hash.len() == 32), "{hash}");
    let expected: Value = serde_json::from_str(expected).expect("JSON");
    let expected = expected.as_object().expect("an object");
    for (column, value) in expected {
        assert_eq!(row.get(column), Some(value), "{name}: {column}");
    }
    assert_eq!(row.len(), expected.len(), "{name}: {:?}", row.keys());

    let found = home.query(
        "select (select count(*) from rejects) as rejects, (select count(*) from activity_logs_superseded) as old",
    );
    assert_eq!(json!(found), json!([{ "rejects": 0, "old": 0 }]));
    let loads = "select received, stored, duplicates, rejects from loads where source = $source order by load";
    let loads = home
        .ok(&[
            "query",
            loads,
            "--param",
            &format!("source={SOURCE}"),
            "--format",
            "json",
        ])
        .stdout;
    let loads: Vec<Value> = serde_json::from_str(&loads).expect("an array");
    // A page that tells nothing true of itself is asked for again before its end is believed.
    let (received, duplicates) = (loads[0]["received"].as_u64(), loads[0]["duplicates"].as_u64());
    assert_eq!(received, duplicates.map(|duplicates| duplicates + 1));
    assert_eq!((&loads[0]["stored"], &loads[0]["rejects"]), (&json!(1), &json!(0)));
    assert!(loads.iter().skip(1).all(|load| load["stored"] == 0), "{loads:?}");

    let id = page["results"][0]["id"].as_str().expect("an id");
    let shown: Vec<Value> = serde_json::from_str(&home.ok(&["show", id, "--format", "json"]).stdout).expect("an array");
    let raw = shown[0]["raw"].as_str().expect("the record as received");
    assert!(body.contains(raw), "{name}: not the bytes that were sent: {raw}");
    home.ok(&["verify"]);
}

#[test]
fn the_page_of_2025_is_loaded_column_by_column() {
    assert_loads("secoda_audit_logs_2025", OF_2025);
}

#[test]
fn the_page_of_the_contract_is_loaded_column_by_column() {
    assert_loads("secoda_audit_logs_contract", OF_THE_CONTRACT);
}
