//! The WaaS callback protocol: cipher, model, idempotency and the ledger's rules.
//!
//! Everything here is a pure function of its arguments. There is no AWS, no async, no clock, no environment
//! and no randomness of its own, so that what decides about money can be read and tested alone.
//!
//! A callback's way through this crate, with a key as the platform hands it out:
//!
//! ```
//! use waas_callback::{Callback, Notice, PublicKey, Reply};
//! # let platform = waas_platform::PrivateKey::development();
//! # let public_key = platform.public_key_base64();
//! # let plaintext = include_str!("../../../events/plain/deposit.json");
//! # let body = platform.seal(plaintext.as_bytes());
//! let key = PublicKey::parse(&public_key)?;
//!
//! let opened = key.open(body.as_bytes())?; // the only way to an `Opened`
//! let callback = Callback::parse(&opened)?.expect("not type 0");
//! let Notice::Deposit(deposit) = &callback.notice else { panic!("not a deposit") };
//! assert_eq!(deposit.amount.text(), "2.500000000000");
//!
//! let reply = Reply::to(&callback, None).to_json();
//! let data = key.seal(reply.as_bytes(), &mut rand::rng());
//! # assert!(platform.open(&data).is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cipher;
mod idempotency;
mod ledger;
mod model;
mod money;
mod order;
mod policy;
mod refusal;

pub use cipher::{KeyError, MAX_BODY_BYTES, OpenError, Opened, PublicKey};
pub use idempotency::{EventKey, Fingerprint, Identity, Verdict, judge};
pub use ledger::{AddressUpdate, Balance, Entry, LedgerError, Outcome, Posting};
pub use model::{
    AddressChange, Asset, AssetError, Callback, CallbackType, Deposit, ENERGY, InsufficientBalance,
    InsufficientGas, MAX_TEXT_BYTES, Notice, Payout, Registration, Reply, SchemaError, Withdrawal,
    WithdrawalConfirmation, WithdrawalFailure,
};
pub use money::{Amount, AmountError, Decimal, DecimalError, MAX_DIGITS};
pub use order::{
    ActualBelowOrder, Details, Effect, Expect, Order, OrderEvent, OrderState, OrderUpdate, StallCause,
    Standing, Terms, Transition, cancel, complete, complete_as_ordered, confirm, confirm_again, fail,
    register, stall, transition,
};
pub use policy::{Policy, Seen, Sight, Step};
pub use refusal::Refusal;
