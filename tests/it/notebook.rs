//! The notebook runs on the demo as it stands, with Python's `duckdb`, `polars` and plots.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::demo::demo;
use crate::tools;

const NOTEBOOK: &str = "notebooks/01_first_look.ipynb";

#[test]
fn the_notebook_runs_on_the_demo() {
    let Some(python) = tools::find("python") else {
        return;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let before = std::fs::read(demo().data().join("warehouse.duckdb")).expect("a warehouse");
    let output = Command::new(python)
        .arg(root.join("tests/it/notebook/execute.py"))
        .arg(root.join(NOTEBOOK))
        .env("TRAILHOUSE_DIR", demo().data())
        .env_remove("MPLBACKEND")
        .output()
        .expect("Python runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let told: Value = serde_json::from_slice(&output.stdout).expect("one object");
    assert_eq!(told["executed"], told["cells"], "{told}");
    assert_eq!(told["kept"], 0, "outputs are not kept in the repository: {told}");
    assert_eq!(told["plots"], 3, "{told}");
    let shapes: Vec<&str> = told["tables"]
        .as_array()
        .expect("tables")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(shapes.len(), 4, "{told}");
    assert!(
        shapes[0].starts_with("shape: (8, ") && shapes[2] == "shape: (10, 6)",
        "{told}"
    );
    let after = std::fs::read(demo().data().join("warehouse.duckdb")).expect("a warehouse");
    assert!(before == after, "the notebook has changed the warehouse");
}
