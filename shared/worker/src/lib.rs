//! What the functions that call the platform have in common: what they are told by their environment, the platform's
//! client with the merchant's keys, and the messages of their queues.
//!
//! A message is no more than a hint that there is something to do: what that is, the tables say.

mod environment;
mod platform;
mod queue;

pub use environment::{Environment, EnvironmentError};
pub use platform::{Platform, known};
pub use queue::{Batch, Message, serve};
