//! The drawing of a history: what, who, when, in which bursts and how late. Apart from the workspace, which is what
//! comes of it.

use super::acts::{Act, Repertoire};
use super::calendar::Calendar;
use super::cast::{Cast, Who, as_u64};
use super::chance::mix;
use super::workspace::{Event, NONE, Revision, Settings, TOLD, place};

struct Draft {
    event: Event,
    group: u32,
    revised_at: Option<i64>,
}

struct Drawing<'a> {
    settings: &'a Settings,
    cast: &'a Cast,
    repertoire: &'a Repertoire,
    calendar: Calendar,
    rng: &'a mut fastrand::Rng,
    drafts: Vec<Draft>,
    groups: u32,
}

/// The drawn events among the `given` ones, in order of `logged_at`, and their revisions in order of time.
pub fn draw(
    settings: &Settings,
    cast: &Cast,
    repertoire: &Repertoire,
    rng: &mut fastrand::Rng,
    given: Vec<Event>,
) -> (Vec<Event>, Vec<Revision>) {
    let calendar = Calendar::new(settings.end_at, settings.days);
    let drafts = Vec::with_capacity(settings.events + given.len());
    let mut drawing = Drawing {
        settings,
        cast,
        repertoire,
        calendar,
        rng,
        drafts,
        groups: 0,
    };
    while drawing.drafts.len() < settings.events {
        drawing.draw_one();
    }
    let Drawing { mut drafts, groups, .. } = drawing;
    drafts.extend(given.into_iter().map(|event| Draft {
        event,
        group: 0,
        revised_at: None,
    }));
    drafts.sort_by_key(|draft| draft.event.logged_at);
    link(&mut drafts, &repertoire.acts, groups);
    let planned = (0..).zip(&drafts);
    let planned = planned.filter_map(|(event, draft)| {
        Some(Revision {
            at: draft.revised_at?,
            event,
        })
    });
    let mut revisions: Vec<Revision> = planned.collect();
    revisions.sort_by_key(|revision| (revision.at, revision.event));
    (drafts.into_iter().map(|draft| draft.event).collect(), revisions)
}

impl Drawing<'_> {
    fn draw_one(&mut self) {
        let act = self.repertoire.draw(self.rng);
        let mut event = staged(self.cast, self.repertoire, act, self.rng);
        let sort = &self.repertoire.acts[usize::from(act)];
        let is_human = sort.who == Who::Human;
        let logged_at = if is_human {
            self.calendar.working(self.rng)
        } else {
            self.calendar.any(self.rng)
        };
        let grain = match self.rng.u8(0..100) {
            0..=1 => 1_000_000,
            2..=60 => 1_000,
            _ => 1,
        };
        let delay = match self.rng.u8(0..100) {
            0 => self.rng.i64(0..600_000_000),
            1..=9 => self.rng.i64(0..5_000_000),
            _ => self.rng.i64(0..400_000),
        };
        event.logged_at = logged_at - logged_at % grain;
        event.created_at = self.within(event.logged_at + delay - delay % grain);
        event.updated_at = event.created_at;
        event.visible_at = self.visible_at(event.created_at);
        let revised_at = self.revised_at(&event);
        let group = if sort.is_parent() { self.next_group() } else { 0 };
        self.drafts.push(Draft {
            event,
            group,
            revised_at,
        });
        if group > 0 {
            self.draw_steps(&event, group);
        }
    }

    /// The rows of one automation: all created, and so keyed, at one instant.
    fn draw_steps(&mut self, head: &Event, group: u32) {
        let room = self.settings.events.saturating_sub(self.drafts.len());
        let steps = 1 + self.rng.usize(0..120).min(self.rng.usize(0..120));
        let at = self.within(head.created_at + 40_000);
        for _ in 0..steps.min(room) {
            let act = self.repertoire.step(self.rng);
            let mut event = staged(self.cast, self.repertoire, act, self.rng);
            event.performer = head.performer;
            event.logged_at = self.within(head.logged_at + 1_000).min(at);
            event.created_at = at;
            event.updated_at = at;
            event.visible_at = head.visible_at.max(at);
            self.drafts.push(Draft {
                event,
                group,
                revised_at: None,
            });
        }
    }

    fn visible_at(&mut self, created_at: i64) -> i64 {
        if self.rng.u16(0..1000) >= self.settings.late_per_mille {
            return created_at;
        }
        let latest = i64::try_from(self.settings.latest.as_micros()).unwrap_or(0).max(2);
        let late = self.rng.i64(1..latest).min(self.rng.i64(1..latest));
        self.within(created_at + late)
    }

    fn revised_at(&mut self, event: &Event) -> Option<i64> {
        if self.rng.u8(0..100) >= 8 {
            return None;
        }
        let hours = if self.rng.u8(0..10) == 0 { 72 } else { 1 };
        let at = event.created_at + self.rng.i64(1_000_000..hours * 3_600_000_000);
        (at < self.settings.end_at.as_microsecond()).then_some(at)
    }

    fn next_group(&mut self) -> u32 {
        self.groups += 1;
        self.groups
    }

    fn within(&self, at: i64) -> i64 {
        at.min(self.settings.end_at.as_microsecond())
    }
}

/// An act with its performer and resource, without times.
pub fn staged(cast: &Cast, repertoire: &Repertoire, act: u16, rng: &mut fastrand::Rng) -> Event {
    let sort = &repertoire.acts[usize::from(act)];
    let performer = cast.performer(sort.who, rng);
    let resource = match sort.who {
        Who::Key | Who::Monitor | Who::Integration | Who::Automation => cast.own_resource(performer, sort.target),
        _ => None,
    };
    let resource = resource.or_else(|| cast.resource(sort.target, rng));
    Event {
        logged_at: 0,
        created_at: 0,
        updated_at: 0,
        visible_at: 0,
        resource: resource.and_then(|place| u32::try_from(place).ok()).unwrap_or(NONE),
        parent: NONE,
        version: NONE,
        performer: u16::try_from(performer).unwrap_or(u16::MAX),
        act,
        edits: 0,
    }
}

/// Points the steps of automations to their heads, and lets some neighbours share one order key.
fn link(drafts: &mut [Draft], acts: &[Act], groups: u32) {
    let is_parent = |draft: &Draft| acts.get(usize::from(draft.event.act)).is_some_and(Act::is_parent);
    let mut heads = vec![NONE; place(groups) + 1];
    for (number, draft) in (0..).zip(drafts.iter()) {
        if is_parent(draft) {
            heads[place(draft.group)] = number;
        }
    }
    for draft in drafts.iter_mut().filter(|draft| draft.group > 0) {
        if !is_parent(draft) {
            draft.event.parent = heads[place(draft.group)];
        }
    }
    for number in 1..drafts.len() {
        let later = drafts[number].event.created_at;
        let earlier = &mut drafts[number - 1];
        let is_near = later > earlier.event.created_at && later - earlier.event.logged_at < 600_000_000;
        let is_drawn = mix(as_u64(number), later.unsigned_abs()).is_multiple_of(40);
        if is_near && is_drawn && earlier.group == 0 && earlier.revised_at.is_none() && earlier.event.act != TOLD {
            earlier.event.created_at = later;
            earlier.event.updated_at = later;
            earlier.event.visible_at = earlier.event.visible_at.max(later);
        }
    }
}
