//! The history of a Zendesk account, drawn from a seed: compact rows, rendered one by one on request. Which of them
//! are visible is the listing's business.

use std::collections::HashMap;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::super::calendar::Calendar;
use super::super::chance::{Purpose, mix, number};
use super::super::workspace::place;
use super::bad::Bad;
use super::cast::{Cast, SYSTEM};
use super::deeds::{By, DEEDS, Deed, Source};
use super::story::{self, Told};

/// An id of today, near 2^44.
pub const NEAR_TWO_TO_44: i64 = 18_342_096_136_337;
/// From here on a double-precision float cannot tell neighbouring ids apart.
pub const ABOVE_TWO_TO_53: i64 = 9_007_199_254_740_993;

/// The `deed` of a row whose record is told and not drawn; `source` is its place among the told.
const TOLD: u16 = u16::MAX;
/// Ids change places within so many rows.
const BLOCK: u64 = 16;
/// Ids are so far apart on average.
const STRIDE: u64 = 61;

/// What a history is drawn from; equal settings give equal histories, whatever the clock on the wall says.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub seed: u64,
    /// Rows drawn; the story's come on top.
    pub events: usize,
    /// The length of the drawn history.
    pub days: u32,
    /// Its end: no row is later, and at this instant all of it is visible.
    pub end_at: Timestamp,
    /// Whether the planted story stands in it.
    pub story: bool,
    /// How many of a thousand rows become visible late.
    pub late_per_mille: u16,
    /// How late at most.
    pub latest: SignedDuration,
    /// About where ids begin: [`NEAR_TWO_TO_44`], [`ABOVE_TWO_TO_53`].
    pub first_id: i64,
}

impl Settings {
    /// A history without the story, ids of today, 50 rows of a thousand at most ten minutes late.
    pub fn new(seed: u64, events: usize, days: u32, end_at: Timestamp) -> Settings {
        Settings {
            seed,
            events,
            days,
            end_at,
            story: false,
            late_per_mille: 50,
            latest: SignedDuration::from_mins(10),
            first_id: NEAR_TWO_TO_44,
        }
    }
}

/// One row; times are whole seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub id: i64,
    pub created_at: i64,
    /// From when on the service lists it.
    pub visible_at: i64,
    source: u32,
    actor: u16,
    deed: u16,
}

/// What a filter sees of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    pub action: &'static str,
    pub actor_id: i64,
    pub ip_address: Option<IpAddr>,
    pub source_type: &'static str,
    pub source_id: Option<i64>,
}

/// The cast and everything that ever happened.
#[derive(Debug)]
pub struct History {
    pub settings: Settings,
    pub cast: Cast,
    pub rows: Vec<Row>,
    /// What is wrong with the records of some rows.
    pub odd: HashMap<u32, Bad>,
    told: Vec<Told>,
    totals: Vec<u32>,
    rng: fastrand::Rng,
    /// The next place in the order of ids, and how many ids were given below the first.
    next: u64,
    below: i64,
}

/// Where the id of a new row stands among those there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Below all of them.
    Lower,
    /// Above all of them.
    Higher,
}

impl History {
    /// Draws all of it; a million rows take about a second.
    pub fn draw(settings: &Settings) -> History {
        let totals = DEEDS.iter().scan(0, |total, deed| {
            *total += deed.weight;
            Some(*total)
        });
        let mut history = History {
            settings: settings.clone(),
            cast: Cast::draw(settings.seed),
            rows: Vec::with_capacity(settings.events),
            odd: HashMap::new(),
            told: Vec::new(),
            totals: totals.collect(),
            rng: fastrand::Rng::with_seed(settings.seed),
            next: 0,
            below: 0,
        };
        history.draw_rows();
        if settings.story {
            for (at, told) in story::tell(settings.end_at) {
                history.tell(at, told);
            }
        }
        history.rows.sort_by_key(|row| row.created_at);
        for number in 0..history.rows.len() {
            history.rows[number].id = history.next_id();
        }
        history
    }

    /// The row at `number`.
    pub fn row(&self, number: u32) -> &Row {
        &self.rows[place(number)]
    }

    /// The place of a row in the order of the list.
    pub fn key(&self, number: u32) -> (i64, i64) {
        let row = self.row(number);
        (row.created_at, row.id)
    }

    /// A new row of the second `created_at`, visible from `visible_at` on; its id follows those there are. Gives its
    /// number.
    pub fn arrive(&mut self, created_at: i64, visible_at: i64) -> u32 {
        let id = self.next_id();
        self.push(id, created_at, visible_at)
    }

    /// The same with an id below or above all there are.
    pub fn arrive_beside(&mut self, created_at: i64, visible_at: i64, standing: Standing) -> u32 {
        let id = match standing {
            Standing::Lower => {
                self.below += 1;
                self.settings.first_id - self.below
            }
            Standing::Higher => {
                self.next = self.next.next_multiple_of(BLOCK);
                self.next_id()
            }
        };
        self.push(id, created_at, visible_at)
    }

