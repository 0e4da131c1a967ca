//! Withdrawal orders: the table of transitions, the decisions, and what holds after any sequence of
//! events.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed step is a failed test")]
#![allow(unreachable_pub, reason = "a test binary is no library: `pub` says what the modules share")]

mod conservation;
mod decisions;
mod resolutions;
mod scene;
mod submission;
mod transitions;
