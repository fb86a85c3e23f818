//! The rules for Rust files: layers, fences, shape. Pure: a file's path and text in, findings out.

use super::paths::{self, Named};

const LINES_AT_MOST: usize = 400;
/// Files longer than that. The list only shrinks.
const LONG_FILES: &[&str] = &[];
const VAGUE_NAMES: &[&str] = &[
    "mod", "util", "utils", "common", "type", "types", "error", "errors", "prelude", "helper", "helpers",
];
/// Modules that may use nothing but themselves and these: a model of the services, and a second reading of the lake, are worth
/// nothing if they share the mistakes of the first.
const NARROW: &[(&str, &[&str])] = &[("simulator", &[]), ("audit", &["schema", "source"])];
/// What the binary itself may use of the library.
const MAIN_USES: &[&str] = &["command"];

/// Names that may stand only in the modules of `home` and below them.
struct Fence {
    /// Whole crates, by the first segment of a path.
    crates: &'static [&'static str],
    /// Neighbouring segments anywhere in a path.
    calls: &'static [&'static str],
    home: &'static [&'static str],
}

const FENCES: &[Fence] = &[
    Fence {
        crates: &["reqwest"],
        calls: &[],
        home: &["http"],
    },
    Fence {
        crates: &["parquet"],
        calls: &[],
        home: &["lake", "render/parquet"],
    },
    Fence {
        crates: &["delta_kernel", "delta_kernel_default_engine"],
        calls: &[],
        home: &["lake"],
    },
    Fence {
        crates: &["duckdb"],
        calls: &[],
        home: &["warehouse"],
    },
    Fence {
        crates: &["polars"],
        calls: &[],
        home: &["audit"],
    },
    Fence {
        crates: &["ed25519_dalek", "getrandom"],
        calls: &[],
        home: &["ledger"],
    },
    Fence {
        crates: &["clap", "clap_complete"],
        calls: &[],
        home: &["command"],
    },
    Fence {
        crates: &[],
        calls: &["std::env"],
        home: &["config", "main"],
    },
    Fence {
        crates: &[],
        calls: &[
            "env::var",
            "env::var_os",
            "env::vars",
            "env::vars_os",
            "env::current_dir",
            "env::home_dir",
        ],
        home: &["config"],
    },
    Fence {
        crates: &[],
        calls: &[
            "SystemTime::now",
            "Timestamp::now",
            "Zoned::now",
            "Uuid::now_v7",
            "Uuid::now_v6",
            "Uuid::now_v1",
        ],
        home: &["command"],
    },
    Fence {
        crates: &["indicatif", "tracing_subscriber"],
        calls: &["print!", "println!", "eprint!", "eprintln!", "io::stdout", "io::stderr"],
        home: &["command"],
    },
    Fence {
        crates: &[],
        calls: &[
            "tokio::fs",
            "fs::write",
            "fs::rename",
            "fs::copy",
            "fs::hard_link",
            "fs::create_dir",
            "fs::create_dir_all",
            "fs::remove_file",
            "fs::remove_dir",
            "fs::remove_dir_all",
            "fs::set_permissions",
            "fs::OpenOptions",
            "fs::DirBuilder",
            "File::create",
            "File::create_new",
            "File::options",
        ],
        home: &["atomic"],
    },
];

/// `src/lake/commit.rs` -> `lake/commit`; nothing for files outside `src`.
pub(super) fn module_of(path: &str) -> Option<&str> {
    path.strip_prefix("src/")?.strip_suffix(".rs")
}

/// The modules of `lib.rs`, in its order.
pub(super) fn layers(lib: &str) -> Vec<&str> {
    lib.lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect()
}

fn split_tests(text: &str) -> (&str, &str) {
    text.split_once("\n#[cfg(test)]\nmod tests").unwrap_or((text, ""))
}

/// What the module uses that does not stand above it in `lib.rs`; its tests are held to it too.
pub(super) fn layer_breaks(module: &str, text: &str, layers: &[&str]) -> Vec<String> {
    let (code, tests) = split_tests(text);
    let depth = module.split('/').count();
    let tests_start = code.matches('\n').count() + 2;
    let used = |text, depth, offset: usize| {
        paths::named(text)
            .into_iter()
            .filter_map(move |named| Some((named.line + offset, used_module(&named, depth)?)))
    };
    used(code, depth, 0)
        .chain(used(tests, depth + 1, tests_start))
        .filter_map(|(line, used)| {
            Some(format!(
                "src/{module}.rs:{line}: {}",
                layer_break(module, &used, layers)?
            ))
        })
        .collect()
}

/// The top-level module a path leads to, seen from a module `depth` below the crate.
fn used_module(named: &Named, depth: usize) -> Option<String> {
    let first = named.segments.first()?;
    let supers = named.segments.iter().take_while(|segment| *segment == "super").count();
    match first.as_str() {
        "crate" | "trailhouse" => named.segments.get(1).cloned(),
        "super" if supers == depth => named.segments.get(supers).cloned(),
        _ => None,
    }
}

