//! The anchor: one line about the newest entry, kept where whoever can write to the lake cannot. A chain that is whole in
//! itself may still be an older copy or another history; only what is kept elsewhere tells.

use std::fmt;
use std::str::FromStr;

use super::{Fault, Verdict};
use crate::ledger::signature::from_hex;
use crate::ledger::{FOLDER, hex, path};

/// An entry of a lake, in one word: `lake_id:sequence:sha256`, or its SHA-256 alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// Lake and number of the entry, where they are known.
    place: Option<(String, u64)>,
    sha256: String,
}

/// A text that is no anchor.
#[derive(Debug, thiserror::Error)]
#[error("neither `lake:sequence:sha256`, as `trailhouse ledger head` prints it, nor 64 hexadecimal digits")]
pub struct NotAnAnchor;

impl Anchor {
    pub fn new(lake_id: &str, sequence: u64, sha256: &str) -> Self {
        Self {
            place: Some((lake_id.to_owned(), sequence)),
            sha256: sha256.to_owned(),
        }
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((lake_id, sequence)) = &self.place {
            write!(formatter, "{lake_id}:{sequence}:")?;
        }
        formatter.write_str(&self.sha256)
    }
}

impl FromStr for Anchor {
    type Err = NotAnAnchor;

    fn from_str(text: &str) -> Result<Self, NotAnAnchor> {
        let parts: Vec<&str> = text.trim().split(':').collect();
        let (place, sha256) = match parts.as_slice() {
            [sha256] => (None, sha256),
            [lake_id, sequence, sha256] if !lake_id.is_empty() => {
                let sequence = sequence.parse().ok().filter(|sequence| *sequence > 0);
                (Some(((*lake_id).to_owned(), sequence.ok_or(NotAnAnchor)?)), sha256)
            }
            _ => return Err(NotAnAnchor),
        };
        let sha256 = from_hex::<32>(sha256).ok_or(NotAnAnchor)?;
        Ok(Self {
            place,
            sha256: hex(&sha256),
        })
    }
}

impl Verdict {
    /// Finds the entry of the anchor in the chain, and returns its number; an anchor that is not in it is a finding.
    pub fn check_against(&mut self, anchor: &Anchor) -> Option<u64> {
        let found = self.hashes.iter().find(|(_, sha256)| **sha256 == anchor.sha256);
        let found = found.map(|(sequence, _)| *sequence);
        let last = self.hashes.keys().next_back().copied().unwrap_or(0);
        let (object, what) = match &anchor.place {
            Some((lake_id, _)) if self.lake_id.as_ref().is_some_and(|own| own != lake_id) => (
                FOLDER.to_owned(),
                format!("is of another lake than the anchor, which is of {lake_id}"),
            ),
            Some((_, sequence)) if found == Some(*sequence) => return found,
            Some((_, sequence)) if *sequence > last => (
                path(*sequence).to_string(),
                format!("the anchor is of this entry, and the chain ends at {last}: an older copy, or it was cut"),
            ),
            Some((_, sequence)) => (
                path(*sequence).to_string(),
                "is not the entry of the anchor: another history".to_owned(),
            ),
            None if found.is_some() => return found,
            None => (
                FOLDER.to_owned(),
                format!(
                    "no entry has the anchor's SHA-256 {}: an older copy, or another history",
                    anchor.sha256
                ),
            ),
        };
        self.find(Fault::Invalid, object, what);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha256(digit: char) -> String {
        std::iter::repeat_n(digit, 64).collect()
    }

    #[test]
    fn an_anchor_comes_back_from_its_text_and_no_other_text_is_one() {
        let whole = Anchor::new("b1c2", 42, &sha256('a'));
        assert_eq!(whole.to_string().parse::<Anchor>().unwrap(), whole);
        assert_eq!(
            whole
                .to_string()
                .to_uppercase()
                .replace("B1C2", "b1c2")
                .parse::<Anchor>()
                .unwrap(),
            whole
        );
        let short: Anchor = format!(" {}\n", sha256('b')).parse().unwrap();
        assert_eq!(short.to_string(), sha256('b'));
        let hash = sha256('a');
        let cut = hash.trim_end_matches('a').to_owned() + "aa";
        for bad in [
            String::new(),
            cut,
            format!("{hash}a"),
            format!("42:{hash}"),
            format!(":42:{hash}"),
            format!("lake:0:{hash}"),
            format!("lake:x:{hash}"),
            format!("lake:1:{hash}:1"),
            sha256('g'),
        ] {
            assert!(bad.parse::<Anchor>().is_err(), "{bad}");
        }
    }

    #[test]
    fn only_an_entry_of_the_chain_holds_the_anchor() {
        let chain = || Verdict {
            lake_id: Some("lake".to_owned()),
            hashes: [(1, sha256('1')), (2, sha256('2'))].into(),
            ..Verdict::default()
        };
        let cases = [
            (Anchor::new("lake", 2, &sha256('2')), Some(2), ""),
            (sha256('1').parse().unwrap(), Some(1), ""),
            (Anchor::new("lake", 3, &sha256('3')), None, "an older copy"),
            (Anchor::new("lake", 2, &sha256('3')), None, "another history"),
            (Anchor::new("lake", 1, &sha256('2')), None, "another history"),
            (Anchor::new("other", 2, &sha256('2')), None, "another lake"),
            (sha256('3').parse().unwrap(), None, "an older copy"),
        ];
        for (anchor, held, what) in cases {
            let mut verdict = chain();
            assert_eq!(verdict.check_against(&anchor), held, "{anchor}");
            assert_eq!(verdict.is_invalid(), held.is_none(), "{anchor}");
            assert!(verdict.findings.iter().all(|finding| finding.what.contains(what)));
        }
    }
}
