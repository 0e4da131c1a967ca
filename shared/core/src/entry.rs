//! What an event does to the ledger.

use crate::address::Address;
use crate::asset::Asset;
use crate::case::Reason;
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
    /// What becomes known of a user's addresses.
    pub address: Option<AddressUpdate>,
    /// Why a case of it is opened; empty where nobody has to look at it.
    pub reasons: Vec<Reason>,
    /// What the platform is told to pay.
    pub payout: Option<Terms>,
}

/// What becomes known of a user's deposit addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressUpdate {
    /// The user, by the merchant's id.
    pub tenant_user_id: String,
    /// For deposits of what.
    pub asset: Asset,
    /// The address.
    pub address: Address,
    /// What is known of it.
    pub knowledge: Knowledge,
}

/// What is known of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knowledge {
    /// A callback says that it is the user's from now on: it becomes that, unless it ever was.
    Told,
    /// The same, and the platform has vouched for it.
    Verified,
    /// It is the user's, now or before: the platform has vouched for that. It need not be the present one.
    Owned,
}

impl Entry {
    /// An entry that changes nothing, with the reason that comes with its outcome.
    #[must_use]
    pub fn of(outcome: Outcome) -> Self {
        Self {
            outcome,
            postings: Vec::new(),
            order: None,
            address: None,
            reasons: Reason::of_outcome(outcome).into_iter().collect(),
            payout: None,
        }
    }
}
