//! `waas-local`: the stack on one machine.

use std::io::{IsTerminal as _, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use waas_callback_aws::Config;
use waas_local::audit::{Reading, audit};
use waas_local::open_balances::{Balances, Door, post};
use waas_local::{Options, Progress, Stack, demo, development_secret};

/// The merchant's settings, which count here as they do for the functions (docs/settings.md).
const SETTINGS: [&str; 4] =
    ["WAAS_RISK_THRESHOLD", "WAAS_CONFIRMATION_MAX_AGE_SECONDS", "WAAS_ACTUAL_BELOW_ORDER", "WAAS_VERIFY"];

/// How an audit ends that found no difference, and could not decide on something.
const UNDECIDED: u8 = 3;
/// How it ends if some rows were not posted, and the rest was.
const NOT_POSTED: u8 = 3;

/// The WaaS callback receiver on one machine: DynamoDB, Secrets Manager and the API's routes.
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

#[derive(Args)]
struct Serve {
    /// Address to listen on. Loopback unless you say otherwise, for nothing here asks who calls: whoever reaches
    /// the address reads the secret and writes the tables. Containers reach loopback only on Docker Desktop
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// Port of the API's routes
    #[arg(long, default_value_t = 9000)]
    port: u16,
    /// Port of DynamoDB
    #[arg(long, default_value_t = 9001)]
    dynamodb_port: u16,
    /// Port of Secrets Manager
    #[arg(long, default_value_t = 9002)]
    secrets_manager_port: u16,
    /// Keep the tables in this file; without it they are gone at the end
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
    /// The secret's JSON, as `waas keygen` writes it; default: the development keys
    #[arg(long, value_name = "FILE")]
    secret: Option<PathBuf>,
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
        Some(Command::Serve(options)) => serve(options).await?,
        None => serve(cli.serve).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve(options: Serve) -> anyhow::Result<()> {
    let secret = match &options.secret {
        Some(path) => std::fs::read_to_string(path)?,
        None => development_secret(),
    };
    let mut stack = Stack::start(&Options {
        address: options.listen,
        api_port: options.port,
        dynamodb_port: options.dynamodb_port,
        secrets_manager_port: options.secrets_manager_port,
        database: options.database,
        secret: Some(secret),
        settings: SETTINGS.iter().filter_map(|name| Some((*name, std::env::var(name).ok()?))).collect(),
    })
    .await?;

    // What `waas` takes for granted need not be said.
    let at = |path: &str| match options.port {
        9000 => String::new(),
        _ => format!(" --url {}", stack.url(path)),
    };
    let key = options.secret.map_or("", |_| " --private-key PEM --api-key KEY");
    anstream::println!("# See the callbacks as they come: waas listen{}", at("/listen"));
    anstream::println!("# Send one, as the platform does: waas trigger deposit{}{key}", at("/callback"));
    anstream::println!("# Here, waas is: cargo run -q -p waas-platform --");
    if !options.listen.is_loopback() {
        anstream::eprintln!(
            "# WARNING: {} is not loopback. Nothing asks who calls: whoever reaches it reads the secret and writes the tables",
            options.listen
        );
    }
    anstream::println!("# The real binaries, the AWS CLI and the SDKs meet this stack with");
    for (name, value) in stack.environment() {
        anstream::println!("export {name}={value}");
    }
    anstream::println!("# Serving {}; Ctrl-C ends it", stack.url("/"));

    tokio::select! {
        failed = stack.run() => failed,
        _ = interrupted() => stack.stop().await,
    }
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

/// Ctrl-C, or the signal that supervisors send.
async fn interrupted() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => interrupt,
        _ = terminate.recv() => Ok(()),
    }
}
