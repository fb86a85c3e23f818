//! One run of an import: files that somebody kept, through the same way as what a service sends: records, what is new of them,
//! loads. Apart from a walk because a file proves nothing about time: only its user can say what it covers.

use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::mpsc;

use super::buffer::{Buffer, LOAD_BYTES, Target};
use super::file::{FileError, SavedFile};
use super::judge::Judge;
use super::saved::{Item, Saved};
use super::{Outcome, Progress, Run, StreamError, commit_quiet};
use crate::coverage::{Span, StreamState, UNTOLD};
use crate::lake::{Lake, Withheld};
use crate::ledger::{Counts, Kind, QuietStream};
use crate::record::{Layouts, Record, Reject};
use crate::schema::{DAY, Micros};
use crate::source::Stream;

/// What of a file is looked at before any of it is believed.
const SAMPLE: usize = 100;
/// What the reader of a file hands over at once, and how often it may be ahead.
const CHUNK_RECORDS: usize = 500;
const CHUNK_BYTES: usize = 1 << 18;
const CHUNKS_AHEAD: usize = 2;
/// How often a wait for a file looks up whether the run is to end.
const LOOK_UP: Duration = Duration::from_millis(100);

/// What is imported.
#[derive(Clone, Copy)]
pub struct Import<'a> {
    pub source: &'a str,
    pub stream: &'static Stream,
    /// The account that the configuration names, if it does.
    pub account: Option<&'a str>,
    /// The time for which the user states that the files hold everything.
    pub covers: Option<Span>,
}

/// What became of an import.
#[derive(Debug)]
pub struct Imported {
    pub outcome: Outcome,
    /// Files begun.
    pub files: u64,
    /// Records that stood in no page.
    pub lines: u64,
    /// Records whose order key lies outside the time stated; they are kept.
    pub outside: u64,
    /// Whether the time stated is recorded.
    pub is_claimed: bool,
    /// Files that were not read, or not to their end.
    pub failures: Vec<(String, FileError)>,
}

/// Imports files into one stream. A file that fails does not stop the others, but then nothing is claimed.
pub async fn import(lake: &mut Lake, task: &Import<'_>, files: Vec<SavedFile>, run: &Run<'_>) -> Imported {
    let mut load = ImportLoad::new(lake, task, run);
    let ended = load.run(files).await;
    load.imported.outcome.error = ended.err();
    load.buffer.note_counted();
    load.imported.outcome.counts = load.buffer.total;
    load.imported.outcome.loads = load.buffer.loads;
    load.imported
}

struct ImportLoad<'a> {
    lake: &'a mut Lake,
    task: Import<'a>,
    run: &'a Run<'a>,
    layouts: Layouts,
    judge: Judge,
    state: StreamState,
    /// What the ledger holds of the state.
    committed: Option<StreamState>,
    buffer: Buffer,
    first_load: u64,
    /// Records that could not be read, known ones too.
    rejected: u64,
    imported: Imported,
    /// The latest time a record may carry.
    latest: Micros,
    withheld: Withheld,
}

impl<'a> ImportLoad<'a> {
    fn new(lake: &'a mut Lake, task: &Import<'a>, run: &'a Run<'a>) -> Self {
        let imported = Imported {
            outcome: Outcome::new(task.source, task.stream),
            files: 0,
            lines: 0,
            outside: 0,
            is_claimed: false,
            failures: Vec::new(),
        };
        Self {
            first_load: lake.sequence() + 1,
            lake,
            task: *task,
            run,
            layouts: Layouts::of(task.stream),
            judge: Judge::new(task.stream),
            state: StreamState::new(task.account.unwrap_or(UNTOLD)),
            committed: None,
            buffer: Buffer::default(),
            rejected: 0,
            imported,
            latest: run.started_at + DAY,
            withheld: Withheld::default(),
        }
    }

    fn is_cancelled(&self) -> bool {
        self.run.cancelled.load(Ordering::SeqCst)
    }

