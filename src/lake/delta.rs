//! Delta tables by way of `delta_kernel`: create, commit, live files, checkpoint. The only user of the kernel, whose calls
//! block; apart from the lake so that the lake speaks of entries and files and not of the kernel's types.

mod columns;
mod log;

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Schema;
use bytes::Bytes;
use delta_kernel::committer::FileSystemCommitter;
use delta_kernel::engine::arrow_conversion::{TryIntoArrow, TryIntoKernel};
use delta_kernel::engine::arrow_data::ArrowEngineData;
use delta_kernel::schema::StructType;
use delta_kernel::transaction::create_table::create_table;
use delta_kernel::transaction::data_layout::DataLayout;
use delta_kernel::transaction::{CommitResult, UpdateTableOperation};
use delta_kernel::{Engine as _, FilteredEngineData, KernelError, KernelResult, Snapshot, SnapshotRef};
use delta_kernel_default_engine::executor::tokio::TokioMultiThreadExecutor;
use delta_kernel_default_engine::{DefaultEngine, DefaultEngineBuilder};
use object_store::ObjectStore;
use tokio::runtime::Runtime;
use url::Url;

pub use log::CommitFile;

use super::files::{self, Added, LiveFile, PARTITIONS};

const CHECKPOINT_COMMITS: u64 = 10;
/// How often a version may be taken by another writer before a commit gives up.
const ATTEMPTS: usize = 5;
const ENGINE_INFO: &str = concat!("trailhouse/", env!("CARGO_PKG_VERSION"));

/// The kernel on one object store. It waits for its own threads: call it from `spawn_blocking`, `block_in_place` or a
/// plain thread, never from the thread of a single-threaded runtime.
pub struct Engine {
    kernel: DefaultEngine<TokioMultiThreadExecutor>,
    runtime: Option<Runtime>,
}

impl Engine {
    /// The paths of `store` must be those of the tables' URLs: for `file:` URLs a `LocalFileSystem` without a prefix.
    pub fn new(store: Arc<dyn ObjectStore>) -> Result<Self> {
        // The kernel pulls a checkpoint's rows, and so blocks, inside the task that writes them: one thread would wait for itself.
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder
            .worker_threads(2)
            .max_blocking_threads(2)
            .thread_name("delta")
            .enable_all()
            .build()
            .context("starting the threads of delta")?;
        let executor = Arc::new(TokioMultiThreadExecutor::new(runtime.handle().clone()));
        let kernel = DefaultEngineBuilder::new(store).with_task_executor(executor).build();
        Ok(Self {
            kernel,
            runtime: Some(runtime),
        })
    }
}

impl Drop for Engine {
    /// A runtime dropped on a thread of another runtime panics; one shut down in the background does not.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What one ledger entry does to one table.
#[derive(Debug, Clone, Copy)]
pub struct Commit<'a> {
    /// The `lake_id`.
    pub application_id: &'a str,
    /// The entry's `sequence`.
    pub transaction: i64,
    pub entry_sha256: &'a str,
    pub domain: &'a str,
    pub domain_metadata: &'a str,
    pub adds: &'a [Added],
    /// Relative to the table; all of them live.
    pub removes: &'a [String],
    pub change: Change,
}

/// What a commit is to a reader of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Rows come or go.
    Rows,
    /// The same rows stand in other files.
    Layout,
}

impl Commit<'_> {
    fn operation(&self) -> UpdateTableOperation {
        match self.change {
            Change::Layout => UpdateTableOperation::Optimize,
            Change::Rows if self.removes.is_empty() => UpdateTableOperation::Write,
            Change::Rows if self.adds.is_empty() => UpdateTableOperation::Delete,
            Change::Rows => UpdateTableOperation::Update,
        }
    }
}

/// How a commit ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Committed {
        version: u64,
        is_checkpoint_due: bool,
    },
    /// The table already held this transaction or a later one: committed before, or by a call whose answer was lost.
    Already,
}

/// One table of the lake. Every call reads the newest version.
#[derive(Clone)]
pub struct DeltaTable {
    engine: Arc<Engine>,
    url: Url,
}

