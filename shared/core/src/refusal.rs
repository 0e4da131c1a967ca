//! Callbacks that were understood and refused: each reason has a name, a code and a sentence.

use crate::callback::CallbackType;
use crate::order::state::OrderState;

/// Why an opened, well-formed callback is not accepted.
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
    /// The user's balance has less than is to be taken.
    #[error("the balance is too low")]
    BalanceTooLow,
    /// No such order.
    #[error("there is no order with this callBackId")]
    UnknownOrder,
    /// The order belongs to another user.
    #[error("the order belongs to another user")]
    OtherUser,
    /// The order pays another amount, coin, chain or address.
    #[error("the order has another amount, symbol, chain or address")]
    OtherTerms,
    /// The order is past the point where this could happen.
    #[error("the order is already {0}")]
    OrderEnded(OrderState),
    /// The order's details were given to the platform: it cannot be taken back.
    #[error("the order is already confirmed")]
    OrderConfirmed,
    /// An operator holds the order.
    #[error("the order is on hold")]
    OrderHeld,
    /// The order was registered too long ago to be paid now.
    #[error("the order is too old to be confirmed")]
    OrderTooOld,
    /// The order belongs to another withdrawal of the platform: this would pay it twice.
    #[error("the order belongs to another trackingId")]
    OtherTrackingId,
    /// The platform may be paying the order: it is direct, stalled, or belongs to a withdrawal of the platform.
    #[error("the platform may be paying the order already")]
    OrderUnderWay,
    /// The order is paid without a confirmation, so none is given, and none can be kept back.
    #[error("the order is paid without a confirmation: none is given, and a hold could not be kept")]
    OrderDirect,
    /// The user owes in this asset, and so may set nothing aside.
    #[error("the user owes in this asset")]
    UserOwes,
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
            Self::BalanceTooLow => 2005,
            Self::UnknownOrder => 2006,
            Self::OtherUser => 2007,
            Self::OtherTerms => 2008,
            Self::OrderEnded(_) => 2009,
            Self::OrderConfirmed => 2010,
            Self::OrderHeld => 2011,
            Self::OrderTooOld => 2012,
            Self::OtherTrackingId => 2013,
            Self::OrderUnderWay => 2014,
            Self::OrderDirect => 2015,
            Self::UserOwes => 2016,
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
            Self::BalanceTooLow => "balance-too-low",
            Self::UnknownOrder => "unknown-order",
            Self::OtherUser => "other-user",
            Self::OtherTerms => "other-terms",
            Self::OrderEnded(_) => "order-ended",
            Self::OrderConfirmed => "order-confirmed",
            Self::OrderHeld => "order-held",
            Self::OrderTooOld => "order-too-old",
            Self::OtherTrackingId => "other-tracking-id",
            Self::OrderUnderWay => "order-under-way",
            Self::OrderDirect => "order-direct",
            Self::UserOwes => "user-owes",
        }
    }

    /// The type of the event that the merchant's systems are sent (EventBridge's `detail-type`).
    #[must_use]
    pub fn detail_type(self) -> &'static str {
        match self {
            Self::RequestConflict | Self::EventConflict => "waas.conflict",
            _ => "waas.contradiction",
        }
    }

    /// Is it recorded among the events? All but a callback at the wrong URL, which has its own function.
    #[must_use]
    pub fn is_recorded(self) -> bool {
        !matches!(self, Self::WrongFunction(_))
    }
}
