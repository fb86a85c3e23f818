//! Pages of notifications: of the workspace under one or two paths, and of one resource. Apart from the other lists:
//! they lead on by absolute links and reach back so many days.

use jiff::SignedDuration;
use serde_json::json;
use url::form_urlencoded;

use super::audit_page::natural;
use super::filter::{Filter, Refusal};
use super::listing::Shown;
use super::notices::{Wanted, notification};
use super::order::Ask;
use super::service::{Answer, JSON, RESOURCE_NOTIFICATIONS, Service, error};
use super::switches::{NextPage, PastTheEnd};

const MAX_PAGE_SIZE: usize = 100;
const DAYS: usize = 90;

/// What notifications are asked for, as the parameters say.
struct Query {
    page: usize,
    page_size: usize,
    days: Option<usize>,
    wanted: Wanted,
    /// All parameters but the page, to be sent again by a link.
    others: Vec<(String, String)>,
}

impl Service {
    /// Answers with a page of the notifications listed under `path`.
    pub fn notifications(&mut self, path: &str, query: &str) -> Result<Answer, Refusal> {
        let mut asked = self.read_notice_query(path, query)?;
        let mut number = asked.page;
        let (mut rows, count) = self.cut_notices(&mut asked, number);
        let pages = count.div_ceil(asked.page_size).max(1);
        if number > pages {
            match self.switches.past_the_end {
                PastTheEnd::Empty => {}
                PastTheEnd::NotFound => return Ok(error(404, "Invalid page.")),
                PastTheEnd::RepeatLast => {
                    number = pages;
                    rows = self.cut_notices(&mut asked, number).0;
                }
            }
        }
        let form = (self.switches.notifications.dialect, self.switches.shape);
        let results = rows.iter().map(|row| notification(&self.listing.workspace, *row, form));
        let next = (number < pages).then(|| self.link(path, &asked, number + 1));
        let mut body = json!({
            "count": self.switches.count.told(count, self.salt()),
            "next": next,
            "previous": (number > 1).then(|| self.link(path, &asked, number - 1)),
            "results": results.collect::<Vec<_>>(),
        });
        if next.is_none()
            && self.switches.next_page == NextPage::Absent
            && let Some(members) = body.as_object_mut()
        {
            members.remove("next");
        }
        Ok(Answer {
            status: 200,
            content_type: JSON,
            body: body.to_string().into_bytes(),
            shown: Shown {
                notices: rows,
                ..Shown::default()
            },
            ..Answer::default()
        })
    }

