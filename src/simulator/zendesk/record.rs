//! What a row looks like on the wire: the twelve documented fields, and what a newer server may add or leave out. Apart
//! from paging, so that pages and the truth come from one rendering and nothing else is shared between them.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::deeds::action_label;
use super::history::History;
use super::switches::Shape;

/// What the service renders anew for each request and may differ between two fetches of one id.
pub const VOLATILE: [&str; 4] = ["action_label", "actor_name", "source_label", "url"];

/// How many renderings of the volatile fields there are.
pub const VARIANTS: usize = 3;

#[derive(Serialize)]
struct Record<'a> {
    id: i64,
    url: String,
    action: &'a str,
    action_label: &'a str,
    actor_id: i64,
    actor_name: Option<&'a str>,
    change_description: String,
    created_at: String,
    ip_address: Option<IpAddr>,
    source_id: Option<i64>,
    source_label: Option<String>,
    source_type: &'a str,
}

impl History {
    /// The record of a row; `variant` is the rendering of the volatile fields, 0 the plain one.
    pub fn record(&self, number: u32, shape: Shape, variant: usize) -> Value {
        let mut record = serde_json::to_value(self.rendered(number, variant)).unwrap_or_default();
        if shape.unknown_fields {
            record["risk"] = json!({ "score": number % 100, "signals": ["geo"] });
            record["via"] = json!("web");
        }
        if shape.nulls_absent
            && let Some(members) = record.as_object_mut()
        {
            members.retain(|_, member| !member.is_null());
        }
        match self.odd.get(&number) {
            Some(bad) => bad.spoil(record),
            None => record,
        }
    }

    /// The same as JSON text at the end of `out`; the documented shape is written without a detour.
    pub fn write_record(&self, number: u32, shape: Shape, variant: usize, out: &mut Vec<u8>) -> serde_json::Result<()> {
        if shape == Shape::default() && !self.odd.contains_key(&number) {
            serde_json::to_writer(out, &self.rendered(number, variant))
        } else {
            serde_json::to_writer(out, &self.record(number, shape, variant))
        }
    }

    fn rendered(&self, number: u32, variant: usize) -> Record<'_> {
        let facts = self.facts(number);
        let row = self.row(number);
        let id = row.id;
        let mut actor_name = self.actor_name(number);
        if variant == 2 {
            actor_name = actor_name.and_then(|name| name.split(' ').next());
        }
        let source_label = self
            .source_name(number)
            .map(|(name, is_member)| match (is_member, variant) {
                (true, 0) => format!("Team member: {name}"),
                (true, _) => format!("Agent: {name}"),
                (false, 1) => name.to_uppercase(),
                (false, _) => name,
            });
        Record {
            id,
            url: match variant {
                1 => format!("https://acme.zendesk.com/api/v2/audit_logs/{id}"),
                _ => format!("https://acme.zendesk.com/api/v2/audit_logs/{id}.json"),
            },
            action: facts.action,
            action_label: action_label(facts.action, variant),
            actor_id: facts.actor_id,
            actor_name,
            change_description: self.description(number),
            created_at: written(row.created_at),
            ip_address: facts.ip_address,
            source_id: facts.source_id,
            source_label,
            source_type: facts.source_type,
        }
    }
}