fn layer_break(module: &str, used: &str, layers: &[&str]) -> Option<String> {
    let own = module.split('/').next()?;
    let rank = |name: &str| layers.iter().position(|layer| *layer == name);
    match (own, rank(own), rank(used)) {
        _ if own == used => None,
        ("main", _, _) if MAIN_USES.contains(&used) => None,
        ("main", _, _) => Some(format!("main uses `{used}`")),
        (_, None, _) => Some(format!("`{own}` is not listed in lib.rs")),
        (_, _, None) => Some(format!("`{used}` is not listed in lib.rs")),
        _ if NARROW
            .iter()
            .any(|(narrow, may)| *narrow == own && !may.contains(&used)) =>
        {
            Some(format!("`{own}` uses `{used}`, which it may not"))
        }
        (_, Some(own_rank), Some(used_rank)) if used_rank > own_rank => {
            Some(format!("`{own}` uses `{used}`, which stands below it in lib.rs"))
        }
        _ => None,
    }
}

/// The fenced names which the module uses outside its tests.
pub(super) fn fence_breaks(module: &str, text: &str) -> Vec<String> {
    let (code, _) = split_tests(text);
    let own_modules = paths::declared_modules(code);
    let named = paths::named(code);
    let closed = FENCES
        .iter()
        .filter(|fence| !fence.home.iter().any(|home| is_within(module, home)));
    closed
        .flat_map(|fence| {
            named
                .iter()
                .filter(|named| is_fenced(named, fence, &own_modules))
                .map(move |n| (n, fence))
        })
        .map(|(named, fence)| {
            let (line, name, home) = (named.line, named.segments.join("::"), fence.home.join(", "));
            format!("src/{module}.rs:{line}: `{name}` is for {home} alone")
        })
        .collect()
}

fn is_within(module: &str, home: &str) -> bool {
    module
        .strip_prefix(home)
        .is_some_and(|below| below.is_empty() || below.starts_with('/'))
}

fn is_fenced(named: &Named, fence: &Fence, own_modules: &[String]) -> bool {
    let is_path = named.imported || named.segments.len() > 1;
    let of_crate = named
        .segments
        .first()
        .is_some_and(|first| is_path && fence.crates.contains(&first.as_str()) && !own_modules.contains(first));
    of_crate || fence.calls.iter().any(|call| holds(&named.segments, call))
}

fn holds(segments: &[String], call: &str) -> bool {
    let wanted: Vec<&str> = call.split("::").collect();
    segments.windows(wanted.len()).any(|window| window.iter().eq(&wanted))
}

