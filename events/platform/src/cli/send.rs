//! `waas send`: posts a callback as the platform would, and says what the platform would make of the answer.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use anyhow::Context as _;
use serde::Serialize;
use serde_json::Value;
use waas_platform::{Exchange, Platform};

use super::pretty::pretty;
use super::{ApiKeyArgs, KeyArgs, is_broken_pipe, read_text};

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const FAINT: Style = Style::new().dimmed();

/// The platform's names of types 0 to 7.
const TYPES: [&str; 8] = [
    "NOTIFY_UNKNOWN",
    "NOTIFY_DEPOSITED",
    "NOTIFY_REQUEST_WITHDRAW",
    "NOTIFY_WITHDRAW",
    "NOTIFY_ADDRESS",
    "NOTIFY_INVALID_ADDRESS",
    "NOTIFY_NOT_ENOUGH_MONEY",
    "NOTIFY_NOT_ENOUGH_HOT_MONEY",
];

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
    /// Give every sending a fresh requestUUID, as the platform does with a retry
    #[arg(long)]
    new_uuid: bool,
    /// Send so many times, one after the other
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=10_000))]
    repeat: u16,
    /// Print a line of JSON per exchange
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    key: KeyArgs,
    #[command(flatten)]
    api_key: ApiKeyArgs,
}

/// One line of `--json`.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "requestUUID")]
    request_uuid: &'a Value,
    accepted: bool,
    #[serde(flatten)]
    exchange: &'a Exchange,
}

impl Args {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let plaintext = read_text(&self.file)?;
        let not_json = || format!("{} is no callback", self.file.display());
        serde_json::from_str::<serde_json::Map<String, Value>>(&plaintext).with_context(not_json)?;
        let api_key = Some(self.api_key.api_key.clone()).filter(|key| !key.is_empty());
        let platform = Platform::new(self.key.read()?, api_key);

        let mut in_order = 0;
        let mut out = anstream::stdout().lock();
        for sent in 1..=self.repeat {
            let callback = if self.new_uuid {
                Cow::Owned(waas_platform::with_new_uuid(&plaintext).with_context(not_json)?)
            } else {
                Cow::Borrowed(&*plaintext)
            };
            let exchange = platform.send(&self.url, &callback)?;
            in_order += u16::from(is_in_order(&exchange));
            match self.print(&mut out, &platform, &callback, &exchange) {
                // Nobody reads on, so nothing more is sent; what was sent still counts.
                Err(error) if is_broken_pipe(&error) => return Ok(status(in_order == sent)),
                printed => printed?,
            }
        }
        if self.repeat > 1 && !self.json {
            writeln!(out, "{} sent, {in_order} of them accepted without problems", self.repeat)?;
        }
        Ok(status(in_order == self.repeat))
    }

    fn print(
        &self,
        out: &mut impl Write,
        platform: &Platform,
        callback: &str,
        exchange: &Exchange,
    ) -> anyhow::Result<()> {
        let request: Value = serde_json::from_str(callback)?;
        if self.json {
            let request_uuid = &request["requestUUID"];
            let line = Line { request_uuid, accepted: exchange.is_accepted(), exchange };
            writeln!(out, "{}", serde_json::to_string(&line)?)?;
            return Ok(());
        }
        print_request(out, &self.url, &request)?;
        print_answer(out, platform, exchange)?;
        Ok(())
    }
}

fn is_in_order(exchange: &Exchange) -> bool {
    // 204 is the answer to type 0; as the answer to another type it is a problem.
    exchange.problems.is_empty() && (exchange.is_accepted() || exchange.status == 204)
}

fn status(in_order: bool) -> ExitCode {
    if in_order { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print_request(out: &mut impl Write, url: &str, request: &Value) -> io::Result<()> {
    writeln!(out, "POST {url}")?;
    let number = request["type"].to_string();
    let name = number.trim_matches('"').parse().ok().and_then(|number: usize| TYPES.get(number));
    write!(out, "  {FAINT}type {number} {}", name.unwrap_or(&"(unknown)"))?;
    for field in ["requestUUID", "trackingId", "callBackId", "txId", "tenantUserId"] {
        if !request[field].is_null() {
            write!(out, "\n  {field} {}", request[field])?;
        }
    }
    writeln!(out, "{FAINT:#}")
}

fn print_answer(out: &mut impl Write, platform: &Platform, exchange: &Exchange) -> io::Result<()> {
    let (style, verdict) = match &exchange.answer {
        Some(_) if exchange.is_accepted() => (GOOD, "accepted"),
        Some(_) => (BAD, "refused"),
        None if is_in_order(exchange) => (GOOD, "left unanswered, as it should be"),
        None => (BAD, "not answered by the protocol"),
    };
    writeln!(out, "HTTP {} after {} ms: {style}{verdict}{style:#}", exchange.status, exchange.latency_ms)?;
    if let Some(answer) = &exchange.answer {
        writeln!(out, "  errCode {}, message {:?}", answer.err_code, answer.message)?;
        // Opened once more, since the exchange keeps the reply as a value, which has lost its fields' order.
        if let Some(reply) = platform.key.open(&answer.data).ok().and_then(|reply| pretty(&reply)) {
            writeln!(out, "  reply {}", reply.replace('\n', "\n  "))?;
        }
    }
    for problem in &exchange.problems {
        writeln!(out, "  {BAD}problem:{BAD:#} {problem}")?;
    }
    Ok(())
}
