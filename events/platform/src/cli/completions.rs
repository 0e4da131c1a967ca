//! `waas completions`: what a shell needs to complete the command's arguments.

use std::io::Write as _;
use std::process::ExitCode;

use clap_complete::Shell;

/// Prints the completions for a shell
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  source <(waas completions bash)
  waas completions fish > ~/.config/fish/completions/waas.fish")]
pub(crate) struct Args {
    shell: Shell,
}

impl Args {
    pub(crate) fn run(self, mut command: clap::Command) -> anyhow::Result<ExitCode> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "waas", &mut script);
        anstream::stdout().lock().write_all(&script)?;
        Ok(ExitCode::SUCCESS)
    }
}
