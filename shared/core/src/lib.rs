//! The WaaS callback protocol: cipher, callbacks, identity and the ledger's rules.
//!
//! Everything here is a pure function of its arguments. There is no AWS, no async, no clock, no environment
//! and no randomness of its own, so that what decides about money can be read and tested alone.
//!
//! A callback's way through this crate, with a key as the platform hands it out:
//!
//! ```
//! use waas_callback::{Callback, Content, PublicKey};
//! # let platform = waas_platform::PrivateKey::development();
//! # let public_key = platform.public_key_base64();
//! # let plaintext = include_str!("../../../events/plain/deposit.json");
//! # let body = platform.seal(plaintext.as_bytes());
//! let key = PublicKey::parse(&public_key)?;
//!
//! let opened = key.open(body.as_bytes())?; // the only way to an `Opened`
//! let callback = Callback::parse(&opened)?.expect("not type 0");
//! let Content::Deposit(deposit) = &callback.content else { panic!("not a deposit") };
//! assert_eq!(deposit.amount.text(), "2.500000000000");
//!
//! let reply = callback.reply(None);
//! let data = key.seal(reply.as_bytes(), &mut rand::rng());
//! # assert!(platform.open(&data).is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

// Values, at the bottom.
mod address;
mod asset;
mod call_back_id;
mod cipher;
mod echo;
mod fields;
mod mode;
mod money;
mod terms;
mod tx_id;

mod callback;
mod case;
mod collection;
mod decision;
mod entry;
mod identity;
mod movement;
mod order;
mod outcome;
mod policy;
mod posting;
mod reconciliation;
mod refusal;
mod registration;
mod resolution;
mod submission;
mod verification;

pub use address::{Address, AddressError};
pub use asset::{Asset, AssetError};
pub use call_back_id::CallBackId;
pub use callback::{
    AddressChange, Callback, CallbackType, Content, Deposit, ENERGY, InsufficientBalance, InsufficientGas,
    Transfer, Withdrawal, WithdrawalConfirmation, WithdrawalFailure,
};
pub use case::{CaseKey, Claim, Reason};
pub use cipher::{KeyError, MAX_BODY_BYTES, OpenError, Opened, PublicKey};
pub use collection::Collection;
pub use decision::{Decide, Decision, Found, FoundOrder, Situation};
pub use echo::Echo;
pub use entry::{AddressUpdate, Entry, Knowledge};
pub use fields::{MAX_TEXT_BYTES, SchemaError};
pub use identity::{EventKey, Fingerprint, Identity, KnownEvent, KnownRequest, Verdict, judge};
pub use mode::Mode;
pub use money::{Amount, AmountError, Decimal, DecimalError, MAX_DIGITS};
pub use movement::{Adjustment, Leg, Legs, Movement, MovementError};
pub use order::decisions::{
    cancel, complete, confirm, confirm_again, fail, failure_verified, hold, register, stall,
};
pub use order::state::{Order, OrderState, StallCause, Standing};
pub use order::transitions::{Effect, OrderEvent, Transition, transition};
pub use order::update::{Details, Expect, OrderUpdate, Proof};
pub use outcome::Outcome;
pub use policy::{ActualBelowOrder, Policy};
pub use posting::{Balance, Posting, PostingError};
pub use reconciliation::{
    Counted, CountedType, Finding, KIND as RECONCILIATION, Subject, TheirOrder, Theirs, compare,
    compare_balance, compare_counts, compare_frozen, found, is_over, repair, unregistered,
};
pub use refusal::Refusal;
pub use registration::Registration;
pub use resolution::plan::{NotResolved, Plan, plan};
pub use resolution::request::{Expected, Resolution};
pub use resolution::tables::{Action, Remedy, actions, remedy};
pub use submission::{
    Doubt, End, Sent, Stage, Step, Submission, Told, after_asking, after_sending, ended, next_step, noted,
};
pub use terms::{Terms, terms_digest};
pub use tx_id::TxId;
pub use verification::{
    Difference, Overtaken, Progress, Rival, Ruling, Verified, Word, contradicted, is_asked_about, overtaken,
    pause, rejected, vouched, word_of_address, word_of_deposit, word_of_failure,
};
