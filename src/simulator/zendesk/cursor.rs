//! The cursor: a place in the list as text. Opaque to a client; it always holds a `+`, a `/` and a `=`, so that one who
//! forgets to encode it sends another. Apart from the pages that carry it.

use super::super::chance::mix;
use super::refusal::Refusal;

/// A place in the order of (`created_at`, `id`), and the direction in which the list is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub ascending: bool,
    pub key: (i64, i64),
}

impl Cursor {
    /// As sent in `after_cursor` and `before_cursor`.
    pub fn text(self) -> String {
        let (created_at, id) = self.key;
        let direction = if self.ascending { 'a' } else { 'd' };
        format!("{direction}{created_at:x}+{id:x}/{:x}=", self.check())
    }

    /// Reads one; it must be of a list in this direction.
    pub fn read(text: &str, ascending: bool) -> Result<Cursor, Refusal> {
        let hexadecimal = |text: &str| i64::from_str_radix(text, 16).ok();
        let read = || {
            let (created_at, rest) = text.get(1..)?.split_once('+')?;
            let (id, _) = rest.split_once('/')?;
            let cursor = Cursor {
                ascending,
                key: (hexadecimal(created_at)?, hexadecimal(id)?),
            };
            (cursor.text() == text).then_some(cursor)
        };
        read().ok_or_else(|| Refusal::cursor("the cursor is invalid"))
    }

    fn check(self) -> u64 {
        let (created_at, id) = self.key;
        mix(created_at.unsigned_abs(), id.unsigned_abs()) % 0x1_0000
    }
}
