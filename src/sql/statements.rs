//! The statements that make views and reports in a warehouse, and that call a report. Apart from the files because these only
//! put together what they hold.

use super::{Parameter, Report, View};

/// The statement that makes a report's macro.
pub fn macro_sql(report: &Report) -> String {
    table_macro(&format!("reports.{}", report.name), &report.params, &report.text)
}

/// The statement that makes a view; one with parameters is made as a macro.
pub fn view_sql(view: &View) -> String {
    let name = format!("main.{}", view.name);
    if view.params.is_empty() {
        format!("create or replace view {name} as {}", view.text)
    } else {
        table_macro(&name, &view.params, &view.text)
    }
}

/// Parameters are untyped there: the older storage format keeps no types of them.
fn table_macro(name: &str, params: &[Parameter], text: &str) -> String {
    format!(
        "create or replace macro {name}({}) as table\n{text}",
        parameters(params)
    )
}

/// The parameters of a report as its macro declares them.
pub fn declared(report: &Report) -> String {
    parameters(&report.params)
}

fn parameters(params: &[Parameter]) -> String {
    let parameter = |parameter: &Parameter| format!("{} := {}", parameter.name, parameter.default);
    params.iter().map(parameter).collect::<Vec<_>>().join(", ")
}

/// The statement that runs a report with every parameter bound to `$name`. The greatest of one value is that value, and has no
/// type until it is bound: DuckDB plans a statement whose types are all known twice, once before it knows the values, which
/// takes up to 30 ms.
pub fn call_sql(report: &Report) -> String {
    let argument = |parameter: &Parameter| format!("{name} := greatest(${name}, ${name})", name = parameter.name);
    let arguments: Vec<String> = report.params.iter().map(argument).collect();
    let (name, arguments) = (&report.name, arguments.join(", "));
    match &report.file {
        // A user's file may have the name of a word of SQL.
        Some(_) => format!("select * from temp.\"{name}\"({arguments})"),
        None => format!("select * from reports.{name}({arguments})"),
    }
}
