//! Two years of one service and one loader, drawn from one number: what the service is like, and at each moment what has
//! happened to its list and what goes wrong.

use jiff::{SignedDuration, Timestamp};
use trailhouse::simulator::bad::Bad;
use trailhouse::simulator::listing::Pick;
use trailhouse::simulator::script::Change;
use trailhouse::simulator::switches::{NextPage, PastTheEnd, Shape, Switches};
use trailhouse::simulator::workspace::Settings;
use trailhouse::simulator::zendesk;
use trailhouse::source::Pagination;

use super::kinds::{notifications, page_size, pick, resource_logs, shape, switches, zendesk_of};
use super::store::Mishap;

const DAYS: u32 = 730;
/// Of so many seeds one has every stream, where it is of Secoda and has few enough events: such a history takes three times as
/// long.
const EVERY: u64 = 8;
const MOST_OF_ALL_STREAMS: usize = 450;
const END: &str = "2026-06-30T12:00:00Z";
/// Longer pauses than this are stretched so that a history takes its two years.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// All of it.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) seed: u64,
    pub(crate) settings: Settings,
    pub(crate) kind: Kind,
    /// Most requests at a time.
    pub(crate) in_flight: usize,
    pub(crate) moments: Vec<Moment>,
    /// Whether a record may become visible later than the loader's `finality`.
    pub(crate) is_late_beyond_finality: bool,
    /// Whether the list may hold one row twice: where it does so across pages, these cannot be joined.
    pub(crate) has_doubles: bool,
    /// Whether the loader takes every stream of the service, and not its log alone.
    pub(crate) has_all_streams: bool,
}

/// Which service, and what it is like.
#[derive(Debug)]
pub(crate) enum Kind {
    Secoda(Switches),
    Zendesk(zendesk::switches::Switches, Pagination),
}

/// One sync, and what leads to it.
#[derive(Debug)]
pub(crate) struct Moment {
    /// Since the one before.
    pub(crate) pause: SignedDuration,
    pub(crate) turn: Option<Turn>,
    /// What happens to the list before the sync.
    pub(crate) before: Vec<Change>,
    /// What happens to it just before requests of the sync, counted from 1.
    pub(crate) during: Vec<(u64, Change)>,
    pub(crate) trouble: Trouble,
}

/// The service becomes another one.
#[derive(Debug, Clone)]
pub(crate) enum Turn {
    PageSize(usize),
    NextPage(NextPage),
    PastTheEnd(PastTheEnd),
    Shape(Shape),
}

/// What goes wrong in one sync.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Trouble {
    None,
    /// So many of a thousand answers fail, and come when asked for again.
    Transient(u64),
    /// From this request on nothing is answered well.
    Outage {
        from: u64,
        is_reset: bool,
    },
    /// This page is never answered well.
    Poison {
        page: usize,
    },
    /// The lists of every sixteenth resource are never answered well: of those with this digit in their id.
    Sick {
        digit: u8,
    },
    /// The key is refused.
    Revoked,
    /// The key is let in, and finds nothing.
    Demoted,
    /// The loader's clock is wrong by so much.
    WrongClock(SignedDuration),
    Mishap(Mishap),
    /// The loader is gone once it has read so many pages.
    KilledAt {
        page: u64,
    },
    /// The user stops it then.
    StoppedAt {
        page: u64,
    },
}

impl History {
    pub(crate) fn draw(seed: u64) -> History {
        let mut rng = fastrand::Rng::with_seed(seed ^ 0x006a_7564_6765);
        let rng = &mut rng;
        let events = rng.usize(150..900);
        let end_at: Timestamp = END.parse().expect("a time");
        let manner = Manner {
            events,
            is_late: rng.u8(0..10) == 0,
            has_doubles: rng.u8(0..8) == 0,
        };
        let settings = Settings {
            late_per_mille: [0, 20, 100, 300][rng.usize(0..4)],
            latest: if manner.is_late {
                SignedDuration::from_hours(60)
            } else {
                [SignedDuration::from_mins(25), SignedDuration::from_hours(23)][rng.usize(0..2)]
            },
            ..Settings::new(seed, events, DAYS, end_at)
        };
        let kind = if rng.u8(0..3) == 0 {
            zendesk_of(rng)
        } else {
            Kind::Secoda(switches(rng, events))
        };
        let count = 20 + rng.usize(0..=40).min(rng.usize(0..=40));
        let mut moments: Vec<Moment> = pauses(rng, count)
            .into_iter()
            .map(|pause| Moment::draw(rng, pause, &manner))
            .collect();
        for _ in 0..2 {
            moments.push(Moment::quiet(SignedDuration::from_hours(25)));
        }
        let history = History {
            seed,
            settings,
            kind,
            in_flight: [1, 2, 4, 8][rng.usize(0..4)],
            moments,
            is_late_beyond_finality: manner.is_late,
            has_doubles: manner.has_doubles,
            has_all_streams: false,
        };
        if seed.is_multiple_of(EVERY) && events < MOST_OF_ALL_STREAMS {
            history.with_all_streams().with_sick_lists()
        } else {
            history
        }
    }

