//! The way of the rows from the query to the sinks: marked as findings, perhaps drawn from, counted.

use std::panic::resume_unwind;
use std::sync::mpsc::sync_channel;
use std::thread;

use super::findings::Marking;
use super::sample::Drawing;
use super::{About, Circumstances, ReportError, Request, Sink};
use crate::warehouse::{Chunk, Grid, WarehouseError};

/// Chunks that may wait to be written while the query goes on.
const CHUNKS_AHEAD: usize = 4;

/// Why a query is not read to its end.
pub(super) enum Halt {
    /// Nobody takes rows any more.
    Left,
    Warehouse(WarehouseError),
}

impl From<WarehouseError> for Halt {
    fn from(error: WarehouseError) -> Self {
        Self::Warehouse(error)
    }
}

/// Lets `read` hand chunks to the flow, which a second thread writes: what the one works out the other waits for.
pub(super) fn feed(
    flow: &mut Flow<'_, '_>,
    read: impl FnOnce(&mut dyn FnMut(Chunk) -> Result<(), Halt>) -> Result<(), Halt>,
) -> Result<(), ReportError> {
    let (chunks, waiting) = sync_channel(CHUNKS_AHEAD);
    thread::scope(|scope| {
        let writing = scope.spawn(move || {
            waiting
                .into_iter()
                .try_for_each(|chunk: Chunk| flow.take(chunk.into_grid()))
        });
        let read = read(&mut |chunk| chunks.send(chunk).ok().ok_or(Halt::Left));
        drop(chunks);
        writing.join().unwrap_or_else(|panic| resume_unwind(panic))?;
        match read {
            Err(Halt::Warehouse(error)) => Err(error.into()),
            Ok(()) | Err(Halt::Left) => Ok(()),
        }
    })
}

pub(super) struct Flow<'a, 'b> {
    about: About,
    marking: Option<Marking<'a>>,
    drawing: Option<Drawing>,
    sinks: &'a mut [&'b mut dyn Sink],
    has_begun: bool,
}

impl<'a, 'b> Flow<'a, 'b> {
    pub(super) fn new(
        about: About,
        request: &Request,
        circumstances: &'a Circumstances,
        sinks: &'a mut [&'b mut dyn Sink],
    ) -> Self {
        Self {
            marking: Marking::of(&about.report, request.new_only, circumstances),
            drawing: request.draw.map(Drawing::new),
            about,
            sinks,
            has_begun: false,
        }
    }

    pub(super) fn take(&mut self, mut chunk: Grid) -> Result<(), ReportError> {
        if let Some(marking) = &mut self.marking {
            chunk = marking.mark(chunk);
        }
        match &mut self.drawing {
            Some(drawing) => {
                drawing.offer(chunk);
                Ok(())
            }
            None => self.pass(&chunk),
        }
    }

    fn pass(&mut self, chunk: &Grid) -> Result<(), ReportError> {
        for sink in self.sinks.iter_mut() {
            if !self.has_begun {
                sink.begin(&chunk.columns, Some(&self.about))?;
            }
            sink.rows(&chunk.rows)?;
        }
        self.has_begun = true;
        self.about.rows += u64::try_from(chunk.rows.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    pub(super) fn end(mut self) -> Result<About, ReportError> {
        if let Some(drawing) = self.drawing.take() {
            let (sample, drawn) = drawing.drawn();
            self.about.sample = Some(sample);
            self.pass(&drawn)?;
        }
        self.about.findings = self.marking.take().map(Marking::findings);
        for sink in self.sinks.iter_mut() {
            sink.end(Some(&self.about))?;
        }
        Ok(self.about)
    }
}
