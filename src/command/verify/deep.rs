//! `verify --deep`: hands what the ledger says to the second reading, and what the warehouse holds; tells how far it is. Apart
//! from the verb itself, which knows only of findings.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::terminal::Terminal;
use crate::audit::{self, Claims, FileClaim, Fingerprint, LoadClaim, Month, Outcome, PartClaim};
use crate::lake::Home;
use crate::lake::verify::{Contents, Fault, Finding, Verdict};
use crate::ledger::{LoadPart, sum};
use crate::warehouse::{self, WarehouseError};

/// How often is told how far the reading is.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// What the second reading did.
#[derive(Debug)]
pub(super) struct Deep {
    files: u64,
    rows: u64,
    digests: u64,
    /// Months of a source in a table of the warehouse that were compared, or why none was.
    warehouse: Result<usize, String>,
}

impl Deep {
    /// Reads the lake again, and adds what is found to the verdict.
    pub(super) fn read(home: &Home, contents: Contents, verdict: &mut Verdict, terminal: &Terminal) -> Self {
        let claims = claims_of(home, contents);
        let all = sum(claims.files.iter().map(|file| file.rows)).unwrap_or(u64::MAX);
        let mut told = Instant::now();
        let mut outcome = audit::read(&claims, &mut |rows| {
            if told.elapsed() >= TELL_EVERY {
                told = Instant::now();
                terminal.say(&format!("verify --deep: {rows} of {all} rows"));
            }
        });
        let warehouse = compare(home, verdict, &mut outcome);
        verdict
            .findings
            .extend(outcome.findings.into_iter().map(|found| Finding {
                fault: Fault::Invalid,
                object: found.object,
                what: found.what,
            }));
        Self {
            files: outcome.files,
            rows: outcome.rows,
            digests: outcome.digests,
            warehouse,
        }
    }

    pub(super) fn as_text(&self) -> String {
        let warehouse = match &self.warehouse {
            Ok(months) => format!("{months} months of the warehouse compared"),
            Err(reason) => format!("the warehouse was not compared: {reason}"),
        };
        format!(
            "read again: {} rows of {} data files, {} digests compared; {warehouse}",
            self.rows, self.files, self.digests
        )
    }

    pub(super) fn as_json(&self) -> Value {
        json!({
            "files": self.files,
            "rows": self.rows,
            "digests": self.digests,
            "warehouse_months": self.warehouse.as_ref().ok(),
            "warehouse_not_compared": self.warehouse.as_ref().err(),
        })
    }
}

fn claims_of(home: &Home, contents: Contents) -> Claims {
    let loads = contents.loads.into_iter().map(|(load, file)| LoadClaim {
        path: file.path,
        load: i64::try_from(load).unwrap_or(i64::MAX),
        rows: file.rows,
        digest: file.digest,
    });
    let files = contents.live.into_iter().map(|held| FileClaim {
        path: held.file.path,
        rows: held.file.rows,
        loads: held.file.loads.into_iter().map(part_of).collect(),
        is_sorted: !held.is_adopted,
        bounds: held.times,
    });
    Claims {
        folder: home.lake(),
        loads: loads.collect(),
        files: files.collect(),
    }
}

fn part_of(part: LoadPart) -> PartClaim {
    PartClaim {
        load: i64::try_from(part.load).unwrap_or(i64::MAX),
        rows: part.rows,
        digest: part.digest,
    }
}

/// Compares the warehouse, if it has applied the newest entry.
fn compare(home: &Home, verdict: &Verdict, outcome: &mut Outcome) -> Result<usize, String> {
    let path = home.warehouse();
    let Some((sequence, _)) = &verdict.head else {
        return Err("the ledger has no entry".to_owned());
    };
    let mut find = |what: String| {
        outcome.findings.push(audit::Finding {
            object: "warehouse.duckdb".to_owned(),
            what: what.clone(),
        });
        Err(what)
    };
    let (following, sums) = match warehouse::month_sums(&path) {
        Ok(read) => read,
        Err(WarehouseError::Missing { .. }) => return Err("there is none".to_owned()),
        Err(error @ WarehouseError::Held { .. }) => return Err(error.to_string()),
        Err(error) => return find(format!("{:#}", anyhow::Error::from(error))),
    };
    if verdict.lake_id.as_deref() != Some(following.lake_id.as_str()) {
        return find(format!("follows the lake {}", following.lake_id));
    }
    if following.sequence > *sequence {
        return find(format!(
            "has applied entry {}, and the newest is {sequence}",
            following.sequence
        ));
    }
    if following.sequence < *sequence {
        return Err(format!(
            "it is behind: it has applied entry {} of {sequence}",
            following.sequence
        ));
    }
    let months = sums.into_iter().map(|sum| {
        let month = Month {
            table: sum.table.to_owned(),
            source: sum.source,
            month: sum.month,
        };
        let fingerprint = Fingerprint {
            rows: sum.rows,
            first: sum.first,
            second: sum.second,
        };
        (month, fingerprint)
    });
    let months: BTreeMap<Month, Fingerprint> = months.collect();
    outcome.findings.extend(audit::compare(&outcome.months, &months));
    Ok(months.len())
}