    /// The same history of a service whose other lists are drawn too, from numbers of their own: of Zendesk there are none.
    pub(crate) fn with_all_streams(mut self) -> History {
        let Kind::Secoda(switches) = &mut self.kind else {
            return self;
        };
        let rng = &mut fastrand::Rng::with_seed(self.seed ^ 0x0066_616e);
        switches.resource_logs = resource_logs(rng);
        switches.notifications = notifications(rng);
        self.settings.most_of_a_kind = rng.usize(1..=4);
        self.has_all_streams = true;
        self
    }

    /// What else goes wrong where lists are asked for by resource.
    fn with_sick_lists(mut self) -> History {
        let rng = &mut fastrand::Rng::with_seed(self.seed ^ 0x7369_636b);
        let lists = if self.has_all_streams {
            self.moments.len() - 2
        } else {
            0
        };
        for moment in &mut self.moments[..lists] {
            if rng.u8(0..8) == 0 && moment.trouble == Trouble::None {
                moment.trouble = Trouble::Sick { digit: rng.u8(0..16) };
            }
            if rng.u8(0..30) == 0 {
                let bad = Bad::EmptyVersion(Pick::Depth(rng.u16(0..=1000)));
                moment
                    .before
                    .push(Change::Plant(bad, SignedDuration::from_secs(rng.i64(0..40_000))));
            }
        }
        self
    }

    /// A history told by a test: of Secoda, a few hundred rows, nothing late but what is told.
    pub(crate) fn told(seed: u64, switches: Switches, moments: Vec<Moment>) -> History {
        let end_at: Timestamp = END.parse().expect("a time");
        History {
            seed,
            settings: Settings {
                late_per_mille: 0,
                ..Settings::new(seed, 300, DAYS, end_at)
            },
            kind: Kind::Secoda(switches),
            in_flight: 2,
            moments,
            is_late_beyond_finality: false,
            has_doubles: false,
            has_all_streams: false,
        }
    }

    /// When the history begins; every row is older than its end.
    pub(crate) fn begins_at(&self) -> Timestamp {
        let length = DAY.saturating_mul(i32::try_from(self.settings.days).expect("days"));
        self.settings.end_at.checked_sub(length).expect("a time")
    }

    fn changes(&self) -> impl Iterator<Item = &Change> {
        let before = self.moments.iter().flat_map(|moment| &moment.before);
        let during = self.moments.iter().flat_map(|moment| &moment.during);
        before.chain(during.map(|(_, change)| change))
    }

    /// In how many shapes one revision of a record may have been seen.
    pub(crate) fn shapes(&self) -> usize {
        let turned = self
            .moments
            .iter()
            .filter(|moment| matches!(moment.turn, Some(Turn::Shape(_))));
        // A row listed twice is copied in the shape of the contract.
        1 + turned.count()
            + usize::from(
                self.changes()
                    .any(|change| matches!(change, Change::Plant(Bad::DuplicateOf(_), _))),
            )
    }
}

/// Minutes, hours, days and weeks; the long ones as long as it takes to fill the history.
fn pauses(rng: &mut fastrand::Rng, count: usize) -> Vec<SignedDuration> {
    let drawn: Vec<SignedDuration> = (0..count)
        .map(|_| match rng.u8(0..10) {
            0 | 1 => SignedDuration::from_secs(rng.i64(30..3_600)),
            2..=4 => SignedDuration::from_secs(rng.i64(3_600..86_400)),
            5..=7 => SignedDuration::from_secs(rng.i64(86_400..864_000)),
            _ => SignedDuration::from_secs(rng.i64(604_800..3_456_000)),
        })
        .collect();
    let sum = |long: bool| {
        let of = drawn.iter().filter(|pause| (**pause >= DAY) == long);
        of.map(SignedDuration::as_secs).sum::<i64>()
    };
    let (short, long) = (sum(false), sum(true).max(1));
    let free = i64::from(DAYS) * 86_400 - short - 3 * 86_400;
    let stretched = |pause: &SignedDuration| {
        if *pause >= DAY {
            SignedDuration::from_secs(pause.as_secs().saturating_mul(free) / long)
        } else {
            *pause
        }
    };
    drawn.iter().map(stretched).collect()
}

