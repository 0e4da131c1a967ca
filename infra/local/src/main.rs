//! `waas-local`: the stack on one machine.

use std::io::{IsTerminal as _, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use waas_callback_aws::Config;
use waas_local::audit::{Progress, Reading, audit};
use waas_local::{Options, Stack, demo, development_secret};

/// The merchant's settings, which count here as they do for the functions (docs/settings.md).
const SETTINGS: [&str; 4] =
    ["WAAS_RISK_THRESHOLD", "WAAS_CONFIRMATION_MAX_AGE_SECONDS", "WAAS_ACTUAL_BELOW_ORDER", "WAAS_VERIFY"];

/// How an audit ends that found no difference, and could not decide on something.
const UNDECIDED: u8 = 3;

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
            let is_terminal = std::io::stderr().is_terminal();
            let progress = if progress && !is_terminal { Progress::Lines } else { Progress::Bar };
            let found = audit(&Config::read(lookup)?, Reading { progress, segments }).await?;
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

/// Ctrl-C, or the signal that supervisors send.
async fn interrupted() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => interrupt,
        _ = terminate.recv() => Ok(()),
    }
}
