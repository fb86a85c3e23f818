//! A history in words, for who has to find out why it failed.

use std::fmt;

use super::draw::{History, Trouble};

impl fmt::Display for History {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.settings;
        writeln!(
            formatter,
            "history {}: {} events over {} days, {} of 1000 late by at most {:?}; {} requests at a time",
            self.seed, settings.events, settings.days, settings.late_per_mille, settings.latest, self.in_flight
        )?;
        writeln!(formatter, "{:?}", self.kind)?;
        let mut at = self.begins_at();
        for (number, moment) in self.moments.iter().enumerate() {
            at = at.checked_add(moment.pause).unwrap_or(at);
            write!(formatter, "sync {number} at {at:.0}")?;
            if let Some(turn) = &moment.turn {
                write!(formatter, "; from now on {turn:?}")?;
            }
            if !moment.before.is_empty() {
                write!(formatter, "; before it {:?}", moment.before)?;
            }
            if !moment.during.is_empty() {
                write!(formatter, "; in it, before request: {:?}", moment.during)?;
            }
            if moment.trouble != Trouble::None {
                write!(formatter, "; TROUBLE {:?}", moment.trouble)?;
            }
            writeln!(formatter)?;
        }
        Ok(())
    }
}
