//! The judgement: what the loader holds and claims at the end and after every sync, against what was to be seen. Knows the
//! vocabulary of coverage and nothing of how the loader comes to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use jiff::Timestamp;
use trailhouse::coverage::{Gap, Span, State, StreamState};
use trailhouse::simulator::listing::sightings::Sighting;
use trailhouse::simulator::script::Change;
use trailhouse::simulator::switches::DateHeader;

use super::draw::{History, Kind, Moment, Trouble};
use super::nature::{Nature, Where};
use super::run::{Ended, Held, Synced, Tale, is_moving};

const SECOND: i64 = 1_000_000;
const SETTLE: i64 = 300 * SECOND;
const OVERLAP: i64 = 3_600 * SECOND;
const FINALITY: i64 = 86_400 * SECOND;
/// What the reason of a gap between two pages says.
const UNJOINED: &str = "could not be joined";
const TIED_TWICE: &str = "or one is listed twice";
/// Most faults told of one history.
const MOST: usize = 12;

type Name = (String, i64);

/// One sort of record of a history.
pub(super) struct Case<'a> {
    pub(super) history: &'a History,
    pub(super) tale: &'a Tale,
    pub(super) nature: Nature,
    /// Each revision in every form it is held in.
    held: BTreeMap<Name, Vec<&'a Held>>,
    pub(super) faults: Vec<String>,
}

/// Everything wrong with what a history came to.
pub(crate) fn judge(history: &History, tale: &Tale) -> Vec<String> {
    let mut log = Case::of(history, tale);
    let calm = log.judge_list();
    let mut faults = std::mem::take(&mut log.faults);
    for other in &tale.others {
        let mut case = Case::of(history, other);
        if Where::of(history, other.sort) == Where::Whole {
            case.judge_list();
        } else {
            case.judge_by_resource(&log, &calm);
        }
        faults.extend(case.faults.iter().map(|fault| format!("{:?}: {fault}", other.sort)));
    }
    faults.truncate(MOST);
    faults
}

/// How the syncs ended, and what was claimed around those that the faults name.
pub(crate) fn told(tale: &Tale, faults: &[String]) -> String {
    let mut text = told_of(tale, faults);
    for other in &tale.others {
        let start = format!("{:?}: ", other.sort);
        let own = faults.iter().filter_map(|fault| fault.strip_prefix(&start));
        let own: Vec<String> = own.map(str::to_owned).collect();
        if !own.is_empty() {
            write!(text, "{:?}\n{}", other.sort, told_of(other, &own)).expect("text");
        }
    }
    text
}

fn told_of(tale: &Tale, faults: &[String]) -> String {
    let rejects = tale.rejects.iter();
    let mut text: String = rejects.map(|reject| format!("rejected: {reject}\n")).collect();
    let is_named = |number: usize| faults.iter().any(|fault| fault.starts_with(&format!("sync {number}")));
    for (number, sync) in tale.syncs.iter().enumerate() {
        writeln!(
            text,
            "sync {number}: {} listed, {} newly served, ledger at {}, {:?}",
            sync.listed.len(),
            sync.served.len(),
            sync.sequence,
            sync.ended
        )
        .expect("text");
        if !is_named(number) && !is_named(number + 1) {
            continue;
        }
        for interval in sync.state.iter().flat_map(|state| state.coverage.intervals()) {
            let (from, to) = (at(interval.span.from), at(interval.span.to));
            writeln!(
                text,
                "    {:?} {from} to {to}, by {}",
                interval.state,
                at(interval.collected_at)
            )
            .expect("text");
        }
        for gap in sync.state.iter().flat_map(|state| state.coverage.gaps()) {
            writeln!(
                text,
                "    gap {} to {}: {}",
                at(gap.span.from),
                at(gap.span.to),
                gap.reason
            )
            .expect("text");
        }
        if let Some(fan_out) = sync.state.as_ref().and_then(|state| state.fan_out.as_ref()) {
            writeln!(text, "    {fan_out:?}, asked for {}", sync.asked.len()).expect("text");
        }
    }
    text
}

