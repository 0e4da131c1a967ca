//! The pipeline: `authenticate → open → parse → decide → commit → seal`, the same for every function.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt as _;
use lambda_http::http::HeaderValue;
use lambda_http::{Body, Request, RequestExt as _, Response};
use waas_callback::{Callback, Identity, OpenError, Payout, Policy, Refusal, Reply};

use crate::answer::{Answer, Failure};
use crate::clients;
use crate::config::Config;
use crate::keyring::{Keyring, KeyringError, Rejected};
use crate::ledger::{Committed, Ledger, Record, Unavailable};
use crate::retry::Deadline;
use crate::telemetry::Report;
use crate::{Function, secret::Secret};

/// One function with its keys and its tables, ready to take callbacks.
pub struct Receiver {
    function: Box<dyn Function>,
    keyring: Keyring,
    ledger: Ledger,
    policy: Policy,
}

/// An answer and the name of what happened, for the log.
struct Done {
    outcome: &'static str,
    is_success: bool,
    answer: Answer,
}

impl Receiver {
    /// Reads the keys and prepares the clients: all that can be done once.
    ///
    /// # Errors
    ///
    /// If the secret cannot be read or used.
    pub async fn start(config: &Config, function: impl Function) -> Result<Self, KeyringError> {
        let keyring = Keyring::load(clients::secrets_manager(config), config.secret_id.clone()).await?;
        let ledger = Ledger::connect(config);
        Ok(Self { function: Box::new(function), keyring, ledger, policy: config.policy })
    }

    /// Takes one callback. Always answers; a panic on the way is a 500 and touches no other callback.
    pub async fn receive(&self, request: Request) -> Response<Body> {
        let started = Instant::now();
        let mut report = Report::default();
        let handled = AssertUnwindSafe(self.handle(&request, &mut report)).catch_unwind().await;
        let done = handled.unwrap_or_else(|_| Done::failed(Failure::Internal));
        let Done { outcome, is_success, answer } = done;
        report.finish(outcome, is_success, answer.status.as_u16(), answer.err_code, started.elapsed());
        answer.into_response()
    }

    async fn handle(&self, request: &Request, report: &mut Report) -> Done {
        let now = SystemTime::now();
        let deadline = Deadline::after(time_left(request, now));
        let api_key = request.headers().get("x-api-key").map(HeaderValue::as_bytes);
        let body = match request.body() {
            Body::Text(text) => text.as_bytes(),
            Body::Binary(bytes) => bytes,
            _ => &[],
        };
        let (opened, secret) = match self.keyring.open(api_key, body, now, deadline).await {
            Ok(opened) => opened,
            Err(rejected) => {
                let failure = match rejected {
                    Rejected::Unauthorized => Failure::Unauthorized,
                    Rejected::CannotOpen(OpenError::TooLarge) => Failure::TooLarge,
                    Rejected::CannotOpen(error) => {
                        report.cause = Some(error.to_string());
                        Failure::CannotOpen
                    }
                    Rejected::Unavailable => Failure::Unavailable,
                };
                return Done::failed(failure);
            }
        };
        let callback = match Callback::parse(&opened) {
            Ok(Some(callback)) => callback,
            Ok(None) => return Done { outcome: "unknown", is_success: true, answer: Answer::nothing() },
            Err(error) => {
                let message = error.to_string();
                let answer = Answer::failed(Failure::Malformed, &message);
                report.cause = Some(message);
                return Done { outcome: Failure::Malformed.name(), is_success: false, answer };
            }
        };
        let identity = Identity::of(&callback);
        report.identify(&callback, &identity.event_key);
        let decide = |seen: &_| self.function.decide(&callback, seen, &self.policy, now);
        let record = Record::of(&callback, &identity);
        let settled = match self.ledger.settle(&record, decide, now, deadline).await {
            Ok(settled) => settled,
            Err(unavailable) => return Done::unavailable(&unavailable, report),
        };
        let payout = settled.payout.as_ref();
        match settled.committed {
            Committed::Applied(outcome) => Done::accepted(&secret, &callback, payout, outcome.name()),
            Committed::Repetition => match self.function.repeat(&callback, &settled.seen) {
                Ok(payout) => Done::accepted(&secret, &callback, payout.as_ref(), "repetition"),
                Err(refusal) => match self.ledger.record_refusal(&record, refusal, now, deadline).await {
                    Ok(()) => Done::refused(&secret, &callback, refusal),
                    Err(unavailable) => Done::unavailable(&unavailable, report),
                },
            },
            Committed::Refused(refusal) => Done::refused(&secret, &callback, refusal),
        }
    }
}

impl Done {
    fn accepted(
        secret: &Secret,
        callback: &Callback,
        payout: Option<&Payout>,
        outcome: &'static str,
    ) -> Self {
        let answer = Answer::accepted(&secret.api_key, &seal(secret, callback, payout));
        Self { outcome, is_success: true, answer }
    }

    fn refused(secret: &Secret, callback: &Callback, refusal: Refusal) -> Self {
        let answer = Answer::refused(&secret.api_key, &seal(secret, callback, None), refusal);
        Self { outcome: refusal.name(), is_success: false, answer }
    }

    fn unavailable(unavailable: &Unavailable, report: &mut Report) -> Self {
        report.cause = Some(unavailable.to_string());
        Self::failed(Failure::Unavailable)
    }

    fn failed(failure: Failure) -> Self {
        let answer = Answer::failed(failure, &failure.to_string());
        Self { outcome: failure.name(), is_success: false, answer }
    }
}

fn seal(secret: &Secret, callback: &Callback, payout: Option<&Payout>) -> String {
    let reply = Reply::to(callback, payout).to_json();
    secret.response_public_key.seal(reply.as_bytes(), &mut rand::rng())
}

/// What Lambda grants this invocation still, if it says so.
fn time_left(request: &Request, now: SystemTime) -> Option<Duration> {
    match request.lambda_context_ref()?.deadline().duration_since(now) {
        Ok(left) => Some(left),
        // No invocation lives longer than that: a deadline further back is none.
        Err(passed) if passed.duration() > Duration::from_mins(15) => None,
        Err(_) => Some(Duration::ZERO),
    }
}
