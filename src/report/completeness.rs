//! What a report knows of the completeness of its period, and how that is said. Apart from running it, because an empty report
//! and an incomplete one must be told apart in the same words everywhere.

use std::fmt;

use super::{About, Interval};
use crate::schema::{Micros, format_time};
use crate::warehouse::{Cell, Grid};

/// The states of coverage that prove the record complete.
const COLLECTED: &[&str] = &["final", "provisional", "asserted"];
const GAP: &str = "gap";
/// Later than anything that is known of the stream, or beside what was only imported.
const NOT_YET: &str = "not_yet_collected";

/// An interval of one state, cut to the period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    pub source: String,
    pub stream: String,
    pub from_at: Micros,
    pub to_at: Micros,
    pub state: String,
    pub collected_at: Option<Micros>,
}

/// An interval that is not collected although it should be, cut to the period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    pub source: String,
    pub stream: String,
    pub gap_from: Micros,
    pub gap_to: Micros,
    pub reason: String,
}

/// Reads the rows of the report `coverage` for a period.
pub(super) fn read(grid: &Grid) -> (Vec<Covered>, Vec<Gap>) {
    let place = |name: &str| grid.columns.iter().position(|column| column.name == name);
    let (mut covered, mut gaps) = (Vec::new(), Vec::new());
    for row in &grid.rows {
        let text = |name: &str| place(name).and_then(|at| row.get(at)).map_or_else(String::new, text_of);
        let instant = |name: &str| place(name).and_then(|at| row.get(at)).and_then(instant_of);
        let (Some(from_at), Some(to_at)) = (instant("from_at"), instant("to_at")) else {
            continue;
        };
        let (source, stream, state) = (text("source"), text("stream"), text("state"));
        if state == GAP {
            gaps.push(Gap {
                source,
                stream,
                gap_from: from_at,
                gap_to: to_at,
                reason: text("reason"),
            });
        } else {
            covered.push(Covered {
                source,
                stream,
                from_at,
                to_at,
                state,
                collected_at: instant("collected_at"),
            });
        }
    }
    (covered, gaps)
}

pub(super) fn text_of(cell: &Cell) -> String {
    if let Cell::Text(text) = cell {
        text.clone()
    } else {
        String::new()
    }
}

fn instant_of(cell: &Cell) -> Option<Micros> {
    if let Cell::Timestamp(at) = cell {
        Some(*at)
    } else {
        None
    }
}

impl About {
    /// Names every gap in the period, and every filter that only lets a part through; `None` where there is neither.
    pub fn gap_sentence(&self) -> Option<String> {
        let filtered = self
            .coverage
            .iter()
            .filter(|covered| covered.is_collected() && self.is_only_a_part(covered));
        let gaps: Vec<String> = self
            .gaps
            .iter()
            .map(Gap::to_string)
            .chain(filtered.map(Covered::to_string))
            .collect();
        (!gaps.is_empty()).then(|| format!("incomplete: {}", gaps.join("; ")))
    }

    /// What of the period nobody can have seen although it is no gap: later than the last walk, not offered, purged. `None`
    /// where there is nothing of the kind.
    pub fn lacking_sentence(&self) -> Option<String> {
        if self.is_unknown() {
            return Some(self.nothing_sentence());
        }
        let lacking = self.coverage.iter().filter(|covered| !covered.is_collected());
        let lacking: Vec<String> = lacking.map(Covered::to_string).collect();
        (!lacking.is_empty()).then(|| lacking.join("; "))
    }

    /// What of the period is collected as it is now, and may still change, or only by the word of the user; `None` where there is
    /// nothing of the kind.
    pub fn unsettled_sentence(&self) -> Option<String> {
        let states = ["provisional", "asserted"];
        let unsettled = self
            .coverage
            .iter()
            .filter(|covered| states.contains(&covered.state.as_str()));
        let unsettled: Vec<String> = unsettled.map(Covered::to_string).collect();
        (!unsettled.is_empty()).then(|| unsettled.join("; "))
    }

    /// Whether no stream is known in the period.
    fn is_unknown(&self) -> bool {
        self.coverage.is_empty() && self.gaps.is_empty()
    }

    fn nothing_sentence(&self) -> String {
        let Interval { since, until } = self.interval;
        format!("not collected from {} to {}", format_time(since), format_time(until))
    }

