//! What an event does to the ledger.

use crate::address::Address;
use crate::asset::Asset;
use crate::order::update::OrderUpdate;
use crate::outcome::Outcome;
use crate::posting::Posting;
use crate::terms::Terms;

/// What an event does: all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What came of the event.
    pub outcome: Outcome,
    /// What it changes in the balances.
    pub postings: Vec<Posting>,
    /// What it changes in an order.
    pub order: Option<OrderUpdate>,
    /// The address that becomes the user's, unless it was that before.
    pub address: Option<AddressUpdate>,
    /// What the platform is told to pay.
    pub payout: Option<Terms>,
}

/// A user's new deposit address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressUpdate {
    /// The user, by the merchant's id.
    pub tenant_user_id: String,
    /// For deposits of what.
    pub asset: Asset,
    /// The new address.
    pub address: Address,
}

impl Entry {
    /// An entry that changes nothing.
    #[must_use]
    pub fn of(outcome: Outcome) -> Self {
        Self { outcome, postings: Vec::new(), order: None, address: None, payout: None }
    }
}
