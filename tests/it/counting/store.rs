//! An object store that counts what is read of it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions,
    PutOptions, PutPayload, PutResult,
};

/// What was asked of one part of the lake: the ledger, the Delta logs, or the data files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) requests: u64,
    pub(super) bytes: u64,
    /// Names that listings gave.
    pub(super) listed: u64,
}

/// A store in memory that counts what is read of it.
#[derive(Debug, Default)]
pub(super) struct Counting {
    inner: InMemory,
    asked: Arc<Mutex<BTreeMap<&'static str, Asked>>>,
}

impl fmt::Display for Counting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("counting")
    }
}

fn part(path: &str) -> &'static str {
    match path {
        path if path.contains("_ledger") => "ledger",
        path if path.contains("_delta_log") => "log",
        _ => "data",
    }
}

fn note(asked: &Mutex<BTreeMap<&'static str, Asked>>, path: &str, more: Asked) {
    let mut asked = asked.lock().expect("no panic while counting");
    let part = asked.entry(part(path)).or_default();
    part.requests += more.requests;
    part.bytes += more.bytes;
    part.listed += more.listed;
}

impl Counting {
    pub(super) fn take(&self) -> BTreeMap<&'static str, Asked> {
        std::mem::take(&mut self.asked.lock().expect("no panic while counting"))
    }
}

#[async_trait]
impl ObjectStore for Counting {
    async fn put_opts(
        &self,
        location: &Path,
        bytes: PutPayload,
        options: PutOptions,
    ) -> object_store::Result<PutResult> {
        self.inner.put_opts(location, bytes, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> object_store::Result<GetResult> {
        let is_head = options.head;
        let found = self.inner.get_opts(location, options).await;
        let bytes = match &found {
            Ok(found) if !is_head => found.range.end - found.range.start,
            _ => 0,
        };
        let more = Asked {
            requests: 1,
            bytes,
            listed: 0,
        };
        note(&self.asked, location.as_ref(), more);
        found
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.counted(prefix, self.inner.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.counted(prefix, self.inner.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> object_store::Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

impl Counting {
    fn counted(
        &self,
        prefix: Option<&Path>,
        listing: BoxStream<'static, object_store::Result<ObjectMeta>>,
    ) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        let prefix = prefix.map(ToString::to_string).unwrap_or_default();
        let once = Asked {
            requests: 1,
            ..Asked::default()
        };
        note(&self.asked, &prefix, once);
        let asked = Arc::clone(&self.asked);
        let name = Asked {
            listed: 1,
            ..Asked::default()
        };
        listing.inspect(move |_| note(&asked, &prefix, name)).boxed()
    }
}
