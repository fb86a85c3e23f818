//! The checks that no compiler makes, over the files git knows: layers, fences, shape, names, words, report headers.
//!
//! Here the tree is walked; the rules are pure functions in `tidy/`, tested there on text that breaks them.

mod paths;
mod rust;
mod sql;

use std::path::{Path, PathBuf};
use std::process::Command;

const TOP_LEVEL: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "LICENSE",
    "clippy.toml",
    "rustfmt.toml",
    "src",
    "sql",
    "tests",
    "benches",
    "notebooks",
    "data",
];
/// Where a walk without git does not go.
const NOT_OURS: &[&str] = &[".git", "target", "trailhouse.toml", ".venv", "node_modules"];
/// The case of report `x` is a file or folder of this folder, named `x`.
const REPORT_CASES: &str = "tests/it/reports/";
/// Split, so that this file does not hold them.
const UNWANTED: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("/wo", "rk/"),
    concat!("/tmp/", "scratch"),
    concat!("../", "shared"),
];

struct File {
    path: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What git tracks or would track; without git, what lies there.
fn listed() -> Vec<String> {
    let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    match Command::new("git").current_dir(root()).args(arguments).output() {
        Ok(output) if output.status.success() && !output.stdout.is_empty() => {
            let names = String::from_utf8(output.stdout).expect("git names are UTF-8");
            names.split_terminator('\0').map(str::to_owned).collect()
        }
        _ => walked(),
    }
}

fn walked() -> Vec<String> {
    let mut folders = vec![PathBuf::new()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for item in std::fs::read_dir(root().join(&folder)).expect("a folder of the checkout") {
            let name = folder.join(item.expect("an item of a folder").file_name());
            let text = name.to_str().expect("names are UTF-8").to_owned();
            let is_sample = text == "data" || text.starts_with("data/sample");
            if NOT_OURS.contains(&text.as_str()) || (text.starts_with("data") && !is_sample) {
                continue;
            }
            if root().join(&name).is_dir() {
                folders.push(name)
            } else {
                found.push(text)
            }
        }
    }
    found
}

/// The text files of the checkout, in order of their paths.
fn files() -> Vec<File> {
    let mut paths = listed();
    paths.sort();
    let read = |path: String| {
        Some(File {
            text: std::fs::read_to_string(root().join(&path)).ok()?,
            path,
        })
    };
    let files: Vec<File> = paths.into_iter().filter_map(read).collect();
    assert!(
        files.iter().any(|file| file.path == "src/lib.rs"),
        "the walk found no src/lib.rs"
    );
    files
}

fn files_in(folder: &str, ending: &str) -> Vec<File> {
    files()
        .into_iter()
        .filter(|file| file.path.starts_with(folder) && file.path.ends_with(ending))
        .collect()
}

#[track_caller]
fn assert_none(findings: impl IntoIterator<Item = String>) {
    let findings: Vec<String> = findings.into_iter().collect();
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

#[test]
fn modules_use_only_what_stands_above_them() {
    let files = files_in("src/", ".rs");
    let lib = files.iter().find(|file| file.path == "src/lib.rs").expect("src/lib.rs");
    let layers = rust::layers(&lib.text);
    assert!(!layers.is_empty(), "lib.rs lists no module");
    let modules = files
        .iter()
        .filter_map(|file| Some((rust::module_of(&file.path)?, file)));
    let checked = modules.filter(|(module, _)| *module != "lib");
    assert_none(checked.flat_map(|(module, file)| rust::layer_breaks(module, &file.text, &layers)));
}

#[test]
fn fences_hold() {
    let files = files_in("src/", ".rs");
    let (_, files): (Vec<_>, Vec<_>) = files.iter().partition(|file| is_test_only(&file.path, &files));
    let modules = files
        .iter()
        .filter_map(|file| Some((rust::module_of(&file.path)?, file)));
    assert_none(modules.flat_map(|(module, file)| rust::fence_breaks(module, &file.text)));
}

#[test]
fn rust_files_keep_their_shape() {
    let files = files_in("", ".rs");
    let shaped = files.iter().filter(|file| !is_test_only(&file.path, &files));
    assert_none(shaped.flat_map(|file| rust::shape_breaks(&file.path, &file.text)));
}

/// Whether the module above the file declares it for tests alone.
fn is_test_only(path: &str, files: &[File]) -> bool {
    let Some((folder, name)) = path.trim_end_matches(".rs").rsplit_once('/') else {
        return false;
    };
    let declared = format!("#[cfg(test)]\nmod {name};");
    files
        .iter()
        .any(|file| file.path == format!("{folder}.rs") && file.text.contains(&declared))
}

#[test]
fn the_top_level_holds_only_what_is_known() {
    let is_known = |path: &str| {
        let top = path.split('/').next().unwrap_or(path);
        TOP_LEVEL.contains(&top) || top.starts_with('.')
    };
    let strangers = files().into_iter().map(|file| file.path).filter(|path| !is_known(path));
    assert_none(strangers.map(|path| format!("{path}: not a place for files")));
}

fn unwanted_words(file: &File) -> Vec<String> {
    let holds = |line: &str, word: &str| {
        let is_part = |c: Option<char>| word.starts_with(char::is_uppercase) && c.is_some_and(char::is_alphanumeric);
        line.match_indices(word).any(|(at, _)| {
            let (before, rest) = line.split_at(at);
            !is_part(before.chars().next_back()) && !is_part(rest.chars().nth(word.len()))
        })
    };
    let lines = file.text.lines().enumerate();
    let hits = lines.flat_map(|(number, line)| {
        UNWANTED
            .iter()
            .filter(move |word| holds(line, word))
            .map(move |word| (number + 1, word))
    });
    hits.map(|(number, word)| format!("{}:{number}: `{word}`", file.path))
        .collect()
}

#[test]
fn no_file_is_left_unfinished_or_names_a_machine() {
    assert_none(files().iter().flat_map(unwanted_words));
}

#[test]
fn reports_have_their_header_and_their_order() {
    let reports = files_in("sql/reports/", ".sql");
    assert!(!reports.is_empty(), "no report in sql/reports");
    assert_none(
        reports
            .iter()
            .flat_map(|report| sql::report_breaks(&report.path, &report.text)),
    );
}

fn report_name(path: &str) -> Option<&str> {
    path.strip_prefix("sql/reports/")?.strip_suffix(".sql")
}

fn without_case<'a>(reports: &'a [&str], cases: &[&str]) -> Vec<&'a str> {
    let has_case = |report: &str| {
        cases
            .iter()
            .filter_map(|path| path.strip_prefix(REPORT_CASES))
            .any(|case| {
                let end = case.strip_prefix(report).and_then(|rest| rest.chars().next());
                matches!(end, Some('.' | '/'))
            })
    };
    reports.iter().copied().filter(|report| !has_case(report)).collect()
}

