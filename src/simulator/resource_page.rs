//! Pages of the logs and versions of one resource. Apart from those of the audit list: they have two lists under one
//! number, and know neither filter nor sort.

use url::form_urlencoded;
use uuid::Uuid;

use super::audit_page::natural;
use super::filter::Refusal;
use super::listing::Shown;
use super::resources::{Entry, Leaf, Part};
use super::service::{Answer, JSON, Service, error};
use super::switches::{CountOf, PastTheEnd, UnknownResource};
use super::versions::Chronicle;

impl Service {
    /// Answers with a page of what happened to a resource.
    pub fn resource_logs(&mut self, query: &str) -> Result<Answer, Refusal> {
        let switches = self.switches.resource_logs;
        let mut page = 1;
        let mut resource: Option<String> = None;
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "page" => page = natural(&value)?,
                "resource_id" if !value.is_empty() => resource = Some(value.into_owned()),
                _ => {}
            }
        }
        let resource = resource.ok_or_else(|| Refusal::Unprocessable("resource_id is missing".to_owned()))?;
        let known: Option<Uuid> = resource.parse().ok().filter(|_| !self.switches.sees_nothing);
        let known = known.and_then(|id| Some((id, self.listing.rows_of(id)?)));
        let is_unknown = known.is_none() && !self.switches.sees_nothing;
        if is_unknown && switches.unknown_resource == UnknownResource::NotFound {
            return Ok(error(404, "Resource not found."));
        }
        let (resource, rows) = known.unwrap_or_default();
        let size = switches.page_size.clamp(1, 100);
        let part = |page: usize| Part {
            order: self.switches.default_order,
            paging: switches.paging,
            first: (page - 1).saturating_mul(size),
            rows: size,
        };
        let mut leaf = Leaf::cut(&self.listing, resource, &rows, part(page));
        let pages = leaf.pages(part(page));
        if page > pages {
            match self.switches.past_the_end {
                PastTheEnd::Empty => {}
                PastTheEnd::NotFound => return Ok(error(404, "Invalid page.")),
                PastTheEnd::RepeatLast => {
                    page = pages;
                    leaf = Leaf::cut(&self.listing, resource, &rows, part(page));
                }
            }
        }
        let chronicle = Chronicle::of(&self.listing.workspace, resource, &rows);
        let body = self
            .write_leaf(&leaf, &chronicle, (page, pages))
            .map_err(|error| Refusal::BadRequest(error.to_string()))?;
        Ok(Answer {
            status: 200,
            content_type: JSON,
            body,
            shown: Shown {
                logs: leaf.logs,
                entries: leaf.versions,
                ..Shown::default()
            },
            ..Answer::default()
        })
    }

    fn write_leaf(
        &self,
        leaf: &Leaf,
        chronicle: &Chronicle,
        (page, pages): (usize, usize),
    ) -> serde_json::Result<Vec<u8>> {
        let (workspace, shape) = (&self.listing.workspace, self.switches.shape);
        let mut body = b"{\"non_versioned_logs\":[".to_vec();
        for (place, row) in leaf.logs.iter().enumerate() {
            if place > 0 {
                body.push(b',');
            }
            workspace.write_record(*row, shape, &mut body)?;
        }
        body.extend_from_slice(b"],\"version_histories\":[");
        for (place, entry) in leaf.versions.iter().enumerate() {
            if place > 0 {
                body.push(b',');
            }
            match entry {
                Entry::Empty(_) => body.extend_from_slice(b"{}"),
                Entry::Version(version) => {
                    let record = version.record(workspace, chronicle, shape, self.clock.now());
                    serde_json::to_writer(&mut body, &record)?;
                }
            }
        }
        body.push(b']');
        let count = match self.switches.resource_logs.count {
            CountOf::Both => leaf.all_logs + leaf.all_versions,
            CountOf::Versions => leaf.all_versions,
            CountOf::Logs => leaf.all_logs,
        };
        let count = self.switches.count.told(count, self.salt());
        body.extend_from_slice(self.totals(page, pages, count).as_bytes());
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::{SignedDuration, Timestamp};
    use serde_json::{Value, json};

    use super::*;
    use crate::simulator::bad::Bad;
    use crate::simulator::client::{Got, get};
    use crate::simulator::listing::Pick;
    use crate::simulator::script::Change;
    use crate::simulator::service::{AUDIT_LOGS, RESOURCE_LOGS};
    use crate::simulator::switches::{Offer, Order, Paging, ResourceLogs, Switches};
    use crate::simulator::truth::insert;
    use crate::simulator::workspace::{Settings, Workspace};
    use crate::simulator::{Running, Simulator, TOKEN};

    const CONTRACT: &str = include_str!("../../tests/contract/secoda.openapi.json");

    fn simulator(events: usize) -> Simulator {
        let end_at: Timestamp = "2026-06-30T15:00:00Z".parse().unwrap();
        let settings = Settings::new(5, events, 60, end_at);
        Simulator::new(Workspace::draw(&Settings {
            story: true,
            ..settings
        }))
    }

    async fn fetch(running: &Running, target: &str) -> Got {
        let (base_url, target) = (running.base_url(), target.to_owned());
        let got = tokio::task::spawn_blocking(move || get(&base_url, &target, Some(TOKEN)));
        got.await.unwrap().unwrap()
    }

    /// What a walk over listings brought, as the truth tells it.
    #[derive(Debug, Default, PartialEq)]
    struct Walked {
        logs: BTreeMap<String, Vec<Value>>,
        versions: BTreeMap<String, Vec<Value>>,
        empties: usize,
    }

    impl Walked {
        async fn all(running: &Running) -> Walked {
            let mut walked = Walked::default();
            for resource in resources(running) {
                walked.one(running, &resource).await;
            }
            walked
        }

        async fn one(&mut self, running: &Running, resource: &str) -> (usize, usize) {
            for page in 1.. {
                let got = fetch(running, &format!("{RESOURCE_LOGS}?resource_id={resource}&page={page}")).await;
                assert_eq!(got.status, 200);
                let json = got.json();
                let (logs, versions) = (list(&json, "non_versioned_logs"), list(&json, "version_histories"));
                for version in versions {
                    if *version == json!({}) {
                        self.empties += 1;
                        continue;
                    }
                    assert_eq!(version["resource_id"], *resource);
                    for log in list(version, "activity_logs") {
                        assert_eq!(log["version_history_id"], version["id"]);
                        insert(&mut self.logs, log.clone());
                    }
                    insert(&mut self.versions, version.clone());
                }
                for log in logs {
                    insert(&mut self.logs, log.clone());
                }
                if json["meta"]["next_page"].as_u64().unwrap_or(0) == 0 {
                    assert_eq!(json["meta"]["page"], json["total_pages"]);
                    return (page, usize::try_from(json["count"].as_u64().unwrap()).unwrap());
                }
            }
            unreachable!()
        }
    }

    fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
        value[name].as_array().unwrap()
    }

    fn resources(running: &Running) -> Vec<String> {
        let truth = running.truth();
        let logs = truth.resource_logs.values().flatten();
        let mut ids: Vec<String> = logs
            .map(|log| log["resource_id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids.dedup();
        ids
    }

    /// Whether two sides are equal; says where not, since all of both would be megabytes.
    fn same(one: &BTreeMap<String, Vec<Value>>, other: &BTreeMap<String, Vec<Value>>) -> bool {
        let ids = one.keys().chain(other.keys());
        let mut different = ids.filter(|id| one.get(*id) != other.get(*id));
        let id = different.next();
        assert!(
            id.is_none(),
            "{id:?}: {:?}\n{:?}",
            id.and_then(|id| one.get(id)),
            id.and_then(|id| other.get(id))
        );
        true
    }

    fn check(value: &Value, schema: &Value, contract: &Value) -> bool {
        if let Some(name) = schema["$ref"].as_str() {
            return check(value, contract.pointer(name.trim_start_matches('#')).unwrap(), contract);
        }
        if let Some(choices) = schema["anyOf"].as_array() {
            return choices.iter().any(|choice| check(value, choice, contract));
        }
        let is_named = schema["enum"].as_array().is_none_or(|names| names.contains(value));
        is_named
            && match schema["type"].as_str().unwrap() {
                "null" => value.is_null(),
                "boolean" => value.is_boolean(),
                "integer" => value.is_i64(),
                "string" if schema["format"] == "date-time" => {
                    value.as_str().is_some_and(|at| at.parse::<Timestamp>().is_ok())
                }
                "string" => value.is_string(),
                "array" => value
                    .as_array()
                    .is_some_and(|items| items.iter().all(|item| check(item, &schema["items"], contract))),
                _ => value.as_object().is_some_and(|members| {
                    let required = schema["required"].as_array().into_iter().flatten();
                    let properties = schema["properties"].as_object();
                    required
                        .into_iter()
                        .all(|name| members.contains_key(name.as_str().unwrap()))
                        && properties.is_none_or(|properties| {
                            members.iter().all(|(name, member)| {
                                properties
                                    .get(name)
                                    .is_some_and(|schema| check(member, schema, contract))
                            })
                        })
                }),
            }
    }

    #[tokio::test]
    async fn a_walk_over_every_resource_is_the_truth_and_fits_the_contract() {
        let contract: Value = serde_json::from_str(CONTRACT).unwrap();
        let schema = &contract["components"]["schemas"]["v1_ResourceActivityLogOutPaginated"];
        for (page_size, paging, order) in [
            (1, Paging::Merged, Order::OldestFirst),
            (4, Paging::SideBySide, Order::Unordered),
            (20, Paging::Merged, Order::NewestFirst),
        ] {
            let mut simulator = simulator(400);
            simulator.switches.default_order = order;
            simulator.switches.resource_logs = ResourceLogs {
                page_size,
                paging,
                ..ResourceLogs::default()
            };
            let running = simulator.start(0).await.unwrap();
            let walked = Walked::all(&running).await;
            let truth = running.truth();
            assert!(same(&walked.logs, &truth.resource_logs) && same(&walked.versions, &truth.version_histories));
            assert!(truth.version_histories.len() > 80 && truth.resource_logs.len() > 250);
            let served = running.truth_served();
            assert!(served.resource_logs == truth.resource_logs);
            assert!(served.version_histories == truth.version_histories);
            for (id, log) in &truth.resource_logs {
                assert_eq!(truth.revisions[id], *log);
            }
        }
        let running = simulator(400).start(0).await.unwrap();
        for resource in resources(&running) {
            let got = fetch(&running, &format!("{RESOURCE_LOGS}?resource_id={resource}")).await;
            assert!(check(&got.json(), schema, &contract), "{}", got.json());
        }
    }

    #[tokio::test]
    async fn snapshots_follow_one_another() {
        let running = simulator(6_000).start(0).await.unwrap();
        running.arrive(300);
        let truth = running.truth();
        let mut by_resource: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for version in truth.version_histories.values().map(|it| it.last().unwrap()) {
            let resource = version["resource_id"].as_str().unwrap();
            by_resource.entry(resource).or_default().push(version);
        }
        let mut changed: BTreeMap<&str, u32> = BTreeMap::new();
        for versions in by_resource.values_mut() {
            versions.sort_by_key(|it| it["created_at"].as_str().unwrap().parse::<Timestamp>().unwrap());
            for pair in versions.windows(2) {
                let snapshot = |place: usize| &pair[place]["metadata"]["secoda_entity_property_snapshot"];
                let (Some(before), Some(after)) = (snapshot(0).as_object(), snapshot(1).as_object()) else {
                    continue;
                };
                let (prev, current) = (&pair[1]["metadata"]["prev"], &pair[1]["metadata"]["current"]);
                for (name, now) in after {
                    let is_same = before[name] == *now;
                    assert_eq!(prev.get(name).is_none(), is_same, "{name}");
                    assert!(
                        is_same || (prev[name] == before[name] && current[name] == *now),
                        "{name}"
                    );
                }
                for name in prev.as_object().unwrap().keys() {
                    *changed.entry(name).or_default() += 1;
                }
            }
        }
        for name in [
            "owners",
            "tags",
            "teams",
            "pii",
            "verified",
            "title",
            "definition",
            "description",
            "properties2",
        ] {
            assert!(changed.get(name).is_some_and(|times| *times > 3), "{name}: {changed:?}");
        }
        assert!(
            truth
                .version_histories
                .values()
                .any(|it| list(&it[0], "activity_logs").len() > 1)
        );
        let flag = &truth.version_histories["5ec0da00-0002-4000-8001-000000000044"][0]["metadata"];
        assert_eq!(
            (&flag["prev"], &flag["current"]),
            (&json!({ "pii": true }), &json!({ "pii": false }))
        );
    }

    #[tokio::test]
    async fn versions_change_and_every_state_of_them_is_true() {
        let mut drawn = simulator(600);
        drawn.clock.advance(SignedDuration::from_hours(-24 * 20));
        drawn.switches.resource_logs.only_here_per_mille = 100;
        let running = drawn.start(0).await.unwrap();
        let mut walked = Walked::all(&running).await;
        assert!(same(&walked.versions, &running.truth().version_histories));
        for hours in [24 * 7, 2, 24 * 14] {
            running.revise(&Pick::Depth(400));
            running.delete(&Pick::Depth(500));
            running.clock().advance(SignedDuration::from_hours(hours));
            running.arrive(120);
            running.surface(SignedDuration::from_hours(30));
            for resource in resources(&running) {
                walked.one(&running, &resource).await;
            }
        }
        let (truth, served) = (running.truth(), running.truth_served());
        assert!(same(&walked.logs, &served.resource_logs) && same(&walked.logs, &truth.resource_logs));
        for versions in walked.versions.values_mut() {
            let mut states: Vec<Value> = Vec::new();
            for mut version in std::mem::take(versions) {
                let at: Timestamp = version["created_at"].as_str().unwrap().parse().unwrap();
                let is_old = running.clock().now().duration_since(at) > SignedDuration::from_hours(720);
                version["older_than_thirty_days"] = json!(is_old);
                if !states.contains(&version) {
                    states.push(version);
                }
            }
            *versions = states;
        }
        assert!(same(&walked.versions, &served.version_histories));
        let all = |id: &String, state: &Value| truth.version_histories[id].contains(state);
        let mut states = served.version_histories.iter();
        assert!(states.all(|(id, states)| states.iter().all(|state| all(id, state))));
        let several = served.version_histories.values().filter(|it| it.len() > 1).count();
        assert!(several > 3, "{several}");
        let times = |name: &str| {
            truth
                .version_histories
                .values()
                .flatten()
                .filter(|it| it[name] == true)
                .count()
        };
        assert!(times("older_than_thirty_days") > 50);
        let only_here = truth
            .resource_logs
            .keys()
            .filter(|id| !truth.revisions.contains_key(*id));
        assert!(only_here.count() > 20);
    }

    #[tokio::test]
    async fn switches_say_what_is_counted_and_what_is_unknown() {
        let running = simulator(400).start(0).await.unwrap();
        let truth = running.truth();
        let logs = truth
            .resource_logs
            .values()
            .map(|it| it[0]["resource_id"].as_str().unwrap());
        let busiest = logs
            .clone()
            .max_by_key(|one| logs.clone().filter(|it| it == one).count());
        let one = format!("{RESOURCE_LOGS}?resource_id={}", busiest.unwrap());
        running.turn(|switches| switches.resource_logs.page_size = 2);
        let json = fetch(&running, &one).await.json();
        let both = json["count"].as_u64().unwrap();
        assert!(both > 6);
        let mut parts = Vec::new();
        for count in [CountOf::Versions, CountOf::Logs] {
            running.turn(|switches| switches.resource_logs.count = count);
            let json = fetch(&running, &one).await.json();
            assert_eq!(json["total_pages"], both.div_ceil(2));
            parts.push(json["count"].as_u64().unwrap());
        }
        assert_eq!(parts.iter().sum::<u64>(), both);
        let past = format!("{one}&page=9999");
        assert!(list(&fetch(&running, &past).await.json(), "version_histories").is_empty());
        running.turn(|switches| switches.past_the_end = PastTheEnd::NotFound);
        assert_eq!(fetch(&running, &past).await.status, 404);
        running.turn(|switches| switches.past_the_end = PastTheEnd::RepeatLast);
        assert_eq!(fetch(&running, &past).await.json()["meta"]["page"], both.div_ceil(2));
        let unknown = format!("{RESOURCE_LOGS}?resource_id=550e8400-e29b-41d4-a716-446655440000");
        assert_eq!(fetch(&running, &unknown).await.status, 404);
        running.turn(|switches| switches.resource_logs.unknown_resource = UnknownResource::Empty);
        assert_eq!(fetch(&running, &unknown).await.json()["count"], 0);
        assert_eq!(fetch(&running, RESOURCE_LOGS).await.status, 422);
        assert_eq!(fetch(&running, RESOURCE_LOGS.trim_end_matches('/')).await.status, 301);
        running.turn(|switches| switches.resource_logs.offer = Offer::Absent);
        assert_eq!(fetch(&running, &one).await.status, 404);
    }

    #[tokio::test]
    async fn retention_applies_here_or_does_not() {
        for kept in [false, true] {
            let mut drawn = simulator(400);
            drawn.switches.retention_days = Some(20);
            drawn.switches.resource_logs.kept_past_retention = kept;
            let running = drawn.start(0).await.unwrap();
            let walked = Walked::all(&running).await;
            let truth = running.truth();
            assert!(same(&walked.logs, &truth.resource_logs) && same(&walked.versions, &truth.version_histories));
            let all = Walked::all(&simulator(400).start(0).await.unwrap()).await.logs.len();
            assert_eq!(walked.logs.len() == all, kept);
            assert!(truth.revisions.len() < 400);
            running.apply(&Change::Retain(None));
            assert_eq!(running.truth().resource_logs.len(), all);
        }
    }

    #[tokio::test]
    async fn odd_records_stand_in_listings_too() {
        let running = simulator(300).start(0).await.unwrap();
        let hour = SignedDuration::from_hours(1);
        assert_eq!(running.plant(&Bad::EmptyVersion(Pick::Id(String::new())), hour), None);
        assert_eq!(running.truth().resource_rejects, Vec::<Value>::new());
        let versioned = |truth: &crate::simulator::truth::Truth| {
            let logs = truth
                .revisions
                .values()
                .find(|it| it[0]["version_history_id"].is_string());
            logs.unwrap()[0].clone()
        };
        let log = versioned(&running.truth());
        let id = log["id"].as_str().unwrap().to_owned();
        running.plant(&Bad::EmptyVersion(Pick::Id(id)), hour);
        for bad in [
            Bad::NoId,
            Bad::WrongTypes,
            Bad::NullMetadata,
            Bad::DuplicateOf(Pick::Rank(3)),
        ] {
            for _ in 0..6 {
                running.plant(&bad, hour);
            }
        }
        let mut walked = Walked::default();
        walked.one(&running, log["resource_id"].as_str().unwrap()).await;
        assert_eq!(walked.empties, 1);
        assert_eq!(running.truth_served().resource_rejects, [json!({})]);
        let walked = Walked::all(&running).await;
        let truth = running.truth();
        assert!(same(&walked.logs, &truth.resource_logs) && same(&walked.versions, &truth.version_histories));
        assert!(truth.resource_rejects.len() > 2 && truth.resource_rejects.contains(&json!({})));
        assert_eq!(
            fetch(&running, AUDIT_LOGS).await.json()["count"],
            running.ids().len() + 6
        );
    }

    #[tokio::test]
    async fn drawn_switches_and_shapes_keep_the_listings_exact() {
        for seed in 0..6 {
            let mut drawn = simulator(250);
            drawn.switches = Switches::drawn(seed);
            let running = drawn.start(0).await.unwrap();
            let walked = Walked::all(&running).await;
            let truth = running.truth();
            assert!(same(&walked.logs, &truth.resource_logs) && same(&walked.versions, &truth.version_histories));
        }
    }
}
