//! What a simulated platform is told before the callback is sent, so that it agrees when the receiver asks.

use std::io::{self, Write as _};
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;

use crate::cli::BAD;

#[derive(clap::Args)]
pub(super) struct Truth {
    /// A simulated platform, which is told what it has to know where the callback is true
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9003")]
    platform: String,
    /// Tell it something else: another amount, another address, an order that stands otherwise
    #[arg(long)]
    untrue: bool,
    /// Tell it nothing
    #[arg(long, conflicts_with = "untrue")]
    untold: bool,
}

/// It is on this machine.
const PATIENCE: Duration = Duration::from_secs(5);

impl Truth {
    /// Tells what `known` makes of it. Where nobody takes it, the callback is sent all the same, and it is said here.
    pub(super) fn tell(&self, known: impl FnOnce(bool) -> Value) -> io::Result<()> {
        if self.untold {
            return Ok(());
        }
        let url = format!("{}/simulator", self.platform.trim_end_matches('/'));
        let agent: Agent = Agent::config_builder().timeout_global(Some(PATIENCE)).build().into();
        match agent.post(&url).send(known(!self.untrue).to_string()) {
            Ok(_) => Ok(()),
            Err(error) => {
                let why = match error {
                    ureq::Error::StatusCode(status) => format!("HTTP {status}"),
                    error => error.to_string(),
                };
                writeln!(
                    anstream::stderr(),
                    "{BAD}no simulated platform{BAD:#} at {url} ({why}): the callback is sent all the same, and nobody vouches for it"
                )
            }
        }
    }
}
