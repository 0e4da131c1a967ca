//! What the platform wants to read in the sealed reply: field names and order as in its documents.

use serde::Serialize;

use super::{Callback, Notice};

/// What a withdrawal is to pay, in the merchant's own record of the order. The answer to type 2; the platform
/// pays out what stands here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Payout {
    /// The payee.
    pub address: String,
    /// Chain, such as `TRON`.
    pub chain_name: String,
    /// Coin, such as `USDT`.
    pub symbol: String,
    /// Decimal text.
    pub amount: String,
}

/// The plaintext of a reply's `data`, by type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum Reply<'a> {
    /// To type 1, with the three nulls of the documents' sample.
    #[allow(missing_docs, reason = "each field repeats the request's of the same name")]
    Deposit {
        r#type: u8,
        call_back_id: (),
        tracking_id: Option<&'a str>,
        state: (),
        tx_id: &'a str,
        tx_index: i64,
        chain_name: &'a str,
        symbol: &'a str,
        amount: &'a str,
        from_address: &'a str,
        to_address: &'a str,
        tenant_type: (),
        #[serde(rename = "requestUUID")]
        request_uuid: &'a str,
        tenant_user_id: &'a str,
    },
    /// To type 2. Without a payout, as in a refusal, it says nothing of the order.
    #[allow(missing_docs, reason = "each field repeats the request's of the same name")]
    WithdrawalConfirmation {
        tenant_user_id: &'a str,
        call_back_id: &'a str,
        #[serde(flatten)]
        payout: Option<&'a Payout>,
        r#type: u8,
        #[serde(rename = "requestUUID")]
        request_uuid: &'a str,
    },
    /// To type 3.
    #[allow(missing_docs, reason = "each field repeats the request's of the same name")]
    Withdrawal {
        r#type: u8,
        call_back_id: &'a str,
        tracking_id: Option<&'a str>,
        tx_id: &'a str,
        chain_name: &'a str,
        symbol: &'a str,
        amount: &'a str,
        from_address: &'a str,
        to_address: &'a str,
        #[serde(rename = "requestUUID")]
        request_uuid: &'a str,
        tenant_user_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        tx_time_stamp: Option<i64>,
    },
    /// To type 4.
    #[allow(missing_docs, reason = "each field repeats the request's of the same name")]
    AddressChange {
        r#type: u8,
        chain_name: &'a str,
        symbol: &'a str,
        /// The request's `newAddress`.
        to_address: &'a str,
        #[serde(rename = "requestUUID")]
        request_uuid: &'a str,
        tenant_user_id: &'a str,
    },
    /// To types 5, 6 and 7.
    #[allow(missing_docs, reason = "each field repeats the request's of the same name")]
    Order {
        r#type: u8,
        call_back_id: &'a str,
        tracking_id: Option<&'a str>,
        #[serde(rename = "requestUUID")]
        request_uuid: &'a str,
        tenant_user_id: &'a str,
    },
}

impl<'a> Reply<'a> {
    /// The reply to `callback`. `payout` is the order that a type 2 asks for; other types have none.
    #[must_use]
    pub fn to(callback: &'a Callback, payout: Option<&'a Payout>) -> Self {
        let r#type = callback.callback_type().number();
        let (request_uuid, tenant_user_id) = (&*callback.request_uuid, &*callback.tenant_user_id);
        let tracking_id = callback.tracking_id.as_deref();
        let order =
            |call_back_id| Self::Order { r#type, call_back_id, tracking_id, request_uuid, tenant_user_id };
        match &callback.notice {
            Notice::Deposit(deposit) => Self::Deposit {
                r#type,
                call_back_id: (),
                tracking_id,
                state: (),
                tx_id: &deposit.tx_id,
                tx_index: deposit.tx_index,
                chain_name: deposit.asset.chain_name(),
                symbol: deposit.asset.symbol(),
                amount: deposit.amount.text(),
                from_address: &deposit.from_address,
                to_address: &deposit.to_address,
                tenant_type: (),
                request_uuid,
                tenant_user_id,
            },
            Notice::WithdrawalConfirmation(confirmation) => Self::WithdrawalConfirmation {
                tenant_user_id,
                call_back_id: &confirmation.call_back_id,
                payout,
                r#type,
                request_uuid,
            },
            Notice::Withdrawal(withdrawal) => Self::Withdrawal {
                r#type,
                call_back_id: &withdrawal.call_back_id,
                tracking_id,
                tx_id: &withdrawal.tx_id,
                chain_name: withdrawal.asset.chain_name(),
                symbol: withdrawal.asset.symbol(),
                amount: withdrawal.amount.text(),
                from_address: &withdrawal.from_address,
                to_address: &withdrawal.to_address,
                request_uuid,
                tenant_user_id,
                tx_time_stamp: withdrawal.tx_time_stamp,
            },
            Notice::AddressChange(change) => Self::AddressChange {
                r#type,
                chain_name: change.asset.chain_name(),
                symbol: change.asset.symbol(),
                to_address: &change.new_address,
                request_uuid,
                tenant_user_id,
            },
            Notice::WithdrawalFailure(failure) => order(&failure.call_back_id),
            Notice::InsufficientBalance(insufficient) => order(&insufficient.call_back_id),
            Notice::InsufficientGas(insufficient) => order(&insufficient.call_back_id),
        }
    }

    /// The reply as compact JSON, ready to be sealed.
    ///
    /// # Panics
    ///
    /// Never: nothing in a reply can fail to serialise.
    #[must_use]
    #[expect(clippy::expect_used, reason = "strings, integers and nulls always serialise")]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a reply is plain data")
    }
}