impl DeltaTable {
    pub fn new(engine: Arc<Engine>, mut url: Url) -> Self {
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Self { engine, url }
    }

    /// Whether the table was created; every other reading call fails on one that was not.
    pub fn exists(&self) -> Result<bool> {
        let mut files = self.engine.kernel.storage_handler().list_from(&self.log()?)?;
        let first = files
            .next()
            .transpose()
            .with_context(|| format!("{}: listing its log", self.url))?;
        Ok(first.is_some())
    }

    /// Creates the table unless it is there; `true` when this call made it. `statistics` can be chosen at creation only.
    pub fn create_if_absent(&self, schema: &Schema, statistics: &[&str]) -> Result<bool> {
        let declared: StructType = schema
            .try_into_kernel()
            .with_context(|| format!("{}: schema", self.url))?;
        if self.exists()? {
            return Ok(false);
        }
        self.make_folder()?;
        let properties = [
            ("delta.feature.domainMetadata", "supported"),
            ("delta.dataSkippingStatsColumns", &statistics.join(",")),
            ("delta.enableExpiredLogCleanup", "false"),
            ("delta.deletedFileRetentionDuration", "interval 7 days"),
        ];
        let created = create_table(self.url.as_str(), Arc::new(declared), ENGINE_INFO, true)
            .with_table_properties(properties)
            .with_data_layout(DataLayout::partitioned(PARTITIONS))
            .build(&self.engine.kernel, Box::new(FileSystemCommitter::new()))
            .and_then(|transaction| transaction.commit(&self.engine.kernel));
        match created {
            Ok(CommitResult::Committed(_)) => Ok(true),
            Ok(CommitResult::Conflicted(_)) => Ok(false),
            Ok(CommitResult::Retryable(failed)) => self.created_after(failed.error),
            Err(error) => self.created_after(error),
        }
    }

    /// The last ledger sequence applied to the table; `None` for a table without one.
    pub fn transaction_version(&self, application_id: &str) -> Result<Option<i64>> {
        let version = self.snapshot()?.get_app_id_version(application_id, &self.engine.kernel);
        version.with_context(|| format!("{}: reading transaction {application_id}", self.url))
    }

    /// Adds and removes the files, unless the transaction is already in the table. After an error the table is read back, so that an
    /// error means: not committed, or not known.
    pub fn commit(&self, commit: &Commit<'_>) -> Result<Outcome> {
        let files = files::to_log(commit.adds)?;
        for _ in 0..ATTEMPTS {
            let snapshot = self.snapshot()?;
            let applied = snapshot.get_app_id_version(commit.application_id, &self.engine.kernel)?;
            if applied.is_some_and(|applied| applied >= commit.transaction) {
                return Ok(Outcome::Already);
            }
            match self.try_commit(snapshot, commit, &files) {
                Ok(CommitResult::Committed(done)) => {
                    let is_checkpoint_due = done.post_commit_stats().commits_since_checkpoint >= CHECKPOINT_COMMITS;
                    return Ok(Outcome::Committed {
                        version: done.commit_version(),
                        is_checkpoint_due,
                    });
                }
                Ok(CommitResult::Conflicted(_)) => {}
                Ok(CommitResult::Retryable(failed)) => {
                    return self.committed_after(failed.error, commit);
                }
                Err(error) => return self.committed_after(error, commit),
            }
        }
        bail!(
            "{}: transaction {}: another writer took the next version {ATTEMPTS} times",
            self.url,
            commit.transaction
        )
    }

    /// The files of the newest version, by path.
    pub fn live_files(&self) -> Result<Vec<LiveFile>> {
        let snapshot = self.snapshot()?;
        let schema: Schema = snapshot.schema().as_ref().try_into_arrow()?;
        let scan = snapshot.scan_builder().without_row_transforms().build()?;
        let mut files = Vec::new();
        for found in scan.scan_metadata(&self.engine.kernel)? {
            let rows = found?.scan_files.apply_selection_vector()?;
            let rows = ArrowEngineData::try_from_engine_data(rows)?;
            files::from_log(rows.record_batch(), &schema, &mut files)
                .with_context(|| format!("{}: reading its files", self.url))?;
        }
        files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(files)
    }

