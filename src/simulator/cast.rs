//! Who and what a workspace consists of: performers by class, resources by kind, each with the names, types
//! and links that the rows about them show. Apart from the acts, which say who does what to which.

use std::ops::Range;

use serde::Deserialize;
use uuid::Uuid;

use super::chance::{Purpose, generator, id};
use super::names::{AUTOMATIONS, FIRST_NAMES, INTEGRATIONS, KEYS, LAST_NAMES, MONITORS, SERVICES, resource_name};

/// The class of a performer; decides `performer_type` and the hours it keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    Human,
    Service,
    Key,
    Automation,
    Integration,
    Extraction,
    Monitor,
    System,
    Unknown,
}

impl Who {
    const ALL: [Who; 9] = [
        Who::Human,
        Who::Service,
        Who::Key,
        Who::Automation,
        Who::Integration,
        Who::Extraction,
        Who::Monitor,
        Who::System,
        Who::Unknown,
    ];

    /// The contract's `performer_type`.
    pub fn performer_type(self) -> &'static str {
        match self {
            Who::Human | Who::Service => "USER",
            Who::Key => "API",
            Who::Automation => "AUTOMATION",
            Who::Integration => "INTEGRATION",
            Who::Extraction => "EXTRACTION",
            Who::Monitor => "MONITOR",
            Who::System => "SYSTEM",
            Who::Unknown => "UNKNOWN",
        }
    }
}

/// The kind of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Table,
    Column,
    Dashboard,
    Document,
    Term,
    Collection,
    Query,
    Question,
    Tag,
    Team,
    Group,
    Member,
    Monitor,
    Policy,
    Automation,
    Integration,
    Key,
    Request,
    Role,
    Rule,
    Incident,
    Invitation,
    Lineage,
    Metric,
    Job,
    Comment,
    Nothing,
}

impl Kind {
    const ALL: [Kind; 27] = [
        Kind::Table,
        Kind::Column,
        Kind::Dashboard,
        Kind::Document,
        Kind::Term,
        Kind::Collection,
        Kind::Query,
        Kind::Question,
        Kind::Tag,
        Kind::Team,
        Kind::Group,
        Kind::Member,
        Kind::Monitor,
        Kind::Policy,
        Kind::Automation,
        Kind::Integration,
        Kind::Key,
        Kind::Request,
        Kind::Role,
        Kind::Rule,
        Kind::Incident,
        Kind::Invitation,
        Kind::Lineage,
        Kind::Metric,
        Kind::Job,
        Kind::Comment,
        Kind::Nothing,
    ];

    /// The contract's `resource_type`; none for acts without a resource.
    pub fn resource_type(self) -> Option<&'static str> {
        Some(match self {
            Kind::Nothing => return None,
            Kind::Query => "QUERY",
            Kind::Question => "QUESTION",
            Kind::Tag => "TAG",
            Kind::Team => "TEAM",
            Kind::Group => "USER_GROUP",
            Kind::Member => "USER",
            Kind::Monitor => "MONITOR",
            Kind::Policy => "POLICY",
            Kind::Automation => "AUTOMATION",
            Kind::Integration => "INTEGRATION",
            Kind::Key => "API_KEY",
            Kind::Request => "DATA_ACCESS_REQUEST",
            Kind::Role => "IAM_ROLE",
            Kind::Rule => "IAM_RESOURCE_POLICY",
            Kind::Incident => "INCIDENT",
            Kind::Invitation => "INVITATION_LINK",
            Kind::Lineage => "LINEAGE",
            Kind::Metric => "METRIC",
            Kind::Job => "DATABUILDER_JOB",
            Kind::Comment => "COMMENT",
            Kind::Table | Kind::Column | Kind::Dashboard | Kind::Document | Kind::Term | Kind::Collection => {
                "SECODA_ENTITY"
            }
        })
    }

    /// `secoda_entity_type`, for what stands in the catalogue.
    pub fn entity_type(self) -> Option<&'static str> {
        Some(match self {
            Kind::Table => "table",
            Kind::Column => "column",
            Kind::Dashboard => "dashboard",
            Kind::Document => "document",
            Kind::Term => "dictionary_term",
            Kind::Collection => "collection",
            Kind::Query => "query",
            Kind::Question => "question",
            Kind::Metric => "metric",
            _ => return None,
        })
    }

    /// How many there are at least, one more per how many events, and at most.
    fn population(self) -> (usize, usize, usize) {
        match self {
            Kind::Table => (60, 1_000, 2_000),
            Kind::Column => (240, 250, 8_000),
            Kind::Document | Kind::Lineage | Kind::Request => (40, 2_000, 800),
            Kind::Dashboard | Kind::Term | Kind::Question => (24, 4_000, 400),
            Kind::Query | Kind::Job | Kind::Comment => (40, 1_000, 2_000),
            Kind::Collection | Kind::Metric | Kind::Incident => (12, 10_000, 200),
            Kind::Tag | Kind::Team | Kind::Group => (8, 50_000, 24),
            Kind::Policy | Kind::Rule | Kind::Invitation => (6, 100_000, 20),
            Kind::Role => (5, 100_000, 5),
            _ => (0, 1, 0),
        }
    }

    /// The performers that are resources of this kind too.
    fn twin(self) -> Option<Who> {
        match self {
            Kind::Member => Some(Who::Human),
            Kind::Monitor => Some(Who::Monitor),
            Kind::Automation => Some(Who::Automation),
            Kind::Integration => Some(Who::Integration),
            Kind::Key => Some(Who::Key),
            _ => None,
        }
    }
}

