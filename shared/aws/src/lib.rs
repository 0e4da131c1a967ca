//! WaaS callbacks on AWS: the one pipeline that every function runs.
//!
//! `authenticate → open → parse → decide → commit → seal`. A function brings only its [`Function::decide`]:
//!
//! ```no_run
//! use std::time::SystemTime;
//! use waas_callback::{Callback, Policy, Refusal, Seen, Step};
//! use waas_callback_aws::Function;
//!
//! struct Nothing;
//!
//! impl Function for Nothing {
//!     fn name(&self) -> &'static str {
//!         "nothing"
//!     }
//!
//!     fn decide(&self, callback: &Callback, _: &Seen, _: &Policy, _: SystemTime) -> Result<Step, Refusal> {
//!         Err(Refusal::WrongFunction(callback.callback_type()))
//!     }
//! }
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), lambda_runtime::Error> {
//!     waas_callback_aws::serve(Nothing).await
//! }
//! ```

mod answer;
mod books;
pub mod clients;
mod config;
mod keyring;
mod ledger;
mod merchant;
mod receiver;
mod retry;
mod secret;
mod telemetry;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::SystemTime;

use lambda_http::{IntoResponse, Request, Service, service_fn};
use waas_callback::{Callback, Payout, Policy, Refusal, Seen, Step};

pub use answer::Failure;
pub use books::{AddressRecord, Books, EVENTS_BY_USER, OrderRecord, Page, UserBalance, postings};
pub use config::{Config, ConfigError, Tables};
pub use keyring::KeyringError;
pub use ledger::{Item, Ledger, Unavailable};
pub use merchant::{Merchant, MerchantError};
pub use receiver::Receiver;
pub use secret::SecretError;
pub use telemetry::milliseconds;

/// What one Lambda function makes of a callback. Pure: it touches neither AWS nor the clock.
pub trait Function: Send + Sync + 'static {
    /// The function's name: its folder, its binary, its route.
    fn name(&self) -> &'static str;

    /// What an opened callback means for the ledger, if it is new, upon what was `seen` so far: first nothing,
    /// then what the step that it asked for has found.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] that the platform is answered with.
    fn decide(
        &self,
        callback: &Callback,
        seen: &Seen,
        policy: &Policy,
        now: SystemTime,
    ) -> Result<Step, Refusal>;

    /// What a repetition of a committed callback is answered with, besides success.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] that the platform is answered with.
    fn repeat(&self, _callback: &Callback, _seen: &Seen) -> Result<Option<Payout>, Refusal> {
        Ok(None)
    }
}

/// Serves a function under the Lambda runtime, configured from the environment.
///
/// # Errors
///
/// If the configuration or the secret cannot be used; the message names the variable or the cause, and is
/// logged too.
pub async fn serve(function: impl Function) -> Result<(), lambda_runtime::Error> {
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

/// Serves an HTTP service, such as an axum router, under the Lambda runtime, configured from the environment.
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
    lambda_http::run(service(&config)).await
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
