//! `completions`: what a shell needs to complete the command line.

use clap::Args;
use clap_complete::Shell;

use super::{Context, DONE, Failure, command_line, output};

/// Writes completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  trailhouse completions bash\n  trailhouse completions zsh")]
pub(super) struct Completions {
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self, _context: &Context) -> Result<u8, Failure> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut command_line(), "trailhouse", &mut text);
        output::print(&String::from_utf8_lossy(&text))?;
        Ok(DONE)
    }
}
