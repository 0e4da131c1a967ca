//! The whole stack on one machine: no AWS, no Docker.
//!
//! DynamoDB is dynoxide, whose decimals and transactions are exact; Secrets Manager is winterbaume behind a
//! small HTTP front; the API's routes call the same functions as the Lambdas do; the platform that is called is
//! its simulator. All of it listens on 127.0.0.1 only and ends with its [`Stack`].

mod api;
pub mod audit;
pub mod demo;
pub mod open_balances;
mod part;
mod platform;
mod progress;
mod secrets;
mod stack;
mod tables;
mod tap;
mod workers;

pub use platform::Simulated;
pub use progress::Progress;
pub use secrets::{development_secret, platform_of, secret};
pub use stack::{Options, SECRET_ID, Stack};
pub use tables::create as create_tables;
pub use workers::Calling;

/// Runs the Rust that the page shows.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/events.md")]
pub struct EventsPage;