    /// Writes a checkpoint of the newest version, so that readers need not replay the log from its beginning.
    pub fn checkpoint(&self) -> Result<()> {
        let written = self.snapshot()?.checkpoint(&self.engine.kernel, None);
        written
            .map(|_| ())
            .with_context(|| format!("{}: writing a checkpoint", self.url))
    }

    fn log(&self) -> Result<Url> {
        Ok(self.url.join("_delta_log/")?)
    }

    /// The kernel refuses a `file:` table without a folder. The store makes folders as durable as files, but only for a file.
    fn make_folder(&self) -> Result<()> {
        if self.url.scheme() == "file" {
            let storage = self.engine.kernel.storage_handler();
            let marker = self.url.join(".new")?;
            let made = storage
                .put(&marker, Bytes::new(), true)
                .and_then(|()| storage.delete(&marker));
            made.with_context(|| format!("{}: making its folder", self.url))?;
        }
        Ok(())
    }

    fn snapshot(&self) -> Result<SnapshotRef> {
        let snapshot = Snapshot::builder_for(&self.url).build(&self.engine.kernel);
        snapshot.with_context(|| format!("{}: reading its log", self.url))
    }

    fn try_commit(
        &self,
        snapshot: SnapshotRef,
        commit: &Commit<'_>,
        files: &RecordBatch,
    ) -> KernelResult<CommitResult> {
        let (ledger, ledger_schema) = ledger_info(commit.transaction, commit.entry_sha256)?;
        let removed = self.removed(&snapshot, commit.removes)?;
        let mut transaction = snapshot
            .update_table(commit.operation(), ENGINE_INFO, commit.change == Change::Rows)
            .with_transaction_id(commit.application_id, commit.transaction)
            .with_domain_metadata(commit.domain, commit.domain_metadata)
            .with_commit_info(ledger, ledger_schema)
            .build(&self.engine.kernel, Box::new(FileSystemCommitter::new()))?;
        if files.num_rows() > 0 {
            transaction.add_files(Box::new(ArrowEngineData::new(files.clone())));
        }
        removed.into_iter().for_each(|rows| transaction.remove_files(rows));
        transaction.commit(&self.engine.kernel)
    }

    /// The rows of the log that name these files; an error unless each is live.
    fn removed(&self, snapshot: &SnapshotRef, paths: &[String]) -> KernelResult<Vec<FilteredEngineData>> {
        let mut wanted: BTreeSet<&str> = paths.iter().map(String::as_str).collect();
        let mut removed = Vec::new();
        if wanted.is_empty() {
            return Ok(removed);
        }
        let scan = Arc::clone(snapshot).scan_builder().without_row_transforms().build()?;
        for found in scan.scan_metadata(&self.engine.kernel)? {
            let (rows, mut selected) = found?.scan_files.into_parts();
            let rows = ArrowEngineData::try_from_engine_data(rows)?;
            selected.resize(rows.record_batch().num_rows(), true);
            files::select(rows.record_batch(), &mut wanted, &mut selected).map_err(KernelError::generic_err)?;
            if selected.contains(&true) {
                removed.push(FilteredEngineData::try_new(rows, selected)?);
            }
        }
        match wanted.first() {
            Some(path) => Err(KernelError::generic(format!(
                "{path} is to be removed, and is not live"
            ))),
            None => Ok(removed),
        }
    }

    fn committed_after(&self, error: KernelError, commit: &Commit<'_>) -> Result<Outcome> {
        let known = match self.transaction_version(commit.application_id) {
            Ok(Some(applied)) if applied >= commit.transaction => return Ok(Outcome::Already),
            Ok(_) => "not committed".to_owned(),
            Err(second) => format!("not known to be committed: {second:#}"),
        };
        Err(error).with_context(|| format!("{}: transaction {}: {known}", self.url, commit.transaction))
    }

