//! How an order's record changes.

use super::state::{Order, OrderState, StallCause};
use crate::call_back_id::CallBackId;
use crate::identity::Fingerprint;
use crate::mode::Mode;
use crate::money::{Amount, Decimal};
use crate::submission::Submission;
use crate::terms::Terms;
use crate::tx_id::TxId;

/// A change of an order's record, and what must still hold when it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderUpdate {
    /// The order.
    pub call_back_id: CallBackId,
    /// What the change was decided upon, of the order.
    pub expect: Expect,
    /// What it was decided upon, of the order's registration, where that was not read.
    pub proof: Option<Proof>,
    /// Where it goes, if it moves.
    pub state: Option<OrderState>,
    /// Whose it is and what it pays, when it is registered or first reported.
    pub details: Option<Details>,
    /// The transaction that paid it.
    pub tx_id: Option<TxId>,
    /// The withdrawal of the platform that it belongs to from now on.
    pub tracking_id: Option<String>,
    /// Why it waits.
    pub stalled: Option<StallCause>,
    /// It is said to have failed, which the platform is asked for.
    pub is_failure_reported: bool,
    /// How far it is on its way to the platform.
    pub submission: Option<Submission>,
    /// What the platform kept of the ordered amount.
    pub fee: Option<Amount>,
    /// It was never paid: what was known of a payment is forgotten.
    pub is_unpaid: bool,
    /// Whether an operator keeps it from being confirmed.
    pub is_held: Option<bool>,
    /// What the user was charged for it after its end.
    pub charged: Option<Decimal>,
}

/// Whose an order is and what it pays, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Details {
    /// The merchant. Its event is what is believed; the order's record has copies for those who read it.
    Registered {
        /// The user who withdraws.
        tenant_user_id: String,
        /// What it pays.
        terms: Terms,
        /// How it will be paid.
        mode: Mode,
    },
    /// The platform, of an order that nobody registered.
    Reported {
        /// The user who withdraws.
        tenant_user_id: String,
        /// What it pays; unknown where only a failure or a shortage was reported.
        terms: Option<Terms>,
    },
}

/// What must hold of an order's record for a change to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// There is none.
    Absent,
    /// It is as it was read: nothing has changed it since.
    AsRead {
        /// The version that was read.
        version: u64,
    },
    /// Not read yet: it is where a payment is expected, confirmed or else direct and reserved, and belongs to no other
    /// withdrawal of the platform than this one, if that is named.
    Payable {
        /// The withdrawal of the platform that is spoken of.
        tracking_id: Option<String>,
    },
    /// Not read yet: it is open, and belongs to no other withdrawal of the platform than this one, if that is named.
    Open {
        /// The withdrawal of the platform that is spoken of.
        tracking_id: Option<String>,
    },
}

/// What must hold of an order's registration, which is an event: once there, it never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// There is none: what the platform reported is all that is known.
    Unregistered,
    /// It is of this user.
    OfUser(String),
    /// It is of this user and these terms: their [`terms_digest`](crate::terms_digest).
    OfTerms(Fingerprint),
}

impl OrderUpdate {
    pub(crate) fn new(call_back_id: &CallBackId, expect: Expect) -> Self {
        Self {
            call_back_id: call_back_id.clone(),
            expect,
            proof: None,
            state: None,
            details: None,
            tx_id: None,
            tracking_id: None,
            stalled: None,
            is_failure_reported: false,
            submission: None,
            fee: None,
            is_held: None,
            charged: None,
            is_unpaid: false,
        }
    }

    /// A change of an order that was read, or of one that is not there. What was read as not registered must be so still.
    pub(crate) fn of(call_back_id: &CallBackId, order: Option<&Order>) -> Self {
        let expect = order.map_or(Expect::Absent, |order| Expect::AsRead { version: order.version });
        let is_registered = order.is_some_and(|order| order.is_registered);
        let proof = (!is_registered).then_some(Proof::Unregistered);
        Self { proof, ..Self::new(call_back_id, expect) }
    }
}
