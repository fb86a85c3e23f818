//! `probe` against simulated services of every kind: what it finds is what their switches say, it asks little and changes
//! nothing, and a sync makes use of what it found.

mod kept;
mod rights;
mod zendesk;

use regex::Regex;
use serde_json::Value;
use trailhouse::simulator::Simulator;
use trailhouse::simulator::faults::{Fault, FaultPlan, When};
use trailhouse::simulator::script::{Change, Script};
use trailhouse::simulator::switches::{
    BeyondCap, Cap, DateHeader, DateOperators, NextPage, Order, PastTheEnd, Tally, Ties, UnknownOperator,
};

use crate::environment::{Ended, Home, SOURCE, Service, simulator};

const MOST_REQUESTS: usize = 25;
const ALL: &str = "streams = [\"audit_logs\", \"resource_logs\", \"notifications\"]";
const UNKNOWN: [UnknownOperator; 4] = [
    UnknownOperator::BadRequest,
    UnknownOperator::Unprocessable,
    UnknownOperator::Nothing,
    UnknownOperator::Everything,
];

/// What one probe said.
struct Probed {
    ended: Ended,
    rows: Vec<Value>,
}

impl Probed {
    fn of(home: &Home) -> Self {
        let ended = home.run(&["probe", SOURCE, "--format", "json"]);
        let rows = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
        Self { ended, rows }
    }

    /// The finding and its level; of the first stream that has one.
    #[track_caller]
    fn finding(&self, question: &str) -> (&str, &str) {
        let row = self.rows.iter().find(|row| row["question"] == question);
        let row = row.unwrap_or_else(|| panic!("nothing about {question}: {:#?}", self.rows));
        (
            row["finding"].as_str().expect("a text"),
            row["level"].as_str().expect("a text"),
        )
    }

    #[track_caller]
    fn says(&self, question: &str, finding: &str, level: &str) {
        let said = self.finding(question);
        assert!(
            said.0.starts_with(finding) && said.1 == level,
            "{question}: {said:?}, not {finding} ({level})"
        );
    }

    fn rights(&self, stream: &str) -> (&str, &str) {
        let is_meant = |row: &&Value| row["question"] == "rights" && row["stream"] == stream;
        let row = self.rows.iter().find(is_meant).expect("a row of the stream");
        (
            row["finding"].as_str().expect("a text"),
            row["level"].as_str().expect("a text"),
        )
    }
}

/// Probes a simulated service, within the bounds of every probe.
#[track_caller]
fn probed(drawn: Simulator) -> Probed {
    let service = Service::start(drawn);
    let home = Home::new();
    home.configure(&service.running.base_url(), ALL);
    let probed = Probed::of(&home);
    assert_polite(&service);
    probed
}

#[track_caller]
fn assert_polite(service: &Service) {
    let requests = service.running.requests();
    assert!(requests.len() <= MOST_REQUESTS, "{} requests", requests.len());
    assert!(requests.iter().all(|request| request.method == "GET"));
}

fn pages_of(events: usize, size: usize) -> Simulator {
    let mut drawn = simulator(3, events);
    drawn.switches.page_size = size;
    drawn
}

fn operators(before: &str, at_or_after: &str) -> DateOperators {
    DateOperators {
        at_or_after: at_or_after.to_owned(),
        before: before.to_owned(),
    }
}

#[test]
fn an_ordinary_service_is_found_as_its_contract_says() {
    let probed = probed(pages_of(615, 20));
    assert_eq!(probed.ended.code, Some(0), "{:#?}", probed.rows);
    for stream in ["audit_logs", "resource_logs", "notifications"] {
        let (finding, level) = probed.rights(stream);
        assert!(finding.starts_with("let in") && level == "ok", "{stream}: {finding}");
    }
    probed.says("connection", "plain http to 127.0.0.1", "ok");
    probed.says(
        "sort",
        "honoured both ways by updated_at; without it rows come newest first",
        "ok",
    );
    probed.says("sortable fields", "updated_at; not created_at, logged_at", "ok");
    probed.says("page size", "page_size is ignored: a page holds 20 rows", "ok");
    probed.says("past the end", "an empty page", "ok");
    probed.says("counts", "exact: 615 rows in 31 pages", "ok");
    probed.says("cap", "none down to the last of 31 pages", "ok");
    probed.says(
        "date operators",
        "none that sync can use: refused (400): lt, gte,",
        "ok",
    );
    probed.says("rate limits", "no header tells of a limit", "note");
    let keys = ["advice", "finding", "level", "question", "stream"];
    for row in &probed.rows {
        let row = row.as_object().expect("an object");
        assert!(row.keys().eq(keys), "{row:?}");
        assert_eq!(row["advice"].is_null(), row["level"] == "ok", "{row:?}");
    }
}

