//! The pipeline: `authenticate → open → parse → decide → commit → seal`, the same for every function.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt as _;
use lambda_http::http::HeaderValue;
use lambda_http::{Body, Request, RequestExt as _, Response};
use waas_callback::{Callback, Decide, Decision, Found, Policy, Refusal, Situation, Terms, is_asked_about};

use crate::answer::{Answer, Failure, FailureKind};
use crate::clients;
use crate::commit::{Decider, NotSettled, Settled};
use crate::config::Config;
use crate::keyring::{Keyring, KeyringError};
use crate::retry::Deadline;
use crate::secret::Secret;
use crate::tables::Ledger;
use crate::tables::events::Event;
use crate::telemetry::Report;

/// One function with its keys and its tables, ready to take callbacks.
pub struct Receiver {
    function: Box<dyn Decide>,
    keyring: Keyring,
    ledger: Ledger,
    policy: Policy,
}

impl Receiver {
    /// Reads the keys and prepares the clients: all that can be done once.
    ///
    /// # Errors
    ///
    /// If the secret cannot be read or used.
    pub async fn start(config: &Config, function: impl Decide) -> Result<Self, KeyringError> {
        let keyring = Keyring::load(clients::secrets_manager(config), config.secret_id.clone()).await?;
        let ledger = Ledger::connect(config);
        Ok(Self { function: Box::new(function), keyring, ledger, policy: config.policy })
    }

    /// Takes one callback. Always answers; a panic on the way is a 500 and touches no other callback.
    pub async fn receive(&self, request: Request) -> Response<Body> {
        let started = Instant::now();
        let mut report = Report::default();
        let handled = AssertUnwindSafe(self.handle(&request, &mut report)).catch_unwind().await;
        let answer =
            handled.unwrap_or_else(|_| Err(FailureKind::Internal.into())).unwrap_or_else(Answer::from);
        report.finish(&answer, started.elapsed());
        answer.into_response()
    }

    async fn handle(&self, request: &Request, report: &mut Report) -> Result<Answer, Failure> {
        let now = SystemTime::now();
        let deadline = Deadline::after(time_left(request, now));

        let caller = self.keyring.authenticate(api_key(request), now, deadline).await?;
        let (opened, version) = self.keyring.open(caller, body(request)).await?;
        let Some(callback) = Callback::parse(&opened)? else { return Ok(Answer::nothing()) };
        let identity = callback.identity();
        report.identify(&callback, &identity.event_key);
        let decisions = Decisions { receiver: self, callback: &callback, now };
        let event = Event::of(&callback, &identity);
        let settled = committed(self.ledger.settle(&event, &decisions, now, deadline).await)?;
        Ok(seal(&version, &callback, settled))
    }
}

/// A function's decisions on one callback.
struct Decisions<'a> {
    receiver: &'a Receiver,
    callback: &'a Callback,
    now: SystemTime,
}

impl<'a> Decisions<'a> {
    fn situation(&self, found: &'a Found) -> Situation<'a> {
        Situation { callback: self.callback, found, policy: &self.receiver.policy, now: self.now }
    }
}

impl Decider for Decisions<'_> {
    fn decide(&self, found: &Found) -> Result<Decision, Refusal> {
        self.receiver.function.decide(&Decisions { ..*self }.situation(found))
    }

    fn repeat(&self, found: &Found) -> Result<Option<Terms>, Refusal> {
        self.receiver.function.repeat(&Decisions { ..*self }.situation(found))
    }

    fn asks(&self, refusal: Refusal) -> bool {
        self.receiver.policy.verify && is_asked_about(self.callback, refusal)
    }
}

/// What was applied, now or before, or refused: all that gets a sealed reply.
fn committed(settled: Result<Settled, NotSettled>) -> Result<Result<Settled, Refusal>, Failure> {
    match settled {
        Ok(settled) => Ok(Ok(settled)),
        Err(NotSettled::Refused(refusal)) => Ok(Err(refusal)),
        Err(NotSettled::Unavailable(unavailable)) => Err(unavailable.into()),
        Err(NotSettled::RecordMissing(which)) => Err(Failure::record_missing(which)),
    }
}

/// The answer, sealed with the key of the request's own version of the secret.
fn seal(secret: &Secret, callback: &Callback, settled: Result<Settled, Refusal>) -> Answer {
    let seal = |payout: Option<&Terms>| {
        let reply = callback.reply(payout);
        secret.response_public_key.seal(reply.as_bytes(), &mut rand::rng())
    };
    let api_key = &secret.api_key;
    match settled {
        Ok(Settled::Applied(outcome, payout)) => {
            Answer::accepted(api_key, &seal(payout.as_ref()), outcome.name())
        }
        Ok(Settled::Repetition(outcome, payout)) => {
            Answer::repeated(api_key, &seal(payout.as_ref()), outcome)
        }
        Ok(Settled::Resolved) => Answer::accepted(api_key, &seal(None), "resolved"),
        Err(refusal) => Answer::refused(api_key, &seal(None), refusal),
    }
}

fn api_key(request: &Request) -> Option<&[u8]> {
    request.headers().get("x-api-key").map(HeaderValue::as_bytes)
}

fn body(request: &Request) -> &[u8] {
    match request.body() {
        Body::Text(text) => text.as_bytes(),
        Body::Binary(bytes) => bytes,
        _ => &[],
    }
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
