//! Who acts in a Zendesk account and what is acted on: names and numbers by place. Agents are the people of the Secoda
//! workspace of the same seed, so that one person can be found in both. Apart from the history, which says what they did.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::cast::{Cast as Workspace, Who};
use super::super::names::{FIRST_NAMES, KEYS, LAST_NAMES};
use super::deeds::{APPS, ORGANIZATIONS, RULES, SETTINGS, Source};

/// The system's `actor_id`.
pub const SYSTEM: i64 = -1;
/// The `source_id` of the account itself.
pub const ACCOUNT: i64 = 360_000_000_001;

const AGENTS: i64 = 360_100_000_000;
/// Every so many agents one has no name any more.
const NAMELESS: usize = 17;

/// The agents of an account.
#[derive(Debug)]
pub struct Cast {
    agents: Vec<String>,
}

impl Cast {
    /// The people of the workspace that this seed draws.
    pub fn draw(seed: u64) -> Cast {
        let workspace = Workspace::draw(seed, 0, (1, usize::MAX));
        let people = &workspace.performers[workspace.class(Who::Human)];
        Cast {
            agents: people.iter().map(|person| person.name.clone()).collect(),
        }
    }

    /// How many agents there are.
    pub fn size(&self) -> usize {
        self.agents.len()
    }

    /// The `actor_id`, or as a source the `source_id`, of the agent at `place`.
    pub fn agent_id(place: usize) -> i64 {
        AGENTS + number(place) * 1_013
    }

    /// The agent's name; none for one whose name is gone.
    pub fn agent_name(&self, place: usize) -> Option<&str> {
        let is_nameless = place % NAMELESS == NAMELESS - 1;
        self.agents.get(place).map(String::as_str).filter(|_| !is_nameless)
    }

    /// What is called so: the name of the source at `place` of its kind.
    pub fn source_name(&self, source: Source, place: usize) -> Option<String> {
        let numbered = |names: &[&str]| match place / names.len() {
            0 => names[place].to_owned(),
            round => format!("{} {}", names[place % names.len()], round + 1),
        };
        Some(match source {
            Source::Nothing => return None,
            Source::Account => "Account: acme".to_owned(),
            Source::Agent => self.agent_name(place % self.size()).unwrap_or_default().to_owned(),
            Source::Customer => {
                let last = LAST_NAMES[(place * 11 + 3) % LAST_NAMES.len()];
                format!("{} {last}", FIRST_NAMES[place % FIRST_NAMES.len()])
            }
            Source::Rule => numbered(&RULES),
            Source::Ticket => format!("Ticket #{}", place + 1),
            Source::Token => numbered(&KEYS),
            Source::AccountSetting => numbered(&SETTINGS),
            Source::Organization => numbered(&ORGANIZATIONS),
            Source::App => numbered(&APPS),
            Source::Group => format!("Tier {}", place + 1),
        })
    }

    /// The `source_id` at `place` of a kind; none for [`Source::Nothing`].
    pub fn source_id(&self, source: Source, place: usize) -> Option<i64> {
        let base = match source {
            Source::Nothing => return None,
            Source::Account => return Some(ACCOUNT),
            Source::Agent => return Some(Cast::agent_id(place % self.size())),
            Source::Ticket => return Some(number(place) + 1),
            Source::Customer => 420_000_000_000,
            Source::Rule => 360_200_000_000,
            Source::Token => 360_300_000_000,
            Source::AccountSetting => 360_400_000_000,
            Source::Organization => 360_500_000_000,
            Source::App => 77_000,
            Source::Group => 360_600_000_000,
        };
        Some(base + number(place) * 37)
    }

    /// How many things of a kind there are to choose from.
    pub fn population(&self, source: Source) -> u32 {
        match source {
            Source::Account | Source::Nothing => 1,
            Source::Agent => u32::try_from(self.size()).unwrap_or(1),
            Source::Customer => 5_000,
            Source::Ticket => 90_000,
            Source::Rule => 40,
            Source::Organization => 200,
            Source::Token | Source::Group => 12,
            Source::AccountSetting => 6,
            Source::App => 5,
        }
    }

    /// One of the addresses of an agent; `draw` decides which, and whether none was noted. All of version 4 are in
    /// 198.51.100.0/24.
    pub fn address(place: usize, draw: u64) -> Option<IpAddr> {
        let last = u8::try_from(place % 120).unwrap_or(0);
        match draw % 32 {
            0 => None,
            1 => Some(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(last) + 1).into()),
            2..=5 => Some(Ipv4Addr::new(198, 51, 100, 130 + last).into()),
            _ => Some(Ipv4Addr::new(198, 51, 100, 1 + last).into()),
        }
    }
}

fn number(place: usize) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
}
