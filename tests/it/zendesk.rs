//! Zendesk's audit logs pulled in closed windows from the simulated account: every row, nothing claimed that was not handed
//! on, and none of the defects known of other loaders.

mod account;

use jiff::{SignedDuration, Timestamp};
use trailhouse::coverage::Span;
use trailhouse::pull::windows::Windowed;
use trailhouse::schema::{DAY, Micros, SECOND};
use trailhouse::simulator::faults::{Fault, FaultPlan, RetryAfter, When};
use trailhouse::simulator::script::Script;
use trailhouse::simulator::zendesk::door::Forbidden;
use trailhouse::simulator::zendesk::history::{self, ABOVE_TWO_TO_53, History};
use trailhouse::simulator::zendesk::script::{self, Change};
use trailhouse::simulator::zendesk::switches::{Bounds, BrokenCursor, Switches};
use trailhouse::simulator::zendesk::{ZendeskSimulator, transient_faults};
use trailhouse::source::Pagination;

use account::{BOTH, account, client, end, end_at, joined, key_of, list, matches, month, read, read_whole, windows};

#[tokio::test]
async fn every_row_comes_under_all_switches_and_transient_faults() {
    for seed in 0..24 {
        for pagination in BOTH {
            let mut simulator = account(seed, 1_200);
            simulator.switches = Switches::drawn(seed);
            simulator.faults = FaultPlan::drawn(seed, 60, transient_faults());
            let running = simulator.start(0).await.expect("a socket");
            let client = client(&running);
            let rows = read_whole(&running, &list(&client, pagination), &windows()).await;
            assert_eq!(rows, running.truth().stable(), "seed {seed}");
        }
    }
}

#[tokio::test]
async fn rows_that_arrive_while_windows_are_read_shift_nothing() {
    for seed in 0..24 {
        for pagination in BOTH {
            let mut simulator = account(seed, 800);
            simulator.switches = Switches::drawn(seed);
            simulator.script = script::drawn(seed, 60);
            let running = simulator.start(0).await.expect("a socket");
            let client = client(&running);
            let told = read(&running, &list(&client, pagination), &windows()).await;
            let mut all = told.proven;
            for gap in &told.missing {
                assert!(gap.span.from > end() - 3_600 * SECOND, "seed {seed}: {gap:?}");
                all.push(gap.span);
            }
            assert_eq!(joined(&all), joined(&[month()]), "seed {seed}");
            assert!(pagination == Pagination::Offset || told.missing.is_empty());
        }
    }
}

#[tokio::test]
async fn filters_of_every_kind_are_kept_to() {
    let pairs = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    let running = account(3, 1_500).start(0).await.expect("a socket");
    let client = client(&running);
    let truth = running.truth().stable();
    let sample = truth
        .values()
        .find(|row| row["ip_address"].is_string() && row["source_id"].is_i64() && row["source_type"] != "account")
        .expect("a row")
        .clone();
    let text = |column: &str| {
        sample[column]
            .as_str()
            .map_or_else(|| sample[column].to_string(), str::to_owned)
    };
    let (actor, address) = (text("actor_id"), text("ip_address"));
    let (kind, source) = (text("source_type"), text("source_id"));
    let cases = [
        pairs(&[("filter[action][]", "login"), ("filter[action][]", "destroy")]),
        pairs(&[("filter[actor_id]", &actor)]),
        pairs(&[("filter[ip_address]", &address)]),
        pairs(&[("filter[source_type]", &kind), ("filter[source_id]", &source)]),
    ];
    for filter in cases {
        for pagination in BOTH {
            let list = Windowed {
                filter: filter.clone(),
                ..list(&client, pagination)
            };
            let rows = read_whole(&running, &list, &windows()).await;
            assert!(!rows.is_empty(), "{filter:?}");
            assert!(
                truth.iter().filter(|(_, row)| matches(&filter, row)).eq(&rows),
                "{filter:?}"
            );
        }
    }
}

