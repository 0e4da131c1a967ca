//! `waas platform`: the simulated platform, served on this machine.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::Context as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::net::TcpListener;
use waas_platform::Platform;
use waas_platform::simulator::{Merchant, Scenario, Served, Simulator, Told};

use super::{ApiKeyArgs, BAD, FAINT, GOOD, KeyArgs, type_name};

/// Serves a simulated platform on 127.0.0.1: the merchant's calls, and callbacks with retries
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  waas platform --state events/platform/scenario.json
  waas platform --state events/platform/scenario.json --callbacks-to http://127.0.0.1:9000/callback
  curl http://127.0.0.1:9003/simulator | jq .payouts
  curl http://127.0.0.1:9003/simulator -d '{\"outcomes\": {\"D1\": \"failed\"}}'

docs/simulator.md tells how a state is written, and how it misbehaves. Ends by Ctrl-C.")]
pub(crate) struct Args {
    /// The port; 0 is any free one
    #[arg(long, default_value_t = 9003)]
    port: u16,
    /// What it knows, and what goes wrong: JSON
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// The merchant's callback URL; without it, callbacks wait
    #[arg(long, value_name = "URL")]
    callbacks_to: Option<String>,
    /// The merchant's URL for type 2 [default: CALLBACKS_TO/withdrawal-confirmation]
    #[arg(long, value_name = "URL", requires = "callbacks_to")]
    confirmations_to: Option<String>,
    /// The same number makes the same ids and addresses
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    #[command(flatten)]
    key: KeyArgs,
    #[command(flatten)]
    api_key: ApiKeyArgs,
}

impl Args {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let api_key = Some(self.api_key.api_key.clone()).filter(|key| !key.is_empty());
        let platform = Platform::new(self.key.read()?, api_key);
        let rng = self.seed.map_or_else(|| StdRng::from_rng(&mut rand::rng()), StdRng::seed_from_u64);
        let simulator = Simulator::new(platform, Box::new(rng));
        let served = Served::new(simulator, SystemTime::now, |told| _ = tell(&told));
        if let Some(path) = &self.state {
            let json = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            let scenario: Scenario =
                serde_json::from_str(&json).with_context(|| format!("{} is no state", path.display()))?;
            served.add(scenario).with_context(|| format!("{} is no state", path.display()))?;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.context("cannot start")?.block_on(self.serve(served))?;
        Ok(ExitCode::SUCCESS)
    }

    async fn serve(self, served: Served) -> anyhow::Result<()> {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await;
        let listener = listener.with_context(|| format!("cannot listen on port {}", self.port))?;
        let url = format!("http://{}", listener.local_addr()?);
        let mut out = anstream::stdout();
        writeln!(out, "# Serving the platform on {url}; what it knows: {url}/simulator")?;
        if let Some(callbacks) = self.callbacks_to {
            let own = || format!("{}/withdrawal-confirmation", callbacks.trim_end_matches('/'));
            let confirmations = self.confirmations_to.unwrap_or_else(own);
            writeln!(out, "# Callbacks go to {callbacks}, type 2 to {confirmations}")?;
            tokio::spawn(served.clone().call_back(Merchant { callbacks, confirmations }));
        } else {
            writeln!(out, "# Callbacks wait: --callbacks-to says where they go")?;
        }
        out.flush()?;
        Ok(served.answer(listener).await?)
    }
}

/// One line each. That nobody reads them is no reason to end.
fn tell(told: &Told<'_>) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    match told {
        Told::Call(path, Some(status)) => writeln!(out, "call {path}: HTTP {status}"),
        Told::Call(path, None) => writeln!(out, "call {path}: {BAD}no answer{BAD:#}"),
        Told::Callback(sending, exchange) => {
            let number = &sending.request["type"];
            write!(out, "callback type {number} {} ", type_name(number))?;
            write!(out, "{FAINT}{}{FAINT:#}: ", sending.request["requestUUID"])?;
            match exchange {
                Ok(exchange) if exchange.is_accepted() => writeln!(out, "{GOOD}accepted{GOOD:#}"),
                Ok(exchange) => {
                    let code = exchange.answer.as_ref().map(|answer| answer.err_code);
                    let code = code.map_or_else(|| "none".to_owned(), |code| code.to_string());
                    writeln!(out, "{BAD}HTTP {} errCode {code}{BAD:#}, again later", exchange.status)
                }
                Err(error) => writeln!(out, "{BAD}{error}{BAD:#}, again later"),
            }
        }
    }
}