/// Someone or something that acts.
#[derive(Debug, Clone)]
pub struct Performer {
    /// None for the system and the unknown.
    pub id: Option<Uuid>,
    pub who: Who,
    pub name: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub integration_type: Option<&'static str>,
    pub disabled: bool,
}

/// Something that is acted on.
#[derive(Debug, Clone)]
pub struct Resource {
    pub id: Uuid,
    pub kind: Kind,
    pub name: String,
    /// The integration it was extracted from.
    pub integration: Option<Uuid>,
}

/// All performers and resources of a workspace.
#[derive(Debug, Clone)]
pub struct Cast {
    pub performers: Vec<Performer>,
    pub resources: Vec<Resource>,
    classes: Vec<Range<usize>>,
    kinds: Vec<Range<usize>>,
}

impl Cast {
    /// Draws a cast whose size goes with the number of events, and of resources `breadth` times as many, but no more than
    /// `most_of_a_kind`.
    pub fn draw(seed: u64, events: usize, (breadth, most_of_a_kind): (usize, usize)) -> Cast {
        let mut cast = Cast {
            performers: Vec::new(),
            resources: Vec::new(),
            classes: Vec::new(),
            kinds: Vec::new(),
        };
        for who in Who::ALL {
            let first = cast.performers.len();
            cast.hire(who, seed, events);
            cast.classes.push(first..cast.performers.len());
        }
        for kind in Kind::ALL {
            let first = cast.resources.len();
            let (least, per_events, most) = kind.population();
            let count = (least + events / per_events).min(most) * breadth;
            cast.furnish(kind, seed, count.min(most_of_a_kind));
            cast.kinds.push(first..cast.resources.len());
        }
        cast
    }

    /// The places of all performers of a class.
    pub fn class(&self, who: Who) -> Range<usize> {
        self.classes[who as usize].clone()
    }

    /// The places of all resources of a kind; empty for [`Kind::Nothing`].
    pub fn kind(&self, kind: Kind) -> Range<usize> {
        self.kinds[kind as usize].clone()
    }

    /// A performer of a class; the first ones do most.
    pub fn performer(&self, who: Who, rng: &mut fastrand::Rng) -> usize {
        let places = self.class(who);
        rng.usize(places.clone()).min(rng.usize(places))
    }

    /// A resource of a kind; the first ones are the busiest.
    pub fn resource(&self, kind: Kind, rng: &mut fastrand::Rng) -> Option<usize> {
        let places = self.kind(kind);
        if places.is_empty() {
            return None;
        }
        Some(rng.usize(places.clone()).min(rng.usize(places)))
    }

    /// The resource that a performer itself is, if it is one of this kind: a key, a monitor, an automation.
    pub fn own_resource(&self, performer: usize, kind: Kind) -> Option<usize> {
        let class = self.class(kind.twin()?);
        class
            .contains(&performer)
            .then(|| self.kind(kind).start + performer - class.start)
    }

