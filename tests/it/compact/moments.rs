//! Any sequence of loads, compacted at any moments, is the same as the loads alone: the same warehouse, the same verdict, and
//! nothing stored twice by who reads the same records again.

use proptest::prelude::*;
use trailhouse::lake::Extent;
use trailhouse::schema::DAY;

use super::{at, by_id, open, rebuilt, record};
use crate::environment::Home;

/// What happens to a lake.
#[derive(Debug, Clone)]
enum Moment {
    /// Records by number and form come, at times of their own.
    Load(Vec<(i64, u64)>),
    Compact(bool),
    /// So many days pass, after which old files go.
    Wait(i64),
}

fn moment() -> impl Strategy<Value = Moment> {
    let rows = prop::collection::vec((0..40_i64, 0..3_u64), 1..12);
    prop_oneof![
        4 => rows.prop_map(Moment::Load),
        2 => any::<bool>().prop_map(Moment::Compact),
        1 => (1..9_i64).prop_map(Moment::Wait),
    ]
}

/// A home to which all of it happened, or the loads alone; and how many rows each load stored.
fn lived(moments: &[Moment], compacts: bool) -> (Home, Vec<u64>) {
    let home = Home::new();
    home.write("trailhouse.toml", "");
    let mut open = open(&home);
    let (mut stored, mut now) = (Vec::new(), at("2026-03-01T00:00:00Z"));
    for moment in moments {
        match moment {
            Moment::Load(rows) => {
                let records = rows
                    .iter()
                    .map(|(number, form)| record(*number, number * 977 % 4_000, *form));
                stored.push(open.load(records.collect()));
            }
            Moment::Compact(is_ended) if compacts => {
                let extent = if *is_ended { Extent::Ended } else { Extent::Crowded };
                let compacted = open.compact(extent, now);
                assert!(compacted.failures.is_empty(), "{:?}", compacted.failures);
            }
            Moment::Compact(_) => {}
            Moment::Wait(days) => now += days * DAY,
        }
    }
    (home, stored)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3, ..ProptestConfig::default() })]

    #[test]
    fn a_compaction_at_any_moment_changes_nothing(moments in prop::collection::vec(moment(), 4..32)) {
        prop_assume!(moments.iter().any(|moment| matches!(moment, Moment::Load(_))));
        let ((plain, stored), (compacted, stored_too)) = (lived(&moments, false), lived(&moments, true));
        prop_assert_eq!(stored, stored_too);
        // Numbers of loads differ, for a compaction takes one.
        let without_loads = |home: &Home| {
            let mut rows = rebuilt(home);
            for row in &mut rows {
                row.as_object_mut().expect("an object").remove("load");
            }
            rows
        };
        let (plain_rows, rows) = (without_loads(&plain), without_loads(&compacted));
        prop_assert_eq!(by_id(&plain_rows), by_id(&rows));
        for home in [&plain, &compacted] {
            let verify = home.run(&["verify", "--deep"]);
            prop_assert_eq!(verify.code, Some(0), "{}", verify.stdout);
        }
        let again: Vec<_> = moments
            .iter()
            .filter_map(|moment| if let Moment::Load(rows) = moment { Some(rows) } else { None })
            .flatten()
            .map(|(number, form)| record(*number, number * 977 % 4_000, *form))
            .collect();
        prop_assert_eq!(open(&compacted).load(again), 0);
    }
}
