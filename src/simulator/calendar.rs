//! When things happen: days and hours of work in the workspace's own time zone, and the even beat of machines.
//! Apart from the drawing of events, which only asks for a time.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// The workspace's people live in this zone.
pub const TIME_ZONE: &str = "America/Toronto";

const HOUR: i64 = 3_600_000_000;

/// How busy people are in each hour of their day.
const HOURS: [u32; 24] = [
    1, 1, 1, 0, 0, 1, 3, 12, 40, 80, 90, 80, 50, 70, 85, 80, 70, 45, 20, 10, 8, 7, 5, 3,
];

/// The span of a history, as microseconds since 1970.
#[derive(Debug)]
pub struct Calendar {
    from: i64,
    until: i64,
    /// Local midnights, and whether people rest.
    days: Vec<(i64, bool)>,
    hour_totals: Vec<u32>,
}

impl Calendar {
    /// The `days` before `until`, which itself is outside.
    pub fn new(until: Timestamp, days: u32) -> Calendar {
        let zone = TimeZone::get(TIME_ZONE).unwrap_or(TimeZone::UTC);
        let length = i64::from(days.max(1)) * 24 * HOUR;
        let end = until.as_microsecond();
        let from = end - length;
        let today = until.to_zoned(zone).date();
        let midnights = (0..=i64::from(days.max(1))).filter_map(|back| {
            let date = today.checked_sub(Span::new().days(back)).ok()?;
            let midnight = date.in_tz(TIME_ZONE).ok()?.timestamp().as_microsecond();
            Some((midnight, date.weekday().to_monday_zero_offset() >= 5))
        });
        let mut total = 0;
        let hour_totals = HOURS.iter().map(|weight| {
            total += weight;
            total
        });
        Calendar {
            from,
            until: end,
            days: midnights.collect(),
            hour_totals: hour_totals.collect(),
        }
    }

    /// Any moment.
    pub fn any(&self, rng: &mut fastrand::Rng) -> i64 {
        rng.i64(self.from..self.until)
    }

    /// A moment when people work, seldom at night or on a weekend.
    pub fn working(&self, rng: &mut fastrand::Rng) -> i64 {
        for _ in 0..24 {
            let (midnight, is_rest) = self.days[rng.usize(0..self.days.len())];
            let point = rng.u32(0..self.hour_totals[HOURS.len() - 1]);
            let hour = self.hour_totals.partition_point(|total| *total <= point);
            let at = midnight + i64::try_from(hour).unwrap_or_default() * HOUR + rng.i64(0..HOUR);
            let is_kept = !is_rest || rng.u8(0..8) == 0;
            if is_kept && at >= self.from && at < self.until {
                return at;
            }
        }
        self.any(rng)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_work_by_day_and_machines_always() {
        let until: Timestamp = "2026-06-30T15:00:00Z".parse().unwrap();
        let calendar = Calendar::new(until, 30);
        let mut rng = fastrand::Rng::with_seed(1);
        let hour = |at: i64| {
            Timestamp::from_microsecond(at)
                .unwrap()
                .in_tz(TIME_ZONE)
                .unwrap()
                .hour()
        };
        let by_day = (0..1000)
            .filter(|_| (8..18).contains(&hour(calendar.working(&mut rng))))
            .count();
        assert!((700..980).contains(&by_day), "{by_day}");
        let at_night = (0..1000).filter(|_| hour(calendar.any(&mut rng)) < 6).count();
        assert!((180..320).contains(&at_night), "{at_night}");
        for _ in 0..1000 {
            let at = calendar.working(&mut rng);
            assert!(at < until.as_microsecond() && at >= until.as_microsecond() - 30 * 24 * HOUR);
        }
    }
}
