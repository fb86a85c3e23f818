//! Whether a file is of the stream it is imported into, judged by its first records: before any of it is stored, for what is
//! stored stays. Apart from the import because it looks at the tables of all other streams.

use std::cmp::Reverse;

use super::file::FileError;
use super::import::read_record;
use super::saved::{Item, name};
use crate::record::Layouts;
use crate::schema::Micros;
use crate::source::{SERVICES, Stream};

/// Fewer records that cannot be read are kept as rejects: they say too little about their file.
const TELLING: usize = 10;

pub(super) struct Judge {
    stream: &'static Stream,
    own: Layouts,
    others: Vec<(&'static Stream, Layouts)>,
}

impl Judge {
    pub(super) fn new(stream: &'static Stream) -> Self {
        let streams = SERVICES.iter().flat_map(|service| service.streams);
        let others = streams.filter(|other| other.path != stream.path);
        Self {
            stream,
            own: Layouts::of(stream),
            others: others.map(|other| (other, Layouts::of(other))).collect(),
        }
    }

    /// Refuses what another stream can read and knows more members of, and what cannot be read at all.
    pub(super) fn judge(&self, items: &[Item], latest: Micros) -> Result<(), FileError> {
        let records: Vec<_> = items
            .iter()
            .filter_map(|item| match item {
                Item::Page => None,
                Item::Record { form, bytes, .. } => Some((*form, bytes.as_slice())),
            })
            .collect();
        let familiar = |layouts: &Layouts| records.iter().map(|(_, bytes)| layouts.familiar(bytes)).sum::<usize>();
        let reads_most = |layouts: &Layouts| {
            let read = records
                .iter()
                .filter(|(_, bytes)| is_read(layouts, None, bytes, latest));
            read.count() * 2 > records.len()
        };
        let own = familiar(&self.own);
        let better = self
            .others
            .iter()
            .map(|(other, layouts)| (familiar(layouts), *other, layouts));
        let better = better.filter(|(known, _, layouts)| *known > own && reads_most(layouts));
        if let Some((_, other, _)) = better.min_by_key(|(known, ..)| Reverse(*known)) {
            return Err(FileError::OtherStream {
                looks_like: name(other),
                wanted: name(self.stream),
            });
        }
        let is_own = |(form, bytes): &(Option<usize>, &[u8])| is_read(&self.own, *form, bytes, latest);
        if records.len() < TELLING || records.iter().any(is_own) {
            return Ok(());
        }
        let first = records
            .first()
            .map(|(form, bytes)| read_record(&self.own, *form, bytes, latest));
        let reason = first.into_iter().flatten().find_map(Result::err);
        Err(FileError::NoRecord {
            records: records.len(),
            wanted: name(self.stream),
            reason: reason.map(|reject| reject.reason).unwrap_or_default(),
        })
    }
}

fn is_read(layouts: &Layouts, form: Option<usize>, bytes: &[u8], latest: Micros) -> bool {
    let read = read_record(layouts, form, bytes, latest);
    read.first().is_some_and(Result::is_ok)
}
