//! The local times of the configured zone as rows, for the bundled DuckDB knows no time zones: its ICU would have to be
//! fetched. Pure.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::schema::{EARLIEST, Micros};

/// 2050-01-01T00:00:00Z, until which offsets are told.
const LATEST: Micros = 2_524_608_000_000_000;

/// From when until when a zone is how far from UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offset {
    pub(super) from_at: Micros,
    pub(super) to_at: Micros,
    pub(super) offset_seconds: i32,
    pub(super) abbreviation: String,
    pub(super) is_dst: bool,
}

/// The offsets of an IANA zone from 2000 to 2050, without a hole.
pub(super) fn offsets(zone: &str) -> Result<Vec<Offset>, jiff::Error> {
    let zone = TimeZone::get(zone)?;
    let start = Timestamp::from_microsecond(EARLIEST)?;
    let mut starts = vec![start];
    starts.extend(
        zone.following(start)
            .map(|transition| transition.timestamp())
            .take_while(|at| at.as_microsecond() < LATEST),
    );
    let ends = starts.iter().skip(1).map(|at| at.as_microsecond()).chain([LATEST]);
    let offset = |(from, to_at): (&Timestamp, Micros)| {
        let info = zone.to_offset_info(*from);
        Offset {
            from_at: from.as_microsecond(),
            to_at,
            offset_seconds: info.offset().seconds(),
            abbreviation: info.abbreviation().to_owned(),
            is_dst: info.dst().is_dst(),
        }
    };
    Ok(starts.iter().zip(ends).map(offset).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::parse_time;

    #[test]
    fn a_zone_is_told_without_a_hole_and_changes_when_its_clocks_do() {
        let offsets = offsets("America/Toronto").unwrap();
        assert_eq!((offsets[0].from_at, offsets.last().unwrap().to_at), (EARLIEST, LATEST));
        assert!(
            offsets
                .windows(2)
                .all(|pair| pair[0].to_at == pair[1].from_at && pair[0].from_at < pair[0].to_at)
        );
        let changed = offsets
            .iter()
            .find(|offset| offset.from_at == parse_time("2026-03-08T07:00:00Z").unwrap())
            .unwrap();
        assert_eq!(
            (changed.offset_seconds, changed.abbreviation.as_str(), changed.is_dst),
            (-4 * 3600, "EDT", true)
        );
        assert_eq!(changed.to_at, parse_time("2026-11-01T06:00:00Z").unwrap());
    }

    #[test]
    fn a_zone_without_changes_is_one_row_and_an_unknown_one_an_error() {
        let utc = offsets("UTC").unwrap();
        assert_eq!((utc.len(), utc[0].offset_seconds, utc[0].is_dst), (1, 0, false));
        offsets("Mars/Olympus").unwrap_err();
    }
}
