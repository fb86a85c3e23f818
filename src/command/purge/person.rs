//! `purge --performer`: a person erased from the sources that know the person. Apart from rows that go by their time.

use std::collections::BTreeSet;

use super::super::{Context, Failure};
use super::{Purge, Work, check_source, sources_of, told};
use crate::lake::{Ended, Erasure, Home, Lake};
use crate::warehouse::{self, Cell, WarehouseError};

impl Purge {
    pub(super) async fn erase(
        &self,
        work: &Work<'_>,
        lake: &mut Lake,
        performer: &str,
    ) -> Result<Vec<Vec<Cell>>, Failure> {
        if performer.trim().is_empty() || performer == "-1" {
            let failure = Failure::usage(format!("--performer: `{performer}` is nobody"));
            return Err(failure.hinted("give the identifier that the service knows the person by"));
        }
        let known = sources_of(lake);
        let named: Vec<&String> = self.source.iter().chain(&self.names).collect();
        for name in &named {
            check_source(name, &known)?;
        }
        let sources: BTreeSet<&String> = if named.is_empty() {
            known.iter().collect()
        } else {
            named.into_iter().collect()
        };
        let erasure = |source, is_dry| Erasure {
            source,
            performer,
            holds: &work.config.holds,
            by: &work.by,
            reason: self.reason.as_deref(),
            run_id: &work.run_id,
            started_at: work.started_at,
            at: Context::now(),
            is_dry,
        };
        // A hold of one source must be met before anything of another has changed.
        for source in sources.iter().filter(|_| !work.config.holds.is_empty()) {
            if let Ended::Held(hold, reason) = lake.erase(&erasure(source, true)).await? {
                return Err(held(source, &hold, &reason));
            }
        }
        let (mut rows, mut is_known) = (Vec::new(), false);
        for source in sources {
            match lake.erase(&erasure(source, self.dry_run)).await? {
                Ended::Unknown => continue,
                Ended::Already => work
                    .context
                    .terminal
                    .say(&format!("{source}: the person is erased already")),
                Ended::Held(hold, reason) => return Err(held(source, &hold, &reason)),
                Ended::Named(option) => {
                    let failure = Failure::usage(format!("{option}: names the person"));
                    return Err(failure.hinted(
                        "the ledger is kept for ever: say it with --by and --reason without name and identifier",
                    ));
                }
                Ended::Done(changed, entry) => {
                    let records: u64 = changed.values().map(|changed| changed.rows).sum();
                    let message = match entry {
                        Some(entry) => format!("{source}: {records} records have pseudonyms now; ledger entry {entry}"),
                        None => format!("{source}: {records} records would get pseudonyms"),
                    };
                    work.context.terminal.say(&message);
                    let each = changed
                        .iter()
                        .map(|((table, stream), changed)| told::row(source, (table, stream), changed, "erase"));
                    rows.extend(each);
                }
            }
            is_known = true;
        }
        if !is_known {
            let failure = Failure::usage("--performer: no record names this identifier as a person's");
            return Err(failure.hinted(
                "look it up in `performers`: trailhouse query \"select source, performer_id, name from performers\"",
            ));
        }
        Ok(rows)
    }

    /// After an erasure the warehouse is made anew, which must lose nothing and wait for nobody.
    pub(super) fn check_warehouse(&self, home: &Home) -> Result<(), Failure> {
        let path = home.warehouse();
        let foreign = match warehouse::foreign_objects(&path) {
            Ok(foreign) => foreign,
            Err(WarehouseError::Missing { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if foreign.is_empty() || self.discard {
            return Ok(());
        }
        let failure = Failure::failed(format!(
            "{}: an erasure makes it anew, and would lose {}",
            path.display(),
            foreign.join(", ")
        ));
        Err(failure.hinted("copy them elsewhere, then add --discard; nothing was changed"))
    }
}

fn held(source: &str, hold: &str, reason: &str) -> Failure {
    let failure = Failure::usage(format!("{source}: the hold `{hold}` keeps it as it is: {reason}"));
    failure.hinted("nothing was changed; take the hold out of the configuration when it has ended")
}
