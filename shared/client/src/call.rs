//! The calls, ONE ROOM PER CALL: what is asked, as which JSON, and what may be answered.

pub(crate) mod deposit_order;
pub(crate) mod user_address;
pub(crate) mod user_daily_statistics;
pub(crate) mod withdraw_order;
pub(crate) mod withdraw_request;
pub(crate) mod withdraw_without_verify;

use serde::Serialize;
use waas_callback::Address;

use crate::{CallError, UserId};

/// A call of the platform's, by its name in the documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Call {
    /// `deposit/getDepositOrder`
    GetDepositOrder,
    /// `order/getWithdrawOrder`
    GetWithdrawOrder,
    /// `order/withdrawRequest`
    WithdrawRequest,
    /// `order/withdrawWithoutVerify`
    WithdrawWithoutVerify,
    /// `user/getUserAddress`
    GetUserAddress,
    /// `user/getUserDailyStatistics`
    GetUserDailyStatistics,
}

impl Call {
    /// Every call.
    pub const ALL: [Self; 6] = [
        Self::GetDepositOrder,
        Self::GetWithdrawOrder,
        Self::WithdrawRequest,
        Self::WithdrawWithoutVerify,
        Self::GetUserAddress,
        Self::GetUserDailyStatistics,
    ];

    /// Does it order a payout? The others ask.
    #[must_use]
    pub fn is_order(self) -> bool {
        match self {
            Self::WithdrawRequest | Self::WithdrawWithoutVerify => true,
            Self::GetDepositOrder
            | Self::GetWithdrawOrder
            | Self::GetUserAddress
            | Self::GetUserDailyStatistics => false,
        }
    }

    /// Its path below `…/api/v1/api/`.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::GetDepositOrder => "deposit/getDepositOrder",
            Self::GetWithdrawOrder => "order/getWithdrawOrder",
            Self::WithdrawRequest => "order/withdrawRequest",
            Self::WithdrawWithoutVerify => "order/withdrawWithoutVerify",
            Self::GetUserAddress => "user/getUserAddress",
            Self::GetUserDailyStatistics => "user/getUserDailyStatistics",
        }
    }
}

/// What every call is made of.
pub(crate) trait Question: Send + Sync {
    type Answer: Send;

    const CALL: Call;
    /// What code 0 without data means.
    const NO_DATA: CallError;

    /// The JSON that is sealed.
    fn json(&self, user_id: UserId) -> String;

    /// Reads what was opened and holds it against what was asked.
    fn read(&self, opened: &str) -> Result<Self::Answer, CallError>;
}

impl<Q: Question> Question for &Q {
    type Answer = Q::Answer;

    const CALL: Call = Q::CALL;
    const NO_DATA: CallError = Q::NO_DATA;

    fn json(&self, user_id: UserId) -> String {
        (**self).json(user_id)
    }

    fn read(&self, opened: &str) -> Result<Q::Answer, CallError> {
        (**self).read(opened)
    }
}

#[expect(
    clippy::expect_used,
    reason = "texts, integers and numbers under names: there is nothing to go wrong"
)]
fn json(fields: &impl Serialize) -> String {
    serde_json::to_string(fields).expect("writes")
}

/// The answer is to be about what was asked.
fn same(field: &'static str, is_same: bool) -> Result<(), CallError> {
    if is_same { Ok(()) } else { Err(CallError::OtherQuestion(field)) }
}

/// An address as the platform takes it: it wants EVM's in lower case and refuses others.
fn wire_address(address: &Address) -> &str {
    let (text, canonical) = (address.text(), address.canonical());
    let is_hex = canonical.starts_with("0x") && text.eq_ignore_ascii_case(canonical);
    if is_hex { canonical } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_evm_addresses_lose_their_case() {
        for (chain, text, wire) in [
            (
                "ETH",
                "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
                "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
            ),
            ("TRON", "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK", "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK"),
            (
                "BTC",
                "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
                "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            ),
        ] {
            assert_eq!(wire_address(&Address::reported(chain, text)), wire);
        }
    }
}