pub(super) fn at(micros: i64) -> String {
    Timestamp::from_microsecond(micros).map_or_else(|_| micros.to_string(), |at| at.to_string())
}

impl<'a> Case<'a> {
    fn of(history: &'a History, tale: &'a Tale) -> Case<'a> {
        let mut held: BTreeMap<Name, Vec<&Held>> = BTreeMap::new();
        for row in &tale.held {
            held.entry((row.id.clone(), row.updated_at)).or_default().push(row);
        }
        Case {
            history,
            tale,
            nature: Nature::of(history, tale.sort),
            held,
            faults: Vec::new(),
        }
    }

    pub(super) fn fault(&mut self, fault: String) {
        self.faults.push(fault);
    }

    /// Of one list: says in which syncs nothing was wrong.
    fn judge_list(&mut self) -> Vec<bool> {
        self.judge_rows();
        let moments = self.history.moments.iter().zip(&self.tale.syncs);
        (0..)
            .zip(moments)
            .map(|(number, (moment, sync))| self.judge_sync(number, moment, sync))
            .collect()
    }

    pub(super) fn judge_rows(&mut self) {
        let mut faults = Vec::new();
        for (name, rows) in &self.held {
            let who = format!("{} of {}", name.0, at(name.1));
            match self.tale.shown.get(name) {
                None => faults.push(format!("{who} was never shown")),
                Some(contents) => {
                    let strange = rows.iter().filter(|row| !contents.contains(&row.content));
                    faults.extend(
                        strange.map(|row| format!("{who} should be one of {contents:?}, not {:?}", row.content)),
                    );
                }
            }
            let states = self.tale.shown.get(name).map_or(0, Vec::len);
            if rows.len() > self.history.shapes() * states {
                faults.push(format!("{who} is there {} times", rows.len()));
            }
        }
        for pair in self.tale.held.windows(2).filter(|pair| pair[0].id == pair[1].id) {
            if pair[0].revision + 1 != pair[1].revision || pair[0].updated_at > pair[1].updated_at {
                faults.push(format!("the revisions of {} are in disorder", pair[0].id));
            }
        }
        // Labels that change make another reject of the same record.
        let is_fixed = match &self.history.kind {
            Kind::Secoda(_) => true,
            Kind::Zendesk(switches, _) => !switches.labels_change,
        };
        if is_fixed && self.tale.rejects.len() > self.tale.rejects_shown {
            faults.push(format!(
                "{} rejects, and only {} were shown",
                self.tale.rejects.len(),
                self.tale.rejects_shown
            ));
        }
        let (stored, held) = self.tale.stored;
        if stored != held {
            faults.push(format!("the loads have stored {stored} rows, and {held} are there"));
        }
        if self.tale.unbalanced > 0 {
            faults.push(format!("{} loads do not add up", self.tale.unbalanced));
        }
        if self.tale.unmerged > 0 {
            faults.push(format!(
                "{} ids are in the merged table twice or not at all",
                self.tale.unmerged
            ));
        }
        let findings = self.tale.findings.iter();
        faults.extend(findings.map(|finding| format!("verify: {finding}")));
        self.faults.extend(faults);
    }

    fn judge_sync(&mut self, number: usize, moment: &Moment, sync: &Synced) -> bool {
        self.judge_served(number, moment, sync);
        let before = number
            .checked_sub(1)
            .and_then(|number| self.tale.syncs[number].state.as_ref());
        self.judge_claims(number, sync, before);
        let has_no_cause = self.has_no_cause(number, moment, sync);
        match &sync.ended {
            Ended::Done { error: None, findings } if has_no_cause => {
                if !findings.is_empty() {
                    self.fault(format!("sync {number} finds {findings:?}, and nothing was wrong"));
                }
                self.judge_completeness(number, sync);
                self.judge_overlap(number, sync, before);
                return findings.is_empty();
            }
            ended if has_no_cause => self.fault(format!("sync {number} ended as {ended:?}, and nothing was wrong")),
            _ => {}
        }
        false
    }

    /// What stood in a full answer is kept, in a load of this sync.
    pub(super) fn judge_served(&mut self, number: usize, moment: &Moment, sync: &Synced) {
        let is_whole = matches!(sync.ended, Ended::Done { error: None, .. });
        if !is_whole || matches!(moment.trouble, Trouble::StoppedAt { .. }) {
            return;
        }
        let lost: Vec<Sighting> = self.missing(&sync.served, sync);
        for sighting in lost {
            // An answer under another number than was asked for is nothing to keep.
            if !self.nature.is_readable && self.is_of_failed(sighting, sync) {
                continue;
            }
            let name = self.name(sighting);
            self.fault(format!("sync {number}: {name} stood in a full answer and is lost"));
        }
    }

    /// What becomes claimed is durable: everything in it that was listed from the beginning of the sync to its end.
    fn judge_claims(&mut self, number: usize, sync: &Synced, before: Option<&StreamState>) {
        let is_claimed = |state| matches!(state, Some(State::Provisional | State::Final));
        for sighting in self.missing(&sync.still, sync) {
            let key = sighting.updated_at;
            let (was, is) = (state_at(before, key), state_at(sync.state.as_ref(), key));
            let becomes_claimed = is_claimed(is) && !is_claimed(was);
            let becomes_final = is == Some(State::Final) && was != Some(State::Final);
            // A list that is not counted may hide a row once; only a second reading makes its claims final.
            let is_binding = becomes_final || (becomes_claimed && self.nature.is_counted);
            if is_binding && self.nature.is_steady {
                let name = self.name(sighting);
                self.fault(format!(
                    "sync {number}: {name} is in time that becomes {is:?} (was {was:?}), and is not there"
                ));
            }
        }
    }

    /// Nothing was wrong: all that is listed is covered, and what is older than finality is there.
    fn judge_completeness(&mut self, number: usize, sync: &Synced) {
        let Some(oldest) = sync.still.iter().map(|sighting| sighting.updated_at).min() else {
            return;
        };
        let now = self.now_of(sync);
        let listed = Span::new(oldest, now - SETTLE);
        let Some(state) = &sync.state else {
            self.fault(format!("sync {number} left no state"));
            return;
        };
        let is_missing = |gap: &Gap| !gap.span.meet(listed).is_empty();
        let is_of_doubles = |reason: &str| reason.contains(UNJOINED) || reason.contains(TIED_TWICE);
        let is_excused = |gap: &Gap| self.history.has_doubles && is_of_doubles(&gap.reason);
        let gaps = state.coverage.gaps().into_iter().filter(is_missing);
        let gaps: Vec<Gap> = gaps.filter(|gap| !is_excused(gap)).collect();
        for Gap { span: gap, reason } in gaps {
            self.fault(format!(
                "sync {number}: a gap from {} to {} without a cause: {reason}",
                at(gap.from),
                at(gap.to)
            ));
        }
        if self.history.is_late_beyond_finality {
            return;
        }
        for sighting in self.missing(&sync.still, sync) {
            if sighting.updated_at + FINALITY <= now {
                let name = self.name(sighting);
                self.fault(format!(
                    "sync {number}: {name} was listed, and is neither there nor in a gap"
                ));
            }
        }
    }

    /// Nothing was wrong: what is newer than an hour before what was collected last is there, however it came there.
    fn judge_overlap(&mut self, number: usize, sync: &Synced, before: Option<&StreamState>) {
        let now = self.now_of(sync);
        let intervals = before.into_iter().flat_map(|state| state.coverage.intervals());
        let collected = intervals.filter(|interval| interval.state != State::NotOffered);
        let Some(end) = collected.map(|interval| interval.span.to).max() else {
            return;
        };
        let recent = end.min(now) - OVERLAP..now - SETTLE;
        for sighting in self.missing(&sync.still, sync) {
            if recent.contains(&sighting.updated_at) {
                let name = self.name(sighting);
                self.fault(format!(
                    "sync {number}: {name} is newer than the hour before the end, and is not there"
                ));
            }
        }
    }

    /// The time a loader may rely on: the service's to the second, but no later than its own; without one, the newest key.
    pub(super) fn now_of(&self, sync: &Synced) -> i64 {
        let second = |at: i64| at - at.rem_euclid(SECOND);
        let told = match &self.history.kind {
            Kind::Secoda(switches) => match switches.date {
                DateHeader::Clock => second(sync.began_at),
                DateHeader::Skewed(by) => second(sync.began_at + i64::try_from(by.as_micros()).expect("micros")),
                DateHeader::Absent if self.nature.is_ordered => newest(&sync.listed),
                DateHeader::Absent => oldest(&sync.listed),
            },
            Kind::Zendesk(..) => second(sync.began_at),
        };
        told.min(sync.loader_at)
    }

    /// Whether nothing was drawn that may keep a sync from reading and claiming all that is listed.
    fn has_no_cause(&self, number: usize, moment: &Moment, sync: &Synced) -> bool {
        let is_calm = matches!(
            moment.trouble,
            Trouble::None | Trouble::Transient(_) | Trouble::WrongClock(_)
        );
        let moving = |change: &Change| is_moving(change) || matches!(change, Change::PageSize(_));
        let moves = moment.during.iter().filter(|(_, change)| moving(change)).count();
        let is_withstood = self.nature.changes_withstood.is_none_or(|most| moves <= most);
        // Of what is listed nothing may be a record.
        let is_told = !sync.still.is_empty() || self.tale.rejects_shown == 0;
        is_calm && is_told && self.nature.is_readable && is_withstood && self.meets_again(number, sync)
    }

    pub(super) fn missing(&self, wanted: &BTreeSet<Sighting>, sync: &Synced) -> Vec<Sighting> {
        let missing = wanted
            .iter()
            .copied()
            .filter(|sighting| !self.has(*sighting, sync.sequence));
        missing.collect()
    }

    /// Whether a revision is held by a load, or an earlier one.
    pub(super) fn has(&self, sighting: Sighting, load: u64) -> bool {
        let rows = self
            .tale
            .ids
            .get(&sighting.row)
            .and_then(|id| self.held.get(&(id.clone(), sighting.updated_at)));
        rows.is_some_and(|rows| rows.iter().any(|row| row.load <= i128::from(load)))
    }

    pub(super) fn id(&self, sighting: Sighting) -> &str {
        &self.tale.ids[&sighting.row]
    }

    /// A revision, and what is held of its record.
    pub(super) fn name(&self, sighting: Sighting) -> String {
        let id = self.id(sighting);
        let held = self.tale.held.iter().filter(|row| row.id == id);
        let held: Vec<String> = held
            .map(|row| format!("{} by load {}", at(row.updated_at), row.load))
            .collect();
        format!("{id} of {} (held: {})", at(sighting.updated_at), held.join(", "))
    }
}

fn newest(listed: &BTreeSet<Sighting>) -> i64 {
    listed.iter().map(|sighting| sighting.updated_at).max().unwrap_or(0)
}

fn oldest(listed: &BTreeSet<Sighting>) -> i64 {
    listed.iter().map(|sighting| sighting.updated_at).min().unwrap_or(0)
}

pub(super) fn state_at(state: Option<&StreamState>, key: i64) -> Option<State> {
    let mut intervals = state?.coverage.intervals().iter();
    let interval = intervals.find(|interval| interval.span.from <= key && key < interval.span.to)?;
    Some(interval.state)
}
