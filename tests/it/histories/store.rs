//! A store in memory that dies at a drawn write, or loses the answer to one, as the machine below a loader may.

use std::fmt;
use std::path::Path as FilePath;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt,
    PutMultipartOptions, PutOptions, PutPayload, PutResult,
};

/// What happens at a write; writes are counted from 1 since it was planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// The writer is gone before it: nothing is read or written any more.
    DiesBefore(u64),
    DiesAfter(u64),
    /// It is done, and the answer says that it is not.
    AnswerLost(u64),
    /// It is not done.
    Refused(u64),
}

#[derive(Debug, Default)]
struct Health {
    writes: u64,
    mishap: Option<Mishap>,
    is_dead: bool,
}

/// The store; all of it stands until it is dropped, whoever dies.
#[derive(Debug, Default)]
pub(crate) struct Frail {
    inner: InMemory,
    health: Mutex<Health>,
}

/// How one write ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Done,
    DoneAndLost,
    NotDone,
}

impl Frail {
    pub(crate) fn plan(&self, mishap: Option<Mishap>) {
        *self.health() = Health {
            mishap,
            ..Health::default()
        };
    }

    /// From now on nothing is read or written.
    pub(crate) fn die(&self) {
        self.health().is_dead = true;
    }

    /// Copies everything into a folder.
    pub(crate) async fn copy_to(&self, folder: &FilePath) {
        let mut found: Vec<_> = self.inner.list(None).try_collect().await.expect("a list");
        found.sort_by(|left, right| left.location.cmp(&right.location));
        for object in found {
            let path = folder.join(object.location.as_ref());
            let bytes = self.inner.get(&object.location).await.expect("an object");
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder is made");
            #[expect(clippy::disallowed_methods, reason = "a copy of the store for the test")]
            std::fs::write(&path, bytes.bytes().await.expect("bytes")).expect("a file is written");
        }
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self) -> object_store::Result<()> {
        if self.health().is_dead { Err(gone()) } else { Ok(()) }
    }

    fn fate_of_write(&self) -> Fate {
        let mut health = self.health();
        if health.is_dead {
            return Fate::NotDone;
        }
        health.writes += 1;
        let now = health.mishap.filter(|mishap| mishap.at() == health.writes);
        health.is_dead = matches!(now, Some(Mishap::DiesBefore(_) | Mishap::DiesAfter(_)));
        match now {
            None => Fate::Done,
            Some(Mishap::DiesBefore(_) | Mishap::Refused(_)) => Fate::NotDone,
            Some(Mishap::DiesAfter(_) | Mishap::AnswerLost(_)) => Fate::DoneAndLost,
        }
    }

    async fn write<T>(&self, write: impl Future<Output = object_store::Result<T>>) -> object_store::Result<T> {
        let fate = self.fate_of_write();
        if fate == Fate::NotDone {
            return Err(gone());
        }
        let done = write.await?;
        if fate == Fate::Done { Ok(done) } else { Err(gone()) }
    }
}

impl Mishap {
    fn at(self) -> u64 {
        match self {
            Mishap::DiesBefore(at) | Mishap::DiesAfter(at) | Mishap::AnswerLost(at) | Mishap::Refused(at) => at,
        }
    }
}

fn gone() -> object_store::Error {
    object_store::Error::Generic {
        store: "frail",
        source: "the store is gone, as planned".into(),
    }
}

impl fmt::Display for Frail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("frail")
    }
}

#[async_trait]
impl ObjectStore for Frail {
    async fn put_opts(
        &self,
        location: &Path,
        bytes: PutPayload,
        options: PutOptions,
    ) -> object_store::Result<PutResult> {
        self.write(self.inner.put_opts(location, bytes, options)).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.write(self.inner.put_multipart_opts(location, options)).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> object_store::Result<GetResult> {
        self.check()?;
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        match self.fate_of_write() {
            Fate::NotDone => futures::stream::once(async { Err(gone()) }).boxed(),
            Fate::Done | Fate::DoneAndLost => self.inner.delete_stream(locations),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        match self.check() {
            Ok(()) => self.inner.list(prefix),
            Err(error) => futures::stream::once(async { Err(error) }).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        self.check()?;
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> object_store::Result<()> {
        self.write(self.inner.copy_opts(from, to, options)).await
    }
}
