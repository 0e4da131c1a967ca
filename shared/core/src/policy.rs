//! The merchant's settings.

use std::time::Duration;

/// The merchant's settings, as far as decisions depend on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Deposits with a risk score from here on are held; absent, none are.
    pub risk_threshold: Option<u8>,
    /// Orders registered longer ago than this are not confirmed.
    pub confirmation_max_age: Duration,
    /// What to do where the platform paid less than was ordered.
    pub actual_below_order: ActualBelowOrder,
    /// Whether what gives something away waits until the platform has vouched for it: a deposit, a failure, a new
    /// address.
    pub verify: bool,
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

impl Default for Policy {
    /// No deposit is held for its risk, orders are confirmed for a day, less than the order is a contradiction, and what
    /// gives something away is verified.
    fn default() -> Self {
        Self {
            risk_threshold: None,
            confirmation_max_age: Duration::from_hours(24),
            actual_below_order: ActualBelowOrder::default(),
            verify: true,
        }
    }
}
