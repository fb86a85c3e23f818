//! The way of the rows from the query to the sinks: marked as findings, perhaps drawn from, counted.

use super::findings::Marking;
use super::sample::Drawing;
use super::{About, Circumstances, ReportError, Request, Sink};
use crate::warehouse::Grid;

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
