//! A report that is run in a test, on a day and in a zone that never change, and its rows in a format.

use jiff::tz::TimeZone;
use trailhouse::render::{self, Format, Out};
use trailhouse::report::{self, About, Circumstances, Exceptions, Request};
use trailhouse::warehouse::{Grid, Warehouse};

pub(crate) fn circumstances() -> Circumstances {
    Circumstances {
        now: 1_784_118_600_000_000, // 2026-07-15T12:30:00Z
        zone: TimeZone::get("America/Toronto").expect("a known zone"),
        ledger_head: None,
        version: "0.0.0".to_owned(),
        exceptions: Exceptions::default(),
        sources: Vec::new(),
    }
}

/// What a report gave; of its rows what its own SQL selects.
pub(crate) struct Ran {
    pub(crate) about: About,
    pub(crate) rows: Grid,
}

/// Runs a bundled report.
pub(crate) fn run(warehouse: &Warehouse, name: &str, parameters: Vec<(String, String)>) -> Ran {
    let report = report::find(name).expect("the report is bundled");
    let request = Request {
        parameters,
        ..Request::default()
    };
    let mut rows = Grid::default();
    let about = report::run(warehouse, report, &request, &circumstances(), &mut [&mut rows]);
    let own = rows.columns.iter().position(|column| column.name == "finding_key");
    let own = own.unwrap_or(rows.columns.len());
    rows.columns.truncate(own);
    rows.rows.iter_mut().for_each(|row| row.truncate(own));
    Ran {
        about: about.unwrap_or_else(|error| panic!("{name}: {error}")),
        rows,
    }
}

/// A report's rows in a format of text, with what the report says about itself.
pub(crate) fn rendered(rows: &Grid, about: &About, format: Format) -> String {
    let mut text = Vec::new();
    let width = if format == Format::Table { Some(80) } else { None };
    let mut sink = render::sink(format, "memory", Out::Stream(Box::new(&mut text)), width);
    sink.begin(&rows.columns, Some(about))
        .and_then(|()| sink.rows(&rows.rows))
        .and_then(|()| sink.end(Some(about)))
        .expect("rows are written");
    drop(sink);
    String::from_utf8(text).expect("UTF-8")
}
