//! How a callback is delivered: posted as the platform would, and told what the platform would make of the answer.

use std::borrow::Cow;
use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;
use serde_json::Value;
use waas_platform::{Exchange, Platform};

use super::pretty::pretty;
use super::{ApiKeyArgs, BAD, FAINT, GOOD, KeyArgs, is_broken_pipe, type_name};

/// How often it is sent, by whom, and how it is told.
#[derive(clap::Args)]
pub(super) struct Delivery {
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

impl Delivery {
    /// Sends `plaintext`, a JSON object, as often as was asked for.
    pub(super) fn deliver(&self, url: &str, plaintext: &str) -> anyhow::Result<ExitCode> {
        let api_key = Some(self.api_key.api_key.clone()).filter(|key| !key.is_empty());
        let platform = Platform::new(self.key.read()?, api_key);

        let mut in_order = 0;
        let mut out = anstream::stdout().lock();
        for sent in 1..=self.repeat {
            let callback = if self.new_uuid {
                Cow::Owned(waas_platform::with_new_uuid(plaintext)?)
            } else {
                Cow::Borrowed(plaintext)
            };
            let exchange = platform.send(url, &callback)?;
            in_order += u16::from(is_in_order(&exchange));
            match self.print(&mut out, url, &platform, &callback, &exchange) {
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
        url: &str,
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
        print_request(out, url, &request)?;
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
    write!(out, "  {FAINT}type {} {}", request["type"], type_name(&request["type"]))?;
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
