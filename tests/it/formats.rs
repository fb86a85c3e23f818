//! Hostile texts through every format, each read by a program that is not ours: Python's `csv`, `openpyxl`, DuckDB and a
//! browser. Whatever a record holds, it must come back as it was, and must do nothing.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use trailhouse::render::{self, Format, Out};
use trailhouse::report::About;
use trailhouse::warehouse::{Cell, Grid, GridColumn};

use crate::ran::run;
use crate::{reports, tools};

const GAP: &str = "
    insert into coverage (source, stream, from_at, to_at, state, collected_at) values
        ('a<b>', 'audit_logs', '2026-05-01', '2026-06-10', 'final', '2026-07-01'),
        ('a<b>', 'audit_logs', '2026-06-12', '2026-07-01', 'provisional', '2026-07-01');
    insert into coverage_gaps (source, stream, gap_from, gap_to, reason) values
        ('a<b>', 'audit_logs', '2026-06-10', '2026-06-12', 'page 37 <img src=x onerror=alert(1)> failed')";

/// Texts that do something where they are not taken for what they are.
fn corpus() -> Vec<String> {
    let texts = [
        "=HYPERLINK(\"http://a.example\",\"x\")",
        "+1 555",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "＝1",
        "'=1",
        "<script>alert(1)</script>",
        "</script><script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "\"><svg onload=alert(1)>",
        "javascript:alert(1)",
        "http://a.example/x?y=1&z=2",
        "&lt;b&gt; &amp;amp;",
        "a|b `code` **bold** [l](javascript:alert(1))",
        "one\ntwo\r\nthree",
        "comma, \"quote\"; 'apostrophe'",
        "gpj.\u{202e}exe\u{202c}",
        "zero\u{200b}width\u{feff}",
        "\u{1b}[2Jgone\u{7}",
        "nul\u{0}byte \u{ffff}",
        "_x0041_",
        "]]>",
        "${7*7} {{7*7}} %00",
        "Zoë 👩‍🚀 データ שלום",
        "",
        " padded ",
        "NULL",
    ];
    let mut texts: Vec<String> = texts.map(str::to_owned).to_vec();
    texts.push("x".repeat(1 << 20));
    texts
}

/// A row for each text, with other kinds of values; then one of nulls.
fn grid() -> Grid {
    let column = |(name, kind): (&str, &str)| GridColumn {
        name: name.to_owned(),
        kind: kind.to_owned(),
    };
    let columns = [
        ("n", "BIGINT"),
        ("<b>text</b>", "VARCHAR"),
        ("big", "HUGEINT"),
        ("part", "DECIMAL(18,3)"),
        ("share", "DOUBLE"),
        ("at", "TIMESTAMP"),
        ("at_local", "TIMESTAMP"),
        ("day", "DATE"),
        ("is_it", "BOOLEAN"),
        ("list", "VARCHAR[]"),
    ];
    let row = |(place, text): (i128, String)| {
        vec![
            Cell::Integer(-place),
            Cell::Text(text.clone()),
            Cell::Integer(i128::from(u64::MAX) + place),
            Cell::Text(format!("-{place}.125")),
            Cell::Float(0.5),
            Cell::Timestamp(1_784_118_600_250_000),
            Cell::LocalTime(1_784_104_200_250_000),
            Cell::Date(20_649),
            Cell::Boolean(true),
            Cell::Json(json!([text.chars().take(40).collect::<String>(), null])),
        ]
    };
    let mut rows: Vec<Vec<Cell>> = (1..).zip(corpus()).map(row).collect();
    rows.push(vec![Cell::Null; columns.len()]);
    Grid {
        columns: columns.map(column).to_vec(),
        rows,
    }
}