    fn created_after(&self, error: KernelError) -> Result<bool> {
        match self.exists() {
            Ok(true) => Ok(false),
            _ => Err(error).with_context(|| format!("{}: creating the table", self.url)),
        }
    }
}

/// What a commit of the log says of the ledger entry behind it.
fn ledger_info(sequence: i64, sha256: &str) -> KernelResult<(Box<ArrowEngineData>, Arc<StructType>)> {
    let info = RecordBatch::try_from_iter([
        ("ledgerSequence", Arc::new(Int64Array::from(vec![sequence])) as ArrayRef),
        ("ledgerSha256", Arc::new(StringArray::from(vec![sha256])) as ArrayRef),
    ])?;
    let schema: StructType = info.schema().as_ref().try_into_kernel()?;
    Ok((Box::new(ArrowEngineData::new(info)), Arc::new(schema)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::atomic::Ordering;

    use arrow::array::TimestampMicrosecondArray;
    use arrow::datatypes::{DataType, Field};
    use object_store::local::LocalFileSystem;
    use object_store::memory::InMemory;
    use serde_json::{Value, json};

    use super::super::files::Partition;
    use super::super::parquet;
    use super::super::statistics::{self, Bounds};
    use super::*;
    use crate::ledger::faulty::Faulty;
    use crate::schema::Kind;

    const LAKE: &str = "0197a1c4-9d6e-7e31-8d3a-1c0f6c1f5b11";
    const STATISTICS: [&str; 3] = ["load", "id", "logged_at"];
    const TIME: i64 = 1_752_262_714_738_123;

    fn schema() -> Schema {
        let columns = [
            ("source", Kind::Text),
            ("month", Kind::Text),
            ("load", Kind::Integer),
            ("id", Kind::Text),
            ("logged_at", Kind::Timestamp),
            ("stable_hash", Kind::Binary),
            ("is_legacy", Kind::Boolean),
            ("related_resource_ids", Kind::TextList),
            ("event_blocks", Kind::Blocks),
        ];
        Schema::new(
            columns
                .map(|(name, kind)| Field::new(name, kind.arrow(), name != "load"))
                .to_vec(),
        )
    }

    fn memory() -> DeltaTable {
        table(Arc::new(InMemory::new()))
    }

    fn table(store: Arc<dyn ObjectStore>) -> DeltaTable {
        DeltaTable::new(
            Arc::new(Engine::new(store).unwrap()),
            Url::parse("memory:///lake/activity_logs").unwrap(),
        )
    }

    fn local(dir: &std::path::Path) -> DeltaTable {
        let store = Arc::new(LocalFileSystem::new().with_fsync(true));
        let url = Url::from_directory_path(dir.join("activity_logs")).unwrap();
        DeltaTable::new(Arc::new(Engine::new(store).unwrap()), url)
    }

    /// Writes a file of three rows of a load, in the form the lake writes it.
    fn file(table: &DeltaTable, load: i64) -> Added {
        let all = schema();
        let fields = all.fields().iter().skip(2).map(|field| {
            let values: ArrayRef = match field.name().as_str() {
                "load" => Arc::new(Int64Array::from(vec![load; 3])),
                "id" => Arc::new(StringArray::from(vec![None, Some("a"), Some("b")])),
                "logged_at" => {
                    Arc::new(TimestampMicrosecondArray::from(vec![TIME, TIME + 1, TIME + load]).with_timezone("UTC"))
                }
                _ => arrow::array::new_null_array(field.data_type(), 3),
            };
            (field.name().clone(), values)
        });
        let rows = [RecordBatch::try_from_iter(fields).unwrap()];
        let bytes = parquet::encode(&rows, &STATISTICS).unwrap();
        let path = format!("source=secoda_prod/month=2025-07/{load}-{:08x}.parquet", load * 7_919);
        let size_bytes = u64::try_from(bytes.len()).unwrap();
        let storage = table.engine.kernel.storage_handler();
        storage
            .put(&table.url.join(&path).unwrap(), bytes.into(), false)
            .unwrap();
        Added {
            path,
            partition: Partition {
                source: "secoda_prod".to_owned(),
                month: "2025-07".to_owned(),
            },
            size_bytes,
            modified_ms: TIME / 1_000,
            rows: 3,
            statistics: statistics::of_rows(&rows, &STATISTICS).unwrap(),
        }
    }

    fn commit(table: &DeltaTable, transaction: i64, adds: &[Added]) -> Result<Outcome> {
        table.commit(&Commit {
            application_id: LAKE,
            transaction,
            entry_sha256: &format!("{transaction:064x}"),
            domain: "trailhouse.secoda_prod.audit_logs",
            domain_metadata: &format!("{{\"upto\":{transaction}}}"),
            adds,
            removes: &[],
            change: Change::Rows,
        })
    }

    fn version(outcome: &Outcome) -> Option<u64> {
        match outcome {
            Outcome::Committed { version, .. } => Some(*version),
            Outcome::Already => None,
        }
    }

    /// The actions of one commit of the log.
    fn actions(table: &DeltaTable, version: u64) -> BTreeMap<String, Value> {
        let location = table.log().unwrap().join(&format!("{version:020}.json")).unwrap();
        let storage = table.engine.kernel.storage_handler();
        let bytes = storage
            .read_files(vec![(location, None)])
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        let lines = serde_json::Deserializer::from_slice(&bytes).into_iter::<BTreeMap<String, Value>>();
        lines.flat_map(|line| line.unwrap()).collect()
    }

    fn check_creation(table: &DeltaTable) {
        assert!(table.create_if_absent(&schema(), &STATISTICS).unwrap() && table.exists().unwrap());
        assert!(!table.create_if_absent(&schema(), &STATISTICS).unwrap());
        let actions = actions(table, 0);
        let expected = json!({
            "delta.dataSkippingStatsColumns": "load,id,logged_at",
            "delta.enableExpiredLogCleanup": "false",
            "delta.deletedFileRetentionDuration": "interval 7 days",
        });
        assert_eq!(actions["metaData"]["configuration"], expected);
        assert_eq!(actions["metaData"]["partitionColumns"], json!(["source", "month"]));
        let columns: Value = serde_json::from_str(actions["metaData"]["schemaString"].as_str().unwrap()).unwrap();
        assert_eq!(columns["fields"][4]["name"], "logged_at");
        assert_eq!(columns["fields"][4]["type"], "timestamp");
        assert_eq!(
            actions["protocol"]["writerFeatures"],
            json!(["domainMetadata", "invariants"])
        );
        assert_eq!(actions["protocol"]["readerFeatures"], json!([]));
        assert_eq!(table.transaction_version(LAKE).unwrap(), None);
        assert_eq!(table.live_files().unwrap(), []);
    }

    fn check_commits(table: &DeltaTable) {
        let first = file(table, 7);
        assert_eq!(
            version(&commit(table, 7, std::slice::from_ref(&first)).unwrap()),
            Some(1)
        );
        assert_eq!(version(&commit(table, 9, &[file(table, 9)]).unwrap()), Some(2));
        assert_eq!(commit(table, 7, &[first]).unwrap(), Outcome::Already);
        assert_eq!(table.transaction_version(LAKE).unwrap(), Some(9));
        assert_eq!(table.transaction_version("another lake").unwrap(), None);

        let actions = actions(table, 1);
        assert_eq!(actions["commitInfo"]["ledgerSequence"], 7);
        assert_eq!(actions["commitInfo"]["ledgerSha256"], format!("{:064x}", 7));
        assert_eq!(actions["commitInfo"]["engineInfo"], ENGINE_INFO);
        assert_eq!(actions["txn"]["appId"], LAKE);
        assert_eq!(actions["txn"]["version"], 7);
        assert_eq!(actions["domainMetadata"]["domain"], "trailhouse.secoda_prod.audit_logs");
        assert_eq!(actions["domainMetadata"]["configuration"], "{\"upto\":7}");
        let logged: Value = serde_json::from_str(actions["add"]["stats"].as_str().unwrap()).unwrap();
        let expected = json!({
            "numRecords": 3,
            "nullCount": {"load": 0, "id": 1, "logged_at": 0},
            "minValues": {"load": 7, "id": "a", "logged_at": "2025-07-11T19:38:34.738123Z"},
            "maxValues": {"load": 7, "id": "b", "logged_at": "2025-07-11T19:38:34.73813Z"},
        });
        assert_eq!(logged, expected);
    }

    fn check_files(table: &DeltaTable, loads: &[i64]) {
        let files = table.live_files().unwrap();
        let mut expected = loads.to_vec();
        expected.sort_by_key(|load| load.to_string());
        let found = files.iter().map(|file| file.bounds["load"].clone()).collect::<Vec<_>>();
        assert_eq!(
            found,
            expected
                .iter()
                .map(|load| Bounds::Long(*load, *load))
                .collect::<Vec<_>>()
        );
        for (file, load) in files.iter().zip(expected) {
            assert_eq!(
                file.partition,
                Partition {
                    source: "secoda_prod".to_owned(),
                    month: "2025-07".to_owned()
                }
            );
            assert!(
                file.path
                    .starts_with(&format!("source=secoda_prod/month=2025-07/{load}-")),
                "{}",
                file.path
            );
            assert_eq!(file.rows, 3);
            assert_eq!(file.bounds["id"], Bounds::Text("a".to_owned(), "b".to_owned()));
            assert_eq!(file.bounds["logged_at"], Bounds::Timestamp(TIME, TIME + load + 999));
            let location = table.url.join(&file.path).unwrap();
            let found = table.engine.kernel.storage_handler().head(&location).unwrap();
            assert_eq!(found.size, file.size_bytes);
        }
    }

    #[test]
    fn a_table_in_memory_is_created_and_committed_to() {
        let table = memory();
        check_creation(&table);
        check_commits(&table);
        check_files(&table, &[7, 9]);
    }

    #[test]
    fn a_table_in_a_folder_is_the_same_to_a_second_engine() {
        let dir = tempfile::Builder::new().prefix("Zoë's 100% a+b#c ").tempdir().unwrap();
        let table = local(dir.path());
        check_creation(&table);
        check_commits(&table);
        let second = local(dir.path());
        check_files(&second, &[7, 9]);
        assert!(
            dir.path()
                .join("activity_logs/_delta_log/00000000000000000002.json")
                .exists()
        );
        assert_eq!(second.live_files().unwrap(), table.live_files().unwrap());
        assert_eq!(second.commit_files(None).unwrap(), table.commit_files(None).unwrap());
    }

    #[test]
    fn a_checkpoint_is_due_after_ten_commits_and_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let table = local(dir.path());
        table.create_if_absent(&schema(), &STATISTICS).unwrap();
        let mut due = Vec::new();
        for load in 1..=12 {
            let outcome = commit(&table, load, &[file(&table, load)]).unwrap();
            let Outcome::Committed {
                version,
                is_checkpoint_due,
            } = outcome
            else {
                panic!("{load}: {outcome:?}")
            };
            if is_checkpoint_due {
                due.push(version);
                table.checkpoint().unwrap();
            }
        }
        assert_eq!(due, [10]);
        let log = dir.path().join("activity_logs/_delta_log");
        assert!(log.join("00000000000000000010.checkpoint.parquet").exists());
        // Versions below the checkpoint are not needed any more.
        for version in 0..10 {
            std::fs::remove_file(log.join(format!("{version:020}.json"))).unwrap();
        }
        let table = local(dir.path());
        check_files(&table, &(1..=12).collect::<Vec<_>>());
        assert_eq!(table.transaction_version(LAKE).unwrap(), Some(12));
        assert_eq!(commit(&table, 3, &[]).unwrap(), Outcome::Already);
        table.checkpoint().unwrap();
        table.checkpoint().unwrap();
        check_files(&table, &(1..=12).collect::<Vec<_>>());
    }

    #[test]
    fn the_commits_are_listed_with_the_hash_of_their_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let table = local(dir.path());
        table.create_if_absent(&schema(), &STATISTICS).unwrap();
        commit(&table, 1, &[file(&table, 1)]).unwrap();
        commit(&table, 2, &[]).unwrap();
        table.checkpoint().unwrap();
        let all = table.commit_files(None).unwrap();
        assert_eq!(all.iter().map(|file| file.version).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(table.commit_files(Some(0)).unwrap(), all[1..]);
        assert_eq!(table.commit_files(Some(2)).unwrap(), []);
        for file in all {
            let bytes = std::fs::read(dir.path().join("activity_logs").join(&file.path)).unwrap();
            assert_eq!(file.sha256, crate::ledger::sha256(&bytes), "{}", file.path);
        }
    }

    #[test]
    fn files_take_the_place_of_others_and_only_of_live_ones() {
        let table = memory();
        table.create_if_absent(&schema(), &STATISTICS).unwrap();
        let first = [file(&table, 1), file(&table, 2), file(&table, 3)];
        commit(&table, 1, &first).unwrap();
        let paths: Vec<String> = first.iter().map(|added| added.path.clone()).collect();
        let rewrite = |transaction, adds: &[Added], removes: &[String], change| {
            table.commit(&Commit {
                application_id: LAKE,
                transaction,
                entry_sha256: "",
                domain: "trailhouse.test",
                domain_metadata: "",
                adds,
                removes,
                change,
            })
        };
        let cases = [
            (
                2,
                vec![file(&table, 4)],
                &paths[..2],
                Change::Layout,
                "OPTIMIZE",
                vec![3, 4],
            ),
            (3, vec![], &paths[2..], Change::Rows, "DELETE", vec![4]),
        ];
        for (transaction, adds, removes, change, operation, left) in cases {
            let outcome = rewrite(transaction, &adds, removes, change).unwrap();
            let actions = actions(&table, version(&outcome).unwrap());
            assert_eq!(actions["commitInfo"]["operation"], operation);
            assert_eq!(actions["remove"]["dataChange"], change == Change::Rows);
            check_files(&table, &left);
        }
        let error = format!("{:#}", rewrite(4, &[], &paths[..1], Change::Rows).unwrap_err());
        assert!(
            error.contains(&format!("{} is to be removed, and is not live", paths[0])),
            "{error}"
        );
        check_files(&table, &[4]);
        assert_eq!(table.transaction_version(LAKE).unwrap(), Some(3));
    }

    #[test]
    fn writers_at_the_same_time_lose_nothing() {
        let table = memory();
        table.create_if_absent(&schema(), &STATISTICS).unwrap();
        std::thread::scope(|scope| {
            for (application_id, first) in [("one", 1), ("two", 101)] {
                let table = &table;
                scope.spawn(move || {
                    for transaction in 1..=3 {
                        let adds = [file(table, first + transaction)];
                        let (entry_sha256, domain, domain_metadata) = ("", "trailhouse.test", "");
                        let commit = Commit {
                            application_id,
                            transaction,
                            entry_sha256,
                            domain,
                            domain_metadata,
                            adds: &adds,
                            removes: &[],
                            change: Change::Rows,
                        };
                        assert_ne!(table.commit(&commit).unwrap(), Outcome::Already);
                    }
                });
            }
        });
        check_files(&table, &[2, 3, 4, 102, 103, 104]);
        assert_eq!(table.commit_files(None).unwrap().len(), 7);
    }

    #[test]
    fn a_lost_answer_is_no_failure_and_a_failure_is_no_commit() {
        let store = Arc::new(Faulty::default());
        let table = table(store.clone());
        store.lose.store(true, Ordering::SeqCst);
        assert!(!table.create_if_absent(&schema(), &STATISTICS).unwrap());
        let first = [file(&table, 1)];
        store.lose.store(true, Ordering::SeqCst);
        assert_eq!(commit(&table, 1, &first).unwrap(), Outcome::Already);
        assert_eq!(commit(&table, 1, &first).unwrap(), Outcome::Already);
        check_files(&table, &[1]);

        let second = [file(&table, 2)];
        store.refuse.store(true, Ordering::SeqCst);
        let error = commit(&table, 2, &second).unwrap_err();
        assert_eq!(
            error.to_string(),
            "memory:///lake/activity_logs/: transaction 2: not committed"
        );
        assert!(format!("{error:#}").ends_with("no room"), "{error:#}");
        assert_eq!(table.transaction_version(LAKE).unwrap(), Some(1));
        assert_eq!(version(&commit(&table, 2, &second).unwrap()), Some(2));
        check_files(&table, &[1, 2]);
    }

    #[test]
    fn columns_declared_later_are_added_and_none_changes_its_type() {
        let table = memory();
        table.create_if_absent(&schema(), &STATISTICS).unwrap();
        commit(&table, 1, &[file(&table, 1)]).unwrap();
        let mut fields = schema().fields().to_vec();
        fields.insert(5, Arc::new(Field::new("performer_id", DataType::Utf8, true)));
        let wider = Schema::new(fields.clone());
        assert!(table.add_missing_columns(&wider, (2, "its hash")).unwrap());
        assert!(!table.add_missing_columns(&wider, (2, "its hash")).unwrap());
        let files = table.commit_files(None).unwrap();
        assert_eq!(files.len(), 3);
        assert_eq!(files[2].entry, Some((2, "its hash".to_owned())));
        commit(&table, 2, &[file(&table, 2)]).unwrap();
        check_files(&table, &[1, 2]);
        fields[5] = Arc::new(Field::new("performer_id", DataType::Int64, true));
        let error = table.add_missing_columns(&Schema::new(fields), (3, "")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "memory:///lake/activity_logs/: column performer_id is string, not long"
        );
    }

    #[test]
    fn a_file_of_another_writer_must_tell_its_rows() {
        let table = memory();
        table.create_if_absent(&schema(), &STATISTICS).unwrap();
        let mut add = json!({
            "path": "source=s/month=2025-07/part-0.parquet",
            "partitionValues": {"source": "s", "month": "2025-07"},
            "size": 1, "modificationTime": 0, "dataChange": false,
        });
        let log = |version: u64, add: &Value| {
            let location = table.log().unwrap().join(&format!("{version:020}.json")).unwrap();
            let line = json!({"add": add}).to_string();
            table
                .engine
                .kernel
                .storage_handler()
                .put(&location, line.into(), false)
                .unwrap();
        };
        log(1, &add);
        let error = format!("{:#}", table.live_files().unwrap_err());
        let expected = "part-0.parquet: another writer added it without the number of its rows";
        assert!(error.ends_with(expected), "{error}");
        add["stats"] = json!("{\"numRecords\":4}");
        log(2, &add);
        let files = table.live_files().unwrap();
        assert_eq!((files.len(), files[0].rows, files[0].bounds.len()), (1, 4, 0));
    }

    #[test]
    fn a_table_that_is_not_there_is_an_error_that_names_it() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!local(dir.path()).exists().unwrap() && !memory().exists().unwrap());
        let error = memory().live_files().unwrap_err();
        assert_eq!(error.to_string(), "memory:///lake/activity_logs/: reading its log");
    }

    #[test]
    fn the_kernel_may_be_called_and_dropped_on_threads_of_a_runtime() {
        let work = || {
            let table = memory();
            table.create_if_absent(&schema(), &STATISTICS).unwrap();
            commit(&table, 1, &[file(&table, 1)]).unwrap();
            table.checkpoint().unwrap();
            check_files(&table, &[1]);
            table
        };
        let single = tokio::runtime::Builder::new_current_thread().build().unwrap();
        single.block_on(async { drop(tokio::task::spawn_blocking(work).await.unwrap()) });
        let several = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        several.block_on(async {
            drop(tokio::task::spawn_blocking(work).await.unwrap());
            drop(tokio::task::block_in_place(work));
        });
    }
}
