//! The merchant's sealed calls to the WaaS platform, typed: to ask whether what a callback told is true, and to order
//! withdrawals.
//!
//! Each call seals its question with the merchant's public key, sends it as the documents describe, opens the answer with the
//! same key and holds it against the question. What our key does not open, or what is about something else, is an
//! error and never a value. Amounts are exact: read from their digits, whether JSON has them as a number or
//! as a text.
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/client/fake.rs"));
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let public_key = waas_platform::PrivateKey::development().public_key_base64();
//! # let (api_key, public_key) = (waas_platform::DEVELOPMENT_API_KEY, public_key.as_str());
//! use waas_callback::{CallBackId, PublicKey};
//! use waas_client::{ApiKey, CallError, Client, Https, Merchant, Timeouts};
//!
//! let merchant = Merchant {
//!     api_key: ApiKey::parse(api_key)?,
//!     public_key: PublicKey::parse(public_key)?,
//!     user_id: "1308734".parse()?, // the merchant's own id at the platform
//! };
//! let transport = Https::new("https://waas.example".parse()?, Timeouts::default());
//! # let transport = Fake::answering(
//! #     r#"{"symbol":"USDT","amount":1.000000000000,"orderState":6,"clientOrderId":"250619639710001"}"#,
//! # );
//! let client = Client::new(transport, merchant); // keep it: it keeps the connection
//!
//! let call_back_id = CallBackId::from("250619639710001");
//! match client.get_withdraw_order(&call_back_id, rand::rng()).await {
//!     Ok(order) if order.state.ended_unpaid() => println!("free the funds"),
//!     Ok(order) if order.state.is_final() => println!("paid"),
//!     Ok(order) => println!("wait: state {}", order.state.number()),
//!     Err(CallError::UnknownThere) => println!("the platform knows no such order"),
//!     Err(error) => println!("ask again later: {error}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # After a withdrawal call that failed
//!
//! [`CallError::effect`] sorts errors by what the platform may have done. Only what was certainly not sent may be sent again; for
//! everything else ask [`get_withdraw_order`](Client::get_withdraw_order) first. This crate repeats nothing by itself.
//!
//! # What an answer proves
//!
//! The sealed data was made with the platform's private key, block by block. Nothing signs the whole, and the envelope's `code`
//! and `message` are not sealed at all: for both, TLS has to vouch. Where a decision gives money away, compare what was answered
//! with all that is known, as `shared/core` does with callbacks.
//!
//! # Sources
//!
//! The platform's public documentation: waasapi.uuwallet.com (UU) and xaferapi.apacx.io (Xafer), `/api-reference`, two
//! brands of one system, and their `openapi.json` on GitHub (Lzzzzzz-lab/docs, buxxl-tech/docs). Where pages disagree, the
//! type concerned says which reading is followed; docs/client.md has them together.

mod call;
mod client;
mod envelope;
mod error;
mod fields;
mod https;
mod job_day;
mod merchant;
mod platform_url;
mod transport;

pub use call::Call;
pub use call::deposit_order::{DepositOrder, DepositQuestion};
pub use call::user_address::{AddressQuestion, UserAddress};
pub use call::user_daily_statistics::DailyStatistics;
pub use call::withdraw_order::{WithdrawOrder, WithdrawState};
pub use call::withdraw_request::WithdrawRequest;
pub use call::withdraw_without_verify::{Coins, CoinsError, DirectWithdrawal, EnergyLease, Payout};
pub use client::Client;
pub use envelope::Said;
pub use error::{CallError, Effect};
pub use https::{Https, Timeouts};
pub use job_day::{JobDay, JobDayError};
pub use merchant::{ApiKey, ApiKeyError, Merchant, UserId};
pub use platform_url::{PlatformUrl, UrlError};
pub use transport::{Answer, MAX_ANSWER_BYTES, Request, Transport, Unreachable};

/// The examples of the page for backend engineers compile.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/client.md")]
struct Page;
