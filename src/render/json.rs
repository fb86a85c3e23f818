//! JSON: exact values for programs. Members stand in the order of the columns, and numbers that JSON or a 64-bit integer
//! cannot hold are text. Rows stand one a line, so that they can be written as they come. Characters that act on what stands around
//! them are escaped, which changes no value.

use std::collections::BTreeMap;
use std::io::Write;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::table::acts;
use super::{Out, RenderError, Writer};
use crate::ledger::Head;
use crate::report::{About, Covered, Findings, Gap, Sample};
use crate::schema::format_time;
use crate::sql::ParameterKind;
use crate::warehouse::{Cell, GridColumn};

/// An array of objects; of a report, an object that ends in one.
pub(super) struct Json<'a> {
    out: Out<'a>,
    names: Vec<String>,
    has_rows: bool,
}

impl<'a> Json<'a> {
    pub(super) fn new(out: Out<'a>) -> Self {
        Self {
            out,
            names: Vec::new(),
            has_rows: false,
        }
    }
}

impl Writer for Json<'_> {
    fn begin(&mut self, columns: &[GridColumn], about: Option<&About>) -> Result<(), RenderError> {
        self.names = names(columns);
        if let Some(about) = about {
            let text = serde_json::to_string_pretty(&document(about))?;
            let open = text.trim_end().trim_end_matches('}').trim_end();
            self.out
                .write_all(&escaped(format!("{open},\n  \"rows\": ").into_bytes()))?;
        }
        Ok(self.out.write_all(b"[")?)
    }

    fn rows(&mut self, rows: &[Vec<Cell>]) -> Result<(), RenderError> {
        let mut text = Vec::new();
        for cells in rows {
            text.extend_from_slice(if self.has_rows { b",\n" } else { b"\n" });
            self.has_rows = true;
            let names = &self.names;
            serde_json::to_writer(&mut text, &Row { names, cells })?;
        }
        Ok(self.out.write_all(&escaped(text))?)
    }

    fn end(&mut self, about: Option<&About>) -> Result<(), RenderError> {
        self.out.write_all(if self.has_rows { b"\n]" } else { b"]" })?;
        if let Some(about) = about {
            if let Some(findings) = &about.findings {
                let findings = serde_json::to_string(&FindingsJson::of(findings))?;
                write!(self.out, ",\n  \"findings\": {findings}")?;
            }
            self.out.write_all(b"\n}")?;
        }
        self.out.write_all(b"\n")?;
        Ok(self.out.flush()?)
    }
}

/// An object a line, and nothing else.
pub(super) struct Ndjson<'a> {
    out: Out<'a>,
    names: Vec<String>,
}

impl<'a> Ndjson<'a> {
    pub(super) fn new(out: Out<'a>) -> Self {
        Self { out, names: Vec::new() }
    }
}

impl Writer for Ndjson<'_> {
    fn begin(&mut self, columns: &[GridColumn], _about: Option<&About>) -> Result<(), RenderError> {
        self.names = names(columns);
        Ok(())
    }

    fn rows(&mut self, rows: &[Vec<Cell>]) -> Result<(), RenderError> {
        let mut text = Vec::new();
        for cells in rows {
            let names = &self.names;
            serde_json::to_writer(&mut text, &Row { names, cells })?;
            text.push(b'\n');
        }
        Ok(self.out.write_all(&escaped(text))?)
    }

    fn end(&mut self, _about: Option<&About>) -> Result<(), RenderError> {
        Ok(self.out.flush()?)
    }
}

/// JSON text in which nothing acts on a terminal: what does so, and is not escaped yet, can only stand in a string.
fn escaped(text: Vec<u8>) -> Vec<u8> {
    if text.iter().all(|byte| *byte < 0x7f) {
        return text;
    }
    let mut safe = String::with_capacity(text.len());
    for letter in String::from_utf8_lossy(&text).chars() {
        if letter == '\n' || !acts(letter) {
            safe.push(letter);
            continue;
        }
        let mut units = [0; 2];
        for unit in letter.encode_utf16(&mut units) {
            safe.push_str(&format!("\\u{unit:04x}"));
        }
    }
    safe.into_bytes()
}

