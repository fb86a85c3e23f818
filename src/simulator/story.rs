//! The planted story: six chapters with names and ids that no seed changes, dated back from the end of the
//! history, so that a reader can find them by SQL. Apart from the drawn acts, whose sorts of activity it shares
//! only where that makes the search honest.
//!
//! Days are counted back from the local date (America/Toronto) of the end; times are local. Every record has
//! `performer_metadata.name` as given here, and ids of the form `5ec0da00-000C-4000-8000-…` with C the chapter; the versions
//! of its edits have the same with `8001`.
//!
//! 1. **The leaver.** Dana Whitfield (`DANA`, dana.whitfield@northwind.example, performer and USER resource).
//!    - days 58 to 35, each day at 10:15: ordinary work of hers, `documentation_updated`.
//!    - day 34, 16:05: `user_marked_for_offboarding`, resource_type USER, resource_id `DANA`, by Priya Raman:
//!      "Marked **Dana Whitfield** for offboarding"; 16:07: `users_removed_from_team`, resource_type TEAM:
//!      "Removed **Dana Whitfield** from team **Finance Analytics**", `related_resource_ids` = [`DANA`].
//!    - days 33 to 26: 16 acts by `DANA`, two a day: `user_logged_in` at 21:10 and `query_ran` ("Ran query
//!      **payroll by month**", resource_type QUERY) at 21:25.
//!    - day 25, 16:05, nine days after the first: `user_disabled`, resource_type USER, resource_id `DANA`, by Priya Raman:
//!      "Disabled user **Dana Whitfield**".
//! 2. **The flag.** Day 18, 02:40: `pii_flag_removed`, resource_type SECODA_ENTITY, resource_id `CUSTOMERS`, resource name
//!    `customers`, by Marcus Oyelaran: "Removed PII flag from **customers**". Its version turns `pii` from true to false.
//! 3. **The export.** The same night, 02:52: `data_exported`, resource_id `CUSTOMERS`, by Marcus Oyelaran:
//!    "Exported **customers** to CSV", metadata `{"format": "csv", "rows": 184220, "ip_address": "198.51.100.41"}`.
//! 4. **The bulk deletion.** Day 12, 14:05: one `resources_deleted`, no resource_id, by Helena Brandt:
//!    "Deleted **40** resources from collection **Retired marketing models**", 40 `related_resource_ids` of
//!    related_resource_type SECODA_ENTITY.
//! 5. **The new key.** Day 6, 11:20: `api_key_created`, resource_type API_KEY, resource_id `KEY`, by Marcus Oyelaran:
//!    "Created API key **temporary-backfill**", metadata `{"ip_address": "198.51.100.41"}`; then from 14:20 of that day
//!    on, every four minutes, 23 times `api_key_used`, performer_type API, performer_id `KEY`, performer name
//!    `temporary-backfill`: "Read **customers** with API key **temporary-backfill**", metadata
//!    `{"ip_address": "203.0.113.77"}`. All other addresses of the workspace are in 198.51.100.0/24.
//! 6. **The forgotten.** Otto Lindgren's last work is of days 120 to 111, each day at 10:20 `documentation_updated`; his account is
//!    never disabled.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::{Value, json};

use super::calendar::TIME_ZONE;

/// Dana Whitfield's id, as performer and as resource.
pub const DANA: &str = "5ec0da00-0001-4000-8000-0000000000d1";
/// The id of the table `customers`.
pub const CUSTOMERS: &str = "5ec0da00-0002-4000-8000-0000000000c5";
/// The id of the API key `temporary-backfill`, as performer and as resource.
pub const KEY: &str = "5ec0da00-0005-4000-8000-0000000000a9";
/// The address from which the new key was used, and nothing else.
pub const NEW_ADDRESS: &str = "203.0.113.77";

const PRIYA: Person = Person {
    id: "5ec0da00-0001-4000-8000-0000000000e1",
    first: "Priya",
    last: "Raman",
    disabled: false,
    is_person: true,
};
const DANA_WHITFIELD: Person = Person {
    id: DANA,
    first: "Dana",
    last: "Whitfield",
    disabled: true,
    is_person: true,
};
const MARCUS: Person = Person {
    id: "5ec0da00-0002-4000-8000-0000000000e2",
    first: "Marcus",
    last: "Oyelaran",
    disabled: false,
    is_person: true,
};
const BACKFILL: Person = Person {
    id: KEY,
    first: "temporary-backfill",
    last: "",
    disabled: false,
    is_person: false,
};
const HELENA: Person = Person {
    id: "5ec0da00-0004-4000-8000-0000000000e4",
    first: "Helena",
    last: "Brandt",
    disabled: false,
    is_person: true,
};

