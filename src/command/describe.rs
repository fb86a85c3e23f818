//! `describe`: what every table, view and column means, from the warehouse's own comments.

use clap::Args;

use super::output::Output;
use super::{Context, DONE, Failure, home};
use crate::warehouse::{Cell, Described, Grid, GridColumn, Warehouse};

/// Says what tables, views and columns mean
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  trailhouse describe\n  trailhouse describe events --format json")]
pub(super) struct Describe {
    /// Only this table or view
    #[arg(value_name = "TABLE")]
    name: Option<String>,
    /// Writes the data dictionary as markdown
    #[arg(long)]
    markdown: bool,
    #[command(flatten)]
    output: Output,
}

impl Describe {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        let warehouse = Warehouse::open_read_only(&home(&context.config()?).warehouse())?;
        let mut objects = warehouse.describe()?;
        if let Some(name) = &self.name {
            let known: Vec<String> = objects.iter().map(|object| object.name.clone()).collect();
            objects.retain(|object| object.name == *name);
            if objects.is_empty() {
                let failure = Failure::usage(format!("no table or view {name}"));
                return Err(failure.hinted(format!("known: {}", known.join(", "))));
            }
        }
        if self.markdown {
            self.output.text(&markdown(&objects))?;
        } else {
            self.output.grid(&grid(&objects))?;
        }
        Ok(DONE)
    }
}

fn grid(objects: &[Described]) -> Grid {
    let names = ["name", "kind", "column", "type", "meaning"];
    let columns = names
        .map(|name| GridColumn {
            name: name.to_owned(),
            kind: "VARCHAR".to_owned(),
        })
        .to_vec();
    let text = |text: &str| Cell::Text(text.to_owned());
    let mut rows = Vec::new();
    for object in objects {
        rows.push(vec![
            text(&object.name),
            text(&object.kind),
            Cell::Null,
            Cell::Null,
            text(&object.doc),
        ]);
        rows.extend(object.columns.iter().map(|column| {
            vec![
                text(&object.name),
                text(&object.kind),
                text(&column.name),
                text(&column.kind),
                text(&column.doc),
            ]
        }));
    }
    Grid { columns, rows }
}

pub(super) fn markdown(objects: &[Described]) -> String {
    let mut text = String::new();
    for object in objects {
        text.push_str(&format!("### `{}` ({})\n\n{}\n", object.name, object.kind, object.doc));
        if !object.columns.is_empty() {
            text.push_str("\n| column | type | meaning |\n|---|---|---|\n");
        }
        for column in &object.columns {
            text.push_str(&format!("| `{}` | {} | {} |\n", column.name, column.kind, column.doc));
        }
        text.push('\n');
    }
    text
}
