//! `order/getWithdrawOrder`: how far is that withdrawal?

use serde::Serialize;
use waas_callback::{Amount, CallBackId};

use super::{Call, Question, json, same};
use crate::fields::Fields;
use crate::{CallError, UserId};

/// A withdrawal or energy lease that the platform knows under the `callBackId` that was asked for.
///
/// It names **no** transaction, address or user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithdrawOrder {
    /// `orderState`: how far it is.
    pub state: WithdrawState,
    /// The coin or token; `ENERGY` for a lease. None where the platform leaves it out: its prose lists the state alone.
    pub symbol: Option<String>,
    /// In units of the coin; of a lease, how many. None as above.
    pub amount: Option<Amount>,
}

/// `orderState`, by the documents' numbers.
///
/// The documents name the states and do not say which are final; [`is_final`](Self::is_final) is our reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WithdrawState {
    /// 0
    Initial,
    /// 1: in review. Older pages: awaiting verification, the merchant's confirmation by type 2.
    InReview,
    /// 2
    InProgress,
    /// 3: paid. Final.
    Complete,
    /// 4: cancelled, unpaid. Final.
    Cancelled,
    /// 5: a person of the platform's looks at it. It may go on from here.
    ManualHandling,
    /// 6: failed, unpaid. Final.
    Failed,
    /// A number that the documents do not list, and so not final.
    Other(i64),
}

impl WithdrawState {
    /// The state of that number.
    ///
    /// ```
    /// use waas_client::WithdrawState;
    /// assert_eq!(WithdrawState::of(3), WithdrawState::Complete);
    /// assert_eq!(WithdrawState::of(7), WithdrawState::Other(7));
    /// assert!(!WithdrawState::of(7).is_final());
    /// ```
    #[must_use]
    pub fn of(number: i64) -> Self {
        match number {
            0 => Self::Initial,
            1 => Self::InReview,
            2 => Self::InProgress,
            3 => Self::Complete,
            4 => Self::Cancelled,
            5 => Self::ManualHandling,
            6 => Self::Failed,
            other => Self::Other(other),
        }
    }

    /// The documents' number.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Initial => 0,
            Self::InReview => 1,
            Self::InProgress => 2,
            Self::Complete => 3,
            Self::Cancelled => 4,
            Self::ManualHandling => 5,
            Self::Failed => 6,
            Self::Other(number) => number,
        }
    }

    /// Will it stay as it is? True for 3, 4 and 6.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Self::Complete => true,
            state => state.ended_unpaid(),
        }
    }

    /// Has it ended without paying? True for 4 and 6: what it froze can be freed.
    #[must_use]
    pub fn ended_unpaid(self) -> bool {
        match self {
            Self::Cancelled | Self::Failed => true,
            Self::Initial
            | Self::InReview
            | Self::InProgress
            | Self::Complete
            | Self::ManualHandling
            | Self::Other(_) => false,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    call_back_id: &'a str,
}

impl Question for CallBackId {
    type Answer = WithdrawOrder;

    const CALL: Call = Call::GetWithdrawOrder;
    const NO_DATA: CallError = CallError::UnknownThere;

    fn json(&self, _: UserId) -> String {
        json(&Json { call_back_id: self.as_str() })
    }

    fn read(&self, opened: &str) -> Result<WithdrawOrder, CallError> {
        let fields = Fields::parse(opened)?;
        same("clientOrderId", fields.text("clientOrderId")? == self.as_str())?;
        Ok(WithdrawOrder {
            state: WithdrawState::of(fields.integer("orderState")?),
            symbol: fields.optional_text("symbol")?.map(String::from),
            amount: fields.optional_amount("amount")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_back_and_only_three_four_and_six_are_final() {
        for number in -2..10 {
            let state = WithdrawState::of(number);
            assert_eq!(state.number(), number);
            assert_eq!(state.is_final(), [3, 4, 6].contains(&number), "{number}");
            assert_eq!(state.ended_unpaid(), [4, 6].contains(&number), "{number}");
        }
    }
}