impl Moment {
    pub(crate) fn quiet(pause: SignedDuration) -> Moment {
        Moment {
            pause,
            turn: None,
            before: Vec::new(),
            during: Vec::new(),
            trouble: Trouble::None,
        }
    }

    pub(crate) fn troubled(pause: SignedDuration, trouble: Trouble) -> Moment {
        Moment {
            trouble,
            ..Moment::quiet(pause)
        }
    }

    /// After these changes of the list.
    pub(crate) fn after(self, before: Vec<Change>) -> Moment {
        Moment { before, ..self }
    }

    fn draw(rng: &mut fastrand::Rng, pause: SignedDuration, manner: &Manner) -> Moment {
        let events = manner.events;
        let before = (0..rng.usize(0..4)).map(|_| change(rng, manner)).collect();
        let mut during = Vec::new();
        if rng.u8(0..100) < 35 {
            for _ in 0..rng.usize(1..=6) {
                let change = match rng.u8(0..12) {
                    0 => Change::Advance(SignedDuration::from_secs(rng.i64(1..900))),
                    1 => Change::PageSize(page_size(rng, events)),
                    _ => change(rng, manner),
                };
                during.push((rng.u64(1..=30), change));
            }
        }
        let turn = match rng.u8(0..40) {
            0 | 1 => Some(Turn::PageSize(page_size(rng, events))),
            2 => Some(Turn::NextPage(pick(
                rng,
                NextPage::Null,
                50,
                &[NextPage::Absent, NextPage::Zero],
            ))),
            3 => Some(Turn::PastTheEnd(pick(
                rng,
                PastTheEnd::Empty,
                50,
                &[PastTheEnd::NotFound, PastTheEnd::RepeatLast],
            ))),
            4 if rng.u8(0..4) == 0 => Some(Turn::Shape(shape(rng))),
            _ => None,
        };
        Moment {
            pause,
            turn,
            before,
            during,
            trouble: Trouble::draw(rng),
        }
    }
}

/// What holds for a whole history and shapes its changes.
struct Manner {
    events: usize,
    is_late: bool,
    has_doubles: bool,
}

fn change(rng: &mut fastrand::Rng, manner: &Manner) -> Change {
    let depth = Pick::Depth(rng.u16(0..=1000));
    let latest = if manner.is_late { 60 * 3_600 } else { 86_000 };
    match rng.u8(0..12) {
        0..=3 => Change::Arrive(rng.usize(1..=12)),
        4 | 5 => Change::Revise(depth),
        6 => Change::Revise(Pick::Rank(rng.usize(0..5))),
        7 => Change::Delete(depth),
        8 => Change::Surface(SignedDuration::from_secs(rng.i64(1..3_000))),
        9 => Change::Surface(SignedDuration::from_secs(rng.i64(1..latest))),
        _ => {
            let bads = [
                Bad::NoId,
                Bad::ImpossibleTime,
                Bad::NoOrderKey,
                Bad::AncientTime,
                Bad::WrongTypes,
                Bad::NullMetadata,
                Bad::UnknownValues,
                Bad::DuplicateOf(depth),
                Bad::NotAnObject,
            ];
            let kinds = if manner.has_doubles { bads.len() } else { bads.len() - 2 };
            let bad = bads[rng.usize(0..kinds)].clone();
            Change::Plant(bad, SignedDuration::from_secs(rng.i64(0..40_000)))
        }
    }
}

impl Trouble {
    fn draw(rng: &mut fastrand::Rng) -> Trouble {
        match rng.u8(0..100) {
            0..=55 => Trouble::None,
            56..=65 => Trouble::Transient(rng.u64(50..400)),
            66..=71 => Trouble::Outage {
                from: rng.u64(1..20),
                is_reset: rng.bool(),
            },
            72..=75 => Trouble::Poison { page: rng.usize(1..15) },
            76 => Trouble::Revoked,
            77 => Trouble::Demoted,
            78..=83 => {
                let seconds = rng.i64(60..82_000);
                Trouble::WrongClock(SignedDuration::from_secs(if rng.bool() { seconds } else { -seconds }))
            }
            84..=91 => {
                let at = rng.u64(1..25);
                let mishaps = [
                    Mishap::DiesBefore(at),
                    Mishap::DiesAfter(at),
                    Mishap::AnswerLost(at),
                    Mishap::Refused(at),
                ];
                Trouble::Mishap(mishaps[rng.usize(0..4)])
            }
            92..=95 => Trouble::KilledAt { page: rng.u64(1..12) },
            _ => Trouble::StoppedAt { page: rng.u64(1..12) },
        }
    }
}