    /// Up to where the period is collected without a gap in every stream, if all that is lacking is later; the end of the period
    /// where nothing is.
    pub fn complete_to(&self) -> Option<Micros> {
        let Interval { since, until } = self.interval;
        let lacking = self.coverage.iter().filter(|covered| !covered.is_collected());
        let is_later = lacking
            .clone()
            .all(|covered| covered.state == NOT_YET && covered.to_at == until);
        let first = lacking.map(|covered| covered.from_at).min().unwrap_or(until);
        let is_whole = !self.is_unknown() && self.gap_sentence().is_none();
        (is_later && first > since && is_whole).then_some(first)
    }

    /// Whether a filter lets only a part of the stream through, of which nothing else is known.
    fn is_only_a_part(&self, covered: &Covered) -> bool {
        let is_whole = |source: &str, stream: &str| {
            let whole = covered.filter().map(|(whole, _)| whole);
            source == covered.source && Some(stream) == whole
        };
        covered.filter().is_some()
            && !self.gaps.iter().any(|gap| is_whole(&gap.source, &gap.stream))
            && !self
                .coverage
                .iter()
                .any(|other| is_whole(&other.source, &other.stream) && other.state != NOT_YET)
    }

    /// What an empty report means: that nothing happened, or that nobody looked. `None` where there are rows. To be asked
    /// after the last row.
    pub fn empty_sentence(&self) -> Option<String> {
        if self.rows > 0 {
            return None;
        }
        let missing = self
            .coverage
            .iter()
            .filter(|covered| !covered.is_collected() || self.is_only_a_part(covered));
        let mut reasons: Vec<String> = self
            .gaps
            .iter()
            .map(Gap::to_string)
            .chain(missing.map(Covered::to_string))
            .collect();
        if self.is_unknown() {
            reasons.push(self.nothing_sentence());
        }
        let left_out = self
            .findings
            .as_ref()
            .filter(|findings| findings.new_only && findings.accepted > 0);
        if let Some(findings) = left_out {
            reasons.insert(0, format!("{} accepted findings are left out", findings.accepted));
            return Some(format!("no other rows; {}", reasons.join("; ")));
        }
        Some(match reasons.is_empty() {
            true => "no events; collected without a gap".to_owned(),
            false => format!("no events; {}", reasons.join("; ")),
        })
    }
}

impl Covered {
    fn is_collected(&self) -> bool {
        COLLECTED.contains(&self.state.as_str())
    }

    /// The stream of which this is a part, and the filter that lets the part through.
    fn filter(&self) -> Option<(&str, &str)> {
        self.stream.split_once('?')
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            source,
            stream,
            gap_from,
            gap_to,
            reason,
        } = self;
        let (from, to) = (format_time(*gap_from), format_time(*gap_to));
        write!(
            formatter,
            "not collected from {from} to {to} ({source}.{stream}: {reason})"
        )
    }
}

impl fmt::Display for Covered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (format_time(self.from_at), format_time(self.to_at));
        if let Some((whole, filter)) = self.filter().filter(|_| self.is_collected()) {
            let what = format!("only what the filter {filter} lets through is collected");
            return write!(formatter, "{what} from {from} to {to} ({}.{whole})", self.source);
        }
        let what = match self.state.as_str() {
            NOT_YET => "not collected",
            "not_offered" => "not offered by the service",
            state => state,
        };
        write!(
            formatter,
            "{what} from {from} to {to} ({}.{})",
            self.source, self.stream
        )
    }
}

/// Adds sources of the configuration of which the warehouse knows nothing: nobody has looked there.
pub(super) fn add_unknown(coverage: &mut Vec<Covered>, sources: &[String], interval: Interval) {
    coverage.extend(sources.iter().map(|source| Covered {
        source: source.clone(),
        stream: "*".to_owned(),
        from_at: interval.since,
        to_at: interval.until,
        state: NOT_YET.to_owned(),
        collected_at: None,
    }));
}

