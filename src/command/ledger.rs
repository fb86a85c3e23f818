//! `ledger`: what is to be kept outside the lake so that it can be proven later: the newest entry's digest, and a key.

use clap::{Args, Subcommand};
use serde_json::json;
use uuid::Uuid;

use super::output::Output;
use super::{Context, DONE, Failure, block_on, home, loading, require_lake};
use crate::lake::Lake;
use crate::lake::verify::Anchor;
use crate::render::Format;
use crate::warehouse::{Cell, Grid, GridColumn};

/// The ledger's newest digest, and the key that signs it
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "Examples:\n  trailhouse ledger head\n  trailhouse ledger keygen > ledger.pem"
)]
pub(super) struct LedgerVerb {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Head(Head),
    Keygen(Keygen),
}

/// Prints one word to keep elsewhere: lake, number and SHA-256 of the newest entry
///
/// Keep it where whoever can write to the lake cannot: a ticket, a git tag, an object lock. `trailhouse verify --against` takes
/// it, and notices a lake that was replaced by an older copy or by another history. What the entry says is checked by `verify`,
/// not here.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  trailhouse ledger head >> anchors.txt\n  trailhouse ledger head --format json")]
struct Head {
    #[command(flatten)]
    output: Output,
}

/// Makes a key of Ed25519 that signs every entry from now on, and prints its public half as PEM
///
/// The private half is kept in `.credentials/ledger.key` of the home, as PKCS#8: keep a copy of it elsewhere, for without it
/// nothing can be written. Where there is a key already, that one signs the entry which names the new one.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  trailhouse ledger keygen\n  trailhouse ledger keygen > ledger.pem")]
struct Keygen {}

impl LedgerVerb {
    pub(super) fn run(&self, context: &Context) -> Result<u8, Failure> {
        match &self.verb {
            Verb::Head(verb) => verb.run(context),
            Verb::Keygen(_) => Keygen::run(context),
        }
    }
}

impl Head {
    fn run(&self, context: &Context) -> Result<u8, Failure> {
        let home = home(&context.config()?);
        require_lake(&home)?;
        let lake = block_on(async { Ok(Lake::open(&home).await?) })?;
        let Some(newest) = lake.newest() else {
            let failure = Failure::failed(format!("{}: the ledger has no entry yet", home.lake().display()));
            return Err(failure.hinted("run `trailhouse sync` first"));
        };
        let (entry, sha256) = (&newest.entry, &newest.sha256);
        let anchor = Anchor::new(&entry.lake_id, entry.sequence, sha256).to_string();
        let asked = self.output.format.is_some() || self.output.output.is_some();
        let text = match if asked { self.output.format()? } else { Format::Table } {
            Format::Table => format!("{anchor}\n"),
            Format::Json => {
                let head =
                    json!({"anchor": anchor, "lake_id": entry.lake_id, "sequence": entry.sequence, "sha256": sha256});
                format!("{head:#}\n")
            }
            _ => {
                let text = |text: &str| Cell::Text(text.to_owned());
                let sequence = entry.sequence.to_string();
                let cells = [&anchor, &entry.lake_id, &sequence, sha256]
                    .map(|value| text(value))
                    .to_vec();
                let columns = ["anchor", "lake_id", "sequence", "sha256"].map(|name| GridColumn {
                    name: name.to_owned(),
                    kind: "VARCHAR".to_owned(),
                });
                let grid = Grid {
                    columns: columns.to_vec(),
                    rows: vec![cells],
                };
                return self.output.grid(&grid).map(|()| DONE);
            }
        };
        self.output.text(&text)?;
        Ok(DONE)
    }
}

impl Keygen {
    fn run(context: &Context) -> Result<u8, Failure> {
        let config = context.config()?;
        let home = home(&config);
        let now = Context::now();
        block_on(async {
            let workplace = config.workplace()?;
            let lock = loading::lock(&home, "ledger keygen", now)?;
            let mut lake = loading::open(&home, &lock).await?;
            let run_id = Uuid::now_v7().to_string();
            let (public, sequence) = lake.announce_key(&run_id, Context::now()).await?;
            super::output::print(&public.pem()?)?;
            let (key, folder) = (public.hex(), home.credentials());
            context.terminal.say(&format!(
                "entry {sequence} names the key {key}; its private half is in {}: keep a copy elsewhere",
                folder.display()
            ));
            loading::bring_up(context, &home, &workplace, &mut lake).await?;
            Ok(DONE)
        })
    }
}
