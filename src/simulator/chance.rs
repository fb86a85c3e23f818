//! Numbers that depend on nothing but a seed and a place: the same row gets the same id and the same details
//! in whatever order rows are drawn or asked for. Apart from the generator that draws the history in sequence.

use uuid::Uuid;

/// What an id is for; two kinds never share an id under one seed.
#[derive(Debug, Clone, Copy)]
pub enum Purpose {
    Event = 1,
    Performer = 2,
    Resource = 3,
    Version = 4,
    Fault = 5,
    Tie = 6,
    Order = 7,
    Script = 8,
    Properties = 9,
    Apart = 10,
    Notice = 11,
}

/// One well-mixed number from two (the finaliser of SplitMix64).
pub fn mix(first: u64, second: u64) -> u64 {
    let mut bits = first
        ^ second
            .wrapping_add(0x9e37_79b9_7f4a_7c15)
            .wrapping_mul(0xff51_afd7_ed55_8ccd);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// The number at `place` for one purpose under `seed`.
pub fn number(seed: u64, purpose: Purpose, place: u64) -> u64 {
    mix(mix(seed, purpose as u64), place)
}

/// A version 4 UUID for `place`.
pub fn id(seed: u64, purpose: Purpose, place: u64) -> Uuid {
    let high = number(seed, purpose, place);
    let low = mix(high, place);
    let bits = (u128::from(high) << 64) | u128::from(low);
    uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
}

/// A generator that belongs to `place` alone.
pub fn generator(seed: u64, purpose: Purpose, place: u64) -> fastrand::Rng {
    fastrand::Rng::with_seed(number(seed, purpose, place))
}