/// A second since 1970 as the service writes it.
pub fn written(second: i64) -> String {
    let at = Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{at:.0}")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::history::{ABOVE_TWO_TO_53, NEAR_TWO_TO_44, Settings};
    use super::super::story;
    use super::*;

    fn settings(seed: u64, events: usize) -> Settings {
        Settings::new(seed, events, 60, "2026-06-30T15:00:00Z".parse().unwrap())
    }

    fn records(history: &History) -> Vec<Value> {
        let numbers = 0..u32::try_from(history.rows.len()).unwrap();
        numbers
            .map(|number| history.record(number, Shape::default(), 0))
            .collect()
    }

    #[test]
    fn equal_settings_give_equal_histories_within_their_time() {
        let history = History::draw(&settings(4, 3_000));
        assert_eq!(history.rows, History::draw(&settings(4, 3_000)).rows);
        assert_ne!(history.rows, History::draw(&settings(5, 3_000)).rows);
        assert_eq!(history.rows.len(), 3_000);
        let end = history.settings.end_at.as_second();
        assert!(
            history
                .rows
                .iter()
                .all(|row| row.created_at <= row.visible_at && row.visible_at <= end)
        );
    }

    #[test]
    fn histories_hold_what_a_loader_must_cope_with() {
        type Test<'a> = &'a dyn Fn(&Value) -> bool;
        let history = History::draw(&settings(4, 6_000));
        let records = records(&history);
        let has = |test: Test<'_>| records.iter().filter(|record| test(record)).count() > 3;
        let cases: [(&str, Test<'_>); 11] = [
            ("the system", &|it| {
                it["actor_id"] == -1 && it["actor_name"] == "Zendesk" && it["ip_address"].is_null()
            }),
            ("the account", &|it| it["source_type"] == "account"),
            ("no description", &|it| it["change_description"] == ""),
            ("no actor name", &|it| it["actor_name"].is_null()),
            ("no address of an agent", &|it| {
                it["ip_address"].is_null() && it["actor_id"] != -1
            }),
            ("version 6", &|it| {
                it["ip_address"].as_str().is_some_and(|ip| ip.contains(':'))
            }),
            ("no source", &|it| {
                it["source_id"].is_null() && it["source_label"].is_null()
            }),
            ("a path as type", &|it| it["source_type"] == "zendesk/app_market/app"),
            ("an unknown action", &|it| it["action"] == "merged_v2"),
            ("apitoken", &|it| it["source_type"] == "apitoken"),
            ("a role", &|it| {
                it["change_description"] == "Role changed from Agent to Administrator"
            }),
        ];
        for (name, test) in cases {
            assert!(has(test), "{name}");
        }
        let mut seconds: Vec<&str> = records.iter().map(|it| it["created_at"].as_str().unwrap()).collect();
        seconds.sort_unstable();
        assert!(
            seconds
                .chunk_by(|one, other| one == other)
                .any(|second| second.len() > 100)
        );
        assert!(
            history
                .rows
                .iter()
                .filter(|row| row.visible_at > row.created_at)
                .count()
                > 100
        );
        assert!(!history.rows.is_sorted_by_key(|row| row.id));
    }

    #[test]
    fn ids_are_distinct_and_as_large_as_wanted() {
        for first_id in [NEAR_TWO_TO_44, ABOVE_TWO_TO_53] {
            let history = History::draw(&Settings {
                first_id,
                ..settings(2, 4_000)
            });
            let ids: HashSet<i64> = history.rows.iter().map(|row| row.id).collect();
            assert_eq!(ids.len(), 4_000);
            assert!(ids.iter().all(|id| (first_id..first_id + 1_000_000).contains(id)));
        }
    }

    #[test]
    fn only_the_volatile_fields_vary_and_shapes_add_and_leave_out() {
        let history = History::draw(&settings(3, 400));
        let newer = Shape {
            unknown_fields: true,
            nulls_absent: true,
        };
        for number in 0..400 {
            let plain = history.record(number, Shape::default(), 0);
            let mut out = Vec::new();
            history.write_record(number, Shape::default(), 0, &mut out).unwrap();
            assert_eq!(serde_json::from_slice::<Value>(&out).unwrap(), plain);
            assert_eq!(plain.as_object().unwrap().len(), 12);
            for variant in 1..VARIANTS {
                let other = history.record(number, Shape::default(), variant);
                assert_ne!(other, plain);
                let changed = plain
                    .as_object()
                    .unwrap()
                    .iter()
                    .filter(|(name, value)| other[*name] != **value);
                assert!(
                    changed
                        .map(|(name, _)| name.as_str())
                        .all(|name| VOLATILE.contains(&name))
                );
            }
            let newer = history.record(number, newer, 0);
            assert!(newer["risk"].is_object() && newer.as_object().unwrap().values().all(|it| !it.is_null()));
        }
    }

    #[test]
    fn the_story_stands_among_the_drawn_rows() {
        let settings = Settings {
            story: true,
            ..settings(1, 2_000)
        };
        let history = History::draw(&settings);
        assert_eq!(history.rows.len(), 2_000 + story::tell(settings.end_at).len());
        let records = records(&history);
        let elsewhere: Vec<&Value> = records.iter().filter(|it| it["ip_address"] == "203.0.113.77").collect();
        let actions: Vec<&str> = elsewhere.iter().map(|it| it["action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["login", "update", "update", "create", "exported", "destroy"]);
        assert!(elsewhere.iter().all(|it| it["actor_name"] == "Marcus Oyelaran"));
        assert_eq!(elsewhere[0]["created_at"], "2026-06-24T17:55:00Z");
        let leaver = records.iter().filter(|it| it["actor_name"] == "Dana Whitfield");
        assert_eq!(leaver.count(), 5);
    }
}
