//! What a later run makes of an earlier one's claims: where a backfill goes on, what is read a second time, and that a gap is
//! tried again.

use jiff::SignedDuration;
use trailhouse::simulator::faults::{Fault, Rule, When};
use trailhouse::simulator::listing::Pick;
use trailhouse::simulator::script::{Change, Script};

use crate::environment::{Home, Service, simulator};

const ROWS: &str = "select count(*) from activity_logs";
const GAPS: &str = "select count(*) from coverage_gaps";

#[test]
fn a_backfill_cut_in_the_middle_goes_on_where_it_was() {
    for seed in 1..=3 {
        let mut drawn = simulator(seed, 2_000);
        drawn.switches.page_size = 10;
        let requests = 300;
        drawn.script = (108..requests).step_by(3).fold(Script::none(), |script, number| {
            let change = match number % 4 {
                0 => Change::Arrive(1),
                1 => Change::Revise(Pick::Depth(700)),
                2 => Change::Surface(SignedDuration::from_hours(12)),
                _ => Change::Delete(Pick::Depth(30)),
            };
            if seed == 1 {
                script
            } else {
                script.before(number, change)
            }
        });
        let service = Service::start(drawn);
        service.running.add_fault(Rule {
            when: When::Request(105),
            fault: Fault::KeyRevoked,
            times: 1,
        });
        let home = Home::of(&service);
        assert_eq!(home.run(&["sync"]).code, Some(2), "seed {seed}");
        let held = home.number(ROWS);
        assert!((600..1_100).contains(&held), "{held}");
        service.running.revoke_key(false);
        let before = service.running.requests().len();
        let sync = home.run(&["sync"]);
        assert_eq!(sync.code, Some(0), "seed {seed}: {}", sync.stderr);
        if seed == 1 {
            let asked = service.running.requests().len() - before;
            let left = usize::try_from(2_000 - held).expect("small") / 10;
            // Up to 64 pages may have been read since the last look at the head, which alone confirms them.
            assert!(asked < left + 84, "{asked} requests for {left} pages");
            assert_eq!(home.number(ROWS), 2_000);
            assert_eq!(home.number(GAPS), 0);
        }
        service.running.clock().advance(SignedDuration::from_hours(30));
        let sync = home.run(&["sync"]);
        assert!(matches!(sync.code, Some(0 | 3)), "seed {seed}: {}", sync.stderr);
        // What moved too much to be joined while it was read has been read by now.
        assert_eq!(home.number(GAPS), 0, "seed {seed}");
        let ids = service.running.ids();
        let listed = ids.iter().map(|id| format!("('{id}')")).collect::<Vec<_>>().join(",");
        let sql = format!(
            "select count(*) from (values {listed}) as listed(id) where id not in (select id from activity_logs)"
        );
        assert_eq!(home.number(&sql), 0, "seed {seed}: listed and not held");
    }
}

#[test]
fn a_page_that_works_again_is_read_by_the_next_run() {
    let mut drawn = simulator(2, 400);
    drawn.switches.page_size = 10;
    let service = Service::start(drawn);
    service.running.add_fault(Rule {
        when: When::Page(17),
        fault: Fault::TruncatedJson,
        times: 2,
    });
    let home = Home::new();
    home.configure(&service.running.base_url(), "attempts = 1");
    let sync = home.run(&["sync"]);
    assert_eq!(sync.code, Some(3), "{}", sync.stderr);
    assert!(sync.stderr.contains("page 17 could not be read: "), "{}", sync.stderr);
    assert_eq!(home.number(GAPS), 1);
    assert!(home.number(ROWS) < 400);
    service.running.turn(|switches| switches.page_size = 11);
    home.ok(&["sync"]);
    assert_eq!((home.number(GAPS), home.number(ROWS)), (0, 400));
}

#[test]
fn what_was_read_while_the_list_moved_is_final_after_a_second_reading() {
    let mut drawn = simulator(3, 300);
    drawn.switches.page_size = 10;
    drawn.script = Script::none().before(3, Change::Arrive(1));
    let service = Service::start(drawn);
    let home = Home::new();
    home.configure(&service.running.base_url(), "max_in_flight = 1");
    home.ok(&["sync"]);
    let finals = "select count(*) from coverage where state = 'final' and to_at < '2026-06-28'";
    assert_eq!(home.number(finals), 0);
    let asked = service.running.requests().len();
    home.ok(&["sync"]);
    assert!(service.running.requests().len() - asked >= 31, "read a second time");
    assert_eq!(
        home.number("select count(*) from coverage where state = 'provisional' and to_at < '2026-06-28'"),
        0
    );
    let asked = service.running.requests().len();
    home.ok(&["sync"]);
    assert!(service.running.requests().len() - asked < 10, "and not a third time");
}
