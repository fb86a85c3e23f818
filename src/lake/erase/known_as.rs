//! What the records of a source know a person by, before anything of it is replaced and after. Apart from replacing it because
//! nothing changes here.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Result;
use futures::TryStreamExt;
use object_store::path::Path;

use super::super::Lake;
use super::super::parquet::{Selection, read_columns};
use super::super::replace::raw_of;
use super::Erasure;
use crate::record::erasure::{Erased, identity, is_pseudonym};
use crate::source::{self, Personal, TABLES};

impl Lake {
    /// The declarations of the service whose rows the lake holds of a source.
    pub(super) fn personal_of(&mut self, source: &str) -> Result<Option<&'static Personal>> {
        for service in source::SERVICES {
            for form in service.streams.iter().flat_map(|stream| stream.forms) {
                if self
                    .live_files(form.table)?
                    .iter()
                    .any(|file| file.partition.source == source)
                {
                    return Ok(Some(service.personal));
                }
            }
        }
        Ok(None)
    }

    /// What stands for an identifier in the records of a source; nothing where nobody of it was erased.
    pub(super) fn stand_ins(&self, performer: &str, erased: &[Erased]) -> Result<Vec<String>> {
        if erased.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.keys.erasure_key(erased)?;
        let pseudonym = key.pseudonym(performer);
        let is_erased = erased.iter().any(|erased| erased.performer == pseudonym);
        Ok(key.stand_ins(performer).into_iter().filter(|_| is_erased).collect())
    }

    /// Names and addresses that the records of a source show of the person, and pseudonyms of them where one stands for the
    /// person too; `None` where none is the person's.
    pub(super) async fn names_of(
        &mut self,
        erasure: &Erasure<'_>,
        stand_ins: &[String],
        personal: &'static Personal,
    ) -> Result<Option<BTreeSet<String>>> {
        let mut names: Option<BTreeSet<String>> = None;
        for table in TABLES {
            let files = self.live_files(table)?.iter();
            let of_source = files.filter(|file| file.partition.source == erasure.source);
            let paths: Vec<String> = of_source.map(|file| format!("{}/{}", table.name, file.path)).collect();
            for path in paths {
                self.names_in(&path, (personal, erasure.performer, stand_ins), &mut names)
                    .await?;
            }
        }
        Ok(names)
    }

    async fn names_in(
        &self,
        path: &str,
        (personal, performer, stand_ins): (&'static Personal, &str, &[String]),
        names: &mut Option<BTreeSet<String>>,
    ) -> Result<()> {
        let selection = Selection {
            columns: &["raw"],
            within: None,
        };
        let rows = read_columns(Arc::clone(&self.store), Path::parse(path)?, &selection).await?;
        let mut rows = std::pin::pin!(rows);
        while let Some(batch) = rows.try_next().await? {
            for row in 0..batch.num_rows() {
                let raw = raw_of(&batch, row)?;
                if let Some(found) = identity(personal, performer, raw) {
                    names.get_or_insert_default().extend(found);
                }
                for found in stand_ins.iter().filter_map(|id| identity(personal, id, raw)) {
                    let pseudonyms = found.into_iter().filter(|name| is_pseudonym(name));
                    names.get_or_insert_default().extend(pseudonyms);
                }
            }
        }
        Ok(())
    }
}
