//! The planted story of the Zendesk account, told beside the Secoda workspace's: the same people, the same address that
//! belongs to nobody, and what only both histories together show. Apart from the drawn deeds, as there.
//!
//! Days are counted back from the local date (America/Toronto) of the end; times are local.
//!
//! 1. **The leaver.** Dana Whitfield, disabled in Secoda on day 25, still signs in here on days 24 to 20 at 21:40, from
//!    198.51.100.63; on day 9, 10:30, Priya Raman suspends her ("Suspended", source user Dana Whitfield).
//! 2. **The night.** Day 6, 13:55: Marcus Oyelaran signs in from [`NEW_ADDRESS`], from which nobody did before; 14:02: "Role
//!    changed from Agent to Administrator" (source user Marcus Oyelaran); 14:09: "Credit card redaction changed from Enabled
//!    to Disabled" (`account_setting`); 14:12: API token `temporary-backfill` created (`api_token`).
//! 3. **The export.** Day 5, 02:14: "Exported 184220 tickets as JSON" (`exported`, source type `ticket`), from the new
//!    address; 02:31: the token is deleted (`destroy`).

use std::net::{IpAddr, Ipv4Addr};

use jiff::Timestamp;

use super::super::story::{NEW_ADDRESS, local};
use super::cast::ACCOUNT;
use super::history::Facts;

/// Someone of the story.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    pub actor_id: i64,
    pub name: &'static str,
    address: Ipv4Addr,
}

/// One row of the story.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    pub actor: Person,
    pub text: &'static str,
    pub source_type: &'static str,
    pub source_name: &'static str,
    action: &'static str,
    source_id: i64,
    address: IpAddr,
}

const DANA: Person = Person {
    actor_id: 360_900_000_011,
    name: "Dana Whitfield",
    address: Ipv4Addr::new(198, 51, 100, 63),
};
const PRIYA: Person = Person {
    actor_id: 360_900_000_012,
    name: "Priya Raman",
    address: Ipv4Addr::new(198, 51, 100, 22),
};
const MARCUS: Person = Person {
    actor_id: 360_900_000_021,
    name: "Marcus Oyelaran",
    address: Ipv4Addr::new(198, 51, 100, 41),
};
const TOKEN: (&str, i64) = ("temporary-backfill", 360_300_900_001);
const REDACTION: (&str, i64) = ("Credit card redaction", 360_400_900_001);

impl Told {
    /// What filters judge it by.
    pub fn facts(&self) -> Facts {
        Facts {
            action: self.action,
            actor_id: self.actor.actor_id,
            ip_address: Some(self.address),
            source_type: self.source_type,
            source_id: Some(self.source_id),
        }
    }
}

fn told(actor: Person, action: &'static str, text: &'static str) -> Told {
    Told {
        actor,
        text,
        source_type: "user",
        source_name: actor.name,
        action,
        source_id: actor.actor_id,
        address: actor.address.into(),
    }
}

fn on(source_type: &'static str, source: (&'static str, i64), told: Told) -> Told {
    Told {
        source_type,
        source_name: source.0,
        source_id: source.1,
        ..told
    }
}

fn from_elsewhere(told: Told) -> Told {
    let address = NEW_ADDRESS.parse().unwrap_or(told.address);
    Told { address, ..told }
}

/// All rows of the story with the second of each, for a history that ends at `end_at`.
pub fn tell(end_at: Timestamp) -> Vec<(i64, Told)> {
    let at = |days, hour, minute| local(end_at, days, hour, minute).div_euclid(1_000_000);
    let mut story: Vec<(i64, Told)> = (20..=24)
        .rev()
        .map(|day| (at(day, 21, 40), told(DANA, "login", "Successful sign-in using JWT")))
        .collect();
    let suspended = on("user", (DANA.name, DANA.actor_id), told(PRIYA, "update", "Suspended"));
    let login = told(
        MARCUS,
        "login",
        "Successful sign-in using Zendesk password from https://acme.zendesk.com/access",
    );
    let role = told(MARCUS, "update", "Role changed from Agent to Administrator");
    let text = "Credit card redaction changed from Enabled to Disabled";
    let redaction = on("account_setting", REDACTION, told(MARCUS, "update", text));
    let text = "API token temporary-backfill created";
    let created = on("api_token", TOKEN, told(MARCUS, "create", text));
    let text = "Exported 184220 tickets as JSON";
    let exported = on("ticket", ("acme", ACCOUNT), told(MARCUS, "exported", text));
    let text = "API token temporary-backfill deleted";
    let deleted = on("api_token", TOKEN, told(MARCUS, "destroy", text));
    story.push((at(9, 10, 30), suspended));
    story.push((at(6, 13, 55), from_elsewhere(login)));
    story.push((at(6, 14, 2), from_elsewhere(role)));
    story.push((at(6, 14, 9), from_elsewhere(redaction)));
    story.push((at(6, 14, 12), from_elsewhere(created)));
    story.push((at(5, 2, 14), from_elsewhere(exported)));
    story.push((at(5, 2, 31), from_elsewhere(deleted)));
    story
}