/// What a report that was run says about itself: all of its object but the rows.
pub(super) fn about(about: &About) -> Result<String, serde_json::Error> {
    let document = Document {
        findings: about.findings.as_ref().map(FindingsJson::of),
        ..document(about)
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

/// A report as a JSON object, without its rows.
#[derive(Serialize)]
struct Document<'a> {
    report: &'a str,
    parameters: Parameters<'a>,
    coverage: Vec<CoveredJson<'a>>,
    gaps: Vec<GapJson<'a>>,
    rejects: u64,
    ledger_head: Option<&'a Head>,
    made_at: String,
    version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sample: Option<SampleJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<FindingsJson>,
}

#[derive(Serialize)]
struct SampleJson {
    rows: usize,
    seed: u64,
    population: u64,
}

#[derive(Serialize)]
struct FindingsJson {
    severity: &'static str,
    total: u64,
    accepted: u64,
    open: u64,
    accepted_are_left_out: bool,
}

impl FindingsJson {
    fn of(findings: &Findings) -> Self {
        Self {
            severity: findings.severity.name(),
            total: findings.total,
            accepted: findings.accepted,
            open: findings.open(),
            accepted_are_left_out: findings.new_only,
        }
    }
}

#[derive(Serialize)]
struct CoveredJson<'a> {
    source: &'a str,
    stream: &'a str,
    from_at: String,
    to_at: String,
    state: &'a str,
    collected_at: Option<String>,
}

#[derive(Serialize)]
struct GapJson<'a> {
    source: &'a str,
    stream: &'a str,
    gap_from: String,
    gap_to: String,
    reason: &'a str,
}

fn document(about: &About) -> Document<'_> {
    let sample = |sample: &Sample| SampleJson {
        rows: sample.draw.rows,
        seed: sample.draw.seed,
        population: sample.population,
    };
    Document {
        report: &about.report.name,
        parameters: Parameters(about),
        coverage: about.coverage.iter().map(covered).collect(),
        gaps: about.gaps.iter().map(gap).collect(),
        rejects: about.rejects,
        ledger_head: about.ledger_head.as_ref(),
        made_at: format_time(about.made_at),
        version: &about.version,
        sample: about.sample.as_ref().map(sample),
        findings: None,
    }
}

fn covered(covered: &Covered) -> CoveredJson<'_> {
    CoveredJson {
        source: &covered.source,
        stream: &covered.stream,
        from_at: format_time(covered.from_at),
        to_at: format_time(covered.to_at),
        state: &covered.state,
        collected_at: covered.collected_at.map(format_time),
    }
}

fn gap(gap: &Gap) -> GapJson<'_> {
    GapJson {
        source: &gap.source,
        stream: &gap.stream,
        gap_from: format_time(gap.gap_from),
        gap_to: format_time(gap.gap_to),
        reason: &gap.reason,
    }
}

/// Parameters as values of their kind.
struct Parameters<'a>(&'a About);

impl Serialize for Parameters<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.parameters.len()))?;
        for (name, value) in &self.0.parameters {
            let declared = self.0.report.params.iter().find(|parameter| parameter.name == *name);
            match (declared.map(|parameter| parameter.kind), value) {
                (Some(ParameterKind::Integer), Some(text)) => map.serialize_entry(name, &text.parse::<i64>().ok())?,
                (Some(ParameterKind::Boolean), Some(text)) => map.serialize_entry(name, &(text == "true"))?,
                _ => map.serialize_entry(name, value)?,
            }
        }
        map.end()
    }
}

struct Row<'a> {
    names: &'a [String],
    cells: &'a [Cell],
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.names.len()))?;
        for (name, cell) in self.names.iter().zip(self.cells) {
            map.serialize_entry(name, &CellJson(cell))?;
        }
        map.end()
    }
}

struct CellJson<'a>(&'a Cell);

impl Serialize for CellJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Cell::Null => serializer.serialize_unit(),
            Cell::Boolean(value) => serializer.serialize_bool(*value),
            Cell::Integer(number) => match i64::try_from(*number) {
                Ok(number) => serializer.serialize_i64(number),
                Err(_) => serializer.serialize_str(&number.to_string()),
            },
            Cell::Float(number) if number.is_finite() => serializer.serialize_f64(*number),
            Cell::Json(value) => value.serialize(serializer),
            other => serializer.serialize_str(&other.to_string()),
        }
    }
}

