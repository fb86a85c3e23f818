//! Which records each load brought, as one digest per load and partition. Apart from the check of each row because a load
//! must be held together over all files of a partition, however they were merged since.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use sha2::{Digest, Sha256};

use super::rows::DataFile;
use super::{FileClaim, Finding, LoadClaim, hex};
use crate::schema::{Column, Kind};

const LOAD: Column = crate::schema::column("load", "", Kind::Integer, "");

/// How many rows' hashes are held at once, 32 bytes each; more only for a single greater load.
const HELD_ROWS: u64 = 2_000_000;

/// The hashes of the records of some loads.
pub(super) struct Digests(BTreeMap<i64, Vec<[u8; 32]>>);

/// The loads whose digests are computed in each pass over the files; the first pass is made in any case.
pub(super) fn passes(loads: &BTreeMap<i64, &LoadClaim>) -> Vec<Vec<i64>> {
    let (mut passes, mut pass, mut held) = (Vec::new(), Vec::new(), 0);
    for (load, claim) in loads {
        // What is claimed may be any number.
        if held > 0 && claim.rows.saturating_add(held) > HELD_ROWS {
            passes.push(std::mem::take(&mut pass));
            held = 0;
        }
        held = claim.rows.saturating_add(held);
        pass.push(*load);
    }
    passes.push(pass);
    passes
}

impl Digests {
    pub(super) fn of(loads: Vec<i64>) -> Self {
        Self(loads.into_iter().map(|load| (load, Vec::new())).collect())
    }

    pub(super) fn add(&mut self, load: i64, raw: &[u8]) {
        if let Some(hashes) = self.0.get_mut(&load) {
            hashes.push(Sha256::digest(raw).into());
        }
    }

    /// Takes the hashes of a file of which nothing else is asked.
    pub(super) fn read(&mut self, path: &Path, raw: &Column) -> Result<()> {
        let file = DataFile::open(path)?;
        for step in file.steps() {
            let rows = file.read(step, &[LOAD.name, raw.name])?;
            let (loads, raws) = (rows.cells(&LOAD)?, rows.cells(raw)?);
            for row in 0..rows.count() {
                self.add(loads.integer(row).unwrap_or(-1), raws.bytes(row).unwrap_or_default());
            }
        }
        Ok(())
    }

    /// What is not as is said of the loads in one file, and how many digests were compared.
    pub(super) fn compare_parts(self, file: &FileClaim) -> (u64, Vec<Finding>) {
        let claims = file.loads.iter().map(|part| LoadClaim {
            path: file.path.clone(),
            load: part.load,
            rows: part.rows,
            digest: part.digest.clone(),
        });
        let claims: Vec<LoadClaim> = claims.collect();
        self.compare(&claims.iter().map(|claim| (claim.load, claim)).collect())
    }

    /// What is not as the loads of the partition say, and how many digests were compared.
    pub(super) fn compare(self, loads: &BTreeMap<i64, &LoadClaim>) -> (u64, Vec<Finding>) {
        let (mut compared, mut findings) = (0, Vec::new());
        let mut find = |object: &str, what: String| {
            findings.push(Finding {
                object: object.to_owned(),
                what,
            });
        };
        for (load, mut hashes) in self.0 {
            let Some(claim) = loads.get(&load) else { continue };
            compared += 1;
            hashes.sort_unstable();
            if u64::try_from(hashes.len()) != Ok(claim.rows) {
                let rows = hashes.len();
                find(
                    &claim.path,
                    format!("load {load}: {rows} rows, and the ledger names {}", claim.rows),
                );
            }
            if hex(&Sha256::digest(hashes.as_flattened())) != claim.digest {
                find(
                    &claim.path,
                    format!("load {load}: its records are not those of the ledger's digest"),
                );
            }
        }
        (compared, findings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(rows: u64) -> LoadClaim {
        LoadClaim {
            path: String::new(),
            load: 0,
            rows,
            digest: String::new(),
        }
    }

    #[test]
    fn no_pass_holds_more_than_it_may_but_a_single_greater_load() {
        let cases: [(&[u64], &[&[i64]]); 5] = [
            (&[], &[&[]]),
            (&[5, 7], &[&[0, 1]]),
            (&[HELD_ROWS - 1, 1, 1, 1], &[&[0, 1], &[2, 3]]),
            (&[1, HELD_ROWS + 1, HELD_ROWS], &[&[0], &[1], &[2]]),
            (&[1, u64::MAX, u64::MAX], &[&[0], &[1], &[2]]),
        ];
        for (rows, expected) in cases {
            let claims: Vec<LoadClaim> = rows.iter().map(|rows| claim(*rows)).collect();
            let loads = (0..).zip(&claims).collect();
            assert_eq!(passes(&loads), expected, "{rows:?}");
        }
    }

    #[test]
    fn each_load_is_judged_by_its_own_records_in_any_order() {
        let digest = |raws: &[&str]| {
            let mut hashes: Vec<[u8; 32]> = raws.iter().map(|raw| Sha256::digest(raw).into()).collect();
            hashes.sort_unstable();
            hex(&Sha256::digest(hashes.concat()))
        };
        let sound = LoadClaim {
            digest: digest(&["a", "b"]),
            ..claim(2)
        };
        let short = LoadClaim {
            digest: digest(&["c", "d"]),
            ..claim(2)
        };
        let loads = BTreeMap::from([(1, &sound), (2, &short)]);
        let mut digests = Digests::of(vec![1, 2]);
        for (load, raw) in [(1, "b"), (2, "c"), (3, "e"), (1, "a")] {
            digests.add(load, raw.as_bytes());
        }
        let (compared, findings) = digests.compare(&loads);
        let found: Vec<&str> = findings.iter().map(|finding| finding.what.as_str()).collect();
        assert_eq!(compared, 2);
        assert_eq!(
            found,
            [
                "load 2: 1 rows, and the ledger names 2",
                "load 2: its records are not those of the ledger's digest",
            ]
        );
    }
}
