//! The programs which `.ci/run` installs for the tests: where they are, and what a test does without them.
//!
//! `TRAILHOUSE_TEST_TOOLS` names a folder with `bin/duckdb`, `bin/python`, `bin/prism` and `bin/chromium`. Without it a test says that it was
//! not run and passes, so that `cargo test` needs Rust alone; with `TRAILHOUSE_TEST_TOOLS_REQUIRED` set, it fails.

use std::io::Write;
use std::path::{Path, PathBuf};

/// The path of a tool; without it, says on stderr (not captured by the test runner) which test is not run.
#[expect(
    clippy::disallowed_methods,
    reason = "tests take their tools from the environment, not from the configuration"
)]
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("TRAILHOUSE_TEST_TOOLS");
    let path = folder.map(|folder| Path::new(&folder).join("bin").join(name));
    if let Some(path) = path.filter(|path| path.exists()) {
        return Some(path);
    }
    let required = std::env::var_os("TRAILHOUSE_TEST_TOOLS_REQUIRED").is_some();
    assert!(!required, "`{name}` is not in the folder bin of TRAILHOUSE_TEST_TOOLS");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let said = writeln!(
        std::io::stderr(),
        "not run: {test}: needs `{name}`, which `bash .ci/run` installs"
    );
    said.expect("stderr is open");
    None
}
