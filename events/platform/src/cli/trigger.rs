//! `waas trigger`: a well-formed callback without a file.

mod fields;
mod truth;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use serde::Serialize;

use super::delivery::Delivery;
use super::pretty::pretty;
use fields::{AddressChange, Common, Confirmation, Deposit, Failure, Fields, Shortage, Withdrawal};
use truth::Truth;

const URL: &str = "http://127.0.0.1:9000/callback";
/// Type 2 has a URL of its own.
const CONFIRMATION_URL: &str = "http://127.0.0.1:9000/callback/withdrawal-confirmation";

/// Sends a callback made of defaults and flags: a new event each time, unless flags say which. A simulated platform that
/// listens is told first that it is so, for the receiver may ask it
#[derive(clap::Args)]
#[command(subcommand_value_name = "CALLBACK", subcommand_help_heading = "Callbacks")]
#[command(after_help = "\
Examples:
  waas trigger deposit --tenant-user-id 2049 --amount 2.5
  waas trigger deposit --new-uuid --repeat 3                 one event and its retries
  waas trigger withdrawal-confirmation --call-back-id D1     asks for the order D1
  waas trigger withdrawal --call-back-id D1 --amount 1.5     says that it is paid
  waas trigger deposit --untrue                              the platform knows another amount
  waas trigger insufficient-gas --print                      shows the plaintext, sends nothing

Exit status: 0 every answer was accepted and has no problems, 1 one was refused or has problems,
2 there was no answer.")]
pub(crate) struct Args {
    #[command(subcommand)]
    callback: Callback,
}

/// In the order of their types, 1 to 7.
#[derive(clap::Subcommand)]
enum Callback {
    /// Type 1: money arrived on a user's deposit address
    Deposit(Trigger<Deposit>),
    /// Type 2: the platform asks what a withdrawal is to pay
    WithdrawalConfirmation(Trigger<Confirmation>),
    /// Type 3: a withdrawal is paid, or an energy lease arrived
    Withdrawal(Trigger<Withdrawal>),
    /// Type 4: a user's deposit address changed
    AddressChange(Trigger<AddressChange>),
    /// Type 5: a withdrawal ended without paying
    WithdrawalFailure(Trigger<Failure>),
    /// Type 6: a withdrawal waits for coin in the hot wallet
    InsufficientBalance(Trigger<Shortage>),
    /// Type 7: a withdrawal waits for gas in the hot wallet
    InsufficientGas(Trigger<Shortage>),
}

#[derive(clap::Args)]
struct Trigger<F: clap::Args> {
    #[command(flatten, next_help_heading = "Fields of the callback")]
    common: Common,
    #[command(flatten)]
    fields: F,
    #[command(flatten, next_help_heading = "What the platform knows")]
    truth: Truth,
    #[command(flatten, next_help_heading = "Sending")]
    to: To,
}

/// Where it goes.
#[derive(clap::Args)]
struct To {
    /// The receiver's callback URL [default: the route of waas-local for this type]
    #[arg(long)]
    url: Option<String>,
    /// Print the plaintext and send nothing
    #[arg(long)]
    print: bool,
    #[command(flatten)]
    delivery: Delivery,
}

#[derive(Serialize)]
struct Plaintext<F> {
    r#type: u8,
    #[serde(flatten)]
    common: Common,
    #[serde(flatten)]
    fields: F,
}

impl Args {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.callback {
            Callback::Deposit(trigger) => trigger.run(1, URL),
            Callback::WithdrawalConfirmation(trigger) => trigger.run(2, CONFIRMATION_URL),
            Callback::Withdrawal(trigger) => trigger.run(3, URL),
            Callback::AddressChange(trigger) => trigger.run(4, URL),
            Callback::WithdrawalFailure(trigger) => trigger.run(5, URL),
            Callback::InsufficientBalance(trigger) => trigger.run(6, URL),
            Callback::InsufficientGas(trigger) => trigger.run(7, URL),
        }
    }
}

impl<F: Fields> Trigger<F> {
    fn run(self, r#type: u8, url: &str) -> anyhow::Result<ExitCode> {
        let Self { common, fields, truth, to } = self;
        let callback = Plaintext { r#type, common, fields: fields.completed() };
        let plaintext = serde_json::to_string(&callback)?;
        if to.print {
            let pretty = pretty(&plaintext).context("a callback is JSON")?;
            writeln!(anstream::stdout().lock(), "{pretty}")?;
            return Ok(ExitCode::SUCCESS);
        }
        truth.tell(|is_true| callback.fields.known(callback.common.user(), is_true))?;
        to.delivery.deliver(to.url.as_deref().unwrap_or(url), &plaintext)
    }
}
