//! What the warehouse holds of a simulated account of Zendesk, and what it ought to hold and to claim. Apart from the tests,
//! which say what is done before it is looked at.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::environment::{Account, Home, short};

pub(crate) const BOTH: [&str; 2] = ["pagination = \"cursor\"", "pagination = \"offset\""];

/// What the warehouse holds, by id, without what the service renders anew for every request.
pub(crate) fn held(home: &Home) -> BTreeMap<i64, Value> {
    let sql = "select id, action, actor_id, change_description, epoch_us(created_at) as created_us, ip_address, source_id, \
               source_type, revision from zendesk_audit_logs_revisions";
    let mut held = BTreeMap::new();
    for mut row in home.query(sql) {
        let id = row["id"].as_i64().expect("a number");
        let revision = row.as_object_mut().expect("an object").remove("revision");
        assert_eq!(revision, Some(json!(1)), "{id} was revised");
        assert!(held.insert(id, row).is_none(), "{id} is doubled");
    }
    held
}

/// What of the account a filter lets through, as the warehouse ought to hold it.
pub(crate) fn expected(account: &Account, passes: impl Fn(&Value) -> bool) -> BTreeMap<i64, Value> {
    let rows = account.running.truth().records.into_iter();
    let as_held = |row: &Value| {
        let at: Timestamp = row["created_at"].as_str().expect("a time").parse().expect("a time");
        json!({
            "id": row["id"], "action": row["action"], "actor_id": row["actor_id"],
            "change_description": row["change_description"], "created_us": at.as_microsecond(),
            "ip_address": row["ip_address"], "source_id": row["source_id"], "source_type": row["source_type"],
        })
    };
    rows.filter(|(_, row)| passes(row))
        .map(|(id, row)| (id, as_held(&row)))
        .collect()
}

#[track_caller]
pub(crate) fn assert_same(held: &BTreeMap<i64, Value>, expected: &BTreeMap<i64, Value>, what: &str) {
    let lost: Vec<_> = expected.keys().filter(|id| !held.contains_key(id)).collect();
    let more: Vec<_> = held.keys().filter(|id| !expected.contains_key(id)).collect();
    assert!(
        lost.is_empty() && more.is_empty(),
        "{what}: lost {lost:?}, invented {more:?}"
    );
    let differs = held.iter().zip(expected).find(|(left, right)| left != right);
    assert!(differs.is_none(), "{what}: {}", short(&differs));
}

#[track_caller]
pub(crate) fn assert_exact(home: &Home, account: &Account, what: &str) {
    assert_same(&held(home), &expected(account, |_| true), what);
}

/// Each interval of the coverage as state, begin and end.
pub(crate) fn coverage(home: &Home) -> Vec<(String, i64, i64)> {
    let sql = "select state, epoch_us(from_at) as f, epoch_us(to_at) as t from coverage order by from_at";
    let number = |value: &Value| value.as_i64().expect("a time");
    let state = |row: &Value| row["state"].as_str().expect("a state").to_owned();
    let rows = home.query(sql);
    rows.iter()
        .map(|row| (state(row), number(&row["f"]), number(&row["t"])))
        .collect()
}

pub(crate) const DAY: i64 = 86_400_000_000;
pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const SETTLE: i64 = 300 * SECOND;
/// 2000-01-01.
pub(crate) const EARLIEST: i64 = 946_684_800 * SECOND;

pub(crate) fn now(account: &Account) -> i64 {
    account.running.clock().now().as_microsecond()
}

/// Nothing is missing up to five minutes ago: nothing was offered before the oldest row, and what is older than a day is
/// final.
#[track_caller]
pub(crate) fn assert_covered(home: &Home, now: i64) {
    let coverage = coverage(home);
    let last = coverage.last().expect("an interval").2;
    assert_eq!((coverage[0].1, last), (EARLIEST, now - SETTLE), "{coverage:?}");
    for pair in coverage.windows(2) {
        assert_eq!(pair[0].2, pair[1].1, "{coverage:?}");
    }
    for (state, from, to) in &coverage {
        let is_right = match state.as_str() {
            "not_offered" => *from == EARLIEST,
            "final" => *to <= now - DAY,
            "provisional" => *to > now - DAY,
            _ => false,
        };
        assert!(is_right, "{coverage:?}");
    }
    assert_eq!(home.number("select count(*) from coverage_gaps"), 0);
}