    fn read_notice_query(&self, path: &str, query: &str) -> Result<Query, Refusal> {
        let switches = &self.switches.notifications;
        let is_resource = path == RESOURCE_NOTIFICATIONS;
        let mut asked = Query {
            page: 1,
            page_size: switches.page_size.clamp(1, MAX_PAGE_SIZE),
            days: (!is_resource).then_some(DAYS),
            wanted: Wanted {
                from: i64::MIN,
                ..Wanted::default()
            },
            others: Vec::new(),
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "page" => {
                    asked.page = natural(&value)?;
                    continue;
                }
                "page_size" if switches.page_size_honoured => asked.page_size = natural(&value)?.min(MAX_PAGE_SIZE),
                "days" if !is_resource => asked.days = Some(natural(&value)?),
                "sender_id" if !value.is_empty() => asked.wanted.sender_id = Some(value.to_string()),
                "resource_id" if !value.is_empty() => asked.wanted.resource_id = Some(value.to_string()),
                _ => {}
            }
            asked.others.push((name.into_owned(), value.into_owned()));
        }
        if is_resource && asked.wanted.resource_id.is_none() {
            return Err(Refusal::Unprocessable("resource_id is missing".to_owned()));
        }
        if self.switches.sees_nothing {
            asked.wanted.from = i64::MAX;
        }
        match (asked.days, switches.most_days) {
            (Some(days), Some(most)) if days > most => Err(Refusal::BadRequest(format!("days is {most} at most"))),
            _ => Ok(asked),
        }
    }

    fn cut_notices(&mut self, asked: &mut Query, number: usize) -> (Vec<u32>, usize) {
        let ask = Ask {
            filter: &Filter::Everything,
            order: self.switches.notifications.order,
            ties: self.switches.ties,
            salt: self.salt(),
            first: (number - 1).saturating_mul(asked.page_size),
            rows: asked.page_size,
        };
        let day = SignedDuration::from_hours(24);
        let age = asked
            .days
            .map(|days| day.saturating_mul(i32::try_from(days).unwrap_or(i32::MAX)));
        self.listing.notices(&mut asked.wanted, age, &ask)
    }

    fn link(&self, path: &str, asked: &Query, page: usize) -> String {
        let base = self.switches.notifications.link_base.as_ref().unwrap_or(&self.base_url);
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("page", &page.to_string());
        query.extend_pairs(&asked.others);
        format!("{base}{path}?{}", query.finish())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use jiff::Timestamp;
    use serde_json::Value;

    use super::*;
    use crate::simulator::client::{Got, get};
    use crate::simulator::listing::Pick;
    use crate::simulator::service::{BARE_NOTIFICATIONS, WORKSPACE_NOTIFICATIONS};
    use crate::simulator::switches::{Dialect, Notifications, Offer, Order, Shape, Switches};
    use crate::simulator::workspace::{Settings, Workspace};
    use crate::simulator::{Running, Simulator, TOKEN};

    const SENDER_FIELDS: [&str; 16] = [
        "id",
        "created_at",
        "resource_id",
        "resource_title",
        "resource_type",
        "event",
        "content",
        "sender",
        "metadata",
        "short_summary",
        "short_summary_markdown",
        "subject",
        "entity_type",
        "entity_id",
        "entity_snapshot_key",
        "performer",
    ];

    fn simulator(events: usize) -> Simulator {
        let end_at: Timestamp = "2026-06-30T15:00:00Z".parse().unwrap();
        Simulator::new(Workspace::draw(&Settings::new(5, events, 120, end_at)))
    }

    async fn fetch(running: &Running, url: &str) -> Got {
        let base_url = running.base_url();
        let target = url.strip_prefix(&base_url).unwrap_or(url).to_owned();
        let got = tokio::task::spawn_blocking(move || get(&base_url, &target, Some(TOKEN)));
        got.await.unwrap().unwrap()
    }

    /// All rows from this target on, led by the links.
    async fn walk(running: &Running, target: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut target = target.to_owned();
        loop {
            let got = fetch(running, &target).await;
            assert_eq!(got.status, 200, "{target}");
            let mut json = got.json();
            rows.append(json["results"].as_array_mut().unwrap());
            match json["next"].as_str() {
                Some(next) => next.clone_into(&mut target),
                None => return rows,
            }
        }
    }

    fn by_id(rows: Vec<Value>) -> BTreeMap<String, Vec<Value>> {
        let keyed = rows
            .into_iter()
            .map(|row| (row["id"].as_str().unwrap().to_owned(), vec![row]));
        keyed.collect()
    }

    fn times(rows: &[Value]) -> Vec<Timestamp> {
        rows.iter()
            .map(|row| row["created_at"].as_str().unwrap().parse().unwrap())
            .collect()
    }

    #[tokio::test]
    async fn notifications_in_any_order_and_both_dialects_are_the_truth() {
        for order in [Order::NewestFirst, Order::OldestFirst, Order::Unordered] {
            for dialect in [Dialect::Sender, Dialect::Performer] {
                let mut drawn = simulator(500);
                drawn.switches.notifications = Notifications {
                    order,
                    dialect,
                    ..Notifications::default()
                };
                let running = drawn.start(0).await.unwrap();
                let rows = walk(&running, &format!("{WORKSPACE_NOTIFICATIONS}?days=3650")).await;
                let fields: BTreeSet<&str> = rows[0].as_object().unwrap().keys().map(String::as_str).collect();
                let expected: BTreeSet<&str> = match dialect {
                    Dialect::Sender => SENDER_FIELDS[..15].iter().copied().collect(),
                    Dialect::Performer => {
                        ["id", "created_at", "event", "resource_id", "resource_type", "performer"].into()
                    }
                };
                assert_eq!(fields, expected);
                let times = times(&rows);
                assert_eq!(times.is_sorted(), order == Order::OldestFirst);
                assert_eq!(times.iter().rev().is_sorted(), order == Order::NewestFirst);
                let truth = running.truth();
                assert!(
                    by_id(rows) == truth.notifications && truth.notifications == running.truth_served().notifications
                );
                assert!((200..400).contains(&truth.notifications.len()));
                assert!(truth.notifications.keys().all(|id| !truth.revisions.contains_key(id)));
            }
        }
    }

    #[tokio::test]
    async fn a_notification_stays_as_it_is() {
        let running = simulator(300).start(0).await.unwrap();
        let before = running.truth().notifications;
        for rank in 0..40 {
            running.revise(&Pick::Depth(rank * 20));
            running.delete(&Pick::Depth(rank * 20 + 10));
        }
        assert!(running.truth().notifications == before);
        running.arrive(50);
        let after = running.truth().notifications;
        assert!(after.len() > before.len() + 15 && before.iter().all(|(id, row)| after[id] == *row));
        let rows = walk(&running, &format!("{WORKSPACE_NOTIFICATIONS}?days=3650")).await;
        assert!(by_id(rows) == after);
    }

    #[tokio::test]
    async fn parameters_select() {
        let mut drawn = simulator(900);
        drawn.switches.notifications.most_days = Some(365);
        let running = drawn.start(0).await.unwrap();
        let all = walk(&running, &format!("{WORKSPACE_NOTIFICATIONS}?days=365&page_size=100")).await;
        let since = |days: i64| running.clock().now() - SignedDuration::from_hours(24 * days);
        let younger = |days: i64| times(&all).into_iter().filter(|at| *at >= since(days)).count();
        assert_eq!(walk(&running, WORKSPACE_NOTIFICATIONS).await.len(), younger(90));
        assert!(younger(90) < all.len() && younger(10) > 10);
        let recent = format!("{WORKSPACE_NOTIFICATIONS}?days=10");
        assert_eq!(walk(&running, &recent).await.len(), younger(10));
        assert_eq!(
            fetch(&running, &format!("{WORKSPACE_NOTIFICATIONS}?days=366"))
                .await
                .status,
            400
        );
        assert_eq!(
            fetch(&running, &format!("{WORKSPACE_NOTIFICATIONS}?days=x"))
                .await
                .status,
            422
        );
        for (name, pointer) in [("sender_id", "/sender/id"), ("resource_id", "/resource_id")] {
            let value = all.iter().find_map(|row| row.pointer(pointer)?.as_str()).unwrap();
            let expected: Vec<&Value> = all
                .iter()
                .filter(|row| row.pointer(pointer).is_some_and(|it| it == value))
                .collect();
            let rows = walk(
                &running,
                &format!("{WORKSPACE_NOTIFICATIONS}?days=365&{name}={value}&page_size=2"),
            )
            .await;
            assert_eq!(rows.iter().collect::<Vec<_>>(), expected, "{name}");
            if name == "resource_id" {
                let rows = walk(&running, &format!("{RESOURCE_NOTIFICATIONS}?resource_id={value}")).await;
                assert_eq!(rows.iter().collect::<Vec<_>>(), expected);
            }
        }
        let size = |target: String| {
            let running = &running;
            async move {
                fetch(running, &target).await.json()["results"]
                    .as_array()
                    .unwrap()
                    .len()
            }
        };
        assert_eq!(size(format!("{WORKSPACE_NOTIFICATIONS}?page_size=7")).await, 7);
        assert_eq!(size(format!("{WORKSPACE_NOTIFICATIONS}?page_size=1000")).await, 100);
        running.turn(|switches| switches.notifications.page_size_honoured = false);
        assert_eq!(size(format!("{WORKSPACE_NOTIFICATIONS}?page_size=7")).await, 20);
        assert_eq!(fetch(&running, RESOURCE_NOTIFICATIONS).await.status, 422);
    }

    #[tokio::test]
    async fn paths_ends_and_links_follow_the_switches() {
        let running = simulator(200).start(0).await.unwrap();
        let paths = [
            WORKSPACE_NOTIFICATIONS,
            BARE_NOTIFICATIONS,
            "/api/v1/notification/resource/?resource_id=x",
        ];
        for (offer, status) in [(Offer::Open, 200), (Offer::Absent, 404), (Offer::Forbidden, 403)] {
            running.turn(|switches| {
                let lists = &mut switches.notifications;
                (lists.workspace, lists.bare, lists.resource) = (offer, offer, offer);
            });
            for path in paths {
                assert_eq!(fetch(&running, path).await.status, status, "{path}");
            }
        }
        running.turn(|switches| switches.notifications = Notifications::default());
        assert_eq!(fetch(&running, BARE_NOTIFICATIONS).await.status, 404);
        let json = fetch(&running, &format!("{WORKSPACE_NOTIFICATIONS}?page=2&days=80"))
            .await
            .json();
        let link = |page: u8| format!("{}{WORKSPACE_NOTIFICATIONS}?page={page}&days=80", running.base_url());
        assert_eq!((&json["previous"], &json["next"]), (&json!(link(1)), &json!(link(3))));
        running.turn(|switches| switches.notifications.link_base = Some("http://elsewhere.example".to_owned()));
        let json = fetch(&running, WORKSPACE_NOTIFICATIONS).await.json();
        assert_eq!(
            json["next"],
            "http://elsewhere.example/api/v1/notification/workspace/?page=2"
        );
        let past = format!("{WORKSPACE_NOTIFICATIONS}?page=99");
        assert_eq!(
            (
                fetch(&running, &past).await.status,
                fetch(&running, &past).await.json()["results"].clone()
            ),
            (200, json!([]))
        );
        assert!(fetch(&running, &past).await.json().get("next").is_some());
        running.turn(|switches| switches.next_page = NextPage::Absent);
        assert!(fetch(&running, &past).await.json().get("next").is_none());
        running.turn(|switches| switches.past_the_end = PastTheEnd::NotFound);
        assert_eq!(fetch(&running, &past).await.status, 404);
        running.turn(|switches| {
            switches.shape = Shape {
                nulls_absent: true,
                ..Shape::default()
            }
        });
        assert!(
            !String::from_utf8(fetch(&running, WORKSPACE_NOTIFICATIONS).await.body)
                .unwrap()
                .contains(":null,\"resource")
        );
    }

    #[tokio::test]
    async fn drawn_switches_keep_some_path_exact() {
        for seed in 0..12 {
            let mut drawn = simulator(150);
            drawn.switches = Switches::drawn(seed);
            let days = drawn.switches.notifications.most_days.unwrap_or(3650);
            let open = drawn.switches.notifications.workspace == Offer::Open;
            let running = drawn.start(0).await.unwrap();
            if open {
                let rows = walk(&running, &format!("{WORKSPACE_NOTIFICATIONS}?days={days}")).await;
                assert!(by_id(rows) == running.truth_served().notifications);
            }
        }
    }
}
