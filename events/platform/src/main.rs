//! `waas`: the platform's side of the callback protocol as a command, for rehearsals and a first look.

mod cli;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use cli::BAD;

/// The platform's side of the WaaS callback protocol: makes key pairs, seals, opens and sends
/// callbacks. And the merchant's calls to the platform.
#[derive(Parser)]
#[command(name = "waas", version, max_term_width = 100, after_help = cli::EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Trigger(Box<cli::trigger::Args>),
    Listen(cli::listen::Args),
    Platform(cli::platform::Args),
    Call(Box<cli::call::Args>),
    Keygen(cli::keygen::Args),
    Seal(cli::seal::Args),
    Open(cli::open::Args),
    Send(cli::send::Args),
    Completions(cli::completions::Args),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Trigger(args) => args.run(),
        Command::Listen(args) => args.run(),
        Command::Platform(args) => args.run(),
        Command::Call(args) => args.run(),
        Command::Keygen(args) => args.run(),
        Command::Seal(args) => args.run(),
        Command::Open(args) => args.run(),
        Command::Send(args) => args.run(),
        Command::Completions(args) => args.run(Cli::command()),
    };
    match done {
        Ok(status) => status,
        // Whoever read our output has seen enough, as `head` does.
        Err(error) if cli::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(anstream::stderr(), "{BAD}error:{BAD:#} {error:#}");
            ExitCode::from(2)
        }
    }
}
