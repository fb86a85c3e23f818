//! Bringing the warehouse up to the lake: what it has not applied yet, from the entries and the live files. Apart from the
//! load because it is also done when nothing is loaded.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::atomic::place;
use crate::coverage::Span;
use crate::lake::Lake;
use crate::lake::files::{LiveFile, Partition};
use crate::lake::statistics::Bounds;
use crate::ledger::{Counts, Entry, Kind, Sealed, VanishedRecord};
use crate::schema::{EARLIEST, Micros, Table, parse_time};
use crate::source;
use crate::warehouse::{
    self, Cell, CoverageRow, DataFile, Following, GapRow, Increment, LoadRow, Reread, VanishedRow, Warehouse, Way,
    Workplace,
};

/// Brings the warehouse at `path` up to the lake; `None` when there is nothing to do. After an erasure the file is made anew,
/// for an old one keeps what was deleted in blocks that are not used any more.
pub async fn bring_up(lake: &mut Lake, path: &Path, workplace: &Workplace) -> Result<Option<Way>> {
    let Some(increment) = increment(lake, path, workplace).await? else {
        return Ok(None);
    };
    if increment.is_anew {
        let foreign = warehouse::foreign_objects(path)?;
        if foreign.is_empty() {
            rebuild(lake, path, workplace).await?;
            return Ok(Some(Way::InPlace));
        }
        tracing::warn!(
            "{}: what was erased may stay in unused blocks of the file, which also holds {}; copy them elsewhere, then run \
             `trailhouse rebuild --discard`",
            path.display(),
            foreign.join(", ")
        );
    }
    let way = tokio::task::block_in_place(|| warehouse::catch_up(path, workplace, &increment))?;
    Ok(Some(way))
}

/// Makes the warehouse anew beside the old one, which stays until then.
pub async fn rebuild(lake: &mut Lake, path: &Path, workplace: &Workplace) -> Result<()> {
    let new = warehouse::place_of_rebuild(path);
    let failed = || format!("{}", new.display());
    place::remove_file(&new).with_context(failed)?;
    let made = match increment(lake, &new, workplace).await? {
        Some(increment) => tokio::task::block_in_place(|| warehouse::build(&new, workplace, &increment)),
        None => return Ok(()),
    };
    if let Err(error) = made {
        place::remove_file(&new).with_context(failed)?;
        return Err(error.into());
    }
    warehouse::put_rebuilt(path).with_context(failed)
}

/// What the warehouse at `path` lacks of the lake; `None` when it has it all in one file, and its views are this program's for
/// the workplace.
pub async fn increment(lake: &mut Lake, path: &Path, workplace: &Workplace) -> Result<Option<Increment>> {
    let Some(lake_id) = lake.id().map(str::to_owned) else {
        return Ok(None);
    };
    let following = warehouse::following(path)?;
    check_past(lake, path, following.as_ref()).await?;
    let applied = following
        .as_ref()
        .filter(|following| following.lake_id == lake_id)
        .map_or(0, |following| following.sequence);
    let sequence = lake.sequence();
    let has_all = following.is_some_and(|following| following.lake_id == lake_id && following.sequence == sequence);
    if has_all && !warehouse::has_log(path) && Warehouse::open_read_only(path)?.is_current(workplace)? {
        return Ok(None);
    }
    let mut newer = Newer::default();
    for entry in applied + 1..=sequence {
        newer.take(&lake.entry(entry).await?);
    }
    if applied == 0 {
        // There is nothing that could be read again.
        newer.reread.clear();
    }
    let mut files = Vec::new();
    for table in source::TABLES {
        let live = lake.live_files(table)?.to_vec();
        newer.check(table, &live, applied)?;
        let all = live.iter().map(|file| data_file(lake, table, file));
        files.extend(all.filter(|file| file.max_load > signed(applied) || newer.is_read_again(file)));
    }
    let (coverage, gaps) = coverage(lake).await?;
    Ok(Some(Increment {
        lake_id,
        sequence,
        files,
        loads: newer.loads,
        coverage,
        gaps,
        reread: newer.reread,
        vanished: newer.vanished,
        is_anew: newer.is_erasing && applied > 0,
    }))
}

/// What the entries say that the warehouse has not applied.
#[derive(Default)]
struct Newer {
    loads: Vec<LoadRow>,
    /// Files that are there from these entries on.
    named: BTreeSet<String>,
    removed: BTreeSet<String>,
    reread: Vec<Reread>,
    is_erasing: bool,
    vanished: Vec<VanishedRow>,
}

