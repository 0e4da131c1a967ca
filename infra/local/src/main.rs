//! `waas-local`: the stack on one machine.

mod serve;

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser, Subcommand};
use waas_callback_aws::Config;
use waas_local::audit::{Reading, audit};
use waas_local::open_balances::{Balances, Door, post};
use waas_local::{Progress, demo};

use serve::Serve;

/// How an audit ends that found no difference, and could not decide on something.
const UNDECIDED: u8 = 3;
/// How it ends if some rows were not posted, and the rest was.
const NOT_POSTED: u8 = 3;

/// The WaaS callback receiver on one machine: DynamoDB, Secrets Manager, the API's routes, and a simulated platform.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Subcommand)]
enum Command {
    /// Play a story on a stack of its own and print what happened; needs no other set-up
    Demo {
        /// The whole story, every kind of callback in it
        #[arg(long)]
        all: bool,
    },
    /// Serve until interrupted (the default)
    Serve(Serve),
    /// Recompute from the events what every other record has to be, and name each difference. Reads the tables that
    /// the environment names (the five `*_TABLE` variables, `AWS_REGION`, credentials), here or in AWS, while
    /// callbacks arrive. Exits with 1 if there is a difference, with 3 if there is none but something changed
    /// whenever it was looked at
    Audit {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
        /// Tell how far it is even where standard error is no terminal
        #[arg(long)]
        progress: bool,
        /// How many parts of a table to read at once: more are quicker, and take more of its capacity
        #[arg(long, value_name = "COUNT", default_value_t = Reading::default().segments,
              value_parser = clap::value_parser!(i32).range(1..=256))]
        segments: i32,
    },
    /// Post what users have when the ledger is opened: an adjustment with the reason `opening` for each row, through the
    /// operator API. Run it again after it was stopped: nothing is posted twice. Exits with 1 if a line is wrong, and then
    /// nothing was posted, or if it was stopped; with 3 if rows were not posted since others or other amounts were before
    OpenBalances {
        /// CSV with the columns tenantUserId, chainName, symbol and amount, a user and an asset a row
        file: PathBuf,
        /// The API: the stack's output `MerchantApiUrl`, or waas-local's. Signed with the credentials of `AWS_…` if it is
        /// https
        #[arg(long, value_name = "URL", required_unless_present = "dry_run")]
        endpoint: Option<String>,
        /// Check every line and print the totals; post nothing
        #[arg(long)]
        dry_run: bool,
        /// Tell how far it is even where standard error is no terminal
        #[arg(long)]
        progress: bool,
        /// How many rows to post at once. The API's rate is for callbacks too
        #[arg(long, value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
        at_once: u8,
    },
    /// Print the completions for a shell
    Completions { shell: clap_complete::Shell },
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    match cli.command {
        Some(Command::Demo { all }) => {
            let length = if all { demo::Length::All } else { demo::Length::Brief };
            anstream::println!("{}", demo::play(length).await?);
        }
        Some(Command::Audit { json, progress, segments }) => {
            // The secret is none of an audit's business, and nothing is decided here.
            let lookup = |name: &str| match name {
                "WAAS_SECRET_ID" => Some("unused".to_owned()),
                "WAAS_VERIFY" => Some("true".to_owned()),
                name => std::env::var(name).ok(),
            };
            let reading = Reading { progress: shown(progress), segments };
            let found = audit(&Config::read(lookup)?, reading).await?;
            if json {
                anstream::println!("{}", found.json());
            } else {
                anstream::println!("{found}");
            }
            if !found.differences.is_empty() {
                return Ok(ExitCode::FAILURE);
            }
            if !found.undecided.is_empty() {
                return Ok(ExitCode::from(UNDECIDED));
            }
        }
        Some(Command::OpenBalances { file, endpoint, dry_run, progress, at_once }) => {
            let endpoint = endpoint.filter(|_| !dry_run);
            return open_balances(&file, endpoint, shown(progress), at_once).await;
        }
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "waas-local", &mut script);
            std::io::stdout().write_all(&script)?;
        }
        Some(Command::Serve(options)) => options.serve().await?,
        None => cli.serve.serve().await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A bar, or lines where there is no terminal and they are asked for.
fn shown(progress: bool) -> Progress {
    if progress && !std::io::stderr().is_terminal() { Progress::Lines } else { Progress::Bar }
}

/// Checks a file of opening balances, and posts it where an API is named.
async fn open_balances(
    file: &Path,
    endpoint: Option<String>,
    progress: Progress,
    at_once: u8,
) -> anyhow::Result<ExitCode> {
    let content = std::fs::File::open(file).with_context(|| file.display().to_string())?;
    let balances = Balances::read(content).with_context(|| file.display().to_string())?;
    anstream::println!("{balances}");
    if !balances.wrong.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    let Some(endpoint) = endpoint else { return Ok(ExitCode::SUCCESS) };
    let door = Door::at(&endpoint, |name| std::env::var(name).ok())?;
    let posting = tokio::task::spawn_blocking(move || post(&balances, &door, progress, at_once.into()));
    let posted = posting.await??;
    anstream::println!("{posted}");
    Ok(if posted.refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(NOT_POSTED) })
}
