//! Withdrawal orders: what is recorded of one. Where it can go stands in `transitions`, what each event means for
//! it in `decisions`.

mod decisions;
mod transitions;

use std::time::SystemTime;

pub use decisions::{cancel, complete, complete_as_ordered, confirm, confirm_again, fail, register, stall};
pub use transitions::{Effect, OrderEvent, OrderState, Standing, Transition, transition};

use crate::idempotency::fold_hex;
use crate::model::{Asset, Payout};
use crate::money::Amount;

/// Why an order waits at the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StallCause {
    /// The hot wallet lacks the coin (type 6).
    InsufficientBalance,
    /// The hot wallet lacks gas (type 7).
    InsufficientGas,
}

impl StallCause {
    /// The name in records and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InsufficientBalance => "insufficient-balance",
            Self::InsufficientGas => "insufficient-gas",
        }
    }
}

/// What an order is to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Chain and symbol.
    pub asset: Asset,
    /// How much.
    pub amount: Amount,
    /// To whom.
    pub address: String,
}

impl Terms {
    /// The same asset, value and address, as the chain compares addresses.
    #[must_use]
    pub fn agree(&self, other: &Self) -> bool {
        self.content() == other.content()
    }

    /// What tells two terms apart: chain, symbol, value and address as the chain compares them.
    #[must_use]
    pub fn content(&self) -> [String; 4] {
        [
            self.asset.chain_name().to_owned(),
            self.asset.symbol().to_owned(),
            self.amount.value().to_string(),
            fold_hex(&self.address).into_owned(),
        ]
    }

    /// As the platform is told.
    #[must_use]
    pub fn payout(&self) -> Payout {
        Payout {
            address: self.address.clone(),
            chain_name: self.asset.chain_name().to_owned(),
            symbol: self.asset.symbol().to_owned(),
            amount: self.amount.text().to_owned(),
        }
    }
}

/// A withdrawal order as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The merchant's id of the withdrawal.
    pub call_back_id: String,
    /// The user who withdraws.
    pub tenant_user_id: String,
    /// What it is to pay; absent where only its failure was reported.
    pub terms: Option<Terms>,
    /// Where it stands.
    pub state: OrderState,
    /// Whether the merchant registered it.
    pub is_registered: bool,
    /// Set by an operator: do not confirm it.
    pub is_held: bool,
    /// Under which trackingId it was confirmed.
    pub tracking_id: Option<String>,
    /// When it was registered.
    pub registered_at: Option<SystemTime>,
}

impl Order {
    /// The order's row in the table.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match (self.is_registered, self.state) {
            (false, OrderState::Failed) => Standing::FailedUnregistered,
            (false, OrderState::Completed) => Standing::CompletedUnregistered,
            (_, state) => Standing::Registered(state),
        }
    }
}

/// A change of an order's record, and what must still hold when it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderUpdate {
    /// The order.
    pub call_back_id: String,
    /// What the change was decided upon.
    pub expect: Expect,
    /// Where it goes, if it moves.
    pub state: Option<OrderState>,
    /// Who it belongs to and what it pays, when the record is made or registered.
    pub details: Option<Details>,
    /// The transaction that paid it.
    pub tx_id: Option<String>,
    /// Under which trackingId it is confirmed.
    pub tracking_id: Option<String>,
    /// Why it waits.
    pub stalled: Option<StallCause>,
    /// What the platform kept of the ordered amount.
    pub fee: Option<Amount>,
}

/// What a record of an order begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// The user who withdraws.
    pub tenant_user_id: String,
    /// What it pays; unknown where only a failure was reported.
    pub terms: Option<Terms>,
    /// By the merchant, or only reported by the platform.
    pub is_registered: bool,
}

/// What must hold of an order's record for a change to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// It stands as it was seen.
    Seen(Standing),
    /// As `Seen`, and no operator holds it.
    SeenAndNotHeld(Standing),
    /// Not looked at yet: it is open, and this user's with these terms.
    OpenWith(String, Terms),
    /// Not looked at yet: it is open, and this user's.
    Open(String),
}

impl OrderUpdate {
    pub(crate) fn new(call_back_id: &str, expect: Expect) -> Self {
        Self {
            call_back_id: call_back_id.to_owned(),
            expect,
            state: None,
            details: None,
            tx_id: None,
            tracking_id: None,
            stalled: None,
            fee: None,
        }
    }
}

/// What to do where the platform paid less than was ordered, as when it takes its fee out of the amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ActualBelowOrder {
    /// A contradiction: refuse.
    #[default]
    Contradiction,
    /// Complete the order for the ordered amount and record the difference as fee.
    Fee,
}

fn is_same_address(a: &str, b: &str) -> bool {
    fold_hex(a) == fold_hex(b)
}
