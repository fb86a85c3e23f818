//! What the keeper of a schedule has to tell: of its jobs, and of where the streams stand. Apart from running jobs because here it
//! is decided that an event is told at least once: it is noted in the same write as what it is an event of, and waits there until
//! its message has arrived.

use std::sync::PoisonError;

use super::super::{Context, Failure, NEEDS_A_LOOK, standing};
use super::job::Ended;
use super::keeper::Keeper;
use super::kept;
use crate::alert::Event;
use crate::report;

impl Keeper<'_> {
    /// What the end of a command is an event of.
    pub(super) fn judge(&mut self, name: &str, report: Option<&str>, ended: &Ended) {
        let (job, message) = (name.to_owned(), ended.message.clone());
        let has_report_findings = report.filter(|_| ended.exit_code == i32::from(NEEDS_A_LOOK));
        if let Some(name) = has_report_findings {
            let found = report::find_own(&self.config.reports.directories, name);
            self.events.push(Event::Findings {
                job,
                report: name.to_owned(),
                severity: found.ok().and_then(|report| report.severity),
            });
        } else if ended.exit_code == i32::from(NEEDS_A_LOOK) {
            self.events.push(Event::Look { job, message });
        } else if ended.exit_code != 0 {
            self.events.push(Event::Failure {
                job,
                exit_code: ended.exit_code,
                message,
            });
        }
    }

    /// Which reports of the job have findings, in words; of one without, nothing.
    pub(super) fn findings(&self) -> String {
        let reports = self.events.iter().filter_map(|event| match event {
            Event::Findings { report, .. } => Some(report.as_str()),
            _ => None,
        });
        let reports: Vec<&str> = reports.collect();
        if reports.is_empty() {
            return String::new();
        }
        format!("findings in {}", reports.join(", "))
    }

    /// The events of the job wait to be told; on the disk with the next write.
    pub(super) fn note_events(&mut self) {
        let events = std::mem::take(&mut self.events);
        self.note(&events);
    }

    fn note(&mut self, events: &[Event]) {
        let surplus = (self.kept.memory.waiting).add(&self.config.alerts, events, Context::present());
        self.given_up(surplus, "too many wait already");
    }

    fn given_up(&mut self, events: usize, why: &str) {
        if events > 0 {
            let lost = u64::try_from(events).unwrap_or(u64::MAX);
            self.messengers.failed = self.messengers.failed.saturating_add(lost);
            let text = format!("{events} events will not be told: {why}");
            self.context.terminal.warn(&text);
        }
    }

    /// Looks at where the streams stand, tells what is new, and shows it all to those who measure.
    pub(super) async fn look_at_streams(&mut self) {
        let standings = match standing::read(self.config).await {
            Ok(standings) => standings,
            Err(failure) => {
                self.context
                    .terminal
                    .warn(&format!("the streams cannot be looked at: {}", failure.message));
                Vec::new()
            }
        };
        let now = Context::present();
        for standing in &standings {
            let new = self.kept.memory.told.new_gaps(&standing.name(), &standing.gaps());
            self.note(&new);
            let Some(days) = standing.days_until_loss(now.as_microsecond()) else {
                continue;
            };
            let stream = standing.name();
            for alert in &self.config.alerts {
                let memory = &mut self.kept.memory;
                if memory.told.is_clock_due(alert, &stream, days, now) {
                    let stream = stream.clone();
                    memory.waiting.add([alert], &[Event::Retention { stream, days }], now);
                }
            }
        }
        self.remembered(self.kept.write());
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.standings = standings;
        drop(seen);
        self.tell();
        self.show();
    }

    /// Sends what waits to be told, and hears what has arrived.
    pub(super) fn tell(&mut self) {
        let before = (self.messengers.sent, self.messengers.failed);
        if self.messengers.look(&mut self.kept.memory.waiting) {
            self.remembered(self.kept.write());
        }
        if self.messengers.is_idle() {
            let alerts: Vec<_> = self.config.alerts.iter().collect();
            let is_tried = |name: &str| self.messengers.has_failed(name);
            let gone = (self.kept.memory.waiting).give_up(&alerts, is_tried, Context::present());
            for (name, events) in gone {
                self.given_up(events, &format!("nobody has taken them for {name}"));
            }
        }
        if before != (self.messengers.sent, self.messengers.failed) {
            self.show();
        }
        self.messengers.send(&self.kept.memory.waiting);
    }

    /// Whether it was written or not, the work goes on: on a full disk nothing is as important as telling somebody.
    pub(super) fn remembered(&self, written: Result<(), Failure>) {
        kept::tell_of(self.context, written);
    }
}