    /// What filters judge a row by.
    pub fn facts(&self, number: u32) -> Facts {
        let row = self.row(number);
        if let Some(told) = self.told(row) {
            return told.facts();
        }
        let deed = deed(row);
        let source = place(row.source);
        let (actor_id, ip_address) = match deed.by {
            By::System => (SYSTEM, None),
            By::Agent => {
                let actor = usize::from(row.actor);
                (Cast::agent_id(actor), Cast::address(actor, self.chance(row)))
            }
        };
        Facts {
            action: deed.action,
            actor_id,
            ip_address,
            source_type: deed.source_type,
            source_id: self.cast.source_id(deed.source, source),
        }
    }

    /// The name of who did it; none where it is gone.
    pub fn actor_name(&self, number: u32) -> Option<&str> {
        let row = self.row(number);
        match self.told(row) {
            Some(told) => Some(told.actor.name),
            None if deed(row).by == By::System => Some("Zendesk"),
            None => self.cast.agent_name(usize::from(row.actor)),
        }
    }

    /// The name of what it was done to, and whether that is a person of the team.
    pub fn source_name(&self, number: u32) -> Option<(String, bool)> {
        let row = self.row(number);
        if let Some(told) = self.told(row) {
            return Some((told.source_name.to_owned(), told.source_type == "user"));
        }
        let source = deed(row).source;
        let name = self.cast.source_name(source, place(row.source))?;
        Some((name, source == Source::Agent))
    }

    /// `change_description`.
    pub fn description(&self, number: u32) -> String {
        let row = self.row(number);
        if let Some(told) = self.told(row) {
            return told.text.to_owned();
        }
        let text = deed(row).text;
        if !text.contains('{') {
            return text.to_owned();
        }
        let name = self.cast.source_name(deed(row).source, place(row.source));
        let amount = 1 + self.chance(row) / 64 % 400;
        text.replace("{name}", &name.unwrap_or_default())
            .replace("{number}", &amount.to_string())
    }

    fn told(&self, row: &Row) -> Option<&Told> {
        (row.deed == TOLD).then(|| self.told.get(place(row.source))).flatten()
    }

    /// A number that belongs to a row, whatever its place in the list.
    fn chance(&self, row: &Row) -> u64 {
        number(self.settings.seed, Purpose::Event, row.id.unsigned_abs())
    }

    fn draw_rows(&mut self) {
        let calendar = Calendar::new(self.settings.end_at, self.settings.days);
        let events = self.settings.events;
        let mut has_burst = false;
        while self.rows.len() < events {
            let is_burst = self.rng.u16(0..4_000) == 0 || (!has_burst && self.rows.len() >= events / 3);
            let mut row = self.draw_row();
            while is_burst && deed(&row).action == "login" {
                row = self.draw_row();
            }
            let is_human = deed(&row).by == By::Agent;
            let at = if is_human {
                calendar.working(&mut self.rng)
            } else {
                calendar.any(&mut self.rng)
            };
            row.created_at = at.div_euclid(1_000_000);
            row.visible_at = self.visible_at(row.created_at);
            let copies = if is_burst { self.rng.usize(101..260) } else { 1 };
            has_burst |= is_burst;
            let copies = copies.min(events - self.rows.len());
            for _ in 0..copies {
                let source = self.rng.u32(0..self.cast.population(deed(&row).source));
                self.rows.push(Row { source, ..row });
            }
        }
    }

    fn visible_at(&mut self, created_at: i64) -> i64 {
        if self.rng.u16(0..1000) >= self.settings.late_per_mille {
            return created_at;
        }
        let latest = self.settings.latest.as_secs().max(2);
        let late = self.rng.i64(1..latest).min(self.rng.i64(1..latest));
        (created_at + late).min(self.settings.end_at.as_second())
    }

    fn draw_row(&mut self) -> Row {
        let point = self.rng.u32(0..self.totals.last().copied().unwrap_or(1));
        let deed = self.totals.partition_point(|total| *total <= point);
        let agents = self.cast.size();
        let actor = self.rng.usize(0..agents).min(self.rng.usize(0..agents));
        let source = match (DEEDS[deed].action, DEEDS[deed].source) {
            ("login", _) => u32::try_from(actor).unwrap_or(0),
            (_, source) => self.rng.u32(0..self.cast.population(source)),
        };
        Row {
            id: 0,
            created_at: 0,
            visible_at: 0,
            source,
            actor: u16::try_from(actor).unwrap_or(0),
            deed: u16::try_from(deed).unwrap_or(0),
        }
    }

    fn push(&mut self, id: i64, created_at: i64, visible_at: i64) -> u32 {
        let number = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let drawn = self.draw_row();
        self.rows.push(Row {
            id,
            created_at,
            visible_at,
            ..drawn
        });
        number
    }

    fn tell(&mut self, at: i64, told: Told) {
        self.rows.push(Row {
            id: 0,
            created_at: at,
            visible_at: at,
            source: u32::try_from(self.told.len()).unwrap_or(0),
            actor: 0,
            deed: TOLD,
        });
        self.told.push(told);
    }

    /// Ids rise with time but for neighbours, which may have changed places.
    fn next_id(&mut self) -> i64 {
        let at = self.next;
        self.next += 1;
        let seed = self.settings.seed;
        let swapped = at ^ (mix(seed, at / BLOCK) % BLOCK);
        let offset = swapped * STRIDE + mix(seed, swapped) % STRIDE;
        self.settings.first_id + i64::try_from(offset).unwrap_or(0)
    }
}

fn deed(row: &Row) -> &'static Deed {
    &DEEDS[usize::from(row.deed) % DEEDS.len()]
}
