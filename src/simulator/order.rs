//! The order of a list and the cutting of a stretch out of it, ties and all. Pure, apart from the listing that keeps
//! the order up to date.

use super::cast::as_u64;
use super::chance::mix;
use super::filter::Filter;
use super::switches::{Order, Ties};

/// A row's place in the order: its key, then the number of its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub updated_at: i64,
    pub event: u32,
}

/// Which part of the list is asked for.
#[derive(Debug)]
pub struct Ask<'a> {
    pub filter: &'a Filter,
    pub order: Order,
    pub ties: Ties,
    /// Differs from answer to answer; decides shuffled ties.
    pub salt: u64,
    /// The first row, counted from 0.
    pub first: usize,
    pub rows: usize,
}

/// The rows asked for out of `count` in order; rows of one key in another order each time where ties are shuffled.
pub fn cut(count: usize, at: impl Fn(usize) -> Key, ask: &Ask<'_>) -> Vec<u32> {
    let first = ask.first.min(count);
    let end = ask.first.saturating_add(ask.rows).min(count);
    if ask.ties == Ties::Stable || first == end {
        return (first..end).map(|rank| at(rank).event).collect();
    }
    let tied = |rank: usize, other: usize| at(rank).updated_at == at(other).updated_at;
    let mut from = first;
    while from > 0 && tied(from - 1, first) {
        from -= 1;
    }
    let mut until = end;
    while until < count && tied(until, end - 1) {
        until += 1;
    }
    let mut keys: Vec<Key> = (from..until).map(at).collect();
    for group in keys.chunk_by_mut(|one, other| one.updated_at == other.updated_at) {
        group.sort_by_key(|key| mix(mix(ask.salt, as_u64(count)), u64::from(key.event)));
    }
    keys[first - from..end - from].iter().map(|key| key.event).collect()
}