#[test]
fn the_order_found_is_the_order_there_is() {
    use Order::{NewestFirst, OldestFirst, Unordered};
    let both = "honoured both ways by updated_at; without it rows come ";
    let cases = [
        (true, NewestFirst, format!("{both}newest first"), "ok", 0),
        (true, OldestFirst, format!("{both}oldest first"), "ok", 0),
        (true, Unordered, format!("{both}in no order"), "ok", 0),
        (
            false,
            NewestFirst,
            "ignored: rows come newest first".to_owned(),
            "note",
            0,
        ),
        (
            false,
            OldestFirst,
            "ignored: rows come oldest first".to_owned(),
            "look",
            3,
        ),
        (false, Unordered, "ignored: rows come in no order".to_owned(), "look", 3),
    ];
    for (honoured, order, finding, level, code) in cases {
        let mut drawn = pages_of(300, 20);
        (drawn.switches.sort_honoured, drawn.switches.default_order) = (honoured, order);
        drawn.switches.date_operators = Some(operators("lt", "gte"));
        let probed = probed(drawn);
        probed.says("sort", &finding, level);
        probed.says(
            "date operators",
            "`lt` gives the rows before a moment of updated_at, `gte` the others",
            "ok",
        );
        assert_eq!(probed.ended.code, Some(code), "{honoured} {order:?}");
    }
}

#[test]
fn the_end_the_size_and_the_counts_are_found() {
    let ends = [
        (PastTheEnd::Empty, "an empty page"),
        (PastTheEnd::NotFound, "refused (404)"),
        (PastTheEnd::RepeatLast, "the last page again"),
    ];
    for (past, finding) in ends {
        for events in [12, 300, 301] {
            for next in [NextPage::Null, NextPage::Absent, NextPage::Zero] {
                let mut drawn = pages_of(events, 20);
                (drawn.switches.past_the_end, drawn.switches.next_page) = (past, next);
                drawn.switches.page_size_honoured = next == NextPage::Null;
                let probed = probed(drawn);
                probed.says("past the end", finding, "ok");
                probed.says("counts", &format!("exact: {events} rows"), "ok");
                let size = if next == NextPage::Null {
                    "page_size is honoured"
                } else {
                    "page_size is ignored"
                };
                probed.says("page size", size, "ok");
                assert_eq!(probed.ended.code, Some(0));
            }
        }
    }
    let tallies = [
        (Tally::Zero, Tally::Exact, "the list does not say"),
        (Tally::Exact, Tally::Zero, "the list does not say"),
        (Tally::Rounded, Tally::Exact, "not exact: 600 rows in 31 pages are told"),
        (Tally::Drifting, Tally::Exact, "differ between answers"),
    ];
    for (count, total, finding) in tallies {
        let mut drawn = pages_of(615, 20);
        (drawn.switches.count, drawn.switches.total_pages) = (count, total);
        drawn.switches.date_operators = Some(operators("before", "on_or_after"));
        let probed = probed(drawn);
        probed.says("counts", finding, "note");
        probed.says("date operators", "`before` gives the rows before a moment", "ok");
    }
}

#[test]
fn an_operator_is_believed_only_if_it_parts_the_rows() {
    let known = [
        (None, None),
        (Some(operators("lt", "gte")), Some(("lt", "gte"))),
        (
            Some(operators("before", "on_or_after")),
            Some(("before", "on_or_after")),
        ),
        (
            Some(operators("on_or_before", "after")),
            Some(("on_or_before", "after")),
        ),
        (Some(operators("lte", "gt")), Some(("lte", "gt"))),
        (Some(operators("older_than", "newer_than")), None),
        (Some(operators("lt", "newer_than")), None),
    ];
    for unknown in UNKNOWN {
        for (names, found) in &known {
            for ties in [Ties::Stable, Ties::Shuffled] {
                let mut drawn = pages_of(300, 20);
                drawn.switches.unknown_operator = unknown;
                drawn.switches.ties = ties;
                drawn.switches.date_operators.clone_from(names);
                let probed = probed(drawn);
                assert_eq!(probed.ended.code, Some(0));
                if let Some((before, after)) = found {
                    let finding =
                        format!("`{before}` gives the rows before a moment of updated_at, `{after}` the others");
                    probed.says("date operators", &finding, "ok");
                } else {
                    let word = match unknown {
                        UnknownOperator::BadRequest => "refused (400)",
                        UnknownOperator::Unprocessable => "refused (422)",
                        UnknownOperator::Nothing => "answered with nothing",
                        UnknownOperator::Everything => "ignored, everything comes",
                    };
                    probed.says("date operators", "none that sync can use: ", "ok");
                    assert!(
                        probed.finding("date operators").0.contains(word),
                        "{:?}",
                        probed.finding("date operators")
                    );
                }
            }
        }
    }
}

