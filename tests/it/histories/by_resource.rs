//! The judgement of lists that are asked for by resource: their promise is the log's, as far as its rows have been followed.
//! Apart from the judgement of lists that are walked by an order key of their own.

use std::collections::BTreeSet;

use trailhouse::coverage::{Span, State};
use trailhouse::simulator::listing::sightings::{Sighting, Sort};

use super::draw::{Moment, Trouble};
use super::judge::{Case, at, state_at};
use super::nature::Where;
use super::run::{Ended, Synced};

const FINALITY: i64 = 86_400_000_000;
/// How long a sync takes at most by the service's clock, which others move on.
const SLACK: i64 = 7_200_000_000;

impl Case<'_> {
    /// `calm` says in which syncs nothing kept the log from being read and claimed.
    pub(super) fn judge_by_resource(&mut self, log: &Case<'_>, calm: &[bool]) {
        self.judge_rows();
        let (history, tale) = (self.history, self.tale);
        for (number, (moment, sync)) in history.moments.iter().zip(&tale.syncs).enumerate() {
            self.judge_served(number, moment, sync);
            if Where::of(history, tale.sort) == Where::Nowhere {
                self.judge_silence(number, sync, log);
                continue;
            }
            self.judge_borrowed(number, sync, log);
            if !self.nature.is_steady {
                continue;
            }
            self.judge_place(number, sync, log);
            self.judge_asked(number, moment, sync);
            self.judge_final(number, sync, log);
            if calm[number] && self.nature.is_readable {
                self.judge_calm(number, sync, log);
                self.judge_second(number, sync, log);
            }
        }
    }

    /// Lists that are not there prove nothing, once there is a row of the log to ask them for.
    fn judge_silence(&mut self, number: usize, sync: &Synced, log: &Case<'_>) {
        let held = log.tale.held.iter().filter(|row| row.load <= i128::from(sync.sequence));
        let claimed = |key| state_at(sync.state.as_ref(), key).is_some_and(is_claimed);
        let mut held = held.filter(|row| claimed(row.updated_at));
        if held.any(|row| log.is_of_resource(&row.id)) {
            self.fault(format!("sync {number} claims what no list shows"));
        }
    }

    fn is_of_resource(&self, id: &str) -> bool {
        let mut rows = self.tale.ids.iter().filter(|(_, known)| *known == id);
        rows.any(|(row, _)| self.tale.resources.contains_key(row))
    }

    /// Nothing is claimed that the log has not claimed, and of notifications, some of which are of no resource, nothing for
    /// good.
    fn judge_borrowed(&mut self, number: usize, sync: &Synced, log: &Case<'_>) {
        // A run that breaks off may have recorded this state and not yet the log's, whose rows are durable all the same.
        if matches!(sync.ended, Ended::Broken(_)) {
            return;
        }
        let before = number
            .checked_sub(1)
            .and_then(|number| self.tale.syncs[number].state.as_ref());
        let of = log.tale.syncs[number].state.as_ref();
        for interval in sync.state.iter().flat_map(|state| state.coverage.intervals()) {
            let span = interval.span;
            let mut known = before.into_iter().flat_map(|state| state.coverage.intervals());
            let is_known = known.any(|old| old.state == interval.state && old.span.meet(span) == span);
            if !is_claimed(interval.state) || is_known {
                continue;
            }
            let is_final = interval.state == State::Final;
            let is_backed = |state| {
                if is_final {
                    state == State::Final
                } else {
                    is_claimed(state)
                }
            };
            let others = of.into_iter().flat_map(|state| state.coverage.intervals());
            let mut met = others.filter(|other| !other.span.meet(interval.span).is_empty());
            let is_whole = of.is_some_and(|state| state.coverage.missing(interval.span).is_empty());
            if !is_whole || !met.all(|other| is_backed(other.state)) || (is_final && self.tale.sort == Sort::Notices) {
                let Span { from, to } = interval.span;
                let what = format!("{} to {} is {:?}", at(from), at(to), interval.state);
                self.fault(format!("sync {number}: {what}, and the log is not"));
            }
        }
    }

    /// Whatever tells of a record that has been listed from the beginning to the end is held of the log by this load.
    fn judge_named(&mut self, (number, sync): (usize, &Synced), log: &Case<'_>, (load, what): (u64, &str)) {
        for sighting in self.missing(&sync.still, sync) {
            // The log may have another row of the same id, and deleted ones are told of no more.
            let told_by = &sync.told_by[&sighting];
            let is_named = told_by.iter().all(|revision| log.has(*revision, load));
            if is_named && self.resource(sighting).is_some() && !self.is_of_failed(sighting, sync) {
                let name = self.name(sighting);
                self.fault(format!("sync {number}: {name} {what}, and is not there"));
            }
        }
    }

    /// The place says up to which load of the log every resource has been listed.
    fn judge_place(&mut self, number: usize, sync: &Synced, log: &Case<'_>) {
        let state = sync.state.as_ref().and_then(|state| state.fan_out.as_ref());
        if let Some(place) = state {
            self.judge_named(
                (number, sync),
                log,
                (place.first.after, "is of a resource that is done"),
            );
        }
    }

    /// A resource that was asked for in a sync that ended well is held as it is listed.
    fn judge_asked(&mut self, number: usize, moment: &Moment, sync: &Synced) {
        let is_whole = matches!(sync.ended, Ended::Done { error: None, .. });
        let state = sync.state.as_ref().and_then(|state| state.fan_out.as_ref());
        let Some(place) = state.filter(|_| is_whole && !matches!(moment.trouble, Trouble::StoppedAt { .. })) else {
            return;
        };
        for sighting in self.missing(&sync.still, sync) {
            // The one that is known to show something may only have been asked whether it still does.
            let is_asked = self
                .resource(sighting)
                .is_some_and(|resource| sync.asked.contains(resource) && place.known.as_ref() != Some(resource));
            if is_asked && !self.is_of_failed(sighting, sync) {
                let name = self.name(sighting);
                self.fault(format!(
                    "sync {number}: {name} is of a resource that was asked for, and is not there"
                ));
            }
        }
    }

    /// What becomes final is there, but for what only the lists of resources have: no row of the log tells of it.
    fn judge_final(&mut self, number: usize, sync: &Synced, log: &Case<'_>) {
        let before = number
            .checked_sub(1)
            .and_then(|number| self.tale.syncs[number].state.as_ref());
        if self.history.is_late_beyond_finality {
            return;
        }
        let is_final = |state, revision: &Sighting| state_at(state, revision.updated_at) == Some(State::Final);
        for sighting in self.missing(&sync.still, sync) {
            let told_by = &sync.told_by[&sighting];
            let listed = &log.tale.syncs[number].still;
            let is_bound = told_by
                .iter()
                .all(|it| listed.contains(it) && is_final(sync.state.as_ref(), it));
            if is_bound && !told_by.iter().all(|it| is_final(before, it)) {
                let name = self.name(sighting);
                self.fault(format!(
                    "sync {number}: {name} is in time that becomes final, and is not there"
                ));
            }
        }
    }

    /// Nothing was wrong with the log: every resource it names is listed, and what it has claimed is claimed here.
    fn judge_calm(&mut self, number: usize, sync: &Synced, log: &Case<'_>) {
        match &sync.ended {
            Ended::Done { error: None, findings } if findings.is_empty() => {}
            ended => return self.fault(format!("sync {number} ended as {ended:?}, and nothing was wrong")),
        }
        self.judge_named(
            (number, sync),
            log,
            (sync.sequence, "is of a resource that the log names"),
        );
        let own = sync.state.as_ref().map(|state| &state.coverage);
        let of = log.tale.syncs[number].state.as_ref();
        for interval in of.into_iter().flat_map(|state| state.coverage.intervals()) {
            let state = |at| state_at(sync.state.as_ref(), at);
            let is_same = self.tale.sort == Sort::Notices
                || (state(interval.span.from) == Some(interval.state)
                    && state(interval.span.to - 1) == Some(interval.state));
            if !is_same || own.is_none_or(|own| !own.missing(interval.span).is_empty()) {
                let Span { from, to } = interval.span;
                let what = format!("{} to {} is {:?} of the log", at(from), at(to), interval.state);
                self.fault(format!("sync {number}: {what}, and not here, though nothing was wrong"));
            }
        }
    }

    /// A resource is listed once more when its recent activity has become older than `finality`: what its list has shown by
    /// then is there, also where no row of the log tells of it.
    fn judge_second(&mut self, number: usize, sync: &Synced, log: &Case<'_>) {
        for sighting in self.missing(&sync.still, sync) {
            let first = self
                .resource(sighting)
                .and_then(|resource| log.last_active(resource, sync));
            let Some(first) = first else { continue };
            let due_at = log.tale.syncs[first].began_at + FINALITY;
            // When a load was made is told by the loader's own clock.
            let mut moments = self.history.moments[first..=number].iter();
            let is_told = !moments.any(|moment| matches!(moment.trouble, Trouble::WrongClock(_)));
            let mut later = self.tale.syncs[first + 1..=number].iter();
            let was_listed = later.any(|it| it.began_at <= due_at && it.still.contains(&sighting));
            if is_told && was_listed && due_at + SLACK <= sync.began_at {
                let name = self.name(sighting);
                self.fault(format!(
                    "sync {number}: {name} was in its resource's list within a day of sync {first}, and is not there"
                ));
            }
        }
    }

    /// The last sync with a row of a resource that was not older than `finality` then.
    fn last_active(&self, resource: &str, until: &Synced) -> Option<usize> {
        let of_resource = self.tale.resources.iter().filter(|(_, known)| *known == resource);
        let ids: BTreeSet<&String> = of_resource.filter_map(|(row, _)| self.tale.ids.get(row)).collect();
        let held = self.tale.held.iter().filter(|row| ids.contains(&row.id));
        let held = held.filter(|row| row.load <= i128::from(until.sequence));
        let synced = held.filter_map(|row| {
            let mut syncs = self.tale.syncs.iter();
            let number = syncs.position(|sync| row.load <= i128::from(sync.sequence))?;
            (row.updated_at >= self.tale.syncs[number].began_at - FINALITY).then_some(number)
        });
        synced.max()
    }

    /// Whether the list that the record is in could not be read, and will be asked for again.
    pub(super) fn is_of_failed(&self, sighting: Sighting, sync: &Synced) -> bool {
        let place = sync.state.as_ref().and_then(|state| state.fan_out.as_ref());
        let resource = self.resource(sighting);
        resource.is_some_and(|resource| place.is_some_and(|place| place.failed.contains(resource)))
    }

    fn resource(&self, sighting: Sighting) -> Option<&String> {
        self.tale.resources.get(&sighting.row)
    }
}

fn is_claimed(state: State) -> bool {
    matches!(state, State::Provisional | State::Final)
}
