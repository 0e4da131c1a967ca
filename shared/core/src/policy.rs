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
    /// No deposit is held, orders are confirmed for a day, and less than the order is a contradiction.
    fn default() -> Self {
        Self {
            risk_threshold: None,
            confirmation_max_age: Duration::from_hours(24),
            actual_below_order: ActualBelowOrder::default(),
        }
    }
}
