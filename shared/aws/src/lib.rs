//! WaaS callbacks on AWS: the one pipeline that every function runs.
//!
//! `authenticate → open → parse → decide → commit → seal`. A function brings only its [`Function::decide`]:
//!
//! ```no_run
//! use waas_callback::{Callback, Entry, Refusal};
//! use waas_callback_aws::Function;
//!
//! struct Nothing;
//!
//! impl Function for Nothing {
//!     fn name(&self) -> &'static str {
//!         "nothing"
//!     }
//!
//!     fn decide(&self, callback: &Callback) -> Result<Entry, Refusal> {
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
pub mod clients;
mod config;
mod keyring;
mod ledger;
mod receiver;
mod retry;
mod secret;
mod telemetry;

use std::sync::Arc;

use lambda_http::{Request, service_fn};
use waas_callback::{Callback, Entry, Refusal};

pub use answer::Failure;
pub use config::{Config, ConfigError, Tables};
pub use keyring::KeyringError;
pub use receiver::Receiver;
pub use secret::SecretError;

/// What one Lambda function makes of a callback. Pure: it touches neither AWS nor the clock.
pub trait Function: Send + Sync + 'static {
    /// The function's name: its folder, its binary, its route.
    fn name(&self) -> &'static str;

    /// What an opened callback means for the ledger, if it is new.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] that the platform is answered with.
    fn decide(&self, callback: &Callback) -> Result<Entry, Refusal>;
}

/// Serves a function under the Lambda runtime, configured from the environment.
///
/// # Errors
///
/// If the configuration or the secret cannot be used; the message names the variable or the cause, and is
/// logged too.
pub async fn serve(function: impl Function) -> Result<(), lambda_runtime::Error> {
    telemetry::start(function.name())?;
    let receiver = match start(function).await {
        Ok(receiver) => Arc::new(receiver),
        Err(error) => {
            tracing::error!(cause = %error, "init failed");
            return Err(error);
        }
    };
    lambda_http::run(service_fn(move |request: Request| {
        let receiver = Arc::clone(&receiver);
        async move {
            let response = receiver.receive(request).await;
            telemetry::flush();
            Ok::<_, std::convert::Infallible>(response)
        }
    }))
    .await
}

async fn start(function: impl Function) -> Result<Receiver, lambda_runtime::Error> {
    let lookup = |name: &str| std::env::var(name).ok();
    if lookup("AWS_LAMBDA_RUNTIME_API").is_none() {
        return Err(ConfigError::Missing("AWS_LAMBDA_RUNTIME_API").into());
    }
    let config = Config::read(lookup)?;
    Ok(Receiver::start(&config, function).await?)
}
