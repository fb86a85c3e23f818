//! Which records each load brought, as one digest per load and partition. Apart from the check of each row because a load
//! must be held together over all files of a partition, however they were merged since.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use sha2::{Digest, Sha256};

use super::rows::DataFile;
use super::{Finding, LoadClaim, Month, hex};
use crate::schema::{Column, Kind};

const LOAD: Column = crate::schema::column("load", "", Kind::Integer, "");

/// How many rows' hashes are held at once, 32 bytes each; more only for a single greater load.
const HELD_ROWS: u64 = 2_000_000;

/// The hashes of the records of some loads.
pub(super) struct Digests {
    wanted: BTreeMap<i64, Vec<[u8; 32]>>,
    /// Rows of each other load.
    others: BTreeMap<i64, u64>,
}

/// The loads whose digests are computed in each pass over the files; the first pass is made in any case.
pub(super) fn passes(loads: &BTreeMap<i64, &LoadClaim>) -> Vec<Vec<i64>> {
    let (mut passes, mut pass, mut held) = (Vec::new(), Vec::new(), 0);
    for (load, claim) in loads {
        if held > 0 && held + claim.rows > HELD_ROWS {
            passes.push(std::mem::take(&mut pass));
            held = 0;
        }
        held += claim.rows;
        pass.push(*load);
    }
    passes.push(pass);
    passes
}

impl Digests {
    pub(super) fn of(loads: Vec<i64>) -> Self {
        Self {
            wanted: loads.into_iter().map(|load| (load, Vec::new())).collect(),
            others: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, load: i64, raw: &[u8]) {
        match self.wanted.get_mut(&load) {
            Some(hashes) => hashes.push(Sha256::digest(raw).into()),
            None => *self.others.entry(load).or_default() += 1,
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

    /// What is not as the loads of the partition say, and how many digests were compared.
    pub(super) fn compare(self, loads: &BTreeMap<i64, &LoadClaim>, month: &Month) -> (u64, Vec<Finding>) {
        let (mut compared, mut findings) = (0, Vec::new());
        let mut find = |object: &str, what: String| {
            findings.push(Finding {
                object: object.to_owned(),
                what,
            });
        };
        for (load, mut hashes) in self.wanted {
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
        for (load, rows) in self.others.iter().filter(|(load, _)| !loads.contains_key(load)) {
            let folder = format!("{}/source={}/month={}", month.table, month.source, month.month);
            find(
                &folder,
                format!("load {load}: {rows} rows of a load that brought none here"),
            );
        }
        (compared, findings)
    }
}
