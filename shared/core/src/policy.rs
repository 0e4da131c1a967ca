//! What a decision may depend on besides the callback: the merchant's settings, and what was found.

use std::time::Duration;

use crate::ledger::Entry;
use crate::order::{ActualBelowOrder, Order, Standing};

/// The merchant's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Deposits with a risk score from here on are held; absent, none are.
    pub risk_threshold: Option<u8>,
    /// Orders registered longer ago than this are not confirmed.
    pub confirmation_max_age: Duration,
    /// What to do where the platform paid less than was ordered.
    pub actual_below_order: ActualBelowOrder,
}

impl Default for Policy {
    /// No deposit is held, orders are confirmed for a day, and less than the order is a contradiction.
    fn default() -> Self {
        Self {
            risk_threshold: None,
            confirmation_max_age: Duration::from_hours(24),
            actual_below_order: ActualBelowOrder::default(),
        }
    }
}

/// What is known of a record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Sight<T> {
    /// It was not looked at yet.
    #[default]
    NotYet,
    /// There is none.
    Nothing,
    /// This.
    Found(T),
}

impl<T> Sight<T> {
    /// The record, or that there is none, or that it was not looked at.
    pub fn as_option(&self) -> Option<Option<&T>> {
        match self {
            Self::NotYet => None,
            Self::Nothing => Some(None),
            Self::Found(record) => Some(Some(record)),
        }
    }
}

/// What was found so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// The withdrawal's order.
    pub order: Sight<Order>,
    /// The new address is, or was before, the user's.
    pub is_address_known: bool,
}

impl Seen {
    /// Was the order paid before anybody registered it? Then a refusal contradicts what cannot be undone.
    #[must_use]
    pub fn is_paid_unregistered(&self) -> bool {
        matches!(&self.order, Sight::Found(order) if order.standing() == Standing::CompletedUnregistered)
    }
}

/// What a function wants done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Look at the order first.
    Read,
    /// Commit this, if what it expects still holds; if not, decide again upon what was found.
    Commit(Box<Entry>),
}

impl From<Entry> for Step {
    fn from(entry: Entry) -> Self {
        Self::Commit(Box::new(entry))
    }
}
