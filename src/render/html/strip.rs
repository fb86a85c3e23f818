//! The coverage strip: for each stream a bar of the period, in which every gap can be seen.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::render::visible;
use crate::report::{About, Interval};
use crate::schema::Micros;

/// How wide the drawing is in its own units; the page stretches it.
const WIDTH: i64 = 10_000;

/// From, to, what it is called in the style, and what it says.
type Piece = (Micros, Micros, String, String);

/// One bar for each stream of which anything is known; nothing where that is none.
pub(super) fn of(about: &About) -> Markup {
    let mut streams: BTreeMap<String, Vec<Piece>> = BTreeMap::new();
    for covered in &about.coverage {
        let pieces = streams
            .entry(format!("{}.{}", covered.source, covered.stream))
            .or_default();
        pieces.push((
            covered.from_at,
            covered.to_at,
            covered.state.clone(),
            covered.to_string(),
        ));
    }
    for gap in &about.gaps {
        let pieces = streams.entry(format!("{}.{}", gap.source, gap.stream)).or_default();
        pieces.push((gap.gap_from, gap.gap_to, "gap".to_owned(), gap.to_string()));
    }
    html! {
        @for (stream, pieces) in &streams {
            div.stream {
                span.name { (visible(stream)) }
                svg.strip viewBox={ "0 0 " (WIDTH) " 10" } preserveAspectRatio="none" role="img" {
                    title { (visible(&pieces.iter().map(|(.., said)| said.as_str()).collect::<Vec<_>>().join("; "))) }
                    @for (from, to, state, said) in pieces {
                        @let (x, width) = place(about.interval, *from, *to);
                        rect class={ "state-" (state_name(state)) } x=(x) width=(width) y="0" height="10" {
                            title { (visible(said)) }
                        }
                    }
                }
            }
        }
    }
}

/// Where a piece begins and how wide it is; even a second of a gap can be seen.
fn place(interval: Interval, from: Micros, to: Micros) -> (i64, i64) {
    let length = (interval.until - interval.since).max(1);
    let at = |instant: Micros| {
        let part = i128::from((instant - interval.since).clamp(0, length)) * i128::from(WIDTH) / i128::from(length);
        i64::try_from(part).unwrap_or(WIDTH)
    };
    let width = (at(to) - at(from)).max(20);
    (at(from).min(WIDTH - width), width)
}

/// A state as part of a class: letters alone, whatever stands in the warehouse.
fn state_name(state: &str) -> String {
    state.chars().filter(char::is_ascii_lowercase).collect()
}
