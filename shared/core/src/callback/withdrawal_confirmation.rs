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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::asset::Asset;
    use crate::callback::testing::{identity, of_type, reply};

    const SAMPLE: &str = r#"{"business":0,"requestUUID":"f56d2814-7a8f-4dcf-9008-990c1be6e13e","tenantUserId":"bbxuzbc","callBackId":"D611657466","type":2,"trackingId":"102004"}"#;

    fn terms() -> Terms {
        Terms {
            address: Address::reported("TRON", "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK"),
            asset: Asset::new("TRON", "USDT").unwrap(),
            amount: Amount::registered("3.3").unwrap(),
        }
    }

    #[test]
    fn the_public_sample_has_its_documented_reply() {
        let documented = json!({
            "tenantUserId": "bbxuzbc", "callBackId": "D611657466", "address": "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK",
            "chainName": "TRON", "symbol": "USDT", "amount": "3.3", "type": 2,
            "requestUUID": "f56d2814-7a8f-4dcf-9008-990c1be6e13e"
        });
        assert_eq!(reply(SAMPLE, Some(&terms())), documented);
        let without_order = json!({
            "tenantUserId": "bbxuzbc", "callBackId": "D611657466", "type": 2,
            "requestUUID": "f56d2814-7a8f-4dcf-9008-990c1be6e13e"
        });
        assert_eq!(reply(SAMPLE, None), without_order);
    }

    #[test]
    fn what_the_older_template_names_has_to_agree() {
        let asked = |own: &str| {
            let json = of_type(2, &format!(r#""callBackId":"w"{own}"#));
            match crate::callback::testing::parse(&json).content {
                crate::callback::Content::WithdrawalConfirmation(asked) => asked.agrees_with(&terms()),
                _ => unreachable!("a confirmation"),
            }
        };
        for own in ["", r#","chainName":"TRON","symbol":"USDT","amount":"3.30""#, r#","toAddress":null"#] {
            assert!(asked(own), "{own}");
        }
        for own in
            [r#","chainName":"ETH""#, r#","symbol":"TRX""#, r#","amount":"3.4""#, r#","toAddress":"T""#]
        {
            assert!(!asked(own), "{own}");
        }
        assert_ne!(
            identity(&of_type(2, r#""callBackId":"a""#)).event_key,
            identity(&of_type(2, r#""callBackId":"b""#)).event_key
        );
    }
}