    fn hire(&mut self, who: Who, seed: u64, events: usize) {
        let count = match who {
            Who::Human => (36 + events / 4_000).min(300),
            Who::System | Who::Unknown => 1,
            Who::Service => SERVICES.len(),
            Who::Key => KEYS.len(),
            Who::Automation => AUTOMATIONS.len(),
            Who::Integration | Who::Extraction => INTEGRATIONS.len(),
            Who::Monitor => MONITORS.len(),
        };
        for place in 0..count {
            let id = id(seed, Purpose::Performer, as_u64(self.performers.len()));
            self.performers.push(performer(who, place, id, seed));
        }
    }

    fn furnish(&mut self, kind: Kind, seed: u64, count: usize) {
        if let Some(who) = kind.twin() {
            let twins = self.performers[self.class(who)].iter();
            let twins = twins.filter_map(|it| {
                Some(Resource {
                    id: it.id?,
                    kind,
                    name: it.name.clone(),
                    integration: None,
                })
            });
            self.resources.extend(twins.collect::<Vec<_>>());
            return;
        }
        let integrations = self.class(Who::Integration);
        for place in 0..count {
            let number = as_u64(self.resources.len());
            let mut rng = generator(seed, Purpose::Resource, number);
            let is_extracted = matches!(kind, Kind::Table | Kind::Column | Kind::Dashboard | Kind::Query);
            let integration = is_extracted
                .then(|| self.performers[rng.usize(integrations.clone())].id)
                .flatten();
            let name = resource_name(kind, place, &mut rng);
            self.resources.push(Resource {
                id: id(seed, Purpose::Resource, number),
                kind,
                name,
                integration,
            });
        }
    }
}

fn performer(who: Who, place: usize, id: Uuid, seed: u64) -> Performer {
    let mut it = Performer {
        id: Some(id),
        who,
        name: String::new(),
        first_name: None,
        last_name: None,
        integration_type: None,
        disabled: false,
    };
    match who {
        Who::Human => {
            let first = FIRST_NAMES[place % FIRST_NAMES.len()];
            let shift = generator(seed, Purpose::Performer, u64::MAX).usize(0..LAST_NAMES.len());
            let last = LAST_NAMES[(place * 7 + place / FIRST_NAMES.len() + shift) % LAST_NAMES.len()];
            it.name = format!("{first} {last}");
            it.first_name = Some(first.to_owned());
            it.last_name = Some(last.to_owned());
            it.disabled = place % 23 == 22;
        }
        Who::Service => SERVICES[place].clone_into(&mut it.name),
        Who::Key => KEYS[place].clone_into(&mut it.name),
        Who::Automation => AUTOMATIONS[place].clone_into(&mut it.name),
        Who::Integration | Who::Extraction => {
            INTEGRATIONS[place].0.clone_into(&mut it.name);
            it.integration_type = Some(INTEGRATIONS[place].1);
        }
        Who::Monitor => MONITORS[place].clone_into(&mut it.name),
        Who::System => {
            it.id = None;
            "system".clone_into(&mut it.name);
        }
        Who::Unknown => it.id = None,
    }
    it
}

/// The address of a person of the workspace, from the name.
pub fn email(first_name: &str, last_name: &str) -> String {
    let letters = |name: &str| name.to_lowercase().replace([' ', '\''], "");
    format!("{}.{}@northwind.example", letters(first_name), letters(last_name))
}

/// A count or place as a seedable number.
pub fn as_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_classes_stand_at_their_own_place() {
        for (place, kind) in Kind::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, place);
        }
        for (place, who) in Who::ALL.iter().enumerate() {
            assert_eq!(*who as usize, place);
        }
    }

    #[test]
    fn a_larger_history_has_a_larger_cast_without_shared_ids() {
        let small = Cast::draw(1, 1_000, (1, usize::MAX));
        let large = Cast::draw(1, 1_000_000, (1, usize::MAX));
        assert!(large.performers.len() > small.performers.len());
        assert!(large.resources.len() > 10_000);
        assert!(Cast::draw(1, 1_000_000, (5, usize::MAX)).resources.len() > 50_000);
        let tables = large.kind(Kind::Table).chain(large.kind(Kind::Document));
        let ids: std::collections::HashSet<_> = tables.map(|place| large.resources[place].id).collect();
        assert_eq!(ids.len(), 1_060 + 540);
    }
}
