//! `waas open`: what a receiver sealed for the platform.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::pretty::pretty;
use super::{KeyArgs, read_text};

/// Opens a reply and prints it as JSON
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  waas open answer.json
  curl … | waas open -")]
pub(crate) struct Args {
    /// An answer ({"apiKey", "data", "errCode", "message"}), or the Base64 of its data; - is standard input
    file: PathBuf,
    #[command(flatten)]
    key: KeyArgs,
}

impl Args {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let data = data_of(&read_text(&self.file)?)?;
        let reply = self.key.read()?.open(&data).context("cannot open data")?;
        let Some(pretty) = pretty(&reply) else { bail!("the reply opens, but is not JSON: {reply:?}") };
        writeln!(anstream::stdout().lock(), "{pretty}")?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The Base64 in an answer's envelope, or the text itself without its line breaks.
fn data_of(text: &str) -> anyhow::Result<String> {
    let data = if text.trim_start().starts_with('{') {
        let answer: Value = serde_json::from_str(text).context("the answer is not JSON")?;
        answer["data"].as_str().context("the answer has no data")?.to_owned()
    } else {
        text.split_ascii_whitespace().collect()
    };
    if data.is_empty() {
        bail!("data is empty: nothing was sealed");
    }
    Ok(data)
}