    async fn run(&mut self, files: Vec<SavedFile>) -> Result<(), StreamError> {
        self.take_up_state().await?;
        for file in files {
            if self.is_cancelled() {
                break;
            }
            self.imported.files += 1;
            let name = file.name.clone();
            if let Err(error) = self.file(file).await.map_err(StreamError::Lake)? {
                self.imported.failures.push((name, error));
            }
        }
        self.finish().await.map_err(StreamError::Lake)
    }

    /// The state of the whole stream. Rows that nobody told the account of join those of any account; the first sync, or the
    /// first import with a configuration, says whose they are.
    async fn take_up_state(&mut self) -> Result<(), StreamError> {
        let (source, stream) = (self.task.source, self.task.stream);
        let layouts = self.lake.layouts(source, stream).await;
        self.layouts = layouts.map_err(StreamError::Lake)?;
        self.withheld = self.lake.withheld(source).await.map_err(StreamError::Lake)?;
        let known = self.lake.state(source, stream.name).await;
        let Some(known) = known.map_err(StreamError::Lake)? else {
            self.state.coverage.purge(&self.withheld.purged, self.run.started_at);
            return Ok(());
        };
        self.committed = Some(known.clone());
        self.state = match self.task.account {
            Some(account) => known.taken_by(account),
            None => known,
        };
        match self.task.account.filter(|account| *account != self.state.account) {
            Some(given) => Err(StreamError::OtherAccount {
                known: self.state.account.clone(),
                given: given.to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// Reads one file, on a thread of its own, for a pipe may keep a reader waiting. Its first records are held back until it
    /// is clear that they are of this stream.
    async fn file(&mut self, file: SavedFile) -> Result<Result<(), FileError>> {
        let (sender, mut receiver) = mpsc::channel(CHUNKS_AHEAD);
        let stream = self.task.stream;
        let reader = tokio::task::spawn_blocking(move || read(file, stream, &sender));
        let mut sample = Some(Vec::new());
        while let Some(items) = self.receive(&mut receiver).await {
            let Some(mut held) = sample.take() else {
                self.take(items).await?;
                continue;
            };
            held.extend(items);
            if held.len() < SAMPLE && held.iter().map(length).sum::<usize>() < LOAD_BYTES {
                sample = Some(held);
                continue;
            }
            if let Err(error) = self.judge.judge(&held, self.latest) {
                return Ok(Err(error));
            }
            self.take(held).await?;
        }
        if self.is_cancelled() {
            return Ok(Ok(()));
        }
        let ended = reader.await?;
        if let Some(held) = sample {
            if let Err(error) = self.judge.judge(&held, self.latest) {
                return Ok(Err(error));
            }
            self.take(held).await?;
        }
        Ok(ended)
    }

    async fn receive(&self, receiver: &mut mpsc::Receiver<Vec<Item>>) -> Option<Vec<Item>> {
        loop {
            match tokio::time::timeout(LOOK_UP, receiver.recv()).await {
                _ if self.is_cancelled() => return None,
                Ok(items) => return items,
                Err(_) => {}
            }
        }
    }

    async fn take(&mut self, items: Vec<Item>) -> Result<()> {
        for item in items {
            match item {
                Item::Page => self.buffer.counts.pages += 1,
                Item::Record { form, number, bytes } => {
                    self.imported.lines += u64::from(form.is_none());
                    self.read(form, number, &bytes);
                }
            }
            if self.buffer.is_full() {
                self.flush().await?;
            }
        }
        (self.run.progress)(&Progress {
            name: self.imported.outcome.name(),
            pages: self.buffer.pages(),
            rows: self.buffer.received(),
            expected: None,
        });
        Ok(())
    }

    fn read(&mut self, form: Option<usize>, number: u64, bytes: &[u8]) {
        for read in read_record(&self.layouts, form, bytes, self.latest) {
            let covers = self.task.covers.map(|span| span.from..span.to);
            let is_outside = |record: &Record| covers.is_some_and(|covers| !covers.contains(&record.order_at));
            self.imported.outside += u64::from(read.as_ref().is_ok_and(is_outside));
            self.rejected += u64::from(read.is_err());
            self.buffer.push(read, number, (self.run.clock)());
        }
    }

    /// Makes everything read so far durable. `newest_key` stays where it is: it says what the service has shown, and a later
    /// sync must not be suspected of seeing less because of rows that came from elsewhere.
    async fn flush(&mut self) -> Result<()> {
        let target = Target {
            kind: Kind::Import,
            source: self.task.source,
            stream: self.task.stream,
            state_name: self.task.stream.name,
            first_load: self.first_load,
            withheld: &self.withheld,
        };
        let new = self.buffer.classify(self.lake, &target).await?;
        self.state.grow(new.counts.stored, new.counts.rejects);
        if self
            .buffer
            .commit(self.lake, (&target, self.run), &new, &self.state)
            .await?
        {
            self.committed = Some(self.state.clone());
        }
        Ok(())
    }

    /// The last load, and with it what the user states; where nothing is new, an entry of its own holds that.
    async fn finish(&mut self) -> Result<()> {
        // Where nothing came, or only something else in place of records, the files are not what the user takes them for.
        let records = self.buffer.received() - self.rejected;
        let is_sound = records > 0 || (self.buffer.pages() > 0 && self.rejected == 0);
        let is_whole = is_sound && self.imported.failures.is_empty() && !self.is_cancelled();
        let claimed = self.task.covers.filter(|_| is_whole);
        if let Some(span) = claimed {
            self.state.coverage.assert(span, (self.run.clock)());
        }
        self.flush().await?;
        let is_moved = match &self.committed {
            Some(known) => *known != self.state,
            None => claimed.is_some(),
        };
        if is_moved || self.buffer.counts != Counts::default() {
            let quiet = QuietStream {
                source: self.task.source.to_owned(),
                stream: self.task.stream.name.to_owned(),
                counts: self.buffer.counts,
                state: self.state.clone(),
            };
            commit_quiet(self.lake, vec![quiet], self.run).await?;
            self.buffer.note_counted();
        }
        self.imported.is_claimed = claimed.is_some();
        Ok(())
    }
}

/// Reads a record of a form that a page or its own members tell.
pub(super) fn read_record(
    layouts: &Layouts,
    form: Option<usize>,
    bytes: &[u8],
    latest: Micros,
) -> Vec<Result<Record, Reject>> {
    if let Some(form) = form.or_else(|| layouts.form_of(bytes)) {
        return layouts.read(form, bytes, latest);
    }
    let unknown = |_| Reject {
        reason: "nothing tells which kind of record of the stream it is".to_owned(),
        bytes: layouts.kept(bytes).into_owned(),
        earlier: layouts.earlier(bytes),
    };
    let first = layouts.read(0, bytes, latest).into_iter().next();
    first
        .map(|read| Err(read.map_or_else(|reject| reject, unknown)))
        .into_iter()
        .collect()
}

/// Hands over what a file holds, in chunks; ends early when nobody takes them any more.
fn read(file: SavedFile, stream: &'static Stream, sender: &mpsc::Sender<Vec<Item>>) -> Result<(), FileError> {
    let mut saved = Saved::new(file.open()?, stream);
    let (mut chunk, mut bytes) = (Vec::new(), 0);
    loop {
        let next = saved.next();
        let is_over = !matches!(next, Ok(Some(_)));
        if is_over || chunk.len() >= CHUNK_RECORDS || bytes >= CHUNK_BYTES {
            bytes = 0;
            if sender.blocking_send(std::mem::take(&mut chunk)).is_err() {
                return Ok(());
            }
        }
        match next? {
            None => return Ok(()),
            Some(item) => {
                bytes += length(&item);
                chunk.push(item);
            }
        }
    }
}

fn length(item: &Item) -> usize {
    match item {
        Item::Page => 0,
        Item::Record { bytes, .. } => bytes.len(),
    }
}
