//! `waas listen`: what comes to a running waas-local, as it comes.

use std::io::{self, BufRead as _, BufReader, Write};
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::Value;
use ureq::Agent;

use super::pretty::pretty;
use super::{BAD, FAINT, GOOD, is_broken_pipe, type_name};

/// Shows each callback that comes to waas-local: its content, what was decided, what was posted
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  waas listen
  waas listen --json | jq -r '[.outcome, .latencyMs] | @tsv'

In --json, amounts are texts and `callback` is the content as the text that came; `record` is what stands in
the table Events of it. Ends with waas-local, or by Ctrl-C. Exit status: 0, or 2 if there is none to listen to.")]
pub(crate) struct Args {
    /// Where waas-local tells of its callbacks
    #[arg(long, default_value = "http://127.0.0.1:9000/listen")]
    url: String,
    /// Print a line of JSON per callback, as it comes
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let agent: Agent = Agent::new_with_defaults();
        let answer = agent.get(&self.url).call();
        let answer = answer.with_context(|| format!("no waas-local tells of callbacks at {}", self.url))?;
        // On standard error, so that standard output is callbacks alone.
        writeln!(anstream::stderr(), "{FAINT}Listening to {}; Ctrl-C ends it{FAINT:#}", self.url)?;
        let mut out = anstream::stdout().lock();
        for line in BufReader::new(answer.into_body().into_reader()).lines() {
            let told = self.tell(&mut out, &line.context("waas-local broke off")?);
            match told.and_then(|()| Ok(out.flush()?)) {
                Err(error) if is_broken_pipe(&error) => return Ok(ExitCode::SUCCESS),
                told => told?,
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn tell(&self, out: &mut impl Write, line: &str) -> anyhow::Result<()> {
        if self.json {
            writeln!(out, "{line}")?;
            return Ok(());
        }
        let told: Value = serde_json::from_str(line).context("this is not what waas-local tells")?;
        if let Some(count) = told["missed"].as_u64() {
            writeln!(out, "{BAD}{count} callbacks came too fast to be shown{BAD:#}\n")?;
            return Ok(());
        }
        decided(out, &told)?;
        content(out, &told)?;
        recorded(out, &told)?;
        writeln!(out)?;
        Ok(())
    }
}

/// Time, route, outcome, answer, latency.
fn decided(out: &mut impl Write, told: &Value) -> io::Result<()> {
    let text = |name: &str| told[name].as_str().unwrap_or_default();
    let style = if told["errCode"] == 0 { GOOD } else { BAD };
    writeln!(
        out,
        "{FAINT}{}{FAINT:#} {} {style}{}{style:#} HTTP {} errCode {} in {:.1} ms",
        text("at"),
        text("path"),
        text("outcome"),
        told["status"],
        told["errCode"],
        told["latencyMs"].as_f64().unwrap_or_default(),
    )?;
    let (message, cause) = (text("message"), told["cause"].as_str().unwrap_or_default());
    for (name, said) in [("message", message), ("cause", if cause == message { "" } else { cause })] {
        if !said.is_empty() {
            writeln!(out, "  {name}: {said}")?;
        }
    }
    Ok(())
}

/// What the callback says, field by field as it came.
fn content(out: &mut impl Write, told: &Value) -> io::Result<()> {
    let Some(plaintext) = told["callback"].as_str() else {
        return writeln!(out, "  not sealed for this stack's key: no content");
    };
    let Some(pretty) = pretty(plaintext) else { return writeln!(out, "  not JSON: {plaintext:?}") };
    let callback: Value = serde_json::from_str(plaintext)?;
    let number = &callback["type"];
    writeln!(out, "  type {number} {} {}", type_name(number), pretty.replace('\n', "\n  "))
}

/// What the ledger has of it, and what this callback added to balances.
fn recorded(out: &mut impl Write, told: &Value) -> io::Result<()> {
    if let Some(why) = told["unread"].as_str() {
        return writeln!(out, "  {BAD}the ledger could not be read:{BAD:#} {why}");
    }
    let record = &told["record"];
    let text = |name: &str| record[name].as_str().unwrap_or("?");
    let Some(key) = record["eventKey"].as_str() else { return writeln!(out, "  nothing is recorded of it") };
    writeln!(out, "  {FAINT}{key}{FAINT:#}")?;
    // A repetition, or a refusal, applied nothing.
    if told["errCode"] != 0 || told["outcome"] != record["outcome"] {
        return writeln!(out, "  recorded as {} at {}", text("outcome"), text("recordedAt"));
    }
    let postings = record["postings"].as_array().map_or(&[][..], Vec::as_slice);
    if postings.is_empty() {
        return writeln!(out, "  nothing posted");
    }
    postings.iter().try_for_each(|posting| posted(out, posting))
}

fn posted(out: &mut impl Write, posting: &Value) -> io::Result<()> {
    let text = |name: &str| posting[name].as_str().unwrap_or("?");
    write!(out, "  posted {} {}:", text("tenantUserId"), text("asset"))?;
    for part in ["available", "frozen", "held"] {
        match text(part) {
            "0" => {}
            minus if minus.starts_with('-') => write!(out, " {part} {BAD}{minus}{BAD:#}")?,
            plus => write!(out, " {part} {GOOD}+{plus}{GOOD:#}")?,
        }
    }
    writeln!(out)
}
