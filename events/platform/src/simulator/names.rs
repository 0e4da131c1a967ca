//! The calls, by their names and their paths.

use serde::{Deserialize, Serialize};

/// A call of the merchant's, by its name in the documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
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
    /// By the path of its URL.
    pub(super) fn of_path(path: &str) -> Option<Self> {
        Some(match path.strip_prefix("/api/v1/api/")? {
            "deposit/getDepositOrder" => Self::GetDepositOrder,
            "order/getWithdrawOrder" => Self::GetWithdrawOrder,
            "order/withdrawRequest" => Self::WithdrawRequest,
            "order/withdrawWithoutVerify" => Self::WithdrawWithoutVerify,
            "user/getUserAddress" => Self::GetUserAddress,
            "user/getUserDailyStatistics" => Self::GetUserDailyStatistics,
            _ => return None,
        })
    }
}
