//! Why there is no answer, what to do about it, and the exit status that tells scripts.

use std::io::{self, Write as _};
use std::process::ExitCode;

use serde_json::json;
use waas_client::{CallError, Effect, PlatformUrl};

use crate::cli::BAD;

/// By kind, as the help says.
pub(super) fn status(error: &CallError) -> ExitCode {
    ExitCode::from(kind(error).1)
}

/// The kind's name in `--json`, and its exit status. 2 is left to calls that were never made.
fn kind(error: &CallError) -> (&'static str, u8) {
    match error {
        CallError::Refused(_)
        | CallError::Unauthorized(_)
        | CallError::Forbidden(_)
        | CallError::NotFound(_) => ("refused", 1),
        CallError::UnknownThere => ("unknown", 3),
        CallError::Unreachable(_) => ("unreachable", 4),
        CallError::Status { .. } | CallError::TooLarge | CallError::NotJson | CallError::Envelope(_) => {
            ("no-answer", 4)
        }
        CallError::NotOpened(_) => ("not-opened", 5),
        CallError::OtherQuestion(_) => ("other-question", 6),
        CallError::Answer(_) | CallError::Unconfirmed => ("other-form", 6),
    }
}

/// On standard error; with `--json`, a line on standard output too.
pub(super) fn tell(error: &CallError, orders: Option<&str>, url: &PlatformUrl, json: bool) -> io::Result<()> {
    let said = error.said().filter(|said| !said.message().is_empty());
    if json {
        let line = json!({
            "error": kind(error).0,
            "text": error.to_string(),
            "code": error.said().map(waas_client::Said::code),
            "message": said.map(waas_client::Said::message),
            "effect": orders.map(|_| effect(error.effect())),
        });
        writeln!(anstream::stdout().lock(), "{line}")?;
    }
    let mut out = anstream::stderr().lock();
    writeln!(out, "{BAD}error:{BAD:#} {error}")?;
    if let Some(said) = said {
        writeln!(out, "  the platform's words: {:?}", said.message())?;
    }
    writeln!(out, "  {}", advice(error, url))?;
    if let Some(call_back_id) = orders {
        writeln!(out, "  {}", after_order(error.effect(), call_back_id))?;
    }
    Ok(())
}

fn advice(error: &CallError, url: &PlatformUrl) -> String {
    match error {
        CallError::Unreachable(_) => {
            format!("Is {url} the platform, and does it admit this machine's address?")
        }
        CallError::Unauthorized(_) => "Check --api-key; test and production have different ones.".to_owned(),
        CallError::Forbidden(_) => "Register this machine's IP address with the platform.".to_owned(),
        CallError::NotFound(_) => format!("Check --url; its path is taken as it stands: {url}"),
        CallError::Refused(said) if said.code_number() == Some(waas_client::Said::DECRYPTION_FAILED) => {
            "It could not open the call: --key is another merchant's, or the other environment's.".to_owned()
        }
        CallError::Refused(_) => {
            "No list of codes is published; of a question, a no may mean: unknown.".to_owned()
        }
        CallError::UnknownThere => "It may know later; ask again for a while.".to_owned(),
        CallError::Status { .. } | CallError::TooLarge | CallError::NotJson | CallError::Envelope(_) => {
            format!("Is {url} the platform? If it is, ask again later.")
        }
        CallError::NotOpened(_) => {
            "--key is not this platform's, or somebody else answers. Believe nothing of it.".to_owned()
        }
        CallError::OtherQuestion(_) => {
            "Never take it for an answer; ask again, and the platform why.".to_owned()
        }
        CallError::Answer(_) => {
            "The platform has changed, or answers were put together. Believe nothing of it.".to_owned()
        }
        CallError::Unconfirmed => "Code 0, and nothing in it.".to_owned(),
    }
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::NotSent => "not-sent",
        Effect::Refused => "refused",
        Effect::Unclear => "unclear",
    }
}

fn after_order(effect: Effect, call_back_id: &str) -> String {
    let ask = format!("waas call get-withdraw-order --call-back-id {call_back_id}");
    match effect {
        Effect::NotSent => "Nothing was sent: it may be ordered again.".to_owned(),
        Effect::Refused => format!("This call ordered nothing. Did an earlier one? {ask}"),
        Effect::Unclear => format!("IT MAY BE ORDERED, AND MAY BE PAID. Before anything else: {ask}"),
    }
}
