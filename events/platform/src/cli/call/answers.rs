//! What was answered, for people and as JSON: the same fields, under the documents' names.

use serde_json::{Map, Value, json};
use waas_client::{DailyStatistics, DepositOrder, UserAddress, WithdrawOrder, WithdrawState};

/// The answer to one call.
pub(super) enum Answer {
    Deposit(DepositOrder),
    Withdrawal(WithdrawOrder),
    Requested,
    Ordered,
    Address(UserAddress),
    Days(Vec<DailyStatistics>),
}

impl Answer {
    /// What it comes to.
    pub(super) fn says(&self) -> &'static str {
        match self {
            Self::Deposit(_) => "the platform knows this deposit; whose it is, it does not say",
            Self::Withdrawal(order) => state(order.state),
            Self::Requested => "ordered; the platform asks back by type 2 what to pay",
            Self::Ordered => "ordered; the platform pays it",
            Self::Address(_) => "the user's deposit address of today; earlier ones can still receive",
            Self::Days(days) if days.is_empty() => "the platform has no totals of that day",
            Self::Days(_) => "the totals over all assets together",
        }
    }

    /// As text, what was not sent left out.
    pub(super) fn fields(&self) -> Vec<(String, String)> {
        let json = self.json();
        let items = json.as_array().cloned().unwrap_or_else(|| vec![json]);
        let fields = items.into_iter().filter_map(|item| item.as_object().cloned()).flatten();
        fields
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            .collect()
    }

    /// Amounts are texts: a reader of JSON numbers would round them.
    pub(super) fn json(&self) -> Value {
        match self {
            Self::Deposit(deposit) => json!({
                "depositAmount": deposit.amount.value().to_string(),
                "callbackSuccess": deposit.callback_success,
            }),
            Self::Withdrawal(order) => json!({
                "orderState": order.state.number(),
                "isFinal": order.state.is_final(),
                "symbol": order.symbol,
                "amount": order.amount.as_ref().map(|amount| amount.value().to_string()),
            }),
            Self::Requested | Self::Ordered => Value::Object(Map::new()),
            Self::Address(address) => json!({
                "address": address.address.text(),
                "tag": address.tag,
                "state": address.state,
                "riskScore": address.risk_score,
            }),
            Self::Days(days) => days.iter().map(day).collect(),
        }
    }
}

fn day(day: &DailyStatistics) -> Value {
    let text = |decimal: &Option<waas_callback::Decimal>| decimal.map(|decimal| decimal.to_string());
    json!({
        "jobDay": day.job_day.to_string(),
        "totalDepositCount": day.total_deposit_count,
        "totalDepositAmount": text(&day.total_deposit_amount),
        "totalDepositUserCount": day.total_deposit_user_count,
        "totalWithdrawCount": day.total_withdraw_count,
        "totalWithdrawAmount": text(&day.total_withdraw_amount),
        "totalWithdrawUserCount": day.total_withdraw_user_count,
        "pendingCollectionAmount": text(&day.pending_collection_amount),
        "collectionCount": day.collection_count,
        "pendingCollectionAddressCount": day.pending_collection_address_count,
        "coldWalletBalance": text(&day.cold_wallet_balance),
        "hotWalletBalance": text(&day.hot_wallet_balance),
        "additionalTransferHotWallet": text(&day.additional_transfer_hot_wallet),
        "tenantId": day.tenant_id,
        "riskDepositCount": day.risk_deposit_count,
        "riskDepositAmount": text(&day.risk_deposit_amount),
    })
}

fn state(state: WithdrawState) -> &'static str {
    match state {
        WithdrawState::Initial => "initial: not yet looked at",
        WithdrawState::InReview => "in review, or waiting for the merchant's confirmation",
        WithdrawState::InProgress => "in progress",
        WithdrawState::Complete => "complete: paid",
        WithdrawState::Cancelled => "cancelled: unpaid",
        WithdrawState::ManualHandling => "a person of the platform's looks at it",
        WithdrawState::Failed => "failed: unpaid",
        WithdrawState::Other(_) => "a state that the documents do not list; take it for unfinished",
    }
}