#[test]
fn too_few_rows_tell_little_and_are_said_to() {
    for events in [1, 2] {
        let probed = probed(pages_of(events, 20));
        probed.says("date operators", "cannot be told", "note");
        assert_eq!(probed.ended.code, Some(0), "{:#?}", probed.rows);
    }
    let nothing = probed(pages_of(0, 20));
    assert_eq!(nothing.rights("audit_logs"), ("let in, and shown no rows", "look"));
    assert_eq!(nothing.ended.code, Some(3));
}

#[test]
fn faults_in_the_middle_leave_questions_open() {
    let mut drawn = pages_of(300, 20);
    let fault = Fault::Status {
        code: 500,
        retry_after: None,
        body: "oops".to_owned(),
    };
    drawn.faults = FaultPlan::always(When::From(3), fault);
    let service = Service::start(drawn);
    let home = Home::of(&service);
    home.configure(&service.running.base_url(), "attempts = 1");
    let probed = Probed::of(&home);
    assert_eq!(probed.ended.code, Some(1));
    probed.says("further questions", "not asked: 500", "failed");
    assert_polite(&service);
}

#[test]
fn an_account_in_use_is_judged_alike() {
    for seed in 1..=12 {
        let mut drawn = pages_of(600, 20);
        drawn.script = (2..=20).fold(Script::none(), |script, request| {
            script.before(request, Change::Arrive(1))
        });
        drawn.script = Script::drawn(seed, 25, false).before(4, Change::Arrive(2));
        drawn.switches.date_operators = Some(operators("lt", "gte"));
        let probed = probed(drawn);
        let (finding, _) = probed.finding("date operators");
        assert!(
            finding.starts_with("`lt` gives") || finding.contains("unclear"),
            "seed {seed}: {finding}"
        );
        probed.says("sort", "honoured both ways", "ok");
    }
}

#[test]
fn the_oldest_row_and_the_clock_are_told() {
    let at = Regex::new(r"^2026-0[56]-\S+Z, 2[89] days back").expect("a pattern");
    for (days, level) in [(28, "ok"), (90, "note")] {
        let mut drawn = pages_of(600, 20);
        drawn.switches.retention_days = Some(29);
        drawn.switches.date = DateHeader::Clock;
        let service = Service::start(drawn);
        let home = Home::new();
        home.configure(&service.running.base_url(), &format!("retention_days = {days}"));
        let probed = Probed::of(&home);
        let (finding, said) = probed.finding("oldest row");
        assert!(
            finding.contains(&format!("retention_days is {days}")) && said == level,
            "{finding} {said}"
        );
        assert!(at.is_match(finding), "{finding}");
        // The simulator's clock stands in the past.
        assert!(probed.finding("clock").0.contains("of the service's") || probed.finding("clock").0.contains("behind"));
    }
    let mut drawn = pages_of(100, 20);
    drawn.switches.date = DateHeader::Absent;
    probed(drawn).says("clock", "the service does not tell its time", "note");
}

fn capped(beyond: BeyondCap) -> Simulator {
    let mut drawn = pages_of(700, 10);
    drawn.switches.cap = Some(Cap { rows: 200, beyond });
    drawn
}

#[test]
fn a_cap_is_found_where_it_is() {
    let place = Regex::new(r"rows (\d+) and (\d+), though it has 70 pages$").expect("a pattern");
    for beyond in [BeyondCap::BadRequest, BeyondCap::Empty] {
        for (names, level, code) in [(Some(operators("lt", "gte")), "note", 0), (None, "look", 3)] {
            let mut drawn = capped(beyond);
            drawn.switches.date_operators = names;
            let probed = probed(drawn);
            let (finding, said) = probed.finding("cap");
            let rows = place.captures(finding).unwrap_or_else(|| panic!("{finding}"));
            let [low, high] = [1, 2].map(|at| rows[at].parse::<u64>().expect("a number"));
            assert!(low <= 200 && 200 <= high && high - low <= 60, "{finding}");
            assert_eq!((said, probed.ended.code), (level, Some(code)));
        }
    }
    let mut drawn = pages_of(10_400, 50);
    let beyond = BeyondCap::BadRequest;
    drawn.switches.cap = Some(Cap { rows: 10_000, beyond });
    let probed = probed(drawn);
    probed.says(
        "cap",
        "the list stops after page 200, row 10000, though it has 208 pages",
        "look",
    );
    probed.says("past the end", "not asked", "ok");
}
