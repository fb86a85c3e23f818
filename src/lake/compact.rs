//! Compaction: the small files of a month become a few large ones, sorted by event time, in a commit that changes no row.
//! Apart from the commit of a load because no service takes part in it and because it may fail without harm: what it writes
//! is held against what it read before anything is committed.

mod choose;
mod merge;
mod order;
pub(super) mod prove;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use uuid::Uuid;

use self::choose::{Sizes, choose};
use self::merge::{Input, Merge, groups};
use self::prove::{Parts, RowSum, RowSums, held};
use super::Lake;
use super::commit::Written;
use super::files::{Added, LiveFile, Partition};
use super::known::Remembered;
use super::output::{Finished, Output};
use super::rewrite::Rewrite;
use super::statistics::Bounds;
use super::verify::files::hash_of;
use crate::atomic::steps;
use crate::ledger::{AddedFile, Counts, Kind};
use crate::schema::{Micros, Table, month_of};
use crate::source;

pub use choose::Extent;

/// A commit is made whenever files of so many bytes were merged, so that an end of the process costs no more than that.
const COMMIT_BYTES: u64 = 1 << 30;

/// What is to be compacted.
pub struct Compaction<'a> {
    pub run_id: &'a str,
    pub started_at: Micros,
    pub clock: &'a (dyn Fn() -> Micros + Sync),
    /// Set when the user wants it to end: what was merged is committed.
    pub cancelled: &'a AtomicBool,
    /// Empty: all.
    pub sources: &'a [String],
    pub extent: Extent,
}

/// What became of it.
#[derive(Debug, Default)]
pub struct Compacted {
    pub files: u64,
    /// Made of them.
    pub made: u64,
    /// Files deleted, which were removed long enough before.
    pub deleted: u64,
    /// Months that stay as they are, and why.
    pub failures: Vec<(String, anyhow::Error)>,
}

/// The files of one month of a source that are to be merged.
struct Job {
    table: &'static Table,
    partition: Partition,
    files: Vec<LiveFile>,
    sizes: Sizes,
}

/// What is written and not committed yet.
#[derive(Default)]
struct Merged {
    written: Vec<Written>,
    /// By table, relative to the lake.
    removed: BTreeMap<&'static str, Vec<String>>,
    bytes: u64,
}

/// A merge under way.
struct Making<'a> {
    job: &'a Job,
    sums: &'a RowSums,
    /// What the ledger says of the job's files.
    named: Vec<AddedFile>,
    /// Of the rows read of them.
    read: RowSum,
    /// Every file written so far.
    paths: Vec<String>,
}

/// How rows are cut into files: about so many bytes or rows each, but for the last, which takes the rest.
#[derive(Clone, Copy)]
struct Share {
    pieces: usize,
    bytes: usize,
    rows: u64,
}

const WHOLE: Share = Share {
    pieces: 1,
    bytes: usize::MAX,
    rows: u64::MAX,
};

impl Job {
    fn name(&self) -> String {
        format!(
            "{}: {} {}",
            self.table.name, self.partition.source, self.partition.month
        )
    }

    fn path(&self, file: &LiveFile) -> String {
        format!("{}/{}", self.table.name, file.path)
    }

    fn share(&self) -> Result<Share> {
        let total = |size: fn(&LiveFile) -> u64| self.files.iter().map(size).fold(0, u64::saturating_add);
        let (bytes, rows) = (total(|file| file.size_bytes), total(|file| file.rows));
        let pieces = choose::pieces((bytes, rows), self.sizes.target_bytes);
        Ok(Share {
            pieces: usize::try_from(pieces)?,
            bytes: usize::try_from(bytes.div_ceil(pieces))?,
            rows: rows.div_ceil(pieces),
        })
    }

    fn input(&self, file: &LiveFile) -> Input {
        Input {
            path: self.path(file),
            bytes: file.size_bytes,
            rows: file.rows,
            span: match file.bounds.get(self.table.event_time) {
                Some(Bounds::Timestamp(least, greatest)) => (*least, *greatest),
                _ => (Micros::MIN, Micros::MAX),
            },
            is_original: true,
        }
    }
}