const OTTO: Person = Person {
    id: "5ec0da00-0006-4000-8000-0000000000e6",
    first: "Otto",
    last: "Lindgren",
    disabled: false,
    is_person: true,
};

struct Person {
    id: &'static str,
    first: &'static str,
    last: &'static str,
    disabled: bool,
    is_person: bool,
}

struct Thing {
    id: &'static str,
    resource_type: &'static str,
    entity_type: Option<&'static str>,
    name: &'static str,
}

const DANA_USER: Thing = Thing {
    id: DANA,
    resource_type: "USER",
    entity_type: None,
    name: "Dana Whitfield",
};
const TEAM: Thing = Thing {
    id: "5ec0da00-0001-4000-8000-0000000000f1",
    resource_type: "TEAM",
    entity_type: None,
    name: "Finance Analytics",
};
const PAYROLL: Thing = Thing {
    id: "5ec0da00-0001-4000-8000-0000000000b1",
    resource_type: "QUERY",
    entity_type: Some("query"),
    name: "payroll by month",
};
const LEDGER_TABLE: Thing = Thing {
    id: "5ec0da00-0001-4000-8000-0000000000c1",
    resource_type: "SECODA_ENTITY",
    entity_type: Some("table"),
    name: "finance_ledger",
};
const CUSTOMERS_TABLE: Thing = Thing {
    id: CUSTOMERS,
    resource_type: "SECODA_ENTITY",
    entity_type: Some("table"),
    name: "customers",
};
const BACKFILL_KEY: Thing = Thing {
    id: KEY,
    resource_type: "API_KEY",
    entity_type: None,
    name: "temporary-backfill",
};

/// One act of the story.
struct Deed {
    chapter: u8,
    activity_type: &'static str,
    by: &'static Person,
    on: Option<&'static Thing>,
    text: &'static str,
    related: Vec<String>,
    related_type: Option<&'static str>,
    metadata: Value,
}

fn deed(
    chapter: u8,
    activity_type: &'static str,
    by: &'static Person,
    on: Option<&'static Thing>,
    text: &'static str,
) -> Deed {
    Deed {
        chapter,
        activity_type,
        by,
        on,
        text,
        related: Vec::new(),
        related_type: None,
        metadata: Value::Null,
    }
}

struct Teller {
    end_at: Timestamp,
    told: Vec<(i64, Value)>,
}

/// All records of the story with the time of each in microseconds, for a history that ends at `end_at`.
pub fn tell(end_at: Timestamp) -> Vec<(i64, Value)> {
    let mut teller = Teller {
        end_at,
        told: Vec::new(),
    };
    leaver(&mut teller);
    flag_and_export(&mut teller);
    bulk_deletion(&mut teller);
    new_key(&mut teller);
    forgotten(&mut teller);
    teller.told
}

fn leaver(teller: &mut Teller) {
    for day in (35..=58).rev() {
        let work = deed(
            1,
            "documentation_updated",
            &DANA_WHITFIELD,
            Some(&LEDGER_TABLE),
            "Updated documentation",
        );
        teller.tell(teller.at(day, 10, 15), &work);
    }
    let user = Some(&DANA_USER);
    let marked = deed(
        1,
        "user_marked_for_offboarding",
        &PRIYA,
        user,
        "Marked *Dana Whitfield* for offboarding",
    );
    teller.tell(teller.at(34, 16, 5), &marked);
    let text = "Removed *Dana Whitfield* from team *Finance Analytics*";
    let removed = deed(1, "users_removed_from_team", &PRIYA, Some(&TEAM), text);
    let removed = Deed {
        related: vec![DANA.to_owned()],
        related_type: Some("USER"),
        ..removed
    };
    teller.tell(teller.at(34, 16, 7), &removed);
    for day in (26..=33).rev() {
        let login = deed(1, "user_logged_in", &DANA_WHITFIELD, None, "Logged in");
        let login = Deed {
            metadata: json!({ "ip_address": "198.51.100.63" }),
            ..login
        };
        teller.tell(teller.at(day, 21, 10), &login);
        let query = deed(
            1,
            "query_ran",
            &DANA_WHITFIELD,
            Some(&PAYROLL),
            "Ran query *payroll by month*",
        );
        teller.tell(teller.at(day, 21, 25), &query);
    }
    let disabled = deed(1, "user_disabled", &PRIYA, user, "Disabled user *Dana Whitfield*");
    teller.tell(teller.at(25, 16, 5), &disabled);
}