/// A strict comparison on whole seconds loses what else the last second holds.
#[tokio::test]
async fn the_rest_of_a_second_is_not_lost() {
    for seed in 0..4 {
        for pagination in BOTH {
            let mut simulator = account(seed, 100);
            simulator.switches.bounds = Bounds {
                start_inclusive: seed % 2 == 0,
                end_inclusive: seed < 2,
            };
            let running = simulator.start(0).await.expect("a socket");
            let border: Timestamp = "2026-06-20T12:00:00Z".parse().expect("a time");
            for second in -1..=1 {
                running.burst(border + SignedDuration::from_secs(second), 130);
            }
            let client = client(&running);
            let border = border.as_microsecond();
            for border in [border - SECOND, border, border + SECOND] {
                let windows = [Span::new(month().from, border), Span::new(border, month().to)];
                for window in windows {
                    read_whole(&running, &list(&client, pagination), &[window]).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_boundary_second_with_more_rows_than_a_page_is_no_endless_loop() {
    let running = account(1, 100).start(0).await.expect("a socket");
    let at: Timestamp = "2026-06-20T12:00:00Z".parse().expect("a time");
    running.burst(at, 1_250);
    let client = client(&running);
    let at = at.as_microsecond();
    let rows = read_whole(
        &running,
        &list(&client, Pagination::Cursor),
        &[Span::new(at - 60 * SECOND, at), Span::new(at, at + SECOND)],
    )
    .await;
    assert!(rows.len() >= 1_250);
    assert!(running.requests().len() < 40);
}

#[tokio::test]
async fn a_null_or_repeated_cursor_is_neither_the_end_nor_a_loop() {
    for broken in [BrokenCursor::Null, BrokenCursor::Repeated] {
        let mut simulator = account(2, 1_000);
        simulator.script = Script::none()
            .before(3, Change::BreakCursor(Some(broken)))
            .before(6, Change::BreakCursor(None));
        let running = simulator.start(0).await.expect("a socket");
        let client = client(&running);
        let rows = read_whole(&running, &list(&client, Pagination::Cursor), &[month()]).await;
        assert_eq!(rows, running.truth().stable());

        let mut simulator = account(2, 0);
        simulator.switches.broken_cursor = Some(broken);
        let running = simulator.start(0).await.expect("a socket");
        let crowded: Timestamp = "2026-06-20T12:00:00Z".parse().expect("a time");
        running.burst(crowded, 350);
        let client = account::client(&running);
        let told = read(&running, &list(&client, Pagination::Cursor), &[month()]).await;
        assert!(
            told.result
                .is_err_and(|error| error.to_string().contains("cursor") || error.to_string().contains("links.next"))
        );
        assert_eq!(told.missing.len(), 1);
        assert!(running.requests().len() < 12);
    }
}

#[tokio::test]
async fn an_error_is_not_taken_for_the_end() {
    for pagination in BOTH {
        let mut simulator = account(5, 1_000);
        let fault = Fault::Status {
            code: 500,
            retry_after: None,
            body: "{}".to_owned(),
        };
        simulator.faults = FaultPlan::always(When::From(6), fault);
        let running = simulator.start(0).await.expect("a socket");
        let client = client(&running);
        let told = read(&running, &list(&client, pagination), &windows()).await;
        assert!(told.result.is_err());
        assert!(told.proven.iter().map(|span| span.to - span.from).sum::<Micros>() < 20 * DAY);
    }
}

#[tokio::test]
async fn forbidden_is_not_taken_for_empty() {
    for forbidden in [Forbidden::Plan, Forbidden::Scope] {
        for pagination in BOTH {
            let mut simulator = account(5, 100);
            simulator.switches.access.forbidden = Some(forbidden);
            let running = simulator.start(0).await.expect("a socket");
            let client = client(&running);
            let list = list(&client, pagination);
            let told = read(&running, &list, &windows()).await;
            assert!(told.result.is_err_and(|error| error.is_credentials()));
            assert!(told.proven.is_empty() && told.missing.is_empty());
            assert!(list.newest().await.is_err_and(|error| error.is_credentials()));
            assert!(list.oldest().await.is_err_and(|error| error.is_credentials()));
        }
    }
}

#[tokio::test]
async fn credentials_that_end_in_the_middle_end_the_reading() {
    for pagination in BOTH {
        let mut simulator = account(5, 1_000);
        simulator.faults = FaultPlan::once(When::Request(7), Fault::KeyRevoked);
        let running = simulator.start(0).await.expect("a socket");
        let client = client(&running);
        let told = read(&running, &list(&client, pagination), &windows()).await;
        assert!(told.result.is_err_and(|error| error.is_credentials()));
        assert!(!told.proven.is_empty() || pagination == Pagination::Offset);
    }
}

#[tokio::test]
async fn an_ignored_parameter_is_not_believed() {
    let window = Span::new(end() - 10 * DAY, end() - 5 * DAY);
    for pagination in BOTH {
        for ignored in ["created_at", "action"] {
            let mut simulator = account(6, 1_000);
            simulator.switches.ignored = vec![ignored];
            let running = simulator.start(0).await.expect("a socket");
            let client = client(&running);
            let list = Windowed {
                filter: vec![("filter[action][]".to_owned(), "login".to_owned())],
                ..list(&client, pagination)
            };
            let told = read(&running, &list, &[window]).await;
            let error = told.result.expect_err("it was noticed");
            let named = format!("the service ignores filter[{ignored}]");
            assert!(error.to_string().contains(&named), "{error}");
            assert_eq!(told.proven, []);
            assert_eq!(running.requests().len(), 1);
        }
        let mut simulator = account(6, 1_000);
        simulator.switches.ignored = vec!["sort"];
        let running = simulator.start(0).await.expect("a socket");
        let client = client(&running);
        let rows = read_whole(&running, &list(&client, pagination), &windows()).await;
        assert_eq!(rows, running.truth().stable());
    }
}

#[tokio::test]
async fn ids_above_two_to_the_53_keep_their_last_digit() {
    let mut settings = history::Settings::new(8, 500, 30, end_at());
    settings.first_id = ABOVE_TWO_TO_53;
    let running = ZendeskSimulator::new(History::draw(&settings))
        .start(0)
        .await
        .expect("a socket");
    let client = client(&running);
    let rows = read_whole(&running, &list(&client, Pagination::Cursor), &windows()).await;
    assert_eq!(rows, running.truth().stable());
}

#[tokio::test]
async fn the_cap_of_ten_thousand_is_met_by_smaller_windows() {
    let running = account(9, 26_000).start(0).await.expect("a socket");
    let client = client(&running);
    let rows = read_whole(&running, &list(&client, Pagination::Offset), &[month()]).await;
    assert_eq!(rows.len(), running.ids().len());
}

#[tokio::test]
async fn twelve_thousand_rows_in_one_second_are_complete_in_both_modes() {
    for seed in [0, 3] {
        for pagination in BOTH {
            let mut simulator = account(seed, 300);
            simulator.switches.bounds = Bounds {
                start_inclusive: seed % 2 == 0,
                end_inclusive: seed < 2,
            };
            let running = simulator.start(0).await.expect("a socket");
            running.burst("2026-06-20T12:00:00Z".parse().expect("a time"), 12_000);
            let client = client(&running);
            let rows = read_whole(&running, &list(&client, pagination), &windows()).await;
            assert!(rows.len() >= 12_300);
        }
    }
}

#[tokio::test]
async fn a_quiet_hour_is_no_failure() {
    let running = account(4, 0).start(0).await.expect("a socket");
    let client = client(&running);
    for pagination in BOTH {
        let hour = Span::new(end() - 3_600 * SECOND, end());
        let before = running.requests().len();
        read_whole(&running, &list(&client, pagination), &[hour]).await;
        assert_eq!(running.requests().len(), before + 1);
        let newest = list(&client, pagination).newest().await.expect("an answer");
        assert!(newest.rows.is_empty() && newest.service_at == Some(end()));
    }
}

#[tokio::test]
async fn the_first_load_reaches_back_to_the_first_row() {
    for pagination in BOTH {
        for ignored in [vec![], vec!["sort"]] {
            let mut simulator = account(11, 700);
            simulator.switches.ignored = ignored;
            let running = simulator.start(0).await.expect("a socket");
            let client = client(&running);
            let list = list(&client, pagination);
            let truth = running.truth().records;
            let first = truth.values().map(key_of).min().expect("a row");
            let oldest = list.oldest().await.expect("an answer").expect("a row");
            assert!((first - SECOND..=first).contains(&oldest));
            let newest = list.newest().await.expect("an answer");
            assert_eq!(newest.key, truth.values().map(key_of).max());
        }
    }
}

#[tokio::test]
async fn a_limit_that_is_told_is_waited_for() {
    let mut simulator = account(12, 400);
    let fault = Fault::Status {
        code: 429,
        retry_after: Some(RetryAfter::Seconds(0)),
        body: "Number of allowed API requests per minute exceeded".to_owned(),
    };
    simulator.faults = FaultPlan::once(When::Request(2), fault);
    let running = simulator.start(0).await.expect("a socket");
    let client = client(&running);
    let rows = read_whole(&running, &list(&client, Pagination::Cursor), &windows()).await;
    assert_eq!(rows, running.truth().stable());
}