impl Newer {
    fn take(&mut self, sealed: &Sealed) {
        let entry = &sealed.entry;
        for (name, change) in &entry.tables {
            self.named.extend(change.added.iter().map(|file| file.path.clone()));
            for file in &change.added {
                self.removed.remove(&file.path);
            }
            for path in &change.removed {
                self.named.remove(path);
                self.removed.insert(path.clone());
            }
            let Some(table) = source::table(name).filter(|_| entry.kind.rewrites_rows()) else {
                continue;
            };
            let relative = change.removed.iter().filter_map(|path| path.split_once('/'));
            for partition in relative.filter_map(|(_, path)| Partition::of_path(path)) {
                let reread = Reread {
                    table: table.name,
                    source: partition.source,
                    month: partition.month,
                };
                if !self.reread.contains(&reread) {
                    self.reread.push(reread);
                }
            }
        }
        self.is_erasing |= entry.kind == Kind::Erase;
        load_rows(sealed, &mut self.loads);
        self.vanished.extend(vanished_rows(sealed));
    }

    fn is_read_again(&self, file: &DataFile) -> bool {
        let is_its =
            |again: &Reread| again.table == file.table.name && again.source == file.source && again.month == file.month;
        self.reread.iter().any(is_its)
    }

    /// The table shows what these entries name, nothing that they removed, and no newer rows that they do not name.
    fn check(&self, table: &Table, live: &[LiveFile], applied: u64) -> Result<()> {
        let shown: BTreeSet<String> = live
            .iter()
            .map(|file| format!("{}/{}", table.name, file.path))
            .collect();
        let of_table = |path: &&String| path.split_once('/').is_some_and(|(name, _)| name == table.name);
        let missing = self.named.iter().filter(of_table).find(|path| !shown.contains(*path));
        let left = self.removed.iter().find(|path| shown.contains(*path));
        let is_newer = |file: &&LiveFile| matches!(file.bounds.get("load"), Some(Bounds::Long(_, greatest)) if *greatest > signed(applied));
        let newer = live
            .iter()
            .filter(is_newer)
            .map(|file| format!("{}/{}", table.name, file.path));
        let newer: Vec<String> = newer.collect();
        let unnamed = newer.iter().find(|path| !self.named.contains(*path));
        for (path, what) in [
            (missing, "does not show"),
            (left, "still shows"),
            (unnamed, "shows more than the ledger names:"),
        ] {
            if let Some(path) = path {
                bail!("the Delta table {} {what} {path}: see `trailhouse verify`", table.name);
            }
        }
        Ok(())
    }
}

/// A lake that was restored from a copy may have other entries under the numbers that the warehouse has applied.
async fn check_past(lake: &Lake, path: &Path, following: Option<&Following>) -> Result<()> {
    let Some(following) = following.filter(|following| (1..=lake.sequence()).contains(&following.sequence)) else {
        return Ok(());
    };
    let warehouse = Warehouse::open_read_only(path)?;
    let sequence = [("sequence".to_owned(), Some(following.sequence.to_string()))];
    let grid = warehouse.query(
        "select entry_sha256 from loads where load = cast($sequence as bigint) limit 1",
        &sequence,
    )?;
    let known = grid.rows.first().and_then(|row| row.first());
    let sealed = lake.entry(following.sequence).await?;
    if known.is_some_and(|known| *known != Cell::Text(sealed.sha256.clone())) {
        let what = "ledger entry is not the one the warehouse has applied: the lake was restored or replaced";
        bail!(
            "{}: {what}; `trailhouse rebuild` makes the warehouse anew from this lake",
            path.display()
        );
    }
    Ok(())
}

/// The coverage of every stream and its gaps, as rows.
pub async fn coverage(lake: &Lake) -> Result<(Vec<CoverageRow>, Vec<GapRow>)> {
    let (mut coverage, mut gaps) = (Vec::new(), Vec::new());
    for (source, stream) in lake.streams() {
        let state = lake
            .state(&source, &stream)
            .await?
            .with_context(|| format!("no state of {source}.{stream}"))?;
        coverage.extend(state.coverage.intervals().iter().map(|interval| CoverageRow {
            source: source.clone(),
            stream: stream.clone(),
            from_at: interval.span.from,
            to_at: interval.span.to,
            state: interval.state.name().to_owned(),
            collected_at: interval.collected_at,
        }));
        gaps.extend(filtered_gaps(lake, &source, &stream, state.coverage.horizon()).await?);
        gaps.extend(state.coverage.gaps().into_iter().map(|gap| GapRow {
            source: source.clone(),
            stream: stream.clone(),
            gap_from: gap.span.from,
            gap_to: gap.span.to,
            reason: gap.reason,
        }));
    }
    Ok((coverage, gaps))
}