fn flag_and_export(teller: &mut Teller) {
    let table = Some(&CUSTOMERS_TABLE);
    let removed = deed(
        2,
        "pii_flag_removed",
        &MARCUS,
        table,
        "Removed PII flag from *customers*",
    );
    teller.tell(teller.at(18, 2, 40), &removed);
    let exported = deed(3, "data_exported", &MARCUS, table, "Exported *customers* to CSV");
    let metadata = json!({ "format": "csv", "rows": 184_220, "ip_address": "198.51.100.41" });
    teller.tell(teller.at(18, 2, 52), &Deed { metadata, ..exported });
}

fn bulk_deletion(teller: &mut Teller) {
    let text = "Deleted *40* resources from collection *Retired marketing models*";
    let deleted = deed(4, "resources_deleted", &HELENA, None, text);
    let related = (1..=40)
        .map(|number| format!("5ec0da00-0004-4000-8000-de1e7ed0{number:04}"))
        .collect();
    teller.tell(
        teller.at(12, 14, 5),
        &Deed {
            related,
            related_type: Some("SECODA_ENTITY"),
            ..deleted
        },
    );
}

fn new_key(teller: &mut Teller) {
    let key = Some(&BACKFILL_KEY);
    let created = deed(
        5,
        "api_key_created",
        &MARCUS,
        key,
        "Created API key *temporary-backfill*",
    );
    let metadata = json!({ "ip_address": "198.51.100.41" });
    teller.tell(teller.at(6, 11, 20), &Deed { metadata, ..created });
    let first = teller.at(6, 14, 20);
    for use_number in 0..23 {
        let text = "Read *customers* with API key *temporary-backfill*";
        let used = deed(5, "api_key_used", &BACKFILL, key, text);
        let metadata = json!({ "ip_address": NEW_ADDRESS });
        teller.tell(first + use_number * 240_000_000, &Deed { metadata, ..used });
    }
}

fn forgotten(teller: &mut Teller) {
    for day in (111..=120).rev() {
        let work = deed(
            6,
            "documentation_updated",
            &OTTO,
            Some(&LEDGER_TABLE),
            "Updated documentation",
        );
        teller.tell(teller.at(day, 10, 20), &work);
    }
}

impl Teller {
    fn at(&self, days: i64, hour: i8, minute: i8) -> i64 {
        local(self.end_at, days, hour, minute)
    }

    fn tell(&mut self, at: i64, deed: &Deed) {
        let id = format!("5ec0da00-000{}-4000-8000-{:012}", deed.chapter, self.told.len() + 1);
        let is_edit = matches!(deed.activity_type, "documentation_updated" | "pii_flag_removed");
        let version_id = is_edit.then(|| id.replace("-4000-8000-", "-4000-8001-"));
        let record = json!({
            "id": id,
            "parent_id": null,
            "activity_type": deed.activity_type,
            "performer_id": deed.by.id,
            "performer_type": if deed.by.is_person { "USER" } else { "API" },
            "performer_metadata": deed.by.metadata(),
            "resource_id": deed.on.map(|thing| thing.id),
            "resource_type": deed.on.map(|thing| thing.resource_type),
            "resource_metadata": deed.on.map(Thing::metadata),
            "related_resource_ids": deed.related,
            "related_resource_type": deed.related_type,
            "event_blocks": blocks(deed.text),
            "logged_at": null,
            "created_at": null,
            "updated_at": null,
            "is_legacy": false,
            "version_history_id": version_id,
            "secoda_entity_type": deed.on.and_then(|thing| thing.entity_type),
            "metadata": deed.metadata,
        });
        self.told.push((at, record));
    }
}

/// A local time in microseconds, `days` before the local date of `end_at`; a day earlier where clocks skip that time.
pub fn local(end_at: Timestamp, days: i64, hour: i8, minute: i8) -> i64 {
    let zone = TimeZone::get(TIME_ZONE).unwrap_or(TimeZone::UTC);
    let today = end_at.to_zoned(zone.clone()).date();
    let moment = (days..days + 2).find_map(|back| {
        let time = Time::new(hour, minute, 0, 0).ok()?;
        let local = today.checked_sub(Span::new().days(back)).ok()?.to_datetime(time);
        zone.to_ambiguous_zoned(local).unambiguous().ok()
    });
    moment.map_or(end_at, |zoned| zoned.timestamp()).as_microsecond()
}