fn about() -> About {
    let folder = tempfile::tempdir().expect("a folder");
    let warehouse = reports::warehouse(folder.path(), GAP);
    let ran = run(&warehouse, "top_actors", Vec::new());
    let mut about = ran.about;
    about.report.title = "<i>Top</i>".to_owned();
    about.report.chart = Some("bar <b>text</b> share".to_owned());
    about.rows = u64::try_from(grid().rows.len()).expect("few");
    about
}

fn write(folder: &Path, format: Format) {
    let (grid, about) = (grid(), about());
    let path = folder.join("r").with_extension(format.extension());
    #[expect(clippy::disallowed_methods, reason = "a file of the test")]
    let file = std::fs::File::create(&path).expect("a file");
    let mut sink = render::sink(format, "r", Out::File(file), None);
    sink.begin(&grid.columns, Some(&about)).expect("it begins");
    for rows in grid.rows.chunks(7) {
        sink.rows(rows).expect("rows are written");
    }
    sink.end(Some(&about)).expect("it ends");
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

#[test]
fn every_reader_finds_the_values_as_they_were() {
    let Some(python) = tools::find("python") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    for format in [Format::Csv, Format::Xlsx, Format::Parquet, Format::Json, Format::Ndjson] {
        write(folder.path(), format);
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/formats.py");
    let output = Command::new(python)
        .arg(script)
        .arg(folder.path())
        .output()
        .expect("python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let corpus = corpus();
    let rows = |name: &str| found[name].as_array().expect("rows").clone();
    for (place, expected) in corpus.iter().enumerate() {
        for exact in [
            &rows("parquet"),
            &rows("ndjson"),
            found["json"]["rows"].as_array().expect("rows"),
        ] {
            assert_eq!(text(&exact[place], "<b>text</b>"), expected);
        }
        let csv = text(&rows("csv")[place], "<b>text</b>").to_owned();
        assert!(csv == *expected || csv == format!("'{expected}"), "{csv:?}");
        assert!(!csv.starts_with(['=', '+', '-', '@', '\t', '\r', '＝']), "{csv:?}");
        // What Excel takes for an escape is escaped itself; openpyxl does not undo that in texts that stand in their cell.
        let cell = rows("xlsx")[place + 1][1]
            .as_str()
            .unwrap_or_default()
            .replace("_x005F_", "_");
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝']), "{cell:?}");
        assert!(cell.encode_utf16().count() <= 32_767);
        let is_plain = expected
            .chars()
            .all(|letter| letter == '\n' || render::visible(&letter.to_string()) == letter.to_string());
        if is_plain && expected.len() < 1_000 {
            assert!(cell == *expected || cell == format!("'{expected}"), "{cell:?}");
        }
    }
    let nulls = rows("parquet").last().cloned().expect("the row of nulls");
    assert!(
        nulls.as_object().expect("an object").values().all(Value::is_null),
        "{nulls}"
    );
    typed(&found);
}

/// Numbers are numbers, times are times, and every file knows of the gap.
fn typed(found: &Value) {
    let types = [
        "BIGINT",
        "VARCHAR",
        "DECIMAL(38,0)",
        "DECIMAL(18,3)",
        "DOUBLE",
        "TIMESTAMP WITH TIME ZONE",
        "TIMESTAMP",
        "DATE",
        "BOOLEAN",
        "VARCHAR",
    ];
    assert_eq!(found["parquet_types"], json!(types));
    let first = &found["parquet"][0];
    assert_eq!(
        [&first["big"], &first["part"], &first["at"], &first["at_local"]],
        [
            &json!("18446744073709551616"),
            &json!("-1.125"),
            &json!(1_784_118_600_250_000_i64),
            &json!("2026-07-15 08:30:00.250000")
        ]
    );
    let sheet = &found["xlsx"][1];
    assert_eq!(
        [&sheet[0], &sheet[2], &sheet[4], &sheet[5], &sheet[7], &sheet[8]],
        [
            &json!(-1),
            &json!("18446744073709551616"),
            &json!(0.5),
            &json!("2026-07-15 12:30:00.250000"),
            &json!("2026-07-15 00:00:00"),
            &json!(true)
        ]
    );
    assert_eq!(found["xlsx_kinds"], json!(["b", "d", "n", "s"]), "no formula");
    assert_eq!(found["xlsx_links"], 0);
    assert_eq!(found["xlsx_sheet"], json!(["A2", "A1:J32"]));
    let gap = "incomplete: not collected from 2026-06-10T00:00:00Z to 2026-06-12T00:00:00Z";
    assert_eq!(found["xlsx_about"][0][0], "incomplete");
    assert!(found["xlsx_about"][0][1].as_str().expect("a text").starts_with(gap));
    assert!(text(&found["parquet_about"], "trailhouse.incomplete").starts_with(gap));
    assert_eq!(text(&found["parquet_about"], "trailhouse.report"), "top_actors");
    assert_eq!(found["json"]["gaps"][0]["gap_from"], "2026-06-10T00:00:00Z");
}

#[test]
fn texts_to_look_at_do_nothing_and_name_the_gap_first() {
    let folder = tempfile::tempdir().expect("a folder");
    for format in [Format::Table, Format::Markdown, Format::Html] {
        write(folder.path(), format);
        let path = folder.path().join("r").with_extension(format.extension());
        let text = std::fs::read_to_string(path).expect("UTF-8");
        let acts = |letter: &char| *letter != '\n' && render::visible(&letter.to_string()) != letter.to_string();
        assert_eq!(text.chars().find(acts), None, "{format:?}");
        if format != Format::Html {
            let first = text.lines().next().expect("a line");
            assert!(
                first
                    .trim_start_matches('*')
                    .starts_with("incomplete: not collected from 2026-06-10"),
                "{first}"
            );
        }
        if format != Format::Table {
            for tag in ["<img", "<svg onload", "<script>alert", "<b>text", "<i>Top"] {
                assert!(!text.contains(tag), "{format:?}: {tag}");
            }
        }
        if format == Format::Markdown {
            let cells = |line: &&str| line.replace("\\|", "").matches('|').count() == grid().columns.len() + 1;
            assert_eq!(
                text.lines().filter(cells).count(),
                grid().rows.len() + 2,
                "rows, header and rule"
            );
        }
    }
}

#[test]
fn a_browser_shows_the_page_and_runs_nothing_of_it() {
    let Some(chromium) = tools::find("chromium") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), Format::Html);
    let page = folder.path().join("r.html");
    let mut browser = Command::new(chromium);
    browser
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
            "--host-resolver-rules=MAP * ~NOTFOUND",
        ])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg("--dump-dom")
        .arg(format!("file://{}", page.display()));
    let output = browser.output().expect("the browser runs");
    let (dom, said) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(!said.contains("CONSOLE"), "an error or a refusal in the page: {said}");
    let body = dom
        .split_once("<tbody>")
        .and_then(|(_, rest)| rest.split_once("</tbody>"));
    let (rows, after) = body.expect("a table of rows");
    assert_eq!(rows.matches("<tr").count(), grid().rows.len());
    assert_eq!(rows.matches("<td").count(), grid().rows.len() * grid().columns.len());
    assert_eq!(dom.matches("<script").count(), 1, "the page's own");
    assert_eq!(dom.matches("<img").count() + dom.matches("onload=alert(1)>").count(), 0);
    assert!(
        !dom.contains("<p class=\"screen\" hidden"),
        "the page's script has not run"
    );
    let at = |text: &str| dom.find(text).unwrap_or_else(|| panic!("no {text}"));
    assert!(at("class=\"gap-line\"") < at("<h1>"), "the gap does not come first");
    assert!(
        after.contains("state-gap") && dom.contains("<figure><svg"),
        "no strip or no chart"
    );
    assert!(rows.contains("… [cut: 1048576 characters]") && rows.contains("\\u{202e}"));
}