/// Time of which only what a filter lets through is collected is not collected: all that the whole stream was not asked for.
async fn filtered_gaps(lake: &Lake, source: &str, stream: &str, horizon: Option<Micros>) -> Result<Vec<GapRow>> {
    let Some(((whole, filter), horizon)) = stream.split_once('?').zip(horizon) else {
        return Ok(Vec::new());
    };
    let coverage = lake
        .state(source, whole)
        .await?
        .map(|state| state.coverage)
        .unwrap_or_default();
    let asked_to = coverage.horizon().unwrap_or(EARLIEST);
    let missing = coverage.missing(Span::new(asked_to, horizon)).into_iter();
    let gap = |span: Span| GapRow {
        source: source.to_owned(),
        stream: whole.to_owned(),
        gap_from: span.from,
        gap_to: span.to,
        reason: format!("only what the filter {filter} lets through is collected"),
    };
    Ok(missing.map(gap).collect())
}

fn data_file(lake: &Lake, table: &'static Table, file: &LiveFile) -> DataFile {
    let (min_load, max_load) = match file.bounds.get("load") {
        Some(Bounds::Long(least, greatest)) => (*least, *greatest),
        _ => (0, i64::MAX),
    };
    DataFile {
        table,
        path: lake.path(&format!("{}/{}", table.name, file.path)),
        source: file.partition.source.clone(),
        month: file.partition.month.clone(),
        rows: file.rows,
        min_load,
        max_load,
    }
}

fn load_rows(sealed: &Sealed, rows: &mut Vec<LoadRow>) {
    let entry = &sealed.entry;
    if entry.kind == Kind::Silence {
        let quiet = entry.streams.iter();
        rows.extend(quiet.map(|quiet| load_row(sealed, Some(&quiet.source), Some(&quiet.stream), &quiet.counts)));
    } else {
        rows.push(load_row(
            sealed,
            entry.source.as_ref(),
            entry.stream.as_ref(),
            &entry.counts,
        ));
    }
}

fn vanished_rows(sealed: &Sealed) -> Vec<VanishedRow> {
    let entry = &sealed.entry;
    let records = entry
        .reconciled
        .iter()
        .flat_map(|reconciled| &reconciled.vanished_records);
    let row = |record: &VanishedRecord| VanishedRow {
        load: signed(entry.sequence),
        source: entry.source.clone().unwrap_or_default(),
        stream: stream_of(entry),
        table_name: record.table.clone(),
        id: record.id.clone(),
        occurred_at: record.occurred_at,
        observed_at: time(&entry.finished_at),
    };
    records.map(row).collect()
}

/// The stream of an entry as its rows name it, without the filter.
fn stream_of(entry: &Entry) -> String {
    let name = entry.stream.as_deref().unwrap_or_default();
    name.split('?').next().unwrap_or_default().to_owned()
}

fn load_row(sealed: &Sealed, source: Option<&String>, stream: Option<&String>, counts: &Counts) -> LoadRow {
    let entry = &sealed.entry;
    let added = || entry.tables.values().flat_map(|change| &change.added);
    LoadRow {
        load: signed(entry.sequence),
        run_id: entry.run_id.clone(),
        kind: entry.kind.name().to_owned(),
        source: source.cloned(),
        stream: stream.cloned(),
        started_at: time(&entry.started_at),
        finished_at: time(&entry.finished_at),
        version: entry.version.clone(),
        requests: counts.requests,
        pages: counts.pages,
        received: counts.received,
        stored: counts.stored,
        duplicates: counts.duplicates,
        revisions: counts.revisions,
        drift: counts.drift,
        rejects: counts.rejects,
        withheld: counts.withheld,
        files: u64::try_from(added().count()).unwrap_or(u64::MAX),
        bytes: added().map(|file| file.bytes).fold(0, u64::saturating_add),
        entry_sha256: sealed.sha256.clone(),
    }
}

fn time(text: &str) -> Micros {
    parse_time(text).unwrap_or_default()
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