impl Person {
    fn metadata(&self) -> Value {
        json!({
            "id": self.id,
            "name": format!("{} {}", self.first, self.last).trim_end(),
            "icon": null,
            "src": null,
            "integration_type": null,
            "display_name": if self.is_person { Some(self.first) } else { None },
            "disabled": self.disabled,
            "first_name": if self.is_person { Some(self.first) } else { None },
            "last_name": if self.is_person { Some(self.last) } else { None },
            "profile_picture": null,
            "is_service_account": false,
        })
    }
}

impl Thing {
    fn metadata(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "icon": null,
            "type": self.entity_type,
            "integration_id": null,
        })
    }
}

fn blocks(text: &str) -> Vec<Value> {
    let parts = text.split('*').enumerate().filter(|(_, part)| !part.is_empty());
    let block = |(place, part): (usize, &str)| {
        let style = if place % 2 == 1 { "bold" } else { "normal" };
        json!({ "type": "text", "style": style, "value": part })
    };
    parts.map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn story() -> Vec<(i64, Value)> {
        tell("2026-06-30T15:00:00Z".parse().unwrap())
    }

    fn local(at: i64) -> String {
        Timestamp::from_microsecond(at)
            .unwrap()
            .in_tz(TIME_ZONE)
            .unwrap()
            .strftime("%Y-%m-%d %H:%M")
            .to_string()
    }

    fn of(activity_type: &str) -> Vec<(i64, Value)> {
        story()
            .into_iter()
            .filter(|(_, record)| record["activity_type"] == activity_type)
            .collect()
    }

    #[test]
    fn the_leaver_acts_between_leaving_and_disabling() {
        let marked = of("user_marked_for_offboarding")[0].0;
        let disabled = of("user_disabled")[0].0;
        assert_eq!(local(marked), "2026-05-27 16:05");
        assert_eq!(local(disabled), "2026-06-05 16:05");
        let between = story()
            .into_iter()
            .filter(|(at, record)| *at > marked && *at < disabled && record["performer_id"] == DANA);
        assert_eq!(between.count(), 16);
        assert!(
            story()
                .iter()
                .all(|(at, record)| *at < disabled || record["performer_id"] != DANA)
        );
    }

    #[test]
    fn the_flag_goes_at_night_and_the_export_follows() {
        let flag = of("pii_flag_removed");
        let export = of("data_exported");
        assert_eq!(local(flag[0].0), "2026-06-12 02:40");
        assert_eq!(local(export[0].0), "2026-06-12 02:52");
        assert_eq!(flag[0].1["resource_metadata"]["name"], "customers");
        assert_eq!(flag[0].1["resource_id"], export[0].1["resource_id"]);
    }

    #[test]
    fn one_act_deletes_forty_and_a_new_key_comes_from_elsewhere() {
        let deleted = of("resources_deleted");
        assert_eq!(deleted.len(), 1);
        assert_eq!(deleted[0].1["related_resource_ids"].as_array().unwrap().len(), 40);
        let created = of("api_key_created");
        let used = of("api_key_used");
        assert_eq!(used.len(), 23);
        assert!(
            used.iter()
                .all(|(at, record)| *at > created[0].0 && record["metadata"]["ip_address"] == NEW_ADDRESS)
        );
        assert!(
            used.iter()
                .all(|(_, record)| record["performer_id"] == KEY && record["performer_type"] == "API")
        );
    }

    #[test]
    fn the_forgotten_is_silent_for_more_than_a_hundred_days_and_never_disabled() {
        let mut acts: Vec<(i64, Value)> = story()
            .into_iter()
            .filter(|(_, record)| record["performer_id"] == OTTO.id)
            .collect();
        acts.sort_by_key(|(at, _)| *at);
        assert_eq!((acts.len(), local(acts[9].0).as_str()), (10, "2026-03-11 10:20"));
        assert!(story().iter().all(|(_, record)| record["resource_id"] != OTTO.id));
    }

    #[test]
    fn ids_are_distinct_and_the_night_is_real_in_any_season() {
        let mut ids: Vec<String> = story().iter().map(|(_, record)| record["id"].to_string()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), story().len());
        let told = tell("2026-03-26T15:00:00Z".parse().unwrap());
        let flag = told
            .iter()
            .find(|(_, record)| record["activity_type"] == "pii_flag_removed")
            .unwrap();
        assert_eq!(local(flag.0), "2026-03-07 02:40", "02:40 did not exist on the 8th");
    }
}