/// Reads gaps that lie after the period, in the order of changes: a record of the period may have been changed in them before it
/// was ever read.
pub(super) fn later_gaps(grid: &Grid) -> Vec<Gap> {
    let gap = |row: &Vec<Cell>| {
        let text = |place: usize| row.get(place).map(text_of);
        let instant = |place: usize| row.get(place).and_then(instant_of);
        Some(Gap {
            source: text(0)?,
            stream: text(1)?,
            gap_from: instant(2)?,
            gap_to: instant(3)?,
            reason: format!(
                "{}; records of the period that were changed then may be missing",
                text(4)?
            ),
        })
    };
    grid.rows.iter().filter_map(gap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(coverage: Vec<Covered>, gaps: Vec<Gap>) -> About {
        About {
            report: crate::report::find("top_actors").unwrap().clone(),
            parameters: Vec::new(),
            interval: Interval {
                since: 0,
                until: 60_000_000,
            },
            coverage,
            gaps,
            rejects: 0,
            ledger_head: None,
            made_at: 0,
            version: "0.0.0".to_owned(),
            sample: None,
            rows: 0,
            findings: None,
        }
    }

    fn covered(state: &str) -> Covered {
        Covered {
            source: "a".to_owned(),
            stream: "logs".to_owned(),
            from_at: 0,
            to_at: 60_000_000,
            state: state.to_owned(),
            collected_at: None,
        }
    }

    #[test]
    fn an_empty_report_says_whether_anybody_looked() {
        let sentence = |coverage: Vec<Covered>, gaps| result(coverage, gaps).empty_sentence().unwrap();
        let gap = Gap {
            source: "a".to_owned(),
            stream: "logs".to_owned(),
            gap_from: 0,
            gap_to: 1_000_000,
            reason: "page 3 failed".to_owned(),
        };
        for state in COLLECTED {
            assert_eq!(
                sentence(vec![covered(state)], Vec::new()),
                "no events; collected without a gap"
            );
        }
        assert_eq!(
            sentence(vec![covered("final")], vec![gap.clone()]),
            "no events; not collected from 1970-01-01T00:00:00Z to 1970-01-01T00:00:01Z (a.logs: page 3 failed)"
        );
        assert_eq!(
            sentence(vec![covered("final"), covered("not_yet_collected")], Vec::new()),
            "no events; not collected from 1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z (a.logs)"
        );
        let part = |from_at, to_at, state: &str| Covered {
            from_at,
            to_at,
            ..covered(state)
        };
        let complete_to = |coverage, gaps| result(coverage, gaps).complete_to();
        let begun = part(0, 50_000_000, "final");
        assert_eq!(complete_to(vec![covered("final")], Vec::new()), Some(60_000_000));
        let rest = part(50_000_000, 60_000_000, NOT_YET);
        assert_eq!(complete_to(vec![begun.clone(), rest], Vec::new()), Some(50_000_000));
        assert_eq!(complete_to(vec![covered("final")], vec![gap.clone()]), None);
        assert_eq!(
            complete_to(vec![part(0, 9, NOT_YET), covered("final")], Vec::new()),
            None
        );
        let purged = part(50_000_000, 60_000_000, "purged");
        assert_eq!(complete_to(vec![begun, purged.clone()], Vec::new()), None);
        let lacking = result(vec![purged], Vec::new()).lacking_sentence();
        assert!(lacking.is_some_and(|lacking| lacking.starts_with("purged from")));
        assert_eq!(complete_to(vec![covered(NOT_YET)], Vec::new()), None);
        assert_eq!(complete_to(Vec::new(), Vec::new()), None, "nobody looked");
        assert!(result(Vec::new(), Vec::new()).lacking_sentence().is_some());
        assert_eq!(
            sentence(Vec::new(), Vec::new()),
            "no events; not collected from 1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z"
        );
        assert!(sentence(vec![covered("purged")], Vec::new()).contains("purged from"));
        let mut full = result(vec![covered("final")], vec![gap.clone()]);
        full.rows = 1;
        assert_eq!(full.empty_sentence(), None);
        assert!(
            full.gap_sentence()
                .unwrap()
                .starts_with("incomplete: not collected from")
        );
        assert_eq!(result(Vec::new(), Vec::new()).gap_sentence(), None);
    }

    #[test]
    fn what_a_filter_lets_through_is_no_whole_stream() {
        let part = Covered {
            stream: "logs?{\"field\":\"x?\"}".to_owned(),
            ..covered("final")
        };
        let only = "only what the filter {\"field\":\"x?\"} lets through is collected";
        let alone = result(vec![part.clone()], Vec::new());
        let told = format!("{only} from 1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z (a.logs)");
        assert_eq!(alone.gap_sentence(), Some(format!("incomplete: {told}")));
        assert_eq!(alone.empty_sentence(), Some(format!("no events; {told}")));
        let gap = Gap {
            source: "a".to_owned(),
            stream: "logs".to_owned(),
            gap_from: 0,
            gap_to: 60_000_000,
            reason: only.to_owned(),
        };
        let told = format!("not collected from 1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z (a.logs: {only})");
        let with_gap = result(vec![part.clone()], vec![gap]);
        assert_eq!(with_gap.gap_sentence(), Some(format!("incomplete: {told}")));
        assert_eq!(with_gap.empty_sentence(), Some(format!("no events; {told}")));
        let whole = result(vec![part, covered("final")], Vec::new());
        assert_eq!(whole.gap_sentence(), None);
        assert_eq!(whole.empty_sentence().unwrap(), "no events; collected without a gap");
    }
}
