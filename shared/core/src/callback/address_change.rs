//! Type 4: the user's deposit address changed.

use serde::Serialize;

use super::{Callback, CallbackType, Room, json};
use crate::address::Address;
use crate::asset::Asset;
use crate::fields::{Fields, SchemaError};
use crate::terms::Terms;

/// Type 4. `toAddress` is not read: it is an optional copy, and damaged in one of the documents' samples.
#[derive(Clone, PartialEq, Eq)]
pub struct AddressChange {
    /// Chain and symbol.
    pub asset: Asset,
    /// The user's deposit address from now on.
    pub new_address: Address,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reply<'a> {
    r#type: u8,
    chain_name: &'a str,
    symbol: &'a str,
    /// The request's `newAddress`.
    to_address: &'a str,
    #[serde(rename = "requestUUID")]
    request_uuid: &'a str,
    tenant_user_id: &'a str,
}

impl AddressChange {
    pub(super) fn parse(fields: &Fields<'_>) -> Result<Self, SchemaError> {
        let asset = fields.asset()?;
        let new_address = Address::reported(asset.chain_name(), &fields.text("newAddress")?);
        Ok(Self { asset, new_address })
    }
}

impl Room for AddressChange {
    fn callback_type(&self) -> CallbackType {
        CallbackType::AddressChange
    }

    /// The user names it too: the type has neither order nor transaction, and its trackingId is null.
    fn event_parts<'a>(&'a self, callback: &'a Callback) -> Vec<Option<&'a str>> {
        vec![
            Some(&callback.tenant_user_id),
            Some(self.asset.chain_name()),
            Some(self.asset.symbol()),
            Some(self.new_address.canonical()),
            callback.tracking_id.as_deref(),
        ]
    }

    fn content_parts(&self) -> Vec<Option<String>> {
        vec![
            Some(self.asset.chain_name().to_owned()),
            Some(self.asset.symbol().to_owned()),
            Some(self.new_address.canonical().to_owned()),
        ]
    }

    fn reply(&self, callback: &Callback, _: Option<&Terms>) -> String {
        json(&Reply {
            r#type: CallbackType::AddressChange.number(),
            chain_name: self.asset.chain_name(),
            symbol: self.asset.symbol(),
            to_address: self.new_address.text(),
            request_uuid: &callback.request_uuid,
            tenant_user_id: &callback.tenant_user_id,
        })
    }
}
