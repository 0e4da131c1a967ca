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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::callback::testing::{identity, of_type, reply};

    #[test]
    fn the_public_sample_has_its_documented_reply_in_spite_of_the_damaged_copy() {
        let sample = r#"{"requestUUID":"f47d9353-d35b-437b-94ed-a0994794d688","tenantUserId":"2020","chainName":"TRON","symbol":"USDT","business":0,"type":4,"toAddress":"TGVJZLgz88XPYwkQECMRocSgHt极QT7VQZd","newAddress":"TGVJZLgz88XPYwkQECMRocSgHtKQT7VQZd","trackingId":null}"#;
        let documented = json!({
            "type": 4, "chainName": "TRON", "symbol": "USDT", "toAddress": "TGVJZLgz88XPYwkQECMRocSgHtKQT7VQZd",
            "requestUUID": "f47d9353-d35b-437b-94ed-a0994794d688", "tenantUserId": "2020"
        });
        assert_eq!(reply(sample, None), documented);
    }

    #[test]
    fn the_new_address_names_the_change() {
        let change = |to: &str| {
            identity(&of_type(4, &format!(r#""chainName":"TRON","symbol":"USDT","newAddress":"{to}""#)))
        };
        assert_ne!(change("TA").event_key, change("TB").event_key);
        assert_eq!(change("TA"), change("TA"));
    }
}
