//! How an order's record changes.

use super::state::{Order, OrderState, StallCause};
use crate::call_back_id::CallBackId;
use crate::mode::Mode;
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
    /// The withdrawal of the platform that it belongs to from now on.
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
    /// How it will be paid, by the merchant's registration; absent where only the platform reported it.
    pub registered: Option<Mode>,
}

/// What must hold of an order's record for a change to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// There is none.
    Absent,
    /// What was decided upon has not changed.
    AsRead(Basis),
    /// Not read yet: it may be paid just so.
    Payable(Payable),
    /// Not read yet: it is open, this user's, and belongs to no other withdrawal of the platform than this one.
    Open {
        /// The user.
        tenant_user_id: String,
        /// The withdrawal of the platform that is spoken of, if it is named.
        tracking_id: Option<String>,
    },
    /// Not read yet: it is reserved, and will be confirmed.
    Holdable,
}

/// What a decision depended on of an order that was read. Its terms, user and mode never change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    /// Where it stood.
    pub state: OrderState,
    /// Whether the merchant had registered it.
    pub is_registered: bool,
    /// The withdrawal of the platform that it belonged to.
    pub tracking_id: Option<String>,
    /// Nor may an operator hold it.
    pub not_held: bool,
    /// Nor may it have stalled.
    pub not_stalled: bool,
}

/// A payment as it should be: the order is confirmed, or direct and reserved; it is this user's, of these terms, and
/// belongs to no other withdrawal of the platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payable {
    /// The user.
    pub tenant_user_id: String,
    /// What was paid.
    pub terms: Terms,
    /// The withdrawal of the platform that is spoken of, if it is named.
    pub tracking_id: Option<String>,
}

impl Basis {
    pub(crate) fn of(order: &Order) -> Self {
        Self {
            state: order.state,
            is_registered: order.is_registered,
            tracking_id: order.tracking_id.clone(),
            not_held: false,
            not_stalled: false,
        }
    }
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
