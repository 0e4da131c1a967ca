//! `waas call`: the merchant's calls to the platform, through `waas-client`.

mod answers;
mod failure;
mod merchant;
mod questions;

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use waas_client::{CallError, Client, Https, Timeouts};

use super::GOOD;
use answers::Answer;
use merchant::MerchantArgs;
use questions::{DailyStatistics, DepositOrder, Direct, UserAddress, WithdrawOrder, WithdrawRequest};

/// Calls the platform as a merchant does: asks what is true there, or orders a withdrawal
#[derive(clap::Args)]
#[command(subcommand_value_name = "CALL", subcommand_help_heading = "Calls")]
#[command(after_help = "\
Examples:
  waas call get-withdraw-order --call-back-id D1
  waas call get-user-address --tenant-user-id 2049 --chain-name TRON --symbol USDT --json
  waas call get-withdraw-order --call-back-id D1 --url https://waas.example --key secret.json --user-id 1308734

Exit status: 0 answered, 1 the platform says no, 2 it could not be asked like this, 3 unknown there,
4 it cannot be reached or gives no answer of its documents' form, 5 its answer cannot be opened,
6 it answers another question, or not as documented.")]
pub(crate) struct Args {
    #[command(subcommand)]
    call: Question,
}

/// In the order of the documents.
#[derive(clap::Subcommand)]
enum Question {
    /// Is that deposit the platform's, and how much is it?
    GetDepositOrder(Call<DepositOrder>),
    /// How far is that withdrawal?
    GetWithdrawOrder(Call<WithdrawOrder>),
    /// Orders a withdrawal; the platform asks back what to pay
    WithdrawRequest(Call<WithdrawRequest>),
    /// Orders a withdrawal or a lease of energy; the platform PAYS IT as it stands
    WithdrawWithoutVerify(Call<Direct>),
    /// A user's deposit address of today; REGISTERS a user whom the platform does not know
    GetUserAddress(Call<UserAddress>),
    /// The totals of a day
    GetUserDailyStatistics(Call<DailyStatistics>),
}

#[derive(clap::Args)]
struct Call<Q: clap::Args> {
    #[command(flatten, next_help_heading = "Fields of the call")]
    question: Q,
    #[command(flatten, next_help_heading = "The platform and the merchant")]
    merchant: MerchantArgs,
    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=600))]
    timeout: u16,
    /// Print the answer, or why there is none, as a line of JSON
    #[arg(long)]
    json: bool,
}

/// What can be asked: the fields as they were given, checked and sent.
trait Ask: clap::Args {
    /// Does the call send the merchant's own id?
    const NAMES_MERCHANT: bool = false;

    /// The outer error: what was given makes no call. The inner: the call brought nothing.
    async fn ask(&self, client: &Client) -> anyhow::Result<Result<Answer, CallError>>;

    /// The order's id, if the call orders a payout.
    fn orders(&self) -> Option<&str> {
        None
    }
}

impl Args {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.call {
            Question::GetDepositOrder(call) => call.run(),
            Question::GetWithdrawOrder(call) => call.run(),
            Question::WithdrawRequest(call) => call.run(),
            Question::WithdrawWithoutVerify(call) => call.run(),
            Question::GetUserAddress(call) => call.run(),
            Question::GetUserDailyStatistics(call) => call.run(),
        }
    }
}

impl<Q: Ask> Call<Q> {
    fn run(self) -> anyhow::Result<ExitCode> {
        let total = Duration::from_secs(self.timeout.into());
        let connect = Timeouts::default().connect.min(total / 2); // what `total` ends counts as sent
        let transport = Https::new(self.merchant.url.clone(), Timeouts { connect, total });
        let client = Client::new(transport, self.merchant.read(Q::NAMES_MERCHANT)?);

        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let asked = runtime.context("cannot start")?.block_on(self.question.ask(&client))?;
        match asked {
            Ok(answer) if self.json => writeln!(anstream::stdout().lock(), "{}", answer.json())?,
            Ok(answer) => {
                let mut out = anstream::stdout().lock();
                writeln!(out, "{GOOD}{}{GOOD:#}", answer.says())?;
                for (name, value) in answer.fields() {
                    writeln!(out, "  {name} {value}")?;
                }
            }
            Err(error) => {
                failure::tell(&error, self.question.orders(), &self.merchant.url, self.json)?;
                return Ok(failure::status(&error));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