#[test]
fn every_report_has_its_case() {
    let files = files();
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let reports: Vec<&str> = paths.iter().filter_map(|path| report_name(path)).collect();
    let missing = without_case(&reports, &paths);
    assert_none(
        missing
            .iter()
            .map(|report| format!("sql/reports/{report}.sql: no case in {REPORT_CASES}")),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unwanted_words_are_found_as_words() {
        let count = |text: String| {
            unwanted_words(&File {
                path: "a".to_owned(),
                text,
            })
            .len()
        };
        for word in UNWANTED {
            assert_eq!(count(format!("x\n// {word}: y")), 1, "{word}");
        }
        assert_eq!(count(format!("sha512-a{}Z", UNWANTED.first().expect("a word"))), 0);
    }

    #[test]
    fn a_report_without_a_case_is_found() {
        let reports = ["logins", "login", "exports"];
        let cases = [
            "tests/it/reports/logins.sql",
            "tests/it/reports/exports/events.json",
            "sql/login.sql",
        ];
        assert_eq!(without_case(&reports, &cases), ["login"]);
    }

    #[test]
    fn the_walk_without_git_sees_what_git_sees() {
        let walked = walked();
        for path in listed()
            .iter()
            .filter(|path| path.starts_with("src/") && root().join(path).exists())
        {
            assert!(walked.contains(path), "{path}");
        }
    }
}
