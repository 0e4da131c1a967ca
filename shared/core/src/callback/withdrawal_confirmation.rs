//! Type 2: the platform asks what a withdrawal is to pay, and pays what the reply says.

use serde::Serialize;

use super::{Callback, CallbackType, Room, json};
use crate::address::Address;
use crate::call_back_id::CallBackId;
use crate::fields::{Fields, SchemaError};
use crate::money::Amount;
use crate::terms::Terms;

/// Type 2. An older template of the platform also names what it believes the order to be.
#[derive(Clone, PartialEq, Eq)]
pub struct WithdrawalConfirmation {
    /// The merchant's id of the withdrawal.
    pub call_back_id: CallBackId,
    /// Chain, where sent.
    pub chain_name: Option<String>,
    /// Symbol, where sent.
    pub symbol: Option<String>,
    /// Amount, where sent.
    pub amount: Option<Amount>,
    /// Payee, where sent.
    pub to_address: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reply<'a> {
    tenant_user_id: &'a str,
    call_back_id: &'a str,
    #[serde(flatten)]
    payout: Option<&'a Terms>,
    r#type: u8,
    #[serde(rename = "requestUUID")]
    request_uuid: &'a str,
}

impl WithdrawalConfirmation {
    pub(super) fn parse(fields: &Fields<'_>) -> Result<Self, SchemaError> {
        Ok(Self {
            call_back_id: fields.call_back_id()?,
            chain_name: fields.optional_text("chainName")?,
            symbol: fields.optional_text("symbol")?,
            amount: fields.optional_amount("amount")?,
            to_address: fields.optional_text("toAddress")?,
        })
    }

    /// Do the terms have what this names of them?
    #[must_use]
    pub fn agrees_with(&self, terms: &Terms) -> bool {
        let (chain_name, symbol) = (terms.asset.chain_name(), terms.asset.symbol());
        let to_address = self.to_address.as_deref().map(|text| Address::reported(chain_name, text));
        self.chain_name.as_deref().is_none_or(|named| named == chain_name)
            && self.symbol.as_deref().is_none_or(|named| named == symbol)
            && self.amount.as_ref().is_none_or(|named| named.value() == terms.amount.value())
            && to_address.is_none_or(|named| named == terms.address)
    }
}

impl Room for WithdrawalConfirmation {
    fn callback_type(&self) -> CallbackType {
        CallbackType::WithdrawalConfirmation
    }

    fn call_back_id(&self) -> Option<&CallBackId> {
        Some(&self.call_back_id)
    }

    fn event_parts<'a>(&'a self, callback: &'a Callback) -> Vec<Option<&'a str>> {
        vec![callback.tracking_id.as_deref(), Some(self.call_back_id.as_str())]
    }

    fn content_parts(&self) -> Vec<Option<String>> {
        let chain_name = self.chain_name.as_deref().unwrap_or_default();
        let to_address = self.to_address.as_deref().map(|text| Address::reported(chain_name, text));
        vec![
            self.chain_name.clone(),
            self.symbol.clone(),
            self.amount.as_ref().map(|amount| amount.value().to_string()),
            to_address.map(|address| address.canonical().to_owned()),
        ]
    }

    fn reply(&self, callback: &Callback, payout: Option<&Terms>) -> String {
        json(&Reply {
            tenant_user_id: &callback.tenant_user_id,
            call_back_id: self.call_back_id.as_str(),
            payout,
            r#type: CallbackType::WithdrawalConfirmation.number(),
            request_uuid: &callback.request_uuid,
        })
    }
}
