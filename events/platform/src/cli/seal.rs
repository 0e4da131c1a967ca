//! `waas seal`: the body that the platform would post for a plaintext.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use serde::de::IgnoredAny;

use super::{ApiKeyArgs, KeyArgs, read_text};

/// Seals a callback: Base64, as the platform posts it
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  waas seal events/plain/deposit.json
  waas seal events/plain/deposit.json --event /callback/deposit > event.json
  echo 'no JSON' | waas seal - --raw")]
pub(crate) struct Args {
    /// The callback's plaintext; - is standard input
    file: PathBuf,
    /// Print the API Gateway event (HTTP API, format 2.0) that carries the body to this path
    #[arg(long, value_name = "PATH")]
    event: Option<String>,
    /// Seal what is not JSON, too
    #[arg(long)]
    raw: bool,
    #[command(flatten)]
    key: KeyArgs,
    #[command(flatten)]
    api_key: ApiKeyArgs,
}

impl Args {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let plaintext = read_text(&self.file)?;
        if !self.raw {
            serde_json::from_str::<IgnoredAny>(&plaintext)
                .with_context(|| format!("{} is not JSON (--raw seals it as it is)", self.file.display()))?;
        }
        let body = self.key.read()?.seal(plaintext.as_bytes());

        let mut out = anstream::stdout().lock();
        match self.event {
            Some(path) => {
                let event = waas_platform::event(&path, &self.api_key.api_key, &body);
                writeln!(out, "{}", serde_json::to_string_pretty(&event)?)?;
            }
            None => writeln!(out, "{body}")?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
