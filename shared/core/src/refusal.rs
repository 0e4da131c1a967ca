//! Callbacks that were understood and refused: each reason has a name, a code and a sentence.

use crate::model::CallbackType;

/// Why an opened, well-formed callback is not accepted. In the order in which they are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The callback came to a function of another type.
    #[error("this URL does not take callbacks of type {}", .0.number())]
    WrongFunction(CallbackType),
    /// The requestUUID is known with other content.
    #[error("this requestUUID was used before with other content")]
    RequestConflict,
    /// The event is known with other content.
    #[error("this event was reported before with other content")]
    EventConflict,
    /// The user's balance cannot hold the exact sum.
    #[error("the balance cannot hold the exact sum in 38 digits")]
    BalanceOutOfRange,
}

impl Refusal {
    /// The reply's `errCode`. The platform publishes no list; these are our own, from 2001.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::WrongFunction(_) => 2001,
            Self::RequestConflict => 2002,
            Self::EventConflict => 2003,
            Self::BalanceOutOfRange => 2004,
        }
    }

    /// The name in records, logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::WrongFunction(_) => "wrong-function",
            Self::RequestConflict => "request-conflict",
            Self::EventConflict => "event-conflict",
            Self::BalanceOutOfRange => "balance-out-of-range",
        }
    }

    /// Is it recorded among the events? All but a callback at the wrong URL, which has its own function.
    #[must_use]
    pub fn is_recorded(self) -> bool {
        !matches!(self, Self::WrongFunction(_))
    }
}
