//! The platform's side of the callback protocol: it holds the private key, sends callbacks and reads replies;
//! and its other half, which answers the merchant's calls: [`simulator`].
//!
//! Written on its own and not on `waas-callback`, so that each side tests the other. Good for tests, for
//! rehearsals and for a merchant's first look; it is no part of the receiver.

mod key;
mod send;
pub mod simulator;

pub use key::{DEVELOPMENT_API_KEY, OpenError, PrivateKey};
pub use send::{Answer, Exchange, Platform, SendError, event, with_new_uuid};
