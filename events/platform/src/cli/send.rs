//! `waas send`: posts a callback that stands in a file.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::{Map, Value};

use super::delivery::Delivery;
use super::read_text;

/// Sends a callback to a receiver, opens its reply and checks it
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  waas send events/plain/deposit.json --url http://127.0.0.1:9000/callback/deposit
  waas send events/plain/deposit.json --url … --new-uuid --repeat 5      retries of one event
  waas send events/plain/deposit.json --url … --json | jq .latencyMs

Exit status: 0 every answer was accepted and has no problems, 1 one was refused or has problems,
2 there was no answer.")]
pub(crate) struct Args {
    /// The callback's plaintext; - is standard input
    file: PathBuf,
    /// The receiver's callback URL
    #[arg(long)]
    url: String,
    #[command(flatten)]
    delivery: Delivery,
}

impl Args {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let plaintext = read_text(&self.file)?;
        serde_json::from_str::<Map<String, Value>>(&plaintext)
            .with_context(|| format!("{} is no callback", self.file.display()))?;
        self.delivery.deliver(&self.url, &plaintext)
    }
}
