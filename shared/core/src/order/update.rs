//! How an order's record changes.

use super::state::{OrderState, StallCause, Standing};
use crate::call_back_id::CallBackId;
use crate::money::Amount;
use crate::terms::Terms;
use crate::tx_id::TxId;

/// A change of an order's record, and what must still hold when it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderUpdate {
    /// The order.
    pub call_back_id: CallBackId,
    /// What the change was decided upon.
    pub expect: Expect,
    /// Where it goes, if it moves.
    pub state: Option<OrderState>,
    /// Who it belongs to and what it pays, when the record is made or registered.
    pub details: Option<Details>,
    /// The transaction that paid it.
    pub tx_id: Option<TxId>,
    /// Under which trackingId it is confirmed.
    pub tracking_id: Option<String>,
    /// Why it waits.
    pub stalled: Option<StallCause>,
    /// What the platform kept of the ordered amount.
    pub fee: Option<Amount>,
    /// Whether an operator keeps it from being confirmed.
    pub is_held: Option<bool>,
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
    /// Not read yet: it is open, and this user's with these terms.
    OpenWith(String, Terms),
    /// Not read yet: it is open, and this user's.
    Open(String),
    /// Not read yet: it is reserved.
    Reserved,
}

impl OrderUpdate {
    pub(crate) fn new(call_back_id: &CallBackId, expect: Expect) -> Self {
        Self {
            call_back_id: call_back_id.clone(),
            expect,
            state: None,
            details: None,
            tx_id: None,
            tracking_id: None,
            stalled: None,
            fee: None,
            is_held: None,
        }
    }
}
