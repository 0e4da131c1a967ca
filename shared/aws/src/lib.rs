//! WaaS callbacks on AWS: the one pipeline that every function runs.
//!
//! `authenticate → open → parse → decide → commit → seal`. A function brings only its [`Decide::decide`]:
//!
//! ```no_run
//! use waas_callback::{Decide, Decision, Refusal, Situation};
//!
//! struct Nothing;
//!
//! impl Decide for Nothing {
//!     fn name(&self) -> &'static str {
//!         "nothing"
//!     }
//!
//!     fn decide(&self, situation: &Situation<'_>) -> Result<Decision, Refusal> {
//!         Err(Refusal::WrongFunction(situation.callback.callback_type()))
//!     }
//! }
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), lambda_runtime::Error> {
//!     waas_callback_aws::serve(Nothing).await
//! }
//! ```

mod answer;
pub mod clients;
mod commit;
mod config;
mod gateway;
mod keyring;
mod merchant;
mod movement;
mod operator;
mod read;
mod receiver;
mod reconciler;
mod retry;
mod secret;
mod submitter;
mod tables;
mod telemetry;
mod verifier;

use std::convert::Infallible;
use std::sync::Arc;

use lambda_http::tower::ServiceExt as _;
use lambda_http::{IntoResponse, Request, Service, service_fn};
use lambda_runtime::LambdaEvent;
use waas_callback::Decide;

pub use answer::FailureKind;
pub use config::{Config, ConfigError, TableNames};
pub use keyring::{KeyringError, Keys};
pub use merchant::{Merchant, MerchantError};
pub use movement::NotMoved;
pub use operator::{ActionView, CaseView, Operator, OperatorError, Resolved, Target};
pub use read::{CaseFilter, CasePage, Page};
pub use receiver::Receiver;
pub use reconciler::{
    BookCursor, Books, Compared, OpenOrders, OrderCursor, Phase, Reconciler, Repaired, Run, Runs, Taken,
    Told, Waiting,
};
pub use retry::Unavailable;
pub use secret::SecretError;
pub use submitter::{Errand, Submitter};
pub use tables::addresses::UserAddress;
pub use tables::balances::UserBalance;
pub use tables::cases::{RUN_KEY, RecordedCase};
pub use tables::events::RecordedEvent;
pub use tables::withdrawals::Awaits;
pub use tables::{Holds, Index, Layout, Ledger, TableLayout};
pub use telemetry::milliseconds;
pub use verifier::{Question, Ruled, Verifier};

/// Serves a function under the Lambda runtime, configured from the environment.
///
/// # Errors
///
/// If the configuration or the secret cannot be used; the message names the variable or the cause, and is
/// logged too.
pub async fn serve(function: impl Decide) -> Result<(), lambda_runtime::Error> {
    telemetry::start(function.name())?;
    let receiver =
        async { Ok::<_, lambda_runtime::Error>(Receiver::start(&configuration()?, function).await?) };
    let receiver = Arc::new(receiver.await.inspect_err(|error| init_failed(error))?);
    let serve = move |request: Request| {
        let receiver = Arc::clone(&receiver);
        async move {
            let response = receiver.receive(request).await;
            telemetry::flush();
            Ok::<_, Infallible>(response)
        }
    };
    lambda_http::run(service_fn(serve)).await
}

/// Serves an HTTP service, such as an axum router, under the Lambda runtime, configured from the environment. Its
/// requests have the path of the route that the gateway matched, each parameter escaped.
///
/// # Errors
///
/// If the configuration cannot be used; the message names the variable, and is logged too.
pub async fn serve_http<S, R>(
    name: &'static str,
    service: impl FnOnce(&Config) -> S,
) -> Result<(), lambda_runtime::Error>
where
    S: Service<Request, Response = R, Error = Infallible>,
    S::Future: Send + 'static,
    R: IntoResponse,
{
    telemetry::start(name)?;
    let config = configuration().inspect_err(|error| init_failed(error))?;
    lambda_http::run(service(&config).map_request(gateway::as_routed)).await
}

/// Serves events that are no HTTP requests, such as a queue's batches, under the Lambda runtime, configured from the
/// environment: `start` is init, with what looks up further variables.
///
/// # Errors
///
/// If the configuration or `start` fails; the message names the variable or the cause, and is logged too. An event for
/// which `handle` fails is one that Lambda hands over again.
pub async fn serve_events<S, E, R>(
    name: &'static str,
    start: impl AsyncFnOnce(&Config, &dyn Fn(&str) -> Option<String>) -> Result<S, lambda_runtime::Error>,
    handle: impl AsyncFn(&S, LambdaEvent<E>) -> Result<R, lambda_runtime::Error>,
) -> Result<(), lambda_runtime::Error>
where
    E: for<'de> serde::Deserialize<'de>,
    R: serde::Serialize,
{
    telemetry::start(name)?;
    let service = async { start(&configuration()?, &|name| std::env::var(name).ok()).await };
    let service = service.await.inspect_err(|error| init_failed(error))?;
    let (service, handle) = (&service, &handle);
    let serve = async |event| {
        let answer = handle(service, event).await;
        telemetry::flush();
        answer
    };
    lambda_runtime::run(lambda_runtime::service_fn(serve)).await
}

fn configuration() -> Result<Config, ConfigError> {
    let lookup = |name: &str| std::env::var(name).ok();
    if lookup("AWS_LAMBDA_RUNTIME_API").is_none() {
        return Err(ConfigError::Missing("AWS_LAMBDA_RUNTIME_API"));
    }
    Config::read(lookup)
}

fn init_failed(error: &dyn std::fmt::Display) {
    tracing::error!(cause = %error, "init failed");
}
