//! Any JSON: the second reading gives the columns and the hash that the loader gives, though they share no code.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use trailhouse::audit;
use trailhouse::record::{self, Layouts};
use trailhouse::source::{SERVICES, Stream};

const LATEST: i64 = 1_900_000_000_000_000;

/// Texts as JSON has them: escapes, lone surrogates, times, brackets.
const TEXTS: &[&str] = &[
    r#""""#,
    r#""a""#,
    r#"" b ""#,
    r#""]},\"{[:""#,
    r#""\u0061\\\/\b\f\n\r\t\u0000""#,
    r#""\ud83d\ude00é😀""#,
    r#""\ud800""#,
    r#""\ude00\ud83d\ud83d\ude00x""#,
    r#""2025-07-11T19:38:34Z""#,
    r#""2025-07-11T21:38:34.738123999+02:00""#,
    r#""1999-12-31 23:59:60Z""#,
    r#""2025-07-11""#,
];
const SCALARS: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-0",
    "7",
    "-1",
    "1.0",
    "1e400",
    "1E+2",
    "9223372036854775807",
    "9223372036854775808",
    "123456789012345678901234567890",
];

/// Names a service sends or might send.
const NAMES: &[&str] = &[
    r#""id""#,
    r#""type""#,
    r#""value""#,
    r#""style""#,
    r#""name""#,
    r#""\u0069d""#,
    r#""x.y""#,
    r#""x\ud800""#,
    r#""x\udfff""#,
    r#""""#,
];

/// The names on the way to every declared column, and others.
fn names() -> Vec<String> {
    let streams = SERVICES.iter().flat_map(|service| service.streams);
    let forms = streams.flat_map(|stream| stream.forms);
    let mut names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    for form in forms {
        let paths = form.table.columns.iter().map(|column| column.path);
        let parts = paths.chain(form.table.echoes.iter().map(|(path, _)| *path));
        names.extend(parts.flat_map(|path| path.split('.')).map(|name| format!("\"{name}\"")));
        names.extend(form.volatile.iter().map(|name| format!("\"{name}\"")));
    }
    names.sort();
    names.dedup();
    names
}

fn spaced(text: String, space: bool) -> String {
    if space { format!(" \n{text}\t") } else { text }
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop::sample::select(TEXTS).prop_map(str::to_owned),
        prop::sample::select(SCALARS).prop_map(str::to_owned),
    ];
    let names = prop::sample::select(names());
    leaf.prop_recursive(4, 24, 5, move |inner| {
        let spaced = (inner, any::<bool>()).prop_map(|(value, space)| spaced(value, space));
        let member = (names.clone(), spaced.clone()).prop_map(|(name, value)| format!("{name}:{value}"));
        prop_oneof![
            prop::collection::vec(spaced, 0..5).prop_map(|values| format!("[{}]", values.join(","))),
            prop::collection::vec(member, 0..6).prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
}

/// A record with what identity and order need, at any place among its members.
fn record() -> impl Strategy<Value = String> {
    let member = (prop::sample::select(names()), value()).prop_map(|(name, value)| format!("{name}:{value}"));
    let needed = prop::sample::select(vec![r#""id":"a""#, r#""id":12"#]).prop_map(|id| {
        ["logged_at", "updated_at", "created_at"]
            .iter()
            .fold(id.to_owned(), |text, name| {
                format!("{text},\"{name}\":\"2025-07-11T19:38:34Z\"")
            })
    });
    (
        prop::collection::vec(member, 0..12),
        needed,
        any::<prop::sample::Index>(),
    )
        .prop_map(|(mut members, needed, at)| {
            members.insert(at.index(members.len() + 1), needed);
            format!("{{{}}}", members.join(" ,"))
        })
}

fn told(value: &record::Value) -> audit::Value {
    match value.clone() {
        record::Value::Null => audit::Value::Null,
        record::Value::Text(text) => audit::Value::Text(text),
        record::Value::Integer(number) => audit::Value::Integer(number),
        record::Value::Boolean(truth) => audit::Value::Boolean(truth),
        record::Value::Timestamp(at) => audit::Value::Timestamp(at),
        record::Value::TextList(texts) => audit::Value::Texts(texts.into_iter().map(Some).collect()),
        record::Value::Blocks(blocks) => {
            let blocks = blocks.into_iter().map(|block| [block.kind, block.style, block.value]);
            audit::Value::Blocks(blocks.collect())
        }
    }
}

/// How many records of the text, read as each form of the stream, both have read.
fn agreed(stream: &'static Stream, text: &str) -> Result<usize, TestCaseError> {
    let mut read = 0;
    for form in 0..stream.forms.len() {
        for record in Layouts::of(stream)
            .read(form, text.as_bytes(), LATEST)
            .into_iter()
            .flatten()
        {
            let reader = audit::Reader::of(&stream.forms[record.form]);
            let second = reader.read(&record.raw);
            let expected = audit::Reading {
                stable_hash: record.stable_hash,
                values: record.values.iter().map(told).collect(),
            };
            prop_assert_eq!(second, Some(expected), "{}", record.raw);
            read += 1;
        }
    }
    Ok(read)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_second_reading_agrees_with_the_first(text in record()) {
        for stream in SERVICES.iter().flat_map(|service| service.streams) {
            agreed(stream, &text)?;
        }
    }

    #[test]
    fn no_text_makes_the_second_reading_panic(text in r#"[\[\]{}",:\\ 0-9a-fnu]{0,40}"#) {
        for stream in SERVICES.iter().flat_map(|service| service.streams) {
            audit::Reader::of(stream.main()).read(&text);
        }
    }
}

/// So that the property above is about records, and not about rejects.
#[test]
fn most_texts_are_records_of_some_stream() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut read = 0;
    for _ in 0..100 {
        let text = record().new_tree(&mut runner).expect("a record").current();
        let streams = SERVICES.iter().flat_map(|service| service.streams);
        let counts: Result<Vec<usize>, _> = streams.map(|stream| agreed(stream, &text)).collect();
        read += usize::from(counts.expect("both agree").iter().sum::<usize>() > 0);
    }
    assert!(read > 50, "{read} of 100");
}