/// Header, size, name and attributes of one file.
pub(super) fn shape_breaks(path: &str, text: &str) -> Vec<String> {
    let (code, _) = split_tests(text);
    let lines = code.lines().count();
    let mut found = Vec::new();
    if !text.starts_with("//!") {
        found.push(format!("{path}:1: does not open with `//!`"));
    }
    if lines > LINES_AT_MOST && !LONG_FILES.contains(&path) {
        found.push(format!("{path}: {lines} lines without tests, at most {LINES_AT_MOST}"));
    }
    let vague = path
        .trim_end_matches(".rs")
        .split('/')
        .find(|part| VAGUE_NAMES.contains(part));
    found.extend(vague.map(|name| format!("{path}: `{name}` says nothing")));
    for named in paths::named(text)
        .iter()
        .filter(|named| named.exported && named.segments.ends_with(&["*".to_owned()]))
    {
        found.push(format!(
            "{path}:{}: exports everything of `{}`",
            named.line,
            named.segments.join("::")
        ));
    }
    for (number, line) in paths::blanked(text).lines().enumerate() {
        let line: String = line.split_whitespace().collect();
        if line.starts_with("#[allow(") || line.starts_with("#![allow(") {
            found.push(format!(
                "{path}:{}: `allow`, where `expect` with a reason is the rule",
                number + 1
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIB: &str = "//! The page.\n\npub mod atomic;\npub mod schema;\npub mod http;\npub mod lake;\npub mod audit;\n\
                       pub mod simulator;\npub mod command;\n";

    #[test]
    fn a_module_uses_only_what_stands_above_it() {
        let cases = [
            ("lake", "use crate::atomic;", true),
            ("lake", "use crate::{atomic, lake::x};", true),
            ("lake/commit", "use super::super::http::Client;", true),
            ("lake", "use crate::{atomic, command::{self, x}};", false),
            ("lake/commit", "fn f() { crate::command::run() }", false),
            ("lake/commit", "use super::super::command;", false),
            ("lake/commit", "use super::command;", true),
            ("lake", "use super::command;", false),
            (
                "lake",
                "fn f() {}\n#[cfg(test)]\nmod tests {\n    use super::super::command;\n}",
                false,
            ),
            (
                "lake",
                "fn f() {}\n#[cfg(test)]\nmod tests {\n    use super::*;\n}",
                true,
            ),
            ("lake", "use crate::unlisted;", false),
            ("unlisted", "use crate::lake;", false),
            ("simulator/world", "use crate::simulator::clock; use super::plan;", true),
            ("simulator/world", "use crate::atomic;", false),
            ("audit/rows", "use crate::schema::Kind; use crate::audit::scan;", true),
            ("audit/rows", "use crate::lake;", false),
            (
                "audit",
                "fn f() {}\n#[cfg(test)]\nmod tests {\n    use crate::lake;\n}",
                false,
            ),
            ("main", "use trailhouse::command;", true),
            ("main", "fn main() { trailhouse::lake::open() }", false),
            ("lake", "// use crate::command;", true),
        ];
        let layers = layers(LIB);
        assert_eq!(
            layers,
            ["atomic", "schema", "http", "lake", "audit", "simulator", "command"]
        );
        for (module, text, fine) in cases {
            assert_eq!(layer_breaks(module, text, &layers).is_empty(), fine, "{module}: {text}");
        }
    }

    #[test]
    fn findings_in_tests_have_the_line_of_the_file() {
        let text = "//! x\nfn f() {}\n\n#[cfg(test)]\nmod tests {\n    use crate::command;\n}";
        assert_eq!(
            layer_breaks("lake", text, &layers(LIB)),
            ["src/lake.rs:6: `lake` uses `command`, which stands below it in lib.rs"]
        );
    }

    #[test]
    fn every_fence_stops_what_it_names_and_lets_its_home_pass() {
        for fence in FENCES {
            let uses = fence.crates.iter().map(|name| format!("use {name}::Thing;"));
            let calls = fence
                .calls
                .iter()
                .map(|call| format!("fn f() {{ std::{call}(1) }}").replace("std::std", "std"));
            for text in uses.chain(calls) {
                assert!(!fence_breaks("batch", &text).is_empty(), "{text}");
                for home in fence.home {
                    let below = format!("{home}/part");
                    assert!(
                        fence_breaks(home, &text).is_empty() || *home == "main",
                        "{home}: {text}"
                    );
                    assert!(
                        fence_breaks(&below, &text).is_empty() || *home == "main",
                        "{below}: {text}"
                    );
                }
            }
        }
    }

    #[test]
    fn fences_know_names_from_namesakes() {
        let cases = [
            ("render", "mod parquet;\nfn f() { parquet::write() }", true),
            ("render", "use crate::render::parquet;", true),
            ("report", "let duckdb = 1; f(duckdb, env);", true),
            ("http2", "use reqwest::Client;", false),
            ("main", "let argv = std::env::args_os();", true),
            ("main", "let home = std::env::var(1);", false),
            ("lake", "const V: &str = env!(1);", true),
            ("lake", "use std::{env, io};", false),
            (
                "lake",
                "use std::fs::{self, File}; fn f() { File::open(1); fs::read(1) }",
                true,
            ),
            ("lake", "use std::fs; fn f() { fs::write(1, 2) }", false),
            (
                "lake",
                "fn f() {}\n#[cfg(test)]\nmod tests { fn g() { std::fs::write(1, 2) } }",
                true,
            ),
        ];
        for (module, text, fine) in cases {
            assert_eq!(fence_breaks(module, text).is_empty(), fine, "{module}: {text}");
        }
    }

    #[test]
    fn shape_is_judged() {
        let long = format!("//! x\n{}", "fn f() {}\n".repeat(LINES_AT_MOST));
        let long_tests = format!(
            "//! x\n#[cfg(test)]\nmod tests {{\n{}}}",
            "fn f() {}\n".repeat(LINES_AT_MOST)
        );
        let cases = [
            ("src/a.rs", "//! x\nfn f() {}", 0),
            ("src/a.rs", "fn f() {}", 1),
            ("src/a.rs", long.as_str(), 1),
            ("src/a.rs", long_tests.as_str(), 0),
            ("src/lake/mod.rs", "//! x", 1),
            ("src/utils/a.rs", "//! x", 1),
            ("src/a.rs", "//! x\npub use b::*;", 1),
            ("src/a.rs", "//! x\n#[ allow(dead_code)]\nfn f() {}", 1),
            ("src/a.rs", "//! x\n#![allow(dead_code)]", 1),
            (
                "src/a.rs",
                "//! x\n#[expect(dead_code, reason = \"#[allow(x)]\")]\nfn f() {}",
                0,
            ),
        ];
        for (path, text, count) in cases {
            assert_eq!(
                shape_breaks(path, text).len(),
                count,
                "{path}: {:?}",
                shape_breaks(path, text)
            );
        }
    }
}