impl Lake {
    /// Merges what the extent asks for, and deletes files that earlier compactions removed. A month that fails stays as it is;
    /// an error means that the lake could not be written, and then the lake must recover.
    pub async fn compact(&mut self, task: &Compaction<'_>) -> Result<Compacted> {
        // Of the files that are merged nothing needs to be remembered, and merging needs the memory.
        self.remembered = Remembered::default();
        let mut compacted = Compacted::default();
        let mut merged = Merged::default();
        for mut job in self.jobs(task)? {
            if task.cancelled.load(Ordering::SeqCst) {
                break;
            }
            let made = match self.leave_older(job.table, &mut job.files).await {
                Ok(false) => continue,
                Ok(true) => self.merge(&job, (task.clock)()).await,
                Err(error) => Err(error),
            };
            let written = match made {
                Ok(written) => written,
                Err(error) => {
                    compacted.failures.push((job.name(), error));
                    continue;
                }
            };
            compacted.files += u64::try_from(job.files.len())?;
            compacted.made += u64::try_from(written.len())?;
            merged.bytes += written.iter().map(|written| written.file.bytes).sum::<u64>();
            merged.written.extend(written);
            let removed = job.files.iter().map(|file| job.path(file));
            merged.removed.entry(job.table.name).or_default().extend(removed);
            if merged.bytes >= COMMIT_BYTES {
                self.commit_merged(task, std::mem::take(&mut merged)).await?;
            }
        }
        if !merged.written.is_empty() {
            self.commit_merged(task, merged).await?;
        }
        compacted.deleted = self.vacuum(task).await?;
        Ok(compacted)
    }

    fn jobs(&mut self, task: &Compaction<'_>) -> Result<Vec<Job>> {
        let this_month = month_of((task.clock)());
        let mut jobs = Vec::new();
        // What was not looked at has not become a crowd.
        let is_open = |table: &&&Table| self.tables.get(table.name).is_some_and(|open| open.live.is_some());
        let tables = source::TABLES.iter();
        let tables: Vec<&Table> = tables
            .filter(|table| task.extent == Extent::Ended || is_open(table))
            .copied()
            .collect();
        for table in tables {
            let mut partitions: BTreeMap<Partition, Vec<LiveFile>> = BTreeMap::new();
            for file in self.live_files(table)? {
                let is_asked = task.sources.is_empty() || task.sources.contains(&file.partition.source);
                if is_asked && (task.extent == Extent::Crowded || file.partition.month < this_month) {
                    partitions.entry(file.partition.clone()).or_default().push(file.clone());
                }
            }
            jobs.extend(partitions.into_iter().map(|(partition, files)| Job {
                table,
                partition,
                files: choose(files, task.extent),
                sizes: Sizes::of(task.extent),
            }));
        }
        jobs.retain(|job| !job.files.is_empty());
        Ok(jobs)
    }

    async fn commit_merged(&mut self, task: &Compaction<'_>, merged: Merged) -> Result<()> {
        steps::reached("before the merged files are committed");
        let rewrite = Rewrite {
            kind: Kind::Compact,
            run_id: task.run_id.to_owned(),
            started_at: task.started_at,
            at: (task.clock)(),
            source: None,
            stream: None,
            state: None,
            counts: Counts::default(),
            removed: merged.removed,
            deleted: Vec::new(),
        };
        self.commit_rewrite(rewrite, &merged.written, |entry| entry).await?;
        Ok(())
    }

    /// Merges the files of a job, which must be those the ledger names, and insists on the same rows; else nothing is left of it.
    async fn merge(&self, job: &Job, at: Micros) -> Result<Vec<Written>> {
        let sums = RowSums::of(job.table)?;
        let mut making = Making {
            job,
            sums: &sums,
            named: Vec::new(),
            read: RowSum::default(),
            paths: Vec::new(),
        };
        let merged = match self.make(&mut making).await {
            Ok(made) => self.prove(&making, made, at).await,
            Err(error) => Err(error),
        };
        if let Err(error) = &merged
            && let Err(second) = self.delete(&making.paths).await
        {
            tracing::warn!("{}: {second:#}, after: {error:#}", job.name());
        }
        merged
    }

