//! The way of the rows from the query to the sinks: marked as findings, perhaps drawn from, counted.

use std::panic::resume_unwind;
use std::sync::mpsc::sync_channel;
use std::thread;

use super::findings::{Findings, Marking};
use super::sample::Drawing;
use super::{About, Circumstances, ReportError, Request, Sink};
use crate::warehouse::{Chunk, Grid, WarehouseError};

/// Parts that may wait to be written while the query goes on, and about how large one is as DuckDB hands it out.
const PARTS_AHEAD: usize = 2;
const PART_BYTES: usize = 16 << 20;

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

/// Lets `read` hand chunks to the flow. A second thread makes cells of them and marks these, a third one writes: what the query
/// works out has to wait for neither.
pub(super) fn feed(
    flow: &mut Flow<'_, '_>,
    read: impl FnOnce(&mut dyn FnMut(Chunk) -> Result<(), Halt>) -> Result<(), Halt>,
) -> Result<(), ReportError> {
    let Flow { marking, writing } = flow;
    // One is worked on while the next is read, and none waits: it may be large.
    let (chunks, read_ones) = sync_channel::<Chunk>(0);
    let (parts, marked_ones) = sync_channel::<Grid>(PARTS_AHEAD);
    thread::scope(|scope| {
        let writer = scope.spawn(move || marked_ones.into_iter().try_for_each(|part| writing.take(part)));
        let marker = scope.spawn(move || {
            let parts_read = read_ones.into_iter().flat_map(|chunk| chunk.parts(PART_BYTES));
            let marked = parts_read.map(|part| match marking {
                Some(marking) => marking.mark(part),
                None => part.into_grid(),
            });
            // Why nobody writes any more, the writer says.
            let _written = marked.into_iter().try_for_each(|part| parts.send(part));
        });
        let read = read(&mut |chunk| chunks.send(chunk).ok().ok_or(Halt::Left));
        drop(chunks);
        marker.join().unwrap_or_else(|panic| resume_unwind(panic));
        writer.join().unwrap_or_else(|panic| resume_unwind(panic))?;
        match read {
            Err(Halt::Warehouse(error)) => Err(error.into()),
            Ok(()) | Err(Halt::Left) => Ok(()),
        }
    })
}

pub(super) struct Flow<'a, 'b> {
    marking: Option<Marking<'a>>,
    writing: Writing<'a, 'b>,
}

/// The end of the way: what has been marked is drawn from, counted, and given to every sink.
struct Writing<'a, 'b> {
    about: About,
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
            writing: Writing {
                about,
                drawing: request.draw.map(Drawing::new),
                sinks,
                has_begun: false,
            },
        }
    }

    /// Whether no row has come.
    pub(super) fn is_empty(&self) -> bool {
        self.writing.about.rows == 0 && self.writing.drawing.as_ref().is_none_or(Drawing::is_empty)
    }

    pub(super) fn end(self) -> Result<About, ReportError> {
        self.writing.end(self.marking.map(Marking::findings))
    }
}

impl Writing<'_, '_> {
    fn take(&mut self, part: Grid) -> Result<(), ReportError> {
        match &mut self.drawing {
            Some(drawing) => {
                drawing.offer(part);
                Ok(())
            }
            None => self.pass(&part),
        }
    }

    fn pass(&mut self, part: &Grid) -> Result<(), ReportError> {
        for sink in self.sinks.iter_mut() {
            if !self.has_begun {
                sink.begin(&part.columns, Some(&self.about))?;
            }
            sink.rows(&part.rows)?;
        }
        self.has_begun = true;
        self.about.rows += u64::try_from(part.rows.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    fn end(mut self, findings: Option<Findings>) -> Result<About, ReportError> {
        if let Some(drawing) = self.drawing.take() {
            let (sample, drawn) = drawing.drawn();
            self.about.sample = Some(sample);
            self.pass(&drawn)?;
        }
        self.about.findings = findings;
        for sink in self.sinks.iter_mut() {
            sink.end(Some(&self.about))?;
        }
        Ok(self.about)
    }
}
