//! The whole from outside: the functions' binaries under a Lambda Runtime API, on services of their own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failed step is a failed test")]
#![expect(unreachable_pub, reason = "a test binary is no library: `pub` says what the modules share")]

mod alarms;
mod deposit;
mod events;
mod flows;
mod harness;
#[cfg(feature = "jdk")]
mod jdk;
mod template;
