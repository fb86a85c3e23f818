//! Users' own reports: found in the configured folders, checked, run under a time limit, and explained where they are wrong.

use trailhouse::warehouse::{Increment, catch_up};

use crate::environment::Home;

const HEADER: &str = "-- title: Own\n-- question: What is there?\n-- grain: one row per event\n\
    -- params: since timestamp = null, until timestamp = null, source text = null, least integer = 0\n-- reads: events\n";
const BODY: &str = "\
with p as (
    select
        cast(since as timestamp) as since,
        cast(until as timestamp) as until,
        cast(source as varchar) as source,
        cast(least as bigint) as least
)

select v.number, v.number * 2 as twice
from range(5) as v (number)
cross join p
where p.since < p.until and v.number >= p.least and (p.source is null or p.source = 'a')
order by v.number desc";

/// A home with an empty warehouse and the folder `mine` for reports.
pub(super) fn home() -> Home {
    let home = Home::new();
    std::fs::create_dir_all(home.data()).expect("a folder");
    std::fs::create_dir(home.path().join("mine")).expect("a folder");
    let increment = Increment {
        lake_id: "case".to_owned(),
        sequence: 1,
        ..Increment::default()
    };
    catch_up(
        &home.data().join("warehouse.duckdb"),
        &trailhouse::warehouse::Workplace::of("UTC"),
        &increment,
    )
    .expect("an empty warehouse");
    home.write("trailhouse.toml", "[reports]\ndirectories = [\"mine\"]\n");
    home
}

#[test]
fn an_own_report_is_listed_checked_and_run() {
    let home = home();
    home.write("mine/doubles.sql", &format!("{HEADER}\n{BODY};\n"));
    let check = home.ok(&["report", "check"]);
    assert!(check.stdout.ends_with("mine/doubles.sql: good\n"), "{}", check.stdout);
    let list = home.ok(&["report", "list"]).stdout;
    assert!(list.contains("\ndoubles,Own,"), "{list}");
    let shown = home.ok(&["report", "show", "doubles"]).stdout;
    assert!(
        shown.contains("parameter: least integer = 0\n") && shown.ends_with("desc\n"),
        "{shown}"
    );
    let run = home.ok(&["report", "run", "doubles", "--param", "least=3", "--format", "csv"]);
    assert_eq!(run.stdout, "number,twice\n4,8\n3,6\n");
    let readme = include_str!("../../README.md");
    let example = readme
        .split_once("-- title: Exports")
        .and_then(|(_, rest)| rest.split_once("```"));
    let (example, _) = example.expect("an example in the README");
    home.write("mine/exports.sql", &format!("-- title: Exports{example}"));
    home.ok(&["report", "check", "mine/exports.sql"]);
    home.write(
        "mine/doubles.sql",
        &format!("{HEADER}-- severity: high\n\n{BODY}\n").replace('\n', "\r\n"),
    );
    home.ok(&["report", "run", "doubles", "--output", "d.xlsx", "--output", "d.md"]);
    // a word of SQL is a name like any other
    home.write("mine/order.sql", &format!("{HEADER}\n{BODY}\n"));
    home.ok(&["report", "check", "mine/order.sql"]);
    assert_eq!(
        home.ok(&["report", "run", "order", "--format", "csv"])
            .stdout
            .lines()
            .count(),
        6
    );
}

#[test]
fn a_report_without_a_period_is_asked_for_none() {
    let home = home();
    let header = HEADER.replace("since timestamp = null, until timestamp = null, ", "");
    let body = BODY.replace("p.since < p.until and ", "").replace(
        "        cast(since as timestamp) as since,\n        cast(until as timestamp) as until,\n",
        "",
    );
    home.write("mine/timeless.sql", &format!("{header}\n{body}\n"));
    home.ok(&["report", "check", "mine/timeless.sql"]);
    home.ok(&["report", "run", "timeless"]);
    for (option, name) in [
        ("--from=-1d", "since"),
        ("--to=-1d", "until"),
        ("--period=2026", "since"),
    ] {
        let run = home.run(&["report", "run", "timeless", option]);
        assert_eq!(run.code, Some(2), "{option}: {}", run.stderr);
        let told = format!("report timeless has no period: it has no parameter `{name}`");
        assert!(run.stderr.contains(&told), "{}", run.stderr);
    }
}

