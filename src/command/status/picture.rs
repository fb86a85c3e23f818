//! Streams drawn for people: a bar of the last 90 days each, and in words what a number says badly. Its own file because nothing
//! but a terminal is meant to read it.

use std::time::Duration;

use indicatif::{HumanCount, HumanDuration};

use super::super::standing::Standing;
use crate::coverage::{Span, State};
use crate::render::visible;
use crate::schema::{DAY, Micros, SECOND, format_time};

/// Days of a bar; the last is today.
const DAYS: i64 = 90;

/// Which character stands for what. Of several states of one day the first in this order is shown.
pub(super) struct Characters {
    gap: char,
    states: [(State, char); 5],
    /// Nothing is known of the day.
    nothing: char,
}

pub(super) const PLAIN: &Characters = &Characters {
    gap: '!',
    states: [
        (State::Provisional, '~'),
        (State::Asserted, '='),
        (State::Purged, 'x'),
        (State::NotOffered, '-'),
        (State::Final, '#'),
    ],
    nothing: '.',
};

const DRAWN: &Characters = &Characters {
    gap: '!',
    states: [
        (State::Provisional, '▒'),
        (State::Asserted, '='),
        (State::Purged, 'x'),
        (State::NotOffered, '-'),
        (State::Final, '█'),
    ],
    nothing: '·',
};

/// One character for each of the last 90 days, oldest first.
pub(super) fn bar(standing: &Standing, now: Micros, characters: &Characters) -> String {
    let today = now - now.rem_euclid(DAY);
    let gaps = standing.gaps();
    let days = (0..DAYS)
        .rev()
        .map(|ago| Span::new(today - ago * DAY, today - (ago - 1) * DAY));
    days.map(|day| {
        if gaps.iter().any(|gap| !gap.span.meet(day).is_empty()) {
            return characters.gap;
        }
        let intervals = standing.state.coverage.intervals();
        let is_met = |state: State| {
            let mut of_state = intervals.iter().filter(|interval| interval.state == state);
            of_state.any(|interval| !interval.span.meet(day).is_empty())
        };
        let met = characters.states.iter().find(|(state, _)| is_met(*state));
        met.map_or(characters.nothing, |(_, character)| *character)
    })
    .collect()
}

/// All streams, and what the characters mean.
pub(super) fn of(standings: &[Standing], now: Micros) -> String {
    let mut lines = Vec::new();
    for standing in standings {
        lines.extend(lines_of(standing, now));
        lines.push(String::new());
    }
    let names = DRAWN
        .states
        .iter()
        .map(|(state, character)| format!("{character} {}", state.name()));
    let legend: Vec<String> = names.collect();
    lines.push(format!(
        "each bar: the last {DAYS} days (UTC), today at the right; {}, {} gap, {} not collected yet",
        legend.join(", "),
        DRAWN.gap,
        DRAWN.nothing
    ));
    lines.join("\n") + "\n"
}

fn lines_of(standing: &Standing, now: Micros) -> Vec<String> {
    let state = &standing.state;
    let (load, load_at) = standing.last_load;
    let mut lines = vec![
        format!(
            "{}: {} rows, {} rejects; last load {load}{}",
            visible(&standing.name()),
            HumanCount(state.rows),
            HumanCount(state.rejects),
            load_at.map(|at| format!(" at {}", format_time(at))).unwrap_or_default()
        ),
        format!("  {}", bar(standing, now, DRAWN)),
    ];
    lines.push(match (standing.covered_from(), standing.covered_to()) {
        (Some(from), Some(to)) => format!(
            "  collected from {} to {}, {} ago",
            format_time(from),
            format_time(to),
            length(now - to)
        ),
        _ => "  nothing is claimed as collected".to_owned(),
    });
    let gaps = standing.gaps();
    for gap in gaps.iter().take(3) {
        lines.push(format!(
            "  gap from {} to {}: {}",
            format_time(gap.span.from),
            format_time(gap.span.to),
            visible(&gap.reason)
        ));
    }
    if gaps.len() > 3 {
        lines.push(format!("  and {} more gaps", gaps.len() - 3));
    }
    if let Some((days, kept)) = standing.days_until_loss(now).zip(standing.kept) {
        lines.push(if days > 0 {
            format!("  the vendor keeps {kept} days: in {days} it drops what is not collected by then")
        } else {
            format!("  the vendor keeps {kept} days: it may have dropped what is not collected")
        });
    }
    let warnings = standing.warnings(now).into_iter();
    lines.extend(warnings.map(|warning| format!("  warning: {}", visible(&warning))));
    lines
}

/// A length of time in one unit.
fn length(micros: Micros) -> String {
    let seconds = u64::try_from(micros / SECOND).unwrap_or_default();
    HumanDuration(Duration::from_secs(seconds)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::StreamState;
    use crate::schema::{EARLIEST, parse_time};

    fn at(text: &str) -> Micros {
        parse_time(text).unwrap()
    }

    /// Final up to a day ago, provisional since, with a gap, a purged stretch and an import in the last ten days.
    fn standing(now: Micros) -> Standing {
        let mut state = StreamState::new("acme.example");
        let ago = |days: i64| now - days * DAY;
        let coverage = &mut state.coverage;
        coverage.begin(now);
        coverage.fill(Span::new(EARLIEST, ago(60)), State::NotOffered, now);
        coverage.fill(Span::new(ago(60), ago(9)), State::Final, now);
        coverage.fill(Span::new(ago(8), ago(6)), State::Final, now);
        coverage.fill(Span::new(ago(6), ago(5)), State::Purged, now);
        coverage.fill(Span::new(ago(5), ago(4)), State::Asserted, now);
        coverage.fill(Span::new(ago(4), ago(1)), State::Final, now);
        coverage.fill(Span::new(ago(1), now - SECOND), State::Provisional, now);
        (state.rows, state.last_walk_at) = (1_234_567, Some(now));
        Standing::of("acme", "audit_logs", state, Some(90))
    }

    #[test]
    fn each_day_is_one_character_and_the_worst_of_it() {
        let now = at("2026-06-30T12:00:00Z");
        let bar = bar(&standing(now), now, PLAIN);
        assert_eq!(bar.chars().count(), 90);
        let days: String = bar.chars().rev().take(12).collect();
        // Today and back: the gap of the last second; what began at noon shares its day with what came before.
        assert_eq!(days, "!~##==x#!!##", "{bar}");
        assert!(bar.starts_with("------"), "{bar}");
    }

    #[test]
    fn words_say_what_a_number_says_badly() {
        let now = at("2026-06-30T12:00:00Z");
        let text = of(&[standing(now)], now);
        for part in [
            "acme.audit_logs: 1,234,567 rows, 0 rejects",
            "gap from 2026-06-21T12:00:00Z to 2026-06-22T12:00:00Z",
            "the vendor keeps 90 days: in 81 it drops",
            "█ final",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }
}
