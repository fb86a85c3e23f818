//! Columns that are declared later than a table was made. Apart from the commits of rows because here the schema changes.

use anyhow::{Context, Result, bail};
use arrow::datatypes::Schema;
use delta_kernel::committer::FileSystemCommitter;
use delta_kernel::engine::arrow_conversion::TryIntoKernel;
use delta_kernel::schema::{StructField, StructType};
use delta_kernel::transaction::{CommitResult, UpdateTableOperation};

use super::{DeltaTable, ENGINE_INFO, ledger_info};

impl DeltaTable {
    /// Adds the columns that the table was made without, in a commit that names number and hash of a ledger entry; a column
    /// of another type is an error. Says whether there were any.
    pub fn add_missing_columns(&self, schema: &Schema, (sequence, sha256): (i64, &str)) -> Result<bool> {
        let declared: StructType = schema
            .try_into_kernel()
            .with_context(|| format!("{}: schema", self.url))?;
        let snapshot = self.snapshot()?;
        let known = snapshot.schema();
        let mut missing = Vec::new();
        for column in declared.fields() {
            match known.field(column.name()) {
                None => missing.push(StructField::nullable(column.name(), column.data_type().clone())),
                Some(field) if field.data_type() == column.data_type() => {}
                Some(field) => {
                    bail!(
                        "{}: column {} is {}, not {}",
                        self.url,
                        column.name(),
                        field.data_type(),
                        column.data_type()
                    )
                }
            }
        }
        if missing.is_empty() {
            return Ok(false);
        }
        let (ledger, ledger_schema) = ledger_info(sequence, sha256)?;
        let change = snapshot
            .update_table(UpdateTableOperation::AlterTable, ENGINE_INFO, false)
            .with_commit_info(ledger, ledger_schema);
        let change = missing
            .into_iter()
            .fold(change, |change, column| change.add_column(column));
        let added = change
            .build(&self.engine.kernel, Box::new(FileSystemCommitter::new()))
            .and_then(|change| change.commit(&self.engine.kernel));
        match added.with_context(|| format!("{}: adding columns", self.url))? {
            CommitResult::Committed(_) => Ok(true),
            CommitResult::Conflicted(_) => bail!("{}: adding columns: another writer took the next version", self.url),
            CommitResult::Retryable(failed) => {
                Err(failed.error).with_context(|| format!("{}: adding columns", self.url))
            }
        }
    }
}