/// Name and header of a file, its statement, what is said of it, and what to do.
const WRONG: &[(&str, &str, &str, &str, &str)] = &[
    (
        "bad",
        HEADER,
        "selec 1",
        "bad.sql: Parser Error",
        "lines are counted from the begin of the file",
    ),
    (
        "line",
        HEADER,
        "select v.a\nfrom nowhere as v\norder by v.a",
        "LINE 8",
        "trailhouse describe",
    ),
    (
        "two",
        HEADER,
        "select 1 as one; select 2 as two",
        "more than one statement",
        "make a file for each",
    ),
    (
        "write",
        HEADER,
        "delete from events",
        "`delete` is not a query",
        "one `select`",
    ),
    (
        "sneak",
        HEADER,
        "select 1 as one; drop table loads",
        "more than one statement",
        "make a file for each",
    ),
    (
        "bare",
        HEADER,
        "select v.number from range(5) as v (number)\nwhere source = source",
        "line 8: `source`",
        "write `p.` before",
    ),
    (
        "loose",
        HEADER,
        "select number from range(5) as v (number)",
        "line 7: `number`",
        "write `e.action`",
    ),
    (
        "key",
        "-- title: T\n-- owner: me\n-- question: Q?\n-- grain: g\n-- params: a text = null\n-- reads: events\n",
        "select 1 as a",
        "unknown key `owner`",
        "report show",
    ),
    ("none", "", "select 1 as one", "none.sql", "-- key: value"),
    (
        "severity",
        "-- title: T\n-- severity: huge\n-- question: Q?\n-- grain: g\n-- params: a text = null\n-- reads: events\n",
        "select 1 as a",
        "not info, low, medium or high",
        "report show",
    ),
    (
        "top_actors",
        HEADER,
        BODY,
        "a bundled report is called `top_actors`",
        "rename the file",
    ),
    (
        "smuggled",
        "-- title: T\n-- question: Q?\n-- grain: g\n-- reads: events\n\
         -- params: a text = null) as table select 1; create temp view coverage as select 1 as b; create temp macro c(d := null\n",
        "select 1 as a",
        "is not `name type = default`",
        "report show",
    ),
    (
        "drawing",
        "-- title: T\n-- chart: cake a b\n-- question: Q?\n-- grain: g\n-- params: a text = null\n-- reads: events\n",
        "select 1 as a",
        "`chart: cake a b` is no chart",
        "bar x y",
    ),
    ("Mine", HEADER, BODY, "is no name for a report", "small letters"),
    (
        "unordered",
        HEADER,
        "select v.number from range(5) as v (number)",
        "its rows have no order",
        "end it with `order by`",
    ),
    (
        "unread",
        "-- title: T\n-- question: Q?\n-- grain: g\n-- params: a text = null\n-- reads: events, evnets\n",
        "select v.number from range(5) as v (number) order by v.number",
        "there is no `evnets` to read",
        "trailhouse describe",
    ),
    (
        "undrawn",
        "-- title: T\n-- chart: bar number height\n-- question: Q?\n-- grain: g\n-- params: a text = null\n-- reads: events\n",
        "with p as (select cast(a as text) as a) select v.number from range(5) as v (number) cross join p where p.a is null order by 1",
        "draws `height`, which is no column of it (number)",
        "the names of columns",
    ),
    (
        "unused",
        HEADER,
        "select v.number from range(5) as v (number) order by v.number",
        "the parameter `since` has no effect",
        "take it out of `params`",
    ),
    (
        "vague",
        "-- title: T\n-- severity: low\n-- question: Q?\n-- grain: g\n-- params: a text = null\n-- reads: events\n",
        "select 'no' as is_finding from range(5) as v (number) order by v.number",
        "`is_finding` is VARCHAR, not BOOLEAN",
        "true for findings",
    ),
    (
        "file",
        HEADER,
        "select t.line from read_csv('/etc/passwd') as t (line)",
        "cannot access file",
        "sees the warehouse alone",
    ),
    (
        "attach",
        HEADER,
        "attach 'x.duckdb'",
        "`attach` is not a query",
        "one `select`",
    ),
];

