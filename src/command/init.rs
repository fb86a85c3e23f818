//! `init`: a commented configuration to fill in.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Context, DONE, Failure};
use crate::atomic::{self, place};
use crate::config::{FILE_NAME, TEMPLATE};

/// Writes a commented trailhouse.toml
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  trailhouse init\n  trailhouse --config audit/trailhouse.toml init")]
pub(super) struct Init {}

impl Init {
    pub(super) fn run(context: &Context) -> Result<u8, Failure> {
        let path = context.flags.config.clone().unwrap_or_else(|| PathBuf::from(FILE_NAME));
        if let Some(folder) = path.parent().filter(|folder| *folder != Path::new("")) {
            place::create_folder(folder).map_err(|error| Failure::failed(format!("{}: {error}", folder.display())))?;
        }
        match atomic::create_new(&path, TEMPLATE.as_bytes()) {
            Ok(()) => {}
            Err(error) if error.source.kind() == ErrorKind::AlreadyExists => {
                let failure = Failure::usage(format!("{} is there already, and stays as it is", path.display()));
                return Err(failure.hinted("move it away, or name another file with --config"));
            }
            Err(error) => return Err(anyhow::Error::from(error).into()),
        }
        context.terminal.say(&format!(
            "{} is written; fill in a source, then: trailhouse sync",
            path.display()
        ));
        Ok(DONE)
    }
}