    async fn make(&self, making: &mut Making<'_>) -> Result<Vec<Finished>> {
        let mut inputs = Vec::new();
        for file in &making.job.files {
            let input = making.job.input(file);
            making.named.push(self.unchanged(making.job.table, &input.path).await?);
            if self.is_in_order(making.job.table, &input.path).await? {
                inputs.push(input);
            } else {
                inputs.extend(self.sorted_runs(making, &input).await?);
            }
        }
        while let Some(groups) = groups(&mut inputs, making.job.sizes.open_bytes) {
            inputs.clear();
            for group in groups {
                if let [alone] = group.as_slice() {
                    inputs.push(alone.clone());
                    continue;
                }
                let least = group.iter().map(|input| input.span.0).min();
                let greatest = group.iter().map(|input| input.span.1).max();
                let span = least.zip(greatest).context("an empty group")?;
                let runs = self.flow(making, group, WHOLE).await?;
                inputs.extend(runs.into_iter().map(|run| run.as_input(span)));
            }
        }
        let made = self.flow(making, inputs, making.job.share()?).await?;
        let is_scratch = |path: &String| made.iter().all(|made| made.path != *path);
        let scratch: Vec<String> = making.paths.iter().filter(|path| is_scratch(path)).cloned().collect();
        self.delete(&scratch).await?;
        Ok(made)
    }

    /// Merges sorted files.
    async fn flow(&self, making: &mut Making<'_>, inputs: Vec<Input>, share: Share) -> Result<Vec<Finished>> {
        let mut merge = Merge::of(&self.store, (making.job.table, making.sums), inputs)?;
        let (mut made, mut output) = (Vec::new(), None::<Output>);
        while let Some(batch) = merge.next().await? {
            let mut open = match output.take() {
                Some(open) => open,
                None => self.output(making).await?,
            };
            open.write(batch).await?;
            let is_full = open.size() >= share.bytes || open.rows() >= share.rows;
            if is_full && made.len() + 1 < share.pieces {
                made.push(open.finish().await?);
                steps::reached("after a merged file");
            } else {
                output = Some(open);
            }
        }
        if let Some(open) = output {
            made.push(open.finish().await?);
            steps::reached("after a merged file");
        }
        making.read += merge.read();
        Ok(made)
    }

    /// A file of the job's partition, named by the next load.
    async fn output(&self, making: &mut Making<'_>) -> Result<Output> {
        let Partition { source, month } = &making.job.partition;
        let (table, load) = (making.job.table, self.next_load());
        let name = format!(
            "{}/source={source}/month={month}/{load}-{}.parquet",
            table.name,
            Uuid::new_v4()
        );
        making.paths.push(name.clone());
        Output::create(&self.store, name, table).await
    }

    /// Reads what was made back from the store, and insists that it holds the rows of the job's files and nothing else.
    async fn prove(&self, making: &Making<'_>, made: Vec<Finished>, at: Micros) -> Result<Vec<Written>> {
        let job = making.job;
        let (mut sum, mut after) = (RowSum::default(), Parts::default());
        let mut written = Vec::new();
        for made in made {
            if hash_of(&*self.store, &made.path).await? != Some((made.bytes, made.sha256.clone())) {
                bail!("{}: does not hold the bytes that were written", made.path);
            }
            let held = held(&self.store, &made.path, (job.table, making.sums)).await?;
            sum += held.sum;
            after.add(&made.path, &held.loads);
            written.push(made.as_written(job, held, at)?);
        }
        if sum != making.read {
            bail!("what was written are not the rows that were read");
        }
        let mut before = Parts::default();
        for file in &making.named {
            before.add(&file.path, &file.loads);
        }
        before.check_same(&self.store, &after).await?;
        steps::reached("after a month is merged and held against the ledger");
        Ok(written)
    }
}

impl Finished {
    /// As a file to be merged further.
    fn as_input(&self, span: (Micros, Micros)) -> Input {
        Input {
            path: self.path.clone(),
            bytes: self.bytes,
            rows: self.rows,
            span,
            is_original: false,
        }
    }

    fn as_written(&self, job: &Job, held: prove::Held, at: Micros) -> Result<Written> {
        let (_, relative) = self.path.split_once('/').context("a file without a table")?;
        Ok(Written {
            table: job.table.name,
            file: AddedFile {
                path: self.path.clone(),
                bytes: self.bytes,
                rows: self.rows,
                sha256: self.sha256.clone(),
                digest: held.digest,
                loads: held.loads,
            },
            added: Added {
                path: relative.to_owned(),
                partition: job.partition.clone(),
                size_bytes: self.bytes,
                modified_ms: at / 1_000,
                rows: self.rows,
                statistics: self.statistics.clone(),
            },
        })
    }
}

#[cfg(test)]
mod merging_tests;