#[test]
fn what_is_wrong_with_an_own_report_is_explained() {
    let home = home();
    for (name, header, body, told, hint) in WRONG {
        let file = format!("mine/{name}.sql");
        home.write(&file, &format!("{header}\n{body}\n"));
        let check = home.run(&["report", "check", &file]);
        assert_eq!(check.code, Some(2), "{name}: {}{}", check.stdout, check.stderr);
        let said = check.stderr.to_lowercase();
        assert!(
            said.contains(&told.to_lowercase()) && said.contains(&file.to_lowercase()),
            "{name}: {}",
            check.stderr
        );
        assert!(check.stderr.contains(hint), "{name}: {}", check.stderr);
        // what can be run all the same is run
        if ![
            "top_actors",
            "Mine",
            "unordered",
            "unread",
            "undrawn",
            "unused",
            "vague",
        ]
        .contains(name)
        {
            let run = home.run(&["report", "run", name, "--output", "never.csv"]);
            assert_eq!(run.code, Some(2), "{name}: {}", run.stderr);
        }
    }
    assert!(!home.path().join("never.csv").exists() && !home.path().join("never.csv.about.json").exists());
    let list = home.ok(&["report", "list"]);
    assert!(
        list.stderr.contains("warning: ") && list.stderr.contains("unknown key `owner`"),
        "{}",
        list.stderr
    );
}

#[test]
fn an_endless_report_ends_and_leaves_nothing() {
    let home = home();
    let endless = "select sum(a.i * b.i * c.i) as total\n\
        from range(1000000) as a (i) cross join range(1000000) as b (i) cross join range(1000000) as c (i)";
    home.write("mine/endless.sql", &format!("{HEADER}\n{endless}\n"));
    home.write("kept.csv", "old\n");
    let run = home.run(&["report", "run", "endless", "--time-limit", "1", "--output", "kept.csv"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(
        run.stderr.contains("report endless: not done after 1 s") && run.stderr.contains("--time-limit"),
        "{}",
        run.stderr
    );
    assert_eq!(
        std::fs::read_to_string(home.path().join("kept.csv")).expect("the old file"),
        "old\n"
    );
    let left = std::fs::read_dir(home.path()).expect("the folder").count();
    assert_eq!(left, 4, "configuration, data, mine and the old file");
}

#[test]
fn a_wrong_request_names_what_is_right() {
    let home = home();
    home.write("mine/doubles.sql", &format!("{HEADER}\n{BODY}\n"));
    let cases: [(&[&str], &str); 9] = [
        (&["--from", "2026-13-01"], "`2026-13-01` is no time"),
        (
            &["--from", "2026-07-02", "--to", "2026-07-01"],
            "2026-07-02T00:00:00Z is not before 2026-07-01T00:00:00Z",
        ),
        (&["--period", "2026-Q5"], "`2026-Q5` is no period"),
        (&["--param", "lest=1"], "known parameters: since, until, source, least"),
        (&["--param", "least=many"], "`many` is no integer for `least`"),
        (&["--param", "source=nobody"], "no source `nobody` in the warehouse"),
        (&["--output", "missing/r.csv"], "no file can be created in missing"),
        (&["--output", "r.pdf"], "its extension names no format"),
        (&["--fail-on-findings", "huge"], "low, medium, high"),
    ];
    for (arguments, told) in cases {
        let all: Vec<&str> = ["report", "run", "doubles"].iter().chain(arguments).copied().collect();
        let run = home.run(&all);
        assert!(matches!(run.code, Some(1 | 2)), "{arguments:?}");
        assert!(run.stderr.contains(told), "{arguments:?}: {}", run.stderr);
        assert_eq!(run.stdout, "");
    }
}

#[test]
fn a_report_that_fails_over_its_rows_is_named() {
    let home = home();
    let body = BODY.replace("select v.number,", "select cast('x' || v.number as integer) as number,");
    home.write("mine/broken.sql", &format!("{HEADER}\n{body}\n"));
    home.ok(&["report", "check"]);
    let failed = home.run(&["report", "run", "coverage", "broken", "--output", "out/"]);
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    assert!(
        failed.stderr.contains("report broken: Conversion Error"),
        "{}",
        failed.stderr
    );
    assert!(!home.path().join("out/broken.html").exists());
}