/// The names of the columns, each once: a query may give two of a name, an object may not.
pub(super) fn names(columns: &[GridColumn]) -> Vec<String> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut names = Vec::with_capacity(columns.len());
    for column in columns {
        let mut name = column.name.clone();
        while let Some(times) = seen.get_mut(&name) {
            *times += 1;
            name = format!("{}_{times}", column.name);
        }
        seen.insert(name.clone(), 1);
        names.push(name);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Format, written};
    use crate::report::{self, Interval};
    use crate::warehouse::Grid;

    fn grid(cells: Vec<(&str, Cell)>) -> Grid {
        let column = |name: &str| GridColumn {
            name: name.to_owned(),
            kind: "VARCHAR".to_owned(),
        };
        let (names, row): (Vec<&str>, Vec<Cell>) = cells.into_iter().unzip();
        Grid {
            columns: names.into_iter().map(column).collect(),
            rows: vec![row],
        }
    }

    fn of(grid: &Grid) -> String {
        written(grid, None, Format::Json)
    }

    #[test]
    fn values_are_exact_and_in_the_order_of_the_columns() {
        let grid = grid(vec![
            ("z", Cell::Integer(1)),
            ("a", Cell::Text("=1 \u{1b}\u{202e}".to_owned())),
            ("big", Cell::Integer(i128::from(u64::MAX) + 1)),
            ("nan", Cell::Float(f64::NAN)),
            ("half", Cell::Float(0.5)),
            ("at", Cell::Timestamp(1_784_118_600_250_000)),
            ("day", Cell::Date(20_649)),
            ("list", Cell::Json(serde_json::json!(["b", null]))),
            ("bytes", Cell::Bytes(vec![171])),
            ("none", Cell::Null),
        ]);
        let expected = "[\n{\"z\":1,\"a\":\"=1 \\u001b\\u202e\",\"big\":\"18446744073709551616\",\"nan\":\"NaN\",\"half\":0.5,\
                        \"at\":\"2026-07-15T12:30:00.25Z\",\"day\":\"2026-07-15\",\"list\":[\"b\",null],\"bytes\":\"ab\",\"none\":null}\n]\n";
        assert_eq!(of(&grid), expected);
        assert_eq!(of(&Grid::default()), "[]\n");
    }

    #[test]
    fn two_columns_of_one_name_are_both_kept() {
        let cells = ["a", "a", "a_2", "a"]
            .into_iter()
            .zip(1..)
            .map(|(name, number)| (name, Cell::Integer(number)));
        assert_eq!(
            of(&grid(cells.collect())),
            "[\n{\"a\":1,\"a_2\":2,\"a_2_2\":3,\"a_3\":4}\n]\n"
        );
    }

    #[test]
    fn a_report_is_an_object_and_its_about_is_the_same_without_rows() {
        let interval = Interval {
            since: 0,
            until: 1_000_000,
        };
        let told = About {
            report: report::find("top_actors").unwrap().clone(),
            parameters: vec![
                ("since".to_owned(), Some(format_time(0))),
                ("source".to_owned(), None),
                ("top".to_owned(), Some("5".to_owned())),
            ],
            interval,
            coverage: vec![Covered {
                source: "a".to_owned(),
                stream: "logs".to_owned(),
                from_at: 0,
                to_at: 1_000_000,
                state: "final".to_owned(),
                collected_at: Some(2_000_000),
            }],
            gaps: vec![Gap {
                source: "a".to_owned(),
                stream: "l".to_owned(),
                gap_from: 0,
                gap_to: 1,
                reason: "r".to_owned(),
            }],
            rejects: 3,
            ledger_head: Some(Head {
                sequence: 4,
                sha256: "ff".to_owned(),
            }),
            made_at: 3_000_000,
            version: "0.1.0".to_owned(),
            sample: None,
            rows: 1,
            findings: None,
        };
        let mut expected = serde_json::json!({
            "report": "top_actors",
            "parameters": {"since": "1970-01-01T00:00:00Z", "source": null, "top": 5},
            "coverage": [{
                "source": "a", "stream": "logs", "from_at": "1970-01-01T00:00:00Z", "to_at": "1970-01-01T00:00:01Z",
                "state": "final", "collected_at": "1970-01-01T00:00:02Z"
            }],
            "gaps": [{
                "source": "a", "stream": "l", "gap_from": "1970-01-01T00:00:00Z", "gap_to": "1970-01-01T00:00:00.000001Z",
                "reason": "r"
            }],
            "rejects": 3,
            "ledger_head": {"sequence": 4, "sha256": "ff"},
            "made_at": "1970-01-01T00:00:03Z",
            "version": "0.1.0",
            "rows": [{"n": 1}]
        });
        let read = |text: String| serde_json::from_str::<serde_json::Value>(&text).unwrap();
        let rows = grid(vec![("n", Cell::Integer(1))]);
        assert_eq!(read(written(&rows, Some(&told), Format::Json)), expected);
        expected.as_object_mut().unwrap().remove("rows");
        assert_eq!(read(about(&told).unwrap()), expected);
    }
}
