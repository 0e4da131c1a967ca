//! The whole from outside: the functions' binaries under a Lambda Runtime API, on services of their own.
//!
//! A module holds the tests of what its name says; `harness` is what they share.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failed step is a failed test")]
#![expect(unreachable_pub, reason = "a test binary is no library: `pub` says what the modules share")]

mod harness;

mod addresses;
mod alarms;
mod amounts;
mod audit;
mod audit_size;
mod confirmations;
mod contradictions;
mod costs;
mod doors;
mod events;
mod exactly_once;
mod faults;
mod forged;
mod gateway;
mod init;
mod input;
#[cfg(feature = "jdk")]
mod jdk;
mod keys;
mod lenient;
mod listen;
mod log;
mod merchant_api;
mod modes;
mod movements;
mod movements_audited;
mod one_withdrawal;
mod opening_balances;
mod operator_api;
mod order_of_arrival;
mod payments;
mod postings;
mod reconciliation;
mod resolutions;
mod rights;
mod risk;
mod samples;
mod served;
mod submission;
mod template;
mod verification;
mod withdrawals;
